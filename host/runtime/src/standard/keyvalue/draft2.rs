//! `wasi:keyvalue@0.2.0-draft2`: the cursor is text, an increment has a sign, values can be swapped.
//!
//! This version was published with two shapes of `get-many`: pairs with an optional value, which is
//! what is in the field, and then optional pairs, as in the draft before. Both are served.

use super::{Answer, Bucket, Cas, Fault, Swapped};
use crate::state::State;
use bindings::wasi::keyvalue::{atomics, batch, store};
use wasmtime::StoreContextMut;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker, Resource, Type};

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package yunlong:keyvalue;
            world host {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
            }
        ",
        world: "yunlong:keyvalue/host",
        path: ["../../wit/deps/keyvalue-draft2"],
        imports: { default: async | trappable },
        require_store_data_send: true,
        with: {
            "wasi:keyvalue/store.bucket": crate::standard::keyvalue::Bucket,
            "wasi:keyvalue/atomics.cas": crate::standard::keyvalue::Cas,
        },
        trappable_error_type: { "wasi:keyvalue/store.error" => crate::standard::keyvalue::Fault },
    });
}

const BATCH: &str = "wasi:keyvalue/batch@0.2.0-draft2";
const GET_MANY: &str = "get-many";

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type S = HasSelf<State>;
    store::add_to_linker::<_, S>(linker, |s| s)?;
    atomics::add_to_linker::<_, S>(linker, |s| s)?;
    batch::add_to_linker::<_, S>(linker, |s| s)
}

/// Whether a component was built for the second shape of `get-many`.
pub(super) fn has_options_around_pairs(component: &Component) -> bool {
    let engine = component.engine();
    let batch = component.component_type().get_import(engine, BATCH).map(|e| e.ty);
    let Some(ComponentItem::ComponentInstance(batch)) = batch else { return false };
    let function = batch.get_export(engine, GET_MANY).map(|e| e.ty);
    let Some(ComponentItem::ComponentFunc(function)) = function else { return false };
    let Some(Type::Result(answer)) = function.results().next() else { return false };
    matches!(answer.ok(), Some(Type::List(list)) if matches!(list.ty(), Type::Option(_)))
}

/// Puts the second shape of `get-many` in place of the first.
pub(super) fn link_options_around_pairs(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Pairs = Result<Vec<Option<(String, Vec<u8>)>>, store::Error>;
    linker.allow_shadowing(true);
    linker.instance(BATCH)?.func_wrap_async(
        GET_MANY,
        |mut store: StoreContextMut<'_, State>, (this, keys): (Resource<Bucket>, Vec<String>)| {
            Box::new(async move {
                let state = store.data_mut();
                let answer: Pairs = match state.values(&this, &keys).await {
                    Ok(values) => Ok(keys.into_iter().zip(values).map(|(k, v)| Some((k, v?))).collect()),
                    Err(fault) => Err(store::Host::convert_error(state, fault)?),
                };
                Ok((answer,))
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// A cursor as a guest holds it: sixteen hexadecimal digits.
fn written(position: u64) -> String {
    format!("{position:016x}")
}

fn read(cursor: &str) -> Answer<u64> {
    let well = cursor.len() == 16 && cursor.bytes().all(|b| b.is_ascii_hexdigit());
    well.then(|| u64::from_str_radix(cursor, 16).ok())
        .flatten()
        .ok_or_else(|| Fault::Other("the cursor is not one of this platform: begin the list without one".into()))
}

impl store::Host for State {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        self.open_bucket(identifier).await
    }

    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<store::Error> {
        match fault {
            Fault::NoSuchStore => Ok(store::Error::NoSuchStore),
            Fault::AccessDenied => Ok(store::Error::AccessDenied),
            Fault::Other(why) => Ok(store::Error::Other(why)),
            Fault::Stop(e) => Err(e),
        }
    }
}

impl store::HostBucket for State {
    async fn get(&mut self, this: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        self.value(&this, &key).await
    }

    async fn set(&mut self, this: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        self.set_value(&this, &key, &value).await
    }

    async fn delete(&mut self, this: Resource<Bucket>, key: String) -> Answer<()> {
        self.delete_value(&this, &key).await
    }

    async fn exists(&mut self, this: Resource<Bucket>, key: String) -> Answer<bool> {
        self.has_value(&this, &key).await
    }

    async fn list_keys(&mut self, this: Resource<Bucket>, cursor: Option<String>) -> Answer<store::KeyResponse> {
        let after = cursor.as_deref().map(read).transpose()?;
        let page = self.keys(&this, after).await?;
        Ok(store::KeyResponse { keys: page.keys, cursor: page.next.map(written) })
    }

    async fn drop(&mut self, this: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl atomics::Host for State {
    async fn increment(&mut self, this: Resource<Bucket>, key: String, delta: i64) -> Answer<i64> {
        let sum = self.incremented(&this, &key, delta.into(), i64::MIN.into()..=i64::MAX.into()).await?;
        i64::try_from(sum).map_err(|e| Fault::Other(e.to_string()))
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), atomics::CasError>> {
        Ok(match self.swapped(cas, &value).await {
            Ok(Swapped::Done) => Ok(()),
            Ok(Swapped::Failed(again)) => Err(atomics::CasError::CasFailed(again)),
            Err(fault) => Err(atomics::CasError::StoreError(store::Host::convert_error(self, fault)?)),
        })
    }
}

impl atomics::HostCas for State {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        self.cas(&bucket, key).await
    }

    async fn current(&mut self, this: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        self.current(&this).await
    }

    async fn drop(&mut self, this: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl batch::Host for State {
    async fn get_many(&mut self, this: Resource<Bucket>, keys: Vec<String>) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        let values = self.values(&this, &keys).await?;
        Ok(keys.into_iter().zip(values).collect())
    }

    async fn set_many(&mut self, this: Resource<Bucket>, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        self.set_values(&this, &pairs).await
    }

    async fn delete_many(&mut self, this: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        self.delete_values(&this, &keys).await
    }
}
