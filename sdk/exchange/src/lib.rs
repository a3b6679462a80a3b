//! Records in files: CSV, JSON Lines and Parquet, read and written.
//!
//! [`open`] answers an iterator of [`Line`]s: the record, or what is wrong with it, with the line of
//! the file. A line that cannot be read costs that line and nothing else. What may be wrong with the
//! whole file (it is not there, its encoding is unknown, a column has no name) is an [`OpenError`].
//! [`Writer`] writes the three formats; the file appears under its name when it is complete, and one that was
//! interrupted goes on where it was.
//! [`ErrorFile`] is where an import writes down what it refused.
//!
//! # Encodings
//! UTF-8, with or without a byte order mark; UTF-16 with one; GBK and GB 18030, which are recognized and
//! converted. [`Reader::encoding`] tells which one was taken. Text that an earlier conversion has
//! damaged (U+FFFD) is refused in every encoding.
//!
//! # Cells of CSV
//! An empty cell is an absent item. A cell of text that a spreadsheet would run as a formula is refused
//! at import: one that begins with `=`, `+`, `-`, `@`, their full-width forms, a tab or the end of a line,
//! blanks before it or not. The export puts an apostrophe before such a text, and the import takes one
//! apostrophe away where what follows it (after further apostrophes) would be a formula: so each text
//! comes back as it was. Cells of numbers are numbers, `-5` among them.
//!
//! # What no record holds
//! Values nested more than [`MAX_DEPTH`] levels deep, and control characters other than tabs and ends of lines, in
//! whatever format. Each costs its line: behind this crate a record can be put into a document of
//! a few more levels, and grows to a few times its bytes at most when it is written as JSON.
//!
//! # Memory
//! At most one record's limit ([`Options::max_record`]) and the file's buffer. A longer line is skipped
//! as it is read.
#![deny(missing_docs)]

mod cell;
mod columns;
mod csv_read;
mod encoding;
mod error;
mod error_file;
mod json_read;
mod lines;
mod parquet_read;
mod parquet_write;
mod reader;
mod sound;
mod write;

pub use cell::neutralise;
pub use columns::{Column, Columns, Kind};
pub use encoding::Encoding;
pub use error::{LineError, OpenError, Problem, ReadError, WriteError};
pub use error_file::{ErrorFile, Refusal};
pub use reader::{Options, Reader, open, open_stream};
pub use sound::MAX_DEPTH;
pub use write::{Mark, Writer};

use serde_json::{Map, Value};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// How records stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values with a row of names (RFC 4180).
    Csv,
    /// A JSON object on each line.
    JsonLines,
    /// Apache Parquet, a flat schema.
    Parquet,
}

impl Format {
    /// The format that a file's name tells by its end.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "csv" => Self::Csv,
            "jsonl" | "ndjson" => Self::JsonLines,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }

    /// The end of a file's name, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Ok(match text {
            "csv" => Self::Csv,
            "jsonl" => Self::JsonLines,
            "parquet" => Self::Parquet,
            _ => return Err(UnknownFormat),
        })
    }
}

/// A format's name that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format: write csv, jsonl or parquet")]
pub struct UnknownFormat;

/// One record of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Where it begins: the line of the file, from 1, the row of names among them; of Parquet the row, from 1.
    pub number: u64,
    /// The record, or what is wrong with it.
    pub content: Result<Map<String, Value>, LineError>,
}
