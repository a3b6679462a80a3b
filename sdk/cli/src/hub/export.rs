//! `yunlong hub export`.
//!
//! While a file is written, a note stands beside it (`people.csv.part.json`): which export it is and how far
//! it came. The same command goes on from there, within the day for which an export can be read.

use super::Export;
use super::dataset::{Dataset, VALID_FROM, VALID_TO};
use super::progress::{Progress, rows, time};
use crate::CliError;
use crate::client::Client;
use crate::terminal::{lang, say};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use yunlong_exchange::{Columns, Format, Mark, WriteError, Writer};

/// Records that are asked for at once.
const PAGE: &str = "500";
/// How often it is written down how far the file is.
const NOTES: Duration = Duration::from_secs(1);

pub(crate) fn run(options: &Export) -> Result<(), CliError> {
    let format = options.format.or_else(|| Format::of(&options.out)).ok_or_else(|| {
        let shown = options.out.display();
        CliError::told(
            (format!("从文件名 {shown} 看不出格式"), format!("the name {shown} does not tell the format")),
            ("用 --format 写明 csv、jsonl 或 parquet", "name it with --format csv, jsonl or parquet"),
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
            CliError::told(
                (
                    format!("数据集没有数据项“{name}”；它有：{known}"),
                    format!("the dataset has no item `{name}`; it has: {known}"),
                ),
                ("用 --fields 写别的数据项", "give others with --fields"),
            )
        })?
    };
    let of = Asked {
        server: client.name(),
        dataset: dataset.id,
        reason: options.reason.clone(),
        law: options.law.clone(),
        format: format.to_string(),
        columns,
    };
    let job = Job { client: &client, out: &options.out, note: note_of(&options.out), of, format };
    let begun = Instant::now();
    let count = match job.interrupted()? {
        Some((writer, note)) => {
            let (dataset, written) = (&note.of.dataset, rows(note.mark.rows));
            eprintln!(
                "{}",
                lang().pick(
                    &format!("继续导出 {dataset}：已写 {written}"),
                    &format!("going on with the export of {dataset}: {written} are written"),
                )
            );
            match job.write(writer, &note.id, note.after) {
                // The day is over, or somebody else began it: then this is another export.
                Err(CliError::Refused { status: 404, .. }) => {
                    eprintln!("{}", lang().pick("已不能再读，重新开始", "it can no longer be read: beginning anew"));
                    job.anew()
                }
                other => other,
            }
        }
        None => job.anew(),
    }?;
    let (written, shown, took) = (rows(count), options.out.display(), time(begun.elapsed()));
    say!(
        "{}",
        lang().pick(
            &format!("已写 {written}，存入 {shown}，用时 {took}"),
            &format!("wrote {written} into {shown} in {took}"),
        )
    )
}

/// What an export is asked for with. One that was asked for otherwise is another one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Asked {
    server: String,
    dataset: String,
    reason: String,
    law: String,
    format: String,
    columns: Columns,
}

/// How far the file is, beside it.
#[derive(Serialize, Deserialize)]
struct Note {
    of: Asked,
    /// The platform's name of the export.
    id: String,
    /// Where the next page begins.
    after: String,
    mark: Mark,
}

struct Job<'a> {
    client: &'a Client,
    out: &'a Path,
    note: PathBuf,
    of: Asked,
    format: Format,
}

impl Job<'_> {
    /// The part that an interrupted command left, when it was the same one.
    fn interrupted(&self) -> Result<Option<(Writer, Note)>, CliError> {
        // A note that is not there, torn or somebody else's is none.
        let Some(note) = std::fs::read(&self.note).ok().and_then(|n| serde_json::from_slice::<Note>(&n).ok()) else {
            return Ok(None);
        };
        if note.of != self.of {
            return Ok(None);
        }
        let writer = Writer::resume(self.out, self.format, self.of.columns.clone(), note.mark);
        Ok(writer.map_err(unwritable(self.out))?.map(|writer| (writer, note)))
    }

    fn anew(&self) -> Result<u64, CliError> {
        // Before the file: what is refused leaves none.
        let asked = json!({ "dataset": self.of.dataset, "reason": self.of.reason, "law": self.of.law });
        let begun = self.client.post("/api/v1/hub/exports", &asked)?;
        let id = begun["id"]
            .as_str()
            .ok_or_else(|| self.client.strange("回答中没有导出的编号", "the answer names no export"))?;
        let writer = Writer::create(self.out, self.format, self.of.columns.clone()).map_err(unwritable(self.out))?;
        self.write(writer, id, String::new())
    }

    /// Writes the pages from `after` on; answers how many records the file has.
    fn write(&self, mut writer: Writer, id: &str, mut after: String) -> Result<u64, CliError> {
        match self.pages(&mut writer, id, &mut after) {
            Ok(()) => {
                let count = writer.finish().map_err(unwritable(self.out))?;
                _ = std::fs::remove_file(&self.note);
                Ok(count)
            }
            Err(error) => {
                // What cannot be written is not written by another attempt either, and what is gone is gone.
                let over = matches!(
                    error,
                    CliError::Usage { .. } | CliError::Io { .. } | CliError::Refused { status: 404, .. }
                );
                if !over && writer.rows() > 0 {
                    self.keep(&mut writer, id, &after)?;
                    writer.leave();
                    eprintln!(
                        "{}",
                        lang().pick(
                            "已写的部分保留在旁边；再运行同一命令，从那里继续",
                            "what was written stays beside; give the same command again, and it goes on from there",
                        )
                    );
                } else {
                    _ = std::fs::remove_file(&self.note);
                }
                Err(error)
            }
        }
    }

    fn pages(&self, writer: &mut Writer, id: &str, after: &mut String) -> Result<(), CliError> {
        let path = format!("/api/v1/hub/exports/{id}/records");
        let (mut progress, mut kept) = (Progress::new(&self.of.dataset), Instant::now());
        let mut written = writer.rows();
        loop {
            let page = self.client.get_with(&path, &[("after", after), ("limit", PAGE)])?;
            for record in page["records"].as_array().into_iter().flatten() {
                writer.write(&row(record)).map_err(unwritable(self.out))?;
                written += 1;
            }
            // Records that no longer hold are in the total, and not in the file.
            progress.at((written, page["total"].as_u64().unwrap_or(0).max(written)), written);
            match page["next"].as_str() {
                Some(next) => next.clone_into(after),
                None => break,
            }
            if kept.elapsed() >= NOTES {
                self.keep(writer, id, after)?;
                kept = Instant::now();
            }
        }
        progress.end();
        Ok(())
    }

    /// Writes down how far the file is.
    fn keep(&self, writer: &mut Writer, id: &str, after: &str) -> Result<(), CliError> {
        let mark = writer.mark().map_err(unwritable(self.out))?;
        let note = Note { of: self.of.clone(), id: id.to_owned(), after: after.to_owned(), mark };
        let text = serde_json::to_vec(&note).map_err(|e| CliError::io(self.note.display())(e.into()))?;
        // One that is torn is none: it is put into its place whole.
        let fresh = self.note.with_extension("json.new");
        std::fs::write(&fresh, text).map_err(CliError::io(fresh.display()))?;
        std::fs::rename(&fresh, &self.note).map_err(CliError::io(self.note.display()))
    }
}

/// `people.csv` → `people.csv.part.json`.
fn note_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part.json");
    name.into()
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

pub(crate) fn unwritable(path: &Path) -> impl Fn(WriteError) -> CliError {
    let path = path.display().to_string();
    move |error| match error {
        WriteError::Io(e) => CliError::io(&path)(e),
        other => CliError::usage(
            format!("{path}: {other}"),
            lang().pick("改写 JSON Lines，它容得下任何值", "write JSON Lines, which takes every value"),
        ),
    }
}
