//! `yunlong dev`: the host in one process, for whoever writes an app.
//!
//! The city is a real one in a folder of its own: the same runtime, gateway, limits and policies. What is special
//! stands around it, in this folder, and nothing of it is in what serves people: a loop that builds and takes over
//! what was built, a layer around the gateway's router with a bar and pages of its own, and faults on purpose.

mod bar;
mod bench;
mod build;
mod error;
mod faults;
mod heard;
mod layer;
mod pages;
mod source;
mod take;
mod who;

use crate::compiled;
use crate::serve::{stop_signal, until};
use crate::settings::LogFormat;
use crate::telemetry::Telemetry;
use bench::Bench;
use clap::Args;
use error::DevError;
use source::Source;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use yunlong_model::{Lang, Manifest};

/// What is under way when it is to stop gets this long; all of it together stays below a second.
const ENDING: Duration = Duration::from_millis(400);
/// The process is gone this long after that was asked of it, whatever happens; then its folder stays behind.
const LAST_RESORT: Duration = Duration::from_secs(3);

/// Serve an app while you write it: built and taken over whenever its files change: see `yunlong guide dev`
#[derive(Args, Debug)]
pub(crate) struct Dev {
    /// The folder with app.toml
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// The port; loopback only
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Keep the city in this folder, for the next time too; by default in one that is erased at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Build nothing: take build/app.wasm as it is, whenever it changes
    #[arg(long)]
    no_build: bool,
    /// The folder of compiled components; `yunlong/dev` of the user's cache by default
    #[arg(long, env = "YUNLONG_DEV_CACHE", value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Leave the journal of each request that fails in this folder: see `yunlong guide replay`
    #[arg(long, value_name = "DIR")]
    journals: Option<PathBuf>,
    /// What to log, as `tracing` filters
    #[arg(long, env = "YUNLONG_LOG", default_value = "warn", value_name = "FILTER")]
    log: String,
}

pub(crate) fn run(options: &Dev) -> ExitCode {
    let lang = yunlong_cli::lang();
    match start(options, lang) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            e.tell(lang);
            ExitCode::FAILURE
        }
    }
}

/// Where the city is. One that was not named goes with this value.
enum Place {
    Named(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

fn start(options: &Dev, lang: Lang) -> Result<(), DevError> {
    let manifest = manifest(&options.dir)?;
    let component = source::component(&options.dir);
    if options.no_build && !component.is_file() {
        return Err(DevError::NoComponent(component));
    }
    let telemetry = Telemetry::start(&options.log, LogFormat::Text, None).map_err(DevError::machine)?;
    let place = match &options.data {
        Some(path) => Place::Named(path.clone()),
        None => Place::Temporary(tempfile::Builder::new().prefix("yunlong-dev-").tempdir().map_err(DevError::machine)?),
    };
    let cache =
        options.cache.clone().or_else(|| compiled::folder("dev")).unwrap_or_else(|| place.path().join("compiled"));
    let key = compiled::key(&cache).map_err(|e| DevError::unusable(&cache, &e))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(DevError::machine)?;
    let outcome = runtime.block_on(serve(options, lang, &manifest, place.path(), (cache.join("components"), key)));
    // Before the folder: nobody may write into it while it is erased.
    runtime.shutdown_timeout(Duration::from_millis(100));
    telemetry.stop();
    if let Place::Temporary(dir) = place {
        let path = dir.path().to_owned();
        dir.close().map_err(|e| DevError::unusable(&path, &e))?;
    }
    outcome
}

/// `app.toml`, read before anything is built or founded.
fn manifest(dir: &Path) -> Result<Manifest, DevError> {
    let path = dir.join("app.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => DevError::NoApp(dir.to_owned()),
        _ => DevError::unusable(&path, &e),
    })?;
    Manifest::parse(&text).map_err(|e| DevError::Manifest(e.text()))
}

async fn serve(
    options: &Dev,
    lang: Lang,
    manifest: &Manifest,
    data: &Path,
    cache: (PathBuf, [u8; 32]),
) -> Result<(), DevError> {
    let signalled = stop_signal(LAST_RESORT).map_err(DevError::machine)?;
    // Before any work: a port that is taken is told at once.
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await.map_err(|e| DevError::Port(options.port, e))?;
    let port = listener.local_addr().map_err(DevError::machine)?.port();
    let own = [&options.data, &options.journals].into_iter().flatten().cloned().collect();
    let mut source = Source::open(&options.dir, own, options.no_build);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let work = async {
        let bench = Bench::found(manifest, port, data, cache, options.journals.clone(), stopped.clone()).await?;
        bench.workers(&mut tasks);
        first(options, lang, &bench, &mut source).await?;
        let (routes, config) = (layer::router(bench.clone()), bench.gateway_config.clone());
        tasks.spawn(yunlong_gateway::serve(listener, routes, config, until(stopped)));
        println!("ready {}", bench.origin());
        follow(options, lang, &bench, &mut source).await;
        Ok(())
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = until(signalled) => Ok(()),
    };
    stop.send_replace(true);
    if tokio::time::timeout(ENDING, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        tasks.shutdown().await;
    }
    outcome
}

/// Builds and installs for the first time. What does not build is waited for: whoever starts may be in the midst of
/// writing.
async fn first(options: &Dev, lang: Lang, bench: &Arc<Bench>, source: &mut Source) -> Result<(), DevError> {
    loop {
        let refused = match round(options, bench, source).await {
            Ok(_) => return Ok(()),
            Err(e @ (DevError::NoComponent(_) | DevError::NoBuilder(_) | DevError::City(_))) => return Err(e),
            Err(e) => e,
        };
        refused.tell(lang);
        eprintln!("{}", lang.pick("等待文件修改……", "waiting for a file to change …"));
        source.changed().await;
    }
}

/// Builds and takes over at every change, until whoever drops this.
async fn follow(options: &Dev, lang: Lang, bench: &Arc<Bench>, source: &mut Source) {
    loop {
        source.changed().await;
        let began = Instant::now();
        match round(options, bench, source).await {
            Ok(taken) => eprintln!("{} ({:.1} s)", taken.text().get(lang), began.elapsed().as_secs_f32()),
            Err(e) => {
                e.tell(lang);
                bench.failed(&e);
            }
        }
    }
}

/// One build, and what it made put in charge. A change that comes while it is built begins it again.
async fn round(options: &Dev, bench: &Arc<Bench>, source: &mut Source) -> Result<take::Taken, DevError> {
    if !options.no_build {
        loop {
            tokio::select! {
                built = build::build(&options.dir) => break built?,
                () = source.changed() => {}
            }
        }
    }
    bench.take(&options.dir).await
}
