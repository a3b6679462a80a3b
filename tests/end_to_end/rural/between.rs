//! What the apps say to each other: acceptance line 9, and a failed batch in another department's installation.

use super::*;

const CARRIERS: &str = "logistics-finance";

/// Acceptance line 9.
#[tokio::test]
async fn an_order_becomes_a_waybill_and_a_lost_parcel_a_claim_that_holds_the_escrow() -> Result<()> {
    let plan = Plan::with(&[APP, CARRIERS]).config(CARRIERS, "sample", "false");
    let market = Market::of(plan).await?;
    let (maker, bed) = market.bed(5).await?;
    let buyer = market.citizen(11).await?;
    let carrier = market.city.signed_in(CARRIERS, "carrier-1").await?;
    let order = market.bought(&buyer, &purchase(&bed, 1)).await?;
    made(&maker, &format!("/api/store/orders/{order}/accept"), &json!({})).await?;
    let ship = json!({"units": [{"line": 0, "units": 1}], "key": "S-1"});
    let sent = made(&maker, &format!("/api/store/orders/{order}/ship"), &ship).await?;
    let again = made(&maker, &format!("/api/store/orders/{order}/ship"), &ship).await?;
    ensure!(sent["shipments"] == again["shipments"], "one number is one shipment: {sent} {again}");
    let request = sent["shipments"][0]["request"].clone();
    let waybill = eventually("the carrier has a waybill", Duration::from_secs(20), async || {
        let all = seen(&carrier, "/api/waybills").await?;
        Ok(all["items"].as_array().and_then(|w| w.first().cloned()))
    })
    .await?;
    ensure!(waybill["request"] == request && waybill["state"] == "booked", "{waybill}");
    ensure!(
        !waybill.to_string().contains("买家") && !waybill.to_string().contains("19900000001"),
        "no person: {waybill}"
    );
    let waybill = id(&waybill)?;
    eventually("the answer is at the order", Duration::from_secs(20), async || {
        let o = seen(&buyer, &format!("/api/orders/{order}")).await?;
        Ok((o["shipments"][0]["waybill"] == waybill).then_some(()))
    })
    .await?;

    let load = json!({"driver": "司机一号", "vehicle": "苏C·00001"});
    made(&carrier, &format!("/api/waybills/{waybill}/load"), &load).await?;
    let lost = json!({"parcel": "2", "reason": "lost"});
    made(&carrier, &format!("/api/waybills/{waybill}/parcel-exception"), &lost).await?;
    let claim = eventually("a claim is open", Duration::from_secs(20), async || {
        let o = seen(&buyer, &format!("/api/orders/{order}")).await?;
        Ok(o["claims"].as_array().and_then(|c| c.first().cloned()))
    })
    .await?;
    ensure!(claim["reason"] == "lost" && claim["open"] == true, "{claim}");
    ensure!(refused(&buyer, &format!("/api/orders/{order}/confirm"), &json!({}), 409).await? == "escrow-held");
    ensure!(escrows_are_whole(&maker).await? == (1, 108_000));

    let all_of_it = json!({"claim": claim["id"], "reason": "承运人丢失", "backs": [{"line": 0, "units": 1}]});
    made(&market.manager, &format!("/api/manage/orders/{order}/claims"), &all_of_it).await?;
    let back = until(&buyer, &order, &["refunded"]).await?;
    ensure!(back["escrow"]["refunded"] == 108_000, "{back}");
    let waybills = seen(&carrier, "/api/waybills").await?;
    ensure!(waybills["items"].as_array().is_some_and(|w| w.len() == 1), "{waybills}");
    ledger_is_sound(&market.city).await?;
    Ok(())
}

/// Garlic of one batch is sold in two departments' installations; the test fails in one of them.
#[tokio::test]
async fn a_batch_that_fails_in_one_department_goes_off_sale_in_the_other() -> Result<()> {
    const OTHER: &str = "rural-ecommerce-pizhou";
    let market = Market::of(Plan::with(&[APP]).another(APP, OTHER, "320382")).await?;
    let (inspector, here) = (market.inspector().await?, market.seller(2, GARLIC_GROWER, PIZHOU).await?);
    let code = market.batch(&here, PIZHOU, Some("TR20260001PZQ")).await?;

    // The same goods, offered by a store of the other department.
    let there = Market { manager: market.city.signed_in(OTHER, "commerce-admin").await?, app: OTHER, ..market };
    let shop = there.seller(3, BED_MAKER, PIZHOU).await?;
    there.batch(&shop, PIZHOU, Some(&code)).await?;
    let garlic = there.on_sale(&shop, Goods::food(&code, 3_980, 50)).await?;
    let buyer = there.citizen(11).await?;
    let order = there.bought(&buyer, &purchase(&garlic, 1)).await?;

    made(&inspector, &tests_of(&code), &report("JC0003", false)).await?;
    eventually("it is off sale in the other department", Duration::from_secs(30), async || {
        let listed = seen(&buyer, &format!("/api/listings/{garlic}")).await?;
        Ok((listed["listing"]["state"] == "recalled").then_some(()))
    })
    .await?;
    let back = until(&buyer, &order, &["refunded"]).await?;
    ensure!(back["escrow"]["refunded"] == 3_980, "{back}");
    ledger_is_sound(&there.city).await?;
    Ok(())
}

/// What the apps tell each other stands in the city's catalogue of messages: a vendor who joins in makes types of it.
#[tokio::test]
async fn a_vendor_who_joins_in_makes_types_from_the_catalogue_of_messages() -> Result<()> {
    let city = Plan::with(&[APP, CARRIERS]).config(CARRIERS, "sample", "false").start_copied().await?;
    let anybody = city.client("")?;
    let all = seen(&anybody, "/api/v1/topics?q=waybill").await?;
    ensure!(all["topics"].as_array().is_some_and(|t| t.iter().any(|t| t["topic"] == "waybill.changed")), "{all}");
    let told = seen(&anybody, &format!("/api/v1/topics/{CARRIERS}/waybill.changed")).await?;
    ensure!(told["receivers"] == json!([APP]) && told["description"]["zh"].is_string(), "{told}");
    let asked = seen(&anybody, &format!("/api/v1/topics/{APP}/shipment.requested")).await?;
    ensure!(asked["receivers"] == json!([CARRIERS]), "{asked}");

    let dir = tempfile::tempdir()?;
    let manifest = format!(
        "name = \"parcels\"\nversion = \"1.0.0\"\nvendor = \"demo\"\n\
         title = {{ zh = \"包裹\", en = \"Parcels\" }}\ndescription = {{ zh = \"包裹\", en = \"Parcels\" }}\n\
         [[consumes]]\ntopic = \"waybill.changed\"\nfrom = \"{CARRIERS}\"\n\
         [[consumes]]\ntopic = \"no.such\"\nfrom = \"{CARRIERS}\"\n"
    );
    std::fs::write(dir.path().join("app.toml"), manifest)?;
    let (folder, file) = (dir.path().display().to_string(), dir.path().join("schemas.rs"));
    let made = city.cli(&["bindgen", &folder, "--lang", "rust", "--fetch", "--output", &file.display().to_string()])?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success() && said.contains("no.such"), "{said}");
    let types = std::fs::read_to_string(file)?;
    ensure!(types.contains("The payload of the topic `waybill.changed`") && types.contains("InTransit"), "{types}");
    Ok(())
}
