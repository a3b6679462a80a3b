//! Where things stand in the space `@installations`.

use yunlong_model::{AppName, InstallationName};
use yunlong_store::Key;

fn table(name: &str) -> Key {
    Key::space("@installations").text(name)
}

pub(crate) fn installations() -> Key {
    table("installation")
}

pub(crate) fn installation(name: &InstallationName) -> Key {
    installations().text(name.as_str())
}

/// Every name that was ever used: an installation that never served does not count.
pub(crate) fn name(name: &InstallationName) -> Key {
    table("name").text(name.as_str())
}

/// Installations whose data is being deleted.
pub(crate) fn removals() -> Key {
    table("removing")
}

pub(crate) fn removal(name: &InstallationName) -> Key {
    removals().text(name.as_str())
}

/// What is known of an app across its installations.
pub(crate) fn app(app: &AppName) -> Key {
    table("app").text(app.as_str())
}

/// The digest of a release.
pub(crate) fn release(app: &AppName, version: &semver::Version) -> Key {
    table("release").text(app.as_str()).text(&version.to_string())
}

/// The releases that an installation ran and left.
pub(crate) fn former(name: &InstallationName) -> Key {
    table("former").text(name.as_str())
}

/// What happened to the releases of an installation.
pub(crate) fn history(name: &InstallationName) -> Key {
    table("history").text(name.as_str())
}

/// The last export of an installation that was read to its end.
pub(crate) fn exported(name: &InstallationName) -> Key {
    table("exported").text(name.as_str())
}

/// Until when journals of an installation are kept.
pub(crate) fn journalings() -> Key {
    table("journaling")
}

pub(crate) fn journaling(name: &InstallationName) -> Key {
    journalings().text(name.as_str())
}

/// The journals of an installation, by their numbers.
pub(crate) fn journals(name: &InstallationName) -> Key {
    space(name).text("journal").text("row")
}

/// What they hold, sealed.
pub(crate) fn journal_parts(name: &InstallationName) -> Key {
    space(name).text("journal").text("part")
}

/// How far the migration of an installation is.
pub(crate) fn migration(name: &InstallationName) -> Key {
    table("migration").text(name.as_str())
}

/// Everything that belongs to one installation.
pub(crate) fn space(name: &InstallationName) -> Key {
    Key::space(name.as_str())
}

pub(crate) fn log(name: &InstallationName) -> Key {
    space(name).text("log")
}
