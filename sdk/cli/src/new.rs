//! `yunlong new`: a whole small app to begin with, outside of any checkout.

use crate::project::Language;
use crate::terminal::{lang, say};
use crate::{CliError, carried};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use yunlong_model::name::is_vendor_name;
use yunlong_model::{InstallationName, Manifest};

/// `yunlong new`.
#[derive(Args, Debug)]
pub struct New {
    /// The app's name: lower-case letters, digits and hyphens. Its folder, its package and, unless a department
    /// chooses another, its address have it
    name: String,
    /// What it is written in
    #[arg(long, value_enum, default_value = "rust")]
    lang: Language,
    /// The vendor, as the city's key of yours is enrolled
    #[arg(long, default_value = "my-company")]
    vendor: String,
    /// The new folder; by default the app's name
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// What Rust keeps for itself beside its keywords: crates that are always there, and a keyword of the 2024 edition that
/// syn does not refuse.
const ALSO_RUSTS: [&str; 5] = ["alloc", "core", "gen", "proc-macro", "std"];

/// Where the templates and SDKs of each language say what they stand on.
const DECLARED: [(&str, &str); 4] = [
    ("sdk/templates/rust", "Cargo.toml"),
    ("sdk/templates/typescript", "package.json"),
    ("sdk/js", "package.json"),
    ("sdk/python", "pyproject.toml"),
];

/// Whether a name means something else in one of the languages, or is that of what an app stands on. It is refused in
/// every language, so that an app can change its own.
fn is_taken(name: &str) -> Result<bool, CliError> {
    let crates_name = name.replace('-', "_");
    if syn::parse_str::<syn::Ident>(&crates_name).is_err() || ALSO_RUSTS.contains(&name) {
        return Ok(true);
    }
    for (place, file) in DECLARED {
        let text = carried::text(&format!("{place}/{file}"))?.unwrap_or_default();
        if dependencies(file, &text).contains(name) {
            return Ok(true);
        }
    }
    Ok(name.starts_with("yunlong-sdk"))
}

/// The names of what a Cargo.toml, package.json or pyproject.toml declares, written as an app's is.
fn dependencies(file: &str, text: &str) -> BTreeSet<String> {
    let table: Value = match file {
        "package.json" => serde_json::from_str(text).unwrap_or_default(),
        _ => toml::from_str(text).unwrap_or_default(),
    };
    let keys = ["dependencies", "dev-dependencies", "devDependencies", "peerDependencies"];
    let named = keys.iter().filter_map(|key| table[*key].as_object()).flat_map(|t| t.keys().cloned());
    // PEP 508: a name, then what is asked of it.
    let listed = table["project"]["dependencies"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let listed = listed.filter_map(|d| d.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).next());
    named.chain(listed.map(str::to_owned)).map(|name| name.to_ascii_lowercase().replace('_', "-")).collect()
}

pub(crate) fn run(options: &New) -> Result<(), CliError> {
    let name = checked_name(&options.name)?;
    if !is_vendor_name(&options.vendor) {
        return Err(CliError::usage(
            lang().pick(
                &format!("“{}”不是开发商名称", options.vendor),
                &format!("`{}` is no vendor's name", options.vendor),
            ),
            lang().pick(
                "用小写字母和数字，之间可用 `-`、`_`、`.`；与城市登记的名称相同",
                "use lower-case letters and digits with `-`, `_` or `.` between them, as the city has enrolled you",
            ),
        ));
    }
    let dir = options.dir.clone().unwrap_or_else(|| PathBuf::from(name.as_str()));
    make(name.as_str(), options.lang, &options.vendor, &dir)?;
    let shown = dir.display();
    say!(
        "{}",
        lang().pick(
            &format!("已建立 {shown}。接下来：\n\n    cd {shown}\n    yunlong dev\n\n它构建应用、打开一座小城市、保存后自动更新；README.md 里有测试和发布的命令。"),
            &format!("made {shown}. Next:\n\n    cd {shown}\n    yunlong dev\n\nIt builds the app, opens a small city around it and follows what you save; README.md says how to test and publish."),
        )
    )
}

fn checked_name(name: &str) -> Result<InstallationName, CliError> {
    let next = lang().pick(
        "换一个名称，如 street-repairs：1 至 40 个小写字母、数字和 `-`，以字母开头",
        "choose another, such as street-repairs: 1 to 40 of a-z, 0-9 and `-`, beginning with a letter",
    );
    // The name becomes an installation's unless a department chooses another: what the platform keeps is none.
    let parsed: InstallationName = name.parse().map_err(|_| {
        let short: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        CliError::usage(
            lang().pick(
                &format!("“{short}”不能作应用的名称，或由平台保留"),
                &format!("`{short}` is no name for an app, or the platform keeps it"),
            ),
            next,
        )
    })?;
    if is_taken(name)? {
        let problem = lang()
            .pick(
                &format!("“{name}”在编程语言里另有含义，或是应用所依赖的库"),
                &format!("`{name}` means something else to a language's tools, or is a library that apps stand on"),
            )
            .to_owned();
        return Err(CliError::usage(problem, next));
    }
    Ok(parsed)
}

/// Makes the folder, whole or not at all.
fn make(name: &str, language: Language, vendor: &str, dir: &Path) -> Result<(), CliError> {
    let files = carried::files(&format!("sdk/templates/{}", language.name()))?;
    if files.is_empty() {
        return Err(not_in_this_build(language)?);
    }
    if std::fs::symlink_metadata(dir).is_ok() {
        return Err(CliError::usage(
            lang().pick(&format!("{} 已经存在", dir.display()), &format!("{} is there already", dir.display())),
            lang().pick("换一个名称，或用 --dir 指定新文件夹", "choose another name, or a new folder with --dir"),
        ));
    }
    let parent = dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(CliError::io(parent.display()))?;
    let names = Names::of(&files, name, vendor)?;
    let temporary = carried::scratch(parent, "yunlong-new")?;
    let written = (|| {
        for (path, executable, bytes) in &files {
            carried::write(&temporary.join(path), *executable, &names.fill_in(path, bytes))?;
        }
        ignore_link(&temporary)?;
        carried::link(&temporary)?;
        std::fs::rename(&temporary, dir).map_err(CliError::io(dir.display()))
    })();
    if written.is_err() {
        _ = std::fs::remove_dir_all(&temporary);
    }
    written
}

/// The link leads to a place on this machine: version control leaves it out.
fn ignore_link(dir: &Path) -> Result<(), CliError> {
    let path = dir.join(".gitignore");
    let mut lines = std::fs::read_to_string(&path).unwrap_or_default();
    if lines.lines().any(|l| l.trim_matches('/') == carried::LINK) {
        return Ok(());
    }
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines.push_str(&format!("/{}\n", carried::LINK));
    std::fs::write(&path, lines).map_err(CliError::io(path.display()))
}

fn not_in_this_build(language: Language) -> Result<CliError, CliError> {
    let has = carried::templates()?.into_iter().collect::<Vec<_>>().join(", ");
    let name = language.name();
    Ok(CliError::usage(
        lang().pick(
            &format!("这个版本的 yunlong 不带 {name} 的 SDK"),
            &format!("the SDK for {name} is not in this build of yunlong"),
        ),
        lang().pick(
            &format!("换用带有它的版本，或用 --lang 选择：{has}"),
            &format!("use a build that has it, or choose with --lang: {has}"),
        ),
    ))
}

/// What stands in a template for the app's own names.
struct Names {
    /// Pairs of what stands there and what comes instead.
    pairs: Vec<(String, String)>,
    /// The line of app.toml that names the vendor.
    vendor: (String, String),
}

impl Names {
    fn of(files: &[(PathBuf, bool, Vec<u8>)], name: &str, vendor: &str) -> Result<Self, CliError> {
        let broken = |why: String| {
            CliError::told(
                (format!("随带的模板损坏：{why}"), format!("the carried template is broken: {why}")),
                ("重新安装 yunlong；如再出现，请报告", "install yunlong anew; report it if it happens again"),
            )
        };
        let toml = files.iter().find(|(path, _, _)| path == Path::new("app.toml"));
        let toml = toml.and_then(|(_, _, bytes)| std::str::from_utf8(bytes).ok());
        let toml = toml.ok_or_else(|| broken("no app.toml".into()))?;
        let template = Manifest::parse(toml).map_err(|e| broken(e.to_string()))?;
        let theirs = template.name.as_str();
        let mut pairs = vec![(theirs.to_owned(), name.to_owned()), (theirs.replace('-', "_"), name.replace('-', "_"))];
        // A template builds where it stands in the checkout; an app reaches the SDKs by its link.
        for language in Language::ALL {
            let sdk = language.sdk();
            let short = sdk.trim_start_matches("sdk/");
            pairs.push((format!("../../{short}"), format!("{}/{sdk}", carried::LINK)));
        }
        let line = |vendor: &str| format!("\nvendor = \"{vendor}\"\n");
        Ok(Self { pairs, vendor: (line(&template.vendor), line(vendor)) })
    }

    /// A file of the template as the app has it. What is no text stays as it is.
    fn fill_in(&self, path: &Path, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_owned() };
        let mut text = self.pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        if path == Path::new("app.toml") {
            text = text.replacen(&self.vendor.0, &self.vendor.1, 1);
        }
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(name: &str) -> String {
        checked_name(name).unwrap_err().next()
    }

    #[test]
    fn names_that_lead_into_trouble_are_refused_before_anything_is_made() {
        for name in ["", "A", "a b", "-a", "a-", "1a", "../a", "xn--a", "console", "test", "fn", "serde", "路灯"] {
            assert!(next(name).contains("street-repairs"), "{name}");
        }
        for name in ["street-repairs", "a1", "self-service"] {
            assert_eq!(checked_name(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_apps_stand_on_is_read_from_where_it_is_declared() {
        let of = |file: &str, text: &str| dependencies(file, text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(
            of("Cargo.toml", "[dependencies]\nserde_json = \"1\"\n[dev-dependencies]\nx = \"1\""),
            "serde-json x"
        );
        assert_eq!(of("package.json", r#"{"dependencies":{"hono":"4"},"devDependencies":{"zod":"4"}}"#), "hono zod");
        assert_eq!(of("pyproject.toml", "[project]\ndependencies = [\"Jinja2>=3\", \"dacite == 1\"]"), "dacite jinja2");
        for name in ["maud", "serde-json", "fn", "async", "proc-macro", "gen"] {
            assert!(is_taken(name).unwrap(), "{name}");
        }
        assert!(!is_taken("street-repairs").unwrap());
    }

    #[test]
    fn every_carried_template_can_be_renamed() {
        for language in carried::templates().unwrap() {
            let files = carried::files(&format!("sdk/templates/{language}")).unwrap();
            let names = Names::of(&files, "street-repairs", "tongshan").unwrap();
            // A common word would be replaced in sentences too.
            assert!(names.pairs[0].0.ends_with("-template"), "{language}: {}", names.pairs[0].0);
            for (path, _, bytes) in &files {
                let made = String::from_utf8_lossy(&names.fill_in(path, bytes)).into_owned();
                for gone in [&names.pairs[0].0, &names.pairs[1].0, "../../"] {
                    assert!(!made.contains(gone), "{language}: {} still says {gone}", path.display());
                }
                if path == Path::new("app.toml") {
                    let manifest = Manifest::parse(&made).unwrap();
                    assert_eq!((manifest.name.as_str(), &*manifest.vendor), ("street-repairs", "tongshan"));
                }
            }
        }
    }

    #[test]
    fn what_tools_leave_in_a_new_app_is_no_matter_of_version_control() {
        for language in Language::ALL {
            let dir = tempfile::tempdir().unwrap();
            let app = dir.path().join("mine");
            match make("mine", language, "v", &app) {
                Err(_) if !carried::templates().unwrap().contains(language.name()) => continue,
                made => made.unwrap(),
            }
            let sources = || {
                let mut files = crate::sources::files(&app, &[]).unwrap();
                files.sort();
                files
            };
            let before = sources();
            let own: &[&str] = match language {
                Language::Rust => &["target/debug/a"],
                Language::Typescript => &["node_modules/a/index.js"],
                Language::Python => &[".venv/bin/python", "app/__pycache__/a.pyc", ".mypy_cache/a", ".pytest_cache/a"],
            };
            let ignored = ignore::gitignore::Gitignore::new(app.join(".gitignore")).0;
            for made in [&["build/app.wasm", "mine-0.1.0.tar"], own].concat() {
                let path = app.join(made);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, "").unwrap();
                assert!(ignored.matched_path_or_any_parents(&path, false).is_ignore(), "{language:?}: {made}");
            }
            assert!(ignored.matched(app.join(carried::LINK), false).is_ignore(), "{language:?}");
            assert_eq!(sources(), before, "{language:?}");
        }
    }

    #[test]
    fn a_folder_that_is_there_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("mine");
        std::fs::create_dir(&there).unwrap();
        std::fs::write(there.join("note"), "kept").unwrap();
        let refused = make("mine", Language::Rust, "v", &there).unwrap_err();
        assert!(refused.next().contains("--dir"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing half-made is left");
        assert_eq!(std::fs::read_to_string(there.join("note")).unwrap(), "kept");
    }
}
