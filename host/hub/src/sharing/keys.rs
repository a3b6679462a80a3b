//! Where sharing stands in the space `@hub`.

use crate::keys::table;
use yunlong_model::InstallationName;
use yunlong_store::Key;

pub(crate) fn requests() -> Key {
    table("request")
}

pub(crate) fn request(id: &str) -> Key {
    requests().text(id)
}

/// Requests that wait for a decision.
pub(crate) fn open_requests() -> Key {
    table("request-open")
}

pub(crate) fn open_request(id: &str) -> Key {
    open_requests().text(id)
}

/// The newest request of an installation for each dataset and purpose.
pub(crate) fn newest_of(installation: &InstallationName) -> Key {
    table("request-of").text(installation.as_str())
}

pub(crate) fn newest(installation: &InstallationName, dataset: &str, purpose: &str) -> Key {
    newest_of(installation).text(dataset).text(purpose)
}

pub(crate) fn grants() -> Key {
    table("grant")
}

pub(crate) fn grants_of(installation: &InstallationName) -> Key {
    grants().text(installation.as_str())
}

pub(crate) fn grant(installation: &InstallationName, dataset: &str, purpose: &str) -> Key {
    grants_of(installation).text(dataset).text(purpose)
}

pub(crate) fn orders() -> Key {
    table("order")
}

pub(crate) fn order(id: &str) -> Key {
    orders().text(id)
}

pub(crate) fn jobs() -> Key {
    table("job")
}

pub(crate) fn jobs_of(installation: &InstallationName) -> Key {
    jobs().text(installation.as_str())
}

pub(crate) fn job(installation: &InstallationName, id: &str) -> Key {
    jobs_of(installation).text(id)
}

/// The pages of a job.
pub(crate) fn job_pages(id: &str) -> Key {
    table("job-page").text(id)
}

pub(crate) fn job_page(id: &str, page: u32) -> Key {
    job_pages(id).u64(u64::from(page))
}

/// Where the records that a job about persons found stand in its installation's order, until they are in pages.
pub(crate) fn job_places(id: &str) -> Key {
    table("job-place").text(id)
}

pub(crate) fn job_place(id: &str, place: &str) -> Key {
    job_places(id).text(place)
}

/// How far the changes of a dataset were told.
pub(crate) fn told(dataset: &str) -> Key {
    table("told").text(dataset)
}
