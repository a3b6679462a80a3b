//! Logistics finance: lots come in, more receipts are asked for than they hold, two banks are asked for one receipt at
//! once, and loans go from their application to their end, each step by whoever may take it. A step whose answer was lost
//! is found by looking at the loan again.

mod margin;
mod sensors;
mod trade;

pub(crate) use margin::Market;
pub(crate) use sensors::Gate;
pub(crate) use trade::Seller;

use super::{Actor, Dice, answer, id, key, keyed, made, next, posted};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_tests::{City, Client};

pub(crate) const APP: &str = "logistics-finance";
/// How the book calls what is here.
pub(crate) const LOAN: &str = "loan";
pub(crate) const RECEIPT: &str = "receipt";
/// The company that borrows and sells, with its representative, who buys of it, and who keeps and who carries its goods.
pub(crate) const MANUFACTURER: &str = "91320300MA000TX14G";
pub(crate) const BUYER: &str = "91320300MA000TXF9E";
const CARRIER: &str = "91320300MA000TXC4U";
const CUSTODIAN: &str = "91320300MA000TX9X6";
/// The two banks.
const BANKS: [&str; 2] = ["91320300MA000TXA86", "91320300MA000TXB61"];
const COAL: &str = "coal-5500";
/// Kilograms of a lot, and of the receipts that are asked for at once: more than there is.
const LOT: u64 = 300_000;
const ASKED: [u64; 3] = [200_000, 200_000, 100_000];
/// Yuan for a tonne, and what is lent on it, in basis points.
const YUAN: u64 = 1_000;
const LENT: u64 = 7_000;
/// Steps of a loan that are taken at most in one go.
const STEPS: usize = 16;

/// A bank's two people: who opens files and asks for payments, and who approves, signs and confirms.
pub(crate) struct Bank {
    pub(crate) maker: Client,
    pub(crate) checker: Client,
}

/// Everybody at work.
pub(crate) struct Finance {
    pub(crate) regulator: Client,
    pub(crate) clerk: Client,
    pub(crate) carrier: Client,
    pub(crate) banks: [Bank; 2],
    company: Client,
    /// Whoever has not signed in: a device among them.
    anybody: Client,
    warehouse: String,
}

impl Finance {
    pub(crate) async fn open(city: &City) -> Result<Self> {
        let at = async |account: &str| city.signed_in(APP, account).await;
        let bank = async |n: u32| {
            let (maker, checker) = (at(&format!("bank-{n}-maker")).await?, at(&format!("bank-{n}-checker")).await?);
            Ok::<_, anyhow::Error>(Bank { maker, checker })
        };
        let company = city.acting(APP, "citizen-011", "徐州示例制造一号有限公司").await?;
        let anybody = city.client(APP)?;
        let (regulator, banks) = (at("finance-admin").await?, [bank(1).await?, bank(2).await?]);
        made(&regulator, Method::POST, "/api/quotes", &quote(COAL, YUAN)).await?;
        let new = json!({
            "name": "贾汪一号仓", "custodian": CUSTODIAN, "custodian_name": "仓储一号", "division": "320305",
            "address": "大吴街道", "affiliates": [],
        });
        let warehouse = id(&made(&regulator, Method::POST, "/api/warehouses", &new).await?)?;
        for (uscc, bank) in BANKS.iter().zip(&banks) {
            made(&bank.maker, Method::POST, "/api/borrowers", &json!({ "uscc": MANUFACTURER })).await?;
            made(&company, Method::POST, "/api/consents", &json!({ "bank": uscc })).await?;
        }
        let (clerk, carrier) = (at("warehouse-1").await?, at("carrier-1").await?);
        Ok(Self { regulator, clerk, carrier, banks, company, anybody, warehouse })
    }

    /// The bank of a loan.
    fn bank(&self, loan: &Value) -> &Bank {
        &self.banks[usize::from(loan["bank"] == BANKS[1])]
    }
}

/// What a tonne costs.
fn quote(goods: &str, yuan: u64) -> Value {
    json!({"goods": goods, "name": "动力煤", "unit": "kilogram", "price": yuan * 100, "source": "市场监测"})
}

/// Somebody who brings goods and borrows on them.
pub(crate) struct Trader {
    finance: Arc<Finance>,
    book: Arc<Book>,
    dice: Dice,
}

impl Actor for Trader {
    async fn act(&mut self) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(self.dice.below(1_500))).await;
        let n = next().0;
        let Some(receipt) = self.receipt(n).await? else { return Ok(()) };
        let receipt = if self.dice.below(3) == 0 { self.split(n, &receipt).await? } else { receipt };
        let Some(loan) = self.apply(n, &receipt).await? else { return Ok(()) };
        self.drive(n, &loan).await
    }
}

impl Trader {
    pub(crate) fn start(book: &Arc<Book>, finance: &Arc<Finance>, dice: Dice) -> Self {
        Self { finance: finance.clone(), book: book.clone(), dice }
    }

    /// Brings a lot of these goods.
    async fn lot(&self, n: u32, goods: &str) -> Result<String> {
        let new = json!({
            "warehouse": self.finance.warehouse, "owner": MANUFACTURER, "goods": goods, "goods_name": "动力煤",
            "spec": "Q5500", "unit": "kilogram", "quantity": LOT, "location": "A-01",
        });
        let made = keyed(&self.book, &self.finance.clerk, "/api/lots", &key(n, "lot"), &new).await?;
        ensure!(made.status == 201, "receiveLot: {} {}", made.status, made.text);
        let lot = id(&made.json()?)?;
        self.book.note("lot", lot.clone());
        Ok(lot)
    }

    /// Brings a lot that one receipt has whole.
    async fn whole(&self, n: u32, goods: &str) -> Result<Value> {
        let body = json!({"lot": self.lot(n, goods).await?, "quantity": LOT});
        let made = keyed(&self.book, &self.finance.clerk, "/api/receipts", &key(n, "whole"), &body).await?;
        ensure!(made.status == 201, "createReceipt: {} {}", made.status, made.text);
        let receipt = made.json()?;
        self.book.saw(RECEIPT, &receipt);
        Ok(receipt)
    }

    /// Brings a lot, and asks at once for more receipts than it holds; the first that was issued.
    async fn receipt(&self, n: u32) -> Result<Option<Value>> {
        let (book, clerk) = (&self.book, &self.finance.clerk);
        let lot = self.lot(n, COAL).await?;
        let ask = ASKED.iter().enumerate().map(|(i, quantity)| {
            let body = json!({"lot": lot, "quantity": quantity});
            async move { keyed(book, clerk, "/api/receipts", &key(n, &format!("receipt-{i}")), &body).await }
        });
        let (mut issued, mut first) = (0, None);
        for answer in futures::future::try_join_all(ask).await? {
            if answer.status == 409 {
                book.count("receipts that were refused: the lot is short");
                continue;
            }
            ensure!(answer.status == 201, "createReceipt: {} {}", answer.status, answer.text);
            let receipt = answer.json()?;
            book.saw(RECEIPT, &receipt);
            book.count("receipts");
            issued += receipt["quantity"].as_u64().context("no quantity")?;
            first.get_or_insert(receipt);
        }
        if issued > LOT {
            book.breach(format!("receipts of {issued} kg were issued for the lot {lot} of {LOT} kg"));
        }
        Ok(first)
    }

    /// Divides a receipt and makes one of the parts again.
    async fn split(&self, n: u32, receipt: &Value) -> Result<Value> {
        let (book, company) = (&self.book, &self.finance.company);
        let whole = receipt["quantity"].as_u64().context("no quantity")?;
        let parts = json!({"quantities": [whole / 3, whole - whole / 3]});
        let path = format!("/api/receipts/{}/split", id(receipt)?);
        let parts = keyed(book, company, &path, &key(n, "split"), &parts).await?;
        ensure!((200..300).contains(&parts.status), "{path}: {} {}", parts.status, parts.text);
        let parts = parts.json()?["receipts"].as_array().context("no parts")?.clone();
        parts.iter().for_each(|part| book.saw(RECEIPT, part));
        let both = json!({"receipts": parts.iter().map(id).collect::<Result<Vec<_>>>()?});
        let merged = keyed(book, company, "/api/receipts/merge", &key(n, "merge"), &both).await?;
        ensure!((200..300).contains(&merged.status), "merge: {} {}", merged.status, merged.text);
        let merged = merged.json()?;
        book.saw(RECEIPT, &merged);
        book.count("receipts that were split and merged");
        Ok(merged)
    }

    /// Both banks at once for one receipt: one of them has it.
    async fn apply(&self, n: u32, receipt: &Value) -> Result<Option<Value>> {
        let kilograms = receipt["quantity"].as_u64().context("no quantity")?;
        let most = kilograms / 1_000 * YUAN * 100 * LENT / 10_000;
        let ask = BANKS.iter().enumerate().map(|(i, bank)| {
            let body = json!({
                "bank": bank, "purpose": "采购", "principal": most, "term_days": 90, "receipts": [receipt["id"]],
            });
            let (book, company) = (&self.book, &self.finance.company);
            async move { keyed(book, company, "/api/loans", &key(n, &format!("loan-{i}")), &body).await }
        });
        let mut loans = Vec::new();
        for answer in futures::future::try_join_all(ask).await? {
            if answer.status == 201 {
                let loan = answer.json()?;
                self.book.saw(LOAN, &loan);
                loans.push(loan);
            } else {
                ensure!(answer.status == 409, "applyForLoan: {} {}", answer.status, answer.text);
                self.book.count("applications for a pledged receipt that were refused");
            }
        }
        if loans.len() > 1 {
            self.book.breach(format!("one receipt secures two loans: {loans:?}"));
        }
        self.book.count("applications for loans at two banks at once");
        Ok(loans.pop())
    }

    /// Takes one step after the other with a loan, by what is seen of it.
    async fn drive(&mut self, n: u32, loan: &Value) -> Result<()> {
        let path = format!("/api/loans/{}", id(loan)?);
        for turn in 0..STEPS {
            let shown = self.seen(loan, &path).await?;
            let goes_on = match shown["loan"]["state"].as_str().context("no state")? {
                "applied" | "credit-checked" | "approved" | "signed" => self.originate(&path, &shown).await?,
                "disbursed" | "repaying" => self.service(&path, &shown, n * 100 + turn as u32).await?,
                "settled" => {
                    self.let_go(&path, &shown).await?;
                    self.book.count("loans that were settled");
                    false
                }
                _ => false,
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// The loan as its bank sees it now.
    async fn seen(&self, loan: &Value, path: &str) -> Result<Value> {
        let shown = answer(&self.book, self.finance.bank(loan).maker.request(Method::GET, path)).await?;
        if shown.status == 404 {
            self.book.breach(format!("the acknowledged loan {path} is not there"));
        }
        ensure!(shown.status == 200, "getLoan: {} {}", shown.status, shown.text);
        let shown = shown.json()?;
        self.book.saw(LOAN, &shown["loan"]);
        Ok(shown)
    }

    /// A loan on a receipt, brought as far as `there` says; nothing where it came to nothing on the way.
    async fn lent(&mut self, n: u32, receipt: &Value, there: fn(&Value) -> bool) -> Result<Option<Value>> {
        let Some(loan) = self.apply(n, receipt).await? else { return Ok(None) };
        let path = format!("/api/loans/{}", id(&loan)?);
        for _ in 0..STEPS {
            let shown = self.seen(&loan, &path).await?;
            if there(&shown) {
                return Ok(Some(shown));
            }
            if shown["loan"]["state"] == "rejected" || !self.originate(&path, &shown).await? {
                break;
            }
        }
        Ok(None)
    }

    async fn take(&self, who: &Client, path: &str, step: &str, body: &Value) -> Result<()> {
        let taken = posted(&self.book, who, &format!("{path}/{step}"), body).await?;
        if taken.status == 200 {
            self.book.saw(LOAN, &taken.json()?);
        } else if std::env::var_os("SOAK_VERBOSE").is_some() {
            eprintln!("{path}/{step}: {} {}", taken.status, taken.text);
        }
        Ok(())
    }

    /// Up to the payment. Whether it goes on.
    async fn originate(&mut self, path: &str, shown: &Value) -> Result<bool> {
        let (finance, loan) = (self.finance.clone(), &shown["loan"]);
        let bank = finance.bank(loan);
        let (who, step, body) = match loan["state"].as_str().unwrap_or_default() {
            "applied" => (&bank.maker, "check-credit", json!({})),
            "credit-checked" if self.dice.below(8) == 0 => (&finance.company, "reject", json!({"reason": "改变计划"})),
            "credit-checked" => (&bank.checker, "approve", json!({})),
            "approved" if loan["bank_signed_at"].is_null() => (&bank.checker, "sign", json!({})),
            "approved" => (&finance.company, "sign", json!({})),
            _ if pledges(shown).any(|p| p["registered_at"].is_null()) => (&bank.checker, "register-pledges", json!({})),
            _ if loan["disbursement"].is_null() => (&bank.maker, "ask-disbursement", json!({})),
            _ => {
                // The bank's answer comes twice, at once.
                let paid = json!({"outcome": "paid", "bank_reference": format!("BK-{}", id(loan)?)});
                let confirm = || self.take(&bank.checker, path, "confirm-disbursement", &paid);
                tokio::try_join!(confirm(), confirm())?;
                self.book.count("disbursements that were confirmed twice at once");
                return Ok(true);
            }
        };
        self.take(who, path, step, &body).await?;
        Ok(step != "reject")
    }

    /// While money is out. Whether it goes on.
    async fn service(&mut self, path: &str, shown: &Value, n: u32) -> Result<bool> {
        let (finance, loan) = (self.finance.clone(), &shown["loan"]);
        let bank = finance.bank(loan);
        let owed = loan["owed"].as_u64().context("no owed")?;
        match self.dice.below(5) {
            0 => return Ok(false),
            1 => {
                // A third of the goods, which may be more than what is owed allows.
                let Some(pledge) = pledges(shown).next() else { return Ok(false) };
                let third = pledge["quantity"].as_u64().unwrap_or(3) / 3;
                let part = json!({"receipts": [{"receipt": pledge["receipt"], "quantity": third}]});
                self.take(&bank.checker, path, "release", &part).await?;
                self.book.count("partial releases that were asked for");
            }
            choice => {
                let amount = if choice == 2 { owed } else { (owed / 3).max(1) };
                let reference = key(n, "RP");
                let body = json!({"bank_reference": reference, "amount": amount});
                let path = format!("{path}/repayments");
                let pay = || posted(&self.book, &bank.maker, &path, &body);
                for taken in <[_; 2]>::from(tokio::try_join!(pay(), pay())?) {
                    if taken.status == 200 {
                        self.book.saw(LOAN, &taken.json()?);
                        self.book.note("repayment", format!("{}/{reference}", id(loan)?));
                    }
                }
                self.book.count("repayments that were booked twice at once");
            }
        }
        Ok(true)
    }

    /// Everything that is still pledged.
    async fn let_go(&self, path: &str, shown: &Value) -> Result<()> {
        let left: Vec<Value> = pledges(shown).map(|p| json!({"receipt": p["receipt"]})).collect();
        if left.is_empty() {
            return Ok(());
        }
        let bank = self.finance.bank(&shown["loan"]);
        self.take(&bank.checker, path, "release", &json!({ "receipts": left })).await
    }
}

/// A loan's pledges that stand.
fn pledges(shown: &Value) -> impl Iterator<Item = &Value> {
    shown["pledges"].as_array().into_iter().flatten().filter(|p| p["ended_at"].is_null())
}
