//! The proof of publication, checked by `yunlong-verify`'s own code.

use crate::*;
use data_encoding::BASE64;
use serde_json::Value;
use yunlong_registry::trust::Reason;
use yunlong_verify::note::{Checkpoint, Note, VKey};
use yunlong_verify::proof::{ProofError, Trust};
use yunlong_verify::publication::{Publication, PublicationFault, publication};

struct Proved {
    json: Value,
    key: VKey,
}

impl Proved {
    fn check(&self) -> Result<Publication, PublicationFault> {
        publication(self.json.to_string().as_bytes(), &Trust::of(self.key.clone()))
    }

    fn checkpoint(&self) -> Checkpoint {
        Note::parse(self.json["checkpoint"].as_str().unwrap()).unwrap().checkpoint(&self.key).unwrap()
    }

    /// The proof with something changed.
    fn but(&self, change: impl FnOnce(&mut Value)) -> Result<Publication, PublicationFault> {
        let mut json = self.json.clone();
        change(&mut json);
        publication(json.to_string().as_bytes(), &Trust::of(self.key.clone()))
    }
}

async fn proved(city: &City, digest: &Digest) -> Proved {
    city.sequenced().await;
    let proof = city.registry.prove(digest, None).await.unwrap();
    Proved { json: serde_json::to_value(&proof).unwrap(), key: VKey::parse(&city.audit.vkey()).unwrap() }
}

#[tokio::test]
async fn what_was_published_and_approved_is_proved_for_every_kind_of_key() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Sm2Sm3] {
        let city = City::new().await;
        let all = vec![Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Sm2Sm3];
        city.registry.set_policy(Policy { algorithms: all, ..Policy::default() });
        let key = KeyPair::generate(algorithm);
        city.registry.enroll("tongshan", VENDOR, &key.public(), "governor").await.unwrap();
        let package = App::new("tickets", "1.0.0").signed(&key);
        // Others come before and after it.
        city.approved(&App::new("first", "1.0.0").signed(&city.key)).await;
        city.approved(&package).await;
        city.registry.submit(&App::new("last", "1.0.0").signed(&city.key), REPOSITORY, "author").await.unwrap();
        let proof = proved(&city, &package.digest).await;
        let shown = proof.check().unwrap();
        assert_eq!(
            (shown.digest.as_str(), shown.app.as_str(), shown.version.as_str()),
            (package.digest.to_string().as_str(), "tickets", "1.0.0")
        );
        assert_eq!(
            (shown.key, shown.vendor.as_str(), shown.vendor_organization.as_str()),
            (key.public().id().to_string(), "tongshan", VENDOR)
        );
        assert_eq!((shown.reviewer.as_str(), shown.reviewer_organization.as_str()), ("reviewer", CITY));
        assert!(shown.published_at < shown.approved_at && shown.approved_at <= shown.standing_at);
    }
}

#[tokio::test]
async fn a_proof_is_held_against_the_checkpoint_that_the_reader_kept() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    let then = proved(&city, &package.digest).await;
    city.approved(&App::new("beds", "1.0.0").signed(&city.key)).await;
    let now = proved(&city, &package.digest).await;
    let against = |proof: &Proved, kept: Checkpoint| {
        let trust = Trust { checkpoints: vec![kept], ..Trust::of(proof.key.clone()) };
        publication(proof.json.to_string().as_bytes(), &trust)
    };
    assert!(against(&now, now.checkpoint()).is_ok());
    let (kept, size) = (then.checkpoint(), now.checkpoint().size);
    assert_eq!(
        against(&now, Checkpoint { root: [9; 32], ..now.checkpoint() }),
        Err(PublicationFault::Head(ProofError::Rewritten(size)))
    );
    assert_eq!(
        against(&now, kept.clone()),
        Err(PublicationFault::Head(ProofError::Unconnected { kept: kept.size, size }))
    );
    let proof = city.registry.prove(&package.digest, Some(kept.size)).await.unwrap();
    let connected = Proved { json: serde_json::to_value(&proof).unwrap(), key: now.key };
    assert!(against(&connected, kept.clone()).is_ok());
    assert_eq!(
        against(&connected, Checkpoint { root: [9; 32], ..kept.clone() }),
        Err(PublicationFault::Head(ProofError::Rewritten(kept.size)))
    );
}

#[tokio::test]
async fn a_proof_says_itself_that_the_version_was_yanked_or_is_in_doubt() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    let before = proved(&city, &package.digest).await;
    city.registry.yank(&package.digest, "票价算错", false, "author").await.unwrap();
    let after = proved(&city, &package.digest).await;
    assert_eq!(after.check(), Err(PublicationFault::Status("yanked".into())));
    assert!(before.check().is_ok(), "an older proof holds as of its own checkpoint");
    // Nobody mixes the two: the state of before is not in the tree of after.
    assert_eq!(after.but(|p| p["status"] = before.json["status"].clone()), Err(PublicationFault::State));
    city.registry.yank(&package.digest, "泄露", true, "governor").await.unwrap();
    let recalled = proved(&city, &package.digest).await;
    assert_eq!(recalled.check(), Err(PublicationFault::Status("recalled".into())));
}

#[tokio::test]
async fn a_version_whose_key_was_revoked_is_proved_again_once_the_city_keeps_it() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    city.clock.advance(1_000);
    city.registry.revoke(&city.key.public().id(), Reason::Ended, "合同到期", "governor").await.unwrap();
    let doubted = proved(&city, &package.digest).await;
    assert_eq!(doubted.check(), Err(PublicationFault::Status("in-doubt".into())));
    city.registry.keep(&package.digest, "合同期内发布", "governor").await.unwrap();
    assert!(proved(&city, &package.digest).await.check().is_ok());
}

#[tokio::test]
async fn no_part_of_a_proof_can_be_exchanged() {
    let city = City::new().await;
    let (one, two) = (App::new("tickets", "1.0.0").signed(&city.key), App::new("beds", "1.0.0").signed(&city.key));
    city.approved(&one).await;
    city.approved(&two).await;
    let (a, b) = (proved(&city, &one.digest).await, proved(&city, &two.digest).await);
    assert!(a.check().is_ok() && b.check().is_ok());
    for part in ["published", "approved", "status", "signature"] {
        let mixed = a.but(|p| p[part] = b.json[part].clone());
        assert!(mixed.is_err(), "{part}: {mixed:?}");
    }
    let named = a.but(|p| p["digest"] = digest("another").to_string().into());
    assert!(matches!(named, Err(PublicationFault::Differs { field: "target", .. })), "{named:?}");
    assert!(matches!(
        a.but(|p| p["approved"] = p["published"].clone()),
        Err(PublicationFault::Differs { field: "action", .. })
    ));
    let swapped = a.but(|p| p["published"]["opened"] = p["approved"]["opened"].clone());
    assert_eq!(swapped, Err(PublicationFault::Opened("published")));
    let moved = a.but(|p| p["state"]["index"] = 0.into());
    assert_eq!(moved, Err(PublicationFault::NotIncluded("state")));
    let foreign = a.but(|p| {
        let note = p["checkpoint"].as_str().unwrap().replacen("city.example", "town.example", 1);
        p["checkpoint"] = note.into();
    });
    assert!(matches!(foreign, Err(PublicationFault::Head(ProofError::Checkpoint(_)))), "{foreign:?}");
    let weak = KeyPair::generate(Algorithm::Ed25519);
    let resigned = a.but(|p| p["signature"]["key"] = weak.public().to_pem().unwrap().into());
    assert!(matches!(resigned, Err(PublicationFault::Signature(_))), "{resigned:?}");
    assert!(matches!(a.but(|p| p["v"] = 2.into()), Err(PublicationFault::Form(_))));
}

#[tokio::test]
async fn no_bit_of_a_proof_can_be_turned() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    let proof = proved(&city, &package.digest).await;
    let mut turned = 0;
    for pointer in [
        "/published/leaf",
        "/published/opened/record",
        "/approved/leaf",
        "/approved/opened/record",
        "/state/leaf",
        "/state/opened/record",
        "/status/record",
        "/signature/payload",
        "/signature/signature",
    ] {
        let bytes = BASE64.decode(proof.json.pointer(pointer).unwrap().as_str().unwrap().as_bytes()).unwrap();
        for at in (0..bytes.len()).step_by(3) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            let outcome = proof.but(|p| *p.pointer_mut(pointer).unwrap() = BASE64.encode(&changed).into());
            assert!(outcome.is_err(), "{pointer} at {at}");
            turned += 1;
        }
    }
    assert!(turned > 500, "{turned}");
}

#[tokio::test]
async fn a_proof_waits_for_the_log_and_only_what_was_approved_is_proved() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    assert_eq!(city.registry.prove(&package.digest, None).await, Err(PublicationError::NotYetInTheLog));
    city.sequenced().await;
    assert!(city.registry.prove(&package.digest, None).await.is_ok());
    let waiting = App::new("tickets", "1.1.0").signed(&city.key);
    city.checked(&waiting).await;
    city.sequenced().await;
    assert_eq!(city.registry.prove(&waiting.digest, None).await, Err(PublicationError::NotApproved(waiting.digest)));
    assert_eq!(city.registry.prove(&digest("x"), None).await, Err(PublicationError::NoSuchPackage(digest("x"))));
}

#[tokio::test]
async fn the_word_about_all_versions_is_said_again_when_it_is_old() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    let old = proved(&city, &package.digest).await.check().unwrap().standing_at;
    assert!(!city.registry.attest().await.unwrap(), "it is fresh");
    city.clock.advance(3_600_000);
    assert!(city.registry.attest().await.unwrap());
    let new = proved(&city, &package.digest).await.check().unwrap().standing_at;
    assert_eq!(new - old, 3_600_000);
}

/// The log keeps payloads for three years; a proof is asked for later.
#[tokio::test]
async fn a_proof_holds_after_the_logs_payloads_have_expired() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    city.sequenced().await;
    city.clock.advance(1_200 * 86_400_000);
    assert!(city.audit.expire().await.unwrap() > 0);
    city.registry.attest().await.unwrap();
    assert!(proved(&city, &package.digest).await.check().is_ok());
}

/// Many entries of others between ours, as in a city.
#[tokio::test]
async fn leaves_are_found_among_those_of_the_whole_city() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    let read = yunlong_audit::Entry::new("data.read", "clerk", Kind::Official);
    city.audit.record(vec![read; 700]).await.unwrap();
    assert!(proved(&city, &package.digest).await.check().is_ok());
}
