//! CSV: rows below a row of names.
//!
//! The bytes are cut into rows before they are decoded. That is sound, since in UTF-8 and in GB 18030
//! no byte of a longer character is a comma, a quotation mark or an end of line.

use crate::lines::Source;
use crate::reader::Text;
use crate::{Column, Columns, Encoding, Line, LineError, OpenError, Problem, ReadError, cell};
use csv_core::{ReadRecordResult, Reader as Core};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io;

/// More cells than a dataset can have; those behind it are counted, not kept.
const CELLS: usize = 4096;

/// The rows of a file. A row whose cells are all empty, as spreadsheets leave them at the end, is passed over.
pub(crate) struct CsvLines {
    rows: Rows,
    columns: Vec<Column>,
    encoding: Encoding,
    stopped: bool,
}

impl CsvLines {
    pub(crate) fn open(text: Text, encoding: Encoding, known: &Columns, limit: usize) -> Result<Self, OpenError> {
        let mut rows = Rows::new(text, limit);
        let header = rows.next()?.ok_or(OpenError::Empty)?;
        header.cut.map_err(OpenError::Header)?;
        let mut columns = Vec::new();
        let mut names = BTreeSet::new();
        for raw in rows.cells() {
            let name = encoding.decode(raw).map_err(OpenError::Header)?;
            let name = name.trim_start_matches('\u{feff}').trim();
            let column = known
                .called(name)
                .ok_or_else(|| OpenError::UnknownColumn { name: name.to_owned(), known: known.names() })?;
            if !names.insert(column.name.clone()) {
                return Err(OpenError::Repeated(column.name.clone()));
            }
            columns.push(column.clone());
        }
        Ok(Self { rows, columns, encoding, stopped: false })
    }

    fn advance(&mut self) -> io::Result<Option<Line>> {
        loop {
            let Some(Row { number, cut }) = self.rows.next()? else { return Ok(None) };
            let content = match cut {
                Err(problem) => Err(LineError::line(problem)),
                Ok(()) if self.rows.cells().all(<[u8]>::is_empty) => continue,
                Ok(()) => self.record(),
            };
            return Ok(Some(Line { number, content }));
        }
    }

    /// The record of the row that was cut last.
    fn record(&self) -> Result<Map<String, Value>, LineError> {
        let (found, expected) = (self.rows.count, self.columns.len());
        if found != expected {
            return Err(LineError::line(Problem::Cells { found, expected }));
        }
        let mut record = Map::new();
        for (column, raw) in self.columns.iter().zip(self.rows.cells()) {
            if raw.is_empty() {
                continue;
            }
            let value = self.encoding.decode(raw).and_then(|text| cell::value_of(&text, column.kind));
            record.insert(column.name.clone(), value.map_err(|p| LineError::field(&column.name, p))?);
        }
        Ok(record)
    }
}

impl Iterator for CsvLines {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        self.advance()
            .map_err(|source| {
                self.stopped = true;
                ReadError::Io { after: self.rows.source.line() - 1, source }
            })
            .transpose()
    }
}

/// Where a row begins, and whether it could be cut into cells.
struct Row {
    number: u64,
    cut: Result<(), Problem>,
}

/// Cuts bytes into rows and those into cells, which stay here until the next row.
struct Rows {
    source: Source<Text>,
    core: Core,
    limit: usize,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// The cells of the last row, those that were not kept among them.
    count: usize,
}

impl Rows {
    fn new(text: Text, limit: usize) -> Self {
        Self {
            source: Source::new(text),
            core: Core::new(),
            limit,
            text: vec![0; limit],
            ends: vec![0; CELLS],
            count: 0,
        }
    }

    fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let ends = &self.ends[..self.count.min(CELLS)];
        ends.iter().enumerate().map(|(i, end)| &self.text[if i == 0 { 0 } else { ends[i - 1] }..*end])
    }

    fn next(&mut self) -> io::Result<Option<Row>> {
        if !self.skip_blank()? {
            return Ok(None);
        }
        let number = self.source.line();
        let (mut scanned, mut written, mut kept) = (0, 0, 0);
        self.count = 0;
        loop {
            let mut input = &self.source.waiting()[scanned..];
            let mut at_end = false;
            if input.is_empty() {
                if scanned > self.limit {
                    return self.give_up(number, scanned, Problem::TooLong { limit: self.limit }).map(Some);
                }
                if self.source.more()? {
                    continue;
                }
                // The last row may lack its end. Only inside of quotation marks is this one none.
                (input, at_end) = (b"\n", true);
            }
            let (result, read, wrote, ends) =
                self.core.read_record(input, &mut self.text[written..], &mut self.ends[kept..]);
            scanned += if at_end { 0 } else { read };
            written += wrote;
            kept += ends;
            match result {
                ReadRecordResult::InputEmpty if at_end => {
                    return self.give_up(number, scanned, Problem::OpenQuote).map(Some);
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    return self.give_up(number, scanned, Problem::TooLong { limit: self.limit }).map(Some);
                }
                // The cells behind are counted in the room of the last ones.
                ReadRecordResult::OutputEndsFull => {
                    self.count += kept;
                    kept = 0;
                }
                ReadRecordResult::Record | ReadRecordResult::End => {
                    if !well_quoted(&self.source.waiting()[..scanned]) {
                        return self.give_up(number, scanned, Problem::OpenQuote).map(Some);
                    }
                    self.count += kept;
                    self.source.take(scanned);
                    return Ok(Some(Row { number, cut: Ok(()) }));
                }
            }
        }
    }

    /// Passes over empty lines; `false` at the end of the file.
    fn skip_blank(&mut self) -> io::Result<bool> {
        loop {
            let waiting = self.source.waiting();
            let blank = waiting.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            let more = blank < waiting.len();
            self.source.take(blank);
            if more {
                return Ok(true);
            }
            if !self.source.more()? {
                return Ok(false);
            }
        }
    }

    /// Gives the row up and goes on behind the first of its lines: where a quotation mark was
    /// forgotten, the rows below it are not lost with it.
    fn give_up(&mut self, number: u64, scanned: usize, problem: Problem) -> io::Result<Row> {
        self.core = Core::new();
        let problem = match self.source.waiting()[..scanned].iter().position(|b| *b == b'\n') {
            Some(end) => {
                self.source.take(end + 1);
                Problem::OpenQuote
            }
            None => {
                self.source.skip_line()?;
                problem
            }
        };
        Ok(Row { number, cut: Err(problem) })
    }
}

/// Whether a row that goes over several lines is one row: a quotation mark that was forgotten is
/// closed by the first one of a later row, and behind that no comma stands.
fn well_quoted(row: &[u8]) -> bool {
    let row = row.trim_ascii_end();
    if !row.contains(&b'\n') {
        return true;
    }
    let (mut begins, mut quoted) = (true, false);
    let mut bytes = row.iter().peekable();
    while let Some(byte) = bytes.next() {
        match (quoted, byte) {
            (true, b'"') => match bytes.peek() {
                Some(b'"') => _ = bytes.next(),
                None | Some(b',' | b'\r' | b'\n') => quoted = false,
                Some(_) => return false,
            },
            (true, _) => {}
            (false, b'"') if begins => (quoted, begins) = (true, false),
            (false, byte) => begins = *byte == b',',
        }
    }
    true
}
