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

/// The ids that describe a field: of its error and its help, and the error's text.
fn described<'a>(
    view: &View,
    name: &str,
    help: &str,
    failure: Option<&'a Failure>,
) -> (Option<&'a str>, Option<String>) {
    let error = failure.and_then(|f| f.fields().iter().find(|e| e.name == name));
    let error = error.map(|e| e.detail.get(view.lang()));
    let ids = [(error.is_some(), "error"), (!help.is_empty(), "help")];
    let ids: Vec<String> = ids.into_iter().filter(|(is, _)| *is).map(|(_, id)| format!("{name}-{id}")).collect();
    (error, (!ids.is_empty()).then(|| ids.join(" ")))
}

/// One of several values.
pub(crate) struct Choice<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    /// Values and their words.
    pub(crate) options: Vec<(String, String)>,
    pub(crate) value: &'a str,
    pub(crate) help: &'a str,
}

impl Choice<'_> {
    pub(crate) fn render(&self, view: &View, failure: Option<&Failure>) -> Markup {
        let (error, ids) = described(view, self.name, self.help, failure);
        html! {
            label for=(self.name) { (self.label) }
            select id=(self.name) name=(self.name) aria-invalid=[error.map(|_| "true")] aria-describedby=[ids] {
                @for (value, words) in &self.options { option value=(value) selected[value == self.value] { (words) } }
            }
            @if let Some(error) = error { span.field-error id={ (self.name) "-error" } { (error) } }
            @if !self.help.is_empty() { span.field-help id={ (self.name) "-help" } { (self.help) } }
        }
    }
}

/// Several lines to fill in.
#[derive(Clone, Copy)]
pub(crate) struct Area<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) value: &'a str,
    pub(crate) help: &'a str,
    pub(crate) required: bool,
    pub(crate) rows: u32,
    pub(crate) max: u32,
}

impl<'a> Area<'a> {
    pub(crate) fn new(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self { name, label, value, help: "", required: true, rows: 3, max: 2_000 }
    }

    pub(crate) fn help(self, help: &'a str) -> Self {
        Self { help, ..self }
    }

    pub(crate) fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    pub(crate) fn render(&self, view: &View, failure: Option<&Failure>) -> Markup {
        let (error, ids) = described(view, self.name, self.help, failure);
        html! {
            label for=(self.name) { (self.label) @if !self.required { (view.t("（选填）", " (optional)")) } }
            textarea id=(self.name) name=(self.name) rows=(self.rows) maxlength=(self.max) required[self.required]
                aria-invalid=[error.map(|_| "true")] aria-describedby=[ids] { (self.value) }
            @if let Some(error) = error { span.field-error id={ (self.name) "-error" } { (error) } }
            @if !self.help.is_empty() { span.field-help id={ (self.name) "-help" } { (self.help) } }
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
