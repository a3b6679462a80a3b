//! The binary, on an export that is written here by hand from the format's description.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use yunlong_verify::note::{KeyType, VKey, cosign};
use yunlong_verify::tree::{Tree, leaf_hash};

const ORIGIN: &str = "log.example/audit";

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

struct Written {
    lines: Vec<String>,
    checkpoint: String,
    log: VKey,
    witness: VKey,
}

/// Two leaves: an entry whose payload was erased, and the erasure.
fn written() -> Written {
    written_at(&[1, 2], 2)
}

/// The same with these times of the leaves, and a cosignature under the checkpoint of the first
/// `witnessed`; the whole log is signed by itself alone unless that is all.
fn written_at(times: &[i64; 2], witnessed: u64) -> Written {
    let (log_key, witness_key) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let log = VKey::of(ORIGIN, KeyType::Ed25519, &log_key).unwrap();
    let witness = VKey::of("witness.example/w1", KeyType::Cosignature, &witness_key).unwrap();
    let who = |tag: &[u8], commitment: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(tag).unwrap();
        mac.update(b"yunlong-audit who");
        mac.update(&HEXLOWER.decode(commitment.as_bytes()).unwrap());
        HEXLOWER.encode(&mac.finalize().into_bytes()[..16])
    };
    let (person, city) = ([7; 16], [8; 16]);
    let leaf = |at: i64, kind: &str, tag: &[u8], record: &str, more: &str| {
        let commitment = sha256(&[&[at as u8; 32], record.as_bytes()].concat());
        let (who, sealed) = (who(tag, &commitment), sha256(record.as_bytes()));
        format!(
            r#"{{"v":1,"at":{at},"kind":"{kind}","who":"{who}","commitment":"{commitment}","sealed":"{sealed}"{more}}}"#
        )
    };
    let read = leaf(times[0], "read", &person, "a read", "");
    let erasure =
        leaf(times[1], "erasure", &city, "an erasure", &format!(r#","erased":"{}""#, HEXLOWER.encode(&person)));
    let mut tree = Tree::default();
    let mut checkpoints = Vec::new();
    for leaf in [&read, &erasure] {
        tree.push(leaf_hash(leaf.as_bytes()));
        let text = format!("{ORIGIN}\n{}\n{}\n", tree.size(), BASE64.encode(&tree.root()));
        let signature = [&log.id[..], &log_key.sign(text.as_bytes()).to_bytes()].concat();
        let cosignature = cosign(&witness, &witness_key, 1_790_000_000, &text);
        let cosignature = if tree.size() <= witnessed { cosignature.as_str() } else { "" };
        checkpoints.push(format!("{text}\n— {ORIGIN} {}\n{cosignature}", BASE64.encode(&signature)));
    }
    let checkpoint = checkpoints[1].clone();
    let signed = |size: u64, previous: u64| {
        let note = serde_json::to_string(&checkpoints[size as usize - 1]).unwrap();
        format!(r#"{{"checkpoint":{{"size":{size},"previous":{previous},"note":{note}}}}}"#)
    };
    let line = |index: u64, leaf: &str, more: &str| {
        let (bytes, hash) = (BASE64.encode(leaf.as_bytes()), BASE64.encode(&leaf_hash(leaf.as_bytes())));
        format!(r#"{{"index":{index},"at":[{},0],"leaf":"{bytes}","hash":"{hash}"{more}}}"#, index + 1)
    };
    let sealed = format!(r#","sealed":"{}""#, BASE64.encode(b"an erasure"));
    let mut lines = vec![
        format!(
            r#"{{"log":"yunlong-audit","v":1,"origin":"{ORIGIN}","key":"{}","witnesses":["{}"],"size":2,"hidden":0}}"#,
            log.text(),
            witness.text()
        ),
        line(0, &read, r#","gone":1"#),
        line(1, &erasure, &sealed),
    ];
    if witnessed == 2 {
        lines.push(signed(2, 0));
    } else {
        lines.insert(2, signed(1, 0));
        lines.push(signed(2, 1));
    }
    Written { lines, checkpoint, log, witness }
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

fn with_end(lines: &[String]) -> String {
    let body: String = lines.iter().map(|l| format!("{l}\n")).collect();
    let (count, hash) = (lines.len(), sha256(body.as_bytes()));
    format!("{body}{{\"end\":{{\"lines\":{count},\"sha256\":\"{hash}\"}}}}\n")
}

fn run(args: &[&str]) -> (i32, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_yunlong-verify")).args(args).output().unwrap();
    let text = [out.stdout, out.stderr].concat();
    (out.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn a_good_export_is_ok_and_the_first_fault_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let Written { lines, checkpoint, log, witness } = written();
    let (log, witness) = (log.text(), witness.text());
    let check = |lines: &[String], more: &[&str]| {
        let export = file(folder.path(), "export", &with_end(lines));
        let args = [&["log", export.to_str().unwrap(), "--key", &log][..], more].concat();
        run(&args)
    };
    let kept = file(folder.path(), "checkpoint", &checkpoint);
    let more = ["--witness", &witness, "--quorum", "1", "--checkpoint", kept.to_str().unwrap()];
    let (status, text) = check(&lines, &more);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.starts_with("ok ")
            && text.contains("leaves 2, checkpoints 1, witnessed up to 2 (2026-09-21 14:13:20 UTC), erased")
    );

    let faulty = |change: &dyn Fn(&mut Vec<String>), more: &[&str], wanted: &str| {
        let mut lines = lines.clone();
        change(&mut lines);
        let (status, text) = check(&lines, more);
        assert_eq!(status, 1, "{text}");
        assert!(text.starts_with("FAULT ") && text.contains(wanted), "{text}");
    };
    faulty(&|l| l[1] = l[1].replace(r#","gone":1"#, ""), &[], "line 2, leaf 0: ");
    faulty(&|l| l[1] = l[1].replace(r#""gone":1"#, r#""gone":0"#), &[], "leaf 0 is no erasure or expiry");
    faulty(&|l| drop(l.remove(1)), &[], "leaf 0 should stand here");
    faulty(&|l| l.swap(1, 2), &[], "line 2");
    faulty(&|l| l[0] = l[0].replace(r#""hidden":0"#, r#""hidden":1"#), &[], "hidden leaves");
    faulty(&|l| drop(l.pop()), &[], "not signed");
    faulty(&|l| l.push(r#"{"damage":{"key":"00","what":"a row"}}"#.into()), &[], "line 5: ");
    faulty(&|l| l[3] = l[3].replace(r#""previous":0"#, r#""previous":1"#), &[], "a checkpoint is missing");
    faulty(&|_| {}, &["--quorum", "1"], "too few witnesses");
    // One witness under two options is one, and by default all that are given must have cosigned.
    faulty(&|_| {}, &["--witness", &witness, "--witness", &witness, "--quorum", "2"], "no checkpoint has more than 1");
    let stranger = VKey::of("witness.example/w2", KeyType::Cosignature, &SigningKey::from_bytes(&[9; 32])).unwrap();
    faulty(&|_| {}, &["--witness", &witness, "--witness", &stranger.text()], "too few witnesses: 2");
    faulty(
        &|l| l[2] = l[2].replace(&BASE64.encode(b"an erasure"), &BASE64.encode(b"another!!!")),
        &[],
        "the payload was changed",
    );
}

#[test]
fn one_old_checkpoint_is_no_quorum_for_what_came_later() {
    let folder = tempfile::tempdir().unwrap();
    let at = 1_790_000_000_000;
    let check = |later: i64, more: &[&str]| {
        let Written { lines, log, witness, .. } = written_at(&[at, at + later], 1);
        let export = file(folder.path(), "export", &with_end(&lines));
        let (log, witness) = (log.text(), witness.text());
        run(&[&["log", export.to_str().unwrap(), "--key", &log, "--witness", &witness][..], more].concat())
    };
    let (status, text) = check(3_600_000, &[]);
    assert!(status == 0 && text.contains("witnessed up to 1 (2026-09-21 14:13:20 UTC)"), "{text}");
    for (later, more) in [(3_600_001, &[][..]), (60_001, &["--within-minutes", "1"]), (1, &["--within", "0"])] {
        let (status, text) = check(later, more);
        assert!(status == 1 && text.contains("covers 1 of 2 leaves"), "{text}");
    }
    assert_eq!(check(7_200_000, &["--within-minutes", "120", "--within", "1"]).0, 0);
}

#[test]
fn what_cannot_be_checked_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let Written { lines, log, witness, .. } = written();
    let export = file(folder.path(), "export", &with_end(&lines));
    let export = export.to_str().unwrap();
    for args in [
        vec!["log", "/nowhere", "--key", &log.text()],
        vec!["log", export, "--key", "nonsense"],
        vec!["log", export, "--key", &witness.text()],
        vec!["log", export, "--key", &log.text(), "--checkpoint", export],
        vec!["log", export],
    ] {
        assert_eq!(run(&args).0, 2, "{args:?}");
    }
}
