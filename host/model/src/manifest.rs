//! `app.toml`: what an app declares about itself. Nothing that is not declared here is granted.
//!
//! Every field is enforced by code: see the doc comment of each for where.

pub use crate::files::{FileArea, FileErasure, PersonalFiles};
pub use crate::manifest_error::ManifestError;
pub use crate::personal::{OnErasure, Personal, PersonalField, PersonalKind};
pub use crate::standard::{Bucket, Features};
pub use crate::uses::{Access, DatasetUse, LegalBasis, Rows};

use crate::manifest_error::{field, no_blank, of_text, out_of_range, syntax, too_many, twice};
use crate::{AppName, Schema, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

    fn check(&self) -> Result<(), ManifestError> {
        if !(1..=MAX_SCHEMA).contains(&self.schema) {
            return Err(out_of_range("data.schema", self.schema, 1, MAX_SCHEMA));
        }
        for (i, n) in self.reads.iter().enumerate() {
            let at = format!("data.reads[{i}]");
            if !(1..=MAX_SCHEMA).contains(n) {
                return Err(out_of_range(&at, *n, 1, MAX_SCHEMA));
            }
            if *n == self.schema || self.reads[..i].contains(n) {
                return Err(field(
                    &at,
                    format!("{n} 重复出现：一个版本本来就能读取自己的数据结构"),
                    format!("{n} stands there twice: a version reads its own schema anyway"),
                ));
            }
        }
        Ok(())
    }
}

/// A topic that the app publishes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name, such as `order.paid`.
    pub name: String,
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
        no_blank("title.zh", &self.title.zh)?;
        no_blank("title.en", &self.title.en)?;
        if !crate::name::is_vendor_name(&self.vendor) {
            let said: String = self.vendor.chars().take(60).collect();
            return Err(field(
                "vendor",
                format!(
                    "“{said}”不能作为开发商名称：最多 100 个小写字母和数字，之间可用“-”“_”“.”，例如 pengcheng-software；标题可以用任何文字"
                ),
                format!(
                    "`{said}` cannot name a vendor: use at most 100 lower-case letters and digits, with `-`, `_` or `.` between them, such as `pengcheng-software`; the title may be in any script"
                ),
            ));
        }
        if let Some(path) = &self.orders {
            own_path("orders", path)?;
        }
        names("roles", self.roles.iter().map(|r| r.name.as_str()))?;
        names("collections", self.collections.iter().map(|c| c.name.as_str()))?;
        if self.collections.len() > MAX_COLLECTIONS {
            return Err(too_many("collections", MAX_COLLECTIONS));
        }
        for (i, c) in self.collections.iter().enumerate() {
            if c.indexes.len() > MAX_INDEXES {
                return Err(too_many(&format!("collections[{i}].indexes"), MAX_INDEXES));
            }
            names(&format!("collections[{i}].indexes"), c.indexes.iter().map(|x| x.name.as_str()))?;
            for (j, index) in c.indexes.iter().enumerate() {
                let at = format!("collections[{i}].indexes[{j}]");
                if index.name == "id" {
                    return Err(field(
                        &format!("{at}.name"),
                        "“id”是按编号的顺序，本来就有：请换一个名称",
                        "`id` is the order of ids and always there: choose another name",
                    ));
                }
                if !(1..=4).contains(&index.fields.len())
                    || index.fields.iter().any(|f| f.is_empty() || f.split('.').any(str::is_empty))
                {
                    return Err(field(
                        &format!("{at}.fields"),
                        "请写明 1 至 4 个字段，例如 slot 或 visitor.id",
                        "name 1 to 4 fields, such as `slot` or `visitor.id`",
                    ));
                }
            }
            crate::personal::check(&format!("collections[{i}].personal"), c)?;
        }
        names("counters", self.counters.iter().map(String::as_str))?;
        crate::standard::check(&self.buckets)?;
        crate::files::check(&self.files)?;
        self.data.check()?;
        topics("publishes", self.publishes.iter().map(|t| t.name.as_str()))?;
        for (i, t) in self.publishes.iter().enumerate() {
            schema(&format!("publishes[{i}].schema"), t.schema.as_ref())?;
        }
        let mut seen = BTreeSet::new();
        for (i, s) in self.consumes.iter().enumerate() {
            topic_name(&format!("consumes[{i}].topic"), &s.topic)?;
            if let Some(from) = &s.from {
                from.parse::<crate::InstallationName>()
                    .map_err(|e| of_text(&format!("consumes[{i}].from"), e.text()))?;
            } else if !self.publishes.iter().any(|t| t.name == s.topic) {
                return Err(field(
                    &format!("consumes[{i}]"),
                    "应用订阅了自己的主题，却没有在 [[publishes]] 中列出；订阅其他安装的主题请写明 from",
                    "the app consumes its own topic but does not list it under [[publishes]]; for another installation's topic set `from`",
                ));
            }
            if !seen.insert((&s.topic, &s.from)) {
                return Err(twice(&format!("consumes[{i}]")));
            }
        }
        names("scopes", self.scopes.iter().map(|s| s.name.as_str()))?;
        for (i, s) in self.scopes.iter().enumerate() {
            if s.attributes.is_empty() {
                return Err(field(
                    &format!("scopes[{i}].attributes"),
                    "请至少写明一项个人信息",
                    "name at least one attribute",
                ));
            }
            if s.attributes.len() > 1 && s.attributes.iter().any(|a| a.is_sensitive()) {
                return Err(field(
                    &format!("scopes[{i}].attributes"),
                    "resident-id 是敏感个人信息，须单独同意：请拆分，让它单独成为一项",
                    "`resident-id` is sensitive, and consent to it is separate: split the scope, so that it stands alone in one of its own",
                ));
            }
            no_blank(&format!("scopes[{i}].reason.zh"), &s.reason.zh)?;
            no_blank(&format!("scopes[{i}].reason.en"), &s.reason.en)?;
        }
        crate::uses::check(self)?;
        for (i, h) in self.outbound.iter().enumerate() {
            outbound(&format!("outbound[{i}]"), h)?;
        }
        self.limits.check()?;
        if let Some(c) = &self.config {
            schema("config", Some(c))?;
            if c.get("type").and_then(serde_json::Value::as_str) != Some("object") {
                return Err(field("config.type", "必须是 \"object\"", "must be \"object\""));
            }
            for (name, property) in c.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
                config_texts(&format!("config.properties.{name}"), property)?;
            }
        }
        names("jobs", self.jobs.iter().map(|j| j.name.as_str()))?;
        for (i, j) in self.jobs.iter().enumerate() {
            j.cron.parse::<croner::Cron>().map_err(|e| {
                let zh = format!("“{}”不是定时规则：请写五段，例如 0 3 * * *（{e}）", j.cron);
                field(&format!("jobs[{i}].cron"), zh, format!("{e}: write five fields, such as `0 3 * * *`"))
            })?;
        }
        if let Some(a) = &self.assets
            && (a.dir.starts_with('/') || a.dir.split('/').any(|p| p.is_empty() || p == "." || p == ".."))
        {
            // The folder of app.toml itself holds sources, and often the vendor's key.
            return Err(field(
                "assets.dir",
                "必须是 app.toml 所在文件夹之下的文件夹，不含“.”和“..”",
                "must be a folder below app.toml's, without `.` and `..`",
            ));
        }
        Ok(())
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

impl Limits {
    fn check(self) -> Result<(), ManifestError> {
        for (name, value, min, max) in [
            ("memory_mib", self.memory_mib, 1, 256),
            ("wall_ms", self.wall_ms, 10, 60_000),
            ("cpu_ms", self.cpu_ms, 10, 30_000),
            ("host_calls", self.host_calls, 10, 100_000),
            ("response_kib", self.response_kib, 1, 32_768),
        ] {
            if !(min..=max).contains(&value) {
                return Err(out_of_range(&format!("limits.{name}"), value, min, max));
            }
        }
        Ok(())
    }
}

/// A path of the app itself: nothing that a browser could take for another host.
fn own_path(name: &str, path: &str) -> Result<(), ManifestError> {
    let ok = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 200
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b));
    if ok {
        return Ok(());
    }
    Err(field(
        name,
        format!("“{path}”不是本应用的路径：请写成 /orders 的样子"),
        format!("`{path}` is not a path of the app: write it as `/orders`"),
    ))
}

pub(crate) fn names<'a>(at: &str, names: impl Iterator<Item = &'a str>) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for (i, n) in names.enumerate() {
        let ok = (1..=60).contains(&n.len())
            && n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if !ok {
            return Err(field(
                &format!("{at}[{i}]"),
                format!("“{n}”不能作为名称：请用 1 至 60 个小写字母、数字、“-”和“_”"),
                format!("`{n}` is not a name: use 1 to 60 of a-z, 0-9, `-` and `_`"),
            ));
        }
        if !seen.insert(n) {
            return Err(field(&format!("{at}[{i}]"), format!("“{n}”重复出现"), format!("`{n}` stands there twice")));
        }
    }
    Ok(())
}

fn topic_name(at: &str, n: &str) -> Result<(), ManifestError> {
    let ok = (1..=80).contains(&n.len())
        && n.split('.')
            .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    if !ok {
        return Err(field(
            at,
            format!("“{n}”不是主题：请用小写字母、数字和“-”组成的词，以点相连，例如 order.paid"),
            format!("`{n}` is not a topic: use words of a-z, 0-9 and `-` joined by dots, such as `order.paid`"),
        ));
    }
    if n.starts_with("city.") {
        return Err(field(
            at,
            "以“city.”开头的主题归平台自用：请换一个名称",
            "topics under `city.` are the platform's own: choose another name",
        ));
    }
    Ok(())
}

fn topics<'a>(at: &str, names: impl Iterator<Item = &'a str>) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for (i, n) in names.enumerate() {
        topic_name(&format!("{at}[{i}].name"), n)?;
        if !seen.insert(n) {
            return Err(twice(&format!("{at}[{i}].name")));
        }
    }
    Ok(())
}

fn outbound(at: &str, h: &str) -> Result<(), ManifestError> {
    let (host, port) = h.split_once(':').map_or((h, None), |(a, b)| (a, Some(b)));
    let ok = !host.is_empty()
        && host.len() <= 253
        && host
            .split('.')
            .all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
        && host.contains('.')
        && host.parse::<std::net::IpAddr>().is_err()
        && port.is_none_or(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    if ok {
        Ok(())
    } else {
        Err(field(
            at,
            format!("“{h}”不是主机名：请写成 example.org 或 example.org:8443，不带协议、地址和通配符"),
            format!(
                "`{h}` is not a host: write `example.org` or `example.org:8443`, no scheme, no address, no wildcard"
            ),
        ))
    }
}

/// What people read of a property of the configuration: `x-title` and `x-description` in two
/// languages, and in `x-options` the names of an enumeration's values. JSON Schema's own `title` and
/// `description` have one language.
fn config_texts(at: &str, property: &serde_json::Value) -> Result<(), ManifestError> {
    let text = |at: String, value: &serde_json::Value| {
        let text: Text = serde_json::from_value(value.clone()).map_err(|e| {
            let form = "{ zh = \"…\", en = \"…\" }";
            field(&at, format!("请写成 {form}（{e}）"), format!("write it as {form}: {e}"))
        })?;
        no_blank(&format!("{at}.zh"), &text.zh)?;
        no_blank(&format!("{at}.en"), &text.en)
    };
    for name in ["x-title", "x-description"] {
        if let Some(value) = property.get(name) {
            text(format!("{at}.{name}"), value)?;
        }
    }
    let Some(options) = property.get("x-options") else { return Ok(()) };
    let at = format!("{at}.x-options");
    let options = options
        .as_object()
        .ok_or_else(|| field(&at, "必须是一张表，列出枚举的各个取值", "must be a table of the enumeration's values"))?;
    let values = property.get("enum").and_then(serde_json::Value::as_array);
    for (name, value) in options {
        if !values.is_some_and(|v| v.iter().any(|v| v.as_str() == Some(name))) {
            return Err(field(&format!("{at}.{name}"), "不在 enum 的取值之中", "is not among the values of `enum`"));
        }
        text(format!("{at}.{name}"), value)?;
    }
    Ok(())
}

fn schema(at: &str, s: Option<&serde_json::Value>) -> Result<(), ManifestError> {
    match s {
        Some(s) => Schema::compile(s).map(|_| ()).map_err(|e| of_text(at, e.text())),
        None => Ok(()),
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
