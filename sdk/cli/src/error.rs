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
    /// All that an installation keeps is in a file, and it was not removed.
    #[error("{file} holds all that {name} keeps, but {name} was not removed: {why}")]
    NotRemoved {
        /// The installation.
        name: String,
        /// The file.
        file: String,
        /// Why.
        why: Box<CliError>,
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

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> String {
        match self {
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
            Self::Refused { status, .. } => after_refusal(*status).into(),
            Self::RegistryUnreachable { .. } => {
                "check the registry's address; the demo's is http://localhost:5000, a city's operator tells its own"
                    .into()
            }
            Self::Registry { status, code, .. } => after_refusal_by_registry(*status, code).into(),
            Self::Io { source, .. } => after_io(source).into(),
            Self::Key(e) => after_key(e).into(),
            Self::Package(e) => after_package(e).into(),
            Self::NotRemoved { name, file, why } => after_export(name, file, why),
            Self::Declined => "repeat the command, and say yes to it or give --yes, when it is meant".into(),
        }
    }
}

fn after_io(e: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    match e.kind() {
        Kind::NotFound => "check the path",
        Kind::AlreadyExists => "choose another name: existing files are not overwritten",
        Kind::PermissionDenied => "choose a place that you may use, or change its permissions",
        Kind::StorageFull => "make room on the disk, or choose another place, then repeat the command",
        _ => "mend what the operating system says, then repeat the command",
    }
}

fn after_key(e: &KeyError) -> &'static str {
    match e {
        KeyError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            "check its name or path: `yunlong keys list` shows those in your keys folder, `yunlong keys generate` makes one"
        }
        KeyError::Io { source, .. } => after_io(source),
        KeyError::Malformed(_) => {
            "give a key that `yunlong keys generate` made, or write yours so with `openssl pkcs8 -topk8 -nocrypt`"
        }
        KeyError::Exposed(_) => {
            "run `chmod 600` on it; if somebody may have read it, make a new key and revoke this one"
        }
    }
}

/// What to do after a package was not built or read.
fn after_package(e: &PackageError) -> &'static str {
    match e {
        PackageError::Io { what, source }
            if source.kind() == std::io::ErrorKind::NotFound && what.ends_with("app.toml") =>
        {
            "run this in the app's folder, or give the folder: `yunlong package DIR`"
        }
        PackageError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            "check the path; `yunlong package` makes packages"
        }
        PackageError::Io { source, .. } => after_io(source),
        PackageError::DigestMismatch { .. } => {
            "do not use it: it was damaged or changed on its way. Get it again from its vendor or with `yunlong package pull`; if it is changed there too, tell the registry's operator"
        }
        PackageError::NotAPackage(_) => "give a file or folder that `yunlong package` or `yunlong package pull` made",
        PackageError::TooLarge { .. } => {
            "make it smaller: less in assets, the component built with `opt-level = \"s\"` and stripped; then run `yunlong package` again"
        }
        PackageError::Compressed { .. } => {
            "push it with `yunlong publish`, which does not compress, then pull it again"
        }
        PackageError::Manifest(_) => "correct app.toml, then repeat the command; the vendor's guide lists every table",
        PackageError::Component(_) => {
            "make the component with `yunlong build`, or with another toolchain for wasm32-wasip2"
        }
        PackageError::Path(_) | PackageError::NotAFile(_) => {
            "take it out of the assets, or put a plain file with a plain name there, then run `yunlong package` again"
        }
        PackageError::Duplicate(_)
        | PackageError::MediaType { .. }
        | PackageError::Layers(_)
        | PackageError::Missing(_)
        | PackageError::Stray(_)
        | PackageError::Malformed { .. } => {
            "make the package again with `yunlong package`, or get it again from its vendor or with `yunlong package pull`"
        }
    }
}

/// What to do when the file is whole and the installation is still there, or may be.
fn after_export(name: &str, file: &str, why: &CliError) -> String {
    let again = format!("`yunlong uninstall {name} --exported {file}`");
    match why {
        // It may have been removed, and only the answer was lost.
        CliError::Unreachable { .. } => {
            format!("see with `yunlong apps` whether it is still there once the platform answers; if so, {again}")
        }
        CliError::Refused { status: 409, .. } => format!(
            "do as it says; {again} tries it again with this file, `yunlong uninstall {name} --export OTHER` makes a new one"
        ),
        why => format!("{}; with this file: {again}", why.next()),
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
fn after_refusal(status: u16) -> &'static str {
    match status {
        401 => "the session has ended: sign in again with `yunlong login`",
        403 => "sign in as an account of the department that may do this: `yunlong login --account NAME`",
        400 => "check that this program and the platform are of one version: `yunlong --version`",
        404 => "check the name: `yunlong hub datasets` lists datasets, `yunlong apps` lists installations",
        409 => "it has changed meanwhile or is in another state: look at it again, then decide and repeat the command",
        413 => "send less at once: an import with a smaller --batch, a package without what it does not need",
        422 => "correct what is named, then repeat the command",
        429 => "wait a minute, then repeat the command: an import or export goes on where it was",
        503 | 504 => "wait a little, then repeat the command: an import or export goes on where it was",
        507 => "the platform has no room left: its operator has to make some, then repeat the command",
        500..=599 => "repeat the command later; if it fails again, give the request's number to the operator",
        _ => "check the address (--server), and that this program and the platform are of one version",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_a_registry_says_what_to_do_next() {
        let next = |status, code: &str| {
            let refused = CliError::Registry { registry: "r".into(), status, code: code.into(), text: "no".into() };
            refused.next()
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
    fn a_package_that_was_changed_is_not_to_be_used_and_is_got_again() {
        let digest = yunlong_model::Digest::of;
        let (expected, found) = (digest(b"a"), digest(b"b"));
        let changed = PackageError::DigestMismatch { what: "component".into(), expected, found };
        assert!(CliError::from(changed).next().contains("package pull"));
        let exposed = KeyError::Exposed("k.pem".into());
        assert!(CliError::from(exposed).next().contains("chmod 600"));
    }

    #[test]
    fn an_export_whose_removal_failed_is_tried_again_with_the_same_file() {
        let after = |why: CliError| {
            CliError::NotRemoved { name: "tickets".into(), file: "t.jsonl".into(), why: Box::new(why) }.next()
        };
        let refused = |status| CliError::Refused { status, text: "no".into(), request_id: None };
        let lost = CliError::Unreachable { server: "s".into(), problem: "p".into() };
        for (why, said) in [
            (lost, "yunlong apps"),
            (refused(409), "--export OTHER"),
            (CliError::StepUp, "yunlong login"),
            (refused(503), "wait a little"),
        ] {
            let next = after(why);
            assert!(next.contains(said) && next.contains("yunlong uninstall tickets --exported t.jsonl"), "{next}");
        }
    }

    #[test]
    fn a_broken_manifest_and_a_broken_component_say_what_to_do_next() {
        let manifest = yunlong_model::Manifest::parse("name = 1").unwrap_err();
        assert!(CliError::from(PackageError::from(manifest)).next().contains("app.toml"));
        let component = yunlong_registry::component::inspect(b"noise").unwrap_err();
        assert!(CliError::from(PackageError::from(component)).next().contains("yunlong build"));
    }

    #[test]
    fn every_refusal_says_what_to_do_next() {
        let next = |status| CliError::Refused { status, text: "no".into(), request_id: None }.next();
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
            (418, "--server"),
        ] {
            assert!(next(status).contains(said), "{status}: {}", next(status));
        }
    }
}
