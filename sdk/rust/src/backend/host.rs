//! The city as the host gives it: one call of an import for each function.

use super::bindings::app::city::{
    app::context as wit_context, base as wit_base, data::collections as data, data::shared as wit_shared,
    files::files as wit_files, identity as wit_identity, messaging::publisher, payments::intents,
};
use super::bindings::app::wasi;
use super::{Backend, convert, convert_base as typed, outbound};
use crate::base::{self, credit, economy, geospatial, legal_entities, population};
use crate::context::Installation;
use crate::data::{DataError, RawDocument, RawPage, RawQuery};
use crate::files::{File, FileError, NewTicket, Show, Ticket};
use crate::http::{HttpError, OutboundRequest, OutboundResponse, Parts};
use crate::identity::{ActingFor, Attribute, AttributeError, Presentation, Principal};
use crate::messaging::{MessagingError, Notification, Outgoing};
use crate::payments::{EscrowState, HeldRefund, Intent, NewEscrow, NewIntent, NewRefund, PaymentError, Release};
use crate::shared::{self, Released, SharedError};
use std::collections::BTreeMap;

pub(crate) struct Host;

impl Backend for Host {
    type Transaction = data::Transaction;
    type Dataset = wit_shared::Dataset;

    fn principal() -> Principal {
        convert::principal(wit_identity::principal::current())
    }

    fn presentation() -> Presentation {
        convert::presentation(&wit_identity::principal::preferred())
    }

    fn sign_in_url(return_path: &str) -> String {
        wit_identity::principal::sign_in_url(return_path)
    }

    fn step_up_url(return_path: &str) -> String {
        wit_identity::principal::step_up_url(return_path)
    }

    fn acting_for() -> Option<ActingFor> {
        wit_identity::representation::acting_for().map(convert::acting_for)
    }

    fn attribute(attribute: Attribute) -> Result<String, AttributeError> {
        wit_identity::attributes::get(convert::attribute(attribute)).map_err(convert::attribute_error)
    }

    fn consent_url(scopes: &[&str], return_path: &str) -> String {
        let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
        wit_identity::attributes::consent_url(&scopes, return_path)
    }

    fn installation() -> Installation {
        let i = wit_context::current();
        Installation {
            name: i.name,
            app: i.app,
            version: i.version,
            organization: i.organization,
            organization_name: i.organization_name,
            origin: i.origin,
            portal: i.portal,
        }
    }

    fn request_id() -> String {
        wit_context::request_id()
    }

    fn config(key: &str) -> Option<String> {
        wit_context::config(key)
    }

    fn derive_key(purpose: &str, n: u32) -> Vec<u8> {
        wit_context::derive_key(purpose, n)
    }

    fn now() -> u64 {
        let now = wasi::clocks::wall_clock::now();
        now.seconds * 1000 + u64::from(now.nanoseconds / 1_000_000)
    }

    fn random(bytes: &mut [u8]) {
        bytes.copy_from_slice(&wasi::random::random::get_random_bytes(bytes.len() as u64));
    }

    fn pause(milliseconds: u32) {
        wasi::clocks::monotonic_clock::subscribe_duration(u64::from(milliseconds) * 1_000_000).block();
    }

    fn send(request: &OutboundRequest, parts: &Parts) -> Result<OutboundResponse, HttpError> {
        outbound::send(request, parts)
    }

    fn get(collection: &str, id: &str) -> Result<Option<RawDocument>, DataError> {
        data::get(collection, id).map(|d| d.map(convert::document)).map_err(convert::data_error)
    }

    fn find(collection: &str, query: &RawQuery) -> Result<RawPage, DataError> {
        data::find(collection, &convert::query(query)).map(convert::page).map_err(convert::data_error)
    }

    fn counter(counter: &str, key: &str) -> Result<i64, DataError> {
        data::counter(counter, key).map_err(convert::data_error)
    }

    fn begin() -> Result<data::Transaction, DataError> {
        data::Transaction::begin().map_err(convert::data_error)
    }

    fn commit(tx: &data::Transaction) -> Result<u64, DataError> {
        tx.commit().map_err(convert::data_error)
    }

    fn rollback(tx: &data::Transaction) {
        tx.rollback();
    }

    fn tx_get(tx: &data::Transaction, collection: &str, id: &str) -> Result<Option<RawDocument>, DataError> {
        tx.get(collection, id).map(|d| d.map(convert::document)).map_err(convert::data_error)
    }

    fn tx_find(tx: &data::Transaction, collection: &str, query: &RawQuery) -> Result<RawPage, DataError> {
        tx.find(collection, &convert::query(query)).map(convert::page).map_err(convert::data_error)
    }

    fn tx_insert(tx: &data::Transaction, collection: &str, id: &str, body: &str) -> Result<(), DataError> {
        tx.insert(collection, id, body).map_err(convert::data_error)
    }

    fn tx_put(tx: &data::Transaction, collection: &str, id: &str, body: &str) -> Result<(), DataError> {
        tx.put(collection, id, body).map_err(convert::data_error)
    }

    fn tx_delete(tx: &data::Transaction, collection: &str, id: &str) -> Result<(), DataError> {
        tx.delete(collection, id).map_err(convert::data_error)
    }

    fn tx_adjust(
        tx: &data::Transaction,
        counter: &str,
        key: &str,
        delta: i64,
        min: i64,
        max: i64,
    ) -> Result<(), DataError> {
        tx.adjust(counter, key, delta, min, max).map_err(convert::data_error)
    }

    fn tx_counter(tx: &data::Transaction, counter: &str, key: &str) -> Result<i64, DataError> {
        tx.counter(counter, key).map_err(convert::data_error)
    }

    fn tx_audit(tx: &data::Transaction, action: &str, target: &str, detail: &str) -> Result<(), DataError> {
        tx.audit(action, target, detail).map_err(convert::data_error)
    }

    fn publish(tx: &data::Transaction, event: &Outgoing) -> Result<String, MessagingError> {
        publisher::publish(tx, &convert::outgoing(event)).map_err(convert::messaging_error)
    }

    fn notify(tx: &data::Transaction, note: &Notification) -> Result<(), MessagingError> {
        publisher::notify(tx, &convert::notification(note)).map_err(convert::messaging_error)
    }

    fn create_intent(tx: &data::Transaction, intent: &NewIntent) -> Result<Intent, PaymentError> {
        intents::create(tx, &convert::new_intent(intent)).map(convert::intent).map_err(convert::payment_error)
    }

    fn confirm_intent(tx: &data::Transaction, id: &str) -> Result<(), PaymentError> {
        intents::confirm(tx, id).map_err(convert::payment_error)
    }

    fn cancel_intent(tx: &data::Transaction, id: &str) -> Result<(), PaymentError> {
        intents::cancel(tx, id).map_err(convert::payment_error)
    }

    fn refund(tx: &data::Transaction, id: &str, refund: &NewRefund) -> Result<(), PaymentError> {
        intents::refund(tx, id, &convert::new_refund(refund)).map_err(convert::payment_error)
    }

    fn intent(id: &str) -> Result<Intent, PaymentError> {
        intents::get(id).map(convert::intent).map_err(convert::payment_error)
    }

    fn create_escrow(tx: &data::Transaction, escrow: &NewEscrow) -> Result<Intent, PaymentError> {
        intents::create_escrow(tx, &convert::new_escrow(escrow)).map(convert::intent).map_err(convert::payment_error)
    }

    fn release(tx: &data::Transaction, id: &str, release: &Release) -> Result<(), PaymentError> {
        intents::release(tx, id, &convert::held_release(release)).map_err(convert::payment_error)
    }

    fn refund_held(tx: &data::Transaction, id: &str, refund: &HeldRefund) -> Result<(), PaymentError> {
        intents::refund_held(tx, id, &convert::held_refund(refund)).map_err(convert::payment_error)
    }

    fn escrow(id: &str) -> Result<EscrowState, PaymentError> {
        intents::escrow(id).map(convert::escrow_state).map_err(convert::payment_error)
    }

    fn issue_ticket(wanted: &NewTicket) -> Result<Ticket, FileError> {
        let issued = wit_files::issue_ticket(&convert::new_ticket(wanted)).map_err(convert::file_error)?;
        Ok(convert::ticket(issued, wanted.max_files))
    }

    fn stat_file(id: &str) -> Result<File, FileError> {
        wit_files::stat(id).map(convert::file).map_err(convert::file_error)
    }

    fn attached_files(to: &str) -> Result<Vec<File>, FileError> {
        let found = wit_files::attached(to).map_err(convert::file_error)?;
        Ok(found.into_iter().map(convert::file).collect())
    }

    fn read_file(id: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
        wit_files::read(id, offset, length).map_err(convert::file_error)
    }

    fn write_file(area: &str, name: &str, content: Vec<u8>) -> Result<File, FileError> {
        let new = wit_files::NewFile { area: area.to_owned(), name: name.to_owned(), content };
        wit_files::write(&new).map(convert::file).map_err(convert::file_error)
    }

    fn serve_file(id: &str, how: Show) -> Result<String, FileError> {
        wit_files::serve(id, convert::show(how)).map_err(convert::file_error)
    }

    fn attach_file(tx: &data::Transaction, id: &str, to: &str) -> Result<File, FileError> {
        wit_files::attach(tx, id, to).map(convert::file).map_err(convert::file_error)
    }

    fn delete_file(tx: &data::Transaction, id: &str) -> Result<(), FileError> {
        wit_files::remove(tx, id).map_err(convert::file_error)
    }

    fn open(dataset: &str, purpose: &str) -> Result<wit_shared::Dataset, SharedError> {
        wit_shared::Dataset::open(dataset, purpose).map_err(convert::shared_error)
    }

    fn shared_fields(dataset: &wit_shared::Dataset) -> Result<Vec<String>, SharedError> {
        dataset.fields().map_err(convert::shared_error)
    }

    fn shared_get(
        dataset: &wit_shared::Dataset,
        key: &str,
        fields: &[&str],
        as_of: Option<&str>,
    ) -> Result<Option<Released>, SharedError> {
        let found = dataset.get(key, &owned(fields), as_of).map_err(convert::shared_error)?;
        found.map(convert::released).transpose()
    }

    fn shared_me(dataset: &wit_shared::Dataset, fields: &[&str]) -> Result<Option<Released>, SharedError> {
        dataset.me(&owned(fields)).map_err(convert::shared_error)?.map(convert::released).transpose()
    }

    fn shared_query(
        dataset: &wit_shared::Dataset,
        query: &shared::RawQuery,
        fields: &[&str],
    ) -> Result<shared::Page, SharedError> {
        let page = dataset.query(&convert::shared_query(query), &owned(fields)).map_err(convert::shared_error)?;
        Ok(shared::Page { records: convert::all_released(page.records)?, next: page.next })
    }

    fn shared_write(
        dataset: &wit_shared::Dataset,
        key: &str,
        body: &str,
        version: u64,
        valid_from: &str,
    ) -> Result<u64, SharedError> {
        dataset.write(key, body, version, valid_from).map_err(convert::shared_error)
    }

    fn shared_start_job(
        dataset: &wit_shared::Dataset,
        query: &shared::RawQuery,
        fields: &[&str],
    ) -> Result<String, SharedError> {
        dataset.start_job(&convert::shared_query(query), &owned(fields)).map_err(convert::shared_error)
    }

    fn shared_job(dataset: &wit_shared::Dataset, id: &str) -> Result<shared::Job, SharedError> {
        dataset.job(id).map(convert::job).map_err(convert::shared_error)
    }

    fn shared_job_page(dataset: &wit_shared::Dataset, id: &str, page: u32) -> Result<Vec<Released>, SharedError> {
        convert::all_released(dataset.job_page(id, page).map_err(convert::shared_error)?)
    }

    fn person(purpose: &str, id: &str, items: &[&str]) -> Result<Option<population::Person>, SharedError> {
        let found = wit_base::population::get(purpose, id, &owned(items)).map_err(convert::shared_error)?;
        Ok(found.map(typed::person))
    }

    fn own_person(purpose: &str, items: &[&str]) -> Result<Option<population::Person>, SharedError> {
        let found = wit_base::population::me(purpose, &owned(items)).map_err(convert::shared_error)?;
        Ok(found.map(typed::person))
    }

    fn household(purpose: &str, number: &str, items: &[&str]) -> Result<Option<population::Household>, SharedError> {
        let found = wit_base::population::get_household(purpose, number, &owned(items));
        Ok(found.map_err(convert::shared_error)?.map(typed::household))
    }

    fn entity(purpose: &str, uscc: &str) -> Result<Option<legal_entities::Entity>, SharedError> {
        let found = wit_base::legal_entities::get(purpose, uscc).map_err(convert::shared_error)?;
        Ok(found.map(typed::entity))
    }

    fn entities(
        purpose: &str,
        which: legal_entities::Which<'_>,
        cursor: Option<&str>,
    ) -> Result<base::Page<legal_entities::Entity>, SharedError> {
        let page = wit_base::legal_entities::find(purpose, &typed::which(which), cursor);
        let page = page.map_err(convert::shared_error)?;
        Ok(base::Page { items: page.entities.into_iter().map(typed::entity).collect(), next: page.next })
    }

    fn events(
        purpose: &str,
        uscc: &str,
        kinds: &[&str],
        cursor: Option<&str>,
    ) -> Result<base::Page<credit::Event>, SharedError> {
        let page = wit_base::credit::events(purpose, uscc, &owned(kinds), cursor).map_err(convert::shared_error)?;
        Ok(base::Page { items: page.events.into_iter().map(typed::event).collect(), next: page.next })
    }

    fn credit_summary(purpose: &str, uscc: &str) -> Result<BTreeMap<String, u32>, SharedError> {
        let counts = wit_base::credit::summary(purpose, uscc).map_err(convert::shared_error)?;
        Ok(counts.into_iter().map(|c| (c.kind, c.count)).collect())
    }

    fn place(purpose: &str, code: &str) -> Result<Option<geospatial::Place>, SharedError> {
        let found = wit_base::geospatial::get(purpose, code).map_err(convert::shared_error)?;
        Ok(found.map(typed::place))
    }

    fn places(
        purpose: &str,
        at: geospatial::Where<'_>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<base::Page<geospatial::Place>, SharedError> {
        use geospatial::Where;
        use wit_base::geospatial as wit;
        let page = match at {
            Where::Within(area) => wit::within(purpose, area, limit, cursor),
            Where::Touching(area) => wit::touching(purpose, area, limit, cursor),
            Where::InBox { west, south, east, north } => {
                wit::in_box(purpose, wit::Bounds { west, south, east, north }, limit, cursor)
            }
            Where::Nearest { longitude, latitude, max_distance } => {
                wit::nearest(purpose, wit::Position { longitude, latitude }, max_distance, limit, cursor)
            }
        };
        let page = page.map_err(convert::shared_error)?;
        Ok(base::Page { items: page.places.into_iter().map(typed::place).collect(), next: page.next })
    }

    fn observation(purpose: &str, number: &str) -> Result<Option<economy::Observation>, SharedError> {
        let found = wit_base::economy::get(purpose, number).map_err(convert::shared_error)?;
        Ok(found.map(typed::observation))
    }

    fn indicators(purpose: &str) -> Result<Vec<economy::Indicator>, SharedError> {
        let all = wit_base::economy::indicators(purpose).map_err(convert::shared_error)?;
        Ok(all.into_iter().map(typed::indicator).collect())
    }

    fn series(
        purpose: &str,
        indicator: &str,
        divisions: economy::Divisions<'_>,
        from: &str,
        to: &str,
    ) -> Result<Vec<economy::Series>, SharedError> {
        let all = wit_base::economy::get_series(purpose, indicator, &typed::divisions(divisions), from, to);
        Ok(all.map_err(convert::shared_error)?.into_iter().map(typed::series).collect())
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}
