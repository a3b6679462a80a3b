//! The words of a scenario's file, as they are written. [`super::step`] makes steps of them.

use super::Person;
use super::step::{Capture, Expect};
use crate::compare::Conditions;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use toml::Spanned;
use yunlong_model::{Lang, Text};

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) title: Text,
    /// When it begins, as RFC 3339; 09:00 of 2026-05-01 in China when absent.
    pub(crate) clock: Option<Spanned<String>>,
    /// Whether `--faults` plays it.
    #[serde(default = "yes")]
    pub(crate) faults: bool,
    /// The installation's configuration.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) people: Vec<Spanned<Person>>,
    pub(crate) steps: Vec<Spanned<RawStep>>,
}

fn yes() -> bool {
    true
}

/// A step: one of the first group says what it does, the others how.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawStep {
    pub(crate) title: Option<String>,

    pub(crate) request: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) job: Option<String>,
    pub(crate) advance: Option<String>,
    pub(crate) pay: Option<String>,
    pub(crate) consent: Option<String>,
    pub(crate) withdraw: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) counter: Option<String>,
    pub(crate) messages: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) payment: Option<String>,

    pub(crate) r#as: Option<String>,
    pub(crate) language: Option<Lang>,
    pub(crate) elder: Option<bool>,
    pub(crate) headers: Option<BTreeMap<String, String>>,
    pub(crate) form: Option<BTreeMap<String, Value>>,
    pub(crate) json: Option<Value>,
    pub(crate) text: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) payload: Option<Value>,
    pub(crate) outcome: Option<String>,
    pub(crate) expect: Option<Expect>,
    pub(crate) retry: Option<Expect>,
    pub(crate) capture: Option<BTreeMap<String, Capture>>,
    pub(crate) r#where: Option<Conditions>,
    pub(crate) fields: Option<Conditions>,
    pub(crate) count: Option<usize>,
    pub(crate) value: Option<i64>,
}

impl RawStep {
    /// The words of the first group that are there.
    pub(crate) fn verbs(&self) -> Vec<&'static str> {
        let all = [
            ("request", self.request.is_some()),
            ("message", self.message.is_some()),
            ("job", self.job.is_some()),
            ("advance", self.advance.is_some()),
            ("pay", self.pay.is_some()),
            ("consent", self.consent.is_some()),
            ("withdraw", self.withdraw.is_some()),
            ("data", self.data.is_some()),
            ("counter", self.counter.is_some()),
            ("messages", self.messages.is_some()),
            ("notes", self.notes.is_some()),
            ("payment", self.payment.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(word, _)| word).collect()
    }

    /// The words of the second group that are there.
    pub(crate) fn adverbs(&self) -> Vec<&'static str> {
        let all = [
            ("as", self.r#as.is_some()),
            ("language", self.language.is_some()),
            ("elder", self.elder.is_some()),
            ("headers", self.headers.is_some()),
            ("form", self.form.is_some()),
            ("json", self.json.is_some()),
            ("text", self.text.is_some()),
            ("from", self.from.is_some()),
            ("subject", self.subject.is_some()),
            ("key", self.key.is_some()),
            ("payload", self.payload.is_some()),
            ("outcome", self.outcome.is_some()),
            ("expect", self.expect.is_some()),
            ("retry", self.retry.is_some()),
            ("capture", self.capture.is_some()),
            ("where", self.r#where.is_some()),
            ("fields", self.fields.is_some()),
            ("count", self.count.is_some()),
            ("value", self.value.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(word, _)| word).collect()
    }
}
