//! Freight orders and waybills.

use super::fields::Check;
use super::{Numbered, Refusal, known, now};
use crate::domain::actor::{Actor, Role};
use crate::domain::flow::Flow;
use crate::domain::freight::{FreightOrder, MAX_PARCELS, Parcel, Place, Proof, Reason, State, Waybill};
use crate::domain::time::DAY;
use crate::store::{FREIGHT_ORDERS, WAYBILL_CHANGED, WAYBILLS, by};
use serde::Serialize;
use serde_json::json;
use yunlong_sdk::{Outgoing, Page, Stored, Tx, t, transact};

/// What somebody wants carried.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewFreight {
    /// The carrier's organization.
    pub carrier: String,
    /// The number of the trade's order.
    pub order: String,
    /// The goods by their code.
    pub goods: String,
    /// How much, in the unit of the goods.
    pub quantity: u64,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// Fen that it is worth.
    pub value: u64,
    /// By when it must be there: milliseconds of UTC.
    pub not_after: i64,
    /// The parcels, if it is in parcels: number, goods, grams.
    pub parcels: Vec<(String, String, u64)>,
}

pub(crate) fn place(check: &mut Check, pointer: &str, place: &Place) -> Place {
    let division = check.division(&format!("{pointer}/division"), &place.division);
    let address = if place.address.trim().is_empty() {
        String::new()
    } else {
        check.text(&format!("{pointer}/address"), &place.address, 120)
    };
    Place { division, address }
}

/// Parcels that were not sent yet, checked: their numbers are different.
pub(crate) fn parcels(check: &mut Check, given: &[(String, String, u64)]) -> Vec<Parcel> {
    if given.len() > MAX_PARCELS {
        check.wrong("/parcels", t("最多 200 个包裹", "At most 200 parcels"));
        return Vec::new();
    }
    let mut numbers = std::collections::BTreeSet::new();
    let mut parcels = Vec::with_capacity(given.len());
    for (i, (parcel, goods, grams)) in given.iter().enumerate() {
        let at = |field: &str| format!("/parcels/{i}/{field}");
        let parcel = check.text(&at("parcel"), parcel, 60);
        if !numbers.insert(parcel.clone()) {
            check.wrong(&at("parcel"), t("包裹编号重复", "The number is there twice"));
        }
        let goods = check.text(&at("goods"), goods, 80);
        check.quantity(&at("grams"), *grams);
        parcels.push(Parcel { parcel, goods, grams: *grams, state: State::Booked, reason: None });
    }
    parcels
}

/// Asks a carrier to carry something: for a company.
///
/// # Errors
/// [`Refusal`].
pub fn order(actor: &Actor, key: Option<&str>, new: &NewFreight) -> Result<FreightOrder, Refusal> {
    actor.needs(Role::Manufacturer)?;
    let mut check = Check::new();
    let carrier = check.organization("/carrier", &new.carrier);
    let order = check.text("/order", &new.order, 60);
    let goods = check.text("/goods", &new.goods, 80);
    let quantity = check.quantity("/quantity", new.quantity);
    let (from, to) = (place(&mut check, "/from", &new.from), place(&mut check, "/to", &new.to));
    let value = check.fen("/value", new.value);
    let parcels = parcels(&mut check, &new.parcels);
    if !(now()..now() + 3_660 * DAY).contains(&new.not_after) {
        check.wrong("/not_after", t("送达期限应在将来", "It must be in the future"));
    }
    check.done()?;
    let number = Numbered::new("FO", actor, key, new)?;
    number.once(
        |id| FREIGHT_ORDERS.get(id),
        |f| &f.digest,
        || {
            let freight = FreightOrder {
                id: number.id.clone(),
                shipper: actor.organization.clone(),
                open: Some(carrier.clone()),
                carrier,
                order,
                request: None,
                goods,
                quantity,
                from,
                to,
                value,
                not_after: new.not_after,
                parcels,
                waybill: None,
                created_at: now(),
                digest: number.request.clone(),
            };
            transact(|tx| {
                tx.insert(&freight)?;
                tx.audit("freight.order", &freight.id, &json!({"carrier": freight.carrier}))?;
                Ok::<_, Refusal>(())
            })?;
            Ok(freight)
        },
    )
}

/// The carrier takes an order: its waybill. Taken already, the same waybill is answered.
///
/// # Errors
/// [`Refusal`].
pub fn book(actor: &Actor, freight: &str) -> Result<Waybill, Refusal> {
    transact(|tx| {
        let mut order: FreightOrder = known(tx.get(freight))?;
        actor.needs_of(Role::Carrier, &order.carrier)?;
        if let Some(first) = &order.waybill {
            return known(tx.get(first));
        }
        let id = super::keys().number("WB", &order.id, "waybill");
        let waybill = order.book(id, now())?;
        tx.put(&order)?;
        tx.insert(&waybill)?;
        tell(tx, &waybill, None)?;
        tx.audit("waybill.book", &waybill.id, &json!({"freight": freight}))?;
        Ok(waybill)
    })
}

/// Tells the app that asked for a waybill what has become of it, or of one parcel.
pub(crate) fn tell(tx: &Tx<'_>, waybill: &Waybill, parcel: Option<&Parcel>) -> Result<(), Refusal> {
    let Some(request) = &waybill.request else { return Ok(()) };
    let (state, reason) = parcel.map_or((waybill.state, waybill.reason), |p| (p.state, p.reason));
    let data = json!({
        "waybill": waybill.id, "request": request, "parcel": parcel.map(|p| &p.parcel),
        "state": state.code(), "reason": reason.map(Reason::code), "at": now(),
    });
    tx.publish(&Outgoing::new(WAYBILL_CHANGED, &data).subject(request).key(request))?;
    Ok(())
}

fn step(
    actor: &Actor,
    id: &str,
    action: &str,
    take: impl Fn(&Tx<'_>, &mut Waybill, i64) -> Result<bool, Refusal>,
) -> Result<Waybill, Refusal> {
    transact(|tx| {
        let mut waybill: Waybill = known(tx.get(id))?;
        actor.needs_of(Role::Carrier, &waybill.carrier)?;
        if take(tx, &mut waybill, now())? {
            tx.put(&waybill)?;
            refresh_flow(tx, &waybill)?;
            let (state, reason) = (waybill.state.code(), waybill.reason.map(Reason::code));
            tx.audit(action, id, &json!({"state": state, "reason": reason}))?;
        }
        Ok(waybill)
    })
}

/// A link that names the waybill learns what it says now.
fn refresh_flow(tx: &Tx<'_>, waybill: &Waybill) -> Result<(), Refusal> {
    let linked = tx.find::<Flow>(by::FLOW_WAYBILL.equals(waybill.id.as_str()).limit(1))?;
    for mut flow in linked.items.into_iter().map(Stored::into_value) {
        if flow.may_change().is_ok() {
            flow.refresh(Some(waybill), None);
            tx.put(&flow)?;
        }
    }
    Ok(())
}

/// The goods are on a vehicle: its plate, and the driver's number at the carrier.
///
/// # Errors
/// [`Refusal`].
pub fn load(actor: &Actor, id: &str, vehicle: &str, driver: &str) -> Result<Waybill, Refusal> {
    let mut check = Check::new();
    let (vehicle, driver) = (check.text("/vehicle", vehicle, 20), check.text("/driver", driver, 20));
    check.done()?;
    step(actor, id, "waybill.load", |tx, waybill, now| {
        let changed = waybill.advance(State::Loaded, None, now)?;
        if changed {
            waybill.vehicle.clone_from(&vehicle);
            waybill.driver.clone_from(&driver);
            tell(tx, waybill, None)?;
        }
        Ok(changed)
    })
}

/// The waybill goes on: in transit, delivered, or something went wrong with all of it.
///
/// # Errors
/// [`Refusal`].
pub fn advance(actor: &Actor, id: &str, to: State, reason: Option<Reason>) -> Result<Waybill, Refusal> {
    step(actor, id, "waybill.advance", |tx, waybill, now| {
        let changed = waybill.advance(to, reason, now)?;
        if changed {
            tell(tx, waybill, None)?;
        }
        Ok(changed)
    })
}

/// Something is wrong with one parcel.
///
/// # Errors
/// [`Refusal`].
pub fn parcel_exception(actor: &Actor, id: &str, parcel: &str, reason: Reason) -> Result<Waybill, Refusal> {
    step(actor, id, "waybill.parcel", |tx, waybill, now| {
        let whole = waybill.state;
        let changed = waybill.parcel_exception(parcel, reason, now)?;
        if changed {
            tell(tx, waybill, waybill.parcels.iter().find(|p| p.parcel == parcel))?;
            if waybill.state != whole {
                tell(tx, waybill, None)?;
            }
        }
        Ok(changed)
    })
}

/// The receiver has signed: in which office, the paper's number, and what arrived.
///
/// # Errors
/// [`Refusal`].
pub fn sign(actor: &Actor, id: &str, received_by: &str, document: &str, quantity: u64) -> Result<Waybill, Refusal> {
    let mut check = Check::new();
    let received_by = check.text("/received_by", received_by, 40);
    let document = check.text("/document", document, 60);
    check.quantity("/quantity", quantity);
    check.done()?;
    step(actor, id, "waybill.sign", |tx, waybill, now| {
        let proof = Proof { received_by: received_by.clone(), document: document.clone(), quantity, at: now };
        let changed = waybill.sign(proof, now)?;
        if changed {
            tell(tx, waybill, None)?;
        }
        Ok(changed)
    })
}

fn may_see(actor: &Actor, shipper: &str, carrier: &str) -> bool {
    actor.is(Role::Regulator) || actor.is_of(Role::Carrier, carrier) || actor.is_of(Role::Manufacturer, shipper)
}

/// One freight order: for its shipper, its carrier and regulators.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn freight(actor: &Actor, id: &str) -> Result<FreightOrder, Refusal> {
    let order: FreightOrder = known(FREIGHT_ORDERS.get(id))?;
    if may_see(actor, &order.shipper, &order.carrier) { Ok(order) } else { Err(Refusal::NotFound) }
}

/// The freight orders that the actor's organization gave or was given, the newest first.
///
/// # Errors
/// An error of the data service.
pub fn orders(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<FreightOrder>, Refusal> {
    let organization = actor.organization.as_str();
    let query = if actor.is(Role::Manufacturer) {
        by::FREIGHT_SHIPPER.equals(organization)
    } else {
        actor.needs(Role::Carrier)?;
        by::FREIGHT_CARRIER.equals(organization)
    };
    Ok(FREIGHT_ORDERS.find(query.descending().limit(limit).after(after))?)
}

/// One waybill: for its shipper, its carrier and regulators.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn waybill(actor: &Actor, id: &str) -> Result<Waybill, Refusal> {
    let waybill: Waybill = known(WAYBILLS.get(id))?;
    if may_see(actor, &waybill.shipper, &waybill.carrier) { Ok(waybill) } else { Err(Refusal::NotFound) }
}

/// The waybills that the actor's organization sent or carries, all for a regulator, the newest first.
///
/// # Errors
/// An error of the data service.
pub fn waybills(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Waybill>, Refusal> {
    let organization = actor.organization.as_str();
    let query = if actor.is(Role::Regulator) {
        by::WAYBILL_TIME.all()
    } else if actor.is(Role::Manufacturer) {
        by::WAYBILL_SHIPPER.equals(organization)
    } else {
        actor.needs(Role::Carrier)?;
        by::WAYBILL_CARRIER.equals(organization)
    };
    Ok(WAYBILLS.find(query.descending().limit(limit).after(after))?)
}
