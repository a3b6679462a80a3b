//! Watching a newer release: a canary, or one that took charge. One that is not well, or fails more
//! often than the one before, gives charge back by itself within seconds.

use super::{Asked, OperationError, Operations, PLATFORM};
use std::time::Duration;
use yunlong_installations::{Installation, Stage, Status};
use yunlong_model::{Digest, InstallationName};
use yunlong_runtime::Outcomes;

/// How often it is looked.
const TICK: Duration = Duration::from_millis(500);
/// Its health is asked for every so many ticks.
const HEALTH_TICKS: u32 = 3;
/// How often in a row it must be ill: once may be a moment's trouble.
const ILL: u32 = 2;
/// The time that counts for its errors: the roll-back must come within ten seconds.
const WINDOW: Duration = Duration::from_secs(8);
/// How far back the one in charge is looked at beside a canary.
const BASELINE: Duration = Duration::from_secs(60);
/// Fewer errors than this are chance.
const FEWEST: u64 = 5;
/// An error rate below one in this many is not worth going back for.
const RARE: u64 = 20;

/// Whether a newer release fails so much more often than the one before that it must go: at least
/// twice as often, and not by chance.
fn worse(newer: Outcomes, before: Outcomes) -> bool {
    let (newer_errors, newer_total) = (u128::from(newer.errors), u128::from(newer.total));
    let (errors, total) = (u128::from(before.errors), u128::from(before.total.max(1)));
    newer.errors >= FEWEST
        && newer_errors * u128::from(RARE) >= newer_total
        && newer_errors * total >= 2 * errors * newer_total
}

/// What is looked at.
struct Watched {
    package: Digest,
    before: Outcomes,
}

impl Operations {
    /// Watches the newer release of an installation, if one is on trial or serves as a canary and
    /// nobody watches it.
    pub(super) fn watch(&self, name: &InstallationName) {
        if self.services.installations.get(name).is_none_or(|i| i.change.is_none()) {
            return;
        }
        if !self.shared.watched.lock().insert(name.clone()) {
            return;
        }
        let (me, name) = (self.clone(), name.clone());
        tokio::spawn(async move {
            if let Err(error) = me.watch_on(&name).await {
                tracing::error!(installation = %name, %error, "the new release is watched no longer");
            }
            me.shared.watched.lock().remove(&name);
            // One that began between the last look and now.
            me.watch_again(&name);
        });
    }

    fn watch_again(&self, name: &InstallationName) {
        let waits = |i: &Installation| {
            i.change.as_ref().is_some_and(|c| c.problem.is_none())
                && matches!(i.status, Status::Running | Status::Migrating)
        };
        if self.services.installations.get(name).is_some_and(|i| waits(&i)) {
            self.watch(name);
        }
    }

    async fn watch_on(&self, name: &InstallationName) -> Result<(), OperationError> {
        let (mut ticks, mut ill) = (0_u32, 0);
        loop {
            tokio::time::sleep(TICK).await;
            let Some(i) = self.services.installations.get(name) else { return Ok(()) };
            let Some(change) = &i.change else { return Ok(()) };
            if let Stage::Trial(trial) = &change.stage
                && trial.until <= self.services.clock.now()
            {
                return self.settle(name, &trial.former.package_digest).await;
            }
            match i.status {
                // Requests wait: there is nothing to see.
                Status::Migrating => continue,
                Status::Running => {}
                Status::Installing | Status::Stopped | Status::Failed(_) => return Ok(()),
            }
            if change.problem.is_some() {
                continue;
            }
            let watched = self.watched(&i);
            let lately = self.services.apps.outcomes(name, &watched.package, WINDOW);
            if worse(lately, watched.before) {
                let why = format!(
                    "{} of its last {} calls failed; of the version before it were {} of {}",
                    lately.errors, lately.total, watched.before.errors, watched.before.total
                );
                self.fall_back(name, &why).await?;
                continue;
            }
            ticks += 1;
            if ticks.is_multiple_of(HEALTH_TICKS) {
                match self.healthy(name, Some(&watched.package)).await {
                    Err(e) if !e.is_platforms() => ill += 1,
                    _ => ill = 0,
                }
                if ill >= ILL {
                    ill = 0;
                    self.fall_back(name, "it says that it is not well, twice in a row").await?;
                }
            }
        }
    }

    fn watched(&self, i: &Installation) -> Watched {
        match i.change.as_ref().map(|c| &c.stage) {
            Some(Stage::Canary(canary)) => Watched {
                package: canary.release.package_digest,
                before: self.services.apps.outcomes(&i.name, &i.package_digest, BASELINE),
            },
            Some(Stage::Trial(trial)) => {
                Watched { package: i.package_digest, before: Outcomes { total: trial.total, errors: trial.errors } }
            }
            None => Watched { package: i.package_digest, before: Outcomes::default() },
        }
    }

    /// The trial is over: the release before is put away.
    async fn settle(&self, name: &InstallationName, former: &Digest) -> Result<(), OperationError> {
        let _turn = self.turn(name).await;
        self.services.installations.settle(name).await?;
        self.services.apps.unstage(name, former);
        tracing::info!(installation = %name, "the trial of the new release is over");
        Ok(())
    }

    /// Takes charge away from a newer release that must go, and says why. Where the one before does
    /// not read all that was written, nothing is done but to call a person.
    pub(super) async fn fall_back(&self, name: &InstallationName, why: &str) -> Result<(), OperationError> {
        let _turn = self.turn(name).await;
        let i = self.get(name)?;
        let Some(change) = &i.change else { return Ok(()) };
        if let Stage::Canary(canary) = &change.stage {
            let (version, by) = (canary.release.version.clone(), canary.by.clone());
            let aborted = self.abort_now(name, PLATFORM, why).await?;
            let title = (
                format!("版本 {version} 的灰度发布已自动中止"),
                format!("The canary of version {version} was aborted by itself"),
            );
            self.tell(&aborted, &by, (&title.0, &title.1), why).await;
            return Ok(());
        }
        let Stage::Trial(trial) = &change.stage else { return Ok(()) };
        let asked = Asked {
            version: Some(trial.former.version.clone()),
            accept_unreadable: false,
            why: why.to_owned(),
            by: PLATFORM.to_owned(),
        };
        match self.roll_back_now(name, trial.former.clone(), &asked).await {
            Ok(back) => {
                let (from, to) = (&i.version, &back.version);
                let title = (
                    format!("已从版本 {from} 自动退回 {to}"),
                    format!("Rolled back by itself from version {from} to {to}"),
                );
                self.tell(&back, &trial.by, (&title.0, &title.1), why).await;
                Ok(())
            }
            Err(refused) => self.alarm(name, &format!("{why}. It cannot go back by itself: {refused}")).await,
        }
    }

    /// Writes down what is wrong, and calls those who look after the installation.
    pub(super) async fn alarm(&self, name: &InstallationName, why: &str) -> Result<(), OperationError> {
        let i = self.services.installations.alarm(name, why).await?;
        let by = i.trial().map_or(i.installed_by.clone(), |t| t.by.clone());
        self.tell(&i, &by, ("新版本需要您处理", "The new version needs your decision"), why).await;
        tracing::error!(installation = %name, why, "a release needs a person's decision");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errors: u64, total: u64) -> Outcomes {
        Outcomes { total, errors }
    }

    #[test]
    fn twice_the_errors_of_the_version_before_is_worse_and_chance_is_not() {
        for (newer, before, expected) in [
            (of(0, 1_000), of(0, 1_000), false),
            (of(4, 4), of(0, 1_000), false),
            (of(5, 5), of(0, 1_000), true),
            (of(5, 5), of(0, 0), true),
            (of(5, 1_000), of(0, 1_000), false),
            (of(100, 1_000), of(50, 1_000), true),
            (of(99, 1_000), of(50, 1_000), false),
            (of(100, 1_000), of(90, 1_000), false),
            (of(1_000, 1_000), of(500, 1_000), true),
            (of(1_000, 1_000), of(501, 1_000), false),
        ] {
            assert_eq!(worse(newer, before), expected, "{newer:?} {before:?}");
        }
    }
}
