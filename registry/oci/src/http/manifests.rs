//! Manifests by tag and by digest (distribution-spec, "Pulling manifests", "Pushing Manifests",
//! "Deleting tags", "Deleting Manifests").

use super::Ask;
use super::answer::{Answer, DIGEST, SUBJECT, TAG, With as _, answer};
use super::blobs::is_known;
use super::body::Incoming;
use crate::config::MAX_MANIFEST;
use crate::digest::{Algorithm, Digest};
use crate::error::OciError;
use crate::manifest::Manifest;
use crate::metadata::{manifests, repositories, tags};
use crate::name::{Reference, RepositoryName, Tag};
use axum::body::Body;
use http::{Method, StatusCode, header};
use yunlong_store::transact;

/// The most tags of one push by digest.
const MAX_TAGS: usize = 16;

pub(super) async fn manifest(ask: &Ask<'_>, name: &RepositoryName, reference: &str, body: &mut Incoming) -> Answer {
    // No tag has a colon.
    let reference = if reference.contains(':') {
        Reference::Digest(reference.parse()?)
    } else {
        Reference::Tag(reference.parse()?)
    };
    let answered = match ask.method {
        Method::PUT => return put(ask, name, reference, body).await,
        Method::DELETE => delete(ask, name, &reference).await,
        _ => get(ask, name, reference).await,
    };
    match answered {
        Err(OciError::ManifestUnknown(_)) if !repositories::exists(&ask.inner.store, name).await? => {
            Err(OciError::NameUnknown(name.clone()))
        }
        answered => answered,
    }
}

async fn get(ask: &Ask<'_>, name: &RepositoryName, reference: Reference) -> Answer {
    let store = &ask.inner.store;
    let view = ask.caller.view(ask.inner, name).await;
    let (digest, shown) = match &reference {
        Reference::Tag(tag) => {
            let digest = tags::resolve(store, name, tag).await?;
            let shown = view.shows_tag(tag.as_str(), &digest).await;
            (digest, shown)
        }
        Reference::Digest(digest) => (digest.clone(), view.shows_manifest(digest).await?),
    };
    if !shown {
        return Err(OciError::ManifestUnknown(match &reference {
            Reference::Tag(tag) => tag.to_string(),
            Reference::Digest(digest) => digest.to_string(),
        }));
    }
    let row = manifests::get(store, name, &digest).await?;
    if is_known(ask, &digest)? {
        return Ok(answer(StatusCode::NOT_MODIFIED, Body::empty()).of(&digest));
    }
    let body = match ask.method {
        Method::HEAD => Body::empty(),
        _ => Body::from(manifests::bytes(store, name, &digest).await?),
    };
    Ok(answer(StatusCode::OK, body)
        .of(&digest)
        .with(header::CONTENT_TYPE, row.media_type)
        .with(header::CONTENT_LENGTH, row.size))
}

async fn put(ask: &Ask<'_>, name: &RepositoryName, reference: Reference, body: &mut Incoming) -> Answer {
    if ask.content_length()?.is_some_and(|l| l > MAX_MANIFEST as u64) {
        return Err(OciError::TooLarge { what: "manifest", limit: MAX_MANIFEST as u64 });
    }
    let mut pushed_tags: Vec<Tag> = ask.query.all("tag").map(str::parse).collect::<Result<_, _>>()?;
    let by_tag = matches!(reference, Reference::Tag(_));
    if pushed_tags.len() > MAX_TAGS || (by_tag && !pushed_tags.is_empty()) {
        return Err(OciError::Parameter("tag"));
    }
    let _seat = ask.transfer()?;
    let bytes = body.all("manifest", MAX_MANIFEST).await?;
    let digest = match reference {
        Reference::Tag(tag) => {
            pushed_tags.push(tag);
            Algorithm::Sha256.digest(&bytes)
        }
        Reference::Digest(expected) => {
            let found = expected.algorithm().digest(&bytes);
            if found != expected {
                return Err(OciError::DigestMismatch { expected, found });
            }
            found
        }
    };
    let content_type = ask.header(header::CONTENT_TYPE)?;
    let manifest = Manifest::parse(content_type, &bytes, ask.inner.config.limits.descriptors)?;
    let account = ask.caller.account.as_ref();
    let pushed = ask.inner.push(name, &pushed_tags, digest, &manifest, &bytes, account).await?;
    let digest: &Digest = &pushed.digest;
    let mut response = answer(StatusCode::CREATED, Body::empty())
        .with(header::LOCATION, format_args!("/v2/{name}/manifests/{digest}"))
        .with(DIGEST, digest)
        .with(header::CONTENT_LENGTH, 0);
    if let Some(subject) = &pushed.subject {
        response = response.with(SUBJECT, subject);
    }
    if !by_tag && !pushed_tags.is_empty() {
        response = response.with(TAG, pushed_tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(", "));
    }
    Ok(response)
}

async fn delete(ask: &Ask<'_>, name: &RepositoryName, reference: &Reference) -> Answer {
    match reference {
        Reference::Tag(tag) => match tags::resolve(&ask.inner.store, name, tag).await {
            Ok(_) | Err(OciError::Yanked { .. }) => Err(OciError::held(
                format!("`{tag}`"),
                "已发布的标签永不删除，如需停用请撤回",
                "a published tag is never deleted: yank it instead",
            )),
            Err(e) => Err(e),
        },
        Reference::Digest(digest) => {
            transact!(&ask.inner.store, |txn| { manifests::delete(txn, name, digest).await })?;
            Ok(answer(StatusCode::ACCEPTED, Body::empty()))
        }
    }
}
