//! The department: reviews, tests, recalls, arbitration, claims, stations, changes of villages.

use super::order_types::{BackInput, OrderBody, OrderPath, Orders, Returns};
use super::selling_types::{FarmerBody, OrdersQuery, StateQuery, oldest};
use super::shop::{CodePath, ListingPath};
use super::station::StationPath;
use super::types::*;
use super::{answer, chosen, day, limit, own, unlisted};
use crate::domain::batch::State as BatchState;
use crate::domain::division::Change;
use crate::domain::farmer::{Status, Step};
use crate::domain::machine::Machine as _;
use crate::domain::order::State;
use crate::domain::station::Service;
use crate::service::access::MANAGER;
use crate::service::batches::{self, TestInput as NewTest};
use crate::service::stations::{self, StationInput as NewStation};
use crate::service::statistics::{self, ChangeInput as NewChange};
use crate::service::{Refusal, Wanted, farmers, listings, orders, returns};
use yunlong_sdk::{Input, Operation, Router, StatusCode, Text, t};

api! {
    /// Which registration.
    Deserialize FarmerPath {
        /// Its id.
        farmer: String,
    }
    /// Which registrations.
    Deserialize FarmersQuery {
        /// Where they stand; `applied` when absent.
        status: Option<String>,
        /// `oldest` first, when absent, or `newest` first.
        order: Option<String>,
        /// 1 to 100; 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// By which document a registration is found.
    Deserialize FindInput {
        /// A resident ID (GB 11643) or a unified social credit code (GB 32100).
        document: String,
    }
    /// Registrations.
    Serialize Farmers {
        /// The registrations.
        farmers: Vec<FarmerBody>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// A decision on a registration.
    Deserialize FarmerStep {
        /// What to do.
        #[schemars(schema_with = "farmer_step")]
        step: String,
        /// Why; needed unless it is approved.
        #[serde(default)]
        reason: String,
    }
    /// A decision on a listing.
    Deserialize ReviewInput {
        /// What to do.
        #[schemars(schema_with = "review_step")]
        step: String,
        /// Why; needed to send it back.
        reason: Option<Text>,
        /// `version` of the listing as it was looked at; needed to put it on sale.
        version: Option<String>,
    }
    /// A test.
    Deserialize TestInput {
        /// The laboratory's number of the report.
        report: String,
        /// What was tested for.
        item: Text,
        /// The laboratory.
        laboratory: String,
        /// The day of the sample, `YYYY-MM-DD`.
        day: String,
        /// Whether it was good.
        passed: bool,
    }
    /// Why a batch is called back.
    Deserialize RecallInput {
        /// The reason, as everybody reads it.
        reason: Text,
    }
    /// A decision on a claim.
    Deserialize ClaimInput {
        /// The claim's id.
        claim: String,
        /// What goes back to the buyer; nothing is due when empty.
        #[serde(default)]
        backs: Vec<BackInput>,
        /// Why, 1 to 200 characters.
        reason: String,
    }
    /// A station.
    Deserialize StationInput {
        /// Its name.
        name: Text,
        /// The village's code.
        village: String,
        /// The address in the village.
        address: String,
        /// The keeper's subject.
        keeper: String,
        /// What it does.
        #[schemars(schema_with = "services")]
        services: Vec<String>,
        /// The USCC that is paid the commission.
        payee: String,
    }
    /// A commission.
    Deserialize CommissionInput {
        /// Basis points of the price, at most 1,000.
        bps: u16,
    }
    /// Whether a station is active.
    Deserialize ActiveInput {
        /// From today on, or until today.
        active: bool,
    }
    /// A change of a village.
    Deserialize ChangeInput {
        /// Its code until then.
        village: String,
        /// Its code from then on: another village's for a merger.
        into: String,
        /// The name, for a code that is new.
        name: Option<String>,
        /// The first day, `YYYY-MM-DD`.
        on: String,
    }
    /// A change of a village.
    Serialize ChangeItem {
        /// Its code until then.
        village: String,
        /// Its code from then on.
        into: String,
        /// The name, for a code that was new.
        name: Option<String>,
        /// The first day.
        on: String,
    }
    /// Changes of villages.
    Serialize Changes {
        /// The changes, the oldest first.
        changes: Vec<ChangeItem>,
    }
}

pub(super) fn routes(router: Router) -> Router {
    divisions(places(trade(batches_of(review(farmers_of(router))))))
}

fn farmers_of(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/manage/farmers", "listFarmers")
                .tag("department")
                .summary("Registrations: for managers")
                .query::<FarmersQuery>()),
            |r, i: Input<(), FarmersQuery>| {
                let page = || {
                    let status = i
                        .query
                        .status
                        .as_deref()
                        .map_or(Ok(Status::Applied), |s| chosen(Status::ALL, Status::code, s, "/status"))?;
                    let oldest_first = oldest(i.query.order.as_deref(), true)?;
                    let wanted = Wanted { oldest_first, ..Some(status).into() };
                    farmers::list(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(
                    r,
                    page().map(|p| Farmers {
                        farmers: p.items.into_iter().map(|f| f.value.into()).collect(),
                        next: p.next,
                    }),
                )
            },
        )
        .operation(
            own(Operation::post("/api/manage/farmers/find", "findFarmer")
                .tag("department")
                .summary("The registration under a document's number, wherever it stands: for managers")
                .description("The number is in the body, so that it stands in no address.")
                .body::<FindInput>()),
            |r, i: Input<(), (), FindInput>| {
                answer(r, farmers::by_document(r.principal(), &i.body.document).map(FarmerBody::from))
            },
        )
        .operation(
            own(Operation::post("/api/manage/farmers/{farmer}/steps", "decideFarmer")
                .tag("department")
                .summary("Approve, refuse or suspend a registration: for managers")
                .path::<FarmerPath>()
                .body::<FarmerStep>()),
            |r, i: Input<FarmerPath, (), FarmerStep>| {
                let steps = [("approve", Step::Approve), ("refuse", Step::Refuse), ("suspend", Step::Suspend)];
                let found = steps.into_iter().find(|(word, _)| *word == i.body.step).map(|(_, step)| step);
                let step = found.ok_or_else(|| unlisted("/step", FARMER_STEPS));
                answer(
                    r,
                    step.and_then(|s| farmers::decide(r.principal(), &i.path.farmer, s, &i.body.reason))
                        .map(FarmerBody::from),
                )
            },
        )
}

fn review(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/manage/listings", "listWaitingListings")
                .tag("department")
                .summary("Listings that wait for their review: for managers")
                .query::<PageQuery>()),
            |r, i: Input<(), PageQuery>| {
                let page = || listings::waiting(r.principal(), limit(i.query.limit)?, i.query.after.clone());
                answer(r, page().map(Listings::from))
            },
        )
        .operation(
            own(Operation::post("/api/manage/listings/{listing}/steps", "reviewListing")
                .tag("department")
                .summary("Put a listing on sale, send it back, or take it off sale: for managers")
                .description("It is put on sale as it was looked at: when the goods were changed since, the answer is 409 `changed-since-seen`.")
                .path::<ListingPath>()
                .body::<ReviewInput>()),
            |r, i: Input<ListingPath, (), ReviewInput>| {
                let done = || {
                    let reason = i.body.reason.clone();
                    match i.body.step.as_str() {
                        "publish" => {
                            let named = i.body.version.as_deref().ok_or_else(version_missing)?;
                            listings::publish(r.principal(), &i.path.listing, named)
                        }
                        "send-back" => listings::send_back(r.principal(), &i.path.listing, &reason.unwrap_or_default()),
                        "withdraw" => {
                            crate::service::access::role(r.principal(), MANAGER)?;
                            listings::withdraw(r.principal(), &i.path.listing, reason.as_ref())
                        }
                        _ => Err(unlisted("/step", REVIEW_STEPS)),
                    }
                };
                answer(r, done().map(ListingItem::from))
            },
        )
}

fn version_missing() -> Refusal {
    Refusal::field("/version", t("请写明您查看的版本", "Say which version you have looked at"))
}

fn batches_of(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/manage/batches", "listBatches").tag("department").summary("Batches of one state, `registered` when absent, the oldest first when `order` is absent: for inspectors and managers").query::<StateQuery>()),
            |r, i: Input<(), StateQuery>| {
                let page = || {
                    let wanted = i.query.wanted(BatchState::ALL, Some(BatchState::Registered), true)?;
                    batches::every(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(r, page().map(Batches::from))
            },
        )
        .operation(
            own(Operation::post("/api/manage/batches/{code}/tests", "recordTest").tag("department").summary("Record a test: for inspectors").description("A bad one takes everything of the batch off sale in every department, and refunds what was paid and not sent.").path::<CodePath>().body::<TestInput>()),
            |r, i: Input<CodePath, (), TestInput>| {
                let done = || {
                    let b = i.body.clone();
                    let test = NewTest { report: b.report, item: b.item, laboratory: b.laboratory, day: day(&b.day, "/day")?, passed: b.passed };
                    batches::record_test(r.principal(), &i.path.code, &test)
                };
                answer(r, done().map(BatchItem::from))
            },
        )
        .operation(
            own(Operation::post("/api/manage/batches/{code}/recall", "recallBatch").tag("department").summary("Call a batch back: for managers").path::<CodePath>().body::<RecallInput>()),
            |r, i: Input<CodePath, (), RecallInput>| answer(r, batches::recall(r.principal(), &i.path.code, &i.body.reason).map(BatchItem::from)),
        )
}

fn trade(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/manage/orders", "listAllOrders")
                .tag("department")
                .summary("Orders of one state, `shipped` when absent: for managers")
                .query::<OrdersQuery>()),
            |r, i: Input<(), OrdersQuery>| {
                let page = || {
                    let wanted = i.query.wanted(Some(State::Shipped))?;
                    orders::every(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(r, page().map(Orders::from))
            },
        )
        .operation(
            own(Operation::get("/api/manage/claims", "listOpenClaims")
                .tag("department")
                .summary("Orders with a claim on which nobody has decided, the oldest claim first: for managers")
                .query::<PageQuery>()),
            |r, i: Input<(), PageQuery>| {
                let page = || {
                    let wanted = Wanted { oldest_first: true, ..Wanted::default() };
                    orders::with_claims(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(r, page().map(Orders::from))
            },
        )
        .operation(
            own(Operation::post("/api/manage/orders/{order}/claims", "decideClaim")
                .tag("department")
                .summary("Decide a claim for a parcel: for managers")
                .path::<OrderPath>()
                .body::<ClaimInput>()),
            |r, i: Input<OrderPath, (), ClaimInput>| {
                let backs: Vec<_> = i.body.backs.iter().map(|b| b.back(true)).collect();
                answer(
                    r,
                    orders::decide_claim(r.principal(), &i.path.order, &i.body.claim, &backs, &i.body.reason)
                        .map(OrderBody::from),
                )
            },
        )
        .operation(
            own(Operation::get("/api/manage/disputes", "listDisputes")
                .tag("department")
                .summary("Returns of one state, `disputed` or `arbitrated`, the first of them when absent, the oldest first when `order` is absent: for arbiters")
                .query::<StateQuery>()),
            |r, i: Input<(), StateQuery>| {
                let page = || {
                    let wanted = i.query.wanted(returns::DISPUTES, None, true)?;
                    returns::disputed(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(r, page().map(Returns::from))
            },
        )
}

fn places(router: Router) -> Router {
    router
        .operation(
            own(Operation::post("/api/manage/stations", "addStation")
                .tag("department")
                .summary("Add a station: for managers")
                .body::<StationInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<(), (), StationInput>| {
                answer(r, station(i.body).and_then(|s| stations::put(r.principal(), None, &s)).map(StationItem::from))
            },
        )
        .operation(
            own(Operation::put("/api/manage/stations/{station}", "putStation")
                .tag("department")
                .summary("Change a station: for managers")
                .path::<StationPath>()
                .body::<StationInput>()),
            |r, i: Input<StationPath, (), StationInput>| {
                answer(
                    r,
                    station(i.body)
                        .and_then(|s| stations::put(r.principal(), Some(&i.path.station), &s))
                        .map(StationItem::from),
                )
            },
        )
        .operation(
            own(Operation::put("/api/manage/stations/{station}/commission", "setCommission")
                .tag("department")
                .summary("Set a station's commission: for managers, never for its own keeper")
                .path::<StationPath>()
                .body::<CommissionInput>()),
            |r, i: Input<StationPath, (), CommissionInput>| {
                answer(r, stations::set_commission(r.principal(), &i.path.station, i.body.bps).map(StationItem::from))
            },
        )
        .operation(
            own(Operation::put("/api/manage/stations/{station}/active", "setActive")
                .tag("department")
                .summary("Open or close a station: for managers")
                .path::<StationPath>()
                .body::<ActiveInput>()),
            |r, i: Input<StationPath, (), ActiveInput>| {
                answer(r, stations::set_active(r.principal(), &i.path.station, i.body.active).map(StationItem::from))
            },
        )
}

fn divisions(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/manage/divisions", "listChanges")
                .tag("department")
                .summary("Villages that merged or changed their code")),
            |r, _: Input| {
                answer(
                    r,
                    statistics::changes()
                        .map(|all| Changes { changes: all.into_iter().map(ChangeItem::from).collect() }),
                )
            },
        )
        .operation(
            own(Operation::post("/api/manage/divisions", "changeDivision")
                .tag("department")
                .summary("Record that a village merges or changes its code: for managers")
                .body::<ChangeInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<(), (), ChangeInput>| {
                let done = || {
                    let b = i.body.clone();
                    statistics::change_division(
                        r.principal(),
                        &NewChange { village: b.village, into: b.into, name: b.name, on: day(&b.on, "/on")? },
                    )
                };
                answer(r, done().map(ChangeItem::from))
            },
        )
}

fn station(b: StationInput) -> Result<NewStation, Refusal> {
    let service = |(i, c): (usize, String)| chosen(&Service::ALL, Service::code, &c, &format!("/services/{i}"));
    let services = b.services.into_iter().enumerate().map(service).collect::<Result<_, Refusal>>()?;
    Ok(NewStation { name: b.name, village: b.village, address: b.address, keeper: b.keeper, services, payee: b.payee })
}

impl From<Change> for ChangeItem {
    fn from(c: Change) -> Self {
        Self { village: c.village, into: c.into, name: c.name, on: c.on.to_string() }
    }
}
