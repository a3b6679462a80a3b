//! `yunlong test`: scenarios of real apps in the real runtime, faults at each host call, reports, and what it
//! refuses.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// `yunlong test` on an app of this repository. Compiled code is shared by the tests of this file.
fn test(folder: &Path, component: &Path, args: &[&str]) -> Result<Output> {
    let cache = component.parent().context("a component without a folder")?.join("workbench");
    Ok(Command::new(yunlong_tests::binary()?)
        .arg("test")
        .arg(folder)
        .arg("--component")
        .arg(component)
        .arg("--cache")
        .arg(cache)
        .args(args)
        .env("LC_ALL", "C")
        .output()?)
}

fn app(folder: &str, args: &[&str]) -> Result<Output> {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    test(&root().join(folder), &yunlong_tests::component(name)?, args)
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// The component of a package, whichever tools built it.
fn packaged(app: &str) -> Result<PathBuf> {
    let file = yunlong_tests::package(app)?;
    let package = yunlong_registry::package::open(&file, &yunlong_registry::Limits::default())?;
    let component = file.with_file_name(format!("{app}-packaged.wasm"));
    std::fs::write(&component, &package.component)?;
    Ok(component)
}

/// Every scenario of an app passes, and bears a fault at each host call of it.
fn bears_faults(folder: &str) -> Result<()> {
    bears(folder, &["--faults"])
}

/// Every scenario of an app passes, and bears the faults that these arguments ask for.
fn bears(folder: &str, args: &[&str]) -> Result<()> {
    let folder = root().join(folder);
    let name = folder.file_name().and_then(|n| n.to_str()).context("no name")?;
    let out = test(&folder, &packaged(name)?, args)?;
    let said = said(&out);
    ensure!(out.status.success(), "{}: {said}", folder.display());
    // Passing because nothing was tried is no passing; `hello` alone asks the city for nothing.
    let runs = said.rsplit_once(" runs with faults").and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok());
    ensure!(name == "hello" || runs.is_some_and(|n: u32| n > 0), "no fault was tried: {said}");
    Ok(())
}

/// Every folder of `examples/` is played, by one of these tests.
const LESSONS: [&str; 9] =
    ["hello", "guestbook", "library", "canteen", "potholes", "ticker", "residents", "parking", "mandates"];

#[test]
fn the_lessons_in_rust_pass_and_bear_faults() -> Result<()> {
    LESSONS[..7].iter().try_for_each(|lesson| bears_faults(&format!("examples/{lesson}")))
}

#[test]
fn the_lesson_in_python_passes_and_bears_faults() -> Result<()> {
    bears_one_in(5, "examples/parking")
}

#[test]
fn the_lesson_in_typescript_passes_and_bears_faults() -> Result<()> {
    bears_faults("examples/mandates")
}

#[test]
fn no_lesson_is_left_out() -> Result<()> {
    for entry in std::fs::read_dir(root().join("examples"))? {
        let folder = entry?.path();
        let name = folder.file_name().and_then(|n| n.to_str()).context("no name")?;
        ensure!(!folder.join("app.toml").exists() || LESSONS.contains(&name), "{name} is played by no test");
    }
    Ok(())
}

#[test]
fn a_ticket_sold_outside_of_the_transaction_passes_until_a_fault_comes_between() -> Result<()> {
    let folder = "tests/guests/careless";
    let fine = app(folder, &[])?;
    ensure!(fine.status.success(), "{}", said(&fine));

    let dir = tempfile::tempdir()?;
    let (junit, html) = (dir.path().join("report.xml"), dir.path().join("report.html"));
    let (junit_arg, html_arg) = (junit.display().to_string(), html.display().to_string());
    let out = app(folder, &["--faults", "--junit", &junit_arg, "--html", &html_arg])?;
    ensure!(out.status.code() == Some(1), "{}", said(&out));
    let text = said(&out);
    for wanted in [
        "cut off before host call",
        "answered an error",
        "city:data/collections.transaction.",
        "each-seat-has-its-ticket",
        // The counter in question.
        r#"{"key":"evening","value":1}"#,
        "1 = 0",
        "into one transaction",
    ] {
        ensure!(text.contains(wanted), "`{wanted}` is not in: {text}");
    }
    let chinese = said(&app(folder, &["--faults", "--lang", "zh"])?);
    ensure!(chinese.contains("之前中断") && chinese.contains("每个被占的座位都有一张票"), "{chinese}");
    let junit = std::fs::read_to_string(junit)?;
    ensure!(
        junit.contains("<testsuites") && junit.contains("<failure ") && junit.contains("each-seat-has-its-ticket"),
        "{junit}"
    );
    let html = std::fs::read_to_string(html)?;
    ensure!(html.contains("each-seat-has-its-ticket") && !html.contains("<script"), "{html}");
    Ok(())
}

/// All of its three scenarios: buying, giving back, and a hold that ends.
#[test]
fn ticketing_passes_and_bears_a_fault_at_each_host_call() -> Result<()> {
    bears_faults("plugins/tourism-ticketing")
}

#[test]
fn logistics_finance_passes_and_bears_a_fault_at_each_host_call() -> Result<()> {
    bears_faults("plugins/logistics-finance")
}

/// One fault in `of`, of every step some, where there are hundreds or an interpreter takes its time for each; all of
/// them, which takes minutes, with `cargo xtask test --all-faults`.
fn one_in(of: u32) -> Vec<String> {
    let mut args = vec!["--faults".to_owned()];
    if std::env::var_os("YUNLONG_ALL_FAULTS").is_none() {
        args.extend(["--shard".to_owned(), format!("1/{of}")]);
    }
    args
}

fn bears_one_in(of: u32, folder: &str) -> Result<()> {
    bears(folder, &one_in(of).iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn rural_e_commerce_passes_and_bears_faults() -> Result<()> {
    bears_one_in(5, "plugins/rural-ecommerce")
}

/// An app that carries an interpreter takes several times as long for each.
#[test]
fn education_resources_pass_and_bear_faults() -> Result<()> {
    bears_one_in(15, "plugins/education-resources")
}

#[test]
fn what_is_not_known_is_named_with_its_line_and_the_nearest_word() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let scenarios = dir.path().display().to_string();
    let head = "title = { zh = \"甲\", en = \"A\" }\n";
    for (file, text, wanted) in [
        ("a.toml", "[[steps]]\nrequest = \"GET /\"\nexpects = { status = 200 }\n", ["a.toml:4", "`expect`"]),
        ("a.toml", "[[steps]]\ndata = \"entrys\"\n", ["a.toml:2", "`entries`"]),
        (
            "a.toml",
            "[[steps]]\nrequest = \"GET /\"\nas = \"wang\"\n[[people]]\nname = \"weng\"\n",
            ["a.toml:2", "`weng`"],
        ),
        ("a.toml", "[[steps]]\nrequest = \"GET /\"\ndata = \"entries\"\n", ["a.toml:2", "one thing"]),
        ("a.toml", "[[steps]]\nadvance = \"soon\"\n", ["a.toml:2", "15m"]),
        ("a.toml", "clock = \"yesterday\"\n[[steps]]\nadvance = \"1s\"\n", ["a.toml:2", "clock"]),
    ] {
        std::fs::write(dir.path().join(file), format!("{head}{text}"))?;
        let out = app("examples/guestbook", &["--scenarios", &scenarios])?;
        ensure!(out.status.code() == Some(2), "{text}: {}", said(&out));
        for word in wanted.iter().chain(&["  → "]) {
            ensure!(said(&out).contains(word), "`{word}` is not in: {}", said(&out));
        }
    }
    std::fs::remove_file(dir.path().join("a.toml"))?;
    let out = app("examples/guestbook", &["--scenarios", &scenarios])?;
    ensure!(out.status.code() == Some(2) && said(&out).contains("holds no scenario"), "{}", said(&out));
    Ok(())
}

#[test]
fn a_scenario_that_does_not_hold_fails_and_shows_what_was_there() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let text = "title = { zh = \"甲\", en = \"A\" }\n[[steps]]\nrequest = \"GET /\"\nexpect = { status = 404 }\n";
    std::fs::write(dir.path().join("wrong.toml"), text)?;
    let out = app("examples/guestbook", &["--scenarios", &dir.path().display().to_string()])?;
    ensure!(out.status.code() == Some(1), "{}", said(&out));
    ensure!(said(&out).contains("wrong.toml:2") && said(&out).contains("is to be 404, and is 200"), "{}", said(&out));
    Ok(())
}

/// The template app is one in every language: this set of scenarios is what "the same" means.
#[test]
fn the_rust_template_conforms() -> Result<()> {
    let folder = root().join("sdk/templates/rust");
    let target = yunlong_tests::package("any")?.with_file_name("template");
    let built = Command::new("cargo")
        .args(["build", "--release", "--target", "wasm32-wasip2", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()?;
    ensure!(built.success(), "the template does not build");
    let built = target.join("wasm32-wasip2/release");
    let component = std::fs::read_dir(&built)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "wasm"))
        .with_context(|| format!("{} holds no component", built.display()))?;
    let scenarios = root().join("tests/conformance").display().to_string();
    let out = test(&folder, &component, &["--scenarios", &scenarios, "--faults"])?;
    ensure!(out.status.success(), "{}", said(&out));
    Ok(())
}

#[test]
fn the_typescript_template_conforms() -> Result<()> {
    conforms("typescript")
}

#[test]
fn the_python_template_conforms() -> Result<()> {
    conforms("python")
}

/// Plays the set against a template that `cargo xtask test` has built by the tools of its language, with faults.
fn conforms(language: &str) -> Result<()> {
    let scenarios = root().join("tests/conformance").display().to_string();
    let folder = root().join("sdk/templates").join(language);
    let faults = one_in(3);
    let faults = faults.iter().map(String::as_str);
    // And its own, which `yunlong new` gives to a vendor.
    for more in [&["--scenarios", scenarios.as_str()][..], &[]] {
        let args: Vec<&str> = more.iter().copied().chain(faults.clone()).collect();
        let out = test(&folder, &built("template", language)?, &args)?;
        ensure!(out.status.success(), "{args:?}: {}", said(&out));
    }
    Ok(())
}

fn built(what: &str, language: &str) -> Result<PathBuf> {
    let component = yunlong_tests::package("any")?.with_file_name(format!("{what}-{language}.wasm"));
    ensure!(component.exists(), "{} is missing: run `cargo xtask guests`", component.display());
    Ok(component)
}

/// The second set: payments, files, counters, messages, a job, and what is refused, with these faults.
fn serves(component: &Path, faults: &[String]) -> Result<()> {
    let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
    let out = test(&root().join("tests/conformance/services"), component, &faults)?;
    ensure!(out.status.success(), "{}", said(&out));
    Ok(())
}

#[test]
fn the_services_conform_in_rust() -> Result<()> {
    serves(&yunlong_tests::component("conformance-services")?, &["--faults".to_owned()])
}

#[test]
fn the_services_conform_in_typescript() -> Result<()> {
    serves(&built("services", "typescript")?, &one_in(3))
}

#[test]
fn the_services_conform_in_python() -> Result<()> {
    serves(&built("services", "python")?, &one_in(3))
}
