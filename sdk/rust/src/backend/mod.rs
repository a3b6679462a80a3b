//! What stands behind the SDK: the host's imports in a component, an in-memory double anywhere
//! else. The rest of the SDK is written once over [`Backend`].

#[cfg(target_arch = "wasm32")]
pub mod bindings;
#[cfg(target_arch = "wasm32")]
pub(crate) mod convert;
#[cfg(target_arch = "wasm32")]
mod convert_base;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod double;
#[cfg(target_arch = "wasm32")]
pub mod exports;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod outbound;
#[cfg(target_arch = "wasm32")]
mod streams;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use double::Double as Active;
#[cfg(target_arch = "wasm32")]
pub(crate) use host::Host as Active;

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

/// The city, function by function as in the contract. Static: an instance of a component serves
/// one call, and a test's thread has one double.
pub(crate) trait Backend {
    type Transaction;
    type Dataset;

    fn principal() -> Principal;
    fn presentation() -> Presentation;
    fn sign_in_url(return_path: &str) -> String;
    fn step_up_url(return_path: &str) -> String;
    fn acting_for() -> Option<ActingFor>;
    fn attribute(attribute: Attribute) -> Result<String, AttributeError>;
    fn consent_url(scopes: &[&str], return_path: &str) -> String;

    fn installation() -> Installation;
    fn request_id() -> String;
    fn config(key: &str) -> Option<String>;
    fn derive_key(purpose: &str, n: u32) -> Vec<u8>;

    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now() -> u64;
    fn random(bytes: &mut [u8]);
    fn pause(milliseconds: u32);

    fn send(request: &OutboundRequest, parts: &Parts) -> Result<OutboundResponse, HttpError>;

    fn get(collection: &str, id: &str) -> Result<Option<RawDocument>, DataError>;
    fn find(collection: &str, query: &RawQuery) -> Result<RawPage, DataError>;
    fn counter(counter: &str, key: &str) -> Result<i64, DataError>;

    fn begin() -> Result<Self::Transaction, DataError>;
    fn commit(tx: &Self::Transaction) -> Result<u64, DataError>;
    fn rollback(tx: &Self::Transaction);
    fn tx_get(tx: &Self::Transaction, collection: &str, id: &str) -> Result<Option<RawDocument>, DataError>;
    fn tx_find(tx: &Self::Transaction, collection: &str, query: &RawQuery) -> Result<RawPage, DataError>;
    fn tx_insert(tx: &Self::Transaction, collection: &str, id: &str, body: &str) -> Result<(), DataError>;
    fn tx_put(tx: &Self::Transaction, collection: &str, id: &str, body: &str) -> Result<(), DataError>;
    fn tx_delete(tx: &Self::Transaction, collection: &str, id: &str) -> Result<(), DataError>;
    fn tx_adjust(
        tx: &Self::Transaction,
        counter: &str,
        key: &str,
        delta: i64,
        min: i64,
        max: i64,
    ) -> Result<(), DataError>;
    fn tx_counter(tx: &Self::Transaction, counter: &str, key: &str) -> Result<i64, DataError>;
    fn tx_audit(tx: &Self::Transaction, action: &str, target: &str, detail: &str) -> Result<(), DataError>;

    fn publish(tx: &Self::Transaction, event: &Outgoing) -> Result<String, MessagingError>;
    fn notify(tx: &Self::Transaction, note: &Notification) -> Result<(), MessagingError>;

    fn create_intent(tx: &Self::Transaction, intent: &NewIntent) -> Result<Intent, PaymentError>;
    fn confirm_intent(tx: &Self::Transaction, id: &str) -> Result<(), PaymentError>;
    fn cancel_intent(tx: &Self::Transaction, id: &str) -> Result<(), PaymentError>;
    fn refund(tx: &Self::Transaction, id: &str, refund: &NewRefund) -> Result<(), PaymentError>;
    fn intent(id: &str) -> Result<Intent, PaymentError>;
    fn create_escrow(tx: &Self::Transaction, escrow: &NewEscrow) -> Result<Intent, PaymentError>;
    fn release(tx: &Self::Transaction, id: &str, release: &Release) -> Result<(), PaymentError>;
    fn refund_held(tx: &Self::Transaction, id: &str, refund: &HeldRefund) -> Result<(), PaymentError>;
    fn escrow(id: &str) -> Result<EscrowState, PaymentError>;

    fn issue_ticket(wanted: &NewTicket) -> Result<Ticket, FileError>;
    fn stat_file(id: &str) -> Result<File, FileError>;
    fn attached_files(to: &str) -> Result<Vec<File>, FileError>;
    fn read_file(id: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError>;
    fn write_file(area: &str, name: &str, content: Vec<u8>) -> Result<File, FileError>;
    fn serve_file(id: &str, how: Show) -> Result<String, FileError>;
    fn attach_file(tx: &Self::Transaction, id: &str, to: &str) -> Result<File, FileError>;
    fn delete_file(tx: &Self::Transaction, id: &str) -> Result<(), FileError>;

    fn open(dataset: &str, purpose: &str) -> Result<Self::Dataset, SharedError>;
    fn shared_fields(dataset: &Self::Dataset) -> Result<Vec<String>, SharedError>;
    fn shared_get(
        dataset: &Self::Dataset,
        key: &str,
        fields: &[&str],
        as_of: Option<&str>,
    ) -> Result<Option<Released>, SharedError>;
    fn shared_me(dataset: &Self::Dataset, fields: &[&str]) -> Result<Option<Released>, SharedError>;
    fn shared_query(
        dataset: &Self::Dataset,
        query: &shared::RawQuery,
        fields: &[&str],
    ) -> Result<shared::Page, SharedError>;
    fn shared_write(
        dataset: &Self::Dataset,
        key: &str,
        body: &str,
        version: u64,
        valid_from: &str,
    ) -> Result<u64, SharedError>;
    fn shared_start_job(
        dataset: &Self::Dataset,
        query: &shared::RawQuery,
        fields: &[&str],
    ) -> Result<String, SharedError>;
    fn shared_job(dataset: &Self::Dataset, id: &str) -> Result<shared::Job, SharedError>;
    fn shared_job_page(dataset: &Self::Dataset, id: &str, page: u32) -> Result<Vec<Released>, SharedError>;

    fn person(purpose: &str, id: &str, items: &[&str]) -> Result<Option<population::Person>, SharedError>;
    fn own_person(purpose: &str, items: &[&str]) -> Result<Option<population::Person>, SharedError>;
    fn household(purpose: &str, number: &str, items: &[&str]) -> Result<Option<population::Household>, SharedError>;
    fn entity(purpose: &str, uscc: &str) -> Result<Option<legal_entities::Entity>, SharedError>;
    fn entities(
        purpose: &str,
        which: legal_entities::Which<'_>,
        cursor: Option<&str>,
    ) -> Result<base::Page<legal_entities::Entity>, SharedError>;
    fn events(
        purpose: &str,
        uscc: &str,
        kinds: &[&str],
        cursor: Option<&str>,
    ) -> Result<base::Page<credit::Event>, SharedError>;
    fn credit_summary(purpose: &str, uscc: &str) -> Result<BTreeMap<String, u32>, SharedError>;
    fn place(purpose: &str, code: &str) -> Result<Option<geospatial::Place>, SharedError>;
    fn places(
        purpose: &str,
        at: geospatial::Where<'_>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<base::Page<geospatial::Place>, SharedError>;
    fn observation(purpose: &str, number: &str) -> Result<Option<economy::Observation>, SharedError>;
    fn indicators(purpose: &str) -> Result<Vec<economy::Indicator>, SharedError>;
    fn series(
        purpose: &str,
        indicator: &str,
        divisions: economy::Divisions<'_>,
        from: &str,
        to: &str,
    ) -> Result<Vec<economy::Series>, SharedError>;
}
