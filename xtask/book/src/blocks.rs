//! Code blocks: each says its language, and is what it says. JSON is read here, and TOML as what it is: `toml` alone is
//! a part of `app.toml` and read by the manifest's parser; `toml,settings`, `toml,scenario=APP` and
//! `toml,invariants=APP` are read by the server's tests with the readers of those files. Shell is read by `bash -n`, and
//! the commands of `yunlong` are asked of its help by the server's tests. Rust is typed where it is compiled as
//! documentation tests of the SDK, and nowhere else. Code in another language is never typed into a page: it is an
//! excerpt (`{{#include …}}`) of a file that the tests build and run.

use crate::{Page, links};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A code block of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the fence: a language, and attributes separated by commas.
    pub language: String,
    /// What stands in it.
    pub code: String,
    /// The line of the page on which it begins, from 1.
    pub line: usize,
}

/// The code blocks of a page.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new_ext(text, links::options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                open =
                    Some(Block { language, code: String::new(), line: text[..range.start].matches('\n').count() + 1 });
            }
            Event::Text(part) => {
                if let Some(block) = &mut open {
                    block.code.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

/// Every block of `page` that is not what it says, in words that name page and line. `root` is the checkout's.
pub fn wrong(root: &Path, page: &Page) -> Vec<String> {
    blocks(&page.text)
        .into_iter()
        .filter_map(|block| Some(format!("{}:{}: {}", page.file.display(), block.line, refused(root, page, &block)?)))
        .collect()
}

fn refused(root: &Path, page: &Page, block: &Block) -> Option<String> {
    if let Some(excerpt) = block.code.trim().strip_prefix("{{#") {
        return excerpt_missing(root, page, excerpt);
    }
    let (language, attribute) = block.language.split_once(',').unwrap_or((&block.language, ""));
    match language {
        "toml" => toml(root, &block.code, attribute),
        "json" => serde_json::from_str::<serde_json::Value>(&block.code).err().map(|e| format!("is no JSON: {e}")),
        "sh" => shell(&block.code),
        "rust" => uncompiled(root, page, attribute),
        // The contract's reference is read from wit/.
        "wit" => None,
        // What a program prints, a diagram.
        "text" => None,
        "" => Some("says no language: write one behind the fence, `text` where there is none".to_owned()),
        other => Some(format!(
            "{other}: code that no test runs. Put it into a file of examples/ or an SDK and show an excerpt by {{{{#include}}}}"
        )),
    }
}

/// Why a block is not the kind of TOML that it says.
fn toml(root: &Path, code: &str, kind: &str) -> Option<String> {
    let table = match code.parse::<toml::Table>() {
        Ok(table) => table,
        Err(e) => return Some(format!("is no TOML: {}", e.message())),
    };
    match kind.split_once('=').unwrap_or((kind, "")) {
        ("", "") => no_manifest(table),
        ("settings", "") => None,
        // Of which app it is: what it names is declared there.
        ("scenario" | "invariants", app) if root.join(app).join("app.toml").exists() => None,
        _ => Some(format!(
            "toml,{kind}: say `toml` for a part of app.toml, `toml,settings`, `toml,scenario=APP` or `toml,invariants=APP`, APP being an app's folder"
        )),
    }
}

/// Why a table is no part of an `app.toml`: set into one that has nothing else, it is no manifest.
fn no_manifest(part: toml::Table) -> Option<String> {
    let text = |text: &str| toml::Value::String(text.to_owned());
    let titled =
        || toml::Value::Table([("zh".to_owned(), text("甲")), ("en".to_owned(), text("A"))].into_iter().collect());
    let head = [
        ("name", text("example")),
        ("version", text("1.0.0")),
        ("vendor", text("example")),
        ("title", titled()),
        ("description", titled()),
    ];
    let mut whole: toml::Table = head.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    whole.extend(part);
    yunlong_model::Manifest::parse(&whole.to_string()).err().map(|e| format!("is no part of an app.toml: {e}"))
}

/// The file whose documentation tests compile the Rust of pages.
const DOCUMENTATION_TESTS: &str = "sdk/rust/src/lib.rs";

/// Why nobody compiles the Rust that is typed into a page.
fn uncompiled(root: &Path, page: &Page, attribute: &str) -> Option<String> {
    let included = format!("#[doc = include_str!(\"../../../{}\")]", page.file.display());
    let tests = std::fs::read_to_string(root.join(DOCUMENTATION_TESTS)).unwrap_or_default();
    if !tests.contains(&included) {
        return Some(format!(
            "rust that no test compiles: show an excerpt by {{{{#include}}}}, or add the page to {DOCUMENTATION_TESTS}"
        ));
    }
    (!matches!(attribute, "" | "no_run" | "should_panic")).then(|| format!("rust,{attribute}: is not compiled so"))
}

/// Why an `include` shows nothing: the file or the anchor is not there.
fn excerpt_missing(root: &Path, page: &Page, excerpt: &str) -> Option<String> {
    let Some(what) = excerpt.trim_end().trim_end_matches("}}").split_once(' ').map(|(_, what)| what.trim()) else {
        return Some("is no {{#include FILE}}".to_owned());
    };
    let mut parts = what.split(':');
    let file = root.join(page.file.parent().unwrap_or_else(|| Path::new(""))).join(parts.next().unwrap_or_default());
    let Ok(text) = std::fs::read_to_string(&file) else { return Some(format!("shows {what}, which is not there")) };
    let anchor = parts.next()?;
    let named = anchor.parse::<usize>().is_err();
    (named && !text.contains(&format!("ANCHOR: {anchor}"))).then(|| format!("shows {what}, which has no such anchor"))
}

/// What bash says of the syntax.
fn shell(code: &str) -> Option<String> {
    let mut bash = match Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(bash) => bash,
        Err(e) => return Some(format!("cannot be read, since bash does not start: {e}")),
    };
    let written = bash.stdin.take().map(|mut stdin| stdin.write_all(code.as_bytes()));
    if let Some(Err(e)) = written {
        return Some(format!("bash did not take it: {e}"));
    }
    match bash.wait_with_output() {
        Ok(out) if out.status.success() => None,
        Ok(out) => Some(String::from_utf8_lossy(&out.stderr).trim().to_owned()),
        Err(e) => Some(format!("bash ended without an answer: {e}")),
    }
}

/// The TOML of `page` that is another file than app.toml: its line, its kind (`settings`, `scenario`, `invariants`), the
/// folder of the app that it is for, and the code. For the tests that have the readers of those files.
pub fn tomls(page: &Page) -> Vec<(usize, String, String, String)> {
    let typed = blocks(&page.text).into_iter().filter(|b| !b.code.trim_start().starts_with("{{#"));
    let kinds = typed.filter_map(|b| Some((b.language.strip_prefix("toml,")?.to_owned(), b)));
    kinds
        .map(|(kind, block)| {
            let (kind, app) = kind.split_once('=').unwrap_or((&kind, ""));
            (block.line, kind.to_owned(), app.to_owned(), block.code)
        })
        .collect()
}

/// The command lines of the program `name` in the shell blocks of `page`: their line, and their words without the
/// name. A line that ends with `\` goes on in the next one; what stands behind `|`, `;`, `&` or `>` is left out.
pub fn commands(page: &Page, name: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for block in blocks(&page.text).into_iter().filter(|b| b.language.split(',').next() == Some("sh")) {
        let joined = block.code.replace("\\\n", " ");
        for line in joined.lines() {
            let line = line.split('#').next().unwrap_or_default();
            for command in line.split(['|', ';', '&', '>']) {
                let mut words = command.split_whitespace().skip_while(|w| w.contains('=') && !w.starts_with('-'));
                if words.next() == Some(name) {
                    found.push((block.line, words.map(str::to_owned).collect()));
                }
            }
        }
    }
    found
}
