//! Parcels that the city's carrier loses: each becomes a claim, which holds the money until a manager decides.

use super::{Shopper, purchase};
use crate::load::{Actor, id, key, next, posted};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::Client;

/// The carrier's dispatcher, and who waits for the parcels.
pub(crate) struct Dispatcher {
    shopper: Shopper,
    carrier: Client,
}

impl Actor for Dispatcher {
    async fn act(&mut self) -> Result<()> {
        let n = next().0;
        let market = self.shopper.market.clone();
        let goods = market.plenty(&mut self.shopper.dice);
        let Some(order) = self.shopper.bought(n, &purchase(&goods.listing, 1)).await? else { return Ok(()) };
        let (seller, store) = (&market.sellers[goods.store], "/api/store/orders");
        self.shopper.step(seller, &order, store, "accept", &json!({})).await?;
        let ship = json!({"units": [{"line": 0, "units": 1}], "key": key(n, "L")});
        let sent = posted(&self.shopper.book, seller, &format!("{store}/{order}/ship"), &ship).await?;
        self.shopper.acknowledged(&sent, "ship")?;
        let has_waybill = |o: &Value| o["shipments"][0]["waybill"].is_string();
        let Some(shown) = self.until(&order, has_waybill).await? else { return Ok(()) };
        let shipment = &shown["shipments"][0];
        let waybill = shipment["waybill"].as_str().context("no waybill")?;
        if !self.lose(waybill).await? {
            return Ok(());
        }
        let lost = format!("{}/1", shipment["request"].as_str().context("no request")?);
        self.shopper.book.note("lost parcel", format!("{order} {lost}"));
        self.shopper.book.count("parcels that were lost");
        let claimed = |o: &Value| o["claims"][0]["open"] == true;
        let Some(claimed) = self.until(&order, claimed).await? else { return Ok(()) };
        self.shopper.not_confirmed(&order, "claim").await?;
        if self.shopper.dice.below(4) != 0 {
            self.decide(&market.manager, &claimed).await?;
        }
        Ok(())
    }
}

impl Dispatcher {
    pub(crate) fn start(shopper: Shopper, carrier: &Client) -> Self {
        Self { shopper, carrier: carrier.clone() }
    }

    /// Waits for a while; what takes longer is found by the check.
    async fn until(&self, order: &str, there: impl Fn(&Value) -> bool + Send) -> Result<Option<Value>> {
        for _ in 0..40 {
            let shown = self.shopper.seen(order).await?;
            if there(&shown) {
                return Ok(Some(shown));
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(None)
    }

    /// The first of its two parcels; said twice, as by two people at the depot. Whether it was acknowledged.
    async fn lose(&self, waybill: &str) -> Result<bool> {
        let path = format!("/api/waybills/{waybill}");
        let (load, lost) = (json!({"driver": "D-02", "vehicle": "苏C00002"}), json!({"parcel": "1", "reason": "lost"}));
        let mut acknowledged = false;
        for (step, body) in [("load", &load), ("parcel-exception", &lost), ("parcel-exception", &lost)] {
            let taken = posted(&self.shopper.book, &self.carrier, &format!("{path}/{step}"), body).await?;
            ensure!([200, 409].contains(&taken.status), "{path}/{step}: {} {}", taken.status, taken.text);
            acknowledged = step == "parcel-exception" && taken.status == 200;
        }
        Ok(acknowledged)
    }

    /// Two managers at once: all goes back, or a part; or a part, or nothing.
    async fn decide(&mut self, manager: &Client, order: &Value) -> Result<()> {
        let (claim, total) = (id(&order["claims"][0])?, order["total"].as_u64().context("no total")?);
        let part = 1 + self.shopper.dice.below(total - 1);
        let all = json!([{"line": 0, "units": 1}]);
        let less = json!([{"line": 0, "units": 0, "amount": part}]);
        let (first, fen) = if self.shopper.dice.below(2) == 0 { (all, total) } else { (json!([]), 0) };
        let path = format!("/api/manage/orders/{}/claims", id(order)?);
        let word = |backs: &Value| json!({"claim": claim, "reason": "承运人丢失", "backs": backs});
        let (one, other) = (word(&first), word(&less));
        let (a, b) = tokio::join!(manager.post(&path, &one), manager.post(&path, &other));
        let words: Vec<u64> = [(a, fen), (b, part)]
            .into_iter()
            .filter_map(|(answer, fen)| answer.ok().filter(|a| a.status == 200).map(|_| fen))
            .collect();
        let book = &self.shopper.book;
        if words.len() > 1 {
            book.breach(format!("a claim was decided twice: {claim} {words:?} fen"));
        }
        if let [fen] = words[..] {
            book.note("claim that was decided", format!("{} {claim} {fen}", id(order)?));
            book.count("claims that were decided twice at once");
        }
        Ok(())
    }
}
