//! What the app does, for pages and API alike: read, decide in the domain, stage, commit.
//!
//! Every function takes the [`Actor`] of [`who`] and checks role and belonging itself, so that a page or an operation
//! only reads its input and shows the answer. What is refused is a [`Refusal`], whose [`Refusal::into_error`] is a
//! problem document or a page. Lists answer a [`yunlong_sdk::Page`] with its cursor. Creating functions take an
//! idempotency key of the caller's (`None`: every call makes a new one).
//!
//! | module | functions |
//! |---|---|
//! | [`warehouses`] | `register` (regulator), `list`, `get`; `receive` a lot (its custodian), `lots`, `lot` |
//! | [`receipts`] | `draft`, `issue`, `reissue` (custodian); `transfer`, `split`, `merge`, `withdraw` (holder); `cancel`, `freeze`, `unfreeze`; `get`, `list`, `of_lot`; `verify` and `jwks` for everybody |
//! | [`quotes`] | `publish` a price (regulator), `list`, `history` |
//! | [`borrowers`] | `open_file` (bank), `files`, `file`; `consent`, `withdraw_consent`, `consents` (the company) |
//! | [`loans`] | `apply`, `add_collateral`, `sign` (company; `sign` for the bank, too); `check_credit`, `approve`, `reject`, `register_pledges`, `ask_disbursement`, `confirm_disbursement`, `repay`, `release`, `dispose`, `enter_sale`, `confirm_sale`, `write_off`, `unfreeze` (bank); `get`, `list`, `overview`, `ledger` |
//! | [`freight`] | `order` (shipper), `book`, `load`, `advance`, `parcel_exception`, `sign` (carrier); `orders`, `waybills`, `waybill` |
//! | [`flows`] | `open` (seller), `link_waybill` (seller), `link_receipt` (seller, buyer), `confirm_payment`, `release_funds` (bank), `settle` (seller); `get`, `list` |
//! | [`parties`] | `names`: what companies, banks and carriers are called |
//! | [`sensors`] | `register`, `renew_secret`, `switch` (custodian); `take` a reading (the webhook, for nobody who is signed in); `devices`, `device`, `events` |
//! | [`alerts`] | `list`, `seen` (bank, regulator) |
//! | [`consumer`], [`jobs`], [`install`], [`migrations`] | what the host calls |

pub mod alerts;
pub mod borrowers;
pub mod consumer;
pub mod fields;
pub mod flows;
pub mod freight;
pub mod install;
pub mod jobs;
pub mod loans;
pub mod migrations;
pub mod parties;
pub mod quotes;
pub mod receipts;
pub mod refusal;
pub mod sensors;
pub mod shipments;
pub mod warehouses;

pub use refusal::Refusal;

use crate::domain::actor::{Actor, Role};
use crate::domain::keys::Keys;
use crate::domain::receipt::Receipt;
use crate::domain::signature;
use crate::policy;
use serde::Serialize;
use yunlong_sdk::identity::{self, Grantor, Kind};
use yunlong_sdk::{DataError, Document, Error, Problem, Stored, clock, context, random};

/// Now: milliseconds of UTC.
#[must_use]
pub fn now() -> i64 {
    i64::try_from(clock::now()).unwrap_or(i64::MAX)
}

/// The installation's keys.
#[must_use]
pub fn keys() -> Keys {
    Keys(context::derive_key::<32>)
}

/// Who asks. An official stands for the office, with the roles that the department assigned; who acts for a company
/// stands for it, and may do there what belongs to it: own, keep and carry goods.
///
/// # Errors
/// [`Error::SignIn`] when nobody is signed in.
pub fn who() -> Result<Actor, Refusal> {
    let principal = identity::current();
    let subject = match (principal.kind, principal.subject) {
        (Kind::Citizen | Kind::Representative | Kind::Official, Some(subject)) => subject,
        _ => return Err(Refusal::Other(Error::SignIn)),
    };
    if let Some(acting) = identity::acting_for() {
        let (organization, organization_name, roles) = match acting.grantor {
            Grantor::Company { code, name } => (code, name, vec![Role::Manufacturer, Role::Warehouse, Role::Carrier]),
            // Nobody owns goods here for a natural person.
            Grantor::Person => (String::new(), String::new(), Vec::new()),
        };
        return Ok(Actor { subject, organization, organization_name, roles, mandate: Some(acting.mandate) });
    }
    let organization = principal.organization.filter(|_| principal.kind == Kind::Official).unwrap_or_default();
    let roles =
        if organization.is_empty() { Vec::new() } else { principal.roles.iter().filter_map(|r| Role::of(r)).collect() };
    Ok(Actor { subject, organization, organization_name: String::new(), roles, mandate: None })
}

/// Reads a document that a person named. An id that no document can have is no document.
pub(crate) fn known<T>(found: Result<Option<Stored<T>>, DataError>) -> Result<T, Refusal> {
    match found {
        Ok(Some(found)) => Ok(found.into_value()),
        Ok(None) | Err(DataError::Invalid(_)) => Err(Refusal::NotFound),
        Err(e) => Err(e.into()),
    }
}

/// The number of something new, and the digest of what was asked for.
pub(crate) struct Numbered {
    pub(crate) id: String,
    pub(crate) request: String,
    repeatable: bool,
}

impl Numbered {
    /// By the caller's idempotency key, or by chance.
    pub(crate) fn new(prefix: &str, actor: &Actor, key: Option<&str>, what: &impl Serialize) -> Result<Self, Refusal> {
        if key.is_some_and(|k| k.is_empty() || k.len() > 200) {
            let text = yunlong_sdk::t("幂等键应为 1 至 200 个字符", "An idempotency key has 1 to 200 characters");
            return Err(fields::FieldError::new("/idempotency_key", text).into());
        }
        let what = serde_json::to_string(what).map_err(|e| Problem::internal(&e.to_string()))?;
        // The same request for another company is another one.
        let request = keys().request_digest(&format!("{}\n{what}", actor.organization));
        let id = match key {
            Some(key) => keys().number(prefix, &actor.subject, key),
            None => format!("{prefix}{}", random::code(12)),
        };
        Ok(Self { id, request, repeatable: key.is_some() })
    }

    /// The numbers of further things that the same request makes.
    pub(crate) fn further(&self, prefix: &str, n: usize) -> String {
        keys().number(prefix, &self.id, &n.to_string())
    }

    /// Makes it, or answers what the same request made before. `make` inserts it under [`Numbered::id`].
    pub(crate) fn once<T: Document>(
        &self,
        read: impl Fn(&str) -> Result<Option<Stored<T>>, DataError>,
        request: impl Fn(&T) -> &str,
        make: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let first = || -> Result<Option<T>, Refusal> {
            match read(&self.id)? {
                Some(found) if request(&found.value) == self.request => Ok(Some(found.into_value())),
                Some(_) => Err(Refusal::KeyReused { first: self.id.clone() }),
                None => Ok(None),
            }
        };
        if self.repeatable
            && let Some(found) = first()?
        {
            return Ok(found);
        }
        let made = make();
        if self.repeatable
            && made.is_err()
            && let Some(found) = first()?
        {
            // The same request at the same time was first.
            return Ok(found);
        }
        made
    }
}

/// Signs a receipt whose signature is void; one that never was issued carries none.
///
/// # Errors
/// An internal error when no key can be had.
pub(crate) fn signed(receipt: &mut Receipt) -> Result<(), Refusal> {
    if receipt.signature.is_some() || receipt.issued_at.is_none() {
        return Ok(());
    }
    let algorithm = policy::receipt_algorithm()?;
    signature::sign(&keys(), algorithm, receipt).map_err(|e| Problem::internal(&e.to_string()).into())
}

/// Whoever tries to check what they made themselves is refused, and the attempt stands in the audit trail though nothing
/// else was written.
pub(crate) fn refused_hands<T>(done: Result<T, Refusal>, action: &str, target: &str) -> Result<T, Refusal> {
    use crate::domain::refused::Refused;
    if let Err(Refusal::Rule(Refused::SameHands { step, first })) = &done {
        let detail = serde_json::json!({"step": step, "did": first});
        yunlong_sdk::transact(|tx| tx.audit(&format!("{action}.refused"), target, &detail))?;
    }
    done
}
