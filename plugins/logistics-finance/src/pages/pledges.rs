//! The register of pledges, as a bank sees it.

use super::lists::{Beside, Col, Key, List, STATE, UNIT, filed_number, filed_state, filed_time, shown_state};
use super::{Shown, quantity, receipts::link, when};
use crate::domain::pledge::{Pledge, State};
use crate::domain::time::local;
use crate::service::refusal::unit_name;
use crate::service::{Refusal, loans, who};
use crate::views::{Gathered, gather};
use maud::html;
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Request, t};

/// The register.
pub(super) static LIST: List<Pledge> = List {
    path: "/pledges",
    title: t("质押登记", "The register of pledges"),
    sort: "-requested",
    states: || State::ALL.map(State::code).to_vec(),
    state: |p| p.state.code(),
    words: |p| vec![&p.receipt, &p.loan, &p.lot, &p.goods],
    empty: t(
        "还没有质押。企业以仓单申请贷款后出现在这里。",
        "There are no pledges yet. They come with companies' applications.",
    ),
    beside: &[Beside { behind: "quantity", title: UNIT, of: |p, lang| Cell::from(unit_name(p.unit).get(lang)) }],
    columns: &[
        Col {
            key: "receipt",
            title: t("仓单", "Receipt"),
            numeric: false,
            show: |p, _| link(&p.receipt),
            file: |p, _| Cell::from(p.receipt.as_str()),
            order: |p| Key::from(p.receipt.as_str()),
        },
        Col {
            key: "loan",
            title: t("贷款", "Loan"),
            numeric: false,
            show: |p, _| html! { a href={ "/loans/" (p.loan) } { (p.loan) } },
            file: |p, _| Cell::from(p.loan.as_str()),
            order: |p| Key::from(p.loan.as_str()),
        },
        Col {
            key: "goods",
            title: t("货物", "Goods"),
            numeric: false,
            show: |p, _| html! { a href={ "/quotes/" (p.goods) } { (p.goods) } },
            file: |p, _| Cell::from(p.goods.as_str()),
            order: |p| Key::from(p.goods.as_str()),
        },
        Col {
            key: "quantity",
            title: t("数量", "Quantity"),
            numeric: true,
            show: |p, lang| html! { (quantity(lang, p.quantity, p.unit)) },
            file: |p, _| filed_number(p.quantity),
            order: |p| Key::from(p.quantity),
        },
        Col {
            key: "state",
            title: STATE,
            numeric: false,
            show: |p, lang| shown_state(lang, p.state.code()),
            file: |p, lang| filed_state(lang, p.state.code()),
            order: |p| Key::from(p.state.code()),
        },
        Col {
            key: "requested",
            title: t("申请时间", "Asked for"),
            numeric: true,
            show: |p, _| html! { (local(p.requested_at)) },
            file: |p, _| filed_time(Some(p.requested_at)),
            order: |p| Key::from(p.requested_at),
        },
        Col {
            key: "registered",
            title: t("登记时间", "Registered"),
            numeric: true,
            show: |p, _| html! { (when(p.registered_at)) },
            file: |p, _| filed_time(p.registered_at),
            order: |p| Key::from(p.registered_at.unwrap_or(0)),
        },
        Col {
            key: "ended",
            title: t("终止时间", "Ended"),
            numeric: true,
            show: |p, _| html! { (when(p.ended_at)) },
            file: |p, _| filed_time(p.ended_at),
            order: |p| Key::from(p.ended_at.unwrap_or(0)),
        },
    ],
};

fn rows() -> Result<Gathered<Pledge>, Refusal> {
    let actor = who()?;
    gather(|limit, after| loans::pledges(&actor, limit, after))
}

/// `/pledges`.
pub(super) fn list(request: &Request) -> Shown {
    LIST.page(request, rows()?, &html! {}, None)
}

/// `/pledges/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows()?)
}
