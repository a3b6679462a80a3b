//! The city in memory, one for each thread: what the SDK runs on outside a component.

mod base;
mod collections;
mod escrow;
pub(crate) mod files;
mod ledger;
mod manifest;
mod outbound;
pub(crate) mod shared;
mod transaction;

pub(crate) use collections::Collections;
pub(crate) use files::FileOp;
pub(crate) use ledger::{Ledger, PaymentOp};
pub(crate) use manifest::Manifest;
pub(crate) use transaction::Transaction;

use super::Backend;
use crate::base::{Page as TypedPage, credit, economy, geospatial, legal_entities, population};
use crate::context::Installation;
use crate::data::{DataError, RawDocument, RawPage, RawQuery};
use crate::files::{File, FileError, NewTicket, Show, Ticket};
use crate::http::{HttpError, OutboundRequest, OutboundResponse, Parts};
use crate::identity::{ActingFor, Attribute, AttributeError, Presentation, Principal};
use crate::messaging::{Event, MessagingError, Notification, Outgoing, PAYMENTS_TOPIC};
use crate::payments::{
    EscrowState, HeldRefund, Intent, NewEscrow, NewIntent, NewRefund, PaymentError, PaymentOutcome, Release,
};
use crate::shared::{Job, Page, RawQuery as SharedQuery, Released, SharedError};
use crate::web::encode_url;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The host's bound for events.
const EVENT_BYTES: usize = 256 * 1024;

pub(crate) struct Double;

/// An event that waits for its delivery.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) event: Event,
    pub(crate) due: u64,
}

/// A row of the audit trail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Audited {
    pub(crate) actor: Option<String>,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) detail: Value,
}

/// Everything the double knows.
pub(crate) struct State {
    pub(crate) manifest: Manifest,
    pub(crate) now: u64,
    pub(crate) random: u64,
    pub(crate) calls: u64,
    pub(crate) sequence: u64,
    pub(crate) principal: Principal,
    pub(crate) acting_for: Option<ActingFor>,
    pub(crate) presentation: Presentation,
    pub(crate) people: BTreeSet<String>,
    pub(crate) attributes: BTreeMap<(String, Attribute), String>,
    pub(crate) consents: BTreeSet<(String, String)>,
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) data: Collections,
    pub(crate) audit: Vec<Audited>,
    pub(crate) published: Vec<Event>,
    pub(crate) deduplicated: BTreeMap<(String, String), String>,
    pub(crate) queue: Vec<Queued>,
    pub(crate) dead: Vec<(Event, String)>,
    pub(crate) notes: Vec<Notification>,
    pub(crate) ledger: Ledger,
    pub(crate) files: files::Files,
    pub(crate) hub: shared::Hub,
    /// What other hosts answer, by the beginning of the address.
    pub(crate) outside: Vec<(String, OutboundResponse)>,
    /// What was sent to other hosts.
    pub(crate) sent: Vec<OutboundRequest>,
    /// How many of the next commits answer `conflict`.
    pub(crate) conflicts: u32,
    /// How many calls the process that runs still makes before it dies, if it does.
    pub(crate) lives: Option<u32>,
}

/// With what a process that dies unwinds.
pub(crate) struct Died;

thread_local! {
    static CITY: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Puts a city in place, or takes it away.
pub(crate) fn install(state: Option<State>) {
    CITY.with_borrow_mut(|city| *city = state);
}

/// Works on this thread's city. Never call the app from within: it would come back here.
pub(crate) fn with<T>(f: impl FnOnce(&mut State) -> T) -> T {
    CITY.with_borrow_mut(|city| {
        let Some(city) = city else { panic!("the SDK runs natively on a test double: begin the test with `TestCity::new(include_str!(\"../app.toml\"))`") };
        f(city)
    })
}

/// A call of the host on this thread's city, if the process lives to make it.
fn call<T>(f: impl FnOnce(&mut State) -> T) -> T {
    let dies = with(|c| match &mut c.lives {
        Some(0) => true,
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    });
    if dies {
        // Nothing that runs while it unwinds dies once more.
        with(|c| c.lives = None);
        std::panic::resume_unwind(Box::new(Died));
    }
    with(f)
}

impl State {
    pub(crate) fn new(manifest: Manifest) -> Self {
        Self {
            config: manifest.config_defaults(),
            data: Collections::new(&manifest),
            manifest,
            // 2026-05-01 09:00 in China.
            now: 1_777_597_200_000,
            random: 0x5EED,
            calls: 0,
            sequence: 0,
            principal: Principal {
                subject: None,
                kind: crate::Kind::Anonymous,
                assurance: crate::identity::Assurance::None,
                roles: Vec::new(),
                organization: None,
            },
            acting_for: None,
            presentation: Presentation::default(),
            people: BTreeSet::new(),
            attributes: BTreeMap::new(),
            consents: BTreeSet::new(),
            audit: Vec::new(),
            published: Vec::new(),
            deduplicated: BTreeMap::new(),
            queue: Vec::new(),
            dead: Vec::new(),
            notes: Vec::new(),
            ledger: Ledger::default(),
            files: files::Files::default(),
            hub: shared::Hub::default(),
            outside: Vec::new(),
            sent: Vec::new(),
            conflicts: 0,
            lives: None,
        }
    }

    /// The person whose call this is; nobody in a visitor's, an event's or a job's.
    fn person(&self) -> Option<String> {
        let nobody = matches!(self.principal.kind, crate::Kind::Anonymous | crate::Kind::Service);
        self.principal.subject.clone().filter(|_| !nobody)
    }

    fn next_random(&mut self) -> u64 {
        // SplitMix64: the same numbers in every run.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Remembers a published event, and queues it when this app consumes it itself.
    pub(crate) fn publish(&mut self, source: String, event: Outgoing, id: String) {
        let due = event.not_before.unwrap_or(0).max(self.now);
        let event = Event {
            id,
            source,
            topic: event.topic,
            subject: event.subject,
            time: self.now,
            key: event.key,
            data: event.data,
            attempt: 1,
        };
        if self.manifest.consumes(&event.topic, &event.source) {
            self.queue.push(Queued { event: event.clone(), due });
        }
        self.published.push(event);
    }

    /// Queues what became of a payment.
    pub(crate) fn report(&mut self, outcome: &PaymentOutcome) {
        let data = serde_json::to_string(outcome).unwrap_or_default();
        let id = format!("event-{:016x}", self.next_random());
        let event = Event {
            id,
            source: "/platform/payments".into(),
            topic: PAYMENTS_TOPIC.into(),
            subject: Some(outcome.reference.clone()),
            time: self.now,
            key: Some(outcome.intent.clone()),
            data,
            attempt: 1,
        };
        self.queue.push(Queued { event, due: self.now });
    }

    fn attribute(&self, attribute: Attribute) -> Result<String, AttributeError> {
        let subject = match (&self.principal.subject, self.principal.kind) {
            (Some(subject), kind) if kind != crate::Kind::Service => subject,
            _ => return Err(AttributeError::NotSignedIn),
        };
        let scopes = self.manifest.scopes_with(attribute);
        if scopes.is_empty() {
            return Err(AttributeError::NotGranted(format!("app.toml declares no scope with {attribute:?}")));
        }
        if !scopes.iter().any(|s| self.consents.contains(&(subject.clone(), (*s).to_owned()))) {
            return Err(AttributeError::ConsentRequired(scopes[0].to_owned()));
        }
        self.attributes.get(&(subject.clone(), attribute)).cloned().ok_or(AttributeError::Absent)
    }
}

impl Backend for Double {
    type Transaction = Transaction;
    type Dataset = shared::Opened;

    fn principal() -> Principal {
        with(|c| c.principal.clone())
    }

    fn presentation() -> Presentation {
        with(|c| c.presentation)
    }

    fn sign_in_url(return_path: &str) -> String {
        let i = Self::installation();
        format!("{}/sign-on?installation={}&return={}", i.portal, i.name, encode_url(return_path))
    }

    fn step_up_url(return_path: &str) -> String {
        let i = Self::installation();
        format!("{}/step-up?installation={}&return={}", i.portal, i.name, encode_url(return_path))
    }

    fn acting_for() -> Option<ActingFor> {
        // A consumer or a job acts for nobody, whoever is signed in meanwhile.
        with(|c| c.acting_for.clone().filter(|_| c.principal.kind != crate::Kind::Service))
    }

    fn attribute(attribute: Attribute) -> Result<String, AttributeError> {
        with(|c| c.attribute(attribute))
    }

    fn consent_url(scopes: &[&str], return_path: &str) -> String {
        let i = Self::installation();
        let scopes: String = scopes.iter().map(|s| format!("&scope={}", encode_url(s))).collect();
        format!("{}/consent?installation={}{scopes}&return={}", i.portal, i.name, encode_url(return_path))
    }

    fn installation() -> Installation {
        with(|c| Installation {
            name: c.manifest.name.clone(),
            app: c.manifest.name.clone(),
            version: c.manifest.version.clone(),
            organization: "320300".into(),
            organization_name: "徐州市".into(),
            origin: format!("http://{}.localhost:8080", c.manifest.name),
            portal: "http://localhost:8080".into(),
        })
    }

    fn request_id() -> String {
        with(|c| format!("test-{}", c.calls))
    }

    fn config(key: &str) -> Option<String> {
        with(|c| c.config.get(key).map(ToString::to_string))
    }

    fn derive_key(purpose: &str, n: u32) -> Vec<u8> {
        let name = with(|c| c.manifest.name.clone());
        (0u8..2)
            .flat_map(|block| {
                Sha256::new()
                    .chain_update([block])
                    .chain_update(&name)
                    .chain_update([0])
                    .chain_update(purpose)
                    .finalize()
                    .to_vec()
            })
            .take(n as usize)
            .collect()
    }

    fn now() -> u64 {
        with(|c| c.now)
    }

    fn random(bytes: &mut [u8]) {
        with(|c| {
            for chunk in bytes.chunks_mut(8) {
                chunk.copy_from_slice(&c.next_random().to_le_bytes()[..chunk.len()]);
            }
        });
    }

    /// Time stands still in a test; nobody else will change anything meanwhile.
    fn pause(_: u32) {}

    fn send(request: &OutboundRequest, parts: &Parts) -> Result<OutboundResponse, HttpError> {
        call(|c| c.send(request, parts))
    }

    fn get(collection: &str, id: &str) -> Result<Option<RawDocument>, DataError> {
        call(|c| c.data.get(collection, id))
    }

    fn find(collection: &str, query: &RawQuery) -> Result<RawPage, DataError> {
        call(|c| c.data.find(collection, query, &BTreeMap::new()))
    }

    fn counter(counter: &str, key: &str) -> Result<i64, DataError> {
        call(|c| c.data.counter(counter, key))
    }

    fn begin() -> Result<Transaction, DataError> {
        Ok(call(|_| Transaction::default()))
    }

    fn commit(tx: &Transaction) -> Result<u64, DataError> {
        call(|c| tx.commit(c))
    }

    fn rollback(tx: &Transaction) {
        tx.close();
    }

    fn tx_get(tx: &Transaction, collection: &str, id: &str) -> Result<Option<RawDocument>, DataError> {
        call(|c| tx.get(&c.data, collection, id))
    }

    fn tx_find(tx: &Transaction, collection: &str, query: &RawQuery) -> Result<RawPage, DataError> {
        call(|c| tx.find(&c.data, collection, query))
    }

    fn tx_insert(tx: &Transaction, collection: &str, id: &str, body: &str) -> Result<(), DataError> {
        call(|c| tx.insert(&c.data, collection, id, body))
    }

    fn tx_put(tx: &Transaction, collection: &str, id: &str, body: &str) -> Result<(), DataError> {
        call(|c| tx.put(&c.data, collection, id, body))
    }

    fn tx_delete(tx: &Transaction, collection: &str, id: &str) -> Result<(), DataError> {
        call(|c| tx.delete(&c.data, collection, id))
    }

    fn tx_adjust(tx: &Transaction, counter: &str, key: &str, delta: i64, min: i64, max: i64) -> Result<(), DataError> {
        call(|c| tx.adjust(&c.data, counter, key, delta, min, max))
    }

    fn tx_counter(tx: &Transaction, counter: &str, key: &str) -> Result<i64, DataError> {
        call(|c| tx.counter(&c.data, counter, key))
    }

    fn tx_audit(tx: &Transaction, action: &str, target: &str, detail: &str) -> Result<(), DataError> {
        let detail = serde_json::from_str(detail).map_err(|e| DataError::Invalid(e.to_string()))?;
        let actor = call(|c| c.principal.subject.clone());
        tx.stage(|s| s.audit.push(Audited { actor, action: action.to_owned(), target: target.to_owned(), detail }))
    }

    fn publish(tx: &Transaction, event: &Outgoing) -> Result<String, MessagingError> {
        call(|c| {
            if !c.manifest.publishes(&event.topic) {
                return Err(MessagingError::Undeclared(event.topic.clone()));
            }
            if event.data.len() > EVENT_BYTES {
                return Err(MessagingError::Invalid(format!(
                    "the payload has {} bytes; {EVENT_BYTES} are allowed",
                    event.data.len()
                )));
            }
            let id = format!("event-{:016x}", c.next_random());
            tx.stage(|s| s.events.push((id.clone(), event.clone()))).map_err(|_| MessagingError::Closed)?;
            Ok(id)
        })
    }

    fn notify(tx: &Transaction, note: &Notification) -> Result<(), MessagingError> {
        if !call(|c| c.people.contains(&note.recipient)) {
            return Err(MessagingError::UnknownRecipient);
        }
        tx.stage(|s| s.notes.push(note.clone())).map_err(|_| MessagingError::Closed)
    }

    fn create_intent(tx: &Transaction, intent: &NewIntent) -> Result<Intent, PaymentError> {
        call(|c| {
            c.manifest.payments_granted()?;
            let prepared = c.ledger.prepare(intent, &tx.payments())?;
            tx.stage(|s| s.payments.push(PaymentOp::Create(prepared.clone(), Some(intent.lines.clone()), c.person())))
                .map_err(|_| PaymentError::Closed)?;
            Ok(prepared)
        })
    }

    fn confirm_intent(tx: &Transaction, id: &str) -> Result<(), PaymentError> {
        payment(tx, PaymentOp::Confirm(id.to_owned()))
    }

    fn cancel_intent(tx: &Transaction, id: &str) -> Result<(), PaymentError> {
        payment(tx, PaymentOp::Cancel(id.to_owned()))
    }

    fn refund(tx: &Transaction, id: &str, refund: &NewRefund) -> Result<(), PaymentError> {
        payment(tx, PaymentOp::Refund(id.to_owned(), refund.clone()))
    }

    fn intent(id: &str) -> Result<Intent, PaymentError> {
        call(|c| c.ledger.get(id))
    }

    fn create_escrow(tx: &Transaction, escrow: &NewEscrow) -> Result<Intent, PaymentError> {
        call(|c| {
            c.manifest.payments_granted()?;
            let prepared = c.ledger.prepare_escrow(escrow, &tx.payments())?;
            tx.stage(|s| s.payments.push(PaymentOp::Create(prepared.clone(), None, c.person())))
                .map_err(|_| PaymentError::Closed)?;
            Ok(prepared)
        })
    }

    fn release(tx: &Transaction, id: &str, release: &Release) -> Result<(), PaymentError> {
        payment(tx, PaymentOp::Release(id.to_owned(), release.clone()))
    }

    fn refund_held(tx: &Transaction, id: &str, refund: &HeldRefund) -> Result<(), PaymentError> {
        payment(tx, PaymentOp::RefundHeld(id.to_owned(), refund.clone()))
    }

    fn escrow(id: &str) -> Result<EscrowState, PaymentError> {
        call(|c| c.ledger.escrow(id))
    }

    fn issue_ticket(wanted: &NewTicket) -> Result<Ticket, FileError> {
        call(|c| files::issue(c, wanted))
    }

    fn stat_file(id: &str) -> Result<File, FileError> {
        call(|c| files::stat(c, id))
    }

    fn attached_files(to: &str) -> Result<Vec<File>, FileError> {
        call(|c| Ok(files::attached(c, to)))
    }

    fn read_file(id: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
        call(|c| files::read(c, id, offset, length))
    }

    fn write_file(area: &str, name: &str, content: Vec<u8>) -> Result<File, FileError> {
        call(|c| files::write(c, area, name, content))
    }

    fn serve_file(id: &str, how: Show) -> Result<String, FileError> {
        call(|c| files::serve(c, id, how))
    }

    fn attach_file(tx: &Transaction, id: &str, to: &str) -> Result<File, FileError> {
        call(|c| {
            let file = files::attach(c, id, to)?;
            tx.stage(|s| s.files.push(FileOp::Attach(id.to_owned(), to.to_owned()))).map_err(|_| FileError::Closed)?;
            Ok(file)
        })
    }

    fn delete_file(tx: &Transaction, id: &str) -> Result<(), FileError> {
        call(|_| tx.stage(|s| s.files.push(FileOp::Delete(id.to_owned())))).map_err(|_| FileError::Closed)
    }

    fn open(dataset: &str, purpose: &str) -> Result<shared::Opened, SharedError> {
        call(|c| shared::open(&c.manifest, dataset, purpose))
    }

    fn shared_fields(dataset: &shared::Opened) -> Result<Vec<String>, SharedError> {
        call(|c| dataset.fields(c))
    }

    fn shared_get(
        dataset: &shared::Opened,
        key: &str,
        fields: &[&str],
        as_of: Option<&str>,
    ) -> Result<Option<Released>, SharedError> {
        call(|c| dataset.get(c, key, fields, as_of))
    }

    fn shared_me(dataset: &shared::Opened, fields: &[&str]) -> Result<Option<Released>, SharedError> {
        call(|c| dataset.me(c, fields))
    }

    fn shared_query(dataset: &shared::Opened, query: &SharedQuery, fields: &[&str]) -> Result<Page, SharedError> {
        call(|c| dataset.query(c, query, fields))
    }

    fn shared_write(
        dataset: &shared::Opened,
        key: &str,
        body: &str,
        version: u64,
        valid_from: &str,
    ) -> Result<u64, SharedError> {
        call(|c| dataset.write(c, key, body, version, valid_from))
    }

    fn shared_start_job(dataset: &shared::Opened, query: &SharedQuery, fields: &[&str]) -> Result<String, SharedError> {
        call(|c| dataset.start_job(c, query, fields))
    }

    fn shared_job(dataset: &shared::Opened, id: &str) -> Result<Job, SharedError> {
        call(|c| dataset.job(c, id))
    }

    fn shared_job_page(dataset: &shared::Opened, id: &str, page: u32) -> Result<Vec<Released>, SharedError> {
        call(|c| dataset.job_page(c, id, page))
    }

    fn person(purpose: &str, id: &str, items: &[&str]) -> Result<Option<population::Person>, SharedError> {
        call(|c| base::get_person(c, purpose, id, items))
    }

    fn own_person(purpose: &str, items: &[&str]) -> Result<Option<population::Person>, SharedError> {
        call(|c| base::own_person(c, purpose, items))
    }

    fn household(purpose: &str, number: &str, items: &[&str]) -> Result<Option<population::Household>, SharedError> {
        call(|c| base::household(c, purpose, number, items))
    }

    fn entity(purpose: &str, uscc: &str) -> Result<Option<legal_entities::Entity>, SharedError> {
        call(|c| base::get_entity(c, purpose, uscc))
    }

    fn entities(
        purpose: &str,
        which: legal_entities::Which<'_>,
        cursor: Option<&str>,
    ) -> Result<TypedPage<legal_entities::Entity>, SharedError> {
        call(|c| base::entities(c, purpose, which, cursor))
    }

    fn events(
        purpose: &str,
        uscc: &str,
        kinds: &[&str],
        cursor: Option<&str>,
    ) -> Result<TypedPage<credit::Event>, SharedError> {
        call(|c| base::events(c, purpose, uscc, kinds, cursor))
    }

    fn credit_summary(purpose: &str, uscc: &str) -> Result<BTreeMap<String, u32>, SharedError> {
        call(|c| base::summary(c, purpose, uscc))
    }

    fn place(purpose: &str, code: &str) -> Result<Option<geospatial::Place>, SharedError> {
        call(|c| base::get_place(c, purpose, code))
    }

    fn places(
        purpose: &str,
        at: geospatial::Where<'_>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<TypedPage<geospatial::Place>, SharedError> {
        call(|c| base::places(c, purpose, at, limit, cursor))
    }

    fn observation(purpose: &str, number: &str) -> Result<Option<economy::Observation>, SharedError> {
        call(|c| base::get_observation(c, purpose, number))
    }

    fn indicators(purpose: &str) -> Result<Vec<economy::Indicator>, SharedError> {
        call(|c| base::indicators(c, purpose))
    }

    fn series(
        purpose: &str,
        indicator: &str,
        divisions: economy::Divisions<'_>,
        from: &str,
        to: &str,
    ) -> Result<Vec<economy::Series>, SharedError> {
        call(|c| base::series(c, purpose, indicator, divisions, (from, to)))
    }
}

fn payment(tx: &Transaction, op: PaymentOp) -> Result<(), PaymentError> {
    call(|c| {
        c.manifest.payments_granted()?;
        c.ledger.check(&op, &tx.payments(), c.person().as_deref())?;
        let seen = (op.intent().to_owned(), c.ledger.version(op.intent()));
        tx.stage(|s| {
            s.intents.push(seen);
            s.payments.push(op);
        })
        .map_err(|_| PaymentError::Closed)
    })
}
