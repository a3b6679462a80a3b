//! The second factor: setting it up, and showing it, while signing in and before something dangerous.
//!
//! A passkey needs a script, the platform's only one; a code of an authenticator app needs none, and
//! a recovery code neither script nor phone.

use super::account::{NAV, keep_session, refused_password};
use crate::apps::Scripts;
use crate::body::{Fields, Form, Query};
use crate::city;
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, button, refused, secret};
use crate::layout::{Page, notice};
use crate::origins::{Site, local_or_root};
use crate::view::{View, see_other};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use maud::{Markup, PreEscaped, html};
use yunlong_identity::{Code, FactorError, FactorList, SessionOrigin, TotpOffer};

const PATH: &str = "/account/second-factor";

/// An official who must have a second factor may only set one up until then.
pub(crate) fn enroll_first(view: &View, site: &Site, parts: &http::request::Parts) -> Option<Outcome> {
    let must = view.session.as_ref().is_some_and(|s| s.must_enroll);
    let path = parts.uri.path();
    let open = path.starts_with(PATH) || path == "/signed-out" || path.starts_with("/help") || path == "/favicon.ico";
    if !must || *site != Site::Portal || open {
        return None;
    }
    Some(if view.wants_json {
        Err(Failure::new(kinds::ENROLL_FIRST))
    } else {
        Ok(see_other(&format!("{PATH}?must=1")))
    })
}

/// The first factor takes the password along, so that an open session alone cannot set up one of a
/// stranger's; whoever has a factor shows it.
pub(super) async fn asks_password(view: &View) -> Outcome<bool> {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    Ok(!session.second_factor && identity.has_password(&session.account).await?)
}

/// Whether it is the account's owner: before something is added by which one comes in. An account that
/// an outside provider opened may have neither password nor factor: then a sign-in of just now counts.
pub(super) async fn proven(view: &View, fields: &Fields) -> Outcome<()> {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    view.step_up()?;
    if asks_password(view).await? {
        let password = fields.raw("password").unwrap_or("");
        let proven = identity.prove_password(&session.account, password).await;
        return proven.map_err(|e| refused_password("password", e));
    }
    if session.second_factor || identity.signed_in_lately(session).await? {
        return Ok(());
    }
    Err(Failure::new(kinds::STEP_UP_REQUIRED).because(
        "该账号没有密码：请退出后重新登录，然后马上再做这一步。",
        "The account has no password: sign out and in again, then do this at once.",
    ))
}

pub(super) fn password_input(view: &View, asked: bool, failure: Option<&Failure>) -> Markup {
    let input = Input::password("password", view.t("现在的密码", "Present password"), "current-password");
    html! { @if asked { (input.render(view, failure)) } }
}

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let must = query.raw("must").is_some() || session.must_enroll;
    show(&view, StatusCode::OK, must, query.raw("saved").is_some(), None).await
}

async fn show(view: &View, status: StatusCode, must: bool, saved: bool, failure: Option<&Failure>) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    let list = identity.factors(&session.account).await?;
    // A question for the browser's keys, when they can be added without more.
    let options = if identity.needs_step_up(session) { None } else { identity.start_passkey(session).await.ok() };
    let password = password_input(view, asks_password(view).await?, failure);
    let title = view.t("第二重验证", "Second factor");
    let content = html! {
        p { a href="/account" { "← " (view.t("我的账号", "Your account")) } }
        h1 { (title) }
        @if must && !session.second_factor { (notice("warn", view.t("按照规定，工作人员须使用第二重验证。请先设置一种，然后继续。", "The policy wants a second factor of officials. Set one up to go on."))) }
        @if saved { (notice("ok", view.t("已保存。", "Saved."))) }
        (refused(view, failure))
        p { (view.t("密码之外再验证一次：即使密码泄露，别人也无法登录。可以设置验证器应用或通行密钥，或两者都设置。", "Something beside the password: who learns the password alone cannot sign in. Set up an authenticator app, a passkey, or both.")) }
        (authenticator(view, &list))
        (passkeys(view, &list, options.as_deref(), &password))
        @if session.second_factor { (recovery(view, &list)) }
    };
    let response = super::page_with(status, view, &Page::new(title, NAV), content).await?;
    Ok(with_script(response, options.is_some()))
}

fn with_script(mut response: Response, needed: bool) -> Response {
    if needed {
        response.extensions_mut().insert(Scripts::Platform);
    }
    response
}

fn authenticator(view: &View, list: &FactorList) -> Markup {
    html! {
        section.card {
            h2 { (view.t("验证器应用", "Authenticator app")) }
            p { (view.t("手机上的验证器应用每 30 秒显示一个六位验证码，无需联网。", "An app on your phone shows a code of six digits that changes every 30 seconds. It needs no network.")) }
            @if let Some(since) = list.totp_since {
                p { span.badge.badge-ok { (view.t("已启用", "On")) } " " (since.to_shanghai()) }
                div.actions {
                    (button("/account/second-factor/totp", &[], "outline", view.t("换一部手机", "Use another phone"), ""))
                    (button("/account/second-factor/totp/remove", &[], "outline danger", view.t("移除", "Remove"), view.t("验证器应用", "the authenticator app")))
                }
            } @else {
                (button("/account/second-factor/totp", &[], "", view.t("设置验证器应用", "Set up an authenticator app"), ""))
            }
        }
    }
}

fn passkeys(view: &View, list: &FactorList, options: Option<&str>, password: &Markup) -> Markup {
    html! {
        section.card {
            h2 { (view.t("通行密钥", "Passkeys")) }
            p { (view.t("用指纹、面容、设备密码或安全密钥验证，无法被假网站骗取。需要启用脚本；验证器应用则不需要。", "A fingerprint, a face, the device’s PIN or a security key. No false site can trick you out of it. It needs scripts; the authenticator app does not.")) }
            @if !list.passkeys.is_empty() {
                ul { @for p in &list.passkeys { li {
                    strong { (p.name) } " · " (p.added_at.to_shanghai())
                    @if let Some(used) = p.last_used { " · " (view.t("最近使用 ", "last used ")) (used.to_shanghai()) }
                    " "
                    (button("/account/second-factor/passkey/remove", &[("id", &p.id)], "small outline danger", view.t("移除", "Remove"), &p.name))
                } } }
            }
            @if let Some(options) = options {
                form method="post" action="/account/second-factor/passkey" data-passkey="create" data-options=(options) hidden {
                    input type="hidden" name="answer";
                    (Input::text("passkey_name", view.t("给它起个名字", "Give it a name"), "").help(view.t("例如：办公电脑", "Such as: office computer")).render(view, None))
                    (password)
                    p role="alert" hidden { (view.t("没有创建通行密钥：已取消，或该设备不支持。", "No passkey was made: it was cancelled, or this device has none.")) }
                    div.actions { button { (view.t("添加通行密钥", "Add a passkey")) } }
                }
                script src=(view.gateway.theme.passkey_path()) defer {}
            } @else {
                p { a href={ "/step-up?return=" (PATH) } { (view.t("再次验证后添加", "Show your second factor again to add one")) } }
            }
        }
    }
}

fn recovery(view: &View, list: &FactorList) -> Markup {
    html! {
        section.card {
            h2 { (view.t("恢复码", "Recovery codes")) }
            p { (view.t("手机丢失时，可用恢复码登录。每个只能用一次。剩余：", "With one of these you sign in when the phone is lost. Each is good once. Left: ")) strong { (list.recovery_left) } }
            (button("/account/second-factor/recovery", &[], "outline", view.t("生成新的恢复码（旧的作废）", "Make new ones (the old are void)"), ""))
        }
    }
}

/// Offers a secret and shows it. Whoever has a second factor already shows it first.
pub(super) async fn offer(view: View) -> Outcome {
    let session = view.signed_in()?;
    view.step_up_for(PATH)?;
    let offer = view.gateway.services.identity.offer_totp(&session.account).await?;
    show_offer(&view, &offer, None).await
}

async fn show_offer(view: &View, offer: &TotpOffer, failure: Option<&Failure>) -> Outcome {
    let title = view.t("设置验证器应用", "Set up an authenticator app");
    let picture = qrcode::QrCode::new(offer.address.as_bytes()).map_err(Failure::internal)?;
    let picture = picture.render::<qrcode::render::svg::Color<'_>>().min_dimensions(220, 220).build();
    // The declaration of XML has no place within HTML.
    let picture = picture.find("<svg").map_or("", |at| &picture[at..]);
    let grouped: Vec<String> =
        offer.secret.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    let password = password_input(view, asks_password(view).await?, failure);
    let content = html! {
        p { a href=(PATH) { "← " (view.t("第二重验证", "Second factor")) } }
        h1 { (title) }
        (refused(view, failure))
        div.card {
            ol {
                li { (view.t("用验证器应用扫描此二维码，或手工输入下面的密钥。它只在这里显示一次。", "Scan this with the app, or type the secret below. It is shown here only, and only now.")) }
                li { (view.t("输入应用显示的六位验证码。", "Give the six digits that the app shows.")) }
            }
            div.qr role="img" aria-label=(view.t("验证器应用的二维码，内容与下面的密钥相同", "The QR code for the app; it holds the secret below")) { (PreEscaped(picture)) }
            p { code.secret { (grouped.join(" ")) } }
            form method="post" action="/account/second-factor/totp/confirm" {
                (code_input(view, failure))
                (password)
                div.actions { button { (view.t("确认", "Confirm")) } }
            }
        }
    };
    let status = failure.map_or(StatusCode::OK, Failure::status);
    super::page_with(status, view, &Page::narrow(title, NAV), content).await
}

fn code_input(view: &View, failure: Option<&Failure>) -> Markup {
    let input = Input { max: 40, ..Input::text("code", view.t("验证码", "Code"), "") };
    input.fill("one-time-code").render(view, failure)
}

pub(super) async fn confirm(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    let confirmed = match proven(&view, &fields).await {
        Ok(()) => identity.confirm_totp(session, fields.text("code")).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match confirmed {
        Ok(codes) => enrolled(&view, codes).await,
        Err(failure) if failure.kind() == kinds::INVALID => match identity.totp_offer(&session.account).await? {
            Some(offer) => show_offer(&view, &offer, Some(&failure)).await,
            None => Err(FactorError::NotEnrolled.into()),
        },
        Err(failure) => Err(failure),
    }
}

/// After enrolling: the recovery codes, which are shown once, or back to the list.
async fn enrolled(view: &View, codes: Option<Vec<Code>>) -> Outcome {
    let Some(codes) = codes else { return Ok(see_other(&format!("{PATH}?saved=1"))) };
    let title = view.t("恢复码", "Recovery codes");
    let content = html! {
        h1 { (title) }
        (notice("ok", view.t("第二重验证已启用。", "The second factor is on.")))
        div.card {
            p { strong { (view.t("请打印或抄写下来，放在安全的地方。它们不会再次显示。", "Print them or write them down, and keep them safe. They are not shown again.")) } }
            p { (view.t("手机丢失时，用其中一个代替验证码登录；每个只能用一次。", "When the phone is lost, one of them signs you in instead of the code. Each is good once.")) }
            @for code in &codes { (secret(code.as_str())) }
            div.actions { a role="button" href="/account" { (view.t("我已保存", "I have kept them")) } }
        }
    };
    super::page(view, &Page::narrow(title, NAV), content).await
}

pub(super) async fn remove_totp(view: View) -> Outcome {
    let session = view.signed_in()?;
    view.step_up_for(PATH)?;
    view.gateway.services.identity.remove_totp(session).await?;
    Ok(see_other(&format!("{PATH}?saved=1")))
}

pub(super) async fn add_passkey(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    let (name, answer) = (fields.text("passkey_name"), fields.text("answer"));
    let added = match proven(&view, &fields).await {
        Ok(()) => identity.finish_passkey(session, name, answer).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match added {
        Ok(codes) => enrolled(&view, codes).await,
        Err(failure) if [kinds::INVALID, kinds::CONFLICT].contains(&failure.kind()) => {
            show(&view, failure.status(), false, false, Some(&failure)).await
        }
        Err(failure) => Err(failure),
    }
}

pub(super) async fn remove_passkey(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    view.step_up_for(PATH)?;
    view.gateway.services.identity.remove_passkey(session, fields.text("id")).await?;
    Ok(see_other(&format!("{PATH}?saved=1")))
}

pub(super) async fn renew_recovery(view: View) -> Outcome {
    let session = view.signed_in()?;
    view.step_up_for(PATH)?;
    let codes = view.gateway.services.identity.new_recovery_codes(session).await?;
    enrolled(&view, Some(codes)).await
}

/// Where the second step of signing in comes from: kept by a cookie of its own, since the token in
/// it signs nobody in.
fn waiting(view: &View, headers: &HeaderMap) -> Outcome<String> {
    let token = view.gateway.cookies.second_step(headers).map(str::to_owned);
    token.ok_or_else(|| expired(view))
}

fn expired(view: &View) -> Failure {
    Failure::new(kinds::SIGN_ON_EXPIRED).or_offer(view.gateway.sign_in_address(Some(&Site::Portal), "/"))
}

/// The page between the password and the session.
pub(super) async fn second_step(view: View, Query(query): Query, headers: HeaderMap) -> Outcome {
    let token = waiting(&view, &headers)?;
    ask_second_step(&view, &token, local_or_root(query.raw("return")), None).await
}

async fn ask_second_step(view: &View, token: &str, back: &str, failure: Option<&Failure>) -> Outcome {
    let identity = &view.gateway.services.identity;
    let options = identity.second_step_challenge(token, &SessionOrigin::Portal).await.map_err(|e| match e {
        FactorError::SessionEnded => expired(view),
        e => e.into(),
    })?;
    let title = view.t("第二重验证", "Second factor");
    let asking = Asking { title, action: "/sign-in/second", back, site: "", options: options.as_deref() };
    asking.page(view, "/sign-in", failure).await
}

pub(super) async fn submit_second_step(view: View, headers: HeaderMap, Form(fields): Form) -> Outcome {
    let token = waiting(&view, &headers)?;
    let back = local_or_root(fields.raw("return"));
    let identity = &view.gateway.services.identity;
    let answer = fields.text("answer");
    let done = if answer.is_empty() {
        identity.second_step(&token, &SessionOrigin::Portal, fields.text("code")).await
    } else {
        identity.second_step_passkey(&token, &SessionOrigin::Portal, answer).await
    };
    match done {
        Ok(session) => {
            let mut response = see_other(back);
            keep_session(&view, &mut response, &session);
            response.headers_mut().append(header::SET_COOKIE, view.gateway.cookies.clear_second_step());
            view.gateway.metrics.sign_in("ok");
            Ok(response)
        }
        Err(FactorError::SessionEnded) => Err(expired(&view)),
        Err(e @ (FactorError::Wrong | FactorError::Used | FactorError::LockedUntil(_))) => {
            view.gateway.metrics.sign_in("second-factor");
            ask_second_step(&view, &token, back, Some(&e.into())).await
        }
        Err(e) => Err(e.into()),
    }
}

/// Asks for the second factor again, before something dangerous.
pub(super) async fn step_up(view: View, Query(query): Query) -> Outcome {
    ask_step_up(&view, query.text("installation"), local_or_root(query.raw("return")), None).await
}

async fn ask_step_up(view: &View, site: &str, back: &str, failure: Option<&Failure>) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    if !session.second_factor {
        let title = view.t("需要第二重验证", "A second factor is needed");
        let content = html! {
            h1 { (title) }
            div.card {
                p { (view.t("该服务的这项操作要求第二重验证，而您的账号还没有设置。", "What you want to do there needs a second factor, and your account has none yet.")) }
                div.actions { a role="button" href=(PATH) { (view.t("现在设置", "Set one up")) } }
            }
        };
        return super::page(view, &Page::narrow(title, NAV), content).await;
    }
    let options = identity.step_up_challenge(session).await?;
    let title = view.t("请再次验证身份", "Show your second factor again");
    let asking = Asking { title, action: "/step-up", back, site, options: options.as_deref() };
    asking.page(view, NAV, failure).await
}

pub(super) async fn submit_step_up(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    let (site, back) = (fields.text("installation"), local_or_root(fields.raw("return")));
    let identity = &view.gateway.services.identity;
    let answer = fields.text("answer");
    let done = if answer.is_empty() {
        identity.step_up(session, fields.text("code")).await
    } else {
        identity.step_up_passkey(session, answer).await
    };
    match done {
        Ok(()) if site.is_empty() => Ok(see_other(back)),
        // The session there begins anew, and is strong.
        Ok(()) => Ok(see_other(&city::start_address(&view.gateway, &super::sign_in::site_of(&view, site)?, back))),
        Err(e @ (FactorError::Wrong | FactorError::Used | FactorError::LockedUntil(_))) => {
            ask_step_up(&view, site, back, Some(&e.into())).await
        }
        Err(e) => Err(e.into()),
    }
}

/// A page that asks for the second factor.
struct Asking<'a> {
    title: &'a str,
    action: &'a str,
    back: &'a str,
    site: &'a str,
    /// For a passkey, when the account has one.
    options: Option<&'a str>,
}

impl Asking<'_> {
    async fn page(&self, view: &View, nav: &str, failure: Option<&Failure>) -> Outcome {
        let kept = html! {
            input type="hidden" name="return" value=(self.back);
            @if !self.site.is_empty() { input type="hidden" name="installation" value=(self.site); }
        };
        let content = html! {
            h1 { (self.title) }
            (refused(view, failure))
            @if let Some(options) = self.options {
                form.card method="post" action=(self.action) data-passkey="get" data-options=(options) hidden {
                    (kept)
                    input type="hidden" name="answer";
                    p { (view.t("用这台设备或安全密钥上的通行密钥验证。", "Use the passkey of this device or of a security key.")) }
                    p role="alert" hidden { (view.t("没有验证成功：已取消，或没有可用的通行密钥。可改用验证码。", "It did not work: it was cancelled, or there is no such passkey here. You may use a code instead.")) }
                    div.actions { button { (view.t("使用通行密钥", "Use a passkey")) } }
                }
                script src=(view.gateway.theme.passkey_path()) defer {}
            }
            form.card method="post" action=(self.action) {
                (kept)
                (code_input(view, failure))
                span.field-help { (view.t("验证器应用显示的六位数字，或一个恢复码。", "The six digits of your authenticator app, or a recovery code.")) }
                div.actions { button { (view.t("验证", "Confirm")) } a href="/help#second-factor" { (view.t("手机不在身边？", "Phone not at hand?")) } }
            }
        };
        let status = failure.map_or(StatusCode::OK, Failure::status);
        let response = super::page_with(status, view, &Page::narrow(self.title, nav), content).await?;
        Ok(with_script(response, self.options.is_some()))
    }
}
