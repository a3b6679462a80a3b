//! The console's and the portal's JSON API.

use crate::config::Sessions;
use crate::terminal::{Bar, Counted};
use crate::{CliError, Server, terminal};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::time::Duration;
use ureq::http::request::Builder;
use ureq::http::{Request, Response};
use ureq::{Agent, Body, SendBody};
use url::Url;
use zeroize::Zeroizing;

/// How long an answer may take, and the platform be silent while a file is transferred.
const TIMEOUT: Duration = Duration::from_secs(450);
/// How long it may take nothing of what is sent to it.
const STUCK: Duration = Duration::from_secs(60);
/// The largest answer in bytes.
const MAX_ANSWER: u64 = 16 << 20;

/// A client of one platform.
pub(crate) struct Client {
    agent: Agent,
    /// For files, which take as long as they take.
    files: Agent,
    portal: Url,
    console: Url,
    token: Option<String>,
}

impl Client {
    /// A client without a session.
    pub(crate) fn anonymous(server: &str) -> Result<Self, CliError> {
        let bad = |problem: String| {
            CliError::told(
                (
                    format!("“{server}”不是平台的网址：{problem}"),
                    format!("`{server}` is no address of a platform: {problem}"),
                ),
                (
                    "用 --server 给出网址，如 http://localhost:8080",
                    "give one such as http://localhost:8080 with --server",
                ),
            )
        };
        let portal = Url::parse(server).map_err(|e| bad(e.to_string()))?;
        if !["http", "https"].contains(&portal.scheme()) {
            return Err(bad("http or https is needed".into()));
        }
        let host = portal
            .domain()
            .ok_or_else(|| bad("a host's name is needed, since the console is at `console.` before it".into()))?
            .to_owned();
        let mut console = portal.clone();
        console.set_host(Some(&format!("console.{host}"))).map_err(|e| bad(e.to_string()))?;
        let agent = |files: bool| -> Agent {
            let mut config = Agent::config_builder()
                .user_agent(concat!("yunlong/", env!("CARGO_PKG_VERSION")))
                .http_status_as_error(false)
                .max_redirects(0);
            config = if files {
                config
                    .timeout_per_write(Some(STUCK))
                    .timeout_per_read(Some(TIMEOUT))
                    .timeout_recv_response(Some(TIMEOUT))
            } else {
                config.timeout_global(Some(TIMEOUT))
            };
            if is_local(&host) {
                // A proxy could not reach this machine.
                config = config.proxy(None);
            }
            config.build().into()
        };
        Ok(Self { agent: agent(false), files: agent(true), portal, console, token: None })
    }

    /// Whether the options or `yunlong login` give a session.
    pub(crate) fn has_session(server: &Server) -> Result<bool, CliError> {
        let kept = Sessions::load()?.get(&Self::anonymous(&server.server)?.name()).is_some();
        Ok(kept || server.token.is_some() || server.account.is_some())
    }

    /// A client with the session that the options or `yunlong login` give.
    pub(crate) fn signed_in(server: &Server) -> Result<Self, CliError> {
        let mut client = Self::anonymous(&server.server)?;
        client.token = if let Some(token) = &server.token {
            Some(token.clone())
        } else if let Some(account) = &server.account {
            let from_stdin = server.password_stdin;
            let password =
                if from_stdin { terminal::password_from_stdin(account) } else { terminal::password(account) };
            Some(client.sign_in(account, &password?)?)
        } else {
            Sessions::load()?.get(&client.name()).map(|k| k.token.clone())
        };
        if client.token.is_none() {
            return Err(CliError::SignedOut(client.name()));
        }
        Ok(client)
    }

    /// The portal's address without a slash at the end: what sessions are kept under.
    pub(crate) fn name(&self) -> String {
        self.portal.as_str().trim_end_matches('/').to_owned()
    }

    /// Whose session it is, and its token.
    pub(crate) fn session(&self) -> Result<(String, Zeroizing<String>), CliError> {
        let answer = self.json(&self.portal, "GET", "/api/v1/sessions/current", None)?;
        let account =
            answer["account"].as_str().ok_or_else(|| self.strange("回答中没有账号", "no account in the answer"))?;
        let token = self.token.clone().ok_or_else(|| CliError::SignedOut(self.name()))?;
        Ok((account.to_owned(), Zeroizing::new(token)))
    }

    /// The portal's address.
    pub(crate) fn portal(&self) -> &Url {
        &self.portal
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Signs in and answers the token.
    ///
    /// An account with a second factor is asked for its code, from YUNLONG_CODE or at the terminal.
    pub(crate) fn sign_in(&self, account: &str, password: &str) -> Result<String, CliError> {
        let ask = |code: Option<&str>| {
            let credentials = json!({ "account": account, "password": password, "code": code });
            self.json(&self.portal, "POST", "/api/v1/sessions", Some(&credentials))
        };
        let answer = match ask(None) {
            Err(CliError::SecondFactor) => ask(Some(&terminal::code(account)?)),
            Err(CliError::Refused { status: 401, text, .. }) => {
                let next = crate::terminal::lang().pick(
                    "检查 --account，以及输入的或 YUNLONG_PASSWORD 中的密码",
                    "check --account, and the password that you type or give in YUNLONG_PASSWORD",
                );
                return Err(CliError::usage(text, next));
            }
            other => other,
        }?;
        answer["token"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.strange("回答中没有令牌", "no token in the answer"))
    }

    /// Ends the session.
    pub(crate) fn sign_out(&self) -> Result<(), CliError> {
        self.json(&self.portal, "DELETE", "/api/v1/sessions/current", None).map(|_| ())
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, CliError> {
        self.json(&self.console, "GET", path, None)
    }

    /// What the portal tells everybody.
    pub(crate) fn of_portal(&self, path: &str) -> Result<Value, CliError> {
        self.json(&self.portal, "GET", path, None)
    }

    /// As [`Client::get`], with values in the query.
    pub(crate) fn get_with(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CliError> {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.json(&self.console, "GET", &format!("{path}?{query}"), None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        self.json(&self.console, "POST", path, Some(body))
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        self.json(&self.console, "PUT", path, Some(body))
    }

    /// As [`Client::post`], with a body that is JSON already.
    pub(crate) fn post_bytes(&self, path: &str, body: Vec<u8>) -> Result<Value, CliError> {
        self.send(&self.console, "POST", path, "application/json", body)
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Value, CliError> {
        self.json(&self.console, "DELETE", path, None)
    }

    /// Uploads a package's tar.
    pub(crate) fn upload_package(&self, tar: &[u8]) -> Result<Value, CliError> {
        self.upload("/api/v1/packages", "application/x-tar", tar)
    }

    /// Uploads a file, and shows how far it is.
    pub(crate) fn upload(&self, path: &str, content_type: &str, bytes: &[u8]) -> Result<Value, CliError> {
        let bar = Bar::new(terminal::lang().pick("上传", "uploading"), bytes.len() as u64);
        let mut counted = Counted { bytes, bar: Some(&bar) };
        let request = self.request(&self.console, "POST", path);
        let request = request.header("content-type", content_type).header("content-length", bytes.len());
        let request = request.body(SendBody::from_reader(&mut counted)).map_err(ureq::Error::from);
        self.answer(&self.console, request.and_then(|r| self.files.run(r)))
    }

    /// Downloads a file of lines with a POST, and hands over each of them with its end.
    pub(crate) fn lines(
        &self,
        path: &str,
        mut each: impl FnMut(&[u8]) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let request = self.request(&self.console, "POST", path).body(()).map_err(ureq::Error::from);
        let sent = request.and_then(|r| self.files.run(r));
        let mut response = sent.map_err(|e| unreachable(&self.console, &e))?;
        if !response.status().is_success() {
            return Err(refused(&self.console, &mut response));
        }
        let mut reader = BufReader::new(response.body_mut().as_reader());
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line);
            if read.map_err(|e| unreachable(&self.console, &e.into()))? == 0 {
                return Ok(());
            }
            each(&line)?;
        }
    }

    fn json(&self, origin: &Url, method: &str, path: &str, body: Option<&Value>) -> Result<Value, CliError> {
        let bytes = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        self.send(origin, method, path, if body.is_some() { "application/json" } else { "" }, bytes)
    }

    fn request(&self, origin: &Url, method: &str, path: &str) -> Builder {
        let mut url = origin.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(path);
        url.set_query(query);
        let mut request = Request::builder()
            .method(method)
            .header("accept", "application/json")
            .header("accept-language", terminal::lang().tag());
        if let Some(host) = origin.domain().filter(|h| is_local(h)) {
            // RFC 6761 6.3: these names mean this machine, but not every resolver knows.
            request = request.header("host", origin.port().map_or_else(|| host.to_owned(), |p| format!("{host}:{p}")));
            // A domain can be replaced by an address.
            _ = url.set_host(Some("127.0.0.1"));
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.uri(url.as_str())
    }

    fn send(
        &self,
        origin: &Url,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Value, CliError> {
        let mut request = self.request(origin, method, path);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let sent = if body.is_empty() && content_type.is_empty() {
            request.body(()).map_err(ureq::Error::from).and_then(|r| self.agent.run(r))
        } else {
            request.body(body).map_err(ureq::Error::from).and_then(|r| self.agent.run(r))
        };
        self.answer(origin, sent)
    }

    /// What was answered, as JSON; nothing is `null`.
    fn answer(&self, origin: &Url, sent: Result<Response<Body>, ureq::Error>) -> Result<Value, CliError> {
        let mut response = sent.map_err(|e| unreachable(origin, &e))?;
        if !response.status().is_success() {
            return Err(refused(origin, &mut response));
        }
        let text = read(response.body_mut()).map_err(|e| unreachable(origin, &e))?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|_| self.strange("回答不是 JSON", "the answer is not JSON"))
    }

    pub(crate) fn strange(&self, zh: &str, en: &str) -> CliError {
        let problem = crate::terminal::lang()
            .pick(&format!("{zh}：这是云龙平台吗？"), &format!("{en}: is this a Yunlong platform?"))
            .to_owned();
        CliError::Unreachable { server: self.name(), problem }
    }
}

/// Whether a name means this machine.
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

fn unreachable(origin: &Url, e: &ureq::Error) -> CliError {
    CliError::Unreachable { server: origin.as_str().trim_end_matches('/').to_owned(), problem: e.to_string() }
}

/// An answer that is no success, as what it says.
fn refused(origin: &Url, response: &mut Response<Body>) -> CliError {
    let status = response.status();
    let request_id = response.headers().get("x-request-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let text = match read(response.body_mut()) {
        Ok(text) => text,
        Err(e) => return unreachable(origin, &e),
    };
    let answer: Option<Value> = serde_json::from_str(&text).ok();
    let said = answer
        .as_ref()
        .and_then(problem_text)
        .unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned());
    let request_id = request_id.or_else(|| answer.as_ref().and_then(|b| b["request_id"].as_str().map(str::to_owned)));
    match answer.as_ref().and_then(|b| b["code"].as_str()) {
        Some("second-factor-required") => CliError::SecondFactor,
        Some("step-up-required") => CliError::StepUp,
        _ => CliError::Refused { status: status.as_u16(), text: said, request_id },
    }
}

fn read(body: &mut Body) -> Result<String, ureq::Error> {
    body.with_config().limit(MAX_ANSWER).lossy_utf8(true).read_to_string()
}

/// What a problem document (RFC 9457) says to people: the title, the detail, and each wrong field.
fn problem_text(body: &Value) -> Option<String> {
    let said: Vec<&str> = [&body["title"], &body["detail"]].into_iter().filter_map(Value::as_str).collect();
    let mut text = if said.is_empty() { return None } else { said.join(": ") };
    for error in body["errors"].as_array().into_iter().flatten() {
        let field = error["pointer"].as_str().or(error["field"].as_str()).unwrap_or("");
        let why = error["detail"].as_str().or(error["message"].as_str()).unwrap_or("");
        text.push_str(&format!("\n  - {field}: {why}"));
    }
    Some(crate::permissions::printable_lines(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_before_the_portals_host() {
        let client = Client::anonymous("http://localhost:8080").unwrap();
        assert_eq!(client.console.as_str(), "http://console.localhost:8080/");
        assert_eq!(client.name(), "http://localhost:8080");
        for bad in ["localhost", "ftp://x", "http://", "http://127.0.0.1:8080"] {
            assert!(matches!(Client::anonymous(bad), Err(CliError::Usage { .. })), "{bad}");
        }
    }

    #[test]
    fn names_below_localhost_are_reached_on_this_machine() {
        let client = Client::anonymous("http://localhost:8080").unwrap();
        let request = client.request(&client.console, "GET", "/api/v1/installations").body(()).unwrap();
        assert_eq!(request.uri().to_string(), "http://127.0.0.1:8080/api/v1/installations");
        assert_eq!(request.headers()["host"], "console.localhost:8080");
        let client = Client::anonymous("https://city.example").unwrap();
        let request = client.request(&client.console, "GET", "/x").body(()).unwrap();
        assert_eq!(request.uri().to_string(), "https://console.city.example/x");
        assert!(!request.headers().contains_key("host"));
    }

    #[test]
    fn problem_documents_are_told_whole() {
        let body = json!({ "title": "t", "detail": "d", "errors": [{ "pointer": "#/name", "detail": "taken" }] });
        assert_eq!(problem_text(&body).unwrap(), "t: d\n  - #/name: taken");
        assert_eq!(problem_text(&json!({ "title": "t" })).unwrap(), "t");
        assert_eq!(problem_text(&json!([])), None);
    }
}
