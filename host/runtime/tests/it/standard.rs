//! The drafts of `wasi:keyvalue`, `wasi:config` and `wasi:logging`: each function of each draft, as a
//! program of another host calls it, with what is good and what is bad.

use crate::guest::{ANSWER, Guest, HANDLE, RESPONDING};
use crate::platform::Platform;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_installations::{Capability, Level};
use yunlong_runtime::{HostCall, InvocationError, Observer, Verdict};

const BUCKETS: &str = "[[buckets]]\nname = \"default\"";

/// Strings and lists that the calls use. What lies at 2 MiB is nothing but zeros.
const MEMORY: &str = r#"
    (global $step (mut i32) (i32.const 0))
    (data (i32.const 600) "default") (data (i32.const 620) "others")
    (data (i32.const 640) "k") (data (i32.const 650) "m") (data (i32.const 660) "n") (data (i32.const 670) "vv")
    (data (i32.const 680) "not a cursor of ours") (data (i32.const 710) "greeting") (data (i32.const 720) "size")
    ;; the pair ("m", "vv"), and the keys "k" and "m"
    (data (i32.const 740) "\8a\02\00\00\01\00\00\00\9e\02\00\00\02\00\00\00")
    (data (i32.const 760) "\80\02\00\00\01\00\00\00\8a\02\00\00\01\00\00\00")
    ;; Keeps what a call answered at 512, and the text of its error, whose variant stands at `at`.
    (func $note (param $at i32) (local $to i32) (local $n i32)
        (local.set $to (i32.add (i32.const 8192) (i32.mul (global.get $step) (i32.const 128))))
        (memory.copy (local.get $to) (i32.const 512) (i32.const 32))
        (if (i32.and (i32.eq (i32.load8_u (i32.const 512)) (i32.const 1))
                     (i32.eq (i32.load8_u offset=512 (local.get $at)) (i32.const 2)))
            (then
                (local.set $n (i32.load offset=520 (local.get $at)))
                (if (i32.gt_u (local.get $n) (i32.const 96)) (then (local.set $n (i32.const 96))))
                (memory.copy (i32.add (local.get $to) (i32.const 32)) (i32.load offset=516 (local.get $at)) (local.get $n))))
        (global.set $step (i32.add (global.get $step) (i32.const 1)))
        (memory.fill (i32.const 512) (i32.const 0) (i32.const 32)))"#;

/// A guest that makes the calls one after the other and answers with what they gave.
fn guest(world: &str, imports: &str, calls: &[String]) -> Vec<u8> {
    let imports = format!("{RESPONDING}{imports}");
    let body = format!(
        "{ANSWER} {MEMORY} (func {HANDLE} (param $request i32) (param $out i32) (local $b i32) (local $c i32) {}
            (call $answer (local.get $out) (i32.const 200) (i32.const {})))",
        calls.join("\n"),
        calls.len() * 128
    );
    Guest { body: &body, imports: &imports, pages: 64, ..Guest::default() }.wrapped(world)
}

/// What one call answered.
struct Got([u8; 128]);

impl Got {
    fn byte(&self, at: usize) -> u8 {
        self.0[at]
    }

    fn number(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap())
    }

    fn length(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0[32..]).trim_end_matches('\0').to_owned()
    }
}

async fn calls(p: &Platform, name: &str) -> Vec<Got> {
    let body = p.get(name).await.unwrap().into_body();
    body.chunks(128).map(|c| Got(c.try_into().unwrap())).collect()
}

/// One call: its name, its instructions, where its payload begins, and what it must answer.
type Step = (&'static str, String, usize, Want);

enum Want {
    /// Ok, with this byte at this place.
    Byte(usize, u8),
    /// Ok, with a list of this length at this place.
    Length(usize, u32),
    /// Ok, with this number at this place.
    Number(usize, u64),
    Ok,
    NoSuchStore,
    Denied,
    /// An error of another kind, whose text has these words.
    Other(&'static str),
}

async fn check(p: &Platform, name: &str, extra: &str, world: &str, imports: &str, steps: &[Step]) {
    let code: Vec<_> = steps.iter().map(|(_, code, at, _)| format!("{code} (call $note (i32.const {at}))")).collect();
    p.install(name, extra, &guest(world, imports, &code)).await.unwrap();
    let got = calls(p, name).await;
    assert_eq!(got.len(), steps.len());
    for ((call, _, at, want), got) in steps.iter().zip(&got) {
        let (failed, kind, text) = (got.byte(0) == 1, got.byte(*at), got.text());
        match want {
            Want::Byte(at, byte) => assert!(!failed && got.byte(*at) == *byte, "{call}: {} {text}", got.byte(*at)),
            Want::Length(at, n) => assert!(!failed && got.length(*at) == *n, "{call}: {} {text}", got.length(*at)),
            Want::Number(at, n) => assert!(!failed && got.number(*at) == *n, "{call}: {} {text}", got.number(*at)),
            Want::Ok => assert!(!failed, "{call}: {kind} {text}"),
            Want::NoSuchStore => assert!(failed && kind == 0, "{call}: {failed} {kind} {text}"),
            Want::Denied => assert!(failed && kind == 1, "{call}: {failed} {kind} {text}"),
            Want::Other(words) => {
                assert!(failed && kind == 2 && text.contains(words), "{call}: {failed} {kind} {text}")
            }
        }
    }
}

fn world(draft: &str) -> String {
    ["store", "atomics", "batch"].map(|i| format!("import wasi:keyvalue/{i}@{draft};")).concat()
}

fn imports(draft: &str, cursor: &str) -> String {
    let import = |interface: &str, name: &str, label: &str, params: &str| {
        format!("(import \"wasi:keyvalue/{interface}@{draft}\" \"{name}\" (func ${label} (param {params})))")
    };
    [
        import("store", "open", "open", "i32 i32 i32"),
        import("store", "[method]bucket.get", "get", "i32 i32 i32 i32"),
        import("store", "[method]bucket.set", "put", "i32 i32 i32 i32 i32 i32"),
        import("store", "[method]bucket.delete", "delete", "i32 i32 i32 i32"),
        import("store", "[method]bucket.exists", "exists", "i32 i32 i32 i32"),
        import("store", "[method]bucket.list-keys", "list", &format!("i32 {cursor} i32")),
        import("store", "[resource-drop]bucket", "drop-bucket", "i32"),
        import("atomics", "increment", "increment", "i32 i32 i32 i64 i32"),
        import("batch", "get-many", "get-many", "i32 i32 i32 i32"),
        import("batch", "set-many", "set-many", "i32 i32 i32 i32"),
        import("batch", "delete-many", "delete-many", "i32 i32 i32 i32"),
    ]
    .concat()
}

const KEY: &str = "(i32.const 640) (i32.const 1)";
const NUMBER: &str = "(i32.const 660) (i32.const 1)";
const VALUE: &str = "(i32.const 670) (i32.const 2)";
/// A key of 513 bytes, a value of a byte over 1 MiB, 501 keys, 501 pairs: all of them zeros.
const LONG: &str = "(i32.const 2097152) (i32.const 513)";
const HUGE: &str = "(i32.const 2097152) (i32.const 1048577)";
const MANY: &str = "(i32.const 2097152) (i32.const 501)";
const RET: &str = "(i32.const 512)";

fn open(name: usize, length: usize) -> String {
    format!("(call $open (i32.const {name}) (i32.const {length}) {RET}) (local.set $b (i32.load (i32.const 516)))")
}

fn on(function: &str, arguments: &str) -> String {
    format!("(call ${function} (local.get $b) {arguments} {RET})")
}

/// What both drafts do alike. `listed`: where the answer of a list begins, 8 where its cursor is a number.
fn common(listed: usize) -> Vec<Step> {
    use Want::{Byte, Length, Number, Ok, Other};
    let no_cursor =
        if listed == 8 { "(i32.const 0) (i64.const 0)" } else { "(i32.const 0) (i32.const 0) (i32.const 0)" };
    let limit = "1 to 512 bytes";
    vec![
        ("open another", open(620, 6), 4, Want::NoSuchStore),
        ("open", open(600, 7), 4, Ok),
        ("get what is absent", on("get", KEY), 4, Byte(4, 0)),
        ("set", on("put", &format!("{KEY} {VALUE}")), 4, Ok),
        ("get", on("get", KEY), 4, Length(12, 2)),
        ("exists", on("exists", KEY), 4, Byte(4, 1)),
        ("get nothing", on("get", "(i32.const 640) (i32.const 0)"), 4, Other(limit)),
        ("get a long key", on("get", LONG), 4, Other(limit)),
        ("exists, a long key", on("exists", LONG), 4, Other(limit)),
        ("set a long key", on("put", &format!("{LONG} {VALUE}")), 4, Other(limit)),
        ("set a huge value", on("put", &format!("{KEY} {HUGE}")), 4, Other("at most 1048576")),
        ("delete a long key", on("delete", LONG), 4, Other(limit)),
        ("list", on("list", no_cursor), listed, Length(listed + 4, 1)),
        ("increment", on("increment", &format!("{NUMBER} (i64.const 5)")), 8, Number(8, 5)),
        ("increment again", on("increment", &format!("{NUMBER} (i64.const 2)")), 8, Number(8, 7)),
        ("increment what is no number", on("increment", &format!("{KEY} (i64.const 1)")), 8, Other("no number")),
        ("increment a long key", on("increment", &format!("{LONG} (i64.const 1)")), 8, Other(limit)),
        ("set many", on("set-many", "(i32.const 740) (i32.const 1)"), 4, Ok),
        ("get many", on("get-many", "(i32.const 760) (i32.const 2)"), 4, Length(8, 2)),
        ("get too many", on("get-many", MANY), 4, Other("501 keys at once")),
        ("set too many", on("set-many", MANY), 4, Other("501 keys at once")),
        ("delete too many", on("delete-many", MANY), 4, Other("501 keys at once")),
        ("delete many", on("delete-many", "(i32.const 760) (i32.const 2)"), 4, Ok),
        ("exists no more", on("exists", KEY), 4, Byte(4, 0)),
        ("delete what is absent", on("delete", KEY), 4, Ok),
    ]
}

#[tokio::test]
async fn the_first_draft_with_what_is_good_and_bad() {
    let draft = "0.2.0-draft";
    let mut steps = common(8);
    steps.extend([
        ("overflow", on("increment", &format!("{NUMBER} (i64.const -1)")), 8, Want::Other("is not within 0 to")),
        ("a foreign cursor", on("list", "(i32.const 1) (i64.const -1)"), 8, Want::Length(12, 0)),
        ("a cursor before all", on("list", "(i32.const 1) (i64.const 0)"), 8, Want::Length(12, 1)),
    ]);
    check(&Platform::new().await, "first", BUCKETS, &world(draft), &imports(draft, "i32 i64"), &steps).await;
}

#[tokio::test]
async fn the_second_draft_with_what_is_good_and_bad() {
    let draft = "0.2.0-draft2";
    let swaps = format!(
        "(import \"wasi:keyvalue/atomics@{draft}\" \"[static]cas.new\" (func $cas (param i32 i32 i32 i32)))
         (import \"wasi:keyvalue/atomics@{draft}\" \"[method]cas.current\" (func $current (param i32 i32)))
         (import \"wasi:keyvalue/atomics@{draft}\" \"swap\" (func $swap (param i32 i32 i32 i32)))"
    );
    let handle = "(local.set $c (i32.load (i32.const 516)))";
    let swap = |value: &str| format!("(call $swap (local.get $c) {value} {RET})");
    let mut steps = common(4);
    steps.extend([
        ("below", on("increment", &format!("{NUMBER} (i64.const -9)")), 8, Want::Number(8, (-2_i64) as u64)),
        ("a foreign cursor", on("list", "(i32.const 1) (i32.const 680) (i32.const 20)"), 4, Want::Other("not one of")),
        ("a handle on a long key", on("cas", LONG), 4, Want::Other("1 to 512 bytes")),
        ("a handle", format!("{} {handle}", on("cas", KEY)), 4, Want::Ok),
        ("current", format!("(call $current (local.get $c) {RET})"), 4, Want::Byte(4, 0)),
        ("swap", swap(VALUE), 4, Want::Ok),
    ]);
    let p = Platform::new().await;
    let all = imports(draft, "i32 i32 i32") + &swaps;
    check(&p, "second", BUCKETS, &world(draft), &all, &steps).await;

    // Somebody writes before the swap: the handle to try again with comes at 8, and serves.
    let late = [
        &on("cas", KEY),
        handle,
        &on("put", &format!("{KEY} {VALUE}")),
        &swap(VALUE),
        "(local.set $c (i32.load (i32.const 520)))",
    ];
    let code = [
        format!("{} (call $note (i32.const 4))", open(600, 7)),
        format!("{} (call $note (i32.const 4))", late.join(" ")),
        format!("{} (call $note (i32.const 4))", swap(VALUE)),
        format!(
            "{} {handle} (memory.fill {RET} (i32.const 0) (i32.const 32)) {} (call $note (i32.const 4))",
            on("cas", KEY),
            swap(HUGE)
        ),
    ];
    p.install("late", BUCKETS, &guest(&world(draft), &all, &code)).await.unwrap();
    let got = calls(&p, "late").await;
    assert_eq!((got[1].byte(0), got[1].byte(4)), (1, 1), "cas-failed");
    assert_eq!(got[2].byte(0), 0, "the handle that came with it serves");
    assert_eq!((got[3].byte(0), got[3].byte(4), got[3].byte(8)), (1, 0, 2), "store-error: other");
}

/// The same version was published with another shape of `get-many`; see `standard::keyvalue::draft2`.
#[tokio::test]
async fn the_second_shape_of_the_second_draft_is_served_as_well() {
    let draft = "0.2.0-draft2";
    let text = std::fs::read_to_string("../../wit/deps/keyvalue-draft2/keyvalue.wit").unwrap();
    assert!(text.contains("list<tuple<string, option<list<u8>>>>"));
    let changed = text.replace("list<tuple<string, option<list<u8>>>>", "list<option<tuple<string, list<u8>>>>");
    let code = [
        format!("{} (call $note (i32.const 4))", open(600, 7)),
        format!("{} (call $note (i32.const 4))", on("set-many", "(i32.const 740) (i32.const 1)")),
        // The first of two keys is absent: its option is `none`, the second one's `some`.
        format!(
            "{} (i32.store8 (i32.const 540) (i32.load8_u offset=0 (i32.load (i32.const 516))))
             (i32.store8 (i32.const 541) (i32.load8_u offset=20 (i32.load (i32.const 516)))) (call $note (i32.const 4))",
            on("get-many", "(i32.const 760) (i32.const 2)")
        ),
    ];
    let imports = format!("{RESPONDING}{}", imports(draft, "i32 i32 i32"));
    let body = format!(
        "{ANSWER} {MEMORY} (func {HANDLE} (param $request i32) (param $out i32) (local $b i32) (local $c i32) {}
            (call $answer (local.get $out) (i32.const 200) (i32.const 384)))",
        code.join("\n")
    );
    let guest = Guest { body: &body, imports: &imports, pages: 64, ..Guest::default() };
    let component = guest.wrapped_with(&world(draft), &[("deps/keyvalue-draft2", &changed)]);
    let p = Platform::new().await;
    p.install("shape", BUCKETS, &component).await.unwrap();
    let got = calls(&p, "shape").await;
    assert_eq!((got[2].byte(0), got[2].length(8)), (0, 2));
    assert_eq!((got[2].byte(28), got[2].byte(29)), (0, 1));
}

#[tokio::test]
async fn keyvalue_links_without_a_grant_and_denies_at_the_call() {
    let p = Platform::new().await;
    for (draft, cursor) in [("0.2.0-draft", "i32 i64"), ("0.2.0-draft2", "i32 i32 i32")] {
        let name = draft.replace('.', "-");
        let steps = [("open", open(600, 7), 4, Want::Denied)];
        check(&p, &format!("bare-{name}"), "", &world(draft), &imports(draft, cursor), &steps).await;

        // A revocation takes effect at the next call.
        let steps = [("open", open(600, 7), 4, Want::Ok)];
        let name = format!("granted-{name}");
        check(&p, &name, BUCKETS, &world(draft), &imports(draft, cursor), &steps).await;
        p.installations.revoke_grant(&name.parse().unwrap(), &Capability::Data, "city-admin").await.unwrap();
        let got = calls(&p, &name).await;
        assert_eq!((got[0].byte(0), got[0].byte(4)), (1, 1), "access-denied");
    }
}

#[tokio::test]
async fn no_key_of_another_installation_is_reachable() {
    let p = Platform::new().await;
    let (draft, cursor) = ("0.2.0-draft", "i32 i64");
    let write = [
        ("open", open(600, 7), 4, Want::Ok),
        ("set", on("put", &format!("{KEY} {VALUE}")), 4, Want::Ok),
        ("get", on("get", KEY), 4, Want::Byte(4, 1)),
    ];
    check(&p, "writer", BUCKETS, &world(draft), &imports(draft, cursor), &write).await;
    let read = [
        ("open", open(600, 7), 4, Want::Ok),
        ("get", on("get", KEY), 4, Want::Byte(4, 0)),
        ("list", on("list", "(i32.const 0) (i64.const 0)"), 8, Want::Length(12, 0)),
        ("list from anywhere", on("list", "(i32.const 1) (i64.const 7)"), 8, Want::Length(12, 0)),
    ];
    check(&p, "reader", BUCKETS, &world(draft), &imports(draft, cursor), &read).await;
}

const CONFIG: &str = r#"
[config]
type = "object"
[config.properties.greeting]
type = "string"
default = "你好"
[config.properties.size]
type = "integer"
default = 7"#;

#[tokio::test]
async fn every_draft_of_config_gives_the_installations_configuration_as_text() {
    let p = Platform::new().await;
    for (n, interface) in
        ["store@0.2.0-draft", "runtime@0.2.0-draft", "store@0.2.0-draft-2024-09-27", "store@0.2.0-rc.1"]
            .into_iter()
            .enumerate()
    {
        let imports = format!(
            "(import \"wasi:config/{interface}\" \"get\" (func $get (param i32 i32 i32)))
             (import \"wasi:config/{interface}\" \"get-all\" (func $get-all (param i32)))"
        );
        let get = |at: usize, length: usize| format!("(call $get (i32.const {at}) (i32.const {length}) {RET})");
        let steps = [
            ("text", get(710, 8), 4, Want::Length(12, 6)),
            ("a number", get(720, 4), 4, Want::Length(12, 1)),
            ("what is not configured", get(640, 1), 4, Want::Byte(4, 0)),
            ("all", format!("(call $get-all {RET})"), 4, Want::Length(8, 2)),
        ];
        let world = format!("import wasi:config/{interface};");
        check(&p, &format!("config-{n}"), CONFIG, &world, &imports, &steps).await;
    }
}

#[tokio::test]
async fn what_is_logged_is_bounded_and_says_its_level() {
    let imports = r#"(import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))"#;
    let levels = (0..6).map(|l| format!("(call $log (i32.const {l}) {KEY} {VALUE})"));
    let silent = format!("(call $log (i32.const 2) (i32.const 0) (i32.const 0) {VALUE})");
    let calls: Vec<_> = levels.chain([silent]).collect();
    let p = Platform::new().await;
    p.install("lesson", "", &guest("import wasi:logging/logging@0.1.0-draft;", imports, &calls)).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 200);
    let log = p.log("lesson").await;
    let lines: Vec<_> = log.iter().map(|l| (l.level, l.text.as_str())).collect();
    let want = [
        (Level::Info, "[trace] k: vv"),
        (Level::Info, "[debug] k: vv"),
        (Level::Info, "[info] k: vv"),
        (Level::Warn, "[warn] k: vv"),
        (Level::Warn, "[error] k: vv"),
        (Level::Warn, "[critical] k: vv"),
        (Level::Info, "[info] vv"),
    ];
    assert_eq!(lines, want);

    // A flood is dropped, a long line is cut.
    let huge = format!("(call $log (i32.const 2) {KEY} (i32.const 2097152) (i32.const 100000))");
    let mut flood = vec![huge; 205];
    flood[0].insert_str(0, "(memory.fill (i32.const 2097152) (i32.const 120) (i32.const 100000))");
    p.install("flood", "", &guest("import wasi:logging/logging@0.1.0-draft;", imports, &flood)).await.unwrap();
    p.get("flood").await.unwrap();
    let log = p.log("flood").await;
    assert!(log.iter().any(|l| l.text.contains("5 more lines were dropped")), "{}", log.len());
    assert!(log.iter().all(|l| l.text.len() <= 4_096));
}

#[derive(Default)]
struct Seen {
    calls: Mutex<BTreeSet<(&'static str, &'static str)>>,
    stops: bool,
}

impl Observer for Seen {
    fn observe(&self, call: &HostCall<'_>) -> Verdict {
        if !call.interface.name().starts_with("wasi:cli") {
            self.calls.lock().insert((call.interface.name(), call.function));
        }
        if self.stops { Verdict::Stop("for a test".into()) } else { Verdict::Proceed }
    }
}

#[tokio::test]
async fn every_function_passes_the_interceptor() {
    let seen = Arc::new(Seen::default());
    let p = Platform::with(|c| c.observer = Some(seen.clone())).await;
    let draft = "0.2.0-draft";
    check(&p, "lesson", BUCKETS, &world(draft), &imports(draft, "i32 i64"), &common(8)).await;
    let want = [
        "bucket.delete",
        "bucket.exists",
        "bucket.get",
        "bucket.list-keys",
        "bucket.set",
        "delete-many",
        "get-many",
        "increment",
        "open",
        "set-many",
    ];
    assert_eq!(seen.calls.lock().iter().copied().collect::<Vec<_>>(), want.map(|f| ("wasi:keyvalue", f)));

    for (world, imports, call) in [
        (world(draft), imports(draft, "i32 i64"), open(600, 7)),
        (
            "import wasi:config/store@0.2.0-rc.1;".to_owned(),
            r#"(import "wasi:config/store@0.2.0-rc.1" "get" (func $get (param i32 i32 i32)))"#.to_owned(),
            format!("(call $get {KEY} {RET})"),
        ),
        (
            "import wasi:logging/logging@0.1.0-draft;".to_owned(),
            r#"(import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))"#.to_owned(),
            format!("(call $log (i32.const 0) {KEY} {VALUE})"),
        ),
    ] {
        let p = Platform::with(|c| c.observer = Some(Arc::new(Seen { stops: true, ..Seen::default() }))).await;
        p.install("lesson", BUCKETS, &guest(&world, &imports, &[call])).await.unwrap();
        let stopped = p.get("lesson").await.unwrap_err();
        assert_eq!(stopped, InvocationError::Internal("fault: for a test".into()), "{world}");
    }
}
