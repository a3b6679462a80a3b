//! Blobs: `HEAD`, `GET` with ranges, `DELETE` (distribution-spec, "Pulling blobs", "Deleting Blobs").

use super::Ask;
use super::answer::{Answer, With as _, answer};
use super::range;
use crate::access::Action;
use crate::contents::verified;
use crate::digest::Digest;
use crate::error::OciError;
use crate::metadata::{blobs, repositories};
use crate::name::RepositoryName;
use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode, header};
use yunlong_store::transact;

pub(super) async fn blob(ask: &Ask<'_>, name: &RepositoryName, digest: &str) -> Answer {
    let digest: Digest = digest.parse()?;
    let answered = match ask.method {
        Method::DELETE => delete(ask, name, &digest).await,
        _ if !ask.caller.view(ask.inner, name).await.shows_blob(&digest).await? => Err(OciError::BlobUnknown(digest)),
        Method::HEAD => head(ask, name, &digest).await,
        _ => get(ask, name, &digest).await,
    };
    match answered {
        Err(OciError::BlobUnknown(_)) if !repositories::exists(&ask.inner.store, name).await? => {
            Err(OciError::NameUnknown(name.clone()))
        }
        answered => answered,
    }
}

/// The headers of a blob's answer. The content of a digest never changes.
fn about(response: Response, digest: &Digest) -> Response {
    response
        .of(digest)
        .with(header::CONTENT_TYPE, "application/octet-stream")
        .with(header::ACCEPT_RANGES, "bytes")
        .with(header::CACHE_CONTROL, "private, max-age=31536000, immutable")
}

async fn head(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
    let (link, _) = blobs::locate(&ask.inner.store, name, digest).await?;
    if ask.caller.may(ask.inner, name, Action::Push).await {
        ask.inner.renew(name, digest).await?;
    }
    Ok(about(answer(StatusCode::OK, Body::empty()), digest).with(header::CONTENT_LENGTH, link.size))
}

async fn get(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
    let (link, place) = blobs::locate(&ask.inner.store, name, digest).await?;
    let size = link.size;
    if is_known(ask, digest)? {
        return Ok(about(answer(StatusCode::NOT_MODIFIED, Body::empty()), digest));
    }
    let wanted = match ask.header(header::RANGE)? {
        Some(range) if range_counts(ask, digest)? => range::requested(range, size)?,
        _ => None,
    };
    let part = wanted.clone().unwrap_or(0..size);
    let stream = ask.inner.blobs.read(&place, size, part.clone()).await?;
    // A part has no digest to compare; whoever puts parts together compares the whole.
    let stream = if wanted.is_some() { stream } else { verified(stream, place) };
    let status = if wanted.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let response =
        about(answer(status, Body::from_stream(stream)), digest).with(header::CONTENT_LENGTH, part.end - part.start);
    Ok(match wanted {
        Some(r) => response.with(header::CONTENT_RANGE, format_args!("bytes {}-{}/{size}", r.start, r.end - 1)),
        None => response,
    })
}

/// Whether the client has this content already (RFC 9110 13.1.2).
pub(super) fn is_known(ask: &Ask<'_>, digest: &Digest) -> Result<bool, OciError> {
    let tag = format!("\"{digest}\"");
    let known = ask.header(header::IF_NONE_MATCH)?;
    Ok(known.is_some_and(|k| k.split(',').any(|t| t.trim().trim_start_matches("W/") == tag)))
}

/// Whether the client wants the range of what is there now (RFC 9110 13.1.5).
fn range_counts(ask: &Ask<'_>, digest: &Digest) -> Result<bool, OciError> {
    Ok(ask.header(header::IF_RANGE)?.is_none_or(|tag| tag == format!("\"{digest}\"")))
}

async fn delete(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
    transact!(&ask.inner.store, |txn| { blobs::unlink(txn, name, digest).await })?;
    Ok(answer(StatusCode::ACCEPTED, Body::empty()))
}
