//! `wasi:keyvalue`: buckets of the installation's own data, those that its manifest names. Each
//! function is a commit, or a read of what is committed; a batch is one commit as well, which is more
//! than the drafts ask for.

mod draft;
mod draft2;

use crate::interceptor::{Interceptor, Interface, Stop};
use crate::journal::{Data, Turn, answered};
use crate::state::State;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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

/// What a guest is told instead of an answer, as a journal has it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Refused {
    NoSuchStore,
    AccessDenied,
    Other(String),
}

impl From<Refused> for Fault {
    fn from(r: Refused) -> Self {
        match r {
            Refused::NoSuchStore => Self::NoSuchStore,
            Refused::AccessDenied => Self::AccessDenied,
            Refused::Other(why) => Self::Other(why),
        }
    }
}

/// Writes down what came of a call.
fn took<T: Serialize>(interceptor: &Interceptor, turn: &Turn, ended: &Answer<T>) {
    let refused = match ended {
        Ok(answer) => return interceptor.took(turn, Ok(&Ok::<_, Refused>(answer))),
        Err(Fault::Stop(e)) => return interceptor.took::<()>(turn, Err(e)),
        Err(Fault::NoSuchStore) => Refused::NoSuchStore,
        Err(Fault::AccessDenied) => Refused::AccessDenied,
        Err(Fault::Other(why)) => Refused::Other(why.clone()),
    };
    interceptor.took(turn, Ok(&Err::<(), _>(refused)));
}

/// What a journal answers.
fn played<T: DeserializeOwned>(answer: Value) -> Answer<T> {
    let answer: Result<T, Refused> = answered(answer).map_err(Fault::Stop)?;
    Ok(answer?)
}

/// A call with its journal around it: it is done, or answered from there.
macro_rules! journaled {
    ($state:ident, $function:literal, $args:expr, |$me:ident| $call:block) => {{
        let turn = $state.interceptor.turn(Interface::KeyValue, $function, || $args)?;
        if let Turn::Play(answer) = turn {
            played(answer)
        } else {
            let $me = &mut *$state;
            // Taken over as it is: a state that is only looked at cannot go to another thread.
            let ended: Answer<_> = async {
                let $me = $me;
                $call
            }
            .await;
            took(&$state.interceptor, &turn, &ended);
            ended
        }
    }};
}

/// The keys of a page, as a journal has them.
#[derive(Serialize, Deserialize)]
struct Keys {
    keys: Vec<String>,
    next: Option<u64>,
}

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

/// How a swap ended, as a journal has it.
#[derive(Serialize, Deserialize)]
enum Swap {
    Done,
    Failed,
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

    /// The handle of an argument, as a journal has it.
    fn handle_of<T>(&self, this: &Resource<T>) -> Value {
        self.interceptor.handle(this.rep())
    }

    fn give<T: Send + 'static>(&mut self, behind: T) -> Answer<Resource<T>> {
        let handle = self.table.push(behind)?;
        self.interceptor.gave(handle.rep());
        Ok(handle)
    }

    async fn open_bucket(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        let opened: Answer<()> = journaled!(self, "open", json!([identifier]), |state| {
            state.keyvalue("open")?;
            Ok(state.buckets.declared(&identifier)?)
        });
        opened?;
        self.give(Bucket { name: identifier })
    }

    async fn value(&mut self, this: &Resource<Bucket>, key: &str) -> Answer<Option<Vec<u8>>> {
        let value: Answer<Option<Data>> = journaled!(self, "bucket.get", json!([self.handle_of(this), key]), |state| {
            let bucket = state.bucket("bucket.get", this)?;
            Ok(state.buckets.get(&state.services.store, &bucket, key).await?.map(|v| Data(v.bytes)))
        });
        Ok(value?.map(|v| v.0))
    }

    async fn set_value(&mut self, this: &Resource<Bucket>, key: &str, value: &[u8]) -> Answer<()> {
        journaled!(self, "bucket.set", json!([self.handle_of(this), key, Data(value.to_vec())]), |state| {
            let (bucket, mut txn) = (state.bucket("bucket.set", this)?, state.within_quota());
            state.buckets.put(&mut txn, &bucket, key, value)?;
            txn.commit().await?;
            Ok(())
        })
    }

    async fn delete_value(&mut self, this: &Resource<Bucket>, key: &str) -> Answer<()> {
        journaled!(self, "bucket.delete", json!([self.handle_of(this), key]), |state| {
            let (bucket, mut txn) = (state.bucket("bucket.delete", this)?, state.within_quota());
            state.buckets.delete(&mut txn, &bucket, key)?;
            txn.commit().await?;
            Ok(())
        })
    }

    async fn has_value(&mut self, this: &Resource<Bucket>, key: &str) -> Answer<bool> {
        journaled!(self, "bucket.exists", json!([self.handle_of(this), key]), |state| {
            let bucket = state.bucket("bucket.exists", this)?;
            Ok(state.buckets.exists(&state.services.store, &bucket, key).await?)
        })
    }

    async fn keys(&mut self, this: &Resource<Bucket>, after: Option<u64>) -> Answer<KeyPage> {
        let page: Answer<Keys> = journaled!(self, "bucket.list-keys", json!([self.handle_of(this), after]), |state| {
            let bucket = state.bucket("bucket.list-keys", this)?;
            let page = state.buckets.list(&state.services.store, &bucket, after).await?;
            Ok(Keys { keys: page.keys, next: page.next })
        });
        page.map(|p| KeyPage { keys: p.keys, next: p.next })
    }

    async fn incremented(
        &mut self,
        this: &Resource<Bucket>,
        key: &str,
        delta: i128,
        bounds: RangeInclusive<i128>,
    ) -> Answer<i128> {
        // As text: JSON's numbers are read as 64 bits here.
        let sum: Answer<String> =
            journaled!(self, "increment", json!([self.handle_of(this), key, delta.to_string()]), |state| {
                let bucket = state.bucket("increment", this)?;
                let (store, buckets) = (state.services.store.clone(), state.buckets.clone());
                let (space, quota) = state.quota();
                let sum = transact!(&store, |txn| {
                    txn.hold_to(&space, quota);
                    buckets.increment(txn, &bucket, key, delta, bounds.clone()).await
                })?;
                Ok(sum.to_string())
            });
        sum?.parse().map_err(|e| Fault::Other(format!("the sum is no number: {e}")))
    }

    async fn values(&mut self, this: &Resource<Bucket>, keys: &[String]) -> Answer<Vec<Option<Vec<u8>>>> {
        let values: Answer<Vec<Option<Data>>> =
            journaled!(self, "get-many", json!([self.handle_of(this), keys]), |state| {
                let bucket = state.bucket("get-many", this)?;
                let values = state.buckets.get_many(&state.services.store, &bucket, keys).await?;
                Ok(values.into_iter().map(|v| v.map(Data)).collect())
            });
        Ok(values?.into_iter().map(|v| v.map(|v| v.0)).collect())
    }

    async fn set_values(&mut self, this: &Resource<Bucket>, pairs: &[(String, Vec<u8>)]) -> Answer<()> {
        let pairs_of = || pairs.iter().map(|(k, v)| json!([k, Data(v.clone())])).collect::<Vec<_>>();
        journaled!(self, "set-many", json!([self.handle_of(this), pairs_of()]), |state| {
            let (bucket, mut txn) = (state.bucket("set-many", this)?, state.within_quota());
            state.buckets.put_many(&mut txn, &bucket, pairs)?;
            txn.commit().await?;
            Ok(())
        })
    }

    async fn delete_values(&mut self, this: &Resource<Bucket>, keys: &[String]) -> Answer<()> {
        journaled!(self, "delete-many", json!([self.handle_of(this), keys]), |state| {
            let (bucket, mut txn) = (state.bucket("delete-many", this)?, state.within_quota());
            state.buckets.delete_many(&mut txn, &bucket, keys)?;
            txn.commit().await?;
            Ok(())
        })
    }

    /// A handle on the value that is there now.
    async fn cas(&mut self, this: &Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        let bucket = self.table.get(this)?.name.clone();
        // The version is this store's alone: a handle that is played has none.
        let mut version = None;
        let made: Answer<()> = journaled!(self, "cas.new", json!([self.handle_of(this), key]), |state| {
            state.keyvalue("cas.new")?;
            version = state.version(&bucket, &key).await?;
            Ok(())
        });
        made?;
        self.give(Cas { bucket, key, version })
    }

    async fn version(&mut self, bucket: &str, key: &str) -> Answer<Option<Seq>> {
        Ok(self.buckets.get(&self.services.store, bucket, key).await?.map(|v| v.version))
    }

    /// The value that a swap would replace. It is read here, not kept since the handle was made: a
    /// thousand handles on large values would fill the host's memory. If it has changed meanwhile, the
    /// handle is from now on one on what is answered.
    async fn current(&mut self, this: &Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        let value: Answer<Option<Data>> = journaled!(self, "cas.current", json!([self.handle_of(this)]), |state| {
            state.keyvalue("cas.current")?;
            let cas = state.table.get(this)?;
            let (bucket, key) = (cas.bucket.clone(), cas.key.clone());
            let found = state.buckets.get(&state.services.store, &bucket, &key).await?;
            state.table.get_mut(this)?.version = found.as_ref().map(|v| v.version);
            Ok(found.map(|v| Data(v.bytes)))
        });
        Ok(value?.map(|v| v.0))
    }

    async fn swapped(&mut self, this: Resource<Cas>, value: &[u8]) -> Answer<Swapped> {
        let handle = self.handle_of(&this);
        let Cas { bucket, key, version } = self.table.delete(this)?;
        let mut newer = None;
        let swap: Answer<Swap> = journaled!(self, "swap", json!([handle, Data(value.to_vec())]), |state| {
            state.keyvalue("swap")?;
            let mut txn = state.within_quota();
            if state.buckets.swap(&mut txn, &bucket, &key, version, value).await? {
                match txn.commit().await {
                    Ok(_) => return Ok(Swap::Done),
                    Err(CommitError::Conflict) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            newer = state.version(&bucket, &key).await?;
            Ok(Swap::Failed)
        });
        match swap? {
            Swap::Done => Ok(Swapped::Done),
            Swap::Failed => Ok(Swapped::Failed(self.give(Cas { bucket, key, version: newer })?)),
        }
    }
}
