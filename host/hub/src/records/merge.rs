//! What a change makes of a record's fields: who may set them, where each comes from, whether they may be so.

use super::step::{self, Days};
use super::write::{Authority, Fresh, Writer, one};
use crate::{FieldError, HubError, Provenance, Record, validate};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use yunlong_formats::Date;

/// The fields of a new version, and which of them come with it.
pub(super) struct Merged {
    pub(super) body: Map<String, Value>,
    pub(super) source: Provenance,
    pub(super) sources: BTreeMap<String, Provenance>,
    pub(super) changed: Vec<String>,
}

impl Writer {
    /// The fields of `base`, with what is given in its normal form.
    pub(super) fn merge(&self, by: &Authority, fresh: Fresh, base: Option<&Record>) -> Result<Merged, HubError> {
        let dataset = self.dataset();
        let mut given = fresh.fields;
        given.entry(dataset.key.clone()).or_insert_with(|| Value::String(fresh.key));
        let mut errors = validate::fields(dataset, &mut given);
        if let Some(base) = base
            && given.get(&dataset.key).is_some_and(|k| k.as_str() != Some(&base.key))
        {
            errors.push(FieldError::new(&dataset.key, "标识项不能修改", "the key of a record does not change"));
        }
        if !errors.is_empty() {
            return Err(HubError::Record(errors));
        }
        let mut body = base.map(|b| b.body.clone()).unwrap_or_default();
        given.retain(|name, value| body.get(name).unwrap_or(&Value::Null) != value);
        let changed: Vec<String> = given.keys().cloned().collect();
        if base.is_none() {
            self.provider_only(by)?;
        }
        for (name, value) in given {
            if value.is_null() {
                body.remove(&name);
            } else {
                body.insert(name, value);
            }
        }
        let (source, sources) = sources(base, &body, &changed, &fresh.provenance);
        Ok(Merged { body, source, sources, changed })
    }

    /// Whether the writer is the authority for each field that is given but the key, by which the record is
    /// found. It is asked before the record is read, so that the answer tells nothing of what it says, nor
    /// whether it is there.
    pub(super) fn may_set(&self, by: &Authority, given: &Map<String, Value>) -> Result<(), HubError> {
        let Authority::Of(organization) = by else { return Ok(()) };
        let dataset = self.dataset();
        let authority = |name: &String| dataset.item(name).map(|i| dataset.authority(i));
        let given = given.keys().filter(|n| **n != dataset.key);
        let foreign = given.filter(|n| authority(n).is_some_and(|a| a != organization));
        let errors: Vec<FieldError> = foreign
            .map(|n| {
                let whose = authority(n).unwrap_or_default();
                FieldError::new(
                    n,
                    format!("该项的权威来源是 {whose}，不能由 {organization} 修改：请去掉这一项，或提出疑义核查"),
                    format!(
                        "{whose} is the authority for it, not {organization}: leave it out, or ask for a correction"
                    ),
                )
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(HubError::Record(errors)) }
    }

    /// Whether a change is refused for what it says itself, whatever stands on record: such a refusal tells
    /// nothing of anybody.
    pub(crate) fn refuses(&self, by: &Authority, key: &str, given: &Map<String, Value>) -> bool {
        let dataset = self.dataset();
        validate::key(dataset, key).is_some()
            || self.may_set(by, given).is_err()
            || !validate::fields(dataset, &mut given.clone()).is_empty()
    }

    pub(super) fn provider_only(&self, by: &Authority) -> Result<(), HubError> {
        let provider = &self.dataset().provider;
        match by {
            Authority::Of(organization) if organization != provider => Err(HubError::forbidden(
                "只有提供方可以新增或终止记录",
                "the provider alone adds records and ends them",
            )),
            _ => Ok(()),
        }
    }

    pub(super) async fn check(&mut self, merged: &Merged, from: Date, days: &Days) -> Result<(), HubError> {
        step::sane(days, &self.today).map_err(one)?;
        let (inner, live) = (&self.records.inner, &self.records.live);
        let (body, changed) = (&merged.body, &merged.changed);
        let errors = validate::record(inner, live, body, changed, from, &mut self.divisions).await;
        if errors.is_empty() { Ok(()) } else { Err(HubError::Record(errors)) }
    }
}

/// Where the fields come from: the changed ones from here, the others from where they came before.
fn sources(
    base: Option<&Record>,
    body: &Map<String, Value>,
    changed: &[String],
    from: &Provenance,
) -> (Provenance, BTreeMap<String, Provenance>) {
    let kept = |base: &Record| body.keys().any(|f| !changed.contains(f) && *f != base.key);
    let Some(base) = base.filter(|b| kept(b)) else { return (from.clone(), BTreeMap::new()) };
    let mut sources = base.sources.clone();
    sources.retain(|f, _| body.contains_key(f));
    for field in changed.iter().filter(|f| body.contains_key(*f)) {
        sources.insert(field.clone(), from.clone());
    }
    (base.source.clone(), sources)
}
