//! A city with the app installed and its sample loaded, and short words for what the tests do.

use rural_ecommerce::Rural;
use serde_json::{Value, json};
use yunlong_sdk::testing::{TestCity, TestRequest};
use yunlong_sdk::web::Method;
use yunlong_sdk::{Request, Response};

pub(crate) const APP: &str = include_str!("../../app.toml");
/// Tuesday 2026-11-24, 08:00 in Shanghai.
pub(crate) const TUESDAY: u64 = 1_795_478_400_000;
/// 睢宁 沙集 东风.
pub(crate) const DONGFENG: &str = "320324109002";

pub(crate) struct Xuzhou {
    pub(crate) city: TestCity,
}

impl std::ops::Deref for Xuzhou {
    type Target = TestCity;
    fn deref(&self) -> &TestCity {
        &self.city
    }
}

impl Xuzhou {
    /// The app without any sample.
    pub(crate) fn empty() -> Self {
        let city = TestCity::new(APP);
        city.set_now(TUESDAY);
        city.sign_in("anna");
        Self { city }
    }

    /// With the sample: sixty stores and stations, three hundred products, a year of figures.
    pub(crate) fn new() -> Self {
        let x = Self::empty();
        x.install::<Rural>().unwrap();
        x.run();
        x
    }

    /// Delivers everything that is due, and pays out what is to be refunded.
    pub(crate) fn run(&self) {
        for _ in 0..3 {
            self.deliver::<Rural>();
            self.pay_refunds();
        }
        self.deliver::<Rural>();
        assert!(self.dead_letters().is_empty(), "{:?}", self.dead_letters());
    }

    /// Opens a page that must be there.
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get::<Rural>(path);
        assert_eq!(answer.code().as_u16(), 200, "{path}: {}", answer.body_text());
        answer.body_text()
    }

    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.post::<Rural>(path, fields)
    }

    /// Sends a request of the API and holds the answer to the OpenAPI document.
    pub(crate) fn operation(&self, method: &str, path: &str, request: TestRequest) -> Response {
        let answer = self.send::<Rural>(request);
        let document = || self.send::<Rural>(Request::get("/openapi.json")).body_json();
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

    /// A call that must succeed; its answer.
    pub(crate) fn done(&self, path: &str, body: &Value) -> Value {
        let answer = self.call(path, body);
        assert!(answer.code().is_success(), "{path}: {}", answer.body_text());
        answer.body_json()
    }

    /// Runs something as a citizen, and signs the buyer in again.
    pub(crate) fn by<T>(&self, person: &str, f: impl FnOnce() -> T) -> T {
        self.sign_in(person);
        let out = f();
        self.sign_in("anna");
        out
    }

    /// Runs something as an official with a role, and signs the buyer in again.
    pub(crate) fn role<T>(&self, role: &str, f: impl FnOnce() -> T) -> T {
        self.official(&format!("the-{role}"), role, f)
    }

    pub(crate) fn official<T>(&self, person: &str, role: &str, f: impl FnOnce() -> T) -> T {
        self.sign_in_official(person, &[role]);
        let out = f();
        self.sign_in("anna");
        out
    }

    /// The newest listing of a category: its id, its seller, its store's id.
    pub(crate) fn goods(&self, category: &str) -> (String, String) {
        let found = self.api(&format!("/api/listings?category={category}&limit=1")).body_json();
        let l = &found["listings"][0];
        (text(l, "/id"), text(l, "/store").replace("SAMPLE00", "sample-farmer-"))
    }

    /// Placed and paid through the API; the order's number.
    pub(crate) fn bought(&self, listing: &str, quantity: u32) -> String {
        let placed = self.done("/api/orders", &purchase(listing, quantity));
        let id = text(&placed, "/orders/0/id");
        self.pay(&format!("intent-{id}"));
        self.run();
        id
    }

    pub(crate) fn order(&self, id: &str) -> Value {
        self.api(&format!("/api/orders/{id}")).body_json()
    }
}

pub(crate) fn purchase(listing: &str, quantity: u32) -> Value {
    json!({
        "items": [{"listing": listing, "sku": "single", "quantity": quantity}],
        "recipient": {"name": "买家 1 号", "phone": "19900000001", "division": DONGFENG, "address": "一组 1 号"},
    })
}

pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}

pub(crate) fn location(answer: &Response) -> String {
    assert_eq!(answer.code().as_u16(), 303, "{}", answer.body_text());
    answer.header_value("location").unwrap().to_owned()
}

/// The value of a hidden field of a page.
pub(crate) fn hidden(html: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let at = html.find(&start).unwrap_or_else(|| panic!("no field {name}")) + start.len();
    html[at..].split('"').next().unwrap().to_owned()
}

/// The word of a problem document.
pub(crate) fn kind(answer: &Response) -> String {
    text(&answer.body_json(), "/type").trim_start_matches("urn:yunlong:problem:").to_owned()
}
