//! Publications: a vendor publishes a signed package, automatic checks look at the binary, a reviewer of another
//! organization decides, everybody can check what was decided.
//!
//! The rules are plain: [`submission`] is the state machine of a review, [`admission`] says whether a package may
//! pass, [`release`] what may be said of a version, [`checks`] what a reviewer sees; `yunlong_registry`'s trust
//! store says which keys count. [`Publications`] keeps it all in the store, in the space `@registry`.
//!
//! **Invariants.**
//! - Nothing is approved without checks that passed, and without a reviewer of another organization than the
//!   vendor's and than that of whoever published it. An approval is of one digest and names its reviewer.
//! - An app's name belongs to the vendor that first published it; a version's label stands for one digest once it
//!   is approved; what is published is never deleted.
//! - A change and its entry of the log are one commit, and the entry names the root over what may be said of every
//!   version as the change leaves it.
//! - Nothing that a revoked key signed is taken in after its revocation. What it signed before stands when another
//!   key took its place, and otherwise waits for the city's decision about each version.
//! - This crate knows neither HTTP nor wasm: packages come through [`packages::Packages`], probes through
//!   [`checks::Probe`], accounts through [`accounts::Accounts`].
#![deny(missing_docs)]

pub mod accounts;
pub mod admission;
pub mod advisories;
pub mod catalogue;
pub mod checks;
mod error;
mod events;
mod keys;
mod numbers;
pub mod packages;
mod policy;
mod possible;
mod proof;
mod queries;
mod refusal;
pub mod release;
mod repository;
mod search;
mod service;
mod state;
mod state_tree;
pub mod submission;

pub use accounts::{Accounts, Duty, Person};
pub use admission::{Stage, admit};
pub use catalogue::{CataloguePage, Listed, Search};
pub use checks::{CheckResult, Findings, Outcome, Probe};
pub use error::PublicationError;
pub use events::{Event, Leaf};
pub use packages::Packages;
pub use policy::Policy;
pub use possible::Possible;
pub use proof::{Opened, PublicationProof, Shown, StatusProof};
pub use queries::{SubmissionFilter, SubmissionPage, Version};
pub use refusal::Refusal;
pub use release::{Release, Status, Yank};
pub use repository::Hides;
pub use service::{Publications, Submitted};
pub use submission::{Comment, ReviewError, State, Submission};
