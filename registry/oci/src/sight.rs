//! What a reader sees of a repository: everything, or what is published out of it and whatever belongs to that. This
//! is the one place where it is decided; what is not seen is answered as if it were not there.

use crate::access::{Account, Shown, Sight};
use crate::digest::Digest;
use crate::error::OciError;
use crate::metadata::{blobs, manifests, tags};
use crate::name::RepositoryName;
use crate::registry::Inner;
use std::collections::BTreeSet;

/// How many manifests are looked at to find out whether what one of them belongs to is published.
const MAX_LOOKS: usize = 64;
/// How many manifests that need a blob are looked at. All referrers share the empty config.
const MAX_NEEDS: usize = 4_096;

/// A repository, as one reader sees it.
pub(crate) struct View<'a> {
    inner: &'a Inner,
    repository: &'a RepositoryName,
    sight: Sight,
}

impl Inner {
    /// A repository as an account sees it, that may pull from there.
    pub(crate) async fn view<'a>(&'a self, who: Option<&Account>, repository: &'a RepositoryName) -> View<'a> {
        View { inner: self, repository, sight: self.access.sight(who, repository).await }
    }
}

impl View<'_> {
    /// Whether a tag is found and listed. cosign's tags (`sha256-….sig`) belong to the manifest that they name.
    pub(crate) async fn shows_tag(&self, tag: &str, digest: &Digest) -> bool {
        let access = &self.inner.access;
        match (self.sight, named_by(tag)) {
            (Sight::Whole, _) => true,
            (Sight::Published, Some(named)) => {
                access.shown(self.repository, &named).await >= Shown::ByDigest
                    && access.belongs(self.repository, &named, digest).await
            }
            (Sight::Published, None) => access.shown(self.repository, digest).await == Shown::Listed,
        }
    }

    /// Whether a manifest can be read by its digest.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn shows_manifest(&self, digest: &Digest) -> Result<bool, OciError> {
        if self.sight == Sight::Whole {
            return Ok(true);
        }
        // From it to what it belongs to: its subject, indexes that list it, what cosign's tags name.
        let (mut seen, mut rest) = (BTreeSet::new(), vec![digest.clone()]);
        while let Some(at) = rest.pop() {
            if seen.len() == MAX_LOOKS {
                break;
            }
            if !seen.insert(at.clone()) {
                continue;
            }
            if self.inner.access.shown(self.repository, &at).await >= Shown::ByDigest {
                return Ok(true);
            }
            let subject = match manifests::get(&self.inner.store, self.repository, &at).await {
                Ok(row) => row.subject,
                Err(OciError::ManifestUnknown(_)) => continue,
                Err(e) => return Err(e),
            };
            rest.extend(blobs::needed_by(&self.inner.store, self.repository, &at, MAX_LOOKS).await?);
            let tags = tags::of(&self.inner.store, self.repository, &at, MAX_LOOKS).await?;
            for named in subject.into_iter().chain(tags.iter().filter_map(|tag| named_by(tag))) {
                if self.inner.access.belongs(self.repository, &named, &at).await {
                    rest.push(named);
                }
            }
        }
        Ok(false)
    }

    /// Whether a blob can be read: a manifest needs it that can.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn shows_blob(&self, digest: &Digest) -> Result<bool, OciError> {
        if self.sight == Sight::Whole {
            return Ok(true);
        }
        for manifest in blobs::needed_by(&self.inner.store, self.repository, digest, MAX_NEEDS).await? {
            if self.shows_manifest(&manifest).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The manifest that a tag of the form `sha256-<hex>` names, with whatever ending.
fn named_by(tag: &str) -> Option<Digest> {
    let (algorithm, rest) = tag.split_once('-')?;
    format!("{algorithm}:{}", rest.split('.').next()?).parse().ok()
}
