//! `yunlong check`: what the registry's automatic checks will say of an app, before it is published and without a
//! server. They are the registry's own checks, under a city's default rules; those that need the city itself (known
//! vulnerabilities, the probes, the difference to the approved version) are left to it, and that is said.

use crate::build::INITIAL_MEMORY;
use crate::check::{Finding, check_component};
use crate::evidence::{self, LOCAL_BUILDER, Wanted};
use crate::terminal::{lang, say};
use crate::{CliError, contract, project, sources};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use yunlong_model::{Lang, Text, Timestamp};
use yunlong_publications::Policy;
use yunlong_publications::checks::{self, Check as Automatic, ComponentFacts, Lookup, Outcome};
use yunlong_registry::{Limits, Package};

/// `yunlong check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The app's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The component; by default what `yunlong build` made
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What one check found.
#[derive(Debug)]
struct Found {
    /// Its name, in kebab case.
    check: String,
    outcome: Outcome,
    text: Text,
}

impl Found {
    fn new(check: &str, outcome: Outcome, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { check: check.to_owned(), outcome, text: Text { zh: zh.into(), en: en.into() } }
    }
}

pub(crate) fn run(options: &Check) -> Result<(), CliError> {
    let package = match gather(&options.dir, options.component.as_deref()) {
        Ok(package) => package,
        Err(e) if options.json => {
            let next = e.next();
            let zh = format!("{}（{next}）", e.text(Lang::Zh));
            let found = Found::new("package", Outcome::Fail, zh, format!("{e} ({next})"));
            print_json(&Value::Null, &Value::Null, &[found])?;
            return Err(CliError::ChecksFailed(1));
        }
        Err(e) => return Err(e),
    };
    let found = examine(&package);
    if options.json {
        print_json(&json!(package.manifest.name), &json!(package.manifest.version), &found)?;
    } else {
        say!("{} {}", package.manifest.name, package.manifest.version)?;
        for one in &found {
            say!("  {:<5} {:<12} {}", outcome(one.outcome), one.check, one.text.get(lang()))?;
        }
        eprintln!(
            "{}",
            lang().pick(
                "已知漏洞、运行探测、单独同意以及与上一版本的差异由城市核对：`yunlong publish` 之后用 `yunlong status` 查看",
                "known vulnerabilities, the probes, separate consent and the difference to the version before are the city's to look at: see `yunlong status` after `yunlong publish`"
            )
        );
    }
    match found.iter().filter(|f| f.outcome == Outcome::Fail).count() {
        0 => Ok(()),
        n => Err(CliError::ChecksFailed(n)),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        Outcome::Fail => "FAIL",
    }
}

fn print_json(app: &Value, version: &Value, found: &[Found]) -> Result<(), CliError> {
    let rows: Vec<Value> =
        found.iter().map(|f| json!({ "check": f.check, "outcome": f.outcome, "text": f.text })).collect();
    let passed = found.iter().all(|f| f.outcome != Outcome::Fail);
    say!("{:#}", json!({ "app": app, "version": version, "passed": passed, "checks": rows }))
}

/// The package as `yunlong package` would make it.
fn gather(dir: &Path, component: Option<&Path>) -> Result<Package, CliError> {
    let manifest = project::manifest(dir)?;
    let file = match component {
        Some(file) => file.to_owned(),
        None => project::component(dir, &manifest)?,
    };
    let size = std::fs::metadata(&file).map_err(CliError::io(file.display()))?.len();
    let limit = Limits::default().component;
    if size > limit {
        let shown = file.display();
        let found = lang()
            .pick(
                &format!("{shown} 有 {size} 字节，最多读 {limit} 字节"),
                &format!("{shown} has {size} bytes, at most {limit} are read"),
            )
            .to_owned();
        return Err(CliError::Component(vec![found]));
    }
    if component.is_none() && sources::is_older(&file, dir) {
        let shown = file.display();
        eprintln!(
            "{}",
            lang().pick(
                &format!("注意：源文件比 {shown} 新，检查的是旧的构建；请先运行 yunlong build"),
                &format!(
                    "note: there are sources newer than {shown}, which is what is looked at: run `yunlong build` first"
                ),
            )
        );
    }
    let bytes = std::fs::read(&file).map_err(CliError::io(file.display()))?;
    let wanted = Wanted { sbom: None, provenance: None, builder: LOCAL_BUILDER };
    let (evidence, _) = evidence::gather(dir, &manifest, &bytes, &wanted)?;
    Ok(Package::from_folder_with(dir, &bytes, evidence)?)
}

fn examine(package: &Package) -> Vec<Found> {
    let facts = checks::binary::facts(&package.component, &package.inspection);
    // No probe runs here, so that nothing is waited for; what a city knows besides is left out below.
    let policy = Policy { probes: BTreeSet::new(), ..Policy::default() };
    let lookup = Lookup::default();
    let findings = checks::run(package, facts.clone(), None, &lookup, &[], &policy, || Timestamp(0));
    let findings = futures::executor::block_on(findings);
    let known_here = |check: Automatic| {
        matches!(check, Automatic::Imports | Automatic::Size | Automatic::Sbom | Automatic::Provenance)
    };
    let mut out: Vec<Found> = findings
        .checks
        .into_iter()
        .filter(|c| known_here(c.check))
        .map(|c| Found { check: name(c.check), outcome: c.outcome, text: c.text })
        .collect();
    out.push(memory(&facts));
    out.extend(contract::compare(&facts.imports.iter().map(|i| i.name.clone()).collect()).into_iter().map(|d| {
        let outcome = if d.is_newer() { Outcome::Warn } else { Outcome::Pass };
        Found { check: "contract".into(), outcome, text: d.text() }
    }));
    out.push(listing(package));
    out.push(scenarios(package));
    out.extend(unused(package, &facts));
    out
}

/// The check's name as the registry writes it.
fn name(check: Automatic) -> String {
    serde_json::to_value(check).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn memory(facts: &ComponentFacts) -> Found {
    let (kib, wanted) = (facts.initial_memory >> 10, INITIAL_MEMORY >> 10);
    if facts.modules == 0 || facts.initial_memory >= INITIAL_MEMORY {
        return Found::new(
            "memory",
            Outcome::Pass,
            format!("启动内存 {kib} KiB"),
            format!("it begins with {kib} KiB of memory"),
        );
    }
    let link = format!("-C link-arg=--initial-memory={INITIAL_MEMORY}");
    Found::new(
        "memory",
        Outcome::Warn,
        format!(
            "启动内存只有 {kib} KiB：每个请求都要增长内存，付出系统调用。链接时给足 {wanted} KiB（Rust：rustflags 中的 `{link}`）"
        ),
        format!(
            "it begins with {kib} KiB of memory and grows at each request, which costs calls to the system: link it with {wanted} KiB (Rust: `{link}` in rustflags)"
        ),
    )
}

fn listing(package: &Package) -> Found {
    match &package.listing {
        Some(listing) => {
            let slug = listing.category.slug();
            Found::new(
                "listing",
                Outcome::Pass,
                format!("应用目录的类别：{slug}"),
                format!("in the catalogue under {slug}"),
            )
        }
        None => Found::new(
            "listing",
            Outcome::Warn,
            "没有 listing.toml：应用目录的类别里找不到它",
            "there is no listing.toml: no category of the catalogue shows it",
        ),
    }
}

/// How many scenarios travel along. Whether they pass is for `yunlong test` and for the city.
fn scenarios(package: &Package) -> Found {
    let files = package.scenarios.len();
    if files > 0 {
        return Found::new(
            "scenarios",
            Outcome::Pass,
            format!("scenarios/ 中有 {files} 个文件，审核时会运行"),
            format!("{files} files in scenarios/: the review plays them"),
        );
    }
    Found::new(
        "scenarios",
        Outcome::Warn,
        "没有 scenarios/*.toml：审核员会看到没有试过的应用；写法见 yunlong guide testing，用 yunlong test 运行",
        "there is no scenarios/*.toml: the reviewer is told that nothing was tried. `yunlong guide testing` shows how to write them, `yunlong test` plays them",
    )
}

/// What is declared and not used, or the other way round. What does not fit is said by the registry's own check.
fn unused(package: &Package, facts: &ComponentFacts) -> Vec<Found> {
    let callable = facts.imports.iter().filter(|i| i.callable).map(|i| i.name.clone()).collect();
    let findings = check_component(&callable, &package.inspection.exports, &package.manifest);
    let warnings = findings.into_iter().filter_map(|f| match f {
        Finding::Warning(text) => Some(text),
        Finding::Error(_) => None,
    });
    warnings.map(|text| Found::new("declared", Outcome::Warn, text.zh, text.en)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "name = \"a\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }\n";
    /// A component that serves pages, with a memory of so many pages of 64 KiB.
    fn component(pages: u32, imports: &str) -> Vec<u8> {
        wat::parse_str(format!(
            "(component {imports}
               (core module $m (memory (export \"memory\") {pages}) (func (export \"f\")))
               (core instance $i (instantiate $m))
               (func $f (canon lift (core func $i \"f\")))
               (instance $handler (export \"handle\" (func $f)))
               (export \"wasi:http/incoming-handler@0.2.10\" (instance $handler)))"
        ))
        .unwrap()
    }

    fn folder(toml: &str, component: &[u8]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("app.toml"), toml).unwrap();
        std::fs::create_dir(dir.path().join("build")).unwrap();
        std::fs::write(dir.path().join(project::COMPONENT), component).unwrap();
        dir
    }

    fn found(toml: &str, component: &[u8]) -> Vec<Found> {
        examine(&gather(folder(toml, component).path(), None).unwrap())
    }

    fn of<'a>(found: &'a [Found], check: &str) -> &'a Found {
        found.iter().find(|f| f.check == check).unwrap_or_else(|| panic!("no {check} in {found:?}"))
    }

    #[test]
    fn the_registrys_checks_run_on_what_build_made() {
        let found = found(TOML, &component(64, ""));
        assert_eq!(of(&found, "imports").outcome, Outcome::Pass);
        assert_eq!(of(&found, "size").outcome, Outcome::Pass);
        assert_eq!(of(&found, "memory").outcome, Outcome::Pass);
        assert_eq!(of(&found, "sbom").outcome, Outcome::Fail, "cities ask for a list of what it is made of");
        assert_eq!(of(&found, "listing").outcome, Outcome::Warn);
        assert_eq!(of(&found, "scenarios").outcome, Outcome::Warn);
        assert!(!found.iter().any(|f| f.check == "vulnerabilities" || f.check.starts_with("probe")), "{found:?}");
    }

    #[test]
    fn scenarios_beside_the_manifest_are_taken_along() {
        let dir = folder(TOML, &component(64, ""));
        std::fs::create_dir(dir.path().join("scenarios")).unwrap();
        std::fs::write(dir.path().join("scenarios/a.toml"), "title = 1").unwrap();
        let found = examine(&gather(dir.path(), None).unwrap());
        let scenarios = of(&found, "scenarios");
        assert!(scenarios.outcome == Outcome::Pass && scenarios.text.en.starts_with("1 files"), "{scenarios:?}");
    }

    #[test]
    fn a_memory_that_grows_at_once_is_remarked_with_the_setting_that_mends_it() {
        let found = found(TOML, &component(1, ""));
        let memory = of(&found, "memory");
        assert!(memory.outcome == Outcome::Warn && memory.text.en.contains("--initial-memory=4194304"), "{memory:?}");
    }

    #[test]
    fn what_is_not_declared_fails_and_a_newer_contract_is_told() {
        let import = "(import \"city:data/collections@1.99.0\" (instance (export \"get\" (func))))";
        let found = found(TOML, &component(64, import));
        let imports = of(&found, "imports");
        assert!(imports.outcome == Outcome::Fail && imports.text.en.contains("[[collections]]"), "{imports:?}");
        let contract = of(&found, "contract");
        assert!(contract.outcome == Outcome::Warn && contract.text.en.contains("1.99.0"), "{contract:?}");
    }

    #[test]
    fn broken_input_is_one_message_and_an_exit_that_is_not_zero() {
        let options = |dir: &Path, json| Check { dir: dir.to_owned(), component: None, json };
        let broken = folder("name = 1", &component(64, ""));
        assert!(run(&options(broken.path(), false)).is_err());
        let error = run(&options(broken.path(), true)).unwrap_err();
        assert!(matches!(error, CliError::ChecksFailed(1)) && error.exit_code() != 0);
        let noise = folder(TOML, b"not a component");
        assert!(run(&options(noise.path(), false)).is_err());
    }
}
