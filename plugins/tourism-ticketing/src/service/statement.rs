//! Statements and their files: CSV (RFC 4180) and XLSX (ECMA-376).

use super::{Refusal, manage, now};
use crate::domain::entitlement::Entitlement;
use crate::domain::order::Order;
use crate::domain::pricing::yuan;
use crate::domain::refund::Ticket;
use crate::domain::statement::{self, Line, Row, Sums};
use crate::domain::time::{Date, rfc3339};
use crate::domain::visitor::FieldError;
use crate::store::{ENTITLEMENTS_BY_DAY, ORDERS};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};
use yunlong_sdk::{Collection, Lang, Problem, Stored, Text, t};

/// The most days of a statement.
const MOST_DAYS: i32 = 31;
/// The most orders that one request reads: with the pages of their tickets within `host_calls` of
/// `app.toml`. A day of the largest attraction has far fewer.
const MOST_ORDERS: usize = 80_000;
/// Tickets of one file: what an answer, and a workbook in memory, hold with room to spare. A
/// statement has as many files as it needs.
const FILE_ROWS: usize = 8_000;

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The first day of visits.
    pub from: Date,
    /// The last day of visits.
    pub until: Date,
    /// By receiver, attraction and day.
    pub lines: Vec<Line>,
    /// Tickets.
    pub tickets: usize,
    /// The tickets of the file that was asked for.
    pub rows: Vec<Row>,
}

impl Statement {
    /// Fen that were paid, that returned, and that are kept.
    #[must_use]
    pub fn totals(&self) -> (u64, u64, u64) {
        let sum = |f: fn(&Line) -> u64| self.lines.iter().map(f).sum();
        (sum(|l| l.paid), sum(|l| l.returned), sum(Line::kept))
    }

    /// How many files its tickets fill, at least one.
    #[must_use]
    pub fn files(&self) -> usize {
        self.tickets.div_ceil(FILE_ROWS).max(1)
    }
}

/// The statement of the visits of some days, of one attraction or of all, with the tickets of one of
/// its files, from 0. It goes through the tickets a page at a time and keeps no others.
///
/// # Errors
/// [`Refusal::Fields`] for days in the wrong order or too many, [`Refusal::TooMuch`].
pub fn of(from: Date, until: Date, attraction: Option<&str>, file: Option<usize>) -> Result<Statement, Refusal> {
    if until < from || until > from.plus(MOST_DAYS - 1) {
        let text = Text::new(
            format!("结束日期不早于开始日期，最多 {MOST_DAYS} 天"),
            format!("The last day is not before the first, and there are at most {MOST_DAYS}"),
        );
        return Err(Refusal::Fields(vec![FieldError::new("/until", text)]));
    }
    let places = match attraction {
        Some(id) => vec![manage::attraction(id)?],
        None => manage::everything()?.0,
    };
    let first = file.map(|n| n.saturating_mul(FILE_ROWS));
    let (mut sums, mut tickets, mut rows) = (Sums::default(), 0_usize, Vec::new());
    let mut reader = Reader { now: now(), last: None, read: 0 };
    for place in places {
        let days = ENTITLEMENTS_BY_DAY.equals(place.id).at_least(from.to_string()).at_most(until.to_string());
        let mut after = None;
        loop {
            let page = Collection::new().find(days.clone().limit(500).after(after.take()))?;
            for e in &page.items {
                let Some(row) = reader.row(e)? else { continue };
                sums.add(&row);
                if first.is_some_and(|f| (f..f.saturating_add(FILE_ROWS)).contains(&tickets)) {
                    rows.push(row);
                }
                tickets += 1;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(Statement { from, until, lines: sums.into_lines(), tickets, rows })
}

/// Reads the orders of tickets. Those of one order follow each other, so it remembers one.
struct Reader {
    now: i64,
    last: Option<(String, Option<Order>)>,
    read: usize,
}

impl Reader {
    fn row(&mut self, e: &Entitlement) -> Result<Option<Row>, Refusal> {
        if self.last.as_ref().is_none_or(|(id, _)| *id != e.order) {
            if self.read == MOST_ORDERS {
                return Err(Refusal::TooMuch { orders: MOST_ORDERS });
            }
            self.read += 1;
            self.last = Some((e.order.clone(), ORDERS.get(&e.order)?.map(Stored::into_value)));
        }
        let order = self.last.as_ref().and_then(|(_, order)| order.as_ref());
        let used = e.used_at.zip(e.gate.clone());
        let ticket = Ticket { visitor: e.visitor, part: e.part };
        Ok(order.and_then(|o| statement::row(o, ticket, self.now, used)))
    }
}

/// A column's heading.
type Heading = (&'static str, &'static str);

const LINE_HEADINGS: [Heading; 9] = [
    ("收款单位", "Receiver"),
    ("景区", "Attraction"),
    ("游览日期", "Day"),
    ("售票", "Tickets"),
    ("退票", "Given back"),
    ("入园", "Admitted"),
    ("票款（元）", "Paid (yuan)"),
    ("退款（元）", "Returned (yuan)"),
    ("应结算（元）", "To settle (yuan)"),
];

const ROW_HEADINGS: [Heading; 12] = [
    ("订单", "Order"),
    ("票号", "Ticket"),
    ("票种", "Product"),
    ("景区", "Attraction"),
    ("游览日期", "Day"),
    ("时段", "Slot"),
    ("收款单位", "Receiver"),
    ("票款（元）", "Paid (yuan)"),
    ("退款（元）", "Returned (yuan)"),
    ("状态", "State"),
    ("入园时间", "Admitted at"),
    ("检票口", "Gate"),
];

/// A cell.
enum Cell {
    Text(String),
    Number(u32),
    Fen(u64),
}

fn line_cells(l: &Line, lang: Lang) -> Vec<Cell> {
    vec![
        Cell::Text(l.operator.clone()),
        Cell::Text(l.name.get(lang).to_owned()),
        Cell::Text(l.date.clone()),
        Cell::Number(l.tickets),
        Cell::Number(l.given_back),
        Cell::Number(l.admitted),
        Cell::Fen(l.paid),
        Cell::Fen(l.returned),
        Cell::Fen(l.kept()),
    ]
}

fn row_cells(r: &Row, lang: Lang) -> Vec<Cell> {
    vec![
        Cell::Text(r.order.clone()),
        Cell::Number(u32::try_from(r.visitor).unwrap_or(0)),
        Cell::Text(r.product.get(lang).to_owned()),
        Cell::Text(r.attraction.get(lang).to_owned()),
        Cell::Text(r.slot.date.to_string()),
        Cell::Text(r.slot.start.to_string()),
        Cell::Text(r.operator.clone()),
        Cell::Fen(r.paid),
        Cell::Fen(r.returned),
        Cell::Text(r.state.code().to_owned()),
        Cell::Text(r.used_at.map(rfc3339).unwrap_or_default()),
        Cell::Text(r.gate.clone().unwrap_or_default()),
    ]
}

/// Which table of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// By receiver, attraction and day.
    Lines,
    /// Ticket by ticket.
    Tickets,
}

impl Table {
    fn headings(self) -> &'static [Heading] {
        match self {
            Self::Lines => &LINE_HEADINGS,
            Self::Tickets => &ROW_HEADINGS,
        }
    }

    fn name(self) -> Text {
        match self {
            Self::Lines => t("结算", "Settlement"),
            Self::Tickets => t("明细", "Tickets"),
        }
    }

    fn cells(self, s: &Statement, lang: Lang) -> Box<dyn Iterator<Item = Vec<Cell>> + '_> {
        match self {
            Self::Lines => Box::new(s.lines.iter().map(move |l| line_cells(l, lang))),
            Self::Tickets => Box::new(s.rows.iter().map(move |r| row_cells(r, lang))),
        }
    }
}

/// Text as a spreadsheet must not take it for a formula.
fn plain(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// One table as CSV, with a mark by which spreadsheets know UTF-8.
///
/// # Errors
/// Never for a writer in memory.
pub fn csv(s: &Statement, table: Table, lang: Lang) -> Result<Vec<u8>, Refusal> {
    let unusable = |e: &dyn std::fmt::Display| Refusal::from(Problem::internal(&format!("CSV: {e}")));
    let mut out =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(table.headings().iter().map(|(zh, en)| lang.pick(zh, en))).map_err(|e| unusable(&e))?;
    for cells in table.cells(s, lang) {
        let texts = cells.into_iter().map(|c| match c {
            Cell::Text(text) => plain(text),
            Cell::Number(n) => n.to_string(),
            Cell::Fen(f) => yuan(f),
        });
        out.write_record(texts).map_err(|e| unusable(&e))?;
    }
    out.into_inner().map_err(|e| unusable(&e))
}

/// Both tables as a workbook.
///
/// # Errors
/// When the workbook cannot be made.
pub fn xlsx(s: &Statement, lang: Lang) -> Result<Vec<u8>, Refusal> {
    workbook(s, lang).map_err(|e| Problem::internal(&format!("XLSX: {e}")).into())
}

fn workbook(s: &Statement, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The date of the statement rather than that of the clock: the same statement is the same file.
    let made = ExcelDateTime::parse_from_str(&s.until.to_string())?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    for table in [Table::Lines, Table::Tickets] {
        let sheet = book.add_worksheet();
        sheet.set_name(table.name().get(lang))?;
        fill(sheet, s, table, lang)?;
    }
    book.save_to_buffer()
}

fn fill(sheet: &mut Worksheet, s: &Statement, table: Table, lang: Lang) -> Result<(), XlsxError> {
    let money = rust_xlsxwriter::Format::new().set_num_format("0.00");
    let bold = rust_xlsxwriter::Format::new().set_bold();
    for (c, (zh, en)) in (0_u16..).zip(table.headings()) {
        sheet.write_with_format(0, c, lang.pick(zh, en), &bold)?;
        sheet.set_column_width(c, 16)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (r, cells) in (1_u32..).zip(table.cells(s, lang)) {
        for (c, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(r, c, text)?,
                Cell::Number(n) => sheet.write_number(r, c, n)?,
                // A spreadsheet's number holds every amount of fen up to 2^53 exactly.
                #[allow(clippy::cast_precision_loss)]
                Cell::Fen(f) => sheet.write_number_with_format(r, c, f as f64 / 100.0, &money)?,
            };
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(plain("=HYPERLINK(\"http://evil.example\")".into()), "'=HYPERLINK(\"http://evil.example\")");
        assert_eq!(plain("龟山汉墓".into()), "龟山汉墓");
    }
}
