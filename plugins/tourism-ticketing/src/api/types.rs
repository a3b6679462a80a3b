//! What passes through the API. The OpenAPI document is made of these types.

use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;
use yunlong_sdk::schemars::JsonSchema;

macro_rules! api {
    ($($(#[$doc:meta])* $derive:ident $name:ident { $($(#[$fdoc:meta])* $field:ident: $t:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, $derive, JsonSchema)]
        #[schemars(crate = "yunlong_sdk::schemars")]
        pub(crate) struct $name { $($(#[$fdoc])* pub(crate) $field: $t,)* }
    )* };
}

api! {
    /// What is on sale.
    Serialize Catalogue {
        /// The attractions.
        attractions: Vec<AttractionItem>,
        /// Everything that can be ordered: single tickets and joint ones.
        products: Vec<ProductItem>,
    }
    /// An attraction.
    Serialize AttractionItem {
        /// Its id.
        id: String,
        /// Its name.
        name: Text,
        /// A sentence about it.
        about: Text,
        /// Where it is.
        address: Text,
        /// The division's code (GB/T 2260).
        district: String,
        /// The operator's unified social credit code (GB 32100).
        operator: String,
        /// The sessions of an ordinary day.
        sessions: Vec<SessionItem>,
        /// Weekdays without admission, 1 for Monday to 7 for Sunday.
        closed_weekdays: Vec<u8>,
        /// At most so many people on one day.
        daily_cap: u32,
    }
    /// A session of an ordinary day.
    Serialize SessionItem {
        /// From, `HH:MM` in Shanghai.
        start: String,
        /// Until; a time that is not after `start` is of the next day.
        end: String,
        /// At most so many people.
        cap: u32,
    }
    /// Something that can be ordered.
    Serialize ProductItem {
        /// Its id.
        id: String,
        /// Its name.
        name: Text,
        /// `single` or `joint`.
        kind: String,
        /// The attractions that it opens.
        components: Vec<ComponentItem>,
        /// Fen for one visitor; 0 is a free ticket that must still be booked.
        price: u64,
        /// Reduced prices.
        concessions: Vec<ConcessionItem>,
    }
    /// A part of a product.
    Serialize ComponentItem {
        /// The attraction's id.
        attraction: String,
        /// Its part of the price, in proportion to the other weights.
        weight: u64,
    }
    /// A reduced price.
    Serialize ConcessionItem {
        /// Its code.
        code: String,
        /// What it is.
        title: Text,
        /// From this age on the day of the visit.
        min_age: i32,
        /// Per cent of the full price.
        percent: u8,
    }
    /// The slots of a day.
    Serialize Slots {
        /// The attraction's id.
        attraction: String,
        /// The day, `YYYY-MM-DD` in Shanghai.
        date: String,
        /// Whether nobody is admitted on the day.
        closed: bool,
        /// Why it is closed, where the department said so.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
        /// The slots in order; none on a closed day.
        slots: Vec<SlotItem>,
    }
    /// A slot.
    Serialize SlotItem {
        /// What `createOrder` takes as `slot`: the start, `HH:MM` in Shanghai.
        slot: String,
        /// The end, `HH:MM` in Shanghai.
        end: String,
        /// RFC 3339.
        starts_at: String,
        /// RFC 3339.
        ends_at: String,
        /// At most so many people.
        cap: u32,
        /// Places left, of the slot and of the day.
        remaining: u32,
        /// `on-sale`, `sold-out`, `past` or `not-yet`.
        state: String,
    }
    /// What to order: `product`, or `attraction` for its single ticket; the day and the slot;
    /// and who goes.
    Deserialize CreateOrder {
        /// A product's id.
        #[serde(default)]
        product: Option<String>,
        /// An attraction's id, instead of a product.
        #[serde(default)]
        attraction: Option<String>,
        /// The day, `YYYY-MM-DD` in Shanghai.
        #[serde(default)]
        date: Option<String>,
        /// The slot's start, `HH:MM`; the first with room when absent. For a joint product it
        /// holds for every component that `components` does not name.
        #[serde(default)]
        slot: Option<String>,
        /// Another day or slot for components of a joint product.
        #[serde(default)]
        components: Vec<ComponentChoice>,
        /// Who goes. When absent the buyer alone, with name, ID and mobile by their consent to
        /// the scope `visitor`.
        #[serde(default)]
        visitors: Option<Vec<VisitorBody>>,
    }
    /// When one component of a joint product is visited.
    Deserialize ComponentChoice {
        /// The attraction's id.
        attraction: String,
        /// The day, if it is not the order's.
        #[serde(default)]
        date: Option<String>,
        /// The slot's start, `HH:MM`.
        #[serde(default)]
        slot: Option<String>,
    }
    /// A visitor.
    Deserialize VisitorBody {
        /// The name as on the document.
        #[serde(default)]
        name: String,
        /// `resident-id` (when absent) or `passport`.
        #[serde(default)]
        id_type: String,
        /// The document's number.
        #[serde(default)]
        id_number: String,
        /// Optional: a mainland mobile, or another number with `+` and the country's code.
        #[serde(default)]
        phone: Option<String>,
        /// `senior` asks for the price by age. It is for the buyer's own ticket and needs consent
        /// to the scope `concession`.
        #[serde(default)]
        concession: Option<String>,
    }
    /// How to pay.
    Deserialize PayOrder {
        /// `true` asks the provider to take the money now (the sandbox cashier does), `false`
        /// only answers where the cashier is.
        #[serde(default = "yes")]
        confirm: bool,
    }
    /// Why an order is given back.
    Deserialize RefundOrder {
        /// In words; optional.
        #[serde(default)]
        reason: Option<String>,
    }
    /// A code at a gate.
    Deserialize Admit {
        /// What was scanned or typed; blanks and hyphens do not matter.
        code: String,
        /// The attraction at which the gate is. Needed for joint tickets.
        #[serde(default)]
        attraction: Option<String>,
        /// The gate's name, for the record.
        #[serde(default)]
        gate: Option<String>,
    }
    /// A visitor was let in.
    Serialize Admission {
        /// Always `true`: a refusal is a problem document.
        admitted: bool,
        /// The order.
        order: String,
        /// The visitor's name, to compare with the document.
        name: String,
        /// The document's number with its middle hidden.
        id_number: String,
        /// The concession whose proof to look at.
        concession: Option<String>,
        /// The attraction's name.
        attraction: Text,
        /// The slot's day.
        date: String,
        /// The slot's start.
        slot: String,
        /// RFC 3339.
        at: String,
    }
    /// An order.
    Serialize OrderBody {
        /// Its number.
        id: String,
        /// `held`, `expired`, `paid`, `issued`, `part-used`, `used`, `refunding` or `refunded`.
        state: String,
        /// What its state allows.
        allowed: Vec<String>,
        /// The product's id.
        product: String,
        /// The product's name.
        name: Text,
        /// The attractions with their slots.
        components: Vec<OrderComponent>,
        /// Who goes.
        visitors: Vec<OrderVisitor>,
        /// Fen to pay.
        amount: u64,
        /// Fen taken.
        captured: u64,
        /// Fen returned.
        refunded: u64,
        /// Always `CNY`.
        currency: String,
        /// How the money is divided among the operators; sums to `amount`.
        lines: Vec<LineItem>,
        /// RFC 3339.
        created_at: String,
        /// Until when the places are kept unpaid; RFC 3339. Absent where there is nothing to pay.
        #[serde(skip_serializing_if = "Option::is_none")]
        hold_expires_at: Option<String>,
        /// Where to pay, while it is held.
        #[serde(skip_serializing_if = "Option::is_none")]
        cashier_url: Option<String>,
        /// Why the provider refused the refund, if it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        refund_failure: Option<String>,
    }
    /// An attraction of an order.
    Serialize OrderComponent {
        /// The attraction's id.
        attraction: String,
        /// Its name.
        name: Text,
        /// The day.
        date: String,
        /// The slot's start.
        slot: String,
        /// The slot's end.
        end: String,
        /// RFC 3339.
        starts_at: String,
        /// RFC 3339.
        ends_at: String,
    }
    /// A visitor of an order; their ticket is `/api/orders/{order}/tickets/{ticket}/code`.
    Serialize OrderVisitor {
        /// The ticket's number in the order, from 0.
        ticket: usize,
        /// The name.
        name: String,
        /// The document's kind.
        id_type: String,
        /// The document's number with its middle hidden.
        id_number: String,
        /// Fen.
        price: u64,
        /// The concession that applied.
        concession: Option<String>,
    }
    /// A receiver's part.
    Serialize LineItem {
        /// The receiver's unified social credit code.
        payee: String,
        /// Fen.
        amount: u64,
        /// What for.
        description: String,
    }
    /// Orders, the newest first.
    Serialize OrderList {
        /// The orders.
        orders: Vec<OrderBody>,
        /// Give this as `after` for the next page; `null` when there is no more.
        next: Option<String>,
    }
    /// A ticket and the code that it shows now.
    Serialize TicketBody {
        /// The order.
        order: String,
        /// The ticket's number in the order.
        ticket: usize,
        /// The visitor's name.
        name: String,
        /// What the gate scans or types; absent when everything is used.
        code: Option<String>,
        /// When the next code follows; RFC 3339.
        next_at: Option<String>,
        /// From when the gate refuses this one; RFC 3339.
        expires_at: Option<String>,
        /// The attractions.
        entitlements: Vec<EntitlementItem>,
    }
    /// The right to enter one attraction.
    Serialize EntitlementItem {
        /// The attraction's id.
        attraction: String,
        /// The day.
        date: String,
        /// The slot's start.
        slot: String,
        /// `unused`, `used` or `refunded`.
        state: String,
        /// RFC 3339.
        used_at: Option<String>,
    }
    /// The department's figures of a day.
    Serialize SalesReport {
        /// The day.
        date: String,
        /// Tickets issued and not given back.
        sold: i64,
        /// Fen.
        revenue: i64,
        /// By attraction.
        attractions: Vec<SalesItem>,
    }
    /// One attraction's figures of a day.
    Serialize SalesItem {
        /// The attraction's id.
        attraction: String,
        /// Its name.
        name: Text,
        /// The day's cap; `null` on a closed day.
        cap: Option<u32>,
        /// People with a hold or a ticket.
        taken: i64,
        /// Tickets issued and not given back.
        sold: i64,
        /// Fen.
        revenue: i64,
        /// Visitors admitted.
        admitted: i64,
        /// `yellow` from 80 % of the cap, `orange` from 90 %, `red` from 95 %.
        alert: Option<String>,
        /// By slot.
        slots: Vec<SlotSalesItem>,
    }
    /// One slot's figures.
    Serialize SlotSalesItem {
        /// The slot's start.
        slot: String,
        /// The slot's cap.
        cap: u32,
        /// People with a hold or a ticket.
        taken: i64,
        /// Tickets issued and not given back.
        sold: i64,
        /// Fen.
        revenue: i64,
        /// Visitors admitted.
        admitted: i64,
    }
    /// The attraction in a path.
    Deserialize AttractionPath {
        /// The attraction's id.
        attraction: String,
    }
    /// A day in a query.
    Deserialize DateQuery {
        /// `YYYY-MM-DD` in Shanghai; today when absent.
        date: Option<String>,
    }
    /// The order in a path.
    Deserialize OrderPath {
        /// The order's number.
        order: String,
    }
    /// A ticket in a path.
    Deserialize TicketPath {
        /// The order's number.
        order: String,
        /// The ticket's number in the order, from 0.
        ticket: usize,
    }
    /// A page of a list.
    Deserialize PageQuery {
        /// At most so many: 1 to 100, 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
}

fn yes() -> bool {
    true
}
