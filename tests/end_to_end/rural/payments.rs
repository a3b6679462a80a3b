//! Money at its edges: a provider that says the same a thousand times, coupons that do not divide, and a fen too much.

use super::*;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// A call of the provider's.
#[derive(Clone)]
struct Letter {
    at: String,
    nonce: String,
    signature: String,
    body: String,
}

/// The payment provider, as it signs what it says: over the time, a nonce and the body, under the key that the city
/// shares with it.
struct Provider {
    key: Vec<u8>,
    portal: Client,
}

impl Provider {
    /// The sandbox's key follows from the secret in the city's data folder.
    fn of(city: &City) -> Result<Self> {
        let secret = std::fs::read(city.data().join("secret.key"))?;
        let key = Hmac::<Sha256>::new_from_slice(&secret)?.chain_update("sandbox-cashier").finalize();
        Ok(Self { key: key.into_bytes().to_vec(), portal: city.client("")? })
    }

    /// What it says, signed now.
    fn signed(&self, nonce: &str, event: &Value) -> Result<Letter> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().to_string();
        let (nonce, body) = (nonce.to_owned(), event.to_string());
        let mac = Hmac::<Sha256>::new_from_slice(&self.key)?.chain_update(format!("{at}.{nonce}.{body}")).finalize();
        Ok(Letter { at, nonce, signature: HEXLOWER.encode(&mac.into_bytes()), body })
    }

    /// How the city answers.
    async fn sends(&self, letter: Letter) -> Result<u16> {
        let call = self.portal.request(Method::POST, "/payments/callback/sandbox");
        let call = call.header("x-sandbox-timestamp", letter.at).header("x-sandbox-nonce", letter.nonce);
        let call = call.header("x-sandbox-signature", letter.signature).body(letter.body);
        Ok(call.send().await?.status().as_u16())
    }

    async fn says(&self, nonce: &str, event: &Value) -> Result<u16> {
        self.sends(self.signed(nonce, event)?).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_reported_a_thousand_times_is_booked_once() -> Result<()> {
    let market = Market::open(20).await?;
    let (maker, bed) = market.bed(5).await?;
    let buyer = market.citizen(11).await?;
    let placed = made(&buyer, "/api/orders", &purchase(&bed, 1)).await?;
    let order = id(&placed["orders"][0])?;
    let intent = placed["orders"][0]["cashier_url"].as_str().and_then(|u| u.rsplit('/').next()).context("no intent")?;
    let provider = Provider::of(&market.city)?;
    let charge = |fen: u64| json!({"type": "charge", "intent": intent, "attempt": 1, "amount": fen});
    ensure!(provider.says("too-early", &charge(108_000)).await? == 400, "nobody asked for money yet");

    // The provider's own word is among them.
    made(&buyer, &format!("/api/orders/{order}/pay"), &json!({"confirm": true})).await?;
    let said: Vec<u16> = futures::stream::iter(0..1_000)
        .map(|n| {
            let (provider, event) = (&provider, charge(108_000));
            async move { provider.says(&format!("nonce-{n}"), &event).await }
        })
        .buffer_unordered(100)
        .try_collect()
        .await?;
    ensure!(said.iter().all(|s| *s == 204), "each is heard, and changes nothing: {said:?}");
    let letter = provider.signed("the-same", &charge(108_000))?;
    ensure!(provider.sends(letter.clone()).await? == 204 && provider.sends(letter.clone()).await? == 409, "a replay");
    ensure!(provider.says("a-fen-more", &charge(108_001)).await? == 400);
    let forged = Letter { body: charge(108_000).to_string().replace("108000", "1080000"), ..letter };
    ensure!(provider.sends(forged).await? == 403);

    let paid = until(&buyer, &order, &["paid"]).await?;
    ensure!(paid["escrow"]["captured"] == 108_000 && paid["refunds"] == json!([]), "{paid}");
    let passed = paid["history"].as_array().context("no history")?.iter().filter(|p| p["state"] == "paid").count();
    ensure!(passed == 1, "{paid}");
    ensure!(escrows_are_whole(&maker).await? == (1, 108_000));
    let books = ledger_is_sound(&market.city).await?;
    ensure!(books["balances"]["clearing:sandbox"] == 108_000, "{books}");
    Ok(())
}

/// So many fen divided over lines by the largest remainder; on a tie the first comes first. Written anew, to hold the
/// app to it.
fn divided(fen: u64, lines: &[u64]) -> Vec<u64> {
    let whole: u64 = lines.iter().sum();
    let mut parts: Vec<u64> = lines.iter().map(|l| fen * l / whole).collect();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(fen * lines[*i] % whole));
    let short = usize::try_from(fen - parts.iter().sum::<u64>()).unwrap_or(0);
    order.iter().take(short).for_each(|i| parts[*i] += 1);
    parts
}

#[tokio::test]
async fn a_coupon_is_divided_by_the_largest_remainder_and_its_refunds_sum_exactly() -> Result<()> {
    let market = Market::of(Plan::with(&[APP]).config(APP, "return_days", "0")).await?;
    let maker = market.seller(1, BED_MAKER, DONGFENG).await?;
    let buyer = market.citizen(11).await?;
    let prices = [333, 333, 1_000];
    let mut items = Vec::new();
    for (price, quantity) in prices.into_iter().zip([1, 1, 3]) {
        let listing = market.on_sale(&maker, Goods::of("craft", price, 10)).await?;
        items.push(json!({"listing": listing, "sku": "a", "quantity": quantity}));
    }
    let coupon = json!({
        "title": words("满减"), "fen": 100, "from_amount": 1_000, "from": yunlong_tests::day(0),
        "until": yunlong_tests::day(1), "uses": 5, "active": true,
    });
    put(&maker, "/api/store/coupons/YUN100", &coupon).await?;
    let mut what = purchase("", 1);
    what["items"] = json!(items);
    what["coupon"] = json!("YUN100");
    what["expected_total"] = json!(3_567);
    ensure!(refused(&buyer, "/api/orders", &what, 409).await? == "price-changed", "a fen too much");
    what["expected_total"] = json!(3_566);
    let order = market.bought(&buyer, &what).await?;
    let bought = seen(&buyer, &format!("/api/orders/{order}")).await?;
    let lines = bought["lines"].as_array().context("no lines")?;
    let off: Vec<u64> = lines.iter().filter_map(|l| l["discount"].as_u64()).collect();
    ensure!(off == divided(100, &[333, 333, 3_000]) && off.iter().sum::<u64>() == 100, "{off:?}");

    // Unit by unit the third line goes back: 2,918 fen do not divide by three, and sum exactly all the same.
    made(&maker, &format!("/api/store/orders/{order}/accept"), &json!({})).await?;
    let one = json!({"reason": "缺货", "backs": [{"line": 2, "units": 1}]});
    for _ in 0..3 {
        made(&maker, &format!("/api/store/orders/{order}/refund"), &one).await?;
    }
    let back = seen(&buyer, &format!("/api/orders/{order}")).await?;
    let parts: Vec<u64> =
        back["refunds"].as_array().context("no refunds")?.iter().filter_map(|r| r["amount"].as_u64()).collect();
    ensure!(parts.iter().sum::<u64>() == 3_000 - off[2] && parts.len() == 3, "{parts:?}");
    ensure!(parts.iter().max().zip(parts.iter().min()).is_some_and(|(most, least)| most - least <= 1), "{parts:?}");
    ensure!(back["lines"][2]["given_back"] == 3_000 - off[2], "{back}");

    bring(&maker, &order, json!([{"line": 0, "units": 1}, {"line": 1, "units": 1}])).await?;
    eventually("the refunds are paid", Duration::from_secs(20), async || {
        let o = seen(&buyer, &format!("/api/orders/{order}")).await?;
        Ok(o["refunds"].as_array().is_some_and(|r| r.iter().all(|r| r["state"] == "settled")).then_some(()))
    })
    .await?;
    made(&buyer, &format!("/api/orders/{order}/confirm"), &json!({})).await?;
    let settled = until(&buyer, &order, &["settled"]).await?;
    let left = 3_566 - (3_000 - off[2]);
    let parts: u64 = ["platform", "station", "seller"].iter().filter_map(|p| settled["division"][p].as_u64()).sum();
    ensure!(parts == left && settled["escrow"]["released"] == left && settled["escrow"]["held"] == 0, "{settled}");
    ledger_is_sound(&market.city).await?;
    Ok(())
}

#[tokio::test]
async fn an_arbiter_gives_no_fen_more_than_the_goods_are_worth() -> Result<()> {
    let market = Market::open(20).await?;
    let (maker, bed) = market.bed(5).await?;
    let (buyer, arbiter) = (market.citizen(11).await?, market.city.signed_in(APP, "commerce-arbiter").await?);
    let order = market.bought(&buyer, &purchase(&bed, 1)).await?;
    market.delivered(&maker, &order).await?;
    let ask = json!({"units": [{"line": 0, "units": 1}], "reason": "quality", "text": "开裂"});
    let path =
        format!("/api/returns/{}/steps", id(&made(&buyer, &format!("/api/orders/{order}/returns"), &ask).await?)?);
    made(&maker, &path, &json!({"step": "reject", "text": "没有质量问题"})).await?;
    made(&buyer, &path, &json!({"step": "appeal"})).await?;
    let decide = |fen: u64| json!({"step": "arbitrate", "text": "裁决", "amount": fen});
    let problem = arbiter.post(&path, &decide(108_001)).await?.problem(422)?;
    ensure!(problem["errors"][0]["pointer"] == "/amount", "{problem}");
    ensure!(
        problem["errors"][0]["detail"].as_str().is_some_and(|d| d.contains("1080.00")),
        "it names the most: {problem}"
    );
    ensure!(made(&arbiter, &path, &decide(107_999)).await?["refunded"] == 107_999);
    eventually("the refund is paid", Duration::from_secs(20), async || {
        let o = seen(&buyer, &format!("/api/orders/{order}")).await?;
        Ok((o["refunds"][0]["state"] == "settled").then_some(()))
    })
    .await?;
    ensure!(escrows_are_whole(&maker).await? == (1, 1), "a fen is left");
    ledger_is_sound(&market.city).await?;
    Ok(())
}
