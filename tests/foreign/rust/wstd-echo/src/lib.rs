//! A program for any wasi:http host, with wstd.

use futures_lite::stream;
use http_body_util::{BodyExt, StreamBody};
use std::convert::Infallible;
use wstd::http::body::{Bytes, Frame};
use wstd::http::{Body, Error, Request, Response, StatusCode};
use wstd::time::Duration;

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    match request.uri().path() {
        "/" => Ok(Response::new("hello from wstd\n".to_owned().into())),
        "/wait" => {
            wstd::task::sleep(Duration::from_millis(50)).await;
            Ok(Response::new("waited\n".to_owned().into()))
        }
        "/echo" => Ok(Response::new(request.into_body())),
        "/stream" => {
            let frames = (0..4).map(|n| Ok::<_, Infallible>(Frame::data(Bytes::from(format!("part {n}\n")))));
            Ok(Response::new(Body::from_http_body(StreamBody::new(stream::iter(frames)).boxed_unsync())))
        }
        _ => Ok(Response::builder().status(StatusCode::NOT_FOUND).body("no such page\n".to_owned().into())?),
    }
}
