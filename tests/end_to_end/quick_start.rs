//! The quick start as a user types it, once in each language: six commands from nothing to a page that is served, with
//! a page changed on the way.

use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use yunlong_tests::{Answer, City, Plan, binary, eventually, package};

/// What the list of each template says when it is empty, and what it is changed to.
const BEFORE: &str = "还没有报修";
const AFTER: &str = "眼下没有报修";
/// Getting what the app stands on, its first build, and the compilation of an interpreter.
const FIRST: Duration = Duration::from_secs(900);
/// The second build, and the compilation of what it made. How long it takes is measured by `cargo xtask reload`.
const CHANGE: Duration = Duration::from_secs(600);

/// A user with the program and the toolchains, and no checkout.
struct User {
    folder: tempfile::TempDir,
    server: String,
}

impl User {
    fn of(city: &City) -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, server: format!("http://localhost:{}", city.port()) })
    }

    /// `yunlong`, typed in a folder.
    fn yunlong(&self, folder: &Path, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.args(arguments).current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C");
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.env("XDG_DATA_HOME", self.folder.path().join("data")).env("YUNLONG_SERVER", &self.server);
        // What is fetched and compiled once serves the next run as well: packages of npm and pip, crates, the SDK.
        let shared = package("any")?.parent().context("no folder")?.to_owned();
        command.env("XDG_CACHE_HOME", shared.with_file_name("vendor-cache"));
        command.env("YUNLONG_DEV_CACHE", shared.with_file_name("vendor-cache").join("dev"));
        command.env("CARGO_TARGET_DIR", shared.with_file_name("vendor-apps"));
        command.env_remove("YUNLONG_PASSWORD").env_remove("YUNLONG_TOKEN");
        // What cargo tells this test about itself is nothing to the cargo that it starts.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_")) {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    /// Does it, and answers what it wrote to standard output.
    fn does(&self, folder: &Path, arguments: &[&str]) -> Result<String> {
        let out = self.yunlong(folder, arguments)?.output()?;
        let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        ensure!(out.status.success(), "yunlong {arguments:?}: {stdout}{stderr}");
        Ok(stdout.into_owned())
    }
}

/// `yunlong dev` in another terminal.
struct Dev {
    process: Child,
    lines: Receiver<String>,
    port: u16,
}

impl Dev {
    fn start(user: &User, app: &Path) -> Result<Self> {
        let port = yunlong_test_ports::free_port()?;
        let mut command = user.yunlong(app, &["dev", "--port", &port.to_string()])?;
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (tell, lines) = channel();
        let streams: [Option<Box<dyn std::io::Read + Send>>; 2] =
            [process.stdout.take().map(|s| Box::new(s) as _), process.stderr.take().map(|s| Box::new(s) as _)];
        for stream in streams.into_iter().flatten() {
            let tell = tell.clone();
            std::thread::spawn(move || {
                BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
            });
        }
        Ok(Self { process, lines, port })
    }

    /// The address that it prints.
    fn ready(&self) -> Result<String> {
        let end = Instant::now() + FIRST;
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if let Some(address) = line.strip_prefix("ready ") {
                return Ok(address.to_owned());
            }
            seen.push(line);
        }
        bail!("`yunlong dev` is not ready:\n{}", seen.join("\n"))
    }

    /// Ctrl-C.
    fn interrupt(mut self) -> Result<()> {
        let sent = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status()?;
        ensure!(sent.success(), "kill -INT failed");
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if let Some(status) = self.process.try_wait()? {
                ensure!(status.success(), "`yunlong dev` ended with {status}");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("`yunlong dev` was still there after Ctrl-C")
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The page of an app, whoever serves it.
async fn page(name: &str, port: u16) -> Result<Answer> {
    let host = format!("{name}.localhost");
    let client = reqwest::Client::builder().resolve(&host, ([127, 0, 0, 1], port).into()).build()?;
    let request = client.get(format!("http://{host}:{port}/")).header("accept", "text/html");
    Answer::read(request.header("accept-language", "zh").send().await?).await
}

/// The walk; `file` is where the quick start says that the sentence stands.
async fn walk(language: &str, file: &str) -> Result<()> {
    let city = Plan::with(&[]).citizens(1).start().await?;
    let user = User::of(&city)?;
    let name = format!("repairs-{language}");
    user.does(user.folder.path(), &["new", &name, "--lang", language])?;
    let app: PathBuf = user.folder.path().join(&name);

    let dev = Dev::start(&user, &app)?;
    ensure!(dev.ready()? == format!("http://{name}.localhost:{}", dev.port), "another address");
    let first = page(&name, dev.port).await?;
    ensure!(first.status == 200 && first.text.contains(BEFORE), "{} {}", first.status, first.text);
    let source = std::fs::read_to_string(app.join(file)).with_context(|| format!("{language} has no {file}"))?;
    ensure!(source.contains(BEFORE), "{file} does not say `{BEFORE}`: the quick start does");
    std::fs::write(app.join(file), source.replace(BEFORE, AFTER))?;
    eventually("the page shows the change", CHANGE, async || {
        let page = page(&name, dev.port).await;
        Ok(page.is_ok_and(|p| p.text.contains(AFTER)).then_some(()))
    })
    .await?;
    dev.interrupt()?;

    let played = user.does(&app, &["test", "--lang", "en"])?;
    ensure!(played.contains("1 scenarios, 0 failed"), "{played}");
    user.does(&app, &["package"])?;
    ensure!(app.join(format!("{name}-0.1.0.tar")).is_file(), "no package in {}", app.display());
    // The fifth command is the demo city, which is running.
    let published = user.does(&app, &["publish", "--install"])?;
    let address = format!("http://{name}.localhost:{}/", city.port());
    ensure!(published.lines().last() == Some(address.as_str()), "`{address}` is not the last line of: {published}");
    let served = page(&name, city.port()).await?;
    ensure!(served.status == 200 && served.text.contains(AFTER), "{} {}", served.status, served.text);
    // It is used, not only shown.
    let citizen = city.signed_in(&name, "citizen-001").await?;
    let report = serde_json::json!({ "title": "路灯不亮", "place": "云龙湖东路" });
    let filed = citizen.post("/api/reports", &report).await?;
    ensure!(filed.status == 201, "{} {}", filed.status, filed.text);
    Ok(())
}

#[tokio::test]
async fn from_nothing_to_a_served_page_in_rust() -> Result<()> {
    walk("rust", "src/pages.rs").await
}

#[tokio::test]
async fn from_nothing_to_a_served_page_in_typescript() -> Result<()> {
    walk("typescript", "src/pages.tsx").await
}

#[tokio::test]
async fn from_nothing_to_a_served_page_in_python() -> Result<()> {
    walk("python", "app/templates/list.html").await
}
