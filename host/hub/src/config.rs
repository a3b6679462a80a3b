//! How the hub is set up: its key, its deadlines and its limits.

use std::time::Duration;
use zeroize::Zeroizing;

/// How the hub is set up.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// What keyed hashes of record keys are computed with, so that no key of the store tells a
    /// resident ID. It must come from a random source and never change: records are found by it.
    pub key: Zeroizing<[u8; 32]>,
    /// Working days until a request is to be accepted or refused for its form.
    pub acceptance_working_days: u32,
    /// Working days until a request is to be decided.
    pub decision_working_days: u32,
    /// Working days until a correction is to be answered.
    pub correction_working_days: u32,
    /// The most rows that a batch of an import may have.
    pub import_batch_rows: usize,
    /// How many days the reports of an import's batches are kept after it ended; its totals stay.
    pub import_report_days: u32,
    /// After how many days a provider is reminded again of a request whose deadline has passed.
    pub reminder_days: u32,
    /// How many days before a grant ends the department that holds it is warned.
    pub grant_warning_days: u32,
    /// The most days that a legal order may hide reads.
    pub order_days: u32,
    /// How many hours a bulk job and its pages are kept.
    pub job_hours: u32,
    /// The most bulk jobs of an installation whose pages are kept.
    pub jobs_per_installation: usize,
    /// The most records of a bulk job.
    pub job_records: u64,
    /// How often the hub looks whether something is due.
    pub tick_every: Duration,
}

impl HubConfig {
    /// The defaults: one working day to accept a request and ten to decide it, as the national measures
    /// on sharing say; ten to answer a correction. Working days are Monday to Friday; there is no
    /// calendar of holidays, so that a deadline may come early after one, and never late.
    #[must_use]
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self {
            key,
            acceptance_working_days: 1,
            decision_working_days: 10,
            correction_working_days: 10,
            // About two commits' worth: more would not make the load faster.
            import_batch_rows: 5_000,
            import_report_days: 30,
            reminder_days: 5,
            // Enough for a request, its ten working days, and a holiday between.
            grant_warning_days: 30,
            // Half a year: whoever needs longer brings a new document.
            order_days: 180,
            job_hours: 24,
            jobs_per_installation: 10,
            job_records: 5_000_000,
            tick_every: Duration::from_secs(30),
        }
    }
}
