//! Scenarios: what stands in `scenarios/*.toml`.

mod file;
pub(crate) mod read;
mod step;

pub use read::{read_files, read_folder};
pub(crate) use step::{Action, Asked, Capture, Expect, Look, Outcome, Payload, Statuses, Step};

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_identity::{AccountKind, Attributes};
use yunlong_model::{Assurance, Kind, Presentation, Text, Timestamp};

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file's name.
    pub file: String,
    /// What it is about.
    pub title: Text,
    /// Whether `--faults` plays it again and again.
    pub faults: bool,
    pub(crate) clock: Timestamp,
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) people: Vec<Person>,
    pub(crate) steps: Vec<Step>,
}

impl Scenario {
    pub(crate) fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.name == name)
    }

    /// How many steps it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has none; such a file is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Somebody who lives in the city.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) kind: Who,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    #[serde(default = "most_sure")]
    pub(crate) assurance: Assurance,
    #[serde(default)]
    pub(crate) language: yunlong_model::Lang,
    #[serde(default)]
    pub(crate) elder: bool,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    #[serde(default)]
    pub(crate) consents: Vec<String>,
}

fn most_sure() -> Assurance {
    Assurance::MultiFactor
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Who {
    #[default]
    Citizen,
    Official,
}

impl From<Who> for AccountKind {
    fn from(who: Who) -> Self {
        match who {
            Who::Citizen => Self::Citizen,
            Who::Official => Self::Official,
        }
    }
}

impl Person {
    pub(crate) fn is_official(&self) -> bool {
        self.kind == Who::Official
    }

    pub(crate) fn principal_kind(&self) -> Kind {
        AccountKind::from(self.kind).principal()
    }

    pub(crate) fn presentation(&self) -> Presentation {
        Presentation { lang: self.language, elder: self.elder }
    }
}
