//! Orders that travel in parts: part shipment with part refund, and furniture in several parcels.

use super::*;

#[tokio::test]
async fn what_cannot_be_sent_is_refunded_and_the_rest_is_settled_to_the_fen() -> Result<()> {
    let market = Market::of(Plan::with(&[APP]).config(APP, "return_days", "0")).await?;
    let (maker, bed) = market.bed(5).await?;
    let buyer = market.citizen(11).await?;
    let order = market.bought(&buyer, &purchase(&bed, 3)).await?;
    made(&maker, &format!("/api/store/orders/{order}/accept"), &json!({})).await?;
    bring(&maker, &order, json!([{"line": 0, "units": 1}])).await?;
    let part = seen(&buyer, &format!("/api/orders/{order}")).await?;
    ensure!(part["state"] == "part-shipped" && part["lines"][0]["to_ship"] == 2, "{part}");

    let refund = format!("/api/store/orders/{order}/refund");
    let units = |n: u32| json!({"reason": "缺货", "backs": [{"line": 0, "units": n}]});
    ensure!(refused(&maker, &refund, &units(3), 409).await? == "too-many-units", "one of the three is with the buyer");
    made(&maker, &refund, &units(1)).await?;
    bring(&maker, &order, json!([{"line": 0, "units": 1}])).await?;
    ensure!(refused(&maker, &refund, &units(1), 409).await? == "too-many-units", "all the others are on their way");
    let again = json!({"units": [{"line": 0, "units": 1}], "brings": true});
    let path = format!("/api/store/orders/{order}/ship");
    ensure!(matches!(refused(&maker, &path, &again, 409).await?.as_str(), "wrong-state" | "too-many-units"));

    let left = seen(&buyer, &format!("/api/listings/{bed}")).await?["skus"][0]["left"].clone();
    ensure!(left == 3, "two of five are sold, and the third is back in the stock: {left}");
    made(&buyer, &format!("/api/orders/{order}/confirm"), &json!({})).await?;
    let settled = until(&buyer, &order, &["settled"]).await?;
    let escrow = json!({"captured": 324_000, "released": 216_000, "refunded": 108_000, "held": 0});
    ensure!(settled["escrow"] == escrow && settled["refunds"][0]["amount"] == 108_000, "{settled}");
    ensure!(settled["division"] == json!({"platform": 6_480, "station": 0, "seller": 209_520}), "{settled}");
    ledger_is_sound(&market.city).await?;
    Ok(())
}

/// Two beds of three parcels each: the city's carrier has one, in which a parcel is damaged; the store brings the other.
#[tokio::test]
async fn furniture_travels_in_several_parcels_and_each_of_them_counts() -> Result<()> {
    const CARRIERS: &str = "logistics-finance";
    let market =
        Market::of(Plan::with(&[APP, CARRIERS]).config(CARRIERS, "sample", "false").config(APP, "return_days", "0"))
            .await?;
    let maker = market.seller(1, BED_MAKER, DONGFENG).await?;
    let bed = market.on_sale(&maker, Goods { parcels: 3, ..Goods::of("furniture", 108_000, 5) }).await?;
    let (buyer, carrier) = (market.citizen(11).await?, market.city.signed_in(CARRIERS, "carrier-1").await?);
    let order = market.bought(&buyer, &purchase(&bed, 2)).await?;
    made(&maker, &format!("/api/store/orders/{order}/accept"), &json!({})).await?;
    let one = json!([{"line": 0, "units": 1}]);
    let sent = made(&maker, &format!("/api/store/orders/{order}/ship"), &json!({"units": one})).await?;
    let parcels = sent["shipments"][0]["parcels"].as_array().context("no parcels")?;
    ensure!(parcels.len() == 3 && parcels.iter().all(|p| p["grams"] == 6_667), "a third of the weight each: {sent}");
    let waybill = eventually("the carrier has a waybill", Duration::from_secs(20), async || {
        let all = seen(&carrier, "/api/waybills").await?;
        Ok(all["items"].as_array().and_then(|w| w.first().cloned()))
    })
    .await?;
    ensure!(waybill["parcels"].as_array().is_some_and(|p| p.len() == 3), "{waybill}");
    let step = format!("/api/waybills/{}", id(&waybill)?);
    made(&carrier, &format!("{step}/load"), &json!({"driver": "司机一号", "vehicle": "苏C·00001"})).await?;
    made(&carrier, &format!("{step}/parcel-exception"), &json!({"parcel": "3", "reason": "damaged"})).await?;
    bring(&maker, &order, one).await?;
    let claim = eventually("a claim for the third parcel is open", Duration::from_secs(20), async || {
        let o = seen(&buyer, &format!("/api/orders/{order}")).await?;
        Ok(o["claims"].as_array().and_then(|c| c.first().cloned()))
    })
    .await?;
    ensure!(claim["reason"] == "damaged" && claim["id"].as_str().is_some_and(|c| c.ends_with("/3")), "{claim}");
    let waits = seen(&buyer, &format!("/api/orders/{order}")).await?;
    ensure!(waits["state"] == "shipped", "three of six parcels are there: {waits}");

    let path = format!("/api/manage/orders/{order}/claims");
    let decide = |fen: Option<u64>, units: u32| json!({"claim": claim["id"], "reason": "一件损坏", "backs": [{"line": 0, "units": units, "amount": fen}]});
    ensure!(refused(&market.manager, &path, &decide(Some(216_001), 0), 409).await? == "over-line");
    made(&market.manager, &path, &decide(None, 1)).await?;
    made(&buyer, &format!("/api/orders/{order}/confirm"), &json!({})).await?;
    let settled = until(&buyer, &order, &["settled"]).await?;
    let escrow = json!({"captured": 216_000, "released": 108_000, "refunded": 108_000, "held": 0});
    ensure!(settled["escrow"] == escrow, "{settled}");
    ledger_is_sound(&market.city).await?;
    Ok(())
}
