//! A city for one package: services over a store in memory, and a runtime that nobody else uses. It is gone when it
//! is dropped.

use crate::calls::Who;
use crate::meter::Meter;
use crate::sample;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http_body_util::Full;
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_identity::{AccountKind, Attributes, Identity, NewAccount, Password};
use yunlong_installations::{Capability, Installation, InstallationError, Installations, New, Status};
use yunlong_messaging::{Config, Deliver, Delivery, DeliveryError};
use yunlong_model::{
    Assurance, Clock, InstallationName, Kind, Lang, Manifest, NameError, Presentation, Principal, SystemClock,
    Timestamp,
};
use yunlong_publications::checks::ProbeError;
use yunlong_registry::Package;
use yunlong_runtime::{Inspection, InvocationError, LoadError, Runtime, RuntimeConfig};
use yunlong_store::{SharedStore, Txn};
use yunlong_workbench::{CITY, Foundation, Founding};

const BY: &str = "probes";
const CITIZEN: &str = "citizen";
const OFFICIAL: &str = "official";

/// Why there is no city.
pub(crate) enum Unfounded {
    /// The package cannot be loaded, here as anywhere.
    Refused(LoadError),
    /// The probes' own failure.
    Broken(ProbeError),
}

/// The city.
pub(crate) struct City {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    identity: Arc<Identity>,
    runtime: Arc<Runtime>,
    meter: Arc<Meter>,
    name: InstallationName,
    manifest: Arc<Manifest>,
    exports: Inspection,
    configured: bool,
}

fn broken(e: impl std::fmt::Display) -> Unfounded {
    Unfounded::Broken(ProbeError(format!("its city could not be set up: {e}")))
}

impl City {
    /// Sets up the services, and compiles, installs and loads the package.
    pub(crate) async fn found(sandbox: &RuntimeConfig, package: &Package) -> Result<Self, Unfounded> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let meter = Arc::new(Meter::default());
        let founding = Founding {
            domain: "probes.invalid".into(),
            clock: clock.clone(),
            sandbox: RuntimeConfig { observer: Some(meter.clone()), ..sandbox.clone() },
            messaging: Config::default(),
            listener: None,
            cashier: false,
        };
        let Foundation { store, identity, installations, runtime, .. } = founding.found().await.map_err(broken)?;
        people(&identity).await?;
        let (installation, configured) = install(&installations, package).await?;
        runtime.load(&installation, &package.component).await.map_err(|e| match e {
            // That is the machine's fault, not the package's.
            LoadError::Compile(yunlong_runtime::CompileError::Io(_)) => broken(e),
            e => Unfounded::Refused(e),
        })?;
        let (name, manifest) = (installation.name.clone(), installation.manifest.clone());
        let exports = runtime.inspection(&name).ok_or_else(|| broken("it is not loaded"))?;
        Ok(Self { store, clock, identity, runtime, meter, name, manifest, exports, configured })
    }

    pub(crate) fn name(&self) -> &InstallationName {
        &self.name
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn exports(&self) -> &Inspection {
        &self.exports
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.configured
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) async fn request(
        &self,
        who: Who,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, InvocationError> {
        let (principal, presentation) = match who {
            Who::Nobody => (Principal::anonymous(), Presentation::default()),
            Who::Citizen => (self.person(CITIZEN, Kind::Citizen), Presentation::default()),
            Who::Official => (self.person(OFFICIAL, Kind::Official), Presentation { lang: Lang::En, elder: true }),
        };
        self.runtime.request(&self.name, principal, presentation, "probe", request.map(Full::new)).await
    }

    fn person(&self, account: &str, kind: Kind) -> Principal {
        let is_official = kind == Kind::Official;
        let roles = self.manifest.roles.iter().map(|r| r.name.clone());
        Principal {
            subject: Some(self.identity.subject(&self.name, account)),
            account: Some(account.to_owned()),
            kind,
            assurance: Assurance::MultiFactor,
            roles: if is_official { roles.collect() } else { Vec::new() },
            organization: is_official.then(|| CITY.to_owned()),
            acting_for: None,
        }
    }

    pub(crate) async fn install(&self) -> Result<(), InvocationError> {
        let mut txn = Txn::new(self.store.clone());
        self.runtime.lifecycle_install(&self.name, &mut txn).await?;
        keep(txn).await;
        Ok(())
    }

    pub(crate) async fn health(&self) -> Result<(), InvocationError> {
        self.runtime.health(&self.name, None).await
    }

    pub(crate) async fn migrate(
        &self,
        from: u32,
        to: u32,
        cursor: Option<String>,
    ) -> Result<Option<String>, InvocationError> {
        let mut txn = Txn::new(self.store.clone());
        let step = self.runtime.migrate(&self.name, from, to, cursor, &mut txn).await?;
        keep(txn).await;
        Ok(step.next)
    }

    pub(crate) async fn deliver(&self, delivery: Delivery) -> Result<(), DeliveryError> {
        let mut txn = Txn::new(self.store.clone());
        self.runtime.deliver(&self.name, delivery, &mut txn).await?;
        keep(txn).await;
        Ok(())
    }
}

/// Commits what a call wrote, so that the next ones find it. What cannot be (over its quota, for one) is refused as
/// it would be later, and no concern of the probes.
async fn keep(txn: Txn) {
    if let Err(error) = txn.commit().await {
        tracing::debug!(%error, "what a probed call wrote was refused");
    }
}

async fn people(identity: &Identity) -> Result<(), Unfounded> {
    for (name, kind) in [(CITIZEN, AccountKind::Citizen), (OFFICIAL, AccountKind::Official)] {
        let new = NewAccount {
            name: name.to_owned(),
            kind,
            password: Password::from(HEXLOWER.encode(&rand::random::<[u8; 16]>())),
            organization: (kind == AccountKind::Official).then(|| CITY.to_owned()),
            attributes: Attributes::default(),
            platform_roles: Vec::new(),
        };
        identity.create_account(new).await.map_err(broken)?;
    }
    Ok(())
}

/// Installs it, everything approved; and whether with a configuration. One that fits its schema is not always found:
/// patterns are not made up.
async fn install(installations: &Installations, package: &Package) -> Result<(Arc<Installation>, bool), Unfounded> {
    let configured = new(package, package.manifest.clone(), sample::configuration(&package.manifest))?;
    let name = configured.name.clone();
    let configured = match installations.install(configured).await {
        Ok(_) => true,
        Err(InstallationError::Config(_)) => {
            let free = Manifest { config: None, ..package.manifest.clone() };
            installations.install(new(package, free, BTreeMap::new())?).await.map_err(broken)?;
            false
        }
        Err(e) => return Err(broken(e)),
    };
    let installation = installations.set_status(&name, Status::Running, BY).await.map_err(broken)?;
    Ok((installation, configured))
}

fn new(package: &Package, manifest: Manifest, config: BTreeMap<String, serde_json::Value>) -> Result<New, Unfounded> {
    let manifest = Arc::new(manifest);
    Ok(New {
        name: name_of(&manifest)?,
        organization: CITY.into(),
        organization_name: "徐州市".into(),
        package_digest: package.digest,
        signer: BY.into(),
        grants: Capability::of_manifest(&manifest),
        manifest,
        config,
        by: BY.into(),
    })
}

/// The app's own name, as an installation has by default: it shall not tell by its name that it is only probed.
fn name_of(manifest: &Manifest) -> Result<InstallationName, Unfounded> {
    let app = manifest.name.as_str();
    // A reserved word is an app's name and no installation's.
    app.parse().or_else(|_| format!("{app}-1").parse()).map_err(|e: NameError| broken(e))
}
