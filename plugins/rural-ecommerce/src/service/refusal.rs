//! Why something was refused: one list for pages and API.

use crate::domain::coupon::CouponError;
use crate::domain::division::DivisionError;
use crate::domain::explain::{Explain, FieldError};
use crate::domain::group::GroupError;
use crate::domain::listing::ListingError;
use crate::domain::machine::{Machine, WrongState};
use crate::domain::order::OrderError;
use crate::domain::returns::ReturnError;
use crate::domain::station::StationError;
use crate::store::StageError;
use serde_json::json;
use yunlong_sdk::context::ConfigError;
use yunlong_sdk::money::yuan;
use yunlong_sdk::{DataError, Error, Lang, Problem, StatusCode, Text, t};

/// A refusal.
#[derive(Debug)]
pub enum Refusal {
    /// Fields of the request are wrong.
    Fields(Vec<FieldError>),
    /// There is no such thing, or it is somebody else's.
    NotFound,
    /// It is for those with this role.
    RoleRequired(&'static str),
    /// Fewer units are left than were asked for; nothing was taken.
    SoldOut {
        /// `listing/sku`.
        key: String,
        /// Units that are left.
        left: u32,
    },
    /// The price is not what the buyer saw.
    PriceChanged {
        /// Fen that the buyer saw.
        expected: u64,
        /// Fen that it costs now.
        total: u64,
    },
    /// The goods are not what the reviewer looked at.
    ChangedSinceSeen,
    /// The idempotency key was used for another request.
    KeyReused {
        /// The order that it made.
        order: String,
    },
    /// The buyer holds as many unpaid orders as one may.
    TooManyOpen,
    /// The document is registered already.
    DocumentTaken,
    /// Whoever asks has no registration that may sell, or the store is closed.
    NotSelling,
    /// A rule of the trade.
    Rule(Box<dyn Explain>),
    /// The data service refused.
    Data(DataError),
    /// An error of another of the city's services.
    Other(Error),
}

macro_rules! rules {
    ($($t:ty),*) => { $(impl From<$t> for Refusal {
        fn from(e: $t) -> Self {
            Self::Rule(Box::new(e))
        }
    })* };
}
rules!(CouponError, DivisionError, GroupError, ListingError, OrderError, ReturnError, StationError);

impl<M: Machine> From<WrongState<M>> for Refusal {
    fn from(e: WrongState<M>) -> Self {
        Self::Rule(Box::new(e))
    }
}

impl From<DataError> for Refusal {
    fn from(e: DataError) -> Self {
        Self::Data(e)
    }
}

impl From<StageError> for Refusal {
    fn from(e: StageError) -> Self {
        match e {
            StageError::Data(e) => Self::Data(e),
            e => Self::Other(e.into()),
        }
    }
}

impl From<Error> for Refusal {
    fn from(e: Error) -> Self {
        Self::Other(e)
    }
}

impl From<Problem> for Refusal {
    fn from(e: Problem) -> Self {
        Self::Other(e.into())
    }
}

impl From<ConfigError> for Refusal {
    fn from(e: ConfigError) -> Self {
        Self::Other(e.into())
    }
}

impl From<Vec<FieldError>> for Refusal {
    fn from(e: Vec<FieldError>) -> Self {
        Self::Fields(e)
    }
}

/// Rules that are about who asks.
const FORBIDDEN: [&str; 4] = ["own-goods", "own-commission", "own-station", "partial-arbiter"];

impl Refusal {
    /// A wrong field.
    #[must_use]
    pub fn field(at: &str, text: Text) -> Self {
        Self::Fields(vec![FieldError::new(at, text)])
    }

    /// The word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Fields(_) => "invalid-fields",
            Self::NotFound => "not-found",
            Self::RoleRequired(_) => "role-required",
            Self::SoldOut { .. } => "sold-out",
            Self::PriceChanged { .. } => "price-changed",
            Self::ChangedSinceSeen => "changed-since-seen",
            Self::KeyReused { .. } => "idempotency-key-reused",
            Self::TooManyOpen => "too-many-open-orders",
            Self::DocumentTaken => "document-taken",
            Self::NotSelling => "not-selling",
            Self::Rule(e) => e.kind(),
            Self::Data(_) => "data",
            Self::Other(_) => "other",
        }
    }

    /// The status of HTTP.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Fields(_) | Self::KeyReused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::RoleRequired(_) => StatusCode::FORBIDDEN,
            Self::Rule(e) if FORBIDDEN.contains(&e.kind()) => StatusCode::FORBIDDEN,
            Self::Rule(e) if e.kind() == "not-found" => StatusCode::NOT_FOUND,
            Self::Rule(e) if e.kind() == "unknown-village" => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        }
    }

    /// As a problem document or page, in the language of the reader.
    #[must_use]
    pub fn into_error(self, lang: Lang) -> Error {
        let problem = Problem::new(self.status(), self.title()).kind(self.kind());
        let problem = match self {
            Self::Other(e) => return e,
            Self::Data(e) => return e.into(),
            Self::NotFound => Problem::not_found(),
            Self::Fields(fields) => {
                let errors: Vec<_> =
                    fields.iter().map(|f| json!({"pointer": f.pointer, "detail": f.text.get(lang)})).collect();
                problem.with("errors", errors)
            }
            Self::SoldOut { ref key, left } => {
                let (listing, sku) = key.split_once('/').unwrap_or((key.as_str(), ""));
                problem.detail(self.detail()).with("item", json!({"listing": listing, "sku": sku, "left": left}))
            }
            Self::PriceChanged { expected, total } => {
                problem.detail(self.detail()).with("expected", expected).with("total", total)
            }
            Self::KeyReused { ref order } => problem.detail(self.detail()).with("order", order.as_str()),
            Self::Rule(ref e) => {
                let with = |p: Problem, (name, value): (&str, serde_json::Value)| p.with(name, value);
                e.members().into_iter().fold(problem.detail(e.detail()), with)
            }
            ref other => problem.detail(other.detail()),
        };
        problem.into()
    }

    /// What happened, in a few words.
    #[must_use]
    pub fn title(&self) -> Text {
        match self {
            Self::Fields(_) => t("请更正标出的各项", "Please correct the fields"),
            Self::NotFound => t("没有找到", "Not found"),
            Self::RoleRequired(_) => t("您没有所需的岗位", "You do not have the role for this"),
            Self::SoldOut { .. } => t("库存不足", "Not enough in stock"),
            Self::PriceChanged { .. } => t("价格已变化", "The price has changed"),
            Self::ChangedSinceSeen => t("商品在您查看后已修改", "The goods were changed after you looked at them"),
            Self::KeyReused { .. } => t("幂等键已用于另一个请求", "The idempotency key was used for another request"),
            Self::TooManyOpen => t("未付款的订单太多", "Too many unpaid orders"),
            Self::DocumentTaken => t("该证件已登记", "The document is registered already"),
            Self::NotSelling => t("没有可以经营的店铺", "There is no store that may sell"),
            Self::Rule(e) => e.title(),
            Self::Data(e) | Self::Other(Error::Data(e)) => data_title(e),
            Self::Other(Error::Problem(p)) => p.title().clone(),
            Self::Other(Error::SignIn) => t("请先登录", "Sign in first"),
            Self::Other(_) => t("出了问题，请稍后再试", "Something went wrong. Try again in a moment"),
        }
    }

    /// What happened in this case and what to do.
    #[must_use]
    pub fn detail(&self) -> Text {
        match self {
            Self::RoleRequired(role) => Text::new(
                format!("此操作需要“{}”岗位，由部门管理员分配。", role_name(role).zh),
                format!("This is for the role “{}”, which the department's administrator assigns.", role_name(role).en),
            ),
            Self::SoldOut { left: 0, .. } => {
                t("商品已售完，没有为您保留任何商品。", "It is sold out. Nothing was taken for you.")
            }
            Self::SoldOut { left, .. } => Text::new(
                format!("仅剩 {left} 件，没有为您保留任何商品。请减少数量再下单。"),
                format!("Only {left} left. Nothing was taken for you: order fewer."),
            ),
            Self::PriceChanged { expected, total } => Text::new(
                format!("您看到的是 {} 元，现在是 {} 元。请核对后再下单。", yuan(*expected), yuan(*total)),
                format!(
                    "You saw {} yuan, it is {} yuan now. Look at it and order again.",
                    yuan(*expected),
                    yuan(*total)
                ),
            ),
            Self::ChangedSinceSeen => t(
                "没有上架。请查看商品现在的内容，再作决定。",
                "The listing was not put on sale. Look at the goods as they are now, and decide again.",
            ),
            Self::KeyReused { order } => Text::new(
                format!("这个幂等键已生成订单 {order}，内容与本次请求不同。请换一个键。"),
                format!("This key made order {order} from a different request. Use another key."),
            ),
            Self::TooManyOpen => {
                t("请先支付或取消已有的未付款订单。", "Pay or cancel orders that you have not paid first.")
            }
            Self::DocumentTaken => t(
                "一个证件只能登记一次。如非本人登记，请联系电商主管。",
                "One document is registered once. If that was not you, ask a manager.",
            ),
            Self::NotSelling => t(
                "请先完成农户登记并通过审核，再开店；店铺须处于营业状态。",
                "Register as a farmer and be approved first; the store must be open.",
            ),
            Self::Rule(e) => e.detail(),
            other => other.title(),
        }
    }
}

/// A role, as people read it.
#[must_use]
pub fn role_name(role: &str) -> Text {
    match role {
        "manager" => t("电商主管", "manager"),
        "inspector" => t("检测员", "inspector"),
        "arbiter" => t("仲裁员", "arbiter"),
        _ => t("村级站点负责人", "station keeper"),
    }
}

fn data_title(e: &DataError) -> Text {
    match e {
        DataError::Conflict | DataError::Unavailable(_) => {
            t("系统繁忙，请稍后再试", "Very busy: try again in a moment")
        }
        DataError::OutOfBounds { .. } => t("数量已到上限", "A limit is reached"),
        DataError::AlreadyExists(_) | DataError::UniqueViolation { .. } => {
            t("相同的记录已经存在", "There is such a record already")
        }
        DataError::Invalid(_) | DataError::TooLarge(_) => {
            t("填写的内容有误或过长", "What was sent is wrong or too long")
        }
        _ => t("出了问题，请稍后再试", "Something went wrong. Try again in a moment"),
    }
}
