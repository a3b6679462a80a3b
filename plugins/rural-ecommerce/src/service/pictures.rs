//! Pictures of products: brought by their farmers as files, shown to everybody.

use super::access::{self, known, need};
use super::{Refusal, now, stores};
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
/// picture that is there is kept. Without words it is described by the product's name. What a camera wrote beside it is
/// left out. Another picture is a change of the product: its listings are reviewed before they are sold again.
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
    // Nothing is read or written for those whose product it is not.
    transact(|tx| own(tx, me, product))?;
    let new = file.map(|id| brought(me, product, id)).transpose()?;
    let now = now();
    transact(|tx| {
        let was = own(tx, me, product)?;
        let mut p = was.clone();
        let words = |said: &str, name: &str| if said.is_empty() { name.to_owned() } else { said.to_owned() };
        let alt = Text::new(words(&alt.zh, &p.title.zh), words(&alt.en, &p.title.en));
        let picture = match (&new, p.picture.take()) {
            (Some(new), before) => {
                tx.attach(&new.file, &of(&p.id)).map_err(Error::from)?;
                let old = before.as_ref().and_then(Picture::file);
                for gone in [file, old].into_iter().flatten().filter(|gone| *gone != new.file) {
                    tx.delete_file(gone).map_err(Error::from)?;
                }
                Picture::uploaded(&new.file, alt, new.size)
            }
            (None, Some(before)) => Picture { alt, ..before },
            (None, None) => return Err(missing()),
        };
        tx.audit("product.picture", &p.id, &json!({"path": picture.path}))?;
        p.picture = Some(picture);
        stores::put_changed(tx, &was, &p, now)?;
        Ok(p)
    })
}

/// A picture that may be shown.
struct Brought {
    /// What was uploaded, or what the app wrote of it.
    file: String,
    /// Points from left to right and from top to bottom, as it is shown.
    size: (u32, u32),
}

fn missing() -> Refusal {
    Refusal::field("/picture", t("请选择一张图片", "Choose a picture"))
}

/// A picture that this person brought, or that the product has already, without what a camera wrote beside it. What is
/// no picture is thrown away.
fn brought(me: &str, product: &str, id: &str) -> Result<Brought, Refusal> {
    let file = match files::stat(id) {
        Ok(file) if file.area == AREA => file,
        Ok(_) | Err(FileError::NotFound | FileError::Invalid(_)) => return Err(missing()),
        Err(e) => return Err(Refusal::Other(e.into())),
    };
    let (theirs, kept) = (file.uploader.as_deref() == Some(me), file.attached_to.as_deref());
    if !(theirs && kept.is_none() || kept == Some(of(product).as_str())) {
        return Err(missing());
    }
    let sent = content(id, file.size.min(picture::MOST_BYTES))?;
    let looked_at = || {
        let (width, height) = picture::check(&file.media_type, file.size, &sent)?;
        let bare = picture::bare(&file.media_type, &sent).ok_or_else(picture::damaged)?;
        let size = if bare.turned { (height, width) } else { (width, height) };
        Ok((bare.content, size))
    };
    let (bare, size) = looked_at().map_err(|why| {
        // Should this fail, the file expires within a day, and nobody sees it until then.
        let _ = transact(|tx| tx.delete_file(id).map_err(Error::from));
        Refusal::field("/picture", why)
    })?;
    if bare == sent {
        return Ok(Brought { file: id.to_owned(), size });
    }
    let name = format!("{product}.{}", file.media_type.trim_start_matches("image/"));
    let written = files::write(AREA, &name, bare).map_err(Error::from)?;
    Ok(Brought { file: written.id, size })
}

/// The first bytes of a file.
fn content(id: &str, bytes: u64) -> Result<Vec<u8>, Error> {
    /// What is read at once.
    const PIECE: u32 = 1 << 20;
    let mut all = Vec::new();
    while (all.len() as u64) < bytes {
        let piece = files::read(id, all.len() as u64, PIECE)?;
        if piece.is_empty() {
            break;
        }
        all.extend(piece);
    }
    Ok(all)
}

/// Takes the picture of a product away, which is a change of it like any other.
///
/// # Errors
/// [`Refusal::NotSelling`]; [`Refusal::NotFound`] for another store's product.
pub fn remove(who: &Principal, product: &str) -> Result<Product, Refusal> {
    let (me, now) = (access::subject(who)?, now());
    transact(|tx| {
        let was = own(tx, me, product)?;
        let mut p = was.clone();
        let Some(before) = p.picture.take() else { return Ok(p) };
        if let Some(file) = before.file() {
            tx.delete_file(file).map_err(Error::from)?;
        }
        tx.audit("product.picture", &p.id, &json!({"path": null}))?;
        stores::put_changed(tx, &was, &p, now)?;
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
