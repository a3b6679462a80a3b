//! Bodies, forms and queries, read within limits and with failures that people can read.

use crate::GatewayConfig;
use crate::failure::{Failure, Outcome, kinds};
use crate::view::View;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Request};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header, request::Parts};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// Reads a whole body: at most `limit` bytes within `within`.
pub(crate) async fn read(body: Body, headers: &HeaderMap, limit: usize, within: Duration) -> Outcome<Bytes> {
    gather(body, headers, limit, Patience { whole: within, pause: within }).await
}

/// Reads a file whole, at most `limit` bytes of it. It may take as long as a slow line needs
/// ([`GatewayConfig::upload_timeout`]); who sends nothing for a while ([`GatewayConfig::idle_timeout`]) has gone.
/// Of what did not arrive whole nothing is kept.
pub(crate) async fn upload(body: Body, headers: &HeaderMap, limit: usize, config: &GatewayConfig) -> Outcome<Bytes> {
    gather(body, headers, limit, Patience { whole: config.upload_timeout, pause: config.idle_timeout }).await
}

/// How long a body is waited for: as a whole, and for its next bytes.
#[derive(Clone, Copy)]
struct Patience {
    whole: Duration,
    pause: Duration,
}

async fn gather(body: Body, headers: &HeaderMap, limit: usize, patience: Patience) -> Outcome<Bytes> {
    let too_large = || {
        let kib = limit / 1024;
        Failure::new(kinds::BODY_TOO_LARGE).because(format!("最多 {kib} KiB。"), format!("At most {kib} KiB."))
    };
    // A body that says that it is too long is refused before it is sent.
    if headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<u64>().ok())
        .is_some_and(|n| n > limit as u64)
    {
        return Err(too_large());
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let late = |_| Failure::new(kinds::REQUEST_TIMEOUT);
    let (mut body, mut all) = (Limited::new(body, limit), BytesMut::new());
    let arriving = async {
        while let Some(frame) = timeout(patience.pause, body.frame()).await.map_err(late)? {
            match frame {
                Ok(frame) => all.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => return Err(too_large()),
                Err(_) => {
                    return Err(Failure::new(kinds::MALFORMED)
                        .because("请求内容没有完整送达。", "The request's body did not arrive whole."));
                }
            }
        }
        Ok::<_, Failure>(())
    };
    timeout(patience.whole, arriving).await.map_err(late)??;
    Ok(all.freeze())
}

/// A form with a file in it, read whole: at most `limit` bytes, as [`upload`] waits for them.
pub(crate) async fn multipart(request: Request, limit: usize, config: &GatewayConfig) -> Outcome<Multipart> {
    let (parts, content) = request.into_parts();
    let whole = upload(content, &parts.headers, limit, config).await?;
    let mut request = Request::from_parts(parts, Body::from(whole));
    // axum's own limit is two MiB for whatever says no other one.
    DefaultBodyLimit::disable().apply(&mut request);
    let malformed = |_| {
        Failure::new(kinds::MALFORMED).because("表单无法读取，请重新提交。", "The form cannot be read: send it again.")
    };
    Multipart::from_request(request, &()).await.map_err(malformed)
}

fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    value.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case(wanted))
}

/// Names and values in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of a name, trimmed; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).map_or("", str::trim)
    }

    /// The first value of a name as it was sent.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All values of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The names, as often as they were sent.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(n, _)| n.as_str())
    }

    /// Gives a name this value alone.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value.into()));
    }

    pub(crate) fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }
}

/// The query.
pub(crate) struct Query(pub(crate) Fields);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(Fields::parse(parts.uri.query().unwrap_or("").as_bytes())))
    }
}

/// A form, or a flat JSON object for programs.
pub(crate) struct Form(pub(crate) Fields);

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (headers, bytes) = whole(request).await?;
        if is_type(&headers, "application/json") {
            return flat(&bytes).map(Self);
        }
        if bytes.is_empty() || is_type(&headers, "application/x-www-form-urlencoded") {
            return Ok(Self(Fields::parse(&bytes)));
        }
        Err(Failure::new(kinds::UNSUPPORTED_MEDIA))
    }
}

fn flat(bytes: &[u8]) -> Outcome<Fields> {
    let object: serde_json::Map<String, serde_json::Value> = parse_json(bytes)?;
    let mut fields = Fields::default();
    for (name, value) in object {
        let values = match value {
            serde_json::Value::Array(all) => all,
            one => vec![one],
        };
        for value in values {
            match value {
                serde_json::Value::String(s) => fields.push(name.clone(), s),
                serde_json::Value::Null => {}
                other => fields.push(name.clone(), other.to_string()),
            }
        }
    }
    Ok(fields)
}

/// A JSON body. What is wrong with it is told by [`Json::take`], so that a handler checks first
/// whether this person may ask at all.
pub(crate) struct Json<T>(Outcome<T>);

impl<T> Json<T> {
    /// The body, or why it is refused.
    pub(crate) fn take(self) -> Outcome<T> {
        self.0
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (headers, bytes) = whole(request).await?;
        Ok(Self(of_json(&headers, &bytes)))
    }
}

/// A JSON body that may be larger than what [`Json`] takes. A handler checks first whether this
/// person may ask at all.
pub(crate) async fn json<T: DeserializeOwned>(request: Request, limit: usize, within: Duration) -> Outcome<T> {
    let (parts, body) = request.into_parts();
    let bytes = read(body, &parts.headers, limit, within).await?;
    of_json(&parts.headers, &bytes)
}

fn of_json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Outcome<T> {
    if is_type(headers, "application/json") {
        parse_json(bytes)
    } else {
        Err(Failure::new(kinds::UNSUPPORTED_MEDIA).because("请使用 application/json。", "Send application/json."))
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Outcome<T> {
    serde_json::from_slice(bytes).map_err(|e| match e.classify() {
        // serde_json names the field and the place.
        serde_json::error::Category::Data => Failure::new(kinds::INVALID).because(in_chinese(&e), e.to_string()),
        _ => Failure::new(kinds::MALFORMED).because(format!("不是有效的 JSON：{e}"), format!("Not JSON: {e}")),
    })
}

/// What serde_json says of a value, as far as its words are known.
fn in_chinese(e: &serde_json::Error) -> String {
    let text = e.to_string();
    let named = |words: &str| text.strip_prefix(words).and_then(|rest| rest.split('`').next());
    let problem = if let Some(field) = named("missing field `") {
        format!("缺少字段“{field}”")
    } else if let Some(field) = named("unknown field `") {
        format!("没有名为“{field}”的字段")
    } else if let Some(value) = named("unknown variant `") {
        format!("不能取“{value}”这个值")
    } else {
        "字段的类型或取值不正确".to_owned()
    };
    format!("{problem}（第 {} 行第 {} 列）。请对照接口说明改正。", e.line(), e.column())
}

async fn whole(request: Request) -> Outcome<(HeaderMap, Bytes)> {
    let (parts, body) = request.into_parts();
    let view =
        parts.extensions.get::<View>().ok_or_else(|| Failure::internal("a handler was called without a view"))?;
    let config = &view.gateway.config;
    let bytes = read(body, &parts.headers, config.body_limit, config.read_timeout).await?;
    Ok((parts.headers, bytes))
}

/// Tells whether a body was read to its end. What was not read still comes down the line, and nothing else can be asked
/// on it: without a word of it the client would, and find the connection closed (RFC 9112, section 9.3).
#[derive(Clone, Default)]
pub(crate) struct Reading(Arc<AtomicBool>);

impl Reading {
    /// The same body, watched.
    pub(crate) fn of(body: Body) -> (Body, Self) {
        let this = Self::default();
        if body.is_end_stream() {
            this.ended();
            return (body, this);
        }
        (Body::new(Watched { body, reading: this.clone() }), this)
    }

    fn ended(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nothing of it is left.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Watched {
    body: Body,
    reading: Reading,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.reading.ended();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::Lang;

    #[test]
    fn a_flat_json_object_is_read_like_a_form() {
        let f = flat(br#"{"a":"x","n":1,"list":["p","q"],"none":null,"yes":true}"#).unwrap();
        assert_eq!((f.text("a"), f.text("n"), f.text("none"), f.text("yes")), ("x", "1", "", "true"));
        assert_eq!(f.all("list").collect::<Vec<_>>(), ["p", "q"]);
        assert!(flat(b"[1]").is_err() && flat(b"{").is_err());
    }

    #[test]
    fn a_wrong_field_is_named_in_both_languages() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code, reason = "only its form counts")]
        struct Wanted {
            account: String,
            days: u32,
        }
        for (body, zh, en) in [
            (r#"{"days":1}"#, "缺少字段“account”", "missing field `account`"),
            (r#"{"account":"a","days":1,"x":1}"#, "没有名为“x”的字段", "unknown field `x`"),
            (r#"{"account":"a","days":"long"}"#, "第 1 行第", "invalid type"),
        ] {
            let failure = parse_json::<Wanted>(body.as_bytes()).unwrap_err();
            let (chinese, english) = (failure.text(Lang::Zh), failure.text(Lang::En));
            assert!(chinese.contains(zh) && english.contains(en), "{chinese} / {english}");
            assert!(!chinese.contains("expected") && !chinese.contains("missing"), "{chinese}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes() {
        let long = || Body::from(vec![0; 2000]);
        let mut declared = HeaderMap::new();
        declared.insert(header::CONTENT_LENGTH, 2000.into());
        for headers in [declared, HeaderMap::new()] {
            assert_eq!(
                read(long(), &headers, 1024, Duration::from_secs(1)).await.unwrap_err().kind(),
                kinds::BODY_TOO_LARGE
            );
        }
        assert_eq!(read(long(), &HeaderMap::new(), 2000, Duration::from_secs(1)).await.unwrap().len(), 2000);
    }

    /// A body of so many pieces, one after each pause.
    fn dripping(pieces: usize, pause: Duration) -> Body {
        Body::from_stream(futures::stream::unfold(0, move |n| async move {
            tokio::time::sleep(pause).await;
            (n < pieces).then(|| (Ok::<_, std::io::Error>(Bytes::from_static(b"piece")), n + 1))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_may_take_ten_minutes_and_pause_for_half_a_minute() {
        let config = GatewayConfig::default();
        let none = HeaderMap::new();
        let slow = upload(dripping(28, Duration::from_secs(20)), &none, 1024, &config).await.unwrap();
        assert_eq!(slow.len(), 28 * 5);
        for (pieces, pause) in [(2, 31), (31, 20), (usize::MAX, 1)] {
            let late = upload(dripping(pieces, Duration::from_secs(pause)), &none, 1024 * 1024, &config).await;
            assert_eq!(late.unwrap_err().kind(), kinds::REQUEST_TIMEOUT, "{pieces} pieces, {pause} s between them");
        }
        let page = read(dripping(2, Duration::from_secs(20)), &none, 1024, config.read_timeout).await;
        assert_eq!(page.unwrap_err().kind(), kinds::REQUEST_TIMEOUT, "what is no file has less time");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_arrives_is_given_up() {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(
            read(body, &HeaderMap::new(), 10, Duration::from_secs(15)).await.unwrap_err().kind(),
            kinds::REQUEST_TIMEOUT
        );
    }
}
