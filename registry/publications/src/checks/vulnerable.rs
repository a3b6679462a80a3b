//! What a package is made of, against the imported advisories.

use super::sbom::SbomComponent;
use super::{Check, CheckResult, Lookup, Outcome, some};
use crate::advisories::{Affects, Ecosystem, ImportInfo, Severity};
use crate::policy::Policy;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_model::Timestamp;

/// The most advisories that the data lists, the worst first; it has their number in all.
const MAX_ROWS: usize = 500;

pub(super) fn check(
    listed: &[SbomComponent],
    embedded: &[SbomComponent],
    lookup: &Lookup,
    policy: &Policy,
    now: Timestamp,
) -> CheckResult {
    let result = |outcome, zh: String, en: String, data: Value| {
        CheckResult::new(Check::Vulnerabilities, outcome, (zh, en), data)
    };
    if lookup.imports.is_empty() {
        return result(
            Outcome::Warn,
            "没有导入过安全公告，未能核对已知漏洞：请管理员导入".into(),
            "no advisories were imported, so that known vulnerabilities were not looked for: let the city import them"
                .into(),
            json!({ "imports": [] }),
        );
    }
    let all: BTreeSet<&SbomComponent> = listed.iter().chain(embedded).collect();
    let (mut found, mut undecided, mut asked) = (Vec::new(), Vec::new(), 0_usize);
    let (mut used, mut unasked) = (BTreeSet::new(), BTreeMap::<Ecosystem, usize>::new());
    for component in all {
        let Some(ecosystem) = component.ecosystem else { continue };
        // Nothing is known of what no import is about: that is no word for it.
        if lookup.imports.iter().all(|i| i.ecosystem != ecosystem) {
            *unasked.entry(ecosystem).or_default() += 1;
            continue;
        }
        asked += 1;
        used.insert(ecosystem);
        let key = (ecosystem, ecosystem.normal(&component.name));
        for advisory in lookup.found.get(&key).into_iter().flatten() {
            match advisory.affects(&component.version) {
                Affects::Yes => found.push((component, advisory)),
                Affects::Unknown => undecided.push((component, advisory)),
                Affects::No => {}
            }
        }
    }
    found.sort_by(|a, b| b.1.severity.cmp(&a.1.severity).then_with(|| a.1.id.cmp(&b.1.id)));
    let row = |(c, a): &(&SbomComponent, &crate::advisories::Advisory)| {
        json!({
            "id": a.id, "aliases": a.aliases, "ecosystem": a.ecosystem, "package": c.name, "version": c.version,
            "severity": a.severity, "summary": a.summary,
        })
    };
    // Of a package that is made of nothing with a name, all of them count.
    let used: Vec<&ImportInfo> =
        lookup.imports.iter().filter(|i| used.is_empty() || used.contains(&i.ecosystem)).collect();
    let age = used.iter().map(|i| i.age_days(now)).max().unwrap_or(0);
    let data = json!({
        "imports": lookup.imports,
        "ageDays": age,
        "asked": asked,
        "notAsked": unasked,
        "found": found.iter().take(MAX_ROWS).map(row).collect::<Vec<_>>(),
        "foundInAll": found.len(),
        "undecided": undecided.iter().take(MAX_ROWS).map(row).collect::<Vec<_>>(),
        "undecidedInAll": undecided.len(),
    });
    let dated = |zh: bool| {
        let mut texts: Vec<String> = used
            .iter()
            .map(|i| {
                let (name, days) = (i.ecosystem, i.age_days(now));
                if zh {
                    format!("{name} 安全公告于 {} 导入，内容距今 {days} 天", i.at.to_shanghai())
                } else {
                    format!("{name} advisories imported at {}, {days} days old", i.at.to_rfc3339())
                }
            })
            .collect();
        texts.extend(unasked.iter().map(|(name, n)| {
            if zh {
                format!("没有导入 {name} 的安全公告，{n} 个组成部分未能核对：请管理员导入")
            } else {
                format!("no advisories of {name} were imported, so that {n} components were not looked up: let the city import them")
            }
        }));
        texts.join(if zh { "；" } else { "; " })
    };
    let (dated_zh, dated_en) = (dated(true), dated(false));
    let old = age > i64::from(policy.advisories_days);
    let worst = found.first().map(|(_, a)| a.severity);
    if let Some(worst) = worst {
        let refuse = worst >= policy.refuse_vulnerable_from && worst != Severity::Remark;
        let list = |zh: bool| {
            let texts: Vec<String> = found
                .iter()
                .map(|(c, a)| {
                    let severity = if zh { a.severity.title().zh } else { a.severity.title().en };
                    format!("{} {} {} ({severity})", a.id, c.name, c.version)
                })
                .collect();
            some(texts.iter().map(String::as_str), if zh { "；" } else { "; " })
        };
        return result(
            if refuse { Outcome::Fail } else { Outcome::Warn },
            format!("含有已知漏洞：{}（{dated_zh}）", list(true)),
            format!("it holds known vulnerabilities: {} ({dated_en})", list(false)),
            data,
        );
    }
    if !undecided.is_empty() {
        let ids: BTreeSet<&str> = undecided.iter().map(|(_, a)| a.id.as_str()).collect();
        return result(
            Outcome::Warn,
            format!("有公告无法自动判断是否涉及：{}（{dated_zh}）", some(ids.iter().copied(), "、")),
            format!("some advisories cannot be decided by versions: {} ({dated_en})", some(ids.iter().copied(), ", ")),
            data,
        );
    }
    result(
        if old || !unasked.is_empty() { Outcome::Warn } else { Outcome::Pass },
        format!("核对 {asked} 个组成部分，没有已知漏洞（{dated_zh}{}）", if old { "，已陈旧，请重新导入" } else { "" }),
        format!(
            "none of {asked} components has a known vulnerability ({dated_en}{})",
            if old { ", which is old: import them anew" } else { "" }
        ),
        data,
    )
}
