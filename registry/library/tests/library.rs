//! The library over a real registry that listens, real publications and the real verifier.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use yunlong_audit::{Audit, AuditConfig};
use yunlong_library::{Library, LibraryError, PackageAdmission, belongs, shown};
use yunlong_model::{Clock, Digest, Kind, SystemClock};
use yunlong_oci::access::{Access, Account, Action, Shown, Sight, SignInError};
use yunlong_oci::admission::Refusal as Refused;
use yunlong_oci::blobs::FolderBlobs;
use yunlong_oci::config::{Config, TokenKey};
use yunlong_oci::{OciError, Registry, RepositoryName, Tag, serve};
use yunlong_publications::{
    Accounts, Duty, Person, Policy, PublicationError, Publications, Refusal, Stage, Submission,
};
use yunlong_registry::{Algorithm, KeyPair, Limits, Package};
use yunlong_sealing::{DataKey, Keyring};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;
use zeroize::Zeroizing;

/// Two vendors' organizations, and the city's.
const VENDOR: &str = "91320300MA000TX14G";
const OTHER: &str = "92320324MA000TX221";
const CITY: &str = "11320300MB000TX42P";
const REPOSITORY: &str = "tongshan/tickets";

struct People;

#[async_trait]
impl Accounts for People {
    async fn person(&self, account: &str) -> Result<Option<Person>, String> {
        let (organization, duty) = match account {
            "author" => (VENDOR, Duty::Publish),
            "rival" => (OTHER, Duty::Publish),
            "reviewer" => (CITY, Duty::Review),
            "governor" => (CITY, Duty::Govern),
            _ => return Ok(None),
        };
        Ok(Some(Person {
            account: account.into(),
            kind: Kind::Official,
            organization: Some(organization.into()),
            duties: [duty].into(),
        }))
    }
}

/// As in a city: `author` is at home in `tongshan/...`, anybody sees what is published.
struct Rights(Publications);

#[async_trait]
impl Access for Rights {
    async fn sign_in(&self, user: &str, _password: &str, _client: Option<IpAddr>) -> Result<Account, SignInError> {
        Ok(Account { name: user.to_owned() })
    }

    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool {
        let home = who.is_some_and(|a| a.name == "author") && repository.owner() == "tongshan";
        home || (action == Action::Pull && self.0.is_public(repository.as_str()).await.unwrap())
    }

    async fn sight(&self, who: Option<&Account>, _repository: &RepositoryName) -> Sight {
        if who.is_some_and(|a| a.name == "author") { Sight::Whole } else { Sight::Published }
    }

    async fn shown(&self, repository: &RepositoryName, digest: &yunlong_oci::Digest) -> Shown {
        shown(&self.0, repository, digest).await.unwrap()
    }

    async fn belongs(
        &self,
        repository: &RepositoryName,
        published: &yunlong_oci::Digest,
        digest: &yunlong_oci::Digest,
    ) -> bool {
        belongs(&self.0, repository, published, digest).await.unwrap()
    }
}

struct City {
    library: Library,
    key: KeyPair,
    base: String,
    _content: tempfile::TempDir,
}

impl City {
    async fn open() -> Self {
        let store: SharedStore = Arc::new(MemoryStore::new());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Arc::new(Keyring::new(DataKey::derived(&Zeroizing::new([3; 32])), Vec::new()));
        let config = AuditConfig::new("city.example/320300/audit", Zeroizing::new([5; 32]));
        let audit = Audit::open(store.clone(), clock.clone(), keys, config).await.unwrap();
        let policy = Policy { probes: Default::default(), require_sbom: false, ..Policy::default() };
        let publications = Publications::new(store.clone(), audit, clock.clone(), Arc::new(People), policy);
        let key = KeyPair::generate(Algorithm::Ed25519);
        publications.enroll("tongshan", VENDOR, &key.public(), "governor").await.unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let content = tempfile::tempdir().unwrap();
        let registry = Registry::open(
            store,
            Arc::new(FolderBlobs::open(content.path()).unwrap()),
            Config::new(&base, TokenKey::random()),
            Arc::new(Rights(publications.clone())),
            Arc::new(PackageAdmission::new(publications.clone(), Limits::default())),
            clock,
        )
        .unwrap();
        let router = registry.router();
        tokio::spawn(async move {
            serve::serve(listener, router, serve::Connections::default(), std::future::pending()).await;
        });
        let library = Library::new(publications, registry, Limits::default(), Vec::new());
        Self { library, key, base, _content: content }
    }

    fn package(&self, version: &str, title: &str) -> Package {
        let mut package = unsigned(version, title);
        package.sign(&self.key).unwrap();
        package
    }

    async fn take_in(&self, package: &Package, by: &str) -> Result<Submission, LibraryError> {
        let tar = Bytes::from(package.to_tar().unwrap());
        self.library.take_in(tar, by).await.map(|s| s.submission)
    }

    /// What a client pushes: blobs and referrers, as far as they are wanted, and then the tag.
    async fn push(&self, package: &Package, by: &str, referrers: bool) -> Result<(), OciError> {
        self.push_to(REPOSITORY, package, by, referrers).await
    }

    async fn push_to(&self, repository: &str, package: &Package, by: &str, referrers: bool) -> Result<(), OciError> {
        let (registry, repository) = (self.library.registry(), repository.parse().unwrap());
        let account = Account { name: by.into() };
        for (digest, bytes) in package.blobs() {
            let digest = digest.to_string().parse().unwrap();
            registry.put_blob(&repository, &digest, bytes.clone(), Some(&account)).await?;
        }
        for (_, bytes) in package.manifests().filter(|(d, _)| referrers && *d != package.digest) {
            registry.put_manifest(&repository, &[], bytes, Some(&account)).await?;
        }
        let tag: Tag = package.manifest.version.to_string().parse().unwrap();
        registry.put_manifest(&repository, &[tag], &package.wasm_manifest, Some(&account)).await.map(drop)
    }

    async fn checked(&self, package: &Package, number: u64) {
        let findings = self.library.publications().check(number, package, &[]).await.unwrap();
        assert!(findings.passed(), "{findings:?}");
    }

    async fn approved(&self, package: &Package) {
        let number = self.take_in(package, "author").await.unwrap().number;
        self.approve(package, number).await;
    }

    async fn approve(&self, package: &Package, number: u64) {
        let publications = self.library.publications();
        self.checked(package, number).await;
        publications.assign(number, "reviewer", "reviewer").await.unwrap();
        let seen = publications.submission(number).await.unwrap().checked.unwrap().findings;
        publications.approve(number, "可以上架", &seen, "reviewer").await.unwrap();
    }

    /// What an account, or nobody, is answered.
    async fn ask(&self, who: Option<&str>, path: &str) -> (u16, Value) {
        self.ask_of(REPOSITORY, who, path).await
    }

    async fn ask_of(&self, repository: &str, who: Option<&str>, path: &str) -> (u16, Value) {
        let mut request = reqwest::Client::new().get(format!("{}/v2/{repository}/{path}", self.base));
        if let Some(who) = who {
            request = request.basic_auth(who, Some("x"));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn tagged(&self, version: &str) -> Result<String, OciError> {
        let contents = self.library.registry().contents(&REPOSITORY.parse().unwrap());
        Ok(contents.resolve(&version.parse().unwrap()).await?.to_string())
    }
}

/// A package of the vendor; each title is other bytes.
fn unsigned(version: &str, title: &str) -> Package {
    let toml = format!(
        "name = \"tickets\"\nversion = \"{version}\"\nvendor = \"tongshan\"\ntitle = {{ zh = \"{title}\", en = \"{title}\" }}\ndescription = {{ zh = \"售卖景区的门票\", en = \"Sells tickets\" }}\n"
    );
    Package::build(&toml, &component(""), &BTreeMap::new()).unwrap()
}

/// A component that answers requests, as far as its type says.
fn component(imports: &str) -> Vec<u8> {
    let text = format!(
        r#"(component {imports}
            (core module $m (memory (export "memory") 2) (func (export "handle")))
            (core instance $i (instantiate $m))
            (func $handle (canon lift (core func $i "handle")))
            (instance $h (export "handle" (func $handle)))
            (export "wasi:http/incoming-handler@0.2.10" (instance $h)))"#
    );
    wat::parse_str(text).unwrap()
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, LibraryError>) -> Refusal {
    match answer {
        Err(LibraryError::Publication(PublicationError::Refused(refusal))) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn denied(answer: Result<(), OciError>) -> String {
    match answer {
        Err(OciError::Refused(Refused::Denied(text))) => text.en,
        other => panic!("not denied: {other:?}"),
    }
}

fn invalid(answer: Result<(), OciError>) -> String {
    match answer {
        Err(OciError::Refused(Refused::Invalid(text))) => text.en,
        other => panic!("not invalid: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_comes_again_under_its_tag_when_it_is_to_be_changed_or_was_withdrawn_and_not_otherwise() {
    let city = City::open().await;
    let publications = city.library.publications();
    let [first, second, third, fourth] = ["一", "二", "三", "四"].map(|title| city.package("1.0.0", title));
    let number = city.take_in(&first, "author").await.unwrap().number;
    // Under review, it is this one: neither a tar nor a client changes that.
    assert!(matches!(refusal(city.take_in(&second, "author").await), Refusal::UnderReview { .. }));
    assert!(matches!(city.push(&second, "author", true).await, Err(OciError::TagTaken { .. })));
    city.checked(&first, number).await;
    publications.assign(number, "reviewer", "reviewer").await.unwrap();
    assert!(matches!(city.push(&second, "author", true).await, Err(OciError::TagTaken { .. })));

    // Changes were asked for: a client pushes the version again, and again before it submits.
    publications.ask_changes(number, "请注明依据", "reviewer").await.unwrap();
    city.push(&second, "author", true).await.unwrap();
    city.push(&third, "author", true).await.unwrap();
    assert_eq!(city.tagged("1.0.0").await.unwrap(), third.digest.to_string());
    let again = city.library.submit(REPOSITORY, &third.digest, "author").await.unwrap();
    assert!(again.new && again.submission.previous == Some(number), "{again:?}");
    assert!(matches!(city.push(&second, "author", true).await, Err(OciError::TagTaken { .. })));
    // What was reviewed is still there, whole.
    city.library.get(&first.digest, Stage::Review, None).await.unwrap();

    // Withdrawn: a tar brings it again, and it is approved. Then it stays what it is.
    publications.withdraw(again.submission.number, "author").await.unwrap();
    city.approved(&fourth).await;
    assert_eq!(city.tagged("1.0.0").await.unwrap(), fourth.digest.to_string());
    for other in [&first, &second, &third] {
        assert!(matches!(city.push(other, "author", true).await, Err(OciError::TagTaken { .. })));
        assert!(matches!(refusal(city.take_in(other, "author").await), Refusal::ChangedVersion { .. }));
    }
    city.push(&fourth, "author", true).await.unwrap();

    // Rejected is rejected.
    let bad = city.package("1.1.0", "一");
    let number = city.take_in(&bad, "author").await.unwrap().number;
    city.checked(&bad, number).await;
    publications.assign(number, "reviewer", "reviewer").await.unwrap();
    publications.reject(number, "不合规", "reviewer").await.unwrap();
    let answer = city.push(&city.package("1.1.0", "二"), "author", true).await;
    assert!(matches!(answer, Err(OciError::TagTaken { .. })), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_puts_another_vendors_package_into_its_repository() {
    let city = City::open().await;
    let stolen = city.package("1.1.0", "未发布");
    assert!(matches!(refusal(city.take_in(&stolen, "rival").await), Refusal::NotYours { .. }));
    let reviewer = city.take_in(&stolen, "reviewer").await;
    let publication = matches!(reviewer, Err(LibraryError::Publication(PublicationError::NotYourDuty { .. })));
    assert!(publication, "{reviewer:?}");
    let usage = city.library.registry().usage("tongshan").await.unwrap();
    assert_eq!((usage.bytes, usage.tags, usage.repositories), (0, 0, 0), "nothing is left behind");
    // Its own vendor publishes what it likes under that number; the city may for it.
    city.take_in(&city.package("1.1.0", "发布"), "author").await.unwrap();
    city.take_in(&city.package("1.2.0", "发布"), "governor").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_known_of_a_package_is_said_at_the_push_of_its_tag() {
    let city = City::open().await;
    let said = invalid(city.push(&unsigned("1.0.0", "无签名"), "author", true).await);
    assert!(said.contains("not signed"), "{said}");
    let mut foreign = unsigned("1.0.0", "外人");
    foreign.sign(&KeyPair::generate(Algorithm::Ed25519)).unwrap();
    let said = denied(city.push(&foreign, "author", true).await);
    assert!(said.contains("not enrolled"), "{said}");
    let said = denied(city.push(&city.package("1.0.0", "一"), "rival", true).await);
    assert!(!said.is_empty());
    assert!(matches!(city.tagged("1.0.0").await, Err(OciError::ManifestUnknown(_))), "a refused push leaves no tag");

    // A compressed layer, as a package's and as something that belongs to one.
    let good = city.package("1.0.0", "一");
    for (at, bytes) in good.manifests() {
        let mut manifest: Value = serde_json::from_slice(bytes).unwrap();
        let media_type = format!("{}+gzip", manifest["layers"][0]["mediaType"].as_str().unwrap());
        manifest["layers"][0]["mediaType"] = media_type.into();
        city.push(&good, "author", true).await.unwrap();
        let packed = Bytes::from(manifest.to_string());
        let registry = city.library.registry();
        let answer = registry.put_manifest(&REPOSITORY.parse().unwrap(), &[], &packed, None).await.map(drop);
        let said = invalid(answer);
        assert!(said.contains("compressed") && said.contains("gzip"), "{at}: {said}");
    }

    // Some clients set the tag first: then the submission says it.
    let early = city.package("1.0.1", "先标签");
    city.push(&early, "author", false).await.unwrap();
    let answer = city.library.submit(REPOSITORY, &early.digest, "author").await;
    assert!(matches!(answer, Err(LibraryError::Read(_))), "{answer:?}");
    city.push(&early, "author", true).await.unwrap();
    city.library.submit(REPOSITORY, &early.digest, "author").await.unwrap();

    // An older version than the one that is offered, before anything of it is there but its manifest.
    city.approved(&city.package("2.0.0", "二")).await;
    let said = denied(city.push(&city.package("1.9.9", "旧"), "author", false).await);
    assert!(said.contains("1.9.9 is older than 2.0.0"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_pulls_what_is_approved_and_a_yank_hides_its_tag_with_it() {
    let city = City::open().await;
    let (offered, draft) = (city.package("1.0.0", "一"), city.package("2.0.0", "二"));
    city.take_in(&draft, "author").await.unwrap();
    let draft_blob = format!("blobs/{}", Digest::of(draft.manifest_toml.as_bytes()));
    assert_eq!(city.ask(None, "tags/list").await.0, 401, "nothing is approved yet");
    assert_eq!(city.ask(Some("author"), &draft_blob).await.0, 200);
    city.approved(&offered).await;

    let at = |package: &Package| format!("manifests/{}", package.digest);
    for who in [None, Some("rival")] {
        let (status, listed) = city.ask(who, "tags/list").await;
        assert_eq!((status, &listed["tags"]), (200, &serde_json::json!(["1.0.0"])), "{who:?}");
        for path in ["manifests/1.0.0", &at(&offered)] {
            assert_eq!(city.ask(who, path).await.0, 200, "{who:?} {path}");
        }
        for path in ["manifests/2.0.0", &at(&draft), &draft_blob] {
            assert_eq!(city.ask(who, path).await.0, 404, "{who:?} {path}");
        }
        let referrers = |package: &Package| format!("referrers/{}", package.digest);
        assert!(!city.ask(who, &referrers(&offered)).await.1["manifests"].as_array().unwrap().is_empty());
        assert!(city.ask(who, &referrers(&draft)).await.1["manifests"].as_array().unwrap().is_empty());
    }
    assert_eq!(city.ask(Some("author"), "tags/list").await.1["tags"], serde_json::json!(["1.0.0", "2.0.0"]));

    // In one commit: as soon as it is yanked, its tag is hidden, from its vendor as well.
    city.library.yank(&offered.digest, "票价算错", false, "author").await.unwrap();
    assert!(matches!(city.tagged("1.0.0").await, Err(OciError::Yanked { .. })));
    for who in [None, Some("author")] {
        let (status, said) = city.ask(who, "manifests/1.0.0").await;
        assert!(status == 404 && said.to_string().contains("票价算错"), "{said}");
        assert_eq!(city.ask(who, &at(&offered)).await.0, 200, "its digest is still found");
    }
    assert_eq!(city.ask(None, "tags/list").await.1["tags"], serde_json::json!([]));
    // Recalled, it is nobody's to read but its vendor's.
    city.library.yank(&offered.digest, "泄露", true, "governor").await.unwrap();
    assert_eq!(city.ask(None, &at(&offered)).await.0, 401);
    assert_eq!(city.ask(Some("author"), &at(&offered)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_attached_to_a_version_after_its_review_is_shown_to_its_vendor_alone() {
    let city = City::open().await;
    let package = city.package("1.0.0", "一");
    city.approved(&package).await;
    let (registry, repository) = (city.library.registry(), REPOSITORY.parse().unwrap());
    let account = Account { name: "author".into() };
    let mut paths = Vec::new();
    for (subject, layer) in [(true, "a second list of parts"), (false, "what nobody has reviewed")] {
        let (config, layer) = (Bytes::from_static(b"{}"), Bytes::from_static(layer.as_bytes()));
        for bytes in [&config, &layer] {
            let digest = Digest::of(bytes).to_string().parse().unwrap();
            registry.put_blob(&repository, &digest, bytes.clone(), Some(&account)).await.unwrap();
        }
        let mut manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(&config), "size": 2 },
            "layers": [{ "mediaType": "application/wasm", "digest": Digest::of(&layer), "size": layer.len() }],
        });
        let mut tags: Vec<Tag> = Vec::new();
        if subject {
            let size = package.wasm_manifest.len();
            manifest["subject"] =
                serde_json::json!({ "mediaType": manifest["mediaType"], "digest": package.digest, "size": size });
        } else {
            let tag = format!("sha256-{}.update", package.digest.hex());
            paths.push(format!("manifests/{tag}"));
            tags.push(tag.parse().unwrap());
        }
        let manifest = Bytes::from(manifest.to_string());
        registry.put_manifest(&repository, &tags, &manifest, Some(&account)).await.unwrap();
        paths.push(format!("manifests/{}", Digest::of(&manifest)));
        paths.push(format!("blobs/{}", Digest::of(&layer)));
    }
    for path in &paths {
        assert_eq!(city.ask(Some("author"), path).await.0, 200, "{path}");
        for who in [None, Some("rival")] {
            assert_eq!(city.ask(who, path).await.0, 404, "{who:?} {path}");
        }
    }
    let referrers = format!("referrers/{}", package.digest);
    let listed = async |who| city.ask(who, &referrers).await.1["manifests"].as_array().unwrap().len();
    assert_eq!(listed(Some("author")).await, listed(None).await + 1);
    assert!(listed(None).await > 0, "what was reviewed with it is shown");
    assert_eq!(city.ask(None, "tags/list").await.1["tags"], serde_json::json!(["1.0.0"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_not_called_as_the_app_is_as_good() {
    const ELSEWHERE: &str = "tongshan/other";
    let city = City::open().await;
    let publications = city.library.publications();
    let [first, second, third] = ["一", "二", "三"].map(|title| city.package("1.0.0", title));
    let put = async |package: &Package| city.push_to(ELSEWHERE, package, "author", true).await;
    put(&first).await.unwrap();
    let number = city.library.submit(ELSEWHERE, &first.digest, "author").await.unwrap().submission.number;
    assert!(matches!(put(&second).await, Err(OciError::TagTaken { .. })), "it is under review");
    // It comes again under the same version, and once more before it is submitted.
    publications.withdraw(number, "author").await.unwrap();
    put(&second).await.unwrap();
    put(&third).await.unwrap();
    let again = city.library.submit(ELSEWHERE, &third.digest, "author").await.unwrap().submission;
    city.approve(&third, again.number).await;
    assert!(matches!(put(&second).await, Err(OciError::TagTaken { .. })));
    // Yanked, it is found by its digest.
    let path = format!("manifests/{}", third.digest);
    assert_eq!(city.ask_of(ELSEWHERE, None, &path).await.0, 200);
    city.library.yank(&third.digest, "票价算错", false, "author").await.unwrap();
    assert_eq!(city.ask_of(ELSEWHERE, None, &path).await.0, 200);
    city.library.yank(&third.digest, "泄露", true, "governor").await.unwrap();
    assert_eq!(city.ask_of(ELSEWHERE, None, &path).await.0, 401, "recalled, it is its vendor's alone");
}
