//! Group buys: acceptance line 4.

use super::*;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// A market whose groups need not wait long for payments, with something to buy together.
async fn begun(stock: i64) -> Result<(Market, Client, String)> {
    let plan = Plan::with(&[APP]).citizens(220).config(APP, "group_grace_seconds", "5");
    let market = Market::of(plan).await?;
    let maker = market.seller(1, BED_MAKER, DONGFENG).await?;
    let goods = market.on_sale(&maker, "craft", 1_000, None, stock).await?;
    Ok((market, maker, goods))
}

async fn group(maker: &Client, goods: &str, seconds: i64) -> Result<String> {
    let deadline = now()? + seconds * 1_000;
    let new = json!({"listing": goods, "sku": "a", "price": 900, "minimum": 20, "deadline": deadline});
    id(&made(maker, "/api/store/groups", &new).await?)
}

fn join(goods: &str, group: &str) -> Value {
    let mut what = purchase(goods, 1);
    what["group"] = json!(group);
    what
}

#[tokio::test(flavor = "multi_thread")]
async fn nineteen_at_the_deadline_are_all_refunded_once() -> Result<()> {
    let (market, _, goods) = begun(100).await?;
    let buyers = market.buyers(19).await?;
    let maker = market.citizen(1).await?;
    let group = group(&maker, &goods, 30).await?;
    let orders = all_at_once(&buyers, |_, buyer| {
        let (market, what) = (&market, join(&goods, &group));
        async move { market.bought(&buyer, &what).await }
    })
    .await?;
    ensure!(
        refused(&maker, &format!("/api/store/orders/{}/accept", orders[0]), &json!({}), 409).await? == "group-open"
    );
    for (buyer, order) in buyers.iter().zip(&orders) {
        let back = until(buyer, order, &["refunded"]).await?;
        ensure!(back["refunds"].as_array().is_some_and(|r| r.len() == 1), "once: {back}");
        ensure!(back["escrow"]["refunded"] == 900, "{back}");
    }
    let failed = seen(&buyers[0], &format!("/api/groups/{group}")).await?;
    ensure!(failed["state"] == "failed", "{failed}");
    ledger_is_sound(&market.city).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_form_the_group_and_each_of_them_has_paid_once() -> Result<()> {
    let (market, maker, goods) = begun(60).await?;
    let buyers = market.buyers(200).await?;
    let group = group(&maker, &goods, 300).await?;
    let outcomes = all_at_once(&buyers, |_, buyer| {
        let what = join(&goods, &group);
        async move {
            let a = buyer.post("/api/orders", &what).await?;
            if a.status != 201 {
                let problem = a.problem(409)?;
                ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":sold-out")), "{problem}");
                return Ok(false);
            }
            let order = id(&a.json()?["orders"][0])?;
            pay(&buyer, &order).await?;
            Ok(true)
        }
    })
    .await?;
    ensure!(outcomes.iter().filter(|won| **won).count() == 60, "as many as there are");
    let formed = seen(&maker, &format!("/api/groups/{group}")).await?;
    ensure!(formed["state"] == "formed" && formed["paid"] == 60, "{formed}");
    ensure!(escrows_are_whole(&maker).await? == (60, 60 * 900));
    ledger_is_sound(&market.city).await?;
    Ok(())
}
