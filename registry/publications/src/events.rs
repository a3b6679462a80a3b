//! What happens here, as entries of the audit's log.
//!
//! An entry commits with the change that it tells, and names the root of the tree of all versions as the
//! change leaves it. Events have numbers in the order of their commits. Once an event has its leaf, the leaf's
//! place and what opens it are kept here: payloads of the log expire with the years, proofs of publications do
//! not. What is kept is the city's own record of packages and keys, about no person's data.

use crate::accounts::Person;
use crate::error::PublicationError;
use crate::service::Inner;
use crate::state_tree::{self, StateRoot};
use crate::{keys, numbers};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yunlong_audit::{Book, Entry, EntryFilter};
use yunlong_model::{Kind, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, Txn};

/// Who acts when the platform itself does.
pub(crate) const PLATFORM: &str = "platform";
/// Entries of the log that one page of a search brings.
const PAGE: usize = 200;
/// Pages that are looked at for leaves before the rest waits for the next time.
const PAGES: usize = 400;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number.
    pub number: u64,
    /// What was done, such as `registry.approved`.
    pub action: String,
    /// To which package or key.
    pub target: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Their organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// More, in the words of the action.
    pub detail: Value,
    /// Its leaf in the log; `None` while it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Leaf>,
}

/// A leaf of the log, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Its place.
    pub index: u64,
    /// In lower-case hexadecimal.
    pub salt: String,
    /// In base64.
    pub record: String,
}

/// What is to be written down.
pub(crate) struct Act<'a> {
    pub(crate) action: &'static str,
    pub(crate) target: String,
    /// `None`: the platform.
    pub(crate) by: Option<&'a Person>,
    /// An object.
    pub(crate) detail: Value,
}

impl Inner {
    /// Writes an event and its entry into the transaction, behind all changes of versions' states; answers
    /// its number.
    pub(crate) async fn stage(&self, txn: &mut Txn, number: u64, act: Act<'_>) -> Result<(), PublicationError> {
        let StateRoot { size, root } = state_tree::root(txn).await?;
        let mut detail = act.detail;
        if let Some(map) = detail.as_object_mut() {
            map.insert("v".into(), 1.into());
            map.insert("event".into(), number.into());
            map.insert("state".into(), json!({ "size": size, "root": root }));
        }
        let account = act.by.map_or(PLATFORM, |p| p.account.as_str());
        let mut entry = Entry::new(act.action, account, act.by.map_or(Kind::Service, |p| p.kind));
        entry.organization = act.by.and_then(|p| p.organization.clone());
        entry.target.clone_from(&act.target);
        entry.detail = detail.to_string();
        let event = Event {
            number,
            action: act.action.to_owned(),
            target: act.target,
            at: self.clock.now(),
            by: entry.actor.clone(),
            organization: entry.organization.clone(),
            detail,
            leaf: None,
        };
        txn.put_as(keys::event(number), &event);
        txn.put_as(keys::pending().u64(number), &());
        txn.put_as(keys::events_of(&event.target).u64(number), &());
        self.audit.stage_in(Book::Apps, txn, &entry).await?;
        Ok(())
    }

    /// The number of the next event, within a transaction.
    pub(crate) async fn event_number(&self, txn: &mut Txn) -> Result<u64, PublicationError> {
        numbers::next(txn, "event").await
    }

    pub(crate) async fn event(&self, number: u64) -> Result<Option<Event>, PublicationError> {
        let key = keys::event(number);
        Ok(self.store.get(&key).await?.map(|v| from_json(&key, &v.value)).transpose()?)
    }

    /// The number of the newest event; 0 when there is none.
    pub(crate) async fn newest_event(&self, txn: &mut Txn) -> Result<u64, PublicationError> {
        numbers::last(txn, "event").await
    }

    /// Looks for the leaves of events that have none yet; answers how many still have none. The log gives
    /// them their places within a second.
    pub(crate) async fn settle(&self) -> Result<u64, PublicationError> {
        let rows = self.store.scan(&keys::pending().children(), Direction::Ascending, 5_000).await?;
        let number_of = |key: &Key| match key.parts().last() {
            Some(yunlong_store::key::Part::U64(n)) => Some(n),
            _ => None,
        };
        let mut pending: std::collections::BTreeSet<u64> = rows.iter().filter_map(|r| number_of(&r.key)).collect();
        let filter = EntryFilter { action: "registry.".into(), ..EntryFilter::default() };
        let (mut before, mut pages) = (None, 0);
        while let Some(oldest) = pending.first().copied() {
            let page = self.audit.search_in(Book::Apps, &filter, before.as_deref(), PAGE).await?;
            for seen in page.entries {
                let number = serde_json::from_str::<Value>(&seen.entry.detail).ok().and_then(|d| d["event"].as_u64());
                let Some(number) = number else { continue };
                if number < oldest {
                    // The log has them in the order of their numbers: whatever is older is not pending.
                    return Ok(pending.len() as u64);
                }
                if let Some(index) = seen.index.filter(|_| pending.contains(&number)) {
                    self.remember(number, index).await?;
                    pending.remove(&number);
                }
            }
            pages += 1;
            match page.next {
                Some(next) if pages < PAGES => before = Some(next),
                _ => break,
            }
        }
        Ok(pending.len() as u64)
    }

    async fn remember(&self, number: u64, index: u64) -> Result<(), PublicationError> {
        let shown = self.audit.disclose(index, None).await?.opened;
        let leaf = Leaf { index, salt: shown.salt, record: shown.record };
        yunlong_store::transact!(&self.store, |txn| {
            let key = keys::event(number);
            if let Some(mut event) = txn.get_as::<Event>(&key).await? {
                event.leaf = Some(leaf.clone());
                txn.put_as(key, &event);
            }
            txn.delete(keys::pending().u64(number));
            Ok::<_, PublicationError>(())
        })
    }
}
