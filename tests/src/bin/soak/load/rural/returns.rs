//! Customers who send goods back: the store agrees or does not, an arbiter has the last word, and money goes back once.

use super::{Shopper, purchase};
use crate::load::{Actor, answer, id, next, posted};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use yunlong_tests::Client;

/// One customer, with a return at a time.
pub(crate) struct Customer {
    shopper: Shopper,
}

impl Actor for Customer {
    async fn act(&mut self) -> Result<()> {
        let n = next().0;
        let market = self.shopper.market.clone();
        let goods = market.plenty(&mut self.shopper.dice);
        let quantity = 1 + self.shopper.dice.below(3);
        let Some(order) = self.shopper.bought(n, &purchase(&goods.listing, quantity)).await? else { return Ok(()) };
        let seller = &market.sellers[goods.store];
        self.shopper.delivered(seller, &order, quantity).await?;
        let units = 1 + self.shopper.dice.below(quantity);
        let Some(asked) = self.ask(&order, units).await? else { return Ok(()) };
        self.shopper.not_confirmed(&order, "return").await?;
        let worth = asked["amount"].as_u64().context("no amount")?;
        self.decide(seller, &market.arbiter, &id(&asked)?, worth).await?;
        let now = self.shopper.seen(&order).await?;
        if now["state"] == "delivered" && now["open_return"].is_null() && self.shopper.dice.below(3) != 0 {
            self.shopper.step(&self.shopper.app, &order, "/api/orders", "confirm", &json!({})).await?;
        }
        Ok(())
    }
}

impl Customer {
    pub(crate) fn start(shopper: Shopper) -> Self {
        Self { shopper }
    }

    /// Asked for twice at once: one return is open.
    async fn ask(&self, order: &str, units: u64) -> Result<Option<Value>> {
        let (book, buyer) = (&self.shopper.book, &self.shopper.app);
        let path = format!("/api/orders/{order}/returns");
        let body = json!({"units": [{"line": 0, "units": units}], "reason": "quality", "text": "有裂纹"});
        let ask = || posted(book, buyer, &path, &body);
        let (a, b) = tokio::try_join!(ask(), ask())?;
        let mut asked = None;
        for answer in [a, b] {
            ensure!([201, 409].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
            if answer.status == 201
                && let Some(first) = asked.replace(answer.json()?)
            {
                book.breach(format!("two returns of {order} are open: {first} {}", answer.text));
            }
        }
        if let Some(asked) = &asked {
            book.note("return", id(asked)?);
            book.count("returns that were asked for twice at once");
        }
        Ok(asked)
    }

    /// A step of a return; where it stands afterwards, also when the answer was lost and the step is refused now.
    async fn take(&self, who: &Client, of: &str, step: &Value) -> Result<String> {
        let path = format!("/api/returns/{of}");
        let taken = posted(&self.shopper.book, who, &format!("{path}/steps"), step).await?;
        ensure!([200, 409].contains(&taken.status), "{path} {step}: {} {}", taken.status, taken.text);
        let now = if taken.status == 200 {
            taken
        } else {
            answer(&self.shopper.book, self.shopper.app.request(Method::GET, &path)).await?
        };
        Ok(now.json()?["state"].as_str().context("no state")?.to_owned())
    }

    async fn decide(&mut self, seller: &Client, arbiter: &Client, of: &str, worth: u64) -> Result<()> {
        let buyer = self.shopper.app.clone();
        let step = |step: &str| json!({"step": step, "text": "SF0001"});
        let ways: [&[(&Client, &str)]; 4] = [
            &[(seller, "approve"), (&buyer, "send"), (seller, "inspect"), (seller, "refund")],
            &[(seller, "approve"), (&buyer, "send"), (seller, "inspect"), (seller, "reject"), (&buyer, "appeal")],
            &[(seller, "reject"), (&buyer, "appeal")],
            &[(&buyer, "withdraw")],
        ];
        let mut state = String::new();
        for &(who, name) in self.shopper.dice.of(&ways) {
            state = self.take(who, of, &step(name)).await?;
        }
        if state == "disputed" {
            return self.arbitrate(arbiter, of, worth).await;
        }
        if state == "refunded" {
            self.shopper.book.note("return that was decided", format!("{of} refunded {worth}"));
        }
        self.shopper.book.count("returns that ended without an arbiter");
        Ok(())
    }

    /// Two words at once, of which one counts.
    async fn arbitrate(&mut self, arbiter: &Client, of: &str, worth: u64) -> Result<()> {
        let (book, path) = (self.shopper.book.clone(), format!("/api/returns/{of}/steps"));
        let less = self.shopper.dice.below(worth);
        let word = |fen: u64| json!({"step": "arbitrate", "text": "各担一半", "amount": fen});
        let (all, part) = (word(worth), word(less));
        let (a, b) = tokio::join!(arbiter.post(&path, &all), arbiter.post(&path, &part));
        let words: Vec<u64> = [(a, worth), (b, less)]
            .into_iter()
            .filter_map(|(answer, fen)| answer.ok().filter(|a| a.status == 200).map(|_| fen))
            .collect();
        if words.len() > 1 {
            book.breach(format!("an arbiter decided twice on {of}: {words:?} fen"));
        }
        if let [fen] = words[..] {
            book.note("return that was decided", format!("{of} arbitrated {fen}"));
            book.count("returns that an arbiter decided twice at once");
        }
        Ok(())
    }
}
