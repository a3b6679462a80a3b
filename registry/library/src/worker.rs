//! Checks: begun as soon as something is submitted, one package at a time, since the probes measure.

use crate::{Library, LibraryError};
use std::time::Duration;
use yunlong_publications::{PublicationError, State, SubmissionFilter};

/// What nobody told is looked for this often: checks that a stop cut off, submissions of another process's time.
const LOOK: Duration = Duration::from_secs(10);
/// The log gives leaves within a second.
const SETTLE: Duration = Duration::from_secs(1);

impl Library {
    /// Runs the checks of what is submitted until `stop` completes.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let work = async {
                if let Err(error) = self.check_waiting().await {
                    tracing::warn!(%error, "checks of publications wait for the next try");
                }
                let wait = match self.publications().settle().await {
                    Ok(0) => LOOK,
                    Ok(_) => SETTLE,
                    Err(error) => {
                        tracing::warn!(%error, "events of publications wait for their leaves");
                        LOOK
                    }
                };
                if let Err(error) = self.publications().attest().await {
                    tracing::warn!(%error, "the log does not say yet what stands of all versions");
                }
                tokio::select! {
                    () = self.inner.news.notified() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = work => {}
            }
        }
    }

    /// Has [`Library::run`] look for work now.
    pub fn wake(&self) {
        self.inner.news.notify_one();
    }

    /// Runs the checks of everything that waits for them, those that were begun and cut off among it.
    ///
    /// # Errors
    /// When the store fails. What is wrong with one package does not hold up the others.
    pub async fn check_waiting(&self) -> Result<(), LibraryError> {
        for state in [State::Checking, State::Submitted] {
            let filter = SubmissionFilter { state: Some(state), ..SubmissionFilter::default() };
            let mut before = None;
            loop {
                let page = self.publications().submissions(&filter, before, 100).await?;
                for submission in &page.submissions {
                    if let Err(error) = self.check(submission.number).await {
                        tracing::warn!(submission = submission.number, %error, "its checks did not end");
                    }
                }
                match page.next {
                    Some(next) => before = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// Runs the checks of one submission.
    async fn check(&self, number: u64) -> Result<(), LibraryError> {
        let publications = self.publications();
        let release = publications.release(&publications.submission(number).await?.digest).await?;
        let ended = match self.read(&release).await {
            Ok(package) => publications.check(number, &package, &self.inner.probes).await,
            // It would be refused at each try: the vendor learns why instead of waiting for ever.
            Err(LibraryError::Read(e)) => match e.refusal() {
                Some(why) => publications.unreadable(number, &why).await,
                None => return Err(e.into()),
            },
            Err(e) => return Err(e),
        };
        match ended {
            Ok(findings) => {
                tracing::info!(submission = number, passed = findings.passed(), "checked");
                Ok(())
            }
            // Withdrawn meanwhile, or checked by the other caller.
            Err(PublicationError::StaleChecks(_)) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }
}
