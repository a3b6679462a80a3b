//! What of a record leaves the hub.

use super::Open;
use super::call::Call;
use crate::days::day;
use crate::{Dataset, FieldSource, Provenance, Record, Released};
use serde_json::Map;

impl Open {
    /// A record as it is released.
    pub(crate) fn release(&self, call: &Call, reference: String, record: &Record) -> Released {
        let dataset = call.dataset();
        let shows_days = shows_days(call);
        let (mut body, mut unrecorded, mut sources) = (Map::new(), Vec::new(), Vec::new());
        // In the catalogue's order.
        for item in &dataset.items {
            let Some(mask) = call.allowed.fields.get(&item.name) else { continue };
            match record.body.get(&item.name).filter(|v| !v.is_null()) {
                Some(value) => {
                    body.insert(item.name.clone(), mask.apply(item.kind, value, call.today));
                    let source = record.sources.get(&item.name).unwrap_or(&record.source);
                    let recorded = if shows_days { recorded(dataset, source) } else { String::new() };
                    let organization = source.organization.clone();
                    sources.push(FieldSource { field: item.name.clone(), organization, recorded });
                }
                None => unrecorded.push(item.name.clone()),
            }
        }
        let from = if dataset.is_personal() { record.since.as_ref() } else { None };
        Released {
            reference,
            version: self.version(call, record),
            body,
            unrecorded,
            valid_from: if shows_days { from.unwrap_or(&record.valid_from).clone() } else { String::new() },
            valid_to: record.valid_to.clone().filter(|_| shows_days),
            sources,
        }
    }

    /// The version as the installation sees it. The number that counts a person's changes is the same for
    /// everybody and moves with fields that they were not given: so it is a keyed hash over the installation,
    /// the record, and what the granted fields say.
    pub(crate) fn version(&self, call: &Call, record: &Record) -> u64 {
        let dataset = call.dataset();
        if !dataset.is_personal() {
            return record.version;
        }
        let granted = dataset.items.iter().filter(|i| call.granted(&i.name).is_some());
        let said = granted.filter_map(|i| Some((&i.name, record.body.get(&i.name)?)));
        let said: String = said.map(|(name, value)| format!("{name}={value}\n")).collect();
        let installation = self.caller.installation.as_str();
        self.hub.inner.tags().number(&["version", installation, &dataset.id, &record.key, &said])
    }
}

/// Whether the app is told days of a record.
pub(super) fn shows_days(call: &Call) -> bool {
    !call.dataset().is_personal() || is_identified(call, call.dataset())
}

/// Whether the app is given a number that says who it is. Two apps that have it need no day to compare.
pub(crate) fn is_identified(call: &Call, dataset: &Dataset) -> bool {
    call.is_searchable(&dataset.key) || dataset.person.as_ref().is_some_and(|p| call.is_searchable(p))
}

/// A moment in milliseconds is as good as a number of the record.
fn recorded(dataset: &Dataset, source: &Provenance) -> String {
    if dataset.is_personal() { day(source.at).to_string() } else { source.at.to_rfc3339() }
}
