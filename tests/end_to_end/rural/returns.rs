//! What can be returned, and what cannot.

use super::*;

fn asked(reason: &str) -> Value {
    json!({"units": [{"line": 0, "units": 1}], "reason": reason, "text": "说明"})
}

#[tokio::test]
async fn fresh_food_has_no_return_without_a_reason_and_a_bed_has_seven_days() -> Result<()> {
    let market = Market::open(30).await?;
    let (maker, bed) = market.bed(5).await?;
    let grower = market.seller(2, GARLIC_GROWER, PIZHOU).await?;
    let code = market.batch(&grower, PIZHOU, None).await?;
    let garlic = market.on_sale(&grower, Goods::food(&code, 3_980, 10)).await?;
    let buyer = market.citizen(11).await?;
    let (food, furniture) =
        (market.bought(&buyer, &purchase(&garlic, 1)).await?, market.bought(&buyer, &purchase(&bed, 1)).await?);
    market.delivered(&grower, &food).await?;
    market.delivered(&maker, &furniture).await?;

    let of = |order: &str| format!("/api/orders/{order}/returns");
    let problem = buyer.post(&of(&food), &asked("no-reason")).await?.problem(409)?;
    ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":fresh-food")), "{problem}");
    ensure!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()), "it says what to do instead: {problem}");
    let without = made(&buyer, &of(&furniture), &asked("no-reason")).await?;
    ensure!(refused(&buyer, &format!("/api/orders/{furniture}/confirm"), &json!({}), 409).await? == "escrow-held");

    // What arrived damaged goes back, fresh or not.
    let damaged = made(&buyer, &of(&food), &asked("damaged")).await?;
    for (seller, of) in [(&grower, damaged), (&maker, without)] {
        let path = format!("/api/returns/{}/steps", id(&of)?);
        let step = async |who: &Client, step: &str| made(who, &path, &json!({"step": step, "text": "SF0001"})).await;
        step(seller, "approve").await?;
        step(&buyer, "send").await?;
        step(seller, "inspect").await?;
        ensure!(step(seller, "refund").await?["state"] == "refunded");
        ensure!(refused(seller, &path, &json!({"step": "refund"}), 409).await? == "wrong-state", "once");
    }
    for (order, price) in [(&food, 3_980), (&furniture, 108_000)] {
        let back = until(&buyer, order, &["refunded"]).await?;
        ensure!(
            back["escrow"]["refunded"] == price && back["refunds"].as_array().is_some_and(|r| r.len() == 1),
            "{back}"
        );
    }
    ledger_is_sound(&market.city).await?;
    Ok(())
}
