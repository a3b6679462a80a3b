//! Freight orders and waybills.

use super::types::*;
use super::{answer, key, listed, make, read, step};
use crate::service::freight::NewFreight;
use crate::service::{Refusal, freight, who};
use yunlong_sdk::{Input, Request, Router};

/// Adds the operations.
pub(super) fn routes(router: Router) -> Router {
    waybill_steps(waybills(orders(router)))
}

fn orders(router: Router) -> Router {
    router
        .operation(
            read("/api/freight-orders", "listFreightOrders", "freight")
                .summary("Freight orders that the caller's organization gave or was given")
                .query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(
                    r,
                    who().and_then(|a| listed::<_, FreightItem>(i.query, |n, after| freight::orders(&a, n, after))),
                )
            },
        )
        .operation(
            make("/api/freight-orders", "orderFreight", "freight")
                .summary("Ask a carrier to carry something: for a company")
                .body::<NewFreightBody>(),
            |r, i: Input<(), (), NewFreightBody>| answer(r, order(r, i.body)),
        )
        .operation(
            read("/api/freight-orders/{freight}", "getFreightOrder", "freight")
                .summary("One freight order")
                .path::<FreightPath>(),
            |r, i: Input<FreightPath>| {
                answer(r, who().and_then(|a| freight::freight(&a, &i.path.freight)).map(FreightItem::from))
            },
        )
        .operation(
            step("/api/freight-orders/{freight}/book", "bookFreight", "freight")
                .summary("The carrier takes an order: its waybill. Taken already, the same waybill")
                .path::<FreightPath>(),
            |r, i: Input<FreightPath>| {
                answer(r, who().and_then(|a| freight::book(&a, &i.path.freight)).map(WaybillItem::from))
            },
        )
}

fn order(request: &Request, b: NewFreightBody) -> Result<FreightItem, Refusal> {
    let new = NewFreight {
        carrier: b.carrier,
        order: b.order,
        goods: b.goods,
        quantity: b.quantity,
        from: b.from.into(),
        to: b.to.into(),
        value: b.value,
        not_after: b.not_after,
        parcels: b.parcels.into_iter().map(|p| (p.parcel, p.goods, p.grams)).collect(),
    };
    freight::order(&who()?, key(request), &new).map(FreightItem::from)
}

fn waybills(router: Router) -> Router {
    router
        .operation(
            read("/api/waybills", "listWaybills", "freight")
                .summary("Waybills that the caller's organization sent or carries, all for a regulator")
                .query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(
                    r,
                    who().and_then(|a| listed::<_, WaybillItem>(i.query, |n, after| freight::waybills(&a, n, after))),
                )
            },
        )
        .operation(
            read("/api/waybills/{waybill}", "getWaybill", "freight").summary("One waybill").path::<WaybillPath>(),
            |r, i: Input<WaybillPath>| {
                answer(r, who().and_then(|a| freight::waybill(&a, &i.path.waybill)).map(WaybillItem::from))
            },
        )
}

fn waybill_steps(router: Router) -> Router {
    router
        .operation(
            step("/api/waybills/{waybill}/load", "loadWaybill", "freight")
                .summary("The goods are on a vehicle")
                .path::<WaybillPath>()
                .body::<LoadBody>(),
            |r, i: Input<WaybillPath, (), LoadBody>| {
                answer(
                    r,
                    who()
                        .and_then(|a| freight::load(&a, &i.path.waybill, &i.body.vehicle, &i.body.driver))
                        .map(WaybillItem::from),
                )
            },
        )
        .operation(
            step("/api/waybills/{waybill}/advance", "advanceWaybill", "freight")
                .summary("The waybill goes on, or something went wrong with all of it")
                .path::<WaybillPath>()
                .body::<AdvanceBody>(),
            |r, i: Input<WaybillPath, (), AdvanceBody>| {
                answer(
                    r,
                    who()
                        .and_then(|a| freight::advance(&a, &i.path.waybill, i.body.state, i.body.reason))
                        .map(WaybillItem::from),
                )
            },
        )
        .operation(
            step("/api/waybills/{waybill}/parcel-exception", "reportParcel", "freight")
                .summary("Something is wrong with one parcel")
                .path::<WaybillPath>()
                .body::<ParcelExceptionBody>(),
            |r, i: Input<WaybillPath, (), ParcelExceptionBody>| {
                answer(
                    r,
                    who()
                        .and_then(|a| freight::parcel_exception(&a, &i.path.waybill, &i.body.parcel, i.body.reason))
                        .map(WaybillItem::from),
                )
            },
        )
        .operation(
            step("/api/waybills/{waybill}/sign", "signWaybill", "freight")
                .summary("The receiver has signed: the proof of delivery")
                .path::<WaybillPath>()
                .body::<ProofBody>(),
            |r, i: Input<WaybillPath, (), ProofBody>| {
                let b = i.body;
                answer(
                    r,
                    who()
                        .and_then(|a| freight::sign(&a, &i.path.waybill, &b.received_by, &b.document, b.quantity))
                        .map(WaybillItem::from),
                )
            },
        )
}
