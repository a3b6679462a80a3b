//! Files, sent as a page's form sends them.

use crate::{Answer, Client};
use anyhow::{Context, Result};
use reqwest::Method;

/// What a page's form for files sends: the file under `file`, and fields beside it.
///
/// # Errors
/// When the page has no form for files, or the server does not answer.
pub async fn upload(teacher: &Client, path: &str, file: (&str, &[u8]), fields: &[(&str, &str)]) -> Result<Answer> {
    upload_all(teacher, path, &[("file", file.0, file.1)], fields).await
}

/// The same with several files, each under the name of its field.
///
/// # Errors
/// When the page has no form for files, or the server does not answer.
pub async fn upload_all(
    client: &Client,
    path: &str,
    files: &[(&str, &str, &[u8])],
    fields: &[(&str, &str)],
) -> Result<Answer> {
    let page = client.page(path, "en").await?;
    let (_, rest) = page.text.split_once("action=\"/_city/files/").context("no form for files")?;
    let action = format!("/_city/files/{}", rest.split('"').next().unwrap_or_default());
    let key = page.text.split_once("name=\"key\" value=\"").map(|(_, rest)| rest.split('"').next().unwrap_or_default());
    let mut body = Vec::new();
    let texts = fields.iter().copied().chain(key.map(|k| ("key", k)));
    let parts = texts.map(|(n, v)| (format!("name=\"{n}\""), v.as_bytes()));
    let files = files.iter().map(|(field, name, content)| (format!("name=\"{field}\"; filename=\"{name}\""), *content));
    for (disposition, content) in parts.chain(files) {
        body.extend_from_slice(format!("--b\r\ncontent-disposition: form-data; {disposition}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    let sent = client.request(Method::POST, &action).header("content-type", "multipart/form-data; boundary=b");
    Answer::read(sent.body(body).send().await?).await
}
