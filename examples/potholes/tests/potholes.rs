//! What the reports do, as a specification.
#![allow(clippy::unwrap_used)]

use potholes::Potholes;
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, files};

fn city() -> TestCity {
    TestCity::new(include_str!("../app.toml"))
}

/// The address of the only report of whoever is signed in.
fn address(city: &TestCity) -> String {
    let page = city.get::<Potholes>("/").body_text();
    let from = page.find("/reports/").unwrap();
    page[from..].split('"').next().unwrap().to_owned()
}

fn report(city: &TestCity, photos: &[&str]) -> u16 {
    let mut form = vec![("place", "淮海路 1 号"), ("text", "路面有坑")];
    form.extend(photos.iter().map(|p| ("photo", *p)));
    city.post::<Potholes>("/report", &form).code().as_u16()
}

#[test]
fn routes_do_not_stand_in_each_others_way() {
    Potholes::router().check().unwrap();
}

#[test]
fn the_form_goes_to_the_gateway_and_says_what_it_takes() {
    let city = city();
    assert_eq!(city.get::<Potholes>("/report").code(), 303, "who is not signed in signs in first");
    city.sign_in("p-1");
    let page = city.get::<Potholes>("/report").body_text();
    assert!(page.contains("action=\"/_city/files/") && page.contains("enctype=\"multipart/form-data\""), "{page}");
    assert!(
        page.contains("accept=\"image/jpeg,image/png,image/webp,image/heif\"")
            && page.contains("最多 3 个，每个最大 10 MiB")
    );
}

#[test]
fn a_report_has_its_photographs_and_those_who_may_see_it_get_them() {
    let city = city();
    city.sign_in("p-1");
    let photo = city.upload("photos", "坑洼.jpg", "image/jpeg", b"...");
    assert_eq!(report(&city, &[&photo]), 303);
    let at = address(&city);
    assert!(city.get::<Potholes>(&at).body_text().contains("坑洼.jpg"));
    let served = city.get::<Potholes>(&format!("{at}/photos/{photo}"));
    assert_eq!(served.header_value("city-file").unwrap(), format!("{photo}; inline"));
    let saved = city.get::<Potholes>(&format!("{at}/photos/{photo}?save=1"));
    assert_eq!(saved.header_value("city-file").unwrap(), format!("{photo}; attachment"));
    city.sign_in("p-2");
    for path in [at.clone(), format!("{at}/photos/{photo}")] {
        assert_eq!(city.get::<Potholes>(&path).code(), 404, "{path}");
    }
    city.sign_in_official("o-1", &["inspector"]);
    assert_eq!(city.get::<Potholes>(&format!("{at}/photos/{photo}")).code(), 200);
    assert_eq!(city.post::<Potholes>(&format!("{at}/mended"), &[]).code(), 303);
    assert!(city.get::<Potholes>("/all").body_text().contains("没有上报"));
}

#[test]
fn the_photograph_of_another_person_cannot_be_attached_and_nothing_is_half_done() {
    let city = city();
    city.sign_in("p-1");
    let theirs = city.upload("photos", "a.jpg", "image/jpeg", b"...");
    city.sign_in("p-2");
    let own = city.upload("photos", "b.jpg", "image/jpeg", b"...");
    assert_eq!(report(&city, &[&own, &theirs]), 409);
    assert!(city.get::<Potholes>("/").body_text().contains("没有上报"));
    assert_eq!(files::stat(&own).unwrap().attached_to, None);
}

#[test]
fn a_form_with_a_mistake_keeps_what_was_uploaded() {
    let city = city();
    city.sign_in("p-1");
    let photo = city.upload("photos", "a.jpg", "image/jpeg", b"...");
    let page = city.post::<Potholes>("/report", &[("place", ""), ("text", "坑"), ("photo", &photo)]);
    assert_eq!(page.code(), 422);
    assert!(page.body_text().contains(&format!("value=\"{photo}\"")), "it is sent again by its id");
    let many: Vec<String> = (0..4).map(|_| city.upload("photos", "a.jpg", "image/jpeg", b"...")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(report(&city, &many), 422);
}

#[test]
fn a_photograph_that_nobody_attached_is_gone_after_a_day() {
    let city = city();
    city.sign_in("p-1");
    let photo = city.upload("photos", "a.jpg", "image/jpeg", b"...");
    city.advance(24 * 3_600_000);
    assert_eq!(report(&city, &[&photo]), 404);
}
