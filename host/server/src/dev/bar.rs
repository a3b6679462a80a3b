//! The bar on the app's pages: who I am, how I want pages, which build this is, and the way to what lies behind.

use super::bench::Bench;
use super::error::DevError;
use super::layer::PREFIX;
use super::pages;
use super::who::everybody;
use http::HeaderMap;
use maud::{Markup, html};
use std::sync::Arc;
use yunlong_gateway::Visit;
use yunlong_model::Lang;

/// The bar as text to stand behind a page. `loads_again`: whether the page may be asked for again by itself; `back`:
/// the page.
pub(super) async fn render(
    bench: &Arc<Bench>,
    headers: &HeaderMap,
    loads_again: bool,
    back: &str,
) -> Result<String, DevError> {
    let visit = bench.city.gateway.visit(&bench.name, headers).await.map_err(DevError::city)?;
    let back = if loads_again { back } else { "/" };
    Ok(bar(bench, &visit, loads_again, back).await?.into_string())
}

/// The bar for a visit.
pub(super) async fn bar(bench: &Arc<Bench>, visit: &Visit, loads_again: bool, back: &str) -> Result<Markup, DevError> {
    let lang = visit.presentation.lang;
    let standing = bench.standing.borrow().clone();
    let account = visit.session.as_ref().map(|s| s.account.as_str());
    let installation = bench.city.installations.get(&bench.name);
    let version = installation.as_ref().map_or_else(String::new, |i| i.version.to_string());
    let roles: Vec<(String, String)> = installation
        .iter()
        .flat_map(|i| i.manifest.roles.iter().map(|r| (r.name.clone(), r.title.get(lang).to_owned())))
        .collect();
    let has = match account {
        Some(account) => bench.city.identity.roles(&bench.name, account).await.map_err(DevError::city)?,
        None => Vec::new(),
    };
    let t = |zh: &'static str, en: &'static str| lang.pick(zh, en);
    let failure = standing.failure(lang);
    let everybody = everybody();
    let me = everybody.iter().find(|s| Some(s.account.as_str()) == account);
    let official = me.is_some_and(|s| s.official);
    Ok(html! {
        link rel="stylesheet" href={ (PREFIX) "bar.css" };
        aside #yunlong-dev lang=(lang.tag()) aria-label=(t("开发栏", "Development bar"))
            data-number=(standing.number) data-again=(if loads_again { "yes" } else { "no" }) {
            details open[failure.is_some()] {
                summary {
                    (t("云龙开发", "Yunlong dev")) " · " (bench.name) " " (version) " · "
                    (t("我是", "I am ")) (me.map_or_else(|| t("访客", "nobody").to_owned(), |s| format!("{} ({})", s.name, s.account)))
                    " · "
                    @if failure.is_some() { (t("构建失败", "the build failed")) } @else { (t("构建正常", "built")) }
                    " " (pages::moment(standing.at))
                }
                @if let Some(failure) = failure {
                    pre role="status" tabindex="0" { (failure) }
                    p { (t("原来的版本继续服务。", "The version before serves on.")) }
                }
                div.row {
                    form method="post" action={ (PREFIX) "who" } {
                        input type="hidden" name="return" value=(back);
                        label for="yunlong-dev-who" { (t("我是", "I am")) }
                        select #yunlong-dev-who name="account" {
                            option value="" selected[me.is_none()] { (t("访客（未登录）", "nobody (signed out)")) }
                            @for s in &everybody {
                                option value=(s.account) selected[Some(s.account.as_str()) == account] {
                                    (s.name) " · " (s.account)
                                    @if s.official { " · " (t("工作人员", "official")) }
                                }
                            }
                        }
                        @if !roles.is_empty() {
                            fieldset {
                                legend { (t("工作人员的角色", "roles as an official")) }
                                @for (name, title) in &roles {
                                    label {
                                        input type="checkbox" name="role" value=(name)
                                            checked[if official { has.contains(name) } else { true }];
                                        " " (title)
                                    }
                                }
                            }
                        }
                        button type="submit" { (t("切换", "Switch")) }
                    }
                }
                div.row {
                    (preference(back, "lang", if lang == Lang::Zh { "en" } else { "zh" }, if lang == Lang::Zh { "English" } else { "中文" }))
                    (preference(back, "elder", if visit.presentation.elder { "false" } else { "true" },
                        if visit.presentation.elder { t("标准版", "Standard mode") } else { t("长辈版", "Elder mode") }))
                    a href=(back) { (t("重新加载", "Load again")) }
                }
                (pages::links(lang))
            }
            p role="status" hidden data-changed="" {
                (t("应用已更新。", "The app has changed. ")) a href=(back) { (t("重新打开本页", "Open this page again")) }
            }
        }
        script src={ (PREFIX) "bar.js" } defer {}
    })
}

fn preference(back: &str, name: &str, value: &str, label: &str) -> Markup {
    html! {
        form method="post" action="/_city/preferences" {
            input type="hidden" name="return" value=(back);
            button type="submit" name=(name) value=(value) { (label) }
        }
    }
}
