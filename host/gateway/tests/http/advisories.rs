//! The console's page of known vulnerabilities, and its form.

use crate::platform::*;
use http::StatusCode;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A zip of files as they are, so that its size is theirs.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const ADVISORY: &str = r#"{
    "id": "RUSTSEC-2099-0001", "modified": "2026-01-01T00:00:00Z", "summary": "reads out of bounds",
    "affected": [{
        "package": {"ecosystem": "crates.io", "name": "leaky"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}, {"fixed": "1.2.0"}]}]
    }]
}"#;

async fn import(p: &Platform, account: &str, fields: &[(&str, &str)], archive: &[u8]) -> Answered {
    let cookie = p.console(account).await;
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(b"--b\r\ncontent-disposition: form-data; name=\"archive\"; filename=\"all.zip\"\r\n\r\n");
    body.extend(archive);
    body.extend(b"\r\n--b--\r\n");
    let upload = post(CONSOLE, "/advisories")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", cookie)
        .header("content-type", "multipart/form-data; boundary=b");
    p.send(upload.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn the_system_administrator_imports_by_the_form_and_reviewers_see_what_is_in_force() {
    let p = Platform::start().await;
    let good = zip(&[("RUSTSEC-2099-0001.json", ADVISORY.as_bytes())]);
    let fields = [("ecosystem", "crates.io"), ("source", "osv.dev")];
    for account in ["city-security", "city-reviewer", "quanshan-admin", "li-hua"] {
        assert_eq!(import(&p, account, &fields, &good).await.status, StatusCode::FORBIDDEN, "{account}");
    }
    let empty = zip(&[("README.md", b"nothing")]);
    let unnamed = [("ecosystem", "crates.io"), ("source", " ")];
    for (fields, archive, error) in [
        ([("ecosystem", "Maven"), ("source", "osv.dev")], &good[..], "ecosystem-error"),
        (unnamed, &good[..], "source-error"),
        (fields, &b"no archive"[..], "archive-error"),
        (fields, &[][..], "archive-error"),
        (fields, &empty[..], "archive-error"),
    ] {
        let refused = import(&p, "city-admin", &fields, archive).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(refused.text().contains(&format!("id=\"{error}\"")), "{fields:?}: {}", refused.text());
    }
    let admin = p.console("city-admin").await;
    assert!(p.see(CONSOLE, "/advisories", &admin).await.text().contains("class=\"empty\""), "something was imported");
    assert_eq!(import(&p, "city-admin", &fields, &good).await.location(), "/advisories?saved=1");
    for account in ["city-security", "city-reviewer"] {
        let page = p.see(CONSOLE, "/advisories", &p.console(account).await).await;
        assert_eq!(page.status, StatusCode::OK, "{account}");
        let text = page.text();
        assert!(text.contains("crates.io") && text.contains("osv.dev") && !text.contains("type=\"file\""), "{text}");
    }
    for account in ["quanshan-admin", "li-hua"] {
        let cookie = p.console(account).await;
        assert_eq!(p.see(CONSOLE, "/advisories", &cookie).await.status, StatusCode::FORBIDDEN, "{account}");
    }
}

/// axum reads two MiB of a form where nobody says otherwise: most apps are larger.
#[tokio::test]
async fn a_file_of_more_than_two_megabytes_arrives_whole() {
    let p = Platform::start().await;
    let bytes = vec![b'x'; 3 << 20];
    let large = zip(&[("README.md", &bytes[..]), ("RUSTSEC-2099-0001.json", ADVISORY.as_bytes())]);
    let fields = [("ecosystem", "crates.io"), ("source", "osv.dev")];
    assert_eq!(import(&p, "city-admin", &fields, &large).await.location(), "/advisories?saved=1");
    // And a package's: what is wrong with it is not that there is none.
    let vendor = p.console("han-developer").await;
    let refused = p.upload("/reviews", &vendor, &bytes).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert!(!refused.text().contains("请选择一个安装包文件"), "{}", refused.text());
}
