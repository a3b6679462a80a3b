//! What a person lets an app know, and how they take it back.

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::view::{View, see_other};
use axum::response::IntoResponse;
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_identity::ConsentRecord;
use yunlong_installations::Installation;
use yunlong_model::manifest::{Attribute, Scope};
use yunlong_model::{InstallationName, Lang};

/// An attribute in plain words.
pub(crate) fn attribute_name(a: Attribute, lang: Lang) -> &'static str {
    match a {
        Attribute::RealName => lang.pick("姓名", "Your registered name"),
        Attribute::ResidentId => lang.pick("居民身份证号码", "Your resident ID number"),
        Attribute::Mobile => lang.pick("手机号码", "Your mobile number"),
        Attribute::BirthDate => lang.pick("出生日期（不含证件号码）", "Your date of birth (not the ID number)"),
    }
}

/// What is asked for: checked against the manifest and the grants, never taken from the address.
struct Asked {
    installation: Arc<Installation>,
    scopes: Vec<Scope>,
    back: String,
}

fn asked(view: &View, fields: &Fields) -> Outcome<Asked> {
    let name: InstallationName =
        fields.text("installation").parse().map_err(|_| Failure::new(kinds::NO_SUCH_SERVICE))?;
    let installation =
        view.gateway.services.installations.get(&name).ok_or_else(|| Failure::new(kinds::NO_SUCH_SERVICE))?;
    // `scope=a&scope=b` or `scope=a,b`.
    let wanted: BTreeSet<&str> =
        fields.all("scope").flat_map(|s| s.split([',', ' '])).filter(|s| !s.is_empty()).collect();
    let unknown = || {
        Failure::new(kinds::MALFORMED)
            .because("该服务没有申请这项信息的资格。", "This service is not allowed to ask for that.")
    };
    if wanted.is_empty() {
        return Err(unknown());
    }
    let scopes: Vec<Scope> =
        installation.manifest.scopes.iter().filter(|s| wanted.contains(s.name.as_str())).cloned().collect();
    let granted = |s: &Scope| installation.is_granted(&yunlong_installations::Capability::Attributes(s.name.clone()));
    if scopes.len() != wanted.len() || !scopes.iter().all(granted) {
        return Err(unknown());
    }
    let back = crate::origins::local_or_root(fields.raw("return")).to_owned();
    Ok(Asked { installation, scopes, back })
}

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    view.signed_in()?;
    let asked = asked(&view, &query)?;
    let title = view.t("授权确认", "May this service know?");
    let app = asked.installation.manifest.title.get(view.lang());
    let department = &asked.installation.organization_name;
    let content = html! {
        h1 { (title) }
        div.card {
            p {
                @if view.lang() == Lang::Zh { strong { (department) } "的“" strong { (app) } "”申请查看您的以下信息：" }
                @else { strong { (app) } " of " strong { (department) } " asks to know about you:" }
            }
            @for scope in &asked.scopes {
                h2 { (scope.reason.get(view.lang())) }
                ul { @for a in &scope.attributes { li { (attribute_name(*a, view.lang())) } } }
            }
            p.muted { (view.t("只用于上述用途。您可以不同意；同意后也可随时在“授权”页撤回，撤回后立即生效。", "For this purpose only. You may refuse. You can take it back at any time under “Consents”; that takes effect at once.")) }
            form method="post" action="/consent" {
                input type="hidden" name="installation" value=(asked.installation.name.as_str());
                input type="hidden" name="return" value=(asked.back);
                @for scope in &asked.scopes { input type="hidden" name="scope" value=(scope.name); }
                div.actions {
                    button name="decision" value="give" { (view.t("同意", "Allow")) }
                    button.outline name="decision" value="refuse" { (view.t("不同意", "Refuse")) }
                }
            }
        }
        p { a href="/help#consents" { (view.t("授权是什么？", "What is a consent?")) } }
    };
    super::page(&view, &Page::narrow(title, "/consents"), content).await
}

pub(super) async fn decide(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let asked = asked(&view, &fields)?;
    let name = &asked.installation.name;
    match fields.text("decision") {
        "give" => {
            for scope in &asked.scopes {
                view.gateway.services.identity.consent(&session.account, name, scope).await?;
            }
        }
        "refuse" => {}
        _ => {
            return Err(Failure::new(kinds::INVALID).field(
                "decision",
                "请选择同意或不同意。",
                "Choose `give` or `refuse`.",
            ));
        }
    }
    if view.wants_json {
        return Ok(http::StatusCode::NO_CONTENT.into_response());
    }
    Ok(see_other(&format!("{}{}", view.gateway.origins.app(name), asked.back)))
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let records = view.gateway.services.identity.consents(&session.account).await?;
    let (standing, past): (Vec<_>, Vec<_>) = records.iter().partition(|r| r.stands());
    let title = view.t("个人信息授权", "Your data and consents");
    let content = html! {
        h1 { (title) }
        p { (view.t("这里列出您允许各服务查看的个人信息。撤回后，该服务立即不能再查看。", "What you let each service know about you. When you take it back, the service can read it no longer, at once.")) }
        @if query.raw("done").is_some() { (notice("ok", view.t("已撤回授权。", "The consent was taken back."))) }
        @if records.is_empty() {
            (empty(view.t("您还没有授权任何服务查看个人信息。", "You have not let any service know anything."), Some(("/", view.t("全部服务", "All services")))))
        }
        @if !standing.is_empty() { (table(&view, &standing, view.t("有效的授权", "In force"))) }
        @if !past.is_empty() { (table(&view, &past, view.t("已撤回", "Taken back"))) }
        p { a href="/help#consents" { (view.t("关于授权的说明", "More about consents")) } }
    };
    super::page(&view, &Page::new(title, "/consents"), content).await
}

fn table(view: &View, records: &[&ConsentRecord], caption: &str) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr {
                    th scope="col" { (view.t("服务", "Service")) }
                    th scope="col" { (view.t("信息", "What")) }
                    th scope="col" { (view.t("用途", "What for")) }
                    th scope="col" { (view.t("时间", "When")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for r in records { tr {
                    th scope="row" { (app_title(view, &r.installation)) }
                    td { @for (n, a) in r.attributes.iter().enumerate() { @if n > 0 { (view.t("、", ", ")) } (attribute_name(*a, view.lang())) } }
                    td { (r.reason.get(view.lang())) }
                    td { (r.given_at.to_shanghai()) }
                    td {
                        @match r.withdrawn_at {
                            Some(at) => { span.badge { (view.t("已撤回", "Taken back")) } " " (at.to_shanghai()) }
                            None => {
                                form.inline method="post" action="/consents/withdraw" {
                                    input type="hidden" name="installation" value=(r.installation.as_str());
                                    input type="hidden" name="scope" value=(r.scope);
                                    button.small.outline.danger { (view.t("撤回", "Take back")) span.visually-hidden { " " (app_title(view, &r.installation)) " " (r.reason.get(view.lang())) } }
                                }
                            }
                        }
                    }
                } } }
            }
        }
    }
}

/// An installation's title; its name when it is no longer installed.
pub(crate) fn app_title(view: &View, name: &InstallationName) -> String {
    match view.gateway.services.installations.get(name) {
        Some(i) => i.manifest.title.get(view.lang()).to_owned(),
        None => name.to_string(),
    }
}

pub(super) async fn withdraw(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let name: InstallationName =
        fields.text("installation").parse().map_err(|_| Failure::new(kinds::NO_SUCH_SERVICE))?;
    view.gateway.services.identity.withdraw(&session.account, &name, fields.text("scope")).await?;
    if view.wants_json {
        return Ok(http::StatusCode::NO_CONTENT.into_response());
    }
    Ok(see_other("/consents?done=1"))
}
