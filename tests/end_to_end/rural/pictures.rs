//! Pictures of goods, from a farmer's form through the gateway to everybody.

use super::*;
use yunlong_tests::upload_all;

/// A PNG that says this size and holds so many bytes of points, with some more chunks before them.
fn png(width: u32, height: u32, points: usize, more: &[(&[u8], &[u8])]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let points = vec![7; points];
    let chunks = [&[(&b"IHDR"[..], &header[..])], more, &[(b"IDAT", &points), (b"IEND", b"")]].concat();
    let chunk = |(kind, content): &(&[u8], &[u8])| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(content);
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
        [&length[..], kind, content, &crc.sum().to_be_bytes()].concat()
    };
    let all = chunks.iter().flat_map(chunk);
    b"\x89PNG\r\n\x1a\n".iter().copied().chain(all).collect()
}

/// The address of the picture of a listing.
async fn picture(of: &Client, listing: &str) -> Result<Value> {
    Ok(seen(of, &format!("/api/listings/{listing}")).await?["picture"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_farmers_picture_is_served_to_everybody_with_its_type_and_kept_by_caches() -> Result<()> {
    let market = Market::open(1).await?;
    let (maker, bed) = market.bed(10).await?;
    let product = seen(&maker, "/api/store/products").await?["products"][0]["id"].as_str().context("none")?.to_owned();
    let form = format!("/store/goods/{product}/picture");
    ensure!(picture(&maker, &bed).await?.is_null());
    // A telephone, held upright, has written so, and where it was.
    let upright: (&[u8], &[u8]) = (b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
    let sent = png(640, 480, 300_000, &[upright, (b"tEXt", b"Location\x0034.0526N 117.9360E")]);
    let fields = [("alt-zh", "一张床"), ("alt-en", "a bed")];
    let made = upload_all(&maker, &form, &[("picture", "床.png", &sent)], &fields).await?;
    ensure!(made.status == 303, "{} {}", made.status, made.text);
    let anybody = market.city.client(APP)?;
    let hidden = anybody.get(&format!("/api/listings/{bed}")).await?;
    ensure!(hidden.status == 404, "nobody has looked at the picture yet: {}", hidden.text);
    market.approve(&bed).await?;
    let shown = picture(&anybody, &bed).await?;
    ensure!(shown["width"] == 480 && shown["height"] == 640 && shown["alt"]["en"] == "a bed", "{shown}");
    let path = shown["path"].as_str().context("no path")?;
    let page = anybody.page(&format!("/goods/{bed}"), "en").await?;
    ensure!(page.text.contains(&format!("src=\"{path}\" alt=\"a bed\"")), "{}", page.text);
    let got = anybody.request(Method::GET, path).send().await?;
    let header = |name: &str| got.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    ensure!(got.status() == 200 && header("content-type") == "image/png", "{got:?}");
    ensure!(header("cache-control") == "public, max-age=31536000, immutable", "{got:?}");
    ensure!(header("content-disposition").starts_with("inline"), "{got:?}");
    let tag = header("etag");
    ensure!(got.bytes().await? == png(640, 480, 300_000, &[upright]), "the picture, which way is up, and no place");
    let again = anybody.request(Method::GET, path).header("if-none-match", tag).send().await?;
    ensure!(again.status() == 304, "{again:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_with_the_reason_and_the_drawings_of_the_sample_are_served() -> Result<()> {
    let market = Market::open(1).await?;
    let (maker, bed) = market.bed(10).await?;
    let product = seen(&maker, "/api/store/products").await?["products"][0]["id"].as_str().context("none")?.to_owned();
    let form = format!("/store/goods/{product}/picture");
    for (what, content, why) in [
        ("a program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "不是 JPEG、PNG 或 WebP"),
        ("a page with a script", b"<!DOCTYPE html><script>alert(1)</script>".to_vec(), "text/html"),
        ("a bomb", png(65_536, 65_536, 64, &[]), "65536 × 65536"),
        ("over the app's bound", png(640, 480, 4 << 20, &[]), "不能超过 4 MiB"),
    ] {
        let refused =
            upload_all(&maker, &form, &[("picture", "床.png", &content)], &[("alt-zh", ""), ("alt-en", "")]).await?;
        let at_field = refused.text.split("id=\"error-picture\"").nth(1).and_then(|t| t.split("</").next());
        ensure!(refused.status == 422, "{what}: {} {}", refused.status, refused.text);
        ensure!(at_field.is_some_and(|t| t.contains(why)), "{what}: {}", refused.text);
    }
    // What is over the platform's own bound never reaches the app.
    let vast = upload_all(&maker, &form, &[("picture", "床.png", &png(640, 480, 11 << 20, &[]))], &[]).await?;
    ensure!(vast.status == 413, "{} {}", vast.status, vast.text);
    ensure!(picture(&maker, &bed).await?.is_null(), "nothing of it was kept");
    let page = maker.page(&format!("/goods/{bed}"), "en").await?;
    for drawing in ["/assets/goods/none.svg", "/assets/goods/solid-wood-bed.svg"] {
        let got = maker.request(Method::GET, drawing).send().await?;
        ensure!(got.status() == 200 && got.headers()["content-type"] == "image/svg+xml", "{drawing}: {got:?}");
    }
    ensure!(page.text.contains("src=\"/assets/goods/none.svg\" alt=\"No picture yet\""), "{}", page.text);
    Ok(())
}
