//! Stations: orders for people without a telephone, with and without a network.

use super::buying::PurchaseInput;
use super::order_types::{OrderBody, OrderPath, Orders};
use super::shop::OfferBody;
use super::types::*;
use super::{answer, day, limit, own, public, unlisted};
use crate::domain::division;
use crate::domain::station::ConsentBy;
use crate::service::access::STATION;
use crate::service::listings::{self, Filter};
use crate::service::stations::{self, Sale};
use crate::service::{Refusal, orders};
use yunlong_sdk::{Input, Operation, Request, Router, StatusCode, Text, t};

/// The most goods of a station's list for times without a network.
const CATALOGUE: u32 = 100;

api! {
    /// Which station.
    Deserialize StationPath {
        /// Its id.
        station: String,
    }
    /// Which stations.
    Deserialize StationsQuery {
        /// Those of one village.
        village: Option<String>,
        /// Those of a county, a town or a village, by its code; where `village` is absent.
        division: Option<String>,
        /// 1 to 100; 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Stations.
    Serialize Stations {
        /// The stations.
        stations: Vec<StationItem>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// An order for somebody.
    Deserialize SaleInput {
        /// The station's own number for it, 8 to 64 characters: the same number is the same order, once.
        client_id: String,
        /// What is bought; the receiver is the person, whose phone may be empty.
        purchase: PurchaseInput,
        /// How the person agreed.
        #[serde(default)]
        #[schemars(schema_with = "consent_by")]
        consent: Option<String>,
        /// When it was made, by the station's clock: milliseconds of UTC.
        made_at: i64,
    }
    /// Orders that a station made without a network.
    Deserialize SyncInput {
        /// 1 to 50 orders.
        orders: Vec<SaleInput>,
    }
    /// What became of each order.
    Serialize SyncBody {
        /// One row for each order, in their order.
        results: Vec<SyncedItem>,
    }
    /// What became of one order.
    Serialize SyncedItem {
        /// The station's own number for it.
        client_id: String,
        /// The orders; none when it was refused.
        orders: Vec<OrderBody>,
        /// Why there are none.
        refused: Option<RefusedItem>,
    }
    /// Why an order was refused.
    Serialize RefusedItem {
        /// The word for programs.
        kind: String,
        /// What happened, in a few words.
        title: Text,
        /// What to do.
        detail: Text,
    }
    /// What a station can order, for times without a network.
    Serialize CatalogueBody {
        /// The goods.
        goods: Vec<GoodsItem>,
    }
    /// Goods with their variants.
    Serialize GoodsItem {
        /// The listing.
        id: String,
        /// Its name.
        title: Text,
        /// Its variants.
        skus: Vec<super::shop::SkuItem>,
    }
    /// A visit to a village without a station.
    Deserialize VisitInput {
        /// The village's code.
        village: String,
        /// The day, `YYYY-MM-DD`.
        day: String,
    }
    /// The visits of a village in a month.
    Serialize VisitBody {
        /// The village's code.
        village: String,
        /// The days of the visits.
        days: Vec<String>,
    }
    /// The receipt of a station's order.
    Serialize ReceiptBody {
        /// The number on the paper.
        number: String,
        /// The order.
        order: OrderBody,
        /// The station.
        station: StationItem,
        /// The text that was read to the person.
        consent_text: String,
        /// How they agreed.
        consent_by: String,
        /// When, RFC 3339.
        consent_at: String,
    }
}

/// The division that a query names, without the city, in which everything lies.
fn within(division: Option<&str>) -> Result<Option<&str>, Refusal> {
    let Some(code) = division else { return Ok(None) };
    match division::Level::of(code) {
        Some(division::Level::City) => Ok(None),
        Some(_) => Ok(Some(code)),
        None => Err(Refusal::field(
            "/division",
            t("请填写县、镇或村的代码", "Enter the code of a county, a town or a village"),
        )),
    }
}

pub(super) fn routes(router: Router) -> Router {
    let router = router
        .operation(
            public(
                Operation::get("/api/stations", "listStations")
                    .tag("stations")
                    .summary("Stations")
                    .query::<StationsQuery>(),
            ),
            |r, i: Input<(), StationsQuery>| {
                let page = || {
                    let named = i
                        .query
                        .village
                        .as_deref()
                        .map_or_else(|| within(i.query.division.as_deref()), |v| Ok(Some(v)))?;
                    stations::list(named, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(
                    r,
                    page().map(|p| Stations {
                        stations: p.items.into_iter().map(|s| s.value.into()).collect(),
                        next: p.next,
                    }),
                )
            },
        )
        .operation(
            own(Operation::get("/api/my-stations", "listOwnStations")
                .tag("stations")
                .summary("The stations that one keeps")),
            |r, _: Input| {
                answer(
                    r,
                    stations::mine(r.principal())
                        .map(|all| Stations { stations: all.into_iter().map(StationItem::from).collect(), next: None }),
                )
            },
        )
        .operation(
            public(
                Operation::get("/api/stations/{station}", "getStation")
                    .tag("stations")
                    .summary("A station")
                    .path::<StationPath>(),
            ),
            |r, i: Input<StationPath>| answer(r, stations::get(&i.path.station).map(StationItem::from)),
        );
    afterwards(selling(router))
}

fn selling(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/stations/{station}/catalogue", "getCatalogue")
                .tag("stations")
                .summary("What can be ordered, of the station's county: for its keeper")
                .path::<StationPath>()),
            |r, i: Input<StationPath>| {
                r.require_role(&[STATION])?;
                answer(r, catalogue(r, &i.path.station))
            },
        )
        .operation(
            own(Operation::post("/api/stations/{station}/orders", "sellAtStation")
                .tag("stations")
                .summary("Order for somebody, with their consent")
                .path::<StationPath>()
                .body::<SaleInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<StationPath, (), SaleInput>| {
                let made = || stations::sell(r.principal(), &i.path.station, &sale(i.body.clone())?);
                answer(
                    r,
                    made().map(|all| Orders { orders: all.into_iter().map(OrderBody::from).collect(), next: None }),
                )
            },
        )
}

fn afterwards(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/stations/{station}/orders", "listOrdersOfStation")
                .tag("stations")
                .summary("The orders that a station placed")
                .path::<StationPath>()
                .query::<PageQuery>()),
            |r, i: Input<StationPath, PageQuery>| {
                let page =
                    || orders::of_station(r.principal(), &i.path.station, limit(i.query.limit)?, i.query.after.clone());
                answer(r, page().map(Orders::from))
            },
        )
        .operation(
            own(Operation::post("/api/stations/{station}/sync", "syncStation")
                .tag("stations")
                .summary(
                    "Bring orders that were made without a network; each stands for itself, and has its effect once",
                )
                .path::<StationPath>()
                .body::<SyncInput>()),
            |r, i: Input<StationPath, (), SyncInput>| answer(r, sync(r, &i.path.station, i.body)),
        )
        .operation(
            own(Operation::post("/api/stations/{station}/visits", "recordVisit")
                .tag("stations")
                .summary("Record a visit to a village without a station")
                .description("By its keeper: a few a day, in the station's county. Others are recorded by a manager.")
                .path::<StationPath>()
                .body::<VisitInput>()),
            |r, i: Input<StationPath, (), VisitInput>| {
                let done = || {
                    stations::record_visit(r.principal(), &i.path.station, &i.body.village, day(&i.body.day, "/day")?)
                };
                answer(
                    r,
                    done().map(|v| VisitBody {
                        village: v.village,
                        days: v.visits.iter().map(|(d, _)| d.to_string()).collect(),
                    }),
                )
            },
        )
        .operation(
            own(Operation::get("/api/orders/{order}/receipt", "getReceipt")
                .tag("stations")
                .summary("The receipt of a station's order, with the consent: for its keeper and managers")
                .path::<OrderPath>()),
            |r, i: Input<OrderPath>| answer(r, stations::receipt(r.principal(), &i.path.order).map(ReceiptBody::from)),
        )
}

fn catalogue(request: &Request, station: &str) -> Result<CatalogueBody, Refusal> {
    let mine = stations::mine(request.principal())?;
    let village = mine.into_iter().find(|s| s.id == station).ok_or(Refusal::NotFound)?.village;
    let county = division::line(&village).into_iter().find(|c| c.len() == 6).map(str::to_owned);
    let filter = Filter { division: county, ..Filter::default() };
    let mut goods = Vec::new();
    for l in listings::search(&filter, CATALOGUE, None)?.items {
        let offer = OfferBody::from(listings::offer(request.principal(), &l.id)?);
        if offer.refused.is_none() {
            goods.push(GoodsItem { id: offer.listing.id, title: offer.listing.title, skus: offer.skus });
        }
    }
    Ok(CatalogueBody { goods })
}

fn sale(s: SaleInput) -> Result<Sale, Refusal> {
    let by = |word: &str| match word {
        "signature" => Ok(ConsentBy::Signature),
        "fingerprint" => Ok(ConsentBy::Fingerprint),
        "witness" => Ok(ConsentBy::Witness),
        _ => Err(unlisted("/consent", &["signature", "fingerprint", "witness"])),
    };
    let consent = s.consent.as_deref().filter(|word| !word.is_empty()).map(by).transpose()?;
    Ok(Sale { client_id: s.client_id, purchase: s.purchase.into(), consent, made_at: s.made_at })
}

fn sync(request: &Request, station: &str, body: SyncInput) -> Result<SyncBody, Refusal> {
    if body.orders.len() > stations::MAX_SYNC {
        return Err(super::wrong("/orders", t("一次最多同步 50 单", "At most 50 orders at once")));
    }
    let sales = body.orders.into_iter().map(sale).collect::<Result<Vec<_>, _>>()?;
    let done = stations::sync(request.principal(), station, &sales)?;
    let row = |s: stations::Synced| {
        let (orders, refused) = match s.result {
            Ok(orders) => (orders.into_iter().map(OrderBody::from).collect(), None),
            Err(e) => (Vec::new(), Some(refused(&e))),
        };
        SyncedItem { client_id: s.client_id, orders, refused }
    };
    Ok(SyncBody { results: done.into_iter().map(row).collect() })
}

fn refused(e: &Refusal) -> RefusedItem {
    // A wrong field says more than that some are wrong.
    let detail = match e {
        Refusal::Fields(fields) => fields.first().map_or_else(|| e.detail(), |f| f.text.clone()),
        other => other.detail(),
    };
    RefusedItem { kind: e.kind().to_owned(), title: e.title(), detail }
}

impl From<stations::Receipt> for ReceiptBody {
    fn from(r: stations::Receipt) -> Self {
        let by = match r.consent.by {
            ConsentBy::Signature => "signature",
            ConsentBy::Fingerprint => "fingerprint",
            ConsentBy::Witness => "witness",
        };
        Self {
            number: r.number,
            order: r.order.into(),
            station: r.station.into(),
            consent_text: r.consent.text,
            consent_by: by.to_owned(),
            consent_at: time(r.consent.at),
        }
    }
}
