//! `[[datasets]]` of `app.toml`: what an app uses of the city's information hub.

use crate::manifest::{ManifestError, names};
use crate::manifest_error::{field, no_blank, out_of_range, too_many};
use crate::{Manifest, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The longest that data may be asked for, in days: three years.
pub const MAX_DAYS: u32 = 1_096;
/// The most uses of an app, and the most fields of a use.
const MAX_USES: usize = 50;
const MAX_FIELDS: usize = 100;

/// A use of a dataset of the city's information hub. Each one is approved twice: by the department that
/// installs the app, as a permission, and by the dataset's provider, as a grant that says which of this
/// it gives. What no grant covers is refused at the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetUse {
    /// The dataset's code in the catalogue, such as `population.person`.
    pub dataset: String,
    /// The purpose's name, such as `concession-check`: the app opens the dataset with it.
    pub purpose: String,
    /// What the data is for, as the provider reads it who decides, and the person whom it is about.
    pub reason: Text,
    /// On what the processing rests (PIPL, article 13).
    pub basis: LegalBasis,
    /// The provision that the basis is found in, as it is cited; required unless the basis is consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
    /// The items that it reads or writes.
    pub fields: Vec<String>,
    /// Which records.
    #[serde(default)]
    pub rows: Rows,
    /// What it does with them.
    #[serde(default = "reads")]
    pub access: Vec<Access>,
    /// Roles of the app, one of which an official must hold. Without any no official reads records about
    /// other persons, unless the provider names roles; what is about nobody is for every official.
    #[serde(default)]
    pub roles: Vec<String>,
    /// How long it is needed, in days: 1 to 1,096, 365 by default.
    #[serde(default = "a_year")]
    pub days: u32,
}

fn reads() -> Vec<Access> {
    vec![Access::Get]
}

fn a_year() -> u32 {
    365
}

/// On what the processing of data rests: the cases of article 13 of the Personal Information Protection
/// Law that a city meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LegalBasis {
    /// The person's consent: asked for on the portal for this purpose alone, and taken back there.
    Consent,
    /// A contract that the person is a party to.
    Contract,
    /// Duties or powers that a law gives to the department.
    StatutoryDuty,
    /// An emergency of public health, or of somebody's life, health or property.
    Emergency,
    /// Data that is not about persons. Refused for a dataset that is.
    PublicData,
}

/// Which records of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// Those about the person who asks, and no others.
    #[default]
    Own,
    /// Those of these divisions and what lies in them, by their codes.
    Divisions(Vec<String>),
    /// All.
    All,
}

/// What is done with a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read one record by its key.
    Get,
    /// Find records.
    Query,
    /// Receive a message when a record changes.
    Changes,
    /// Read many records in a job of the host.
    Bulk,
    /// Write items for which the department is the authority.
    Write,
}

impl Rows {
    /// Whether every record of these is one of the others, whoever asks. The records about whoever asks
    /// are within all, but not within divisions: a person may be registered elsewhere.
    #[must_use]
    pub fn is_within(&self, outer: &Self) -> bool {
        match (self, outer) {
            (_, Self::All) | (Self::Own, Self::Own) => true,
            (Self::Divisions(inner), Self::Divisions(outer)) => {
                !inner.is_empty() && inner.iter().all(|i| outer.iter().any(|o| division_contains(o, i)))
            }
            _ => false,
        }
    }
}

/// Whether a division is another one or lies in it, by their codes.
#[must_use]
pub fn division_contains(outer: &str, inner: &str) -> bool {
    use yunlong_formats::DivisionCode;
    match (DivisionCode::parse(outer), DivisionCode::parse(inner)) {
        (Ok(outer), Ok(inner)) => outer.contains(&inner),
        _ => false,
    }
}

impl DatasetUse {
    /// The name of the consent that the use rests on: a person gives it on the portal like that to a
    /// scope. `None` when it does not rest on consent.
    #[must_use]
    pub fn consent(&self) -> Option<&str> {
        (self.basis == LegalBasis::Consent).then_some(self.purpose.as_str())
    }

    fn check(&self, at: &str, manifest: &Manifest) -> Result<(), ManifestError> {
        if !is_dataset(&self.dataset) {
            return Err(field(
                &format!("{at}.dataset"),
                format!("“{}”不是信息资源的编码：请照目录书写，例如 population.person", self.dataset),
                format!(
                    "`{}` is no dataset's code: write it as the catalogue does, such as `population.person`",
                    self.dataset
                ),
            ));
        }
        no_blank(&format!("{at}.reason.zh"), &self.reason.zh)?;
        no_blank(&format!("{at}.reason.en"), &self.reason.en)?;
        let cites = self.law.as_deref().is_some_and(|l| !l.trim().is_empty());
        if !matches!(self.basis, LegalBasis::Consent | LegalBasis::PublicData) && !cites {
            return Err(field(
                &format!("{at}.law"),
                "请写明处理依据所在的法律条款",
                "cite the provision that the basis is found in",
            ));
        }
        names(&format!("{at}.fields"), self.fields.iter().map(String::as_str))?;
        if !(1..=MAX_FIELDS).contains(&self.fields.len()) {
            return Err(field(
                &format!("{at}.fields"),
                format!("请写明该信息资源的 1 至 {MAX_FIELDS} 个数据项"),
                format!("name 1 to {MAX_FIELDS} items of the dataset"),
            ));
        }
        if self.access.is_empty() {
            return Err(field(
                &format!("{at}.access"),
                "请至少写明一种用法：get、query、changes、bulk、write",
                "name at least one of get, query, changes, bulk, write",
            ));
        }
        if let Some(role) = self.roles.iter().find(|r| !manifest.roles.iter().any(|d| d.name == **r)) {
            return Err(field(
                &format!("{at}.roles"),
                format!("“{role}”没有在 [[roles]] 中声明"),
                format!("`{role}` is not declared under [[roles]]"),
            ));
        }
        if let Rows::Divisions(codes) = &self.rows
            && (codes.is_empty() || codes.iter().any(|c| yunlong_formats::DivisionCode::parse(c).is_err()))
        {
            return Err(field(
                &format!("{at}.rows"),
                "请用行政区划代码写明区划，例如 320324",
                "name divisions by their codes, such as `320324`",
            ));
        }
        if !(1..=MAX_DAYS).contains(&self.days) {
            return Err(out_of_range(&format!("{at}.days"), self.days, 1, MAX_DAYS));
        }
        Ok(())
    }
}

/// Whether `id` can be a dataset's code: words of `a-z`, `0-9` and `-`, joined by dots, at least two.
#[must_use]
pub fn is_dataset(id: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    id.len() <= 80 && id.contains('.') && id.split('.').all(word)
}

pub(crate) fn check(manifest: &Manifest) -> Result<(), ManifestError> {
    if manifest.datasets.len() > MAX_USES {
        return Err(too_many("datasets", MAX_USES));
    }
    let mut seen = BTreeSet::new();
    let mut consents: BTreeSet<&str> = manifest.scopes.iter().map(|s| s.name.as_str()).collect();
    for (i, u) in manifest.datasets.iter().enumerate() {
        let at = format!("datasets[{i}]");
        names(&format!("{at}.purpose"), std::iter::once(u.purpose.as_str()))?;
        u.check(&at, manifest)?;
        if !seen.insert((&u.dataset, &u.purpose)) {
            return Err(field(
                &at,
                "同一信息资源以同一用途写了两次：请合并",
                "this dataset is used for this purpose twice: join the two",
            ));
        }
        // A consent is never bundled: each has a name of its own.
        if let Some(consent) = u.consent()
            && !consents.insert(consent)
        {
            return Err(field(
                &format!("{at}.purpose"),
                format!("“{consent}”已是某项个人信息授权或另一项以同意为依据的用途的名称：请换一个"),
                format!("`{consent}` is the name of a scope or of another use that rests on consent: choose another"),
            ));
        }
    }
    Ok(())
}
