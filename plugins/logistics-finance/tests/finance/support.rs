//! A city with the app installed, and short words for what the tests do.

use logistics_finance::LogisticsFinance;
use logistics_finance::domain::actor::Actor;
use logistics_finance::domain::loan::{Loan, Outcome};
use logistics_finance::domain::receipt::Receipt;
use logistics_finance::domain::refused::Refused;
use logistics_finance::domain::warehouse::{Lot, Unit, Warehouse};
use logistics_finance::service::loans::NewLoan;
use logistics_finance::service::quotes::NewQuote;
use logistics_finance::service::receipts::NewReceipt;
use logistics_finance::service::warehouses::{NewLot, NewWarehouse};
use logistics_finance::service::{Refusal, borrowers, loans, quotes, receipts, warehouses, who};
use serde_json::json;
use yunlong_sdk::identity::{ActingFor, Assurance, Grantor};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{Kind, Principal};

pub(crate) const APP: &str = include_str!("../../app.toml");
/// Tuesday 2026-11-24, 08:00 in Shanghai.
pub(crate) const TUESDAY: i64 = 1_795_478_400_000;
pub(crate) const DAY: u64 = 86_400_000;
/// The manufacturer.
pub(crate) const A: &str = "91320300MA000TX14G";
/// Another company.
pub(crate) const C: &str = "91320300MA000TXF9E";
/// The custodian.
pub(crate) const W: &str = "91320300MA000TX9X6";
/// The banks.
pub(crate) const BANK_A: &str = "91320300MA000TXA86";
pub(crate) const BANK_B: &str = "91320300MA000TXB61";
/// The carrier.
pub(crate) const CARRIER: &str = "91320300MA000TXC4U";
/// A million yuan in fen, which 1,000 t of coal are worth at 1,000 yuan a tonne.
pub(crate) const TONNE: u64 = 1_000;

pub(crate) struct Xuzhou {
    pub(crate) city: TestCity,
}

impl std::ops::Deref for Xuzhou {
    type Target = TestCity;
    fn deref(&self) -> &TestCity {
        &self.city
    }
}

impl Xuzhou {
    pub(crate) fn new() -> Self {
        let city = TestCity::new(APP);
        city.set_now(TUESDAY as u64);
        city.configure("sample", false);
        city.install::<LogisticsFinance>().unwrap();
        city.grant("legal-entities.entity", "borrower-standing");
        city.grant("legal-entities.entity", "party-names");
        city.grant("credit.event", "loan-credit-check");
        let x = Self { city };
        for company in [A, C] {
            x.register(company, "active");
        }
        x
    }

    /// How a company stands in the register of legal entities.
    pub(crate) fn register(&self, company: &str, status: &str) {
        let body = json!({"uscc": company, "name": format!("{company}公司"), "status": status, "representative": "x"});
        self.put_record("legal-entities.entity", company, None, &body);
    }

    pub(crate) fn official(&self, person: &str, organization: &str, role: &str) -> Actor {
        self.sign_in_as(Principal {
            subject: Some(person.into()),
            kind: Kind::Official,
            assurance: Assurance::MultiFactor,
            roles: vec![role.into()],
            organization: Some(organization.into()),
        });
        who().unwrap()
    }

    /// An officer of a bank.
    pub(crate) fn bank(&self, bank: &str, person: &str) -> Actor {
        self.official(&format!("{bank}-{person}"), bank, "bank")
    }

    /// A clerk of the custodian.
    pub(crate) fn clerk(&self) -> Actor {
        self.official("clerk", W, "warehouse")
    }

    pub(crate) fn regulator(&self) -> Actor {
        self.official("regulator", "320300", "regulator")
    }

    pub(crate) fn carrier(&self) -> Actor {
        self.official("dispatcher", CARRIER, "carrier")
    }

    /// Somebody who acts for a company.
    pub(crate) fn company(&self, code: &str) -> Actor {
        self.acting(&format!("rep-{code}"), code)
    }

    /// A person who acts for a company.
    pub(crate) fn acting(&self, subject: &str, code: &str) -> Actor {
        self.sign_in(subject);
        self.act_for(Some(ActingFor {
            subject: format!("company-{code}"),
            grantor: Grantor::Company { code: code.into(), name: format!("{code}公司") },
            mandate: "m-1".into(),
        }));
        who().unwrap()
    }

    pub(crate) fn warehouse(&self) -> Warehouse {
        let new = NewWarehouse {
            name: "贾汪一号仓".into(),
            custodian: W.into(),
            custodian_name: "仓储一号".into(),
            division: "320305004002".into(),
            address: "大吴街道".into(),
            ..NewWarehouse::default()
        };
        warehouses::register(&self.regulator(), Some("wh"), &new).unwrap()
    }

    /// So many tonnes of coal in 贾汪.
    pub(crate) fn coal(&self, tonnes: u64) -> Lot {
        let new = NewLot {
            warehouse: self.warehouse().id,
            owner: A.into(),
            goods: "coal-5500".into(),
            goods_name: "动力煤".into(),
            spec: "Q5500".into(),
            unit: Unit::Kilogram,
            quantity: tonnes * TONNE,
            location: "A-01".into(),
            ..NewLot::default()
        };
        warehouses::receive(&self.clerk(), None, &new).unwrap()
    }

    pub(crate) fn issue(&self, lot: &Lot, tonnes: u64) -> Result<Receipt, Refusal> {
        let new = NewReceipt { lot: lot.id.clone(), quantity: tonnes * TONNE, holder: None };
        receipts::issue_new(&self.clerk(), None, &new)
    }

    /// Yuan for a tonne of coal.
    pub(crate) fn price(&self, yuan: u64) {
        let new = NewQuote {
            goods: "coal-5500".into(),
            name: "动力煤".into(),
            unit: Unit::Kilogram,
            price: yuan * 100,
            source: "市场监测".into(),
            ..NewQuote::default()
        };
        quotes::publish(&self.regulator(), &new).unwrap();
    }

    /// Opens the company's file, by an officer of its own, and has the company agree.
    pub(crate) fn file(&self, bank: &str) {
        borrowers::open_file(&self.bank(bank, "opener"), A).unwrap();
        borrowers::consent(&self.company(A), bank).unwrap();
    }

    pub(crate) fn apply(&self, bank: &str, principal: u64, receipts: &[&Receipt]) -> Result<Loan, Refusal> {
        let new = NewLoan {
            bank: bank.into(),
            purpose: "采购".into(),
            principal,
            term_days: 90,
            receipts: receipts.iter().map(|r| r.id.clone()).collect(),
        };
        loans::apply(&self.company(A), None, &new)
    }

    /// Applied for and checked, on 1,000 t of coal that are worth a million.
    pub(crate) fn checked(&self, principal: u64) -> (Loan, Receipt) {
        self.price(1_000);
        let receipt = self.issue(&self.coal(1_000), 1_000).unwrap();
        self.file(BANK_A);
        let loan = self.apply(BANK_A, principal, &[&receipt]).unwrap();
        loans::check_credit(&self.bank(BANK_A, "checker"), &loan.id).unwrap();
        (loan, receipt)
    }

    /// Approved, signed, registered: what is missing is the money.
    pub(crate) fn ready(&self, principal: u64) -> (Loan, Receipt) {
        let (loan, receipt) = self.checked(principal);
        loans::approve(&self.bank(BANK_A, "approver"), &loan.id, None).unwrap();
        loans::sign(&self.company(A), &loan.id).unwrap();
        loans::sign(&self.bank(BANK_A, "approver"), &loan.id).unwrap();
        let loan = loans::register_pledges(&self.bank(BANK_A, "approver"), &loan.id).unwrap();
        (loan, receipt)
    }

    /// The money is out.
    pub(crate) fn out(&self, principal: u64) -> (Loan, Receipt) {
        let (loan, receipt) = self.ready(principal);
        loans::ask_disbursement(&self.bank(BANK_A, "maker"), &loan.id).unwrap();
        let loan = loans::confirm_disbursement(&self.bank(BANK_A, "payer"), &loan.id, None, &paid("BK-1")).unwrap();
        (loan, receipt)
    }

    /// Another loan of the same company and bank, on 100 t of coal in a warehouse, up to the registered pledge.
    pub(crate) fn second_loan(&self, warehouse: &str) -> Loan {
        self.price(1_000);
        let lot = self.coal(100);
        assert_eq!(lot.warehouse, warehouse);
        let receipt = self.issue(&lot, 100).unwrap();
        let id = self.apply(BANK_A, 7_000_000, &[&receipt]).unwrap().id;
        loans::check_credit(&self.bank(BANK_A, "checker"), &id).unwrap();
        loans::approve(&self.bank(BANK_A, "approver"), &id, None).unwrap();
        loans::sign(&self.company(A), &id).unwrap();
        loans::sign(&self.bank(BANK_A, "approver"), &id).unwrap();
        loans::register_pledges(&self.bank(BANK_A, "approver"), &id).unwrap()
    }

    /// Delivers all that is due.
    pub(crate) fn settle(&self) {
        self.deliver::<LogisticsFinance>();
        assert!(self.dead_letters().is_empty(), "{:?}", self.dead_letters());
    }

    /// The alerts that a bank has got, by their kind.
    pub(crate) fn alerts(&self, bank: &str) -> Vec<&'static str> {
        let page = logistics_finance::service::alerts::list(&self.bank(bank, "officer"), 100, None).unwrap();
        page.items.iter().map(|a| a.kind.code()).collect()
    }

    pub(crate) fn audited(&self, action: &str) -> usize {
        self.audit().iter().filter(|a| a.action == action).count()
    }
}

pub(crate) fn paid(reference: &str) -> Outcome {
    Outcome::Paid { bank_reference: reference.into() }
}

/// The rule that refused it.
pub(crate) fn rule<T: std::fmt::Debug>(done: Result<T, Refusal>) -> Refused {
    match done {
        Err(Refusal::Rule(rule)) => rule,
        other => panic!("no rule refused it: {other:?}"),
    }
}

pub(crate) fn not_found<T: std::fmt::Debug>(done: Result<T, Refusal>) {
    assert!(matches!(done, Err(Refusal::NotFound)), "{done:?}");
}
