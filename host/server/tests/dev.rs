//! `yunlong dev` with the real binary and the guestbook, which `cargo xtask guests` has built.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn free_port() -> u16 {
    yunlong_test_ports::free_port().unwrap()
}

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(file)
}

/// A component that `cargo xtask guests` has built, beside this very build.
fn component(name: &str) -> Vec<u8> {
    let target = Path::new(env!("CARGO_BIN_EXE_yunlong")).ancestors().nth(2).unwrap();
    let file = target.join("wasm32-wasip2/guest").join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}: run `cargo xtask guests` first", file.display()))
}

/// The folder of an app that was built.
fn app() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(example("guestbook/app.toml"), dir.path().join("app.toml")).unwrap();
    std::fs::create_dir(dir.path().join("build")).unwrap();
    std::fs::write(dir.path().join("build/app.wasm"), component("guestbook")).unwrap();
    dir
}

struct Dev {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
    /// Where temporary cities are made.
    temporary: tempfile::TempDir,
    client: reqwest::Client,
}

impl Drop for Dev {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn command(dir: &Path, port: u16, temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunlong"));
    command.arg("dev").arg(dir).args(["--port", &port.to_string()]);
    // One cache for all tests: what is compiled once is enough.
    command.env("YUNLONG_DEV_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("dev-cache")).env("TMPDIR", temporary);
    command.env_remove("YUNLONG_LOG").env("LANG", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// An answer: its status, `Location`, `Set-Cookie`, policy and text.
struct Answer {
    status: u16,
    location: String,
    cookie: String,
    policy: String,
    text: String,
}

impl Dev {
    fn start(folder: tempfile::TempDir) -> Self {
        let (port, temporary) = (free_port(), tempfile::tempdir().unwrap());
        let mut process = command(folder.path(), port, temporary.path()).arg("--no-build").spawn().unwrap();
        let stderr = process.stderr.take().unwrap();
        let log = std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).collect::<Vec<_>>());
        let stdout = process.stdout.take().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|l| tell.send(l)));
        if let Ok(line) = told.recv_timeout(Duration::from_secs(60)) {
            assert_eq!(line, format!("ready http://guestbook.localhost:{port}"));
        } else {
            // An app that is refused is waited for, not ended.
            process.kill().unwrap();
            panic!("it is not ready:\n{}", log.join().unwrap().join("\n"));
        }
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { process, port, folder, temporary, client }
    }

    fn host(&self) -> String {
        format!("guestbook.localhost:{}", self.port)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.header("accept", "text/html").header("accept-language", "en").send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
        let (status, location, cookie) = (response.status().as_u16(), header("location"), header("set-cookie"));
        let policy = header("content-security-policy");
        Answer { status, location, cookie, policy, text: response.text().await.unwrap() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = self.client.get(self.url(path)).header("host", self.host());
        self.send(request.header("cookie", cookie)).await
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = self.client.post(self.url(path)).header("host", self.host()).header("cookie", cookie);
        let request =
            request.header("sec-fetch-site", "same-origin").header("origin", format!("http://{}", self.host()));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        self.send(request).await
    }

    /// Becomes somebody by the bar; the cookie of the app's origin.
    async fn become_(&self, account: &str) -> String {
        let answer = self.post("/_city/dev/who", "", &format!("account={account}&return=%2Fwrite")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let at_portal = answer.location.split_once(&format!("localhost:{}", self.port)).unwrap().1;
        let request = self.client.get(self.url(at_portal)).header("host", format!("localhost:{}", self.port));
        let portal = self.send(request).await;
        assert_eq!((portal.status, portal.location), (303, format!("http://{}/write", self.host())));
        assert!(portal.cookie.starts_with("session="), "the portal knows the person as well");
        answer.cookie.split(';').next().unwrap().to_owned()
    }

    /// The number that the bar of a page knows.
    async fn number(&self) -> u64 {
        let page = self.get("/", "").await.text;
        page.split_once("data-number=\"").unwrap().1.split('"').next().unwrap().parse().unwrap()
    }

    /// Waits as an open page does, for at most a minute.
    async fn changed(&self, known: u64) {
        for _ in 0..3 {
            if self.get(&format!("/_city/dev/changed?known={known}"), "").await.status == 200 {
                return;
            }
        }
        panic!("nothing changed");
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(file), bytes).unwrap();
    }
}

const MESSAGE: &str = "name=Li&text=The+lake+is+beautiful";

#[tokio::test]
async fn an_app_is_served_with_a_bar_and_whoever_opens_it_is_whom_they_choose() {
    let dev = Dev::start(app());
    let page = dev.get("/", "").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("id=\"yunlong-dev\"") && page.text.contains("1.0.0-dev.1"), "{}", page.text);
    assert!(page.policy.contains("default-src 'none'") && page.policy.contains("/_city/dev/bar.js"), "{}", page.policy);
    assert!(!page.policy.contains("script-src 'self'"), "scripts of the app stay forbidden: {}", page.policy);
    for file in ["bar.css", "bar.js"] {
        assert_eq!(dev.get(&format!("/_city/dev/{file}"), "").await.status, 200, "{file}");
    }

    let citizen = dev.become_("citizen-001").await;
    let page = dev.get("/write", &citizen).await;
    assert!(page.text.contains("citizen-001)"), "{}", page.text);
    assert_eq!(dev.post("/write", &citizen, MESSAGE).await.status, 303);
    let data = dev.get("/_city/dev/data?collection=entries", "").await;
    assert!(data.text.contains("The lake is beautiful"), "{}", data.text);
    for path in ["", "messages", "notes", "payments", "jobs", "logs", "faults"] {
        let page = dev.get(&format!("/_city/dev/{path}"), &citizen).await;
        assert!(page.status == 200 && page.text.contains("id=\"yunlong-dev\""), "{path}: {}", page.text);
    }
    let nobody = dev.become_("").await;
    assert_eq!(nobody, "session=");
}

#[tokio::test]
async fn other_pages_of_the_browser_reach_nothing() {
    let dev = Dev::start(app());
    let from = |host: &str, origin: Option<&str>| {
        let request = dev.client.get(dev.url("/")).header("host", host);
        origin.map_or_else(|| request.try_clone().unwrap(), |o| request.try_clone().unwrap().header("origin", o))
    };
    let own = dev.host();
    assert_eq!(dev.send(from(&own, None)).await.status, 200);
    assert_eq!(dev.send(from(&own, Some(&format!("http://{own}")))).await.status, 200);
    for (host, origin) in [("evil.example", None), ("127.0.0.1", None), (own.as_str(), Some("https://evil.example"))] {
        assert_eq!(dev.send(from(host, origin)).await.status, 403, "{host} {origin:?}");
    }
    let forged = dev.client.post(dev.url("/_city/dev/who")).header("host", &own).header("sec-fetch-site", "same-site");
    assert_eq!(dev.send(forged.body("account=citizen-001")).await.status, 403);
}

#[tokio::test]
async fn what_changes_takes_over_and_what_is_broken_does_not() {
    let dev = Dev::start(app());
    let first = dev.number().await;
    // Not a component: the one before serves on, and the bar says why.
    dev.write("build/app.wasm", b"no component");
    dev.changed(first).await;
    let page = dev.get("/", "").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("<pre role=\"status\"") && page.text.contains("The version before serves on"),
        "{}",
        page.text
    );

    // Other code, the same app.toml: no new version. A custom section makes it another component.
    let mut other = component("guestbook");
    other.extend_from_slice(&[0, 5, 4, b'n', b'o', b't', b'e']);
    let second = dev.number().await;
    let began = Instant::now();
    dev.write("build/app.wasm", &other);
    dev.changed(second).await;
    eprintln!("new code took over after {:?}", began.elapsed());
    let page = dev.get("/", "").await;
    assert!(page.text.contains("1.0.0-dev.1") && !page.text.contains("<pre role=\"status\""), "{}", page.text);

    // Another app.toml: a version of its own.
    let toml = std::fs::read_to_string(example("guestbook/app.toml")).unwrap();
    let third = dev.number().await;
    dev.write("app.toml", toml.replace("A department", "The department").as_bytes());
    dev.changed(third).await;
    let page = dev.get("/", "").await;
    assert!(page.status == 200 && page.text.contains("1.0.0-dev.2"), "{}", page.text);
    let fourth = dev.number().await;
    dev.write("app.toml", b"name = \"guestbook\"\n");
    dev.changed(fourth).await;
    let page = dev.get("/", "").await;
    assert!(page.status == 200 && page.text.contains("app.toml"), "{}", page.text);
}

#[tokio::test]
async fn faults_come_as_they_are_asked_for() {
    let dev = Dev::start(app());
    let citizen = dev.become_("citizen-002").await;
    assert_eq!(dev.post("/_city/dev/faults", "", "store=yes").await.status, 303);
    assert!(dev.get("/", "").await.status >= 500, "the guestbook cannot read its messages");
    assert_eq!(dev.post("/_city/dev/faults", "", "conflicts=1").await.status, 303);
    assert_eq!(dev.get("/", "").await.status, 200);
    assert_eq!(dev.post("/write", &citizen, MESSAGE).await.status, 303, "the SDK tries again after one conflict");
    let page = dev.get("/_city/dev/faults", "").await.text;
    assert!(page.contains("name=\"conflicts\" min=\"0\" max=\"1000\" value=\"0\""), "{page}");
    assert_eq!(dev.post("/_city/dev/faults", "", "conflicts=1000").await.status, 303);
    assert!(dev.post("/write", &citizen, MESSAGE).await.status >= 400, "no commit comes through");
    assert_eq!(dev.post("/_city/dev/faults", "", "slow=700").await.status, 303);
    let began = Instant::now();
    assert_eq!(dev.get("/", "").await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(700));
}

#[tokio::test]
async fn it_ends_at_once_and_leaves_nothing_behind() {
    let mut dev = Dev::start(app());
    assert_eq!(std::fs::read_dir(dev.temporary.path()).unwrap().count(), 1);
    let began = Instant::now();
    let id = dev.process.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert!(dev.process.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(std::fs::read_dir(dev.temporary.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_work_is_told_with_the_next_step() {
    let temporary = tempfile::tempdir().unwrap();
    let refused = |dir: &Path, port: u16, more: &[&str]| {
        let mut process = command(dir, port, temporary.path()).args(more).spawn().unwrap();
        let mut text = String::new();
        process.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(!process.wait().unwrap().success());
        text
    };
    let empty = tempfile::tempdir().unwrap();
    let text = refused(empty.path(), free_port(), &[]);
    assert!(text.contains("has no app.toml") && text.contains("yunlong new"), "{text}");
    std::fs::write(empty.path().join("app.toml"), "name = 5").unwrap();
    let text = refused(empty.path(), free_port(), &[]);
    assert!(text.contains("mend app.toml"), "{text}");
    std::fs::copy(example("guestbook/app.toml"), empty.path().join("app.toml")).unwrap();
    let text = refused(empty.path(), free_port(), &["--no-build"]);
    assert!(text.contains("app.wasm") && text.contains("yunlong build"), "{text}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = refused(app().path(), taken.local_addr().unwrap().port(), &["--no-build"]);
    assert!(text.contains("--port"), "{text}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "no city is left behind");
}
