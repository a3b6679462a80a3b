//! Pushing a package to a registry, as every OCI client does.

use crate::CliError;
use crate::client::Client;
use crate::oci::{self, Credentials, Repository, Right, is_this_machine};
use crate::terminal::{self, Bar};
use oci_spec::distribution::Reference;
use url::Url;
use yunlong_registry::Package;

/// Where a package is pushed to.
pub(crate) struct Destination<'a> {
    /// The registry's address.
    pub(crate) registry: &'a str,
    /// The repository; the vendor's and the app's names when absent.
    pub(crate) repository: Option<&'a str>,
    /// The account there, when it is not that of the platform's session.
    pub(crate) account: Option<&'a str>,
}

/// Pushes a package under the tag of its version, and answers the repository's name.
///
/// Whoever finds the tag finds everything: blobs first, then the wasm manifest by its digest, what refers to it, and
/// the tag at last.
pub(crate) fn push(package: &Package, to: &Destination<'_>, platform: &Client) -> Result<String, CliError> {
    let registry = oci::address(to.registry)?;
    let (name, tag) = (repository(package, to.repository)?, tag_of(&package.manifest.version));
    let mut remote = Repository::new(registry.clone(), &name, Right::Push, Some(credentials(&registry, to, platform)?));
    let bar = Bar::new("pushing", package.blobs().map(|(_, bytes)| bytes.len() as u64).sum());
    for (digest, bytes) in package.blobs() {
        if remote.has_blob(digest)? {
            bar.advance(bytes.len() as u64);
        } else {
            remote.put_blob(digest, bytes, &bar)?;
        }
    }
    for (digest, bytes) in package.manifests() {
        remote.put_manifest(&digest.to_string(), bytes, digest != package.digest)?;
    }
    remote.put_manifest(&tag, &package.wasm_manifest, false)?;
    Ok(name)
}

/// The tag of a version: with `_` for the `+` that no tag may have, as `wkg` and `oras` write it.
pub(crate) fn tag_of(version: &semver::Version) -> String {
    version.to_string().replace('+', "_")
}

fn repository(package: &Package, wanted: Option<&str>) -> Result<String, CliError> {
    let manifest = &package.manifest;
    let name = wanted.map_or_else(|| format!("{}/{}", manifest.vendor, manifest.name), str::to_owned);
    // The grammar is that of references; a host before it keeps a first part from being taken for one.
    let parsed: Result<Reference, _> = format!("registry.invalid/{name}:x").parse();
    match parsed {
        Ok(reference) if reference.repository() == name && name.contains('/') => Ok(name),
        _ => Err(CliError::told(
            (format!("“{name}”不能作仓库的名称"), format!("`{name}` is no name of a repository")),
            (
                "用 --repository 给出，如 my-company/my-app：小写字母、数字、`-`、`.` 和 `/`",
                "give one with --repository, such as my-company/my-app: lower-case letters, digits, `-`, `.` and `/`",
            ),
        )),
    }
}

fn credentials(registry: &Url, to: &Destination<'_>, platform: &Client) -> Result<Credentials, CliError> {
    if let Some(account) = to.account {
        return Ok(Credentials { account: account.to_owned(), secret: terminal::password(account)? });
    }
    if !belongs_to(registry, platform.portal()) {
        let (there, own) = (registry.as_str().trim_end_matches('/'), platform.name());
        return Err(CliError::told(
            (
                format!("{there} 不在平台自己的网址 {own} 之下，因此没有在那里使用您的登录"),
                format!(
                    "{there} is not below the platform's own address {own}, so that your session is not shown there"
                ),
            ),
            (
                "检查两个网址；如无误，用 --registry-account 给出账号",
                "check both addresses; if they are right, give the account with --registry-account",
            ),
        ));
    }
    // The token of a session serves in a password's place, also for an account with a second factor.
    let (account, secret) = platform.session()?;
    Ok(Credentials { account, secret })
}

/// Whether a session of the platform may be shown to a registry: at the platform's own host or below it, and never
/// less protected than there.
pub(crate) fn belongs_to(registry: &Url, portal: &Url) -> bool {
    if is_this_machine(registry) || is_this_machine(portal) {
        return is_this_machine(registry) && is_this_machine(portal);
    }
    let (Some(of), Some(host)) = (registry.domain(), portal.domain()) else { return false };
    registry.scheme() == "https" && (of == host || of.ends_with(&format!(".{host}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_shown_to_the_platforms_own_registry_alone() {
        let belongs =
            |registry: &str, portal: &str| belongs_to(&Url::parse(registry).unwrap(), &Url::parse(portal).unwrap());
        for (registry, portal) in [
            ("http://localhost:5000", "http://localhost:8080"),
            ("http://127.0.0.1:5000", "http://localhost:8080"),
            ("https://registry.city.example", "https://city.example"),
            ("https://city.example:5000", "https://city.example"),
        ] {
            assert!(belongs(registry, portal), "{registry} {portal}");
        }
        for (registry, portal) in [
            ("https://registry.example", "https://city.example"),
            ("https://evilcity.example", "https://city.example"),
            ("http://registry.city.example", "https://city.example"),
            ("http://localhost:5000", "https://city.example"),
            ("https://192.0.2.1", "https://city.example"),
        ] {
            assert!(!belongs(registry, portal), "{registry} {portal}");
        }
    }

    #[test]
    fn a_repository_is_named_by_vendor_and_app() {
        let toml = |vendor: &str| {
            format!(
                "name = \"hello\"\nversion = \"1.0.0+b2\"\nvendor = \"{vendor}\"\ntitle = {{ zh = \"好\", en = \"H\" }}\ndescription = {{ zh = \"好\", en = \"H\" }}\n"
            )
        };
        let package = |vendor: &str| {
            Package::build(&toml(vendor), b"\0asm\x0d\0\x01\0", &std::collections::BTreeMap::new()).unwrap()
        };
        let tongshan = package("tongshan");
        assert_eq!(repository(&tongshan, None).unwrap(), "tongshan/hello");
        assert_eq!(repository(&tongshan, Some("a/b/c")).unwrap(), "a/b/c");
        assert_eq!(tag_of(&tongshan.manifest.version), "1.0.0_b2");
        for wrong in ["Hello/x", "hello", "a/b:1", "a//b", "../b", "a/b@sha256:0", ""] {
            assert!(repository(&tongshan, Some(wrong)).unwrap_err().next().contains("--repository"), "{wrong}");
        }
        let component = b"\0asm\x0d\0\x01\0";
        let unnamed = Package::build(&toml("铜山科技"), component, &std::collections::BTreeMap::new());
        assert!(unnamed.is_err(), "a vendor is named as a repository can be");
    }
}
