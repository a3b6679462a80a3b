//! One's own account: what is known, the password, the sessions, the ways to sign in.

use crate::body::{Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, button, refused};
use crate::layout::{Page, notice};
use crate::view::{View, see_other};
use http::header;
use maud::{Markup, html};
use yunlong_formats::Explain as _;
use yunlong_identity::{AccountKind, Attributes, NewSession, SessionEntry, SessionOrigin, SignInError};

/// The paths of this page and those below it.
pub(super) const NAV: &str = "/account";

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    let known = identity.attributes_of(&session.account).await?;
    super::my_data::account_shown(&view, session, &known).await?;
    let links = identity.external_links(&session.account).await?;
    let title = view.t("我的账号", "Your account");
    let kind = match session.kind {
        AccountKind::Citizen => view.t("市民", "Citizen"),
        AccountKind::Official => view.t("工作人员", "Official"),
        AccountKind::Vendor => view.t("供应商", "Vendor"),
    };
    let content = html! {
        h1 { (title) }
        @if query.raw("saved").is_some() { (notice("ok", view.t("已保存。", "Saved."))) }
        section.card {
            dl.facts {
                dt { (view.t("账号", "Account")) } dd { (session.account) }
                dt { (view.t("类型", "Kind")) } dd { (kind) }
                @if let Some(organization) = &session.organization { dt { (view.t("组织", "Organization")) } dd { (organization) } }
                @for role in &session.platform_roles { dt { (view.t("平台角色", "Role on the platform")) } dd { (role.title().get(view.lang())) } }
                (person(&view, &known))
            }
            p.muted { (view.t("姓名、证件号码和手机号码如需更正，请到服务窗口办理。", "To correct your name, ID number or mobile number, go to a service window.")) }
        }
        section.card {
            h2 { (view.t("安全", "Security")) }
            ul {
                li { a href="/account/password" { (view.t("更改密码", "Change the password")) } }
                li {
                    a href="/account/second-factor" { (view.t("第二重验证与通行密钥", "Second factor and passkeys")) }
                    @if session.second_factor { " " span.badge.badge-ok { (view.t("已启用", "On")) } }
                }
                li { a href="/account/sessions" { (view.t("登录记录，退出其他设备", "Sessions, and signing out elsewhere")) } }
                li { a href="/mandates" { (view.t("委托代办", "Acting for somebody else")) } }
            }
        }
        (outside(&view, &links))
    };
    super::page(&view, &Page::new(title, NAV), content).await
}

fn person(view: &View, known: &Attributes) -> Markup {
    html! {
        @if let Some(name) = &known.real_name { dt { (view.t("姓名", "Name")) } dd { (name) } }
        // Masked: screens are looked at by others.
        @if let Some(id) = &known.resident_id { dt { (view.t("居民身份证号码", "Resident ID")) } dd { (id.masked()) } }
        @if let Some(mobile) = &known.mobile { dt { (view.t("手机号码", "Mobile")) } dd { (mobile.masked()) } }
    }
}

fn outside(view: &View, links: &[yunlong_identity::ExternalLink]) -> Markup {
    let providers = &view.gateway.oidc;
    let title_of =
        |issuer: &str| providers.by_issuer(issuer).map_or(issuer.to_owned(), |p| p.title.get(view.lang()).to_owned());
    let unlinked: Vec<_> = providers.list().filter(|p| !links.iter().any(|l| l.issuer == p.issuer)).collect();
    html! {
        @if !links.is_empty() || !unlinked.is_empty() {
            section.card {
                h2 { (view.t("外部登录", "Outside sign-in")) }
                @if !links.is_empty() {
                    ul { @for l in links { li {
                        (title_of(&l.issuer)) " · " (l.since.to_shanghai()) " "
                        (button("/account/unlink", &[("id", &l.id)], "small outline danger", view.t("解除关联", "Unlink"), &title_of(&l.issuer)))
                    } } }
                }
                div.actions { @for p in unlinked {
                    a role="button" class="outline" href={ "/account/link/" (p.name) } { (view.t("关联", "Link")) " " (p.title.get(view.lang())) }
                } }
            }
        }
    }
}

pub(super) async fn unlink(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    view.step_up_for(NAV)?;
    view.gateway.services.identity.unlink_external(session, fields.text("id")).await?;
    Ok(see_other("/account?saved=1"))
}

pub(super) async fn password(view: View) -> Outcome {
    view.signed_in()?;
    super::page(&view, &password_frame(&view), password_form(&view, None)).await
}

fn password_frame(view: &View) -> Page<'_> {
    Page::narrow(view.t("更改密码", "Change the password"), NAV)
}

fn password_form(view: &View, failure: Option<&Failure>) -> Markup {
    let account = view.session.as_ref().map_or("", |s| s.account.as_str());
    html! {
        p { a href="/account" { "← " (view.t("我的账号", "Your account")) } }
        h1 { (view.t("更改密码", "Change the password")) }
        (refused(view, failure))
        form.card method="post" action="/account/password" {
            // For password managers, which must know whose password it is.
            input type="text" name="account" value=(account) autocomplete="username" hidden;
            (Input::password("old_password", view.t("现在的密码", "Present password"), "current-password").render(view, failure))
            (Input::password("new_password", view.t("新密码", "New password"), "new-password")
                .help(view.t("8 至 256 个字符。越长越好，不必混合各类字符。", "8 to 256 characters. Longer is better; no mixture is asked for.")).render(view, failure))
            (Input::password("repeat", view.t("再次输入新密码", "New password again"), "new-password").render(view, failure))
            p.muted { (view.t("更改后，其他设备上的登录会全部退出。", "Afterwards every other session of yours ends.")) }
            div.actions { button { (view.t("更改", "Change")) } }
        }
    }
}

pub(super) async fn change_password(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    view.step_up()?;
    let new = fields.raw("new_password").unwrap_or("");
    let changed = match repeated(&fields) {
        Err(failure) => Err(failure),
        Ok(()) => {
            let old = fields.raw("old_password").unwrap_or("");
            let identity = &view.gateway.services.identity;
            let changed = identity.change_password(session, old, new.into(), view.device.clone()).await;
            changed.map_err(|e| refused_password("old_password", e))
        }
    };
    match changed {
        Ok(new) => {
            let mut response = see_other("/account?saved=1");
            keep_session(&view, &mut response, &new);
            Ok(response)
        }
        Err(failure) if view.wants_json || failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            super::page_with(failure.status(), &view, &password_frame(&view), password_form(&view, Some(&failure)))
                .await
        }
    }
}

/// Why a password that was asked for again is refused; `field` is where it was typed.
pub(super) fn refused_password(field: &str, e: SignInError) -> Failure {
    match e {
        SignInError::Wrong => {
            Failure::new(kinds::INVALID).field(field, "现在的密码不正确。", "This is not the present password.")
        }
        SignInError::LockedUntil(_) => Failure::new(kinds::LOCKED).because(e.zh(), e.en()),
        SignInError::Busy { .. } => Failure::new(kinds::BUSY).retry_after(5),
        SignInError::MustEnroll => Failure::new(kinds::ENROLL_FIRST),
        SignInError::Identity(e) => e.into(),
    }
}

/// Whether a new password was typed twice in the same way.
pub(super) fn repeated(fields: &crate::body::Fields) -> Outcome<()> {
    if fields.raw("new_password").unwrap_or("") == fields.raw("repeat").unwrap_or("") {
        Ok(())
    } else {
        Err(Failure::new(kinds::INVALID).field(
            "repeat",
            "两次输入的新密码不一致。",
            "The new password was typed differently here.",
        ))
    }
}

/// Sets the portal's cookie to a session that has just begun.
pub(super) fn keep_session(view: &View, response: &mut axum::response::Response, session: &NewSession) {
    let seconds = (session.expires_at.0 - view.gateway.services.clock.now().0) / 1000;
    let cookie = view.gateway.cookies.set_session(session.token.as_str(), seconds);
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

pub(super) async fn sessions(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let all = view.gateway.services.identity.sessions_of(session).await?;
    let title = view.t("登录记录", "Sessions");
    let content = html! {
        p { a href="/account" { "← " (view.t("我的账号", "Your account")) } }
        h1 { (title) }
        p { (view.t("这些地方正以您的账号登录。如有不认识的，请将其退出，并更改密码。", "You are signed in at these places. If you do not know one, end it and change your password.")) }
        @if query.raw("ended").is_some() { (notice("ok", view.t("已退出。", "It was ended."))) }
        div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
            thead { tr {
                th scope="col" { (view.t("设备", "Device")) }
                th scope="col" { (view.t("网络", "Network")) }
                th scope="col" { (view.t("登录时间", "Since")) }
                th scope="col" { (view.t("最近使用", "Last used")) }
                th scope="col" { (view.t("操作", "Action")) }
            } }
            tbody { @for s in &all { (row(&view, s)) } }
        } }
        p.muted { (view.t("时间为北京时间，最近使用时间精确到十分钟。网络只显示网段。", "Beijing time; last use to ten minutes. Of an address only the network is kept.")) }
        form.card method="post" action="/account/sessions/end-all" {
            p { (view.t("退出所有设备、所有服务和程序令牌，包括这里。", "End every session at every service, programs’ tokens and this one among them.")) }
            div.actions { button.danger { (view.t("全部退出", "Sign out everywhere")) } }
        }
    };
    super::page(&view, &Page::new(title, NAV), content).await
}

fn row(view: &View, s: &SessionEntry) -> Markup {
    let device = if s.device.name.is_empty() { view.t("未知设备", "Unknown device") } else { &s.device.name };
    html! {
        tr {
            th scope="row" {
                (device)
                @if s.origin == SessionOrigin::Bearer { " " span.badge { (view.t("程序", "Program")) } }
                @if s.strong { " " span.badge.badge-ok { (view.t("双重验证", "Two factors")) } }
                @if s.current { " " span.badge.badge-info { (view.t("当前", "This one")) } }
                @if !s.signed_on.is_empty() { br; small.muted { (view.t("已进入：", "Also at: ")) (places(view, &s.signed_on)) } }
            }
            td { (s.device.network) }
            td { (s.started_at.to_shanghai()) }
            td { (s.last_seen.to_shanghai()) }
            td { (button("/account/sessions/end", &[("session", &s.handle)], "small outline danger", view.t("退出", "End"), &format!("{device} {}", s.started_at.to_shanghai()))) }
        }
    }
}

fn places(view: &View, origins: &[SessionOrigin]) -> String {
    let names = origins.iter().map(|o| match o {
        SessionOrigin::Portal => view.t("门户", "the portal").to_owned(),
        SessionOrigin::Console => view.t("控制台", "the console").to_owned(),
        SessionOrigin::Bearer => view.t("程序", "a program").to_owned(),
        SessionOrigin::Installation(name) => super::consent::app_title(view, name),
    });
    names.collect::<Vec<_>>().join(view.t("、", ", "))
}

pub(super) async fn end_session(view: View, Form(fields): Form) -> Outcome {
    let session = view.signed_in()?;
    view.gateway.services.identity.end_session(session, fields.text("session")).await?;
    Ok(see_other("/account/sessions?ended=1"))
}

pub(super) async fn end_all(view: View) -> Outcome {
    let session = view.signed_in()?;
    view.gateway.services.identity.sign_out_everywhere(&session.account, &session.account).await?;
    let mut response = see_other("/signed-out");
    response.headers_mut().append(header::SET_COOKIE, view.gateway.cookies.clear_session());
    Ok(response)
}
