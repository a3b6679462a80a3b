//! Lists: tags, referrers, repositories (distribution-spec, "Content Discovery").

use super::Ask;
use super::answer::{Answer, FILTERS, With as _, json};
use crate::digest::Digest;
use crate::error::OciError;
use crate::manifest::{Descriptor, OCI_INDEX};
use crate::metadata::{manifests, repositories, tags};
use crate::name::{MAX_TAG, RepositoryName};
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json as object;

/// The most repositories in one answer, and how many are looked at for it.
const CATALOG: usize = 1_000;
const CATALOG_SEARCH: usize = 2_000;
/// How many tags are read at once.
const TAGS_STEP: usize = 1_000;
/// The most referrers in one answer, and about how many bytes: a client reads a manifest of 4 MiB.
const REFERRERS: usize = 1_000;
const REFERRERS_BYTES: usize = 2 << 20;
/// Each descriptor may carry annotations of 4 MiB: few are held at once.
const REFERRERS_STEP: usize = 16;

/// `GET …/tags/list`. Without `n`, all of them: clients that ask so do not follow `Link`. How many
/// there can be is bounded by the owner's quota.
pub(super) async fn tags(ask: &Ask<'_>, name: &RepositoryName) -> Answer {
    let store = &ask.inner.store;
    if !repositories::exists(store, name).await? {
        return Err(OciError::NameUnknown(name.clone()));
    }
    let last = ask.query.one("last")?;
    if last.is_some_and(|l| l.len() > MAX_TAG) {
        return Err(OciError::Parameter("last"));
    }
    let n = ask.query.number("n")?;
    let view = ask.caller.view(ask.inner, name).await;
    // One more than wanted tells whether there are more.
    let wanted = n.map_or(usize::MAX, |n| n.saturating_add(1));
    let (mut found, mut from) = (Vec::new(), last.map(str::to_owned));
    while n != Some(0) && found.len() < wanted {
        let step = wanted.clamp(2, TAGS_STEP);
        let page = tags::after(store, name, from.as_deref(), step).await?;
        let ended = page.len() < step;
        from = page.last().map(|(tag, _)| tag.clone());
        for (tag, digest) in page {
            if found.len() < wanted && view.shows_tag(&tag, &digest).await {
                found.push(tag);
            }
        }
        if ended {
            break;
        }
    }
    let mut next = None;
    if let Some(n) = n.filter(|n| found.len() > *n) {
        found.truncate(n);
        next = found.last().map(|l| format!("/v2/{name}/tags/list?n={n}&last={l}"));
    }
    let response = json(StatusCode::OK, "application/json", &object!({ "name": name, "tags": found }));
    Ok(link(response, next))
}

fn link(response: axum::response::Response, next: Option<String>) -> axum::response::Response {
    match next {
        Some(next) => response.with(header::LINK, format_args!("<{next}>; rel=\"next\"")),
        None => response,
    }
}

/// `GET …/referrers/<digest>`: an index, empty when there are none, whether or not the repository or
/// the manifest exists.
pub(super) async fn referrers(ask: &Ask<'_>, name: &RepositoryName, subject: &str) -> Answer {
    let subject: Digest = subject.parse()?;
    let filter = ask.query.one("artifactType")?.filter(|f| !f.is_empty());
    let mut last: Option<Digest> = ask.query.one("last")?.map(str::parse).transpose()?;
    let mut listed: Vec<Descriptor> = Vec::new();
    let mut bytes = 0;
    let view = ask.caller.view(ask.inner, name).await;
    let more = view.shows_manifest(&subject).await?
        && loop {
            let step = manifests::referrers(&ask.inner.store, name, &subject, last.as_ref(), REFERRERS_STEP).await?;
            let ended = step.len() < REFERRERS_STEP;
            let mut full = false;
            for descriptor in step {
                full = listed.len() >= REFERRERS || bytes > REFERRERS_BYTES;
                if full {
                    break;
                }
                last = Some(descriptor.digest.clone());
                let wanted = filter.is_none_or(|f| descriptor.artifact_type.as_deref() == Some(f));
                // What was attached after the review is nobody's but its vendor's.
                if wanted && view.shows_manifest(&descriptor.digest).await? {
                    bytes += serde_json::to_string(&descriptor).map_or(0, |s| s.len());
                    listed.push(descriptor);
                }
            }
            if full || ended {
                break full;
            }
        };
    let index = object!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed });
    let response = json(StatusCode::OK, OCI_INDEX, &index);
    let next = last.filter(|_| more).map(|last| {
        let filter = filter.map(|f| format!("&artifactType={}", utf8_percent_encode(f, NON_ALPHANUMERIC)));
        format!("/v2/{name}/referrers/{subject}?last={last}{}", filter.unwrap_or_default())
    });
    let response = link(response, next);
    Ok(if filter.is_some() { response.with(FILTERS, "artifactType") } else { response })
}

/// `GET /v2/_catalog`: the repositories that the caller may see, a page at a time.
pub(super) async fn catalog(ask: &Ask<'_>) -> Answer {
    if !matches!(ask.method, Method::GET | Method::HEAD) {
        return Err(OciError::MethodNotAllowed("GET, HEAD"));
    }
    ask.caller.check_catalog()?;
    let n = ask.query.number("n")?.unwrap_or(CATALOG).min(CATALOG);
    let mut last = ask.query.one("last")?.map(str::to_owned);
    let mut listed: Vec<RepositoryName> = Vec::new();
    let mut looked_at = 0;
    let more = loop {
        // All that is looked at for a whole page comes in one step: whose they are is then asked once.
        let step = n.saturating_mul(2).clamp(16, CATALOG_SEARCH + 1);
        let names = repositories::after(&ask.inner.store, last.as_deref(), step).await?;
        let ended = names.len() < step;
        let sees = ask.caller.sees(ask.inner, &names).await;
        let mut full = false;
        for (name, seen) in names.into_iter().zip(sees) {
            full = listed.len() >= n || looked_at >= CATALOG_SEARCH;
            if full {
                break;
            }
            looked_at += 1;
            last = Some(name.to_string());
            if seen {
                listed.push(name);
            }
        }
        if full || ended {
            break full;
        }
    };
    let response = json(StatusCode::OK, "application/json", &object!({ "repositories": listed }));
    let next = last
        .filter(|_| more && n > 0)
        .map(|last| format!("/v2/_catalog?n={n}&last={}", utf8_percent_encode(&last, NON_ALPHANUMERIC)));
    Ok(link(response, next))
}
