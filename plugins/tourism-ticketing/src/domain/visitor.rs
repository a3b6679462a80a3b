//! Visitors: what is typed about them, how it is checked, and what is kept.
//!
//! Of an ID only a masked form and a keyed hash are kept: enough for the gate to compare and
//! for the one-ID rule, useless to whom the data leaks.

use super::catalogue::Proof;
use super::keys::Keys;
use super::time::Date;
use serde::{Deserialize, Serialize};
use yunlong_formats::{Explain, Mobile, ResidentId, ResidentIdError};
use yunlong_sdk::{Text, t};

/// What kind of document a visitor shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdType {
    /// The resident ID card (GB 11643).
    ResidentId,
    /// A passport of any country.
    Passport,
}

impl IdType {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::ResidentId, Self::Passport];

    /// As forms and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ResidentId => "resident-id",
            Self::Passport => "passport",
        }
    }

    fn parse(s: &str) -> Option<Self> {
        match s {
            "resident-id" => Some(Self::ResidentId),
            "passport" => Some(Self::Passport),
            _ => None,
        }
    }
}

/// A visitor as it was typed; nothing is trusted yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VisitorInput {
    /// The name as on the document.
    pub name: String,
    /// `resident-id` (when empty) or `passport`.
    pub id_type: String,
    /// The document's number.
    pub id_number: String,
    /// `YYYY-MM-DD`, for a document whose number does not carry it. Left out of what is digested
    /// when it is empty, so that a request from before there was the field is the same request.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub birth_date: String,
    /// Optional: children and elders may have none.
    pub phone: String,
    /// `senior` asks for the reduced price of the buyer's own ticket by age, `child` for that of a
    /// child.
    pub concession: Option<String>,
}

/// A field that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON Pointer (RFC 6901) into the request, such as `/visitors/0/name`.
    pub pointer: String,
    /// What is wrong and what to do.
    pub text: Text,
}

impl FieldError {
    /// A refused field.
    #[must_use]
    pub fn new(pointer: impl Into<String>, text: Text) -> Self {
        Self { pointer: pointer.into(), text }
    }
}

/// A visitor who passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedVisitor {
    /// The name.
    pub name: String,
    /// The document's kind.
    pub id_type: IdType,
    /// The document's number in its one normal form.
    pub id_number: String,
    /// The phone's number, or nothing.
    pub phone: String,
    /// The date of birth: what the document's number carries, else what was typed.
    pub birth: Date,
    /// How the age for the reduced price is to be proven, where one was asked for.
    pub concession: Option<Proof>,
}

/// A visitor of an order, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// The name.
    pub name: String,
    /// The document's kind.
    pub id_type: IdType,
    /// The document's number with its middle hidden.
    pub id_masked: String,
    /// The keyed hash of kind and number.
    pub id_hash: String,
    /// Some bits of the number, by which a gate without a network finds the ticket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document_check: String,
    /// The phone's number, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Fen.
    pub price: u64,
    /// The price's parts for the order's attractions, in their order.
    pub shares: Vec<u64>,
    /// The concession that applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concession: Option<String>,
}

/// Checks everything that was typed about all visitors of an order.
///
/// # Errors
/// Every field that is wrong, in the order of the form.
pub fn check_all(inputs: &[VisitorInput], max: usize, today: Date) -> Result<Vec<CheckedVisitor>, Vec<FieldError>> {
    if inputs.is_empty() {
        return Err(vec![FieldError::new("/visitors", t("请至少填写一位游客", "Enter at least one visitor"))]);
    }
    if inputs.len() > max {
        return Err(vec![FieldError {
            pointer: "/visitors".to_owned(),
            text: Text::new(format!("一个订单最多 {max} 位游客"), format!("An order takes at most {max} visitors")),
        }]);
    }
    let mut checked: Vec<CheckedVisitor> = Vec::with_capacity(inputs.len());
    let mut errors = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        match check(input, &format!("/visitors/{i}"), today) {
            Ok(v) if checked.iter().any(|c| c.id_type == v.id_type && c.id_number == v.id_number) => {
                errors.push(FieldError::new(
                    format!("/visitors/{i}/id_number"),
                    t("这个证件在本订单中已填写过", "This document is in the order already"),
                ))
            }
            Ok(v) => checked.push(v),
            Err(e) => errors.extend(e),
        }
    }
    if errors.is_empty() { Ok(checked) } else { Err(errors) }
}

fn check(input: &VisitorInput, at: &str, today: Date) -> Result<CheckedVisitor, Vec<FieldError>> {
    let mut errors = Vec::new();
    let name = input.name.trim();
    let letters = name.chars().count();
    if !(1..=50).contains(&letters)
        || name.chars().any(|c| c.is_control() || c.is_ascii_digit() || "<>{}[]\\/@#".contains(c))
    {
        errors.push(FieldError::new(
            format!("{at}/name"),
            t("请填写证件上的姓名，最多 50 个字", "Enter the name as on the document, at most 50 characters"),
        ));
    }
    let id_type = if input.id_type.is_empty() { Some(IdType::ResidentId) } else { IdType::parse(&input.id_type) };
    let mut id = None;
    match id_type {
        None => errors.push(FieldError::new(
            format!("{at}/id_type"),
            t("请选择居民身份证或护照", "Choose a resident ID (`resident-id`) or a passport (`passport`)"),
        )),
        Some(t) => match document(t, &input.id_number, today) {
            Ok((number, carried)) => match birth(carried, &input.birth_date, today) {
                Ok(birth) => id = Some((t, number, birth)),
                Err(text) => errors.push(FieldError { pointer: format!("{at}/birth_date"), text }),
            },
            Err(text) => errors.push(FieldError { pointer: format!("{at}/id_number"), text }),
        },
    }
    let phone = phone(&input.phone).unwrap_or_else(|text| {
        errors.push(FieldError { pointer: format!("{at}/phone"), text });
        String::new()
    });
    let concession = match input.concession.as_deref() {
        None | Some("" | "none") => None,
        Some("senior") => Some(Proof::Account),
        Some("child") => Some(Proof::Document),
        Some(_) => {
            errors.push(FieldError::new(
                format!("{at}/concession"),
                t(
                    "没有这种优惠：只有 senior（老年）和 child（儿童）",
                    "There is no such concession: only `senior` and `child`",
                ),
            ));
            None
        }
    };
    match id {
        Some((id_type, id_number, birth)) if errors.is_empty() => {
            Ok(CheckedVisitor { name: name.to_owned(), id_type, id_number, phone, birth, concession })
        }
        _ => Err(errors),
    }
}

fn document(id_type: IdType, number: &str, today: Date) -> Result<(String, Option<Date>), Text> {
    match id_type {
        IdType::ResidentId => {
            let id = ResidentId::parse(number).map_err(|e| explain(&e))?;
            let born = id.birth_date();
            let birth = Date::new(i32::from(born.year()), born.month(), born.day());
            if birth.is_none_or(|b| b > today) {
                return Err(explain(&ResidentIdError::BirthDate));
            }
            Ok((id.as_str().to_owned(), birth))
        }
        IdType::Passport => {
            let number: String =
                number.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_ascii_uppercase();
            if (5..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric()) {
                Ok((number, None))
            } else {
                Err(Text::new("护照号码应为 5 至 20 位字母和数字", "A passport number has 5 to 20 letters and digits"))
            }
        }
    }
}

/// The oldest visitor of whom a date of birth is believed.
const OLDEST: i32 = 130;

/// The date of birth: what the document's number carries, else what was typed. Without one nobody
/// could tell whether a guardian must consent.
fn birth(carried: Option<Date>, typed: &str, today: Date) -> Result<Date, Text> {
    let typed = typed.trim();
    let believed = |d: &Date| *d <= today && today.age_of(*d) <= OLDEST;
    match (carried, typed.parse::<Date>().ok().filter(believed)) {
        (Some(birth), _) if typed.is_empty() => Ok(birth),
        (Some(birth), Some(said)) if birth == said => Ok(birth),
        (Some(_), _) => {
            Err(t("与居民身份证号码中的出生日期不符，可以不填", "It differs from the resident ID's: leave it empty"))
        }
        (None, Some(said)) => Ok(said),
        (None, None) => Err(t(
            "请填写护照上的出生日期，格式为 YYYY-MM-DD；未满 14 周岁的游客须由监护人同意",
            "Enter the date of birth as in the passport, as YYYY-MM-DD: under 14 a guardian must agree",
        )),
    }
}

/// The keyed hash of a document as a gate's officer typed it.
///
/// # Errors
/// What is wrong with the kind or the number.
pub fn document_hash(keys: &Keys, id_type: &str, number: &str, today: Date) -> Result<String, FieldError> {
    let kind = if id_type.is_empty() { Some(IdType::ResidentId) } else { IdType::parse(id_type) };
    let Some(kind) = kind else {
        let text = t("请选择居民身份证或护照", "Choose a resident ID (`resident-id`) or a passport (`passport`)");
        return Err(FieldError::new("/document/id_type", text));
    };
    let (number, _) = document(kind, number, today).map_err(|text| FieldError::new("/document/id_number", text))?;
    Ok(keys.id_hash(kind.code(), &number))
}

fn explain(e: &impl Explain) -> Text {
    Text::new(e.zh(), e.en())
}

/// A mainland mobile number, or another country's with `+` and its code.
fn phone(typed: &str) -> Result<String, Text> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if typed.is_empty() {
        return Ok(typed);
    }
    match typed.strip_prefix('+') {
        Some(abroad) if !abroad.starts_with("86") => {
            if (6..=15).contains(&abroad.len()) && abroad.bytes().all(|b| b.is_ascii_digit()) {
                Ok(typed)
            } else {
                Err(Text::new(
                    "国际号码以 + 和国家代码开头，共 6 至 15 位数字",
                    "A number abroad starts with + and the country's code and has 6 to 15 digits",
                ))
            }
        }
        _ => Mobile::parse(&typed).map(|m| m.as_str().to_owned()).map_err(|e| explain(&e)),
    }
}

/// Below this age the law asks for a guardian's consent before personal data are handled (PIPL,
/// article 31).
pub const GUARDED_BELOW: i32 = 14;

impl CheckedVisitor {
    /// Whether it is a child whose guardian must consent.
    #[must_use]
    pub fn guarded(&self, day: Date) -> bool {
        day.age_of(self.birth) < GUARDED_BELOW
    }

    /// The date of birth that the document's number carries. One that was typed is enough to ask a
    /// guardian, and no proof of an age that makes a ticket cheaper.
    #[must_use]
    pub fn proven_birth(&self) -> Option<Date> {
        (self.id_type == IdType::ResidentId).then_some(self.birth)
    }

    /// The document's number with its middle hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        let n = self.id_number.len();
        let (head, tail) = match self.id_type {
            IdType::ResidentId => (6, 4),
            IdType::Passport => (1, 3),
        };
        if n <= head + tail {
            return "*".repeat(n);
        }
        format!("{}{}{}", &self.id_number[..head], "*".repeat(n - head - tail), &self.id_number[n - tail..])
    }

    /// The keyed hash of the document, by which the one-ID rule knows it.
    #[must_use]
    pub fn hash(&self, keys: &Keys) -> String {
        keys.id_hash(self.id_type.code(), &self.id_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn today() -> Date {
        "2026-11-23".parse().unwrap()
    }

    fn input(name: &str, id_type: &str, id: &str, phone: &str) -> VisitorInput {
        VisitorInput {
            name: name.into(),
            id_type: id_type.into(),
            id_number: id.into(),
            birth_date: if id_type == "passport" { "1990-01-01".into() } else { String::new() },
            phone: phone.into(),
            concession: None,
        }
    }

    fn pointers(inputs: &[VisitorInput]) -> Vec<String> {
        check_all(inputs, 5, today()).unwrap_err().into_iter().map(|e| e.pointer).collect()
    }

    #[test]
    fn valid_documents_pass_in_their_normal_form() {
        for (t, id, want) in [
            ("resident-id", " 32032119900101998x ", "32032119900101998X"),
            ("", "320323199001019990", "320323199001019990"),
            ("passport", "e 1234-5678", "E12345678"),
        ] {
            assert_eq!(check_all(&[input("云龙", t, id, "")], 5, today()).unwrap()[0].id_number, want);
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        assert_eq!(
            pointers(&[input(" ", "resident-id", "320302199001019990", "123"), input("云龙", "visa", "x", "")]),
            ["/visitors/0/name", "/visitors/0/id_number", "/visitors/0/phone", "/visitors/1/id_type"]
        );
        assert_eq!(pointers(&[]), ["/visitors"]);
        assert_eq!(pointers(&vec![input("云龙", "passport", "E12345678", ""); 6]), ["/visitors"]);
    }

    #[test]
    fn one_document_stands_once_in_an_order() {
        let a = input("云龙", "resident-id", "32032119900101998X", "");
        let b = VisitorInput { id_number: "32032119900101998x".into(), ..a.clone() };
        assert_eq!(pointers(&[a, b]), ["/visitors/1/id_number"]);
    }

    #[test]
    fn phones_of_the_mainland_of_abroad_and_none() {
        for (typed, want) in [
            ("19900000001", "19900000001"),
            ("+86 199 0000 0001", "19900000001"),
            ("+44 20 7946 0018", "+442079460018"),
            ("", ""),
        ] {
            assert_eq!(phone(typed).unwrap(), want);
        }
        for bad in ["12345", "+1", "+44abc", "29900000001"] {
            assert!(phone(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_kept_hides_the_number() {
        let v = check_all(&[input("云龙", "resident-id", "32032119900101998X", "")], 5, today()).unwrap().remove(0);
        assert_eq!(v.masked(), "320321********998X");
        let p = check_all(&[input("Ada", "passport", "E12345678", "")], 5, today()).unwrap().remove(0);
        assert_eq!(p.masked(), "E*****678");
    }

    #[test]
    fn a_document_without_a_date_of_birth_needs_one_and_a_childs_is_a_childs() {
        let born = |id_type: &str, id: &str, birth: &str| VisitorInput {
            birth_date: birth.into(),
            ..input("Ada", id_type, id, "")
        };
        for bad in ["", "soon", "2026-11-24", "1890-01-01", "2016-02-30"] {
            assert_eq!(pointers(&[born("passport", "E12345678", bad)]), ["/visitors/0/birth_date"], "{bad}");
        }
        let guarded = |birth: &str| {
            let v = check_all(&[born("passport", "E12345678", birth)], 5, today()).unwrap().remove(0);
            (v.guarded(today()), v.proven_birth())
        };
        assert_eq!((guarded("2012-11-24"), guarded("2012-11-23")), ((true, None), (false, None)));
        let id = "32032119900101998X";
        assert_eq!(pointers(&[born("resident-id", id, "1990-01-02")]), ["/visitors/0/birth_date"]);
        let same = check_all(&[born("resident-id", id, "1990-01-01")], 5, today()).unwrap().remove(0);
        assert_eq!(same.proven_birth(), "1990-01-01".parse().ok());
    }

    #[test]
    fn a_request_from_before_the_field_is_the_same_request() {
        let text = serde_json::to_string(&input("云龙", "resident-id", "x", "")).unwrap();
        assert!(!text.contains("birth_date"), "{text}");
    }

    proptest! {
        #[test]
        fn any_input_is_refused_or_read_without_a_panic(name in "\\PC{0,60}", t in "resident-id|passport|\\PC{0,5}", id in "\\PC{0,24}", tel in "\\PC{0,20}") {
            if let Ok(v) = check_all(&[input(&name, &t, &id, &tel)], 5, today()) {
                let _ = v[0].masked();
            }
        }
    }
}
