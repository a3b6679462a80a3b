//! What people are to pay, and what becomes of it. Nothing here moves real money.

use super::super::bench::Bench;
use super::super::error::DevError;
use super::super::layer::PREFIX;
use super::super::who::everybody;
use super::{Asked, Fields, moment};
use maud::{Markup, html};
use yunlong_model::Text;
use yunlong_payments::{Behaviour, EscrowState, Status};

/// Intents of one person that are shown.
const SHOWN: usize = 100;

pub(super) async fn page(asked: &Asked<'_>) -> Result<Markup, DevError> {
    let (bench, lang) = (asked.bench, asked.lang());
    let mut all = Vec::new();
    for somebody in everybody() {
        let page = bench.city.payments.intents_of(&somebody.account, None, SHOWN).await.map_err(DevError::city)?;
        all.extend(page.intents.into_iter().filter(|i| i.installation == bench.name));
    }
    all.sort_by_key(|i| std::cmp::Reverse(i.created_at));
    let held = bench.city.payments.held(&bench.name).await.map_err(DevError::city)?;
    Ok(html! {
        p { (asked.t("沙箱收银台：不涉及真实资金。", "The sandbox cashier: no real money.")) }
        @if !held.is_nothing() {
            p { (asked.t("应用共托管 ", "The app holds ")) (yuan(held.held)) (asked.t(" 元，正在退回 ", " yuan in escrow; on its way back: ")) (yuan(held.refunding)) (asked.t(" 元。", " yuan.")) }
        }
        @if all.is_empty() { p { (asked.t("这里的人还没有支付单。", "Nobody here has anything to pay.")) } }
        @for i in &all {
            h2 { (i.description.get(lang)) " · " (yuan(i.amount)) " " (asked.t("元", "yuan")) }
            p {
                (i.reference) " · " (i.status.code()) " · " (i.payer.as_deref().unwrap_or("")) " · " (moment(i.created_at))
                @if let Some(why) = &i.failure { " · " (why) }
            }
            @if let Some(s) = i.escrow_state() { (escrow(asked, &s)) }
            @if matches!(i.status, Status::Pending | Status::Failed) {
                form method="post" action={ (PREFIX) "payments" } {
                    input type="hidden" name="intent" value=(i.id);
                    button type="submit" name="do" value="pay" { (asked.t("支付", "Pay")) }
                    button type="submit" name="do" value="fail" { (asked.t("让支付失败", "Let it fail")) }
                }
            }
        }
    })
}

/// Fen as yuan: `1080.00`.
fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// Where the money of an escrow is.
fn escrow(asked: &Asked<'_>, s: &EscrowState) -> Markup {
    let all = [
        (asked.t("托管", "held"), s.held),
        (asked.t("已付出", "released"), s.released),
        (asked.t("正在退回", "refunding"), s.refunding),
        (asked.t("已退回", "refunded"), s.refunded),
    ];
    html! { p { @for (n, (label, fen)) in all.iter().enumerate() { @if n > 0 { " · " } (label) " " (yuan(*fen)) } } }
}

/// Pays in the name of whoever is to pay.
pub(super) async fn pay(bench: &Bench, form: &Fields) -> Result<(), DevError> {
    let payments = &bench.city.payments;
    let refused = |e: yunlong_payments::PaymentError| DevError::Refused(Text { zh: e.to_string(), en: e.to_string() });
    let intent = payments.intent_by_id(form.text("intent")).await.map_err(refused)?;
    let payer = intent.payer.as_deref().unwrap_or("citizen-001");
    let behaviour = if form.text("do") == "pay" { Behaviour::Succeed } else { Behaviour::Fail };
    payments.pay_at_cashier(&intent.id, payer, behaviour).await.map(drop).map_err(refused)
}
