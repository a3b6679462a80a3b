//! What the forms of all pages share: errors beside their fields, money in yuan, texts in two
//! languages.

use super::refused;
use crate::service::Refusal;
use maud::{Markup, html};
use yunlong_sdk::identity::sign_in_url;
use yunlong_sdk::money::yuan;
use yunlong_sdk::page::{field, notice};
use yunlong_sdk::{DataError, Error, Form, Lang, Request, Response, StatusCode, Text, Tone, t};

/// The name of the field that a JSON Pointer leads to: `/recipient/name` is `recipient-name`.
pub(super) fn field_of(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', "-")
}

/// The form once more, with what is wrong beside its fields or above it. Nothing that was typed is lost.
pub(super) fn again(
    request: &Request,
    mut form: Form,
    refusal: Refusal,
    page: impl FnOnce(&Form, Markup) -> Result<Response, Refusal>,
) -> Result<Response, Refusal> {
    let lang = request.lang();
    let (status, message) = match refusal {
        Refusal::Fields(errors) => {
            errors.into_iter().for_each(|e| form.reject(&field_of(&e.pointer), e.text));
            (StatusCode::UNPROCESSABLE_ENTITY, html! {})
        }
        Refusal::Other(Error::SignIn) => (StatusCode::UNAUTHORIZED, sign_in(request)),
        Refusal::Data(DataError::Conflict | DataError::Unavailable(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, busy(request))
        }
        e @ (Refusal::NotFound | Refusal::Other(_) | Refusal::Data(_)) => return Err(e),
        other => (other.status(), refused(lang, &other, html! {})),
    };
    Ok(page(&form, message)?.status(status))
}

/// The form once more, since fields could not be read.
pub(super) fn unreadable(
    form: &Form,
    page: impl FnOnce(&Form, Markup) -> Result<Response, Refusal>,
) -> Result<Response, Refusal> {
    Ok(page(form, html! {})?.status(StatusCode::UNPROCESSABLE_ENTITY))
}

fn busy(request: &Request) -> Markup {
    let text = request.t(
        "系统繁忙，请稍后再提交。已填写的内容不会丢失。",
        "Very busy: submit again in a moment. Nothing that you typed is lost.",
    );
    notice(Tone::Warn, html! { p { (text) } })
}

/// The session ended while a form was filled in.
fn sign_in(request: &Request) -> Markup {
    notice(
        Tone::Warn,
        html! {
            p { (request.t("您的登录已过期。请在新窗口登录，再回到这里提交；已填写的内容不会丢失。", "Your session has ended. Sign in in another window and submit again here; nothing that you typed is lost.")) }
            p { a href=(sign_in_url("/")) target="_blank" rel="noopener" { (request.t("登录（新窗口）", "Sign in (new window)")) } }
        },
    )
}

/// An amount in yuan, `1080` or `1080.00`, as fen.
pub(super) fn fen(text: &str) -> Option<u64> {
    let (whole, places) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || places.len() > 2 || !digits(whole) || !digits(places) {
        return None;
    }
    Some(whole.parse::<u64>().ok()? * 100 + format!("{places:0<2}").parse::<u64>().ok()?)
}

/// An amount in yuan of a field.
pub(super) fn money(form: &mut Form, name: &str) -> Option<u64> {
    form.check(name, |text| {
        fen(text).ok_or_else(|| t("请填写金额（元），如 1080.00", "Enter an amount in yuan, such as 1080.00"))
    })
}

/// Fen as a field holds them.
pub(super) fn typed_money(fen: u64) -> String {
    yuan(fen)
}

/// Two fields for a text in both languages.
pub(super) fn pair(lang: Lang, form: &Form, name: &str, label: &Text) -> Markup {
    let with = |zh: &str, en: &str| Text::new(format!("{}（{zh}）", label.zh), format!("{} ({en})", label.en));
    html! {
        (field(lang, form, &format!("{name}-zh"), "text", &with("中文", "Chinese"), None))
        (field(lang, form, &format!("{name}-en"), "text", &with("英文", "English"), None))
    }
}

/// A text as the two fields hold it.
pub(super) fn typed_pair(form: &Form, name: &str) -> Text {
    let value = |lang: &str| form.value(&format!("{name}-{lang}")).trim().to_owned();
    Text::new(value("zh"), value("en"))
}

/// A form that holds a text.
pub(super) fn with_pair(form: Form, name: &str, text: &Text) -> Form {
    form.with(&format!("{name}-zh"), &*text.zh).with(&format!("{name}-en"), &*text.en)
}

/// The same form without some fields.
pub(super) fn without(form: &Form, names: &[&str]) -> Form {
    form.pairs().filter(|(n, _)| !names.contains(n)).fold(Form::new(), |f, (n, v)| f.with(n, v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_read_to_the_fen_and_nothing_else_is() {
        assert_eq!(fen("1080"), Some(108_000));
        assert_eq!(fen(" 1080.5 "), Some(108_050));
        assert_eq!(fen("0.01"), Some(1));
        for bad in ["", ".5", "-1", "1,080", "1.005", "1e3", "一", "9999999999"] {
            assert_eq!(fen(bad), None, "{bad}");
        }
        assert_eq!(field_of("/recipient/name"), "recipient-name");
    }
}
