//! Uploads: at once, in chunks, and by mounting (distribution-spec, "Pushing blobs").

use super::Ask;
use super::answer::{Answer, DIGEST, UPLOAD, With as _, answer};
use super::body::Incoming;
use super::range;
use crate::access::Action;
use crate::blobs::UploadId;
use crate::digest::{Algorithm, Digest};
use crate::error::OciError;
use crate::metadata::blobs;
use crate::metadata::uploads::Session;
use crate::name::RepositoryName;
use axum::body::Body;
use http::{Method, StatusCode, header};

/// How many repositories are looked at for a blob that shall be mounted from anywhere.
const MOUNT_SEARCH: usize = 32;

/// `POST …/blobs/uploads/`
pub(super) async fn open(ask: &Ask<'_>, name: &RepositoryName, body: &mut Incoming) -> Answer {
    if let Some(digest) = ask.query.one("mount")? {
        let digest: Digest = digest.parse()?;
        if mount(ask, name, &digest).await? {
            return Ok(created(name, &digest));
        }
    }
    let digest: Option<Digest> = ask.query.one("digest")?.map(str::parse).transpose()?;
    let algorithm: Option<Algorithm> = ask.query.one("digest-algorithm")?.map(str::parse).transpose()?;
    let algorithm = algorithm.or(digest.as_ref().map(Digest::algorithm)).unwrap_or_default();
    let (id, mut session) = ask.inner.open_upload(name, ask.caller.account.as_ref(), algorithm).await?;
    let Some(digest) = digest else {
        return Ok(progress(StatusCode::ACCEPTED, name, id, &session));
    };
    let whole = async {
        let _seat = ask.transfer()?;
        ask.inner.receive(id, &mut session, ask.content_length()?, body).await?;
        ask.inner.finish(id, &session, &digest).await
    };
    if let Err(error) = whole.await {
        // The client was never told the session's address.
        match ask.inner.cancel(id).await {
            Ok(()) | Err(OciError::UploadUnknown) => return Err(error),
            Err(worse) => return Err(worse),
        }
    }
    Ok(created(name, &digest))
}

/// Mounts a blob from where the request says, or from any repository that the caller may read.
/// Whatever stands in the way, the client uploads the blob instead.
async fn mount(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Result<bool, OciError> {
    let sources = match ask.query.one("from")? {
        Some(from) => vec![from.parse()?],
        None => blobs::holders(&ask.inner.store, digest, MOUNT_SEARCH).await?,
    };
    for from in sources {
        let may = ask.caller.may(ask.inner, &from, Action::Pull).await;
        if !may || !ask.caller.view(ask.inner, &from).await.shows_blob(digest).await? {
            continue;
        }
        match ask.inner.mount(&from, name, digest).await {
            Ok(()) => return Ok(true),
            Err(OciError::BlobUnknown(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(false)
}

/// `PATCH`, `PUT`, `GET` and `DELETE` of an upload's location.
pub(super) async fn upload(ask: &Ask<'_>, name: &RepositoryName, id: &str, body: &mut Incoming) -> Answer {
    let id: UploadId = id.parse().map_err(|_| OciError::UploadUnknown)?;
    let mut session = ask.inner.session(id, name, ask.caller.account.as_ref()).await?;
    match ask.method {
        Method::PATCH => {
            let chunk = chunk(ask, name, id, &session)?;
            receive(ask, id, &mut session, chunk, body).await?;
            Ok(progress(StatusCode::ACCEPTED, name, id, &session))
        }
        Method::PUT => {
            let digest = ask.query.one("digest")?.ok_or(OciError::UploadInvalid("the digest is missing"))?;
            let digest: Digest = digest.parse()?;
            let chunk = chunk(ask, name, id, &session)?;
            // The bytes may be in their place already, if a process died before it wrote that down: then
            // nothing can be added to them.
            let is_last = chunk == Some(0) || (chunk.is_none() && body.is_empty());
            if !is_last {
                receive(ask, id, &mut session, chunk, body).await?;
            }
            ask.inner.finish(id, &session, &digest).await?;
            Ok(created(name, &digest))
        }
        Method::DELETE => {
            ask.inner.cancel(id).await?;
            Ok(answer(StatusCode::NO_CONTENT, Body::empty()))
        }
        _ => Ok(progress(StatusCode::NO_CONTENT, name, id, &session)),
    }
}

async fn receive(
    ask: &Ask<'_>,
    id: UploadId,
    session: &mut Session,
    announced: Option<u64>,
    body: &mut Incoming,
) -> Result<(), OciError> {
    let _seat = ask.transfer()?;
    match ask.inner.receive(id, session, announced, body).await {
        // Going on would not help: the blob is too large as a whole.
        Err(e @ (OciError::TooLarge { .. } | OciError::Quota { .. })) => {
            ask.inner.cancel(id).await?;
            Err(e)
        }
        received => received,
    }
}

/// How long the chunk is that a request announces; `None` when it does not. Chunks come in order.
fn chunk(ask: &Ask<'_>, name: &RepositoryName, id: UploadId, session: &Session) -> Result<Option<u64>, OciError> {
    let length = ask.content_length()?;
    let Some(range) = ask.header(header::CONTENT_RANGE)? else { return Ok(length) };
    let range = range::chunk(range)?;
    let announced = range.end - range.start;
    if let Some(found) = length.filter(|l| *l != announced) {
        return Err(OciError::Size { announced, found });
    }
    if range.start != session.offset {
        return Err(OciError::OutOfOrder { expected: session.offset, location: location(name, id) });
    }
    Ok(Some(announced))
}

fn location(name: &RepositoryName, id: UploadId) -> String {
    format!("/v2/{name}/blobs/uploads/{id}")
}

fn progress(status: StatusCode, name: &RepositoryName, id: UploadId, session: &Session) -> axum::response::Response {
    let response = answer(status, Body::empty())
        .with(header::LOCATION, location(name, id))
        .with(header::RANGE, range::so_far(session.offset))
        .with(UPLOAD, id);
    if status == StatusCode::NO_CONTENT { response } else { response.with(header::CONTENT_LENGTH, 0) }
}

fn created(name: &RepositoryName, digest: &Digest) -> axum::response::Response {
    answer(StatusCode::CREATED, Body::empty())
        .with(header::LOCATION, format_args!("/v2/{name}/blobs/{digest}"))
        .with(DIGEST, digest)
        .with(header::CONTENT_LENGTH, 0)
}
