//! The platform's cookies. All are host-only (no `Domain`), so that none reaches another origin,
//! and all are read and removed here: no guest ever sees one.
//!
//! Over https the names carry the `__Host-` prefix and `Secure`, so that no other host can set
//! them. Over plain http on loopback they do not: Chromium would take them on `*.localhost`, but
//! curl takes `Secure` cookies over http for the name `localhost` alone, and Safari for none. The
//! session is bound to its origin on the server as well, so a cookie that another origin planted
//! gives no right here.

use crate::origins::Scheme;
use http::{HeaderMap, HeaderValue, header};
use yunlong_model::{Lang, Presentation};

/// The names of the cookies under a scheme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    scheme: Scheme,
}

/// How long the preferences of a visitor who has not signed in are kept: 400 days, which is the
/// most that browsers allow.
const PREFERENCES_AGE: u32 = 400 * 24 * 3600;
/// How long a sign-on may take from the app to the portal and back, in seconds: someone may have
/// to look up a password meanwhile.
const STATE_AGE: u32 = 3600;

impl Cookies {
    pub(crate) fn new(scheme: Scheme) -> Self {
        Self { scheme }
    }

    fn name(self, plain: &'static str, prefixed: &'static str) -> &'static str {
        match self.scheme {
            Scheme::Http => plain,
            Scheme::Https => prefixed,
        }
    }

    fn session_name(self) -> &'static str {
        self.name("session", "__Host-session")
    }

    fn second_step_name(self) -> &'static str {
        self.name("second-step", "__Host-second-step")
    }

    fn provider_name(self) -> &'static str {
        self.name("provider", "__Host-provider")
    }

    fn state_name(self) -> &'static str {
        self.name("sign-on", "__Host-sign-on")
    }

    /// The session's token, when there is exactly one cookie of that name: a second one would have
    /// been planted by somebody.
    pub(crate) fn session(self, headers: &HeaderMap) -> Option<&str> {
        get(headers, self.session_name()).filter(|v| is_token(v))
    }

    /// The state of a sign-on that this browser started at this origin.
    pub(crate) fn state(self, headers: &HeaderMap) -> Option<&str> {
        get(headers, self.state_name()).filter(|v| is_token(v))
    }

    /// The token that waits for a second factor.
    pub(crate) fn second_step(self, headers: &HeaderMap) -> Option<&str> {
        get(headers, self.second_step_name()).filter(|v| is_token(v))
    }

    /// The state of a sign-in with an outside provider that this browser started.
    pub(crate) fn provider_state(self, headers: &HeaderMap) -> Option<&str> {
        get(headers, self.provider_name()).filter(|v| is_token(v))
    }

    /// The preferences of a visitor.
    pub(crate) fn preferences(self, headers: &HeaderMap) -> Option<Presentation> {
        parse_preferences(get(headers, "preferences")?)
    }

    /// Keeps a session for `seconds`.
    pub(crate) fn set_session(self, token: &str, seconds: i64) -> HeaderValue {
        self.set(self.session_name(), token, u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
    }

    /// Forgets the session.
    pub(crate) fn clear_session(self) -> HeaderValue {
        self.set(self.session_name(), "", 0)
    }

    /// Remembers that a sign-on was started here.
    pub(crate) fn set_state(self, state: &str) -> HeaderValue {
        self.set(self.state_name(), state, STATE_AGE)
    }

    /// Forgets it.
    pub(crate) fn clear_state(self) -> HeaderValue {
        self.set(self.state_name(), "", 0)
    }

    /// Keeps a token that waits for a second factor.
    pub(crate) fn set_second_step(self, token: &str, seconds: i64) -> HeaderValue {
        self.set(self.second_step_name(), token, u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
    }

    /// Forgets it.
    pub(crate) fn clear_second_step(self) -> HeaderValue {
        self.set(self.second_step_name(), "", 0)
    }

    /// Remembers that a sign-in with an outside provider was started here.
    pub(crate) fn set_provider_state(self, state: &str, seconds: u32) -> HeaderValue {
        self.set(self.provider_name(), state, seconds)
    }

    /// Forgets it.
    pub(crate) fn clear_provider_state(self) -> HeaderValue {
        self.set(self.provider_name(), "", 0)
    }

    /// Keeps preferences.
    pub(crate) fn set_preferences(self, p: Presentation) -> HeaderValue {
        self.set("preferences", &write_preferences(p), PREFERENCES_AGE)
    }

    fn set(self, name: &str, value: &str, age: u32) -> HeaderValue {
        let secure = match self.scheme {
            Scheme::Http => "",
            Scheme::Https => "; Secure",
        };
        let text = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        // The value is a token of this server's own making, checked by `is_token` when it was read.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

fn is_token(v: &str) -> bool {
    (16..=200).contains(&v.len()) && v.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.')
}

/// Preferences as the cookie, and a link between origins, carries them: `en.elder`.
pub(crate) fn write_preferences(p: Presentation) -> String {
    format!("{}.{}", p.lang.pick("zh", "en"), if p.elder { "elder" } else { "standard" })
}

pub(crate) fn parse_preferences(v: &str) -> Option<Presentation> {
    let (lang, elder) = v.split_once('.')?;
    let lang = match lang {
        "zh" => Lang::Zh,
        "en" => Lang::En,
        _ => return None,
    };
    match elder {
        "elder" => Some(Presentation { lang, elder: true }),
        "standard" => Some(Presentation { lang, elder: false }),
        _ => None,
    }
}

/// The value of the only cookie named `name`.
fn get<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        let Ok(line) = line.to_str() else { continue };
        for pair in line.split(';') {
            if let Some((n, v)) = pair.trim().split_once('=')
                && n == name
                && found.replace(v).is_some()
            {
                return None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|l| (header::COOKIE, HeaderValue::from_str(l).unwrap())).collect()
    }

    const TOKEN: &str = "abcdefghijklmnop";

    #[test]
    fn the_session_cookie_is_host_only_and_out_of_reach_of_scripts() {
        let http = Cookies::new(Scheme::Http).set_session(TOKEN, 60);
        assert_eq!(http, "session=abcdefghijklmnop; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        let https = Cookies::new(Scheme::Https).set_session(TOKEN, 60);
        assert_eq!(https, "__Host-session=abcdefghijklmnop; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn a_planted_second_cookie_signs_nobody_in() {
        let c = Cookies::new(Scheme::Http);
        assert_eq!(c.session(&headers(&[&format!("a=b; session={TOKEN}")])), Some(TOKEN));
        assert_eq!(c.session(&headers(&[&format!("session={TOKEN}; session=ponmlkjihgfedcba")])), None);
        assert_eq!(c.session(&headers(&[&format!("session={TOKEN}"), "session=ponmlkjihgfedcba"])), None);
        assert_eq!(c.session(&headers(&["session=short"])), None);
        assert_eq!(c.session(&headers(&["session=\"abcdefghijklmnop\""])), None);
    }

    #[test]
    fn preferences_survive_the_round_trip() {
        let c = Cookies::new(Scheme::Http);
        for p in [Presentation { lang: Lang::En, elder: true }, Presentation { lang: Lang::Zh, elder: false }] {
            let set = c.set_preferences(p);
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            assert_eq!(c.preferences(&headers(&[pair])), Some(p));
        }
        assert_eq!(c.preferences(&headers(&["preferences=fr.elder"])), None);
    }
}
