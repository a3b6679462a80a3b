//! Runs a journal's request again.

use super::file::{Answer, End, Journal, Printed};
use super::player::Difference;
use super::{Tape, end};
use crate::error::{InvocationError, LoadError};
use crate::inspect::HANDLER;
use crate::runtime::Runtime;
use crate::state::{Invocation, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::{Capability, DataRange, Grant, Installation, Status};
use yunlong_model::{Digest, Manifest};

/// How much longer than in the city a replay may take: the machine is another one.
const SLOWER: u32 = 10;
/// How long somebody may look at a guest that stands still.
const STANDING: Duration = Duration::from_secs(24 * 3_600);

/// What is run again.
pub struct Replaying<'a> {
    /// The journal.
    pub journal: &'a Journal,
    /// The component: the one that ran, or one with a change.
    pub component: &'a [u8],
    /// The manifest that the component is checked against, and whose limits hold; the journal's by default.
    pub manifest: Option<Manifest>,
    /// Whether somebody looks at the guest meanwhile: then no limit of time holds.
    pub unhurried: bool,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// How it ended.
    pub end: End,
    /// What it printed.
    pub log: Vec<Printed>,
    /// Which calls were others, the first first; of very many only the first are there.
    pub differences: Vec<Difference>,
    /// How many differences there were.
    pub differing: usize,
    /// How many keys were asked for that had been taken out of the journal: zeros stood in their place.
    pub withheld: usize,
}

/// Why nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The component cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It serves no requests, or in a way that is not journaled.
    #[error("the component does not export {HANDLER}: what else it may serve is not in journals")]
    NotExported,
    /// The file holds no request.
    #[error("the journal's request is no HTTP: {0}")]
    Request(String),
}

impl Replayed {
    /// Whether it ended as the journal says: with the same status, headers and bytes, or for the same reason.
    #[must_use]
    pub fn is_same(&self, journal: &Journal) -> bool {
        match (&self.end.answer, &journal.end.answer) {
            (Some(now), Some(then)) => now.is_same(then),
            (None, None) => match (&self.end.error, &journal.end.error) {
                (Some(now), Some(then)) => now.outcome == then.outcome,
                _ => false,
            },
            _ => false,
        }
    }
}

impl Runtime {
    /// Runs the request of a journal again: each host call is answered from the journal, and no service is asked.
    /// `ready` is called when the component's code is there and nothing of it has run.
    ///
    /// # Errors
    /// [`ReplayError`], when nothing could be run. How the guest ends, and where its calls differ, is no error.
    pub async fn replay(&self, replaying: Replaying<'_>, ready: impl FnOnce() + Send) -> Result<Replayed, ReplayError> {
        let Replaying { journal, component, manifest, unhurried } = replaying;
        let manifest = manifest.unwrap_or_else(|| journal.head.manifest.clone());
        let installation = Arc::new(stand_in(journal, manifest));
        let mut loaded = self.link(&installation, component).await?;
        if loaded.handler.is_none() {
            return Err(ReplayError::NotExported);
        }
        let request = journal.request.again().map_err(ReplayError::Request)?;
        if let Some(loaded) = Arc::get_mut(&mut loaded) {
            let of_time = journal.end.error.as_ref().is_some_and(|e| matches!(e.outcome.as_str(), "cpu" | "deadline"));
            loaded.give_time(|limit| match (unhurried, of_time) {
                (true, _) => STANDING,
                // It is to be stopped there again.
                (false, true) => limit,
                (false, false) => limit.saturating_mul(SLOWER),
            });
        }
        ready();
        let (principal, presentation) = journal.asker.principal();
        let invocation = Invocation { installation, principal, presentation };
        let tape = Tape::play(&journal.calls);
        let id = journal.head.request_id.clone();
        let (store, interceptor) = self.store_with(&loaded, Kind::Request, invocation, id, Some(tape));
        let under_way = loaded.flights.requests.begin();
        let scheme = &journal.head.scheme;
        let ended = self.serve(&loaded, store, interceptor.clone(), request, scheme, &under_way).await;
        let Some(tape) = &interceptor.tape else { return Err(ReplayError::NotExported) };
        let told = tape.told();
        let (differences, differing, withheld) = tape.differences(&ended);
        let end = end(&ended, told.backtrace, usize::MAX);
        let mut replayed = Replayed { end, log: told.log, differences, differing, withheld };
        replayed.leave_what_lies_beyond(journal);
        Ok(replayed)
    }
}

impl Replayed {
    /// A guest that was cut off at a limit would have gone on: of what it calls beyond, the journal knows nothing, so
    /// that it is no difference. The limit may be met a call later, since how a body comes in pieces is in no journal.
    fn leave_what_lies_beyond(&mut self, journal: &Journal) {
        let cut = |outcome: &str| matches!(outcome, "host-calls" | "cpu" | "deadline" | "memory");
        if journal.end.error.as_ref().is_some_and(|e| cut(&e.outcome)) {
            let all = self.differences.len();
            self.differences.retain(|d| d.then.is_some() || d.number <= journal.calls.len());
            self.differing -= all - self.differences.len();
        }
    }
}

impl Tape {
    /// What differed. Of a guest that ran to its end, what it did not ask any more too; one that was stopped would
    /// have asked.
    fn differences(
        &self,
        ended: &Result<http::Response<bytes::Bytes>, InvocationError>,
    ) -> (Vec<Difference>, usize, usize) {
        let Some(player) = self.player() else { return (Vec::new(), 0, 0) };
        let mut player = player.lock();
        if ended.is_ok() {
            player.end();
        }
        let (differences, differing) = player.differences();
        (differences, differing, player.withheld())
    }
}

/// The installation that the guest believes to be in. What it is told of it stands in the journal.
fn stand_in(journal: &Journal, manifest: Manifest) -> Installation {
    let head = &journal.head;
    let grant = |capability| Grant { capability, approved_by: String::new(), approved_at: head.at };
    Installation {
        name: head.installation.clone(),
        app: manifest.name.clone(),
        version: manifest.version.clone(),
        organization: String::new(),
        organization_name: String::new(),
        package_digest: head.package,
        signer: String::new(),
        grants: Capability::of_manifest(&manifest).into_iter().map(grant).collect(),
        manifest: Arc::new(manifest),
        config: BTreeMap::new(),
        values: BTreeMap::new(),
        status: Status::Running,
        installed_at: head.at,
        installed_by: String::new(),
        data: DataRange::default(),
        change: None,
        indexes_due: false,
        roles_due: Vec::new(),
    }
}

impl Journal {
    /// Whether this is the component that ran.
    #[must_use]
    pub fn is_of(&self, component: &[u8]) -> bool {
        self.head.component == Digest::of(component)
    }

    /// The answer of then, when it had one.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        self.end.answer.as_ref()
    }
}
