//! Scenario files and reports, without a component: what plays them is tested end to end, with real apps.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;
use yunlong_model::{Lang, Manifest, Text};
use yunlong_workbench::{
    FaultKind, FaultReport, Finding, FindingKind, Report, ScenarioReport, StepReport, Violation, WorkbenchError, html,
    junit, read_folder, text,
};

fn manifest() -> Manifest {
    Manifest::parse(
        "name = \"lesson\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }\ncounters = [\"seats\"]\n[[collections]]\nname = \"tickets\"\nindexes = []\n[[roles]]\nname = \"clerk\"\ntitle = { zh = \"甲\", en = \"A\" }\n",
    )
    .unwrap()
}

const HEAD: &str = "title = { zh = \"甲\", en = \"A\" }\n";

/// Reads one file; its line and what is said of it.
fn refused(name: &str, body: &str) -> (usize, Text) {
    let dir = tempfile::tempdir().unwrap();
    let fine = format!("{HEAD}[[steps]]\nadvance = \"1s\"\n");
    std::fs::write(dir.path().join("fine.toml"), fine).unwrap();
    std::fs::write(dir.path().join(name), body).unwrap();
    match read_folder(dir.path(), &manifest()) {
        Err(WorkbenchError::File { file, line, problem }) => {
            assert_eq!(file, name);
            (line, problem)
        }
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_whole_scenario_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let body = format!(
        "{HEAD}clock = \"2026-10-01T09:00:00+08:00\"\n[[people]]\nname = \"wang\"\nroles = [\"clerk\"]\n[[steps]]\nrequest = \"POST /x\"\nas = \"wang\"\nform = {{ a = \"1\", b = [\"2\", \"3\"] }}\nexpect = {{ status = [201, 303], json = {{ \"a.b\" = {{ at_least = 1 }}, c = [1, 2] }} }}\nretry = {{ status = 409 }}\ncapture = {{ id = {{ header = \"location\", after = \"/x/\" }} }}\n[[steps]]\ndata = \"tickets\"\nwhere = {{ _id = \"${{id}}\" }}\ncount = 1\n[[steps]]\npayment = \"order-1\"\nfields = {{ held = 108000, released = {{ at_least = 0 }} }}\n"
    );
    std::fs::write(dir.path().join("a.toml"), body).unwrap();
    let (scenarios, invariants) = read_folder(dir.path(), &manifest()).unwrap();
    assert_eq!((scenarios.len(), scenarios[0].len(), invariants.len()), (1, 3, 0));
    assert!(scenarios[0].faults);
}

#[test]
fn a_word_that_is_not_known_is_named_with_the_one_that_was_meant() {
    for (body, line, meant) in [
        ("[[steps]]\nrequest = \"GET /\"\nexpct = {}\n", 4, "`expect`"),
        ("[[steps]]\nrequest = \"GET /\"\nexpect = { stauts = 200 }\n", 4, "`status`"),
        ("[[steps]]\ncounter = \"seat\"\nvalue = 1\n", 2, "`seats`"),
        ("[[steps]]\ndata = \"ticket\"\n", 2, "`tickets`"),
        ("[[people]]\nname = \"wang\"\nroles = [\"clark\"]\n[[steps]]\nadvance = \"1s\"\n", 2, "`clerk`"),
    ] {
        let (at, problem) = refused("a.toml", &format!("{HEAD}{body}"));
        assert_eq!(at, line, "{body}: {problem:?}");
        assert!(problem.zh.contains(meant) && problem.en.contains(meant), "{body}: {problem:?}");
    }
}

#[test]
fn a_step_does_one_thing_and_takes_the_words_that_go_with_it() {
    for (body, meant) in [
        ("[[steps]]\ntitle = \"nothing\"\n", "one thing"),
        ("[[steps]]\nrequest = \"GET /\"\nadvance = \"1s\"\n", "one thing"),
        ("[[steps]]\nadvance = \"1s\"\nas = \"wang\"\n", "does not go with"),
        ("[[steps]]\nrequest = \"/\"\n", "GET /path"),
        ("[[steps]]\nrequest = \"POST /\"\ntext = \"a\"\njson = 1\n", "one of form"),
        ("[[steps]]\nadvance = \"99999999999999999d\"\n", "15m"),
        ("[[steps]]\ncounter = \"seats\"\n", "`value`"),
        ("[[steps]]\npayment = \"order-1\"\n", "`fields`"),
        ("[[steps]]\npayment = \"order-1\"\ncount = 1\n", "does not go with"),
    ] {
        let (_, problem) = refused("a.toml", &format!("{HEAD}{body}"));
        assert!(problem.en.contains(meant), "{body}: {problem:?}");
    }
}

#[test]
fn an_invariant_says_one_thing_of_what_the_app_declares() {
    let one =
        |rest: &str| format!("[[invariants]]\nname = \"n\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\nis = \"=\"\n{rest}");
    for (rest, meant) in [
        ("left = 1\nright = { count = \"ticket\" }\n", "`tickets`"),
        ("left = 1\nright = { count = \"tickets\", counter = \"seats\" }\n", "one of count"),
        ("left = 1\nright = { sum = \"tickets\" }\n", "`of`"),
        ("left = 1\nright = { count = \"tickets\", key = \"a\" }\n", "`counter`"),
        ("left = 1\nright = { payments = \"held\" }\n", "[payments]"),
        ("left = 1\nright = { payments = \"heald\" }\n", "count"),
        ("left = 1\nright = { payments = \"held\", counter = \"seats\" }\n", "one of count"),
        ("left = 1\nright = 1\neach = {}\n", "one of collection"),
        ("left = 1\nright = 1\neach = { colection = \"tickets\" }\n", "`collection`"),
    ] {
        let (_, problem) = refused("invariants.toml", &one(rest));
        assert!(problem.en.contains(meant), "{rest}: {problem:?}");
    }
}

#[test]
fn a_file_that_would_keep_the_machine_busy_is_refused() {
    let steps = "[[steps]]\nadvance = \"1s\"\n".repeat(501);
    let people: String = (0..101).map(|n| format!("[[people]]\nname = \"p{n}\"\n")).collect();
    let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
    let list = many.join(", ");
    for (body, meant) in [
        (steps, "at most 500"),
        (format!("{people}[[steps]]\nadvance = \"1s\"\n"), "at most 100"),
        (format!("[[steps]]\ndata = \"tickets\"\nwhere = {{ n = {{ in = [{list}] }} }}\n"), "at most 200"),
        (format!("[[steps]]\nrequest = \"GET /\"\nexpect = {{ json = {{ n = [{list}] }} }}\n"), "at most 200"),
        ("[[steps]]\nadvance = \"3661d\"\n".to_owned(), "3660d at most"),
    ] {
        let (_, problem) = refused("a.toml", &format!("{HEAD}{body}"));
        assert!(problem.en.contains(meant), "{meant}: {problem:?}");
    }
    let one = format!(
        "[[invariants]]\nname = \"n\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\nis = \"=\"\nleft = 1\nright = {{ count = \"tickets\", where = {{ n = [{list}] }} }}\n"
    );
    let (_, problem) = refused("invariants.toml", &one);
    assert!(problem.en.contains("at most 200"), "{problem:?}");
}

fn both(text: &str) -> Text {
    Text { zh: format!("中 {text}"), en: text.to_owned() }
}

fn report() -> Report {
    let step = |problem| StepReport { line: 3, title: "GET /<b>".into(), took: Duration::from_millis(2), problem };
    let finding = Finding {
        line: 3,
        step: "GET /<b>".into(),
        fault: FaultKind::Cut,
        call: Some((4, "city:data/collections.transaction.commit".into())),
        kind: FindingKind::BrokenByFault,
        problem: both("broken"),
        violations: vec![Violation {
            name: "sold".into(),
            title: both("sold is counted"),
            found: "1 = 0".into(),
            documents: vec!["{\"key\":\"<script>\"}".into()],
        }],
    };
    let scenario = |file: &str, steps, faults| ScenarioReport {
        file: file.into(),
        title: both("A & B"),
        steps,
        problem: None,
        late: false,
        faults,
        took: Duration::from_millis(5),
    };
    Report {
        app: "lesson".into(),
        version: "1.0.0".into(),
        invariants: 1,
        scenarios: vec![
            scenario(
                "a.toml",
                vec![step(None)],
                Some(FaultReport { calls: 5, runs: 9, unreached: 1, late: 2, findings: vec![finding] }),
            ),
            scenario("b.toml", vec![step(Some(both("the status\u{0} is to be 200")))], None),
        ],
        took: Duration::from_secs(1),
    }
}

#[test]
fn the_text_names_call_step_invariant_and_documents_in_both_languages() {
    let report = report();
    assert!(!report.passed());
    assert_eq!((report.failures(), report.fault_runs()), (2, 9));
    let english = text(&report, Lang::En);
    for wanted in [
        "a.toml:3",
        "host call 4",
        "transaction.commit",
        "sold: sold is counted — 1 = 0",
        "{\"key\"",
        "b.toml:3",
        "is to be 200",
        "2 of them were not made",
    ] {
        assert!(english.contains(wanted), "`{wanted}`: {english}");
    }
    let chinese = text(&report, Lang::Zh);
    assert!(chinese.contains("在第 4 次主机调用") && chinese.contains("2 个未通过"), "{chinese}");
}

#[test]
fn junit_counts_cases_and_escapes_what_xml_has_no_place_for() {
    let xml = junit(&report(), Lang::En);
    assert!(xml.contains("<testsuites name=\"lesson\" tests=\"3\" failures=\"2\""), "{xml}");
    assert!(xml.contains("GET /&lt;b&gt;") && xml.contains("A &amp; B"), "{xml}");
    assert!(!xml.contains('\0') && !xml.contains("<script>") && !xml.contains("<b>"), "{xml}");
}

#[test]
fn the_page_has_no_script_and_escapes_what_an_app_wrote() {
    let page = html(&report(), Lang::Zh);
    assert!(page.contains("lang=\"zh-CN\"") && page.contains("sold"), "{page}");
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
}
