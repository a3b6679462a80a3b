//! Sharing between departments: requests, grants, legal orders.
//!
//! Invariants:
//! - A provider gives what was asked for or less, never more.
//! - Nobody decides on another organization's data: neither the side that asks nor the city's system
//!   administrator.
//! - A request, its grant and the audit's row of it are written in one commit.
//! - A grant that was revoked has no effect from the moment at which the revocation answers.

pub(crate) mod clock;
mod desk;
pub(crate) mod grants;
pub(crate) mod kept;
pub(crate) mod keys;
mod lists;
mod orders;
mod request;

pub use grants::GrantFilter;
pub use lists::{RequestFilter, RequestPage};
pub use orders::{EndedOrder, NewOrder, Order};
pub(crate) use request::said;
pub use request::{Decision, Request, RequestState, RequestStep, Step};

use crate::{Actor, HubError, LegalBasis, Terms};
use yunlong_audit::Entry;
use yunlong_model::Timestamp;

/// An id that sorts by the time at which it was made: 48 bits of milliseconds, 64 random bits.
pub(crate) fn new_id(now: Timestamp) -> String {
    let random: u64 = rand::random();
    format!("{:012x}{random:016x}", now.as_u64())
}

/// An audit entry about an act on a request or a grant.
fn act(action: &str, by: &Actor, request: &Request, detail: String) -> Entry {
    Entry {
        organization: by.organization.clone(),
        installation: Some(request.installation.clone()),
        dataset: Some(request.dataset().to_owned()),
        target: request.id.clone(),
        purpose: Some(request.purpose().to_owned()),
        basis: Some(basis_text(request.asked.basis, request.asked.law.as_deref())),
        fields: request.asked.fields.clone(),
        request_id: by.request_id.clone(),
        detail,
        ..Entry::new(action, &by.account, by.kind)
    }
}

/// The basis as the log has it: its name in `app.toml` and, behind a colon and a blank, the law.
pub(crate) fn basis_text(basis: LegalBasis, law: Option<&str>) -> String {
    let name = match basis {
        LegalBasis::Consent => "consent",
        LegalBasis::Contract => "contract",
        LegalBasis::StatutoryDuty => "statutory-duty",
        LegalBasis::Emergency => "emergency",
        LegalBasis::PublicData => "public-data",
    };
    law.map_or_else(|| name.to_owned(), |law| format!("{name}: {law}"))
}

/// As [`basis_text`], of terms.
pub(crate) fn basis_of(terms: &Terms) -> String {
    basis_text(terms.basis, terms.law.as_deref())
}

/// The provider's officials who decide, the side that asks, nobody else.
pub(crate) fn not_theirs() -> HubError {
    HubError::forbidden(
        "只有提供方的部门管理员可以办理：请联系提供方",
        "only a department administrator of the provider decides on this: ask the provider",
    )
}
