//! The information hub at the console: catalogue, requests, grants, corrections, quality, legal orders,
//! and the audit log. What somebody may do, the hub decides; a page shows what it lets them see.

mod audit;
mod catalogue;
mod corrections;
mod decision;
mod edit;
mod edit_form;
mod entries;
mod grants;
mod orders;
mod quality;
mod requests;
pub(crate) mod uses;

// The JSON API does the same.
pub(super) use audit::tabs as audit_tabs;
pub(crate) use audit::{
    closing as erase_audit, export_response as export_audit, kept as kept_checkpoint, opened as open_entry,
};
pub(crate) use catalogue::{entry, filter_of as catalogue_filter};
pub(crate) use corrections::{
    answered as correction_step, claimed, filed as file_correction, item_title, of as corrections_of,
    state_badge as correction_badge, state_word as correction_word, typed_value, visible as visible_correction,
};
pub(crate) use decision::step as request_step;
pub(crate) use edit::{done as catalogue_act, edited as catalogue_edit};
pub(crate) use entries::search as search_audit;
pub(crate) use grants::{change as grant_change, of as grants_of, state as grant_state};
pub(crate) use orders::registered as register_order;
pub(crate) use quality::of as quality_of;
pub(crate) use requests::{of as requests_of, visible as visible_request};

use crate::body::Fields;
use crate::failure::Failure;
use crate::view::View;
use axum::Router;
use axum::routing::{get, post};
use maud::{Markup, html};
use yunlong_hub::Actor;
use yunlong_model::{Lang, Timestamp};

/// The entry in the navigation.
pub(super) const NAV: &str = "/hub";

pub(super) fn router() -> Router {
    Router::new()
        .route("/hub", get(catalogue::list))
        .route("/hub/datasets/new", get(edit::new).post(edit::create))
        .route("/hub/datasets/{id}", get(catalogue::one))
        .route("/hub/datasets/{id}/edit", get(edit::page).post(edit::save))
        .route("/hub/datasets/{id}/{act}", post(edit::act))
        .route("/hub/requests", get(requests::list))
        .route("/hub/requests/{id}", get(requests::one))
        .route("/hub/requests/{id}/{act}", post(decision::act))
        .route("/hub/grants", get(grants::list))
        .route("/hub/grants/revoke", get(grants::confirm).post(grants::revoke))
        .route("/hub/corrections", get(corrections::list))
        .route("/hub/corrections/new", get(corrections::new).post(corrections::file))
        .route("/hub/corrections/{id}", get(corrections::one))
        .route("/hub/corrections/{id}/{act}", post(corrections::act))
        .route("/hub/quality", get(quality::page))
        .route("/hub/orders", get(orders::page).post(orders::add))
        .route("/hub/orders/{id}/end", post(orders::end))
        .route("/audit/entries", get(entries::entries))
        .route("/audit/entries/{index}", get(audit::entry))
        .route("/audit/log", get(audit::log))
        .route("/audit/export", get(audit::export))
        .route("/audit/erasure", get(audit::erasure).post(audit::erase))
}

/// The pages for this person, and which one it is.
pub(super) fn tabs(view: &View, actor: &Actor, current: &str) -> Markup {
    let entries = [
        (true, "/hub", "目录", "Catalogue"),
        (true, "/hub/requests", "申请", "Requests"),
        (true, "/hub/grants", "共享授权", "Grants"),
        (true, "/hub/corrections", "疑义核查", "Corrections"),
        (true, "/hub/quality", "数据质量", "Quality"),
        (actor.security_admin, "/hub/orders", "法律文书", "Legal orders"),
    ];
    html! {
        nav.tabs aria-label=(view.t("信息资源", "Information hub")) { ul {
            @for (_, path, zh, en) in entries.into_iter().filter(|e| e.0) { li { a href=(path) aria-current=[(path == current).then_some("page")] { (view.t(zh, en)) } } }
        } }
    }
}

/// How long until a moment, or since, in words.
pub(crate) fn clock(view: &View, due: Timestamp) -> Markup {
    let left = due.0 - view.gateway.services.clock.now().0;
    let text = span(view.lang(), left.abs());
    html! {
        @if left < 0 { span.badge.badge-bad { (view.t("已逾期 ", "Overdue by ")) (text) } }
        @else if left < DAY { span.badge.badge-warn { (view.t("还剩 ", "Due in ")) (text) } }
        @else { span.badge.badge-info { (view.t("还剩 ", "Due in ")) (text) } }
    }
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A length of time in its largest unit.
fn span(lang: Lang, millis: i64) -> String {
    let one = |n: i64, unit: &str| if n == 1 { format!("{n} {unit}") } else { format!("{n} {unit}s") };
    let (n, zh, en) = match millis {
        m if m >= DAY => (m / DAY, "天", "day"),
        m if m >= HOUR => (m / HOUR, "小时", "hour"),
        m => ((m / 60_000).max(1), "分钟", "minute"),
    };
    lang.pick(&format!("{n} {zh}"), &one(n, en)).to_owned()
}

/// What was typed into one of the forms of a page and refused: it comes back on that form alone.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    /// The act that the form stands for.
    pub(super) act: &'a str,
    pub(super) fields: &'a Fields,
    pub(super) failure: &'a Failure,
}

impl<'a> Typed<'a> {
    /// What was typed into the form of this act, and why it was refused.
    pub(super) fn of(typed: Option<Self>, act: &str) -> (Option<&'a Fields>, Option<&'a Failure>) {
        typed.filter(|t| t.act == act).map_or((None, None), |t| (Some(t.fields), Some(t.failure)))
    }
}

/// A page that is refused, for whoever typed something into it: what a person can mend comes back on
/// the form, the rest is an error page.
pub(super) fn mendable(failure: &Failure) -> bool {
    use crate::failure::kinds;
    [kinds::INVALID, kinds::CONFLICT].contains(&failure.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_their_largest_unit() {
        for (millis, zh, en) in [
            (0, "1 分钟", "1 minute"),
            (HOUR - 1, "59 分钟", "59 minutes"),
            (HOUR, "1 小时", "1 hour"),
            (DAY - 1, "23 小时", "23 hours"),
            (2 * DAY, "2 天", "2 days"),
        ] {
            assert_eq!((span(Lang::Zh, millis).as_str(), span(Lang::En, millis).as_str()), (zh, en));
        }
    }
}
