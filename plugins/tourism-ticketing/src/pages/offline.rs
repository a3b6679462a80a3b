//! The gate's page for times without a network, and the department's look at what came back.
//!
//! The first is the one page with a script: it keeps the list and the scans in the tablet while
//! nothing can be asked of the city, and a worker keeps the page itself. Everything else works
//! without.

use super::{LAYOUT, answer};
use crate::domain::batch::{State, Verdict};
use crate::domain::time::local;
use crate::service::orders::{GATE, MANAGER};
use crate::service::{Refusal, catalogue, offline};
use crate::store::Batch;
use maud::{Markup, html};
use yunlong_sdk::page::{Column, badge, card, empty, notice, pager, table};
use yunlong_sdk::{Lang, Request, Response, Stored, Text, Tone, t, web};

/// `/gate/offline`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[GATE])?;
    answer(request, page(request))
}

/// What the script says, in the keeper's language.
const WORDS: [(&str, &str, &str); 18] = [
    ("admit", "可以入园", "Admitted"),
    ("refuse", "不能入园", "Not admitted"),
    ("unknown", "名单中没有这张票", "The ticket is not on the list"),
    ("used", "这张票已经用过", "The ticket was used already"),
    ("stale", "票码已过期，请出示正在更新的票码", "The code has expired: ask for the live one"),
    ("early", "还没到入园时间", "Too early"),
    ("late", "入园时间已过", "Too late"),
    ("malformed", "票码无效", "Not a valid code"),
    ("old", "名单已过期，请联网更新", "The list has expired: get another one"),
    ("ready", "名单已下载，可以离线验票。票数：", "The list is here; you can go on without a network. Tickets: "),
    ("failed", "没有网络。扫描记录仍保存在本机。", "No network. The scans are kept on this device."),
    ("kept", "扫描记录仍保存在本机。", "The scans are kept on this device."),
    (
        "session",
        "请在另一个窗口重新登录，再试一次。扫描记录仍保存在本机。",
        "Sign in again in another window and try again. The scans are kept on this device.",
    ),
    (
        "full",
        "本机存储空间不足，没有保存。请清理后重试。",
        "This device's storage is full; nothing was kept. Make room and try again.",
    ),
    ("judging", "，其余仍在核对。", "; the rest is being judged."),
    ("sent", "已上传。入园：", "Uploaded. Admitted: "),
    ("conflicts", "，需核查：", ", to look at: "),
    ("proof", "请核对优惠证件", "Check the proof for the reduced price"),
];

/// The documents that admit.
const KINDS: [(&str, &str, &str); 2] = [("resident-id", "居民身份证", "Resident ID"), ("passport", "护照", "Passport")];

/// `/gate/worker.js`: the package's own file, at an address below which the page lies. A worker
/// looks after no page outside its script's folder, and an asset's folder has none.
pub(super) fn worker(_: &Request) -> web::Result<Response> {
    let script = include_str!("../../assets/gate/worker.js");
    Ok(Response::new("text/javascript; charset=utf-8", script).header("cache-control", "no-cache"))
}

fn page(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let attractions = catalogue::attractions()?;
    let body = html! {
        p { (request.t("网络不稳时使用。先联网下载名单，再离线验票；恢复网络后上传。平板重启后，没有网络也能再打开本页。", "For times without a network. Get the list while there is one, go on without, and upload when it is back. After a restart of the tablet this page opens without a network, too.")) }
        noscript { (notice(Tone::Warn, request.t("此页需要 JavaScript。没有时请使用联网检票。", "This page needs JavaScript. Without it, use the gate's page with a network."))) }
        div #offline data-state="" hidden {
            @for (name, zh, en) in WORDS { span hidden data-word=(name) { (lang.pick(zh, en)) } }
            form #sheet {
                div.field {
                    label for="attraction" { (request.t("景区", "Attraction")) }
                    select #attraction required {
                        option value="" { (request.t("请选择", "Choose")) }
                        @for a in &attractions { option value=(a.id) { (a.name.get(lang)) } }
                    }
                }
                div.field {
                    label for="gate" { (request.t("检票口", "Gate")) }
                    input #gate type="text" maxlength="40" required;
                }
                div.field {
                    label for="device" { (request.t("设备（选填）", "Device (optional)")) }
                    input #device type="text" maxlength="60";
                }
                div.actions { button.secondary type="submit" { (request.t("下载名单", "Get the list")) } }
            }
            p #status role="status" {}
            form #scan autocomplete="off" {
                div.field {
                    label for="code" { (request.t("票码", "Code")) }
                    input #code type="text" autocapitalize="characters" spellcheck="false" required;
                }
                div.actions { button type="submit" { (request.t("验票", "Check")) } }
            }
            div #answer role="alert" {}
            details {
                summary { (request.t("没有手机：凭证件入园", "No phone: admit by the document")) }
                form #by-document autocomplete="off" {
                    div.field {
                        label for="kind" { (request.t("证件类型", "Document")) }
                        select #kind {
                            @for (value, zh, en) in KINDS { option value=(value) { (lang.pick(zh, en)) } }
                        }
                    }
                    div.field {
                        label for="number" { (request.t("证件号码", "Document's number")) }
                        input #number type="text" autocapitalize="characters" spellcheck="false" required;
                    }
                    div.actions { button.secondary type="submit" { (request.t("凭证件验票", "Check the document")) } }
                }
            }
            p { (request.t("未上传的记录：", "Scans to upload: ")) strong #waiting { "0" } }
            div.actions { button #upload.secondary type="button" { (request.t("上传", "Upload")) } }
        }
        p { a href="/gate" { (request.t("联网检票", "The gate with a network")) } }
        script src="/assets/gate/offline.js" defer {}
    };
    Ok(LAYOUT.page(request, &t("离线检票", "Gate without a network"), body))
}

/// `/sales/batches`: what came back, and what somebody has to look at.
pub(super) fn batches(request: &Request) -> web::Result<Response> {
    request.require_role(&[MANAGER])?;
    answer(request, list(request))
}

fn list(request: &Request) -> Result<Response, Refusal> {
    let lang = request.lang();
    let after = request.query_value("after");
    let at_start = after.is_none();
    let page = offline::batches(20, after)?;
    let conflicts: Vec<&Stored<Batch>> = page.items.iter().filter(|b| b.state == State::Conflict).collect();
    let body = html! {
        @if page.items.is_empty() && at_start { (empty(html! { p { (request.t("还没有离线批次。", "No gate has been without a network yet.")) } })) }
        @else {
            (table(request.t("离线批次", "Batches"), &[
                Column::new(request.t("上传时间", "Uploaded"), |b: &&Stored<Batch>| html! { (local(b.uploaded_at)) }),
                Column::new(request.t("检票口", "Gate"), |b: &&Stored<Batch>| html! { (b.gate) }),
                Column::new(request.t("扫描", "Scans"), |b: &&Stored<Batch>| html! { (b.scans.len()) }).numeric(),
                Column::new(request.t("入园", "Admitted"), |b: &&Stored<Batch>| html! { (b.judged.iter().filter(|j| !j.verdict.is_conflict()).count()) }).numeric(),
                Column::new(request.t("时钟偏差（分钟）", "Clock ahead (minutes)"), |b: &&Stored<Batch>| html! { (offline::minutes_off(b)) }).numeric(),
                Column::new(request.t("状态", "State"), |b: &&Stored<Batch>| state(lang, b.state)),
            ], page.items.iter()))
        }
        @for b in conflicts { (card(&format!("batch-{}", b.id), html! { (b.gate) " · " (local(b.uploaded_at)) }, conflict(lang, b))) }
        (pager(lang, "/sales/batches", &[], at_start, page.next.as_deref()))
    };
    Ok(LAYOUT.page(request, &t("离线检票记录", "Gates without a network"), body))
}

fn state(lang: Lang, state: State) -> Markup {
    match state {
        State::Uploaded => badge(Tone::Warn, lang.pick("核对中", "being judged")),
        State::Reconciled => badge(Tone::Ok, lang.pick("已核对", "reconciled")),
        State::Conflict => badge(Tone::Bad, lang.pick("需核查", "conflict")),
    }
}

fn conflict(lang: Lang, batch: &Batch) -> Markup {
    html! {
        ul {
            @for j in batch.judged.iter().filter(|j| j.verdict.is_conflict()) {
                li {
                    strong { (verdict(j.verdict).get(lang)) }
                    @if let Some(at) = j.at { " · " (local(at)) }
                    @if let Some(order) = &j.order { " · " a href={ "/orders/" (order) } { (order) } }
                    @if let (Some(at), Some(gate)) = (j.first_at, &j.first_gate) { " · " (lang.pick("首次入园：", "first admitted: ")) (local(at)) " " (gate) }
                }
            }
        }
    }
}

fn verdict(v: Verdict) -> Text {
    match v {
        Verdict::Admitted => t("入园", "admitted"),
        Verdict::Repeated => t("重复上传", "uploaded twice"),
        Verdict::NotGenuine => t("不是本系统的票码", "not a code of this system"),
        Verdict::TooOld => {
            t("上传太晚，无法自动核对，请人工核对", "uploaded too late to be checked: look at it by hand")
        }
        Verdict::Stale => t("过期票码（截图）", "an expired code (a screenshot)"),
        Verdict::AlreadyUsed => t("已在别处入园", "admitted elsewhere before"),
        Verdict::Refunded => t("已退的票", "given back"),
        Verdict::OtherAttraction => t("别处的票", "for another attraction"),
        Verdict::OtherTime => t("不在入园时间", "for another time"),
        Verdict::NotValid => t("无效的票", "not valid"),
    }
}
