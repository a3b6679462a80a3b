//! Keys: enrolled, replaced, revoked; and what each means for what they signed.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

mod support;

use proptest::prelude::*;
use std::collections::BTreeMap;
use support::*;
use yunlong_model::Timestamp;
use yunlong_registry::{
    Algorithm, Endorsement, KeyId, KeyPair, Known, Reason, Revocation, Rotation, Side, TrustError, TrustStore,
    VerifyError,
};

const VENDOR: &str = "91320300MA000TX14G";

fn because(reason: Reason) -> Revocation {
    Revocation { side: Side::Vendor, reason, remark: "r".into() }
}

fn enrolled() -> TrustStore {
    let mut trust = TrustStore::default();
    trust.enroll("tongshan", Some(VENDOR), key().public(), "city-admin", Timestamp(1)).unwrap();
    trust
}

#[test]
fn a_vendors_name_belongs_to_one_organization() {
    let mut trust = enrolled();
    let second = other_key(Algorithm::EcdsaP256).public();
    let error = trust.enroll("tongshan", Some("92320324MA000TX221"), second.clone(), "a", Timestamp(2)).unwrap_err();
    assert_eq!(error, TrustError::OtherOrganization { vendor: "tongshan".into(), organization: VENDOR.into() });
    assert!(trust.enroll("tongshan", Some(VENDOR), second, "a", Timestamp(2)).is_ok());
    for bad in ["", " ", "a\nb", "彭城软件", "tongshan/x", "Tongshan", &"v".repeat(101)] {
        let key = other_key(Algorithm::Ed25519).public();
        assert_eq!(trust.enroll(bad, Some(VENDOR), key, "a", Timestamp(2)), Err(TrustError::Vendor), "{bad:?}");
    }
}

#[test]
fn a_vendor_does_not_have_keys_without_end() {
    let mut trust = TrustStore::default();
    for n in 0..yunlong_registry::trust::MAX_KEYS {
        trust.enroll("v", None, other_key(Algorithm::Ed25519).public(), "a", Timestamp(n as i64)).unwrap();
    }
    let one_more = other_key(Algorithm::Ed25519).public();
    assert_eq!(trust.enroll("v", None, one_more, "a", Timestamp(1)), Err(TrustError::TooMany("v".into())));
}

#[test]
fn what_a_replaced_key_signed_before_stands_and_what_another_signed_waits_for_the_city() {
    let package = signed();
    let at = |trust: &TrustStore, at, kept| {
        trust.verify_known(&package, Known::Published { at: Timestamp(at), kept }).is_ok()
    };
    for (reason, stands) in [(Reason::Replaced, true), (Reason::Compromised, false), (Reason::Ended, false)] {
        let mut trust = enrolled();
        trust.revoke_because(&key().public().id(), because(reason), "a", Timestamp(10)).unwrap();
        assert_eq!(trust.verify(&package), Err(VerifyError::RevokedSigner(key().public().id())), "{reason:?}");
        assert_eq!(at(&trust, 9, false), stands, "{reason:?}");
        assert!(at(&trust, 9, true), "{reason:?}: the city kept it");
        for late in [10, 11] {
            assert!(!at(&trust, late, false) && !at(&trust, late, true), "{reason:?}: nothing helps what came later");
        }
    }
}

#[test]
fn a_revocation_without_a_reason_leaves_everything_in_doubt() {
    // As it stands in files that were written before reasons were.
    let json = serde_json::to_value(enrolled()).unwrap().to_string();
    let json = json.replace("\"enrolled_at\":1", "\"enrolled_at\":1,\"revoked_at\":10,\"revoked_by\":\"a\"");
    let trust: TrustStore = serde_json::from_str(&json).unwrap();
    let known = Known::Published { at: Timestamp(5), kept: false };
    assert!(trust.verify_known(&signed(), known).is_err());
}

#[test]
fn a_key_is_replaced_by_one_that_signs_for_itself_and_that_the_old_one_or_the_city_signs_for() {
    let (old, new) = (key(), other_key(Algorithm::EcdsaP256));
    let rotation = Rotation { vendor: "tongshan".into(), old: old.public().id(), new: new.public().id() };
    let rotate = |possession: &[u8], endorsement: Endorsement| {
        let mut trust = enrolled();
        let done = trust.rotate(&old.public().id(), new.public(), possession, &endorsement, "a", Timestamp(5));
        (trust, done)
    };
    let possession = rotation.sign(&new);
    let (trust, done) = rotate(&possession, Endorsement::OldKey(rotation.sign(&old)));
    assert_eq!(done, Ok(new.public().id()));
    let (former, next) = (trust.key(&old.public().id()).unwrap(), trust.key(&new.public().id()).unwrap());
    assert_eq!((former.revoked_at, former.revocation.as_ref().unwrap().reason), (Some(Timestamp(5)), Reason::Replaced));
    assert_eq!((next.replaces, next.organization.as_deref()), (Some(old.public().id()), Some(VENDOR)));
    let (trust, done) = rotate(&possession, Endorsement::City);
    assert!(done.is_ok());
    assert_eq!(trust.key(&old.public().id()).unwrap().revocation.as_ref().unwrap().side, Side::City);

    let refused = |possession: &[u8], endorsement| {
        let (trust, done) = rotate(possession, endorsement);
        assert_eq!(trust, enrolled(), "nothing has changed");
        done.unwrap_err()
    };
    let (not_theirs, not_signed) =
        (TrustError::NotPossessed(new.public().id()), TrustError::NotEndorsed(old.public().id()));
    assert_eq!(refused(&rotation.sign(&old), Endorsement::City), not_theirs);
    assert_eq!(refused(&possession, Endorsement::OldKey(possession.clone())), not_signed);
    // A word for another key, or for another vendor, is none for this one.
    let other = Rotation { new: old.public().id(), ..rotation.clone() };
    assert_eq!(refused(&possession, Endorsement::OldKey(other.sign(&old))), not_signed);
    let other = Rotation { vendor: "suining".into(), ..rotation };
    assert_eq!(refused(&other.sign(&new), Endorsement::City), not_theirs);
}

#[test]
fn a_signature_over_a_package_is_no_word_for_a_key() {
    let mut trust = enrolled();
    let new = other_key(Algorithm::Ed25519);
    let over_package = signed().signatures[0].signature.clone();
    let rotation = Rotation { vendor: "tongshan".into(), old: key().public().id(), new: new.public().id() };
    let endorsed = Endorsement::OldKey(over_package);
    let done = trust.rotate(&key().public().id(), new.public(), &rotation.sign(&new), &endorsed, "a", Timestamp(2));
    assert_eq!(done, Err(TrustError::NotEndorsed(key().public().id())));
}

#[test]
fn a_replaced_key_that_turns_out_to_be_stolen_is_so_from_its_first_end_on() {
    let mut trust = enrolled();
    let id = key().public().id();
    trust.revoke_because(&id, because(Reason::Replaced), "a", Timestamp(10)).unwrap();
    trust.revoke_because(&id, because(Reason::Compromised), "b", Timestamp(20)).unwrap();
    let known = trust.key(&id).unwrap();
    assert_eq!(
        (known.revoked_at, known.revocation.as_ref().unwrap().reason),
        (Some(Timestamp(10)), Reason::Compromised)
    );
    // The other way round would bring what it signed back to life.
    trust.revoke_because(&id, because(Reason::Replaced), "c", Timestamp(30)).unwrap();
    assert_eq!(trust.key(&id).unwrap().revocation.as_ref().unwrap().reason, Reason::Compromised);
}

// ---- Random histories

#[derive(Clone, Debug)]
enum Act {
    Enroll(usize, usize),
    Revoke(usize, u8),
    Rotate(usize, usize, bool),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0_usize..6, 0_usize..2).prop_map(|(k, v)| Act::Enroll(k, v)),
        2 => (0_usize..6, 0_u8..3).prop_map(|(k, r)| Act::Revoke(k, r)),
        3 => (0_usize..6, 0_usize..6, any::<bool>()).prop_map(|(a, b, honest)| Act::Rotate(a, b, honest)),
    ]
}

const VENDORS: [(&str, &str); 2] = [("tongshan", VENDOR), ("suining", "92320324MA000TX221")];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_history_gives_a_key_two_owners_or_brings_a_revoked_one_back(history in prop::collection::vec(acts(), 0..40)) {
        // The same keys in every case: making them is what takes long.
        let keys: Vec<KeyPair> = (1_u8..=6).map(|n| {
            KeyPair::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[n; 32]))
        }).collect();
        let id = |n: usize| keys[n].public().id();
        let mut trust = TrustStore::default();
        let mut owners: BTreeMap<KeyId, String> = BTreeMap::new();
        let mut ended: BTreeMap<KeyId, Timestamp> = BTreeMap::new();
        for (n, act) in history.into_iter().enumerate() {
            let now = Timestamp(n as i64 + 1);
            let before = trust.clone();
            let done = match act {
                Act::Enroll(k, v) => {
                    let (vendor, organization) = VENDORS[v];
                    trust.enroll(vendor, Some(organization), keys[k].public(), "a", now).map(|_| ())
                }
                Act::Revoke(k, reason) => {
                    let reason = [Reason::Replaced, Reason::Compromised, Reason::Ended][usize::from(reason)];
                    trust.revoke_because(&id(k), because(reason), "a", now)
                }
                Act::Rotate(a, b, honest) => {
                    let vendor = trust.key(&id(a)).map_or_else(String::new, |k| k.vendor.clone());
                    let rotation = Rotation { vendor, old: id(a), new: id(b) };
                    let endorser = if honest { &keys[a] } else { &keys[(a + 1) % 6] };
                    let endorsed = Endorsement::OldKey(rotation.sign(endorser));
                    let done = trust.rotate(&id(a), keys[b].public(), &rotation.sign(&keys[b]), &endorsed, "a", now);
                    prop_assert!(honest || done.is_err(), "somebody else signed for it");
                    done.map(|_| ())
                }
            };
            prop_assert!(done.is_ok() || trust == before, "what is refused changes nothing");
            for (id, key) in trust.keys() {
                prop_assert_eq!(owners.entry(*id).or_insert_with(|| key.vendor.clone()), &key.vendor);
                match (key.revoked_at, ended.get(id)) {
                    (Some(at), Some(known)) => prop_assert_eq!(at, *known, "the time of an end is fixed"),
                    (Some(at), None) => _ = ended.insert(*id, at),
                    (None, known) => prop_assert_eq!(known, None, "a revoked key is back"),
                }
                prop_assert_eq!(key.counts(Known::New), key.revoked_at.is_none());
                for at in 0..45 {
                    let published = Known::Published { at: Timestamp(at), kept: true };
                    prop_assert_eq!(key.counts(published), key.revoked_at.is_none_or(|end| Timestamp(at) < end));
                }
            }
            prop_assert_eq!(before.keys().count() <= trust.keys().count(), true, "keys are kept for ever");
        }
    }
}
