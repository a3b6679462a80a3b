//! `yunlong status`: where the app of this folder stands, here and at the city, and what comes next.

use crate::apps::items;
use crate::client::Client;
use crate::demo::Demo;
use crate::permissions::printable;
use crate::terminal::{lang, say};
use crate::{CliError, Server, project, scenarios, sources};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use yunlong_model::{Lang, Manifest};
use yunlong_registry::{Limits, package};

/// `yunlong status`.
#[derive(Args, Debug)]
pub struct Status {
    /// The app's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// What there is of an app.
#[derive(Debug, Default)]
struct Standing {
    /// Whether there is a component of the sources as they are.
    built: bool,
    /// Whether there is a package of this version and these sources, and whether it is signed.
    packaged: Option<bool>,
    /// Its submissions, the newest first, as the platform answers them.
    submissions: Vec<Value>,
    /// What the checks found of the newest submission of this version, as far as a person has to look at it; and
    /// what came of its scenarios.
    checks: Vec<Value>,
    /// Its entry in the catalogue, if there is one.
    catalogue: Option<Value>,
}

pub(crate) fn run(options: &Status) -> Result<(), CliError> {
    let manifest = project::manifest(&options.dir)?;
    let mut standing = here(&options.dir, &manifest);
    // What is here is told whether a city answers or not.
    let at_the_city = signed_in(&options.server).and_then(|client| ask(&client, &manifest, &mut standing));
    tell(options, &standing, &manifest, at_the_city.as_ref().err())?;
    match at_the_city {
        // Building, testing and packaging need no city.
        Err(CliError::SignedOut(_)) | Ok(()) => Ok(()),
        Err(e) => Err(e),
    }
}

/// The session that there is; in the demo, where nobody is signed in, that of its developer.
fn signed_in(server: &Server) -> Result<Client, CliError> {
    match Client::signed_in(server) {
        Err(CliError::SignedOut(name)) => match Demo::at(server) {
            Ok(Some(demo)) => demo.developer(),
            _ => Err(CliError::SignedOut(name)),
        },
        other => other,
    }
}

fn ask(client: &Client, manifest: &Manifest, standing: &mut Standing) -> Result<(), CliError> {
    let app = manifest.name.as_str();
    standing.catalogue = match client.of_portal(&format!("/api/v1/catalogue/{app}")) {
        Ok(entry) => Some(entry),
        // Nothing of it was ever approved.
        Err(CliError::Refused { status: 404, .. }) => None,
        Err(e) => return Err(e),
    };
    let owner = standing.catalogue.as_ref().and_then(|c| c["vendor"].as_str()).map(str::to_owned);
    if let Some(owner) = owner.filter(|owner| *owner != manifest.vendor) {
        let owner = printable(&owner);
        return Err(CliError::usage(
            lang().pick(
                &format!("应用名称 {app} 属于开发商 {owner}，而 app.toml 写的是 {}", manifest.vendor),
                &format!("the name {app} belongs to the vendor {owner}, and app.toml says {}", manifest.vendor),
            ),
            lang().pick("在 app.toml 中换一个 name", "choose another `name` in app.toml"),
        ));
    }
    let answer = client.get_with("/api/v1/submissions", &[("app", app)])?;
    standing.submissions = items(&answer["submissions"]).to_vec();
    standing.checks = checks(client, standing, manifest)?;
    Ok(())
}

fn tell(options: &Status, standing: &Standing, manifest: &Manifest, silent: Option<&CliError>) -> Result<(), CliError> {
    let next = next(standing, manifest);
    let app = manifest.name.as_str();
    if options.json {
        return say!(
            "{:#}",
            json!({
                "app": app, "version": manifest.version, "vendor": manifest.vendor, "built": standing.built,
                "packaged": standing.packaged.is_some(), "signed": standing.packaged.unwrap_or(false),
                "submissions": standing.submissions, "checks": standing.checks, "catalogue": standing.catalogue,
                "city": silent.map_or("asked".to_owned(), ToString::to_string), "next": next,
            })
        );
    }
    say!("{app} {} ({})", manifest.version, manifest.vendor)?;
    for line in lines(standing) {
        say!("  {line}")?;
    }
    if let Some(CliError::SignedOut(server)) = silent {
        say!(
            "  {}",
            lang().pick(
                &format!("城市：您没有在 {server} 登录，所以没有询问（yunlong login）"),
                &format!("the city: not asked, since you are not signed in at {server} (yunlong login)"),
            )
        )?;
    }
    eprintln!("  → {next}");
    Ok(())
}

fn here(dir: &Path, manifest: &Manifest) -> Standing {
    let file = dir.join(project::package_file(manifest));
    let packaged = package::open(&file, &Limits::default()).ok().map(|p| !p.signatures.is_empty());
    let component = project::component(dir, manifest).ok();
    let built = component.as_ref().is_some_and(|file| !sources::is_older(file, dir));
    // A package of before the last change is none of what stands here.
    let packaged = packaged.filter(|_| !sources::is_older_package(&file, dir));
    Standing { built, packaged, ..Standing::default() }
}

/// The checks of the submission of this version that did not pass, and its scenarios in any case.
fn checks(client: &Client, standing: &Standing, manifest: &Manifest) -> Result<Vec<Value>, CliError> {
    let Some(number) = of_version(standing, manifest).and_then(|s| s["number"].as_u64()) else { return Ok(Vec::new()) };
    let answer = client.get(&format!("/api/v1/submissions/{number}"))?;
    let all = items(&answer["findings"]["checks"]).iter();
    Ok(all.filter(|c| c["outcome"] != "pass" || c["check"] == "scenarios").cloned().collect())
}

/// The newest submission of the version that `app.toml` names.
fn of_version<'a>(standing: &'a Standing, manifest: &Manifest) -> Option<&'a Value> {
    let version = manifest.version.to_string();
    standing.submissions.iter().find(|s| s["version"] == version.as_str())
}

fn lines(standing: &Standing) -> Vec<String> {
    let zh = lang() == Lang::Zh;
    let mut out = Vec::new();
    let built = if standing.built {
        ("已构建", "built")
    } else {
        ("未构建，或源文件已改过", "not built, or changed since")
    };
    let packaged = match standing.packaged {
        None => ("未打包，或源文件已改过", "not packaged, or changed since"),
        Some(false) => ("已打包，未签名", "packaged, not signed"),
        Some(true) => ("已打包并签名", "packaged and signed"),
    };
    out.push(
        lang()
            .pick(&format!("本机：{}，{}", built.0, packaged.0), &format!("here: {}, {}", built.1, packaged.1))
            .to_owned(),
    );
    for s in &standing.submissions {
        let title = text(if zh { &s["state_title"]["zh"] } else { &s["state_title"]["en"] });
        let (number, version, since) = (&s["number"], text(&s["version"]), text(&s["since"]));
        out.push(
            lang()
                .pick(
                    &format!("提交 {number}：{version} {title}（{since}）"),
                    &format!("submission {number}: {version} {title} ({since})"),
                )
                .to_owned(),
        );
    }
    for check in &standing.checks {
        let word = match check["outcome"].as_str() {
            Some("pass") => lang().pick("通过", "passed"),
            Some("warn") => lang().pick("请注意", "look at it"),
            _ => lang().pick("未通过", "failed"),
        };
        let found = text(&check["text"][lang().pick("zh", "en")]);
        out.push(lang().pick(&format!("检查（{word}）：{found}"), &format!("check ({word}): {found}")).to_owned());
        out.extend(scenarios::lines(check, lang()).into_iter().map(|line| format!("  {line}")));
    }
    if let Some(entry) = &standing.catalogue {
        for v in items(&entry["versions"]) {
            let (version, status) = (text(&v["version"]), text(&v["status"]));
            out.push(
                lang()
                    .pick(&format!("应用目录：{version} {status}"), &format!("catalogue: {version} {status}"))
                    .to_owned(),
            );
        }
        for i in items(&entry["installed"]) {
            let (name, url) = (text(&i["organization"]["name"]), text(&i["url"]));
            out.push(lang().pick(&format!("已安装：{name} {url}"), &format!("installed: {name} {url}")).to_owned());
        }
    }
    out
}

/// The next step, by what stands furthest along.
fn next(standing: &Standing, manifest: &Manifest) -> String {
    let of_version = of_version(standing, manifest);
    let number = of_version.map(|s| s["number"].to_string()).unwrap_or_default();
    let of = |key: &str| of_version.map(|s| text(&s[key])).unwrap_or_default();
    let findings = of_version.map(|s| text(&s["checked"]["findings"])).unwrap_or_default();
    let installed = standing.catalogue.as_ref().is_some_and(|c| !items(&c["installed"]).is_empty());
    let (zh, en) = match of_version.and_then(|s| s["state"].as_str()) {
        Some("submitted" | "checking") => {
            ("检查正在运行，稍后再看".to_owned(), "the checks are running: look again in a minute".to_owned())
        }
        Some("waiting" | "assigned") => (
            format!(
                "等待审核；检查结果：yunlong review show {number}。由审核员：yunlong review assign {number}，再 yunlong review approve {number} --findings {findings}"
            ),
            format!(
                "the review is the city's to do; what the checks found: yunlong review show {number}. For its reviewer: yunlong review assign {number}, then yunlong review approve {number} --findings {findings}"
            ),
        ),
        Some("checks-failed" | "changes-asked") => (
            format!("看原因：yunlong review show {number}；改好后 yunlong build、yunlong package、yunlong publish"),
            format!(
                "see why: yunlong review show {number}; mend it, then yunlong build, yunlong package, yunlong publish"
            ),
        ),
        Some("rejected") => (
            format!("已驳回，原因：yunlong review show {number}；请提高 app.toml 中的 version 再发布"),
            format!(
                "it was rejected, see why: yunlong review show {number}; raise `version` in app.toml to publish again"
            ),
        ),
        Some("approved") if installed => (
            "正在使用；发布新版本请提高 app.toml 中的 version".to_owned(),
            "it is in use; for a new version raise `version` in app.toml".to_owned(),
        ),
        Some("approved") => (
            format!("部门的管理员现在可以安装它（CODE 是部门的代码）：yunlong install {} --org CODE", of("digest")),
            format!(
                "a department's administrator can install it now (CODE is the department's): yunlong install {} --org CODE",
                of("digest")
            ),
        ),
        // Withdrawn, or never submitted.
        _ => match (standing.built, standing.packaged) {
            (_, Some(true)) => ("yunlong publish".to_owned(), "yunlong publish".to_owned()),
            // Which signs it.
            (true, None) | (_, Some(false)) => ("yunlong package".to_owned(), "yunlong package".to_owned()),
            (false, None) => ("yunlong build".to_owned(), "yunlong build".to_owned()),
        },
    };
    lang().pick(&zh, &en).to_owned()
}

fn text(value: &Value) -> String {
    printable(value.as_str().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "name = \"a\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }\n";

    #[test]
    fn the_next_step_follows_from_what_stands_furthest() {
        let manifest = Manifest::parse(TOML).unwrap();
        let submitted = |version: &str, state: &str| json!({ "number": 7, "version": version, "state": state });
        let step = |standing: Standing| next(&standing, &manifest);
        assert_eq!(step(Standing::default()), "yunlong build");
        assert!(step(Standing { built: true, ..Standing::default() }).starts_with("yunlong package"));
        assert_eq!(step(Standing { built: true, packaged: Some(true), ..Standing::default() }), "yunlong publish");
        for (state, said) in [
            ("checking", ""),
            ("waiting", "review show 7"),
            ("checks-failed", "yunlong publish"),
            ("rejected", "version"),
            ("approved", "yunlong install"),
            ("withdrawn", "yunlong build"),
        ] {
            let found = step(Standing { submissions: vec![submitted("1.0.0", state)], ..Standing::default() });
            assert!(found.contains(said), "{state}: {found}");
        }
        let older = Standing { submissions: vec![submitted("0.9.0", "approved")], ..Standing::default() };
        assert_eq!(step(older), "yunlong build", "another version's standing is not this one's");
    }

    #[test]
    fn the_next_step_can_be_typed_as_it_stands() {
        let manifest = Manifest::parse(TOML).unwrap();
        let of = |state: &str| {
            let submission = json!({ "number": 7, "version": "1.0.0", "state": state, "digest": "sha256:d",
                "checked": { "findings": "sha256:f" } });
            next(&Standing { submissions: vec![submission], ..Standing::default() }, &manifest)
        };
        assert!(of("approved").contains("yunlong install sha256:d --org"), "{}", of("approved"));
        let waiting = of("waiting");
        assert!(waiting.contains("review assign 7") && waiting.contains("approve 7 --findings sha256:f"), "{waiting}");
        let unsigned = Standing { built: true, packaged: Some(false), ..Standing::default() };
        assert_eq!(next(&unsigned, &manifest), "yunlong package");
    }

    #[test]
    fn what_is_here_is_told_without_a_city_and_what_is_stale_is_not_built() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("app.toml"), TOML).unwrap();
        let manifest = Manifest::parse(TOML).unwrap();
        assert!(!here(dir.path(), &manifest).built);
        std::fs::create_dir(dir.path().join("build")).unwrap();
        let component = dir.path().join("build/app.wasm");
        std::fs::write(&component, "").unwrap();
        let at = |seconds: i64| {
            let now = std::time::SystemTime::now();
            let by = std::time::Duration::from_secs(seconds.unsigned_abs());
            let time = if seconds < 0 { now - by } else { now + by };
            std::fs::File::options().write(true).open(&component).unwrap().set_modified(time).unwrap();
        };
        at(60);
        assert!(here(dir.path(), &manifest).built);
        at(-60);
        assert!(!here(dir.path(), &manifest).built, "app.toml is newer");
        // Nobody listens there.
        let port = yunlong_test_ports::free_port().unwrap();
        let server = format!("http://localhost:{port}");
        let options = |token: Option<&str>| Status {
            dir: dir.path().to_owned(),
            json: false,
            server: Server {
                server: server.clone(),
                token: token.map(str::to_owned),
                account: None,
                password_stdin: false,
            },
        };
        run(&options(None)).unwrap();
        assert!(matches!(run(&options(Some("t"))), Err(CliError::Unreachable { .. })));
    }

    #[test]
    fn what_the_platform_answers_cannot_move_the_cursor() {
        let entry = json!({ "versions": [{ "version": "1\u{1b}[2J", "status": "offered" }] });
        let standing = Standing { catalogue: Some(entry), ..Standing::default() };
        assert!(lines(&standing).iter().all(|l| !l.contains('\u{1b}')));
    }

    #[test]
    fn what_the_checks_found_is_told_and_of_scenarios_each_that_failed() {
        let said = |text: &str| json!({ "zh": text, "en": text });
        let results = json!([{ "file": "buy.toml", "title": said("t"), "outcome": "failed", "line": 4, "step": "GET /",
            "problem": said("the status is 500\u{1b}[2J") }]);
        let checks = vec![
            json!({ "check": "size", "outcome": "warn", "text": said("it is large") }),
            json!({ "check": "scenarios", "outcome": "fail", "text": said("one failed"), "data": { "results": results } }),
        ];
        let told = lines(&Standing { checks, ..Standing::default() }).join("\n");
        for wanted in ["it is large", "one failed", "✗ buy.toml", "4: GET /: the status is 500"] {
            assert!(told.contains(wanted), "`{wanted}`: {told}");
        }
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}
