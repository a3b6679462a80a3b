//! Ticks: published, counted, forgotten after a day.

use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{self, JsonSchema};
use yunlong_sdk::{Collection, DataError, Document, Event, Failure, Outgoing, Stored, Tx, data, now, transact, web};

const TOPIC: &str = "ticker.tick";
const TICKS: Collection<Tick> = Collection::new();
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Who makes it tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The job.
    Clock,
    /// Somebody who pressed the button.
    Person,
}

/// The payload of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The minute that it announces, or when the button was pressed: ms since 1970.
    pub at: u64,
    /// Who made it tick.
    pub by: Source,
}

/// A tick that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Document)]
#[document(collection = "ticks", indexes("by-time"))]
pub struct Tick {
    /// The event's id.
    #[document(id)]
    pub id: String,
    /// The minute that it announced, or when the button was pressed: ms since 1970.
    pub time: u64,
    /// Who made it tick.
    pub by: Source,
    /// How long it was on its way, in ms.
    pub delay: u64,
}

// ANCHOR: job
/// The job: publishes the tick of this minute and forgets those of yesterday.
pub(crate) fn of_the_clock(tx: &Tx<'_>, scheduled: u64) -> Result<(), Failure> {
    let tick = Published { at: scheduled, by: Source::Clock };
    // One minute, one tick: a run that is repeated does not publish again.
    tx.publish(&Outgoing::new(TOPIC, &tick).key("ticks").once(format!("minute-{scheduled}")))?;
    for old in tx.find(Tick::BY_TIME.all().below(scheduled.saturating_sub(DAY)).limit(100))? {
        tx.delete::<Tick>(&old.id)?;
    }
    Ok(())
}
// ANCHOR_END: job

/// The button.
pub(crate) fn of_a_person() -> web::Result<()> {
    let tick = Published { at: now(), by: Source::Person };
    transact(|tx| {
        tx.publish(&Outgoing::new(TOPIC, &tick).key("ticks"))?;
        Ok(())
    })
}

// ANCHOR: count
/// The consumer: what it writes commits together with the acknowledgment.
pub(crate) fn count(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
    let tick: Published = event.json()?;
    let arrived = Tick { id: event.id.clone(), time: tick.at, by: tick.by, delay: now().saturating_sub(event.time) };
    match tx.insert(&arrived) {
        // The same event, delivered again: it is counted already.
        Err(DataError::AlreadyExists(_)) => return Ok(()),
        other => other?,
    }
    tx.adjust("ticks", "all", 1, 0..=i64::MAX)?;
    Ok(())
}
// ANCHOR_END: count

/// How many ticks were ever counted.
pub(crate) fn total() -> Result<i64, DataError> {
    data::counter("ticks", "all")
}

/// The latest ticks.
pub(crate) fn latest() -> Result<Vec<Tick>, DataError> {
    Ok(TICKS.find(Tick::BY_TIME.all().descending().limit(20))?.into_iter().map(Stored::into_value).collect())
}
