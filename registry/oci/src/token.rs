//! Access tokens: JSON Web Tokens (RFC 7519) with HMAC-SHA-256, that only this registry makes and reads,
//! with the claims of distribution's token specification.
//!
//! There is one header, and it is compared byte for byte: no token chooses how it is verified.

use crate::access::{Account, Action};
use crate::config::TokenKey;
use crate::name::RepositoryName;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::time::Duration;
use yunlong_model::Timestamp;

/// `{"alg":"HS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// The longest token that is looked at.
const MAX_TOKEN: usize = 8 * 1024;

/// What a token allows with one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// `repository` or `registry`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The repository's name, or `catalog`.
    pub(crate) name: String,
    /// `pull`, `push`, `delete`, `*`.
    pub(crate) actions: Vec<String>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The account; empty: nobody signed in.
    sub: String,
    iat: i64,
    exp: i64,
    pub(crate) access: Vec<Grant>,
}

impl Claims {
    pub(crate) fn new(
        service: &str,
        account: Option<&Account>,
        access: Vec<Grant>,
        now: Timestamp,
        life: Duration,
    ) -> Self {
        let iat = now.0.div_euclid(1000);
        Self {
            iss: service.to_owned(),
            aud: service.to_owned(),
            sub: account.map(|a| a.name.clone()).unwrap_or_default(),
            iat,
            exp: iat.saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)),
            access,
        }
    }

    pub(crate) fn account(&self) -> Option<Account> {
        (!self.sub.is_empty()).then(|| Account { name: self.sub.clone() })
    }

    pub(crate) fn grants(&self, repository: &RepositoryName, action: Action) -> bool {
        self.access.iter().any(|g| {
            g.kind == "repository" && g.name == repository.as_str() && g.actions.iter().any(|a| a == action.as_str())
        })
    }

    pub(crate) fn grants_catalog(&self) -> bool {
        self.access.iter().any(|g| g.kind == "registry" && g.name == "catalog" && !g.actions.is_empty())
    }
}

fn mac(key: &TokenKey, signed: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&*key.0).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}

/// Makes a token. `None` only when JSON or HMAC fail, which they do not.
pub(crate) fn seal(key: &TokenKey, claims: &Claims) -> Option<String> {
    let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).ok()?));
    let tag = mac(key, &signed)?.finalize().into_bytes();
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)))
}

/// What a token says, if this registry made it and it still counts.
pub(crate) fn open(key: &TokenKey, service: &str, token: &str, now: Timestamp) -> Option<Claims> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let (signed, tag) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    if header != HEADER {
        return None;
    }
    mac(key, signed)?.verify_slice(&URL_SAFE_NO_PAD.decode(tag).ok()?).ok()?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let counts = claims.aud == service && now.0.div_euclid(1000) < claims.exp;
    counts.then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(now: i64) -> Claims {
        let grant = Grant { kind: "repository".into(), name: "vendor/app".into(), actions: vec!["pull".into()] };
        let account = Account { name: "vendor".into() };
        Claims::new("localhost:5000", Some(&account), vec![grant], Timestamp(now), Duration::from_secs(300))
    }

    #[test]
    fn a_token_counts_for_its_service_and_its_time() {
        let key = TokenKey::new([7; 32]);
        let token = seal(&key, &claims(1_000_000)).unwrap();
        let read = open(&key, "localhost:5000", &token, Timestamp(1_000_000)).unwrap();
        assert!(read.grants(&"vendor/app".parse().unwrap(), Action::Pull));
        assert!(!read.grants(&"vendor/app".parse().unwrap(), Action::Push));
        assert!(!read.grants(&"vendor/app2".parse().unwrap(), Action::Pull));
        assert!(open(&key, "localhost:5000", &token, Timestamp(1_300_000)).is_none(), "expired");
        assert!(open(&key, "other:5000", &token, Timestamp(1_000_000)).is_none(), "another service");
        assert!(open(&TokenKey::new([8; 32]), "localhost:5000", &token, Timestamp(1_000_000)).is_none());
    }

    #[test]
    fn no_changed_byte_and_no_other_algorithm_passes() {
        let key = TokenKey::new([7; 32]);
        let token = seal(&key, &claims(0)).unwrap();
        for i in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[i] = if changed[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of base64 carries bits that decode to nothing; the decoder refuses them.
            assert!(open(&key, "localhost:5000", &changed, Timestamp(0)).is_none(), "byte {i}");
        }
        let none = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), token.split('.').nth(1).unwrap());
        assert!(open(&key, "localhost:5000", &none, Timestamp(0)).is_none());
    }
}
