//! Acceptance lines 1, 2, 3, 5, 6 and 8: one pledge, no receipt and no loan too much, one payment, two pairs of hands.

use super::*;
use futures::{StreamExt as _, TryStreamExt as _};

/// The entries of a bank's register of pledges that stand.
async fn standing(bank: &Client) -> Result<Vec<Value>> {
    let all = listed(bank, "/api/pledges").await?;
    Ok(all.into_iter().filter(|p| p["ended_at"].is_null()).collect())
}

/// Acceptance line 1, one after the other.
#[tokio::test]
async fn a_receipt_pledged_at_one_bank_is_refused_at_the_other() -> Result<()> {
    let x = Xuzhou::start().await?;
    let second = x.city.signed_in(APP, "bank-2-maker").await?;
    let receipt = id(&x.receipt(1_000).await?)?;
    x.file().await?;
    done(&second, "/api/borrowers", &json!({ "uscc": MANUFACTURER })).await?;
    let loan = done(&x.company, "/api/loans", &application(BANK_1, &receipt, 100)).await?;
    let refusal =
        refused(&x.company, "/api/loans", &application(BANK_2, &receipt, 100), 409, "already-pledged").await?;
    ensure!(refusal["receipt"] == receipt.as_str(), "{refusal}");
    ensure!(standing(&second).await?.is_empty(), "the second bank has a pledge");
    // Given up, it is free for the other.
    done(&x.company, &format!("/api/loans/{}/reject", id(&loan)?), &json!({"reason": "改向另一家银行申请"})).await?;
    done(&x.company, "/api/loans", &application(BANK_2, &receipt, 100)).await?;
    ensure!(standing(&x.maker).await?.is_empty() && standing(&second).await?.len() == 1);
    Ok(())
}

/// Acceptance line 1, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_applications_at_two_banks_for_one_receipt_have_one_winner() -> Result<()> {
    let x = Xuzhou::start().await?;
    let second = x.city.signed_in(APP, "bank-2-maker").await?;
    let receipt = id(&x.receipt(1_000).await?)?;
    x.file().await?;
    done(&second, "/api/borrowers", &json!({ "uscc": MANUFACTURER })).await?;
    let answers: Vec<Answer> = futures::stream::iter(0..200)
        .map(|n| {
            let body = application([BANK_1, BANK_2][n % 2], &receipt, 100);
            let company = x.company.clone();
            async move { company.insist("/api/loans", &body).await }
        })
        .buffer_unordered(200)
        .try_collect()
        .await?;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    ensure!((won.len(), lost.len()) == (1, 199), "{} won, {} lost", won.len(), lost.len());
    for answer in lost {
        ensure!(refusal(answer, 409, "already-pledged")?["receipt"] == receipt.as_str(), "{}", answer.text);
    }
    let winner = won[0].json()?;
    let mut pledges = standing(&x.maker).await?;
    pledges.extend(standing(&second).await?);
    ensure!(
        pledges.len() == 1 && pledges[0]["loan"] == winner["id"] && pledges[0]["bank"] == winner["bank"],
        "{pledges:?}"
    );
    ensure!(listed(&x.company, "/api/loans").await?.len() == 1, "a refused application left a loan");
    Ok(())
}

/// Acceptance line 2.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_a_thousand_tonnes_in_jiawang_never_promise_more() -> Result<()> {
    let x = Xuzhou::start().await?;
    let lot = x.coal(&x.warehouse(&[]).await?, 1_000).await?;
    let of = |lot: &str, tonnes: u64| json!({"lot": lot, "quantity": tonnes * 1_000});
    done(&x.clerk, "/api/receipts", &of(&lot, 600)).await?;
    let refusal = refused(&x.clerk, "/api/receipts", &of(&lot, 500), 409, "lot-short").await?;
    ensure!(refusal["free"] == 400_000 && refusal["asked"] == 500_000, "{refusal}");
    done(&x.clerk, "/api/receipts", &of(&lot, 400)).await?;
    refused(&x.clerk, "/api/receipts", &json!({"lot": lot, "quantity": 1}), 409, "lot-short").await?;
    // Two hundred at once for a lot of three receipts.
    let other = x.coal(&x.warehouse(&[]).await?, 300).await?;
    let answers = at_once(&x.clerk, "/api/receipts", &of(&other, 100), CROWD).await?;
    let (issued, short): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    ensure!((issued.len(), short.len()) == (3, CROWD - 3), "{} receipts of 100 t on 300 t", issued.len());
    for answer in short {
        refusal_of_lot(answer)?;
    }
    let books = read(&x.clerk, &format!("/api/lots/{other}")).await?;
    ensure!(books["receipted"] == 300_000 && books["free"] == 0, "{books}");
    let kept = listed(&x.clerk, &format!("/api/lots/{other}/receipts")).await?;
    ensure!(kept.len() == 3 && kept.iter().all(|r| r["quantity"] == 100_000), "{kept:?}");
    Ok(())
}

fn refusal_of_lot(answer: &Answer) -> Result<()> {
    let problem = refusal(answer, 409, "lot-short")?;
    ensure!(problem["free"].as_u64().is_some_and(|free| free < 100_000), "{problem}");
    Ok(())
}

/// Acceptance line 3.
#[tokio::test]
async fn seven_hundred_thousand_on_a_million_are_approved_and_a_fen_more_is_not() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, _) = x.checked(LENT + 1).await?;
    let approve = format!("/api/loans/{loan}/approve");
    let refusal = refused(&x.checker, &approve, &json!({}), 409, "over-ltv").await?;
    ensure!(refusal["principal"] == 70_000_001 && refusal["most"] == 70_000_000, "{refusal}");
    ensure!(refusal["value"] == 100_000_000 && refusal["ltv_bps"] == 7_000, "{refusal}");
    ensure!(x.overview(&loan).await?["loan"]["state"] == "credit-checked");
    let approved = done(&x.checker, &approve, &json!({ "principal": LENT })).await?;
    ensure!(approved["state"] == "approved" && approved["principal"] == LENT, "{approved}");
    Ok(())
}

/// Acceptance line 5, with two hundred releases at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_partial_release_never_leaves_more_than_seventy_percent() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.out().await?;
    let release = format!("/api/loans/{loan}/release");
    let part = |receipt: &str, kilograms: u64| json!({"receipts": [{"receipt": receipt, "quantity": kilograms}]});
    let receipt = id(&receipt)?;
    refused(&x.checker, &release, &part(&receipt, 1), 409, "leaves-over-ltv").await?;
    let repayment = json!({"bank_reference": "RP-1", "amount": 30_000_000});
    ensure!(done(&x.maker, &format!("/api/loans/{loan}/repayments"), &repayment).await?["owed"] == 40_000_000);
    // 400,000 owed need 571,428.58 of goods: 428.571 t may go, and not a kilogram more.
    let refusal = refused(&x.checker, &release, &part(&receipt, 428_572), 409, "leaves-over-ltv").await?;
    ensure!(refusal["left"] == 57_142_800 && refusal["needed"] == 57_142_858, "{refusal}");
    let answers = at_once(&x.checker, &release, &part(&receipt, 300_000), CROWD).await?;
    let (released, others): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    ensure!(released.len() == 1, "300 t were released {} times: {answers:?}", released.len());
    for answer in others {
        // It was divided, and its parts have numbers of their own.
        ensure!(super::refusal(answer, 409, "not-registered")?["receipt"] == receipt.as_str(), "{}", answer.text);
    }
    let shown = x.overview(&loan).await?;
    let kept = shown["pledges"].as_array().into_iter().flatten().find(|p| p["ended_at"].is_null());
    let kept = kept.and_then(|p| p["receipt"].as_str()).context("no pledge stands")?;
    refused(&x.checker, &release, &part(kept, 128_572), 409, "leaves-over-ltv").await?;
    done(&x.checker, &release, &part(kept, 128_571)).await?;
    let shown = x.overview(&loan).await?;
    let (owed, value) =
        (shown["loan"]["owed"].as_u64().context("no owed")?, shown["value"]["value"].as_u64().context("no value")?);
    ensure!((owed, value) == (40_000_000, 57_142_900) && owed * 10_000 <= value * 7_000, "{shown}");
    // What was let go is the company's: free, and its signature is genuine.
    let freed = listed(&x.company, "/api/receipts").await?;
    let freed: Vec<&Value> = freed.iter().filter(|r| r["state"] == "released").collect();
    let tonnes: u64 = freed.iter().filter_map(|r| r["quantity"].as_u64()).sum();
    ensure!(tonnes == 428_571, "{freed:?}");
    for receipt in freed {
        let path = format!("/api/receipts/{}/verification", id(receipt)?);
        ensure!(read(&x.city.client(APP)?, &path).await?["genuine"] == true);
    }
    Ok(())
}

/// Acceptance line 6: the answer does not come since the city's power goes in the middle of it, and every call is made
/// again, many at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_answer_never_came_is_made_once_however_often_it_is_replayed() -> Result<()> {
    let mut x = Xuzhou::start().await?;
    let (loan, _) = x.ready().await?;
    let ask = format!("/api/loans/{loan}/ask-disbursement");
    let confirm = format!("/api/loans/{loan}/confirm-disbursement");
    for answer in at_once(&x.maker, &ask, &json!({}), CROWD).await? {
        ensure!(answer.status == 200, "{}", answer.text);
        ensure!(answer.json()?["disbursement"]["reference"] == format!("{loan}-D1"), "{}", answer.text);
    }
    let payer = x.checker.clone();
    let path = confirm.clone();
    let calls = tokio::spawn(async move { each_at_once(&payer, &path, &paid(), CROWD).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    x.city.restart().await?;
    let before = calls.await?.into_iter().filter(|a| a.as_ref().is_ok_and(|a| a.status == 200)).count();
    for answer in at_once(&x.checker, &confirm, &paid(), CROWD).await? {
        ensure!(
            answer.status == 200 && answer.json()?["state"] == "disbursed",
            "after {before} answers: {}",
            answer.text
        );
    }
    // The first call arrives after all, and changes nothing; another number is another payment, and refused.
    ensure!(done(&x.maker, &ask, &json!({})).await?["disbursement"]["reference"] == format!("{loan}-D1"));
    let other = json!({"outcome": "paid", "bank_reference": "BK-2"});
    refused(&x.checker, &confirm, &other, 409, "reference-reused").await?;
    let entries = listed(&x.checker, &format!("/api/loans/{loan}/entries")).await?;
    let payments: Vec<&Value> = entries.iter().filter(|e| e["kind"] == "disbursement").collect();
    ensure!(payments.len() == 1 && entries.len() == 1, "{entries:?}");
    let postings: Vec<i64> =
        payments[0]["postings"].as_array().into_iter().flatten().filter_map(|p| p["amount"].as_i64()).collect();
    ensure!(postings == [70_000_000, -70_000_000], "{postings:?}");
    ensure!(x.overview(&loan).await?["loan"]["owed"] == LENT);
    Ok(())
}

/// Acceptance line 8: refused, and audited with who tried what on which loan, a row for each attempt.
#[tokio::test]
async fn whoever_opened_the_applicants_file_does_not_approve_and_it_is_audited() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.checked(LENT).await?;
    let approve = format!("/api/loans/{loan}/approve");
    ensure!(acts(&x, "loan.approve").await?.is_empty(), "written down before it happened");
    let refusal = refused(&x.maker, &approve, &json!({}), 403, "same-hands").await?;
    ensure!(refusal["step"] == "approve" && refusal["first"] == "open-file", "{refusal}");
    ensure!(x.overview(&loan).await?["loan"]["state"] == "credit-checked");
    // Nor does anybody of another bank, who does not even find it.
    let other = x.city.signed_in(APP, "bank-2-checker").await?;
    ensure!(other.post(&approve, &json!({})).await?.status == 404);
    let page = x.maker.form(&format!("/loans/{loan}/approve"), &[("principal", "700000.00")]).await?;
    ensure!(page.status == 403, "the form let it pass: {}", page.status);
    let attempt = |step: &str, first: &str| json!({"step": step, "did": first});
    let maker = |of: &str, step: &str, first: &str| ("bank-1-maker".to_owned(), of.to_owned(), attempt(step, first));
    let told = [maker(&loan, "approve", "open-file"), maker(&loan, "approve", "open-file")];
    ensure!(acts(&x, "loan.approve.refused").await? == told, "the call's and the form's attempt, and no other's");
    ensure!(done(&x.checker, &approve, &json!({})).await?["state"] == "approved");
    let approved = ("bank-1-checker".to_owned(), loan.clone(), json!({"principal": LENT}));
    ensure!(acts(&x, "loan.approve").await? == [&[approved][..], &told[..]].concat(), "the newest first");
    // So is every other hand that would check itself: the payment's, and the frozen receipt's.
    for (who, step) in [(&x.checker, "sign"), (&x.company, "sign"), (&x.checker, "register-pledges")] {
        done(who, &format!("/api/loans/{loan}/{step}"), &json!({})).await?;
    }
    done(&x.maker, &format!("/api/loans/{loan}/ask-disbursement"), &json!({})).await?;
    let confirm = format!("/api/loans/{loan}/confirm-disbursement");
    for _ in 0..3 {
        refused(&x.maker, &confirm, &paid(), 403, "same-hands").await?;
    }
    let told = vec![maker(&loan, "confirm-disbursement", "ask-disbursement"); 3];
    ensure!(acts(&x, "loan.confirm-disbursement").await? == told, "three attempts");
    let (number, reason) = (id(&receipt)?, json!({"reason": "核查"}));
    done(&x.regulator, &format!("/api/receipts/{number}/freeze"), &reason).await?;
    refused(&x.regulator, &format!("/api/receipts/{number}/unfreeze"), &reason, 403, "same-hands").await?;
    let told = ("finance-admin".to_owned(), number, attempt("unfreeze", "freeze"));
    ensure!(acts(&x, "receipt.unfreeze").await? == [told]);
    // The trail is the auditor's: whoever works in the app reads none of it.
    let console = x.city.signed_in("console", "bank-1-maker").await?;
    ensure!(console.get(&format!("/api/v1/audit?app={APP}")).await?.status == 403);
    Ok(())
}

/// What the auditor reads of the app's acts whose name begins so, the newest first: who, on what, and the detail.
async fn acts(x: &Xuzhou, action: &str) -> Result<Vec<(String, String, Value)>> {
    let auditor = x.city.signed_in("console", crate::hub::AUDITOR).await?;
    let page = read(&auditor, &format!("/api/v1/audit?app={APP}&action={action}")).await?;
    ensure!(page["next"].is_null(), "more than a page of {action}");
    let rows = page["rows"].as_array().context("no rows")?.iter();
    let text = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    rows.map(|row| {
        let detail = serde_json::from_str(&text(row, "detail")).with_context(|| row.to_string())?;
        Ok((text(row, "actor"), text(row, "target"), detail))
    })
    .collect()
}
