//! The binary, on a proof of publication that is written here by hand from the format's description.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::process::Command;
use yunlong_verify::note::{KeyType, VKey};
use yunlong_verify::proof::Trust;
use yunlong_verify::publication::{PublicationFault, publication};
use yunlong_verify::tree::{Hash, leaf_hash, node_hash};

const ORIGIN: &str = "log.example/audit";
const DAY: i64 = 86_400_000;

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

fn hash64(hash: &Hash) -> Value {
    BASE64.encode(hash).into()
}

/// An entry of the log: what it says, its leaf and what opens it.
fn entry(n: u8, action: &str, actor: &str, organization: &str, target: &str, detail: &Value) -> (String, Value) {
    let record = json!({ "at": i64::from(n) * DAY, "entry": {
        "action": action, "actor": actor, "actor_kind": "official", "organization": organization, "target": target,
        "outcome": "answered", "detail": detail.to_string(),
    } })
    .to_string();
    let commitment = sha256(&[&[n; 32], record.as_bytes()].concat());
    let leaf = format!(
        r#"{{"v":1,"at":{},"kind":"act","who":"{}","commitment":"{commitment}","sealed":"{}"}}"#,
        i64::from(n) * DAY,
        "0".repeat(32),
        sha256(b"sealed")
    );
    (leaf, json!({ "salt": HEXLOWER.encode(&[n; 32]), "record": BASE64.encode(record.as_bytes()) }))
}

/// The version's state; with `status` in it.
fn proof(status: &str, reviewer_organization: &str) -> (Value, VKey) {
    let (log, vendor) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let vkey = VKey::of(ORIGIN, KeyType::Ed25519, &log).unwrap();
    let digest = format!("sha256:{}", sha256(b"the wasm manifest"));
    let key = format!("sha256:{}", sha256(vendor.verifying_key().to_public_key_der().unwrap().as_bytes()));
    let about = json!({
        "digest": digest, "app": "tickets", "version": "1.0.0", "vendor": "tongshan",
        "vendorOrganization": "91320300MA000TX14G", "key": key,
    });
    let state = json!({
        "v": 1, "digest": digest, "app": "tickets", "version": "1.0.0", "vendor": "tongshan", "key": key,
        "status": status, "reviewer": "reviewer",
    })
    .to_string();
    // Two versions: this one is the second.
    let other = leaf_hash(b"another version");
    let root = node_hash(&other, &leaf_hash(state.as_bytes()));
    let said = json!({ "state": { "size": 2, "root": HEXLOWER.encode(&root) } });
    let entries = [
        entry(1, "registry.published", "author", "91320300MA000TX14G", &digest, &about),
        entry(2, "registry.approved", "reviewer", reviewer_organization, &digest, &about),
        entry(3, "registry.attested", "platform", "", "", &said),
        entry(4, "data.read", "clerk", "", "", &json!({})),
    ];
    let leaves: Vec<Hash> = entries.iter().map(|(leaf, _)| leaf_hash(leaf.as_bytes())).collect();
    let pairs = [node_hash(&leaves[0], &leaves[1]), node_hash(&leaves[2], &leaves[3])];
    let text = format!("{ORIGIN}\n4\n{}\n", BASE64.encode(&node_hash(&pairs[0], &pairs[1])));
    let signed = [&vkey.id[..], &log.sign(text.as_bytes()).to_bytes()].concat();
    let shown = |n: usize| {
        json!({
            "index": n, "size": 4, "leaf": BASE64.encode(entries[n].0.as_bytes()), "opened": entries[n].1,
            "proof": [hash64(&leaves[n ^ 1]), hash64(&pairs[1 - n / 2])],
        })
    };
    let payload = json!({
        "critical": { "identity": { "docker-reference": "tickets" }, "image": { "docker-manifest-digest": digest },
                      "type": "cosign container image signature" },
        "optional": null,
    })
    .to_string();
    let proof = json!({
        "v": 1, "digest": digest, "checkpoint": format!("{text}\n— {ORIGIN} {}\n", BASE64.encode(&signed)),
        "published": shown(0), "approved": shown(1), "state": shown(2),
        "status": { "slot": 1, "size": 2, "record": BASE64.encode(state.as_bytes()), "proof": [hash64(&other)] },
        "signature": {
            "key": vendor.verifying_key().to_public_key_pem(LineEnding::LF).unwrap(), "form": "simple-signing",
            "payload": BASE64.encode(payload.as_bytes()),
            "signature": BASE64.encode(&vendor.sign(payload.as_bytes()).to_bytes()),
        },
    });
    (proof, vkey)
}

/// The entries are of January 1970: however old they are is well, unless a test is about that.
fn run(folder: &Path, proof: &Value, more: &[&str]) -> (i32, String) {
    let any_age = ["--max-age", "4000000000"];
    run_plainly(folder, proof, &[more, &any_age[..]].concat())
}

/// Asks about the package that the proof names, unless it names none.
fn run_plainly(folder: &Path, proof: &Value, more: &[&str]) -> (i32, String) {
    let digest = proof["digest"].as_str().unwrap_or("sha256:none");
    run_about(folder, proof, &[more, &["--digest", digest]].concat())
}

fn run_about(folder: &Path, proof: &Value, more: &[&str]) -> (i32, String) {
    let file = folder.join("proof.json");
    std::fs::write(&file, proof.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunlong-verify"));
    let out = command.args(["publication", file.to_str().unwrap()]).args(more).output().unwrap();
    (out.status.code().unwrap(), String::from_utf8([out.stdout, out.stderr].concat()).unwrap())
}

const CITY: &str = "11320300MB000TX42P";

#[test]
fn a_good_proof_tells_who_published_and_who_approved_and_until_when_it_was_not_yanked() {
    let folder = tempfile::tempdir().unwrap();
    let (proof, vkey) = proof("approved", CITY);
    let checkpoint = folder.path().join("checkpoint");
    std::fs::write(&checkpoint, proof["checkpoint"].as_str().unwrap()).unwrap();
    let (vkey, checkpoint) = (vkey.text(), checkpoint.to_str().unwrap().to_owned());
    for name in ["--key", "--vkey"] {
        let (status, text) = run(folder.path(), &proof, &["--checkpoint", &checkpoint, name, &vkey]);
        assert_eq!(status, 0, "{text}");
        assert!(text.starts_with("ok tickets 1.0.0 sha256:"), "{text}");
        for part in
            ["tongshan", "reviewer of 11320300MB000TX42P", "not yanked as of 1970-01-04 00:00:00 UTC", "4 leaves"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_proof_that_was_kept_from_before_a_yank_is_no_proof_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let (proof, vkey) = proof("approved", CITY);
    let key = vkey.text();
    let (status, text) = run_plainly(folder.path(), &proof, &["--key", &key]);
    assert_eq!(status, 1, "{text}");
    assert!(text.starts_with("FAULT ") && text.contains("nothing after 1970-01-04 00:00:00 UTC"), "{text}");
    let trust = Trust::of(vkey);
    let shown = publication(proof.to_string().as_bytes(), &trust).unwrap();
    let (said, hour) = (3 * DAY, 3_600_000);
    for (now, fits) in [(said, true), (said + hour, true), (said + hour + 1, false), (said - hour, false)] {
        assert_eq!(shown.fresh(now, hour).is_ok(), fits, "{now}");
    }
    assert!(matches!(shown.fresh(said - hour, hour), Err(PublicationFault::Early { .. })), "not dated forward");
}

#[test]
fn the_proof_of_another_package_is_no_proof_of_the_one_that_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let (proof, vkey) = proof("approved", CITY);
    let other = format!("sha256:{}", "0".repeat(64));
    let common = ["--max-age", "4000000000", "--key", &vkey.text()].map(str::to_owned);
    let common: Vec<_> = common.iter().map(String::as_str).collect();
    let (status, text) = run_about(folder.path(), &proof, &[&common[..], &["--digest", &other]].concat());
    assert_eq!(status, 1, "{text}");
    assert!(text.starts_with("FAULT ") && text.contains(&format!("not of {other}")), "{text}");
    let (status, text) = run_about(folder.path(), &proof, &common);
    assert_eq!(status, 2, "without a digest nothing is checked: {text}");
}

#[test]
fn every_fault_is_named_and_ends_with_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let (good, vkey) = proof("approved", CITY);
    let vkey = vkey.text();
    let faulty = |proof: &Value, wanted: &str| {
        let (status, text) = run(folder.path(), proof, &["--key", &vkey]);
        assert_eq!(status, 1, "{text}");
        assert!(text.starts_with("FAULT ") && text.contains(wanted), "{wanted}: {text}");
    };
    faulty(&proof("yanked", CITY).0, "in the state `yanked`");
    faulty(&proof("approved", "91320300MA000TX14G").0, "vendor's organization");
    faulty(&proof("approved", "").0, "vendor's organization");
    let but = |change: &dyn Fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    faulty(&but(&|p| p["digest"] = "sha256:00".into()), "target of the entry `published`");
    faulty(&but(&|p| p["state"] = p["published"].clone()), "older than the approval");
    faulty(&but(&|p| p["status"]["slot"] = 0.into()), "not in the tree");
    faulty(&but(&|p| p["published"]["proof"][0] = hash64(&[0; 32])), "`published` is not in the log");
    faulty(&but(&|p| p["signature"]["signature"] = BASE64.encode(&[0; 64]).into()), "did not make it");
    faulty(&but(&|p| p["signature"]["form"] = "manifest".into()), "it is over sha256:");
    faulty(&json!({}), "no proof of publication");
    let witness = VKey::of("witness.example", KeyType::Cosignature, &SigningKey::from_bytes(&[9; 32])).unwrap().text();
    let (status, text) = run(folder.path(), &good, &["--key", &vkey, "--witness", &witness]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("too few witnesses"), "nobody cosigned it: {text}");
    // What cannot be checked at all is no fault.
    assert_eq!(run(folder.path(), &good, &["--key", "nonsense"]).0, 2);
}
