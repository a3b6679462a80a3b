//! Who may pull and push.
//!
//! | | pull | push | delete |
//! |---|---|---|---|
//! | anybody | what is approved and what belongs to it; what was yanked by its digest alone | | |
//! | a vendor's people | their own repositories | their own repositories | what they did not publish |
//! | reviewers and the city's administrators | everything | | |
//!
//! A vendor's repositories are those below each vendor's name for which its organization has a key, and below its
//! account's name when that is no vendor's. It pushes as long as it has a key in force.

use async_trait::async_trait;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use yunlong_gateway::SignInThrottle;
use yunlong_identity::{AccountKind, Identity, PlatformRole, SessionOrigin, SignInError as Refused};
use yunlong_model::Clock;
use yunlong_oci::access::{Access, Account, Action, Shown, Sight, SignInError};
use yunlong_oci::{Digest, RepositoryName};
use yunlong_publications::Publications;
use yunlong_registry::TrustedKey;

/// What of an account decides; nothing of it is anybody.
#[derive(Default)]
struct Asker {
    /// Reviewers and the city's administrators.
    staff: bool,
    /// A vendor's account and its organization.
    vendor: Option<(String, String)>,
}

pub(super) struct CityAccess {
    pub(super) identity: Arc<Identity>,
    pub(super) publications: Publications,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tries: SignInThrottle,
}

#[async_trait]
impl Access for CityAccess {
    /// The password, or a token of `POST /api/v1/sessions` in its place: the only way for an account with a second
    /// factor, which Basic authentication cannot carry.
    async fn sign_in(&self, user: &str, password: &str, client: Option<IpAddr>) -> Result<Account, SignInError> {
        let session =
            self.identity.authenticate(password, &SessionOrigin::Bearer).await.map_err(|e| unavailable(&e))?;
        if session.is_some_and(|s| s.account == user) {
            return Ok(Account { name: user.to_owned() });
        }
        // Counted before the password is looked at, as at the portal; the account locks by itself.
        let from = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let attempt = self.tries.begin_from(from, self.clock.now()).map_err(SignInError::Wait)?;
        let proved = self.prove(user, password).await;
        if !matches!(proved, Err(SignInError::Wrong)) {
            attempt.give_back();
        }
        proved
    }

    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool {
        match self.decide(who, repository, action).await {
            Ok(may) => may,
            Err(error) => {
                tracing::warn!(%error, %repository, "refused, since nobody can tell who may");
                false
            }
        }
    }

    async fn may_pull(&self, who: Option<&Account>, repositories: &[RepositoryName]) -> Vec<bool> {
        match self.pulls(who, repositories).await {
            Ok(may) => may,
            Err(error) => {
                tracing::warn!(%error, "an empty list, since nobody can tell who may see it");
                vec![false; repositories.len()]
            }
        }
    }

    async fn sight(&self, who: Option<&Account>, repository: &RepositoryName) -> Sight {
        let home = async { self.is_at_home(&self.asker(who).await?, repository.owner(), Action::Pull).await };
        match home.await {
            Ok(true) => Sight::Whole,
            Ok(false) => Sight::Published,
            Err(error) => {
                tracing::warn!(%error, %repository, "shown as to anybody, since nobody can tell who asks");
                Sight::Published
            }
        }
    }

    async fn shown(&self, repository: &RepositoryName, digest: &Digest) -> Shown {
        match yunlong_library::shown(&self.publications, repository, digest).await {
            Ok(shown) => shown,
            Err(error) => {
                tracing::warn!(%error, %repository, "hidden, since nobody can tell whether it is published");
                Shown::Hidden
            }
        }
    }

    async fn belongs(&self, repository: &RepositoryName, published: &Digest, digest: &Digest) -> bool {
        match yunlong_library::belongs(&self.publications, repository, published, digest).await {
            Ok(belongs) => belongs,
            Err(error) => {
                tracing::warn!(%error, %repository, "hidden, since nobody can tell whether it was reviewed");
                false
            }
        }
    }
}

fn unavailable(e: &dyn std::fmt::Display) -> SignInError {
    SignInError::Unavailable(e.to_string())
}

impl CityAccess {
    async fn prove(&self, user: &str, password: &str) -> Result<Account, SignInError> {
        // Failures lock, as at every sign-in.
        match self.identity.prove_password(user, password).await {
            Ok(()) => {}
            Err(Refused::LockedUntil(until)) => {
                let now = self.clock.now();
                let wait = u32::try_from((until.0 - now.0).max(1_000) / 1_000).unwrap_or(u32::MAX);
                return Err(SignInError::Wait(wait));
            }
            Err(Refused::Wrong | Refused::MustEnroll) => return Err(SignInError::Wrong),
            Err(e) => return Err(unavailable(&e)),
        }
        let account = self.identity.account(user).await.map_err(|e| unavailable(&e))?.ok_or(SignInError::Wrong)?;
        if account.second_factor {
            // As good as wrong: whoever has the password alone learns nothing.
            return Err(SignInError::Wrong);
        }
        Ok(Account { name: account.name })
    }

    async fn decide(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> anyhow::Result<bool> {
        if self.is_at_home(&self.asker(who).await?, repository.owner(), action).await? {
            return Ok(true);
        }
        Ok(action == Action::Pull && self.publications.is_public(repository.as_str()).await?)
    }

    /// As `decide` to pull, for a list: the account, and the keys of each owner, are read once.
    async fn pulls(&self, who: Option<&Account>, repositories: &[RepositoryName]) -> anyhow::Result<Vec<bool>> {
        let asker = self.asker(who).await?;
        let mut homes: HashMap<&str, bool> = HashMap::new();
        let mut may = Vec::with_capacity(repositories.len());
        for name in repositories {
            let home = match homes.get(name.owner()) {
                Some(home) => *home,
                None => {
                    let home = self.is_at_home(&asker, name.owner(), Action::Pull).await?;
                    homes.insert(name.owner(), home);
                    home
                }
            };
            may.push(home || self.publications.is_public(name.as_str()).await?);
        }
        Ok(may)
    }

    async fn asker(&self, who: Option<&Account>) -> anyhow::Result<Asker> {
        let Some(who) = who else { return Ok(Asker::default()) };
        let account = self.identity.account(&who.name).await?.filter(|a| !a.disabled);
        let Some(account) = account else { return Ok(Asker::default()) };
        let staff = [PlatformRole::SystemAdmin, PlatformRole::SecurityAdmin, PlatformRole::AppReviewer];
        Ok(Asker {
            staff: staff.iter().any(|r| account.platform_roles.contains(r)),
            vendor: account.organization.filter(|_| account.kind == AccountKind::Vendor).map(|o| (account.name, o)),
        })
    }

    /// Whether somebody may do this in an owner's repositories whatever is published: its vendor, or the city's staff.
    async fn is_at_home(&self, asker: &Asker, owner: &str, action: Action) -> anyhow::Result<bool> {
        if action == Action::Pull && asker.staff {
            return Ok(true);
        }
        match &asker.vendor {
            Some((account, organization)) => self.is_vendors(account, organization, owner, action).await,
            None => Ok(false),
        }
    }

    /// Whether an account of an organization may do this in the repositories of this owner.
    async fn is_vendors(&self, account: &str, organization: &str, owner: &str, action: Action) -> anyhow::Result<bool> {
        // What was pushed can be looked at and cleared away when the last key is gone; nothing new is pushed.
        let counts = |k: &TrustedKey| action != Action::Push || k.revoked_at.is_none();
        let of = |k: &TrustedKey| k.organization.as_deref() == Some(organization);
        let keys = self.publications.keys_of(owner).await?;
        if !keys.is_empty() {
            // A vendor's name: whatever accounts are called, it is its organization's alone.
            return Ok(keys.iter().any(|k| of(k) && counts(k)));
        }
        if owner != account {
            return Ok(false);
        }
        Ok(action != Action::Push || self.publications.trust().await?.keys().any(|(_, k)| of(k) && counts(k)))
    }
}
