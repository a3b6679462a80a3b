//! What buyers and sellers read in their inbox.

use crate::domain::effect::{Note, To};
use crate::domain::order::Order;
use crate::domain::returns::State;
use yunlong_sdk::money::yuan;
use yunlong_sdk::{Notification, Text, t};

/// The note for one side of an order. A keeper who ordered for somebody without an account reads what
/// its buyer would.
#[must_use]
pub(crate) fn note(order: &Order, to: To, note: &Note, recipient: &str) -> Notification {
    let path = match to {
        To::Seller => format!("/store/orders/{}", order.id),
        To::Buyer | To::Managers => format!("/orders/{}", order.id),
    };
    let (title, body) = words(order, note);
    Notification::new(recipient, title, body).path(path)
}

fn words(order: &Order, note: &Note) -> (Text, Text) {
    let id = &order.id;
    let of = |zh: String, en: String| Text::new(zh, en);
    match note {
        Note::Paid => (
            t("有新订单", "A new order"),
            of(format!("订单 {id} 已付款，请及时接单。"), format!("Order {id} is paid: please accept it.")),
        ),
        Note::Accepted => (
            t("商家已接单", "Your order was accepted"),
            of(format!("订单 {id} 正在备货。"), format!("Order {id} is being prepared.")),
        ),
        Note::Shipped => (
            t("商品已发出", "Your goods are on their way"),
            of(format!("订单 {id} 有商品发出，可查看物流。"), format!("Goods of order {id} were sent.")),
        ),
        Note::Delivered => (
            t("商品已送达", "Your goods have arrived"),
            of(
                format!("订单 {id} 已全部送达，请验收后确认收货。"),
                format!("All of order {id} has arrived. Look at it and confirm."),
            ),
        ),
        Note::Refunding { amount, reason } => {
            let why = reason_name(reason);
            (
                t("退款处理中", "Your money is on its way back"),
                of(
                    format!("订单 {id} 将退回 {} 元（{}）。", yuan(*amount), why.zh),
                    format!("{} yuan of order {id} go back ({}).", yuan(*amount), why.en),
                ),
            )
        }
        Note::Refunded { amount } => (
            t("退款已到账", "Your money is back"),
            of(
                format!("订单 {id} 的 {} 元已原路退回。", yuan(*amount)),
                format!("{} yuan of order {id} were returned the way they came.", yuan(*amount)),
            ),
        ),
        Note::RefundFailed => (
            t("退款未成功", "The refund did not go through"),
            of(
                format!("订单 {id} 的退款被支付机构拒绝，款项仍在担保账户，可再次申请。"),
                format!("The payment provider refused the refund of order {id}. The money is still held: ask again."),
            ),
        ),
        Note::Claim => (
            t("包裹异常，货款已冻结", "A parcel went wrong; the money is held"),
            of(
                format!("订单 {id} 有包裹丢失、损坏、被拒收或逾期未送达，主管处理前货款不会结算。"),
                format!(
                    "A parcel of order {id} is lost, damaged, refused or overdue. Nothing is paid out until a manager has decided."
                ),
            ),
        ),
        Note::Recalled { batch } => (
            t("您买的商品已召回", "Goods that you bought are recalled"),
            of(
                format!("订单 {id} 中批次 {batch} 的商品检测不合格或已召回，请停止食用或使用；可申请退货。"),
                format!(
                    "Goods of the batch {batch} in order {id} failed a test or were recalled. Do not eat or use them; you can ask for a return."
                ),
            ),
        ),
        Note::Return(state) => returned(order, *state),
        Note::Settled { amount } => (
            t("货款已结算", "You were paid"),
            of(
                format!("订单 {id} 扣除服务费后结算 {} 元。", yuan(*amount)),
                format!("{} yuan of order {id}, less the commission.", yuan(*amount)),
            ),
        ),
        Note::CarrierRefused => (
            t("物流未接单", "The carrier does not take a shipment"),
            of(
                format!("订单 {id} 的一次发货被物流拒绝，请重新发货或更换承运人。"),
                format!("The carrier refused a shipment of order {id}. Send it again, or by another carrier."),
            ),
        ),
    }
}

/// What the clock did with a return.
fn returned(order: &Order, state: State) -> (Text, Text) {
    let id = &order.id;
    let (zh, en) = match state {
        State::Approved => (
            "商家未按时答复，退货视为同意，请按时寄回",
            "The store did not answer in time, so the return is agreed to: send the goods in time",
        ),
        State::Withdrawn => {
            ("买家未按时寄回，退货视为撤回", "The goods were not sent back in time, so the return is withdrawn")
        }
        _ => ("商家未按时退款，退货已交仲裁", "The store did not refund it in time, so an arbiter decides"),
    };
    let title = t("退货已自动处理", "A return went on by itself");
    (title, Text::new(format!("订单 {id}：{zh}。"), format!("Order {id}: {en}.")))
}

/// The reason of a refund, in words.
#[must_use]
pub(crate) fn reason_name(code: &str) -> Text {
    match code {
        "late-payment" => t("付款到账时订单已取消", "the payment came after the order was cancelled"),
        "group-over" | "group-failed" => t("拼团未成功", "the group buy did not form"),
        "not-shipped" => t("商家未按时发货", "the store did not send it in time"),
        "not-accepted" => t("商家未按时接单", "the store did not accept in time"),
        "batch-failed" => t("批次不合格或已召回", "its batch failed a test or was recalled"),
        "given-up" => t("买家取消", "the buyer gave it up"),
        "seller" => t("商家退款", "the store's refund"),
        "parcel-claim" => t("包裹理赔", "a claim for a parcel"),
        "return" => t("退货", "a return"),
        "arbitration" => t("仲裁", "arbitration"),
        _ => t("退款", "a refund"),
    }
}
