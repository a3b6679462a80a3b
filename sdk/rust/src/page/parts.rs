//! The parts of pages. Each takes the language and gives markup with the classes of the theme.

use super::frame::path_with;
use super::quantity::thousands;
use crate::{Form, Lang, Text};
use maud::{Markup, Render, html};

/// What a notice or a badge says with its colour; the words must say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good.
    Ok,
    /// Neutral.
    Info,
    /// Take care.
    Warn,
    /// Wrong.
    Bad,
}

impl Tone {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A paragraph that stands out. [`Tone::Bad`] and [`Tone::Warn`] are alerts to screen readers,
/// the others status messages.
#[must_use]
pub fn notice(tone: Tone, content: impl Render) -> Markup {
    let role = if matches!(tone, Tone::Bad | Tone::Warn) { "alert" } else { "status" };
    html! { div class={ "notice notice-" (tone.name()) } role=(role) { (content) } }
}

/// A word about a state.
#[must_use]
pub fn badge(tone: Tone, content: impl Render) -> Markup {
    html! { span class={ "badge badge-" (tone.name()) } { (content) } }
}

/// A card with a heading. `id` makes the heading's anchor; it must be unique on the page.
#[must_use]
pub fn card(id: &str, heading: impl Render, body: impl Render) -> Markup {
    html! { section.card aria-labelledby=(id) { h2 id=(id) { (heading) } (body) } }
}

/// What stands in place of an empty list, with what to do next.
#[must_use]
pub fn empty(content: impl Render) -> Markup {
    html! { div.empty { (content) } }
}

/// An amount of money in fen, as yuan: `¥1,080.00`.
#[must_use]
pub fn amount(fen: u64) -> Markup {
    let yuan = thousands(&(fen / 100).to_string());
    html! { span.amount { "¥" (yuan) "." (format!("{:02}", fen % 100)) } }
}

/// What is wrong with a form, with links to the fields; nothing while it is valid. Put it above
/// the form.
#[must_use]
pub fn error_summary(lang: Lang, form: &Form) -> Markup {
    html! {
        @if !form.is_valid() {
            div.notice.notice-bad role="alert" {
                p { (lang.pick("请更正以下各项：", "Please correct the following:")) }
                ul { @for (name, why) in form.errors() { li { a href={ "#field-" (name) } { (why.get(lang)) } } } }
            }
        }
    }
}

/// A labelled input that shows what was typed and what is wrong with it. `kind` is the input's
/// `type` (`text`, `tel`, `number`, `date`, …).
#[must_use]
pub fn field(lang: Lang, form: &Form, name: &str, kind: &str, label: &Text, hint: Option<&Text>) -> Markup {
    control(lang, form, name, label, hint, &|about| {
        html! {
            input id=(about.id) name=(name) type=(kind) value=(form.value(name))
                aria-invalid=[about.invalid] aria-describedby=[about.described_by];
        }
    })
}

/// A labelled choice of files, for a form with `enctype="multipart/form-data"` that goes to the ticket's `action`. What
/// it takes and how much is said beside it; the gateway looks for itself.
#[must_use]
pub fn file_field(
    lang: Lang,
    form: &Form,
    name: &str,
    label: &Text,
    hint: Option<&Text>,
    ticket: &crate::files::Ticket,
) -> Markup {
    let (mib, many) = (ticket.max_bytes.div_ceil(1 << 20), ticket.max_files > 1);
    let limits = match (lang, many) {
        (Lang::Zh, true) => format!("最多 {} 个，每个最大 {mib} MiB。", ticket.max_files),
        (Lang::Zh, false) => format!("最大 {mib} MiB。"),
        (Lang::En, true) => format!("At most {} files of {mib} MiB each.", ticket.max_files),
        (Lang::En, false) => format!("At most {mib} MiB."),
    };
    let hint = match hint {
        Some(hint) => Text::same(format!("{} {limits}", hint.get(lang))),
        None => Text::same(limits),
    };
    control(lang, form, name, label, Some(&hint), &|about| {
        html! {
            input id=(about.id) name=(name) type="file" accept=(ticket.accept) multiple[many]
                aria-invalid=[about.invalid] aria-describedby=[about.described_by];
        }
    })
}

/// A labelled text area of so many rows.
#[must_use]
pub fn textarea(lang: Lang, form: &Form, name: &str, rows: u32, label: &Text, hint: Option<&Text>) -> Markup {
    control(lang, form, name, label, hint, &|about| {
        html! {
            textarea id=(about.id) name=(name) rows=(rows)
                aria-invalid=[about.invalid] aria-describedby=[about.described_by] {
                // A browser drops the first line break of a text area.
                "\n" (form.value(name))
            }
        }
    })
}

/// A labelled choice of one: pairs of value and text.
#[must_use]
pub fn select(lang: Lang, form: &Form, name: &str, label: &Text, options: &[(&str, &str)]) -> Markup {
    control(lang, form, name, label, None, &|about| {
        html! {
            select id=(about.id) name=(name) aria-invalid=[about.invalid] aria-describedby=[about.described_by] {
                @for (value, text) in options { option value=(value) selected[form.value(name) == *value] { (text) } }
            }
        }
    })
}

/// A labelled checkbox.
#[must_use]
pub fn checkbox(lang: Lang, form: &Form, name: &str, label: &Text) -> Markup {
    let about = About::of(form, name, false);
    html! {
        div {
            label.choice for=(about.id) {
                input id=(about.id) name=(name) type="checkbox" value="yes" checked[form.checked(name)]
                    aria-invalid=[about.invalid] aria-describedby=[about.described_by.as_deref()];
                span { (label.get(lang)) }
            }
            (error(lang, form, name))
        }
    }
}

/// A value that the form carries without showing it.
#[must_use]
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A form of one button that posts to `action`, with hidden values.
#[must_use]
pub fn confirm(action: &str, label: impl Render, values: &[(&str, &str)]) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            @for (name, value) in values { (hidden(name, value)) }
            button type="submit" { (label) }
        }
    }
}

struct About<'a> {
    id: String,
    invalid: Option<&'static str>,
    described_by: Option<String>,
    name: &'a str,
}

struct Attributes<'a> {
    id: &'a str,
    invalid: Option<&'static str>,
    described_by: Option<&'a str>,
}

impl<'a> About<'a> {
    fn of(form: &Form, name: &'a str, hint: bool) -> Self {
        let wrong = form.error(name).is_some();
        let described = [hint.then(|| format!("hint-{name}")), wrong.then(|| format!("error-{name}"))];
        let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Self {
            id: format!("field-{name}"),
            invalid: wrong.then_some("true"),
            described_by: (!described.is_empty()).then_some(described),
            name,
        }
    }
}

fn control(
    lang: Lang,
    form: &Form,
    name: &str,
    label: &Text,
    hint: Option<&Text>,
    input: &dyn Fn(Attributes<'_>) -> Markup,
) -> Markup {
    let about = About::of(form, name, hint.is_some());
    html! {
        div {
            label for=(about.id) { (label.get(lang)) }
            (input(Attributes { id: &about.id, invalid: about.invalid, described_by: about.described_by.as_deref() }))
            @if let Some(hint) = hint { span.field-help id={ "hint-" (about.name) } { (hint.get(lang)) } }
            (error(lang, form, name))
        }
    }
}

fn error(lang: Lang, form: &Form, name: &str) -> Markup {
    html! { @if let Some(why) = form.error(name) { span.field-error id={ "error-" (name) } { (why.get(lang)) } } }
}

/// A column of a table: its heading and how it shows a row.
pub struct Column<'a, R> {
    heading: &'a str,
    cell: Box<dyn Fn(&R) -> Markup + 'a>,
    numeric: bool,
    sort: Option<&'a str>,
}

impl<'a, R> Column<'a, R> {
    /// A column.
    #[must_use]
    pub fn new(heading: &'a str, cell: impl Fn(&R) -> Markup + 'a) -> Self {
        Self { heading, cell: Box::new(cell), numeric: false, sort: None }
    }

    /// Numbers, aligned at their ends.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }

    /// A heading that sorts by this key, in the table of a [`Listing`](super::Listing) that offers it.
    #[must_use]
    pub fn sorted_by(mut self, key: &'a str) -> Self {
        self.sort = Some(key);
        self
    }

    pub(super) fn sort(&self) -> Option<&'a str> {
        self.sort
    }

    pub(super) fn heading(&self) -> &'a str {
        self.heading
    }
}

/// What stands in a heading, and how the table is sorted by it (`aria-sort`).
type Heading = (Option<&'static str>, Markup);

/// A table with a caption. The first column heads its rows. It scrolls by itself on a narrow
/// screen, reachable with the keyboard.
#[must_use]
pub fn table<R>(caption: &str, columns: &[Column<'_, R>], rows: impl IntoIterator<Item = R>) -> Markup {
    table_with(caption, columns, rows, &|column| (None, html! { (column.heading) }))
}

pub(super) fn table_with<R>(
    caption: &str,
    columns: &[Column<'_, R>],
    rows: impl IntoIterator<Item = R>,
    heading: &dyn Fn(&Column<'_, R>) -> Heading,
) -> Markup {
    html! {
        div.table-wrap role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for c in columns {
                    @let (sorted, words) = heading(c);
                    th scope="col" class=[c.numeric.then_some("amount")] aria-sort=[sorted] { (words) }
                } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (i, c) in columns.iter().enumerate() {
                                @if i == 0 { th scope="row" { ((c.cell)(&row)) } }
                                @else { td class=[c.numeric.then_some("amount")] { ((c.cell)(&row)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Links to the first and the next page of a list with cursors. `kept` are the query's other
/// parameters; the cursor goes into `after`.
#[must_use]
pub fn pager(lang: Lang, path: &str, kept: &[(&str, &str)], at_start: bool, next: Option<&str>) -> Markup {
    html! {
        @if !at_start || next.is_some() {
            nav.pager aria-label=(lang.pick("分页", "Pages")) {
                @if !at_start { a href=(path_with(path, kept)) rel="first" { (lang.pick("回到第一页", "First page")) } }
                @if let Some(next) = next {
                    a href=(path_with(path, &[kept, &[("after", next)]].concat())) rel="next" { (lang.pick("下一页", "Next page")) }
                }
            }
        }
    }
}
