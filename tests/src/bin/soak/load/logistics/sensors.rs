//! A scale at the warehouse's gate, as its maker would program it: it signs what it sees, sends it more than once, leaves
//! numbers out and brings them later. And somebody who has read its messages and sends them changed, or late.

use super::{COAL, Finance, RECEIPT, Trader, pledges};
use crate::book::Book;
use crate::load::{Actor, Dice, answer, id, next, now, posted};
use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;

const WEBHOOK: &str = "/api/sensor-events";
/// Milliseconds after which a sending is believed no more, and a minute.
const TOO_OLD: u64 = 360_000;

/// The scale, and the pledged goods that it watches one after the other.
pub(crate) struct Gate {
    trader: Trader,
    device: Option<(String, Vec<u8>)>,
    sequence: u64,
}

impl Gate {
    pub(crate) fn start(book: &Arc<Book>, finance: &Arc<Finance>, dice: Dice) -> Self {
        Self { trader: Trader::start(book, finance, dice), device: None, sequence: 0 }
    }
}

impl Actor for Gate {
    async fn act(&mut self) -> Result<()> {
        if self.device.is_none() {
            self.device = Some(self.install().await?);
        }
        let n = next().0;
        let receipt = self.trader.whole(n, COAL).await?;
        let registered = |shown: &Value| pledges(shown).any(|p| p["registered_at"].is_string());
        let Some(shown) = self.trader.lent(n, &receipt, registered).await? else { return Ok(()) };
        self.trader.book.note("watched", id(&receipt)?);
        let lot = receipt["lot"].as_str().context("no lot")?;
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(self.trader.dice.below(600))).await;
            let kilograms = -i64::try_from(1 + self.trader.dice.below(9_000))?;
            self.sequence += 1;
            let first = self.sequence;
            if self.trader.dice.below(3) == 0 {
                // A number that comes after the next one.
                self.sequence += 1;
                self.seen(self.sequence, lot, kilograms).await?;
            }
            self.seen(first, lot, kilograms).await?;
            self.forged(first, lot).await?;
        }
        self.held(&receipt, &shown).await
    }
}

impl Gate {
    async fn install(&self) -> Result<(String, Vec<u8>)> {
        let finance = &self.trader.finance;
        let path = format!("/api/warehouses/{}/devices", finance.warehouse);
        let new = json!({"place": "东门地磅", "method": "hmac-sha256"});
        let made = posted(&self.trader.book, &finance.clerk, &path, &new).await?;
        ensure!((200..300).contains(&made.status), "registerDevice: {} {}", made.status, made.text);
        let made = made.json()?;
        Ok((id(&made)?, HEXLOWER.decode(made["secret"].as_str().context("no secret")?.as_bytes())?))
    }

    fn signed(&self, sequence: u64, lot: &str, kilograms: i64, sent_at: u64) -> Result<Value> {
        let (device, secret) = self.device.as_ref().context("no device")?;
        let text = format!("yunlong-sensor/1\n{device}\n{sequence}\ngate\n{lot}\n{kilograms}\n{sent_at}\n{sent_at}\n");
        let mac = Hmac::<Sha256>::new_from_slice(secret)?.chain_update(text).finalize();
        Ok(json!({
            "device": device, "sequence": sequence, "kind": "gate", "lot": lot, "quantity": kilograms, "at": sent_at,
            "sent_at": sent_at, "signature": HEXLOWER.encode(&mac.into_bytes()),
        }))
    }

    /// A reading, which is sent three times at once and once more: it is new once at most.
    async fn seen(&self, sequence: u64, lot: &str, kilograms: i64) -> Result<()> {
        let (book, anybody) = (&self.trader.book, &self.trader.finance.anybody);
        let reading = self.signed(sequence, lot, kilograms, now())?;
        let event = format!("{}/{sequence}", reading["device"].as_str().unwrap_or_default());
        book.note("reading that was sent", format!("{event} {lot} {kilograms}"));
        let send = || posted(book, anybody, WEBHOOK, &reading);
        let (a, b, c) = tokio::try_join!(send(), send(), send())?;
        let mut new = 0;
        for taken in [a, b, c, send().await?] {
            ensure!(taken.status == 202, "{reading}: {} {}", taken.status, taken.text);
            let taken = taken.json()?;
            new += u32::from(taken["repeated"] == false);
            if taken["event"]["id"] != event.as_str() {
                book.breach(format!("{event} is another event: {taken}"));
            }
        }
        if new > 1 {
            book.breach(format!("the reading {event} was new {new} times"));
        }
        book.note("reading", format!("{event} {lot} {kilograms}"));
        book.count("sensor readings that were sent four times");
        Ok(())
    }

    /// What nobody may believe: another content under a number that was used, a changed amount, a sending of long ago.
    async fn forged(&self, used: u64, lot: &str) -> Result<()> {
        let mut changed = self.signed(self.sequence + 1_000, lot, -1, now())?;
        changed["quantity"] = json!(-299_000);
        for (reading, status) in [
            (self.signed(used, lot, -299_001, now())?, 409),
            (changed, 401),
            (self.signed(self.sequence + 1_000, lot, -299_002, now() - TOO_OLD)?, 401),
        ] {
            let refused = posted(&self.trader.book, &self.trader.finance.anybody, WEBHOOK, &reading).await?;
            if refused.status != status {
                let what = format!("{status} expected for {reading}: {} {}", refused.status, refused.text);
                self.trader.book.breach(what);
            }
            self.trader.book.count("sensor readings that were refused");
        }
        Ok(())
    }

    /// Goods of which some are missing: frozen, and neither the company nor the bank lets them go.
    async fn held(&self, receipt: &Value, shown: &Value) -> Result<()> {
        let (book, finance) = (&self.trader.book, &self.trader.finance);
        let number = id(receipt)?;
        let path = format!("/api/receipts/{number}");
        let release = format!("/api/loans/{}/release", id(&shown["loan"])?);
        let all = json!({"receipts": [{"receipt": number}]});
        let checker = &finance.bank(&shown["loan"]).checker;
        for (who, path, body) in [(&finance.company, format!("{path}/withdraw"), json!({})), (checker, release, all)] {
            let refused = posted(book, who, &path, &body).await?;
            if refused.status != 409 {
                book.breach(format!("{path} of goods that are missing: {} {}", refused.status, refused.text));
            }
        }
        let now = answer(book, finance.company.request(Method::GET, &path)).await?.json()?;
        book.saw(RECEIPT, &now);
        book.count("pledges that a gate froze");
        Ok(())
    }
}
