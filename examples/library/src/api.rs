// ANCHOR: begin
//! What everybody may know, as JSON.

use crate::book::{self, Book};
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{self, JsonSchema};
use yunlong_sdk::{Input, Request, web};
// ANCHOR_END: begin

// ANCHOR: api
/// Where to go on.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct List {
    /// `next` of the page before.
    after: Option<String>,
}

/// A book as everybody sees it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Shown {
    id: String,
    title: String,
    author: String,
    /// How many copies may be reserved now.
    free: u32,
}

/// A page of books.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Books {
    books: Vec<Shown>,
    /// Give this as `after` for the next page; null when there is no more.
    next: Option<String>,
}

pub(crate) fn list(_: &Request, input: Input<(), List>) -> web::Result<Books> {
    let page = book::page(input.query.after)?;
    Ok(Books { next: page.next.clone(), books: page.into_iter().map(|b| shown(b.into_value())).collect() })
}
// ANCHOR_END: api

// ANCHOR: shown
fn shown(book: Book) -> Shown {
    Shown { free: book.free(), id: book.id, title: book.title, author: book.author }
}
// ANCHOR_END: shown
