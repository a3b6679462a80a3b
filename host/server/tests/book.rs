//! The commands that the book tells people to type: each is one, with the options that it is given there.

use std::collections::HashMap;
use std::process::Command;
use yunlong_book::{blocks, pages, root};

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
