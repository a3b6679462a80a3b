//! Warehouses, lots, receipts and prices.

use super::types::*;
use super::{answer, key, listed, make, read, step};
use crate::service::quotes::NewQuote;
use crate::service::receipts::NewReceipt;
use crate::service::warehouses::{NewLot, NewWarehouse};
use crate::service::{Refusal, quotes, receipts, sensors, warehouses, who};
use yunlong_sdk::{Input, Operation, Request, Router, StatusCode};

/// Adds the operations.
pub(super) fn routes(router: Router) -> Router {
    prices(public(receipt_steps(receipt_list(lots(warehouse_list(router))))))
}

fn warehouse_list(router: Router) -> Router {
    router
        .operation(
            read("/api/warehouses", "listWarehouses", "goods").summary("All warehouses").query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(
                    r,
                    who().and_then(|a| listed::<_, WarehouseItem>(i.query, |n, after| warehouses::list(&a, n, after))),
                )
            },
        )
        .operation(
            make("/api/warehouses", "registerWarehouse", "goods")
                .summary("Register a warehouse: for regulators")
                .body::<NewWarehouseBody>(),
            |r, i: Input<(), (), NewWarehouseBody>| answer(r, register_warehouse(r, i.body)),
        )
        .operation(
            read("/api/warehouses/{warehouse}", "getWarehouse", "goods")
                .summary("One warehouse")
                .path::<WarehousePath>(),
            |r, i: Input<WarehousePath>| {
                answer(r, who().and_then(|a| warehouses::get(&a, &i.path.warehouse)).map(WarehouseItem::from))
            },
        )
}

fn register_warehouse(request: &Request, b: NewWarehouseBody) -> Result<WarehouseItem, Refusal> {
    let new = NewWarehouse {
        name: b.name,
        name_en: b.name_en.unwrap_or_default(),
        custodian: b.custodian,
        custodian_name: b.custodian_name,
        division: b.division,
        address: b.address,
        affiliates: b.affiliates,
    };
    warehouses::register(&who()?, key(request), &new).map(WarehouseItem::from)
}

fn lots(router: Router) -> Router {
    router
        .operation(
            read("/api/lots", "listLots", "goods")
                .summary("The lots that the caller's organization keeps or owns, or a warehouse's")
                .query::<LotsQuery>(),
            |r, i: Input<(), LotsQuery>| {
                let page = Paging { limit: i.query.limit, after: i.query.after };
                answer(
                    r,
                    who().and_then(|a| {
                        listed::<_, LotItem>(page, |n, after| {
                            warehouses::lots(&a, i.query.warehouse.as_deref(), n, after)
                        })
                    }),
                )
            },
        )
        .operation(
            make("/api/lots", "receiveLot", "goods")
                .summary("Take goods in: for the warehouse's custodian")
                .body::<NewLotBody>(),
            |r, i: Input<(), (), NewLotBody>| answer(r, receive(r, i.body)),
        )
        .operation(
            read("/api/lots/{lot}", "getLot", "goods").summary("One lot").path::<LotPath>(),
            |r, i: Input<LotPath>| answer(r, who().and_then(|a| warehouses::lot(&a, &i.path.lot)).map(LotItem::from)),
        )
        .operation(
            read("/api/lots/{lot}/receipts", "listReceiptsOfLot", "goods")
                .summary("The receipts of a lot that the caller may see")
                .path::<LotPath>()
                .query::<Paging>(),
            |r, i: Input<LotPath, Paging>| {
                answer(
                    r,
                    who().and_then(|a| {
                        listed::<_, ReceiptItem>(i.query, |n, after| receipts::of_lot(&a, &i.path.lot, n, after))
                    }),
                )
            },
        )
        .operation(
            read("/api/lots/{lot}/events", "listSensorEvents", "sensors")
                .summary("What sensors saw of a lot, the latest first")
                .path::<LotPath>()
                .query::<Paging>(),
            |r, i: Input<LotPath, Paging>| {
                answer(
                    r,
                    who().and_then(|a| {
                        listed::<_, EventItem>(i.query, |n, after| sensors::events(&a, &i.path.lot, n, after))
                    }),
                )
            },
        )
        .operation(
            step("/api/lots/{lot}/clear-missing", "clearMissing", "goods")
                .summary("A lot was counted: what is not there is written off, and nothing is missing. For regulators")
                .description("Its receipts stay frozen while they promise more than was counted.")
                .path::<LotPath>()
                .body::<CountBody>(),
            |r, i: Input<LotPath, (), CountBody>| {
                let (lot, b) = (&i.path.lot, &i.body);
                answer(r, who().and_then(|a| sensors::clear_missing(&a, lot, b.quantity, &b.reason)).map(LotItem::from))
            },
        )
}

fn receive(request: &Request, b: NewLotBody) -> Result<LotItem, Refusal> {
    let new = NewLot {
        warehouse: b.warehouse,
        owner: b.owner,
        goods: b.goods,
        goods_name: b.goods_name,
        goods_name_en: b.goods_name_en.unwrap_or_default(),
        spec: b.spec,
        unit: b.unit,
        quantity: b.quantity,
        location: b.location,
    };
    warehouses::receive(&who()?, key(request), &new).map(LotItem::from)
}

fn receipt_list(router: Router) -> Router {
    router
        .operation(
            read("/api/receipts", "listReceipts", "receipts")
                .summary("The receipts that the caller's organization holds or keeps, all for a regulator")
                .query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(
                    r,
                    who().and_then(|a| listed::<_, ReceiptItem>(i.query, |n, after| receipts::list(&a, n, after))),
                )
            },
        )
        .operation(
            make("/api/receipts", "createReceipt", "receipts")
                .summary("Issue a receipt, or draft one: for the lot's custodian")
                .description("`lot-short` says how much the lot has left: receipts never promise more than lies there.")
                .body::<NewReceiptBody>(),
            |r, i: Input<(), (), NewReceiptBody>| answer(r, create_receipt(r, i.body)),
        )
        .operation(
            make("/api/receipts/merge", "mergeReceipts", "receipts")
                .summary("Make one receipt of several of one lot: for their holder")
                .body::<MergeBody>(),
            |r, i: Input<(), (), MergeBody>| {
                answer(r, who().and_then(|a| receipts::merge(&a, key(r), &i.body.receipts)).map(ReceiptItem::from))
            },
        )
        .operation(
            read("/api/receipts/{receipt}", "getReceipt", "receipts").summary("One receipt").path::<ReceiptPath>(),
            |r, i: Input<ReceiptPath>| {
                answer(r, who().and_then(|a| receipts::get(&a, &i.path.receipt)).map(ReceiptItem::from))
            },
        )
        .operation(
            make("/api/receipts/{receipt}/split", "splitReceipt", "receipts")
                .summary("Divide a receipt into parts that sum to it: for its holder")
                .path::<ReceiptPath>()
                .body::<SplitBody>(),
            |r, i: Input<ReceiptPath, (), SplitBody>| answer(r, split(r, &i.path.receipt, &i.body.quantities)),
        )
}

fn create_receipt(request: &Request, b: NewReceiptBody) -> Result<ReceiptItem, Refusal> {
    let (actor, draft) = (who()?, b.draft);
    let new = NewReceipt { lot: b.lot, quantity: b.quantity, holder: b.holder };
    let made = if draft {
        receipts::draft(&actor, key(request), &new)
    } else {
        receipts::issue_new(&actor, key(request), &new)
    };
    made.map(ReceiptItem::from)
}

fn split(request: &Request, id: &str, quantities: &[u64]) -> Result<ReceiptsBody, Refusal> {
    let parts = receipts::split(&who()?, key(request), id, quantities)?;
    Ok(ReceiptsBody { receipts: parts.into_iter().map(ReceiptItem::from).collect() })
}

fn receipt_steps(router: Router) -> Router {
    router
        .operation(
            step("/api/receipts/{receipt}/issue", "issueReceipt", "receipts")
                .summary("Put a draft into the world: for its custodian")
                .path::<ReceiptPath>(),
            |r, i: Input<ReceiptPath>| {
                answer(r, who().and_then(|a| receipts::issue(&a, &i.path.receipt)).map(ReceiptItem::from))
            },
        )
        .operation(
            step("/api/receipts/{receipt}/reissue", "reissueReceipt", "receipts")
                .summary("Let a released receipt change hands again: for its custodian")
                .path::<ReceiptPath>(),
            |r, i: Input<ReceiptPath>| {
                answer(r, who().and_then(|a| receipts::reissue(&a, &i.path.receipt)).map(ReceiptItem::from))
            },
        )
        .operation(
            step("/api/receipts/{receipt}/transfer", "transferReceipt", "receipts")
                .summary("Give a receipt to another company: for its holder")
                .path::<ReceiptPath>()
                .body::<TransferBody>(),
            |r, i: Input<ReceiptPath, (), TransferBody>| {
                answer(
                    r,
                    who().and_then(|a| receipts::transfer(&a, &i.path.receipt, &i.body.to)).map(ReceiptItem::from),
                )
            },
        )
        .operation(
            step("/api/receipts/{receipt}/withdraw", "withdrawReceipt", "receipts")
                .summary("Order that the goods leave: for the holder of a receipt that is free")
                .path::<ReceiptPath>(),
            |r, i: Input<ReceiptPath>| {
                answer(r, who().and_then(|a| receipts::withdraw(&a, &i.path.receipt)).map(ReceiptItem::from))
            },
        )
        .operation(
            step("/api/receipts/{receipt}/cancel", "cancelReceipt", "receipts")
                .summary("End a receipt")
                .path::<ReceiptPath>(),
            |r, i: Input<ReceiptPath>| {
                answer(r, who().and_then(|a| receipts::cancel(&a, &i.path.receipt)).map(ReceiptItem::from))
            },
        )
        .operation(
            step("/api/receipts/{receipt}/freeze", "freezeReceipt", "receipts")
                .summary("Stop everything with a receipt; the bank is told")
                .path::<ReceiptPath>()
                .body::<Reason>(),
            |r, i: Input<ReceiptPath, (), Reason>| {
                answer(
                    r,
                    who().and_then(|a| receipts::freeze(&a, &i.path.receipt, &i.body.reason)).map(ReceiptItem::from),
                )
            },
        )
        .operation(
            step("/api/receipts/{receipt}/unfreeze", "unfreezeReceipt", "receipts")
                .summary("Let a frozen receipt go on: not for whoever froze it")
                .path::<ReceiptPath>()
                .body::<Reason>(),
            |r, i: Input<ReceiptPath, (), Reason>| {
                answer(
                    r,
                    who().and_then(|a| receipts::unfreeze(&a, &i.path.receipt, &i.body.reason)).map(ReceiptItem::from),
                )
            },
        )
}

/// What needs no session: verification, keys, and the sensors' webhook.
fn public(router: Router) -> Router {
    router
        .operation(
            Operation::get("/api/receipts/{receipt}/verification", "verifyReceipt")
                .tag("public")
                .summary("What anybody may know of a receipt, and whether its signature is genuine")
                .path::<ReceiptPath>(),
            |r, i: Input<ReceiptPath>| answer(r, receipts::verify(&i.path.receipt).map(VerificationItem::from)),
        )
        .operation(
            Operation::get("/api/keys", "listKeys").tag("public").summary("The public keys of receipts' signatures as a JWK set (RFC 7517)"),
            |r, _: Input| answer(r, keys()),
        )
        .operation(
            Operation::post("/api/sensor-events", "takeSensorEvent")
                .tag("sensors")
                .summary("A sensor's signed reading")
                .description("For devices, which do not sign in. The device signs the lines `yunlong-sensor/1`, device, sequence, kind, lot, quantity, at, sent_at, each with a line feed. The same reading again answers `repeated`; a gap in the sequence is told to the banks; goods that leave without an order freeze the lot's receipts. Send neither cookies nor an `Origin`: a device is not a browser, and is believed by what it signs.")
                .body::<ReadingBody>()
                .status(StatusCode::ACCEPTED)
                .problem(401, "`not-signed-by-device`: no such device, switched off, or another signature; `sent-at-another-time`: sign and send again")
                .problem(409, "`sequence-reused`: the sequence was another reading")
                .problem(422, "`reading-invalid`: taken after it was sent, or of a lot that is not in the device's warehouse"),
            |r, i: Input<(), (), ReadingBody>| answer(r, sensors::take(&i.body.into()).map(TakenItem::from)),
        )
}

fn keys() -> Result<KeysBody, Refusal> {
    let jwks = receipts::jwks()?;
    let keys = jwks["keys"].as_array().into_iter().flatten().filter_map(|k| k.as_object().cloned());
    Ok(KeysBody { keys: keys.collect() })
}

fn prices(router: Router) -> Router {
    router
        .operation(
            read("/api/quotes", "listQuotes", "prices").summary("The latest prices").query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(r, who().and_then(|a| listed::<_, QuoteItem>(i.query, |n, after| quotes::list(&a, n, after))))
            },
        )
        .operation(
            step("/api/quotes", "publishQuote", "prices")
                .summary("Publish a price: for regulators. Loans on these goods are valued anew")
                .body::<NewQuoteBody>(),
            |r, i: Input<(), (), NewQuoteBody>| answer(r, publish(i.body)),
        )
        .operation(
            read("/api/quotes/{goods}/history", "listPastQuotes", "prices")
                .summary("Every price of goods, the latest first")
                .path::<GoodsPath>()
                .query::<Paging>(),
            |r, i: Input<GoodsPath, Paging>| {
                answer(
                    r,
                    who().and_then(|a| {
                        listed::<_, QuoteItem>(i.query, |n, after| quotes::history(&a, &i.path.goods, n, after))
                    }),
                )
            },
        )
}

impl From<crate::store::PastQuote> for QuoteItem {
    fn from(q: crate::store::PastQuote) -> Self {
        q.0.into()
    }
}

fn publish(b: NewQuoteBody) -> Result<QuoteItem, Refusal> {
    let new = NewQuote {
        goods: b.goods,
        name: b.name,
        name_en: b.name_en.unwrap_or_default(),
        unit: b.unit,
        price: b.price,
        source: b.source,
    };
    quotes::publish(&who()?, &new).map(QuoteItem::from)
}
