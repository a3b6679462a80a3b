//! `/token`: short-lived access tokens (distribution's token specification: `GET` with Basic
//! authentication or none, `POST` as in OAuth 2.0's password grant).

use super::answer::{Answer, With as _, json, refuse};
use super::auth;
use super::body::Incoming;
use super::route::Query;
use crate::access::{Account, Action};
use crate::error::OciError;
use crate::name::RepositoryName;
use crate::registry::{Inner, Registry};
use crate::token::{Claims, Grant, seal};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::{Method, StatusCode, header};
use std::net::{IpAddr, SocketAddr};

/// The most scopes of one request.
const MAX_SCOPES: usize = 16;
/// The largest form.
const MAX_FORM: usize = 16 * 1024;

pub(super) async fn token(State(registry): State<Registry>, request: Request) -> Response {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    match issue(&registry.0, request, client).await {
        Ok(answer) => answer,
        Err(error) => refuse(&registry.0, &error),
    }
}

async fn issue(inner: &Inner, request: Request, client: Option<IpAddr>) -> Answer {
    let (parts, body) = request.into_parts();
    let (query, account) = match parts.method {
        Method::GET => {
            let query = Query::parse(parts.uri.query())?;
            let caller = auth::caller(inner, &parts.headers, client).await?;
            (query, caller.account)
        }
        Method::POST => {
            let limits = &inner.config.limits;
            let form = Incoming::new(body, limits.idle, limits.idle).all("form", MAX_FORM).await?;
            let form = std::str::from_utf8(&form).map_err(|_| OciError::Parameter("form"))?;
            let form = Query::parse(Some(form))?;
            if form.one("grant_type")? != Some("password") {
                return Err(OciError::Parameter("grant_type"));
            }
            let (user, password) = (form.one("username")?, form.one("password")?);
            let (Some(user), Some(password)) = (user, password) else {
                return Err(OciError::Parameter("username"));
            };
            let account = auth::sign_in(inner, user, password, client).await?;
            (form, Some(account))
        }
        _ => return Err(OciError::MethodNotAllowed("GET, POST")),
    };
    if query.one("service")?.is_some_and(|s| s != inner.config.service()) {
        return Err(OciError::Parameter("service"));
    }
    let access = grants(inner, &query, account.as_ref()).await?;
    let scope = access.iter().map(|g| format!("{}:{}:{}", g.kind, g.name, g.actions.join(",")));
    let scope = scope.collect::<Vec<_>>().join(" ");
    let (now, life) = (inner.now(), inner.config.token_lifetime);
    let claims = Claims::new(inner.config.service(), account.as_ref(), access, now, life);
    let token = seal(&inner.config.token_key, &claims).ok_or(OciError::SignInUnavailable)?;
    let document = serde_json::json!({
        "token": token,
        "access_token": token,
        "expires_in": life.as_secs(),
        "issued_at": now.to_rfc3339(),
        "scope": scope,
    });
    Ok(json(StatusCode::OK, "application/json", &document).with(header::CACHE_CONTROL, "no-store"))
}

/// What of the scopes that were asked for is granted; what is not is left out, without saying why.
async fn grants(inner: &Inner, query: &Query, account: Option<&Account>) -> Result<Vec<Grant>, OciError> {
    let asked: Vec<&str> = query.all("scope").flat_map(|s| s.split(' ')).filter(|s| !s.is_empty()).collect();
    if asked.len() > MAX_SCOPES {
        return Err(OciError::Parameter("scope"));
    }
    let mut granted = Vec::new();
    for scope in asked {
        let Some((kind, rest)) = scope.split_once(':') else { continue };
        let Some((name, actions)) = rest.rsplit_once(':') else { continue };
        let mut grant = Grant { kind: kind.to_owned(), name: name.to_owned(), actions: Vec::new() };
        match (kind, name.parse::<RepositoryName>()) {
            ("registry", _) if name == "catalog" => grant.actions.push("*".into()),
            ("repository", Ok(repository)) => {
                for action in Action::ALL {
                    let wanted = actions.split(',').any(|a| a == action.as_str() || a == "*");
                    if wanted && inner.access.may(account, &repository, action).await {
                        grant.actions.push(action.as_str().to_owned());
                    }
                }
            }
            _ => continue,
        }
        if !grant.actions.is_empty() {
            granted.push(grant);
        }
    }
    Ok(granted)
}
