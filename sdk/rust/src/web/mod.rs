//! Requests, responses, routes and forms.

mod accept;
mod error;
mod form;
mod operation;
mod request;
mod response;
mod router;
mod urlencoded;

pub use error::{Error, MissingConsent, Problem};
pub use form::Form;
pub(crate) use operation::Doc;
pub use operation::{Input, Operation};
pub use request::{Request, TestRequest};
pub use response::Response;
pub use router::Router;
pub use urlencoded::encode as encode_url;

pub use http::{Method, StatusCode};

/// What a handler answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
