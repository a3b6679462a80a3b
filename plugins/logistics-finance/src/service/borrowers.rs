//! Companies' files at banks, and their consents.

use super::fields::Check;
use super::{Refusal, known, now};
use crate::domain::actor::{Actor, Role};
use crate::domain::alert::{self, Alert};
use crate::domain::borrower::{Borrower, Consent};
use crate::domain::loan::State;
use crate::domain::time::DAY;
use crate::policy;
use crate::store::{self, BORROWERS, CONSENTS, by};
use serde_json::json;
use yunlong_sdk::base::legal_entities;
use yunlong_sdk::{Page, transact};

/// For what the register of legal entities is read, as `app.toml` declares it.
pub(crate) const STANDING: &str = "borrower-standing";

/// Opens a company's file: for a bank's officer, who decides on none of its loans. The company's name and that it is in
/// business come from the register of legal entities. A file that is open already is answered as it is.
///
/// # Errors
/// [`Refusal::NotInBusiness`], and others.
pub fn open_file(actor: &Actor, uscc: &str) -> Result<Borrower, Refusal> {
    actor.needs(Role::Bank)?;
    let mut check = Check::new();
    let uscc = check.uscc("/uscc", uscc);
    check.done()?;
    let id = Borrower::key(&actor.organization, &uscc);
    if let Some(found) = BORROWERS.get(&id)? {
        return Ok(found.into_value());
    }
    let entity = legal_entities::get(STANDING, &uscc)?;
    let status = entity.as_ref().and_then(|e| e.status.clone());
    let version = entity.as_ref().map_or(0, |e| e.standing.version);
    let name = entity.and_then(|e| e.name).filter(|_| status.as_deref() == Some("active"));
    let Some(name) = name else { return Err(Refusal::NotInBusiness { uscc, status }) };
    transact(|tx| {
        if let Some(found) = tx.get::<Borrower>(&id)? {
            return Ok(found.into_value());
        }
        let file = Borrower {
            id: id.clone(),
            bank: actor.organization.clone(),
            uscc: uscc.clone(),
            name: name.clone(),
            version,
            opened_by: actor.subject.clone(),
            opened_at: now(),
        };
        tx.insert(&file)?;
        tx.audit("borrower.open", &id, &json!({}))?;
        Ok(file)
    })
}

/// The files of the actor's bank, or the company's files at all banks.
///
/// # Errors
/// An error of the data service.
pub fn files(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Borrower>, Refusal> {
    let organization = actor.organization.as_str();
    let query = if actor.is(Role::Bank) {
        by::BORROWER_BANK.equals(organization)
    } else {
        actor.needs(Role::Manufacturer)?;
        by::BORROWER_COMPANY.equals(organization)
    };
    Ok(BORROWERS.find(query.descending().limit(limit).after(after))?)
}

/// A company's file at the actor's bank, or the actor's company's own.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn file(actor: &Actor, bank: &str, uscc: &str) -> Result<Borrower, Refusal> {
    if !actor.is_of(Role::Bank, bank) && !actor.is_of(Role::Manufacturer, uscc) {
        return Err(Refusal::NotFound);
    }
    known(BORROWERS.get(&Borrower::key(bank, uscc)))
}

/// The company agrees that a bank, which has a file of it, looks at its credit record. Given again it begins anew.
///
/// # Errors
/// [`Refusal`].
pub fn consent(actor: &Actor, bank: &str) -> Result<Consent, Refusal> {
    actor.needs(Role::Manufacturer)?;
    let days = policy::consent_days()?;
    let id = Borrower::key(bank, &actor.organization);
    transact(|tx| {
        let file: Borrower = known(tx.get(&id))?;
        let now = now();
        let consent = Consent {
            id: id.clone(),
            bank: file.bank,
            borrower: file.uscc,
            given_by: actor.subject.clone(),
            mandate: actor.mandate.clone().unwrap_or_default(),
            given_at: now,
            until: now + days * DAY,
            withdrawn_at: None,
        };
        tx.put(&consent)?;
        tx.audit("consent.give", &id, &json!({"mandate": consent.mandate}))?;
        Ok(consent)
    })
}

/// The company takes a consent back: what is not approved yet stands still, and the bank is told. A contract that stands
/// is not touched.
///
/// # Errors
/// [`Refusal::NotFound`] when there is none.
pub fn withdraw_consent(actor: &Actor, bank: &str) -> Result<Consent, Refusal> {
    actor.needs(Role::Manufacturer)?;
    let id = Borrower::key(bank, &actor.organization);
    transact(|tx| {
        let mut consent: Consent = known(tx.get(&id))?;
        if consent.withdrawn_at.is_some() {
            return Ok(consent);
        }
        let now = now();
        consent.withdrawn_at = Some(now);
        tx.put(&consent)?;
        let before_approval = by::LOAN_BORROWER_STATE.equals(actor.organization.as_str());
        for state in [State::Applied, State::CreditChecked] {
            for loan in store::all(tx, &before_approval.clone().equals(state.code()))?.iter().filter(|l| l.bank == bank)
            {
                let alert = Alert::new(loan, alert::Kind::ConsentWithdrawn, &now.to_string(), now);
                store::raise(tx, &alert, &loan.bank_officers())?;
            }
        }
        tx.audit("consent.withdraw", &id, &json!({"mandate": actor.mandate}))?;
        Ok(consent)
    })
}

/// The consents of the actor's company, the latest first.
///
/// # Errors
/// [`Refusal`].
pub fn consents(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Consent>, Refusal> {
    actor.needs(Role::Manufacturer)?;
    let query = by::CONSENT_COMPANY.equals(actor.organization.as_str());
    Ok(CONSENTS.find(query.descending().limit(limit).after(after))?)
}
