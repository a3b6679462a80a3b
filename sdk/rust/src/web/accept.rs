//! Content negotiation (RFC 9110 12.5.1) between the two representations that apps have.

/// Whether JSON is preferred over HTML. A path under `/api/` is JSON unless HTML is asked for by
/// name; any other path is HTML unless JSON is asked for by name.
pub(crate) fn prefers_json(path: &str, accept: Option<&str>) -> bool {
    let api = path == "/api" || path.starts_with("/api/") || path == "/openapi.json";
    let Some(accept) = accept else { return api };
    let html = quality(accept, "text/html");
    let json = quality(accept, "application/json").max(quality(accept, "application/problem+json"));
    if html == json { api } else { json > html }
}

/// The quality in thousandths that `accept` gives to a media type named in full.
fn quality(accept: &str, media: &str) -> u16 {
    let mut best = 0;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or("");
        if name.eq_ignore_ascii_case(media) {
            let q = parts.find_map(|p| p.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
            best = best.max((q.clamp(0.0, 1.0) * 1000.0) as u16);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_pages_and_programs_get_json() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (path, accept, json) in [
            ("/orders", Some(browser), false),
            ("/orders", Some("application/json"), true),
            ("/orders", Some("*/*"), false),
            ("/orders", None, false),
            ("/api/orders", Some("*/*"), true),
            ("/api/orders", None, true),
            ("/api/orders", Some(browser), false),
            ("/orders", Some("text/html;q=0.5, application/json"), true),
            ("/orders", Some("application/problem+json;q=x"), true),
        ] {
            assert_eq!(prefers_json(path, accept), json, "{path} {accept:?}");
        }
    }
}
