//! The client that speaks to providers: HTTPS by rustls on ring, no redirects, little time, little
//! space.

use openidconnect::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// A person waits for it.
const TIMEOUT: Duration = Duration::from_secs(8);
/// A discovery document, a set of keys or a token is far smaller.
const LARGEST: u64 = 256 * 1024;
/// Requests at once. Each holds a thread while it waits: a provider that hangs must not take them all.
const AT_ONCE: usize = 16;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("too many requests to the provider at once")]
    Busy,
    #[error("the provider's address is not safe: {0}")]
    Unsafe(String),
    #[error("{0}")]
    Failed(String),
}

#[derive(Clone)]
pub(crate) struct Http {
    agent: Agent,
    places: Arc<Semaphore>,
}

impl Http {
    pub(crate) fn new(ca: Option<&[u8]>) -> Result<Self, String> {
        let mut tls = TlsConfig::builder();
        if let Some(pem) = ca {
            let items = parse_pem(pem).collect::<Result<Vec<_>, _>>().map_err(|e| format!("ca_file: {e}"))?;
            let roots: Vec<_> = items
                .into_iter()
                .filter_map(|i| match i {
                    PemItem::Certificate(c) => Some(c),
                    _ => None,
                })
                .collect();
            if roots.is_empty() {
                return Err("ca_file holds no certificate".into());
            }
            tls = tls.root_certs(RootCerts::Specific(Arc::new(roots)));
        }
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("yunlong/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // A redirect could lead to an address of the city's own networks.
            .max_redirects(0)
            .tls_config(tls.build())
            .build();
        Ok(Self { agent: config.into(), places: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let address = request.uri().to_string();
        let safe = url::Url::parse(&address).is_ok_and(|u| super::provider::is_safe(&u));
        if !safe {
            return Err(HttpError::Unsafe(address));
        }
        let place = self.places.clone().try_acquire_owned().map_err(|_| HttpError::Busy)?;
        let agent = self.agent.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let _place = place;
            let response = agent.run(request).map_err(|e| HttpError::Failed(e.to_string()))?;
            let (parts, mut body) = response.into_parts();
            let bytes = body
                .with_config()
                .limit(LARGEST)
                .read_to_vec()
                .map_err(|e| HttpError::Failed(format!("its answer cannot be read: {e}")))?;
            Ok(HttpResponse::from_parts(parts, bytes))
        });
        answer.await.map_err(|e| HttpError::Failed(e.to_string()))?
    }
}
