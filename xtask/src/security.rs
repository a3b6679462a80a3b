//! `docs/security.md` names tests as evidence: each must be there, and be a test.

use crate::root;
use std::collections::BTreeSet;
use std::path::Path;

/// The names in the last column of the tables: words in backquotes with underscores, and titles of browser
/// tests, which have spaces.
fn named(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter(|l| l.starts_with('|')).filter_map(|l| l.trim_end_matches('|').rsplit('|').next());
    let words = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words.filter(|w| w.contains(['_', ' '])).map(str::to_owned).collect()
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    Some(line.strip_prefix("fn ")?.split_once('(')?.0)
}

/// The functions that a test runner calls: below an attribute that makes a test, also within `proptest!`.
fn attributed(source: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            out.extend(function(line).filter(|_| is_test).map(str::to_owned));
            is_test = false;
        }
    }
    out
}

/// The plain functions that a list runs on every engine of the store.
fn listed(source: &str) -> BTreeSet<String> {
    let list = source.split_once("on_every_engine![").and_then(|(_, rest)| rest.split_once("];"));
    let names = list.map_or("", |(names, _)| names).split(',').map(str::trim);
    names.filter(|n| source.contains(&format!("async fn {n}("))).map(str::to_owned).collect()
}

/// The titles of the tests of a browser's script.
fn titled(source: &str) -> BTreeSet<String> {
    let titles = source.lines().filter_map(|l| l.strip_prefix("test('")?.split_once('\''));
    titles.map(|(title, _)| title.to_owned()).collect()
}

fn tests(dir: &Path, out: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.filter_map(Result::ok).map(|e| e.path()) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !["target", "node_modules", "data"].contains(&name) && !name.starts_with('.') {
                tests(&path, out);
            }
        } else if name.ends_with(".rs") || name.ends_with(".test.mjs") {
            let source = std::fs::read_to_string(&path).unwrap_or_default();
            if name.ends_with(".rs") {
                out.extend(attributed(&source));
                out.extend(listed(&source));
            } else {
                out.extend(titled(&source));
            }
        }
    }
}

#[test]
fn every_test_that_the_security_document_names_exists() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).unwrap_or_default();
    let names = named(&page);
    assert!(names.len() > 50, "the tables cannot be read: {names:?}");
    let mut all = BTreeSet::new();
    tests(&root(), &mut all);
    let missing: Vec<_> = names.difference(&all).collect();
    assert!(missing.is_empty(), "docs/security.md names what is no test: {missing:?}");
}

#[test]
fn a_helper_is_no_evidence() {
    let source = "
        #[test]
        #[ignore = \"slow\"]
        // Why.
        fn plain() {}
        async fn helper() {}
        #[tokio::test(flavor = \"multi_thread\")]
        async fn awaited() {}
        proptest! {
            #[test]
            fn drawn(n in 0..9) {}
        }
        fn other(x: u8) {}
    ";
    assert_eq!(attributed(source), ["awaited", "drawn", "plain"].map(str::to_owned).into());
    let source = "on_every_engine![one, gone,];\nasync fn one(store: &S) {}\nasync fn two(store: &S) {}";
    assert_eq!(listed(source), ["one".to_owned()].into());
    assert_eq!(titled("test('a page has none', () => {});\nconst a = 'test';"), ["a page has none".to_owned()].into());
}
