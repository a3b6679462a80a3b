//! What the guides name: all that there is, and nothing that there is not.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use std::collections::BTreeSet;
use std::path::Path;
use yunlong_book::root;

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The two halves of a page: Chinese, and English.
fn halves(file: &str) -> [String; 2] {
    let page = read(file);
    let (chinese, english) = page.split_once("\n## In English").expect("a page has a half in English");
    [chinese.to_owned(), english.to_owned()]
}

/// What stands in backquotes.
fn code(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The names of what lies in a folder of the checkout.
fn names(folder: &str, wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let paths = entries.map(|e| e.unwrap().path()).filter(|p| wanted(p));
    let mut names: Vec<_> = paths.map(|p| p.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Without what a call takes: a guide leaves that out with `…`.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn every_call_in_the_table_of_the_sdks_stands_in_code_that_is_compiled() {
    // Each is compiled, or checked by its types, with the tests of its SDK.
    let compiled = ["sdk/rust/tests/words.rs", "sdk/js/test/words.tsx", "sdk/python/tests/words.py"]
        .map(|file| (file, squeezed(&read(file))));
    let mut seen = 0;
    let mut wrong = Vec::new();
    for row in read("docs/sdk.md").lines().filter(|l| l.starts_with("| ")) {
        // A bar in a cell is escaped.
        let row = row.replace("\\|", "\u{1}");
        let cells: Vec<String> = row.trim_matches('|').split('|').map(|cell| cell.replace('\u{1}', "|")).collect();
        assert_eq!(cells.len(), 4, "{row}");
        for (cell, (file, compiled)) in cells[1..].iter().zip(&compiled) {
            for call in code(cell) {
                seen += 1;
                if !call.split('…').all(|part| compiled.contains(&squeezed(part))) {
                    wrong.push(format!("`{call}` is not in {file}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 200, "only {seen} calls were found");
}

#[test]
fn every_table_of_the_manifest_and_every_lesson_is_named_to_vendors() {
    let schema = yunlong_model::Manifest::json_schema();
    let lessons = names("examples", |p| p.join("app.toml").exists());
    for half in halves("docs/vendor.md") {
        let named = code(&half);
        for table in schema["properties"].as_object().unwrap().keys() {
            let forms = [table.clone(), format!("[{table}]"), format!("[[{table}]]")];
            assert!(
                forms.iter().any(|form| named.contains(form)),
                "`{table}` of app.toml is not named in docs/vendor.md"
            );
        }
        for lesson in &lessons {
            assert!(named.contains(lesson), "the lesson `{lesson}` is not named in docs/vendor.md");
        }
    }
}

#[test]
fn every_module_of_the_sdks_is_named_in_their_guides() {
    let package: serde_json::Value = serde_json::from_str(&read("sdk/js/package.json")).unwrap();
    // What builds and tests import by themselves.
    let own = ["prepare", "component", "jsx-runtime", "jsx-dev-runtime", "testing/register", "tsconfig.json"];
    for half in halves("docs/vendor-typescript.md") {
        for path in package["exports"].as_object().unwrap().keys() {
            let Some(module) = path.strip_prefix("./").filter(|m| !own.contains(m)) else { continue };
            let module = module.trim_end_matches('*');
            let named = code(&half).into_iter().any(|c| c == module || c.contains(module) && module.ends_with('/'));
            assert!(
                named || half.contains(&format!("@yunlong/sdk/{module}")),
                "`{module}` is not named in docs/vendor-typescript.md"
            );
        }
    }
    // Python: those that stand for an interface. What every app has is in `yunlong` itself.
    let inside = [
        "app", "base32", "build", "clock", "codec", "context", "errors", "event", "identity", "money", "page",
        "random", "text", "web",
    ];
    let modules =
        names("sdk/python/src/yunlong", |p| p.join("__init__.py").exists() || p.extension().is_some_and(|e| e == "py"));
    let guide = code(&read("docs/vendor-python.md"));
    let words = read("sdk/python/src/yunlong/__init__.py");
    for module in modules.iter().filter(|m| !m.starts_with('_') && !inside.contains(&m.as_str())) {
        assert!(
            guide.contains(&format!("yunlong.{module}")),
            "`yunlong.{module}` is not named in docs/vendor-python.md"
        );
        let named = words.contains(&format!("``yunlong.{module}``")) || words.contains(&format!("``.{module}``"));
        assert!(named, "`yunlong.{module}` is not in the table of yunlong/__init__.py");
    }
}

#[test]
fn each_decision_has_the_number_of_its_file() {
    for name in names("docs/decisions", |p| p.extension().is_some_and(|e| e == "md")) {
        let number = name.split('-').next().unwrap().trim_start_matches('0');
        let page = read(&format!("docs/decisions/{name}.md"));
        assert!(page.starts_with(&format!("# {number}. ")), "docs/decisions/{name}.md begins with another number");
    }
}
