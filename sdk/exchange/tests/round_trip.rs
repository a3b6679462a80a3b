//! What is written is read again, in each format.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use yunlong_exchange::{Columns, Encoding, Format, Kind, Options, Writer, open};

fn columns() -> Columns {
    Columns::new()
        .with("id", Kind::Text)
        .with("text", Kind::Text)
        .with("integer", Kind::Integer)
        .with("decimal", Kind::Decimal)
        .with("boolean", Kind::Boolean)
        .with("json", Kind::Json)
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[^\u{fffd}\\p{Cc}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z=\"]{1,4}", inner, 0..3)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn row()(
        id in "[0-9A-Z]{1,8}",
        text in prop::option::of("[^\u{fffd}\\p{Cc}]{1,24}|[='+@,;\" \t\r\n云-]{1,8}"),
        integer in prop::option::of(any::<i64>()),
        hundredths in prop::option::of(-1_000_000_000_i64..1_000_000_000),
        boolean in prop::option::of(any::<bool>()),
        json in prop::option::of(anything()),
    ) -> Map<String, Value> {
        let decimal = hundredths.map(|n| n as f64 / 100.0);
        let row = json!({ "id": id, "text": text, "integer": integer, "decimal": decimal, "boolean": boolean, "json": json });
        row.as_object().cloned().unwrap_or_default().into_iter().filter(|(_, v)| !v.is_null()).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec(row(), 0..40)) {
        let dir = tempfile::tempdir().unwrap();
        for format in [Format::Csv, Format::JsonLines, Format::Parquet] {
            let path = dir.path().join(format!("rows.{format}"));
            let mut writer = Writer::create(&path, format, columns()).unwrap();
            for row in &rows {
                writer.write(row).unwrap();
            }
            prop_assert_eq!(writer.finish().unwrap(), rows.len() as u64);
            if rows.is_empty() && format == Format::JsonLines {
                continue; // An empty file, which no export of ours is and no import takes.
            }
            // Short texts need not tell their encoding.
            let options = Options { encoding: Some(Encoding::Utf8), ..Options::default() };
            let read = open(&path, &columns(), &options).unwrap();
            let read: Vec<_> = read.map(|l| l.unwrap().content.unwrap()).collect();
            prop_assert_eq!(&read, &rows, "{}", format);
        }
    }
}
