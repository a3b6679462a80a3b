//! `yunlong build`: the component of an app, by the toolchain of its language, at one place: build/app.wasm.

use crate::project::{COMPONENT, Language};
use crate::terminal::{lang, say};
use crate::tools::{self, Tool};
use crate::{CliError, dependencies, project};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use yunlong_model::Digest;
use yunlong_registry::component;

/// The memory that an instance begins with, in bytes: it grows at no request, which costs calls to the system.
pub(crate) const INITIAL_MEMORY: u64 = 4 << 20;

/// `yunlong build`.
#[derive(Args, Debug)]
pub struct Build {
    /// The app's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// What it is written in, when that does not show by Cargo.toml, package.json or pyproject.toml
    #[arg(long, value_enum)]
    lang: Option<Language>,
}

pub(crate) fn run(options: &Build) -> Result<(), CliError> {
    let (file, digest, size) = build(&options.dir, options.lang)?;
    // In tenths, as the registry says sizes.
    let tenths = size.saturating_mul(10) >> 20;
    say!("{digest}  {} ({}.{} MiB)", file.display(), tenths / 10, tenths % 10)
}

/// Builds an app; answers the component's file, its digest and its size in bytes.
pub(crate) fn build(dir: &Path, language: Option<Language>) -> Result<(PathBuf, Digest, u64), CliError> {
    // A manifest that would be refused is told before minutes of compiling.
    project::manifest(dir)?;
    let language = language.map_or_else(|| Language::of(dir), Ok)?;
    let out = dir.join(COMPONENT);
    match language {
        Language::Rust => rust(dir, &out)?,
        Language::Typescript => typescript(dir)?,
        Language::Python => python(dir)?,
    }
    let bytes = std::fs::read(&out).map_err(|e| {
        if e.kind() == std::io::ErrorKind::NotFound {
            return CliError::told(
                (
                    format!("构建成功，但没有 {}", out.display()),
                    format!("the build ended well, and there is no {}", out.display()),
                ),
                (
                    "更新应用所用的 SDK，或用 --component 指定组件",
                    "update the SDK that the app uses, or name its component with --component",
                ),
            );
        }
        CliError::io(out.display())(e)
    })?;
    component::inspect(&bytes).map_err(|e| CliError::Component(vec![e.to_string()]))?;
    Ok((out, Digest::of(&bytes), bytes.len() as u64))
}

fn rust(dir: &Path, out: &Path) -> Result<(), CliError> {
    tools::need(Tool::Cargo, dir)?;
    tools::need_wasm_target(dir)?;
    dependencies::link(dir, "Cargo.toml")?;
    let mut cargo = Command::new(tools::cargo());
    cargo.current_dir(dir).args(["build", "--target", tools::WASM_TARGET, "--profile", "guest"]);
    cargo.arg("--message-format=json-render-diagnostics");
    for setting in cargo_settings(dir) {
        cargo.args(["--config", &setting]);
    }
    // What is found on the way is cargo's own to show; what it made is read from here.
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(CliError::io("cargo"))?;
    if !output.status.success() {
        return Err(failed("cargo build"));
    }
    let made = component_of(&String::from_utf8_lossy(&output.stdout), dir).ok_or_else(|| {
        CliError::told(
            ("cargo 没有生成组件", "cargo built no component"),
            (
                "在 Cargo.toml 的 [lib] 写 `crate-type = [\"cdylib\", \"rlib\"]`，在 src/lib.rs 写 `yunlong_sdk::export!(…)`",
                "write `crate-type = [\"cdylib\", \"rlib\"]` under [lib] in Cargo.toml, and `yunlong_sdk::export!(…)` in src/lib.rs",
            ),
        )
    })?;
    // Put there whole: who packages meanwhile finds the one before or this.
    let parent = out.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent).map_err(CliError::io(parent.display()))?;
    let temporary = parent.join(format!(".app.wasm.{}", std::process::id()));
    std::fs::copy(&made, &temporary).map_err(CliError::io(made.display()))?;
    std::fs::rename(&temporary, out).map_err(CliError::io(out.display()))
}

/// The `.wasm` among what cargo says that it made of the package in `dir`.
fn component_of(messages: &str, dir: &Path) -> Option<PathBuf> {
    let manifest = std::fs::canonicalize(dir.join("Cargo.toml")).ok()?;
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = artifacts.filter(|m| {
        m["reason"] == "compiler-artifact"
            && m["manifest_path"].as_str().and_then(|p| std::fs::canonicalize(p).ok()).as_ref() == Some(&manifest)
    });
    let mut files = own.flat_map(|m| {
        let files = m["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().filter_map(|f| f.as_str().map(PathBuf::from)).collect::<Vec<_>>()
    });
    files.rfind(|f| f.extension().is_some_and(|e| e == "wasm"))
}

/// What a guest is compiled with, for a project that says none of it itself: `yunlong new` writes both.
fn cargo_settings(dir: &Path) -> Vec<String> {
    let ancestors = || {
        std::fs::canonicalize(dir).ok().into_iter().flat_map(|d| d.ancestors().map(Path::to_owned).collect::<Vec<_>>())
    };
    let says = |file: &str, word: &str| {
        ancestors().any(|a| std::fs::read_to_string(a.join(file)).is_ok_and(|text| text.contains(word)))
    };
    let mut out = Vec::new();
    if !says("Cargo.toml", "[profile.guest]") {
        for setting in ["inherits=\"release\"", "opt-level=\"s\"", "lto=true", "codegen-units=1", "panic=\"abort\""] {
            out.push(format!("profile.guest.{setting}"));
        }
        out.push("profile.guest.strip=\"debuginfo\"".to_owned());
    }
    if !says(".cargo/config.toml", "initial-memory") && std::env::var_os("RUSTFLAGS").is_none() {
        let target = tools::WASM_TARGET;
        out.push(format!("target.{target}.rustflags=[\"-C\", \"link-arg=--initial-memory={INITIAL_MEMORY}\"]"));
    }
    out
}

fn typescript(dir: &Path) -> Result<(), CliError> {
    tools::need(Tool::Node, dir)?;
    tools::need(Tool::Npm, dir)?;
    dependencies::npm(dir)?;
    run_in(dir, "npx", &["--no-install", "yunlong-build"])
}

fn python(dir: &Path) -> Result<(), CliError> {
    tools::need(Tool::Python, dir)?;
    let python = dependencies::venv(dir)?;
    run_in(dir, &python, &["-m", "yunlong.build"])
}

/// Runs a program in the app's folder with its output shown: what takes long shows its own progress. Standard output is
/// for what the command itself answers.
pub(crate) fn run_in(dir: &Path, program: &str, args: &[&str]) -> Result<(), CliError> {
    let status =
        Command::new(program).args(args).current_dir(dir).stdin(Stdio::null()).stdout(std::io::stderr()).status();
    let status = status.map_err(CliError::io(program))?;
    let name = Path::new(program).file_name().and_then(|n| n.to_str()).unwrap_or(program);
    if status.success() { Ok(()) } else { Err(failed(&format!("{name} {}", args.join(" ")))) }
}

pub(crate) fn failed(command: &str) -> CliError {
    CliError::usage(
        lang().pick(&format!("“{command}”失败"), &format!("`{command}` failed")),
        lang().pick(
            "上面的输出写明原因；连不上网络时，恢复后重复此命令；工具链有疑问时运行 `yunlong doctor --vendor`",
            "what it said is above; if the network was down, repeat the command; `yunlong doctor --vendor` looks at the toolchains",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_the_packages_own_and_not_a_dependencys() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("Cargo.toml"), "").unwrap();
        let artifact = |manifest: &str, files: &[&str]| {
            serde_json::json!({ "reason": "compiler-artifact", "manifest_path": manifest, "filenames": files })
                .to_string()
        };
        let own = dir.path().join("Cargo.toml").display().to_string();
        let messages = [
            artifact("elsewhere/Cargo.toml", &["t/other.wasm"]),
            "not JSON".to_owned(),
            artifact(&own, &["t/libown.rlib", "t/own.wasm"]),
            "{\"reason\":\"build-finished\",\"success\":true}".to_owned(),
        ];
        assert_eq!(component_of(&messages.join("\n"), dir.path()), Some(PathBuf::from("t/own.wasm")));
        assert_eq!(component_of(&messages[..2].join("\n"), dir.path()), None);
    }

    #[test]
    fn a_projects_own_settings_stand() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("Cargo.toml"), "[package]").unwrap();
        let settings = cargo_settings(dir.path()).join("\n");
        assert!(settings.contains("profile.guest.lto=true"), "{settings}");
        std::fs::write(dir.path().join("Cargo.toml"), "[profile.guest]\ninherits = \"release\"").unwrap();
        std::fs::create_dir(dir.path().join(".cargo")).unwrap();
        let config = "[target.wasm32-wasip2]\nrustflags = [\"-C\", \"link-arg=--initial-memory=8388608\"]";
        std::fs::write(dir.path().join(".cargo/config.toml"), config).unwrap();
        assert_eq!(cargo_settings(dir.path()), Vec::<String>::new());
    }

    #[test]
    fn a_manifest_that_would_be_refused_is_told_before_the_build() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("Cargo.toml"), "").unwrap();
        assert!(matches!(build(dir.path(), None), Err(CliError::Package(_))), "no app.toml");
        std::fs::write(dir.path().join("app.toml"), "name = 1").unwrap();
        assert!(matches!(build(dir.path(), None), Err(CliError::Package(_))));
    }
}
