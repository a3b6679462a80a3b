//! Starting, stopping and starting again, with the real binary.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn free_port() -> u16 {
    yunlong_test_ports::free_port().unwrap()
}

/// A server, killed when the test ends.
struct Server {
    process: Child,
    port: u16,
    admin: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn command(data: &Path, port: u16, admin: u16, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunlong"));
    command
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--port", &port.to_string(), "--admin-port", &admin.to_string()])
        .args(more);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("YUNLONG_LOG")
        .env("LC_ALL", "C");
    command
}

impl Server {
    fn spawn(data: &Path, more: &[&str]) -> Self {
        let (port, admin) = (free_port(), free_port());
        Self { process: command(data, port, admin, more).spawn().unwrap(), port, admin }
    }

    /// Starts and waits for the last line of the start.
    fn ready(data: &Path, more: &[&str]) -> Self {
        let mut server = Self::spawn(data, more);
        // Nobody reads the log: it must not stop the server.
        let stderr = server.process.stderr.take().unwrap();
        let log = std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).collect::<Vec<_>>());
        let mut lines = BufReader::new(server.process.stdout.take().unwrap()).lines();
        match lines.next() {
            Some(Ok(line)) => assert_eq!(line, format!("ready http://localhost:{}", server.port)),
            _ => panic!("ended before it was ready:\n{}", log.join().unwrap().join("\n")),
        }
        server
    }

    fn terminate(mut self) -> (Duration, i32) {
        let started = Instant::now();
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = self.process.wait().unwrap();
        (started.elapsed(), status.code().unwrap_or(-1))
    }

    async fn sign_in(&self, account: &str) -> u16 {
        let body = format!("{{\"account\":\"{account}\",\"password\":\"yunlong-demo\"}}");
        let request = reqwest::Client::new()
            .post(format!("http://127.0.0.1:{}/api/v1/sessions", self.port))
            .header("host", format!("localhost:{}", self.port))
            .header("content-type", "application/json");
        request.body(body).send().await.unwrap().status().as_u16()
    }

    async fn portal(&self, path: &str) -> (u16, String) {
        let request = reqwest::Client::new().get(format!("http://127.0.0.1:{}{path}", self.port));
        let response = request.header("host", format!("localhost:{}", self.port)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn admin(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://127.0.0.1:{}{path}", self.admin)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

const DEMO: &[&str] = &["--demo", "--demo-citizens", "12"];

#[tokio::test]
async fn a_demo_starts_serves_stops_and_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::ready(data.path(), DEMO);
    assert_eq!(server.admin("/healthz").await.0, 200);
    assert_eq!(server.admin("/readyz").await, (200, "ready\n".into()));
    let metrics = server.admin("/metrics").await.1;
    assert!(metrics.contains("yunlong_http_requests") && !metrics.contains("yunlong_yunlong"), "{metrics}");
    for account in [
        "citizen-001",
        "citizen-012",
        "tourism-admin",
        "tourism-gate",
        "city-admin",
        "city-security",
        "city-audit",
        "vendor",
    ] {
        assert_eq!(server.sign_in(account).await, 201, "{account}");
    }
    assert_eq!(server.sign_in("citizen-013").await, 401);
    assert_eq!(server.portal("/api/v1/demo").await.0, 200, "it says itself that it is one");
    let secret = std::fs::read(data.path().join("secret.key")).unwrap();
    let (took, code) = server.terminate();
    assert!(took < Duration::from_secs(5) && code == 0, "{took:?}, code {code}");

    let server = Server::ready(data.path(), DEMO);
    assert_eq!(server.sign_in("citizen-001").await, 201);
    assert_eq!(std::fs::read(data.path().join("secret.key")).unwrap(), secret);
}

#[test]
fn a_demo_without_a_folder_keeps_itself_in_the_users_and_says_where() {
    let home = tempfile::tempdir().unwrap();
    let (port, admin) = (free_port(), free_port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunlong"));
    command.args(["serve", "--demo", "--demo-citizens", "1", "--demo-people", "20"]);
    command.args(["--port", &port.to_string(), "--admin-port", &admin.to_string()]);
    command.env("XDG_DATA_HOME", home.path()).env("LC_ALL", "C").env_remove("YUNLONG_DATA").stdin(Stdio::null());
    let mut server =
        Server { process: command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), port, admin };
    let stderr = server.process.stderr.take().unwrap();
    let log = std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).collect::<Vec<_>>());
    let mut lines = BufReader::new(server.process.stdout.take().unwrap()).lines();
    let ready = lines.next().map(Result::unwrap);
    let code = server.terminate().1;
    let said = log.join().unwrap().join("\n");
    assert_eq!((ready, code), (Some(format!("ready http://localhost:{port}")), 0), "{said}");
    let folder = home.path().join("yunlong/demo");
    assert!(folder.join("secret.key").is_file(), "{said}");
    assert!(said.contains(&folder.display().to_string()) && said.contains("yunlong-demo"), "{said}");
}

#[tokio::test]
async fn a_start_that_was_killed_is_made_good_by_the_next_one() {
    let data = tempfile::tempdir().unwrap();
    let more = ["--demo", "--demo-citizens", "300"];
    for _ in 0..3 {
        let mut server = Server::spawn(data.path(), &more);
        // Killed in the middle of seeding; at the end of the start when there is nothing left to seed.
        let (sign, signs) = std::sync::mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(server.process.stderr.take().unwrap()), Box::new(server.process.stdout.take().unwrap())];
        for stream in streams {
            let sign = sign.clone();
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
                _ = lines.find(|l| l.starts_with("citizens:") || l.starts_with("ready ")).map(|l| sign.send(l));
            });
        }
        drop(sign);
        signs.recv().unwrap();
        _ = server.process.kill();
        _ = server.process.wait();
    }
    let server = Server::ready(data.path(), &more);
    for account in ["citizen-001", "citizen-150", "citizen-300", "city-admin"] {
        assert_eq!(server.sign_in(account).await, 201, "{account}");
    }
}

#[tokio::test]
async fn without_the_demo_there_are_no_accounts() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::ready(data.path(), &[]);
    for account in ["citizen-001", "city-admin", "city-security", "city-audit", "tourism-admin", "vendor"] {
        assert_eq!(server.sign_in(account).await, 401, "{account}");
    }
    assert_eq!(server.portal("/api/v1/demo").await.0, 404, "and nothing says that it is one");
    drop(server);
    let init = |password: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yunlong"));
        command.args(["init", "--admin", "chief", "--data"]).arg(data.path()).env("YUNLONG_PASSWORD", password);
        command.output().unwrap()
    };
    assert!(init("yunlong-demo").status.success());
    let again = init("yunlong-demo");
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("already"));
    // The other two administrators get codes, not passwords.
    let mut others = Command::new(env!("CARGO_BIN_EXE_yunlong"));
    others.args(["init", "--security", "guard", "--audit", "watch", "--data"]).arg(data.path());
    let made = String::from_utf8(others.output().unwrap().stdout).unwrap();
    let code = made.lines().find_map(|l| l.strip_prefix("made guard: hand its owner the code ")).unwrap();
    let code = code.split(' ').next().unwrap();
    let server = Server::ready(data.path(), &[]);
    assert_eq!(server.sign_in("chief").await, 403, "outside the demo an administrator enrolls a second factor first");
    assert_eq!(server.sign_in("guard").await, 401, "nobody has a default password");
    let set = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let set = set
        .post(format!("http://127.0.0.1:{}/reset", server.port))
        .header("host", format!("localhost:{}", server.port))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("code={code}&new_password=yunlong-demo&repeat=yunlong-demo"));
    assert_eq!(set.send().await.unwrap().status().as_u16(), 303);
    assert_eq!(server.sign_in("guard").await, 403, "and then a second factor, at the portal");
}

fn refused(mut process: Child) -> String {
    let mut text = String::new();
    process.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(!process.wait().unwrap().success());
    text
}

#[test]
fn what_cannot_work_is_refused_with_the_next_step() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::ready(data.path(), &[]);
    let start =
        |data: &Path, port: u16, more: &[&str]| refused(command(data, port, free_port(), more).spawn().unwrap());

    let text = start(data.path(), free_port(), &[]);
    assert!(text.contains("in use by another process") && text.contains("--data"), "{text}");
    let elsewhere = tempfile::tempdir().unwrap();
    let text = start(elsewhere.path(), server.port, &[]);
    assert!(text.contains("choose another --port"), "{text}");
    let text = start(elsewhere.path(), free_port(), &["--demo", "--install", "no-such.tar@320300"]);
    assert!(text.contains("no-such.tar"), "{text}");
    drop(server);
    std::fs::remove_file(data.path().join("secret.key")).unwrap();
    let text = start(data.path(), free_port(), &[]);
    assert!(text.contains("secret.key") && text.contains("backup"), "{text}");
}
