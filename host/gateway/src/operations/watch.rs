//! Watching a newer release: a canary, or one that took charge. One that is not well, hangs, or fails more
//! often than the one before, gives charge back by itself within seconds.
//!
//! A request that hangs has failed long before its limit of time says so, which may be a minute. It counts from the
//! moment on in which it has taken longer than any should, and with the release that is left it ends: it would keep
//! its place from those of the release that comes back.

use super::{Asked, OperationError, Operations, PLATFORM};
use std::time::Duration;
use yunlong_installations::{Installation, Stage, Status, Why};
use yunlong_model::{Digest, InstallationName};
use yunlong_runtime::{InvocationError, Outcomes};

/// How often it is looked.
const TICK: Duration = Duration::from_millis(500);
/// Its health is asked for every so many ticks.
const HEALTH_TICKS: u32 = 3;
/// How often in a row it must be ill: once may be a moment's trouble.
const ILL: u32 = 2;
/// The times that count for its errors: a short one, so that a busy app is back within ten seconds,
/// and a long one, so that a quiet app has calls enough to judge by.
const WINDOWS: [Duration; 2] = [Duration::from_secs(8), Duration::from_secs(60)];
/// How far back the one in charge is looked at beside a canary.
const BASELINE: Duration = Duration::from_secs(60);
/// A request that takes longer than this hangs: a person has given up by then.
const PATIENCE: Duration = Duration::from_secs(3);
/// An app that is slow by its nature is given so many times as long as its slowest request took before.
const SLACK: u32 = 2;
/// Fewer errors than this are chance.
const FEWEST: u64 = 3;
/// What is taken for known of every app before it is looked at, as calls and errors: without it, one
/// that nobody has called yet would count as one that never fails.
const PRIOR: (f64, f64) = (20.0, 1.0);
/// How sure one has to be (G-test): equal rates come so far apart once in some tens of thousands of
/// looks, and a trial has about a thousand, most of them at the same calls.
const SURE: f64 = 8.0;
/// How sure when no call has succeeded: three calls where one in twenty used to fail.
const SURE_OF_NONE: f64 = 8.9;

/// Whether a newer release fails so much more often than the one before that it must go: at least
/// twice as often, and not by chance.
#[allow(clippy::cast_precision_loss, reason = "calls of a minute are far below 2^52")]
fn worse(newer: Outcomes, before: Outcomes) -> bool {
    let doubled =
        u128::from(newer.errors) * u128::from(before.total) >= 2 * u128::from(before.errors) * u128::from(newer.total);
    if newer.errors < FEWEST || !doubled {
        return false;
    }
    let (n, e) = (newer.total as f64, newer.errors as f64);
    let (n0, e0) = (before.total as f64 + PRIOR.0, before.errors as f64 + PRIOR.1);
    if e / n <= e0 / n0 {
        return false;
    }
    if newer.errors >= newer.total {
        return n * (n0 / e0).ln() >= SURE_OF_NONE;
    }
    // How much better two rates explain what is seen than one for both does.
    let one = (e + e0) / (n + n0);
    let gain = |count: f64, of: f64, rate: f64| if count > 0.0 { count * (count / of / rate).ln() } else { 0.0 };
    gain(e, n, one) + gain(n - e, n, 1.0 - one) + gain(e0, n0, one) + gain(n0 - e0, n0, 1.0 - one) >= SURE
}

/// What is looked at.
struct Watched {
    package: Digest,
    before: Outcomes,
    /// A request that takes longer hangs.
    patience: Duration,
}

impl Watched {
    fn new(package: Digest, before: Outcomes, slowest: Duration) -> Self {
        Self { package, before, patience: PATIENCE.max(slowest * SLACK) }
    }

    /// What is wrong with its calls: those that `ended` in some time, and those that hang.
    fn trouble(&self, ended: Outcomes, waiting: u64) -> Option<Why> {
        let before = self.before;
        if worse(ended, before) {
            return Some(Why::Errors {
                failed: ended.errors,
                of: ended.total,
                failed_before: before.errors,
                of_before: before.total,
            });
        }
        let with_those = Outcomes { total: ended.total + waiting, errors: ended.errors + waiting };
        let longer_than_ms = self.patience.as_millis().try_into().unwrap_or(u64::MAX);
        (waiting > 0 && worse(with_those, before)).then_some(Why::Hangs { waiting, longer_than_ms })
    }
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
                return self.settle(name, &i.package_digest, &trial.former.package_digest).await;
            }
            match i.status {
                // Requests wait: there is nothing to see.
                Status::Migrating => continue,
                Status::Running => {}
                Status::Installing | Status::Stopped | Status::Failed(_) | Status::Recalled => return Ok(()),
            }
            if change.problem.is_some() {
                continue;
            }
            let watched = self.watched(&i);
            let apps = &self.services.apps;
            let waiting = apps.waiting(name, &watched.package, watched.patience);
            let lately = WINDOWS.map(|w| apps.outcomes(name, &watched.package, w));
            if let Some(why) = lately.into_iter().find_map(|ended| watched.trouble(ended, waiting)) {
                self.leave(name, &watched, &why).await?;
                continue;
            }
            ticks += 1;
            if ticks.is_multiple_of(HEALTH_TICKS) {
                match self.healthy(name, Some(&watched.package)).await {
                    Err(e) if !e.is_platforms() => ill += 1,
                    // Its own requests, which hang, have taken all places.
                    Err(InvocationError::Overloaded(_)) if waiting > 0 => ill += 1,
                    _ => ill = 0,
                }
                if ill >= ILL {
                    ill = 0;
                    self.leave(name, &watched, &Why::Ill).await?;
                }
            }
        }
    }

    fn watched(&self, i: &Installation) -> Watched {
        let apps = &self.services.apps;
        match i.change.as_ref().map(|c| &c.stage) {
            Some(Stage::Canary(canary)) => {
                let before = apps.outcomes(&i.name, &i.package_digest, BASELINE);
                let slowest = apps.slowest(&i.name, &i.package_digest, BASELINE);
                Watched::new(canary.release.package_digest, before, slowest)
            }
            Some(Stage::Trial(trial)) => {
                let before = Outcomes { total: trial.total, errors: trial.errors };
                Watched::new(i.package_digest, before, Duration::from_millis(trial.slowest_ms))
            }
            None => Watched::new(i.package_digest, Outcomes::default(), Duration::ZERO),
        }
    }

    /// The trial is over: the release before is put away. What was seen before the turn may be over by now: the
    /// release before may have charge again, and must not be taken from under it.
    async fn settle(&self, name: &InstallationName, package: &Digest, former: &Digest) -> Result<(), OperationError> {
        let _turn = self.turn(name).await;
        let now = self.services.clock.now();
        let over = |i: &Installation| {
            let trial = i.trial().filter(|t| t.until <= now && t.former.package_digest == *former);
            i.package_digest == *package && trial.is_some()
        };
        if !self.services.installations.get(name).is_some_and(|i| over(&i)) {
            return Ok(());
        }
        self.services.installations.settle(name).await?;
        self.services.apps.unstage(name, former);
        tracing::info!(installation = %name, "the trial of the new release is over");
        Ok(())
    }

    /// Falls back from a release, and ends its requests that hang. Where it has to stay, their own limits hold again.
    async fn leave(&self, name: &InstallationName, watched: &Watched, why: &Why) -> Result<(), OperationError> {
        let (apps, package) = (&self.services.apps, &watched.package);
        if apps.waiting(name, package, watched.patience) > 0 {
            apps.hasten(name, package, Some(watched.patience));
        }
        let left = self.fall_back(name, package, why).await;
        if self.services.installations.get_release(name, package).is_some() {
            apps.hasten(name, package, None);
        }
        left
    }

    /// Takes charge away from the newer release of this package, which must go, and says why. Where the one before
    /// does not read all that was written, nothing is done but to call a person.
    pub(super) async fn fall_back(
        &self,
        name: &InstallationName,
        package: &Digest,
        why: &Why,
    ) -> Result<(), OperationError> {
        let _turn = self.turn(name).await;
        let i = self.get(name)?;
        let Some(change) = &i.change else { return Ok(()) };
        // What was seen of one release says nothing of another that came before the turn did.
        let newer = change.canary().map_or(i.package_digest, |c| c.release.package_digest);
        if newer != *package {
            return Ok(());
        }
        if let Stage::Canary(canary) = &change.stage {
            let (version, by) = (canary.release.version.clone(), canary.by.clone());
            let aborted = self.abort_now(name, PLATFORM, Some(why.clone())).await?;
            let title = (
                format!("版本 {version} 的灰度发布已自动中止"),
                format!("The canary of version {version} was aborted by itself"),
            );
            self.tell(&aborted, &by, (&title.0, &title.1), Some(why)).await;
            return Ok(());
        }
        let Stage::Trial(trial) = &change.stage else { return Ok(()) };
        let asked = Asked {
            version: Some(trial.former.version.clone()),
            accept_unreadable: false,
            why: Some(why.clone()),
            by: PLATFORM.to_owned(),
        };
        match self.roll_back_now(name, trial.former.clone(), &asked).await {
            Ok(back) => {
                let (from, to) = (&i.version, &back.version);
                let title = (
                    format!("已从版本 {from} 自动退回 {to}"),
                    format!("Rolled back by itself from version {from} to {to}"),
                );
                self.tell(&back, &trial.by, (&title.0, &title.1), Some(why)).await;
                Ok(())
            }
            Err(refused) => self.alarm(name, &stuck(why.clone(), &refused)).await,
        }
    }

    /// Writes down what is wrong, and calls those who look after the installation.
    pub(super) async fn alarm(&self, name: &InstallationName, why: &Why) -> Result<(), OperationError> {
        let i = self.services.installations.alarm(name, why).await?;
        let by = i.trial().map_or(i.installed_by.clone(), |t| t.by.clone());
        self.tell(&i, &by, ("新版本需要您处理", "The new version needs your decision"), Some(why)).await;
        tracing::error!(installation = %name, why = why.text().en, "a release needs a person's decision");
        Ok(())
    }
}

/// What is wrong, and that the release before cannot help.
pub(super) fn stuck(why: Why, refused: &OperationError) -> Why {
    Why::Stuck { first: Box::new(why), why: Box::new(refused.why()) }
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
            (of(100, 1_000), of(50, 1_000), true),
            (of(99, 1_000), of(50, 1_000), false),
            (of(100, 1_000), of(90, 1_000), false),
            (of(1_000, 1_000), of(500, 1_000), true),
            (of(1_000, 1_000), of(501, 1_000), false),
        ] {
            assert_eq!(worse(newer, before), expected, "{newer:?} {before:?}");
        }
    }

    #[test]
    fn a_rare_error_that_becomes_four_times_as_frequent_is_worse() {
        // 1 % before, 4 % now: eight seconds at 100 calls a second.
        assert!(worse(of(32, 800), of(60, 6_000)));
        assert!(!worse(of(10, 800), of(60, 6_000)));
        // One in a thousand, of which there was none before, is chance; one in a hundred is not.
        assert!(!worse(of(5, 1_000), of(0, 1_000)));
        assert!(worse(of(20, 1_000), of(0, 1_000)));
    }

    #[test]
    fn a_quiet_app_that_fails_every_call_is_worse_from_the_third_on() {
        for before in [of(0, 0), of(0, 4), of(0, 1_000), of(1, 100)] {
            assert!(!worse(of(1, 1), before) && !worse(of(2, 2), before), "{before:?}");
            assert!(worse(of(3, 3), before), "{before:?}");
        }
        // Where the one before failed as well, it takes more to tell.
        assert!(!worse(of(3, 3), of(2, 4)));
        assert!(!worse(of(100, 100), of(100, 100)));
        // Some of a few calls.
        assert!(!worse(of(3, 20), of(0, 20)));
        assert!(worse(of(10, 20), of(0, 60)));
    }

    #[test]
    fn requests_that_hang_count_as_failed_before_they_end() {
        let first = Digest::of(b"first");
        let watched = Watched::new(first, of(0, 1_000), Duration::from_millis(40));
        assert_eq!(watched.patience, PATIENCE);
        assert_eq!(watched.trouble(of(0, 0), 2), None, "two are chance");
        assert_eq!(watched.trouble(of(0, 0), 3), Some(Why::Hangs { waiting: 3, longer_than_ms: 3_000 }));
        // Some pages hang, the others answer.
        assert_eq!(watched.trouble(of(0, 500), 3), None);
        assert!(watched.trouble(of(0, 100), 20).is_some());
        let errors = Why::Errors { failed: 3, of: 3, failed_before: 0, of_before: 1_000 };
        assert_eq!(watched.trouble(of(3, 3), 5), Some(errors), "what failed is told first");
        let slow = Watched::new(first, of(0, 10), Duration::from_secs(4));
        assert_eq!(slow.patience, Duration::from_secs(8), "an app that was slow before is waited for");
    }

    /// SplitMix64: the same calls in every run.
    struct Calls(u64);

    impl Calls {
        fn fails(&mut self, of_a_thousand: u64) -> bool {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (z ^ (z >> 31)) % 1_000 < of_a_thousand
        }

        /// A trial of ten minutes behind a minute of the version before; answers after how many
        /// seconds it goes back.
        fn trial(&mut self, a_second: u64, before: u64, newer: u64) -> Option<usize> {
            let mut some = |n: u64, rate: u64| of((0..n).filter(|_| self.fails(rate)).count() as u64, n);
            let baseline = some(60 * a_second, before);
            let mut seconds = Vec::new();
            for second in 1..=600 {
                seconds.push(some(a_second, newer));
                for window in WINDOWS {
                    let last = seconds.iter().rev().take(usize::try_from(window.as_secs()).unwrap());
                    let lately = last.fold(of(0, 0), |a, b| of(a.errors + b.errors, a.total + b.total));
                    if worse(lately, baseline) {
                        return Some(second);
                    }
                }
            }
            None
        }
    }

    #[test]
    fn equal_rates_are_no_alarm_and_a_real_change_is_one_within_ten_seconds() {
        let mut calls = Calls(7);
        let mut alarms = 0;
        for (a_second, rate) in [(1, 10), (1, 50), (1, 200), (10, 10), (10, 50), (100, 1), (100, 10), (100, 100)] {
            alarms += (0..10).filter(|_| calls.trial(a_second, rate, rate).is_some()).count();
        }
        assert!(alarms <= 2, "{alarms} of 80 trials of a version that is as good as the one before");
        for (a_second, before, newer) in [(1, 0, 1_000), (3, 10, 500), (100, 50, 150), (100, 10, 60), (300, 10, 40)] {
            let back = calls.trial(a_second, before, newer);
            assert!(back.is_some_and(|s| s <= 10), "{a_second} a second, {before} to {newer} ‰: {back:?}");
        }
    }
}
