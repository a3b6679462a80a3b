//! Plays the steps of a scenario in its city.

mod answer;

use crate::city::City;
use crate::compare::{self, Conditions};
use crate::scenario::{Action, Asked, Look, Outcome, Payload, Step};
use crate::values::{self, Unfilled, Vars};
use crate::{App, Sandbox, Scenario, WorkbenchError};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use serde_json::Value;
use std::sync::Arc;
use yunlong_messaging::{Delivery, DeliveryError, Kind};
use yunlong_model::{Event, Presentation, Text};

/// Rows that a problem shows at most, and characters of each.
const SHOWN: usize = 5;
const SHOWN_CHARS: usize = 400;

/// A scenario that is being played.
pub(crate) struct Play {
    app: App,
    scenario: Arc<Scenario>,
    pub(crate) city: City,
    vars: Vars,
}

/// Which answer a request is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The one of `expect`.
    First,
    /// The one of `expect` or of `retry`.
    Again,
    /// As [`Wanted::Again`]; where the scenario names no `retry`, any but a failure of the app: what was asked for
    /// had been written before.
    AgainAfterWriting,
}

/// What can be put into texts by name, beside what was captured: `${subject.NAME}` of each person.
pub(crate) fn give_names(vars: &mut Vars, city: &City, scenario: &Scenario) {
    vars.insert("installation".into(), city.name().as_str().into());
    vars.insert("now".into(), city.now().0.into());
    let day: String = city.now().to_shanghai().chars().take(10).collect();
    vars.insert("today".into(), day.into());
    for person in &scenario.people {
        vars.insert(format!("subject.{}", person.name), city.subject(&person.name).into());
    }
}

pub(crate) fn both(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unknown(e: Unfilled) -> Text {
    e.text()
}

/// Lets others have the thread, now and then: what is looked at row by row may be long, and a play that takes too
/// long is cut off between two rows.
pub(crate) async fn pause(row: usize) {
    if row % 256 == 255 {
        tokio::task::yield_now().await;
    }
}

impl Play {
    /// Founds the city.
    pub(crate) async fn begin(app: &App, scenario: &Arc<Scenario>, sandbox: &Sandbox) -> Result<Self, WorkbenchError> {
        let city = City::found(app, scenario, sandbox).await?;
        Ok(Self { app: app.clone(), scenario: scenario.clone(), city, vars: Vars::new() })
    }

    /// Plays a step; an error is what was not as it is to be. What follows from it is not waited for.
    pub(crate) async fn perform(&mut self, step: &Step, wanted: Wanted) -> Result<(), Text> {
        give_names(&mut self.vars, &self.city, &self.scenario);
        match &step.action {
            Action::Request(asked) => self.request(asked, wanted).await,
            Action::Message { topic, from, subject, key, payload, outcome } => {
                let event = Event {
                    // The same when it is delivered again.
                    id: format!("scenario-{}", step.line),
                    source: from.clone(),
                    topic: topic.clone(),
                    subject: self.optional(subject)?,
                    time: self.city.now(),
                    key: self.optional(key)?,
                    data: values::deep(payload, &self.vars).map_err(unknown)?,
                };
                self.deliver(Kind::Event, event, *outcome).await
            }
            Action::Job { name, outcome } => {
                let now = self.city.now();
                let event = Event {
                    id: format!("scenario-{}", step.line),
                    source: "/platform/jobs".into(),
                    topic: "city.job".into(),
                    subject: Some(name.clone()),
                    time: now,
                    key: None,
                    data: serde_json::json!({ "job": name, "scheduled": now }),
                };
                self.deliver(Kind::Job { job: name.clone(), scheduled: now }, event, *outcome).await
            }
            Action::Advance { millis } => self.city.advance(*millis).await.map_err(|e| both(e.clone(), e)),
            Action::Pay { intent, who, behaviour } => {
                let intent = self.text(intent)?;
                let paid = self.city.pay(&intent, who, *behaviour).await;
                paid.map_err(|e| both(format!("付款没有开始：{e}"), format!("the payment was not begun: {e}")))
            }
            Action::Consent { scope, who, given } => {
                let done = if *given {
                    self.city.consent(&self.app, who, scope).await
                } else {
                    self.city.withdraw(who, scope).await
                };
                done.map_err(|e| e.text())
            }
            Action::Data { collection, look } => {
                let rows = self.city.documents(collection).await;
                self.look(rows.map_err(|e| e.to_string()), look).await
            }
            Action::Counter { counter, key, value } => {
                let key = self.text(key)?;
                match self.city.counter(counter, &key).await {
                    Ok(found) if found == *value => Ok(()),
                    Ok(found) => Err(both(
                        format!("计数器 {counter} 的 {key} 应为 {value}，实际是 {found}"),
                        format!("the counter {counter} is to be {value} for `{key}`, and is {found}"),
                    )),
                    Err(e) => Err(both(e.to_string(), e.to_string())),
                }
            }
            Action::Messages { topic, look } => self.look(Ok(self.city.messages(topic)), look).await,
            Action::Notes { who, look } => {
                let rows = self.city.notes(who).await;
                self.look(rows, look).await
            }
            Action::Payment { which, fields } => self.payment(which, fields).await,
        }
    }

    /// Looks at one payment.
    async fn payment(&self, which: &str, fields: &Conditions) -> Result<(), Text> {
        let which = self.text(which)?;
        let all = self.city.payments().await.map_err(|e| both(e.clone(), e))?;
        let one: Vec<Value> = all.into_iter().filter(|p| p["reference"] == which || p["intent"] == which).collect();
        if one.is_empty() {
            return Err(both(format!("没有付款 `{which}`"), format!("there is no payment `{which}`")));
        }
        let look = Look { fields: fields.clone(), count: Some(1), ..Look::default() };
        self.look(Ok(one), &look).await
    }

    /// Whether a step asks for something that would be asked for again after a fault.
    pub(crate) fn is_asking(step: &Step) -> bool {
        matches!(step.action, Action::Request(_) | Action::Message { .. } | Action::Job { .. })
    }

    /// Whether a step is a request that may write.
    pub(crate) fn may_write(step: &Step) -> bool {
        matches!(&step.action, Action::Request(asked) if !matches!(asked.method.as_str(), "GET" | "HEAD" | "OPTIONS"))
    }

    fn text(&self, text: &str) -> Result<String, Text> {
        values::text(text, &self.vars).map_err(unknown)
    }

    fn optional(&self, text: &Option<String>) -> Result<Option<String>, Text> {
        text.as_ref().map(|t| self.text(t)).transpose()
    }

    async fn deliver(&mut self, kind: Kind, event: Event, wanted: Outcome) -> Result<(), Text> {
        let ended = self.city.deliver(Delivery { kind, event, attempt: 1 }).await;
        let found = match &ended {
            Ok(()) => Outcome::Done,
            Err(DeliveryError::Reject(_)) => Outcome::Reject,
            Err(_) => Outcome::Retry,
        };
        if found == wanted {
            return Ok(());
        }
        let how = match ended {
            Ok(()) => both("处理成功", "it was taken"),
            Err(e) => both(format!("结果是 {found:?}：{e}"), format!("it ended as {found:?}: {e}")),
        };
        Err(both(format!("应为 {wanted:?}；{}", how.zh), format!("{wanted:?} was expected, and {}", how.en)))
    }

    async fn request(&mut self, asked: &Asked, wanted: Wanted) -> Result<(), Text> {
        let request = self.built(asked)?;
        let who = asked.who.name.as_deref().and_then(|n| self.scenario.person(n));
        let answered = self.city.request(who, self.presentation(asked), request).await;
        let response =
            answered.map_err(|e| both(format!("应用没有作答：{e}"), format!("the app did not answer: {e}")))?;
        let first = answer::check(&asked.expect, &response, &self.vars);
        match (first, &asked.retry) {
            (Err(_), Some(retry)) if wanted != Wanted::First => answer::check(retry, &response, &self.vars),
            (Err(_), None) if wanted == Wanted::AgainAfterWriting && !response.status().is_server_error() => Ok(()),
            (first, _) => {
                if first.is_ok() {
                    answer::capture(&asked.capture, &response, &self.vars).map(|new| self.vars.extend(new))?;
                }
                first
            }
        }
    }

    fn presentation(&self, asked: &Asked) -> Presentation {
        let who = asked.who.name.as_deref().and_then(|n| self.scenario.person(n));
        let own = who.map_or_else(Presentation::default, |p| p.presentation());
        Presentation { lang: asked.who.language.unwrap_or(own.lang), elder: asked.who.elder.unwrap_or(own.elder) }
    }

    /// The request as the gateway hands it over: with the language of the person's choice.
    fn built(&self, asked: &Asked) -> Result<Request<Bytes>, Text> {
        let (kind, body) = match &asked.payload {
            Payload::None => (None, Bytes::new()),
            Payload::Text(text) => (Some("text/plain; charset=utf-8"), self.text(text)?.into()),
            Payload::Json(json) => {
                let json = values::deep(json, &self.vars).map_err(unknown)?;
                (Some("application/json"), json.to_string().into())
            }
            Payload::Form(fields) => {
                let mut pairs = Vec::new();
                for (name, value) in fields {
                    let value = values::deep(value, &self.vars).map_err(unknown)?;
                    let several = if let Value::Array(items) = value { items } else { vec![value] };
                    let text = |v: Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                    pairs.extend(several.into_iter().map(|v| (name.clone(), text(v))));
                }
                let form = serde_urlencoded::to_string(&pairs).map_err(|e| both(e.to_string(), e.to_string()))?;
                (Some("application/x-www-form-urlencoded"), form.into())
            }
        };
        let path = self.text(&asked.path)?;
        let wrong = |e: &dyn std::fmt::Display| {
            both(format!("这个请求无法发出：{e}"), format!("this request cannot be sent: {e}"))
        };
        let mut request =
            Request::builder().method(asked.method.as_str()).uri(&path).body(body).map_err(|e| wrong(&e))?;
        let headers = request.headers_mut();
        // As a program asks, or as a browser does.
        let api = matches!(asked.payload, Payload::Json(_)) || path.starts_with("/api/");
        let accept = if api { "application/json" } else { "text/html, application/json;q=0.9, */*;q=0.8" };
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(self.presentation(asked).lang.tag()));
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in &asked.headers {
            let name: header::HeaderName = name.parse().map_err(|e| wrong(&e))?;
            let value = HeaderValue::from_str(&self.text(value)?).map_err(|e| wrong(&e))?;
            headers.insert(name, value);
        }
        Ok(request)
    }

    /// Looks at the rows that fit: how many they are, and what each has.
    async fn look(&self, rows: Result<Vec<Value>, String>, look: &Look) -> Result<(), Text> {
        let rows = rows.map_err(|e| both(e.clone(), e))?;
        let total = rows.len();
        let mut fitting = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            pause(n).await;
            if compare::all(&look.r#where, row, &self.vars).map_err(unknown)? {
                fitting.push(row);
            }
        }
        if look.count.is_some_and(|count| count != fitting.len()) || (look.count.is_none() && fitting.is_empty()) {
            let wanted = look.count.map_or_else(|| "≥ 1".to_owned(), |n| n.to_string());
            let all = shown(&rows.iter().collect::<Vec<_>>());
            return Err(both(
                format!("符合条件的应有 {wanted} 条，实际 {} 条（共 {total} 条）{all}", fitting.len()),
                format!("{wanted} that fit are expected, and there are {} of {total}{all}", fitting.len()),
            ));
        }
        for (n, row) in fitting.iter().enumerate() {
            pause(n).await;
            self.has(&look.fields, row)?;
        }
        Ok(())
    }

    fn has(&self, fields: &Conditions, row: &Value) -> Result<(), Text> {
        let Some((path, found)) = compare::first_that_fails(fields, row, &self.vars).map_err(unknown)? else {
            return Ok(());
        };
        let row = shown(&[row]);
        Err(both(
            format!("`{path}` 不符合，实际是 {found}{row}"),
            format!("`{path}` is not as expected but {found}{row}"),
        ))
    }
}

fn shown(rows: &[&Value]) -> String {
    let line = |v: &&Value| format!("\n    {}", v.to_string().chars().take(SHOWN_CHARS).collect::<String>());
    rows.iter().take(SHOWN).map(line).collect()
}
