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

/// A tablet that sends the times of its own wrong clock, and has read too few codes to be corrected
/// by their majority.
#[test]
fn one_or_two_scans_on_a_wrong_clock_are_admissions() {
    for minutes in [5, 180, -10, -180] {
        let x = Xuzhou::new();
        let ids = [x.bought(&guishan(1)), x.bought(&guishan(2)), x.bought(&guishan(3))];
        x.at_nine_tomorrow();
        let scan = |id: &String| (x.code(id, 0), now(&x) + minutes * 60_000 + 20_000);
        upload(&x, &batch("alone-01", "东门", &[scan(&ids[0])]));
        upload(&x, &batch("pair-0001", "东门", &[scan(&ids[1]), scan(&ids[2])]));
        x.settle();
        for (number, admitted) in [("alone-01", 1), ("pair-0001", 2)] {
            let b = judged(&x, number);
            let want = (json!("reconciled"), json!(admitted));
            assert_eq!((b["state"].clone(), b["admitted"].clone()), want, "{minutes}: {b}");
        }
        assert_eq!(ids.map(|id| x.state(&id)), ["used", "used", "used"]);
    }
}

#[test]
fn a_batch_that_comes_days_late_records_who_entered() {
    for clock in [0, 3 * 3_600_000] {
        let x = Xuzhou::new();
        let (first, second) = (x.bought(&guishan(1)), x.bought(&guishan(2)));
        x.at_nine_tomorrow();
        let scans = [&first, &second].map(|id| (x.code(id, 0), now(&x) + clock));
        let mut forged = scans[0].clone();
        forged.0.replace_range(30..31, if forged.0.ends_with('0') { "1" } else { "0" });
        x.advance(3 * 86_400_000);
        upload(&x, &batch("late-0001", "东门", &[scans[0].clone(), scans[1].clone(), forged]));
        x.settle();
        let b = judged(&x, "late-0001");
        assert_eq!(
            (b["admitted"].clone(), x.state(&first), x.state(&second)),
            (json!(2), "used".into(), "used".into())
        );
        let conflicts = b["conflicts"].as_array().unwrap();
        assert_eq!(conflicts.len(), 1, "{b}");
        assert_eq!((conflicts[0]["scan"].clone(), conflicts[0]["verdict"].clone()), (json!(2), json!("too-old")));
        x.as_manager(|| assert!(x.get::<Ticketing>("/sales/batches").body_text().contains("上传太晚，无法自动核对")));
    }
}

#[test]
fn codes_of_before_the_configuration_changed_are_judged_by_their_own_window() {
    let x = Xuzhou::new();
    let ids = [x.bought(&guishan(1)), x.bought(&guishan(2))];
    x.at_nine_tomorrow();
    x.advance(95_000);
    let scans = ids.each_ref().map(|id| (x.code(id, 0), now(&x)));
    x.configure("code_seconds", 60);
    let mut known = batch("known-01", "东门", &scans[..1]);
    known["scans"][0]["code_seconds"] = json!(30);
    upload(&x, &known);
    upload(&x, &batch("guess-01", "东门", &scans[1..]));
    known["number"] = json!("wrong-01");
    known["scans"][0]["code_seconds"] = json!(5);
    assert_eq!(upload(&x, &known).body_json()["errors"][0]["pointer"], "/scans");
    x.settle();
    for number in ["known-01", "guess-01"] {
        let b = judged(&x, number);
        assert_eq!((b["state"].clone(), b["admitted"].clone()), (json!("reconciled"), json!(1)), "{number}: {b}");
    }
    let used = tourism_ticketing::store::ENTITLEMENTS.get(&format!("{}.0.0", ids[0])).unwrap().unwrap();
    assert_eq!(used.used_at, Some(now(&x) - 5_000), "the half minute of the code");
}

#[test]
fn a_list_holds_what_opens_the_gate_around_midnight() {
    let x = Xuzhou::new();
    let mut lake = attraction("yunlonghu");
    lake["sessions"] =
        json!([{"start": "00:40", "end": "03:00", "cap": 9}, {"start": "18:00", "end": "00:30", "cap": 9}]);
    x.as_manager(|| assert_eq!(x.put("/api/manage/attractions/yunlonghu", &lake).code().as_u16(), 200));
    let buy = |n: u32, date: i32, slot: &str| {
        let id =
            x.bought(&json!({"attraction": "yunlonghu", "date": day(date), "slot": slot, "visitors": [visitor(n)]}));
        move |x: &Xuzhou| code::blind(&x.code(&id, 0).replace('-', "")[..13])
    };
    let tonight = buy(1, 0, "18:00")(&x);
    let early = buy(2, 1, "00:40")(&x);
    let tomorrow = buy(3, 1, "18:00")(&x);
    let at = |hours: i64, minutes: i64| {
        x.set_now(u64::try_from(TUESDAY - 8 * 3_600_000 + hours * 3_600_000 + minutes * 60_000).unwrap());
        let list = x.at_the_gate(|| x.api("/api/gates/list?attraction=yunlonghu")).body_json();
        let keys = list["tickets"].as_array().unwrap().iter().map(|t| text(t, "/key")).collect::<Vec<_>>();
        [&tonight, &early, &tomorrow].map(|k| keys.contains(k))
    };
    assert_eq!(at(19, 0), [true, false, false], "in the evening");
    assert_eq!(at(22, 0), [true, true, false], "the list is good beyond midnight");
    assert_eq!(at(24, 10), [true, true, true], "after midnight the evening's slot is open still");
    assert_eq!(at(24, 31), [false, true, true], "until it ends");
}

#[test]
fn a_gate_without_a_network_admits_by_document() {
    let x = Xuzhou::new();
    let free = json!({"name": {"zh": "龟山汉墓体验票", "en": "Guishan taster"}, "kind": "single", "one_id": false,
        "components": [{"attraction": "guishan", "weight": 1}], "price": 1_000});
    x.as_manager(|| assert_eq!(x.put("/api/manage/products/taster", &free).code().as_u16(), 200));
    let mut order = json!({"product": "taster", "date": day(1), "visitors": [visitor(1)],
        "components": [{"attraction": "guishan", "slot": "09:00"}]});
    order["visitors"][0]["phone"] = json!("");
    let id = x.bought(&order);
    x.at_nine_tomorrow();
    let list = x.at_the_gate(|| x.api("/api/gates/list?attraction=guishan"));
    let ticket = list.body_json()["tickets"][0].clone();
    assert!(!list.body_text().contains(&id), "a pass names no ticket");
    // What the gate's script does with what the keeper typed.
    let number = resident_id("1990-01-01", 1);
    let check = |number: &str| {
        use tourism_ticketing::domain::keys::sha256;
        let key = text(&ticket, "/key");
        let parts: [&[u8]; 5] = [b"yunlong-ticket", b"document", key.as_bytes(), b"resident-id", number.as_bytes()];
        yunlong_sdk::base32::encode(&sha256(&parts), 2)
    };
    assert_eq!(
        (ticket["document_check"].clone(), ticket["document"].clone()),
        (json!(check(&number)), json!(&number[14..]))
    );
    let by_pass = |name: &str, pass: &str| json!({"number": name, "attraction": "guishan", "gate": "东门", "scans": [{"pass": pass, "at": now(&x)}]});
    let pass = text(&ticket, "/pass");
    let mut forged = pass.clone();
    forged.replace_range(24.., if pass.ends_with('0') { "1" } else { "0" });
    for (name, pass, state) in
        [("paper-01", &pass, "reconciled"), ("paper-02", &pass, "reconciled"), ("paper-03", &forged, "conflict")]
    {
        assert_eq!(upload(&x, &by_pass(name, pass)).code().as_u16(), 202);
        x.settle();
        assert_eq!(judged(&x, name)["state"], state, "{name}");
    }
    assert_eq!(judged(&x, "paper-03")["conflicts"][0]["verdict"], "not-genuine");
    assert_eq!(x.state(&id), "used");
    x.advance(60_000);
    upload(&x, &by_pass("paper-04", &pass));
    x.settle();
    assert_eq!(judged(&x, "paper-04")["conflicts"][0]["verdict"], "already-used");
}

#[test]
fn the_page_of_a_gate_without_a_network_is_kept_by_a_worker() {
    let x = Xuzhou::new();
    let page = x.at_the_gate(|| x.get::<Ticketing>("/gate/offline").body_text());
    let worker = x.get::<Ticketing>("/gate/worker.js");
    assert_eq!(worker.header_value("content-type"), Some("text/javascript; charset=utf-8"));
    let files = worker.body_text();
    let files = files.lines().find(|l| l.starts_with("const FILES")).unwrap();
    for at in ["src=\"", "rel=\"stylesheet\" href=\""] {
        let needed = page.split(at).skip(1).map(|rest| rest.split('"').next().unwrap());
        needed.for_each(|path| assert!(files.contains(&format!("'{path}'")), "{path} is not kept"));
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
    // A ticket of a product without the one-ID rule, too; and one that was given back says so.
    let free = json!({"name": {"zh": "体验票", "en": "Taster"}, "kind": "single", "one_id": false,
        "components": [{"attraction": "guishan", "weight": 1}], "price": 1_000});
    x.as_manager(|| assert_eq!(x.put("/api/manage/products/taster", &free).code().as_u16(), 200));
    let taster = |n: u32| {
        json!({"product": "taster", "date": day(1), "visitors": [visitor(n)],
            "components": [{"attraction": "guishan", "slot": "11:00"}]})
    };
    let third = x.bought(&taster(7));
    assert_eq!(show(7, Some("guishan")).body_json()["order"], third.as_str());
    let mut afternoon = taster(8);
    afternoon["components"][0]["slot"] = json!("13:00");
    let given_back = x.bought(&afternoon);
    assert_eq!(x.call(&format!("/api/orders/{given_back}/refund"), &json!({})).code().as_u16(), 202);
    assert_eq!(kind(&show(8, Some("guishan"))), "ticket-refunded");
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
