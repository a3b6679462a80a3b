//! What refusals say, where one sentence is not enough.

use crate::domain::admission::{Place, Refused};
use crate::domain::order::{Step, WrongState};
use crate::domain::time::{Date, local};
use crate::domain::visitor::FieldError;
use serde_json::json;
use yunlong_sdk::{DataError, Lang, Problem, Text, t};

/// What an error of the data service means to who reads the page; what it says of itself is for
/// developers, and in the log.
pub(super) fn data_title(e: &DataError) -> Text {
    match e {
        DataError::Conflict | DataError::Unavailable(_) => {
            t("系统繁忙，请稍后再试", "Very busy: try again in a moment")
        }
        DataError::OutOfBounds { .. } => t("名额或数量已到上限", "A limit is reached"),
        DataError::AlreadyExists(_) | DataError::UniqueViolation { .. } => {
            t("相同的记录已经存在", "There is such a record already")
        }
        DataError::Invalid(_) | DataError::TooLarge(_) => {
            t("填写的内容有误或过长", "What was sent is wrong or too long")
        }
        _ => t("出了问题，请稍后再试", "Something went wrong. Try again in a moment"),
    }
}

pub(super) fn or_none(list: &[String], between: &str, none: &str) -> String {
    if list.is_empty() { none.to_owned() } else { list.join(between) }
}

pub(super) fn not_valid(name: &Text, visit: bool, from: Option<Date>, until: Option<Date>) -> Text {
    let (zh, en) = match (from, until) {
        (Some(f), Some(u)) => (format!("{f} 至 {u}"), format!("from {f} to {u}")),
        (Some(f), None) => (format!("{f} 起"), format!("from {f} on")),
        (None, Some(u)) => (format!("{u} 止"), format!("until {u}")),
        (None, None) => (String::new(), String::new()),
    };
    if visit {
        Text::new(format!("《{}》的游览日期：{zh}。", name.zh), format!("{}: visits {en}.", name.en))
    } else {
        Text::new(format!("《{}》的售票日期：{zh}。", name.zh), format!("{}: sold {en}.", name.en))
    }
}

pub(super) fn fields_problem(fields: &[FieldError], lang: Lang) -> Problem {
    let errors: Vec<_> = fields.iter().map(|f| json!({"pointer": f.pointer, "detail": f.text.get(lang)})).collect();
    let problem = Problem::invalid(t("请更正标出的各项", "Please correct the fields")).kind("invalid-fields");
    problem.with("errors", errors)
}

pub(super) fn sold_out(name: &Text, date: Date, hours: Option<&str>, remaining: u32) -> Text {
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

pub(super) fn wrong_state(e: WrongState) -> Text {
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

pub(super) fn gate_problem(e: &Refused, title: Text, detail: Text) -> Problem {
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

pub(super) fn gate_title(e: &Refused) -> Text {
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

pub(super) fn gate_detail(e: &Refused) -> Text {
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
