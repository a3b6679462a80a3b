//! Tables as files: CSV (RFC 4180) and workbooks (XLSX, ECMA-376). It needs the feature `sheet`, so that an app without files
//! does not carry the writer of workbooks.
//!
//! ```
//! use yunlong_sdk::{Request, Response, sheet::{Cell, Format, Sheet}, web};
//!
//! /// `/sales/file?format=csv`: what [`Listing::files`](crate::page::Listing::files) leads to.
//! fn file(req: &Request) -> web::Result<Response> {
//!     let format = Format::asked(req)?;
//!     let sheet = Sheet::new(req.t("销售", "Sales"), [req.t("县区", "District"), req.t("金额（元）", "Amount (yuan)")])
//!         .row([Cell::from("丰县"), Cell::Fen(108_000)])
//!         .row([Cell::from("=HYPERLINK(\"…\")"), Cell::Fen(-500)]);
//!     format.response("sales-2026-10", "2026-10-31", &[sheet])
//! }
//! ```

mod csv;
mod xlsx;

pub use csv::csv;
pub use xlsx::xlsx;

use crate::web::{self, Problem, Request, Response};

/// A cell. Amounts and numbers are numbers in the file, text is text: nothing that somebody typed becomes a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number with places behind the point: 9797 and 2 are 97.97.
    Decimal {
        /// The number in units of its last place.
        units: i64,
        /// How many places, at most 18.
        scale: u8,
    },
    /// An amount in fen, written in yuan with two places.
    Fen(i64),
    /// Nothing.
    Empty,
}

impl Cell {
    /// A number as it is written, in both kinds of files: `-1080.00`. `None` for words and for nothing.
    fn decimal(&self) -> Option<(i64, u8)> {
        match *self {
            Self::Number(units) => Some((units, 0)),
            Self::Decimal { units, scale } => Some((units, scale.min(18))),
            Self::Fen(fen) => Some((fen, 2)),
            Self::Text(_) | Self::Empty => None,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

macro_rules! numbers {
    ($($kind:ty),*) => { $(
        impl From<$kind> for Cell {
            fn from(number: $kind) -> Self {
                Self::Number(number.into())
            }
        }
    )* };
}

numbers!(i32, u32, i64);

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// A table of a file: its name, its headings and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    name: String,
    headings: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// A table without rows.
    #[must_use]
    pub fn new<H: Into<String>>(name: impl Into<String>, headings: impl IntoIterator<Item = H>) -> Self {
        Self { name: name.into(), headings: headings.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// With one more row.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Self {
        self.push(cells);
        self
    }

    /// With more rows.
    #[must_use]
    pub fn rows<R: IntoIterator<Item = Cell>>(mut self, rows: impl IntoIterator<Item = R>) -> Self {
        rows.into_iter().for_each(|row| self.push(row));
        self
    }

    /// Adds a row.
    pub fn push(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The table cannot be written as CSV.
    #[error("CSV: {0}")]
    Csv(String),
    /// The tables make no workbook: more rows than a sheet has, a text of more than 32,767 characters, two sheets of one name.
    #[error("XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

impl From<SheetError> for web::Error {
    fn from(error: SheetError) -> Self {
        Problem::internal(&error.to_string()).into()
    }
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Of the first table.
    Csv,
    /// Of all tables.
    Xlsx,
}

impl Format {
    /// What `format` in the query asks for.
    ///
    /// # Errors
    /// A 404 for another one.
    pub fn asked(request: &Request) -> web::Result<Self> {
        match request.query_value("format").as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("xlsx") => Ok(Self::Xlsx),
            _ => Err(Problem::not_found().into()),
        }
    }

    /// The tables as a file to save, `name` without its ending. `day` (`YYYY-MM-DD`) is the one that the workbook says it was
    /// made on: with the day that its figures are of, the same figures make the same file.
    ///
    /// # Errors
    /// An internal problem that says why there is no file.
    pub fn response(self, name: &str, day: &str, sheets: &[Sheet]) -> web::Result<Response> {
        let response = match self {
            Self::Csv => {
                let body = sheets.first().map_or_else(|| Ok(Vec::new()), csv)?;
                Response::download("text/csv; charset=utf-8; header=present", &format!("{name}.csv"), body)
            }
            Self::Xlsx => Response::download(
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                &format!("{name}.xlsx"),
                xlsx(sheets, day)?,
            ),
        };
        Ok(response.header("cache-control", "no-store"))
    }
}
