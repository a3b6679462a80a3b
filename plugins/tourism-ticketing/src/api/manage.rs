//! What the department sells, as the API reads and writes it. For managers.

use super::types::*;
use super::{answer, bad_date, read_date, wrong};
use crate::domain::catalogue::{
    Attraction, Component, Concession, DayPlan, Gate, PlaceKind, Product, ProductKind, Proof, Session, Validity,
};
use crate::domain::refund::{self, RefundTier};
use crate::domain::time::{Clock, Date, TimeError, rfc3339};
use crate::service::closures::{self, Outcome};
use crate::service::orders::MANAGER;
use crate::service::{Refusal, manage, now};
use crate::store::ALERTS_BY_DATE;
use yunlong_sdk::{Collection, Input, Operation, Request, Router, StatusCode, t, web};

/// At most so many rows of a list.
const ROWS: u32 = 200;

/// Adds the operations.
pub(super) fn routes(router: Router) -> Router {
    reading(days(writing(router)))
}

const ROLE: &str = "The role `manager` is needed";

fn writing(router: Router) -> Router {
    router
        .operation(
            Operation::get("/api/manage/catalogue", "getCatalogue")
                .tag("department")
                .summary("Everything that is sold or was")
                .signed_in()
                .problem(403, ROLE),
            |r, _: Input| {
                r.require_role(&[MANAGER])?;
                answer(r, whole())
            },
        )
        .operation(
            Operation::put("/api/manage/attractions/{id}", "putAttraction")
                .tag("department")
                .summary("Add or change an attraction or a coach line")
                .description("Tickets that were sold keep their slot. Where a change leaves slots out for which tickets were sold, it is refused as `tickets-sold` unless `refund_sold` is set: then those tickets are void, and what was paid for them returns in full.")
                .path::<IdPath>()
                .body::<EditAttraction>()
                .signed_in()
                .problem(403, ROLE)
                .problem(409, "`tickets-sold`: the change makes tickets void")
                .problem(422, "`invalid-fields` points at each field"),
            |r, input: Input<IdPath, (), EditAttraction>| {
                let by = manager(r)?;
                answer(r, put_attraction(input.path.id, input.body, &by))
            },
        )
        .operation(
            Operation::put("/api/manage/products/{id}", "putProduct")
                .tag("department")
                .summary("Add or change a product")
                .description("Orders that were made keep what was sold to them.")
                .path::<IdPath>()
                .body::<EditProduct>()
                .signed_in()
                .problem(403, ROLE)
                .problem(422, "`invalid-fields` points at each field"),
            |r, input: Input<IdPath, (), EditProduct>| {
                manager(r)?;
                answer(r, put_product(input.path.id, input.body))
            },
        )
}

fn days(router: Router) -> Router {
    router
        .operation(
            Operation::get("/api/manage/attractions/{id}/days", "listDays")
                .tag("department")
                .summary("Days that are different, from today on")
                .path::<IdPath>()
                .signed_in()
                .problem(403, ROLE)
                .problem(404, "There is no such attraction"),
            |r, input: Input<IdPath>| {
                manager(r)?;
                answer(r, list_days(&input.path.id))
            },
        )
        .operation(
            Operation::put("/api/manage/attractions/{id}/days/{date}", "putDay")
                .tag("department")
                .summary("Close a day, open one, lower a cap, or change its timetable")
                .description("From today on. A day that is closed refunds its tickets in full, but for slots that are over; while tickets were sold for it, that is refused as `tickets-sold` unless `refund_sold` is set. A cap below what is sold only stops sales.")
                .path::<DayPath>()
                .body::<EditDay>()
                .signed_in()
                .problem(403, ROLE)
                .problem(404, "There is no such attraction")
                .problem(409, "`tickets-sold`: the change makes tickets void")
                .problem(422, "`invalid-fields` points at each field"),
            |r, input: Input<DayPath, (), EditDay>| {
                let by = manager(r)?;
                answer(r, put_day(&input.path, input.body, &by))
            },
        )
}

fn reading(router: Router) -> Router {
    router
        .operation(
            Operation::get("/api/manage/closures", "listClosures")
                .tag("department")
                .summary("Closures that met tickets, the newest first")
                .signed_in()
                .problem(403, ROLE),
            |r, _: Input| {
                manager(r)?;
                answer(r, list_closures())
            },
        )
        .operation(
            Operation::post("/api/manage/closures/{closure}/retry", "retryClosure")
                .tag("department")
                .summary("Ask again for every refund of a closure that the provider refused")
                .description("Accepted: they are asked for after the answer. See `failed` and `waiting` of `listClosures`. Asked twice, each is asked for once.")
                .path::<ClosurePath>()
                .status(StatusCode::ACCEPTED)
                .signed_in()
                .problem(403, ROLE)
                .problem(404, "There is no such closure"),
            |r, input: Input<ClosurePath>| {
                manager(r)?;
                answer(r, closures::retry(&input.path.closure).map(ClosureItem::from))
            },
        )
        .operation(
            Operation::get("/api/manage/alerts", "listAlerts")
                .tag("department")
                .summary("Alerts of capacity that were given, for a day or from today on")
                .query::<DateQuery>()
                .signed_in()
                .problem(403, ROLE)
                .problem(422, "The date cannot be read"),
            |r, input: Input<(), DateQuery>| {
                manager(r)?;
                answer(r, list_alerts(input.query.date.as_deref()))
            },
        )
}

/// The manager who asks.
fn manager(request: &Request) -> web::Result<String> {
    Ok(request.require_role(&[MANAGER])?.subject.clone().unwrap_or_default())
}

fn whole() -> Result<WholeCatalogue, Refusal> {
    let (places, products) = manage::everything()?;
    let operator = |a: &Attraction| OperatorItem {
        attraction: a.id.clone(),
        operator: a.operator.clone(),
        name: a.operator_name.clone(),
    };
    Ok(WholeCatalogue {
        operators: places.iter().map(operator).collect(),
        attractions: places.into_iter().map(AttractionItem::from).collect(),
        products: products.into_iter().map(ProductItem::from).collect(),
    })
}

fn sessions(typed: &[EditSession]) -> Result<Vec<Session>, Refusal> {
    let clock = |text: &str, at: String| -> Result<Clock, Refusal> {
        text.parse().map_err(|_: TimeError| wrong(at, t("请填写时间，格式为 HH:MM", "Enter a time as HH:MM")))
    };
    let read = |(i, s): (usize, &EditSession)| {
        Ok(Session {
            start: clock(&s.start, format!("/sessions/{i}/start"))?,
            end: clock(&s.end, format!("/sessions/{i}/end"))?,
            cap: s.cap,
        })
    };
    typed.iter().enumerate().map(read).collect()
}

fn validity(e: EditValidity) -> Result<Validity, Refusal> {
    let day = |text: Option<String>, at: &str| -> Result<Option<Date>, Refusal> {
        text.map(|s| s.parse().map_err(|_: TimeError| wrong(format!("/validity/{at}"), bad_date()))).transpose()
    };
    Ok(Validity {
        sale_from: day(e.sale_from, "sale_from")?,
        sale_until: day(e.sale_until, "sale_until")?,
        visit_from: day(e.visit_from, "visit_from")?,
        visit_until: day(e.visit_until, "visit_until")?,
    })
}

fn put_attraction(id: String, e: EditAttraction, by: &str) -> Result<AttractionItem, Refusal> {
    let picture = match manage::attraction(&id) {
        Ok(before) => before.picture,
        Err(Refusal::NotFound) => None,
        Err(e) => return Err(e),
    };
    let kind = of_word(&PlaceKind::ALL, PlaceKind::code, &e.kind)
        .ok_or_else(|| wrong("/kind", t("类型为 site 或 coach", "A kind is `site` or `coach`")))?;
    let new = Attraction {
        id,
        kind,
        name: e.name,
        about: e.about,
        address: e.address,
        district: e.district,
        operator: e.operator,
        operator_name: e.operator_name,
        sessions: sessions(&e.sessions)?,
        closed_weekdays: e.closed_weekdays,
        daily_cap: e.daily_cap,
        instant_cap: e.instant_cap,
        stay_minutes: e.stay_minutes,
        gates: e.gates.into_iter().map(|g| Gate { name: g.name, officers: g.officers }).collect(),
        picture,
        active: e.active,
        rank: e.rank,
    };
    manage::put_attraction(&new, e.refund_sold, by)?;
    Ok(new.into())
}

fn put_product(id: String, e: EditProduct) -> Result<ProductItem, Refusal> {
    let kind = of_word(&ProductKind::ALL, ProductKind::code, &e.kind).ok_or_else(|| {
        wrong("/kind", t("类型为 single、joint 或 package", "A kind is `single`, `joint` or `package`"))
    })?;
    let concession = |(i, c): (usize, EditConcession)| {
        let proof = of_word(&Proof::ALL, Proof::code, &c.proof).ok_or_else(|| {
            wrong(format!("/concessions/{i}/proof"), t("为 account 或 document", "It is `account` or `document`"))
        })?;
        let EditConcession { code, title, min_age, below_age, percent, .. } = c;
        Ok(Concession { code, title, min_age, below_age, proof, percent })
    };
    let tier = |t: EditTier| RefundTier { before_minutes: t.before_minutes, percent: t.percent };
    let new = Product {
        id,
        name: e.name,
        kind,
        components: e
            .components
            .into_iter()
            .map(|c| Component { attraction: c.attraction, weight: c.weight })
            .collect(),
        price: e.price,
        concessions: e.concessions.into_iter().enumerate().map(concession).collect::<Result<_, Refusal>>()?,
        refund_tiers: e
            .refund_tiers
            .map_or_else(refund::until_the_start, |tiers| tiers.into_iter().map(tier).collect()),
        validity: e.validity.map(validity).transpose()?.unwrap_or_default(),
        one_id: e.one_id,
        active: e.active,
        rank: e.rank,
    };
    manage::put_product(&new)?;
    Ok(new.into())
}

fn day_item(attraction: &str, date: Date, plan: DayPlan) -> DayItem {
    let session = |s: &Session| SessionItem { start: s.start.to_string(), end: s.end.to_string(), cap: s.cap };
    DayItem {
        attraction: attraction.to_owned(),
        date: date.to_string(),
        open: plan.open,
        reason: plan.reason,
        daily_cap: plan.daily_cap,
        sessions: plan.sessions.map(|all| all.iter().map(session).collect()),
    }
}

fn list_days(id: &str) -> Result<DayList, Refusal> {
    manage::attraction(id)?;
    let days = manage::plans(id, ROWS)?;
    Ok(DayList { days: days.into_iter().map(|(date, plan)| day_item(id, date, plan)).collect() })
}

fn put_day(path: &DayPath, e: EditDay, by: &str) -> Result<DayItem, Refusal> {
    let date = read_date(Some(&path.date), "/date", now())?;
    let plan = DayPlan {
        id: String::new(),
        open: e.open,
        reason: e.reason,
        daily_cap: e.daily_cap,
        sessions: e.sessions.as_deref().map(sessions).transpose()?,
    };
    Ok(day_item(&path.id, date, manage::put_plan(&path.id, date, plan, e.refund_sold, by)?))
}

impl From<Outcome> for ClosureItem {
    fn from(o: Outcome) -> Self {
        let waiting = o.waiting();
        let Outcome { closure: c, returned, failed } = o;
        Self {
            id: c.id,
            attraction: c.attraction,
            from: c.from.to_string(),
            until: c.until.map(|d| d.to_string()),
            reason: c.reason,
            at: rfc3339(c.at),
            orders: c.orders,
            tickets: c.tickets,
            amount: c.amount,
            returned,
            failed,
            waiting,
            done: c.done,
        }
    }
}

fn list_closures() -> Result<ClosureList, Refusal> {
    Ok(ClosureList { closures: closures::list(ROWS)?.into_iter().map(ClosureItem::from).collect() })
}

/// The alerts of a day, or of today and the days to come.
fn list_alerts(date: Option<&str>) -> Result<AlertList, Refusal> {
    let day = read_date(date, "/date", now())?.to_string();
    let query = ALERTS_BY_DATE.all().at_least(day.as_str());
    let query = if date.is_some() { query.at_most(day) } else { query };
    let all = Collection::new().find(query.limit(500))?.into_iter().map(|a| a.value);
    let item = |a: crate::store::Alert| AlertItem {
        attraction: a.attraction,
        date: a.date,
        level: a.level.code().to_owned(),
        taken: a.taken,
        cap: a.cap,
        at: rfc3339(a.at),
    };
    Ok(AlertList { alerts: all.map(item).collect() })
}
