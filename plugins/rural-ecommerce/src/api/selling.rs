//! The farmer's store.

use super::order_types::{OrderBody, OrderPath, Orders, Returns};
use super::selling_types::*;
use super::shop::{CodePath, CouponItem, ListingPath, StoreItem};
use super::types::*;
use super::{answer, chosen, day, limit, own, unlisted};
use crate::domain::batch::State;
use crate::domain::coupon::{Coupon, Off};
use crate::domain::farmer::Registration;
use crate::domain::product::{Category, Licence, Product, Sku};
use crate::service::batches::{self, BatchInput as NewBatch};
use crate::service::groups::{self, NewGroup};
use crate::service::stores::{self, StoreInput as NewStore};
use crate::service::{Refusal, coupons, farmers, listings, orders, returns, shipping};
use yunlong_sdk::{Input, Operation, Request, Router, StatusCode, t};

pub(super) fn routes(router: Router) -> Router {
    giving_back(handling(offers(batches_of(listings_of(goods(registration(router)))))))
}

fn registration(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/farmer", "getFarmer").tag("store").summary("One's own registration")),
            |r, _: Input| {
                answer(r, farmers::mine(r.principal()).and_then(|f| f.map(FarmerBody::from).ok_or(Refusal::NotFound)))
            },
        )
        .operation(
            own(Operation::put("/api/farmer", "registerFarmer")
                .tag("store")
                .summary("Register as a farmer, or correct a registration that was refused")
                .body::<FarmerInput>()),
            |r, i: Input<(), (), FarmerInput>| {
                let b = i.body;
                let what = Registration { document: b.document, name: b.name, phone: b.phone, village: b.village };
                answer(r, farmers::register(r.principal(), &what).map(FarmerBody::from))
            },
        )
        .operation(
            own(Operation::put("/api/store", "putStore")
                .tag("store")
                .summary("Open one's store, or change what it says of itself")
                .body::<StoreInput>()),
            |r, i: Input<(), (), StoreInput>| {
                let input = NewStore { name: i.body.name, intro: i.body.intro, address: i.body.address };
                answer(r, stores::open_or_edit(r.principal(), &input).map(StoreItem::from))
            },
        )
        .operation(
            own(Operation::get("/api/store", "getOwnStore").tag("store").summary("One's own store")),
            |r, _: Input| answer(r, stores::my_store(r.principal()).map(StoreItem::from)),
        )
        .operation(
            own(Operation::put("/api/store/open", "openStore")
                .tag("store")
                .summary("Open or close one's store")
                .body::<OpenInput>()),
            |r, i: Input<(), (), OpenInput>| {
                answer(r, stores::set_open(r.principal(), i.body.open).map(StoreItem::from))
            },
        )
}

fn goods(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/store/products", "listProducts")
                .tag("store")
                .summary("The store's products")
                .query::<PageQuery>()),
            |r, i: Input<(), PageQuery>| {
                let page = || {
                    stores::products(&stores::my_store(r.principal())?.id, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(
                    r,
                    page().map(|p| Products {
                        products: p.items.into_iter().map(|p| p.value.into()).collect(),
                        next: p.next,
                    }),
                )
            },
        )
        .operation(
            own(Operation::post("/api/store/products", "addProduct")
                .tag("store")
                .summary("Add a product")
                .body::<ProductInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<(), (), ProductInput>| answer(r, put_product(r, None, i.body)),
        )
        .operation(
            own(Operation::put("/api/store/products/{product}", "putProduct")
                .tag("store")
                .summary("Change a product")
                .path::<ProductPath>()
                .body::<ProductInput>()),
            |r, i: Input<ProductPath, (), ProductInput>| answer(r, put_product(r, Some(&i.path.product), i.body)),
        )
}

fn listings_of(router: Router) -> Router {
    router
        .operation(
            own(Operation::post("/api/store/listings", "draftListing")
                .tag("store")
                .summary("Draft a listing of a product")
                .body::<DraftInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<(), (), DraftInput>| {
                let stock: Vec<(String, i64)> = i.body.stock.into_iter().map(|s| (s.sku, s.units)).collect();
                answer(
                    r,
                    listings::draft(r.principal(), &i.body.product, i.body.batch.as_deref(), &stock)
                        .map(ListingItem::from),
                )
            },
        )
        .operation(
            own(Operation::post("/api/store/listings/{listing}/steps", "stepListing")
                .tag("store")
                .summary("Submit a listing for its review, or take it off sale")
                .path::<ListingPath>()
                .body::<ListingStep>()),
            |r, i: Input<ListingPath, (), ListingStep>| {
                let done = match i.body.step.as_str() {
                    "submit" => listings::submit(r.principal(), &i.path.listing),
                    "withdraw" => listings::withdraw(r.principal(), &i.path.listing, None),
                    _ => Err(unlisted("/step", LISTING_STEPS)),
                };
                answer(r, done.map(ListingItem::from))
            },
        )
        .operation(
            own(Operation::post("/api/store/listings/{listing}/stock", "addStock")
                .tag("store")
                .summary("Add units to the stock, or take some away")
                .path::<ListingPath>()
                .body::<StockInput>()),
            |r, i: Input<ListingPath, (), StockInput>| {
                answer(
                    r,
                    listings::add_stock(r.principal(), &i.path.listing, &i.body.sku, i.body.units)
                        .map(|left| StockBody { left }),
                )
            },
        )
}

fn batches_of(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/store/batches", "listOwnBatches")
                .tag("store")
                .summary("The store's batches, the newest first when `order` is absent")
                .query::<StateQuery>()),
            |r, i: Input<(), StateQuery>| {
                let page = || {
                    let wanted = i.query.wanted(State::ALL, None, false)?;
                    batches::mine(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(r, page().map(Batches::from))
            },
        )
        .operation(
            own(Operation::post("/api/store/batches", "registerBatch")
                .tag("store")
                .summary("Register a batch")
                .body::<BatchInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<(), (), BatchInput>| answer(r, register(r, i.body)),
        )
}

fn offers(router: Router) -> Router {
    router
        .operation(
            own(Operation::post("/api/store/groups", "openGroup")
                .tag("store")
                .summary("Open a group buy")
                .body::<GroupInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<(), (), GroupInput>| {
                let b = i.body;
                let new = NewGroup {
                    listing: b.listing,
                    sku: b.sku,
                    price: b.price,
                    minimum: b.minimum,
                    deadline: b.deadline,
                };
                answer(r, groups::open(r.principal(), &new).map(GroupItem::from))
            },
        )
        .operation(
            own(Operation::put("/api/store/coupons/{code}", "putCoupon")
                .tag("store")
                .summary("Add or change a coupon")
                .path::<CodePath>()
                .body::<CouponInput>()),
            |r, i: Input<CodePath, (), CouponInput>| answer(r, put_coupon(r, i.path.code, i.body)),
        )
}

fn handling(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/store/orders", "listOrdersOfStore")
                .tag("store")
                .summary("The store's orders")
                .query::<OrdersQuery>()),
            |r, i: Input<(), OrdersQuery>| {
                let page = || {
                    let wanted = i.query.wanted(None)?;
                    orders::of_store(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(r, page().map(Orders::from))
            },
        )
        .operation(
            own(Operation::post("/api/store/orders/{order}/accept", "acceptOrder")
                .tag("store")
                .summary("Take an order on")
                .path::<OrderPath>()),
            |r, i: Input<OrderPath>| answer(r, orders::accept(r.principal(), &i.path.order).map(OrderBody::from)),
        )
        .operation(
            own(Operation::post("/api/store/orders/{order}/ship", "shipOrder")
                .tag("store")
                .summary("Send units of an order")
                .path::<OrderPath>()
                .body::<ShipInput>()),
            |r, i: Input<OrderPath, (), ShipInput>| {
                answer(r, shipping::ship(r.principal(), &i.path.order, &i.body.into()).map(OrderBody::from))
            },
        )
}

fn giving_back(router: Router) -> Router {
    router
        .operation(
            own(Operation::post("/api/store/orders/{order}/brought", "broughtShipment")
                .tag("store")
                .summary("The parcels that the store brought have arrived")
                .path::<OrderPath>()
                .body::<BroughtInput>()),
            |r, i: Input<OrderPath, (), BroughtInput>| {
                answer(r, shipping::brought(r.principal(), &i.path.order, &i.body.request).map(OrderBody::from))
            },
        )
        .operation(
            own(Operation::post("/api/store/orders/{order}/refund", "refundOrder")
                .tag("store")
                .summary("Give units that were not sent, or money, back; also for managers")
                .path::<OrderPath>()
                .body::<RefundInput>()
                .status(StatusCode::ACCEPTED)),
            |r, i: Input<OrderPath, (), RefundInput>| {
                let backs: Vec<_> = i.body.backs.iter().map(|b| b.back(false)).collect();
                answer(r, orders::give_back(r.principal(), &i.path.order, &backs, &i.body.reason).map(OrderBody::from))
            },
        )
        .operation(
            own(Operation::get("/api/store/returns", "listReturnsOfStore")
                .tag("store")
                .summary("The store's returns")
                .query::<PageQuery>()),
            |r, i: Input<(), PageQuery>| {
                let page = || returns::of_store(r.principal(), limit(i.query.limit)?, i.query.after.clone());
                answer(r, page().map(Returns::from))
            },
        )
}

fn put_product(request: &Request, id: Option<&str>, b: ProductInput) -> Result<ProductBody, Refusal> {
    let sku = |s: SkuInput| Sku { id: s.id, name: s.name, price: s.price, grams: s.grams, parcels: s.parcels };
    let licence = |(i, l): (usize, LicenceInput)| {
        Ok(Licence { kind: l.kind, number: l.number, until: day(&l.until, &format!("/licences/{i}/until"))? })
    };
    let input = Product {
        id: String::new(),
        store: String::new(),
        title: b.title,
        description: b.description,
        category: chosen(&Category::ALL, Category::code, &b.category, "/category")?,
        skus: b.skus.into_iter().map(sku).collect(),
        licences: b.licences.into_iter().enumerate().map(licence).collect::<Result<_, Refusal>>()?,
        picture: None,
        created_at: 0,
    };
    stores::put_product(request.principal(), id, &input).map(ProductBody::from)
}

fn register(request: &Request, b: BatchInput) -> Result<BatchItem, Refusal> {
    let input = NewBatch {
        trace_code: b.trace_code.filter(|c| !c.trim().is_empty()),
        goods: b.goods,
        origin: b.origin,
        harvest: day(&b.harvest, "/harvest")?,
        best_before: b.best_before.map(|d| day(&d, "/best_before")).transpose()?,
        kilograms: b.kilograms,
    };
    batches::register(request.principal(), &input).map(BatchItem::from)
}

fn put_coupon(request: &Request, code: String, b: CouponInput) -> Result<CouponItem, Refusal> {
    let off = match (b.fen, b.bps) {
        (Some(fen), None) => Off::Amount { fen },
        (None, Some(bps)) => Off::Rate { bps },
        _ => return Err(super::wrong("/fen", t("请填写 fen 或 bps 之一", "Give either `fen` or `bps`"))),
    };
    let coupon = Coupon {
        id: code,
        store: String::new(),
        title: b.title,
        off,
        from_amount: b.from_amount,
        from: day(&b.from, "/from")?,
        until: day(&b.until, "/until")?,
        uses: b.uses,
        active: b.active,
    };
    let saved = coupons::put(request.principal(), &coupon)?;
    let used = coupons::of_store(&saved.store)?.into_iter().find(|(c, _)| c.id == saved.id).map_or(0, |(_, n)| n);
    Ok((saved, used).into())
}
