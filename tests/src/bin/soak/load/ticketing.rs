//! Citizens who browse, sign in, buy tickets, pay in every way that the sandbox knows, give back, and go through the
//! gate; and entries in the guest book.

use super::{Actor, Dice, answer, next, pay, repeated};
use crate::APP;
use crate::book::{Book, Scan};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_tests::{Answer, City, Client, PASSWORD, day, resident_id};

/// Products with their slots: one that hardly fills up, small ones that do, and one of two parts.
const SLOTS: &[(&str, &[&str])] = &[
    ("yunlonghu-single", &["06:00", "09:00", "12:00", "18:00"]),
    ("yunlonghu-single", &["06:00", "09:00", "12:00", "18:00"]),
    ("guishan-single", &["09:00", "11:00"]),
    ("lianghan-joint", &["09:00", "11:00"]),
    ("hanwenhua-single", &["08:30", "11:00", "14:00"]),
];
/// Days ahead on which tickets are bought.
pub(crate) const DAYS: u64 = 5;
/// A name of the visitor's own, without digits.
pub(crate) fn name(visitor: u32) -> String {
    let digits = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let number = visitor.to_string();
    "游客".chars().chain(number.chars().filter_map(|c| digits.get(c.to_digit(10)? as usize).copied())).collect()
}

/// What orders a ticket for one visitor.
pub(crate) fn order(product: &str, date: &str, slot: &str, visitor: u32) -> Value {
    let who = json!({
        "name": name(visitor), "id_type": "resident-id", "id_number": resident_id(visitor), "phone": "19900000001",
    });
    json!({"product": product, "date": date, "slot": slot, "visitors": [who]})
}

/// One citizen at work.
pub(crate) struct Buyer {
    who: usize,
    app: Client,
    portal: Client,
    gate: Client,
    guests: Client,
    book: Arc<Book>,
    dice: Dice,
}

impl Actor for Buyer {
    async fn act(&mut self) -> Result<()> {
        match self.dice.below(10) {
            0..=1 => self.browse().await,
            2 => self.sign_in().await,
            3 => self.write().await,
            _ => self.purchase().await,
        }
    }
}

impl Buyer {
    pub(crate) fn start(city: &City, book: &Arc<Book>, who: (usize, &str), dice: Dice) -> Result<Self> {
        let (who, token) = who;
        let signed_in = |label: &str| Ok::<_, anyhow::Error>(city.client(label)?.with_token(token.to_owned()));
        Ok(Self {
            who,
            app: signed_in(APP)?,
            portal: signed_in("")?,
            gate: city.client(APP)?,
            guests: signed_in("guestbook")?,
            book: book.clone(),
            dice,
        })
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        answer(&self.book, request).await
    }

    async fn browse(&mut self) -> Result<()> {
        let page =
            |client: &Client, path: &str| client.request(reqwest::Method::GET, path).header("accept", "text/html");
        for (client, path) in [
            (&self.portal, "/"),
            (&self.app, "/"),
            (&self.app, "/attractions/guishan"),
            (&self.portal, "/orders"),
            (&self.portal, "/inbox"),
        ] {
            let answer = self.answer(page(client, path)).await?;
            ensure!(answer.status == 200, "{path}: {}", answer.status);
        }
        self.book.count("browsings of five pages");
        Ok(())
    }

    async fn sign_in(&mut self) -> Result<()> {
        let account = format!("citizen-{:03}", self.who + 1);
        let right = self.dice.below(50) != 0;
        let password = if right { PASSWORD } else { "not the password" };
        let body = json!({"account": account, "password": password});
        let answer = self.answer(self.portal.request(reqwest::Method::POST, "/api/v1/sessions").json(&body)).await?;
        match (right, answer.status) {
            (true, 201) => {
                let token = answer.json()?["token"].as_str().context("no token")?.to_owned();
                let session = self.portal.with_token(token);
                let gone = self.answer(session.request(reqwest::Method::DELETE, "/api/v1/sessions/current")).await?;
                ensure!(gone.status == 204, "sign-out: {}", gone.status);
                let after = self.answer(session.request(reqwest::Method::GET, "/api/v1/sessions/current")).await?;
                if after.status != 401 {
                    self.book.breach(format!("a session that was ended still works: {}", after.status));
                }
                self.book.count("sign-ins and sign-outs");
            }
            // Locked, or asked to wait, after failures.
            (_, 401 | 423 | 429) => self.book.count("sign-ins that were refused"),
            (_, status) => anyhow::bail!("sign-in: {status} {}", answer.text),
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<()> {
        let body = json!({"name": "访客", "text": format!("留言 {}", self.dice.below(1_000_000))});
        let answer = self.answer(self.guests.request(reqwest::Method::POST, "/api/entries").json(&body)).await?;
        if answer.status == 201 || answer.status == 200 {
            self.book.wrote(answer.json()?["id"].as_str().context("no id")?.to_owned());
            self.book.count("guest book entries");
        }
        Ok(())
    }

    async fn purchase(&mut self) -> Result<()> {
        let (n, visitor) = next();
        let (product, slots) = self.dice.of(SLOTS);
        let slot = self.dice.of(slots);
        let date = day(1 + i64::try_from(self.dice.below(DAYS)).unwrap_or(0));
        let body = order(product, &date, slot, visitor);
        let key = format!("soak-{}-{n}", std::process::id());
        let made = if self.dice.below(10) == 0 {
            // The same visitor for the same slot, twice at once: one of the two may have it.
            let twin = format!("{key}-twin");
            let (made, twin) = tokio::join!(self.reserve(&key, &body), self.reserve(&twin, &body));
            self.book.count("orders of one ID for one slot, twice at once");
            if let Some(twin) = twin? {
                self.reserved(&twin, visitor)?;
                self.app
                    .post(&format!("/api/orders/{}/pay", twin["id"].as_str().unwrap_or_default()), &json!({}))
                    .await?;
            }
            made
        } else {
            self.reserve(&key, &body).await
        };
        let Some(order) = made? else { return Ok(()) };
        let id = self.reserved(&order, visitor)?;
        if self.dice.below(12) == 0 {
            self.book.count("orders that were left to expire");
            return Ok(());
        }
        pay(&self.book, &mut self.dice, (&self.app, &self.portal), &order, &json!({})).await?;
        if !self.issued(&id).await? {
            return Ok(());
        }
        self.book.know(&id, self.who, |k| k.issued = true);
        self.book.count("issued");
        match self.dice.below(6) {
            0 => self.give_back(&id).await,
            1 | 2 => self.enter(&id, product).await,
            _ => Ok(()),
        }
    }

    /// The order, or nothing where it was refused for what was sold before.
    async fn reserve(&self, key: &str, body: &Value) -> Result<Option<Value>> {
        let made = repeated(&self.book, || {
            self.app.request(reqwest::Method::POST, "/api/orders").header("idempotency-key", key).json(body)
        });
        let made = made.await?;
        if made.status == 409 {
            self.book.count("orders that were refused: sold out, closed, or one ID twice");
            return Ok(None);
        }
        ensure!(made.status == 201 || made.status == 200, "createOrder: {} {}", made.status, made.text);
        Ok(Some(made.json()?))
    }

    /// Writes an order down: its id.
    fn reserved(&self, order: &Value, visitor: u32) -> Result<String> {
        let id = order["id"].as_str().context("no id")?.to_owned();
        self.book.know(&id, self.who, |k| k.visitor = visitor);
        self.book.count("orders");
        Ok(id)
    }

    /// Waits for a while; what takes longer is found by the check.
    async fn issued(&self, id: &str) -> Result<bool> {
        for _ in 0..60 {
            let order = self.answer(self.app.request(reqwest::Method::GET, &format!("/api/orders/{id}"))).await?;
            if order.status == 404 {
                self.book.breach(format!("the acknowledged order {id} is not there"));
            }
            ensure!(order.status == 200, "getOrder: {}", order.status);
            match order.json()?["state"].as_str() {
                Some("issued") => return Ok(true),
                Some("held" | "paid") => tokio::time::sleep(Duration::from_millis(100)).await,
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    async fn give_back(&mut self, id: &str) -> Result<()> {
        self.book.know(id, self.who, |k| k.refund_asked = true);
        let answer = self.app.post(&format!("/api/orders/{id}/refund"), &json!({})).await?;
        if answer.status == 202 {
            self.book.know(id, self.who, |k| k.refund_accepted = true);
            self.book.count("refunds");
        }
        Ok(())
    }

    async fn enter(&mut self, id: &str, product: &str) -> Result<()> {
        let shown =
            self.answer(self.app.request(reqwest::Method::GET, &format!("/api/orders/{id}/tickets/0/code"))).await?;
        let Some(code) = shown.json()?["code"].as_str().map(str::to_owned) else { return Ok(()) };
        let attraction = if product == "lianghan-joint" { "guishan" } else { product.trim_end_matches("-single") };
        if self.dice.below(2) == 0 {
            // A gate without a network, whose scans the department brings back.
            let (order, attraction) = (id.to_owned(), attraction.to_owned());
            let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis().try_into()?;
            self.book.scanned(Scan { order, owner: self.who, attraction, code, at });
            return Ok(());
        }
        let officer = json!({"account": "tourism-gate", "password": PASSWORD});
        let token = self.answer(self.portal.request(reqwest::Method::POST, "/api/v1/sessions").json(&officer)).await?;
        let gate = self.gate.with_token(token.json()?["token"].as_str().context("no gate")?.to_owned());
        let scan = json!({"code": code, "attraction": attraction, "gate": "东门"});
        // Two scanners at once, as at a busy gate.
        let (a, b) = tokio::join!(gate.post("/api/admissions", &scan), gate.post("/api/admissions", &scan));
        for answer in [a, b].into_iter().flatten() {
            if answer.status == 200 {
                self.book.know(id, self.who, |k| k.admitted += 1);
                self.book.count("admissions");
            }
        }
        Ok(())
    }
}
