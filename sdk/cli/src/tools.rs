//! The toolchains that apps are built with: whether they are here, and how they come.

use crate::CliError;
use crate::terminal::lang;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

/// What components of Rust are built for.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip2";

/// A program of a toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Cargo,
    Node,
    Npm,
    Python,
}

impl Tool {
    /// The program's name.
    pub(crate) const fn program(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Node => "node",
            Self::Npm => "npm",
            Self::Python => "python3",
        }
    }

    /// The oldest version that serves, as major and minor.
    pub(crate) const fn oldest(self) -> (u32, u32) {
        match self {
            Self::Cargo => (1, 95),
            Self::Node => (20, 0),
            Self::Npm => (9, 0),
            Self::Python => (3, 11),
        }
    }

    /// How it is installed.
    pub(crate) fn install(self) -> &'static str {
        match self {
            Self::Cargo => lang().pick(
                "安装 rustup（rustup.rs），然后：rustup toolchain install 1.95.0 --target wasm32-wasip2",
                "install rustup (rustup.rs), then: rustup toolchain install 1.95.0 --target wasm32-wasip2",
            ),
            Self::Node | Self::Npm => lang().pick(
                "安装 Node.js 20 或更新的版本（nodejs.org；Debian：apt-get install nodejs npm）",
                "install Node.js 20 or newer (nodejs.org; on Debian: apt-get install nodejs npm)",
            ),
            Self::Python => lang().pick(
                "安装 Python 3.11 或更新的版本（python.org；Debian：apt-get install python3 python3-venv）",
                "install Python 3.11 or newer (python.org; on Debian: apt-get install python3 python3-venv)",
            ),
        }
    }
}

/// How cargo is started: the one that runs this, if one does.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| Tool::Cargo.program().into())
}

/// The version of a tool, as it says it in the app's folder: a file there (`rust-toolchain.toml`, `.node-version`) may
/// choose which one it is. `None` when it cannot be started.
pub(crate) fn version(tool: Tool, dir: &Path) -> Option<String> {
    let program = if tool == Tool::Cargo { cargo() } else { tool.program().into() };
    version_of(&program, dir)
}

fn version_of(program: &OsStr, dir: &Path) -> Option<String> {
    let out = Command::new(program).arg("--version").current_dir(dir).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout);
    out.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Whether a version, as a tool says it, is old enough to be refused. What cannot be read is taken.
pub(crate) fn too_old(tool: Tool, version: &str) -> bool {
    let number = version.split(|c: char| !c.is_ascii_digit() && c != '.').find(|w| w.contains('.'));
    let mut parts = number.unwrap_or_default().split('.').map(|p| p.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < tool.oldest(),
        _ => false,
    }
}

/// Refuses in one sentence when a tool is not here or too old.
pub(crate) fn need(tool: Tool, dir: &Path) -> Result<(), CliError> {
    let program = tool.program();
    let problem = match version(tool, dir) {
        None => lang().pick(&format!("没有找到 {program}"), &format!("{program} is not installed")).to_owned(),
        Some(version) if too_old(tool, &version) => {
            let (major, minor) = tool.oldest();
            lang()
                .pick(
                    &format!("{program} 太旧：{version}，需要 {major}.{minor}"),
                    &format!("{program} is too old: {version}, and {major}.{minor} is needed"),
                )
                .to_owned()
        }
        Some(_) => return Ok(()),
    };
    Err(CliError::Toolchain { problem, next: tool.install().to_owned() })
}

/// Refuses when the Rust that a folder uses cannot compile components.
pub(crate) fn need_wasm_target(dir: &Path) -> Result<(), CliError> {
    if has_wasm_target(dir) {
        return Ok(());
    }
    Err(CliError::Toolchain {
        problem: lang()
            .pick(
                &format!("Rust 没有安装编译目标 {WASM_TARGET}"),
                &format!("Rust has no target {WASM_TARGET} installed"),
            )
            .to_owned(),
        next: format!("rustup target add {WASM_TARGET}"),
    })
}

/// Whether the standard library for components is installed.
pub(crate) fn has_wasm_target(dir: &Path) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(rustc);
    // The toolchain file of the folder decides which Rust it is.
    rustc.current_dir(dir).args(["--print", "target-libdir", "--target", WASM_TARGET]);
    let Ok(out) = rustc.stdin(Stdio::null()).output() else { return false };
    out.status.success() && Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_tool_is_asked_in_the_apps_folder_whose_files_choose_its_version() {
        use std::os::unix::fs::PermissionsExt as _;
        let (bin, app) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // As rustup's proxy does: the file of the folder in which it is started decides.
        let proxy = bin.path().join("cargo");
        std::fs::write(&proxy, "#!/bin/sh\ncat chosen 2>/dev/null || echo 'cargo 1.84.0'\n").unwrap();
        std::fs::set_permissions(&proxy, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(app.path().join("chosen"), "cargo 1.95.0\n").unwrap();
        assert_eq!(version_of(proxy.as_os_str(), app.path()).as_deref(), Some("cargo 1.95.0"));
        assert_eq!(version_of(proxy.as_os_str(), bin.path()).as_deref(), Some("cargo 1.84.0"));
    }

    #[test]
    fn versions_are_read_as_the_tools_say_them() {
        for (tool, version, old) in [
            (Tool::Cargo, "cargo 1.95.0 (f2d3ce0bd 2026-03-21)", false),
            (Tool::Cargo, "cargo 1.84.1", true),
            (Tool::Node, "v18.19.0", true),
            (Tool::Node, "v22.1.0", false),
            (Tool::Npm, "10.9.4", false),
            (Tool::Python, "Python 3.9.2", true),
            (Tool::Python, "Python 3.12.1", false),
            (Tool::Python, "a build of my own", false),
        ] {
            assert_eq!(too_old(tool, version), old, "{version}");
        }
    }
}
