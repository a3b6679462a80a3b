//! What becomes of a version after its approval: it is kept although its key was revoked, yanked, or recalled.

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Area, refused};
use crate::layout::{Page, empty, notice};
use crate::listing;
use crate::operations::{OperationError, Review};
use crate::portal::Names;
use crate::view::{View, see_other};
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_model::{Digest, Text};
use yunlong_publications::Status;

/// A decision, by the name of its button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Keep,
    Yank,
    Recall,
}

impl Decision {
    const ALL: [(&'static str, Self); 3] = [("keep", Self::Keep), ("yank", Self::Yank), ("recall", Self::Recall)];

    fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, decision)| decision)
    }

    /// Whether it means something where a version stands so. The registry asks again.
    fn fits(self, standing: Status) -> bool {
        match self {
            Self::Keep => standing == Status::InDoubt,
            Self::Yank => matches!(standing, Status::Approved | Status::InDoubt),
            Self::Recall => matches!(standing, Status::Approved | Status::InDoubt | Status::Yanked),
        }
    }

    /// Whether it is the city's alone.
    fn is_the_citys(self) -> bool {
        matches!(self, Self::Keep | Self::Recall)
    }

    fn text(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Keep => (
                "保留：可以继续安装和运行",
                "Keep it: it may be installed and run on",
                "您认定它在密钥出问题之前发布，内容可信。",
                "You hold that it was published before the key went wrong.",
            ),
            Self::Yank => (
                "下架：不再提供安装，已安装的继续运行",
                "Yank it: it is offered no longer; what runs it goes on",
                "不能撤销。开发商可以发布新版本。",
                "For good. Its vendor may publish another version.",
            ),
            Self::Recall => (
                "召回：不得安装，正在运行的立即停止",
                "Recall it: it is not installed any more, and what runs it stops at once",
                "不能撤销。各部门正在运行它的应用随即停止，直到换用其他版本；数据、消息和定时任务都保留，部门会收到通知。",
                "For good. What runs it stops in every department until it has another version; data, messages and jobs are kept, and the departments are told.",
            ),
        }
    }
}

fn digest(text: &str) -> Outcome<Digest> {
    text.parse().map_err(|_| Failure::not_found())
}

/// Whether the form is of use to this person: the registry asks the same of whoever sends it.
pub(super) fn decides(view: &View, r: &Review) -> bool {
    let own = view.session.as_ref().is_some_and(|s| s.organization.as_ref() == Some(&r.release.organization));
    r.release.approval.is_some() && (view.governor().is_ok() || (own && view.ends_versions().is_ok()))
}

/// The way to the form, for those who may decide.
pub(super) fn link(view: &View, r: &Review) -> Markup {
    html! {
        @if decides(view, r) && r.standing != Status::Recalled {
            p { a.target href={ "/versions/" (r.digest) } { (view.t("保留、下架或召回这个版本", "Keep, yank or recall this version")) } }
        }
    }
}

/// A version that this person decides about; to others it is not there.
async fn find(view: &View, text: &str) -> Outcome<Review> {
    view.ends_versions()?;
    let review = view.gateway.operations.review(digest(text)?).await?;
    if decides(view, &review) { Ok(review) } else { Err(Failure::not_found()) }
}

pub(super) async fn page(view: View, Path(text): Path<String>, Query(query): Query) -> Outcome {
    let review = find(&view, &text).await?;
    show(&view, &review, StatusCode::OK, query.raw("done").is_some(), &Fields::default(), None).await
}

async fn show(
    view: &View,
    r: &Review,
    status: StatusCode,
    done: bool,
    typed: &Fields,
    failure: Option<&Failure>,
) -> Outcome {
    let names = Names::of(view, &[r.release.organization.as_str()]).await?;
    let m = &r.manifest;
    let (title, lang) = (view.t("版本的去留", "What becomes of a version"), view.lang());
    let city = view.governor().is_ok();
    let possible: Vec<_> =
        Decision::ALL.into_iter().filter(|(_, d)| d.fits(r.standing) && (city || !d.is_the_citys())).collect();
    let nav = if city { "/signers" } else { "/reviews" };
    let content = html! {
        p { a href=(nav) { "← " (if city { view.t("供应商密钥", "Vendor keys") } else { view.t("应用审核", "App reviews") }) } }
        h1 { (m.title.get(lang)) " " (m.version) " " (listing::standing(view, r.standing)) }
        @if done { (notice("ok", view.t("已决定，立即生效，并已记入公开日志。", "Decided. It takes effect at once, and stands in the public log."))) }
        (refused(view, failure))
        section.card { dl.facts {
            dt { (view.t("供应商", "Vendor")) } dd { (names.get(&r.release.organization)) " (" (r.release.vendor) ")" }
            dt { (view.t("发布", "Published")) } dd { (r.release.at.to_shanghai()) " · " (r.release.by) }
            @if let Some(a) = &r.release.approval { dt { (view.t("审核", "Reviewed by")) } dd { (a.by) " · " (a.at.to_shanghai()) } }
            dt { (view.t("签名密钥", "Signed by")) } dd { code.digest { (r.signer.key) } }
            dt { (view.t("安装包", "Package")) } dd { code.digest { (r.digest) } }
            @if let Some(y) = &r.release.yank { dt { (view.t("下架", "Yanked")) } dd { (y.at.to_shanghai()) " · " (y.by) " · " (y.reason) } }
            @if let Some(k) = &r.release.kept { dt { (view.t("保留", "Kept")) } dd { (k.at.to_shanghai()) " · " (k.by) " · " (k.reason) } }
        } }
        (running(view, r))
        @if possible.is_empty() {
            (empty(view.t("这个版本没有需要您决定的事。", "There is nothing about this version for you to decide."), None))
        } @else {
            (view.step_up_first_at(&format!("/versions/{}", r.digest)))
            form.card method="post" action={ "/versions/" (r.digest) } {
                fieldset {
                    legend { (view.t("决定", "Decision")) }
                    @for (name, decision) in &possible {
                        @let (zh, en, more_zh, more_en) = decision.text();
                        label.choice for={ "decision-" (name) } {
                            input id={ "decision-" (name) } type="radio" name="decision" value=(name) required checked[typed.text("decision") == *name];
                            span { (view.t(zh, en)) br; small.muted { (view.t(more_zh, more_en)) } }
                        }
                    }
                }
                (Area::new("reason", view.t("理由（公开，记入日志）", "Why (public, in the log)"), typed.text("reason")).render(view, failure))
                label.choice for="confirmed" {
                    input #confirmed type="checkbox" name="confirmed" value="true" required;
                    span { (view.t("我已核对应用、版本和摘要", "I have compared app, version and digest")) }
                }
                div.actions { button.danger { (view.t("决定", "Decide")) } }
            }
        }
    };
    super::page_with(status, view, &Page::narrow(title, nav), &content)
}

/// Where it runs: whom a decision meets.
fn running(view: &View, r: &Review) -> Markup {
    let mut all = view.gateway.services.installations.list();
    all.retain(|i| i.package_digest == r.digest);
    html! {
        @if !all.is_empty() {
            h2 { (view.t("正在使用它的部门", "Who runs it")) }
            ul { @for i in &all { li { (i.organization_name) " · " code { (i.name) } " " (super::app::status_badge(view, i)) } } }
        }
    }
}

pub(super) async fn decide(view: View, Path(text): Path<String>, Form(form): Form) -> Outcome {
    let by = view.ends_versions()?;
    let review = find(&view, &text).await?;
    let address = format!("/versions/{}", review.digest);
    view.step_up_for(&address)?;
    match take(&view, &review.digest, &form, &by).await {
        Ok(()) => Ok(see_other(&format!("{address}?done=1"))),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            // The state may have changed with the attempt.
            let now = find(&view, &text).await?;
            show(&view, &now, failure.status(), false, &form, Some(&failure)).await
        }
    }
}

async fn take(view: &View, digest: &Digest, form: &Fields, by: &str) -> Outcome<()> {
    let wrong = |field: &str, text: Text| Failure::new(kinds::INVALID).field(field, text.zh, text.en);
    let decision = Decision::named(form.text("decision"))
        .ok_or_else(|| wrong("decision", Text { zh: "请选择一项决定".into(), en: "Choose a decision".into() }))?;
    if form.text("confirmed") != "true" {
        let text = Text { zh: "请先核对，再勾选确认".into(), en: "Compare them first, and say so".into() };
        return Err(wrong("confirmed", text));
    }
    let (operations, reason) = (&view.gateway.operations, form.text("reason"));
    let done: Result<_, OperationError> = match decision {
        Decision::Keep => operations.keep_version(digest, reason, by).await,
        Decision::Yank => operations.end_version(digest, reason, false, by).await,
        Decision::Recall => operations.end_version(digest, reason, true, by).await,
    };
    done?;
    Ok(())
}
