//! Which origin a request is for.
//!
//! The portal is the domain itself, the console is `console.<domain>`, and every installation
//! has `<name>.<domain>` to itself, so that the browser's same-origin policy parts the apps.
//! A host that is none of these is refused: answering it would let a rebound DNS name or a
//! neighbouring server's pages speak for the platform.

use http::uri::Authority;
use std::fmt;
use std::str::FromStr;
use yunlong_model::InstallationName;

/// How browsers reach the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text: for loopback only.
    Http,
    /// TLS, ended by the load balancer before this server.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// What a request's host names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// The domain itself: services, sign-in, consents, the cashier.
    Portal,
    /// `console.<domain>`: the departments' desk.
    Console,
    /// `<name>.<domain>`.
    App(InstallationName),
}

/// Why a host is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No host, several, or one that is no authority (RFC 9112 section 3.2: 400).
    #[error("the request does not name one host")]
    Malformed,
    /// Another server's name (RFC 9110 section 15.5.20: 421).
    #[error("this server does not answer for that host")]
    Foreign,
    /// A name under the domain that no installation can have (404).
    #[error("no service has that address")]
    NoSuchLabel,
}

/// The platform's public addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    scheme: Scheme,
    domain: String,
    port: u16,
    portal: String,
    console: String,
}

/// The label of the console's origin.
const CONSOLE: &str = "console";

/// The text is no origin of the form `http://localhost:8080`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin: write it as `http://localhost:8080` or `https://city.example`, without a path")]
pub struct OriginsError(String);

impl Origins {
    /// The addresses under `domain`, reached on `port` (the one that browsers see).
    ///
    /// # Errors
    /// [`OriginsError`] when the domain is not a lower-case host name.
    pub fn new(scheme: Scheme, domain: &str, port: u16) -> Result<Self, OriginsError> {
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if domain.len() > 200
            || !domain.split('.').all(label)
            || domain.parse::<std::net::IpAddr>().is_ok()
            || port == 0
        {
            return Err(OriginsError(format!("{}://{domain}:{port}", scheme.as_str())));
        }
        let suffix = if port == scheme.default_port() { String::new() } else { format!(":{port}") };
        let at = |host: &str| format!("{}://{host}{suffix}", scheme.as_str());
        Ok(Self {
            scheme,
            domain: domain.to_owned(),
            port,
            portal: at(domain),
            console: at(&format!("{CONSOLE}.{domain}")),
        })
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The portal's host name.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The portal's origin, without a slash at the end.
    #[must_use]
    pub fn portal(&self) -> &str {
        &self.portal
    }

    /// The console's origin, without a slash at the end.
    #[must_use]
    pub fn console(&self) -> &str {
        &self.console
    }

    /// An installation's origin, without a slash at the end.
    #[must_use]
    pub fn app(&self, name: &InstallationName) -> String {
        format!("{}://{}", self.scheme.as_str(), self.app_authority(name))
    }

    /// An installation's `host[:port]`.
    #[must_use]
    pub fn app_authority(&self, name: &InstallationName) -> String {
        if self.port == self.scheme.default_port() {
            format!("{name}.{}", self.domain)
        } else {
            format!("{name}.{}:{}", self.domain, self.port)
        }
    }

    /// A site's origin, without a slash at the end.
    #[must_use]
    pub fn of(&self, site: &Site) -> String {
        match site {
            Site::Portal => self.portal.clone(),
            Site::Console => self.console.clone(),
            Site::App(name) => self.app(name),
        }
    }

    /// All installations as a source expression of CSP level 3: `http://*.localhost:8080`.
    #[must_use]
    pub fn any_app(&self) -> String {
        if self.port == self.scheme.default_port() {
            format!("{}://*.{}", self.scheme.as_str(), self.domain)
        } else {
            format!("{}://*.{}:{}", self.scheme.as_str(), self.domain, self.port)
        }
    }

    /// Whether an absolute address leads to the portal, the console or an installation.
    #[must_use]
    pub fn is_ours(&self, address: &str) -> bool {
        let Some(rest) = address.strip_prefix(self.scheme.as_str()).and_then(|r| r.strip_prefix("://")) else {
            return false;
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        // A backslash or user information would be read differently by a browser.
        !authority.contains(['\\', '@']) && self.site(authority).is_ok()
    }

    /// The site that an authority (`host[:port]`) names.
    ///
    /// # Errors
    /// [`HostError`] says which answer is due.
    pub fn site(&self, authority: &str) -> Result<Site, HostError> {
        if authority.contains('@') {
            return Err(HostError::Malformed);
        }
        let parsed = Authority::from_str(authority).map_err(|_| HostError::Malformed)?;
        let host = parsed.host();
        let port = match (parsed.port_u16(), &authority[host.len()..]) {
            (Some(port), _) => port,
            (None, "") => self.scheme.default_port(),
            (None, _) => return Err(HostError::Malformed),
        };
        if port != self.port {
            return Err(HostError::Foreign);
        }
        if host.eq_ignore_ascii_case(&self.domain) {
            return Ok(Site::Portal);
        }
        let Some(at) = host.len().checked_sub(self.domain.len() + 1) else { return Err(HostError::Foreign) };
        if !host.is_char_boundary(at)
            || host.as_bytes()[at] != b'.'
            || !host[at + 1..].eq_ignore_ascii_case(&self.domain)
        {
            return Err(HostError::Foreign);
        }
        let label = host[..at].to_ascii_lowercase();
        if label == CONSOLE {
            return Ok(Site::Console);
        }
        label.parse().map(Site::App).map_err(|_| HostError::NoSuchLabel)
    }

    /// The site that a request is for: `:authority` or an absolute request target stands over
    /// `Host` (RFC 9112 section 3.2.2), and there may be only one `Host`.
    ///
    /// # Errors
    /// [`HostError`] says which answer is due.
    pub fn site_of(&self, parts: &http::request::Parts) -> Result<Site, HostError> {
        let mut hosts = parts.headers.get_all(http::header::HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return Err(HostError::Malformed);
        }
        match (parts.uri.authority(), host) {
            (Some(a), _) => self.site(a.as_str()),
            (None, Some(h)) => self.site(h.to_str().map_err(|_| HostError::Malformed)?),
            (None, None) => Err(HostError::Malformed),
        }
    }
}

impl FromStr for Origins {
    type Err = OriginsError;

    fn from_str(s: &str) -> Result<Self, OriginsError> {
        let err = || OriginsError(s.chars().take(200).collect());
        let (scheme, rest) = s.split_once("://").ok_or_else(err)?;
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(err()),
        };
        let (domain, port) = match rest.split_once(':') {
            Some((d, p)) => (d, p.parse().map_err(|_| err())?),
            None => (rest, scheme.default_port()),
        };
        Self::new(scheme, domain, port).map_err(|_| err())
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.portal)
    }
}

/// A path that a redirect may lead to within one origin: it starts with exactly one `/`, and a
/// browser can read no host into it.
///
/// Browsers treat `\` as `/` and drop tabs and line ends, so `/\evil`, `//evil` and `/<tab>/evil`
/// are all addresses of another host; they and everything with a control character are refused.
#[must_use]
pub fn is_local_path(path: &str) -> bool {
    path.len() <= 2_048
        && path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && path.bytes().all(|b| b > 0x20 && b < 0x7f && b != b'\\')
}

/// `path` if it is local, otherwise `/`.
pub(crate) fn local_or_root(path: Option<&str>) -> &str {
    path.filter(|p| is_local_path(p)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo() -> Origins {
        "http://localhost:8080".parse().unwrap()
    }

    #[test]
    fn hosts_name_the_portal_the_console_and_installations() {
        for (host, want) in [
            ("localhost:8080", Ok(Site::Portal)),
            ("LOCALHOST:8080", Ok(Site::Portal)),
            ("console.localhost:8080", Ok(Site::Console)),
            ("tickets.localhost:8080", Ok(Site::App("tickets".parse().unwrap()))),
            ("Tickets.Localhost:8080", Ok(Site::App("tickets".parse().unwrap()))),
            ("admin.localhost:8080", Err(HostError::NoSuchLabel)),
            ("a.b.localhost:8080", Err(HostError::NoSuchLabel)),
            ("-a.localhost:8080", Err(HostError::NoSuchLabel)),
            (".localhost:8080", Err(HostError::NoSuchLabel)),
            ("localhost", Err(HostError::Foreign)),
            ("localhost:8081", Err(HostError::Foreign)),
            ("localhost.:8080", Err(HostError::Foreign)),
            ("127.0.0.1:8080", Err(HostError::Foreign)),
            ("[::1]:8080", Err(HostError::Foreign)),
            ("evil.example:8080", Err(HostError::Foreign)),
            ("localhost.evil.example:8080", Err(HostError::Foreign)),
            ("evillocalhost:8080", Err(HostError::Foreign)),
            ("user@localhost:8080", Err(HostError::Malformed)),
            ("localhost:", Err(HostError::Malformed)),
            ("localhost:99999", Err(HostError::Malformed)),
            ("", Err(HostError::Malformed)),
            ("a b", Err(HostError::Malformed)),
        ] {
            assert_eq!(demo().site(host), want, "{host}");
        }
    }

    #[test]
    fn the_default_port_is_not_written() {
        let city: Origins = "https://city.example".parse().unwrap();
        assert_eq!(city.portal(), "https://city.example");
        assert_eq!(city.app(&"a".parse().unwrap()), "https://a.city.example");
        assert_eq!(city.site("console.city.example:443"), Ok(Site::Console));
        assert_eq!(city.any_app(), "https://*.city.example");
    }

    #[test]
    fn refuses_what_is_no_origin() {
        for bad in [
            "localhost",
            "ftp://a",
            "http://",
            "http://a/",
            "http://A",
            "http://a:0",
            "http://a:x",
            "http://127.0.0.1:1",
            "http://a b",
        ] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
    }

    #[test]
    fn return_paths_never_leave_the_origin() {
        for good in ["/", "/orders?x=1", "/a//b", "/%E9%BE%9F", "/x#y"] {
            assert!(is_local_path(good), "{good}");
        }
        for bad in [
            "",
            "orders",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/a\\b",
            "https://evil.example",
            "javascript:x",
            "/a b",
            "/龟",
            "/a\r\nSet-Cookie: x",
        ] {
            assert!(!is_local_path(bad), "{bad}");
        }
    }

    #[test]
    fn foreign_addresses_are_not_ours() {
        let o = demo();
        for good in ["http://localhost:8080", "http://localhost:8080/x", "http://a.localhost:8080?x"] {
            assert!(o.is_ours(good), "{good}");
        }
        for bad in [
            "https://localhost:8080/",
            "http://evil.example/",
            "http://localhost:8080@evil.example/",
            "http://evil.example\\.localhost:8080/",
            "//localhost:8080/",
        ] {
            assert!(!o.is_ours(bad), "{bad}");
        }
    }
}
