//! A vendor's way from nothing to a page that is served: `new`, `build`, the app's own tests, `check`, `package`,
//! `publish`, approved, installed, used. And what goes wrong on it, in one message each.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use yunlong_tests::{City, PASSWORD, Plan, binary, package, vendor_key};

/// A machine that has the program and a toolchain, and no checkout.
struct Machine {
    folder: tempfile::TempDir,
    server: String,
}

impl Machine {
    fn of(server: &str) -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, server: server.to_owned() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        command.env("XDG_CACHE_HOME", self.path("cache")).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("YUNLONG_SERVER", &self.server).env("YUNLONG_PASSWORD", PASSWORD).env("LC_ALL", "C");
        // What cargo tells this test about itself is nothing to the cargo that it starts.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_")) {
                command.env_remove(name);
            }
        }
        command
    }

    fn yunlong(&self, folder: &Path, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(&binary()?, folder).args(arguments).output()?)
    }

    fn does(&self, folder: &Path, arguments: &[&str]) -> Result<String> {
        let out = self.yunlong(folder, arguments)?;
        ensure!(out.status.success(), "{arguments:?}: {}", said(&out));
        Ok(said(&out))
    }

    /// It fails, says why and what to do, and does not panic.
    fn refuses(&self, folder: &Path, arguments: &[&str], because: &str) -> Result<()> {
        let out = self.yunlong(folder, arguments)?;
        let text = said(&out);
        ensure!(!out.status.success(), "{arguments:?} succeeded: {text}");
        ensure!(text.contains(because) && text.contains('→'), "{arguments:?} does not say `{because}`: {text}");
        ensure!(!text.contains("panicked"), "{text}");
        Ok(())
    }

    /// The names in a folder, sorted.
    fn names(&self, folder: &Path) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// What the apps of these tests are compiled in: beside the packages, so that a second run compiles little.
fn target() -> Result<PathBuf> {
    let packages = package("hello")?;
    Ok(packages.parent().context("no folder")?.with_file_name("vendor-apps"))
}

#[tokio::test]
async fn from_nothing_to_a_page_that_is_served() -> Result<()> {
    let city = Plan::with(&[]).citizens(1).start().await?;
    let machine = Machine::of(&format!("http://localhost:{}", city.port()))?;
    let desk = machine.folder.path();
    machine.does(desk, &["new", "street-repairs", "--lang", "rust", "--vendor", "yunlong-demo"])?;
    let app = machine.path("street-repairs");
    let in_app = |arguments: &[&str]| -> Result<String> {
        let mut command = machine.command(&binary()?, &app);
        let out = command.env("CARGO_TARGET_DIR", target()?).args(arguments).output()?;
        ensure!(out.status.success(), "{arguments:?}: {}", said(&out));
        Ok(said(&out))
    };
    // As a colleague has it who cloned the project: without the link.
    std::fs::remove_file(app.join(".yunlong"))?;
    in_app(&["build"])?;
    let played = in_app(&["test", "--lang", "en"])?;
    ensure!(played.contains("1 scenarios, 0 failed"), "{played}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tests = machine.command(Path::new(&cargo), &app);
    let tests = tests.args(["test", "--locked"]).env("CARGO_TARGET_DIR", target()?).output()?;
    ensure!(tests.status.success() && said(&tests).contains("street_repairs"), "{}", said(&tests));

    let checked: Value = serde_json::from_str(&in_app(&["check", "--json"])?)?;
    ensure!(checked["passed"] == true, "{checked:#}");
    let warned: Vec<&Value> = checked["checks"].as_array().context("no checks")?.iter().collect();
    let memory = warned.iter().find(|c| c["check"] == "memory").context("no check of the memory")?;
    ensure!(memory["outcome"] == "pass", "it begins with enough memory: {memory}");

    let key = vendor_key()?.display().to_string();
    in_app(&["package", "--key", &key, "--quiet"])?;
    in_app(&["publish", "--account", "vendor"])?;
    let standing: Value = serde_json::from_str(&in_app(&["status", "--json", "--account", "vendor"])?)?;
    let submission = &standing["submissions"][0];
    ensure!(submission["app"] == "street-repairs" && standing["signed"] == true, "{standing:#}");
    city.approve(submission["number"].as_u64().context("no number")?).await?;
    let digest = submission["digest"].as_str().context("no digest")?;
    let approved = in_app(&["status", "--account", "vendor"])?;
    ensure!(approved.contains("yunlong install"), "{approved}");
    in_app(&["install", digest, "--org", "320303", "--yes", "--account", "city-admin"])?;
    used(&city).await?;
    let installed = in_app(&["status", "--account", "vendor"])?;
    ensure!(installed.contains("street-repairs.localhost") && installed.contains("in use"), "{installed}");

    // The name is this vendor's now.
    let other = ["new", "street-repairs", "--vendor", "somebody-else", "--dir", "other"];
    machine.does(desk, &other)?;
    machine.refuses(&machine.path("other"), &["status", "--account", "vendor"], "belongs to the vendor yunlong-demo")
}

/// The installed app serves its list, takes a report and shows it, in both languages.
async fn used(city: &City) -> Result<()> {
    let visitor = city.client("street-repairs")?;
    ensure!(visitor.page("/", "zh").await?.text.contains("还没有报修"));
    ensure!(visitor.page("/", "en").await?.text.contains("Nothing has been reported yet"));
    let report = serde_json::json!({ "title": "路灯不亮", "place": "云龙湖东路" });
    let form = visitor.page("/new", "zh").await?;
    ensure!(form.status == 303, "nobody reports without signing in: {} {}", form.status, form.text);
    let citizen = city.signed_in("street-repairs", "citizen-001").await?;
    let filed = citizen.post("/api/reports", &report).await?;
    ensure!(filed.status == 201, "{} {}", filed.status, filed.text);
    let id = filed.json()?["id"].as_str().context("no id")?.to_owned();
    let shown = visitor.page(&format!("/reports/{id}"), "zh").await?;
    ensure!(shown.status == 200 && shown.text.contains("路灯不亮"), "{} {}", shown.status, shown.text);
    Ok(())
}

#[test]
fn bad_input_is_one_message_with_the_next_step_and_leaves_nothing_half_made() -> Result<()> {
    // Nobody listens there.
    let machine = Machine::of("http://localhost:9")?;
    let desk = machine.folder.path();
    for (arguments, because) in [
        (vec!["new", "A"], "no name"),
        (vec!["new", "console"], "no name"),
        (vec!["new", "serde"], "something else"),
        (vec!["new", "a", "--vendor", "A B"], "vendor"),
        (vec!["build"], "app.toml"),
        (vec!["check"], "app.toml"),
        (vec!["status"], "app.toml"),
        (vec!["bindgen"], "app.toml"),
        (vec!["build", "nowhere"], "app.toml"),
    ] {
        machine.refuses(desk, &arguments, because)?;
        ensure!(machine.names(desk)?.iter().all(|n| n == "config" || n == "cache"), "{:?}", machine.names(desk)?);
    }
    machine.does(desk, &["new", "a-b", "--lang", "rust"])?;
    machine.refuses(desk, &["new", "a-b"], "there already")?;
    let app = machine.path("a-b");
    let kept = std::fs::read_to_string(app.join("app.toml"))?;
    ensure!(kept.contains("name = \"a-b\"") && kept.contains("vendor = \"my-company\""), "{kept}");
    machine.refuses(&app, &["check"], "no component of `a-b`")?;
    machine.refuses(&app, &["status", "--token", "t"], "does not answer")?;
    machine.refuses(&app, &["publish"], "a-b-0.1.0.tar")?;
    // Without its toolchain.
    let mut without = machine.command(&binary()?, &app);
    let out = without.args(["build"]).env("PATH", "/nonexistent").env_remove("CARGO").env_remove("RUSTC").output()?;
    ensure!(!out.status.success() && said(&out).contains("rustup"), "{}", said(&out));
    // A component that is none, and a manifest that is none.
    std::fs::create_dir(app.join("build"))?;
    std::fs::write(app.join("build/app.wasm"), b"\0asm\x01\0\0\0")?;
    machine.refuses(&app, &["check"], "core module")?;
    std::fs::write(app.join("app.toml"), kept.replace("[[roles]]", "[[rolls]]"))?;
    machine.refuses(&app, &["build"], "rolls")?;
    Ok(())
}

#[test]
fn the_manual_and_the_completions_know_every_command() -> Result<()> {
    let machine = Machine::of("http://localhost:9")?;
    let desk = machine.folder.path();
    for (shell, word) in [("bash", "complete"), ("zsh", "#compdef yunlong"), ("fish", "complete -c yunlong")] {
        let script = machine.does(desk, &["completions", shell])?;
        for command in ["new", "build", "check", "bindgen", "publish", "serve"] {
            ensure!(script.contains(word) && script.contains(command), "{shell} does not know {command}");
        }
    }
    machine.does(desk, &["man", "man1"])?;
    let pages = machine.names(&machine.path("man1"))?;
    for page in ["yunlong.1", "yunlong-new.1", "yunlong-check.1", "yunlong-serve.1"] {
        ensure!(pages.iter().any(|p| p == page), "{page} is not among {pages:?}");
    }
    let page = machine.does(desk, &["man"])?;
    ensure!(page.contains(".TH") && page.contains("yunlong"), "{page}");
    Ok(())
}

#[test]
fn the_doctor_looks_at_a_vendors_machine_and_says_what_to_do() -> Result<()> {
    let machine = Machine::of("http://localhost:9")?;
    let out = machine.yunlong(machine.folder.path(), &["doctor", "--vendor", "--json"])?;
    let found: Value = serde_json::from_slice(&out.stdout).with_context(|| said(&out))?;
    let of = |what: &str| found["checks"].as_array().and_then(|c| c.iter().find(|c| c["what"] == what)).cloned();
    for (what, state) in [("rust", "ok"), ("cache", "ok"), ("key", "advice"), ("platform", "advice")] {
        let check = of(what).with_context(|| format!("no {what}: {found}"))?;
        ensure!(check["state"] == state, "{check}");
        ensure!(state == "ok" || check["next"].is_string(), "it says nothing to do: {check}");
    }
    Ok(())
}
