//! Checks what an audit log says of itself, with no code of the platform that wrote it.
//!
//! [`log`] reads an export line by line in constant memory and names the first fault. [`tree`] checks
//! single proofs, [`note`] checkpoints and cosignatures; [`publication`] checks that a package was published,
//! approved and not yanked. `yunlong-witness` stands on the same parts.
//!
//! **Invariant.** This crate depends on no crate of the host: whoever distrusts the platform reads this
//! one, and needs nothing else.
#![deny(missing_docs)]

mod fault;
mod leaf;
pub mod log;
pub mod note;
pub mod proof;
pub mod publication;
mod signer;
pub mod time;
pub mod tree;

pub use fault::{Fault, What};
pub use signer::SignerError;
