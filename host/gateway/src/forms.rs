//! Fields with their label, help and error tied together, and what stands above a refused form.

use crate::failure::Failure;
use crate::view::View;
use maud::{Markup, html};

/// A line to fill in.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) value: &'a str,
    /// An autofill name of HTML; `off` where a browser should keep out.
    pub(crate) autocomplete: &'a str,
    pub(crate) help: &'a str,
    pub(crate) required: bool,
    pub(crate) max: u32,
}

impl<'a> Input<'a> {
    pub(crate) fn text(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self { name, label, kind: "text", value, autocomplete: "off", help: "", required: true, max: 100 }
    }

    pub(crate) fn password(name: &'a str, label: &'a str, autocomplete: &'a str) -> Self {
        Self { kind: "password", autocomplete, max: 1000, ..Self::text(name, label, "") }
    }

    pub(crate) fn help(self, help: &'a str) -> Self {
        Self { help, ..self }
    }

    pub(crate) fn fill(self, autocomplete: &'a str) -> Self {
        Self { autocomplete, ..self }
    }

    pub(crate) fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// A whole number.
    pub(crate) fn number(self) -> Self {
        Self { kind: "number", ..self }
    }

    pub(crate) fn render(&self, view: &View, failure: Option<&Failure>) -> Markup {
        let error = failure.and_then(|f| f.fields().iter().find(|e| e.name == self.name));
        let error = error.map(|e| e.detail.get(view.lang()));
        let (error_id, help_id) = (format!("{}-error", self.name), format!("{}-help", self.name));
        let described = match (error, self.help) {
            (Some(_), "") => Some(error_id.clone()),
            (Some(_), _) => Some(format!("{error_id} {help_id}")),
            (None, "") => None,
            (None, _) => Some(help_id.clone()),
        };
        html! {
            label for=(self.name) { (self.label) @if !self.required { (view.t("（选填）", " (optional)")) } }
            input id=(self.name) type=(self.kind) name=(self.name) value=(self.value) autocomplete=(self.autocomplete) autocapitalize="none" spellcheck="false"
                maxlength=[(self.kind != "number").then_some(self.max)] required[self.required]
                aria-invalid=[error.map(|_| "true")] aria-describedby=[described];
            @if let Some(error) = error { span.field-error id=(error_id) { (error) } }
            @if !self.help.is_empty() { span.field-help id=(help_id) { (self.help) } }
        }
    }
}

/// What was refused, above the form: what is said of no field, or that fields are marked.
pub(crate) fn refused(view: &View, failure: Option<&Failure>) -> Markup {
    html! {
        @if let Some(f) = failure {
            div.notice.notice-bad role="alert" {
                strong { (view.t(f.kind().title.0, f.kind().title.1)) }
                @if f.fields().is_empty() { p { (f.text(view.lang())) } }
                @for e in f.fields() { p { (e.detail.get(view.lang())) } }
            }
        }
    }
}

/// A code that is shown once.
pub(crate) fn secret(code: &str) -> Markup {
    html! { p { code.secret { (code) } } }
}

/// A form that is one button.
pub(crate) fn button(action: &str, fields: &[(&str, &str)], class: &str, label: &str, more: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button class=(class) { (label) @if !more.is_empty() { span.visually-hidden { " " (more) } } }
        }
    }
}
