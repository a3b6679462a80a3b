//! What buyers read in their inbox.

use crate::domain::effect::Note;
use crate::domain::order::Order;
use yunlong_sdk::money::yuan;
use yunlong_sdk::{Notification, Text, t};

/// The note for the buyer of an order.
#[must_use]
pub(crate) fn note(order: &Order, note: Note) -> Notification {
    let (zh, en) = (&order.product_name.zh, &order.product_name.en);
    let (title, body) = match note {
        Note::Issued => (t("已出票", "Your tickets are ready"), issued(order)),
        Note::Refunded { amount: 0 } => (
            t("预约已取消", "Your booking was cancelled"),
            Text::new(
                format!("《{zh}》的预约已取消，名额已释放。"),
                format!("Your booking of {en} was cancelled and its places are free again."),
            ),
        ),
        Note::Refunded { amount } => (
            t("退款已到账", "Your money is back"),
            Text::new(
                format!("订单 {} 的 {} 元已原路退回。", order.id, yuan(amount)),
                format!("{} yuan of order {} were returned the way they came.", yuan(amount), order.id),
            ),
        ),
        Note::RefundFailed => (
            t("退款未成功", "The refund did not go through"),
            Text::new(
                format!("订单 {} 的退款被支付机构拒绝，可在订单页再次申请，或联系景区。", order.id),
                format!(
                    "The payment provider refused the refund of order {}. Ask again on the order's page, or contact the attraction.",
                    order.id
                ),
            ),
        ),
        Note::Closed { name, reason } => (
            Text::new(format!("{}临时关闭", name.zh), format!("{} is closed", name.en)),
            Text::new(
                format!("原因：{}。订单 {} 中受影响的票已作废，已付的票款全额原路退回。", reason.zh, order.id),
                format!(
                    "{}. The tickets of order {} that it concerns are void, and what was paid for them returns in full.",
                    reason.en, order.id
                ),
            ),
        ),
    };
    Notification::new(&order.owner, title, body).path(format!("/orders/{}", order.id))
}

fn issued(order: &Order) -> Text {
    let when = |name: fn(&Order, usize) -> &str| {
        let parts: Vec<String> = order
            .parts
            .iter()
            .enumerate()
            .map(|(i, p)| format!("{} {} {}", name(order, i), p.slot.id.date, p.slot.hours()))
            .collect();
        parts
    };
    let zh = when(|o, i| &o.parts[i].name.zh).join("，");
    let en = when(|o, i| &o.parts[i].name.en).join(", ");
    Text::new(
        format!("{zh}，共 {} 人。入园时请出示动态票码。", order.people()),
        format!("{en}, {} in all. Show the live code at the gate.", order.people()),
    )
}
