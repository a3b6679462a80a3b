//! Forms of one step: shown with what was typed, refused at the field, sent once however often the button is pressed.

use super::{LAYOUT, Shown};
use crate::domain::refused::Refused;
use crate::service::{Refusal, who};
use maud::{Markup, html};
use yunlong_sdk::page::{error_summary, field, hidden, notice, select, textarea};
use yunlong_sdk::{DataError, Error, Form, Lang, Request, Response, StatusCode, Text, Tone, identity, random, t};

/// The most characters that an idempotency key of a form has.
const KEY: usize = 24;

/// How something is typed.
pub(super) enum Kind {
    /// One line.
    Text,
    /// A day.
    Date,
    /// Several lines.
    Area(u32),
    /// One of pairs of value and words.
    Choice(Vec<(String, String)>),
    /// Any of pairs of value and words.
    Ticks(Vec<(String, String)>),
}

/// A field.
pub(super) struct Field {
    name: &'static str,
    label: Text,
    hint: Option<Text>,
    kind: Kind,
}

impl Field {
    pub(super) fn new(name: &'static str, label: Text, kind: Kind) -> Self {
        Self { name, label, hint: None, kind }
    }

    pub(super) fn text(name: &'static str, label: Text) -> Self {
        Self::new(name, label, Kind::Text)
    }

    pub(super) fn hint(mut self, hint: Text) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// What a step asks for.
pub(super) struct Ask {
    /// The page's heading.
    pub(super) title: Text,
    /// Where the form is sent.
    pub(super) action: String,
    /// Where one goes instead.
    pub(super) back: String,
    /// What stands above the form.
    pub(super) intro: Markup,
    /// The fields.
    pub(super) fields: Vec<Field>,
    /// What the button says.
    pub(super) submit: Text,
}

/// The form, for the first time, with what is suggested.
pub(super) fn first(request: &Request, ask: &Ask, form: &Form) -> Response {
    let form = form.clone().with("key", random::code(KEY));
    show(request, ask, &form, None)
}

/// Reads a form and takes its step: `act` answers where to go. What is refused brings the form back as it was.
pub(super) fn submit(
    request: &Request,
    ask: impl FnOnce() -> Result<Ask, Refusal>,
    act: impl FnOnce(&Form) -> Result<String, Refusal>,
) -> Shown {
    let form = request.form()?;
    if let Err(Refusal::Other(Error::SignIn)) = who() {
        return Ok(signed_out(request, &form));
    }
    match act(&form) {
        Ok(location) => Ok(Response::see_other(&location)),
        Err(refusal) => again(request, &ask()?, form, refusal),
    }
}

/// The idempotency key of a form; none when it has none.
pub(super) fn key(form: &Form) -> Option<&str> {
    Some(form.value("key")).filter(|k| !k.is_empty() && k.len() <= 200)
}

/// The session ended while somebody typed: everything is carried on, to be sent again.
fn signed_out(request: &Request, form: &Form) -> Response {
    let body = html! {
        (notice(Tone::Warn, html! {
            p { (request.t("您的登录已过期。请在新窗口登录，再回到这里提交；已填写的内容不会丢失。", "Your session has ended. Sign in in another window, then send the form here; nothing that you typed is lost.")) }
            p { a href=(identity::sign_in_url("/")) target="_blank" rel="noopener" { (request.t("登录（新窗口）", "Sign in (new window)")) } }
        }))
        form method="post" action=(request.path()) {
            @for (name, value) in form.pairs() { (hidden(name, value)) }
            div.actions { button type="submit" { (request.t("再次提交", "Send it again")) } }
        }
    };
    LAYOUT.page(request, &t("请先登录", "Sign in first"), body).status(StatusCode::UNAUTHORIZED)
}

/// The form once more, with what is wrong.
fn again(request: &Request, ask: &Ask, mut form: Form, refusal: Refusal) -> Shown {
    let lang = request.lang();
    let (title, detail) = (refusal.title(), refusal.detail());
    if let Refusal::Fields(errors) = refusal {
        let mut general = Vec::new();
        for e in errors {
            match place(ask, &e.pointer) {
                Some(name) => form.reject(name, e.text),
                None => general.push(e.text),
            }
        }
        let message = (!general.is_empty())
            .then(|| notice(Tone::Bad, html! { @for text in &general { p { (text.get(lang)) } } }));
        return Ok(show(request, ask, &form, message).status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    if let Refusal::KeyReused { .. } = refusal {
        form = rekeyed(form);
    }
    if let Some(name) = field_of(&refusal).filter(|n| ask.fields.iter().any(|f| f.name == *n)) {
        form.reject(name, if detail.zh.is_empty() { title.clone() } else { detail.clone() });
    }
    let status = match refusal.into_error(lang) {
        Error::Problem(p) if p.status().is_server_error() => return Err(Error::Problem(p).into()),
        Error::Problem(p) => p.status(),
        Error::Data(DataError::Conflict | DataError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Data(DataError::TooLarge(_) | DataError::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        other => return Err(other.into()),
    };
    let message = notice(
        Tone::Bad,
        html! { strong { (title.get(lang)) } @if !detail.zh.is_empty() { p { (detail.get(lang)) } } },
    );
    Ok(show(request, ask, &form, Some(message)).status(status))
}

/// The field of a pointer: `/from/division` is `from-division`, `/parcels/0/goods` is `parcels`.
fn place(ask: &Ask, pointer: &str) -> Option<&'static str> {
    let path = pointer.strip_prefix('/').unwrap_or(pointer);
    let whole = path.replace('/', "-");
    let first = path.split('/').next().unwrap_or_default();
    let known = |name: &str| ask.fields.iter().find(|f| f.name == name).map(|f| f.name);
    known(&whole).or_else(|| known(first))
}

/// The field that a rule is about.
fn field_of(refusal: &Refusal) -> Option<&'static str> {
    let Refusal::Rule(rule) = refusal else {
        return matches!(refusal, Refusal::NotInBusiness { .. }).then_some("uscc");
    };
    Some(match rule {
        Refused::LotShort { .. } | Refused::OverBooks { .. } | Refused::LeavesOverLtv { .. } => "quantity",
        Refused::Nothing(name) => *name,
        Refused::Parts { .. } => "quantities",
        Refused::NotAlike(..) | Refused::Pledged { .. } | Refused::ReceiptFrozen { .. } | Refused::Affiliate { .. } => {
            "receipts"
        }
        Refused::OverLtv { .. } => "principal",
        Refused::OverOwed { .. } => "amount",
        Refused::ReferenceReused { .. } => "bank_reference",
        Refused::OtherPayment { .. } => "reference",
        Refused::NoParcel(_) => "parcel",
        Refused::NoSale(_) => "sale",
        Refused::Role { .. }
        | Refused::NotYours
        | Refused::State(_)
        | Refused::LotMissing { .. }
        | Refused::NoQuote { .. }
        | Refused::SameHands { .. }
        | Refused::NoConsent { .. }
        | Refused::Credit(_)
        | Refused::NotRegistered { .. }
        | Refused::NotSigned
        | Refused::LoanFrozen { .. }
        | Refused::TooEarly { .. }
        | Refused::Disagree(_)
        | Refused::Sensor(_)
        | Refused::NoProof => return None,
    })
}

/// The same form with a key of its own: sent again, it makes something else.
fn rekeyed(form: Form) -> Form {
    let others = form.pairs().filter(|(name, _)| *name != "key");
    others.fold(Form::new().with("key", random::code(KEY)), |f, (name, value)| f.with(name, value))
}

fn show(request: &Request, ask: &Ask, form: &Form, message: Option<Markup>) -> Response {
    let lang = request.lang();
    let body = html! {
        @if let Some(m) = message { (m) }
        (error_summary(lang, form))
        (ask.intro)
        form method="post" action=(ask.action) novalidate {
            (hidden("key", form.value("key")))
            @for f in &ask.fields { (shown(lang, form, f)) }
            div.actions {
                button type="submit" { (ask.submit.get(lang)) }
                a href=(ask.back) { (request.t("返回", "Back")) }
            }
        }
    };
    LAYOUT.page(request, &ask.title, body)
}

fn shown(lang: Lang, form: &Form, f: &Field) -> Markup {
    match &f.kind {
        Kind::Text => field(lang, form, f.name, "text", &f.label, f.hint.as_ref()),
        Kind::Date => field(lang, form, f.name, "date", &f.label, f.hint.as_ref()),
        Kind::Area(rows) => textarea(lang, form, f.name, *rows, &f.label, f.hint.as_ref()),
        Kind::Choice(options) => {
            let options: Vec<(&str, &str)> = options.iter().map(|(v, words)| (v.as_str(), words.as_str())).collect();
            select(lang, form, f.name, &f.label, &options)
        }
        Kind::Ticks(options) => ticks(lang, form, f, options),
    }
}

fn ticks(lang: Lang, form: &Form, f: &Field, options: &[(String, String)]) -> Markup {
    let error = form.error(f.name);
    let described = error.map(|_| format!("error-{}", f.name));
    html! {
        fieldset id={ "field-" (f.name) } aria-describedby=[described.as_deref()] {
            legend { (f.label.get(lang)) }
            @if let Some(hint) = &f.hint { span.field-help { (hint.get(lang)) } }
            @if options.is_empty() { p.muted { (lang.pick("没有可以选择的。", "There is nothing to choose from.")) } }
            @for (value, words) in options {
                label.choice {
                    input type="checkbox" name=(f.name) value=(value) checked[form.values(f.name).any(|v| v == value)];
                    span { (words) }
                }
            }
            @if let Some(why) = error { span.field-error id={ "error-" (f.name) } { (why.get(lang)) } }
        }
    }
}
