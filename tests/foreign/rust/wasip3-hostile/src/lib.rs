//! A program of `wasi:http/handler@0.3` that keeps to nothing: each path is another way.

use bytes::Bytes;
use http_body::{Body, Frame};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use wasip3::clocks::monotonic_clock::{now, wait_for};
use wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use wasip3::http_compat::http_into_wasi_response;
use wasip3::wit_bindgen::spawn;

wasip3::http::service::export!(Program);

struct Program;

const AN_HOUR: u64 = 3_600_000_000_000;

impl wasip3::exports::http::handler::Guest for Program {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let path = request.get_path_with_query().unwrap_or_default();
        match path.as_str() {
            "/loop" => forever(),
            "/loop-behind" => spawn(async { forever() }),
            "/sleep" => wait_for(AN_HOUR).await,
            "/sleep-behind" => spawn(wait_for(AN_HOUR)),
            "/calls" => loop {
                now();
            },
            "/hoard" => loop {
                std::mem::forget(wasip3::wit_stream::new::<u8>());
            },
            "/alloc" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                }
            }
            "/trap" => std::process::abort(),
            "/trap-behind" => spawn(async { std::process::abort() }),
            "/endless" => return answered(Stream::Endless),
            "/unfinished" => return answered(Stream::Unfinished(None)),
            "/send" => return answered_with(&sent().await),
            "/refuse" => return Err(ErrorCode::LoopDetected),
            _ => {}
        }
        answered_with("answered")
    }
}

fn forever() {
    loop {
        std::hint::black_box(());
    }
}

fn answered_with(text: &str) -> Result<Response, ErrorCode> {
    http_into_wasi_response(http::Response::new(text.to_owned()))
}

fn answered(stream: Stream) -> Result<Response, ErrorCode> {
    http_into_wasi_response(http::Response::new(stream))
}

/// Asks a host that no `app.toml` names.
async fn sent() -> String {
    let (_, trailers) = wasip3::wit_future::new(|| Ok(None));
    let (request, _) = Request::new(Fields::new(), None, trailers, None);
    let set = request
        .set_scheme(Some(&Scheme::Http))
        .and_then(|()| request.set_authority(Some("metadata.test")))
        .and_then(|()| request.set_path_with_query(Some("/")));
    if set.is_err() {
        return "not set".to_owned();
    }
    match wasip3::http::client::send(request).await {
        Ok(_) => "sent".to_owned(),
        Err(code) => format!("{code:?}"),
    }
}

/// Bodies without an end.
enum Stream {
    Endless,
    /// One frame, and then nothing for an hour.
    Unfinished(Option<Pin<Box<dyn Future<Output = ()>>>>),
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = || Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16 << 10])))));
        match &mut *self {
            Self::Endless => frame(),
            Self::Unfinished(waiting @ None) => {
                *waiting = Some(Box::pin(wait_for(AN_HOUR)));
                frame()
            }
            Self::Unfinished(Some(waiting)) => waiting.as_mut().poll(cx).map(|()| None),
        }
    }
}
