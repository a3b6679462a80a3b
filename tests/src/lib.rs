//! A city for a test: the real server in a process of its own, on a free port, with an empty data
//! folder and real packages; and clients that speak HTTP to it.
//!
//! `cargo xtask test` builds the server and the packages and names them in `YUNLONG_BIN` and
//! `YUNLONG_PACKAGES`.
#![deny(missing_docs)]

mod ahead;
mod client;
mod plan;
mod publishing;
mod upload;

use ahead::CityClock;
use anyhow::{Context, Result, bail, ensure};
pub use client::{Answer, Client};
pub use plan::Plan;
pub use publishing::Publishing;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
pub use upload::{upload, upload_all};

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

/// A running city.
pub struct City {
    plan: Plan,
    data: tempfile::TempDir,
    port: u16,
    admin: u16,
    registry: u16,
    process: Option<Child>,
    clock: CityClock,
    log: Arc<Mutex<Vec<String>>>,
}

impl City {
    /// What `yunlong serve --plan` reads.
    fn write_plan(&self) -> Result<PathBuf> {
        let mut text = String::from("install = []\n");
        if !self.plan.apps.is_empty() {
            text.clear();
        }
        for plan::Wanted { app, name, organization } in &self.plan.apps {
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
        ahead::set(&mut serve, self.clock)?;
        serve.arg("serve").arg("--demo").arg("--data").arg(self.data.path());
        serve.arg("--demo-citizens").arg(self.plan.citizens.to_string());
        serve.arg("--port").arg(self.port.to_string()).arg("--admin-port").arg(self.admin.to_string());
        serve.arg("--registry-port").arg(self.registry.to_string());
        serve.arg("--trust-key").arg(vendor_key()?);
        // Each city of a test reviews its apps anew; what faults show of them has tests of its own.
        serve.args(["--option", "registry.fault_seconds=0"]);
        // A busy machine ends slowly what is under way.
        serve.args(["--option", "shutdown.grace_seconds=20"]);
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
    /// When it is still there after a minute, or fails.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let signalled = Command::new("kill").args(["-TERM", &process.id().to_string()]).status()?;
        ensure!(signalled.success(), "kill -TERM failed");
        for _ in 0..1_200 {
            if let Some(status) = process.try_wait()? {
                ensure!(status.success(), "the server ended with {status}:\n{}", self.log().join("\n"));
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
        self.kill();
        bail!("the server was still there a minute after SIGTERM")
    }

    /// Kills the server and starts it again on the same data.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        self.boot().await
    }

    /// As [`City::restart`], after so much time in which nobody did anything: the city's clock is that far ahead of what
    /// it was. Sessions may have ended meanwhile: sign in anew.
    ///
    /// # Errors
    /// When it does not become ready, or libfaketime is not installed.
    pub async fn restart_after(&mut self, time: Duration) -> Result<()> {
        let before = if let CityClock::Ahead(ahead) = self.clock { ahead } else { Duration::ZERO };
        self.clock = CityClock::Ahead(before + time);
        self.restart().await
    }

    /// As [`City::restart`], at this second since 1970, which does not pass: whatever is done is done in it.
    ///
    /// # Errors
    /// When it does not become ready, or libfaketime is not installed.
    pub async fn restart_at(&mut self, second: u64) -> Result<()> {
        self.clock = CityClock::Still(second);
        self.restart().await
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
