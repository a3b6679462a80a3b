//! What can be done with a thing: the card of steps on its page, and the step that an address names.

use crate::service::Refusal;
use maud::{Markup, html};
use yunlong_sdk::page::card;
use yunlong_sdk::{Request, Text};

/// A step that is taken with a thing, on a page of its own below the thing's.
pub(super) trait Step: Copy + 'static {
    /// All of them, in the order in which they are offered.
    const ALL: &'static [Self];

    /// The last part of the address of its page.
    fn code(self) -> &'static str;

    /// What it is called.
    fn name(self) -> Text;
}

/// The card of the steps that somebody may take now with the thing whose page has the address `at`.
pub(super) fn offered<S: Step>(request: &Request, at: &str, may: impl Fn(S) -> bool) -> Markup {
    let offered: Vec<S> = S::ALL.iter().copied().filter(|s| may(*s)).collect();
    card(
        "steps",
        request.t("办理", "What can be done"),
        html! {
            @if offered.is_empty() { p.muted { (request.t("现在没有您可以办理的。", "There is nothing for you to do now.")) } }
            div.actions { @for s in offered { a.outline role="button" href={ (at) "/" (s.code()) } { (s.name().get(request.lang())) } } }
        },
    )
}

/// The step that the address names.
pub(super) fn named<S: Step>(request: &Request) -> Result<S, Refusal> {
    S::ALL.iter().copied().find(|s| s.code() == request.param("step")).ok_or(Refusal::NotFound)
}
