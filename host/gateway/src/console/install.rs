//! Installing: choose or upload a package, read what it may do, approve.

use super::config_form;
use crate::body::{self, Fields, Form};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty};
use crate::operations::{Install, Review, Upgrading};
use crate::view::{View, see_other};
use axum::extract::{FromRequest, Multipart, Path, Request};
use http::StatusCode;
use maud::{Markup, html};
use std::collections::BTreeMap;
use yunlong_installations::Difference;
use yunlong_model::Digest;

fn steps(view: &View, current: usize) -> Markup {
    let all = [("选择安装包", "Choose a package"), ("核对权限", "Review what it may do"), ("完成", "Done")];
    html! { ol.steps { @for (n, (zh, en)) in all.iter().enumerate() { li aria-current=[(n == current).then_some("step")] { (view.t(zh, en)) } } } }
}

pub(super) async fn choose(view: View) -> Outcome {
    view.administrator()?;
    show_choice(&view, StatusCode::OK, None).await
}

async fn show_choice(view: &View, status: StatusCode, failure: Option<&Failure>) -> Outcome {
    let published = view.gateway.operations.published().await?;
    let title = view.t("安装应用", "Install an app");
    let list = view.t("已发布的安装包", "Published packages");
    let content = html! {
        h1 { (title) }
        (steps(view, 0))
        @if let Some(f) = failure { (problem(view, f)) }
        h2 { (list) }
        @if published.is_empty() {
            (empty(view.t("还没有供应商发布安装包。供应商可用 yunlong publish 发布，也可在下方上传。", "No vendor has published a package yet. Vendors use `yunlong publish`, or upload one below."), None))
        } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(list) { table {
                thead { tr {
                    th scope="col" { (view.t("应用", "App")) }
                    th scope="col" { (view.t("版本", "Version")) }
                    th scope="col" { (view.t("供应商", "Vendor")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for r in &published { tr {
                    th scope="row" { (r.manifest.title.get(view.lang())) br; small.muted { (r.manifest.description.get(view.lang())) } }
                    td { (r.manifest.version) }
                    td { (r.manifest.vendor) }
                    td { a role="button" class="small" href={ "/install/" (r.digest) } { (view.t("核对", "Review")) span.visually-hidden { " " (r.manifest.title.get(view.lang())) " " (r.manifest.version) } } }
                } } }
            } }
        }
        h2 { (view.t("上传安装包", "Upload a package")) }
        form.card method="post" action="/install" enctype="multipart/form-data" {
            label for="package" { (view.t("安装包文件（.tar）", "Package file (.tar)")) }
            input #package type="file" name="package" accept=".tar" required aria-describedby="package-help";
            span.field-help #package-help { (view.t("由 yunlong package 生成，并由已登记的供应商密钥签名。", "Made by `yunlong package` and signed with an enrolled vendor key.")) }
            div.actions { button { (view.t("上传并核对", "Upload and review")) } }
        }
    };
    super::page_with(status, view, &Page::new(title, "/install"), &content)
}

fn problem(view: &View, f: &Failure) -> Markup {
    html! {
        div.notice.notice-bad role="alert" {
            strong { (view.t(f.kind().title.0, f.kind().title.1)) }
            @if f.fields().is_empty() { p { (f.text(view.lang())) } }
            @for e in f.fields() { p { (e.detail.get(view.lang())) } }
        }
    }
}

pub(super) async fn upload(view: View, request: Request) -> Outcome {
    let by = view.administrator()?;
    let published = match uploaded(&view, request).await {
        Ok(tar) => view.gateway.operations.publish(tar, &by.account).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match published {
        Ok(submitted) => Ok(see_other(&format!("/reviews/{}", submitted.submission.number))),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => show_choice(&view, failure.status(), Some(&failure)).await,
    }
}

async fn uploaded(view: &View, request: Request) -> Outcome<bytes::Bytes> {
    let config = &view.gateway.config;
    let (parts, content) = request.into_parts();
    let whole = body::read(content, &parts.headers, config.package_limit, config.page_timeout).await?;
    let malformed =
        || Failure::new(kinds::INVALID).field("package", "请选择一个安装包文件。", "Choose a package file.");
    let request = Request::from_parts(parts, axum::body::Body::from(whole));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| malformed())?;
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        if field.name() == Some("package") {
            let bytes = field.bytes().await.map_err(|_| malformed())?;
            return if bytes.is_empty() { Err(malformed()) } else { Ok(bytes) };
        }
    }
    Err(malformed())
}

fn digest(text: &str) -> Outcome<Digest> {
    text.parse().map_err(|_| Failure::not_found())
}

pub(super) async fn review(view: View, Path(text): Path<String>) -> Outcome {
    let by = view.administrator()?;
    let review = view.gateway.operations.review(digest(&text)?).await?;
    let mut typed = Fields::default();
    typed.push("name".into(), review.manifest.name.to_string());
    typed.push("organization".into(), by.organization.unwrap_or_default());
    show_review(&view, &review, StatusCode::OK, &typed, None).await
}

/// Installations of the same app that may be upgraded to this release.
async fn upgrades(view: &View, r: &Review) -> Outcome<Markup> {
    let session = view.signed_in()?;
    let services = &view.gateway.services;
    let all = services.installations.list();
    let mut rows = Vec::new();
    for i in all.iter().filter(|i| {
        i.app == r.manifest.name
            && i.manifest.version < r.manifest.version
            && services.identity.may_administer(session, &i.organization)
    }) {
        rows.push((i.clone(), Difference::between(&i.manifest, &r.manifest)));
    }
    Ok(html! {
        @for (i, difference) in &rows {
            form.card method="post" action={ "/install/" (r.digest) "/upgrade" } {
                h2 { (view.t("升级：", "Upgrade: ")) (i.name) " " (i.version) " → " (r.manifest.version) }
                input type="hidden" name="name" value=(i.name);
                @if difference.added.is_empty() { p { (view.t("不需要新的权限。", "It asks for no new permission.")) } } @else {
                    p { strong { (view.t("新增权限：", "New permissions:")) } }
                    ul { @for c in &difference.added { li { (c.title(&r.manifest).get(view.lang())) input type="hidden" name="approve" value=(c); } } }
                }
                @if !difference.removed.is_empty() {
                    p { (view.t("不再需要：", "No longer asked for:")) }
                    ul { @for c in &difference.removed { li { (c.title(&i.manifest).get(view.lang())) } } }
                }
                @if i.manifest.data.understands(r.manifest.data.schema) {
                    label for={ "share-" (i.name) } { (view.t("先服务多少市民", "Whom it serves at first")) }
                    select id={ "share-" (i.name) } name="share" {
                        option value="" { (view.t("全部市民", "Everybody")) }
                        @for share in [5, 10, 25, 50] { option value=(share) { (share) " %" } }
                    }
                }
                div.actions { button { (view.t("批准并升级", "Approve and upgrade")) } }
            }
        }
    })
}

pub(super) async fn upgrade(view: View, Path(text): Path<String>, Form(form): Form) -> Outcome {
    let (installation, by) = super::administer(&view, form.text("name"))?;
    let package = digest(&text)?;
    view.step_up_for(&format!("/install/{package}"))?;
    let approve: Vec<String> = form.all("approve").map(str::to_owned).collect();
    let share = match form.text("share") {
        "" => None,
        share => Some(share.parse().map_err(|_| Failure::new(kinds::MALFORMED))?),
    };
    let wanted = Upgrading { package, approve, share, by: by.account };
    match view.gateway.operations.upgrade(&installation.name, wanted).await.map_err(Failure::from) {
        Ok(upgraded) => Ok(see_other(&format!("/apps/{}/versions?done=1", upgraded.name))),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            let review = view.gateway.operations.review(package).await?;
            let mut typed = Fields::default();
            typed.push("name".into(), review.manifest.name.to_string());
            show_review(&view, &review, failure.status(), &typed, Some(&failure)).await
        }
    }
}

async fn show_review(
    view: &View,
    r: &Review,
    status: StatusCode,
    typed: &Fields,
    failure: Option<&Failure>,
) -> Outcome {
    let m = &r.manifest;
    let title = m.title.get(view.lang());
    let values: BTreeMap<_, _> = config_form::values(m.config.as_ref(), typed);
    let upgrades = upgrades(view, r).await?;
    let datasets = super::hub::uses::asked(view, m).await?;
    let content = html! {
        h1 { (view.t("安装：", "Install: ")) (title) }
        (steps(view, 1))
        @if let Some(f) = failure { (problem(view, f)) }
        (view.step_up_first())
        section.card {
            p { (m.description.get(view.lang())) }
            dl.facts {
                dt { (view.t("版本", "Version")) } dd { (m.name) " " (m.version) }
                dt { (view.t("供应商", "Vendor")) } dd { (r.signer.vendor) " " span.badge.badge-ok { (view.t("签名有效", "Signature valid")) } }
                dt { (view.t("签名密钥", "Signed by")) } dd { code { (r.signer.key) } }
                dt { (view.t("安装包", "Package")) } dd { code { (r.digest) } }
            }
        }
        (datasets)
        (upgrades)
        form method="post" action={ "/install/" (r.digest) } {
            fieldset.card {
                legend { (view.t("该应用申请以下权限，请逐项核对", "The app asks for these permissions: check each")) }
                @if r.capabilities.is_empty() { p { (view.t("不申请任何权限。", "None.")) } }
                ul {
                    @for c in &r.capabilities {
                        @let id = c.to_string();
                        li { (c.title(m).get(view.lang())) " " small.muted.mono { (id) } input type="hidden" name="approve" value=(id); }
                    }
                }
                p.muted { (view.t("安装即批准以上全部权限；以后可在控制台逐项撤销，撤销后立即生效。", "Installing approves all of them. You can revoke each at the console later; that takes effect at once.")) }
            }
            fieldset.card {
                legend { (view.t("安装到", "Where")) }
                label.required for="name" { (view.t("网址名", "Name")) }
                input #name name="name" value=(typed.text("name")) required maxlength="40" pattern="[a-z][a-z0-9\\-]*" autocapitalize="none" spellcheck="false" aria-describedby="name-help" aria-invalid=[invalid(failure, "name")];
                span.field-help #name-help { (view.t("小写字母、数字和连字符，以字母开头；安装后不能更改。市民访问的网址为：", "a–z, 0–9 and -, a letter first; it cannot change later. Citizens open: ")) code { (view.gateway.origins.any_app().replace('*', view.t("网址名", "name"))) } }
                label.required for="organization" { (view.t("部门代码", "Department's code")) }
                input #organization name="organization" value=(typed.text("organization")) required maxlength="18" aria-describedby="organization-help" aria-invalid=[invalid(failure, "organization")];
                span.field-help #organization-help { (view.t("行政区划代码或统一社会信用代码，例如 320300。", "A division code or a unified social credit code, such as 320300.")) }
                (config_form::fields(view, m.config.as_ref(), &values, failure))
            }
            div.actions {
                button { (view.t("批准并安装", "Approve and install")) }
                a role="button" class="outline" href="/install" { (view.t("取消", "Cancel")) }
            }
        }
    };
    super::page_with(status, view, &Page::new(title, "/install"), &content)
}

fn invalid(failure: Option<&Failure>, field: &str) -> Option<&'static str> {
    failure.is_some_and(|f| f.fields().iter().any(|e| e.name == field)).then_some("true")
}

pub(super) async fn approve(view: View, Path(text): Path<String>, Form(form): Form) -> Outcome {
    let by = view.administrator()?;
    let package = digest(&text)?;
    view.step_up_for(&format!("/install/{package}"))?;
    let organization = form.text("organization").to_owned();
    let review = view.gateway.operations.review(package).await?;
    let wanted = Install {
        package,
        name: Some(form.text("name").to_owned()),
        config: config_form::values(review.manifest.config.as_ref(), &form),
        approve: form.all("approve").map(str::to_owned).collect(),
        by: by.account,
        organization,
    };
    let installed = match super::may_administer(&view, &wanted.organization) {
        Ok(()) => view.gateway.operations.install(wanted).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match installed {
        Ok(i) => Ok(see_other(&format!("/apps/{}?saved=1", i.name))),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => show_review(&view, &review, failure.status(), &form, Some(&failure)).await,
    }
}
