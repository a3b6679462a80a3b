//! A city in memory with its base datasets, three departments and two citizens.

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use yunlong_audit::{Audit, AuditConfig, EntryFilter};
use yunlong_hub::{
    Actor, Authority, FieldError, Fresh, Hub, HubConfig, HubError, HubServices, ImportRow, NewImport, Provenance,
    Records, Written,
};
use yunlong_identity::{
    AccountKind, Attributes, Identity, IdentityConfig, NewAccount, Organization, OrganizationLevel, Password,
    PlatformRole, Secrets, XUZHOU_DIVISIONS,
};
use yunlong_installations::Installations;
use yunlong_messaging::{Messaging, Subscriptions};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Clock, InstallationName, Kind, Manifest, Timestamp};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{SharedStore, Txn};
use zeroize::Zeroizing;

pub(crate) const POLICE: &str = "11320300MB000YL15P";
pub(crate) const TOURISM: &str = "11320300MB000TX42P";
pub(crate) const PERSON: &str = "population.person";
pub(crate) const HOUSEHOLD: &str = "population.household";
pub(crate) const PLACE: &str = "geospatial.place";
pub(crate) const DAY: i64 = 86_400_000;
/// Thursday, 2026-11-26, in the morning in Shanghai.
pub(crate) const START: Timestamp = Timestamp(1_795_658_400_000);

pub(crate) struct City {
    pub(crate) hub: Hub,
    pub(crate) store: SharedStore,
    pub(crate) clock: ManualClock,
    pub(crate) audit: Audit,
    pub(crate) identity: Arc<Identity>,
    pub(crate) messaging: Arc<Messaging>,
}

struct Nobody;

#[async_trait]
impl Subscriptions for Nobody {
    fn manifest(&self, _: &InstallationName) -> Option<Arc<Manifest>> {
        None
    }

    fn subscribers(&self, _: &InstallationName, _: &str) -> Vec<InstallationName> {
        Vec::new()
    }
}

/// A resident ID with its check digit.
pub(crate) fn resident_id(area: &str, birth: &str, order: u16) -> String {
    let digits = format!("{area}{birth}{order:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// The resident ID of person number `n`, born on 1990-01-01.
pub(crate) fn id(n: u16) -> String {
    resident_id("320321", "19900101", n)
}

/// A person's row: men have odd numbers.
pub(crate) fn person(n: u16) -> Value {
    json!({
        "resident_id": id(n),
        "name": format!("示例{n}"),
        "sex": if n % 2 == 1 { "1" } else { "2" },
        "birth_date": "1990-01-01",
        "division": "320321",
        "status": "normal",
    })
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

pub(crate) fn row(line: u64, record: Value) -> ImportRow {
    ImportRow { line, record: object(record), valid_from: None, valid_to: None }
}

pub(crate) fn new_import(dataset: &str, file: &str) -> NewImport {
    NewImport {
        dataset: dataset.into(),
        file: file.into(),
        size: 1,
        fingerprint: file.into(),
        valid_from: Some("2026-01-01".into()),
    }
}

pub(crate) fn official(account: &str, organization: &str) -> Actor {
    Actor {
        account: account.into(),
        kind: Kind::Official,
        organization: Some(organization.into()),
        system_admin: false,
        security_admin: false,
        audit_admin: false,
        request_id: "test".into(),
    }
}

pub(crate) fn police() -> Actor {
    official("police-clerk", POLICE)
}

pub(crate) fn tourism() -> Actor {
    official("tourism-clerk", TOURISM)
}

pub(crate) fn police_admin() -> Actor {
    official("police-admin", POLICE)
}

pub(crate) fn tourism_admin() -> Actor {
    official("tourism-admin", TOURISM)
}

pub(crate) fn system_admin() -> Actor {
    Actor { system_admin: true, ..official("city-system", "320300") }
}

pub(crate) fn citizen(account: &str) -> Actor {
    Actor { kind: Kind::Citizen, organization: None, ..official(account, "") }
}

/// The errors of a record, or a panic.
pub(crate) fn errors<T: std::fmt::Debug>(result: Result<T, HubError>) -> Vec<FieldError> {
    match result {
        Err(HubError::Record(errors)) => errors,
        other => panic!("not refused for its fields: {other:?}"),
    }
}

impl City {
    pub(crate) async fn new() -> Self {
        let city = Self::on(Arc::new(MemoryStore::new())).await;
        city.people().await;
        for id in [PERSON, HOUSEHOLD, PLACE] {
            city.hub.set_provider(id, POLICE, &system_admin()).await.unwrap();
        }
        city
    }

    /// The services on a store, whatever is in it.
    pub(crate) async fn on(store: SharedStore) -> Self {
        let manual = ManualClock::new(START);
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let secrets = Secrets::new([1; 32]);
        let keys = secrets.fields().clone();
        let log = AuditConfig::new("test.example/audit", Zeroizing::new([2; 32]));
        let audit = Audit::open(store.clone(), clock.clone(), keys.clone(), log).await.unwrap();
        let demo = IdentityConfig::demo();
        let identity = Identity::open(store.clone(), clock.clone(), secrets, audit.clone(), demo);
        let identity = Arc::new(identity.await.unwrap());
        let installations = Arc::new(Installations::open(store.clone(), clock.clone(), audit.clone()).await.unwrap());
        let messaging = Arc::new(Messaging::new(store.clone(), clock.clone(), Arc::new(Nobody)));
        let services = HubServices {
            store: store.clone(),
            clock,
            keys,
            audit: audit.clone(),
            identity: identity.clone(),
            messaging: messaging.clone(),
            installations,
        };
        let hub = Hub::open(services, HubConfig::new(Zeroizing::new([3; 32]))).await.unwrap();
        Self { hub, store, clock: manual, audit, identity, messaging }
    }

    pub(crate) async fn people(&self) {
        self.identity.import_divisions(XUZHOU_DIVISIONS).await.unwrap();
        for (code, name) in [(POLICE, "公安局（示例）"), (TOURISM, "文旅局（示例）")] {
            let organization = Organization {
                code: code.into(),
                level: OrganizationLevel::Department,
                name: name.into(),
                parent: Some("320300".into()),
                valid_from: None,
                valid_to: None,
            };
            self.identity.add_organization(organization, "-").await.unwrap();
        }
        for (account, organization) in [("police-admin", POLICE), ("tourism-admin", TOURISM)] {
            let roles = vec![PlatformRole::DepartmentAdmin];
            self.account(account, AccountKind::Official, Some(organization), roles, None).await;
        }
        for (account, n) in [("ann", 1), ("bob", 2)] {
            self.account(account, AccountKind::Citizen, None, vec![], Some(&id(n))).await;
        }
    }

    async fn account(
        &self,
        account: &str,
        kind: AccountKind,
        organization: Option<&str>,
        platform_roles: Vec<PlatformRole>,
        resident_id: Option<&str>,
    ) {
        let new = NewAccount {
            name: account.into(),
            kind,
            password: Password::from("correct horse battery".to_owned()),
            organization: organization.map(str::to_owned),
            attributes: Attributes { resident_id: resident_id.map(|id| id.parse().unwrap()), ..Attributes::default() },
            platform_roles,
        };
        self.identity.create_account(new).await.unwrap();
    }

    pub(crate) fn records(&self, dataset: &str) -> Records {
        self.hub.records(dataset).unwrap()
    }

    pub(crate) fn fresh(&self, key: &str, fields: Value, from: &str) -> Fresh {
        Fresh {
            key: key.into(),
            fields: object(fields),
            valid_from: from.parse().unwrap(),
            valid_to: None,
            provenance: Provenance {
                organization: POLICE.into(),
                by: "police-clerk".into(),
                through: "test".into(),
                at: self.hub_now(),
            },
            based_on: None,
        }
    }

    pub(crate) fn hub_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes as the provider does.
    pub(crate) async fn put(&self, dataset: &str, fresh: Fresh) -> Result<Written, HubError> {
        self.put_as(&Authority::Of(POLICE.into()), dataset, fresh).await
    }

    pub(crate) async fn put_as(&self, by: &Authority, dataset: &str, fresh: Fresh) -> Result<Written, HubError> {
        let mut txn = Txn::new(self.store.clone());
        let mut writer = self.hub.writer(&mut txn, dataset).await?;
        let written = writer.put(&mut txn, by, fresh).await?;
        writer.finish(&mut txn);
        txn.commit().await?;
        Ok(written)
    }

    pub(crate) async fn correct(&self, dataset: &str, fresh: Fresh) -> Result<Written, HubError> {
        let mut txn = Txn::new(self.store.clone());
        let mut writer = self.hub.writer(&mut txn, dataset).await?;
        let written = writer.correct(&mut txn, &Authority::Of(POLICE.into()), fresh).await?;
        writer.finish(&mut txn);
        txn.commit().await?;
        Ok(written)
    }

    pub(crate) async fn close(&self, dataset: &str, key: &str, to: &str) -> Result<Written, HubError> {
        let mut txn = Txn::new(self.store.clone());
        let mut writer = self.hub.writer(&mut txn, dataset).await?;
        let provenance = self.fresh(key, json!({}), "2026-01-01").provenance;
        let by = Authority::Of(POLICE.into());
        let written = writer.close(&mut txn, &by, key, to.parse().unwrap(), provenance).await?;
        writer.finish(&mut txn);
        txn.commit().await?;
        Ok(written)
    }

    pub(crate) async fn erase(&self, dataset: &str, key: &str) -> Result<(), HubError> {
        let mut txn = Txn::new(self.store.clone());
        let mut writer = self.hub.writer(&mut txn, dataset).await?;
        writer.erase(&mut txn, key).await?;
        writer.finish(&mut txn);
        txn.commit().await?;
        Ok(())
    }

    /// The actions in the audit log that begin so, the oldest first.
    pub(crate) async fn audited(&self, action: &str) -> Vec<yunlong_audit::Entry> {
        let filter = EntryFilter { action: action.into(), ..EntryFilter::default() };
        let page = self.audit.search(&filter, None, 500).await.unwrap();
        page.entries.into_iter().rev().map(|s| s.entry).collect()
    }
}
