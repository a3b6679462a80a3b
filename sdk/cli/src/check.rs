//! Whether a component and `app.toml` fit together, as far as that shows without running it. The
//! platform checks again at installation.

use std::collections::BTreeSet;
use std::fmt;
use yunlong_model::manifest::{Access, DatasetUse};
use yunlong_model::{Manifest, Text};
use yunlong_registry::component::split_version;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The platform would refuse the installation.
    Error(Text),
    /// It would install, but something is declared and not used, or the other way round.
    Warning(Text),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(text) | Self::Warning(text) => f.write_str(&text.en),
        }
    }
}

const HANDLER: &str = "wasi:http/incoming-handler";
const HANDLER_03: &str = "wasi:http/handler";
const CONSUMER: &str = "city:app/consumer";
const JOBS: &str = "city:app/jobs";

/// Compares what can be called and what is exported with what `app.toml` declares. `imports` are
/// those that can be called: imports of types alone need no permission.
#[must_use]
pub fn check_component(imports: &BTreeSet<String>, exports: &BTreeSet<String>, manifest: &Manifest) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        imports.iter().filter_map(|i| check_import(i, manifest)).map(Finding::Error).collect();
    let has = |interface: &str| exports.iter().any(|e| split_version(e).0 == interface);
    let mut error = |zh: String, en: String| findings.push(Finding::Error(Text { zh, en }));
    if has(HANDLER_03) && !manifest.features.wasi_http_03 {
        error(
            format!("它导出 {HANDLER_03}，但 app.toml 没有声明 [features] `wasi-http-03 = true`"),
            format!("it exports {HANDLER_03}, but app.toml declares no [features] `wasi-http-03 = true`"),
        );
    }
    if !has(HANDLER) && !has(HANDLER_03) && !has(CONSUMER) && !has(JOBS) {
        error(
            format!("它没有导出平台会调用的接口：要提供页面，请导出 {HANDLER}"),
            format!("it exports nothing that the platform calls: export {HANDLER} to serve pages"),
        );
    }
    if !manifest.consumes.is_empty() && !has(CONSUMER) {
        error(
            format!("app.toml 有 [[consumes]]，但没有导出 {CONSUMER}"),
            format!("app.toml lists [[consumes]], but {CONSUMER} is not exported"),
        );
    }
    if manifest.payments.is_some() && !has(CONSUMER) {
        error(
            format!("app.toml 声明了 [payments]，支付结果以消息送达，但没有导出 {CONSUMER}"),
            format!("app.toml asks for [payments], whose outcomes come as events, but {CONSUMER} is not exported"),
        );
    }
    let follows = manifest.datasets.iter().any(|d| d.access.contains(&Access::Changes));
    if follows && !has(CONSUMER) {
        error(
            format!("app.toml 申请了 [[datasets]] 的变更，变更以消息送达，但没有导出 {CONSUMER}"),
            format!(
                "app.toml asks for the changes of [[datasets]], which come as events, but {CONSUMER} is not exported"
            ),
        );
    }
    if !manifest.jobs.is_empty() && !has(JOBS) {
        error(
            format!("app.toml 有 [[jobs]]，但没有导出 {JOBS}"),
            format!("app.toml lists [[jobs]], but {JOBS} is not exported"),
        );
    }
    let mut warn = |zh: String, en: String| findings.push(Finding::Warning(Text { zh, en }));
    if has(JOBS) && manifest.jobs.is_empty() {
        warn(
            format!("导出了 {JOBS}，但 app.toml 没有 [[jobs]]：它永远不会被调用"),
            format!("{JOBS} is exported, but app.toml lists no [[jobs]]: it will never be called"),
        );
    }
    let hears = !manifest.consumes.is_empty() || manifest.payments.is_some() || !manifest.datasets.is_empty();
    if has(CONSUMER) && !hears {
        warn(
            format!("导出了 {CONSUMER}，但 app.toml 没有 [[consumes]]、[payments] 或 [[datasets]]：它永远不会被调用"),
            format!(
                "{CONSUMER} is exported, but app.toml lists no [[consumes]], no [payments] and no [[datasets]]: it will never be called"
            ),
        );
    }
    for (declared, what, interface) in [
        (!manifest.scopes.is_empty(), "[[scopes]]", "city:identity/attributes"),
        (!manifest.collections.is_empty(), "[[collections]]", "city:data/collections"),
        (!manifest.publishes.is_empty(), "[[publishes]]", "city:messaging/publisher"),
        (manifest.payments.is_some(), "[payments]", "city:payments/intents"),
        (!manifest.files.is_empty(), "[[files]]", "city:files/files"),
        (!manifest.outbound.is_empty(), "outbound", "wasi:http/outgoing-handler"),
    ] {
        if declared && !imports.iter().any(|i| split_version(i).0 == interface) {
            warn(
                format!("app.toml 声明了 {what}，但组件没有导入 {interface}：去掉用不到的，人们会被问到它"),
                format!(
                    "app.toml declares {what}, but {interface} is not imported: leave out what is not needed, people are asked for it"
                ),
            );
        }
    }
    // Changes come as messages; whatever else is declared wants an interface to be read by.
    let reads = |d: &DatasetUse| d.access.iter().any(|a| *a != Access::Changes);
    let shared = |i: &String| i.starts_with("city:data/shared@") || i.starts_with("city:base/");
    if manifest.datasets.iter().any(reads) && !imports.iter().any(shared) {
        warn(
            "app.toml 声明了 [[datasets]]，但组件没有导入 city:data/shared 或 city:base：去掉用不到的，部门会被问到它".into(),
            "app.toml declares [[datasets]], but neither city:data/shared nor city:base is imported: leave out what is not needed, departments are asked for it".into(),
        );
    }
    findings
}

fn check_import(name: &str, m: &Manifest) -> Option<Text> {
    let (interface, version) = split_version(name);
    let version = version.unwrap_or("");
    let transactions = !m.collections.is_empty()
        || !m.counters.is_empty()
        || !m.files.is_empty()
        || !m.publishes.is_empty()
        || m.payments.is_some()
        || !m.consumes.is_empty()
        || !m.jobs.is_empty();
    let declared = match interface {
        "city:identity/principal" | "city:identity/representation" | "city:app/context" => None,
        // A consent is asked for where an attribute, or a dataset, rests on it.
        "city:identity/attributes" => Some((
            !m.scopes.is_empty() || !m.datasets.is_empty(),
            ("[[scopes]] 或 [[datasets]]", "[[scopes]] or [[datasets]]"),
        )),
        "city:data/collections" => Some((transactions, ("[[collections]] 或 counters", "[[collections]] or counters"))),
        "city:data/shared" => Some((!m.datasets.is_empty(), ("[[datasets]]", "[[datasets]]"))),
        "city:messaging/publisher" => Some((transactions, ("[[publishes]]", "[[publishes]]"))),
        "city:payments/intents" => Some((m.payments.is_some(), ("[payments]", "[payments]"))),
        "city:files/files" => Some((!m.files.is_empty(), ("[[files]]", "[[files]]"))),
        "city:base/population"
        | "city:base/legal-entities"
        | "city:base/credit"
        | "city:base/geospatial"
        | "city:base/economy" => {
            let name = interface.trim_start_matches("city:base/");
            let uses = |d: &DatasetUse| d.dataset.split_once('.').is_some_and(|(base, _)| base == name);
            Some((m.datasets.iter().any(uses), ("这个基础库的 [[datasets]]", "[[datasets]] of this base database")))
        }
        // Standard interfaces and their drafts, or what nobody has: the registry's own words.
        _ => return yunlong_registry::imports::check_import(name, m).map(|misfit| misfit.text()),
    };
    match declared {
        Some((false, (zh, en))) => Some(Text {
            zh: format!("它导入 {name}，但 app.toml 没有声明 {zh}"),
            en: format!("it imports {name}, but app.toml declares no {en}"),
        }),
        _ if !version.starts_with("1.") => Some(Text {
            zh: format!("它导入 {name}：平台提供的是版本 1"),
            en: format!("it imports {name}: the platform gives version 1"),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(imports: &[&str], exports: &[&str], extra: &str) -> Vec<Finding> {
        let toml = format!(
            "name = \"a\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\n{extra}"
        );
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        check_component(&set(imports), &set(exports), &Manifest::parse(&toml).unwrap())
    }

    const PAGES: &str = "wasi:http/incoming-handler@0.2.10";

    const RESIDENTS: &str = "[[datasets]]\ndataset = \"population.person\"\npurpose = \"p\"\nbasis = \"consent\"\nfields = [\"name\"]\nreason = { zh = \"甲\", en = \"A\" }";

    #[test]
    fn a_plain_wasi_http_component_fits_an_empty_manifest() {
        assert_eq!(
            check(&["wasi:io/streams@0.2.6", "wasi:sockets/tcp@0.2.0", "city:app/context@1.0.0"], &[PAGES], ""),
            []
        );
    }

    #[test]
    fn drafts_of_standard_interfaces_need_no_declaration() {
        let drafts =
            ["wasi:keyvalue/store@0.2.0-draft", "wasi:config/store@0.2.0-rc.1", "wasi:logging/logging@0.1.0-draft"];
        assert_eq!(check(&drafts, &[PAGES], ""), []);
    }

    #[test]
    fn what_is_not_declared_is_refused_by_name() {
        for (import, extra, want) in [
            ("city:payments/intents@1.0.0", "", "[payments]"),
            ("city:files/files@1.0.0", "", "[[files]]"),
            ("city:identity/attributes@1.0.0", "", "[[scopes]]"),
            ("city:data/collections@1.1.0", "", "[[collections]]"),
            ("city:data/shared@1.1.0", "", "[[datasets]]"),
            ("city:base/population@1.0.0", "", "[[datasets]]"),
            ("city:base/credit@1.0.0", RESIDENTS, "[[datasets]] of this base database"),
            ("city:base/genealogy@1.0.0", RESIDENTS, "does not have"),
            ("city:data/collections@2.0.0", "counters = [\"n\"]", "version 1"),
            ("city:nuclear/codes@1.0.0", "", "does not have"),
            ("wasi:http/types@0.3.0", "", "wasi-http-03"),
            ("wasi:keyvalue/store@0.2.0", "", "0.2.0-draft2"),
            ("env", "", "does not have"),
        ] {
            let [Finding::Error(text)] = &check(&[import], &[PAGES], extra)[..] else { panic!("{import}") };
            assert!(text.en.contains(import) && text.en.contains(want), "{text:?}");
            let chinese = |c| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert!(text.zh.contains(import) && text.zh.contains(chinese), "{text:?}");
        }
    }

    #[test]
    fn what_is_promised_must_be_exported() {
        let job = "[[jobs]]\nname = \"j\"\ncron = \"* * * * *\"";
        assert!(matches!(&check(&[], &[PAGES], job)[..], [Finding::Error(t)] if t.en.contains("city:app/jobs")));
        let follows = format!("{RESIDENTS}\naccess = [\"changes\"]");
        assert!(
            matches!(&check(&[], &[PAGES], &follows)[..], [Finding::Error(t)] if t.en.contains("city:app/consumer"))
        );
        assert_eq!(check(&[], &["city:app/consumer@1.0.0"], &follows), []);
        assert!(matches!(&check(&[], &[], "")[..], [Finding::Error(t)] if t.en.contains(HANDLER)));
        assert!(matches!(&check(&[], &["city:app/jobs@1.0.0"], "")[..], [Finding::Warning(_)]));
    }

    #[test]
    fn what_is_declared_for_nothing_is_pointed_out() {
        assert!(matches!(&check(&[], &[PAGES], RESIDENTS)[..], [Finding::Warning(t)] if t.en.contains("[[datasets]]")));
        for import in ["city:data/shared@1.1.0", "city:base/population@1.0.0"] {
            assert_eq!(check(&[import, "city:identity/attributes@1.1.0"], &[PAGES], RESIDENTS), []);
        }
        let scope = "[[scopes]]\nname = \"s\"\nattributes = [\"mobile\"]\nreason = { zh = \"甲\", en = \"A\" }";
        assert!(matches!(&check(&[], &[PAGES], scope)[..], [Finding::Warning(t)] if t.en.contains("[[scopes]]")));
    }
}
