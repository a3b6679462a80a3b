//! Group buys: acceptance line 4.

use super::*;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// A market whose groups need not wait long for payments, with something to buy together.
async fn begun(stock: i64) -> Result<(Market, Client, String)> {
    let plan = Plan::with(&[APP]).citizens(230).config(APP, "group_grace_seconds", "5");
    let market = Market::of(plan).await?;
    let maker = market.seller(1, BED_MAKER, DONGFENG).await?;
    let goods = market.on_sale(&maker, Goods::of("craft", 1_000, stock)).await?;
    Ok((market, maker, goods))
}

/// A group of twenty and its deadline, in so many seconds.
async fn group(maker: &Client, goods: &str, seconds: i64) -> Result<(String, i64)> {
    let deadline = now()? + seconds * 1_000;
    Ok((group_until(maker, goods, deadline).await?, deadline))
}

/// A group of twenty with this deadline.
async fn group_until(maker: &Client, goods: &str, deadline: i64) -> Result<String> {
    let new = json!({"listing": goods, "sku": "a", "price": 900, "minimum": 20, "deadline": deadline});
    id(&made(maker, "/api/store/groups", &new).await?)
}

/// All of them order and pay: their orders.
async fn pay_all(market: &Market, buyers: &[Client], what: &Value) -> Result<Vec<String>> {
    all_at_once(buyers, |_, buyer| async move { market.bought(&buyer, what).await }).await
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
    let (group, _) = group(&maker, &goods, 20).await?;
    let orders = pay_all(&market, &buyers, &join(&goods, &group)).await?;
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

/// Nineteen have paid, and one unit is left for the twentieth.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_who_race_for_the_twentieth_place_one_has_it_and_forms_the_group() -> Result<()> {
    let (market, maker, goods) = begun(20).await?;
    let buyers = market.buyers(219).await?;
    let (first, race) = buyers.split_at(19);
    let (group, _) = group(&maker, &goods, 300).await?;
    pay_all(&market, first, &join(&goods, &group)).await?;
    let waits = seen(&maker, &format!("/api/groups/{group}")).await?;
    ensure!(waits["state"] == "open" && waits["paid"] == 19, "{waits}");
    let outcomes = all_at_once(race, |_, buyer| {
        let what = join(&goods, &group);
        async move {
            let a = buyer.insist("/api/orders", &what).await?;
            if a.status != 201 {
                let problem = a.problem(409)?;
                ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":sold-out")), "{problem}");
                return Ok(false);
            }
            pay(&buyer, &id(&a.json()?["orders"][0])?).await?;
            Ok(true)
        }
    })
    .await?;
    ensure!(outcomes.iter().filter(|won| **won).count() == 1, "as many as there are");
    let formed = seen(&maker, &format!("/api/groups/{group}")).await?;
    ensure!(formed["state"] == "formed" && formed["paid"] == 20, "{formed}");
    ensure!(escrows_are_whole(&maker).await? == (20, 20 * 900));
    ledger_is_sound(&market.city).await?;
    Ok(())
}

/// The city's clock stands still one millisecond before the deadline: nineteen have paid, one unit is left, and two hundred
/// race for it in that millisecond. At the deadline itself it is too late.
#[tokio::test(flavor = "multi_thread")]
async fn the_twentieth_in_the_last_millisecond_forms_the_group_and_at_the_deadline_nobody_joins() -> Result<()> {
    let (mut market, maker, goods) = begun(20).await?;
    let over = market.on_sale(&maker, Goods::of("craft", 1_000, 20)).await?;
    let hour = u64::try_from(now()? / 1_000 + 3_600)?;
    let deadline = i64::try_from(hour)? * 1_000;
    let last = group_until(&maker, &goods, deadline + 1).await?;
    let too_late = group_until(&maker, &over, deadline).await?;
    pay_all(&market, &market.buyers(19).await?, &join(&goods, &last)).await?;

    market.city.restart_at(hour).await?;
    let (maker, buyers) = (market.citizen(1).await?, market.buyers(219).await?);
    let refusal = refused(&buyers[19], "/api/orders", &join(&over, &too_late), 409).await?;
    ensure!(refusal == "group-over", "{refusal}");
    let outcomes = all_at_once(&buyers[19..], |_, buyer| {
        let what = join(&goods, &last);
        async move {
            let a = buyer.insist("/api/orders", &what).await?;
            if a.status != 201 {
                let problem = a.problem(409)?;
                ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":sold-out")), "{problem}");
                return Ok(false);
            }
            pay(&buyer, &id(&a.json()?["orders"][0])?).await?;
            Ok(true)
        }
    })
    .await?;
    ensure!(outcomes.iter().filter(|won| **won).count() == 1, "as many as there are");
    let formed = seen(&maker, &format!("/api/groups/{last}")).await?;
    ensure!(formed["state"] == "formed" && formed["paid"] == 20, "{formed}");
    ensure!(escrows_are_whole(&maker).await? == (20, 20 * 900));
    ledger_is_sound(&market.city).await?;
    Ok(())
}

/// While the clock goes on: two hundred come from two and a half seconds before the deadline until half a second after it.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_deadline_those_in_time_form_the_group_and_the_money_of_the_others_goes_back_once() -> Result<()> {
    let (market, maker, goods) = begun(300).await?;
    let buyers = market.buyers(219).await?;
    let (first, race) = buyers.split_at(19);
    let (group, deadline) = group(&maker, &goods, 20).await?;
    pay_all(&market, first, &join(&goods, &group)).await?;
    let orders = all_at_once(race, |n, buyer| {
        let what = join(&goods, &group);
        async move {
            let start = deadline - 2_500 + i64::try_from(n)? * 15;
            tokio::time::sleep(Duration::from_millis(u64::try_from(start - now()?).unwrap_or(0))).await;
            let a = buyer.insist("/api/orders", &what).await?;
            if a.status != 201 {
                let problem = a.problem(409)?;
                ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":group-over")), "{problem}");
                return Ok(None);
            }
            let order = id(&a.json()?["orders"][0])?;
            let asked = buyer.insist(&format!("/api/orders/{order}/pay"), &json!({"confirm": true})).await?;
            if asked.status != 202 {
                asked.problem(409)?;
                return Ok(None);
            }
            until(&buyer, &order, &["paid", "refunded"]).await.map(Some)
        }
    })
    .await?;
    let asked: Vec<&Value> = orders.iter().flatten().collect();
    ensure!(asked.len() < orders.len(), "nobody came too late");
    let paid = asked.iter().filter(|o| o["state"] == "paid").count();
    ensure!(paid > 0, "nobody was in time");
    for late in asked.iter().filter(|o| o["state"] == "refunded") {
        let once = late["refunds"].as_array().is_some_and(|r| r.len() == 1 && r[0]["reason"] == "group-over");
        ensure!(once && late["escrow"]["refunded"] == 900, "{late}");
    }
    ensure!(asked.iter().all(|o| o["escrow"]["captured"] == 900), "somebody has paid twice, or nothing");
    // The time for outcomes that are on their way is over, and the group stands.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let formed = seen(&maker, &format!("/api/groups/{group}")).await?;
    ensure!(formed["state"] == "formed" && formed["paid"] == 19 + paid, "{paid} in time: {formed}");
    let held = i64::try_from(19 + paid)? * 900;
    ensure!(escrows_are_whole(&maker).await?.1 == held, "{paid} in time");
    ledger_is_sound(&market.city).await?;
    Ok(())
}
