//! The book, as it stands in the checkout.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use std::path::PathBuf;
use yunlong_book::{Page, blocks, contract, links, manifest, pages, root};

fn page(file: &str, text: &str) -> Page {
    Page { file: PathBuf::from(file), text: text.to_owned() }
}

#[test]
fn the_reference_says_what_its_sources_say() {
    for written in contract::pages(&root()).unwrap().into_iter().chain(manifest::pages().unwrap()) {
        let there = std::fs::read_to_string(root().join(&written.file)).unwrap_or_default();
        assert!(there == written.text, "{} is older than its source: run `cargo xtask book`", written.file.display());
    }
}

/// The schema that editors are given takes what the platform takes.
#[test]
fn the_manifests_of_the_apps_fit_the_schema() {
    let schema = yunlong_model::Manifest::json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut seen = 0;
    for folder in ["plugins", "examples"] {
        for app in std::fs::read_dir(root().join(folder)).unwrap() {
            let Ok(text) = std::fs::read_to_string(app.unwrap().path().join("app.toml")) else { continue };
            let manifest = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
            let wrong: Vec<_> =
                validator.iter_errors(&manifest).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{folder}: {wrong:?}");
            seen += 1;
        }
    }
    assert!(seen >= 5, "only {seen} manifests were found");
    let odd = serde_json::json!({ "name": "x", "version": "1.0.0", "titel": {} });
    assert!(!validator.is_valid(&odd), "a field that nobody knows");
}

#[test]
fn every_function_of_the_contract_stands_in_its_reference() {
    let pages = contract::pages(&root()).unwrap();
    let all: String = pages.iter().map(|p| p.text.as_str()).collect();
    for heading in [
        "### `derive-key` {#context.derive-key}",
        "### `transaction.commit`",
        "### `publish`",
        "## world app {#world.app}",
    ] {
        assert!(all.contains(heading), "{heading} is missing");
    }
    assert!(all.contains("derive-key: func(purpose: string, n: u32) -> list<u8>;"));
}

#[test]
fn every_link_leads_somewhere() {
    let broken = links::broken(&root(), &pages(&root()).unwrap());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_code_block_is_what_it_says() {
    let wrong: Vec<_> = pages(&root()).unwrap().iter().flat_map(|p| blocks::wrong(&root(), p)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_link_to_a_missing_file_or_heading_is_found() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("docs")).unwrap();
    for file in ["docs/a.md", "docs/b.md", "outside.md"] {
        std::fs::write(dir.path().join(file), "").unwrap();
    }
    let pages = [
        page("docs/SUMMARY.md", "[a](a.md) [b](b.md)"),
        page(
            "docs/a.md",
            "[gone](gone.md) [b](b.md#two-words) [b](b.md#three) [me](#here) [out](../outside.md) [web](https://example.org/x)\n\n# Here",
        ),
        page("docs/b.md", "# Two words\n\n# 中文 `code`!\n\n[ok](#中文-code)"),
        page("docs/c.md", "# Left out"),
    ];
    let broken = links::broken(dir.path(), &pages);
    assert_eq!(broken.len(), 4, "{broken:?}");
    for (found, expected) in broken.iter().zip([
        "[gone.md] leads to docs/gone.md",
        "[b.md#three] docs/b.md has no heading",
        "[../outside.md] leads out",
        "docs/c.md does not stand",
    ]) {
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn a_block_that_is_not_what_it_says_is_found_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("docs")).unwrap();
    std::fs::write(dir.path().join("code.py"), "# ANCHOR: one\nx = 1\n").unwrap();
    let cases = [
        ("```toml\na = \n```", "docs/p.md:1: is no TOML"),
        ("```toml\n[[colections]]\nname = \"a\"\n```", "is no part of an app.toml"),
        ("```toml\n[[collections]]\nname = \"a\"\nsealled = true\n```", "is no part of an app.toml"),
        ("```toml,scenario=examples/gone\n[[steps]]\n```", "an app's folder"),
        ("```toml,city\na = 1\n```", "say `toml` for a part of app.toml"),
        ("```rust\nfn main() {}\n```", "rust that no test compiles"),
        ("```rust,no_run\nfn main() {}\n```", "rust that no test compiles"),
        ("\n```json\n{\n```", "docs/p.md:2: is no JSON"),
        ("```sh\nif true\n```", "docs/p.md:1: "),
        ("```\nx\n```", "says no language"),
        ("```python\nx = 1\n```", "code that no test runs"),
        ("```python\n{{#include ../gone.py}}\n```", "which is not there"),
        ("```python\n{{#include ../code.py:two}}\n```", "no such anchor"),
    ];
    for (text, expected) in cases {
        let found = blocks::wrong(dir.path(), &page("docs/p.md", text));
        assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
    }
    for fine in [
        "```toml\n[[collections]]\nname = \"a\"\n```",
        "```toml,settings\na = 1\n```",
        "```sh\nyunlong new x\n```",
        "```python\n{{#include ../code.py:one}}\n```",
        "```text\nanything\n```",
    ] {
        assert_eq!(blocks::wrong(dir.path(), &page("docs/p.md", fine)), Vec::<String>::new());
    }
}

#[test]
fn rust_is_typed_only_into_pages_that_the_sdk_compiles() {
    let rust = "```rust\nfn main() {}\n```";
    assert_eq!(blocks::wrong(&root(), &page("docs/vendor.md", rust)), Vec::<String>::new());
    let ignored = blocks::wrong(&root(), &page("docs/vendor.md", "```rust,ignore\nfn main() {}\n```"));
    assert!(ignored.len() == 1 && ignored[0].contains("is not compiled so"), "{ignored:?}");
    let elsewhere = blocks::wrong(&root(), &page("docs/recipes.md", rust));
    assert!(elsewhere.len() == 1 && elsewhere[0].contains("no test compiles"), "{elsewhere:?}");
}

/// They are read by the server's tests, which have the readers of those files.
#[test]
fn toml_that_is_no_app_toml_is_found_by_its_kind() {
    let text = "```toml\na = 1\n```\n\n```toml,settings\nb = 1\n```\n\n```toml,scenario=examples/x\nc = 1\n```\n\n```toml,scenario=examples/x\n{{#include x}}\n```";
    let found = blocks::tomls(&page("docs/p.md", text));
    let found: Vec<_> = found.iter().map(|(line, kind, app, code)| (*line, &**kind, &**app, code.trim())).collect();
    assert_eq!(found, [(5, "settings", "", "b = 1"), (9, "scenario", "examples/x", "c = 1")]);
}

#[test]
fn commands_are_found_in_shell_alone() {
    let text = "`yunlong no`\n\n```sh\n# yunlong comment\nTOKEN=x yunlong login --account me && yunlong publish \\\n  app.tar | less\n```\n\n```text\nyunlong printed\n```";
    let found: Vec<_> =
        blocks::commands(&page("p.md", text), "yunlong").into_iter().map(|(_, words)| words.join(" ")).collect();
    assert_eq!(found, ["login --account me", "publish app.tar"]);
}
