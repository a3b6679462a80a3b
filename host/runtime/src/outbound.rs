//! Outgoing HTTP: only to hosts that `app.toml` declares and the department granted, never to an
//! address of the host's own networks, with limits of time and size.
//!
//! The address is looked up here and checked after the lookup, and the connection is made to that
//! very address: a name that points to a private one, or changes between two lookups, leads
//! nowhere. Redirects are the guest's to follow, and pass here again.

use crate::config::{OutboundConfig, RuntimeConfig};
use crate::interceptor::{Interceptor, Interface};
use crate::journal::{self, Sent};
use crate::log::Stream;
use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};
use yunlong_installations::Capability;

/// The policy of one invocation.
pub(crate) struct Egress {
    interceptor: Arc<Interceptor>,
    config: Arc<RuntimeConfig>,
    sent: u32,
}

impl Egress {
    pub(crate) fn new(interceptor: Arc<Interceptor>, config: Arc<RuntimeConfig>) -> Self {
        Self { interceptor, config, sent: 0 }
    }

    /// The target, if this invocation may send to it.
    fn permit(&mut self, request: &Request<WasiBody>) -> Result<Target, Error> {
        self.interceptor.call(Interface::Outgoing, "handle").map_err(|s| Error::InternalError(Some(s.to_string())))?;
        let target = Target::of(request).ok_or(Error::HttpRequestUriInvalid)?;
        if *request.method() == http::Method::CONNECT {
            return Err(Error::HttpRequestMethodInvalid);
        }
        if !self.interceptor.granted(|c| matches!(c, Capability::Outbound(host) if target.is(host))) {
            self.interceptor.log.write(
                Stream::Err,
                format!(
                    "outgoing HTTP to {} is refused: not declared under `outbound` in app.toml, or not granted\n",
                    target.name()
                )
                .as_bytes(),
            );
            return Err(Error::HttpRequestDenied);
        }
        self.sent += 1;
        if self.sent > self.config.outbound.max_requests {
            return Err(Error::ConnectionLimitReached);
        }
        Ok(target)
    }
}

pub(crate) type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Egress {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send> {
        let recording = match journal::played(&self.interceptor, &request) {
            Sent::Pass => None,
            Sent::Record(interceptor, place) => Some((interceptor, place)),
            Sent::Play(answer) => {
                let io = journal::drained(request.into_body());
                return Box::new(async move { Ok((answer?, io)) });
            }
            Sent::Never => return Box::new(std::future::pending()),
        };
        let permitted = self.permit(&request);
        let config = self.config.clone();
        let sent = async move { send(request, permitted?, options.unwrap_or_default(), &config.outbound).await };
        match recording {
            None => Box::new(sent),
            Some((interceptor, place)) => Box::new(async move { journal::recorded(interceptor, place, sent.await) }),
        }
    }
}

/// Where a request goes.
#[derive(Clone, Debug)]
struct Target {
    host: String,
    port: u16,
    tls: bool,
    default_port: bool,
}

impl Target {
    fn of(request: &Request<WasiBody>) -> Option<Self> {
        let tls = request.uri().scheme() == Some(&Scheme::HTTPS);
        let authority: &Authority = request.uri().authority()?;
        // `user@host` is a way to look like another host.
        if authority.as_str().contains('@') {
            return None;
        }
        let standard = if tls { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(standard);
        Some(Self { host: authority.host().to_ascii_lowercase(), port, tls, default_port: port == standard })
    }

    fn name(&self) -> String {
        if self.default_port { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Whether `declared` (`host` or `host:port`) means this target. A host alone means the
    /// standard ports.
    fn is(&self, declared: &str) -> bool {
        match declared.rsplit_once(':') {
            Some((host, port)) => host == self.host && port.parse() == Ok(self.port),
            None => declared == self.host && self.default_port,
        }
    }

    async fn resolve(&self, config: &OutboundConfig) -> Result<Vec<SocketAddr>, Error> {
        let with_port = format!("{}:{}", self.host, self.port);
        if let Some(addr) = config.pinned.get(&with_port).or_else(|| config.pinned.get(&self.host)) {
            return Ok(vec![*addr]);
        }
        let found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|_| Error::DnsError { rcode: None, info_code: None })?;
        let found: Vec<_> = found.collect();
        // One private address among them is enough to refuse: whoever controls the name would
        // otherwise choose which one is tried.
        if found.iter().any(|a| !is_public(a.ip())) {
            return Err(Error::DestinationIpProhibited);
        }
        if found.is_empty() { Err(Error::DestinationNotFound) } else { Ok(found) }
    }
}

/// Whether an address belongs to the public internet (IANA special-purpose registries, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => is_public_v4(v4),
            None => {
                let s = v6.segments();
                // Only global unicast is assigned; documentation and benchmarking lie within.
                (s[0] & 0xe000) == 0x2000
                    && !(s[0] == 0x2001 && (s[1] == 0xdb8 || s[1] < 0x200))
                    && (s[0] & 0xfff0) != 0x3ff0
            }
        },
    }
}

/// Mapped, compatible, 6to4 and NAT64 addresses lead to an IPv4 one.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let v4 = |hi: u16, lo: u16| Ipv4Addr::from((u32::from(hi) << 16) | u32::from(lo));
    match s {
        [0, 0, 0, 0, 0, 0xffff | 0, hi, lo] | [0x64, 0xff9b, 0, 0, 0, 0, hi, lo] => Some(v4(hi, lo)),
        [0x2002, hi, lo, ..] => Some(v4(hi, lo)),
        _ => None,
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)))
}

static TLS: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(Arc::new(config))
});

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

async fn connect(target: &Target, config: &OutboundConfig) -> Result<Box<dyn Duplex>, Error> {
    let addresses = target.resolve(config).await?;
    let stream = TcpStream::connect(&addresses[..]).await.map_err(Error::Connect)?;
    if !target.tls {
        return Ok(Box::new(stream));
    }
    let tls = TLS.clone().ok_or(Error::ConfigurationError)?;
    let name = ServerName::try_from(target.host.clone()).map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(Box::new(TlsConnector::from(tls).connect(name, stream).await.map_err(Error::Tls)?))
}

async fn send(
    mut request: Request<WasiBody>,
    target: Target,
    options: RequestOptions,
    config: &OutboundConfig,
) -> Result<(Response<WasiBody>, Io), Error> {
    let at_most = |asked: Option<Duration>, limit: Duration| asked.map_or(limit, |a| a.min(limit));
    let connect_timeout = at_most(options.connect_timeout, config.connect_timeout);
    let first_byte = at_most(options.first_byte_timeout, config.read_timeout);
    let between_bytes = at_most(options.between_bytes_timeout, config.read_timeout);
    let handshake = async {
        let stream = connect(&target, config).await?;
        http1::handshake(TokioIo::new(stream)).await.map_err(Error::from)
    };
    let (mut sender, connection) =
        tokio::time::timeout(connect_timeout, handshake).await.map_err(|_| Error::ConnectionTimeout)??;
    // The request line carries the path alone (RFC 9112 3.2.1).
    let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    let mut connection = Some(Box::pin(connection));
    let response = {
        let mut response = std::pin::pin!(tokio::time::timeout(first_byte, sender.send_request(request)));
        // The connection makes progress only when it is polled, until the caller takes it over.
        std::future::poll_fn(|cx| {
            if let Poll::Ready(r) = response.as_mut().poll(cx) {
                return Poll::Ready(r);
            }
            if let Some(c) = &mut connection
                && c.as_mut().poll(cx).is_ready()
            {
                connection = None;
                return response.as_mut().poll(cx);
            }
            Poll::Pending
        })
        .await
        .map_err(|_| Error::ConnectionReadTimeout)??
    };
    let response = response.map(|body| {
        Limited {
            body,
            left: config.max_response,
            timer: Box::pin(tokio::time::sleep(between_bytes)),
            every: between_bytes,
        }
        .boxed_unsync()
    });
    let io: Io = Box::new(async move {
        match connection {
            Some(c) => c.await.map_err(Error::from),
            None => Ok(()),
        }
    });
    Ok((response, io))
}

/// A response body with limits of size and of silence.
struct Limited {
    body: hyper::body::Incoming,
    left: u64,
    timer: Pin<Box<tokio::time::Sleep>>,
    every: Duration,
}

impl Body for Limited {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            ready!(this.timer.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        };
        this.timer.as_mut().reset(tokio::time::Instant::now() + this.every);
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let n = frame.data_ref().map_or(0, |d| d.len() as u64);
                match this.left.checked_sub(n) {
                    Some(left) => {
                        this.left = left;
                        Some(Ok(frame))
                    }
                    None => Some(Err(Error::HttpResponseBodySize(None))),
                }
            }
            Some(Err(e)) => Some(Err(e.into())),
            None => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "101.32.0.1", "2400:3200::1", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_declared_host_means_its_standard_port_alone() {
        let target = |uri: &str| {
            Target::of(
                &Request::get(uri).body(http_body_util::Empty::new().map_err(|e| match e {}).boxed_unsync()).unwrap(),
            )
        };
        assert!(target("https://API.example.org/x").unwrap().is("api.example.org"));
        assert!(!target("https://api.example.org:8443/").unwrap().is("api.example.org"));
        assert!(target("https://api.example.org:8443/").unwrap().is("api.example.org:8443"));
        assert!(!target("https://api.example.org.evil.test/").unwrap().is("api.example.org"));
        assert!(target("https://api.example.org@evil.test/").is_none());
    }
}
