//! Reports with photographs: an upload ticket, files that are attached with the document, and a page that serves them
//! to whoever may see them.
#![deny(missing_docs)]

mod pages;
mod report;

pub use report::Report;

use yunlong_sdk::{App, Router, t};

/// The app.
pub struct Potholes;

impl App for Potholes {
    fn router() -> Router {
        Router::new()
            .describe(t("随手拍", "Potholes"), "Damage to roads, with photographs.")
            .get("/", pages::mine)
            .get("/report", pages::write)
            .post("/report", pages::submit)
            .get("/all", pages::all)
            .get("/reports/{id}", pages::show)
            .post("/reports/{id}/mended", pages::mended)
            .get("/reports/{id}/photos/{photo}", pages::photo)
    }
}

yunlong_sdk::export!(Potholes);
