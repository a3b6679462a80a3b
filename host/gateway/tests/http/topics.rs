//! The catalogue of messages: for everybody, without signing in.

use crate::platform::*;
use http::StatusCode;
use serde_json::json;
use yunlong_model::Manifest;

const CARRIER: &str = r#"
    name = "carrier"
    version = "1.0.0"
    vendor = "han-software"
    title = { zh = "城市货运", en = "City freight" }
    description = { zh = "运单", en = "Waybills" }
    [[publishes]]
    name = "waybill.changed"
    description = { zh = "运单到了下一步", en = "A waybill has reached its next step" }
    audience = "city"
    [publishes.schema]
    type = "object"
    required = ["waybill"]
    [publishes.schema.properties]
    waybill = { type = "string", description = "运单号 · The waybill's number" }
    state = { enum = ["loaded", "lost"] }
    [[publishes]]
    name = "night.sweep"
    [[publishes]]
    name = "fleet.moved"
    audience = "city"
    [[consumes]]
    topic = "night.sweep"
    [assets]
    dir = "assets"
"#;

const SHOP: &str = r#"
    name = "shop"
    version = "1.0.0"
    vendor = "han-software"
    title = { zh = "乡村商店", en = "Village shop" }
    description = { zh = "订单", en = "Orders" }
    [[consumes]]
    topic = "waybill.changed"
    from = "carrier"
    [assets]
    dir = "assets"
"#;

async fn city() -> Platform {
    let p = Platform::start().await;
    for (manifest, name) in [(CARRIER, "carrier"), (SHOP, "shop")] {
        let published = p.publish(package(manifest, &p.key)).await;
        p.install_package(published.digest, name).await;
    }
    p
}

async fn named(p: &Platform, path: &str) -> Vec<String> {
    let found = p.get(PORTAL, path).await;
    assert_eq!(found.status, StatusCode::OK, "{path}: {}", found.text());
    found.json()["topics"].as_array().unwrap().iter().map(|t| t["topic"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn everybody_sees_what_the_platform_and_the_apps_tell_others_and_who_receives_it() {
    let p = city().await;
    assert_eq!(
        named(&p, "/api/v1/topics").await,
        ["city.hub.changed", "city.hub.job", "city.payments", "waybill.changed", "fleet.moved"],
        "an app's messages to itself are nobody else's"
    );
    let one = p.get(PORTAL, "/api/v1/topics/carrier/waybill.changed").await.json();
    assert_eq!(one["receivers"], json!(["shop"]));
    assert_eq!(one["source"], "/installations/carrier");
    assert_eq!(one["schema"]["properties"]["state"]["enum"], json!(["loaded", "lost"]));
    assert_eq!((&one["app"]["app"], &one["app"]["organization"]["code"]), (&json!("carrier"), &json!("320300")));
    let payments = p.get(PORTAL, "/api/v1/topics/platform/city.payments").await.json();
    assert_eq!((&payments["source"], &payments["app"]), (&json!("/platform/payments"), &json!(null)));
    assert!(payments["schema"]["properties"]["outcome"]["enum"].as_array().unwrap().contains(&json!("captured")));

    let page = p.get(PORTAL, "/topics").await.text();
    for said in [
        "运单到了下一步",
        "城市货运",
        "接收：乡村商店 (shop)",
        "href=\"/topics/carrier/waybill.changed\"",
        "href=\"/help#messages\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = p.get(PORTAL, "/topics/carrier/waybill.changed").await.text();
    for said in [
        "运单号",
        "&quot;loaded&quot; | &quot;lost&quot;",
        "topic = &quot;waybill.changed&quot;",
        "from = &quot;carrier&quot;",
        "JSON Schema",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = p.get(PORTAL, "/topics/carrier/fleet.moved").await.text();
    assert!(page.contains("开发商没有写说明") && page.contains("可以是任何 JSON"), "{page}");
    assert!(p.get(PORTAL, "/apps").await.text().contains("href=\"/topics\""), "the catalogue of apps leads there");
    assert!(p.get(PORTAL, "/help").await.text().contains("id=\"messages\""), "and there is help");
}

#[tokio::test]
async fn a_topic_that_its_department_takes_back_is_offered_no_longer() {
    let p = city().await;
    let cookie = p.console("city-admin").await;
    let form = "capability=publish:waybill.changed&granted=false";
    assert_eq!(p.submit("/apps/carrier/grants", &cookie, form).await.status, StatusCode::SEE_OTHER);
    assert!(!named(&p, "/api/v1/topics").await.contains(&"waybill.changed".to_owned()));
    assert_eq!(p.get(PORTAL, "/api/v1/topics/carrier/waybill.changed").await.status, StatusCode::NOT_FOUND);
    let form = "capability=publish:waybill.changed&granted=true";
    assert_eq!(p.submit("/apps/carrier/grants", &cookie, form).await.status, StatusCode::SEE_OTHER);
    let form = "capability=consume:waybill.changed@carrier&granted=false";
    assert_eq!(p.submit("/apps/shop/grants", &cookie, form).await.status, StatusCode::SEE_OTHER);
    let one = p.get(PORTAL, "/api/v1/topics/carrier/waybill.changed").await.json();
    assert_eq!(one["receivers"], json!([]), "who may not receive it is not told as one who does");
}

#[tokio::test]
async fn topics_are_found_by_words_and_what_is_none_is_told() {
    let p = city().await;
    assert_eq!(named(&p, "/api/v1/topics?q=%E8%BF%90%E5%8D%95").await, ["waybill.changed"], "Chinese");
    assert_eq!(named(&p, "/api/v1/topics?q=WAYBILL").await, ["waybill.changed"], "in any case");
    assert_eq!(named(&p, "/api/v1/topics?q=freight").await, ["waybill.changed", "fleet.moved"], "by the app");
    assert_eq!(named(&p, "/api/v1/topics?page=2").await, [] as [&str; 0]);
    let none = p.get(PORTAL, "/topics?q=%3Cscript%3E").await.text();
    assert!(
        none.contains("class=\"empty\"") && none.contains("&lt;script&gt;") && !none.contains("<script>"),
        "{none}"
    );
    for wrong in ["/topics?page=0", "/topics?page=x", "/api/v1/topics?page=9999"] {
        assert_eq!(p.get(PORTAL, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    for missing in [
        "/topics/carrier/night.sweep",
        "/topics/nobody/waybill.changed",
        "/topics/platform/waybill.changed",
        "/topics/%3Cscript%3E/x",
    ] {
        let page = p.get(PORTAL, missing).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{missing}");
        assert!(page.text().contains("没有向其他应用开放的消息") && !page.text().contains("<script>"), "{missing}");
    }
}

/// The apps of this repository: whoever would work with them finds every word there.
#[test]
fn the_citys_own_apps_describe_every_message_that_they_tell_others_and_every_field_of_it() {
    let mut told = 0;
    for text in [
        include_str!("../../../../plugins/tourism-ticketing/app.toml"),
        include_str!("../../../../plugins/logistics-finance/app.toml"),
        include_str!("../../../../plugins/rural-ecommerce/app.toml"),
        include_str!("../../../../plugins/education-resources/app.toml"),
    ] {
        let manifest = Manifest::parse(text).unwrap();
        for topic in manifest.publishes.iter().filter(|t| t.audience == yunlong_model::manifest::Audience::City) {
            let schema = topic.schema.as_ref().unwrap_or_else(|| panic!("{} has no schema", topic.name));
            assert!(topic.description.is_some(), "{}", topic.name);
            for (field, property) in schema["properties"].as_object().unwrap() {
                assert!(property["description"].is_string(), "{} {field}", topic.name);
            }
            told += 1;
        }
    }
    assert_eq!(told, 11);
}
