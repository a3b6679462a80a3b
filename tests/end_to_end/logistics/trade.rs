//! Acceptance line 7: goods, order and money side by side.

use super::*;

/// Fen of the order: 100 t of coal at 1,000 yuan.
const AMOUNT: u64 = 10_000_000;

/// A trade of the manufacturer with the buyer: its link and its waybill, both open.
struct Trade {
    flow: String,
    waybill: String,
    carrier: Client,
}

impl Trade {
    fn at(&self, step: &str) -> String {
        format!("/api/flows/{}/{step}", self.flow)
    }

    /// The receiver signs for so many tonnes.
    async fn sign(&self, tonnes: u64) -> Result<()> {
        let proof = json!({"received_by": "收货部", "document": "POD-1", "quantity": tonnes * 1_000});
        done(&self.carrier, &format!("/api/waybills/{}/sign", self.waybill), &proof).await.map(drop)
    }
}

pub(super) fn milliseconds_from_now(days: i64) -> Result<i64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(i64::try_from(now.as_millis())? + days * 86_400_000)
}

/// Ordered, stored and brought to the door: what is missing is the receiver's signature and the money.
async fn delivered(x: &Xuzhou) -> Result<Trade> {
    let receipt = id(&x.receipt(100).await?)?;
    let order = json!({"number": "SO-1", "buyer": BUYER, "bank": BANK_1, "goods": "coal-5500", "quantity": 100_000, "amount": AMOUNT});
    let flow = id(&done(&x.company, "/api/flows", &order).await?)?;
    let freight = json!({
        "carrier": CARRIER, "order": "SO-1", "goods": "coal-5500", "quantity": 100_000, "from": {"division": "320305"},
        "to": {"division": "320324"}, "value": AMOUNT, "not_after": milliseconds_from_now(5)?,
    });
    let freight = id(&done(&x.company, "/api/freight-orders", &freight).await?)?;
    let carrier = x.city.signed_in(APP, "carrier-1").await?;
    let waybill = id(&done(&carrier, &format!("/api/freight-orders/{freight}/book"), &json!({})).await?)?;
    let on = |step: &str| format!("/api/waybills/{waybill}/{step}");
    done(&carrier, &on("load"), &json!({"vehicle": "苏C00001", "driver": "D-01"})).await?;
    done(&carrier, &on("advance"), &json!({"state": "in-transit"})).await?;
    refused(&carrier, &on("advance"), &json!({"state": "signed"}), 409, "wrong-state").await?;
    done(&carrier, &on("advance"), &json!({"state": "delivered"})).await?;
    done(&x.company, &format!("/api/flows/{flow}/waybill"), &json!({"waybill": waybill})).await?;
    done(&x.company, &format!("/api/flows/{flow}/receipt"), &json!({"receipt": receipt})).await?;
    Ok(Trade { flow, waybill, carrier })
}

fn payment(amount: u64) -> Value {
    json!({"bank_reference": "PM-1", "payer": BUYER, "payee": MANUFACTURER, "amount": amount})
}

/// Acceptance line 7.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_delivery_without_payment_settles_nothing() -> Result<()> {
    let x = Xuzhou::start().await?;
    let trade = delivered(&x).await?;
    trade.sign(100).await?;
    let (settle, release) = (trade.at("settle"), trade.at("release"));
    let invoice = json!({"invoice": "FP-1"});
    let refusal = refused(&x.company, &settle, &invoice, 409, "flows-disagree").await?;
    ensure!(refusal["points"] == json!(["no-payment"]), "{refusal}");
    refused(&x.checker, &release, &json!({}), 409, "flows-disagree").await?;
    let link = read(&x.buyer().await?, &format!("/api/flows/{}", trade.flow)).await?;
    ensure!(link["state"] == "open" && link["disagreements"] == json!(["no-payment"]), "{link}");
    // Paid, the funds wait for the bank's second person, and the invoice for the funds.
    done(&x.maker, &trade.at("payment"), &payment(AMOUNT)).await?;
    ensure!(x.company.post(&settle, &invoice).await?.status == 409, "settled before the funds were released");
    let refusal = refused(&x.maker, &release, &json!({}), 403, "same-hands").await?;
    ensure!(refusal["step"].is_string() && refusal["first"].is_string(), "{refusal}");
    ensure!(done(&x.checker, &release, &json!({})).await?["state"] == "released");
    for _ in 0..2 {
        ensure!(done(&x.company, &settle, &invoice).await?["state"] == "settled");
    }
    let page = x.company.page(&format!("/flows/{}", trade.flow), "zh").await?;
    let seller = format!("徐州示例制造一号有限公司 <small class=\"muted\"><code>{MANUFACTURER}</code></small>");
    for words in ["信息流", "货物流", "资金流", "PM-1", "FP-1", "¥100,000.00", seller.as_str()] {
        ensure!(page.text.contains(words), "the page does not say {words}");
    }
    Ok(())
}

/// One fen, one kilogram, one pledge too much.
#[tokio::test]
async fn flows_that_differ_by_a_fen_or_a_kilogram_keep_the_funds() -> Result<()> {
    let x = Xuzhou::start().await?;
    let trade = delivered(&x).await?;
    let proof = json!({"received_by": "收货部", "document": "POD-1", "quantity": 99_999});
    done(&trade.carrier, &format!("/api/waybills/{}/sign", trade.waybill), &proof).await?;
    let paid = done(&x.maker, &trade.at("payment"), &payment(AMOUNT + 1)).await?;
    let points = paid["disagreements"].as_array().context("no points")?.len();
    ensure!(points == 2, "the payment and the quantity: {paid}");
    let refusal = refused(&x.checker, &trade.at("release"), &json!({}), 409, "flows-disagree").await?;
    ensure!(refusal["points"] == paid["disagreements"], "{refusal}");
    // The same goods are pledged meanwhile: that is a third.
    let receipt = paid["receipt"]["receipt"].as_str().context("no receipt")?.to_owned();
    x.file().await?;
    done(&x.company, "/api/loans", &application(BANK_1, &receipt, 100)).await?;
    let refusal = refused(&x.checker, &trade.at("release"), &json!({}), 409, "flows-disagree").await?;
    ensure!(refusal["points"].as_array().is_some_and(|p| p.len() == 3), "{refusal}");
    Ok(())
}
