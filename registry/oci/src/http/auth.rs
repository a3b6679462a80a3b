//! Who asks, and whether they may.

use super::Ask;
use super::answer::{Answer, json};
use crate::access::{Account, Action, SignInError};
use crate::error::OciError;
use crate::name::RepositoryName;
use crate::registry::Inner;
use crate::sight::View;
use crate::token::{self, Claims};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use std::net::IpAddr;
use zeroize::Zeroizing;

/// The longest `Authorization` header that is looked at.
const MAX_HEADER: usize = 8 * 1024;

/// Who sent a request.
pub(super) struct Caller {
    pub(super) account: Option<Account>,
    /// With a token: what it reaches.
    token: Option<Claims>,
    /// Whether the request carried anything at all to tell who it is.
    identified: bool,
}

/// Finds out who sent a request. Nobody is an answer, wrong credentials are not.
pub(super) async fn caller(inner: &Inner, headers: &HeaderMap, client: Option<IpAddr>) -> Result<Caller, OciError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(Caller { account: None, token: None, identified: false }),
        (Some(value), None) => value.to_str().map_err(|_| OciError::WrongCredentials)?,
        (Some(_), Some(_)) => return Err(OciError::WrongCredentials),
    };
    let (scheme, rest) = value.split_once(' ').ok_or(OciError::WrongCredentials)?;
    if value.len() > MAX_HEADER {
        return Err(OciError::WrongCredentials);
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        let claims = token::open(&inner.config.token_key, inner.config.service(), rest.trim(), inner.now())
            .ok_or(OciError::WrongCredentials)?;
        return Ok(Caller { account: claims.account(), token: Some(claims), identified: true });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OciError::WrongCredentials);
    }
    let decoded = STANDARD.decode(rest.trim()).map(Zeroizing::new).map_err(|_| OciError::WrongCredentials)?;
    let decoded = std::str::from_utf8(&decoded).map_err(|_| OciError::WrongCredentials)?;
    let (user, password) = decoded.split_once(':').ok_or(OciError::WrongCredentials)?;
    let account = sign_in(inner, user, password, client).await?;
    Ok(Caller { account: Some(account), token: None, identified: true })
}

/// Signs in with a name and a password.
pub(super) async fn sign_in(
    inner: &Inner,
    user: &str,
    password: &str,
    client: Option<IpAddr>,
) -> Result<Account, OciError> {
    inner.access.sign_in(user, password, client).await.map_err(|e| match e {
        SignInError::Wrong => OciError::WrongCredentials,
        SignInError::Wait(seconds) => OciError::TooMany(seconds),
        SignInError::Unavailable(cause) => {
            tracing::error!(cause, "sign-in fails");
            OciError::SignInUnavailable
        }
    })
}

impl Caller {
    /// Refuses what the caller may not do: with a challenge when other credentials could help, which names
    /// the token to ask for.
    pub(super) async fn authorize(
        &self,
        inner: &Inner,
        repository: &RepositoryName,
        action: Action,
        ask_for: Action,
    ) -> Result<(), OciError> {
        if self.may(inner, repository, action).await {
            return Ok(());
        }
        match &self.account {
            // The account may, but its token does not reach so far: another token helps.
            Some(account) if self.token.is_none() || !inner.access.may(Some(account), repository, action).await => {
                Err(OciError::Denied {
                    account: account.name.clone(),
                    action: action.as_str(),
                    repository: repository.clone(),
                })
            }
            _ => Err(OciError::Unauthorized { scope: Some(scope(repository, ask_for)) }),
        }
    }

    /// Whether the caller may do this: the account has the right now, and a token reaches so far. What
    /// is open to anybody needs neither.
    pub(super) async fn may(&self, inner: &Inner, repository: &RepositoryName, action: Action) -> bool {
        if inner.access.may(None, repository, action).await {
            return true;
        }
        let reaches = self.token.as_ref().is_none_or(|t| t.grants(repository, action));
        self.account.is_some() && reaches && inner.access.may(self.account.as_ref(), repository, action).await
    }

    /// A repository as the caller sees it. A token that does not reach it shows what anybody sees.
    pub(super) async fn view<'a>(&self, inner: &'a Inner, repository: &'a RepositoryName) -> View<'a> {
        let reaches = self.token.as_ref().is_none_or(|t| t.grants(repository, Action::Pull));
        inner.view(self.account.as_ref().filter(|_| reaches), repository).await
    }

    /// Which of these a list of repositories may name. A token for the list reaches no repository by
    /// itself, so the account's right is asked.
    pub(super) async fn sees(&self, inner: &Inner, repositories: &[RepositoryName]) -> Vec<bool> {
        inner.access.may_pull(self.account.as_ref(), repositories).await
    }

    /// Refuses a list of repositories to a token that was not made for it, and to whoever has not said
    /// who they are.
    pub(super) fn check_catalog(&self) -> Result<(), OciError> {
        let reaches = self.token.as_ref().is_none_or(Claims::grants_catalog);
        if self.identified && reaches {
            Ok(())
        } else {
            Err(OciError::Unauthorized { scope: Some("registry:catalog:*".into()) })
        }
    }
}

/// What a client asks a token for. Whoever pushes also looks at what is there.
fn scope(repository: &RepositoryName, action: Action) -> String {
    match action {
        Action::Pull => format!("repository:{repository}:pull"),
        Action::Push => format!("repository:{repository}:pull,push"),
        Action::Delete => format!("repository:{repository}:delete"),
    }
}

/// `GET /v2/`: that this is a registry, and where its tokens are. Clients send credentials only to a
/// registry that challenges here, so nobody gets through without any.
pub(super) fn base(ask: &Ask<'_>) -> Answer {
    if !matches!(ask.method, http::Method::GET | http::Method::HEAD) {
        return Err(OciError::MethodNotAllowed("GET, HEAD"));
    }
    if !ask.caller.identified {
        return Err(OciError::Unauthorized { scope: None });
    }
    Ok(json(StatusCode::OK, "application/json", &serde_json::json!({})))
}
