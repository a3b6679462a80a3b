//! The end of a loan that is not paid back: overdue by the clock, its goods are sold by two persons, and what they bring
//! is too little, which somebody else gives up, or too much, which is the owner's.

use super::*;
use std::collections::BTreeMap;

/// The same call at once, so often.
const REPEATED: usize = 20;
/// What the company pays back on the day of the payment, in fen, and what it leaves unpaid.
const BACK: u64 = 10_000_000;
const UNPAID: u64 = LENT - BACK;

/// A loan of which the rest never came, on two receipts of one lot.
struct BadLoan {
    loan: String,
    /// Of 600 t and of 400 t.
    receipts: [String; 2],
    carrier: Client,
    /// Of another bank.
    stranger: Client,
}

impl BadLoan {
    fn at(&self, step: &str) -> String {
        format!("/api/loans/{}/{step}", self.loan)
    }

    /// The bank's own number of a sale to the buyer, of this receipt for so many fen.
    fn sale(&self, number: &str, receipt: usize, proceeds: u64) -> Value {
        json!({"receipt": self.receipts[receipt], "buyer": BUYER, "proceeds": proceeds, "bank_reference": number})
    }

    /// What each account of the loan sums to: each entry sums to nothing, and so do all together.
    async fn accounts(&self, bank: &Client) -> Result<BTreeMap<String, i64>> {
        let mut sums = BTreeMap::new();
        for entry in listed(bank, &self.at("entries")).await? {
            let mut sum = 0;
            for posting in entry["postings"].as_array().context("no postings")? {
                let amount = posting["amount"].as_i64().context("no amount")?;
                *sums.entry(posting["account"].as_str().context("no account")?.to_owned()).or_default() += amount;
                sum += amount;
            }
            ensure!(sum == 0, "it does not sum to nothing: {entry}");
        }
        Ok(sums)
    }

    /// How often money moved in this way.
    async fn booked(&self, bank: &Client, kind: &str) -> Result<usize> {
        Ok(listed(bank, &self.at("entries")).await?.iter().filter(|e| e["kind"] == kind).count())
    }

    /// The company and the offices that are no bank may not do it, and the other bank does not find the loan.
    async fn is_for_its_bank(&self, x: &Xuzhou, step: &str, body: &Value) -> Result<()> {
        let path = self.at(step);
        for who in [&x.company, &x.regulator, &x.clerk, &self.carrier] {
            let refusal = refused(who, &path, body, 403, "role-required").await?;
            ensure!(refusal["role"] == "bank", "{refusal}");
        }
        let other = self.stranger.post(&path, body).await?;
        ensure!(other.status == 404, "another bank: {} {}", other.status, other.text);
        Ok(())
    }
}

fn fen(amount: u64) -> Result<i64> {
    Ok(i64::try_from(amount)?)
}

/// Paid out for thirty days, a seventh paid back on the same day, and nothing since: forty days later it is overdue.
async fn overdue(x: &mut Xuzhou) -> Result<BadLoan> {
    x.price(1_000).await?;
    let lot = x.coal(&x.warehouse(&[]).await?, 1_000).await?;
    let of = |tonnes: u64| json!({"lot": lot, "quantity": tonnes * 1_000});
    let first = id(&done(&x.clerk, "/api/receipts", &of(600)).await?)?;
    let second = id(&done(&x.clerk, "/api/receipts", &of(400)).await?)?;
    x.file().await?;
    let receipts = [first, second];
    let wanted = json!({"bank": BANK_1, "purpose": "采购", "principal": LENT, "term_days": 30, "receipts": receipts});
    let loan = id(&done(&x.company, "/api/loans", &wanted).await?)?;
    let on = |step: &str| format!("/api/loans/{loan}/{step}");
    done(&x.maker, &on("check-credit"), &json!({})).await?;
    x.agreed(&loan).await?;
    x.pay_out(&loan).await?;
    let back = json!({"bank_reference": "RP-1", "amount": BACK});
    ensure!(done(&x.maker, &on("repayments"), &back).await?["state"] == "repaying");
    // What is not overdue is not sold.
    refused(&x.checker, &on("dispose"), &json!({}), 409, "wrong-state").await?;
    x.later(40 * DAYS).await?;
    let carrier = x.city.signed_in(APP, "carrier-1").await?;
    let stranger = x.city.signed_in(APP, "bank-2-checker").await?;
    let bad = BadLoan { loan, receipts, carrier, stranger };
    let alert = x.alerted("overdue", 30).await?;
    ensure!(alert["loan"] == bad.loan.as_str(), "{alert}");
    let shown = x.overview(&bad.loan).await?["loan"].clone();
    ensure!(shown["state"] == "overdue", "{shown}");
    // A day of it costs 7,250 fen and after the due day, which is a business day, half as much again.
    let owed = shown["owed"].as_u64().context("no owed")?;
    let with_interest = |due: u64, days: u64| UNPAID + 7_250 * due + 10_875 * (days - due);
    ensure!((30..=32).any(|due| (40..=41).any(|days| owed == with_interest(due, days))), "{shown}");
    Ok(bad)
}

/// Entered by one officer and confirmed by the other, however often each says it: what the loan is afterwards.
async fn sold(x: &Xuzhou, bad: &BadLoan, sale: &Value) -> Result<Value> {
    let before = bad.accounts(&x.checker).await?;
    for answer in at_once(&x.maker, &bad.at("sales"), sale, REPEATED).await? {
        ensure!(answer.status == 200, "{}", answer.text);
    }
    let waiting = x.overview(&bad.loan).await?["loan"]["pending_sales"].clone();
    let here = |s: &&Value| s["bank_reference"] == sale["bank_reference"];
    let entered: Vec<&Value> = waiting.as_array().context("no sales")?.iter().filter(here).collect();
    ensure!(entered.len() == 1, "entered {} times: {waiting}", entered.len());
    let agreed = json!({"sale": entered[0]["number"], "confirmed": true});
    let confirm = bad.at("confirm-sale");
    let same = refused(&x.maker, &confirm, &agreed, 403, "same-hands").await?;
    ensure!(same["step"] == "confirm-sale" && same["first"] == "enter-sale", "{same}");
    bad.is_for_its_bank(x, "confirm-sale", &agreed).await?;
    ensure!(bad.accounts(&x.checker).await? == before, "money moved before two had said so");
    let mut after = Value::Null;
    for answer in at_once(&x.checker, &confirm, &agreed, REPEATED).await? {
        ensure!(answer.status == 200, "{}", answer.text);
        after = answer.json()?;
        let sales = after["sales"].as_array().context("no sales")?;
        ensure!(sales.iter().filter(here).count() == 1, "sold more than once: {after}");
    }
    Ok(after)
}

/// "repaying → overdue → disposal → written-off": what two sales do not bring is given up by who neither approved the loan
/// nor began the disposal, once and for all.
#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_loan_is_sold_by_two_and_its_shortfall_written_off_by_other_hands() -> Result<()> {
    let mut x = Xuzhou::start().await?;
    let bad = overdue(&mut x).await?;
    let dispose = bad.at("dispose");
    refused(&x.maker, &bad.at("sales"), &bad.sale("S-1", 0, 35_000_000), 409, "wrong-state").await?;
    bad.is_for_its_bank(&x, "dispose", &json!({})).await?;
    let begun = at_once(&x.checker, &dispose, &json!({}), REPEATED).await?;
    ensure!(begun.iter().filter(|a| a.status == 200).count() == 1, "begun once: {begun:?}");
    for again in begun.iter().filter(|a| a.status != 200) {
        ensure!(refusal(again, 409, "wrong-state")?["state"] == "disposal", "{}", again.text);
    }

    // The goods stay the owner's, who has no hand on them, until the bank has sold them.
    let reason = json!({"reason": "无法收回"});
    let unsold = refused(&x.maker, &bad.at("write-off"), &reason, 409, "already-pledged").await?;
    ensure!(bad.receipts.iter().any(|r| unsold["receipt"] == r.as_str()), "{unsold}");
    let goods = |n: usize, step: &str| format!("/api/receipts/{}{step}", bad.receipts[n]);
    refused(&x.company, &goods(0, "/withdraw"), &json!({}), 409, "already-pledged").await?;
    bad.is_for_its_bank(&x, "sales", &bad.sale("S-1", 0, 35_000_000)).await?;
    let after = sold(&x, &bad, &bad.sale("S-1", 0, 35_000_000)).await?;
    ensure!(after["state"] == "disposal" && after["sales"][0]["surplus"] == 0, "{after}");
    // Its number stands for this sale.
    refused(&x.maker, &bad.at("sales"), &bad.sale("S-1", 1, 35_000_000), 409, "reference-reused").await?;
    let buyer = x.buyer().await?;
    let bought = read(&buyer, &goods(0, "")).await?;
    ensure!(bought["holder"] == BUYER && bought["state"] == "released", "{bought}");
    ensure!(bought["pledged_to"].is_null(), "{bought}");
    ensure!(read(&buyer, &goods(0, "/verification")).await?["genuine"] == true);
    ensure!(x.company.get(&goods(0, "")).await?.status == 404, "it was the company's");
    let left = read(&x.company, &goods(1, "")).await?;
    ensure!(left["holder"] == MANUFACTURER && left["state"] == "pledged", "{left}");
    ensure!(done(&buyer, &goods(0, "/withdraw"), &json!({})).await?["state"] == "withdrawn");
    let after = sold(&x, &bad, &bad.sale("S-2", 1, 20_000_000)).await?;
    ensure!(after["state"] == "disposal" && after["owed"].as_u64().is_some_and(|owed| owed > 0), "{after}");

    let same = refused(&x.checker, &bad.at("write-off"), &reason, 403, "same-hands").await?;
    ensure!(same["step"] == "write-off" && same["first"] == "approve", "{same}");
    bad.is_for_its_bank(&x, "write-off", &reason).await?;
    let given_up = at_once(&x.maker, &bad.at("write-off"), &reason, REPEATED).await?;
    ensure!(given_up.iter().filter(|a| a.status == 200).count() == 1, "given up once: {given_up:?}");
    for again in given_up.iter().filter(|a| a.status != 200) {
        ensure!(refusal(again, 409, "wrong-state")?["state"] == "written-off", "{}", again.text);
    }
    ended_written_off(&x, &bad).await
}

/// What is left of it: a way, a sold register, and accounts that sum to what the bank lost.
async fn ended_written_off(x: &Xuzhou, bad: &BadLoan) -> Result<()> {
    let shown = x.overview(&bad.loan).await?;
    let loan = &shown["loan"];
    ensure!(loan["owed"] == 0 && loan["allowed"] == json!([]), "{loan}");
    let way: Vec<&str> = loan["history"].as_array().into_iter().flatten().filter_map(|p| p["state"].as_str()).collect();
    ensure!(way.ends_with(&["disbursed", "repaying", "overdue", "disposal", "written-off"]), "{way:?}");
    let register = listed(&x.checker, "/api/pledges").await?;
    let sold = |p: &Value| p["state"] == "enforced" && p["ended_at"].is_string();
    ensure!(register.len() == 2 && register.iter().all(sold), "{register:?}");
    let accounts = bad.accounts(&x.checker).await?;
    let on = |kind: &str, of: &str| accounts.get(&format!("{kind}:{of}")).copied().unwrap_or_default();
    ensure!(on("principal", &bad.loan) == 0 && on("interest", &bad.loan) == 0, "something is owed: {accounts:?}");
    ensure!(on("surplus", &bad.loan) == 0, "{accounts:?}");
    let (cash, income, losses) = (on("cash", BANK_1), on("income", BANK_1), on("losses", BANK_1));
    ensure!(cash == fen(BACK + 35_000_000 + 20_000_000)? - fen(LENT)?, "{accounts:?}");
    ensure!(income < 0 && losses == -cash - income, "what did not come back, interest included: {accounts:?}");
    for (kind, times) in [("disbursement", 1), ("repayment", 1), ("proceeds", 2), ("write-off", 1)] {
        ensure!(bad.booked(&x.checker, kind).await? == times, "not {times} of {kind}");
    }
    // It is over: what comes now is no repayment of it.
    let late = json!({"bank_reference": "RP-2", "amount": 100});
    refused(&x.maker, &bad.at("repayments"), &late, 409, "wrong-state").await?;
    ensure!(bad.accounts(&x.checker).await? == accounts);
    Ok(())
}

/// Goods that bring more than is owed settle the loan: what is over is the owner's, and so are the goods that were not
/// sold, once other hands than those of the sale let them go.
#[tokio::test(flavor = "multi_thread")]
async fn goods_that_bring_more_than_is_owed_settle_the_loan_and_the_surplus_is_the_owners() -> Result<()> {
    let mut x = Xuzhou::start().await?;
    let bad = overdue(&mut x).await?;
    ensure!(done(&x.maker, &bad.at("dispose"), &json!({})).await?["state"] == "disposal");
    // Who began the disposal and who approved the loan do not give it up.
    let reason = json!({"reason": "无法收回"});
    for (who, first) in [(&x.maker, "dispose"), (&x.checker, "approve")] {
        let same = refused(who, &bad.at("write-off"), &reason, 403, "same-hands").await?;
        ensure!(same["first"] == first, "{same}");
    }
    // A sale of the other receipt waits meanwhile, and comes to nothing.
    let other = done(&x.maker, &bad.at("sales"), &bad.sale("S-2", 1, 1_000)).await?;
    let other = json!({"sale": other["pending_sales"][0]["number"], "confirmed": true});
    let settled = sold(&x, &bad, &bad.sale("S-1", 0, 75_000_000)).await?;
    ensure!(settled["state"] == "settled" && settled["owed"] == 0, "{settled}");
    ensure!(settled["pending_sales"] == json!([]), "{settled}");
    refused(&x.checker, &bad.at("confirm-sale"), &other, 409, "no-such-sale").await?;
    refused(&x.checker, &bad.at("write-off"), &reason, 409, "wrong-state").await?;

    let accounts = bad.accounts(&x.checker).await?;
    let on = |kind: &str, of: &str| accounts.get(&format!("{kind}:{of}")).copied().unwrap_or_default();
    ensure!(on("principal", &bad.loan) == 0 && on("interest", &bad.loan) == 0, "something is owed: {accounts:?}");
    ensure!(on("losses", BANK_1) == 0, "{accounts:?}");
    let (cash, income, surplus) = (on("cash", BANK_1), on("income", BANK_1), on("surplus", &bad.loan));
    ensure!(cash == fen(BACK + 75_000_000)? - fen(LENT)?, "{accounts:?}");
    ensure!(income < 0 && surplus == -cash - income && surplus < 0, "the owner's, without the interest: {accounts:?}");
    let told = settled["sales"][0]["surplus"].as_u64().context("no surplus")?;
    ensure!(fen(told)? == -surplus, "{settled} {accounts:?}");
    let company = read(&x.company, &format!("/api/loans/{}", bad.loan)).await?;
    ensure!(company["loan"]["sales"] == settled["sales"], "the owner does not see it: {company}");

    let goods = |n: usize| format!("/api/receipts/{}", bad.receipts[n]);
    ensure!(read(&x.buyer().await?, &goods(0)).await?["holder"] == BUYER);
    let left = json!({"receipts": [{"receipt": bad.receipts[1]}]});
    for (who, first) in [(&x.maker, "repay"), (&x.checker, "confirm-sale")] {
        let same = refused(who, &bad.at("release"), &left, 403, "same-hands").await?;
        ensure!(same["step"] == "release" && same["first"] == first, "{same}");
    }
    let kept = read(&x.company, &goods(1)).await?;
    ensure!(kept["holder"] == MANUFACTURER && kept["state"] == "pledged", "it waits: {kept}");
    Ok(())
}
