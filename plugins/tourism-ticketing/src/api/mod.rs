//! The JSON API. Each operation reads its input, calls one service and shows the answer.

mod convert;
mod manage;
mod offline;
mod types;

use crate::domain::catalogue::Product;
use crate::domain::time::{Clock, Date, TimeError};
use crate::domain::visitor::{FieldError, VisitorInput};
use crate::service::gate::Desk;
use crate::service::orders::{GATE, GiveBack, MANAGER};
use crate::service::purchase::{Choice, Purchase};
use crate::service::{Refusal, catalogue, gate, now, orders, purchase, sales, statement};
use types::*;
use yunlong_sdk::{Input, Operation, Request, Router, StatusCode, Text, t, web};

/// Adds the operations.
pub(crate) fn routes(router: Router) -> Router {
    offline::routes(manage::routes(department(tickets(money(ordering(browsing(router)))))))
}

fn browsing(router: Router) -> Router {
    router
        .operation(
            Operation::get("/api/attractions", "listAttractions")
                .tag("catalogue")
                .summary("Attractions and products that are on sale"),
            |r, _: Input| answer(r, list_attractions()),
        )
        .operation(
            Operation::get("/api/attractions/{attraction}/slots", "listSlots")
                .tag("catalogue")
                .summary("The slots of a day with what is left")
                .path::<AttractionPath>()
                .query::<DateQuery>()
                .problem(404, "There is no such attraction")
                .problem(422, "The date cannot be read"),
            |r, input: Input<AttractionPath, DateQuery>| {
                answer(r, list_slots(&input.path.attraction, input.query.date.as_deref()))
            },
        )
}

fn ordering(router: Router) -> Router {
    router
        .operation(
            Operation::post("/api/orders", "createOrder")
                .tag("orders")
                .summary("Reserve tickets")
                .description("Reserves all or nothing, for as long as the department keeps unpaid places (`hold_expires_at` in the answer); free tickets are issued at once. With an `Idempotency-Key` header the same request answers the same order, however often it is sent.")
                .header("Idempotency-Key", "At most 200 characters, the buyer's own for this purchase.")
                .body::<CreateOrder>()
                .status(StatusCode::CREATED)
                .signed_in()
                .problem(403, "`consent-required`: the buyer has not consented to a scope; `consent_url` leads there, and back to its parameter `return`, a path of this app that the caller may set")
                .problem(404, "There is no such product or attraction")
                .problem(409, "`sold-out` names the component that is full; `duplicate-id` names the first order; `closed`; `not-on-sale`; `not-valid`: not sold today, or not for this day; `too-many-open-orders`: pay or give up one first; `attribute-absent`: the buyer's record lacks what was asked of it")
                .problem(422, "`invalid-fields` points at each field; `idempotency-key-reused`"),
            |r, input: Input<(), (), CreateOrder>| answer(r, create_order(r, input.body)),
        )
        .operation(
            Operation::get("/api/orders", "listOrders").tag("orders").summary("The buyer's orders, the newest first").description("With `made_for_me` those that others made for the caller under a mandate, or for the one for whom the caller acts.").query::<OrdersQuery>().signed_in().problem(422, "`limit` is not 1 to 100"),
            |r, input: Input<(), OrdersQuery>| answer(r, list_orders(r, input.query)),
        )
        .operation(
            Operation::get("/api/orders/{order}", "getOrder")
                .tag("orders")
                .summary("One order")
                .path::<OrderPath>()
                .signed_in()
                .problem(404, "There is no such order of the buyer"),
            |r, input: Input<OrderPath>| answer(r, orders::get(&input.path.order, r.principal()).map(OrderBody::from)),
        )
}

fn money(router: Router) -> Router {
    router
        .operation(
            Operation::post("/api/orders/{order}/pay", "payOrder")
                .tag("orders")
                .summary("Pay a held order")
                .description("Accepted: the money is taken after the answer. Poll `getOrder` until the order is `issued`.")
                .path::<OrderPath>()
                .body::<PayOrder>()
                .optional_body()
                .status(StatusCode::ACCEPTED)
                .signed_in()
                .problem(404, "There is no such order of the buyer")
                .problem(409, "`hold-over`: the places were given back; `wrong-state` names the state and what it allows"),
            |r, input: Input<OrderPath, (), PayOrder>| {
                answer(r, orders::pay(&input.path.order, r.principal(), input.body.confirm).map(OrderBody::from))
            },
        )
        .operation(
            Operation::post("/api/orders/{order}/cancel", "cancelOrder")
                .tag("orders")
                .summary("Give up a held order")
                .path::<OrderPath>()
                .signed_in()
                .problem(404, "There is no such order of the buyer")
                .problem(409, "`wrong-state` names the state and what it allows"),
            |r, input: Input<OrderPath>| answer(r, orders::cancel(&input.path.order, r.principal()).map(OrderBody::from)),
        )
        .operation(
            Operation::post("/api/orders/{order}/refund", "refundOrder")
                .tag("orders")
                .summary("Give back tickets that nobody has used")
                .description("For the buyer and the department's managers. What returns follows from the product's tiers; `returnable` of an order says how much. The tickets are void at once; the money follows: see `refunds` of `getOrder`. Where the provider refused a refund, this asks for it again.")
                .path::<OrderPath>()
                .body::<RefundOrder>()
                .optional_body()
                .status(StatusCode::ACCEPTED)
                .signed_in()
                .problem(404, "There is no such order of the buyer")
                .problem(403, "`full` needs the role `manager`")
                .problem(409, "`wrong-state` names the state and what it allows; `too-late-to-return`")
                .problem(422, "The reason is too long, or there is no such ticket"),
            |r, input: Input<OrderPath, (), RefundOrder>| answer(r, refund_order(r, &input.path.order, input.body)),
        )
}

fn tickets(router: Router) -> Router {
    router
        .operation(
            Operation::get("/api/orders/{order}/tickets/{ticket}/code", "getTicketCode")
                .tag("tickets")
                .summary("The code that a ticket shows now, for its buyer alone")
                .path::<TicketPath>()
                .signed_in()
                .problem(404, "There is no such ticket of the buyer")
                .problem(409, "`wrong-state`: the order is not issued"),
            |r, input: Input<TicketPath>| answer(r, gate::ticket(&input.path.order, input.path.ticket, r.principal()).map(TicketBody::from)),
        )
        .operation(
            Operation::post("/api/admissions", "admit")
                .tag("tickets")
                .summary("Let the holder of a code in, once")
                .description("For gate officers.")
                .body::<Admit>()
                .signed_in()
                .problem(403, "The role `gate` is needed")
                .problem(409, "`wrong-gate` names the gates to choose from; `site-full`: as many are on site as may be, `over_cap` admits all the same; `no-ticket` for a document; `already-used`, `code-expired`, `too-early`, `too-late`, `other-attraction`, `attraction-needed`, `ticket-refunded`, `wrong-state`")
                .problem(422, "`code-invalid`: not a code of this installation; `invalid-fields`"),
            |r, input: Input<(), (), Admit>| {
                let officer = r.require_role(&[GATE])?.subject.clone().unwrap_or_default();
                answer(r, admit(&officer, &input.body))
            },
        )
}

fn department(router: Router) -> Router {
    let router = router.operation(
        Operation::get("/api/statement", "getStatement")
            .tag("department")
            .summary("What was sold, returned and kept, by receiver, attraction and day")
            .description("For managers. As files: `/sales/statement/file`.")
            .query::<StatementQuery>()
            .signed_in()
            .problem(403, "The role `manager` is needed")
            .problem(404, "There is no such attraction")
            .problem(422, "The days cannot be read or are too many; `too-much`: more orders than one request reads"),
        |r, input: Input<(), StatementQuery>| {
            r.require_role(&[MANAGER])?;
            answer(r, get_statement(&input.query))
        },
    );
    router.operation(
        Operation::get("/api/sales", "salesReport")
            .tag("department")
            .summary("A day's sales by attraction and slot")
            .description("For managers.")
            .query::<DateQuery>()
            .signed_in()
            .problem(403, "The role `manager` is needed")
            .problem(422, "The date cannot be read"),
        |r, input: Input<(), DateQuery>| {
            r.require_role(&[MANAGER])?;
            answer(r, sales_report(input.query.date.as_deref()))
        },
    )
}

fn answer<T>(request: &Request, result: Result<T, Refusal>) -> web::Result<T> {
    result.map_err(|e| e.into_error(request.lang()))
}

fn list_attractions() -> Result<Catalogue, Refusal> {
    Ok(Catalogue {
        attractions: catalogue::attractions()?.into_iter().map(AttractionItem::from).collect(),
        products: catalogue::products()?.into_iter().map(ProductItem::from).collect(),
    })
}

fn list_slots(id: &str, date: Option<&str>) -> Result<Slots, Refusal> {
    let attraction = catalogue::attraction(id)?;
    let now = now();
    let date = read_date(date, "/date", now)?;
    let view = catalogue::day(&attraction, date, now)?;
    Ok(Slots::of(attraction.id, date.to_string(), view))
}

fn wrong(pointer: impl Into<String>, text: Text) -> Refusal {
    Refusal::Fields(vec![FieldError::new(pointer, text)])
}

/// A day of a query; today when absent.
fn read_date(text: Option<&str>, pointer: &str, now: i64) -> Result<Date, Refusal> {
    text.map_or_else(|| Ok(Date::at(now)), |s| s.parse().map_err(|_: TimeError| wrong(pointer, bad_date())))
}

fn bad_date() -> Text {
    t("请填写日期，格式为 YYYY-MM-DD", "Enter a date as YYYY-MM-DD")
}

fn create_order(request: &Request, body: CreateOrder) -> Result<OrderBody, Refusal> {
    let owner = request.subject()?;
    let key = request.header("idempotency-key").map(str::trim).filter(|k| !k.is_empty());
    if key.is_some_and(|k| k.len() > 200) {
        return Err(wrong(
            "/idempotency-key",
            t("幂等键最长 200 个字符", "An idempotency key has at most 200 characters"),
        ));
    }
    Ok(purchase::create(owner, key, &read_purchase(body)?)?.into())
}

/// Reads what was asked for. A product's components are looked up to give each its slot.
fn read_purchase(body: CreateOrder) -> Result<Purchase, Refusal> {
    let product = match (body.product, body.attraction) {
        (Some(p), _) => p,
        (None, Some(a)) => Product::single_id(&a),
        (None, None) => return Err(wrong("/product", t("请选择产品或景区", "Name a product or an attraction"))),
    };
    let date = |text: Option<&str>, at: &str| -> Result<Date, Refusal> {
        text.and_then(|s| s.parse().ok()).ok_or_else(|| wrong(at, bad_date()))
    };
    let slot = |text: Option<&str>, at: &str| -> Result<Option<Clock>, Refusal> {
        let read = |s: &str| {
            s.parse().map_err(|_: TimeError| {
                wrong(at, t("请填写时段的开始时间，格式为 HH:MM", "Enter the slot's start as HH:MM"))
            })
        };
        text.map(read).transpose()
    };
    let components = catalogue::product(&product)?.components;
    if let Some(i) = body.components.iter().position(|c| components.iter().all(|k| k.attraction != c.attraction)) {
        return Err(wrong(
            format!("/components/{i}/attraction"),
            t("此产品不含这个景区", "The product has no such attraction"),
        ));
    }
    let choices = components.iter().map(|component| {
        let own = body.components.iter().enumerate().find(|(_, c)| c.attraction == component.attraction);
        match own {
            Some((i, c)) => Ok(Choice {
                date: date(c.date.as_deref().or(body.date.as_deref()), &format!("/components/{i}/date"))?,
                start: slot(c.slot.as_deref().or(body.slot.as_deref()), &format!("/components/{i}/slot"))?,
            }),
            None => {
                Ok(Choice { date: date(body.date.as_deref(), "/date")?, start: slot(body.slot.as_deref(), "/slot")? })
            }
        }
    });
    let choices = choices.collect::<Result<_, Refusal>>()?;
    let visitors = body.visitors.map(|v| v.into_iter().map(VisitorInput::from).collect());
    Ok(Purchase { product, choices, visitors, guardian: body.guardian })
}

fn list_orders(request: &Request, query: OrdersQuery) -> Result<OrderList, Refusal> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(wrong("/limit", t("每页 1 至 100 条", "1 to 100 a page")));
    }
    let subject = request.subject()?;
    let page = if query.made_for_me {
        let grantor = orders::represented(request.principal()).unwrap_or_default();
        orders::made_for(&grantor, limit, query.after)?
    } else {
        orders::list(subject, limit, query.after)?
    };
    Ok(OrderList { orders: page.items.into_iter().map(|o| o.value.into()).collect(), next: page.next })
}

fn refund_order(request: &Request, id: &str, body: RefundOrder) -> Result<OrderBody, Refusal> {
    let reason = body.reason.unwrap_or_default();
    if reason.chars().count() > 200 {
        return Err(wrong("/reason", t("原因最长 200 个字", "The reason has at most 200 characters")));
    }
    let reason = if reason.trim().is_empty() { "asked by the buyer or the department" } else { reason.trim() };
    if let Some(tickets) = &body.tickets {
        let order = orders::get(id, request.principal())?;
        if let Some(i) = tickets.iter().position(|n| *n >= order.visitors.len()) {
            return Err(wrong(format!("/tickets/{i}"), t("订单中没有这张票", "The order has no such ticket")));
        }
    }
    let what = GiveBack { visitors: body.tickets, full: body.full, reason: reason.to_owned() };
    Ok(orders::refund(id, request.principal(), &what)?.into())
}

fn admit(officer: &str, body: &Admit) -> Result<Admission, Refusal> {
    let attraction = body.attraction.as_deref().map(str::trim).filter(|a| !a.is_empty());
    let gate = body.gate.as_deref().map(str::trim).filter(|g| !g.is_empty()).unwrap_or("gate");
    if gate.chars().count() > 40 {
        return Err(wrong("/gate", t("检票口名称最长 40 个字", "A gate's name has at most 40 characters")));
    }
    let device = body.device.as_deref().map(str::trim).filter(|d| !d.is_empty());
    if device.is_some_and(|d| d.chars().count() > 60) {
        return Err(wrong("/device", t("设备名称最长 60 个字", "A device's name has at most 60 characters")));
    }
    let desk = Desk { gate, officer, device, over_cap: body.over_cap };
    let Some(d) = &body.document else { return Ok(gate::admit(&body.code, attraction, desk)?.into()) };
    let Some(attraction) = attraction else {
        return Err(wrong("/attraction", t("请选择景区", "Name the attraction at which the gate is")));
    };
    let document = gate::Document { id_type: d.id_type.clone(), id_number: d.id_number.clone() };
    Ok(gate::admit_document(&document, attraction, desk)?.into())
}

fn get_statement(query: &StatementQuery) -> Result<StatementBody, Refusal> {
    let from = read_date(query.from.as_deref(), "/from", now())?;
    let until = query.until.as_deref().map_or(Ok(from), |d| read_date(Some(d), "/until", now()))?;
    let s = statement::of(from, until, query.attraction.as_deref(), None)?;
    let (paid, returned, kept) = s.totals();
    let line = |l: crate::domain::statement::Line| StatementLine {
        kept: l.kept(),
        operator: l.operator,
        attraction: l.attraction,
        name: l.name,
        date: l.date,
        tickets: l.tickets,
        given_back: l.given_back,
        admitted: l.admitted,
        paid: l.paid,
        returned: l.returned,
    };
    Ok(StatementBody {
        from: s.from.to_string(),
        until: s.until.to_string(),
        paid,
        returned,
        kept,
        lines: s.lines.into_iter().map(line).collect(),
    })
}

fn sales_report(date: Option<&str>) -> Result<SalesReport, Refusal> {
    let date = read_date(date, "/date", now())?;
    Ok(SalesReport::of(date.to_string(), sales::of_day(date)?))
}
