//! Datasets of the information hub in memory: grants, consents and rows as the hub decides on them.
//!
//! The hub's masks are not applied here: a test puts in what the app is to see.

use super::{Manifest, State};
use crate::Kind;
use crate::shared::{Job, Page, RawBound, RawQuery, Released, SharedError, Source};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The hub's bound for one page.
const MAX_LIMIT: u32 = 500;

/// A dataset that the app has opened.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) dataset: String,
    pub(crate) purpose: String,
}

/// What the provider decided for one use.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// All fields that were asked for, or these.
    Granted(Option<Vec<String>>),
    Expired(String),
    Revoked(String),
}

/// A record, and the subject of the person whom it is about.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) person: Option<String>,
    pub(crate) version: u64,
    pub(crate) body: Map<String, Value>,
    pub(crate) valid_from: String,
}

/// A read, as the hub's log has it.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) dataset: String,
    pub(crate) purpose: String,
    pub(crate) key: String,
    pub(crate) fields: Vec<String>,
}

/// What the hub holds.
#[derive(Default)]
pub(crate) struct Hub {
    pub(crate) records: BTreeMap<String, BTreeMap<String, Kept>>,
    pub(crate) standings: BTreeMap<(String, String), Standing>,
    pub(crate) reads: Vec<Read>,
    jobs: Vec<Vec<String>>,
}

/// What a call may do.
struct Allowed {
    /// Those that were asked for.
    fields: Vec<String>,
    granted: Vec<String>,
    consent: Option<String>,
    /// The caller's own records only, whatever else is about persons.
    own: Option<String>,
    /// No record but those of `own`.
    only_own: bool,
}

type Answer<T> = Result<T, SharedError>;

pub(crate) fn open(manifest: &Manifest, dataset: &str, purpose: &str) -> Answer<Opened> {
    match manifest.dataset_use(dataset, purpose) {
        Some(_) => Ok(Opened { dataset: dataset.to_owned(), purpose: purpose.to_owned() }),
        None => Err(SharedError::UnknownDataset(format!(
            "`{dataset}` for `{purpose}` is not declared under [[datasets]] in app.toml"
        ))),
    }
}

fn decide(city: &State, opened: &Opened, access: &str, fields: &[&str]) -> Answer<Allowed> {
    let use_ = city.manifest.dataset_use(&opened.dataset, &opened.purpose);
    let use_ = use_.ok_or_else(|| SharedError::UnknownDataset(opened.dataset.clone()))?;
    let granted = match city.hub.standings.get(&(opened.dataset.clone(), opened.purpose.clone())) {
        None => return Err(not_granted(city, opened)),
        Some(Standing::Expired(at)) => return Err(SharedError::Expired(at.clone())),
        Some(Standing::Revoked(at)) => return Err(SharedError::Revoked(at.clone())),
        Some(Standing::Granted(fields)) => fields.as_ref().unwrap_or(&use_.fields),
    };
    if !use_.access.iter().any(|a| a == access) {
        return Err(SharedError::AccessNotGranted(use_.access.clone()));
    }
    let only_own = use_.rows_are_own();
    let own = match city.principal.kind {
        Kind::Anonymous if only_own => return Err(SharedError::NotSignedIn),
        Kind::Service if only_own => return Err(SharedError::RowNotGranted),
        Kind::Official if !use_.roles.is_empty() && !use_.roles.iter().any(|r| city.principal.roles.contains(r)) => {
            return Err(SharedError::RoleRequired(use_.roles.clone()));
        }
        Kind::Citizen | Kind::Representative => city.principal.subject.clone(),
        Kind::Official if only_own => city.principal.subject.clone(),
        // A visitor's own records are none.
        Kind::Anonymous => Some(String::new()),
        Kind::Official | Kind::Service => None,
    };
    let missing: Vec<String> =
        fields.iter().filter(|f| !granted.iter().any(|g| g == *f)).map(|f| (*f).to_owned()).collect();
    if !missing.is_empty() {
        return Err(SharedError::FieldsNotGranted(missing));
    }
    let wanted = |f: &&String| fields.is_empty() || fields.contains(&f.as_str());
    let fields = granted.iter().filter(wanted).cloned().collect();
    let granted = granted.clone();
    Ok(Allowed { fields, granted, consent: use_.consent().map(ToOwned::to_owned), own, only_own })
}

fn not_granted(city: &State, opened: &Opened) -> SharedError {
    let granted = |(of, standing): (&(String, String), &Standing)| {
        (of.0 == opened.dataset && matches!(standing, Standing::Granted(_))).then(|| of.1.clone())
    };
    let others: Vec<String> = city.hub.standings.iter().filter_map(granted).collect();
    if others.is_empty() {
        SharedError::NotGranted("the provider has not granted it: `TestCity::grant` does".into())
    } else {
        SharedError::OtherPurpose(others)
    }
}

impl Allowed {
    fn row(&self, record: &Kept) -> Answer<()> {
        match (&self.own, &record.person) {
            (Some(own), person) if self.only_own && person.as_ref() != Some(own) => Err(SharedError::RowNotGranted),
            (Some(own), Some(person)) if own.is_empty() && person != own => Err(SharedError::NotSignedIn),
            (Some(own), Some(person)) if person != own => Err(SharedError::RowNotGranted),
            _ => Ok(()),
        }
    }

    fn consented(&self, city: &State, record: &Kept) -> Answer<()> {
        let (Some(consent), Some(person)) = (&self.consent, &record.person) else { return Ok(()) };
        if city.consents.contains(&(person.clone(), consent.clone())) {
            Ok(())
        } else {
            Err(SharedError::ConsentRequired(consent.clone()))
        }
    }

    fn release(&self, city: &State, opened: &Opened, key: &str, record: &Kept) -> Released {
        let of = |f: &String| record.body.get(f).map(|v| (f.clone(), v.clone()));
        let source = |field: &String| Source {
            field: field.clone(),
            organization: "320300".into(),
            recorded: "2026-01-01T00:00:00Z".into(),
        };
        Released {
            reference: reference(city, opened, key, record),
            version: record.version,
            body: self.fields.iter().filter_map(of).collect(),
            unrecorded: self.fields.iter().filter(|f| !record.body.contains_key(*f)).cloned().collect(),
            valid_from: record.valid_from.clone(),
            valid_to: None,
            sources: self.fields.iter().filter(|f| record.body.contains_key(*f)).map(source).collect(),
        }
    }
}

fn reference(city: &State, opened: &Opened, key: &str, record: &Kept) -> String {
    if record.person.is_none() {
        return key.to_owned();
    }
    let hash = Sha256::digest(format!("{}\0{}\0{key}", city.manifest.name, opened.dataset));
    hash.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

fn log(city: &mut State, opened: &Opened, key: &str, fields: &[String]) {
    let (dataset, purpose) = (opened.dataset.clone(), opened.purpose.clone());
    city.hub.reads.push(Read { dataset, purpose, key: key.to_owned(), fields: fields.to_vec() });
}

fn read(city: &mut State, opened: &Opened, allowed: &Allowed, key: &str) -> Answer<Option<Released>> {
    let record = city.hub.records.get(&opened.dataset).and_then(|r| r.get(key)).cloned();
    let Some(record) = record else { return Ok(None) };
    allowed.row(&record)?;
    allowed.consented(city, &record)?;
    log(city, opened, key, &allowed.fields);
    Ok(Some(allowed.release(city, opened, key, &record)))
}

impl Opened {
    pub(crate) fn fields(&self, city: &State) -> Answer<Vec<String>> {
        // Whatever it is granted for.
        let declared = city.manifest.dataset_use(&self.dataset, &self.purpose);
        let access = declared.and_then(|u| u.access.first()).cloned().unwrap_or_default();
        Ok(decide(city, self, &access, &[])?.fields)
    }

    pub(crate) fn get(
        &self,
        city: &mut State,
        key: &str,
        fields: &[&str],
        as_of: Option<&str>,
    ) -> Answer<Option<Released>> {
        let allowed = decide(city, self, "get", fields)?;
        let found = read(city, self, &allowed, key)?;
        Ok(found.filter(|r| as_of.is_none_or(|day| r.valid_from.as_str() <= day)))
    }

    pub(crate) fn me(&self, city: &mut State, fields: &[&str]) -> Answer<Option<Released>> {
        let allowed = decide(city, self, "get", fields)?;
        let person = city.person().ok_or(SharedError::NotSignedIn)?;
        let records = city.hub.records.get(&self.dataset).into_iter().flatten();
        let own = records.filter(|(_, r)| r.person.as_deref() == Some(&person)).map(|(k, _)| k.clone()).next();
        if let Some(key) = own {
            return read(city, self, &allowed, &key);
        }
        // Whether there is a record is told to whoever may read it alone.
        let nobody = Kept { person: Some(person), version: 0, body: Map::new(), valid_from: String::new() };
        allowed.consented(city, &nobody)?;
        Ok(None)
    }

    pub(crate) fn query(&self, city: &mut State, query: &RawQuery, fields: &[&str]) -> Answer<Page> {
        let allowed = decide(city, self, "query", fields)?;
        let keys = self.found(city, &allowed, query)?;
        let from: usize = match &query.cursor {
            None => 0,
            Some(c) => c.parse().map_err(|_| SharedError::Invalid("the cursor is not from this query".into()))?,
        };
        let limit = query.limit as usize;
        let mut records = Vec::new();
        for key in keys.iter().skip(from).take(limit) {
            records.extend(read(city, self, &allowed, key)?);
        }
        Ok(Page { records, next: (keys.len() > from + limit).then(|| (from + limit).to_string()) })
    }

    /// The keys of the records that a query finds and the caller may see, in the index's order.
    fn found(&self, city: &State, allowed: &Allowed, query: &RawQuery) -> Answer<Vec<String>> {
        if !(1..=MAX_LIMIT).contains(&query.limit) {
            return Err(SharedError::Invalid(format!("the limit is 1 to {MAX_LIMIT}")));
        }
        let hidden: Vec<String> =
            query.index.iter().chain(query.filter.keys()).filter(|i| !allowed.granted.contains(i)).cloned().collect();
        if !hidden.is_empty() {
            return Err(SharedError::FieldsNotGranted(hidden));
        }
        let value = |r: &Kept, item: &str| r.body.get(item).cloned().unwrap_or(Value::Null);
        let within = |r: &Kept| {
            let equal = query.index.iter().zip(&query.equals).all(|(item, v)| value(r, item) == *v);
            let Some(item) = query.index.get(query.equals.len()) else { return equal };
            let is = value(r, item);
            equal
                && reaches(query.lower.as_ref(), &is, Ordering::Greater)
                && reaches(query.upper.as_ref(), &is, Ordering::Less)
        };
        let fits = |r: &Kept| within(r) && query.filter.iter().all(|(item, v)| value(r, item) == *v);
        let visible = |r: &Kept| allowed.row(r).is_ok() && allowed.consented(city, r).is_ok();
        let records = city.hub.records.get(&self.dataset).into_iter().flatten();
        let mut found: Vec<_> = records.filter(|(_, r)| fits(r) && visible(r)).collect();
        found.sort_by(|(_, a), (_, b)| {
            let by = query.index.iter().map(|item| order(&value(a, item), &value(b, item)));
            by.fold(Ordering::Equal, Ordering::then)
        });
        Ok(found.into_iter().map(|(key, _)| key.clone()).collect())
    }

    pub(crate) fn write(&self, city: &mut State, key: &str, body: &str, version: u64, from: &str) -> Answer<u64> {
        let body: Map<String, Value> =
            serde_json::from_str(body).map_err(|e| SharedError::Invalid(format!("the body is no JSON object: {e}")))?;
        let fields: Vec<&str> = body.keys().map(String::as_str).collect();
        let allowed = decide(city, self, "write", &fields)?;
        let records = city.hub.records.entry(self.dataset.clone()).or_default();
        let found = records.get_mut(key);
        if found.as_ref().map_or(0, |r| r.version) != version {
            return Err(SharedError::Conflict);
        }
        let Some(record) = found else {
            let new = Kept { person: None, version: 1, body, valid_from: from.to_owned() };
            records.insert(key.to_owned(), new);
            return Ok(1);
        };
        allowed.row(record)?;
        record.body.extend(body);
        record.version += 1;
        from.clone_into(&mut record.valid_from);
        Ok(record.version)
    }

    pub(crate) fn start_job(&self, city: &mut State, query: &RawQuery, fields: &[&str]) -> Answer<String> {
        let allowed = decide(city, self, "bulk", fields)?;
        let keys = self.found(city, &allowed, query)?;
        city.hub.jobs.push(keys);
        Ok(format!("job-{}", city.hub.jobs.len()))
    }

    pub(crate) fn job(&self, city: &State, id: &str) -> Answer<Job> {
        let keys = keys(city, id)?;
        let pages = keys.len().div_ceil(MAX_LIMIT as usize);
        let (records, pages) = (keys.len() as u64, u32::try_from(pages).unwrap_or(u32::MAX));
        Ok(Job { id: id.to_owned(), ready: true, records, pages, failure: None })
    }

    pub(crate) fn job_page(&self, city: &mut State, id: &str, page: u32) -> Answer<Vec<Released>> {
        let allowed = decide(city, self, "bulk", &[])?;
        let keys: Vec<String> = keys(city, id)?.to_vec();
        let page = keys.chunks(MAX_LIMIT as usize).nth(page as usize).ok_or(SharedError::NotFound)?;
        let mut out = Vec::new();
        for key in page {
            out.extend(read(city, self, &allowed, key)?);
        }
        Ok(out)
    }
}

fn keys<'a>(city: &'a State, id: &str) -> Answer<&'a [String]> {
    let n: usize = id.strip_prefix("job-").and_then(|n| n.parse().ok()).ok_or(SharedError::NotFound)?;
    let keys = n.checked_sub(1).and_then(|n| city.hub.jobs.get(n));
    keys.map(Vec::as_slice).ok_or(SharedError::NotFound)
}

/// Whether a value is on this side of a bound, if there is one.
fn reaches(bound: Option<&RawBound>, is: &Value, side: Ordering) -> bool {
    bound.is_none_or(|b| match order(is, &b.value) {
        Ordering::Equal => b.inclusive,
        other => other == side,
    })
}

/// The order of scalars: nothing, booleans, numbers, texts.
fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        _ => 3,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}
