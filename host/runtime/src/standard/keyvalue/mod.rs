//! `wasi:keyvalue`: buckets of the installation's own data, those that its manifest names. Each
//! function is a commit, or a read of what is committed; a batch is one commit as well, which is more
//! than the drafts ask for.

mod draft;
mod draft2;

use crate::interceptor::{Interface, Stop};
use crate::state::State;
use std::ops::RangeInclusive;
use wasmtime::component::{Component, Linker, Resource, ResourceTableError};
use yunlong_installations::Capability;
use yunlong_store::buckets::{BucketError, KeyPage};
use yunlong_store::{CommitError, Seq, Txn, transact};

/// What stands behind the WIT resource `bucket`.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Bucket {
    name: String,
}

/// What stands behind the WIT resource `cas`: the value that a swap replaces, by its version.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Cas {
    bucket: String,
    key: String,
    /// `None`: there was no value.
    version: Option<Seq>,
}

/// Why a call failed: what the guest is told, or what stops it.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub enum Fault {
    NoSuchStore,
    AccessDenied,
    Other(String),
    Stop(wasmtime::Error),
}

impl From<BucketError> for Fault {
    fn from(e: BucketError) -> Self {
        match e {
            BucketError::Undeclared(_) => Self::NoSuchStore,
            e => Self::Other(e.to_string()),
        }
    }
}

impl From<CommitError> for Fault {
    fn from(e: CommitError) -> Self {
        BucketError::from(e).into()
    }
}

impl From<Stop> for Fault {
    fn from(e: Stop) -> Self {
        Self::Stop(e.into())
    }
}

impl From<ResourceTableError> for Fault {
    fn from(e: ResourceTableError) -> Self {
        Self::Stop(e.into())
    }
}

type Answer<T> = Result<T, Fault>;

/// Adds both drafts to a linker.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    draft::add_to_linker(linker)?;
    draft2::add_to_linker(linker)
}

/// The linker that a component needs instead of the given one, if it does.
pub(super) fn suited(linker: &Linker<State>, component: &Component) -> wasmtime::Result<Option<Linker<State>>> {
    if !draft2::has_options_around_pairs(component) {
        return Ok(None);
    }
    let mut linker = linker.clone();
    draft2::link_options_around_pairs(&mut linker)?;
    Ok(Some(linker))
}

/// How a swap ended.
enum Swapped {
    Done,
    /// Somebody else was quicker: the handle to try again with.
    Failed(Resource<Cas>),
}

/// The functions of both drafts.
impl State {
    /// Passes the interceptor and checks the grant.
    fn keyvalue(&self, function: &'static str) -> Answer<()> {
        self.interceptor.call(Interface::KeyValue, function)?;
        if self.interceptor.granted(|c| matches!(c, Capability::Data)) { Ok(()) } else { Err(Fault::AccessDenied) }
    }

    /// As [`State::keyvalue`], with the name of the bucket that is used.
    fn bucket(&self, function: &'static str, this: &Resource<Bucket>) -> Answer<String> {
        self.keyvalue(function)?;
        Ok(self.table.get(this)?.name.clone())
    }

    /// The space that is written, and the bytes that it may hold.
    fn quota(&self) -> (String, u64) {
        let name = &self.invocation.installation.name;
        (name.to_string(), self.services.installations.quota(name))
    }

    fn within_quota(&self) -> Txn {
        let (mut txn, (space, quota)) = (Txn::new(self.services.store.clone()), self.quota());
        txn.hold_to(&space, quota);
        txn
    }

    fn open_bucket(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        self.keyvalue("open")?;
        self.buckets.declared(&identifier)?;
        Ok(self.table.push(Bucket { name: identifier })?)
    }

    async fn value(&mut self, this: &Resource<Bucket>, key: &str) -> Answer<Option<Vec<u8>>> {
        let bucket = self.bucket("bucket.get", this)?;
        Ok(self.buckets.get(&self.services.store, &bucket, key).await?.map(|v| v.bytes))
    }

    async fn set_value(&mut self, this: &Resource<Bucket>, key: &str, value: &[u8]) -> Answer<()> {
        let (bucket, mut txn) = (self.bucket("bucket.set", this)?, self.within_quota());
        self.buckets.put(&mut txn, &bucket, key, value)?;
        txn.commit().await?;
        Ok(())
    }

    async fn delete_value(&mut self, this: &Resource<Bucket>, key: &str) -> Answer<()> {
        let (bucket, mut txn) = (self.bucket("bucket.delete", this)?, self.within_quota());
        self.buckets.delete(&mut txn, &bucket, key)?;
        txn.commit().await?;
        Ok(())
    }

    async fn has_value(&mut self, this: &Resource<Bucket>, key: &str) -> Answer<bool> {
        let bucket = self.bucket("bucket.exists", this)?;
        Ok(self.buckets.exists(&self.services.store, &bucket, key).await?)
    }

    async fn keys(&mut self, this: &Resource<Bucket>, after: Option<u64>) -> Answer<KeyPage> {
        let bucket = self.bucket("bucket.list-keys", this)?;
        Ok(self.buckets.list(&self.services.store, &bucket, after).await?)
    }

    async fn incremented(
        &mut self,
        this: &Resource<Bucket>,
        key: &str,
        delta: i128,
        bounds: RangeInclusive<i128>,
    ) -> Answer<i128> {
        let bucket = self.bucket("increment", this)?;
        let (store, buckets) = (self.services.store.clone(), self.buckets.clone());
        let (space, quota) = self.quota();
        let sum = transact!(&store, |txn| {
            txn.hold_to(&space, quota);
            buckets.increment(txn, &bucket, key, delta, bounds.clone()).await
        })?;
        Ok(sum)
    }

    async fn values(&mut self, this: &Resource<Bucket>, keys: &[String]) -> Answer<Vec<Option<Vec<u8>>>> {
        let bucket = self.bucket("get-many", this)?;
        Ok(self.buckets.get_many(&self.services.store, &bucket, keys).await?)
    }

    async fn set_values(&mut self, this: &Resource<Bucket>, pairs: &[(String, Vec<u8>)]) -> Answer<()> {
        let (bucket, mut txn) = (self.bucket("set-many", this)?, self.within_quota());
        self.buckets.put_many(&mut txn, &bucket, pairs)?;
        txn.commit().await?;
        Ok(())
    }

    async fn delete_values(&mut self, this: &Resource<Bucket>, keys: &[String]) -> Answer<()> {
        let (bucket, mut txn) = (self.bucket("delete-many", this)?, self.within_quota());
        self.buckets.delete_many(&mut txn, &bucket, keys)?;
        txn.commit().await?;
        Ok(())
    }

    /// A handle on the value that is there now.
    async fn cas(&mut self, this: &Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        let bucket = self.bucket("cas.new", this)?;
        self.handle(bucket, key).await
    }

    async fn handle(&mut self, bucket: String, key: String) -> Answer<Resource<Cas>> {
        let version = self.buckets.get(&self.services.store, &bucket, &key).await?.map(|v| v.version);
        Ok(self.table.push(Cas { bucket, key, version })?)
    }

    /// The value that a swap would replace. It is read here, not kept since the handle was made: a
    /// thousand handles on large values would fill the host's memory. If it has changed meanwhile, the
    /// handle is from now on one on what is answered.
    async fn current(&mut self, this: &Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        self.keyvalue("cas.current")?;
        let cas = self.table.get(this)?;
        let (bucket, key) = (cas.bucket.clone(), cas.key.clone());
        let found = self.buckets.get(&self.services.store, &bucket, &key).await?;
        self.table.get_mut(this)?.version = found.as_ref().map(|v| v.version);
        Ok(found.map(|v| v.bytes))
    }

    async fn swapped(&mut self, this: Resource<Cas>, value: &[u8]) -> Answer<Swapped> {
        self.keyvalue("swap")?;
        let Cas { bucket, key, version } = self.table.delete(this)?;
        let mut txn = self.within_quota();
        if self.buckets.swap(&mut txn, &bucket, &key, version, value).await? {
            match txn.commit().await {
                Ok(_) => return Ok(Swapped::Done),
                Err(CommitError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(Swapped::Failed(self.handle(bucket, key).await?))
    }
}
