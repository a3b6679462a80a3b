//! Derives of the Rust SDK.
#![deny(missing_docs)]

mod document;

/// Implements `yunlong_sdk::Document`.
///
/// On the struct: `#[document(collection = "orders", indexes("by-slot", "by-buyer"))]`; each
/// index becomes a constant (`BY_SLOT`, `BY_BUYER`). On the field that holds the id:
/// `#[document(id)]`; its type is `String` or another `AsRef<str>`.
#[proc_macro_derive(Document, attributes(document))]
pub fn derive_document(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    document::derive(&input).unwrap_or_else(|e| e.to_compile_error()).into()
}
