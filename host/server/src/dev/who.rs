//! Who the browser is: it becomes somebody else without a password, here and at the portal.

use super::bench::{Bench, CITIZENS, OFFICIALS};
use super::error::DevError;
use crate::demo::{self, people};
use http::HeaderValue;
use parking_lot::Mutex;
use std::collections::HashMap;
use yunlong_gateway::RequestId;
use yunlong_identity::{NewSession, SessionOrigin};

/// Tickets that nobody redeemed; more are not kept.
const MOST: usize = 50;

/// Cookies that wait for the portal's origin: only an answer of that origin can set its cookie. A ticket is good
/// once.
#[derive(Default)]
pub(super) struct Tickets(Mutex<HashMap<String, (HeaderValue, String)>>);

impl Tickets {
    fn issue(&self, cookie: HeaderValue, back: String) -> String {
        let ticket = format!("{}{}", RequestId::generate(), RequestId::generate());
        let mut all = self.0.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(ticket.clone(), (cookie, back));
        ticket
    }

    /// The cookie of a ticket, and where to go from there.
    pub(super) fn redeem(&self, ticket: &str) -> Option<(HeaderValue, String)> {
        self.0.lock().remove(ticket)
    }
}

/// Somebody whom the browser can be.
pub(super) struct Somebody {
    pub(super) account: String,
    pub(super) name: String,
    pub(super) official: bool,
}

/// All of them.
pub(super) fn everybody() -> Vec<Somebody> {
    let citizens = (1..=CITIZENS).map(|n| Somebody {
        account: people::account(n),
        name: people::person(n).and_then(|p| p.real_name).unwrap_or_default(),
        official: false,
    });
    let names = ["文旅管理员", "检票员"];
    let officials = OFFICIALS.iter().zip(names).map(|(account, name)| Somebody {
        account: (*account).to_owned(),
        name: name.to_owned(),
        official: true,
    });
    citizens.chain(officials).collect()
}

/// The cookie for the app's origin, and the address at the portal that goes on from there.
pub(super) struct Become {
    pub(super) cookie: HeaderValue,
    pub(super) at_portal: String,
}

impl Bench {
    /// Makes a browser somebody, with these roles if it is an official, or nobody; it comes back to `path`.
    pub(super) async fn turn_into(&self, account: &str, roles: &[String], path: &str) -> Result<Become, DevError> {
        let gateway = &self.city.gateway;
        let back = format!("{}{path}", self.origin());
        let (cookie, portal) = match everybody().into_iter().find(|s| s.account == account) {
            None => (gateway.no_session_cookie(), gateway.no_session_cookie()),
            Some(somebody) => {
                if somebody.official {
                    let operations = gateway.operations();
                    let set = operations.set_roles(&self.name, account, roles, demo::BY).await;
                    set.map_err(|e| DevError::Refused(e.text()))?;
                }
                let (app, portal) = self.sign_in(account).await?;
                (gateway.session_cookie(&app), gateway.session_cookie(&portal))
            }
        };
        let ticket = self.tickets.issue(portal, back);
        Ok(Become { cookie, at_portal: format!("{}/_city/dev/portal?ticket={ticket}", gateway.origins().portal()) })
    }

    /// A session at the app, and the one at the portal that it began from.
    async fn sign_in(&self, account: &str) -> Result<(NewSession, NewSession), DevError> {
        let identity = &self.city.identity;
        let portal = identity.sign_in(account, demo::PASSWORD, &SessionOrigin::Portal).await.map_err(DevError::city)?;
        let session = identity.authenticate(portal.token.as_str(), &SessionOrigin::Portal).await;
        let session = session.map_err(DevError::city)?.ok_or_else(|| DevError::City("no session".into()))?;
        let app = SessionOrigin::Installation(self.name.clone());
        let code = identity.issue_code(&session, app.clone()).await.map_err(DevError::city)?;
        Ok((identity.redeem_code(code.as_str(), app).await.map_err(DevError::city)?, portal))
    }
}
