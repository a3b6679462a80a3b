//! The city in memory, for native tests of an app: the same API as in a component, with a clock,
//! messages and payments that move when the test says so.
//!
//! It refuses what `app.toml` does not declare, as the host does; it does not check topics
//! against their schemas, nor limits of time and memory.

use crate::backend::double::shared::{Kept, Read, Standing};
use crate::backend::double::{self, Audited, Manifest, Queued, State};
use crate::backend::{Active, Backend};
use crate::data::DataError;
use crate::http::{OutboundRequest, OutboundResponse};
use crate::identity::{ActingFor, Assurance, Attribute, Principal};
use crate::messaging::{Event, Notification};
use crate::payments::PaymentOutcome;
use crate::web::{Request, Response};
use crate::{App, Consumer, Failure, Jobs, Kind, Lang, Lifecycle, Migrations, Progress, Tx};
use serde_json::Value;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub use crate::web::TestRequest;

/// The city of this thread. A new one replaces it; dropping it takes it away.
///
/// Setting it up wrongly (an `app.toml` that cannot be read, a role that is not declared) panics
/// with the reason, as an assertion does.
pub struct TestCity {
    thread_bound: PhantomData<*const ()>,
}

/// A row of the audit trail.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// The subject of the principal; `None` for an anonymous visitor.
    pub actor: Option<String>,
    /// The verb.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// The details.
    pub detail: Value,
}

/// A read of a dataset that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedRead {
    /// The dataset.
    pub dataset: String,
    /// The purpose that it was opened for.
    pub purpose: String,
    /// The record's key.
    pub key: String,
    /// The fields that were released.
    pub fields: Vec<String>,
}

/// What a delivery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Events that were handled.
    pub handled: usize,
    /// Events that the consumer wants again; they stay in the queue.
    pub retried: usize,
    /// Events that became dead letters.
    pub dead: usize,
}

/// How often a consumer meets a conflict before the double gives up.
const REDELIVERIES: usize = 32;

impl TestCity {
    /// An empty city with one installation, of the app of this `app.toml`. Nobody is signed in;
    /// it is 09:00 on 2026-05-01 in China.
    #[must_use]
    pub fn new(app_toml: &str) -> Self {
        let manifest = Manifest::parse(app_toml).unwrap_or_else(|e| panic!("app.toml: {e}"));
        double::install(Some(State::new(manifest)));
        Self { thread_bound: PhantomData }
    }

    /// Sets the clock (ms since 1970).
    pub fn set_now(&self, ms: u64) {
        double::with(|c| c.now = ms);
    }

    /// Moves the clock.
    pub fn advance(&self, ms: u64) {
        double::with(|c| c.now += ms);
    }

    /// A citizen signs in.
    pub fn sign_in(&self, subject: &str) {
        self.sign_in_as(person(subject, Kind::Citizen, &[]));
    }

    /// An official signs in, with roles that the department assigned.
    pub fn sign_in_official(&self, subject: &str, roles: &[&str]) {
        self.sign_in_as(person(subject, Kind::Official, roles));
    }

    /// Anybody signs in.
    pub fn sign_in_as(&self, principal: Principal) {
        double::with(|c| {
            for role in &principal.roles {
                assert!(c.manifest.declares_role(role), "app.toml declares no role `{role}`");
            }
            c.people.extend(principal.subject.clone());
            c.principal = principal;
            c.acting_for = None;
        });
    }

    /// Whoever is signed in acts for somebody else, as they chose at the portal.
    pub fn act_for(&self, grantor: Option<ActingFor>) {
        double::with(|c| c.acting_for = grantor);
    }

    /// The visitor is nobody again.
    pub fn sign_out(&self) {
        double::with(|c| {
            c.acting_for = None;
            c.principal = Principal {
                subject: None,
                kind: Kind::Anonymous,
                assurance: Assurance::None,
                roles: Vec::new(),
                organization: None,
            }
        });
    }

    /// How the visitor wants pages to be.
    pub fn prefer(&self, lang: Lang, elder: bool) {
        double::with(|c| c.presentation = crate::identity::Presentation { lang, elder });
    }

    /// What a person's record holds.
    pub fn set_attribute(&self, subject: &str, attribute: Attribute, value: &str) {
        double::with(|c| c.attributes.insert((subject.to_owned(), attribute), value.to_owned()));
    }

    /// A person consents to a scope, or to the use of a dataset that rests on consent: then `scope` is the
    /// purpose.
    pub fn consent(&self, subject: &str, scope: &str) {
        double::with(|c| {
            assert!(c.manifest.asks_consent(scope), "app.toml asks for no consent `{scope}`");
            c.consents.insert((subject.to_owned(), scope.to_owned()));
        });
    }

    /// A person takes a consent back.
    pub fn withdraw(&self, subject: &str, scope: &str) {
        double::with(|c| c.consents.remove(&(subject.to_owned(), scope.to_owned())));
    }

    /// Puts a record into a dataset of the information hub, about a person or not. The hub's masks are
    /// not applied here: put in what the app is to see, such as an age instead of a date of birth.
    pub fn put_record(&self, dataset: &str, key: &str, person: Option<&str>, body: &Value) {
        let Some(body) = body.as_object().cloned() else { panic!("a record is a JSON object, not {body}") };
        let person = person.map(ToOwned::to_owned);
        double::with(|c| {
            let records = c.hub.records.entry(dataset.to_owned()).or_default();
            let version = records.get(key).map_or(1, |r| r.version + 1);
            records.insert(key.to_owned(), Kept { person, version, body, valid_from: "2020-01-01".into() });
        });
    }

    /// Takes a record out of a dataset.
    pub fn remove_record(&self, dataset: &str, key: &str) {
        double::with(|c| c.hub.records.get_mut(dataset).and_then(|r| r.remove(key)));
    }

    /// The provider of a dataset grants what `app.toml` asks for. Nothing is granted before.
    pub fn grant(&self, dataset: &str, purpose: &str) {
        self.decide(dataset, purpose, Standing::Granted(None));
    }

    /// The provider grants these fields alone.
    pub fn grant_fields(&self, dataset: &str, purpose: &str, fields: &[&str]) {
        let fields = fields.iter().map(|f| (*f).to_owned()).collect();
        self.decide(dataset, purpose, Standing::Granted(Some(fields)));
    }

    /// The provider revokes a grant.
    pub fn revoke(&self, dataset: &str, purpose: &str) {
        self.decide(dataset, purpose, Standing::Revoked("2026-05-01T01:00:00Z".into()));
    }

    /// A grant runs out.
    pub fn expire(&self, dataset: &str, purpose: &str) {
        self.decide(dataset, purpose, Standing::Expired("2026-05-01T01:00:00Z".into()));
    }

    fn decide(&self, dataset: &str, purpose: &str, standing: Standing) {
        double::with(|c| {
            let declared = c.manifest.dataset_use(dataset, purpose).is_some();
            assert!(declared, "app.toml declares no use of `{dataset}` for `{purpose}`");
            c.hub.standings.insert((dataset.to_owned(), purpose.to_owned()), standing);
        });
    }

    /// The reads of datasets that were answered, as the city's audit log has them.
    #[must_use]
    pub fn shared_reads(&self) -> Vec<SharedRead> {
        let row = |r: &Read| SharedRead {
            dataset: r.dataset.clone(),
            purpose: r.purpose.clone(),
            key: r.key.clone(),
            fields: r.fields.clone(),
        };
        double::with(|c| c.hub.reads.iter().map(row).collect())
    }

    /// Sets a value of the configuration; the defaults of `app.toml` stand already.
    pub fn configure(&self, key: &str, value: impl Into<Value>) {
        double::with(|c| c.config.insert(key.to_owned(), value.into()));
    }

    /// The next `n` commits answer `conflict`.
    pub fn conflict_next(&self, n: u32) {
        double::with(|c| c.conflicts = n);
    }

    /// Runs something in a process that dies after so many of its calls to data, messages, payments, files and the hub,
    /// in front of the next one: nothing runs any more, what was not committed is gone, and a message that was being
    /// handled waits for its delivery again. Answers nothing then. The calls of the test itself within `f` count as
    /// well.
    ///
    /// ```no_run
    /// # use yunlong_sdk::{testing::TestCity, transact, DataError};
    /// # let city = TestCity::new("");
    /// # fn book_a_seat() {}
    /// for calls in 0..20 {
    ///     if city.cut_after(calls, book_a_seat).is_none() {
    ///         // Half a booking would be here.
    ///     }
    /// }
    /// ```
    pub fn cut_after<T>(&self, calls: u32, f: impl FnOnce() -> T) -> Option<T> {
        double::with(|c| c.lives = Some(calls));
        // What dies is looked at through the city alone, which a commit changes whole or not at all.
        let end = catch_unwind(AssertUnwindSafe(f));
        double::with(|c| c.lives = None);
        match end {
            Ok(done) => Some(done),
            Err(why) if why.is::<double::Died>() => None,
            Err(failed) => resume_unwind(failed),
        }
    }

    /// Opens a page.
    #[must_use]
    pub fn get<A: App>(&self, target: &str) -> Response {
        self.send::<A>(Request::get(target))
    }

    /// Posts a form.
    #[must_use]
    pub fn post<A: App>(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        self.send::<A>(Request::post(target).form(fields))
    }

    /// Posts JSON.
    #[must_use]
    pub fn post_json<A: App>(&self, target: &str, value: &Value) -> Response {
        self.send::<A>(Request::post(target).json(value))
    }

    /// Sends any request.
    #[must_use]
    pub fn send<A: App>(&self, request: TestRequest) -> Response {
        double::with(|c| c.calls += 1);
        request.to::<A>()
    }

    /// Puts an event of another installation into this one's queue, when `app.toml` subscribes
    /// to it.
    pub fn arrive(&self, from: &str, topic: &str, key: Option<&str>, data: &Value) {
        let source = format!("/installations/{from}");
        double::with(|c| {
            assert!(c.manifest.consumes(topic, &source), "app.toml does not subscribe to `{topic}` from `{from}`");
            let n = c.queue.len() + c.published.len();
            let event = Event {
                id: format!("{from}-{n}"),
                source,
                topic: topic.to_owned(),
                subject: None,
                time: c.now,
                key: key.map(ToOwned::to_owned),
                data: data.to_string(),
                attempt: 1,
            };
            c.queue.push(Queued { event, due: c.now });
        });
    }

    /// Delivers what is due, and what that publishes in turn, in the order of due times. An
    /// event that is to be tried again waits for the next call.
    pub fn deliver<C: Consumer>(&self) -> Deliveries {
        let mut out = Deliveries::default();
        let mut again = Again(Vec::new());
        while let Some(mut queued) = take_due() {
            let event = queued.event.clone();
            queued.event.attempt += 1;
            // Until it is handled.
            again.0.push(queued);
            let done = in_transaction(|tx| C::handle(&event, tx));
            if let Err(Failure::Retry(_)) = done {
                out.retried += 1;
                continue;
            }
            again.0.pop();
            match done {
                Err(Failure::Reject(why)) => {
                    out.dead += 1;
                    double::with(|c| c.dead.push((event, why)));
                }
                _ => out.handled += 1,
            }
        }
        out
    }

    /// Delivers one event, whether it is due, queued or new: for duplicates and late arrivals.
    ///
    /// # Errors
    /// What the consumer answers.
    pub fn deliver_event<C: Consumer>(&self, event: &Event) -> Result<(), Failure> {
        in_transaction(|tx| C::handle(event, tx))
    }

    /// Runs a job of `app.toml`, due now.
    ///
    /// # Errors
    /// What the app answers.
    pub fn run_job<J: Jobs>(&self, job: &str) -> Result<(), Failure> {
        assert!(double::with(|c| c.manifest.declares_job(job)), "app.toml declares no job `{job}`");
        let now = crate::now();
        in_transaction(|tx| J::run(job, now, tx))
    }

    /// Calls the app's `install` as the host does before the first request.
    ///
    /// # Errors
    /// What the app answers.
    pub fn install<L: Lifecycle>(&self) -> Result<(), String> {
        in_transaction(|tx| L::install(tx).map_err(Failure::Reject)).map_err(|e| e.to_string())
    }

    /// Asks the app how it is, as the host does.
    ///
    /// # Errors
    /// What the app answers.
    pub fn health<L: Lifecycle>(&self) -> Result<(), String> {
        as_service(L::health)
    }

    /// Migrates as the host does: batch by batch, each in a transaction, until the app says that all is
    /// done. Answers how much was done.
    ///
    /// # Errors
    /// What the app answers; a cursor that does not move on, which would never end.
    pub fn migrate<M: Migrations>(&self, from: u32, to: u32) -> Result<u64, String> {
        let mut cursor: Option<String> = None;
        loop {
            let batch = RefCell::new(Progress::default());
            in_transaction(|tx| {
                *batch.borrow_mut() = M::migrate(from, to, cursor.as_deref(), tx).map_err(Failure::Reject)?;
                Ok(())
            })
            .map_err(|e| e.to_string())?;
            let progress = batch.into_inner();
            if progress.next.is_none() {
                return Ok(progress.done);
            }
            if progress.next == cursor {
                return Err(format!("the cursor {cursor:?} does not move on"));
            }
            cursor = progress.next;
        }
    }

    /// Everything that was published, in the order of the commits.
    #[must_use]
    pub fn published(&self) -> Vec<Event> {
        double::with(|c| c.published.clone())
    }

    /// What waits for its delivery.
    #[must_use]
    pub fn queued(&self) -> Vec<Event> {
        double::with(|c| c.queue.iter().map(|q| q.event.clone()).collect())
    }

    /// Events that the consumer rejected, with the reason.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<(Event, String)> {
        double::with(|c| c.dead.clone())
    }

    /// A person's inbox.
    #[must_use]
    pub fn inbox(&self, subject: &str) -> Vec<Notification> {
        double::with(|c| c.notes.iter().filter(|n| n.recipient == subject).cloned().collect())
    }

    /// The audit trail.
    #[must_use]
    pub fn audit(&self) -> Vec<AuditRow> {
        let row = |a: &Audited| AuditRow {
            actor: a.actor.clone(),
            action: a.action.clone(),
            target: a.target.clone(),
            detail: a.detail.clone(),
        };
        double::with(|c| c.audit.iter().map(row).collect())
    }

    /// Whoever is signed in uploads a file of this type, as the gateway would have recognized it; answers its id, as it
    /// stands in a form's field then.
    ///
    /// # Panics
    /// When the area does not take it.
    pub fn upload(&self, area: &str, name: &str, media_type: &str, content: &[u8]) -> String {
        double::with(|c| {
            let uploader = c.principal.subject.clone();
            let added = double::files::add(c, (area, name), media_type, content.to_vec(), uploader);
            added.unwrap_or_else(|e| panic!("the upload is refused: {e}")).id
        })
    }

    /// The payer pays at the cashier; the outcome waits in the queue. Also works on an intent
    /// that was cancelled or has expired: late money is reported. Paying twice changes nothing.
    pub fn pay(&self, intent: &str) {
        double::with(|c| {
            let outcome = c.ledger.capture(intent);
            report_all(c, outcome);
        });
    }

    /// The provider refuses the payment.
    pub fn refuse_payment(&self, intent: &str, reason: &str) {
        double::with(|c| {
            let outcome = c.ledger.fail(intent, reason);
            report_all(c, outcome);
        });
    }

    /// The provider pays out all refunds that were asked for.
    pub fn pay_refunds(&self) {
        double::with(|c| {
            let outcomes = c.ledger.settle_refunds(None);
            report_all(c, outcomes);
        });
    }

    /// The provider refuses all refunds that were asked for.
    pub fn refuse_refunds(&self, reason: &str) {
        double::with(|c| {
            let outcomes = c.ledger.settle_refunds(Some(reason));
            report_all(c, outcomes);
        });
    }
    /// What other hosts answer to addresses that begin like this; the last that was said comes first.
    pub fn answer(&self, url: &str, response: OutboundResponse) {
        double::with(|c| c.outside.insert(0, (url.to_owned(), response)));
    }

    /// What was sent to other hosts.
    #[must_use]
    pub fn sent(&self) -> Vec<OutboundRequest> {
        double::with(|c| c.sent.clone())
    }
}

/// Events that wait for their next delivery, whatever becomes of this one.
struct Again(Vec<Queued>);

impl Drop for Again {
    fn drop(&mut self) {
        double::with(|c| c.queue.append(&mut self.0));
    }
}

/// Whoever is signed in, while the service acts.
struct Meanwhile(Principal);

impl Drop for Meanwhile {
    fn drop(&mut self) {
        double::with(|c| std::mem::swap(&mut c.principal, &mut self.0));
    }
}

impl Drop for TestCity {
    fn drop(&mut self) {
        double::install(None);
    }
}

fn person(subject: &str, kind: Kind, roles: &[&str]) -> Principal {
    Principal {
        subject: Some(subject.to_owned()),
        kind,
        assurance: Assurance::Password,
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        organization: (kind == Kind::Official).then(|| "320300".to_owned()),
    }
}

fn report_all(city: &mut State, outcomes: impl IntoIterator<Item = PaymentOutcome>) {
    for outcome in outcomes {
        city.report(&outcome);
    }
}

fn take_due() -> Option<Queued> {
    double::with(|c| {
        let due = c
            .queue
            .iter()
            .enumerate()
            .filter(|(_, q)| q.due <= c.now)
            .min_by_key(|(i, q)| (q.due, *i))
            .map(|(i, _)| i)?;
        Some(c.queue.remove(due))
    })
}

/// Runs a call as the installation's own service principal and commits it, again after a
/// conflict, as the host does.
fn in_transaction(f: impl Fn(&Tx<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    as_service(|| {
        for _ in 0..REDELIVERIES {
            let raw = Active::begin()?;
            f(&Tx::of(&raw))?;
            match Active::commit(&raw) {
                Ok(_) => return Ok(()),
                Err(DataError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(DataError::Conflict.into())
    })
}

/// Runs a call as the installation's own service principal.
fn as_service<T>(f: impl FnOnce() -> T) -> T {
    let _person = double::with(|c| {
        c.calls += 1;
        let service = Principal {
            subject: Some(format!("service:{}", c.manifest.name)),
            kind: Kind::Service,
            assurance: Assurance::None,
            roles: Vec::new(),
            organization: Some("320300".into()),
        };
        Meanwhile(std::mem::replace(&mut c.principal, service))
    });
    f()
}
