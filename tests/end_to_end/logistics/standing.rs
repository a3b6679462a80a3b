//! The register of legal entities says that a borrower has changed: its open loans are frozen, and the bank is told.

use super::*;
use crate::hub;

/// What the register says of the manufacturer from now on.
async fn registered(x: &Xuzhou, status: &str) -> Result<()> {
    let market = x.city.signed_in("console", "market-data").await?;
    let entity = json!({
        "uscc": MANUFACTURER, "name": "徐州示例制造一号有限公司", "kind": "company", "representative": "王一", "industry": "C",
        "division": "320303", "address": "江苏省徐州市云龙区示例路1号", "capital": 1_000_000_000_i64, "founded": "2015-03-02",
        "status": status,
    });
    hub::import(&market, "legal-entities.entity", &[entity]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_borrower_that_is_revoked_has_its_open_loans_frozen_and_its_bank_told() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.out().await?;
    registered(&x, "revoked").await?;
    let alert = x.alerted("borrower-changed", 60).await?;
    ensure!(alert["loan"] == loan.as_str() && alert["detail"] == "not-in-business", "{alert}");
    let frozen = x.overview(&loan).await?["loan"]["frozen"].clone();
    ensure!(frozen["reason"] == "not-in-business", "{frozen}");
    let release = json!({"receipts": [{"receipt": id(&receipt)?, "quantity": 1}]});
    refused(&x.checker, &format!("/api/loans/{loan}/release"), &release, 409, "loan-frozen").await?;
    // Money is still taken, the page says why the rest stands still, and no other bank begins with it.
    let part = json!({"bank_reference": "RP-1", "amount": 100});
    done(&x.checker, &format!("/api/loans/{loan}/repayments"), &part).await?;
    ensure!(x.checker.page(&format!("/loans/{loan}"), "zh").await?.text.contains("冻结"), "the page does not say so");
    let second = x.city.signed_in(APP, "bank-2-maker").await?;
    let refusal = refused(&second, "/api/borrowers", &json!({ "uscc": MANUFACTURER }), 409, "not-in-business").await?;
    ensure!(refusal["registered"] == "revoked", "{refusal}");
    // Checked by the bank, it goes on.
    let unfrozen = done(&x.checker, &format!("/api/loans/{loan}/unfreeze"), &json!({"reason": "已核实"})).await?;
    ensure!(unfrozen["frozen"].is_null(), "{unfrozen}");
    Ok(())
}

/// The register of legal entities is shared without conditions; the credit record is not.
#[tokio::test]
async fn a_credit_record_is_read_once_its_provider_grants_it_and_the_company_agrees() -> Result<()> {
    let x = Xuzhou::start_with(&["--demo-people", "20"]).await?;
    let receipt = id(&x.receipt(1_000).await?)?;
    x.file().await?;
    let loan = id(&done(&x.company, "/api/loans", &application(BANK_1, &receipt, 100)).await?)?;
    let check = format!("/api/loans/{loan}/check-credit");
    let denied = x.maker.post(&check, &json!({})).await?;
    ensure!(denied.status == 403, "{} {}", denied.status, denied.text);
    ensure!(x.overview(&loan).await?["loan"]["state"] == "applied");
    let provider = x.city.signed_in("console", "credit-data").await?;
    let fields = ["event", "uscc", "kind", "date", "until"];
    let terms = json!({"access": ["query"], "roles": ["bank"]});
    hub::grant(&provider, (APP, "credit.event", "loan-credit-check"), &fields, &terms).await?;
    // Granted is one thing, and the company's consent another.
    done(&x.company, "/api/consents/withdraw", &json!({ "bank": BANK_1 })).await?;
    let refusal = refused(&x.maker, &check, &json!({}), 409, "no-consent").await?;
    ensure!(refusal["withdrawn"] == true, "{refusal}");
    done(&x.company, "/api/consents", &json!({ "bank": BANK_1 })).await?;
    ensure!(done(&x.maker, &check, &json!({})).await?["state"] == "credit-checked");
    Ok(())
}

/// What was looked at by consent helps to lend no more once the consent is taken back.
#[tokio::test]
async fn a_consent_withdrawn_after_the_credit_check_stops_the_approval_and_the_bank_is_told() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, _) = x.checked(LENT).await?;
    let approve = format!("/api/loans/{loan}/approve");
    ensure!(x.alerts("consent-withdrawn").await?.is_empty(), "told before it happened");
    for _ in 0..2 {
        let taken_back = done(&x.company, "/api/consents/withdraw", &json!({ "bank": BANK_1 })).await?;
        ensure!(taken_back["withdrawn_at"].is_string(), "{taken_back}");
    }
    let alert = x.alerted("consent-withdrawn", 5).await?;
    ensure!(alert["loan"] == loan.as_str(), "{alert}");
    ensure!(x.alerts("consent-withdrawn").await?.len() == 1, "said twice, it is told once");
    // Who opened the file and looked at the record; the checker has had nothing to do with it so far.
    let officer = x.city.signed_in("", "bank-1-maker").await?;
    eventually("the officer finds it in the inbox", Duration::from_secs(30), async || {
        Ok(officer.page("/inbox", "zh").await?.text.contains("企业撤回征信授权").then_some(()))
    })
    .await?;
    let refusal = refused(&x.checker, &approve, &json!({}), 409, "no-consent").await?;
    ensure!(refusal["withdrawn"] == true, "{refusal}");
    let page = x.checker.form(&format!("/loans/{loan}/approve"), &[("principal", "700000.00")]).await?;
    ensure!(page.status == 409, "the form let it pass: {}", page.status);
    let shown = x.overview(&loan).await?;
    ensure!(shown["loan"]["state"] == "credit-checked" && shown["loan"]["owed"] == 0, "{shown}");
    // Given again, the check that was made is good again.
    done(&x.company, "/api/consents", &json!({ "bank": BANK_1 })).await?;
    ensure!(done(&x.checker, &approve, &json!({})).await?["state"] == "approved");
    Ok(())
}
