//! Parquet, a group of rows at a time.

use crate::{Column, Columns, Kind, WriteError};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;
use std::fs::File;
use std::sync::Arc;

/// A group is written when it has so many rows …
const ROWS: usize = 50_000;
/// … or so many bytes of text.
const BYTES: usize = 16 << 20;

/// A file that is written.
pub(crate) struct ParquetSink {
    file: SerializedFileWriter<File>,
    columns: Vec<Buffer>,
    rows: usize,
    bytes: usize,
}

/// The values of a column, and for each row whether it has one.
struct Buffer {
    values: Values,
    present: Vec<i16>,
}

enum Values {
    Text(Vec<ByteArray>),
    /// JSON as text: a string stands in its quotation marks.
    Json(Vec<ByteArray>),
    Integer(Vec<i64>),
    Decimal(Vec<f64>),
    Boolean(Vec<bool>),
}

impl ParquetSink {
    pub(crate) fn new(file: File, columns: &Columns) -> Result<Self, WriteError> {
        let fields = columns.iter().map(|c| field(c).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        let schema = Arc::new(Type::group_type_builder("record").with_fields(fields).build()?);
        let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
        let columns = columns.iter().map(|c| Buffer::new(c.kind)).collect();
        Ok(Self { file: SerializedFileWriter::new(file, schema, properties)?, columns, rows: 0, bytes: 0 })
    }

    /// Takes a row, whose values are of their columns' types.
    pub(crate) fn write<'a>(&mut self, row: impl Iterator<Item = Option<&'a Value>>) -> Result<(), WriteError> {
        for (buffer, value) in self.columns.iter_mut().zip(row) {
            self.bytes += buffer.push(value);
        }
        self.rows += 1;
        if self.rows >= ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        let mut group = self.file.next_row_group()?;
        for buffer in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            let present = Some(buffer.present.as_slice());
            match &buffer.values {
                Values::Text(v) | Values::Json(v) => column.typed::<ByteArrayType>().write_batch(v, present, None)?,
                Values::Integer(v) => column.typed::<Int64Type>().write_batch(v, present, None)?,
                Values::Decimal(v) => column.typed::<DoubleType>().write_batch(v, present, None)?,
                Values::Boolean(v) => column.typed::<BoolType>().write_batch(v, present, None)?,
            };
            column.close()?;
            buffer.clear();
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<File, WriteError> {
        if self.rows > 0 {
            self.flush()?;
        }
        Ok(self.file.into_inner()?)
    }
}

fn field(column: &Column) -> Result<Type, parquet::errors::ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Decimal => (Physical::DOUBLE, None),
        Kind::Boolean => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

impl Buffer {
    fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Text => Values::Text(Vec::new()),
            Kind::Json => Values::Json(Vec::new()),
            Kind::Integer => Values::Integer(Vec::new()),
            Kind::Decimal => Values::Decimal(Vec::new()),
            Kind::Boolean => Values::Boolean(Vec::new()),
        };
        Self { values, present: Vec::new() }
    }

    /// Adds a value; answers how much text it is.
    fn push(&mut self, value: Option<&Value>) -> usize {
        self.present.push(value.is_some().into());
        let Some(value) = value else { return 0 };
        let add = |all: &mut Vec<ByteArray>, text: String| {
            let length = text.len();
            all.push(text.into_bytes().into());
            length
        };
        match &mut self.values {
            Values::Text(all) => return add(all, value.as_str().unwrap_or_default().to_owned()),
            Values::Json(all) => return add(all, value.to_string()),
            Values::Integer(all) => all.push(value.as_i64().unwrap_or_default()),
            Values::Decimal(all) => all.push(value.as_f64().unwrap_or_default()),
            Values::Boolean(all) => all.push(value.as_bool().unwrap_or_default()),
        }
        0
    }

    fn clear(&mut self) {
        self.present.clear();
        match &mut self.values {
            Values::Text(v) | Values::Json(v) => v.clear(),
            Values::Integer(v) => v.clear(),
            Values::Decimal(v) => v.clear(),
            Values::Boolean(v) => v.clear(),
        }
    }
}
