//! Statements, and the tables of their files.

use super::{Refusal, manage, now};
use crate::domain::entitlement::Entitlement;
use crate::domain::order::Order;
use crate::domain::refund::Ticket;
use crate::domain::statement::{self, Line, Row, Sums};
use crate::domain::time::{Date, rfc3339};
use crate::domain::visitor::FieldError;
use crate::store::{ENTITLEMENTS_BY_DAY, ORDERS};
use yunlong_sdk::sheet::{Cell, Sheet};
use yunlong_sdk::{Collection, Lang, Stored, Text, t};

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

/// An amount as a cell has it; no ticket costs what it could not hold.
fn fen(amount: u64) -> Cell {
    Cell::Fen(i64::try_from(amount).unwrap_or(i64::MAX))
}

fn line_cells(l: &Line, lang: Lang) -> [Cell; 9] {
    [
        Cell::Text(l.operator.clone()),
        Cell::Text(l.name.get(lang).to_owned()),
        Cell::Text(l.date.clone()),
        Cell::from(l.tickets),
        Cell::from(l.given_back),
        Cell::from(l.admitted),
        fen(l.paid),
        fen(l.returned),
        fen(l.kept()),
    ]
}

fn row_cells(r: &Row, lang: Lang) -> [Cell; 12] {
    [
        Cell::Text(r.order.clone()),
        Cell::from(u32::try_from(r.visitor).unwrap_or(0)),
        Cell::Text(r.product.get(lang).to_owned()),
        Cell::Text(r.attraction.get(lang).to_owned()),
        Cell::Text(r.slot.date.to_string()),
        Cell::Text(r.slot.start.to_string()),
        Cell::Text(r.operator.clone()),
        fen(r.paid),
        fen(r.returned),
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

    /// The table of a statement, for its files.
    #[must_use]
    pub fn sheet(self, s: &Statement, lang: Lang) -> Sheet {
        let sheet = Sheet::new(self.name().get(lang), self.headings().iter().map(|(zh, en)| lang.pick(zh, en)));
        match self {
            Self::Lines => sheet.rows(s.lines.iter().map(|l| line_cells(l, lang))),
            Self::Tickets => sheet.rows(s.rows.iter().map(|r| row_cells(r, lang))),
        }
    }
}
