//! The app's jobs, and running one now.

use super::super::bench::Bench;
use super::super::error::DevError;
use super::super::layer::PREFIX;
use super::{Asked, Fields, moment};
use crate::demo;
use maud::{Markup, html};

pub(super) async fn page(asked: &Asked<'_>) -> Result<Markup, DevError> {
    let bench = asked.bench;
    let jobs = bench.city.messaging.jobs(&bench.name).await.map_err(DevError::city)?;
    let mut all = Vec::new();
    for job in jobs {
        let runs = bench.city.messaging.job_runs(&bench.name, &job.name, 10).await.map_err(DevError::city)?;
        all.push((job, runs));
    }
    Ok(html! {
        @if all.is_empty() { p { (asked.t("app.toml 没有声明定时任务。", "app.toml declares no jobs.")) } }
        @for (job, runs) in &all {
            h2 { (job.name) }
            p {
                (job.cron)
                @if let Some(next) = job.next { " · " (asked.t("下次 ", "next ")) (moment(next)) }
                @if job.running_since.is_some() { " · " (asked.t("正在运行", "running")) }
                @else if job.asked_by.is_some() { " · " (asked.t("即将运行", "about to run")) }
                @if job.failures > 0 { " · " (asked.t("失败次数 ", "failures ")) (job.failures) }
            }
            form method="post" action={ (PREFIX) "jobs" } {
                button type="submit" name="job" value=(job.name) { (asked.t("立即运行", "Run now")) }
            }
            ul { @for run in runs { li { (format!("{run:?}")) } } }
        }
    })
}

pub(super) async fn run(bench: &Bench, form: &Fields) -> Result<(), DevError> {
    let done = bench.city.gateway.operations().run_job(&bench.name, form.text("job"), demo::BY).await;
    done.map_err(|e| DevError::Refused(e.text()))
}
