//! Acting for somebody else: giving a mandate, taking one, choosing one, revoking.

use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, button, refused, secret};
use crate::layout::{Page, empty, notice};
use crate::view::{View, see_other};
use http::StatusCode;
use maud::{Markup, html};
use yunlong_formats::Explain as _;
use yunlong_identity::{Basis, Code, CodeError, Mandate, NewMandate};

const NAV: &str = "/account";
/// Mandates of one page.
const PAGE: usize = 50;

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let before = query.raw("before").filter(|b| !b.is_empty());
    show(&view, StatusCode::OK, query.raw("saved").is_some(), before, None).await
}

async fn show(
    view: &View,
    status: StatusCode,
    saved: bool,
    before: Option<&str>,
    failure: Option<&Failure>,
) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    let held = identity.mandates_held(&session.account).await?;
    let given = identity.mandates_given(&session.account, before, PAGE).await?;
    let title = view.t("委托代办", "Acting for somebody else");
    let content = html! {
        p { a href="/account" { "← " (view.t("我的账号", "Your account")) } }
        h1 { (title) }
        @if saved { (notice("ok", view.t("已保存，立即生效。", "Saved. It takes effect at once."))) }
        (refused(view, failure))
        (acting(view, &held))
        (take_form(view, failure))
        (given_list(view, &given.mandates))
        @if before.is_some() || given.next.is_some() {
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                @if before.is_some() { a href="/mandates" { (view.t("最新的委托", "Newest mandates")) } } @else { span {} }
                @if let Some(next) = &given.next { a href={ "/mandates?before=" (crate::encode(next)) } { (view.t("更早的委托", "Older mandates")) } }
            }
        }
        (give_form(view, &held, failure))
        p { a href="/help#mandates" { (view.t("委托是什么？", "What is a mandate?")) } }
    };
    super::page_with(status, view, &Page::new(title, NAV), content).await
}

/// For whom one may act, and for whom one does.
fn acting(view: &View, held: &[Mandate]) -> Markup {
    html! {
        section.card {
            h2 { (view.t("我可以代办", "For whom you may act")) }
            @if held.is_empty() { (empty(view.t("还没有人委托您。对方在这里开具委托，把一次性代码给您，您在下面输入。", "Nobody has given you a mandate yet. They give it on this page and hand you a one-time code, which you type below."), None)) }
            @else {
                ul { @for m in held { li {
                    strong { (m.grantor.title()) } " · " (scope(view, m)) " · " (view.t("有效期至 ", "until ")) (m.valid_until.to_shanghai()) " "
                    @if view.acting.as_ref().is_some_and(|a| a.id == m.id) { span.badge.badge-info { (view.t("正在代办", "You act for them now")) } " " }
                    @else { (button("/mandates/act", &[("mandate", &m.id)], "small", view.t("为其代办", "Act for them"), m.grantor.title())) " " }
                    (button("/mandates/revoke", &[("mandate", &m.id)], "small outline danger", view.t("放弃", "Give it up"), m.grantor.title()))
                } } }
            }
            @if view.session.as_ref().is_some_and(|s| s.mandate.is_some()) {
                (button("/mandates/act", &[("mandate", "")], "", view.t("改为办自己的事", "Act for yourself again"), ""))
            }
        }
    }
}

fn scope(view: &View, m: &Mandate) -> String {
    if m.services.is_empty() {
        return view.t("全部服务", "all services").to_owned();
    }
    let names: Vec<_> = m.services.iter().map(|s| super::consent::app_title(view, s)).collect();
    names.join(view.t("、", ", "))
}

fn take_form(view: &View, failure: Option<&Failure>) -> Markup {
    html! {
        form.card method="post" action="/mandates/take" {
            h2 { (view.t("接受委托", "Take a mandate")) }
            (Input::text("code", view.t("一次性代码", "One-time code"), "").help(view.t("由委托人给您，七天内有效。", "From whoever gave the mandate; good for seven days.")).render(view, failure))
            div.actions { button { (view.t("接受", "Take it")) } }
        }
    }
}

fn given_list(view: &View, given: &[Mandate]) -> Markup {
    let title = view.t("我开具的委托", "Mandates that you gave");
    let now = view.gateway.services.clock.now();
    html! {
        @if !given.is_empty() {
            h2 { (title) }
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("委托人", "For whom")) }
                    th scope="col" { (view.t("受托账号", "Who acts")) }
                    th scope="col" { (view.t("范围", "Where")) }
                    th scope="col" { (view.t("依据", "On what ground")) }
                    th scope="col" { (view.t("有效期至", "Until")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for m in given { tr {
                    th scope="row" { (m.grantor.title()) }
                    td { (m.grantee.as_deref().unwrap_or(view.t("尚未接受", "not taken yet"))) }
                    td { (scope(view, m)) }
                    td { (ground(view, m)) }
                    td { (m.valid_until.to_shanghai()) }
                    td {
                        @if let Some((at, by)) = &m.revoked { span.badge.badge-bad { (view.t("已撤销", "Revoked")) } " " (at.to_shanghai()) " · " (by) }
                        @else if now >= m.valid_until { span.badge { (view.t("已到期", "Over")) } }
                        @else { (button("/mandates/revoke", &[("mandate", &m.id)], "small outline danger", view.t("撤销", "Revoke"), m.grantee.as_deref().unwrap_or(&m.id))) }
                    }
                } } }
            } }
        }
    }
}

fn ground(view: &View, m: &Mandate) -> String {
    match &m.basis {
        Basis::Grantor => view.t("本人开具", "given in person").to_owned(),
        Basis::LegalRepresentative { .. } => view.t("法定代表人开具", "given by the legal representative").to_owned(),
        Basis::Official { account, papers } => format!("{papers} · {account}"),
    }
}

fn give_form(view: &View, held: &[Mandate], failure: Option<&Failure>) -> Markup {
    let services = view.gateway.services.installations.list();
    let companies: Vec<_> = held.iter().filter(|m| m.legal_representative).collect();
    html! {
        form.card method="post" action="/mandates/give" {
            h2 { (view.t("开具委托", "Give a mandate")) }
            p { (view.t("允许另一个人以您的名义办事。对方能做您在所选服务里能做的事，但看不到您的个人信息。请把得到的一次性代码亲自交给对方。", "Let somebody act in your name. They can do what you can in the services that you choose, and see none of your personal data. You get a one-time code: hand it to them yourself.")) }
            @if !companies.is_empty() {
                label for="company" { (view.t("以谁的名义", "In whose name")) }
                select #company name="company" {
                    option value="" { (view.t("我自己", "My own")) }
                    @for m in companies { option value=(m.id) { (m.grantor.title()) } }
                }
            }
            fieldset {
                legend { (view.t("范围（都不选即为全部服务）", "Where (none chosen: all services)")) }
                @for i in &services {
                    label.choice { input type="checkbox" name="service" value=(i.name); " " (i.manifest.title.get(view.lang())) }
                }
            }
            (Input::text("days", view.t("有效天数", "For how many days"), "30").number().help(view.t("1 至 1098 天，随时可以撤销。", "1 to 1,098. You may revoke it at any time.")).render(view, failure))
            label.choice { input type="checkbox" name="agree" value="true" required; " " (view.t("我同意对方在上述范围和期限内代我办事，并知道这会留下记录。", "I consent that they act for me within this scope and time, and know that it is recorded.")) }
            div.actions { button { (view.t("开具", "Give it")) } }
        }
    }
}

pub(super) async fn give(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    view.step_up_for("/mandates")?;
    let mut failure = Failure::new(kinds::INVALID);
    if fields.text("agree") != "true" {
        failure = failure.field("agree", "请勾选同意。", "Tick that you consent.");
    }
    let days = fields.text("days").parse().unwrap_or(0);
    let mut services = Vec::new();
    for name in fields.all("service") {
        match name.parse() {
            Ok(name) if view.gateway.services.installations.get(&name).is_some() => services.push(name),
            _ => failure = failure.field("service", "没有这项服务。", "There is no such service."),
        }
    }
    if !failure.fields().is_empty() {
        return again(&view, failure).await;
    }
    let company = Some(fields.text("company")).filter(|c| !c.is_empty());
    let new = NewMandate { services, days };
    match view.gateway.services.identity.give_mandate(session, company, new).await {
        Ok((mandate, code)) => given(&view, &mandate, &code).await,
        Err(e) => again(&view, e.into()).await,
    }
}

async fn again(view: &View, failure: Failure) -> Outcome {
    if view.wants_json || failure.kind() == kinds::INTERNAL {
        return Err(failure);
    }
    show(view, failure.status(), false, None, Some(&failure)).await
}

async fn given(view: &View, mandate: &Mandate, code: &Code) -> Outcome {
    let title = view.t("委托已开具", "The mandate is given");
    let content = html! {
        h1 { (title) }
        div.card {
            p { (view.t("请把这个一次性代码亲自交给受托人。它只在这里显示一次，七天内有效，只能使用一次。", "Hand this one-time code to whoever is to act. It is shown here only, is good for seven days, and once.")) }
            (secret(code.as_str()))
            p.muted { (scope(view, mandate)) " · " (view.t("有效期至 ", "until ")) (mandate.valid_until.to_shanghai()) }
            div.actions { a role="button" href="/mandates" { (view.t("完成", "Done")) } }
        }
    };
    super::page(view, &Page::narrow(title, NAV), content).await
}

pub(super) async fn take(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let gateway = &view.gateway;
    gateway.tries.by_client.take(view.client, gateway.services.clock.now()).map_err(super::sign_in::limited)?;
    let taken = gateway.services.identity.take_mandate(&session.account, fields.text("code")).await;
    if !matches!(taken, Err(CodeError::Invalid)) {
        gateway.tries.by_client.give_back(&view.client);
    }
    match taken {
        Ok(_) => Ok(see_other("/mandates?saved=1")),
        Err(CodeError::Identity(e)) => Err(e.into()),
        Err(_) => {
            let failure = Failure::new(kinds::INVALID).field(
                "code",
                "代码不正确、已使用、已过期，或是您自己开具的。",
                "The code is wrong, was used, has expired, or is one of your own.",
            );
            again(&view, failure).await
        }
    }
}

pub(super) async fn revoke(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    view.gateway.services.identity.revoke_mandate(session, fields.text("mandate")).await?;
    Ok(see_other("/mandates?saved=1"))
}

pub(super) async fn act(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let mandate = Some(fields.text("mandate")).filter(|m| !m.is_empty());
    let done = view.gateway.services.identity.act_for(session, mandate).await;
    done.map_err(|e| Failure::new(kinds::NOT_FOUND).because(e.zh(), e.en()))?;
    Ok(see_other("/mandates?saved=1"))
}
