//! Charts: a figure with its data as a table. The platform's script (`/_city/page.js`) draws it; without one the table says
//! the same.

use super::quantity::Quantity;
use crate::Lang;
use maud::{Markup, Render, html};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bar,
    Line,
    Pie,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::Line => "line",
            Self::Pie => "pie",
        }
    }
}

/// A chart: rows (the categories, or the days) of one figure for each series.
///
/// ```
/// use yunlong_sdk::{Lang, page::{self, Chart, Quantity}};
///
/// let chart = Chart::bar("各县区销售额", "县区")
///     .unit("元")
///     .series("上月")
///     .series("本月")
///     .row("丰县", [Quantity::fen(108_000), Quantity::fen(96_000)])
///     .linked_row("睢宁县", "/sales?division=320324", [Quantity::fen(54_000), Quantity::unknown("—")])
///     .source("数据截至 2026-10-31");
/// let markup = page::chart(Lang::Zh, &chart).into_string();
/// assert!(markup.contains("<td class=\"amount\" data-value=\"1080.00\">¥1,080.00</td>"));
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    kind: Kind,
    title: String,
    heading: String,
    unit: Option<String>,
    source: Option<String>,
    stacked: bool,
    horizontal: bool,
    series: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    name: String,
    link: Option<String>,
    values: Vec<Quantity>,
}

impl Chart {
    /// Bars: amounts side by side. `title` is above it; `heading` says what its rows are.
    #[must_use]
    pub fn bar(title: impl Into<String>, heading: impl Into<String>) -> Self {
        Self::new(Kind::Bar, title.into(), heading.into())
    }

    /// Lines: how figures change, the rows in the order of time.
    #[must_use]
    pub fn line(title: impl Into<String>, heading: impl Into<String>) -> Self {
        Self::new(Kind::Line, title.into(), heading.into())
    }

    /// A pie: parts of one whole, of the first series. A few parts alone can be told apart.
    #[must_use]
    pub fn pie(title: impl Into<String>, heading: impl Into<String>) -> Self {
        Self::new(Kind::Pie, title.into(), heading.into())
    }

    fn new(kind: Kind, title: String, heading: String) -> Self {
        let (series, rows) = (Vec::new(), Vec::new());
        Self { kind, title, heading, unit: None, source: None, stacked: false, horizontal: false, series, rows }
    }

    /// What the figures count: it stands at the axis and beside each series' name.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// Where the figures come from and until when, below the chart.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Bars of one row on top of each other.
    #[must_use]
    pub fn stacked(mut self) -> Self {
        self.stacked = true;
        self
    }

    /// Bars that lie, for long names.
    #[must_use]
    pub fn horizontal(mut self) -> Self {
        self.horizontal = true;
        self
    }

    /// One more series: its name.
    #[must_use]
    pub fn series(mut self, name: impl Into<String>) -> Self {
        self.series.push(name.into());
        self
    }

    /// One more row: its name, and a figure for each series. What is missing is shown as unknown, what is too much is left
    /// out.
    #[must_use]
    pub fn row<Q: Into<Quantity>>(self, name: impl Into<String>, values: impl IntoIterator<Item = Q>) -> Self {
        self.with_row(name.into(), None, values)
    }

    /// A row whose name leads to what lies behind it.
    #[must_use]
    pub fn linked_row<Q: Into<Quantity>>(
        self,
        name: impl Into<String>,
        link: impl Into<String>,
        values: impl IntoIterator<Item = Q>,
    ) -> Self {
        self.with_row(name.into(), Some(link.into()), values)
    }

    fn with_row<Q: Into<Quantity>>(
        mut self,
        name: String,
        link: Option<String>,
        values: impl IntoIterator<Item = Q>,
    ) -> Self {
        self.rows.push(Row { name, link, values: values.into_iter().map(Into::into).collect() });
        self
    }
}

/// The chart as a figure with its table.
#[must_use]
pub fn chart(lang: Lang, chart: &Chart) -> Markup {
    let unknown = Quantity::unknown("—");
    html! {
        figure.chart data-chart=(chart.kind.name()) data-unit=[chart.unit.as_deref()]
            data-stacked[chart.stacked] data-horizontal[chart.horizontal] {
            figcaption { (chart.title) }
            @if chart.rows.is_empty() || chart.series.is_empty() {
                (nothing(lang))
            } @else {
                div.table-wrap role="region" aria-label=(chart.title) tabindex="0" {
                    table {
                        thead { tr {
                            th scope="col" { (chart.heading) }
                            @for name in &chart.series { th.amount scope="col" data-series { (name) (unit(lang, chart.unit.as_deref())) } }
                        } }
                        tbody { @for row in &chart.rows {
                            tr {
                                th scope="row" { (linked(&row.name, row.link.as_deref())) }
                                @for n in 0..chart.series.len() { (cell(row.values.get(n).unwrap_or(&unknown))) }
                            }
                        } }
                    }
                }
            }
            (foot(chart.source.as_deref()))
        }
    }
}

/// What stands in place of a chart without figures.
pub(super) fn nothing(lang: Lang) -> Markup {
    super::empty(html! { p { (lang.pick("没有数据。", "There are no figures.")) } })
}

/// The unit behind a heading.
pub(super) fn unit(lang: Lang, unit: Option<&str>) -> Markup {
    html! { @if let Some(unit) = unit { (lang.pick("（", " (")) (unit) (lang.pick("）", ")")) } }
}

pub(super) fn linked(name: impl Render, link: Option<&str>) -> Markup {
    html! { @match link { Some(link) => a href=(link) { (name) }, None => (name) } }
}

pub(super) fn cell(value: &Quantity) -> Markup {
    html! { td.amount data-value=[value.number()] { (value.text()) } }
}

/// The source of the figures, and the script that draws them. A browser runs a module once, however often it is named.
pub(super) fn foot(source: Option<&str>) -> Markup {
    html! {
        @if let Some(source) = source { p.source { (source) } }
        (script())
    }
}

/// The platform's script for pages.
pub(super) fn script() -> Markup {
    html! { script type="module" src="/_city/page.js" {} }
}
