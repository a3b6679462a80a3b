//! The city as the host gives it: one call of an import for each function.

use super::bindings::app::city::{
    app::context as wit_context, data::collections as data, identity as wit_identity, messaging::publisher,
    payments::intents,
};
use super::bindings::app::wasi;
use super::{Backend, convert};
use crate::context::Installation;
use crate::data::{DataError, RawDocument, RawPage, RawQuery};
use crate::identity::{ActingFor, Attribute, AttributeError, Presentation, Principal};
use crate::messaging::{MessagingError, Notification, Outgoing};
use crate::payments::{Intent, NewIntent, NewRefund, PaymentError};

pub(crate) struct Host;

impl Backend for Host {
    type Transaction = data::Transaction;

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
}
