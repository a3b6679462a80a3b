//! What the demo installs: `--install`, and `demo.toml`.

use crate::options::{Demo, InstallSpec, SetSpec};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use yunlong_registry::{Limits, Package, package};

/// An installation of the demo.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) package: Package,
    pub(crate) organization: String,
    pub(crate) name: String,
    pub(crate) config: BTreeMap<String, serde_json::Value>,
}

/// `demo.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    install: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Beside the file, or absolute.
    package: std::path::PathBuf,
    organization: String,
    name: Option<String>,
    #[serde(default)]
    config: BTreeMap<String, serde_json::Value>,
}

/// Everything that is to be installed, read and found whole.
pub(crate) fn read(options: &Demo) -> Result<Vec<Wanted>> {
    let mut all = Vec::new();
    for InstallSpec { package, organization, name } in &options.install {
        all.push(wanted(package, organization, name.as_deref(), BTreeMap::new())?);
    }
    if let Some(path) = &options.plan {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("--plan {shown}"))?;
        let file: File = toml::from_str(&text).with_context(|| format!("--plan {shown}"))?;
        let beside = path.parent().unwrap_or(Path::new("."));
        for entry in file.install {
            all.push(wanted(&beside.join(&entry.package), &entry.organization, entry.name.as_deref(), entry.config)?);
        }
    }
    for SetSpec { name, key, value } in &options.set {
        let mut named = all.iter_mut().filter(|w: &&mut Wanted| w.name == *name).peekable();
        if named.peek().is_none() {
            bail!("--set {name}.{key}: nothing of that name is to be installed");
        }
        named.for_each(|w| _ = w.config.insert(key.clone(), value.clone()));
    }
    Ok(all)
}

fn wanted(
    path: &Path,
    organization: &str,
    name: Option<&str>,
    config: BTreeMap<String, serde_json::Value>,
) -> Result<Wanted> {
    let package = package::open(path, &Limits::default()).with_context(|| path.display().to_string())?;
    let name = name.map_or_else(|| package.manifest.name.to_string(), str::to_owned);
    Ok(Wanted { organization: organization.to_owned(), name, config, package })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_packages_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let toml = "name = \"hello\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"你好\", en = \"Hello\" }\ndescription = { zh = \"问好\", en = \"Greets\" }\n";
        Package::build(toml, b"\0asm\x0d\0\x01\0", &BTreeMap::new())
            .unwrap()
            .write(&dir.path().join("hello.tar"))
            .unwrap();
        let plan = dir.path().join("demo.toml");
        std::fs::write(
            &plan,
            "[[install]]\npackage = \"hello.tar\"\norganization = \"320300\"\nconfig = { greeting = \"hi\" }\n",
        )
        .unwrap();
        let read = |plan: &Path| super::read(&Demo { plan: Some(plan.to_owned()), ..Demo::default() });
        let wanted = read(&plan).unwrap();
        assert_eq!((wanted[0].name.as_str(), wanted[0].config["greeting"].as_str()), ("hello", Some("hi")));
        let set = |spec: &str| {
            super::read(&Demo { plan: Some(plan.clone()), set: vec![spec.parse().unwrap()], ..Demo::default() })
        };
        assert_eq!(set("hello.greeting=hey").unwrap()[0].config["greeting"], "hey");
        assert!(set("other.greeting=hey").unwrap_err().to_string().contains("other.greeting"));
        std::fs::write(&plan, "[[install]]\npackage = \"missing.tar\"\norganization = \"320300\"\n").unwrap();
        assert!(format!("{:#}", read(&plan).unwrap_err()).contains("missing.tar"));
        std::fs::write(&plan, "[[install]]\npackage = \"hello.tar\"\n").unwrap();
        assert!(format!("{:#}", read(&plan).unwrap_err()).contains("organization"));
    }
}
