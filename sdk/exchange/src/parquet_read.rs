//! Parquet, row by row.

use crate::{Column, Columns, Kind, Line, LineError, MAX_DEPTH, OpenError, Problem, ReadError, cell, sound};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde_json::{Map, Number, Value};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The rows of a file.
pub(crate) struct ParquetRows {
    rows: RowIter<'static>,
    columns: Vec<Column>,
    limit: usize,
    total: u64,
    read: u64,
    stopped: bool,
}

/// A damaged file is an error, also where the decoder meets it with a panic.
fn guarded<T>(read: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(outcome) => outcome.map_err(|e| e.to_string()),
        Err(_) => Err("the decoder met what cannot be".to_owned()),
    }
}

impl ParquetRows {
    pub(crate) fn open<C: ChunkReader + 'static>(file: C, known: &Columns, limit: usize) -> Result<Self, OpenError> {
        let reader = guarded(|| SerializedFileReader::new(file)).map_err(OpenError::Parquet)?;
        let metadata = reader.metadata().file_metadata();
        let total = u64::try_from(metadata.num_rows()).unwrap_or(0);
        let mut columns = Vec::new();
        let mut names = BTreeSet::new();
        for field in metadata.schema().get_fields() {
            let column = known
                .called(field.name())
                .ok_or_else(|| OpenError::UnknownColumn { name: field.name().to_owned(), known: known.names() })?;
            if !names.insert(column.name.clone()) {
                return Err(OpenError::Repeated(column.name.clone()));
            }
            columns.push(column.clone());
        }
        let rows = RowIter::from_file_into(Box::new(reader));
        Ok(Self { rows, columns, limit, total, read: 0, stopped: false })
    }

    /// How many rows there are.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    fn record(&self, row: Row) -> Result<Map<String, Value>, LineError> {
        let mut record = Map::new();
        let mut length = 0;
        for (column, (_, field)) in self.columns.iter().zip(row.into_columns()) {
            let value = value_of(field, column.kind).map_err(|p| LineError::field(&column.name, p))?;
            let Some(value) = value else { continue };
            length += value.as_str().map_or_else(|| value.to_string().len(), str::len);
            if length > self.limit {
                return Err(LineError::field(&column.name, Problem::TooLong { limit: self.limit }));
            }
            record.insert(column.name.clone(), value);
        }
        Ok(record)
    }
}

impl Iterator for ParquetRows {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        match guarded(|| self.rows.next().transpose()) {
            Ok(Some(row)) => {
                self.read += 1;
                Some(Ok(Line { number: self.read, content: self.record(row) }))
            }
            Ok(None) if self.read == self.total => None,
            Ok(None) => self.stop(format!("{} rows were announced", self.total)),
            Err(why) => self.stop(why),
        }
    }
}

impl ParquetRows {
    fn stop(&mut self, why: String) -> Option<Result<Line, ReadError>> {
        self.stopped = true;
        Some(Err(ReadError::Parquet { after: self.read, why }))
    }
}

/// The value of a column's field; `None` where there is none.
fn value_of(field: Field, kind: Kind) -> Result<Option<Value>, Problem> {
    let Some(value) = json(field, MAX_DEPTH - 1)? else { return Ok(None) };
    let wrong = || Problem::Kind { expected: kind };
    Ok(Some(match (kind, value) {
        (Kind::Text, Value::String(text)) if text.contains('\u{fffd}') => return Err(Problem::Damaged),
        (Kind::Text, value @ Value::String(_)) => value,
        (Kind::Text, Value::Number(n)) => n.to_string().into(),
        (Kind::Integer, Value::Number(n)) if n.is_i64() => n.into(),
        (Kind::Decimal, value @ Value::Number(_)) | (Kind::Boolean, value @ Value::Bool(_)) => value,
        (Kind::Json, Value::String(text)) | (Kind::Integer | Kind::Decimal | Kind::Boolean, Value::String(text)) => {
            cell::value_of(&text, kind)?
        }
        (Kind::Json, value) => value,
        _ => return Err(wrong()),
    }))
}

/// A field as JSON, at most `levels` levels of it: dates and times as text, as they stand in records.
fn json(field: Field, levels: usize) -> Result<Option<Value>, Problem> {
    let float = |f: f64| Number::from_f64(f).map(Value::Number).ok_or(Problem::Kind { expected: Kind::Decimal });
    Ok(Some(match field {
        Field::Null => return Ok(None),
        Field::Bool(b) => b.into(),
        Field::Byte(n) => n.into(),
        Field::Short(n) => n.into(),
        Field::Int(n) => n.into(),
        Field::Long(n) => n.into(),
        Field::UByte(n) => n.into(),
        Field::UShort(n) => n.into(),
        Field::UInt(n) => n.into(),
        Field::ULong(n) => n.into(),
        Field::Float16(f) => float(f64::from(f.to_f32()))?,
        // By way of its digits: 0.1 stays 0.1.
        Field::Float(f) => float(f.to_string().parse().unwrap_or(f64::NAN))?,
        Field::Double(f) => float(f)?,
        Field::Decimal(_) => cell::value_of(&field.to_string(), Kind::Decimal)?,
        Field::Str(text) => text.into(),
        Field::Bytes(bytes) => {
            String::from_utf8(bytes.data().to_vec()).map_err(|_| Problem::Encoding { encoding: "UTF-8" })?.into()
        }
        Field::Date(days) => Date::constant(1970, 1, 1)
            .checked_add(i64::from(days).days())
            .map_err(|_| Problem::Unsupported)?
            .to_string()
            .into(),
        Field::TimestampMillis(n) => time(Timestamp::from_millisecond(n))?,
        Field::TimestampMicros(n) => time(Timestamp::from_microsecond(n))?,
        Field::TimeMillis(_) | Field::TimeMicros(_) => return Err(Problem::Unsupported),
        Field::Group(_) | Field::ListInternal(_) if levels == 0 => return Err(sound::too_deep()),
        Field::Group(row) => {
            let mut map = Map::new();
            for (name, field) in row.into_columns() {
                if let Some(value) = json(field, levels - 1)? {
                    map.insert(name, value);
                }
            }
            map.into()
        }
        Field::ListInternal(list) => {
            let elements = list.elements().iter().map(|f| Ok(json(f.clone(), levels - 1)?.unwrap_or(Value::Null)));
            elements.collect::<Result<Vec<_>, _>>()?.into()
        }
        Field::MapInternal(_) => return Err(Problem::Unsupported),
    }))
}

fn time(at: Result<Timestamp, jiff::Error>) -> Result<Value, Problem> {
    at.map(|t| t.to_string().into()).map_err(|_| Problem::Unsupported)
}
