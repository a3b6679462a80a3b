//! Sensors in warehouses: signed readings with a sequence, believed once.
//!
//! A device signs the text of [`text`] with HMAC-SHA-256 under a secret of its own, or by ECDSA over P-256 with a key
//! that never leaves it. A reading may be sent late (the network was down); the *sending* is refused when its time is
//! far from ours, so that a recorded request cannot be sent again another day, and a sequence that was taken is never
//! taken again.

use super::keys::{Keys, hmac_sha256, same};
use super::signature::{Algorithm as Curve, verifies};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

/// How far the time of a sending may be from ours: five minutes.
pub const SENT_WITHIN: i64 = 300_000;
/// A reading that comes so long after it was taken is late: ten minutes.
pub const LATE_AFTER: i64 = 600_000;
/// The largest quantity of one reading, in the unit of the lot: as much as a lot can hold.
pub const MAX_QUANTITY: u64 = 1_000_000_000_000;
/// The most sequences that are remembered as missing, for each device; beyond that the span stays one.
pub const MAX_GAPS: usize = 100;

/// How a device signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// HMAC-SHA-256 under a secret that the app tells once.
    HmacSha256,
    /// ECDSA over P-256 with SHA-256, by the device's own key.
    EcdsaP256,
}

/// What a device sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Goods that pass a gate: less when they leave.
    Gate,
    /// What lies there, by a scale or a scan: the whole quantity.
    Stock,
    /// That the device is alive.
    Heartbeat,
}

impl Kind {
    /// As the text that is signed writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Stock => "stock",
            Self::Heartbeat => "heartbeat",
        }
    }
}

/// Readings that did not come, from one sequence to another, both missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its number.
    pub id: String,
    /// The warehouse.
    pub warehouse: String,
    /// The warehouse's custodian.
    pub custodian: String,
    /// Where it stands, in words.
    pub place: String,
    /// How it signs.
    pub method: Method,
    /// The device's public key, an uncompressed point in hexadecimal; of a device with a secret empty.
    #[serde(default)]
    pub public_key: String,
    /// The number of its present secret: another one makes the old one void.
    pub generation: u32,
    /// Whether its readings are taken.
    pub active: bool,
    /// The highest sequence that came.
    pub last_sequence: u64,
    /// When that came: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<i64>,
    /// When the banks were told last that it is silent; it has not been heard since. Milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_told: Option<i64>,
    /// What did not come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// When it was registered: milliseconds of UTC.
    pub created_at: i64,
}

/// A reading, as a device sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The device.
    pub device: String,
    /// Its number of this reading: 1, 2, 3, …
    pub sequence: u64,
    /// What was seen.
    pub kind: Kind,
    /// The lot; empty for a heartbeat.
    #[serde(default)]
    pub lot: String,
    /// In the lot's unit: what passed a gate (less than 0 when it left), or what lies there.
    #[serde(default)]
    pub quantity: i64,
    /// When it was taken: milliseconds of UTC.
    pub at: i64,
    /// When it is sent: milliseconds of UTC.
    pub sent_at: i64,
    /// The signature over [`text`]: in hexadecimal of HMAC-SHA-256, in base64url (r, s) of ECDSA.
    pub signature: String,
}

/// A reading that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The device, a slash and the sequence.
    pub id: String,
    /// The reading.
    pub reading: Reading,
    /// The lot, for its list; a heartbeat has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// The warehouse.
    pub warehouse: String,
    /// When it came: milliseconds of UTC.
    pub received_at: i64,
    /// Whether it came long after it was taken, or after a later one.
    pub late: bool,
    /// What left without an order, in the lot's unit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unexplained: u64,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Why a reading is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SensorError {
    /// There is no such device, or it is switched off, or the signature is not its own: which, is not told.
    #[error("the reading is not signed by a device that is known here")]
    NotSigned,
    /// It was sent at another time than ours.
    #[error("the reading was sent {off} ms from now; at most {SENT_WITHIN} are allowed")]
    SentAt {
        /// How far from now, in milliseconds.
        off: i64,
    },
    /// It was taken after it was sent.
    #[error("the reading was taken after it was sent")]
    TakenLater,
    /// More than any lot holds, or less than nothing lies there.
    #[error("a reading of {0} is none of goods")]
    Quantity(i64),
    /// The sequence was used for another reading.
    #[error("sequence {0} of the device was another reading")]
    SequenceReused(u64),
    /// A lot that is not in the device's warehouse, or none where one is needed.
    #[error("the lot is not in the device's warehouse")]
    OtherLot,
}

/// The text that a device signs: lines in this order, each ending with a line feed.
#[must_use]
pub fn text(r: &Reading) -> String {
    format!(
        "yunlong-sensor/1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
        r.device,
        r.sequence,
        r.kind.code(),
        r.lot,
        r.quantity,
        r.at,
        r.sent_at
    )
}

/// Whether two readings are one, sent twice: all but the time of sending and the signature over it.
#[must_use]
pub fn is_repetition(a: &Reading, b: &Reading) -> bool {
    let of = |r: &Reading| Reading { sent_at: 0, signature: String::new(), ..r.clone() };
    of(a) == of(b)
}

/// Believes a reading, or says why not. What it does is for the caller; whether its sequence was taken, the store says.
///
/// # Errors
/// [`SensorError`].
pub fn believe(keys: &Keys, device: Option<&Device>, reading: &Reading, now: i64) -> Result<(), SensorError> {
    let device = device.filter(|d| d.active && d.id == reading.device).ok_or(SensorError::NotSigned)?;
    let message = text(reading);
    let signed = match device.method {
        Method::HmacSha256 => {
            let expected = hmac_sha256(&keys.device_secret(&device.id, device.generation), message.as_bytes());
            let given = HEXLOWER_PERMISSIVE.decode(reading.signature.as_bytes()).unwrap_or_default();
            same(&expected, &given)
        }
        Method::EcdsaP256 => {
            let point = HEXLOWER_PERMISSIVE.decode(device.public_key.as_bytes()).unwrap_or_default();
            let given = BASE64URL_NOPAD.decode(reading.signature.as_bytes()).unwrap_or_default();
            verifies(Curve::Es256, &point, &message, &given)
        }
    };
    if !signed {
        return Err(SensorError::NotSigned);
    }
    let off = now.saturating_sub(reading.sent_at);
    if off.unsigned_abs() > SENT_WITHIN.unsigned_abs() {
        return Err(SensorError::SentAt { off });
    }
    if reading.at > reading.sent_at.saturating_add(SENT_WITHIN) || reading.sequence == 0 {
        return Err(SensorError::TakenLater);
    }
    let negative = reading.quantity < 0 && reading.kind == Kind::Stock;
    if negative || reading.quantity.unsigned_abs() > MAX_QUANTITY {
        return Err(SensorError::Quantity(reading.quantity));
    }
    Ok(())
}

impl Device {
    /// Takes note of a sequence that came. Answers whether it came after a later one, and the gap that it leaves.
    pub fn came(&mut self, sequence: u64, now: i64) -> (bool, Option<Gap>) {
        if sequence > self.last_sequence {
            let gap =
                (sequence - self.last_sequence > 1).then(|| Gap { from: self.last_sequence + 1, to: sequence - 1 });
            if let Some(gap) = gap {
                self.gaps.push(gap);
                self.shorten();
            }
            self.last_sequence = sequence;
            self.last_at = Some(now);
            self.silence_told = None;
            return (false, gap);
        }
        let fill = |g: &Gap| {
            let before = (g.from < sequence).then(|| Gap { from: g.from, to: g.to.min(sequence - 1) });
            let after = (g.to > sequence).then(|| Gap { from: g.from.max(sequence + 1), to: g.to });
            [before, after]
        };
        self.gaps = self.gaps.iter().flat_map(fill).flatten().collect();
        self.shorten();
        (true, None)
    }

    /// Joins the oldest gaps when there are too many: what is between them counts as missing then, which no later
    /// reading is refused for.
    fn shorten(&mut self) {
        while self.gaps.len() > MAX_GAPS {
            let second = self.gaps.remove(1);
            self.gaps[0].to = second.to;
        }
    }

    /// How many readings are missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(|g| g.to - g.from + 1).sum()
    }
}

#[cfg(test)]
pub(crate) mod tests;
