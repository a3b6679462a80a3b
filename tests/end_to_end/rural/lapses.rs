//! What happens by itself when nobody acts: the city's clock is moved on while it is restarted.

use super::*;

/// Days pass, and everybody signs in anew.
async fn days(market: &mut Market, days: u64) -> Result<(Client, Client)> {
    market.city.restart_after(Duration::from_secs(days * 86_400)).await?;
    market.manager = market.city.signed_in(APP, "commerce-admin").await?;
    Ok((market.citizen(1).await?, market.citizen(11).await?))
}

/// Who never says that it came has it confirmed after seven days, and the farmer is paid when it can no longer be returned.
/// What a store never accepts goes back to the buyer, all of it.
#[tokio::test]
async fn an_order_that_nobody_confirms_is_settled_by_itself_and_one_that_nobody_accepts_is_refunded() -> Result<()> {
    let mut market = Market::open(20).await?;
    let (maker, bed) = market.bed(5).await?;
    let buyer = market.citizen(11).await?;
    let brought = market.bought(&buyer, &purchase(&bed, 1)).await?;
    market.delivered(&maker, &brought).await?;
    let ignored = market.bought(&buyer, &purchase(&bed, 1)).await?;
    let left = |offer: &Value| offer["skus"][0]["left"].clone();
    ensure!(left(&seen(&buyer, &format!("/api/listings/{bed}")).await?) == 3);

    let (_, buyer) = days(&mut market, 2).await?;
    ensure!(seen(&buyer, &format!("/api/orders/{ignored}")).await?["state"] == "paid", "three days are not over");
    let (_, buyer) = days(&mut market, 2).await?;
    let refunded = until(&buyer, &ignored, &["refunded"]).await?;
    ensure!(
        refunded["escrow"] == json!({"captured": 108_000, "released": 0, "refunded": 108_000, "held": 0}),
        "{refunded}"
    );
    ensure!(left(&seen(&buyer, &format!("/api/listings/{bed}")).await?) == 4, "what was kept for it is on sale again");
    ensure!(seen(&buyer, &format!("/api/orders/{brought}")).await?["state"] == "delivered", "seven days are not over");

    let (_, buyer) = days(&mut market, 4).await?;
    until(&buyer, &brought, &["confirmed", "settled"]).await?;
    let (maker, buyer) = days(&mut market, 15).await?;
    let settled = until(&buyer, &brought, &["settled"]).await?;
    ensure!(settled["division"] == json!({"platform": 3_240, "station": 0, "seller": 104_760}), "{settled}");
    ensure!(escrows_are_whole(&maker).await? == (2, 0));
    ledger_is_sound(&market.city).await?;
    Ok(())
}
