//! Choosing a village: county, then town, then village, three lists that need no script.

use super::forms::without;
use crate::domain::division::{CITY, Table};
use crate::domain::time::Date;
use crate::service::{Refusal, now, statistics};
use maud::{Markup, html};
use yunlong_sdk::page::select;
use yunlong_sdk::{Form, Lang, Text, t};

/// The value of the button that shows the lists of what was chosen.
pub(super) const ACTION: &str = "place";

/// The divisions below one, as a list offers them.
fn below(table: &Table, code: &str, first: Text) -> Vec<(String, Text)> {
    let today = Date::at(now());
    let rows = table.children(code, today, today).map(|r| (r.code.clone(), Text::same(r.name.to_string())));
    std::iter::once((String::new(), first)).chain(rows).collect()
}

fn list(lang: Lang, form: &Form, name: &str, label: &Text, options: &[(String, Text)]) -> Markup {
    let options: Vec<(&str, &str)> = options.iter().map(|(v, t)| (v.as_str(), t.get(lang))).collect();
    select(lang, form, name, label, &options)
}

/// The lists, named after `of`: `of-county`, `of-town`, `of`. A button shows the next one.
///
/// # Errors
/// An error of the data service.
pub(super) fn fields(lang: Lang, form: &Form, of: &str) -> Result<Markup, Refusal> {
    let table = statistics::divisions()?;
    let (county, town) = (chosen(form, &format!("{of}-county"), 6), chosen(form, &format!("{of}-town"), 9));
    let town = town.filter(|t| county.is_some_and(|c| t.starts_with(c)));
    let choose = || t("请选择", "Choose");
    Ok(html! {
        (list(lang, form, &format!("{of}-county"), &t("县（市、区）", "County"), &below(&table, CITY, choose())))
        @if let Some(county) = county {
            (list(lang, form, &format!("{of}-town"), &t("镇（街道）", "Town"), &below(&table, county, choose())))
        }
        @if let Some(town) = town {
            (list(lang, form, of, &t("村（社区）", "Village"), &below(&table, town, choose())))
        } @else if let Some(why) = form.error(of) {
            p { span.field-error id={ "field-" (of) } tabindex="-1" { (why.get(lang)) } }
        }
        div.actions {
            button.secondary.outline type="submit" name="action" value=(ACTION) {
                @if town.is_some() { (lang.pick("更换镇村", "Other lists")) } @else { (lang.pick("选择下一级", "Next list")) }
            }
        }
    })
}

fn chosen<'a>(form: &'a Form, name: &str, digits: usize) -> Option<&'a str> {
    let value = form.value(name);
    (value.len() == digits && value.bytes().all(|b| b.is_ascii_digit())).then_some(value)
}

/// The village that was chosen. One of another town than the lists say was not chosen, and is noted as missing.
pub(super) fn village(form: &mut Form, of: &str) -> Option<String> {
    let code = form.value(of).to_owned();
    let town = form.value(&format!("{of}-town")).to_owned();
    if code.len() == 12 && !town.is_empty() && code.starts_with(&town) {
        return Some(code);
    }
    form.reject(of, t("请依次选择县、镇和村", "Choose the county, the town and the village"));
    None
}

/// A form that holds a village with its town and county.
pub(super) fn with(form: Form, of: &str, village: &str) -> Form {
    let part = |n: usize| village.get(..n).unwrap_or("").to_owned();
    form.with(&format!("{of}-county"), part(6)).with(&format!("{of}-town"), part(9)).with(of, village)
}

/// The same form without the button that was pressed.
pub(super) fn unpressed(form: &Form) -> Form {
    without(form, &["action"])
}

/// The button that Enter presses: the first of a form, before the one that shows the lists.
pub(super) fn enter(label: &str) -> Markup {
    html! {
        button.visually-hidden type="submit" name="action" value="enter" tabindex="-1" aria-hidden="true" { (label) }
    }
}
