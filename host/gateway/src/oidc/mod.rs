//! Signing in with an outside provider (OpenID Connect Core 1.0, authorization code flow with PKCE).
//!
//! What is believed, and why: the state belongs to the browser that started (a host-only cookie) and
//! is used once; the code is exchanged with the verifier of PKCE (RFC 7636) by the server itself; the
//! ID token is signed by a key of the provider's own set, for this client, by this issuer, with the
//! nonce of this sign-in, lately. There is no implicit flow, no unsigned token and no symmetric
//! signature. Names and numbers that a provider tells are taken only where the city trusts it for
//! them. Nothing is created before all of this holds.

mod http;
mod provider;

use crate::origins::Origins;
use parking_lot::Mutex;
use provider::Provider;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use yunlong_identity::External;
use yunlong_model::{Text, Timestamp};

pub(crate) use provider::OidcError;

/// How long somebody may take at the provider, in seconds.
pub(crate) const STATE_SECONDS: u32 = 600;
/// Sign-ins that are under way at once. Each is a few hundred bytes; whoever starts more of them
/// than this makes the oldest void.
const UNDER_WAY: usize = 20_000;

/// An outside provider, as the operator configures it.
#[derive(Clone)]
pub struct OutsideProvider {
    /// Its name in addresses: lower-case letters, digits and `-`.
    pub name: String,
    /// What stands on its button.
    pub title: Text,
    /// Its issuer: `https`, or `http` on loopback for tests.
    pub issuer: String,
    /// Who this city is to it.
    pub client_id: String,
    /// The secret that goes with it; `None` for a public client, which has PKCE alone.
    pub client_secret: Option<String>,
    /// Certificates (PEM) to trust in the place of the public ones, for a provider in a network of
    /// its own.
    pub ca: Option<Vec<u8>>,
    /// Scopes beyond `openid`.
    pub scopes: Vec<String>,
    /// Under which names it tells what.
    pub claims: ClaimNames,
    /// What it is believed.
    pub trusted: Trusted,
}

impl fmt::Debug for OutsideProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideProvider")
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The claims in which a provider tells things about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// The registered name.
    pub real_name: String,
    /// The resident ID number (GB 11643).
    pub resident_id: String,
    /// The mobile number.
    pub mobile: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self { real_name: "name".into(), resident_id: "resident_id".into(), mobile: "phone_number".into() }
    }
}

/// What a provider is believed of a person beyond that it is always the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trusted {
    /// The registered name.
    pub real_name: bool,
    /// The resident ID number.
    pub resident_id: bool,
    /// The mobile number.
    pub mobile: bool,
}

impl Trusted {
    fn any(self) -> bool {
        self.real_name || self.resident_id || self.mobile
    }
}

impl OutsideProvider {
    /// What is wrong with the configuration, in words.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), String> {
        let named = !self.name.is_empty()
            && self.name.len() <= 40
            && self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !named {
            return Err(format!("`{}` is no name for a provider: use lower-case letters, digits and `-`", self.name));
        }
        let issuer = url::Url::parse(&self.issuer).map_err(|e| format!("issuer `{}`: {e}", self.issuer))?;
        if !provider::is_safe(&issuer) {
            return Err(format!("issuer `{}`: https is needed (http on loopback alone)", self.issuer));
        }
        if self.client_id.is_empty() {
            return Err("client_id is empty".into());
        }
        http::Http::new(self.ca.as_deref()).map(drop)
    }
}

/// A sign-in that is under way.
pub(crate) struct Begun {
    /// Where the browser goes.
    pub(crate) address: String,
    /// What it brings back.
    pub(crate) state: String,
}

/// What a sign-in that is under way remembers.
struct UnderWay {
    provider: String,
    nonce: openidconnect::Nonce,
    verifier: openidconnect::PkceCodeVerifier,
    back: String,
    /// The account that is to be linked, instead of signing somebody in.
    link: Option<String>,
    until: Timestamp,
}

/// Whom a provider has recognized, and what they wanted.
pub(crate) struct Recognized {
    pub(crate) external: External,
    pub(crate) back: String,
    pub(crate) link: Option<String>,
}

/// The configured providers.
pub(crate) struct Providers {
    all: Vec<Arc<Provider>>,
    under_way: Mutex<HashMap<String, UnderWay>>,
}

impl Providers {
    pub(crate) fn new(configured: &[OutsideProvider], origins: &Origins) -> Self {
        let all = configured
            .iter()
            .filter_map(|p| match Provider::new(p.clone(), origins.portal()) {
                Ok(provider) => Some(Arc::new(provider)),
                // The server checks before it starts; this is for whoever embeds the gateway.
                Err(error) => {
                    tracing::error!(provider = p.name, error, "an outside provider is left out");
                    None
                }
            })
            .collect();
        Self { all, under_way: Mutex::default() }
    }

    /// Names and titles, in the order of the configuration.
    pub(crate) fn list(&self) -> impl Iterator<Item = &OutsideProvider> {
        self.all.iter().map(|p| &p.config)
    }

    /// The title of an issuer, for the list of links.
    pub(crate) fn by_issuer(&self, issuer: &str) -> Option<&OutsideProvider> {
        self.list().find(|p| p.issuer == issuer)
    }

    fn find(&self, name: &str) -> Result<&Arc<Provider>, OidcError> {
        self.all.iter().find(|p| p.config.name == name).ok_or(OidcError::NoSuchProvider)
    }

    /// Starts a sign-in, or the linking of an account: then the provider asks who it is even of somebody
    /// whom it knows, since a browser may have been signed in there by another.
    pub(crate) async fn begin(
        &self,
        name: &str,
        back: &str,
        link: Option<String>,
        now: Timestamp,
    ) -> Result<Begun, OidcError> {
        let provider = self.find(name)?;
        let asked = provider.ask(link.is_some(), now).await?;
        let state = asked.state.secret().clone();
        let under_way = UnderWay {
            provider: name.to_owned(),
            nonce: asked.nonce,
            verifier: asked.verifier,
            back: back.to_owned(),
            link,
            until: now.plus_millis(i64::from(STATE_SECONDS) * 1000),
        };
        let mut all = self.under_way.lock();
        if all.len() >= UNDER_WAY {
            all.retain(|_, u| now < u.until);
        }
        if all.len() >= UNDER_WAY
            && let Some(oldest) = all.iter().min_by_key(|(_, u)| u.until).map(|(s, _)| s.clone())
        {
            all.remove(&oldest);
        }
        all.insert(state.clone(), under_way);
        Ok(Begun { address: asked.address, state })
    }

    /// Ends a sign-in with the code that the browser brought back. The state is used up whatever
    /// comes of it.
    pub(crate) async fn finish(
        &self,
        name: &str,
        state: &str,
        code: &str,
        issuer: Option<&str>,
        now: Timestamp,
    ) -> Result<Recognized, OidcError> {
        let under_way = self.under_way.lock().remove(state).filter(|u| now < u.until && u.provider == name);
        let under_way = under_way.ok_or(OidcError::Expired)?;
        let provider = self.find(name)?;
        // RFC 9207: a provider that names itself in the answer must be the one that was asked.
        if issuer.is_some_and(|i| i != provider.config.issuer) {
            return Err(OidcError::Refused("the answer names another issuer".into()));
        }
        let external = provider.recognize(code, under_way.verifier, &under_way.nonce, now).await?;
        Ok(Recognized { external, back: under_way.back, link: under_way.link })
    }

    /// Ends a sign-in that the provider refused, or the person cancelled there.
    pub(crate) fn abandon(&self, state: &str) -> Option<String> {
        self.under_way.lock().remove(state).map(|u| u.back)
    }
}
