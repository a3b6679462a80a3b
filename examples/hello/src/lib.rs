//! The smallest app: a component of plain `wasi:http`, without the SDK and without a single
//! import from the city. Any language that makes such components makes apps.
#![deny(missing_docs)]

#[cfg(target_arch = "wasm32")]
mod component;

/// The API's description, written by hand: there is no SDK to derive it.
pub const OPENAPI: &str = include_str!("openapi.json");

/// A status, a media type and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// Answers a request by its method, its path (with the query) and its `Accept-Language`, which
/// on the platform holds the person's own choice.
#[must_use]
pub fn answer(method: &str, target: &str, accept_language: &str) -> Answer {
    let path = target.split('?').next().unwrap_or("/");
    if !matches!(method, "GET" | "HEAD") {
        return problem(405, "Method not allowed");
    }
    match path {
        "/" => Answer {
            status: 200,
            content_type: "text/html; charset=utf-8",
            body: page(accept_language.starts_with("en")),
        },
        "/api/greeting" => {
            Answer { status: 200, content_type: "application/json", body: r#"{"zh":"你好","en":"Hello"}"#.to_owned() }
        }
        "/openapi.json" => Answer { status: 200, content_type: "application/json", body: OPENAPI.to_owned() },
        _ => problem(404, "Not found"),
    }
}

fn page(english: bool) -> String {
    let (lang, title, text) = if english {
        ("en", "Hello", "This page comes from a WebAssembly component that was started for this request alone.")
    } else {
        ("zh-CN", "你好", "这个页面来自一个 WebAssembly 组件，它只为这一次请求而启动。")
    };
    format!(
        "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/_city/theme.css\"></head>\
         <body><main class=\"container\"><h1>{title}</h1><p>{text}</p></main></body></html>"
    )
}

/// A problem document (RFC 9457).
fn problem(status: u16, title: &str) -> Answer {
    Answer {
        status,
        content_type: "application/problem+json",
        body: format!("{{\"title\":\"{title}\",\"status\":{status}}}"),
    }
}
