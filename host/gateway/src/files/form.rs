//! A form with files in it (RFC 7578), on its way to the app: each file goes into the store, and its id stands in its
//! place. The app gets an ordinary form, and no page needs a script.

use super::Bringer;
use super::source::{FieldSource, Patience};
use crate::apps;
use crate::failure::{Failure, Outcome, kinds};
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use http::{HeaderValue, Method, Uri, header, request::Parts};
use tokio::time::timeout_at;
use url::form_urlencoded::Serializer;
use yunlong_files::{NewUpload, Piece};

/// The most fields of a form.
const MAX_FIELDS: usize = 1_000;

/// What was uploaded with a form that may yet fail. It is given up then: nobody could go on with it.
#[derive(Default)]
struct Taken {
    ids: Vec<String>,
    form: Vec<(String, String)>,
    text: usize,
}

/// Takes the files out of a form and sends the rest on to the app, at the path that the ticket names.
pub(super) async fn send(bringer: &Bringer<'_>, mut parts: Parts, body: Body) -> Outcome {
    let mut request = Request::new(body);
    *request.headers_mut() = parts.headers.clone();
    // Each file has its own limit, and so have the fields.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| {
        Failure::new(kinds::UNSUPPORTED_MEDIA).because(
            "请用 multipart/form-data 提交带有文件的表单。",
            "A form with files is sent as multipart/form-data.",
        )
    })?;
    let mut taken = Taken::default();
    if let Err(failure) = take(bringer, &mut multipart, &mut taken).await {
        give_up(bringer, &taken).await;
        return Err(failure);
    }
    let form = Serializer::new(String::new()).extend_pairs(&taken.form).finish();
    parts.method = Method::POST;
    // A ticket's path was checked when it was issued.
    parts.uri = bringer.ticket.return_path.parse::<Uri>().map_err(Failure::internal)?;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::TRANSFER_ENCODING);
    let urlencoded = HeaderValue::from_static("application/x-www-form-urlencoded");
    parts.headers.insert(header::CONTENT_TYPE, urlencoded);
    apps::invoke(bringer.view, bringer.installation.clone(), parts, Body::from(form)).await
}

async fn take(bringer: &Bringer<'_>, multipart: &mut Multipart, taken: &mut Taken) -> Outcome<()> {
    let config = &bringer.view.gateway.config;
    let patience = Patience::new(config);
    let late = |_| Failure::new(kinds::REQUEST_TIMEOUT);
    let malformed = |_| {
        Failure::new(kinds::MALFORMED)
            .because("表单没有完整送达，请重新提交。", "The form did not arrive whole: send it again.")
    };
    while let Some(field) =
        timeout_at(patience.until(), multipart.next_field()).await.map_err(late)?.map_err(malformed)?
    {
        if taken.form.len() >= MAX_FIELDS {
            return Err(Failure::new(kinds::BODY_TOO_LARGE));
        }
        let name = field.name().unwrap_or("").to_owned();
        let mut source = FieldSource { field, patience };
        let Some(file_name) = source.field.file_name().map(str::to_owned) else {
            let value = text(&mut source, config.body_limit, &mut taken.text).await?;
            taken.form.push((name, value));
            continue;
        };
        if file_name.is_empty() {
            // A field in which nothing was chosen.
            continue;
        }
        if taken.ids.len() >= bringer.ticket.max_files as usize {
            let most = bringer.ticket.max_files;
            return Err(Failure::new(kinds::INVALID).field(
                &name,
                format!("最多 {most} 个文件"),
                format!("at most {most} files"),
            ));
        }
        let id = file(bringer, &file_name, &mut source, taken).await?;
        taken.form.push((name, id));
    }
    Ok(())
}

async fn text(source: &mut FieldSource<'_>, limit: usize, so_far: &mut usize) -> Outcome<String> {
    use yunlong_files::Source as _;
    let mut bytes = Vec::new();
    while let Some(piece) = source.next().await.map_err(|_| Failure::new(kinds::REQUEST_TIMEOUT))? {
        *so_far += piece.len();
        if *so_far > limit {
            return Err(Failure::new(kinds::BODY_TOO_LARGE));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| Failure::new(kinds::MALFORMED))
}

async fn file(bringer: &Bringer<'_>, name: &str, source: &mut FieldSource<'_>, taken: &mut Taken) -> Outcome<String> {
    let ticket = &bringer.ticket;
    let new = NewUpload {
        area: ticket.area.clone(),
        name: name.to_owned(),
        uploader: Some(ticket.subject.clone()),
        max_bytes: ticket.max_bytes,
        accept: ticket.accept.clone(),
        length: None,
    };
    let id = bringer.files().begin(bringer.owner(), new).await?;
    taken.ids.push(id.to_string());
    let piece = Piece { at: 0, checksum: None, last: true };
    bringer.files().receive(&bringer.installation.name, id, piece, source).await?;
    Ok(id.to_string())
}

async fn give_up(bringer: &Bringer<'_>, taken: &Taken) {
    for id in taken.ids.iter().filter_map(|id| id.parse().ok()) {
        let given_up = bringer.files().cancel(&bringer.installation.name, id, &bringer.ticket.subject).await;
        // The one that failed is gone already; another one expires.
        if let Err(error) = given_up {
            tracing::debug!(%error, "an upload of a form that failed was not given up");
        }
    }
}
