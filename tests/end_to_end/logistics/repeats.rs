//! Idempotency keys: each call that makes something makes it once under its caller's key, whatever is sent again, and
//! another request under the key is refused with what the key made.

use super::*;
use std::collections::BTreeSet;

/// A call that makes something.
struct Making {
    who: Client,
    path: String,
    body: Value,
    /// A request that would be taken under a key of its own.
    other: Value,
    /// Where what is made is listed.
    list: String,
}

impl Making {
    /// Sent under a key; while nothing was done since others were there first (503), sent again.
    async fn sent(&self, key: &str, body: &Value) -> Result<Answer> {
        let mut tries = 0;
        loop {
            let post = self.who.request(reqwest::Method::POST, &self.path).header("idempotency-key", key);
            let answer = Answer::read(post.json(body).send().await?).await?;
            if answer.status != 503 || tries == 100 {
                return Ok(answer);
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The numbers of all that is listed.
    async fn made(&self) -> Result<BTreeSet<String>> {
        listed(&self.who, &self.list).await?.iter().map(id).collect()
    }

    /// Twenty at once and one afterwards have one answer and make what one call makes; answers how many things.
    async fn is_made_once(&self, key: &str) -> Result<usize> {
        let before = self.made().await?;
        let sent = futures::future::join_all((0..20).map(|_| self.sent(key, &self.body))).await;
        let answers = sent.into_iter().collect::<Result<Vec<_>>>()?;
        let first = &answers[0];
        ensure!(first.status == 201, "{}: {} {}", self.path, first.status, first.text);
        let later = self.sent(key, &self.body).await?;
        for answer in answers.iter().chain([&later]) {
            ensure!((answer.status, answer.json()?) == (201, first.json()?), "{}: {}", self.path, answer.text);
        }
        let made = self.made().await?;
        let new: BTreeSet<&String> = made.difference(&before).collect();
        let answered = first.json()?;
        // A split answers its parts.
        let things = answered["receipts"].as_array().cloned().unwrap_or_else(|| vec![answered.clone()]);
        let numbers = things.iter().map(id).collect::<Result<BTreeSet<_>>>()?;
        ensure!(new == numbers.iter().collect::<BTreeSet<_>>(), "{}: {new:?} for {numbers:?}", self.path);

        let reused = refusal(&self.sent(key, &self.other).await?, 422, "idempotency-key-reused")?;
        ensure!(reused["first"].as_str().is_some_and(|f| numbers.contains(f)), "{}: {reused}", self.path);
        ensure!(self.made().await? == made, "{}: what was refused left a trace", self.path);
        Ok(new.len())
    }
}

/// A body with another value at a member.
fn with(body: &Value, member: &str, value: Value) -> Value {
    let mut other = body.clone();
    other[member] = value;
    other
}

fn making(who: &Client, path: impl Into<String>, body: Value, other: Value, list: impl Into<String>) -> Making {
    Making { who: who.clone(), path: path.into(), body, other, list: list.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn warehouses_lots_receipts_and_drafts_are_made_once_under_a_key() -> Result<()> {
    let x = Xuzhou::start().await?;
    let place = json!({
        "name": "贾汪二号仓", "custodian": CUSTODIAN, "custodian_name": "仓储一号", "division": "320305", "address": "老矿街道",
    });
    let other = with(&place, "name", json!("贾汪三号仓"));
    let warehouses = making(&x.regulator, "/api/warehouses", place, other, "/api/warehouses");
    ensure!(warehouses.is_made_once("K-1").await? == 1);

    let warehouse = x.warehouse(&[]).await?;
    let goods = json!({
        "warehouse": warehouse, "owner": MANUFACTURER, "goods": "coal-5500", "goods_name": "动力煤", "spec": "Q5500",
        "unit": "kilogram", "quantity": 1_000_000, "location": "A-01",
    });
    let other = with(&goods, "quantity", json!(999_999));
    ensure!(making(&x.clerk, "/api/lots", goods, other, "/api/lots").is_made_once("K-1").await? == 1);

    let lot = x.coal(&warehouse, 1_000).await?;
    let receipt = json!({"lot": lot, "quantity": 300_000});
    let other = with(&receipt, "quantity", json!(300_001));
    let issued = making(&x.clerk, "/api/receipts", receipt.clone(), other, "/api/receipts");
    ensure!(issued.is_made_once("K-1").await? == 1);
    let draft = with(&receipt, "draft", json!(true));
    let drafts = making(&x.clerk, "/api/receipts", draft.clone(), receipt.clone(), "/api/receipts");
    ensure!(drafts.is_made_once("K-2").await? == 1);
    ensure!(read(&x.clerk, &format!("/api/lots/{lot}")).await?["receipted"] == 300_000, "a draft promises nothing");
    // A key of 201 characters is none; one that was used stands in the clerk's next session, too.
    let long = issued.sent(&"k".repeat(201), &receipt).await?;
    ensure!(refusal(&long, 422, "invalid-fields")?["errors"][0]["pointer"] == "/idempotency_key", "{}", long.text);
    let made = issued.made().await?;
    let keeper = x.city.signed_in(APP, "warehouse-1").await?;
    let again = making(&keeper, "/api/receipts", receipt.clone(), receipt.clone(), "/api/receipts");
    ensure!(
        again.sent("K-1", &receipt).await?.status == 201 && again.made().await? == made,
        "another session made another"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn splits_and_merges_are_made_once_under_a_key() -> Result<()> {
    let x = Xuzhou::start().await?;
    let receipt = x.receipt(1_000).await?;
    let number = id(&receipt)?;
    let (halves, other) = (json!({"quantities": [400_000, 600_000]}), json!({"quantities": [600_000, 400_000]}));
    let split = making(&x.company, format!("/api/receipts/{number}/split"), halves.clone(), other, "/api/receipts");
    ensure!(split.is_made_once("K-1").await? == 2);
    // Nor are three parts, or parts of another receipt, what the key stands for.
    let three = json!({"quantities": [400_000, 300_000, 300_000]});
    refusal(&split.sent("K-1", &three).await?, 422, "idempotency-key-reused")?;
    let elsewhere = format!("/api/receipts/{}/split", id(&x.receipt(1_000).await?)?);
    let foreign = making(&x.company, elsewhere, halves.clone(), halves.clone(), "/api/receipts");
    refusal(&foreign.sent("K-1", &halves).await?, 422, "idempotency-key-reused")?;
    ensure!(foreign.sent("K-2", &halves).await?.status == 201);

    let parts = split.sent("K-1", &halves).await?.json()?;
    let parts = parts["receipts"].as_array().context("no parts")?.iter().map(id).collect::<Result<Vec<_>>>()?;
    let of = |receipts: &[&String]| json!({ "receipts": receipts });
    let (pair, turned) = (of(&[&parts[0], &parts[1]]), of(&[&parts[1], &parts[0]]));
    let merge = making(&x.company, "/api/receipts/merge", pair, turned, "/api/receipts");
    ensure!(merge.is_made_once("K-1").await? == 1, "a key of a split is free for a merge");
    let live = listed(&x.clerk, &format!("/api/lots/{}/receipts", receipt["lot"].as_str().context("no lot")?)).await?;
    let promised: u64 = live.iter().filter(|r| r["state"] == "issued").filter_map(|r| r["quantity"].as_u64()).sum();
    ensure!(promised == 1_000_000, "{live:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn loans_freight_orders_and_flows_are_made_once_under_a_key() -> Result<()> {
    let x = Xuzhou::start().await?;
    let receipt = id(&x.receipt(1_000).await?)?;
    x.file().await?;
    let wanted = application(BANK_1, &receipt, 100);
    let other = with(&wanted, "principal", json!(101));
    ensure!(making(&x.company, "/api/loans", wanted, other, "/api/loans").is_made_once("K-1").await? == 1);
    ensure!(listed(&x.maker, "/api/pledges").await?.len() == 1, "a repetition asked for another pledge");

    let freight = json!({
        "carrier": CARRIER, "order": "SO-1", "goods": "coal-5500", "quantity": 100_000, "from": {"division": "320305"},
        "to": {"division": "320324"}, "value": 10_000_000, "not_after": trade::milliseconds_from_now(5)?,
    });
    let other = with(&freight, "value", json!(10_000_001));
    let orders = making(&x.company, "/api/freight-orders", freight, other, "/api/freight-orders");
    ensure!(orders.is_made_once("K-1").await? == 1);

    let order = json!({
        "number": "SO-1", "buyer": BUYER, "bank": BANK_1, "goods": "coal-5500", "quantity": 100_000, "amount": 10_000_000,
    });
    let other = with(&order, "amount", json!(10_000_001));
    ensure!(making(&x.company, "/api/flows", order, other, "/api/flows").is_made_once("K-1").await? == 1);
    Ok(())
}
