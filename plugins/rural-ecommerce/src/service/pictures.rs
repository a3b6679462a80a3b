//! Pictures of products: brought by their farmers as files, shown to everybody.

use super::access::{self, known, need};
use super::{Refusal, stores};
use crate::domain::edit::Check;
use crate::domain::listing::Listing;
use crate::domain::picture::{self, Picture};
use crate::domain::product::Product;
use crate::store::PRODUCTS;
use serde_json::json;
use std::collections::BTreeMap;
use yunlong_sdk::files::{self, File, FileError};
use yunlong_sdk::{Error, Principal, Text, t, transact};

/// The area of `app.toml`.
pub const AREA: &str = "pictures";

/// What a picture is attached to.
fn of(product: &str) -> String {
    format!("products/{product}")
}

/// Gives a product of the store of whoever asks a picture, or another one, and says what it shows; without a file, the
/// picture that is there is kept. Without words it is described by the product's name.
///
/// # Errors
/// [`Refusal::Fields`] for what is no picture, and without any; [`Refusal::NotSelling`]; [`Refusal::NotFound`] for
/// another store's product.
pub fn put(who: &Principal, product: &str, file: Option<&str>, alt: &Text) -> Result<Product, Refusal> {
    let me = access::subject(who)?;
    let mut c = Check::default();
    for (text, lang) in [(&alt.zh, "zh"), (&alt.en, "en")] {
        c.text(text, 0..=100, format!("/alt/{lang}"));
    }
    c.end()?;
    let size = file.map(|id| brought(me, product, id)).transpose()?;
    transact(|tx| {
        let mut p = own(tx, me, product)?;
        let words = |said: &str, name: &str| if said.is_empty() { name.to_owned() } else { said.to_owned() };
        let alt = Text::new(words(&alt.zh, &p.title.zh), words(&alt.en, &p.title.en));
        let picture = match (file, size, p.picture.take()) {
            (Some(id), Some(size), before) => {
                tx.attach(id, &of(&p.id)).map_err(Error::from)?;
                if let Some(old) = before.as_ref().and_then(Picture::file).filter(|old| *old != id) {
                    tx.delete_file(old).map_err(Error::from)?;
                }
                Picture::uploaded(id, alt, size)
            }
            (_, _, Some(before)) => Picture { alt, ..before },
            (_, _, None) => return Err(missing()),
        };
        tx.audit("product.picture", &p.id, &json!({"path": picture.path}))?;
        p.picture = Some(picture);
        tx.put(&p)?;
        Ok(p)
    })
}

fn missing() -> Refusal {
    Refusal::field("/picture", t("请选择一张图片", "Choose a picture"))
}

/// The size of a picture that this person brought, or that the product has already. What is no picture is thrown away.
fn brought(me: &str, product: &str, id: &str) -> Result<(u32, u32), Refusal> {
    let file = match files::stat(id) {
        Ok(file) if file.area == AREA => file,
        Ok(_) | Err(FileError::NotFound | FileError::Invalid(_)) => return Err(missing()),
        Err(e) => return Err(Refusal::Other(e.into())),
    };
    let (theirs, kept) = (file.uploader.as_deref() == Some(me), file.attached_to.as_deref());
    if !(theirs && kept.is_none() || kept == Some(of(product).as_str())) {
        return Err(missing());
    }
    let head = files::read(id, 0, picture::HEAD).map_err(Error::from)?;
    picture::check(&file.media_type, file.size, &head).map_err(|why| {
        // Should this fail, the file expires within a day, and nobody sees it until then.
        let _ = transact(|tx| tx.delete_file(id).map_err(Error::from));
        Refusal::field("/picture", why)
    })
}

/// Takes the picture of a product away.
///
/// # Errors
/// [`Refusal::NotSelling`]; [`Refusal::NotFound`] for another store's product.
pub fn remove(who: &Principal, product: &str) -> Result<Product, Refusal> {
    let me = access::subject(who)?;
    transact(|tx| {
        let mut p = own(tx, me, product)?;
        let Some(before) = p.picture.take() else { return Ok(p) };
        if let Some(file) = before.file() {
            tx.delete_file(file).map_err(Error::from)?;
        }
        tx.audit("product.picture", &p.id, &json!({"path": null}))?;
        tx.put(&p)?;
        Ok(p)
    })
}

fn own(tx: &yunlong_sdk::Tx<'_>, me: &str, product: &str) -> Result<Product, Refusal> {
    let store = stores::selling(tx, me)?;
    let p: Product = need(tx, product)?;
    if p.store == store.id { Ok(p) } else { Err(Refusal::NotFound) }
}

/// The file of a picture, for everybody: what is attached to a product, and nothing else that lies in the area.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn file(id: &str) -> Result<File, Refusal> {
    let found = match files::stat(id) {
        Ok(file) => file,
        Err(FileError::NotFound | FileError::Invalid(_)) => return Err(Refusal::NotFound),
        Err(e) => return Err(Refusal::Other(e.into())),
    };
    let shown = found.area == AREA && found.attached_to.as_deref().is_some_and(|to| to.starts_with("products/"));
    if shown { Ok(found) } else { Err(Refusal::NotFound) }
}

/// The pictures of the products of some listings, by product.
///
/// # Errors
/// An error of the data service.
pub fn of_listings<'a>(listings: impl IntoIterator<Item = &'a Listing>) -> Result<BTreeMap<String, Picture>, Refusal> {
    let mut all = BTreeMap::new();
    for l in listings {
        if let Some(picture) = known(PRODUCTS.get(&l.product))?.and_then(|p| p.value.picture) {
            all.insert(l.product.clone(), picture);
        }
    }
    Ok(all)
}
