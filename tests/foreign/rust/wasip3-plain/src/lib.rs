//! A program for any host of `wasi:http/handler@0.3`, with the wasip3 crate.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::{BodyExt, Full};
use std::sync::atomic::{AtomicU32, Ordering};
use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::types::{self, ErrorCode};
use wasip3::http_compat::{http_from_wasi_request, http_into_wasi_response};
use wasip3::sockets::types::{IpAddressFamily, TcpSocket, UdpSocket};

wasip3::http::service::export!(Program);

struct Program;

/// Requests that this instance has served.
static SERVED: AtomicU32 = AtomicU32::new(0);

/// 50 ms.
const A_MOMENT: u64 = 50_000_000;

impl wasip3::exports::http::handler::Guest for Program {
    async fn handle(request: types::Request) -> Result<types::Response, ErrorCode> {
        let request = http_from_wasi_request(request)?;
        let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
        match request.uri().path() {
            // The body as it comes.
            "/echo" => http_into_wasi_response(Response::new(request.into_body())),
            "/trailer" => {
                let trailers = HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("\"whole\""))]);
                let body = Full::new(Bytes::from_static(b"a body before a trailer\n"));
                http_into_wasi_response(Response::new(body.with_trailers(async { Some(Ok(trailers)) })))
            }
            "/behind" => {
                wasip3::wit_bindgen::spawn(async {
                    wait_for(A_MOMENT).await;
                    println!("done behind the answer");
                });
                http_into_wasi_response(Response::new("answered\n".to_owned()))
            }
            "/machine" => http_into_wasi_response(Response::new(machine().await)),
            path => {
                if path == "/wait" {
                    wait_for(A_MOMENT).await;
                }
                http_into_wasi_response(Response::new(format!("{path} is request {served} of this instance\n")))
            }
        }
    }
}

/// What there is of a machine.
async fn machine() -> String {
    let environment = wasip3::cli::environment::get_environment().len();
    let folders = wasip3::filesystem::preopens::get_directories().len();
    let tcp = TcpSocket::create(IpAddressFamily::Ipv4).is_ok();
    let udp = UdpSocket::create(IpAddressFamily::Ipv4).is_ok();
    let names = wasip3::sockets::ip_name_lookup::resolve_addresses("localhost".to_owned()).await.is_ok();
    let (one, other) = (wasip3::random::random::get_random_bytes(16), wasip3::random::random::get_random_bytes(16));
    let random = one.len() == 16 && one != other;
    let time = wasip3::clocks::system_clock::now().seconds > 1_700_000_000;
    format!(
        "environment {environment}\nfolders {folders}\ntcp {tcp}\nudp {udp}\nnames {names}\ntime {time}\nrandom {random}"
    )
}
