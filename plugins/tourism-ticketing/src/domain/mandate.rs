//! Orders that somebody makes for another, under a mandate of the city's portal.

use serde::{Deserialize, Serialize};

/// For whom an order was made. Who made it is its owner, who pays and shows the tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acting {
    /// The grantor's subject in this installation: a person's own when they come themself.
    pub subject: String,
    /// The mandate's id.
    pub mandate: String,
    /// The company, if the grantor is one. Of a person nothing more is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// When the order was made: milliseconds of UTC.
    pub at: i64,
}

/// A company that gave a mandate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// Its unified social credit code (GB 32100).
    pub code: String,
    /// Its registered name.
    pub name: String,
}
