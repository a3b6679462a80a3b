//! Building an index that was added when there were records already: step by step, beside everybody's work.

use super::CatalogueEntry;
use crate::{Actor, Hub, HubError};

impl Hub {
    /// Removes the rows of indexes that are gone and builds those that are due. It may be cut short at any
    /// place and begun again: a row that is there is written again.
    pub(crate) async fn build_indexes(&self) -> Result<(), HubError> {
        let all = self.inner.catalogue.read().clone();
        let due = |l: &&std::sync::Arc<super::Live>| !l.entry.building.is_empty() || !l.entry.dropped.is_empty();
        for live in all.all().filter(due) {
            let (id, entry) = (live.dataset().id.clone(), &live.entry);
            // First: an index that was dropped and came back is built anew behind it.
            self.drop_indexes(&id, &entry.dropped).await?;
            self.build(&id, &entry.building).await?;
            let (built, dropped) = (entry.building.clone(), entry.dropped.clone());
            self.change_entry(&id, &Actor::platform(), "catalogue.indexed", "", move |now, moment| {
                let now = now.ok_or_else(|| HubError::NoSuchDataset("-".into()))?;
                let mut next: CatalogueEntry = now.next(moment.at);
                next.building.retain(|i| !built.contains(i));
                next.dropped.retain(|i| !dropped.contains(i));
                Ok(next)
            })
            .await?;
        }
        Ok(())
    }
}
