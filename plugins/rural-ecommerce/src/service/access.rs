//! Who may do what.

use super::Refusal;
use yunlong_sdk::{DataError, Document, Error, Principal, Stored, Tx};

/// The department's role that reviews, decides and sees every order.
pub const MANAGER: &str = "manager";
/// The role of those who test batches.
pub const INSPECTOR: &str = "inspector";
/// The role of those who decide disputes.
pub const ARBITER: &str = "arbiter";
/// The role of those who keep a station.
pub const STATION: &str = "station";

/// The subject of whoever asks.
///
/// # Errors
/// [`Error::SignIn`] for a visitor who is not signed in.
pub fn subject(who: &Principal) -> Result<&str, Refusal> {
    who.subject.as_deref().ok_or(Refusal::Other(Error::SignIn))
}

/// Whether somebody holds a role; answers their subject.
///
/// # Errors
/// [`Refusal::RoleRequired`], or [`Error::SignIn`].
pub fn role<'a>(who: &'a Principal, role: &'static str) -> Result<&'a str, Refusal> {
    let me = subject(who)?;
    if who.has_role(role) { Ok(me) } else { Err(Refusal::RoleRequired(role)) }
}

/// An id that can be none of the store's is not found, rather than wrong.
pub(super) fn known<T>(found: Result<Option<T>, DataError>) -> Result<Option<T>, DataError> {
    match found {
        Err(DataError::Invalid(_)) => Ok(None),
        other => other,
    }
}

/// A document that must be there.
pub(super) fn need<T: Document>(tx: &Tx<'_>, id: &str) -> Result<T, Refusal> {
    known(tx.get::<T>(id))?.map(Stored::into_value).ok_or(Refusal::NotFound)
}
