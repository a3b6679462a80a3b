//! What a person lets an app know, and how they take it back.

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::view::{View, see_other};
use axum::response::IntoResponse;
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_hub::Sensitivity;
use yunlong_identity::ConsentRecord;
use yunlong_installations::{Capability, Installation};
use yunlong_model::manifest::{Access, Attribute, DatasetUse, Rows, Scope};
use yunlong_model::{InstallationName, Lang};

/// The entry in the navigation: consents are a part of "My data".
const NAV: &str = super::my_data::NAV;

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
    /// Uses of datasets that rest on consent.
    uses: Vec<DatasetUse>,
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
    let manifest = &installation.manifest;
    let scopes: Vec<Scope> = manifest.scopes.iter().filter(|s| wanted.contains(s.name.as_str())).cloned().collect();
    let asks = |u: &&DatasetUse| u.consent().is_some_and(|name| wanted.contains(name));
    let uses: Vec<DatasetUse> = manifest.datasets.iter().filter(asks).cloned().collect();
    let granted = |s: &Scope| installation.is_granted(&Capability::Attributes(s.name.clone()));
    let allowed = |u: &DatasetUse| installation.is_granted(&Capability::of_use(u));
    if scopes.len() + uses.len() != wanted.len() || !scopes.iter().all(granted) || !uses.iter().all(allowed) {
        return Err(unknown());
    }
    let back = crate::origins::local_or_root(fields.raw("return")).to_owned();
    Ok(Asked { installation, scopes, uses, back })
}

impl Asked {
    /// What one decision is about, and what is asked for behind it: each scope and each use of a dataset has a
    /// decision of its own, never bundled with another (Personal Information Protection Law of the PRC,
    /// articles 14 and 29). `None` when nothing is asked for.
    fn split(&self) -> Option<(Step<'_>, Vec<&str>)> {
        let scopes = self.scopes.iter().map(Step::Scope);
        let mut steps = scopes.chain(self.uses.iter().map(Step::Use));
        Some((steps.next()?, steps.map(|s| s.name()).collect()))
    }

    /// Where the person goes on: to what else is asked for, and then back to the app.
    fn onward(&self, view: &View, rest: &[&str]) -> String {
        let name = &self.installation.name;
        if rest.is_empty() {
            return format!("{}{}", view.gateway.origins.app(name), self.back);
        }
        format!(
            "/consent?installation={name}&scope={}&return={}",
            crate::encode(&rest.join(",")),
            crate::encode(&self.back)
        )
    }
}

/// What one decision is about.
enum Step<'a> {
    Scope(&'a Scope),
    Use(&'a DatasetUse),
}

impl<'a> Step<'a> {
    fn name(&self) -> &'a str {
        match self {
            Self::Scope(scope) => &scope.name,
            Self::Use(u) => &u.purpose,
        }
    }
}

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    view.signed_in()?;
    let asked = asked(&view, &query)?;
    let (step, rest) = asked.split().ok_or_else(|| Failure::new(kinds::MALFORMED))?;
    let title = view.t("授权确认", "May this service know?");
    let shown = match &step {
        Step::Scope(scope) => scope_asked(&view, &asked.installation, scope),
        Step::Use(u) => use_asked(&view, &asked.installation, u).await?,
    };
    let content = html! {
        h1 { (title) }
        div.card {
            (shown)
            p.muted { (view.t("只用于上述用途。您可以不同意；同意后也可随时在“授权”页撤回，撤回后立即生效。", "For this purpose only. You may refuse. You can take it back at any time under “Consents”; that takes effect at once.")) }
            form method="post" action="/consent" {
                input type="hidden" name="installation" value=(asked.installation.name.as_str());
                input type="hidden" name="return" value=(asked.back);
                input type="hidden" name="scope" value=(step.name());
                @for name in &rest { input type="hidden" name="then" value=(name); }
                div.actions {
                    button name="decision" value="give" { (view.t("同意", "Allow")) }
                    button.outline name="decision" value="refuse" { (view.t("不同意", "Refuse")) }
                }
            }
            @if !rest.is_empty() { p.muted { (view.t("该服务还有 ", "The service asks for ")) (rest.len()) (view.t(" 项申请，下一步另行询问；不同意这一项，也可以同意别的。", " more: you decide on each apart, in the next steps, whatever you decide here.")) } }
        }
        p { a href="/help#consents" { (view.t("授权是什么？", "What is a consent?")) } }
    };
    super::page(&view, &Page::narrow(title, NAV), content).await
}

fn scope_asked(view: &View, i: &Installation, scope: &Scope) -> Markup {
    let (app, department) = (i.manifest.title.get(view.lang()), &i.organization_name);
    html! {
        p {
            @if view.lang() == Lang::Zh { strong { (department) } "的“" strong { (app) } "”申请查看您的以下信息：" }
            @else { strong { (app) } " of " strong { (department) } " asks to know about you:" }
        }
        h2 { (scope.reason.get(view.lang())) }
        ul { @for a in &scope.attributes { li { (attribute_name(*a, view.lang())) @if a.is_sensitive() { " " (sensitive(view)) } } } }
    }
}

fn sensitive(view: &View) -> Markup {
    html! { span.badge.badge-warn { (view.t("敏感个人信息", "Sensitive")) } }
}

/// What is done with a person's record, for that person.
fn done_with(access: Access, lang: Lang) -> &'static str {
    let (zh, en) = match access {
        Access::Get => ("读取您的这条记录", "your record is read"),
        Access::Query => ("在查询中读取", "it is found in searches"),
        Access::Changes => ("内容变更时通知该服务", "the service is told when it changes"),
        Access::Bulk => ("批量处理时读取", "it is read with many others in a job"),
        Access::Write => ("由该部门更新", "the department writes it"),
    };
    lang.pick(zh, en)
}

async fn use_asked(view: &View, i: &Installation, u: &DatasetUse) -> Outcome<Markup> {
    let (app, department, lang) = (i.manifest.title.get(view.lang()), &i.organization_name, view.lang());
    let dataset = view.gateway.services.hub.dataset(&u.dataset).ok_or_else(|| {
        Failure::new(kinds::CONFLICT).because(
            "这项信息资源目前不提供，暂时无法授权。",
            "This dataset is not offered at present: there is nothing to consent to.",
        )
    })?;
    let provider = view.gateway.services.identity.organization(&dataset.provider).await?;
    let provider = provider.map_or_else(|| dataset.provider.clone(), |o| o.name);
    Ok(html! {
        p {
            @if lang == Lang::Zh { strong { (department) } "的“" strong { (app) } "”申请读取您登记在“" strong { (dataset.title.get(lang)) } "”（由" (provider) "提供）中的以下信息：" }
            @else { strong { (app) } " of " strong { (department) } " asks to read about you in “" strong { (dataset.title.get(lang)) } "”, which " (provider) " provides:" }
        }
        p { strong { (u.reason.get(lang)) } }
        ul { @for f in &u.fields { li {
            @match dataset.item(f) {
                Some(item) => { (item.title.get(lang)) @if item.sensitivity == Sensitivity::Sensitive { " " (sensitive(view)) } }
                None => (f),
            }
        } } }
        dl.facts {
            dt { (view.t("怎样使用", "What is done with it")) }
            dd { @for (n, a) in u.access.iter().enumerate() { @if n > 0 { (view.t("、", ", ")) } (done_with(*a, lang)) } }
            dt { (view.t("什么时候读取", "When it is read")) }
            dd { @if u.rows == Rows::Own { (view.t("只在您本人使用该服务时", "Only while you use the service yourself")) } @else { (view.t("您不在场时，该部门办理业务也可能读取", "Also without you, when the department does its work")) } }
        }
        p.muted { (view.t("每一次读取都会记在“我的数据”的“谁看过”里。", "Every read is listed under “My data”, “Who read it”.")) }
    })
}

pub(super) async fn decide(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let asked = asked(&view, &fields)?;
    let name = &asked.installation.name;
    if asked.scopes.len() + asked.uses.len() > 1 {
        return Err(Failure::new(kinds::INVALID).field(
            "scope",
            "每项授权须单独决定，请逐项提交。",
            "Each scope, and each use of a dataset, is decided on alone: send one at a time.",
        ));
    }
    match fields.text("decision") {
        "give" => {
            let identity = &view.gateway.services.identity;
            for scope in &asked.scopes {
                identity.consent(&session.account, name, scope).await?;
            }
            for u in &asked.uses {
                identity.consent_to_use(&session.account, name, u).await?;
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
    let rest: Vec<&str> = fields.all("then").collect();
    Ok(see_other(&asked.onward(&view, &rest)))
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let records = view.gateway.services.identity.consents(&session.account).await?;
    let (standing, past): (Vec<_>, Vec<_>) = records.iter().partition(|r| r.stands());
    let title = view.t("个人信息授权", "Your data and consents");
    let content = html! {
        h1 { (title) }
        (super::my_data::tabs(&view, "/consents"))
        p { (view.t("这里列出您允许各服务查看的个人信息。撤回后，该服务立即不能再查看。", "What you let each service know about you. When you take it back, the service can read it no longer, at once.")) }
        @if query.raw("done").is_some() { (notice("ok", view.t("已撤回授权。", "The consent was taken back."))) }
        @if records.is_empty() {
            (empty(view.t("您还没有授权任何服务查看个人信息。", "You have not let any service know anything."), Some(("/", view.t("全部服务", "All services")))))
        }
        @if !standing.is_empty() { (table(&view, &standing, view.t("有效的授权", "In force"))) }
        @if !past.is_empty() { (table(&view, &past, view.t("已撤回", "Taken back"))) }
        p { a href="/help#consents" { (view.t("关于授权的说明", "More about consents")) } }
    };
    super::page(&view, &Page::new(title, NAV), content).await
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
                    td { (covered(view, r)) }
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

/// What a consent covers, in words.
pub(super) fn covered(view: &View, r: &ConsentRecord) -> String {
    let lang = view.lang();
    let mut names: Vec<String> = r.attributes.iter().map(|a| attribute_name(*a, lang).to_owned()).collect();
    let dataset = r.dataset.as_ref().map(|id| (id, view.gateway.services.hub.dataset(id)));
    let title = |f: &String| {
        let item = dataset.as_ref().and_then(|(_, d)| d.as_ref()?.item(f).cloned());
        item.map_or_else(|| f.clone(), |i| i.title.get(lang).to_owned())
    };
    names.extend(r.fields.iter().map(title));
    let list = names.join(lang.pick("、", ", "));
    match &dataset {
        Some((id, d)) => {
            let of = d.as_ref().map_or(id.as_str(), |d| d.title.get(lang));
            format!("{of}{}{list}", lang.pick("：", ": "))
        }
        None => list,
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
    let services = &view.gateway.services;
    services.identity.withdraw(&session.account, &name, fields.text("scope")).await?;
    // Whoever looks whether the app is refused from now on finds that refusal, and not one from before.
    let persons = services.identity.persons_of_account(&session.account).await?;
    services.hub.denies_anew(&name, Some(&persons)).await;
    if view.wants_json {
        return Ok(http::StatusCode::NO_CONTENT.into_response());
    }
    Ok(see_other("/consents?done=1"))
}
