//! One provider: its discovery document and keys, asked for and kept; its answers, checked.

use super::http::{Http, HttpError};
use super::{OutsideProvider, Trusted};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm,
    CoreProviderMetadata,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use serde_json::{Map, Value};
use url::{Host, Url};
use yunlong_identity::{Attributes, External};
use yunlong_model::Timestamp;

/// Discovery document and keys are asked for again after this time, in milliseconds.
const FRESH: i64 = 3600 * 1000;
/// They serve as long as this when the provider does not answer.
const STALE: i64 = 24 * 3600 * 1000;
/// A token by a key that is not known is a reason to ask for the keys again, but not more often.
const ROTATION: i64 = 30 * 1000;
/// By how much the provider's clock may be wrong.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// A token was issued a moment ago, for the code that was just exchanged.
const OLDEST: TimeDelta = TimeDelta::minutes(10);

/// Signatures that count: asymmetric ones, that only the provider can make.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why nobody was recognized.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    #[error("there is no such provider")]
    NoSuchProvider,
    #[error("the sign-in took too long, or was used already")]
    Expired,
    /// It does not answer, or not with a discovery document.
    #[error("the provider does not answer: {0}")]
    Down(String),
    /// It answered what cannot be believed.
    #[error("the provider's answer is refused: {0}")]
    Refused(String),
}

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

struct Known {
    metadata: CoreProviderMetadata,
    at: Timestamp,
}

impl Known {
    /// Whether it is not older than this. A clock that was put back makes it old.
    fn is_within(&self, age: i64, now: Timestamp) -> bool {
        (0..age).contains(&(now.0 - self.at.0))
    }
}

pub(crate) struct Provider {
    pub(crate) config: OutsideProvider,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    http: Http,
    /// Held while asking, so that a crowd asks once.
    known: tokio::sync::Mutex<Option<Known>>,
}

/// A question to a provider.
pub(crate) struct Asked {
    pub(crate) address: String,
    pub(crate) state: CsrfToken,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceCodeVerifier,
}

/// Whether tokens and codes may travel to this address.
pub(crate) fn is_safe(address: &Url) -> bool {
    let loopback = match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    address.scheme() == "https" || (address.scheme() == "http" && loopback)
}

fn down(error: impl std::error::Error) -> OidcError {
    OidcError::Down(with_causes(&error))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text.push_str(": ");
        text.push_str(&e.to_string());
        cause = e.source();
    }
    text
}

impl Provider {
    pub(crate) fn new(config: OutsideProvider, portal: &str) -> Result<Self, String> {
        config.check()?;
        let redirect = format!("{portal}/sign-in/callback/{}", config.name);
        Ok(Self {
            issuer: IssuerUrl::new(config.issuer.clone()).map_err(|e| e.to_string())?,
            redirect: RedirectUrl::new(redirect).map_err(|e| e.to_string())?,
            http: Http::new(config.ca.as_deref())?,
            known: tokio::sync::Mutex::default(),
            config,
        })
    }

    /// The address at which the browser asks, with all that protects the answer.
    pub(crate) async fn ask(&self, anew: bool, now: Timestamp) -> Result<Asked, OidcError> {
        let client = self.client(self.metadata(FRESH, now).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if anew {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        let (address, state, nonce) = request.url();
        if !is_safe(&address) {
            return Err(OidcError::Refused("its authorization endpoint is not https".into()));
        }
        Ok(Asked { address: address.into(), state, nonce, verifier })
    }

    /// Exchanges the code and checks the token; answers whom it names.
    pub(crate) async fn recognize(
        &self,
        code: &str,
        verifier: PkceCodeVerifier,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<External, OidcError> {
        let mut client = self.client(self.metadata(FRESH, now).await?);
        let http = self.http.clone();
        let send = move |request| {
            let http = http.clone();
            async move { http.send(request).await }
        };
        let exchange = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|e| OidcError::Refused(e.to_string()))?
            .set_pkce_verifier(verifier);
        let answer = exchange.request_async(&send).await.map_err(|e| match e {
            openidconnect::RequestTokenError::Request(e) => down(e),
            // What it refuses and why is its own words; never the code.
            other => OidcError::Refused(with_causes(&other)),
        })?;
        let token = answer.id_token().ok_or_else(|| OidcError::Refused("there is no ID token".into()))?;
        let mut verified = verify(&client, token, nonce, now);
        if let Err(ClaimsVerificationError::SignatureVerification(_)) = verified {
            // The provider may have new keys since they were asked for.
            client = self.client(self.metadata(ROTATION, now).await?);
            verified = verify(&client, token, nonce, now);
        }
        let claims = verified.map_err(|e| OidcError::Refused(with_causes(&e)))?;
        check_access_token(&client, token, &claims, answer.access_token())?;
        let subject = claims.subject().as_str().to_owned();
        if subject.is_empty() || subject.len() > 255 {
            return Err(OidcError::Refused("the subject is empty or longer than 255 bytes".into()));
        }
        let attributes = self.attributes(&client, token, answer.access_token(), &subject).await?;
        Ok(External { issuer: self.config.issuer.clone(), subject, attributes })
    }

    fn client(&self, metadata: CoreProviderMetadata) -> Client {
        let secret = self.config.client_secret.clone().map(ClientSecret::new);
        let client = CoreClient::from_provider_metadata(metadata, ClientId::new(self.config.client_id.clone()), secret);
        let client = client.set_redirect_uri(self.redirect.clone());
        // Without a secret the id goes into the body (RFC 6749, 2.3.1), where public clients put it.
        if self.config.client_secret.is_none() {
            client.set_auth_type(openidconnect::AuthType::RequestBody)
        } else {
            client
        }
    }

    /// Discovery document and keys, not older than `age` where the provider answers.
    async fn metadata(&self, age: i64, now: Timestamp) -> Result<CoreProviderMetadata, OidcError> {
        let mut known = self.known.lock().await;
        if let Some(k) = known.as_ref().filter(|k| k.is_within(age, now)) {
            return Ok(k.metadata.clone());
        }
        let http = self.http.clone();
        let send = move |request| {
            let http = http.clone();
            async move { http.send(request).await }
        };
        // Checks that the document names the issuer that was asked.
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &send).await {
            Ok(metadata) => {
                *known = Some(Known { metadata: metadata.clone(), at: now });
                Ok(metadata)
            }
            Err(e) => match known.as_ref().filter(|k| k.is_within(STALE, now)) {
                Some(k) => {
                    tracing::warn!(
                        provider = self.config.name,
                        error = with_causes(&e),
                        "the provider does not answer: its last keys serve"
                    );
                    Ok(k.metadata.clone())
                }
                None => Err(down(e)),
            },
        }
    }

    /// What the provider tells of the person, as far as it is believed. What stands in the ID token
    /// counts before the answer of the UserInfo endpoint, which must be about the same subject.
    async fn attributes(
        &self,
        client: &Client,
        token: &CoreIdToken,
        access: &AccessToken,
        subject: &str,
    ) -> Result<Attributes, OidcError> {
        let Trusted { real_name, resident_id, mobile } = self.config.trusted;
        if !self.config.trusted.any() {
            return Ok(Attributes::default());
        }
        let mut told = payload(token)?;
        let names = &self.config.claims;
        let wanted = [(real_name, &names.real_name), (resident_id, &names.resident_id), (mobile, &names.mobile)];
        if wanted.iter().any(|(wanted, name)| *wanted && !told.contains_key(name.as_str()))
            && let Some(address) = client.user_info_url()
        {
            for (name, value) in self.user_info(address.url(), access, subject).await? {
                told.entry(name).or_insert(value);
            }
        }
        let text = |trusted: bool, name: &str| {
            told.get(name).and_then(Value::as_str).map(str::trim).filter(|t| trusted && !t.is_empty())
        };
        let odd = |name: &str| OidcError::Refused(format!("its claim `{name}` has not the form that it should have"));
        Ok(Attributes {
            real_name: text(real_name, &names.real_name).map(str::to_owned),
            resident_id: text(resident_id, &names.resident_id)
                .map(|t| t.parse().map_err(|_| odd(&names.resident_id)))
                .transpose()?,
            // OpenID Connect recommends E.164.
            mobile: text(mobile, &names.mobile)
                .map(|t| t.trim_start_matches("+86").trim().parse().map_err(|_| odd(&names.mobile)))
                .transpose()?,
        })
    }

    async fn user_info(
        &self,
        address: &Url,
        access: &AccessToken,
        subject: &str,
    ) -> Result<Map<String, Value>, OidcError> {
        let request = openidconnect::http::Request::get(address.as_str())
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", access.secret()))
            .body(Vec::new())
            .map_err(|e| OidcError::Refused(e.to_string()))?;
        let answer = self.http.send(request).await.map_err(|e: HttpError| down(e))?;
        if !answer.status().is_success() {
            return Err(OidcError::Refused(format!("its UserInfo endpoint answers {}", answer.status())));
        }
        let told: Map<String, Value> = serde_json::from_slice(answer.body())
            .map_err(|e| OidcError::Refused(format!("its UserInfo answer is no JSON: {e}")))?;
        // OpenID Connect Core 5.3.2: otherwise the answer is about somebody else.
        if told.get("sub").and_then(Value::as_str) == Some(subject) {
            Ok(told)
        } else {
            Err(OidcError::Refused("its UserInfo answer is about another subject".into()))
        }
    }
}

/// The claims of a token, if it is to be believed.
fn verify(
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let now = DateTime::<Utc>::from_timestamp_millis(now.0).unwrap_or(DateTime::UNIX_EPOCH);
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now - SKEW)
        .set_issue_time_verifier_fn(move |issued| {
            if issued > now + SKEW {
                Err("it was issued in the future: are the clocks right?".into())
            } else if issued < now - OLDEST {
                Err("it was issued long ago: are the clocks right?".into())
            } else {
                Ok(())
            }
        });
    token.claims(&verifier, nonce).cloned()
}

/// The access token belongs to the ID token, when that says to which one (OpenID Connect Core 3.1.3.8).
fn check_access_token(
    client: &Client,
    token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    access: &AccessToken,
) -> Result<(), OidcError> {
    let Some(expected) = claims.access_token_hash() else { return Ok(()) };
    let refused = |e: String| OidcError::Refused(e);
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    let algorithm = token.signing_alg().map_err(|e| refused(with_causes(&e)))?;
    let key = token.signing_key(&verifier).map_err(|e| refused(with_causes(&e)))?;
    let actual = AccessTokenHash::from_token(access, algorithm, key).map_err(|e| refused(with_causes(&e)))?;
    if actual == *expected { Ok(()) } else { Err(refused("the access token is another one's".into())) }
}

/// All claims of a token that was verified.
fn payload(token: &CoreIdToken) -> Result<Map<String, Value>, OidcError> {
    let text = token.to_string();
    let part = text.split('.').nth(1).unwrap_or("");
    let bytes = data_encoding::BASE64URL_NOPAD.decode(part.as_bytes());
    let bytes = bytes.map_err(|e| OidcError::Refused(format!("the ID token is malformed: {e}")))?;
    serde_json::from_slice(&bytes).map_err(|e| OidcError::Refused(format!("the ID token is malformed: {e}")))
}
