//! Loans on receipts.

mod recovery;
mod servicing;

pub use recovery::{NewSale, confirm_sale, dispose, enter_sale, unfreeze, write_off};
pub use servicing::{Freed, ask_disbursement, confirm_disbursement, release, repay, revalue};

use super::borrowers::STANDING;
use super::fields::Check;
use super::{Numbered, Refusal, known, now, quotes, refused_hands, signed};
use crate::domain::actor::{Actor, Role};
use crate::domain::borrower::{Borrower, Consent, CreditCheck};
use crate::domain::effect::Effect;
use crate::domain::ledger::Entry;
use crate::domain::loan::{Application, Approval, Deal, Loan, State};
use crate::domain::pledge::Pledge;
use crate::domain::quote::Valuation;
use crate::domain::receipt::Receipt;
use crate::domain::refused::Refused;
use crate::domain::warehouse::Warehouse;
use crate::policy;
use crate::store::{self, ENTRIES, LOANS, PLEDGES, by, load_deal, stage_deal};
use serde::Serialize;
use serde_json::{Value, json};
use yunlong_sdk::base::{credit, legal_entities};
use yunlong_sdk::{DataError, Page, Stored, Tx, transact};

/// For what the credit record is read, as `app.toml` declares it.
const CREDIT: &str = "loan-credit-check";
/// The most receipts of one application.
pub const MAX_RECEIPTS: usize = 50;

/// What a company asks for.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewLoan {
    /// The bank's organization.
    pub bank: String,
    /// What for.
    pub purpose: String,
    /// Fen.
    pub principal: u64,
    /// For how many days: 1 to 1,080.
    pub term_days: u32,
    /// The receipts that secure it.
    pub receipts: Vec<String>,
}

/// Takes a step with a loan and all that belongs to it, and writes it: everything or nothing.
fn change(
    id: &str,
    action: &str,
    may: impl Fn(&Loan) -> Result<(), Refusal>,
    take: impl Fn(&Tx<'_>, &mut Deal, i64) -> Result<(Vec<Effect>, Value), Refusal>,
) -> Result<Loan, Refusal> {
    let attempt = || {
        transact(|tx| {
            let mut deal = deal(tx, id)?;
            may(&deal.loan)?;
            let before = deal.clone();
            let (effects, detail) = take(tx, &mut deal, now())?;
            if deal == before && effects.is_empty() {
                // The same thing said again.
                return Ok(deal.loan);
            }
            stage_deal(tx, Some(&before), &mut deal, effects, signed)?;
            tx.audit(action, id, &detail)?;
            Ok(deal.loan)
        })
    };
    // Somebody wrote the same entry since the loan was read: now the loan knows of it.
    let done = match attempt() {
        Err(Refusal::Data(DataError::AlreadyExists(_))) => attempt(),
        Err(Refusal::Data(DataError::UniqueViolation { index, .. })) if index == by::ENTRY_NUMBER.name() => attempt(),
        done => done,
    };
    refused_hands(done.map_err(booked), action, id)
}

/// The unique index says that the bank's number stands for another movement of its money.
fn booked(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Data(DataError::UniqueViolation { index, existing, .. }) if index == by::ENTRY_NUMBER.name() => {
            let first = ENTRIES.get(&existing).ok().flatten();
            let reference = first.and_then(|e| e.number().map(str::to_owned)).unwrap_or_default();
            Refused::ReferenceReused { reference }.into()
        }
        other => other,
    }
}

fn deal(tx: &Tx<'_>, id: &str) -> Result<Deal, Refusal> {
    match load_deal(tx, id) {
        Ok(Some(deal)) => Ok(deal),
        Ok(None) | Err(DataError::Invalid(_)) => Err(Refusal::NotFound),
        Err(e) => Err(e.into()),
    }
}

fn of_bank(actor: &Actor) -> impl Fn(&Loan) -> Result<(), Refusal> {
    move |loan| Ok(actor.needs_of(Role::Bank, &loan.bank)?)
}

fn of_borrower(actor: &Actor) -> impl Fn(&Loan) -> Result<(), Refusal> {
    move |loan| Ok(actor.needs_of(Role::Manufacturer, &loan.borrower)?)
}

/// A company applies, at a bank that has a file of it. From now on the receipts wait for this bank alone.
///
/// # Errors
/// [`Refusal`]: `already-pledged` when another bank was first.
pub fn apply(actor: &Actor, key: Option<&str>, new: &NewLoan) -> Result<Loan, Refusal> {
    actor.needs(Role::Manufacturer)?;
    let mut check = Check::new();
    let purpose = check.text("/purpose", &new.purpose, 100);
    let principal = check.fen("/principal", new.principal);
    if !(1..=1_080).contains(&new.term_days) {
        check.wrong("/term_days", yunlong_sdk::t("期限应为 1 至 1080 天", "A term has 1 to 1,080 days"));
    }
    receipts_of(&mut check, &new.receipts);
    check.done()?;
    let terms = policy::terms(new.term_days)?;
    let number = Numbered::new("LN", actor, key, new)?;
    number.once(|id| LOANS.get(id), |l| &l.request, || {
        transact(|tx| {
            let file: Borrower = known(tx.get(&Borrower::key(&new.bank, &actor.organization)))?;
            let (receipts, warehouses) = collateral(tx, &new.receipts)?;
            let application = Application {
                id: number.id.clone(),
                purpose: purpose.clone(),
                principal,
                terms,
                by: actor.subject.clone(),
                request: number.request.clone(),
            };
            let mut deal = Deal::apply(&file, application, receipts, &warehouses, now())?;
            stage_deal(tx, None, &mut deal, Vec::new(), signed)?;
            let detail = json!({"bank": new.bank, "principal": principal, "receipts": new.receipts, "mandate": actor.mandate});
            tx.audit("loan.apply", &number.id, &detail)?;
            Ok(deal.loan)
        })
        .map_err(taken)
    })
}

fn receipts_of(check: &mut Check, receipts: &[String]) {
    let mut seen = std::collections::BTreeSet::new();
    if receipts.is_empty() || receipts.len() > MAX_RECEIPTS || !receipts.iter().all(|r| seen.insert(r)) {
        check.wrong("/receipts", yunlong_sdk::t("请选择 1 至 50 张不同的仓单", "Choose 1 to 50 different receipts"));
    }
}

/// The unique index says that another pledge of a receipt stands: another bank was first in the same moment.
fn taken(refusal: Refusal) -> Refusal {
    use yunlong_sdk::DataError;
    match refusal {
        Refusal::Data(DataError::UniqueViolation { index, existing, .. }) if index == by::PLEDGE_STANDING.name() => {
            let first = PLEDGES.get(&existing).ok().flatten();
            let bank = first.as_ref().map(|p| p.bank.clone()).unwrap_or_default();
            let receipt = first.map(|p| p.receipt.clone()).unwrap_or_default();
            Refused::Pledged { receipt, bank }.into()
        }
        other => other,
    }
}

/// The receipts of an application, and their warehouses.
fn collateral(tx: &Tx<'_>, ids: &[String]) -> Result<(Vec<Receipt>, Vec<Warehouse>), Refusal> {
    let (mut receipts, mut warehouses): (Vec<Receipt>, Vec<Warehouse>) = (Vec::new(), Vec::new());
    for id in ids {
        let receipt: Receipt = known(tx.get(id))?;
        if warehouses.iter().all(|w| w.id != receipt.warehouse) {
            warehouses.push(known(tx.get(&receipt.warehouse))?);
        }
        receipts.push(receipt);
    }
    Ok((receipts, warehouses))
}

/// The company pledges more.
///
/// # Errors
/// [`Refusal`].
pub fn add_collateral(actor: &Actor, id: &str, ids: &[String]) -> Result<Loan, Refusal> {
    let mut check = Check::new();
    receipts_of(&mut check, ids);
    check.done()?;
    let done = change(id, "loan.add-collateral", of_borrower(actor), |tx, deal, now| {
        let (receipts, warehouses) = collateral(tx, ids)?;
        deal.add_collateral(receipts, &warehouses, now)?;
        Ok((Vec::new(), json!({"receipts": ids})))
    });
    done.map_err(taken)
}

/// The bank looks at the company's credit record, by its consent; the numbers alone are kept.
///
/// # Errors
/// [`Refusal`]; what the hub denies.
pub fn check_credit(actor: &Actor, id: &str) -> Result<Loan, Refusal> {
    // The consent is asked for before anything is read, and again in the transaction.
    let loan: Loan = known(LOANS.get(id))?;
    of_bank(actor)(&loan)?;
    loan.check(crate::domain::loan::Step::CheckCredit)?;
    let key = Borrower::key(&loan.bank, &loan.borrower);
    let consent = store::CONSENTS.get(&key)?.map(Stored::into_value);
    Consent::needed(consent.as_ref(), &loan.borrower, &loan.bank, now())?;
    let counts = credit::summary(CREDIT, &loan.borrower)?;
    change(id, "loan.check-credit", of_bank(actor), |tx, deal, now| {
        let consent = tx.get::<Consent>(&key)?.map(Stored::into_value);
        let check = CreditCheck::of(counts.clone(), &actor.subject, now);
        let detail = json!({"score": check.score, "grade": check.grade});
        deal.credit_checked(check, consent.as_ref(), now)?;
        Ok((Vec::new(), detail))
    })
}

/// The bank's checker approves, at most what was asked for (`None`: all of it). Whoever opened the company's file,
/// applied or looked at the credit record is refused, and the attempt is in the audit trail.
///
/// # Errors
/// [`Refusal`].
pub fn approve(actor: &Actor, id: &str, principal: Option<u64>) -> Result<Loan, Refusal> {
    let limits = policy::limits()?;
    let loan: Loan = known(LOANS.get(id))?;
    of_bank(actor)(&loan)?;
    // A company that went out of business since is not lent to.
    let status = legal_entities::get(STANDING, &loan.borrower)?.and_then(|e| e.status);
    if status.as_deref() != Some("active") {
        return Err(Refusal::NotInBusiness { uscc: loan.borrower, status });
    }
    change(id, "loan.approve", of_bank(actor), |tx, deal, now| {
        let prices = quotes::of_pledges(tx, &deal.pledges)?;
        let key = Borrower::key(&deal.loan.bank, &deal.loan.borrower);
        let consent = tx.get::<Consent>(&key)?.map(Stored::into_value);
        let principal = principal.unwrap_or(deal.loan.principal);
        let by = actor.subject.as_str();
        deal.approve(&Approval { principal, by, consent: consent.as_ref(), prices: &prices, limits }, now)?;
        Ok((Vec::new(), json!({"principal": principal})))
    })
}

/// The bank refuses, or the company gives up before the money is asked for: its receipts are free again.
///
/// # Errors
/// [`Refusal`].
pub fn reject(actor: &Actor, id: &str, reason: &str) -> Result<Loan, Refusal> {
    let mut check = Check::new();
    let reason = check.text("/reason", reason, 200);
    check.done()?;
    let may = |loan: &Loan| if actor.is(Role::Bank) { of_bank(actor)(loan) } else { of_borrower(actor)(loan) };
    change(id, "loan.reject", may, |_, deal, now| {
        deal.reject(&reason, now)?;
        Ok((Vec::new(), json!({"reason": reason})))
    })
}

/// The company or the bank signs the contract, whichever the actor stands for.
///
/// # Errors
/// [`Refusal`].
pub fn sign(actor: &Actor, id: &str) -> Result<Loan, Refusal> {
    let may = |loan: &Loan| if actor.is(Role::Bank) { of_bank(actor)(loan) } else { of_borrower(actor)(loan) };
    change(id, "loan.sign", may, |_, deal, now| {
        let for_bank = actor.is(Role::Bank);
        deal.sign(for_bank, &actor.subject, now)?;
        Ok((Vec::new(), json!({"for": if for_bank { "bank" } else { "borrower" }, "mandate": actor.mandate})))
    })
}

/// The bank registers the pledges that were asked for, and looks at the loan's value again.
///
/// # Errors
/// [`Refusal`].
pub fn register_pledges(actor: &Actor, id: &str) -> Result<Loan, Refusal> {
    let (days, calendar) = (policy::margin_days()?, policy::calendar()?);
    change(id, "loan.register-pledges", of_bank(actor), |tx, deal, now| {
        deal.register_pledges(now)?;
        let prices = quotes::of_pledges(tx, &deal.pledges)?;
        let effects = match deal.secured(&prices, u32::MAX, now) {
            Ok(value) => deal.revalue(&value, days, &calendar, now),
            // Without a price nothing is found out: no call is met by it.
            Err(_) => Vec::new(),
        };
        Ok((effects, json!({})))
    })
}

fn may_see(actor: &Actor, loan: &Loan) -> bool {
    actor.is(Role::Regulator) || actor.is_of(Role::Bank, &loan.bank) || actor.is_of(Role::Manufacturer, &loan.borrower)
}

/// One loan: for its bank, its borrower and regulators.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's.
pub fn get(actor: &Actor, id: &str) -> Result<Loan, Refusal> {
    let loan: Loan = known(LOANS.get(id))?;
    if may_see(actor, &loan) { Ok(loan) } else { Err(Refusal::NotFound) }
}

/// The actor's loans, the newest first: a bank's (of one state, if it is said), a company's, all for a regulator.
///
/// # Errors
/// [`Refusal`].
pub fn list(actor: &Actor, state: Option<State>, limit: u32, after: Option<String>) -> Result<Page<Loan>, Refusal> {
    let organization = actor.organization.as_str();
    let query = if actor.is(Role::Bank) {
        match state {
            Some(state) => by::LOAN_BANK_STATE.equals(organization).equals(state.code()),
            None => by::LOAN_BANK.equals(organization),
        }
    } else if actor.is(Role::Regulator) {
        by::LOAN_TIME.all()
    } else {
        actor.needs(Role::Manufacturer)?;
        by::LOAN_BORROWER.equals(organization)
    };
    Ok(LOANS.find(query.descending().limit(limit).after(after))?)
}

/// A loan with all that its page shows.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The loan.
    pub loan: Loan,
    /// Its pledges, those that ended among them.
    pub pledges: Vec<Pledge>,
    /// The receipts of those that stand.
    pub receipts: Vec<Receipt>,
    /// What the registered pledges are worth at the latest prices; absent without a price.
    pub value: Option<Valuation>,
    /// Fen that are owed today, interest included.
    pub owed: u64,
    /// The company's consent, as it stands.
    pub consent: Option<Consent>,
}

/// A loan with all that its page shows.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's.
pub fn overview(actor: &Actor, id: &str) -> Result<Overview, Refusal> {
    get(actor, id)?;
    // A transaction that writes nothing reads everything as of one moment.
    transact(|tx| {
        let deal = deal(tx, id)?;
        let now = now();
        let prices = quotes::of_pledges(tx, &deal.pledges)?;
        let value = deal.secured(&prices, u32::MAX, now).ok();
        let pledges = store::all(tx, &by::PLEDGE_LOAN.equals(id))?;
        let key = Borrower::key(&deal.loan.bank, &deal.loan.borrower);
        let consent = tx.get::<Consent>(&key)?.map(Stored::into_value);
        let owed = deal.loan.owed_at(now);
        Ok(Overview { loan: deal.loan, pledges, receipts: deal.receipts, value, owed, consent })
    })
}

/// A loan's entries in the ledger, the first first: for its bank, its borrower and regulators.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn ledger(actor: &Actor, id: &str, limit: u32, after: Option<String>) -> Result<Page<Entry>, Refusal> {
    get(actor, id)?;
    Ok(ENTRIES.find(by::ENTRY_LOAN.equals(id).limit(limit).after(after))?)
}

/// The pledges of the actor's bank, the newest first.
///
/// # Errors
/// [`Refusal`].
pub fn pledges(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Pledge>, Refusal> {
    actor.needs(Role::Bank)?;
    let query = by::PLEDGE_BANK.equals(actor.organization.as_str());
    Ok(PLEDGES.find(query.descending().limit(limit).after(after))?)
}
