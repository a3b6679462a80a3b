//! What anybody may know of a receipt.

use crate::domain::receipt::{Receipt, Signed, State, canonical};
use crate::domain::signature::{self, Algorithm};
use crate::domain::warehouse::{Unit, Warehouse};
use crate::service::{Refusal, keys, known};
use crate::store::{RECEIPTS, WAREHOUSES};
use serde_json::{Value, json};
use yunlong_sdk::{Problem, Text};

/// What anybody may know of a receipt whose number they have: what it is for, where it stands, and whether the signature
/// is genuine. No person is in it.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The number.
    pub number: String,
    /// Whether the signature is this register's over [`Verification::text`].
    pub genuine: bool,
    /// Where it stands.
    pub state: State,
    /// What the goods are called.
    pub goods_name: Text,
    /// Grade, size, packing.
    pub spec: String,
    /// How much.
    pub quantity: u64,
    /// In what it is counted.
    pub unit: Unit,
    /// The warehouse's name, and its custodian's.
    pub warehouse: Text,
    /// The custodian that issued it: a USCC.
    pub issuer: String,
    /// Since when: milliseconds of UTC.
    pub issued_at: Option<i64>,
    /// The text that is signed (RFC 8785).
    pub text: String,
    /// The signature.
    pub signature: Option<Signed>,
    /// The receipts that took its place.
    pub replaced_by: Vec<String>,
}

/// Verifies a receipt: for everybody, signed in or not. A draft is nobody's business.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn verify(id: &str) -> Result<Verification, Refusal> {
    let receipt: Receipt = known(RECEIPTS.get(id))?;
    if receipt.issued_at.is_none() {
        return Err(Refusal::NotFound);
    }
    let warehouse: Warehouse = known(WAREHOUSES.get(&receipt.warehouse))?;
    Ok(Verification {
        number: receipt.id.clone(),
        genuine: signature::is_genuine(&keys(), &receipt),
        state: receipt.state,
        goods_name: receipt.goods_name.clone(),
        spec: receipt.spec.clone(),
        quantity: receipt.quantity,
        unit: receipt.unit,
        warehouse: warehouse.name,
        issuer: receipt.custodian.clone(),
        issued_at: receipt.issued_at,
        text: canonical(&receipt),
        signature: receipt.signature,
        replaced_by: receipt.children,
    })
}

/// The public keys of every algorithm as a JWK set (RFC 7517): for everybody.
///
/// # Errors
/// An internal error when no key can be had.
pub fn jwks() -> Result<Value, Refusal> {
    let keys = keys();
    let jwks: Result<Vec<Value>, _> = Algorithm::ALL.into_iter().map(|a| signature::jwk(&keys, a)).collect();
    Ok(json!({"keys": jwks.map_err(|e| Problem::internal(&e.to_string()))?}))
}
