//! Sending batches, and going on where an import was interrupted.
//!
//! The platform knows the next batch of an import. What the file of errors has to hold is known from it as well:
//! the answers to all batches before. So an import that goes on asks once more for the answer to the batch
//! before the next one (the platform answers what it answered the first time), cuts off what the
//! file of errors has from there on, and compares how many lines are left with how many were refused.
//! When that does not fit, every batch is asked for again; nothing is loaded twice by that.

use super::batches::{Batch, Batches, Source};
use super::progress::{Progress, rows, time};
use crate::CliError;
use crate::client::Client;
use crate::terminal::{lang, say};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::mpsc;
use yunlong_exchange::{ErrorFile, Refusal};

/// Batches that are made while the platform loads one.
const AHEAD: usize = 2;

/// A file that is loaded, or what stands for one.
pub(crate) struct Load<'a> {
    pub(crate) client: &'a Client,
    pub(crate) dataset: &'a str,
    /// The file's name, its size, and what tells it from others of that name and size.
    pub(crate) file: &'a str,
    pub(crate) size: u64,
    pub(crate) fingerprint: String,
    pub(crate) valid_from: Option<&'a str>,
    /// Where refused rows are written down.
    pub(crate) errors: &'a Path,
    /// Begin no import.
    pub(crate) only_resume: bool,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) read: u64,
    pub(crate) loaded: u64,
    pub(crate) unchanged: u64,
    pub(crate) refused: u64,
}

impl Load<'_> {
    /// Loads it. `open` begins the file anew, and may be asked to twice.
    pub(crate) fn run<S: Source>(&self, open: impl Fn() -> Result<Batches<S>, CliError>) -> Result<Summary, CliError> {
        // A file that cannot be opened begins no import.
        let first = open()?;
        let import = if self.only_resume { self.interrupted()? } else { self.start()? };
        let id = self.id(&import)?;
        let next = import["next_batch"].as_u64().unwrap_or(0);
        let path = |action: &str| format!("/api/v1/hub/imports/{id}{action}");
        let mut run = Run { load: self, path: &path, errors: None, summary: Summary::default() };
        let done = match next {
            0 => run.fresh(first),
            _ => {
                self.goes_on(next, day(&import));
                match run.resume(first, next, import["refused"].as_u64().unwrap_or(0)) {
                    Ok(true) => Ok(()),
                    Ok(false) => {
                        let does_not_fit =
                            lang().pick("与已拒绝的行不符，重新生成", "does not fit what was refused: making it anew");
                        eprintln!("{} {does_not_fit}", self.errors.display());
                        run.summary = Summary::default();
                        run.errors = None;
                        run.fresh(open()?)
                    }
                    Err(e) => Err(e),
                }
            }
        };
        if done.is_err() {
            eprintln!(
                "{}",
                lang().pick(
                    "已导入的保留；再运行同一命令，从那里继续",
                    "what was loaded stays; give the same command again, and it goes on from there",
                )
            );
        }
        done?;
        let ended = self.client.post(&path("/finish"), &json!({}))?;
        let count = |key: &str| ended[key].as_u64().unwrap_or(0);
        let summary = Summary {
            read: run.summary.read,
            loaded: count("loaded"),
            unchanged: count("unchanged"),
            refused: count("refused") + run.summary.refused,
        };
        Ok(summary)
    }

    fn goes_on(&self, batches: u64, from: &str) {
        let file = self.file;
        eprintln!(
            "{}",
            lang().pick(
                &format!("继续导入 {file}：已完成 {batches} 批；没有日期的行自 {from} 生效"),
                &format!(
                    "going on with the import of {file}: {batches} batches are done; rows without a day hold from {from}"
                ),
            )
        );
    }

    /// Gives the import up that was interrupted.
    pub(crate) fn abandon(&self) -> Result<(), CliError> {
        let import =
            self.unfinished()?.ok_or_else(|| self.none_interrupted(("没有要放弃的", "nothing is to be given up")))?;
        let ended = self.client.post(&format!("/api/v1/hub/imports/{}/abandon", self.id(&import)?), &json!({}))?;
        let loaded = ended["loaded"].as_u64().unwrap_or(0);
        let (file, loaded) = (self.file, rows(loaded));
        say!(
            "{}",
            lang().pick(
                &format!("已放弃导入 {file}：已导入的 {loaded}保留"),
                &format!("gave up the import of {file}: {loaded} that it has loaded stay"),
            )
        )
    }

    /// The import that is to go on, and to begin none.
    fn interrupted(&self) -> Result<Value, CliError> {
        let next = ("去掉 --resume，就会开始", "leave --resume out: then it begins");
        let import = self.unfinished()?.ok_or_else(|| self.none_interrupted(next))?;
        match self.valid_from.filter(|wanted| *wanted != day(&import)) {
            None => Ok(import),
            Some(wanted) => {
                let day = day(&import);
                Err(CliError::told(
                    (
                        format!("中断的导入各行自 {day} 生效，而不是 {wanted}"),
                        format!("the rows of the interrupted import hold from {day}, and not from {wanted}"),
                    ),
                    (
                        "去掉 --valid-from，或用 --abandon 放弃后重新导入",
                        "leave --valid-from out, or give the import up with --abandon and begin it anew",
                    ),
                ))
            }
        }
    }

    fn none_interrupted(&self, next: (&str, &str)) -> CliError {
        let (file, dataset) = (self.file, self.dataset);
        CliError::told(
            (
                format!("没有把 {file} 导入 {dataset} 的中断记录"),
                format!("no import of {file} into {dataset} was interrupted"),
            ),
            next,
        )
    }

    /// Looks for the import of this file that has not ended.
    fn unfinished(&self) -> Result<Option<Value>, CliError> {
        let size = self.size.to_string();
        let of = [
            ("dataset", self.dataset),
            ("file", self.file),
            ("size", size.as_str()),
            ("fingerprint", self.fingerprint.as_str()),
        ];
        let mut answer = self.client.get_with("/api/v1/hub/imports", &of)?;
        Ok(Some(answer["unfinished"].take()).filter(Value::is_object))
    }

    fn id<'v>(&self, import: &'v Value) -> Result<&'v str, CliError> {
        import["id"].as_str().ok_or_else(|| self.client.strange("回答中的导入没有编号", "an import without an id"))
    }

    fn start(&self) -> Result<Value, CliError> {
        let new = json!({
            "dataset": self.dataset, "file": self.file, "size": self.size, "fingerprint": self.fingerprint,
            "valid_from": self.valid_from,
        });
        self.client.post("/api/v1/hub/imports", &new)
    }
}

/// The day from which rows hold that do not say so themselves.
fn day(import: &Value) -> &str {
    import["valid_from"].as_str().unwrap_or("")
}

/// One run over the batches.
struct Run<'a> {
    load: &'a Load<'a>,
    path: &'a (dyn Fn(&str) -> String + Sync),
    /// `None` until something is refused.
    errors: Option<ErrorFile>,
    /// Rows that were read, and of them (as `refused`) those that could not be.
    summary: Summary,
}

impl Run<'_> {
    /// All batches, from the first one.
    fn fresh<S: Source>(&mut self, batches: Batches<S>) -> Result<(), CliError> {
        // What an earlier import of this file left is not this one's.
        ErrorFile::remove(self.load.errors).map_err(CliError::io(self.load.errors.display()))?;
        let mut progress = Progress::new(self.load.dataset);
        ahead(batches, |n, batch| {
            self.count(&batch);
            let answer = self.send(n, &batch)?;
            self.write_down(batch.unreadable, &answer)?;
            progress.at(batch.at, self.summary.read);
            Ok(true)
        })?;
        self.tell(progress);
        Ok(())
    }

    /// The batches from the one before `next` on; `false` when the file of errors does not fit.
    fn resume<S: Source>(&mut self, batches: Batches<S>, next: u64, refused: u64) -> Result<bool, CliError> {
        let mut progress = Progress::new(self.load.dataset);
        let mut fits = true;
        ahead(batches, |n, batch| {
            let unreadable_before = self.summary.refused;
            self.count(&batch);
            if n + 1 >= next {
                let answer = self.send(n, &batch)?;
                if n + 1 == next {
                    let refused_before = refused.saturating_sub(refused_rows(&answer)) + unreadable_before;
                    fits = self.reopen(batch.first_line, refused_before)?;
                }
                if !fits {
                    return Ok(false);
                }
                self.write_down(batch.unreadable, &answer)?;
            }
            progress.at(batch.at, self.summary.read);
            Ok(true)
        })?;
        self.tell(progress);
        Ok(fits)
    }

    /// Opens the file of errors for the lines from `line` on: whether it has all those before.
    fn reopen(&mut self, line: u64, refused_before: u64) -> Result<bool, CliError> {
        let path = self.load.errors;
        self.errors = ErrorFile::resume(path, line).map_err(CliError::io(path.display()))?;
        Ok(self.errors.as_ref().map_or(0, ErrorFile::lines) == refused_before)
    }

    fn count(&mut self, batch: &Batch) {
        self.summary.read += batch.rows;
        self.summary.refused += batch.unreadable.len() as u64;
    }

    fn send(&self, n: u64, batch: &Batch) -> Result<Value, CliError> {
        self.load.client.post_bytes(&(self.path)(&format!("/batches/{n}")), batch.body.clone())
    }

    /// Writes down what was refused here and there, in the order of the lines.
    fn write_down(&mut self, mut refusals: Vec<Refusal>, answer: &Value) -> Result<(), CliError> {
        let told = answer["refused"].as_array().into_iter().flatten();
        refusals.extend(told.map(|r| Refusal {
            line: r["line"].as_u64().unwrap_or(0),
            field: r["field"].as_str().map(str::to_owned),
            zh: r["reason"]["zh"].as_str().unwrap_or("").to_owned(),
            en: r["reason"]["en"].as_str().unwrap_or("").to_owned(),
        }));
        if refusals.is_empty() {
            return Ok(());
        }
        refusals.sort_by_key(|r| r.line);
        let path = self.load.errors;
        let errors = match &mut self.errors {
            Some(errors) => errors,
            none => none.insert(ErrorFile::create(path).map_err(CliError::io(path.display()))?),
        };
        errors.write(&refusals).map_err(CliError::io(path.display()))
    }

    fn tell(&self, progress: Progress) {
        let took = progress.end();
        let read = self.summary.read;
        let rate = read as f64 / took.as_secs_f64().max(0.001);
        let (dataset, read, took) = (self.load.dataset, rows(read), time(took));
        eprintln!(
            "{}",
            lang().pick(
                &format!("{dataset}：{read}，用时 {took}，每秒 {rate:.0} 行"),
                &format!("{dataset}: {read} in {took}, {rate:.0} a second"),
            )
        );
    }
}

/// How many rows a batch refused: of one row it can tell several things.
fn refused_rows(answer: &Value) -> u64 {
    answer["refused_rows"].as_u64().unwrap_or_else(|| {
        let mut lines: Vec<u64> =
            answer["refused"].as_array().into_iter().flatten().filter_map(|r| r["line"].as_u64()).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.len() as u64
    })
}

/// Makes batches on another thread while `each` works on one, until it answers `false`.
fn ahead<S: Source>(
    batches: Batches<S>,
    mut each: impl FnMut(u64, Batch) -> Result<bool, CliError>,
) -> Result<(), CliError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            for batch in batches {
                // Nobody listens any more when `each` has ended it.
                if sender.send(batch).is_err() {
                    break;
                }
            }
        });
        for (n, batch) in receiver.iter().enumerate() {
            if !each(n as u64, batch?)? {
                break;
            }
        }
        // Ends the other thread's wait before the scope waits for it.
        drop(receiver);
        Ok(())
    })
}
