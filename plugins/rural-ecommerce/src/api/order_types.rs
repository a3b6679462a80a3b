//! Orders and returns, as the API shows and takes them.

use super::types::*;
use crate::domain::machine::Machine;
use crate::domain::order::{Back, Order, State};
use crate::domain::returns::Return;
use crate::domain::shipment::{Carrier, Shipment};
use yunlong_sdk::Text;

api! {
    /// Which order.
    Deserialize OrderPath {
        /// Its number.
        order: String,
    }
    /// Which return.
    Deserialize ReturnPath {
        /// Its id.
        return_id: String,
    }
    /// An order.
    Serialize OrderBody {
        /// Its number.
        id: String,
        /// Where it stands.
        #[schemars(schema_with = "order_state")]
        state: String,
        /// The steps that this allows: `pay`, `cancel`, `accept`, `ship`, `confirm`, `return`, `refund`, `settle`.
        allowed: Vec<String>,
        /// The store.
        store: String,
        /// Its name.
        store_name: Text,
        /// What is bought.
        lines: Vec<LineItem>,
        /// Fen to pay.
        total: u64,
        /// The coupon.
        coupon: Option<String>,
        /// The group buy.
        group: Option<String>,
        /// The station that ordered for somebody.
        station: Option<String>,
        /// Where it goes.
        recipient: RecipientBody,
        /// When it was placed, RFC 3339.
        placed_at: String,
        /// Until when it can be paid.
        pay_until: String,
        /// Where the payer goes, while it waits for the payment.
        cashier_url: Option<String>,
        /// Until when the store must send it, while it waits for that.
        ship_by: Option<String>,
        /// When it is confirmed by itself, once it is delivered.
        confirm_at: Option<String>,
        /// The escrow account: `captured` = `released` + `refunded` + `held`, always.
        escrow: EscrowItem,
        /// How the price was divided, once it was paid out.
        division: Option<DivisionOfPrice>,
        /// The refunds, the first first.
        refunds: Vec<RefundItem>,
        /// The shipments, the first first.
        shipments: Vec<ShipmentItem>,
        /// The claims for lost, damaged and refused parcels.
        claims: Vec<ClaimItem>,
        /// The return that is open.
        open_return: Option<String>,
        /// Every state that it passed.
        history: Vec<PassageItem>,
    }
    /// A line of an order.
    Serialize LineItem {
        /// The listing.
        listing: String,
        /// The variant.
        sku: String,
        /// The product's name.
        title: Text,
        /// The variant's name.
        sku_name: Text,
        /// The trace code.
        batch: Option<String>,
        /// Fen for one unit.
        price: u64,
        /// Units.
        quantity: u32,
        /// Fen that a coupon takes off the line.
        discount: u64,
        /// Fen that were given back, or asked to be.
        given_back: u64,
        /// Units that are still to be sent.
        to_ship: u32,
        /// Units that were sent and can be returned.
        returnable: u32,
    }
    /// An escrow account, in fen.
    Serialize EscrowItem {
        /// Came in.
        captured: u64,
        /// Paid out.
        released: u64,
        /// Returned, or on its way back.
        refunded: u64,
        /// Held.
        held: u64,
    }
    /// How a price was divided: the three sum to what was paid out, in fen.
    Serialize DivisionOfPrice {
        /// The platform's commission.
        platform: u64,
        /// The station's commission.
        station: u64,
        /// The seller's.
        seller: u64,
    }
    /// A refund.
    Serialize RefundItem {
        /// Fen.
        amount: u64,
        /// Why, as a word.
        reason: String,
        /// `asked`, `settled` or `failed`.
        state: String,
        /// When the provider was asked last.
        asked_at: String,
    }
    /// A shipment.
    Serialize ShipmentItem {
        /// The number of the request.
        request: String,
        /// `city`, `own` or `store`.
        carrier: String,
        /// The carrier's waybill or number.
        waybill: Option<String>,
        /// Why the carrier does not take it.
        refused: Option<Text>,
        /// What is in it.
        units: Vec<UnitsBody>,
        /// Its parcels.
        parcels: Vec<ParcelItem>,
    }
    /// A parcel.
    Serialize ParcelItem {
        /// Its number within the shipment.
        id: String,
        /// What is in it.
        goods: String,
        /// Its weight.
        grams: u32,
        /// `ready`, `booked`, `loaded`, `in-transit`, `delivered`, `signed`, `lost`, `damaged` or `refused`.
        state: String,
        /// Whether it is late.
        delayed: bool,
    }
    /// A claim for a parcel: the money is held until it is decided.
    Serialize ClaimItem {
        /// Its id.
        id: String,
        /// What happened: `lost`, `damaged`, `refused` or `overdue`.
        reason: String,
        /// Whether nobody has decided.
        open: bool,
        /// What the manager said.
        decision: Option<String>,
        /// Fen that were refunded for it.
        amount: u64,
    }
    /// A state with its time.
    Serialize PassageItem {
        /// The state.
        #[schemars(schema_with = "order_state")]
        state: String,
        /// RFC 3339.
        at: String,
    }
    /// Orders.
    Serialize Orders {
        /// The orders.
        orders: Vec<OrderBody>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// Whether the provider is to be asked at once.
    Deserialize PayInput {
        /// Take the money at once instead of leading to the cashier.
        #[serde(default)]
        confirm: bool,
    }
    /// A wish to return units.
    Deserialize ReturnInput {
        /// Which units.
        units: Vec<UnitsBody>,
        /// Why.
        #[schemars(schema_with = "reason")]
        reason: String,
        /// What happened, at most 500 characters.
        #[serde(default)]
        text: String,
    }
    /// A step of a return.
    Deserialize ReturnStep {
        /// By the buyer: `withdraw`, `send`, `appeal`. By the seller: `approve`, `reject`, `inspect`, `refund`. By an arbiter: `arbitrate`.
        #[schemars(schema_with = "return_step")]
        step: String,
        /// The seller's answer, the carrier and number of what is sent back, or the arbiter's reasons.
        #[serde(default)]
        text: String,
        /// For `arbitrate`: fen that go back to the buyer, 0 for none.
        amount: Option<u64>,
    }
    /// A return.
    Serialize ReturnBody {
        /// Its id.
        id: String,
        /// The order.
        order: String,
        /// Which units.
        units: Vec<UnitsBody>,
        /// Why.
        #[schemars(schema_with = "reason")]
        reason: String,
        /// What the buyer says.
        text: String,
        /// Fen that the units are worth.
        amount: u64,
        /// Where it stands.
        #[schemars(schema_with = "return_state")]
        state: String,
        /// The steps that this allows.
        allowed: Vec<String>,
        /// What the seller says.
        answer: Option<String>,
        /// By what the goods come back.
        tracking: Option<String>,
        /// What the arbiter says.
        decision: Option<String>,
        /// Fen that were refunded for it.
        refunded: u64,
        /// When it was asked for, RFC 3339.
        asked_at: String,
        /// Until when the next step is to be taken, before the clock takes it.
        due_at: Option<String>,
    }
    /// Returns.
    Serialize Returns {
        /// The returns.
        returns: Vec<ReturnBody>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// What of one line is given back.
    Deserialize BackInput {
        /// The line's place, from 0.
        line: u32,
        /// Units, which go back at their worth; 0 for a reduction of the price.
        #[serde(default)]
        units: u32,
        /// Fen of a reduction: never together with units.
        amount: Option<u64>,
    }
}

impl BackInput {
    /// As the domain has it.
    pub(super) fn back(&self, shipped: bool) -> Back {
        Back { line: self.line as usize, units: self.units, shipped, amount: self.amount }
    }
}

/// The steps that a state allows, as words.
fn allowed<M: Machine>(state: M) -> Vec<String> {
    state.allows().iter().map(|s| M::step_code(*s).to_owned()).collect()
}

impl From<yunlong_sdk::Page<Order>> for Orders {
    fn from(page: yunlong_sdk::Page<Order>) -> Self {
        Self { orders: page.items.into_iter().map(|o| o.value.into()).collect(), next: page.next }
    }
}

impl From<yunlong_sdk::Page<Return>> for Returns {
    fn from(page: yunlong_sdk::Page<Return>) -> Self {
        Self { returns: page.items.into_iter().map(|r| r.value.into()).collect(), next: page.next }
    }
}

/// A word that serde writes for a plain enum.
fn said(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn lines(o: &Order) -> Vec<LineItem> {
    let line = |(i, l): (usize, &crate::domain::order::Line)| LineItem {
        listing: l.listing.clone(),
        sku: l.sku.clone(),
        title: l.title.clone(),
        sku_name: l.sku_name.clone(),
        batch: l.batch.clone(),
        price: l.price,
        quantity: l.quantity,
        discount: l.discount,
        given_back: l.given_back,
        to_ship: o.to_ship(i),
        returnable: o.returnable(i),
    };
    o.lines.iter().enumerate().map(line).collect()
}

impl From<Order> for OrderBody {
    fn from(o: Order) -> Self {
        let e = &o.escrow;
        let escrow =
            EscrowItem { captured: e.captured(), released: e.released(), refunded: e.refunded(), held: e.held() };
        let division = o.release.as_ref().map(|r| DivisionOfPrice {
            platform: r.division.platform,
            station: r.division.station,
            seller: r.division.seller,
        });
        let refunds = o
            .refunds
            .iter()
            .map(|r| RefundItem {
                amount: r.amount,
                reason: r.reason.clone(),
                state: said(&r.state),
                asked_at: time(r.asked_at),
            })
            .collect();
        let claims = o
            .claims
            .iter()
            .map(|c| ClaimItem {
                id: c.id.clone(),
                reason: c.reason.code().to_owned(),
                open: c.state == crate::domain::shipment::ClaimState::Open,
                decision: c.decision.clone(),
                amount: c.amount,
            })
            .collect();
        Self {
            allowed: allowed(o.state),
            lines: lines(&o),
            escrow,
            division,
            refunds,
            claims,
            cashier_url: o.intent.as_ref().filter(|_| o.state == State::Placed).map(|x| x.cashier_url.clone()),
            ship_by: matches!(o.state, State::Accepted | State::PartShipped).then(|| time(o.ship_by)),
            confirm_at: o.delivered_at.map(|_| time(o.confirm_at)),
            shipments: o.shipments.into_iter().map(ShipmentItem::from).collect(),
            history: o
                .history
                .iter()
                .map(|p| PassageItem { state: p.state.code().to_owned(), at: time(p.at) })
                .collect(),
            id: o.id,
            state: o.state.code().to_owned(),
            store: o.store,
            store_name: o.store_name,
            total: o.total,
            coupon: o.coupon,
            group: o.group,
            station: o.station.map(|s| s.station),
            recipient: o.recipient.into(),
            placed_at: time(o.placed_at),
            pay_until: time(o.pay_until),
            open_return: o.open_return,
        }
    }
}

impl From<Shipment> for ShipmentItem {
    fn from(s: Shipment) -> Self {
        let (carrier, number) = match s.carrier {
            Carrier::City => ("city", s.waybill),
            Carrier::Own { number, .. } => ("own", Some(number)),
            Carrier::Store => ("store", None),
        };
        let parcel = |p: crate::domain::shipment::Parcel| ParcelItem {
            id: p.id,
            goods: p.goods,
            grams: p.grams,
            state: p.state.code().to_owned(),
            delayed: p.delayed,
        };
        Self {
            request: s.request,
            carrier: carrier.to_owned(),
            waybill: number,
            refused: s.refused,
            units: s.units.into_iter().map(UnitsBody::from).collect(),
            parcels: s.parcels.into_iter().map(parcel).collect(),
        }
    }
}

impl From<Return> for ReturnBody {
    fn from(r: Return) -> Self {
        Self {
            allowed: allowed(r.state),
            id: r.id,
            order: r.order,
            units: r.units.into_iter().map(UnitsBody::from).collect(),
            reason: r.reason.code().to_owned(),
            text: r.text,
            amount: r.amount,
            state: r.state.code().to_owned(),
            answer: r.answer,
            tracking: r.tracking,
            decision: r.decision,
            refunded: r.refunded,
            asked_at: time(r.asked_at),
            due_at: r.due_at.map(time),
        }
    }
}
