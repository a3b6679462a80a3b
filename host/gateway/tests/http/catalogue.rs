//! The catalogue of apps: for everybody, without signing in.

use crate::platform::*;
use http::StatusCode;
use serde_json::json;
use yunlong_model::Digest;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand the rest of it";

fn manifest(name: &str, version: &str, zh: &str, more: &str) -> String {
    format!(
        "name = \"{name}\"\nversion = \"{version}\"\nvendor = \"han-software\"\ntitle = {{ zh = \"{zh}\", en = \"The app {name}\" }}\ndescription = {{ zh = \"{zh}的说明\", en = \"About {name}\" }}\n{more}\n[assets]\ndir = \"assets\"\n"
    )
}

fn listing(category: &str) -> String {
    format!(
        "category = \"{category}\"\nchanges = {{ zh = \"新增退票\", en = \"Adds refunds\" }}\n[[screenshots]]\nfile = \"shot.png\"\ncaption = {{ zh = \"首页的样子\", en = \"The first page\" }}"
    )
}

async fn publish(p: &Platform, manifest: &str, listing: &str, shot: &[u8]) -> Digest {
    p.publish(listed_package(manifest, listing, &[("shot.png", shot)], &p.key)).await.digest
}

/// An approved version with the reviewer's words.
async fn approved_with(p: &Platform, tar: bytes::Bytes, remark: &str) -> Digest {
    let submitted = p.gateway.operations().publish(tar, "han-developer").await.unwrap().submission;
    p.library.check_waiting().await.unwrap();
    let publications = p.library.publications();
    publications.assign(submitted.number, "city-reviewer", "city-reviewer").await.unwrap();
    let seen = publications.submission(submitted.number).await.unwrap().checked.unwrap().findings;
    publications.approve(submitted.number, remark, &seen, "city-reviewer").await.unwrap();
    submitted.digest
}

async fn stocked() -> Platform {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    for (name, zh, category) in [
        ("joint-tickets", "景区联票", "tourism"),
        ("coach", "旅游班车", "tourism"),
        ("health-card", "健康卡", "health"),
    ] {
        publish(&p, &manifest(name, "1.0.0", zh, ""), &listing(category), PNG).await;
    }
    p
}

async fn shown(p: &Platform, path: &str) -> Vec<String> {
    let page = p.get(PORTAL, path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
    let text = page.text();
    let main = text.split("<main").nth(1).unwrap();
    let mut found: Vec<_> =
        main.split("<a href=\"/apps/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    found.sort();
    found
}

#[tokio::test]
async fn everybody_finds_apps_by_words_of_both_languages_and_by_category() {
    let p = stocked().await;
    assert_eq!(shown(&p, "/apps").await, ["coach", "health-card", "joint-tickets"]);
    assert_eq!(shown(&p, "/apps?q=%E8%81%94%E7%A5%A8").await, ["joint-tickets"], "Chinese");
    assert_eq!(shown(&p, "/apps?q=HEALTH").await, ["health-card"], "English, in any case");
    assert_eq!(shown(&p, "/apps?category=tourism").await, ["coach", "joint-tickets"]);
    assert_eq!(shown(&p, "/apps?area=public-services").await, ["health-card"]);
    assert_eq!(shown(&p, "/apps?area=industry&q=coach").await, ["coach"]);
    let page = p.get(PORTAL, "/apps").await.text();
    for centre in ["产业集聚中心", "高效运行中心", "公共服务中心"] {
        assert!(page.contains(centre), "{centre}");
    }
    for said in ["汉软件有限公司", "徐州市", "不读取个人信息", "href=\"/help#apps\""] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(p.get(PORTAL, "/").await.text().contains("href=\"/apps\""), "the portal's home leads there");
    assert!(p.get(PORTAL, "/help").await.text().contains("id=\"apps\""), "and there is help");
}

/// The apps of this repository, as they are packaged: the demo's catalogue begins with them.
#[tokio::test]
async fn the_demos_own_apps_stand_in_their_categories() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    for (name, listing) in [
        ("tourism-ticketing", include_str!("../../../../plugins/tourism-ticketing/listing.toml")),
        ("hello", include_str!("../../../../examples/hello/listing.toml")),
        ("guestbook", include_str!("../../../../examples/guestbook/listing.toml")),
        ("residents", include_str!("../../../../examples/residents/listing.toml")),
        ("ticker", include_str!("../../../../examples/ticker/listing.toml")),
    ] {
        publish(&p, &manifest(name, "1.0.0", "示例", ""), listing, PNG).await;
    }
    assert_eq!(shown(&p, "/apps?category=tourism").await, ["tourism-ticketing"]);
    assert_eq!(shown(&p, "/apps?area=industry").await, ["tourism-ticketing"]);
    assert_eq!(shown(&p, "/apps?area=public-services").await, ["guestbook", "hello"]);
    assert_eq!(shown(&p, "/apps?category=government-services").await, ["residents"]);
    assert_eq!(shown(&p, "/apps?category=data-exchange").await, ["ticker"]);
}

#[tokio::test]
async fn what_is_not_found_says_what_to_do_and_what_is_no_value_is_told() {
    let p = stocked().await;
    let none = p.get(PORTAL, "/apps?q=nothing-like-it").await.text();
    assert!(none.contains("class=\"empty\"") && none.contains("全部应用"), "{none}");
    for wrong in
        ["/apps?category=nonsense", "/apps?area=nonsense", "/apps?page=0", "/apps?page=x", "/apps?page=9999999"]
    {
        assert_eq!(p.get(PORTAL, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(shown(&p, "/apps?page=2").await, [] as [&str; 0]);
    let missing = p.get(PORTAL, "/apps/no-such-app").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.text().contains("no-such-app"));
    let empty = Platform::empty(Default::default(), "http://localhost:8080").await;
    let page = empty.get(PORTAL, "/apps").await.text();
    assert!(page.contains("class=\"empty\"") && page.contains("还没有通过审核的应用"), "{page}");
}

#[tokio::test]
async fn many_apps_are_turned_in_pages_that_keep_what_was_looked_for() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    for n in 0..21 {
        publish(&p, &manifest(&format!("app-{n:02}"), "1.0.0", "旅游应用", ""), &listing("tourism"), PNG).await;
    }
    assert_eq!(shown(&p, "/apps?category=tourism").await.len(), 20);
    assert_eq!(shown(&p, "/apps?category=tourism&page=2").await, ["app-20"]);
    let page = p.get(PORTAL, "/apps?category=tourism").await.text();
    assert!(page.contains("href=\"/apps?category=tourism&amp;page=2\"") && page.contains("1 / 2"), "{page}");
}

#[tokio::test]
async fn an_app_says_who_made_and_reviewed_it_what_it_can_see_and_where_it_is_open() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let first =
        approved_with(&p, listed_package(MANIFEST, &listing("tourism"), &[("shot.png", PNG)], &p.key), "票价已核对")
            .await;
    let newer = MANIFEST.replacen("1.0.0", "1.1.0", 1);
    let digest =
        approved_with(&p, listed_package(&newer, &listing("tourism"), &[("shot.png", PNG)], &p.key), "退票已试").await;
    let page = p.get(PORTAL, "/apps/tickets").await.text();
    let key = p.key.public().id().to_string();
    for said in [
        "景区门票",
        "汉软件有限公司",
        "han-software",
        "city-reviewer",
        "退票已试",
        "在本人同意后读取出生日期：核对优惠票资格",
        "个人信息",
        "收款和退款：收取门票款",
        "智慧旅游",
        "1.1.0",
        "1.0.0",
        "新增退票",
        "首页的样子",
        "还没有部门开通",
        &format!("yunlong-verify publication --digest {digest} --key"),
        &key,
        &digest.to_string(),
        &format!("/api/v1/packages/{digest}/proof"),
        &format!("/api/v1/packages/{first}/proof"),
        &format!("src=\"/pictures/{digest}/0\""),
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(page.matches("<h1").count(), 1);
    p.install_package(digest, "lake-tickets").await;
    let page = p.get(PORTAL, "/apps/tickets").await.text();
    assert!(page.contains("lake-tickets.localhost:8080") && page.contains("徐州市"), "{page}");
}

#[tokio::test]
async fn what_vendors_and_reviewers_write_is_never_markup() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let bad = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    let more = format!("payments = {{ reason = {{ zh = \"{bad}\", en = \"{bad}\" }} }}");
    let hostile = listing("tourism").replace("新增退票", bad).replace("首页的样子", &format!("{bad}\\\" onload=\\\"x"));
    let tar = listed_package(&manifest("tickets", "1.0.0", bad, &more), &hostile, &[("shot.png", PNG)], &p.key);
    let digest = approved_with(&p, tar, bad).await;
    let admin = p.console("city-admin").await;
    for (host, path, cookie) in [
        (PORTAL, "/apps".to_owned(), ""),
        (PORTAL, "/apps/tickets".into(), ""),
        (PORTAL, "/apps?q=%3Cscript%3Ealert(1)%3C/script%3E".into(), ""),
        (PORTAL, "/apps/%3Cscript%3E".into(), ""),
        (CONSOLE, "/install".into(), admin.as_str()),
        (CONSOLE, format!("/install/{digest}"), &*admin),
        (CONSOLE, "/reviews".into(), &*admin),
        (CONSOLE, "/reviews/1".into(), &*admin),
    ] {
        let page = p.see(host, &path, cookie).await.text();
        assert!(page.contains("&lt;script&gt;"), "{path}: it is shown as text: {page}");
        assert!(
            !page.contains("<script>") && !page.contains("<img src=x") && !page.contains("\" onload=\""),
            "{path}: {page}"
        );
    }
}

#[tokio::test]
async fn a_yanked_version_says_so_with_the_reason_and_is_offered_no_more() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let first = publish(&p, &manifest("tickets", "1.0.0", "门票", ""), &listing("tourism"), PNG).await;
    let second = publish(&p, &manifest("tickets", "1.1.0", "门票", ""), &listing("tourism"), PNG).await;
    p.library.yank(&second, "票价算错", false, "city-admin").await.unwrap();
    let page = p.get(PORTAL, "/apps/tickets").await.text();
    assert!(page.contains("已下架") && page.contains("票价算错"), "{page}");
    assert!(page.contains(&format!("/pictures/{first}/0")), "the page is about the one that may be installed");
    assert_eq!(shown(&p, "/apps").await, ["tickets"]);
    // Whoever names it to install it reads why not, and what else there is: by the API, and at the console.
    let token = p.token("city-admin").await;
    let ask = async |reference: &str, lang: &str| {
        let asked = get(CONSOLE, &format!("/api/v1/packages?app=tickets&version={reference}"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept-language", lang);
        p.send(asked.body(axum::body::Body::empty()).unwrap()).await
    };
    let named = ask("", "zh").await.json();
    assert_eq!(named["packages"][0]["digest"], json!(first), "{named}");
    for (lang, said) in [
        ("zh", ["由城市下架：票价算错", "可以安装的版本：1.0.0"]),
        ("en", ["was yanked by the city at", "These may be installed: 1.0.0"]),
    ] {
        let refused = ask("1.1.0", lang).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let detail = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(said.iter().all(|part| detail.contains(part)), "{detail}");
    }
    let cookie = p.console("city-admin").await;
    let search = p.see(CONSOLE, "/install?q=tickets%401.1.0", &cookie).await.text();
    assert!(search.contains("由城市下架：票价算错"), "{search}");
    let install = p.see(CONSOLE, &format!("/install/{second}"), &cookie).await.text();
    let other = format!("href=\"/install/{first}\">1.0.0</a>");
    assert!(install.contains("由城市决定") && install.contains(&other), "{install}");
    p.library.yank(&first, "也算错了", false, "city-admin").await.unwrap();
    assert_eq!(shown(&p, "/apps").await, [] as [&str; 0]);
    let page = p.get(PORTAL, "/apps/tickets").await.text();
    assert!(page.contains("目前没有可以安装的版本") && page.contains("也算错了"), "{page}");
    let cookie = p.console("city-admin").await;
    let install = p.see(CONSOLE, &format!("/install/{first}"), &cookie).await.text();
    assert!(install.contains("这个版本不能安装") && install.contains("也算错了"), "{install}");
    assert!(!install.contains("批准并安装"));
}

#[tokio::test]
async fn pictures_are_served_as_what_they_are_and_by_digest() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let digest = publish(&p, &manifest("tickets", "1.0.0", "门票", ""), &listing("tourism"), PNG).await;
    let picture = p.get(PORTAL, &format!("/pictures/{digest}/0")).await;
    assert_eq!((picture.status, &picture.body[..]), (StatusCode::OK, PNG));
    assert_eq!(picture.header("content-type"), "image/png");
    assert_eq!(picture.header("x-content-type-options"), "nosniff");
    assert!(picture.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(!picture.header("content-security-policy").contains("script-src"));
    assert!(picture.header("cache-control").contains("immutable"));
    let cookie = p.console("city-admin").await;
    assert_eq!(p.see(CONSOLE, &format!("/pictures/{digest}/0"), &cookie).await.header("content-type"), "image/png");
    for missing in
        [format!("/pictures/{digest}/1"), format!("/pictures/{}/0", Digest::of(b"none")), "/pictures/x/0".into()]
    {
        assert_eq!(p.get(PORTAL, &missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    // A page that calls itself a picture.
    for (n, lie) in
        [&b"<!DOCTYPE html><script>alert(1)</script>"[..], b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", b"GIF89a;"]
            .into_iter()
            .enumerate()
    {
        let liar = publish(&p, &manifest(&format!("liar-{n}"), "1.0.0", "门票", ""), &listing("tourism"), lie).await;
        assert_eq!(p.get(PORTAL, &format!("/pictures/{liar}/0")).await.status, StatusCode::NOT_FOUND, "{n}");
    }
}

#[tokio::test]
async fn what_is_not_approved_is_there_for_its_vendor_and_the_reviewers_alone() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let tar =
        listed_package(&manifest("secret", "1.0.0", "未公布", ""), &listing("tourism"), &[("shot.png", PNG)], &p.key);
    let digest = p.gateway.operations().publish(tar, "han-developer").await.unwrap().submission.digest;
    p.library.check_waiting().await.unwrap();
    assert_eq!(shown(&p, "/apps").await, [] as [&str; 0]);
    for path in ["/apps/secret".to_owned(), format!("/pictures/{digest}/0"), "/api/v1/catalogue/secret".into()] {
        assert_eq!(p.get(PORTAL, &path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(p.get(PORTAL, &format!("/api/v1/packages/{digest}/proof")).await.status, StatusCode::CONFLICT);
    for (account, status) in [
        ("han-developer", StatusCode::OK),
        ("city-reviewer", StatusCode::OK),
        ("city-admin", StatusCode::OK),
        ("other-developer", StatusCode::NOT_FOUND),
        ("li-hua", StatusCode::NOT_FOUND),
        ("quanshan-admin", StatusCode::NOT_FOUND),
    ] {
        let cookie = p.console(account).await;
        let picture = p.see(CONSOLE, &format!("/pictures/{digest}/0"), &cookie).await;
        assert_eq!(picture.status, status, "{account}");
        assert!(picture.header("cache-control").contains("no-store"), "{account}: no cache keeps it");
    }
}

#[tokio::test]
async fn programs_read_the_catalogue_too() {
    let p = stocked().await;
    let found = p.get(PORTAL, "/api/v1/catalogue?category=tourism").await.json();
    let apps: Vec<_> = found["apps"].as_array().unwrap().iter().map(|a| a["app"].as_str().unwrap()).collect();
    assert_eq!((apps, &found["total"]), (vec!["coach", "joint-tickets"], &json!(2)));
    let tourism = found["categories"].as_array().unwrap().iter().find(|c| c["slug"] == "tourism").unwrap();
    assert_eq!((&tourism["apps"], &tourism["area"]["slug"]), (&json!(2), &json!("industry")));
    assert_eq!(p.get(PORTAL, "/api/v1/catalogue?category=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let app = p.get(PORTAL, "/api/v1/catalogue/coach").await.json();
    assert_eq!(
        (&app["organization"], &app["version"]["approval"]["by"], &app["offered"], &app["versions"][0]["status"]),
        (&json!(VENDOR), &json!("city-reviewer"), &json!(true), &json!("approved"))
    );
    let digest = app["version"]["digest"].as_str().unwrap();
    assert_eq!(app["screenshots"][0]["url"], format!("/pictures/{digest}/0"));
    assert_eq!(app["permissions"][0]["id"], "identity");
    // The proof is anybody's once the log has it.
    p.audit.sequence_once().await.unwrap();
    let proof = p.get(PORTAL, app["version"]["proof"].as_str().unwrap()).await;
    assert_eq!(proof.status, StatusCode::OK, "{}", proof.text());
    assert_eq!(proof.json()["digest"], digest);
}
