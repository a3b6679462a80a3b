//! Advisories: imported, asked, and told with their age.

use crate::gate::{At, gated};
use crate::*;
use std::io::{Cursor, Write as _};
use yunlong_publications::advisories::{Advisories, Ecosystem, SourceError};
use yunlong_publications::checks::Check;
use yunlong_store::{Direction, Key, KeyRange, Store as _};

/// Records in the form of osv.dev; the words are ours.
fn osv(id: &str, package: &str, fixed: &str, cvss: &str) -> String {
    osv_of(&["crates.io"], id, package, fixed, cvss)
}

fn osv_of(ecosystems: &[&str], id: &str, package: &str, fixed: &str, cvss: &str) -> String {
    let affected = |ecosystem: &&str| {
        json!({
            "package": { "ecosystem": ecosystem, "name": package },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0.0.0-0" }, { "fixed": fixed }] }],
        })
    };
    json!({
        "id": id, "modified": "2026-09-01T00:00:00Z", "published": "2026-09-01T00:00:00Z", "summary": "It reads too far",
        "severity": [{ "type": "CVSS_V3", "score": cvss }],
        "affected": ecosystems.iter().map(affected).collect::<Vec<_>>(),
    })
    .to_string()
}

const HIGH: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H";
const LOW: &str = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N";

fn zip(files: &[(&str, &str)]) -> Cursor<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    let mut out = writer.finish().unwrap();
    out.set_position(0);
    out
}

async fn outcome(city: &City, version: &'static str, crates: &[(&str, &str)]) -> (Outcome, String, serde_json::Value) {
    let mut app = App::new("tickets", version);
    app.sbom = Some(sbom(crates));
    outcome_of(city, &app).await
}

async fn outcome_of(city: &City, app: &App) -> (Outcome, String, serde_json::Value) {
    let package = app.signed(&city.key);
    let number = city.registry.submit(&package, REPOSITORY, "author").await.unwrap().submission.number;
    let findings = city.registry.check(number, &package, &probes()).await.unwrap();
    let check = findings.check(Check::Vulnerabilities).unwrap().clone();
    (check.outcome, check.text.zh, check.data)
}

#[tokio::test]
async fn what_a_package_is_made_of_is_held_against_the_imported_advisories() {
    let city = City::new().await;
    let (outcome_before, text, _) = outcome(&city, "1.0.0", &[("reader", "1.4.1")]).await;
    assert_eq!(outcome_before, Outcome::Warn);
    assert!(text.contains("没有导入过安全公告"), "{text}");

    let archive = zip(&[
        ("RUSTSEC-2099-0001.json", &osv("RUSTSEC-2099-0001", "reader", "1.4.2", HIGH)),
        ("RUSTSEC-2099-0002.json", &osv("RUSTSEC-2099-0002", "printer", "2.0.0", LOW)),
        ("broken.json", "{"),
        ("README.txt", "no advisory"),
    ]);
    let all = Advisories::read_zip(archive).unwrap();
    assert_eq!((all.count, all.unreadable), (2, 1));
    let error =
        city.registry.import_advisories(&all, Ecosystem::CratesIo, "crates.io.zip", "author").await.unwrap_err();
    assert!(matches!(error, PublicationError::NotYourDuty { duty: Duty::Govern, .. }));
    let info = city.registry.import_advisories(&all, Ecosystem::CratesIo, "crates.io.zip", "governor").await.unwrap();
    assert_eq!((info.advisories, info.packages, info.at), (2, 2, Timestamp(START)));

    let (found, text, data) = outcome(&city, "1.1.0", &[("reader", "1.4.1"), ("printer", "1.0.0")]).await;
    assert_eq!(found, Outcome::Fail);
    assert!(text.contains("RUSTSEC-2099-0001 reader 1.4.1 (高危)") && text.contains("RUSTSEC-2099-0002"), "{text}");
    assert_eq!((data["found"].as_array().unwrap().len(), &data["found"][0]["severity"]), (2, &json!("high")));
    let (found, text, _) = outcome(&city, "1.2.0", &[("printer", "1.0.0")]).await;
    assert_eq!(found, Outcome::Warn, "a low one is for the reviewer to judge: {text}");
    let (found, text, _) = outcome(&city, "1.3.0", &[("reader", "1.4.2"), ("printer", "2.0.0")]).await;
    assert_eq!(found, Outcome::Pass, "{text}");
    assert!(text.contains("核对 2 个组成部分") && text.contains("20 天"), "{text}");
    // The copy grows old.
    city.clock.advance(31 * 86_400_000);
    let (found, text, data) = outcome(&city, "1.4.0", &[("reader", "1.4.2")]).await;
    assert_eq!((found, data["ageDays"].as_i64()), (Outcome::Warn, Some(51)));
    assert!(text.contains("已陈旧"), "{text}");
}

#[tokio::test]
async fn a_new_import_takes_the_place_of_the_one_before_as_a_whole() {
    let city = City::new().await;
    let one = Advisories::read_zip(zip(&[("a.json", &osv("A-1", "reader", "2.0.0", HIGH))])).unwrap();
    city.registry.import_advisories(&one, Ecosystem::CratesIo, "one", "governor").await.unwrap();
    assert_eq!(outcome(&city, "1.0.0", &[("reader", "1.0.0")]).await.0, Outcome::Fail);
    let two = Advisories::read_zip(zip(&[("b.json", &osv("B-1", "printer", "2.0.0", HIGH))])).unwrap();
    let info = city.registry.import_advisories(&two, Ecosystem::CratesIo, "two", "governor").await.unwrap();
    assert_eq!((info.generation, city.registry.advisories().await.unwrap()), (2, vec![info]));
    assert_eq!(outcome(&city, "1.1.0", &[("reader", "1.0.0")]).await.0, Outcome::Pass);
    assert_eq!(outcome(&city, "1.2.0", &[("printer", "1.0.0")]).await.0, Outcome::Fail);
}

/// The rows of all imports of crates' advisories, and the row that says which one is in force.
fn rows() -> KeyRange {
    Key::space("@registry").text("advisory").text("crates.io").children()
}

fn in_force() -> KeyRange {
    Key::space("@registry").text("advisories").children()
}

#[tokio::test]
async fn an_import_that_was_overtaken_changes_nothing_and_leaves_nothing() {
    let store = gated();
    let city = City::over(store.clone()).await;
    let older = Advisories::read_zip(zip(&[("a.json", &osv("A-1", "reader", "2.0.0", HIGH))])).unwrap();
    let newer = Advisories::read_zip(zip(&[("b.json", &osv("B-1", "printer", "2.0.0", HIGH))])).unwrap();
    // Once before it has written a row, and once when it has written all but the word that it is in force.
    for at in [rows(), in_force()] {
        let mut held = store.hold(At::Commit(at));
        let (registry, all) = (city.registry.clone(), older.clone());
        let overtaken =
            tokio::spawn(
                async move { registry.import_advisories(&all, Ecosystem::CratesIo, "older", "governor").await },
            );
        held.reached().await;
        let info = city.registry.import_advisories(&newer, Ecosystem::CratesIo, "newer", "governor").await.unwrap();
        held.open();
        let refused = overtaken.await.unwrap().unwrap_err();
        assert_eq!(refused, PublicationError::NewerImport(Box::new(info.clone())));
        assert!(refused.text().zh.contains("newer") && refused.is_callers(), "{refused}");
        assert_eq!(city.registry.advisories().await.unwrap(), [info]);
        let left = store.scan(&rows(), Direction::Ascending, 10).await.unwrap();
        assert_eq!(left.len(), 1, "the newer one's row alone");
    }
    assert_eq!(outcome(&city, "1.0.0", &[("printer", "1.0.0")]).await.0, Outcome::Fail);
}

#[tokio::test]
async fn a_check_during_an_import_overlooks_nothing() {
    let store = gated();
    let city = City::over(store.clone()).await;
    let all = Advisories::read_zip(zip(&[("a.json", &osv("A-1", "reader", "2.0.0", HIGH))])).unwrap();
    city.registry.import_advisories(&all, Ecosystem::CratesIo, "one", "governor").await.unwrap();
    let mut app = App::new("tickets", "1.0.0");
    app.sbom = Some(sbom(&[("reader", "1.0.0")]));
    let package = app.signed(&city.key);
    let number = city.registry.submit(&package, REPOSITORY, "author").await.unwrap().submission.number;
    let mut held = store.hold(At::Get(rows()));
    let registry = city.registry.clone();
    let checking = tokio::spawn(async move { registry.check(number, &package, &probes()).await });
    held.reached().await;
    // It knows which import to ask, and this one sweeps the rows away.
    let info = city.registry.import_advisories(&all, Ecosystem::CratesIo, "two", "governor").await.unwrap();
    held.open();
    let findings = checking.await.unwrap().unwrap();
    assert_eq!(findings.check(Check::Vulnerabilities).unwrap().outcome, Outcome::Fail);
    assert_eq!(findings.advisories, [info]);
}

#[tokio::test]
async fn each_ecosystem_has_its_own_copy_and_what_none_is_about_is_said_to_be_unknown() {
    let city = City::new().await;
    let read = |files: &[(&str, &str)]| Advisories::read_zip(zip(files)).unwrap();
    // An archive of npm has a record that is about a crate as well.
    let both = osv_of(&["npm", "crates.io"], "B-1", "writer", "2.0.0", HIGH);
    let npm = read(&[("b.json", &both), ("c.json", &osv_of(&["npm"], "N-1", "leaky", "2.0.0", HIGH))]);
    let error = city.registry.import_advisories(&npm, Ecosystem::PyPi, "npm", "governor").await.unwrap_err();
    assert!(matches!(error, PublicationError::Invalid { field: "ecosystem", .. }), "{error}");
    let info = city.registry.import_advisories(&npm, Ecosystem::Npm, "npm", "governor").await.unwrap();
    assert_eq!((info.advisories, info.packages), (2, 2));
    // Nobody has imported the crates' advisories: that nothing is known of them is no pass.
    let (found, text, data) = outcome(&city, "1.0.0", &[("reader", "1.0.0")]).await;
    assert_eq!((found, &data["notAsked"]), (Outcome::Warn, &json!({ "crates.io": 1 })), "{text}");
    assert!(text.contains("没有导入 crates.io 的安全公告，1 个组成部分未能核对"), "{text}");
    let crates = read(&[("a.json", &osv("A-1", "reader", "2.0.0", HIGH))]);
    city.registry.import_advisories(&crates, Ecosystem::CratesIo, "crates.io", "governor").await.unwrap();
    // The one does not take the place of the other, in either order.
    city.registry.import_advisories(&npm, Ecosystem::Npm, "npm", "governor").await.unwrap();
    assert_eq!(outcome(&city, "1.1.0", &[("reader", "1.0.0")]).await.0, Outcome::Fail);
    assert_eq!(outcome(&city, "1.2.0", &[("writer", "1.0.0")]).await.0, Outcome::Pass, "npm's word is not the crates'");
    let mut app = App::new("tickets", "1.3.0");
    app.sbom = Some(sbom(&[("leaky", "1.0.0")]).replace("pkg:cargo", "pkg:npm"));
    assert_eq!(outcome_of(&city, &app).await.0, Outcome::Fail);
}

#[test]
fn a_checkout_of_rustsecs_repository_is_read_from_a_folder_without_following_links() {
    let folder = tempfile::tempdir().unwrap();
    let crates = folder.path().join("crates/reader");
    std::fs::create_dir_all(&crates).unwrap();
    std::fs::create_dir_all(folder.path().join(".git")).unwrap();
    std::fs::write(folder.path().join(".git/x.json"), osv("GIT-1", "hidden", "1.0.0", HIGH)).unwrap();
    std::fs::write(folder.path().join("README.md"), "# Advisories").unwrap();
    let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2099-0003\"\npackage = \"reader\"\ndate = \"2099-01-05\"\n\n[versions]\npatched = [\">= 1.4.2\"]\n```\n\n# It reads too far\n";
    std::fs::write(crates.join("RUSTSEC-2099-0003.md"), advisory).unwrap();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), osv("LINK-1", "linked", "1.0.0", HIGH)).unwrap();
    std::os::unix::fs::symlink(secret.path(), crates.join("RUSTSEC-2099-0004.json")).unwrap();
    let all = Advisories::read(folder.path()).unwrap();
    assert_eq!((all.count, all.packages(), all.unreadable), (1, 1, 0));
    assert_eq!(Advisories::read(folder.path()).unwrap().digest, all.digest, "the same folder, the same digest");
}

#[test]
fn an_archive_without_advisories_or_with_a_bomb_is_refused() {
    assert!(matches!(Advisories::read_zip(zip(&[("a.txt", "x")])), Err(SourceError::Empty(0))));
    assert!(matches!(Advisories::read_zip(Cursor::new(b"no zip".to_vec())), Err(SourceError::Zip(_))));
    // One file that unpacks to 64 MiB is read to its limit and counted as unreadable.
    let bomb = " ".repeat(64 * 1024 * 1024);
    let archive = zip(&[("bomb.json", &bomb), ("a.json", &osv("A-1", "reader", "1.0.0", HIGH))]);
    assert!(archive.get_ref().len() < 200_000);
    let all = Advisories::read_zip(archive).unwrap();
    assert_eq!((all.count, all.unreadable), (1, 1));
}
