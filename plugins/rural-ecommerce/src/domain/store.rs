//! A farmer's store.

use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

/// A store: what buyers see of a farmer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// Ten characters; the farmer's id.
    pub id: String,
    /// The farmer's subject.
    pub owner: String,
    /// Its name.
    pub name: Text,
    /// What it says of itself.
    pub intro: Text,
    /// The village's code.
    pub village: String,
    /// Where parcels are fetched: the address in the village, without a name.
    pub address: String,
    /// The USCC that is paid.
    pub payee: String,
    /// Whether it sells.
    pub open: bool,
    /// Milliseconds of UTC.
    pub created_at: i64,
}
