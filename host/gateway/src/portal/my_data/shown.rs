//! That somebody's own data is shown to them: an entry of the log for each part of it, which is on stable
//! storage before the part leaves the portal. Whoever sits at somebody else's browser leaves a trace, too.

use super::{HeldRecord, People};
use crate::failure::Outcome;
use crate::operations::personal::Held;
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};
use yunlong_audit::Entry;
use yunlong_hub::Correction;
use yunlong_identity::{Attributes, Session};
use yunlong_installations::Installation;

/// The action of a person who looks at their own data here.
pub(super) const SHOWN: &str = "data.shown";
/// What a copy is called, as that to which something was done.
pub(super) const COPY: &str = "copy";

/// What is about to be shown to a person of themself.
pub(super) struct Shown<'a> {
    view: &'a View,
    blank: Entry,
    entries: Vec<Entry>,
}

impl<'a> Shown<'a> {
    pub(super) fn to(view: &'a View, session: &Session, people: &People) -> Self {
        let blank = Entry {
            about: people.0.first().cloned(),
            request_id: view.request_id.to_string(),
            ..Entry::new(SHOWN, &session.account, session.kind.principal())
        };
        Self { view, blank, entries: Vec::new() }
    }

    fn with(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// A copy of everything: an entry even where there is nothing else to write down.
    pub(super) fn copy(self, format: &str) -> Self {
        let entry = Entry { target: COPY.into(), detail: format.to_owned(), ..self.blank.clone() };
        self.with(entry)
    }

    /// What the account itself holds.
    pub(super) fn account(self, known: &Attributes) -> Self {
        let all = [
            ("real-name", known.real_name.is_some()),
            ("resident-id", known.resident_id.is_some()),
            ("mobile", known.mobile.is_some()),
        ];
        let fields: Vec<String> = all.iter().filter(|(_, there)| *there).map(|(name, _)| (*name).to_owned()).collect();
        if fields.is_empty() {
            return self;
        }
        let entry = Entry { target: "account".into(), fields, ..self.blank.clone() };
        self.with(entry)
    }

    /// Items of a record; all that any of its versions has, where none are named.
    pub(super) fn record(self, h: &HeldRecord, item: Option<&str>) -> Self {
        let all = || h.versions().flat_map(|r| r.body.keys()).collect::<BTreeSet<_>>();
        let fields = item.map_or_else(|| all().into_iter().cloned().collect(), |item| vec![item.to_owned()]);
        let (about, dataset) = (Some(h.person.clone()), Some(h.dataset.id.clone()));
        let entry = Entry { about, dataset, fields, ..self.blank.clone() };
        self.with(entry)
    }

    /// What stood on record, and what the person said of it, in corrections that they filed.
    pub(super) fn corrections(mut self, all: &[Correction]) -> Self {
        let mut by_dataset: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for c in all {
            by_dataset.entry(&c.dataset).or_default().extend(c.item.as_deref());
        }
        for (dataset, items) in by_dataset {
            let fields = items.into_iter().map(str::to_owned).collect();
            let (dataset, target) = (Some(dataset.to_owned()), "corrections".to_owned());
            self.entries.push(Entry { dataset, target, fields, ..self.blank.clone() });
        }
        self
    }

    /// A part of what an app keeps; nothing where it has none of it.
    pub(super) fn app(self, i: &Installation, held: &Held) -> Self {
        if held.documents.is_empty() {
            return self;
        }
        let entry = Entry {
            installation: Some(i.name.clone()),
            target: held.part.clone(),
            fields: held.personal.fields.iter().map(|f| f.path.clone()).collect(),
            ..self.blank.clone()
        };
        self.with(entry)
    }

    /// Writes it down. What it is about may leave when this has answered, and not before.
    pub(super) async fn write_down(self) -> Outcome<()> {
        Ok(self.view.gateway.services.audit.record(self.entries).await?)
    }
}
