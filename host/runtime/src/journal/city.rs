//! `city:*`, with each call written down or played: what the linker is given, around the functions that do it.
//!
//! One line for each function. The traits come from the contract, so a function that is added there and not here does
//! not compile.

use super::{Turn, answered};
use crate::city::bindings::city as wit;
use crate::city::collections::Transaction;
use crate::city::shared::Dataset;
use crate::interceptor::{Interceptor, Interface};
use crate::state::State;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasmtime::component::{HasData, Resource};

/// The state, by whose functions calls are done when they are not played.
pub(crate) struct Journaled<'a>(pub(crate) &'a mut State);

/// What `add_to_linker` wants of the above.
pub(crate) struct HasJournaled;

impl HasData for HasJournaled {
    type Data<'a> = Journaled<'a>;
}

/// An argument as a journal has it.
trait Noted {
    fn noted(&self, interceptor: &Interceptor) -> Value;
}

impl<T: 'static> Noted for Resource<T> {
    fn noted(&self, interceptor: &Interceptor) -> Value {
        interceptor.handle(self.rep())
    }
}

macro_rules! noted {
    ($($type:ty),* $(,)?) => {$(
        impl Noted for $type {
            fn noted(&self, _: &Interceptor) -> Value {
                // These have no keys but names, and no numbers but those of JSON or none: nothing fails.
                serde_json::to_value(self).unwrap_or_default()
            }
        }
    )*};
}

noted!(
    String,
    u32,
    u64,
    i64,
    f64,
    Option<String>,
    Vec<String>,
    wit::data::collections::Query,
    wit::data::shared::Query,
    wit::identity::attributes::Attribute,
    wit::base::economy::Divisions,
    wit::base::geospatial::Bounds,
    wit::base::geospatial::Position,
    wit::base::legal_entities::Which,
    wit::messaging::publisher::Outgoing,
    wit::messaging::publisher::Notification,
    wit::payments::intents::NewIntent,
    wit::payments::intents::NewRefund,
    wit::payments::intents::NewEscrow,
    wit::payments::intents::HeldRelease,
    wit::payments::intents::HeldRefund,
    wit::files::files::NewTicket,
    wit::files::files::Disposition,
);

/// Functions of one interface: `name(argument: Type, …) -> Answer`, with the name that observers are told.
macro_rules! journaled {
    ($interface:ident, $host:path: $(
        $told:literal $function:ident($($arg:ident: $type:ty),*) -> $answer:ty;
    )*) => {
        $(async fn $function(&mut self, $($arg: $type),*) -> wasmtime::Result<$answer> {
            let turn = {
                let interceptor = &self.0.interceptor;
                interceptor.turn(Interface::$interface, $told, || Value::Array(vec![$(Noted::noted(&$arg, interceptor)),*]))?
            };
            if let Turn::Play(answer) = turn {
                return answered(answer);
            }
            let ended = <State as $host>::$function(self.0, $($arg),*).await;
            self.0.interceptor.took(&turn, ended.as_ref().map_err(|e| e as &dyn std::fmt::Display));
            ended
        })*
    };
}

/// A handle that a call gave, in a journal.
#[derive(Serialize, Deserialize)]
struct Given;

impl Journaled<'_> {
    /// A call that is played and gives a handle: on `stand_in`, which is never asked for anything.
    fn given<T: Send + 'static, E: DeserializeOwned>(
        &mut self,
        answer: Value,
        stand_in: T,
    ) -> wasmtime::Result<Result<Resource<T>, E>> {
        let answer: Result<Given, E> = answered(answer)?;
        answer.map(|Given| self.give(stand_in)).map_or_else(|e| Ok(Err(e)), |given| given.map(Ok))
    }

    fn give<T: Send + 'static>(&mut self, stand_in: T) -> wasmtime::Result<Resource<T>> {
        let handle = self.0.table.push(stand_in)?;
        self.0.interceptor.gave(handle.rep());
        Ok(handle)
    }

    /// A call that was done and gives a handle.
    fn took<T: 'static, E: Serialize>(&self, turn: &Turn, ended: &wasmtime::Result<Result<Resource<T>, E>>) {
        let interceptor = &self.0.interceptor;
        if let Ok(Ok(handle)) = ended {
            interceptor.gave(handle.rep());
        }
        match ended {
            Ok(answer) => interceptor.took(turn, Ok(&answer.as_ref().map(|_| Given))),
            Err(e) => interceptor.took::<()>(turn, Err(e)),
        }
    }
}

impl wit::app::context::Host for Journaled<'_> {
    journaled! { Context, wit::app::context::Host:
        "current" current() -> wit::app::context::Installation;
        "request-id" request_id() -> String;
        "config" config(key: String) -> Option<String>;
    }

    async fn derive_key(&mut self, purpose: String, n: u32) -> wasmtime::Result<Vec<u8>> {
        let turn = self.0.interceptor.turn(Interface::Context, super::DERIVE_KEY, || json!([purpose, n]))?;
        if let Turn::Play(answer) = turn {
            return Ok(answered::<super::Data>(answer)?.0);
        }
        let ended = <State as wit::app::context::Host>::derive_key(self.0, purpose, n).await;
        let told = ended.as_ref().map(|key| super::Data(key.clone()));
        self.0.interceptor.took(&turn, told.as_ref().map_err(|e| e as &dyn std::fmt::Display));
        ended
    }
}

impl wit::identity::principal::Host for Journaled<'_> {
    journaled! { Principal, wit::identity::principal::Host:
        "current" current() -> wit::identity::principal::Principal;
        "preferred" preferred() -> wit::identity::principal::Presentation;
        "sign-in-url" sign_in_url(return_path: String) -> String;
        "step-up-url" step_up_url(return_path: String) -> String;
    }
}

impl wit::identity::attributes::Host for Journaled<'_> {
    journaled! { Attributes, wit::identity::attributes::Host:
        "get" get(attribute: wit::identity::attributes::Attribute) -> Result<String, wit::identity::attributes::Error>;
        "consent-url" consent_url(scopes: Vec<String>, return_path: String) -> String;
    }
}

impl wit::identity::representation::Host for Journaled<'_> {
    journaled! { Representation, wit::identity::representation::Host:
        "acting-for" acting_for() -> Option<wit::identity::representation::Grantor>;
    }
}

mod data {
    use super::{Dataset, Interface, Journaled, Noted, Resource, State, Transaction, Turn, Value, answered, wit};
    use serde_json::json;
    use wit::data::collections::{Document, Error, HostTransaction, Page, Query};
    use wit::data::shared::{self, HostDataset};

    impl wit::data::collections::Host for Journaled<'_> {
        journaled! { Collections, wit::data::collections::Host:
            "get" get(collection: String, id: String) -> Result<Option<Document>, Error>;
            "find" find(collection: String, q: Query) -> Result<Page, Error>;
            "counter" counter(counter: String, key: String) -> Result<i64, Error>;
        }
    }

    impl HostTransaction for Journaled<'_> {
        journaled! { Collections, HostTransaction:
            "transaction.get" get(this: Resource<Transaction>, collection: String, id: String) -> Result<Option<Document>, Error>;
            "transaction.find" find(this: Resource<Transaction>, collection: String, q: Query) -> Result<Page, Error>;
            "transaction.insert" insert(this: Resource<Transaction>, collection: String, id: String, body: String) -> Result<(), Error>;
            "transaction.put" put(this: Resource<Transaction>, collection: String, id: String, body: String) -> Result<(), Error>;
            "transaction.delete" delete(this: Resource<Transaction>, collection: String, id: String) -> Result<(), Error>;
            "transaction.adjust" adjust(this: Resource<Transaction>, counter: String, key: String, delta: i64, min: i64, max: i64) -> Result<(), Error>;
            "transaction.counter" counter(this: Resource<Transaction>, counter: String, key: String) -> Result<i64, Error>;
            "transaction.audit" audit(this: Resource<Transaction>, action: String, target: String, detail: String) -> Result<(), Error>;
            "transaction.commit" commit(this: Resource<Transaction>) -> Result<u64, Error>;
            "transaction.rollback" rollback(this: Resource<Transaction>) -> ();
        }

        async fn begin(&mut self) -> wasmtime::Result<Result<Resource<Transaction>, Error>> {
            let turn = self.0.interceptor.turn(Interface::Collections, "transaction.begin", || json!([]))?;
            if let Turn::Play(answer) = turn {
                return self.given(answer, Transaction::stand_in());
            }
            let ended = HostTransaction::begin(self.0).await;
            self.took(&turn, &ended);
            ended
        }

        async fn drop(&mut self, this: Resource<Transaction>) -> wasmtime::Result<()> {
            HostTransaction::drop(self.0, this).await
        }
    }

    impl shared::Host for Journaled<'_> {}

    impl HostDataset for Journaled<'_> {
        journaled! { Shared, HostDataset:
            "dataset.fields" fields(this: Resource<Dataset>) -> Result<Vec<String>, shared::Error>;
            "dataset.get" get(this: Resource<Dataset>, key: String, fields: Vec<String>, as_of: Option<String>) -> Result<Option<shared::Released>, shared::Error>;
            "dataset.me" me(this: Resource<Dataset>, fields: Vec<String>) -> Result<Option<shared::Released>, shared::Error>;
            "dataset.query" query(this: Resource<Dataset>, q: shared::Query, fields: Vec<String>) -> Result<shared::Page, shared::Error>;
            "dataset.write" write(this: Resource<Dataset>, key: String, body: String, version: u64, valid_from: String) -> Result<u64, shared::Error>;
            "dataset.start-job" start_job(this: Resource<Dataset>, q: shared::Query, fields: Vec<String>) -> Result<String, shared::Error>;
            "dataset.job" job(this: Resource<Dataset>, id: String) -> Result<shared::Job, shared::Error>;
            "dataset.job-page" job_page(this: Resource<Dataset>, id: String, page: u32) -> Result<Vec<shared::Released>, shared::Error>;
        }

        async fn open(
            &mut self,
            dataset: String,
            purpose: String,
        ) -> wasmtime::Result<Result<Resource<Dataset>, shared::Error>> {
            let turn = self.0.interceptor.turn(Interface::Shared, "dataset.open", || json!([dataset, purpose]))?;
            if let Turn::Play(answer) = turn {
                return self.given(answer, Dataset::stand_in(dataset, purpose));
            }
            let ended = HostDataset::open(self.0, dataset, purpose).await;
            self.took(&turn, &ended);
            ended
        }

        async fn drop(&mut self, this: Resource<Dataset>) -> wasmtime::Result<()> {
            HostDataset::drop(self.0, this).await
        }
    }
}

mod base {
    use super::{Interface, Journaled, Noted, State, Turn, Value, answered, wit};
    use wit::base::{credit, economy, geospatial, legal_entities, population, types};
    use wit::data::shared::Error;

    impl types::Host for Journaled<'_> {}

    impl population::Host for Journaled<'_> {
        journaled! { Base, population::Host:
            "population.get" get(purpose: String, resident_id: String, items: Vec<String>) -> Result<Option<population::Person>, Error>;
            "population.me" me(purpose: String, items: Vec<String>) -> Result<Option<population::Person>, Error>;
            "population.get-household" get_household(purpose: String, number: String, items: Vec<String>) -> Result<Option<population::Household>, Error>;
        }
    }

    impl legal_entities::Host for Journaled<'_> {
        journaled! { Base, legal_entities::Host:
            "legal-entities.get" get(purpose: String, uscc: String) -> Result<Option<legal_entities::Entity>, Error>;
            "legal-entities.find" find(purpose: String, which: legal_entities::Which, cursor: Option<String>) -> Result<legal_entities::Page, Error>;
        }
    }

    impl credit::Host for Journaled<'_> {
        journaled! { Base, credit::Host:
            "credit.events" events(purpose: String, uscc: String, kinds: Vec<String>, cursor: Option<String>) -> Result<credit::Page, Error>;
            "credit.summary" summary(purpose: String, uscc: String) -> Result<Vec<credit::KindCount>, Error>;
        }
    }

    impl geospatial::Host for Journaled<'_> {
        journaled! { Base, geospatial::Host:
            "geospatial.get" get(purpose: String, code: String) -> Result<Option<geospatial::Place>, Error>;
            "geospatial.within" within(purpose: String, area: String, limit: u32, cursor: Option<String>) -> Result<geospatial::Page, Error>;
            "geospatial.touching" touching(purpose: String, area: String, limit: u32, cursor: Option<String>) -> Result<geospatial::Page, Error>;
            "geospatial.in-box" in_box(purpose: String, b: geospatial::Bounds, limit: u32, cursor: Option<String>) -> Result<geospatial::Page, Error>;
            "geospatial.nearest" nearest(purpose: String, from: geospatial::Position, max_m: f64, limit: u32, cursor: Option<String>) -> Result<geospatial::Page, Error>;
        }
    }

    impl economy::Host for Journaled<'_> {
        journaled! { Base, economy::Host:
            "economy.get" get(purpose: String, number: String) -> Result<Option<economy::Observation>, Error>;
            "economy.indicators" indicators(purpose: String) -> Result<Vec<economy::Indicator>, Error>;
            "economy.get-series" get_series(purpose: String, indicator: String, asked: economy::Divisions, from: String, to: String) -> Result<Vec<economy::Series>, Error>;
        }
    }
}

mod messaging {
    use super::{Interface, Journaled, Noted, Resource, State, Transaction, Turn, Value, answered, wit};
    use wit::messaging::publisher::{self, Error, Notification, Outgoing};

    impl wit::messaging::types::Host for Journaled<'_> {}

    impl publisher::Host for Journaled<'_> {
        journaled! { Publisher, publisher::Host:
            "publish" publish(transaction: Resource<Transaction>, event: Outgoing) -> Result<String, Error>;
            "notify" notify(transaction: Resource<Transaction>, note: Notification) -> Result<(), Error>;
        }
    }
}

mod payments {
    use super::{Interface, Journaled, Noted, Resource, State, Transaction, Turn, Value, answered, wit};
    use wit::payments::intents::{
        self, Error, EscrowState, HeldRefund, HeldRelease, Intent, NewEscrow, NewIntent, NewRefund,
    };

    impl intents::Host for Journaled<'_> {
        journaled! { Intents, intents::Host:
            "create" create(transaction: Resource<Transaction>, new: NewIntent) -> Result<Intent, Error>;
            "confirm" confirm(transaction: Resource<Transaction>, id: String) -> Result<(), Error>;
            "cancel" cancel(transaction: Resource<Transaction>, id: String) -> Result<(), Error>;
            "refund" refund(transaction: Resource<Transaction>, id: String, refund: NewRefund) -> Result<(), Error>;
            "get" get(id: String) -> Result<Intent, Error>;
            "create-escrow" create_escrow(transaction: Resource<Transaction>, new: NewEscrow) -> Result<Intent, Error>;
            "release" release(transaction: Resource<Transaction>, id: String, new: HeldRelease) -> Result<(), Error>;
            "refund-held" refund_held(transaction: Resource<Transaction>, id: String, new: HeldRefund) -> Result<(), Error>;
            "escrow" escrow(id: String) -> Result<EscrowState, Error>;
        }
    }
}

mod files {
    use super::super::Data;
    use super::{Interceptor, Interface, Journaled, Noted, Resource, State, Transaction, Turn, Value, answered, wit};
    use serde_json::json;
    use wit::files::files::{self, Disposition, Error, File, NewFile, NewTicket, Ticket};

    /// With the bytes as a journal has bytes.
    impl Noted for NewFile {
        fn noted(&self, _: &Interceptor) -> Value {
            json!({ "area": self.area, "name": self.name, "content": Data(self.content.clone()) })
        }
    }

    impl files::Host for Journaled<'_> {
        journaled! { Files, files::Host:
            "issue-ticket" issue_ticket(wanted: NewTicket) -> Result<Ticket, Error>;
            "stat" stat(id: String) -> Result<File, Error>;
            "attached" attached(to: String) -> Result<Vec<File>, Error>;
            "write" write(new: NewFile) -> Result<File, Error>;
            "attach" attach(transaction: Resource<Transaction>, id: String, to: String) -> Result<File, Error>;
            "remove" remove(transaction: Resource<Transaction>, id: String) -> Result<(), Error>;
            "serve" serve(id: String, how: Disposition) -> Result<String, Error>;
        }

        async fn read(&mut self, id: String, offset: u64, length: u32) -> wasmtime::Result<Result<Vec<u8>, Error>> {
            let turn = self.0.interceptor.turn(Interface::Files, "read", || json!([id, offset, length]))?;
            if let Turn::Play(answer) = turn {
                return Ok(answered::<Result<Data, Error>>(answer)?.map(|read| read.0));
            }
            let ended = <State as files::Host>::read(self.0, id, offset, length).await;
            let told = ended.as_ref().map(|read| read.as_ref().map(|bytes| Data(bytes.clone())));
            self.0.interceptor.took(&turn, told.as_ref().map_err(|e| e as &dyn std::fmt::Display));
            ended
        }
    }
}

impl wit::app::outcome::Host for Journaled<'_> {}
