//! A city for a test: the real server in a process of its own, on a free port, with an empty data
//! folder and real packages; and clients that speak HTTP to it.
//!
//! `cargo xtask test` builds the server and the packages and names them in `YUNLONG_BIN` and
//! `YUNLONG_PACKAGES`.
#![deny(missing_docs)]

mod upload;

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::hash::{Hash as _, Hasher as _};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
pub use upload::{upload, upload_as};

/// The password of every account of the demo.
pub const PASSWORD: &str = "yunlong-demo";
/// The demo's tourism department, whose officials are `tourism-admin` and `tourism-gate`.
pub const TOURISM: &str = "11320300MB000YL15P";
/// The demo's department of finance, whose official is `finance-admin`.
pub const FINANCE: &str = "11320300MB000YL74T";
/// The demo's department of commerce, whose officials are `commerce-admin`, `-inspector` and `-arbiter`, and `station-1`.
pub const COMMERCE: &str = "11320300MB000YL82M";
/// The demo's department of education, whose official is `education-admin`.
pub const EDUCATION: &str = "11320300MB000YL90G";

fn from_env(name: &str) -> Result<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .with_context(|| format!("{name} is not set: run the tests with `cargo xtask test`"))
}

/// What the cities of a run share, beside their packages; a run of all tests begins without it.
fn shared(what: &str) -> Result<PathBuf> {
    let packages = from_env("YUNLONG_PACKAGES")?;
    Ok(std::path::absolute(packages.parent().unwrap_or(&packages))?.join("cities").join(what))
}

/// The `yunlong` binary under test.
///
/// # Errors
/// When the environment does not name it.
pub fn binary() -> Result<PathBuf> {
    from_env("YUNLONG_BIN")
}

/// The signed package of an app.
///
/// # Errors
/// When the environment does not name the folder.
pub fn package(app: &str) -> Result<PathBuf> {
    Ok(from_env("YUNLONG_PACKAGES")?.join(format!("{app}.tar")))
}

/// The component of a guest as cargo built it.
///
/// # Errors
/// When the environment does not name the folder.
pub fn component(app: &str) -> Result<PathBuf> {
    let packages = from_env("YUNLONG_PACKAGES")?;
    let target = packages.parent().context("YUNLONG_PACKAGES is no folder of a target folder")?;
    Ok(target.join("wasm32-wasip2/guest").join(format!("{}.wasm", app.replace('-', "_"))))
}

/// The demo vendor's key.
///
/// # Errors
/// When the environment does not name the folder.
pub fn vendor_key() -> Result<PathBuf> {
    Ok(from_env("YUNLONG_PACKAGES")?.join("demo-vendor.pem"))
}

/// An installation.
#[derive(Clone, Debug)]
struct Wanted {
    app: String,
    name: String,
    organization: String,
}

/// What a test's city starts with.
#[derive(Clone, Debug)]
pub struct Plan {
    apps: Vec<Wanted>,
    citizens: u32,
    config: Vec<(String, String, String)>,
    args: Vec<String>,
}

impl Plan {
    /// A city with these apps, each under its own name: each department's app is its own, the others are the city's.
    #[must_use]
    pub fn with(apps: &[&str]) -> Self {
        let of = |app: &str| match app {
            "tourism-ticketing" => TOURISM,
            "logistics-finance" => FINANCE,
            "rural-ecommerce" => COMMERCE,
            "education-resources" => EDUCATION,
            _ => "320300",
        };
        Self { apps: Vec::new(), citizens: 20, config: Vec::new(), args: Vec::new() }.of_all(apps, of)
    }

    fn of_all(self, apps: &[&str], of: impl Fn(&str) -> &'static str) -> Self {
        apps.iter().fold(self, |plan, app| plan.another(app, app, of(app)))
    }

    /// One more installation: of an app, under a name, for an organization.
    #[must_use]
    pub fn another(mut self, app: &str, name: &str, organization: &str) -> Self {
        let (app, name, organization) = (app.to_owned(), name.to_owned(), organization.to_owned());
        self.apps.push(Wanted { app, name, organization });
        self
    }

    /// This many citizens, `citizen-001` and on.
    #[must_use]
    pub fn citizens(mut self, n: u32) -> Self {
        self.citizens = n;
        self
    }

    /// Sets a value, as TOML, of an installation's configuration.
    #[must_use]
    pub fn config(mut self, installation: &str, key: &str, value: &str) -> Self {
        self.config.push((installation.to_owned(), key.to_owned(), value.to_owned()));
        self
    }

    /// Gives `yunlong serve` these arguments as well.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|a| (*a).to_owned()));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the server does not become ready within five minutes (each package is probed before it is installed); the
    /// error has its output.
    pub async fn start(self) -> Result<City> {
        self.start_in(tempfile::tempdir()?).await
    }

    /// Starts a city that was founded already, with this plan: by the first test that wants it, and the others have
    /// copies of its data folder. So an app is reviewed once, which takes a large one with many scenarios a minute.
    /// The server's log tells nothing of the founding.
    ///
    /// # Errors
    /// As [`Plan::start`].
    pub async fn start_copied(self) -> Result<City> {
        let founded = self.founded().await?;
        let data = tempfile::tempdir()?;
        copy(&founded.join("."), data.path())?;
        self.start_in(data).await
    }

    /// The data folder of the founded city.
    async fn founded(&self) -> Result<PathBuf> {
        let folder = shared(&format!("{:016x}", self.fingerprint()?))?;
        std::fs::create_dir_all(folder.parent().unwrap_or(&folder))?;
        // Tests run in processes of their own.
        let lock = std::fs::File::create(folder.with_extension("lock"))?;
        lock.lock()?;
        if !folder.exists() {
            let mut city = self.clone().start().await?;
            city.stop().await?;
            let aside = folder.with_extension("new");
            let _ = std::fs::remove_dir_all(&aside);
            copy(city.data(), &aside)?;
            std::fs::rename(&aside, &folder)?;
        }
        Ok(folder)
    }

    /// What a founded city hangs on: the plan, the server and the packages.
    fn fingerprint(&self) -> Result<u64> {
        let mut hash = std::hash::DefaultHasher::new();
        format!("{self:?}").hash(&mut hash);
        let packages = self.apps.iter().map(|wanted| package(&wanted.app)).collect::<Result<Vec<_>>>()?;
        for file in [binary()?].iter().chain(&packages) {
            let meta = std::fs::metadata(file).with_context(|| file.display().to_string())?;
            (meta.len(), meta.modified()?).hash(&mut hash);
        }
        Ok(hash.finish())
    }

    /// Starts it on a data folder that is there: a restored one.
    ///
    /// # Errors
    /// As [`Plan::start`].
    pub async fn start_in(self, data: tempfile::TempDir) -> Result<City> {
        let [port, admin, registry] = free_ports()?;
        let mut city = City { plan: self, data, port, admin, registry, process: None, log: Arc::default() };
        city.boot().await?;
        Ok(city)
    }
}

/// Copies a folder with its files' modes.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().context("cannot start cp")?;
    ensure!(copied.success(), "cannot copy {} to {}", from.display(), to.display());
    Ok(())
}

/// Ports that nobody listens on: held together, so that they differ.
fn free_ports() -> Result<[u16; 3]> {
    let listen = || std::net::TcpListener::bind(("127.0.0.1", 0));
    let held = [listen()?, listen()?, listen()?];
    let [a, b, c] = held.each_ref().map(|l| l.local_addr().map(|at| at.port()));
    Ok([a?, b?, c?])
}

/// A running city.
pub struct City {
    plan: Plan,
    data: tempfile::TempDir,
    port: u16,
    admin: u16,
    registry: u16,
    process: Option<Child>,
    log: Arc<Mutex<Vec<String>>>,
}

impl City {
    /// What `yunlong serve --plan` reads.
    fn write_plan(&self) -> Result<PathBuf> {
        let mut text = String::from("install = []\n");
        if !self.plan.apps.is_empty() {
            text.clear();
        }
        for Wanted { app, name, organization } in &self.plan.apps {
            text += &format!(
                "[[install]]\npackage = {:?}\nname = \"{name}\"\norganization = \"{organization}\"\n[install.config]\n",
                package(app)?
            );
            for (_, key, value) in self.plan.config.iter().filter(|(of, _, _)| of == name) {
                text += &format!("{key} = {value}\n");
            }
        }
        let path = self.data.path().join("plan.toml");
        std::fs::write(&path, text)?;
        Ok(path)
    }

    async fn boot(&mut self) -> Result<()> {
        let mut serve = Command::new(binary()?);
        serve.arg("serve").arg("--demo").arg("--data").arg(self.data.path());
        serve.arg("--demo-citizens").arg(self.plan.citizens.to_string());
        serve.arg("--port").arg(self.port.to_string()).arg("--admin-port").arg(self.admin.to_string());
        serve.arg("--registry-port").arg(self.registry.to_string());
        serve.arg("--trust-key").arg(vendor_key()?);
        // Each city of a test reviews its apps anew; what faults show of them has tests of its own.
        serve.args(["--option", "registry.fault_seconds=0"]);
        // The same few components run in a hundred cities: they are compiled once.
        serve.arg("--option").arg(format!("runtime.compiled={:?}", shared("compiled")?));
        serve.arg("--plan").arg(self.write_plan()?).args(&self.plan.args);
        let mut child = serve
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start yunlong")?;
        let (ready, mut is_ready) = tokio::sync::mpsc::unbounded_channel();
        let log = Arc::clone(&self.log);
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    if line.starts_with("ready ") {
                        let _ = ready.send(line);
                    }
                }
            });
        }
        if let Some(err) = child.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(err).lines().map_while(Result::ok) {
                    if let Ok(mut log) = log.lock() {
                        log.push(line);
                    }
                }
            });
        }
        self.process = Some(child);
        match tokio::time::timeout(Duration::from_secs(300), is_ready.recv()).await {
            Ok(Some(line)) => {
                ensure!(line == format!("ready http://localhost:{}", self.port), "unexpected line: {line}");
                Ok(())
            }
            _ => bail!("the server did not become ready:\n{}", self.log().join("\n")),
        }
    }

    /// What the server wrote to its log so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().map(|l| l.clone()).unwrap_or_default()
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The portal's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The registry's address, as its clients see it.
    #[must_use]
    pub fn registry(&self) -> String {
        format!("http://localhost:{}", self.registry)
    }

    /// The server's process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Kills the server with SIGKILL, as a power switch would.
    pub fn kill(&mut self) {
        if let Some(mut p) = self.process.take() {
            let _ = p.kill();
            let _ = p.wait();
        }
    }

    /// Asks the server to stop with SIGTERM, as an operator does, and waits for its end.
    ///
    /// # Errors
    /// When it is still there after ten seconds, or fails.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let signalled = Command::new("kill").args(["-TERM", &process.id().to_string()]).status()?;
        ensure!(signalled.success(), "kill -TERM failed");
        for _ in 0..200 {
            if let Some(status) = process.try_wait()? {
                ensure!(status.success(), "the server ended with {status}:\n{}", self.log().join("\n"));
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
        self.kill();
        bail!("the server was still there ten seconds after SIGTERM")
    }

    /// Kills the server and starts it again on the same data.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        self.boot().await
    }

    /// As [`City::restart`], with these arguments of `yunlong serve` instead of the former ones.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn restart_with(&mut self, args: &[&str]) -> Result<()> {
        self.plan.args = args.iter().map(|a| (*a).to_owned()).collect();
        self.restart().await
    }

    /// A client that has not signed in. `label` is an installation, `console`, or empty for the portal.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn client(&self, label: &str) -> Result<Client> {
        let host = if label.is_empty() { "localhost".to_owned() } else { format!("{label}.localhost") };
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let http = reqwest::Client::builder()
            .resolve(&host, address)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Client { http, base: format!("http://{host}:{}", self.port), token: None })
    }

    /// A client with a bearer token of this account.
    ///
    /// # Errors
    /// When the account cannot sign in.
    pub async fn signed_in(&self, label: &str, account: &str) -> Result<Client> {
        let token = self.token(account).await?;
        Ok(self.client(label)?.with_token(token))
    }

    /// A client as [`City::signed_in`], of a session in which the account acts for somebody: its first mandate of a
    /// company or person that the portal calls so.
    ///
    /// # Errors
    /// When the account cannot sign in, or has no such mandate.
    pub async fn acting(&self, label: &str, account: &str, grantor: &str) -> Result<Client> {
        let token = self.token(account).await?;
        let portal = self.client("")?.with_token(token.clone());
        let held = portal.page("/mandates", "zh").await?.text;
        let entry = held.split(&format!("<strong>{grantor}</strong>")).nth(1);
        let mandate = entry.and_then(|e| e.split("name=\"mandate\" value=\"").nth(1)?.split('"').next());
        let mandate = mandate.with_context(|| format!("{account} has no mandate of {grantor}"))?;
        let chosen = portal.form("/mandates/act", &[("mandate", mandate)]).await?;
        ensure!(chosen.status == 303, "acting for {grantor}: {} {}", chosen.status, chosen.text);
        Ok(self.client(label)?.with_token(token))
    }

    /// A bearer token, from `POST /api/v1/sessions`.
    ///
    /// # Errors
    /// When the answer is not 201 with a token.
    pub async fn token(&self, account: &str) -> Result<String> {
        let a = self.client("")?.post("/api/v1/sessions", &json!({"account": account, "password": PASSWORD})).await?;
        ensure!(a.status == 201, "sign-in of {account}: {} {}", a.status, a.text);
        Ok(a.json()?["token"].as_str().context("no token")?.to_owned())
    }

    /// Tokens of many accounts, a few at a time.
    ///
    /// # Errors
    /// When one cannot sign in.
    pub async fn tokens(&self, accounts: impl IntoIterator<Item = String>) -> Result<Vec<String>> {
        use futures::{StreamExt as _, TryStreamExt as _};
        futures::stream::iter(accounts).map(|a| async move { self.token(&a).await }).buffered(4).try_collect().await
    }

    /// The two at the console who bring a package in.
    ///
    /// # Errors
    /// When they cannot sign in.
    pub async fn publishing(&self) -> Result<Publishing> {
        let vendor = self.signed_in("console", "vendor").await?;
        Ok(Publishing { vendor, reviewer: self.signed_in("console", "city-reviewer").await? })
    }

    /// See [`Publishing::publish`].
    ///
    /// # Errors
    /// When it is refused.
    pub async fn publish(&self, tar: Vec<u8>) -> Result<Value> {
        self.publishing().await?.publish(tar).await
    }

    /// See [`Publishing::approve`].
    ///
    /// # Errors
    /// When a check failed.
    pub async fn approve(&self, number: u64) -> Result<()> {
        self.publishing().await?.approve(number).await
    }

    /// See [`Publishing::publish_and_approve`], of a file.
    ///
    /// # Errors
    /// When it is refused, or a check failed.
    pub async fn publish_and_approve(&self, file: impl AsRef<Path>) -> Result<String> {
        self.publishing().await?.publish_and_approve(std::fs::read(file)?).await
    }

    /// A page of the admin listener.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn admin(&self, path: &str) -> Result<Answer> {
        let response = reqwest::Client::new().get(format!("http://127.0.0.1:{}{path}", self.admin)).send().await?;
        Answer::read(response).await
    }

    /// Runs the command line against this city.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn cli(&self, args: &[&str]) -> Result<std::process::Output> {
        Ok(Command::new(binary()?)
            .args(args)
            .env("YUNLONG_SERVER", format!("http://localhost:{}", self.port))
            .env("XDG_CONFIG_HOME", self.data.path().join("config"))
            .stdin(Stdio::null())
            .output()?)
    }
}

impl Drop for City {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The demo vendor's developer, who publishes, and the city's reviewer, who approves: they are never one person.
#[derive(Clone)]
pub struct Publishing {
    vendor: Client,
    reviewer: Client,
}

impl Publishing {
    /// Submits a package's tar; answers the submission.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn publish(&self, tar: Vec<u8>) -> Result<Value> {
        let upload = self.vendor.request(reqwest::Method::POST, "/api/v1/packages").body(tar);
        let answer = Answer::read(upload.send().await?).await?;
        // 200: these bytes were submitted before.
        ensure!(matches!(answer.status, 200 | 201), "publish: {} {}", answer.status, answer.text);
        answer.json()
    }

    /// Waits for the checks of a submission to end; answers it with its findings.
    ///
    /// # Errors
    /// When they do not end.
    pub async fn checked(&self, number: u64) -> Result<Value> {
        // Written out: the future of an async closure is not known to be `Send`.
        for _ in 0..2_400 {
            let submission = self.reviewer.get(&format!("/api/v1/submissions/{number}")).await?.json()?;
            if !matches!(submission["state"].as_str(), Some("submitted" | "checking")) {
                return Ok(submission);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the checks of submission {number} did not end within four minutes")
    }

    /// Waits for the checks of a submission and approves it: from then on it can be installed.
    ///
    /// # Errors
    /// When a check failed; then the error has the findings.
    pub async fn approve(&self, number: u64) -> Result<()> {
        let checked = self.checked(number).await?;
        if checked["state"] == "approved" {
            return Ok(());
        }
        ensure!(checked["state"] == "waiting", "submission {number} cannot be reviewed: {checked}");
        let yes = json!({"remark": "looked at by the tests", "findings": checked["checked"]["findings"]});
        for (step, body) in [("assign", json!({})), ("approve", yes)] {
            let taken = self.reviewer.post(&format!("/api/v1/submissions/{number}/{step}"), &body).await?;
            ensure!(taken.status == 200, "{step}: {} {}", taken.status, taken.text);
        }
        Ok(())
    }

    /// Submits a package's tar and approves it; answers its digest.
    ///
    /// # Errors
    /// When it is refused, or a check failed.
    pub async fn publish_and_approve(&self, tar: Vec<u8>) -> Result<String> {
        let submission = self.publish(tar).await?;
        self.approve(submission["number"].as_u64().context("no number")?).await?;
        Ok(submission["digest"].as_str().context("no digest")?.to_owned())
    }
}

/// An HTTP client of one origin.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// The same client with a bearer token.
    #[must_use]
    pub fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// A request to this origin, to be changed before it is sent.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let r = self.http.request(method, format!("{}{path}", self.base)).header("accept", "application/json");
        match &self.token {
            Some(t) => r.bearer_auth(t),
            None => r,
        }
    }

    /// GET, as JSON.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        Answer::read(self.request(reqwest::Method::GET, path).send().await?).await
    }

    /// GET, as a page in a language.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn page(&self, path: &str, lang: &str) -> Result<Answer> {
        // `header` would add a second `accept` to the one that asks for JSON.
        let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/html"))]);
        let r = self.request(reqwest::Method::GET, path).headers(accept).header("accept-language", lang);
        Answer::read(r.send().await?).await
    }

    /// POST of a JSON body.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        Answer::read(self.request(reqwest::Method::POST, path).json(body).send().await?).await
    }

    /// POST of a form (`application/x-www-form-urlencoded`), asking for JSON.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let mut body = reqwest::Url::parse("http://localhost")?;
        body.query_pairs_mut().extend_pairs(fields);
        let r = self
            .request(reqwest::Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.query().unwrap_or("").to_owned());
        Answer::read(r.send().await?).await
    }

    /// Any method, with a JSON body.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn send(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut r = self.request(method, path);
        if let Some(b) = body {
            r = r.json(b);
        }
        Answer::read(r.send().await?).await
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Reads a response.
    ///
    /// # Errors
    /// When the body breaks off.
    pub async fn read(response: reqwest::Response) -> Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: String::from_utf8_lossy(&response.bytes().await?).into_owned() })
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("{} with no JSON: {}", self.status, self.text))
    }

    /// A header's value, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// The body as a problem document of RFC 9457 with this status.
    ///
    /// # Errors
    /// When it is something else.
    pub fn problem(&self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "{status} expected: {} {}", self.status, self.text);
        ensure!(
            self.header("content-type").starts_with("application/problem+json"),
            "no problem document: {}",
            self.text
        );
        let json = self.json()?;
        ensure!(json["status"] == status && json["title"].is_string(), "not RFC 9457: {json}");
        Ok(json)
    }
}

/// All files below a folder; a socket is none.
///
/// # Errors
/// When it cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

/// Asks again until `check` answers something, for at most `limit`.
///
/// # Errors
/// When the time is over, or `check` fails.
pub async fn eventually<T, F: AsyncFnMut() -> Result<Option<T>>>(
    what: &str,
    limit: Duration,
    mut check: F,
) -> Result<T> {
    let end = tokio::time::Instant::now() + limit;
    loop {
        if let Some(t) = check().await? {
            return Ok(t);
        }
        ensure!(tokio::time::Instant::now() < end, "it did not happen within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A valid synthetic resident ID (GB 11643) of Gulou, born on a day of 1990, different for each `n` under 10,000.
#[must_use]
pub fn resident_id(n: u32) -> String {
    let body = format!("3203021990{:02}{:02}{:03}", n / 1000 % 12 + 1, n / 100 % 28 + 1, n % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// A day from now in Shanghai, as `YYYY-MM-DD`.
#[must_use]
pub fn day(offset: i64) -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    // Civil date from days since 1970, after H. Hinnant's `civil_from_days`.
    let days = (i64::try_from(seconds).unwrap_or(0) + 8 * 3_600).div_euclid(86_400) + offset + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
