//! `yunlong hub export`.

use super::Export;
use super::dataset::{self, Dataset, VALID_FROM, VALID_TO};
use super::progress::{rows, time};
use crate::CliError;
use crate::client::Client;
use crate::terminal::say;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::{Duration, Instant};
use yunlong_exchange::{Format, WriteError, Writer};

/// Records that are asked for at once.
const PAGE: &str = "500";

pub(crate) fn run(options: &Export) -> Result<(), CliError> {
    let format = options.format.or_else(|| Format::of(&options.out)).ok_or_else(|| {
        CliError::usage(
            format!("the name {} does not tell the format", options.out.display()),
            "name it with --format csv, jsonl or parquet",
        )
    })?;
    let client = Client::signed_in(&options.server)?;
    let dataset = Dataset::get(&client, &options.dataset)?;
    let all = dataset.with_days();
    let columns = if options.fields.is_empty() {
        all
    } else {
        all.only(&options.fields).map_err(|name| {
            let known = all.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            CliError::usage(format!("the dataset has no item `{name}`; it has: {known}"), "give others with --fields")
        })?
    };
    let mut writer = Writer::create(&options.out, format, columns).map_err(unwritable(&options.out))?;
    let (begun, bar) = (Instant::now(), counter(&dataset.id));
    let path = dataset::path(&dataset.id, "/records")?;
    let mut after = String::new();
    loop {
        let page = client.get_with(&path, &[("after", &after), ("limit", PAGE)])?;
        for record in page["records"].as_array().into_iter().flatten() {
            writer.write(&row(record)).map_err(unwritable(&options.out))?;
            bar.inc(1);
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    bar.finish_and_clear();
    let count = writer.finish().map_err(unwritable(&options.out))?;
    say!("wrote {} into {} in {}", rows(count), options.out.display(), time(begun.elapsed()))
}

/// The record's items, with the days from and until when it holds.
fn row(record: &Value) -> Map<String, Value> {
    let mut row = record["body"].as_object().cloned().unwrap_or_default();
    for day in [VALID_FROM, VALID_TO] {
        if let (None, Some(value)) = (row.get(day), record.get(day)) {
            row.insert(day.to_owned(), value.clone());
        }
    }
    row
}

/// How many records there are is not known before the last page.
fn counter(what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_prefix(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {human_pos} records, {per_sec}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

pub(crate) fn unwritable(path: &Path) -> impl Fn(WriteError) -> CliError {
    let path = path.display().to_string();
    move |error| match error {
        WriteError::Io(e) => CliError::io(&path)(e),
        other => CliError::usage(format!("{path}: {other}"), "write JSON Lines, which takes every value"),
    }
}
