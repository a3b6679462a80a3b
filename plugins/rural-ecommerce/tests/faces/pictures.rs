//! Pictures of products: brought by their farmer, shown to everybody, and refused with the reason beside the field.

use crate::support::*;
use img_parts::Bytes;
use img_parts::png::{Png, PngChunk};
use rural_ecommerce::Rural;
use yunlong_sdk::files::{self, FileError};

const PICTURE: &str = "/store/goods/PRODUCT001/picture";
const SELLER: &str = "sample-farmer-01";

/// A PNG that says this size, with some more chunks.
fn png_with(width: u32, height: u32, more: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let chunk = |(kind, content): (&[u8; 4], &[u8])| PngChunk::new(*kind, Bytes::copy_from_slice(content));
    let mut png = Png::from_bytes(Bytes::from_static(b"\x89PNG\r\n\x1a\n")).unwrap();
    png.chunks_mut().push(chunk((b"IHDR", &header)));
    png.chunks_mut().extend(more.iter().copied().map(chunk));
    png.chunks_mut().extend([chunk((b"IDAT", b"points")), chunk((b"IEND", b""))]);
    png.encoder().bytes().to_vec()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    png_with(width, height, &[])
}

fn brought(x: &Xuzhou, content: &[u8]) -> String {
    x.upload("pictures", "床.png", "image/png", content)
}

fn words<'a>(file: &'a str, zh: &'a str) -> [(&'a str, &'a str); 3] {
    [("picture", file), ("alt-zh", zh), ("alt-en", "")]
}

/// A manager looks at the listing of the bed, and lets it on sale.
fn reviewed(x: &Xuzhou) {
    x.role("manager", || {
        let version = hidden(&x.page("/manage/listings/LISTING001"), "version");
        location(&x.form("/manage/listings/LISTING001", &[("step", "publish"), ("version", &version)]));
    });
}

fn is_there(id: &str) -> bool {
    !matches!(files::stat(id), Err(FileError::NotFound))
}

#[test]
fn the_goods_of_the_sample_have_pictures_in_lists_and_on_their_pages() {
    let x = Xuzhou::new();
    x.sign_out();
    let listing = x.api("/api/listings/LISTING001").body_json();
    assert_eq!(text(&listing, "/picture/path"), "/assets/goods/solid-wood-bed.svg");
    assert_eq!(text(&listing, "/picture/alt/zh"), "实木床 1.8 米");
    let pictures = |path: &str| x.page(path).matches("<img src=\"/assets/goods/").count();
    assert_eq!(pictures("/"), 20, "each of the goods of a page");
    assert_eq!(pictures("/stores/SAMPLE0001"), 5);
    assert!(x.page("/goods/LISTING001").contains("alt=\"实木床 1.8 米\""));
}

#[test]
fn a_farmer_brings_a_picture_which_everybody_sees_and_caches_keep() {
    let x = Xuzhou::new();
    x.sign_in(SELLER);
    let form = x.page(PICTURE);
    assert!(form.contains("action=\"/_city/files/") && form.contains("enctype=\"multipart/form-data\""));
    assert!(form.contains("accept=\"image/jpeg,image/png,image/webp\"") && form.contains("最大 4 MiB"), "{form}");
    let file = brought(&x, &png(640, 480));
    assert_eq!(location(&x.form(PICTURE, &words(&file, "一张原木色的床"))), "/store/goods?saved=1");
    let path = format!("/pictures/{file}");
    assert!(x.page("/store/goods").contains(&format!("src=\"{path}\"")));
    reviewed(&x);
    x.sign_out();
    let page = x.page("/goods/LISTING001");
    assert!(page.contains(&format!("src=\"{path}\" alt=\"一张原木色的床\" width=\"640\" height=\"480\"")), "{page}");
    let listing = x.api("/api/listings/LISTING001").body_json();
    assert_eq!(text(&listing, "/picture/alt/en"), "solid wood bed, 1.8 m, store 1", "without words it is the name");
    let served = x.get::<Rural>(&path);
    assert_eq!(served.header_value("city-file").unwrap(), format!("{file}; inline"));
    assert_eq!(served.header_value("cache-control").unwrap(), "public, max-age=31536000, immutable");
}

#[test]
fn another_picture_is_reviewed_before_the_goods_are_sold_again() {
    let x = Xuzhou::new();
    let on_sale = || {
        x.sign_out();
        x.get::<Rural>("/goods/LISTING001").code().as_u16() == 200
    };
    let change = |fields: &[(&str, &str)]| x.by(SELLER, || location(&x.form(PICTURE, fields)));
    let first = x.by(SELLER, || brought(&x, &png(640, 480)));
    assert!(on_sale());
    let other = [("alt-zh", "床的背面"), ("alt-en", "the back")];
    for fields in [&words(&first, "床的正面")[..], &other[..], &[("step", "remove")][..]] {
        change(fields);
        assert!(!on_sale(), "{fields:?}: nobody has looked at it");
        reviewed(&x);
        assert!(on_sale(), "{fields:?}");
    }
    let second = x.by(SELLER, || brought(&x, &png(800, 600)));
    change(&words(&second, "床的正面"));
    let shown = x.role("manager", || x.page("/manage/listings/LISTING001"));
    assert!(shown.contains(&format!("src=\"/pictures/{second}\" alt=\"床的正面\"")), "who reviews sees it: {shown}");
    reviewed(&x);
    change(&[("alt-zh", "床的正面"), ("alt-en", "")]);
    assert!(on_sale(), "the same again is no change");
}

#[test]
fn where_a_picture_was_taken_is_not_kept_and_it_is_shown_the_right_way_up() {
    let x = Xuzhou::new();
    x.sign_in(SELLER);
    // Held upright: the sixth of the eight ways, by the one entry of an Exif, and the place in a text.
    let upright = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let sent = png_with(640, 480, &[(b"eXIf", upright), (b"tEXt", b"Location\x0034.0526N 117.9360E")]);
    let upload = brought(&x, &sent);
    location(&x.form(PICTURE, &words(&upload, "床")));
    assert!(!is_there(&upload), "what was sent is thrown away");
    let listing = x.api("/api/listings/LISTING001").body_json();
    let size = (listing["picture"]["width"].as_u64(), listing["picture"]["height"].as_u64());
    assert_eq!(size, (Some(480), Some(640)), "the sides have changed places");
    let kept = text(&listing, "/picture/path").replace("/pictures/", "");
    let (kept, alone) = (files::read(&kept, 0, 1 << 20).unwrap(), png_with(640, 480, &[(b"eXIf", upright)]));
    assert_eq!(kept, alone, "the picture, and which way is up");
}

#[test]
fn another_picture_takes_the_place_of_the_first_and_words_alone_keep_it() {
    let x = Xuzhou::new();
    x.sign_in(SELLER);
    let first = brought(&x, &png(640, 480));
    location(&x.form(PICTURE, &words(&first, "")));
    location(&x.form(PICTURE, &[("alt-zh", "床的正面"), ("alt-en", "the bed from the front")]));
    assert!(x.page(PICTURE).contains(&first) && x.page(PICTURE).contains("床的正面"));
    let second = brought(&x, &png(800, 600));
    location(&x.form(PICTURE, &words(&second, "")));
    assert!(!is_there(&first) && is_there(&second));
    assert_eq!(x.get::<Rural>(&format!("/pictures/{first}")).code().as_u16(), 404);
    // What the product says is changed without its picture being lost.
    let mut product = vec![("category", "furniture"), ("title-zh", "大床"), ("title-en", "bed")];
    product.extend([("description-zh", "实木"), ("description-en", "wood"), ("sku-0-id", "single")]);
    product.extend([("sku-0-name-zh", "单件"), ("sku-0-name-en", "single"), ("sku-0-price", "1080.00")]);
    product.extend([("sku-0-grams", "60000"), ("sku-0-parcels", "3")]);
    location(&x.form("/store/goods/PRODUCT001", &product));
    assert!(x.page("/goods/LISTING001").contains(&second));
    location(&x.form(PICTURE, &[("step", "remove")]));
    assert!(!is_there(&second));
    let without = x.page("/goods/LISTING001");
    assert!(without.contains("src=\"/assets/goods/none.svg\" alt=\"暂无图片\""), "a neutral one stands there");
}

#[test]
fn what_is_no_picture_is_refused_beside_its_field_and_thrown_away() {
    let x = Xuzhou::new();
    x.sign_in(SELLER);
    let mut large = png(640, 480);
    large.resize((4 << 20) + 1, 0);
    for (what, media_type, content, why) in [
        ("a program called a picture", "application/x-executable", b"\x7fELF\x02\x01\x01\0".to_vec(), "x-executable"),
        ("a drawing that may hold a script", "image/svg+xml", b"<svg onload='x'/>".to_vec(), "image/svg+xml"),
        ("four thousand million points", "image/png", png(65_536, 65_536), "65536 × 65536"),
        ("a picture that was cut off", "image/png", png(640, 480)[..20].to_vec(), "图片已损坏"),
        ("over the size", "image/png", large, "不能超过 4 MiB"),
    ] {
        let file = x.upload("pictures", "床.png", media_type, &content);
        let refused = x.form(PICTURE, &words(&file, "床的正面"));
        let page = refused.body_text();
        assert_eq!(refused.code().as_u16(), 422, "{what}");
        let at_field = page.split("id=\"error-picture\"").nth(1).unwrap_or_else(|| panic!("{what}: {page}"));
        assert!(at_field.split("</").next().unwrap().contains(why), "{what}: {at_field}");
        assert!(page.contains("value=\"床的正面\""), "{what}: what was typed stays");
        assert!(!is_there(&file), "{what}: it is not kept");
    }
    assert!(x.page("/goods/LISTING001").contains("solid-wood-bed.svg"), "the product keeps its picture");
    let fine = brought(&x, &png(640, 480));
    let long = "床".repeat(101);
    let wrong = x.form(PICTURE, &words(&fine, &long));
    assert!(wrong.code().as_u16() == 422 && wrong.body_text().contains("id=\"error-alt-zh\""));
    assert!(wrong.body_text().contains(&format!("name=\"picture\" value=\"{fine}\"")), "it is not uploaded again");
}

#[test]
fn nobody_gives_another_stores_goods_a_picture_or_shows_what_is_attached_to_nothing() {
    let x = Xuzhou::new();
    let others = x.by("sample-farmer-02", || brought(&x, &png(640, 480)));
    x.sign_in("sample-farmer-02");
    assert_eq!(x.form(PICTURE, &words(&others, "")).code().as_u16(), 404);
    assert_eq!(x.get::<Rural>(PICTURE).code().as_u16(), 404);
    x.sign_in(SELLER);
    let stolen = x.form(PICTURE, &words(&others, ""));
    assert!(stolen.code().as_u16() == 422 && stolen.body_text().contains("请选择一张图片"));
    assert!(is_there(&others), "and it is not theirs to throw away");
    let none = x.form("/store/goods/PRODUCT001/picture", &[("alt-zh", ""), ("alt-en", "")]);
    assert_eq!(location(&none), "/store/goods?saved=1", "the picture that is there is kept");
    location(&x.form(PICTURE, &[("step", "remove")]));
    let none = x.form(PICTURE, &[("alt-zh", ""), ("alt-en", "")]);
    assert!(none.code().as_u16() == 422 && none.body_text().contains("id=\"error-picture\""));
    for path in [format!("/pictures/{others}"), "/pictures/none".to_owned()] {
        assert_eq!(x.get::<Rural>(&path).code().as_u16(), 404, "{path}: it is attached to nothing");
    }
    x.sign_out();
    assert!(location(&x.get::<Rural>(PICTURE)).contains("sign-on"));
}
