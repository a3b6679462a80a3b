//! A program for Spin: `wasi:keyvalue@0.2.0-draft2` and `wasi:config@0.2.0-draft-2024-09-27`.

use spin_sdk::http::{IntoResponse, Method, Request, Response};
use spin_sdk::http_component;
use spin_sdk::wit::wasi::config::store as config;
use spin_sdk::wit::wasi::keyvalue::store::{Bucket, Error, open};
use spin_sdk::wit::wasi::keyvalue::{atomics, batch};

type Answer = Result<(u16, Vec<u8>), Error>;

fn ok(bytes: impl Into<Vec<u8>>) -> Answer {
    Ok((200, bytes.into()))
}

fn serve(request: &Request) -> Answer {
    let (method, path, body) = (request.method(), request.path(), request.body());
    match (method, path) {
        (_, "/settings") => {
            let greeting = config::get("greeting").ok().flatten().unwrap_or_default();
            let mut all = config::get_all().unwrap_or_default();
            all.sort();
            ok(format!("{greeting} {all:?}"))
        }
        (_, "/visit") => ok(atomics::increment(&open("default")?, "visits", 1)?.to_string()),
        (_, "/keys") => ok(keys(&open("default")?)?.join("\n")),
        (Method::Post, "/many") => {
            let text = String::from_utf8_lossy(body);
            let pairs = text.lines().map(|l| (l.to_owned(), l.to_uppercase().into_bytes())).collect::<Vec<_>>();
            let names = pairs.iter().map(|(k, _)| k.clone()).chain(["absent".to_owned()]).collect::<Vec<_>>();
            let bucket = open("default")?;
            batch::set_many(&bucket, &pairs)?;
            let found = batch::get_many(&bucket, &names)?;
            batch::delete_many(&bucket, &names[1..])?;
            ok(format!("{:?}", found.iter().map(|(k, v)| v.as_ref().map(|v| (k, v.len()))).collect::<Vec<_>>()))
        }
        _ if path.starts_with("/bucket/") => {
            open(&path["/bucket/".len()..])?;
            ok("open")
        }
        _ if path.starts_with("/append/") => append(&path["/append/".len()..], body),
        _ => match (method, path.strip_prefix("/keys/")) {
            (Method::Put, Some(key)) => open("default")?.set(key, body).and_then(|()| ok("kept")),
            (Method::Delete, Some(key)) => open("default")?.delete(key).and_then(|()| ok("gone")),
            (Method::Head, Some(key)) if open("default")?.exists(key)? => ok(""),
            (Method::Get, Some(key)) => match open("default")?.get(key)? {
                Some(value) => ok(value),
                None => Ok((404, Vec::new())),
            },
            _ => Ok((404, Vec::new())),
        },
    }
}

/// Appends to a value, however many do at once.
fn append(key: &str, more: &[u8]) -> Answer {
    let mut cas = atomics::Cas::new(&open("default")?, key)?;
    loop {
        let value = [&cas.current()?.unwrap_or_default(), more].concat();
        match atomics::swap(cas, &value) {
            Ok(()) => return ok(value),
            Err(atomics::CasError::CasFailed(again)) => cas = again,
            Err(atomics::CasError::StoreError(e)) => return Err(e),
        }
    }
}

fn keys(bucket: &Bucket) -> Result<Vec<String>, Error> {
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let page = bucket.list_keys(cursor.as_deref())?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            keys.sort();
            return Ok(keys);
        }
    }
}

#[http_component]
fn handle(request: Request) -> anyhow::Result<impl IntoResponse> {
    let (status, body) = serve(&request).unwrap_or_else(|e| {
        let status = match e {
            Error::NoSuchStore => 404,
            Error::AccessDenied => 403,
            Error::Other(_) => 400,
        };
        (status, format!("{e:?}").into_bytes())
    });
    Ok(Response::new(status, body))
}
