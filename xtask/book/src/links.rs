//! Links: each leads to a file that is there, and to a heading that stands in it.

use crate::Page;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// The syntax that mdBook turns on.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
}

/// Every link of `pages` that leads nowhere, and every page of the book that its summary leaves out, in
/// words that name the page. `root` is the checkout's, for links to files that are no pages.
pub fn broken(root: &Path, pages: &[Page]) -> Vec<String> {
    let anchors: BTreeMap<&Path, BTreeSet<String>> =
        pages.iter().map(|p| (p.file.as_path(), headings(&p.text))).collect();
    let mut found = Vec::new();
    for page in pages {
        for link in links(&page.text) {
            if let Some(why) = refused(root, page, &link, &anchors) {
                found.push(format!("{}: [{link}] {why}", page.file.display()));
            }
        }
    }
    found.extend(left_out(pages));
    found
}

fn refused(root: &Path, page: &Page, link: &str, anchors: &BTreeMap<&Path, BTreeSet<String>>) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, fragment) = link.split_once('#').map_or((link, None), |(p, f)| (p, Some(f)));
    let target = if path.is_empty() {
        page.file.clone()
    } else {
        normal(&page.file.parent().unwrap_or_else(|| Path::new("")).join(path))
    };
    if page.file.starts_with("docs") && !target.starts_with("docs") {
        return Some("leads out of the book: name the file in words, the book is read without the checkout".to_owned());
    }
    if !root.join(&target).exists() {
        return Some(format!("leads to {}, which is not there", target.display()));
    }
    match (fragment, anchors.get(target.as_path())) {
        (Some(fragment), Some(ids)) if !ids.contains(fragment) => {
            Some(format!("{} has no heading with this id", target.display()))
        }
        _ => None,
    }
}

/// Pages below `docs/` to which `SUMMARY.md` does not lead: mdBook leaves them out without a word.
fn left_out(pages: &[Page]) -> Vec<String> {
    let summary = Path::new("docs/SUMMARY.md");
    let Some(contents) = pages.iter().find(|p| p.file == summary) else { return Vec::new() };
    let listed: BTreeSet<PathBuf> = links(&contents.text).iter().map(|l| normal(&Path::new("docs").join(l))).collect();
    pages
        .iter()
        .filter(|p| p.file.starts_with("docs") && p.file != summary && !listed.contains(&p.file))
        .map(|p| format!("{} does not stand in docs/SUMMARY.md", p.file.display()))
        .collect()
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

fn links(text: &str) -> Vec<String> {
    Parser::new_ext(text, options())
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
            _ => None,
        })
        .collect()
}

/// The ids that mdBook gives to a page's headings: one that is written, otherwise one made of the words; the
/// second of a name has `-1` behind it.
fn headings(text: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let mut open: Option<(Option<String>, String)> = None;
    for event in Parser::new_ext(text, options()) {
        match event {
            Event::Start(Tag::Heading { id, .. }) => open = Some((id.map(|i| i.into_string()), String::new())),
            Event::Text(words) | Event::Code(words) => {
                if let Some((_, title)) = &mut open {
                    title.push_str(&words);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((id, title)) = open.take() {
                    let id = id.unwrap_or_else(|| slug(&title));
                    let seen = count.entry(id.clone()).or_default();
                    ids.insert(if *seen == 0 { id } else { format!("{id}-{seen}") });
                    *seen += 1;
                }
            }
            _ => {}
        }
    }
    ids
}

fn slug(title: &str) -> String {
    title
        .trim()
        .chars()
        .filter_map(|c| match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_lowercase().next().unwrap_or(c)),
            c if c.is_whitespace() => Some('-'),
            _ => None,
        })
        .collect()
}
