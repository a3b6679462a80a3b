//! Who may pull and push.
//!
//! | | pull | push | delete |
//! |---|---|---|---|
//! | anybody | what belongs to an app of which a version is approved | | |
//! | a vendor's people | their own repositories | their own repositories | what they did not publish |
//! | reviewers and the city's administrators | everything | | |
//!
//! A vendor's repositories are those below its account's name, and below each vendor's name for which its
//! organization has a key in force.

use async_trait::async_trait;
use std::net::IpAddr;
use std::sync::Arc;
use yunlong_identity::{AccountKind, Identity, PlatformRole, SessionOrigin, SignInError as Refused};
use yunlong_model::Clock;
use yunlong_oci::RepositoryName;
use yunlong_oci::access::{Access, Account, Action, SignInError};
use yunlong_publications::Publications;

pub(super) struct CityAccess {
    pub(super) identity: Arc<Identity>,
    pub(super) publications: Publications,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Access for CityAccess {
    /// The password, or a token of `POST /api/v1/sessions` in its place: the only way for an account with a second
    /// factor, which Basic authentication cannot carry.
    async fn sign_in(&self, user: &str, password: &str, _client: Option<IpAddr>) -> Result<Account, SignInError> {
        let unavailable = |e: &dyn std::fmt::Display| SignInError::Unavailable(e.to_string());
        let session =
            self.identity.authenticate(password, &SessionOrigin::Bearer).await.map_err(|e| unavailable(&e))?;
        if session.is_some_and(|s| s.account == user) {
            return Ok(Account { name: user.to_owned() });
        }
        // Failures are counted, and lock, as at every sign-in.
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

    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool {
        match self.decide(who, repository, action).await {
            Ok(may) => may,
            Err(error) => {
                tracing::warn!(%error, %repository, "refused, since nobody can tell who may");
                false
            }
        }
    }
}

impl CityAccess {
    async fn decide(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> anyhow::Result<bool> {
        if let Some(who) = who
            && let Some(account) = self.identity.account(&who.name).await?.filter(|a| !a.disabled)
        {
            let staff = [PlatformRole::SystemAdmin, PlatformRole::SecurityAdmin, PlatformRole::AppReviewer];
            if action == Action::Pull && staff.iter().any(|r| account.platform_roles.contains(r)) {
                return Ok(true);
            }
            if account.kind == AccountKind::Vendor {
                let owner = repository.owner();
                if owner == account.name || self.is_vendor(account.organization.as_deref(), owner).await? {
                    return Ok(true);
                }
            }
        }
        if action == Action::Pull { self.is_public(repository).await } else { Ok(false) }
    }

    /// Whether an organization has a key in force for the vendor of this name.
    async fn is_vendor(&self, organization: Option<&str>, vendor: &str) -> anyhow::Result<bool> {
        let Some(organization) = organization else { return Ok(false) };
        let trust = self.publications.trust().await?;
        Ok(trust.keys().any(|(_, k)| {
            k.vendor == vendor && k.revoked_at.is_none() && k.organization.as_deref() == Some(organization)
        }))
    }

    /// Whether a version out of this repository is approved and offered.
    async fn is_public(&self, repository: &RepositoryName) -> anyhow::Result<bool> {
        Ok(self.publications.is_offered(repository.as_str()).await?)
    }
}
