//! The Rust SDK for apps: write what your app does as plain functions, test it natively against
//! an in-memory city, build it for `wasm32-wasip2`.
//!
//! # A whole app
//!
//! `Cargo.toml` (a guest is a `cdylib`; the `rlib` is for its tests). `maud` must stand there,
//! since its macro names the crate; the derive of `JsonSchema` is content with the name
//! `schemars` in scope:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]
//!
//! [dependencies]
//! yunlong-sdk = "…"
//! maud = "0.27"
//! serde = { version = "1", features = ["derive"] }
//! serde_json = "1"
//! ```
//!
//! `src/lib.rs`:
//!
//! ```
//! use maud::html;
//! use serde::{Deserialize, Serialize};
//! use yunlong_sdk::schemars::{self, JsonSchema};
//! use yunlong_sdk::{
//!     App, Collection, Consumer, DataError, Document, Event, Failure, Form, Input, Jobs, Layout, Lifecycle, NavItem, Notification, Operation,
//!     Outgoing, Problem, Query, Request, Response, Router, StatusCode, Tone, Tx, now, page, random, t, transact, web,
//! };
//!
//! // What is stored. Collections, indexes and counters are declared in app.toml.
//! #[derive(Clone, Serialize, Deserialize, JsonSchema, Document)]
//! #[document(collection = "bookings", indexes("by-person"))]
//! struct Booking {
//!     #[document(id)]
//!     number: String,
//!     person: String,
//!     seats: u32,
//!     confirmed: bool,
//!     time: u64,
//! }
//!
//! const BOOKINGS: Collection<Booking> = Collection::new();
//! const SEATS: i64 = 10;
//!
//! // What pages have in common: title, navigation, help. Switches for language and elder mode,
//! // sign in and out come with it.
//! static LAYOUT: Layout = Layout::new(t("讲座", "Lecture")).nav(|_| vec![NavItem::new("/", t("预约", "Bookings"))]);
//!
//! struct Lecture;
//!
//! impl App for Lecture {
//!     fn router() -> Router {
//!         Router::new()
//!             .describe(t("讲座预约", "Lecture bookings"), "Seats of the weekly lecture")
//!             .get("/", home)
//!             .post("/", submit)
//!             .operation(Operation::get("/api/bookings/{number}", "getBooking").path::<ByNumber>().signed_in().problem(404, "No such booking"), get_booking)
//!             .operation(Operation::post("/api/bookings", "createBooking").body::<NewBooking>().status(StatusCode::CREATED).signed_in().problem(409, "Sold out"), create_booking)
//!     }
//! }
//!
//! // A page. `?` on any error of the city's services makes a page or a problem document of it;
//! // `req.subject()?` sends a visitor to sign in, and back.
//! fn home(req: &Request) -> web::Result<Response> {
//!     show(req, &Form::new())
//! }
//!
//! fn show(req: &Request, form: &Form) -> web::Result<Response> {
//!     let lang = req.lang();
//!     let mine = match &req.principal().subject {
//!         Some(me) => BOOKINGS.find(Booking::BY_PERSON.equals(me.as_str()).descending().limit(20).after(req.query_value("after")))?,
//!         None => BOOKINGS.find(Query::by_id().limit(1).equals("-"))?,
//!     };
//!     let columns = [
//!         page::Column::new(req.t("编号", "Number"), |b: &Booking| html! { (b.number) }),
//!         page::Column::new(req.t("座位", "Seats"), |b: &Booking| html! { (b.seats) }).numeric(),
//!     ];
//!     Ok(LAYOUT.page(req, &t("我的预约", "My bookings"), html! {
//!         (page::error_summary(lang, form))
//!         form method="post" action="/" {
//!             (page::field(lang, form, "seats", "number", &t("座位数", "Seats"), Some(&t("每次最多 4 个", "At most 4 at a time"))))
//!             div.actions { button type="submit" { (req.t("预约", "Book")) } }
//!         }
//!         @if mine.items.is_empty() { (page::empty(req.t("还没有预约。", "No bookings yet."))) }
//!         @else { (page::table(req.t("我的预约", "My bookings"), &columns, mine.items.iter().map(|b| b.value.clone()))) }
//!         (page::pager(lang, "/", &[], req.query_value("after").is_none(), mine.next.as_deref()))
//!     }))
//! }
//!
//! // A form: each field says what is wrong with it and keeps what was typed.
//! fn submit(req: &Request) -> web::Result<Response> {
//!     let person = req.subject()?;
//!     let mut form = req.form()?;
//!     let Some(seats) = form.number("seats", 1..=4) else {
//!         return Ok(show(req, &form)?.status(StatusCode::UNPROCESSABLE_ENTITY));
//!     };
//!     book(person, seats as u32)?;
//!     Ok(Response::see_other("/"))
//! }
//!
//! // A transaction: everything or nothing, again after a conflict. The counter cannot be
//! // overdrawn, whoever else is booking.
//! fn book(person: &str, seats: u32) -> web::Result<Booking> {
//!     let booking = Booking { number: random::code(8), person: person.to_owned(), seats, confirmed: false, time: now() };
//!     let result = transact(|tx| {
//!         tx.insert(&booking)?;
//!         tx.adjust("seats", "lecture", i64::from(seats), 0..=SEATS)?;
//!         tx.publish(&Outgoing::new("booking.made", &booking).key(&booking.number))?;
//!         tx.audit("booking.make", &booking.number, &serde_json::json!({ "seats": seats }))?;
//!         Ok::<_, web::Error>(())
//!     });
//!     match result {
//!         Err(web::Error::Data(DataError::OutOfBounds { .. })) => Err(Problem::conflict(t("座位已满", "Sold out")).kind("sold-out").into()),
//!         other => other.map(|()| booking),
//!     }
//! }
//!
//! // The API: the same types make /openapi.json.
//! #[derive(Deserialize, JsonSchema)]
//! struct ByNumber {
//!     number: String,
//! }
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct NewBooking {
//!     seats: u32,
//! }
//!
//! fn get_booking(req: &Request, input: Input<ByNumber>) -> web::Result<Booking> {
//!     let booking = BOOKINGS.get(&input.path.number)?.filter(|b| Some(b.person.as_str()) == req.principal().subject.as_deref());
//!     Ok(booking.ok_or_else(Problem::not_found)?.into_value())
//! }
//!
//! fn create_booking(req: &Request, input: Input<(), (), NewBooking>) -> web::Result<Booking> {
//!     if !(1..=4).contains(&input.body.seats) {
//!         return Err(Problem::invalid(t("座位数无效", "Invalid number of seats")).field("seats", t("1 至 4", "1 to 4")).into());
//!     }
//!     book(req.subject()?, input.body.seats)
//! }
//!
//! // Events: what is written commits together with the acknowledgment. `event.payment()?` reads
//! // what became of a payment.
//! impl Consumer for Lecture {
//!     fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
//!         let made: Booking = event.json()?;
//!         let Some(stored) = tx.get::<Booking>(&made.number)? else { return Ok(()) };
//!         tx.put(&Booking { confirmed: true, ..stored.into_value() })?;
//!         tx.notify(&Notification::new(made.person, t("预约成功", "Booked"), t("请准时到场。", "Please be on time.")).path("/"))?;
//!         Ok(())
//!     }
//! }
//!
//! impl Lifecycle for Lecture {
//!     fn install(tx: &Tx<'_>) -> Result<(), String> {
//!         tx.audit("install", "lecture", &serde_json::json!({})).map_err(|e| e.to_string())
//!     }
//! }
//!
//! yunlong_sdk::export!(http: Lecture, consumer: Lecture, lifecycle: Lecture);
//!
//! // Natively the same code runs against a city in memory.
//! # const APP_TOML: &str = r#"
//! # name = "lecture"
//! # version = "1.0.0"
//! # counters = ["seats"]
//! # [[collections]]
//! # name = "bookings"
//! # indexes = [{ name = "by-person", fields = ["person"] }]
//! # [[publishes]]
//! # name = "booking.made"
//! # [[consumes]]
//! # topic = "booking.made"
//! # "#;
//! # fn main() {
//! use yunlong_sdk::testing::TestCity;
//!
//! let city = TestCity::new(APP_TOML); // include_str!("../app.toml")
//! city.sign_in("p-1");
//! let page = city.post::<Lecture>("/", &[("seats", "9")]);
//! assert_eq!(page.code(), 422);
//! assert!(page.body_text().contains("value=\"9\""));
//! assert_eq!(city.post::<Lecture>("/", &[("seats", "4")]).code(), 303);
//! assert_eq!(city.deliver::<Lecture>().handled, 1);
//! assert_eq!(city.inbox("p-1").len(), 1);
//! assert_eq!(city.get::<Lecture>("/openapi.json").body_json()["paths"]["/api/bookings"]["post"]["operationId"], "createBooking");
//! # }
//! ```
//!
//! Build it with `cargo build --target wasm32-wasip2 --profile guest`; `yunlong package` makes a
//! package of the component and its `app.toml`.
//!
//! # What is where
//! [`Router`], [`Request`], [`Response`], [`Form`], [`Problem`], [`Operation`]: the web.
//! [`Collection`], [`Query`], [`transact`], [`Tx`]: data. [`shared`], [`base`]: the
//! city's datasets. [`identity`]: who asks, attributes,
//! consent. [`messaging`], [`payments`]: staged in a transaction through [`Tx`]. [`files`]: uploads, attachments,
//! downloads. [`page`]: layout and parts of pages, charts and maps, lists, print. `sheet` (a feature): CSV and XLSX. [`http`]: other hosts. [`clock`], [`random`], [`base32`], [`money`],
//! [`context`], [`qr`]: the rest. [`testing`]: the city in memory.
#![deny(missing_docs)]

// The macros name the crate, also inside itself.
extern crate self as yunlong_sdk;

mod app;
mod backend;
pub mod base;
pub mod base32;
pub mod clock;
pub mod context;
pub mod data;
pub mod files;
pub mod http;
pub mod identity;
pub mod messaging;
pub mod money;
mod openapi;
pub mod page;
pub mod payments;
pub mod qr;
pub mod random;
pub mod shared;
#[cfg(feature = "sheet")]
pub mod sheet;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
pub mod web;

pub use app::{App, Consumer, Failure, Jobs, Lifecycle, Migrations, Progress};
pub use clock::now;
pub use data::{Collection, DataError, Document, Index, Page, Query, Stored, Tx, transact};
pub use identity::{Attribute, Kind, Principal};
pub use messaging::{Event, Notification, Outgoing};
pub use page::{Layout, NavItem, Tone};
pub use text::{Lang, Text, t};
pub use web::{Error, Form, Input, Method, Operation, Problem, Request, Response, Router, StatusCode};
pub use yunlong_sdk_macros::Document;

pub use maud;
pub use schemars;

/// What the macros need; no part of the API.
#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub mod __private {
    pub use crate::backend::{bindings, exports};
}

/// The Rust of the vendors' guide is compiled as documentation tests of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/vendor.md")]
pub struct VendorsGuide;
