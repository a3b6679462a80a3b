//! Vendors' keys: whose packages may be installed at all.

use super::{city_administrator, security_administrator};
use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, field_error, notice};
use crate::operations::OperationError;
use crate::view::{View, see_other};
use http::StatusCode;
use maud::{Markup, html};
use std::collections::BTreeMap;
use yunlong_publications::Release;
use yunlong_registry::Reason;

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    view.one_of(crate::people::STAFF)?;
    show(&view, StatusCode::OK, query.raw("saved").is_some(), Typed::default(), None).await
}

async fn show(view: &View, status: StatusCode, saved: bool, typed: Typed<'_>, failure: Option<&Failure>) -> Outcome {
    let trust = view.gateway.services.library.publications().trust().await.map_err(OperationError::from)?;
    let title = view.t("供应商密钥", "Vendor keys");
    // What a revoked key signed waits for the city's word: here, where somebody looks.
    let mut doubts = BTreeMap::new();
    if view.governor().is_ok() {
        for (id, _) in trust.keys().filter(|(_, k)| k.revoked_at.is_some()) {
            let publications = view.gateway.services.library.publications();
            doubts.insert(*id, publications.in_doubt(id).await.map_err(OperationError::from)?);
        }
    }
    let mut keys = trust.keys().peekable();
    let content = html! {
        h1 { (title) }
        p { (view.t("只有登记过的供应商密钥签名的安装包才能发布和安装。", "Only packages signed with an enrolled key can be published and installed.")) }
        @if saved { (notice("ok", view.t("已保存。", "Saved."))) }
        @if keys.peek().is_none() { (empty(view.t("还没有登记密钥。", "No key is enrolled yet."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("供应商", "Vendor")) }
                    th scope="col" { (view.t("密钥编号", "Key")) }
                    th scope="col" { (view.t("登记", "Enrolled")) }
                    th scope="col" { (view.t("状态", "State")) }
                } }
                tbody { @for (id, key) in keys { tr {
                    th scope="row" { (key.vendor) @if let Some(code) = &key.organization { br; small.muted { (code) } } }
                    td { code.digest { (id) } }
                    td { (key.enrolled_at.to_shanghai()) " · " (key.enrolled_by) }
                    td {
                        @if let Some(at) = key.revoked_at { span.badge.badge-bad { (view.t("已吊销", "Revoked")) } " " (at.to_shanghai()) @if let Some(by) = &key.revoked_by { " · " (by) }
                            (in_doubt(view, doubts.get(id).map_or(&[], Vec::as_slice)))
                        } @else {
                            span.badge.badge-ok { (view.t("有效", "In force")) } " "
                            @if security_administrator(view).is_ok() {
                                form.inline method="post" action="/signers/revoke" {
                                    input type="hidden" name="key" value=(id);
                                    label { span.visually-hidden { (view.t("吊销原因", "Why")) }
                                        select name="reason" required {
                                            option value="compromised" { (view.t("可能泄露", "It may have leaked")) }
                                            option value="ended" { (view.t("合作终止等", "The contract ended, or other")) }
                                            option value="replaced" { (view.t("已换新密钥", "Another key replaces it")) }
                                        }
                                    }
                                    label { span.visually-hidden { (view.t("说明", "Remark")) } input name="remark" required maxlength="500" placeholder=(view.t("说明", "Remark")); }
                                    button.small.outline.danger { (view.t("吊销", "Revoke")) span.visually-hidden { " " (key.vendor) } }
                                }
                            }
                        }
                    }
                } } }
            } }
        }
        @if city_administrator(view).is_ok() { (form(view, typed, failure)) }
        @else { p.muted { (view.t("登记由系统管理员办理，吊销由安全管理员办理。", "The system administrator enrolls keys, the security administrator revokes them.")) } }
    };
    super::page_with(status, view, &Page::new(title, "/signers"), &content)
}

/// Versions that the city is to decide about.
fn in_doubt(view: &View, versions: &[Release]) -> Markup {
    html! {
        @if !versions.is_empty() {
            p.detail { (view.t("以下版本待市级决定：", "The city is to decide about:")) }
            ul { @for r in versions { li { a.target href={ "/versions/" (r.digest) } { (r.app) " " (r.version) } } } }
        }
    }
}

/// What somebody typed.
#[derive(Clone, Copy, Default)]
struct Typed<'a> {
    vendor: &'a str,
    organization: &'a str,
    public_key: &'a str,
}

fn form(view: &View, typed: Typed<'_>, failure: Option<&Failure>) -> Markup {
    let of = |name: &str| {
        let known = failure?.fields().iter().find(|e| e.name == name)?;
        Some(known.detail.get(view.lang()))
    };
    let (vendor, organization) = (of("vendor"), of("organization"));
    // What is said of no field is about the key, which is most of the form.
    let error = of("public_key")
        .or_else(|| failure.filter(|_| vendor.is_none() && organization.is_none()).map(|f| f.text(view.lang())));
    html! {
        h2 { (view.t("登记密钥", "Enroll a key")) }
        (view.step_up_first())
        form.card method="post" action="/signers" {
            label for="vendor" { (view.t("供应商名称（与 app.toml 一致）", "Vendor, as in app.toml")) }
            input #vendor name="vendor" value=(typed.vendor) required maxlength="100" autocapitalize="none" spellcheck="false" aria-invalid=[vendor.map(|_| "true")] aria-describedby=(if vendor.is_some() { "vendor-error" } else { "vendor-help" });
            (field_error("vendor-error", vendor))
            span.field-help #vendor-help { (view.t("小写字母、数字，之间可用“-”“_”“.”，例如 pengcheng-software：也是其仓库名。", "Lower-case letters and digits, with `-`, `_` or `.` between them, such as pengcheng-software: it names the vendor’s repositories, too.")) }
            label for="organization" { (view.t("供应商的统一社会信用代码", "The vendor's unified social credit code")) }
            input #organization name="organization" value=(typed.organization) required maxlength="18" autocapitalize="characters" spellcheck="false" aria-invalid=[organization.map(|_| "true")] aria-describedby=(if organization.is_some() { "organization-error" } else { "organization-help" });
            (field_error("organization-error", organization))
            span.field-help #organization-help { (view.t("该单位的账号可以发布用此密钥签名的安装包，但不能审核它们。", "The vendor's own people may publish what the key signed, and may not review it.")) }
            label for="public_key" { (view.t("公钥（PEM）", "Public key (PEM)")) }
            textarea #public_key name="public_key" rows="5" required spellcheck="false" placeholder="-----BEGIN PUBLIC KEY-----" aria-invalid=[error.map(|_| "true")] aria-describedby=(if error.is_some() { "key-error" } else { "key-help" }) { (typed.public_key) }
            (field_error("key-error", error))
            span.field-help #key-help { (view.t("供应商用 yunlong keys 生成。请通过另一渠道核对密钥编号。", "The vendor makes it with `yunlong keys`. Compare the key's id over another channel.")) }
            div.actions { button { (view.t("登记", "Enroll")) } }
        }
    }
}

pub(super) async fn enroll(view: View, Form(fields): Form) -> Outcome {
    let by = city_administrator(&view)?;
    view.step_up_for("/signers")?;
    let typed = Typed {
        vendor: fields.text("vendor"),
        organization: fields.text("organization"),
        public_key: fields.text("public_key"),
    };
    let enrolled =
        view.gateway.operations.enroll(typed.vendor, typed.organization, typed.public_key, &by.account).await;
    match enrolled.map_err(Failure::from) {
        Ok(_) => Ok(see_other("/signers?saved=1")),
        Err(failure) if failure.kind() == kinds::INVALID => {
            show(&view, StatusCode::UNPROCESSABLE_ENTITY, false, typed, Some(&failure)).await
        }
        Err(failure) => Err(failure),
    }
}

pub(super) async fn revoke(view: View, Form(fields): Form) -> Outcome {
    let by = security_administrator(&view)?;
    view.step_up_for("/signers")?;
    let reason = reason(fields.text("reason"))?;
    view.gateway.operations.revoke_key(fields.text("key"), reason, fields.text("remark"), &by).await?;
    Ok(see_other("/signers?saved=1"))
}

/// Why a key ends, as it is written.
pub(crate) fn reason(text: &str) -> Outcome<Reason> {
    match text {
        "compromised" => Ok(Reason::Compromised),
        "ended" => Ok(Reason::Ended),
        "replaced" => Ok(Reason::Replaced),
        _ => Err(Failure::new(kinds::INVALID).field(
            "reason",
            "原因须为 compromised（可能泄露）、ended（终止）或 replaced（已更换）",
            "The reason is `compromised`, `ended` or `replaced`",
        )),
    }
}
