//! Tickets: leave to upload, signed and kept nowhere, so that a page that shows a form writes nothing.

use crate::limits::{MAX_FILES, TICKET_MILLIS};
use crate::service::{Files, Owner};
use crate::{FileError, TicketError};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use yunlong_model::{InstallationName, Timestamp};
use zeroize::Zeroizing;

/// The longest token: a path of that length fits into every server's and proxy's limit.
const MAX_TOKEN: usize = 2_000;
/// The longest path that a form leads to.
const MAX_PATH: usize = 500;
/// Bytes of a signature.
const SIGNATURE: usize = 32;

/// The key that tickets are signed with. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct TicketKey(Zeroizing<[u8; 32]>);

impl TicketKey {
    /// A key from 32 random or derived bytes.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    fn sign(&self, payload: &[u8]) -> [u8; SIGNATURE] {
        // HMAC takes keys of any length: the error cannot happen.
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(self.0.as_slice()) else {
            return [0; SIGNATURE];
        };
        mac.update(b"yunlong/file-ticket\0");
        mac.update(payload);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketKey(…)")
    }
}

/// What is to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// The area.
    pub area: String,
    /// At most so many bytes a file; the area's limit when absent or larger.
    pub max_bytes: Option<u64>,
    /// Only these of the area's types; all when empty.
    pub accept: Vec<String>,
    /// At most so many files of one form.
    pub max_files: u32,
    /// The path of the app that the form leads to.
    pub return_path: String,
}

/// Leave for one person to upload into one area of one installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The installation.
    #[serde(rename = "i")]
    pub installation: InstallationName,
    /// The person's subject there.
    #[serde(rename = "s")]
    pub subject: String,
    /// The area.
    #[serde(rename = "a")]
    pub area: String,
    /// At most so many bytes a file.
    #[serde(rename = "m")]
    pub max_bytes: u64,
    /// The types that are taken.
    #[serde(rename = "t")]
    pub accept: Vec<String>,
    /// At most so many files of one form.
    #[serde(rename = "n")]
    pub max_files: u32,
    /// The path of the app that the form leads to.
    #[serde(rename = "p")]
    pub return_path: String,
    /// Until when it counts.
    #[serde(rename = "e")]
    pub expires: Timestamp,
}

impl Files {
    /// Issues a ticket for a person, and its token for an address.
    ///
    /// # Errors
    /// [`FileError::Undeclared`]; [`FileError::Invalid`] for a type that the area does not take, a number or a path
    /// that cannot be.
    pub fn issue(&self, owner: Owner<'_>, subject: &str, new: NewTicket) -> Result<(String, Ticket), FileError> {
        let area = owner.area(&new.area)?;
        if let Some(other) = new.accept.iter().find(|t| !area.accept.contains(*t) && !area.takes(t)) {
            return Err(FileError::Invalid(format!(
                "the area `{}` does not take {other}: app.toml names {}",
                new.area,
                area.accept.join(", ")
            )));
        }
        if !(1..=MAX_FILES).contains(&new.max_files) {
            return Err(FileError::Invalid(format!("a form can have 1 to {MAX_FILES} files, not {}", new.max_files)));
        }
        let max_bytes = new.max_bytes.unwrap_or(u64::MAX).min(area.max_bytes());
        if max_bytes == 0 {
            return Err(FileError::Invalid("`max-bytes` is 0: leave it out for the area's own limit".into()));
        }
        if !is_path(&new.return_path) {
            return Err(FileError::Invalid(
                "`return-path` is no path of the app: write it as `/reports`, at most 500 bytes".into(),
            ));
        }
        let ticket = Ticket {
            installation: owner.name.clone(),
            subject: subject.to_owned(),
            area: new.area,
            max_bytes,
            accept: if new.accept.is_empty() { area.accept.clone() } else { new.accept },
            max_files: new.max_files,
            return_path: new.return_path,
            expires: self.clock.now().plus_millis(TICKET_MILLIS),
        };
        let payload = serde_json::to_vec(&ticket)
            .map_err(|e| FileError::Invalid(format!("the ticket cannot be written: {e}")))?;
        let mut signed = self.ticket_key.sign(&payload).to_vec();
        signed.extend_from_slice(&payload);
        let token = BASE64URL_NOPAD.encode(&signed);
        if token.len() > MAX_TOKEN {
            return Err(FileError::Invalid("the ticket is too long: name fewer types, or a shorter path".into()));
        }
        Ok((token, ticket))
    }

    /// Reads a ticket that somebody shows at an installation.
    ///
    /// # Errors
    /// [`TicketError`].
    pub fn ticket(
        &self,
        token: &str,
        installation: &InstallationName,
        subject: Option<&str>,
    ) -> Result<Ticket, TicketError> {
        if token.len() > MAX_TOKEN {
            return Err(TicketError::Forged);
        }
        let signed = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| TicketError::Forged)?;
        let (signature, payload) = signed.split_at_checked(SIGNATURE).ok_or(TicketError::Forged)?;
        if !bool::from(self.ticket_key.sign(payload).as_slice().ct_eq(signature)) {
            return Err(TicketError::Forged);
        }
        let ticket: Ticket = serde_json::from_slice(payload).map_err(|_| TicketError::Forged)?;
        if ticket.installation != *installation {
            Err(TicketError::OtherInstallation)
        } else if Some(ticket.subject.as_str()) != subject {
            Err(TicketError::OtherPerson)
        } else if ticket.expires <= self.clock.now() {
            Err(TicketError::Expired)
        } else {
            Ok(ticket)
        }
    }
}

/// A path of the app itself, with a query at most: nothing that a browser could take for another host.
fn is_path(path: &str) -> bool {
    path.len() <= MAX_PATH
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/_city/")
        && path.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}#".contains(&b))
}
