//! What everybody sees.

use crate::*;
use yunlong_publications::Search;
use yunlong_registry::trust::Reason;
use yunlong_registry::{Area, Category};

fn listing(category: &str) -> Option<String> {
    Some(format!(
        "category = \"{category}\"\nchanges = {{ zh = \"新增退票\", en = \"Adds refunds\" }}\n[[screenshots]]\nfile = \"shot.png\"\ncaption = {{ zh = \"首页\", en = \"The first page\" }}"
    ))
}

async fn stocked() -> City {
    let city = City::new().await;
    for (name, title, category) in [
        ("tickets", ("景区电子联票", "Joint tickets"), "tourism"),
        ("coach", ("旅游集散中心班车", "Coaches"), "tourism"),
        ("rural-shop", ("农村电商", "Rural shop"), "rural-e-commerce"),
        ("health-card", ("居民健康卡", "Health card"), "health"),
    ] {
        let mut app = App::new(name, "1.0.0");
        app.title = title;
        app.listing = listing(category);
        app.more = "[assets]\ndir = \"assets\"".into();
        city.approved(&app.signed(&city.key)).await;
    }
    city
}

async fn names(city: &City, search: Search) -> Vec<String> {
    let page = city.registry.catalogue(&Search { limit: 10, ..search }).await.unwrap();
    page.apps.iter().map(|a| a.app.to_string()).collect()
}

fn text(text: &str) -> Search {
    Search { text: text.into(), ..Search::default() }
}

#[tokio::test]
async fn apps_are_found_by_words_in_both_languages_and_by_category() {
    let city = stocked().await;
    assert_eq!(names(&city, Search::default()).await, ["coach", "health-card", "rural-shop", "tickets"]);
    assert_eq!(names(&city, text("联票")).await, ["tickets"]);
    assert_eq!(names(&city, text("电子联票")).await, ["tickets"]);
    assert_eq!(names(&city, text("JOINT")).await, ["tickets"]);
    assert_eq!(names(&city, text("集散中心班车")).await, ["coach"]);
    assert_eq!(names(&city, text("医疗")).await, ["health-card"], "by its category's name");
    assert_eq!(names(&city, text("产业")).await.len(), 3, "by its area's name");
    assert_eq!(names(&city, text("tongshan")).await.len(), 4, "by its vendor");
    assert_eq!(names(&city, text("不存在")).await, [] as [&str; 0]);
    let industry = Search { area: Some(Area::Industry), ..Search::default() };
    assert_eq!(names(&city, industry).await, ["coach", "rural-shop", "tickets"]);
    let tourism: Category = "tourism".parse().unwrap();
    assert_eq!(names(&city, Search { category: Some(tourism), ..text("班车") }).await, ["coach"]);
    assert_eq!(names(&city, Search { vendor: Some("suining".into()), ..Search::default() }).await, [] as [&str; 0]);
    let page = city.registry.catalogue(&Search { limit: 1, from: 1, ..Search::default() }).await.unwrap();
    assert_eq!((page.total, page.apps[0].app.as_str(), page.categories[&tourism]), (4, "health-card", 2));
}

#[tokio::test]
async fn an_app_is_shown_with_who_made_and_who_reviewed_it_and_what_it_can_see() {
    let city = stocked().await;
    let app = city.registry.listed(&"tickets".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((app.vendor.as_str(), app.organization.as_str()), ("tongshan", VENDOR));
    assert_eq!(
        (app.reviewer.as_str(), app.reviewer_organization.as_str(), app.remark.as_str()),
        ("reviewer", CITY, "可以上架")
    );
    assert_eq!(app.permissions.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["identity"]);
    assert_eq!((app.changes.unwrap().zh.as_str(), app.screenshots[0].file.as_str()), ("新增退票", "shot.png"));
}

#[tokio::test]
async fn the_catalogue_follows_yanks_and_keys() {
    let city = stocked().await;
    let mut app = App::new("tickets", "1.1.0");
    app.listing = listing("tourism");
    app.more = "[assets]\ndir = \"assets\"".into();
    let newer = app.signed(&city.key);
    city.approved(&newer).await;
    let shown =
        async || city.registry.listed(&"tickets".parse().unwrap()).await.unwrap().map(|l| l.version.to_string());
    assert_eq!(shown().await.as_deref(), Some("1.1.0"));
    city.registry.yank(&newer.digest, "票价算错", false, "author").await.unwrap();
    assert_eq!(shown().await.as_deref(), Some("1.0.0"), "the one before takes its place");
    city.clock.advance(1_000);
    city.registry.revoke(&city.key.public().id(), Reason::Compromised, "失窃", "governor").await.unwrap();
    assert_eq!(shown().await, None, "what is in doubt is not offered");
    assert_eq!(names(&city, Search::default()).await, [] as [&str; 0]);
    let versions = city.registry.versions(&"tickets".parse().unwrap()).await.unwrap();
    let states: Vec<_> = versions.iter().map(|v| (v.version.to_string(), v.status.to_string())).collect();
    assert_eq!(states, [("1.1.0".into(), "yanked".to_owned()), ("1.0.0".into(), "in-doubt".into())]);
    city.registry.keep(&versions[1].digest, "早于失窃", "governor").await.unwrap();
    assert_eq!(shown().await.as_deref(), Some("1.0.0"));
}
