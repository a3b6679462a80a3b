//! Lines of a file, gathered into what is sent at once.
//!
//! The same file always makes the same batches, since what the platform has of an import is known by
//! the number of the batch.

use super::dataset::{VALID_FROM, VALID_TO};
use crate::CliError;
use serde::Serialize;
use serde_json::{Map, Value};
use yunlong_exchange::{Line, Problem, Refusal};
use yunlong_formats::Explain as _;

/// A batch ends before its body has more bytes: a request stays well below what is taken.
const BYTES: usize = 4 << 20;
/// A row may have so many as it is sent, which can be more than it has in its file (`1e15` becomes
/// `1000000000000000.0`): below [`BYTES`], so that each row that is sent has room in a batch.
const ROW: usize = 2 << 20;
/// What stands around the rows.
const HEAD: &[u8] = b"{\"rows\":[";
const TAIL: &[u8] = b"]}";

/// What is sent at once.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The request's body.
    pub(crate) body: Vec<u8>,
    /// The line of its first row.
    pub(crate) first_line: u64,
    /// How many rows it was made of, those that could not be read among them.
    pub(crate) rows: u64,
    /// What could not be read, and is not sent.
    pub(crate) unreadable: Vec<Refusal>,
    /// How far the file was read then, and how far it goes.
    pub(crate) at: (u64, u64),
}

/// A row as it is sent.
#[derive(Serialize)]
struct Row<'a> {
    line: u64,
    record: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<Value>,
}

/// Where lines come from, with how far they are.
pub(crate) trait Source: Iterator<Item = Result<Line, CliError>> + Send {
    /// How far the source is, and how far it goes, in any unit.
    fn at(&self) -> (u64, u64);
}

/// A line as it goes into a batch.
struct Made {
    line: u64,
    /// The row as it is sent, or why it is not.
    row: Result<Vec<u8>, Refusal>,
}

impl Batch {
    fn has_room(&self, made: &Made) -> bool {
        let Ok(row) = &made.row else { return true };
        self.body.len().max(HEAD.len()) + row.len() + b",".len() + TAIL.len() <= BYTES
    }

    fn add(&mut self, made: Made) {
        if self.rows == 0 {
            self.first_line = made.line;
        }
        self.rows += 1;
        match made.row {
            Ok(row) => {
                self.body.extend_from_slice(if self.body.is_empty() { HEAD } else { b"," });
                self.body.extend(row);
            }
            Err(refusal) => self.unreadable.push(refusal),
        }
    }
}

/// Makes batches.
pub(crate) struct Batches<S> {
    source: S,
    size: u64,
    /// Whether the days stand beside the items, and not among them.
    days_beside: bool,
    /// What the batch before had no room for.
    waiting: Option<Made>,
    over: bool,
}

impl<S: Source> Batches<S> {
    /// Batches of `size` rows. `days_beside`: `valid_from` and `valid_to` are no items of the dataset.
    pub(crate) fn new(source: S, size: u32, days_beside: bool) -> Self {
        Self { source, size: size.into(), days_beside, waiting: None, over: false }
    }

    /// The next line; `None` at the end.
    fn made(&mut self) -> Result<Option<Made>, CliError> {
        if let Some(made) = self.waiting.take() {
            return Ok(Some(made));
        }
        let Some(Line { number, content }) = self.source.next().transpose()? else { return Ok(None) };
        let row = match content {
            Ok(record) => self.row(number, record)?,
            Err(error) => Err(refusal(number, error.field, &error.problem)),
        };
        Ok(Some(Made { line: number, row }))
    }

    /// A record as it is sent, or why it is not.
    fn row(&self, line: u64, mut record: Map<String, Value>) -> Result<Result<Vec<u8>, Refusal>, CliError> {
        let mut day = |name: &str| record.remove(name).filter(|v| self.days_beside && !v.is_null());
        let (valid_from, valid_to) = if self.days_beside { (day(VALID_FROM), day(VALID_TO)) } else { (None, None) };
        if let Some((field, _)) = [(VALID_FROM, &valid_from), (VALID_TO, &valid_to)]
            .into_iter()
            .find(|(_, v)| v.as_ref().is_some_and(|v| !v.is_string()))
        {
            let (zh, en) = ("应为日期，如 2026-01-01".into(), "must be a date such as 2026-01-01".into());
            return Ok(Err(Refusal { line, field: Some(field.into()), zh, en }));
        }
        let row = serde_json::to_vec(&Row { line, record: &record, valid_from, valid_to })
            .map_err(|e| CliError::io("a row")(e.into()))?;
        let fits = row.len() <= ROW;
        Ok(if fits { Ok(row) } else { Err(refusal(line, None, &Problem::TooLong { limit: ROW })) })
    }
}

fn refusal(line: u64, field: Option<String>, problem: &Problem) -> Refusal {
    Refusal { line, field, zh: problem.zh(), en: problem.en() }
}

impl<S: Source> Iterator for Batches<S> {
    type Item = Result<Batch, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let mut batch = Batch::default();
        while batch.rows < self.size {
            match self.made() {
                Ok(Some(made)) if batch.has_room(&made) => batch.add(made),
                Ok(Some(made)) => {
                    self.waiting = Some(made);
                    break;
                }
                Ok(None) => {
                    self.over = true;
                    break;
                }
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        if batch.body.is_empty() {
            batch.body.extend_from_slice(HEAD);
        }
        batch.body.extend_from_slice(TAIL);
        batch.at = self.source.at();
        (batch.rows > 0).then_some(Ok(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use yunlong_exchange::{Columns, Format, Kind, Options, Reader, open_stream};

    struct Text(Reader);

    impl Iterator for Text {
        type Item = Result<Line, CliError>;

        fn next(&mut self) -> Option<Self::Item> {
            self.0.next().map(|l| Ok(l.unwrap()))
        }
    }

    impl Source for Text {
        fn at(&self) -> (u64, u64) {
            self.0.progress()
        }
    }

    fn batches(text: &str, size: u32) -> Vec<Batch> {
        let columns = Columns::new().with("id", Kind::Text).with("n", Kind::Integer).with("valid_from", Kind::Text);
        let file = std::io::Cursor::new(text.as_bytes().to_vec());
        let format = if text.starts_with('{') { Format::JsonLines } else { Format::Csv };
        let reader = open_stream(file, format, &columns, &Options::default()).unwrap();
        Batches::new(Text(reader), size, true).map(Result::unwrap).collect()
    }

    #[test]
    fn rows_that_cannot_be_read_count_and_are_not_sent() {
        let all = batches("id,n,valid_from\na,1,2026-01-01\nb,x,\nc,3,\n=d,4,\n", 2);
        assert_eq!(all.iter().map(|b| (b.first_line, b.rows)).collect::<Vec<_>>(), [(2, 2), (4, 2)]);
        let sent: Value = serde_json::from_slice(&all[0].body).unwrap();
        assert_eq!(
            sent,
            json!({ "rows": [{ "line": 2, "record": { "id": "a", "n": 1 }, "valid_from": "2026-01-01" }] })
        );
        assert_eq!((all[0].unreadable[0].line, all[0].unreadable[0].field.as_deref()), (3, Some("n")));
        assert_eq!(all[1].unreadable[0].line, 5);
    }

    #[test]
    fn a_batch_of_nothing_but_errors_is_a_batch() {
        let all = batches("id,n,valid_from\na,x,\n", 2);
        assert_eq!((all.len(), all[0].body.as_slice()), (1, &b"{\"rows\":[]}"[..]));
        let all = batches("{\"id\":\"a\",\"valid_from\":20260101}", 2);
        assert_eq!(all[0].unreadable[0].field.as_deref(), Some("valid_from"));
    }

    #[test]
    fn a_batch_ends_before_a_row_that_has_no_room_in_it() {
        let row = format!("{}\n", json!({ "id": "x".repeat(900 << 10) }));
        let all = batches(&row.repeat(12), 1_000);
        assert_eq!(all.iter().map(|b| (b.first_line, b.rows)).collect::<Vec<_>>(), [(1, 4), (5, 4), (9, 4)]);
        // Quotation marks take twice their bytes, behind rows that fill a batch almost.
        let text = format!("id\n{}", format!("{}\nA{}\n", "y".repeat(1000 << 10), "\"".repeat(1000 << 10)).repeat(9));
        let all = batches(&text, 1_000);
        assert_eq!(all.iter().map(|b| b.rows).sum::<u64>(), 18);
        for batch in all {
            assert!(batch.body.len() <= BYTES && batch.unreadable.is_empty(), "{}", batch.body.len());
            assert!(serde_json::from_slice::<Value>(&batch.body).is_ok_and(|b| b["rows"].is_array()));
        }
    }

    #[test]
    fn a_row_that_grows_beyond_every_batch_is_refused_alone() {
        // 4 bytes of the file that are 18 as they are sent.
        let long = format!("{{\"id\":[{}1]}}\n", "1e15,".repeat(200_000));
        let all = batches(&format!("{{\"id\":\"a\"}}\n{long}{{\"id\":\"b\"}}\n"), 10);
        assert_eq!((all.len(), all[0].rows), (1, 3));
        let sent: Value = serde_json::from_slice(&all[0].body).unwrap();
        assert_eq!(sent["rows"].as_array().map(Vec::len), Some(2));
        assert!(
            all[0].unreadable[0].line == 2 && all[0].unreadable[0].en.contains("2048 KiB"),
            "{:?}",
            all[0].unreadable
        );
    }
}
