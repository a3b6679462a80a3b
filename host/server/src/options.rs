//! What `yunlong serve` can be told.

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use yunlong_gateway::{GatewayConfig, Origins, Scheme};

/// `yunlong serve`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    /// The data folder: store, packages, compiled components, the platform's secret
    #[arg(long, env = "YUNLONG_DATA", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The public listener's port
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// The port of /healthz, /readyz and /metrics; the public one plus 1 by default
    #[arg(long)]
    pub(crate) admin_port: Option<u16>,
    /// The portal's host name; the console and the apps are below it
    #[arg(long, default_value = "localhost", value_name = "NAME")]
    pub(crate) domain: String,
    /// The portal's address as browsers see it, behind a load balancer: `https://city.example`;
    /// by default http, the domain and the port
    #[arg(long, value_name = "URL")]
    pub(crate) origin: Option<String>,
    /// The public listener's address
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    pub(crate) listen: IpAddr,
    /// The admin listener's address
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    pub(crate) admin_listen: IpAddr,
    /// Send traces to this OTLP collector (HTTP), such as http://localhost:4318
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp: Option<String>,
    /// What to log, as `tracing` filters, such as `info,yunlong::access=info`
    #[arg(long, env = "YUNLONG_LOG", default_value = "info,yunlong::access=warn", value_name = "FILTER")]
    pub(crate) log: String,
    /// How to log
    #[arg(long, env = "YUNLONG_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Let citizens open accounts themselves. What they say is checked for its form alone
    #[arg(long, env = "YUNLONG_SELF_REGISTRATION")]
    pub(crate) self_registration: bool,
    /// Outside providers to sign in with (OpenID Connect): a TOML file, see docs/operator.md
    #[arg(long, env = "YUNLONG_PROVIDERS", value_name = "FILE")]
    pub(crate) providers: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) demo: Demo,
}

/// The demo city. With it, and only with it, there are accounts with a known password.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Demo")]
pub(crate) struct Demo {
    /// Seed the demo city; listens on loopback only
    #[arg(long)]
    pub(crate) demo: bool,
    /// How many citizens
    #[arg(long, default_value_t = 600, requires = "demo", value_name = "N")]
    pub(crate) demo_citizens: u32,
    /// Enroll the demo vendor's key: a PEM, private or public
    #[arg(long, requires = "demo", value_name = "FILE")]
    pub(crate) trust_key: Vec<PathBuf>,
    /// Install a package at the start: PACKAGE@ORGANIZATION or PACKAGE@ORGANIZATION:NAME
    #[arg(long, requires = "demo", value_name = "SPEC")]
    pub(crate) install: Vec<InstallSpec>,
    /// Set a value of the configuration of what --install names: NAME.KEY=VALUE, the value as JSON or as text
    #[arg(long = "set", requires = "demo", value_name = "SPEC")]
    pub(crate) set: Vec<SetSpec>,
    /// Read what to install from a file: `[[install]]` with package, organization, name and config
    #[arg(long, requires = "demo", value_name = "demo.toml")]
    pub(crate) plan: Option<PathBuf>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// `PACKAGE@ORGANIZATION[:NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstallSpec {
    pub(crate) package: PathBuf,
    pub(crate) organization: String,
    pub(crate) name: Option<String>,
}

impl FromStr for InstallSpec {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        // From the right: a path may hold an @.
        let (package, rest) = s
            .rsplit_once('@')
            .filter(|(p, r)| !p.is_empty() && !r.is_empty())
            .ok_or("write it as PACKAGE@ORGANIZATION or PACKAGE@ORGANIZATION:NAME")?;
        let (organization, name) = rest.split_once(':').map_or((rest, None), |(o, n)| (o, Some(n.to_owned())));
        Ok(Self { package: package.into(), organization: organization.to_owned(), name })
    }
}

/// `INSTALLATION.KEY=VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetSpec {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) value: serde_json::Value,
}

impl FromStr for SetSpec {
    type Err = &'static str;

    fn from_str(s: &str) -> Result<Self, &'static str> {
        let parts = s.split_once('=').and_then(|(k, v)| k.split_once('.').map(|(n, k)| (n, k, v)));
        let (name, key, value) =
            parts.filter(|(n, k, _)| !n.is_empty() && !k.is_empty()).ok_or("write it as NAME.KEY=VALUE")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        Ok(Self { name: name.to_owned(), key: key.to_owned(), value })
    }
}

impl Serve {
    /// The public addresses.
    pub(crate) fn origins(&self) -> Result<Origins> {
        match &self.origin {
            Some(origin) => origin.trim_end_matches('/').parse().context("--origin"),
            None => Origins::new(Scheme::Http, &self.domain, self.port).context("--domain"),
        }
    }

    /// What the gateway is told.
    pub(crate) fn gateway(&self) -> Result<GatewayConfig> {
        let providers = match &self.providers {
            Some(path) => crate::providers::read(path).with_context(|| format!("--providers {}", path.display()))?,
            None => Vec::new(),
        };
        Ok(GatewayConfig { self_registration: self.self_registration, providers, ..GatewayConfig::default() })
    }

    pub(crate) fn public_address(&self) -> SocketAddr {
        SocketAddr::new(self.listen, self.port)
    }

    pub(crate) fn admin_address(&self) -> Result<SocketAddr> {
        let port = match self.admin_port {
            Some(port) => port,
            None => self
                .port
                .checked_add(1)
                .context("--port 65535 leaves no port for the admin listener: give --admin-port")?,
        };
        if port == self.port {
            bail!("the admin listener needs a port of its own: give another --admin-port");
        }
        Ok(SocketAddr::new(self.admin_listen, port))
    }

    /// Refuses what does not go together.
    pub(crate) fn check(&self) -> Result<()> {
        if self.demo.demo && !(self.listen.is_loopback() && self.admin_listen.is_loopback()) {
            bail!(
                "the demo has accounts with a known password and listens on loopback only: leave --listen and --admin-listen out"
            );
        }
        if self.port == 0 {
            bail!("--port 0: browsers need to know the port, choose one");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        serve: Serve,
    }

    fn parse(line: &str) -> Result<Serve> {
        let only = Only::try_parse_from(line.split_whitespace())?;
        only.serve.check()?;
        Ok(only.serve)
    }

    #[test]
    fn install_specs_are_read_from_the_right() {
        let spec: InstallSpec = "/a@b/tickets.tar@320300:gui".parse().unwrap();
        assert_eq!(
            spec,
            InstallSpec { package: "/a@b/tickets.tar".into(), organization: "320300".into(), name: Some("gui".into()) }
        );
        assert_eq!("x.tar@320300".parse::<InstallSpec>().unwrap().name, None);
        for bad in ["x.tar", "@320300", "x.tar@"] {
            assert!(bad.parse::<InstallSpec>().is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_json_or_text() {
        let set = |s: &str| s.parse::<SetSpec>().map(|s| (s.name, s.key, s.value));
        assert_eq!(set("tickets.window=any-time"), Ok(("tickets".into(), "window".into(), "any-time".into())));
        assert_eq!(set("tickets.hold=5"), Ok(("tickets".into(), "hold".into(), 5.into())));
        for bad in ["tickets", "tickets=5", ".a=5", "tickets.=5"] {
            assert!(set(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_demo_listens_on_loopback_only() {
        assert!(parse("serve --data d --demo --listen 127.0.0.1").is_ok());
        assert!(parse("serve --data d --listen 0.0.0.0").is_ok());
        for bad in [
            "serve --data d --demo --listen 0.0.0.0",
            "serve --data d --demo --admin-listen 0.0.0.0",
            "serve --data d --trust-key k.pem",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_follow_from_the_port() {
        let serve = parse("serve --data d --port 9000").unwrap();
        assert_eq!(serve.admin_address().unwrap().to_string(), "127.0.0.1:9001");
        assert_eq!(serve.origins().unwrap().portal(), "http://localhost:9000");
        assert_eq!(
            parse("serve --data d --origin https://city.example/").unwrap().origins().unwrap().portal(),
            "https://city.example"
        );
        assert!(parse("serve --data d --port 9000 --admin-port 9000").unwrap().admin_address().is_err());
        assert!(parse("serve --data d --port 65535").unwrap().admin_address().is_err());
    }
}
