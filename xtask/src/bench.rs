//! `cargo xtask bench`: requests a second and server CPU a request, side by side in one run:
//! native axum with the same bytes, a hello component through the full gateway, the ticketing
//! app's attraction page, and purchases. Rounds alternate, medians are printed. After them reads of shared
//! data, in process, with what stands in their way taken off part by part.

use crate::guests::{self, Set};
use crate::{setup, step, target_dir};
use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use yunlong_test_ports::free_port;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seconds for each measurement
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Rounds; the median is printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Concurrent connections
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// Purchases in a round
    #[arg(long, default_value_t = 300)]
    purchases: u32,
    /// Residents in the hub whose data is read
    #[arg(long, default_value_t = 20_000)]
    hub_people: u64,
    /// The cargo profile: release, or dist with fat LTO
    #[arg(long, default_value = "release")]
    profile: String,
    /// Put the figures into docs/performance.md, in place of the profile's former ones
    #[arg(long)]
    write: bool,
}

/// A server that ends with its handle.
struct Server {
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// User and system CPU seconds so far, all threads.
    fn cpu(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))
            .context("the benchmark reads /proc and needs Linux")?;
        // Fields 14 and 15 of proc(5), counted behind the parenthesised name; in ticks of 1/100 s.
        let rest = stat.rsplit_once(')').context("/proc/PID/stat")?.1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11).context("utime")?.parse::<u64>()? + fields.get(12).context("stime")?.parse::<u64>()?;
        Ok(ticks as f64 / 100.0)
    }
}

#[derive(Clone, Copy)]
struct Figure {
    per_second: f64,
    cpu_micros: f64,
}

pub(crate) fn fetch(port: u16, host: &str, path: &str) -> Result<(String, Vec<u8>)> {
    let mut s = TcpStream::connect(("127.0.0.1", port))?;
    write!(s, "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n")?;
    let mut all = Vec::new();
    s.read_to_end(&mut all)?;
    let split = all.windows(4).position(|w| w == b"\r\n\r\n").context("no header end")?;
    let head = String::from_utf8_lossy(&all[..split]).into_owned();
    ensure!(head.starts_with("HTTP/1.1 200"), "{host}{path}: {}", head.lines().next().unwrap_or(""));
    Ok((head, all[split + 4..].to_vec()))
}

fn load(server: &Server, port: u16, host: &str, path: &str, options: &Options) -> Result<Figure> {
    let before = server.cpu()?;
    let out = Command::new("wrk")
        .args(["-t1", &format!("-c{}", options.connections), &format!("-d{}s", options.seconds)])
        .args(["-H", &format!("Host: {host}:{port}"), "-H", "Accept: text/html"])
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .output()
        .context("cannot run wrk")?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let cpu = server.cpu()? - before;
    ensure!(!text.contains("Non-2xx"), "{host}{path} answered errors under load:\n{text}");
    let number = |label: &str| -> Result<f64> {
        let line =
            text.lines().find(|l| l.contains(label)).with_context(|| format!("wrk printed no `{label}`:\n{text}"))?;
        let word = if label == "requests in" { line.split_whitespace().next() } else { line.split_whitespace().last() };
        Ok(word.context("empty line")?.parse()?)
    };
    let requests = number("requests in")?;
    Ok(Figure { per_second: number("Requests/sec:")?, cpu_micros: cpu * 1e6 / requests })
}

fn purchases(server: &Server, port: u16, load: &Path, slot: &str, options: &Options) -> Result<Figure> {
    let before = server.cpu()?;
    let out = Command::new(load)
        .args([&port.to_string(), &options.purchases.to_string(), &options.connections.to_string(), slot])
        .output()?;
    if !out.status.success() {
        bail!("purchases: {}", String::from_utf8_lossy(&out.stderr));
    }
    let cpu = server.cpu()? - before;
    let json: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    let seconds = json["seconds"].as_f64().context("seconds")?;
    let count = f64::from(options.purchases);
    Ok(Figure { per_second: count / seconds, cpu_micros: cpu * 1e6 / count })
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn start_city(host: &Path, packages: &[guests::Package], data: &Path, port: u16) -> Result<Server> {
    let mut serve = Command::new(host);
    serve.args(["serve", "--demo", "--option", "registry.fault_seconds=0"]);
    serve.args(["--demo-citizens", "20", "--data"]).arg(data);
    serve
        .args(["--port", &port.to_string(), "--admin-port", &free_port()?.to_string(), "--trust-key"])
        .arg(guests::packages_dir()?.join("demo-vendor.pem"));
    for p in packages.iter().filter(|p| p.name == "hello" || p.name == "tourism-ticketing") {
        serve.arg("--install").arg(format!("{}@320300", p.file.display()));
    }
    // One citizen makes all purchases of the bench, many at once.
    serve.args(["--set", "tourism-ticketing.max_open_orders=1000"]);
    let mut child = serve.env("YUNLONG_LOG", "warn").stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let out = child.stdout.take().context("no stdout")?;
    let server = Server { child };
    let ready = BufReader::new(out).lines().map_while(Result::ok).any(|l| l.starts_with("ready "));
    ensure!(ready, "the server did not become ready");
    Ok(server)
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::wasm_target()?;
    setup::wrk()?;
    let host = guests::build_host(&options.profile)?;
    let packages = guests::build_and_package(&host, &[Set::Apps, Set::Hostile])?;
    guests::build_binaries(&options.profile, &["native-baseline", "purchases", "yunlong-compile"])?;
    guests::build_example(&options.profile, "shared_reads")?;
    let bin = |name: &str| guests::binary(&options.profile, name);
    let scratch = target_dir()?.join("bench");
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch)?;

    step("Starting the city and the baseline");
    let port = free_port()?;
    let city = start_city(&host, &packages, &scratch.join("data"), port)?;
    let (_, hello) = fetch(port, "hello.localhost", "/")?;
    let body = scratch.join("hello.body");
    std::fs::write(&body, &hello)?;
    let native_port = free_port()?;
    let native = Server {
        child: Command::new(bin("native-baseline")?)
            .arg(native_port.to_string())
            .arg(&body)
            .arg("text/html; charset=utf-8")
            .spawn()?,
    };
    std::thread::sleep(std::time::Duration::from_millis(300));
    let (_, page) = fetch(port, "tourism-ticketing.localhost", ATTRACTION)?;

    let names = [
        "native axum, hello's bytes",
        "hello, a fresh sandbox each",
        "ticketing, attraction page",
        "a purchase (create, pay, issued)",
    ];
    let mut rounds: [Vec<Figure>; 4] = Default::default();
    for round in 0..options.rounds {
        step(&format!("Round {} of {}", round + 1, options.rounds));
        rounds[0].push(load(&native, native_port, "localhost", "/", options)?);
        rounds[1].push(load(&city, port, "hello.localhost", "/", options)?);
        rounds[2].push(load(&city, port, "tourism-ticketing.localhost", ATTRACTION, options)?);
        let slot = slot(round)?;
        rounds[3].push(purchases(&city, port, &bin("purchases")?, &slot, options)?);
    }
    let base = median(rounds[0].iter().map(|f| f.per_second).collect());
    let mut text = format!(
        "{}, profile `{}`; {}. One thread of wrk, {} connections, {} s a measurement, medians of {} alternating rounds; hello answers {} bytes, the attraction page {}.\n\n",
        today()?,
        options.profile,
        machine(),
        options.connections,
        options.seconds,
        options.rounds,
        hello.len(),
        page.len()
    );
    text += "| what | a second | against native | server CPU each |\n|---|---|---|---|\n";
    for (name, figures) in names.iter().zip(&rounds) {
        let rate = median(figures.iter().map(|f| f.per_second).collect());
        let cpu = median(figures.iter().map(|f| f.cpu_micros).collect());
        let ratio = if name.contains("purchase") { String::new() } else { format!("{:.2}", rate / base) };
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {name} | {rate:.0} | {ratio} | {cpu:.0} µs |");
    }
    drop((city, native));
    step("Reads of shared data");
    text += &shared_reads(options)?;
    println!("\n{text}");
    if options.write {
        write_down(&options.profile, &text)?;
    }
    Ok(())
}

/// Reads of shared data in process, 64 callers at once, on a store of its own on the disk: medians of the
/// rounds. Fails when a round is below the floor of the example.
fn shared_reads(options: &Options) -> Result<String> {
    let reader = target_dir()?.join("wasm32-wasip2/guest/reader.wasm");
    let compiler = guests::binary(&options.profile, "yunlong-compile")?;
    let bench = guests::example(&options.profile, "shared_reads")?;
    let mut rows: Vec<(String, Vec<Figure>)> = Vec::new();
    for _ in 0..options.rounds {
        // On the disk of the target folder, since a temporary folder can lie in memory.
        let folder = target_dir()?.join("bench-shared-reads");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let out = Command::new(&bench)
            .args([&reader, &compiler, &folder])
            .args(["--seconds", &options.seconds.to_string(), "--people", &options.hub_people.to_string()])
            .output()?;
        std::fs::remove_dir_all(&folder)?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ensure!(out.status.success(), "shared_reads: {}\n{}", said(&out.stderr), said(&out.stdout));
        for (i, line) in String::from_utf8(out.stdout)?.lines().enumerate() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            let number = |name: &str| row[name].as_f64().with_context(|| format!("no {name}: {line}"));
            let figure = Figure { per_second: number("per_second")?, cpu_micros: number("cpu_micros")? };
            if rows.len() <= i {
                rows.push((row["what"].as_str().context("what")?.to_owned(), Vec::new()));
            }
            rows[i].1.push(figure);
        }
    }
    let mut text = format!(
        "\nReads of shared data, in process, 64 callers at once, {} residents in the embedded store:\n\n| what | a second | CPU each |\n|---|---|---|\n",
        options.hub_people
    );
    for (what, figures) in &rows {
        let rate = median(figures.iter().map(|f| f.per_second).collect());
        let cpu = median(figures.iter().map(|f| f.cpu_micros).collect());
        let _ = writeln!(text, "| {what} | {rate:.0} | {cpu:.0} µs |");
    }
    Ok(text)
}

pub(crate) fn today() -> Result<String> {
    let day = Command::new("date").arg("+%F").output()?;
    Ok(String::from_utf8(day.stdout)?.trim().to_owned())
}

/// What the figures were taken on: processor, cores, memory, kernel.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|l| l.starts_with(name)).and_then(|l| l.split_once(':'));
        line.map(|(_, v)| v.trim().to_owned()).unwrap_or_default()
    };
    let processor = value(&read("/proc/cpuinfo"), "model name");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kib: u64 = value(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel: Vec<&str> = kernel.trim().split(['.', '-']).take(2).collect();
    format!("{cores} cores of {processor}, {} GiB, Linux {}", kib >> 20, kernel.join("."))
}

/// Replaces figures in docs/performance.md (a profile's, or those of reloads), between their two marks.
pub(crate) fn write_down(profile: &str, text: &str) -> Result<()> {
    let path = crate::root().join("docs/performance.md");
    let now = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (start, end) = (format!("<!-- bench {profile} -->\n"), format!("<!-- end {profile} -->"));
    let (before, rest) =
        now.split_once(&start).with_context(|| format!("docs/performance.md has no `{}`", start.trim()))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("docs/performance.md has no `{end}`"))?;
    std::fs::write(&path, format!("{before}{start}{text}{end}{after}"))?;
    step("docs/performance.md has the new figures");
    Ok(())
}

/// The page that the benchmark loads.
const ATTRACTION: &str = "/attractions/guishan";

/// A slot with room for a round's purchases: a different day each round.
fn slot(round: usize) -> Result<String> {
    let day = Command::new("date")
        .args(["-d", &format!("+{} days", round + 1), "+%F"])
        .env("TZ", "Asia/Shanghai")
        .output()?;
    let date = String::from_utf8(day.stdout)?.trim().to_owned();
    Ok(serde_json::json!({"product": "yunlonghu-single", "slot": "09:00", "date": date}).to_string())
}
