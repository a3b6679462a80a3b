//! Bulk jobs: the host walks all records of a query for an app and keeps which ones it found, not what
//! they say. Each page is read anew when the app takes it, with every check and every entry in the log.
//!
//! A job is a row of the store with a lease. Whoever holds the lease takes a step, which writes one page
//! and how far it came in one commit; after a stop in the middle the next holder goes on from there.
//!
//! What is about persons is found in an order that all installations share, and told in one of the
//! installation's own: such a job first writes down the place of each record in that order, a row each, and
//! when it has found all it makes pages of the rows. Until then it does not tell how much it found: how far a
//! walk is when it meets somebody is the same for every app.

mod row;

use crate::hub::All;
use crate::read::{Call, Walk, Want, decided_anew, own_order};
use crate::records::Order;
use crate::sharing::{keys, new_id};
use crate::{Access, Found, Hub, HubError, Open, Query, ReadError, Released};
use bytes::Bytes;
use row::{JobRow, StoredCaller, StoredQuery};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_messaging::Outgoing;
use yunlong_model::{InstallationName, Timestamp, topics};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Entry, Key, Txn, transact};

/// Where a bulk job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkJob {
    /// Its id.
    pub id: String,
    /// Whether its pages can be read.
    pub ready: bool,
    /// Records so far.
    pub records: u64,
    /// Pages so far.
    pub pages: u32,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// When its pages are forgotten.
    pub expires_at: Timestamp,
}

impl BulkJob {
    /// As its app is told of it: about persons nothing of how far it is, or was when it failed.
    fn told(self, is_personal: bool) -> Self {
        if is_personal && !self.ready { Self { records: 0, pages: 0, ..self } } else { self }
    }
}

/// Records of a page.
const PAGE: usize = 500;
/// How long whoever takes a step has for it.
const LEASE_MILLIS: i64 = 60_000;
/// Steps of all jobs in one turn, so that the hub's other clocks are not kept waiting.
const STEPS: usize = 200;
const HOUR: i64 = 3_600_000;

impl Open {
    /// Starts a job of the host that walks all records of a query; its `limit` and `cursor` are not used.
    /// The topic `city.hub.job` tells when it has ended.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::TooLarge`] when the installation has as many jobs as it may.
    pub async fn start_job(&self, query: &Query, fields: &[String]) -> Result<String, ReadError> {
        let query = &self.asked(query)?.query;
        let call = self.begin(&Want::new(Access::Bulk, "start-job", fields)).await?;
        self.check_searchable(&call, query).await?;
        // What is wrong with the query is said now, not by a job that fails.
        let probe = Query { limit: 1, cursor: None, ..query.clone() };
        call.records().find(&crate::read::find_of(&probe)).await?;
        let (now, config) = (call.footing.now, &self.hub.inner.config);
        let id = new_id(now);
        let row = JobRow {
            state: BulkJob {
                id: id.clone(),
                ready: false,
                records: 0,
                pages: 0,
                failure: None,
                expires_at: now.plus_millis(i64::from(config.job_hours) * HOUR),
            },
            dataset: self.dataset.clone(),
            purpose: self.purpose.clone(),
            caller: StoredCaller::of(&self.caller),
            query: StoredQuery::of(query),
            fields: fields.to_vec(),
            cursor: None,
            lease: Timestamp(0),
            laid: None,
        };
        let most = config.jobs_per_installation;
        let (installation, range) = (&self.caller.installation, keys::jobs_of(&self.caller.installation).children());
        let done: Result<(), ReadError> = transact!(&self.hub.inner.store, |txn| {
            if txn.scan(&range, Direction::Ascending, most).await?.len() >= most {
                return Err(ReadError::TooLarge(format!(
                    "the installation has {most} jobs whose pages are kept: wait until one of them expires"
                )));
            }
            self.hub.put_job(txn, installation, &row)?;
            Ok::<_, ReadError>(())
        });
        done?;
        self.hub.inner.sharing.work.notify_one();
        Ok(id)
    }

    /// Where a job stands that this installation started. One about persons tells how much it found when it is
    /// ready.
    ///
    /// # Errors
    /// [`ReadError::NotFound`]; [`ReadError::Denied`].
    pub async fn job(&self, id: &str) -> Result<BulkJob, ReadError> {
        let call = self.begin(&Want::new(Access::Bulk, "job", &[])).await?;
        Ok(self.own_job(id).await?.state.told(call.dataset().is_personal()))
    }

    /// Reads a page, from 0, of a job that is ready. Every check is made again for each record; one that
    /// may not be shown any more is left out.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] for a page that there is not (yet); [`ReadError::Denied`].
    pub async fn job_page(&self, id: &str, page: u32) -> Result<Vec<Released>, ReadError> {
        decided_anew!(self.job_page_once(id, page))
    }

    async fn job_page_once(&self, id: &str, page: u32) -> Result<Vec<Released>, ReadError> {
        let job = self.own_job(id).await?;
        let call = self.begin(&Want::new(Access::Bulk, "job-page", &job.fields)).await?;
        if !job.state.ready {
            return Err(ReadError::NotFound);
        }
        let key = keys::job_page(id, page);
        let sealed = self.hub.inner.store.get(&key).await?.ok_or(ReadError::NotFound)?;
        let ids: Vec<String> = self.hub.unsealed(&key, &sealed.value)?;
        let mut kept = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(record) = call.records().current(&id).await? else { continue };
            let found = Found { id, record };
            if self.shows(&call, &found, &job.query.filter).await? {
                kept.push(found);
            }
        }
        self.release_all(&call, &kept, &[]).await
    }

    async fn own_job(&self, id: &str) -> Result<JobRow, ReadError> {
        let key = keys::job(&self.caller.installation, id);
        let found = self.hub.inner.store.get(&key).await?.ok_or(ReadError::NotFound)?;
        let row: JobRow = self.hub.unsealed(&key, &found.value)?;
        let own =
            row.dataset == self.dataset && row.purpose == self.purpose && row.state.expires_at > self.hub.inner.now();
        if own { Ok(row) } else { Err(ReadError::NotFound) }
    }
}

impl Hub {
    /// Takes what steps are due, of jobs whose lease nobody holds, and forgets what has expired; answers
    /// whether there is more to do at once.
    pub(crate) async fn run_jobs(&self) -> Result<bool, HubError> {
        let (mut steps, mut all) = (0, All::default());
        let rows = self.inner.store.scan(&keys::jobs().children(), Direction::Ascending, usize::MAX).await?;
        for found in rows {
            all.of("a bulk job", self.run_job(&found, &mut steps).await);
        }
        all.done().map(|()| steps >= STEPS)
    }

    async fn run_job(&self, found: &Entry, steps: &mut usize) -> Result<(), HubError> {
        let row: JobRow = self.unsealed(&found.key, &found.value)?;
        if row.state.expires_at <= self.inner.now() {
            return self.forget_job(&found.key, &row.state.id).await;
        }
        let mut goes_on = !row.state.ready && row.state.failure.is_none();
        while goes_on && *steps < STEPS {
            *steps += 1;
            goes_on = self.job_step(&found.key).await?;
        }
        Ok(())
    }

    /// Takes the lease, finds one page, and writes it; or makes a page of what was found. Answers whether the job
    /// goes on.
    async fn job_step(&self, key: &Key) -> Result<bool, HubError> {
        let now = self.inner.now();
        let lease = now.plus_millis(LEASE_MILLIS);
        let taken = transact!(&self.inner.store, |txn| {
            let Some(stored) = txn.get(key).await? else { return Ok(None) };
            let mut row: JobRow = self.unsealed(key, &stored)?;
            if row.lease > now || row.state.ready || row.state.failure.is_some() {
                return Ok(None);
            }
            row.lease = lease;
            self.put_job(txn, &row.caller.installation.clone(), &row)?;
            Ok::<_, HubError>(Some(row))
        })?;
        let Some(mut row) = taken else { return Ok(false) };
        let open = row.open(self);
        if let Some(laid) = row.laid {
            return self.lay_page(key, row, laid, &own_order(&open)).await;
        }
        let page = match decided_anew!(open.job_walk(&row)) {
            Ok(page) => page,
            // The store or the log: the next turn tries again.
            Err(ReadError::Unavailable(e)) => {
                tracing::warn!(job = row.state.id, error = e, "a bulk job waits for the store");
                return Ok(false);
            }
            Err(e) => {
                row.state.failure = Some(e.to_string());
                Page { ids: Vec::new(), next: None, order: None }
            }
        };
        row.cursor.clone_from(&page.next);
        let most = self.inner.config.job_records;
        if row.state.records + page.ids.len() as u64 > most {
            row.state.failure = Some(format!("it has more than {most} records: ask for fewer"));
        }
        self.finish_step(key, row, page).await
    }

    async fn finish_step(&self, key: &Key, mut row: JobRow, page: Page) -> Result<bool, HubError> {
        let ids = if row.state.failure.is_none() { page.ids } else { Vec::new() };
        let (number, found_all) = (row.state.pages, row.state.failure.is_none() && row.cursor.is_none());
        row.state.records += ids.len() as u64;
        if page.order.is_some() {
            row.laid = found_all.then_some(0);
        } else {
            row.state.pages += u32::from(!ids.is_empty());
            row.state.ready = found_all;
        }
        self.commit_step(key, &row, |txn| {
            match &page.order {
                Some(order) => {
                    for id in &ids {
                        txn.put(keys::job_place(&row.state.id, &order.place(id)?), Bytes::new());
                    }
                }
                None if ids.is_empty() => {}
                None => self.put_page(txn, &row.state.id, number, &ids)?,
            }
            Ok(())
        })
        .await
    }

    /// Makes a page of the places that come first in the installation's order.
    async fn lay_page(&self, key: &Key, mut row: JobRow, laid: u64, order: &Order) -> Result<bool, HubError> {
        let range = keys::job_places(&row.state.id).children();
        let places = self.inner.store.scan(&range, Direction::Ascending, PAGE).await?;
        let ids: Result<Vec<String>, HubError> =
            places.iter().map(|place| order.id(&place.key.last_text().unwrap_or_default())).collect();
        let (ids, number, laid) = (ids?, row.state.pages, laid + places.len() as u64);
        row.laid = Some(laid);
        row.state.pages += u32::from(!ids.is_empty());
        row.state.ready = places.len() < PAGE;
        if row.state.ready {
            // A record that changed while the job walked can have been found twice; it has one place.
            row.state.records = laid;
        }
        self.commit_step(key, &row, |txn| {
            for place in &places {
                txn.delete(place.key.clone());
            }
            if ids.is_empty() { Ok(()) } else { self.put_page(txn, &row.state.id, number, &ids) }
        })
        .await
    }

    /// Commits a step, unless somebody else has taken the job over since. Answers whether it goes on.
    async fn commit_step(
        &self,
        key: &Key,
        row: &JobRow,
        stage: impl Fn(&mut Txn) -> Result<(), HubError> + Send + Sync,
    ) -> Result<bool, HubError> {
        let over = row.state.ready || row.state.failure.is_some();
        let free = JobRow { lease: Timestamp(0), ..row.clone() };
        transact!(&self.inner.store, |txn| {
            let Some(stored) = txn.get(key).await? else { return Ok(false) };
            let held: JobRow = self.unsealed(key, &stored)?;
            if held.lease != row.lease {
                return Ok(false);
            }
            stage(txn)?;
            self.put_job(txn, &free.caller.installation, &free)?;
            if over {
                self.tell_job(txn, &free).await?;
            }
            Ok::<_, HubError>(!over)
        })
    }

    async fn tell_job(&self, txn: &mut Txn, row: &JobRow) -> Result<(), HubError> {
        let is_personal = self.dataset(&row.dataset).is_none_or(|d| d.is_personal());
        let state = row.state.clone().told(is_personal);
        let event = Outgoing {
            topic: topics::HUB_JOB.into(),
            subject: Some(state.id.clone()),
            key: Some(state.id.clone()),
            data: json!({
                "job": state.id, "dataset": row.dataset, "purpose": row.purpose, "ready": state.ready,
                "records": state.records, "pages": state.pages, "failure": state.failure,
            }),
            not_before: None,
            deduplication_key: None,
        };
        self.inner.messaging.publish_platform(txn, &row.caller.installation, "hub", event).await?;
        Ok(())
    }

    /// Forgets every job of an installation.
    pub(crate) async fn forget_jobs(&self, installation: &InstallationName) -> Result<(), HubError> {
        let rows =
            self.inner.store.scan(&keys::jobs_of(installation).children(), Direction::Ascending, usize::MAX).await?;
        for row in rows {
            self.forget_job(&row.key, &row.key.last_text().unwrap_or_default()).await?;
        }
        Ok(())
    }

    /// Removes the pages and what they were to be made of, in commits that do not keep others waiting, and then
    /// the job.
    async fn forget_job(&self, key: &Key, id: &str) -> Result<(), HubError> {
        let store = &self.inner.store;
        loop {
            let mut rows = store.scan(&keys::job_pages(id).children(), Direction::Ascending, PAGE).await?;
            if rows.is_empty() {
                rows = store.scan(&keys::job_places(id).children(), Direction::Ascending, PAGE).await?;
            }
            let mut txn = Txn::new(store.clone());
            for row in &rows {
                txn.delete(row.key.clone());
            }
            if rows.is_empty() {
                txn.delete(key.clone());
            }
            txn.commit().await?;
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    fn put_job(&self, txn: &mut Txn, installation: &InstallationName, row: &JobRow) -> Result<(), HubError> {
        let key = keys::job(installation, &row.state.id);
        let sealed = self.sealed(&key, row)?;
        txn.put(key, sealed.into());
        Ok(())
    }

    fn put_page(&self, txn: &mut Txn, job: &str, number: u32, ids: &[String]) -> Result<(), HubError> {
        let key = keys::job_page(job, number);
        let sealed = self.sealed(&key, &ids)?;
        txn.put(key, sealed.into());
        Ok(())
    }

    /// Sealed: a query may ask for a person by a number.
    fn sealed<T: Serialize>(&self, key: &Key, value: &T) -> Result<Vec<u8>, HubError> {
        let json = serde_json::to_vec(value).map_err(|e| yunlong_store::StoreError::Corrupt(e.to_string()))?;
        Ok(self.inner.keys.seal(key.as_bytes(), &json)?)
    }

    fn unsealed<T: for<'de> Deserialize<'de>>(&self, key: &Key, sealed: &[u8]) -> Result<T, HubError> {
        Ok(from_json(key, &self.inner.keys.open(key.as_bytes(), sealed)?)?)
    }
}

/// The ids that one step found.
struct Page {
    ids: Vec<String>,
    next: Option<String>,
    /// The order in which they are told, when it is not the one in which they were found.
    order: Option<Order>,
}

impl Open {
    /// One page of what the job may see now; what it may show is asked again when the page is read. How many
    /// records there are is told as soon as the step is written, so whom that tells about is in the log first.
    async fn job_walk(&self, row: &JobRow) -> Result<Page, ReadError> {
        let want = Want::new(Access::Bulk, "job-step", &row.fields);
        let call: Call = match self.begin_quietly(&want).await? {
            Ok(call) => call,
            Err(denial) => return Err(self.deny(None, &want, denial).await),
        };
        let query = Query { limit: PAGE, cursor: row.cursor.clone(), ..row.query.to_query() };
        let asked = self.asked(&query)?;
        self.check_searchable(&call, &asked.query).await?;
        let (found, next) = if let Some(own) = call.allowed.own_of().cloned() {
            (self.own(&call, &asked.query, &own).await?, None)
        } else {
            self.walk(&call, &asked.query, Walk::Job).await?
        };
        // Who was asked about by their number is said once, at the beginning.
        let named = if row.cursor.is_none() { asked.named } else { Vec::new() };
        let mut entries = self.entries(&call, &found, &named).await?;
        let by: BTreeSet<&String> = query.index.iter().chain(query.filter.keys()).collect();
        for entry in &mut entries {
            entry.fields = by.iter().map(|item| (*item).clone()).collect();
            entry.detail.push_str("; counted");
        }
        if !entries.is_empty() {
            self.write_down(&call, entries).await?;
        }
        let order = call.dataset().is_personal().then(|| own_order(self));
        Ok(Page { ids: found.into_iter().map(|f| f.id).collect(), next, order })
    }
}
