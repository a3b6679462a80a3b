//! What becomes of installations when the city recalls a version: they hold still until another one has charge.

use crate::release::HistoryRow;
use crate::upgrade::row;
use crate::{Installation, InstallationError, Installations, Status, Why};
use std::sync::Arc;
use yunlong_model::{Digest, InstallationName};

impl Installations {
    /// The installations in which a package has charge or serves as a canary, stopped ones among them. What was being
    /// committed when this was asked is among them as well.
    pub async fn users_of(&self, package: &Digest) -> Vec<Arc<Installation>> {
        // Whoever commits keeps this until it stands in the map.
        let _one = self.inner.changing.lock().await;
        let uses = |i: &Arc<Installation>| {
            i.package_digest == *package || i.canary().is_some_and(|c| c.release.package_digest == *package)
        };
        self.list().into_iter().filter(uses).collect()
    }

    /// Stops what runs a package that the city recalled; a canary of it ends, and the release in charge serves
    /// everybody again. Data, messages and jobs stay as they are. Answers `None` where there was nothing to do: it is
    /// stopped already, or runs something else by now.
    ///
    /// An upgrade that was not over is: there is nothing to watch, and the next upgrade must not wait for it.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`].
    pub async fn recall(
        &self,
        name: &InstallationName,
        package: &Digest,
        by: &str,
        why: &Why,
    ) -> Result<Option<Arc<Installation>>, InstallationError> {
        let (package, who, why) = (*package, by.to_owned(), why.clone());
        let touches = move |i: &Installation| {
            let canary = i.canary().is_some_and(|c| c.release.package_digest == package);
            let runs = matches!(i.status, Status::Running | Status::Migrating | Status::Failed(_));
            canary || (i.package_digest == package && (runs || i.change.is_some()))
        };
        if !self.get(name).is_some_and(|i| touches(&i)) {
            return Ok(None);
        }
        let detail = format!("{package}: {}", why.text().en);
        let held = self.change_and(name, by, "recalled", detail, move |i, now| {
            if !touches(i) {
                return Ok(Vec::new());
            }
            let charge = i.release();
            let mut rows: Vec<HistoryRow> = Vec::new();
            if let Some(canary) = i.canary() {
                rows.push(row(now, &who, "canary.aborted", &canary.release, Some(&charge), Some(why.clone())));
            }
            if i.package_digest == package {
                if i.status != Status::Stopped {
                    i.status = Status::Recalled;
                }
                rows.push(row(now, &who, "recalled", &charge, None, Some(why.clone())));
            }
            i.change = None;
            Ok(rows)
        });
        Ok(Some(held.await?))
    }
}
