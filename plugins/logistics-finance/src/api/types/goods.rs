//! Warehouses, lots, receipts, prices and sensors.

use super::{PassageItem, api, maybe_time, time, unit, words};
use crate::domain::quote::Quote;
use crate::domain::receipt::{Freeze, Receipt, State, Step};
use crate::domain::sensor::{Device, Event, Kind, Method, Reading};
use crate::domain::warehouse::{Lot, Unit, Warehouse};
use crate::service::receipts::Verification;
use crate::service::sensors::{Registered, Taken};
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

words! {
    receipt_state: State::ALL;
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["gate", "stock", "heartbeat"] })
}

fn method(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["hmac-sha256", "ecdsa-p256"] })
}

api! {
    /// A warehouse by its number.
    Deserialize WarehousePath {
        /// Its number.
        warehouse: String,
    }
    /// A lot by its number.
    Deserialize LotPath {
        /// Its number.
        lot: String,
    }
    /// A receipt by its number.
    Deserialize ReceiptPath {
        /// Its number.
        receipt: String,
    }
    /// A device by its number.
    Deserialize DevicePath {
        /// Its number.
        device: String,
    }
    /// Goods by their code.
    Deserialize GoodsPath {
        /// The code.
        goods: String,
    }
    /// Which lots are wanted.
    Deserialize LotsQuery {
        /// A warehouse's: for its custodian and regulators. Without it the caller's own.
        warehouse: Option<String>,
        /// How many at most, 1 to 100; 20 when not said.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A warehouse.
    Serialize WarehouseItem {
        /// Its number.
        id: String,
        /// Its name.
        name: Text,
        /// Who keeps the goods: a unified social credit code.
        custodian: String,
        /// The custodian's name.
        custodian_name: String,
        /// The division's code.
        division: String,
        /// The address.
        address: String,
        /// Companies that may not borrow on goods here.
        affiliates: Vec<String>,
        /// Whether it takes goods.
        active: bool,
        /// When it was registered (RFC 3339).
        created_at: String,
    }
    /// A warehouse that is to be registered.
    Deserialize NewWarehouseBody {
        /// Its name.
        name: String,
        /// Its name in English.
        name_en: Option<String>,
        /// The custodian's unified social credit code.
        custodian: String,
        /// The custodian's name.
        custodian_name: String,
        /// The division's code.
        division: String,
        /// The address, without anybody's name.
        address: String,
        /// Companies that may not borrow on goods here: unified social credit codes.
        #[serde(default)]
        affiliates: Vec<String>,
    }
    /// Goods of one kind in one place.
    Serialize LotItem {
        /// Its number.
        id: String,
        /// The warehouse.
        warehouse: String,
        /// Who keeps it.
        custodian: String,
        /// Who brought it.
        owner: String,
        /// The goods by their code.
        goods: String,
        /// What they are called.
        goods_name: Text,
        /// Grade, size, packing.
        spec: String,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// What lies there by the books.
        quantity: u64,
        /// What live receipts promise of it.
        receipted: u64,
        /// What no receipt promises yet; nothing while goods are missing.
        free: u64,
        /// What may leave and has not passed the gate yet.
        leaving: u64,
        /// What left without an order.
        missing: u64,
        /// What counts did not find; it is not in `quantity`.
        written_off: u64,
        /// Where: yard, bay, tank.
        location: String,
        /// When it came (RFC 3339).
        created_at: String,
    }
    /// Goods that come in.
    Deserialize NewLotBody {
        /// The warehouse.
        warehouse: String,
        /// Who brings them: a unified social credit code.
        owner: String,
        /// The goods by their code, such as `coal-5500`.
        goods: String,
        /// What they are called.
        goods_name: String,
        /// What they are called in English.
        goods_name_en: Option<String>,
        /// Grade, size, packing.
        spec: String,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: Unit,
        /// How much.
        quantity: u64,
        /// Where they lie.
        location: String,
    }
    /// A warehouse receipt.
    Serialize ReceiptItem {
        /// Its number.
        id: String,
        /// The lot.
        lot: String,
        /// The warehouse.
        warehouse: String,
        /// Who issued it: a unified social credit code.
        custodian: String,
        /// The goods by their code.
        goods: String,
        /// What they are called.
        goods_name: Text,
        /// Grade, size, packing.
        spec: String,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// How much it promises.
        quantity: u64,
        /// Who holds it.
        holder: String,
        /// Where it stands.
        #[schemars(schema_with = "receipt_state")]
        state: String,
        /// The steps that this state allows.
        allowed: Vec<String>,
        /// Why it is frozen.
        frozen: Option<FrozenItem>,
        /// To whom it is pledged.
        pledged_to: Option<PledgedToItem>,
        /// The receipts in whose place it came.
        parents: Vec<String>,
        /// The receipts that took its place.
        children: Vec<String>,
        /// Grows with every change of what is signed.
        revision: u32,
        /// When it was issued (RFC 3339).
        issued_at: Option<String>,
        /// The issuer's signature.
        signature: Option<SignatureItem>,
        /// When it was drafted (RFC 3339).
        created_at: String,
        /// Every state that it passed.
        history: Vec<PassageItem>,
    }
    /// Why something is frozen.
    Serialize FrozenItem {
        /// Why, by a code such as `goods-missing` or in words.
        reason: String,
        /// Since when (RFC 3339).
        at: String,
    }
    /// To whom a receipt is pledged.
    Serialize PledgedToItem {
        /// The bank.
        bank: String,
        /// The loan.
        loan: String,
    }
    /// A signature.
    Serialize SignatureItem {
        /// `ES256` or `SM2-SM3`.
        algorithm: String,
        /// The key's id (RFC 7638), as in `/api/keys`.
        kid: String,
        /// r and s in base64url without padding.
        value: String,
    }
    /// Several receipts.
    Serialize ReceiptsBody {
        /// The receipts.
        receipts: Vec<ReceiptItem>,
    }
    /// A receipt that is to be made.
    Deserialize NewReceiptBody {
        /// The lot.
        lot: String,
        /// How much of it.
        quantity: u64,
        /// For whom: a unified social credit code; the lot's owner when it is not said.
        holder: Option<String>,
        /// Whether it is kept as a draft, to be issued later.
        #[serde(default)]
        draft: bool,
    }
    /// To whom a receipt goes.
    Deserialize TransferBody {
        /// A unified social credit code.
        to: String,
    }
    /// Into what a receipt is divided.
    Deserialize SplitBody {
        /// The quantities, which sum to the receipt's.
        quantities: Vec<u64>,
    }
    /// What becomes one receipt.
    Deserialize MergeBody {
        /// Two receipts or more of one lot and holder.
        receipts: Vec<String>,
    }
    /// What was counted in a lot.
    Deserialize CountBody {
        /// All that lies there, in the lot's unit: what may leave and has not left yet is among it.
        quantity: u64,
        /// What was found, in words, without anybody's data.
        reason: String,
    }
    /// What anybody may know of a receipt.
    Serialize VerificationItem {
        /// The number.
        number: String,
        /// Whether the signature is this register's over `text`.
        genuine: bool,
        /// Where it stands.
        #[schemars(schema_with = "receipt_state")]
        state: String,
        /// What the goods are called.
        goods_name: Text,
        /// Grade, size, packing.
        spec: String,
        /// How much.
        quantity: u64,
        /// In what it is counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// The warehouse's name.
        warehouse: Text,
        /// Who issued it.
        issuer: String,
        /// Since when (RFC 3339).
        issued_at: Option<String>,
        /// The text that is signed (RFC 8785).
        text: String,
        /// The signature.
        signature: Option<SignatureItem>,
        /// The receipts that took its place.
        replaced_by: Vec<String>,
    }
    /// The public keys (RFC 7517).
    Serialize KeysBody {
        /// The keys.
        keys: Vec<serde_json::Map<String, serde_json::Value>>,
    }
    /// A price.
    Serialize QuoteItem {
        /// The goods by their code.
        goods: String,
        /// What they are called.
        name: Text,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// Fen for a tonne, a cubic metre or a piece.
        price: u64,
        /// Where it comes from.
        source: String,
        /// Since when it holds (RFC 3339).
        at: String,
    }
    /// A price that is to be published.
    Deserialize NewQuoteBody {
        /// The goods by their code.
        goods: String,
        /// What they are called.
        name: String,
        /// What they are called in English.
        name_en: Option<String>,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: Unit,
        /// Fen for a tonne, a cubic metre or a piece.
        price: u64,
        /// Where it comes from.
        source: String,
    }
    /// A sensor.
    Serialize DeviceItem {
        /// Its number.
        id: String,
        /// The warehouse.
        warehouse: String,
        /// Where it stands.
        place: String,
        /// How it signs.
        #[schemars(schema_with = "method")]
        method: String,
        /// Whether its readings are taken.
        active: bool,
        /// The highest sequence that came.
        last_sequence: u64,
        /// When that came (RFC 3339).
        last_at: Option<String>,
        /// How many readings are missing.
        missing: u64,
        /// The secret for HMAC-SHA-256 in hexadecimal: told once, when it is registered or renewed.
        secret: Option<String>,
    }
    /// A sensor that is to be registered.
    Deserialize NewDeviceBody {
        /// Where it stands.
        place: String,
        /// How it signs.
        #[schemars(schema_with = "method")]
        method: Method,
        /// The device's public key as an uncompressed point in hexadecimal: for ECDSA.
        public_key: Option<String>,
    }
    /// Whether a device is on.
    Deserialize SwitchBody {
        /// Whether its readings are taken.
        active: bool,
    }
    /// A reading, signed by the device.
    Deserialize ReadingBody {
        /// The device.
        device: String,
        /// Its number of this reading: 1, 2, 3, …
        sequence: u64,
        /// What was seen.
        #[schemars(schema_with = "kind")]
        kind: Kind,
        /// The lot; empty or absent for a heartbeat.
        #[serde(default)]
        lot: String,
        /// In the lot's unit: what passed a gate (less than 0 when it left), or what lies there.
        #[serde(default)]
        quantity: i64,
        /// When it was taken: milliseconds of UTC.
        at: i64,
        /// When it is sent: milliseconds of UTC, at most five minutes from now.
        sent_at: i64,
        /// The signature: hexadecimal of HMAC-SHA-256, base64url (r, s) of ECDSA.
        signature: String,
    }
    /// What became of a reading.
    Serialize TakenItem {
        /// The reading.
        event: EventItem,
        /// Whether it had come before: then nothing happened this time.
        repeated: bool,
        /// How many readings before it have not come.
        missing: u64,
        /// The receipts that were frozen for it.
        frozen: Vec<String>,
    }
    /// A reading that was taken.
    Serialize EventItem {
        /// The device, a slash and the sequence.
        id: String,
        /// The device.
        device: String,
        /// The sequence.
        sequence: u64,
        /// What was seen.
        #[schemars(schema_with = "kind")]
        kind: String,
        /// The lot.
        lot: Option<String>,
        /// In the lot's unit.
        quantity: i64,
        /// What left without an order.
        unexplained: u64,
        /// When it was taken (RFC 3339).
        at: String,
        /// When it came (RFC 3339).
        received_at: String,
        /// Whether it came late.
        late: bool,
    }
}

impl From<Warehouse> for WarehouseItem {
    fn from(w: Warehouse) -> Self {
        Self {
            id: w.id,
            name: w.name,
            custodian: w.custodian,
            custodian_name: w.custodian_name,
            division: w.division,
            address: w.address,
            affiliates: w.affiliates,
            active: w.active,
            created_at: time(w.created_at),
        }
    }
}

impl From<Lot> for LotItem {
    fn from(l: Lot) -> Self {
        Self {
            free: l.free(),
            id: l.id,
            warehouse: l.warehouse,
            custodian: l.custodian,
            owner: l.owner,
            goods: l.goods,
            goods_name: l.goods_name,
            spec: l.spec,
            unit: l.unit.code().to_owned(),
            quantity: l.quantity,
            receipted: l.receipted,
            leaving: l.leaving,
            missing: l.missing,
            written_off: l.written_off,
            location: l.location,
            created_at: time(l.created_at),
        }
    }
}

impl From<crate::domain::receipt::Signed> for SignatureItem {
    fn from(s: crate::domain::receipt::Signed) -> Self {
        Self { algorithm: s.algorithm.code().to_owned(), kid: s.kid, value: s.value }
    }
}

impl From<Receipt> for ReceiptItem {
    fn from(r: Receipt) -> Self {
        let frozen = |f: Freeze| FrozenItem { reason: f.reason, at: time(f.at) };
        let passage =
            |p: &crate::domain::receipt::Passage| PassageItem { state: p.state.code().to_owned(), at: time(p.at) };
        Self {
            allowed: r.state.allows().iter().map(|s: &Step| s.code().to_owned()).collect(),
            history: r.history.iter().map(passage).collect(),
            id: r.id,
            lot: r.lot,
            warehouse: r.warehouse,
            custodian: r.custodian,
            goods: r.goods,
            goods_name: r.goods_name,
            spec: r.spec,
            unit: r.unit.code().to_owned(),
            quantity: r.quantity,
            holder: r.holder,
            state: r.state.code().to_owned(),
            frozen: r.frozen.map(frozen),
            pledged_to: r.pledged_to.map(|p| PledgedToItem { bank: p.bank, loan: p.loan }),
            parents: r.parents,
            children: r.children,
            revision: r.revision,
            issued_at: maybe_time(r.issued_at),
            signature: r.signature.map(SignatureItem::from),
            created_at: time(r.created_at),
        }
    }
}

impl From<Verification> for VerificationItem {
    fn from(v: Verification) -> Self {
        Self {
            number: v.number,
            genuine: v.genuine,
            state: v.state.code().to_owned(),
            goods_name: v.goods_name,
            spec: v.spec,
            quantity: v.quantity,
            unit: v.unit.code().to_owned(),
            warehouse: v.warehouse,
            issuer: v.issuer,
            issued_at: maybe_time(v.issued_at),
            text: v.text,
            signature: v.signature.map(SignatureItem::from),
            replaced_by: v.replaced_by,
        }
    }
}

impl From<Quote> for QuoteItem {
    fn from(q: Quote) -> Self {
        let unit = q.unit.code().to_owned();
        Self { goods: q.goods, name: q.name, unit, price: q.price, source: q.source, at: time(q.at) }
    }
}

impl From<Device> for DeviceItem {
    fn from(d: Device) -> Self {
        let method = match d.method {
            Method::HmacSha256 => "hmac-sha256",
            Method::EcdsaP256 => "ecdsa-p256",
        };
        Self {
            missing: d.missing(),
            id: d.id,
            warehouse: d.warehouse,
            place: d.place,
            method: method.to_owned(),
            active: d.active,
            last_sequence: d.last_sequence,
            last_at: maybe_time(d.last_at),
            secret: None,
        }
    }
}

impl From<Registered> for DeviceItem {
    fn from(r: Registered) -> Self {
        Self { secret: r.secret, ..r.device.into() }
    }
}

impl From<ReadingBody> for Reading {
    fn from(r: ReadingBody) -> Self {
        Self {
            device: r.device,
            sequence: r.sequence,
            kind: r.kind,
            lot: r.lot,
            quantity: r.quantity,
            at: r.at,
            sent_at: r.sent_at,
            signature: r.signature,
        }
    }
}

impl From<Event> for EventItem {
    fn from(e: Event) -> Self {
        Self {
            id: e.id,
            device: e.reading.device,
            sequence: e.reading.sequence,
            kind: e.reading.kind.code().to_owned(),
            lot: e.lot,
            quantity: e.reading.quantity,
            unexplained: e.unexplained,
            at: time(e.reading.at),
            received_at: time(e.received_at),
            late: e.late,
        }
    }
}

impl From<Taken> for TakenItem {
    fn from(t: Taken) -> Self {
        Self {
            event: t.event.into(),
            repeated: t.repeated,
            missing: t.gap.map_or(0, |g| g.to - g.from + 1),
            frozen: t.frozen,
        }
    }
}
