//! Receipts in parts: split, merged and handed on, every kilogram accounted for.

use super::*;

/// A step of a receipt.
fn step(receipt: &str, step: &str) -> String {
    format!("/api/receipts/{receipt}/{step}")
}

fn into(kilograms: &[u64]) -> Value {
    json!({ "quantities": kilograms })
}

fn of(receipts: &[&str]) -> Value {
    json!({ "receipts": receipts })
}

/// The numbers of a split's parts.
fn numbers(split: &Value) -> Result<Vec<String>> {
    split["receipts"].as_array().context("no parts")?.iter().map(id).collect()
}

impl Xuzhou {
    /// A lot's receipts that promise something, with what the books say it has promised: the same sum.
    async fn live(&self, lot: &Value) -> Result<Vec<Value>> {
        let lot = format!("/api/lots/{}", lot.as_str().context("no lot")?);
        let mut all = listed(&self.clerk, &format!("{lot}/receipts")).await?;
        all.retain(|r| r["state"] != "cancelled");
        let promised: u64 = all.iter().filter_map(|r| r["quantity"].as_u64()).sum();
        let books = read(&self.clerk, &lot).await?;
        ensure!(books["receipted"] == promised, "{promised} in receipts: {books}");
        Ok(all)
    }
}

#[tokio::test]
async fn parts_sum_to_the_receipt_by_the_kilogram_and_become_one_again() -> Result<()> {
    let x = Xuzhou::start().await?;
    let whole = x.receipt(1_000).await?;
    let number = id(&whole)?;
    let split = step(&number, "split");
    for (kilograms, kind) in [
        (&[500_000, 500_001][..], "parts"),
        (&[500_000, 499_999][..], "parts"),
        (&[1_000_000][..], "parts"),
        (&[][..], "parts"),
        (&[1_000_000, 0][..], "nothing"),
    ] {
        let problem = refused(&x.company, &split, &into(kilograms), 422, kind).await?;
        let told = json!({"sum": kilograms.iter().sum::<u64>(), "quantity": 1_000_000});
        ensure!(kind != "parts" || (&problem["sum"], &problem["quantity"]) == (&told["sum"], &told["quantity"]));
    }
    ensure!(read(&x.company, &format!("/api/receipts/{number}")).await?["state"] == "issued", "a refusal left a trace");

    let parts = numbers(&done(&x.company, &split, &into(&[333_333, 333_333, 333_334])).await?)?;
    let live = x.live(&whole["lot"]).await?;
    ensure!(live.len() == 3 && live.iter().all(|r| r["state"] == "issued"), "{live:?}");
    let total: u64 = live.iter().filter_map(|r| r["quantity"].as_u64()).sum();
    ensure!(total == 1_000_000, "{live:?}");
    let former = read(&x.company, &format!("/api/receipts/{number}")).await?;
    ensure!(former["state"] == "cancelled" && former["children"] == json!(parts), "{former}");
    // It has ended: it is neither divided again nor handed on nor lent on.
    refused(&x.company, &split, &into(&[500_000, 500_000]), 409, "wrong-state").await?;
    refused(&x.company, &step(&number, "transfer"), &json!({ "to": BUYER }), 409, "wrong-state").await?;

    let pair = of(&[&parts[0], &parts[2]]);
    let merged = done(&x.company, "/api/receipts/merge", &pair).await?;
    ensure!(merged["quantity"] == 666_667 && merged["parents"] == pair["receipts"], "{merged}");
    refused(&x.company, "/api/receipts/merge", &pair, 409, "wrong-state").await?;
    ensure!(x.live(&whole["lot"]).await?.len() == 2);
    // Who has a paper of the former learns what took its place; the new ones are genuine.
    let nobody = x.city.client(APP)?;
    let seen = |receipt: String| {
        let nobody = nobody.clone();
        async move { read(&nobody, &format!("/api/receipts/{receipt}/verification")).await }
    };
    let old = seen(number).await?;
    ensure!(old["state"] == "cancelled" && old["replaced_by"] == json!(parts), "{old}");
    let new = seen(id(&merged)?).await?;
    ensure!(new["genuine"] == true && new["quantity"] == 666_667 && new["replaced_by"] == json!([]), "{new}");
    Ok(())
}

#[tokio::test]
async fn a_part_that_is_handed_on_is_its_new_holders_alone() -> Result<()> {
    let x = Xuzhou::start().await?;
    let whole = x.receipt(1_000).await?;
    let parts = done(&x.company, &step(&id(&whole)?, "split"), &into(&[400_000, 600_000])).await?;
    let parts = numbers(&parts)?;
    let (sold, kept) = (&parts[0], &parts[1]);
    let transfer = step(sold, "transfer");
    let wrong = refused(&x.company, &transfer, &json!({"to": "91320300MA000TXF9F"}), 422, "invalid-fields").await?;
    ensure!(wrong["errors"][0]["pointer"] == "/to", "{wrong}");
    let moved = done(&x.company, &transfer, &json!({ "to": BUYER })).await?;
    ensure!(moved["holder"] == BUYER && moved["quantity"] == 400_000 && moved["state"] == "issued", "{moved}");
    // The seller knows it no more: it sells no goods twice.
    for (path, body) in [
        (transfer.clone(), json!({ "to": CARRIER })),
        (step(sold, "split"), into(&[1, 399_999])),
        (step(sold, "withdraw"), json!({})),
        ("/api/receipts/merge".into(), of(&[sold, kept])),
    ] {
        let answer = x.company.post(&path, &body).await?;
        ensure!(answer.status == 404, "{path}: {} {}", answer.status, answer.text);
    }
    let buyer = x.buyer().await?;
    let theirs = numbers(&done(&buyer, &step(sold, "split"), &into(&[1, 399_999])).await?)?;
    ensure!(listed(&buyer, "/api/receipts").await?.iter().filter(|r| r["state"] == "issued").count() == 2);
    ensure!(x.live(&whole["lot"]).await?.len() == 3);
    // Handed back, it is one with the rest again; goods of another lot never are.
    for part in &theirs {
        done(&buyer, &step(part, "transfer"), &json!({ "to": MANUFACTURER })).await?;
    }
    let other = id(&x.receipt(1).await?)?;
    let unlike = refused(&x.company, "/api/receipts/merge", &of(&[kept, &other]), 409, "not-alike").await?;
    ensure!(unlike["receipts"] == json!([kept, other]), "{unlike}");
    refused(&x.company, "/api/receipts/merge", &of(&[kept, kept]), 409, "not-alike").await?;
    refused(&x.company, "/api/receipts/merge", &of(&[kept]), 422, "parts").await?;
    let merged = done(&x.company, "/api/receipts/merge", &of(&[kept, &theirs[0], &theirs[1]])).await?;
    ensure!(merged["quantity"] == 1_000_000 && merged["holder"] == MANUFACTURER, "{merged}");
    ensure!(x.live(&whole["lot"]).await? == [merged]);
    Ok(())
}

/// Splitting, merging, handing on and taking the goods out of this receipt are all refused so, and nothing changes.
async fn stands_still(x: &Xuzhou, receipt: &str, beside: &str, kind: &str) -> Result<Vec<Value>> {
    let path = format!("/api/receipts/{receipt}");
    let before = read(&x.company, &path).await?;
    let mut told = Vec::new();
    for (call, body) in [
        (step(receipt, "split"), into(&[300_000, 300_000])),
        ("/api/receipts/merge".to_owned(), of(&[beside, receipt])),
        (step(receipt, "transfer"), json!({ "to": BUYER })),
        (step(receipt, "withdraw"), json!({})),
    ] {
        let problem = refused(&x.company, &call, &body, 409, kind).await?;
        ensure!(problem["receipt"] == receipt, "{problem}");
        told.push(problem);
    }
    ensure!(read(&x.company, &path).await? == before, "what was refused left a trace");
    ensure!(read(&x.company, &format!("/api/receipts/{beside}")).await?["state"] == "issued");
    Ok(told)
}

#[tokio::test]
async fn a_receipt_that_waits_for_a_bank_is_pledged_or_frozen_stands_still() -> Result<()> {
    let x = Xuzhou::start().await?;
    let whole = x.receipt(1_000).await?;
    let parts = done(&x.company, &step(&id(&whole)?, "split"), &into(&[600_000, 400_000])).await?;
    let parts = numbers(&parts)?;
    let (lent_on, beside) = (&parts[0], &parts[1]);
    x.price(1_000).await?;
    x.file().await?;
    let loan = id(&done(&x.company, "/api/loans", &application(BANK_1, lent_on, 100)).await?)?;
    stands_still(&x, lent_on, beside, "already-pledged").await?;
    let at = |step: &str| format!("/api/loans/{loan}/{step}");
    done(&x.maker, &at("check-credit"), &json!({})).await?;
    done(&x.checker, &at("approve"), &json!({})).await?;
    done(&x.checker, &at("sign"), &json!({})).await?;
    done(&x.company, &at("sign"), &json!({})).await?;
    done(&x.checker, &at("register-pledges"), &json!({})).await?;
    ensure!(read(&x.company, &format!("/api/receipts/{lent_on}")).await?["state"] == "pledged");
    stands_still(&x, lent_on, beside, "already-pledged").await?;
    // Frozen on top of it, that is what is told, with the reason.
    done(&x.regulator, &step(lent_on, "freeze"), &json!({"reason": "现场核查"})).await?;
    let told = stands_still(&x, lent_on, beside, "receipt-frozen").await?;
    ensure!(told.iter().all(|p| p["reason"] == "现场核查"), "{told:?}");
    // The other part goes its way meanwhile.
    done(&x.company, &step(beside, "split"), &into(&[1, 399_999])).await?;
    ensure!(x.live(&whole["lot"]).await?.len() == 3);
    Ok(())
}

/// The edge: of a split and a pledge in one moment one wins, and no kilogram is in both.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_split_or_pledged_however_many_try_both_at_once() -> Result<()> {
    let x = Xuzhou::start().await?;
    x.file().await?;
    let receipt = x.receipt(1_000).await?;
    let number = id(&receipt)?;
    let (split, parts) = (step(&number, "split"), into(&[400_000, 600_000]));
    let wanted = application(BANK_1, &number, 100);
    let half = CROWD / 2;
    let (splits, applications) =
        tokio::join!(at_once(&x.company, &split, &parts, half), at_once(&x.company, "/api/loans", &wanted, half));
    let (splits, applications) = (splits?, applications?);
    let won = |answers: &[Answer]| answers.iter().filter(|a| a.status == 201).count();
    ensure!(won(&splits) + won(&applications) == 1, "{} splits, {} loans", won(&splits), won(&applications));
    let pledged = won(&applications) == 1;
    let kind = if pledged { "already-pledged" } else { "wrong-state" };
    for answer in splits.iter().chain(&applications).filter(|a| a.status != 201) {
        refusal(answer, 409, kind)?;
    }
    let live = x.live(&receipt["lot"]).await?;
    ensure!(live.len() == if pledged { 1 } else { 2 }, "{live:?}");
    ensure!(listed(&x.company, "/api/loans").await?.len() == usize::from(pledged));
    ensure!(listed(&x.maker, "/api/pledges").await?.len() == usize::from(pledged));
    Ok(())
}
