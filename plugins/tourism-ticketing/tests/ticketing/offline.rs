//! Gates without a network: what they take along, what they bring back, and what counts.

use crate::support::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tourism_ticketing::Ticketing;
use tourism_ticketing::domain::code;
use yunlong_sdk::Response;

fn batch(number: &str, gate: &str, scans: &[(String, i64)]) -> Value {
    let scans: Vec<Value> = scans.iter().map(|(code, at)| json!({"code": code, "at": at})).collect();
    json!({"number": number, "attraction": "guishan", "gate": gate, "scans": scans})
}

fn upload(x: &Xuzhou, body: &Value) -> Response {
    x.at_the_gate(|| x.call("/api/gates/batches", body))
}

fn judged(x: &Xuzhou, number: &str) -> Value {
    x.at_the_gate(|| x.api(&format!("/api/gates/batches/{number}")).body_json())
}

fn now(x: &Xuzhou) -> i64 {
    i64::try_from(x.now_ms()).unwrap()
}

/// Thirty tickets whose codes are shown one after another within twenty minutes.
fn thirty(x: &Xuzhou, clock: i64) -> Vec<(String, i64)> {
    let ids: Vec<String> = (0..6)
        .map(|n| {
            let mut order = guishan(0);
            order["visitors"] = (0..5).map(|k| visitor(n * 5 + k)).collect();
            x.bought(&order)
        })
        .collect();
    x.at_nine_tomorrow();
    let mut scans = Vec::new();
    for id in &ids {
        for ticket in 0..5 {
            x.advance(40_000);
            scans.push((x.code(id, ticket), now(x) + clock));
        }
    }
    scans
}

/// Acceptance line 5, and a gate's wrong clock.
#[test]
fn thirty_scans_and_one_duplicate_are_thirty_admissions_and_one_conflict() {
    for clock in [0, 3 * 3_600_000, -3 * 3_600_000] {
        let x = Xuzhou::new();
        let scans = thirty(&x, clock);
        let east = batch("east-0001", "东门", &scans);
        assert_eq!(upload(&x, &east).code().as_u16(), 202);
        assert_eq!(judged(&x, "east-0001")["state"], "uploaded");
        x.settle();
        let first = judged(&x, "east-0001");
        assert_eq!((first["state"].clone(), first["admitted"].clone()), (json!("reconciled"), json!(30)), "{first}");
        let off = first["clock_off_seconds"].as_i64().unwrap();
        assert!((clock / 1_000..=clock / 1_000 + 30).contains(&off), "{off}");
        let (code, at) = scans[7].clone();
        upload(&x, &batch("west-0001", "西门", &[(code, at - clock)]));
        x.settle();
        let second = judged(&x, "west-0001");
        assert_eq!((second["state"].clone(), second["admitted"].clone()), (json!("conflict"), json!(0)));
        assert_eq!(
            (second["conflicts"][0]["verdict"].clone(), second["conflicts"][0]["first_gate"].clone()),
            (json!("already-used"), json!("东门"))
        );
        // Uploaded again, under its own number and under another, it counts once.
        upload(&x, &east);
        upload(&x, &batch("east-0002", "东门", &scans));
        x.settle();
        let again = judged(&x, "east-0002");
        assert_eq!((again["state"].clone(), again["admitted"].clone()), (json!("reconciled"), json!(30)), "{again}");
        x.as_manager(|| {
            let report = x.api(&format!("/api/sales?date={}", day(1))).body_json();
            assert_eq!(report["attractions"][0]["admitted"], 30);
            let s = x.api(&format!("/api/statement?from={}&attraction=guishan", day(1))).body_json();
            assert_eq!((s["kept"].clone(), s["lines"][0]["admitted"].clone()), (json!(180_000), json!(30)));
            assert_eq!(x.api("/api/gates/batches").body_json()["batches"].as_array().unwrap().len(), 3);
            assert!(x.get::<Ticketing>("/sales/batches").body_text().contains("已在别处入园"));
        });
    }
}

#[test]
fn a_batch_is_judged_scan_by_scan_through_conflicts_and_repetitions() {
    let x = Xuzhou::new();
    let scans = thirty(&x, 0);
    upload(&x, &batch("east-0001", "东门", &scans));
    let first = x.queued().into_iter().find(|e| e.topic == "gate.batch").unwrap();
    // One delivery after another; each may meet a conflict, and each arrives twice.
    for _ in 0..4 {
        x.conflict_next(2);
        let events: Vec<_> = x.queued().into_iter().filter(|e| e.topic == "gate.batch").collect();
        x.deliver::<Ticketing>();
        for e in &events {
            x.deliver_event::<Ticketing>(e).unwrap();
        }
    }
    x.deliver_event::<Ticketing>(&first).unwrap();
    x.settle();
    assert_eq!(judged(&x, "east-0001")["admitted"], 30);
}

#[test]
fn screenshots_forgeries_and_tickets_of_elsewhere_are_told_apart() {
    let x = Xuzhou::new();
    let mut scans = thirty(&x, 0);
    scans.truncate(8);
    // Shown at nine, scanned a quarter of an hour later.
    scans[3].1 += 15 * 60_000;
    let mut forged = scans[0].0.clone();
    forged.replace_range(30..31, if forged.ends_with('0') { "1" } else { "0" });
    scans.push((forged, now(&x)));
    scans.push(("hello".into(), now(&x)));
    x.sign_in("anna");
    let museum = text(
        &x.ordered(&json!({"attraction": "museum", "date": day(1), "slot": "09:00", "visitors": [visitor(77)]})),
        "/id",
    );
    scans.push((x.code(&museum, 0), now(&x)));
    let given_back =
        x.bought(&json!({"attraction": "guishan", "date": day(1), "slot": "11:00", "visitors": [visitor(78)]}));
    scans.push((x.code(&given_back, 0), now(&x)));
    x.call(&format!("/api/orders/{given_back}/refund"), &json!({}));
    let early = x.bought(&json!({"attraction": "guishan", "date": day(1), "slot": "15:00", "visitors": [visitor(79)]}));
    scans.push((x.code(&early, 0), now(&x)));
    upload(&x, &batch("east-0001", "东门", &scans));
    x.settle();
    let b = judged(&x, "east-0001");
    let verdicts: BTreeMap<u64, String> =
        b["conflicts"].as_array().unwrap().iter().map(|c| (c["scan"].as_u64().unwrap(), text(c, "/verdict"))).collect();
    let want = [
        (3, "stale"),
        (8, "not-genuine"),
        (9, "not-genuine"),
        (10, "other-attraction"),
        (11, "refunded"),
        (12, "other-time"),
    ];
    assert_eq!(verdicts, want.map(|(n, v)| (n, v.to_owned())).into_iter().collect());
    assert_eq!(b["admitted"], 7);
}

#[test]
fn wrong_batches_are_refused_at_the_field_and_kept_apart() {
    let x = Xuzhou::new();
    let good = batch("east-0001", "东门", &[("x".into(), 1)]);
    for (change, want) in [
        (json!({"number": "short"}), "/number"),
        (json!({"number": "a number with blanks"}), "/number"),
        (json!({"gate": " "}), "/gate"),
        (json!({"attraction": "atlantis"}), "/attraction"),
        (json!({"scans": vec![json!({"code": "x", "at": 1}); 501]}), "/scans"),
        (json!({"scans": [{"code": "x".repeat(201), "at": 1}]}), "/scans"),
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(upload(&x, &bad).body_json()["errors"][0]["pointer"], want, "{change}");
    }
    assert_eq!(kind(&x.call("/api/gates/batches", &good)), "role-required");
    assert_eq!(upload(&x, &good).code().as_u16(), 202);
    let other = batch("east-0001", "东门", &[("y".into(), 1)]);
    assert_eq!(kind(&upload(&x, &other)), "batch-reused");
    x.sign_in_official("gate-2", &["gate"]);
    assert_eq!(x.api("/api/gates/batches/east-0001").code().as_u16(), 404, "another officer's is another batch");
    assert_eq!(kind(&x.api("/api/gates/batches")), "role-required");
}

#[test]
fn a_gates_list_proves_codes_and_names_nobody() {
    let x = Xuzhou::new();
    let id = x.bought(&guishan(1));
    x.ordered(&guishan(2));
    x.at_nine_tomorrow();
    x.advance(50 * 60_000);
    let list = x.at_the_gate(|| x.api("/api/gates/list?attraction=guishan"));
    let tickets = list.body_json()["tickets"].clone();
    assert_eq!(tickets.as_array().unwrap().len(), 1, "an unpaid order has no ticket");
    let raw = list.body_text();
    assert!(!raw.contains(&id) && !raw.contains("云龙") && !raw.contains(&resident_id("1990-01-01", 1)), "{raw}");
    // What the gate's script does, with the next hour's first code.
    x.advance(15 * 60_000);
    let shown: String = x.code(&id, 0).replace('-', "");
    let (ticket, check) = shown.split_at(13);
    assert_eq!(tickets[0]["key"], code::blind(ticket));
    let mut value = check.to_owned();
    let mut met = None;
    for i in 0..120 {
        value = code::link(ticket, &value);
        let anchors = tickets[0]["anchors"].as_array().unwrap();
        met = met.or(anchors.iter().position(|a| *a == value.as_str()).map(|hour| (hour, i)));
    }
    assert_eq!(met, Some((1, 10)), "five minutes into the second hour");
    assert_eq!(x.at_the_gate(|| x.api("/api/gates/list?attraction=atlantis")).code().as_u16(), 404);
    assert_eq!(kind(&x.api("/api/gates/list?attraction=guishan")), "role-required");
    let page = x.at_the_gate(|| x.get::<Ticketing>("/gate/offline").body_text());
    assert!(page.contains("/assets/gate/offline.js") && page.contains("noscript") && !page.contains("onclick"));
}

#[test]
fn a_document_opens_the_gate_once_for_whom_it_is_due() {
    let x = Xuzhou::new();
    let mut morning = guishan(1);
    morning["visitors"][0]["phone"] = json!("");
    let id = x.bought(&morning);
    let mut later = guishan(1);
    later["slot"] = json!("11:00");
    let second = x.bought(&later);
    x.at_nine_tomorrow();
    let show = |n: u32, attraction: Option<&str>| {
        x.admit(
            &json!({"document": {"id_number": resident_id("1990-01-01", n)}, "attraction": attraction, "gate": "东门"}),
        )
    };
    assert_eq!(show(1, None).body_json()["errors"][0]["pointer"], "/attraction");
    assert_eq!(kind(&show(2, Some("guishan"))), "no-ticket");
    assert_eq!(kind(&show(1, Some("museum"))), "no-ticket");
    let wrong = x.admit(&json!({"document": {"id_number": "320302199001019990"}, "attraction": "guishan"}));
    assert_eq!(wrong.body_json()["errors"][0]["pointer"], "/document/id_number");
    assert_eq!(show(1, Some("guishan")).body_json()["order"], id.as_str());
    assert_eq!(kind(&show(1, Some("guishan"))), "too-early", "the next is for eleven");
    x.advance(2 * 3_600_000);
    assert_eq!(show(1, Some("guishan")).body_json()["order"], second.as_str());
    assert_eq!(kind(&show(1, Some("guishan"))), "already-used");
    // The page does the same.
    x.at_the_gate(|| {
        let id = resident_id("1990-01-01", 1);
        let fields = [
            ("attraction", "guishan"),
            ("gate", "东门"),
            ("how", "document"),
            ("id_type", "resident-id"),
            ("id_number", id.as_str()),
        ];
        let answer = x.post::<Ticketing>("/gate", &fields);
        assert!(answer.code().as_u16() == 409 && answer.body_text().contains("已经用过"));
    });
}

#[test]
fn a_statement_sums_to_what_was_paid_less_what_was_returned() {
    let x = Xuzhou::new();
    let one = x.bought(&joint(1));
    x.bought(&guishan(2));
    x.ordered(&guishan(3));
    x.call(&format!("/api/orders/{one}/refund"), &json!({}));
    x.settle();
    x.as_manager(|| {
        let s = x.api(&format!("/api/statement?from={}", day(1))).body_json();
        assert_eq!(
            (s["paid"].clone(), s["returned"].clone(), s["kept"].clone()),
            (json!(18_800), json!(12_800), json!(6_000))
        );
        let kept: u64 = s["lines"].as_array().unwrap().iter().map(|l| l["kept"].as_u64().unwrap()).sum();
        assert_eq!(kept, 6_000);
        assert_eq!(x.api(&format!("/api/statement?from={}&until={}", day(1), day(40))).code().as_u16(), 422);
        assert_eq!(x.api(&format!("/api/statement?from={}&attraction=atlantis", day(1))).code().as_u16(), 404);
        let html = x.get::<Ticketing>(&format!("/sales/statement?from={}", day(1))).body_text();
        assert!(html.contains("¥60.00") && html.contains("format=xlsx"));
        assert!(x.get::<Ticketing>("/sales/statement?from=soon").body_text().contains("error-from"));
        let file = |format: &str| x.get::<Ticketing>(&format!("/sales/statement/file?format={format}&from={}", day(1)));
        let csv = file("csv").body_text();
        assert!(csv.starts_with('\u{feff}') && csv.contains("\r\n") && csv.contains("60.00"), "{csv}");
        assert_eq!(file("tickets").body_text().lines().count(), 4, "three tickets, and no unpaid one");
        let book = file("xlsx");
        assert!(
            book.body().starts_with(b"PK") && book.body() == file("xlsx").body(),
            "the same statement is the same file"
        );
        assert_eq!(file("pdf").code().as_u16(), 404);
    });
    assert_eq!(kind(&x.api("/api/statement")), "role-required");
    assert_eq!(x.get::<Ticketing>("/sales/statement/file?format=csv").code().as_u16(), 403);
}
