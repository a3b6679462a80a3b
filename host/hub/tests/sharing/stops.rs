//! The store fails, or the platform dies, before or behind any commit of a read: whatever an app or an official was
//! told of a person stands in that person's log.

use crate::city::{
    ASKED, City, HALF_AN_HOUR, LAW, POLICE, TOURISM, Who, a_use, by_division, day, name, object, official, resident_id,
    strings,
};
use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;
use yunlong_audit::EntryFilter;
use yunlong_hub::{Actor, Caller, NewExport, Open, ReadError};
use yunlong_model::PersonId;
use yunlong_model::manifest::Attribute;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{
    Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, SharedStore, Store, StoreError, Versioned,
};

/// How a store goes.
#[derive(Clone, Copy, Debug)]
struct Stop {
    /// At which commit, from 0.
    at: usize,
    /// Whether that commit is still written, and only its answer is lost.
    written: bool,
    /// Whether it is the end: nothing is read or written behind it. Otherwise that one commit fails.
    dies: bool,
}

struct Stopping {
    inner: SharedStore,
    /// Commits since the stop was planned.
    commits: Mutex<usize>,
    stop: Mutex<Option<Stop>>,
    dead: Mutex<bool>,
}

fn unplugged() -> StoreError {
    StoreError::Io("unplugged".into())
}

impl Stopping {
    fn on(inner: &SharedStore) -> Arc<Self> {
        Arc::new(Self {
            inner: inner.clone(),
            commits: Mutex::default(),
            stop: Mutex::default(),
            dead: Mutex::default(),
        })
    }

    fn plan(&self, stop: Stop) {
        *self.commits.lock() = 0;
        *self.stop.lock() = Some(stop);
    }

    /// Whether there were so many commits that it came to the stop.
    fn came_to_it(&self) -> bool {
        let at = self.stop.lock().map_or(0, |stop| stop.at);
        *self.commits.lock() > at
    }

    fn alive(&self) -> Result<(), StoreError> {
        if *self.dead.lock() { Err(unplugged()) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for Stopping {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.alive()?;
        self.inner.get(key).await
    }
    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.alive()?;
        self.inner.scan(range, direction, limit).await
    }
    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        self.alive()?;
        self.inner.counter(key).await
    }
    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        self.alive()?;
        self.inner.counters(range, limit).await
    }
    async fn commit(&self, batch: Batch) -> Result<Seq, CommitError> {
        self.alive()?;
        let number = {
            let mut commits = self.commits.lock();
            *commits += 1;
            *commits - 1
        };
        let stop = *self.stop.lock();
        let Some(stop) = stop.filter(|stop| stop.at == number) else { return self.inner.commit(batch).await };
        if stop.written {
            self.inner.commit(batch).await?;
        }
        *self.dead.lock() = stop.dies;
        Err(unplugged().into())
    }
    fn watch(&self) -> tokio::sync::watch::Receiver<Seq> {
        self.inner.watch()
    }
}

const USES: &str = r#"
    rows = "all"
    access = ["get", "query", "bulk", "changes"]
    [[scopes]]
    name = "concession"
    attributes = ["birth-date"]
    reason = { zh = "核对优惠", en = "To check the concession" }
"#;

/// Two apps: one reads, the authority's own writes. No change waits to be told.
async fn store() -> SharedStore {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let city = City::on(store.clone(), true).await;
    // What happened before anybody asked is not told.
    city.hub.work().await.unwrap();
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &["name", "division", "mobile"], USES)).await;
    city.grant("tickets", ASKED, "check").await;
    let write = a_use(ASKED, "keep", &["name", "division"], "rows = \"all\"\naccess = [\"get\", \"write\"]");
    city.install("registers", POLICE, &write).await;
    let police = official("police-admin", POLICE);
    let request = city.hub.ask(&name("registers"), ASKED, "keep", &police).await.unwrap();
    city.hub.approve_request(&request.id, request.everything(city.now()), &police).await.unwrap();
    let scopes = city.manifest_of("tickets").scopes.clone();
    city.identity.consent("wang", &name("tickets"), &scopes[0]).await.unwrap();
    store
}

/// A way to be told something of a person.
#[derive(Clone, Copy, Debug)]
enum Way {
    Get,
    AsOf,
    NothingFound,
    Me,
    Query,
    JobPage,
    Attribute,
    RefusedWrite,
    Export,
}

/// A read under way: in which city, and what it is known by in the log.
struct Reading<'a> {
    city: &'a City,
    request: String,
    /// A job that is ready, or an export that was begun.
    begun: String,
}

impl Reading<'_> {
    fn caller(&self, app: &str, who: Who<'_>) -> Caller {
        Caller { request_id: self.request.clone(), ..self.city.caller(app, who) }
    }

    fn official(&self) -> Actor {
        Actor { request_id: self.request.clone(), ..official("police-admin", POLICE) }
    }

    async fn open(&self, who: Who<'_>) -> Result<Open, ReadError> {
        self.city.hub.open_dataset(self.caller("tickets", who), ASKED, "check").await
    }

    /// What is to be there before it begins.
    async fn begin(&mut self, way: Way) {
        match way {
            Way::JobPage => {
                let open = self.open(Who::Job).await.unwrap();
                self.begun = open.start_job(&by_division("320321", 1), &strings(&["name"])).await.unwrap();
                self.city.hub.work().await.unwrap();
            }
            Way::Export => {
                let why = NewExport { dataset: ASKED.into(), reason: "年度核对".into(), law: LAW.into() };
                self.begun = self.city.hub.start_export(why, &self.official()).await.unwrap().id;
            }
            _ => {}
        }
    }

    /// Whom the answer tells about; nobody where it is a failure.
    async fn read(&self, way: Way) -> Vec<PersonId> {
        let (residents, city) = (&self.city.residents, self.city);
        let (wang, li, zhao) = (city.person(&residents.wang), city.person(&residents.li), city.person(&residents.zhao));
        let nobody = resident_id("320321", "20010101", 77);
        let of_two = |count: Option<usize>| match count {
            Some(2) => vec![wang.clone(), li.clone()],
            Some(other) => panic!("{other} of two"),
            None => vec![],
        };
        let told = |answered: bool, whom: PersonId| if answered { vec![whom] } else { vec![] };
        match way {
            Way::Get | Way::AsOf | Way::NothingFound => {
                let (key, as_of) = match way {
                    Way::Get => (&residents.wang, None),
                    Way::AsOf => (&residents.wang, Some(day("2026-03-01"))),
                    _ => (&nobody, None),
                };
                let Ok(open) = self.open(Who::Job).await else { return vec![] };
                told(open.get(key, &[], as_of).await.is_ok(), city.person(key))
            }
            Way::Me => {
                let Ok(open) = self.open(Who::Citizen("wang", &residents.wang)).await else { return vec![] };
                told(open.me(&strings(&["name"])).await.is_ok(), wang)
            }
            Way::Query => {
                let Ok(open) = self.open(Who::Job).await else { return vec![] };
                of_two(open.query(&by_division("320321", 10), &[]).await.ok().map(|page| page.records.len()))
            }
            Way::JobPage => {
                let Ok(open) = self.open(Who::Job).await else { return vec![] };
                of_two(open.job_page(&self.begun, 0).await.ok().map(|page| page.len()))
            }
            Way::Attribute => {
                let scopes = city.manifest_of("tickets").scopes.clone();
                let caller = self.caller("tickets", Who::Citizen("wang", &residents.wang));
                told(city.hub.attribute(&caller, &scopes, Attribute::BirthDate).await.is_ok(), wang)
            }
            Way::RefusedWrite => {
                let caller = Caller { organization: POLICE.into(), ..self.caller("registers", Who::Job) };
                let Ok(open) = city.hub.open_dataset(caller, ASKED, "keep").await else { return vec![] };
                let change = object(json!({ "name": "王新名" }));
                let refused = open.write(&residents.wang, change, 7, day("2026-11-26")).await;
                told(refused == Err(ReadError::Conflict), wang)
            }
            Way::Export => {
                let Ok(page) = city.hub.export_page(&self.begun, None, 100, &self.official()).await else {
                    return vec![];
                };
                assert_eq!(page.records.len(), 3);
                vec![wang, li, zhao]
            }
        }
    }
}

/// Every stop at this commit.
fn stops(at: usize) -> [Stop; 4] {
    [(false, false), (false, true), (true, false), (true, true)].map(|(written, dies)| Stop { at, written, dies })
}

/// Reads with a stop. Answers whether it came to the stop, and whether anything was answered.
async fn with_stop(inner: &SharedStore, way: Way, stop: Stop) -> (bool, bool) {
    let (stopping, request) = (Stopping::on(inner), format!("{way:?}-{}-{}-{}", stop.at, stop.written, stop.dies));
    let told = {
        let city = City::on(stopping.clone(), false).await;
        let mut reading = Reading { city: &city, request: request.clone(), begun: String::new() };
        reading.begin(way).await;
        stopping.plan(stop);
        reading.read(way).await
    };
    let city = City::on(inner.clone(), false).await;
    let filter = EntryFilter { request_id: request, ..EntryFilter::default() };
    let log = city.audit.search(&filter, None, 500).await.unwrap().entries;
    for person in &told {
        let is_there = log.iter().any(|logged| logged.entry.about.as_ref() == Some(person));
        assert!(is_there, "{way:?}, {stop:?}: answered, and not in the log");
    }
    // A job's pages are kept: there can be ten of them.
    city.clock.advance(2 * crate::city::DAY);
    city.hub.work().await.unwrap();
    (stopping.came_to_it(), !told.is_empty())
}

async fn at_every_commit(way: Way) {
    let inner = store().await;
    for at in 0.. {
        assert!(at < 50, "{way:?} does not end");
        let mut last = false;
        for stop in stops(at) {
            let (came_to_it, answered) = with_stop(&inner, way, stop).await;
            if !came_to_it {
                assert!(answered, "{way:?}, {stop:?}: nothing was in the way");
                last = true;
            }
        }
        if last {
            assert!(at > 0, "{way:?} writes nothing down");
            return;
        }
    }
}

#[tokio::test]
async fn a_read_of_a_record_is_in_the_log_wherever_the_store_stops() {
    for way in [Way::Get, Way::AsOf, Way::NothingFound, Way::Me] {
        at_every_commit(way).await;
    }
}

#[tokio::test]
async fn a_page_is_in_the_log_wherever_the_store_stops() {
    for way in [Way::Query, Way::JobPage, Way::Export] {
        at_every_commit(way).await;
    }
}

#[tokio::test]
async fn an_attribute_and_a_refusal_to_write_are_in_the_log_wherever_the_store_stops() {
    for way in [Way::Attribute, Way::RefusedWrite] {
        at_every_commit(way).await;
    }
}

/// Whom the log names with this in its details.
async fn named(city: &City, what: &str) -> usize {
    let log = city.log("data.read").await;
    log.iter().filter(|e| e.detail.contains(what) && e.about.is_some()).count()
}

#[tokio::test]
async fn a_message_about_a_person_and_its_entry_are_there_or_neither_is() {
    let inner = store().await;
    let (mut told, mut change) = (0, 0_u32);
    for at in 0.. {
        assert!(at < 50, "it does not end");
        let mut last = false;
        for stop in stops(at) {
            let stopping = Stopping::on(&inner);
            {
                let city = City::on(stopping.clone(), false).await;
                change += 1;
                // None of the residents has such a number.
                let body = json!({ "mobile": format!("1991{change:07}") });
                city.put_from(ASKED, &city.residents.wang, body, "2026-11-26").await;
                stopping.plan(stop);
                last |= city.hub.work().await.is_ok() && !stopping.came_to_it();
            }
            let city = City::on(inner.clone(), false).await;
            assert_eq!(named(&city, "changes").await, told + waiting(&city).await, "{stop:?}");
            // What was not told yet is told now, once.
            city.hub.work().await.unwrap();
            city.clock.advance(HALF_AN_HOUR);
            told += city.messages().await.len();
            assert_eq!((told, named(&city, "changes").await), (change as usize, change as usize), "{stop:?}");
        }
        if last {
            assert!(at > 1, "there was something to do");
            return;
        }
    }
}

/// Messages that wait to be delivered.
async fn waiting(city: &City) -> usize {
    let queue = Key::space("tickets").text("q").text("w").children();
    city.store.scan(&queue, Direction::Ascending, 100).await.unwrap().len()
}

#[tokio::test]
async fn whom_the_count_of_a_job_tells_about_is_in_the_log_wherever_the_store_stops() {
    let inner = store().await;
    for at in 0.. {
        assert!(at < 50, "it does not end");
        let mut last = false;
        for stop in stops(at) {
            let stopping = Stopping::on(&inner);
            let (before, told) = {
                let city = City::on(stopping.clone(), false).await;
                let before = named(&city, "counted").await;
                let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
                let id = open.start_job(&by_division("320321", 1), &[]).await.unwrap();
                stopping.plan(stop);
                let worked = city.hub.work().await;
                last |= worked.is_ok() && !stopping.came_to_it();
                (before, open.job(&id).await.map_or(0, |job| job.records))
            };
            let city = City::on(inner.clone(), false).await;
            let counted = named(&city, "counted").await - before;
            assert!(counted as u64 >= told, "{stop:?}: {told} were told, {counted} are in the log");
            city.clock.advance(2 * crate::city::DAY);
            city.hub.work().await.unwrap();
        }
        if last {
            assert!(at > 1, "there was something to do");
            return;
        }
    }
}
