//! Acceptance line 9 as far as a day allows: the call and its cure, and that nothing is sold before the company's days are
//! over. What happens then is told where the clock can be set: by the real component in the app's scenario
//! `a-margin-call`, and by its own tests (`line_9_…` of `tests/finance`).

use super::*;
use yunlong_tests::day;

/// Acceptance line 9.
#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_falls_by_a_fifth_calls_for_more_until_it_is_cured() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, _) = x.out().await?;
    x.price(800).await?;
    x.alerted("margin-call", 30).await?;
    let called = x.overview(&loan).await?;
    let margin = &called["loan"]["margin"];
    ensure!(margin["state"] == "open" && margin["value"] == 80_000_000 && margin["short"] == 20_000_000, "{called}");
    let until = margin["until"].as_str().context("no day")?;
    // Three business days, of which at most two are further off for a weekend.
    ensure!(day(3).as_str() <= until && until <= day(6).as_str(), "{until}");
    let company = read(&x.company, &format!("/api/loans/{loan}")).await?;
    ensure!(company["loan"]["margin"] == *margin, "the company does not see the call");
    let early = refused(&x.checker, &format!("/api/loans/{loan}/dispose"), &json!({}), 409, "too-early").await?;
    ensure!(early["from"].as_str().is_some_and(|from| from > until), "{early}");
    // A fen less than what cures it does not.
    let repay = |number: &str, amount: u64| json!({"bank_reference": number, "amount": amount});
    let repayments = format!("/api/loans/{loan}/repayments");
    ensure!(done(&x.checker, &repayments, &repay("RP-1", 13_999_999)).await?["margin"]["state"] == "open");
    ensure!(done(&x.checker, &repayments, &repay("RP-2", 1)).await?["margin"]["state"] == "cured");
    refused(&x.checker, &format!("/api/loans/{loan}/dispose"), &json!({}), 409, "wrong-state").await?;
    Ok(())
}

/// More goods cure it as well as money, once the bank has them in its register.
#[tokio::test]
async fn more_goods_cure_a_margin_call_once_they_are_registered() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, _) = x.out().await?;
    x.price(800).await?;
    x.alerted("margin-call", 30).await?;
    let more = id(&x.receipt(250).await?)?;
    let added = done(&x.company, &format!("/api/loans/{loan}/collateral"), &json!({"receipts": [more]})).await?;
    ensure!(added["margin"]["state"] == "open", "a request secures nothing: {added}");
    done(&x.checker, &format!("/api/loans/{loan}/register-pledges"), &json!({})).await?;
    done(&x.checker, &format!("/api/loans/{loan}/revalue"), &json!({})).await?;
    x.alerted("margin-cured", 10).await?;
    let shown = x.overview(&loan).await?;
    ensure!(shown["loan"]["margin"]["state"] == "cured" && shown["value"]["value"] == 100_000_000, "{shown}");
    Ok(())
}
