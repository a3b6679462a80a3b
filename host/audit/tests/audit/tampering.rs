//! Whatever is flipped, dropped, swapped, inserted or cut, in an export or in the store, the verifier
//! finds it.

use crate::{City, check, config, person, read, what};
use data_encoding::BASE64;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::Arc;
use yunlong_audit::{AuditError, ExportOptions};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Direction, Entry, Key, Txn};
use yunlong_verify::note::Note;
use yunlong_verify::{Fault, What};

/// What happens to a log before somebody tampers with it.
#[derive(Clone, Debug)]
enum Act {
    Read(Vec<u32>),
    Hidden(u32),
    Tell(u32),
    Sequence,
    Erase(u32),
    Expire,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        5 => proptest::collection::vec(0_u32..6, 1..40).prop_map(Act::Read),
        1 => (0_u32..6).prop_map(Act::Hidden),
        2 => (0_u32..6).prop_map(Act::Tell),
        3 => Just(Act::Sequence),
        1 => (0_u32..6).prop_map(Act::Erase),
        1 => Just(Act::Expire),
    ];
    proptest::collection::vec(act, 4..25)
}

async fn city_after(acts: &[Act]) -> City {
    let mut config = config();
    config.retention_days = 1;
    let city = City::with(Arc::new(MemoryStore::new()), config).await;
    for act in acts {
        match act {
            Act::Read(about) => {
                city.audit.record(about.iter().map(|p| read(*p, "r")).collect()).await.unwrap();
            }
            Act::Hidden(about) => {
                let mut entry = read(*about, "h");
                entry.hidden = Some(yunlong_audit::HiddenBy { order: "o".into(), until: yunlong_model::Timestamp(0) });
                city.audit.record(vec![entry]).await.unwrap();
            }
            Act::Tell(about) => city.act("consent.given", Some(*about)).await,
            Act::Sequence => drop(city.audit.sequence_once().await.unwrap()),
            Act::Erase(about) => drop(city.audit.erase(&person(*about), &[], "r", "admin").await.unwrap()),
            Act::Expire => {
                city.clock.advance(86_400_001);
                city.audit.expire().await.unwrap();
            }
        }
    }
    // At least one leaf of two books.
    city.audit.record(vec![read(0, "last")]).await.unwrap();
    city.act("last", None).await;
    city.audit.sequence_once().await.unwrap();
    city
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn lines(export: &[u8]) -> Vec<Vec<u8>> {
    export.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

/// The export with an end that fits it: what somebody would do who knows the format.
fn with_end(mut lines: Vec<Vec<u8>>) -> Vec<u8> {
    use data_encoding::HEXLOWER;
    lines.pop();
    let body = lines.concat();
    let hash = yunlong_model::Digest::of(&body);
    let end =
        format!("{{\"end\":{{\"lines\":{},\"sha256\":\"{}\"}}}}\n", lines.len(), HEXLOWER.encode(hash.as_bytes()));
    [body, end.into_bytes()].concat()
}

/// Which lines are leaves, by their place in the file.
fn leaf_lines(lines: &[Vec<u8>]) -> Vec<usize> {
    (0..lines.len()).filter(|n| lines[*n].starts_with(b"{\"index\"")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_log_that_nobody_touched_verifies(acts in acts()) {
        run(async {
            let city = city_after(&acts).await;
            let report = city.verified().await;
            prop_assert!(report.is_ok(), "{:?}", report);
            Ok(())
        })?;
    }

    #[test]
    fn any_byte_of_an_export_that_is_flipped_is_found(acts in acts(), flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 40)) {
        run(async {
            let city = city_after(&acts).await;
            let export = city.export().await;
            let expected = city.expectations();
            for (at, bit) in flips {
                let mut changed = export.clone();
                let at = at.index(changed.len());
                changed[at] ^= 1 << bit;
                let fault = check(&changed, &expected);
                prop_assert!(fault.is_err(), "byte {at}, bit {bit}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_flipped_leaf_payload_or_row_is_named_even_under_a_new_digest(
        acts in acts(), pick in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), bit in 0_u8..8, field in 0_usize..3,
    ) {
        run(async {
            let city = city_after(&acts).await;
            let mut all = lines(&city.export().await);
            let leaves = leaf_lines(&all);
            let number = leaves[pick.index(leaves.len())];
            let mut value: Value = serde_json::from_slice(&all[number]).unwrap();
            let fields: Vec<&str> = ["leaf", "sealed"].into_iter().filter(|f| value[f].is_string()).collect();
            let field = fields[field % fields.len()];
            let mut bytes = BASE64.decode(value[field].as_str().unwrap().as_bytes()).unwrap();
            let at = byte.index(bytes.len());
            bytes[at] ^= 1 << bit;
            value[field] = BASE64.encode(&bytes).into();
            let index = value["index"].as_u64();
            // In the order of the export: `index` first.
            let text = String::from_utf8(all[number].clone()).unwrap();
            let start = text.find(&format!("\"{field}\":\"")).unwrap() + field.len() + 4;
            let end = start + text[start..].find('"').unwrap();
            all[number] = format!("{}{}{}", &text[..start], value[field].as_str().unwrap(), &text[end..]).into_bytes();
            let fault = check(&with_end(all), &city.expectations()).unwrap_err();
            prop_assert_eq!(fault.line, number as u64 + 1);
            prop_assert_eq!(fault.index, index);
            prop_assert!(matches!(fault.what, What::Hash | What::Payload), "{}", fault);
            Ok(())
        })?;
    }

    #[test]
    fn a_dropped_doubled_or_swapped_line_is_found_even_under_a_new_digest(
        acts in acts(), pick in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
    ) {
        run(async {
            let city = city_after(&acts).await;
            let all = lines(&city.export().await);
            let expected = city.expectations();
            // Not the end, which is made anew.
            let at = pick.index(all.len() - 1);
            let to = other.index(all.len() - 1);
            let mut dropped = all.clone();
            dropped.remove(at);
            prop_assert!(check(&with_end(dropped), &expected).is_err(), "dropped {at}");
            let mut doubled = all.clone();
            doubled.insert(to, all[at].clone());
            prop_assert!(check(&with_end(doubled), &expected).is_err(), "doubled {at} at {to}");
            if at != to {
                let mut swapped = all.clone();
                swapped.swap(at, to);
                prop_assert!(check(&with_end(swapped), &expected).is_err(), "swapped {at} and {to}");
            }
            let cut = all[..at].concat();
            prop_assert!(check(&cut, &expected).is_err(), "cut at {at}");
            Ok(())
        })?;
    }

    #[test]
    fn any_row_of_the_store_that_is_changed_dropped_or_put_in_is_found(
        acts in acts(), picks in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8, 0_u8..4), 25),
    ) {
        run(async {
            let city = city_after(&acts).await;
            let rows = city.store.scan(&Key::space("@audit").children(), Direction::Ascending, 100_000).await.unwrap();
            for (pick, byte, bit, how) in picks {
                let row = &rows[pick.index(rows.len())];
                let Some(undo) = tamper(&city, row, byte, bit, how).await else { continue };
                prop_assert!(is_found(&city).await, "{how} of {:?}, bit {bit}", row.key);
                let mut txn = Txn::new(city.store.clone());
                for key in undo {
                    txn.delete(key);
                }
                txn.put(row.key.clone(), row.value.clone());
                txn.commit().await.unwrap();
            }
            prop_assert!(!is_found(&city).await, "all was put back");
            Ok(())
        })?;
    }
}

/// Changes the store behind the audit's back; answers which rows were put in.
async fn tamper(city: &City, row: &Entry, byte: prop::sample::Index, bit: u8, how: u8) -> Option<Vec<Key>> {
    let mut txn = Txn::new(city.store.clone());
    let mut put = Vec::new();
    match how {
        0 if !row.value.is_empty() => {
            let mut value = row.value.to_vec();
            let at = byte.index(value.len());
            value[at] ^= 1 << bit;
            txn.put(row.key.clone(), value.into());
        }
        1 => txn.delete(row.key.clone()),
        2 => {
            // Longer by one byte.
            txn.put(row.key.clone(), [&row.value[..], b"x"].concat().into());
        }
        3 => {
            // A copy of the row, under a key beside it.
            let mut key = row.key.as_bytes().to_vec();
            let last = key.len() - 1;
            key[last] ^= 1 << bit;
            let key = Key::from_bytes(key);
            if city.store.get(&key).await.unwrap().is_some() {
                return None;
            }
            txn.put(key.clone(), row.value.clone());
            put.push(key);
        }
        _ => return None,
    }
    txn.commit().await.unwrap();
    Some(put)
}

async fn is_found(city: &City) -> bool {
    let mut out = Vec::new();
    match city.audit.export(&mut out, ExportOptions::default()).await {
        Ok(_) => check(&out, &city.expectations()).is_err(),
        // What cannot be followed at all says so, and names the row.
        Err(e) => matches!(e, AuditError::Damaged(_)),
    }
}

/// Where a row of a table stands whose key ends in a commit and a place, moved behind the log's end.
fn behind(key: &Key, end: u64, place: u64) -> Key {
    let bytes = key.as_bytes();
    Key::from_bytes(bytes[..bytes.len() - 18].to_vec()).u64(end).u64(place)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whoever writes into the store, and has not the log's key, puts nothing behind its end that is
    /// taken for genuine: neither a leaf copied with its payload, nor a row of their own.
    #[test]
    fn a_row_that_is_put_in_behind_the_end_is_found(
        acts in acts(), pick in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), forged in any::<bool>(),
    ) {
        run(async {
            let city = city_after(&acts).await;
            let leaves = city.store.scan(&Key::space("@audit").text("leaf").children(), Direction::Ascending, 100_000).await.unwrap();
            let row = leaves[pick.index(leaves.len())].clone();
            // The next commit is the one that writes it.
            let end = city.store.watch().borrow().0 + 1;
            let mut txn = Txn::new(city.store.clone());
            let mut value = row.value.to_vec();
            if forged {
                let at = byte.index(value.len());
                value[at] ^= 1;
            }
            let copy = behind(&row.key, end, 0);
            txn.put(copy.clone(), value.into());
            let payloads = city.store.scan(&Key::space("@audit").text("payload").children(), Direction::Ascending, 100_000).await.unwrap();
            // Its payload stands one place on.
            let mut next = row.key.as_bytes().to_vec();
            let last = next.len() - 1;
            next[last] += 1;
            if let Some(payload) = payloads.iter().find(|p| p.key.as_bytes().ends_with(&next[next.len() - 18..])) {
                txn.put(behind(&payload.key, end, 1), payload.value.clone());
            }
            txn.commit().await.unwrap();
            let grown = city.audit.sequence_once().await;
            if forged {
                prop_assert!(matches!(grown, Err(AuditError::Damaged(_))), "{:?}", grown);
            }
            prop_assert!(is_found(&city).await, "forged: {forged}, {copy:?}");
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_leaf_that_is_copied_with_its_payload_is_named_as_a_double() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let end = city.store.watch().borrow().0 + 1;
    let mut txn = Txn::new(city.store.clone());
    for (table, place) in [("leaf", 0), ("payload", 1)] {
        let rows =
            city.store.scan(&Key::space("@audit").text(table).children(), Direction::Ascending, 9).await.unwrap();
        txn.put(behind(&rows[0].key, end, place), rows[0].value.clone());
    }
    txn.commit().await.unwrap();
    let fault = city.verified().await.unwrap_err();
    assert_eq!((fault.index, fault.what), (Some(1), What::Duplicate(0)));
}

#[tokio::test]
async fn a_tail_that_is_cut_off_is_found_by_whoever_kept_a_checkpoint() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let short = city.export().await;
    city.audit.record(vec![read(1, "b")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let newest = city.audit.latest_checkpoint().await.unwrap().unwrap();
    let mut expected = city.expectations();
    assert!(check(&short, &expected).is_ok(), "by itself it is a good log");
    expected.checkpoints = vec![Note::parse(&newest).unwrap().checkpoint(&expected.key).unwrap()];
    assert_eq!(what(check(&short, &expected)), What::Shorter { given: 2, size: 1 });
}

#[tokio::test]
async fn a_log_that_was_rewritten_and_signed_anew_does_not_fit_a_checkpoint_that_was_kept() {
    let honest = City::new().await;
    honest.audit.record(vec![read(1, "a"), read(1, "b")]).await.unwrap();
    honest.audit.sequence_once().await.unwrap();
    let kept = honest.audit.latest_checkpoint().await.unwrap().unwrap();
    // The same keys, another history.
    let forged = City::new().await;
    forged.audit.record(vec![read(1, "a"), read(1, "c"), read(1, "d")]).await.unwrap();
    forged.audit.sequence_once().await.unwrap();
    assert!(forged.verified().await.is_ok());
    let mut expected = forged.expectations();
    expected.checkpoints = vec![Note::parse(&kept).unwrap().checkpoint(&expected.key).unwrap()];
    assert_eq!(what(check(&forged.export().await, &expected)), What::Rewritten(2));
}

#[tokio::test]
async fn nothing_is_signed_over_tiles_that_were_changed() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a"), read(1, "b")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let tile = Key::space("@audit").text("tile").u64(0).u64(0);
    let mut value = city.store.get(&tile).await.unwrap().unwrap().value.to_vec();
    value[3] ^= 1;
    let mut txn = Txn::new(city.store.clone());
    txn.put(tile, value.into());
    txn.commit().await.unwrap();
    city.audit.record(vec![read(1, "c")]).await.unwrap();
    assert!(matches!(city.audit.sequence_once().await, Err(AuditError::Damaged(_))));
    let Fault { index, what, .. } = city.verified().await.unwrap_err();
    assert_eq!((index, what), (Some(0), What::Hash));
}
