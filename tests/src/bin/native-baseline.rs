//! The baseline of `cargo xtask bench`: native axum that answers the bytes of a file.
//! `native-baseline PORT FILE CONTENT-TYPE`

use anyhow::{Context, Result};
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// As the server: the comparison is of what the platform does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().with_context(|| format!("{what} is missing"));
    let port: u16 = next("PORT")?.parse()?;
    let body = axum::body::Bytes::from(std::fs::read(next("FILE")?)?);
    let content_type: axum::http::HeaderValue = next("CONTENT-TYPE")?.parse()?;
    let app = axum::Router::new().fallback(get(move || async move { ([(CONTENT_TYPE, content_type)], body) }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
