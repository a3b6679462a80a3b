//! Where things stand in the space `@hub`, and the keyed hashes that stand in keys.
//!
//! Invariant: no key, and no value that is not sealed, tells who a record about a person is about. What
//! stands in keys of datasets about persons is a keyed hash, unless it identifies nobody by itself.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use yunlong_model::PersonId;
use yunlong_store::Key;
use zeroize::Zeroizing;

/// The hub's space.
pub(crate) const SPACE: &str = "@hub";

/// Bytes of a keyed hash in a key, 22 characters there: 2^64 records until two of them are likely to meet.
const TAG: usize = 16;

/// A table of the hub.
pub(crate) fn table(name: &str) -> Key {
    Key::space(SPACE).text(name)
}

pub(crate) fn datasets() -> Key {
    table("dataset")
}

pub(crate) fn dataset(id: &str) -> Key {
    datasets().text(id)
}

/// The former descriptions of a dataset, by version.
pub(crate) fn dataset_versions(id: &str) -> Key {
    table("dataset-version").text(id)
}

// One letter each for what a million records have: the names are in every key.

/// The newest version of each record.
pub(crate) fn heads(dataset: &str) -> Key {
    table("r").text(dataset)
}

pub(crate) fn head(dataset: &str, id: &str) -> Key {
    heads(dataset).text(id)
}

/// Former versions, by the day from which they held.
pub(crate) fn former(dataset: &str, id: &str) -> Key {
    table("h").text(dataset).text(id)
}

/// Versions whose place another one took, by that one's number: what was once on record, and was wrong.
pub(crate) fn replaced(dataset: &str, id: &str) -> Key {
    table("o").text(dataset).text(id)
}

/// An index of the newest versions. Its rows' keys go on with the values and the record's id.
pub(crate) fn index(dataset: &str, items: &[String]) -> Key {
    table("x").text(dataset).text(&items.join(","))
}

/// The records about a person, where the key item is not the person's own.
pub(crate) fn about(dataset: &str, person: &str) -> Key {
    table("p").text(dataset).text(person)
}

/// What is left of a record that was removed, sealed, until those who follow the dataset were told.
pub(crate) fn erased(dataset: &str, id: &str) -> Key {
    table("e").text(dataset).text(id)
}

/// What has changed, in the order of the commits.
pub(crate) fn changes(dataset: &str) -> Key {
    table("change").text(dataset)
}

/// Counters of records and, by item, of records that have it.
pub(crate) fn counts(dataset: &str) -> Key {
    table("n").text(dataset)
}

pub(crate) fn count_of(dataset: &str, item: &str) -> Key {
    counts(dataset).text(item)
}

/// When something of a dataset was written last, by whomever. Who decides on whether it has records reads it.
pub(crate) fn touched(dataset: &str) -> Key {
    table("touched").text(dataset)
}

/// When its provider brought a dataset up to date last: with a file that was loaded to its end, or with a write of
/// its own.
pub(crate) fn renewed(dataset: &str) -> Key {
    table("renewed").text(dataset)
}

pub(crate) fn imports() -> Key {
    table("import")
}

pub(crate) fn import(id: &str) -> Key {
    imports().text(id)
}

/// The unfinished import of a file.
pub(crate) fn import_of(dataset: &str, fingerprint: &str) -> Key {
    table("import-of").text(dataset).text(fingerprint)
}

/// The imports of a dataset, in the order of their beginnings.
pub(crate) fn imports_by(dataset: &str) -> Key {
    table("import-by").text(dataset)
}

/// Exports that were begun; their ids are in the order of their beginnings.
pub(crate) fn exports() -> Key {
    table("export")
}

pub(crate) fn export(id: &str) -> Key {
    exports().text(id)
}

pub(crate) fn batches(import: &str) -> Key {
    table("batch").text(import)
}

pub(crate) fn batch(import: &str, n: u64) -> Key {
    batches(import).u64(n)
}

pub(crate) fn corrections() -> Key {
    table("correction")
}

pub(crate) fn correction(id: &str) -> Key {
    corrections().text(id)
}

/// Corrections of a dataset that wait for an answer, by their deadline.
pub(crate) fn open_corrections() -> Key {
    table("correction-open")
}

/// How many corrections of a dataset wait.
pub(crate) fn open_count(dataset: &str) -> Key {
    table("correction-count").text(dataset)
}

/// Corrections by the organization that answers them.
pub(crate) fn corrections_for(organization: &str) -> Key {
    table("correction-for").text(organization)
}

/// Corrections by who filed them.
pub(crate) fn corrections_by(account: &str) -> Key {
    table("correction-by").text(account)
}

/// Keyed hashes for keys of the store.
pub(crate) struct Tags<'a>(pub(crate) &'a Zeroizing<[u8; 32]>);

impl Tags<'_> {
    /// The id of a record about a person: of the person where the key item is theirs, so that it is
    /// found by whoever knows the person alone, and otherwise of the key.
    pub(crate) fn record(&self, dataset: &str, key: &str) -> String {
        self.tag(&["record", dataset, key])
    }

    /// As [`Tags::record`], where the key item is the person's resident ID.
    pub(crate) fn record_of_person(&self, dataset: &str, person: &PersonId) -> String {
        self.tag(&["person-record", dataset, person.as_str()])
    }

    /// A person, in the rows of one dataset.
    pub(crate) fn person(&self, dataset: &str, person: &PersonId) -> String {
        self.tag(&["person", dataset, person.as_str()])
    }

    /// An index value that would tell who it is.
    pub(crate) fn value(&self, dataset: &str, item: &str, value: &str) -> String {
        self.tag(&["value", dataset, item, value])
    }

    /// The key under which record ids stand in an index: ids of two indexes cannot be put beside each other.
    pub(crate) fn index(&self, dataset: &str, items: &[String]) -> Zeroizing<[u8; TAG]> {
        let mut parts = vec!["index", dataset];
        parts.extend(items.iter().map(String::as_str));
        Zeroizing::new(self.bytes(&parts))
    }

    /// The key of the order in which an installation sees the records of a dataset about persons.
    pub(crate) fn order(&self, dataset: &str, installation: &str) -> Zeroizing<[u8; TAG]> {
        Zeroizing::new(self.bytes(&["order", dataset, installation]))
    }

    /// A number that is compared and tells nothing: never 0, and one that every JSON reader keeps whole.
    pub(crate) fn number(&self, parts: &[&str]) -> u64 {
        let bytes = self.bytes(parts);
        let number = bytes.iter().take(8).fold(0_u64, |n, b| n << 8 | u64::from(*b));
        (number >> 11).max(1)
    }

    /// Anything else that is to be recognized again and not to be read.
    pub(crate) fn tag(&self, parts: &[&str]) -> String {
        BASE64URL_NOPAD.encode(&self.bytes(parts))
    }

    fn bytes(&self, parts: &[&str]) -> [u8; TAG] {
        // RFC 2104 fills a short key with zeros to the block's 64 bytes.
        let mut block = Zeroizing::new([0_u8; 64]);
        block[..32].copy_from_slice(self.0.as_slice());
        let mut mac = Hmac::<Sha256>::new(&(*block).into());
        for part in parts {
            // With their lengths, so that no two lists of parts are the same bytes.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let mut out = [0; TAG];
        out.copy_from_slice(&mac.finalize().into_bytes()[..TAG]);
        out
    }
}
