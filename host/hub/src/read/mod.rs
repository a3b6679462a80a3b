//! Reading and writing for apps. Every call is decided anew, and what is told about a person is in the
//! log before it is answered.
//!
//! The order of a read: what the grant, the manifest and the caller's role allow ([`crate::decide`]); the
//! record; whether it is among the rows; the consent of the person whom it is about, where the use rests
//! on it; the masks; the log; the answer. Where one of them fails the call is denied, and the denial is
//! in the log, too.
//!
//! Invariants:
//! - No field, row or person that the grant does not cover leaves this module.
//! - A record that does not exist and one that is kept from the caller look the same to them.
//! - What an installation sees of a person is pairwise: neither references, versions, cursors, nor the order of
//!   records can be compared with those of another installation, and none of them moves unless a granted field
//!   does.
//! - What an answer rests on, the grant and the consent, is checked in the commit that writes it down: a
//!   read whose entry stands behind a revocation does not exist.
//! - An answer that tells of a person by finding nothing, or by counting, is in the log as well.

mod attribute;
mod call;
pub(crate) mod denials;
mod key;
mod log;
mod order;
mod place;
mod query;
mod release;
mod walk;
mod write;

pub(crate) use call::{Call, Consent, Want};
pub(crate) use log::About;
pub(crate) use order::own_order;
pub use place::{Near, PlaceQuery};
pub(crate) use query::MAX_PAGE;
pub use query::{Query, ReleasedPage};
pub(crate) use walk::{Walk, find_of};

use crate::{Caller, Denial, Hub, HubError};
use yunlong_audit::AuditError;
use yunlong_identity::IdentityError;
use yunlong_model::{InstallationName, Kind, Principal};
use yunlong_store::{CommitError, StoreError};

/// A dataset that an installation has opened for a purpose. It holds no right: each call asks anew.
#[derive(Clone)]
pub struct Open {
    pub(crate) hub: Hub,
    pub(crate) caller: Caller,
    pub(crate) dataset: String,
    pub(crate) purpose: String,
}

/// How often a call is decided anew because its grant or a consent has changed while it was made.
pub(crate) const ATTEMPTS: u32 = 8;

/// Makes a call; once more from its beginning when what it rests on has changed before it was written down.
/// No read answers [`ReadError::Conflict`] itself.
macro_rules! decided_anew {
    ($call:expr) => {{
        let mut attempt = 0;
        loop {
            match $call.await {
                Err($crate::ReadError::Conflict) if attempt < $crate::read::ATTEMPTS => attempt += 1,
                Err($crate::ReadError::Conflict) => {
                    let why = "the grant or the consent changed again and again while it was read: try again";
                    break Err($crate::ReadError::Unavailable(why.into()));
                }
                done => break done,
            }
        }
    }};
}
pub(crate) use decided_anew;

/// Why a call was not answered with data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is not allowed. The denial is in the log.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// There is no such record, job or page.
    #[error("there is no such record, job or page")]
    NotFound,
    /// A write met a record that has changed since it was read.
    #[error("the record has changed since it was read: read it again and decide again")]
    Conflict,
    /// A key, field, query, cursor, record or time that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// Over a limit.
    #[error("{0}")]
    TooLarge(String),
    /// The store or the log cannot be reached: nothing was read, nothing was written.
    #[error("the hub cannot be reached: {0}")]
    Unavailable(String),
}

impl From<HubError> for ReadError {
    fn from(e: HubError) -> Self {
        match e {
            HubError::NoSuchDataset(id) => Self::Denied(Denial::UnknownDataset(id)),
            HubError::NoSuchRecord(_) | HubError::Unknown { .. } => Self::NotFound,
            HubError::Changed { .. } => Self::Conflict,
            HubError::Commit(CommitError::TooLarge(what)) => Self::TooLarge(what),
            e if e.is_callers() => Self::Invalid(e.to_string()),
            e => Self::Unavailable(e.to_string()),
        }
    }
}

impl From<StoreError> for ReadError {
    fn from(e: StoreError) -> Self {
        Self::Unavailable(e.to_string())
    }
}

impl From<CommitError> for ReadError {
    fn from(e: CommitError) -> Self {
        HubError::from(e).into()
    }
}

impl From<AuditError> for ReadError {
    fn from(e: AuditError) -> Self {
        Self::Unavailable(e.to_string())
    }
}

impl From<IdentityError> for ReadError {
    fn from(e: IdentityError) -> Self {
        Self::Unavailable(e.to_string())
    }
}

impl Hub {
    /// The caller behind a principal of an installation: what the runtime knows, and the person behind
    /// the account.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the store fails, or the installation is no longer there.
    pub async fn caller(
        &self,
        installation: &InstallationName,
        principal: &Principal,
        invocation: &'static str,
        request_id: &str,
    ) -> Result<Caller, ReadError> {
        let installed = self.inner.installations.get(installation);
        let installed = installed.ok_or_else(|| ReadError::Unavailable("the installation was removed".into()))?;
        let account = principal.account.clone().filter(|_| principal.kind != Kind::Service);
        let person = match &account {
            Some(account) => Some(self.inner.identity.person_of_account(account).await?),
            None => None,
        };
        Ok(Caller {
            installation: installation.clone(),
            organization: installed.organization.clone(),
            office: principal.organization.clone().filter(|_| principal.kind == Kind::Official),
            kind: principal.kind,
            account,
            person,
            roles: principal.roles.clone(),
            invocation,
            request_id: request_id.to_owned(),
        })
    }

    /// Opens a dataset for a purpose: checks that the app declares this use and that a grant for it
    /// stands. What is done with it is decided at each call.
    ///
    /// # Errors
    /// [`ReadError::Denied`]; [`ReadError::Unavailable`].
    pub async fn open_dataset(&self, caller: Caller, dataset: &str, purpose: &str) -> Result<Open, ReadError> {
        let open = Open { hub: self.clone(), caller, dataset: dataset.to_owned(), purpose: purpose.to_owned() };
        open.standing().await?;
        Ok(open)
    }
}
