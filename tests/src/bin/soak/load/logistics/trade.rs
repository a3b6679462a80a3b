//! Trades whose order, goods and money go side by side: most agree, and some are a fen or a kilogram off, are not paid, or
//! have no proof of delivery. A bank that releases the funds of such a one, or a seller who settles it, is a breach.

use super::{BANKS, BUYER, CARRIER, COAL, Finance, LOT, MANUFACTURER, Trader};
use crate::book::Book;
use crate::load::{Actor, Dice, id, key, keyed, next, now, posted};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use yunlong_tests::Client;

/// Fen of an order.
const AMOUNT: u64 = 30_000_000;
const DAY: u64 = 86_400_000;

/// A seller with a trade at a time.
pub(crate) struct Seller {
    trader: Trader,
}

impl Seller {
    pub(crate) fn start(book: &Arc<Book>, finance: &Arc<Finance>, dice: Dice) -> Self {
        Self { trader: Trader::start(book, finance, dice) }
    }

    /// A step that may be repeated after a lost answer, and is refused then.
    async fn take(&self, who: &Client, path: &str, body: &Value) -> Result<u16> {
        let taken = posted(&self.trader.book, who, path, body).await?;
        ensure!([200, 201, 403, 409].contains(&taken.status), "{path}: {} {}", taken.status, taken.text);
        Ok(taken.status)
    }

    async fn make(&self, n: u32, path: &str, body: &Value) -> Result<String> {
        let company = &self.trader.finance.company;
        let made = keyed(&self.trader.book, company, path, &key(n, "trade"), body).await?;
        ensure!(made.status == 201, "{path}: {} {}", made.status, made.text);
        id(&made.json()?)
    }

    /// Brought to the buyer's door; the waybill.
    async fn carried(&self, n: u32, number: &str) -> Result<String> {
        let freight = json!({
            "carrier": CARRIER, "order": number, "goods": COAL, "quantity": LOT, "from": {"division": "320305"},
            "to": {"division": "320324"}, "value": AMOUNT, "not_after": now() + 5 * DAY,
        });
        let freight = self.make(n, "/api/freight-orders", &freight).await?;
        let carrier = &self.trader.finance.carrier;
        let booked =
            posted(&self.trader.book, carrier, &format!("/api/freight-orders/{freight}/book"), &json!({})).await?;
        ensure!((200..300).contains(&booked.status), "bookFreight: {} {}", booked.status, booked.text);
        let waybill = id(&booked.json()?)?;
        let on = |step: &str| format!("/api/waybills/{waybill}/{step}");
        self.take(carrier, &on("load"), &json!({"vehicle": "苏C00001", "driver": "D-01"})).await?;
        for state in ["in-transit", "delivered"] {
            self.take(carrier, &on("advance"), &json!({ "state": state })).await?;
        }
        Ok(waybill)
    }
}

impl Actor for Seller {
    async fn act(&mut self) -> Result<()> {
        let n = next().0;
        let bank = usize::try_from(self.trader.dice.below(2))?;
        let number = key(n, "SO");
        let receipt = id(&self.trader.whole(n, COAL).await?)?;
        let order = json!({
            "number": number, "buyer": BUYER, "bank": BANKS[bank], "goods": COAL, "quantity": LOT, "amount": AMOUNT,
        });
        let flow = self.make(n, "/api/flows", &order).await?;
        self.trader.book.note("flow", flow.clone());
        let waybill = self.carried(n, &number).await?;
        let at = |step: &str| format!("/api/flows/{flow}/{step}");
        let finance = self.trader.finance.clone();
        self.take(&finance.company, &at("waybill"), &json!({ "waybill": waybill })).await?;
        self.take(&finance.company, &at("receipt"), &json!({ "receipt": receipt })).await?;
        let (arrived, paid) = match self.trader.dice.below(6) {
            0 => (None, Some(AMOUNT)),
            1 => (Some(LOT - 1), Some(AMOUNT)),
            2 => (Some(LOT), None),
            3 => (Some(LOT), Some(AMOUNT - 1)),
            _ => (Some(LOT), Some(AMOUNT)),
        };
        if let Some(kilograms) = arrived {
            let proof = json!({"received_by": "收货部", "document": key(n, "POD"), "quantity": kilograms});
            self.take(&finance.carrier, &format!("/api/waybills/{waybill}/sign"), &proof).await?;
        }
        let bank = &finance.banks[bank];
        if let Some(amount) = paid {
            let payment =
                json!({"bank_reference": key(n, "PM"), "payer": BUYER, "payee": MANUFACTURER, "amount": amount});
            self.take(&bank.maker, &at("payment"), &payment).await?;
        }
        let agree = (arrived, paid) == (Some(LOT), Some(AMOUNT));
        self.end(&flow, bank, agree, &key(n, "FP")).await
    }
}

impl Seller {
    /// The funds and the invoice, each asked for twice at once.
    async fn end(&self, flow: &str, bank: &super::Bank, agree: bool, invoice: &str) -> Result<()> {
        let (book, finance) = (&self.trader.book, &self.trader.finance);
        let at = |step: &str| format!("/api/flows/{flow}/{step}");
        let (invoice, nothing) = (json!({ "invoice": invoice }), json!({}));
        for (who, step, body) in [(&bank.checker, "release", &nothing), (&finance.company, "settle", &invoice)] {
            let path = at(step);
            let (a, b) = tokio::try_join!(self.take(who, &path, body), self.take(who, &path, body))?;
            if !agree && (a == 200 || b == 200) {
                book.breach(format!("{path} was taken though the flows do not agree"));
            }
            if agree && (a, b) != (200, 200) {
                book.breach(format!("{path} of flows that agree: {a} and {b}"));
            }
        }
        let shown =
            crate::load::answer(book, finance.company.request(Method::GET, &format!("/api/flows/{flow}"))).await?;
        if agree && shown.json()?["state"] == "settled" {
            book.note("trade that was settled", flow.to_owned());
        }
        book.count(if agree { "trades that were settled" } else { "trades whose flows do not agree" });
        Ok(())
    }
}
