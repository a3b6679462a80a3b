//! The change feed: which entries changed, without what they say.

use crate::roster::ROSTER;
use serde::{Deserialize, Serialize};
use yunlong_sdk::{Collection, DataError, Document, Event, Failure, Tx, now};

const CHANGES: Collection<Change> = Collection::new();
/// The platform's topic. It is not listed under `[[consumes]]`: `access = ["changes"]` asks for it.
const TOPIC: &str = "city.hub.changed";
const SOURCE: &str = "/platform/hub";
const MONTH: u64 = 30 * 24 * 60 * 60 * 1000;

/// The payload of `city.hub.changed`, as far as it is used here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The purpose whose grant it rests on.
    pub purpose: String,
    /// The record.
    pub reference: String,
    /// Which granted fields changed.
    pub fields: Vec<String>,
    /// Whether it no longer holds, or was removed.
    pub ended: bool,
}

/// An entry that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Document)]
#[document(collection = "changes", indexes("by-time"))]
pub struct Change {
    /// Its reference: the app's own, which says nothing to anybody else.
    #[document(id)]
    pub reference: String,
    /// Which fields.
    pub fields: Vec<String>,
    /// When, ms since 1970.
    pub time: u64,
}

/// The consumer. The same event again changes nothing, since it is kept under the record's reference; those of one
/// record come in their order.
pub(crate) fn follow(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
    if event.topic != TOPIC || event.source != SOURCE {
        return Ok(());
    }
    let changed: Changed = event.json()?;
    if changed.purpose != ROSTER {
        return Ok(());
    }
    if changed.ended {
        // Whatever is kept of a record goes when the record goes.
        tx.delete::<Change>(&changed.reference)?;
    } else {
        tx.put(&Change { reference: changed.reference, fields: changed.fields, time: event.time })?;
    }
    for old in tx.find(Change::BY_TIME.all().below(now().saturating_sub(MONTH)).limit(100))? {
        tx.delete::<Change>(&old.reference)?;
    }
    Ok(())
}

/// When the entry changed, if it did lately.
pub(crate) fn of(reference: &str) -> Result<Option<Change>, DataError> {
    Ok(CHANGES.get(reference)?.map(yunlong_sdk::Stored::into_value))
}
