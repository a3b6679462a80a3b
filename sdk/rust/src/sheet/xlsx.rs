//! Workbooks.

use super::{Cell, Sheet, SheetError};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

/// What a sheet's name may not hold, nor be longer than (in UTF-16 units).
const FORBIDDEN: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];
const LONGEST_NAME: usize = 31;

/// Tables as a workbook, each a sheet with its headings in bold and in sight. `day` (`YYYY-MM-DD`) is when the workbook says that
/// it was made: the clock is not asked, and the same tables are the same bytes.
///
/// # Errors
/// [`SheetError::Xlsx`].
pub fn xlsx(sheets: &[Sheet], day: &str) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::parse_from_str(day)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    for sheet in sheets {
        let into = book.add_worksheet();
        into.set_name(name(&sheet.name))?;
        fill(into, sheet)?;
    }
    Ok(book.save_to_buffer()?)
}

/// A name as a workbook takes it.
fn name(text: &str) -> String {
    let (mut name, mut units) = (String::new(), 0);
    for c in text.chars().map(|c| if FORBIDDEN.contains(&c) { '_' } else { c }) {
        units += c.len_utf16();
        if units > LONGEST_NAME {
            break;
        }
        name.push(c);
    }
    // An apostrophe stands around names, not at their ends.
    let trimmed = name.trim_matches('\'');
    if trimmed.is_empty() { "Sheet".to_owned() } else { trimmed.to_owned() }
}

fn fill(into: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (c, heading) in (0_u16..).zip(&sheet.headings) {
        into.write_with_format(0, c, heading, &bold)?;
        into.set_column_width(c, 16)?;
    }
    into.set_freeze_panes(1, 0)?;
    for (r, row) in (1_u32..).zip(&sheet.rows) {
        for (c, cell) in (0_u16..).zip(row) {
            match (cell, cell.decimal()) {
                (_, Some((units, scale))) => {
                    into.write_number_with_format(r, c, number(units, scale), &places(scale))?;
                }
                (Cell::Text(text), _) => {
                    into.write_string(r, c, text)?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn places(scale: u8) -> Format {
    let zeros = "0".repeat(scale.into());
    Format::new().set_num_format(if scale == 0 { "0".to_owned() } else { format!("0.{zeros}") })
}

/// A spreadsheet's number holds every amount of fen up to 2^53 exactly.
#[allow(clippy::cast_precision_loss)]
fn number(units: i64, scale: u8) -> f64 {
    units as f64 / 10_f64.powi(scale.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tables_are_the_same_file() {
        let sheet = Sheet::new("销售", ["县区", "金额"]).row(["=1+1".into(), Cell::Fen(-5)]).row([Cell::Empty]);
        let file = xlsx(std::slice::from_ref(&sheet), "2026-10-31").unwrap();
        assert!(file.starts_with(b"PK"));
        assert_eq!(file, xlsx(&[sheet], "2026-10-31").unwrap());
        assert!(matches!(xlsx(&[], "yesterday"), Err(SheetError::Xlsx(_))));
    }

    #[test]
    fn a_name_is_one_that_a_workbook_takes() {
        assert_eq!(name("2026/10: [a]*?\\"), "2026_10_ _a____");
        assert_eq!(name("'"), "Sheet");
        assert_eq!(name(&"仓".repeat(40)).chars().count(), 31);
    }
}
