//! A city in memory: a police that provides three datasets, one of each sharing class, a tourism office whose
//! apps ask for them, and people. The dataset that is shared unconditionally is about places, since what is
//! about persons is not shared so; the others are about residents.

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use yunlong_audit::{Audit, AuditConfig, Entry, EntryFilter, Outcome};
use yunlong_formats::Date;
use yunlong_hub::{
    Actor, Authority, Caller, Dataset, Decision, Fresh, Hub, HubConfig, HubServices, Item, ItemKind, Level, Open,
    Provenance, Query, ReadError, Request, Sensitivity,
};
use yunlong_identity::{
    AccountKind, Attributes, Identity, IdentityConfig, NewAccount, Organization, OrganizationLevel, Password,
    PlatformRole, Secrets, XUZHOU_DIVISIONS,
};
use yunlong_installations::{Capability, Installations, New, Status, Switch, Upgrade};
use yunlong_messaging::{Deliver, Delivery, DeliveryError, Dispatcher, Messaging, Subscriptions};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Clock, Digest, Event, InstallationName, Kind, Manifest, PersonId, Timestamp};
use yunlong_sealing::Keyring;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{SharedStore, Txn};
use zeroize::Zeroizing;

pub(crate) const POLICE: &str = "11320300MB000YL15P";
pub(crate) const TOURISM: &str = "11320300MB000TX42P";
pub(crate) const OPEN: &str = "police.open";
pub(crate) const ASKED: &str = "police.asked";
pub(crate) const CLOSED: &str = "police.closed";
pub(crate) const LAW: &str = "《示例条例》第九条";
pub(crate) const DAY: i64 = 86_400_000;
/// After so long every change about a person is delivered that was told before.
pub(crate) const HALF_AN_HOUR: i64 = 1_800_000;
/// Thursday morning in Shanghai.
pub(crate) const START: Timestamp = Timestamp(1_795_658_400_000);

/// Of three residents: Wang and Li of 320321, Zhao of 320322.
pub(crate) struct Residents {
    pub(crate) wang: String,
    pub(crate) li: String,
    pub(crate) zhao: String,
}

pub(crate) struct City {
    pub(crate) hub: Hub,
    pub(crate) store: SharedStore,
    pub(crate) clock: ManualClock,
    pub(crate) audit: Audit,
    pub(crate) identity: Arc<Identity>,
    pub(crate) installations: Arc<Installations>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) residents: Residents,
}

struct Registry(Arc<Installations>);

impl Subscriptions for Registry {
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>> {
        self.0.get(installation).map(|i| i.manifest.clone())
    }

    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        self.0.subscribers(source, topic)
    }
}

/// A resident ID with its check digit.
pub(crate) fn resident_id(area: &str, birth: &str, order: u16) -> String {
    let digits = format!("{area}{birth}{order:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

pub(crate) fn name(text: &str) -> InstallationName {
    text.parse().unwrap()
}

pub(crate) fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn dataset(id: &str, sharing: &str) -> Dataset {
    let text = format!(
        r#"
        id = "{id}"
        title = {{ zh = "居民", en = "Residents" }}
        summary = {{ zh = "测试用的居民。", en = "Residents for tests." }}
        category = "department"
        provider = "{POLICE}"
        key = "resident_id"
        person = "resident_id"
        division = "division"
        indexes = [["division"], ["birth_date"], ["name"]]
        update_cycle = "daily"
        level = "important"
        sharing = {sharing}
        items = [
            {{ name = "resident_id", title = {{ zh = "身份号码", en = "Resident ID" }}, type = "resident-id", required = true, sensitivity = "sensitive" }},
            {{ name = "name", title = {{ zh = "姓名", en = "Name" }}, type = "text", required = true, sensitivity = "personal" }},
            {{ name = "birth_date", title = {{ zh = "出生日期", en = "Born" }}, type = "date", sensitivity = "personal" }},
            {{ name = "division", title = {{ zh = "区划", en = "Division" }}, type = "division", required = true, sensitivity = "personal" }},
            {{ name = "mobile", title = {{ zh = "手机", en = "Mobile" }}, type = "mobile", sensitivity = "personal" }},
            {{ name = "note", title = {{ zh = "备注", en = "Note" }}, type = "text" }},
        ]
        "#
    );
    toml::from_str(&text).unwrap()
}

/// The dataset that is about nobody: its items have the names of the others', and no person.
fn places() -> Dataset {
    let residents = dataset(OPEN, r#"{ class = "unconditional" }"#);
    let item = |i: Item| Item { sensitivity: Sensitivity::General, ..i };
    let mut items: Vec<Item> = residents.items.into_iter().map(item).collect();
    items[0] = Item { name: "code".into(), kind: ItemKind::Text, ..items[0].clone() };
    Dataset { key: "code".into(), person: None, level: Level::General, items, ..residents }
}

impl City {
    pub(crate) async fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), true).await
    }

    /// A city on a store; `fresh` when nothing is in it.
    pub(crate) async fn on(store: SharedStore, fresh: bool) -> Self {
        Self::sealed(store, fresh, None).await
    }

    /// The same, whose records are sealed with other keys than identity's.
    pub(crate) async fn sealed(store: SharedStore, fresh: bool, keys: Option<Arc<Keyring>>) -> Self {
        let manual = ManualClock::new(START);
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let secrets = Secrets::new([1; 32]);
        let keys = keys.unwrap_or_else(|| secrets.fields().clone());
        let log = AuditConfig::new("test.example/audit", Zeroizing::new([2; 32]));
        let audit = Audit::open(store.clone(), clock.clone(), keys.clone(), log).await.unwrap();
        let demo = IdentityConfig::demo();
        let identity = Identity::open(store.clone(), clock.clone(), secrets, audit.clone(), demo);
        let identity = Arc::new(identity.await.unwrap());
        let installations = Arc::new(Installations::open(store.clone(), clock.clone(), audit.clone()).await.unwrap());
        let registry = Arc::new(Registry(installations.clone()));
        let messaging = Arc::new(Messaging::new(store.clone(), clock.clone(), registry));
        let services = HubServices {
            store: store.clone(),
            clock,
            keys,
            audit: audit.clone(),
            identity: identity.clone(),
            messaging: messaging.clone(),
            installations: installations.clone(),
        };
        let hub = Hub::open(services, HubConfig::new(Zeroizing::new([3; 32]))).await.unwrap();
        let residents = Residents {
            wang: resident_id("320321", "19600301", 12),
            li: resident_id("320321", "19900101", 34),
            zhao: resident_id("320322", "19900101", 56),
        };
        let city = Self { hub, store, clock: manual, audit, identity, installations, messaging, residents };
        if fresh {
            city.people().await;
            city.datasets().await;
        }
        city
    }

    async fn people(&self) {
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
        let admin = || vec![PlatformRole::DepartmentAdmin];
        for (account, organization, roles) in [
            ("police-admin", POLICE, admin()),
            ("police-clerk", POLICE, vec![]),
            ("tourism-admin", TOURISM, admin()),
            ("tourism-clerk", TOURISM, vec![]),
            ("city-system", "320300", vec![PlatformRole::SystemAdmin]),
        ] {
            self.account(account, AccountKind::Official, Some(organization), roles, None).await;
        }
        for (account, id) in [("wang", &self.residents.wang), ("li-1", &self.residents.li)] {
            self.account(account, AccountKind::Citizen, None, vec![], Some(id)).await;
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

    async fn datasets(&self) {
        let by = official("police-admin", POLICE);
        let asked = r#"{ class = "conditional", condition = { zh = "说明用途", en = "State the purpose" } }"#;
        let closed = format!(r#"{{ class = "not-shared", law = "{LAW}" }}"#);
        for described in [places(), dataset(ASKED, asked), dataset(CLOSED, &closed)] {
            let id = &described.id.clone();
            self.hub.create_dataset(described, &by).await.unwrap();
            self.hub.publish_dataset(id, &by).await.unwrap();
            let people = [
                (&self.residents.wang, "王示例", "1960-03-01", "320321", Some("19900000001")),
                (&self.residents.li, "李示例", "1990-01-01", "320321", None),
                (&self.residents.zhao, "赵示例", "1990-01-01", "320322", Some("19900000003")),
            ];
            for (key, name, born, division, mobile) in people {
                let mut body = json!({ "name": name, "birth_date": born, "division": division });
                if let Some(mobile) = mobile {
                    body["mobile"] = json!(mobile);
                }
                self.put(id, &self.key(id, key), body).await;
            }
        }
    }

    /// The key of a record: a resident's own number, and a code that is like it where it is about nobody.
    pub(crate) fn key(&self, dataset: &str, resident: &str) -> String {
        if dataset == OPEN { format!("place-{}", &resident[14..]) } else { resident.to_owned() }
    }

    /// Writes a record as its provider does, from the first day of the year on.
    pub(crate) async fn put(&self, dataset: &str, key: &str, body: Value) {
        self.put_from(dataset, key, body, "2026-01-01").await;
    }

    pub(crate) async fn put_from(&self, dataset: &str, key: &str, body: Value, from: &str) {
        let Value::Object(fields) = body else { panic!("not an object") };
        let mut txn = Txn::new(self.store.clone());
        let mut writer = self.hub.writer(&mut txn, dataset).await.unwrap();
        let fresh = Fresh {
            key: key.into(),
            fields,
            valid_from: from.parse().unwrap(),
            valid_to: None,
            provenance: Provenance {
                organization: POLICE.into(),
                by: "police-admin".into(),
                through: "test".into(),
                at: self.now(),
            },
            based_on: None,
        };
        writer.put(&mut txn, &Authority::All, fresh).await.unwrap();
        writer.finish(&mut txn);
        txn.commit().await.unwrap();
    }

    /// Writes a record for each of these residents of 320321, in one commit.
    pub(crate) async fn put_many(&self, dataset: &str, keys: &[String]) {
        let mut txn = Txn::new(self.store.clone());
        let mut writer = self.hub.writer(&mut txn, dataset).await.unwrap();
        for key in keys {
            let fields = object(json!({ "name": "示例", "division": "320321", "birth_date": "1970-01-01" }));
            let provenance = Provenance {
                organization: POLICE.into(),
                by: "police-admin".into(),
                through: "test".into(),
                at: self.now(),
            };
            let fresh = Fresh {
                key: key.clone(),
                fields,
                valid_from: day("2026-01-01"),
                valid_to: None,
                provenance,
                based_on: None,
            };
            writer.put(&mut txn, &Authority::All, fresh).await.unwrap();
        }
        writer.finish(&mut txn);
        txn.commit().await.unwrap();
    }

    /// Removes a record with all that it was.
    pub(crate) async fn erase(&self, dataset: &str, key: &str) {
        let mut txn = Txn::new(self.store.clone());
        let mut writer = self.hub.writer(&mut txn, dataset).await.unwrap();
        writer.erase(&mut txn, key).await.unwrap();
        writer.finish(&mut txn);
        txn.commit().await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Installs an app with these uses of datasets, everything approved by its department.
    pub(crate) async fn install(&self, app: &str, organization: &str, uses: &str) -> InstallationName {
        let manifest = Arc::new(manifest(app, uses));
        let new = New {
            name: name(app),
            organization: organization.into(),
            organization_name: "示例".into(),
            package_digest: Digest::of(uses.as_bytes()),
            signer: "key".into(),
            grants: Capability::of_manifest(&manifest),
            manifest,
            config: Default::default(),
            by: "tourism-admin".into(),
        };
        self.installations.install(new).await.unwrap();
        self.installations.set_status(&name(app), Status::Running, "tourism-admin").await.unwrap();
        name(app)
    }

    /// Gives another release charge, and ends its trial.
    pub(crate) async fn upgrade(&self, app: &str, to: Upgrade) {
        let switch = Switch { hold: false, until: self.now(), total: 0, errors: 0, slowest_ms: 0 };
        self.installations.take_charge(&name(app), to, switch).await.unwrap();
        self.installations.settle(&name(app)).await.unwrap();
    }

    pub(crate) fn manifest_of(&self, app: &str) -> Arc<Manifest> {
        self.installations.get(&name(app)).unwrap().manifest.clone()
    }

    /// Files what an app asks for.
    pub(crate) async fn ask(&self, app: &str, dataset: &str, purpose: &str) -> Request {
        self.hub.ask(&name(app), dataset, purpose, &official("tourism-admin", TOURISM)).await.unwrap()
    }

    /// Asks, and grants all of it.
    pub(crate) async fn grant(&self, app: &str, dataset: &str, purpose: &str) -> Request {
        self.grant_some(app, dataset, purpose, |_| {}).await
    }

    /// Asks, and grants what is left after `narrow`.
    pub(crate) async fn grant_some(
        &self,
        app: &str,
        dataset: &str,
        purpose: &str,
        narrow: impl FnOnce(&mut Decision),
    ) -> Request {
        let request = self.ask(app, dataset, purpose).await;
        if !request.state.is_open() {
            return request;
        }
        let mut decision = request.everything(self.now());
        narrow(&mut decision);
        self.hub.approve_request(&request.id, decision, &official("police-admin", POLICE)).await.unwrap()
    }

    pub(crate) fn person(&self, id: &str) -> PersonId {
        self.identity.person_of_resident_id(id)
    }

    /// A caller of an app of the tourism office.
    pub(crate) fn caller(&self, app: &str, who: Who) -> Caller {
        let (kind, account, person, roles) = match who {
            Who::Nobody => (Kind::Anonymous, None, None, vec![]),
            Who::Citizen(account, id) => (Kind::Citizen, Some(account), Some(self.person(id)), vec![]),
            Who::Official(roles) => (Kind::Official, Some("tourism-clerk"), None, strings(roles)),
            Who::Outsider(roles) => (Kind::Official, Some("police-clerk"), None, strings(roles)),
            Who::Job => (Kind::Service, None, None, vec![]),
        };
        let office = match who {
            Who::Official(_) => Some(TOURISM.to_owned()),
            Who::Outsider(_) => Some(POLICE.to_owned()),
            _ => None,
        };
        Caller {
            installation: name(app),
            organization: TOURISM.into(),
            office,
            kind,
            account: account.map(str::to_owned),
            person,
            roles,
            invocation: "request",
            request_id: "request-1".into(),
        }
    }

    pub(crate) async fn open(&self, app: &str, who: Who<'_>, dataset: &str, purpose: &str) -> Result<Open, ReadError> {
        self.hub.open_dataset(self.caller(app, who), dataset, purpose).await
    }

    /// What the log has with this beginning of the action, the newest first.
    pub(crate) async fn log(&self, action: &str) -> Vec<Entry> {
        let filter = EntryFilter { action: action.into(), ..EntryFilter::default() };
        let page = self.audit.search(&filter, None, 500).await.unwrap();
        page.entries.into_iter().map(|s| s.entry).collect()
    }

    /// The newest denial in the log.
    pub(crate) async fn last_denial(&self) -> (String, Entry) {
        let entry = self.log("data.denied").await.into_iter().next().expect("a denial");
        match entry.outcome.clone() {
            Outcome::Denied(code) => (code, entry),
            Outcome::Answered => panic!("answered"),
        }
    }

    /// What waits for apps, delivered: installation, topic, data.
    pub(crate) async fn messages(&self) -> Vec<(String, String, Value)> {
        let got = self.deliveries().await;
        got.into_iter().map(|(to, e)| (to.to_string(), e.topic, e.data)).collect()
    }

    /// The same, in the order of arrival, with all that an app sees of them.
    pub(crate) async fn deliveries(&self) -> Vec<(InstallationName, Event)> {
        let inbox = Arc::new(Inbox::default());
        let mut dispatcher = Dispatcher::new(self.messaging.clone(), inbox.clone());
        while dispatcher.poll_once().await.unwrap().attempts > 0 {}
        let got = inbox.0.lock();
        got.iter().map(|(to, d)| (to.clone(), d.event.clone())).collect()
    }
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who<'a> {
    Nobody,
    /// Account and resident ID.
    Citizen(&'a str, &'a str),
    /// With these roles in the app.
    Official(&'a [&'a str]),
    /// An official of another department, with these roles all the same.
    Outsider(&'a [&'a str]),
    Job,
}

#[derive(Default)]
struct Inbox(Mutex<Vec<(InstallationName, Delivery)>>);

#[async_trait]
impl Deliver for Inbox {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, _txn: &mut Txn) -> Result<(), DeliveryError> {
        self.0.lock().push((to.clone(), delivery));
        Ok(())
    }
}

pub(crate) fn manifest(app: &str, uses: &str) -> Manifest {
    let text = format!(
        r#"
        name = "{app}"
        version = "1.0.0"
        vendor = "v"
        title = {{ zh = "甲", en = "A" }}
        description = {{ zh = "甲", en = "A" }}
        [[roles]]
        name = "clerk"
        title = {{ zh = "办事员", en = "Clerk" }}
        {uses}
        "#
    );
    Manifest::parse(&text).unwrap()
}

/// A use of a dataset; `extra` replaces nothing, it is added.
pub(crate) fn a_use(dataset: &str, purpose: &str, fields: &[&str], extra: &str) -> String {
    let basis =
        if extra.contains("basis") { String::new() } else { format!("basis = \"statutory-duty\"\nlaw = \"{LAW}\"") };
    format!(
        r#"
        [[datasets]]
        dataset = "{dataset}"
        purpose = "{purpose}"
        reason = {{ zh = "测试", en = "For tests" }}
        fields = {fields:?}
        {basis}
        {extra}
        "#
    )
}

pub(crate) fn official(account: &str, organization: &str) -> Actor {
    Actor {
        account: account.into(),
        kind: Kind::Official,
        organization: Some(organization.into()),
        request_id: "console-1".into(),
        system_admin: false,
        ..Actor::platform()
    }
}

pub(crate) fn by_division(code: &str, limit: usize) -> Query {
    Query { index: strings(&["division"]), equals: vec![json!(code)], limit, ..Query::default() }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}
