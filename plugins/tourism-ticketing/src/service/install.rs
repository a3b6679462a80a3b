//! First data of an installation.

use crate::domain::sample;
use crate::store::ATTRACTIONS;
use yunlong_sdk::{Query, Tx};

/// Loads the sample catalogue. Slots need no rows: they follow from the timetable.
///
/// # Errors
/// A text for the operator.
pub fn install(tx: &Tx<'_>) -> Result<(), String> {
    let catalogue = sample::catalogue().map_err(|e| format!("the sample catalogue: {e}"))?;
    for a in &catalogue.attractions {
        tx.put(a).map_err(|e| e.to_string())?;
    }
    for p in &catalogue.products {
        tx.put(p).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The catalogue can be read.
///
/// # Errors
/// A text for the operator.
pub fn health() -> Result<(), String> {
    ATTRACTIONS.find(Query::by_id().limit(1)).map(|_| ()).map_err(|e| e.to_string())
}
