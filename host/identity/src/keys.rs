//! Where things stand in the space `@identity`.

use crate::secret::TokenHash;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::Key;

const SPACE: &str = "@identity";

fn table(name: &str) -> Key {
    Key::space(SPACE).text(name)
}

pub(crate) fn organizations() -> Key {
    table("organization")
}

pub(crate) fn organization(code: &str) -> Key {
    organizations().text(code)
}

pub(crate) fn accounts() -> Key {
    table("account")
}

pub(crate) fn account(name: &str) -> Key {
    accounts().text(name)
}

/// The accounts of an organization.
pub(crate) fn members_of(organization: &str) -> Key {
    table("member").text(organization)
}

pub(crate) fn member(organization: &str, account: &str) -> Key {
    members_of(organization).text(account)
}

/// That every account of an organization has its row among the members.
pub(crate) fn members_indexed() -> Key {
    table("members-indexed")
}

/// The password's hash, apart from the account, so that nothing secret is read with it.
pub(crate) fn password(account: &str) -> Key {
    table("password").text(account)
}

pub(crate) fn attributes_of_all() -> Key {
    table("attributes")
}

pub(crate) fn attributes(account: &str) -> Key {
    attributes_of_all().text(account)
}

/// The account of a resident ID; `tag` is an HMAC, so that the key does not tell the number.
pub(crate) fn resident_id(tag: &str) -> Key {
    table("resident-id").text(tag)
}

/// A row of failures; which names share it, only the platform's key tells.
pub(crate) fn attempts(row: u64) -> Key {
    table("failures").u64(row)
}

/// The sessions of an account that began by signing in.
pub(crate) fn sessions_of(account: &str) -> Key {
    table("session-of").text(account)
}

pub(crate) fn session_of(account: &str, id: &TokenHash) -> Key {
    sessions_of(account).text(id.as_str())
}

/// The second factors of an account.
pub(crate) fn factors(account: &str) -> Key {
    table("factors").text(account)
}

/// A code of TOTP that was offered and not confirmed yet.
pub(crate) fn totp_offer(account: &str) -> Key {
    table("totp-offer").text(account)
}

/// A one-time reset, by the keyed hash of its code.
pub(crate) fn reset(tag: &str) -> Key {
    table("reset").text(tag)
}

/// The reset that an account has; there is one at most.
pub(crate) fn reset_of(account: &str) -> Key {
    table("reset-of").text(account)
}

/// The account of a subject of an outside provider; `tag` is a keyed hash of both.
pub(crate) fn external(tag: &str) -> Key {
    table("external").text(tag)
}

/// The outside providers with which an account can sign in.
pub(crate) fn externals_of(account: &str) -> Key {
    table("external-of").text(account)
}

pub(crate) fn external_of(account: &str, tag: &str) -> Key {
    externals_of(account).text(tag)
}

pub(crate) fn policy() -> Key {
    table("policy")
}

pub(crate) fn mandates() -> Key {
    table("mandate")
}

pub(crate) fn mandate(id: &str) -> Key {
    mandates().text(id)
}

/// The mandates that a grantor gave.
pub(crate) fn mandates_by(grantor: &str) -> Key {
    table("mandate-by").text(grantor)
}

pub(crate) fn mandate_by(grantor: &str, id: &str) -> Key {
    mandates_by(grantor).text(id)
}

/// The mandates that an account holds.
pub(crate) fn mandates_to(account: &str) -> Key {
    table("mandate-to").text(account)
}

pub(crate) fn mandate_to(account: &str, id: &str) -> Key {
    mandates_to(account).text(id)
}

/// A mandate that waits to be taken, by the keyed hash of its code.
pub(crate) fn invitation(tag: &str) -> Key {
    table("mandate-invitation").text(tag)
}

pub(crate) fn preferences(account: &str) -> Key {
    table("preferences").text(account)
}

pub(crate) fn session(id: &TokenHash) -> Key {
    table("session").text(id.as_str())
}

/// The sessions that began with a code from this one.
pub(crate) fn children(parent: &TokenHash) -> Key {
    table("child").text(parent.as_str())
}

pub(crate) fn child(parent: &TokenHash, id: &TokenHash) -> Key {
    children(parent).text(id.as_str())
}

pub(crate) fn code(hash: &TokenHash) -> Key {
    table("code").text(hash.as_str())
}

/// What can be thrown away, by time.
pub(crate) fn expiries() -> Key {
    table("expiry")
}

pub(crate) fn expiry(at: Timestamp, kind: &str, id: &TokenHash) -> Key {
    expiries().u64(at.as_u64()).text(kind).text(id.as_str())
}

pub(crate) fn roles_in(installation: &InstallationName) -> Key {
    table("role").text(installation.as_str())
}

pub(crate) fn roles(installation: &InstallationName, account: &str) -> Key {
    roles_in(installation).text(account)
}

pub(crate) fn role(installation: &InstallationName, account: &str, role: &str) -> Key {
    roles(installation, account).text(role)
}

pub(crate) fn consents_of(account: &str) -> Key {
    table("consent").text(account)
}

pub(crate) fn consents(account: &str, installation: &InstallationName) -> Key {
    consents_of(account).text(installation.as_str())
}

pub(crate) fn consent(account: &str, installation: &InstallationName, scope: &str) -> Key {
    consents(account, installation).text(scope)
}

pub(crate) fn subjects(installation: &InstallationName) -> Key {
    table("subject").text(installation.as_str())
}

pub(crate) fn subject(installation: &InstallationName, subject: &str) -> Key {
    subjects(installation).text(subject)
}
