//! What a layer around the gateway may know of a request before the gateway sees it: who asks, and how they want
//! pages. `yunlong dev` puts its bar on the pages by it.

use crate::origins::Site;
use crate::{Gateway, auth};
use http::{HeaderMap, HeaderValue, header};
use yunlong_identity::{IdentityError, NewSession, Session, SessionOrigin};
use yunlong_model::{InstallationName, Lang, Presentation};

/// Who visits an app, by the cookie of its origin.
#[derive(Debug)]
pub struct Visit {
    /// The session; nobody is signed in without one.
    pub session: Option<Session>,
    /// Its token.
    pub token: Option<String>,
    /// How pages are wanted.
    pub presentation: Presentation,
}

impl Gateway {
    /// Who makes a request to an app: as the gateway itself finds it out, bearer tokens left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn visit(&self, app: &InstallationName, headers: &HeaderMap) -> Result<Visit, IdentityError> {
        let origin: SessionOrigin = auth::session_origin(&Site::App(app.clone()));
        let identity = &self.services.identity;
        let token = self.cookies.session(headers);
        let session = match token {
            Some(token) => identity.authenticate(token, &origin).await?,
            None => None,
        };
        let browser = self.cookies.preferences(headers).unwrap_or_else(|| {
            let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("");
            Presentation { lang: Lang::from_accept_language(accept), elder: false }
        });
        let presentation = match &session {
            Some(session) => self.presentation_of(session, browser).await,
            None => browser,
        };
        let token = session.as_ref().and(token).map(str::to_owned);
        Ok(Visit { session, token, presentation })
    }

    /// The cookie that keeps a session of one origin, for an answer of that origin.
    #[must_use]
    pub fn session_cookie(&self, session: &NewSession) -> HeaderValue {
        let seconds = (session.expires_at.0 - self.services.clock.now().0) / 1000;
        self.cookies.set_session(session.token.as_str(), seconds)
    }

    /// The cookie that forgets the session of an origin.
    #[must_use]
    pub fn no_session_cookie(&self) -> HeaderValue {
        self.cookies.clear_session()
    }

    /// The path of the platform's stylesheet, which every origin serves.
    #[must_use]
    pub fn stylesheet(&self) -> &str {
        self.theme.path()
    }
}
