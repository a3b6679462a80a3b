//! Signing in, and signing on at another origin.

use crate::body::{Form, Query};
use crate::city;
use crate::cookies::parse_preferences;
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, field_error, notice};
use crate::origins::{Site, local_or_root};
use crate::view::{View, see_other};
use http::header;
use maud::{Markup, html};
use yunlong_formats::Explain as _;
use yunlong_identity::{CodeError, NewSession, SessionOrigin, SignInError};

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let back = local_or_root(query.raw("return"));
    if view.session.is_some() {
        return Ok(see_other(back));
    }
    let told = if query.raw("reset").is_some() {
        Some(view.t("密码已设置，请登录。", "The password is set. Sign in with it."))
    } else if query.raw("registered").is_some() {
        Some(view.t("账号已注册，请登录。", "The account is open. Sign in."))
    } else {
        None
    };
    let content = html! {
        @if let Some(told) = told { (notice("ok", told)) }
        (form(&view, back, "", None))
    };
    super::page(&view, &frame(&view), content).await
}

fn frame(view: &View) -> Page<'_> {
    Page::narrow(view.t("登录", "Sign in"), "/sign-in")
}

fn form(view: &View, back: &str, account: &str, failure: Option<&Failure>) -> Markup {
    let missing = |name: &str| {
        failure.and_then(|f| f.fields().iter().find(|e| e.name == name)).map(|e| e.detail.get(view.lang()))
    };
    let general = failure.filter(|f| f.fields().is_empty());
    let invalid = |name: &str| (general.is_some() || missing(name).is_some()).then_some("true");
    html! {
        h1 { (view.t("登录", "Sign in")) }
        @if let Some(f) = general {
            div.notice.notice-bad role="alert" #sign-in-error {
                strong { (view.t(f.kind().title.0, f.kind().title.1)) }
                p { (f.text(view.lang())) }
            }
        }
        @if back.contains("/sign-on") {
            (notice("info", view.t("登录后将返回您要使用的服务。", "After signing in you go back to the service.")))
        }
        form.card method="post" action="/sign-in" {
            input type="hidden" name="return" value=(back);
            label for="account" { (view.t("账号", "Account")) }
            input #account name="account" value=(account) autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="100" required
                aria-invalid=[invalid("account")] aria-describedby=[missing("account").map(|_| "account-error")];
            (field_error("account-error", missing("account")))
            label for="password" { (view.t("密码", "Password")) }
            input #password type="password" name="password" autocomplete="current-password" maxlength="1000" required
                aria-invalid=[invalid("password")] aria-describedby=[missing("password").map(|_| "password-error")];
            (field_error("password-error", missing("password")))
            div.actions { button { (view.t("登录", "Sign in")) } a href="/help#sign-in" { (view.t("登录遇到问题？", "Trouble signing in?")) } }
        }
        @if view.gateway.oidc.list().next().is_some() {
            section.card aria-labelledby="outside" {
                h2 #outside { (view.t("用其他账号登录", "Sign in with another account")) }
                div.actions { @for p in view.gateway.oidc.list() {
                    a role="button" class="outline" href={ "/sign-in/with/" (p.name) "?return=" (crate::encode(back)) } { (p.title.get(view.lang())) }
                } }
            }
        }
        p {
            a href="/reset" { (view.t("有一次性代码？设置密码", "You have a one-time code? Set a password")) }
            @if view.gateway.config.self_registration { " · " a href="/register" { (view.t("注册市民账号", "Open a citizen's account")) } }
        }
        p.muted { (view.t("登录即在本平台所有服务中使用同一账号；各服务看到的是互不相同的代号，而不是您的账号。", "One account serves all services here. Each service sees a pseudonym of its own, never your account.")) }
    }
}

pub(super) async fn submit(view: View, Form(fields): Form) -> Outcome {
    let back = local_or_root(fields.raw("return"));
    let account = fields.text("account");
    match sign_in(&view, account, fields.raw("password").unwrap_or(""), &SessionOrigin::Portal).await {
        Ok(session) => {
            keep_choice(&view, account).await;
            Ok(super::outside::signed_in_at_portal(&view, &session, back))
        }
        Err(failure) if view.wants_json || failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            let mut response =
                super::page_with(failure.status(), &view, &frame(&view), form(&view, back, account, Some(&failure)))
                    .await?;
            if let Some(seconds) = failure.wait() {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

/// Makes what this browser chose before signing in the account's, when that has no preferences yet.
async fn keep_choice(view: &View, account: &str) {
    let identity = &view.gateway.services.identity;
    let Some(chosen) = view.chosen else { return };
    let kept = match identity.preferences(account).await {
        Ok(None) => identity.set_preferences(account, chosen).await,
        other => other.map(|_| ()),
    };
    if let Err(e) = kept {
        // Not worth failing a sign-in for.
        tracing::warn!(error = %e, "preferences cannot be kept");
    }
}

/// Checks a password, counting failures by account and by client.
pub(crate) async fn sign_in(view: &View, account: &str, password: &str, origin: &SessionOrigin) -> Outcome<NewSession> {
    let gateway = &view.gateway;
    let mut empty = Failure::new(kinds::INVALID);
    if account.is_empty() {
        empty = empty.field("account", "请填写账号。", "Write your account's name.");
    }
    if password.is_empty() {
        empty = empty.field("password", "请填写密码。", "Write your password.");
    }
    if !empty.fields().is_empty() {
        return Err(empty);
    }
    let now = gateway.services.clock.now();
    let limited = |seconds: u32| {
        gateway.metrics.sign_in("rate-limited");
        limited(seconds)
    };
    let attempt = gateway.tries.begin(account, view.client, now).map_err(limited)?;
    let outcome = gateway.services.identity.sign_in_from(account, password, origin, view.device.clone()).await;
    // Only a wrong password counts against them.
    if !matches!(outcome, Err(SignInError::Wrong)) {
        attempt.give_back();
    }
    gateway.metrics.sign_in(match &outcome {
        Ok(session) if session.waits_for_second_factor => "password-accepted",
        Ok(_) => "ok",
        Err(SignInError::Wrong) => "wrong",
        Err(SignInError::LockedUntil(_)) => "locked",
        Err(SignInError::Busy { .. }) => "busy",
        Err(SignInError::MustEnroll) => "enroll-first",
        Err(SignInError::Identity(_)) => "failed",
    });
    outcome.map_err(|e| match &e {
        SignInError::Wrong => Failure::new(kinds::WRONG_CREDENTIALS),
        SignInError::LockedUntil(until) => {
            let seconds = u32::try_from((until.0 - now.0).max(0) / 1000 + 1).unwrap_or(u32::MAX);
            Failure::new(kinds::LOCKED).because(e.zh(), e.en()).retry_after(seconds)
        }
        SignInError::MustEnroll => Failure::new(kinds::ENROLL_FIRST),
        SignInError::Busy { retry_after } => Failure::new(kinds::BUSY)
            .because(e.zh(), e.en())
            .retry_after(u32::try_from(retry_after.as_secs().max(1)).unwrap_or(1)),
        SignInError::Identity(inner) => inner.clone().into(),
    })
}

/// Too many tries.
pub(super) fn limited(seconds: u32) -> Failure {
    Failure::new(kinds::RATE_LIMITED)
        .because(format!("请在 {seconds} 秒后再试。"), format!("Try again in {seconds} seconds."))
        .retry_after(seconds)
}

/// The site that `installation=` names: the console, or what is installed.
pub(super) fn site_of(view: &View, name: &str) -> Outcome<Site> {
    if name == "console" {
        return Ok(Site::Console);
    }
    let name = name.parse().map_err(|_| Failure::new(kinds::NO_SUCH_SERVICE))?;
    view.gateway.services.installations.get(&name).ok_or_else(|| Failure::new(kinds::NO_SUCH_SERVICE))?;
    Ok(Site::App(name))
}

/// Gives the origin that asks a one-time code for whoever is signed in here.
pub(super) async fn sign_on(view: View, Query(query): Query) -> Outcome {
    let gateway = &view.gateway;
    let back = local_or_root(query.raw("return"));
    let site = site_of(&view, query.text("installation"))?;
    let state = query.text("state");
    if !(16..=100).contains(&state.len()) {
        // Apps send people here directly; the flow starts at their origin, which keeps the state.
        return Ok(see_other(&city::start_address(gateway, &site, back)));
    }
    let Some(session) = &view.session else {
        let mut response = see_other(&gateway.sign_in_address(Some(&Site::Portal), &view.path));
        if let (None, Some(brought)) = (view.chosen, parse_preferences(query.text("presentation"))) {
            response.headers_mut().append(header::SET_COOKIE, gateway.cookies.set_preferences(brought));
        }
        return if view.wants_json { Err(Failure::new(kinds::UNAUTHENTICATED)) } else { Ok(response) };
    };
    let code = gateway.services.identity.issue_code(session, city::origin_of(&site)).await;
    match code {
        Ok(code) => Ok(see_other(&city::redeem_address(gateway, &site, code.as_str(), state, back))),
        // The session ended at this moment: sign in again.
        Err(CodeError::Invalid | CodeError::SessionEnded) => {
            Ok(see_other(&gateway.sign_in_address(Some(&Site::Portal), &view.path)))
        }
        Err(CodeError::Identity(e)) => Err(e.into()),
    }
}

/// After signing out. An app's origin ends its own session only; the portal's goes on until it is
/// ended here, which no other origin can do for somebody.
pub(super) async fn signed_out(view: View) -> Outcome {
    let everywhere = view.session.is_none();
    let title = if everywhere {
        view.t("您已退出", "You are signed out")
    } else {
        view.t("您已退出该服务", "You have left the service")
    };
    let content = html! {
        h1 { (title) }
        div.card {
            @if everywhere {
                p { (view.t("如果使用的是公用电脑，请同时关闭浏览器窗口。", "On a shared computer, close the browser window as well.")) }
            } @else {
                p { (view.t("您仍在城市服务平台登录。使用公用电脑时，请退出全部服务。", "You are still signed in at the portal. On a shared computer, sign out everywhere.")) }
                form.inline method="post" action="/_city/sign-out" { button { (view.t("退出全部服务", "Sign out everywhere")) } }
            }
            div.actions {
                a role="button" class="outline" href="/" { (view.t("全部服务", "All services")) }
                @if everywhere { a href="/sign-in" { (view.t("重新登录", "Sign in again")) } }
            }
        }
    };
    super::page(&view, &Page::narrow(title, ""), content).await
}
