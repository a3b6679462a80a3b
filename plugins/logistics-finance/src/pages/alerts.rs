//! What banks must know at once.

use super::lists::{Beside, Col, Key, List, filed_fen, filed_number, filed_time};
use super::{Shown, receipts::link};
use crate::domain::actor::Role;
use crate::domain::alert::{Alert, Kind};
use crate::domain::time::local;
use crate::notes::kind_name;
use crate::service::{Refusal, alerts, who};
use crate::views::{Gathered, gather};
use maud::{Markup, html};
use yunlong_sdk::money::yuan;
use yunlong_sdk::page::{badge, confirm};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Lang, Request, Response, Text, Tone, t};

/// An alert as the reader may deal with it.
struct Row {
    alert: Alert,
    kind: Text,
    may_see: bool,
}

static LIST: List<Row> = List {
    path: "/alerts",
    title: t("预警", "Alerts"),
    sort: "-at",
    states: || vec!["unseen", "seen"],
    state: |r| if r.alert.seen_by.is_some() { "seen" } else { "unseen" },
    words: |r| {
        let receipt = r.alert.receipt.as_deref().unwrap_or_default();
        vec![&r.alert.loan, receipt, &r.kind.zh, &r.kind.en, &r.alert.bank]
    },
    empty: t("没有预警。", "There are no alerts."),
    // What is missing is no money: goods in the unit of their lot, or readings of a device.
    beside: &[Beside {
        behind: "amount",
        title: t("缺少的数量", "Missing"),
        of: |r, _| r.alert.amount.filter(|_| !is_money(r.alert.kind)).map_or(Cell::Empty, filed_number),
    }],
    columns: &[
        Col {
            key: "at",
            title: t("时间", "When"),
            numeric: false,
            show: |r, _| html! { (local(r.alert.at)) },
            file: |r, _| filed_time(Some(r.alert.at)),
            order: |r| Key::from(r.alert.at),
        },
        Col {
            key: "kind",
            title: t("预警", "Alert"),
            numeric: false,
            show: |r, lang| badge(tone(r.alert.kind), r.kind.get(lang)),
            file: |r, lang| Cell::from(r.kind.get(lang)),
            order: |r| Key::from(r.alert.kind.code()),
        },
        Col {
            key: "loan",
            title: t("贷款", "Loan"),
            numeric: false,
            show: |r, _| html! { a href={ "/loans/" (r.alert.loan) } { (r.alert.loan) } },
            file: |r, _| Cell::from(r.alert.loan.as_str()),
            order: |r| Key::from(r.alert.loan.as_str()),
        },
        Col {
            key: "receipt",
            title: t("仓单", "Receipt"),
            numeric: false,
            show: |r, _| html! { @match &r.alert.receipt { Some(id) => (link(id)), None => "—" } },
            file: |r, _| r.alert.receipt.clone().into(),
            order: |r| Key::Text(r.alert.receipt.clone().unwrap_or_default()),
        },
        Col {
            key: "amount",
            title: t("数值", "Figure"),
            numeric: true,
            show: |r, lang| figure(lang, &r.alert),
            file: |r, _| r.alert.amount.filter(|_| is_money(r.alert.kind)).map_or(Cell::Empty, filed_fen),
            order: |r| Key::from(r.alert.amount.unwrap_or(0)),
        },
        Col {
            key: "seen",
            title: t("查看", "Seen"),
            numeric: false,
            show: seen_by,
            file: |r, lang| {
                Cell::from(if r.alert.seen_by.is_some() {
                    lang.pick("已查看", "seen")
                } else {
                    lang.pick("未查看", "not seen")
                })
            },
            order: |r| Key::Number(i128::from(r.alert.seen_by.is_some())),
        },
    ],
};

fn tone(kind: Kind) -> Tone {
    match kind {
        Kind::MarginCured => Tone::Ok,
        Kind::SensorGap | Kind::ConsentWithdrawn => Tone::Warn,
        _ => Tone::Bad,
    }
}

/// The number that belongs to an alert: fen, or how much or many.
/// Whether the figure of such an alert is money.
fn is_money(kind: Kind) -> bool {
    !matches!(kind, Kind::GoodsMissing | Kind::SensorGap)
}

fn figure(lang: Lang, a: &Alert) -> Markup {
    let detail = a.detail.as_ref().map(|d| crate::notes::detail_name(d).get(lang).to_owned());
    html! {
        @match (a.kind, a.amount) {
            (_, None) => "",
            (kind, Some(n)) if !is_money(kind) => (super::grouped(n)),
            (_, Some(fen)) => { (yuan(fen)) " " (lang.pick("元", "yuan")) }
        }
        @if let Some(d) = detail { " " span.muted { (d) } }
    }
}

fn seen_by(r: &Row, lang: Lang) -> Markup {
    match (&r.alert.seen_by, r.may_see) {
        (Some(_), _) => badge(Tone::Info, lang.pick("已查看", "seen")),
        (None, true) => confirm(
            "/alerts/seen",
            html! { (lang.pick("标记为已查看", "Mark as seen")) span.visually-hidden { " " (r.alert.loan) } },
            &[("alert", &r.alert.id)],
        ),
        (None, false) => badge(Tone::Warn, lang.pick("未查看", "not seen")),
    }
}

fn rows() -> Result<Gathered<Row>, Refusal> {
    let actor = who()?;
    let found = gather(|limit, after| alerts::list(&actor, limit, after))?;
    let row = |alert: Alert| Row { may_see: actor.is_of(Role::Bank, &alert.bank), kind: kind_name(alert.kind), alert };
    Ok(Gathered { items: found.items.into_iter().map(row).collect(), more: found.more })
}

/// `/alerts`.
pub(super) fn list(request: &Request) -> Shown {
    LIST.page(request, rows()?, &html! {}, None)
}

/// `/alerts/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows()?)
}

/// `POST /alerts/seen`.
pub(super) fn seen(request: &Request) -> Shown {
    alerts::seen(&who()?, request.form()?.value("alert"))?;
    Ok(Response::see_other("/alerts"))
}
