//! What a step does.

use super::Person;
use super::file::RawStep;
use crate::compare::{self, Conditions};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_model::{Lang, Text};
use yunlong_payments::Behaviour;

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Its line in the file.
    pub(crate) line: usize,
    pub(crate) title: String,
    pub(crate) action: Action,
}

/// What is done, or looked at.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Request(Box<Asked>),
    Message {
        topic: String,
        from: String,
        subject: Option<String>,
        key: Option<String>,
        payload: Value,
        outcome: Outcome,
    },
    Job {
        name: String,
        outcome: Outcome,
    },
    Advance {
        millis: i64,
    },
    Pay {
        intent: String,
        who: String,
        behaviour: Behaviour,
    },
    Consent {
        scope: String,
        who: String,
        given: bool,
    },
    Data {
        collection: String,
        look: Look,
    },
    Counter {
        counter: String,
        key: String,
        value: i64,
    },
    Messages {
        topic: String,
        look: Look,
    },
    Notes {
        who: String,
        look: Look,
    },
    /// A payment, by the app's own number or by the intent.
    Payment {
        which: String,
        fields: Conditions,
    },
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) who: AsWho,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) payload: Payload,
    pub(crate) expect: Expect,
    /// What may come of it when it is asked again after a fault.
    pub(crate) retry: Option<Expect>,
    pub(crate) capture: BTreeMap<String, Capture>,
}

/// Who asks, and how they want pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct AsWho {
    pub(crate) name: Option<String>,
    pub(crate) language: Option<Lang>,
    pub(crate) elder: Option<bool>,
}

/// A request's body.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    None,
    Form(BTreeMap<String, Value>),
    Json(Value),
    Text(String),
}

/// How a message or a job is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Retry,
    Reject,
}

/// What is to come of a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// One or several; below 400 when absent.
    #[serde(default)]
    pub(crate) status: Statuses,
    /// Headers by name; `*` at an end of a value stands for anything.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Texts that the body has.
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    /// Texts that it has not.
    #[serde(default)]
    pub(crate) lacks: Vec<String>,
    /// Conditions of a body of JSON, by path.
    #[serde(default)]
    pub(crate) json: Conditions,
}

/// Statuses of HTTP.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged, expecting = "a status such as 200, or a list of them")]
pub(crate) enum Statuses {
    #[default]
    Below400,
    One(u16),
    Some(Vec<u16>),
}

/// Where a value is taken from: a header, a path of the JSON, or the text of the body; of it the part between two
/// texts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capture {
    pub(crate) header: Option<String>,
    pub(crate) json: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
}

/// What is looked at of a list: those that fit, how many they are, what each of them has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    pub(crate) r#where: Conditions,
    pub(crate) count: Option<usize>,
    pub(crate) fields: Conditions,
}

/// A step that cannot be.
pub(crate) fn refused(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

/// The words that go with each of the first group.
fn allowed(verb: &str) -> &'static [&'static str] {
    match verb {
        "request" => &["as", "language", "elder", "headers", "form", "json", "text", "expect", "retry", "capture"],
        "message" => &["from", "subject", "key", "payload", "outcome"],
        "job" => &["outcome"],
        "pay" => &["as", "outcome"],
        "consent" | "withdraw" => &["as"],
        "data" | "messages" | "notes" => &["where", "count", "fields"],
        "counter" => &["key", "value"],
        "payment" => &["fields"],
        _ => &[],
    }
}

impl Step {
    /// A step of the words that stand there.
    pub(crate) fn of(raw: RawStep, line: usize, people: &[Person], default_source: &str) -> Result<Self, Text> {
        let verbs = raw.verbs();
        let [verb] = verbs[..] else {
            return Err(refused(
                format!("一个步骤只做一件事，这里有 {} 件：{}", verbs.len(), verbs.join("、")),
                format!("a step does one thing, and this one has {}: {}", verbs.len(), verbs.join(", ")),
            ));
        };
        if let Some(word) = raw.adverbs().into_iter().find(|w| !allowed(verb).contains(w)) {
            let words = allowed(verb).join(", ");
            return Err(refused(
                format!("`{word}` 不能与 `{verb}` 同用；可用的有：{words}"),
                format!("`{word}` does not go with `{verb}`, which takes: {words}"),
            ));
        }
        for who in raw.r#as.iter().chain(&raw.notes) {
            if !people.iter().any(|p| p.name == *who) {
                return Err(stranger(who, people));
            }
        }
        let title = raw.title.clone();
        let target = [&raw.request, &raw.message, &raw.job, &raw.advance, &raw.pay, &raw.consent, &raw.withdraw]
            .into_iter()
            .chain([&raw.data, &raw.counter, &raw.messages, &raw.notes, &raw.payment])
            .flatten()
            .next()
            .cloned()
            .unwrap_or_default();
        let shown = if verb == "request" { target.clone() } else { format!("{verb} {target}") };
        let action = action(raw, verb, target, default_source)?;
        Ok(Self { line, title: title.unwrap_or(shown), action })
    }
}

impl Step {
    /// How many comparisons it makes.
    pub(crate) fn weight(&self) -> usize {
        let expect = |e: &Expect| e.headers.len() + e.contains.len() + e.lacks.len() + compare::weight(&e.json);
        match &self.action {
            Action::Request(asked) => {
                expect(&asked.expect) + asked.retry.as_ref().map_or(0, expect) + asked.capture.len()
            }
            Action::Data { look, .. } | Action::Messages { look, .. } | Action::Notes { look, .. } => {
                compare::weight(&look.r#where) + compare::weight(&look.fields)
            }
            Action::Payment { fields, .. } => compare::weight(fields),
            _ => 0,
        }
    }
}

fn stranger(who: &str, people: &[Person]) -> Text {
    let names: Vec<&str> = people.iter().map(|p| p.name.as_str()).collect();
    let near = super::read::nearest(who, &names);
    let (zh, en) = near.map_or_else(Default::default, |n| (format!("，是否指 `{n}`？"), format!("; is `{n}` meant?")));
    refused(format!("[[people]] 中没有 `{who}`{zh}"), format!("there is no `{who}` in [[people]]{en}"))
}

fn action(raw: RawStep, verb: &str, target: String, default_source: &str) -> Result<Action, Text> {
    let somebody = || {
        raw.r#as.clone().ok_or_else(|| {
            refused(format!("`{verb}` 要写明是谁：as = \"…\""), format!("`{verb}` wants to know who: as = \"…\""))
        })
    };
    let look = || Look {
        r#where: raw.r#where.clone().unwrap_or_default(),
        count: raw.count,
        fields: raw.fields.clone().unwrap_or_default(),
    };
    Ok(match verb {
        "message" => Action::Message {
            topic: target,
            from: raw.from.map_or_else(
                || default_source.to_owned(),
                |f| if f.starts_with('/') { f } else { format!("/installations/{f}") },
            ),
            subject: raw.subject,
            key: raw.key,
            payload: raw.payload.unwrap_or(Value::Null),
            outcome: outcome(raw.outcome.as_deref())?,
        },
        "job" => Action::Job { name: target, outcome: outcome(raw.outcome.as_deref())? },
        "advance" => Action::Advance { millis: duration(&target)? },
        "pay" => Action::Pay { who: somebody()?, intent: target, behaviour: behaviour(raw.outcome.as_deref())? },
        "consent" | "withdraw" => Action::Consent { who: somebody()?, scope: target, given: verb == "consent" },
        "data" => Action::Data { look: look(), collection: target },
        "messages" => Action::Messages { look: look(), topic: target },
        "notes" => Action::Notes { look: look(), who: target },
        "payment" => Action::Payment {
            which: target,
            fields: raw.fields.filter(|f| compare::weight(f) > 0).ok_or_else(|| {
                refused("`payment` 要写明 fields，例如 fields = { held = 100 }", "`payment` wants `fields`, such as fields = { held = 100 }")
            })?,
        },
        "counter" => Action::Counter {
            counter: target,
            key: raw.key.unwrap_or_default(),
            value: raw.value.ok_or_else(|| refused("`counter` 要写明 value", "`counter` wants a `value`"))?,
        },
        _ => Action::Request(Box::new(request(raw, &target)?)),
    })
}

fn request(raw: RawStep, target: &str) -> Result<Asked, Text> {
    let wrong = || {
        refused(
            format!("request 要写成 \"GET /路径\"，而不是 \"{target}\""),
            format!("a request is written as \"GET /path\", not \"{target}\""),
        )
    };
    let (method, path) = target.split_once(' ').ok_or_else(wrong)?;
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) || !path.starts_with(['/', '$']) {
        return Err(wrong());
    }
    let payload = match (raw.form, raw.json, raw.text) {
        (None, None, None) => Payload::None,
        (Some(form), None, None) => Payload::Form(form),
        (None, Some(json), None) => Payload::Json(json),
        (None, None, Some(text)) => Payload::Text(text),
        _ => return Err(refused("form、json、text 只能有一个", "a request has one of form, json and text")),
    };
    Ok(Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        who: AsWho { name: raw.r#as, language: raw.language, elder: raw.elder },
        headers: raw.headers.unwrap_or_default(),
        payload,
        expect: raw.expect.unwrap_or_default(),
        retry: raw.retry,
        capture: raw.capture.unwrap_or_default(),
    })
}

fn outcome(word: Option<&str>) -> Result<Outcome, Text> {
    match word {
        None | Some("done") => Ok(Outcome::Done),
        Some("retry") => Ok(Outcome::Retry),
        Some("reject") => Ok(Outcome::Reject),
        Some(other) => Err(refused(
            format!("outcome 不能是 `{other}`：done、retry 或 reject"),
            format!("outcome `{other}`: one of done, retry, reject"),
        )),
    }
}

fn behaviour(word: Option<&str>) -> Result<Behaviour, Text> {
    Ok(match word {
        None | Some("succeed") => Behaviour::Succeed,
        Some("fail") => Behaviour::Fail,
        Some("repeat") => Behaviour::Repeat { times: 3 },
        Some("fail-refund") => Behaviour::FailRefund,
        Some("lose") => Behaviour::Lose,
        Some(other) => match other.strip_prefix("delay ").map(duration) {
            Some(millis) => Behaviour::Delay { millis: u64::try_from(millis?).unwrap_or(0) },
            None => {
                return Err(refused(
                    format!(
                        "付款的 outcome 不能是 `{other}`：succeed、fail、repeat、fail-refund、lose 或 \"delay 5m\""
                    ),
                    format!(
                        "outcome `{other}` of a payment: one of succeed, fail, repeat, fail-refund, lose, \"delay 5m\""
                    ),
                ));
            }
        },
    })
}

/// The longest time that one step lets pass: ten years, so that no clock comes to the end of its numbers.
const LONGEST_MILLIS: i64 = 3_660 * 86_400_000;

/// `90s`, `15m`, `2h`, `3d`, `500ms`: milliseconds.
fn duration(text: &str) -> Result<i64, Text> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    number
        .parse::<i64>()
        .ok()
        .and_then(|n| n.checked_mul(unit))
        .filter(|n| (1..=LONGEST_MILLIS).contains(n))
        .ok_or_else(|| {
            refused(
                format!("`{text}` 不是一段时间：写成 90s、15m、2h 或 3d，最长 3660d"),
                format!("`{text}` is no time: write 90s, 15m, 2h or 3d, 3660d at most"),
            )
        })
}
