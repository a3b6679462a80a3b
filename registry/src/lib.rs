//! Packages, signatures and trust.
//!
//! A package is an [OCI image layout](https://github.com/opencontainers/image-spec/blob/main/image-layout.md),
//! as a folder or as a tar. It holds one *wasm manifest* (the [CNCF wasm artifact
//! layout](https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/)): the standard wasm
//! config and exactly one `application/wasm` layer. Its annotations carry the digests of `app.toml`
//! and of the assets, so that one signature over its digest binds everything. `app.toml`, assets and
//! signatures are *referrers*: manifests of their own whose `subject` is the wasm manifest.
//!
//! Everything that is read is taken to be hostile: sizes are capped before bytes are kept, each
//! blob's digest is recomputed, names are an allow-list, links do not exist, and what is not known
//! is refused.
//!
//! This crate depends on the model only. It knows neither the store, nor HTTP, nor a runtime.
#![deny(missing_docs)]

pub mod assets;
pub mod component;
pub mod depot;
mod error;
mod layout;
mod oci;
pub mod package;
pub mod sign;
pub mod trust;

pub use assets::Asset;
pub use component::Inspection;
pub use depot::Depot;
pub use error::{PackageError, VerifyError};
pub use package::{Limits, Package};
pub use sign::{Algorithm, KeyError, KeyId, KeyPair, PublicKey, Signature};
pub use trust::{TrustError, TrustStore, TrustedKey, VerifiedSigner};
