//! What is signed of a receipt: a JSON text in the one form of RFC 8785 (names in order, no blanks, whole numbers),
//! which anybody can write again from what the receipt shows.

use super::Receipt;
use crate::domain::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A signature over a canonical text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// `ES256` (ECDSA, P-256, SHA-256) or `SM2-SM3` (GB/T 32918 with GB/T 32905).
    pub algorithm: super::super::signature::Algorithm,
    /// The key's id: its JWK thumbprint (RFC 7638).
    pub kid: String,
    /// r and s, 32 bytes each, in base64url without padding.
    pub value: String,
}

/// The text that is signed. It holds no state: where a receipt stands is asked of the register, since no paper can
/// tell that. The holder's USCC is in it, no person is.
#[must_use]
pub fn canonical(receipt: &Receipt) -> String {
    let text = |s: &str| serde_json::Value::from(s);
    // A map in order of its names, whose names and texts need no escapes but JSON's own: the form of RFC 8785.
    let fields: BTreeMap<&str, serde_json::Value> = BTreeMap::from([
        ("format", text("yunlong-warehouse-receipt/1")),
        ("goods", text(&receipt.goods)),
        ("goods_name", text(&receipt.goods_name.zh)),
        ("holder", text(&receipt.holder)),
        ("issued_at", receipt.issued_at.map_or(serde_json::Value::Null, |at| text(&rfc3339(at)))),
        ("issuer", text(&receipt.custodian)),
        ("lot", text(&receipt.lot)),
        ("number", text(&receipt.id)),
        ("quantity", receipt.quantity.into()),
        ("revision", receipt.revision.into()),
        ("spec", text(&receipt.spec)),
        ("unit", text(receipt.unit.code())),
        ("warehouse", text(&receipt.warehouse)),
    ]);
    serde_json::to_string(&fields).unwrap_or_default()
}
