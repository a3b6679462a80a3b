//! Lists: one description of the columns makes the table that is searched and sorted, and the files of it.

use super::{LAYOUT, Shown, state_badge};
use crate::service::refusal::state_name;
use crate::views::{self, Gathered};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, Listing, empty, field, notice, select};
use yunlong_sdk::sheet::{Cell, Format, Sheet};
use yunlong_sdk::{Lang, Request, Text, Tone, clock, t};

/// Rows of a page.
const ROWS: usize = 25;

/// By what rows are ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// In the order of words.
    Text(String),
    /// By size.
    Number(i128),
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

macro_rules! numbers {
    ($($t:ty),*) => { $(impl From<$t> for Key { fn from(n: $t) -> Self { Self::Number(n.into()) } })* };
}
numbers!(i64, u64, u32);

/// A column.
pub(super) struct Col<R> {
    /// Its name in the address.
    pub(super) key: &'static str,
    /// Its heading.
    pub(super) title: Text,
    /// Whether it holds numbers.
    pub(super) numeric: bool,
    /// How a row shows it.
    pub(super) show: fn(&R, Lang) -> Markup,
    /// What stands of it in a file.
    pub(super) file: fn(&R, Lang) -> Cell,
    /// How rows are ordered by it.
    pub(super) order: fn(&R) -> Key,
}

/// What files alone have beside a column, each thing in a cell of its own: a party's code, the unit of a quantity.
pub(super) struct Beside<R> {
    /// The key of the column.
    pub(super) behind: &'static str,
    /// Its heading.
    pub(super) title: Text,
    /// The cell.
    pub(super) of: fn(&R, Lang) -> Cell,
}

/// A list of one kind of thing.
pub(super) struct List<R: 'static> {
    /// Where it is.
    pub(super) path: &'static str,
    /// What it is called.
    pub(super) title: Text,
    /// The columns; by the key of `sort` it is ordered first.
    pub(super) columns: &'static [Col<R>],
    /// What its files have beside the columns.
    pub(super) beside: &'static [Beside<R>],
    /// The column of the first order; with `-` before it the largest first.
    pub(super) sort: &'static str,
    /// The states that it is narrowed to, if things have states.
    pub(super) states: fn() -> Vec<&'static str>,
    /// A thing's state.
    pub(super) state: fn(&R) -> &'static str,
    /// The words that are searched.
    pub(super) words: fn(&R) -> Vec<&str>,
    /// What stands in place of an empty list.
    pub(super) empty: Text,
}

/// For things without states.
pub(super) fn no_states() -> Vec<&'static str> {
    Vec::new()
}

/// The column of states.
pub(super) const STATE: Text = t("状态", "State");

/// The heading of a quantity's unit, beside the number in files.
pub(super) const UNIT: Text = t("单位", "Unit");

/// How a state is shown in a column.
pub(super) fn shown_state(lang: Lang, code: &str) -> Markup {
    state_badge(lang, code)
}

/// A state in a file.
pub(super) fn filed_state(lang: Lang, code: &str) -> Cell {
    Cell::from(state_name(code).get(lang))
}

/// Fen in a file.
pub(super) fn filed_fen(fen: u64) -> Cell {
    Cell::Fen(i64::try_from(fen).unwrap_or(i64::MAX))
}

/// A number in a file; what no number holds is written in words.
pub(super) fn filed_number(n: u64) -> Cell {
    i64::try_from(n).map_or_else(|_| Cell::Text(n.to_string()), Cell::Number)
}

/// A time in a file.
pub(super) fn filed_time(at: Option<i64>) -> Cell {
    at.map_or(Cell::Empty, |at| Cell::Text(crate::domain::time::local(at)))
}

impl<R: 'static> List<R> {
    fn listing(&self, request: &Request) -> Listing {
        let plain = self.sort.trim_start_matches('-');
        let others = self.columns.iter().map(|c| c.key).filter(|k| *k != plain);
        let sorts: Vec<&str> = std::iter::once(self.sort).chain(others).collect();
        Listing::of(request, &sorts, &["q", "state", "part"])
    }

    /// The rows that the address asks for, in its order.
    fn chosen(&self, listing: &Listing, rows: Vec<R>) -> Vec<R> {
        let (sought, state) = (listing.filter("q").to_lowercase(), listing.filter("state"));
        let fits = |r: &R| {
            let found = sought.is_empty() || (self.words)(r).iter().any(|w| w.to_lowercase().contains(&sought));
            found && (state.is_empty() || (self.state)(r) == state)
        };
        let mut rows: Vec<R> = rows.into_iter().filter(fits).collect();
        if let Some(column) = self.columns.iter().find(|c| c.key == listing.sort()) {
            rows.sort_by_cached_key(|r| (column.order)(r));
            if listing.is_descending() {
                rows.reverse();
            }
        }
        rows
    }

    fn filters(&self, request: &Request, listing: &Listing, parts: Option<(Text, Text)>) -> Markup {
        let lang = request.lang();
        let all = request.t("全部", "All").to_owned();
        let named: Vec<(&str, String)> =
            (self.states)().into_iter().map(|s| (s, state_name(s).get(lang).to_owned())).collect();
        let mut states = vec![("", all.as_str())];
        states.extend(named.iter().map(|(code, name)| (*code, name.as_str())));
        listing.form(html! {
            (field(lang, listing.filters(), "q", "search", &t("查找", "Search"), None))
            @if states.len() > 1 { (select(lang, listing.filters(), "state", &STATE, &states)) }
            @if let Some((first, others)) = &parts {
                (select(lang, listing.filters(), "part", &t("范围", "Which"), &[("", first.get(lang)), ("others", others.get(lang))]))
            }
        })
    }

    /// The page of the list: `head` stands above it, `parts` are the two parts that a company may look at.
    pub(super) fn page(
        &self,
        request: &Request,
        rows: Gathered<R>,
        head: &Markup,
        parts: Option<(Text, Text)>,
    ) -> Shown {
        let lang = request.lang();
        let listing = self.listing(request);
        let more = rows.more;
        let none = rows.items.is_empty() && !listing.is_filtered();
        let rows = self.chosen(&listing, rows.items);
        let columns: Vec<Column<'_, &R>> = self.columns.iter().map(|c| column(lang, c)).collect();
        let total = rows.len();
        let body = html! {
            (head)
            @if more { (notice(Tone::Info, request.t("数据较多，这里只含最新的 2,000 条；更早的请用接口逐页读取。", "There is more: these are the newest 2,000. Read older ones page by page through the API."))) }
            @if none { (empty(html! { p { (self.empty.get(lang)) } })) } @else {
                (self.filters(request, &listing, parts))
                @if total == 0 { (empty(html! { p { (request.t("没有符合条件的，请更改查找条件。", "Nothing fits: change what is searched for.")) } })) } @else {
                    (listing.table(self.title.get(lang), &columns, rows[listing.range(total, ROWS)].iter()))
                    (listing.pages(total, ROWS))
                    (listing.files(&format!("{}/file", self.path)))
                }
            }
        };
        Ok(LAYOUT.page(request, &self.title, body))
    }

    /// The list as a file, in the order and with the filters of the address.
    pub(super) fn file(&self, request: &Request, rows: Gathered<R>) -> Shown {
        let (listing, format) = (self.listing(request), Format::asked(request)?);
        let name = self.path.trim_start_matches('/');
        // Whoever keeps the file sees from its name that it is not all.
        let name = if rows.more { format!("{name}-newest-{}", views::MOST) } else { name.to_owned() };
        let rows = self.chosen(&listing, rows.items);
        Ok(self.sheet(request.lang(), &rows, format, &name)?)
    }

    fn sheet(
        &self,
        lang: Lang,
        rows: &[R],
        format: Format,
        name: &str,
    ) -> yunlong_sdk::web::Result<yunlong_sdk::Response> {
        let beside = |c: &Col<R>| self.beside.iter().find(|b| b.behind == c.key);
        let titles = self.columns.iter().flat_map(|c| [Some(&c.title), beside(c).map(|b| &b.title)]);
        let headings: Vec<String> = titles.flatten().map(|title| title.get(lang).to_owned()).collect();
        let cells = rows.iter().map(|r| {
            let cells = |c: &Col<R>| [Some((c.file)(r, lang)), beside(c).map(|b| (b.of)(r, lang))];
            self.columns.iter().flat_map(cells).flatten().collect::<Vec<_>>()
        });
        let sheet = Sheet::new(self.title.get(lang), headings).rows(cells);
        let day = clock::Date::at(clock::now()).to_string();
        format.response(&format!("{}-{day}", name.replace('/', "-")), &day, &[sheet])
    }

    /// A part of a page: the rows as a table, as they come, without search.
    pub(super) fn table(&self, lang: Lang, caption: &str, rows: &[R]) -> Markup {
        let columns: Vec<Column<'_, &R>> = self.columns.iter().map(|c| column(lang, c)).collect();
        html! {
            @if rows.is_empty() { (empty(html! { p { (self.empty.get(lang)) } })) }
            @else { (yunlong_sdk::page::table(caption, &columns, rows.iter())) }
        }
    }
}

/// Links to a part of a page as files: `path` answers by `format`.
pub(super) fn links(lang: Lang, path: &str) -> Markup {
    html! {
        div.actions.no-print {
            a href={ (path) "?format=csv" } { (lang.pick("下载 CSV", "Download CSV")) }
            a href={ (path) "?format=xlsx" } { (lang.pick("下载 Excel", "Download for Excel")) }
        }
    }
}

fn column<R>(lang: Lang, c: &Col<R>) -> Column<'_, &R> {
    let shown = Column::new(c.title.get(lang), move |r: &&R| (c.show)(r, lang)).sorted_by(c.key);
    if c.numeric { shown.numeric() } else { shown }
}
