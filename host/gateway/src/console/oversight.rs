//! Looking over it all: who has which role where, who did what, and the policy for everybody.

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, refused};
use crate::layout::{Page, empty, notice};
use crate::people;
use crate::view::{View, see_other};
use http::StatusCode;
use maud::{Markup, html};
use yunlong_identity::{AuditPage, AuditRow, PlatformRole, SecurityPolicy};
use yunlong_model::Timestamp;

/// Rows of one page.
const PAGE: usize = 100;

/// A role that somebody has in an installation.
pub(crate) struct Holding {
    pub(crate) organization: String,
    pub(crate) organization_name: String,
    pub(crate) installation: String,
    pub(crate) title: String,
    pub(crate) role: String,
    pub(crate) role_title: String,
    pub(crate) account: String,
    pub(crate) assigned_by: String,
    pub(crate) assigned_at: Timestamp,
}

/// Every role in the installations that this person looks over, by department.
pub(crate) async fn holdings(view: &View) -> Outcome<Vec<Holding>> {
    let session = view.one_of(people::STAFF)?;
    let services = &view.gateway.services;
    let sees_all = session.has(PlatformRole::SecurityAdmin);
    let mut found = Vec::new();
    for i in services.installations.list() {
        if !sees_all && !services.identity.may_administer(session, &i.organization) {
            continue;
        }
        for a in services.identity.role_assignments(&i.name).await? {
            let declared = i.manifest.roles.iter().find(|r| r.name == a.role);
            found.push(Holding {
                organization: i.organization.clone(),
                organization_name: i.organization_name.clone(),
                installation: i.name.to_string(),
                title: i.manifest.title.get(view.lang()).to_owned(),
                role_title: declared.map_or_else(|| a.role.clone(), |r| r.title.get(view.lang()).to_owned()),
                role: a.role,
                account: a.account,
                assigned_by: a.assigned_by,
                assigned_at: a.assigned_at,
            });
        }
    }
    found.sort_by(|a, b| {
        (&a.organization, &a.installation, &a.account).cmp(&(&b.organization, &b.installation, &b.account))
    });
    Ok(found)
}

pub(super) async fn roles(view: View) -> Outcome {
    let all = holdings(&view).await?;
    let title = view.t("角色", "Roles");
    let content = html! {
        h1 { (title) }
        p { (view.t("谁在哪个应用里有什么角色，按部门排列。在应用的页面里指派和撤销。", "Who has which role in which app, by department. Roles are given and taken on the app's own page.")) }
        @if all.is_empty() { (empty(view.t("还没有指派角色。", "No role is assigned yet."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("部门", "Department")) }
                    th scope="col" { (view.t("应用", "App")) }
                    th scope="col" { (view.t("账号", "Account")) }
                    th scope="col" { (view.t("角色", "Role")) }
                    th scope="col" { (view.t("由谁指派", "Assigned by")) }
                } }
                tbody { @for h in &all { tr {
                    td { (h.organization_name) }
                    td { (h.title) br; small.muted { (h.installation) } }
                    th scope="row" { a href={ "/accounts/" (h.account) } { (h.account) } }
                    td { (h.role_title) }
                    td { (h.assigned_by) " · " (h.assigned_at.to_shanghai()) }
                } } }
            } }
        }
    };
    super::page(&view, &Page::new(title, "/roles"), &content)
}

/// Rows of the trail that is asked for: of the installations, of people, or with `app` those that the app wrote.
pub(crate) async fn trail(view: &View, query: &Fields) -> Outcome<AuditPage> {
    view.one_of(&[PlatformRole::AuditAdmin])?;
    let services = &view.gateway.services;
    let filter = super::acts::filter(query);
    let before = Some(query.text("before")).filter(|b| !b.is_empty());
    if !query.text("app").is_empty() {
        return super::acts::rows(view, query.text("app"), before, &filter).await;
    }
    if query.text("of") != "apps" {
        return Ok(services.identity.audit_page(before, PAGE, &filter).await?);
    }
    let page = services.installations.audit_page(before, PAGE, &filter).await?;
    let strange = || Failure::new(kinds::INVALID).field("before", "请从首页重新查询。", "Begin at the first page.");
    page.ok_or_else(strange)
}

pub(super) async fn audit(view: View, Query(query): Query) -> Outcome {
    let AuditPage { rows, next } = trail(&view, &query).await?;
    let apps = query.text("of") == "apps";
    let title = view.t("审计", "Audit");
    let content = html! {
        h1 { (title) }
        p { (view.t("谁在什么时候对谁做了什么，最新的在最上面。记录与操作在同一次提交中写入，不能更改。", "Who did what to whom and when, the newest first. A row is written in the commit of what it tells, and is never changed.")) }
        (super::hub::audit_tabs(&view, "/audit"))
        nav.toc aria-label=(view.t("记录类别", "Which trail")) { ul {
            li { a href="/audit" aria-current=[(!apps).then_some("page")] { (view.t("账号、登录、授权、委托、密钥", "Accounts, sign-ins, consents, mandates, keys")) } }
            li { a href="/audit?of=apps" aria-current=[apps.then_some("page")] { (view.t("应用的安装与设置", "Installations")) } }
        } }
        (filter_form(&view, &query))
        (rows_table(&view, title, &rows))
        @if let Some(next) = &next {
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                a href={ "/audit?of=" (crate::encode(query.text("of"))) "&before=" (next) "&actor=" (crate::encode(query.text("actor"))) "&action=" (crate::encode(query.text("action"))) "&target=" (crate::encode(query.text("target"))) } { (view.t("更早的记录", "Older rows")) }
            }
        }
    };
    super::page(&view, &Page::new(title, "/audit"), &content)
}

fn filter_form(view: &View, query: &Fields) -> Markup {
    html! {
        form.card method="get" action="/audit" {
            input type="hidden" name="of" value=(query.text("of"));
            div.grid {
                div { (Input::text("actor", view.t("操作账号", "Who acted"), query.text("actor")).optional().render(view, None)) }
                div { (Input::text("action", view.t("操作（开头）", "Action (beginning)"), query.text("action")).optional().render(view, None)) }
                div { (Input::text("target", view.t("对象", "To whom or what"), query.text("target")).optional().render(view, None)) }
            }
            div.actions { button { (view.t("筛选", "Filter")) } }
        }
    }
}

pub(super) fn rows_table(view: &View, title: &str, rows: &[AuditRow]) -> Markup {
    html! {
        @if rows.is_empty() { (empty(view.t("没有符合的记录。", "No row fits."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("时间", "When")) }
                    th scope="col" { (view.t("操作账号", "Who")) }
                    th scope="col" { (view.t("操作", "What")) }
                    th scope="col" { (view.t("对象", "To whom or what")) }
                    th scope="col" { (view.t("详情", "More")) }
                } }
                tbody { @for r in rows { tr {
                    th.when scope="row" { (r.at.to_shanghai()) }
                    td { (r.actor) }
                    td {
                        @if let Some(title) = super::actions::title(&r.action, view.lang()) { (title) br; }
                        code { (r.action) }
                    }
                    td { (r.target) }
                    td.detail { (r.detail) }
                } } }
            } }
        }
    }
}

pub(super) async fn policy(view: View, Query(query): Query) -> Outcome {
    view.one_of(&[PlatformRole::SecurityAdmin])?;
    let policy = view.gateway.services.identity.policy();
    show_policy(&view, &policy, StatusCode::OK, query.raw("saved").is_some(), None)
}

fn show_policy(
    view: &View,
    policy: &SecurityPolicy,
    status: StatusCode,
    saved: bool,
    failure: Option<&Failure>,
) -> Outcome {
    let title = view.t("安全策略", "Security policy");
    let content = html! {
        h1 { (title) }
        @if saved { (notice("ok", view.t("已保存，立即生效。", "Saved. It takes effect at once."))) }
        (refused(view, failure))
        form.card method="post" action="/policy" {
            label.choice { input type="checkbox" name="administrators_need_second_factor" value="true" checked[policy.administrators_need_second_factor]; " " (view.t("平台管理员必须使用第二重验证", "The platform's administrators must have a second factor")) }
            label.choice { input type="checkbox" name="officials_need_second_factor" value="true" checked[policy.officials_need_second_factor]; " " (view.t("工作人员必须使用第二重验证", "Officials must have a second factor")) }
            p.muted { (view.t("勾选后，还没有设置的工作人员只能先去设置；其在控制台、各服务和程序中的登录立即失效。", "Whoever has none may then only set one up; their sessions at the console, the services and in programs end at once.")) }
            (Input::text("step_up_minutes", view.t("验证后多少分钟内不再询问", "Minutes for which a shown second factor is good"), &policy.step_up_minutes.to_string()).number().help(view.t("1 至 60。安装、升级、卸载应用，批准权限，登记和吊销密钥，更改角色等操作前会再次询问。", "1 to 60. Installing, upgrading and uninstalling apps, approving permissions, enrolling and revoking keys, changing roles and the like ask again after that.")).render(view, failure))
            div.actions { button { (view.t("保存", "Save")) } }
        }
    };
    super::page_with(status, view, &Page::narrow(title, "/policy"), &content)
}

/// Sets the policy.
pub(crate) async fn change_policy(view: &View, policy: SecurityPolicy) -> Outcome<()> {
    let session = view.one_of(&[PlatformRole::SecurityAdmin])?;
    view.step_up()?;
    Ok(view.gateway.services.identity.set_policy(policy, &session.account).await?)
}

pub(super) async fn set_policy(view: View, Form(fields): Form) -> Outcome {
    view.one_of(&[PlatformRole::SecurityAdmin])?;
    let policy = SecurityPolicy {
        administrators_need_second_factor: fields.text("administrators_need_second_factor") == "true",
        officials_need_second_factor: fields.text("officials_need_second_factor") == "true",
        step_up_minutes: fields.text("step_up_minutes").parse().unwrap_or(0),
    };
    match change_policy(&view, policy.clone()).await {
        Ok(()) => Ok(see_other("/policy?saved=1")),
        Err(failure) if failure.kind() == kinds::INVALID => {
            show_policy(&view, &policy, failure.status(), false, Some(&failure))
        }
        Err(failure) => Err(failure),
    }
}
