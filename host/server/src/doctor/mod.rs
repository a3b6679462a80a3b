//! `yunlong doctor`: looks at everything that a city's server stands on, and says what to do.

mod data;
mod machine;
mod network;
mod vendor;

use crate::options::{Common, origins};
use crate::providers;
use crate::settings::Settings;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

/// `yunlong doctor`. Ends with 0 when nothing is wrong (there may be advice), otherwise with 1.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    common: Common,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
    /// Look at what a vendor's machine needs instead: toolchains, SDKs, keys, the session, the platform
    #[arg(long)]
    vendor: bool,
    /// With --vendor: the portal's address
    #[arg(long, env = "YUNLONG_SERVER", default_value = "http://localhost:8080", value_name = "URL")]
    server: String,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It works, and could be better or may stop to.
    Advice,
    /// The server does not start, or does not do what it should.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Check {
    what: &'static str,
    state: State,
    found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Check {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, state: State::Ok, found: found.into(), next: None }
    }

    fn advice(what: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what, state: State::Advice, found: found.into(), next: Some(next.into()) }
    }

    fn wrong(what: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what, state: State::Wrong, found: found.into(), next: Some(next.into()) }
    }
}

pub(crate) fn run(options: &Doctor) -> ExitCode {
    let checks = if options.vendor {
        vendor::checks(&options.server)
    } else {
        match options.common.settings(Vec::new()) {
            Ok(settings) => all(&settings),
            Err(error) => vec![Check::wrong(
                "configuration",
                format!("{error:#}"),
                "correct it; `yunlong config schema` lists every setting",
            )],
        }
    };
    let worst = checks.iter().map(|c| c.state).max().unwrap_or(State::Ok);
    if options.json {
        println!("{}", serde_json::json!({ "state": worst, "checks": checks }));
    } else {
        for check in &checks {
            let sign = match check.state {
                State::Ok => "ok    ",
                State::Advice => "advice",
                State::Wrong => "WRONG ",
            };
            println!("{sign}  {}: {}", check.what, check.found);
            if let Some(next) = &check.next {
                println!("        → {next}");
            }
        }
    }
    if worst == State::Wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn all(settings: &Settings) -> Vec<Check> {
    let mut out = vec![Check::ok("version", format!("yunlong {}", env!("CARGO_PKG_VERSION"))), configuration(settings)];
    out.extend(machine::checks(settings));
    out.extend(network::checks(settings));
    out.extend(data::checks(settings));
    out
}

fn configuration(settings: &Settings) -> Check {
    let checked = settings
        .gateway()
        .map_err(anyhow::Error::from)
        .and_then(|_| Ok(settings.admin_address()?))
        .and_then(|_| origins(settings.origin.as_deref(), "localhost", settings.listen.port))
        .and_then(|origins| providers::all(&settings.provider, &settings.beside).map(|_| origins));
    match checked {
        Err(error) => Check::wrong("configuration", format!("{error:#}"), "correct it"),
        Ok(origins) => match (origins.scheme(), &settings.proxy.client_header) {
            (yunlong_gateway::Scheme::Https, None) => Check::advice(
                "configuration",
                format!("{} is served behind a proxy, and proxy.client_header is not set", origins.portal()),
                "set it to the header in which the proxy writes the client's address: without it one attacker uses up everybody's failed sign-ins",
            ),
            _ => Check::ok("configuration", format!("the portal is {}", origins.portal())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(data: &std::path::Path, more: &[&str]) -> Settings {
        let mut options: Vec<String> = more.iter().map(|o| (*o).to_owned()).collect();
        // A pool that any machine can reserve.
        options.extend(["runtime.instances=8".into(), "runtime.large_instances=8".into()]);
        Common { data: Some(data.to_owned()), options, ..Common::default() }.settings(Vec::new()).unwrap()
    }

    fn find<'a>(checks: &'a [Check], what: &str) -> &'a Check {
        checks.iter().find(|c| c.what == what).unwrap_or_else(|| panic!("no {what}: {checks:?}"))
    }

    #[test]
    fn a_new_folder_on_this_machine_is_well() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let checks = all(&settings(dir.path(), &["listen.port=39181", "store.reserve_mib=1"]));
        for what in ["version", "configuration", "data folder", "time zone", "store"] {
            assert_ne!(find(&checks, what).state, State::Wrong, "{:?}", find(&checks, what));
        }
    }

    #[test]
    fn what_is_wrong_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("no.key");
        let missing = format!("keys.data=[{:?}]", missing.to_str().unwrap());
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("listen.port={}", taken.local_addr().unwrap().port());
        let checks = all(&settings(dir.path(), &[&missing, &port, "store.reserve_mib=1000000000"]));
        for what in ["data keys", "public port", "free space"] {
            let check = find(&checks, what);
            assert!(check.state == State::Wrong && check.next.is_some(), "{check:?}");
        }
    }

    #[test]
    fn a_damaged_store_is_found_without_being_opened() {
        use yunlong_store::sled_engine::SledStore;
        use yunlong_store::{Key, SharedStore, Txn};
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path(), &[]);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store: SharedStore =
            std::sync::Arc::new(SledStore::open(&dir.path().join("store"), settings.store()).unwrap());
        runtime.block_on(async {
            for n in 0..3 {
                let mut txn = Txn::new(store.clone());
                txn.put_as(Key::space("s").u64(n), &"x".repeat(100));
                txn.commit().await.unwrap();
            }
        });
        drop(store);
        assert_eq!(find(&data::checks(&settings), "store").state, State::Ok);
        let journal = std::fs::read_dir(dir.path().join("store")).unwrap().map(|e| e.unwrap().path());
        let journal = journal.into_iter().find(|p| p.to_str().unwrap().contains("journal-")).unwrap();
        let mut bytes = std::fs::read(&journal).unwrap();
        bytes[60] ^= 1;
        std::fs::write(&journal, bytes).unwrap();
        let checks = data::checks(&settings);
        let check = find(&checks, "store");
        assert!(check.state == State::Wrong && check.found.contains("journal-"), "{check:?}");
    }
}
