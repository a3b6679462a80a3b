//! Files: what people attach to a form, what the app makes, and how both are served. The bytes of an
//! upload never pass through the app.
//!
//! ```
//! use maud::html;
//! use yunlong_sdk::files::{self, NewTicket, Show};
//! use yunlong_sdk::{Form, Request, Response, page, t, transact, web};
//!
//! // The page: the form goes to the ticket's address, and from there to `/reports`.
//! fn show(req: &Request, form: &Form) -> web::Result<Response> {
//!     req.subject()?;
//!     let ticket = files::ticket(&NewTicket::new("photos", "/reports").files(3))?;
//!     let label = t("现场照片", "Photographs");
//!     Ok(Response::html(html! {
//!         form method="post" action=(ticket.action) enctype="multipart/form-data" {
//!             (page::file_field(req.lang(), form, "photo", &label, None, &ticket))
//!             button { (req.t("提交", "Send")) }
//!         }
//!     }))
//! }
//!
//! // The form arrives as any other: under `photo` stands the id of each file. Attaching happens with the
//! // transaction that writes the document, so that nothing is half attached.
//! fn submit(req: &Request) -> web::Result<Response> {
//!     let form = req.form()?;
//!     transact(|tx| {
//!         for id in form.values("photo") {
//!             tx.attach(id, "reports/1")?;
//!         }
//!         Ok::<_, web::Error>(())
//!     })?;
//!     Ok(Response::see_other("/"))
//! }
//!
//! // Who may see a file is the app's to decide, at every request.
//! fn photo(req: &Request) -> web::Result<Response> {
//!     req.subject()?;
//!     Ok(files::serve(&req.query_value("id").unwrap_or_default(), Show::Inline)?)
//! }
//!
//! # use yunlong_sdk::testing::TestCity;
//! # let city = TestCity::new("name = \"a\"\nversion = \"1.0.0\"\n[[files]]\nname = \"photos\"\naccept = [\"image/*\"]");
//! # city.sign_in("p-1");
//! # let id = city.upload("photos", "坑洼.jpg", "image/jpeg", b"...");
//! # transact(|tx| tx.attach(&id, "reports/1").map(drop).map_err(web::Error::from)).unwrap();
//! # assert_eq!(files::attached("reports/1").unwrap()[0].name, "坑洼.jpg");
//! # assert_eq!(files::serve(&id, Show::Inline).unwrap().header_value("city-file"), Some(format!("{id}; inline").as_str()));
//! # let _ = (show, submit, photo);
//! ```

use crate::Response;
use crate::backend::{Active, Backend};

/// What a page lets this request's person upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// The area, as `app.toml` names it.
    pub area: String,
    /// At most so many bytes for each file; the area's own limit when absent.
    pub max_bytes: Option<u64>,
    /// Only these of the area's types; all of them when empty.
    pub accept: Vec<String>,
    /// At most so many files of one form: 1 to 20.
    pub max_files: u32,
    /// The path of this app that the form leads to.
    pub return_path: String,
}

impl NewTicket {
    /// One file of whatever the area takes; the form leads to `return_path`.
    #[must_use]
    pub fn new(area: &str, return_path: &str) -> Self {
        Self {
            area: area.to_owned(),
            max_bytes: None,
            accept: Vec::new(),
            max_files: 1,
            return_path: return_path.to_owned(),
        }
    }

    /// At most so many files of one form.
    #[must_use]
    pub fn files(mut self, most: u32) -> Self {
        self.max_files = most;
        self
    }

    /// At most so many bytes for each file.
    #[must_use]
    pub fn bytes(mut self, most: u64) -> Self {
        self.max_bytes = Some(most);
        self
    }

    /// Only these of the area's types.
    #[must_use]
    pub fn accept(mut self, types: &[&str]) -> Self {
        self.accept = types.iter().map(|t| (*t).to_owned()).collect();
        self
    }
}

/// Leave to upload, for this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The address for the `action` of a form with `enctype="multipart/form-data"`.
    pub action: String,
    /// The address for a script that speaks tus 1.0.0.
    pub uploads: String,
    /// For the `accept` attribute of the input.
    pub accept: String,
    /// The largest file in bytes.
    pub max_bytes: u64,
    /// Until when it is valid: milliseconds since 1970.
    pub expires: u64,
    /// How many files one form may have.
    pub max_files: u32,
}

/// A file that is there whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its id.
    pub id: String,
    /// Its area.
    pub area: String,
    /// The name that the person's computer gave it: show it, and decide nothing by it.
    pub name: String,
    /// Its media type, as recognized by its bytes.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, in lower-case hexadecimal digits.
    pub sha256: String,
    /// When it was complete: milliseconds since 1970.
    pub created: u64,
    /// The subject of the person who uploaded it; `None` for what the app wrote itself.
    pub uploader: Option<String>,
    /// What it is attached to, in the app's own words.
    pub attached_to: Option<String>,
    /// Until when it stays if it is not attached.
    pub expires: Option<u64>,
}

/// What a browser is to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Save it under its name.
    Attachment,
    /// Show it, if it is a picture (not SVG), PDF, sound, film or plain text; save it otherwise.
    Inline,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// `app.toml` declares no such area, or it was not approved.
    #[error("app.toml declares no area of files `{0}`, or it was not approved")]
    Undeclared(String),
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// There is no such file, it has expired, or its upload is not finished.
    #[error("there is no such file")]
    NotFound,
    /// An upload of another person that is not attached yet.
    #[error("the file was uploaded by another person")]
    NotYours,
    /// It is attached to another document already.
    #[error("the file is attached to `{0}` already")]
    Attached(String),
    /// A name, a path, a number or a range that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// Over a limit.
    #[error("{0}")]
    TooLarge(String),
    /// A type that the area does not take.
    #[error("{0}")]
    WrongType(String),
    /// The transaction is closed.
    #[error("the transaction is closed")]
    Closed,
    /// The store cannot be reached.
    #[error("files cannot be reached: {0}")]
    Unavailable(String),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Issues a ticket for the person who makes this request.
///
/// # Errors
/// [`FileError::NotSignedIn`] leads a visitor to sign in, and back; [`FileError::Undeclared`],
/// [`FileError::Invalid`].
pub fn ticket(wanted: &NewTicket) -> Result<Ticket, FileError> {
    Active::issue_ticket(wanted)
}

/// Looks at a file.
///
/// # Errors
/// [`FileError::NotFound`].
pub fn stat(id: &str) -> Result<File, FileError> {
    Active::stat_file(id)
}

/// The files that are attached to a document; at most 100.
///
/// # Errors
/// [`FileError`].
pub fn attached(to: &str) -> Result<Vec<File>, FileError> {
    Active::attached_files(to)
}

/// Reads at most `length` bytes from `offset` on, at most 1 MiB at once; behind the end it is empty.
///
/// # Errors
/// [`FileError::NotFound`], [`FileError::Invalid`].
pub fn read(id: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
    Active::read_file(id, offset, length)
}

/// Writes a file of the app's own, of at most 4 MiB: a PDF, a table. It is not attached yet, and expires like an
/// upload: [`Tx::attach`](crate::Tx::attach) keeps it.
///
/// # Errors
/// [`FileError::WrongType`], [`FileError::TooLarge`], [`FileError::Invalid`].
pub fn write(area: &str, name: &str, content: impl Into<Vec<u8>>) -> Result<File, FileError> {
    Active::write_file(area, name, content.into())
}

/// A response that is a file: the gateway streams it, with ranges and conditions.
///
/// # Errors
/// [`FileError::NotFound`].
pub fn serve(id: &str, how: Show) -> Result<Response, FileError> {
    Ok(Response::empty(crate::StatusCode::OK).header("city-file", Active::serve_file(id, how)?))
}
