//! Reads scenario files, strictly: what is not known is an error with its line and the word that was probably meant.

use super::file::File;
use super::step::Step;
use super::{Person, Scenario};
use crate::{Invariants, WorkbenchError};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use yunlong_model::{Manifest, Text, Timestamp};

/// 09:00 of 2026-05-01 in China, as the SDK's city in memory has it.
const BEGINNING: i64 = 1_777_597_200_000;
/// The file of the invariants.
const INVARIANTS: &str = "invariants.toml";
/// The most steps, people, and conditions of a step: files of others are played too.
const MOST_STEPS: usize = 500;
const MOST_PEOPLE: usize = 100;
const MOST_CONDITIONS: usize = 200;

/// Reads `*.toml` of a folder: the scenarios in the order of their names, and the invariants.
///
/// # Errors
/// [`WorkbenchError::File`] with the line, [`WorkbenchError::NoScenarios`], [`WorkbenchError::Io`].
pub fn read_folder(folder: &Path, manifest: &Manifest) -> Result<(Vec<Scenario>, Invariants), WorkbenchError> {
    let shown = folder.display().to_string();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map_err(WorkbenchError::io(&shown))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml") && !name.starts_with('.'))
        .collect();
    names.sort();
    let mut files = BTreeMap::new();
    for name in names {
        let path = folder.join(&name);
        let text = std::fs::read_to_string(&path).map_err(WorkbenchError::io(path.display()))?;
        files.insert(name, text);
    }
    let (scenarios, invariants) = read_files(&files, manifest)?;
    if scenarios.is_empty() { Err(WorkbenchError::NoScenarios(shown)) } else { Ok((scenarios, invariants)) }
}

/// Reads files by their names, as they travel in a package: the scenarios in the order of their names, none at all
/// among it, and the invariants.
///
/// # Errors
/// [`WorkbenchError::File`] with the line.
pub fn read_files(
    files: &BTreeMap<String, String>,
    manifest: &Manifest,
) -> Result<(Vec<Scenario>, Invariants), WorkbenchError> {
    let mut scenarios = Vec::new();
    let mut invariants = Invariants::default();
    for (name, text) in files {
        if name == INVARIANTS {
            invariants = Invariants::parse(name, text, manifest)?;
        } else {
            scenarios.push(parse(name, text, manifest)?);
        }
    }
    Ok((scenarios, invariants))
}

/// Reads one scenario.
pub(crate) fn parse(name: &str, text: &str, manifest: &Manifest) -> Result<Scenario, WorkbenchError> {
    let file: File = toml::from_str(text).map_err(|e| refusal(name, text, &e))?;
    let at = |span: Range<usize>, problem: Text| wrong(name, text, span.start, problem);
    let clock = match file.clock {
        None => Timestamp(BEGINNING),
        Some(clock) => {
            let span = clock.span();
            let time = clock.into_inner().parse::<jiff::Timestamp>();
            Timestamp(time.map_err(|e| at(span, plain(&format!("clock: {e}"))))?.as_millisecond())
        }
    };
    let mut people: Vec<Person> = Vec::new();
    for person in file.people {
        let span = person.span();
        let person = person.into_inner();
        check_person(&person, &people, manifest).map_err(|e| at(span.clone(), e))?;
        if people.len() == MOST_PEOPLE {
            return Err(at(span, too_many(MOST_PEOPLE, "[[people]]")));
        }
        people.push(person);
    }
    let source = format!("/installations/{}", manifest.name);
    let mut steps = Vec::new();
    for raw in file.steps {
        let span = raw.span();
        let line = line_of(text, span.start);
        let step = Step::of(raw.into_inner(), line, &people, &source).map_err(|e| at(span.clone(), e))?;
        check_names(&step, manifest).map_err(|e| at(span.clone(), e))?;
        few_enough(step.weight()).map_err(|e| at(span.clone(), e))?;
        if steps.len() == MOST_STEPS {
            return Err(at(span, too_many(MOST_STEPS, "[[steps]]")));
        }
        steps.push(step);
    }
    if steps.is_empty() {
        return Err(at(0..0, Text { zh: "没有 [[steps]]".into(), en: "it has no [[steps]]".into() }));
    }
    Ok(Scenario {
        file: name.to_owned(),
        title: file.title,
        faults: file.faults,
        clock,
        config: file.config,
        people,
        steps,
    })
}

fn too_many(most: usize, what: &str) -> Text {
    Text { zh: format!("{what} 最多 {most} 个"), en: format!("at most {most} {what}") }
}

/// Whether one step, or one statement, compares so little that it can be looked at in a moment.
pub(crate) fn few_enough(conditions: usize) -> Result<(), Text> {
    if conditions <= MOST_CONDITIONS {
        return Ok(());
    }
    Err(Text {
        zh: format!("有 {conditions} 个条件，最多 {MOST_CONDITIONS} 个：请分成几步"),
        en: format!("it has {conditions} conditions, at most {MOST_CONDITIONS} are possible: make several of it"),
    })
}

fn check_person(person: &Person, before: &[Person], manifest: &Manifest) -> Result<(), Text> {
    if before.iter().any(|p| p.name == person.name) {
        let name = &person.name;
        return Err(Text { zh: format!("有两个 `{name}`"), en: format!("there are two of the name `{name}`") });
    }
    let roles: Vec<&str> = manifest.roles.iter().map(|r| r.name.as_str()).collect();
    let scopes: Vec<&str> = manifest.scopes.iter().map(|s| s.name.as_str()).collect();
    for (wanted, known, zh, en) in
        [(&person.roles, roles, "岗位", "role"), (&person.consents, scopes, "授权范围", "scope")]
    {
        if let Some(name) = wanted.iter().find(|w| !known.contains(&w.as_str())) {
            return Err(undeclared(name, &known, zh, en));
        }
    }
    Ok(())
}

/// Names of collections, counters, topics and jobs are those of the manifest.
fn check_names(step: &Step, manifest: &Manifest) -> Result<(), Text> {
    use super::step::Action;
    match &step.action {
        Action::Data { collection, .. } => collection_is_declared(collection, manifest),
        Action::Counter { counter, .. } => counter_is_declared(counter, manifest),
        Action::Messages { topic, .. } => topic_is_declared(topic, manifest),
        Action::Job { name, .. } => {
            let known: Vec<&str> = manifest.jobs.iter().map(|j| j.name.as_str()).collect();
            declared(name, &known, "定时任务", "job")
        }
        Action::Consent { scope, .. } => {
            let known: Vec<&str> = manifest.scopes.iter().map(|s| s.name.as_str()).collect();
            declared(scope, &known, "授权范围", "scope")
        }
        _ => Ok(()),
    }
}

pub(crate) fn collection_is_declared(name: &str, manifest: &Manifest) -> Result<(), Text> {
    let known: Vec<&str> = manifest.collections.iter().map(|c| c.name.as_str()).collect();
    declared(name, &known, "集合", "collection")
}

pub(crate) fn counter_is_declared(name: &str, manifest: &Manifest) -> Result<(), Text> {
    let known: Vec<&str> = manifest.counters.iter().map(String::as_str).collect();
    declared(name, &known, "计数器", "counter")
}

pub(crate) fn topic_is_declared(name: &str, manifest: &Manifest) -> Result<(), Text> {
    let known: Vec<&str> = manifest.publishes.iter().map(|t| t.name.as_str()).collect();
    declared(name, &known, "主题", "topic")
}

fn declared(name: &str, known: &[&str], zh: &str, en: &str) -> Result<(), Text> {
    if known.contains(&name) { Ok(()) } else { Err(undeclared(name, known, zh, en)) }
}

fn undeclared(name: &str, known: &[&str], zh: &str, en: &str) -> Text {
    let near = nearest(name, known);
    let (also_zh, also_en) =
        near.map_or_else(Default::default, |n| (format!("，是否指 `{n}`？"), format!("; is `{n}` meant?")));
    Text {
        zh: format!("app.toml 中没有{zh} `{name}`{also_zh}"),
        en: format!("app.toml declares no {en} `{name}`{also_en}"),
    }
}

/// The word that was probably meant.
pub(crate) fn nearest(word: &str, known: &[&str]) -> Option<String> {
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(word, k), *k)).min();
    near.filter(|(distance, _)| *distance <= word.len() / 3 + 1).map(|(_, k)| k.to_owned())
}

fn plain(text: &str) -> Text {
    Text { zh: text.to_owned(), en: text.to_owned() }
}

pub(crate) fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}

pub(crate) fn wrong(file: &str, text: &str, byte: usize, problem: Text) -> WorkbenchError {
    WorkbenchError::File { file: file.to_owned(), line: line_of(text, byte), problem }
}

/// What the parser says, with the word that was probably meant.
pub(crate) fn refusal(file: &str, text: &str, error: &toml::de::Error) -> WorkbenchError {
    let byte = error.span().map_or(0, |s| s.start);
    let message = error.message();
    let problem = match message.strip_prefix("unknown field `").and_then(|m| m.split_once('`')) {
        None => plain(message.trim()),
        Some((word, rest)) => {
            // The parser lists the words that it knows between backticks.
            let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
            match nearest(word, &known) {
                Some(near) => Text {
                    zh: format!("没有 `{word}` 这个键，是否指 `{near}`？"),
                    en: format!("there is no key `{word}`; is `{near}` meant?"),
                },
                None => Text {
                    zh: format!("没有 `{word}` 这个键；可用的有：{}", known.join("、")),
                    en: format!("there is no key `{word}`; there are: {}", known.join(", ")),
                },
            }
        }
    };
    wrong(file, text, byte, problem)
}
