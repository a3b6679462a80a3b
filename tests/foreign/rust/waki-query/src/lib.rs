//! A program for any wasi:http host, with waki.

use waki::{ErrorCode, Method, Request, Response, handler};

#[handler]
fn greet(request: Request) -> Result<Response, ErrorCode> {
    let name = match request.method() {
        Method::Post => {
            let fields = request.form().map_err(|e| ErrorCode::InternalError(Some(e.to_string())))?;
            fields.get("name").cloned()
        }
        _ => request.query().get("name").cloned(),
    };
    match name {
        Some(name) => Response::builder().header("x-greeted", "yes").body(format!("hello, {name}\n")).build(),
        None => Response::builder().status_code(400).body("who is it?\n").build(),
    }
}
