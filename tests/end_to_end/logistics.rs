//! The logistics finance app over HTTP: its acceptance lines, its edges, and what the register of legal entities says
//! of a borrower. Everybody works with an account of the demo: two people of each bank, the custodian's clerk, the
//! carrier's dispatcher, the regulator, and the manufacturers' representatives under their mandates.

mod acceptance;
mod bad_loans;
mod devices;
mod edges;
mod lapses;
mod parts;
mod recovery;
mod repeats;
mod sensors;
mod standing;
mod third_party;
mod trade;

use crate::hub::done;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::{Answer, City, Client, Plan, eventually};

const APP: &str = "logistics-finance";
/// The manufacturer of the acceptance lines, whose representative is `citizen-011`.
const MANUFACTURER: &str = "91320300MA000TX14G";
/// Who buys of it; its representative is `citizen-012`.
const BUYER: &str = "91320300MA000TXF9E";
const CUSTODIAN: &str = "91320300MA000TX9X6";
const CARRIER: &str = "91320300MA000TXC4U";
const BANK_1: &str = "91320300MA000TXA86";
const BANK_2: &str = "91320300MA000TXB61";
/// Clients that call at once in a race.
const CROWD: usize = 200;
/// Fen that are lent on goods worth a million yuan, at most.
const LENT: u64 = 70_000_000;
const DAYS: Duration = Duration::from_secs(86_400);

/// The city, and everybody at work in it.
struct Xuzhou {
    city: City,
    regulator: Client,
    clerk: Client,
    /// Opens files, looks at credit records and asks for payments.
    maker: Client,
    /// Approves, signs and confirms.
    checker: Client,
    company: Client,
}

/// A call that must be refused so: the problem.
fn refusal(answer: &Answer, status: u16, kind: &str) -> Result<Value> {
    let problem = answer.problem(status)?;
    ensure!(problem["type"].as_str().is_some_and(|t| t.ends_with(&format!(":{kind}"))), "not {kind}: {problem}");
    Ok(problem)
}

async fn refused(client: &Client, path: &str, body: &Value, status: u16, kind: &str) -> Result<Value> {
    refusal(&client.post(path, body).await?, status, kind).with_context(|| path.to_owned())
}

/// The same call so many times at once, of which each is answered.
async fn at_once(client: &Client, path: &str, body: &Value, times: usize) -> Result<Vec<Answer>> {
    each_at_once(client, path, body, times).await.into_iter().collect()
}

/// The same call so many times at once, of which some may have no answer.
async fn each_at_once(client: &Client, path: &str, body: &Value, times: usize) -> Vec<Result<Answer>> {
    futures::future::join_all((0..times).map(|_| client.insist(path, body))).await
}

/// What is found at a path.
async fn read(client: &Client, path: &str) -> Result<Value> {
    let answer = client.get(path).await?;
    ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.text);
    answer.json()
}

/// The entries of a list that has one page.
async fn listed(client: &Client, path: &str) -> Result<Vec<Value>> {
    let page = read(client, &format!("{path}?limit=100")).await?;
    ensure!(page["next"].is_null(), "more than a page: {path}");
    Ok(page["items"].as_array().context("no items")?.clone())
}

fn id(of: &Value) -> Result<String> {
    Ok(of["id"].as_str().with_context(|| format!("no id: {of}"))?.to_owned())
}

impl Xuzhou {
    async fn start() -> Result<Self> {
        Self::start_with(&["--demo-grants", "--demo-people", "20"]).await
    }

    async fn start_with(args: &[&str]) -> Result<Self> {
        let city = Plan::with(&[APP]).config(APP, "sample", "false").args(args).start_copied().await?;
        let at = async |account| city.signed_in(APP, account).await;
        let (regulator, clerk) = (at("finance-admin").await?, at("warehouse-1").await?);
        let (maker, checker) = (at("bank-1-maker").await?, at("bank-1-checker").await?);
        let company = city.acting(APP, "citizen-011", "徐州示例制造一号有限公司").await?;
        Ok(Self { regulator, clerk, maker, checker, company, city })
    }

    /// A representative of the company that buys.
    async fn buyer(&self) -> Result<Client> {
        self.city.acting(APP, "citizen-012", "徐州示例制造二号有限公司").await
    }

    /// A tonne of coal costs so many yuan from now on.
    async fn price(&self, yuan: u64) -> Result<()> {
        let quote = json!({"goods": "coal-5500", "name": "动力煤", "unit": "kilogram", "price": yuan * 100, "source": "市场监测"});
        done(&self.regulator, "/api/quotes", &quote).await.map(drop)
    }

    /// A warehouse in 贾汪 with these affiliates.
    async fn warehouse(&self, affiliates: &[&str]) -> Result<String> {
        let new = json!({
            "name": "贾汪一号仓", "custodian": CUSTODIAN, "custodian_name": "仓储一号", "division": "320305", "address": "大吴街道",
            "affiliates": affiliates,
        });
        id(&done(&self.regulator, "/api/warehouses", &new).await?)
    }

    /// So many tonnes of the manufacturer's coal.
    async fn coal(&self, warehouse: &str, tonnes: u64) -> Result<String> {
        let new = json!({
            "warehouse": warehouse, "owner": MANUFACTURER, "goods": "coal-5500", "goods_name": "动力煤", "spec": "Q5500",
            "unit": "kilogram", "quantity": tonnes * 1_000, "location": "A-01",
        });
        id(&done(&self.clerk, "/api/lots", &new).await?)
    }

    /// A receipt for all of a new lot in a warehouse of its own.
    async fn receipt(&self, tonnes: u64) -> Result<Value> {
        let lot = self.coal(&self.warehouse(&[]).await?, tonnes).await?;
        done(&self.clerk, "/api/receipts", &json!({"lot": lot, "quantity": tonnes * 1_000})).await
    }

    /// The first bank opens the manufacturer's file, and the company agrees to a look at its credit record.
    async fn file(&self) -> Result<()> {
        done(&self.maker, "/api/borrowers", &json!({ "uscc": MANUFACTURER })).await?;
        done(&self.company, "/api/consents", &json!({ "bank": BANK_1 })).await.map(drop)
    }

    /// Applied for at the first bank and checked, on 1,000 t of coal that are worth a million yuan: the loan and the
    /// receipt.
    async fn checked(&self, principal: u64) -> Result<(String, Value)> {
        self.price(1_000).await?;
        let receipt = self.receipt(1_000).await?;
        self.file().await?;
        let loan = id(&done(&self.company, "/api/loans", &application(BANK_1, &id(&receipt)?, principal)).await?)?;
        done(&self.maker, &format!("/api/loans/{loan}/check-credit"), &json!({})).await?;
        Ok((loan, receipt))
    }

    /// A loan that was checked is approved, signed and registered.
    async fn agreed(&self, loan: &str) -> Result<()> {
        for (who, step) in [
            (&self.checker, "approve"),
            (&self.checker, "sign"),
            (&self.company, "sign"),
            (&self.checker, "register-pledges"),
        ] {
            done(who, &format!("/api/loans/{loan}/{step}"), &json!({})).await?;
        }
        Ok(())
    }

    /// The bank asks for the money of a loan that is agreed, and pays.
    async fn pay_out(&self, loan: &str) -> Result<()> {
        done(&self.maker, &format!("/api/loans/{loan}/ask-disbursement"), &json!({})).await?;
        done(&self.checker, &format!("/api/loans/{loan}/confirm-disbursement"), &paid()).await.map(drop)
    }

    /// Approved, signed and registered: what is missing is the money.
    async fn ready(&self) -> Result<(String, Value)> {
        let (loan, receipt) = self.checked(LENT).await?;
        self.agreed(&loan).await?;
        Ok((loan, receipt))
    }

    /// The money is out: 700,000 yuan on goods worth a million.
    async fn out(&self) -> Result<(String, Value)> {
        let (loan, receipt) = self.ready().await?;
        self.pay_out(&loan).await?;
        Ok((loan, receipt))
    }

    /// So much time passes, and everybody signs in anew.
    async fn later(&mut self, time: Duration) -> Result<()> {
        self.city.restart_after(time).await?;
        let at = async |account| self.city.signed_in(APP, account).await;
        let (regulator, clerk) = (at("finance-admin").await?, at("warehouse-1").await?);
        let (maker, checker) = (at("bank-1-maker").await?, at("bank-1-checker").await?);
        let company = self.city.acting(APP, "citizen-011", "徐州示例制造一号有限公司").await?;
        (self.regulator, self.clerk) = (regulator, clerk);
        (self.maker, self.checker, self.company) = (maker, checker, company);
        Ok(())
    }

    /// The first bank's alerts of a kind.
    async fn alerts(&self, kind: &str) -> Result<Vec<Value>> {
        let all = listed(&self.checker, "/api/alerts").await?;
        Ok(all.into_iter().filter(|a| a["kind"] == kind).collect())
    }

    /// The first bank has an alert of this kind within so many seconds.
    async fn alerted(&self, kind: &str, seconds: u64) -> Result<Value> {
        eventually(&format!("the bank has the alert {kind}"), Duration::from_secs(seconds), async || {
            Ok(self.alerts(kind).await?.into_iter().next())
        })
        .await
    }

    /// The loan as its bank sees it, with its pledges, receipts and value.
    async fn overview(&self, loan: &str) -> Result<Value> {
        read(&self.checker, &format!("/api/loans/{loan}")).await
    }
}

fn application(bank: &str, receipt: &str, principal: u64) -> Value {
    json!({"bank": bank, "purpose": "采购", "principal": principal, "term_days": 90, "receipts": [receipt]})
}

fn paid() -> Value {
    json!({"outcome": "paid", "bank_reference": "BK-1"})
}
