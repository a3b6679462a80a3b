//! Apps of these tests.

use crate::guest::{ANSWER, Guest, RESPONDING};

pub(crate) const FOREVER: &str = "(loop $l (br $l))";
pub(crate) const FINE: &str = "(call $answer (local.get $out) (i32.const 200) (i32.const 1000))";

/// A manifest with a topic of its own that it consumes, and a job.
pub(crate) const DECLARED: &str = r#"
counters = ["seats"]
[[publishes]]
name = "order.paid"
schema = { type = "object", required = ["order"], properties = { order = { type = "string" }, people = { type = "integer" } } }
[[consumes]]
topic = "order.paid"
[[jobs]]
name = "nightly"
cron = "0 3 * * *"
"#;

/// What an app does where it is called; by default it does nothing and is content.
#[derive(Clone, Copy)]
pub(crate) struct Does {
    pub(crate) request: &'static str,
    pub(crate) event: &'static str,
    pub(crate) job: &'static str,
    pub(crate) install: &'static str,
    pub(crate) health: &'static str,
}

impl Default for Does {
    fn default() -> Self {
        Self { request: FINE, event: "", job: "", install: "", health: "" }
    }
}

impl Does {
    /// An app that exports all of it.
    pub(crate) fn component(self) -> Vec<u8> {
        let Self { request, event, job, install, health } = self;
        // Results at 700 are `ok`. Borrows are given back before a call ends.
        let body = format!(
            r#"{ANSWER}
            (func (export "wasi:http/incoming-handler@0.2.10#handle") (param $request i32) (param $out i32) {request})
            (func (export "city:app/consumer@1.0.0#handle") (param $e i32) (result i32)
                (call $drop-transaction (i32.load offset=72 (local.get $e))) {event} (i32.const 700))
            (func (export "city:app/jobs@1.0.0#run") (param i32 i32 i64) (param $t i32) (result i32)
                (call $drop-transaction (local.get $t)) {job} (i32.const 700))
            (func (export "city:app/lifecycle@1.0.0#install") (param $t i32) (result i32)
                (call $drop-transaction (local.get $t)) {install} (i32.const 700))
            (func (export "city:app/lifecycle@1.0.0#health") (result i32) {health} (i32.const 700))"#
        );
        let transaction = r#"(import "city:data/collections@1.1.0" "[resource-drop]transaction" (func $drop-transaction (param i32)))"#;
        let imports = format!("{RESPONDING}{transaction}");
        // Room for an event of 200 KiB.
        let guest = Guest {
            body: &body,
            imports: &imports,
            exports: &["http", "consumer", "jobs", "lifecycle"],
            pages: 16,
            older: false,
        };
        guest.component()
    }
}
