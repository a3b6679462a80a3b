// ANCHOR: book
//! A library: books with copies, reservations, a waiting list, a desk for librarians, reminders.
#![deny(missing_docs)]

mod book;

pub use book::Book;
// ANCHOR_END: book

// ANCHOR: loan
mod loan;

pub use loan::{Loan, State};
// ANCHOR_END: loan

// ANCHOR: router
mod api;
mod desk;
mod pages;

use yunlong_sdk::{App, Failure, Jobs, Operation, Router, Tx, t};

/// The app.
pub struct Library;

impl App for Library {
    fn router() -> Router {
        Router::new()
            .describe(t("图书预约", "Library"), "Books, and who is next in line for them.")
            .get("/", pages::shelf)
            .get("/books/{id}", pages::book)
            .post("/books/{id}/reserve", pages::reserve)
            .get("/mine", pages::mine)
            .post("/loans/{number}/cancel", pages::cancel)
            .get("/add", desk::add)
            .post("/add", desk::submit)
            .get("/desk", desk::desk)
            .post("/desk/{number}/hand-out", desk::hand_out)
            .post("/desk/{number}/take-back", desk::take_back)
            .get("/help", pages::help)
            .operation(
                Operation::get("/api/books", "listBooks").query::<api::List>().summary("Books, by title"),
                api::list,
            )
    }
}
// ANCHOR_END: router

// ANCHOR: jobs
impl Jobs for Library {
    fn run(job: &str, scheduled: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        match job {
            "deadlines" => loan::look_at_deadlines(tx, scheduled),
            // `app.toml` and the code disagree: trying again would not help.
            other => Err(Failure::Reject(format!("no such job: {other}"))),
        }
    }
}

yunlong_sdk::export!(http: Library, jobs: Library);
// ANCHOR_END: jobs
