//! `city:data/collections`: the installation's own documents and counters.

use super::bindings::city::data::collections::{self as wit, Error, HostTransaction};
use crate::interceptor::{Fault, Interface};
use crate::state::State;
use wasmtime::component::Resource;
use yunlong_installations::Capability;
use yunlong_model::Kind;
use yunlong_store::documents::{self, DocumentError};
use yunlong_store::{Direction, MAX_BATCH_ROWS, Txn};

/// Transactions that one instance may have open at once.
const MAX_OPEN: u32 = 16;
/// Bytes that one transaction may stage: they are kept in the host's memory.
const MAX_STAGED: usize = 16 << 20;

/// What stands behind the WIT resource `transaction`.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Transaction {
    /// `None` once it is committed or rolled back.
    txn: Option<Txn>,
    /// The host's own, lent to a consumer, job or lifecycle call: the host commits.
    lent: bool,
}

impl Transaction {
    /// For a call that is played from a journal: nothing is asked of it.
    pub(crate) fn stand_in() -> Self {
        Self { txn: None, lent: false }
    }

    pub(crate) fn lent(txn: Txn) -> Self {
        Self { txn: Some(txn), lent: true }
    }

    /// The transaction, unless it is closed.
    pub(crate) fn txn(&mut self) -> Option<&mut Txn> {
        self.txn.as_mut()
    }

    pub(crate) fn into_txn(self) -> Option<Txn> {
        self.txn
    }

    /// Whether `bytes` may still be staged. All that is staged counts: documents, the rows of their
    /// indexes, messages, notes, adjustments.
    pub(crate) fn room_for(&self, bytes: usize) -> Result<(), String> {
        let Some(txn) = &self.txn else { return Ok(()) };
        if txn.staged_bytes().saturating_add(bytes) > MAX_STAGED {
            return Err(format!("one transaction may write {} MiB", MAX_STAGED >> 20));
        }
        if txn.len() >= MAX_BATCH_ROWS {
            return Err(format!("one transaction may write {MAX_BATCH_ROWS} rows"));
        }
        Ok(())
    }
}

impl From<DocumentError> for Error {
    fn from(e: DocumentError) -> Self {
        match e {
            DocumentError::Conflict => Self::Conflict,
            DocumentError::AlreadyExists(id) => Self::AlreadyExists(id),
            DocumentError::UniqueViolation { collection, index, existing } => {
                Self::UniqueViolation(wit::UniqueViolation { collection, index, existing })
            }
            DocumentError::OutOfBounds { counter, key, value, delta, min, max } => {
                Self::OutOfBounds(wit::BoundViolation { counter, key, value, delta, min, max })
            }
            DocumentError::Undeclared(what) => Self::Undeclared(what),
            DocumentError::Invalid(why) => Self::Invalid(why),
            DocumentError::TooLarge(what) | DocumentError::OverQuota(what) => Self::TooLarge(what),
            DocumentError::Store(e) => Self::Unavailable(e.to_string()),
        }
    }
}

impl From<documents::Document> for wit::Document {
    fn from(d: documents::Document) -> Self {
        Self { id: d.id, version: d.version.0, body: d.body }
    }
}

impl From<documents::Page> for wit::Page {
    fn from(p: documents::Page) -> Self {
        Self { documents: p.documents.into_iter().map(Into::into).collect(), next: p.next }
    }
}

fn scalar(json: &str) -> Result<serde_json::Value, Error> {
    match serde_json::from_str(json) {
        Ok(v @ (serde_json::Value::Array(_) | serde_json::Value::Object(_))) => {
            Err(Error::Invalid(format!("a query compares with JSON scalars, not with `{v}`")))
        }
        Ok(v) => Ok(v),
        Err(e) => Err(Error::Invalid(format!("a value of the query is not JSON: {e}"))),
    }
}

fn query(q: wit::Query) -> Result<documents::Query, Error> {
    let bound = |b: Option<wit::Bound>| {
        b.map(|b| scalar(&b.value).map(|value| documents::Bound { value, inclusive: b.inclusive })).transpose()
    };
    Ok(documents::Query {
        index: q.index,
        equals: q.equals.iter().map(|v| scalar(v)).collect::<Result<_, Error>>()?,
        lower: bound(q.lower)?,
        upper: bound(q.upper)?,
        direction: match q.direction {
            wit::Direction::Ascending => Direction::Ascending,
            wit::Direction::Descending => Direction::Descending,
        },
        limit: q.limit,
        cursor: q.cursor,
    })
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl State {
    /// Passes the interceptor and checks the grant.
    fn data(&self, function: &'static str) -> Answer<()> {
        if let Err(why) = self.interceptor.fallible(Interface::Collections, function)? {
            return Ok(Err(Error::Unavailable(why)));
        }
        Ok(self.data_granted())
    }

    fn data_granted(&self) -> Result<(), Error> {
        let granted = self.interceptor.granted(|c| matches!(c, Capability::Data));
        if granted { Ok(()) } else { Err(Error::Other("capability not granted: data".into())) }
    }

    fn transaction(&mut self, this: &Resource<Transaction>) -> Answer<&mut Transaction> {
        let t = self.table.get_mut(this)?;
        Ok(if t.txn.is_some() { Ok(t) } else { Err(Error::Closed) })
    }

    /// Who acts, for the audit trail, which guests cannot read: an official by the account, since
    /// the department answers for them; a citizen only by the pairwise subject.
    fn actor(&self) -> String {
        let p = &self.invocation.principal;
        match (p.kind, &p.account, &p.subject) {
            (Kind::Official, Some(account), _) => account.clone(),
            (_, _, Some(subject)) => subject.clone(),
            _ => "anonymous".into(),
        }
    }
}

/// Unwraps the inner result, answering its error to the guest.
macro_rules! attempt {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(e) => return Ok(Err(Error::from(e))),
        }
    };
}

impl wit::Host for State {
    async fn get(&mut self, collection: String, id: String) -> Answer<Option<wit::Document>> {
        attempt!(self.data("get")?);
        let found = self.schema.get_committed(&self.services.store, &collection, &id).await;
        Ok(Ok(attempt!(found).map(Into::into)))
    }

    async fn find(&mut self, collection: String, q: wit::Query) -> Answer<wit::Page> {
        attempt!(self.data("find")?);
        let q = attempt!(query(q));
        let page = self.schema.find_committed(&self.services.store, &collection, &q).await;
        Ok(Ok(attempt!(page).into()))
    }

    async fn counter(&mut self, counter: String, key: String) -> Answer<i64> {
        attempt!(self.data("counter")?);
        Ok(self.schema.counter_committed(&self.services.store, &counter, &key).await.map_err(Into::into))
    }
}

impl HostTransaction for State {
    async fn begin(&mut self) -> Answer<Resource<Transaction>> {
        attempt!(self.data("transaction.begin")?);
        if self.open_transactions >= MAX_OPEN {
            return Ok(Err(Error::TooLarge(format!("{MAX_OPEN} transactions are open already"))));
        }
        self.open_transactions += 1;
        let mut txn = Txn::new(self.services.store.clone());
        let name = &self.invocation.installation.name;
        txn.hold_to(name.as_str(), self.services.installations.quota(name));
        Ok(Ok(self.table.push(Transaction { txn: Some(txn), lent: false })?))
    }

    async fn get(
        &mut self,
        this: Resource<Transaction>,
        collection: String,
        id: String,
    ) -> Answer<Option<wit::Document>> {
        attempt!(self.data("transaction.get")?);
        let schema = self.schema.clone();
        let Some(txn) = attempt!(self.transaction(&this)?).txn() else { return Ok(Err(Error::Closed)) };
        let found = attempt!(schema.get(txn, &collection, &id).await);
        attempt!(txn.of_one_moment().await.map_err(DocumentError::from));
        Ok(Ok(found.map(Into::into)))
    }

    async fn find(&mut self, this: Resource<Transaction>, collection: String, q: wit::Query) -> Answer<wit::Page> {
        attempt!(self.data("transaction.find")?);
        let (schema, q) = (self.schema.clone(), attempt!(query(q)));
        let Some(txn) = attempt!(self.transaction(&this)?).txn() else { return Ok(Err(Error::Closed)) };
        let page = attempt!(schema.find(txn, &collection, &q).await);
        attempt!(txn.of_one_moment().await.map_err(DocumentError::from));
        Ok(Ok(page.into()))
    }

    async fn insert(
        &mut self,
        this: Resource<Transaction>,
        collection: String,
        id: String,
        body: String,
    ) -> Answer<()> {
        attempt!(self.data("transaction.insert")?);
        let schema = self.schema.clone();
        let t = attempt!(self.transaction(&this)?);
        attempt!(t.room_for(body.len()).map_err(Error::TooLarge));
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        Ok(schema.insert(txn, &collection, &id, &body).await.map_err(Into::into))
    }

    async fn put(&mut self, this: Resource<Transaction>, collection: String, id: String, body: String) -> Answer<()> {
        attempt!(self.data("transaction.put")?);
        let schema = self.schema.clone();
        let t = attempt!(self.transaction(&this)?);
        attempt!(t.room_for(body.len()).map_err(Error::TooLarge));
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        Ok(schema.put(txn, &collection, &id, &body).await.map_err(Into::into))
    }

    async fn delete(&mut self, this: Resource<Transaction>, collection: String, id: String) -> Answer<()> {
        attempt!(self.data("transaction.delete")?);
        let schema = self.schema.clone();
        let t = attempt!(self.transaction(&this)?);
        attempt!(t.room_for(0).map_err(Error::TooLarge));
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        Ok(schema.delete(txn, &collection, &id).await.map_err(Into::into))
    }

    async fn adjust(
        &mut self,
        this: Resource<Transaction>,
        counter: String,
        key: String,
        delta: i64,
        min: i64,
        max: i64,
    ) -> Answer<()> {
        attempt!(self.data("transaction.adjust")?);
        let schema = self.schema.clone();
        let t = attempt!(self.transaction(&this)?);
        attempt!(t.room_for(0).map_err(Error::TooLarge));
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        Ok(schema.adjust(txn, &counter, &key, delta, min, max).map_err(Into::into))
    }

    async fn counter(&mut self, this: Resource<Transaction>, counter: String, key: String) -> Answer<i64> {
        attempt!(self.data("transaction.counter")?);
        let schema = self.schema.clone();
        let Some(txn) = attempt!(self.transaction(&this)?).txn() else { return Ok(Err(Error::Closed)) };
        Ok(schema.counter(txn, &counter, &key).await.map_err(Into::into))
    }

    async fn audit(
        &mut self,
        this: Resource<Transaction>,
        action: String,
        target: String,
        detail: String,
    ) -> Answer<()> {
        attempt!(self.data("transaction.audit")?);
        let (schema, actor, now) = (self.schema.clone(), self.actor(), self.services.clock.now());
        let t = attempt!(self.transaction(&this)?);
        attempt!(t.room_for(detail.len()).map_err(Error::TooLarge));
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        Ok(schema.audit(txn, &actor, &action, &target, &detail, now).map_err(Into::into))
    }

    async fn commit(&mut self, this: Resource<Transaction>) -> Answer<u64> {
        let fault = self.interceptor.committing(Interface::Collections, "transaction.commit")?.err();
        if let Some(Fault::Unavailable(why)) = fault {
            return Ok(Err(Error::Unavailable(why)));
        }
        attempt!(self.data_granted());
        let t = attempt!(self.transaction(&this)?);
        if t.lent {
            return Ok(Err(Error::Closed));
        }
        let Some(txn) = t.txn.take() else { return Ok(Err(Error::Closed)) };
        self.open_transactions = self.open_transactions.saturating_sub(1);
        if fault.is_some() {
            return Ok(Err(Error::Conflict));
        }
        Ok(txn.commit().await.map(|seq| seq.0).map_err(|e| DocumentError::from(e).into()))
    }

    async fn rollback(&mut self, this: Resource<Transaction>) -> wasmtime::Result<()> {
        self.interceptor.call(Interface::Collections, "transaction.rollback")?;
        let t = self.table.get_mut(&this)?;
        // A lent transaction is not the guest's to give up: it fails the call instead.
        if !t.lent && t.txn.take().is_some() {
            self.open_transactions = self.open_transactions.saturating_sub(1);
        }
        Ok(())
    }

    async fn drop(&mut self, this: Resource<Transaction>) -> wasmtime::Result<()> {
        if self.table.delete(this)?.txn.is_some() {
            self.open_transactions = self.open_transactions.saturating_sub(1);
        }
        Ok(())
    }
}
