//! Flow links and alerts.

use super::{api, maybe_time, time, words};
use crate::domain::alert::{Alert, Kind as AlertKind};
use crate::domain::flow::{Flow, State as FlowState};
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

words! {
    flow_state: FlowState::ALL;
    alert_kind: AlertKind::ALL;
}

fn side(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "enum": ["seller", "buyer", null] })
}

api! {
    /// A flow link by its number.
    Deserialize FlowPath {
        /// Its number.
        flow: String,
    }
    /// Which flow links are wanted.
    Deserialize FlowsQuery {
        /// Where a company sells, or where it buys; `seller` when not said.
        #[schemars(schema_with = "side")]
        #[serde(default)]
        side: Option<String>,
        /// How many at most, 1 to 100; 20 when not said.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// The order of a trade whose flows are to be watched.
    Deserialize NewFlowBody {
        /// The order's number.
        number: String,
        /// Who buys: a unified social credit code.
        buyer: String,
        /// The bank that releases the funds.
        bank: String,
        /// The goods by their code.
        goods: String,
        /// How much, in the unit of the goods.
        quantity: u64,
        /// Fen.
        amount: u64,
    }
    /// A waybill that is linked.
    Deserialize LinkWaybillBody {
        /// Its number.
        waybill: String,
    }
    /// A receipt that is linked.
    Deserialize LinkReceiptBody {
        /// Its number.
        receipt: String,
    }
    /// A payment, as the bank has booked it.
    Deserialize PaymentBody {
        /// The bank's own number.
        bank_reference: String,
        /// Who paid.
        payer: String,
        /// Who was paid.
        payee: String,
        /// Fen.
        amount: u64,
    }
    /// An invoice.
    Deserialize InvoiceBody {
        /// Its number.
        invoice: String,
    }
    /// Three flows side by side.
    Serialize FlowItem {
        /// Its number.
        id: String,
        /// Information: the order.
        order: OrderItem,
        /// The bank that releases the funds.
        bank: String,
        /// Goods: the waybill.
        waybill: Option<CarriedItem>,
        /// Goods: the receipt.
        receipt: Option<StoredItem>,
        /// Money: the payment.
        payment: Option<PaidItem>,
        /// The points in which they do not agree.
        disagreements: Vec<String>,
        /// Where it stands.
        #[schemars(schema_with = "flow_state")]
        state: String,
        /// When the funds were released (RFC 3339).
        released_at: Option<String>,
        /// The invoice, once it is settled.
        invoice: Option<String>,
        /// When it was opened (RFC 3339).
        created_at: String,
    }
    /// An order.
    Serialize OrderItem {
        /// Its number.
        number: String,
        /// Who buys.
        buyer: String,
        /// Who sells.
        seller: String,
        /// The goods.
        goods: String,
        /// How much.
        quantity: u64,
        /// Fen.
        amount: u64,
    }
    /// What a waybill says.
    Serialize CarriedItem {
        /// The waybill.
        waybill: String,
        /// The order that it names.
        order: String,
        /// The goods.
        goods: String,
        /// What arrived; `null` without a proof.
        delivered: Option<u64>,
    }
    /// What a receipt says.
    Serialize StoredItem {
        /// The receipt.
        receipt: String,
        /// Who holds it.
        holder: String,
        /// The goods.
        goods: String,
        /// How much.
        quantity: u64,
        /// Whether it is pledged or frozen.
        encumbered: bool,
    }
    /// What a payment says.
    Serialize PaidItem {
        /// The bank's own number.
        bank_reference: String,
        /// Who paid.
        payer: String,
        /// Who was paid.
        payee: String,
        /// Fen.
        amount: u64,
        /// When (RFC 3339).
        at: String,
    }
    /// What a bank must know.
    Serialize AlertItem {
        /// Its id.
        id: String,
        /// The bank.
        bank: String,
        /// The loan.
        loan: String,
        /// The receipt.
        receipt: Option<String>,
        /// What has happened.
        #[schemars(schema_with = "alert_kind")]
        kind: String,
        /// A number that belongs to it.
        amount: Option<u64>,
        /// More of it.
        detail: Option<String>,
        /// When (RFC 3339).
        at: String,
        /// Whether somebody of the bank has seen it.
        seen: bool,
    }
    /// An alert that was seen.
    Deserialize SeenBody {
        /// Its id.
        alert: String,
    }
}

impl From<Flow> for FlowItem {
    fn from(f: Flow) -> Self {
        let (o, disagreements) = (&f.order, f.disagreements());
        Self {
            disagreements: disagreements.iter().map(|d| d.code().to_owned()).collect(),
            order: OrderItem {
                number: o.number.clone(),
                buyer: o.buyer.clone(),
                seller: o.seller.clone(),
                goods: o.goods.clone(),
                quantity: o.quantity,
                amount: o.amount,
            },
            id: f.id,
            bank: f.bank,
            waybill: f.carried.map(|c| CarriedItem {
                waybill: c.waybill,
                order: c.order,
                goods: c.goods,
                delivered: c.delivered,
            }),
            receipt: f.stored.map(|s| StoredItem {
                receipt: s.receipt,
                holder: s.holder,
                goods: s.goods,
                quantity: s.quantity,
                encumbered: s.encumbered,
            }),
            payment: f.paid.map(|p| PaidItem {
                bank_reference: p.reference,
                payer: p.payer,
                payee: p.payee,
                amount: p.amount,
                at: time(p.at),
            }),
            state: f.state.code().to_owned(),
            released_at: maybe_time(f.released_at),
            invoice: f.invoice,
            created_at: time(f.created_at),
        }
    }
}

impl From<Alert> for AlertItem {
    fn from(a: Alert) -> Self {
        Self {
            seen: a.seen_by.is_some(),
            id: a.id,
            bank: a.bank,
            loan: a.loan,
            receipt: a.receipt,
            kind: a.kind.code().to_owned(),
            amount: a.amount,
            detail: a.detail,
            at: time(a.at),
        }
    }
}
