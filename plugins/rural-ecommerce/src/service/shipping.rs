//! What stores send.

use super::orders::{change, is_seller};
use super::{Refusal, keys};
use crate::domain::batch::Batch;
use crate::domain::edit::Check;
use crate::domain::listing::ListingError;
use crate::domain::order::{NewShipment, Order};
use crate::domain::shipment::{Carrier, Units};
use serde_json::json;
use yunlong_sdk::{Principal, t};

/// What a store sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipping {
    /// Which units.
    pub units: Vec<Units>,
    /// The parcels as goods and grams; made from the units when empty. No person's name stands in them.
    pub parcels: Vec<(String, u32)>,
    /// Who carries it.
    pub carrier: Carrier,
    /// The store's own number for it: the same number is the same shipment, once.
    pub key: Option<String>,
}

/// Sends units of an order of the store of whoever asks, in one or several parcels. The city's carrier
/// is asked by message and answers with a waybill.
///
/// # Errors
/// What the state does not allow, more units than are to be sent, [`Refusal::Fields`].
pub fn ship(who: &Principal, id: &str, what: &Shipping) -> Result<Order, Refusal> {
    check(what)?;
    change(who, id, is_seller, |tx, order, now| {
        let number = what.key.clone().unwrap_or_else(|| format!("#{}", order.shipments.len()));
        let request = keys().reference(&format!("{id}/{number}"));
        if order.shipments.iter().any(|s| s.request == request) {
            return Ok(Vec::new());
        }
        for u in what.units.iter().filter(|u| u.units > 0) {
            let code = order.lines.get(u.line).and_then(|l| l.batch.as_deref());
            if let Some(code) = code
                && tx.get::<Batch>(code)?.is_some_and(|b| b.is_bad())
            {
                // Such as units that the carrier gave back after the recall.
                return Err(ListingError::BatchNotLive(code.to_owned()).into());
            }
        }
        let new = NewShipment {
            request: request.clone(),
            units: what.units.clone(),
            parcels: what.parcels.clone(),
            carrier: what.carrier.clone(),
        };
        let effects = order.ship(new, now)?;
        let parcels = order.shipments.last().map_or(0, |s| s.parcels.len());
        tx.audit("order.ship", id, &json!({"request": request, "parcels": parcels}))?;
        Ok(effects)
    })
}

fn check(what: &Shipping) -> Result<(), Refusal> {
    let mut c = Check::default();
    c.that(what.parcels.len() <= 50, "/parcels", t("一次最多 50 个包裹", "At most 50 parcels at once"));
    for (i, (goods, grams)) in what.parcels.iter().enumerate() {
        c.text(goods, 1..=100, format!("/parcels/{i}/goods"));
        let weight = t("重量为 1 克至 1000 千克", "The weight is 1 g to 1,000 kg");
        c.that((1..=1_000_000).contains(grams), format!("/parcels/{i}/grams"), weight);
    }
    if let Carrier::Own { name, number } = &what.carrier {
        c.text(name, 1..=40, "/carrier/name");
        c.text(number, 4..=40, "/carrier/number");
    }
    Ok(c.end()?)
}

/// Parcels that the store brought, or sent by a carrier of its own, have arrived.
///
/// # Errors
/// [`Refusal::NotFound`] for what the city's carrier has: it says so itself.
pub fn brought(who: &Principal, id: &str, request: &str) -> Result<Order, Refusal> {
    change(who, id, is_seller, |tx, order, now| {
        let effects = order.brought(request, now)?;
        tx.audit("order.brought", id, &json!({"request": request}))?;
        Ok(effects)
    })
}
