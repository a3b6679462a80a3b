//! `city:base`: the five base databases, typed.
//!
//! Each call opens a dataset for a purpose, as `city:data/shared` does, and is checked alike.

mod credit;
mod economy;
mod geospatial;
mod legal_entities;
mod population;

use super::bindings::city::base::types as wit;
use super::bindings::city::data::shared::Error;
use super::shared::{caller, refused};
use crate::Services;
use crate::interceptor::{Interceptor, Interface};
use crate::state::{Invocation, State};
use yunlong_hub::base::About;
use yunlong_hub::{Caller, Hub, ReadError};
use yunlong_installations::Capability;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl wit::Host for State {}

impl From<About> for wit::Standing {
    fn from(a: About) -> Self {
        Self {
            reference: a.reference,
            version: a.version,
            valid_from: a.valid_from,
            valid_to: a.valid_to,
            released: a.released,
            present: a.present,
        }
    }
}

/// What a call needs of the state, apart from the tables that only one may hold.
struct Asking<'a> {
    services: &'a Services,
    interceptor: &'a Interceptor,
    invocation: &'a Invocation,
}

impl State {
    /// Passes the interceptor.
    fn base(&self, function: &'static str) -> wasmtime::Result<Asking<'_>> {
        self.interceptor.call(Interface::Base, function)?;
        Ok(Asking { services: &self.services, interceptor: &self.interceptor, invocation: &self.invocation })
    }
}

impl Asking<'_> {
    /// Counts a read of a call that makes several: each is a host call of its own, in the budget and to
    /// whoever observes. What stops the guest stops it behind the call.
    fn meter(&self, function: &'static str) -> impl FnMut() -> Result<(), ReadError> + Send {
        move || {
            let counted = self.interceptor.enter().and_then(|()| self.interceptor.call(Interface::Base, function));
            counted.map_err(|stop| ReadError::TooLarge(stop.to_string()))
        }
    }

    /// The hub and who asks, when this release is permitted to use the dataset for the purpose.
    async fn of(&self, dataset: &str, purpose: &str) -> Result<(&Hub, Caller), Error> {
        let caller = caller(self.services, self.interceptor, self.invocation).await?;
        let permission = Capability::Dataset { dataset: dataset.to_owned(), purpose: purpose.to_owned() };
        if self.interceptor.granted(|c| *c == permission) {
            return Ok((&self.services.hub, caller));
        }
        Err(refused(&self.services.hub, caller, &permission, dataset, purpose).await)
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
use attempt;
