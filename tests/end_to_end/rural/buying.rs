//! Stock, escrow and the division of the price: acceptance lines 1, 5 and 6.

use super::*;

/// Acceptance line 1: the farmer 92320324MA000TX221, fifty buyers at once.
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_buyers_at_once_ten_have_one_of_the_farmers_ten_beds() -> Result<()> {
    ten_beds_for(50).await
}

/// The same with two hundred.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_buyers_at_once_ten_have_one_of_the_ten_beds() -> Result<()> {
    ten_beds_for(200).await
}

async fn ten_beds_for(people: u32) -> Result<()> {
    let market = Market::open(people + 10).await?;
    let (maker, bed) = market.bed(10).await?;
    let farmer = seen(&maker, "/api/farmer").await?;
    ensure!(farmer["payee"] == BED_MAKER && farmer["status"] == "active", "{farmer}");
    let offer = seen(&maker, &format!("/api/listings/{bed}")).await?;
    ensure!((&offer["skus"][0]["price"], &offer["skus"][0]["left"]) == (&json!(108_000), &json!(10)), "{offer}");
    let buyers = market.buyers(people).await?;
    let outcomes = all_at_once(&buyers, |_, buyer| {
        let what = purchase(&bed, 1);
        async move {
            let a = buyer.insist("/api/orders", &what).await?;
            if a.status == 201 {
                return Ok(Some(id(&a.json()?["orders"][0])?));
            }
            let problem = a.problem(409)?;
            ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(":sold-out")), "{problem}");
            Ok(None)
        }
    })
    .await?;
    let won: Vec<(usize, &String)> =
        outcomes.iter().enumerate().filter_map(|(n, o)| o.as_ref().map(|id| (n, id))).collect();
    ensure!(won.len() == 10, "{} have one", won.len());
    let winners: Vec<Client> = won.iter().map(|(n, _)| buyers[*n].clone()).collect();
    all_at_once(&winners, |n, buyer| {
        let order = won[n].1.clone();
        async move { pay(&buyer, &order).await }
    })
    .await?;
    ensure!(escrows_are_whole(&maker).await? == (10, 1_080_000));
    ledger_is_sound(&market.city).await?;
    ensure!(refused(&buyers[0], "/api/orders", &purchase(&bed, 1), 409).await? == "sold-out");
    Ok(())
}

/// Acceptance line 5.
#[tokio::test]
async fn the_price_is_divided_to_the_fen_and_a_fen_too_much_is_refused() -> Result<()> {
    // Otherwise nothing is settled while it may be returned.
    let market = Market::of(Plan::with(&[APP]).citizens(20).config(APP, "return_days", "0")).await?;
    let (maker, bed) = market.bed(5).await?;
    let buyer = market.citizen(11).await?;
    let plain = market.bought(&buyer, &purchase(&bed, 1)).await?;
    market.delivered(&maker, &plain).await?;
    made(&buyer, &format!("/api/orders/{plain}/confirm"), &json!({})).await?;
    let settled = until(&buyer, &plain, &["settled"]).await?;
    ensure!(settled["division"] == json!({"platform": 3_240, "station": 0, "seller": 104_760}), "{settled}");

    let reduced = market.bought(&buyer, &purchase(&bed, 1)).await?;
    market.delivered(&maker, &reduced).await?;
    let path = format!("/api/store/orders/{reduced}/refund");
    let back = |fen: u64| json!({"reason": "划痕", "backs": [{"line": 0, "units": 0, "amount": fen}]});
    ensure!(refused(&maker, &path, &back(108_001), 409).await? == "over-line");
    made(&maker, &path, &back(20_000)).await?;
    ensure!(refused(&maker, &path, &back(88_001), 409).await? == "over-line");
    eventually("the refund is paid", Duration::from_secs(20), async || {
        let o = seen(&buyer, &format!("/api/orders/{reduced}")).await?;
        Ok((o["refunds"][0]["state"] == "settled").then_some(()))
    })
    .await?;
    made(&buyer, &format!("/api/orders/{reduced}/confirm"), &json!({})).await?;
    let settled = until(&buyer, &reduced, &["settled"]).await?;
    ensure!(settled["division"] == json!({"platform": 2_640, "station": 0, "seller": 85_360}), "{settled}");
    let escrow = json!({"captured": 108_000, "released": 88_000, "refunded": 20_000, "held": 0});
    ensure!(settled["escrow"] == escrow, "{settled}");
    ledger_is_sound(&market.city).await?;
    Ok(())
}

/// Acceptance line 6: what an order adds is counted once on each of the four levels.
#[tokio::test]
async fn the_city_is_the_sum_of_its_counties_and_an_order_is_counted_once() -> Result<()> {
    let market = Market::open(20).await?;
    let (maker, bed) = market.bed(5).await?;
    let buyer = market.citizen(11).await?;
    let month = yunlong_tests::day(0).get(..7).context("no month")?.to_owned();
    let of = async |division: &str| seen(&buyer, &format!("/api/figures?division={division}&period={month}")).await;
    let levels = ["320300", "320324", "320324109", DONGFENG];
    let mut before = Vec::new();
    for level in levels {
        before.push(of(level).await?["of"].clone());
    }
    let order = market.bought(&buyer, &purchase(&bed, 2)).await?;
    made(&maker, &format!("/api/store/orders/{order}/accept"), &json!({})).await?;
    let twice = refused(&maker, &format!("/api/store/orders/{order}/accept"), &json!({}), 409).await?;
    ensure!(twice == "wrong-state", "{twice}");
    for (level, before) in levels.iter().zip(before) {
        let figures = of(level).await?;
        ensure!(figures["adds_up"] == true, "{level}: {figures}");
        let grew = |what: &str| Some(figures["of"][what].as_i64()? - before[what].as_i64()?);
        ensure!((grew("orders"), grew("amount")) == (Some(1), Some(216_000)), "{level}: {before} {figures}");
    }
    ledger_is_sound(&market.city).await?;
    let city = of("320300").await?;
    let below = city["below"].as_array().context("no counties")?;
    for what in ["orders", "amount", "refunded", "station"] {
        let sum: i64 = below.iter().filter_map(|b| b[what].as_i64()).sum();
        ensure!(city["of"][what] == sum, "{what}: {sum} {city}");
    }
    Ok(())
}

/// Whoever looks while orders are being counted is told of no difference: there is none.
#[tokio::test(flavor = "multi_thread")]
async fn figures_add_up_at_every_look_while_orders_are_counted() -> Result<()> {
    let market = Market::open(20).await?;
    let (maker, bed) = market.bed(60).await?;
    let buyer = market.citizen(11).await?;
    let mut orders = Vec::new();
    for _ in 0..60 {
        orders.push(market.bought(&buyer, &purchase(&bed, 1)).await?);
    }
    let path = format!("/api/figures?division=320300&period={}", &yunlong_tests::day(0)[..4]);
    let before = seen(&buyer, &path).await?["of"]["orders"].as_i64().context("no figure")?;
    let accept = futures::stream::iter(&orders)
        .map(async |order| maker.insist(&format!("/api/store/orders/{order}/accept"), &json!({})).await)
        .buffer_unordered(4)
        .try_collect::<Vec<Answer>>();
    let look = async {
        let mut looks = 0;
        loop {
            let figures = seen(&buyer, &path).await?;
            ensure!(figures["adds_up"] == true, "{figures}");
            looks += 1;
            if figures["of"]["orders"] == before + 60 {
                return Ok(looks);
            }
            ensure!(looks < 10_000, "not all are counted: {figures}");
        }
    };
    let (accepted, looks) = futures::try_join!(accept, look)?;
    ensure!(accepted.iter().all(|a| a.status == 200), "{accepted:?}");
    ensure!(looks > 10, "nobody looked meanwhile: {looks}");
    Ok(())
}
