use super::*;
use crate::domain::keys::for_tests;
use p256::ecdsa::signature::Signer;
use proptest::prelude::*;

const NOW: i64 = 1_795_478_400_000;

pub(crate) fn device(method: Method) -> Device {
    Device {
        id: "DV1".into(),
        warehouse: "WH1".into(),
        custodian: "W".into(),
        place: "东门".into(),
        method,
        public_key: String::new(),
        generation: 1,
        active: true,
        last_sequence: 0,
        last_at: None,
        silence_told: None,
        gaps: Vec::new(),
        created_at: 0,
    }
}

fn reading(sequence: u64) -> Reading {
    Reading {
        device: "DV1".into(),
        sequence,
        kind: Kind::Gate,
        lot: "LT1".into(),
        quantity: -50_000,
        at: NOW - 1_000,
        sent_at: NOW,
        signature: String::new(),
    }
}

fn signed(r: Reading) -> Reading {
    let mac = hmac_sha256(&for_tests().device_secret("DV1", 1), text(&r).as_bytes());
    Reading { signature: data_encoding::HEXLOWER.encode(&mac), ..r }
}

#[test]
fn the_text_that_is_signed_has_one_form() {
    assert_eq!(text(&reading(7)), "yunlong-sensor/1\nDV1\n7\ngate\nLT1\n-50000\n1795478399000\n1795478400000\n");
}

#[test]
fn a_signed_reading_of_now_is_believed_and_nothing_else() {
    let (keys, d) = (for_tests(), device(Method::HmacSha256));
    let good = signed(reading(1));
    assert_eq!(believe(&keys, Some(&d), &good, NOW), Ok(()));
    assert_eq!(believe(&keys, None, &good, NOW), Err(SensorError::NotSigned));
    let off = Device { active: false, ..d.clone() };
    let renewed = Device { generation: 2, ..d.clone() };
    for other in [&off, &renewed] {
        assert_eq!(believe(&keys, Some(other), &good, NOW), Err(SensorError::NotSigned));
    }
    let changed = Reading { quantity: -1, ..good.clone() };
    assert_eq!(believe(&keys, Some(&d), &changed, NOW), Err(SensorError::NotSigned));
    let old = believe(&keys, Some(&d), &good, NOW + SENT_WITHIN + 1);
    assert_eq!(old, Err(SensorError::SentAt { off: SENT_WITHIN + 1 }), "recorded, and sent again another day");
    let later = signed(Reading { at: NOW + SENT_WITHIN + 1, ..reading(1) });
    assert_eq!(believe(&keys, Some(&d), &later, NOW), Err(SensorError::TakenLater));
    for (kind, quantity) in [(Kind::Stock, -1), (Kind::Gate, i64::MIN), (Kind::Gate, i64::MAX), (Kind::Stock, i64::MAX)]
    {
        let none = signed(Reading { kind, quantity, ..reading(1) });
        assert_eq!(believe(&keys, Some(&d), &none, NOW), Err(SensorError::Quantity(quantity)));
    }
    let extreme = signed(Reading { sent_at: i64::MIN, at: i64::MIN, ..reading(1) });
    assert!(believe(&keys, Some(&d), &extreme, NOW).is_err());
}

#[test]
fn a_device_with_a_key_of_its_own_is_believed_by_its_public_key() {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let point = key.verifying_key().to_sec1_point(false);
    let d = Device { public_key: data_encoding::HEXLOWER.encode(point.as_bytes()), ..device(Method::EcdsaP256) };
    let r = reading(1);
    let signature: p256::ecdsa::Signature = key.sign(text(&r).as_bytes());
    let good = Reading { signature: BASE64URL_NOPAD.encode(&signature.to_bytes()), ..r };
    assert_eq!(believe(&for_tests(), Some(&d), &good, NOW), Ok(()));
    let by_secret = signed(reading(1));
    assert_eq!(believe(&for_tests(), Some(&d), &by_secret, NOW), Err(SensorError::NotSigned));
}

#[test]
fn what_did_not_come_is_a_gap_until_it_comes_late() {
    let mut d = device(Method::HmacSha256);
    assert_eq!(d.came(1, NOW), (false, None));
    assert_eq!(d.came(5, NOW), (false, Some(Gap { from: 2, to: 4 })));
    assert_eq!((d.missing(), d.came(3, NOW)), (3, (true, None)));
    assert_eq!(d.gaps, [Gap { from: 2, to: 2 }, Gap { from: 4, to: 4 }]);
    d.came(2, NOW);
    d.came(4, NOW);
    assert_eq!((d.missing(), d.last_sequence), (0, 5));
}

proptest! {
    #[test]
    fn gaps_are_exactly_what_is_missing(sequences in prop::collection::hash_set(1_u64..60, 1..40)) {
        let mut d = device(Method::HmacSha256);
        for s in &sequences {
            d.came(*s, NOW);
        }
        let last = *sequences.iter().max().unwrap();
        let missing: Vec<u64> = (1..last).filter(|s| !sequences.contains(s)).collect();
        let mut told: Vec<u64> = d.gaps.iter().flat_map(|g| g.from..=g.to).collect();
        told.sort_unstable();
        prop_assert_eq!(told, missing);
    }

    #[test]
    fn a_device_that_skips_for_ever_does_not_grow_for_ever(steps in prop::collection::vec(2_u64..1_000, 150..300)) {
        let mut d = device(Method::HmacSha256);
        let mut at = 0;
        for s in steps {
            at += s;
            d.came(at, NOW);
        }
        prop_assert!(d.gaps.len() <= MAX_GAPS);
    }
}
