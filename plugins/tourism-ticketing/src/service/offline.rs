//! Gates without a network: the list that they take along, and the batches that they bring back.
//!
//! A batch is kept whole before anything is judged. Its consumer then judges some scans a delivery,
//! in their order, and the batch's own record says how far it came: uploaded twice, cut off, or
//! killed in the middle, every scan counts once.

use super::{Refusal, keys, now};
use crate::domain::admission::{self, Refused, Window, WindowRule};
use crate::domain::batch::{self, Judged, MOST_SCANS, Scan, State, Verdict};
use crate::domain::code::{self, HOUR, Past, Ticket};
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::order::Order;
use crate::domain::slot::SlotId;
use crate::domain::time::{Date, MINUTE};
use crate::domain::visitor::FieldError;
use crate::policy;
use crate::store::{
    BATCHES, BATCHES_BY_TIME, Batch, ENTITLEMENTS_BY_DAY, GATE_BATCH, ORDERS, USES_COUNTER, Verification,
    count_admission, stage,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use yunlong_sdk::{Collection, Failure, Outgoing, Page, Text, Tx, t, transact};

/// Tickets of one page of a gate's list.
const LIST_PAGE: u32 = 200;
/// Hours that a list is good for, this one included.
pub const LIST_HOURS: i64 = 4;
/// Scans of one delivery.
const CHUNK: usize = 10;

/// A ticket in a gate's list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What stands for the ticket: a hash, so that a lost list names no ticket.
    pub key: String,
    /// What the gate brings back when it lets in by the document.
    pub pass: String,
    /// Some bits of the document's number; absent where it is not known.
    pub document_check: Option<String>,
    /// The visitor's name with all but its first character hidden.
    pub name: String,
    /// The last four characters of the document's number.
    pub document: String,
    /// The concession whose proof to look at.
    pub concession: Option<String>,
    /// From when it opens the gate: milliseconds of UTC.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// Whether it is used already.
    pub used: bool,
    /// The anchors of the list's hours.
    pub anchors: Vec<String>,
}

/// A page of a gate's list.
#[derive(Clone, Debug)]
pub struct List {
    /// Now, by the city's clock.
    pub now: i64,
    /// The first hour of the anchors, in hours since 1970.
    pub hour: i64,
    /// The length of a code's window in seconds.
    pub seconds: u32,
    /// The tickets.
    pub tickets: Vec<Listed>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// A page of the tickets of an attraction that open its gate today, or that are for a slot of
/// yesterday or tomorrow which is open at some time of the list, as a gate without a network needs
/// them.
///
/// # Errors
/// An error of the data service.
pub fn list(attraction: &str, after: Option<String>) -> Result<List, Refusal> {
    let now = now();
    let (keys, seconds, window) = (keys(), policy::code_seconds()?, policy::admission_window()?);
    let hour = now.div_euclid(HOUR);
    let today = Date::at(now);
    let from = today.plus(-1).to_string();
    let ends = (hour + LIST_HOURS) * HOUR;
    // Also where tickets open the gate at any time: those of today are enough to train with.
    let early = |starts: i64| starts - i64::from(window.early_minutes) * MINUTE;
    let late = |ends: i64| ends + i64::from(window.late_minutes) * MINUTE;
    let until = Date::at(ends + i64::from(window.early_minutes) * MINUTE).to_string();
    let days = ENTITLEMENTS_BY_DAY.equals(attraction).at_least(from).at_most(until);
    let page: Page<Entitlement> = Collection::new().find(days.limit(LIST_PAGE).after(after))?;
    let mut slots: BTreeMap<SlotId, bool> = BTreeMap::new();
    let mut orders: BTreeMap<String, Option<Order>> = BTreeMap::new();
    let mut tickets = Vec::with_capacity(page.items.len());
    for e in &page.items {
        if slots.get(&e.slot) == Some(&false) {
            continue;
        }
        if let Entry::Vacant(unread) = orders.entry(e.order.clone()) {
            unread.insert(ORDERS.get(&e.order)?.map(|o| o.value));
        }
        let Some(order) = orders.get(&e.order).and_then(Option::as_ref) else { continue };
        let (Some(v), Some(p)) = (order.visitors.get(e.visitor), order.parts.get(e.part)) else { continue };
        let (opens, closes) = (early(p.slot.starts_at), late(p.slot.ends_at));
        let listed = e.slot.date == today || (closes >= now && opens < ends);
        slots.insert(e.slot.clone(), listed);
        if !listed || !order.was_issued() {
            continue;
        }
        let used = match e.state {
            entitlement::State::Unused | entitlement::State::Expired => false,
            entitlement::State::Used => true,
            entitlement::State::Suspended | entitlement::State::Refunded => continue,
        };
        let ticket = Ticket { order: e.order.clone(), visitor: e.visitor };
        let (from, until) = window.bounds(&p.slot);
        tickets.push(Listed {
            key: code::blind(&ticket.text()),
            pass: code::pass(&keys, &ticket),
            document_check: Some(v.document_check.clone()).filter(|c| !c.is_empty()),
            name: v.name.chars().take(1).chain("*".chars()).collect(),
            document: v.id_masked.chars().skip(v.id_masked.chars().count().saturating_sub(4)).collect(),
            concession: v.concession.clone(),
            from,
            until,
            used,
            anchors: (0..LIST_HOURS).map(|h| code::anchor(&keys, &ticket, seconds, hour + h)).collect(),
        });
    }
    Ok(List { now, hour, seconds, tickets, next: page.next })
}

/// A batch as a gate uploads it.
#[derive(Clone, Debug, Serialize)]
pub struct Upload {
    /// The gate's own number for it, of its own making.
    pub number: String,
    /// The attraction.
    pub attraction: String,
    /// The gate's name.
    pub gate: String,
    /// The tablet, as it names itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The scans.
    pub scans: Vec<Scan>,
}

/// Keeps a batch. The same batch again answers what became of the first.
///
/// # Errors
/// [`Refusal::Fields`], [`Refusal::BatchReused`].
pub fn upload(new: &Upload, officer: &str) -> Result<Batch, Refusal> {
    check(new)?;
    let now = now();
    let id = keys().order_number(officer, &format!("batch/{}", new.number));
    let digest = keys().request_digest(&serde_json::to_string(new).unwrap_or_default());
    let batch = Batch {
        id: id.clone(),
        number: new.number.clone(),
        attraction: new.attraction.clone(),
        gate: new.gate.clone(),
        officer: officer.to_owned(),
        device: new.device.clone(),
        uploaded_at: now,
        digest,
        clock_off: None,
        scans: new.scans.clone(),
        judged: Vec::new(),
        state: if new.scans.is_empty() { State::Reconciled } else { State::Uploaded },
    };
    transact(|tx| {
        if let Some(first) = tx.get::<Batch>(&id)? {
            let first = first.into_value();
            return if first.digest == batch.digest { Ok(first) } else { Err(Refusal::BatchReused) };
        }
        tx.insert(&batch)?;
        if batch.state == State::Uploaded {
            go_on(tx, &id, 0)?;
        }
        tx.audit("gate.batch", &id, &serde_json::json!({"gate": batch.gate, "scans": batch.scans.len()}))?;
        Ok(batch.clone())
    })
}

fn check(new: &Upload) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let mut that = |holds: bool, at: &str, why: Text| {
        if !holds {
            errors.push(FieldError::new(at, why));
        }
    };
    let word = |s: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    that(
        (8..=64).contains(&new.number.len()) && word(&new.number),
        "/number",
        t("批次编号为 8 至 64 位字母、数字和连字符", "A batch's number has 8 to 64 letters, digits and hyphens"),
    );
    let named = (1..=40).contains(&new.gate.chars().count());
    that(named, "/gate", t("检票口名称为 1 至 40 个字", "A gate's name has 1 to 40 characters"));
    let device = new.device.as_ref().is_none_or(|d| (1..=60).contains(&d.chars().count()));
    that(device, "/device", t("设备名称最长 60 个字", "A device's name has at most 60 characters"));
    let place = super::manage::attraction(&new.attraction);
    that(!matches!(place, Err(Refusal::NotFound)), "/attraction", t("没有这个景区", "There is no such attraction"));
    let many = Text::new(format!("一批最多 {MOST_SCANS} 条"), format!("A batch has at most {MOST_SCANS} scans"));
    that(new.scans.len() <= MOST_SCANS, "/scans", many);
    let long = new.scans.iter().all(|s| s.code.len() <= 200 && s.pass.as_ref().is_none_or(|p| p.len() <= 200));
    that(long, "/scans", t("票码太长", "A code is too long"));
    let seconds = new.scans.iter().filter_map(|s| s.seconds).all(|s| code::SECONDS.contains(&s));
    let bounds = Text::new(
        format!("二维码更换时间为 {} 至 {} 秒", code::SECONDS.start(), code::SECONDS.end()),
        format!("Codes are shown for {} to {} seconds", code::SECONDS.start(), code::SECONDS.end()),
    );
    that(seconds, "/scans", bounds);
    if errors.is_empty() { Ok(()) } else { Err(Refusal::Fields(errors)) }
}

/// A batch of this officer, or any for a manager.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(number: &str, officer: &str) -> Result<Batch, Refusal> {
    let id = keys().order_number(officer, &format!("batch/{number}"));
    Ok(BATCHES.get(&id)?.ok_or(Refusal::NotFound)?.into_value())
}

/// The batches of all gates, the newest first.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn batches(limit: u32, after: Option<String>) -> Result<Page<Batch>, Refusal> {
    Ok(Collection::new().find(BATCHES_BY_TIME.all().descending().limit(limit).after(after))?)
}

/// The event by which a batch goes on.
#[derive(Debug, Serialize, Deserialize)]
pub struct GoOn {
    batch: String,
    from: usize,
}

fn go_on(tx: &Tx<'_>, batch: &str, from: usize) -> Result<(), crate::store::StageError> {
    let event = GoOn { batch: batch.to_owned(), from };
    tx.publish(&Outgoing::new(GATE_BATCH, &event).subject(batch).key(batch))?;
    Ok(())
}

/// Judges some scans of a batch.
///
/// # Errors
/// [`Failure`].
pub(super) fn reconcile(work: &GoOn, tx: &Tx<'_>) -> Result<(), Failure> {
    let mut batch = tx
        .get::<Batch>(&work.batch)?
        .ok_or_else(|| Failure::Reject(format!("there is no batch {}", work.batch)))?
        .into_value();
    if batch.judged.len() != work.from || batch.state != State::Uploaded {
        // A repetition of what was done.
        return Ok(());
    }
    let later = |e: yunlong_sdk::context::ConfigError| Failure::Retry(e.to_string());
    let (seconds, now) = (policy::code_seconds().map_err(later)?, now());
    let offset = match batch.clock_off {
        Some(offset) => offset,
        None => {
            let ahead = |s: &Scan| {
                let shown = read(s, batch.uploaded_at)?.shown_at(s.seconds.unwrap_or(seconds))?;
                Some(s.at.saturating_sub(shown))
            };
            batch::clock_offset(batch.scans.iter().filter_map(ahead).collect())
        }
    };
    batch.clock_off = Some(offset);
    let chunk: Vec<Scan> = batch.scans.iter().skip(work.from).take(CHUNK).cloned().collect();
    for scan in chunk {
        let judged = match dated(tx, &batch, &scan, offset, seconds)? {
            Ok((ticket, at)) => judge(tx, &batch, &ticket, at, now)?,
            Err(judged) => judged,
        };
        batch.judged.push(judged);
    }
    if batch.judged.len() < batch.scans.len() {
        go_on(tx, &batch.id, batch.judged.len())?;
    } else {
        batch.state = batch::rest(&batch.judged);
    }
    Ok(tx.put(&batch)?)
}

/// A genuine code, in the hours in which most are found.
fn read(scan: &Scan, uploaded_at: i64) -> Option<Past> {
    let hours = scan.hours_by_clock(uploaded_at).chain(batch::hours_before(uploaded_at));
    code::read_past(&keys(), &scan.code, hours).ok()
}

/// Whose ticket a scan was and when; or what else became of it.
fn dated(
    tx: &Tx<'_>,
    batch: &Batch,
    scan: &Scan,
    offset: i64,
    seconds: u32,
) -> Result<Result<(Ticket, i64), Judged>, Failure> {
    if let Some(pass) = &scan.pass {
        // A document tells no time: the gate's clock does, which the gate corrects by its list.
        let at = scan.at.clamp(0, batch.uploaded_at);
        return Ok(code::read_pass(&keys(), pass)
            .map(|ticket| (ticket, at))
            .map_err(|_| Judged::nobody(Verdict::NotGenuine)));
    }
    let near = read(scan, batch.uploaded_at);
    let by_clock = near.is_some();
    let found = match near {
        Some(past) => Some(past),
        None => read_by_slot(tx, batch, scan)?,
    };
    let Some(past) = found else {
        let old = code::split(&scan.code).is_ok() && scan.at < batch.uploaded_at - batch::HOURS_BACK * HOUR;
        return Ok(Err(Judged::nobody(if old { Verdict::TooOld } else { Verdict::NotGenuine })));
    };
    let shown = past.shown_at(scan.seconds.unwrap_or(seconds)).filter(|at| *at <= batch.uploaded_at);
    let Some(at) = shown else {
        // Codes were shown for another time then. The hour is certain; the minute is the gate's.
        let hour = past.hour * HOUR;
        let said = scan.at.saturating_sub(offset).clamp(hour, hour + HOUR - 1);
        return Ok(Ok((past.ticket, said.min(batch.uploaded_at))));
    };
    // A clock so wrong that only the ticket's own time led to the code proves no screenshot.
    if by_clock && batch::is_stale(at, scan.at, offset) {
        return Ok(Err(Judged {
            order: Some(past.ticket.order),
            visitor: Some(past.ticket.visitor),
            at: Some(at),
            ..Judged::nobody(Verdict::Stale)
        }));
    }
    Ok(Ok((past.ticket, at)))
}

/// A genuine code of a batch that came late, from a gate whose clock was wrong: it was shown while
/// its ticket opened the gate, whenever that was.
fn read_by_slot(tx: &Tx<'_>, batch: &Batch, scan: &Scan) -> Result<Option<Past>, Failure> {
    let window = admission_window()?;
    let Ok((ticket, _)) = code::split(&scan.code) else { return Ok(None) };
    if window.rule == WindowRule::AnyTime {
        return Ok(None);
    }
    let Some(order) = tx.get::<Order>(&ticket.order)? else { return Ok(None) };
    let here = order.parts.iter().map(|p| &p.slot).filter(|s| s.id.attraction == batch.attraction);
    let hours = here.flat_map(|slot| {
        let (from, until) = window.bounds(slot);
        from.div_euclid(HOUR)..=until.min(batch.uploaded_at).div_euclid(HOUR)
    });
    Ok(code::read_past(&keys(), &scan.code, hours).ok())
}

/// The gate's clock and the code's window may differ by a little at the edges of a slot.
fn admission_window() -> Result<Window, Failure> {
    Ok(policy::admission_window().map_err(|e| Failure::Retry(e.to_string()))?.widened(2))
}

/// Judges one genuine code: an admission at the time that the code itself tells.
fn judge(tx: &Tx<'_>, batch: &Batch, ticket: &Ticket, at: i64, now: i64) -> Result<Judged, Failure> {
    let of = |verdict: Verdict| Judged {
        verdict,
        order: Some(ticket.order.clone()),
        visitor: Some(ticket.visitor),
        at: Some(at),
        first_at: None,
        first_gate: None,
    };
    let Some(mut order) = tx.get::<Order>(&ticket.order)?.map(yunlong_sdk::Stored::into_value) else {
        return Ok(of(Verdict::NotValid));
    };
    let window = admission_window()?;
    let part = match admission::part_for(&order, Some(&batch.attraction), &window, at) {
        Ok(part) => part,
        Err(_) => return Ok(of(Verdict::OtherAttraction)),
    };
    let id = entitlement::id(&order.id, ticket.visitor, part);
    let Some(found) = tx.get::<Entitlement>(&id)?.map(yunlong_sdk::Stored::into_value) else {
        return Ok(of(Verdict::NotValid));
    };
    match admission::admit(&mut order, found, &batch.gate, &window, at) {
        Ok(used) => {
            tx.adjust(USES_COUNTER, &id, 1, 0..=i64::from(used.uses))?;
            count_admission(tx, &used.slot, at)?;
            tx.put(&used)?;
            stage(tx, &mut order, Vec::new(), false, now)?;
            tx.insert(&Verification {
                id: format!("{id}.1"),
                entitlement: id,
                attraction: used.slot.attraction.clone(),
                gate: batch.gate.clone(),
                officer: batch.officer.clone(),
                device: batch.device.clone(),
                over_cap: false,
                at,
                batch: Some(batch.id.clone()),
            })?;
            Ok(of(Verdict::Admitted))
        }
        // The same window's code at the same gate is the same person at the same moment.
        Err(Refused::AlreadyUsed { at: first, gate }) if first == at && gate == batch.gate => Ok(of(Verdict::Repeated)),
        Err(Refused::AlreadyUsed { at: first, gate }) => {
            Ok(Judged { first_at: Some(first), first_gate: Some(gate), ..of(Verdict::AlreadyUsed) })
        }
        Err(Refused::Refunded) => Ok(of(Verdict::Refunded)),
        Err(Refused::TooEarly { .. } | Refused::TooLate { .. }) => Ok(of(Verdict::OtherTime)),
        Err(Refused::OtherAttraction(_) | Refused::WhichAttraction(_)) => Ok(of(Verdict::OtherAttraction)),
        Err(Refused::WrongState(_)) => Ok(of(Verdict::NotValid)),
    }
}

/// Minutes by which a gate's clock was ahead, for people.
#[must_use]
pub fn minutes_off(batch: &Batch) -> i64 {
    batch.clock_off.unwrap_or(0) / MINUTE
}
