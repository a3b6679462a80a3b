//! The console: where departments install apps, see what those may do, and run them.

pub(crate) mod accounts;
mod actions;
mod acts;
mod advisories;
mod app;
pub(crate) mod companies;
mod config_form;
pub(crate) mod hub;
mod install;
mod jobs;
mod journals;
mod list;
pub(crate) mod organizations;
pub(crate) mod oversight;
mod payments;
mod publish;
mod removal;
mod reviews;
pub(crate) mod signers;
mod standing;
mod versions;

pub(crate) use app::export_file;
pub(crate) use journals::journal_file;

use crate::failure::{Failure, Outcome, kinds};
use crate::operations::{OperationError, said};
use crate::view::{Administrator, View};
use axum::Router;
use axum::routing::{get, post};
use http::Method;
use std::sync::Arc;
use yunlong_installations::Installation;
use yunlong_library::LibraryError;
use yunlong_publications::{PublicationError, Refusal};
use yunlong_registry::TrustError;
use yunlong_store::CommitError;

/// Whether a request of the console or its API carries a file, which takes its time to arrive.
pub(crate) fn takes_files(method: &Method, path: &str) -> bool {
    let files = ["/reviews", "/install", "/advisories", "/api/v1/packages", "/api/v1/advisories"];
    method == Method::POST && files.contains(&path)
}

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(list::page))
        .route("/reviews", get(reviews::list).post(publish::from_reviews))
        .route("/reviews/{number}", get(reviews::page).post(reviews::act))
        .route("/apps/{name}", get(app::page))
        .route("/apps/{name}/stop", post(app::stop))
        .route("/apps/{name}/start", post(app::start))
        .route("/apps/{name}/uninstall", get(removal::confirm_uninstall).post(removal::uninstall))
        .route("/apps/{name}/grants", post(app::set_grant))
        .route("/apps/{name}/datasets", post(app::ask))
        .route("/apps/{name}/roles", post(app::set_roles))
        .route("/apps/{name}/config", post(app::set_config))
        .route("/apps/{name}/log", get(app::log))
        .route("/apps/{name}/journals", get(journals::page).post(journals::set))
        .route("/apps/{name}/journals/{id}", post(journals::download))
        .route("/apps/{name}/export", get(app::export).post(app::download))
        .route("/apps/{name}/upgrade/{digest}", get(install::upgrade_page))
        .route("/apps/{name}/automatic", post(versions::set_automatic))
        .route("/apps/{name}/health", post(app::health))
        .route("/apps/{name}/versions", get(versions::page).post(versions::act))
        .route("/apps/{name}/payments", get(payments::page))
        .route("/apps/{name}/jobs", get(jobs::page).post(jobs::act))
        .route("/apps/{name}/jobs/{job}", get(jobs::runs))
        .route("/apps/{name}/dead-letters", get(jobs::dead_letters).post(jobs::dead_letter))
        .route("/install", get(install::choose).post(publish::from_install))
        .route("/install/{digest}", get(install::review).post(install::approve))
        .route("/install/{digest}/progress", get(install::progress))
        .route("/install/{digest}/upgrade", post(install::upgrade))
        .route("/versions/{digest}", get(standing::page).post(standing::decide))
        .route("/pictures/{digest}/{n}", get(crate::pictures::picture))
        .route("/advisories", get(advisories::page).post(advisories::import))
        .route("/signers", get(signers::page).post(signers::enroll))
        .route("/signers/revoke", post(signers::revoke))
        .route("/accounts", get(accounts::page))
        .route("/accounts/new", get(accounts::new).post(accounts::create))
        .route("/accounts/{name}", get(accounts::one))
        .route("/accounts/{name}/{act}", post(accounts::act))
        .route("/organizations", get(organizations::page).post(organizations::add))
        .route("/roles", get(oversight::roles))
        .route("/audit", get(oversight::audit))
        .route("/audit/acts", get(acts::page))
        .route("/audit/acts/file", get(acts::file))
        .route("/policy", get(oversight::policy).post(oversight::set_policy))
        .route("/companies", get(companies::page).post(companies::submit))
        .route("/help", get(crate::portal::help))
        .route("/favicon.ico", get(crate::portal::favicon))
        .merge(hub::router())
        .merge(crate::api::console())
        .merge(crate::api::people())
        .merge(crate::api::hub())
        .merge(crate::api::hub_exchange())
        .merge(crate::api::hub_export())
        .fallback(crate::portal::no_page)
        .method_not_allowed_fallback(crate::portal::no_method)
}

/// The installation of a path and who administers it; what is another department's is not there.
pub(crate) fn administer(view: &View, name: &str) -> Outcome<(Arc<Installation>, Administrator)> {
    let administrator = view.administrator()?;
    let name = crate::api::name(name)?;
    let installation =
        view.gateway.services.installations.get(&name).ok_or_else(|| Failure::new(kinds::NO_SUCH_SERVICE))?;
    may_administer(view, &installation.organization)?;
    Ok((installation, administrator))
}

/// Whether an organization's installations are this official's to run.
pub(crate) fn may_administer(view: &View, organization: &str) -> Outcome<()> {
    let session = view.signed_in()?;
    if view.gateway.services.identity.may_administer(session, organization) {
        Ok(())
    } else {
        Err(Failure::new(kinds::FORBIDDEN).because("这属于其他部门。", "This belongs to another department."))
    }
}

/// Who decides that a key is trusted no longer: not who enrolls them.
pub(crate) fn security_administrator(view: &View) -> Outcome<String> {
    Ok(view.one_of(&[yunlong_identity::PlatformRole::SecurityAdmin])?.account.clone())
}

/// What only the city's own administrators may do: deciding whose packages are trusted.
pub(crate) fn city_administrator(view: &View) -> Outcome<Administrator> {
    let administrator = view.administrator()?;
    if administrator.city {
        Ok(administrator)
    } else {
        Err(Failure::new(kinds::FORBIDDEN).because("这需要市级管理员。", "This is for the city’s administrators."))
    }
}

impl From<OperationError> for Failure {
    fn from(e: OperationError) -> Self {
        match e {
            OperationError::Library(e) => e.into(),
            OperationError::NoSuchInstallation(name) => Self::not_found().because(
                format!("没有安装“{name}”：可能已被卸载。"),
                format!("There is no installation `{name}`: it may have been removed."),
            ),
            OperationError::Invalid { field, problem } => {
                Self::new(kinds::INVALID).field(&field, problem.zh, problem.en)
            }
            OperationError::Load(e) => Self::new(kinds::INVALID)
                .because(format!("组件不被接受：{}", said::load(&e).zh), format!("The component is refused: {e}")),
            OperationError::App(e) => Self::new(kinds::CONFLICT)
                .because(format!("应用未能启动：{}", said::invocation(&e).zh), format!("The app did not start: {e}")),
            OperationError::Installation(e) => e.into(),
            OperationError::Identity(e) => e.into(),
            OperationError::Messaging(e) => e.into(),
            OperationError::Files(e) => e.into(),
            OperationError::Payments(e) => e.into(),
            OperationError::WouldNotRead { version, schemas } => Self::new(kinds::CONFLICT).field(
                "accept_unreadable",
                format!("版本 {version} 不能读取结构为 {schemas:?} 的数据，此后写入的内容可能对市民不可见。数据不会丢失；如确需退回，请确认。"),
                format!("Version {version} does not read data of schema {schemas:?}: what was written since may be hidden from people. Nothing is deleted; confirm it if that is meant."),
            ),
            OperationError::NeverRan { .. } => {
                let text = e.text();
                Self::new(kinds::CONFLICT).field("version", text.zh, text.en)
            }
            OperationError::StillRunning(_)
            | OperationError::NotStopped(_)
            | OperationError::ChangedSinceExport(_)
            | OperationError::NotByItself(_) => {
                let text = e.text();
                Self::new(kinds::CONFLICT).because(text.zh, text.en)
            }
            OperationError::Indexes(_) => {
                let text = e.text();
                Self::new(kinds::CONFLICT).because(
                    format!("{}。版本更换已撤销：请先更正数据，或请供应商修正版本。", text.zh),
                    format!("{}. The change of versions was undone: correct the data first, or ask the vendor for a corrected version.", text.en),
                )
            }
            OperationError::Commit(e) => e.into(),
            OperationError::Documents(yunlong_store::documents::DocumentError::Store(e)) => e.into(),
            OperationError::Documents(e @ yunlong_store::documents::DocumentError::Invalid(_)) => {
                Self::new(kinds::MALFORMED).because("请从第一页重新打开。", format!("Begin at the first page: {e}"))
            }
            OperationError::Documents(e) => Self::internal(e),
            OperationError::Hub(e) => e.into(),
            OperationError::Audit(e) => e.into(),
            OperationError::Stopping => Self::new(kinds::BUSY),
        }
    }
}

impl From<LibraryError> for Failure {
    fn from(e: LibraryError) -> Self {
        let text = e.text();
        let kind = match &e {
            LibraryError::Stopping => return Self::new(kinds::BUSY),
            LibraryError::Publication(p) => match p {
                PublicationError::Store(e) => return CommitError::Store(e.clone()).into(),
                PublicationError::Commit(e) => return e.clone().into(),
                PublicationError::NoSuchPackage(_)
                | PublicationError::NoSuchSubmission(_)
                | PublicationError::NoSuchApp(_) => return Self::not_found().because(text.zh, text.en),
                PublicationError::NotYourDuty { .. }
                | PublicationError::NotYourOrganization
                | PublicationError::OnlyTheCity => kinds::FORBIDDEN,
                PublicationError::Review(_)
                | PublicationError::StaleChecks(_)
                | PublicationError::NotApproved(_)
                | PublicationError::YankedAlready(_)
                | PublicationError::NewerImport(_)
                | PublicationError::NotInDoubt(_) => kinds::CONFLICT,
                // The package may be as good as it likes: whoever offers it may not.
                PublicationError::Refused(r) if matches!(**r, Refusal::NotYours { .. }) => kinds::FORBIDDEN,
                PublicationError::Trust(TrustError::Vendor | TrustError::OtherOrganization { .. }) => {
                    return Self::new(kinds::INVALID).field("vendor", text.zh, text.en);
                }
                PublicationError::Trust(_) => return Self::new(kinds::INVALID).field("public_key", text.zh, text.en),
                PublicationError::Invalid { field, .. } => {
                    return Self::new(kinds::INVALID).field(field, text.zh, text.en);
                }
                PublicationError::NotOffered { .. } => {
                    return Self::new(kinds::INVALID).field("version", text.zh, text.en);
                }
                _ if p.is_callers() => return Self::new(kinds::INVALID).field("package", text.zh, text.en),
                _ => return Self::internal(e),
            },
            _ if e.is_callers() => return Self::new(kinds::INVALID).field("package", text.zh, text.en),
            _ => return Self::internal(e),
        };
        Self::new(kind).because(text.zh, text.en)
    }
}

/// Renders a page of the console.
fn page(view: &View, frame: &crate::layout::Page<'_>, content: &maud::Markup) -> Outcome {
    page_with(http::StatusCode::OK, view, frame, content)
}

fn page_with(
    status: http::StatusCode,
    view: &View,
    frame: &crate::layout::Page<'_>,
    content: &maud::Markup,
) -> Outcome {
    use axum::response::IntoResponse;
    Ok((status, axum::response::Html(frame.render(view, 0, content).into_string())).into_response())
}
