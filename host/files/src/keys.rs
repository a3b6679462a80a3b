//! Where things stand: `f` in an installation's space, and the space `@files` for what goes by time or by id.

use yunlong_blobs::UploadId;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::Key;

fn of(installation: &InstallationName) -> Key {
    Key::space(installation.as_str()).text("f")
}

/// All files and uploads.
pub(crate) fn files(installation: &InstallationName) -> Key {
    of(installation).text("file")
}

pub(crate) fn file(installation: &InstallationName, id: UploadId) -> Key {
    files(installation).text(&id.to_string())
}

/// The files of one document.
pub(crate) fn attached(installation: &InstallationName, to: &str) -> Key {
    of(installation).text("to").text(to)
}

/// All that a person uploaded.
pub(crate) fn by(installation: &InstallationName, subject: &str) -> Key {
    of(installation).text("by").text(subject)
}

/// What of that is not attached yet.
pub(crate) fn open(installation: &InstallationName, subject: &str) -> Key {
    of(installation).text("open").text(subject)
}

/// The counter of the bytes of all files, and of what uploads have reserved.
pub(crate) fn bytes(installation: &InstallationName) -> Key {
    of(installation).text("bytes")
}

fn table(name: &str) -> Key {
    Key::space("@files").text(name)
}

/// What expires, by time.
pub(crate) fn expiring() -> Key {
    table("expires")
}

pub(crate) fn expires(at: Timestamp, id: UploadId) -> Key {
    expiring().u64(at.as_u64()).text(&id.to_string())
}

/// Whose each id is, and where its bytes are.
pub(crate) fn known() -> Key {
    table("of")
}

pub(crate) fn known_as(id: UploadId) -> Key {
    known().text(&id.to_string())
}

/// Whose bytes are to be removed.
pub(crate) fn gone() -> Key {
    table("gone")
}

pub(crate) fn gone_as(id: UploadId) -> Key {
    gone().text(&id.to_string())
}

/// Installations that were removed.
pub(crate) fn closed(installation: &InstallationName) -> Key {
    table("closed").text(installation.as_str())
}
