//! The app of the second conformance set. The same stands in `../typescript` and `../python`, in the same order.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::files::{self, Show};
use yunlong_sdk::payments::{Line, NewIntent, NewRefund, Outcome, PaymentError, PaymentOutcome};
use yunlong_sdk::shared::Dataset;
use yunlong_sdk::{
    App, Collection, Consumer, DataError, Document, Event, Failure, Jobs, Notification, Outgoing, Problem, Request,
    Response, Router, StatusCode, Tx, context, data, http, now, random, t, transact, web,
};

const PAYEE: &str = "11320300MB000YL15P";
const QUARTER: u64 = 15 * 60_000;
const DAY: u64 = 24 * 60 * 60_000;

#[derive(Clone, Serialize, Deserialize, Document)]
#[document(collection = "orders", indexes("by-state"))]
struct Order {
    #[document(id)]
    number: String,
    owner: String,
    /// `held`, `paid`, `returning` or `ended`.
    state: String,
    intent: String,
    fee: u64,
    time: u64,
}

#[derive(Serialize, Deserialize)]
struct Made {
    number: String,
}

const ORDERS: Collection<Order> = Collection::new();

struct Services;

impl App for Services {
    fn router() -> Router {
        Router::new()
            .post("/api/orders", order)
            .get("/api/orders/{number}", show)
            .post("/api/orders/{number}/return", give_back)
            .post("/api/orders/{number}/receipt", write_receipt)
            .get("/api/orders/{number}/receipt", read_receipt)
            .get("/api/orders/{number}/receipt/file", serve_receipt)
            .get("/api/places", places)
            .get("/api/key", key)
            .get("/api/elsewhere", elsewhere)
            .get("/api/entry", entry)
    }
}

fn setting(key: &str) -> web::Result<u64> {
    Ok(context::config(key)?.unwrap_or_default())
}

fn order(req: &Request) -> web::Result<Response> {
    let owner = req.subject()?;
    let (number, time, fee) = (random::code(12), now(), setting("fee")?);
    let most = i64::try_from(setting("places")?).unwrap_or(i64::MAX);
    let made = transact(|tx| {
        tx.adjust("places", "all", 1, 0..=most)?;
        let intent = tx.create_intent(&NewIntent {
            reference: number.clone(),
            description: t("预订", "An order"),
            lines: vec![Line { payee: PAYEE.to_owned(), amount: fee, description: "预订".to_owned() }],
            expires_at: time + QUARTER,
            return_path: "/".to_owned(),
        })?;
        let (number, owner, state) = (number.clone(), owner.to_owned(), "held".to_owned());
        let order = Order { number, owner, state, intent: intent.id, fee, time };
        tx.insert(&order)?;
        let made = Made { number: order.number.clone() };
        tx.publish(&Outgoing::new("order.made", &made).key(&order.number))?;
        tx.publish(&Outgoing::new("order.over", &made).key(&order.number).not_before(time + QUARTER))?;
        tx.audit("order.make", &order.number, &json!({}))?;
        Ok::<_, web::Error>(order)
    });
    match made {
        Ok(order) => {
            Ok(Response::json(&json!({ "number": order.number, "intent": order.intent })).status(StatusCode::CREATED))
        }
        Err(web::Error::Data(DataError::OutOfBounds { .. })) => {
            Err(Problem::conflict(t("名额已满", "No place is left")).kind("sold-out").into())
        }
        Err(e) => Err(e),
    }
}

/// An order of whoever asks; somebody else's is answered like none at all.
fn own(req: &Request) -> web::Result<Order> {
    let owner = req.subject()?;
    let found = ORDERS.get(req.param("number"))?.filter(|o| o.owner == owner);
    Ok(found.ok_or_else(Problem::not_found)?.into_value())
}

fn to(number: &str) -> String {
    format!("orders/{number}")
}

fn show(req: &Request) -> web::Result<Response> {
    let order = own(req)?;
    let payment = yunlong_sdk::payments::intent(&order.intent)?;
    let names: Vec<String> = files::attached(&to(&order.number))?.into_iter().map(|f| f.name).collect();
    Ok(Response::json(&json!({
        "state": order.state, "amount": payment.amount, "captured": payment.captured, "refunded": payment.refunded,
        "files": names,
    })))
}

fn give_back(req: &Request) -> web::Result<Response> {
    let order = own(req)?;
    if order.state != "paid" {
        return Err(Problem::conflict(t("现在不能退", "It cannot be given back now")).kind("wrong-state").into());
    }
    transact(|tx| {
        let refund = NewRefund {
            reference: format!("{}-returned", order.number),
            lines: vec![Line { payee: PAYEE.to_owned(), amount: order.fee, description: "退款".to_owned() }],
            reason: "退订".to_owned(),
        };
        tx.refund(&order.intent, &refund)?;
        tx.put(&Order { state: "returning".to_owned(), ..order.clone() })?;
        Ok::<_, web::Error>(())
    })?;
    Ok(Response::json(&json!({ "state": "returning" })).status(StatusCode::ACCEPTED))
}

fn write_receipt(req: &Request) -> web::Result<Response> {
    let order = own(req)?;
    // What is never attached is forgotten by the host: a file that was written before a fault does no harm.
    let file = files::write("receipts", "收据.txt", format!("receipt {}\n", order.number))?;
    transact(|tx| {
        tx.attach(&file.id, &to(&order.number))?;
        Ok::<_, web::Error>(())
    })?;
    Ok(Response::json(&json!({ "type": file.media_type, "size": file.size })).status(StatusCode::CREATED))
}

fn receipt(req: &Request) -> web::Result<String> {
    let order = own(req)?;
    let id = files::attached(&to(&order.number))?.into_iter().map(|f| f.id).next();
    Ok(id.ok_or_else(Problem::not_found)?)
}

/// A part of it: what a program reads is a range.
fn read_receipt(req: &Request) -> web::Result<Response> {
    let part = files::read(&receipt(req)?, 0, 7)?;
    Ok(Response::text(String::from_utf8_lossy(&part).into_owned()))
}

fn serve_receipt(req: &Request) -> web::Result<Response> {
    Ok(files::serve(&receipt(req)?, Show::Attachment)?)
}

fn places(_: &Request) -> web::Result<Response> {
    let (taken, told) = (data::counter("places", "all")?, data::counter("told", "all")?);
    Ok(Response::json(&json!({ "taken": taken, "told": told, "of": setting("places")?, "fee": setting("fee")? })))
}

fn key(_: &Request) -> web::Result<Response> {
    let (one, again) = (context::derive_key::<16>("one"), context::derive_key::<16>("one"));
    let other = context::derive_key::<16>("other");
    Ok(Response::json(&json!({ "key": HEXLOWER.encode(&one), "same": one == again, "apart": one != other })))
}

/// Nobody declared that host.
fn elsewhere(_: &Request) -> web::Result<Response> {
    Ok(Response::text(http::get("http://elsewhere.test/")?.text()))
}

/// Nobody granted that use.
fn entry(req: &Request) -> web::Result<Response> {
    req.subject()?;
    let found = Dataset::open("population.person", "own-entry")?.me(&["name"])?;
    Ok(Response::json(&json!({ "found": found.is_some() })))
}

impl Consumer for Services {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        if let Some(payment) = event.payment()? {
            return settled(&payment, tx);
        }
        let made: Made = event.json()?;
        let order = tx.get::<Order>(&made.number)?;
        match (event.topic.as_str(), order) {
            // Forgotten meanwhile.
            ("order.over", None) => Ok(()),
            ("order.over", Some(order)) => over(&order.value, tx),
            (_, None) => Err(Failure::Reject(format!("there is no order {}", made.number))),
            (_, Some(_)) => Ok(tx.adjust("told", "all", 1, 0..=i64::MAX)?),
        }
    }
}

/// Gives up the payment that nobody made; its outcome, an event, ends the order.
fn over(order: &Order, tx: &Tx<'_>) -> Result<(), Failure> {
    if order.state != "held" {
        return Ok(());
    }
    match tx.cancel_intent(&order.intent) {
        // Somebody is paying at this moment: what becomes of it comes as an event.
        Err(PaymentError::WrongStatus(_)) => Ok(()),
        other => Ok(other?),
    }
}

fn settled(payment: &PaymentOutcome, tx: &Tx<'_>) -> Result<(), Failure> {
    let Some(order) = tx.get::<Order>(&payment.reference)? else {
        return Err(Failure::Reject(format!("there is no order {}", payment.reference)));
    };
    let order = order.into_value();
    match (payment.outcome, order.state.as_str()) {
        (Outcome::Captured, "held") => {
            tx.put(&Order { state: "paid".to_owned(), ..order.clone() })?;
            let note = Notification::new(&order.owner, t("已付款", "Paid"), t("预订成功。", "The order stands."));
            Ok(tx.notify(&note.path(format!("/api/orders/{}", order.number)))?)
        }
        (Outcome::Cancelled, "held") | (Outcome::Refunded, "returning") => {
            tx.adjust("places", "all", -1, 0..=i64::MAX)?;
            Ok(tx.put(&Order { state: "ended".to_owned(), ..order })?)
        }
        (Outcome::RefundFailed, "returning") => Ok(tx.put(&Order { state: "paid".to_owned(), ..order })?),
        _ => Ok(()),
    }
}

impl Jobs for Services {
    fn run(_: &str, scheduled: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        let old = Order::BY_STATE.equals("ended").at_most(scheduled.saturating_sub(DAY)).limit(100);
        for order in tx.find(old)? {
            tx.delete::<Order>(&order.id)?;
        }
        Ok(tx.adjust("swept", "all", 1, 0..=i64::MAX)?)
    }
}

yunlong_sdk::export!(http: Services, consumer: Services, jobs: Services);
