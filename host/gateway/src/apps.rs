//! From a request at an installation's origin to its guest and back.

use crate::assets::PREFIX;
use crate::body;
use crate::failure::{Failure, Outcome, kinds};
use crate::files::{self, Asked, Sent};
use crate::headers;
use crate::view::View;
use async_trait::async_trait;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{Method, header, request::Parts};
use http_body_util::Full;
use std::sync::Arc;
use std::time::{Duration, Instant};
use yunlong_installations::{Installation, Status};
use yunlong_model::{Digest, InstallationName, Manifest, Presentation, Principal};
use yunlong_runtime::{FileAnswer, InspectError, InvocationError, LoadError, Outcomes, Runtime, Step};
use yunlong_store::Txn;

/// What runs guests, as the gateway needs it. The runtime implements it; tests put something
/// small in its place.
#[async_trait]
pub trait Apps: Send + Sync + 'static {
    /// Serves one request in a fresh instance.
    async fn request(
        &self,
        installation: &InstallationName,
        principal: Principal,
        presentation: Presentation,
        request_id: &str,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, InvocationError>;

    /// Checks what a component imports against the manifest and compiles it, so that whatever can
    /// be refused is refused before anything is written.
    async fn prepare(&self, manifest: &Manifest, component: Bytes) -> Result<Prepared, LoadError>;

    /// Checks, compiles and links a component, so that the installation can be called.
    async fn load(&self, installation: &Arc<Installation>, component: Bytes) -> Result<(), LoadError>;

    /// As [`Apps::load`], beside the release in charge: it serves nobody before [`Apps::switch`] or a
    /// canary says so. Where nothing is loaded it has charge.
    async fn stage(&self, installation: &Arc<Installation>, component: Bytes) -> Result<(), LoadError>;

    /// Takes the release of this package out of service; calls that are under way end by themselves.
    fn unstage(&self, installation: &InstallationName, package: &Digest);

    /// Gives the release of this package charge, if it is loaded; calls that are under way end where
    /// they began.
    fn switch(&self, installation: &InstallationName, package: &Digest) -> bool;

    /// Waits until no call of the installation is under way, but for those of the release `but`; at
    /// most `limit`. Answers whether it is so.
    async fn idle(&self, installation: &InstallationName, but: Option<&Digest>, limit: Duration) -> bool;

    /// How the calls of a release ended in the last `window`.
    fn outcomes(&self, installation: &InstallationName, package: &Digest, window: Duration) -> Outcomes;

    /// The longest that a request of a release took in the last `window` that did not fail.
    fn slowest(&self, installation: &InstallationName, package: &Digest, window: Duration) -> Duration;

    /// How many requests of a release have waited for their answers for longer than this.
    fn waiting(&self, installation: &InstallationName, package: &Digest, longer_than: Duration) -> u64;

    /// Ends requests of a release as soon as they have taken this long, those that are under way among them; `None`:
    /// when their own limit ends them, as ever.
    fn hasten(&self, installation: &InstallationName, package: &Digest, limit: Option<Duration>);

    /// Takes an installation out of service; calls that are under way end by themselves.
    fn unload(&self, installation: &InstallationName);

    /// Calls the component's `lifecycle.install`, if it has one. What it writes is staged in `txn`;
    /// the caller commits.
    async fn install(&self, installation: &InstallationName, txn: &mut Txn) -> Result<(), InvocationError>;

    /// Calls `lifecycle.health` of the release of this package, or of the one in charge, if it has one.
    async fn health(&self, installation: &InstallationName, package: Option<&Digest>) -> Result<(), InvocationError>;

    /// Runs a batch of `migrations.migrate` in the release in charge. What it writes is staged in
    /// `txn`; the caller commits.
    async fn migrate(
        &self,
        installation: &InstallationName,
        from: u32,
        to: u32,
        cursor: Option<String>,
        txn: &mut Txn,
    ) -> Result<Step, InvocationError>;
}

/// What a component can do beside serving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// Whether it can bring data to its schema.
    pub migrates: bool,
}

#[async_trait]
impl Apps for Runtime {
    async fn request(
        &self,
        installation: &InstallationName,
        principal: Principal,
        presentation: Presentation,
        request_id: &str,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, InvocationError> {
        Runtime::request(self, installation, principal, presentation, request_id, request.map(Full::new)).await
    }

    async fn prepare(&self, manifest: &Manifest, component: Bytes) -> Result<Prepared, LoadError> {
        let bytes = component.clone();
        let inspection = tokio::task::spawn_blocking(move || yunlong_runtime::inspect(&bytes)).await;
        let inspection = inspection.map_err(|e| InspectError::Malformed(format!("the validator failed: {e}")))??;
        yunlong_runtime::check(&inspection, manifest)?;
        self.compile(&component).await?;
        Ok(Prepared { migrates: inspection.migrates() })
    }

    async fn load(&self, installation: &Arc<Installation>, component: Bytes) -> Result<(), LoadError> {
        Runtime::load(self, installation, &component).await
    }

    async fn stage(&self, installation: &Arc<Installation>, component: Bytes) -> Result<(), LoadError> {
        Runtime::stage(self, installation, &component).await
    }

    fn unstage(&self, installation: &InstallationName, package: &Digest) {
        Runtime::unstage(self, installation, package);
    }

    fn switch(&self, installation: &InstallationName, package: &Digest) -> bool {
        Runtime::switch(self, installation, package)
    }

    async fn idle(&self, installation: &InstallationName, but: Option<&Digest>, limit: Duration) -> bool {
        Runtime::idle(self, installation, but, limit).await
    }

    fn outcomes(&self, installation: &InstallationName, package: &Digest, window: Duration) -> Outcomes {
        Runtime::outcomes(self, installation, package, window)
    }

    fn slowest(&self, installation: &InstallationName, package: &Digest, window: Duration) -> Duration {
        Runtime::slowest(self, installation, package, window)
    }

    fn waiting(&self, installation: &InstallationName, package: &Digest, longer_than: Duration) -> u64 {
        Runtime::waiting(self, installation, package, longer_than)
    }

    fn hasten(&self, installation: &InstallationName, package: &Digest, limit: Option<Duration>) {
        Runtime::hasten(self, installation, package, limit);
    }

    fn unload(&self, installation: &InstallationName) {
        Runtime::unload(self, installation);
    }

    async fn install(&self, installation: &InstallationName, txn: &mut Txn) -> Result<(), InvocationError> {
        self.lifecycle_install(installation, txn).await
    }

    async fn health(&self, installation: &InstallationName, package: Option<&Digest>) -> Result<(), InvocationError> {
        Runtime::health(self, installation, package).await
    }

    async fn migrate(
        &self,
        installation: &InstallationName,
        from: u32,
        to: u32,
        cursor: Option<String>,
        txn: &mut Txn,
    ) -> Result<Step, InvocationError> {
        Runtime::migrate(self, installation, from, to, cursor, txn).await
    }
}

/// Marks an answer whose page may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    /// The app's, since its signed package holds some.
    Own,
    /// The platform's own files alone.
    Platform,
}

pub(crate) async fn answer(view: &View, name: &InstallationName, parts: Parts, body: Body) -> Outcome {
    let gateway = &view.gateway;
    let installation = ready(view, name).await?;
    let files = assets_of(gateway, &installation).await;
    if matches!(parts.method, Method::GET | Method::HEAD) {
        let path = parts.uri.path();
        if let Some(found) = files.iter().find_map(|f| f.respond(path, &parts.headers)) {
            return Ok(found);
        }
        if path == "/favicon.ico" {
            return Ok(gateway.theme.icon(&parts.headers));
        }
        if !files.is_empty() && path.starts_with(PREFIX) {
            return Err(Failure::not_found());
        }
    }
    invoke(view, installation, parts, body).await
}

/// Marks which scripts an answer of an app may run. A file that somebody uploaded runs none.
fn with_scripts(mut response: axum::response::Response, files: &[Arc<crate::assets::Files>]) -> Outcome {
    if response.extensions().get::<Sent>().is_some() {
        return Ok(response);
    }
    let page =
        response.headers().get(http::header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    if files.iter().any(|f| f.scripts) {
        response.extensions_mut().insert(Scripts::Own);
    } else if page {
        response.extensions_mut().insert(Scripts::Platform);
    }
    Ok(response)
}

/// How often a request looks whether its app is ready.
const LOOK: Duration = Duration::from_millis(20);

/// The installation, when it serves. A request that comes while its data or its indexes are made
/// ready waits for that: an upgrade loses none.
pub(crate) async fn ready(view: &View, name: &InstallationName) -> Outcome<Arc<Installation>> {
    let gateway = &view.gateway;
    let end = Instant::now() + gateway.config.hold_timeout;
    loop {
        let installation =
            gateway.services.installations.get(name).ok_or_else(|| Failure::new(kinds::NO_SUCH_SERVICE))?;
        if installation.status != Status::Migrating || Instant::now() >= end {
            running(&installation)?;
            return Ok(installation);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The static files of the release in charge and, behind them, of the one beside it: a page that came
/// from either finds its own.
async fn assets_of(gateway: &crate::Gateway, installation: &Installation) -> Vec<Arc<crate::assets::Files>> {
    let mut files = Vec::new();
    let beside = installation.change.as_ref().map(|c| (&c.release().manifest, &c.release().package_digest));
    for (manifest, package) in [(&installation.manifest, &installation.package_digest)].into_iter().chain(beside) {
        if manifest.assets.is_some() {
            files.push(gateway.assets.of(package).await);
        }
    }
    files
}

fn running(installation: &Installation) -> Outcome<()> {
    let department = &installation.organization_name;
    match &installation.status {
        Status::Running => Ok(()),
        Status::Installing => Err(Failure::new(kinds::STOPPED)
            .because("该服务正在安装。", "This service is being installed.")
            .retry_after(5)),
        Status::Migrating => Err(Failure::new(kinds::STOPPED)
            .because("该服务正在升级，请稍后再试。", "This service is being upgraded: try again in a moment.")
            .retry_after(10)),
        Status::Stopped => Err(Failure::new(kinds::STOPPED).because(
            format!("{department}已暂停“{}”。", installation.manifest.title.zh),
            format!("“{}” is paused by {department}.", installation.manifest.title.en),
        )),
        Status::Recalled => Err(Failure::new(kinds::RECALLED).because(
            format!(
                "“{}”正在使用的版本有问题，城市要求停用。如有急事，请联系{department}。",
                installation.manifest.title.zh
            ),
            format!(
                "Something is wrong with the version of “{}” that ran here, and the city has it stopped. If it is urgent, ask {department}.",
                installation.manifest.title.en
            ),
        )),
        Status::Failed(_) => Err(Failure::new(kinds::STOPPED).because(
            "该服务出现故障，正在等待主管部门处理。",
            "This service has failed and waits for its department.",
        )),
    }
}

/// Calls the app, and answers what it answers as the release that serves declares it.
pub(crate) async fn invoke(view: &View, mut installation: Arc<Installation>, parts: Parts, body: Body) -> Outcome {
    let gateway = &view.gateway;
    let name = installation.name.clone();
    let body = body::read(body, &parts.headers, gateway.config.body_limit, gateway.config.read_timeout).await?;
    let asked = Asked::of(&parts);
    let request = for_guest(view, parts, body);
    let answer = loop {
        let principal = match &view.session {
            Some(session) => gateway.services.identity.principal(Some(session), &name).await?,
            None => Principal::anonymous(),
        };
        let id = view.request_id.as_str();
        let answer = gateway.services.apps.request(&name, principal, view.presentation, id, request.clone()).await;
        if !matches!(answer, Err(InvocationError::NotLoaded(_))) {
            break answer;
        }
        // Nothing of the app has run. When an upgrade began since it was looked at, the request waits as every other.
        let now = ready(view, &name).await?;
        if Arc::ptr_eq(&installation, &now) {
            break answer;
        }
        installation = now;
    };
    let mut response = answer.map_err(|e| failed(view, &name, &e))?;
    let file = response.headers_mut().remove(FileAnswer::HEADER);
    headers::from_guest(response.headers_mut());
    if let Some(location) = response.headers().get(header::LOCATION)
        && !headers::location_is_ours(&gateway.origins, location)
    {
        tracing::warn!(request_id = %view.request_id, installation = %name, "the app tried to redirect outside the platform");
        return Err(Failure::new(kinds::APP_REDIRECT));
    }
    let response = match file {
        Some(named) => files::send(view, &installation, &asked, response, &named).await?,
        None => response.map(Body::from).into_response(),
    };
    with_scripts(response, &assets_of(gateway, &installation).await)
}

/// The request as the guest sees it: path and query, the headers of the allow-list, the body. The
/// runtime adds the installation's public address.
fn for_guest(view: &View, parts: Parts, body: Bytes) -> http::Request<Bytes> {
    let mut request = http::Request::new(body);
    *request.headers_mut() = headers::for_guest(&parts.headers, view.lang());
    *request.method_mut() = parts.method;
    // An absolute target or HTTP/2 names scheme and authority as the client wrote them.
    *request.uri_mut() = parts.uri.into_parts().path_and_query.map_or_else(Default::default, http::Uri::from);
    request
}

/// What a visitor is told when a guest fails: what happened, never why. The reason stands in the
/// app's log, which the runtime writes, under the same request id.
fn failed(view: &View, name: &InstallationName, error: &InvocationError) -> Failure {
    tracing::warn!(request_id = %view.request_id, installation = %name, outcome = error.outcome(), %error, "invocation failed");
    match error {
        InvocationError::NotLoaded(_) => Failure::new(kinds::STOPPED)
            .because("该服务正在启动或已暂停。", "This service is starting or paused.")
            .retry_after(5),
        InvocationError::Overloaded(_) => Failure::new(kinds::BUSY).retry_after(2),
        InvocationError::Deadline { .. } | InvocationError::Cpu { .. } => Failure::new(kinds::APP_TIMEOUT),
        InvocationError::BadRequest(_) => Failure::new(kinds::MALFORMED),
        InvocationError::NotExported(_) => Failure::not_found(),
        _ => Failure::new(kinds::APP_FAILED),
    }
}
