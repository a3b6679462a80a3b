//! Acceptance line 4, and the sensors' webhook: signed readings over plain HTTP, believed once.

use super::*;
use data_encoding::HEXLOWER;
use futures::{StreamExt as _, TryStreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub(super) const WEBHOOK: &str = "/api/sensor-events";
/// Milliseconds within which a sending is believed.
pub(super) const WITHIN: i64 = 300_000;

/// A scale at a warehouse's gate, as its maker would program it: nothing of it is the app's.
struct Scale {
    device: String,
    secret: Vec<u8>,
    http: Client,
}

pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(0))
}

/// What a device signs of a reading of its gate, as the webhook's description says.
pub(super) fn signed_text(device: &str, sequence: u64, lot: &str, kilograms: i64, at: i64, sent_at: i64) -> String {
    text_of("gate", device, sequence, lot, kilograms, at, sent_at)
}

fn text_of(kind: &str, device: &str, sequence: u64, lot: &str, kilograms: i64, at: i64, sent_at: i64) -> String {
    format!("yunlong-sensor/1\n{device}\n{sequence}\n{kind}\n{lot}\n{kilograms}\n{at}\n{sent_at}\n")
}

impl Scale {
    async fn at(x: &Xuzhou, warehouse: &Value) -> Result<Self> {
        let path = format!("/api/warehouses/{}/devices", warehouse.as_str().context("no warehouse")?);
        let made = done(&x.clerk, &path, &json!({"place": "东门地磅", "method": "hmac-sha256"})).await?;
        let secret = HEXLOWER.decode(made["secret"].as_str().context("no secret")?.as_bytes())?;
        Ok(Self { device: id(&made)?, secret, http: x.city.client(APP)? })
    }

    /// A signed reading of the gate: so many kilograms passed it at a time, and it is sent at another.
    fn signed(&self, sequence: u64, lot: &str, kilograms: i64, at: i64, sent_at: i64) -> Result<Value> {
        self.signed_as("gate", sequence, lot, kilograms, at, sent_at)
    }

    /// A signed reading of all that lies there.
    fn stock(&self, sequence: u64, lot: &str, kilograms: i64) -> Result<Value> {
        self.signed_as("stock", sequence, lot, kilograms, now(), now())
    }

    fn signed_as(&self, kind: &str, sequence: u64, lot: &str, kilograms: i64, at: i64, sent_at: i64) -> Result<Value> {
        let device = &self.device;
        let text = text_of(kind, device, sequence, lot, kilograms, at, sent_at);
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret)?.chain_update(text).finalize();
        Ok(json!({
            "device": device, "sequence": sequence, "kind": kind, "lot": lot, "quantity": kilograms, "at": at,
            "sent_at": sent_at, "signature": HEXLOWER.encode(&mac.into_bytes()),
        }))
    }

    fn reading(&self, sequence: u64, lot: &str, kilograms: i64) -> Result<Value> {
        self.signed(sequence, lot, kilograms, now(), now())
    }

    async fn send(&self, reading: &Value) -> Result<Value> {
        let answer = self.http.post(WEBHOOK, reading).await?;
        ensure!(answer.status == 202, "{reading}: {} {}", answer.status, answer.text);
        answer.json()
    }
}

pub(super) fn text<'a>(of: &'a Value, member: &str) -> Result<&'a str> {
    of[member].as_str().with_context(|| format!("no {member}: {of}"))
}

pub(super) async fn missing(x: &Xuzhou, lot: &str) -> Result<u64> {
    read(&x.regulator, &format!("/api/lots/{lot}")).await?["missing"].as_u64().context("no number")
}

/// Acceptance line 4.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_tonnes_through_the_gate_freeze_the_pledge_and_alert_the_bank_within_five_seconds() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.out().await?;
    let (lot, number) = (text(&receipt, "lot")?, text(&receipt, "id")?);
    let scale = Scale::at(&x, &receipt["warehouse"]).await?;
    let officer = x.city.signed_in("", "bank-1-checker").await?;
    ensure!(!officer.page("/inbox", "zh").await?.text.contains("异常出库"), "told before it happened");
    let began = Instant::now();
    let taken = scale.send(&scale.reading(1, lot, -50_000)?).await?;
    ensure!(taken["event"]["unexplained"] == 50_000 && taken["frozen"] == json!([number]), "{taken}");
    let alert = x.alerted("goods-missing", 5).await?;
    ensure!(alert["loan"] == loan.as_str() && alert["receipt"] == number && alert["amount"] == 50_000, "{alert}");
    eventually("the officer finds it in the inbox", Duration::from_secs(5), async || {
        Ok(officer.page("/inbox", "zh").await?.text.contains("异常出库").then_some(()))
    })
    .await?;
    ensure!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    // Another bank hears nothing of it.
    let other = x.city.signed_in(APP, "bank-2-checker").await?;
    ensure!(listed(&other, "/api/alerts").await?.is_empty());
    // No release, not even when everything is paid; and the goods do not leave by order.
    let all = json!({"receipts": [{"receipt": number}]});
    let release = format!("/api/loans/{loan}/release");
    refused(&x.checker, &release, &all, 409, "receipt-frozen").await?;
    let repayment = json!({"bank_reference": "RP-1", "amount": LENT});
    done(&x.maker, &format!("/api/loans/{loan}/repayments"), &repayment).await?;
    let refused_again = x.checker.post(&release, &all).await?;
    ensure!(refused_again.status == 409, "{} {}", refused_again.status, refused_again.text);
    ensure!(read(&x.company, &format!("/api/receipts/{number}")).await?["state"] == "frozen");
    refused(&x.company, &format!("/api/receipts/{number}/withdraw"), &json!({}), 409, "receipt-frozen").await?;
    // Nobody unfreezes it while goods are missing, nor when a count has written them off; once they are made good.
    let unfreeze = format!("/api/receipts/{number}/unfreeze");
    let reason = json!({"reason": "盘点"});
    refused(&x.checker, &unfreeze, &reason, 409, "lot-missing").await?;
    let count = format!("/api/lots/{lot}/clear-missing");
    let counted = |kilograms: u64| json!({"quantity": kilograms, "reason": "盘点"});
    let left = done(&x.regulator, &count, &counted(950_000)).await?;
    ensure!(left["quantity"] == 950_000 && left["missing"] == 0 && left["written_off"] == 50_000, "{left}");
    let short = refused(&x.checker, &unfreeze, &reason, 409, "lot-missing").await?;
    ensure!(short["short"] == 50_000, "{short}");
    done(&x.regulator, &count, &counted(1_000_000)).await?;
    done(&x.checker, &unfreeze, &reason).await?;
    done(&x.checker, &release, &all).await?;
    Ok(())
}

/// What a scale or a scan sees of the whole lot: less than the books say freezes like goods that left.
#[tokio::test]
async fn a_stock_reading_below_the_books_freezes_once_and_an_impossible_one_changes_nothing() -> Result<()> {
    let x = Xuzhou::start().await?;
    let receipt = x.receipt(1_000).await?;
    let (lot, number) = (text(&receipt, "lot")?, text(&receipt, "id")?);
    let scale = Scale::at(&x, &receipt["warehouse"]).await?;
    for impossible in [-1, i64::MIN, i64::MAX, 1_000_000_000_001] {
        refused(&scale.http, WEBHOOK, &scale.stock(1, lot, impossible)?, 422, "reading-invalid").await?;
    }
    for impossible in [i64::MIN, -1_000_000_000_001] {
        refused(&scale.http, WEBHOOK, &scale.reading(1, lot, impossible)?, 422, "reading-invalid").await?;
    }
    ensure!(missing(&x, lot).await? == 0 && listed(&x.regulator, &format!("/api/lots/{lot}/events")).await?.is_empty());
    let whole = scale.send(&scale.stock(1, lot, 1_000_000)?).await?;
    ensure!(whole["event"]["unexplained"].as_u64().unwrap_or(0) == 0 && whole["frozen"] == json!([]), "{whole}");
    let short = scale.send(&scale.stock(2, lot, 960_000)?).await?;
    ensure!(short["event"]["unexplained"] == 40_000 && short["frozen"] == json!([number]), "{short}");
    // Seen again it is the same that is missing; seen less, it is the difference that is new.
    let again = scale.send(&scale.stock(3, lot, 960_000)?).await?;
    ensure!(again["event"]["unexplained"].as_u64().unwrap_or(0) == 0, "{again}");
    let less = scale.send(&scale.stock(4, lot, 950_000)?).await?;
    ensure!(less["event"]["unexplained"] == 10_000, "{less}");
    ensure!(missing(&x, lot).await? == 50_000);
    ensure!(read(&x.company, &format!("/api/receipts/{number}")).await?["state"] == "frozen");
    Ok(())
}

#[tokio::test]
async fn an_old_signature_a_forged_one_and_an_unknown_device_leave_no_trace() -> Result<()> {
    let x = Xuzhou::start().await?;
    let receipt = x.receipt(1_000).await?;
    let lot = text(&receipt, "lot")?;
    let scale = Scale::at(&x, &receipt["warehouse"]).await?;
    let stranger = Scale { device: "DV0000000000".into(), secret: scale.secret.clone(), http: x.city.client(APP)? };
    let other = Scale { device: scale.device.clone(), secret: b"another secret".into(), http: x.city.client(APP)? };
    let mut changed = scale.reading(1, lot, -50_000)?;
    changed["quantity"] = json!(-1);
    for (reading, status, kind) in [
        (scale.signed(1, lot, -50_000, now() - WITHIN - 2_000, now() - WITHIN - 2_000)?, 401, "sent-at-another-time"),
        (scale.signed(1, lot, -50_000, now(), now() + WITHIN + 20_000)?, 401, "sent-at-another-time"),
        (stranger.reading(1, lot, -50_000)?, 401, "not-signed-by-device"),
        (other.reading(1, lot, -50_000)?, 401, "not-signed-by-device"),
        (changed, 401, "not-signed-by-device"),
        (scale.reading(1, "LT000000000000", -50_000)?, 422, "reading-invalid"),
        (scale.reading(0, lot, -50_000)?, 422, "reading-invalid"),
    ] {
        refused(&scale.http, WEBHOOK, &reading, status, kind).await?;
    }
    // A browser that brings an origin is nobody's device.
    let post = scale.http.request(reqwest::Method::POST, WEBHOOK).header("origin", "https://example.com");
    let foreign = Answer::read(post.json(&scale.reading(1, lot, -50_000)?).send().await?).await?;
    ensure!(foreign.status == 403, "{} {}", foreign.status, foreign.text);
    ensure!(missing(&x, lot).await? == 0 && listed(&x.regulator, &format!("/api/lots/{lot}/events")).await?.is_empty());
    // The sequence is still free, and another content under it is refused afterwards.
    scale.send(&scale.reading(1, lot, 0)?).await?;
    refused(&scale.http, WEBHOOK, &scale.reading(1, lot, -50_000)?, 409, "sequence-reused").await?;
    // A secret that was renewed makes what the old one signs void at once.
    done(&x.clerk, &format!("/api/devices/{}/renew-secret", scale.device), &json!({})).await?;
    refused(&scale.http, WEBHOOK, &scale.reading(2, lot, -50_000)?, 401, "not-signed-by-device").await?;
    ensure!(missing(&x, lot).await? == 0, "what was refused left a trace");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_a_thousand_times_counts_once() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (_, receipt) = x.out().await?;
    let lot = text(&receipt, "lot")?;
    let scale = Scale::at(&x, &receipt["warehouse"]).await?;
    let reading = scale.reading(1, lot, -50_000)?;
    let taken: Vec<Value> =
        futures::stream::iter(0..1_000).map(|_| scale.send(&reading)).buffer_unordered(50).try_collect().await?;
    let first = taken.iter().filter(|t| t["repeated"] == false).count();
    ensure!(first == 1, "it was taken {first} times");
    ensure!(taken.iter().all(|t| t["event"]["id"] == taken[0]["event"]["id"]), "two events of one reading");
    ensure!(missing(&x, lot).await? == 50_000);
    ensure!(listed(&x.regulator, &format!("/api/lots/{lot}/events")).await?.len() == 1);
    ensure!(x.alerts("goods-missing").await?.len() == 1, "the bank was told more than once");
    // Sent anew with a new time of sending, as a device does that heard no answer, it is the same reading.
    let at = reading["at"].as_i64().context("no time")?;
    ensure!(scale.send(&scale.signed(1, lot, -50_000, at, now() + 1)?).await?["repeated"] == true);
    Ok(())
}

#[tokio::test]
async fn lost_and_late_readings_are_told_to_the_bank_and_counted() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (_, receipt) = x.out().await?;
    let lot = text(&receipt, "lot")?;
    let scale = Scale::at(&x, &receipt["warehouse"]).await?;
    ensure!(scale.send(&scale.reading(1, lot, 0)?).await?["missing"] == 0);
    ensure!(scale.send(&scale.reading(5, lot, 0)?).await?["missing"] == 3, "2, 3 and 4 are lost");
    let device = format!("/api/devices/{}", scale.device);
    ensure!(read(&x.clerk, &device).await?["missing"] == 3);
    // One of them comes after all, an hour old: it counts, and is late.
    let late = scale.send(&scale.signed(3, lot, -20_000, now() - 3_600_000, now())?).await?;
    ensure!(late["event"]["late"] == true && late["event"]["unexplained"] == 20_000, "{late}");
    let device = read(&x.clerk, &device).await?;
    ensure!(device["missing"] == 2 && device["last_sequence"] == 5, "{device}");
    ensure!(x.alerts("sensor-gap").await?.len() == 2 && x.alerts("goods-missing").await?.len() == 1);
    Ok(())
}
