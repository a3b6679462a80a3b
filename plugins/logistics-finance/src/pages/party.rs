//! Companies, banks and carriers, as people read them: by their names, with the code small beside it.

use crate::service::parties::{self, Names};
use crate::views::Gathered;
use maud::{Markup, html};
use std::ops::Deref;
use std::rc::Rc;
use yunlong_sdk::sheet::Cell;

/// A company or office by its name, where it is known, and its code.
pub(super) fn party(of: &str) -> Markup {
    named(&parties::names([of]), of)
}

fn named(names: &Names, of: &str) -> Markup {
    match names.get(of) {
        Some(name) => html! { (name) " " small.muted { code { (of) } } },
        None => html! { code { (of) } },
    }
}

/// A row of a list, with the names of the parties that are in it.
pub(super) struct Named<T> {
    row: T,
    names: Rc<Names>,
}

impl<T> Deref for Named<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.row
    }
}

impl<T> Named<T> {
    /// Rows with the names of the codes that `of` finds in each.
    pub(super) fn rows<const N: usize>(rows: Vec<T>, of: fn(&T) -> [&str; N]) -> Vec<Self> {
        let names = Rc::new(parties::names(rows.iter().flat_map(of)));
        rows.into_iter().map(|row| Self { row, names: Rc::clone(&names) }).collect()
    }

    /// The same of a list that was read whole.
    pub(super) fn all<const N: usize>(rows: Gathered<T>, of: fn(&T) -> [&str; N]) -> Gathered<Self> {
        Gathered { items: Self::rows(rows.items, of), more: rows.more }
    }

    /// A party in a column.
    pub(super) fn party(&self, of: &str) -> Markup {
        named(&self.names, of)
    }

    /// A party's name in a file, where its code stands in a column of its own.
    pub(super) fn filed(&self, of: &str) -> Cell {
        self.names.get(of).map_or(Cell::Empty, Cell::from)
    }

    /// By what it is ordered and found: the name, or else the code.
    pub(super) fn word<'a>(&'a self, of: &'a str) -> &'a str {
        self.names.get(of).unwrap_or(of)
    }
}
