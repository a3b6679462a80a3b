//! What passes through the API. The OpenAPI document is made of these types.

use crate::domain::alert::Level;
use crate::domain::catalogue::{PlaceKind, ProductKind, Proof};
use crate::domain::order::{State, Step};
use crate::domain::refund::RefundState;
use crate::domain::slot::SlotState;
use crate::domain::visitor::IdType;
use crate::domain::{batch, entitlement};
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The schemas of words: each lists what the domain's own type can be.
macro_rules! words {
    ($($name:ident: $all:expr;)*) => { $(
        fn $name(_: &mut SchemaGenerator) -> Schema {
            let words: Vec<&str> = $all.iter().map(|w| w.code()).collect();
            json_schema!({ "type": "string", "enum": words })
        }
    )* };
}

words! {
    place_kind: PlaceKind::ALL;
    product_kind: ProductKind::ALL;
    proof: Proof::ALL;
    slot_state: SlotState::ALL;
    order_state: State::ALL;
    step: Step::ALL;
    refund_state: RefundState::ALL;
    entitlement_state: entitlement::State::ALL;
    id_type: IdType::ALL;
    level: Level::ALL;
    batch_state: batch::State::ALL;
    verdict: batch::Verdict::ALL;
}

fn steps(generator: &mut SchemaGenerator) -> Schema {
    let items = step(generator);
    json_schema!({ "type": "array", "items": items })
}

fn maybe_level(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<Option<&str>> = Level::ALL.iter().map(|w| Some(w.code())).chain([None]).collect();
    json_schema!({ "type": ["string", "null"], "enum": words })
}

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
        /// `site` is an attraction; `coach` a coach line, whose sessions are trips from departure
        /// to arrival and whose caps are seats.
        #[schemars(schema_with = "place_kind")]
        kind: String,
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
        /// At most so many people on site at once; `null` for no bound.
        instant_cap: Option<u32>,
        /// How long a visitor usually stays, in minutes.
        stay_minutes: u32,
        /// The names of its gates; any name goes when there are none.
        gates: Vec<String>,
        /// Whether it is listed and sells.
        active: bool,
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
        /// One attraction, several, or several with a coach.
        #[schemars(schema_with = "product_kind")]
        kind: String,
        /// The attractions that it opens.
        components: Vec<ComponentItem>,
        /// Fen for one visitor; 0 is a free ticket that must still be booked.
        price: u64,
        /// Reduced prices.
        concessions: Vec<ConcessionItem>,
        /// What returns when a ticket is given back, by the time before its slot begins. The best
        /// tier whose time has not passed applies; without one nothing returns.
        refund_tiers: Vec<TierItem>,
        /// When it is sold, and for which days.
        validity: ValidityItem,
        /// Whether one document takes one ticket a slot.
        one_id: bool,
        /// Whether it is sold.
        active: bool,
    }
    /// When a product is sold and for which days, the last day included; `null` for no bound.
    Serialize ValidityItem {
        /// The first day of sales.
        sale_from: Option<String>,
        /// The last day of sales.
        sale_until: Option<String>,
        /// The first day of visits.
        visit_from: Option<String>,
        /// The last day of visits.
        visit_until: Option<String>,
    }
    /// A tier of what returns.
    Serialize TierItem {
        /// At least so many minutes before the slot begins.
        before_minutes: u32,
        /// Per cent of the ticket's price.
        percent: u8,
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
        /// Below this age on the day of the visit.
        below_age: Option<i32>,
        /// `account`: for the buyer's own ticket, asked for as `senior`, proven by the record that
        /// the city releases. `document`: asked for as `child`, proven by the resident ID.
        #[schemars(schema_with = "proof")]
        proof: String,
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
        /// Whether it can be bought.
        #[schemars(schema_with = "slot_state")]
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
        /// the scopes `visitor-name`, `visitor-id` and, where they let it, `visitor-mobile`.
        #[serde(default)]
        visitors: Option<Vec<VisitorBody>>,
        /// Needed where a visitor is under 14 on the day of the visit: the buyer declares to be
        /// the child's guardian and agrees that its data is taken.
        #[serde(default)]
        guardian: bool,
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
        /// `YYYY-MM-DD`: needed for a passport, whose number does not carry it. It is not kept.
        #[serde(default)]
        birth_date: Option<String>,
        /// Optional: a mainland mobile, or another number with `+` and the country's code.
        #[serde(default)]
        phone: Option<String>,
        /// `senior` asks for the price by age of the buyer's own ticket, which their record in the
        /// population database proves, and needs the consent `concession-check`; `child` asks for a child's, whose resident ID proves the age.
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
    /// What is given back, and why.
    Deserialize RefundOrder {
        /// In words; optional.
        #[serde(default)]
        reason: Option<String>,
        /// The numbers of the tickets; every unused one when absent.
        #[serde(default)]
        tickets: Option<Vec<usize>>,
        /// The full price, whatever the product's tiers say: for managers.
        #[serde(default)]
        full: bool,
    }
    /// A code or a document at a gate.
    Deserialize Admit {
        /// What was scanned or typed; blanks and hyphens do not matter.
        #[serde(default)]
        code: String,
        /// The visitor's document, where there is no code: for those without a phone. Needs
        /// `attraction`.
        #[serde(default)]
        document: Option<DocumentBody>,
        /// The attraction at which the gate is. Every gate should say so: without it a ticket for
        /// one attraction opens it wherever that is, and a ticket for several is refused.
        #[serde(default)]
        attraction: Option<String>,
        /// The gate's name, for the record: one of the attraction's, where it has gates.
        #[serde(default)]
        gate: Option<String>,
        /// The scanner or tablet, as it names itself; at most 60 characters, for the record.
        #[serde(default)]
        device: Option<String>,
        /// Whether to admit though as many are on site as may be: the officer's decision, which is
        /// recorded.
        #[serde(default)]
        over_cap: bool,
    }
    /// A document in the officer's hand.
    Deserialize DocumentBody {
        /// `resident-id` (when absent) or `passport`.
        #[serde(default)]
        id_type: String,
        /// Its number.
        id_number: String,
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
        /// About how many are on site now, where the attraction has an instantaneous cap.
        on_site: Option<i64>,
        /// The instantaneous cap.
        instant_cap: Option<u32>,
    }
    /// For whom an order was made, under a mandate of the city's portal.
    Serialize ActingItem {
        /// The mandate's id.
        mandate: String,
        /// The grantor: `person` or `company`.
        grantor: String,
        /// The company's unified social credit code.
        code: Option<String>,
        /// The company's name.
        name: Option<String>,
    }
    /// An order.
    Serialize OrderBody {
        /// Its number.
        id: String,
        /// Where it stands.
        #[schemars(schema_with = "order_state")]
        state: String,
        /// What its state allows.
        #[schemars(schema_with = "steps")]
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
        /// The refunds, the first first.
        refunds: Vec<RefundItem>,
        /// Fen that would return if every unused ticket were given back now.
        returnable: u64,
        /// For whom the buyer made it, if not for themself.
        #[serde(skip_serializing_if = "Option::is_none")]
        acting: Option<ActingItem>,
    }
    /// A refund.
    Serialize RefundItem {
        /// Its number at the ledger.
        reference: String,
        /// Where it stands.
        #[schemars(schema_with = "refund_state")]
        state: String,
        /// Fen.
        amount: u64,
        /// Why.
        reason: String,
        /// The tickets that it is for.
        tickets: Vec<ReturnedItem>,
    }
    /// A ticket that was given back.
    Serialize ReturnedItem {
        /// The ticket's number in the order.
        ticket: usize,
        /// The attraction's id.
        attraction: String,
        /// Fen that return for it.
        amount: u64,
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
        #[schemars(schema_with = "id_type")]
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
        /// Where it stands; `suspended` is void, with its money on its way back.
        #[schemars(schema_with = "entitlement_state")]
        state: String,
        /// RFC 3339.
        used_at: Option<String>,
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
    /// A page of a list of orders.
    Deserialize OrdersQuery {
        /// At most so many: 1 to 100, 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
        /// The orders that others made for the caller, instead of the caller's own.
        #[serde(default)]
        made_for_me: bool,
    }
    /// A page of a list.
    Deserialize PageQuery {
        /// At most so many: 1 to 100, 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
}

mod department;
pub(crate) use department::*;

fn yes() -> bool {
    true
}

fn two_hours() -> u32 {
    120
}

fn site() -> String {
    PlaceKind::Site.code().to_owned()
}

/// The value of a word, among all that there are.
pub(crate) fn of_word<T: Copy>(all: &[T], code: fn(T) -> &'static str, word: &str) -> Option<T> {
    all.iter().copied().find(|v| code(*v) == word)
}
