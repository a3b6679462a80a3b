//! A dataset as the catalogue describes it.
//!
//! The items of the description are those of the national guide to catalogues of government
//! information resources (2017): category, name, code, provider and its code, summary, format,
//! information items with their types, sharing class with condition and way, openness, update cycle,
//! release date.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_model::Text;

/// A dataset: what it is, who answers for it, and on which terms it is shared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Its code, two or more words in kebab case with a dot between, such as `population.person`. The
    /// names of the base databases (`population`, `legal-entities`, `credit`, `geospatial`, `economy`)
    /// stand before the dot of base datasets only.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// What it holds.
    pub summary: Text,
    /// Where it stands in the catalogue.
    pub category: Category,
    /// The organization that provides it and answers for it: the authority of every item that does not
    /// name another one. A USCC or a division's code.
    pub provider: String,
    /// The form in which it is kept, such as `json` or `geojson`.
    #[serde(default = "json")]
    pub format: String,
    /// Its information items: the fields of a record.
    pub items: Vec<Item>,
    /// The item that identifies a record; required in every record.
    pub key: String,
    /// The item that holds the resident ID of the person whom a record is about. With it every read of a
    /// record is a read of personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The item that holds the code of the division (GB/T 2260) that a record belongs to: grants can be
    /// limited by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// The item that holds a geometry (GeoJSON, CGCS2000); queries by place need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geometry: Option<String>,
    /// Items, or combinations of them, by which records can be found, in this order.
    #[serde(default)]
    pub indexes: Vec<Vec<String>>,
    /// A JSON Schema (2020-12) that a record must meet beside its items' types; `None` when the items say all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// How it is shared between departments.
    pub sharing: Sharing,
    /// Whether it is open to society.
    #[serde(default)]
    pub openness: Openness,
    /// How much harm its loss or leak would do (Data Security Law, article 21).
    #[serde(default)]
    pub level: Level,
    /// How often the provider brings it up to date: the freshness of its quality is measured by it.
    pub update_cycle: UpdateCycle,
    /// The date of its publication in the catalogue, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
}

fn json() -> String {
    "json".to_owned()
}

/// The part of the catalogue that a dataset stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// One of the five base databases 基础信息资源.
    Base,
    /// Around a theme, from several departments 主题信息资源.
    Theme,
    /// Of one department 部门信息资源.
    Department,
}

/// An information item: a field of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The field's name in a record, snake case.
    pub name: String,
    /// What people read.
    pub title: Text,
    /// What a value must be.
    #[serde(rename = "type")]
    pub kind: ItemKind,
    /// Whether a record must have it; the key is required anyway.
    #[serde(default)]
    pub required: bool,
    /// Whom it would harm when it is known.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// The organization that is the authority for this item, when it is not the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The values that are possible, with what people read; empty: any of its type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, Text>,
}

/// What a value of an item must be. All but numbers, booleans and geometries are JSON strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// Any text.
    Text,
    /// A JSON integer.
    Integer,
    /// A JSON number.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// `YYYY-MM-DD`.
    Date,
    /// A time in RFC 3339.
    Time,
    /// A resident ID number, GB 11643.
    ResidentId,
    /// A unified social credit code, GB 32100.
    Uscc,
    /// A mobile number, 11 digits.
    Mobile,
    /// A division's code, GB/T 2260 with the extensions down to the village.
    Division,
    /// A geometry: a GeoJSON object (RFC 7946), longitude and latitude in CGCS2000.
    Geometry,
    /// The period of a series: `2025`, `2025-Q3` or `2025-07`.
    Period,
}

/// Whom an item would harm when it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Nobody.
    #[default]
    General,
    /// It is about a natural person (PIPL, article 4).
    Personal,
    /// Its leak easily harms a person's dignity, body or property (PIPL, article 28); consent to it is separate.
    Sensitive,
}

/// How a dataset is shared between departments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Sharing {
    /// 无条件共享: whoever asks for a purpose gets it at once, and the request is recorded.
    Unconditional,
    /// 有条件共享: the provider decides on each request.
    Conditional {
        /// The condition, as those who ask read it.
        condition: Text,
    },
    /// 不予共享: the provider alone uses it.
    NotShared {
        /// The law, regulation or policy that forbids it, as it is cited.
        law: String,
    },
}

/// Whether a dataset is open to society.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Openness {
    /// Not open.
    #[default]
    Closed,
    /// On application.
    Conditional,
    /// To everybody.
    Open,
}

/// How much harm a dataset's loss or leak would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// 一般数据.
    #[default]
    General,
    /// 重要数据.
    Important,
    /// 核心数据: refused, this platform is not built for it.
    Core,
    /// State secrets: refused, this platform is not built for them.
    Classified,
}

/// How often a dataset is brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateCycle {
    /// As things happen.
    RealTime,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// Every quarter.
    Quarterly,
    /// Every year.
    Yearly,
    /// Less often, or when something changes.
    AsNeeded,
}

impl Dataset {
    /// The item of this name.
    #[must_use]
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|i| i.name == name)
    }

    /// The organization that is the authority for an item: its own, or the provider.
    #[must_use]
    pub fn authority<'a>(&'a self, item: &'a Item) -> &'a str {
        item.authority.as_deref().unwrap_or(&self.provider)
    }

    /// Whether its records are about persons.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.person.is_some()
    }
}
