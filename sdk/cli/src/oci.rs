//! A client of an OCI registry (distribution-spec 1.1.1), as far as packages need one.
//!
//! Not the crate `oci-client`: version 0.17 reads manifests, tokens and lists of referrers of any length into
//! memory and follows no `Link` to the next page of a list, where a signature may stand; and it brings a second TLS
//! stack. What a registry answers is taken to be hostile here: every size is bounded before bytes are kept, and
//! every digest computed anew.

use crate::CliError;
use crate::client::is_local;
use crate::permissions::printable;
use crate::terminal::{Bar, Counted, lang};
use data_encoding::BASE64;
use serde::Deserialize;
use std::io::Read;
use std::time::Duration;
use ureq::http::{HeaderMap, Request, Response, StatusCode, header};
use ureq::{Agent, Body, SendBody};
use url::Url;
use yunlong_model::Digest;
use yunlong_registry::Limits;
use zeroize::Zeroizing;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The largest list of referrers: what distribution-spec lets a manifest be.
const MAX_LIST: u64 = 4 << 20;
/// The most pages of such a list.
const MAX_PAGES: usize = 64;
/// The largest token, and error document.
const MAX_ANSWER: u64 = 64 << 10;
/// How long the registry may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// How long it may take to say that a blob is kept: it is hashed and synced first.
const ANSWER: Duration = Duration::from_secs(120);

/// Who asks.
pub(crate) struct Credentials {
    pub(crate) account: String,
    /// A password, or the token of a session in its place.
    pub(crate) secret: Zeroizing<String>,
}

impl Credentials {
    fn basic(&self) -> Zeroizing<String> {
        let pair = Zeroizing::new(format!("{}:{}", self.account, &*self.secret));
        Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())))
    }
}

/// What is done there: the right that a token is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    Pull,
    Push,
}

/// A repository of a registry.
pub(crate) struct Repository {
    agent: Agent,
    /// The registry's address, with a slash at the end.
    base: Url,
    name: String,
    right: Right,
    credentials: Option<Credentials>,
    authorization: Option<Zeroizing<String>>,
}

/// What is sent.
enum Payload<'a> {
    Nothing,
    Bytes(&'a [u8], Option<&'a Bar>),
}

/// A registry's address as people write it: `localhost:5000`, `https://registry.city.example`.
///
/// # Errors
/// Also for plain http to another machine: the password would be readable on the way.
pub(crate) fn address(text: &str) -> Result<Url, CliError> {
    let wrong = |problem: &str| {
        let text = printable(text);
        CliError::told(
            (format!("“{text}”不是仓库的网址：{problem}"), format!("`{text}` is no address of a registry: {problem}")),
            (
                "网址如 http://localhost:5000 或 https://registry.city.example",
                "give one such as http://localhost:5000 or https://registry.city.example",
            ),
        )
    };
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        // As docker and wkg do: this machine has no certificate.
        let guess = Url::parse(&format!("http://{text}")).map_err(|e| wrong(&e.to_string()))?;
        format!("{}://{text}", if is_this_machine(&guess) { "http" } else { "https" })
    };
    let url = Url::parse(&full).map_err(|e| wrong(&e.to_string()))?;
    if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
        return Err(wrong("http or https and a host are needed"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a path: a registry is a host, and --repository names what is in it"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it names an account: what is on a command line others can read"));
    }
    if url.scheme() == "http" && !is_this_machine(&url) {
        return Err(wrong("plain http is for this machine alone, use https"));
    }
    Ok(url)
}

/// Whether an address is of this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => is_local(name),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl Repository {
    pub(crate) fn new(base: Url, name: &str, right: Right, credentials: Option<Credentials>) -> Self {
        let local = is_this_machine(&base);
        let mut config = Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .timeout_recv_response(Some(ANSWER))
            .user_agent(concat!("yunlong/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // Blobs may lie elsewhere; ureq takes no credentials along.
            .max_redirects(if local { 0 } else { 4 })
            .https_only(base.scheme() == "https");
        if local {
            // A proxy could not reach this machine.
            config = config.proxy(None);
        }
        let name = name.to_owned();
        Self { agent: config.build().into(), base, name, right, credentials, authorization: None }
    }

    /// The registry's address without a slash at the end.
    pub(crate) fn registry(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{}/{path}", self.name));
        url
    }

    // ---- Pushing

    /// Whether a blob is there already.
    pub(crate) fn has_blob(&mut self, digest: &Digest) -> Result<bool, CliError> {
        let url = self.url(&format!("blobs/{digest}"));
        let mut answer = self.ask("HEAD", &url, &[], &Payload::Nothing)?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refused(&mut answer)),
        }
    }

    /// Puts a blob there, in one piece.
    pub(crate) fn put_blob(&mut self, digest: &Digest, bytes: &[u8], bar: &Bar) -> Result<(), CliError> {
        let url = self.url("blobs/uploads/");
        let mut begun = self.ask("POST", &url, &[], &Payload::Bytes(&[], None))?;
        if begun.status() != StatusCode::ACCEPTED {
            return Err(self.refused(&mut begun));
        }
        let place = text(begun.headers(), header::LOCATION).and_then(|l| url.join(l).ok());
        let mut place = place.filter(|p| self.is_own(p)).ok_or_else(|| self.strange("it names no place for a blob"))?;
        place.query_pairs_mut().append_pair("digest", &digest.to_string());
        let headers = [("content-type", "application/octet-stream")];
        let mut kept = self.ask("PUT", &place, &headers, &Payload::Bytes(bytes, Some(bar)))?;
        if kept.status() == StatusCode::CREATED { Ok(()) } else { Err(self.refused(&mut kept)) }
    }

    /// Puts a manifest there, by its digest or under a tag. `refers` to another one: then the registry must list it.
    pub(crate) fn put_manifest(&mut self, reference: &str, bytes: &[u8], refers: bool) -> Result<(), CliError> {
        let url = self.url(&format!("manifests/{reference}"));
        let mut kept = self.ask("PUT", &url, &[("content-type", MANIFEST)], &Payload::Bytes(bytes, None))?;
        if kept.status() != StatusCode::CREATED {
            return Err(self.refused(&mut kept));
        }
        if refers && !kept.headers().contains_key("oci-subject") {
            return Err(self.without_referrers());
        }
        Ok(())
    }

    // ---- Pulling

    /// The bytes of a manifest by its tag or digest.
    pub(crate) fn manifest(&mut self, reference: &str) -> Result<Vec<u8>, CliError> {
        let url = self.url(&format!("manifests/{reference}"));
        let mut answer = self.ask("GET", &url, &[("accept", MANIFEST)], &Payload::Nothing)?;
        if answer.status() != StatusCode::OK {
            return Err(self.refused(&mut answer));
        }
        let bytes = self.read(&mut answer, Limits::default().document, "the manifest")?;
        // By digest it must be that one; by tag the registry must know what it sends.
        let said = text(answer.headers(), "docker-content-digest");
        let expected = [reference.parse::<Digest>().ok(), said.and_then(|d| d.parse().ok())];
        match expected.into_iter().flatten().find(|d| *d != Digest::of(&bytes)) {
            Some(expected) => Err(self.changed("the manifest", &expected, &bytes)),
            None => Ok(bytes),
        }
    }

    /// The digests of what refers to a manifest, at most `limit`.
    pub(crate) fn referrers(&mut self, digest: &Digest, limit: usize) -> Result<Vec<Digest>, CliError> {
        #[derive(Deserialize)]
        struct List {
            manifests: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            digest: String,
        }
        let (mut found, mut url) = (Vec::new(), self.url(&format!("referrers/{digest}")));
        for _ in 0..MAX_PAGES {
            let mut answer = self.ask("GET", &url, &[("accept", INDEX)], &Payload::Nothing)?;
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Err(self.without_referrers()),
                _ => return Err(self.refused(&mut answer)),
            }
            let bytes = self.read(&mut answer, MAX_LIST, "the list of referrers")?;
            let list: List =
                serde_json::from_slice(&bytes).map_err(|_| self.strange("its list of referrers is none"))?;
            // What has a digest by another algorithm is of no package.
            found.extend(list.manifests.iter().filter_map(|e| e.digest.parse::<Digest>().ok()));
            let next = text(answer.headers(), header::LINK).and_then(next_page).and_then(|l| url.join(l).ok());
            match next.filter(|n| self.is_own(n)) {
                Some(next) if found.len() < limit => url = next,
                _ => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// A blob of this size.
    pub(crate) fn blob(&mut self, digest: &Digest, size: u64, bar: &Bar) -> Result<Vec<u8>, CliError> {
        let url = self.url(&format!("blobs/{digest}"));
        let mut answer = self.ask("GET", &url, &[], &Payload::Nothing)?;
        if answer.status() != StatusCode::OK {
            return Err(self.refused(&mut answer));
        }
        let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        // One byte more than it may have shows that it has more.
        let mut reader = answer.body_mut().as_reader().take(size.saturating_add(1));
        loop {
            match reader.read(&mut piece).map_err(|e| self.silent(&e))? {
                0 => break,
                n => {
                    bytes.extend_from_slice(piece.get(..n).unwrap_or_default());
                    bar.advance(n as u64);
                }
            }
        }
        if Digest::of(&bytes) != *digest {
            return Err(self.changed("a blob", digest, &bytes));
        }
        Ok(bytes)
    }

    // ---- Asking

    /// Sends a request, and once more with a token when the registry asks for one.
    fn ask(
        &mut self,
        method: &str,
        url: &Url,
        headers: &[(&str, &str)],
        payload: &Payload<'_>,
    ) -> Result<Response<Body>, CliError> {
        let answer = self.once(method, url, headers, payload)?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // A token ends after some minutes, in the middle of a long push.
        match challenge(answer.headers()) {
            Some(challenge) if self.authorize(&challenge)? => self.once(method, url, headers, payload),
            _ => Ok(answer),
        }
    }

    fn once(
        &self,
        method: &str,
        url: &Url,
        headers: &[(&str, &str)],
        payload: &Payload<'_>,
    ) -> Result<Response<Body>, CliError> {
        let mut request = request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.as_str());
        }
        let sent = match payload {
            Payload::Nothing => request.body(()).map_err(ureq::Error::from).and_then(|r| self.agent.run(r)),
            Payload::Bytes(bytes, bar) => {
                let mut counted = Counted { bytes, bar: *bar };
                request = request.header(header::CONTENT_LENGTH, bytes.len());
                let request = request.body(SendBody::from_reader(&mut counted)).map_err(ureq::Error::from);
                request.and_then(|r| self.agent.run(r))
            }
        };
        sent.map_err(|e| self.silent(&e))
    }

    /// Answers a challenge (RFC 9110 11.6.1; distribution's token specification). `false` when there is nothing more
    /// to show.
    fn authorize(&mut self, challenge: &str) -> Result<bool, CliError> {
        let basic = self.credentials.as_ref().map(Credentials::basic);
        if !starts_with(challenge, "bearer ") {
            let new = basic.is_some() && self.authorization != basic;
            self.authorization = basic;
            return Ok(new);
        }
        let strange = |what: &str| self.strange(what);
        let realm = parameter(challenge, "realm").ok_or_else(|| strange("its challenge names no place for tokens"))?;
        let mut url = Url::parse(&realm).map_err(|_| strange("its place for tokens is no address"))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_this_machine(&url)) {
            return Err(strange("its place for tokens is not reached by https"));
        }
        if basic.is_some() && url.host_str() != self.base.host_str() && !self.both_here(&url) {
            let host = printable(url.host_str().unwrap_or_default());
            let registry = self.registry();
            return Err(CliError::told(
                (
                    format!("{registry} 要把您的密码发给另一台主机“{host}”：没有发"),
                    format!("{registry} wants your password sent to another host, `{host}`: it was not"),
                ),
                (
                    "检查仓库的网址；如无误，其运维人员须在同一主机发放令牌",
                    "check the registry's address; if it is right, its operator has to give out tokens at the same host",
                ),
            ));
        }
        let rights = match self.right {
            Right::Pull => "pull",
            Right::Push => "pull,push",
        };
        let scope = format!("repository:{}:{rights}", self.name);
        if let Some(service) = parameter(challenge, "service") {
            url.query_pairs_mut().append_pair("service", &service);
        }
        url.query_pairs_mut().append_pair("scope", &scope);
        let mut request = request("GET", &url);
        if let Some(basic) = &basic {
            request = request.header(header::AUTHORIZATION, basic.as_str());
        }
        let request = request.body(()).map_err(|e| self.silent(&ureq::Error::from(e)))?;
        let mut answer = self.agent.run(request).map_err(|e| self.silent(&e))?;
        if answer.status() != StatusCode::OK {
            return Err(self.refused(&mut answer));
        }
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let bytes = Zeroizing::new(self.read(&mut answer, MAX_ANSWER, "the token")?);
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| self.strange("its token is none"))?;
        let token = token.token.or(token.access_token).map(Zeroizing::new);
        let token = token.ok_or_else(|| self.strange("its token is none"))?;
        self.authorization = Some(Zeroizing::new(format!("Bearer {}", &*token)));
        Ok(true)
    }

    fn both_here(&self, url: &Url) -> bool {
        is_this_machine(url) && is_this_machine(&self.base)
    }

    /// Whether an address is at the registry: bytes and tokens are sent nowhere else.
    fn is_own(&self, url: &Url) -> bool {
        let same =
            |a: &Url, b: &Url| a.scheme() == b.scheme() && a.port_or_known_default() == b.port_or_known_default();
        same(url, &self.base) && (url.host() == self.base.host() || self.both_here(url))
    }

    fn read(&self, answer: &mut Response<Body>, limit: u64, what: &str) -> Result<Vec<u8>, CliError> {
        let mut bytes = Vec::new();
        let mut reader = answer.body_mut().as_reader().take(limit.saturating_add(1));
        reader.read_to_end(&mut bytes).map_err(|e| self.silent(&e))?;
        if bytes.len() as u64 > limit {
            return Err(self.strange(&format!("{what} is over {limit} bytes")));
        }
        Ok(bytes)
    }

    // ---- What goes wrong

    fn refused(&self, answer: &mut Response<Body>) -> CliError {
        #[derive(Default, Deserialize)]
        struct Document {
            #[serde(default)]
            errors: Vec<Said>,
        }
        #[derive(Deserialize)]
        struct Said {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        let status = answer.status();
        let bytes = self.read(answer, MAX_ANSWER, "the error").unwrap_or_default();
        let document: Document = serde_json::from_slice(&bytes).unwrap_or_default();
        let first = document.errors.first();
        let said = document.errors.iter().map(|e| if e.message.is_empty() { &e.code } else { &e.message });
        let mut text = said.map(|m| printable(m)).collect::<Vec<_>>().join("; ");
        if text.is_empty() {
            text = status.canonical_reason().unwrap_or("no reason given").to_owned();
        }
        CliError::Registry {
            registry: self.registry().to_owned(),
            status: status.as_u16(),
            code: first.map(|e| printable(&e.code)).unwrap_or_default(),
            text,
        }
    }

    fn silent(&self, problem: &dyn std::fmt::Display) -> CliError {
        CliError::RegistryUnreachable { registry: self.registry().to_owned(), problem: problem.to_string() }
    }

    fn strange(&self, problem: &str) -> CliError {
        self.silent(&format!("{problem}{}", lang().pick("：这是 OCI 仓库吗？", ": is this an OCI registry?")))
    }

    fn without_referrers(&self) -> CliError {
        let registry = self.registry();
        CliError::told(
            (
                format!("{registry} 不保存引用（referrers），而安装包由它们组成"),
                format!("{registry} keeps no referrers, and a package is made of them"),
            ),
            (
                "换用支持 OCI Distribution 1.1 的仓库，如城市自己的",
                "use a registry of OCI Distribution 1.1, such as the city's",
            ),
        )
    }

    fn changed(&self, what: &str, expected: &Digest, bytes: &[u8]) -> CliError {
        let (registry, found) = (self.registry(), Digest::of(bytes));
        CliError::told(
            (
                format!("{registry} 发来的内容（{what}）被改动过：应为 {expected}，实为 {found}"),
                format!("{registry} sent {what} that was changed: expected {expected}, found {found}"),
            ),
            (
                "重新拉取；如再发生，请告诉仓库的运维人员，并且不要使用那里的任何东西",
                "pull again; if it happens again, tell the registry's operator and use nothing from there",
            ),
        )
    }
}

/// A request to an address; names that mean this machine are reached without a resolver (RFC 6761 6.3).
fn request(method: &str, url: &Url) -> ureq::http::request::Builder {
    let mut reached = url.clone();
    let mut request = Request::builder().method(method);
    if let Some(host) = url.domain().filter(|h| is_local(h)) {
        request = request.header("host", url.port().map_or_else(|| host.to_owned(), |p| format!("{host}:{p}")));
        // A domain can be replaced by an address.
        _ = reached.set_host(Some("127.0.0.1"));
    }
    request.uri(reached.as_str())
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start))
}

/// The challenge to answer: for a token where there is one.
fn challenge(headers: &HeaderMap) -> Option<String> {
    let all = || headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok());
    let found = all().find(|c| starts_with(c, "bearer ")).or_else(|| all().find(|c| starts_with(c, "basic")));
    found.map(str::to_owned)
}

/// A parameter of a challenge: `name="value"`, in which a comma is no end.
fn parameter(challenge: &str, wanted: &str) -> Option<String> {
    let mut rest = challenge.split_once(' ')?.1;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if name.trim_matches([' ', ',']).eq_ignore_ascii_case(wanted) {
            return Some(value.to_owned());
        }
        rest = after;
    }
    None
}

/// The next page that a `Link` header names (RFC 8288).
fn next_page(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    parameters.split(';').any(|p| matches!(p.trim(), "rel=next" | "rel=\"next\"")).then_some(target)
}

#[cfg(test)]
mod tests;
