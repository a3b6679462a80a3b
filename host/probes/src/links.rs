//! Where an app's own pages lead: what is linked and what is posted, as far as HTML says it.

/// How much of a page is looked at.
const LOOKED_AT: usize = 1 << 20;
/// The longest path that is followed.
const LONGEST: usize = 500;

/// The paths of the app itself that a page links to (`href`), and those of its forms (`action`), in their order.
pub(crate) fn of(page: &[u8]) -> (Vec<String>, Vec<String>) {
    let page = String::from_utf8_lossy(page.get(..LOOKED_AT).unwrap_or(page));
    (attribute(&page, "href"), attribute(&page, "action"))
}

fn attribute(page: &str, name: &str) -> Vec<String> {
    let opens = format!("{name}=\"");
    let mut found = Vec::new();
    for rest in page.split(opens.as_str()).skip(1) {
        let Some((value, _)) = rest.split_once('"') else { break };
        let path = value.split('#').next().unwrap_or_default().replace("&amp;", "&");
        let own = path.starts_with('/') && !path.starts_with("//") && path.len() <= LONGEST;
        if own && path.parse::<http::Uri>().is_ok() && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_paths_are_found_and_others_are_not_followed() {
        let page = br##"<a href="/orders?x=1&amp;y=2#top">a</a> <a href="/orders?x=1&amp;y=2">again</a>
            <a href="https://evil.example/">b</a> <a href="//evil.example/">c</a> <a href="#top">d</a>
            <a href="/with space">e</a> <form method="post" action="/buy"></form> <a href="/cut"##;
        let (links, forms) = of(page);
        assert_eq!((links, forms), (vec!["/orders?x=1&y=2".to_owned()], vec!["/buy".to_owned()]));
        assert_eq!(of(&[0xff, 0xfe]), (Vec::new(), Vec::new()));
    }
}
