//! The catalogue: what datasets there are, who answers for them, and on which terms they are shared.
//!
//! It is small, so that all of it is in memory. One writer at a time changes it: its commit first, then
//! the copy in memory, in a task that runs on when the caller goes away.

mod check;
mod edit;
mod guide;
mod indexes;
mod schema;
mod seed;

use crate::{Dataset, Hub, HubError, Level, Sharing, keys};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_model::{Timestamp, schema::Schema};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, SharedStore};

pub(crate) use edit::audit_entry;
pub use guide::guide_entry;

/// Where an entry of the catalogue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publication {
    /// Its provider works on it; nobody else sees it, and it holds no records that anybody can read.
    Draft,
    /// Everybody finds it in the catalogue.
    Published,
    /// Nobody can ask for it or read it any more. Its records are kept.
    Withdrawn,
}

impl Publication {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A dataset in the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// What it is.
    pub dataset: Arc<Dataset>,
    /// Where it stands.
    pub publication: Publication,
    /// Grows by one with every change of the entry.
    pub version: u64,
    /// Whether it comes with the platform.
    #[serde(default)]
    pub base: bool,
    /// When it was changed last.
    pub changed: Timestamp,
    /// By whom; `-` for the platform.
    pub changed_by: String,
    /// Indexes that are being built: queries cannot use them yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub building: Vec<Vec<String>>,
    /// Indexes whose rows are to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Vec<String>>,
}

/// The sharing class alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// 无条件共享.
    Unconditional,
    /// 有条件共享.
    Conditional,
    /// 不予共享.
    NotShared,
}

impl Sharing {
    /// Its class.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Unconditional => Class::Unconditional,
            Self::Conditional { .. } => Class::Conditional,
            Self::NotShared { .. } => Class::NotShared,
        }
    }
}

impl Level {
    /// Whether this platform is built for data of the level.
    #[must_use]
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::General | Self::Important)
    }
}

/// What somebody looks for in the catalogue. What is empty fits every entry.
#[derive(Clone, Debug, Default)]
pub struct CatalogueFilter {
    /// Stands in the code, the title, the summary, or the name or title of an item.
    pub text: String,
    /// The category.
    pub category: Option<crate::Category>,
    /// The provider.
    pub provider: String,
    /// The sharing class.
    pub class: Option<Class>,
}

impl CatalogueFilter {
    fn fits(&self, dataset: &Dataset) -> bool {
        self.category.is_none_or(|c| dataset.category == c)
            && (self.provider.is_empty() || dataset.provider == self.provider)
            && self.class.is_none_or(|c| dataset.sharing.class() == c)
            && self.fits_text(dataset)
    }

    fn fits_text(&self, dataset: &Dataset) -> bool {
        let wanted = self.text.trim().to_lowercase();
        if wanted.is_empty() {
            return true;
        }
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let both = |text: &yunlong_model::Text| has(&text.zh) || has(&text.en);
        has(&dataset.id)
            || both(&dataset.title)
            || both(&dataset.summary)
            || dataset.items.iter().any(|i| has(&i.name) || both(&i.title))
    }
}

/// An entry with what is derived from it once.
pub(crate) struct Live {
    pub(crate) entry: CatalogueEntry,
    /// The compiled JSON Schema of a record.
    pub(crate) schema: Option<Schema>,
}

impl Live {
    pub(crate) fn new(entry: CatalogueEntry) -> Result<Arc<Self>, HubError> {
        let compile = |schema| {
            Schema::compile(schema)
                .map_err(|e| HubError::invalid("schema", format!("JSON Schema 有误：{e}"), e.to_string()))
        };
        let schema = entry.dataset.schema.as_ref().map(compile).transpose()?;
        Ok(Arc::new(Self { entry, schema }))
    }

    pub(crate) fn dataset(&self) -> &Arc<Dataset> {
        &self.entry.dataset
    }
}

/// All entries, by their code.
#[derive(Clone, Default)]
pub(crate) struct Catalogue(BTreeMap<String, Arc<Live>>);

impl Catalogue {
    pub(crate) async fn load(store: &SharedStore) -> Result<Self, HubError> {
        let mut all = BTreeMap::new();
        // A city has some thousand datasets at most.
        for row in store.scan(&keys::datasets().children(), Direction::Ascending, usize::MAX).await? {
            let entry: CatalogueEntry = from_json(&row.key, &row.value)?;
            all.insert(entry.dataset.id.clone(), Live::new(entry)?);
        }
        Ok(Self(all))
    }
}

impl Catalogue {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Live>> {
        self.0.values()
    }
}

impl Hub {
    /// The datasets that are published, by their code.
    #[must_use]
    pub fn datasets(&self) -> Vec<Arc<Dataset>> {
        let all = self.inner.catalogue.read().clone();
        let published = all.0.values().filter(|l| l.entry.publication == Publication::Published);
        published.map(|l| l.dataset().clone()).collect()
    }

    /// A dataset that is published.
    #[must_use]
    pub fn dataset(&self, id: &str) -> Option<Arc<Dataset>> {
        let live = self.live(id)?;
        (live.entry.publication == Publication::Published).then(|| live.dataset().clone())
    }

    /// An entry of the catalogue, wherever it stands.
    #[must_use]
    pub fn catalogue_entry(&self, id: &str) -> Option<CatalogueEntry> {
        self.live(id).map(|l| l.entry.clone())
    }

    /// The entries that somebody may see and that fit, by their code: what is published, and what the
    /// viewer's own organization provides; a system administrator sees all.
    #[must_use]
    pub fn catalogue(&self, filter: &CatalogueFilter, viewer: Option<&crate::Actor>) -> Vec<CatalogueEntry> {
        let all = self.inner.catalogue.read().clone();
        let sees = |l: &&Arc<Live>| {
            l.entry.publication == Publication::Published
                || viewer.is_some_and(|v| v.system_admin || v.acts_for(&l.dataset().provider))
        };
        let fitting = all.0.values().filter(sees).filter(|l| filter.fits(l.dataset()));
        fitting.map(|l| l.entry.clone()).collect()
    }

    /// Former descriptions of a dataset, the newest first, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn catalogue_history(&self, id: &str, limit: usize) -> Result<Vec<CatalogueEntry>, HubError> {
        let range = keys::dataset_versions(id).children();
        let rows = self.inner.store.scan(&range, Direction::Descending, limit).await?;
        rows.iter().map(|r| from_json(&r.key, &r.value).map_err(HubError::from)).collect()
    }

    pub(crate) fn live(&self, id: &str) -> Option<Arc<Live>> {
        self.inner.catalogue.read().0.get(id).cloned()
    }

    /// As [`Hub::live`], of what is not withdrawn.
    pub(crate) fn live_or_refused(&self, id: &str) -> Result<Arc<Live>, HubError> {
        self.live(id)
            .filter(|l| l.entry.publication != Publication::Withdrawn)
            .ok_or_else(|| HubError::NoSuchDataset(id.to_owned()))
    }
}
