//! Signed readings over the webhook.

use crate::support::*;
use data_encoding::HEXLOWER;
use logistics_finance::domain::keys::hmac_sha256;
use logistics_finance::domain::receipt::State;
use logistics_finance::domain::refused::Refused;
use logistics_finance::domain::sensor::{Kind, Method, Reading, SensorError, text};
use logistics_finance::domain::warehouse::{Lot, Unit};
use logistics_finance::service::sensors::{NewDevice, Registered};
use logistics_finance::service::{Refusal, alerts, loans, receipts, sensors, warehouses};
use logistics_finance::store::SENSOR_EVENTS;
use yunlong_sdk::Query;

pub(crate) fn device(x: &Xuzhou, warehouse: &str) -> Registered {
    let new = NewDevice {
        warehouse: warehouse.into(),
        place: "东门地磅".into(),
        method: Method::HmacSha256,
        public_key: String::new(),
    };
    sensors::register(&x.clerk(), &new).unwrap()
}

pub(crate) fn reading(d: &Registered, sequence: u64, lot: &str, tonnes: i64) -> Reading {
    let now = i64::try_from(yunlong_sdk::now()).unwrap();
    let r = Reading {
        device: d.device.id.clone(),
        sequence,
        kind: Kind::Gate,
        lot: lot.into(),
        quantity: tonnes * 1_000,
        at: now,
        sent_at: now,
        signature: String::new(),
    };
    let secret = HEXLOWER.decode(d.secret.as_ref().unwrap().as_bytes()).unwrap();
    Reading { signature: HEXLOWER.encode(&hmac_sha256(&secret, text(&r).as_bytes())), ..r }
}

/// A lot under a loan, and a device at its gate.
fn pledged() -> (Xuzhou, String, String, String, Registered) {
    let x = Xuzhou::new();
    let (loan, receipt) = x.out(70_000_000);
    let d = device(&x, &receipt.warehouse);
    x.sign_out();
    (x, loan.id, receipt.id, receipt.lot, d)
}

fn lot_of(x: &Xuzhou, id: &str) -> Lot {
    warehouses::lot(&x.regulator(), id).unwrap()
}

#[test]
fn line_4_fifty_tonnes_through_the_gate_freeze_what_is_pledged_and_alert_the_bank_at_once() {
    let (x, loan, receipt, lot, d) = pledged();
    let before = yunlong_sdk::now();
    let taken = sensors::take(&reading(&d, 1, &lot, -50)).unwrap();
    assert_eq!((taken.frozen.clone(), taken.event.unexplained), (vec![receipt.clone()], 50_000));
    // In the same commit: frozen, the bank's alert, its officers' inbox, the message to its own app.
    assert_eq!(yunlong_sdk::now(), before);
    assert_eq!(x.alerts(BANK_A), ["goods-missing"]);
    let told = x.published().into_iter().rfind(|e| e.topic == "collateral.alert").unwrap();
    assert!(told.data.contains("goods-missing") && told.data.contains(BANK_A));
    assert!(!x.inbox(&format!("{BANK_A}-payer")).is_empty() || !x.inbox(&format!("{BANK_A}-maker")).is_empty());
    // No release, not even when everything is paid.
    let all = [loans::Freed { receipt: receipt.clone(), quantity: None }];
    let bank = x.bank(BANK_A, "teller");
    assert!(matches!(rule(loans::release(&bank, &loan, &all)), Refused::ReceiptFrozen { .. }));
    loans::repay(&bank, &loan, "RP-1", 70_000_000).unwrap();
    let keeper = x.bank(BANK_A, "keeper");
    assert_eq!(receipts::get(&keeper, &receipt).unwrap().state, State::Frozen);
    let missing = Refused::LotMissing { lot: lot.clone(), short: 50_000, unit: Unit::Kilogram };
    assert_eq!(rule(receipts::unfreeze(&keeper, &receipt, "已还清")), missing, "not while goods are missing");
    assert!(matches!(rule(receipts::withdraw(&x.company(A), &receipt)), Refused::ReceiptFrozen { .. }));
    // No new receipt is issued on the lot until it is counted.
    assert!(matches!(rule(x.issue(&lot_of(&x, &lot), 1)), Refused::LotShort { .. }));
    sensors::clear_missing(&x.regulator(), &lot, 1_000_000, "盘点无误").unwrap();
    receipts::unfreeze(&x.regulator(), &receipt, "盘点无误").unwrap();
    loans::release(&x.bank(BANK_A, "keeper"), &loan, &all).unwrap();
}

#[test]
fn what_a_count_does_not_find_is_written_off_and_receipts_wait_until_it_is_made_good() {
    let (x, _, receipt, lot, d) = pledged();
    sensors::take(&reading(&d, 1, &lot, -50)).unwrap();
    let count = |kilograms: u64| sensors::clear_missing(&x.regulator(), &lot, kilograms, "盘点");
    let over = Refused::OverBooks { lot: lot.clone(), counted: 1_000_001, most: 1_000_000 };
    assert_eq!(rule(count(1_000_001)), over, "other goods come in as a lot of their own");
    let left = count(950_000).unwrap();
    assert_eq!((left.quantity, left.missing, left.written_off, left.receipted), (950_000, 0, 50_000, 1_000_000));
    let short = Refused::LotMissing { lot: lot.clone(), short: 50_000, unit: Unit::Kilogram };
    assert_eq!(rule(receipts::unfreeze(&x.regulator(), &receipt, "盘点")), short);
    assert!(matches!(rule(x.issue(&lot_of(&x, &lot), 1)), Refused::LotShort { free: 0, .. }));
    let whole = count(1_000_000).unwrap();
    assert_eq!((whole.quantity, whole.written_off), (1_000_000, 0));
    receipts::unfreeze(&x.regulator(), &receipt, "已补足").unwrap();
    assert!(matches!(rule(sensors::clear_missing(&x.clerk(), &lot, 1, "盘点")), Refused::Role { .. }));
}

#[test]
fn a_custodian_that_silences_its_gate_is_seen_by_the_banks_with_pledges_there() {
    let (x, loan, _, _, d) = pledged();
    let id = d.device.id.as_str();
    sensors::switch(&x.clerk(), id, false).unwrap();
    sensors::switch(&x.clerk(), id, false).unwrap();
    let told = || -> Vec<(String, Option<String>)> {
        let page = alerts::list(&x.bank(BANK_A, "officer"), 100, None).unwrap();
        page.items.into_iter().map(|a| (a.value.loan, a.value.detail)).collect()
    };
    assert_eq!(told(), [(loan.clone(), Some(format!("{id} off")))], "once");
    x.advance(1);
    sensors::switch(&x.clerk(), id, true).unwrap();
    assert_eq!(told().len(), 1, "that it is on again is no news");
    sensors::renew_secret(&x.clerk(), id).unwrap();
    assert_eq!(told()[0], (loan, Some(format!("{id} secret"))));
    assert!(x.alerts(BANK_B).is_empty(), "it has no pledge there");
    assert!(!x.inbox(&format!("{BANK_A}-approver")).is_empty(), "the bank's people are told");
}

#[test]
fn while_a_sensor_is_silent_only_new_pledges_are_told_of_it() {
    let (x, _, _, lot, d) = pledged();
    sensors::take(&reading(&d, 1, &lot, 0)).unwrap();
    let job = || x.run_job::<logistics_finance::LogisticsFinance>("silent-sensors").unwrap();
    x.advance(2 * DAY);
    job();
    let first = sensors::device(&x.clerk(), &d.device.id).unwrap();
    assert_eq!((x.alerts(BANK_A).len(), first.silence_told.is_some()), (1, true));
    x.advance(60_000);
    job();
    assert_eq!(sensors::device(&x.clerk(), &d.device.id).unwrap(), first, "nothing new is nothing to write");
    x.advance(60_000);
    x.second_loan(&first.warehouse);
    x.advance(60_000);
    job();
    job();
    assert_eq!(x.alerts(BANK_A).len(), 2, "the new pledge's bank hears of the silence, once");
    sensors::take(&reading(&d, 2, &lot, 0)).unwrap();
    assert_eq!(sensors::device(&x.clerk(), &d.device.id).unwrap().silence_told, None);
}

#[test]
fn a_reading_that_is_sent_a_thousand_times_counts_once() {
    let (x, _, _, lot, d) = pledged();
    let r = reading(&d, 1, &lot, -50);
    for n in 0..1_000 {
        assert_eq!(sensors::take(&r).unwrap().repeated, n > 0);
    }
    assert_eq!(SENSOR_EVENTS.find(Query::by_id().limit(10)).unwrap().items.len(), 1);
    assert_eq!((lot_of(&x, &lot).missing, x.alerts(BANK_A).len()), (50_000, 1));
    // The same sequence with another content is another thing.
    let e = rule(sensors::take(&reading(&d, 1, &lot, -49)));
    assert_eq!(e, Refused::Sensor(SensorError::SequenceReused(1)));
    assert_eq!(x.audited("lot.goods-missing"), 1);
}

#[test]
fn an_old_request_a_forged_one_and_one_for_another_warehouse_do_nothing() {
    let (x, _, _, lot, d) = pledged();
    let recorded = reading(&d, 1, &lot, -50);
    x.advance(6 * 60_000);
    assert!(matches!(rule(sensors::take(&recorded)), Refused::Sensor(SensorError::SentAt { .. })));
    let forged = Reading { quantity: -1, ..reading(&d, 1, &lot, -50) };
    assert_eq!(rule(sensors::take(&forged)), Refused::Sensor(SensorError::NotSigned));
    let unknown = Reading { device: "DV-nobody".into(), ..reading(&d, 1, &lot, -50) };
    assert_eq!(rule(sensors::take(&unknown)), Refused::Sensor(SensorError::NotSigned));
    let empty = Reading { device: String::new(), ..reading(&d, 1, &lot, -50) };
    assert_eq!(rule(sensors::take(&empty)), Refused::Sensor(SensorError::NotSigned));
    assert_eq!(rule(sensors::take(&reading(&d, 1, "LT-none", -50))), Refused::Sensor(SensorError::OtherLot));
    let old = reading(&d, 1, &lot, -50);
    sensors::renew_secret(&x.clerk(), &d.device.id).unwrap();
    assert_eq!(rule(sensors::take(&old)), Refused::Sensor(SensorError::NotSigned));
    assert_eq!(lot_of(&x, &lot).missing, 0);
}

#[test]
fn goods_that_leave_by_order_freeze_nothing() {
    let x = Xuzhou::new();
    let lot = x.coal(1_000);
    let (free, other) = (x.issue(&lot, 100).unwrap(), x.issue(&lot, 900).unwrap());
    let d = device(&x, &lot.warehouse);
    receipts::withdraw(&x.company(A), &free.id).unwrap();
    assert!(sensors::take(&reading(&d, 1, &lot.id, -60)).unwrap().frozen.is_empty());
    assert!(sensors::take(&reading(&d, 2, &lot.id, -40)).unwrap().frozen.is_empty());
    assert_eq!(sensors::take(&reading(&d, 3, &lot.id, -1)).unwrap().frozen, [other.id]);
}

#[test]
fn lost_and_late_readings_are_told_to_the_bank() {
    let (x, _, _, lot, d) = pledged();
    sensors::take(&reading(&d, 1, &lot, 0)).unwrap();
    let taken = sensors::take(&reading(&d, 5, &lot, 0)).unwrap();
    assert_eq!(taken.gap.map(|g| (g.from, g.to)), Some((2, 4)));
    let late = sensors::take(&reading(&d, 3, &lot, 0)).unwrap();
    assert!(late.event.late);
    assert_eq!(x.alerts(BANK_A), ["sensor-gap", "sensor-gap"]);
    assert_eq!(sensors::device(&x.clerk(), &d.device.id).unwrap().missing(), 2);
    // Silent for a day: once more, and only once.
    x.advance(2 * DAY);
    for _ in 0..3 {
        x.run_job::<logistics_finance::LogisticsFinance>("silent-sensors").unwrap();
    }
    assert_eq!(x.alerts(BANK_A).len(), 3);
}

#[test]
fn only_the_custodian_registers_devices_and_only_who_may_sees_them() {
    let (x, _, _, lot, d) = pledged();
    let new = NewDevice {
        warehouse: d.device.warehouse.clone(),
        place: "x".into(),
        method: Method::EcdsaP256,
        public_key: "04ff".into(),
    };
    assert!(matches!(sensors::register(&x.clerk(), &new), Err(Refusal::Fields(_))));
    not_found(sensors::register(&x.company(C), &NewDevice { method: Method::HmacSha256, ..new }));
    not_found(sensors::device(&x.bank(BANK_A, "officer"), &d.device.id));
    assert!(sensors::events(&x.bank(BANK_A, "officer"), &lot, 10, None).is_ok());
    not_found(sensors::events(&x.bank(BANK_B, "officer"), &lot, 10, None));
}
