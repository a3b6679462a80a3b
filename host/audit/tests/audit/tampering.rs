//! Whatever is flipped, dropped, swapped, inserted or cut, in an export or in the store, the verifier
//! finds it.

use crate::{City, check, config, keyring, person, read, what};
use bytes::Bytes;
use data_encoding::BASE64;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::Arc;
use yunlong_audit::{Audit, AuditConfig, AuditError, ExportOptions};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Direction, Entry, Key, Txn};
use yunlong_verify::log::Report;
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

/// Payloads expire after a day, so that some do.
fn of_a_day() -> AuditConfig {
    let mut config = config();
    config.retention_days = 1;
    config
}

async fn city_after(acts: &[Act]) -> City {
    let city = City::with(Arc::new(MemoryStore::new()), of_a_day()).await;
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

    /// By what the verifier says, and by nothing else: the host, be it the process that runs or one that starts
    /// on the changed store, exports what it can and judges nothing.
    #[test]
    fn any_row_of_the_store_that_is_changed_dropped_swapped_or_put_in_is_found(
        acts in acts(), picks in proptest::collection::vec(pick(), 30),
    ) {
        run(async {
            let city = city_after(&acts).await;
            let rows = city.store.scan(&Key::space("@audit").children(), Direction::Ascending, 100_000).await.unwrap();
            for pick in picks {
                let [row, other] = [&pick.row, &pick.other].map(|n| &rows[n.index(rows.len())]);
                let Some(before) = tamper(&city, &pick, row, other).await else { continue };
                prop_assert!(is_found(&city, pick.anew).await, "{pick:?}: {:?}, {:?}", row.key, other.key);
                write(&city, before).await;
            }
            prop_assert!(!is_found(&city, true).await, "all was put back");
            Ok(())
        })?;
    }
}

/// What somebody does to a row of the store.
#[derive(Clone, Copy, Debug)]
enum How {
    FlipBit,
    DropByte,
    InsertByte,
    SwapBytes,
    Drop,
    /// It stands a second time, under a key beside it.
    Copy,
    /// It and another row stand in each other's place.
    Swap,
}

const ALL: [How; 7] = [How::FlipBit, How::DropByte, How::InsertByte, How::SwapBytes, How::Drop, How::Copy, How::Swap];

#[derive(Clone, Debug)]
struct Pick {
    row: prop::sample::Index,
    other: prop::sample::Index,
    byte: prop::sample::Index,
    bit: u8,
    how: How,
    /// Whether the export is one of a process that starts on the changed store.
    anew: bool,
}

prop_compose! {
    fn pick()(
        row: prop::sample::Index, other: prop::sample::Index, byte: prop::sample::Index, bit in 0_u8..8,
        how in prop::sample::select(ALL.to_vec()), anew: bool,
    ) -> Pick {
        Pick { row, other, byte, bit, how, anew }
    }
}

/// Rows as they are to be; `None`: not there.
type Rows = Vec<(Key, Option<Bytes>)>;

async fn write(city: &City, rows: Rows) {
    let mut txn = Txn::new(city.store.clone());
    for (key, value) in rows {
        match value {
            Some(value) => txn.put(key, value),
            None => txn.delete(key),
        }
    }
    txn.commit().await.unwrap();
}

/// What the pick makes of its row, and of the other one where both change.
fn changed(pick: &Pick, row: &Entry, other: &Entry) -> Rows {
    let (mut value, mut key) = (row.value.to_vec(), row.key.as_bytes().to_vec());
    let at = pick.byte.index(value.len().max(1));
    match pick.how {
        How::InsertByte => value.insert(at, b'x'),
        // Some rows are empty: that they are there is what they say.
        How::FlipBit | How::DropByte | How::SwapBytes if value.is_empty() => {}
        How::FlipBit => value[at] ^= 1 << pick.bit,
        How::DropByte => _ = value.remove(at),
        How::SwapBytes => value.swap(at, at.saturating_sub(1)),
        How::Drop => return vec![(row.key.clone(), None)],
        How::Copy => {
            *key.last_mut().unwrap() ^= 1 << pick.bit;
            return vec![(Key::from_bytes(key), Some(row.value.clone()))];
        }
        How::Swap => {
            return vec![(row.key.clone(), Some(other.value.clone())), (other.key.clone(), Some(row.value.clone()))];
        }
    }
    vec![(row.key.clone(), Some(value.into()))]
}

/// Changes the store behind the audit's back; answers what puts it back, `None` when the pick changes nothing.
async fn tamper(city: &City, pick: &Pick, row: &Entry, other: &Entry) -> Option<Rows> {
    let changed = changed(pick, row, other);
    let mut before = Rows::new();
    for (key, _) in &changed {
        before.push((key.clone(), city.store.get(key).await.unwrap().map(|found| found.value)));
    }
    let replaces = matches!(pick.how, How::Copy) && before[0].1.is_some();
    if changed == before || replaces {
        return None;
    }
    write(city, changed).await;
    Some(before)
}

/// Whether the verifier finds a fault in what is exported.
async fn is_found(city: &City, anew: bool) -> bool {
    let audit = if anew { opened_anew(city).await } else { city.audit.clone() };
    exported(&audit, city).await.is_err()
}

async fn opened_anew(city: &City) -> Audit {
    Audit::open(city.store.clone(), Arc::new(city.clock.clone()), keyring(), of_a_day()).await.unwrap()
}

/// What the verifier says of an export, which is made whatever was changed.
async fn exported(audit: &Audit, city: &City) -> Result<Report, Fault> {
    let mut out = Vec::new();
    audit.export(&mut out, ExportOptions::default()).await.unwrap();
    check(&out, &city.expectations())
}

#[tokio::test]
async fn what_the_exporter_cannot_follow_is_a_line_of_its_own_with_its_row_and_why() {
    let city = City::with(Arc::new(MemoryStore::new()), of_a_day()).await;
    city.audit.record((0..300).map(|n| read(n % 6, "a")).collect()).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    city.clock.advance(86_400_001);
    city.audit.expire().await.unwrap();
    city.audit.sequence_once().await.unwrap();
    assert!(exported(&city.audit, &city).await.is_ok());
    let table = |name: &str| Key::space("@audit").text(name);
    for (key, why) in [
        (table("state"), "it is not told where the log stands"),
        (table("expired"), "was changed"),
        (table("retention"), "the row of the retention is gone, or was changed"),
        (table("pointer").u64(0), "not all in this row leads to leaves"),
    ] {
        let row = city.store.get(&key).await.unwrap().unwrap().value;
        // The first byte of a pointer is its book.
        let changed = [&[row[0] ^ 64], &row[1..]].concat();
        for anew in [false, true] {
            write(&city, vec![(key.clone(), Some(changed.clone().into()))]).await;
            let audit = if anew { opened_anew(&city).await } else { city.audit.clone() };
            match exported(&audit, &city).await.unwrap_err().what {
                What::Damage { key: named, what } => {
                    assert_eq!(named, data_encoding::HEXLOWER.encode(key.as_bytes()), "{what}");
                    assert!(what.contains(why), "{key:?}: {what}");
                }
                other => panic!("{key:?}: {other}"),
            }
            write(&city, vec![(key.clone(), Some(row.clone()))]).await;
            assert!(exported(&audit, &city).await.is_ok(), "{key:?} was put back");
        }
    }
}

#[tokio::test]
async fn an_export_without_a_state_has_every_leaf_and_nothing_grows() {
    let city = City::with(Arc::new(MemoryStore::new()), of_a_day()).await;
    city.audit.record((0..300).map(|n| read(n % 6, "a")).collect()).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    let lines_of = |export: Vec<u8>| lines(&export);
    let whole = lines_of(city.export().await);
    write(&city, vec![(Key::space("@audit").text("state"), None)]).await;
    let audit = opened_anew(&city).await;
    let mut out = Vec::new();
    let exported = audit.export(&mut out, ExportOptions { opened: true }).await.unwrap();
    assert_eq!((exported.leaves, exported.damages), (300, 1));
    let mut without = lines_of(out);
    let damage = without.remove(1);
    assert!(damage.starts_with(b"{\"damage\""), "{}", String::from_utf8_lossy(&damage));
    let end = whole.len() - 1;
    assert_eq!(without[..end], whole[..end], "the rest is what it was");
    assert!(matches!(audit.sequence_once().await, Err(AuditError::Damaged(_))));
    assert!(audit.watch().standing().failing.is_some());
}

#[tokio::test]
async fn a_retention_whose_row_was_taken_away_is_not_set_anew_at_the_next_start() {
    let city = City::new().await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    write(&city, vec![(Key::space("@audit").text("retention"), None)]).await;
    // As somebody would who wants to shorten it unseen.
    let audit = opened_anew(&city).await;
    assert!(matches!(exported(&audit, &city).await.unwrap_err().what, What::Damage { .. }));
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
            prop_assert!(is_found(&city, false).await, "forged: {forged}, {copy:?}");
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
