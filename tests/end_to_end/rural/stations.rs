//! Stations: acceptance line 8, orders made without a network, and who sets a commission.

use super::*;
use std::time::{SystemTime, UNIX_EPOCH};

/// An order for somebody of the village, under the station's own number.
fn sale(listing: &str, client_id: &str) -> Result<Value> {
    let mut what = purchase(listing, 1);
    what["recipient"] = json!({"name": "老人", "division": PEIXIAN, "address": "二组"});
    let made_at = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    Ok(json!({"client_id": client_id, "purchase": what, "consent": "fingerprint", "made_at": made_at}))
}

/// Acceptance line 8.
#[tokio::test]
async fn an_elder_orders_at_a_station_with_a_consent_and_a_printed_receipt() -> Result<()> {
    let market = Market::open(20).await?;
    let (_, bed) = market.bed(5).await?;
    let (keeper, station) = market.station().await?;
    let path = format!("/api/stations/{station}/orders");
    let mut sale = sale(&bed, "client-0001")?;
    sale["consent"] = Value::Null;
    ensure!(refused(&keeper, &path, &sale, 409).await? == "consent-required");
    sale["consent"] = json!("fingerprint");
    let placed = made(&keeper, &path, &sale).await?;
    let again = made(&keeper, &path, &sale).await?;
    let order = id(&placed["orders"][0])?;
    ensure!(order == id(&again["orders"][0])?, "the same number is the same order: {placed} {again}");
    let receipt = seen(&keeper, &format!("/api/orders/{order}/receipt")).await?;
    ensure!(
        receipt["consent_by"] == "fingerprint" && receipt["number"].as_str().is_some_and(|n| n.len() == 8),
        "{receipt}"
    );
    let print = keeper.page(&format!("/orders/{order}/receipt"), "zh").await?;
    ensure!(print.status == 200 && print.text.contains("同意"), "{} {}", print.status, print.text);
    let stranger = market.citizen(12).await?;
    ensure!(stranger.get(&format!("/api/orders/{order}/receipt")).await?.status == 404);
    pay(&keeper, &order).await?;
    ledger_is_sound(&market.city).await?;
    Ok(())
}

/// A day's orders are brought when the network is back, and again by twenty devices that did not hear the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_orders_made_offline_is_counted_once_however_often_it_is_sent() -> Result<()> {
    let market = Market::open(20).await?;
    let (maker, bed) = market.bed(10).await?;
    let (keeper, station) = market.station().await?;
    let mut day = (0..12).map(|n| sale(&bed, &format!("offline-{n:04}"))).collect::<Result<Vec<_>>>()?;
    day[3]["consent"] = Value::Null;
    let (path, batch) = (format!("/api/stations/{station}/sync"), json!({"orders": day}));
    let devices = vec![keeper.clone(); 20];
    let answers = all_at_once(&devices, |_, keeper| {
        let (path, batch) = (path.clone(), batch.clone());
        async move { insisting(&keeper, &path, &batch).await }
    })
    .await?;
    let once = insisting(&keeper, &path, &batch).await?;
    let rows = once["results"].as_array().context("no results")?;
    ensure!(rows.len() == 12 && rows[3]["refused"]["kind"] == "consent-required", "{once}");
    let orders: Vec<String> = rows.iter().filter_map(|r| r["orders"][0]["id"].as_str().map(str::to_owned)).collect();
    // Of eleven that agreed there are ten beds.
    ensure!(orders.len() == 10, "{} orders: {once}", orders.len());
    let short = rows.iter().filter(|r| r["refused"]["kind"] == "sold-out").count();
    ensure!(short == 1, "each row says why it has no order: {once}");
    for answer in &answers {
        for (row, first) in answer["results"].as_array().context("no results")?.iter().zip(rows) {
            // One that met the others too often was told to come again.
            let busy = row["refused"]["kind"] == "data";
            ensure!(busy || row["orders"][0]["id"] == first["orders"][0]["id"], "another order: {row} {first}");
        }
    }
    ensure!(orders_of(&maker).await?.len() == 10);

    let month = yunlong_tests::day(0)[..7].to_owned();
    let figures = async || {
        let of = seen(&keeper, &format!("/api/figures?division={DONGFENG}&period={month}")).await?["of"].clone();
        Ok::<_, anyhow::Error>((of["orders"].as_i64(), of["station"].as_i64()))
    };
    let before = figures().await?;
    for order in &orders[..3] {
        pay(&keeper, order).await?;
        made(&maker, &format!("/api/store/orders/{order}/accept"), &json!({})).await?;
    }
    insisting(&keeper, &path, &batch).await?;
    ensure!(figures().await? == (before.0.map(|n| n + 3), before.1.map(|n| n + 3)), "{before:?}");
    ensure!(escrows_are_whole(&maker).await? == (10, 3 * 108_000));
    ledger_is_sound(&market.city).await?;
    Ok(())
}

#[tokio::test]
async fn a_manager_who_keeps_a_station_does_not_set_its_commission_and_the_attempt_is_in_the_log() -> Result<()> {
    let market = Market::open(20).await?;
    let (keeper, station) = market.station().await?;
    let console = market.city.signed_in("console", "commerce-admin").await?;
    let both = json!({"account": "station-1", "roles": ["station", "manager"]});
    let given = console.send(Method::PUT, &format!("/api/v1/installations/{APP}/roles"), Some(&both)).await?;
    ensure!((200..300).contains(&given.status), "{} {}", given.status, given.text);

    let path = format!("/api/manage/stations/{station}/commission");
    let problem = keeper.send(Method::PUT, &path, Some(&json!({"bps": 900}))).await?.problem(403)?;
    ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":own-commission")), "{problem}");
    ensure!(seen(&keeper, &format!("/api/stations/{station}")).await?["commission_bps"] == 0);

    let auditor = market.city.signed_in("console", crate::hub::AUDITOR).await?;
    let acts = seen(&auditor, &format!("/api/v1/audit?app={APP}&action=station.own-commission")).await?;
    let act = &acts["rows"][0];
    ensure!(act["actor"] == "station-1" && act["target"] == station.as_str(), "the attempt is written down: {acts}");
    // Its county's list holds it, another county's does not.
    for (county, there) in [(&PEIXIAN[..6], true), (&DONGFENG[..6], false)] {
        let listed = seen(&keeper, &format!("/api/stations?division={county}&limit=100")).await?;
        let rows = listed["stations"].as_array().context("no stations")?;
        ensure!(rows.iter().any(|s| s["id"] == station.as_str()) == there, "{county}: {listed}");
    }
    // Another manager sets it.
    ensure!(put(&market.manager, &path, &json!({"bps": 200})).await?["commission_bps"] == 200);
    Ok(())
}
