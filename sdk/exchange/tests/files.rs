//! What files say, and what becomes of hostile ones.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

use serde_json::{Map, Value, json};
use std::io::Cursor;
use yunlong_exchange::{
    Columns, Encoding, Format, Kind, Line, LineError, MAX_DEPTH, OpenError, Options, Problem, ReadError, Reader,
    Writer, open, open_stream,
};

fn columns() -> Columns {
    Columns::new()
        .titled("id", Kind::Text, vec!["编号".into()])
        .titled("name", Kind::Text, vec!["名称".into()])
        .with("amount", Kind::Integer)
        .with("share", Kind::Decimal)
        .with("open", Kind::Boolean)
        .with("geometry", Kind::Json)
}

fn read(bytes: impl Into<Vec<u8>>, format: Format) -> Result<Reader, OpenError> {
    open_stream(Cursor::new(bytes.into()), format, &columns(), &Options::default())
}

fn lines(bytes: impl Into<Vec<u8>>, format: Format) -> Vec<Line> {
    read(bytes, format).unwrap().map(Result::unwrap).collect()
}

fn record(line: &Line) -> Value {
    line.content.clone().unwrap().into()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

#[test]
fn rows_have_the_line_at_which_they_begin() {
    let text = "\u{feff}编号,name,amount\r\n1,\"two\r\nlines, one \"\"cell\"\"\",5\r\n\r\n2,,\r\n,,\r\n3,last,-7";
    let lines = lines(text, Format::Csv);
    assert_eq!(lines.iter().map(|l| l.number).collect::<Vec<_>>(), [2, 5, 7]);
    assert_eq!(record(&lines[0]), json!({ "id": "1", "name": "two\r\nlines, one \"cell\"", "amount": 5 }));
    assert_eq!(record(&lines[1]), json!({ "id": "2" }), "an empty cell is an absent item");
    assert_eq!(record(&lines[2]), json!({ "id": "3", "name": "last", "amount": -7 }));
}

#[test]
fn each_bad_row_is_told_and_the_rest_is_read() {
    let mut text =
        b"id,name,amount\n1,ok,1\n2,=1+1,2\n3,ok,1.5\n4,too,many,4\n5,few\n6,\xff\xfe,6\n7,ok,7\n8,\"open,8\n9,ok,9\n"
            .to_vec();
    text.extend("10,徐\u{fffd},10\n11,\"fine\",11\n".as_bytes());
    let lines = lines(text, Format::Csv);
    let good: Vec<u64> = lines.iter().filter(|l| l.content.is_ok()).map(|l| l.number).collect();
    assert_eq!(good, [2, 8, 10, 12]);
    let wrong: Vec<(u64, Option<&str>, Problem)> = lines
        .iter()
        .filter_map(|l| l.content.as_ref().err().map(|e| (l.number, e.field.as_deref(), e.problem.clone())))
        .collect();
    assert_eq!(
        wrong,
        [
            (3, Some("name"), Problem::Formula),
            (4, Some("amount"), Problem::Kind { expected: Kind::Integer }),
            (5, None, Problem::Cells { found: 4, expected: 3 }),
            (6, None, Problem::Cells { found: 2, expected: 3 }),
            (7, Some("name"), Problem::Encoding { encoding: "UTF-8" }),
            (9, None, Problem::OpenQuote),
            (11, Some("name"), Problem::Damaged),
        ]
    );
}

#[test]
fn gbk_and_utf_16_are_converted() {
    let text = "id,name\n1,徐州市云龙区\n2,鼓楼区牌楼街道\n";
    let expected = [json!({ "id": "1", "name": "徐州市云龙区" }), json!({ "id": "2", "name": "鼓楼区牌楼街道" })];
    let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    for (bytes, encoding) in [(gbk(text), Encoding::Gb18030), (big, Encoding::Utf16Be), (text.into(), Encoding::Utf8)] {
        let reader = read(bytes, Format::Csv).unwrap();
        assert_eq!(reader.encoding(), Some(encoding));
        assert_eq!(reader.map(|l| record(&l.unwrap())).collect::<Vec<_>>(), expected);
    }
    // A backslash is the second byte of some characters of GBK: `乗` is 0x81 0x5C.
    let json_lines = "{\"id\":\"1\",\"name\":\"乗车徐州东站候车室\"}\n{\"id\":\"2\",\"name\":\"云龙湖风景名胜区\"}\n";
    let found = lines(gbk(json_lines), Format::JsonLines);
    assert_eq!(record(&found[0]), json!({ "id": "1", "name": "乗车徐州东站候车室" }));
}

#[test]
fn a_broken_line_of_gbk_costs_that_line() {
    let mut text = gbk("id,name\n1,徐州市云龙区\n2,云龙湖风景名胜区\n");
    text.extend(b"3,\xff\xff\n");
    text.extend(gbk("4,鼓楼区\n"));
    let lines = lines(text, Format::Csv);
    assert_eq!(
        lines[2].content,
        Err(LineError { field: Some("name".into()), problem: Problem::Encoding { encoding: "GB18030" } })
    );
    assert_eq!(record(&lines[3]), json!({ "id": "4", "name": "鼓楼区" }));
}

#[test]
fn lines_of_json_are_objects() {
    let text = "{\"id\":\"1\",\"name\":null}\n\n[1]\n{\"id\":\n{\"id\":\"1\",\"id\":\"2\"}\n\"text\"\n{\"id\":\"3\"}";
    let lines = lines(text, Format::JsonLines);
    assert_eq!(record(&lines[0]), json!({ "id": "1", "name": null }));
    let problem = |i: usize| (lines[i].number, lines[i].content.clone().unwrap_err().problem);
    assert_eq!(problem(1), (3, Problem::NotAnObject));
    assert!(matches!(problem(2), (4, Problem::Json { .. })), "{:?}", problem(2));
    assert_eq!(problem(3), (5, Problem::TwiceGiven));
    assert_eq!(problem(4), (6, Problem::NotAnObject));
    assert_eq!((lines[5].number, record(&lines[5])), (7, json!({ "id": "3" })));
}

/// JSON of so many levels of arrays.
fn nested(levels: usize) -> String {
    format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn what_is_nested_too_deep_costs_its_line() {
    let deep = LineError { field: Some("geometry".into()), problem: Problem::TooDeep { limit: MAX_DEPTH } };
    let whole = LineError { field: None, ..deep.clone() };
    // The record itself is the first level. The parser alone gives up at 128.
    for (levels, expected) in [
        (MAX_DEPTH - 1, None),
        (MAX_DEPTH, Some(&deep)),
        (125, Some(&deep)),
        (126, Some(&deep)),
        (127, Some(&whole)),
        (5_000, Some(&whole)),
    ] {
        let text = format!("{{\"geometry\":{}}}\n{{\"id\":\"2\"}}", nested(levels));
        let found = lines(text, Format::JsonLines);
        assert_eq!(found[0].content.as_ref().err(), expected, "{levels} levels in JSON Lines");
        assert_eq!(record(&found[1]), json!({ "id": "2" }));
        let text = format!("id,geometry\n1,{}\n2,\n", nested(levels));
        let found = lines(text, Format::Csv);
        assert_eq!(found[0].content.as_ref().err(), expected.map(|_| &deep), "{levels} levels in a cell");
        assert_eq!(record(&found[1]), json!({ "id": "2" }));
    }
}

#[test]
fn control_characters_cost_their_line() {
    let control = |field: Option<&str>, character| {
        Err(LineError { field: field.map(Into::into), problem: Problem::Control { character } })
    };
    let found = lines("id,name\n1,a\u{1}b\n2,a\u{2}\n3,a\u{7f}\n4,a\u{85}b\n5,\"a\tb\r\nc\"\n", Format::Csv);
    for (line, character) in found.iter().zip(['\u{1}', '\u{2}', '\u{7f}', '\u{85}']) {
        assert_eq!(line.content, control(Some("name"), character));
    }
    assert_eq!(record(&found[4]), json!({ "id": "5", "name": "a\tb\r\nc" }));
    let text = r#"{"id":"1","geometry":{"a":["\u0000"]}}
{"id":"1","geometry":{"\u001b":1}}
{"na\u0007me":"1"}
{"id":"2"}"#;
    let found = lines(text, Format::JsonLines);
    assert_eq!(found[0].content, control(Some("geometry"), '\0'));
    assert_eq!(found[1].content, control(Some("geometry"), '\u{1b}'));
    assert_eq!(found[2].content, control(None, '\u{7}'));
    assert_eq!(record(&found[3]), json!({ "id": "2" }));
}

#[test]
fn files_that_cannot_be_read_at_all_say_why() {
    let fail = |bytes: &[u8], format| read(bytes, format).err().unwrap();
    assert!(matches!(fail(b"", Format::Csv), OpenError::Empty));
    assert!(matches!(fail(b"\n\n", Format::Csv), OpenError::Empty));
    assert!(matches!(fail(b"id,nmae\n", Format::Csv), OpenError::UnknownColumn { name, .. } if name == "nmae"));
    assert!(matches!(fail("id,编号\n".as_bytes(), Format::Csv), OpenError::Repeated(n) if n == "id"));
    assert!(matches!(fail(b"id,\"name\n1,2\n", Format::Csv), OpenError::Header(Problem::OpenQuote)));
    assert!(matches!(fail(b"PAR1 is no Parquet PAR1", Format::Parquet), OpenError::Parquet(_)));
    let dir = tempfile::tempdir().unwrap();
    let here = |name: &str| open(&dir.path().join(name), &columns(), &Options::default()).err().unwrap();
    assert!(matches!(here("missing.csv"), OpenError::Io(_)));
    assert!(matches!(here("rows.xlsx"), OpenError::Format));
}

#[test]
fn a_forgotten_quotation_mark_does_not_take_what_is_below_it() {
    let mut text = "id,name\n1,\"open\n".to_owned();
    for n in 2..200_000 {
        text.push_str(&format!("{n},plain\n"));
    }
    let lines = lines(text, Format::Csv);
    assert_eq!(lines[0].content.clone().unwrap_err().problem, Problem::OpenQuote);
    assert_eq!(lines.iter().filter(|l| l.content.is_ok()).count(), 199_998);
}

#[test]
fn thousands_of_cells_are_counted() {
    let text = format!("id,name\n{}\n2,ok\n", ",".repeat(200_000));
    let wide = lines(text.replacen("\n,", "\na,", 1), Format::Csv);
    assert_eq!(wide[0].content.clone().unwrap_err().problem, Problem::Cells { found: 200_001, expected: 2 });
    assert_eq!(record(&wide[1])["id"], "2");
}

fn parquet(rows: usize) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let mut writer = Writer::create(&path, Format::Parquet, columns()).unwrap();
    for n in 0..rows {
        let row = json!({ "id": n.to_string(), "amount": n, "share": n as f64 / 8.0, "open": n % 2 == 0, "geometry": { "type": "Point" } });
        writer.write(row.as_object().unwrap()).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), rows as u64);
    std::fs::read(path).unwrap()
}

#[test]
fn parquet_has_many_groups_of_rows() {
    let lines = lines(parquet(120_000), Format::Parquet);
    assert_eq!(lines.len(), 120_000);
    assert_eq!((lines[119_999].number, record(&lines[77])["share"].clone()), (120_000, json!(9.625)));
}

#[test]
fn damaged_parquet_is_an_error_and_never_a_panic() {
    let whole = parquet(500);
    let mut found = 0;
    for n in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[n] ^= 1 << (n % 8);
        if n % 7 == 0 {
            // And some are cut off.
            bytes.truncate(n);
        }
        // A file without rows is whole too, for all that can be seen.
        let Ok(reader) = read(bytes, Format::Parquet) else {
            found += 1;
            continue;
        };
        found += usize::from(reader.take(1_000).any(|l| matches!(l, Err(ReadError::Parquet { .. }))));
    }
    assert!(found > whole.len() / 12, "{found} of {}", whole.len());
}

#[test]
fn nothing_is_under_the_name_before_it_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.csv");
    let names = || std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    let row: Map<String, Value> = json!({ "id": "1", "name": "=1" }).as_object().unwrap().clone();
    for format in [Format::Csv, Format::JsonLines, Format::Parquet] {
        let mut writer = Writer::create(&path, format, columns()).unwrap();
        writer.write(&row).unwrap();
        assert!(Writer::create(&path, format, columns()).is_err(), "two writers of one file");
        assert_eq!(names(), ["out.csv.part"]);
        drop(writer);
        assert!(names().is_empty());
    }
    // What a killed writer left behind is in nobody's way.
    std::fs::write(dir.path().join("out.csv.part"), "torn and longer than what follows ".repeat(9)).unwrap();
    let mut writer = Writer::create(&path, Format::Csv, columns()).unwrap();
    writer.write(&row).unwrap();
    assert_eq!(writer.finish().unwrap(), 1);
    assert_eq!(names(), ["out.csv"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "\u{feff}id,name,amount,share,open,geometry\n1,'=1,,,,\n");
}

#[cfg(unix)]
#[test]
fn a_file_full_of_people_is_its_owners_alone_from_its_first_byte() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let mode = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    for format in [Format::Csv, Format::JsonLines, Format::Parquet] {
        // What somebody else left under the names of the parts, open to all.
        for left in ["out.part", "out.part.parquet"] {
            std::fs::write(dir.path().join(left), "left").unwrap();
            std::fs::set_permissions(dir.path().join(left), std::fs::Permissions::from_mode(0o666)).unwrap();
        }
        let writer = Writer::create(&path, format, columns()).unwrap();
        assert_eq!(mode("out.part"), 0o600);
        writer.finish().unwrap();
        assert_eq!(mode("out"), 0o600, "{format}");
        std::fs::remove_file(&path).unwrap();
        let _ = std::fs::remove_file(dir.path().join("out.part.parquet"));
    }
}

#[test]
fn a_writer_goes_on_behind_its_mark() {
    let dir = tempfile::tempdir().unwrap();
    let row = |n: i64| json!({ "id": n.to_string(), "name": "=云龙\n\"", "amount": n }).as_object().unwrap().clone();
    for format in [Format::Csv, Format::JsonLines, Format::Parquet] {
        let (whole, path) = (dir.path().join("whole"), dir.path().join("out"));
        let mut writer = Writer::create(&whole, format, columns()).unwrap();
        (0..50).for_each(|n| writer.write(&row(n)).unwrap());
        writer.finish().unwrap();
        let mut writer = Writer::create(&path, format, columns()).unwrap();
        (0..20).for_each(|n| writer.write(&row(n)).unwrap());
        let mark = writer.mark().unwrap();
        assert_eq!(mark.rows, 20);
        assert!(Writer::resume(&path, format, columns(), mark).is_err(), "two writers of one file");
        // What is behind the mark is written once more, and stands there once.
        (20..23).for_each(|n| writer.write(&row(n)).unwrap());
        writer.leave();
        let mut writer = Writer::resume(&path, format, columns(), mark).unwrap().unwrap();
        (20..50).for_each(|n| writer.write(&row(n)).unwrap());
        assert_eq!(writer.finish().unwrap(), 50);
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&whole).unwrap(), "{format}");
        // A part that is not as long as that, or is not there.
        assert!(Writer::resume(&path, format, columns(), mark).unwrap().is_none());
        std::fs::write(dir.path().join("out.part"), "short").unwrap();
        assert!(Writer::resume(&path, format, columns(), mark).unwrap().is_none());
        std::fs::remove_file(dir.path().join("out.part")).unwrap();
    }
}

#[test]
fn a_parquet_that_was_cut_while_it_was_made_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.parquet");
    let row = |n: i64| json!({ "id": n.to_string(), "share": 0.1 + n as f64 / 3.0 }).as_object().unwrap().clone();
    let mut writer = Writer::create(&path, Format::Parquet, columns()).unwrap();
    (0..50).for_each(|n| writer.write(&row(n)).unwrap());
    let mark = writer.mark().unwrap();
    writer.leave();
    // The power went in the middle of it.
    std::fs::write(dir.path().join("out.parquet.part.parquet"), "PAR1 and longer than what follows".repeat(999))
        .unwrap();
    let writer = Writer::resume(&path, Format::Parquet, columns(), mark).unwrap().unwrap();
    assert_eq!(writer.finish().unwrap(), 50);
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["out.parquet"]);
    let read = lines(std::fs::read(&path).unwrap(), Format::Parquet);
    assert!(read.iter().zip(0..).all(|(line, n)| record(line) == Value::from(row(n))) && read.len() == 50);
}

#[test]
fn a_value_of_another_type_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    for format in [Format::Csv, Format::JsonLines, Format::Parquet] {
        for wrong in [json!({ "id": 1 }), json!({ "amount": 1.5 }), json!({ "open": "yes" }), json!({ "share": "1" })] {
            let mut writer = Writer::create(&dir.path().join("x"), format, columns()).unwrap();
            let error = writer.write(wrong.as_object().unwrap()).unwrap_err().to_string();
            assert!(error.starts_with("row 1: "), "{error}");
        }
    }
}
