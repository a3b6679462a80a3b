//! Index rows of the newest versions: `@hub`/`x`/dataset/items/values/record id, without a value.
//!
//! In datasets about persons, values that tell who it is (texts, numbers of persons, of companies and of
//! telephones) are keyed hashes: they can be asked for one by one, not by a range.

use crate::keys::Tags;
use crate::{Dataset, HubError, ItemKind, keys};
use serde_json::{Map, Value};
use yunlong_store::Key;
use yunlong_store::documents::ordered_scalar;

/// Whether values of the item stand in the plain in the index of a dataset about persons. It depends on
/// the type alone, which never changes while there are records.
fn is_plain(dataset: &Dataset, kind: ItemKind) -> bool {
    !dataset.is_personal()
        || matches!(
            kind,
            ItemKind::Division
                | ItemKind::Date
                | ItemKind::Time
                | ItemKind::Period
                | ItemKind::Boolean
                | ItemKind::Integer
                | ItemKind::Decimal
        )
}

/// Whether a range can be asked for over this item of an index.
pub(crate) fn is_ordered(dataset: &Dataset, item: &str) -> bool {
    dataset.item(item).is_some_and(|i| is_plain(dataset, i.kind))
}

/// Appends one value as the index has it; `false` for what no index has.
pub(crate) fn value(tags: &Tags<'_>, dataset: &Dataset, item: &str, value: &Value, out: &mut Vec<u8>) -> bool {
    match value {
        Value::String(text) if !is_ordered(dataset, item) => {
            let tag = tags.value(&dataset.id, item, text);
            ordered_scalar(out, &Value::String(tag))
        }
        other => ordered_scalar(out, other),
    }
}

/// The values of a record in an index; `None` when it lacks one and is not in it.
fn values(tags: &Tags<'_>, dataset: &Dataset, index: &[String], body: &Map<String, Value>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(48);
    for item in index {
        if !value(tags, dataset, item, body.get(item)?, &mut out) {
            return None;
        }
    }
    Some(out)
}

/// The key of a record's row in an index.
pub(crate) fn row(
    tags: &Tags<'_>,
    dataset: &Dataset,
    index: &[String],
    id: &str,
    body: &Map<String, Value>,
) -> Option<Key> {
    let values = values(tags, dataset, index, body)?;
    Some(keys::index(&dataset.id, index).raw(&values).text(id))
}

/// The record id at the end of a row's key. Ids have no control characters, so that the last mark of a
/// text is that of the id.
pub(crate) fn id_of(key: &Key) -> Result<String, HubError> {
    let bytes = key.as_bytes();
    let id = bytes.iter().rposition(|b| *b == 0x02).and_then(|at| {
        let text = bytes.get(at + 1..bytes.len().checked_sub(1)?)?;
        String::from_utf8(text.to_vec()).ok()
    });
    Ok(id.ok_or_else(|| yunlong_store::StoreError::Corrupt(format!("the index row {key:?} names no record")))?)
}
