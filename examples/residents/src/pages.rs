//! The pages.

use crate::changes::{self, Change};
use crate::denial::denied;
use crate::roster::{self, Born, Resident};
use maud::{Markup, html};
use yunlong_sdk::page::{self, Column};
use yunlong_sdk::shared::SharedError;
use yunlong_sdk::{Kind, Layout, NavItem, Request, Response, Text, Tone, clock, context, t, web};

static LAYOUT: Layout = Layout::new(t("居民名册", "Residents"))
    .nav(|_| vec![NavItem::new("/", t("名册", "Roster")), NavItem::new("/me", t("我的登记", "My entry"))])
    .help("/help");

/// The residents of the community, for its clerks.
pub(crate) fn roster(req: &Request) -> web::Result<Response> {
    req.subject()?;
    if req.principal().kind != Kind::Official {
        return Ok(Response::see_other("/me"));
    }
    let community: String = context::config("community")?.unwrap_or_default();
    let after = req.query_value("after");
    let at_start = after.is_none();
    let (residents, next) = match roster::page(&community, after) {
        Ok(page) => page,
        Err(error) => return refused(req, &t("名册", "Roster"), error),
    };
    let mut rows = Vec::with_capacity(residents.len());
    for resident in residents {
        let change = changes::of(&resident.reference)?;
        rows.push((resident, change));
    }
    let columns = [
        Column::new(req.t("姓名", "Name"), |(r, _): &(Resident, Option<Change>)| name(req, r)),
        Column::new(req.t("出生", "Born"), |(r, _): &(Resident, Option<Change>)| born(req, &r.born)),
        Column::new(req.t("近期变化", "Changed lately"), |(_, c): &(Resident, Option<Change>)| {
            mark(req, c.as_ref())
        }),
    ];
    Ok(LAYOUT.page(req, &t("名册", "Roster"), html! {
        p.muted { (req.t("每位居民都能在“我的数据”里看到这次查阅。请只在工作需要时打开。",
            "Each resident sees under “My data” that this was read. Open it when your work needs it.")) }
        // A page can be empty and have a next one: those who moved away are left out of it.
        @if rows.is_empty() && next.is_none() {
            (page::empty(html! { p { (req.t("该社区没有登记的居民。", "Nobody is registered in this community.")) } }))
        } @else {
            (page::table(req.t("户籍居民", "Registered residents"), &columns, rows))
        }
        (page::pager(req.lang(), "/", &[], at_start, next.as_deref()))
    }))
}

fn name(req: &Request, resident: &Resident) -> Markup {
    html! { (resident.name.as_deref().unwrap_or_else(|| req.t("未提供", "not given"))) }
}

fn born(req: &Request, born: &Born) -> Markup {
    match born {
        Born::On(date) => html! { (date) },
        Born::Aged(age) => html! { (age) (req.t(" 岁", " years old")) },
        Born::Unknown => html! { (req.t("未提供", "not given")) },
    }
}

fn mark(req: &Request, change: Option<&Change>) -> Markup {
    let Some(change) = change else { return html! {} };
    let named = change.fields.iter().any(|f| f == "name");
    let what = if named { req.t("姓名", "name") } else { req.t("登记", "entry") };
    page::badge(Tone::Info, html! { (what) " " (clock::minute(change.time)) })
}

/// The person's own entry.
pub(crate) fn me(req: &Request) -> web::Result<Response> {
    let title = t("我的登记", "My entry");
    let record = match roster::own() {
        Ok(record) => record,
        // An account that is bound to no resident has no entry.
        Err(SharedError::RowNotGranted) => None,
        Err(error) => return refused(req, &title, error),
    };
    let Some(record) = record else {
        return Ok(LAYOUT.page(req, &title, page::empty(html! {
            p { (req.t("人口信息库中没有您的登记。有误的，请在城市门户“我的数据”申请更正。",
                "The population database has no entry of yours. If that is wrong, ask for a correction under “My data” on the portal.")) }
        })));
    };
    let item = |field: &str| match record.text(field) {
        Some(value) => html! { (value) },
        // Granted and not on record is one thing, not granted another.
        None if record.unrecorded.iter().any(|f| f == field) => html! { (req.t("未登记", "not on record")) },
        None => html! { (req.t("提供方未授权", "not given by the provider")) },
    };
    Ok(LAYOUT.page(
        req,
        &title,
        page::card(
            "entry",
            req.t("户籍登记", "Registration"),
            html! {
                dl {
                    dt { (req.t("姓名", "Name")) } dd { (item("name")) }
                    dt { (req.t("地址", "Address")) } dd { (item("address")) }
                }
            },
        ),
    ))
}

// ANCHOR: refused
fn refused(req: &Request, title: &Text, error: SharedError) -> web::Result<Response> {
    // For whoever runs the app; people read the words.
    eprintln!("denied: {}: {error}", error.code());
    let denied = denied(error)?;
    let notice = page::notice(
        Tone::Warn,
        html! { p { strong { (denied.title.get(req.lang())) } } p { (denied.next.get(req.lang())) } },
    );
    Ok(LAYOUT.page(req, title, notice).status(denied.status))
}
// ANCHOR_END: refused

/// Help.
pub(crate) fn help(req: &Request) -> web::Result<Response> {
    Ok(LAYOUT.page(req, &t("帮助", "Help"), html! {
        p { (req.t("社区工作人员在“名册”查阅本社区户籍居民的姓名和出生日期；每次查阅都会写入城市的审计日志，居民本人可以看到。",
            "Community clerks find names and dates of birth of the community's residents under “Roster”. Each look is in the city's audit log, and the resident sees it.")) }
        p { (req.t("“我的登记”经您同意后读取您自己的姓名和地址，不保存；可随时在城市门户撤回同意。",
            "“My entry” reads your own name and address with your consent and keeps neither; you can take the consent back on the portal at any time.")) }
    }))
}
