//! `#[derive(Document)]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, LitStr, Member, Result, parenthesized, spanned::Spanned};

#[derive(Default)]
struct Options {
    collection: Option<LitStr>,
    indexes: Vec<LitStr>,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let options = options(input)?;
    let collection = options
        .collection
        .ok_or_else(|| Error::new(input.ident.span(), "name the collection: #[document(collection = \"…\")]"))?;
    check_name(&collection)?;
    let id = id_field(input)?;
    let constants = options.indexes.iter().map(constant).collect::<Result<Vec<_>>>()?;
    let indexes = &options.indexes;
    let docs = indexes.iter().map(|i| format!("The index `{}`.", i.value()));
    let (name, visibility) = (&input.ident, &input.vis);
    let (for_impl, for_type, bounds) = input.generics.split_for_impl();
    let inherent = (!indexes.is_empty()).then(|| {
        quote! {
            #[allow(dead_code)]
            impl #for_impl #name #for_type #bounds {
                #(#[doc = #docs] #visibility const #constants: ::yunlong_sdk::Index<Self> = ::yunlong_sdk::Index::new(#indexes);)*
            }
        }
    });
    Ok(quote! {
        impl #for_impl ::yunlong_sdk::Document for #name #for_type #bounds {
            const COLLECTION: &'static str = #collection;

            fn id(&self) -> &str {
                ::core::convert::AsRef::<str>::as_ref(&self.#id)
            }
        }
        #inherent
    })
}

fn options(input: &DeriveInput) -> Result<Options> {
    let mut out = Options::default();
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("document")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("collection") {
                out.collection = Some(meta.value()?.parse()?);
                Ok(())
            } else if meta.path.is_ident("indexes") {
                let list;
                parenthesized!(list in meta.input);
                out.indexes.extend(list.parse_terminated(|i| i.parse::<LitStr>(), syn::Token![,])?);
                Ok(())
            } else {
                Err(meta.error("expected `collection = \"…\"` or `indexes(\"…\")`"))
            }
        })?;
    }
    Ok(out)
}

fn id_field(input: &DeriveInput) -> Result<Member> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "only a struct can be a document"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new(data.fields.span(), "a document is a JSON object: name the fields"));
    };
    let mut found = None;
    for field in &fields.named {
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("document")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("id") { Ok(()) } else { Err(meta.error("expected `id`")) }
            })?;
            let Some(ident) = &field.ident else { continue };
            if found.replace(Member::Named(ident.clone())).is_some() {
                return Err(Error::new(ident.span(), "a document has one id"));
            }
        }
    }
    found.ok_or_else(|| Error::new(input.ident.span(), "mark the field that holds the id: #[document(id)]"))
}

/// The rule of `app.toml`: what breaks it could never be declared.
fn check_name(name: &LitStr) -> Result<()> {
    let value = name.value();
    let ok = (1..=60).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if ok { Ok(()) } else { Err(Error::new(name.span(), "use 1 to 60 of a-z, 0-9, `-` and `_`")) }
}

fn constant(index: &LitStr) -> Result<Ident> {
    check_name(index)?;
    let name = index.value().to_uppercase().replace('-', "_");
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Error::new(index.span(), "start the index's name with a letter"));
    }
    Ok(format_ident!("{name}", span = index.span()))
}
