//! Grants: what stands, what has expired, what was revoked; and taking one back.

use super::requests::{dataset_title, terms};
use super::{NAV, mendable, tabs};
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome};
use crate::forms::{Area, Input, refused};
use crate::layout::{Page, empty, notice};
use crate::portal::app_title;
use crate::view::{View, see_other};
use http::StatusCode;
use maud::{Markup, html};
use yunlong_hub::{Actor, Grant, GrantFilter};

const PATH: &str = "/hub/grants";

/// The grants that this person sees: of their datasets, and of the apps that they run.
pub(crate) async fn of(view: &View, actor: &Actor) -> Outcome<Vec<Grant>> {
    let services = &view.gateway.services;
    let all = services.hub.grants(&GrantFilter::default()).await?;
    let own = actor.organization.as_deref();
    let sees = |g: &Grant| {
        actor.system_admin
            || services.hub.catalogue_entry(&g.dataset).is_some_and(|e| actor.acts_for(&e.dataset.provider))
            || own.is_some_and(|o| {
                services
                    .installations
                    .get(&g.installation)
                    .is_some_and(|i| services.identity.is_within(&i.organization, o))
            })
    };
    Ok(all.into_iter().filter(sees).collect())
}

/// In one word: `standing`, `expired`, `revoked`.
pub(crate) fn state(view: &View, g: &Grant) -> &'static str {
    match (&g.revoked, g.stands(view.gateway.services.clock.now())) {
        (Some(_), _) => "revoked",
        (None, true) => "standing",
        (None, false) => "expired",
    }
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let all = of(&view, &actor).await?;
    let title = view.t("共享授权", "Grants");
    let groups = [("standing", "有效", "Standing"), ("expired", "已到期", "Expired"), ("revoked", "已撤销", "Revoked")];
    let content = html! {
        h1 { (title) }
        (tabs(&view, &actor, PATH))
        @if query.raw("done").is_some() { (notice("ok", view.t("已办理，应用的下一次读取即按新的授权判断。", "Done: the app’s next read goes by it."))) }
        @if all.is_empty() { (empty(view.t("还没有授权。应用的申请获批后会出现在这里。", "No grant yet. Approved requests appear here."), Some(("/hub/requests", view.t("查看申请", "Requests"))))) }
        @for (name, zh, en) in groups {
            @let some: Vec<_> = all.iter().filter(|g| state(&view, g) == name).collect();
            @if !some.is_empty() { (table(&view, &actor, view.t(zh, en), &some)) }
        }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), &content)
}

fn address(g: &Grant) -> String {
    let e = crate::encode;
    format!("{PATH}/revoke?installation={}&dataset={}&purpose={}", g.installation, e(&g.dataset), e(&g.purpose))
}

fn provides(view: &View, actor: &Actor, g: &Grant) -> bool {
    view.gateway.services.hub.catalogue_entry(&g.dataset).is_some_and(|e| actor.acts_for(&e.dataset.provider))
}

fn table(view: &View, actor: &Actor, heading: &str, all: &[&Grant]) -> Markup {
    html! {
        h2 { (heading) }
        div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
            thead { tr {
                th scope="col" { (view.t("应用", "App")) }
                th scope="col" { (view.t("信息资源", "Dataset")) }
                th scope="col" { (view.t("用途", "Purpose")) }
                th scope="col" { (view.t("有效期至", "Until")) }
                th scope="col" { (view.t("由谁批准", "Granted by")) }
                th scope="col" { (view.t("操作", "Action")) }
            } }
            tbody { @for g in all { tr {
                th scope="row" { (app_title(view, &g.installation)) br; small.muted { code.nowrap { (g.installation) } } }
                td { (dataset_title(view, &g.dataset)) }
                td { code.nowrap { (g.purpose) } }
                td { (g.until.to_shanghai()) @if let Some(r) = &g.revoked { br; small { (view.t("撤销于 ", "revoked ")) (r.at.to_shanghai()) (view.t("：", ": ")) (crate::words::reason(&r.reason, view.lang())) } } }
                td { @if g.granted_by == "-" { (view.t("无条件共享", "shared unconditionally")) } @else { (g.granted_by) } }
                td {
                    a href={ "/hub/requests/" (g.request) } { (view.t("查看", "Open")) span.visually-hidden { " " (g.installation) " " (g.purpose) } }
                    @if g.revoked.is_none() && provides(view, actor, g) { " " a role="button" class="small outline danger" href=(address(g)) { (view.t("撤销或延期…", "Revoke or extend…")) span.visually-hidden { " " (g.installation) " " (g.purpose) } } }
                }
            } } }
        } }
    }
}

/// The grant that a form or an address names.
async fn named(view: &View, actor: &Actor, f: &Fields) -> Outcome<Grant> {
    let (installation, dataset, purpose) = (f.text("installation"), f.text("dataset"), f.text("purpose"));
    let all = of(view, actor).await?;
    let found = all
        .into_iter()
        .find(|g| g.installation.as_str() == installation && g.dataset == dataset && g.purpose == purpose);
    found.ok_or_else(|| Failure::not_found().because("没有这项授权。", "There is no such grant."))
}

pub(super) async fn confirm(view: View, Query(query): Query) -> Outcome {
    show(&view, &query, StatusCode::OK, None).await
}

async fn show(view: &View, f: &Fields, status: StatusCode, failure: Option<&Failure>) -> Outcome {
    let actor = view.official()?;
    let g = named(view, &actor, f).await?;
    let dataset = view.gateway.services.hub.dataset(&g.dataset);
    let extending = f.text("act") == "extend";
    let title = view.t("撤销或延长授权", "Revoke or extend a grant");
    let hidden = html! {
        input type="hidden" name="installation" value=(g.installation.as_str());
        input type="hidden" name="dataset" value=(g.dataset);
        input type="hidden" name="purpose" value=(g.purpose);
    };
    let content = html! {
        p { a href=(PATH) { "← " (view.t("共享授权", "Grants")) } }
        h1 { (title) }
        (refused(view, failure))
        (view.step_up_first_at(&address(&g)))
        section.card { dl.facts {
            dt { (view.t("应用", "App")) } dd { (app_title(view, &g.installation)) }
            dt { (view.t("信息资源", "Dataset")) } dd { (dataset_title(view, &g.dataset)) }
            dt { (view.t("用途", "Purpose")) } dd { code.nowrap { (g.purpose) } }
            (terms(view, &g.terms, dataset.as_deref()))
            dt { (view.t("有效期至", "Until")) } dd { (g.until.to_shanghai()) }
        } }
        form.card method="post" action={ (PATH) "/revoke" } {
            h2 { (view.t("撤销", "Revoke")) }
            p { (view.t("立即生效：应用的下一次读取即被拒绝，页面会向市民说明原因。", "At once: the app’s next read is refused, and people are told why.")) }
            (hidden)
            (Area { max: 1_000, ..Area::new("reason", view.t("理由（申请部门会看到）", "Why (the department that asked reads it)"), f.text("reason")) }.render(view, failure.filter(|_| !extending)))
            div.actions { button.danger name="act" value="revoke" { (view.t("撤销", "Revoke")) } a role="button" class="outline" href=(PATH) { (view.t("取消", "Cancel")) } }
        }
        form.card method="post" action={ (PATH) "/revoke" } {
            h2 { (view.t("延期", "Extend")) }
            p { (view.t("按原来的条件延长，不超过申请的期限。", "On the same terms, as long from now as was asked for at most.")) }
            (hidden)
            (Input { kind: "date", ..Input::text("until", view.t("新的截止日（含当天）", "Until (that day included)"), f.text("until")) }.render(view, failure.filter(|_| extending)))
            div.actions { button.outline name="act" value="extend" { (view.t("延期", "Extend")) } }
        }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::narrow(title, NAV), &content)
}

/// Takes a grant back, or extends it.
pub(crate) async fn change(view: &View, f: &Fields) -> Outcome<Grant> {
    let actor = view.official()?;
    let (g, hub) = (named(view, &actor, f).await?, &view.gateway.services.hub);
    if f.text("act") != "extend" {
        let revoked = hub.revoke_grant(&g.installation, &g.dataset, &g.purpose, f.text("reason"), &actor).await?;
        hub.denies_anew(&g.installation, None).await;
        return Ok(revoked);
    }
    view.step_up_for(&address(&g))?;
    let until = super::audit::day(f.text("until")).ok_or_else(|| {
        Failure::new(crate::failure::kinds::INVALID).field(
            "until",
            "请按 2026-10-01 的样式填写日期。",
            "Write the day like 2026-10-01.",
        )
    })?;
    Ok(hub.extend_grant(&g.installation, &g.dataset, &g.purpose, until.plus_millis(86_400_000), &actor).await?)
}

pub(super) async fn revoke(view: View, Form(form): Form) -> Outcome {
    match change(&view, &form).await {
        Ok(_) => Ok(see_other(&format!("{PATH}?done=1"))),
        Err(f) if mendable(&f) => show(&view, &form, f.status(), Some(&f)).await,
        Err(f) => Err(f),
    }
}
