//! Lines of a file, gathered into what is sent at once.
//!
//! The same file always makes the same batches, since what the platform has of an import is known by
//! the number of the batch.

use super::dataset::{VALID_FROM, VALID_TO};
use crate::CliError;
use serde::Serialize;
use serde_json::{Map, Value};
use yunlong_exchange::{Line, Refusal};
use yunlong_formats::Explain as _;

/// A batch ends when its rows have so many bytes of JSON: a request stays well below what is taken.
const BYTES: usize = 4 << 20;

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

/// Makes batches.
pub(crate) struct Batches<S> {
    source: S,
    size: u64,
    /// Whether the days stand beside the items, and not among them.
    days_beside: bool,
    over: bool,
}

impl<S: Source> Batches<S> {
    /// Batches of `size` rows. `days_beside`: `valid_from` and `valid_to` are no items of the dataset.
    pub(crate) fn new(source: S, size: u32, days_beside: bool) -> Self {
        Self { source, size: size.into(), days_beside, over: false }
    }

    fn add(&self, batch: &mut Batch, line: Line) -> Result<(), CliError> {
        if batch.rows == 0 {
            batch.first_line = line.number;
        }
        batch.rows += 1;
        let mut record = match line.content {
            Ok(record) => record,
            Err(error) => {
                let (zh, en) = (error.problem.zh(), error.problem.en());
                batch.unreadable.push(Refusal { line: line.number, field: error.field, zh, en });
                return Ok(());
            }
        };
        let mut day = |name: &str| record.remove(name).filter(|v| self.days_beside && !v.is_null());
        let (valid_from, valid_to) = if self.days_beside { (day(VALID_FROM), day(VALID_TO)) } else { (None, None) };
        if let Some((field, _)) = [(VALID_FROM, &valid_from), (VALID_TO, &valid_to)]
            .into_iter()
            .find(|(_, v)| v.as_ref().is_some_and(|v| !v.is_string()))
        {
            let (zh, en) = ("应为日期，如 2026-01-01".into(), "must be a date such as 2026-01-01".into());
            batch.unreadable.push(Refusal { line: line.number, field: Some(field.into()), zh, en });
            return Ok(());
        }
        batch.body.extend_from_slice(if batch.body.is_empty() { b"{\"rows\":[" } else { b"," });
        let row = Row { line: line.number, record: &record, valid_from, valid_to };
        serde_json::to_writer(&mut batch.body, &row).map_err(|e| CliError::io("a row")(e.into()))
    }
}

impl<S: Source> Iterator for Batches<S> {
    type Item = Result<Batch, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let mut batch = Batch::default();
        while batch.rows < self.size && batch.body.len() < BYTES {
            let Some(line) = self.source.next() else {
                self.over = true;
                break;
            };
            if let Err(error) = line.and_then(|line| self.add(&mut batch, line)) {
                self.over = true;
                return Some(Err(error));
            }
        }
        batch.body.extend_from_slice(if batch.body.is_empty() { b"{\"rows\":[]}" } else { b"]}" });
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
    fn long_rows_make_short_batches() {
        let row = format!("{}\n", json!({ "id": "x".repeat(900 << 10) }));
        let all = batches(&row.repeat(12), 1_000);
        assert_eq!(all.iter().map(|b| b.rows).collect::<Vec<_>>(), [5, 5, 2]);
    }
}
