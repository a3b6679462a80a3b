//! What `yunlong serve` can be told.

use crate::refusal::{Refusal, both};
use crate::settings::{self, LogFormat, Read, Settings};
use anyhow::{Context, Result};
use clap::Args;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use yunlong_gateway::{GatewayConfig, Origins, Scheme};

/// `yunlong serve`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The public listener's port; 8080 by default
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// The port of /healthz, /readyz and /metrics; the public one plus 1 by default
    #[arg(long)]
    pub(crate) admin_port: Option<u16>,
    /// The port of the registry of apps (OCI): `localhost:5000/vendor/app`; without it there is none
    #[arg(long, value_name = "PORT")]
    pub(crate) registry_port: Option<u16>,
    /// The portal's host name on this machine, `localhost` or below it; elsewhere browsers need TLS: give --origin
    #[arg(long, default_value = "localhost", value_name = "NAME")]
    pub(crate) domain: String,
    /// The portal's address as browsers see it, behind a proxy that ends TLS: `https://city.example`;
    /// by default http, the domain and the port
    #[arg(long, value_name = "URL")]
    pub(crate) origin: Option<String>,
    /// The public listener's address; loopback by default
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<IpAddr>,
    /// The admin listener's address; loopback by default
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin_listen: Option<IpAddr>,
    /// Send traces to this OTLP collector (HTTP), such as http://localhost:4318
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp: Option<String>,
    /// What to log, as `tracing` filters; by default `info,yunlong::access=warn`
    #[arg(long, env = "YUNLONG_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// How to log; text by default
    #[arg(long, env = "YUNLONG_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    /// Let citizens open accounts themselves, as accounts.self_registration of the configuration does
    #[arg(long, env = "YUNLONG_SELF_REGISTRATION")]
    pub(crate) self_registration: bool,
    /// A file of outside providers to sign in with, in the place of `[[provider]]` of the configuration
    #[arg(long, env = "YUNLONG_PROVIDERS", value_name = "FILE")]
    pub(crate) providers: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) demo: Demo,
}

/// Where the settings come from, for every command that works on a city's data.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Common {
    /// The configuration file: see `yunlong guide configuration`
    #[arg(long, env = "YUNLONG_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder: store, registry, compiled components, the platform's secret
    #[arg(long, env = "YUNLONG_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Set any setting of the configuration file: KEY=VALUE, such as limits.connections=500
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
}

impl Common {
    /// The settings, with what flags set over them.
    pub(crate) fn settings(&self, mut flags: Vec<(&'static str, toml::Value)>) -> Result<Settings> {
        if let Some(data) = &self.data {
            let data = data.to_str().with_context(|| format!("{} is not UTF-8", data.display()))?;
            flags.push(("data", data.into()));
        }
        Ok(settings::read(&Read { file: self.config.as_deref(), options: &self.options, flags })?)
    }
}

/// The demo city. With it, and only with it, there are accounts with a known password.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Demo")]
pub(crate) struct Demo {
    /// Seed the demo city; listens on loopback only. Without --data it is kept in `yunlong/demo` of the user's data
    /// folder
    #[arg(long)]
    pub(crate) demo: bool,
    /// How many citizens
    #[arg(long, default_value_t = 600, requires = "demo", value_name = "N")]
    pub(crate) demo_citizens: u32,
    /// How many synthetic people are in the population base database, beside the citizens; companies, places
    /// and events in proportion
    #[arg(long, default_value_t = 2_000, requires = "demo", value_name = "N")]
    pub(crate) demo_people: u64,
    /// Let the departments that provide data approve once what the installed apps ask for
    #[arg(long, requires = "demo")]
    pub(crate) demo_grants: bool,
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
    /// Everything that is set, from all sources.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut flags: Vec<(&'static str, toml::Value)> = Vec::new();
        let text = |v: &dyn ToString| toml::Value::String(v.to_string());
        let ports =
            [("listen.port", self.port), ("listen.admin_port", self.admin_port), ("registry.port", self.registry_port)];
        flags.extend(ports.into_iter().filter_map(|(key, port)| Some((key, i64::from(port?).into()))));
        let addresses = [("listen.address", self.listen), ("listen.admin_address", self.admin_listen)];
        flags.extend(addresses.into_iter().filter_map(|(key, address)| Some((key, text(&address?)))));
        let texts = [("origin", &self.origin), ("telemetry.otlp", &self.otlp), ("log.filter", &self.log)];
        flags.extend(texts.into_iter().filter_map(|(key, value)| Some((key, text(value.as_ref()?)))));
        if self.self_registration {
            flags.push(("accounts.self_registration", true.into()));
        }
        if let Some(format) = self.log_format {
            flags.push(("log.format", toml::Value::try_from(format)?));
        }
        let mut settings = self.common.settings(flags)?;
        if self.demo.demo && settings.data.is_none() {
            settings.data = crate::demo::folder();
        }
        self.check(&settings)?;
        Ok(settings)
    }

    /// What the gateway is told.
    pub(crate) fn gateway(&self, settings: &Settings) -> Result<GatewayConfig> {
        let providers = match &self.providers {
            Some(path) => crate::providers::read(path).with_context(|| format!("--providers {}", path.display()))?,
            None => crate::providers::all(&settings.provider, &settings.beside).context("the configuration")?,
        };
        Ok(GatewayConfig { providers, demo: self.demo.demo.then(crate::demo::city), ..settings.gateway()? })
    }

    /// The public addresses.
    pub(crate) fn origins(&self, settings: &Settings) -> Result<Origins> {
        origins(settings.origin.as_deref(), &self.domain, settings.listen.port)
    }

    /// Refuses what does not go together.
    fn check(&self, settings: &Settings) -> Result<()> {
        let listen = &settings.listen;
        if self.demo.demo && !(listen.address.is_loopback() && listen.admin_address.is_loopback()) {
            return Err(Refusal {
                problem: both(
                    "演示城市的账号密码众所周知，只能在本机监听",
                    "the demo has accounts with a known password and listens on loopback only",
                ),
                next: both("请去掉 --listen 和 --admin-listen", "leave --listen and --admin-listen out"),
            }
            .into());
        }
        settings.data()?;
        settings.admin_address()?;
        settings.gateway()?;
        self.origins(settings)?;
        Ok(())
    }
}

/// The public addresses, if browsers can work with them.
pub(crate) fn origins(origin: Option<&str>, domain: &str, port: u16) -> Result<Origins> {
    let origins: Origins = match origin {
        Some(origin) => origin.trim_end_matches('/').parse().context("--origin")?,
        None => Origins::new(Scheme::Http, domain, port).context("--domain")?,
    };
    let host = origins.domain();
    let local = host == "localhost" || host.ends_with(".localhost");
    if origins.scheme() == Scheme::Http && !local {
        // Browsers send Sec-Fetch-Site only from where they trust the connection, and without it every
        // form is refused; cookies would cross the network in the open.
        let portal = origins.portal();
        return Err(Refusal {
            problem: both(
                format!("{portal} 不在 localhost 上却用明文 http：浏览器因此不再告诉我们表单是不是自己的，请求可被伪造"),
                format!("{portal} is plain http on a name that is not localhost, where browsers leave out what tells our own forms from forged ones"),
            ),
            next: both(
                format!("请在前面放一个终止 TLS 的代理，并写 --origin https://{host}"),
                format!("put a proxy that ends TLS in front and give --origin https://{host}"),
            ),
        }
        .into());
    }
    Ok(origins)
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

    fn parse(line: &str) -> Result<(Serve, Settings)> {
        let only = Only::try_parse_from(line.split_whitespace())?;
        let settings = only.serve.settings()?;
        Ok((only.serve, settings))
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
    fn the_demo_alone_chooses_its_folder_and_says_that_it_is_one() {
        let (serve, settings) = parse("serve --demo").unwrap();
        assert!(settings.data().unwrap().ends_with("yunlong/demo"), "{:?}", settings.data);
        let told = serve.gateway(&settings).unwrap().demo.unwrap();
        assert_eq!((told.administrator.as_str(), told.password.as_str()), ("city-admin", "yunlong-demo"));
        let (serve, settings) = parse("serve --data d --demo").unwrap();
        assert_eq!(settings.data().unwrap(), std::path::Path::new("d"));
        assert!(serve.gateway(&settings).unwrap().demo.is_some());
        let (serve, settings) = parse("serve --data d --port 8080").unwrap();
        assert!(serve.gateway(&settings).unwrap().demo.is_none(), "a city that serves people is none, wherever it is");
    }

    #[test]
    fn addresses_follow_from_the_port() {
        let (serve, settings) = parse("serve --data d --port 9000").unwrap();
        assert_eq!(settings.admin_address().unwrap().to_string(), "127.0.0.1:9001");
        assert_eq!(serve.origins(&settings).unwrap().portal(), "http://localhost:9000");
        let (serve, settings) = parse("serve --data d --origin https://city.example/").unwrap();
        assert_eq!(serve.origins(&settings).unwrap().portal(), "https://city.example");
        for bad in ["--port 9000 --admin-port 9000", "--port 65535", "--port 0"] {
            assert!(parse(&format!("serve --data d {bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_http_is_for_localhost() {
        for bad in ["--domain city.example", "--origin http://city.example", "--origin http://notlocalhost:8080"] {
            let text = parse(&format!("serve --data d {bad}")).unwrap_err().to_string();
            assert!(text.contains("--origin https://"), "{bad}: {text}");
        }
        for good in ["--domain localhost", "--domain city.localhost", "--origin http://localhost:80"] {
            assert!(parse(&format!("serve --data d {good}")).is_ok(), "{good}");
        }
    }

    #[test]
    fn every_setting_can_be_given_on_the_command_line() {
        let (_, settings) = parse(
            "serve --data d -o proxy.client_header=X-Forwarded-For -o limits.body_kib=2 --port 9000 -o listen.port=1",
        )
        .unwrap();
        let gateway = settings.gateway().unwrap();
        assert_eq!((gateway.client_header.unwrap().as_str(), gateway.body_limit), ("x-forwarded-for", 2_048));
        assert_eq!(settings.listen.port, 9000, "a flag stands over --option");
        assert!(parse("serve --data d -o limits.body_kb=2").unwrap_err().to_string().contains("limits.body_kib"));
        assert!(parse("serve").unwrap_err().to_string().contains("--data"));
    }
}
