//! Journals: what a failed request asked and was answered, and that it ends the same way when it is run again
//! elsewhere.

use crate::city::{ADJUST, COLLECTIONS, COMMIT, SEATS};
use crate::guest::{ANSWER, Guest, HANDLE, RESPONDING};
use crate::platform::Platform;
use parking_lot::Mutex;
use std::sync::Arc;
use yunlong_installations::Capability;
use yunlong_model::InstallationName;
use yunlong_runtime::{
    Insight, InvocationError, Journal, JournalError, Journals, MAX_JOURNAL, Outcome, Replayed, Replaying, RuntimeConfig,
};

/// Keeps journals in memory.
#[derive(Default)]
struct Kept {
    journals: Mutex<Vec<Journal>>,
    unwanted: bool,
}

impl Journals for Kept {
    fn wanted(&self, _: &InstallationName) -> bool {
        !self.unwanted
    }

    fn keep(&self, journal: Journal) {
        self.journals.lock().push(journal);
    }
}

impl Kept {
    fn one(&self) -> Journal {
        let mut all = self.journals.lock();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }
}

const COUNTERS: &str = "counters = [\"seats\"]";
const MOMENT: &str = r#"
    (import "wasi:clocks/monotonic-clock@0.2.10" "now" (func $now (result i64)))
    (import "wasi:clocks/wall-clock@0.2.10" "now" (func $wall (param i32)))
    (import "wasi:random/random@0.2.10" "get-random-u64" (func $random (result i64)))
    (import "wasi:random/random@0.2.10" "get-random-bytes" (func $bytes (param i64 i32)))"#;
/// Time, chance and the counter go into the 48 bytes of the answer.
const TOLD: &str = "(i64.store (i32.const 8192) (call $random)) (i64.store (i32.const 8200) (call $now))
    (call $wall (i32.const 8208))
    (call $bytes (i64.const 8) (i32.const 512)) (i64.store (i32.const 8224) (i64.load (i32.load (i32.const 512))))
    (call $counter (i32.const 300) (i32.const 5) (i32.const 300) (i32.const 0) (i32.const 512))
    (i64.store (i32.const 8232) (i64.load (i32.const 520)))
    (call $answer (local.get $out) (i32.const 500) (i32.const 48))";

/// Writes, reads, and answers 500 with what no two runs have in common.
fn failing() -> Vec<u8> {
    Guest::handling(&format!("{COLLECTIONS}{MOMENT}"), &format!("{SEATS}{ADJUST}{COMMIT}{TOLD}"))
}

async fn recording(change: impl FnOnce(&mut RuntimeConfig)) -> (Platform, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let p = Platform::with(|c| {
        c.journals = Some(kept.clone());
        change(c);
    })
    .await;
    (p, kept)
}

/// The journal of one request of a component.
async fn recorded(extra: &str, component: &[u8]) -> Journal {
    let (p, kept) = recording(|_| {}).await;
    p.install("lesson", extra, component).await.unwrap();
    drop(p.get("lesson").await);
    kept.one()
}

/// Through its file, as it travels.
fn through_its_file(journal: &Journal) -> Journal {
    Journal::read(journal.write().as_bytes()).unwrap()
}

/// Run again on a platform where nothing is installed.
async fn again(journal: &Journal, component: &[u8]) -> Replayed {
    let p = Platform::with(|c| c.insight = Insight::Lines).await;
    let commits = p.store.watch().borrow().0;
    let replaying = Replaying { journal, component, manifest: None, unhurried: false };
    let replayed = p.runtime.replay(replaying, || {}).await.unwrap();
    assert_eq!(p.store.watch().borrow().0, commits, "a replay wrote something");
    replayed
}

fn functions(journal: &Journal) -> Vec<&str> {
    journal.calls.iter().map(|c| c.function.as_str()).collect()
}

#[tokio::test]
async fn the_same_bytes_come_out_of_a_request_that_is_run_again() {
    let component = failing();
    let journal = through_its_file(&recorded(COUNTERS, &component).await);
    let all = [
        "transaction.begin",
        "transaction.adjust",
        "transaction.commit",
        "get-random-u64",
        "monotonic-clock.now",
        "wall-clock.now",
        "get-random-bytes",
        "counter",
    ];
    assert_eq!(functions(&journal), all);
    assert!(journal.is_of(&component));
    let then = journal.end.answer.clone().unwrap();
    assert_eq!((then.status, then.length), (500, 48));
    for _ in 0..2 {
        let replayed = again(&journal, &component).await;
        assert_eq!(replayed.differences, []);
        assert!(replayed.is_same(&journal), "{:?}", replayed.end);
        assert_eq!(replayed.end.answer.unwrap().body, then.body);
    }
}

#[tokio::test]
async fn after_a_change_the_first_call_that_differs_is_named_and_the_others_are_still_compared() {
    let journal = recorded(COUNTERS, &failing()).await;
    let more = ADJUST.replace("(i64.const 5)", "(i64.const 6)");
    let changed = Guest::handling(&format!("{COLLECTIONS}{MOMENT}"), &format!("{SEATS}{more}{COMMIT}{TOLD}"));
    let replayed = again(&journal, &changed).await;
    assert_eq!((replayed.differing, replayed.differences.len()), (1, 1));
    let difference = &replayed.differences[0];
    assert_eq!(difference.number, 2);
    let (then, now) = (difference.then.as_ref().unwrap(), difference.now.as_ref().unwrap());
    assert_eq!((then.function.as_str(), then.args[3].as_i64()), ("transaction.adjust", Some(5)));
    assert_eq!((now.function.as_str(), now.args[3].as_i64()), ("transaction.adjust", Some(6)));
    assert!(replayed.is_same(&journal), "the answer does not hang on it");
}

#[tokio::test]
async fn a_call_that_the_journal_has_no_answer_to_ends_the_run_and_asks_nobody() {
    let reading =
        Guest::handling(COLLECTIONS, &format!("{SEATS}(call $answer (local.get $out) (i32.const 500) (i32.const 0))"));
    let journal = recorded(COUNTERS, &reading).await;
    assert!(journal.calls.is_empty());
    let replayed = again(&journal, &failing()).await;
    let error = replayed.end.error.unwrap();
    assert!(error.text.contains("the journal has no answer to city:data/collections transaction.begin"), "{error:?}");
    assert_eq!(replayed.differences[0].now.as_ref().unwrap().function, "transaction.begin");
}

#[tokio::test]
async fn a_trap_comes_again_with_where_it_was() {
    let component = Guest::handling(MOMENT, "(drop (call $random)) unreachable");
    let journal = through_its_file(&recorded("", &component).await);
    assert_eq!(journal.end.error.as_ref().unwrap().outcome, "trap");
    assert!(journal.end.backtrace.as_ref().unwrap().contains("wasm backtrace"), "{:?}", journal.end);
    let replayed = again(&journal, &component).await;
    assert!(replayed.is_same(&journal) && replayed.differences.is_empty(), "{:?}", replayed.end);
    assert!(replayed.end.backtrace.unwrap().contains("wasm backtrace"));
}

#[tokio::test]
async fn a_guest_that_was_stopped_by_a_call_is_stopped_there_again() {
    let (p, kept) = recording(|_| {}).await;
    let component = Guest::handling(
        r#"(import "city:identity/principal@1.1.0" "current" (func $current (param i32)))"#,
        "(call $current (i32.const 512)) (call $answer (local.get $out) (i32.const 200) (i32.const 0))",
    );
    let i = p.install("lesson", "", &component).await.unwrap();
    p.installations.revoke_grant(&i.name, &Capability::Identity, "city-admin").await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::NotGranted("identity".into()));
    let journal = through_its_file(&kept.one());
    assert!(matches!(journal.calls[0].outcome, Outcome::Trap(_)));
    let replayed = again(&journal, &component).await;
    assert_eq!(replayed.end.error.as_ref().unwrap().outcome, "not-granted");
    assert!(replayed.is_same(&journal));
}

#[tokio::test]
async fn a_limit_is_reached_again() {
    let component = Guest::handling(MOMENT, "(loop $more (drop (call $random)) (br $more))");
    let (p, kept) = recording(|_| {}).await;
    p.install("lesson", "[limits]\nhost_calls = 50", &component).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::HostCalls { limit: 50 });
    let journal = kept.one();
    assert_eq!(journal.calls.len(), 50);
    let replayed = again(&journal, &component).await;
    assert!(replayed.is_same(&journal) && replayed.differences.is_empty(), "{:?}", replayed.end);
}

#[tokio::test]
async fn requests_that_end_well_or_that_nobody_wants_leave_no_journal() {
    let (p, kept) = recording(|_| {}).await;
    let well =
        Guest::handling(MOMENT, "(drop (call $random)) (call $answer (local.get $out) (i32.const 404) (i32.const 0))");
    p.install("lesson", "", &well).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 404);
    assert!(kept.journals.lock().is_empty());

    let kept = Arc::new(Kept { unwanted: true, ..Kept::default() });
    let p = Platform::with(|c| c.journals = Some(kept.clone())).await;
    p.install("lesson", COUNTERS, &failing()).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 500);
    assert!(kept.journals.lock().is_empty());
}

#[tokio::test]
async fn a_journal_that_would_be_too_large_is_not_kept_and_that_is_said() {
    let (p, kept) = recording(|c| c.journal_limit = 600).await;
    p.install("lesson", COUNTERS, &failing()).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 500, "the request itself goes on");
    assert!(kept.journals.lock().is_empty());
    assert!(p.log_text("lesson").await.contains("the journal of this request is larger than"));
}

#[tokio::test]
async fn a_journal_holds_what_the_app_was_told_and_no_account() {
    let (p, kept) = recording(|_| {}).await;
    p.install("lesson", COUNTERS, &failing()).await.unwrap();
    let mut principal = yunlong_model::Principal::anonymous();
    principal.subject = Some("p-7f".into());
    principal.account = Some("wang-xiaoyun".into());
    drop(p.get_as("lesson", principal).await);
    let text = kept.one().write();
    assert!(text.contains("p-7f") && !text.contains("wang-xiaoyun"), "{text}");
}

#[tokio::test]
async fn a_key_that_is_taken_out_of_a_journal_is_zeros_in_the_replay() {
    let component = Guest::handling(
        r#"(import "city:app/context@1.0.0" "derive-key" (func $derive (param i32 i32 i32 i32)))"#,
        "(call $derive (i32.const 300) (i32.const 0) (i32.const 8) (i32.const 512))
         (i64.store (i32.const 8192) (i64.load (i32.load (i32.const 512))))
         (call $answer (local.get $out) (i32.const 500) (i32.const 8))",
    );
    let mut journal = recorded("", &component).await;
    assert!(again(&journal, &component).await.is_same(&journal), "with the key the bytes are the same");
    assert_eq!((journal.withhold_keys(), journal.withheld()), (1, 1));
    let journal = through_its_file(&journal);
    let replayed = again(&journal, &component).await;
    assert_eq!((replayed.withheld, replayed.differing), (1, 0));
    assert_eq!(replayed.end.answer.unwrap().body.unwrap().0, [0; 8]);
}

/// A program that knows nothing of `city:*`: buckets and configuration are journaled as well.
#[tokio::test]
async fn a_program_of_another_host_is_run_again_too() {
    let imports = format!(
        r#"{RESPONDING}
        (import "wasi:keyvalue/store@0.2.0-draft2" "open" (func $open (param i32 i32 i32)))
        (import "wasi:keyvalue/store@0.2.0-draft2" "[method]bucket.set" (func $put (param i32 i32 i32 i32 i32 i32)))
        (import "wasi:keyvalue/store@0.2.0-draft2" "[method]bucket.get" (func $get (param i32 i32 i32 i32)))
        (import "wasi:keyvalue/atomics@0.2.0-draft2" "increment" (func $increment (param i32 i32 i32 i64 i32)))
        (import "wasi:config/store@0.2.0-rc.1" "get" (func $config (param i32 i32 i32)))"#
    );
    let body = format!(
        r#"{ANSWER} (data (i32.const 600) "default") (data (i32.const 640) "k") (data (i32.const 650) "n")
        (data (i32.const 660) "\ff\00value") (data (i32.const 710) "greeting")
        (func {HANDLE} (param $request i32) (param $out i32) (local $b i32)
            (call $open (i32.const 600) (i32.const 7) (i32.const 512))
            (if (i32.load8_u (i32.const 512)) (then unreachable))
            (local.set $b (i32.load (i32.const 516)))
            (call $put (local.get $b) (i32.const 640) (i32.const 1) (i32.const 660) (i32.const 7) (i32.const 512))
            (call $get (local.get $b) (i32.const 640) (i32.const 1) (i32.const 512))
            (i64.store (i32.const 8192) (i64.load (i32.load (i32.const 520))))
            (call $increment (local.get $b) (i32.const 650) (i32.const 1) (i64.const 7) (i32.const 512))
            (i64.store (i32.const 8200) (i64.load (i32.const 520)))
            (call $config (i32.const 710) (i32.const 8) (i32.const 512))
            (call $answer (local.get $out) (i32.const 500) (i32.const 16)))"#
    );
    let world = "import wasi:keyvalue/store@0.2.0-draft2; import wasi:keyvalue/atomics@0.2.0-draft2; import wasi:config/store@0.2.0-rc.1;";
    let component = Guest { body: &body, imports: &imports, ..Guest::default() }.wrapped(world);
    let journal = through_its_file(&recorded("[[buckets]]\nname = \"default\"", &component).await);
    assert_eq!(functions(&journal), ["open", "bucket.set", "bucket.get", "increment", "get"]);
    let replayed = again(&journal, &component).await;
    assert!(replayed.is_same(&journal) && replayed.differences.is_empty(), "{:?}", replayed.differences);
    assert_eq!(replayed.end.answer.unwrap().body.unwrap().0[..7], *b"\xff\0value");
}

#[tokio::test]
async fn a_component_that_is_compiled_for_a_debugger_ends_the_same_way() {
    let component = failing();
    let journal = recorded(COUNTERS, &component).await;
    let p = Platform::with(|c| c.insight = Insight::Debugger).await;
    let mut begun = false;
    let replaying = Replaying { journal: &journal, component: &component, manifest: None, unhurried: true };
    let replayed = p.runtime.replay(replaying, || begun = true).await.unwrap();
    assert!(begun && replayed.is_same(&journal));
}

#[tokio::test]
async fn a_file_that_is_no_journal_says_which_line_is_wrong() {
    let text = recorded(COUNTERS, &failing()).await.write();
    let lines: Vec<&str> = text.lines().collect();
    let with = |n: usize, line: &str| {
        let mut lines = lines.clone();
        lines[n] = line;
        lines.join("\n").into_bytes()
    };
    let read = |bytes: &[u8]| Journal::read(bytes).unwrap_err();
    for other in [b"".as_slice(), b"\0asm", b"{}", b"[1]\n", "\u{feff}{\"yunlong-journal\":1}".as_bytes()] {
        assert_eq!(read(other), JournalError::NotAJournal);
    }
    assert_eq!(read(&with(0, "{\"yunlong-journal\":2}")), JournalError::Format(2));
    assert_eq!(read(lines[..lines.len() - 1].join("\n").as_bytes()), JournalError::CutShort);
    assert_eq!(read(&vec![b' '; MAX_JOURNAL + 1]), JournalError::TooLarge(MAX_JOURNAL + 1));
    let deep = format!("{{\"call\":{}", "[".repeat(100_000));
    let big = lines[0].replace("\"memory_mib\":", "\"memory_mib\":9");
    for (n, line) in [
        (0, big.as_str()),
        (1, "{\"request\":{\"method\":\"GET\"}}"),
        (2, lines[1]),
        (3, "{\"call\":{}}"),
        (3, "{\"unheard-of\":{}}"),
        (3, deep.as_str()),
        (3, "{\"call\":{\"interface\":\"a\",\"function\":\"b\",\"args\":[],\"outcome\":{\"surprise\":1}}}"),
    ] {
        match read(&with(n, line)) {
            JournalError::Line { line, .. } => assert!(line == n + 1 || line == 2, "{line} for {n}"),
            other => panic!("{n}: {other:?}"),
        }
    }
}

/// An answer that is not of its kind stops the guest; it neither panics nor asks anybody.
#[tokio::test]
async fn a_forged_answer_stops_the_guest() {
    let component = failing();
    let text = recorded(COUNTERS, &component).await.write();
    let forged: String = text
        .lines()
        .map(|line| {
            if line.contains("\"function\":\"counter\"") {
                let mut call: serde_json::Value = serde_json::from_str(line).unwrap();
                call["call"]["outcome"] = serde_json::json!({ "answer": { "Ok": "many" } });
                format!("{call}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let replayed = again(&Journal::read(forged.as_bytes()).unwrap(), &component).await;
    assert!(replayed.end.error.unwrap().text.contains("the journal's answer"));
}

/// Asks `http://api.test/` and answers 500 with the eight bytes of what comes back.
fn asking_elsewhere() -> Vec<u8> {
    let imports = r#"
        (import "wasi:http/types@0.2.10" "[constructor]outgoing-request" (func $request-of (param i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/outgoing-handler@0.2.10" "handle" (func $send (param i32 i32 i32 i32)))
        (import "wasi:http/types@0.2.10" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]future-incoming-response.get" (func $got (param i32 i32)))
        (import "wasi:http/types@0.2.10" "[method]incoming-response.consume" (func $consume (param i32 i32)))
        (import "wasi:http/types@0.2.10" "[method]incoming-body.stream" (func $stream (param i32 i32)))
        (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))
        (import "wasi:io/streams@0.2.10" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))"#;
    let body = r#"
        (i64.store (i32.const 300) (i64.const 0x747365742e697061)) ;; api.test
        (local.set $i (call $request-of (call $fields)))
        (drop (call $scheme (local.get $i) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $authority (local.get $i) (i32.const 1) (i32.const 300) (i32.const 8)))
        (i32.store8 (i32.const 320) (i32.const 0x2f)) ;; /
        (drop (call $path (local.get $i) (i32.const 1) (i32.const 320) (i32.const 1)))
        (call $send (local.get $i) (i32.const 0) (i32.const 0) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then unreachable))
        (local.set $i (i32.load (i32.const 520)))
        (call $block (call $subscribe (local.get $i)))
        (call $got (local.get $i) (i32.const 512))
        (if (i32.load8_u (i32.const 528)) (then unreachable))
        (call $consume (i32.load (i32.const 536)) (i32.const 512))
        (call $stream (i32.load (i32.const 516)) (i32.const 512))
        (call $read (i32.load (i32.const 516)) (i64.const 8) (i32.const 512))
        (i64.store (i32.const 8192) (i64.load (i32.load (i32.const 516))))
        (call $answer (local.get $out) (i32.const 500) (i32.const 8))"#;
    Guest::handling(imports, body)
}

/// Answers each connection with another body.
async fn elsewhere() -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for n in 0_u64.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            drop(stream.read(&mut [0; 4_096]).await);
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 8\r\nx-count: {n}\r\n\r\n{n:08}");
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    address
}

#[tokio::test]
async fn what_came_back_from_elsewhere_is_answered_without_asking_there() {
    let address = elsewhere().await;
    let (p, kept) = recording(|c| _ = c.outbound.pinned.insert("api.test".into(), address)).await;
    let component = asking_elsewhere();
    p.install("lesson", "outbound = [\"api.test\"]", &component).await.unwrap();
    for n in [b"00000000", b"00000001"] {
        let answered = p.get("lesson").await.unwrap();
        assert_eq!((answered.status().as_u16(), answered.body().as_ref()), (500, n.as_slice()));
    }
    let journal = through_its_file(&kept.journals.lock()[0]);
    assert_eq!(functions(&journal), ["handle"]);
    assert_eq!(journal.calls[0].args[1], "http://api.test/");
    // No name is pinned there, and nothing else leads anywhere.
    let replayed = again(&journal, &component).await;
    assert!(replayed.is_same(&journal) && replayed.differences.is_empty(), "{:?}", replayed.end);
    assert_eq!(replayed.end.answer.unwrap().body.unwrap().0, b"00000000");
}
