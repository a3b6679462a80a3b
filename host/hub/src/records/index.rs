//! Index rows of the newest versions: `@hub`/`x`/dataset/items/values/record id, without a value.
//!
//! In datasets about persons, values that tell who it is (texts, numbers of persons, of companies and of
//! telephones) are keyed hashes: they can be asked for one by one, not by a range. Dates, divisions and
//! numbers stand in the plain, in their order. So that nobody who has the rows alone can put the birth date
//! of one index beside the village of another, the record's id is enciphered in each index under a key of
//! its own: it leads to the record with the hub's key, and to nothing without.

use crate::keys::Tags;
use crate::{Dataset, HubError, ItemKind, keys};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};
use yunlong_model::InstallationName;
use yunlong_store::documents::ordered_scalar;
use yunlong_store::{Key, StoreError};

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
    let key = keys::index(&dataset.id, index).raw(&values);
    Some(match dataset.is_personal().then(|| block_of(id)).flatten() {
        Some(mut block) => {
            Aes128::new(&(*tags.index(&dataset.id, index)).into()).encrypt_block((&mut block).into());
            key.text(&BASE64URL_NOPAD.encode(&block))
        }
        None => key.text(id),
    })
}

/// Where the id begins in the key of a row. Ids have no control characters, so that the last mark of a text
/// is that of the id.
fn id_at(key: &Key) -> Option<usize> {
    key.as_bytes().iter().rposition(|b| *b == 0x02)
}

/// What the keys of all rows with the same values as this one begin with.
pub(crate) fn values_of(row: &Key) -> Option<Key> {
    row.as_bytes().get(..id_at(row)?).map(|values| Key::from_bytes(values.to_vec()))
}

/// The ids of the records that these rows of an index lead to.
pub(crate) fn ids_of<'a>(
    tags: &Tags<'_>,
    dataset: &Dataset,
    index: &[String],
    rows: impl Iterator<Item = &'a Key>,
) -> Result<Vec<String>, HubError> {
    let cipher = dataset.is_personal().then(|| Aes128::new(&(*tags.index(&dataset.id, index)).into()));
    let id_of = |key: &Key| {
        let (bytes, at) = (key.as_bytes(), id_at(key)?);
        let id = String::from_utf8(bytes.get(at + 1..bytes.len().checked_sub(1)?)?.to_vec()).ok()?;
        let Some(cipher) = &cipher else { return Some(id) };
        let mut block = block_of(&id)?;
        cipher.decrypt_block((&mut block).into());
        Some(BASE64URL_NOPAD.encode(&block))
    };
    let corrupt = |key| StoreError::Corrupt(format!("the index row {key:?} names no record"));
    rows.map(|key| id_of(key).ok_or_else(|| corrupt(key).into())).collect()
}

/// An order of the records about persons that is one installation's own: a permutation of their ids, which
/// are 16 bytes. It costs a block of AES for each record, so that thousands can be sorted for an answer.
pub(crate) struct Order(Aes128);

impl Order {
    pub(crate) fn of(tags: &Tags<'_>, dataset: &str, installation: &InstallationName) -> Self {
        Self(Aes128::new(&(*tags.order(dataset, installation.as_str())).into()))
    }

    /// Where a record stands in the order: a text that goes into a key.
    pub(crate) fn place(&self, id: &str) -> Result<String, HubError> {
        let mut block = block_of(id).ok_or_else(no_id)?;
        self.0.encrypt_block((&mut block).into());
        Ok(BASE64URL_NOPAD.encode(&block))
    }

    /// The record that stands there.
    pub(crate) fn id(&self, place: &str) -> Result<String, HubError> {
        let mut block = block_of(place).ok_or_else(no_id)?;
        self.0.decrypt_block((&mut block).into());
        Ok(BASE64URL_NOPAD.encode(&block))
    }
}

fn no_id() -> HubError {
    StoreError::Corrupt("a record about a person has an id that is no keyed hash".into()).into()
}

/// The bytes of a record's id in a dataset about persons: those of a keyed hash.
fn block_of(id: &str) -> Option<[u8; 16]> {
    BASE64URL_NOPAD.decode(id.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn an_id_is_another_in_each_index_and_leads_back() {
        let key = Zeroizing::new([7; 32]);
        let tags = Tags(&key);
        let person: Dataset = toml::from_str(include_str!("../../data/datasets/population.person.toml")).unwrap();
        let id = tags.record(&person.id, "32032119900101998X");
        let body = serde_json::json!({ "division": "320321", "birth_date": "1990-01-01", "household": "H1" });
        let body = body.as_object().unwrap();
        let mut seen = vec![id.clone()];
        for index in &person.indexes {
            let row = row(&tags, &person, index, &id, body).unwrap();
            assert_eq!(
                ids_of(&tags, &person, index, std::iter::once(&row)).unwrap(),
                std::slice::from_ref(&id),
                "{index:?}"
            );
            // Behind the mark of a text, and before its end.
            let bytes = row.as_bytes();
            let shown = String::from_utf8(bytes[bytes.len() - 1 - id.len()..bytes.len() - 1].to_vec()).unwrap();
            assert!(!seen.contains(&shown), "{index:?}: {shown}");
            seen.push(shown);
        }
        assert!(ids_of(&tags, &person, &person.indexes[0], std::iter::once(&Key::space("x").text("short"))).is_err());
    }

    #[test]
    fn each_installation_has_an_order_of_its_own_that_leads_back() {
        let key = Zeroizing::new([7; 32]);
        let tags = Tags(&key);
        let order = |dataset: &str, app: &str| Order::of(&tags, dataset, &app.parse().unwrap());
        let ids: Vec<String> = (0..50).map(|n| tags.record("d", &n.to_string())).collect();
        let sorted = |order: &Order| {
            let mut places: Vec<String> = ids.iter().map(|id| order.place(id).unwrap()).collect();
            places.sort();
            places.iter().map(|p| order.id(p).unwrap()).collect::<Vec<_>>()
        };
        let (a, b, other) = (order("d", "a"), order("d", "b"), order("e", "a"));
        assert_eq!(sorted(&a), sorted(&order("d", "a")));
        assert!(sorted(&a) != sorted(&b) && sorted(&a) != sorted(&other));
        let mut back = sorted(&a);
        let mut all = ids.clone();
        back.sort();
        all.sort();
        assert_eq!(back, all);
        assert!(a.place("short").is_err());
    }
}
