//! What an app keeps about somebody, in the words of its manifest: for the page and for the copy.

use crate::layout::money;
use crate::view::View;
use maud::{Markup, html};
use serde_json::Value;
use yunlong_model::manifest::{Personal, PersonalField, PersonalKind};
use yunlong_model::{Lang, Timestamp};

/// A document, or what stands at one place in it, in the order in which the manifest names it.
struct Block<'a> {
    /// Single values.
    lines: Vec<(&'a PersonalField, &'a Value)>,
    /// What stands in lists, one block for each element.
    lists: Vec<Vec<Block<'a>>>,
}

fn block<'a>(fields: &[(&'a PersonalField, Vec<&'a str>)], depth: usize, value: &'a Value) -> Block<'a> {
    let mut out = Block { lines: Vec::new(), lists: Vec::new() };
    let mut done: Vec<&str> = Vec::new();
    for (field, path) in fields {
        let Some(name) = path.get(depth) else { continue };
        let Some(inner) = value.get(name) else { continue };
        if path.len() == depth + 1 {
            if !inner.is_null() {
                out.lines.push((*field, inner));
            }
            continue;
        }
        // All fields behind a name are told where the first one is.
        if done.contains(name) {
            continue;
        }
        done.push(name);
        let below: Vec<_> = fields.iter().filter(|(_, p)| p.get(depth) == Some(name)).cloned().collect();
        match inner {
            Value::Array(all) => out.lists.push(all.iter().map(|one| block(&below, depth + 1, one)).collect()),
            one => {
                let mut one = block(&below, depth + 1, one);
                out.lines.append(&mut one.lines);
                out.lists.append(&mut one.lists);
            }
        }
    }
    out
}

fn of<'a>(personal: &'a Personal, document: &'a Value) -> Block<'a> {
    let fields: Vec<_> = personal.fields.iter().map(|f| (f, f.path.split('.').collect())).collect();
    block(&fields, 0, document)
}

/// A value in words.
fn words(field: &PersonalField, value: &Value, lang: Lang) -> String {
    match (field.kind, value) {
        (_, Value::Array(all)) => {
            all.iter().map(|v| words(field, v, lang)).collect::<Vec<_>>().join(lang.pick("、", ", "))
        }
        (PersonalKind::Fen, Value::Number(n)) if n.is_u64() => format!("¥{}", money(n.as_u64().unwrap_or_default())),
        (PersonalKind::Moment, Value::Number(n)) if n.is_i64() => {
            Timestamp(n.as_i64().unwrap_or_default()).to_shanghai()
        }
        (PersonalKind::Text, Value::Object(o)) => match (o.get("zh"), o.get("en")) {
            (Some(Value::String(zh)), Some(Value::String(en))) => lang.pick(zh, en).to_owned(),
            _ => value.to_string(),
        },
        (_, value) => {
            let code = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            match field.values.get(&code) {
                Some(words) => words.get(lang).to_owned(),
                None => crate::words::value(None, value, lang),
            }
        }
    }
}

/// A document on the page.
pub(super) fn shown(view: &View, personal: &Personal, document: &Value) -> Markup {
    markup(view, &of(personal, document))
}

fn markup(view: &View, block: &Block<'_>) -> Markup {
    let lang = view.lang();
    html! {
        @if block.lines.is_empty() && block.lists.is_empty() { p { (view.t("（无）", "(none)")) } }
        @if !block.lines.is_empty() { dl.facts { @for (field, value) in &block.lines {
            dt { (field.title.get(lang)) }
            dd {
                @if field.kind == PersonalKind::Digest { (view.t("加密后的摘要，看不出内容；副本里有", "a keyed digest that tells nothing by itself; the copy has it")) }
                @else { (words(field, value, lang)) }
            }
        } } }
        @for list in &block.lists { @if !list.is_empty() { ol { @for one in list { li { (markup(view, one)) } } } } }
    }
}

/// A document as rows of the copy: what it is, and its value. Nothing is left out.
pub(super) fn rows(personal: &Personal, document: &Value, lang: Lang) -> Vec<(String, String)> {
    fn gather(block: &Block<'_>, lang: Lang, out: &mut Vec<(String, String)>) {
        out.extend(block.lines.iter().map(|(f, v)| (f.title.get(lang).to_owned(), words(f, v, lang))));
        block.lists.iter().flatten().for_each(|one| gather(one, lang, out));
    }
    let mut out = Vec::new();
    gather(&of(personal, document), lang, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn personal() -> Personal {
        let field = |path: &str, en: &str| json!({ "path": path, "title": { "zh": en, "en": en } });
        let mut kinds = [field("visitors.concession", "Concession"), field("total", "Paid"), field("at", "Made")];
        kinds[0]["values"] = json!({ "senior": { "zh": "老年优惠", "en": "Senior" } });
        kinds[1]["kind"] = "fen".into();
        kinds[2]["kind"] = "moment".into();
        let [concession, total, at] = kinds;
        serde_json::from_value(json!({
            "title": { "zh": "订单", "en": "Orders" }, "subject": "owner", "index": "by-owner", "on_erasure": "clear",
            "fields": [field("product", "Ticket"), field("visitors.name", "Visitor"), concession, total, at, field("buyer.phone", "Phone")],
        }))
        .unwrap()
    }

    #[test]
    fn a_document_is_told_in_the_words_of_the_manifest() {
        let document = json!({
            "product": { "zh": "联票", "en": "Joint ticket" }, "total": 6000, "at": 0, "buyer": { "phone": "139", "other": 1 },
            "visitors": [{ "name": "A", "concession": "senior" }, { "name": "B" }],
        });
        let rows = rows(&personal(), &document, Lang::En);
        let rows: Vec<_> = rows.iter().map(|(t, v)| (t.as_str(), v.as_str())).collect();
        assert_eq!(
            rows,
            [
                ("Ticket", "Joint ticket"),
                ("Paid", "¥60.00"),
                ("Made", "1970-01-01 08:00"),
                ("Phone", "139"),
                ("Visitor", "A"),
                ("Concession", "Senior"),
                ("Visitor", "B"),
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_not_told() {
        assert!(super::rows(&personal(), &json!({ "visitors": [], "total": null }), Lang::Zh).is_empty());
    }
}
