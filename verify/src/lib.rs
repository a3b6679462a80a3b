//! Checks what an audit log says of itself, with no code of the platform that wrote it.
//!
//! [`log`] reads an export line by line in constant memory and names the first fault. [`tree`] checks
//! single proofs, [`note`] checkpoints and cosignatures; [`publication`] checks that a package was published,
//! approved and not yanked. `yunlong-witness` stands on the same parts.
//!
//! # The export
//! JSON Lines; a line is at most 12 MiB. The first one is the header, the last one the end; each other line has one
//! of these forms:
//!
//! | line | what it is |
//! |---|---|
//! | `{"log":"yunlong-audit","v":1,"origin","key","witnesses","size","hidden"}` | the header: whose log, how many leaves, how many of them an order hid |
//! | `{"index","at":[commit,place],"leaf"?,"hash"?,"sealed"?,"gone"?,"unreadable"?,"opened"?:{"salt","record"}}` | a leaf, its hash in the tree, and its payload, or the leaf that excuses it |
//! | `{"tile":{"level","n","hashes"}}` | a tile above level 0, behind the leaf that completes it; incomplete ones behind all leaves |
//! | `{"checkpoint":{"size","previous","note"}}` | a signed checkpoint, behind its last leaf |
//! | `{"damage":{"key","what"}}` | a row of the store that does not fit the rest, or that the exporter cannot follow: its key in hexadecimal, and why. The host goes on behind it and judges nothing; here it is a fault ([`What::Damage`]), wherever it stands |
//! | `{"end":{"lines","sha256"}}` | how many lines came before, and the digest of all their bytes |
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
