//! What an app may do, in plain words.

use crate::client::Client;
use crate::terminal::{say, say_raw};
use crate::{CliError, Server, apps, terminal};
use clap::Args;
use serde_json::Value;
use std::path::Path;
use yunlong_installations::Capability;
use yunlong_model::{Lang, Manifest, Text};
use yunlong_registry::{Limits, package};

/// `yunlong permissions`.
#[derive(Args, Debug)]
pub struct Permissions {
    /// An installation's name, or a package's file or folder
    what: String,
    /// The permissions' ids too, as the console's API knows them
    #[arg(long)]
    ids: bool,
    #[command(flatten)]
    server: Server,
}

/// A permission as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What the console's API calls it.
    pub(crate) id: String,
    /// What it means.
    pub(crate) title: Text,
    /// Whether it is granted; `None` for a package that is not installed.
    pub(crate) granted: Option<bool>,
}

impl Line {
    pub(crate) fn of_manifest(manifest: &Manifest) -> Vec<Self> {
        let line = |c: Capability| Self { id: c.to_string(), title: c.title(manifest), granted: None };
        Capability::of_manifest(manifest).into_iter().map(line).collect()
    }

    /// From the console's answer: `[{"id","title":{"zh","en"},"granted"?}]`.
    pub(crate) fn of_answer(permissions: &Value) -> Vec<Self> {
        let line = |p: &Value| {
            let id = p["id"].as_str()?.to_owned();
            let text = |lang: &str| p["title"][lang].as_str().unwrap_or(&id).to_owned();
            Some(Self { title: Text { zh: text("zh"), en: text("en") }, granted: p["granted"].as_bool(), id })
        };
        permissions.as_array().into_iter().flatten().filter_map(line).collect()
    }
}

/// The permissions as lines of text.
pub(crate) fn describe(lines: &[Line], lang: Lang, ids: bool) -> String {
    let mut out = String::new();
    for line in lines {
        let mark = match line.granted {
            None => "•",
            Some(true) => "✓",
            Some(false) => lang.pick("✗（未授权）", "✗ (not granted)"),
        };
        let id = if ids { format!("  [{}]", line.id) } else { String::new() };
        out.push_str(&format!("  {mark} {}{id}\n", printable(line.title.get(lang))));
    }
    out
}

/// Text from a manifest, for a terminal: a control character could rewrite what is shown.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As [`printable`], for text of several lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Whether an argument means a file rather than a name.
pub(crate) fn is_file(what: &str) -> bool {
    what.contains(['/', '\\']) || what.ends_with(".tar") || Path::new(what).exists()
}

pub(crate) fn run(options: &Permissions) -> Result<(), CliError> {
    let lang = terminal::lang();
    if is_file(&options.what) {
        let package = package::open(Path::new(&options.what), &Limits::default())?;
        let m = &package.manifest;
        say!("{} {} ({})", printable(m.title.get(lang)), m.version, printable(&m.vendor))?;
        say_raw!("{}", describe(&Line::of_manifest(m), lang, options.ids))?;
        return Ok(());
    }
    let answer = Client::signed_in(&options.server)?.get(&apps::path(&options.what, "")?)?;
    let text = |key: &str| answer[key].as_str().unwrap_or("").to_owned();
    say!("{} ({} {})", text("name"), text("app"), text("version"))?;
    say_raw!("{}", describe(&Line::of_answer(&answer["permissions"]), lang, options.ids))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn permissions_are_told_in_the_persons_language() {
        let answer = json!([
            { "id": "data", "title": { "zh": "保存数据", "en": "Keep data" }, "granted": true },
            { "id": "payments", "title": { "zh": "收款", "en": "Take\u{1b}[2Jpayments" }, "granted": false },
        ]);
        let lines = Line::of_answer(&answer);
        assert_eq!(describe(&lines, Lang::Zh, false), "  ✓ 保存数据\n  ✗（未授权） 收款\n");
        assert_eq!(
            describe(&lines, Lang::En, true),
            "  ✓ Keep data  [data]\n  ✗ (not granted) Take [2Jpayments  [payments]\n"
        );
    }

    #[test]
    fn names_and_files_are_told_apart() {
        assert!(is_file("./tickets") && is_file("x.tar"));
        assert!(!is_file("tourism-ticketing") && !is_file("tickets@1.0.0"));
    }
}
