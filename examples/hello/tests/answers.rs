//! What hello answers, as a specification.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use hello::answer;

#[test]
fn greets_in_the_language_of_the_person() {
    assert!(answer("GET", "/", "zh").body.contains("<html lang=\"zh-CN\">"));
    assert!(answer("GET", "/?x=1", "en").body.contains("<h1>Hello</h1>"));
}

#[test]
fn serves_its_function_as_json_and_says_so_in_its_description() {
    let greeting = answer("GET", "/api/greeting", "en");
    assert_eq!((greeting.status, greeting.content_type), (200, "application/json"));
    assert!(answer("GET", "/openapi.json", "").body.contains("\"getGreeting\""));
}

#[test]
fn refuses_with_problem_documents() {
    for (method, target, status) in [("GET", "/nowhere", 404), ("POST", "/", 405), ("DELETE", "/api/greeting", 405)] {
        let refused = answer(method, target, "zh");
        assert_eq!((refused.status, refused.content_type), (status, "application/problem+json"));
    }
}
