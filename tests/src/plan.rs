//! What a city starts with, and its founding.

use crate::ahead::CityClock;
use crate::{COMMERCE, City, EDUCATION, FINANCE, TOURISM, binary, eventually, package, shared};
use anyhow::{Context, Result, ensure};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use yunlong_test_ports::free_port;

/// An installation.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) app: String,
    pub(crate) name: String,
    pub(crate) organization: String,
}

/// What a test's city starts with.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) apps: Vec<Wanted>,
    pub(crate) citizens: u32,
    pub(crate) config: Vec<(String, String, String)>,
    pub(crate) args: Vec<String>,
}

impl Plan {
    /// A city with these apps, each under its own name: each department's app is its own, the others are the city's.
    #[must_use]
    pub fn with(apps: &[&str]) -> Self {
        let of = |app: &str| match app {
            "tourism-ticketing" => TOURISM,
            "logistics-finance" => FINANCE,
            "rural-ecommerce" => COMMERCE,
            "education-resources" => EDUCATION,
            _ => "320300",
        };
        Self { apps: Vec::new(), citizens: 20, config: Vec::new(), args: Vec::new() }.of_all(apps, of)
    }

    fn of_all(self, apps: &[&str], of: impl Fn(&str) -> &'static str) -> Self {
        apps.iter().fold(self, |plan, app| plan.another(app, app, of(app)))
    }

    /// One more installation: of an app, under a name, for an organization.
    #[must_use]
    pub fn another(mut self, app: &str, name: &str, organization: &str) -> Self {
        let (app, name, organization) = (app.to_owned(), name.to_owned(), organization.to_owned());
        self.apps.push(Wanted { app, name, organization });
        self
    }

    /// This many citizens, `citizen-001` and on.
    #[must_use]
    pub fn citizens(mut self, n: u32) -> Self {
        self.citizens = n;
        self
    }

    /// Sets a value, as TOML, of an installation's configuration.
    #[must_use]
    pub fn config(mut self, installation: &str, key: &str, value: &str) -> Self {
        self.config.push((installation.to_owned(), key.to_owned(), value.to_owned()));
        self
    }

    /// Gives `yunlong serve` these arguments as well.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|a| (*a).to_owned()));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the server does not become ready within five minutes (each package is probed before it is installed); the
    /// error has its output.
    pub async fn start(self) -> Result<City> {
        self.start_in(tempfile::tempdir()?).await
    }

    /// Starts a city that was founded already, with this plan: by the first test that wants it, and the others have
    /// copies of its data folder. So an app is reviewed once, which takes a large one with many scenarios a minute.
    /// The server's log tells nothing of the founding.
    ///
    /// # Errors
    /// As [`Plan::start`].
    pub async fn start_copied(self) -> Result<City> {
        let founded = self.founded().await?;
        let data = tempfile::tempdir()?;
        copy(&founded.join("."), data.path())?;
        self.start_in(data).await
    }

    /// The data folder of the founded city.
    async fn founded(&self) -> Result<PathBuf> {
        let folder = shared(&format!("{:016x}", self.fingerprint()?))?;
        std::fs::create_dir_all(folder.parent().unwrap_or(&folder))?;
        // Tests run in processes of their own.
        let lock = std::fs::File::create(folder.with_extension("lock"))?;
        lock.lock()?;
        if !folder.exists() {
            let mut city = self.clone().start().await?;
            self.loaded(&city).await?;
            city.stop().await?;
            let aside = folder.with_extension("new");
            let _ = std::fs::remove_dir_all(&aside);
            copy(city.data(), &aside)?;
            std::fs::rename(&aside, &folder)?;
        }
        Ok(folder)
    }

    /// Waits until the apps have loaded their samples, which they say on their first page: else each copy of the city would go
    /// on with it beside its test.
    async fn loaded(&self, city: &City) -> Result<()> {
        for wanted in &self.apps {
            let first = city.client(&wanted.name)?;
            eventually(&format!("the sample of {} is loaded", wanted.name), Duration::from_secs(300), async || {
                let page = first.page("/", "en").await?;
                Ok((page.status < 500 && !page.text.contains(r#"id="loading""#)).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// What a founded city hangs on: the plan, the server and the packages.
    fn fingerprint(&self) -> Result<u64> {
        let mut hash = std::hash::DefaultHasher::new();
        format!("{self:?}").hash(&mut hash);
        let packages = self.apps.iter().map(|wanted| package(&wanted.app)).collect::<Result<Vec<_>>>()?;
        for file in [binary()?].iter().chain(&packages) {
            let meta = std::fs::metadata(file).with_context(|| file.display().to_string())?;
            (meta.len(), meta.modified()?).hash(&mut hash);
        }
        Ok(hash.finish())
    }

    /// Starts it on a data folder that is there: a restored one.
    ///
    /// # Errors
    /// As [`Plan::start`].
    pub async fn start_in(self, data: tempfile::TempDir) -> Result<City> {
        let (port, admin, registry) = (free_port()?, free_port()?, free_port()?);
        let mut city = City {
            plan: self,
            data,
            port,
            admin,
            registry,
            process: None,
            clock: CityClock::Ahead(Duration::ZERO),
            log: Arc::default(),
        };
        city.boot().await?;
        Ok(city)
    }
}

/// Copies a folder with its files' modes.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().context("cannot start cp")?;
    ensure!(copied.success(), "cannot copy {} to {}", from.display(), to.display());
    Ok(())
}
