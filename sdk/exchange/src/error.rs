//! What can be wrong with a file, and with one line of it.

use crate::Kind;
use std::io;
use yunlong_formats::Explain;

/// What is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The item, when it is one.
    pub field: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

impl LineError {
    pub(crate) fn line(problem: Problem) -> Self {
        Self { field: None, problem }
    }

    pub(crate) fn field(field: &str, problem: Problem) -> Self {
        Self { field: Some(field.to_owned()), problem }
    }
}

/// What is wrong with a line or a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The record is over the limit.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A quotation mark opens a cell and none closes it.
    OpenQuote,
    /// The row has another number of cells than the row of names.
    Cells {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Bytes that are no text in the file's encoding.
    Encoding {
        /// The encoding's name.
        encoding: &'static str,
    },
    /// Text that an earlier conversion has damaged: it holds U+FFFD.
    Damaged,
    /// A cell that a spreadsheet would run as a formula.
    Formula,
    /// A cell that is not of the column's type.
    Kind {
        /// What it should be.
        expected: Kind,
    },
    /// No JSON.
    Json {
        /// The character of the line at which it ends to be JSON.
        column: usize,
    },
    /// JSON, but not an object.
    NotAnObject,
    /// A key that stands twice in an object.
    TwiceGiven,
    /// A value that is nested deeper than a record can be.
    TooDeep {
        /// How many levels of arrays and objects there may be, the record's own among them.
        limit: usize,
    },
    /// A control character other than a tab or the end of a line.
    Control {
        /// Which.
        character: char,
    },
    /// A value of Parquet that has no place in a record.
    Unsupported,
}

impl Explain for Problem {
    fn zh(&self) -> String {
        match self {
            Self::TooLong { limit } => {
                format!("这一行超过 {} KiB：请检查是否缺少换行或引号，或拆分内容", limit / 1024)
            }
            Self::OpenQuote => "引号没有闭合：请补上结尾的引号，单元格内的引号写成两个".into(),
            Self::Cells { found, expected } => {
                format!("这一行有 {found} 个单元格，应为 {expected} 个：请检查逗号和引号")
            }
            Self::Encoding { encoding } => format!("含有不属于 {encoding} 编码的字节：请用同一种编码重新保存文件"),
            Self::Damaged => "文字在以前的转码中已损坏（含 U+FFFD）：请从原始数据重新导出".into(),
            Self::Formula => {
                "以公式符号（= + - @）开头，电子表格会当作公式执行：若确为文字，请在前面加一个英文撇号 '".into()
            }
            Self::Kind { expected } => match expected {
                Kind::Integer => "应为整数，如 12，不带千位分隔符".into(),
                Kind::Decimal => "应为数字，如 12.5，不带千位分隔符".into(),
                Kind::Boolean => "应为 true 或 false（也可写 1、0、是、否）".into(),
                Kind::Json => "应为 JSON 文本".into(),
                Kind::Text => "应为文字".into(),
            },
            Self::Json { column } => format!("不是合法的 JSON：第 {column} 个字符处有误"),
            Self::NotAnObject => "应为一个 JSON 对象，如 {\"name\": \"…\"}".into(),
            Self::TwiceGiven => "同一个字段出现了两次：请只保留一个".into(),
            Self::TooDeep { limit } => format!("嵌套超过 {limit} 层：请检查括号，或把内容展平"),
            Self::Control { character } => {
                format!("含有不可见的控制字符 U+{:04X}：请删除，或从原始数据重新导出", u32::from(*character))
            }
            Self::Unsupported => "此类型的值不能导入：请在导出时转换为文字或数字".into(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::TooLong { limit } => format!(
                "the line is over {} KiB: look for a missing end of line or quotation mark, or split the content",
                limit / 1024
            ),
            Self::OpenQuote => {
                "a quotation mark is not closed: add the closing one, and double those inside a cell".into()
            }
            Self::Cells { found, expected } => {
                format!("the row has {found} cells, and should have {expected}: check commas and quotation marks")
            }
            Self::Encoding { encoding } => {
                format!("holds bytes that are no {encoding}: save the file again in one encoding")
            }
            Self::Damaged => {
                "the text was damaged by an earlier conversion (U+FFFD): export it again from its source".into()
            }
            Self::Formula => "begins like a formula (= + - @), which a spreadsheet would run: when it is meant as text, put an apostrophe ' before it".into(),
            Self::Kind { expected } => match expected {
                Kind::Integer => "must be an integer such as 12, without separators of thousands".into(),
                Kind::Decimal => "must be a number such as 12.5, without separators of thousands".into(),
                Kind::Boolean => "must be true or false (1, 0, 是 and 否 are taken too)".into(),
                Kind::Json => "must be JSON text".into(),
                Kind::Text => "must be text".into(),
            },
            Self::Json { column } => format!("is no JSON: wrong at character {column}"),
            Self::NotAnObject => "must be a JSON object such as {\"name\": \"…\"}".into(),
            Self::TwiceGiven => "the same field is given twice: keep one".into(),
            Self::TooDeep { limit } => {
                format!("is nested more than {limit} levels deep: check the brackets, or flatten the content")
            }
            Self::Control { character } => format!(
                "holds the control character U+{:04X}: remove it, or export the text again from its source",
                u32::from(*character)
            ),
            Self::Unsupported => "values of this type cannot be imported: export them as text or as numbers".into(),
        }
    }
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be opened.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its name tells no format.
    #[error("the name does not tell the format: it ends in none of .csv, .jsonl, .parquet")]
    Format,
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// Its text is in an encoding that is not taken without being named.
    #[error("the text looks like {guess}, neither UTF-8 nor GB 18030")]
    Encoding {
        /// What it looks like.
        guess: &'static str,
    },
    /// The row of names is unreadable.
    #[error("the first row, with the names of the columns, cannot be read: {}", .0.en())]
    Header(Problem),
    /// A column has a name that the dataset does not know.
    #[error("there is no column `{name}` in the dataset; it has: {known}")]
    UnknownColumn {
        /// The name in the file.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Two columns have the same name.
    #[error("the column `{0}` stands in the file twice")]
    Repeated(String),
    /// It is no Parquet, or a kind of it that is not read.
    #[error("this Parquet file cannot be read: {0}")]
    Parquet(String),
}

impl OpenError {
    /// What to do.
    #[must_use]
    pub fn next(&self) -> Option<&'static str> {
        Some(match self {
            Self::Io(_) => return None,
            Self::Format => "name the format: csv, jsonl or parquet",
            Self::Empty => "export it again",
            Self::Encoding { .. } => "convert the file to UTF-8, or name its encoding",
            Self::Header(_) => "the first row holds the names of the dataset's items, separated by commas",
            Self::UnknownColumn { .. } => "rename the column, or take it out",
            Self::Repeated(_) => "take one of the two out",
            Self::Parquet(_) => {
                "check that the file is whole; write it flat, compressed with Snappy, Zstandard, gzip, LZ4 or Brotli"
            }
        })
    }
}

/// Why reading stops in the middle of a file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system says so.
    #[error("reading stopped after line {after}: {source}")]
    Io {
        /// The last line that was read.
        after: u64,
        /// Why.
        source: io::Error,
    },
    /// The Parquet file is damaged here: nothing behind this row can be found.
    #[error("the Parquet file is damaged behind row {after}: {why}")]
    Parquet {
        /// The last row that was read.
        after: u64,
        /// Why.
        why: String,
    },
}

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A value is not of its column's type.
    #[error("row {row}: `{field}` is not of the column's type")]
    Value {
        /// The row, from 1.
        row: u64,
        /// The item.
        field: String,
    },
    /// Parquet cannot be written.
    #[error("writing Parquet: {0}")]
    Parquet(String),
}

impl From<parquet::errors::ParquetError> for WriteError {
    fn from(e: parquet::errors::ParquetError) -> Self {
        Self::Parquet(e.to_string())
    }
}
