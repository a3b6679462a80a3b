//! CSV as spreadsheets read it.

use super::{Cell, Sheet, SheetError};

/// A table as CSV (RFC 4180), with the mark by which spreadsheets know UTF-8. Text that a spreadsheet would take for a formula
/// begins with an apostrophe.
///
/// # Errors
/// Never for a writer in memory.
pub fn csv(sheet: &Sheet) -> Result<Vec<u8>, SheetError> {
    let unusable = |e: &dyn std::fmt::Display| SheetError::Csv(e.to_string());
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        // A row may lack its last cells.
        .flexible(true)
        .from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(sheet.headings.iter().map(|h| plain(h))).map_err(|e| unusable(&e))?;
    for row in &sheet.rows {
        out.write_record(row.iter().map(text)).map_err(|e| unusable(&e))?;
    }
    out.into_inner().map_err(|e| unusable(&e))
}

fn text(cell: &Cell) -> String {
    match (cell, cell.decimal()) {
        (_, Some((units, scale))) => decimal(units, scale),
        (Cell::Text(text), _) => plain(text),
        _ => String::new(),
    }
}

/// Text as a spreadsheet must not take it for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn decimal(units: i64, scale: u8) -> String {
    let (sign, places) = (if units < 0 { "-" } else { "" }, usize::from(scale));
    let (units, one) = (units.unsigned_abs(), 10_u64.pow(scale.into()));
    if scale == 0 { format!("{sign}{units}") } else { format!("{sign}{}.{:0places$}", units / one, units % one) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_a_number_stays_one() {
        for (cell, said) in [
            (Cell::from("=HYPERLINK(\"http://evil.example\")"), "'=HYPERLINK(\"http://evil.example\")"),
            (Cell::from("@SUM(A1)"), "'@SUM(A1)"),
            (Cell::from("-1+2"), "'-1+2"),
            (Cell::from("龟山汉墓"), "龟山汉墓"),
            (Cell::Number(-12), "-12"),
            (Cell::Fen(-5), "-0.05"),
            (Cell::Fen(108_000), "1080.00"),
            (Cell::Decimal { units: i64::MIN, scale: 18 }, "-9.223372036854775808"),
            (Cell::from(None::<String>), ""),
        ] {
            assert_eq!(text(&cell), said);
        }
    }

    #[test]
    fn a_table_is_quoted_where_it_must_be() {
        let sheet = Sheet::new("x", ["名称", "-a"]).row(["a,\"b\"".into(), "c\r\nd".into()]).row([Cell::Number(1)]);
        let said = String::from_utf8(csv(&sheet).unwrap()).unwrap();
        assert_eq!(said, "\u{feff}名称,'-a\r\n\"a,\"\"b\"\"\",\"c\r\nd\"\r\n1\r\n");
    }
}
