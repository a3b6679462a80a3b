//! Flow links and alerts.

use super::types::*;
use super::{answer, key, listed, make, read, step};
use crate::service::fields::FieldError;
use crate::service::flows::{NewFlow, NewPayment, Side};
use crate::service::{Refusal, alerts, flows, who};
use yunlong_sdk::{Input, Request, Router, t};

/// Adds the operations.
pub(super) fn routes(router: Router) -> Router {
    alert_list(flow_steps(flow_list(router)))
}

fn flow_list(router: Router) -> Router {
    router
        .operation(
            read("/api/flows", "listFlows", "flows")
                .summary("Flow links of a company, a bank, or all for a regulator")
                .query::<FlowsQuery>(),
            |r, i: Input<(), FlowsQuery>| answer(r, list_flows(i.query)),
        )
        .operation(
            make("/api/flows", "openFlow", "flows")
                .summary("Link an order's flows: for the company that sells")
                .body::<NewFlowBody>(),
            |r, i: Input<(), (), NewFlowBody>| answer(r, open_flow(r, i.body)),
        )
        .operation(
            read("/api/flows/{flow}", "getFlow", "flows")
                .summary("One link as it stands now, with every point in which it does not agree")
                .path::<FlowPath>(),
            |r, i: Input<FlowPath>| answer(r, who().and_then(|a| flows::get(&a, &i.path.flow)).map(FlowItem::from)),
        )
}

fn list_flows(query: FlowsQuery) -> Result<Listed<FlowItem>, Refusal> {
    let side = match query.side.as_deref() {
        None | Some("seller") => Side::Seller,
        Some("buyer") => Side::Buyer,
        Some(_) => return Err(FieldError::new("/side", t("应为 seller 或 buyer", "It is `seller` or `buyer`")).into()),
    };
    let actor = who()?;
    listed(Paging { limit: query.limit, after: query.after }, |n, after| flows::list(&actor, side, n, after))
}

fn open_flow(request: &Request, b: NewFlowBody) -> Result<FlowItem, Refusal> {
    let new = NewFlow {
        number: b.number,
        buyer: b.buyer,
        bank: b.bank,
        goods: b.goods,
        quantity: b.quantity,
        amount: b.amount,
    };
    flows::open(&who()?, key(request), &new).map(FlowItem::from)
}

fn flow_steps(router: Router) -> Router {
    router
        .operation(
            step("/api/flows/{flow}/waybill", "linkWaybill", "flows")
                .summary("Link a waybill of the seller's own")
                .path::<FlowPath>()
                .body::<LinkWaybillBody>(),
            |r, i: Input<FlowPath, (), LinkWaybillBody>| {
                answer(
                    r,
                    who().and_then(|a| flows::link_waybill(&a, &i.path.flow, &i.body.waybill)).map(FlowItem::from),
                )
            },
        )
        .operation(
            step("/api/flows/{flow}/receipt", "linkReceipt", "flows")
                .summary("Link a receipt that the caller's company holds: for the seller and the buyer")
                .path::<FlowPath>()
                .body::<LinkReceiptBody>(),
            |r, i: Input<FlowPath, (), LinkReceiptBody>| {
                answer(
                    r,
                    who().and_then(|a| flows::link_receipt(&a, &i.path.flow, &i.body.receipt)).map(FlowItem::from),
                )
            },
        )
        .operation(
            step("/api/flows/{flow}/payment", "confirmPayment", "flows")
                .summary("Confirm a payment under the bank's own number")
                .path::<FlowPath>()
                .body::<PaymentBody>(),
            |r, i: Input<FlowPath, (), PaymentBody>| {
                let b = i.body;
                let new =
                    NewPayment { bank_reference: b.bank_reference, payer: b.payer, payee: b.payee, amount: b.amount };
                answer(r, who().and_then(|a| flows::confirm_payment(&a, &i.path.flow, &new)).map(FlowItem::from))
            },
        )
        .operation(
            step("/api/flows/{flow}/release", "releaseFunds", "flows")
                .summary("Release the funds when all flows agree: not for whoever confirmed the payment")
                .description("`flows-disagree` names every point.")
                .path::<FlowPath>(),
            |r, i: Input<FlowPath>| {
                answer(r, who().and_then(|a| flows::release_funds(&a, &i.path.flow)).map(FlowItem::from))
            },
        )
        .operation(
            step("/api/flows/{flow}/settle", "settleInvoice", "flows")
                .summary("Settle the invoice, once the funds are released")
                .path::<FlowPath>()
                .body::<InvoiceBody>(),
            |r, i: Input<FlowPath, (), InvoiceBody>| {
                answer(r, who().and_then(|a| flows::settle(&a, &i.path.flow, &i.body.invoice)).map(FlowItem::from))
            },
        )
}

fn alert_list(router: Router) -> Router {
    router
        .operation(
            read("/api/alerts", "listAlerts", "alerts")
                .summary("The alerts of a bank, all for a regulator, the latest first")
                .query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(r, who().and_then(|a| listed::<_, AlertItem>(i.query, |n, after| alerts::list(&a, n, after))))
            },
        )
        .operation(
            step("/api/alerts/seen", "markAlertSeen", "alerts")
                .summary("Somebody of the bank has seen an alert")
                .body::<SeenBody>(),
            |r, i: Input<(), (), SeenBody>| {
                answer(r, who().and_then(|a| alerts::seen(&a, &i.body.alert)).map(AlertItem::from))
            },
        )
}
