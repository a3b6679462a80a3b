//! What a registry may answer, and what comes of it.

use super::*;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

#[test]
fn an_address_is_a_host_and_plain_http_is_for_this_machine() {
    for (text, want) in [
        ("localhost:5000", "http://localhost:5000/"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/"),
        ("http://localhost:5000", "http://localhost:5000/"),
        ("registry.city.example", "https://registry.city.example/"),
        ("registry.city.example:8443", "https://registry.city.example:8443/"),
        ("https://registry.city.example/", "https://registry.city.example/"),
    ] {
        assert_eq!(address(text).unwrap().as_str(), want);
    }
    for wrong in
        ["http://registry.city.example", "https://a:b@r.example", "localhost:5000/vendor", "ftp://r.example", "", "a b"]
    {
        let refused = address(wrong).unwrap_err();
        assert!(refused.next().contains("https://registry"), "{wrong}: {refused}");
    }
}

#[test]
fn challenges_and_links_are_read() {
    let challenge =
        r#"Bearer realm="http://localhost:5000/token",service="localhost:5000",scope="repository:a/b:pull,push""#;
    assert_eq!(parameter(challenge, "realm").as_deref(), Some("http://localhost:5000/token"));
    assert_eq!(parameter(challenge, "service").as_deref(), Some("localhost:5000"));
    assert_eq!(parameter(challenge, "scope").as_deref(), Some("repository:a/b:pull,push"));
    assert_eq!(parameter(challenge, "error"), None);
    assert_eq!(parameter("Bearer realm=\"open", "realm"), None);
    assert_eq!(next_page("</v2/a/referrers/x?last=y>; rel=\"next\""), Some("/v2/a/referrers/x?last=y"));
    assert_eq!(next_page("</v2/a>; rel=\"prev\""), None);
    assert_eq!(next_page("nonsense"), None);
}

/// A registry that gives these answers, one a connection, and tells what it was asked.
fn answering(answers: Vec<Vec<u8>>) -> (Url, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((stream, _)) = listener.accept() else { return };
            let _ = tell.send(head(&stream));
            let _ = (&stream).write_all(&answer);
        }
    });
    (Url::parse(&format!("http://{at}/")).unwrap(), told)
}

fn head(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn repository(base: Url, with: bool) -> Repository {
    let credentials = Credentials { account: "vendor".into(), secret: Zeroizing::new("s3cret".into()) };
    Repository::new(base, "vendor/app", Right::Pull, with.then_some(credentials))
}

#[test]
fn a_manifest_is_the_one_that_was_asked_for() {
    let wanted = Digest::of(b"wanted");
    let (base, _) = answering(vec![reply("200 OK", "", b"other")]);
    let refused = repository(base, false).manifest(&wanted.to_string()).unwrap_err();
    assert!(refused.to_string().contains("was changed"), "{refused}");
    let headers = format!("Docker-Content-Digest: {wanted}\r\n");
    let (base, _) = answering(vec![reply("200 OK", &headers, b"other")]);
    assert!(repository(base, false).manifest("1.0.0").is_err(), "it does not know what it sends");
    let (base, _) = answering(vec![reply("200 OK", &headers, b"wanted")]);
    assert_eq!(repository(base, false).manifest("1.0.0").unwrap(), b"wanted");
}

#[test]
fn sizes_are_bounded_whatever_is_announced() {
    let (base, _) = answering(vec![reply("200 OK", "", &vec![b' '; (256 << 10) + 1])]);
    assert!(repository(base, false).manifest("1.0.0").unwrap_err().to_string().contains("over"));
    let digest = Digest::of(b"four");
    let (base, _) = answering(vec![reply("200 OK", "", b"fourteen")]);
    assert!(repository(base, false).blob(&digest, 4, &Bar::none()).unwrap_err().to_string().contains("was changed"));
    let (base, _) = answering(vec![reply("200 OK", "", b"four")]);
    assert_eq!(repository(base, false).blob(&digest, 4, &Bar::none()).unwrap(), b"four");
}

#[test]
fn a_password_goes_to_the_registry_alone() {
    let challenge = "WWW-Authenticate: Bearer realm=\"https://elsewhere.example/token\",service=\"s\"\r\n";
    let (base, told) = answering(vec![reply("401 Unauthorized", challenge, b"")]);
    let refused = repository(base, true).manifest("1.0.0").unwrap_err();
    assert!(refused.to_string().contains("elsewhere.example"), "{refused}");
    assert!(!told.recv().unwrap().to_lowercase().contains("authorization"), "nothing before it is asked for");
    let plain = "WWW-Authenticate: Bearer realm=\"http://elsewhere.example/token\"\r\n";
    let (base, _) = answering(vec![reply("401 Unauthorized", plain, b"")]);
    assert!(repository(base, false).manifest("1.0.0").unwrap_err().to_string().contains("https"));
}

#[test]
fn a_basic_challenge_is_answered_once_and_the_refusal_is_told() {
    let refusal = br#"{"errors":[{"code":"UNAUTHORIZED","message":"the account or the password is wrong"}]}"#;
    let asks = |body| reply("401 Unauthorized", "WWW-Authenticate: Basic realm=\"r\"\r\n", body);
    let (base, told) = answering(vec![asks(b""), asks(refusal)]);
    let refused = repository(base, true).manifest("1.0.0").unwrap_err();
    assert!(refused.to_string().contains("password is wrong"), "{refused}");
    assert!(refused.next().contains("yunlong login"));
    assert!(!told.recv().unwrap().to_lowercase().contains("authorization"));
    // vendor:s3cret
    assert!(told.recv().unwrap().contains("Basic dmVuZG9yOnMzY3JldA=="));
    assert!(!refused.to_string().contains("s3cret"));
}

#[test]
fn a_blob_is_sent_nowhere_else() {
    let elsewhere = "Location: https://elsewhere.example/upload\r\n";
    let (base, _) = answering(vec![reply("202 Accepted", elsewhere, b"")]);
    let refused = repository(base, false).put_blob(&Digest::of(b"b"), b"b", &Bar::none()).unwrap_err();
    assert!(refused.to_string().contains("no place for a blob"), "{refused}");
}

#[test]
fn a_list_goes_on_at_its_link_and_a_registry_without_lists_is_told() {
    let (a, b, subject) = (Digest::of(b"a"), Digest::of(b"b"), Digest::of(b"s"));
    let list = |d: &Digest| format!(r#"{{"schemaVersion":2,"manifests":[{{"digest":"{d}"}}]}}"#).into_bytes();
    let link = format!("Link: </v2/vendor/app/referrers/{subject}?last=a>; rel=\"next\"\r\n");
    let (base, told) = answering(vec![reply("200 OK", &link, &list(&a)), reply("200 OK", "", &list(&b))]);
    assert_eq!(repository(base, false).referrers(&subject, 64).unwrap(), [a, b]);
    let _ = told.recv();
    assert!(told.recv().unwrap().contains("last=a"));
    let (base, _) = answering(vec![reply("404 Not Found", "", b"")]);
    assert!(repository(base, false).referrers(&subject, 64).unwrap_err().to_string().contains("no referrers"));
}
