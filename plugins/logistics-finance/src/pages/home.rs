//! The start page: what waits for whoever comes.

use super::party::party;
use super::{LAYOUT, Shown};
use crate::domain::actor::{Actor, Role};
use crate::policy;
use crate::service::{Refusal, install, who};
use crate::views::waiting::{self, Waiting};
use maud::{Markup, html};
use yunlong_sdk::page::{badge, card, empty, notice};
use yunlong_sdk::{Error, Lang, Request, Text, Tone, identity, t};

/// How many things of one kind are named.
const NAMED: usize = 5;

/// `/`.
pub(super) fn show(request: &Request) -> Shown {
    match who() {
        Ok(actor) => mine(request, &actor),
        Err(Refusal::Other(Error::SignIn)) => {
            Ok(LAYOUT.page(request, &t("物流金融", "Logistics finance"), welcome(request)))
        }
        Err(e) => Err(e),
    }
}

fn welcome(request: &Request) -> Markup {
    html! {
        p { (request.t("仓单登记、质押融资、货运运单与三流合一，制造企业、仓储企业、银行、承运人和监管部门在同一处办理。", "Warehouse receipts, loans on them, waybills, and goods, order and money side by side: for manufacturers, warehouses, banks, carriers and regulators.")) }
        div.actions {
            a role="button" href=(identity::sign_in_url("/")) { (request.t("登录办理", "Sign in")) }
            a.outline role="button" href="/verify" { (request.t("核验仓单（无需登录）", "Verify a receipt (without signing in)")) }
        }
    }
}

/// A role as the start page names it.
fn role_name(role: Role) -> Text {
    match role {
        Role::Manufacturer => t("制造企业", "Manufacturer"),
        Role::Warehouse => t("仓储企业", "Warehouse"),
        Role::Bank => t("银行", "Bank"),
        Role::Carrier => t("承运人", "Carrier"),
        Role::Regulator => t("监管部门", "Regulator"),
    }
}

fn mine(request: &Request, actor: &Actor) -> Shown {
    let lang = request.lang();
    let waiting = waiting::of(actor)?;
    let body = html! {
        @if actor.roles.is_empty() { (no_role(request)) } @else {
            p { @if actor.organization_name.is_empty() { (party(&actor.organization)) } @else { (actor.organization_name) " " small.muted { code { (actor.organization) } } } " · " @for role in &actor.roles { (badge(Tone::Info, role_name(*role).get(lang))) " " } }
            (loading(request, actor)?)
            @if waiting.is_empty() { (empty(html! { p { (request.t("没有待办事项。", "Nothing waits for you.")) } })) }
            @for (n, w) in waiting.iter().enumerate() { (waits(lang, n, w, actor.roles.len() > 1)) }
            (shortcuts(request, actor))
        }
    };
    Ok(LAYOUT.page(request, &t("待办事项", "What waits for you"), body))
}

/// How far the sample is loaded, while it is: a regulator wonders why lists are short.
fn loading(request: &Request, actor: &Actor) -> Result<Markup, Refusal> {
    if !actor.is(Role::Regulator) || !policy::sample()? {
        return Ok(html! {});
    }
    let (loaded, all) = install::progress()?;
    Ok(html! {
        @if loaded < all {
            (notice(Tone::Info, html! {
                p { (request.t("正在载入示例数据：", "The sample is being loaded: ")) (loaded) " / " (all) }
                progress max=(all) value=(loaded) aria-label=(request.t("示例数据载入进度", "How far the sample is loaded")) { (loaded) " / " (all) }
            }))
        }
    })
}

fn no_role(request: &Request) -> Markup {
    notice(
        Tone::Info,
        html! {
            p { (request.t("您在这里没有岗位。企业人员请在门户选择企业的委托后再来；银行、仓储、承运和监管人员请联系部门管理员分配岗位。", "You hold no role here. For a company, choose its mandate at the portal and come back; officers of banks, warehouses, carriers and regulators are given their role by the department's administrator.")) }
            p { a href="/verify" { (request.t("核验仓单", "Verify a receipt")) } }
        },
    )
}

fn waits(lang: Lang, n: usize, w: &Waiting, several: bool) -> Markup {
    let heading = html! {
        (w.what.get(lang)) " "
        (badge(if w.urgent { Tone::Bad } else { Tone::Warn }, html! { (w.things.len()) @if w.more { "+" } @if w.urgent { " · " (lang.pick("紧急", "urgent")) } }))
        @if several { " " span.muted { (role_name(w.role).get(lang)) } }
    };
    card(
        &format!("waits-{n}"),
        heading,
        html! {
            ul { @for thing in w.things.iter().take(NAMED) { li { a href=(thing.path) { (thing.name.get(lang)) } } } }
            @if w.things.len() > NAMED { p.muted { (lang.pick("还有 ", "and ")) (w.things.len() - NAMED) @if w.more { "+" } (lang.pick(" 项，见列表。", " more: see the lists.")) } }
        },
    )
}

fn shortcuts(request: &Request, actor: &Actor) -> Markup {
    let offered = [
        (Role::Manufacturer, "/loans/new", t("申请贷款", "Apply for a loan")),
        (Role::Manufacturer, "/freight/new", t("委托运输", "Ask a carrier")),
        (Role::Manufacturer, "/flows/new", t("建立三流关联", "Link an order's flows")),
        (Role::Warehouse, "/warehouses", t("货物入库与签发仓单", "Take goods in, issue receipts")),
        (Role::Bank, "/borrowers/new", t("建立客户档案", "Open a company's file")),
        (Role::Carrier, "/freight", t("承接运输委托", "Take freight orders")),
        (Role::Regulator, "/quotes/new", t("发布价格", "Publish a price")),
        (Role::Regulator, "/overview", t("监管总览", "Overview")),
    ];
    html! {
        nav aria-label=(request.t("常用办理", "Often used")) {
            div.actions { @for (_, path, title) in offered.iter().filter(|(role, ..)| actor.is(*role)) { a.outline role="button" href=(path) { (title.get(request.lang())) } } }
        }
    }
}
