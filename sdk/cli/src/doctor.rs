//! What a vendor's machine needs, for `yunlong doctor --vendor`: toolchains, SDKs, keys, a session, a platform.

use crate::client::Client;
use crate::config::Sessions;
use crate::project::Language;
use crate::terminal::lang;
use crate::tools::{self, Tool, WASM_TARGET};
use crate::{CliError, carried, contract, keys};
use std::path::Path;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It is well.
    Ok,
    /// Something cannot be done so far, which not everybody needs.
    Advice,
    /// What is to be done in this folder cannot be done.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symptom {
    /// What it is.
    pub what: &'static str,
    /// How it stands.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do.
    pub next: Option<String>,
}

impl Symptom {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, health: Health::Ok, found: found.into(), next: None }
    }

    fn not_ok(what: &'static str, health: Health, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what, health, found: found.into(), next: Some(next.into()) }
    }

    fn of_error(what: &'static str, health: Health, error: &CliError) -> Self {
        Self { what, health, found: error.text(lang()), next: Some(error.next()) }
    }
}

/// Looks at everything that a vendor works with; `server` is the platform's address. What the app in `dir` needs is
/// wrong when it is missing, anything else is advice.
#[must_use]
pub fn vendor(server: &str, dir: &Path) -> Vec<Symptom> {
    let here = Language::of(dir).ok();
    let mut out = vec![sdk()];
    for language in Language::ALL {
        let missing = if here == Some(language) { Health::Wrong } else { Health::Advice };
        out.push(match language {
            Language::Rust => rust(dir, missing),
            Language::Typescript => typescript(dir, missing),
            Language::Python => python(dir, missing),
        });
    }
    out.push(cache());
    out.push(key());
    out.extend(platform(server));
    out
}

fn sdk() -> Symptom {
    let contract: Vec<String> = contract::versions().iter().map(|(p, v)| format!("{p}@{v}")).collect();
    let carried = carried::templates().unwrap_or_default().into_iter().collect::<Vec<_>>().join(", ");
    Symptom::ok("sdk", format!("{} ({carried}); {}", carried::VERSION, contract.join(", ")))
}

fn rust(dir: &Path, missing: Health) -> Symptom {
    match tools::need(Tool::Cargo, dir).and_then(|()| tools::need_wasm_target(dir)) {
        Ok(()) => {
            Symptom::ok("rust", format!("{}, {WASM_TARGET}", tools::version(Tool::Cargo, dir).unwrap_or_default()))
        }
        Err(e) => Symptom::of_error("rust", missing, &e),
    }
}

fn typescript(dir: &Path, missing: Health) -> Symptom {
    match tools::need(Tool::Node, dir).and_then(|()| tools::need(Tool::Npm, dir)) {
        Ok(()) => {
            let [node, npm] = [Tool::Node, Tool::Npm].map(|t| tools::version(t, dir).unwrap_or_default());
            Symptom::ok("typescript", format!("node {node}, npm {npm}"))
        }
        Err(e) => Symptom::of_error("typescript", missing, &e),
    }
}

fn python(dir: &Path, missing: Health) -> Symptom {
    match tools::need(Tool::Python, dir) {
        Ok(()) => Symptom::ok("python", tools::version(Tool::Python, dir).unwrap_or_default()),
        Err(e) => Symptom::of_error("python", missing, &e),
    }
}

/// Whether the SDKs can be unpacked; it does so.
fn cache() -> Symptom {
    match carried::unpack() {
        Ok(place) => Symptom::ok("cache", place.display().to_string()),
        Err(e) => Symptom::of_error("cache", Health::Wrong, &e),
    }
}

fn key() -> Symptom {
    match keys::own() {
        Ok(keys) if keys.is_empty() => Symptom::not_ok(
            "key",
            Health::Advice,
            lang().pick("没有签名密钥", "there is no signing key"),
            lang().pick(
                "yunlong keys generate 名称，然后把公钥交给城市登记",
                "yunlong keys generate NAME, then give the public key to the city to enroll",
            ),
        ),
        Ok(keys) => {
            let shown: Vec<String> = keys.iter().map(|(name, key)| format!("{name} {}", key.id())).collect();
            Symptom::ok("key", shown.join(", "))
        }
        Err(e) => Symptom::of_error("key", Health::Wrong, &e),
    }
}

fn platform(server: &str) -> Vec<Symptom> {
    let reached = Client::anonymous(server).and_then(|client| client.of_portal("/api/v1/catalogue").map(|_| client));
    let client = match reached {
        Ok(client) => client,
        // Building and testing needs none.
        Err(e) => return vec![Symptom::of_error("platform", Health::Advice, &e)],
    };
    let mut out = vec![Symptom::ok("platform", client.name())];
    let kept = Sessions::load().map(|sessions| sessions.get(&client.name()).cloned());
    out.push(match kept {
        Err(e) => Symptom::of_error("session", Health::Wrong, &e),
        Ok(None) => Symptom::of_error("session", Health::Advice, &CliError::SignedOut(client.name())),
        Ok(Some(kept)) => match client.with_token(&kept.token).session() {
            Ok((account, _)) => Symptom::ok("session", account),
            Err(e) => Symptom::of_error("session", Health::Advice, &e),
        },
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_what_to_do_and_a_platform_that_is_down_stops_nobody() {
        // Nobody listens there.
        let port = yunlong_test_ports::free_port().unwrap();
        let found = platform(&format!("http://localhost:{port}"));
        assert_eq!(found.len(), 1);
        assert!(found[0].health == Health::Advice && found[0].next.is_some(), "{found:?}");
        let wrong = platform("nowhere");
        assert!(wrong[0].next.as_ref().unwrap().contains("--server"), "{wrong:?}");
    }

    #[test]
    fn what_this_folder_needs_is_wrong_when_it_is_missing() {
        let error = CliError::Toolchain { problem: "node is not installed".into(), next: "install it".into() };
        let symptom = Symptom::of_error("typescript", Health::Wrong, &error);
        assert_eq!((symptom.health, symptom.next.as_deref()), (Health::Wrong, Some("install it")));
        assert!(sdk().found.contains("city:data@"));
    }
}
