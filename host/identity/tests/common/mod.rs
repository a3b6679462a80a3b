//! A small city for the tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part; a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use yunlong_audit::{Audit, AuditConfig};
use yunlong_identity::{
    AccountKind, Argon2Hasher, Argon2Params, Attributes, Hasher, Identity, IdentityConfig, NewAccount, PlatformRole,
    Secrets, Session, SessionOrigin,
};
use yunlong_model::clock::ManualClock;
use yunlong_model::manifest::{Attribute, Scope};
use yunlong_model::{InstallationName, Text, Timestamp};
use yunlong_sealing::{DataKey, Keyring};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;
use zeroize::Zeroizing;

pub const PASSWORD: &str = "correct horse";
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const ID: &str = "320302199001019999";

pub struct City {
    pub store: SharedStore,
    pub clock: ManualClock,
    pub identity: Identity,
    pub hasher: Arc<Counting>,
}

/// Counts how many hashes run at once.
pub struct Counting {
    inner: Argon2Hasher,
    running: AtomicUsize,
    pub most: AtomicUsize,
    pub total: AtomicUsize,
    pub pause: Duration,
}

impl Counting {
    pub fn new(pause: Duration) -> Arc<Self> {
        let params = Argon2Params { memory_kib: 64, passes: 1, lanes: 1 };
        let inner = Argon2Hasher::new(params).unwrap();
        Arc::new(Self {
            inner,
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            total: AtomicUsize::new(0),
            pause,
        })
    }

    fn counted<T>(&self, f: impl FnOnce() -> T) -> T {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.total.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(self.pause);
        let answer = f();
        self.running.fetch_sub(1, Ordering::SeqCst);
        answer
    }
}

impl Hasher for Counting {
    fn hash(&self, password: &str) -> Result<String, String> {
        self.counted(|| self.inner.hash(password))
    }

    fn verify(&self, password: &str, hash: &str) -> bool {
        self.counted(|| self.inner.verify(password, hash))
    }
}

pub async fn city() -> City {
    city_with(config(), Duration::ZERO).await
}

/// Administrators sign in by their password alone, as in a demo.
pub fn config() -> IdentityConfig {
    IdentityConfig { policy: IdentityConfig::demo().policy, ..IdentityConfig::default() }
}

pub async fn city_with(config: IdentityConfig, pause: Duration) -> City {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let clock = ManualClock::new(Timestamp(1_790_000_000_000));
    let hasher = Counting::new(pause);
    let identity = open(&store, &clock, config, hasher.clone()).await;
    identity.import_divisions("code,level,name,parent\n320300,city,徐州市,320000\n320302,county,鼓楼区,320300\n320303,county,云龙区,320300\n").await.unwrap();
    City { store, clock, identity, hasher }
}

pub async fn open(store: &SharedStore, clock: &ManualClock, config: IdentityConfig, hasher: Arc<Counting>) -> Identity {
    let (audit, clock) = (audit(store, clock).await, Arc::new(clock.clone()));
    Identity::open_with_hasher(store.clone(), clock, Secrets::new([7; 32]), audit, config, hasher).await.unwrap()
}

pub async fn audit(store: &SharedStore, clock: &ManualClock) -> Audit {
    let config = AuditConfig::new("city.example/audit", Zeroizing::new([5; 32]));
    let keys = Arc::new(Keyring::new(DataKey::derived(&Zeroizing::new([3; 32])), Vec::new()));
    Audit::open(store.clone(), Arc::new(clock.clone()), keys, config).await.unwrap()
}

pub fn citizen(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        kind: AccountKind::Citizen,
        password: PASSWORD.into(),
        organization: None,
        attributes: Attributes::default(),
        platform_roles: vec![],
    }
}

pub fn with_attributes(name: &str) -> NewAccount {
    let attributes = Attributes {
        real_name: Some("云小龙".into()),
        resident_id: Some(ID.parse().unwrap()),
        mobile: Some("19900000001".parse().unwrap()),
    };
    NewAccount { attributes, ..citizen(name) }
}

pub fn official(name: &str, organization: &str, roles: &[PlatformRole]) -> NewAccount {
    NewAccount {
        kind: AccountKind::Official,
        organization: Some(organization.into()),
        platform_roles: roles.to_vec(),
        ..citizen(name)
    }
}

pub fn app(name: &str) -> InstallationName {
    name.parse().unwrap()
}

pub fn scope(name: &str, attributes: &[Attribute]) -> Scope {
    Scope {
        name: name.into(),
        attributes: attributes.to_vec(),
        reason: Text { zh: "核对优惠票".into(), en: "To check a concession".into() },
    }
}

impl City {
    pub async fn account(&self, new: NewAccount) {
        self.identity.create_account(new).await.unwrap();
    }

    /// The token and the session of somebody who signs in.
    pub async fn sign_in(&self, name: &str, origin: SessionOrigin) -> (String, Session) {
        let new = self.identity.sign_in(name, PASSWORD, &origin).await.unwrap();
        let token = new.token.as_str().to_owned();
        let session = self.identity.authenticate(&token, &origin).await.unwrap().unwrap();
        (token, session)
    }

    pub async fn alive(&self, token: &str, origin: &SessionOrigin) -> bool {
        self.identity.authenticate(token, origin).await.unwrap().is_some()
    }

    /// The same city after a restart: caches are empty, the store is the same.
    pub async fn restarted(self) -> Self {
        let identity = open(&self.store, &self.clock, config(), self.hasher.clone()).await;
        Self { identity, ..self }
    }

    /// Every byte that the service has stored.
    pub async fn stored(&self) -> String {
        let range = yunlong_store::Key::space("@identity").children();
        let rows = self.store.scan(&range, yunlong_store::Direction::Ascending, usize::MAX).await.unwrap();
        rows.iter().map(|e| format!("{:?} = {}\n", e.key, String::from_utf8_lossy(&e.value))).collect()
    }
}
