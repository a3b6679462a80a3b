//! The probes with real components: what is honest passes, and what is not is named.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod apps;
// The same small guests from text that the runtime's own tests have.
#[path = "../../../runtime/tests/it/guest.rs"]
#[allow(dead_code, reason = "older contracts are the runtime's affair")]
mod guest;
mod outcomes;
mod runs;
mod scenarios;

use std::collections::BTreeMap;
use std::path::Path;
use yunlong_probes::{Probes, ProbesConfig};
use yunlong_publications::checks::{Measured, Outcome, ProbeKind};
use yunlong_registry::Package;
use yunlong_runtime::RuntimeConfig;

/// The runtime of a city that keeps its compiled code here.
pub(crate) fn city(dir: &Path) -> RuntimeConfig {
    let mut city = RuntimeConfig::new(dir.join("cache"), [7; 32]);
    city.compiler.command = Some((env!("CARGO_BIN_EXE_yunlong-probes-compile").into(), Vec::new()));
    city
}

pub(crate) fn manifest(more: &str) -> String {
    format!(
        "name = \"lesson\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\n{more}"
    )
}

pub(crate) fn package(more: &str, component: &[u8]) -> Package {
    Package::build(&manifest(more), component, &BTreeMap::new()).unwrap()
}

/// What the three say.
pub(crate) struct Said {
    pub(crate) looping: Measured,
    pub(crate) memory: Measured,
    pub(crate) answer: Measured,
}

impl Said {
    pub(crate) fn outcomes(&self) -> [Outcome; 3] {
        [self.looping.outcome, self.memory.outcome, self.answer.outcome]
    }
}

pub(crate) async fn said(config: ProbesConfig, package: &Package) -> Said {
    let mut all = Vec::new();
    for probe in Probes::new(config).all().into_iter().filter(|p| p.kind() != ProbeKind::Scenarios) {
        all.push((probe.kind(), probe.run(package).await.unwrap()));
    }
    let kinds: Vec<ProbeKind> = all.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [ProbeKind::Loop, ProbeKind::Memory, ProbeKind::OversizeAnswer]);
    let [looping, memory, answer] = <[_; 3]>::try_from(all).unwrap().map(|(_, measured)| measured);
    Said { looping, memory, answer }
}

/// Probes it with the defaults.
pub(crate) async fn probed(more: &str, component: &[u8]) -> Said {
    let dir = tempfile::tempdir().unwrap();
    said(ProbesConfig::new(city(dir.path())), &package(more, component)).await
}

/// Both languages say each of these.
#[track_caller]
pub(crate) fn says(measured: &Measured, words: &[&str]) {
    for text in [&measured.text.zh, &measured.text.en] {
        for word in words {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
    }
}
