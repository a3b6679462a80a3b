//! A guestbook: documents, an index, a bounded counter, a form with errors beside its fields,
//! pages with cursors, two languages and an API.
#![deny(missing_docs)]

mod api;
mod entry;
mod figures;
mod pages;

pub use entry::{Entry, NewEntry};

use yunlong_sdk::{App, Operation, Router, StatusCode, t};

/// The app.
pub struct Guestbook;

impl App for Guestbook {
    fn router() -> Router {
        Router::new()
            .describe(t("留言簿", "Guestbook"), "Messages that everybody can read.")
            .get("/", pages::list)
            .get("/days", figures::days)
            .get("/write", pages::write)
            .post("/write", pages::submit)
            .post("/entries/{id}/hide", pages::hide)
            .get("/help", pages::help)
            .operation(
                Operation::get("/api/entries", "listEntries")
                    .query::<api::List>()
                    .summary("Visible messages, newest first"),
                api::list,
            )
            .operation(
                Operation::post("/api/entries", "createEntry")
                    .body::<api::Create>()
                    .status(StatusCode::CREATED)
                    .signed_in()
                    .summary("Leaves a message")
                    .problem(409, "This person has left as many messages as are allowed")
                    .problem(422, "A field is refused; `errors` says why"),
                api::create,
            )
    }
}

yunlong_sdk::export!(Guestbook);
