//! Food and its batches: acceptance lines 2 and 3.

use super::*;
use std::time::Instant;

/// Acceptance line 2.
#[tokio::test]
async fn apples_without_a_batch_are_refused_and_the_rule_is_named() -> Result<()> {
    let market = Market::open(20).await?;
    let grower = market.seller(2, GARLIC_GROWER, FENGXIAN).await?;
    let apples = market.draft(&grower, Goods::of("fresh-food", 4_980, 10)).await?;
    let a = grower.post(&format!("/api/store/listings/{apples}/steps"), &json!({"step": "submit"})).await?;
    let problem = a.problem(409)?;
    ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":batch-required")), "{problem}");
    ensure!(problem["detail"].as_str().is_some_and(|d| d.contains("规则") || d.contains("rule")), "{problem}");
    Ok(())
}

/// Acceptance line 3.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_fails_is_off_sale_within_five_seconds_and_twelve_orders_are_refunded() -> Result<()> {
    let market = Market::open(30).await?;
    let grower = market.seller(2, GARLIC_GROWER, PIZHOU).await?;
    let code = market.batch(&grower, PIZHOU, None).await?;
    let (inspector, tests) = (market.inspector().await?, tests_of(&code));
    let garlic = market.on_sale(&grower, Goods::food(&code, 3_980, 100)).await?;
    let buyers = market.buyers(12).await?;
    let what = purchase(&garlic, 2);
    let orders = all_at_once(&buyers, |_, buyer| {
        let (market, what) = (&market, what.clone());
        async move { market.bought(&buyer, &what).await }
    })
    .await?;
    ensure!(refused(&grower, &tests, &report("JC0002", false), 403).await? == "role-required");

    let failed = Instant::now();
    made(&inspector, &tests, &report("JC0002", false)).await?;
    let after = market.citizen(29).await?;
    ensure!(refused(&after, "/api/orders", &purchase(&garlic, 1), 409).await? == "not-on-sale");
    let listed = seen(&after, &format!("/api/listings/{garlic}")).await?;
    ensure!(listed["listing"]["state"] == "recalled", "{listed}");
    ensure!(failed.elapsed() < Duration::from_secs(5), "off sale after {:?}", failed.elapsed());
    let trace = seen(&market.city.client(APP)?, &format!("/api/trace/{code}")).await?;
    ensure!(trace["state"] == "failed", "{trace}");

    for (buyer, order) in buyers.iter().zip(&orders) {
        let back = until(buyer, order, &["refunded"]).await?;
        ensure!(back["escrow"]["refunded"] == 7_960 && back["escrow"]["held"] == 0, "{back}");
        ensure!(back["refunds"].as_array().is_some_and(|r| r.len() == 1), "once: {back}");
    }
    ensure!(escrows_are_whole(&grower).await? == (12, 0));
    ledger_is_sound(&market.city).await?;
    Ok(())
}

/// A recall takes what is on sale and what is not sent; what somebody has stays theirs, and can be returned.
#[tokio::test]
async fn a_recall_refunds_what_was_not_sent_and_nothing_of_the_batch_is_bought_or_sent_again() -> Result<()> {
    let market = Market::open(20).await?;
    let grower = market.seller(2, GARLIC_GROWER, PIZHOU).await?;
    let code = market.batch(&grower, PIZHOU, None).await?;
    let garlic = market.on_sale(&grower, Goods::food(&code, 3_980, 100)).await?;
    let buyer = market.citizen(11).await?;
    let (arrived, accepted, paid) = (
        market.bought(&buyer, &purchase(&garlic, 1)).await?,
        market.bought(&buyer, &purchase(&garlic, 2)).await?,
        market.bought(&buyer, &purchase(&garlic, 3)).await?,
    );
    let unpaid = id(&made(&buyer, "/api/orders", &purchase(&garlic, 4)).await?["orders"][0])?;
    market.delivered(&grower, &arrived).await?;
    made(&grower, &format!("/api/store/orders/{accepted}/accept"), &json!({})).await?;

    let (recall, why) = (format!("/api/manage/batches/{code}/recall"), json!({"reason": words("包装破损")}));
    ensure!(refused(&grower, &recall, &why, 403).await? == "role-required");
    ensure!(made(&market.manager, &recall, &why).await?["state"] == "recalled");
    ensure!(refused(&market.manager, &recall, &why, 409).await? == "wrong-state", "once");
    ensure!(refused(&buyer, "/api/orders", &purchase(&garlic, 1), 409).await? == "not-on-sale");
    for (order, fen) in [(&accepted, 7_960), (&paid, 11_940)] {
        let back = until(&buyer, order, &["refunded"]).await?;
        ensure!(
            back["escrow"]["refunded"] == fen && back["refunds"].as_array().is_some_and(|r| r.len() == 1),
            "{back}"
        );
    }
    until(&buyer, &unpaid, &["cancelled"]).await?;
    let kept = seen(&buyer, &format!("/api/orders/{arrived}")).await?;
    ensure!(kept["state"] == "delivered" && kept["escrow"]["held"] == 3_980, "{kept}");
    let ask = json!({"units": [{"line": 0, "units": 1}], "reason": "quality", "text": "召回"});
    made(&buyer, &format!("/api/orders/{arrived}/returns"), &ask).await?;
    let ship = json!({"units": [{"line": 0, "units": 1}], "brings": true});
    ensure!(refused(&grower, &format!("/api/store/orders/{accepted}/ship"), &ship, 409).await? == "batch-not-live");
    let trace = seen(&market.city.client(APP)?, &format!("/api/trace/{code}")).await?;
    ensure!(trace["state"] == "recalled" && trace["reason"].to_string().contains("包装破损"), "{trace}");
    let recalled = seen(&grower, "/api/store/batches?state=recalled").await?;
    ensure!(recalled["batches"][0]["code"] == code.as_str(), "the store's list by state: {recalled}");
    let passed = seen(&grower, "/api/store/batches?state=passed").await?;
    ensure!(passed["batches"].as_array().is_some_and(Vec::is_empty), "{passed}");
    ensure!(escrows_are_whole(&grower).await? == (4, 3_980));
    ledger_is_sound(&market.city).await?;
    Ok(())
}
