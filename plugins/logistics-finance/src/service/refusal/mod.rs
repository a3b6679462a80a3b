//! Why something was refused: one list for pages and API.

mod names;
mod texts;

pub use names::{disagreement, state_name, step_name, unit_name};

use super::fields::FieldError;
use crate::domain::refused::{Refused, WrongState};
use crate::domain::sensor::SensorError;
use crate::store::StageError;
use serde_json::json;
use yunlong_sdk::context::ConfigError;
use yunlong_sdk::identity::AttributeError;
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::shared::SharedError;
use yunlong_sdk::{DataError, Error, Failure, Lang, Problem, StatusCode, Text, t};

/// A refusal.
#[derive(Debug)]
pub enum Refusal {
    /// A rule of the trade.
    Rule(Refused),
    /// Fields of the request are wrong.
    Fields(Vec<FieldError>),
    /// The idempotency key was used for another request.
    KeyReused {
        /// What it made.
        first: String,
    },
    /// There is no such thing, or it is another organization's.
    NotFound,
    /// The company is not registered, or is not in business.
    NotInBusiness {
        /// Its USCC.
        uscc: String,
        /// How it stands, as the register writes it; nothing when it is not in the register.
        status: Option<String>,
    },
    /// The data service refused.
    Data(DataError),
    /// An error of another of the city's services.
    Other(Error),
}

macro_rules! other {
    ($($t:ty),*) => { $(impl From<$t> for Refusal {
        fn from(e: $t) -> Self {
            Self::Other(e.into())
        }
    })* };
}
other!(AttributeError, ConfigError, Problem, SharedError, MessagingError);

impl From<DataError> for Refusal {
    fn from(e: DataError) -> Self {
        Self::Data(e)
    }
}

impl From<StageError> for Refusal {
    fn from(e: StageError) -> Self {
        match e {
            StageError::Data(e) => Self::Data(e),
            StageError::Messaging(e) => e.into(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(e: Error) -> Self {
        Self::Other(e)
    }
}

impl From<Refused> for Refusal {
    fn from(e: Refused) -> Self {
        match e {
            Refused::NotYours => Self::NotFound,
            e => Self::Rule(e),
        }
    }
}

impl From<WrongState> for Refusal {
    fn from(e: WrongState) -> Self {
        Self::Rule(e.into())
    }
}

impl From<SensorError> for Refusal {
    fn from(e: SensorError) -> Self {
        Self::Rule(e.into())
    }
}

impl From<Vec<FieldError>> for Refusal {
    fn from(e: Vec<FieldError>) -> Self {
        Self::Fields(e)
    }
}

impl From<FieldError> for Refusal {
    fn from(e: FieldError) -> Self {
        Self::Fields(vec![e])
    }
}

/// For events and jobs: what a rule refuses will be refused again.
impl From<Refusal> for Failure {
    fn from(e: Refusal) -> Self {
        match e {
            Refusal::Data(e @ (DataError::UniqueViolation { .. } | DataError::AlreadyExists(_))) => {
                Self::Retry(e.to_string())
            }
            Refusal::Data(e) => e.into(),
            Refusal::Rule(e) => Self::Reject(e.to_string()),
            Refusal::Other(e) => Self::Retry(e.to_string()),
            other => Self::Reject(format!("{other:?}")),
        }
    }
}

impl Refusal {
    /// As a problem document or page, in the language of the reader.
    #[must_use]
    pub fn into_error(self, lang: Lang) -> Error {
        let (title, detail) = (self.title(), self.detail());
        let problem = match self {
            Self::Other(e) => return e,
            Self::Data(e) => return e.into(),
            Self::NotFound => Problem::not_found(),
            Self::Fields(fields) => {
                let errors: Vec<_> =
                    fields.iter().map(|f| json!({"pointer": f.pointer, "detail": f.text.get(lang)})).collect();
                Problem::invalid(title).kind("invalid-fields").with("errors", errors)
            }
            Self::KeyReused { first } => {
                Problem::invalid(title).kind("idempotency-key-reused").detail(detail).with("first", first)
            }
            Self::NotInBusiness { uscc, status } => Problem::conflict(title)
                .kind("not-in-business")
                .detail(detail)
                .with("uscc", uscc)
                .with("registered", json!(status)),
            Self::Rule(e) => rule(&e, title).detail(detail),
        };
        problem.into()
    }

    /// What happened, in a few words.
    #[must_use]
    pub fn title(&self) -> Text {
        match self {
            Self::Rule(e) => texts::title(e),
            Self::Fields(_) => t("请更正标出的各项", "Please correct the fields"),
            Self::KeyReused { .. } => t("幂等键已用于另一个请求", "The idempotency key was used for another request"),
            Self::NotFound => t("没有找到", "Not found"),
            Self::NotInBusiness { .. } => t("企业不在存续状态", "The company is not in business"),
            Self::Data(e) => texts::data_title(e),
            Self::Other(Error::Problem(p)) => p.title().clone(),
            Self::Other(Error::SignIn) => t("请先登录", "Sign in first"),
            Self::Other(Error::Consent(_)) => t("需要您的授权", "Your consent is needed"),
            Self::Other(Error::Data(e)) => texts::data_title(e),
            Self::Other(_) => t("出了问题，请稍后再试", "Something went wrong. Try again in a moment"),
        }
    }

    /// What happened in this case and what to do.
    #[must_use]
    pub fn detail(&self) -> Text {
        match self {
            Self::Rule(e) => texts::detail(e),
            Self::KeyReused { first } => Text::new(
                format!("这个幂等键已生成 {first}，内容与本次请求不同。请换一个键。"),
                format!("This key made {first} from a different request. Use another key."),
            ),
            Self::NotInBusiness { uscc, status } => Text::new(
                format!(
                    "法人库中 {uscc} 的状态：{}。请核对代码，或待企业恢复存续后再办理。",
                    status.as_deref().unwrap_or("没有登记")
                ),
                format!(
                    "The register of legal entities has {uscc} as: {}. Check the code, or come back when it is in business.",
                    status.as_deref().unwrap_or("not registered")
                ),
            ),
            Self::Fields(_) | Self::NotFound | Self::Data(_) | Self::Other(_) => Text::default(),
        }
    }
}

/// The problem of a rule, with the members that programs read.
fn rule(e: &Refused, title: Text) -> Problem {
    let conflict = |kind| Problem::conflict(title.clone()).kind(kind);
    let invalid = |kind| Problem::invalid(title.clone()).kind(kind);
    match e {
        Refused::Role { role } => Problem::forbidden(title.clone()).kind("role-required").with("role", role.code()),
        Refused::NotYours => Problem::not_found(),
        Refused::State(s) => conflict("wrong-state")
            .with("thing", json!(s.thing))
            .with("id", s.id.as_str())
            .with("state", s.state)
            .with("allowed", s.allowed.clone()),
        Refused::LotShort { lot, free, asked, unit } => conflict("lot-short")
            .with("lot", lot.as_str())
            .with("free", *free)
            .with("asked", *asked)
            .with("unit", unit.code()),
        Refused::LotMissing { lot, short, unit } => {
            conflict("lot-missing").with("lot", lot.as_str()).with("short", *short).with("unit", unit.code())
        }
        Refused::OverBooks { lot, counted, most } => {
            conflict("over-books").with("lot", lot.as_str()).with("counted", *counted).with("most", *most)
        }
        Refused::Nothing(what) => invalid("nothing").with("field", *what),
        Refused::Parts { sum, quantity } => invalid("parts").with("sum", *sum).with("quantity", *quantity),
        Refused::NotAlike(a, b) => conflict("not-alike").with("receipts", json!([a, b])),
        Refused::Pledged { receipt, .. } => conflict("already-pledged").with("receipt", receipt.as_str()),
        Refused::ReceiptFrozen { receipt, reason } => {
            conflict("receipt-frozen").with("receipt", receipt.as_str()).with("reason", reason.as_str())
        }
        Refused::Affiliate { warehouse, .. } => conflict("affiliate").with("warehouse", warehouse.as_str()),
        Refused::OverLtv { principal, most, value, ltv_bps } => conflict("over-ltv")
            .with("principal", *principal)
            .with("most", *most)
            .with("value", *value)
            .with("ltv_bps", *ltv_bps),
        Refused::NoQuote { goods } => conflict("no-quote").with("goods", goods.as_str()),
        Refused::SameHands { step, first } => {
            Problem::forbidden(title.clone()).kind("same-hands").with("step", *step).with("first", *first)
        }
        Refused::NoConsent { withdrawn, .. } => conflict("no-consent").with("withdrawn", *withdrawn),
        Refused::Credit(reasons) => conflict("credit").with("reasons", reasons.clone()),
        Refused::NotRegistered { receipt } => conflict("not-registered").with("receipt", receipt.as_str()),
        Refused::NotSigned => conflict("not-signed"),
        Refused::LoanFrozen { reason } => conflict("loan-frozen").with("reason", reason.as_str()),
        Refused::ReferenceReused { reference } => conflict("reference-reused").with("reference", reference.as_str()),
        Refused::OtherPayment { reference, last } => {
            conflict("other-payment").with("reference", reference.as_str()).with("last", last.as_str())
        }
        Refused::OverOwed { owed, paid } => conflict("over-owed").with("owed", *owed).with("paid", *paid),
        Refused::LeavesOverLtv { left, needed } => {
            conflict("leaves-over-ltv").with("left", *left).with("needed", *needed)
        }
        Refused::TooEarly { from, .. } => conflict("too-early").with("from", from.to_string()),
        Refused::Disagree(points) => {
            conflict("flows-disagree").with("points", points.iter().map(|p| p.code()).collect::<Vec<_>>())
        }
        Refused::Sensor(SensorError::NotSigned) => {
            Problem::new(StatusCode::UNAUTHORIZED, title.clone()).kind("not-signed-by-device")
        }
        Refused::Sensor(SensorError::SentAt { off }) => {
            Problem::new(StatusCode::UNAUTHORIZED, title.clone()).kind("sent-at-another-time").with("off", *off)
        }
        Refused::Sensor(SensorError::SequenceReused(n)) => conflict("sequence-reused").with("sequence", *n),
        Refused::Sensor(SensorError::TakenLater | SensorError::OtherLot | SensorError::Quantity(_)) => {
            invalid("reading-invalid")
        }
        Refused::NoParcel(parcel) => invalid("no-such-parcel").with("parcel", parcel.as_str()),
        Refused::NoSale(sale) => conflict("no-such-sale").with("sale", sale.as_str()),
        Refused::NoProof => conflict("no-proof"),
    }
}

#[cfg(test)]
mod tests;
