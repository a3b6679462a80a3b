//! The imported advisories in the store: a row a package, under their ecosystem and the number of their import.
//! An import is seen as a whole or not at all, since the row that names its number is written last.

use super::{Advisories, Advisory, Ecosystem, ImportInfo};
use crate::checks::Lookup;
use crate::checks::sbom::SbomComponent;
use crate::error::PublicationError;
use crate::keys;
use std::collections::btree_map::Entry;
use yunlong_model::Timestamp;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, SharedStore, Txn};

/// Rows, and bytes, of one commit.
const ROWS: usize = 2_000;
const BYTES: usize = 8 * 1024 * 1024;

/// The imports in force: one an ecosystem.
pub(crate) async fn current(store: &SharedStore) -> Result<Vec<ImportInfo>, PublicationError> {
    let rows = store.scan(&keys::imports().children(), Direction::Ascending, Ecosystem::ALL.len()).await?;
    Ok(rows.iter().map(|r| from_json(&r.key, &r.value)).collect::<Result<_, _>>()?)
}

/// What the imports in force say about what a package is made of.
pub(crate) async fn look_up(store: &SharedStore, parts: &[SbomComponent]) -> Result<Lookup, PublicationError> {
    loop {
        let mut lookup = Lookup { imports: current(store).await?, ..Lookup::default() };
        for part in parts {
            let Some(ecosystem) = part.ecosystem else { continue };
            let Some(import) = lookup.imports.iter().find(|i| i.ecosystem == ecosystem) else { continue };
            if let Entry::Vacant(place) = lookup.found.entry((ecosystem, ecosystem.normal(&part.name))) {
                place.insert(about(store, import, &part.name).await?);
            }
        }
        // A new import sweeps the rows of the one before: what was read meanwhile may lack some.
        if current(store).await? == lookup.imports {
            return Ok(lookup);
        }
    }
}

/// The advisories about a package, of an import.
async fn about(store: &SharedStore, import: &ImportInfo, package: &str) -> Result<Vec<Advisory>, PublicationError> {
    let ecosystem = import.ecosystem;
    let key = keys::advisories(ecosystem, import.generation).text(&ecosystem.normal(package));
    match store.get(&key).await? {
        Some(row) => Ok(from_json(&key, &row.value)?),
        None => Ok(Vec::new()),
    }
}

/// Writes all rows of an import. Nobody sees them yet.
pub(crate) async fn write(
    store: &SharedStore,
    generation: u64,
    all: &Advisories,
    ecosystem: Ecosystem,
) -> Result<(), PublicationError> {
    let mut txn = Txn::new(store.clone());
    for ((of, package), advisories) in &all.by_package {
        if *of != ecosystem {
            continue;
        }
        txn.put_as(keys::advisories(ecosystem, generation).text(package), advisories);
        if txn.len() >= ROWS || txn.staged_bytes() >= BYTES {
            std::mem::replace(&mut txn, Txn::new(store.clone())).commit().await?;
        }
    }
    txn.commit().await?;
    Ok(())
}

/// What an import says of itself.
pub(crate) fn info(
    generation: u64,
    all: &Advisories,
    ecosystem: Ecosystem,
    source: &str,
    by: &str,
    at: Timestamp,
) -> ImportInfo {
    let modified = all.of(ecosystem).flat_map(|(_, advisories)| advisories).map(|a| a.modified);
    ImportInfo {
        generation,
        ecosystem,
        at,
        by: by.to_owned(),
        source: source.chars().filter(|c| !c.is_control()).take(200).collect(),
        advisories: all.of(ecosystem).map(|(_, advisories)| advisories.len() as u64).sum(),
        packages: all.of(ecosystem).count() as u64,
        newest: modified.max().unwrap_or_default(),
        unreadable: all.unreadable,
    }
}

/// Removes what former imports of the ecosystem, and those that were cut short, left. The one in force and newer ones
/// stay: a newer one may be on its way.
pub(crate) async fn sweep(store: &SharedStore, ecosystem: Ecosystem, generation: u64) -> Result<(), PublicationError> {
    let mut range = keys::all_advisories(ecosystem).children();
    range.end = keys::advisories(ecosystem, generation);
    loop {
        let rows = store.scan(&range, Direction::Ascending, ROWS).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        range.start = last.key.next();
        let mut txn = Txn::new(store.clone());
        rows.into_iter().for_each(|row| txn.delete(row.key));
        txn.commit().await?;
    }
}
