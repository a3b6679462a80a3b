//! What goes wrong at the command line, and what to do then.

use yunlong_registry::{KeyError, PackageError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A package cannot be built or read.
    #[error("{}", .0.text().get(crate::terminal::lang()))]
    Package(#[from] PackageError),
    /// The component and `app.toml` do not fit together.
    #[error("the component does not fit app.toml:\n{}", .0.iter().map(|f| format!("  - {f}")).collect::<Vec<_>>().join("\n"))]
    Component(Vec<String>),
    /// `yunlong check` found what the registry would refuse.
    #[error("{}", crate::terminal::lang().pick(&format!("{0} 项检查未通过", .0), &format!("{0} of the checks failed", .0)))]
    ChecksFailed(usize),
    /// Something that was given is wrong.
    #[error("{problem}")]
    Usage {
        /// What is wrong.
        problem: String,
        /// What to do.
        next: String,
    },
    /// A toolchain that an app is built with is not here.
    #[error("{problem}")]
    Toolchain {
        /// What is missing.
        problem: String,
        /// The command that installs it.
        next: String,
    },
    /// No session.
    #[error("you are not signed in at {0}")]
    SignedOut(String),
    /// The server does not answer.
    #[error("{server} does not answer: {problem}")]
    Unreachable {
        /// Its address.
        server: String,
        /// Why.
        problem: String,
    },
    /// The server refused: a problem document (RFC 9457).
    #[error("the platform refused ({status}): {text}{}", .request_id.as_ref().map(|id| format!(" [request {id}]")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's detail or title.
        text: String,
        /// The request's id in the platform's logs.
        request_id: Option<String>,
    },
    /// A registry does not answer, or not as one.
    #[error("{registry} does not answer: {problem}")]
    RegistryUnreachable {
        /// Its address.
        registry: String,
        /// Why.
        problem: String,
    },
    /// A registry refused: an error document of distribution-spec.
    #[error("the registry {registry} refused ({status}): {text}")]
    Registry {
        /// Its address.
        registry: String,
        /// The HTTP status.
        status: u16,
        /// The first error's code.
        code: String,
        /// What it says.
        text: String,
    },
    /// The account has a second factor.
    #[error("the account has a second factor, and no code was given")]
    SecondFactor,
    /// The second factor was shown too long ago.
    #[error("this act is dangerous: the platform wants to see your second factor again")]
    StepUp,
    /// A file was loaded but for some rows.
    #[error("{refused} rows were refused: {errors} says which and why")]
    RowsRefused {
        /// How many.
        refused: u64,
        /// The file with the reasons.
        errors: String,
    },
    /// The person said no.
    #[error("nothing was done")]
    Declined,
}

impl CliError {
    pub(crate) fn usage(problem: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Usage { problem: problem.into(), next: next.into() }
    }

    pub(crate) fn io(path: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_string();
        move |source| Self::Io { path, source }
    }

    /// How the command ends: 3 when a file was loaded but for some rows, otherwise 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::RowsRefused { .. }) { 3 } else { 1 }
    }

    /// What to do next, when that is not in the text already.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        Some(match self {
            Self::Usage { next, .. } | Self::Toolchain { next, .. } => next.clone(),
            Self::SecondFactor => "type it, or set YUNLONG_CODE".into(),
            Self::StepUp => "sign in again with `yunlong login`, then repeat the command".into(),
            Self::SignedOut(server) => format!("sign in with `yunlong login --server {server}`"),
            Self::ChecksFailed(_) => {
                "correct what is marked FAIL above, build with `yunlong build` and look again".into()
            }
            Self::RowsRefused { .. } => "correct these rows and import them again; the others are loaded".into(),
            Self::Unreachable { .. } => {
                "check the address (--server or YUNLONG_SERVER) and that the platform runs".into()
            }
            Self::Component(_) => {
                "change app.toml or the code, build with `yunlong build`, and look again with `yunlong check`".into()
            }
            Self::Refused { status: 401, .. } => "the session has ended: sign in again with `yunlong login`".into(),
            Self::Refused { status: 403, .. } => {
                "sign in as an account of the department that may do this: `yunlong login --account NAME`".into()
            }
            Self::Refused { status, .. } => after_refusal(*status)?.into(),
            Self::RegistryUnreachable { .. } => {
                "check the registry's address; the demo's is http://localhost:5000, a city's operator tells its own"
                    .into()
            }
            Self::Registry { status, code, .. } => after_refusal_by_registry(*status, code).into(),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => "check the path".into(),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
                "choose another name: existing files are not overwritten".into()
            }
            Self::Package(PackageError::Io { what, source })
                if source.kind() == std::io::ErrorKind::NotFound && what.ends_with("app.toml") =>
            {
                "run this in the app's folder, or give the folder: `yunlong package DIR`".into()
            }
            Self::Package(PackageError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                "check the path; `yunlong package` makes packages".into()
            }
            Self::Package(PackageError::Manifest(_)) => {
                "correct app.toml, then repeat the command; the vendor's guide lists every table".into()
            }
            Self::Package(PackageError::Component(_)) => {
                "make the component with `yunlong build`, or with another toolchain for wasm32-wasip2".into()
            }
            _ => return None,
        })
    }
}

/// What to do after a registry refused: by the codes of distribution-spec, then by the status.
fn after_refusal_by_registry(status: u16, code: &str) -> &'static str {
    match (code, status) {
        ("UNAUTHORIZED", _) | (_, 401) => {
            "sign in: with `yunlong login`, or give the registry's account with --account (publish: --registry-account)"
        }
        (_, 409) => "a version does not change: raise it in app.toml, run `yunlong package` again and publish that",
        ("DENIED", _) | (_, 403) => {
            "use an account of the vendor whose repository it is: a repository begins with the vendor's name in app.toml"
        }
        ("NAME_INVALID", _) => "give another name with --repository: lower-case letters, digits, `-`, `.` and `/`",
        (_, 404) => "check the repository and the version; `wkg`, `oras` and `skopeo list-tags` list versions",
        (_, 413) => {
            "make the package smaller: less in assets, the component built with `opt-level = \"s\"` and stripped"
        }
        ("TOOMANYREQUESTS", _) | (_, 429) => "wait a minute, then repeat the command: what is there is not sent again",
        (_, 507) => "the registry has no room left for this vendor: ask its operator",
        (_, 500..=599) => "repeat the command later: what is there is not sent again",
        _ => "correct what is named, then repeat the command",
    }
}

/// What to do after an answer of this status, when its text names no field.
fn after_refusal(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "check that this program and the platform are of one version: `yunlong --version`",
        404 => "check the name: `yunlong hub datasets` lists datasets, `yunlong apps` lists installations",
        409 => "it has changed meanwhile or is in another state: look at it again, then decide and repeat the command",
        413 => "send less at once: an import with a smaller --batch, a package without what it does not need",
        422 => "correct what is named, then repeat the command",
        429 => "wait a minute, then repeat the command: an import or export goes on where it was",
        503 | 504 => "wait a little, then repeat the command: an import or export goes on where it was",
        507 => "the platform has no room left: its operator has to make some, then repeat the command",
        500..=599 => "repeat the command later; if it fails again, give the request's number to the operator",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_a_registry_says_what_to_do_next() {
        let next = |status, code: &str| {
            let refused = CliError::Registry { registry: "r".into(), status, code: code.into(), text: "no".into() };
            refused.next().unwrap_or_default()
        };
        for (status, code, said) in [
            (401, "UNAUTHORIZED", "yunlong login"),
            (403, "DENIED", "vendor's name"),
            (404, "NAME_UNKNOWN", "check the repository"),
            (409, "DENIED", "raise it"),
            (400, "NAME_INVALID", "--repository"),
            (413, "SIZE_INVALID", "smaller"),
            (429, "TOOMANYREQUESTS", "wait"),
            (503, "", "repeat"),
            (400, "", "correct"),
        ] {
            assert!(next(status, code).contains(said), "{status} {code}: {}", next(status, code));
        }
    }

    #[test]
    fn a_broken_manifest_and_a_broken_component_say_what_to_do_next() {
        let manifest = yunlong_model::Manifest::parse("name = 1").unwrap_err();
        assert!(CliError::from(PackageError::from(manifest)).next().unwrap().contains("app.toml"));
        let component = yunlong_registry::component::inspect(b"noise").unwrap_err();
        assert!(CliError::from(PackageError::from(component)).next().unwrap().contains("yunlong build"));
    }

    #[test]
    fn every_refusal_says_what_to_do_next() {
        let next =
            |status| CliError::Refused { status, text: "no".into(), request_id: None }.next().unwrap_or_default();
        for (status, said) in [
            (400, "--version"),
            (401, "yunlong login"),
            (403, "--account"),
            (404, "yunlong hub datasets"),
            (409, "look at it again"),
            (413, "--batch"),
            (422, "correct what is named"),
            (429, "wait a minute"),
            (500, "number"),
            (503, "goes on where it was"),
            (507, "room"),
        ] {
            assert!(next(status).contains(said), "{status}: {}", next(status));
        }
    }
}
