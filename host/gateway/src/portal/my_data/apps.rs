//! What the apps keep about a person, and its erasure.

use super::shown::Shown;
use super::{NAV, People, facts, tabs};
use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::operations::personal::{Count, Erasure, Held};
use crate::origins::Site;
use crate::view::{View, see_other};
use axum::extract::Path;
use maud::{Markup, html};
use serde_json::Value;
use std::sync::Arc;
use yunlong_installations::Installation;
use yunlong_model::manifest::{OnErasure, Personal};

/// Documents of a collection on one page.
const PAGE: u32 = 20;

/// An installation that keeps personal data.
fn keeper(view: &View, name: &str) -> Outcome<Arc<Installation>> {
    let name = crate::api::name(name)?;
    let found = view.gateway.operations.keepers().into_iter().find(|i| i.name == name);
    found.ok_or_else(|| {
        Failure::new(kinds::NO_SUCH_SERVICE).because(
            "没有这项服务，或者它没有保存个人信息。",
            "There is no such service, or it keeps no personal data.",
        )
    })
}

/// The apps that keep something about this person, with how much.
async fn keeping(view: &View, account: &str) -> Outcome<Vec<(Arc<Installation>, Vec<Count>)>> {
    let operations = &view.gateway.operations;
    let mut rows = Vec::new();
    for i in operations.keepers() {
        let counts = operations.count_held(&i, account).await?;
        if counts.iter().any(|c| c.documents > 0) {
            rows.push((i, counts));
        }
    }
    Ok(rows)
}

/// The same, for programs.
pub(super) async fn counts_json(view: &View, account: &str) -> Outcome<Vec<Value>> {
    let of = |c: &Count| {
        serde_json::json!({
            "title": c.personal.title, "documents": c.documents, "more": c.more, "on_erasure": c.personal.on_erasure,
            "law": c.personal.law,
        })
    };
    let all = keeping(view, account).await?;
    let app = |(i, counts): &(Arc<Installation>, Vec<Count>)| {
        serde_json::json!({
            "installation": i.name, "title": i.manifest.title, "organization": i.organization_name,
            "collections": counts.iter().map(of).collect::<Vec<_>>(),
        })
    };
    Ok(all.iter().map(app).collect())
}

/// The apps that keep something about this person, for the overview.
pub(super) async fn overview(view: &View, account: &str) -> Outcome<Markup> {
    let rows = keeping(view, account).await?;
    let heading = view.t("各应用保存的信息", "What apps keep");
    Ok(html! {
        h2 #apps { (heading) }
        p { (view.t("应用只认得您在它那里的代号。下面是它们按代号保存的、关于您的记录。", "An app knows you by a pseudonym only. These are the records that apps keep under yours.")) }
        @if rows.is_empty() { (empty(view.t("没有应用保存着关于您的记录。", "No app keeps a record about you."), Some(("/", view.t("全部服务", "All services"))))) } @else {
            ul.grid-wide { @for (i, counts) in &rows { li { div.card {
                h3 { a href={ "/my-data/apps/" (i.name) } { (i.manifest.title.get(view.lang())) } }
                p.muted { (i.organization_name) }
                ul { @for c in counts.iter().filter(|c| c.documents > 0) { li { (c.personal.title.get(view.lang())) "：" (number(view, c)) } } }
            } } } }
        }
    })
}

fn number(view: &View, c: &Count) -> String {
    let more = if c.more { view.t("以上", " or more") } else { "" };
    format!("{}{}{more}", c.documents, view.t(" 条", ""))
}

pub(in crate::portal) async fn page(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let i = keeper(&view, &name)?;
    let operations = &view.gateway.operations;
    let (collection, cursor) = (query.text("of"), query.raw("cursor").map(str::to_owned));
    let only = (!collection.is_empty()).then_some((collection, cursor));
    let held = operations.held(&i, &session.account, only, PAGE).await?;
    let people = People::of(&view, &session.account).await?;
    held.iter().fold(Shown::to(&view, session, &people), |s, h| s.app(&i, h)).write_down().await?;
    let erasure = operations.erasure_of(&session.account, &i.name).await?;
    let title = i.manifest.title.get(view.lang());
    let found = held.iter().any(|h| !h.documents.is_empty());
    let content = html! {
        p { a href=(NAV) { "← " (view.t("我的数据", "My data")) } }
        h1 { (title) }
        p { (i.organization_name) " · " a href=(crate::city::start_address(&view.gateway, &Site::App(i.name.clone()), "/")) { (view.t("打开该应用", "Open the app")) } }
        @if query.raw("done").is_some() { (notice("ok", view.t("已按应用的说明处理完毕。", "It was done as the app declares."))) }
        @if let Some(e) = &erasure { (last(&view, e)) }
        @if found { @for h in held.iter().filter(|h| !h.documents.is_empty()) { (collection_of(&view, &i, h)) } }
        @else { (empty(view.t("该应用没有保存关于您的记录。", "This app keeps no record about you."), Some((NAV, view.t("返回我的数据", "Back to my data"))))) }
        @if found { div.actions { a role="button" class="outline danger" href={ "/my-data/apps/" (i.name) "/erase" } { (view.t("删除我在该应用的信息…", "Erase my data in this app…")) } } }
        p { a href="/help#my-data" { (view.t("这些信息是怎么来的？", "Where does this come from?")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), content).await
}

fn last(view: &View, e: &Erasure) -> Markup {
    html! {
        div.notice.notice-info role="status" {
            @match e.finished_at {
                Some(at) => p { (view.t("上次删除于 ", "Erased last at ")) (at.to_shanghai()) (view.t("：删除 ", ": removed ")) (e.deleted) (view.t(" 条，清除个人信息 ", ", cleared ")) (e.cleared) (view.t(" 条，依法保留 ", ", kept by law ")) (e.kept) (view.t(" 条。", ".")) },
                None => p { (view.t("删除正在进行，请稍后刷新。", "The erasure is under way: reload in a moment.")) },
            }
        }
    }
}

fn collection_of(view: &View, i: &Installation, held: &Held) -> Markup {
    let heading = held.personal.title.get(view.lang());
    html! {
        section.card {
            h2 { (heading) }
            p.muted { (fate(view, &held.personal)) }
            @for (id, body) in &held.documents {
                article.record aria-label={ (heading) " " (id) } {
                    p.muted { (view.t("编号 ", "No. ")) code { (id) } }
                    (facts::shown(view, &held.personal, body))
                }
            }
            @if let Some(next) = &held.next {
                nav.pager aria-label={ (heading) (view.t("，翻页", ", pages")) } { a href={ "/my-data/apps/" (i.name) "?of=" (crate::encode(&held.part)) "&cursor=" (crate::encode(next)) } { (view.t("更早的记录", "Older records")) } }
            }
        }
    }
}

/// What becomes of a collection's documents when the person asks for erasure.
fn fate(view: &View, personal: &Personal) -> String {
    let law = personal.law.as_deref().unwrap_or("");
    match (personal.on_erasure, law) {
        (OnErasure::Delete, _) => view.t("您要求删除时：整条删除。", "When you ask for erasure: removed.").to_owned(),
        (OnErasure::Clear, "") => view
            .t(
                "您要求删除时：清除个人信息，其余留作该应用的账目，与您不再有关联。",
                "When you ask for erasure: cleared of your data; the rest stays for the app’s accounts and no longer leads to you.",
            )
            .to_owned(),
        (OnErasure::Clear, law) => format!(
            "{}{law}",
            view.t("您要求删除时：清除个人信息，其余依法留存：", "When you ask for erasure: cleared of your data; the rest stays by law: ")
        ),
        (OnErasure::Keep, law) => format!("{}{law}", view.t("依法保留，不能删除：", "Kept by law and not erased: ")),
    }
}

pub(in crate::portal) async fn confirm(view: View, Path(name): Path<String>) -> Outcome {
    let session = view.signed_in()?;
    let i = keeper(&view, &name)?;
    let counts = view.gateway.operations.count_held(&i, &session.account).await?;
    let title = view.t("删除我的信息", "Erase my data");
    let content = html! {
        p { a href={ "/my-data/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) }
        (view.step_up_first())
        div.notice.notice-warn role="status" {
            strong { (view.t("此操作不能撤销", "This cannot be undone")) }
            p { (view.t("还没有用的票、没有办完的事，请先在应用里办完或者取消。", "Finish or cancel first what you still need in the app, such as tickets that you have not used.")) }
        }
        section.card {
            h2 { (i.manifest.title.get(view.lang())) " · " (i.organization_name) }
            dl.facts { @for c in &counts {
                dt { (c.personal.title.get(view.lang())) }
                dd { (number(&view, c)) br; (fate(&view, &c.personal)) }
            } }
        }
        form method="post" action={ "/my-data/apps/" (i.name) "/erase" } {
            label.choice { input type="checkbox" name="agree" value="true" required; " " (view.t("我已了解，确认删除", "I understand and want it erased")) }
            div.actions {
                button.danger { (view.t("删除", "Erase")) }
                a role="button" class="outline" href={ "/my-data/apps/" (i.name) } { (view.t("取消", "Cancel")) }
            }
        }
    };
    super::super::page(&view, &Page::narrow(title, NAV), content).await
}

pub(in crate::portal) async fn erase(view: View, Path(name): Path<String>, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let i = keeper(&view, &name)?;
    view.step_up_for(&format!("/my-data/apps/{}/erase", i.name))?;
    if fields.text("agree") != "true" {
        return Err(Failure::new(kinds::INVALID).field("agree", "请勾选确认。", "Tick that you want it."));
    }
    let erased = view.gateway.operations.erase(&i.name, &session.account, view.request_id.as_str()).await?;
    if view.wants_json {
        return crate::view::json(http::StatusCode::OK, &erased);
    }
    Ok(see_other(&format!("/my-data/apps/{}?done=1", i.name)))
}

/// All apps that keep something, with what becomes of it: the page of erasure.
pub(in crate::portal) async fn erasure_page(view: View) -> Outcome {
    let session = view.signed_in()?;
    let rows = keeping(&view, &session.account).await?;
    let title = view.t("删除", "Erasure");
    let content = html! {
        h1 { (title) }
        (tabs(&view, "/my-data/erasure"))
        p { (view.t("您可以要求应用删除它保存的、关于您的信息。依法必须保留的，会写明依据。", "You can have an app erase what it keeps about you. Where a law demands to keep it, the law is named.")) }
        @if rows.is_empty() { (empty(view.t("没有应用保存着关于您的记录。", "No app keeps a record about you."), Some((NAV, view.t("返回我的数据", "Back to my data"))))) }
        @for (i, counts) in &rows {
            section.card {
                h2 { (i.manifest.title.get(view.lang())) }
                p.muted { (i.organization_name) }
                dl.facts { @for c in counts {
                    dt { (c.personal.title.get(view.lang())) }
                    dd { (number(&view, c)) br; (fate(&view, &c.personal)) }
                } }
                div.actions { a role="button" class="outline danger" href={ "/my-data/apps/" (i.name) "/erase" } { (view.t("删除…", "Erase…")) span.visually-hidden { " " (i.manifest.title.get(view.lang())) } } }
            }
        }
        section.card {
            h2 { (view.t("依法保留的", "What is kept by law")) }
            p { (view.t("人口、信用等基础信息库由主管部门依法登记（《中华人民共和国户口登记条例》等），不因申请而删除；内容有误的，可以申请更正。", "The base databases (population, credit and the like) are kept by their authorities by law, such as the Regulations on Household Registration, and are not erased on request. What is wrong in them can be corrected.")) }
            p { (view.t("“谁看过”的记录保存 ", "The record of who read your data is kept for ")) (view.gateway.services.audit.retention_days()) (view.t(" 天，供您和审计查阅；期满后内容销毁，只留无法还原的摘要。注销账号时，审计管理员可以依您的申请提前销毁。", " days, for you and for audits. Then its contents are destroyed, and only digests stay that lead back to nothing. When you close your account, the audit administrator can destroy it earlier at your request.")) }
            p { a href="/my-data/corrections" { (view.t("申请更正", "Ask for a correction")) } }
        }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), content).await
}
