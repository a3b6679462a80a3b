//! The registry with the real binary: by itself, and its blobs in backups.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn free_port() -> u16 {
    yunlong_test_ports::free_port().unwrap()
}

fn yunlong(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunlong"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in ["YUNLONG_LOG", "YUNLONG_CONFIG", "YUNLONG_DATA", "YUNLONG_PASSWORD", "OTEL_EXPORTER_OTLP_ENDPOINT"]
    {
        command.env_remove(variable);
    }
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

/// The file of a blob below a folder.
fn file_of(folder: &Path, digest: &str) -> PathBuf {
    let hex = digest.strip_prefix("sha256:").unwrap();
    let found: Vec<_> = walk(folder).into_iter().filter(|p| p.to_str().unwrap().contains(hex)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// A server, killed when the test ends.
struct Server {
    process: Child,
    registry: u16,
    /// What it said when it was ready.
    ready: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Server {
    /// Starts a command that serves the registry's port and waits until it is ready.
    fn start(command: &mut Command, registry: u16) -> Self {
        let mut process = command.spawn().unwrap();
        let mut log = process.stderr.take().unwrap();
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            _ = log.read_to_string(&mut text);
            text
        });
        let line = BufReader::new(process.stdout.take().unwrap()).lines().next();
        match line {
            Some(Ok(ready)) => Self { process, registry, ready },
            _ => panic!("it ended before it was ready: {}", reading.join().unwrap()),
        }
    }

    fn alone(data: &Path, more: &[&str]) -> Self {
        let port = free_port();
        let mut command = yunlong(&["registry", "--port", &port.to_string(), "--data"]);
        Self::start(command.arg(data).args(more), port)
    }

    fn city(data: &Path) -> Self {
        Self::city_at(data).0
    }

    /// A city, and where its command line finds it.
    fn city_at(data: &Path) -> (Self, String) {
        let ports = [free_port(), free_port(), free_port()].map(|p| p.to_string());
        // The demo's vendor pushes as long as a key of it counts.
        let key = data.with_extension("pem");
        if !key.exists() {
            let made = yunlong(&["keys", "generate", "--out"]).arg(&key).output().unwrap();
            assert!(made.status.success(), "{}", text(&made));
        }
        let mut command = yunlong(&["serve", "--demo", "--demo-citizens", "1", "--demo-people", "10"]);
        command.args(["--port", &ports[0], "--admin-port", &ports[1], "--registry-port", &ports[2], "--trust-key"]);
        command.arg(&key).arg("--data");
        let server = Self::start(command.arg(data), ports[2].parse().unwrap());
        (server, format!("http://localhost:{}", ports[0]))
    }

    fn stop(mut self) -> Duration {
        let asked = Instant::now();
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
        asked.elapsed()
    }

    async fn ask(&self, method: &str, path: &str, who: Option<(&str, &str)>, body: &[u8]) -> (u16, Vec<u8>) {
        let response = self.send(method, path, who, body).await;
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    async fn send(&self, method: &str, path: &str, who: Option<(&str, &str)>, body: &[u8]) -> reqwest::Response {
        let base = format!("http://127.0.0.1:{}", self.registry);
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{base}{path}") };
        let mut request = reqwest::Client::new().request(method.parse().unwrap(), url).body(body.to_vec());
        if path.contains("/manifests/") && method == "PUT" {
            request = request.header("content-type", "application/vnd.oci.image.manifest.v1+json");
        }
        if let Some((name, password)) = who {
            request = request.basic_auth(name, Some(password));
        }
        request.send().await.unwrap()
    }

    /// Pushes an artifact of one layer under a tag; answers the layer's digest.
    async fn push(&self, who: (&str, &str), repository: &str, tag: &str, layer: &[u8]) -> String {
        for bytes in [b"{}".as_slice(), layer] {
            let opened = self.send("POST", &format!("/v2/{repository}/blobs/uploads/"), Some(who), b"").await;
            assert_eq!(opened.status().as_u16(), 202);
            let location = opened.headers()["location"].to_str().unwrap().to_owned();
            let (status, said) =
                self.ask("PUT", &format!("{location}?digest={}", digest(bytes)), Some(who), bytes).await;
            assert_eq!(status, 201, "{}", String::from_utf8_lossy(&said));
        }
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.example.note",
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2},
            "layers": [{"mediaType": "text/plain", "digest": digest(layer), "size": layer.len()}],
        });
        let manifest = serde_json::to_vec(&manifest).unwrap();
        let (status, said) = self.ask("PUT", &format!("/v2/{repository}/manifests/{tag}"), Some(who), &manifest).await;
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&said));
        digest(layer)
    }
}

fn refused(command: &mut Command) -> String {
    let out = command.output().unwrap();
    assert!(!out.status.success(), "{}", text(&out));
    text(&out)
}

const LAYER: &[u8] = b"what is pushed is kept byte by byte, for as long as anybody refers to it";
const VENDOR: (&str, &str) = ("vendor", "yunlong-demo");

#[tokio::test]
async fn a_registry_by_itself_serves_its_accounts_stops_in_order_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (data, accounts) = (dir.path().join("data"), dir.path().join("accounts"));
    let hash = yunlong(&["registry", "--hash"]).env("YUNLONG_PASSWORD", "correct horse battery").output().unwrap();
    assert!(hash.status.success(), "{}", text(&hash));
    let hash = String::from_utf8(hash.stdout).unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    std::fs::write(&accounts, format!("# accounts\nmaker {} maker,open\n", hash.trim())).unwrap();
    let named = format!("registry.accounts={:?}", accounts.to_str().unwrap());
    let more = ["-o", named.as_str(), "-o", "registry.public=[\"open\"]"];
    std::fs::set_permissions(&accounts, std::fs::Permissions::from_mode(0o644)).unwrap();
    let port = free_port().to_string();
    let said = refused(yunlong(&["registry", "--port", &port, "--data"]).arg(&data).args(more));
    assert!(said.contains("chmod 600") && !data.exists(), "{said}");
    std::fs::set_permissions(&accounts, std::fs::Permissions::from_mode(0o600)).unwrap();

    let server = Server::alone(&data, &more);
    assert_eq!(server.ready, format!("ready http://localhost:{}", server.registry));
    let maker = ("maker", "correct horse battery");
    let layer = server.push(maker, "open/note", "1.0.0", LAYER).await;
    server.push(maker, "maker/note", "1.0.0", LAYER).await;
    let blob = |repository: &str| format!("/v2/{repository}/blobs/{layer}");
    assert_eq!(server.ask("GET", &blob("open/note"), None, b"").await, (200, LAYER.to_vec()), "public");
    assert_eq!(server.ask("GET", &blob("maker/note"), None, b"").await.0, 401, "not public");
    assert_eq!(server.ask("GET", &blob("maker/note"), Some(("maker", "wrong")), b"").await.0, 401);
    assert!(matches!(server.ask("POST", "/v2/other/note/blobs/uploads/", Some(maker), b"").await.0, 401 | 403));
    assert_eq!(server.ask("GET", "/v2/", None, b"").await.0, 401);

    // A second one, of whatever kind, is refused with what to do.
    let taken = server.registry.to_string();
    let elsewhere = dir.path().join("elsewhere");
    let said = refused(yunlong(&["registry", "--port", &taken, "--data"]).arg(&elsewhere).args(more));
    assert!(said.contains("choose another --port") && !elsewhere.exists(), "{said}");
    let said = refused(yunlong(&["registry", "--port", &port, "--data"]).arg(&data).args(more));
    assert!(said.contains("in use by another process"), "{said}");

    assert!(server.stop() < Duration::from_secs(8));
    let server = Server::alone(&data, &more);
    assert_eq!(server.ask("GET", &blob("open/note"), None, b"").await, (200, LAYER.to_vec()));
    // Backed up while it runs, as a city is.
    let copy = dir.path().join("copy");
    let made = yunlong(&["backup", "--data"]).arg(&data).arg("--to").arg(&copy).output().unwrap();
    assert!(made.status.success(), "{}", text(&made));
    file_of(&copy.join("registry/blobs"), &layer);
    server.stop();
    let ports = [free_port(), free_port()].map(|p| p.to_string());
    let said = refused(yunlong(&["serve", "--port", &ports[0], "--admin-port", &ports[1], "--data"]).arg(&data));
    assert!(said.contains("yunlong registry"), "{said}");
}

#[test]
fn what_a_registry_by_itself_does_not_do_stands_in_its_help() {
    let help = text(&yunlong(&["registry", "--help"]).output().unwrap());
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in ["Nobody reviews", "no signature is asked for", "yunlong serve --registry-port", "ends TLS"] {
        assert!(help.contains(said), "{said}: {help}");
    }
}

#[tokio::test]
async fn a_vendors_name_is_its_organizations_and_nothing_is_pushed_there_without_a_key_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let (server, address) = Server::city_at(&dir.path().join("data"));
    let run = |account: &str, args: &[&str]| {
        let mut command = yunlong(args);
        command.args(["--account", account]).current_dir(dir.path()).env("LC_ALL", "C");
        command.env("YUNLONG_SERVER", &address).env("YUNLONG_PASSWORD", VENDOR.1);
        let out = command.env("XDG_CONFIG_HOME", dir.path().join("config")).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", text(&out));
    };
    for key in ["mine", "theirs"] {
        let out =
            yunlong(&["keys", "generate", "--out", &format!("{key}.pem")]).current_dir(dir.path()).output().unwrap();
        assert!(out.status.success(), "{}", text(&out));
    }
    let status = async |method: &str, path: &str, who| server.ask(method, path, who, b"").await.0;
    server.push(VENDOR, "vendor/note", "1.0.0", LAYER).await;
    let (pushes, pulls) = ("/v2/vendor/note/blobs/uploads/", "/v2/vendor/note/manifests/1.0.0");
    // Nobody approved it: its vendor and the city's reviewers see it.
    for (who, expected) in [(Some(VENDOR), 200), (Some(("city-reviewer", VENDOR.1)), 200), (None, 401)] {
        assert_eq!(status("GET", pulls, who).await, expected, "{who:?}");
    }
    assert_eq!(status("GET", pulls, Some(("tourism-gate", VENDOR.1))).await, 403);

    // A vendor's name of its own: as long as it has a key there, and to look at afterwards.
    let (more, of_more) = ("/v2/studio/note/blobs/uploads/", "/v2/studio/note/manifests/1.0.0");
    assert_eq!(status("POST", more, Some(VENDOR)).await, 403);
    run(
        "city-admin",
        &["keys", "enroll", "mine.pem.pub", "--vendor", "studio", "--organization", "91320303MA000YL03H"],
    );
    server.push(VENDOR, "studio/note", "1.0.0", LAYER).await;
    run("vendor", &["keys", "revoke", "mine.pem.pub", "--reason", "ended", "-m", "no longer used"]);
    assert_eq!(status("POST", more, Some(VENDOR)).await, 403);
    assert_eq!(status("GET", of_more, Some(VENDOR)).await, 200);

    // Somebody else is the vendor of that name, whatever an account is called.
    let other = "92320324MA000TX221";
    let known = ["--name", "另一家示例公司", "--level", "vendor", "--parent", "320300"];
    run("city-admin", &[["organizations", "add", other].as_slice(), &known].concat());
    run("city-admin", &["keys", "enroll", "theirs.pem.pub", "--vendor", "vendor", "--organization", other]);
    assert_eq!(status("POST", pushes, Some(VENDOR)).await, 403);
    assert_eq!(status("GET", pulls, Some(VENDOR)).await, 403);
    server.stop();
}

#[tokio::test]
async fn a_backup_holds_every_blob_that_its_store_names_and_a_restore_takes_no_less() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let server = Server::city(&data);
    let layer = server.push(VENDOR, "vendor/note", "1.0.0", LAYER).await;
    // What is under way is not kept.
    let opened = server.send("POST", "/v2/vendor/note/blobs/uploads/", Some(VENDOR), b"").await;
    let location = opened.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(server.ask("PATCH", &location, Some(VENDOR), b"half of it").await.0, 202);
    let back_up = |to: &Path| yunlong(&["backup", "--data"]).arg(&data).arg("--to").arg(to).output().unwrap();
    let made = back_up(&copy);
    assert!(made.status.success(), "{}", text(&made));
    file_of(&copy.join("registry/blobs"), &layer);
    assert!(!copy.join("registry/uploads").exists());

    let said = refused(yunlong(&["registry", "--port", &free_port().to_string(), "--data"]).arg(&data));
    assert!(said.contains("in use by another process"), "{said}");
    server.stop();
    let said = refused(yunlong(&["registry", "--port", &free_port().to_string(), "--data"]).arg(&data));
    assert!(said.contains("city's data folder"), "{said}");

    let restore =
        |from: &Path, to: &Path| yunlong(&["restore", "--from"]).arg(from).arg("--data").arg(to).output().unwrap();
    let clone = |name: &str| {
        let to = dir.path().join(name);
        assert!(Command::new("cp").arg("-r").arg(&copy).arg(&to).status().unwrap().success());
        to
    };
    let other = dir.path().join("other");
    // One bit in a blob; then a blob less, and a manifest that does not know of it.
    let broken = clone("broken");
    flip(&file_of(&broken.join("registry/blobs"), &layer));
    let refused_of = |from: &Path, why: &str| {
        let out = restore(from, &other);
        assert!(!out.status.success() && text(&out).contains(why) && !other.exists(), "{}", text(&out));
    };
    refused_of(&broken, "damaged");
    let short = clone("short");
    let gone = file_of(&short.join("registry/blobs"), &layer);
    std::fs::remove_file(&gone).unwrap();
    refused_of(&short, "not whole");
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(short.join("manifest.json")).unwrap()).unwrap();
    let name = gone.strip_prefix(&short).unwrap().to_str().unwrap();
    assert!(manifest["files"].as_object_mut().unwrap().remove(name).is_some());
    std::fs::write(short.join("manifest.json"), manifest.to_string()).unwrap();
    refused_of(&short, &format!("lacks the blob {layer}"));

    let restored = restore(&copy, &other);
    assert!(restored.status.success(), "{}", text(&restored));
    std::fs::copy(data.join("secret.key"), other.join("secret.key")).unwrap();
    let server = Server::city(&other);
    let blob = format!("/v2/vendor/note/blobs/{layer}");
    assert_eq!(server.ask("GET", &blob, Some(VENDOR), b"").await, (200, LAYER.to_vec()));
    assert_eq!(server.ask("GET", "/v2/vendor/note/manifests/1.0.0", Some(VENDOR), b"").await.0, 200);
    server.stop();

    // What is damaged in the data folder is found before it is taken for a backup.
    let doctor = || {
        let out = yunlong(&["doctor", "--json", "--data"]).arg(&other).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        report["checks"].as_array().unwrap().iter().find(|c| c["what"] == "registry").unwrap().clone()
    };
    assert_eq!(doctor()["state"], "ok", "{}", doctor());
    let place = file_of(&other.join("registry/blobs"), &layer);
    flip(&place);
    let back_up = |to: &str| {
        let out = yunlong(&["backup", "--data"]).arg(&other).arg("--to").arg(dir.path().join(to)).output().unwrap();
        assert!(!out.status.success(), "{}", text(&out));
        assert!(!dir.path().join(to).join("manifest.json").exists(), "it looks like a backup");
        text(&out)
    };
    assert!(back_up("one").contains("damaged before it was backed up"));
    std::fs::remove_file(&place).unwrap();
    assert!(back_up("two").contains(&format!("blob {layer} is missing")));
    let found = doctor();
    assert!(found["state"] == "wrong" && found["found"].as_str().unwrap().contains(&layer), "{found}");
}

#[test]
fn packages_of_a_version_without_a_registry_are_not_taken_for_approved() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("packages")).unwrap();
    std::fs::write(dir.path().join("packages/trust.json"), "{}").unwrap();
    let ports = [free_port(), free_port()].map(|p| p.to_string());
    let said = refused(yunlong(&["serve", "--port", &ports[0], "--admin-port", &ports[1], "--data"]).arg(dir.path()));
    assert!(said.contains("nobody reviewed") && said.contains("empty data folder"), "{said}");
    assert!(!dir.path().join("store").exists(), "something was written");
}
