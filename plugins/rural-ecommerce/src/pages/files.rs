//! Lists as files: all of what a page shows a part of, in the columns of the page.

use crate::domain::time::Date;
use crate::service::{Refusal, now};
use maud::{Markup, html};
use yunlong_sdk::page::Listing;
use yunlong_sdk::sheet::{Cell, Format, Sheet};
use yunlong_sdk::{Document, Page, Request, Response, web};

/// The most rows of a file: it is put together in memory, while somebody waits for it.
const ROWS: usize = 2_000;
/// Rows that are read at a time.
const READ: u32 = 200;

/// A column of a file: its heading, and what stands in it of a row.
pub(super) struct Field<'a, R> {
    heading: &'a str,
    cell: Box<dyn Fn(&R) -> Cell + 'a>,
}

impl<'a, R> Field<'a, R> {
    pub(super) fn new<C: Into<Cell>>(heading: &'a str, cell: impl Fn(&R) -> C + 'a) -> Self {
        Self { heading, cell: Box::new(move |r| cell(r).into()) }
    }

    /// A column of amounts in fen.
    pub(super) fn fen(heading: &'a str, fen: impl Fn(&R) -> u64 + 'a) -> Self {
        Self::new(heading, move |r| Cell::Fen(i64::try_from(fen(r)).unwrap_or(i64::MAX)))
    }
}

/// Links to a page's list as files: `/file` behind its address, with its filters and its order.
pub(super) fn links(request: &Request, list: &Listing) -> Markup {
    html! {
        (list.files(&format!("{}/file", request.path())))
        p.muted.no-print { (request.t("文件最多含前 2,000 行。", "A file holds the first 2,000 rows at most.")) }
    }
}

/// Answers a list as a file: `find` reads so many rows behind a cursor.
pub(super) fn file<T: Document>(
    request: &Request,
    (name, title): (&str, &str),
    columns: &[Field<'_, T>],
    find: impl Fn(u32, Option<String>) -> Result<Page<T>, Refusal>,
) -> web::Result<Response> {
    let format = Format::asked(request)?;
    let mut sheet = Sheet::new(title, columns.iter().map(|c| c.heading));
    let (mut after, mut rows) = (None, 0);
    loop {
        let page = find(READ, after).map_err(|e| e.into_error(request.lang()))?;
        rows += page.items.len();
        page.items.iter().for_each(|row| sheet.push(columns.iter().map(|c| (c.cell)(row))));
        after = page.next;
        if after.is_none() || rows >= ROWS {
            break;
        }
    }
    let day = Date::at(now()).to_string();
    format.response(&format!("{name}-{day}"), &day, &[sheet])
}
