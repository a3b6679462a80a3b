//! Running a city day after day, with the real binary: configuration, keys, backup, doctor, a full disk,
//! an end in order.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn free_port() -> u16 {
    yunlong_test_ports::free_port().unwrap()
}

fn yunlong(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunlong"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in ["YUNLONG_LOG", "YUNLONG_CONFIG", "YUNLONG_DATA", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        command.env_remove(variable);
    }
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server, killed when the test ends.
struct Server {
    process: Child,
    port: u16,
    admin: u16,
    log: Arc<Mutex<Vec<String>>>,
    /// Ends with the process's last line.
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Server {
    fn spawn(data: &Path, more: &[&str]) -> Self {
        let (port, admin) = (free_port(), free_port());
        let mut command = yunlong(&["serve", "--port", &port.to_string(), "--admin-port", &admin.to_string()]);
        let mut process = command.arg("--data").arg(data).args(more).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (kept, stderr) = (log.clone(), process.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { process, port, admin, log, reader: Some(reader) }
    }

    fn start(data: &Path, more: &[&str]) -> Self {
        let mut server = Self::spawn(data, more);
        let line = BufReader::new(server.process.stdout.take().unwrap()).lines().next();
        assert!(matches!(&line, Some(Ok(l)) if l.starts_with("ready ")), "{line:?}\n{}", server.log());
        server
    }

    /// What a start that must fail says.
    fn refused(data: &Path, more: &[&str]) -> String {
        let mut server = Self::spawn(data, more);
        let mut out = String::new();
        server.process.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert!(!server.process.wait().unwrap().success(), "it started: {out}");
        server.reader.take().unwrap().join().unwrap();
        server.log()
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    fn wait_for(&self, what: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.log().contains(what) {
            assert!(Instant::now() < end, "the log never says `{what}`:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    fn stop(mut self) {
        self.signal();
        assert!(self.process.wait().unwrap().success(), "{}", self.log());
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        reqwest::Client::new().request(method, url).header("host", format!("localhost:{}", self.port))
    }

    async fn sign_in(&self, account: &str, password: &str, from: Option<&str>) -> u16 {
        let mut request = self
            .request(reqwest::Method::POST, "/api/v1/sessions")
            .header("content-type", "application/json")
            .body(format!("{{\"account\":\"{account}\",\"password\":\"{password}\"}}"));
        if let Some(address) = from {
            request = request.header("x-forwarded-for", format!("10.9.9.9, {address}"));
        }
        request.send().await.unwrap().status().as_u16()
    }

    async fn admin(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://127.0.0.1:{}{path}", self.admin)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

const DEMO: &[&str] = &["--demo", "--demo-citizens", "3"];

fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn limits_and_the_proxys_header_come_from_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("yunlong.toml");
    std::fs::write(
        &file,
        "[proxy]\nclient_header = \"X-Forwarded-For\"\n[limits]\nbody_kib = 1\nsign_in_failures_per_client = 3\nsign_in_failures_per_account = 50\n[sessions]\nfailures_before_lock = 50\n",
    )
    .unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data, &[DEMO, &["--config", file.to_str().unwrap()]].concat());
    let long = "x".repeat(2_000);
    assert_eq!(server.sign_in("citizen-001", &long, Some("192.0.2.1")).await, 413, "the body's limit");
    for _ in 0..3 {
        assert_eq!(server.sign_in("citizen-001", "wrong", Some("192.0.2.7")).await, 401);
    }
    assert_eq!(server.sign_in("citizen-001", "wrong", Some("192.0.2.7")).await, 429, "the client's limit");
    assert_eq!(server.sign_in("citizen-001", "yunlong-demo", Some("192.0.2.8")).await, 201, "another client's");
    // Without the setting the header is anybody's invention.
    drop(server);
    let server = Server::start(&data, &[DEMO, &["-o", "limits.sign_in_failures_per_client=2"]].concat());
    for n in 0..2 {
        assert_eq!(server.sign_in("citizen-002", "wrong", Some(&format!("192.0.2.{n}"))).await, 401);
    }
    assert_eq!(server.sign_in("citizen-002", "wrong", Some("192.0.2.99")).await, 429);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for (more, said) in [
        (&["--domain", "city.example"][..], "--origin https://city.example"),
        (&["--origin", "http://city.example"], "--origin https://city.example"),
        (&["-o", "limits.conections=5"], "did you mean `limits.connections`"),
        (&["-o", "limits.connections=0"], "limits.connections"),
    ] {
        let log = Server::refused(&data, more);
        assert!(log.contains(said), "{more:?}: {log}");
    }
    assert!(!data.exists(), "something was written");

    let file = dir.path().join("yunlong.toml");
    let check = |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        yunlong(&["config", "check"]).arg(&file).output().unwrap()
    };
    assert!(check("origin = \"https://city.example\"\n").status.success());
    let refused = check("[listen]\npotr = 80\n");
    assert!(!refused.status.success() && text(&refused).contains("listen.port"), "{}", text(&refused));
    let schema = yunlong(&["config", "schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert_eq!(schema["properties"]["limits"]["properties"]["connections"]["maximum"], 1_000_000);
}

#[tokio::test]
async fn outside_the_demo_the_sandbox_cashier_is_called_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"), &[]);
    server.wait_for("no payment moves real money");
    let demo = Server::start(&dir.path().join("demo"), DEMO);
    assert!(!demo.log().contains("no payment moves real money"), "{}", demo.log());
}

#[tokio::test]
async fn a_full_disk_stops_writing_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Server::start(&data, DEMO).stop();
    // More than any disk has.
    let server = Server::start(&data, &[DEMO, &["-o", "store.reserve_mib=1073741824"]].concat());
    let page = server.request(reqwest::Method::GET, "/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(server.sign_in("citizen-001", "yunlong-demo", None).await, 507);
    let (status, ready) = server.admin("/readyz").await;
    assert!(status == 200 && ready.starts_with("degraded\n") && ready.contains("the disk is full"), "{status} {ready}");
    let metrics = server.admin("/metrics").await.1;
    assert!(metrics.contains("yunlong_store_writable 0"), "{metrics}");
    server.stop();
    let server = Server::start(&data, DEMO);
    assert_eq!(server.sign_in("citizen-001", "yunlong-demo", None).await, 201);
    assert_eq!(server.admin("/readyz").await, (200, "ready\n".into()));
    let metrics = server.admin("/metrics").await.1;
    for line in ["yunlong_store_writable 1", "yunlong_stored_bytes{space=\"@identity\"}", "yunlong_process_open_files"]
    {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

fn data_key(dir: &Path, name: &str, algorithm: &str) -> PathBuf {
    let path = dir.join(name);
    let made = yunlong(&["data-key", "new", "--algorithm", algorithm, "--out"]).arg(&path).output().unwrap();
    assert!(made.status.success(), "{}", text(&made));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = yunlong(&["data-key", "new", "--out"]).arg(&path).output().unwrap();
    assert!(!again.status.success() && text(&again).contains("never overwritten"), "{}", text(&again));
    path
}

#[tokio::test]
async fn a_wrong_data_key_is_refused_and_a_new_one_takes_over() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (a, b) = (data_key(dir.path(), "a.key", "aes-256-gcm"), data_key(dir.path(), "b.key", "sm4-gcm"));
    let keys = |files: &[&Path]| format!("keys.data={files:?}");
    let with = |option: &str| [DEMO, &["-o", option]].concat().iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let start = |option: &str| Server::start(&data, &with(option).iter().map(String::as_str).collect::<Vec<_>>());
    start(&keys(&[&a])).stop();

    // The wrong one, and none: said clearly, and nothing is changed.
    for option in [keys(&[&b]), "keys.data=[]".to_owned()] {
        let log = Server::refused(&data, &with(&option).iter().map(String::as_str).collect::<Vec<_>>());
        assert!(log.contains("Nothing was changed") && log.contains("keys.data"), "{log}");
    }
    start(&keys(&[&a])).stop();
    let server = start(&keys(&[&b, &a]));
    server.wait_for("everything is encrypted with the current key");
    server.stop();
    // The old one is needed no longer.
    let server = start(&keys(&[&b]));
    assert_eq!(server.sign_in("citizen-001", "yunlong-demo", None).await, 201);
    drop(server);
    std::fs::set_permissions(&b, std::fs::Permissions::from_mode(0o644)).unwrap();
    let option = keys(&[&b]);
    let log = Server::refused(&data, &with(&option).iter().map(String::as_str).collect::<Vec<_>>());
    assert!(log.contains("chmod 600"), "{log}");
}

#[tokio::test]
async fn a_wrong_platform_secret_is_refused_whatever_the_data_keys_are() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let key = format!("keys.data={:?}", [data_key(dir.path(), "a.key", "aes-256-gcm")]);
    let start = [DEMO, &["-o", &key]].concat();
    Server::start(&data, &start).stop();
    // Well formed, and another one: the data key alone would let it pass.
    let (file, right) = (data.join("secret.key"), std::fs::read(data.join("secret.key")).unwrap());
    std::fs::write(&file, [9; 32]).unwrap();
    let log = Server::refused(&data, &start);
    assert!(log.contains("secret.key") && log.contains("put the right file back"), "{log}");
    let doctor = || {
        let run = yunlong(&["doctor", "--json", "-o", &key, "--data"]).arg(&data).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|c| c["what"] == "platform's secret").unwrap().clone()
    };
    let found = doctor();
    assert!(found["state"] == "wrong" && found["found"].as_str().unwrap().contains("another secret"), "{found}");
    std::fs::write(&file, right).unwrap();
    assert_eq!(doctor()["state"], "ok");
    let server = Server::start(&data, &start);
    assert_eq!(server.sign_in("citizen-001", "yunlong-demo", None).await, 201);
}

#[tokio::test]
async fn a_backup_of_a_running_city_is_restored_with_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy, other) = (dir.path().join("data"), dir.path().join("copy"), dir.path().join("other"));
    let phrase = dir.path().join("phrase");
    write_private(&phrase, "the quick brown fox jumps\n");
    let server = Server::start(&data, DEMO);
    let back_up = |to: &Path| {
        yunlong(&["backup", "--data"]).arg(&data).arg("--to").arg(to).arg("--with-keys").arg(&phrase).output().unwrap()
    };
    let made = back_up(&copy);
    assert!(made.status.success(), "{}", text(&made));
    let again = back_up(&copy);
    assert!(!again.status.success() && text(&again).contains("not empty"), "{}", text(&again));
    let secret = std::fs::read(data.join("secret.key")).unwrap();
    for file in walk(&copy) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(32).any(|w| w == secret.as_slice()), "the secret stands in {}", file.display());
        assert!(!bytes.windows(11).any(|w| w == b"19900000001"), "a mobile number stands in {}", file.display());
    }
    server.stop();
    // Stopped, it is copied as well.
    assert!(back_up(&dir.path().join("cold")).status.success());

    let restore = |from: &Path, to: &Path, keys: bool| {
        let mut command = yunlong(&["restore", "--from"]);
        command.arg(from).arg("--data").arg(to);
        if keys {
            command.arg("--keys-passphrase").arg(&phrase);
        }
        command.output().unwrap()
    };
    let refused = restore(&copy, &data, true);
    assert!(!refused.status.success() && text(&refused).contains("not empty"), "{}", text(&refused));
    // Damaged: found before anything is written.
    let broken = dir.path().join("broken");
    assert!(Command::new("cp").arg("-r").arg(&copy).arg(&broken).status().unwrap().success());
    let journal = walk(&broken).into_iter().find(|p| p.to_str().unwrap().contains("snapshot-")).unwrap();
    let mut bytes = std::fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&journal, bytes).unwrap();
    let refused = restore(&broken, &other, true);
    assert!(!refused.status.success() && text(&refused).contains("damaged") && !other.exists(), "{}", text(&refused));

    let restored = restore(&copy, &other, true);
    assert!(restored.status.success(), "{}", text(&restored));
    let server = Server::start(&other, DEMO);
    assert_eq!(server.sign_in("citizen-001", "yunlong-demo", None).await, 201);
    assert_eq!(std::fs::read(other.join("secret.key")).unwrap(), secret);
    drop(server);
    // Without the keys the start says which file is missing, and makes no new one.
    let bare = dir.path().join("bare");
    assert!(restore(&copy, &bare, false).status.success());
    let log = Server::refused(&bare, DEMO);
    assert!(log.contains("secret.key") && log.contains("restore it"), "{log}");
    // A restore that was cut short is no city.
    std::fs::write(bare.join("restoring"), "").unwrap();
    assert!(Server::refused(&bare, DEMO).contains("cut short"));
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

#[tokio::test]
async fn the_doctor_looks_at_a_running_city() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data, &[]);
    let ports = [format!("listen.port={}", server.port), format!("listen.admin_port={}", server.admin)];
    let doctor = |more: &[&str]| {
        let mut command = yunlong(&["doctor", "--json", "-o", &ports[0], "-o", &ports[1], "--data"]);
        command.arg(&data).args(more).output().unwrap()
    };
    let well = doctor(&[]);
    let report: serde_json::Value = serde_json::from_slice(&well.stdout).unwrap();
    assert!(well.status.success(), "{report:#}");
    let check = |what: &str| report["checks"].as_array().unwrap().iter().find(|c| c["what"] == what).unwrap().clone();
    assert!(check("public port")["found"].as_str().unwrap().contains("the server that runs"), "{report:#}");
    assert_eq!(check("store")["state"], "ok", "{report:#}");
    let ill = doctor(&["-o", "store.reserve_mib=1073741824"]);
    let report: serde_json::Value = serde_json::from_slice(&ill.stdout).unwrap();
    assert_eq!((ill.status.code(), report["state"].as_str()), (Some(1), Some("wrong")), "{report:#}");
}

#[tokio::test]
async fn it_says_that_it_goes_before_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(
        &dir.path().join("data"),
        &["-o", "shutdown.unready_seconds=6", "-o", "shutdown.grace_seconds=2"],
    );
    assert_eq!(server.admin("/readyz").await.0, 200);
    let ready = || {
        let port = format!("listen.admin_port={}", server.admin);
        yunlong(&["ready", "--data", "unused", "-o", &port]).status().unwrap().success()
    };
    assert!(ready());
    let asked = Instant::now();
    server.signal();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (status, text) = server.admin("/readyz").await;
    assert!(status == 503 && text.contains("stopping"), "{status} {text}");
    let page = server.request(reqwest::Method::GET, "/").send().await.unwrap();
    assert_eq!(page.status(), 200, "it still serves whoever has not noticed");
    assert!(!ready());
    server.stop_after(asked, Duration::from_secs(20));
}

#[tokio::test]
async fn a_request_that_is_under_way_is_answered_whole_while_the_server_drains() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"), DEMO);
    let body = br#"{"account":"citizen-001","password":"yunlong-demo"}"#;
    let (first, last) = body.split_at(20);
    let mut line = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let head = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        server.port,
        body.len()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(first).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = Instant::now();
    server.signal();
    tokio::time::sleep(Duration::from_millis(800)).await;
    let late = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await;
    assert!(late.is_err(), "nothing new comes in");
    line.write_all(last).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("half an answer: {answer}"));
    assert!(head.starts_with("HTTP/1.1 201 "), "{answer}");
    let session: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    assert!(session["token"].is_string(), "{session}");
    let mut server = server;
    assert!(server.process.wait().unwrap().success(), "{}", server.log());
    assert!(asked.elapsed() < Duration::from_secs(5), "and then it ends");
}

impl Server {
    fn stop_after(mut self, asked: Instant, limit: Duration) {
        assert!(self.process.wait().unwrap().success(), "{}", self.log());
        let took = asked.elapsed();
        assert!(took >= Duration::from_secs(2) && took < limit, "it took {took:?}");
    }
}
