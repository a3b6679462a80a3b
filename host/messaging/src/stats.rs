//! Figures for metrics.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use yunlong_model::InstallationName;

/// Figures of one installation's queue. Counts are of this process; a restart starts at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueStats {
    /// The installation.
    pub installation: InstallationName,
    /// Rows that are ready or wait for a retry, as far as the dispatcher has read them: at most
    /// about [`Config::window`](crate::Config::window).
    pub depth: u64,
    /// Deliveries under way.
    pub running: u64,
    /// Deliveries that were acknowledged.
    pub delivered: u64,
    /// Attempts that failed and will be repeated.
    pub retried: u64,
    /// Deliveries that were run again because of a conflict.
    pub conflicts: u64,
    /// Deliveries that became dead letters.
    pub dead: u64,
    /// Whether the queue rests because the installation is not running.
    pub parked: bool,
}

impl QueueStats {
    fn new(installation: &InstallationName) -> Self {
        Self {
            installation: installation.clone(),
            depth: 0,
            running: 0,
            delivered: 0,
            retried: 0,
            conflicts: 0,
            dead: 0,
            parked: false,
        }
    }
}

#[derive(Default)]
pub(crate) struct Stats(Mutex<BTreeMap<InstallationName, QueueStats>>);

impl Stats {
    pub(crate) fn update(&self, installation: &InstallationName, change: impl FnOnce(&mut QueueStats)) {
        let mut all = self.0.lock();
        change(all.entry(installation.clone()).or_insert_with(|| QueueStats::new(installation)));
    }

    pub(crate) fn all(&self) -> Vec<QueueStats> {
        self.0.lock().values().cloned().collect()
    }
}
