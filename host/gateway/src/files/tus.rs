//! Uploads that go on after a cut: tus 1.0.0, with creation, creation-with-upload, expiration, checksum and
//! termination. See docs/decisions/0046 for why this protocol.

use super::Bringer;
use super::source::{BodySource, Patience};
use crate::failure::{Failure, Outcome, kinds};
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use yunlong_files::{Checksum, FileError, NewUpload, Piece, Received};
use yunlong_model::Timestamp;

const VERSION: &str = "1.0.0";
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const CHUNK: &str = "application/offset+octet-stream";
/// The status of the protocol for bytes that do not have their checksum.
const CHECKSUM_MISMATCH: u16 = 460;

/// What the server can do.
pub(super) fn abilities() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        ("tus-version", VERSION),
        ("tus-extension", "creation,creation-with-upload,expiration,checksum,termination"),
        ("tus-checksum-algorithm", "sha1,sha256"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    marked(response)
}

fn marked(mut response: Response) -> Response {
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static(VERSION));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers at the address of uploads, or of one.
pub(super) async fn answer(bringer: &Bringer<'_>, id: Option<&str>, parts: &Parts, body: Body) -> Outcome {
    if text(&parts.headers, &RESUMABLE) != Some(VERSION) {
        let mut response = StatusCode::PRECONDITION_FAILED.into_response();
        response.headers_mut().insert("tus-version", HeaderValue::from_static(VERSION));
        return Ok(response);
    }
    let answered = match (&parts.method, id) {
        (&Method::POST, None) => create(bringer, parts, body).await,
        (&Method::HEAD, Some(id)) => look(bringer, id).await,
        (&Method::PATCH, Some(id)) => go_on(bringer, id, parts, body).await,
        (&Method::DELETE, Some(id)) => end(bringer, id).await,
        _ => return Err(Failure::new(kinds::METHOD_NOT_ALLOWED)),
    };
    match answered {
        Ok(response) => Ok(marked(response)),
        Err(Refused::Checksum) => {
            let status = StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST);
            Ok(marked(status.into_response()))
        }
        Err(Refused::Failure(failure)) => Err(failure),
    }
}

enum Refused {
    /// The protocol has a status of its own for it.
    Checksum,
    Failure(Failure),
}

impl From<FileError> for Refused {
    fn from(e: FileError) -> Self {
        match e {
            FileError::Checksum => Self::Checksum,
            e => Self::Failure(e.into()),
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

async fn create(bringer: &Bringer<'_>, parts: &Parts, body: Body) -> Result<Response, Refused> {
    let headers = &parts.headers;
    let length = number(headers, &LENGTH)?.ok_or_else(|| malformed("Upload-Length"))?;
    let name = headers.get("upload-metadata").map(|v| file_name(v.to_str().unwrap_or(""))).transpose()?.flatten();
    let ticket = &bringer.ticket;
    let new = NewUpload {
        area: ticket.area.clone(),
        name: name.unwrap_or_default(),
        uploader: Some(ticket.subject.clone()),
        max_bytes: ticket.max_bytes,
        accept: ticket.accept.clone(),
        length: Some(length),
    };
    let id = bringer.files().begin(bringer.owner(), new).await?;
    let with_bytes = text(headers, &header::CONTENT_TYPE) == Some(CHUNK);
    let mut at = 0;
    if with_bytes || length == 0 {
        match receive(bringer, id, 0, headers, body).await {
            Ok(received) => at = received.at,
            // It was created, and goes on where it is.
            Err(FileError::Cut) => at = progress(bringer, &id.to_string()).await?.at,
            Err(e) => return Err(e.into()),
        }
    }
    let mut response = StatusCode::CREATED.into_response();
    let location = format!("{}{}/uploads/{id}", super::PREFIX, bringer.token);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&location).map_err(Failure::internal)?);
    response.headers_mut().insert(OFFSET, at.into());
    expires(&mut response, progress(bringer, &id.to_string()).await?.expires);
    Ok(response)
}

async fn look(bringer: &Bringer<'_>, id: &str) -> Result<Response, Refused> {
    let progress = progress(bringer, id).await?;
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().insert(OFFSET, progress.at.into());
    if let Some(length) = progress.length {
        response.headers_mut().insert(LENGTH, length.into());
    }
    expires(&mut response, progress.expires);
    Ok(response)
}

async fn go_on(bringer: &Bringer<'_>, id: &str, parts: &Parts, body: Body) -> Result<Response, Refused> {
    let headers = &parts.headers;
    if text(headers, &header::CONTENT_TYPE) != Some(CHUNK) {
        return Err(Failure::new(kinds::UNSUPPORTED_MEDIA).saying(CHUNK).into());
    }
    let at = number(headers, &OFFSET)?.ok_or_else(|| malformed("Upload-Offset"))?;
    // Only whoever brought it goes on with it.
    let before = progress(bringer, id).await?;
    let id = parsed(id)?;
    let received = receive(bringer, id, at, headers, body).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(OFFSET, received.at.into());
    expires(&mut response, before.expires);
    Ok(response)
}

async fn end(bringer: &Bringer<'_>, id: &str) -> Result<Response, Refused> {
    let id = parsed(id)?;
    bringer.files().cancel(&bringer.installation.name, id, &bringer.ticket.subject).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn receive(
    bringer: &Bringer<'_>,
    id: yunlong_blobs::UploadId,
    at: u64,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, FileError> {
    let piece = Piece { at, checksum: checksum(headers)?, last: false };
    let mut source = BodySource { body, patience: Patience::new(&bringer.view.gateway.config) };
    bringer.files().receive(&bringer.installation.name, id, piece, &mut source).await
}

async fn progress(bringer: &Bringer<'_>, id: &str) -> Result<yunlong_files::Progress, FileError> {
    bringer.files().progress(&bringer.installation.name, parsed(id)?, &bringer.ticket.subject).await
}

fn parsed(id: &str) -> Result<yunlong_blobs::UploadId, FileError> {
    id.parse().map_err(|_| FileError::NotFound)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn malformed(name: &str) -> Failure {
    Failure::new(kinds::MALFORMED).because(format!("缺少 {name}，或其值有误。"), format!("{name} is missing or wrong."))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Outcome<Option<u64>> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|v| v.parse().ok()).map(Some).ok_or_else(|| malformed(name.as_str()))
}

/// The `filename` of `Upload-Metadata`: pairs of a key and base64, between commas.
fn file_name(metadata: &str) -> Outcome<Option<String>> {
    for pair in metadata.split(',').map(str::trim) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if key != "filename" {
            continue;
        }
        let bytes = BASE64.decode(value.trim().as_bytes()).map_err(|_| malformed("Upload-Metadata"))?;
        return String::from_utf8(bytes).map(Some).map_err(|_| malformed("Upload-Metadata"));
    }
    Ok(None)
}

/// `Upload-Checksum`: an algorithm and base64.
fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, FileError> {
    let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
    let wrong = || FileError::Invalid("Upload-Checksum is `sha1` or `sha256`, and the sum in base64".into());
    let (algorithm, sum) = value.to_str().ok().and_then(|v| v.split_once(' ')).ok_or_else(wrong)?;
    let sum = BASE64.decode(sum.trim().as_bytes()).map_err(|_| wrong())?;
    match algorithm {
        "sha1" => sum.try_into().map(Checksum::Sha1).map(Some).map_err(|_| wrong()),
        "sha256" => sum.try_into().map(Checksum::Sha256).map(Some).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// When an upload that nobody goes on with is forgotten, as HTTP writes times.
fn expires(response: &mut Response, at: Option<Timestamp>) {
    let Some(at) = at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok()) else { return };
    let printed = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at);
    if let Some(value) = printed.ok().and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(EXPIRES, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_from_the_metadata() {
        // 坑洼.jpg
        let named = file_name("filetype aW1hZ2UvanBlZw==,filename 5Z2R5rS8LmpwZw==, is_confidential").unwrap();
        assert_eq!(named.as_deref(), Some("坑洼.jpg"));
        assert_eq!(file_name("filetype aW1hZ2UvanBlZw==").unwrap(), None);
        assert!(file_name("filename !!!").is_err());
    }

    #[test]
    fn a_checksum_has_a_known_algorithm_and_its_length() {
        let with = |value: &'static str| {
            HeaderMap::from_iter([(HeaderName::from_static("upload-checksum"), HeaderValue::from_static(value))])
        };
        assert!(matches!(checksum(&with("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")), Ok(Some(Checksum::Sha1(_)))));
        assert!(matches!(checksum(&HeaderMap::new()), Ok(None)));
        for bad in ["sha1 AAAA", "md5 XUFAKrxLKna5cZ2REBfFkg==", "sha1", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0="] {
            assert!(checksum(&with(bad)).is_err(), "{bad}");
        }
    }
}
