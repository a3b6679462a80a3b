//! A platform in memory, with one installed app that is a stand-in.

use crate::recorded::Recorded;
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use yunlong_audit::{Audit, AuditConfig};
use yunlong_files::Files;
use yunlong_gateway::{
    Apps, CityAccounts, Gateway, GatewayConfig, Install, Prepared, Review, SeparateConsent, Services, router,
};
use yunlong_hub::{Hub, HubConfig, HubServices};
use yunlong_identity::{
    AccountKind, Attributes, Identity, IdentityConfig, NewAccount, Organization, OrganizationLevel, PlatformRole,
    RelyingParty, Secrets, XUZHOU_DIVISIONS,
};
use yunlong_installations::{Installation, Installations};
use yunlong_library::{Library, PackageAdmission};
use yunlong_messaging::{Messaging, Subscriptions};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Digest, InstallationName, Manifest, Presentation, Principal, Timestamp};
use yunlong_oci::access::AccessTable;
use yunlong_oci::blobs::FolderBlobs;
use yunlong_oci::config::{Config, TokenKey};
use yunlong_payments::{CallbackSink, Headers, Payments, SandboxCashier, SandboxSecret, SinkError};
use yunlong_publications::{Policy, Probe, Publications};
use yunlong_registry::{Algorithm, KeyPair, Limits, Materials, Package};
use yunlong_runtime::{InvocationError, LoadError, Outcomes, Step};
use yunlong_store::{Key, SharedStore, Txn};

pub const PASSWORD: &str = "a long enough password";
pub const PORTAL: &str = "localhost:8080";
pub const CONSOLE: &str = "console.localhost:8080";
pub const APP: &str = "tickets.localhost:8080";

pub const MANIFEST: &str = r#"
    name = "tickets"
    version = "1.0.0"
    vendor = "han-software"
    title = { zh = "景区门票", en = "Attraction tickets" }
    description = { zh = "预约与购票", en = "Book and buy" }
    [[roles]]
    name = "gate"
    title = { zh = "检票员", en = "Gate keeper" }
    [[scopes]]
    name = "concession"
    attributes = ["birth-date"]
    reason = { zh = "核对优惠票资格", en = "To check a concession" }
    [payments]
    reason = { zh = "收取门票款", en = "To take the tickets' price" }
    [assets]
    dir = "assets"
    [config]
    type = "object"
    [config.properties.hold_minutes]
    type = "integer"
    minimum = 1
    maximum = 60
    default = 15
    title = "保留分钟数"
"#;

/// What the stand-in was given, and what it is to answer.
#[derive(Default)]
pub struct StandIn {
    pub seen: Mutex<Vec<Seen>>,
    pub answer: Mutex<Option<Answer>>,
    pub refuse_install: Mutex<bool>,
    /// What holds a compilation up.
    pub compiling: Mutex<Option<Arc<tokio::sync::Notify>>>,
    /// What holds loading a release beside another one up.
    pub staging: Mutex<Option<Arc<tokio::sync::Notify>>>,
    /// How often one of the two has waited.
    pub held_up: Mutex<usize>,
    /// The packages in charge and beside it.
    pub loaded: Mutex<HashMap<InstallationName, (Digest, Option<Digest>)>>,
    /// Calls that do not end.
    pub calls_hang: Mutex<bool>,
    /// Calls that end when a test says so.
    pub calls_end: Mutex<Option<Arc<tokio::sync::Notify>>>,
    /// Releases that say that they are not well.
    pub ill: Mutex<HashMap<Digest, String>>,
    /// How the calls of a release ended.
    pub outcomes: Mutex<HashMap<Digest, Outcomes>>,
    /// How many requests of a release hang.
    pub waiting: Mutex<HashMap<Digest, u64>>,
    /// Which releases' requests were to end sooner.
    pub hastened: Mutex<Vec<(Digest, Option<Duration>)>>,
    /// The batch of a migration that is refused.
    pub migration_fails_at: Mutex<Option<u64>>,
}

pub struct Seen {
    pub principal: Principal,
    pub presentation: Presentation,
    pub request_id: String,
    pub method: Method,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

type Answer = Box<dyn Fn() -> Result<Response<Bytes>, InvocationError> + Send>;

#[async_trait]
impl Apps for StandIn {
    async fn request(
        &self,
        _: &InstallationName,
        principal: Principal,
        presentation: Presentation,
        request_id: &str,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, InvocationError> {
        let (parts, body) = request.into_parts();
        let seen = Seen {
            principal,
            presentation,
            request_id: request_id.to_owned(),
            method: parts.method,
            uri: parts.uri.to_string(),
            headers: parts.headers,
            body,
        };
        self.seen.lock().push(seen);
        match &*self.answer.lock() {
            Some(answer) => answer(),
            None => Ok(Response::builder()
                .header("content-type", "text/html; charset=utf-8")
                .body("<p>hello</p>".into())
                .unwrap()),
        }
    }

    async fn prepare(&self, _: &Manifest, _: Bytes) -> Result<Prepared, LoadError> {
        self.hold_up(&self.compiling).await;
        Ok(Prepared { migrates: true })
    }

    async fn load(&self, i: &Arc<Installation>, _: Bytes) -> Result<(), LoadError> {
        self.loaded.lock().insert(i.name.clone(), (i.package_digest, None));
        Ok(())
    }

    async fn stage(&self, i: &Arc<Installation>, _: Bytes) -> Result<(), LoadError> {
        self.hold_up(&self.staging).await;
        let mut loaded = self.loaded.lock();
        let slots = loaded.entry(i.name.clone()).or_insert((i.package_digest, None));
        if slots.0 != i.package_digest {
            slots.1 = Some(i.package_digest);
        }
        Ok(())
    }

    fn unstage(&self, name: &InstallationName, package: &Digest) {
        let mut loaded = self.loaded.lock();
        let Some(slots) = loaded.get_mut(name) else { return };
        if slots.1 == Some(*package) {
            slots.1 = None;
        } else if slots.0 == *package {
            match slots.1.take() {
                Some(other) => slots.0 = other,
                None => drop(loaded.remove(name)),
            }
        }
    }

    fn switch(&self, name: &InstallationName, package: &Digest) -> bool {
        let mut loaded = self.loaded.lock();
        let Some(slots) = loaded.get_mut(name) else { return false };
        if slots.1 == Some(*package) {
            *slots = (*package, Some(slots.0));
        }
        slots.0 == *package
    }

    async fn idle(&self, _: &InstallationName, _: Option<&Digest>, _: Duration) -> bool {
        let end = self.calls_end.lock().clone();
        if let Some(end) = end {
            end.notified().await;
        }
        !*self.calls_hang.lock()
    }

    fn outcomes(&self, _: &InstallationName, package: &Digest, _: Duration) -> Outcomes {
        self.outcomes.lock().get(package).copied().unwrap_or_default()
    }

    fn slowest(&self, _: &InstallationName, _: &Digest, _: Duration) -> Duration {
        Duration::ZERO
    }

    fn waiting(&self, _: &InstallationName, package: &Digest, _: Duration) -> u64 {
        self.waiting.lock().get(package).copied().unwrap_or_default()
    }

    fn hasten(&self, _: &InstallationName, package: &Digest, limit: Option<Duration>) {
        self.hastened.lock().push((*package, limit));
    }

    fn unload(&self, name: &InstallationName) {
        self.loaded.lock().remove(name);
    }

    async fn install(&self, _: &InstallationName, _: &mut Txn) -> Result<(), InvocationError> {
        if *self.refuse_install.lock() { Err(InvocationError::Refused("no attractions".into())) } else { Ok(()) }
    }

    async fn health(&self, name: &InstallationName, package: Option<&Digest>) -> Result<(), InvocationError> {
        let in_charge = self.loaded.lock().get(name).map(|slots| slots.0);
        let asked = package.copied().or(in_charge).ok_or_else(|| InvocationError::NotLoaded(name.clone()))?;
        match self.ill.lock().get(&asked) {
            Some(why) => Err(InvocationError::Refused(why.clone())),
            None => Ok(()),
        }
    }

    async fn migrate(
        &self,
        name: &InstallationName,
        _: u32,
        to: u32,
        cursor: Option<String>,
        txn: &mut Txn,
    ) -> Result<Step, InvocationError> {
        let n: u64 = cursor.as_deref().unwrap_or("0").parse().unwrap();
        if self.migration_fails_at.lock().is_some_and(|at| at == n) {
            return Err(InvocationError::Refused(format!("document {n} is odd")));
        }
        let key = Key::space(name.as_str()).text("migrated").u64(n);
        assert_eq!(txn.get(&key).await.unwrap(), None, "a batch has its effect once");
        txn.put_as(key, &to);
        Ok(Step { next: (n < 9).then(|| (n + 1).to_string()), done: n + 1, total: Some(10) })
    }
}

impl StandIn {
    async fn hold_up(&self, by: &Mutex<Option<Arc<tokio::sync::Notify>>>) {
        let wait = by.lock().clone();
        if let Some(wait) = wait {
            *self.held_up.lock() += 1;
            wait.notified().await;
        }
    }
}

struct Subscribers(Arc<Installations>);

impl Subscriptions for Subscribers {
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>> {
        self.0.get(installation).map(|i| i.manifest.clone())
    }

    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        self.0.subscribers(source, topic)
    }
}

/// A sink for callbacks that the tests send themselves.
struct Nowhere;

#[async_trait]
impl CallbackSink for Nowhere {
    async fn send(&self, _: &str, _: &Headers, _: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
}

pub struct Platform {
    pub gateway: Arc<Gateway>,
    pub app: Arc<StandIn>,
    pub identity: Arc<Identity>,
    pub clock: Arc<ManualClock>,
    pub key: KeyPair,
    pub store: SharedStore,
    pub recorded: Arc<Recorded>,
    pub installations: Arc<Installations>,
    pub messaging: Arc<Messaging>,
    pub payments: Arc<Payments>,
    pub cashier: Arc<SandboxCashier>,
    pub files: Arc<Files>,
    pub hub: Hub,
    pub audit: Audit,
    router: axum::Router,
    pub library: Library,
    /// Where the registry keeps its bytes.
    pub content: tempfile::TempDir,
}

/// The organization whose key signs the stand-in, and another vendor's; synthetic codes.
pub const VENDOR: &str = "91320303MA000YL03H";
pub const OTHER_VENDOR: &str = "91320300MA000TX14G";

/// A component that exports all that the platform calls, as far as its type says: nothing runs it here.
fn component() -> Vec<u8> {
    let exports = ["wasi:http/incoming-handler@0.2.10", "city:app/consumer@0.1.0", "city:app/jobs@0.1.0"];
    let exports: String = exports.iter().map(|e| format!("(export \"{e}\" (instance $h))")).collect();
    let text = format!(
        r#"(component
            (core module $m (memory (export "memory") 1) (func (export "handle")))
            (core instance $i (instantiate $m))
            (func $handle (canon lift (core func $i "handle")))
            (instance $h (export "handle" (func $handle)))
            {exports})"#
    );
    wat::parse_str(text).unwrap()
}

/// A signed package of the stand-in.
pub fn package(manifest: &str, key: &KeyPair) -> Bytes {
    let files: BTreeMap<String, Bytes> = [
        ("site.css".to_owned(), Bytes::from("body { color: #123; }\n".repeat(100))),
        ("logo.png".to_owned(), Bytes::from_static(b"\x89PNG")),
    ]
    .into();
    let mut package = Package::build(manifest, &component(), &files).unwrap();
    package.sign(key).unwrap();
    package.to_tar().unwrap().into()
}

/// A signed package with a `listing.toml` and these files.
pub fn listed_package(manifest: &str, listing: &str, files: &[(&str, &[u8])], key: &KeyPair) -> Bytes {
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), Bytes::copy_from_slice(bytes))).collect();
    let component = component();
    let materials = Materials {
        manifest_toml: manifest,
        component: &component,
        files: Some(&files),
        listing_toml: Some(listing),
        ..Materials::default()
    };
    let mut package = Package::assemble(materials).unwrap();
    package.sign(key).unwrap();
    package.to_tar().unwrap().into()
}

impl Platform {
    /// With the accounts `li-hua` (citizen), `city-admin`, `city-security`, `city-audit`, `quanshan-admin` (of 320311) and
    /// `han-developer` (of the vendor whose key signs), and the app `tickets` installed by the city.
    pub async fn start() -> Self {
        Self::with(GatewayConfig::default(), "http://localhost:8080").await
    }

    pub async fn with(config: GatewayConfig, origin: &str) -> Self {
        let platform = Self::empty(config, origin).await;
        platform.install("tickets").await;
        platform
    }

    pub async fn empty(config: GatewayConfig, origin: &str) -> Self {
        let recorded = Arc::new(Recorded::default());
        let store: SharedStore = recorded.clone();
        let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000)));
        let party = RelyingParty { domain: "localhost".into(), origin: "http://localhost:8080".into() };
        let costs = IdentityConfig { relying_party: Some(party), ..IdentityConfig::demo() };
        let secrets = Secrets::new([7; 32]);
        let keys = secrets.fields().clone();
        let log = AuditConfig::new("test.example/320300/audit", [3; 32].into());
        let audit = Audit::open(store.clone(), clock.clone(), keys.clone(), log).await.unwrap();
        let identity = Identity::open(store.clone(), clock.clone(), secrets, audit.clone(), costs).await.unwrap();
        identity.import_divisions(XUZHOU_DIVISIONS).await.unwrap();
        for (code, name) in [(VENDOR, "汉软件有限公司"), (OTHER_VENDOR, "别家软件有限公司")] {
            let vendor = Organization {
                code: code.into(),
                level: OrganizationLevel::Vendor,
                name: name.into(),
                parent: Some("320300".into()),
                valid_from: None,
                valid_to: None,
            };
            identity.add_organization(vendor, "city-admin").await.unwrap();
        }
        for (name, kind, organization, roles) in [
            ("han-developer", AccountKind::Vendor, Some(VENDOR), vec![]),
            ("other-developer", AccountKind::Vendor, Some(OTHER_VENDOR), vec![]),
            ("li-hua", AccountKind::Citizen, None, vec![]),
            ("city-admin", AccountKind::Official, Some("320300"), vec![PlatformRole::SystemAdmin]),
            ("city-reviewer", AccountKind::Official, Some("320300"), vec![PlatformRole::AppReviewer]),
            ("city-security", AccountKind::Official, Some("320300"), vec![PlatformRole::SecurityAdmin]),
            ("city-audit", AccountKind::Official, Some("320300"), vec![PlatformRole::AuditAdmin]),
            ("quanshan-admin", AccountKind::Official, Some("320311"), vec![PlatformRole::DepartmentAdmin]),
        ] {
            let new = NewAccount {
                name: name.into(),
                kind,
                password: PASSWORD.into(),
                organization: organization.map(str::to_owned),
                attributes: Attributes::default(),
                platform_roles: roles,
            };
            identity.create_account(new).await.unwrap();
        }
        let identity = Arc::new(identity);
        let installations = Arc::new(Installations::open(store.clone(), clock.clone(), audit.clone()).await.unwrap());
        let messaging =
            Arc::new(Messaging::new(store.clone(), clock.clone(), Arc::new(Subscribers(installations.clone()))));
        let dir = tempfile::tempdir().unwrap();
        // No probes and no list of what it is made of: a stand-in is neither run nor built.
        let policy = Policy { probes: Default::default(), require_sbom: false, ..Policy::default() };
        let accounts = Arc::new(CityAccounts::new(identity.clone()));
        let publications = Publications::new(store.clone(), audit.clone(), clock.clone(), accounts, policy);
        let registry = yunlong_oci::Registry::open(
            store.clone(),
            Arc::new(FolderBlobs::open(dir.path()).unwrap()),
            Config::new("http://localhost:5000", TokenKey::random()),
            Arc::new(AccessTable::new(BTreeMap::new(), Vec::new()).unwrap()),
            Arc::new(PackageAdmission::new(publications.clone(), Limits::default())),
            clock.clone(),
        );
        let app = Arc::new(StandIn::default());
        let cashier = Arc::new(SandboxCashier::new(
            store.clone(),
            clock.clone(),
            SandboxSecret::new(&[9; 32]),
            Arc::new(Nowhere),
        ));
        let payments = Arc::new(Payments::new(store.clone(), clock.clone(), messaging.clone(), vec![cashier.clone()]));
        let hub_services = HubServices {
            store: store.clone(),
            clock: clock.clone(),
            keys,
            audit: audit.clone(),
            identity: identity.clone(),
            messaging: messaging.clone(),
            installations: installations.clone(),
        };
        let hub = Hub::open(hub_services, HubConfig::new([4; 32].into())).await.unwrap();
        let probes: Vec<Arc<dyn Probe>> = vec![Arc::new(SeparateConsent::new(hub.clone()))];
        let library = Library::new(publications, registry.unwrap(), Limits::default(), probes);
        let files = Files::in_memory(store.clone(), clock.clone(), identity.field_keys().clone());
        let services = Services {
            files: files.clone(),
            store: store.clone(),
            identity: identity.clone(),
            installations: installations.clone(),
            messaging: messaging.clone(),
            payments: payments.clone(),
            library: library.clone(),
            hub: hub.clone(),
            audit: audit.clone(),
            apps: app.clone(),
            clock: clock.clone(),
        };
        let gateway = Gateway::new(origin.parse().unwrap(), config, services);
        let key = KeyPair::generate(Algorithm::Ed25519);
        gateway
            .operations()
            .enroll("han-software", VENDOR, &key.public().to_pem().unwrap(), "city-admin")
            .await
            .unwrap();
        Self {
            router: router(gateway.clone()),
            gateway,
            app,
            identity,
            clock,
            key,
            store,
            recorded,
            installations,
            messaging,
            payments,
            cashier,
            files,
            hub,
            audit,
            library,
            content: dir,
        }
    }

    pub async fn install(&self, name: &str) -> Arc<Installation> {
        let review = self.publish(package(MANIFEST, &self.key)).await;
        self.install_package(review.digest, name).await
    }

    /// Publishes as the vendor, has it checked, and approves as the city's reviewer.
    pub async fn publish(&self, tar: Bytes) -> Review {
        let submitted = self.gateway.operations().publish(tar, "han-developer").await.unwrap();
        let (number, digest) = (submitted.submission.number, submitted.submission.digest);
        self.approve(number).await;
        self.gateway.operations().review(digest).await.unwrap()
    }

    /// Has a submission checked, and approves it as the city's reviewer.
    pub async fn approve(&self, number: u64) {
        self.library.check_waiting().await.unwrap();
        let publications = self.library.publications();
        let submission = publications.submission(number).await.unwrap();
        if submission.state.is_open() {
            publications.assign(number, "city-reviewer", "city-reviewer").await.unwrap();
            let seen = submission.checked.unwrap().findings;
            publications.approve(number, "", &seen, "city-reviewer").await.unwrap();
        }
    }

    /// Installs a published package, everything approved.
    pub async fn install_package(&self, package: Digest, name: &str) -> Arc<Installation> {
        let review = self.gateway.operations().review(package).await.unwrap();
        let wanted = Install {
            package,
            name: Some(name.to_owned()),
            organization: "320300".into(),
            config: BTreeMap::new(),
            approve: review.capabilities.iter().map(ToString::to_string).collect(),
            by: "city-admin".into(),
        };
        self.gateway.operations().install(wanted).await.unwrap()
    }

    pub fn router(&self) -> axum::Router {
        self.router.clone()
    }

    pub async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answered { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, host: &str, path: &str) -> Answered {
        self.send(get(host, path).body(Body::empty()).unwrap()).await
    }

    /// A bearer token.
    pub async fn token(&self, account: &str) -> String {
        let body = format!(r#"{{"account":"{account}","password":"{PASSWORD}"}}"#);
        let answer = self
            .send(
                post(PORTAL, "/api/v1/sessions").header("content-type", "application/json").body(body.into()).unwrap(),
            )
            .await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// The portal's cookie, as a browser gets it from the sign-in form.
    pub async fn cookie(&self, account: &str) -> String {
        let form = format!("account={account}&password={}&return=/", PASSWORD.replace(' ', "+"));
        let answer = self.send(form_post(PORTAL, "/sign-in").body(form.into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        answer.cookie("session").unwrap()
    }

    /// Walks the whole sign-on from the portal's session to one at another origin, and answers that
    /// origin's cookie.
    pub async fn sign_on(&self, portal_cookie: &str, host: &str, path: &str) -> (String, Answered) {
        let started = self.get(host, &format!("/_city/sign-on?return={path}")).await;
        let state = started.cookie("sign-on").unwrap();
        let at_portal = started.location();
        let issued = self
            .send(
                get(PORTAL, at_portal.strip_prefix("http://localhost:8080").unwrap())
                    .header("cookie", portal_cookie)
                    .body(Body::empty())
                    .unwrap(),
            )
            .await;
        let back = issued.location();
        let back = back.strip_prefix(&format!("http://{host}")).unwrap().to_owned();
        let signed_on = self.send(get(host, &back).header("cookie", state).body(Body::empty()).unwrap()).await;
        (signed_on.cookie("session").unwrap_or_default(), signed_on)
    }

    /// A cookie of the console.
    pub async fn console(&self, account: &str) -> String {
        let portal = self.cookie(account).await;
        self.sign_on(&portal, CONSOLE, "/help").await.0
    }

    /// A page or a file, for whoever has the cookie.
    pub async fn see(&self, host: &str, path: &str, cookie: &str) -> Answered {
        self.send(get(host, path).header("cookie", cookie).body(Body::empty()).unwrap()).await
    }

    /// A form of the console.
    pub async fn submit(&self, path: &str, cookie: &str, body: &str) -> Answered {
        self.send(form_post(CONSOLE, path).header("cookie", cookie).body(body.to_owned().into()).unwrap()).await
    }

    /// A package in the console's form.
    pub async fn upload(&self, path: &str, cookie: &str, tar: &[u8]) -> Answered {
        let mut body = b"--b\r\ncontent-disposition: form-data; name=\"package\"; filename=\"a.tar\"\r\n\r\n".to_vec();
        body.extend_from_slice(tar);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let upload = post(CONSOLE, path)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", cookie)
            .header("content-type", "multipart/form-data; boundary=b");
        self.send(upload.body(body.into()).unwrap()).await
    }

    /// The request that the app saw last.
    pub fn last_seen(&self) -> Seen {
        self.app.seen.lock().pop().expect("the app was called")
    }

    pub fn answer_with(&self, answer: impl Fn() -> Result<Response<Bytes>, InvocationError> + Send + 'static) {
        *self.app.answer.lock() = Some(Box::new(answer));
    }
}

pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answered {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn location(&self) -> String {
        self.headers
            .get(header::LOCATION)
            .unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.text()))
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// `name=value` of a cookie that was set and not removed.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok()?.split(';').next())
            .find(|pair| pair.split_once('=').is_some_and(|(n, v)| n == name && !v.is_empty()))
            .map(str::to_owned)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

pub fn get(host: &str, path: &str) -> http::request::Builder {
    Request::get(path).header("host", host)
}

/// What a program sends: no Fetch Metadata.
pub fn post(host: &str, path: &str) -> http::request::Builder {
    Request::post(path).header("host", host)
}

/// What a browser sends for a form of the same origin.
pub fn form_post(host: &str, path: &str) -> http::request::Builder {
    post(host, path).header("sec-fetch-site", "same-origin").header("content-type", "application/x-www-form-urlencoded")
}
