//! Tickets' codes, and admission by them.

use super::{Refusal, keys, now, orders};
use crate::domain::admission::{self, Window};
use crate::domain::catalogue::Attraction;
use crate::domain::code::{self, ShownCode, Ticket};
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::order::{Order, State, Step, WrongState};
use crate::domain::site::{self, OnSite, SITE_COUNTER};
use crate::domain::slot::Slot;
use crate::domain::time::Date;
use crate::domain::visitor::{self, Visitor};
use crate::policy;
use crate::store::{ENTITLEMENTS, ENTITLEMENTS_BY_DOCUMENT, USES_COUNTER, Verification, count_admission, stage};
use serde_json::json;
use yunlong_sdk::{DataError, Principal, Text, Tx, data, transact};

/// A visitor who was let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The order.
    pub order: String,
    /// The visitor.
    pub visitor: Visitor,
    /// The attraction's name.
    pub attraction: Text,
    /// The slot.
    pub slot: Slot,
    /// Milliseconds of UTC.
    pub at: i64,
    /// Who is on site now, where the attraction has an instantaneous cap.
    pub crowd: Option<OnSite>,
}

/// A ticket as its holder sees it.
#[derive(Clone, Debug)]
pub struct TicketView {
    /// The order.
    pub order: Order,
    /// The visitor's place in it.
    pub visitor: usize,
    /// The entitlements, one for each attraction.
    pub entitlements: Vec<Entitlement>,
    /// The code, while there is anything left to enter.
    pub code: Option<ShownCode>,
}

/// The ticket of one visitor of an order, for the buyer alone.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::WrongState`] before the order is issued.
pub fn ticket(order: &str, visitor: usize, who: &Principal) -> Result<TicketView, Refusal> {
    let order = orders::own(order, who)?;
    if visitor >= order.visitors.len() {
        return Err(Refusal::NotFound);
    }
    let shown = [State::Issued, State::PartUsed, State::Used, State::PartRefunded];
    if !shown.contains(&order.state) {
        return Err(WrongState { state: order.state, step: Step::Admit }.into());
    }
    let mut entitlements = Vec::with_capacity(order.parts.len());
    for part in 0..order.parts.len() {
        entitlements.extend(ENTITLEMENTS.get(&entitlement::id(&order.id, visitor, part))?.map(|e| e.value));
    }
    let open = entitlements.iter().any(|e| e.state == entitlement::State::Unused);
    let code = if open {
        Some(code::show(&keys(), &Ticket { order: order.id.clone(), visitor }, policy::code_seconds()?, now()))
    } else {
        None
    };
    Ok(TicketView { order, visitor, entitlements, code })
}

/// A document that a visitor shows instead of a code: no phone is needed.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// `resident-id` (when empty) or `passport`.
    pub id_type: String,
    /// Its number.
    pub id_number: String,
}

/// Where somebody admits, and who.
#[derive(Clone, Copy, Debug, Default)]
pub struct Desk<'a> {
    /// The gate's name.
    pub gate: &'a str,
    /// The officer's subject.
    pub officer: &'a str,
    /// The scanner or tablet, as it names itself.
    pub device: Option<&'a str>,
    /// Whether to admit though as many are on site as may be. It is recorded.
    pub over_cap: bool,
}

/// How many are on site, where the attraction has an instantaneous cap.
///
/// # Errors
/// [`DataError`].
pub fn on_site(attraction: &Attraction, now: i64) -> Result<Option<OnSite>, DataError> {
    if attraction.instant_cap.is_none() {
        return Ok(None);
    }
    let mut people = 0;
    for key in site::keys(&attraction.id, attraction.stay_minutes, now) {
        people += data::counter(SITE_COUNTER, &key)?;
    }
    Ok(OnSite::of(attraction, people))
}

/// Lets the holder of a code in, once. Two gates that read one code at the same time write the
/// same entitlement and the same bounded counter: one of them finds it used.
///
/// # Errors
/// [`Refusal::Code`], [`Refusal::Gate`], [`Refusal::WrongGate`], [`Refusal::SiteFull`],
/// [`Refusal::WrongState`].
pub fn admit(text: &str, attraction: Option<&str>, desk: Desk<'_>) -> Result<Admitted, Refusal> {
    let now = now();
    let ticket = code::read(&keys(), text, policy::code_seconds()?, now)?;
    let window = policy::admission_window()?;
    twice(|tx| {
        // A genuine code names an order that exists.
        let order = tx.get::<Order>(&ticket.order)?.ok_or(Refusal::NotFound)?.into_value();
        let part = admission::part_for(&order, attraction, &window, now)?;
        enter(tx, order, ticket.visitor, part, &Place { desk, window: &window, now })
    })
}

/// Lets somebody in by the document of their ticket, which the officer has in hand; of several
/// tickets by the one whose time it is.
///
/// # Errors
/// [`Refusal::Fields`], [`Refusal::NoTicket`], and those of [`admit`].
pub fn admit_document(document: &Document, attraction: &str, desk: Desk<'_>) -> Result<Admitted, Refusal> {
    let now = now();
    let hash = visitor::document_hash(&keys(), &document.id_type, &document.id_number, Date::at(now))
        .map_err(|e| Refusal::Fields(vec![e]))?;
    let window = policy::admission_window()?;
    twice(|tx| {
        let theirs = || ENTITLEMENTS_BY_DOCUMENT.equals(hash.as_str()).equals(attraction).limit(100);
        // A slot of yesterday may last until now; what is older tells at least why nobody enters.
        let since = Date::at(now).plus(-1).to_string();
        let mut items = tx.find(theirs().at_least(since))?.items;
        if items.is_empty() {
            items = tx.find(theirs().descending())?.items;
        }
        let mut found = Vec::new();
        for e in items {
            let order = tx.get::<Order>(&e.order)?.ok_or(Refusal::NotFound)?.into_value();
            if order.was_issued() {
                found.push((order, e.into_value()));
            }
        }
        // The one whose time it is and that is not used, else the one that is next in time.
        let rank = |(order, e): &(Order, Entitlement)| {
            let slot = order.parts.get(e.part).map(|p| &p.slot);
            let (from, until) = slot.map_or((i64::MAX, 0), |s| window.bounds(s));
            let open = (from..=until).contains(&now);
            let void = matches!(e.state, entitlement::State::Suspended | entitlement::State::Refunded);
            (void, e.state != entitlement::State::Unused, !open, (from - now).abs())
        };
        let (order, e) = found.into_iter().min_by_key(rank).ok_or(Refusal::NoTicket)?;
        enter(tx, order, e.visitor, e.part, &Place { desk, window: &window, now })
    })
}

/// Where and when somebody enters.
struct Place<'a> {
    desk: Desk<'a>,
    window: &'a Window,
    now: i64,
}

fn twice(enter: impl Fn(&Tx<'_>) -> Result<Admitted, Refusal>) -> Result<Admitted, Refusal> {
    match transact(&enter) {
        // The other gate was first: read again to say when and where.
        Err(Refusal::Data(DataError::OutOfBounds { .. } | DataError::AlreadyExists(_))) => transact(&enter),
        other => other,
    }
}

fn enter(tx: &Tx<'_>, mut order: Order, visitor: usize, part: usize, at: &Place<'_>) -> Result<Admitted, Refusal> {
    let id = entitlement::id(&order.id, visitor, part);
    let Some(found) = tx.get::<Entitlement>(&id)? else {
        // Expired before it was paid: there is no ticket.
        return Err(order.check(Step::Admit).err().map_or(Refusal::NotFound, Into::into));
    };
    let desk = at.desk;
    let attraction = found.slot.attraction.clone();
    let place = tx.get::<Attraction>(&attraction)?.ok_or(Refusal::NotFound)?.into_value();
    place.gate_of(desk.gate, desk.officer).map_err(Refusal::WrongGate)?;
    let used = admission::admit(&mut order, found.into_value(), desk.gate, at.window, at.now)?;
    let crowd = on_site(&place, at.now)?;
    let full = crowd.filter(OnSite::is_full);
    if let Some(crowd) = full.filter(|_| !desk.over_cap) {
        return Err(Refusal::SiteFull { name: place.name, crowd });
    }
    tx.adjust(USES_COUNTER, &id, 1, 0..=i64::from(used.uses))?;
    count_admission(tx, &used.slot, at.now)?;
    tx.put(&used)?;
    stage(tx, &mut order, Vec::new(), false, at.now)?;
    tx.insert(&Verification {
        id: format!("{id}.1"),
        entitlement: id.clone(),
        attraction,
        gate: desk.gate.to_owned(),
        officer: desk.officer.to_owned(),
        device: desk.device.map(ToOwned::to_owned),
        over_cap: full.is_some(),
        at: at.now,
        batch: None,
    })?;
    if let Some(OnSite { people, cap }) = full {
        tx.audit("gate.over-cap", &id, &json!({"gate": desk.gate, "on_site": people, "cap": cap}))?;
    }
    let visitor = order.visitors.get(visitor).cloned().ok_or(Refusal::NotFound)?;
    let (name, slot) = order.parts.get(part).map(|p| (p.name.clone(), p.slot.clone())).ok_or(Refusal::NotFound)?;
    // The one who just came in is on site, too.
    let crowd = crowd.map(|c| OnSite { people: c.people + 1, ..c });
    Ok(Admitted { order: order.id, visitor, attraction: name, slot, at: at.now, crowd })
}
