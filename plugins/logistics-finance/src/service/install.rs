//! First data of an installation.

use crate::policy;
use crate::store::{SAMPLE, WAREHOUSES};
use serde::{Deserialize, Serialize};
use yunlong_sdk::{Failure, Outgoing, Query, Tx};

/// Which part of the sample is loaded next.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    /// From which of its things.
    pub(crate) from: u64,
}

/// Begins to load the sample, if the department wants it: the rest comes by messages, since it is more than one call may
/// write.
///
/// # Errors
/// A text for the operator.
pub fn install(tx: &Tx<'_>) -> Result<(), String> {
    if policy::sample().map_err(|e| e.to_string())? {
        tx.publish(&Outgoing::new(SAMPLE, &Part { from: 0 }).key("sample")).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The data can be read.
///
/// # Errors
/// A text for the operator.
pub fn health() -> Result<(), String> {
    WAREHOUSES.find(Query::by_id().limit(1)).map(|_| ()).map_err(|e| e.to_string())
}

/// Loads a part of the sample.
///
/// # Errors
/// [`Failure`].
pub(crate) fn load(_: &Part, _: &Tx<'_>) -> Result<(), Failure> {
    Ok(())
}
