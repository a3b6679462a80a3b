//! Accounts: who has one, opening one, and what is done to it.

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, button, refused, secret};
use crate::layout::{Page, empty, notice};
use crate::people::{self, Act};
use crate::view::{View, see_other};
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_identity::{Account, AccountKind, NewPerson, PlatformRole, ResetCode};

const NAV: &str = "/accounts";

fn kind_name(view: &View, kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Citizen => view.lang().pick("市民", "Citizen"),
        AccountKind::Official => view.lang().pick("工作人员", "Official"),
        AccountKind::Vendor => view.lang().pick("供应商", "Vendor"),
    }
}

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let (prefix, after) = (query.text("q"), query.text("after"));
    let (accounts, more) = people::list(&view, prefix, after).await?;
    let title = view.t("账号", "Accounts");
    let opens = view.administrator().is_ok();
    let content = html! {
        h1 { (title) }
        form.search role="search" method="get" action="/accounts" {
            label.visually-hidden for="q" { (view.t("账号名的开头", "Beginning of the account's name")) }
            input #q type="search" name="q" value=(prefix) maxlength="40" placeholder=(view.t("账号名的开头", "Beginning of the name"));
            button { (view.t("查找", "Find")) }
        }
        @if opens { p { a role="button" href="/accounts/new" { (view.t("开设账号", "Open an account")) } } }
        @if accounts.is_empty() { (empty(view.t("没有符合的账号。", "There is no such account."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("账号", "Account")) }
                    th scope="col" { (view.t("类型", "Kind")) }
                    th scope="col" { (view.t("组织", "Organization")) }
                    th scope="col" { (view.t("平台角色", "Role on the platform")) }
                    th scope="col" { (view.t("状态", "State")) }
                } }
                tbody { @for a in &accounts { tr {
                    th scope="row" { a href={ "/accounts/" (a.name) } { (a.name) } }
                    td { (kind_name(&view, a.kind)) }
                    td { (a.organization.as_deref().unwrap_or("–")) }
                    td { @for r in &a.platform_roles { (r.title().get(view.lang())) } }
                    td { (state(&view, a)) }
                } } }
            } }
            @if more && let Some(last) = accounts.last() {
                nav.pager aria-label=(view.t("翻页", "Pages")) { a href={ "/accounts?q=" (crate::encode(prefix)) "&after=" (last.name) } { (view.t("下一页", "Next page")) } }
            }
        }
    };
    super::page(&view, &Page::new(title, NAV), &content)
}

fn state(view: &View, a: &Account) -> Markup {
    html! {
        @if a.disabled { span.badge.badge-bad { (view.t("已停用", "Disabled")) } } @else { span.badge.badge-ok { (view.t("可用", "Active")) } }
        @if a.second_factor { " " span.badge.badge-info { (view.t("双重验证", "Two factors")) } }
    }
}

pub(super) async fn new(view: View) -> Outcome {
    view.administrator()?;
    show_new(&view, &Fields::default(), None)
}

fn show_new(view: &View, typed: &Fields, failure: Option<&Failure>) -> Outcome {
    let by = view.administrator()?;
    let title = view.t("开设账号", "Open an account");
    let own = by.organization.as_deref().unwrap_or("");
    let organization = typed.raw("organization").unwrap_or(own);
    let kinds: &[(&str, AccountKind)] = if by.city {
        &[("official", AccountKind::Official), ("vendor", AccountKind::Vendor), ("citizen", AccountKind::Citizen)]
    } else {
        &[("official", AccountKind::Official)]
    };
    let content = html! {
        p { a href="/accounts" { "← " (view.t("账号", "Accounts")) } }
        h1 { (title) }
        (refused(view, failure))
        form.card method="post" action="/accounts/new" {
            p { (view.t("开设后会得到一个一次性代码，请当面交给本人，由本人设置密码。管理员不知道任何人的密码。", "You get a one-time code. Hand it to the person, who sets the password with it: no administrator knows anybody’s password.")) }
            (Input::text("name", view.t("账号名", "Account name"), typed.text("name")).help(view.t("3 至 40 位小写字母、数字、“.”“_”“-”。", "3 to 40 of a-z, 0-9, “.”, “_” and “-”.")).render(view, failure))
            label for="kind" { (view.t("类型", "Kind")) }
            select #kind name="kind" { @for (value, kind) in kinds { option value=(value) selected[typed.text("kind") == *value] { (kind_name(view, *kind)) } } }
            (Input::text("organization", view.t("组织代码", "Code of the organization"), organization).optional().help(view.t("市民不填。", "Empty for a citizen.")).render(view, failure))
            (Input::text("real_name", view.t("姓名", "Registered name"), typed.text("real_name")).optional().render(view, failure))
            (Input::text("resident_id", view.t("居民身份证号码", "Resident ID number"), typed.text("resident_id")).optional().render(view, failure))
            (Input::text("mobile", view.t("手机号码", "Mobile number"), typed.text("mobile")).optional().render(view, failure))
            div.actions { button { (view.t("开设", "Open it")) } }
        }
    };
    let status = failure.map_or(StatusCode::OK, Failure::status);
    super::page_with(status, view, &Page::narrow(title, NAV), &content)
}

pub(super) async fn create(view: View, Form(fields): Form) -> Outcome {
    view.administrator()?;
    let opened = match person(&fields) {
        Ok(new) => people::open(&view, new).await,
        Err(failure) => Err(failure),
    };
    match opened {
        Ok(code) => show_code(&view, fields.text("name"), &code),
        Err(failure) if failure.kind() == kinds::INTERNAL || failure.kind() == kinds::FORBIDDEN => Err(failure),
        Err(failure) => show_new(&view, &fields, Some(&failure)),
    }
}

/// A new account, from a form or a flat JSON object.
pub(crate) fn person(fields: &Fields) -> Outcome<NewPerson> {
    Ok(NewPerson {
        name: fields.text("name").to_owned(),
        kind: people::kind(fields.text("kind"))?,
        organization: Some(fields.text("organization")).filter(|o| !o.is_empty()).map(str::to_owned),
        attributes: crate::portal::attributes(fields)?,
    })
}

/// The one-time code, shown once.
fn show_code(view: &View, name: &str, code: &ResetCode) -> Outcome {
    let title = view.t("一次性代码", "One-time code");
    let portal = view.gateway.origins.portal();
    let content = html! {
        h1 { (title) ": " (name) }
        div.card {
            p { (view.t("请核对身份后当面交给本人。它只在这里显示一次；旧的代码已作废。", "Hand it to the person after checking who they are. It is shown here only; any code before it is void.")) }
            (secret(code.code.as_str()))
            p { (view.t("在此网址使用：", "To be used at: ")) code { (portal) "/reset" } }
            p.muted { (view.t("有效期至 ", "Good until ")) (code.expires_at.to_shanghai()) }
            div.actions { a role="button" href={ "/accounts/" (name) } { (view.t("完成", "Done")) } }
        }
    };
    super::page(view, &Page::narrow(title, NAV), &content)
}

pub(super) async fn one(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let account = people::get(&view, &name).await?;
    show(&view, &account, StatusCode::OK, query.raw("saved").is_some(), None)
}

fn show(view: &View, a: &Account, status: StatusCode, saved: bool, failure: Option<&Failure>) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    let content = html! {
        p { a href="/accounts" { "← " (view.t("账号", "Accounts")) } }
        h1 { (a.name) " " (state(view, a)) }
        @if saved { (notice("ok", view.t("已保存，立即生效。", "Saved. It takes effect at once."))) }
        (refused(view, failure))
        section.card { dl.facts {
            dt { (view.t("类型", "Kind")) } dd { (kind_name(view, a.kind)) }
            dt { (view.t("组织", "Organization")) } dd { (a.organization.as_deref().unwrap_or("–")) }
            dt { (view.t("平台角色", "Role on the platform")) } dd { @if a.platform_roles.is_empty() { "–" } @for r in &a.platform_roles { (r.title().get(view.lang())) } }
            dt { (view.t("开设时间", "Opened")) } dd { (a.created_at.to_shanghai()) }
        } }
        @if identity.may_control_account(session, a) { (controls(view, a)) }
        @else { p.muted { (view.t("停用、解锁和重置由安全管理员办理。", "The security administrator disables, unlocks and resets accounts.")) } }
        @if identity.may_empower(session, a) && a.kind == AccountKind::Official { (role_form(view, a)) }
    };
    super::page_with(status, view, &Page::new(&a.name, NAV), &content)
}

fn controls(view: &View, a: &Account) -> Markup {
    let at = |act: &str| format!("/accounts/{}/{act}", a.name);
    html! {
        section.card {
            h2 { (view.t("处理", "What you can do")) }
            p { (view.t("重置会得到一个一次性代码，本人用它设置新密码；在此之前一切照旧。", "A reset gives a one-time code with which the person sets a new password; nothing changes before.")) }
            div.actions {
                (button(&at("reset"), &[], "", view.t("重置密码", "Reset the password"), ""))
                @if a.second_factor { (button(&at("reset"), &[("second_factor", "true")], "outline", view.t("重置密码和第二重验证", "Reset password and second factor"), "")) }
                (button(&at("unlock"), &[], "outline", view.t("解除锁定", "Unlock"), ""))
                (button(&at("sign-out"), &[], "outline", view.t("退出其所有登录", "End all its sessions"), ""))
                @if a.disabled { (button(&at("enable"), &[], "outline", view.t("重新启用", "Enable"), "")) }
                @else { (button(&at("disable"), &[], "outline danger", view.t("停用", "Disable"), "")) }
            }
        }
    }
}

fn role_form(view: &View, a: &Account) -> Markup {
    html! {
        form.card method="post" action={ "/accounts/" (a.name) "/role" } {
            h2 { (view.t("平台角色", "Role on the platform")) }
            p { (view.t("系统、安全、审计三个管理员互相制约：一个账号最多一个角色，任何人不能更改自己的角色。", "System, security and audit administrators hold each other in check: one role an account at most, and nobody changes their own.")) }
            label for="role" { (view.t("角色", "Role")) }
            select #role name="role" {
                option value="none" selected[a.platform_roles.is_empty()] { (view.t("无", "None")) }
                @for r in PlatformRole::ALL { option value=(r.as_str()) selected[a.platform_roles.contains(&r)] { (r.title().get(view.lang())) } }
            }
            div.actions { button { (view.t("保存", "Save")) } }
        }
    }
}

pub(super) async fn act(view: View, Path((name, act)): Path<(String, String)>, Form(fields): Form) -> Outcome {
    let act = self::named(&act, &fields)?;
    let done = people::act(&view, &name, act).await;
    match done {
        Ok(Some(code)) => show_code(&view, &name, &code),
        Ok(None) => Ok(see_other(&format!("/accounts/{name}?saved=1"))),
        Err(failure) if failure.kind() == kinds::INVALID => {
            let account = people::get(&view, &name).await?;
            show(&view, &account, failure.status(), false, Some(&failure))
        }
        Err(failure) => Err(failure),
    }
}

/// What the last part of a path asks for.
pub(crate) fn named(act: &str, fields: &Fields) -> Outcome<Act> {
    Ok(match act {
        "disable" => Act::Disable,
        "enable" => Act::Enable,
        "unlock" => Act::Unlock,
        "sign-out" => Act::SignOut,
        "reset" => Act::Reset(fields.text("second_factor") == "true"),
        "role" => Act::Role(people::role(fields.text("role"))?),
        _ => return Err(Failure::not_found()),
    })
}
