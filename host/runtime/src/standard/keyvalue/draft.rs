//! `wasi:keyvalue@0.2.0-draft`: the cursor is a number, an increment has no sign, nothing is swapped.

use super::{Answer, Bucket, Fault};
use crate::state::State;
use bindings::wasi::keyvalue::{atomics, batch, store};
use wasmtime::component::{HasSelf, Linker, Resource};

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package yunlong:keyvalue;
            world host {
                import wasi:keyvalue/store@0.2.0-draft;
                import wasi:keyvalue/atomics@0.2.0-draft;
                import wasi:keyvalue/batch@0.2.0-draft;
            }
        ",
        world: "yunlong:keyvalue/host",
        path: ["../../wit/deps/keyvalue-draft"],
        imports: { default: async | trappable },
        require_store_data_send: true,
        with: { "wasi:keyvalue/store.bucket": crate::standard::keyvalue::Bucket },
        trappable_error_type: { "wasi:keyvalue/store.error" => crate::standard::keyvalue::Fault },
    });
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type S = HasSelf<State>;
    store::add_to_linker::<_, S>(linker, |s| s)?;
    atomics::add_to_linker::<_, S>(linker, |s| s)?;
    batch::add_to_linker::<_, S>(linker, |s| s)
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

    async fn list_keys(&mut self, this: Resource<Bucket>, cursor: Option<u64>) -> Answer<store::KeyResponse> {
        let page = self.keys(&this, cursor).await?;
        Ok(store::KeyResponse { keys: page.keys, cursor: page.next })
    }

    async fn drop(&mut self, this: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl atomics::Host for State {
    async fn increment(&mut self, this: Resource<Bucket>, key: String, delta: u64) -> Answer<u64> {
        let sum = self.incremented(&this, &key, delta.into(), 0..=u64::MAX.into()).await?;
        u64::try_from(sum).map_err(|e| Fault::Other(e.to_string()))
    }
}

impl batch::Host for State {
    async fn get_many(&mut self, this: Resource<Bucket>, keys: Vec<String>) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let values = self.values(&this, &keys).await?;
        Ok(keys.into_iter().zip(values).map(|(key, value)| Some((key, value?))).collect())
    }

    async fn set_many(&mut self, this: Resource<Bucket>, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        self.set_values(&this, &pairs).await
    }

    async fn delete_many(&mut self, this: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        self.delete_values(&this, &keys).await
    }
}
