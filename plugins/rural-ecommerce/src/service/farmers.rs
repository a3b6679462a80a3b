//! Farmers register, and managers look at it.

use super::access::{self, MANAGER, known, need};
use super::{Refusal, Wanted, keys, now};
use crate::domain::explain::FieldError;
use crate::domain::farmer::{self, Farmer, Kind, Registration, Status, Step};
use crate::domain::machine::Machine;
use crate::domain::time::Date;
use crate::policy;
use crate::store::{FARMERS, FARMERS_BY_DOCUMENT, FARMERS_BY_OWNER, FARMERS_BY_STATUS, STORES_BY_OWNER, table};
use serde_json::json;
use yunlong_sdk::{DataError, Page, Principal, Text, random, t, transact};

/// Registers whoever asks, or corrects a registration that was refused.
///
/// # Errors
/// [`Refusal::Fields`], [`Refusal::DocumentTaken`], or what the state does not allow.
pub fn register(who: &Principal, r: &Registration) -> Result<Farmer, Refusal> {
    let me = access::subject(who)?;
    let checked = farmer::check(r)?;
    let (now, agent) = (now(), policy::collecting_agent()?);
    let code = checked.kind.code();
    let hash = keys().document_hash(code, &checked.document);
    let id = random::code(10);
    let made = transact(|tx| {
        let village = table(tx)?.village(&r.village, Date::at(now)).map(|v| v.code.clone()).map_err(|e| {
            use crate::domain::explain::Explain;
            Refusal::Fields(vec![FieldError::new("/village", e.detail())])
        })?;
        let before = tx.find(FARMERS_BY_OWNER.equals(me).limit(1))?.into_iter().next().map(|f| f.value);
        if let Some(f) = &before {
            f.status.check(Step::Apply)?;
        }
        let payee = if checked.kind == Kind::Trader { checked.document.clone() } else { agent.clone() };
        let farmer = Farmer {
            id: before.as_ref().map_or_else(|| id.clone(), |f| f.id.clone()),
            owner: me.to_owned(),
            kind: checked.kind,
            document: checked.document.clone(),
            document_hash: hash.clone(),
            name: checked.name.clone(),
            phone: checked.phone.clone(),
            village,
            payee,
            status: Status::Applied,
            reason: None,
            created_at: before.map_or(now, |f| f.created_at),
        };
        tx.put(&farmer)?;
        tx.audit("farmer.register", &farmer.id, &json!({"kind": code}))?;
        Ok(farmer)
    });
    match made {
        Err(Refusal::Data(DataError::UniqueViolation { .. })) => Err(Refusal::DocumentTaken),
        other => other,
    }
}

/// The registration of whoever asks.
///
/// # Errors
/// An error of the data service, or nobody is signed in.
pub fn mine(who: &Principal) -> Result<Option<Farmer>, Refusal> {
    let me = access::subject(who)?;
    Ok(FARMERS.find(FARMERS_BY_OWNER.equals(me).limit(1))?.into_iter().next().map(|f| f.value))
}

/// Registrations, where no state is asked for state after state: for managers.
///
/// # Errors
/// [`Refusal::RoleRequired`].
pub fn list(
    who: &Principal,
    wanted: &Wanted<Status>,
    limit: u32,
    after: Option<String>,
) -> Result<Page<Farmer>, Refusal> {
    access::role(who, MANAGER)?;
    wanted.read(FARMERS, (FARMERS_BY_STATUS.all(), FARMERS_BY_STATUS.all()), |f| Some(f.status), limit, after)
}

/// The registration under a document's number, wherever it stands: for managers. It is found by the keyed hash of the
/// number.
///
/// # Errors
/// [`Refusal::RoleRequired`]; [`Refusal::Fields`] for what is no number of a document, and where nobody is registered
/// under it.
pub fn by_document(who: &Principal, typed: &str) -> Result<Farmer, Refusal> {
    access::role(who, MANAGER)?;
    let (kind, document) = farmer::document(typed).map_err(|why| Refusal::field("/document", why))?;
    let hash = keys().document_hash(kind.code(), &document);
    let found = FARMERS.find(FARMERS_BY_DOCUMENT.equals(hash).limit(1))?.into_iter().next();
    found.map(|f| f.value).ok_or_else(|| {
        Refusal::field("/document", t("没有用这个证件的登记", "Nobody is registered under this document"))
    })
}

/// One registration, for managers.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`Refusal::NotFound`].
pub fn get(who: &Principal, id: &str) -> Result<Farmer, Refusal> {
    access::role(who, MANAGER)?;
    Ok(known(FARMERS.get(id))?.ok_or(Refusal::NotFound)?.into_value())
}

/// Approves, refuses or suspends a registration. A farmer who is suspended sells nothing: the store
/// closes with it.
///
/// # Errors
/// [`Refusal::RoleRequired`]; a manager does not decide on themself; what the state does not allow.
pub fn decide(who: &Principal, id: &str, step: Step, reason: &str) -> Result<Farmer, Refusal> {
    let me = access::role(who, MANAGER)?;
    let to = match step {
        Step::Approve => Status::Active,
        Step::Refuse => Status::Refused,
        Step::Suspend => Status::Suspended,
        Step::Apply => return Err(Refusal::NotFound),
    };
    if to != Status::Active && !(1..=200).contains(&reason.trim().chars().count()) {
        return Err(Refusal::field("/reason", t("请写明原因，最多 200 个字", "Say why, in at most 200 characters")));
    }
    transact(|tx| {
        let mut f: Farmer = need(tx, id)?;
        if f.owner == me {
            return Err(crate::domain::listing::ListingError::OwnGoods.into());
        }
        f.status.check(step)?;
        f.status = to;
        f.reason = (to != Status::Active).then(|| reason.trim().to_owned());
        tx.put(&f)?;
        for mut s in tx.find(STORES_BY_OWNER.equals(f.owner.as_str()).limit(10))?.into_iter().map(|s| s.value) {
            if to == Status::Suspended && s.open {
                s.open = false;
                tx.put(&s)?;
            }
        }
        tx.audit("farmer.decide", id, &json!({"status": to.code()}))?;
        Ok(f)
    })
}

/// What is said of a registration, for pages.
#[must_use]
pub fn status_name(status: Status) -> Text {
    status.name()
}
