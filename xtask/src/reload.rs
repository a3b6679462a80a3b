//! `cargo xtask reload`: how long it takes from saving a source file to the page that shows it, under `yunlong dev`, for
//! an app of `yunlong new` in each language. The guest's own build is its toolchain's; it is taken apart from the rest.

use crate::bench::{fetch, machine, median, today, write_down};
use crate::{guests, setup, step, target_dir};
use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use yunlong_test_ports::free_port;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Changes in each language; the median is printed
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The cargo profile of the host
    #[arg(long, default_value = "release")]
    profile: String,
    /// Put the figures into docs/performance.md, in place of the former ones
    #[arg(long)]
    write: bool,
}

/// The template of each language, the file with its list, and what is aimed at behind the build.
const TEMPLATES: [(&str, &str, &str, u64); 3] = [
    ("Rust", "rust", "src/pages.rs", 3),
    ("TypeScript", "typescript", "src/pages.tsx", 10),
    ("Python", "python", "app/templates/list.html", 10),
];
/// What each list says when it is empty, which is what is changed.
const WORDS: &str = "还没有报修";
/// Installing what an app needs and its first build, in which an interpreter is compiled.
const FIRST: Duration = Duration::from_secs(1_200);
/// The longest wait for one change.
const LONGEST: Duration = Duration::from_secs(300);
/// How often the page is asked for: the error of what is measured.
const LOOK: Duration = Duration::from_millis(20);

/// One change: from the save to the end of the build, and from there to the page.
struct Change {
    build: f64,
    behind: f64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.rounds > 0, "--rounds is 0: nothing would be measured");
    setup::wasm_target()?;
    setup::python()?;
    let host = guests::build_host(&options.profile)?;
    let mut text = format!(
        "{}, profile `{}`; {}. The app of `yunlong new`, medians of {} changes.\n\n| language | the guest's own build | from there to the page, aimed at | measured | the slowest |\n|---|---|---|---|---|\n",
        today()?,
        options.profile,
        machine(),
        options.rounds
    );
    for (shown, language, file, aim) in TEMPLATES {
        step(&format!("Changing a page in {shown}"));
        let changes = measure(&host, language, file, options.rounds)?;
        let build = median(changes.iter().map(|c| c.build).collect());
        let behind = median(changes.iter().map(|c| c.behind).collect());
        let slowest = changes.iter().map(|c| c.behind).fold(0.0, f64::max);
        let _ = writeln!(text, "| {shown} | {build:.1} s | {aim} s | {behind:.2} s | {slowest:.2} s |");
    }
    println!("{text}");
    if options.write { write_down("reload", &text) } else { Ok(()) }
}

/// A `yunlong dev` that ends with its handle.
struct Dev {
    process: Child,
    /// Its lines, with when they came.
    lines: Receiver<(Instant, String)>,
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Dev {
    fn start(host: &Path, app: &Path, port: u16, cache: &Path) -> Result<Self> {
        let mut command = Command::new(host);
        command.arg("dev").arg(app).arg("--port").arg(port.to_string());
        command.env("XDG_CACHE_HOME", cache).env("LC_ALL", "C").stdin(Stdio::null());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (tell, lines) = channel();
        let streams: [Option<Box<dyn std::io::Read + Send>>; 2] =
            [process.stdout.take().map(|s| Box::new(s) as _), process.stderr.take().map(|s| Box::new(s) as _)];
        for stream in streams.into_iter().flatten() {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if tell.send((Instant::now(), line)).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self { process, lines })
    }

    /// Waits for a line, and answers when it came.
    fn line(&self, what: &str, limit: Duration, is_it: impl Fn(&str) -> bool) -> Result<Instant> {
        let end = Instant::now() + limit;
        let mut seen = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((at, line)) if is_it(&line) => return Ok(at),
                Ok((_, line)) if line.starts_with("error: ") => bail!("{line}\n{}", seen.join("\n")),
                Ok((_, line)) => seen.push(line),
                Err(_) => bail!("`yunlong dev` did not say {what}:\n{}", seen.join("\n")),
            }
        }
    }
}

fn measure(host: &Path, language: &str, file: &str, rounds: usize) -> Result<Vec<Change>> {
    let folder = target_dir()?.join("reload");
    let (name, app) = (format!("reload-{language}"), folder.join(format!("reload-{language}")));
    if app.exists() {
        std::fs::remove_dir_all(&app).with_context(|| format!("cannot empty {}", app.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    let cache = folder.join("cache");
    let mut new = Command::new(host);
    new.args(["new", &name, "--lang", language]).env("XDG_CACHE_HOME", &cache).current_dir(&folder);
    crate::run(&mut new)?;
    let (port, origin) = (free_port()?, format!("{name}.localhost"));
    let dev = Dev::start(host, &app, port, &cache)?;
    dev.line("that it is ready", FIRST, |line| line.starts_with("ready "))?;
    let (path, mut now) = (app.join(file), WORDS.to_owned());
    let mut changes = Vec::new();
    for round in 1..=rounds {
        let source = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(source.contains(&now), "{} does not say `{now}`", path.display());
        let next = format!("第{round}次修改");
        let changed = source.replace(&now, &next);
        let saved = Instant::now();
        std::fs::write(&path, changed)?;
        let shown = loop {
            // While a release is exchanged an answer may be an error: the next look tells.
            let page = fetch(port, &origin, "/").map(|(_, body)| String::from_utf8_lossy(&body).into_owned());
            if page.is_ok_and(|page| page.contains(&next)) {
                break Instant::now();
            }
            ensure!(saved.elapsed() < LONGEST, "the page did not show the change within {LONGEST:?}");
            std::thread::sleep(LOOK);
        };
        // The last line of `yunlong build`: what it made. One of before the save is of another build.
        let built = loop {
            let made = |line: &str| line.starts_with("sha256:") && line.contains("app.wasm");
            let at = dev.line("what it built", Duration::from_secs(5), made)?;
            if at >= saved {
                break at;
            }
        };
        let seconds = |from: Instant, to: Instant| to.saturating_duration_since(from).as_secs_f64();
        changes.push(Change { build: seconds(saved, built), behind: seconds(built, shown) });
        now = next;
    }
    Ok(changes)
}
