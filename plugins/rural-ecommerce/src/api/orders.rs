//! Orders and returns, as their parties see them.

use super::order_types::*;
use super::selling_types::OrdersQuery;
use super::types::*;
use super::{answer, chosen, limit, own, unlisted};
use crate::domain::returns::{Asked, Reason};
use crate::service::{Refusal, orders, returns};
use yunlong_sdk::{Input, Operation, Request, Router, StatusCode};

pub(super) fn routes(router: Router) -> Router {
    returns_of(steps(router))
}

fn steps(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/orders", "listOrders")
                .tag("orders")
                .summary("The buyer's orders")
                .query::<OrdersQuery>()),
            |r, i: Input<(), OrdersQuery>| {
                let page = || {
                    let wanted = i.query.wanted(None)?;
                    orders::list(r.principal(), &wanted, limit(i.query.limit)?, i.query.after.clone())
                };
                answer(r, page().map(Orders::from))
            },
        )
        .operation(
            own(Operation::get("/api/orders/{order}", "getOrder")
                .tag("orders")
                .summary("An order, for its buyer, its seller and managers")
                .path::<OrderPath>()),
            |r, i: Input<OrderPath>| answer(r, orders::get(r.principal(), &i.path.order).map(OrderBody::from)),
        )
        .operation(
            own(Operation::post("/api/orders/{order}/pay", "payOrder")
                .tag("orders")
                .summary("Pay into escrow")
                .description(
                    "Accepted: the money is taken after the answer. Poll `getOrder` until the order is `paid`.",
                )
                .path::<OrderPath>()
                .body::<PayInput>()
                .optional_body()
                .status(StatusCode::ACCEPTED)),
            |r, i: Input<OrderPath, (), PayInput>| {
                answer(r, orders::pay(r.principal(), &i.path.order, i.body.confirm).map(OrderBody::from))
            },
        )
        .operation(
            own(Operation::post("/api/orders/{order}/cancel", "cancelOrder")
                .tag("orders")
                .summary("Give up an order that is not paid, not accepted, or not sent in time")
                .path::<OrderPath>()),
            |r, i: Input<OrderPath>| answer(r, orders::cancel(r.principal(), &i.path.order).map(OrderBody::from)),
        )
        .operation(
            own(Operation::post("/api/orders/{order}/confirm", "confirmOrder")
                .tag("orders")
                .summary("The buyer has the goods: the seller is paid once the days for a return are over")
                .path::<OrderPath>()),
            |r, i: Input<OrderPath>| answer(r, orders::confirm(r.principal(), &i.path.order).map(OrderBody::from)),
        )
        .operation(
            own(Operation::post("/api/orders/{order}/refund-again", "retryRefunds")
                .tag("orders")
                .summary("Ask again for refunds that the provider refused")
                .path::<OrderPath>()
                .status(StatusCode::ACCEPTED)),
            |r, i: Input<OrderPath>| {
                answer(r, orders::retry_refunds(r.principal(), &i.path.order).map(OrderBody::from))
            },
        )
}

fn returns_of(router: Router) -> Router {
    router
        .operation(
            own(Operation::get("/api/orders/{order}/returns", "listReturnsOfOrder")
                .tag("returns")
                .summary("An order's returns")
                .path::<OrderPath>()),
            |r, i: Input<OrderPath>| {
                answer(
                    r,
                    returns::of_order(r.principal(), &i.path.order)
                        .map(|all| Returns { returns: all.into_iter().map(ReturnBody::from).collect(), next: None }),
                )
            },
        )
        .operation(
            own(Operation::post("/api/orders/{order}/returns", "askReturn")
                .tag("returns")
                .summary("Ask to return units; the order's money is held from then on")
                .path::<OrderPath>()
                .body::<ReturnInput>()
                .status(StatusCode::CREATED)),
            |r, i: Input<OrderPath, (), ReturnInput>| answer(r, ask(r, &i.path.order, i.body)),
        )
        .operation(
            own(Operation::get("/api/returns", "listReturns")
                .tag("returns")
                .summary("The buyer's returns, the newest first")
                .query::<PageQuery>()),
            |r, i: Input<(), PageQuery>| {
                let page = || returns::mine(r.principal(), limit(i.query.limit)?, i.query.after.clone());
                answer(r, page().map(Returns::from))
            },
        )
        .operation(
            own(Operation::get("/api/returns/{return_id}", "getReturn")
                .tag("returns")
                .summary("A return")
                .path::<ReturnPath>()),
            |r, i: Input<ReturnPath>| answer(r, returns::get(r.principal(), &i.path.return_id).map(ReturnBody::from)),
        )
        .operation(
            own(Operation::post("/api/returns/{return_id}/steps", "stepReturn")
                .tag("returns")
                .summary("Take a step of a return")
                .path::<ReturnPath>()
                .body::<ReturnStep>()),
            |r, i: Input<ReturnPath, (), ReturnStep>| answer(r, step(r, &i.path.return_id, &i.body)),
        )
}

fn ask(request: &Request, order: &str, body: ReturnInput) -> Result<ReturnBody, Refusal> {
    let reason = chosen(&Reason::ALL, Reason::code, &body.reason, "/reason")?;
    let asked = Asked { units: body.units.into_iter().map(Into::into).collect(), reason, text: body.text };
    Ok(returns::ask(request.principal(), order, &asked)?.into())
}

fn step(request: &Request, id: &str, body: &ReturnStep) -> Result<ReturnBody, Refusal> {
    let (who, text) = (request.principal(), body.text.as_str());
    let done = match body.step.as_str() {
        "withdraw" => returns::withdraw(who, id),
        "send" => returns::send(who, id, text),
        "appeal" => returns::appeal(who, id),
        "approve" => returns::approve(who, id, text),
        "reject" => returns::reject(who, id, text),
        "inspect" => returns::inspect(who, id),
        "refund" => returns::refund(who, id),
        "arbitrate" => returns::arbitrate(who, id, body.amount.unwrap_or(0), text),
        _ => Err(unlisted("/step", RETURN_STEPS)),
    };
    done.map(ReturnBody::from)
}
