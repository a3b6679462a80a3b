//! `yunlong hub` against a platform that keeps what it is given, and kills whoever imports.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

mod platform;

use clap::Parser;
use platform::{Fault, Platform, State, totals};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;
use yunlong_cli::{CliError, Command};

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn run(words: &[&str]) -> Result<(), CliError> {
    let line = Line::try_parse_from(std::iter::once("yunlong").chain(words.iter().copied())).unwrap();
    yunlong_cli::run(&line.command, <Line as clap::CommandFactory>::command)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(self.0.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A file of so many rows: every 7th is refused by the platform, every 11th cannot be read.
fn things(rows: u32) -> String {
    let mut text = "id,n,note\n".to_owned();
    for n in 1..=rows {
        let number = if n % 11 == 0 { "x".to_owned() } else { n.to_string() };
        text.push_str(&format!("k{n:06},{number},备注 {n}\n"));
    }
    text
}

/// The lines that a file of errors tells of, each with how many rows.
fn told(path: &Path) -> BTreeMap<u64, usize> {
    let mut lines = BTreeMap::new();
    for row in std::fs::read_to_string(path).unwrap().lines().skip(1) {
        *lines.entry(row.split(',').next().unwrap().parse().unwrap()).or_default() += 1;
    }
    lines
}

fn refused(error: CliError) -> u64 {
    assert_eq!(error.exit_code(), 3);
    match error {
        CliError::RowsRefused { refused, .. } => refused,
        other => panic!("{other}"),
    }
}

#[test]
fn rows_that_fail_are_written_down_and_the_others_are_loaded() {
    let (platform, folder) = (Platform::new(), Folder::new());
    std::fs::write(folder.path("things.csv"), things(100)).unwrap();
    let error = platform.run(&["import", &folder.text("things.csv"), "--dataset", "test.thing", "--batch", "30"]);
    // 7, 14 … 98 without 77, and 11, 22 … 99.
    assert_eq!(refused(error.unwrap_err()), 13 + 9);
    assert_eq!(platform.loaded().len(), 100 - 22);
    let lines = told(&folder.path("things.csv.errors.csv"));
    assert_eq!(lines.len(), 22);
    assert_eq!((lines[&8], lines[&15], lines[&12]), (1, 2, 1), "n = 7, 14 and 11");
    let text = std::fs::read_to_string(folder.path("things.csv.errors.csv")).unwrap();
    assert!(text.starts_with("\u{feff}line,field,reason_zh,reason_en\n8,n,不行,no\n12,n,应为整数"), "{text}");
}

#[test]
fn a_file_without_errors_leaves_none_behind() {
    let (platform, folder) = (Platform::new(), Folder::new());
    // GBK, with Chinese titles, and with days.
    let text = "编号,数量,生效日期\nk1,1,2026-01-01\nk2,2,\n";
    std::fs::write(folder.path("things.csv"), encoding_rs::GBK.encode(text).0).unwrap();
    platform
        .run(&["import", &folder.text("things.csv"), "--dataset", "test.thing", "--valid-from", "2025-01-01"])
        .unwrap();
    assert_eq!(folder.names(), ["things.csv"]);
    let (import, sent) = platform.state(|s| {
        let import = &s.imports["import-0"];
        (import.of.clone(), serde_json::from_slice::<Value>(&import.batches[0].0).unwrap())
    });
    assert_eq!(
        (&import["dataset"], &import["file"], &import["valid_from"]),
        (&json!("test.thing"), &json!("things.csv"), &json!("2025-01-01"))
    );
    assert_eq!(
        sent,
        json!({ "rows": [
            { "line": 2, "record": { "id": "k1", "n": 1 }, "valid_from": "2026-01-01" },
            { "line": 3, "record": { "id": "k2", "n": 2 } },
        ] })
    );
}

#[test]
fn what_cannot_be_loaded_says_what_to_do() {
    let (platform, folder) = (Platform::new(), Folder::new());
    std::fs::write(folder.path("things.csv"), "id,nn\n").unwrap();
    std::fs::write(folder.path("things.txt"), "id\n").unwrap();
    std::fs::write(folder.path("good.csv"), "id,n\nk1,7\n").unwrap();
    let fail = |words: &[&str]| {
        let error = platform.run(&[&["import"], words, &["--dataset", "test.thing"]].concat()).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        (error.to_string(), error.next())
    };
    let (problem, next) = fail(&[&folder.text("things.csv")]);
    assert!(problem.contains("no column `nn`") && next.contains("rename"), "{problem} {next}");
    assert!(fail(&[&folder.text("things.txt")]).1.contains("--format"));
    assert!(fail(&[&folder.text("missing.csv")]).1.contains("path"));
    for (flag, said) in [("--resume", "leave --resume out"), ("--abandon", "nothing is to be given up")] {
        assert!(fail(&[&folder.text("good.csv"), flag]).1.contains(said));
        assert!(platform.state(|s| s.imports.is_empty()), "{flag} begins no import");
    }
    // A file of another kind is not replaced by one of errors.
    let (problem, _) = fail(&[&folder.text("good.csv"), "--errors", &folder.text("things.txt")]);
    assert!(problem.contains("things.txt"), "{problem}");
    assert_eq!(std::fs::read_to_string(folder.path("things.txt")).unwrap(), "id\n");
    assert!(platform.run(&["import", "x.csv", "--dataset", "../x"]).is_err());
}

/// Not a test by itself: what [`import`] runs in a process of its own.
#[test]
fn child() {
    let Ok(words) = std::env::var("YUNLONG_TEST_IMPORT") else { return };
    let words: Vec<&str> = words.split('\n').collect();
    match run(&words) {
        Ok(()) => std::process::exit(0),
        Err(e) => std::process::exit(e.exit_code().into()),
    }
}

/// Begins an import in a process of its own.
fn import(platform: &Platform, file: &str) -> Child {
    let words = [
        "hub",
        "import",
        file,
        "--dataset",
        "test.thing",
        "--batch",
        "20",
        "--server",
        &platform.address,
        "--token",
        "t",
    ];
    Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("YUNLONG_TEST_IMPORT", words.join("\n"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn an_import_that_is_killed_anywhere_loses_nothing_and_repeats_nothing() {
    let folder = Folder::new();
    std::fs::write(folder.path("things.csv"), things(2_000)).unwrap();
    let whole = Platform::new();
    let error = whole.run(&["import", &folder.text("things.csv"), "--dataset", "test.thing", "--batch", "20"]);
    let count = refused(error.unwrap_err());
    let wanted = std::fs::read(folder.path("things.csv.errors.csv")).unwrap();
    std::fs::remove_file(folder.path("things.csv.errors.csv")).unwrap();

    let platform = Platform::new();
    let mut kills = 0;
    // Not random in time, but in the place: a generator without a seed that changes.
    let mut draw = 7_u64;
    let status = loop {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (at, kind) = (1 + (draw >> 33) % 6, (draw >> 40) % 4);
        platform.state(|s| {
            s.batches = 0;
            s.fault = Some(match kind {
                0 => Fault::Before(at),
                1 => Fault::After(at),
                _ => Fault::Answered(at, (draw >> 45) % 1_500),
            });
        });
        let mut child = import(&platform, &folder.text("things.csv"));
        let status = loop {
            match platform.kills.recv_timeout(Duration::from_millis(20)) {
                Ok(after) => {
                    std::thread::sleep(after);
                    child.kill().unwrap();
                    child.wait().unwrap();
                    kills += 1;
                    break None;
                }
                Err(_) => {
                    if let Some(status) = child.try_wait().unwrap() {
                        break Some(status);
                    }
                }
            }
        };
        if let Some(status) = status {
            break status;
        }
        assert!(kills < 500, "it makes no progress");
    };
    assert!(kills >= 10, "{kills}");
    assert_eq!(status.code(), Some(3));
    assert_eq!(platform.loaded(), whole.loaded());
    assert_eq!(std::fs::read(folder.path("things.csv.errors.csv")).unwrap(), wanted, "after {kills} kills");
    platform.state(|s| {
        assert_eq!(s.imports.len(), 1);
        let import = &s.imports["import-0"];
        let there = totals("", import)["refused"].as_u64().unwrap();
        assert!(import.finished && there < count, "{there} of {count}");
    });
}

#[test]
fn a_lost_file_of_errors_is_made_anew() {
    let (platform, folder) = (Platform::new(), Folder::new());
    let file = folder.text("things.csv");
    std::fs::write(&file, things(400)).unwrap();
    let words = ["import", file.as_str(), "--dataset", "test.thing", "--batch", "20"];
    for damage in [Some(None), Some(Some("\u{feff}line,field,reason_zh,reason_en\n8,n,不行,no\n")), None] {
        platform.state(|s| {
            *s = State { fault: Some(Fault::After(9)), ..State::default() };
        });
        // The answer does not arrive: the command ends, and the import stands.
        assert_eq!(platform.run(&words).unwrap_err().exit_code(), 1);
        platform.kills.recv().unwrap();
        platform.state(|s| s.fault = None);
        let errors = folder.path("things.csv.errors.csv");
        match damage {
            Some(None) => std::fs::remove_file(&errors).unwrap(),
            Some(Some(text)) => std::fs::write(&errors, text).unwrap(),
            None => {}
        }
        let before = platform.state(|s| s.requests.len());
        let error = platform.run(&[&words[..], &["--resume"]].concat()).unwrap_err();
        assert_eq!(refused(error), 93 - 5, "57 that are refused, 36 that cannot be read, 5 of them both");
        assert_eq!(told(&errors).len(), 88);
        let sent = platform.state(|s| s.requests[before..].iter().filter(|r| r.contains("/batches/")).count());
        // From the ninth of 20 on; all of them, after the ninth, where the file of errors does not fit.
        assert_eq!(sent, if damage.is_some() { 21 } else { 12 });
    }
}

#[test]
fn rows_that_no_batch_can_hold_stop_nothing() {
    let (platform, folder) = (Platform::new(), Folder::new());
    // Deep enough for the parser of the file, and not for one of a batch around it.
    let mut text = String::new();
    for n in 0..40 {
        let deep = format!("{}{}", "[".repeat(120 + n % 10), "]".repeat(120 + n % 10));
        text.push_str(&format!("{{\"id\":\"deep{n}\",\"note\":{deep}}}\n{{\"id\":\"a{n}\"}}\n"));
    }
    std::fs::write(folder.path("deep.jsonl"), text).unwrap();
    let error = platform.run(&["import", &folder.text("deep.jsonl"), "--dataset", "test.thing"]).unwrap_err();
    assert_eq!(refused(error), 40);
    // 1 MiB of the file that is six as JSON, behind rows that fill a batch almost.
    let mut text = "id,n,note\n".to_owned();
    for n in 0..8 {
        let (control, long) = ("\u{1}".repeat(1_000 << 10), "y".repeat(1_000 << 10));
        text.push_str(&format!("b{n},1,{long}\nc{n},1,{control}\nd{n},1,A{}\n", "\"".repeat(1_000 << 10)));
    }
    std::fs::write(folder.path("long.csv"), text).unwrap();
    let error = platform.run(&["import", &folder.text("long.csv"), "--dataset", "test.thing"]).unwrap_err();
    assert_eq!(refused(error), 8);
    let keys: Vec<String> = platform.state(|s| s.records.keys().map(|(_, key)| key.clone()).collect());
    let count = |of: &str| keys.iter().filter(|k| k.starts_with(of)).count();
    assert_eq!((count("deep"), count("a"), count("b"), count("c"), count("d"), keys.len()), (0, 40, 8, 0, 8, 56));
    assert!(platform.state(|s| s.imports.values().all(|i| i.finished)));
}

#[test]
fn another_day_is_refused_until_the_import_is_given_up() {
    let (platform, folder) = (Platform::new(), Folder::new());
    let file = folder.text("things.csv");
    std::fs::write(&file, "id,n\nk1,1\nk2,2\nk3,3\n").unwrap();
    let import =
        |words: &[&str]| platform.run(&[&["import", &file, "--dataset", "test.thing", "--batch", "1"], words].concat());
    platform.state(|s| s.fault = Some(Fault::After(2)));
    import(&["--valid-from", "2025-01-01"]).unwrap_err();
    platform.state(|s| s.fault = None);
    for more in [&[][..], &["--resume"]] {
        let error = import(&[&["--valid-from", "2025-10-01"], more].concat()).unwrap_err();
        assert!(error.to_string().contains("2025-01-01") && error.to_string().contains("2025-10-01"), "{error}");
        assert!(!error.next().is_empty());
    }
    import(&["--abandon"]).unwrap();
    assert_eq!(platform.loaded().len(), 2, "what was loaded stays");
    // The platform here takes no record twice.
    platform.state(|s| s.records.clear());
    import(&["--valid-from", "2025-10-01"]).unwrap();
    let days = platform.state(|s| s.imports.values().map(|i| i.of["valid_from"].clone()).collect::<Vec<_>>());
    assert_eq!(days, ["2025-01-01", "2025-10-01"]);
    assert_eq!(platform.loaded().len(), 3);
}

#[test]
fn an_export_holds_every_record_in_each_format() {
    let (platform, folder) = (Platform::new(), Folder::new());
    std::fs::write(folder.path("things.csv"), things(300)).unwrap();
    platform.run(&["import", &folder.text("things.csv"), "--dataset", "test.thing"]).unwrap_err();
    let wanted = platform.loaded();
    for format in ["csv", "jsonl", "parquet"] {
        let out = folder.text(&format!("out.{format}"));
        platform.run(&["export", "--dataset", "test.thing", "--reason", "年度核对", "--out", &out]).unwrap();
        let again = Platform::new();
        again.run(&["import", &out, "--dataset", "test.thing"]).unwrap();
        assert_eq!(again.loaded(), wanted, "{format}");
    }
    let export =
        |words: &[&str]| platform.run(&[&["export", "--dataset", "test.thing", "--reason", "核对"], words].concat());
    export(&["--out", &folder.text("few.csv"), "--fields", "n,id"]).unwrap();
    let text = std::fs::read_to_string(folder.path("few.csv")).unwrap();
    assert!(text.starts_with("\u{feff}n,id\n1,k000001\n"), "{text}");
    let fail = |words: &[&str]| export(words).unwrap_err();
    let silent = ["yunlong", "hub", "export", "--dataset", "test.thing", "--out", "x.csv"];
    assert!(Line::try_parse_from(silent).is_err(), "the reason is not said");
    let blank = ["export", "--dataset", "test.thing", "--reason", " ", "--out", &folder.text("blank.csv")];
    assert!(platform.run(&blank).unwrap_err().to_string().contains("say why"));
    assert!(!folder.path("blank.csv").exists(), "what is refused leaves no file");
    assert!(fail(&["--out", &folder.text("x.csv"), "--fields", "nn"]).to_string().contains("no item `nn`"));
    assert!(fail(&["--out", &folder.text("x.doc")]).next().contains("--format"));
}

#[test]
fn an_export_that_was_interrupted_goes_on_where_it_was() {
    let (platform, folder) = (Platform::new(), Folder::new());
    std::fs::write(folder.path("things.csv"), things(300)).unwrap();
    platform.run(&["import", &folder.text("things.csv"), "--dataset", "test.thing"]).unwrap_err();
    let export = |out: &str, reason: &str| {
        platform.run(&["export", "--dataset", "test.thing", "--reason", reason, "--out", &folder.text(out)])
    };
    let asked = |from: usize| {
        platform.state(|s| s.requests[from..].iter().filter(|r| r.contains("/exports")).cloned().collect::<Vec<_>>())
    };
    let after = || platform.state(|s| s.requests.len());
    for format in ["csv", "jsonl", "parquet"] {
        let (whole, out) = (format!("whole.{format}"), format!("out.{format}"));
        export(&whole, "核对").unwrap();
        let left = [out.clone() + ".part", out.clone() + ".part.json"];
        platform.state(|s| s.refuse_page = Some((2, 503)));
        let error = export(&out, "核对").unwrap_err();
        assert!(error.next().contains("goes on where it was"), "{error}");
        assert!(left.iter().all(|n| folder.path(n).exists()) && !folder.path(&out).exists(), "{:?}", folder.names());
        // The rest of the pages, and no other export.
        platform.state(|s| s.refuse_page = None);
        let before = after();
        export(&out, "核对").unwrap();
        let rest = asked(before);
        assert!(rest.len() == 3 && rest.iter().all(|r| r.starts_with("GET ")), "{rest:?}");
        let read = |name: &str| std::fs::read(folder.path(name)).unwrap();
        assert_eq!(read(&out), read(&whole), "{format}");
        assert!(left.iter().all(|n| !folder.path(n).exists()), "{:?}", folder.names());
        // What is asked for with other words is another export, and so is one whose day is over.
        platform.state(|s| s.refuse_page = Some((2, 503)));
        export(&out, "核对").unwrap_err();
        platform.state(|s| s.refuse_page = None);
        let before = after();
        export(&out, "另一件事").unwrap();
        assert_eq!((read(&out), asked(before).len()), (read(&whole), 1 + 5));
        platform.state(|s| s.refuse_page = Some((2, 503)));
        export(&out, "核对").unwrap_err();
        platform.state(|s| s.refuse_page = Some((0, 404)));
        let before = after();
        assert!(export(&out, "核对").is_err());
        assert_eq!(asked(before).len(), 3, "the old one, and then a new one");
        assert!(left.iter().all(|n| !folder.path(n).exists()), "{:?}", folder.names());
        platform.state(|s| s.refuse_page = None);
    }
}

#[test]
fn a_city_goes_into_files_and_into_the_platform() {
    let (platform, folder) = (Platform::new(), Folder::new());
    for (out, format) in [("a", "csv"), ("b", "csv"), ("c", "parquet")] {
        run(&["hub", "generate", "--people", "300", "--out", &folder.text(out), "--format", format]).unwrap();
    }
    let read = |name: &str| std::fs::read(folder.path(name)).unwrap();
    for dataset in yunlong_samples::DATASETS {
        assert_eq!(read(&format!("a/{dataset}.csv")), read(&format!("b/{dataset}.csv")), "{dataset}");
    }
    platform
        .run(&["generate", "--people", "300", "--load", "--dataset", "population.person,population.household"])
        .unwrap();
    let loaded = platform.state(|s| s.records.keys().filter(|(d, _)| d == "population.person").count());
    assert_eq!(loaded, 300);
    // The file of samples says what was loaded.
    let from_file = Platform::new();
    from_file.run(&["import", &folder.text("c/population.person.parquet"), "--dataset", "population.person"]).unwrap();
    let people = |p: &Platform| p.state(|s| s.records.values().filter(|v| v["resident_id"].is_string()).count());
    assert_eq!(people(&from_file), 300);
    assert!(
        run(&["hub", "generate", "--people", "9000000", "--out", &folder.text("d")])
            .unwrap_err()
            .to_string()
            .contains("at most")
    );
}

/// Not a test by itself: what the next one runs in a process of its own, in a folder of its own.
#[test]
fn generate_here() {
    if std::env::var_os("YUNLONG_TEST_GENERATE").is_some() {
        run(&["hub", "generate", "--people", "300"]).unwrap();
    }
}

#[test]
fn a_city_goes_into_a_folder_that_is_named_when_none_is_given() {
    let folder = Folder::new();
    let out = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "generate_here", "--nocapture"])
        .env("YUNLONG_TEST_GENERATE", "1")
        .current_dir(folder.0.path())
        .output()
        .unwrap();
    assert!(out.status.success());
    assert_eq!(folder.names(), ["samples-320300-300"]);
    assert!(folder.path("samples-320300-300/population.person.csv").is_file());
    assert!(String::from_utf8(out.stderr).unwrap().contains("into the folder samples-320300-300"));
    let words = ["yunlong", "hub", "generate", "--people", "1", "--load", "--out", "x"];
    assert!(Line::try_parse_from(words).is_err(), "two places");
}
