//! Coming back to an account with a one-time code, and opening one oneself where the city allows it.

use super::account::repeated;
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, refused};
use crate::layout::{Page, notice};
use crate::view::{View, see_other};
use maud::{Markup, html};
use yunlong_formats::Explain as _;
use yunlong_identity::{AccountKind, Attributes, CodeError, NewAccount};

pub(super) async fn page(view: View) -> Outcome {
    super::page(&view, &frame(&view), form(&view, "", None)).await
}

fn frame(view: &View) -> Page<'_> {
    Page::narrow(view.t("用一次性代码设置密码", "Set a password with a one-time code"), "/sign-in")
}

fn form(view: &View, code: &str, failure: Option<&Failure>) -> Markup {
    html! {
        h1 { (view.t("用一次性代码设置密码", "Set a password with a one-time code")) }
        p { (view.t("新账号或忘记密码时，管理员或服务窗口核对身份后会给您一个一次性代码。", "For a new account or a forgotten password, the administrator or a service window gives you a one-time code after checking who you are.")) }
        (refused(view, failure))
        form.card method="post" action="/reset" {
            (Input::text("code", view.t("一次性代码", "One-time code"), code).help(view.t("形如 ABCDE-FGHIJ-KLMNO-PQRST，大小写均可。", "Like ABCDE-FGHIJ-KLMNO-PQRST; small letters will do.")).render(view, failure))
            (Input::password("new_password", view.t("新密码", "New password"), "new-password").help(view.t("8 至 256 个字符。", "8 to 256 characters.")).render(view, failure))
            (Input::password("repeat", view.t("再次输入新密码", "New password again"), "new-password").render(view, failure))
            p.muted { (view.t("设置后，该账号所有的登录都会退出，外部登录的关联会全部解除；登录后可在“我的账号”重新关联。", "Afterwards every session of the account ends and every outside sign-in is unlinked; you can link one again under “Your account”.")) }
            div.actions { button { (view.t("设置密码", "Set the password")) } }
        }
    }
}

pub(super) async fn submit(view: View, Form(fields): Form) -> Outcome {
    let done = redeem(&view, &fields).await;
    match done {
        Ok(_) => Ok(see_other("/sign-in?reset=1")),
        Err(failure) if view.wants_json || failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            let content = form(&view, fields.text("code"), Some(&failure));
            super::page_with(failure.status(), &view, &frame(&view), content).await
        }
    }
}

async fn redeem(view: &View, fields: &Fields) -> Outcome<String> {
    repeated(fields)?;
    let gateway = &view.gateway;
    let now = gateway.services.clock.now();
    gateway.tries.by_client.take(view.client, now).map_err(super::sign_in::limited)?;
    let password = fields.raw("new_password").unwrap_or("").into();
    let done = gateway.services.identity.redeem_reset(fields.text("code"), password).await;
    // Only a wrong code counts against them.
    if !matches!(done, Err(CodeError::Invalid)) {
        gateway.tries.by_client.give_back(&view.client);
    }
    done.map_err(|e| match e {
        CodeError::Identity(yunlong_identity::IdentityError::Invalid { problem, .. }) => {
            Failure::new(kinds::INVALID).field("new_password", problem.zh, problem.en)
        }
        CodeError::Identity(e) => e.into(),
        CodeError::Invalid | CodeError::SessionEnded => Failure::new(kinds::INVALID).field(
            "code",
            "代码不正确、已使用或已过期：请核对，或请管理员重新出具。",
            "The code is wrong, was used, or has expired: check it, or ask the administrator for another one.",
        ),
    })
}

/// Refused where the city has not opened it.
fn open(view: &View) -> Outcome<()> {
    if view.gateway.config.self_registration { Ok(()) } else { Err(Failure::not_found()) }
}

pub(super) async fn register(view: View, Query(_): Query) -> Outcome {
    open(&view)?;
    super::page(&view, &register_frame(&view), register_form(&view, &Fields::default(), None)).await
}

fn register_frame(view: &View) -> Page<'_> {
    Page::narrow(view.t("注册市民账号", "Open a citizen's account"), "/sign-in")
}

fn register_form(view: &View, typed: &Fields, failure: Option<&Failure>) -> Markup {
    html! {
        h1 { (view.t("注册市民账号", "Open a citizen's account")) }
        (notice("info", view.t("此处只检查号码的格式，不核验真伪。需要核验身份的业务，请到服务窗口或使用外部登录。", "Numbers are checked for their form here, not for whose they are. What needs a verified identity is done at a service window or with the outside sign-in.")))
        (refused(view, failure))
        form.card method="post" action="/register" {
            (Input::text("name", view.t("账号名", "Account name"), typed.text("name")).fill("username").help(view.t("3 至 40 位小写字母、数字、“.”“_”“-”。", "3 to 40 of a-z, 0-9, “.”, “_” and “-”.")).render(view, failure))
            (Input::text("real_name", view.t("姓名", "Registered name"), typed.text("real_name")).fill("name").render(view, failure))
            (Input::text("resident_id", view.t("居民身份证号码", "Resident ID number"), typed.text("resident_id")).render(view, failure))
            (Input::text("mobile", view.t("手机号码", "Mobile number"), typed.text("mobile")).fill("tel-national").render(view, failure))
            (Input::password("new_password", view.t("密码", "Password"), "new-password").help(view.t("8 至 256 个字符。", "8 to 256 characters.")).render(view, failure))
            (Input::password("repeat", view.t("再次输入密码", "Password again"), "new-password").render(view, failure))
            div.actions { button { (view.t("注册", "Open the account")) } a href="/sign-in" { (view.t("已有账号", "I have an account")) } }
        }
    }
}

pub(super) async fn submit_register(view: View, Form(fields): Form) -> Outcome {
    open(&view)?;
    match create(&view, &fields).await {
        Ok(()) => Ok(see_other("/sign-in?registered=1")),
        Err(failure) if view.wants_json || failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            let content = register_form(&view, &fields, Some(&failure));
            super::page_with(failure.status(), &view, &register_frame(&view), content).await
        }
    }
}

async fn create(view: &View, fields: &Fields) -> Outcome<()> {
    repeated(fields)?;
    let gateway = &view.gateway;
    // Each try counts: the answer tells whether a name or a number has an account.
    gateway.tries.by_client.take(view.client, gateway.services.clock.now()).map_err(super::sign_in::limited)?;
    let attributes = attributes(fields)?;
    let new = NewAccount {
        name: fields.text("name").to_owned(),
        kind: AccountKind::Citizen,
        password: fields.raw("new_password").unwrap_or("").into(),
        organization: None,
        attributes,
        platform_roles: Vec::new(),
    };
    gateway.services.identity.create_account(new).await.map_err(|e| match e {
        yunlong_identity::IdentityError::Invalid { field, problem } if field == "password" => {
            Failure::new(kinds::INVALID).field("new_password", problem.zh, problem.en)
        }
        yunlong_identity::IdentityError::NameTaken(_) => Failure::new(kinds::CONFLICT).field("name", e.zh(), e.en()),
        e => e.into(),
    })
}

/// What is known of a person, from the fields of a form; each that is wrong is named.
pub(crate) fn attributes(fields: &Fields) -> Outcome<Attributes> {
    let mut failure = Failure::new(kinds::INVALID);
    let filled = |name: &str| Some(fields.text(name)).filter(|t| !t.is_empty());
    let mut known = Attributes { real_name: filled("real_name").map(str::to_owned), ..Attributes::default() };
    match filled("resident_id").map(str::parse).transpose() {
        Ok(id) => known.resident_id = id,
        Err(e) => failure = explained::<yunlong_formats::ResidentId>(failure, "resident_id", &e),
    }
    match filled("mobile").map(str::parse).transpose() {
        Ok(mobile) => known.mobile = mobile,
        Err(e) => failure = explained::<yunlong_formats::Mobile>(failure, "mobile", &e),
    }
    if failure.fields().is_empty() { Ok(known) } else { Err(failure) }
}

fn explained<T: std::str::FromStr>(failure: Failure, field: &str, why: &T::Err) -> Failure
where
    T::Err: yunlong_formats::Explain,
{
    failure.field(field, why.zh(), why.en())
}
