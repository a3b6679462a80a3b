//! Sensors and what they saw.

use super::{api, maybe_time, time};
use crate::domain::sensor::{Device, Event, Kind, Method, Reading};
use crate::service::sensors::{Registered, Taken};
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["gate", "stock", "heartbeat"] })
}

fn method(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["hmac-sha256", "ecdsa-p256"] })
}

api! {
    /// A device by its number.
    Deserialize DevicePath {
        /// Its number.
        device: String,
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
