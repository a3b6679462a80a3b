//! What pages and files show whole: lists that are sorted and searched, what waits for somebody, and a regulator's
//! figures. Everything is read through the services, which check who asks; what waits alone is read by indexes of its own,
//! for the organization that the actor stands for.

pub mod overview;
pub mod waiting;

use crate::domain::actor::{Actor, Role};
use crate::domain::freight::{FreightOrder, Waybill};
use crate::domain::receipt::Receipt;
use crate::domain::warehouse::Lot;
use crate::service::{Refusal, freight, receipts, warehouses};
use crate::store::{FREIGHT_ORDERS, LOTS, RECEIPTS, WAYBILLS, by};
use yunlong_sdk::{Document, Page, Stored};

/// The most that a list holds: more is for files by month, and for the API with its cursors.
pub const MOST: usize = 2_000;
/// How many are read at a time.
const AT_A_TIME: u32 = 200;

/// A list that was read whole, or as far as lists go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered<T> {
    /// What was found, in the order of the service.
    pub items: Vec<T>,
    /// Whether there is more than a list holds.
    pub more: bool,
}

impl<T> Gathered<T> {
    /// The same list with those that fit.
    #[must_use]
    pub fn only(mut self, fits: impl Fn(&T) -> bool) -> Self {
        self.items.retain(fits);
        self
    }
}

/// Reads a list page after page.
///
/// # Errors
/// What the service refuses.
pub fn gather<T: Document>(
    read: impl Fn(u32, Option<String>) -> Result<Page<T>, Refusal>,
) -> Result<Gathered<T>, Refusal> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = read(AT_A_TIME, after)?;
        items.extend(page.items.into_iter().map(Stored::into_value));
        match page.next {
            Some(_) if items.len() >= MOST => {
                items.truncate(MOST);
                return Ok(Gathered { items, more: true });
            }
            Some(next) => after = Some(next),
            None => return Ok(Gathered { items, more: false }),
        }
    }
}

/// The most that is counted one by one.
const COUNTED: usize = 50_000;

/// Goes through a list page after page and keeps nothing of it. Answers whether there was more than is counted.
///
/// # Errors
/// What the service refuses.
pub fn each<T: Document>(
    read: impl Fn(u32, Option<String>) -> Result<Page<T>, Refusal>,
    mut take: impl FnMut(&T),
) -> Result<bool, Refusal> {
    let (mut after, mut counted) = (None, 0);
    loop {
        let page = read(AT_A_TIME, after)?;
        counted += page.items.len();
        page.items.iter().for_each(|item| take(item));
        match page.next {
            Some(_) if counted >= COUNTED => return Ok(true),
            Some(next) => after = Some(next),
            None => return Ok(false),
        }
    }
}

/// In which of its parts a company looks at a list: whoever acts for one may own, keep and carry goods for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// As it comes: what the company owns, or what the office is there for.
    #[default]
    First,
    /// What a company keeps or carries for others.
    ForOthers,
}

impl Part {
    /// By its name in an address: `others`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        if name == "others" { Self::ForOthers } else { Self::First }
    }

    /// Whether the actor has two parts at all.
    #[must_use]
    pub fn applies(actor: &Actor, other: Role) -> bool {
        actor.is(Role::Manufacturer) && actor.is(other) && !actor.is(Role::Regulator)
    }

    fn is_others(self, actor: &Actor, role: Role) -> bool {
        self == Self::ForOthers && Self::applies(actor, role)
    }
}

/// The receipts that the actor's organization holds, or keeps the goods of.
///
/// # Errors
/// [`Refusal`].
pub fn receipts(actor: &Actor, part: Part) -> Result<Gathered<Receipt>, Refusal> {
    let kept = by::RECEIPT_CUSTODIAN.equals(actor.organization.as_str());
    gather(|limit, after| {
        if part.is_others(actor, Role::Warehouse) {
            return Ok(RECEIPTS.find(kept.clone().descending().limit(limit).after(after))?);
        }
        receipts::list(actor, limit, after)
    })
}

/// The lots that the actor's organization owns, or keeps.
///
/// # Errors
/// [`Refusal`].
pub fn lots(actor: &Actor, part: Part) -> Result<Gathered<Lot>, Refusal> {
    let kept = by::LOT_CUSTODIAN.equals(actor.organization.as_str());
    gather(|limit, after| {
        if part.is_others(actor, Role::Warehouse) {
            return Ok(LOTS.find(kept.clone().descending().limit(limit).after(after))?);
        }
        warehouses::lots(actor, None, limit, after)
    })
}

/// The freight orders that the actor's organization gave, or was given.
///
/// # Errors
/// [`Refusal`].
pub fn freight_orders(actor: &Actor, part: Part) -> Result<Gathered<FreightOrder>, Refusal> {
    let given = by::FREIGHT_CARRIER.equals(actor.organization.as_str());
    gather(|limit, after| {
        if part.is_others(actor, Role::Carrier) {
            return Ok(FREIGHT_ORDERS.find(given.clone().descending().limit(limit).after(after))?);
        }
        freight::orders(actor, limit, after)
    })
}

/// The waybills of what the actor's organization sent, or carries.
///
/// # Errors
/// [`Refusal`].
pub fn waybills(actor: &Actor, part: Part) -> Result<Gathered<Waybill>, Refusal> {
    let carried = by::WAYBILL_CARRIER.equals(actor.organization.as_str());
    gather(|limit, after| {
        if part.is_others(actor, Role::Carrier) {
            return Ok(WAYBILLS.find(carried.clone().descending().limit(limit).after(after))?);
        }
        freight::waybills(actor, limit, after)
    })
}
