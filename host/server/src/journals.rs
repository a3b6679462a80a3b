//! Journals of failed requests on their way into the store.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use yunlong_installations::{Installations, Level, NewJournal};
use yunlong_model::InstallationName;
use yunlong_runtime::{Journal, Journals};
use yunlong_sealing::Keyring;

/// Journals that are written at once. Of an app that fails all the time more than that are of no use to anybody.
const AT_ONCE: usize = 2;
/// How often what has expired is deleted.
const EXPIRING: Duration = Duration::from_secs(3_600);

/// Hands journals to the installations, which seal and keep them.
pub(crate) struct Kept {
    installations: Arc<Installations>,
    keys: Arc<Keyring>,
    places: Arc<Semaphore>,
}

impl Kept {
    pub(crate) fn new(installations: Arc<Installations>, keys: Arc<Keyring>) -> Self {
        Self { installations, keys, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Journals for Kept {
    fn wanted(&self, installation: &InstallationName) -> bool {
        self.installations.journaling(installation).is_some()
    }

    fn keep(&self, journal: Journal) {
        let name = journal.head.installation.clone();
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            let text = "the journal of this request is not kept: others were being written";
            self.installations.log().append(&name, Level::Info, text, Some(&journal.head.request_id));
            return;
        };
        let (installations, keys) = (self.installations.clone(), self.keys.clone());
        tokio::spawn(async move {
            let _place = place;
            let new = NewJournal {
                request_id: journal.head.request_id.clone(),
                version: journal.head.version.clone(),
                outcome: outcome(&journal),
                file: journal.write().into_bytes().into(),
            };
            // What it holds stands in no log, an error's text included.
            if let Err(error) = installations.keep_journal(&keys, &name, &new).await {
                tracing::warn!(installation = %name, request_id = %new.request_id, %error, "a journal was not kept");
            }
        });
    }
}

/// How it failed, in one word: `trap`, or the status.
fn outcome(journal: &Journal) -> String {
    match (&journal.end.error, &journal.end.answer) {
        (Some(error), _) => error.outcome.clone(),
        (None, Some(answer)) => answer.status.to_string(),
        (None, None) => "unknown".into(),
    }
}

/// Deletes expired journals, at the start and every hour.
pub(crate) async fn expire(installations: Arc<Installations>, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = installations.expire_journals().await {
            tracing::warn!(%error, "expired journals were not deleted; the next hour tries again");
        }
        tokio::select! {
            _ = stop.wait_for(|over| *over) => return,
            () = tokio::time::sleep(EXPIRING) => {}
        }
    }
}
