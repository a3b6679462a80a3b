//! The types that `yunlong bindgen` makes for Rust compile, and read and write what the platform gives and takes.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

#[allow(unreachable_pub, reason = "the file is as a vendor has it")]
#[path = "bindgen/schemas.rs"]
mod schemas;

use schemas::{GeospatialPlaceMap, NumbersDrawn, OrderPaid, OrderPaidType, PopulationPersonConcessionCheck};
use schemas::{Released, ReleasedDate};
use serde_json::json;

#[test]
fn a_record_reads_whole_masked_and_with_what_is_missing() {
    let whole = json!({ "name": "张小龙", "birth_date": "1961-05-01", "division": "320303" });
    let read: PopulationPersonConcessionCheck = serde_json::from_value(whole).unwrap();
    assert_eq!(read.name, Some(Released::Value("张小龙".into())));
    assert_eq!((read.birth_date, read.sex), (Some(ReleasedDate::Date("1961-05-01".into())), None));
    let masked = json!({ "name": true, "birth_date": 65 });
    let read: PopulationPersonConcessionCheck = serde_json::from_value(masked.clone()).unwrap();
    assert_eq!(
        (read.name.clone(), read.birth_date.clone()),
        (Some(Released::OnRecord(true)), Some(ReleasedDate::Age(65)))
    );
    assert_eq!(serde_json::to_value(&read).unwrap(), masked, "and what is missing stays so");
    let place: GeospatialPlaceMap = serde_json::from_value(json!({ "geometry": { "type": "Point" } })).unwrap();
    assert_eq!(place.geometry, Some(json!({ "type": "Point" })));
}

#[test]
fn a_payload_is_written_as_its_schema_says() {
    let paid = json!({
        "number": "A1", "type": "joint-ticket", "total": 2_000, "discount-rate": 0.5, "gate": { "id": "north" },
        "names": { "zh": "云龙湖" }, "extra": [1], "visits": [{ "date": "2026-05-01", "gate": { "id": "south" } }],
    });
    let read: OrderPaid = serde_json::from_value(paid.clone()).unwrap();
    assert_eq!((read.type_, read.total, read.visits[0].gate.id.as_str()), (OrderPaidType::JointTicket, 2_000, "south"));
    assert_eq!(serde_json::to_value(&read).unwrap(), paid);
    assert!(serde_json::from_value::<OrderPaid>(json!({ "number": "A1" })).is_err(), "what is required is");
    assert_eq!(serde_json::from_value::<NumbersDrawn>(json!([3, 5])).unwrap(), [3, 5]);
}
