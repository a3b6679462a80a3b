//! The help page, with the times that this department has set.

use super::LAYOUT;
use crate::policy;
use maud::html;
use yunlong_sdk::page::card;
use yunlong_sdk::{Lang, Request, Response, t, web};

/// `/help`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    let (times, rules) = (policy::times()?, policy::returns()?);
    let (pay, accept, confirm, back) = (times.pay_minutes, times.accept_days, times.confirm_days, rules.days);
    let (ship, arrive, step) = (times.terms.ship_days, times.terms.arrive_days, rules.step_days);
    let say = |zh: String, en: String| if request.lang() == Lang::Zh { zh } else { en };
    let body = html! {
        (card("buy", request.t("怎样购买", "How to buy"), html! { ol {
            li { (request.t("把商品放入购物车，结算时填写收货信息。", "Put goods into the cart, and say at the checkout where they go.")) }
            li { (say(format!("请在 {pay} 分钟内付款，超时订单自动取消。"), format!("Pay within {pay} minutes; after that the order is cancelled by itself."))) }
            li { (request.t("商家接单、发货；在订单页查看每个包裹。", "The store accepts and sends; the order's page shows each parcel.")) }
            li { (say(format!("验收后确认收货；不操作的，送达 {confirm} 天后自动确认。"), format!("Look at the goods and confirm; otherwise it is confirmed by itself {confirm} days after the delivery."))) }
        } }))
        (card("escrow", request.t("担保交易", "Escrow"), html! {
            p { (say(
                format!("货款由平台担保账户保管：收到的 = 已结算 + 已退 + 保管中。确认收货且退货期满后结算给卖家（扣除服务费）；商家 {accept} 天内未接单的，自动退款。"),
                format!("The platform holds your money: what came in is paid out, returned or held. The seller is paid once you have confirmed and the days for a return are over (less the commission). Not accepted within {accept} days, it goes back by itself."),
            )) }
            p { (say(
                format!("接单后 {ship} 天内没有发出的部分自动退款；发货后 {arrive} 天仍没有送达消息的，自动转理赔。"),
                format!("What is not sent within {ship} days after that goes back by itself; a parcel of which nobody says within {arrive} days that it arrived becomes a claim."),
            )) }
            p { (request.t("包裹丢失、损坏，或有退货、仲裁时，货款冻结到处理完为止。", "With a lost or damaged parcel, a return or a dispute the money stays held until that is decided.")) }
        }))
        (card("return", request.t("退货和仲裁", "Returns and arbitration"), html! {
            p { (say(format!("送达后 {back} 天内可以无理由退货。"), format!("Goods may be returned without a reason within {back} days of the delivery.")))
                @if !rules.fresh { " " (request.t("生鲜食品不适用，但损坏、不符或有质量问题可以退。", "Not fresh food, unless it is damaged, wrong or poor.")) } }
            p { (say(
                format!("每一步限 {step} 天：商家未答复视为同意，买家未寄回视为撤回，寄回后未退款的转仲裁。"),
                format!("Each step has {step} days: a store that does not answer agrees, a buyer who does not send the goods takes it back, and an arbiter decides on goods that came back and are not refunded."),
            )) }
            p { (request.t("商家拒绝的，可以申请仲裁；仲裁员不能与交易有关，裁决是最终的。", "If the store refuses, go to the arbiter, who has no part in the trade and whose word is final.")) }
        }))
        (card("trace", request.t("追溯和召回", "Trace and recalls"), html! {
            p { (request.t("食品必须凭检测合格的批次销售。扫描标签二维码或输入追溯码，可以看到产地和检测结果。批次不合格时，全市立即下架，已付款未发货的全额退款。", "Food is sold with a batch that passed its test. The label's QR code or trace code shows origin and tests. When a batch fails, it goes off sale in the whole city at once, and what was paid and not sent is refunded in full.")) }
        }))
        (card("group", request.t("拼团", "Group buys"), html! {
            p { (request.t("截止前付款人数达到要求即成团；未成团，所有人的款项各退一次。", "With enough people who have paid before the deadline it forms; otherwise everybody's money goes back, once.")) }
        }))
        (card("station", request.t("没有手机的老人", "Without a telephone"), html! {
            p { (request.t("到村级服务站，由负责人代为下单：负责人读出同意书，由本人签字、按手印或在见证下口头同意，并交给本人打印的收据。", "At the village station the keeper orders for you: reads the consent to you, takes your signature, fingerprint or witnessed word, and gives you a printed receipt.")) }
        }))
        (card("sell", request.t("农户开店", "Selling"), html! {
            p { (request.t("凭居民身份证或统一社会信用代码登记，审核后开店；登记批次、检测合格、商品审核通过后上架。", "Register with a resident ID or USCC and be approved; register batches, have them tested, and have your listings reviewed.")) " " a href="/store" { (request.t("我的店铺", "My store")) } }
        }))
        (card("coverage", request.t("服务覆盖率", "Service coverage"), html! {
            p { (request.t("当月有运营站点或上门服务的村 ÷ 月末在册的村。", "Villages with an active station or a visit in the month, over the villages in force at its end.")) " " a href="/coverage" { (request.t("查看", "See it")) } }
        }))
    };
    Ok(LAYOUT.page(request, &t("帮助", "Help"), body))
}
