//! Where things stand in the store.

use yunlong_model::Timestamp;
use yunlong_store::key::Part;
use yunlong_store::{Key, KeyRange};

const SPACE: &str = "@payments";

pub(crate) fn intent(id: &str) -> Key {
    Key::space(SPACE).text("intent").text(id)
}

pub(crate) fn references(installation: &str) -> Key {
    Key::space(SPACE).text("ref").text(installation)
}

pub(crate) fn reference(installation: &str, reference: &str) -> Key {
    references(installation).text(reference)
}

/// Stands there when an installation was removed.
pub(crate) fn closed(installation: &str) -> Key {
    Key::space(SPACE).text("closed").text(installation)
}

pub(crate) fn payer(account: &str) -> Key {
    Key::space(SPACE).text("payer").text(account)
}

/// Newest first: time is counted down.
pub(crate) fn payer_intent(account: &str, created: Timestamp, id: &str) -> Key {
    payer(account).u64(u64::MAX - created.as_u64()).text(id)
}

/// Orders that a provider is to be given, by the time at which they are due.
pub(crate) fn commands() -> Key {
    Key::space(SPACE).text("cmd")
}

pub(crate) fn commands_due(at: Timestamp) -> Key {
    commands().u64(at.as_u64())
}

/// When a key under [`commands`] or [`callbacks`] is due.
pub(crate) fn due_of(key: &Key) -> Option<Timestamp> {
    match key.parts().nth(2) {
        Some(Part::U64(ms)) => i64::try_from(ms).ok().map(Timestamp),
        _ => None,
    }
}

/// Orders that a provider accepted and whose outcome is awaited.
pub(crate) fn open_orders() -> Key {
    Key::space(SPACE).text("open")
}

/// `what` names the order among those of its intent: `charge 1`, `refund r-1`.
pub(crate) fn open_order(intent: &str, what: &str) -> Key {
    open_orders().text(intent).text(what)
}

/// The sandbox's books.
pub(crate) fn order(intent: &str, what: &str) -> Key {
    Key::space(SPACE).text("order").text(intent).text(what)
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

/// What is due under `all` at a time.
pub(crate) fn until(all: &Key, now: Timestamp) -> KeyRange {
    let mut range = all.children();
    range.end = all.clone().u64(now.as_u64()).after_children();
    range
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

/// What the sandbox is to send for one order, by the time at which it is due.
pub(crate) fn callback(due: Timestamp, intent: &str, what: &str, n: u32) -> Key {
    callbacks().u64(due.as_u64()).text(intent).text(what).u64(u64::from(n))
}
