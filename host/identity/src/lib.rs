//! Who people are: organizations, accounts, sessions, roles, pairwise subjects, attributes and
//! consents.
//!
//! [`Identity`] is one service over the store. It knows neither HTTP nor wasm: the gateway brings
//! tokens to [`Identity::authenticate`], the runtime asks [`Identity::principal`] what an app may
//! see of a person, and [`Identity::attribute`] releases what the person has consented to.
//!
//! Invariants:
//! - A token or one-time code is stored only as a hash; a password only as Argon2id; a secret of TOTP
//!   not at all.
//! - A lock, and the time of an answer, do not depend on whether the account exists.
//! - No account holds two of the platform's roles, and nobody gives one to themself.
//! - An installation never learns an account's name, and never the same subject as another one.
//! - A withdrawn consent, a revoked role and an ended session have no effect from the moment at
//!   which the call that took them back answers. Caches are invalidated by the writer, behind the
//!   commit and before the answer, in a task that runs on when the caller goes away. This relies
//!   on one process writing; a second one would follow `Store::changes` of the space `@identity`.
//! - Who did what to whom is an entry of the audit log, in the commit of what it tells, sealed for the
//!   person whom it is about and nowhere in the plain.
//! - Attributes are stored sealed, under a key that lies apart from the data, and bound to their row.
//! - Never more than [`IdentityConfig::concurrent_hashes`] password hashes are computed at once.
#![deny(missing_docs)]

mod accounts;
mod attempts;
mod attributes;
mod audit;
mod cache;
mod config;
mod error;
mod external;
mod hashing;
mod keys;
mod mandate_list;
mod mandates;
mod members;
mod organizations;
mod passkeys;
mod persons;
mod policy;
mod powers;
mod recovery;
mod rights;
mod second_factor;
mod secret;
mod session_list;
mod sessions;
mod sign_in;
mod sign_on;
mod subjects;
mod types;
mod uses;

pub use config::{Argon2Params, IdentityConfig, RelyingParty};
pub use error::{AttributeError, CodeError, FactorError, IdentityError, SignInError};
pub use external::{External, ExternalLink};
pub use hashing::{Argon2Hasher, Hasher};
pub use mandate_list::MandatePage;
pub use mandates::{Basis, CompanyMandate, Grantor, Mandate, NewMandate};
pub use policy::SecurityPolicy;
pub use rights::Attested;
pub use second_factor::{FactorList, PasskeyEntry, TotpOffer};
pub use secret::{Code, Password, Secrets, Token};
pub use types::{
    Account, AccountKind, Attributes, ConsentRecord, Device, NewAccount, NewPerson, NewSession, Organization,
    OrganizationLevel, PlatformRole, ResetCode, RoleAssignment, Session, SessionEntry, SessionOrigin,
};
pub use yunlong_audit::{AuditFilter, AuditPage, AuditRow};

use cache::Cache;
use hashing::Gate;
use parking_lot::RwLock;
use std::sync::Arc;
use yunlong_audit::Audit;
use yunlong_model::{Clock, InstallationName, Timestamp};
use yunlong_store::{SharedStore, StoreError};

/// The divisions of Xuzhou as CSV (`code,level,name,parent`): 1 city, 11 counties, 186 towns,
/// 2,812 villages, as of June 2023.
pub const XUZHOU_DIVISIONS: &str = include_str!("../data/xuzhou-divisions.csv");

/// The service. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
}

struct Inner {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    secrets: Secrets,
    audit: Audit,
    config: IdentityConfig,
    gate: Gate,
    /// Verified against when there is no such account, so that the answer takes as long.
    dummy_hash: String,
    sessions: Cache<secret::TokenHash, Arc<sessions::Live>>,
    people: Cache<String, Arc<accounts::Person>>,
    /// The persons of accounts that have a resident ID. An account keeps the one that it was opened with.
    persons: Cache<String, yunlong_model::PersonId>,
    rights: Cache<(InstallationName, String), Arc<rights::Rights>>,
    /// Subjects whose way back to the account is stored.
    subjects: Cache<String, ()>,
    organizations: RwLock<Arc<organizations::Tree>>,
    policy: RwLock<Arc<SecurityPolicy>>,
    mandates: Cache<String, Arc<Mandate>>,
    passkeys: passkeys::Passkeys,
}

impl Identity {
    /// Opens the service on a store; what people do and what is done to them is told to the audit.
    ///
    /// # Errors
    /// When the store fails or Argon2 does not allow the configured costs.
    pub async fn open(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        secrets: Secrets,
        audit: Audit,
        config: IdentityConfig,
    ) -> Result<Self, IdentityError> {
        let hasher = Arc::new(Argon2Hasher::new(config.argon2)?);
        Self::open_with_hasher(store, clock, secrets, audit, config, hasher).await
    }

    /// As [`Identity::open`], with another hasher: for tests that count hashes.
    ///
    /// # Errors
    /// When the store or the hasher fails.
    pub async fn open_with_hasher(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        secrets: Secrets,
        audit: Audit,
        config: IdentityConfig,
        hasher: Arc<dyn Hasher>,
    ) -> Result<Self, IdentityError> {
        let gate = Gate::new(hasher, &config);
        let dummy_hash = gate.enter_patiently().await?.hash("nobody has this password".into()).await?;
        let tree = organizations::Tree::load(&store).await?;
        members::index(&store).await?;
        let inner = Inner {
            gate,
            dummy_hash,
            sessions: Cache::new(config.cache_entries),
            people: Cache::new(config.cache_entries),
            persons: Cache::new(config.cache_entries),
            rights: Cache::new(config.cache_entries),
            subjects: Cache::new(config.cache_entries),
            organizations: RwLock::new(Arc::new(tree)),
            policy: RwLock::new(Arc::new(policy::load(&store, &config.policy).await?)),
            mandates: Cache::new(config.cache_entries),
            passkeys: passkeys::Passkeys::new(&config)?,
            store,
            clock,
            secrets,
            audit,
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The keys that personal fields are sealed with, for what else is sealed: documents of apps.
    #[must_use]
    pub fn field_keys(&self) -> &Arc<yunlong_sealing::Keyring> {
        self.inner.secrets.fields()
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Runs a change to its end even when the caller goes away, so that what must follow the commit
/// (invalidating a cache) is never left out.
async fn detached<T, E>(change: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match tokio::spawn(change).await {
        Ok(answer) => answer,
        Err(e) => match e.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(StoreError::Closed.into()),
        },
    }
}
