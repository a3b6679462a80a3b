//! Small guests from WebAssembly text: `wit-component` wraps a core module into a component after
//! the real `wit/`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

/// A guest: core module text, and what it exports.
pub(crate) struct Guest<'a> {
    /// Functions and data of the core module. Memory 0 has one page, exported; `$heap` is at 1024.
    pub(crate) body: &'a str,
    /// Imports of the core module.
    pub(crate) imports: &'a str,
    /// `http`, `consumer`, `jobs`, `lifecycle`.
    pub(crate) exports: &'a [&'a str],
    /// Pages of memory at the start.
    pub(crate) pages: u32,
    /// Built after the contract as it was before its version 1.1.0.
    pub(crate) older: bool,
}

impl Default for Guest<'_> {
    fn default() -> Self {
        Self { body: "", imports: "", exports: &["http"], pages: 1, older: false }
    }
}

pub(crate) const HANDLE: &str = "(export \"wasi:http/incoming-handler@0.2.10#handle\")";

/// What answers with `$answer` bytes of zeros, in chunks of 4,096 or less.
pub(crate) const RESPONDING: &str = r#"
    (import "wasi:http/types@0.2.10" "[constructor]fields" (func $fields (result i32)))
    (import "wasi:http/types@0.2.10" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
    (import "wasi:http/types@0.2.10" "[method]outgoing-response.set-status-code" (func $status (param i32 i32) (result i32)))
    (import "wasi:http/types@0.2.10" "[method]outgoing-response.body" (func $body (param i32 i32)))
    (import "wasi:http/types@0.2.10" "[static]response-outparam.set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    (import "wasi:http/types@0.2.10" "[method]outgoing-body.write" (func $write (param i32 i32)))
    (import "wasi:http/types@0.2.10" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
    (import "wasi:io/streams@0.2.10" "[method]output-stream.blocking-write-and-flush" (func $flush (param i32 i32 i32 i32)))
    (import "wasi:io/streams@0.2.10" "[resource-drop]output-stream" (func $drop-stream (param i32)))
"#;

/// `$answer (out, status, bytes)`.
pub(crate) const ANSWER: &str = r#"
    (func $answer (param $out i32) (param $status i32) (param $left i32)
        (local $r i32) (local $b i32) (local $s i32) (local $n i32)
        (local.set $r (call $response (call $fields)))
        (drop (call $status (local.get $r) (local.get $status)))
        (call $body (local.get $r) (i32.const 16))
        (local.set $b (i32.load (i32.const 20)))
        (call $set (local.get $out) (i32.const 0) (local.get $r) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (call $write (local.get $b) (i32.const 16))
        (local.set $s (i32.load (i32.const 20)))
        (block $done
            (loop $more
                (br_if $done (i32.eqz (local.get $left)))
                (local.set $n (select (local.get $left) (i32.const 4096) (i32.lt_u (local.get $left) (i32.const 4096))))
                (call $flush (local.get $s) (i32.const 8192) (local.get $n) (i32.const 16))
                (if (i32.load8_u (i32.const 16)) (then unreachable))
                (local.set $left (i32.sub (local.get $left) (local.get $n)))
                (br $more)))
        (call $drop-stream (local.get $s))
        (call $finish (local.get $b) (i32.const 0) (i32.const 0) (i32.const 16)))
"#;

impl Guest<'_> {
    /// A guest whose handler is `body`, a list of instructions; `(local.get $out)` is the outparam.
    pub(crate) fn handling(imports: &str, body: &str) -> Vec<u8> {
        Self::handling_with(imports, body, false)
    }

    /// As [`Guest::handling`], after the contract of then.
    pub(crate) fn handling_with(imports: &str, body: &str, older: bool) -> Vec<u8> {
        let imports = format!("{RESPONDING}{imports}");
        let body = format!(
            "{ANSWER} (func {HANDLE} (param $request i32) (param $out i32) (local $i i32) (local $n i64) {body})"
        );
        Guest { body: &body, imports: &imports, older, ..Guest::default() }.component()
    }

    /// The component.
    pub(crate) fn component(&self) -> Vec<u8> {
        self.wrapped("")
    }

    /// The component; `extra` are further imports of its world, with their interfaces in `pkg`.
    pub(crate) fn wrapped(&self, extra: &str) -> Vec<u8> {
        self.wrapped_with(extra, &[])
    }

    /// As [`Guest::wrapped`], with another text of some packages, by their folders.
    pub(crate) fn wrapped_with(&self, extra: &str, instead: &[(&str, &str)]) -> Vec<u8> {
        // At run time: a target folder may be shared by checkouts.
        let wit = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../wit");
        let mut resolve = Resolve::default();
        for dir in [
            "deps/io",
            "deps/clocks",
            "deps/random",
            "deps/filesystem",
            "deps/sockets",
            "deps/cli",
            "deps/http",
            "deps/keyvalue-draft",
            "deps/keyvalue-draft2",
            "deps/config-draft",
            "deps/config-draft-2024-09-27",
            "deps/config-rc1",
            "deps/logging",
            "city-identity",
            "city-data",
            "city-base",
            "city-messaging",
            "city-payments",
            "city-files",
            "city-app",
        ] {
            let file = wit.join(dir).join(format!("{}.wit", dir.trim_start_matches("city-")));
            if self.older && dir.starts_with("city-") {
                let text = std::fs::read_to_string(&file).unwrap();
                let newer = ["import city:identity/representation", "import city:data/shared", "import city:base/"];
                let lines = text.lines().filter(|l| !newer.iter().any(|n| l.trim_start().starts_with(n)));
                let text = lines.collect::<Vec<_>>().join("\n").replace("@1.1.0", "@1.0.0");
                resolve.push_str(file, &text).unwrap();
            } else if let Some((_, text)) = instead.iter().find(|(d, _)| *d == dir) {
                resolve.push_str(file, text).unwrap();
            } else {
                resolve.push_path(wit.join(dir)).unwrap();
            }
        }
        let mut world = String::from(
            "package test:guest; interface unknown { f: func(); }
             world guest { include city:app/imports@1.0.0; include wasi:cli/imports@0.2.10; import wasi:http/types@0.2.10; import wasi:http/outgoing-handler@0.2.10;",
        );
        world.push_str(extra);
        for e in self.exports {
            let name =
                if *e == "http" { "wasi:http/incoming-handler@0.2.10".into() } else { format!("city:app/{e}@1.0.0") };
            let _ = write!(world, "export {name};");
        }
        world.push('}');
        let package = resolve.push_str(PathBuf::from("guest.wit"), &world).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        let module = format!(
            r#"(module {} (memory (export "memory") {})
                (global $heap (mut i32) (i32.const 32768))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $p i32)
                    (local.set $p (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.set $heap (i32.add (local.get $p) (local.get 3)))
                    (local.get $p))
                {})"#,
            self.imports, self.pages, self.body
        );
        let mut module = wat::parse_str(&module).unwrap();
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }
}
