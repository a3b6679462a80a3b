//! The gates of the sample's warehouses, and what they have sent.

use super::super::sensor::{Device, Event, Kind, Method, Reading};
use super::super::time::{DAY, MINUTE};
use super::{STORIES, gate, story::missing, warehouses};

/// A device with the readings that came of it; they are still to be signed.
#[derive(Debug)]
pub struct Watch {
    /// The device.
    pub device: Device,
    /// What it sent, the first first.
    pub events: Vec<Event>,
}

/// The gates: one in each warehouse of which nothing came yet, and where goods went missing the one that saw it, which was
/// switched off since. Nobody sends for the sample: of one that is on and had been heard, the banks would soon be told that
/// it is silent.
#[must_use]
pub fn watches(now: i64) -> Vec<Watch> {
    let mut watches = Vec::new();
    for (w, warehouse) in (0_u64..).zip(warehouses(now)) {
        let device = |id: String, place: &str, active: bool| Device {
            id,
            warehouse: warehouse.id.clone(),
            custodian: warehouse.custodian.clone(),
            place: place.to_owned(),
            method: Method::HmacSha256,
            public_key: String::new(),
            generation: 1,
            active,
            last_sequence: 0,
            last_at: None,
            silence_told: None,
            gaps: Vec::new(),
            created_at: now - if active { 0 } else { 300 * DAY },
        };
        let gone: Vec<_> = (0..STORIES).filter(|n| n % 12 == w).filter_map(missing).collect();
        if !gone.is_empty() {
            watches.push(heard(device(gate(w), "旧门（示例）", false), gone, now));
        }
        let fresh = device(format!("DV-S{w:02}"), "东门（示例）", true);
        watches.push(Watch { device: fresh, events: Vec::new() });
    }
    watches
}

/// A sign of life a day, and on the last day the goods that left.
fn heard(mut device: Device, gone: Vec<(String, u64)>, now: i64) -> Watch {
    let alive = (2..=6).rev().map(|days| (Kind::Heartbeat, None, 0, now - days * DAY));
    let left = (0_i64..).zip(gone).map(|(i, (lot, amount))| (Kind::Gate, Some(lot), amount, now - DAY + i * MINUTE));
    let mut events = Vec::new();
    for (kind, lot, unexplained, at) in alive.chain(left) {
        let sequence = device.last_sequence + 1;
        let (late, _) = device.came(sequence, at);
        let reading = Reading {
            device: device.id.clone(),
            sequence,
            kind,
            lot: lot.clone().unwrap_or_default(),
            quantity: -i64::try_from(unexplained).unwrap_or(0),
            at,
            sent_at: at,
            signature: String::new(),
        };
        let id = format!("{}/{sequence}", device.id);
        let warehouse = device.warehouse.clone();
        events.push(Event { id, reading, lot, warehouse, received_at: at, late, unexplained });
    }
    Watch { device, events }
}
