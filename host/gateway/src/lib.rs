//! The platform's front door: HTTP.
//!
//! A request's way: [`Origins`] reads from its host which origin it is for; limits, the session and
//! the proof against forged requests are checked; then the portal, the console or an installation
//! answers. An installation's answer comes from its guest (through [`Apps`]) or, for static files,
//! straight from its package. What leaves passes one place that sets the headers which protect it.
//!
//! **Invariants.** No cookie, bearer token or forwarding header reaches a guest, and no header
//! outside the allow-list comes back from one. No unsafe method is carried out on the strength of a
//! cookie alone. Every answer carries an id made here. No page needs a script.
#![deny(missing_docs)]

mod admin;
mod api;
mod apps;
mod assets;
mod audit;
mod auth;
mod body;
mod city;
mod client;
mod config;
mod console;
mod cookies;
mod csrf;
mod device;
mod duties;
mod failure;
mod files;
mod forms;
mod headers;
mod layout;
mod listing;
mod metrics;
mod oidc;
mod operations;
mod origins;
mod people;
mod pictures;
mod portal;
mod request_id;
mod reviews;
mod serve;
mod service;
mod theme;
mod throttle;
mod view;
mod visit;
mod words;

pub use admin::{Readiness, admin_router};
pub use apps::{Apps, Prepared};
pub use client::seen_through;
pub use config::{DemoCity, GatewayConfig};
pub use duties::CityAccounts;
pub use failure::{Failure, FieldError, Kind, kinds};
pub use metrics::Metrics;
pub use oidc::{ClaimNames, OutsideProvider, Trusted};
pub use operations::{
    Asked, Automatic, FailedUpgrade, Install, Newer, OperationError, Operations, Review, SeparateConsent, Upgrading,
    Waits,
};
pub use origins::{HostError, Origins, OriginsError, Scheme, Site, is_local_path};
pub use request_id::RequestId;
pub use serve::serve;
pub use throttle::{SignInThrottle, SignInTry};
pub use visit::Visit;

use std::sync::Arc;
use yunlong_audit::Audit;
use yunlong_files::Files;
use yunlong_hub::Hub;
use yunlong_identity::Identity;
use yunlong_installations::Installations;
use yunlong_library::Library;
use yunlong_messaging::Messaging;
use yunlong_model::Clock;
use yunlong_payments::Payments;
use yunlong_store::SharedStore;

/// What the gateway stands on.
#[derive(Clone)]
pub struct Services {
    /// The store.
    pub store: SharedStore,
    /// Accounts, sessions, consents.
    pub identity: Arc<Identity>,
    /// What is installed.
    pub installations: Arc<Installations>,
    /// Events and inboxes.
    pub messaging: Arc<Messaging>,
    /// Intents and the ledger.
    pub payments: Arc<Payments>,
    /// Published packages and enrolled keys.
    pub library: Library,
    /// Files of installations.
    pub files: Arc<Files>,
    /// Shared data: the catalogue, records, grants, corrections.
    pub hub: Hub,
    /// The log that proves itself.
    pub audit: Audit,
    /// What runs the guests.
    pub apps: Arc<dyn Apps>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Files that are sent at once.
const SEATS: usize = 8;

/// The gateway's state, shared by all requests.
pub struct Gateway {
    pub(crate) origins: Origins,
    pub(crate) config: GatewayConfig,
    pub(crate) services: Services,
    pub(crate) operations: Operations,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) cookies: cookies::Cookies,
    pub(crate) fixed: headers::Fixed,
    pub(crate) theme: theme::Theme,
    pub(crate) assets: Arc<assets::Assets>,
    pub(crate) pictures: pictures::Pictures,
    pub(crate) tries: SignInThrottle,
    seats: tokio::sync::Semaphore,
    pub(crate) oidc: oidc::Providers,
    portal: axum::Router,
    console: axum::Router,
}

impl Gateway {
    /// The gateway for these origins.
    #[must_use]
    pub fn new(origins: Origins, config: GatewayConfig, services: Services) -> Arc<Self> {
        let assets = Arc::new(assets::Assets::new(services.library.clone()));
        Arc::new(Self {
            cookies: cookies::Cookies::new(origins.scheme()),
            fixed: headers::Fixed::new(&origins),
            theme: theme::Theme::new(),
            pictures: pictures::Pictures::new(services.library.clone()),
            operations: Operations::new(services.clone(), assets.clone(), config.trial),
            assets,
            tries: SignInThrottle::new(&config),
            seats: tokio::sync::Semaphore::new(SEATS),
            oidc: oidc::Providers::new(&config.providers, &origins),
            metrics: Arc::default(),
            portal: portal::router(),
            console: console::router(),
            origins,
            config,
            services,
        })
    }

    /// A seat for whoever sends a file of many megabytes, which is in memory whole until it is dealt with.
    ///
    /// # Errors
    /// When all seats are taken: it is to be sent again.
    pub(crate) fn seat(&self) -> failure::Outcome<tokio::sync::SemaphorePermit<'_>> {
        self.seats.try_acquire().map_err(|_| {
            failure::Failure::new(failure::kinds::BUSY).retry_after(5).because(
                "同时上传的文件太多，请稍后再传。",
                "Too many files are being uploaded at once: send yours again in a moment.",
            )
        })
    }

    /// What the console does, for whoever starts the server.
    #[must_use]
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// The metrics that the admin listener serves.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The public addresses.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Where a visitor of `site` shows the second factor again, to come back to `path`.
    pub(crate) fn step_up_address(&self, site: Option<&Site>, path: &str) -> String {
        let path = origins::local_or_root(Some(path));
        let label = site.map_or("", city::label);
        format!("{}/step-up?installation={label}&return={}", self.origins.portal(), encode(path))
    }

    /// Where a visitor of `site` signs in, to come back to `path`.
    pub(crate) fn sign_in_address(&self, site: Option<&Site>, path: &str) -> String {
        let path = origins::local_or_root(Some(path));
        match site {
            None | Some(Site::Portal) => format!("{}/sign-in?return={}", self.origins.portal(), encode(path)),
            Some(Site::Console) => format!("/_city/sign-on?return={}", encode(path)),
            Some(Site::App(name)) => {
                format!("{}/sign-on?installation={name}&return={}", self.origins.portal(), encode(path))
            }
        }
    }
}

/// The public listener's routes.
pub fn router(gateway: Arc<Gateway>) -> axum::Router {
    service::router(gateway)
}

/// A value in a query.
pub(crate) fn encode(value: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    utf8_percent_encode(value, QUERY).to_string()
}
