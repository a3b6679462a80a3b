//! The edges: one fen too much, hands that are the same, what belongs to others, a custodian that is no third party.

use super::*;

#[tokio::test]
async fn one_fen_too_much_is_refused_and_nothing_is_booked() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.out().await?;
    let at = |step: &str| format!("/api/loans/{loan}/{step}");
    let entries = at("entries");
    let before = listed(&x.checker, &entries).await?;
    let over = json!({"bank_reference": "RP-1", "amount": LENT + 1});
    let refusal = refused(&x.checker, &at("repayments"), &over, 409, "over-owed").await?;
    ensure!(refusal["owed"] == LENT && refusal["paid"] == LENT + 1, "{refusal}");
    for amount in [json!(0), json!(-1), json!(0.5), json!("700000.01")] {
        let answer = x.checker.post(&at("repayments"), &json!({"bank_reference": "RP-1", "amount": amount})).await?;
        ensure!((400..500).contains(&answer.status), "{amount}: {} {}", answer.status, answer.text);
    }
    ensure!(listed(&x.checker, &entries).await? == before, "what was refused is in the ledger");
    // The form gives back what was typed.
    let form = [("bank_reference", "RP-1"), ("amount", "700000.01")];
    let page = x.checker.form(&format!("/loans/{loan}/repay"), &form).await?;
    ensure!(page.status == 409, "{} {}", page.status, page.text);
    // The number is free still: the last fen settles it. The receipt waits for other hands than those that booked it.
    let last = json!({"bank_reference": "RP-1", "amount": LENT});
    ensure!(done(&x.maker, &at("repayments"), &last).await?["state"] == "settled");
    let number = id(&receipt)?;
    let receipt = format!("/api/receipts/{number}");
    ensure!(read(&x.company, &receipt).await?["state"] == "pledged");
    let all = json!({"receipts": [{"receipt": number}]});
    let refusal = refused(&x.maker, &at("release"), &all, 403, "same-hands").await?;
    ensure!(refusal["first"] == "repay", "{refusal}");
    done(&x.checker, &at("release"), &all).await?;
    ensure!(read(&x.company, &receipt).await?["state"] == "released");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repayment_under_one_number_counts_once_however_many_tellers_book_it() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, _) = x.out().await?;
    let path = format!("/api/loans/{loan}/repayments");
    let part = json!({"bank_reference": "RP-1", "amount": 30_000_000});
    for answer in at_once(&x.checker, &path, &part, CROWD).await? {
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    }
    ensure!(x.overview(&loan).await?["loan"]["owed"] == 40_000_000);
    let entries = listed(&x.checker, &format!("/api/loans/{loan}/entries")).await?;
    ensure!(entries.iter().filter(|e| e["kind"] == "repayment").count() == 1, "{entries:?}");
    let other = json!({"bank_reference": "RP-1", "amount": 1});
    refused(&x.checker, &path, &other, 409, "reference-reused").await?;
    Ok(())
}

/// One transfer that the borrower made is booked on one loan, also when two tellers book it on two in one moment.
#[tokio::test(flavor = "multi_thread")]
async fn one_number_of_a_bank_moves_money_for_one_loan() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (first, _) = x.out().await?;
    let (second, _) = x.ready().await?;
    let at = |loan: &str, step: &str| format!("/api/loans/{loan}/{step}");
    done(&x.maker, &at(&second, "ask-disbursement"), &json!({})).await?;
    refused(&x.checker, &at(&second, "confirm-disbursement"), &paid(), 409, "reference-reused").await?;
    let other = json!({"reference": format!("{second}-D1"), "outcome": "paid", "bank_reference": "BK-2"});
    done(&x.checker, &at(&second, "confirm-disbursement"), &other).await?;
    let part = json!({"bank_reference": "RP-1", "amount": 100});
    let (one, two) = (at(&first, "repayments"), at(&second, "repayments"));
    let half = CROWD / 2;
    let (one, two) = tokio::join!(at_once(&x.maker, &one, &part, half), at_once(&x.maker, &two, &part, half));
    let mut booked = Vec::new();
    for answers in [one, two] {
        let statuses: Vec<u16> = answers?.iter().map(|a| a.status).collect();
        ensure!(statuses.windows(2).all(|s| s[0] == s[1]), "{statuses:?}");
        booked.extend(statuses.first().copied());
    }
    booked.sort_unstable();
    ensure!(booked == [200, 409], "one loan has it, and the other not: {booked:?}");
    let mut owed = Vec::new();
    for loan in [&first, &second] {
        owed.extend(x.overview(loan).await?["loan"]["owed"].as_u64());
    }
    owed.sort_unstable();
    ensure!(owed == [LENT - 100, LENT], "{owed:?}");
    Ok(())
}

#[tokio::test]
async fn a_maker_is_no_checker_of_what_they_made() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.ready().await?;
    done(&x.maker, &format!("/api/loans/{loan}/ask-disbursement"), &json!({})).await?;
    let confirm = format!("/api/loans/{loan}/confirm-disbursement");
    let refusal = refused(&x.maker, &confirm, &paid(), 403, "same-hands").await?;
    ensure!(refusal["first"] == "ask-disbursement", "{refusal}");
    ensure!(x.overview(&loan).await?["loan"]["owed"] == 0);
    // Who froze a receipt does not unfreeze it.
    let receipt = format!("/api/receipts/{}", id(&receipt)?);
    let reason = json!({"reason": "核查"});
    done(&x.regulator, &format!("{receipt}/freeze"), &reason).await?;
    refused(&x.regulator, &format!("{receipt}/unfreeze"), &reason, 403, "same-hands").await?;
    // The bank that holds it was told, and pays nothing out on it.
    x.alerted("receipt-frozen", 5).await?;
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_another_organization_is_not_found() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.ready().await?;
    let (receipt, lot) = (id(&receipt)?, receipt["lot"].as_str().context("no lot")?);
    let (bank, company) = (x.city.signed_in(APP, "bank-2-checker").await?, x.buyer().await?);
    let things = [format!("/api/loans/{loan}"), format!("/api/receipts/{receipt}"), format!("/api/lots/{lot}")];
    let pages = [format!("/loans/{loan}"), format!("/receipts/{receipt}"), format!("/lots/{lot}")];
    for who in [&bank, &company] {
        for path in things.iter().chain([&format!("/api/loans/{loan}/entries")]) {
            ensure!(who.get(path).await?.status == 404, "{path} is found");
        }
        for path in &pages {
            ensure!(who.page(path, "zh").await?.status == 404, "{path} is shown");
        }
        ensure!(listed(who, "/api/loans").await?.is_empty());
    }
    for (who, path, body) in [
        (&bank, format!("/api/loans/{loan}/ask-disbursement"), json!({})),
        (&bank, format!("/api/loans/{loan}/repayments"), json!({"bank_reference": "R", "amount": 1})),
        (&bank, format!("/api/receipts/{receipt}/freeze"), json!({"reason": "x"})),
        (&company, format!("/api/receipts/{receipt}/transfer"), json!({ "to": BUYER })),
        (&company, format!("/api/loans/{loan}/sign"), json!({})),
    ] {
        ensure!(who.post(&path, &body).await?.status == 404, "{path} was taken");
    }
    // Nobody is asked to sign in; a citizen for themself has no role; what anybody may verify names neither bank nor loan.
    let nobody = x.city.client(APP)?;
    ensure!(nobody.get(&format!("/api/receipts/{receipt}")).await?.status == 401);
    let citizen = x.city.signed_in(APP, "citizen-003").await?;
    refused(&citizen, "/api/consents", &json!({ "bank": BANK_1 }), 403, "role-required").await?;
    let seen = read(&nobody, &format!("/api/receipts/{receipt}/verification")).await?;
    ensure!(
        seen["genuine"] == true && !seen.to_string().contains(BANK_1) && !seen.to_string().contains(&loan),
        "{seen}"
    );
    Ok(())
}

#[tokio::test]
async fn goods_at_a_borrowers_affiliate_secure_nothing() -> Result<()> {
    let x = Xuzhou::start().await?;
    let warehouse = x.warehouse(&[MANUFACTURER]).await?;
    let lot = x.coal(&warehouse, 1_000).await?;
    let receipt = done(&x.clerk, "/api/receipts", &json!({"lot": lot, "quantity": 1_000_000})).await?;
    let receipt = id(&receipt)?;
    x.file().await?;
    let refusal = refused(&x.company, "/api/loans", &application(BANK_1, &receipt, 100), 409, "affiliate").await?;
    ensure!(refusal["warehouse"] == warehouse.as_str(), "{refusal}");
    ensure!(read(&x.company, &format!("/api/receipts/{receipt}")).await?["state"] == "issued");
    ensure!(listed(&x.company, "/api/loans").await?.is_empty());
    // Its loan on goods elsewhere is not made good with them, either.
    let elsewhere = id(&x.receipt(1_000).await?)?;
    let loan = id(&done(&x.company, "/api/loans", &application(BANK_1, &elsewhere, 100)).await?)?;
    let more = format!("/api/loans/{loan}/collateral");
    refused(&x.company, &more, &json!({"receipts": [receipt]}), 409, "affiliate").await?;
    Ok(())
}
