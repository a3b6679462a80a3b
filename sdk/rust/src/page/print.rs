//! What is made for paper: receipts, contracts, tickets.

use super::chart::script;
use crate::{Lang, clock, context};
use maud::{Markup, Render, html};

/// What it is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// Sheets (ISO 216).
    A4,
    /// Rolls of 80 mm.
    Receipt,
}

impl Paper {
    const fn class(self) -> &'static str {
        match self {
            Self::A4 => "print-a4",
            Self::Receipt => "print-receipt",
        }
    }
}

/// A document for the printer, with its title and a print button above it. Of a page with one, it is printed alone: neither the
/// city's header nor what else the page says. Below it stand whose it is and when it was made, so that a copy on paper can be
/// told from a later one.
#[must_use]
pub fn print_view(lang: Lang, paper: Paper, title: impl Render, body: impl Render) -> Markup {
    html! {
        (print_button(lang))
        article class={ "print-view " (paper.class()) } {
            header { h2 { (title) } }
            (body)
            footer {
                span lang="zh-CN" { (context::installation().organization_name) } " · "
                (lang.pick("打印时间 ", "Printed at ")) (clock::minute(clock::now()))
            }
        }
    }
}

/// A button that asks for the printer. It shows itself where scripts run; without them the browser's own command does the
/// same, and the words beside it say so.
#[must_use]
pub fn print_button(lang: Lang) -> Markup {
    html! {
        div.actions.no-print {
            button.outline type="button" data-print hidden { (lang.pick("打印", "Print")) }
            span.muted { (lang.pick("也可以用浏览器的打印功能，只打印正文。", "Your browser's own print command prints the same: the content alone.")) }
        }
        (script())
    }
}
