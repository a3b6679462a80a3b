//! The ledger of a loan: its postings on the loan's page, and as a file.

use super::Shown;
use super::lists::{Col, Key, List, filed_time, links, no_states};
use crate::domain::ledger::Entry;
use crate::domain::loan::Loan;
use crate::domain::time::local;
use crate::service::{loans, who};
use crate::views::{Gathered, gather};
use maud::{Markup, html};
use yunlong_sdk::page::amount;
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Lang, Request, Text, t};

fn entry_name(code: &str) -> Text {
    match code {
        "disbursement" => t("放款", "payment"),
        "accrual" => t("计息", "interest"),
        "repayment" => t("还款", "repayment"),
        "proceeds" => t("处置价款", "proceeds"),
        _ => t("核销", "write-off"),
    }
}

fn account_name(lang: Lang, account: &str) -> String {
    let (kind, of) = account.split_once(':').unwrap_or((account, ""));
    let name = match kind {
        "principal" => t("贷款本金", "principal"),
        "interest" => t("应收利息", "interest due"),
        "cash" => t("银行存款", "cash"),
        "income" => t("利息收入", "income"),
        "losses" => t("贷款损失", "losses"),
        _ => t("应付余款", "surplus"),
    };
    format!("{} {of}", name.get(lang))
}

/// One posting of an entry, as a row.
pub(super) struct Line {
    at: i64,
    kind: &'static str,
    reference: String,
    account: String,
    amount: i64,
}

fn lines(entries: &[Entry]) -> Vec<Line> {
    let of = |e: &Entry| {
        let (at, kind, reference) = (e.at(), e.kind().code(), e.reference().to_owned());
        let line = move |p: &crate::domain::ledger::Posting| Line {
            at,
            kind,
            reference: reference.clone(),
            account: p.account.to_string(),
            amount: p.amount,
        };
        e.postings().iter().map(line).collect::<Vec<_>>()
    };
    entries.iter().flat_map(of).collect()
}

static ENTRIES: List<Line> = List {
    path: "/entries",
    title: t("分录", "The ledger"),
    sort: "time",
    states: no_states,
    state: |_| "",
    words: |e| vec![&e.reference, &e.account],
    empty: t("还没有分录。", "There are no entries yet."),
    beside: &[],
    columns: &[
        Col {
            key: "time",
            title: t("时间", "When"),
            numeric: false,
            show: |e, _| html! { (local(e.at)) },
            file: |e, _| filed_time(Some(e.at)),
            order: |e| Key::from(e.at),
        },
        Col {
            key: "kind",
            title: t("事项", "What"),
            numeric: false,
            show: |e, lang| html! { (entry_name(e.kind).get(lang)) " " span.muted { (e.reference) } },
            file: |e, lang| Cell::from(format!("{} {}", entry_name(e.kind).get(lang), e.reference)),
            order: |e| Key::from(e.kind),
        },
        Col {
            key: "account",
            title: t("科目", "Account"),
            numeric: false,
            show: |e, lang| html! { (account_name(lang, &e.account)) },
            file: |e, lang| Cell::from(account_name(lang, &e.account)),
            order: |e| Key::from(e.account.as_str()),
        },
        Col {
            key: "debit",
            title: t("借方", "Debit"),
            numeric: true,
            show: |e, _| side(e.amount),
            file: |e, _| filed_side(e.amount),
            order: |e| Key::from(e.amount),
        },
        Col {
            key: "credit",
            title: t("贷方", "Credit"),
            numeric: true,
            show: |e, _| side(-e.amount),
            file: |e, _| filed_side(-e.amount),
            order: |e| Key::from(-e.amount),
        },
    ],
};

fn side(amount_of: i64) -> Markup {
    html! { @match u64::try_from(amount_of) { Ok(fen) if fen > 0 => (amount(fen)), _ => "" } }
}

fn filed_side(amount_of: i64) -> Cell {
    if amount_of > 0 { Cell::Fen(amount_of) } else { Cell::Empty }
}

pub(super) fn ledger(request: &Request, l: &Loan, entries: &[Entry]) -> Markup {
    html! {
        (ENTRIES.table(request.lang(), request.t("借贷分录，每笔合计为零", "Double entry: each sums to zero"), &lines(entries)))
        @if !entries.is_empty() { (links(request.lang(), &format!("/loans/{}/entries/file", l.id))) }
    }
}

/// `/loans/{loan}/entries/file`.
pub(super) fn entries_file(request: &Request) -> Shown {
    let actor = who()?;
    let entries = gather(|limit, after| loans::ledger(&actor, request.param("loan"), limit, after))?;
    ENTRIES.file(request, Gathered { items: lines(&entries.items), more: entries.more })
}
