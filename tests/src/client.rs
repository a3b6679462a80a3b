//! Clients that speak HTTP to a city, and what it answers.

use anyhow::{Context, Result, ensure};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde_json::Value;
use std::time::Duration;

/// An HTTP client of one origin.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: Option<String>,
}

impl Client {
    /// The same client with a bearer token.
    #[must_use]
    pub fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// A request to this origin, to be changed before it is sent.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let r = self.http.request(method, format!("{}{path}", self.base)).header("accept", "application/json");
        match &self.token {
            Some(t) => r.bearer_auth(t),
            None => r,
        }
    }

    /// GET, as JSON.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        Answer::read(self.request(reqwest::Method::GET, path).send().await?).await
    }

    /// GET, as a page in a language.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn page(&self, path: &str, lang: &str) -> Result<Answer> {
        // `header` would add a second `accept` to the one that asks for JSON.
        let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/html"))]);
        let r = self.request(reqwest::Method::GET, path).headers(accept).header("accept-language", lang);
        Answer::read(r.send().await?).await
    }

    /// POST of a JSON body.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        Answer::read(self.request(reqwest::Method::POST, path).json(body).send().await?).await
    }

    /// As [`Client::post`]. While the city answers that others were there first, or that it is busy, and that nothing was done
    /// (503), it is asked again, as a program does: for a minute and more.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn insist(&self, path: &str, body: &Value) -> Result<Answer> {
        for _ in 0..600 {
            let answer = self.post(path, body).await?;
            if answer.status != 503 {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.post(path, body).await
    }

    /// POST of a form (`application/x-www-form-urlencoded`), asking for JSON.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let mut body = reqwest::Url::parse("http://localhost")?;
        body.query_pairs_mut().extend_pairs(fields);
        let r = self
            .request(reqwest::Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.query().unwrap_or("").to_owned());
        Answer::read(r.send().await?).await
    }

    /// Any method, with a JSON body.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn send(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut r = self.request(method, path);
        if let Some(b) = body {
            r = r.json(b);
        }
        Answer::read(r.send().await?).await
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Reads a response.
    ///
    /// # Errors
    /// When the body breaks off.
    pub async fn read(response: reqwest::Response) -> Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: String::from_utf8_lossy(&response.bytes().await?).into_owned() })
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("{} with no JSON: {}", self.status, self.text))
    }

    /// A header's value, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// The body as a problem document of RFC 9457 with this status.
    ///
    /// # Errors
    /// When it is something else.
    pub fn problem(&self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "{status} expected: {} {}", self.status, self.text);
        ensure!(
            self.header("content-type").starts_with("application/problem+json"),
            "no problem document: {}",
            self.text
        );
        let json = self.json()?;
        ensure!(json["status"] == status && json["title"].is_string(), "not RFC 9457: {json}");
        Ok(json)
    }
}
