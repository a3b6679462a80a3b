//! Publishing a package by a form: what a vendor's people, and administrators, upload goes to review.

use super::install;
use crate::apps::Scripts;
use crate::body;
use crate::failure::{Failure, Outcome, kinds};
use crate::view::{View, see_other};
use axum::extract::Request;
use axum::response::Response;
use maud::{Markup, html};
use yunlong_identity::{AccountKind, PlatformRole, Session};

/// What a browser writes around the file.
const FORM: usize = 16 * 1024;

/// Whether the form is of use to this person: the registry asks the same of whoever sends it.
fn is_offered(view: &View) -> bool {
    let vendors = |s: &Session| s.kind == AccountKind::Vendor && s.organization.is_some();
    view.session.as_ref().is_some_and(|s| vendors(s) || s.has(PlatformRole::SystemAdmin))
}

/// The form, for those who may publish; it is sent to `action`.
pub(super) fn form(view: &View, action: &str) -> Markup {
    html! { @if is_offered(view) {
        h2 #publish { (view.t("发布安装包", "Publish a package")) }
        form.card method="post" action=(action) enctype="multipart/form-data" data-upload
            data-sent=(view.t("已上传，正在核对签名和内容，请稍候。", "Uploaded. Its signature and content are being checked: wait a moment."))
            data-broken=(view.t("连接中断，上传没有完成。所选文件仍在，请检查网络后再次上传；如果文件改动过，请重新选择。同一安装包不会重复提交。", "The connection broke, and the upload did not end. The file is still chosen: check the connection and upload it again, or choose it anew if it was changed. The same package is never submitted twice."))
            data-failed=(view.t("服务器没有收下安装包。所选文件仍在，请稍后再次上传；如果一再如此，请把括号内的内容告诉平台运维人员。", "The server did not take the package. The file is still chosen: upload it again in a moment. If this goes on, tell the platform’s operators what stands in brackets.")) {
            label for="package" { (view.t("安装包文件（.tar）", "Package file (.tar)")) }
            input #package type="file" name="package" accept=".tar" required aria-describedby="package-help";
            span.field-help #package-help { (view.t("由 yunlong package 生成，并由已登记的供应商密钥签名。上传后先自动检查，再由另一单位的审核员决定，通过后才能安装。", "Made by `yunlong package` and signed with an enrolled vendor key. It is checked by the platform, then a reviewer of another organization decides; only what is approved can be installed.")) }
            div data-progress hidden {
                label for="upload-progress" { (view.t("正在上传：", "Uploading: ")) span data-figure { } }
                progress #upload-progress { }
                p role="status" { }
            }
            div.actions { button { (view.t("上传并提交审核", "Upload and submit for review")) } }
        }
        script src=(view.gateway.theme.upload_path()) defer {}
    } }
}

/// Lets a page with the form run the script that shows how far an upload is.
pub(super) fn with_form(view: &View, mut response: Response) -> Response {
    if is_offered(view) {
        response.extensions_mut().insert(Scripts::Platform);
    }
    response
}

/// Takes a package in, and leads to its submission.
async fn submit(view: &View, request: Request, by: &str) -> Outcome {
    let _seat = view.gateway.seat()?;
    let tar = uploaded(view, request).await?;
    let submitted = view.gateway.operations.publish(tar, by).await?;
    Ok(see_other(&format!("/reviews/{}?published=1", submitted.submission.number)))
}

/// From the page of the reviews.
pub(super) async fn from_reviews(view: View, request: Request) -> Outcome {
    let by = view.publisher()?;
    match submit(&view, request, &by).await {
        Err(failure) if failure.kind() != kinds::INTERNAL => super::reviews::refused_upload(&view, &failure).await,
        done => done,
    }
}

/// From the page on which administrators choose what to install.
pub(super) async fn from_install(view: View, request: Request) -> Outcome {
    let by = view.administrator()?;
    match submit(&view, request, &by.account).await {
        Err(failure) if failure.kind() != kinds::INTERNAL => install::refused_upload(&view, &failure).await,
        done => done,
    }
}

async fn uploaded(view: &View, request: Request) -> Outcome<bytes::Bytes> {
    let config = &view.gateway.config;
    let malformed =
        || Failure::new(kinds::INVALID).field("package", "请选择一个安装包文件。", "Choose a package file.");
    let mut form = body::multipart(request, config.package_limit.saturating_add(FORM), config).await?;
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        if field.name() == Some("package") {
            let bytes = field.bytes().await.map_err(|_| malformed())?;
            return if bytes.is_empty() { Err(malformed()) } else { Ok(bytes) };
        }
    }
    Err(malformed())
}
