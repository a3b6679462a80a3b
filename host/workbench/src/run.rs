//! Plays all scenarios of an app, several at a time.

use crate::city::unloadable;
use crate::faults::{self, Fault, FaultReport, Finding, Struck};
use crate::play::{Play, Wanted, both};
use crate::report::{Report, ScenarioReport, StepReport};
use crate::sight::Seen;
use crate::{App, Invariants, Sandbox, Scenario, Shard, Violation, WorkbenchError};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout_at;
use yunlong_model::Text;

/// How scenarios are played.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many cities at once.
    pub jobs: usize,
    /// Whether each is played again with faults.
    pub faults: bool,
    /// Which of the plays with faults.
    pub shard: Shard,
    /// How long the plays may take, where nobody waits at a terminal who could end them.
    pub limits: Option<TimeLimits>,
}

/// How long plays may take. What is not played by then is said to be late, and is no failure of the app.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// All plays without faults together.
    pub plain: Duration,
    /// All plays with faults, from the end of that time at the latest.
    pub faults: Duration,
}

/// When plays are cut off.
#[derive(Clone, Copy)]
struct Ends {
    plain: Option<Instant>,
    faults: Option<Instant>,
}

impl Ends {
    fn of(limits: Option<TimeLimits>, began: Instant) -> Self {
        Self { plain: limits.map(|l| began + l.plain), faults: limits.map(|l| began + l.plain + l.faults) }
    }
}

/// What a play comes to, unless the time is over before.
async fn before<T>(end: Option<Instant>, play: impl Future<Output = T>) -> Option<T> {
    match end {
        None => Some(play.await),
        Some(end) if Instant::now() >= end => None,
        Some(end) => timeout_at(end.into(), play).await.ok(),
    }
}

/// Is told how far a run is. Called from several tasks.
pub trait Progress: Send + Sync + 'static {
    /// So many plays are to come, beside those that were told before.
    fn planned(&self, more: usize);
    /// One has ended: of this scenario.
    fn played(&self, scenario: &str);
}

/// What every play needs.
pub(crate) struct Ground {
    pub(crate) app: App,
    pub(crate) invariants: Invariants,
    pub(crate) sandbox: Sandbox,
}

/// How a play without faults ended.
struct Played {
    report: ScenarioReport,
    /// The host calls of each step and of what followed from it.
    calls: Vec<Vec<Seen>>,
}

/// Plays them all. What an app does wrong stands in the report.
///
/// # Errors
/// [`WorkbenchError::Load`] when the component is refused, [`WorkbenchError::City`] when no city can be founded.
pub async fn run(
    app: &App,
    scenarios: Vec<Scenario>,
    invariants: &Invariants,
    sandbox: &Sandbox,
    options: Options,
    progress: &Arc<dyn Progress>,
) -> Result<Report, WorkbenchError> {
    let began = Instant::now();
    let ends = Ends::of(options.limits, began);
    let jobs = options.jobs.max(1);
    let (sandbox, engines) = sandbox.shared_by(jobs).map_err(WorkbenchError::city)?;
    // Held to the end: no city looks for it again.
    let _held = before(ends.plain, engines.compile(&app.component)).await.transpose().map_err(unloadable)?;
    let ground = Arc::new(Ground { app: app.clone(), invariants: invariants.clone(), sandbox });
    let places = Arc::new(Semaphore::new(jobs));
    progress.planned(scenarios.len());
    let mut tasks = JoinSet::new();
    for (n, scenario) in scenarios.into_iter().enumerate() {
        let (ground, places, progress) = (ground.clone(), places.clone(), progress.clone());
        let scenario = Arc::new(scenario);
        tasks.spawn(async move {
            let played = {
                let _place = places.acquire().await;
                match before(ends.plain, play(&ground, &scenario)).await {
                    Some(played) => played?,
                    None => Played { report: ScenarioReport::late(&scenario), calls: Vec::new() },
                }
            };
            progress.played(&scenario.file);
            let mut report = played.report;
            if options.faults && scenario.faults && !report.failed() {
                let planned = faults::planned(&scenario, &played.calls, options.shard);
                let calls = played.calls.iter().map(Vec::len).sum();
                let struck = strike_all(&ground, &scenario, (calls, planned), &places, &progress, ends.faults);
                let struck = struck.await?;
                report.problem = struck_nothing(&struck);
                report.faults = Some(struck);
            }
            Ok::<_, WorkbenchError>((n, report))
        });
    }
    let mut reports = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        reports.push(ended.map_err(WorkbenchError::city)??);
    }
    reports.sort_by_key(|(n, _)| *n);
    Ok(Report {
        app: app.manifest.name.to_string(),
        version: app.manifest.version.to_string(),
        invariants: invariants.len(),
        scenarios: reports.into_iter().map(|(_, r)| r).collect(),
        took: began.elapsed(),
    })
}

async fn play(ground: &Ground, scenario: &Arc<Scenario>) -> Result<Played, WorkbenchError> {
    let began = Instant::now();
    let mut report = ScenarioReport::new(scenario);
    let mut calls = Vec::new();
    let mut play = match Play::begin(&ground.app, scenario, &ground.sandbox).await {
        Ok(play) => play,
        Err(e @ WorkbenchError::City(_)) => {
            report.problem = Some(e.text());
            return Ok(Played { report, calls });
        }
        Err(e) => return Err(e),
    };
    let mut looked_at = None;
    report.problem = broken(ground, scenario, &play, &mut looked_at).await;
    for step in &scenario.steps {
        if report.failed() {
            break;
        }
        let at = Instant::now();
        play.city.sight.begin(None);
        let problem = match play.perform(step, Wanted::First).await {
            Err(problem) => Some(problem),
            Ok(()) => match play.city.settle().await {
                Err(e) => Some(both(e.clone(), e)),
                Ok(()) => {
                    calls.push(play.city.sight.seen());
                    broken(ground, scenario, &play, &mut looked_at).await
                }
            },
        };
        report.steps.push(StepReport { line: step.line, title: step.title.clone(), took: at.elapsed(), problem });
    }
    report.took = began.elapsed();
    Ok(Played { report, calls })
}

/// What is wrong with the invariants. Where nothing was written since they were looked at they hold as they did:
/// statements are about what is stored.
async fn broken(ground: &Ground, scenario: &Arc<Scenario>, play: &Play, looked_at: &mut Option<u64>) -> Option<Text> {
    let now = Some(play.city.commits());
    if *looked_at == now {
        return None;
    }
    *looked_at = now;
    let broken = ground.invariants.broken(&play.city, scenario).await;
    broken.map_or_else(|e| Some(both(e.clone(), e)), |b| told(&b))
}

/// Invariants that do not hold without any fault.
fn told(broken: &[Violation]) -> Option<Text> {
    let first = broken.first()?;
    let rows: String = first.documents.iter().map(|d| format!("\n    {d}")).collect();
    let (name, found) = (&first.name, &first.found);
    Some(both(
        format!("不变量 {name} 不成立（{}）：{found}{rows}", first.title.zh),
        format!("the invariant {name} does not hold ({}): {found}{rows}", first.title.en),
    ))
}

/// What is said when no run with a fault came to the call that was to fail: nothing was tried, and that is not "well".
fn struck_nothing(faults: &FaultReport) -> Option<Text> {
    let (runs, tried) = (faults.runs, faults.runs - (faults.unreached + faults.late).min(faults.runs));
    (tried == 0 && faults.unreached > 0).then(|| {
        both(
            format!("{runs} 次故障运行都没有到达要中断的主机调用：什么也没有试到。每次运行的调用不同（例如取决于时钟或随机数），请在场景中固定时钟，或在步骤上写 faults = false"),
            format!("none of {runs} runs with a fault came to the host call that was to fail, so that nothing was tried: the calls differ from run to run, by the clock or by chance for instance. Fix the clock in the scenario, or give it `faults = false`"),
        )
    })
}

async fn strike_all(
    ground: &Arc<Ground>,
    scenario: &Arc<Scenario>,
    (calls, planned): (usize, Vec<Fault>),
    places: &Arc<Semaphore>,
    progress: &Arc<dyn Progress>,
    end: Option<Instant>,
) -> Result<FaultReport, WorkbenchError> {
    progress.planned(planned.len());
    let mut report = FaultReport { calls, runs: planned.len(), ..FaultReport::default() };
    let mut tasks = JoinSet::new();
    for (n, fault) in planned.into_iter().enumerate() {
        let (ground, scenario, places, progress) = (ground.clone(), scenario.clone(), places.clone(), progress.clone());
        tasks.spawn(async move {
            let _place = places.acquire().await;
            let struck = before(end, faults::strike(&ground, &scenario, &fault)).await;
            progress.played(&scenario.file);
            (n, struck.unwrap_or(Ok(Struck::Late)))
        });
    }
    let mut found: Vec<(usize, Finding)> = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let (n, struck) = ended.map_err(WorkbenchError::city)?;
        match struck? {
            Struck::Well => {}
            Struck::Unreached => report.unreached += 1,
            Struck::Late => report.late += 1,
            Struck::Found(finding) => found.push((n, *finding)),
        }
    }
    found.sort_by_key(|(n, _)| *n);
    report.findings = found.into_iter().map(|(_, f)| f).collect();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_that_struck_nothing_are_no_success() {
        let of = |runs, unreached, late| {
            struck_nothing(&FaultReport { runs, unreached, late, ..FaultReport::default() }).is_some()
        };
        assert!(of(3, 3, 0) && of(3, 2, 1));
        assert!(!of(3, 2, 0), "one came to its call");
        assert!(!of(0, 0, 0), "a scenario without host calls has nothing to fail");
        assert!(!of(3, 0, 3), "what had no time is no failure of the app");
    }
}
