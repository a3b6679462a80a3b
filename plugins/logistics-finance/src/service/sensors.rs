//! Sensors: registered by the custodian, heard over a webhook.

use super::fields::Check;
use super::receipts::tell_pledgee;
use super::{Refusal, keys, known, now};
use crate::domain::actor::{Actor, Role};
use crate::domain::alert::{self, Alert};
use crate::domain::loan::Loan;
use crate::domain::pledge::{self, Pledge};
use crate::domain::sensor::{self, Device, Event, Gap, Kind, LATE_AFTER, Method, Reading, SensorError};
use crate::domain::warehouse::{Lot, Warehouse};
use crate::store::{self, DEVICES, SENSOR_EVENTS, by};
use data_encoding::HEXLOWER;
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_sdk::{DataError, Page, Stored, Tx, random, t, transact};

/// The reason of a receipt that a gate had frozen.
pub const GOODS_MISSING: &str = "goods-missing";

/// A device that is to be registered.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The warehouse.
    pub warehouse: String,
    /// Where it stands.
    pub place: String,
    /// How it signs.
    pub method: Method,
    /// The device's public key as an uncompressed point in hexadecimal (04, x, y): for ECDSA.
    pub public_key: String,
}

/// A device with its secret, which is told this once.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The device.
    pub device: Device,
    /// The secret for HMAC-SHA-256 in hexadecimal; a device with a key of its own has none.
    pub secret: Option<String>,
}

fn secret_of(device: &Device) -> Option<String> {
    let secret = || HEXLOWER.encode(&keys().device_secret(&device.id, device.generation));
    (device.method == Method::HmacSha256).then(secret)
}

/// Registers a device: for the warehouse's custodian.
///
/// # Errors
/// [`Refusal`].
pub fn register(actor: &Actor, new: &NewDevice) -> Result<Registered, Refusal> {
    actor.needs(Role::Warehouse)?;
    let mut check = Check::new();
    let place = check.text("/place", &new.place, 60);
    let public_key = new.public_key.trim().to_ascii_lowercase();
    if new.method == Method::EcdsaP256 {
        let point = HEXLOWER.decode(public_key.as_bytes()).unwrap_or_default();
        if p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).is_err() || point.len() != 65 {
            check.wrong(
                "/public_key",
                t(
                    "请填写未压缩的 P-256 公钥（十六进制，04 开头，130 位）",
                    "An uncompressed P-256 point in hexadecimal: 04, then x and y",
                ),
            );
        }
    }
    check.done()?;
    let device = transact(|tx| {
        let warehouse: Warehouse = known(tx.get(&new.warehouse))?;
        actor.needs_of(Role::Warehouse, &warehouse.custodian)?;
        let device = Device {
            id: format!("DV{}", random::code(10)),
            warehouse: warehouse.id,
            custodian: warehouse.custodian,
            place: place.clone(),
            method: new.method,
            public_key: if new.method == Method::EcdsaP256 { public_key.clone() } else { String::new() },
            generation: 1,
            active: true,
            last_sequence: 0,
            last_at: None,
            silence_told: None,
            gaps: Vec::new(),
            created_at: now(),
        };
        tx.insert(&device)?;
        tx.audit("device.register", &device.id, &json!({"warehouse": device.warehouse}))?;
        Ok::<_, Refusal>(device)
    })?;
    let secret = secret_of(&device);
    Ok(Registered { device, secret })
}

/// Changes a device. What silences it is told to the banks in the same commit: the custodian alone must not do it unseen.
fn change(actor: &Actor, id: &str, action: &str, take: impl Fn(&mut Device)) -> Result<Device, Refusal> {
    transact(|tx| {
        let mut device: Device = known(tx.get(id))?;
        actor.needs_of(Role::Warehouse, &device.custodian)?;
        let before = device.clone();
        take(&mut device);
        if device == before {
            return Ok(device);
        }
        tx.put(&device)?;
        tx.audit(action, id, &json!({"active": device.active, "generation": device.generation}))?;
        let by_hand = match (device.active, device.generation == before.generation) {
            (_, false) => Some("secret"),
            (false, true) => Some("off"),
            (true, true) => None,
        };
        if let Some(what) = by_hand {
            let now = now();
            let detail = format!("{id} {what}");
            tell_pledgees(tx, &device, None, &format!("{id}-{what}-{now}"), &detail, now)?;
        }
        Ok(device)
    })
}

/// Tells the banks whose pledges lie in a device's warehouse that nothing is heard from it, each loan's bank once for an
/// occurrence: of all pledges, or of those that were registered since a time. Answers of how many loans.
///
/// # Errors
/// [`Refusal`].
pub(super) fn tell_pledgees(
    tx: &Tx<'_>,
    device: &Device,
    since: Option<i64>,
    occurrence: &str,
    detail: &str,
    now: i64,
) -> Result<usize, Refusal> {
    let registered = pledge::State::Registered.code();
    let standing = by::PLEDGE_WAREHOUSE.equals(device.warehouse.as_str()).equals(registered).above(since.unwrap_or(-1));
    let loans: BTreeSet<String> = store::all(tx, &standing)?.into_iter().map(|p| p.loan).collect();
    for loan in &loans {
        let Some(loan) = tx.get::<Loan>(loan)?.map(Stored::into_value) else { continue };
        let alert = Alert::new(&loan, alert::Kind::SensorGap, occurrence, now).detail(detail);
        store::raise(tx, &alert, &loan.bank_officers())?;
    }
    Ok(loans.len())
}

/// Gives a device another secret: the old one is void at once, and the banks with pledges in its warehouse are told.
///
/// # Errors
/// [`Refusal`].
pub fn renew_secret(actor: &Actor, id: &str) -> Result<Registered, Refusal> {
    let device = change(actor, id, "device.renew-secret", |d| d.generation += 1)?;
    let secret = secret_of(&device);
    Ok(Registered { device, secret })
}

/// Switches a device on or off. The banks with pledges in its warehouse are told when it is off.
///
/// # Errors
/// [`Refusal`].
pub fn switch(actor: &Actor, id: &str, active: bool) -> Result<Device, Refusal> {
    change(actor, id, "device.switch", |d| d.active = active)
}

/// What became of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The reading.
    pub event: Event,
    /// Whether it had come before: then nothing happened this time.
    pub repeated: bool,
    /// Readings before it that have not come.
    pub gap: Option<Gap>,
    /// The receipts that were frozen for it.
    pub frozen: Vec<String>,
}

/// Takes a reading: the webhook's work, where nobody is signed in. What counts is the signature, the time of sending and
/// the sequence. Goods that leave without an order freeze every live receipt of the lot in the same commit, and the banks
/// are told.
///
/// # Errors
/// [`Refusal`].
pub fn take(reading: &Reading) -> Result<Taken, Refusal> {
    let id = format!("{}/{}", reading.device, reading.sequence);
    let taken = transact(|tx| {
        let now = now();
        let device = match tx.get::<Device>(&reading.device) {
            Ok(found) => found.map(Stored::into_value),
            Err(DataError::Invalid(_)) => None,
            Err(e) => return Err(e.into()),
        };
        sensor::believe(&keys(), device.as_ref(), reading, now)?;
        let Some(mut device) = device else { return Err(SensorError::NotSigned.into()) };
        if let Some(first) = tx.get::<Event>(&id)? {
            return repeated(first.into_value(), reading);
        }
        let (after_later, gap) = device.came(reading.sequence, now);
        tx.put(&device)?;
        let mut event = Event {
            id: id.clone(),
            reading: reading.clone(),
            lot: None,
            warehouse: device.warehouse.clone(),
            received_at: now,
            late: after_later || now - reading.at > LATE_AFTER,
            unexplained: 0,
        };
        let mut frozen = Vec::new();
        if reading.kind != Kind::Heartbeat {
            let lot = tx.get::<Lot>(&reading.lot).ok().flatten().map(Stored::into_value);
            let lot = lot.filter(|l| l.warehouse == device.warehouse).ok_or(SensorError::OtherLot)?;
            event.lot = Some(lot.id.clone());
            (event.unexplained, frozen) = seen(tx, lot, reading, now)?;
        }
        tx.insert(&event)?;
        if gap.is_some() || event.late {
            tell_of_gap(tx, &device, gap, &event, now)?;
        }
        Ok(Taken { event, repeated: false, gap, frozen })
    });
    match taken {
        // The same reading at the same time was first.
        Err(Refusal::Data(DataError::AlreadyExists(_))) => repeated(known(SENSOR_EVENTS.get(&id))?, reading),
        other => other,
    }
}

fn repeated(first: Event, reading: &Reading) -> Result<Taken, Refusal> {
    if sensor::is_repetition(&first.reading, reading) {
        return Ok(Taken { event: first, repeated: true, gap: None, frozen: Vec::new() });
    }
    Err(SensorError::SequenceReused(reading.sequence).into())
}

/// What a reading says about a lot: how much left without an order, and which receipts were frozen.
fn seen(tx: &Tx<'_>, mut lot: Lot, reading: &Reading, now: i64) -> Result<(u64, Vec<String>), Refusal> {
    let before = lot.clone();
    let amount = reading.quantity.unsigned_abs();
    let unexplained = match reading.kind {
        Kind::Gate if reading.quantity < 0 => lot.left(amount),
        Kind::Gate => {
            lot.found(amount);
            0
        }
        Kind::Stock => {
            // What lies there against what the books say, and what may leave has not left yet.
            let short = (lot.quantity + lot.leaving).saturating_sub(u64::try_from(reading.quantity).unwrap_or(0));
            let new = short.saturating_sub(lot.missing + lot.leaving);
            lot.missing = lot.missing.max(short.saturating_sub(lot.leaving));
            new
        }
        Kind::Heartbeat => 0,
    };
    if lot != before {
        tx.put(&lot)?;
    }
    let mut frozen = Vec::new();
    if unexplained > 0 {
        for state in ["issued", "pledge-pending", "pledged", "released"] {
            let live = store::all(tx, &by::RECEIPT_LOT.equals(lot.id.as_str()).equals(state))?;
            for mut receipt in live {
                receipt.freeze(GOODS_MISSING, &format!("sensor {}", reading.device), now)?;
                tx.put(&receipt)?;
                tell_pledgee(tx, &receipt, alert::Kind::GoodsMissing, Some(unexplained), GOODS_MISSING)?;
                frozen.push(receipt.id);
            }
        }
        let detail =
            json!({"device": reading.device, "sequence": reading.sequence, "missing": unexplained, "frozen": frozen});
        tx.audit("lot.goods-missing", &lot.id, &detail)?;
    }
    Ok((unexplained, frozen))
}

/// Tells the banks that hold pledges in the device's warehouse, of the lot that the reading is about, that readings are
/// missing or came late.
fn tell_of_gap(tx: &Tx<'_>, device: &Device, gap: Option<Gap>, event: &Event, now: i64) -> Result<(), Refusal> {
    let Some(lot) = &event.lot else { return Ok(()) };
    let registered = pledge::State::Registered.code();
    let mut told = BTreeSet::new();
    for pledge in store::all::<Pledge>(tx, &by::PLEDGE_LOT.equals(lot.as_str()).equals(registered))? {
        if !told.insert(pledge.loan.clone()) {
            continue;
        }
        let Some(loan) = tx.get::<Loan>(&pledge.loan)?.map(Stored::into_value) else { continue };
        let missing = gap.map_or(0, |g| g.to - g.from + 1);
        let alert = Alert::new(&loan, alert::Kind::SensorGap, &event.id, now).amount(missing).detail(device.id.clone());
        store::raise(tx, &alert, &loan.bank_officers())?;
    }
    Ok(())
}

/// A regulator has had the lot counted, what may leave among it: what is not there is written off the books, and nothing
/// is missing any more. Receipts stay frozen until somebody unfreezes them, and as long as they promise more than is left.
///
/// # Errors
/// [`Refusal`]: `over-books` for more than can lie there.
pub fn clear_missing(actor: &Actor, lot: &str, counted: u64, reason: &str) -> Result<Lot, Refusal> {
    actor.needs(Role::Regulator)?;
    let mut check = Check::new();
    let reason = check.text("/reason", reason, 200);
    check.done()?;
    transact(|tx| {
        let mut found: Lot = known(tx.get(lot))?;
        let missing = found.missing;
        found.counted(counted)?;
        tx.put(&found)?;
        let detail =
            json!({"missing": missing, "counted": counted, "written_off": found.written_off, "reason": reason});
        tx.audit("lot.clear-missing", lot, &detail)?;
        Ok(found)
    })
}

fn may_see(actor: &Actor, custodian: &str) -> bool {
    actor.is(Role::Regulator) || actor.is_of(Role::Warehouse, custodian)
}

/// A warehouse's devices: for its custodian and regulators.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn devices(actor: &Actor, warehouse: &str, limit: u32, after: Option<String>) -> Result<Page<Device>, Refusal> {
    let found = super::warehouses::get(actor, warehouse)?;
    if !may_see(actor, &found.custodian) {
        return Err(Refusal::NotFound);
    }
    Ok(DEVICES.find(by::DEVICE_WAREHOUSE.equals(warehouse).limit(limit).after(after))?)
}

/// One device: for its custodian and regulators.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn device(actor: &Actor, id: &str) -> Result<Device, Refusal> {
    let device: Device = known(DEVICES.get(id))?;
    if may_see(actor, &device.custodian) { Ok(device) } else { Err(Refusal::NotFound) }
}

/// What was seen of a lot, the latest first: for whoever may see the lot.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn events(actor: &Actor, lot: &str, limit: u32, after: Option<String>) -> Result<Page<Event>, Refusal> {
    let lot = super::warehouses::lot(actor, lot)?;
    Ok(SENSOR_EVENTS.find(by::EVENT_LOT.equals(lot.id.as_str()).descending().limit(limit).after(after))?)
}
