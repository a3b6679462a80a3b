//! Food and its batches: acceptance lines 2 and 3.

use super::*;
use std::time::Instant;

fn harvest(origin: &str) -> Value {
    let day = yunlong_tests::day(-20);
    json!({"goods": words("大蒜"), "origin": origin, "harvest": day, "kilograms": 500})
}

fn report(number: &str, passed: bool) -> Value {
    let day = yunlong_tests::day(0);
    json!({"report": number, "item": words("农药残留"), "laboratory": "检测中心", "day": day, "passed": passed})
}

/// Acceptance line 2.
#[tokio::test]
async fn apples_without_a_batch_are_refused_and_the_rule_is_named() -> Result<()> {
    let market = Market::open(20).await?;
    let grower = market.seller(2, GARLIC_GROWER, FENGXIAN).await?;
    let apples = market.draft(&grower, "fresh-food", 4_980, None, 10).await?;
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
    let inspector = market.city.signed_in(APP, "commerce-inspector").await?;
    let code = made(&grower, "/api/store/batches", &harvest(PIZHOU)).await?;
    let code = code["code"].as_str().or(code["id"].as_str()).context("no code")?.to_owned();
    let tests = format!("/api/manage/batches/{code}/tests");
    made(&inspector, &tests, &report("JC0001", true)).await?;
    let garlic = market.on_sale(&grower, "fresh-food", 3_980, Some(&code), 100).await?;
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
