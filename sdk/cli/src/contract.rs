//! The versions of the contract: what a component was built with, against what this program and the platform of its
//! version have. Minor versions add functions only, so that an older one always runs.

use crate::carried;
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use yunlong_model::Text;
use yunlong_registry::component::split_version;

/// A package of the contract of which a component wants another version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The package, such as `city:data`.
    package: String,
    /// The version that the component was built with.
    built: Version,
    /// The version that this program has.
    here: Version,
}

impl Difference {
    pub(crate) fn is_newer(&self) -> bool {
        self.built > self.here
    }

    pub(crate) fn text(&self) -> Text {
        let Self { package, built, here } = self;
        if self.is_newer() {
            return Text {
                zh: format!(
                    "组件按较新的契约 {package}@{built} 构建，这个版本的平台是 {here}：用到新增函数的组件会被拒绝安装。请更新 yunlong 后再检查，或用 `yunlong build` 按 {here} 重新构建"
                ),
                en: format!(
                    "it was built with a newer contract, {package}@{built}, and platforms of this version have {here}: they refuse it if it uses what was added. Update yunlong and check again, or build again with `yunlong build` for {here}"
                ),
            };
        }
        Text {
            zh: format!("组件按较旧的契约 {package}@{built} 构建，平台是 {here}：照常提供服务"),
            en: format!(
                "it was built with an older contract, {package}@{built}; the platform has {here} and serves it"
            ),
        }
    }
}

/// The packages of the contract that this program carries, with their versions.
pub(crate) fn versions() -> &'static BTreeMap<String, Version> {
    static VERSIONS: OnceLock<BTreeMap<String, Version>> = OnceLock::new();
    VERSIONS.get_or_init(|| {
        let files = carried::files("wit").unwrap_or_default();
        files.iter().filter_map(|(_, _, bytes)| declared(std::str::from_utf8(bytes).ok()?)).collect()
    })
}

/// The package that a WIT file declares: `package city:data@1.1.0;`.
fn declared(wit: &str) -> Option<(String, Version)> {
    let line = wit.lines().map(str::trim).find_map(|l| l.strip_prefix("package "))?;
    let (package, version) = line.trim_end_matches([';', '{', ' ']).split_once('@')?;
    let package = package.trim();
    package.starts_with("city:").then(|| Some((package.to_owned(), version.parse().ok()?)))?
}

/// Where a component's imports are of other versions than those here; another major version is no difference but a
/// refusal, which the check of imports tells.
pub(crate) fn compare(imports: &BTreeSet<String>) -> Vec<Difference> {
    let mut wanted: BTreeMap<&str, Version> = BTreeMap::new();
    for import in imports {
        let (interface, version) = split_version(import);
        let (Some((package, _)), Some(Ok(version))) = (interface.split_once('/'), version.map(Version::parse)) else {
            continue;
        };
        let newest = wanted.entry(package).or_insert_with(|| version.clone());
        if version > *newest {
            *newest = version;
        }
    }
    let differs = |(package, built): (&str, Version)| {
        let here = versions().get(package)?;
        let same_line = built.major == here.major && built != *here;
        same_line.then(|| Difference { package: package.to_owned(), built, here: here.clone() })
    };
    wanted.into_iter().filter_map(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_contract_has_all_packages_of_the_city() {
        let names: Vec<&str> = versions().keys().map(String::as_str).collect();
        for package in
            ["city:app", "city:base", "city:data", "city:files", "city:identity", "city:messaging", "city:payments"]
        {
            assert!(names.contains(&package), "{names:?}");
        }
    }

    #[test]
    fn older_is_served_newer_is_told_with_the_next_step() {
        let here = &versions()["city:data"];
        let import = |minor: u64| BTreeSet::from([format!("city:data/collections@{}.{minor}.0", here.major)]);
        assert_eq!(compare(&import(here.minor)), []);
        let newer = compare(&import(here.minor + 1));
        assert!(newer[0].is_newer() && newer[0].text().en.contains("Update yunlong"), "{newer:?}");
        let older = compare(&import(here.minor - 1));
        assert!(!older[0].is_newer() && older[0].text().en.contains("serves it"), "{older:?}");
        assert_eq!(compare(&BTreeSet::from(["city:data/collections@9.0.0".into(), "wasi:io/poll@0.2.0".into()])), []);
    }
}
