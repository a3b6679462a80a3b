//! What a payer sees of money that the platform holds for them.

use super::cashier::lines;
use crate::layout::{money, notice};
use crate::view::View;
use maud::{Markup, html};
use yunlong_payments::{EscrowState, Intent, Line, Status};

/// Why an app cannot be removed while it holds money, in Chinese.
pub(crate) fn still_held(held: u64, refunding: u64) -> String {
    format!(
        "该应用仍为付款人托管 {} 元，另有 {} 元正在退回：请先在应用中结算或退回托管款，待退款到账，再卸载",
        money(held),
        money(refunding)
    )
}

/// Before and after paying: that the platform holds the money, and until when.
pub(super) fn note(view: &View, intent: &Intent) -> Markup {
    let Some(state) = intent.escrow_state() else { return html! {} };
    let text = match intent.status {
        Status::Pending | Status::Processing | Status::Failed => view.t(
            "这笔款项由平台托管：付款后先由平台保管，您确认之后才付给收款方，在此之前可以按服务的规则退回给您。",
            "This payment is held in escrow: the platform keeps it until you confirm. Until then it can be returned to you by the rules of the service.",
        ),
        Status::Captured if state.held > 0 => view.t(
            "款项由平台托管，收款方还没有收到。请在服务中确认，或按服务的规则申请退款。",
            "Held in escrow by the platform: nobody has received it yet. Confirm it in the service, or ask for a refund by its rules.",
        ),
        Status::Captured | Status::Cancelled | Status::Refunded => return html! {},
    };
    notice("info", text)
}

/// Where the money is, and who got which part of it.
pub(super) fn parts(view: &View, intent: &Intent) -> Markup {
    let Some(state) = intent.escrow_state().filter(|s| s.captured > 0) else { return html! {} };
    let released: Vec<Line> =
        intent.escrow.iter().flat_map(|e| e.releases.values()).flat_map(|r| r.lines.clone()).collect();
    html! {
        dl.facts { (rows(view, &state)) }
        @if !released.is_empty() { (lines(view, &released)) }
    }
}

fn rows(view: &View, s: &EscrowState) -> Markup {
    let all = [
        (view.t("平台托管", "Held in escrow"), s.held),
        (view.t("已付给收款方", "Paid to payees"), s.released),
        (view.t("正在退回", "On its way back"), s.refunding),
        (view.t("已退回", "Returned"), s.refunded),
    ];
    html! {
        @for (label, fen) in all {
            @if fen > 0 { dt { (label) } dd { span.amount { "¥" (money(fen)) } } }
        }
    }
}

/// In a list: how much of a payment is held.
pub(super) fn in_short(view: &View, intent: &Intent) -> Markup {
    let held = intent.escrow_state().map_or(0, |s| s.held);
    html! { @if held > 0 { br; small { (view.t("平台托管 ", "held in escrow ")) (money(held)) } } }
}
