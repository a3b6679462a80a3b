//! `cargo xtask demo`: the demo city on one machine.

use crate::guests::{self, Package, Set};
use crate::{root, setup, step};
use anyhow::{Context, Result, bail};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The portal's port
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The admin listener's port (/healthz, /readyz, /metrics); the portal's plus 1 by default
    #[arg(long)]
    admin_port: Option<u16>,
    /// The port of the registry of apps, where vendors push and pull: localhost:PORT/vendor/app
    #[arg(long, default_value_t = 5000)]
    registry_port: u16,
    /// The data folder; the demo goes on where it stopped
    #[arg(long)]
    data: Option<PathBuf>,
    /// Start with an empty data folder
    #[arg(long)]
    fresh: bool,
    /// Build with optimisation, as for the benchmark (slower to build, faster to run)
    #[arg(long)]
    release: bool,
}

/// The departments of the demo, which it seeds below the city, and what they install: app, organization, configuration as
/// TOML. The gate admits at any time, so that a visitor of the demo need not wait for the slot.
const INSTALLED: &[(&str, &str, &str)] = &[
    ("tourism-ticketing", "11320300MB000YL15P", "admission_window = \"any-time\""),
    ("logistics-finance", "11320300MB000YL74T", ""),
    ("rural-ecommerce", "11320300MB000YL82M", ""),
    ("education-resources", "11320300MB000YL90G", "sample = \"xuzhou\""),
    ("guestbook", "320303", ""),
    ("ticker", "320300", ""),
    ("hello", "320302", ""),
];

/// Writes what `yunlong serve --plan` reads, beside the packages.
fn write_plan(packages: &[Package]) -> Result<PathBuf> {
    let mut text = String::new();
    for (app, organization, config) in INSTALLED {
        let package = packages.iter().find(|p| p.name == *app).with_context(|| format!("{app} was not packaged"))?;
        text += &format!(
            "[[install]]\npackage = {:?}\norganization = \"{organization}\"\n[install.config]\n{config}\n",
            package.file
        );
    }
    let path = guests::packages_dir()?.join("demo.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Refuses to empty a folder that is not a demo's, or that a server is using.
fn check_is_ours(data: &Path) -> Result<()> {
    let shown = data.display();
    let empty = std::fs::read_dir(data).with_context(|| format!("cannot read {shown}"))?.next().is_none();
    if empty {
        return Ok(());
    }
    if !data.join("secret.key").is_file() || !data.join("store").is_dir() {
        bail!("--fresh would empty {shown}, which is not a data folder of Yunlong: give another --data");
    }
    // The store's own lock, which ends with the process that holds it.
    let locked = std::fs::File::open(data.join("store/lock")).is_ok_and(|lock| lock.try_lock().is_err());
    if locked {
        bail!("a server is running on {shown}: stop it first");
    }
    Ok(())
}

/// A port that is taken is told before minutes of building, with what to do.
fn check_is_free(port: u16, option: &str) -> Result<()> {
    match std::net::TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(e) => bail!("port {port} cannot be listened on ({e}): stop what uses it, or give another {option}"),
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let admin_port = options.admin_port.unwrap_or(options.port.saturating_add(1));
    for (port, option) in
        [(options.port, "--port"), (admin_port, "--admin-port"), (options.registry_port, "--registry-port")]
    {
        check_is_free(port, option)?;
    }
    setup::wasm_target()?;
    let host = guests::build_host(if options.release { "release" } else { "dev" })?;
    let packages = guests::build_and_package(&host, &[Set::Apps])?;
    let data = options.data.clone().unwrap_or_else(|| root().join("data/demo"));
    if options.fresh && data.exists() {
        check_is_ours(&data)?;
        step("Emptying the data folder");
        std::fs::remove_dir_all(&data)
            .with_context(|| format!("cannot empty {}: is another demo running?", data.display()))?;
    }
    let mut serve = Command::new(&host);
    serve
        .args(["serve", "--demo", "--demo-grants"])
        .arg("--data")
        .arg(&data)
        .arg("--port")
        .arg(options.port.to_string());
    serve.arg("--admin-port").arg(admin_port.to_string());
    serve.arg("--registry-port").arg(options.registry_port.to_string());
    serve.arg("--trust-key").arg(guests::packages_dir()?.join("demo-vendor.pem"));
    // Faults at each host call are for the tests (`tests/end_to_end/scenarios.rs`): nobody wants
    // to wait for that at the first start.
    serve.args(["--option", "registry.fault_seconds=0"]);
    serve.arg("--plan").arg(write_plan(&packages)?);
    step("Starting");
    // The server takes this process's place, so that a signal to the command reaches it.
    Err(serve.exec()).with_context(|| format!("cannot start {}", host.display()))
}
