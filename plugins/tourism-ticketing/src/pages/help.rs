//! The help page.

use super::LAYOUT;
use crate::policy;
use maud::html;
use yunlong_sdk::page::card;
use yunlong_sdk::{Request, Response, t, web};

/// `/help`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    let hold = policy::hold_minutes()?;
    let window = policy::sales_window()?;
    let body = html! {
        (card("book", request.t("怎样预订", "How to book"), html! { ol {
            li { (request.t("选择景区、日期和时段。", "Choose an attraction, a day and a slot.")) }
            li { (request.t("填写每位游客的姓名和证件。景区实行实名入园，一个证件同一时段限一张票。", "Enter each visitor's name and document. Attractions admit by real name; one document takes one ticket a slot.")) }
            li { (request.t("名额会为您保留一段时间，请在此期间支付。", "Your places are kept for a while; pay within that time.")) " (" (hold) " " (request.t("分钟", "minutes")) ")" }
            li { (request.t("支付后在“我的订单”中打开票，入园时出示正在更新的票码。", "After the payment open the ticket under “My orders” and show its live code at the gate.")) }
        } }))
        (card("when", request.t("什么时候可以预订", "When you can book"), html! {
            p { (request.t("最早提前预订天数：", "Bookings open so many days before: ")) (window.booking_days) }
            p { (request.t("时段结束前多少分钟停止售票：", "Sales end so many minutes before a slot ends: ")) (window.closes_before_end_minutes) }
        }))
        (card("senior", request.t("老年优惠", "Reduced prices by age"), html! {
            p { (request.t("年满 60 周岁半价，年满 65 周岁免费，以游览当日的年龄为准。优惠票由本人用自己的账号、凭居民身份证购买；我们经您同意后从人口信息库只读取出生日期，每次读取都可在城市门户“我的数据”中看到。", "Half price from 60, free from 65, by the age on the day of the visit. Buy a reduced ticket for yourself, with your own account and resident ID; with your consent we read the date of birth from the population database and nothing else; the city portal shows each read under “My data”.")) }
        }))
        (card("refund", request.t("退票", "Refunds"), html! {
            p { (request.t("没有使用的票可以逐张退，退多少按该票种的退票规则，订单的退票页上写明；票款原路退回。景区临时关闭时，受影响的票自动全额退款。", "Tickets that nobody has used can be given back one by one. What returns follows from the ticket's rules, which the order's page shows; the money goes back the way it came. When an attraction closes, what was paid for that day returns in full by itself.")) }
            p { (request.t("没有支付就过期的订单不收费。晚到的付款，名额仍在时补出票，否则自动退回；放弃订单后到账的付款一律退回。", "An order that expired unpaid costs nothing. Money that arrives late buys the tickets if places are left and goes back by itself if not; money for an order that you gave up always goes back.")) }
        }))
        (card("phone", request.t("没有手机的游客和儿童", "Visitors without a phone, and children"), html! {
            p { (request.t("手机号可以不填。没有手机的游客凭购票时填写的证件原件入园。儿童凭居民身份证号码核对年龄享受儿童票价；14 周岁以下儿童的信息，须由监护人确认同意后填写；持护照的游客请填写出生日期，只用于判断这一点，不保存。", "A mobile number may be left out. Without a phone, enter with the document that the ticket was bought with. A child's price is checked by its resident ID; the data of a child under 14 is taken with its guardian's consent. With a passport enter the date of birth: it only tells that, and is not kept.")) }
        }))
        (card("privacy", request.t("您的信息", "Your data"), html! {
            p { (request.t("证件号码只保存遮盖后的形式和一个不可还原的校验值。授权可以随时在城市门户撤回。", "Of a document's number we keep a masked form and a check value that cannot be turned back. Consent can be withdrawn on the city portal at any time.")) }
        }))
    };
    Ok(LAYOUT.page(request, &t("帮助", "Help"), body))
}
