//! The difference to the last approved version.

use super::{Check, CheckResult, Outcome, Permission, mib, some};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_installations as installations;
use yunlong_model::{Digest, Manifest, Timestamp};
use yunlong_registry::{Listing, Package};

/// What is kept of a package's content, so that it can be shown and compared without reading the package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The package.
    pub digest: Digest,
    /// What it declares.
    pub manifest: Manifest,
    /// How the catalogue shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Listing>,
    /// What the binary imports.
    pub imports: BTreeSet<String>,
    /// The component's size in bytes.
    pub component_size: u64,
    /// The assets' size in bytes.
    pub assets_size: u64,
    /// When it was published.
    pub at: Timestamp,
}

impl Summary {
    /// Of a package.
    #[must_use]
    pub fn of(package: &Package, at: Timestamp) -> Self {
        Self {
            digest: package.digest,
            manifest: package.manifest.clone(),
            listing: package.listing.clone(),
            imports: package.inspection.imports.clone(),
            component_size: package.component.len() as u64,
            assets_size: package.assets.values().map(|a| a.bytes.len() as u64).sum(),
            at,
        }
    }
}

/// How a version differs from the last approved one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The version before.
    pub before: semver::Version,
    /// Its package.
    pub before_digest: Digest,
    /// Permissions that it asks for in addition, or more widely: a person must approve them.
    pub widened: Vec<Permission>,
    /// Permissions that it no longer asks for, or less widely.
    pub narrowed: Vec<Permission>,
    /// Interfaces that it imports in addition.
    pub imports_added: Vec<String>,
    /// Interfaces that it imports no longer.
    pub imports_removed: Vec<String>,
    /// Bytes of the component: before, now.
    pub size: (u64, u64),
    /// The shape of its data: before, now.
    pub schema: (u32, u32),
    /// Whether it reads the data that the version before wrote.
    pub reads_before: bool,
    /// Whether the version before reads the data that it writes: only then can it be tried beside it and
    /// rolled back without a person's word.
    pub read_by_before: bool,
}

impl Difference {
    /// Between the last approved version and a package.
    #[must_use]
    pub fn between(before: &Summary, package: &Package) -> Self {
        let (old, new) = (&before.manifest, &package.manifest);
        let permissions = |capabilities: Vec<installations::Capability>, manifest: &Manifest| {
            capabilities.iter().map(|c| Permission::of(c, manifest)).collect()
        };
        let missing = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
        Self {
            before: old.version.clone(),
            before_digest: before.digest,
            widened: permissions(installations::Difference::between(old, new).added, new),
            // What the old one would ask for in addition to the new one was given up.
            narrowed: permissions(installations::Difference::between(new, old).added, old),
            imports_added: missing(&package.inspection.imports, &before.imports),
            imports_removed: missing(&before.imports, &package.inspection.imports),
            size: (before.component_size, package.component.len() as u64),
            schema: (old.data.schema, new.data.schema),
            reads_before: new.data.understands(old.data.schema),
            read_by_before: old.data.understands(new.data.schema),
        }
    }

    /// Whether an installation may be upgraded without a person's word.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        !self.widened.is_empty()
    }
}

pub(super) fn check(difference: Option<&Difference>) -> CheckResult {
    let result = |outcome, zh: String, en: String, data| CheckResult::new(Check::Difference, outcome, (zh, en), data);
    let Some(d) = difference else {
        let (zh, en) =
            ("首次发布，没有可比较的已通过版本".into(), "the first version: there is none to compare with".into());
        return result(Outcome::Pass, zh, en, json!({ "before": null }));
    };
    let ids = |all: &[Permission]| some(all.iter().map(|p| p.id.as_str()), ", ");
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    let mut say = |z: String, e: String| {
        zh.push(z);
        en.push(e);
    };
    if !d.widened.is_empty() {
        say(format!("权限扩大：{}", ids(&d.widened)), format!("permissions widened: {}", ids(&d.widened)));
    }
    if !d.narrowed.is_empty() {
        say(format!("权限缩小：{}", ids(&d.narrowed)), format!("permissions narrowed: {}", ids(&d.narrowed)));
    }
    if !d.imports_added.is_empty() {
        let list = some(d.imports_added.iter().map(String::as_str), ", ");
        say(format!("新导入接口：{list}"), format!("interfaces imported anew: {list}"));
    }
    let migrates = d.schema.0 != d.schema.1;
    if migrates {
        let back = if d.read_by_before {
            ("旧版本可读新数据", "the version before reads it")
        } else {
            (
                "旧版本读不了新数据，回退需人工决定",
                "the version before cannot read it: rolling back needs a person's word",
            )
        };
        say(
            format!("数据结构由 {} 改为 {}，{}", d.schema.0, d.schema.1, back.0),
            format!("the shape of data goes from {} to {}: {}", d.schema.0, d.schema.1, back.1),
        );
    }
    let (before, now) = (mib(d.size.0), mib(d.size.1));
    say(format!("组件 {before} → {now}"), format!("component {before} → {now}"));
    let downgrade = d.schema.1 < d.schema.0 && !d.reads_before;
    let outcome = if downgrade {
        say(
            "新版本读不了上一版本写下的数据".into(),
            "the new version cannot read what the version before wrote".into(),
        );
        Outcome::Fail
    } else if d.widened.is_empty() && d.imports_added.is_empty() && (!migrates || d.read_by_before) {
        Outcome::Pass
    } else {
        Outcome::Warn
    };
    let data = json!({ "difference": d });
    result(
        outcome,
        format!("与 {} 相比：{}", d.before, zh.join("；")),
        format!("compared with {}: {}", d.before, en.join("; ")),
        data,
    )
}
