//! The copies of known vulnerabilities that submissions are held against, and the form that brings one in.

use super::city_administrator;
use crate::api::advisories::{asked, bring_in};
use crate::body::{self, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, field_error, notice};
use crate::operations::OperationError;
use crate::view::{View, see_other};
use axum::extract::Request;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_identity::PlatformRole::{AppReviewer, SecurityAdmin, SystemAdmin};
use yunlong_publications::advisories::{Ecosystem, ImportInfo, MAX_ARCHIVE};

const PATH: &str = "/advisories";
/// What a browser writes around the file.
const FORM: u64 = 16 * 1024;

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    view.one_of(&[SystemAdmin, SecurityAdmin, AppReviewer])?;
    show(&view, StatusCode::OK, query.raw("saved").is_some(), None).await
}

async fn show(view: &View, status: StatusCode, saved: bool, failure: Option<&Failure>) -> Outcome {
    let publications = view.gateway.services.library.publications();
    let imports = publications.advisories().await.map_err(OperationError::from)?;
    let title = view.t("安全公告", "Advisories");
    let content = html! {
        h1 { (title) }
        p { (view.t("每个提交的物料清单都与这里的漏洞公告核对。平台不访问网络，公告由系统管理员导入；没有导入过的生态只提示、不拒绝。", "The list of parts of each submission is held against these. The platform asks no network: the system administrator brings them in. Parts of an ecosystem that was never imported are remarked on, and not refused.")) }
        @if saved { (notice("ok", view.t("已导入。", "Imported."))) }
        @if imports.is_empty() { (empty(view.t("还没有导入公告。", "None was imported yet."), None)) } @else { (table(view, title, &imports, publications.policy().advisories_days)) }
        @if city_administrator(view).is_ok() { (form(view, failure)) }
        @else { p.muted { (view.t("导入由系统管理员办理。", "The system administrator imports them.")) } }
    };
    super::page_with(status, view, &Page::new(title, "/reviews"), &content)
}

fn table(view: &View, title: &str, imports: &[ImportInfo], days: u32) -> Markup {
    let now = view.gateway.services.clock.now();
    html! {
        div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
            thead { tr {
                th scope="col" { (view.t("生态", "Ecosystem")) }
                th scope="col" { (view.t("公告与软件包", "Advisories and packages")) }
                th scope="col" { (view.t("最新一条", "Newest of them")) }
                th scope="col" { (view.t("导入", "Imported")) }
                th scope="col" { (view.t("来源", "From")) }
            } }
            tbody { @for i in imports { tr {
                th scope="row" { (i.ecosystem) }
                td { (i.advisories) " · " (i.packages) @if i.unreadable > 0 { br; small.muted { (i.unreadable) (view.t(" 个文件无法读取", " files could not be read")) } } }
                td { span.when { (i.newest.to_shanghai()) } @if i.age_days(now) > i64::from(days) { br; span.badge.badge-warn { (view.t("已过时", "Old")) } } }
                td { span.when { (i.at.to_shanghai()) } " · " (i.by) }
                td { (i.source) }
            } } }
        } }
    }
}

fn form(view: &View, failure: Option<&Failure>) -> Markup {
    let of = |name: &str| {
        let known = failure?.fields().iter().find(|e| e.name == name)?;
        Some(known.detail.get(view.lang()))
    };
    let (ecosystem, source) = (of("ecosystem"), of("source"));
    // What is said of no field is about the file.
    let archive = of("archive")
        .or_else(|| failure.filter(|_| ecosystem.is_none() && source.is_none()).map(|f| f.text(view.lang())));
    html! {
        h2 { (view.t("导入公告", "Import advisories")) }
        (view.step_up_first())
        form.card method="post" action=(PATH) enctype="multipart/form-data" {
            label for="ecosystem" { (view.t("生态", "Ecosystem")) }
            select #ecosystem name="ecosystem" required aria-invalid=[ecosystem.map(|_| "true")] aria-describedby=[ecosystem.map(|_| "ecosystem-error")] {
                @for e in Ecosystem::ALL { option value=(e) { (e) } }
            }
            (field_error("ecosystem-error", ecosystem))
            label for="source" { (view.t("来源", "Where it is from")) }
            input #source name="source" required maxlength="200" aria-invalid=[source.map(|_| "true")] aria-describedby=(if source.is_some() { "source-error" } else { "source-help" });
            (field_error("source-error", source))
            span.field-help #source-help { (view.t("写入公开日志，例如 osv.dev。", "It stands in the public log, such as osv.dev.")) }
            label for="archive" { (view.t("压缩包（.zip）", "Archive (.zip)")) }
            input #archive type="file" name="archive" accept=".zip" required aria-invalid=[archive.map(|_| "true")] aria-describedby=(if archive.is_some() { "archive-error" } else { "archive-help" });
            (field_error("archive-error", archive))
            span.field-help #archive-help { (view.t("osv.dev 该生态的 all.zip，或 RustSec advisory-db 的压缩包，最多 512 MiB；整体替换该生态的上一份。", "The ecosystem’s all.zip of osv.dev, or a zip of RustSec’s advisory-db, at most 512 MiB: it takes the place of the copy before of the same ecosystem.")) }
            div.actions { button { (view.t("导入", "Import")) } }
        }
    }
}

pub(super) async fn import(view: View, request: Request) -> Outcome {
    let by = city_administrator(&view)?.account;
    view.step_up_for(PATH)?;
    match take(&view, request, &by).await {
        Ok(_) => Ok(see_other("/advisories?saved=1")),
        Err(failure) if failure.kind() == kinds::INVALID || failure.kind() == kinds::CONFLICT => {
            show(&view, failure.status(), false, Some(&failure)).await
        }
        Err(failure) => Err(failure),
    }
}

async fn take(view: &View, request: Request, by: &str) -> Outcome<ImportInfo> {
    let limit = usize::try_from(MAX_ARCHIVE.saturating_add(FORM)).unwrap_or(usize::MAX);
    let _seat = view.gateway.seat()?;
    let mut form = body::multipart(request, limit, &view.gateway.config).await?;
    let malformed = || Failure::new(kinds::INVALID).field("archive", "请选择一个压缩包。", "Choose an archive.");
    let (mut ecosystem, mut source, mut archive) = (String::new(), String::new(), bytes::Bytes::new());
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        match field.name() {
            Some("ecosystem") => ecosystem = field.text().await.map_err(|_| malformed())?,
            Some("source") => source = field.text().await.map_err(|_| malformed())?,
            Some("archive") => archive = field.bytes().await.map_err(|_| malformed())?,
            _ => (),
        }
    }
    let asked = asked(ecosystem.trim(), source.trim())?;
    if archive.is_empty() {
        return Err(malformed());
    }
    bring_in(view, asked, archive, by).await
}
