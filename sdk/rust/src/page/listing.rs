//! Lists that are sorted, filtered and turned over by links: the server does it, and the address says how.

use super::frame::path_with;
use super::parts::{Column, table_with};
use crate::{Form, Lang, Request};
use maud::{Markup, html};
use std::ops::Range;

/// How a list is to be shown, from the query: `?sort=-amount&q=…&page=2`. What the query asks for and the app does not offer is
/// not heard of.
///
/// ```
/// use yunlong_sdk::{Request, Response, maud::html, page::{self, Column, Listing}, t, web};
///
/// fn sales(req: &Request) -> web::Result<Response> {
///     # static LAYOUT: yunlong_sdk::Layout = yunlong_sdk::Layout::new(t("销售", "Sales"));
///     let list = Listing::of(req, &["name", "-amount"], &["q"]);
///     let mut rows = vec![("丰县", 12_u32), ("睢宁县", 30)];
///     rows.retain(|(name, _)| name.contains(list.filter("q")));
///     match list.sort() {
///         "amount" => rows.sort_by_key(|r| r.1),
///         _ => rows.sort(),
///     }
///     if list.is_descending() {
///         rows.reverse();
///     }
///     let columns = [
///         Column::new(req.t("县区", "District"), |r: &(&str, u32)| html! { (r.0) }).sorted_by("name"),
///         Column::new(req.t("金额", "Amount"), |r: &(&str, u32)| html! { (r.1) }).numeric().sorted_by("amount"),
///     ];
///     Ok(LAYOUT.page(req, &t("销售", "Sales"), html! {
///         (list.form(page::field(req.lang(), list.filters(), "q", "search", &t("名称", "Name"), None)))
///         (list.table(req.t("各县区", "By district"), &columns, rows[list.range(rows.len(), 20)].iter().copied()))
///         (list.pages(rows.len(), 20))
///         (list.files("/sales/file"))
///     }))
/// }
/// ```
pub struct Listing {
    lang: Lang,
    path: String,
    /// Keys, each with the direction that it has first.
    sorts: Vec<(String, bool)>,
    sort: usize,
    descending: bool,
    filters: Form,
    names: Vec<String>,
    page: usize,
    after: Option<String>,
}

impl Listing {
    /// What the query of a request says. `sorts` are the keys to sort by, the first of them by default; one with `-` before it
    /// begins with the largest. `filters` are the names of the fields by which the list is narrowed.
    #[must_use]
    pub fn of(request: &Request, sorts: &[&str], filters: &[&str]) -> Self {
        let sorts: Vec<_> = sorts.iter().map(|s| direction(s)).map(|(key, down)| (key.to_owned(), down)).collect();
        let asked = request.query_value("sort").unwrap_or_default();
        let (key, asked_down) = direction(&asked);
        let found = sorts.iter().position(|(k, _)| k == key);
        let first = sorts.first().is_some_and(|(_, down)| *down);
        let query = request.query_form();
        let with = |form: Form, name: &&str| form.with(name, query.value(name).trim());
        Self {
            lang: request.lang(),
            path: request.path().to_owned(),
            sort: found.unwrap_or(0),
            descending: if found.is_some() { asked_down } else { first },
            filters: filters.iter().fold(Form::new(), with),
            names: filters.iter().map(|&n| n.to_owned()).collect(),
            page: request.query_value("page").and_then(|p| p.parse().ok()).filter(|p| *p > 0).unwrap_or(1),
            after: request.query_value("after").filter(|a| !a.is_empty()),
            sorts,
        }
    }

    /// The key to sort by: one of those that are offered; empty when there is none.
    #[must_use]
    pub fn sort(&self) -> &str {
        self.sorts.get(self.sort).map_or("", |(key, _)| key)
    }

    /// Whether the largest come first.
    #[must_use]
    pub fn is_descending(&self) -> bool {
        self.descending
    }

    /// What a filter says, without spaces around it; empty when it says nothing.
    #[must_use]
    pub fn filter(&self, name: &str) -> &str {
        self.filters.value(name)
    }

    /// The filters, for the fields of [`form`](Self::form).
    #[must_use]
    pub fn filters(&self) -> &Form {
        &self.filters
    }

    /// Whether any filter says something: an empty list then means something else.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.names.iter().any(|n| !self.filter(n).is_empty())
    }

    /// The cursor of a list with cursors, for [`Query::after`](crate::Query::after).
    #[must_use]
    pub fn after(&self) -> Option<String> {
        self.after.clone()
    }

    /// Which rows of `total` stand on the page, with so many on each. A page behind the last one is the last one.
    #[must_use]
    pub fn range(&self, total: usize, per_page: usize) -> Range<usize> {
        let start = (self.page_of(total, per_page) - 1) * per_page.max(1);
        start.min(total)..start.saturating_add(per_page.max(1)).min(total)
    }

    fn page_of(&self, total: usize, per_page: usize) -> usize {
        self.page.min(pages(total, per_page))
    }

    /// The query that keeps order and filters.
    #[must_use]
    pub fn kept(&self) -> Vec<(&str, String)> {
        let mut kept = self.narrowed();
        if self.sort != 0 || self.sorts.first().is_some_and(|(_, down)| *down != self.descending) {
            kept.insert(0, ("sort", signed(self.sort(), self.descending)));
        }
        kept
    }

    fn narrowed(&self) -> Vec<(&str, String)> {
        let said = self.names.iter().map(|n| (n.as_str(), self.filter(n).to_owned()));
        said.filter(|(_, value)| !value.is_empty()).collect()
    }

    fn to(&self, path: &str, query: Vec<(&str, String)>, more: Option<(&str, String)>) -> String {
        let pairs: Vec<_> = query.into_iter().chain(more).collect();
        path_with(path, &pairs.iter().map(|(n, v)| (*n, v.as_str())).collect::<Vec<_>>())
    }

    /// A table whose headings sort it: those of columns that are [`sorted_by`](Column::sorted_by) a key that is offered.
    #[must_use]
    pub fn table<R>(&self, caption: &str, columns: &[Column<'_, R>], rows: impl IntoIterator<Item = R>) -> Markup {
        table_with(caption, columns, rows, &|column| self.heading(column.sort(), column.heading()))
    }

    fn heading(&self, key: Option<&str>, words: &str) -> (Option<&'static str>, Markup) {
        let Some(n) = key.and_then(|k| self.sorts.iter().position(|(s, _)| s == k)) else {
            return (None, html! { (words) });
        };
        let (key, first) = &self.sorts[n];
        let here = n == self.sort;
        let state = match (here, self.descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        let down = if here { !self.descending } else { *first };
        let mut query = self.narrowed();
        query.insert(0, ("sort", signed(key, down)));
        (Some(state), html! { a.sort href=(self.to(&self.path, query, None)) { (words) } })
    }

    /// A form of filters, sent by `GET`: `fields` of the names that were offered. It keeps the order and begins at the first
    /// page; beside the button stands a way back to the whole list.
    #[must_use]
    pub fn form(&self, fields: Markup) -> Markup {
        let sort = self.kept().into_iter().find(|(n, _)| *n == "sort");
        html! {
            form.no-print method="get" action=(self.path) role="search" {
                (fields)
                @if let Some((name, value)) = &sort { (super::hidden(name, value)) }
                div.actions {
                    button type="submit" { (self.lang.pick("筛选", "Filter")) }
                    @if self.is_filtered() {
                        a href=(self.to(&self.path, sort.clone().into_iter().collect(), None)) { (self.lang.pick("清除筛选", "Clear")) }
                    }
                }
            }
        }
    }

    /// Links to the pages of a list whose length is known. [`pager`](Self::pager) is for cursors.
    #[must_use]
    pub fn pages(&self, total: usize, per_page: usize) -> Markup {
        let (last, here) = (pages(total, per_page), self.page_of(total, per_page));
        let link = |n: usize| self.to(&self.path, self.kept(), (n > 1).then(|| ("page", n.to_string())));
        let words = match self.lang {
            Lang::Zh => format!("第 {here} / {last} 页，共 {total} 条"),
            Lang::En => format!("Page {here} of {last}, {total} in all"),
        };
        html! {
            @if last > 1 {
                nav.pager aria-label=(self.lang.pick("分页", "Pages")) {
                    @if here > 1 {
                        a href=(link(1)) rel="first" { (self.lang.pick("第一页", "First page")) }
                        a href=(link(here - 1)) rel="prev" { (self.lang.pick("上一页", "Previous page")) }
                    }
                    span.here { (words) }
                    @if here < last {
                        a href=(link(here + 1)) rel="next" { (self.lang.pick("下一页", "Next page")) }
                        a href=(link(last)) rel="last" { (self.lang.pick("最后一页", "Last page")) }
                    }
                }
            } @else if total > 0 { p.muted { (self.lang.pick("共 ", "")) (total) (self.lang.pick(" 条", " in all")) } }
        }
    }

    /// Links to the first and the next page of a list with cursors, which keep order and filters.
    #[must_use]
    pub fn pager(&self, next: Option<&str>) -> Markup {
        let kept = self.kept();
        let pairs: Vec<_> = kept.iter().map(|(n, v)| (*n, v.as_str())).collect();
        super::pager(self.lang, &self.path, &pairs, self.after.is_none(), next)
    }

    /// Links to the list as files, all of its pages in the order and with the filters of now: `path` answers by
    /// `format=csv` and `format=xlsx` (`sheet::Format`).
    #[must_use]
    pub fn files(&self, path: &str) -> Markup {
        let link = |format: &str| self.to(path, self.kept(), Some(("format", format.to_owned())));
        html! {
            div.actions.no-print {
                a href=(link("csv")) { (self.lang.pick("下载 CSV", "Download CSV")) }
                a href=(link("xlsx")) { (self.lang.pick("下载 Excel", "Download for Excel")) }
            }
        }
    }
}

/// A key and whether the largest come first: `-amount`.
fn direction(text: &str) -> (&str, bool) {
    text.strip_prefix('-').map_or((text, false), |key| (key, true))
}

fn signed(key: &str, down: bool) -> String {
    format!("{}{key}", if down { "-" } else { "" })
}

fn pages(total: usize, per_page: usize) -> usize {
    total.div_ceil(per_page.max(1)).max(1)
}
