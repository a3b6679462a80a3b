//! Orders: a portion, and the payment for it.

use serde::{Deserialize, Serialize};
use yunlong_sdk::clock::Date;
use yunlong_sdk::context::{self, ConfigError};
use yunlong_sdk::payments::{Line, NewIntent, NewRefund};
use yunlong_sdk::{Collection, DataError, Document, Outgoing, Problem, Stored, data, now, random, t, transact, web};

/// The topic by which the app wakes itself.
pub(crate) const HOLD_OVER: &str = "order.hold-over";
const ORDERS: Collection<Order> = Collection::new();
const MINUTE: u64 = 60 * 1000;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The portion is held until it is paid for.
    Held,
    /// Paid: lunch is served.
    Paid,
    /// Given back, and the money is on its way.
    Returning,
    /// Nobody has the portion any more.
    Ended,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Document)]
#[document(collection = "orders", indexes("by-owner"))]
pub struct Order {
    /// Its number, which is also the reference of its payment.
    #[document(id)]
    pub number: String,
    /// The pairwise subject of whoever ordered.
    pub owner: String,
    /// The day, `YYYY-MM-DD`; absent once its owner had it erased.
    pub day: Option<String>,
    /// How far it is.
    pub state: State,
    /// The payment's id.
    pub intent: String,
    /// Fen.
    pub price: u64,
    /// The key of the counter that its portion was taken from: the day's number since 1970.
    pub menu: i64,
    /// When it was made, ms since 1970.
    pub time: u64,
    /// How many refunds of it were refused.
    pub refused: u32,
}

/// The payload of `order.hold-over`.
#[derive(Serialize, Deserialize)]
pub(crate) struct HoldOver {
    pub(crate) number: String,
}

fn configured(key: &str, default: u64) -> Result<u64, ConfigError> {
    Ok(context::config(key)?.unwrap_or(default))
}

/// To whom the money goes.
pub(crate) fn payee() -> Result<String, ConfigError> {
    Ok(context::config("payee")?.unwrap_or_default())
}

/// How many portions are left today.
pub(crate) fn left() -> web::Result<i64> {
    let taken = data::counter("portions", &Date::at(now()).days().to_string())?;
    Ok((i64::try_from(configured("portions", 80)?).unwrap_or(i64::MAX) - taken).max(0))
}

// ANCHOR: order
/// Holds a portion of today's and asks for its price: everything or nothing.
pub(crate) fn order(owner: &str) -> web::Result<Order> {
    let (number, time) = (random::code(10), now());
    let (today, price, payee) = (Date::at(time), configured("price", 1200)?, payee()?);
    let portions = i64::try_from(configured("portions", 80)?).unwrap_or(i64::MAX);
    let over = time + configured("hold_minutes", 10)? * MINUTE;
    let made = transact(|tx| {
        tx.adjust("portions", &today.days().to_string(), 1, 0..=portions)?;
        let intent = tx.create_intent(&NewIntent {
            reference: number.clone(),
            description: t("午餐一份", "One lunch"),
            lines: vec![Line { payee: payee.clone(), amount: price, description: "午餐".to_owned() }],
            expires_at: over,
            return_path: format!("/orders/{number}"),
        })?;
        let order = Order {
            number: number.clone(),
            owner: owner.to_owned(),
            day: Some(today.to_string()),
            state: State::Held,
            intent: intent.id,
            price,
            menu: today.days(),
            time,
            refused: 0,
        };
        tx.insert(&order)?;
        let wake = HoldOver { number: number.clone() };
        tx.publish(&Outgoing::new(HOLD_OVER, &wake).key(&number).not_before(over))?;
        Ok::<_, web::Error>(order)
    });
    match made {
        Err(web::Error::Data(DataError::OutOfBounds { .. })) => {
            Err(Problem::conflict(t("今天的午餐已订完", "Today's lunch is sold out")).kind("sold-out").into())
        }
        other => other,
    }
}
// ANCHOR_END: order

// ANCHOR: refund
/// Gives a paid portion back. It is free for others when the money has been returned.
pub(crate) fn give_back(owner: &str, number: &str) -> web::Result<()> {
    let payee = payee()?;
    transact(|tx| {
        let order = tx.get::<Order>(number)?.filter(|o| o.owner == owner).ok_or_else(Problem::not_found)?.into_value();
        if order.state != State::Paid || order.menu != Date::at(now()).days() {
            return Err(Problem::conflict(t("这份订餐现在不能退", "This order cannot be given back now"))
                .kind("wrong-state")
                .into());
        }
        tx.refund(&order.intent, &refund_of(&order, &payee, order.price, &format!("returned-{}", order.refused)))?;
        tx.audit("order.return", number, &serde_json::json!({}))?;
        Ok(tx.put(&Order { state: State::Returning, ..order })?)
    })
}

/// The refund of an order. One reference is one refund, however often it is asked for: another try needs another one.
pub(crate) fn refund_of(order: &Order, payee: &str, amount: u64, why: &str) -> NewRefund {
    NewRefund {
        reference: format!("{}-{why}", order.number),
        lines: vec![Line { payee: payee.to_owned(), amount, description: "午餐退款".to_owned() }],
        reason: "退订午餐".to_owned(),
    }
}
// ANCHOR_END: refund

/// An order of this person; somebody else's is answered like none at all.
pub(crate) fn get(owner: &str, number: &str) -> web::Result<Order> {
    let found = ORDERS.get(number)?.filter(|o| o.owner == owner);
    Ok(found.ok_or_else(Problem::not_found)?.into_value())
}

/// The latest orders of a person.
pub(crate) fn of(owner: &str) -> Result<Vec<Order>, DataError> {
    let query = Order::BY_OWNER.equals(owner).descending().limit(20);
    Ok(ORDERS.find(query)?.into_iter().map(Stored::into_value).collect())
}
