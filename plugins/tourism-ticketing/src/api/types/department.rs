//! What passes between the department or its gates and the API.

use super::*;

api! {
    /// Which days.
    Deserialize StatementQuery {
        /// The first day of visits, `YYYY-MM-DD`.
        from: Option<String>,
        /// The last day; `from` when absent. At most 31 days.
        until: Option<String>,
        /// One attraction's id; all when absent.
        attraction: Option<String>,
    }
    /// What was sold, returned and kept.
    Serialize StatementBody {
        /// The first day of visits.
        from: String,
        /// The last day.
        until: String,
        /// Fen that were paid.
        paid: u64,
        /// Fen that returned.
        returned: u64,
        /// Fen to settle: paid less returned, and the sum of the lines'.
        kept: u64,
        /// By receiver, attraction and day.
        lines: Vec<StatementLine>,
    }
    /// What one receiver has of one attraction on one day.
    Serialize StatementLine {
        /// The receiver's unified social credit code.
        operator: String,
        /// The attraction's id.
        attraction: String,
        /// Its name.
        name: Text,
        /// The day.
        date: String,
        /// Tickets that were sold.
        tickets: u32,
        /// Tickets that were given back.
        given_back: u32,
        /// Visitors who entered.
        admitted: u32,
        /// Fen that were paid.
        paid: u64,
        /// Fen that returned.
        returned: u64,
        /// Fen to settle.
        kept: u64,
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
        #[schemars(schema_with = "maybe_level")]
        alert: Option<String>,
        /// About how many are on site now: today, where the attraction has an instantaneous cap.
        on_site: Option<i64>,
        /// The instantaneous cap.
        instant_cap: Option<u32>,
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
    /// Everything that the department has written, on sale or not.
    Serialize WholeCatalogue {
        /// Attractions and coach lines.
        attractions: Vec<AttractionItem>,
        /// Products.
        products: Vec<ProductItem>,
        /// The operators' names, by the attraction's id.
        operators: Vec<OperatorItem>,
    }
    /// Who runs an attraction.
    Serialize OperatorItem {
        /// The attraction's id.
        attraction: String,
        /// The operator's unified social credit code.
        operator: String,
        /// Its name.
        name: Text,
    }
    /// An attraction or coach line as it is to be.
    Deserialize EditAttraction {
        /// `site` or `coach`.
        #[serde(default = "site")]
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
        /// The operator's name.
        operator_name: Text,
        /// The sessions of an ordinary day.
        sessions: Vec<EditSession>,
        /// Weekdays without admission, 1 for Monday to 7 for Sunday.
        #[serde(default)]
        closed_weekdays: Vec<u8>,
        /// At most so many people on one day.
        daily_cap: u32,
        /// At most so many people on site at once, by the gates' estimate; no bound when absent.
        #[serde(default)]
        instant_cap: Option<u32>,
        /// How long a visitor usually stays, 10 to 720 minutes: by it the gates estimate who is on
        /// site.
        #[serde(default = "two_hours")]
        stay_minutes: u32,
        /// Its gates; any name goes when there are none. What gates without a network bring back is
        /// kept whatever its gate.
        #[serde(default)]
        gates: Vec<EditGate>,
        /// Whether it is listed and sells.
        #[serde(default = "yes")]
        active: bool,
        /// Its place in lists.
        #[serde(default)]
        rank: u32,
        /// Whether tickets that were sold for slots that are no more are refunded in full. Without
        /// it such a change is refused.
        #[serde(default)]
        refund_sold: bool,
    }
    /// A gate as it is to be.
    Deserialize EditGate {
        /// Its name, at most 40 characters.
        name: String,
        /// The numbers of the officers who work at it, as the gate's page shows each their own;
        /// everybody with the role when there are none.
        #[serde(default)]
        officers: Vec<String>,
    }
    /// When a product is sold and for which days, as it is to be; no bound where one is absent.
    Deserialize EditValidity {
        /// The first day of sales, `YYYY-MM-DD`.
        #[serde(default)]
        sale_from: Option<String>,
        /// The last day of sales.
        #[serde(default)]
        sale_until: Option<String>,
        /// The first day of visits.
        #[serde(default)]
        visit_from: Option<String>,
        /// The last day of visits.
        #[serde(default)]
        visit_until: Option<String>,
    }
    /// A session as it is to be.
    Deserialize EditSession {
        /// From, `HH:MM` in Shanghai.
        start: String,
        /// Until; a time that is not after `start` is of the next day.
        end: String,
        /// At most so many people.
        cap: u32,
    }
    /// A product as it is to be.
    Deserialize EditProduct {
        /// Its name.
        name: Text,
        /// What it is.
        #[schemars(schema_with = "product_kind")]
        kind: String,
        /// What it opens.
        components: Vec<EditComponent>,
        /// Fen for one visitor.
        price: u64,
        /// Reduced prices.
        #[serde(default)]
        concessions: Vec<EditConcession>,
        /// What returns when a ticket is given back; everything until the slot begins when absent.
        #[serde(default)]
        refund_tiers: Option<Vec<EditTier>>,
        /// When it is sold and for which days; always when absent.
        #[serde(default)]
        validity: Option<EditValidity>,
        /// Whether one document takes one ticket a slot.
        #[serde(default = "yes")]
        one_id: bool,
        /// Whether it is sold.
        #[serde(default = "yes")]
        active: bool,
        /// Its place in lists.
        #[serde(default)]
        rank: u32,
    }
    /// A part of a product as it is to be.
    Deserialize EditComponent {
        /// The attraction's or coach line's id.
        attraction: String,
        /// Its part of the price, in proportion to the other weights.
        weight: u64,
    }
    /// A tier of what returns, as it is to be.
    Deserialize EditTier {
        /// At least so many minutes before the slot begins.
        before_minutes: u32,
        /// Per cent of the ticket's price.
        percent: u8,
    }
    /// A reduced price as it is to be.
    Deserialize EditConcession {
        /// A stable code.
        code: String,
        /// What it is.
        title: Text,
        /// From this age.
        #[serde(default)]
        min_age: i32,
        /// Below this age.
        #[serde(default)]
        below_age: Option<i32>,
        /// How the age is proven.
        #[schemars(schema_with = "proof")]
        proof: String,
        /// Per cent of the full price.
        percent: u8,
    }
    /// What is different on a day. Absent fields are as on an ordinary day; with none the day is
    /// an ordinary one again.
    Deserialize EditDay {
        /// `false` closes the day, `true` opens a weekday that is otherwise closed.
        #[serde(default)]
        open: Option<bool>,
        /// Why, as visitors read it.
        #[serde(default)]
        reason: Option<Text>,
        /// Another daily cap. Below what is sold it only stops sales.
        #[serde(default)]
        daily_cap: Option<u32>,
        /// Another timetable.
        #[serde(default)]
        sessions: Option<Vec<EditSession>>,
        /// Whether tickets that were sold for slots that are no more are refunded in full. Without
        /// it such a change is refused.
        #[serde(default)]
        refund_sold: bool,
    }
    /// What is different on a day.
    Serialize DayItem {
        /// The attraction's id.
        attraction: String,
        /// The day.
        date: String,
        /// Whether it is opened or closed against the rule of its weekday.
        open: Option<bool>,
        /// Why.
        reason: Option<Text>,
        /// Another daily cap.
        daily_cap: Option<u32>,
        /// Another timetable.
        sessions: Option<Vec<SessionItem>>,
    }
    /// Days that are different, from today on.
    Serialize DayList {
        /// In their order.
        days: Vec<DayItem>,
    }
    /// Closures that met tickets, and the alerts of capacity.
    Serialize ClosureList {
        /// The newest first.
        closures: Vec<ClosureItem>,
    }
    /// A change of the timetable that left tickets without their slot.
    Serialize ClosureItem {
        /// Its id.
        id: String,
        /// The attraction's id.
        attraction: String,
        /// The first day that it concerns.
        from: String,
        /// The last day; `null` for all days to come.
        until: Option<String>,
        /// Why.
        reason: Text,
        /// RFC 3339.
        at: String,
        /// Orders that it met.
        orders: u32,
        /// Tickets that were given back.
        tickets: u32,
        /// Fen that were asked back for them: the sum of the next three.
        amount: u64,
        /// Fen that are back.
        returned: u64,
        /// Fen that the provider refused to return: `retryClosure` asks for them again.
        failed: u64,
        /// Fen of which nothing is known yet.
        waiting: u64,
        /// Whether every ticket was looked at.
        done: bool,
    }
    /// Alerts of capacity.
    Serialize AlertList {
        /// By attraction and day.
        alerts: Vec<AlertItem>,
    }
    /// An alert that was given, as the message `capacity.alert` carried it.
    Serialize AlertItem {
        /// The attraction's id.
        attraction: String,
        /// The day.
        date: String,
        /// How full it is.
        #[schemars(schema_with = "level")]
        level: String,
        /// People with a hold or a ticket at that time.
        taken: i64,
        /// The day's cap at that time.
        cap: u32,
        /// RFC 3339.
        at: String,
    }
    /// A closure in a path.
    Deserialize ClosurePath {
        /// Its id.
        closure: String,
    }
    /// An id in a path.
    Deserialize IdPath {
        /// The id: lower-case letters, digits and hyphens.
        id: String,
    }
    /// An attraction's day in a path.
    Deserialize DayPath {
        /// The attraction's id.
        id: String,
        /// `YYYY-MM-DD` in Shanghai.
        date: String,
    }
    /// Which list.
    Deserialize GateListQuery {
        /// The attraction's id.
        attraction: String,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A page of a gate's list.
    Serialize GateList {
        /// The attraction's id.
        attraction: String,
        /// Milliseconds since 1970, by the city's clock: a gate corrects its own by it.
        now: i64,
        /// The hour of the first anchors, in hours since 1970.
        hour: i64,
        /// How long a code is shown, in seconds.
        code_seconds: u32,
        /// The tickets.
        tickets: Vec<GateTicket>,
        /// Give this as `after` for the next page; `null` when there is no more.
        next: Option<String>,
    }
    /// A ticket of a gate's list.
    Serialize GateTicket {
        /// A hash that stands for the ticket.
        key: String,
        /// What to bring back, instead of a code, when the gate lets in by the document.
        pass: String,
        /// Ten bits of the document's number, by which the gate finds the ticket; `null` where the
        /// gate cannot let in by the document.
        document_check: Option<String>,
        /// The visitor's name, hidden but for its first character.
        name: String,
        /// The last characters of the document's number.
        document: String,
        /// The concession whose proof to look at.
        concession: Option<String>,
        /// From when it opens the gate, milliseconds since 1970.
        from: i64,
        /// Until when.
        until: i64,
        /// Whether it is used already.
        used: bool,
        /// The anchors of the hours from `hour` on.
        anchors: Vec<String>,
    }
    /// What a gate scanned without a network.
    Deserialize UploadBatch {
        /// The gate's own number for it: 8 to 64 letters, digits and hyphens, another for each batch.
        number: String,
        /// The attraction's id.
        attraction: String,
        /// The gate's name.
        gate: String,
        /// The tablet, as it names itself; at most 60 characters, for the record.
        #[serde(default)]
        device: Option<String>,
        /// The codes that it let in, in their order; at most 500.
        scans: Vec<UploadScan>,
    }
    /// Somebody who was let in.
    Deserialize UploadScan {
        /// What was scanned or typed.
        #[serde(default)]
        code: String,
        /// When, by the gate's clock as the list's `now` corrects it: milliseconds since 1970.
        at: i64,
        /// `code_seconds` of the list by which the gate judged; today's when absent.
        #[serde(default)]
        code_seconds: Option<u32>,
        /// The list's `pass`, when it was the document: then no code is needed.
        #[serde(default)]
        pass: Option<String>,
    }
    /// A batch.
    Serialize BatchBody {
        /// The gate's own number for it.
        number: String,
        /// The attraction's id.
        attraction: String,
        /// The gate's name.
        gate: String,
        /// `uploaded` while scans are judged, then `reconciled`, or `conflict` when somebody has to
        /// look at some.
        #[schemars(schema_with = "batch_state")]
        state: String,
        /// Its scans.
        scans: usize,
        /// The scans that were judged so far.
        judged: usize,
        /// The scans that count as an admission.
        admitted: usize,
        /// Seconds by which the gate's clock was ahead of the codes.
        clock_off_seconds: i64,
        /// RFC 3339.
        uploaded_at: String,
        /// The scans that do not count.
        conflicts: Vec<BatchConflict>,
    }
    /// A scan that does not count.
    Serialize BatchConflict {
        /// Its place in the batch, from 0.
        scan: usize,
        /// Why.
        #[schemars(schema_with = "verdict")]
        verdict: String,
        /// The order.
        order: Option<String>,
        /// The ticket's number in it.
        ticket: Option<usize>,
        /// When it was, by the code itself; RFC 3339.
        at: Option<String>,
        /// When the ticket was used first; RFC 3339.
        first_at: Option<String>,
        /// Where the ticket was used first.
        first_gate: Option<String>,
    }
    /// Batches.
    Serialize BatchList {
        /// The newest first.
        batches: Vec<BatchBody>,
        /// Give this as `after` for the next page; `null` when there is no more.
        next: Option<String>,
    }
    /// A batch in a path.
    Deserialize BatchPath {
        /// The gate's own number for it.
        number: String,
    }
}
