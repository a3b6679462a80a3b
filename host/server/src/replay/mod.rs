//! `yunlong replay`: runs the request of a journal again, on the machine of whoever writes the app.
//!
//! Nothing of a city is needed: each host call is answered from the journal. The services that the runtime wants are
//! those of an empty city in memory, and are never asked.

mod debugger;
mod told;

use crate::compiled;
use crate::refusal::{Refusal, both};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use yunlong_messaging::Config;
use yunlong_model::clock::ManualClock;
use yunlong_model::{Lang, Manifest};
use yunlong_registry::Limits;
use yunlong_runtime::{
    Insight, Journal, JournalError, LoadError, MAX_COMPONENT, MAX_JOURNAL, OutboundConfig, PoolConfig, ReplayError,
    Replayed, Replaying, Runtime, RuntimeConfig,
};
use yunlong_workbench::Founding;

/// `yunlong replay`.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// The journal, as the console gives it or as `yunlong test` and `yunlong dev` write it with --journals
    #[arg(value_name = "FILE")]
    journal: PathBuf,
    /// The component; by default the newest that was built of the app in this folder
    #[arg(long, value_name = "FILE", conflicts_with = "package")]
    component: Option<PathBuf>,
    /// A package, whose component and app.toml are taken
    #[arg(long, value_name = "FILE")]
    package: Option<PathBuf>,
    /// Wait for gdb or lldb before the app's code begins, which is compiled without optimisation
    #[arg(long)]
    debugger: bool,
    /// Show at most so many differences
    #[arg(long, default_value_t = 20, value_name = "N")]
    differences: usize,
    /// The folder of compiled components; `yunlong/replay` of the user's cache by default
    #[arg(long, env = "YUNLONG_REPLAY_CACHE", value_name = "DIR")]
    cache: Option<PathBuf>,
}

/// What runs, and whether its app.toml came with it.
struct Subject {
    component: Vec<u8>,
    manifest: Option<Manifest>,
}

/// Runs it; ends with 0 when it ended as the journal says by the same calls, with 1 when it did not, with 2 when
/// nothing was run.
pub(crate) fn run(options: &Replay) -> ExitCode {
    let lang = yunlong_cli::lang();
    match replay(options, lang) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(refusal) => refusal.told(lang),
    }
}

fn replay(options: &Replay, lang: Lang) -> Result<bool, Refusal> {
    let journal = journal(&options.journal)?;
    let subject = subject(options)?;
    told::before(&journal, &subject.component, lang);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(machine)?;
    let replayed = runtime.block_on(played(options, &journal, subject, lang))?;
    told::after(&journal, &replayed, options.differences, lang);
    Ok(replayed.is_same(&journal) && replayed.differing == 0)
}

async fn played(options: &Replay, journal: &Journal, subject: Subject, lang: Lang) -> Result<Replayed, Refusal> {
    let insight = if options.debugger { Insight::Debugger } else { Insight::Lines };
    let runtime = sandbox(options, journal, insight).await?;
    let Subject { component, manifest } = subject;
    let replaying = Replaying { journal, component: &component, manifest, unhurried: options.debugger };
    if options.debugger {
        debugger::possible()?;
    }
    let ready = || {
        if options.debugger {
            debugger::wait(lang);
        }
    };
    runtime.replay(replaying, ready).await.map_err(|e| refused(&e))
}

/// A runtime over an empty city.
async fn sandbox(options: &Replay, journal: &Journal, insight: Insight) -> Result<Arc<Runtime>, Refusal> {
    let cache = options.cache.clone().or_else(|| compiled::folder("replay")).ok_or_else(|| Refusal {
        problem: both("不知道用户的缓存文件夹在哪里", "the user's cache folder is not known"),
        next: both("请用 --cache 指定", "name one with --cache"),
    })?;
    let key = compiled::key(&cache).map_err(|e| unusable(&cache, &e))?;
    let pool = PoolConfig { instances: 2 };
    let sandbox = RuntimeConfig {
        cache_secret: Some(key),
        small: pool,
        large: pool,
        concurrent: pool,
        insight,
        outbound: OutboundConfig { max_requests: 0, ..OutboundConfig::default() },
        ..RuntimeConfig::new(cache.join("compiled"), rand::random())
    };
    let founding = Founding {
        domain: "city.invalid".into(),
        clock: Arc::new(ManualClock::new(journal.head.at)),
        sandbox,
        messaging: Config::default(),
        listener: None,
        cashier: false,
    };
    let founded = founding.found().await.map_err(|e| Refusal {
        problem: both(format!("沙箱无法建立：{e}"), format!("the sandbox cannot be set up: {e}")),
        next: both(
            "请检查 --cache 目录能否写入，以及内存是否充足",
            "check that the folder of --cache may be written, and that there is memory",
        ),
    })?;
    Ok(founded.runtime)
}

fn journal(path: &Path) -> Result<Journal, Refusal> {
    let bytes = read(path, MAX_JOURNAL as u64)?;
    Journal::read(&bytes).map_err(|e| {
        let zh = match &e {
            JournalError::NotAJournal => "这不是故障记录文件：第一行没有 yunlong-journal".to_owned(),
            JournalError::Format(n) => format!("故障记录的格式是 {n}，这个版本的 yunlong 不认识"),
            JournalError::TooLarge(n) => format!("文件有 {n} 字节，超过了故障记录的上限"),
            JournalError::CutShort => "故障记录不完整：缺少最后一行".to_owned(),
            JournalError::Line { line, why } => format!("故障记录第 {line} 行有误：{why}"),
        };
        let shown = path.display();
        Refusal {
            problem: both(format!("{shown}：{zh}"), format!("{shown}: {e}")),
            next: both(
                "请从控制台重新下载 .yjournal 文件，并使用与平台同版本的 yunlong",
                "download the .yjournal file again from the console, and use the `yunlong` of the platform's version",
            ),
        }
    })
}

/// The component, and the manifest of a package.
fn subject(options: &Replay) -> Result<Subject, Refusal> {
    if let Some(path) = &options.package {
        let package = yunlong_registry::package::open(path, &Limits::default()).map_err(|e| Refusal {
            problem: both(format!("{}：{e}", path.display()), format!("{}: {e}", path.display())),
            next: both("请用 yunlong package 重新打包", "pack it again with `yunlong package`"),
        })?;
        return Ok(Subject { component: package.component.to_vec(), manifest: Some(package.manifest) });
    }
    let file = match &options.component {
        Some(file) => file.clone(),
        None => yunlong_cli::find_component(Path::new(".")).map_err(|e| {
            let next = both(
                "请在应用的文件夹里运行，或用 --component 指定组件、用 --package 指定安装包",
                "run it in the app's folder, or name a file with --component or --package",
            );
            Refusal { problem: both(e.text(Lang::Zh), e.to_string()), next }
        })?,
    };
    if options.component.is_none() && yunlong_cli::sources::is_older(&file, Path::new(".")) {
        let note = both(
            format!("注意：源文件比 {} 新，重放的是旧的构建；请先运行 yunlong build", file.display()),
            format!(
                "note: there are sources newer than {}: run `yunlong build` to replay what you changed",
                file.display()
            ),
        );
        eprintln!("{}", note.get(yunlong_cli::lang()));
    }
    Ok(Subject { component: read(&file, MAX_COMPONENT)?, manifest: None })
}

/// A file, up to so many bytes.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, Refusal> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| unusable(path, &e))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|e| unusable(path, &e))?;
    if bytes.len() as u64 > most {
        return Err(Refusal {
            problem: both(
                format!("{} 超过 {most} 字节", path.display()),
                format!("{} has more than {most} bytes", path.display()),
            ),
            next: both("请检查文件是否正确", "check that it is the right file"),
        });
    }
    Ok(bytes)
}

fn refused(e: &ReplayError) -> Refusal {
    let (zh, next) = match e {
        ReplayError::Load(LoadError::Compile(_)) => (
            format!("组件无法编译：{e}"),
            both("请重新构建组件，并检查内存是否充足", "build the component again, and check that there is memory"),
        ),
        ReplayError::Load(_) => (
            format!("组件无法载入：{e}"),
            both(
                "请重新构建组件；若 app.toml 也改过，请用 --package 指定新的安装包",
                "build the component again; if app.toml has changed too, name the new package with --package",
            ),
        ),
        ReplayError::NotExported => (
            "组件不提供 wasi:http/incoming-handler：故障记录只含它处理的请求".to_owned(),
            both("请确认组件与故障记录属于同一个应用", "check that the component and the journal are of the same app"),
        ),
        ReplayError::Request(why) => (
            format!("故障记录中的请求不是有效的 HTTP：{why}"),
            both("请从控制台重新下载", "download the journal again from the console"),
        ),
    };
    Refusal { problem: both(zh, e.to_string()), next }
}

fn machine(e: std::io::Error) -> Refusal {
    Refusal {
        problem: both(format!("系统无法运行组件：{e}"), format!("the machine cannot run components: {e}")),
        next: both("请检查内存与进程数上限", "look at the limits of memory and processes"),
    }
}

fn unusable(path: &Path, e: &std::io::Error) -> Refusal {
    let shown = path.display();
    Refusal {
        problem: both(format!("{shown}：{e}"), format!("{shown}: {e}")),
        next: both("请检查该文件是否存在、能否读写", "check that it is there and may be read or written"),
    }
}
