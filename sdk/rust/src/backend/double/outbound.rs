//! Other hosts, as the test says that they answer.

use super::State;
use crate::http::{HttpError, OutboundRequest, OutboundResponse, Parts};

impl State {
    /// Answers a request to another host, when `app.toml` declares it.
    pub(super) fn send(&mut self, request: &OutboundRequest, parts: &Parts) -> Result<OutboundResponse, HttpError> {
        let (scheme, port) = if parts.https { ("https", ":443") } else { ("http", ":80") };
        let host = parts.authority.strip_suffix(port).unwrap_or(&parts.authority);
        let refused = |why: &str| HttpError::Refused { host: host.to_owned(), why: why.to_owned() };
        if !self.manifest.outbound.iter().any(|declared| declared == host) {
            return Err(refused("app.toml does not declare it"));
        }
        self.sent.push(request.clone());
        let asked = format!("{scheme}://{host}{}", parts.path);
        let answer = self.outside.iter().find(|(prefix, _)| asked.starts_with(prefix.as_str()));
        let Some((_, answer)) = answer else { return Err(refused("nobody answers, until `TestCity::answer` says it")) };
        if answer.body.len() > request.most {
            return Err(HttpError::TooLarge { host: host.to_owned(), bytes: request.most });
        }
        Ok(answer.clone())
    }
}
