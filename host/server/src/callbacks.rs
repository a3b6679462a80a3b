//! How the sandbox cashier calls back: a real HTTP request to the public listener, as from an
//! outside provider.

use async_trait::async_trait;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use yunlong_payments::{CallbackSink, Headers, SinkError};

/// Sends callbacks to this server's own public listener.
pub(crate) struct Loopback {
    http: reqwest::Client,
    base: String,
    host: String,
}

impl Loopback {
    /// To the listener at `listener`, under the portal's name `host` (`host[:port]`).
    pub(crate) fn new(listener: SocketAddr, host: &str) -> reqwest::Result<Self> {
        let ip = match listener.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, base: format!("http://{}", SocketAddr::new(ip, listener.port())), host: host.to_owned() })
    }
}

#[async_trait]
impl CallbackSink for Loopback {
    async fn send(&self, provider: &str, headers: &Headers, body: &[u8]) -> Result<(), SinkError> {
        let mut request = self
            .http
            .post(format!("{}/payments/callback/{provider}", self.base))
            .header("host", &self.host)
            .body(body.to_vec());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|e| SinkError::Unavailable(e.to_string()))?;
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else if status.is_client_error() && status.as_u16() != 429 {
            Err(SinkError::Refused(status.to_string()))
        } else {
            Err(SinkError::Unavailable(status.to_string()))
        }
    }
}
