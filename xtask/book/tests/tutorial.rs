//! The tutorial can be followed from nothing: each piece of code names the file that it belongs to, and the pieces, put
//! together in the order of the page, are the whole of the app in `examples/library`, which other tests compile and run.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use yunlong_book::root;

const PAGE: &str = "docs/tutorial.md";
const APP: &str = "examples/library";
/// What `yunlong new` makes and the tutorial keeps; the lesson has its own, as a room of this workspace.
const KEPT: [&str; 3] = ["Cargo.toml", "listing.toml", "README.md"];

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The lines that say something, as the page shows them: without the marks of excerpts.
fn lines(text: &str) -> Vec<String> {
    let shown = text.lines().filter(|l| !l.trim().is_empty() && !l.contains("ANCHOR: ") && !l.contains("ANCHOR_END: "));
    shown.map(str::to_owned).collect()
}

fn excerpt(file: &str, anchor: &str) -> String {
    let text = read(&format!("{APP}/{file}"));
    let is = |line: &str, mark: &str| line.trim_end().ends_with(&format!("{mark}: {anchor}"));
    let inside = text.lines().skip_while(|l| !is(l, "ANCHOR")).skip(1).take_while(|l| !is(l, "ANCHOR_END"));
    inside.map(|l| format!("{l}\n")).collect()
}

/// The pieces of the page in their order: the file, what is shown of it, and the line of text above.
fn pieces() -> Vec<(String, String, String)> {
    let page = read(PAGE);
    let mut above = String::new();
    let mut found = Vec::new();
    for line in page.lines().map(str::trim) {
        if let Some(shown) = line.strip_prefix(&format!("{{{{#include ../{APP}/")).and_then(|l| l.strip_suffix("}}")) {
            let (file, anchor) = shown.split_once(':').unwrap_or_else(|| panic!("{line}: which part of it?"));
            found.push((file.to_owned(), excerpt(file, anchor), above.clone()));
        } else if !line.is_empty() && !line.starts_with("```") {
            line.clone_into(&mut above);
        }
    }
    found
}

fn files(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("build") && !path.ends_with("target") {
                files(&path, found);
            }
        } else {
            let inside = path.strip_prefix(root().join(APP)).unwrap();
            found.insert(inside.to_string_lossy().into_owned());
        }
    }
}

#[test]
fn each_piece_says_which_file_it_belongs_to() {
    for (file, text, above) in pieces() {
        assert!(!text.is_empty(), "{file}: an excerpt is empty");
        let named = above == format!("`{file}`") || above.contains(&format!("<summary><code>{file}</code>"));
        assert!(named, "above an excerpt of {file} stands: {above}");
    }
}

#[test]
fn the_pieces_put_together_are_the_whole_app() {
    let mut made = BTreeMap::<String, String>::new();
    for (file, text, _) in pieces() {
        made.entry(file).or_default().push_str(&text);
    }
    let mut there = BTreeSet::new();
    files(&root().join(APP), &mut there);
    there.retain(|file| !KEPT.contains(&file.as_str()) && !file.starts_with('.'));
    assert_eq!(
        made.keys().cloned().collect::<BTreeSet<_>>(),
        there,
        "the files that the page makes, and those that are there"
    );
    for (file, text) in made {
        let (made, whole) = (lines(&text), lines(&read(&format!("{APP}/{file}"))));
        for (n, (made, whole)) in made.iter().zip(&whole).enumerate() {
            assert_eq!(made, whole, "{file}: line {n} of those that say something");
        }
        assert_eq!(made.len(), whole.len(), "{file}: the page leaves lines out, or shows some twice");
    }
}

/// The page keeps the `Cargo.toml` of `yunlong new`.
#[test]
fn what_the_app_stands_on_is_in_the_new_project() {
    let dependencies = |file: &str| {
        let project: toml::Table = read(file).parse().unwrap();
        project["dependencies"].as_table().unwrap().keys().cloned().collect::<BTreeSet<_>>()
    };
    let (own, new) = (dependencies(&format!("{APP}/Cargo.toml")), dependencies("sdk/templates/rust/Cargo.toml"));
    assert!(own.is_subset(&new), "{own:?} are more than {new:?}");
}
