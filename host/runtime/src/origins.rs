//! The addresses of portal and installations, as apps are told them.

use yunlong_model::InstallationName;

/// Where the platform is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    scheme: String,
    authority: String,
}

impl Origins {
    /// `scheme` is `http` or `https`; `authority` the portal's host and, unless it is the
    /// scheme's own, port: `localhost:8080`.
    #[must_use]
    pub fn new(scheme: impl Into<String>, authority: impl Into<String>) -> Self {
        Self { scheme: scheme.into(), authority: authority.into() }
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The portal's origin, without a slash at the end.
    #[must_use]
    pub fn portal(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// An installation's origin, without a slash at the end.
    #[must_use]
    pub fn app(&self, name: &InstallationName) -> String {
        format!("{}://{name}.{}", self.scheme, self.authority)
    }

    /// The host and port of an installation.
    #[must_use]
    pub fn app_authority(&self, name: &InstallationName) -> String {
        format!("{name}.{}", self.authority)
    }

    /// The cashier's page of a payment.
    #[must_use]
    pub fn cashier(&self, intent: &str) -> String {
        format!("{}/cashier/{}", self.portal(), encode(intent))
    }

    /// Where a visitor signs in and comes back to `return_path` of an installation.
    #[must_use]
    pub fn sign_on(&self, name: &InstallationName, return_path: &str) -> String {
        format!("{}/sign-on?installation={name}&return={}", self.portal(), encode(own_path(return_path)))
    }

    /// Where a visitor shows the second factor and comes back to `return_path` of an installation.
    #[must_use]
    pub fn step_up(&self, name: &InstallationName, return_path: &str) -> String {
        format!("{}/step-up?installation={name}&return={}", self.portal(), encode(own_path(return_path)))
    }

    /// Where a person decides about scopes of an installation.
    #[must_use]
    pub fn consent(&self, name: &InstallationName, scopes: &[String], return_path: &str) -> String {
        let scopes: String = scopes.iter().map(|s| format!("&scope={}", encode(s))).collect();
        format!("{}/consent?installation={name}{scopes}&return={}", self.portal(), encode(own_path(return_path)))
    }
}

/// A path of the app itself; anything that a browser would read as another origin becomes `/`.
fn own_path(path: &str) -> &str {
    let own =
        path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && !path.chars().any(char::is_control);
    if own { path } else { "/" }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn encode(s: &str) -> String {
    use std::fmt::Write;
    s.bytes().fold(String::with_capacity(s.len()), |mut out, b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_path_never_leaves_the_app() {
        let o = Origins::new("http", "localhost:8080");
        let name = "tickets".parse().unwrap();
        assert_eq!(o.app(&name), "http://tickets.localhost:8080");
        assert_eq!(
            o.sign_on(&name, "/orders?x=1&y=景"),
            "http://localhost:8080/sign-on?installation=tickets&return=%2Forders%3Fx%3D1%26y%3D%E6%99%AF"
        );
        for evil in ["//evil.test", "https://evil.test", "/\\evil.test", "", "/\r\nx"] {
            assert!(o.sign_on(&name, evil).ends_with("&return=%2F"), "{evil}");
            assert!(o.step_up(&name, evil).ends_with("&return=%2F"), "{evil}");
        }
        assert_eq!(
            o.consent(&name, &["a".into(), "b&c".into()], "/x"),
            "http://localhost:8080/consent?installation=tickets&scope=a&scope=b%26c&return=%2Fx"
        );
    }
}
