//! Opening a file, whatever its format.

use crate::csv_read::CsvLines;
use crate::encoding::{Utf16, detect};
use crate::json_read::JsonLines;
use crate::parquet_read::ParquetRows;
use crate::{Columns, Encoding, Format, Line, OpenError, ReadError, sound};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Its format; `None`: as its name tells.
    pub format: Option<Format>,
    /// The encoding of its text; `None`: as it is recognized.
    pub encoding: Option<Encoding>,
    /// The longest record in bytes, as it stands in the file; a longer one is refused without being kept.
    pub max_record: usize,
}

impl Default for Options {
    fn default() -> Self {
        // Ten times what the largest records of the catalogue (a district's outline) take.
        Self { format: None, encoding: None, max_record: 1 << 20 }
    }
}

/// The bytes of a text file, in UTF-8 or in the encoding that each line is decoded from.
pub(crate) type Text = Box<dyn Read + Send>;

/// The records of a file.
pub struct Reader {
    lines: Lines,
    format: Format,
    encoding: Option<Encoding>,
    read: Arc<AtomicU64>,
    total: u64,
}

enum Lines {
    Csv(Box<CsvLines>),
    Json(JsonLines),
    Parquet(Box<ParquetRows>),
}

/// Opens a file.
///
/// # Errors
/// [`OpenError`]: the whole file cannot be read, or its columns are not the dataset's.
pub fn open(path: &Path, columns: &Columns, options: &Options) -> Result<Reader, OpenError> {
    let format = options.format.or_else(|| Format::of(path)).ok_or(OpenError::Format)?;
    let file = File::open(path)?;
    if format == Format::Parquet {
        return parquet(ParquetRows::open(file, columns, options.max_record)?);
    }
    open_stream(file, format, columns, options)
}

/// Opens what is no file: a Parquet is read whole into memory first, text is not.
///
/// # Errors
/// As [`open`].
pub fn open_stream<S: Read + Seek + Send + 'static>(
    mut stream: S,
    format: Format,
    columns: &Columns,
    options: &Options,
) -> Result<Reader, OpenError> {
    let begin = stream.stream_position()?;
    if format == Format::Parquet {
        let mut whole = Vec::new();
        stream.read_to_end(&mut whole)?;
        return parquet(ParquetRows::open(bytes::Bytes::from(whole), columns, options.max_record)?);
    }
    let total = stream.seek(io::SeekFrom::End(0))?.saturating_sub(begin);
    stream.seek(io::SeekFrom::Start(begin))?;
    let encoding = detect(&mut stream, options.encoding)?;
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: stream, read: read.clone() };
    let text: Text = match encoding {
        Encoding::Utf16Le | Encoding::Utf16Be => Box::new(Utf16::new(counted, encoding)),
        Encoding::Utf8 | Encoding::Gb18030 => Box::new(counted),
    };
    let lines = match format {
        Format::Csv => Lines::Csv(Box::new(CsvLines::open(text, encoding, columns, options.max_record)?)),
        _ => Lines::Json(JsonLines::new(text, encoding, options.max_record)),
    };
    Ok(Reader { lines, format, encoding: Some(encoding), read, total })
}

fn parquet(rows: ParquetRows) -> Result<Reader, OpenError> {
    let total = rows.total();
    Ok(Reader {
        lines: Lines::Parquet(Box::new(rows)),
        format: Format::Parquet,
        encoding: None,
        read: Arc::new(AtomicU64::new(0)),
        total,
    })
}

impl Reader {
    /// The format that was taken.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The encoding that was taken; Parquet has none.
    #[must_use]
    pub fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// How far it has been read, and how far it goes: bytes of text, rows of Parquet.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.total)
    }
}

impl Iterator for Reader {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match &mut self.lines {
            Lines::Csv(lines) => lines.next(),
            Lines::Json(lines) => lines.next(),
            Lines::Parquet(rows) => {
                let row = rows.next();
                if matches!(row, Some(Ok(_))) {
                    self.read.fetch_add(1, Ordering::Relaxed);
                }
                row
            }
        };
        Some(line?.map(|line| Line { content: line.content.and_then(sound::record), ..line }))
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
