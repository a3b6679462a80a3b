//! Invariants: statements about collections, counters and messages that must hold whenever nothing is under way.
//!
//! A statement compares two numbers. Each is written down, or counted or summed over a collection, or read off a
//! counter, or counted over what was published, or summed over the app's payments. With `each` it must hold for each document of a collection, each key
//! of a counter or each message, which then is `${it}` in the rest of the statement.

use crate::city::City;
use crate::compare::{self, Conditions, Prepared};
use crate::play::pause;
use crate::scenario::read as checks;
use crate::values::{self, Unfilled, Vars};
use crate::{Scenario, WorkbenchError};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use toml::Spanned;
use yunlong_model::{Manifest, Text};

/// Documents that a violation shows at most.
const SHOWN: usize = 5;
/// Characters of one of them.
const SHOWN_CHARS: usize = 400;
/// The most statements of a file.
const MOST: usize = 100;

/// The invariants of an app.
#[derive(Clone, Debug, Default)]
pub struct Invariants(Vec<Invariant>);

/// One that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Its name.
    pub name: String,
    /// What it says.
    pub title: Text,
    /// What is there instead, such as `1 = 0`.
    pub found: String,
    /// What it was looked at for, and what was counted: documents, counters or messages.
    pub documents: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    invariants: Vec<Spanned<Invariant>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invariant {
    name: String,
    title: Text,
    each: Option<Each>,
    left: Term,
    #[serde(rename = "is")]
    relation: Relation,
    right: Term,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Each {
    collection: Option<String>,
    counter: Option<String>,
    messages: Option<String>,
    #[serde(default)]
    r#where: Conditions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Relation {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">=")]
    AtLeast,
}

/// A number: `12`, `"${it.places}"`, or a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a number, \"${it.field}\", or a table with one of: count, sum, counter, messages, payments"
)]
enum Term {
    Number(i64),
    Text(String),
    Read(Read),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    /// Documents of this collection.
    count: Option<String>,
    /// The sum over documents of this collection, of the field `of`.
    sum: Option<String>,
    of: Option<String>,
    /// A counter, under `key`; of all its keys together without.
    counter: Option<String>,
    key: Option<String>,
    /// What was published on this topic.
    messages: Option<String>,
    /// The sum over the app's payments, of what is so.
    payments: Option<Part>,
    #[serde(default)]
    r#where: Conditions,
}

/// Where the money of payments is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    Captured,
    Held,
    Released,
    Refunding,
    Refunded,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Held => "held",
            Self::Released => "released",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }
}

/// What was read of the city in one look, so that each list is read once.
struct Look<'a> {
    city: &'a City,
    documents: BTreeMap<String, Arc<Vec<Value>>>,
    /// Of a collection by the texts at a path. A statement about each document of one collection and those of another
    /// that belong to it would take the one times the other without.
    indexes: BTreeMap<(String, String), Arc<Index>>,
    counters: BTreeMap<String, Arc<Vec<Value>>>,
    payments: Option<Arc<Vec<Value>>>,
}

/// The places of the documents that have a text at a path, in their order.
type Index = HashMap<String, Vec<usize>>;

impl Invariants {
    /// Reads the file.
    pub(crate) fn parse(file: &str, text: &str, manifest: &Manifest) -> Result<Self, WorkbenchError> {
        let read: File = toml::from_str(text).map_err(|e| checks::refusal(file, text, &e))?;
        let mut all: Vec<Invariant> = Vec::new();
        for invariant in read.invariants {
            let start = invariant.span().start;
            let invariant = invariant.into_inner();
            invariant.check(manifest).map_err(|e| checks::wrong(file, text, start, e))?;
            if all.len() == MOST {
                let much = Text { zh: format!("不变量最多 {MOST} 条"), en: format!("at most {MOST} invariants") };
                return Err(checks::wrong(file, text, start, much));
            }
            all.push(invariant);
        }
        Ok(Self(all))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that do not hold now.
    pub(crate) async fn broken(&self, city: &City, scenario: &Scenario) -> Result<Vec<Violation>, String> {
        let mut look = Look {
            city,
            documents: BTreeMap::new(),
            indexes: BTreeMap::new(),
            counters: BTreeMap::new(),
            payments: None,
        };
        let mut found = Vec::new();
        let mut vars = Vars::new();
        crate::play::give_names(&mut vars, city, scenario);
        for invariant in &self.0 {
            let broken = invariant.broken(&mut look, &vars).await;
            found.extend(broken.map_err(|e| format!("{}: {e}", invariant.name))?);
        }
        Ok(found)
    }
}

fn refuse(zh: &str, en: &str) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

impl Invariant {
    fn check(&self, manifest: &Manifest) -> Result<(), Text> {
        let of_term = |term: &Term| match term {
            Term::Read(read) => compare::weight(&read.r#where),
            Term::Number(_) | Term::Text(_) => 0,
        };
        let of_each = self.each.as_ref().map_or(0, |e| compare::weight(&e.r#where));
        checks::few_enough(of_each + of_term(&self.left) + of_term(&self.right))?;
        if let Some(each) = &self.each {
            let names = [each.collection.is_some(), each.counter.is_some(), each.messages.is_some()];
            if names.iter().filter(|n| **n).count() != 1 {
                return Err(refuse(
                    "each 要写明 collection、counter、messages 之一",
                    "`each` has one of collection, counter, messages",
                ));
            }
            each.collection.iter().try_for_each(|n| checks::collection_is_declared(n, manifest))?;
            each.counter.iter().try_for_each(|n| checks::counter_is_declared(n, manifest))?;
            each.messages.iter().try_for_each(|n| checks::topic_is_declared(n, manifest))?;
        }
        for term in [&self.left, &self.right] {
            let Term::Read(read) = term else { continue };
            let verbs = [&read.count, &read.sum, &read.counter, &read.messages].map(Option::is_some);
            if verbs.into_iter().chain([read.payments.is_some()]).filter(|v| *v).count() != 1 {
                return Err(refuse(
                    "要写明 count、sum、counter、messages、payments 之一",
                    "a term has one of count, sum, counter, messages, payments",
                ));
            }
            if read.payments.is_some() && manifest.payments.is_none() {
                return Err(refuse("app.toml 中没有 [payments]", "app.toml has no [payments]"));
            }
            if read.sum.is_some() != read.of.is_some() {
                return Err(refuse("sum 与 of 要一起写", "`sum` and `of` go together"));
            }
            if read.key.is_some() && read.counter.is_none() {
                return Err(refuse("key 只用于 counter", "`key` goes with `counter`"));
            }
            read.count.iter().chain(&read.sum).try_for_each(|n| checks::collection_is_declared(n, manifest))?;
            read.counter.iter().try_for_each(|n| checks::counter_is_declared(n, manifest))?;
            read.messages.iter().try_for_each(|n| checks::topic_is_declared(n, manifest))?;
        }
        Ok(())
    }

    async fn broken(&self, look: &mut Look<'_>, vars: &Vars) -> Result<Option<Violation>, String> {
        let Some(each) = &self.each else { return self.looked_at(look, vars, None).await };
        let all = match (&each.collection, &each.counter, &each.messages) {
            (Some(name), _, _) => look.documents(name).await?,
            (_, Some(name), _) => look.counters(name).await?,
            (_, _, Some(name)) => Arc::new(look.city.messages(name)),
            _ => Arc::default(),
        };
        let mut vars = vars.clone();
        for (n, it) in all.iter().enumerate() {
            pause(n).await;
            vars.insert("it".to_owned(), it.clone());
            if !compare::all(&each.r#where, it, &vars).map_err(unknown)? {
                continue;
            }
            if let Some(broken) = self.looked_at(look, &vars, Some(it)).await? {
                return Ok(Some(broken));
            }
        }
        Ok(None)
    }

    async fn looked_at(
        &self,
        look: &mut Look<'_>,
        vars: &Vars,
        it: Option<&Value>,
    ) -> Result<Option<Violation>, String> {
        let (left, mut rows) = look.number(&self.left, vars).await?;
        let (right, more) = look.number(&self.right, vars).await?;
        let (holds, sign) = match self.relation {
            Relation::Equal => (left == right, "="),
            Relation::AtMost => (left <= right, "<="),
            Relation::AtLeast => (left >= right, ">="),
        };
        if holds {
            return Ok(None);
        }
        rows.extend(more);
        let documents = it.into_iter().chain(&rows).take(SHOWN + 1).map(shown).collect();
        let found = format!("{left} {sign} {right}");
        Ok(Some(Violation { name: self.name.clone(), title: self.title.clone(), found, documents }))
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > SHOWN_CHARS {
        return text.chars().take(SHOWN_CHARS).chain(['…']).collect();
    }
    text
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unknown(e: Unfilled) -> String {
    e.text().en
}

impl Look<'_> {
    async fn documents(&mut self, collection: &str) -> Result<Arc<Vec<Value>>, String> {
        if let Some(known) = self.documents.get(collection) {
            return Ok(known.clone());
        }
        let read = Arc::new(self.city.documents(collection).await.map_err(|e| e.to_string())?);
        self.documents.insert(collection.to_owned(), read.clone());
        Ok(read)
    }

    async fn counters(&mut self, counter: &str) -> Result<Arc<Vec<Value>>, String> {
        if let Some(known) = self.counters.get(counter) {
            return Ok(known.clone());
        }
        let read = Arc::new(self.city.counters(counter).await.map_err(|e| e.to_string())?);
        self.counters.insert(counter.to_owned(), read.clone());
        Ok(read)
    }

    async fn payments(&mut self) -> Result<Arc<Vec<Value>>, String> {
        if let Some(known) = &self.payments {
            return Ok(known.clone());
        }
        let read = Arc::new(self.city.payments().await?);
        self.payments = Some(read.clone());
        Ok(read)
    }

    /// The number, and the first rows that it was read off.
    async fn number(&mut self, term: &Term, vars: &Vars) -> Result<(i64, Vec<Value>), String> {
        let read = match term {
            Term::Number(n) => return Ok((*n, Vec::new())),
            Term::Text(text) => {
                let value = values::filled(text, vars).map_err(unknown)?;
                let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
                return Ok((number.ok_or_else(|| format!("{text} is no whole number but {value}"))?, Vec::new()));
            }
            Term::Read(read) => read,
        };
        if let Some(counter) = &read.counter {
            if let Some(key) = &read.key {
                let key = values::text(key, vars).map_err(unknown)?;
                let value = self.city.counter(counter, &key).await.map_err(|e| e.to_string())?;
                let row = Map::from_iter([
                    ("counter".into(), counter.clone().into()),
                    ("key".into(), key.into()),
                    ("value".into(), value.into()),
                ]);
                return Ok((value, vec![row.into()]));
            }
            let rows = self.counters(counter).await?;
            return summed(&rows, &read.r#where, vars, |row| row["value"].as_i64().unwrap_or(0)).await;
        }
        if let Some(part) = read.payments {
            let rows = self.payments().await?;
            return summed(&rows, &read.r#where, vars, |row| row[part.name()].as_i64().unwrap_or(0)).await;
        }
        let number = |row: &Value| match &read.of {
            Some(of) => values::at(row, of).into_iter().filter_map(Value::as_i64).fold(0, i64::saturating_add),
            None => 1,
        };
        let Some(collection) = read.count.as_ref().or(read.sum.as_ref()) else {
            let rows = read.messages.as_ref().map(|topic| self.city.messages(topic)).unwrap_or_default();
            return summed(&rows, &read.r#where, vars, number).await;
        };
        let rows = self.documents(collection).await?;
        let conditions = Prepared::new(&read.r#where, vars);
        let Some((path, text)) = conditions.text() else { return sum_of(rows.iter(), &conditions, number).await };
        let index = self.index(collection, path).await?;
        let places = index.get(text).into_iter().flatten();
        sum_of(places.filter_map(|place| rows.get(*place)), &conditions, number).await
    }

    async fn index(&mut self, collection: &str, path: &str) -> Result<Arc<Index>, String> {
        let name = (collection.to_owned(), path.to_owned());
        if let Some(known) = self.indexes.get(&name) {
            return Ok(known.clone());
        }
        let mut index = Index::new();
        for (place, row) in self.documents(collection).await?.iter().enumerate() {
            pause(place).await;
            for text in values::at(row, path).into_iter().filter_map(Value::as_str) {
                let places = index.entry(text.to_owned()).or_default();
                // A list may have the same text twice.
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        let index = Arc::new(index);
        self.indexes.insert(name, index.clone());
        Ok(index)
    }
}

/// The sum over the rows that fit, and the first of these.
async fn summed(
    rows: &[Value],
    conditions: &Conditions,
    vars: &Vars,
    number: impl Fn(&Value) -> i64,
) -> Result<(i64, Vec<Value>), String> {
    sum_of(rows.iter(), &Prepared::new(conditions, vars), number).await
}

async fn sum_of(
    rows: impl Iterator<Item = &Value>,
    conditions: &Prepared<'_>,
    number: impl Fn(&Value) -> i64,
) -> Result<(i64, Vec<Value>), String> {
    let (mut sum, mut first) = (0_i64, Vec::new());
    for (n, row) in rows.enumerate() {
        pause(n).await;
        if !conditions.all(row).map_err(unknown)? {
            continue;
        }
        sum = sum.saturating_add(number(row));
        if first.len() < SHOWN {
            first.push(row.clone());
        }
    }
    Ok((sum, first))
}
