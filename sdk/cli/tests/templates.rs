//! The templates of the three languages are one app: the same manifest, the same words, the same scenarios. Who has
//! read one can read the others, and a guide need not say which it speaks of.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const LANGUAGES: [&str; 3] = ["rust", "typescript", "python"];

fn template(language: &str) -> PathBuf {
    // At run time: a target folder may be shared by checkouts.
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../templates").join(language)
}

fn read(language: &str, file: &str) -> String {
    std::fs::read_to_string(template(language).join(file)).unwrap()
}

/// The files below a folder that are sources: neither built nor installed.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, found);
        } else if [".rs", ".ts", ".tsx", ".py", ".html"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

/// A string literal at the beginning of `text`, as it is written, and what follows it.
fn literal(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let end = inner.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })?;
    Some((&inner[..end], inner[end + 1..].trim_start()))
}

/// What an app says in two languages: every `t("中文", "English")` of its sources.
fn words(language: &str) -> BTreeSet<(String, String)> {
    let mut files = Vec::new();
    let folder = if language == "python" { "app" } else { "src" };
    sources(&template(language).join(folder), &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for (at, _) in text.match_indices("t(") {
            let called = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let pair = literal(&text[at + 2..])
                .and_then(|(zh, rest)| Some((zh, literal(rest.strip_prefix(',')?)?.0)))
                .filter(|_| called);
            found.extend(pair.map(|(zh, en)| (zh.to_owned(), en.to_owned())));
        }
    }
    found
}

#[test]
fn one_manifest_stands_in_all_three() {
    let [rust, typescript, python] = LANGUAGES.map(|language| read(language, "app.toml"));
    assert_eq!(rust, typescript);
    // An interpreter has to be given more memory; that is all.
    let more = python.strip_prefix(&rust).expect("the Python template begins with the manifest of the others");
    let more: toml::Table = more.parse().unwrap();
    assert_eq!(more.to_string().trim(), "[limits]\nmemory_mib = 128");
}

#[test]
fn the_pages_of_all_three_say_the_same() {
    let rust = words("rust");
    assert!(rust.len() > 20, "only {} texts were found", rust.len());
    for language in ["typescript", "python"] {
        let other = words(language);
        let only: Vec<_> = rust.symmetric_difference(&other).collect();
        assert!(only.is_empty(), "in one of rust and {language} alone: {only:#?}");
    }
}

#[test]
fn scenarios_and_invariants_are_the_same() {
    let names = |language: &str| {
        let files = std::fs::read_dir(template(language).join("scenarios")).unwrap();
        files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>()
    };
    for language in ["typescript", "python"] {
        assert_eq!(names("rust"), names(language));
        for file in names("rust") {
            let file = format!("scenarios/{file}");
            assert_eq!(read("rust", &file), read(language, &file), "{language}: {file}");
        }
    }
}

#[test]
fn each_readme_names_the_files_that_are_there_and_the_same_commands() {
    let commands = |language: &str| {
        let readme = read(language, "README.md");
        let lines = readme.lines().map(str::trim).filter(|l| l.starts_with("yunlong "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(commands("rust").len() > 5);
    for language in LANGUAGES {
        assert_eq!(commands(language), commands("rust"), "{language}");
        let readme = read(language, "README.md");
        for row in readme.lines().filter(|l| l.starts_with("| `")) {
            let files = row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2);
            for file in files.filter(|f| *f != ".yunlong") {
                assert!(template(language).join(file).exists(), "{language}: {file}");
            }
        }
    }
}
