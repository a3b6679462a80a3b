//! What happens by itself when nobody acts: the city's clock is moved on while it is restarted.

use super::*;

const MINUTES: Duration = Duration::from_secs(60);

/// Acceptance line 6, when the bank is silent: after half an hour the payment is unknown, its checker is told, the bank is
/// asked again under the same number, and what it paid is paid once.
#[tokio::test]
async fn a_payment_without_an_answer_is_unknown_after_half_an_hour_and_made_once_all_the_same() -> Result<()> {
    let mut x = Xuzhou::start().await?;
    let (loan, _) = x.ready().await?;
    let ask = format!("/api/loans/{loan}/ask-disbursement");
    let first = done(&x.maker, &ask, &json!({})).await?;
    ensure!(first["disbursement"]["state"] == "asked", "{first}");
    x.later(20 * MINUTES).await?;
    ensure!(x.overview(&loan).await?["loan"]["disbursement"]["state"] == "asked", "half an hour is not over");
    x.later(11 * MINUTES).await?;
    x.alerted("disbursement-unknown", 30).await?;
    let unknown = x.overview(&loan).await?["loan"].clone();
    ensure!(unknown["disbursement"]["state"] == "unknown" && unknown["state"] == "signed", "{unknown}");
    let again = done(&x.maker, &ask, &json!({})).await?;
    ensure!(again["disbursement"]["reference"] == first["disbursement"]["reference"], "{again}");
    let confirm = format!("/api/loans/{loan}/confirm-disbursement");
    for answer in at_once(&x.checker, &confirm, &paid(), CROWD).await? {
        ensure!(answer.status == 200 && answer.json()?["state"] == "disbursed", "{}", answer.text);
    }
    let entries = listed(&x.checker, &format!("/api/loans/{loan}/entries")).await?;
    ensure!(entries.iter().filter(|e| e["kind"] == "disbursement").count() == 1, "{entries:?}");
    ensure!(x.overview(&loan).await?["loan"]["owed"] == LENT);
    Ok(())
}

/// Acceptance line 9, when the company does nothing: its three business days end, and the goods are disposed of.
#[tokio::test]
async fn a_margin_call_that_nobody_cures_lapses_and_the_loan_goes_into_disposal() -> Result<()> {
    let mut x = Xuzhou::start().await?;
    let (loan, _) = x.out().await?;
    x.price(800).await?;
    x.alerted("margin-call", 30).await?;
    let dispose = format!("/api/loans/{loan}/dispose");
    refused(&x.checker, &dispose, &json!({}), 409, "too-early").await?;
    // Three business days and a holiday of a week at the most.
    x.later(14 * DAYS).await?;
    x.alerted("margin-lapsed", 30).await?;
    let lapsed = x.overview(&loan).await?["loan"].clone();
    ensure!(lapsed["margin"]["state"] == "lapsed" && lapsed["state"] == "disposal", "{lapsed}");
    ensure!(
        lapsed["owed"].as_u64().is_some_and(|owed| owed > LENT),
        "nothing is sold by itself, and interest goes on: {lapsed}"
    );
    let begun = refused(&x.checker, &dispose, &json!({}), 409, "wrong-state").await?;
    ensure!(begun["allowed"].as_array().is_some_and(|a| a.iter().any(|s| s == "sell")), "{begun}");
    Ok(())
}
