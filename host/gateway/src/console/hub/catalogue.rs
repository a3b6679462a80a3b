//! The catalogue: searching it, and an entry with the items of the national guide.

use super::{NAV, Typed, tabs};
use crate::body::{Fields, Query};
use crate::failure::{Failure, Outcome};
use crate::forms::{Choice, Input, refused};
use crate::layout::{Page, empty, notice};
use crate::portal::Names;
use crate::view::{View, json};
use crate::words;
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use yunlong_hub::{
    Actor, CatalogueEntry, CatalogueFilter, Category, Class, Dataset, Item, Publication, Sharing, guide_entry,
};
use yunlong_identity::PlatformRole;

pub(super) fn publication_badge(view: &View, publication: Publication) -> Markup {
    match publication {
        Publication::Draft => html! { span.badge.badge-warn { (view.t("草稿", "Draft")) } },
        Publication::Published => html! { span.badge.badge-ok { (view.t("已发布", "Published")) } },
        Publication::Withdrawn => html! { span.badge.badge-bad { (view.t("已撤回", "Withdrawn")) } },
    }
}

/// What is looked for.
pub(crate) fn filter_of(query: &Fields) -> CatalogueFilter {
    CatalogueFilter {
        text: query.text("q").to_owned(),
        category: words::named::<Category>(query.text("category")),
        provider: query.text("provider").to_owned(),
        class: words::named::<Class>(query.text("class")),
    }
}

pub(super) async fn list(view: View, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let found = view.gateway.services.hub.catalogue(&filter_of(&query), Some(&actor));
    let names = Names::of(&view, &found.iter().map(|e| e.dataset.provider.as_str()).collect::<Vec<_>>()).await?;
    let title = view.t("信息资源目录", "Catalogue of information resources");
    let lang = view.lang();
    let content = html! {
        h1 { (title) }
        (tabs(&view, &actor, NAV))
        p { (view.t("各部门登记的信息资源。应用在清单里写明用途和信息项，安装时自动向提供部门申请。", "What departments register. An app names purpose and items in its manifest; installing it asks the provider.")) }
        (search(&view, &query))
        @if found.is_empty() { (empty(view.t("没有符合的信息资源。请换一个词再试。", "Nothing matches. Try another word."), Some((NAV, view.t("显示全部", "Show all"))))) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("名称", "Name")) }
                    th scope="col" { (view.t("提供方", "Provider")) }
                    th scope="col" { (view.t("分类", "Category")) }
                    th scope="col" { (view.t("共享类型", "Sharing")) }
                    th scope="col" { (view.t("更新周期", "Updated")) }
                    th scope="col" { (view.t("状态", "State")) }
                } }
                tbody { @for e in &found { @let d = &e.dataset; tr {
                    th scope="row" { a href={ "/hub/datasets/" (d.id) } { (d.title.get(lang)) } br; small.muted { code.nowrap { (d.id) } } }
                    td { (names.get(&d.provider)) }
                    td { (words::category(d.category, lang)) }
                    td { (words::sharing(&d.sharing, lang)) }
                    td { (words::cycle(d.update_cycle, lang)) }
                    td { (publication_badge(&view, e.publication)) }
                } } }
            } }
        }
        @if actor.organization.is_some() { p { a role="button" href="/hub/datasets/new" { (view.t("登记信息资源", "Register a dataset")) } } }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), &content)
}

fn search(view: &View, query: &Fields) -> Markup {
    let lang = view.lang();
    let any = |zh, en| vec![(String::new(), view.t(zh, en).to_owned())];
    let mut categories = any("全部分类", "All categories");
    for c in [Category::Base, Category::Theme, Category::Department] {
        categories.push((words::name(&c), words::category(c, lang).to_owned()));
    }
    let mut classes = any("全部共享类型", "All classes");
    for (c, zh, en) in [
        (Class::Unconditional, "无条件共享", "Unconditional"),
        (Class::Conditional, "有条件共享", "Conditional"),
        (Class::NotShared, "不予共享", "Not shared"),
    ] {
        classes.push((words::name(&c), lang.pick(zh, en).to_owned()));
    }
    html! {
        form.card method="get" action=(NAV) aria-label=(view.t("查找信息资源", "Find datasets")) {
            div.grid {
                div { (Input::text("q", view.t("名称、摘要或信息项", "Name, summary or item"), query.text("q")).optional().render(view, None)) }
                div { (Choice { name: "category", label: view.t("分类", "Category"), options: categories, value: query.text("category"), help: "" }.render(view, None)) }
                div { (Choice { name: "class", label: view.t("共享类型", "Sharing"), options: classes, value: query.text("class"), help: "" }.render(view, None)) }
                div { (Input::text("provider", view.t("提供方代码", "Provider’s code"), query.text("provider")).optional().render(view, None)) }
            }
            div.actions { button { (view.t("查找", "Find")) } a role="button" class="outline" href=(NAV) { (view.t("清除条件", "Clear")) } }
        }
    }
}

/// An entry that this person may see.
pub(crate) fn entry(view: &View, actor: &Actor, id: &str) -> Outcome<CatalogueEntry> {
    let found = view.gateway.services.hub.catalogue_entry(id);
    let sees = |e: &CatalogueEntry| {
        e.publication == Publication::Published || actor.system_admin || actor.acts_for(&e.dataset.provider)
    };
    found.filter(sees).ok_or_else(|| {
        Failure::not_found().because(format!("目录中没有“{id}”。"), format!("There is no `{id}` in the catalogue."))
    })
}

pub(super) async fn one(view: View, Path(id): Path<String>, Query(query): Query) -> Outcome {
    let actor = view.official()?;
    let (id, as_json) = match id.strip_suffix(".json") {
        Some(id) => (id, true),
        None => (id.as_str(), view.wants_json),
    };
    if as_json {
        let e = entry(&view, &actor, id)?;
        let names = Names::of(&view, &[e.dataset.provider.as_str()]).await?;
        return json(StatusCode::OK, &guide_entry(&e, names.get(&e.dataset.provider)));
    }
    show(&view, id, StatusCode::OK, query.raw("saved").is_some(), None).await
}

/// The page; with a form that was refused on it.
pub(super) async fn show(view: &View, id: &str, status: StatusCode, saved: bool, typed: Option<Typed<'_>>) -> Outcome {
    let actor = view.official()?;
    let e = entry(view, &actor, id)?;
    let d = &e.dataset;
    let authorities = d.items.iter().map(|i| d.authority(i));
    let names = Names::of(view, &authorities.chain([d.provider.as_str()]).collect::<Vec<_>>()).await?;
    let title = d.title.get(view.lang());
    let content = html! {
        p { a href=(NAV) { "← " (view.t("目录", "Catalogue")) } }
        h1 { (title) " " (publication_badge(view, e.publication)) }
        (tabs(view, &actor, NAV))
        @if saved { (notice("ok", view.t("已保存。", "Saved."))) }
        (refused(view, typed.map(|t| t.failure)))
        p { (d.summary.get(view.lang())) }
        (facts(view, &e, &names))
        (items(view, d, &names))
        (schema(view, d))
        (acts(view, &actor, &e, typed))
        p { a href={ "/hub/datasets/" (d.id) ".json" } { (view.t("按国家目录编制指南导出（JSON）", "Export as the national guide has it (JSON)")) } }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::new(title, NAV), &content)
}

/// The items of the national guide.
fn facts(view: &View, e: &CatalogueEntry, names: &Names) -> Markup {
    let (d, lang) = (&e.dataset, view.lang());
    html! {
        section.card { dl.facts {
            dt { (view.t("信息资源代码", "Code")) } dd { code.nowrap { (d.id) } }
            dt { (view.t("信息资源分类", "Category")) } dd { (words::category(d.category, lang)) }
            dt { (view.t("提供方", "Provider")) } dd { (names.get(&d.provider)) }
            dt { (view.t("提供方代码", "Provider’s code")) } dd { code.nowrap { (d.provider) } }
            dt { (view.t("信息资源格式", "Format")) } dd { (d.format) }
            dt { (view.t("共享类型", "Sharing class")) } dd { (words::sharing(&d.sharing, lang)) }
            @match &d.sharing {
                Sharing::Conditional { condition } => { dt { (view.t("共享条件", "Condition")) } dd { (condition.get(lang)) } }
                Sharing::NotShared { law } => { dt { (view.t("不予共享的依据", "Law that forbids it")) } dd { (law) } }
                Sharing::Unconditional => {}
            }
            dt { (view.t("共享方式", "Way of sharing")) } dd { (d.sharing.way().get(lang)) }
            dt { (view.t("是否向社会开放", "Open to society")) } dd { (words::openness(d.openness, lang)) }
            dt { (view.t("数据级别", "Level")) } dd { (words::level(d.level, lang)) }
            dt { (view.t("更新周期", "Update cycle")) } dd { (words::cycle(d.update_cycle, lang)) }
            @if let Some(day) = &d.released { dt { (view.t("发布日期", "Released")) } dd { (day) } }
            dt { (view.t("标识项", "Key")) } dd { code.nowrap { (d.key) } }
            @if let Some(person) = &d.person { dt { (view.t("当事人", "Person")) } dd { code.nowrap { (person) } } }
            dt { (view.t("版本", "Version")) } dd { (e.version) " · " (e.changed.to_shanghai()) " · " (e.changed_by) }
        } }
    }
}

fn items(view: &View, d: &Dataset, names: &Names) -> Markup {
    let (lang, heading) = (view.lang(), view.t("信息项", "Information items"));
    let more = |i: &Item| {
        i.codes
            .iter()
            .map(|(code, text)| format!("{code} {}", text.get(lang)))
            .collect::<Vec<_>>()
            .join(lang.pick("；", "; "))
    };
    html! {
        h2 { (heading) }
        div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
            thead { tr {
                th scope="col" { (view.t("名称", "Name")) }
                th scope="col" { (view.t("类型", "Type")) }
                th scope="col" { (view.t("必填", "Required")) }
                th scope="col" { (view.t("敏感程度", "Sensitivity")) }
                th scope="col" { (view.t("权威来源", "Authority")) }
                th scope="col" { (view.t("代码", "Codes")) }
            } }
            tbody { @for i in &d.items { tr {
                th scope="row" { (i.title.get(lang)) br; small.muted { code.nowrap { (i.name) } } }
                td { (words::kind(i.kind, lang)) }
                td { @if i.required || i.name == d.key { (view.t("是", "yes")) } @else { (view.t("否", "no")) } }
                td { (words::sensitivity(i.sensitivity, lang)) }
                td { (names.get(d.authority(i))) }
                td { (more(i)) }
            } } }
        } }
    }
}

/// What a record looks like, for programmers: folded.
fn schema(view: &View, d: &Dataset) -> Markup {
    let text = serde_json::to_string_pretty(&d.json_schema()).unwrap_or_default();
    html! {
        details {
            summary { (view.t("记录的结构（JSON Schema，供开发人员）", "What a record looks like (JSON Schema, for programmers)")) }
            pre.log tabindex="0" role="region" aria-label="JSON Schema" { (text) }
        }
    }
}

/// What the provider, or the city's administrator, can do with an entry.
fn acts(view: &View, actor: &Actor, e: &CatalogueEntry, typed: Option<Typed<'_>>) -> Markup {
    let d = &e.dataset;
    let base = format!("/hub/datasets/{}", d.id);
    html! {
        @let administrator = view.session.as_ref().is_some_and(|s| s.has(PlatformRole::DepartmentAdmin)) && actor.acts_for(&d.provider);
        @let governs = actor.system_admin || administrator;
        @if governs || actor.acts_for(&d.provider) {
            div.actions {
                a role="button" href={ (base) "/edit" } { (view.t("编辑", "Edit")) }
                @if administrator { a role="button" class="outline" href={ (base) "/edit#sharing" } { (view.t("共享属性", "Terms of sharing")) } }
                @if governs && e.publication != Publication::Published {
                    form.inline method="post" action={ (base) "/publish" } { button { (view.t("发布", "Publish")) } }
                }
            }
            @if governs {
                (view.step_up_first_at(&base))
                @if e.publication == Publication::Published { (withdraw_form(view, &base, typed)) }
                (authority_form(view, d, &base, typed))
            } @else {
                p.muted { (view.t("发布、撤回、共享属性和权威来源由本部门的管理员决定。", "An administrator of your department decides on publishing, withdrawing, the terms of sharing and the authorities.")) }
            }
        }
        @if actor.system_admin {
            @let (provider, failure) = Typed::of(typed, "provider");
            form.card method="post" action={ (base) "/provider" } {
                h2 { (view.t("更换提供方", "Change the provider")) }
                (Input::text("organization", view.t("提供方的代码", "The provider’s code"), provider.map_or(&d.provider, |f| f.text("organization"))).render(view, failure))
                div.actions { button.outline { (view.t("更换", "Change")) } }
            }
        }
    }
}

fn withdraw_form(view: &View, base: &str, typed: Option<Typed<'_>>) -> Markup {
    let (typed, failure) = Typed::of(typed, "withdraw");
    html! {
        details open[typed.is_some()] {
            summary { (view.t("撤回此信息资源…", "Withdraw this dataset…")) }
            form.card method="post" action={ (base) "/withdraw" } {
                p { (view.t("撤回后，任何应用都不能再读取或申请；记录保留，可以重新发布。", "Nobody can read it or ask for it any more. Its records are kept, and it can be published again.")) }
                (Input::text("reason", view.t("原因", "Why"), typed.map_or("", |f| f.text("reason"))).render(view, failure))
                div.actions { button.danger { (view.t("撤回", "Withdraw")) } }
            }
        }
    }
}

fn authority_form(view: &View, d: &Dataset, base: &str, typed: Option<Typed<'_>>) -> Markup {
    let (typed, failure) = Typed::of(typed, "authority");
    let was = |name: &str| typed.map_or("", |f| f.text(name));
    let optional = d.items.iter().filter(|i| !i.required && i.name != d.key);
    let options: Vec<_> = optional.map(|i| (i.name.clone(), i.title.get(view.lang()).to_owned())).collect();
    html! {
        @if !options.is_empty() {
            details #change-authority open[typed.is_some()] {
                summary { (view.t("设定信息项的权威来源…", "Set the authority of an item…")) }
                form.card method="post" action={ (base) "/authority" } {
                    (Choice { name: "item", label: view.t("信息项", "Item"), options, value: was("item"), help: view.t("必填项由提供方负责。", "The provider answers for what is required.") }.render(view, failure))
                    (Input::text("authority", view.t("权威部门的代码", "The authority’s code"), was("authority")).optional().help(view.t("留空即为提供方。", "Empty: the provider.")).render(view, failure))
                    div.actions { button.outline { (view.t("设定", "Set")) } }
                }
            }
        }
    }
}
