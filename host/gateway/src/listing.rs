//! What a published version shows of itself, the same at the portal, at the console and in reviews: what it can see
//! and do, its pictures, its versions, who made and who reviewed it.

use crate::pictures;
use crate::portal::Names;
use crate::view::View;
use maud::{Markup, html};
use yunlong_model::Digest;
use yunlong_publications::checks::Permission;
use yunlong_publications::release::Approval;
use yunlong_publications::{Status, Version};
use yunlong_registry::listing::Screenshot;

/// Whether a permission is about people's data: attributes that they consent to, records of the hub.
pub(crate) fn is_about_people(id: &str) -> bool {
    id.starts_with("attributes:") || id.starts_with("dataset:")
}

/// Whether a permission lets an app see something of people, their pseudonym among it.
fn sees(id: &str) -> bool {
    id == "identity" || is_about_people(id)
}

/// What it can see, above all of people, and then what else it can do.
pub(crate) fn permissions(view: &View, all: &[Permission]) -> Markup {
    let (seen, does): (Vec<_>, Vec<_>) = all.iter().partition(|p| sees(&p.id));
    html! {
        h3 { (view.t("它能看到什么", "What it can see")) }
        @if !seen.iter().any(|p| is_about_people(&p.id)) {
            p { (view.t("不读取姓名、证件号码等个人信息。", "It reads no personal data such as names or ID numbers.")) }
        }
        (lines(view, &seen))
        h3 { (view.t("它还能做什么", "What else it can do")) }
        @if does.is_empty() { p { (view.t("没有别的权限。", "Nothing else.")) } }
        (lines(view, &does))
    }
}

/// Permissions as a list; what is about people is marked.
pub(crate) fn lines(view: &View, all: &[&Permission]) -> Markup {
    html! {
        @if !all.is_empty() { ul { @for p in all { li { (p.text.get(view.lang())) (personal(view, &p.id)) } } } }
    }
}

/// The mark of what is about people.
pub(crate) fn personal(view: &View, id: &str) -> Markup {
    html! { @if is_about_people(id) { " " span.badge.badge-warn { (view.t("个人信息", "Personal data")) } } }
}

pub(crate) fn screenshots(view: &View, digest: &Digest, shots: &[Screenshot]) -> Markup {
    html! {
        @if !shots.is_empty() {
            h2 { (view.t("截图", "Screenshots")) }
            ul.shots {
                @for (n, shot) in shots.iter().enumerate() {
                    @let caption = shot.caption.get(view.lang());
                    li { figure {
                        // The caption says what is in it; to say it twice would be noise to who listens.
                        img src=(pictures::address(digest, n)) alt={ (view.t("截图 ", "Screenshot ")) (n + 1) } loading="lazy";
                        figcaption { (caption) }
                    } }
                }
            }
        }
    }
}

/// What may be said of a version, with a sign.
pub(crate) fn standing(view: &View, status: Status) -> Markup {
    let (class, zh, en) = match status {
        Status::Published => ("badge-info", "待审核", "Not reviewed yet"),
        Status::Approved => ("badge-ok", "可安装", "May be installed"),
        Status::Rejected => ("badge-bad", "已驳回", "Rejected"),
        Status::Withdrawn => ("", "已撤回", "Withdrawn"),
        Status::Yanked => ("badge-warn", "已下架", "Yanked"),
        Status::Recalled => ("badge-bad", "已召回，不得运行", "Recalled: may not run"),
        Status::InDoubt => ("badge-warn", "签名密钥已吊销，待市级决定", "Its key was revoked; the city decides"),
    };
    html! { span class={ "badge " (class) } { (view.t(zh, en)) } }
}

/// The organizations that approved versions.
pub(crate) fn reviewers(versions: &[Version]) -> impl Iterator<Item = &str> {
    versions.iter().filter_map(|v| v.approval.as_ref()).map(|a| a.organization.as_str())
}

pub(crate) fn reviewed(view: &View, approval: &Approval, names: &Names) -> Markup {
    html! { (names.get(&approval.organization)) " (" (approval.by) ") " (view.t("，", ", ")) span.when { (approval.at.to_shanghai()) } }
}

/// A reviewer's remark.
pub(crate) fn remark(view: &View, approval: &Approval, names: &Names) -> Markup {
    html! {
        h2 { (view.t("审核意见", "The reviewer’s remarks")) }
        @if approval.remark.is_empty() {
            p.muted { (view.t("审核通过，没有附加意见。", "Approved without remarks.")) }
        } @else {
            blockquote { p.lines { (approval.remark) } footer { (reviewed(view, approval, names)) } }
        }
    }
}

/// The versions with their dates, states, reasons and changes. `more` is what stands in the last column.
pub(crate) fn versions(
    view: &View,
    all: &[Version],
    names: &Names,
    heading: &str,
    more: (&str, impl Fn(&Version) -> Markup),
) -> Markup {
    let lang = view.lang();
    html! {
        div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
            thead { tr {
                th scope="col" { (view.t("版本", "Version")) }
                th scope="col" { (view.t("状态", "State")) }
                th scope="col" { (view.t("审核", "Reviewed")) }
                th scope="col" { (view.t("更新内容", "What has changed")) }
                th scope="col" { (more.0) }
            } }
            tbody { @for v in all { tr {
                th scope="row" { (v.version) }
                td {
                    (standing(view, v.status))
                    @if let Some(yank) = &v.yank { p.detail { (view.t("原因：", "Why: ")) (yank.reason) br; small.muted { (yank.at.to_shanghai()) } } }
                    @if let Some(kept) = &v.kept { p.detail { (view.t("市级决定保留：", "The city keeps it: ")) (kept.reason) } }
                }
                td { @match &v.approval {
                    Some(a) => { (names.get(&a.organization)) br; small.muted.when { (a.at.to_shanghai()) } }
                    None => "—",
                } }
                td.detail { @match &v.changes { Some(c) => p.lines { (c.get(lang)) }, None => span.muted { (view.t("开发商没有说明", "Its vendor does not say")) } } }
                td { ((more.1)(v)) }
            } } }
        } }
    }
}
