//! The catalogue of apps, for everybody: what the city's departments can install, who made and who reviewed it,
//! what it can see, and where it is installed.

use super::Names;
use crate::body::Query;
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::listing;
use crate::operations::OperationError;
use crate::view::View;
use axum::extract::Path;
use maud::{Markup, html};
use std::sync::Arc;
use yunlong_installations::{Installation, Status as Running};
use yunlong_model::{AppName, Digest, Manifest};
use yunlong_publications::checks::Permission;
use yunlong_publications::{CataloguePage, Listed, Search, Status, Version};
use yunlong_registry::listing::Listing;
use yunlong_registry::{Area, Category, KeyId};

const PATH: &str = "/apps";
/// Apps of one page.
const PAGE: usize = 20;
/// Pages that are counted: nobody turns more.
const MAX_PAGES: usize = 1_000;

/// What somebody looks for, as it stands in the address.
pub(crate) struct Wanted {
    pub(crate) text: String,
    pub(crate) area: Option<Area>,
    pub(crate) category: Option<Category>,
    pub(crate) page: usize,
}

impl Wanted {
    /// Reads it; what is none of ours is told, and not looked over.
    pub(crate) fn read(query: &Query) -> Outcome<Self> {
        let Query(query) = query;
        let wrong = |field: &str| Failure::new(kinds::INVALID).field(field, "没有这个值", "There is no such value");
        let area = match query.text("area") {
            "" => None,
            slug => Some(Area::find(slug).ok_or_else(|| wrong("area"))?),
        };
        let category = match query.text("category") {
            "" => None,
            slug => Some(slug.parse().map_err(|_| wrong("category"))?),
        };
        let page = match query.text("page") {
            "" => 1,
            n => n.parse().ok().filter(|n| (1..=MAX_PAGES).contains(n)).ok_or_else(|| wrong("page"))?,
        };
        Ok(Self { text: query.text("q").chars().take(100).collect(), area, category, page })
    }

    fn search(&self) -> Search {
        Search {
            text: self.text.clone(),
            area: self.area,
            category: self.category,
            vendor: None,
            from: (self.page - 1) * PAGE,
            limit: PAGE,
        }
    }

    fn address(&self, area: Option<Area>, category: Option<Category>, page: usize) -> String {
        let mut parts = Vec::new();
        if !self.text.is_empty() {
            parts.push(format!("q={}", crate::encode(&self.text)));
        }
        parts.extend(area.map(|a| format!("area={}", a.slug())));
        parts.extend(category.map(|c| format!("category={c}")));
        if page > 1 {
            parts.push(format!("page={page}"));
        }
        if parts.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", parts.join("&")) }
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.area.is_none() && self.category.is_none()
    }
}

/// A page of the catalogue.
pub(crate) async fn find(view: &View, wanted: &Wanted) -> Outcome<CataloguePage> {
    let publications = view.gateway.services.library.publications();
    Ok(publications.catalogue(&wanted.search()).await.map_err(OperationError::from)?)
}

pub(super) async fn page(view: View, query: Query) -> Outcome {
    let wanted = Wanted::read(&query)?;
    let found = find(&view, &wanted).await?;
    let codes = found.apps.iter().flat_map(|a| [a.organization.as_str(), a.reviewer_organization.as_str()]);
    let names = Names::of(&view, &codes.collect::<Vec<_>>()).await?;
    let title = view.t("应用目录", "Catalogue of apps");
    let zh = view.lang() == yunlong_model::Lang::Zh;
    let content = html! {
        h1 { (title) }
        p { (view.t("本市各部门可以安装的应用。每个版本都由平台检查、由开发商以外的单位审核；谁开发、谁审核、能看到您的哪些信息，这里都写明。", "The apps that the city’s departments can install. Each version is checked by the platform and reviewed outside of its vendor; who made it, who reviewed it and what it can see of you stands here.")) }
        form.search role="search" method="get" action=(PATH) {
            label.visually-hidden for="q" { (view.t("搜索应用", "Search apps")) }
            input #q type="search" name="q" value=(wanted.text) maxlength="100" placeholder=(view.t("应用、用途或开发商", "App, purpose or vendor"));
            @if let Some(area) = wanted.area { input type="hidden" name="area" value=(area.slug()); }
            @if let Some(category) = wanted.category { input type="hidden" name="category" value=(category); }
            button { (view.t("搜索", "Search")) }
        }
        (categories(&view, &wanted, &found))
        p role="status" {
            @if zh { "共 " (found.total) " 个应用。" } @else { (found.total) " found. " }
            @if !wanted.is_empty() { a href=(PATH) { (view.t("显示全部", "Show all")) } }
        }
        @if found.apps.is_empty() {
            @if wanted.is_empty() && found.total == 0 {
                (empty(view.t("还没有通过审核的应用。开发商发布、审核通过后，会出现在这里。", "No app has been approved yet. What vendors publish appears here once it was reviewed."), Some(("/help#apps", view.t("关于应用目录", "About the catalogue")))))
            } @else {
                (empty(view.t("没有符合的应用。请换一个词，或选择其他分类。", "Nothing matches. Try another word or another category."), Some((PATH, view.t("全部应用", "All apps")))))
            }
        } @else {
            ul.grid-wide { @for app in &found.apps { li { (card(&view, app, &names)) } } }
            (pager(&view, &wanted, found.total))
        }
        p { a href="/topics" { (view.t("消息目录：应用之间怎样协作", "Catalogue of messages: how apps work together")) } }
        p { a href="/help#apps" { (view.t("关于应用目录", "About the catalogue")) } }
    };
    super::page(&view, &Page::new(title, PATH), content).await
}

/// The city's three centres, its hub and its safeguards, with the categories that hold something.
fn categories(view: &View, wanted: &Wanted, found: &CataloguePage) -> Markup {
    let lang = view.lang();
    let count = |area: Area| -> usize { area.categories().filter_map(|c| found.categories.get(&c)).sum() };
    let chosen = wanted.area.or(wanted.category.map(Category::area));
    html! {
        nav.categories aria-label=(view.t("分类", "Categories")) {
            ul {
                li { a href=(wanted.address(None, None, 1)) aria-current=[chosen.is_none().then_some("true")] { (view.t("全部", "All")) } }
                @for area in Area::ALL { li {
                    a href=(wanted.address(Some(area), None, 1)) aria-current=[(chosen == Some(area) && wanted.category.is_none()).then_some("true")] { (area.title().get(lang)) " " span.muted { (count(area)) } }
                } }
            }
            @if let Some(area) = chosen {
                ul aria-label=(area.title().get(lang)) {
                    @for (category, n) in area.categories().filter_map(|c| Some((c, found.categories.get(&c)?))) { li {
                        a href=(wanted.address(None, Some(category), 1)) aria-current=[(wanted.category == Some(category)).then_some("true")] { (category.title().get(lang)) " " span.muted { (n) } }
                    } }
                }
            }
        }
    }
}

fn card(view: &View, app: &Listed, names: &Names) -> Markup {
    let lang = view.lang();
    let title = app.title.get(lang);
    let icon: String = title.chars().next().into_iter().flat_map(char::to_uppercase).collect();
    let people: Vec<&Permission> = app.permissions.iter().filter(|p| listing::is_about_people(&p.id)).collect();
    html! {
        div.card.service {
            span.service-icon aria-hidden="true" { (icon) }
            h2 { a href={ (PATH) "/" (app.app) } { (title) } }
            p { (app.description.get(lang)) }
            div.more {
                @if people.is_empty() { p { (view.t("不读取个人信息", "It reads no personal data")) } }
                @else {
                    p { strong { (view.t("能看到的个人信息：", "Personal data that it can see:")) } }
                    (listing_short(view, &people))
                }
                p.muted {
                    @if let Some(c) = app.category { (c.title().get(lang)) " · " }
                    (view.t("开发：", "Made by ")) (names.get(&app.organization)) " · "
                    (view.t("审核：", "reviewed by ")) (names.get(&app.reviewer_organization)) " · " (app.version)
                }
            }
        }
    }
}

/// The first few; the app's page has them all.
fn listing_short(view: &View, people: &[&Permission]) -> Markup {
    const SHOWN: usize = 3;
    html! {
        ul {
            @for p in people.iter().take(SHOWN) { li { (p.text.get(view.lang())) } }
            @if people.len() > SHOWN { li { (view.t("还有 ", "and ")) (people.len() - SHOWN) (view.t(" 项", " more")) } }
        }
    }
}

fn pager(view: &View, wanted: &Wanted, total: usize) -> Markup {
    let pages = total.div_ceil(PAGE).min(MAX_PAGES);
    let at = |page| wanted.address(wanted.area, wanted.category, page);
    html! {
        @if pages > 1 {
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                @if wanted.page > 1 { a href=(at(wanted.page - 1)) rel="prev" { (view.t("上一页", "Previous")) } }
                span { (wanted.page) " / " (pages) }
                @if wanted.page < pages { a href=(at(wanted.page + 1)) rel="next" { (view.t("下一页", "Next")) } }
            }
        }
    }
}

/// An app as everybody may see it: its versions that were ever approved, the newest first.
pub(crate) struct Shown {
    pub(crate) app: AppName,
    pub(crate) versions: Vec<Version>,
    /// The one that the page is about: the newest that may be installed; of those that may not any more, the newest.
    pub(crate) version: Version,
    pub(crate) vendor: String,
    pub(crate) organization: String,
    pub(crate) manifest: Manifest,
    pub(crate) listing: Option<Listing>,
}

impl Shown {
    /// What stands of an app. One of which nothing was ever approved is not there for everybody.
    pub(crate) async fn of(view: &View, name: &str) -> Outcome<Self> {
        let none = || {
            let shown: String = name.chars().take(60).collect();
            Failure::not_found().because(
                format!("目录里没有应用“{shown}”。它可能还在审核中。"),
                format!("There is no app `{shown}` in the catalogue. It may still be under review."),
            )
        };
        let app: AppName = name.parse().map_err(|_| none())?;
        let publications = view.gateway.services.library.publications();
        let mut versions = publications.versions(&app).await.map_err(OperationError::from)?;
        versions.retain(|v| v.approval.is_some());
        let offered = versions.iter().find(|v| v.status == Status::Approved);
        let version = offered.or(versions.first()).cloned().ok_or_else(none)?;
        let release = publications.release(&version.digest).await.map_err(OperationError::from)?;
        let summary = publications.summary(&version.digest).await.map_err(OperationError::from)?;
        Ok(Self {
            app,
            versions,
            version,
            vendor: release.vendor,
            organization: release.organization,
            manifest: summary.manifest,
            listing: summary.listing,
        })
    }

    /// Whether it may be installed.
    pub(crate) fn is_offered(&self) -> bool {
        self.version.status == Status::Approved
    }

    /// Where it is installed and serves.
    pub(crate) fn installed(&self, view: &View) -> Vec<Arc<Installation>> {
        let all = view.gateway.services.installations.list();
        all.into_iter().filter(|i| i.app == self.app && i.status == Running::Running).collect()
    }
}

pub(super) async fn app(view: View, Path(name): Path<String>) -> Outcome {
    let shown = Shown::of(&view, &name).await?;
    let mut codes: Vec<&str> = listing::reviewers(&shown.versions).collect();
    codes.push(&shown.organization);
    let names = Names::of(&view, &codes).await?;
    let (m, lang) = (&shown.manifest, view.lang());
    let title = m.title.get(lang);
    let installed = shown.installed(&view);
    let offered = shown.version.approval.as_ref();
    let versions = view.t("版本", "Versions");
    let content = html! {
        p { a href=(PATH) { "← " (view.t("应用目录", "Catalogue of apps")) } }
        h1 { (title) " " (listing::standing(&view, shown.version.status)) }
        @if !shown.is_offered() { (notice("warn", view.t("目前没有可以安装的版本，原因见下方的版本列表。", "No version of it may be installed at present; the list of versions says why."))) }
        p { (m.description.get(lang)) }
        section.card aria-labelledby="open" {
            h2 #open { (view.t("使用", "Use it")) }
            @if installed.is_empty() { p.muted { (view.t("还没有部门开通这项服务。", "No department has opened it as a service yet.")) } }
            @else { ul { @for i in &installed { li { a.target href=(super::home::address(&view, i)) { (view.t("打开：", "Open: ")) (i.organization_name) " · " (i.name) } } } } }
        }
        section.card aria-labelledby="sees" {
            h2 #sees { (view.t("权限", "What it may do")) }
            p.muted { (view.t("部门批准后才有；涉及您的个人信息时，还要另外征得您同意或者有法律依据。", "Only once a department has approved it; where it is about your personal data, with your consent or a ground in law besides.")) }
            (listing::permissions(&view, &Permission::all(m)))
        }
        @if let Some(l) = &shown.listing { (listing::screenshots(&view, &shown.version.digest, &l.screenshots)) }
        @if let Some(a) = offered { (listing::remark(&view, a, &names)) }
        (facts(&view, &shown, &names))
        h2 { (versions) }
        (listing::versions(&view, &shown.versions, &names, versions, (view.t("证明", "Proof"), |v: &Version| proof_link(&view, v))))
        p { a href="/help#apps" { (view.t("关于应用目录", "About the catalogue")) } }
    };
    super::page(&view, &Page::new(title, PATH), content).await
}

fn facts(view: &View, shown: &Shown, names: &Names) -> Markup {
    let v = &shown.version;
    html! {
        h2 { (view.t("谁开发、谁审核", "Who made it, who reviewed it")) }
        section.card {
            dl.facts {
                dt { (view.t("开发商", "Vendor")) } dd { (names.get(&shown.organization)) " (" (shown.vendor) ")" }
                @if let Some(a) = &v.approval { dt { (view.t("审核", "Reviewed by")) } dd { (listing::reviewed(view, a, names)) } }
                @if let Some(l) = &shown.listing { dt { (view.t("分类", "Category")) } dd {
                    a href={ (PATH) "?category=" (l.category) } { (l.category.area().title().get(view.lang())) " · " (l.category.title().get(view.lang())) }
                } }
                dt { (view.t("版本", "Version")) } dd { (shown.app) " " (v.version) " · " span.when { (v.at.to_shanghai()) } }
                dt { (view.t("签名密钥", "Signed with")) } dd { (key(&v.key)) }
                dt { (view.t("安装包摘要", "Package")) } dd { (digest(&v.digest)) }
            }
            p {
                (proof_link(view, v)) " "
                (view.t("不愿只听平台的：下载证明，用独立程序检查这个摘要确已发布、通过审核、未下架：", "If the platform’s word is not enough: download the proof, and have the independent program check that this digest was published, approved and not yanked: "))
                code.digest { "yunlong-verify publication --digest " (v.digest) " --key " (view.t("日志公钥", "LOG-KEY")) " " (proof_file(v)) }
                (view.t("。日志公钥见", ". The log’s key is at ")) a href="/audit/key" { "/audit/key" } (view.t("。", "."))
            }
        }
    }
}

fn key(id: &KeyId) -> Markup {
    html! { code.digest { (id) } }
}

fn digest(digest: &Digest) -> Markup {
    html! { code.digest { (digest) } }
}

fn proof_file(v: &Version) -> String {
    format!("proof-{}.json", v.version)
}

fn proof_link(view: &View, v: &Version) -> Markup {
    html! { a.target href={ "/api/v1/packages/" (v.digest) "/proof" } download=(proof_file(v)) { (view.t("下载证明", "Download the proof")) span.visually-hidden { " " (v.version) } } }
}
