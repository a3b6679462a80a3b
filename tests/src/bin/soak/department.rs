//! The department at work while people buy: caps that go down and up, a day that closes and opens again,
//! and batches of a gate without a network.

use crate::APP;
use crate::book::Book;
use crate::load::ticketing::{DAYS, order};
use crate::load::{Actor, Dice, next, repeated};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_tests::{City, Client, day};

/// Between two things that it does.
const PAUSE: Duration = Duration::from_millis(700);
/// Scans of one batch: more than are judged in one delivery.
const SCANS: usize = 24;

pub(crate) struct Department {
    manager: Client,
    gate: Client,
    /// Somebody who tries to buy what is not to be had.
    buyer: Client,
    book: Arc<Book>,
    dice: Dice,
}

impl Actor for Department {
    async fn act(&mut self) -> Result<()> {
        tokio::time::sleep(PAUSE).await;
        match self.dice.below(3) {
            0 => self.lower_and_raise().await,
            1 => self.close_and_open().await,
            _ => self.bring_back().await,
        }
    }
}

impl Department {
    pub(crate) async fn start(city: &City, book: &Arc<Book>, buyer: Client, dice: Dice) -> Result<Self> {
        let (manager, gate) = (city.signed_in(APP, "tourism-admin").await?, city.signed_in(APP, "tourism-gate").await?);
        Ok(Self { manager, gate, buyer, book: book.clone(), dice })
    }

    /// What is different on a day: the same again changes nothing, so it is asked until it is answered.
    async fn plan(&self, attraction: &str, date: &str, plan: &Value) -> Result<()> {
        let path = format!("/api/manage/attractions/{attraction}/days/{date}");
        let put = repeated(&self.book, || self.manager.request(Method::PUT, &path).json(plan)).await?;
        ensure!(put.status == 200, "{path}: {} {}", put.status, put.text);
        Ok(())
    }

    /// Nobody can buy what the department has acknowledged to be sold no more.
    async fn refused(&self, product: &str, date: &str, slot: &str, kind: &str) -> Result<()> {
        let body = order(product, date, slot, next().1);
        let answer = self.buyer.post("/api/orders", &body).await?;
        if answer.status == 200 || answer.status == 201 {
            self.book.breach(format!("{product} on {date} was sold though it was {kind}: {}", answer.text));
        }
        ensure!(answer.problem(409)?["type"] == format!("urn:yunlong:problem:{kind}"), "{}", answer.text);
        self.book.count(match kind {
            "closed" => "purchases on a closed day that were refused",
            _ => "purchases above a lowered cap that were refused",
        });
        Ok(())
    }

    async fn lower_and_raise(&mut self) -> Result<()> {
        let date = day(1 + i64::try_from(self.dice.below(DAYS))?);
        self.plan("hanwenhua", &date, &json!({"daily_cap": 0})).await?;
        self.refused("hanwenhua-single", &date, "14:00", "sold-out").await?;
        let cap = 100 + self.dice.below(600);
        let plan = if self.dice.below(2) == 0 { json!({"daily_cap": cap}) } else { json!({}) };
        self.plan("hanwenhua", &date, &plan).await?;
        self.book.count("caps that were lowered and raised");
        Ok(())
    }

    /// The last day that is sold, so that the others are sold without a break.
    async fn close_and_open(&mut self) -> Result<()> {
        let date = day(i64::try_from(DAYS)?);
        let attraction = self.dice.of(&["guishan", "bingmayong"]);
        self.book.closes(attraction, &date);
        let reason = json!({"zh": "设备检修", "en": "Maintenance"});
        self.plan(attraction, &date, &json!({"open": false, "reason": reason, "refund_sold": true})).await?;
        self.refused(&format!("{attraction}-single"), &date, "15:00", "closed").await?;
        tokio::time::sleep(Duration::from_millis(self.dice.below(3_000))).await;
        self.plan(attraction, &date, &json!({})).await?;
        self.book.count("days that were closed and opened");
        Ok(())
    }

    /// What a gate has let in without a network, and a code that is none; sent twice, as after a lost answer.
    async fn bring_back(&mut self) -> Result<()> {
        let scans = self.book.take_scans(SCANS);
        let Some(attraction) = scans.first().map(|s| s.attraction.clone()) else { return Ok(()) };
        let last = scans.iter().map(|s| s.at).max().unwrap_or(0);
        let codes = scans.iter().map(|s| (&*s.code, s.at)).chain([("0000000000000000", last)]);
        let codes: Vec<Value> = codes.map(|(code, at)| json!({"code": code, "at": at})).collect();
        let number = format!("soak-{}-{}", std::process::id(), next().0);
        let batch = json!({"number": number, "attraction": attraction, "gate": "东门", "scans": codes});
        for _ in 0..2 {
            let kept = repeated(&self.book, || self.gate.request(Method::POST, "/api/gates/batches").json(&batch));
            let kept = kept.await?;
            ensure!(kept.status == 202, "uploadBatch: {} {}", kept.status, kept.text);
        }
        for scan in scans {
            self.book.know(&scan.order, scan.owner, |k| k.scanned = true);
            self.book.count("admissions without a network");
        }
        self.book.uploaded(number);
        self.book.count("batches of gates");
        Ok(())
    }
}
