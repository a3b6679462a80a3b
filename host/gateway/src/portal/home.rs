//! The list of services.

use crate::body::Query;
use crate::city;
use crate::failure::Outcome;
use crate::layout::{Page, empty};
use crate::origins::Site;
use crate::view::View;
use maud::{Markup, html};
use std::sync::Arc;
use yunlong_installations::{Installation, Status};

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let wanted = query.text("q");
    let all = view.gateway.services.installations.list();
    let shown: Vec<_> = all.iter().filter(|i| matches(i, wanted)).collect();
    let content = html! {
        h1 { (view.t("城市服务", "City services")) }
        form.search role="search" method="get" action="/" {
            label.visually-hidden for="q" { (view.t("搜索服务", "Search services")) }
            input #q type="search" name="q" value=(wanted) maxlength="100" placeholder=(view.t("服务或部门名称", "Service or department"));
            button { (view.t("搜索", "Search")) }
        }
        @if !wanted.is_empty() {
            p role="status" {
                @if view.lang() == yunlong_model::Lang::Zh { "找到 " (shown.len()) " 项服务。" } @else { (shown.len()) " found. " }
                a href="/" { (view.t("显示全部", "Show all")) }
            }
        }
        @if all.is_empty() {
            (empty(view.t("还没有部门开通服务。部门管理员可在控制台安装应用。", "No department has opened a service yet. Administrators install apps at the console."),
                Some((view.gateway.origins.console(), view.t("前往控制台", "To the console")))))
        } @else if shown.is_empty() {
            (empty(view.t("没有符合的服务。请换一个词再试。", "Nothing matches. Try another word."), Some(("/", view.t("全部服务", "All services")))))
        } @else {
            ul.grid-wide { @for i in shown { li { (card(&view, i)) } } }
        }
        p { a.target href="/apps" { (view.t("应用目录：本市有哪些应用，谁开发、谁审核、能看到什么", "Catalogue of apps: who made and reviewed each, and what it can see")) } }
        p.muted {
            (view.t("不知道怎么用？", "Not sure how to begin? "))
            a href="/help" { (view.t("查看帮助", "Read the help")) }
        }
    };
    super::page(&view, &Page::new(view.t("城市服务", "City services"), "/"), content).await
}

fn card(view: &View, i: &Arc<Installation>) -> Markup {
    let title = i.manifest.title.get(view.lang());
    let icon: String = title.chars().next().into_iter().flat_map(char::to_uppercase).collect();
    html! {
        div.card.service {
            span.service-icon aria-hidden="true" { (icon) }
            h2 { a href=(address(view, i)) { (title) } }
            p { (i.manifest.description.get(view.lang())) }
            p.muted {
                (i.organization_name)
                @if i.status == Status::Recalled { " " span.badge.badge-bad { (view.t("版本已召回，暂停服务", "Version recalled: stopped")) } }
                @else if i.status != Status::Running { " " span.badge.badge-warn { (view.t("暂停服务", "Paused")) } }
            }
        }
    }
}

/// Where a service's link leads: somebody who is signed in arrives signed in.
pub(super) fn address(view: &View, i: &Installation) -> String {
    let site = Site::App(i.name.clone());
    if view.session.is_some() {
        city::start_address(&view.gateway, &site, "/")
    } else {
        city::open_address(view, &site)
    }
}

fn matches(i: &Installation, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let m = &i.manifest;
    wanted.is_empty()
        || [&m.title.zh, &m.title.en, &m.description.zh, &m.description.en, &i.organization_name]
            .iter()
            .any(|t| t.to_lowercase().contains(&wanted))
        || i.name.as_str().contains(&wanted)
}
