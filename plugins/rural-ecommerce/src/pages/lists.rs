//! Lists as the address asks for them: narrowed to a state or a number, by time both ways, in pages and files.

use super::{choices, files};
use crate::domain::machine::Machine;
use crate::service::Wanted;
use maud::{Markup, html};
use yunlong_sdk::page::{Column, Listing, empty, field, select};
use yunlong_sdk::{Form, Lang, Page, Request, Stored, Text, t};

/// What a list is narrowed by.
pub(super) struct Filters<S: 'static> {
    /// The name of the state in the address.
    pub(super) state: &'static str,
    /// The states to choose from; none where the list is of one state.
    pub(super) states: &'static [S],
    /// The state that is shown unless another is asked for, of a list that shows one at a time; a number is looked for in
    /// all of them.
    pub(super) first: Option<S>,
    /// The label of the number, where one can be looked for.
    pub(super) number: Option<Text>,
}

/// A list as the address asks for it.
pub(super) struct Asked<S: 'static> {
    filters: Filters<S>,
    list: Listing,
    pub(super) wanted: Wanted<S>,
}

impl<S: Machine> Asked<S> {
    /// What the query of a request says. `time` is the key of the time, with `-` before it where the newest stand first.
    pub(super) fn of(request: &Request, time: &str, filters: Filters<S>) -> Self {
        let state = (!filters.states.is_empty()).then_some(filters.state);
        let number = filters.number.as_ref().map(|_| "number");
        let list = Listing::of(request, &[time], &state.into_iter().chain(number).collect::<Vec<_>>());
        let number = Some(list.filter("number").to_owned()).filter(|n| !n.is_empty());
        let named = filters.states.iter().copied().find(|s| s.code() == list.filter(filters.state));
        let state = match filters.first {
            None => named,
            Some(_) if number.is_some() => None,
            Some(first) => Some(named.unwrap_or(first)),
        };
        let wanted = Wanted { state, number, oldest_first: !list.is_descending() };
        Self { filters, list, wanted }
    }

    /// The cursor of the page.
    pub(super) fn after(&self) -> Option<String> {
        self.list.after()
    }

    /// The list with its filters, its pager and its files. `none` stands in place of one in which there is nothing yet,
    /// `none_such` of one in which nothing is what was asked for.
    pub(super) fn show<T>(
        &self,
        request: &Request,
        (caption, columns): (&str, &[Column<'_, Stored<T>>]),
        page: Page<T>,
        none: Markup,
        none_such: &str,
    ) -> Markup {
        let nothing = page.items.is_empty() && self.after().is_none();
        if nothing && !self.list.is_filtered() && self.filters.first.is_none() {
            return empty(none);
        }
        html! {
            (self.form(request.lang()))
            @if nothing { (empty(html! { p { (none_such) } })) }
            @else { (self.list.table(caption, columns, page.items)) }
            (self.list.pager(page.next.as_deref()))
            (files::links(request, &self.list))
        }
    }

    fn form(&self, lang: Lang) -> Markup {
        let Filters { state, states, first, number } = &self.filters;
        let chosen = self.list.filters().clone();
        let chosen = match first {
            Some(first) if !states.iter().any(|s| s.code() == chosen.value(state)) => {
                Form::new().with("number", chosen.value("number")).with(state, first.code())
            }
            _ => chosen,
        };
        let all = first.is_none().then(|| (String::new(), t("全部", "All")));
        let options: Vec<(String, Text)> =
            all.into_iter().chain(states.iter().map(|s| (s.code().to_owned(), s.name()))).collect();
        let everywhere = t("不分状态查找", "Looked for in every state");
        self.list.form(html! {
            @if let Some(label) = number { (field(lang, &chosen, "number", "search", label, first.is_some().then_some(&everywhere).filter(|_| !states.is_empty()))) }
            @if !states.is_empty() { (select(lang, &chosen, state, &t("状态", "State"), &choices(lang, &options))) }
        })
    }
}
