//! Reviews at the console: who sees what, what is next, and the decision.

use crate::platform::*;
use http::StatusCode;
use yunlong_publications::State;

async fn state(p: &Platform, number: u64) -> State {
    p.library.publications().submission(number).await.unwrap().state
}

/// The digest of what the checks found.
async fn findings(p: &Platform, number: u64) -> yunlong_model::Digest {
    p.library.publications().submission(number).await.unwrap().checked.unwrap().findings
}

/// `tickets` 1.0.0, checked, as its vendor uploaded it by the form.
async fn submitted() -> Platform {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let cookie = p.console("han-developer").await;
    let uploaded = p.upload("/reviews", &cookie, &package(MANIFEST, &p.key)).await;
    assert_eq!(uploaded.location(), "/reviews/1?published=1");
    p.library.check_waiting().await.unwrap();
    p
}

#[tokio::test]
async fn a_vendor_uploads_by_a_form_and_sees_its_own_with_what_is_next() {
    let p = submitted().await;
    let cookie = p.console("han-developer").await;
    assert_eq!(p.see(CONSOLE, "/", &cookie).await.location(), "/reviews", "where a vendor begins");
    let list = p.see(CONSOLE, "/reviews", &cookie).await.text();
    for said in [
        "我的发布",
        "景区门票",
        "待分配审核人",
        "等待审核员领取",
        "enctype=\"multipart/form-data\"",
        "href=\"/help#reviews\"",
    ] {
        assert!(list.contains(said), "{said}: {list}");
    }
    let other = p.console("other-developer").await;
    let list = p.see(CONSOLE, "/reviews", &other).await.text();
    assert!(list.contains("class=\"empty\"") && !list.contains("景区门票"), "{list}");
    assert_eq!(p.see(CONSOLE, "/reviews/1", &other).await.status, StatusCode::NOT_FOUND);
    for nobody in ["li-hua", "quanshan-admin"] {
        let cookie = p.console(nobody).await;
        assert_eq!(p.see(CONSOLE, "/reviews", &cookie).await.status, StatusCode::FORBIDDEN, "{nobody}");
    }
}

#[test]
fn whatever_may_be_a_vendors_name_is_one_component_of_a_repositorys_and_nothing_else_is() {
    for name in ["v", "yunlong-demo", "3m", "a.b", "a_b", "a__b", "a--b", "", "a-", "-a", "a..b", "a._b", "A", "汉软件"]
    {
        let names = format!("{name}/tickets").parse::<yunlong_oci::RepositoryName>().is_ok();
        assert_eq!(yunlong_model::is_vendor_name(name), names, "{name:?}");
    }
    assert!(!yunlong_model::is_vendor_name("han-software/x"), "that would be in another's");
}

#[tokio::test]
async fn a_vendor_that_no_repository_could_be_named_after_is_refused_beside_its_field() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let cookie = p.console("city-admin").await;
    let pem = yunlong_registry::KeyPair::generate(yunlong_registry::Algorithm::Ed25519).public().to_pem().unwrap();
    for vendor in ["彭城软件", "han-software/x"] {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("vendor", vendor), ("organization", OTHER_VENDOR), ("public_key", &pem)])
            .finish();
        let refused = p.submit("/signers", &cookie, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{vendor}");
        assert!(refused.text().contains("id=\"vendor-error\""), "{vendor}: {}", refused.text());
    }
}

#[tokio::test]
async fn an_upload_that_is_no_package_says_why_above_the_form() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let cookie = p.console("han-developer").await;
    for tar in [&b""[..], b"not a tar", b"<script>alert(1)</script>"] {
        let refused = p.upload("/reviews", &cookie, tar).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = refused.text();
        assert!(
            page.contains("role=\"alert\"") && page.contains("id=\"package\"") && !page.contains("<script>"),
            "{page}"
        );
        assert!(page.contains("不是 tar") || page.contains("请选择一个安装包文件"), "{page}");
        // Each language has its own words, and the other's are not among them.
        for english in ["not a package", "cannot be read", "is missing", "this is no package"] {
            assert!(!page.contains(english), "{english}: {page}");
        }
    }
    // Another vendor's key signed it.
    let other = p.console("other-developer").await;
    let refused = p.upload("/reviews", &other, &package(MANIFEST, &p.key)).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    assert!(refused.text().contains("role=\"alert\""));
    assert!(p.library.publications().submission(1).await.is_err(), "nothing was submitted");
    let citizen = p.console("li-hua").await;
    assert_eq!(p.upload("/reviews", &citizen, &package(MANIFEST, &p.key)).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_reviewer_sees_what_the_binary_can_do_and_decides_after_a_second_look() {
    let p = submitted().await;
    let cookie = p.console("city-reviewer").await;
    assert_eq!(p.see(CONSOLE, "/", &cookie).await.location(), "/reviews", "where a reviewer begins");
    let page = p.see(CONSOLE, "/reviews/1", &cookie).await.text();
    for said in [
        "组件本身",
        "核心模块",
        "wasi:http/incoming-handler@0.2.10",
        "接口与声明",
        "数据",
        "核对优惠票资格",
        "由我审核",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("value=\"approve\""), "nobody decides what they have not taken");
    assert_eq!(p.submit("/reviews/1", &cookie, "step=assign").await.location(), "/reviews/1?done=1");
    let mine = p.see(CONSOLE, "/reviews?mine=true", &cookie).await.text();
    assert!(mine.contains("景区门票") && mine.contains("请您审核并决定"), "{mine}");

    let seen = findings(&p, 1).await;
    let page = p.see(CONSOLE, "/reviews/1", &cookie).await.text();
    assert!(page.contains(&format!("name=\"findings\" value=\"{seen}\"")), "{page}");
    let asked =
        p.submit("/reviews/1", &cookie, &format!("step=approve&remark=%3Cb%3Esound%3C/b%3E&findings={seen}")).await;
    assert_eq!(asked.status, StatusCode::OK);
    let page = asked.text();
    assert!(
        page.contains("确认通过") && page.contains("&lt;b&gt;sound&lt;/b&gt;") && page.contains("name=\"confirmed\""),
        "{page}"
    );
    assert!(page.contains(&format!("name=\"findings\" value=\"{seen}\"")), "{page}");
    assert_eq!(state(&p, 1).await, State::Assigned, "asking decides nothing");
    // The checks run again while the confirmation stands there: it is of findings that nobody has seen now.
    p.clock.advance(60_000);
    p.submit("/reviews/1", &cookie, "step=recheck").await;
    p.library.check_waiting().await.unwrap();
    let confirm = |seen| format!("step=approve&remark=sound&confirmed=true&findings={seen}");
    let stale = p.submit("/reviews/1", &cookie, &confirm(seen)).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.text());
    assert!(stale.text().contains("您查看之后又检查过"), "{}", stale.text());
    assert_eq!(state(&p, 1).await, State::Assigned);
    let done = p.submit("/reviews/1", &cookie, &confirm(findings(&p, 1).await)).await;
    assert_eq!(done.location(), "/reviews/1?done=1");
    assert_eq!(state(&p, 1).await, State::Approved);
    let page = p.see(CONSOLE, "/reviews/1", &cookie).await.text();
    assert!(page.contains("sound") && page.contains("/apps/tickets") && !page.contains("value=\"approve\""), "{page}");
}

#[tokio::test]
async fn rejecting_needs_a_reason_and_what_was_typed_stays() {
    let p = submitted().await;
    let cookie = p.console("city-reviewer").await;
    p.submit("/reviews/1", &cookie, "step=assign").await;
    for step in ["reject", "ask-changes"] {
        let refused = p.submit("/reviews/1", &cookie, &format!("step={step}&remark=")).await;
        assert!(refused.status.is_client_error(), "{step}");
        assert!(refused.text().contains("role=\"alert\""), "{step}: {}", refused.text());
        assert_eq!(state(&p, 1).await, State::Assigned);
    }
    let asked = p.submit("/reviews/1", &cookie, "step=reject&remark=it+asks+for+too+much").await;
    assert!(asked.text().contains("确认驳回") && asked.text().contains("it asks for too much"));
    assert_eq!(state(&p, 1).await, State::Assigned);
    let done = p.submit("/reviews/1", &cookie, "step=reject&remark=it+asks+for+too+much&confirmed=true").await;
    assert_eq!(done.location(), "/reviews/1?done=1");
    let vendor = p.console("han-developer").await;
    let page = p.see(CONSOLE, "/reviews/1", &vendor).await.text();
    assert!(page.contains("it asks for too much") && page.contains("这个版本不能再提交"), "{page}");
}

#[tokio::test]
async fn nobody_decides_about_what_is_not_theirs_and_the_page_says_why() {
    let p = submitted().await;
    let reviewer = p.console("city-reviewer").await;
    p.submit("/reviews/1", &reviewer, "step=assign").await;
    for account in ["han-developer", "city-admin"] {
        let cookie = p.console(account).await;
        let page = p.see(CONSOLE, "/reviews/1", &cookie).await.text();
        assert!(!page.contains("value=\"approve\"") && !page.contains("value=\"reject\""), "{account}: {page}");
        let seen = findings(&p, 1).await;
        for form in
            ["step=approve&remark=x", "step=approve&remark=x&confirmed=true", "step=reject&remark=x&confirmed=true"]
        {
            let refused = p.submit("/reviews/1", &cookie, &format!("{form}&findings={seen}")).await;
            assert!(refused.status.is_client_error(), "{account} {form}: {}", refused.status);
            assert_eq!(state(&p, 1).await, State::Assigned, "{account} {form}");
        }
    }
}

#[tokio::test]
async fn vendor_and_reviewer_talk_and_a_vendor_is_told_what_to_change() {
    let p = submitted().await;
    let (vendor, reviewer) = (p.console("han-developer").await, p.console("city-reviewer").await);
    p.submit("/reviews/1", &reviewer, "step=assign").await;
    p.submit("/reviews/1", &vendor, "step=comment&remark=%3Cscript%3Ealert(1)%3C/script%3E").await;
    let page = p.see(CONSOLE, "/reviews/1", &reviewer).await.text();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    p.submit("/reviews/1", &reviewer, "step=ask-changes&remark=name+the+law").await;
    let page = p.see(CONSOLE, "/reviews/1", &vendor).await.text();
    assert!(page.contains("name the law") && page.contains("以同一版本号重新打包上传"), "{page}");
    assert!(page.contains("enctype=\"multipart/form-data\""), "the form to do it with");
    let changed = MANIFEST.replace("核对优惠票资格", "依《示例条例》核对优惠票资格");
    assert_eq!(p.upload("/reviews", &vendor, &package(&changed, &p.key)).await.location(), "/reviews/2?published=1");
}

#[tokio::test]
async fn an_older_submission_of_a_version_offers_nothing_that_would_be_refused() {
    let p = submitted().await;
    let (vendor, reviewer) = (p.console("han-developer").await, p.console("city-reviewer").await);
    p.submit("/reviews/1", &reviewer, "step=assign").await;
    p.submit("/reviews/1", &reviewer, "step=ask-changes&remark=name+the+law").await;
    // While the first waits for changes, its vendor can take it back; nobody else does anything.
    let before = p.see(CONSOLE, "/reviews/1", &vendor).await.text();
    assert!(before.contains("value=\"withdraw\"") && before.contains("enctype=\"multipart/form-data\""), "{before}");
    let changed = MANIFEST.replace("核对优惠票资格", "依《示例条例》核对优惠票资格");
    assert_eq!(p.upload("/reviews", &vendor, &package(&changed, &p.key)).await.location(), "/reviews/2?published=1");
    p.library.check_waiting().await.unwrap();
    let admin = p.console("city-admin").await;
    for (account, cookie) in [("vendor", &vendor), ("reviewer", &reviewer), ("admin", &admin)] {
        let page = p.see(CONSOLE, "/reviews/1", cookie).await.text();
        assert!(page.contains("href=\"/reviews/2\"") && page.contains("第 2 号"), "{account}: {page}");
        let main = page.split("<main").nth(1).unwrap();
        let offered: Vec<_> = main
            .split("name=\"step\" value=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .filter(|step| *step != "comment")
            .collect();
        assert_eq!(offered, if account == "vendor" { vec!["withdraw"] } else { vec![] }, "{account}: {page}");
        assert!(!main.contains("multipart/form-data"), "{account}: {page}");
    }
    // What the newer one offers is taken.
    let page = p.see(CONSOLE, "/reviews/2", &reviewer).await.text();
    assert!(page.contains("由我审核") && page.contains("重新检查"), "{page}");
    assert_eq!(p.submit("/reviews/2", &reviewer, "step=assign").await.location(), "/reviews/2?done=1");
    assert_eq!(p.submit("/reviews/1", &vendor, "step=withdraw").await.location(), "/reviews/1?done=1");
}

#[tokio::test]
async fn a_page_with_an_upload_may_run_the_script_that_shows_how_far_it_is_and_no_other() {
    let p = submitted().await;
    let vendor = p.console("han-developer").await;
    let page = p.see(CONSOLE, "/reviews", &vendor).await;
    let text = page.text();
    let script = text.split("script src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let csp = page.header("content-security-policy");
    assert!(csp.contains(&format!("script-src http://console.localhost:8080{script}; connect-src 'self'; ")), "{csp}");
    for said in ["data-upload", "<progress", "正在上传", "正在核对签名和内容"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let file = p.get(CONSOLE, &script).await;
    assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, "text/javascript; charset=utf-8"));
    // Who uploads nothing runs nothing.
    let reviewer = p.console("city-reviewer").await;
    let page = p.see(CONSOLE, "/reviews", &reviewer).await;
    assert!(!page.text().contains("script src=") && !page.header("content-security-policy").contains("script-src"));
}
