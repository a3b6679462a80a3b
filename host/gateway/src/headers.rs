//! Which headers pass to a guest and back, and those that the gateway sets on everything.

use crate::apps::Scripts;
use crate::origins::{Origins, Site};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Request headers that a guest sees. Everything else stays here: cookies, `Authorization`,
/// forwarding headers, and whatever would tell one browser from another. `accept-language` is
/// not among them: the gateway sets it from the person's choice.
static REQUEST: [HeaderName; 9] = [
    header::ACCEPT,
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("prefer"),
];

/// Response headers that a guest may set. No `Set-Cookie`, no CSP or CORS of its own, nothing
/// about the connection.
static RESPONSE: [HeaderName; 12] = [
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::CONTENT_DISPOSITION,
    header::CACHE_CONTROL,
    header::EXPIRES,
    header::ETAG,
    header::LAST_MODIFIED,
    header::LOCATION,
    header::VARY,
    header::RETRY_AFTER,
    header::ALLOW,
    HeaderName::from_static("preference-applied"),
];

/// The headers of `from` that a guest may see, with the person's language.
pub(crate) fn for_guest(from: &HeaderMap, lang: yunlong_model::Lang) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(REQUEST.len() + 2);
    for name in &REQUEST {
        for value in from.get_all(name) {
            out.append(name.clone(), value.clone());
        }
    }
    out.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(lang.tag()));
    out
}

/// Removes what a guest may not set, in place.
pub(crate) fn from_guest(headers: &mut HeaderMap) {
    // A page may ask to be loaded again after some seconds (a ticket's live code, a payment that
    // is being confirmed) without a script; it may not lead elsewhere by the same header.
    let reloads = headers.get_all(header::REFRESH).iter().all(|v| v.to_str().is_ok_and(is_reload));
    let allowed = |k: &HeaderName| RESPONSE.contains(k) || (*k == header::REFRESH && reloads);
    // Most answers carry allowed headers only; then nothing is rebuilt.
    if headers.keys().all(allowed) {
        return;
    }
    let refused: Vec<HeaderName> = headers.keys().filter(|k| !allowed(k)).cloned().collect();
    for name in refused {
        headers.remove(name);
    }
}

/// Whether a `Refresh` loads the same page again: seconds alone, or with another query, so that a
/// page can count how often it was loaded and stop (WCAG 2.2.1).
fn is_reload(value: &str) -> bool {
    let (seconds, query) = match value.split_once("; url=?") {
        Some((seconds, query)) => (seconds, query),
        None => (value, ""),
    };
    !seconds.is_empty()
        && seconds.bytes().all(|b| b.is_ascii_digit())
        && query.bytes().all(|b| b.is_ascii_alphanumeric() || b"&=-_.".contains(&b))
}

/// Whether a guest's `Location` stays on the platform. Citizens trust the platform's addresses:
/// an app may not use one to lead them elsewhere unseen (a link shows where it leads).
pub(crate) fn location_is_ours(origins: &Origins, value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    if origins.is_ours(text) {
        return true;
    }
    // A relative reference without a host: no scheme before the path, no `//`, no `\`.
    let path = text.split(['?', '#']).next().unwrap_or("");
    let first = path.split('/').next().unwrap_or("");
    !first.contains(':')
        && !text.starts_with("//")
        && !text.contains('\\')
        && text.bytes().all(|b| b > 0x20 && b < 0x7f)
}

/// The headers that do not depend on the answer, built once.
#[derive(Debug)]
pub(crate) struct Fixed {
    portal_csp: HeaderValue,
    portal_script_csp: HeaderValue,
    console_csp: HeaderValue,
    console_script_csp: HeaderValue,
    app_csp: HeaderValue,
    app_page_csp: HeaderValue,
    app_script_csp: HeaderValue,
    app_document_csp: HeaderValue,
    common: Vec<(HeaderName, HeaderValue)>,
}

const CSP: HeaderName = header::CONTENT_SECURITY_POLICY;

impl Fixed {
    pub(crate) fn new(origins: &Origins) -> Self {
        // `form-action` also governs the redirects that follow a form: sign-in, consent and the
        // cashier lead back to an app, and an app leads to them.
        let from_portal = format!("'self' {} {}", origins.console(), origins.any_app());
        let portal_csp = csp("", NOBODY, &from_portal);
        // The pages that ask for a passkey, which no browser does without a script: the platform's
        // own file, and no other.
        let portal_script_csp =
            csp(&format!("script-src {}{}; ", origins.portal(), crate::theme::passkey_path()), NOBODY, &from_portal);
        let with_portal = format!("'self' {}", origins.portal());
        let app_csp = csp("", NOBODY, &with_portal);
        // The pages with an upload show how far it is, by the platform's own file, which talks to the console alone.
        let upload = format!("{}{}", origins.console(), crate::theme::upload_path());
        let console_script_csp = csp(&format!("script-src {upload}; connect-src 'self'; "), NOBODY, &with_portal);
        // A page of any app: its tables become charts by the platform's own files, and by no others. The host is a wildcard,
        // since the policy is made once; what it names is the same file at each.
        let page_sources = crate::theme::page_sources(&origins.any_app());
        let app_page_csp = csp(&format!("{page_sources}{FRAMES}"), NOBODY, &with_portal);
        // An app whose signed package holds scripts may run those, and they may call the app.
        let app_script_csp = csp(&format!("script-src 'self'; connect-src 'self'; {FRAMES}"), NOBODY, &with_portal);
        let app_document_csp = csp("", "'self'", &with_portal);
        let mut common = vec![
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            // Within one origin a page may know where its visitor comes from; no other host may.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static(
                    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
                ),
            ),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ];
        if origins.scheme() == crate::origins::Scheme::Https {
            common.push((
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000; includeSubDomains"),
            ));
        }
        Self {
            portal_csp,
            portal_script_csp,
            console_csp: app_csp.clone(),
            console_script_csp,
            app_csp,
            app_page_csp,
            app_script_csp,
            app_document_csp,
            common,
        }
    }

    /// Sets everything that protects an answer of `site`.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, site: Option<&Site>, scripts: Option<Scripts>) {
        let policy = match (site, scripts) {
            (Some(Site::App(_)), Some(Scripts::Own)) => &self.app_script_csp,
            (Some(Site::App(_)), Some(Scripts::Platform)) => &self.app_page_csp,
            (Some(Site::App(_)) | None, _) => &self.app_csp,
            (Some(Site::Portal), Some(_)) => &self.portal_script_csp,
            (Some(Site::Portal), None) => &self.portal_csp,
            (Some(Site::Console), Some(_)) => &self.console_script_csp,
            (Some(Site::Console), None) => &self.console_csp,
        };
        headers.insert(CSP, policy.clone());
        for (name, value) in &self.common {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// Lets the pages of the same origin, and nobody else's, show in a frame what [`Self::apply`] has protected: for a
    /// document that the browser's own viewer shows.
    pub(crate) fn let_own_pages_frame(&self, headers: &mut HeaderMap) {
        headers.insert(CSP, self.app_document_csp.clone());
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }
}

/// Whom `frame-ancestors` lets show an answer in a frame.
const NOBODY: &str = "'none'";

/// A page of an app frames what its own origin serves. Every other answer forbids to be framed: what is left are documents, see
/// [`Fixed::let_own_pages_frame`].
const FRAMES: &str = "frame-src 'self'; ";

// Sound and films, like pictures, come from the site itself: a page plays what its own app serves, and nothing of others.
fn csp(more: &str, ancestors: &str, form_action: &str) -> HeaderValue {
    let text = format!(
        "default-src 'none'; {more}style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; form-action {form_action}; frame-ancestors {ancestors}; base-uri 'none'"
    );
    // The origins were checked to be host names.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::Lang;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_guest_never_sees_credentials_or_where_the_request_came_through() {
        let seen = for_guest(
            &map(&[
                ("cookie", "session=x"),
                ("authorization", "Bearer x"),
                ("proxy-authorization", "x"),
                ("x-forwarded-for", "10.0.0.1"),
                ("forwarded", "for=10.0.0.1"),
                ("x-real-ip", "10.0.0.1"),
                ("x-request-id", "forged"),
                ("user-agent", "x"),
                ("host", "evil"),
                ("referer", "http://localhost/sign-in"),
                ("accept-language", "fr"),
                ("content-type", "application/json"),
                ("idempotency-key", "1"),
            ]),
            Lang::En,
        );
        let mut names: Vec<_> = seen.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-language", "content-type", "idempotency-key"]);
        assert_eq!(seen["accept-language"], "en");
    }

    #[test]
    fn a_page_may_load_itself_again_but_not_another() {
        for (value, kept) in [
            ("30", true),
            ("2; url=?look=3", true),
            ("2; url=?look=3&a-b=c_d.e", true),
            ("0; url=http://evil.example", false),
            ("0; url=?//evil.example", false),
            ("0; url=?a, 1; url=//evil.example", false),
            ("5;url=/x", false),
            ("; url=?a", false),
            ("", false),
        ] {
            let mut headers = map(&[("refresh", value)]);
            from_guest(&mut headers);
            assert_eq!(headers.contains_key("refresh"), kept, "{value}");
        }
    }

    #[test]
    fn a_guest_cannot_set_cookies_policies_or_connection_headers() {
        let mut headers = map(&[
            ("set-cookie", "session=x"),
            ("content-security-policy", "default-src *"),
            ("access-control-allow-origin", "*"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
            ("x-request-id", "forged"),
            ("clear-site-data", "*"),
            ("refresh", "0; url=http://evil.example"),
            ("link", "</x>; rel=preload"),
            ("strict-transport-security", "max-age=0"),
            ("content-type", "text/html"),
            ("etag", "\"1\""),
        ]);
        from_guest(&mut headers);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "etag"]);
    }

    #[test]
    fn a_guest_redirects_within_the_platform_only() {
        let o: Origins = "http://localhost:8080".parse().unwrap();
        for good in [
            "/orders",
            "orders/1",
            "?page=2",
            "/a:b",
            "http://localhost:8080/cashier/1",
            "http://other.localhost:8080/",
        ] {
            assert!(location_is_ours(&o, &HeaderValue::from_static(good)), "{good}");
        }
        for bad in [
            "http://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/\t/evil.example",
            "https://localhost:8080/",
        ] {
            assert!(!location_is_ours(&o, &HeaderValue::from_static(bad)), "{bad}");
        }
    }

    #[test]
    fn forms_lead_to_the_platform_and_nowhere_else() {
        let fixed = Fixed::new(&"http://localhost:8080".parse().unwrap());
        let mut headers = HeaderMap::new();
        fixed.apply(&mut headers, Some(&Site::Portal), None);
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; form-action 'self' http://console.localhost:8080 http://*.localhost:8080; frame-ancestors 'none'; base-uri 'none'"
        );
        let app = Site::App("a".parse().unwrap());
        fixed.apply(&mut headers, Some(&app), Some(Scripts::Own));
        assert!(
            headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("script-src 'self'; connect-src 'self'; frame-src 'self'; style-src")
        );
        // Without scripts of its own a page runs the platform's, and what is no page runs none.
        fixed.apply(&mut headers, Some(&app), Some(Scripts::Platform));
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src http://*.localhost:8080/_city/page.js http://*.localhost:8080/_city/echarts.")
        );
        assert!(!policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        fixed.apply(&mut headers, Some(&app), None);
        assert!(!headers["content-security-policy"].to_str().unwrap().contains("script-src"));
        assert!(!headers["content-security-policy"].to_str().unwrap().contains("frame-src"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(!headers.contains_key("strict-transport-security"));
    }

    #[test]
    fn only_a_document_is_framed_and_only_by_pages_of_its_own_app() {
        let fixed = Fixed::new(&"http://localhost:8080".parse().unwrap());
        let app = Site::App("a".parse().unwrap());
        let mut headers = HeaderMap::new();
        for scripts in [None, Some(Scripts::Own), Some(Scripts::Platform)] {
            fixed.apply(&mut headers, Some(&app), scripts);
            assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
            assert_eq!(headers["x-frame-options"], "DENY");
        }
        fixed.let_own_pages_frame(&mut headers);
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'self'") && policy.starts_with("default-src 'none'; style-src"),
            "{policy}"
        );
        assert_eq!(headers["x-frame-options"], "SAMEORIGIN");
    }
}
