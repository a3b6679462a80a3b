//! Repairs: residents report what is broken in public space, the department closes it.
//!
//! A whole small app: own data with indexes, a form, pages with cursors, an attribute by consent, a message, a
//! role, two languages and an API.
#![deny(missing_docs)]

mod api;
mod pages;
mod report;

pub use report::{Report, Status};

use yunlong_sdk::{App, Operation, Router, StatusCode, t};

/// The app.
pub struct Repairs;

impl App for Repairs {
    fn router() -> Router {
        Router::new()
            .describe(t("报修", "Repairs"), "What residents report as broken in public space.")
            .get("/", pages::list)
            .get("/new", pages::new)
            .post("/new", pages::submit)
            .get("/reports/{id}", pages::detail)
            .post("/reports/{id}/close", pages::close)
            .get("/help", pages::help)
            .operation(
                Operation::get("/api/reports", "listReports").query::<api::List>().summary("Reports, newest first"),
                api::list,
            )
            .operation(
                Operation::get("/api/reports/{id}", "getReport")
                    .path::<api::ById>()
                    .summary("One report")
                    .problem(404, "There is no such report"),
                api::get,
            )
            .operation(
                Operation::post("/api/reports", "fileReport")
                    .body::<api::Create>()
                    .status(StatusCode::CREATED)
                    .location("/api/reports/{id}")
                    .signed_in()
                    .summary("Files a report")
                    .problem(422, "A field is refused; `errors` says why"),
                api::file,
            )
    }
}

yunlong_sdk::export!(Repairs);
