//! What everybody sees: listings, stores, group buys, the trace, divisions.

use super::types::*;
use super::{answer, chosen, limit, public, wrong};
use crate::domain::coupon::{Coupon, Off};
use crate::domain::division::{CITY, Level};
use crate::domain::machine::Machine;
use crate::domain::picture::Picture;
use crate::domain::product::Category;
use crate::domain::store::Store;
use crate::domain::time::Date;
use crate::service::listings::{self, Filter, Offer};
use crate::service::{Refusal, coupons, groups, now, statistics, stores, trace};
use yunlong_sdk::{Input, Operation, Router, Text, t};

api! {
    /// Which listing.
    Deserialize ListingPath {
        /// Its id.
        listing: String,
    }
    /// Which store.
    Deserialize StorePath {
        /// Its id.
        store: String,
    }
    /// Which group buy.
    Deserialize GroupPath {
        /// Its id.
        group: String,
    }
    /// Which batch.
    Deserialize CodePath {
        /// The trace code, as it is printed or typed.
        code: String,
    }
    /// What is looked for.
    Deserialize SearchQuery {
        /// Words in the name.
        q: Option<String>,
        /// `fresh-food`, `food`, `furniture`, `craft` or `farming`.
        category: Option<String>,
        /// A county, town or village.
        division: Option<String>,
        /// 1 to 100; 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Below which division.
    Deserialize BelowQuery {
        /// Its code; the city when absent.
        below: Option<String>,
    }
    /// A store.
    Serialize StoreItem {
        /// Its id.
        id: String,
        /// Its name.
        name: Text,
        /// What it says of itself.
        intro: Text,
        /// The village's code.
        village: String,
        /// Whether it sells.
        open: bool,
    }
    /// A variant.
    Serialize SkuItem {
        /// Its code within the product.
        id: String,
        /// Its name.
        name: Text,
        /// Fen.
        price: u64,
        /// The weight of one unit, packed.
        grams: u32,
        /// Parcels of one unit.
        parcels: u8,
        /// Units that are left.
        left: i64,
    }
    /// A picture of a product.
    Serialize PictureItem {
        /// Its address at the app.
        path: String,
        /// What it shows.
        alt: Text,
        /// Points from left to right.
        width: u32,
        /// Points from top to bottom.
        height: u32,
    }
    /// A listing with all that its page shows.
    Serialize OfferBody {
        /// The listing.
        listing: ListingItem,
        /// What it is.
        description: Text,
        /// What it looks like.
        picture: Option<PictureItem>,
        /// The version of the goods, which a review names.
        version: String,
        /// Its variants.
        skus: Vec<SkuItem>,
        /// The store.
        store: StoreItem,
        /// The batch, for what is traced.
        batch: Option<BatchItem>,
        /// Why it cannot be bought now; `null` when it can.
        refused: Option<Text>,
    }
    /// A coupon.
    Serialize CouponItem {
        /// The code that buyers enter.
        code: String,
        /// What it is called.
        title: Text,
        /// Fen that it takes off; `null` for one that takes off a part.
        fen: Option<u64>,
        /// Basis points of the price that it takes off; `null` for one that takes off an amount.
        bps: Option<u16>,
        /// For orders from so many fen on.
        from_amount: u64,
        /// The first day.
        from: String,
        /// The last day.
        until: String,
        /// How often it can be used.
        uses: u32,
        /// How often it was.
        used: i64,
        /// Whether it is still given.
        active: bool,
    }
    /// Coupons.
    Serialize Coupons {
        /// The coupons.
        coupons: Vec<CouponItem>,
    }
    /// Group buys.
    Serialize Groups {
        /// The group buys.
        groups: Vec<GroupItem>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// The public trace of a batch. No person stands in it.
    Serialize TraceBody {
        /// The trace code.
        code: String,
        /// What it is.
        goods: Text,
        /// The store's id.
        store: Option<String>,
        /// The store's name.
        store_name: Option<Text>,
        /// The village where it grew.
        origin: String,
        /// Its names from the city down.
        origin_name: String,
        /// The day of the harvest.
        harvest: String,
        /// The last day on which it is sold.
        best_before: Option<String>,
        /// Where it stands.
        #[schemars(schema_with = "batch_state")]
        state: String,
        /// Why it failed or was called back.
        reason: Option<Text>,
        /// Its tests, the oldest first.
        tests: Vec<TestItem>,
    }
    /// A division.
    Serialize DivisionItem {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
    }
    /// Divisions.
    Serialize Divisions {
        /// The divisions.
        divisions: Vec<DivisionItem>,
    }
}

pub(super) fn routes(router: Router) -> Router {
    groups_and_trace(offers(places(router)))
}

fn offers(router: Router) -> Router {
    router
        .operation(
            public(
                Operation::get("/api/listings", "searchListings")
                    .tag("shop")
                    .summary("What is on sale, the newest first")
                    .description("A page may have fewer than `limit` although more follow: go on with `next`.")
                    .query::<SearchQuery>(),
            ),
            |r, i: Input<(), SearchQuery>| answer(r, search(i.query)),
        )
        .operation(
            public(
                Operation::get("/api/listings/{listing}", "getListing")
                    .tag("shop")
                    .summary("A listing with variants, stock, store and batch")
                    .path::<ListingPath>(),
            ),
            |r, i: Input<ListingPath>| answer(r, listings::offer(r.principal(), &i.path.listing).map(OfferBody::from)),
        )
        .operation(
            public(
                Operation::get("/api/listings/{listing}/groups", "listGroupsOfListing")
                    .tag("shop")
                    .summary("Its group buys that can be joined")
                    .path::<ListingPath>(),
            ),
            |r, i: Input<ListingPath>| {
                answer(
                    r,
                    groups::of_listing(&i.path.listing)
                        .map(|g| Groups { groups: g.into_iter().map(GroupItem::from).collect(), next: None }),
                )
            },
        )
}

fn groups_and_trace(router: Router) -> Router {
    router
        .operation(
            public(
                Operation::get("/api/groups", "listGroups")
                    .tag("shop")
                    .summary("Open group buys, the first deadline first")
                    .query::<PageQuery>(),
            ),
            |r, i: Input<(), PageQuery>| answer(r, open_groups(i.query)),
        )
        .operation(
            public(
                Operation::get("/api/groups/{group}", "getGroup")
                    .tag("shop")
                    .summary("A group buy")
                    .path::<GroupPath>(),
            ),
            |r, i: Input<GroupPath>| answer(r, groups::get(&i.path.group).map(GroupItem::from)),
        )
        .operation(
            public(
                Operation::get("/api/trace/{code}", "getTrace")
                    .tag("shop")
                    .summary("Where goods come from and what their tests found, for everybody")
                    .path::<CodePath>(),
            ),
            |r, i: Input<CodePath>| answer(r, trace::by_code(&i.path.code).map(TraceBody::from)),
        )
}

fn places(router: Router) -> Router {
    router
        .operation(
            public(
                Operation::get("/api/stores/{store}", "getStore").tag("shop").summary("A store").path::<StorePath>(),
            ),
            |r, i: Input<StorePath>| answer(r, stores::get(&i.path.store).map(StoreItem::from)),
        )
        .operation(
            public(
                Operation::get("/api/stores/{store}/listings", "listListingsOfStore")
                    .tag("shop")
                    .summary("What a store has on sale; for its seller and managers all of its listings")
                    .path::<StorePath>()
                    .query::<PageQuery>(),
            ),
            |r, i: Input<StorePath, PageQuery>| {
                let found = || {
                    listings::of_store(
                        r.principal(),
                        &stores::get(&i.path.store)?.id,
                        limit(i.query.limit)?,
                        i.query.after.clone(),
                    )
                };
                answer(r, found().map(Listings::from))
            },
        )
        .operation(
            public(
                Operation::get("/api/stores/{store}/coupons", "listCoupons")
                    .tag("shop")
                    .summary("A store's coupons")
                    .path::<StorePath>(),
            ),
            |r, i: Input<StorePath>| {
                let found = || coupons::of_store(&stores::get(&i.path.store)?.id);
                answer(r, found().map(|all| Coupons { coupons: all.into_iter().map(CouponItem::from).collect() }))
            },
        )
        .operation(
            public(
                Operation::get("/api/divisions", "listDivisions")
                    .tag("shop")
                    .summary("The divisions right below one that are in force today")
                    .query::<BelowQuery>(),
            ),
            |r, i: Input<(), BelowQuery>| answer(r, below(i.query.below.as_deref().unwrap_or(CITY))),
        )
}

fn search(query: SearchQuery) -> Result<Listings, Refusal> {
    let category = query.category.map(|c| chosen(&Category::ALL, Category::code, &c, "/category")).transpose()?;
    let division = query.division.map(|code| match Level::of(&code) {
        Some(_) => Ok(code),
        None => Err(wrong(
            "/division",
            t(
                "请填写区划代码：县 6 位、镇 9 位、村 12 位",
                "Enter a division's code: 6 digits for a county, 9 for a town, 12 for a village",
            ),
        )),
    });
    let division = division.transpose()?;
    let filter = Filter { category, division, words: query.q.unwrap_or_default().chars().take(60).collect() };
    Ok(listings::search(&filter, limit(query.limit)?, query.after)?.into())
}

fn open_groups(query: PageQuery) -> Result<Groups, Refusal> {
    let page = groups::list_open(limit(query.limit)?, query.after)?;
    Ok(Groups { groups: page.items.into_iter().map(|g| g.value.into()).collect(), next: page.next })
}

fn below(code: &str) -> Result<Divisions, Refusal> {
    let (table, today) = (statistics::divisions()?, Date::at(now()));
    table.get(code).ok_or(Refusal::NotFound)?;
    let divisions = table
        .children(code, today, today)
        .map(|r| DivisionItem { code: r.code.clone(), name: r.name.to_string() })
        .collect();
    Ok(Divisions { divisions })
}

impl From<Store> for StoreItem {
    fn from(s: Store) -> Self {
        Self { id: s.id, name: s.name, intro: s.intro, village: s.village, open: s.open }
    }
}

impl From<Picture> for PictureItem {
    fn from(p: Picture) -> Self {
        Self { path: p.path, alt: p.alt, width: p.width, height: p.height }
    }
}

impl From<Offer> for OfferBody {
    fn from(o: Offer) -> Self {
        let sku = |(s, left): (crate::domain::product::Sku, i64)| SkuItem {
            id: s.id,
            name: s.name,
            price: s.price,
            grams: s.grams,
            parcels: s.parcels,
            left,
        };
        Self {
            listing: o.listing.into(),
            description: o.product.description,
            picture: o.product.picture.map(PictureItem::from),
            version: o.version,
            skus: o.skus.into_iter().map(sku).collect(),
            store: o.store.into(),
            batch: o.batch.map(BatchItem::from),
            refused: o.refused,
        }
    }
}

impl From<(Coupon, i64)> for CouponItem {
    fn from((c, used): (Coupon, i64)) -> Self {
        let (fen, bps) = match c.off {
            Off::Amount { fen } => (Some(fen), None),
            Off::Rate { bps } => (None, Some(bps)),
        };
        Self {
            code: c.id,
            title: c.title,
            fen,
            bps,
            from_amount: c.from_amount,
            from: c.from.to_string(),
            until: c.until.to_string(),
            uses: c.uses,
            used,
            active: c.active,
        }
    }
}

impl From<trace::Trace> for TraceBody {
    fn from(x: trace::Trace) -> Self {
        let test = |k: trace::PublicTest| TestItem {
            report: k.report,
            item: k.item,
            laboratory: k.laboratory,
            day: k.day.to_string(),
            passed: k.passed,
        };
        let (store, store_name) = x.store.unzip();
        Self {
            code: x.code,
            goods: x.goods,
            store,
            store_name,
            origin: x.origin.0,
            origin_name: x.origin.1,
            harvest: x.harvest.to_string(),
            best_before: x.best_before.map(|d| d.to_string()),
            state: x.state.code().to_owned(),
            reason: x.reason,
            tests: x.tests.into_iter().map(test).collect(),
        }
    }
}
