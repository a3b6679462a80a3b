//! Who asks, and what they may do. The registry asks; who embeds it answers.

mod table;

pub use table::{AccessTable, AccountEntry};

use crate::digest::Digest;
use crate::name::RepositoryName;
use async_trait::async_trait;
use std::net::IpAddr;

/// What is done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Read.
    Pull,
    /// Add.
    Push,
    /// Remove what is not published.
    Delete,
}

impl Action {
    /// As token scopes write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pull, Self::Push, Self::Delete];
}

/// Somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The account's name; [`Access::may`] is given the same one later, out of a token.
    pub name: String,
}

/// A sign-in that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The name or the password is wrong, and it is not told which.
    #[error("the account or the password is wrong")]
    Wrong,
    /// Too many tries.
    #[error("too many tries: wait {0} seconds")]
    Wait(u32),
    /// Accounts cannot be looked up at present.
    #[error("sign-in is not possible at present: {0}")]
    Unavailable(String),
}

/// What somebody who may pull from a repository sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everything that was pushed.
    Whole,
    /// What is published out of it: see [`Access::shown`].
    Published,
}

/// How far a manifest is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Not at all.
    Hidden,
    /// Whoever has its digest may read it.
    ByDigest,
    /// Its tags are found and listed, too.
    Listed,
}

/// Accounts and rights.
#[async_trait]
pub trait Access: Send + Sync + 'static {
    /// Checks a name and a password. `client` is where the request comes from, for counting failures.
    ///
    /// # Errors
    /// [`SignInError`].
    async fn sign_in(&self, user: &str, password: &str, client: Option<IpAddr>) -> Result<Account, SignInError>;

    /// Whether an account (`None`: anybody) may do this now. It is asked at every request, so that
    /// what is taken back has effect at the next one; whether the repository exists is not asked.
    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool;

    /// Which of these repositories an account (`None`: anybody) may pull from, as somebody or as anybody: for a list,
    /// for which what holds for many of them is looked up once.
    async fn may_pull(&self, who: Option<&Account>, repositories: &[RepositoryName]) -> Vec<bool> {
        let mut may = Vec::with_capacity(repositories.len());
        for name in repositories {
            may.push(self.may(who, name, Action::Pull).await || self.may(None, name, Action::Pull).await);
        }
        may
    }

    /// What an account (`None`: anybody) that may pull from a repository sees of it. A registry that decides nothing
    /// about what is pushed shows everything.
    async fn sight(&self, _who: Option<&Account>, _repository: &RepositoryName) -> Sight {
        Sight::Whole
    }

    /// How far a manifest is published, for those with [`Sight::Published`]. What belongs to it follows from that:
    /// its blobs, the manifests that it lists, and those that name it, as [`Access::belongs`] says.
    async fn shown(&self, _repository: &RepositoryName, _digest: &Digest) -> Shown {
        Shown::Listed
    }

    /// Whether a manifest is shown along with one that is published and that it names: as its subject, or by a tag of
    /// cosign's form (`sha256-….sig`). Whoever may push can add such at any time, after a review as well.
    async fn belongs(&self, _repository: &RepositoryName, _published: &Digest, _digest: &Digest) -> bool {
        true
    }
}
