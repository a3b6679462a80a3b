//! Writing a file that appears under its name only when it is complete.

use crate::parquet_write::ParquetSink;
use crate::{Column, Columns, Format, Kind, WriteError, cell};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Without it, spreadsheets of Chinese systems take UTF-8 for GBK.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes records.
///
/// What is written goes to a file beside, with `.part` behind its name, which [`Writer::finish`] brings to
/// the disk and renames. A writer that is dropped before removes it, [`Writer::leave`] leaves it for
/// [`Writer::resume`].
///
/// Only who writes it may read it: it can be full of people.
///
/// A Parquet tells only at its end what is in it, so that half of one is nothing: its part is JSON Lines, of which
/// [`Writer::finish`] makes the Parquet.
pub struct Writer {
    path: PathBuf,
    part: PathBuf,
    format: Format,
    /// `None` when the file is finished, or could not be.
    sink: Option<Sink>,
    columns: Columns,
    rows: u64,
}

/// How far a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its bytes.
    pub bytes: u64,
    /// The records in them.
    pub rows: u64,
}

enum Sink {
    Csv(Box<csv::Writer<File>>),
    Json(BufWriter<File>),
}

impl Writer {
    /// Begins a file. One of this name is replaced when the new one is finished.
    ///
    /// # Errors
    /// The part cannot be written, or another process writes it.
    pub fn create(path: &Path, format: Format, columns: Columns) -> Result<Self, WriteError> {
        let part = part_of(path);
        let mut file = private(File::options().create(true).write(true).truncate(false)).open(&part)?;
        // What a killed writer left is taken over, what a living one writes is not.
        lock(&file, &part)?;
        make_private(&file)?;
        file.set_len(0)?;
        let sink = match format {
            Format::Csv => {
                file.write_all(MARK)?;
                let mut out = csv::Writer::from_writer(file);
                out.write_record(columns.iter().map(|c| c.name.as_str())).map_err(csv_error)?;
                Sink::Csv(Box::new(out))
            }
            Format::JsonLines | Format::Parquet => Sink::Json(BufWriter::new(file)),
        };
        Ok(Self { path: path.to_owned(), part, format, sink: Some(sink), columns, rows: 0 })
    }

    /// Goes on behind a mark of a writer that was killed or left its part; what stands behind it is cut off.
    /// `None` when there is no such part.
    ///
    /// # Errors
    /// The part cannot be written, or another process writes it.
    pub fn resume(path: &Path, format: Format, columns: Columns, mark: Mark) -> Result<Option<Self>, WriteError> {
        let part = part_of(path);
        let mut file = match File::options().write(true).open(&part) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        lock(&file, &part)?;
        if file.metadata()?.len() < mark.bytes {
            return Ok(None);
        }
        file.set_len(mark.bytes)?;
        file.seek(SeekFrom::End(0))?;
        let sink = match format {
            Format::Csv => Sink::Csv(Box::new(csv::Writer::from_writer(file))),
            _ => Sink::Json(BufWriter::new(file)),
        };
        Ok(Some(Self { path: path.to_owned(), part, format, sink: Some(sink), columns, rows: mark.rows }))
    }

    /// Brings what was written to the disk, and answers how far it is.
    ///
    /// # Errors
    /// The disk says no.
    pub fn mark(&mut self) -> Result<Mark, WriteError> {
        let mut file = match &mut self.sink {
            None => return Err(io::Error::other("the file is finished").into()),
            Some(Sink::Csv(out)) => {
                out.flush()?;
                out.get_ref()
            }
            Some(Sink::Json(out)) => {
                out.flush()?;
                out.get_ref()
            }
        };
        file.sync_data()?;
        Ok(Mark { bytes: file.stream_position()?, rows: self.rows })
    }

    /// How many records it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends without a file, and leaves the part.
    pub fn leave(mut self) {
        drop(self.sink.take());
    }

    /// Writes a record: of its items those that are columns. A `null` is an absent item.
    ///
    /// # Errors
    /// A value is not of its column's type, or the disk says no.
    pub fn write(&mut self, record: &Map<String, Value>) -> Result<(), WriteError> {
        self.rows += 1;
        let value = |c: &Column| record.get(&c.name).filter(|v| !v.is_null());
        let wrong = |c: &Column| WriteError::Value { row: self.rows, field: c.name.clone() };
        match &mut self.sink {
            None => Err(io::Error::other("the file is finished").into()),
            Some(Sink::Csv(out)) => {
                for column in self.columns.iter() {
                    let cell = match value(column) {
                        None => Cow::Borrowed(""),
                        Some(v) => text(v, column.kind).ok_or_else(|| wrong(column))?,
                    };
                    out.write_field(cell.as_bytes()).map_err(csv_error)?;
                }
                out.write_record(None::<&[u8]>).map_err(csv_error)
            }
            Some(Sink::Json(out)) => {
                let mut separator = b'{';
                for column in self.columns.iter() {
                    let Some(v) = value(column) else { continue };
                    if !fits(v, column.kind) {
                        return Err(wrong(column));
                    }
                    out.write_all(&[separator])?;
                    separator = b',';
                    serde_json::to_writer(&mut *out, &column.name).map_err(io::Error::from)?;
                    out.write_all(b":")?;
                    serde_json::to_writer(&mut *out, v).map_err(io::Error::from)?;
                }
                out.write_all(if separator == b'{' { b"{}\n" } else { b"}\n" })?;
                Ok(())
            }
        }
    }

    /// Brings the file to the disk and gives it its name; answers how many records it holds.
    ///
    /// # Errors
    /// The disk says no: then there is no file, or the old one, and the part stays.
    pub fn finish(mut self) -> Result<u64, WriteError> {
        let file = match self.sink.take() {
            None => return Err(io::Error::other("the file is finished").into()),
            Some(Sink::Csv(out)) => out.into_inner().map_err(|e| e.into_error())?,
            Some(Sink::Json(out)) => out.into_inner().map_err(io::IntoInnerError::into_error)?,
        };
        if self.format == Format::Parquet {
            let mut whole = self.part.clone().into_os_string();
            whole.push(".parquet");
            self.make_parquet(whole.as_ref()).inspect_err(|_| _ = fs::remove_file(&whole))?;
            fs::rename(&whole, &self.path)?;
            fs::remove_file(&self.part)?;
        } else {
            file.sync_all()?;
            fs::rename(&self.part, &self.path)?;
        }
        // The name itself must survive a power failure.
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        // With it the lock goes: until here nobody else may write the part.
        drop(file);
        Ok(self.rows)
    }

    /// Makes the Parquet of the part.
    fn make_parquet(&self, whole: &Path) -> Result<(), WriteError> {
        // What a killed process left under this name keeps the permissions that it had.
        let file = private(File::options().create(true).write(true).truncate(true)).open(whole)?;
        make_private(&file)?;
        let mut sink = ParquetSink::new(file, &self.columns)?;
        for line in BufReader::new(File::open(&self.part)?).lines() {
            let record: Map<String, Value> = serde_json::from_str(&line?).map_err(io::Error::from)?;
            sink.write(self.columns.iter().map(|c| record.get(&c.name)))?;
        }
        Ok(sink.finish()?.sync_all()?)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.sink.take().is_some() {
            _ = fs::remove_file(&self.part);
        }
    }
}

/// A new file is its owner's alone, where the system knows owners.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A file that was there is its owner's alone.
fn make_private(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// `people.csv` → `people.csv.part`.
fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

fn lock(file: &File, part: &Path) -> io::Result<()> {
    file.try_lock().map_err(|e| match e {
        TryLockError::WouldBlock => io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!("{} is being written by another process", part.display()),
        ),
        TryLockError::Error(e) => e,
    })
}

fn csv_error(e: csv::Error) -> WriteError {
    WriteError::Io(e.into())
}

/// Whether a value is of a column's type.
fn fits(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Text => value.is_string(),
        Kind::Integer => value.is_i64(),
        Kind::Decimal => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Json => true,
    }
}

/// A value as a cell.
fn text(value: &Value, kind: Kind) -> Option<Cow<'_, str>> {
    if !fits(value, kind) {
        return None;
    }
    Some(match value {
        Value::String(text) if kind == Kind::Text => cell::neutralise(text),
        other => other.to_string().into(),
    })
}
