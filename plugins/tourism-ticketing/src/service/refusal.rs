//! Why something was refused: one list for pages and API.

use crate::domain::admission::{Place, Refused};
use crate::domain::code::CodeError;
use crate::domain::order::{Step, WrongState};
use crate::domain::time::{Date, local};
use crate::domain::visitor::FieldError;
use crate::store::StageError;
use serde_json::json;
use yunlong_sdk::context::ConfigError;
use yunlong_sdk::identity::AttributeError;
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
    /// The statement has more rows than one answer holds.
    TooMuch {
        /// How many it may have.
        rows: usize,
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
other!(AttributeError, ConfigError, Problem);

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
            Self::Data(e) => Text::same(e.to_string()),
            Self::Other(e) => Text::same(e.to_string()),
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
            Self::TooMuch { rows } => Text::new(
                format!("一次最多 {rows} 张票，请缩短日期范围或选择一个景区。"),
                format!("At most {rows} tickets at once: choose fewer days or one attraction."),
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

fn fields_problem(fields: &[FieldError], lang: Lang) -> Problem {
    let errors: Vec<_> = fields.iter().map(|f| json!({"pointer": f.pointer, "detail": f.text.get(lang)})).collect();
    let problem = Problem::invalid(t("请更正标出的各项", "Please correct the fields")).kind("invalid-fields");
    problem.with("errors", errors)
}

fn sold_out(name: &Text, date: Date, hours: Option<&str>, remaining: u32) -> Text {
    let (zh, en) = match hours {
        Some(h) => (format!("{} {h} 时段", date), format!("the slot {h} of {date}")),
        None => (format!("{date} 全天"), format!("the whole day of {date}")),
    };
    let (left_zh, left_en) = if remaining == 0 {
        ("已无余票".to_owned(), "has no places left".to_owned())
    } else {
        (format!("仅剩 {remaining} 张"), format!("has only {remaining} left"))
    };
    Text::new(
        format!("{}{zh}{left_zh}，没有为您保留任何名额。", name.zh),
        format!("{}: {en} {left_en}. Nothing was reserved.", name.en),
    )
}

fn step_name(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::Hold => ("保留名额", "hold"),
        Step::Expire => ("放弃", "give up"),
        Step::Pay => ("支付", "pay"),
        Step::Issue => ("出票", "issue"),
        Step::Admit => ("入园", "admit"),
        Step::Refund => ("退票", "refund"),
        Step::Settle => ("完成退款", "settle the refund"),
    }
}

fn wrong_state(e: WrongState) -> Text {
    let allowed = |pick: fn((&'static str, &'static str)) -> &'static str, join: &str, none: &str| {
        let names: Vec<_> = e.state.allows().iter().map(|s| pick(step_name(*s))).collect();
        if names.is_empty() { none.to_owned() } else { names.join(join) }
    };
    let state = state_name(e.state);
    let (zh, en) = step_name(e.step);
    Text::new(
        format!("订单{}，不能{zh}。现在可以：{}。", state.zh, allowed(|n| n.0, "、", "无")),
        format!(
            "The order is {}, which does not allow to {en}. Allowed now: {}.",
            state.en,
            allowed(|n| n.1, ", ", "nothing")
        ),
    )
}

/// A state as people read it.
#[must_use]
pub fn state_name(state: crate::domain::order::State) -> Text {
    use crate::domain::order::State;
    match state {
        State::Draft => t("未提交", "not submitted"),
        State::Held => t("待支付", "waiting for payment"),
        State::Expired => t("已失效", "expired"),
        State::Paid => t("已支付", "paid"),
        State::Issued => t("已出票", "issued"),
        State::PartUsed => t("部分使用", "partly used"),
        State::Used => t("已使用", "used"),
        State::Refunding => t("退款中", "being refunded"),
        State::PartRefunded => t("部分退款", "partly refunded"),
        State::Refunded => t("已退款", "refunded"),
    }
}

fn gate_problem(e: &Refused, title: Text, detail: Text) -> Problem {
    let problem = Problem::conflict(title).detail(detail);
    match e {
        Refused::AlreadyUsed { at, gate } => {
            problem.kind("already-used").with("used_at", crate::domain::time::rfc3339(*at)).with("gate", gate.as_str())
        }
        Refused::Refunded => problem.kind("ticket-refunded"),
        Refused::TooEarly { from } => problem.kind("too-early").with("opens_at", crate::domain::time::rfc3339(*from)),
        Refused::TooLate { until } => problem.kind("too-late").with("closed_at", crate::domain::time::rfc3339(*until)),
        Refused::OtherAttraction(places) => problem.kind("other-attraction").with("attractions", ids(places)),
        Refused::WhichAttraction(places) => problem.kind("attraction-needed").with("attractions", ids(places)),
        Refused::WrongState(_) => problem.kind("wrong-state"),
    }
}

fn ids(places: &[Place]) -> Vec<&str> {
    places.iter().map(|p| p.attraction.as_str()).collect()
}

fn gate_title(e: &Refused) -> Text {
    match e {
        Refused::AlreadyUsed { .. } => t("这张票已经用过", "The ticket was used already"),
        Refused::Refunded => t("这张票已退", "The ticket was refunded"),
        Refused::TooEarly { .. } => t("还没到入园时间", "Too early"),
        Refused::TooLate { .. } => t("入园时间已过", "Too late"),
        Refused::OtherAttraction(_) => t("不是本景区的票", "A ticket for another attraction"),
        Refused::WhichAttraction(_) => t("请先选择景区", "Choose the attraction first"),
        Refused::WrongState(_) => t("这张票现在无效", "The ticket is not valid now"),
    }
}

fn gate_detail(e: &Refused) -> Text {
    match e {
        Refused::AlreadyUsed { at, gate } => {
            Text::new(format!("{} 在 {gate} 已入园。", local(*at)), format!("Admitted at {} at {gate}.", local(*at)))
        }
        Refused::Refunded => t("票款已退回或正在退回。", "Its money was returned or is on its way back."),
        Refused::TooEarly { from } => {
            Text::new(format!("{} 起可以入园。", local(*from)), format!("The gate opens for it at {}.", local(*from)))
        }
        Refused::TooLate { until } => {
            Text::new(format!("最晚应在 {} 入园。", local(*until)), format!("It was valid until {}.", local(*until)))
        }
        Refused::OtherAttraction(places) | Refused::WhichAttraction(places) => {
            let list = |pick: fn(&Place) -> &str| places.iter().map(pick).collect::<Vec<_>>();
            Text::new(
                format!("这张票可用于：{}。", list(|p| &p.name.zh).join("、")),
                format!("The ticket is for: {}.", list(|p| &p.name.en).join(", ")),
            )
        }
        Refused::WrongState(e) => wrong_state(*e),
    }
}
