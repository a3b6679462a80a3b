//! `docs/security.md` names tests as evidence: each must be there.

use crate::root;
use std::collections::BTreeSet;
use std::path::Path;

/// The names in the last column of the tables: words in backquotes with underscores.
fn named(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter(|l| l.starts_with('|')).filter_map(|l| l.trim_end_matches('|').rsplit('|').next());
    let words = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words.filter(|w| w.contains('_')).map(str::to_owned).collect()
}

fn sources(dir: &Path, out: &mut String) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.filter_map(Result::ok).map(|e| e.path()) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !["target", "node_modules", "data"].contains(&name) && !name.starts_with('.') {
                sources(&path, out);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

#[test]
fn every_test_that_the_security_document_names_exists() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).unwrap_or_default();
    let names = named(&page);
    assert!(names.len() > 50, "the tables cannot be read: {names:?}");
    let mut all = String::new();
    sources(&root(), &mut all);
    // Tests that run on every engine are plain functions in a list.
    let missing: Vec<_> = names.iter().filter(|n| !all.contains(&format!("fn {n}("))).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:?}");
}
