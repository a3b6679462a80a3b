//! Companies' files at banks, and the consents that companies give them.

use super::forms::{Ask, Field, first, submit};
use super::lists::{Beside, Col, Key, List, filed_time, links, no_states};
use super::party::{Named, party};
use super::{LAYOUT, Shown, code, when};
use crate::domain::actor::{Actor, Role};
use crate::domain::borrower::{Borrower, Consent};
use crate::domain::time::local;
use crate::policy;
use crate::service::{Refusal, borrowers, now, who};
use crate::views::{Gathered, gather};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, badge, card, confirm, empty, notice, table};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Lang, Request, Response, Tone, t};

static LIST: List<Borrower> = List {
    path: "/borrowers",
    title: t("客户", "Borrowers"),
    sort: "-opened",
    states: no_states,
    state: |_| "",
    words: |b| vec![&b.uscc, &b.name],
    empty: t(
        "还没有客户档案。建档后企业才能向本行申请贷款。",
        "There are no files yet. A company applies at a bank that has a file of it.",
    ),
    beside: &[],
    columns: &[
        Col {
            key: "name",
            title: t("企业", "Company"),
            numeric: false,
            show: |b, _| html! { (b.name) },
            file: |b, _| Cell::from(b.name.as_str()),
            order: |b| Key::from(b.name.as_str()),
        },
        Col {
            key: "uscc",
            title: t("统一社会信用代码", "Unified social credit code"),
            numeric: false,
            show: |b, _| code(&b.uscc),
            file: |b, _| Cell::from(b.uscc.as_str()),
            order: |b| Key::from(b.uscc.as_str()),
        },
        Col {
            key: "loans",
            title: t("贷款", "Loans"),
            numeric: false,
            show: |b, lang| html! { a href={ "/loans?q=" (b.uscc) } { (lang.pick("查看", "Show")) } },
            file: |_, _| Cell::Empty,
            order: |_| Key::Number(0),
        },
        Col {
            key: "opened",
            title: t("建档时间", "Opened"),
            numeric: true,
            show: |b, _| html! { (local(b.opened_at)) },
            file: |b, _| filed_time(Some(b.opened_at)),
            order: |b| Key::from(b.opened_at),
        },
    ],
};

/// A bank that has a file of the company, and what the company consented to there.
struct Given {
    file: Borrower,
    consent: Option<Consent>,
}

/// The same as the page of consents, as a file.
static CONSENTS: List<Named<Given>> = List {
    path: "/consents",
    title: t("征信授权", "Consents to credit checks"),
    sort: "bank",
    states: no_states,
    state: |_| "",
    words: |g| vec![&g.file.bank, g.word(&g.file.bank)],
    empty: t("还没有银行建档。", "No bank has a file."),
    beside: &[Beside {
        behind: "bank",
        title: t("银行代码", "Bank's code"),
        of: |g, _| Cell::from(g.file.bank.as_str()),
    }],
    columns: &[
        Col {
            key: "bank",
            title: t("银行", "Bank"),
            numeric: false,
            show: |g, _| g.party(&g.file.bank),
            file: |g, _| g.filed(&g.file.bank),
            order: |g| Key::from(g.word(&g.file.bank)),
        },
        Col {
            key: "opened",
            title: t("建档时间", "File opened"),
            numeric: true,
            show: |g, _| html! { (local(g.file.opened_at)) },
            file: |g, _| filed_time(Some(g.file.opened_at)),
            order: |g| Key::from(g.file.opened_at),
        },
        Col {
            key: "consent",
            title: t("授权", "Consent"),
            numeric: false,
            show: |g, lang| standing(lang, g.consent.as_ref()),
            file: |g, lang| Cell::from(standing_word(lang, g.consent.as_ref())),
            order: |g| Key::from(standing_word(Lang::Zh, g.consent.as_ref())),
        },
        Col {
            key: "given",
            title: t("授权时间", "Given"),
            numeric: true,
            show: |g, _| html! { (when(g.consent.as_ref().map(|c| c.given_at))) },
            file: |g, _| filed_time(g.consent.as_ref().map(|c| c.given_at)),
            order: |g| Key::from(g.consent.as_ref().map_or(0, |c| c.given_at)),
        },
        Col {
            key: "until",
            title: t("有效期至", "Until"),
            numeric: true,
            show: |g, _| html! { (when(g.consent.as_ref().map(|c| c.until))) },
            file: |g, _| filed_time(g.consent.as_ref().map(|c| c.until)),
            order: |g| Key::from(g.consent.as_ref().map_or(0, |c| c.until)),
        },
    ],
};

fn rows() -> Result<Gathered<Borrower>, Refusal> {
    let actor = who()?;
    actor.needs(Role::Bank)?;
    gather(|limit, after| borrowers::files(&actor, limit, after))
}

/// `/borrowers`.
pub(super) fn list(request: &Request) -> Shown {
    let head = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已建档。", "The file is open."))) }
        div.actions.no-print { a role="button" href="/borrowers/new" { (request.t("建立客户档案", "Open a file")) } }
    };
    LIST.page(request, rows()?, &head, None)
}

/// `/borrowers/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows()?)
}

/// `GET /borrowers/new`.
pub(super) fn new(request: &Request) -> Shown {
    Ok(first(request, &form(request)?, &Form::new()))
}

fn form(request: &Request) -> Result<Ask, Refusal> {
    who()?.needs(Role::Bank)?;
    Ok(Ask {
        title: t("建立客户档案", "Open a company's file"),
        action: "/borrowers/new".into(),
        back: "/borrowers".into(),
        intro: html! { p { (request.t("名称和登记状态取自法人库。建档人不能审批该企业的贷款。", "Name and standing come from the register of legal entities. Whoever opens the file decides on none of the company's loans.")) } },
        fields: vec![Field::text("uscc", t("统一社会信用代码", "Unified social credit code"))],
        submit: t("建档", "Open"),
    })
}

/// `POST /borrowers/new`.
pub(super) fn open(request: &Request) -> Shown {
    submit(
        request,
        || form(request),
        |typed| {
            borrowers::open_file(&who()?, typed.value("uscc"))?;
            Ok("/borrowers?done=1".to_owned())
        },
    )
}

/// The banks that have a file of the company, with its consents.
pub(super) fn banks(actor: &Actor) -> Result<(Vec<Borrower>, Vec<Consent>), Refusal> {
    actor.needs(Role::Manufacturer)?;
    let company = Actor { roles: vec![Role::Manufacturer], ..actor.clone() };
    let files = gather(|limit, after| borrowers::files(&company, limit, after))?.items;
    let consents = gather(|limit, after| borrowers::consents(&company, limit, after))?.items;
    Ok((files, consents))
}

/// `/consents`.
pub(super) fn consents(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let (files, consents) = banks(&actor)?;
    let columns = [
        Column::new(request.t("银行", "Bank"), |(b, _): &(&Borrower, Option<&Consent>)| party(&b.bank)),
        Column::new(
            request.t("建档时间", "File opened"),
            |(b, _): &(&Borrower, Option<&Consent>)| html! { (local(b.opened_at)) },
        ),
        Column::new(request.t("授权", "Consent"), move |(_, c): &(&Borrower, Option<&Consent>)| standing(lang, *c)),
        Column::new(request.t("办理", "What can be done"), move |(b, c): &(&Borrower, Option<&Consent>)| {
            decision(lang, b, *c)
        }),
    ];
    let pairs = files.iter().map(|b| (b, consents.iter().find(|c| c.bank == b.bank)));
    let days = policy::consent_days()?;
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已更新。", "Changed."))) }
        @if files.is_empty() { (empty(html! { p { (request.t("还没有银行为贵企业建档。请联系贷款银行。", "No bank has a file of your company yet. Ask the bank that you want to borrow from.")) } })) }
        @else {
            (table(request.t("银行与授权", "Banks and consents"), &columns, pairs))
            (links(lang, "/consents/file"))
        }
        (card("what", request.t("授权什么", "What is consented to"), html! {
            p { (request.t("银行为审批贷款，查询贵企业在信用库中有效的处罚、失信、表彰和履约记录，只保存各类记录的数量和评分。", "To decide on a loan the bank looks up what is in force about your company in the credit database; the numbers of each kind and a score are kept, nothing else.")) }
            p { (request.t("授权的天数：", "A consent holds, in days: ")) (days) (request.t("。可随时撤回：审批前的申请随即停下，已签的合同不受影响。", ". It can be taken back at any time: applications that are not approved stand still, a contract that stands is not touched.")) }
        }))
    };
    Ok(LAYOUT.page(request, &t("征信授权", "Consents to credit checks"), body))
}

/// `/consents/file`.
pub(super) fn consents_file(request: &Request) -> Shown {
    let (files, consents) = banks(&who()?)?;
    let given = |file: Borrower| {
        let consent = consents.iter().find(|c| c.bank == file.bank).cloned();
        Given { file, consent }
    };
    let items = Named::rows(files.into_iter().map(given).collect(), |g| [g.file.bank.as_str()]);
    CONSENTS.file(request, Gathered { items, more: false })
}

fn standing_word(lang: Lang, c: Option<&Consent>) -> &'static str {
    match c {
        Some(c) if c.stands(now()) => lang.pick("有效", "holds"),
        Some(c) if c.withdrawn_at.is_some() => lang.pick("已撤回", "taken back"),
        Some(_) => lang.pick("已过期", "over"),
        None => lang.pick("未授权", "not given"),
    }
}

fn standing(lang: Lang, c: Option<&Consent>) -> Markup {
    let until = c.filter(|c| c.stands(now())).map(|c| c.until);
    let tone = match (c, until) {
        (None, _) => Tone::Info,
        (_, Some(_)) => Tone::Ok,
        (_, None) => Tone::Warn,
    };
    html! {
        (badge(tone, standing_word(lang, c)))
        @if let Some(until) = until { " " (lang.pick("至 ", "until ")) (local(until)) }
    }
}

fn decision(lang: Lang, b: &Borrower, c: Option<&Consent>) -> Markup {
    let stands = c.is_some_and(|c| c.stands(now()));
    let (path, word) = if stands {
        ("/consents/withdraw", lang.pick("撤回", "Take back"))
    } else {
        ("/consents/give", lang.pick("授权", "Give"))
    };
    confirm(path, html! { (word) span.visually-hidden { " " (b.bank) } }, &[("bank", &b.bank)])
}

/// `POST /consents/{step}`.
pub(super) fn decide(request: &Request) -> Shown {
    let (actor, form) = (who()?, request.form()?);
    match request.param("step") {
        "give" => borrowers::consent(&actor, form.value("bank")).map(drop)?,
        "withdraw" => borrowers::withdraw_consent(&actor, form.value("bank")).map(drop)?,
        _ => return Err(Refusal::NotFound),
    }
    Ok(Response::see_other("/consents?done=1"))
}
