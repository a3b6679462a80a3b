//! A city with the app installed, and short words for what the tests do.

use serde_json::{Value, json};
use tourism_ticketing::Ticketing;
use tourism_ticketing::domain::time::Date;
use yunlong_sdk::testing::{TestCity, TestRequest};
use yunlong_sdk::web::Method;
use yunlong_sdk::{Attribute, Request, Response};

pub(crate) const APP: &str = include_str!("../../app.toml");
/// Tuesday 2026-11-24, 08:00 in Shanghai.
pub(crate) const TUESDAY: i64 = 1_795_478_400_000;
pub(crate) const MINUTE: u64 = 60_000;
/// Where the buyer's age comes from, and for what it is read.
pub(crate) const RESIDENTS: &str = "population.person";
pub(crate) const CONCESSION: &str = "concession-check";

pub(crate) struct Xuzhou {
    pub(crate) city: TestCity,
}

impl std::ops::Deref for Xuzhou {
    type Target = TestCity;
    fn deref(&self) -> &TestCity {
        &self.city
    }
}

/// A valid synthetic resident ID, the n-th of those born on a day.
pub(crate) fn resident_id(born: &str, n: u32) -> String {
    let body = format!("320302{}{:03}", born.replace('-', ""), n % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize % 11])
}

pub(crate) fn visitor(n: u32) -> Value {
    json!({"name": "云龙", "id_type": "resident-id", "id_number": resident_id("1990-01-01", n), "phone": "19900000001"})
}

pub(crate) fn day(n: i32) -> String {
    Date::at(TUESDAY).plus(n).to_string()
}

/// An order of one ticket of 龟山汉墓 tomorrow at nine.
pub(crate) fn guishan(n: u32) -> Value {
    json!({"attraction": "guishan", "date": day(1), "slot": "09:00", "visitors": [visitor(n)]})
}

/// The joint ticket tomorrow.
pub(crate) fn joint(n: u32) -> Value {
    json!({
        "product": "lianghan-joint", "date": day(1), "visitors": [visitor(n)],
        "components": [{"attraction": "guishan", "slot": "09:00"}, {"attraction": "bingmayong", "slot": "13:00"}],
    })
}

impl Xuzhou {
    pub(crate) fn new() -> Self {
        let city = TestCity::new(APP);
        city.set_now(TUESDAY as u64);
        city.install::<Ticketing>().unwrap();
        for (i, person) in ["anna", "bo"].iter().enumerate() {
            city.set_attribute(person, Attribute::RealName, "云小龙");
            city.set_attribute(person, Attribute::ResidentId, &resident_id("1990-01-01", 900 + i as u32));
            city.set_attribute(person, Attribute::Mobile, "19900000009");
        }
        city.grant(RESIDENTS, CONCESSION);
        city.sign_in("anna");
        let x = Self { city };
        x.born("anna", "1990-01-01");
        x.born("bo", "1990-01-01");
        x
    }

    /// The population database says when a person was born.
    pub(crate) fn born(&self, person: &str, date: &str) {
        self.put_record(RESIDENTS, person, Some(person), &json!({"birth_date": date}));
    }

    /// Sends a request of the API and holds the answer to the OpenAPI document.
    pub(crate) fn operation(&self, method: &str, path: &str, request: TestRequest) -> Response {
        let answer = self.send::<Ticketing>(request);
        let document = || self.send::<Ticketing>(Request::get("/openapi.json")).body_json();
        crate::contract::hold(document, method, path, &answer);
        answer
    }

    pub(crate) fn api(&self, path: &str) -> Response {
        self.operation("get", path, Request::get(path))
    }

    pub(crate) fn call(&self, path: &str, body: &Value) -> Response {
        self.operation("post", path, Request::post(path).json(body))
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Response {
        self.operation("put", path, TestRequest::new(Method::PUT, path).json(body))
    }

    /// Delivers everything that is due, and pays out what is to be refunded.
    pub(crate) fn settle(&self) {
        for _ in 0..3 {
            self.deliver::<Ticketing>();
            self.pay_refunds();
        }
        self.deliver::<Ticketing>();
        assert!(self.dead_letters().is_empty(), "{:?}", self.dead_letters());
    }

    pub(crate) fn order(&self, body: &Value) -> Response {
        self.call("/api/orders", body)
    }

    /// An order that must succeed; its document.
    pub(crate) fn ordered(&self, body: &Value) -> Value {
        let answer = self.order(body);
        assert_eq!(answer.code().as_u16(), 201, "{}", answer.body_text());
        answer.body_json()
    }

    /// Ordered, paid and issued; the order's number.
    pub(crate) fn bought(&self, body: &Value) -> String {
        let id = text(&self.ordered(body), "/id");
        self.city.pay(&format!("intent-{id}"));
        self.deliver::<Ticketing>();
        assert_eq!(self.state(&id), "issued");
        id
    }

    pub(crate) fn now_ms(&self) -> u64 {
        yunlong_sdk::now()
    }

    pub(crate) fn get_order(&self, id: &str) -> Value {
        self.api(&format!("/api/orders/{id}")).body_json()
    }

    pub(crate) fn state(&self, id: &str) -> String {
        text(&self.get_order(id), "/state")
    }

    pub(crate) fn slot(&self, attraction: &str, date: &str, start: &str) -> Value {
        let slots = self.api(&format!("/api/attractions/{attraction}/slots?date={date}")).body_json();
        slots["slots"].as_array().unwrap().iter().find(|s| s["slot"] == start).cloned().unwrap()
    }

    pub(crate) fn remaining(&self, attraction: &str, start: &str) -> u64 {
        self.slot(attraction, &day(1), start)["remaining"].as_u64().unwrap()
    }

    /// What is left of tomorrow at nine once a closed day is open again.
    pub(crate) fn remaining_after_reopening(&self, attraction: &str) -> u64 {
        let path = format!("/api/manage/attractions/{attraction}/days/{}", day(1));
        assert_eq!(self.as_manager(|| self.put(&path, &json!({}))).code().as_u16(), 200);
        self.remaining(attraction, "09:00")
    }

    pub(crate) fn code(&self, order: &str, ticket: usize) -> String {
        text(&self.api(&format!("/api/orders/{order}/tickets/{ticket}/code")).body_json(), "/code")
    }

    /// Runs something as a gate officer, and signs the buyer in again.
    pub(crate) fn at_the_gate<T>(&self, f: impl FnOnce() -> T) -> T {
        self.sign_in_official("gate-1", &["gate"]);
        let out = f();
        self.sign_in("anna");
        out
    }

    pub(crate) fn as_manager<T>(&self, f: impl FnOnce() -> T) -> T {
        self.sign_in_official("boss", &["manager"]);
        let out = f();
        self.sign_in("anna");
        out
    }

    pub(crate) fn admit(&self, body: &Value) -> Response {
        self.at_the_gate(|| self.call("/api/admissions", body))
    }

    /// Puts the clock into tomorrow's slot at nine.
    pub(crate) fn at_nine_tomorrow(&self) {
        self.set_now((Date::at(TUESDAY).plus(1).start() + 9 * 3_600_000) as u64);
    }
}

/// An attraction of the sample, as `putAttraction` takes it.
pub(crate) fn attraction(id: &str) -> Value {
    let all = tourism_ticketing::domain::sample::catalogue().unwrap().attractions;
    serde_json::to_value(all.iter().find(|a| a.id == id).unwrap()).unwrap()
}

pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}

pub(crate) fn kind(answer: &Response) -> String {
    let doc = answer.body_json();
    assert_eq!(answer.header_value("content-type"), Some("application/problem+json"), "{}", answer.body_text());
    assert_eq!(doc["status"], answer.code().as_u16());
    text(&doc, "/type").trim_start_matches("urn:yunlong:problem:").to_owned()
}
