//! The registry within the city: its accounts are the city's, its packages are reviewed, and it has a port of its
//! own, since its clients know only host and port.

mod access;

use crate::settings::Settings;
use crate::{blobs, compiled};
use access::CityAccess;
use anyhow::Result;
use http::HeaderName;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use yunlong_audit::Audit;
use yunlong_gateway::{CityAccounts, SeparateConsent, SignInThrottle, seen_through};
use yunlong_hub::Hub;
use yunlong_identity::{Identity, Secrets};
use yunlong_library::{Library, PackageAdmission};
use yunlong_model::Clock;
use yunlong_oci::config::{Config, TokenKey};
use yunlong_oci::{Registry, serve};
use yunlong_probes::{Probes, ProbesConfig};
use yunlong_publications::checks::ProbeKind;
use yunlong_publications::{Policy, Publications};
use yunlong_registry::Limits;
use yunlong_store::SharedStore;

/// How long a package stays that was pushed and never tagged.
const UNTAGGED: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What the registry stands on.
pub(crate) struct Ground<'a> {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) audit: Audit,
    pub(crate) identity: Arc<Identity>,
    pub(crate) hub: Hub,
    pub(crate) secrets: &'a Secrets,
}

/// Opens the registry: its bytes are below `data`. Without `probed` its checks do not run what is submitted.
pub(crate) fn open(settings: &Settings, ground: Ground<'_>, data: &Path, probed: bool) -> Result<Library> {
    let Ground { store, clock, audit, identity, hub, secrets } = ground;
    let accounts = Arc::new(CityAccounts::new(identity.clone()));
    let policy = settings.registry.policy();
    // What is not run cannot be asked for.
    let policy = if probed { policy } else { Policy { probes: [ProbeKind::SeparateConsent].into(), ..policy } };
    let publications = Publications::new(store.clone(), audit, clock.clone(), accounts, policy);
    let blobs = blobs::open(settings, data)?;
    // Tokens end with a change of the platform's secret, as sessions' cookies do.
    let key = secrets.derive("registry-tokens", &[]);
    let mut config = Config::new(&settings.registry.url(), TokenKey::new(key));
    config.quotas.default.bytes = settings.registry.quota_bytes();
    config.limits.request = settings.upload_timeout();
    // What is submitted has a tag, or is held: what has neither was given up.
    config.collection.untagged = Some(UNTAGGED);
    let tries = SignInThrottle::new(&settings.gateway()?);
    let access = Arc::new(CityAccess { identity, publications: publications.clone(), clock: clock.clone(), tries });
    let admission = Arc::new(PackageAdmission::new(publications.clone(), Limits::default()));
    let registry = Registry::open(store, blobs, config, access, admission, clock)?;
    // In sandboxes of their own, over the city's cache of compiled code: what passed is compiled by then.
    let sandbox = compiled::sandbox(settings, data, secrets)?;
    let probing = ProbesConfig { faults: settings.registry.faults(), ..ProbesConfig::new(sandbox) };
    let mut probes = if probed { Probes::new(probing).all() } else { Vec::new() };
    probes.push(Arc::new(SeparateConsent::new(hub)));
    Ok(Library::new(publications, registry, Limits::default(), probes))
}

/// Serves the registry's own listener. `client_header` is where the proxy before it writes the client's address.
pub(crate) async fn run(
    library: Library,
    client_header: Option<HeaderName>,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()>,
) {
    let router = seen_through(client_header, library.registry().router());
    serve::serve(listener, router, serve::Connections::default(), stop).await;
}
