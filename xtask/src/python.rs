//! Python: its SDK, template and lessons, checked, tested and built. What they need is installed into an environment
//! in the target folder, so that nothing of it stands in the checkout or in the user's own Python.

use crate::{root, run, setup, step, target_dir};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An environment with the SDK and the tools of its constraints.
pub(crate) struct Python {
    python: PathBuf,
    folder: PathBuf,
}

/// The SDK in this checkout.
fn sdk() -> PathBuf {
    root().join("sdk/python")
}

/// The apps in Python of a folder: those whose `pyproject.toml` says for the SDK's build where the app is.
pub(crate) fn apps(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.exists() {
        for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            let project = std::fs::read_to_string(path.join("pyproject.toml"));
            if project.is_ok_and(|text| text.contains("[tool.yunlong]")) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

impl Python {
    /// Makes the environment, or takes the one that was made of the same constraints for the same checkout.
    pub(crate) fn set_up() -> Result<Self> {
        let folder = target_dir()?.join("python");
        let venv = folder.join("venv");
        let this = Self { python: venv.join("bin/python"), folder };
        let (constraints, project) = (sdk().join("constraints.txt"), sdk().join("pyproject.toml"));
        // The SDK is installed by its path: another checkout with the same target folder has another one.
        let wanted =
            [sdk().display().to_string(), std::fs::read_to_string(&constraints)?, std::fs::read_to_string(&project)?]
                .join("\n");
        let stamp = venv.join(".yunlong");
        if std::fs::read_to_string(&stamp).is_ok_and(|s| s == wanted) && this.python.exists() {
            return Ok(this);
        }
        setup::python()?;
        step("Installing what the Python SDK is tested with");
        std::fs::create_dir_all(&this.folder)?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut install = Command::new(&this.python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint"]);
        install.arg(&constraints).arg("--editable").arg(format!("{}[dev]", sdk().display()));
        run(&mut install).context("the first time this needs the package registry")?;
        std::fs::write(stamp, wanted)?;
        Ok(this)
    }

    /// Python in a folder, which leaves nothing there but what is asked for.
    fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command.current_dir(dir).env("PYTHONPYCACHEPREFIX", self.folder.join("pycache"));
        let cache = self.folder.join("mypy").join(dir.strip_prefix(root()).unwrap_or(Path::new("elsewhere")));
        command.env("MYPY_CACHE_DIR", cache);
        command
    }

    /// Types and tests of the SDK, of its template, and of every lesson in Python.
    pub(crate) fn test(&self) -> Result<()> {
        run(self.command(&sdk()).args(["-m", "yunlong.build", "bindings", "build/bindings"]))?;
        for dir in [sdk(), root().join("sdk/templates/python")].into_iter().chain(apps(&root().join("examples"))?) {
            step(&format!("Types and tests of {}", dir.strip_prefix(root()).unwrap_or(&dir).display()));
            run(self.command(&dir).args(["-m", "mypy"]))?;
            run(self.command(&dir).args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]))?;
        }
        // Its tests are the scenarios of the second conformance set.
        run(self.command(&root().join("tests/conformance/services/python")).args(["-m", "mypy"]))
    }

    /// Builds an app and answers its component. Its types were checked by [`Python::test`], or are by whoever builds it.
    pub(crate) fn build(&self, app: &Path) -> Result<PathBuf> {
        run(self.command(app).args(["-m", "yunlong.build", "--no-check"]))?;
        let component = app.join("build/app.wasm");
        if !component.exists() {
            bail!("{} was not built", component.display());
        }
        Ok(component)
    }
}
