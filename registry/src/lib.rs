//! Packages, signatures and trust.
//!
//! A package is an [OCI image layout](https://github.com/opencontainers/image-spec/blob/main/image-layout.md),
//! as a folder or as a tar. It holds one *wasm manifest* (the [CNCF wasm artifact
//! layout](https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/)): the standard wasm
//! config and exactly one `application/wasm` layer. Its annotations carry the digests of `app.toml`
//! and of the assets, and of listing, SBOM, provenance and scenarios where there are any, so that one signature
//! over its digest binds everything. All these and the signatures are *referrers*: manifests of their
//! own whose `subject` is the wasm manifest.
//!
//! Everything that is read is taken to be hostile: sizes are capped before bytes are kept, each
//! blob's digest is recomputed, names are an allow-list, links do not exist, and what is not known
//! is refused.
//!
//! This crate depends on the model only. It knows neither the store, nor HTTP, nor a runtime.
#![deny(missing_docs)]

pub mod assets;
pub mod bundle;
pub mod category;
pub mod component;
mod error;
pub mod imports;
mod key;
mod layout;
pub mod listing;
mod oci;
pub mod package;
mod parts;
mod scenarios;
pub mod sign;
pub mod trust;

pub use assets::Asset;
pub use category::{Area, Category};
pub use component::Inspection;
pub use error::{Most, PackageError, VerifyError, part_in_chinese};
pub use key::{Algorithm, KeyError, KeyId, KeyPair, PublicKey};
pub use listing::Listing;
pub use package::{Evidence, Limits, Materials, Package};
pub use sign::{Form, Signature};
pub use trust::{
    Endorsement, Known, Reason, Revocation, Rotation, Side, TrustError, TrustStore, TrustedKey, VerifiedSigner,
};
