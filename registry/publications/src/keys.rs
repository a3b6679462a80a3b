//! Where things stand in the space `@registry`.

use crate::advisories::Ecosystem;
use crate::submission::State;
use yunlong_model::{AppName, Digest};
use yunlong_registry::KeyId;
use yunlong_store::Key;

fn table(name: &str) -> Key {
    Key::space("@registry").text(name)
}

/// The next number of a kind of thing.
pub(crate) fn number(of: &str) -> Key {
    table("number").text(of)
}

pub(crate) fn keys() -> Key {
    table("key")
}

pub(crate) fn key(id: &KeyId) -> Key {
    keys().text(&id.to_string())
}

/// The keys of a vendor, by their ids.
pub(crate) fn keys_of(vendor: &str) -> Key {
    table("key-of").text(vendor)
}

pub(crate) fn app(app: &AppName) -> Key {
    table("app").text(app.as_str())
}

pub(crate) fn versions(app: &AppName) -> Key {
    table("version").text(app.as_str())
}

pub(crate) fn version(app: &AppName, version: &semver::Version) -> Key {
    versions(app).text(&version.to_string())
}

pub(crate) fn release(digest: &Digest) -> Key {
    table("release").text(&digest.to_string())
}

/// The packages that a key signed.
pub(crate) fn releases_of(key: &KeyId) -> Key {
    table("release-of").text(&key.to_string())
}

/// The versions out of a repository that may be installed.
pub(crate) fn offered(repository: &str) -> Key {
    table("offered").text(repository)
}

/// The package that was submitted last under the tag of its version, in a repository.
pub(crate) fn labelled(repository: &str, version: &semver::Version) -> Key {
    of_tag(repository, &version.to_string().replace('+', "_"))
}

/// As [`labelled`], by the tag: no tag may have a `+`.
pub(crate) fn of_tag(repository: &str, tag: &str) -> Key {
    table("labelled").text(repository).text(tag)
}

/// The versions out of a repository that were yanked, and may still be read by their digests.
pub(crate) fn yanked(repository: &str) -> Key {
    table("yanked").text(repository)
}

/// What a package declares and holds: for differences and pages.
pub(crate) fn summary(digest: &Digest) -> Key {
    table("summary").text(&digest.to_string())
}

pub(crate) fn signature(digest: &Digest) -> Key {
    table("signature").text(&digest.to_string())
}

pub(crate) fn submissions() -> Key {
    table("submission")
}

pub(crate) fn submission(number: u64) -> Key {
    submissions().u64(number)
}

pub(crate) fn in_state(state: State) -> Key {
    table("in-state").text(state.slug())
}

pub(crate) fn of_organization(organization: &str) -> Key {
    table("of-organization").text(organization)
}

pub(crate) fn of_app(app: &AppName) -> Key {
    table("of-app").text(app.as_str())
}

pub(crate) fn comments(submission: u64) -> Key {
    table("comment").u64(submission)
}

pub(crate) fn findings(submission: u64) -> Key {
    table("findings").u64(submission)
}

pub(crate) fn listings() -> Key {
    table("listing")
}

pub(crate) fn listing(app: &AppName) -> Key {
    listings().text(app.as_str())
}

pub(crate) fn event(number: u64) -> Key {
    table("event").u64(number)
}

/// Events whose leaf is not known yet.
pub(crate) fn pending() -> Key {
    table("event-pending")
}

/// The events about a package or a key.
pub(crate) fn events_of(target: &str) -> Key {
    table("event-of").text(target)
}

/// The hashes of all versions' states: 256 a row.
pub(crate) fn state_tile(n: u64) -> Key {
    table("state-tile").u64(n)
}

/// How many there are, and the roots of the complete rows.
pub(crate) fn state_head() -> Key {
    table("state-head")
}

/// The advisories of an ecosystem, of all imports that are still there.
pub(crate) fn all_advisories(ecosystem: Ecosystem) -> Key {
    table("advisory").text(ecosystem.name())
}

pub(crate) fn advisories(ecosystem: Ecosystem, generation: u64) -> Key {
    all_advisories(ecosystem).u64(generation)
}

/// The imports in force, by their ecosystems.
pub(crate) fn imports() -> Key {
    table("advisories")
}

pub(crate) fn import(ecosystem: Ecosystem) -> Key {
    imports().text(ecosystem.name())
}
