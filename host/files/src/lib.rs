//! Files of installations: what people attach to a form, and what an app writes itself.
//!
//! A [`Ticket`] lets one person upload into one area of one installation. An upload grows by [`Files::receive`], which
//! a client may go on with after a cut or a restart of the server; when it is whole it is a *file*. A file that an app
//! has bound to a document ([`Files::attach`]) stays; any other expires.
//!
//! - Bytes are in a [`BlobStore`](yunlong_blobs::BlobStore), a place for each file: the upload's id is the file's, so
//!   that removing one can never hit another of the same content.
//! - Everything else is a row in the installation's key space, sealed, since names tell of persons.
//! - Files of personal areas are sealed in pieces under a key of their own, which stands in their row: ranges can be
//!   read, a change of the city's key seals rows anew and no content, and a file whose row is gone cannot be read by
//!   anybody.
//!
//! **Invariants.** This room knows neither wasm nor HTTP. What a file is, is said by its bytes alone. Bytes are synced
//! and have their place before a row says that they are a file. No row of one installation is found by another's name.
//! What is uploaded is taken from the installation's quota when the upload is begun.
#![deny(missing_docs)]

mod attach;
mod content;
mod erase;
mod error;
mod keys;
mod limits;
mod read;
mod receive;
mod row;
mod service;
mod sniff;
mod source;
mod sweep;
mod ticket;
mod upload;

pub use attach::Who;
pub use error::{FileError, TicketError};
pub use limits::{
    EXPIRES_MILLIS, MAX_ATTACHED, MAX_FILES, MAX_NAME, MAX_OPEN, MAX_READ, MAX_TO, MAX_WRITTEN, TICKET_MILLIS,
};
pub use read::Content;
pub use receive::{Checksum, Piece, Received};
pub use row::File;
pub use service::{Files, Owner};
pub use sniff::{is_shown, recognize};
pub use source::{Cut, Source, Whole};
pub use sweep::{Swept, stored_at, stored_rows};
pub use ticket::{NewTicket, Ticket, TicketKey};
pub use upload::{NewUpload, Progress};
