//! Memory and open files of one process, and whether they stay flat.

use anyhow::{Result, bail, ensure};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const EVERY: Duration = Duration::from_secs(1);
/// What may be added between the first and the last third behind the warm-up: caches that fill, and
/// the sampling's own chance.
const MEMORY_SHARE: f64 = 0.10;
const MEMORY_MIB: f64 = 24.0;
const FILES: f64 = 24.0;
/// The first part is the warm-up.
const WARM_UP: f64 = 0.25;
/// Seconds of samples that it takes to tell a leak from a warm-up.
const LEAST: f64 = 600.0;

#[derive(Clone, Copy)]
struct Sample {
    at: f64,
    mib: f64,
    files: f64,
}

pub(crate) struct Sampler {
    samples: Arc<Mutex<Vec<Sample>>>,
    task: JoinHandle<()>,
}

fn sample(pid: u32, started: Instant) -> Option<Sample> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib: f64 =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    Some(Sample { at: started.elapsed().as_secs_f64(), mib: kib / 1_024.0, files: files as f64 })
}

impl Sampler {
    pub(crate) fn start(pid: u32) -> Self {
        let samples = Arc::new(Mutex::new(Vec::new()));
        let kept = samples.clone();
        let task = tokio::spawn(async move {
            let started = Instant::now();
            while let Some(sample) = sample(pid, started) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { samples, task }
    }

    fn all(&self) -> Vec<Sample> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest figures.
    pub(crate) fn line(&self) -> String {
        self.all().last().map_or_else(String::new, |s| format!("{:.0} MiB, {:.0} open files", s.mib, s.files))
    }

    /// Judges: flat, or an error.
    pub(crate) async fn finish(self) -> Result<String> {
        self.task.abort();
        let _ = self.task.await;
        let all = self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone();
        judge(&all)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Least squares, per hour.
fn slope(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    let n = samples.len() as f64;
    let (x, y) = (samples.iter().map(|s| s.at).sum::<f64>() / n, samples.iter().map(of).sum::<f64>() / n);
    let over: f64 = samples.iter().map(|s| (s.at - x) * (of(s) - y)).sum();
    let under: f64 = samples.iter().map(|s| (s.at - x).powi(2)).sum();
    if under > 0.0 { over / under * 3_600.0 } else { 0.0 }
}

fn judge(all: &[Sample]) -> Result<String> {
    let (Some(begin), Some(end)) = (all.first(), all.last()) else { bail!("not one sample of memory was taken") };
    if end.at - begin.at < LEAST {
        return Ok(format!(
            "memory {:.0} → {:.0} MiB, open files {:.0} → {:.0} in {:.1} minutes: growth is judged over {:.0} minutes or more",
            begin.mib,
            end.mib,
            begin.files,
            end.files,
            (end.at - begin.at) / 60.0,
            LEAST / 60.0
        ));
    }
    let warm = &all[(all.len() as f64 * WARM_UP) as usize..];
    let third = warm.len() / 3;
    let (first, last) = (&warm[..third], &warm[warm.len() - third..]);
    let of = |part: &[Sample], what: fn(&Sample) -> f64| median(part.iter().map(what).collect());
    let (mib, files) = (|s: &Sample| s.mib, |s: &Sample| s.files);
    let (before, after) = (of(first, mib), of(last, mib));
    let text = format!(
        "memory {before:.0} → {after:.0} MiB ({:+.0} MiB an hour), open files {:.0} → {:.0} ({:+.0} an hour), over {:.1} minutes after the warm-up",
        slope(warm, mib),
        of(first, files),
        of(last, files),
        slope(warm, files),
        (warm[warm.len() - 1].at - warm[0].at) / 60.0
    );
    ensure!(after <= before * (1.0 + MEMORY_SHARE) + MEMORY_MIB, "memory grows: {text}");
    ensure!(of(last, files) <= of(first, files) + FILES, "open files grow: {text}");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(mib: impl Fn(f64) -> f64, files: impl Fn(f64) -> f64) -> Result<String> {
        let all: Vec<Sample> =
            (0..=600).map(f64::from).map(|at| Sample { at, mib: mib(at), files: files(at) }).collect();
        judge(&all)
    }

    #[test]
    fn flat_is_flat_and_a_leak_is_one() {
        let noise = |at: f64| 200.0 + (at * 0.7).sin() * 8.0;
        assert!(run(noise, |_| 60.0).is_ok());
        // A warm-up is none.
        assert!(run(|at| if at < 120.0 { at } else { 220.0 }, |_| 60.0).is_ok());
        assert!(run(|at| 200.0 + at * 0.4, |_| 60.0).unwrap_err().to_string().contains("memory"));
        assert!(run(noise, |at| 60.0 + at * 0.2).unwrap_err().to_string().contains("open files"));
        assert!(judge(&[]).is_err());
    }

    #[test]
    fn a_run_too_short_to_judge_says_so_and_fails_nobody() {
        let leak: Vec<Sample> = (0..30)
            .map(|n| Sample { at: f64::from(n), mib: f64::from(n) * 100.0, files: f64::from(n) * 9.0 })
            .collect();
        let said = judge(&leak).unwrap();
        assert!(said.contains("0 → 2900 MiB") && said.contains("10 minutes or more"), "{said}");
        assert!(judge(&leak[..1]).is_ok());
    }
}
