// ANCHOR: begin
//! Books: what the library has.

use serde::{Deserialize, Serialize};
use yunlong_sdk::{Collection, DataError, Document, Page, Problem, random, transact, web};
// ANCHOR_END: begin

// ANCHOR: book
/// A book of which the library has one copy or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Document)]
#[document(collection = "books", indexes("by-title"))]
pub struct Book {
    /// Its id.
    #[document(id)]
    pub id: String,
    /// The title.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// How many copies there are.
    pub copies: u32,
    /// How many of them are lent, or wait at the desk for whoever reserved them.
    pub taken: u32,
}

const BOOKS: Collection<Book> = Collection::new();
const PAGE: u32 = 20;
// ANCHOR_END: book

// ANCHOR: free
impl Book {
    /// How many copies may be reserved now.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.copies.saturating_sub(self.taken)
    }
}
// ANCHOR_END: free

// ANCHOR: page
/// A page of the books, by title.
pub(crate) fn page(after: Option<String>) -> Result<Page<Book>, DataError> {
    BOOKS.find(Book::BY_TITLE.all().limit(PAGE).after(after))
}
// ANCHOR_END: page

// ANCHOR: add
/// A book; a 404 when there is none.
pub(crate) fn get(id: &str) -> web::Result<Book> {
    Ok(BOOKS.get(id)?.ok_or_else(Problem::not_found)?.into_value())
}

/// Puts a new book on the shelf.
pub(crate) fn add(title: String, author: String, copies: u32) -> web::Result<Book> {
    let book = Book { id: random::code(10), title, author, copies, taken: 0 };
    transact(|tx| {
        tx.insert(&book)?;
        tx.audit("book.add", &book.id, &serde_json::json!({ "copies": copies }))
    })?;
    Ok(book)
}
// ANCHOR_END: add
