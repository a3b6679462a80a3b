//! Why something was refused: one list for pages and API.

mod texts;

pub use texts::state_name;

use crate::domain::admission::Refused;
use crate::domain::catalogue::WrongGate;
use crate::domain::code::CodeError;
use crate::domain::order::WrongState;
use crate::domain::site::OnSite;
use crate::domain::time::Date;
use crate::domain::visitor::FieldError;
use crate::store::StageError;
use serde_json::json;
use texts::{
    data_title, fields_problem, gate_detail, gate_problem, gate_title, not_valid, or_none, sold_out, wrong_state,
};
use yunlong_sdk::context::ConfigError;
use yunlong_sdk::identity::AttributeError;
use yunlong_sdk::shared::SharedError;
use yunlong_sdk::{DataError, Error, Lang, Problem, Text, t};

/// A refusal.
#[derive(Debug)]
pub enum Refusal {
    /// Fields of the request are wrong.
    Fields(Vec<FieldError>),
    /// A component is full; nothing was reserved.
    SoldOut {
        /// The attraction's id.
        attraction: String,
        /// The attraction's name.
        name: Text,
        /// The day.
        date: Date,
        /// The slot's hours; absent when the whole day is full.
        hours: Option<String>,
        /// Places that are left, fewer than were asked for.
        remaining: u32,
    },
    /// A visitor's document has a ticket for the slot already.
    DuplicateId {
        /// The visitor's place in the request.
        visitor: usize,
        /// The visitor's name, as this request has it.
        name: String,
        /// The order that has the ticket.
        first_order: String,
    },
    /// The attraction admits nobody on the day.
    Closed {
        /// The attraction's id.
        attraction: String,
        /// The attraction's name.
        name: Text,
        /// The day.
        date: Date,
        /// Why, where the department said so.
        reason: Option<Box<Text>>,
    },
    /// The slot is over, or too far away to be booked.
    NotOnSale {
        /// The attraction's name.
        name: Text,
        /// The day.
        date: Date,
        /// Whether its time is over.
        past: bool,
    },
    /// The product is not sold now, or not for the day of the visit.
    NotValid {
        /// The product's name.
        name: Text,
        /// Whether it is the visit's day rather than the sale's.
        visit: bool,
        /// The first day.
        from: Option<Date>,
        /// The last day.
        until: Option<Date>,
    },
    /// The idempotency key was used for another request.
    KeyReused {
        /// The order that it made.
        order: String,
    },
    /// The buyer holds as many unpaid orders as one may.
    TooManyOpen {
        /// How many.
        max: i64,
    },
    /// Nobody with this document has a ticket here.
    NoTicket,
    /// The number of a gate's batch was used for another one.
    BatchReused,
    /// The statement is of more orders than one request can read.
    TooMuch {
        /// How many it may be of.
        orders: usize,
    },
    /// No ticket of the order can be given back any more.
    TooLateToReturn,
    /// A change of the timetable leaves tickets without their slot, and nobody said that they are
    /// to be refunded.
    TicketsSold {
        /// How many there are, at least.
        tickets: usize,
    },
    /// The order's state does not allow it.
    WrongState(WrongState),
    /// The hold is over, whether or not its message has arrived.
    HoldOver,
    /// The gate stays shut.
    Gate(Refused),
    /// The attraction has no such gate, or the officer does not work there.
    WrongGate(WrongGate),
    /// As many are on site as may be. The officer may admit all the same.
    SiteFull {
        /// The attraction's name.
        name: Text,
        /// Who is on site.
        crowd: OnSite,
    },
    /// The code is refused.
    Code(CodeError),
    /// There is no such thing, or it is somebody else's.
    NotFound,
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
other!(AttributeError, ConfigError, Problem, SharedError);

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

impl From<WrongState> for Refusal {
    fn from(e: WrongState) -> Self {
        Self::WrongState(e)
    }
}

impl From<Refused> for Refusal {
    fn from(e: Refused) -> Self {
        match e {
            Refused::WrongState(e) => Self::WrongState(e),
            e => Self::Gate(e),
        }
    }
}

impl From<CodeError> for Refusal {
    fn from(e: CodeError) -> Self {
        Self::Code(e)
    }
}

impl Refusal {
    /// As a problem document or page, in the language of the reader.
    #[must_use]
    pub fn into_error(self, lang: Lang) -> Error {
        let problem = match self {
            Self::Other(e) => return e,
            Self::Data(e) => return e.into(),
            Self::NotFound => Problem::not_found(),
            Self::Fields(fields) => fields_problem(&fields, lang),
            Self::SoldOut { ref attraction, date, ref hours, remaining, .. } => {
                Problem::conflict(self.title()).kind("sold-out").detail(self.detail()).with(
                    "component",
                    json!({"attraction": attraction, "date": date, "hours": hours, "remaining": remaining}),
                )
            }
            Self::DuplicateId { visitor, ref first_order, .. } => Problem::conflict(self.title())
                .kind("duplicate-id")
                .detail(self.detail())
                .with("first_order", first_order.as_str())
                .with("pointer", format!("/visitors/{visitor}/id_number")),
            Self::Closed { ref attraction, date, .. } => Problem::conflict(self.title())
                .kind("closed")
                .detail(self.detail())
                .with("component", json!({"attraction": attraction, "date": date})),
            Self::NotOnSale { .. } => Problem::conflict(self.title()).kind("not-on-sale").detail(self.detail()),
            Self::NotValid { from, until, .. } => Problem::conflict(self.title())
                .kind("not-valid")
                .detail(self.detail())
                .with("from", json!(from))
                .with("until", json!(until)),
            Self::WrongGate(WrongGate::Unknown(ref gates) | WrongGate::OtherOfficers(ref gates)) => {
                Problem::conflict(self.title()).kind("wrong-gate").detail(self.detail()).with("gates", json!(gates))
            }
            Self::SiteFull { crowd, .. } => Problem::conflict(self.title())
                .kind("site-full")
                .detail(self.detail())
                .with("on_site", crowd.people)
                .with("cap", crowd.cap),
            Self::KeyReused { ref order } => Problem::invalid(self.title())
                .kind("idempotency-key-reused")
                .detail(self.detail())
                .with("order", order.as_str()),
            Self::TooManyOpen { max } => {
                Problem::conflict(self.title()).kind("too-many-open-orders").detail(self.detail()).with("max", max)
            }
            Self::NoTicket => Problem::conflict(self.title()).kind("no-ticket").detail(self.detail()),
            Self::BatchReused => Problem::invalid(self.title()).kind("batch-reused").detail(self.detail()),
            Self::TooMuch { .. } => Problem::invalid(self.title()).kind("too-much").detail(self.detail()),
            Self::TooLateToReturn => Problem::conflict(self.title()).kind("too-late-to-return").detail(self.detail()),
            Self::TicketsSold { tickets } => {
                Problem::conflict(self.title()).kind("tickets-sold").detail(self.detail()).with("tickets", tickets)
            }
            Self::WrongState(e) => Problem::conflict(self.title())
                .kind("wrong-state")
                .detail(self.detail())
                .with("state", e.state.code())
                .with("allowed", e.state.allows().iter().map(|s| s.code()).collect::<Vec<_>>()),
            Self::HoldOver => Problem::conflict(self.title()).kind("hold-over").detail(self.detail()),
            Self::Gate(ref e) => gate_problem(e, self.title(), self.detail()),
            Self::Code(CodeError::Expired) => {
                Problem::conflict(self.title()).kind("code-expired").detail(self.detail())
            }
            Self::Code(_) => Problem::invalid(self.title()).kind("code-invalid").detail(self.detail()),
        };
        problem.into()
    }

    /// What happened, in a few words.
    #[must_use]
    pub fn title(&self) -> Text {
        match self {
            Self::Fields(_) => t("请更正标出的各项", "Please correct the fields"),
            Self::SoldOut { name, .. } => Text::new(format!("{}已满", name.zh), format!("{} is full", name.en)),
            Self::DuplicateId { .. } => t("该证件已有这一时段的票", "This document has a ticket for the slot already"),
            Self::Closed { name, .. } => {
                Text::new(format!("{}当日不开放", name.zh), format!("{} is closed on that day", name.en))
            }
            Self::NotOnSale { .. } => t("不在售票时间内", "Not on sale"),
            Self::NotValid { visit: false, .. } => t("现在不在此票种的售票期内", "The ticket is not sold now"),
            Self::NotValid { visit: true, .. } => {
                t("此票种不能用于所选日期", "The ticket is not valid for the day that you chose")
            }
            Self::WrongGate(WrongGate::Unknown(_)) => t("没有这个检票口", "There is no such gate"),
            Self::WrongGate(WrongGate::OtherOfficers(_)) => t("您不在这个检票口工作", "You do not work at this gate"),
            Self::SiteFull { .. } => t("园内人数已达瞬时承载量", "As many are on site as may be at once"),
            Self::KeyReused { .. } => t("幂等键已用于另一个请求", "The idempotency key was used for another request"),
            Self::TooManyOpen { .. } => t("未付款的订单太多", "Too many unpaid orders"),
            Self::NoTicket => t("没有这个证件的票", "No ticket for this document"),
            Self::BatchReused => t("批次编号已用于另一批", "The number was used for another batch"),
            Self::TooMuch { .. } => t("数据太多", "Too much at once"),
            Self::TooLateToReturn => t("已过退票时间", "It is too late to give the tickets back"),
            Self::TicketsSold { .. } => t("这些时段已售出门票", "Tickets were sold for these slots"),
            Self::WrongState(_) => t("订单状态不允许这样操作", "The order's state does not allow this"),
            Self::HoldOver => t("保留时间已过", "The hold is over"),
            Self::Gate(e) => gate_title(e),
            Self::Code(CodeError::Expired) => t("票码已过期", "The code has expired"),
            Self::Code(_) => t("票码无效", "Not a valid code"),
            Self::NotFound => t("没有找到", "Not found"),
            Self::Data(e) => data_title(e),
            Self::Other(Error::Problem(p)) => p.title().clone(),
            Self::Other(Error::SignIn) => t("请先登录", "Sign in first"),
            Self::Other(Error::Consent(_)) => t("需要您的授权", "Your consent is needed"),
            Self::Other(Error::Data(e)) => data_title(e),
            Self::Other(_) => t("出了问题，请稍后再试", "Something went wrong. Try again in a moment"),
        }
    }

    /// What happened in this case and what to do.
    #[must_use]
    pub fn detail(&self) -> Text {
        match self {
            Self::SoldOut { name, date, hours, remaining, .. } => sold_out(name, *date, hours.as_deref(), *remaining),
            Self::DuplicateId { name, first_order, .. } => Text::new(
                format!("{name} 的证件在订单 {first_order} 中已有同一景区、同一时段的票。每个证件每个时段限一张。"),
                format!(
                    "The document of {name} has a ticket for this attraction and slot in order {first_order}. One document takes one ticket a slot."
                ),
            ),
            Self::Closed { name, date, reason, .. } => {
                let (zh, en) = reason
                    .as_ref()
                    .map_or((String::new(), String::new()), |r| (format!("（{}）", r.zh), format!(" ({})", r.en)));
                Text::new(
                    format!("{}在 {date} 不开放{zh}，请选择其他日期。", name.zh),
                    format!("{} admits nobody on {date}{en}. Choose another day.", name.en),
                )
            }
            Self::NotOnSale { name, date, past: true } => Text::new(
                format!("{}在 {date} 的这一时段已停止售票。", name.zh),
                format!("Sales for this slot of {} on {date} have ended.", name.en),
            ),
            Self::NotOnSale { name, date, past: false } => Text::new(
                format!("{}在 {date} 的票还未开售。", name.zh),
                format!("Tickets of {} for {date} are not on sale yet.", name.en),
            ),
            Self::NotValid { name, visit, from, until } => not_valid(name, *visit, *from, *until),
            Self::WrongGate(WrongGate::Unknown(gates)) => Text::new(
                format!("本景区的检票口：{}。", gates.join("、")),
                format!("The attraction's gates: {}.", gates.join(", ")),
            ),
            Self::WrongGate(WrongGate::OtherOfficers(gates)) => Text::new(
                format!("您可以使用的检票口：{}。如需调整，请联系景区管理员。", or_none(gates, "、", "无")),
                format!("Your gates: {}. A manager can change that.", or_none(gates, ", ", "none")),
            ),
            Self::SiteFull { name, crowd } => Text::new(
                format!(
                    "{}估计在园 {} 人，上限 {} 人。请等待游客离园，或由检票员决定放行；放行会被记录。",
                    name.zh, crowd.people, crowd.cap
                ),
                format!(
                    "{}: about {} people are on site, at most {} may be. Wait until some have left, or admit all the same; that is recorded.",
                    name.en, crowd.people, crowd.cap
                ),
            ),
            Self::KeyReused { order } => Text::new(
                format!("这个幂等键已生成订单 {order}，内容与本次请求不同。请换一个键。"),
                format!("This key made order {order} from a different request. Use another key."),
            ),
            Self::TooManyOpen { max } => Text::new(
                format!("您已有 {max} 个未付款的订单。请先支付或放弃其中一个。"),
                format!("You hold {max} unpaid orders. Pay or give up one of them first."),
            ),
            Self::NoTicket => t(
                "这个证件在本景区没有有效的票。请核对证件号码，或扫描票码。",
                "Nobody with this document holds a ticket here. Check the number, or scan the code.",
            ),
            Self::BatchReused => t(
                "同一编号的批次内容不同。请为新的一批另编一个编号。",
                "A batch of this number has other scans. Give a new batch a number of its own.",
            ),
            Self::TooMuch { orders } => Text::new(
                format!("一次最多汇总 {orders} 个订单，请缩短日期范围或选择一个景区。"),
                format!("At most {orders} orders at once: choose fewer days or one attraction."),
            ),
            Self::TooLateToReturn => t(
                "按此票种的退票规则，现在不能再退票。如遇特殊情况，请联系景区。",
                "By the rules of this ticket nothing returns any more. Contact the attraction in special cases.",
            ),
            Self::TicketsSold { tickets } => Text::new(
                format!("此项更改会使已售出的 {tickets} 张票失效。请确认为这些票全额退款。"),
                format!("The change makes {tickets} tickets void. Confirm that they are refunded in full."),
            ),
            Self::WrongState(e) => wrong_state(*e),
            Self::HoldOver => t("名额已释放，请重新下单。", "The places were given back. Please order again."),
            Self::Gate(e) => gate_detail(e),
            Self::Code(CodeError::Expired) => t(
                "这是截图或打印件。请游客打开票页，出示正在更新的票码。",
                "This is a screenshot or a printout. Ask for the live code on the ticket's page.",
            ),
            Self::Code(CodeError::Malformed) => t(
                "票码共 25 位，由数字和字母组成。请重新扫码或输入。",
                "A code has 25 digits and letters. Scan or type it again.",
            ),
            Self::Code(CodeError::Forged) => t("这个票码不是本系统签发的。", "This code was not signed here."),
            Self::Fields(_) | Self::NotFound | Self::Data(_) | Self::Other(_) => Text::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_sdk::payments::PaymentError;

    /// Whether a text has a Chinese side, and an English one without Chinese.
    fn both(text: &Text) -> bool {
        let chinese = |s: &str| s.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        chinese(&text.zh) && !chinese(&text.en) && !text.en.is_empty()
    }

    #[test]
    fn what_other_services_refuse_is_told_in_both_languages() {
        let data = || {
            let bound = |counter: &str| DataError::OutOfBounds {
                counter: counter.into(),
                key: "k".into(),
                value: 1,
                delta: 1,
                min: 0,
                max: 1,
            };
            vec![
                DataError::Conflict,
                DataError::AlreadyExists("x".into()),
                bound("c"),
                DataError::Undeclared("x".into()),
                DataError::Invalid("x".into()),
                DataError::TooLarge("x".into()),
                DataError::Closed,
                DataError::Unavailable("x".into()),
                DataError::Other("x".into()),
            ]
        };
        let other = [
            AttributeError::NotSignedIn.into(),
            AttributeError::ConsentRequired("visitor-id".into()).into(),
            AttributeError::Absent.into(),
            PaymentError::WrongStatus("x".into()).into(),
            ConfigError { key: "x".into(), problem: "x".into() }.into(),
            Error::Data(DataError::Conflict),
        ];
        let all = data().into_iter().map(Refusal::Data).chain(other.into_iter().map(Refusal::Other));
        for refusal in all {
            assert!(both(&refusal.title()), "{refusal:?}: {:?}", refusal.title());
        }
    }
}
