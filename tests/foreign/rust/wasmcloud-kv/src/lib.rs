//! A program for wasmCloud: `wasi:keyvalue@0.2.0-draft`, `wasi:config@0.2.0-draft` and
//! `wasi:logging@0.1.0-draft`.

use std::io::Read as _;
use wasmcloud_component::http::{
    ErrorCode, IncomingRequest, Method, OutgoingBody, Response, Server, StatusCode, export,
};
use wasmcloud_component::wasi::config::store as config;
use wasmcloud_component::wasi::keyvalue::store::{Bucket, Error, open};
use wasmcloud_component::wasi::keyvalue::{atomics, batch};
use wasmcloud_component::wasi::logging::logging::{Level, log};

struct Program;

export!(Program);

type Answer = Result<(StatusCode, Vec<u8>), Error>;

fn ok(bytes: impl Into<Vec<u8>>) -> Answer {
    Ok((StatusCode::OK, bytes.into()))
}

fn serve(method: &Method, path: &str, body: Vec<u8>) -> Answer {
    log(Level::Info, "serve", &format!("{method} {path}"));
    let bucket = |name: &str| open(name);
    match (method, path) {
        (_, "/settings") => {
            let greeting = config::get("greeting").ok().flatten().unwrap_or_default();
            let mut all = config::get_all().unwrap_or_default();
            all.sort();
            ok(format!("{greeting} {all:?}"))
        }
        (_, "/visit") => ok(atomics::increment(&bucket("default")?, "visits", 1)?.to_string()),
        (_, "/keys") => ok(keys(&bucket("default")?)?.join("\n")),
        (&Method::POST, "/many") => {
            let text = String::from_utf8_lossy(&body);
            let pairs = text.lines().map(|l| (l.to_owned(), l.to_uppercase().into_bytes())).collect::<Vec<_>>();
            let names = pairs.iter().map(|(k, _)| k.clone()).chain(["absent".to_owned()]).collect::<Vec<_>>();
            let bucket = bucket("default")?;
            batch::set_many(&bucket, &pairs)?;
            let found = batch::get_many(&bucket, &names)?;
            batch::delete_many(&bucket, &names[1..])?;
            ok(format!("{:?}", found.iter().map(|f| f.as_ref().map(|(k, v)| (k, v.len()))).collect::<Vec<_>>()))
        }
        _ if path.starts_with("/bucket/") => {
            bucket(&path["/bucket/".len()..])?;
            ok("open")
        }
        _ => match (method, path.strip_prefix("/keys/")) {
            (&Method::PUT, Some(key)) => bucket("default")?.set(key, &body).and_then(|()| ok("kept")),
            (&Method::DELETE, Some(key)) => bucket("default")?.delete(key).and_then(|()| ok("gone")),
            (&Method::HEAD, Some(key)) if bucket("default")?.exists(key)? => ok(""),
            (&Method::GET, Some(key)) => match bucket("default")?.get(key)? {
                Some(value) => ok(value),
                None => Ok((StatusCode::NOT_FOUND, Vec::new())),
            },
            _ => Ok((StatusCode::NOT_FOUND, Vec::new())),
        },
    }
}

fn keys(bucket: &Bucket) -> Result<Vec<String>, Error> {
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let page = bucket.list_keys(cursor)?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            keys.sort();
            return Ok(keys);
        }
    }
}

impl Server for Program {
    fn handle(request: IncomingRequest) -> Result<Response<impl OutgoingBody>, ErrorCode> {
        let (parts, mut incoming) = request.into_parts();
        let mut body = Vec::new();
        incoming.read_to_end(&mut body).map_err(|e| ErrorCode::InternalError(Some(e.to_string())))?;
        let (status, body) = serve(&parts.method, parts.uri.path(), body).unwrap_or_else(|e| {
            log(Level::Error, "serve", &format!("{e:?}"));
            let status = match e {
                Error::NoSuchStore => StatusCode::NOT_FOUND,
                Error::AccessDenied => StatusCode::FORBIDDEN,
                Error::Other(_) => StatusCode::BAD_REQUEST,
            };
            (status, format!("{e:?}").into_bytes())
        });
        Response::builder().status(status).body(body).map_err(|e| ErrorCode::InternalError(Some(e.to_string())))
    }
}
