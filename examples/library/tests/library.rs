// ANCHOR: begin
//! What the library does, as a specification.
#![allow(clippy::unwrap_used)]

use library::Library;
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, Lang, Request};

const DAY: u64 = 24 * 60 * 60 * 1000;
// ANCHOR_END: begin

// ANCHOR: city
fn city() -> TestCity {
    TestCity::new(include_str!("../app.toml"))
}

/// A librarian adds a book; answers its path.
fn add(city: &TestCity, title: &str, copies: &str) -> String {
    city.sign_in_official("librarian", &["librarian"]);
    let added = city.post::<Library>("/add", &[("title", title), ("author", "佚名"), ("copies", copies)]);
    assert_eq!(added.code(), 303, "{}", added.body_text());
    added.header_value("location").unwrap().to_owned()
}

/// A reader reserves a book; answers the status.
fn reserve(city: &TestCity, reader: &str, book: &str) -> u16 {
    city.advance(1000);
    city.sign_in(reader);
    city.post::<Library>(&format!("{book}/reserve"), &[]).code().as_u16()
}

/// What "my books" shows a reader.
fn mine(city: &TestCity, reader: &str) -> String {
    city.sign_in(reader);
    city.get::<Library>("/mine").body_text()
}
// ANCHOR_END: city

// ANCHOR: shelf
/// The number that the only loan of a reader has.
fn number(city: &TestCity, reader: &str) -> String {
    let page = mine(city, reader);
    page.split("id=\"loan-").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn at_the_desk(city: &TestCity, number: &str, what: &str) -> u16 {
    city.sign_in_official("librarian", &["librarian"]);
    city.post::<Library>(&format!("/desk/{number}/{what}"), &[]).code().as_u16()
}

fn free(city: &TestCity) -> i64 {
    city.get::<Library>("/api/books").body_json()["books"][0]["free"].as_i64().unwrap()
}

#[test]
fn routes_do_not_stand_in_each_others_way() {
    Library::router().check().unwrap();
}

#[test]
fn only_a_librarian_adds_books_and_the_form_keeps_what_was_typed() {
    let city = city();
    city.sign_in("wang");
    assert_eq!(city.get::<Library>("/add").code(), 403);
    assert_eq!(city.post::<Library>("/add", &[("title", "史记")]).code(), 403);
    city.sign_in_official("librarian", &["librarian"]);
    let page = city.post::<Library>("/add", &[("title", "史记"), ("author", ""), ("copies", "0")]);
    assert_eq!(page.code(), 422);
    let text = page.body_text();
    assert!(text.contains("value=\"史记\"") && text.contains("请填写此项") && text.contains("1 至 500"), "{text}");
}

#[test]
fn books_come_page_by_page_and_by_title() {
    let city = city();
    for n in 0..25 {
        add(&city, &format!("卷{n:02}"), "1");
    }
    let first = city.get::<Library>("/").body_text();
    assert!(first.contains("卷19") && !first.contains("卷20"), "{first}");
    let next = first.split("href=\"/?after=").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let second = city.get::<Library>(&format!("/?after={next}")).body_text();
    assert!(second.contains("卷24") && !second.contains("卷19"), "{second}");
}
// ANCHOR_END: shelf

// ANCHOR: last-copy
#[test]
fn the_last_copy_goes_to_one_and_the_other_waits() {
    let city = city();
    let book = add(&city, "史记", "1");
    assert_eq!(reserve(&city, "wang", &book), 303);
    assert_eq!(reserve(&city, "li", &book), 303);
    assert!(mine(&city, "wang").contains("可以取书"));
    assert!(mine(&city, "li").contains("等候中"));
    assert_eq!(free(&city), 0);
}
// ANCHOR_END: last-copy

// ANCHOR: reserving
#[test]
fn a_conflict_is_tried_again_and_takes_one_copy() {
    let city = city();
    let book = add(&city, "史记", "2");
    city.conflict_next(3);
    assert_eq!(reserve(&city, "wang", &book), 303);
    assert_eq!(free(&city), 1);
}

#[test]
fn nobody_reserves_a_book_twice_nor_without_signing_in() {
    let city = city();
    let book = add(&city, "史记", "2");
    assert_eq!(reserve(&city, "wang", &book), 303);
    assert_eq!(reserve(&city, "wang", &book), 409);
    assert_eq!(free(&city), 1);
    assert_eq!(reserve(&city, "wang", "/books/none"), 404);
    city.sign_out();
    let sent = city.post::<Library>(&format!("{book}/reserve"), &[]);
    assert!(sent.code() == 303 && sent.header_value("location").unwrap().contains("sign-on"));
    assert_eq!(free(&city), 1);
}

#[test]
fn a_copy_that_comes_back_goes_to_whoever_waits_longest() {
    let city = city();
    let book = add(&city, "史记", "1");
    for reader in ["wang", "li", "zhao"] {
        assert_eq!(reserve(&city, reader, &book), 303);
    }
    let wangs = number(&city, "wang");
    assert_eq!(at_the_desk(&city, &wangs, "hand-out"), 303);
    assert_eq!(at_the_desk(&city, &wangs, "hand-out"), 409, "once");
    assert!(city.inbox("li").is_empty());
    assert_eq!(at_the_desk(&city, &wangs, "take-back"), 303);
    assert_eq!(city.inbox("li").len(), 1);
    assert_eq!(city.inbox("li")[0].title.en, "Your book is here");
    assert!(mine(&city, "li").contains("可以取书") && mine(&city, "zhao").contains("等候中"));
    assert_eq!(free(&city), 0, "from one reader to the next");
}

#[test]
fn a_reservation_is_cancelled_by_its_reader_alone() {
    let city = city();
    let book = add(&city, "史记", "1");
    reserve(&city, "wang", &book);
    let wangs = number(&city, "wang");
    city.sign_in("li");
    assert_eq!(city.post::<Library>(&format!("/loans/{wangs}/cancel"), &[]).code(), 404);
    city.sign_in("wang");
    assert_eq!(city.post::<Library>(&format!("/loans/{wangs}/cancel"), &[]).code(), 303);
    assert_eq!(free(&city), 1);
    reserve(&city, "wang", &book);
    let lent = number(&city, "wang");
    at_the_desk(&city, &lent, "hand-out");
    city.sign_in("wang");
    assert_eq!(city.post::<Library>(&format!("/loans/{lent}/cancel"), &[]).code(), 409, "it is brought back");
}
// ANCHOR_END: reserving

// ANCHOR: deadlines
#[test]
fn what_is_not_fetched_goes_to_the_next_and_both_are_told() {
    let city = city();
    let book = add(&city, "史记", "1");
    reserve(&city, "wang", &book);
    reserve(&city, "li", &book);
    city.run_job::<Library>("deadlines").unwrap();
    assert!(city.inbox("wang").is_empty(), "there is time");
    city.advance(3 * DAY);
    city.run_job::<Library>("deadlines").unwrap();
    assert_eq!(city.inbox("wang")[0].title.zh, "预约已过期");
    assert_eq!(city.inbox("li")[0].title.zh, "您预约的图书已到馆");
    assert!(mine(&city, "wang").contains("没有预约"));
}

#[test]
fn whoever_keeps_a_book_is_reminded_each_week_until_it_is_back() {
    let city = city();
    let book = add(&city, "史记", "1");
    reserve(&city, "wang", &book);
    let number = number(&city, "wang");
    at_the_desk(&city, &number, "hand-out");
    for (days, reminders) in [(29, 0), (1, 1), (6, 1), (1, 2)] {
        city.advance(days * DAY);
        city.run_job::<Library>("deadlines").unwrap();
        assert_eq!(city.inbox("wang").len(), reminders);
    }
    at_the_desk(&city, &number, "take-back");
    city.advance(30 * DAY);
    city.run_job::<Library>("deadlines").unwrap();
    assert_eq!(city.inbox("wang").len(), 2);
}
// ANCHOR_END: deadlines

// ANCHOR: desk
#[test]
fn the_desk_finds_a_loan_by_its_number_and_says_when_there_is_none() {
    let city = city();
    let book = add(&city, "史记", "1");
    reserve(&city, "wang", &book);
    let number = number(&city, "wang");
    assert_eq!(city.get::<Library>(&format!("/desk?number={number}")).code(), 403, "a reader is no librarian");
    city.sign_in_official("librarian", &["librarian"]);
    let page = city.get::<Library>(&format!("/desk?number={}", number.to_lowercase())).body_text();
    assert!(page.contains("史记") && page.contains("hand-out") && !page.contains("wang"), "{page}");
    for none in ["", "00000000"] {
        assert!(city.get::<Library>(&format!("/desk?number={none}")).body_text().contains("没有这个取书号"), "{none}");
    }
}

#[test]
fn pages_come_in_english_and_the_api_describes_itself() {
    let city = city();
    add(&city, "史记", "2");
    city.prefer(Lang::En, true);
    assert!(city.get::<Library>("/").body_text().contains("Books of the library"));
    let described = city.send::<Library>(Request::get("/openapi.json")).body_json();
    assert_eq!(described["paths"]["/api/books"]["get"]["operationId"], "listBooks");
}
// ANCHOR_END: desk
