//! Batches: registered by farmers, tested by inspectors, called back by managers.

use super::access::{self, INSPECTOR, MANAGER, known, need};
use super::{Refusal, Wanted, now, stores, sweeps};
use crate::domain::batch::{self, Batch, State, Step, Test};
use crate::domain::edit::{self, Check};
use crate::domain::machine::Machine;
use crate::domain::time::Date;
use crate::store::{BATCHES, BATCHES_BY_STATE, BATCHES_BY_STORE, BATCHES_BY_STORE_STATE, table};
use serde_json::json;
use yunlong_sdk::{DataError, Page, Principal, Text, random, t, transact};

/// What a farmer says of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchInput {
    /// The trace code, where the goods bear one of another department already.
    pub trace_code: Option<String>,
    /// What it is.
    pub goods: Text,
    /// The village where it grew.
    pub origin: String,
    /// The day of the harvest.
    pub harvest: Date,
    /// The last day on which it is sold.
    pub best_before: Option<Date>,
    /// How much there is, in kilograms.
    pub kilograms: u32,
}

/// Registers a batch of the store of whoever asks.
///
/// # Errors
/// [`Refusal::NotSelling`], [`Refusal::Fields`]; a code that is known here already.
pub fn register(who: &Principal, input: &BatchInput) -> Result<Batch, Refusal> {
    let me = access::subject(who)?;
    let now = now();
    let id = match &input.trace_code {
        None => random::code(batch::TRACE_CODE),
        Some(code) => batch::trace_code(code).ok_or_else(|| {
            Refusal::field("/trace_code", t("追溯码为 13 位字母和数字", "A trace code has 13 letters and digits"))
        })?,
    };
    let made = transact(|tx| {
        let store = stores::selling(tx, me)?;
        let origin = table(tx)?.village(&input.origin, Date::at(now)).map(|v| v.code.clone());
        let batch = Batch {
            id: id.clone(),
            store: store.id,
            goods: input.goods.clone(),
            origin: origin?,
            harvest: input.harvest,
            best_before: input.best_before,
            kilograms: input.kilograms,
            state: State::Registered,
            tests: Vec::new(),
            reason: None,
            failed_at: None,
            created_at: now,
        };
        edit::batch(&batch, Date::at(now))?;
        tx.insert(&batch)?;
        tx.audit("batch.register", &batch.id, &json!({"origin": batch.origin}))?;
        Ok(batch)
    });
    match made {
        Err(Refusal::Data(DataError::AlreadyExists(_))) => Err(Refusal::field(
            "/trace_code",
            t("这个追溯码已登记或已召回，不能使用", "This code is registered or was recalled, and cannot be used"),
        )),
        other => other,
    }
}

/// The batches of the store of whoever asks.
///
/// # Errors
/// [`Refusal::NotSelling`].
pub fn mine(
    who: &Principal,
    wanted: &Wanted<State>,
    limit: u32,
    after: Option<String>,
) -> Result<Page<Batch>, Refusal> {
    let store = stores::my_store(who)?.id;
    let queries = (BATCHES_BY_STORE.equals(store.as_str()), BATCHES_BY_STORE_STATE.equals(store.as_str()));
    typed(wanted).read(BATCHES, queries, |b| (b.store == store).then_some(b.state), limit, after)
}

/// The same wish with its trace code in the normal form, where it can be read as one.
fn typed(wanted: &Wanted<State>) -> Wanted<State> {
    let normal = |n: &String| batch::trace_code(n).unwrap_or_else(|| n.clone());
    Wanted { number: wanted.number.as_ref().map(normal), ..wanted.clone() }
}

/// A batch, for its seller, inspectors and managers. Everybody else reads [`super::trace::by_code`].
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(who: &Principal, code: &str) -> Result<Batch, Refusal> {
    let id = batch::trace_code(code).ok_or(Refusal::NotFound)?;
    let found = known(BATCHES.get(&id))?.ok_or(Refusal::NotFound)?.into_value();
    let staff = who.has_role(INSPECTOR) || who.has_role(MANAGER);
    let own = stores::mine(who)?.is_some_and(|s| s.id == found.store);
    if staff || own { Ok(found) } else { Err(Refusal::NotFound) }
}

/// Every store's batches, where no state is asked for state after state: for inspectors and managers.
///
/// # Errors
/// [`Refusal::RoleRequired`].
pub fn every(
    who: &Principal,
    wanted: &Wanted<State>,
    limit: u32,
    after: Option<String>,
) -> Result<Page<Batch>, Refusal> {
    if !who.has_role(MANAGER) {
        access::role(who, INSPECTOR)?;
    }
    let queries = (BATCHES_BY_STATE.all(), BATCHES_BY_STATE.all());
    typed(wanted).read(BATCHES, queries, |b| Some(b.state), limit, after)
}

/// What an inspector found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestInput {
    /// The laboratory's number of the report.
    pub report: String,
    /// What was tested for.
    pub item: Text,
    /// The laboratory.
    pub laboratory: String,
    /// The day of the sample.
    pub day: Date,
    /// Whether it was good.
    pub passed: bool,
}

/// Records a test. One report is recorded once; a bad one takes everything of the batch off sale, here
/// and in every department, and refunds what was paid and not sent.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`Refusal::Fields`], or what the state does not allow; nobody tests their
/// own goods.
pub fn record_test(who: &Principal, code: &str, input: &TestInput) -> Result<Batch, Refusal> {
    let me = access::role(who, INSPECTOR)?;
    let now = now();
    let mut c = Check::default();
    c.text(&input.report, 4..=40, "/report");
    c.both(&input.item, 60, "/item");
    c.text(&input.laboratory, 2..=60, "/laboratory");
    c.that(input.day <= Date::at(now), "/day", t("采样日期不能晚于今天", "The day is not after today"));
    c.end()?;
    let id = batch::trace_code(code).ok_or(Refusal::NotFound)?;
    transact(|tx| {
        let mut b: Batch = need(tx, &id)?;
        if tx.get::<crate::domain::store::Store>(&b.store)?.is_some_and(|s| s.owner == me) {
            return Err(crate::domain::listing::ListingError::OwnGoods.into());
        }
        if let Some(before) = b.tests.iter().find(|t| t.report == input.report) {
            // Sent twice: the first answer stands. Another result under the same number is an error.
            let same = before.passed == input.passed && before.day == input.day;
            let text = t("这份报告已登记，结果不同", "This report is recorded with another result");
            return if same { Ok(b) } else { Err(Refusal::field("/report", text)) };
        }
        b.state.check(if input.passed { Step::Pass } else { Step::Fail })?;
        b.tests.push(Test {
            report: input.report.clone(),
            item: input.item.clone(),
            laboratory: input.laboratory.clone(),
            day: input.day,
            passed: input.passed,
            by: me.to_owned(),
            at: now,
        });
        tx.audit("batch.test", &id, &json!({"report": input.report, "passed": input.passed}))?;
        if input.passed {
            b.state = State::Passed;
            tx.put(&b)?;
        } else {
            let reason = Text::new(
                format!("{}检测不合格", input.item.zh),
                format!("The test for {} was not passed", input.item.en),
            );
            sweeps::make_bad(tx, &mut b, State::Failed, reason, now)?;
        }
        Ok(b)
    })
}

/// Calls a batch back.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`Refusal::Fields`], or what the state does not allow.
pub fn recall(who: &Principal, code: &str, reason: &Text) -> Result<Batch, Refusal> {
    access::role(who, MANAGER)?;
    let mut c = Check::default();
    c.both(reason, 200, "/reason");
    c.end()?;
    let (id, now) = (batch::trace_code(code).ok_or(Refusal::NotFound)?, now());
    transact(|tx| {
        let mut b: Batch = need(tx, &id)?;
        b.state.check(Step::Recall)?;
        sweeps::make_bad(tx, &mut b, State::Recalled, reason.clone(), now)?;
        tx.audit("batch.recall", &id, &json!({"reason": reason.zh}))?;
        Ok(b)
    })
}
