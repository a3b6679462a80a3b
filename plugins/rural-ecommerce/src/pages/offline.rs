//! The station's page for times without a network: the one page with a script of its own. It keeps the
//! goods, and the orders until the city has them; a worker keeps the page itself.

use super::{LAYOUT, answer};
use crate::domain::station::CONSENT_TEXT;
use crate::service::access::STATION;
use crate::service::{Refusal, stations};
use maud::html;
use yunlong_sdk::page::notice;
use yunlong_sdk::{Request, Response, Tone, t, web};

/// What the script says, in the keeper's language.
const WORDS: [(&str, &str, &str); 14] = [
    ("ready", "商品目录已下载，可以离线代购。商品数：", "The goods are here; you can go on without a network. Goods: "),
    ("none", "请先联网下载商品目录。", "Get the list of goods first, while there is a network."),
    ("old", "商品目录已超过 7 天，请联网更新。", "The list of goods is over 7 days old: get it again."),
    (
        "kept",
        "订单已保存在本机，恢复网络后请同步。",
        "The order is kept on this device. Sync it once there is a network.",
    ),
    ("empty", "请至少选择一件商品。", "Choose at least one unit."),
    ("consent", "请先取得本人同意。", "The person must agree first."),
    ("failed", "没有网络。订单仍保存在本机。", "No network. The orders are kept on this device."),
    (
        "session",
        "请在另一个窗口重新登录，再同步。订单仍保存在本机。",
        "Sign in again in another window and sync again. The orders are kept on this device.",
    ),
    (
        "full",
        "本机存储空间不足，没有保存。请清理后重试。",
        "This device's storage is full; nothing was kept. Make room and try again.",
    ),
    ("sent", "已同步。成功：", "Synced. Placed: "),
    ("refused", "，未成功：", ", refused: "),
    ("pay", "去付款", "Pay"),
    ("remove", "删除", "Remove"),
    ("left", "库存", "in stock"),
];

/// `/station/worker.js`: the package's own file, at an address below which the page lies.
pub(super) fn worker(_: &Request) -> web::Result<Response> {
    let script = include_str!("../../assets/station/worker.js");
    Ok(Response::new("text/javascript; charset=utf-8", script).header("cache-control", "no-cache"))
}

/// `/station/offline`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[STATION])?;
    answer(request, page(request))
}

fn page(request: &Request) -> Result<Response, Refusal> {
    let (lang, mine) = (request.lang(), stations::mine(request.principal())?);
    let body = html! {
        p { (request.t("先联网下载商品目录，再离线代购；恢复网络后同步，每张订单只生效一次。价格或库存有变化的订单会退回，请核对后重新下单。", "Get the goods while there is a network, order without one, and sync when it is back: each order has its effect once. One whose price or stock has changed comes back: look at it and order again.")) }
        noscript { (notice(Tone::Warn, request.t("此页需要 JavaScript。没有时请使用联网代购。", "This page needs JavaScript. Without it, order with a network."))) }
        div #offline hidden {
            @for (name, zh, en) in WORDS { span hidden data-word=(name) { (lang.pick(zh, en)) } }
            form #catalogue {
                div.field {
                    label for="station" { (request.t("站点", "Station")) }
                    select #station required { @for s in &mine { option value=(s.id) data-village=(s.village) { (s.name.get(lang)) } } }
                }
                div.actions { button.secondary type="submit" { (request.t("下载商品目录", "Get the goods")) } }
            }
            p #status role="status" {}
            form #order autocomplete="off" {
                div.field { label for="find" { (request.t("找商品", "Find goods")) } input #find type="search"; }
                ul #goods {}
                div.field { label for="name" { (request.t("姓名", "Name")) } input #name type="text" maxlength="50" required; }
                div.field { label for="phone" { (request.t("手机号码（没有可不填）", "Mobile number (none is fine)")) } input #phone type="tel" maxlength="20"; }
                div.field { label for="address" { (request.t("详细地址（本村）", "Address (in this village)")) } input #address type="text" maxlength="120" required; }
                blockquote lang="zh-CN" { (CONSENT_TEXT) }
                div.field {
                    label for="consent" { (request.t("同意方式", "How they agreed")) }
                    select #consent {
                        option value="" { (request.t("还没有同意", "Not agreed yet")) }
                        option value="signature" { (request.t("签字", "signature")) }
                        option value="fingerprint" { (request.t("按手印", "fingerprint")) }
                        option value="witness" { (request.t("口头同意（有见证人）", "aloud, before a witness")) }
                    }
                }
                p { (request.t("合计：", "Total: ")) strong #total { "¥0.00" } }
                div.actions { button type="submit" { (request.t("保存订单", "Keep the order")) } }
            }
            h2 { (request.t("未同步的订单：", "Orders to sync: ")) span #waiting { "0" } }
            ul #queue {}
            div.actions { button #sync.secondary type="button" { (request.t("同步", "Sync")) } }
            ul #results {}
        }
        p { a href="/station" { (request.t("联网代购", "Order with a network")) } }
        script src="/assets/station/offline.js" defer {}
    };
    Ok(LAYOUT.page(request, &t("离线代购", "Without a network"), body))
}
