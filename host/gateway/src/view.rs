//! What a handler knows of the request that it answers, and the answers that all handlers give.

use crate::Gateway;
use crate::failure::{Failure, Outcome, kinds};
use crate::origins::Site;
use crate::request_id::RequestId;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use maud::{Markup, html};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use yunlong_hub::Actor;
use yunlong_identity::{AccountKind, Device, Mandate, PlatformRole, Session};
use yunlong_model::{Kind, Lang, Presentation};

/// The context of one request.
#[derive(Clone)]
pub(crate) struct View(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) request_id: RequestId,
    /// `None` when the host names nothing of ours.
    pub(crate) site: Option<Site>,
    pub(crate) presentation: Presentation,
    /// What this browser chose at this origin, if it chose anything.
    pub(crate) chosen: Option<Presentation>,
    pub(crate) session: Option<Session>,
    /// The token that the session came from: for signing out.
    pub(crate) token: Option<String>,
    /// Whether the client showed a bearer token.
    pub(crate) by_bearer: bool,
    pub(crate) client: IpAddr,
    /// From where the visitor comes, coarsely: for the list of their sessions.
    pub(crate) device: Device,
    /// The mandate under which they act, while it stands.
    pub(crate) acting: Option<Arc<Mandate>>,
    /// A local path and query, for the way back from a switch or from signing in.
    pub(crate) path: String,
    pub(crate) wants_json: bool,
}

impl Deref for View {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl View {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// One of two texts.
    pub(crate) fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.presentation.lang.pick(zh, en)
    }

    pub(crate) fn lang(&self) -> Lang {
        self.presentation.lang
    }

    /// Who is signed in; otherwise the way to the sign-in page (or 401 for programs).
    pub(crate) fn signed_in(&self) -> Outcome<&Session> {
        self.session.as_ref().ok_or_else(|| {
            let failure = Failure::new(kinds::UNAUTHENTICATED);
            failure.or_see(self.gateway.sign_in_address(self.site.as_ref(), &self.path))
        })
    }

    /// An official who runs apps: the system administrator, or a department's.
    pub(crate) fn administrator(&self) -> Outcome<Administrator> {
        let session = self.signed_in()?;
        let city = session.has(PlatformRole::SystemAdmin);
        if city || session.has(PlatformRole::DepartmentAdmin) {
            Ok(Administrator { account: session.account.clone(), organization: session.organization.clone(), city })
        } else {
            Err(self.not_for(&[PlatformRole::SystemAdmin, PlatformRole::DepartmentAdmin]))
        }
    }

    /// An official who has one of these roles on the platform.
    pub(crate) fn one_of(&self, roles: &[PlatformRole]) -> Outcome<&Session> {
        let session = self.signed_in()?;
        if roles.iter().any(|r| session.has(*r)) { Ok(session) } else { Err(self.not_for(roles)) }
    }

    fn not_for(&self, roles: &[PlatformRole]) -> Failure {
        // Somebody with a role reads whose business it is; everybody else, that it is not theirs.
        if self.session.as_ref().is_none_or(|s| s.platform_roles.is_empty()) {
            return Failure::new(kinds::FORBIDDEN).because(
                "控制台仅供各部门的应用管理员使用。",
                "The console is for the departments' app administrators.",
            );
        }
        let names = |lang: Lang, sign: &str| {
            roles.iter().map(|r| r.title().get(lang).to_owned()).collect::<Vec<_>>().join(sign)
        };
        Failure::new(kinds::FORBIDDEN)
            .because(format!("这需要：{}。", names(Lang::Zh, "、")), format!("This is for: {}.", names(Lang::En, ", ")))
    }

    /// Asks for the second factor before something dangerous, of whoever has one and did not show it
    /// lately. A person is led to the page that asks and comes back to where they were; then they press
    /// again.
    pub(crate) fn step_up(&self) -> Outcome<()> {
        self.step_up_for(&self.path)
    }

    /// The same, for a form whose address is known: a browser need not say where it was.
    pub(crate) fn step_up_for(&self, form: &str) -> Outcome<()> {
        let session = self.signed_in()?;
        if !self.gateway.services.identity.needs_step_up(session) {
            return Ok(());
        }
        let failure = Failure::new(kinds::STEP_UP_REQUIRED);
        if self.by_bearer {
            return Err(failure.because(
                "请用第二重验证重新登录：POST /api/v1/sessions 时附上 code。",
                "Sign in again with the second factor: send `code` along with POST /api/v1/sessions.",
            ));
        }
        Err(failure.or_see(self.gateway.step_up_address(self.site.as_ref(), form)))
    }

    /// Above a form that will ask for the second factor: the way to show it first, so that nothing
    /// that was typed is lost.
    pub(crate) fn step_up_first(&self) -> Markup {
        self.step_up_first_at(&self.path)
    }

    /// The same, for a form whose address is known: one that was refused stands at the address to which
    /// it was sent.
    pub(crate) fn step_up_first_at(&self, form: &str) -> Markup {
        let asks = self.session.as_ref().is_some_and(|s| self.gateway.services.identity.needs_step_up(s));
        html! {
            @if asks {
                div.notice.notice-info role="status" {
                    strong { (self.t("提交前需要再次验证身份", "Your second factor is asked for before you can send this")) }
                    p { a href=(self.gateway.step_up_address(self.site.as_ref(), form)) { (self.t("现在验证，然后回到这里填写", "Show it now and come back here to fill this in")) } }
                }
            }
        }
    }

    /// Who acts on the information hub, as the hub knows them.
    pub(crate) fn actor(&self) -> Outcome<Actor> {
        let session = self.signed_in()?;
        Ok(Actor {
            account: session.account.clone(),
            kind: session.kind.principal(),
            organization: session.organization.clone(),
            system_admin: session.has(PlatformRole::SystemAdmin),
            security_admin: session.has(PlatformRole::SecurityAdmin),
            audit_admin: session.has(PlatformRole::AuditAdmin),
            request_id: self.request_id.to_string(),
        })
    }

    /// The same, for what officials alone see.
    pub(crate) fn official(&self) -> Outcome<Actor> {
        let actor = self.actor()?;
        if actor.kind == Kind::Official {
            Ok(actor)
        } else {
            Err(Failure::new(kinds::FORBIDDEN).because(
                "信息资源仅供各部门工作人员使用。",
                "The information hub’s pages are for officials of the departments.",
            ))
        }
    }

    /// Who decides for the city what becomes of versions.
    pub(crate) fn governor(&self) -> Outcome<String> {
        Ok(self.one_of(&[PlatformRole::SystemAdmin, PlatformRole::SecurityAdmin])?.account.clone())
    }

    /// Who may end versions: a vendor's people their own, the city all. The registry asks which are whose.
    pub(crate) fn ends_versions(&self) -> Outcome<String> {
        let session = self.signed_in()?;
        match (session.kind, &session.organization) {
            (AccountKind::Vendor, Some(_)) => Ok(session.account.clone()),
            _ => self.governor(),
        }
    }

    /// Who may bring in packages: administrators, and the people of a vendor.
    pub(crate) fn publisher(&self) -> Outcome<String> {
        let session = self.signed_in()?;
        match (session.kind, &session.organization) {
            (AccountKind::Vendor, Some(_)) => Ok(session.account.clone()),
            _ => Ok(self.administrator()?.account),
        }
    }
}

/// Who works at the console.
#[derive(Clone, Debug)]
pub(crate) struct Administrator {
    pub(crate) account: String,
    pub(crate) organization: Option<String>,
    /// Of the whole city, or of one department.
    pub(crate) city: bool,
}

impl<S: Sync> FromRequestParts<S> for View {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Failure::internal("a handler was called without a view"))
    }
}

/// A redirect after a form (RFC 9110 section 15.4.4).
pub(crate) fn see_other(address: &str) -> Response {
    let Ok(value) = HeaderValue::from_str(address) else {
        return Failure::internal("a redirect's address is no header").into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, value);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// JSON.
pub(crate) fn json<T: serde::Serialize>(status: StatusCode, value: &T) -> Outcome {
    let text = serde_json::to_string(value).map_err(Failure::internal)?;
    let mut response = (status, text).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Whether a client wants JSON: everything under `/api/` does, elsewhere who asks for it.
pub(crate) fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    path.starts_with("/api/") || {
        let accept = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or("");
        accept.contains("json") && !accept.contains("text/html")
    }
}
