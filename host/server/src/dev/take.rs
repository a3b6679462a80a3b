//! What was built takes over.
//!
//! Where the code alone is another one, the runtime loads it in the place of the one before: no new version, no
//! publication, and calls that run end where they began. Where `app.toml`, a static file or the listing changed, a
//! version `X.Y.Z-dev.N` is published and installed as any other, so that indexes, migrations and permissions are
//! seen to as in a city; what it asks for in addition is approved.

use super::bench::{Bench, OFFICIALS};
use super::error::DevError;
use super::source;
use crate::demo;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::Path;
use yunlong_gateway::{Install, OperationError, Upgrading};
use yunlong_model::{Digest, Manifest, Text};
use yunlong_registry::{Materials, Package, PackageError};

/// What serves now, as its folder had it.
#[derive(PartialEq, Eq)]
pub(super) struct Known {
    component: Digest,
    manifest: String,
    listing: Option<String>,
    files: BTreeMap<String, Bytes>,
}

/// What became of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is what serves already.
    Same,
    /// New code serves under the version that is installed.
    Code,
    /// A new version serves.
    Version(semver::Version),
}

impl Taken {
    pub(super) fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Same => ("没有变化".into(), "nothing is different".into()),
            Self::Code => ("新代码已启用".into(), "the new code serves".into()),
            Self::Version(v) => (format!("版本 {v} 已启用"), format!("version {v} serves")),
        };
        Text { zh, en }
    }
}

impl Bench {
    /// Puts what is built in charge. When it is refused, what was there goes on.
    pub(super) async fn take(&self, dir: &Path) -> Result<Taken, DevError> {
        let (package, listing) = read(dir).await?;
        let now = Known {
            component: Digest::of(&package.component),
            manifest: package.manifest_toml.clone(),
            listing,
            files: package.assets.iter().map(|(path, a)| (path.clone(), a.bytes.clone())).collect(),
        };
        let mut known = self.known.lock().await;
        let taken = match &*known {
            Some(before) if *before == now => Taken::Same,
            Some(before) if before.differs_in_code_alone(&now) => {
                self.load(&package).await?;
                Taken::Code
            }
            _ => Taken::Version(self.publish(&package, now.listing.as_deref(), &now.files).await?),
        };
        *known = Some(now);
        drop(known);
        // Also when nothing is different: then the failure before is mended.
        if taken != Taken::Same || self.standing.borrow().failure.is_some() {
            self.took_over();
        }
        Ok(taken)
    }

    async fn load(&self, package: &Package) -> Result<(), DevError> {
        let installation = self.city.installations.get(&self.name);
        let installation =
            installation.ok_or_else(|| DevError::City(format!("{} is not installed any more", self.name)))?;
        let loaded = self.city.runtime.load(&installation, &package.component).await;
        loaded.map_err(|e| DevError::Component(e.to_string()))
    }

    async fn publish(
        &self,
        package: &Package,
        listing: Option<&str>,
        files: &BTreeMap<String, Bytes>,
    ) -> Result<semver::Version, DevError> {
        let manifest = &package.manifest;
        if manifest.name.as_str() != self.name.as_str() {
            return Err(DevError::Refused(Text {
                zh: format!("应用的名称由 {} 改成了 {}：请重新启动 yunlong dev", self.name, manifest.name),
                en: format!(
                    "the app's name changed from {} to {}: start `yunlong dev` again",
                    self.name, manifest.name
                ),
            }));
        }
        let version = self.next_version(manifest).await?;
        let mut versioned = Package::assemble(Materials {
            manifest_toml: &with_version(&package.manifest_toml, &version)?,
            component: &package.component,
            files: manifest.assets.is_some().then_some(files),
            listing_toml: listing,
            ..Materials::default()
        })
        .map_err(unpackable)?;
        versioned.sign(&self.key).map_err(unpackable)?;
        let operations = self.city.gateway.operations();
        let review = demo::publish(&self.city, &versioned).await.map_err(|e| refused_for(&e))?;
        let by = demo::BY.to_owned();
        match self.city.installations.get(&self.name) {
            None => {
                let wanted = Install {
                    package: review.digest,
                    name: Some(self.name.to_string()),
                    organization: demo::departments::TOURISM.to_owned(),
                    config: examples(manifest),
                    approve: review.capabilities.iter().map(ToString::to_string).collect(),
                    by,
                };
                operations.install(wanted).await.map_err(|e| refused(&e))?;
                self.first_roles(manifest).await?;
            }
            Some(_) => {
                let more = operations.difference(&self.name, review.digest).await.map_err(|e| refused(&e))?;
                let approve = more.added.iter().map(ToString::to_string).collect();
                let wanted = Upgrading { package: review.digest, approve, share: None, by };
                operations.upgrade(&self.name, wanted).await.map_err(|e| refused(&e))?;
            }
        }
        if !manifest.datasets.is_empty() {
            demo::hub::approve(&self.city).await.map_err(|e| refused_for(&e))?;
        }
        Ok(version)
    }

    /// The first official begins with every role, the second with none.
    async fn first_roles(&self, manifest: &Manifest) -> Result<(), DevError> {
        let roles: Vec<String> = manifest.roles.iter().map(|r| r.name.clone()).collect();
        if roles.is_empty() {
            return Ok(());
        }
        let operations = self.city.gateway.operations();
        operations.set_roles(&self.name, OFFICIALS[0], &roles, demo::BY).await.map_err(|e| refused(&e))
    }

    /// One behind every version that was published, of this run and of those before it.
    async fn next_version(&self, manifest: &Manifest) -> Result<semver::Version, DevError> {
        let published = self.city.library.publications().versions(&manifest.name).await.map_err(DevError::city)?;
        let last = published.iter().filter_map(|v| v.version.pre.rsplit_once("dev.")?.1.parse::<u64>().ok()).max();
        let n = last.unwrap_or(0) + 1;
        let own = &manifest.version;
        let pre = if own.pre.is_empty() { format!("dev.{n}") } else { format!("{}.dev.{n}", own.pre) };
        let pre = semver::Prerelease::new(&pre).map_err(DevError::city)?;
        Ok(semver::Version { pre, build: semver::BuildMetadata::EMPTY, ..own.clone() })
    }
}

impl Known {
    fn differs_in_code_alone(&self, other: &Self) -> bool {
        (&self.manifest, &self.listing, &self.files) == (&other.manifest, &other.listing, &other.files)
    }
}

/// The package of a folder, and its listing as text.
async fn read(dir: &Path) -> Result<(Package, Option<String>), DevError> {
    let file = source::component(dir);
    let component = tokio::fs::read(&file).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => DevError::NoComponent(file.clone()),
        _ => DevError::unusable(&file, &e),
    })?;
    let listing = tokio::fs::read_to_string(dir.join("listing.toml")).await.ok();
    let dir = dir.to_owned();
    let read = tokio::task::spawn_blocking(move || Package::from_folder(&dir, &component)).await;
    Ok((read.map_err(DevError::machine)?.map_err(unpackable)?, listing))
}

#[allow(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn unpackable(e: PackageError) -> DevError {
    match e {
        PackageError::Manifest(e) => DevError::Manifest(e.text()),
        e => DevError::Package(e.text()),
    }
}

fn refused(e: &OperationError) -> DevError {
    DevError::Refused(e.text())
}

/// What the demo's steps say, which is in one language.
fn refused_for(e: &anyhow::Error) -> DevError {
    match e.downcast_ref::<OperationError>() {
        Some(e) => refused(e),
        None => DevError::Refused(Text { zh: format!("{e:#}"), en: format!("{e:#}") }),
    }
}

/// `app.toml` with another version.
fn with_version(toml: &str, version: &semver::Version) -> Result<String, DevError> {
    let mut table: toml::Table = toml.parse().map_err(DevError::city)?;
    table.insert("version".into(), version.to_string().into());
    toml::to_string(&table).map_err(DevError::city)
}

/// Values for settings that have no default: the first of their examples (JSON Schema 2020-12, section 9.5).
fn examples(manifest: &Manifest) -> BTreeMap<String, serde_json::Value> {
    let properties = manifest.config.as_ref().and_then(|c| c.get("properties")?.as_object());
    let without = properties.into_iter().flatten().filter(|(_, schema)| schema.get("default").is_none());
    without.filter_map(|(name, schema)| Some((name.clone(), schema.get("examples")?.get(0)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "name = \"hello\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"你好\", en = \"Hello\" }\ndescription = { zh = \"问好\", en = \"Greets\" }\n[config]\ntype = \"object\"\n[config.properties.a]\ntype = \"integer\"\ndefault = 1\nexamples = [2]\n[config.properties.b]\ntype = \"string\"\nexamples = [\"x\", \"y\"]\n[config.properties.c]\ntype = \"string\"\n";

    #[test]
    fn another_version_changes_nothing_else() {
        let version: semver::Version = "1.0.0-dev.3".parse().unwrap();
        let (before, after) = (Manifest::parse(TOML), Manifest::parse(&with_version(TOML, &version).unwrap()));
        assert_eq!(Manifest { version, ..before.unwrap() }, after.unwrap());
    }

    #[test]
    fn examples_stand_in_where_there_is_no_default() {
        let values = examples(&Manifest::parse(TOML).unwrap());
        assert_eq!(values, BTreeMap::from([("b".to_owned(), serde_json::json!("x"))]));
    }
}
