//! The app's own data: collections with their documents, and counters.

use super::super::error::DevError;
use super::super::layer::PREFIX;
use super::Asked;
use maud::{Markup, html};
use yunlong_store::documents::{Query, Schema};

/// Documents of a page.
const DOCUMENTS: u32 = 50;
/// Keys of a counter that are shown.
const KEYS: usize = 500;

pub(super) async fn page(asked: &Asked<'_>) -> Result<Markup, DevError> {
    let (bench, store) = (asked.bench, &asked.bench.city.store);
    let Some(installation) = bench.city.installations.get(&bench.name) else { return Ok(html! {}) };
    let manifest = &installation.manifest;
    let schema = Schema::new(&bench.name, manifest).with_keys(bench.city.identity.field_keys().clone());
    let wanted = asked.query.text("collection");
    let chosen = manifest.collections.iter().find(|c| c.name == wanted).or_else(|| manifest.collections.first());
    let documents = match chosen {
        Some(collection) => {
            let cursor = Some(asked.query.text("cursor")).filter(|c| !c.is_empty()).map(str::to_owned);
            let query = Query { index: "id".into(), limit: DOCUMENTS, cursor, ..Query::default() };
            Some(schema.find_committed(store, &collection.name, &query).await.map_err(DevError::city)?)
        }
        None => None,
    };
    let mut counters = Vec::new();
    for counter in &manifest.counters {
        counters.push((counter, schema.counters_committed(store, counter, KEYS).await.map_err(DevError::city)?));
    }
    Ok(html! {
        h2 { (asked.t("集合", "Collections")) }
        @if manifest.collections.is_empty() { p { (asked.t("app.toml 没有声明集合。", "app.toml declares no collections.")) } }
        ul {
            @for c in &manifest.collections { li { a href={ (PREFIX) "data?collection=" (c.name) } { (c.name) } } }
        }
        @if let (Some(collection), Some(page)) = (chosen, &documents) {
            h3 { (collection.name) }
            @if page.documents.is_empty() { p { (asked.t("没有文档。", "No documents.")) } }
            @for d in &page.documents {
                h4 { (d.id) }
                p { (asked.t("提交 ", "commit ")) (d.version.0) }
                pre tabindex="0" { (pretty(&d.body)) }
            }
            @if let Some(next) = &page.next {
                form method="get" action={ (PREFIX) "data" } {
                    input type="hidden" name="collection" value=(collection.name);
                    button type="submit" name="cursor" value=(next) { (asked.t("下一页", "Next page")) }
                }
            }
        }
        h2 { (asked.t("计数器", "Counters")) }
        @if counters.is_empty() { p { (asked.t("app.toml 没有声明计数器。", "app.toml declares no counters.")) } }
        @for (name, keys) in &counters {
            h3 { (name) }
            table {
                thead { tr { th scope="col" { (asked.t("键", "Key")) } th scope="col" { (asked.t("值", "Value")) } } }
                tbody { @for (key, n) in keys { tr { td { (key) } td { (n) } } } }
            }
        }
    })
}

/// JSON as people read it; what is none as it is.
fn pretty(body: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(body);
    value.ok().and_then(|v| serde_json::to_string_pretty(&v).ok()).unwrap_or_else(|| body.to_owned())
}
