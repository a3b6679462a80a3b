//! The automatic checks. What a reviewer reads is made of the binary and of what is known, not of claims; where
//! something is the vendor's word (the SBOM, the provenance), it is held against the binary and said to be so.

pub mod binary;
pub mod difference;
pub mod probe;
pub mod provenance;
pub mod sbom;
mod size;
mod vulnerable;

pub use binary::ComponentFacts;
pub use difference::{Difference, Summary};
pub use probe::{Measured, Probe, ProbeError, ProbeKind};
pub use sbom::{Sbom, SbomComponent, SbomError};

use crate::advisories::{Advisory, Ecosystem, ImportInfo};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::submission::Submission;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use yunlong_installations::Capability;
use yunlong_model::{AppName, Digest, Manifest, Text, Timestamp};
use yunlong_registry::{Package, imports};

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Whether the package could be read at all: there is no other result when it could not.
    Package,
    /// Imports and exports against the manifest.
    Imports,
    /// Permissions, imports, size and shape of data against the last approved version.
    Difference,
    /// Sizes against the city's rules and the manifest's own limits.
    Size,
    /// What it is made of.
    Sbom,
    /// What it is made of, against the imported advisories.
    Vulnerabilities,
    /// How it was built.
    Provenance,
    /// How it behaves when it loops.
    ProbeLoop,
    /// How it behaves when it takes memory.
    ProbeMemory,
    /// How it behaves when it answers too much.
    ProbeOversizeAnswer,
    /// Whether consent to sensitive personal data is asked for separately.
    SeparateConsent,
    /// Whether its own scenarios pass, and its invariants hold when host calls fail.
    Scenarios,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing to remark.
    Pass,
    /// A person has to look.
    Warn,
    /// It cannot be approved as it is.
    Fail,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check.
    pub check: Check,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, for people.
    pub text: Text,
    /// What was found, for programs.
    pub data: Value,
}

impl CheckResult {
    pub(crate) fn new(check: Check, outcome: Outcome, (zh, en): (String, String), data: Value) -> Self {
        Self { check, outcome, text: Text { zh, en }, data }
    }
}

/// A permission that the app would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Its id, such as `publish:order.paid`.
    pub id: String,
    /// What it means.
    pub text: Text,
}

impl Permission {
    pub(crate) fn of(capability: &Capability, manifest: &Manifest) -> Self {
        Self { id: capability.to_string(), text: capability.title(manifest) }
    }

    /// Everything that a manifest asks for.
    #[must_use]
    pub fn all(manifest: &Manifest) -> Vec<Self> {
        Capability::of_manifest(manifest).iter().map(|c| Self::of(c, manifest)).collect()
    }
}

/// What the reviewer sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// The package.
    pub digest: Digest,
    /// The app.
    pub app: AppName,
    /// The version.
    pub version: semver::Version,
    /// When the checks ended.
    pub at: Timestamp,
    /// What the binary is.
    pub component: ComponentFacts,
    /// What it may do once a department approved it.
    pub permissions: Vec<Permission>,
    /// The difference to the last approved version; `None` for the first one.
    pub difference: Option<Difference>,
    /// The imports of advisories that there were, one an ecosystem.
    pub advisories: Vec<ImportInfo>,
    /// The checks.
    pub checks: Vec<CheckResult>,
}

impl Findings {
    /// What there is to say of a package that cannot be read.
    pub(crate) fn unreadable(submission: &Submission, why: &Refusal, now: Timestamp) -> Self {
        let Text { zh, en } = why.text();
        let result = CheckResult::new(Check::Package, Outcome::Fail, (zh, en), json!({ "code": why.code() }));
        Self {
            digest: submission.digest,
            app: submission.app.clone(),
            version: submission.version.clone(),
            at: now,
            component: ComponentFacts::default(),
            permissions: Vec::new(),
            difference: None,
            advisories: Vec::new(),
            checks: vec![result],
        }
    }

    /// Whether no check failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|c| c.outcome != Outcome::Fail)
    }

    /// How many checks remarked something.
    #[must_use]
    pub fn warnings(&self) -> u32 {
        let warnings = self.checks.iter().filter(|c| c.outcome == Outcome::Warn).count();
        u32::try_from(warnings).unwrap_or(u32::MAX)
    }

    /// The result of a check.
    #[must_use]
    pub fn check(&self, check: Check) -> Option<&CheckResult> {
        self.checks.iter().find(|c| c.check == check)
    }
}

/// The advisories about the packages of a component, as they were looked up before.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// The imports in force.
    pub imports: Vec<ImportInfo>,
    /// What they say.
    pub found: BTreeMap<(Ecosystem, String), Vec<Advisory>>,
}

/// What a package is made of, as far as is known: what the vendor lists and what the binary shows. Asked
/// before the checks, so that the advisories about these can be looked up.
#[must_use]
pub fn made_of(component: &ComponentFacts, package: &Package) -> Vec<SbomComponent> {
    let mut all = component.embedded.clone();
    if let Some(Ok(sbom)) = package.sbom.as_deref().map(Sbom::read) {
        all.extend(sbom.components);
    }
    all.sort();
    all.dedup();
    all
}

/// Runs all checks. `component` is [`binary::facts`] of the package's: reading a large binary is nothing for a
/// thread that serves.
pub async fn run(
    package: &Package,
    component: ComponentFacts,
    before: Option<&Summary>,
    lookup: &Lookup,
    probes: &[Arc<dyn Probe>],
    policy: &Policy,
    now: impl Fn() -> Timestamp,
) -> Findings {
    let difference = before.map(|before| Difference::between(before, package));
    let (listed, sbom) = sbom::check(package, &component, policy);
    let mut checks = vec![
        imports_check(package, &component),
        difference::check(difference.as_ref()),
        size::check(package, &component, policy),
        sbom,
        vulnerable::check(&listed, &component.embedded, lookup, policy, now()),
        provenance::check(package, policy),
    ];
    checks.extend(probe::run(package, probes, policy).await);
    Findings {
        digest: package.digest,
        app: package.manifest.name.clone(),
        version: package.manifest.version.clone(),
        at: now(),
        permissions: Permission::all(&package.manifest),
        advisories: lookup.imports.clone(),
        component,
        difference,
        checks,
    }
}

fn imports_check(package: &Package, component: &ComponentFacts) -> CheckResult {
    if let Some(why) = &component.fault {
        let text = (format!("组件无效：{}", why.zh), format!("the component is not valid: {}", why.en));
        return CheckResult::new(Check::Imports, Outcome::Fail, text, json!({ "error": why }));
    }
    let callable: BTreeSet<String> = component.imports.iter().filter(|i| i.callable).map(|i| i.name.clone()).collect();
    let misfits = imports::check(&callable, &package.inspection.exports, &package.manifest);
    let data = json!({
        "callable": callable,
        "exports": component.exports,
        "misfits": misfits.iter().map(|m| json!({ "interface": m.interface(), "text": m.text() })).collect::<Vec<_>>(),
    });
    if misfits.is_empty() {
        let n = callable.len();
        let text = (
            format!("从组件读出的 {n} 个可调用接口都与 app.toml 相符"),
            format!("the {n} interfaces that the binary can call all fit app.toml"),
        );
        return CheckResult::new(Check::Imports, Outcome::Pass, text, data);
    }
    let join = |zh: bool, with: &str| {
        let texts = misfits.iter().map(|m| if zh { m.text().zh } else { m.text().en });
        texts.collect::<Vec<_>>().join(with)
    };
    CheckResult::new(Check::Imports, Outcome::Fail, (join(true, "；"), join(false, "; ")), data)
}

/// A size for people.
pub(crate) fn mib(bytes: u64) -> String {
    // Tenths in whole numbers: the check's own figures are exact, and stand in its data.
    let tenths = bytes.saturating_mul(10) / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// Joins the first few of many for a text; the data has them all.
pub(crate) fn some<'a>(items: impl IntoIterator<Item = &'a str>, with: &str) -> String {
    const SHOWN: usize = 12;
    let items: Vec<&str> = items.into_iter().collect();
    let mut out = items.iter().take(SHOWN).copied().collect::<Vec<_>>().join(with);
    if items.len() > SHOWN {
        out.push_str(&format!("{with}… (+{})", items.len() - SHOWN));
    }
    out
}
