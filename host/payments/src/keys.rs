//! Where things stand in the store.

use yunlong_model::Timestamp;
use yunlong_store::Key;

const SPACE: &str = "@payments";

pub(crate) fn intent(id: &str) -> Key {
    Key::space(SPACE).text("intent").text(id)
}

pub(crate) fn reference(installation: &str, reference: &str) -> Key {
    Key::space(SPACE).text("ref").text(installation).text(reference)
}

pub(crate) fn payer(account: &str) -> Key {
    Key::space(SPACE).text("payer").text(account)
}

/// Newest first: time is counted down.
pub(crate) fn payer_intent(account: &str, created: Timestamp, id: &str) -> Key {
    payer(account).u64(u64::MAX - created.as_u64()).text(id)
}

pub(crate) fn commands() -> Key {
    Key::space(SPACE).text("cmd")
}

pub(crate) fn ledger() -> Key {
    Key::space(SPACE).text("ledger")
}

pub(crate) fn balances() -> Key {
    Key::space(SPACE).text("balance")
}

pub(crate) fn balance(account: &str) -> Key {
    balances().text(account)
}

pub(crate) fn nonces(provider: &str) -> Key {
    Key::space(SPACE).text("nonce").text(provider)
}

pub(crate) fn nonce(provider: &str, at: Timestamp, nonce: &str) -> Key {
    nonces(provider).u64(at.as_u64()).text(nonce)
}

pub(crate) fn callbacks() -> Key {
    Key::space(SPACE).text("callback")
}

/// What is to be sent for one attempt: the same attempt has the same key, so that asking the
/// sandbox twice plans nothing twice.
pub(crate) fn callback(intent: &str, what: &str, n: u32) -> Key {
    callbacks().text(intent).text(what).u64(u64::from(n))
}
