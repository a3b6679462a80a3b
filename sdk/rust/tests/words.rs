//! The calls that `docs/sdk.md` shows, as they stand there: what a guide shows must compile. Nothing here is run; a
//! test of the book finds each of its words in this file.
#![allow(dead_code, clippy::unwrap_used)]

use maud::html;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::http::OutboundResponse;
use yunlong_sdk::schemars::JsonSchema;
use yunlong_sdk::{
    App, Attribute, Collection, Consumer, Document, Event, Failure, Form, Input, Jobs, Layout, Lifecycle, Migrations,
    Notification, Operation, Outgoing, Problem, Progress, Request, Response, Router, StatusCode, Tx, base, base32,
    clock, context, files, http, identity, money, now, page, payments, qr, random, shared, t, testing, transact, web,
};

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "orders", indexes("by-time"))]
struct Order {
    #[document(id)]
    number: String,
    time: u64,
}

const ORDERS: Collection<Order> = Collection::new();
static LAYOUT: Layout = Layout::new(t("门票", "Tickets"));

struct Tickets;

impl App for Tickets {
    fn router() -> Router {
        let f = |_: &Request| Ok(Response::text("an order"));
        Router::new().get("/orders/{number}", f)
    }
}

impl Consumer for Tickets {
    fn handle(event: &Event, _: &Tx<'_>) -> Result<(), Failure> {
        let _paid = event.payment()?;
        Ok(())
    }
}

impl Jobs for Tickets {
    fn run(_: &str, _: u64, _: &Tx<'_>) -> Result<(), Failure> {
        Err(Failure::Retry("later".to_owned()))
    }
}

impl Lifecycle for Tickets {
    fn install(_: &Tx<'_>) -> Result<(), String> {
        Ok(())
    }
}

impl Migrations for Tickets {
    fn migrate(_: u32, _: u32, _: Option<&str>, _: &Tx<'_>) -> Result<Progress, String> {
        Err("nothing to do".to_owned())
    }
}

yunlong_sdk::export!(http: Tickets, consumer: Tickets, jobs: Tickets, lifecycle: Tickets, migrations: Tickets);

fn operation<P, Q, B: JsonSchema>(_: &Request, _: Input<P, Q, B>) -> (Operation, StatusCode) {
    (Operation::post("/api/orders", "order"), StatusCode::CREATED)
}

fn asks(req: &Request) -> web::Result<Response> {
    let mut form: Form = req.form()?;
    form.text("name", 1..=80).ok_or_else(Problem::not_found)?;
    let subject = req.subject()?;
    req.require_role(&["clerk"])?;
    let _whom = identity::acting_for();
    let _mobile = identity::attribute(Attribute::Mobile)?;
    let _consent = identity::consent_url(&["call-back"], "/");
    let columns = [page::Column::new(req.t("门票", "Tickets"), |o: &Order| html! { (o.number) })];
    if subject.is_empty() {
        return Ok(Response::see_other(&identity::step_up_url("/")));
    }
    Ok(LAYOUT.page(req, &t("门票", "Tickets"), page::table("Tickets", &columns, Vec::new())))
}

fn stores(order: &Order, cursor: Option<String>) -> web::Result<u64> {
    let page = ORDERS.find(Order::BY_TIME.all().descending().after(cursor))?;
    transact(|tx| {
        tx.insert(order)?;
        tx.adjust("places", "evening", 1, 0..=50)?;
        tx.audit("order.make", &order.number, &json!({}))?;
        tx.publish(&Outgoing::new("order.made", order))?;
        tx.notify(&Notification::new("p-1", t("门票", "Tickets"), t("已下单", "Ordered")))?;
        let intent = payments::NewIntent {
            reference: order.number.clone(),
            description: t("门票", "Tickets"),
            lines: Vec::new(),
            expires_at: now() + 60_000,
            return_path: "/".to_owned(),
        };
        tx.create_intent(&intent)?;
        let held = tx.create_escrow(&payments::NewEscrow {
            reference: order.number.clone(),
            description: t("门票", "Tickets"),
            amount: 1,
            expires_at: now() + 60_000,
            return_path: "/".to_owned(),
        })?;
        let reason = String::new();
        let settle = payments::Release { reference: "settle".into(), lines: Vec::new(), reason: reason.clone() };
        tx.release(&held.id, &settle)?;
        tx.refund_held(&held.id, &payments::HeldRefund { reference: "return".into(), amount: 1, reason })?;
        let _held = payments::escrow(&held.id)?.held;
        tx.attach("file", &order.number)?;
        Ok::<_, web::Error>(page.items.len() as u64)
    })
}

fn looks() -> web::Result<Response> {
    let _ticket = files::ticket(&files::NewTicket::new("photos", "/"))?;
    let residents = shared::Dataset::open("population.person", "roster")?;
    let _me = residents.me(&["name"])?;
    let _typed: Option<base::population::Person> = None;
    let key: [u8; 32] = context::derive_key("plates");
    let _number: Option<u32> = context::config("places")?;
    let _random: ([u8; 8], String) = (random::bytes(), random::code(key.len()));
    let _shares = money::split(108_000, &[97, 3]).map_err(|_| Problem::not_found())?;
    let _written = (money::yuan(108_000), base32::encode(&key, 12), base32::typed("zw00"));
    let _minute = clock::minute(now());
    let _code = qr::svg("A1", "A ticket").map_err(|_| Problem::not_found())?;
    let _price = http::get("https://api.example.org/prices")?;
    let _told = http::post_json("https://api.example.org/orders", &json!({}))?;
    let _sent = http::send(&http::OutboundRequest::new(yunlong_sdk::Method::GET, "https://api.example.org/"))?;
    Ok(files::serve("file", files::Show::Attachment)?)
}

fn years(born: clock::Date, today: clock::Date) -> i32 {
    born.years_until(today)
}

fn tries(city: &testing::TestCity) {
    city.sign_in("p-1");
    city.sign_in_official("o-1", &["clerk"]);
    city.consent("p-1", "call-back");
    city.put_record("population.person", "K1", Some("p-1"), &json!({}));
    city.grant("population.person", "roster");
    city.conflict_next(1);
    city.advance(60_000);
    let _pages = [
        city.get::<Tickets>("/"),
        city.post::<Tickets>("/", &[]),
        city.post_json::<Tickets>("/api/orders", &json!({})),
        city.send::<Tickets>(Request::get("/").header("accept", "text/html")),
    ];
    let _deliveries = city.deliver::<Tickets>();
    city.run_job::<Tickets>("end").unwrap();
    city.pay("intent");
    city.answer("https://api.example.org/", OutboundResponse::new(StatusCode::OK, "{}"));
    let _seen = (city.sent(), city.published(), city.inbox("p-1"), city.audit(), city.shared_reads());
}
