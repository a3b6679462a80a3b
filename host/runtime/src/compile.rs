//! Compiling in a child process with limits: a component that is made to blow up the compiler
//! takes the child down, not the host.

use crate::config::{CompilerConfig, Insight};
use crate::engine::{Profile, compiling_engine};
use crate::error::CompileError;
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use std::io::{Read, Write};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// The hidden subcommand of the server that runs [`compile_child_main`].
pub const COMPILE_COMMAND: &str = "compile-component";
/// The largest component in bytes.
pub const MAX_COMPONENT: u64 = 64 << 20;
/// The largest compiled file in bytes.
const MAX_COMPILED: u64 = 512 << 20;
/// How much of the child's words is kept.
const MAX_ERROR: u64 = 8 << 10;
/// What the child leaves with when it refuses the component.
const REFUSED: i32 = 2;
/// The argument by which the child compiles quickly, and what it compiles runs more slowly.
const QUICK: &str = "quick";
/// The argument by which it takes its time.
const OPTIMIZED: &str = "optimized";

/// The child: reads a component from standard input, writes the compiled file to standard output.
/// `args` are those behind the subcommand: the profile's name, seconds of CPU time, bytes of
/// address space, `quick` where the compiler is to be fast and not its code or `optimized`, and how much of the source
/// is to be seen in it. Answers the exit code.
#[must_use]
pub fn compile_child_main(args: impl IntoIterator<Item = String>) -> i32 {
    match child(&args.into_iter().collect::<Vec<_>>()) {
        Ok(()) => 0,
        Err((code, why)) => {
            // One line is enough for the log, and all that the parent keeps.
            let _ = writeln!(std::io::stderr(), "{why}");
            code
        }
    }
}

fn child(args: &[String]) -> Result<(), (i32, String)> {
    let bad = |e: &dyn std::fmt::Display| (1, e.to_string());
    let usage = || {
        (1, "usage: compile-component PROFILE CPU_SECONDS ADDRESS_SPACE quick|optimized names|lines|debugger".into())
    };
    let [profile, cpu, space, how, insight] = args else { return Err(usage()) };
    let optimize = match how.as_str() {
        QUICK => false,
        OPTIMIZED => true,
        _ => return Err(usage()),
    };
    let insight = Insight::named(insight).ok_or_else(usage)?;
    let profile: Profile = profile.parse().map_err(|e: String| (1, e))?;
    let cpu: u64 = cpu.parse().map_err(|e| bad(&e))?;
    let space: u64 = space.parse().map_err(|e| bad(&e))?;
    for (resource, limit) in [(Resource::Cpu, cpu), (Resource::As, space), (Resource::Core, 0), (Resource::Fsize, 0)] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) }).map_err(|e| bad(&e))?;
    }
    // The host's requests come first.
    let _ = rustix::process::nice(10);
    let mut wasm = Vec::new();
    std::io::stdin().lock().take(MAX_COMPONENT + 1).read_to_end(&mut wasm).map_err(|e| bad(&e))?;
    if wasm.len() as u64 > MAX_COMPONENT {
        return Err((REFUSED, "the component is larger than 64 MiB".into()));
    }
    let engine = compiling_engine(profile, optimize, insight).map_err(|e| bad(&format!("{e:#}")))?;
    let compiled = engine.precompile_component(&wasm).map_err(|e| (REFUSED, format!("{e:#}")))?;
    let mut out = std::io::stdout().lock();
    out.write_all(&compiled).and_then(|()| out.flush()).map_err(|e| bad(&e))
}

/// Runs the child.
pub(crate) async fn compile(
    config: &CompilerConfig,
    insight: Insight,
    profile: Profile,
    wasm: &[u8],
) -> Result<Vec<u8>, CompileError> {
    tokio::time::timeout(config.timeout, run(config, insight, profile, wasm))
        .await
        .map_err(|_| CompileError::Limit("time"))?
}

async fn run(
    config: &CompilerConfig,
    insight: Insight,
    profile: Profile,
    wasm: &[u8],
) -> Result<Vec<u8>, CompileError> {
    let io = |e: std::io::Error| CompileError::Io(e.to_string());
    let mut child = command(config, insight, profile).map_err(io)?.spawn().map_err(io)?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(CompileError::Io("no pipes".into()));
    };
    let feed = async move {
        // A child that has failed already closes its end: its exit code says why.
        let _ = stdin.write_all(wasm).await;
        drop(stdin);
    };
    let (mut compiled, mut words) = (Vec::new(), Vec::new());
    let mut stdout = stdout.take(MAX_COMPILED + 1);
    let mut stderr = stderr.take(MAX_ERROR);
    let ((), out, err) = tokio::join!(feed, stdout.read_to_end(&mut compiled), stderr.read_to_end(&mut words));
    out.map_err(io)?;
    err.map_err(io)?;
    if compiled.len() as u64 > MAX_COMPILED {
        return Err(CompileError::Limit("room for the compiled file"));
    }
    let status = child.wait().await.map_err(io)?;
    if status.success() {
        return Ok(compiled);
    }
    let words = String::from_utf8_lossy(&words).trim().to_owned();
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal().and_then(Signal::from_named_raw)) {
        (Some(REFUSED), _) => Err(CompileError::Refused(words)),
        (_, Some(Signal::XCPU | Signal::KILL)) => Err(CompileError::Limit("CPU time")),
        (_, Some(Signal::ABORT | Signal::SEGV | Signal::BUS)) => Err(CompileError::Limit("memory")),
        _ => Err(CompileError::Io(format!("{status}: {words}"))),
    }
}

fn command(config: &CompilerConfig, insight: Insight, profile: Profile) -> std::io::Result<Command> {
    let mut command = match &config.command {
        Some((program, args)) => {
            let mut c = Command::new(program);
            c.args(args);
            c
        }
        None => {
            // The link leads to this very program, also when an upgrade has replaced its file.
            let own = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
            let mut c = Command::new(own);
            c.arg(COMPILE_COMMAND);
            c
        }
    };
    command
        .arg(profile.name())
        .arg(config.cpu_seconds.to_string())
        .arg(config.address_space.to_string())
        .arg(if config.optimize { OPTIMIZED } else { QUICK })
        .arg(insight.name())
        // Nothing of the host's environment, secrets among it, is the compiler's business.
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}
