//! What a manifest must hold, and what is said of the first field that does not.

use super::{Assets, Collection, DataSchema, Job, Limits, MAX_COLLECTIONS, MAX_INDEXES, MAX_SCHEMA, Manifest, Scope};
use crate::manifest_error::{ManifestError, field, no_blank, of_text, out_of_range, too_many, twice};
use crate::{Schema, Text};
use std::collections::BTreeSet;

pub(super) fn manifest(m: &Manifest) -> Result<(), ManifestError> {
    no_blank("title.zh", &m.title.zh)?;
    no_blank("title.en", &m.title.en)?;
    vendor(&m.vendor)?;
    if let Some(path) = &m.orders {
        own_path("orders", path)?;
    }
    names("roles", m.roles.iter().map(|r| r.name.as_str()))?;
    collections(&m.collections)?;
    names("counters", m.counters.iter().map(String::as_str))?;
    crate::standard::check(&m.buckets)?;
    crate::files::check(&m.files)?;
    data(&m.data)?;
    publishes(m)?;
    consumes(m)?;
    scopes(&m.scopes)?;
    crate::uses::check(m)?;
    for (i, h) in m.outbound.iter().enumerate() {
        outbound(&format!("outbound[{i}]"), h)?;
    }
    limits(m.limits)?;
    if let Some(schema) = &m.config {
        config(schema)?;
    }
    jobs(&m.jobs)?;
    m.assets.as_ref().map_or(Ok(()), assets)
}

fn vendor(vendor: &str) -> Result<(), ManifestError> {
    if !crate::name::is_vendor_name(vendor) {
        let said: String = vendor.chars().take(60).collect();
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
    Ok(())
}

fn collections(collections: &[Collection]) -> Result<(), ManifestError> {
    names("collections", collections.iter().map(|c| c.name.as_str()))?;
    if collections.len() > MAX_COLLECTIONS {
        return Err(too_many("collections", MAX_COLLECTIONS));
    }
    for (i, c) in collections.iter().enumerate() {
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
    Ok(())
}

fn data(data: &DataSchema) -> Result<(), ManifestError> {
    if !(1..=MAX_SCHEMA).contains(&data.schema) {
        return Err(out_of_range("data.schema", data.schema, 1, MAX_SCHEMA));
    }
    for (i, n) in data.reads.iter().enumerate() {
        let at = format!("data.reads[{i}]");
        if !(1..=MAX_SCHEMA).contains(n) {
            return Err(out_of_range(&at, *n, 1, MAX_SCHEMA));
        }
        if *n == data.schema || data.reads[..i].contains(n) {
            return Err(field(
                &at,
                format!("{n} 重复出现：一个版本本来就能读取自己的数据结构"),
                format!("{n} stands there twice: a version reads its own schema anyway"),
            ));
        }
    }
    Ok(())
}

fn publishes(m: &Manifest) -> Result<(), ManifestError> {
    topics("publishes", m.publishes.iter().map(|t| t.name.as_str()))?;
    for (i, t) in m.publishes.iter().enumerate() {
        schema(&format!("publishes[{i}].schema"), t.schema.as_ref())?;
        if let Some(described) = &t.description {
            no_blank(&format!("publishes[{i}].description.zh"), &described.zh)?;
            no_blank(&format!("publishes[{i}].description.en"), &described.en)?;
        }
    }
    Ok(())
}

fn consumes(m: &Manifest) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for (i, s) in m.consumes.iter().enumerate() {
        topic_name(&format!("consumes[{i}].topic"), &s.topic)?;
        if let Some(from) = &s.from {
            from.parse::<crate::InstallationName>().map_err(|e| of_text(&format!("consumes[{i}].from"), e.text()))?;
        } else if !m.publishes.iter().any(|t| t.name == s.topic) {
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
    Ok(())
}

fn scopes(scopes: &[Scope]) -> Result<(), ManifestError> {
    names("scopes", scopes.iter().map(|s| s.name.as_str()))?;
    for (i, s) in scopes.iter().enumerate() {
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
    Ok(())
}

fn config(config: &serde_json::Value) -> Result<(), ManifestError> {
    schema("config", Some(config))?;
    if config.get("type").and_then(serde_json::Value::as_str) != Some("object") {
        return Err(field("config.type", "必须是 \"object\"", "must be \"object\""));
    }
    for (name, property) in config.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
        config_texts(&format!("config.properties.{name}"), property)?;
    }
    Ok(())
}

fn limits(limits: Limits) -> Result<(), ManifestError> {
    for (name, value, min, max) in [
        ("memory_mib", limits.memory_mib, 1, 256),
        ("wall_ms", limits.wall_ms, 10, 60_000),
        ("cpu_ms", limits.cpu_ms, 10, 30_000),
        ("host_calls", limits.host_calls, 10, 100_000),
        ("response_kib", limits.response_kib, 1, 32_768),
    ] {
        if !(min..=max).contains(&value) {
            return Err(out_of_range(&format!("limits.{name}"), value, min, max));
        }
    }
    Ok(())
}

fn jobs(jobs: &[Job]) -> Result<(), ManifestError> {
    names("jobs", jobs.iter().map(|j| j.name.as_str()))?;
    for (i, j) in jobs.iter().enumerate() {
        j.cron.parse::<croner::Cron>().map_err(|e| {
            let zh = format!("“{}”不是定时规则：请写五段，例如 0 3 * * *（{e}）", j.cron);
            field(&format!("jobs[{i}].cron"), zh, format!("{e}: write five fields, such as `0 3 * * *`"))
        })?;
    }
    Ok(())
}

fn assets(a: &Assets) -> Result<(), ManifestError> {
    if a.dir.starts_with('/') || a.dir.split('/').any(|p| p.is_empty() || p == "." || p == "..") {
        // The folder of app.toml itself holds sources, and often the vendor's key.
        return Err(field(
            "assets.dir",
            "必须是 app.toml 所在文件夹之下的文件夹，不含“.”和“..”",
            "must be a folder below app.toml's, without `.` and `..`",
        ));
    }
    Ok(())
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
