//! The commands as a vendor and a department type them, against a platform that only records.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use clap::Parser;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use yunlong_cli::{CliError, Command};
use yunlong_model::{Digest, Timestamp};
use yunlong_registry::{KeyPair, Limits, TrustStore, package};

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn run(words: &[&str]) -> Result<(), CliError> {
    let line = Line::try_parse_from(std::iter::once("yunlong").chain(words.iter().copied())).unwrap();
    yunlong_cli::run(&line.command, <Line as clap::CommandFactory>::command)
}

/// A component that exports empty instances of these names: enough for everything that does not
/// run it.
fn component(exports: &[&str]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    // Section 5, one instance made of no exports; section 11, exports of instance 0.
    bytes.extend([5, 3, 1, 1, 0]);
    for name in exports {
        let length = u8::try_from(name.len()).unwrap();
        bytes.extend([11, length + 6, 1, 0, length]);
        bytes.extend(name.as_bytes());
        bytes.extend([5, 0, 0]);
    }
    bytes
}

const PAGES: &str = "wasi:http/incoming-handler@0.2.10";

/// A folder with an app in it.
struct App(tempfile::TempDir);

impl App {
    fn new(manifest: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let toml = format!(
            "name = \"tickets\"\nversion = \"1.0.0\"\nvendor = \"tongshan\"\ntitle = {{ zh = \"票\", en = \"Tickets\" }}\ndescription = {{ zh = \"票\", en = \"Tickets\" }}\n{manifest}"
        );
        std::fs::write(dir.path().join("app.toml"), toml).unwrap();
        std::fs::write(dir.path().join("component.wasm"), component(&[PAGES])).unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn package(&self) -> Result<(), CliError> {
        run(&["package", &self.text(""), "--output", &self.text("tickets.tar"), "--quiet", "--unsigned"])
    }

    fn signed(self) -> Self {
        run(&["keys", "generate", "--out", &self.text("key.pem")]).unwrap();
        run(&[
            "package",
            &self.text(""),
            "--output",
            &self.text("tickets.tar"),
            "--key",
            &self.text("key.pem"),
            "--quiet",
        ])
        .unwrap();
        self
    }
}

#[derive(Clone, Debug)]
struct Seen {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// A platform that answers each request with the next of `answers`.
struct Platform {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Platform {
    fn new(answers: Vec<(u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = seen.clone();
        std::thread::spawn(move || {
            for (status, answer) in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let mut headers = Vec::new();
                loop {
                    let mut header = String::new();
                    reader.read_line(&mut header).unwrap();
                    if header.trim().is_empty() {
                        break;
                    }
                    headers.push(header.trim().to_ascii_lowercase());
                }
                let length = headers.iter().find_map(|h| h.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                record.lock().unwrap().push(Seen { line: line.trim().to_owned(), headers, body });
                // Anything but JSON is written as it is.
                let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\nx-request-id: r-1\r\n\r\n",
                    text.len()
                );
                reader.get_mut().write_all((head + &text).as_bytes()).unwrap();
            }
        });
        Self { address, seen }
    }

    fn run(&self, words: &[&str]) -> Result<(), CliError> {
        run(&[words, &["--server", &self.address, "--token", "secret-token"]].concat())
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn review() -> Value {
    json!({
        "digest": format!("sha256:{}", "a".repeat(64)), "app": "tickets", "version": "1.0.0", "vendor": "tongshan",
        "title": { "zh": "票", "en": "Tickets" }, "description": { "zh": "票", "en": "Tickets" },
        "signer": { "key": "sha256:k", "vendor": "tongshan" },
        "permissions": [{ "id": "identity", "title": { "zh": "识别", "en": "Recognize" } }, { "id": "data", "title": { "zh": "数据", "en": "Data" } }],
        "config": { "type": "object", "properties": { "code": { "type": "string" } } },
    })
}

#[test]
fn a_vendor_makes_a_key_and_a_signed_package() {
    let app = App::new("").signed();
    let package = package::open(&app.path("tickets.tar"), &Limits::default()).unwrap();
    let key = KeyPair::load(&app.path("key.pem")).unwrap();
    let mut trust = TrustStore::default();
    trust.enroll("tongshan", None, key.public(), "city-admin", Timestamp(0)).unwrap();
    assert_eq!(package::verify(&package, &trust).unwrap().key, key.public().id());
    assert!(app.path("key.pem.pub").exists());
    run(&["keys", "show", &app.text("key.pem.pub")]).unwrap();
    run(&["permissions", &app.text("tickets.tar")]).unwrap();
}

#[test]
fn a_key_is_never_overwritten() {
    let app = App::new("").signed();
    let again = run(&["keys", "generate", "--out", &app.text("key.pem")]).unwrap_err();
    assert!(again.next().contains("another name"), "{again}");
}

#[test]
fn a_component_that_breaks_its_manifests_word_is_not_packaged() {
    let app = App::new("[[jobs]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\n");
    let refused = app.package().unwrap_err();
    assert!(matches!(&refused, CliError::Component(findings) if findings[0].contains("city:app/jobs")), "{refused}");
    assert!(!app.path("tickets.tar").exists());
    std::fs::write(app.path("component.wasm"), component(&[PAGES, "city:app/jobs@1.0.0"])).unwrap();
    app.package().unwrap();
}

#[test]
fn wrong_input_says_the_next_step() {
    let app = App::new("");
    std::fs::write(app.path("component.wasm"), b"\0asm\x01\0\0\0").unwrap();
    assert!(app.package().unwrap_err().to_string().contains("wasm32-wasip2"));
    std::fs::remove_file(app.path("component.wasm")).unwrap();
    let missing = run(&["package", &app.text(""), "--component", &app.text("no.wasm")]).unwrap_err();
    assert_eq!(missing.next(), "check the path");
    let nowhere = run(&["package", &app.text("no-such-folder")]).unwrap_err();
    assert!(nowhere.next().contains("app's folder"), "{nowhere}");
    std::fs::write(app.path("app.toml"), "name = \"Tickets\"").unwrap();
    assert!(app.package().unwrap_err().to_string().contains("app.toml"));
}

#[test]
fn publishing_signs_and_uploads_to_the_console() {
    let app = App::new("");
    app.package().unwrap();
    let platform = Platform::new(vec![(201, review())]);
    let unsigned = platform.run(&["publish", &app.text("tickets.tar")]).unwrap_err();
    assert!(unsigned.next().contains("--key"));
    run(&["keys", "generate", "--out", &app.text("key.pem")]).unwrap();
    platform.run(&["publish", &app.text("tickets.tar"), "--key", &app.text("key.pem")]).unwrap();
    let seen = &platform.seen()[0];
    assert_eq!(seen.line, "POST /api/v1/packages HTTP/1.1");
    assert!(seen.headers.contains(&"authorization: bearer secret-token".to_owned()));
    assert!(
        seen.headers.contains(&format!("host: console.{}", platform.address.trim_start_matches("http://"))),
        "{:?}",
        seen.headers
    );
    let sent = package::open_bytes(&seen.body, &Limits::default()).unwrap();
    assert_eq!(sent.signatures.len(), 1);
}

#[test]
fn installing_approves_what_was_shown() {
    let app = App::new("").signed();
    let approved = {
        let mut review = review();
        review["standing"] = json!("approved");
        review
    };
    let platform = Platform::new(vec![
        (201, json!({ "number": 7, "digest": review()["digest"] })),
        (200, approved),
        (
            200,
            json!({ "versions": [{
            "version": "1.0.0", "digest": review()["digest"], "yank": null, "changes": null,
            "approval": { "by": "city-reviewer", "at": "2026-11-27T00:00:00Z", "remark": "tried" },
        }] }),
        ),
        (201, json!({ "name": "gui", "url": "http://gui.localhost/" })),
    ]);
    let file = app.text("tickets.tar");
    platform.run(&["install", &file, "--org", "320300", "--name", "gui", "--config", "code=007", "--yes"]).unwrap();
    let digest = package::open(&app.path("tickets.tar"), &Limits::default()).unwrap().digest;
    assert_eq!(platform.seen()[1].line, format!("GET /api/v1/packages/{digest} HTTP/1.1"));
    let body: Value = serde_json::from_slice(&platform.seen()[3].body).unwrap();
    assert_eq!(
        body,
        json!({ "package": review()["digest"], "name": "gui", "organization": "320300", "config": { "code": "007" }, "approve": ["identity", "data"] })
    );
}

fn demo() -> Value {
    json!({
        "password": "known-to-all", "administrator": "city-admin", "reviewer": "city-reviewer", "developer": "vendor",
        "vendor_organization": "91320303MA000YL03H", "organization": "320300",
    })
}

#[test]
fn in_the_demo_three_people_enroll_review_and_install_by_the_ordinary_api() {
    let app = App::new("").signed();
    let digest = package::open(&app.path("tickets.tar"), &Limits::default()).unwrap().digest.to_string();
    let session = |token: &str| (201, json!({ "token": token }));
    let over = || (204, json!(""));
    let waiting = json!({ "number": 7, "state": "waiting", "checked": { "findings": "sha256:seen" } });
    let url = "http://tickets.localhost:8080/";
    let platform = Platform::new(vec![
        (200, demo()),
        session("administrator"),
        (201, json!({ "key": "sha256:k" })),
        over(),
        session("developer"),
        (201, json!({ "number": 7 })),
        (200, waiting),
        over(),
        session("reviewer"),
        (200, json!({})),
        (200, json!({})),
        over(),
        session("administrator"),
        (200, review()),
        (404, json!({ "title": "not found" })),
        (201, json!({ "name": "tickets", "url": url })),
        over(),
    ]);
    let (file, key) = (app.text("tickets.tar"), app.text("key.pem"));
    run(&["publish", &file, "--key", &key, "--install", "--server", &platform.address]).unwrap();
    let seen = platform.seen();
    let acts: Vec<(&str, String)> = seen
        .iter()
        .filter(|s| !s.line.contains("/sessions"))
        .map(|s| {
            let by = s.headers.iter().find_map(|h| h.strip_prefix("authorization: bearer ")).unwrap_or("nobody");
            (by, s.line.trim_end_matches(" HTTP/1.1").to_owned())
        })
        .collect();
    let expected = [
        ("nobody", "GET /api/v1/demo".to_owned()),
        ("administrator", "POST /api/v1/signers".to_owned()),
        ("developer", "POST /api/v1/packages".to_owned()),
        ("developer", "GET /api/v1/submissions/7".to_owned()),
        ("reviewer", "POST /api/v1/submissions/7/assign".to_owned()),
        ("reviewer", "POST /api/v1/submissions/7/approve".to_owned()),
        ("administrator", format!("GET /api/v1/packages/{digest}")),
        ("administrator", "GET /api/v1/installations/tickets".to_owned()),
        ("administrator", "POST /api/v1/installations".to_owned()),
    ];
    assert_eq!(acts, expected);
    let body = |n: usize| serde_json::from_slice::<Value>(&seen[n].body).unwrap();
    assert_eq!(
        (body(2)["vendor"].clone(), body(2)["organization"].clone()),
        (json!("tongshan"), json!("91320303MA000YL03H"))
    );
    assert_eq!(body(10)["findings"], "sha256:seen", "what is approved is what was found");
    assert_eq!(body(15)["approve"], json!(["identity", "data"]));
}

#[test]
fn nothing_is_installed_by_its_vendor_in_a_city_that_is_no_demo() {
    let app = App::new("").signed();
    let platform = Platform::new(vec![(404, json!({ "title": "not found" }))]);
    let refused = run(&["publish", &app.text("tickets.tar"), "--install", "--server", &platform.address]).unwrap_err();
    assert!(refused.to_string().contains("demo") && refused.next().contains("yunlong serve --demo"), "{refused}");
    assert_eq!(platform.seen().len(), 1, "nothing was published");
    // Elsewhere than on this machine there is none, and nobody is asked.
    let elsewhere = run(&["publish", &app.text("tickets.tar"), "--install", "--server", "https://city.example"]);
    assert!(elsewhere.unwrap_err().to_string().contains("no demo"));
}

#[test]
fn an_app_that_failed_its_checks_goes_no_further_in_the_demo() {
    let app = App::new("").signed();
    let text = |t: &str| json!({ "zh": t, "en": t });
    let failed = json!({ "number": 7, "state": "checks-failed",
        "findings": { "checks": [{ "outcome": "fail", "text": text("it never ends") }] } });
    let platform = Platform::new(vec![
        (200, demo()),
        (201, json!({ "token": "administrator" })),
        (201, json!({})),
        (204, json!("")),
        (201, json!({ "token": "developer" })),
        (201, json!({ "number": 7 })),
        (200, failed),
        (204, json!("")),
    ]);
    let (file, key) = (app.text("tickets.tar"), app.text("key.pem"));
    let refused = run(&["publish", &file, "--key", &key, "--install", "--server", &platform.address]).unwrap_err();
    assert!(refused.to_string().contains("it never ends") && refused.next().contains("yunlong package"), "{refused}");
}

#[test]
fn what_nobody_approved_is_not_installed_and_its_review_is_named() {
    let app = App::new("").signed();
    let platform = Platform::new(vec![(201, json!({ "number": 7, "digest": review()["digest"] })), (200, review())]);
    let refused = platform.run(&["install", &app.text("tickets.tar"), "--org", "320300", "--yes"]).unwrap_err();
    assert!(refused.to_string().contains("submission 7"), "{refused}");
    assert!(refused.next().contains("yunlong review show 7"));
    assert_eq!(platform.seen().len(), 2, "sent and looked at, not installed");
}

#[test]
fn nothing_is_installed_unasked() {
    // Tests have no terminal to ask at; where there is one, nobody may type an answer.
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return;
    }
    let platform = Platform::new(vec![(200, json!({ "packages": [review()] }))]);
    let refused = platform.run(&["install", "tickets", "--org", "320300"]).unwrap_err();
    assert!(refused.next().contains("--yes"));
    assert_eq!(platform.seen().len(), 1, "looked up, not installed");
}

#[test]
fn why_a_version_is_not_offered_is_told_in_the_platforms_words() {
    let detail = "版本 1.0.0 已下架：票价算错。可以安装的版本：1.1.0";
    let problem = json!({ "title": "填写的内容有误", "errors": [{ "field": "version", "detail": detail }] });
    let platform = Platform::new(vec![(422, problem), (200, json!({ "packages": [] }))]);
    let refused = platform.run(&["install", "tickets@1.0.0", "--org", "320300", "--yes"]).unwrap_err();
    assert!(refused.to_string().contains(detail), "{refused}");
    let unknown = platform.run(&["install", "ticket", "--org", "320300", "--yes"]).unwrap_err();
    assert!(unknown.next().contains("publish"), "{unknown}");
    let lines: Vec<_> = platform.seen().into_iter().map(|s| s.line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/packages?app=tickets&version=1.0.0 HTTP/1.1",
            "GET /api/v1/packages?app=ticket&version= HTTP/1.1"
        ]
    );
}

#[test]
fn a_damaged_package_never_leaves_the_machine() {
    let app = App::new("").signed();
    let mut tar = std::fs::read(app.path("tickets.tar")).unwrap();
    let middle = tar.len() / 2;
    tar[middle] ^= 1;
    std::fs::write(app.path("tickets.tar"), tar).unwrap();
    let platform = Platform::new(vec![]);
    let refused = platform.run(&["install", &app.text("tickets.tar"), "--org", "320300", "--yes"]).unwrap_err();
    assert!(refused.next().contains("yunlong package"), "{refused}: {}", refused.next());
    assert_eq!(platform.seen().len(), 0);
}

#[test]
fn refusals_are_told_with_reason_request_id_and_next_step() {
    let problem = json!({ "title": "Not allowed", "detail": "The console is for administrators." });
    let platform = Platform::new(vec![(403, problem), (401, json!({ "title": "Sign in" }))]);
    let refused = platform.run(&["apps"]).unwrap_err();
    assert!(refused.to_string().contains("for administrators") && refused.to_string().contains("r-1"), "{refused}");
    assert!(refused.next().contains("login"));
    assert!(platform.run(&["stop", "tickets"]).unwrap_err().next().contains("login"));
}

#[test]
fn a_platform_that_is_not_there_is_named() {
    let free = yunlong_test_ports::free_port().unwrap();
    let address = format!("http://localhost:{free}");
    let error = run(&["apps", "--server", &address, "--token", "t"]).unwrap_err();
    assert!(error.to_string().contains(&format!("console.localhost:{free}")), "{error}");
    assert!(!error.next().is_empty());
}

#[test]
fn stop_start_and_uninstall_name_the_installation() {
    let platform = Platform::new(vec![(200, json!({})), (200, json!({})), (204, json!(""))]);
    platform.run(&["stop", "tickets"]).unwrap();
    platform.run(&["start", "tickets"]).unwrap();
    // What becomes of its data is asked before the platform is.
    let silent = platform.run(&["uninstall", "tickets", "--yes"]).unwrap_err();
    assert!(silent.next().contains("--export") && silent.next().contains("--erase"), "{silent}");
    platform.run(&["uninstall", "tickets", "--erase", "--yes"]).unwrap();
    let lines: Vec<_> = platform.seen().into_iter().map(|s| s.line).collect();
    assert_eq!(
        lines,
        [
            "POST /api/v1/installations/tickets/stop HTTP/1.1",
            "POST /api/v1/installations/tickets/start HTTP/1.1",
            "DELETE /api/v1/installations/tickets?data=erase HTTP/1.1"
        ]
    );
    assert!(platform.run(&["stop", "../signers"]).is_err());
}

/// An export of one document, and its digest.
fn export() -> (String, String) {
    let head = "{\"export\":{}}\n{\"collection\":\"c\",\"id\":\"1\",\"document\":{}}\n";
    let digest = Digest::of(head.as_bytes()).to_string();
    let end = json!({ "end": { "documents": 1, "counters": 0, "digest": digest } });
    (format!("{head}{end}\n"), digest)
}

fn lines(platform: &Platform) -> Vec<String> {
    platform.seen().into_iter().map(|s| s.line).collect()
}

/// The names of what is in a folder.
fn listed(dir: &Path) -> Vec<String> {
    let mut all: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

/// An app is removed once its export is whole and on the disk, and not before.
#[test]
fn what_is_exported_is_whole_before_the_app_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let uninstall =
        |platform: &Platform, name: &str| platform.run(&["uninstall", "tickets", "--export", &file(name), "--yes"]);
    let (whole, digest) = export();
    let platform = Platform::new(vec![(200, json!({})), (200, json!(whole)), (204, json!(""))]);
    uninstall(&platform, "whole.jsonl").unwrap();
    assert_eq!(
        lines(&platform),
        [
            "POST /api/v1/installations/tickets/stop HTTP/1.1".to_owned(),
            "POST /api/v1/installations/tickets/export HTTP/1.1".to_owned(),
            format!("DELETE /api/v1/installations/tickets?data=exported&digest={digest} HTTP/1.1"),
        ]
    );
    assert_eq!(std::fs::read_to_string(file("whole.jsonl")).unwrap(), whole);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(file("whole.jsonl")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let cut: String = whole.split_inclusive('\n').take(2).collect();
    let changed = whole.replace("\"1\"", "\"2\"");
    for answer in [(200, json!(cut)), (200, json!(changed)), (500, json!({ "title": "no" }))] {
        let platform = Platform::new(vec![(200, json!({})), answer]);
        let error = uninstall(&platform, "next.jsonl").unwrap_err();
        assert!(!error.next().is_empty(), "{error}");
        assert_eq!(platform.seen().len(), 2, "it was removed");
        assert_eq!(listed(dir.path()), ["whole.jsonl"], "a part is in the way of the next try");
    }
    // It cannot even be stopped.
    uninstall(&Platform::new(vec![(409, json!({ "title": "no" }))]), "next.jsonl").unwrap_err();
    assert_eq!(listed(dir.path()), ["whole.jsonl"]);
    // A file that is there stays, and then nothing is done at all.
    let platform = Platform::new(Vec::new());
    let there = uninstall(&platform, "whole.jsonl").unwrap_err();
    assert!(matches!(there, CliError::Io { .. }) && there.next().contains("another name"), "{there}");
    assert_eq!(std::fs::read_to_string(file("whole.jsonl")).unwrap(), whole);
}

/// What was exported stays when the removal fails, and serves the next try.
#[test]
fn a_removal_that_failed_behind_its_export_says_so_and_goes_on_with_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tickets.jsonl").display().to_string();
    let (whole, digest) = export();
    let no = json!({ "title": "Calls are still under way" });
    let platform = Platform::new(vec![(200, json!({})), (200, json!(whole)), (409, no), (204, json!(""))]);
    let error = platform.run(&["uninstall", "tickets", "--export", &file, "--yes"]).unwrap_err();
    assert!(matches!(error, CliError::NotRemoved { .. }), "{error}");
    assert!(error.to_string().contains(&file) && error.to_string().contains("still under way"), "{error}");
    assert!(error.next().contains(&format!("yunlong uninstall tickets --exported {file}")), "{}", error.next());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
    platform.run(&["uninstall", "tickets", "--exported", &file, "--yes"]).unwrap();
    let removal = format!("DELETE /api/v1/installations/tickets?data=exported&digest={digest} HTTP/1.1");
    assert_eq!(lines(&platform)[2..], [removal.clone(), removal]);

    std::fs::write(&file, whole.replace("\"1\"", "\"2\"")).unwrap();
    let changed = Platform::new(Vec::new()).run(&["uninstall", "tickets", "--exported", &file, "--yes"]).unwrap_err();
    assert!(changed.to_string().contains("no whole export") && changed.next().contains("--export"), "{changed}");
}

#[test]
fn advisories_are_imported_of_a_file_or_folder_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("advisory-db");
    std::fs::create_dir_all(folder.join("crates/leaky")).unwrap();
    std::fs::write(folder.join("crates/leaky/RUSTSEC-2099-0001.md"), "```toml\n").unwrap();
    std::fs::write(dir.path().join("all.zip"), b"PK of OSV").unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let import = json!({ "import": {
        "ecosystem": "crates.io", "advisories": 1, "packages": 1, "newest": 0, "at": 0, "by": "city-admin", "source": "x",
    } });
    let platform = Platform::new(vec![
        (201, import.clone()),
        (201, import.clone()),
        (403, json!({ "title": "No" })),
        (200, json!({ "imports": [import["import"]] })),
        (200, json!({ "imports": [] })),
    ]);
    platform.run(&["advisories", "import", &path("advisory-db"), "--ecosystem", "crates.io"]).unwrap();
    let named = ["advisories", "import", &path("all.zip"), "--ecosystem", "PyPI", "--source", "osv.dev & co"];
    platform.run(&named).unwrap();
    let refused = platform.run(&named).unwrap_err();
    assert!(refused.next().contains("--account"), "{refused}");
    platform.run(&["advisories", "show"]).unwrap();
    platform.run(&["advisories", "show", "--json"]).unwrap();
    let missing = platform.run(&["advisories", "import", &path("no.zip"), "--ecosystem", "npm"]).unwrap_err();
    assert!(missing.to_string().contains("no.zip") && !missing.next().is_empty(), "{missing}");
    let seen = platform.seen();
    let lines: Vec<_> = seen.iter().map(|s| s.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /api/v1/advisories?ecosystem=crates.io&source=advisory-db HTTP/1.1",
            "POST /api/v1/advisories?ecosystem=PyPI&source=osv.dev+%26+co HTTP/1.1",
            "POST /api/v1/advisories?ecosystem=PyPI&source=osv.dev+%26+co HTTP/1.1",
            "GET /api/v1/advisories HTTP/1.1",
            "GET /api/v1/advisories HTTP/1.1",
        ]
    );
    assert!(seen[0].headers.contains(&"content-type: application/zip".to_owned()), "{:?}", seen[0].headers);
    assert!(seen[0].body.starts_with(b"PK"), "a folder is sent packed");
    assert_eq!(seen[1].body, b"PK of OSV", "a file as it is");
}

#[test]
fn folders_are_packages_too() {
    let app = App::new("");
    run(&["package", &app.text(""), "-o", &app.text("layout"), "-q", "--unsigned"]).unwrap();
    assert!(Path::new(&app.text("layout/oci-layout")).exists());
    run(&["permissions", &app.text("layout")]).unwrap();
}

#[test]
fn accounts_are_opened_listed_and_looked_after() {
    let code = json!({ "account": "gate-2", "code": "ABCDE-FGHIJ-KLMNO-PQRST", "expires_at": "2026-11-26T00:00:00Z" });
    let page = |name: &str, more: bool| json!({ "accounts": [{ "name": name, "kind": "official" }], "more": more });
    let platform = Platform::new(vec![
        (201, code.clone()),
        (200, page("gate-1", true)),
        (200, page("gate-2", false)),
        (200, code),
        (204, json!({})),
        (204, json!({})),
        (201, json!({})),
    ]);
    platform.run(&["accounts", "add", "gate-2", "--org", "320300", "--real-name", "张三"]).unwrap();
    platform.run(&["accounts", "list", "gate"]).unwrap();
    platform.run(&["accounts", "reset", "gate-2", "--second-factor"]).unwrap();
    platform.run(&["accounts", "unlock", "gate-2"]).unwrap();
    platform.run(&["accounts", "role", "gate-2", "audit-admin"]).unwrap();
    platform
        .run(&[
            "organizations",
            "add",
            "11320300MB000TX42P",
            "--name",
            "某局",
            "--level",
            "department",
            "--parent",
            "320300",
        ])
        .unwrap();
    let seen = platform.seen();
    let lines: Vec<_> = seen.iter().map(|s| s.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /api/v1/accounts HTTP/1.1",
            "GET /api/v1/accounts?q=gate&after= HTTP/1.1",
            "GET /api/v1/accounts?q=gate&after=gate-1 HTTP/1.1",
            "POST /api/v1/accounts/gate-2/reset HTTP/1.1",
            "POST /api/v1/accounts/gate-2/unlock HTTP/1.1",
            "POST /api/v1/accounts/gate-2/role HTTP/1.1",
            "POST /api/v1/organizations HTTP/1.1",
        ]
    );
    let body = |n: usize| serde_json::from_slice::<Value>(&seen[n].body).unwrap();
    assert_eq!((&body(0)["kind"], &body(0)["real_name"]), (&json!("official"), &json!("张三")));
    assert_eq!((&body(3)["second_factor"], &body(5)["role"]), (&json!(true), &json!("audit-admin")));
    assert!(platform.run(&["accounts", "show", "../signers"]).is_err());
}

#[test]
fn a_second_factor_that_is_missing_is_told_with_what_to_do() {
    let problem = |code: &str| json!({ "title": "More", "code": code });
    let platform = Platform::new(vec![(403, problem("step-up-required"))]);
    let error = platform.run(&["uninstall", "tickets", "--erase", "--yes"]).unwrap_err();
    assert!(matches!(error, CliError::StepUp) && error.next().contains("login"), "{error}");
}
