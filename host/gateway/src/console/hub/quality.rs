//! The quality of the datasets: how complete, how fresh, what was refused and what is in doubt.

use super::{NAV, tabs};
use crate::failure::Outcome;
use crate::layout::{Page, empty};
use crate::view::View;
use crate::words;
use maud::{Markup, html};
use std::sync::Arc;
use yunlong_hub::{Actor, CatalogueFilter, Dataset, Publication, Quality};

const PATH: &str = "/hub/quality";

/// The quality of what this person's organization provides; of everything for the city's administrator.
pub(crate) async fn of(view: &View, actor: &Actor) -> Outcome<Vec<(Arc<Dataset>, Quality)>> {
    let hub = &view.gateway.services.hub;
    let mut all = Vec::new();
    for e in hub.catalogue(&CatalogueFilter::default(), Some(actor)) {
        let theirs = actor.system_admin
            || actor.acts_for(&e.dataset.provider)
            || e.dataset.items.iter().any(|i| actor.acts_for(e.dataset.authority(i)));
        if theirs && e.publication != Publication::Withdrawn {
            let quality = hub.quality(&e.dataset.id).await?;
            all.push((e.dataset, quality));
        }
    }
    Ok(all)
}

pub(super) async fn page(view: View) -> Outcome {
    let actor = view.official()?;
    let all = of(&view, &actor).await?;
    let title = view.t("数据质量", "Data quality");
    let content = html! {
        h1 { (title) }
        (tabs(&view, &actor, PATH))
        p { (view.t("本部门提供或者负责的信息资源：完整性随每次写入更新，及时性按更新周期计算。", "What your department provides or answers for: completeness is kept with every write, freshness goes by the update cycle.")) }
        @if all.is_empty() { (empty(view.t("本部门没有提供信息资源。", "Your department provides no dataset."), Some((NAV, view.t("查看目录", "To the catalogue"))))) }
        @for (dataset, quality) in &all { (card(&view, dataset, quality)) }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), &content)
}

/// A share as a percentage with one digit, never rounded up to what is not whole.
fn percent(filled: u64, total: u64) -> String {
    if total == 0 {
        return "—".to_owned();
    }
    let tenths = u128::from(filled) * 1_000 / u128::from(total);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn card(view: &View, d: &Dataset, q: &Quality) -> Markup {
    let lang = view.lang();
    let heading = d.title.get(lang);
    html! {
        section.card {
            h2 { a href={ "/hub/datasets/" (d.id) } { (heading) } }
            dl.facts {
                dt { (view.t("记录", "Records")) } dd { (q.records) }
                dt { (view.t("最近更新", "Updated last")) } dd {
                    @match q.freshness.updated { Some(at) => (at.to_shanghai()), None => (view.t("还没有数据", "nothing yet")) }
                    " · " (words::cycle(d.update_cycle, lang)) " "
                    @if q.freshness.late_days > 0 { span.badge.badge-bad { (view.t("迟 ", "late by ")) (q.freshness.late_days) (view.t(" 天", " days")) } }
                    @else if q.freshness.updated.is_some() { span.badge.badge-ok { (view.t("及时", "Fresh")) } }
                }
                dt { (view.t("最近导入", "Newest imports")) } dd { (q.imports) (view.t(" 次，", ", ")) (q.rows) (view.t(" 行，拒收 ", " rows, refused ")) (q.refused) (view.t("，重复 ", ", duplicates ")) (q.duplicates) }
                dt { (view.t("未办结的疑义核查", "Open corrections")) } dd { @if q.open_corrections > 0 { a href={ "/hub/corrections?open=true&dataset=" (crate::encode(&d.id)) } { (q.open_corrections) } } @else { "0" } }
            }
            @if q.records > 0 {
                div.table-wrap tabindex="0" role="region" aria-label={ (heading) (view.t("：完整性", ": completeness")) } { table {
                    thead { tr {
                        th scope="col" { (view.t("信息项", "Item")) }
                        th.amount scope="col" { (view.t("已填", "Filled")) }
                        th scope="col" { (view.t("完整性", "Completeness")) }
                    } }
                    tbody { @for i in &q.items { tr {
                        th scope="row" { (i.title.get(lang)) }
                        td.amount { (i.filled) }
                        td { meter min="0" max=(q.records) value=(i.filled.min(q.records)) aria-label={ (i.title.get(lang)) } { } " " (percent(i.filled, q.records)) }
                    } } }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_whole_only_when_it_is() {
        assert_eq!(percent(999_999, 1_000_000), "99.9 %");
        assert_eq!(
            (percent(3, 3).as_str(), percent(0, 0).as_str(), percent(1, 3).as_str()),
            ("100.0 %", "—", "33.3 %")
        );
    }
}
