//! A client that shows everything: statuses, headers, bodies.

use base64::Engine as _;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use yunlong_oci::Digest;
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::{OCI_INDEX, OCI_MANIFEST};

pub(crate) const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// The value of an `Authorization` header.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// Fails the test unless the status is this.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {:?} {}", self.asked, self.headers, String::from_utf8_lossy(&self.body));
        self
    }

    /// Fails the test unless this is an error document with one error of this code.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        if reply.asked.starts_with("HEAD") {
            return reply;
        }
        let errors = reply.json()["errors"].as_array().cloned().unwrap_or_default();
        assert!(!errors.is_empty(), "{}: no errors in {}", reply.asked, reply.json());
        for error in &errors {
            assert_eq!(error["code"], code, "{}: {error}", reply.asked);
            assert!(error["message"].as_str().is_some_and(|m| m.contains(" / ")), "Chinese and English: {error}");
        }
        reply
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|v| v.to_str().unwrap().to_owned())
    }

    #[track_caller]
    pub(crate) fn has(self, name: &str, value: impl ToString) -> Self {
        assert_eq!(self.header(name).as_deref(), Some(&*value.to_string()), "{}: {name}", self.asked);
        self
    }

    #[track_caller]
    pub(crate) fn location(&self) -> String {
        self.header("location").unwrap_or_else(|| panic!("{}: no Location", self.asked))
    }
}

/// A manifest with what it refers to.
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
}

/// Speaks with one registry as somebody.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) base: String,
    pub(crate) authorization: Option<String>,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(base: &str, authorization: Option<String>) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { base: base.to_owned(), authorization, http }
    }

    pub(crate) async fn try_ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Reply, reqwest::Error> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let mut request = self.http.request(method.parse().unwrap(), &url).body(body);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { asked: format!("{method} {path}"), status, headers, body: response.bytes().await? })
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        self.try_ask(method, path, headers, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "").await
    }

    pub(crate) async fn head(&self, path: &str) -> Reply {
        self.ask("HEAD", path, &[], "").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str) -> Reply {
        self.ask("POST", path, &[], "").await
    }

    /// Opens an upload; answers its location.
    pub(crate) async fn open_upload(&self, name: &str) -> String {
        self.post(&format!("/v2/{name}/blobs/uploads/")).await.expect(202).location()
    }

    pub(crate) async fn chunk(&self, location: &str, start: usize, bytes: &[u8]) -> Reply {
        let range = format!("{start}-{}", start + bytes.len() - 1);
        self.ask("PATCH", location, &[("content-range", &range)], bytes.to_vec()).await
    }

    pub(crate) async fn finish(&self, location: &str, digest: &Digest, last: &[u8]) -> Reply {
        self.ask("PUT", &format!("{location}?digest={digest}"), &[], last.to_vec()).await
    }

    /// Pushes a blob, POST and PUT.
    pub(crate) async fn blob(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = Algorithm::Sha256.digest(bytes);
        let location = self.open_upload(name).await;
        self.finish(&location, &digest, bytes).await.expect(201);
        digest
    }

    pub(crate) async fn put_manifest(&self, name: &str, reference: &str, media_type: &str, bytes: &[u8]) -> Reply {
        let path = format!("/v2/{name}/manifests/{reference}");
        self.ask("PUT", &path, &[("content-type", media_type)], bytes.to_vec()).await
    }

    /// An image manifest over one layer, whose blobs are pushed; the manifest is not.
    pub(crate) async fn image(&self, name: &str, layer: &[u8], more: Value) -> Image {
        let config = self.blob(name, b"{}").await;
        let layer_digest = self.blob(name, layer).await;
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": { "mediaType": EMPTY_TYPE, "digest": config, "size": 2 },
            "layers": [{ "mediaType": "application/wasm", "digest": layer_digest, "size": layer.len() }],
        });
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            manifest[key] = value;
        }
        image_of(&manifest)
    }

    /// Pushes an image under a tag or, with an empty one, by its digest.
    pub(crate) async fn push(&self, name: &str, tag: &str, layer: &[u8], more: Value) -> Image {
        let image = self.image(name, layer, more).await;
        let digest = image.digest.to_string();
        let reference = if tag.is_empty() { &digest } else { tag };
        self.put_manifest(name, reference, OCI_MANIFEST, &image.bytes).await.expect(201);
        image
    }
}

pub(crate) fn image_of(manifest: &Value) -> Image {
    let bytes = serde_json::to_vec(manifest).unwrap();
    Image { digest: Algorithm::Sha256.digest(&bytes), bytes }
}

/// An index over manifests.
pub(crate) fn index_of(children: &[&Image], more: Value) -> Image {
    let manifests: Vec<_> = children
        .iter()
        .map(|c| json!({ "mediaType": OCI_MANIFEST, "digest": c.digest, "size": c.bytes.len() }))
        .collect();
    let mut index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        index[key] = value;
    }
    image_of(&index)
}

/// The `subject` of something that refers to `image`.
pub(crate) fn subject(image: &Image) -> Value {
    json!({ "mediaType": OCI_MANIFEST, "digest": image.digest, "size": image.bytes.len() })
}
