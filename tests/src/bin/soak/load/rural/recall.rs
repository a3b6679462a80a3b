//! A grower whose batches turn out bad: while people buy and the store sends, a test fails or the department calls the
//! batch back. From the moment in which that is acknowledged nothing of it is sold or sent.

use super::{STORES, Shopper, purchase, words};
use crate::load::{Actor, answer, key, next, posted};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use yunlong_tests::{Client, day};

/// One grower, with a batch at a time, and who buys of it.
pub(crate) struct Grower {
    shopper: Shopper,
}

impl Actor for Grower {
    async fn act(&mut self) -> Result<()> {
        let market = self.shopper.market.clone();
        let seller = &market.sellers[1];
        let code = self.harvest(seller).await?;
        let listing = market.on_sale(seller, "fresh-food", 3_980, 500, Some(&code)).await?;
        let what = purchase(&listing, 2);
        let (mut bought, book) = (Vec::new(), self.shopper.book.clone());
        for _ in 0..4 {
            bought.extend(self.shopper.bought(next().0, &what).await?);
        }
        self.shopper.place(next().0, &what).await?;
        let [arrived, on_its_way, accepted, _waits] = &bought[..] else { return Ok(()) };
        book.note("order that was sent before its batch was bad", arrived.clone());
        self.shopper.delivered(seller, arrived, 2).await?;
        for order in [on_its_way, accepted] {
            self.shopper.step(seller, order, "/api/store/orders", "accept", &json!({})).await?;
        }
        // The store sends, somebody buys and the batch is found bad in one moment: who is first is first.
        book.note("order that was sent before its batch was bad", on_its_way.clone());
        book.note("bad batch", format!("{code} {listing}"));
        let by_test = self.shopper.dice.below(2) == 0;
        let ship = format!("/api/store/orders/{on_its_way}/ship");
        let units = json!({"units": [{"line": 0, "units": 2}], "brings": true});
        let (bad, _, _) = tokio::join!(
            self.found_bad(&code, by_test),
            seller.post(&ship, &units),
            self.shopper.bought(next().0, &what)
        );
        bad?;
        self.off_sale(seller, accepted, &listing, &what).await?;
        book.count("batches that were found bad while they were sold");
        Ok(())
    }
}

impl Grower {
    pub(crate) fn start(shopper: Shopper) -> Self {
        Self { shopper }
    }

    /// A batch that has passed its test: its trace code.
    async fn harvest(&self, seller: &Client) -> Result<String> {
        let new = json!({"goods": words("大蒜"), "origin": STORES[1].0, "harvest": day(-20), "kilograms": 500});
        let batch = posted(&self.shopper.book, seller, "/api/store/batches", &new).await?;
        ensure!((200..300).contains(&batch.status), "registerBatch: {} {}", batch.status, batch.text);
        let code = batch.json()?["code"].as_str().context("no code")?.to_owned();
        self.test(&code, true).await?;
        Ok(code)
    }

    async fn test(&self, code: &str, passed: bool) -> Result<u16> {
        let report = json!({
            "report": key(next().0, "JC"), "item": words("农药残留"), "laboratory": "检测中心", "day": day(0),
            "passed": passed,
        });
        let path = format!("/api/manage/batches/{code}/tests");
        Ok(posted(&self.shopper.book, &self.shopper.market.inspector, &path, &report).await?.status)
    }

    /// By a failed test or by the department; 409 says that a lost answer was one all the same.
    async fn found_bad(&self, code: &str, by_test: bool) -> Result<()> {
        let status = if by_test {
            self.test(code, false).await?
        } else {
            let path = format!("/api/manage/batches/{code}/recall");
            let why = json!({"reason": words("包装破损")});
            posted(&self.shopper.book, &self.shopper.market.manager, &path, &why).await?.status
        };
        ensure!((200..300).contains(&status) || status == 409, "the batch {code} cannot be recalled: {status}");
        Ok(())
    }

    /// At once, and not when somebody comes to it.
    async fn off_sale(&self, seller: &Client, accepted: &str, listing: &str, what: &Value) -> Result<()> {
        let book = &self.shopper.book;
        if let Some(order) = self.shopper.place(next().0, what).await? {
            book.breach(format!("goods of a bad batch were sold: {order}"));
        }
        let path = format!("/api/store/orders/{accepted}/ship");
        let units = json!({"units": [{"line": 0, "units": 2}], "brings": true});
        let refused = posted(book, seller, &path, &units).await?;
        if refused.status != 409 {
            book.breach(format!("goods of a bad batch were sent: {} {}", refused.status, refused.text));
        }
        let shown = answer(book, self.shopper.app.request(Method::GET, &format!("/api/listings/{listing}"))).await?;
        if shown.json()?["listing"]["state"] != "recalled" {
            book.breach(format!("goods of a bad batch are on sale: {}", shown.text));
        }
        Ok(())
    }
}
