//! What companies, banks and carriers are called. Documents hold their codes; the names come from the register of legal
//! entities, asked for once and kept here, and follow the register when it tells of a change.
//!
//! A name is a help to the reader and nothing rests on it: one that cannot be had is no reason to show no page.

use super::now;
use crate::domain::time::DAY;
use crate::store::{PARTIES, Party};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_formats::Uscc;
use yunlong_sdk::base::legal_entities;
use yunlong_sdk::{DataError, Tx, transact};

/// For what the register is read, as `app.toml` declares it.
pub(crate) const NAMES: &str = "party-names";
/// The most that are asked of the register at once: with more, the rest keep their codes until the next page.
const MOST_ASKED: usize = 50;

/// Names by their codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// What somebody is called, if that is known.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&str> {
        self.0.get(code).map(String::as_str)
    }
}

/// The names of these codes, as far as they are known here or in the register. What the register did not know is asked
/// of it again a day later.
#[must_use]
pub fn names<'a>(codes: impl IntoIterator<Item = &'a str>) -> Names {
    let codes: BTreeSet<&str> = codes.into_iter().filter(|c| Uscc::parse(c).is_ok()).collect();
    let mut known = BTreeMap::new();
    let mut unknown = Vec::new();
    for code in codes {
        match PARTIES.get(code) {
            Ok(Some(party)) if party.name.is_some() => {
                known.extend(party.into_value().name.map(|n| (code.to_owned(), n)));
            }
            Ok(Some(party)) if now() < party.asked_at + DAY => {}
            Ok(_) => unknown.push(code),
            // The store is busy or away: what is known is shown.
            Err(_) => return Names(known),
        }
    }
    let asked = ask(unknown.into_iter().take(MOST_ASKED));
    known.extend(asked.iter().filter_map(|p| Some((p.id.clone(), p.name.clone()?))));
    Names(known)
}

/// Asks the register, and keeps what it said.
fn ask<'a>(codes: impl Iterator<Item = &'a str>) -> Vec<Party> {
    let mut told = Vec::new();
    for code in codes {
        // A register that is away, or not granted, knows no more of the next one.
        let Ok(entity) = legal_entities::get(NAMES, code) else { break };
        told.push(Party { id: code.to_owned(), name: entity.and_then(|e| e.name), asked_at: now() });
    }
    if !told.is_empty() {
        // What is not kept is asked for again.
        transact(|tx| -> Result<(), DataError> { told.iter().try_for_each(|p| tx.put(p).map(drop)) }).unwrap_or(());
    }
    told
}

/// Takes over a name that the register has changed, of somebody who is known here.
pub(super) fn renamed(tx: &Tx<'_>, code: &str) -> Result<(), yunlong_sdk::Failure> {
    if tx.get::<Party>(code)?.is_none() {
        return Ok(());
    }
    let entity = legal_entities::get(NAMES, code).map_err(|e| yunlong_sdk::Failure::Retry(e.to_string()))?;
    // Whoever is no longer in the register keeps the name that their papers bear.
    if let Some(name) = entity.and_then(|e| e.name) {
        tx.put(&Party { id: code.to_owned(), name: Some(name), asked_at: now() })?;
    }
    Ok(())
}
