//! What goes wrong at the command line, and what to do then.

mod next;

use yunlong_model::Lang;
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

    /// As [`CliError::usage`], from the Chinese and the English of both.
    pub(crate) fn told<A: AsRef<str>, B: AsRef<str>>(problem: (A, A), next: (B, B)) -> Self {
        let lang = crate::terminal::lang();
        let pick = |zh: &str, en: &str| lang.pick(zh, en).to_owned();
        Self::usage(pick(problem.0.as_ref(), problem.1.as_ref()), pick(next.0.as_ref(), next.1.as_ref()))
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

    /// What is wrong, in a language. What a system, a registry or the platform says stays in its words.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        if lang == Lang::En {
            return self.to_string();
        }
        match self {
            Self::Io { path, source } => format!("{path}：{source}"),
            Self::Component(found) => {
                let found: Vec<String> = found.iter().map(|f| format!("\n  - {f}")).collect();
                format!("组件与 app.toml 不符：{}", found.concat())
            }
            Self::SignedOut(server) => format!("您没有在 {server} 登录"),
            Self::Unreachable { server, problem } => format!("{server} 没有应答：{problem}"),
            Self::Refused { status, text, request_id } => {
                let id = request_id.as_ref().map(|id| format!("［请求编号 {id}］")).unwrap_or_default();
                format!("平台拒绝了（{status}）：{text}{id}")
            }
            Self::RegistryUnreachable { registry, problem } => format!("仓库 {registry} 没有应答：{problem}"),
            Self::Registry { registry, status, text, .. } => format!("仓库 {registry} 拒绝了（{status}）：{text}"),
            Self::SecondFactor => "这个账号有第二重验证，而没有给出验证码".into(),
            Self::StepUp => "这一步有风险：平台要再核对一次第二重验证".into(),
            Self::RowsRefused { refused, errors } => format!("有 {refused} 行被拒绝：{errors} 写明是哪些行和原因"),
            Self::NotRemoved { name, file, why } => {
                format!("{file} 存有 {name} 的全部数据，但 {name} 没有移除：{}", why.text(lang))
            }
            Self::Declined => "什么也没有做".into(),
            Self::Key(KeyError::Io { path, source }) => format!("{path}：{source}"),
            Self::Key(KeyError::Malformed(key)) => format!("{key} 不是可用的密钥"),
            Self::Key(KeyError::Exposed(key)) => format!("{key}：别人也能读取这把私钥"),
            // These are in the terminal's language already.
            Self::Package(_) | Self::ChecksFailed(_) | Self::Usage { .. } | Self::Toolchain { .. } => self.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_chinese_terminal_both_lines_are_chinese() {
        let unreachable = || CliError::Unreachable { server: "http://localhost:1".into(), problem: "refused".into() };
        let not_removed = CliError::NotRemoved { name: "a".into(), file: "f".into(), why: Box::new(unreachable()) };
        for error in [
            CliError::Io { path: "x".into(), source: std::io::ErrorKind::NotFound.into() },
            CliError::Component(vec!["it imports nothing".into()]),
            CliError::SignedOut("http://localhost:1".into()),
            unreachable(),
            CliError::Refused { status: 403, text: "no".into(), request_id: Some("r-1".into()) },
            CliError::RegistryUnreachable { registry: "r".into(), problem: "p".into() },
            CliError::Registry { registry: "r".into(), status: 404, code: String::new(), text: "no".into() },
            CliError::SecondFactor,
            CliError::StepUp,
            CliError::RowsRefused { refused: 1, errors: "e".into() },
            not_removed,
            CliError::Declined,
        ] {
            let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            let (zh, en) = (error.next_in(Lang::Zh), error.next_in(Lang::En));
            assert!(chinese(&zh) && !chinese(&en) && !en.is_empty(), "{error}: {zh} | {en}");
            // An operating system's words are in its own language.
            let own = matches!(error, CliError::Io { .. });
            assert!(own || chinese(&error.text(Lang::Zh)), "{error}");
            assert_eq!(error.text(Lang::En), error.to_string());
        }
    }

    #[test]
    fn every_refusal_of_a_registry_says_what_to_do_next() {
        let next = |status, code: &str| {
            let refused = CliError::Registry { registry: "r".into(), status, code: code.into(), text: "no".into() };
            refused.next_in(Lang::En)
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
            CliError::NotRemoved { name: "tickets".into(), file: "t.jsonl".into(), why: Box::new(why) }
                .next_in(Lang::En)
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
        let next = |status| CliError::Refused { status, text: "no".into(), request_id: None }.next_in(Lang::En);
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
