//! What the book tells people to type: each command is one, with the options that it is given there; each file is one
//! that its reader takes.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use std::collections::{BTreeMap, HashMap};
use std::process::Command;
use yunlong_book::{blocks, pages, root};
use yunlong_model::Manifest;

/// What `yunlong COMMAND … --help` prints, asked once each.
#[derive(Default)]
struct Help(HashMap<Vec<String>, String>);

impl Help {
    fn of(&mut self, command: &[String]) -> &str {
        self.0.entry(command.to_vec()).or_insert_with(|| {
            let out = Command::new(env!("CARGO_BIN_EXE_yunlong")).args(command).arg("--help").output().unwrap();
            assert!(out.status.success(), "`yunlong {} --help` fails", command.join(" "));
            String::from_utf8(out.stdout).unwrap()
        })
    }

    fn has_command(&mut self, command: &[String], word: &str) -> bool {
        let listed =
            self.of(command).lines().skip_while(|l| !l.starts_with("Commands:")).skip(1).take_while(|l| !l.is_empty());
        listed.filter_map(|l| l.split_whitespace().next()).any(|name| name == word)
    }

    /// Why the words are no command line; `None` when they are one.
    fn refuses(&mut self, words: &[String]) -> Option<String> {
        let mut command = Vec::new();
        for word in words {
            if !self.has_command(&command, word) {
                break;
            }
            command.push(word.clone());
        }
        if command.is_empty() {
            return (!words.iter().all(|w| w == "--help" || w == "--version")).then(|| "is no command".to_owned());
        }
        let help = self.of(&command).to_owned();
        let known: Vec<&str> = help.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
        let options =
            words.iter().filter(|w| w.starts_with('-') && w.len() > 1).map(|w| w.split('=').next().unwrap_or(w));
        let unknown: Vec<_> = options.filter(|o| !known.contains(o)).collect();
        (!unknown.is_empty()).then(|| format!("`yunlong {}` knows no {}", command.join(" "), unknown.join(", ")))
    }
}

#[test]
fn every_command_of_the_book_is_one() {
    let mut help = Help::default();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for page in pages(&root()).unwrap() {
        for (line, words) in blocks::commands(&page, "yunlong") {
            seen += 1;
            if let Some(why) = help.refuses(&words) {
                wrong.push(format!("{}:{line}: `yunlong {}`: {why}", page.file.display(), words.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 10, "only {seen} commands were found in the book");
}

#[test]
fn a_command_or_an_option_that_is_not_there_is_found() {
    let mut help = Help::default();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(help.refuses(&words("keys generate my-company")), None);
    assert!(help.refuses(&words("fly")).is_some());
    assert!(help.refuses(&words("keys generate x --no-such-option")).unwrap().contains("--no-such-option"));
}

/// Why a file that the book shows is not read; `None` when it is.
fn unread(kind: &str, app: &str, code: &str) -> Option<String> {
    if kind == "settings" {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("yunlong.toml");
        std::fs::write(&file, code).unwrap();
        let mut check = Command::new(env!("CARGO_BIN_EXE_yunlong"));
        // What is set around the tests is not what the page says.
        let own = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("YUNLONG_"));
        own.for_each(|(name, _)| _ = check.env_remove(name));
        let out = check.args(["config", "check"]).arg(&file).output().unwrap();
        return (!out.status.success()).then(|| String::from_utf8_lossy(&out.stderr).trim().to_owned());
    }
    let manifest = std::fs::read_to_string(root().join(app).join("app.toml")).unwrap();
    let manifest = Manifest::parse(&manifest).unwrap();
    let name = if kind == "invariants" { "invariants.toml" } else { "page.toml" };
    let files = BTreeMap::from([(name.to_owned(), code.to_owned())]);
    yunlong_workbench::read_files(&files, &manifest).err().map(|e| e.to_string())
}

#[test]
fn every_file_of_the_book_is_read_by_its_reader() {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut wrong = Vec::new();
    for page in pages(&root()).unwrap() {
        for (line, kind, app, code) in blocks::tomls(&page) {
            if let Some(why) = unread(&kind, &app, &code) {
                wrong.push(format!("{}:{line}: toml,{kind}: {why}", page.file.display()));
            }
            *seen.entry(kind).or_default() += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["invariants", "scenario", "settings"], "{seen:?}");
}

#[test]
fn a_file_that_its_reader_refuses_is_found() {
    assert!(unread("settings", "", "orrigin = \"https://city.example\"").unwrap().contains("orrigin"));
    let title = "title = { zh = \"一\", en = \"One\" }";
    let step = |key: &str| format!("{title}\n[[steps]]\nrequest = \"GET /\"\n{key} = {{ status = 200 }}\n");
    assert_eq!(unread("scenario", "examples/guestbook", &step("expect")), None);
    assert!(unread("scenario", "examples/guestbook", &step("expects")).is_some());
    let unknown = "[[invariants]]\nname = \"a\"\neach = { collection = \"gone\" }\nleft = 1\nis = \"=\"\nright = 1\n";
    assert!(unread("invariants", "examples/guestbook", unknown).is_some(), "a collection that the app does not have");
}
