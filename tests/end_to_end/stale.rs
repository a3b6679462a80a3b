//! What was built or packaged before the sources changed: said by what looks at it, refused by what publishes it; and
//! what becomes of the demo's apps when it is started with newer ones.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};
use yunlong_tests::{Plan, binary, component, vendor_key};

const COMPONENT: &str = "build/app.wasm";
const SOURCE: &str = "src/lib.rs";

/// An app's folder with a component, and a source that is older than it.
struct App(tempfile::TempDir);

impl App {
    fn of(name: &str, component: &Path) -> Result<Self> {
        let app = Self(tempfile::tempdir()?);
        for folder in ["build", "src"] {
            std::fs::create_dir(app.path(folder))?;
        }
        app.manifest(name, "1.0.0", "Hello")?;
        std::fs::copy(component, app.path(COMPONENT))?;
        std::fs::write(app.path(SOURCE), "// the source\n")?;
        app.written(&["app.toml", SOURCE], 3_600)?;
        app.written(&[COMPONENT], 1_800)?;
        Ok(app)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn manifest(&self, name: &str, version: &str, title: &str) -> Result<()> {
        let text = format!(
            "name = \"{name}\"\nversion = \"{version}\"\nvendor = \"yunlong-demo\"\ntitle = {{ zh = \"你好\", en = \"{title}\" }}\ndescription = {{ zh = \"问好\", en = \"Greets\" }}\n"
        );
        Ok(std::fs::write(self.path("app.toml"), text)?)
    }

    /// Says of files that they were written so many seconds ago.
    fn written(&self, files: &[&str], seconds_ago: u64) -> Result<()> {
        for name in files {
            let file = std::fs::File::options().write(true).open(self.path(name))?;
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds_ago))?;
        }
        Ok(())
    }

    /// `yunlong`, typed in the folder by somebody who has no session, where no platform answers.
    fn yunlong(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(binary()?);
        command.args(arguments).current_dir(self.0.path());
        command
            .env("LC_ALL", "C")
            .env("XDG_CONFIG_HOME", self.path(".config"))
            .env("XDG_CACHE_HOME", self.path(".cache"));
        // What cargo built elsewhere is no component of this app.
        command.env_remove("CARGO_TARGET_DIR").env("YUNLONG_SERVER", "http://localhost:9");
        Ok(command.output()?)
    }

    fn package(&self, output: &str) -> Result<()> {
        let key = vendor_key()?.display().to_string();
        let out = self.yunlong(&["package", "--component", COMPONENT, "--key", &key, "--output", output, "--quiet"])?;
        ensure!(out.status.success(), "{}", said(&out));
        Ok(())
    }
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

const NEWER: &str = "there are sources newer than";

#[test]
fn check_says_that_it_looks_at_an_old_build() -> Result<()> {
    let app = App::of("hello", &component("hello")?)?;
    let fresh = said(&app.yunlong(&["check"])?);
    ensure!(!fresh.contains(NEWER) && fresh.contains("imports"), "{fresh}");
    app.written(&[SOURCE], 0)?;
    let stale = said(&app.yunlong(&["check"])?);
    ensure!(stale.contains(NEWER) && stale.contains("yunlong build") && stale.contains("imports"), "{stale}");
    let named = said(&app.yunlong(&["check", "--component", COMPONENT])?);
    ensure!(!named.contains(NEWER), "who names a file means that file: {named}");
    Ok(())
}

#[test]
fn replay_says_that_it_runs_an_old_build() -> Result<()> {
    let abuser = component("abuser")?;
    let app = App::of("abuser", &abuser)?;
    let dir = tempfile::tempdir()?;
    let journal = crate::replay::journal(dir.path(), "/trap")?.display().to_string();
    let cache = abuser.parent().context("a component without a folder")?.join("replay").display().to_string();
    let fresh = app.yunlong(&["replay", &journal, "--cache", &cache])?;
    ensure!(fresh.status.success() && !said(&fresh).contains(NEWER), "{}", said(&fresh));
    app.written(&[SOURCE], 0)?;
    let stale = app.yunlong(&["replay", &journal, "--cache", &cache])?;
    ensure!(stale.status.success() && said(&stale).contains(NEWER), "it replays all the same: {}", said(&stale));
    let named = app.yunlong(&["replay", &journal, "--cache", &cache, "--component", COMPONENT])?;
    ensure!(named.status.success() && !said(&named).contains(NEWER), "{}", said(&named));
    Ok(())
}

#[test]
fn a_package_that_is_older_than_the_sources_is_published_only_by_its_name() -> Result<()> {
    let app = App::of("hello", &component("hello")?)?;
    let tar = "hello-1.0.0.tar";
    app.package(tar)?;
    // Nothing answers here: that is what whoever is let through is told.
    let through = |out: &Output| !out.status.success() && !said(out).contains(NEWER);
    let fresh = app.yunlong(&["publish"])?;
    ensure!(through(&fresh), "{}", said(&fresh));

    for source in [SOURCE, "app.toml"] {
        app.written(&[tar], 1_200)?;
        app.written(&["app.toml", SOURCE], 3_600)?;
        app.written(&[source], 600)?;
        let stale = app.yunlong(&["publish"])?;
        let text = said(&stale);
        ensure!(!stale.status.success() && text.contains(NEWER) && text.contains(tar), "{source}: {text}");
        ensure!(text.contains("`yunlong package`") && text.contains(&format!("`yunlong publish {tar}`")), "{text}");
        let named = app.yunlong(&["publish", tar])?;
        ensure!(through(&named), "who names a file means that file: {}", said(&named));
    }

    app.package(tar)?;
    let again = app.yunlong(&["publish"])?;
    ensure!(through(&again), "packaged anew, it is no longer old: {}", said(&again));
    Ok(())
}

/// The version of the demo's app that runs, and the title that its manifest has.
async fn runs(city: &yunlong_tests::City) -> Result<(String, String)> {
    let console = city.signed_in("console", "city-admin").await?;
    let answer = console.get("/api/v1/installations/hello").await?.json()?;
    let package = answer["package"].as_str().context("no package")?;
    let package = console.get(&format!("/api/v1/packages/{package}")).await?.json()?;
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    Ok((text(&answer["version"]), text(&package["title"]["en"])))
}

/// The demo is started with packages; what is installed already follows them to a newer version, and never to another
/// build of the same one.
#[tokio::test]
async fn the_demo_follows_a_newer_package_and_keeps_what_another_build_of_the_same_version_would_replace() -> Result<()>
{
    let app = App::of("hello", &component("hello")?)?;
    let release = |version: &str, title: &str, file: &str| -> Result<String> {
        app.manifest("hello", version, title)?;
        app.package(file)?;
        Ok(format!("{}@320300", app.path(file).display()))
    };
    let first = release("1.0.0", "Hello", "first.tar")?;
    let rebuilt = release("1.0.0", "Hello again", "rebuilt.tar")?;
    let newer = release("1.1.0", "Hello, newer", "newer.tar")?;

    let mut city = Plan::with(&[]).citizens(1).args(&["--install", &first]).start().await?;
    let is = |version: &str, title: &str| (version.to_owned(), title.to_owned());
    ensure!(runs(&city).await? == is("1.0.0", "Hello"), "{:?}", runs(&city).await?);

    let told = |city: &yunlong_tests::City| {
        city.log().iter().filter(|l| l.contains("hello: 1.") && l.contains("is installed")).count()
    };
    city.restart_with(&["--install", &first]).await?;
    ensure!(runs(&city).await? == is("1.0.0", "Hello") && told(&city) == 0, "the same package is no news");

    city.restart_with(&["--install", &rebuilt]).await?;
    ensure!(runs(&city).await? == is("1.0.0", "Hello"), "{:?}", runs(&city).await?);
    ensure!(told(&city) == 1, "that it stays is said once: {}", city.log().join("\n"));

    city.restart_with(&["--install", &newer]).await?;
    ensure!(runs(&city).await? == is("1.1.0", "Hello, newer"), "{:?}", runs(&city).await?);
    ensure!(city.client("hello")?.page("/", "zh").await?.status == 200);

    city.restart_with(&["--install", &first]).await?;
    ensure!(runs(&city).await? == is("1.1.0", "Hello, newer"), "an older package takes nothing back");
    ensure!(told(&city) == 2, "{}", city.log().join("\n"));
    Ok(())
}
