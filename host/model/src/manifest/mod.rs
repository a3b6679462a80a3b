//! `app.toml`: what an app declares about itself. Nothing that is not declared here is granted.
//!
//! Every field is enforced by code: see the doc comment of each for where.

mod check;

pub(crate) use check::names;

pub use crate::files::{FileArea, FileErasure, PersonalFiles};
pub use crate::manifest_error::ManifestError;
pub use crate::personal::{OnErasure, Personal, PersonalField, PersonalKind};
pub use crate::standard::{Bucket, Features};
pub use crate::uses::{Access, DatasetUse, LegalBasis, Rows};

use crate::manifest_error::syntax;
use crate::{AppName, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A parsed and checked `app.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The app's name: must equal the name in the package.
    pub name: AppName,
    /// SemVer 2.0; an installation refuses a version older than the one it runs.
    pub version: semver::Version,
    /// The title that the portal, the console and `yunlong install` show.
    pub title: Text,
    /// One sentence about what it does for whom.
    pub description: Text,
    /// The vendor: must be the owner of the signing key.
    pub vendor: String,
    /// Roles that a department can assign; any other role is refused at assignment.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Collections of the installation's own data; the data service refuses others.
    #[serde(default)]
    pub collections: Vec<Collection>,
    /// Bounded counters; the data service refuses others.
    #[serde(default)]
    pub counters: Vec<String>,
    /// Buckets of keys and bytes, for programs that know `wasi:keyvalue`; the host opens no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<Bucket>,
    /// Areas in which it keeps files; the files service refuses others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileArea>,
    /// Which shape its stored data has: upgrades, canaries and roll-backs follow from it.
    #[serde(default)]
    pub data: DataSchema,
    /// Topics that the app may publish; messaging refuses others and checks the schema.
    #[serde(default)]
    pub publishes: Vec<Topic>,
    /// Topics that reach the app's consumer export.
    #[serde(default)]
    pub consumes: Vec<Subscription>,
    /// Personal attributes it asks for; identity releases no others, and none without consent.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// Datasets of the information hub that it uses; the hub refuses others, and each without a grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<DatasetUse>,
    /// Whether it takes payments; the payments service refuses others.
    #[serde(default)]
    pub payments: Option<Payments>,
    /// Hosts that outbound HTTP may reach, as `example.org` or `example.org:8443`; the runtime
    /// refuses others.
    #[serde(default)]
    pub outbound: Vec<String>,
    /// Limits of one invocation, at most those of the platform; the runtime enforces them.
    #[serde(default)]
    pub limits: Limits,
    /// A JSON Schema (2020-12) of type `object`: values are checked at installation and change.
    /// For people a property may carry `x-title` and `x-description` as [`Text`], and an
    /// enumeration `x-options`, a table of [`Text`] by value.
    #[serde(default)]
    pub config: Option<serde_json::Value>,
    /// Jobs that run by the clock.
    #[serde(default)]
    pub jobs: Vec<Job>,
    /// Static files of the package, served without starting wasm.
    #[serde(default)]
    pub assets: Option<Assets>,
    /// What the platform does for this app alone: the runtime refuses a component that needs it without.
    #[serde(default, skip_serializing_if = "Features::is_default")]
    pub features: Features,
    /// The path of the page on which people see what they ordered or booked, what was free among it:
    /// the portal's page of orders leads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<String>,
}

/// A role that the department assigns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What the app reads in `principal.roles`.
    pub name: String,
    /// What the department reads.
    pub title: Text,
}

/// A collection of JSON documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// Whether its documents are encrypted at rest with the city's data key. Index rows are not: index
    /// no personal field of such a collection, or a keyed hash of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
    /// What is personal in it, for each person whom a document is about: the portal's "My data" shows,
    /// copies and erases by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal: Vec<Personal>,
    /// Its indexes.
    #[serde(default)]
    pub indexes: Vec<Index>,
}

/// An index over one or more fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Paths into the document, such as `slot` or `visitor.id`. A document that lacks one of
    /// them is not in the index.
    pub fields: Vec<String>,
    /// Whether two documents may not have the same values.
    #[serde(default)]
    pub unique: bool,
}

/// Which shape of stored data a version writes, and which others it understands. The shape is the
/// vendor's own: a number that grows when documents change so that an older version would misread
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DataSchema {
    /// The shape that it writes: 1 by default.
    pub schema: u32,
    /// Other shapes that it reads, and keeps whole when it writes: older ones, so that it can serve
    /// before the data is migrated; newer ones, so that it can serve beside the version that writes
    /// them, or after it again.
    pub reads: Vec<u32>,
}

impl Default for DataSchema {
    fn default() -> Self {
        Self { schema: 1, reads: Vec::new() }
    }
}

impl DataSchema {
    /// Whether it understands data of this shape.
    #[must_use]
    pub fn understands(&self, schema: u32) -> bool {
        self.schema == schema || self.reads.contains(&schema)
    }
}

/// A topic that the app publishes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name, such as `order.paid`.
    pub name: String,
    /// What it tells and when, for those who would receive it: the city's catalogue of messages shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// A JSON Schema of the payload.
    #[serde(default)]
    pub schema: Option<serde_json::Value>,
    /// Who may receive it. The department that installs the app approves that with the topic.
    #[serde(default)]
    pub audience: Audience,
}

/// Who may receive a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// The installation that publishes it.
    #[default]
    Own,
    /// Every installation of the city whose department approved that it receives the topic.
    City,
}

/// A topic that the app consumes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The topic.
    pub topic: String,
    /// The installation that publishes it; this installation itself when absent. Another
    /// installation's topic is a permission that the department approves.
    #[serde(default)]
    pub from: Option<String>,
}

/// Attributes that a person consents to as one, and to no other scope along with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its name, such as `concession`.
    pub name: String,
    /// `real-name`, `resident-id`, `mobile` or `birth-date`; `resident-id` is sensitive and stands alone.
    pub attributes: Vec<Attribute>,
    /// Why the app needs them, as the person reads it before consenting.
    pub reason: Text,
}

/// A personal attribute that the platform can release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// The registered name.
    RealName,
    /// The resident ID number.
    ResidentId,
    /// The mobile number.
    Mobile,
    /// The date of birth.
    BirthDate,
}

impl Attribute {
    /// Whether its leak easily harms a person (PIPL, article 28): consent to it is separate (article 29).
    #[must_use]
    pub fn is_sensitive(self) -> bool {
        match self {
            Self::ResidentId => true,
            Self::RealName | Self::Mobile | Self::BirthDate => false,
        }
    }
}

/// The app takes payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// What for, as the department reads it.
    pub reason: Text,
}

/// Limits of one invocation. Absent fields take the platform's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory of the whole instance in MiB: 1 to 256, 64 by default.
    pub memory_mib: u32,
    /// Wall time in milliseconds: 10 to 60,000, 10,000 by default.
    pub wall_ms: u32,
    /// CPU time in milliseconds: 10 to 30,000, 2,000 by default.
    pub cpu_ms: u32,
    /// Host calls: 10 to 100,000, 10,000 by default.
    pub host_calls: u32,
    /// Response body in KiB: 1 to 32,768, 8,192 by default.
    pub response_kib: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_mib: 64, wall_ms: 10_000, cpu_ms: 2_000, host_calls: 10_000, response_kib: 8_192 }
    }
}

/// A job that runs by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// What the app's `jobs.run` gets.
    pub name: String,
    /// Five cron fields, read in Asia/Shanghai.
    pub cron: String,
}

/// Static files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assets {
    /// The folder beside `app.toml`.
    pub dir: String,
}

/// The most collections of an app.
const MAX_COLLECTIONS: usize = 100;
/// The largest number of a schema: enough for a change a day, small enough to be read.
const MAX_SCHEMA: u32 = 10_000;
/// The most indexes of a collection: each write of a document writes a row in all of them.
const MAX_INDEXES: usize = 16;

impl Manifest {
    /// Parses and checks `app.toml`.
    ///
    /// # Errors
    /// [`ManifestError`] names the first field that is wrong.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|e| syntax(text, &e))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The JSON Schema (2020-12) of `app.toml`, for editors and for the reference. What a schema cannot say, such as
    /// which names may not be taken, [`Manifest::parse`] says.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The collection of this name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|c| c.name == name)
    }

    /// The area of files of this name.
    #[must_use]
    pub fn file_area(&self, name: &str) -> Option<&FileArea> {
        self.files.iter().find(|a| a.name == name)
    }

    /// Whether it is one that [`Manifest::parse`] would have answered: of a manifest that came another way.
    ///
    /// # Errors
    /// [`ManifestError`] names the first field that is wrong.
    pub fn check(&self) -> Result<(), ManifestError> {
        check::manifest(self)
    }

    /// The defaults of the configuration schema's properties.
    #[must_use]
    pub fn config_defaults(&self) -> BTreeMap<String, serde_json::Value> {
        let Some(props) = self.config.as_ref().and_then(|c| c.get("properties")).and_then(serde_json::Value::as_object)
        else {
            return BTreeMap::new();
        };
        props.iter().filter_map(|(k, v)| v.get("default").map(|d| (k.clone(), d.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        name = "hello"
        version = "1.0.0"
        vendor = "yunlong-examples"
        title = { zh = "你好", en = "Hello" }
        description = { zh = "问好", en = "Greets" }
    "#;

    fn with(extra: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!("{MINIMAL}\n{extra}"))
    }

    #[test]
    fn minimal_has_the_default_limits() {
        assert_eq!(with("").unwrap().limits, Limits::default());
    }

    #[test]
    fn a_version_understands_its_own_schema_and_those_that_it_names() {
        assert_eq!(with("").unwrap().data, DataSchema { schema: 1, reads: Vec::new() });
        let data = with("[data]\nschema = 2\nreads = [1, 3]").unwrap().data;
        assert!([1, 2, 3].iter().all(|n| data.understands(*n)) && !data.understands(4));
    }

    #[test]
    fn a_vendor_is_one_component_of_its_repositories_names() {
        for bad in ["", " ", "彭城软件", "yunlong-examples/x", "Yunlong"] {
            let text = MINIMAL.replace("yunlong-examples", bad);
            assert!(Manifest::parse(&text).unwrap_err().to_string().starts_with("app.toml: vendor: "), "{bad}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (extra, want) in [
            ("colour = 1", "colour"),
            ("orders = \"orders\"", "orders"),
            ("orders = \"//evil.example\"", "orders"),
            ("orders = \"/a\\\\b\"", "orders"),
            ("counters = [\"a\", \"a\"]", "counters[1]"),
            ("counters = [\"A\"]", "counters[0]"),
            ("[[buckets]]\nname = \"a b\"", "buckets[0].name"),
            ("[[buckets]]\nname = \"桶\"", "buckets[0].name"),
            ("[[buckets]]\nname = \"a\"\n[[buckets]]\nname = \"a\"", "buckets[1].name: stands there twice"),
            ("[features]\nwasi-http-04 = true", "wasi-http-04"),
            ("outbound = [\"*.example.org\"]", "outbound[0]"),
            ("outbound = [\"127.0.0.1\"]", "outbound[0]"),
            ("[limits]\nmemory_mib = 0", "limits.memory_mib"),
            ("[limits]\nwall_ms = 999999", "limits.wall_ms"),
            ("[[publishes]]\nname = \"city.x\"", "publishes[0].name"),
            ("[[consumes]]\ntopic = \"a.b\"", "consumes[0]"),
            (
                "[[collections]]\nname = \"c\"\n[[collections.indexes]]\nname = \"id\"\nfields = [\"x\"]",
                "collections[0].indexes[0].name",
            ),
            (
                "[[collections]]\nname = \"c\"\n[[collections.indexes]]\nname = \"x\"\nfields = []",
                "collections[0].indexes[0].fields",
            ),
            ("[[jobs]]\nname = \"j\"\ncron = \"never\"", "jobs[0].cron"),
            ("[data]\nschema = 0", "data.schema"),
            ("[data]\nschema = 2\nreads = [1, 2]", "data.reads[1]"),
            ("[data]\nreads = [0]", "data.reads[0]"),
            ("[assets]\ndir = \"../x\"", "assets.dir"),
            ("[config]\ntype = \"string\"", "config.type"),
            ("[config]\ntype = \"object\"\n[config.properties.a]\nx-title = \"A\"", "config.properties.a.x-title"),
            (
                "[config]\ntype = \"object\"\n[config.properties.a]\nenum = [\"b\"]\nx-options = { c = { zh = \"甲\", en = \"C\" } }",
                "config.properties.a.x-options.c",
            ),
            ("[[scopes]]\nname = \"s\"\nattributes = []\nreason = { zh = \"a\", en = \"b\" }", "scopes[0].attributes"),
            (
                "[[scopes]]\nname = \"s\"\nattributes = [\"real-name\", \"resident-id\"]\nreason = { zh = \"a\", en = \"b\" }",
                "scopes[0].attributes: `resident-id` is sensitive, and consent to it is separate: split the scope",
            ),
        ] {
            let e = with(extra).unwrap_err().to_string();
            assert!(e.contains(want), "{extra}: {e}");
        }
    }
}
