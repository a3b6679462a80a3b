//! Files: from a form to the app, in pieces from a script, and back to a browser.

use crate::platform::*;
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{Method, Request, Response, StatusCode};
use yunlong_blobs::UploadId;
use yunlong_files::{NewTicket, Owner, Who};
use yunlong_model::InstallationName;
use yunlong_store::Txn;

const MANIFEST: &str = r#"
    name = "tickets"
    version = "1.0.0"
    vendor = "han-software"
    title = { zh = "随手拍", en = "Potholes" }
    description = { zh = "随手拍", en = "Potholes" }
    [[files]]
    name = "photos"
    title = { zh = "现场照片", en = "Photographs" }
    accept = ["image/png", "text/plain", "image/svg+xml", "text/html"]
    max_mib = 1
    [[files]]
    name = "papers"
    title = { zh = "证件", en = "Papers" }
    accept = ["*/*"]
    [files.personal]
    on_erasure = "delete"
"#;

/// A platform with one app that keeps files, and a person who is signed in there.
struct City {
    p: Platform,
    cookie: String,
    subject: String,
}

impl City {
    async fn start() -> Self {
        let p = Platform::empty(Default::default(), "http://localhost:8080").await;
        let review = p.publish(package(MANIFEST, &p.key)).await;
        p.install_package(review.digest, "tickets").await;
        let portal = p.cookie("li-hua").await;
        let (cookie, _) = p.sign_on(&portal, APP, "/").await;
        let subject = p.identity.subject(&name(), "li-hua");
        Self { p, cookie, subject }
    }

    fn ticket(&self, area: &str) -> String {
        self.ticket_for(&self.subject, area)
    }

    fn ticket_for(&self, subject: &str, area: &str) -> String {
        let i = self.p.installations.get(&name()).unwrap();
        let owner = Owner { name: &i.name, manifest: &i.manifest, quota: self.p.installations.quota(&i.name) };
        let new = NewTicket {
            area: area.into(),
            max_bytes: None,
            accept: vec![],
            max_files: 2,
            return_path: "/reports?new=1".into(),
        };
        self.p.files.issue(owner, subject, new).unwrap().0
    }

    /// What a page of the app sends.
    fn ask(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", APP)
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header("tus-resumable", "1.0.0")
    }

    async fn form(&self, ticket: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answered {
        let mut body = Vec::new();
        for (field, file, content) in parts {
            let file = file.map(|f| format!("; filename=\"{f}\"")).unwrap_or_default();
            // What the browser says of the type is never believed.
            let head = format!(
                "--b\r\ncontent-disposition: form-data; name=\"{field}\"{file}\r\ncontent-type: image/png\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b--\r\n");
        let request = self.ask(Method::POST, &format!("/_city/files/{ticket}"));
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        self.p.send(request.body(body.into()).unwrap()).await
    }

    /// Creates an upload, and answers its address.
    async fn create(&self, ticket: &str, length: usize) -> String {
        let request = self
            .ask(Method::POST, &format!("/_city/files/{ticket}/uploads"))
            .header("upload-length", length)
            .header("upload-metadata", "filename 5Z2R5rS8LnBuZw==");
        let created = self.p.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
        assert!(created.header("upload-expires").ends_with("GMT"), "{}", created.header("upload-expires"));
        created.location()
    }

    async fn patch(&self, at: &str, offset: usize, bytes: &[u8]) -> Answered {
        let request = self
            .ask(Method::PATCH, at)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream");
        self.p.send(request.body(bytes.to_vec().into()).unwrap()).await
    }

    async fn head(&self, at: &str) -> Answered {
        self.p.send(self.ask(Method::HEAD, at).body(Body::empty()).unwrap()).await
    }

    /// A file that is attached.
    async fn kept(&self, area: &str, file: &str, bytes: &[u8]) -> UploadId {
        let ticket = self.ticket(area);
        let sent = self.form(&ticket, &[("photo", Some(file), bytes)]).await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
        let form = String::from_utf8(self.p.last_seen().body.to_vec()).unwrap();
        let id = form.strip_prefix("photo=").unwrap().parse().unwrap();
        let mut txn = Txn::new(self.p.store.clone());
        self.p.files.attach(&mut txn, &name(), Who::Person(Some(&self.subject)), id, "reports/1").await.unwrap();
        txn.commit().await.unwrap();
        id
    }

    fn serve(&self, value: impl std::fmt::Display) {
        let value = value.to_string();
        self.p.answer_with(move || {
            Ok(Response::builder()
                .header("city-file", &value)
                .header("content-type", "text/html")
                .body(Bytes::from_static(b"<script>"))
                .unwrap())
        });
    }
}

fn name() -> InstallationName {
    "tickets".parse().unwrap()
}

fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend((bytes.len()..size).map(|i| u8::try_from(i % 251).unwrap()));
    bytes
}

#[tokio::test]
async fn a_form_with_files_reaches_the_app_as_a_form_with_their_ids() {
    let city = City::start().await;
    let ticket = city.ticket("photos");
    let bytes = picture(100_000);
    let sent = city
        .form(
            &ticket,
            &[
                ("place", None, "淮海路 & 1 号".as_bytes()),
                ("photo", Some("坑洼.png"), &bytes),
                ("photo", Some(""), b""),
                ("photo", Some("b.png"), &picture(50)),
            ],
        )
        .await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    let seen = city.p.last_seen();
    assert_eq!((seen.method.as_str(), seen.uri.as_str()), ("POST", "/reports?new=1"));
    assert_eq!(seen.headers["content-type"], "application/x-www-form-urlencoded");
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&seen.body).into_owned().collect();
    assert_eq!(fields[0], ("place".to_owned(), "淮海路 & 1 号".to_owned()));
    let files: Vec<_> = fields[1..].iter().map(|(field, id)| (field.as_str(), id.parse().unwrap())).collect();
    assert_eq!(files.len(), 2, "a field in which nothing was chosen is left out");
    let file = city.p.files.stat(&name(), files[0].1).await.unwrap();
    assert_eq!((file.name.as_str(), file.size, file.media_type.as_str()), ("坑洼.png", 100_000, "image/png"));
    assert_eq!(file.uploader.as_deref(), Some(city.subject.as_str()));
}

#[tokio::test]
async fn what_a_form_may_not_bring_is_refused_and_leaves_nothing() {
    let city = City::start().await;
    let ticket = city.ticket("photos");
    let large = picture((1 << 20) + 1);
    let three = [("a", Some("a.png"), &b"text"[..]), ("b", Some("b.png"), b"text"), ("c", Some("c.png"), b"text")];
    for (parts, status) in [
        (&[("ok", Some("a.png"), &b"text"[..]), ("photo", Some("a.png"), &large)][..], StatusCode::PAYLOAD_TOO_LARGE),
        (
            &[("ok", Some("a.png"), b"text"), ("photo", Some("a.png"), b"\0\x01\x02")],
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (&three, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let sent = city.form(&ticket, parts).await;
        assert_eq!(sent.status, status, "{}", sent.text());
    }
    assert_eq!(city.p.files.usage(&name()).await.unwrap(), 0);
    let page = city.form(&ticket, &[("photo", Some("a.png"), &large)]).await.text();
    assert!(page.contains("每个文件最大 1 MiB"), "{page}");
    assert!(city.p.app.seen.lock().is_empty(), "the app was not called");
}

#[tokio::test]
async fn a_ticket_counts_for_its_person_at_its_app_and_with_a_proof_of_origin() {
    let city = City::start().await;
    let mine = city.ticket("photos");
    for (ticket, status) in [
        (city.ticket_for("p-somebody-else", "photos"), StatusCode::FORBIDDEN),
        (format!("{mine}x"), StatusCode::NOT_FOUND),
        ("x".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let sent = city.form(&ticket, &[("photo", Some("a.png"), &picture(50))]).await;
        assert_eq!(sent.status, status, "{}", sent.text());
        let request = city.ask(Method::POST, &format!("/_city/files/{ticket}/uploads")).header("upload-length", 50);
        assert_eq!(city.p.send(request.body(Body::empty()).unwrap()).await.status, status);
    }
    // Nobody who is signed in, another app, and a page of another origin.
    let path = format!("/_city/files/{mine}/uploads");
    let bare = |host: &str, site: &str, cookie: &str| {
        let request = post(host, &path).header("tus-resumable", "1.0.0").header("upload-length", 50);
        let request = request.header("sec-fetch-site", site).header("cookie", cookie);
        city.p.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(bare(APP, "same-origin", "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(bare(APP, "same-site", &city.cookie).await.status, StatusCode::FORBIDDEN);
    city.p.clock.advance(yunlong_files::TICKET_MILLIS);
    let late =
        city.p.send(city.ask(Method::POST, &path).header("upload-length", 50).body(Body::empty()).unwrap()).await;
    assert!(late.status.is_client_error(), "{}", late.status);
}

#[tokio::test]
async fn a_permission_that_was_revoked_lets_no_ticket_in() {
    let city = City::start().await;
    let ticket = city.ticket("photos");
    let capability = "files:photos".parse().unwrap();
    city.p.installations.revoke_grant(&name(), &capability, "city-admin").await.unwrap();
    let sent = city.form(&ticket, &[("photo", Some("a.png"), &picture(50))]).await;
    assert_eq!(sent.status, StatusCode::NOT_FOUND, "{}", sent.text());
}

#[tokio::test]
async fn an_upload_that_was_cut_off_goes_on_where_it_is() {
    let city = City::start().await;
    for area in ["photos", "papers"] {
        let ticket = city.ticket(area);
        let bytes = picture(200_000);
        let at = city.create(&ticket, bytes.len()).await;
        assert_eq!(city.head(&at).await.header("upload-offset"), "0");
        // The connection breaks behind 70,000 bytes.
        let broken =
            futures::stream::iter([Ok(Bytes::copy_from_slice(&bytes[..70_000])), Err(std::io::Error::other("cut"))]);
        let request = city
            .ask(Method::PATCH, &at)
            .header("upload-offset", 0)
            .header("content-type", "application/offset+octet-stream")
            .body(Body::from_stream(broken.boxed()))
            .unwrap();
        assert!(city.p.send(request).await.status.is_client_error());
        let looked = city.head(&at).await;
        assert_eq!((looked.status, looked.header("upload-offset")), (StatusCode::OK, "70000"), "{area}");
        assert_eq!((looked.header("upload-length"), looked.header("cache-control")), ("200000", "no-store"));
        assert_eq!(city.patch(&at, 0, &bytes).await.status, StatusCode::CONFLICT);
        let done = city.patch(&at, 70_000, &bytes[70_000..]).await;
        assert_eq!((done.status, done.header("upload-offset")), (StatusCode::NO_CONTENT, "200000"), "{}", done.text());
        let id: UploadId = at.rsplit('/').next().unwrap().parse().unwrap();
        let file = city.p.files.stat(&name(), id).await.unwrap();
        assert_eq!((file.size, file.name.as_str()), (200_000, "坑洼.png"));
        assert_eq!(&city.p.files.read(&name(), id, 69_990, 20).await.unwrap()[..], &bytes[69_990..70_010]);
    }
}

#[tokio::test]
async fn the_protocol_says_what_it_can_and_refuses_what_it_does_not_know() {
    let city = City::start().await;
    let path = format!("/_city/files/{}/uploads", city.ticket("photos"));
    let can = city.p.send(city.ask(Method::OPTIONS, &path).body(Body::empty()).unwrap()).await;
    assert_eq!((can.status, can.header("tus-version")), (StatusCode::NO_CONTENT, "1.0.0"));
    assert!(can.header("tus-extension").contains("checksum") && can.header("tus-extension").contains("creation"));
    let old = post(APP, &path).header("cookie", &city.cookie).header("sec-fetch-site", "same-origin");
    let old = city.p.send(old.header("tus-resumable", "0.2.2").body(Body::empty()).unwrap()).await;
    assert_eq!((old.status, old.header("tus-version")), (StatusCode::PRECONDITION_FAILED, "1.0.0"));
    for length in ["", "-1", "x", "1048577"] {
        let request = city.ask(Method::POST, &path).header("upload-length", length);
        let refused = city.p.send(request.body(Body::empty()).unwrap()).await;
        assert!(refused.status.is_client_error(), "{length}: {}", refused.status);
    }
    // Created with its bytes.
    let request = city
        .ask(Method::POST, &path)
        .header("upload-length", 50)
        .header("content-type", "application/offset+octet-stream");
    let created = city.p.send(request.body(picture(50).into()).unwrap()).await;
    assert_eq!((created.status, created.header("upload-offset")), (StatusCode::CREATED, "50"), "{}", created.text());
    // Bytes without their checksum do not count.
    let at = city.create(&city.ticket("photos"), 50).await;
    let request = city
        .ask(Method::PATCH, &at)
        .header("upload-offset", 0)
        .header("content-type", "application/offset+octet-stream")
        .header("upload-checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
    assert_eq!(city.p.send(request.body(picture(50).into()).unwrap()).await.status.as_u16(), 460);
    assert_eq!(city.head(&at).await.header("upload-offset"), "0");
    let gone = city.p.send(city.ask(Method::DELETE, &at).body(Body::empty()).unwrap()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(city.head(&at).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_is_sent_in_place_of_the_apps_answer_with_ranges_and_conditions() {
    let city = City::start().await;
    for area in ["photos", "papers"] {
        let bytes = picture(100_000);
        let id = city.kept(area, "坑洼.png", &bytes).await;
        city.serve(format!("{id}; inline"));
        let whole = city.p.see(APP, "/photo", &city.cookie).await;
        assert_eq!(whole.status, StatusCode::OK);
        assert!(whole.body == bytes);
        assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), ("image/png", "bytes"));
        assert_eq!(whole.header("x-content-type-options"), "nosniff");
        assert!(
            whole.header("content-disposition").starts_with("inline; filename=\"__.png\"; filename*=UTF-8''%E5%9D%91")
        );
        assert_eq!(
            whole.header("cache-control"),
            if area == "papers" { "private, no-store" } else { "private, no-cache" }
        );
        let tag = whole.header("etag").to_owned();
        let file = city.p.files.stat(&name(), id).await.unwrap();
        assert_eq!(tag, format!("\"{}\"", file.sha256));
        let with = |headers: &[(&str, &str)]| {
            let request =
                headers.iter().fold(get(APP, "/photo").header("cookie", &city.cookie), |r, (n, v)| r.header(*n, *v));
            city.p.send(request.body(Body::empty()).unwrap())
        };
        let part = with(&[("range", "bytes=40000-40099")]).await;
        assert_eq!(
            (part.status, part.header("content-range")),
            (StatusCode::PARTIAL_CONTENT, "bytes 40000-40099/100000")
        );
        assert!(part.body == bytes[40_000..40_100]);
        assert_eq!(with(&[("range", "bytes=-10")]).await.body, bytes[99_990..]);
        let behind = with(&[("range", "bytes=100000-")]).await;
        assert_eq!(
            (behind.status, behind.header("content-range")),
            (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */100000")
        );
        assert_eq!(with(&[("range", "bytes=0-9"), ("if-range", "\"other\"")]).await.status, StatusCode::OK);
        assert_eq!(with(&[("range", "bytes=0-9"), ("if-range", &tag)]).await.status, StatusCode::PARTIAL_CONTENT);
        let same = with(&[("if-none-match", &tag)]).await;
        assert_eq!((same.status, same.body.len(), same.header("etag")), (StatusCode::NOT_MODIFIED, 0, tag.as_str()));
        let head =
            Request::head("/photo").header("host", APP).header("cookie", &city.cookie).body(Body::empty()).unwrap();
        let head = city.p.send(head).await;
        assert_eq!((head.status, head.header("content-length"), head.body.len()), (StatusCode::OK, "100000", 0));
    }
}

#[tokio::test]
async fn nothing_that_can_hold_a_script_is_shown_and_nothing_is_changed_on_its_way() {
    let city = City::start().await;
    let long = format!("<svg xmlns='x'><script/>{}</svg>", " ".repeat(5_000));
    for (file, bytes) in [("a.svg", long.as_bytes()), ("a.png", b"<!doctype html><script>")] {
        let id = city.kept("photos", file, bytes).await;
        city.serve(format!("{id}; inline"));
        let request = get(APP, "/x").header("cookie", &city.cookie).header("accept-encoding", "gzip, br");
        let sent = city.p.send(request.body(Body::empty()).unwrap()).await;
        assert!(
            sent.header("content-disposition").starts_with("attachment;"),
            "{}",
            sent.header("content-disposition")
        );
        assert!(sent.body == bytes && sent.header("content-encoding").is_empty());
        assert!(sent.header("content-security-policy").starts_with("default-src 'none'; style-src"));
    }
}

#[tokio::test]
async fn a_document_that_is_shown_may_stand_in_a_page_of_its_app_and_nothing_else_may() {
    let city = City::start().await;
    let pdf = b"%PDF-1.4\n%%EOF\n";
    for (file, bytes, disposition, framed) in [
        ("a.pdf", &pdf[..], "inline", true),
        ("a.pdf", pdf, "attachment", false),
        ("a.pdf", b"<!doctype html><script>", "inline", false),
        ("a.png", &picture(50), "inline", false),
    ] {
        let id = city.kept("papers", file, bytes).await;
        city.serve(format!("{id}; {disposition}"));
        let sent = city.p.see(APP, "/x", &city.cookie).await;
        let (who, old) = if framed { ("'self'", "SAMEORIGIN") } else { ("'none'", "DENY") };
        let policy = sent.header("content-security-policy");
        assert!(policy.contains(&format!("frame-ancestors {who};")), "{file} {disposition}: {policy}");
        assert_eq!(sent.header("x-frame-options"), old, "{file} {disposition}");
        assert!(!policy.contains("script-src") && !policy.contains("frame-src"), "{policy}");
    }
}

#[tokio::test]
async fn a_header_names_a_file_of_the_app_that_answers_and_of_no_other() {
    let city = City::start().await;
    let id = city.kept("photos", "a.png", &picture(50)).await;
    let review = city.p.publish(package(&MANIFEST.replace("\"1.0.0\"", "\"1.0.1\""), &city.p.key)).await;
    city.p.install_package(review.digest, "others").await;
    city.serve(format!("{id}; inline"));
    assert_eq!(city.p.see(APP, "/x", &city.cookie).await.status, StatusCode::OK);
    let other = city.p.get("others.localhost:8080", "/x").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "{}", other.text());
    for (value, status) in [
        (UploadId::random().to_string(), StatusCode::NOT_FOUND),
        ("../../etc/passwd".to_owned(), StatusCode::INTERNAL_SERVER_ERROR),
        (format!("{id}; as-html"), StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        city.serve(value);
        assert_eq!(city.p.see(APP, "/x", &city.cookie).await.status, status);
    }
    // With another status the header counts for nothing, and does not leave.
    let value = format!("{id}; inline");
    city.p.answer_with(move || {
        Ok(Response::builder().status(404).header("city-file", &value).body(Bytes::new()).unwrap())
    });
    let absent = city.p.see(APP, "/x", &city.cookie).await;
    assert_eq!((absent.status, absent.header("city-file"), absent.body.len()), (StatusCode::NOT_FOUND, "", 0));
}

#[tokio::test]
async fn an_export_holds_the_files_that_are_attached_and_a_removal_leaves_none() {
    let city = City::start().await;
    city.kept("papers", "证件.png", &picture(300_000)).await;
    city.form(&city.ticket("photos"), &[("photo", Some("loose.png"), &picture(60))]).await;
    let console = city.p.token("city-admin").await;
    let post = |path: &str| {
        let request = post(CONSOLE, path).header("authorization", format!("Bearer {console}"));
        city.p.send(request.body(Body::empty()).unwrap())
    };
    assert!(post("/api/v1/installations/tickets/stop").await.status.is_success());
    let exported = post("/api/v1/installations/tickets/export").await;
    assert_eq!(exported.status, StatusCode::OK, "{}", exported.text());
    let lines: Vec<serde_json::Value> = exported.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let told: Vec<_> = lines.iter().filter(|l| l["file"].is_string()).collect();
    assert_eq!((told[0]["name"].as_str(), told[0]["attached_to"].as_str()), (Some("证件.png"), Some("reports/1")));
    let base64 =
        told[1..].iter().map(|l| data_encoding::BASE64.decode(l["base64"].as_str().unwrap().as_bytes()).unwrap());
    assert!(base64.collect::<Vec<_>>().concat() == picture(300_000));
    let end = &lines.last().unwrap()["end"];
    assert_eq!(end["files"], 1);
    let path = format!(
        "/api/v1/installations/tickets?data=exported&digest={}",
        end["digest"].as_str().unwrap().replace(':', "%3A")
    );
    let request = Request::delete(path).header("host", CONSOLE).header("authorization", format!("Bearer {console}"));
    let removed = city.p.send(request.body(Body::empty()).unwrap()).await;
    assert!(removed.status.is_success(), "{}", removed.text());
    assert_eq!(city.p.files.usage(&name()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_person_sees_their_files_under_my_data_and_has_them_erased() {
    let city = City::start().await;
    let id = city.kept("papers", "证件.png", &picture(500)).await;
    let portal = city.p.cookie("li-hua").await;
    let page = city.p.see(PORTAL, "/my-data/apps/tickets", &portal).await.text();
    assert!(page.contains("证件.png") && page.contains("image/png"), "{page}");
    let form =
        form_post(PORTAL, "/my-data/apps/tickets/erase").header("cookie", &portal).body("agree=true".into()).unwrap();
    let answer = city.p.send(form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert!(city.p.files.stat(&name(), id).await.is_err());
    let page = city.p.see(PORTAL, "/my-data/apps/tickets?done=1", &portal).await.text();
    assert!(page.contains("删除 1 条"), "{page}");
}
