//! Who sells: a farmer by resident ID, or a sole trader or cooperative by USCC.

use super::explain::FieldError;
use super::machine::machine;
use serde::{Deserialize, Serialize};
use yunlong_formats::{Mobile, ResidentId, Uscc};
use yunlong_sdk::{Text, t};

machine! {
    of "农户登记" "registration";
    /// Where a registration stands.
    states Status {
        /// A manager has not looked at it.
        Applied "applied" "待审核" "waiting for approval" => [Approve, Refuse];
        /// It may have a store.
        Active "active" "已登记" "active" => [Suspend];
        /// Its store sells nothing for now.
        Suspended "suspended" "已暂停" "suspended" => [Approve];
        /// It was refused; what was wrong can be corrected.
        Refused "refused" "未通过" "refused" => [Apply];
    }
    /// What can happen to it.
    steps Step {
        /// The farmer corrects it.
        Apply "apply" "重新提交" "apply again";
        /// A manager approves it.
        Approve "approve" "通过" "approve";
        /// A manager refuses it.
        Refuse "refuse" "退回" "refuse";
        /// A manager suspends it.
        Suspend "suspend" "暂停" "suspend";
    }
}

/// By which document somebody registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A resident ID (GB 11643).
    Resident,
    /// A unified social credit code (GB 32100).
    Trader,
}

impl Kind {
    /// As documents write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Trader => "trader",
        }
    }
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farmer {
    /// Ten characters.
    pub id: String,
    /// The person's subject.
    pub owner: String,
    /// By which document.
    pub kind: Kind,
    /// The document's number.
    pub document: String,
    /// Its keyed hash: one registration for one document.
    pub document_hash: String,
    /// The name, or the business's.
    pub name: String,
    /// The mobile number.
    pub phone: String,
    /// The village's code.
    pub village: String,
    /// The USCC that is paid.
    pub payee: String,
    /// Where it stands.
    pub status: Status,
    /// Why it was refused or suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds of UTC.
    pub created_at: i64,
}

/// What somebody typed to register.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// A resident ID, or a USCC.
    pub document: String,
    /// The name, or the business's.
    pub name: String,
    /// The mobile number.
    pub phone: String,
    /// The village's code.
    pub village: String,
}

/// A document that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Which it is.
    pub kind: Kind,
    /// Its number in the normal form.
    pub document: String,
    /// The mobile number in the normal form.
    pub phone: String,
    /// The name without blanks around it.
    pub name: String,
}

fn both(e: &impl yunlong_formats::Explain) -> Text {
    Text::new(e.zh(), e.en())
}

/// Reads the number of a document in its normal form.
///
/// # Errors
/// What is wrong with it.
pub fn document(typed: &str) -> Result<(Kind, String), Text> {
    // Both have 18 characters; only a resident ID begins with the code of a province, and it has no letter but X.
    let text = typed.trim();
    let resident = text.chars().take(17).all(|c| c.is_ascii_digit());
    match (resident, ResidentId::parse(text), Uscc::parse(text)) {
        (_, Ok(id), _) => Ok((Kind::Resident, id.as_str().to_owned())),
        (_, _, Ok(code)) => Ok((Kind::Trader, code.as_str().to_owned())),
        (true, Err(e), _) => Err(both(&e)),
        (false, _, Err(e)) => Err(both(&e)),
    }
}

/// Checks what somebody typed; the village is for the table of divisions to know.
///
/// # Errors
/// Every field that is wrong.
pub fn check(r: &Registration) -> Result<Checked, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let document = document(&r.document).map_err(|why| wrong.push(FieldError::new("/document", why))).ok();
    let phone = Mobile::parse(&r.phone).map_err(|e| wrong.push(FieldError::new("/phone", both(&e)))).ok();
    let name = r.name.trim();
    if !is_name(name) {
        wrong.push(FieldError::new(
            "/name",
            t("请填写姓名或字号，最多 50 个字", "Enter the name, at most 50 characters"),
        ));
    }
    match (document, phone) {
        (Some((kind, document)), Some(phone)) if wrong.is_empty() => {
            Ok(Checked { kind, document, phone: phone.as_str().to_owned(), name: name.to_owned() })
        }
        _ => Err(wrong),
    }
}

/// Whether a text can be the name of a person or a business.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=50).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || "<>{}[]\\@#".contains(c))
}

impl Farmer {
    /// The number with its middle hidden, for lists.
    #[must_use]
    pub fn masked(&self) -> String {
        let n = self.document.len();
        let shown = |r: std::ops::Range<usize>| self.document.get(r).unwrap_or("");
        format!("{}{}{}", shown(0..6), "*".repeat(n.saturating_sub(10)), shown(n.saturating_sub(4)..n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(document: &str) -> Result<Kind, String> {
        let r = Registration {
            document: document.into(),
            name: "农户 1 号".into(),
            phone: "19900000001".into(),
            village: String::new(),
        };
        check(&r).map(|c| c.kind).map_err(|w| w[0].pointer.clone())
    }

    #[test]
    fn a_document_is_a_resident_id_or_a_credit_code_with_its_check_digit() {
        for id in ["320302199001019999", "32032119900101998x", "320323199001019990"] {
            assert_eq!(kind(id), Ok(Kind::Resident), "{id}");
        }
        for code in ["92320324MA000TX221", "93320382MA000TX30Q"] {
            assert_eq!(kind(code), Ok(Kind::Trader), "{code}");
        }
        for bad in ["320302199001019990", "320302199002299996", "92320324MA000TX222", "", "32030219900101999"] {
            assert_eq!(kind(bad), Err("/document".into()), "{bad}");
        }
    }
}
