//! Whether what a component imports and exports fits what `app.toml` declares.
//!
//! The one table of the interfaces that the platform gives, and of what each asks a manifest for. A standard
//! `wasi:*` interface always links, since guests in Python and JavaScript import all of them; it denies at
//! the call.

use crate::component::split_version;
use std::collections::BTreeSet;
use std::fmt;
use yunlong_model::manifest::Access;
use yunlong_model::{Manifest, Text};

/// The interface that serves requests.
pub const HANDLER: &str = "wasi:http/incoming-handler";
/// The interface that serves requests in WASI 0.3, for apps that name the feature.
pub const HANDLER_03: &str = "wasi:http/handler";
/// The interface that consumes events.
pub const CONSUMER: &str = "city:app/consumer";
/// The interface that runs jobs.
pub const JOBS: &str = "city:app/jobs";

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misfit {
    /// It imports something that `app.toml` does not ask for.
    Undeclared {
        /// The import with its version.
        interface: String,
        /// What of `app.toml` would ask for it.
        wanted: &'static str,
    },
    /// It imports something that the platform does not have.
    Unknown {
        /// The import.
        interface: String,
    },
    /// It imports another version than the platform gives.
    Version {
        /// The import with its version.
        interface: String,
        /// The version that the platform gives.
        given: &'static str,
    },
    /// It does not export what `app.toml` promises.
    NotExported {
        /// The interface.
        interface: &'static str,
        /// What of `app.toml` promises it.
        promised: &'static str,
    },
    /// It exports nothing that the platform calls.
    Nothing,
}

impl Misfit {
    /// The interface that it is about.
    #[must_use]
    pub fn interface(&self) -> &str {
        match self {
            Self::Undeclared { interface, .. } | Self::Unknown { interface } | Self::Version { interface, .. } => {
                interface
            }
            Self::NotExported { interface, .. } => interface,
            Self::Nothing => HANDLER,
        }
    }

    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Undeclared { interface, wanted } => (
                format!("组件导入了 {interface}，但 app.toml 没有声明 {wanted}"),
                format!("it imports {interface}, but app.toml declares no {wanted}"),
            ),
            Self::Unknown { interface } => (
                format!("组件导入了 {interface}，平台没有这个接口"),
                format!("it imports {interface}, which the platform does not have"),
            ),
            Self::Version { interface, given } => (
                format!("组件导入了 {interface}，平台提供的是版本 {given}"),
                format!("it imports {interface}: the platform gives version {given}"),
            ),
            Self::NotExported { interface, promised } => (
                format!("app.toml 声明了 {promised}，但组件没有导出 {interface}"),
                format!("app.toml lists {promised}, but {interface} is not exported"),
            ),
            Self::Nothing => (
                format!("组件没有导出平台会调用的任何接口：提供网页请导出 {HANDLER}"),
                format!("it exports nothing that the platform calls: export {HANDLER} to serve pages"),
            ),
        };
        Text { zh, en }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

/// Compares what can be called and what is exported with what `app.toml` declares. `callable` are the imports
/// that can be called, see [`crate::component::callable_imports`]: types alone need no permission.
#[must_use]
pub fn check(callable: &BTreeSet<String>, exports: &BTreeSet<String>, manifest: &Manifest) -> Vec<Misfit> {
    let mut out: Vec<Misfit> = callable.iter().filter_map(|name| check_import(name, manifest)).collect();
    let has = |interface: &str| exports.iter().any(|e| split_version(e).0 == interface);
    if exports.iter().any(|e| split_version(e).0 == HANDLER_03) && !manifest.features.wasi_http_03 {
        out.push(Misfit::Undeclared { interface: HANDLER_03.into(), wanted: FEATURE_03 });
    }
    if !has(HANDLER) && !has(HANDLER_03) && !has(CONSUMER) && !has(JOBS) {
        out.push(Misfit::Nothing);
    }
    let follows = manifest.datasets.iter().any(|d| d.access.contains(&Access::Changes));
    for (declared, promised, interface) in [
        (!manifest.consumes.is_empty(), "[[consumes]]", CONSUMER),
        (manifest.payments.is_some(), "[payments]", CONSUMER),
        (follows, "[[datasets]] with access to changes", CONSUMER),
        (!manifest.jobs.is_empty(), "[[jobs]]", JOBS),
    ] {
        if declared && !has(interface) {
            out.push(Misfit::NotExported { interface, promised });
        }
    }
    out
}

/// What an app of WASI 0.3 declares.
const FEATURE_03: &str = "[features] `wasi-http-03 = true`";

/// The drafts of standard interfaces that are served, each by its exact version.
const DRAFTS: [(&str, &str); 3] = [
    ("wasi:keyvalue", "0.2.0-draft, 0.2.0-draft2"),
    ("wasi:config", "0.2.0-draft, 0.2.0-draft-2024-09-27, 0.2.0-rc.1"),
    ("wasi:logging", "0.1.0-draft"),
];

/// What is wrong with one import, if anything is.
#[must_use]
pub fn check_import(name: &str, m: &Manifest) -> Option<Misfit> {
    const BASE: [&str; 5] = ["population", "legal-entities", "credit", "geospatial", "economy"];
    let (interface, version) = split_version(name);
    let version = version.unwrap_or("");
    let interface_name = || name.to_owned();
    let unknown = || Some(Misfit::Unknown { interface: interface_name() });
    let Some((package, short)) = interface.split_once('/') else { return unknown() };
    // What a transaction can carry needs collections' `transaction`, even without collections.
    let transactions = !m.collections.is_empty()
        || !m.counters.is_empty()
        || !m.files.is_empty()
        || !m.publishes.is_empty()
        || m.payments.is_some()
        || !m.consumes.is_empty()
        || !m.jobs.is_empty();
    let declared = match interface {
        "city:identity/principal" | "city:identity/representation" | "city:app/context" => None,
        // A consent is asked for where an attribute, or a dataset, rests on it.
        "city:identity/attributes" => {
            Some((!m.scopes.is_empty() || !m.datasets.is_empty(), "[[scopes]] or [[datasets]]"))
        }
        "city:data/collections" => Some((transactions, "[[collections]] or counters")),
        "city:data/shared" => Some((!m.datasets.is_empty(), "[[datasets]]")),
        // Notes to people need no topic, but a place to be declared: an app with an inbox sends them about
        // data of its own.
        "city:messaging/publisher" => Some((transactions, "[[publishes]]")),
        "city:payments/intents" => Some((m.payments.is_some(), "[payments]")),
        "city:files/files" => Some((!m.files.is_empty(), "[[files]]")),
        _ if package == "city:base" && BASE.contains(&short) => Some((
            m.datasets.iter().any(|d| d.dataset.split_once('.').is_some_and(|(base, _)| base == short)),
            "[[datasets]] of this base database",
        )),
        _ => {
            if let Some((_, given)) = DRAFTS.iter().find(|(p, _)| *p == package) {
                let served = given.split(", ").any(|draft| draft == version);
                return (!served).then(|| Misfit::Version { interface: interface_name(), given });
            }
            return match package {
                "wasi:io" | "wasi:clocks" | "wasi:random" | "wasi:cli" | "wasi:filesystem" | "wasi:sockets"
                | "wasi:http"
                    if version.starts_with("0.3.") =>
                {
                    (!m.features.wasi_http_03)
                        .then(|| Misfit::Undeclared { interface: interface_name(), wanted: FEATURE_03 })
                }
                "wasi:io" | "wasi:clocks" | "wasi:random" | "wasi:cli" | "wasi:filesystem" | "wasi:sockets"
                | "wasi:http" => (!version.starts_with("0.2."))
                    .then(|| Misfit::Version { interface: interface_name(), given: "0.2" }),
                _ => unknown(),
            };
        }
    };
    match declared {
        Some((false, wanted)) => Some(Misfit::Undeclared { interface: interface_name(), wanted }),
        _ if !version.starts_with("1.") => Some(Misfit::Version { interface: interface_name(), given: "1" }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"
        name = "hello"
        version = "1.0.0"
        vendor = "v"
        title = { zh = "你好", en = "Hello" }
        description = { zh = "问好", en = "Greets" }
    "#;

    fn manifest(extra: &str) -> Manifest {
        Manifest::parse(&format!("{PLAIN}\n{extra}")).unwrap()
    }

    #[test]
    fn each_interface_of_the_city_asks_for_its_declaration() {
        let payments = "[payments]\nreason = { zh = \"售票\", en = \"Tickets\" }";
        let collections = "[[collections]]\nname = \"c\"";
        let files = "[[files]]\nname = \"f\"\ntitle = { zh = \"件\", en = \"Files\" }\naccept = [\"image/*\"]";
        for (import, bare, declared) in [
            ("city:identity/principal@1.0.0", true, ""),
            ("city:app/context@1.0.0", true, ""),
            ("city:data/collections@1.1.0", false, collections),
            ("city:messaging/publisher@1.0.0", false, collections),
            ("city:payments/intents@1.0.0", false, payments),
            ("city:files/files@1.0.0", false, files),
        ] {
            assert_eq!(check_import(import, &manifest("")).is_none(), bare, "{import}");
            assert_eq!(check_import(import, &manifest(declared)), None, "{import}");
        }
        let found = check_import("city:data/shared@1.1.0", &manifest(collections)).unwrap();
        assert_eq!(found, Misfit::Undeclared { interface: "city:data/shared@1.1.0".into(), wanted: "[[datasets]]" });
    }

    #[test]
    fn what_the_platform_does_not_have_is_named() {
        let m = manifest("");
        for name in ["city:data/nonsense@1.0.0", "evil:net/raw@1.0.0", "wasi:nn/tensor@0.2.0", "run"] {
            assert_eq!(check_import(name, &m), Some(Misfit::Unknown { interface: name.into() }));
        }
        for name in ["wasi:http/types@0.4.0", "wasi:io/poll", "city:app/context@2.0.0"] {
            assert!(matches!(check_import(name, &m), Some(Misfit::Version { .. })), "{name}");
        }
        // WASI 0.3 wants its feature.
        let wanted = check_import("wasi:http/types@0.3.0", &m);
        assert!(matches!(wanted, Some(Misfit::Undeclared { wanted, .. }) if wanted.contains("wasi-http-03")));
        assert_eq!(check_import("wasi:http/types@0.3.0", &manifest("[features]\nwasi-http-03 = true")), None);
        for name in ["wasi:keyvalue/store@0.2.0", "wasi:config/store@0.2.0-rc.2", "wasi:logging/logging"] {
            assert!(matches!(check_import(name, &m), Some(Misfit::Version { .. })), "{name}");
        }
        for name in [
            "wasi:sockets/tcp@0.2.10",
            "wasi:keyvalue/store@0.2.0-draft",
            "wasi:keyvalue/atomics@0.2.0-draft2",
            "wasi:config/store@0.2.0-draft-2024-09-27",
            "wasi:config/store@0.2.0-rc.1",
            "wasi:logging/logging@0.1.0-draft",
        ] {
            assert_eq!(check_import(name, &m), None, "{name}: it links, and denies at the call");
        }
    }

    #[test]
    fn what_a_manifest_promises_must_be_exported() {
        let exports = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
        let none = BTreeSet::new();
        assert_eq!(check(&none, &none, &manifest("")), [Misfit::Nothing]);
        let handler = exports(&["wasi:http/incoming-handler@0.2.10"]);
        assert_eq!(check(&none, &handler, &manifest("")), []);
        let jobs = manifest("[[jobs]]\nname = \"j\"\ncron = \"0 3 * * *\"");
        assert_eq!(check(&none, &handler, &jobs), [Misfit::NotExported { interface: JOBS, promised: "[[jobs]]" }]);
        assert_eq!(check(&none, &exports(&["city:app/jobs@1.0.0"]), &jobs), []);
    }
}
