//! Screenshots of published packages: `/pictures/{digest}/{n}`, at the portal and the console.
//!
//! A picture is what its vendor sent. It is served when it is what its listing says by its first bytes, as one of
//! three types that hold nothing but points, under the policy of every page (no script, nothing from elsewhere)
//! and `nosniff`. Pictures of what was approved are everybody's; those of other packages are for whoever may see
//! their submission.

use crate::failure::{Failure, Outcome};
use crate::operations::OperationError;
use crate::reviews;
use crate::theme::{IMMUTABLE, Static};
use crate::view::View;
use axum::extract::Path;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use yunlong_library::Library;
use yunlong_model::Digest;
use yunlong_publications::{Stage, Status};
use yunlong_registry::Package;

/// The most bytes of pictures that are kept in memory.
const MOST: usize = 64 * 1024 * 1024;
/// The largest picture that is shown.
const LARGEST: usize = 4 * 1024 * 1024;

/// The pictures of one package, in the listing's order. `None` stands for one that is not shown.
type Shots = Arc<Vec<Option<Static>>>;

/// The pictures of packages that were looked at lately.
pub(crate) struct Pictures {
    library: Library,
    /// The newest first, with the bytes of each.
    kept: Mutex<VecDeque<(Digest, usize, Shots)>>,
    /// Reading a package is work, and anybody can ask for it: one at a time.
    reading: tokio::sync::Mutex<()>,
}

impl Pictures {
    pub(crate) fn new(library: Library) -> Self {
        Self { library, kept: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }

    fn kept(&self, digest: &Digest) -> Option<Shots> {
        let mut kept = self.kept.lock();
        let found = kept.iter().position(|(d, ..)| d == digest)?;
        let entry = kept.remove(found)?;
        let shots = entry.2.clone();
        kept.push_front(entry);
        Some(shots)
    }

    async fn of(&self, digest: &Digest) -> Result<Shots, OperationError> {
        if let Some(shots) = self.kept(digest) {
            return Ok(shots);
        }
        let _one = self.reading.lock().await;
        if let Some(shots) = self.kept(digest) {
            return Ok(shots);
        }
        // Whether somebody may see it was asked before; here it must be whole and signed.
        let (package, _) = self.library.get(digest, Stage::Review, None).await?;
        let shots = shots(&package);
        let size: usize = shots.iter().map(|(_, size)| size).sum();
        let shots: Shots = Arc::new(shots.into_iter().map(|(shot, _)| shot).collect());
        let mut kept = self.kept.lock();
        kept.push_front((*digest, size, shots.clone()));
        while kept.iter().map(|(_, size, _)| size).sum::<usize>() > MOST && kept.len() > 1 {
            kept.pop_back();
        }
        Ok(shots)
    }
}

fn shots(package: &Package) -> Vec<(Option<Static>, usize)> {
    let listed = package.listing.iter().flat_map(|l| &l.screenshots);
    let one = |file: &str| {
        let asset = package.assets.get(file)?;
        let media_type = sniffed(&asset.bytes).filter(|t| *t == asset.media_type && asset.bytes.len() <= LARGEST)?;
        // A copy: the package's bytes are not kept for one picture.
        Some((Static::new(Bytes::copy_from_slice(&asset.bytes), media_type), asset.bytes.len()))
    };
    listed.map(|s| one(&s.file).map_or((None, 0), |(shot, size)| (Some(shot), size))).collect()
}

/// The type of a picture by its first bytes.
fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

/// Where a picture stands.
pub(crate) fn address(digest: &Digest, n: usize) -> String {
    format!("/pictures/{digest}/{n}")
}

pub(crate) async fn picture(view: View, Path((text, n)): Path<(String, usize)>, headers: HeaderMap) -> Outcome {
    let digest: Digest = text.parse().map_err(|_| Failure::not_found())?;
    let publications = view.gateway.services.library.publications();
    let release = publications.release(&digest).await.map_err(OperationError::from)?;
    let key = publications.key(&release.key).await.map_err(OperationError::from)?;
    let everybodys = release.status(Some(&key)) == Status::Approved;
    if !everybodys {
        reviews::visible(&view, release.submission).await.map_err(|_| Failure::not_found())?;
    }
    let shots = view.gateway.pictures.of(&digest).await?;
    let shot = shots.get(n).and_then(Option::as_ref).ok_or_else(Failure::not_found)?;
    let mut response: Response = shot.respond(&headers, IMMUTABLE);
    if !everybodys {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes_alone() {
        for (bytes, want) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVEfmt ", None),
            (b"RIFF", None),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>", None),
            (b"<!DOCTYPE html>", None),
            (b"GIF89a", None),
            (b"\x89PNG", None),
            (b"", None),
        ] {
            assert_eq!(sniffed(bytes), want, "{bytes:?}");
        }
    }
}
