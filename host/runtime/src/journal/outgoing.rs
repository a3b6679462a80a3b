//! Outgoing HTTP in a journal: the request that was sent, and the answer with its whole body.

use super::call::Data;
use super::file::headers;
use super::{Turn, answered};
use crate::interceptor::{Interceptor, Interface, Stop};
use crate::outbound::Io;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use wasmtime_wasi_http::{Error, WasiBody};

/// What an answer from elsewhere looks like in a journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Response {
        status: u16,
        headers: Vec<(String, Data)>,
        /// What came of the body: added when it has ended.
        #[serde(default)]
        body: Option<Data>,
        /// How the body broke off.
        #[serde(default)]
        broken: Option<Told>,
    },
    Error(Told),
}

/// An error by its name, with its text where it has one.
#[derive(Clone, Serialize, Deserialize)]
struct Told {
    name: String,
    #[serde(default)]
    text: Option<String>,
}

/// A request that is about to be sent.
pub(crate) enum Sent {
    /// It is sent.
    Pass,
    /// It is sent, and written down here.
    Record(Arc<Interceptor>, usize),
    /// It is not: this came back then.
    Play(Result<Response<WasiBody>, Error>),
    /// It is not, and nothing had come back when the invocation ended.
    Never,
}

/// Passes the journal.
pub(crate) fn played(interceptor: &Arc<Interceptor>, request: &Request<WasiBody>) -> Sent {
    let args = || json!([request.method().as_str(), request.uri().to_string(), headers(request.headers())]);
    match interceptor.turn(Interface::Outgoing, "handle", args) {
        Ok(Turn::Pass) => Sent::Pass,
        Ok(Turn::Record(place)) => Sent::Record(interceptor.clone(), place),
        Ok(Turn::Never) => Sent::Never,
        Ok(Turn::Play(answer)) => Sent::Play(match answered(answer) {
            Ok(answer) => restored(answer),
            Err(e) => Err(unanswered(interceptor, &e)),
        }),
        // It stops the guest when this call returns to it.
        Err(stop) => Sent::Play(Err(Error::InternalError(Some(stop.to_string())))),
    }
}

fn unanswered(interceptor: &Interceptor, why: &wasmtime::Error) -> Error {
    Error::InternalError(Some(interceptor.halt(Stop::Trapped(why.to_string())).to_string()))
}

/// Writes down what came back. The guest gets the answer with the same error that is written.
pub(crate) fn recorded(
    interceptor: Arc<Interceptor>,
    place: usize,
    ended: Result<(Response<WasiBody>, Io), Error>,
) -> Result<(Response<WasiBody>, Io), Error> {
    let ended = ended.map_err(plain);
    let answer = match &ended {
        Ok((response, _)) => Answer::Response {
            status: response.status().as_u16(),
            headers: headers(response.headers()),
            body: None,
            broken: None,
        },
        Err(e) => Answer::Error(told(e)),
    };
    interceptor.took(&Turn::Record(place), Ok(&answer));
    let heard = |body| Heard { body, interceptor, place, bytes: Vec::new(), broken: None }.boxed_unsync();
    ended.map(|(response, io)| (response.map(heard), io))
}

/// Takes what the guest sends and throws it away: it would wait for ever for somebody to read it.
pub(crate) fn drained(mut body: WasiBody) -> Io {
    Box::new(async move {
        while let Some(Ok(_)) = body.frame().await {}
        Ok(())
    })
}

fn restored(answer: Answer) -> Result<Response<WasiBody>, Error> {
    let (status, headers, body, broken) = match answer {
        Answer::Error(told) => return Err(named(told)),
        Answer::Response { status, headers, body, broken } => (status, headers, body, broken),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value.0);
    }
    let frames = body.map(|data| Ok(Frame::data(Bytes::from(data.0))));
    let frames: Vec<_> = frames.into_iter().chain(broken.map(|told| Err(named(told)))).collect();
    let body = StreamBody::new(futures::stream::iter(frames)).boxed_unsync();
    response.body(body).map_err(|e| Error::InternalError(Some(format!("the journal's answer is no HTTP: {e}"))))
}

/// A body that is written down as it passes.
struct Heard {
    body: WasiBody,
    interceptor: Arc<Interceptor>,
    place: usize,
    bytes: Vec<u8>,
    broken: Option<Told>,
}

impl Body for Heard {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx)).map(|f| f.map_err(plain));
        match &frame {
            Some(Ok(frame)) => {
                let data = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
                if this.interceptor.room(data.len()) {
                    this.bytes.extend_from_slice(data);
                } else {
                    this.bytes = Vec::new();
                }
            }
            Some(Err(e)) => this.broken = Some(told(e)),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// Read to its end or not: what the guest could have read is what was there.
impl Drop for Heard {
    fn drop(&mut self) {
        let body = Data(std::mem::take(&mut self.bytes));
        self.interceptor.heard(self.place, json!({ "body": body, "broken": self.broken }));
    }
}

impl Interceptor {
    /// Whether so many bytes more may be kept.
    fn room(&self, bytes: usize) -> bool {
        self.tape.as_ref().and_then(|t| t.recorder()).is_some_and(|r| r.room(bytes))
    }

    fn heard(&self, place: usize, more: serde_json::Value) {
        if let Some(recorder) = self.tape.as_ref().and_then(|t| t.recorder()) {
            recorder.add(place, "response", more);
        }
    }
}

/// Errors of libraries as the guest is told them.
fn plain(e: Error) -> Error {
    match e {
        Error::Hyper(_) => Error::HttpProtocolError,
        Error::Connect(_) => Error::ConnectionRefused,
        Error::Tls(_) => Error::TlsProtocolError,
        e => e,
    }
}

/// Errors without anything in them, by their names; those with a number are kept without it.
macro_rules! errors {
    ($($name:ident)* ; $($number:ident)*) => {
        fn told(e: &Error) -> Told {
            let (name, text) = match e {
                $(Error::$name => (stringify!($name), None),)*
                $(Error::$number(_) => (stringify!($number), None),)*
                Error::DnsError { .. } => ("DnsError", None),
                Error::InternalError(text) => ("InternalError", text.clone()),
                e => ("InternalError", Some(e.to_string())),
            };
            Told { name: name.to_owned(), text }
        }

        fn named(told: Told) -> Error {
            match told.name.as_str() {
                $(stringify!($name) => Error::$name,)*
                $(stringify!($number) => Error::$number(None),)*
                "DnsError" => Error::DnsError { rcode: None, info_code: None },
                _ => Error::InternalError(told.text),
            }
        }
    };
}

errors! {
    DnsTimeout DestinationNotFound DestinationUnavailable DestinationIpProhibited DestinationIpUnroutable
    ConnectionRefused ConnectionTerminated ConnectionTimeout ConnectionReadTimeout ConnectionWriteTimeout
    ConnectionLimitReached TlsProtocolError TlsCertificateError HttpRequestDenied HttpRequestLengthRequired
    HttpRequestMethodInvalid HttpRequestUriInvalid HttpRequestUriTooLong HttpResponseIncomplete
    HttpResponseTimeout HttpUpgradeFailed HttpProtocolError LoopDetected ConfigurationError;
    HttpRequestBodySize HttpResponseBodySize HttpResponseHeaderSectionSize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_comes_back_with_its_body_and_how_it_broke_off() {
        let answer = json!({ "response": {
            "status": 201, "headers": [["x-a", { "text": "b" }]], "body": { "text": "half" },
            "broken": { "name": "ConnectionTerminated" },
        } });
        let response = restored(serde_json::from_value(answer).unwrap()).unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["x-a"].as_bytes()), (201, b"b".as_slice()));
        let mut body = response.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
        assert!(matches!(body.frame().await, Some(Err(Error::ConnectionTerminated))));
    }

    #[test]
    fn errors_are_known_again() {
        for e in [
            Error::HttpRequestDenied,
            Error::DnsError { rcode: None, info_code: None },
            Error::HttpResponseBodySize(None),
            Error::InternalError(Some("why".into())),
        ] {
            let shown = format!("{e:?}");
            assert_eq!(format!("{:?}", named(told(&e))), shown);
        }
    }
}
