//! `yunlong test`: plays an app's scenarios in small cities of this process.

use crate::compiled;
use crate::progress::Progress;
use crate::refusal::{Refusal, both};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use yunlong_model::Lang;
use yunlong_workbench::{App, Options, Report, Sandbox, Shard};

/// `yunlong test`.
#[derive(Args, Debug)]
pub(crate) struct Test {
    /// The folder with app.toml
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// The scenarios; `scenarios` in the app's folder by default
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// Play only files whose name has this in it
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// The component; by default what `yunlong build` makes of the folder, which is done first
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Build nothing: play what was built last
    #[arg(long)]
    no_build: bool,
    /// Play each scenario again for each host call, which is cut off or answers an error
    #[arg(long)]
    faults: bool,
    /// Of the plays with faults only this part, such as 2/5, so that several machines share them
    #[arg(long, value_name = "K/N", requires = "faults")]
    shard: Option<Shard>,
    /// Cities at once; one for each core by default
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Write a report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a report as a page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Leave the journal of each request that fails in this folder: see `yunlong guide replay`
    #[arg(long, value_name = "DIR")]
    journals: Option<PathBuf>,
    /// The language of the report; that of the terminal by default
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// The folder of compiled components; `yunlong/workbench` of the user's cache by default
    #[arg(long, env = "YUNLONG_WORKBENCH_CACHE", value_name = "DIR")]
    cache: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    Zh,
    En,
}

/// Plays; ends with 1 when a scenario failed, with 2 when nothing was played.
pub(crate) fn run(options: &Test) -> ExitCode {
    let lang = options.lang.map_or_else(yunlong_cli::lang, |l| match l {
        Language::Zh => Lang::Zh,
        Language::En => Lang::En,
    });
    match play(options, lang) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(refusal) => refusal.told(lang),
    }
}

fn play(options: &Test, lang: Lang) -> Result<bool, Refusal> {
    let component = yunlong_cli::ready_component(&options.dir, options.component.as_deref(), options.no_build);
    let component = component.map_err(|e| {
        let next = e.next();
        Refusal { problem: both(e.text(Lang::Zh), e.to_string()), next: both(next.clone(), next) }
    })?;
    let app = App::read(&options.dir, &component)?;
    let folder = options.scenarios.clone().unwrap_or_else(|| options.dir.join("scenarios"));
    let (mut scenarios, invariants) = yunlong_workbench::read_folder(&folder, &app.manifest)?;
    if let Some(only) = &options.only {
        scenarios.retain(|s| s.file.contains(only.as_str()));
        if scenarios.is_empty() {
            return Err(Refusal {
                problem: both(
                    format!("没有文件名含“{only}”的场景"),
                    format!("no scenario's file has `{only}` in its name"),
                ),
                next: both("请检查 --only", "look at --only"),
            });
        }
    }
    let sandbox = sandbox(options)?;
    let jobs = options.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let shard = options.shard.unwrap_or(Shard::WHOLE);
    let settings = Options { jobs, faults: options.faults, shard, limits: None };
    let progress: Arc<dyn yunlong_workbench::Progress> = Arc::new(Told::new(lang));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(machine)?;
    let report =
        runtime.block_on(yunlong_workbench::run(&app, scenarios, &invariants, &sandbox, settings, &progress))?;
    drop(progress);
    write(options, &report, lang)?;
    print!("{}", yunlong_workbench::text(&report, lang));
    Ok(report.passed())
}

fn machine(e: std::io::Error) -> Refusal {
    Refusal {
        problem: both(format!("系统无法运行测试：{e}"), format!("the machine cannot run tests: {e}")),
        next: both("请检查内存与进程数上限", "look at the limits of memory and processes"),
    }
}

fn write(options: &Test, report: &Report, lang: Lang) -> Result<(), Refusal> {
    let junit = options.junit.as_ref().map(|path| (path, yunlong_workbench::junit(report, lang)));
    let html = options.html.as_ref().map(|path| (path, yunlong_workbench::html(report, lang)));
    for (path, text) in junit.into_iter().chain(html) {
        std::fs::write(path, text).map_err(|e| unusable(path, &e))?;
    }
    Ok(())
}

fn unusable(path: &Path, e: &std::io::Error) -> Refusal {
    let shown = path.display();
    Refusal {
        problem: both(format!("{shown}：{e}"), format!("{shown}: {e}")),
        next: both("请检查该文件夹是否存在、能否写入", "check that the folder is there and may be written"),
    }
}

/// The cache of compiled code, and the key that its files are known by.
fn sandbox(options: &Test) -> Result<Sandbox, Refusal> {
    let cache = options.cache.clone().or_else(|| compiled::folder("workbench")).ok_or_else(|| Refusal {
        problem: both("不知道用户的缓存文件夹在哪里", "the user's cache folder is not known"),
        next: both("请用 --cache 指定", "name one with --cache"),
    })?;
    let cache_secret = compiled::key(&cache).map_err(|e| unusable(&cache, &e))?;
    Ok(Sandbox::new(cache.join("compiled"), cache_secret).with_journals(options.journals.clone()))
}

/// Tells how far it is, on standard error.
struct Told {
    what: &'static str,
    state: Mutex<(usize, usize, Option<Progress>)>,
}

impl Told {
    fn new(lang: Lang) -> Self {
        Self { what: lang.pick("场景", "scenarios"), state: Mutex::default() }
    }
}

impl yunlong_workbench::Progress for Told {
    fn planned(&self, more: usize) {
        let Ok(mut state) = self.state.lock() else { return };
        state.0 += more;
        let mut progress = Progress::new(self.what, state.0);
        progress.advance(state.1);
        state.2 = Some(progress);
    }

    fn played(&self, scenario: &str) {
        let Ok(mut state) = self.state.lock() else { return };
        state.1 += 1;
        if let Some(progress) = &mut state.2 {
            progress.at(scenario);
            progress.advance(1);
        }
    }
}
