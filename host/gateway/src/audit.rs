//! The audit log, open to everybody under `/audit`: checkpoints, tiles and leaves as C2SP tlog-tiles
//! serves them, and single proofs in JSON. Leaves hold commitments only, so there is nothing to guard.

use crate::body::Query;
use crate::failure::{Failure, Outcome, kinds};
use crate::view::View;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

/// What never changes once it is there.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// The newest checkpoint is another one soon.
const BRIEF: &str = "public, max-age=2";
/// A proof stays; the cosignatures of its checkpoint may become more.
const PROOF: &str = "public, max-age=300";
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
const JSON: &str = "application/json";

/// The routes, to be nested under `/audit` of the portal.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/checkpoint", get(checkpoint))
        .route("/key", get(key))
        .route("/tile/{level}/{*n}", get(tile))
        .route("/proof/inclusion", get(inclusion))
        .route("/proof/consistency", get(consistency))
}

fn answer(kind: &'static str, kept: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    response
}

async fn checkpoint(view: View) -> Outcome {
    let newest = view.gateway.services.audit.latest_checkpoint().await?;
    let none = || Failure::not_found().because("日志还没有记录。", "The log has no leaf yet.");
    Ok(answer(TEXT, BRIEF, newest.ok_or_else(none)?))
}

async fn key(view: View) -> Outcome {
    Ok(answer(TEXT, PROOF, format!("{}\n", view.gateway.services.audit.vkey())))
}

/// A tile of hashes, or a bundle of leaves when the level is `entries`.
async fn tile(view: View, Path((level, n)): Path<(String, String)>) -> Outcome {
    let (n, width) = number(&n).ok_or_else(Failure::not_found)?;
    let audit = &view.gateway.services.audit;
    let bytes = if level == "entries" {
        audit.bundle(n, width).await?
    } else {
        let level = canonical(&level).filter(|level| *level < 64).ok_or_else(Failure::not_found)?;
        audit.tile(u8::try_from(level).map_err(|_| Failure::not_found())?, n, width).await?
    };
    Ok(answer(BYTES, IMMUTABLE, bytes))
}

async fn inclusion(view: View, Query(query): Query) -> Outcome {
    let audit = &view.gateway.services.audit;
    let index = required(&query, "index")?;
    let size = match query.raw("size") {
        Some(_) => required(&query, "size")?,
        None => audit.size().await?,
    };
    json(&audit.inclusion_proof(index, size).await?)
}

async fn consistency(view: View, Query(query): Query) -> Outcome {
    let (from, to) = (required(&query, "from")?, required(&query, "to")?);
    json(&view.gateway.services.audit.consistency_proof(from, to).await?)
}

fn json<T: serde::Serialize>(value: &T) -> Outcome {
    let text = serde_json::to_string(value).map_err(Failure::internal)?;
    Ok(answer(JSON, PROOF, text))
}

fn required(query: &crate::body::Fields, name: &str) -> Outcome<u64> {
    let wrong = || {
        let (zh, en) = ("请填写不带前导零的非负整数", "Give a number in decimal, without leading zeroes");
        Failure::new(kinds::INVALID).field(name, zh, en)
    };
    query.raw(name).and_then(canonical).ok_or_else(wrong)
}

/// A number in decimal without leading zeroes.
fn canonical(text: &str) -> Option<u64> {
    text.parse().ok().filter(|n: &u64| n.to_string() == text)
}

/// The number and width of a tile: `x001/x234/067` or `x001/x234/067.p/8`.
fn number(path: &str) -> Option<(u64, Option<u8>)> {
    let (digits, width) = match path.split_once(".p/") {
        Some((digits, width)) => {
            (digits, Some(canonical(width).and_then(|w| u8::try_from(w).ok()).filter(|w| *w > 0)?))
        }
        None => (path, None),
    };
    let joined: String = digits.split('/').map(|part| part.strip_prefix('x').unwrap_or(part)).collect();
    let n: u64 = joined.parse().ok()?;
    // One address for each tile: what differs from the written form is none.
    (written(n) == digits).then_some((n, width))
}

fn written(n: u64) -> String {
    let (above, last) = (n / 1_000, n % 1_000);
    if above == 0 { format!("{last:03}") } else { format!("{}/{last:03}", folders(above)) }
}

fn folders(n: u64) -> String {
    let (above, last) = (n / 1_000, n % 1_000);
    if above == 0 { format!("x{last:03}") } else { format!("{}/x{last:03}", folders(above)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_have_the_addresses_of_the_specification_and_no_others() {
        assert_eq!(number("x001/x234/067"), Some((1_234_067, None)));
        assert_eq!(number("x001/x234/067.p/8"), Some((1_234_067, Some(8))));
        assert_eq!(number("000"), Some((0, None)));
        assert_eq!(number("x018/x446/x744/x073/x709/x551/615"), Some((u64::MAX, None)));
        for bad in [
            "",
            "0",
            "67",
            "x067",
            "x000/067",
            "001/234",
            "x001/x234",
            "067.p/0",
            "067.p/256",
            "067.p/08",
            "+67",
            "067.p",
        ] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
