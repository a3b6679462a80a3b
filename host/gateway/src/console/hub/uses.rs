//! The datasets that an app asks for: on the page where it is installed, and on its own.

use super::requests::{dataset_title, state_badge};
use crate::failure::Outcome;
use crate::forms::button;
use crate::portal::Names;
use crate::view::View;
use crate::words;
use maud::{Markup, html};
use std::collections::BTreeMap;
use yunlong_hub::{GrantFilter, Request, RequestFilter, Sharing};
use yunlong_installations::Installation;
use yunlong_model::Manifest;
use yunlong_model::manifest::DatasetUse;

/// What a package asks for and from whom, before it is installed.
pub(crate) async fn asked(view: &View, manifest: &Manifest) -> Outcome<Markup> {
    let hub = &view.gateway.services.hub;
    let lang = view.lang();
    let found: Vec<_> = manifest.datasets.iter().map(|u| (u, hub.dataset(&u.dataset))).collect();
    let names =
        Names::of(view, &found.iter().filter_map(|(_, d)| d.as_ref()).map(|d| d.provider.as_str()).collect::<Vec<_>>())
            .await?;
    let heading = view.t("向其他部门申请的信息资源", "Datasets that it asks of departments");
    Ok(html! {
        @if !found.is_empty() {
            section.card {
                h2 { (heading) }
                p { (view.t("安装后自动向提供部门提出申请；批准以前，应用可以运行，但读不到这些数据。", "Installing files these requests with their providers. Until they are granted the app runs, and reads none of it.")) }
                div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
                    thead { tr {
                        th scope="col" { (view.t("信息资源", "Dataset")) }
                        th scope="col" { (view.t("提供部门", "Provider")) }
                        th scope="col" { (view.t("用途与依据", "Purpose and basis")) }
                        th scope="col" { (view.t("信息项", "Items")) }
                        th scope="col" { (view.t("谁来决定", "Who decides")) }
                    } }
                    tbody { @for (u, d) in &found { tr {
                        th scope="row" { (dataset_title(view, &u.dataset)) br; small.muted { code.nowrap { (u.dataset) } } }
                        td { @match d { Some(d) => (names.get(&d.provider)), None => span.badge.badge-bad { (view.t("目录中没有", "Not in the catalogue")) } } }
                        td { (u.reason.get(lang)) br; small.muted { (words::basis(u.basis, lang)) @if let Some(law) = &u.law { (view.t("：", ": ")) (law) } } }
                        td { (u.fields.iter().map(|f| d.as_ref().and_then(|d| d.item(f)).map_or(f.as_str(), |i| i.title.get(lang))).collect::<Vec<_>>().join(view.t("、", ", "))) br; small.muted { (words::rows(&u.rows, lang)) } }
                        td { (decided_by(view, d.as_ref().map(|d| &d.sharing))) }
                    } } }
                } }
            }
        }
    })
}

fn decided_by<'a>(view: &View, sharing: Option<&Sharing>) -> &'a str {
    let (zh, en) = match sharing {
        Some(Sharing::Unconditional) => ("无条件共享，立即可用", "Unconditional: at once"),
        Some(Sharing::Conditional { .. }) => ("提供部门", "The provider"),
        Some(Sharing::NotShared { .. }) => ("不予共享，仅提供部门自己可用", "Not shared, but with the provider itself"),
        None => ("—", "—"),
    };
    view.lang().pick(zh, en)
}

/// The newest request for each use, by dataset and purpose.
pub(crate) async fn newest(view: &View, i: &Installation) -> Outcome<BTreeMap<(String, String), Request>> {
    let filter = RequestFilter { installation: Some(i.name.clone()), ..RequestFilter::default() };
    let mut newest = BTreeMap::new();
    let mut before: Option<String> = None;
    loop {
        let page = view.gateway.services.hub.requests(&filter, before.as_deref(), 200).await?;
        for r in page.requests {
            newest.entry((r.dataset().to_owned(), r.purpose().to_owned())).or_insert(r);
        }
        // What matters is the uses that the app has: older requests are history.
        let missing = |u: &DatasetUse| !newest.contains_key(&(u.dataset.clone(), u.purpose.clone()));
        match page.next {
            Some(next) if i.manifest.datasets.iter().any(missing) => before = Some(next),
            _ => return Ok(newest),
        }
    }
}

/// Where each of an installation's requests stands, and asking again.
pub(crate) async fn states(view: &View, i: &Installation) -> Outcome<Markup> {
    if i.manifest.datasets.is_empty() {
        return Ok(html! {});
    }
    let newest = newest(view, i).await?;
    let grants = view
        .gateway
        .services
        .hub
        .grants(&GrantFilter { installation: Some(i.name.clone()), ..GrantFilter::default() })
        .await?;
    let heading = view.t("信息资源", "Datasets");
    Ok(html! {
        h2 { (heading) }
        div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
            thead { tr {
                th scope="col" { (view.t("信息资源与用途", "Dataset and purpose")) }
                th scope="col" { (view.t("申请", "Request")) }
                th scope="col" { (view.t("授权", "Grant")) }
                th scope="col" { (view.t("操作", "Action")) }
            } }
            tbody { @for u in &i.manifest.datasets {
                @let request = newest.get(&(u.dataset.clone(), u.purpose.clone()));
                @let grant = grants.iter().find(|g| g.dataset == u.dataset && g.purpose == u.purpose);
                tr {
                    th scope="row" { (dataset_title(view, &u.dataset)) br; small.muted { (u.reason.get(view.lang())) } }
                    td { @match request {
                        Some(r) => { a href={ "/hub/requests/" (r.id) } { (r.filed_at.to_shanghai()) } " " (state_badge(view, &r.state)) }
                        None => span.badge.badge-bad { (view.t("未申请", "Not asked for")) },
                    } }
                    td { @match grant {
                        Some(g) if g.revoked.is_some() => span.badge.badge-bad { (view.t("已撤销", "Revoked")) },
                        Some(g) if g.stands(view.gateway.services.clock.now()) => { span.badge.badge-ok { (view.t("有效", "Standing")) } br; small.muted { (view.t("至 ", "until ")) (g.until.to_shanghai()) } }
                        Some(_) => span.badge.badge-warn { (view.t("已到期", "Expired")) },
                        None => "—",
                    } }
                    td { @if request.is_none_or(|r| !r.state.is_open()) {
                        (button(&format!("/apps/{}/datasets", i.name), &[("dataset", &u.dataset), ("purpose", &u.purpose)], "small outline", view.t("申请", "Ask"), &u.purpose))
                    } }
                }
            } }
        } }
    })
}
