//! Every reason for which a package is refused, each at the earliest step that can know, each with words of its
//! own.

use crate::*;
use std::collections::BTreeSet;
use yunlong_publications::{Stage, admission};
use yunlong_registry::trust::Reason;
use yunlong_registry::trust::Side;
use yunlong_registry::{Endorsement, Limits, Rotation, package};

/// The message of each refusal that these tests come upon, so that no two are alike.
fn words(refusal: &Refusal) -> String {
    let text = refusal.text();
    assert!(text.zh.chars().any(|c| c > '\u{4E00}') && !text.en.is_empty(), "{text:?}");
    assert_eq!(refusal.to_string(), format!("{} / {}", text.zh, text.en));
    refusal.code().to_owned()
}

#[tokio::test]
async fn one_changed_byte() {
    let city = City::new().await;
    let tar = App::new("tickets", "1.0.0").signed(&city.key).to_tar().unwrap();
    let component = component("");
    let at = tar.windows(component.len()).position(|w| w == component).unwrap();
    let mut changed = tar.clone();
    changed[at + component.len() - 3] ^= 1;
    let refused: Refusal = package::open_bytes(&changed, &Limits::default()).unwrap_err().into();
    assert!(matches!(&refused, Refusal::Changed { what, .. } if what == "component"), "{refused}");
    assert_eq!(words(&refused), "changed");
    // A whole package of another digest than the one that was asked for.
    let package = package::open_bytes(&tar, &Limits::default()).unwrap();
    let wanted = digest("another");
    let refused = refusal(city.registry.admit(Stage::Push, &package, Some(&wanted), None).await);
    assert_eq!(refused, Refusal::Changed { what: "package".into(), expected: wanted, found: package.digest });
}

#[tokio::test]
async fn an_older_version() {
    let city = City::new().await;
    city.approved(&App::new("tickets", "1.2.0").signed(&city.key)).await;
    let old = App::new("tickets", "1.1.9").signed(&city.key);
    let refused = refusal(city.registry.submit(&old, REPOSITORY, "author").await);
    let older = Refusal::OlderVersion { offered: "1.1.9".parse().unwrap(), newest: "1.2.0".parse().unwrap() };
    assert_eq!(refused, older);
    assert_eq!(words(&refused), "older-version");
    // At an upgrade: older than what runs.
    let package = App::new("tickets", "1.2.0").signed(&city.key);
    let running = "1.3.0".parse().unwrap();
    let refused = refusal(city.registry.admit(Stage::Install, &package, None, Some(&running)).await);
    assert!(matches!(refused, Refusal::OlderVersion { .. }));
}

#[tokio::test]
async fn an_older_version_that_was_under_review_when_a_newer_one_was_approved() {
    let city = City::new().await;
    let old = App::new("tickets", "1.1.0").signed(&city.key);
    let number = city.checked(&old).await.number;
    city.approved(&App::new("tickets", "1.2.0").signed(&city.key)).await;
    city.registry.assign(number, "reviewer", "reviewer").await.unwrap();
    let refused = refusal(city.approve(number, "", "reviewer").await);
    assert!(matches!(refused, Refusal::OlderVersion { .. }), "{refused}");
    assert_eq!(city.registry.submission(number).await.unwrap().state, State::Assigned, "nothing was written");
}

#[tokio::test]
async fn another_signer_for_a_name() {
    let city = City::new().await;
    city.registry.submit(&App::new("tickets", "1.0.0").signed(&city.key), REPOSITORY, "author").await.unwrap();
    let mut app = App::new("tickets", "2.0.0");
    app.vendor = "suining";
    let stolen = app.signed(&city.other_key);
    let refused = refusal(city.registry.submit(&stolen, REPOSITORY, "rival").await);
    assert_eq!(
        refused,
        Refusal::OtherSigner { app: "tickets".parse().unwrap(), owner: "tongshan".into(), offered: "suining".into() }
    );
    assert_eq!(words(&refused), "other-signer");
    // The name in app.toml does not help: the key is another vendor's.
    let forged = App::new("tickets", "2.0.0").signed(&city.other_key);
    let refused = refusal(city.registry.submit(&forged, REPOSITORY, "rival").await);
    assert!(
        matches!(&refused, Refusal::WrongVendor { owner, vendor, .. } if owner == "suining" && vendor == "tongshan")
    );
    assert_eq!(words(&refused), "wrong-vendor");
    // Nor does it help to push what the vendor signed.
    let theirs = App::new("tickets", "2.0.0").signed(&city.key);
    let refused = refusal(city.registry.submit(&theirs, REPOSITORY, "rival").await);
    assert_eq!((words(&refused).as_str(), refused), ("not-yours", Refusal::NotYours { key: city.key.public().id() }));
}

#[tokio::test]
async fn a_removed_referrer() {
    let city = City::new().await;
    let mut app = App::new("tickets", "1.0.0");
    app.provenance = Some("{}".into());
    let whole = app.signed(&city.key);
    city.registry.submit(&whole, REPOSITORY, "author").await.unwrap();
    let mut seen = BTreeSet::new();
    for artifact in
        ["application/vnd.cyclonedx+json", "application/vnd.in-toto+json", "application/vnd.yunlong.app.v1+toml"]
    {
        let refused = Refusal::from(registry::without(&whole, artifact).unwrap_err());
        assert!(matches!(refused, Refusal::MissingReferrer { .. }), "{artifact}: {refused}");
        assert!(seen.insert(refused.to_string()), "each names what is gone: {refused}");
    }
    // A signature that was there when it was published.
    let bare = registry::without(&whole, "application/vnd.dev.cosign.artifact.sig.v1+json").unwrap();
    for stage in [Stage::Review, Stage::Install, Stage::Load] {
        let refused = refusal(city.registry.admit(stage, &bare, None, None).await);
        assert_eq!(refused, Refusal::MissingReferrer { what: "signature".into() }, "{stage:?}");
        assert_eq!(words(&refused), "missing-referrer");
    }
    let never = App::new("tickets", "1.1.0").unsigned();
    assert_eq!(refusal(city.registry.submit(&never, REPOSITORY, "author").await), Refusal::Unsigned);
}

#[tokio::test]
async fn a_yanked_version() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    let admit = |stage| city.registry.admit(stage, &package, None, None);
    city.registry.yank(&package.digest, "票价算错", false, "author").await.unwrap();
    let refused = refusal(admit(Stage::Install).await);
    assert!(
        matches!(&refused, Refusal::Yanked { version, side: Side::Vendor, reason, recalled: false, .. }
            if version.to_string() == "1.0.0" && reason == "票价算错"),
        "{refused}"
    );
    assert!(refused.text().zh.contains("由开发商下架：票价算错"), "{refused}");
    assert_eq!(words(&refused), "yanked");
    assert!(admit(Stage::Load).await.is_ok(), "what runs it goes on: nothing is deleted");
    assert_eq!(
        city.registry.yank(&package.digest, "x", true, "author").await.unwrap_err(),
        PublicationError::OnlyTheCity
    );
    assert!(matches!(
        city.registry.yank(&package.digest, "再次", false, "author").await.unwrap_err(),
        PublicationError::YankedAlready(_)
    ));
    city.registry.yank(&package.digest, "泄露个人信息", true, "governor").await.unwrap();
    for stage in [Stage::Install, Stage::Load] {
        let refused = refusal(admit(stage).await);
        assert!(matches!(refused, Refusal::Yanked { recalled: true, .. }), "{refused}");
        assert_eq!(words(&refused), "recalled");
    }
    assert!(city.registry.release(&package.digest).await.is_ok(), "the package stays known");
}

#[tokio::test]
async fn a_name_means_the_newest_version_that_stands_or_says_why_none_does() {
    let city = City::new().await;
    let (app, label) = ("tickets".parse().unwrap(), |v: &str| v.parse::<semver::Version>().unwrap());
    let named = async |version: Option<&str>| city.registry.named(&app, version.map(label).as_ref()).await;
    assert_eq!(named(None).await.unwrap(), None);
    let mut digests = Vec::new();
    for version in ["1.0.0", "1.1.0"] {
        let package = App::new("tickets", version).signed(&city.key);
        city.approved(&package).await;
        digests.push(package.digest);
    }
    let open = App::new("tickets", "1.2.0").signed(&city.key);
    city.checked(&open).await;
    assert_eq!(named(None).await.unwrap().unwrap().digest, digests[1]);
    city.registry.yank(&digests[1], "票价算错", false, "governor").await.unwrap();
    assert_eq!(named(None).await.unwrap().unwrap().digest, digests[0]);
    let why = named(Some("1.1.0")).await.unwrap_err();
    let text = why.text();
    assert!(text.zh.contains("由城市下架：票价算错") && text.zh.ends_with("可以安装的版本：1.0.0"), "{why}");
    assert!(text.en.contains("yanked by the city") && text.en.ends_with("These may be installed: 1.0.0"), "{why}");
    // Of what nobody approved nothing is told: it is as one that never was.
    for version in ["1.2.0", "9.0.0"] {
        let why = named(Some(version)).await.unwrap_err();
        assert!(matches!(&why, PublicationError::NotOffered { why: None, .. }), "{why}");
        assert!(why.text().zh.contains(&format!("没有通过审核的版本 {version}")), "{why}");
    }
    city.registry.yank(&digests[0], "也算错了", true, "governor").await.unwrap();
    let why = named(None).await.unwrap_err();
    assert!(why.text().zh.contains("版本 1.1.0 已于") && why.text().zh.contains("没有其他可以安装的版本"), "{why}");
    let recalled = named(Some("1.0.0")).await.unwrap_err();
    assert!(recalled.text().zh.contains("召回") && recalled.is_callers(), "{recalled}");
}

#[tokio::test]
async fn an_import_that_is_not_in_the_manifest() {
    let city = City::new().await;
    let mut app = App::new("tickets", "1.0.0");
    app.component = component(r#"(import "city:data/shared@1.1.0" (instance (export "read" (func))))"#);
    let refused = refusal(city.registry.submit(&app.signed(&city.key), REPOSITORY, "author").await);
    assert!(matches!(&refused, Refusal::Imports(m) if m[0].interface() == "city:data/shared@1.1.0"), "{refused}");
    assert_eq!(words(&refused), "imports");
    assert!(refused.text().zh.contains("[[datasets]]"), "{refused}");
}

#[tokio::test]
async fn a_layer_that_unpacks_to_a_gigabyte() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    // A gigabyte of zeroes, in a megabyte.
    let bomb = registry::gzip_bomb();
    assert!(bomb.len() < 2 * 1024 * 1024);
    for (layer, how) in [
        ("application/vnd.yunlong.assets.v1+tar+gzip", "gzip"),
        ("application/vnd.oci.image.layer.v1.tar+gzip", "gzip"),
        ("application/wasm", "gzip"),
    ] {
        let refused = Refusal::from(registry::with_layer(&package, layer, &bomb).unwrap_err());
        assert!(matches!(&refused, Refusal::Compressed { how: h, .. } if h == how), "{layer}: {refused}");
        assert_eq!(words(&refused), "compressed");
    }
    // A compressed package as a whole, too.
    let refused = Refusal::from(package::open_bytes(&bomb, &Limits::default()).unwrap_err());
    assert!(matches!(refused, Refusal::Compressed { .. }), "{refused}");
}

#[tokio::test]
async fn a_layer_that_is_too_large_is_refused_before_it_is_read() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let mut store = registry::Store::of(&package);
    store.announce_component(1 << 30);
    let error = yunlong_publications::packages::read(&store, "vendor/tickets", &store.digest, &Limits::default()).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("application/wasm") && text.contains("too large"), "{text}");
    assert_eq!(store.blobs_read(), 0);
}

#[tokio::test]
async fn a_revoked_key() {
    let city = City::new().await;
    let (approved, waiting) =
        (App::new("tickets", "1.0.0").signed(&city.key), App::new("tickets", "1.1.0").signed(&city.key));
    city.approved(&approved).await;
    let number = city.checked(&waiting).await.number;
    city.registry.assign(number, "reviewer", "reviewer").await.unwrap();
    city.clock.advance(1_000);
    let id = city.key.public().id();
    assert_eq!(city.registry.revoke(&id, Reason::Compromised, "电脑被盗", "author").await, Ok(1));
    // What is new is refused, whenever it was signed.
    let late = App::new("tickets", "1.2.0").signed(&city.key);
    let refused = refusal(city.registry.submit(&late, REPOSITORY, "author").await);
    assert!(matches!(refused, Refusal::RevokedKey { published_before: false, .. }), "{refused}");
    let new_words = refused.to_string();
    // What is under review is not approved any more.
    let refused = refusal(city.approve(number, "", "reviewer").await);
    assert!(matches!(refused, Refusal::RevokedKey { published_before: true, .. }), "{refused}");
    // What was approved waits for the city.
    for stage in [Stage::Install, Stage::Load] {
        let refused = refusal(city.registry.admit(stage, &approved, None, None).await);
        assert!(matches!(refused, Refusal::RevokedKey { published_before: true, .. }), "{stage:?}: {refused}");
        assert_ne!(refused.to_string(), new_words, "the two cases have words of their own");
    }
    assert!(city.registry.keep(&approved.digest, "发布早于失窃", "author").await.is_err(), "the city alone decides");
    city.registry.keep(&approved.digest, "发布早于失窃", "governor").await.unwrap();
    for stage in [Stage::Install, Stage::Load] {
        assert!(city.registry.admit(stage, &approved, None, None).await.is_ok());
    }
    let again = city.registry.keep(&approved.digest, "再次", "governor").await.unwrap_err();
    assert_eq!(again, PublicationError::NotInDoubt(approved.digest));
}

#[tokio::test]
async fn a_key_that_another_one_replaced_leaves_what_it_signed() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    city.clock.advance(1_000);
    let new = KeyPair::generate(Algorithm::Ed25519);
    let (old, id) = (city.key.public().id(), new.public().id());
    let rotation = Rotation { vendor: "tongshan".into(), old, new: id };
    let endorsed = Endorsement::OldKey(rotation.sign(&city.key));
    let rotate = |possession: Vec<u8>, endorsement: Endorsement, by: &'static str| {
        let (registry, public) = (city.registry.clone(), new.public());
        async move { registry.rotate(&old, &public, &possession, &endorsement, by).await }
    };
    // Neither without the new key, nor without the old one's word, nor by another organization, nor in the
    // city's name by the vendor.
    assert!(matches!(rotate(Vec::new(), endorsed.clone(), "author").await, Err(PublicationError::Trust(_))));
    let forged = Endorsement::OldKey(rotation.sign(&new));
    assert!(matches!(rotate(rotation.sign(&new), forged, "author").await, Err(PublicationError::Trust(_))));
    assert_eq!(
        rotate(rotation.sign(&new), endorsed.clone(), "rival").await,
        Err(PublicationError::NotYourOrganization)
    );
    assert!(matches!(
        rotate(rotation.sign(&new), Endorsement::City, "author").await,
        Err(PublicationError::NotYourDuty { duty: Duty::Govern, .. })
    ));
    assert_eq!(rotate(rotation.sign(&new), endorsed, "author").await, Ok(id));
    assert!(city.registry.admit(Stage::Install, &package, None, None).await.is_ok(), "what it signed stands");
    let late = App::new("tickets", "1.1.0").signed(&city.key);
    assert!(matches!(refusal(city.registry.submit(&late, REPOSITORY, "author").await), Refusal::RevokedKey { .. }));
    // The app stays the vendor's, whichever of its keys signs.
    assert!(city.registry.submit(&App::new("tickets", "1.1.0").signed(&new), REPOSITORY, "author").await.is_ok());
    // It turns out that the old key was stolen after all.
    assert_eq!(city.registry.revoke(&old, Reason::Compromised, "后来发现被盗", "governor").await, Ok(1));
    let refused = refusal(city.registry.admit(Stage::Install, &package, None, None).await);
    assert!(matches!(refused, Refusal::RevokedKey { published_before: true, .. }), "{refused}");
}

#[tokio::test]
async fn what_is_not_approved_or_not_known() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let unknown = refusal(city.registry.admit(Stage::Install, &package, None, None).await);
    assert_eq!(unknown, Refusal::NotPublished { digest: package.digest });
    assert_eq!(words(&unknown), "not-published");
    let number = city.checked(&package).await.number;
    let waiting = refusal(city.registry.admit(Stage::Install, &package, None, None).await);
    assert_eq!(waiting, Refusal::NotApproved { version: "1.0.0".parse().unwrap(), state: State::Waiting });
    assert_eq!(words(&waiting), "not-approved");
    city.registry.assign(number, "reviewer", "reviewer").await.unwrap();
    city.registry.reject(number, "不符合要求", "reviewer").await.unwrap();
    let refused = refusal(city.registry.submit(&package, REPOSITORY, "author").await);
    assert_eq!(
        (words(&refused).as_str(), refused.clone()),
        ("rejected", Refusal::Rejected { version: "1.0.0".parse().unwrap(), submission: number })
    );
}

#[tokio::test]
async fn a_version_whose_label_is_taken() {
    let city = City::new().await;
    let first = App::new("tickets", "1.0.0").signed(&city.key);
    city.checked(&first).await;
    let mut app = App::new("tickets", "1.0.0");
    app.more = "orders = \"/orders\"".into();
    let second = app.signed(&city.key);
    let refused = refusal(city.registry.submit(&second, REPOSITORY, "author").await);
    assert_eq!(
        (words(&refused).as_str(), &refused),
        ("under-review", &Refusal::UnderReview { version: "1.0.0".parse().unwrap(), submission: 1 })
    );
    city.registry.assign(1, "reviewer", "reviewer").await.unwrap();
    city.approve(1, "", "reviewer").await.unwrap();
    let refused = refusal(city.registry.submit(&second, REPOSITORY, "author").await);
    assert_eq!(
        refused,
        Refusal::ChangedVersion { version: "1.0.0".parse().unwrap(), known: first.digest, offered: second.digest }
    );
    assert_eq!(words(&refused), "changed-version");
}

#[tokio::test]
async fn a_kind_of_key_that_the_city_does_not_take() {
    let city = City::new().await;
    let key = KeyPair::generate(Algorithm::Sm2Sm3);
    city.registry.enroll("tongshan", VENDOR, &key.public(), "governor").await.unwrap();
    let package = App::new("tickets", "1.0.0").signed(&key);
    let refused = refusal(city.registry.submit(&package, REPOSITORY, "author").await);
    assert!(matches!(refused, Refusal::Algorithm { found: Algorithm::Sm2Sm3, .. }), "{refused}");
    assert_eq!(words(&refused), "algorithm");
    city.registry.set_policy(Policy { algorithms: vec![Algorithm::Sm2Sm3], ..Policy::default() });
    city.approved(&package).await;
    let other = App::new("tickets", "1.1.0").signed(&city.key);
    assert!(matches!(refusal(city.registry.submit(&other, REPOSITORY, "author").await), Refusal::Algorithm { .. }));
}

#[tokio::test]
async fn a_key_that_is_not_enrolled_and_a_signature_over_something_else() {
    let city = City::new().await;
    let stranger = KeyPair::generate(Algorithm::Ed25519);
    let refused =
        refusal(city.registry.submit(&App::new("tickets", "1.0.0").signed(&stranger), REPOSITORY, "author").await);
    assert_eq!(
        (words(&refused).as_str(), refused),
        ("unknown-signer", Refusal::UnknownSigner { key: stranger.public().id() })
    );
    let mut package = App::new("tickets", "1.0.0").unsigned();
    package.signatures = App::new("tickets", "1.0.1").signed(&city.key).signatures;
    let refused = refusal(city.registry.submit(&package, REPOSITORY, "author").await);
    assert!(matches!(refused, Refusal::BadSignature { .. }), "{refused}");
    assert_eq!(words(&refused), "bad-signature");
}

#[test]
fn rules_that_hold_without_a_store_are_functions() {
    let key = KeyPair::generate(Algorithm::Ed25519);
    let package = App::new("tickets", "1.0.0").signed(&key);
    let mut trust = yunlong_registry::TrustStore::default();
    trust.enroll("tongshan", Some(VENDOR), key.public(), "a", Timestamp(1)).unwrap();
    let policy = Policy::default();
    let facts = admission::Facts {
        trust: &trust,
        policy: &policy,
        app: None,
        version: None,
        release: None,
        expected: None,
        running: None,
        fit: None,
    };
    assert_eq!(admission::admit(Stage::Push, &package, &facts).unwrap().vendor, "tongshan");
    assert!(matches!(admission::admit(Stage::Load, &package, &facts), Err(Refusal::NotPublished { .. })));
}
