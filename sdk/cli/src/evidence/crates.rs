//! The crates that a component is built of, by cargo's own resolution for the target of components.
//!
//! cargo resolves features for a workspace as a whole, so that a crate which only another member switches on may
//! be among them: the list has everything that is in the component, and now and then a crate more.

use super::source::public;
use crate::CliError;
use crate::terminal::lang;
use cargo_lock::Lockfile;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, NodeDep, Package};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use yunlong_model::Digest;

const TARGET: &str = "wasm32-wasip2";
/// What a package URL (ECMA-427) leaves as it is.
const PURL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The crates of a component.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Crates {
    /// The app's own.
    pub(super) root: Crate,
    /// All others, sorted.
    pub(super) others: Vec<Crate>,
    /// The digest of `Cargo.lock`.
    pub(super) lock: Digest,
}

/// A crate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    /// Its name within the list: the package URL, if it has one.
    pub(super) reference: String,
    /// None for a crate of the vendor's own: it is in no registry.
    pub(super) purl: Option<String>,
    pub(super) license: Option<String>,
    /// The digest of its archive in the registry.
    pub(super) sha256: Option<String>,
    /// Whether it is in the component; otherwise it only helped to build it.
    pub(super) linked: bool,
    /// The references of what it needs, sorted.
    pub(super) needs: Vec<String>,
}

impl Crates {
    /// Asks cargo about the crate in a folder.
    pub(super) fn read(dir: &Path) -> Result<Self, CliError> {
        let wrong = |problem: String| {
            let problem = problem.trim_end();
            CliError::told(
                (
                    format!("cargo 没有说明组件由什么组成：{problem}"),
                    format!("cargo does not tell what the component is made of: {problem}"),
                ),
                (
                    "先构建组件，使 Cargo.lock 存在并与 Cargo.toml 一致；或给出 --sbom 和 --provenance",
                    "build the component, so that Cargo.lock is there and fits Cargo.toml; or give --sbom and --provenance",
                ),
            )
        };
        // The workspace is looked for above the folder's real place.
        let dir = std::fs::canonicalize(dir).map_err(CliError::io(dir.display()))?;
        let manifest = dir.join("Cargo.toml");
        let mut command = MetadataCommand::new();
        command.manifest_path(&manifest).current_dir(&dir);
        command.other_options(["--locked", "--filter-platform", TARGET].map(str::to_owned).to_vec());
        let metadata = command.exec().map_err(|e| wrong(e.to_string()))?;
        let lock = metadata.workspace_root.join("Cargo.lock");
        let lock = std::fs::read_to_string(lock.as_std_path()).map_err(CliError::io(&lock))?;
        let known: Lockfile = lock.parse().map_err(|e: cargo_lock::Error| wrong(e.to_string()))?;
        let (root, others) = closure(&metadata, &manifest, &checksums(&known)).ok_or_else(|| {
            let text = lang()
                .pick("Cargo.toml 是工作区的，不是一个 crate 的", "Cargo.toml is that of a workspace, not of a crate");
            wrong(text.into())
        })?;
        Ok(Self { root, others, lock: Digest::of(lock.as_bytes()) })
    }
}

/// The digests that `Cargo.lock` has: of crates from registries alone.
fn checksums(lock: &Lockfile) -> BTreeMap<(String, String), String> {
    let known = lock.packages.iter().filter_map(|p| Some((p, p.checksum.as_ref()?)));
    known.map(|(p, sum)| ((p.name.to_string(), p.version.to_string()), sum.to_string())).collect()
}

fn closure(
    metadata: &Metadata,
    manifest: &Path,
    checksums: &BTreeMap<(String, String), String>,
) -> Option<(Crate, Vec<Crate>)> {
    let packages: BTreeMap<&str, &Package> = metadata.packages.iter().map(|p| (&*p.id.repr, p)).collect();
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.as_ref()?.nodes.iter().map(|n| (&*n.id.repr, n)).collect();
    let root = metadata.packages.iter().find(|p| p.manifest_path.as_std_path() == manifest)?;
    let builds = |id: &str| packages.get(id).is_some_and(|p| p.targets.iter().any(|t| t.is_proc_macro()));
    // A macro runs in the compiler; what it stands on is not in the component.
    let linked = reach(&nodes, &root.id.repr, |dep| is_normal(dep) && !builds(&dep.pkg.repr));
    let all = reach(&nodes, &root.id.repr, |dep| is_normal(dep) || is_of(dep, DependencyKind::Build));
    let describe = |id: &str| -> Option<Crate> {
        let package = packages.get(id)?;
        let needs: BTreeSet<String> = nodes.get(id).map_or_else(BTreeSet::new, |node| {
            let needed = node.deps.iter().filter(|d| all.contains(&*d.pkg.repr));
            let wanted = needed.filter(|d| is_normal(d) || is_of(d, DependencyKind::Build));
            wanted.filter_map(|d| packages.get(&*d.pkg.repr).map(|p| reference(p))).collect()
        });
        let key = (package.name.to_string(), package.version.to_string());
        let from_a_registry = package.source.as_ref().is_some_and(|s| !s.repr.starts_with("git+"));
        Some(Crate {
            reference: reference(package),
            purl: purl(package),
            license: package.license.clone(),
            sha256: checksums.get(&key).filter(|_| from_a_registry).cloned(),
            linked: linked.contains(id),
            needs: needs.into_iter().collect(),
            name: key.0,
            version: key.1,
        })
    };
    let app = describe(&root.id.repr)?;
    let mut others: Vec<Crate> = all.iter().filter(|id| **id != root.id.repr).filter_map(|id| describe(id)).collect();
    others.sort();
    Some((app, others))
}

/// What is reached from `start` by the edges that `follow` takes, itself included.
fn reach<'a>(
    nodes: &BTreeMap<&'a str, &'a Node>,
    start: &'a str,
    follow: impl Fn(&NodeDep) -> bool,
) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::from([start]), vec![start]);
    while let Some(id) = next.pop() {
        for dep in nodes.get(id).into_iter().flat_map(|n| &n.deps).filter(|d| follow(d)) {
            if seen.insert(&dep.pkg.repr) {
                next.push(&dep.pkg.repr);
            }
        }
    }
    seen
}

fn is_of(dep: &NodeDep, kind: DependencyKind) -> bool {
    dep.dep_kinds.iter().any(|k| k.kind == kind)
}

fn is_normal(dep: &NodeDep) -> bool {
    is_of(dep, DependencyKind::Normal)
}

fn reference(package: &Package) -> String {
    // A crate of the vendor's own has no package URL: one would say that it is in the public registry.
    purl(package).unwrap_or_else(|| format!("{}@{}", package.name, package.version))
}

fn purl(package: &Package) -> Option<String> {
    let source = package.source.as_ref()?;
    let encode = |text: &str| utf8_percent_encode(text, PURL).to_string();
    let bare = format!("pkg:cargo/{}@{}", encode(package.name.as_ref()), encode(&package.version.to_string()));
    if source.is_crates_io() {
        return Some(bare);
    }
    let qualifier = match source.repr.strip_prefix("git+") {
        Some(git) => {
            let revision = git.rsplit_once('#').map(|(_, revision)| format!("@{revision}")).unwrap_or_default();
            public(git).map(|url| ("vcs_url", format!("git+{url}{revision}")))
        }
        None => {
            let url = source.repr.split_once('+').map_or(&*source.repr, |(_, url)| url);
            public(url).map(|url| ("repository_url", url.to_string()))
        }
    };
    // An address of this machine is left out; the name still finds advisories.
    Some(match qualifier {
        Some((name, value)) => format!("{bare}?{name}={}", encode(&value)),
        None => bare,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(of: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(of)
    }

    #[test]
    fn the_crates_of_an_app_of_this_workspace() {
        let crates = Crates::read(&folder("plugins/tourism-ticketing")).unwrap();
        assert_eq!((crates.root.name.as_str(), &crates.root.purl), ("tourism-ticketing", &None));
        let find = |name: &str| crates.others.iter().find(|c| c.name == name);
        let serde = find("serde").unwrap();
        assert!(serde.linked && serde.sha256.as_ref().is_some_and(|s| s.len() == 64), "{serde:?}");
        assert_eq!(serde.purl, Some(format!("pkg:cargo/serde@{}", serde.version)));
        assert!(serde.license.as_ref().is_some_and(|l| l.contains("MIT")), "{serde:?}");
        let derive = find("serde_derive").unwrap();
        assert!(!derive.linked && serde.needs.contains(&derive.reference), "it only helps to build: {derive:?}");
        assert!(find("proptest").is_none(), "needed for tests alone");
        let sdk = find("yunlong-sdk").unwrap();
        assert!(sdk.linked && sdk.purl.is_none() && sdk.sha256.is_none(), "{sdk:?}");
        let references: BTreeSet<&str> = crates.others.iter().map(|c| &*c.reference).collect();
        assert_eq!(references.len(), crates.others.len(), "each has a name of its own");
        assert!(crates.others.iter().flat_map(|c| &c.needs).all(|n| references.contains(n.as_str())));
        assert_eq!(Crates::read(&folder("plugins/tourism-ticketing")).unwrap(), crates, "the same again");
    }

    #[test]
    fn a_workspace_is_no_crate_and_a_stale_lock_is_told() {
        assert!(Crates::read(&folder(".")).unwrap_err().to_string().contains("workspace"));
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), "").unwrap();
        let toml = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n";
        std::fs::write(dir.path().join("Cargo.toml"), toml).unwrap();
        let refused = Crates::read(dir.path()).unwrap_err();
        assert!(refused.to_string().contains("--locked"), "{refused}");
        assert!(refused.next().contains("Cargo.lock"));
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
        std::fs::write(dir.path().join("Cargo.lock"), lock).unwrap();
        let crates = Crates::read(dir.path()).unwrap();
        assert_eq!((crates.root.name.as_str(), crates.others.len()), ("a", 0));
        assert_eq!(crates.lock, Digest::of(lock.as_bytes()));
    }
}
