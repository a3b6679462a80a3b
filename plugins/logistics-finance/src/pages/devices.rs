//! Sensors: what is registered, the secret that is shown once, and what they saw.

use super::forms::{Ask, Field, Kind, first, submit};
use super::lists::{Col, Key, List, filed_number, filed_time, links, no_states};
use super::read::Read;
use super::{LAYOUT, Shown, facts, quantity, when};
use crate::domain::actor::{Actor, Role};
use crate::domain::sensor::{self, Device, Event, Method};
use crate::domain::time::local;
use crate::domain::warehouse::Unit;
use crate::service::sensors::{NewDevice, Registered};
use crate::service::{Refusal, sensors, warehouses, who};
use crate::views::gather;
use maud::{Markup, html};
use yunlong_sdk::page::{Column, badge, card, confirm, empty, notice, table};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Lang, Request, Response, Text, Tone, context, t};

/// The sensors of a warehouse.
static LIST: List<Device> = List {
    path: "/devices",
    title: t("仓库中的传感器", "Sensors in the warehouse"),
    sort: "number",
    states: no_states,
    state: |_| "",
    words: |d| vec![&d.id, &d.place],
    empty: t("还没有登记传感器。", "No sensor is registered yet."),
    beside: &[],
    columns: &[
        Col {
            key: "number",
            title: t("编号", "Number"),
            numeric: false,
            show: |d, _| html! { a href={ "/devices/" (d.id) } { (d.id) } },
            file: |d, _| Cell::from(d.id.as_str()),
            order: |d| Key::from(d.id.as_str()),
        },
        Col {
            key: "place",
            title: t("位置", "Where"),
            numeric: false,
            show: |d, _| html! { (d.place) },
            file: |d, _| Cell::from(d.place.as_str()),
            order: |d| Key::from(d.place.as_str()),
        },
        Col {
            key: "heard",
            title: t("最近读数", "Last heard"),
            numeric: false,
            show: |d, _| html! { (when(d.last_at)) },
            file: |d, _| filed_time(d.last_at),
            order: |d| Key::from(d.last_at.unwrap_or(0)),
        },
        Col {
            key: "missing",
            title: t("缺失序号", "Missing"),
            numeric: true,
            show: |d, _| html! { (d.missing()) },
            file: |d, _| filed_number(d.missing()),
            order: |d| Key::from(d.missing()),
        },
        Col {
            key: "state",
            title: t("状态", "State"),
            numeric: false,
            show: |d, lang| active(lang, d),
            file: |d, lang| Cell::from(active_word(lang, d)),
            order: |d| Key::from(u32::from(d.active)),
        },
    ],
};

/// The readings of a lot, as a file.
pub(super) static READINGS: List<Event> = List {
    path: "/sensor-events",
    title: t("传感器记录", "What sensors saw"),
    sort: "-received",
    states: no_states,
    state: |_| "",
    words: |e| vec![&e.id],
    empty: t("还没有读数。", "There are no readings yet."),
    beside: &[],
    columns: &[
        Col {
            key: "event",
            title: t("设备/序号", "Device/sequence"),
            numeric: false,
            show: |e, _| html! { (e.id) },
            file: |e, _| Cell::from(e.id.as_str()),
            order: |e| Key::from(e.id.as_str()),
        },
        Col {
            key: "kind",
            title: t("类型", "Kind"),
            numeric: false,
            show: |e, lang| html! { (kind_name(e.reading.kind).get(lang)) },
            file: |e, lang| Cell::from(kind_name(e.reading.kind).get(lang)),
            order: |e| Key::from(e.reading.kind.code()),
        },
        Col {
            key: "quantity",
            title: t("数量", "Quantity"),
            numeric: true,
            show: |e, _| html! { (e.reading.quantity) },
            file: |e, _| Cell::from(e.reading.quantity),
            order: |e| Key::from(e.reading.quantity),
        },
        Col {
            key: "unexplained",
            title: t("无单出库", "Without an order"),
            numeric: true,
            show: |e, _| html! { (e.unexplained) },
            file: |e, _| filed_number(e.unexplained),
            order: |e| Key::from(e.unexplained),
        },
        Col {
            key: "taken",
            title: t("采集时间", "Taken"),
            numeric: true,
            show: |e, _| html! { (local(e.reading.at)) },
            file: |e, _| filed_time(Some(e.reading.at)),
            order: |e| Key::from(e.reading.at),
        },
        Col {
            key: "received",
            title: t("收到时间", "Came"),
            numeric: true,
            show: |e, _| html! { (local(e.received_at)) },
            file: |e, _| filed_time(Some(e.received_at)),
            order: |e| Key::from(e.received_at),
        },
    ],
};

fn kind_name(kind: sensor::Kind) -> Text {
    match kind {
        sensor::Kind::Gate => t("门禁", "gate"),
        sensor::Kind::Stock => t("库存", "stock"),
        sensor::Kind::Heartbeat => t("心跳", "heartbeat"),
    }
}

/// Readings as a table, with what is wrong about them in words.
pub(super) fn readings(request: &Request, seen: &[Event], unit: Unit) -> Markup {
    let lang = request.lang();
    if seen.is_empty() {
        return empty(html! { p { (request.t("传感器还没有报来读数。", "No sensor has sent a reading yet.")) } });
    }
    let amount = move |q: i64| {
        let sign = if q < 0 { "−" } else { "" };
        format!("{sign}{}", quantity(lang, q.unsigned_abs(), unit))
    };
    let columns = [
        Column::new(request.t("收到时间", "Came"), |e: &&Event| html! { (local(e.received_at)) }),
        Column::new(request.t("设备", "Device"), |e: &&Event| html! { (e.reading.device) " #" (e.reading.sequence) }),
        Column::new(request.t("类型", "Kind"), move |e: &&Event| html! { (kind_name(e.reading.kind).get(lang)) }),
        Column::new(request.t("数量", "Quantity"), move |e: &&Event| html! { (amount(e.reading.quantity)) }).numeric(),
        Column::new(request.t("说明", "Notes"), move |e: &&Event| {
            html! {
                @if e.unexplained > 0 { (badge(Tone::Bad, lang.pick("无单出库 ", "without an order ").to_owned() + &quantity(lang, e.unexplained, unit))) " " }
                @if e.late { (badge(Tone::Warn, lang.pick("迟到", "late"))) " " span.muted { (lang.pick("采集于 ", "taken ")) (local(e.reading.at)) } }
                @if e.unexplained == 0 && !e.late { "—" }
            }
        }),
    ];
    table(request.t("最近的读数", "The latest readings"), &columns, seen.iter().take(50))
}

/// The sensors of a warehouse, on its page.
pub(super) fn of_warehouse(request: &Request, actor: &Actor, warehouse: &str) -> Result<Markup, Refusal> {
    let lang = request.lang();
    let devices = gather(|limit, after| sensors::devices(actor, warehouse, limit, after))?.items;
    Ok(html! {
        (LIST.table(lang, LIST.title.get(lang), &devices))
        @if !devices.is_empty() { (links(lang, &format!("/warehouses/{warehouse}/devices/file"))) }
    })
}

/// `/warehouses/{warehouse}/devices/file`.
pub(super) fn file(request: &Request) -> Shown {
    let (actor, warehouse) = (who()?, request.param("warehouse"));
    LIST.file(request, gather(|limit, after| sensors::devices(&actor, warehouse, limit, after))?)
}

fn active_word(lang: Lang, d: &Device) -> &'static str {
    if d.active { lang.pick("启用", "on") } else { lang.pick("停用", "off") }
}

fn active(lang: Lang, d: &Device) -> Markup {
    badge(if d.active { Tone::Ok } else { Tone::Info }, active_word(lang, d))
}

fn method_name(method: Method) -> Text {
    match method {
        Method::HmacSha256 => t("HMAC-SHA-256（本应用给出密钥）", "HMAC-SHA-256 (this app gives the secret)"),
        Method::EcdsaP256 => t("ECDSA P-256（设备自己的密钥）", "ECDSA over P-256 (the device's own key)"),
    }
}

/// `/devices/{device}`.
pub(super) fn detail(request: &Request) -> Shown {
    let actor = who()?;
    let d = sensors::device(&actor, request.param("device"))?;
    Ok(page(request, &actor, &d, None))
}

fn page(request: &Request, actor: &Actor, d: &Device, secret: Option<&str>) -> Response {
    let lang = request.lang();
    let gaps =
        html! { @if d.gaps.is_empty() { "—" } @for g in &d.gaps { (g.from) @if g.to > g.from { "–" (g.to) } " " } };
    let to = |step: &str| format!("/devices/{}/{step}", d.id);
    let body = html! {
        @if let Some(secret) = secret {
            (notice(Tone::Warn, html! {
                strong { (request.t("设备密钥，只显示这一次：", "The device's secret, shown this once:")) }
                p { code.secret { (secret) } }
                p { (request.t("请写入设备并妥善保管；遗失时在此换发。", "Put it into the device and keep it safe; if it is lost, have it renewed here.")) }
            }))
        }
        (card("facts", request.t("传感器", "The sensor"), facts(&[
            (request.t("位置", "Where"), html! { a href={ "/warehouses/" (d.warehouse) } { (super::warehouses::name(actor, lang, &d.warehouse)) } " · " (d.place) }),
            (request.t("签名方式", "How it signs"), html! { (method_name(d.method).get(lang)) }),
            (request.t("状态", "State"), active(lang, d)),
            (request.t("最近读数", "Last heard"), html! { (when(d.last_at)) " · #" (d.last_sequence) }),
            (request.t("缺失的序号", "Missing readings"), gaps),
        ])))
        (card("how", request.t("怎样报送", "How it sends"), html! {
            p { code { "POST " (context::installation().origin) "/api/sensor-events" } }
            p { (request.t("对以下文本签名，每行以换行符结束：版本行、设备、序号、类型、批次、数量、采集时间、发送时间（毫秒）。", "It signs this text, each line with a line feed: the version, device, sequence, kind, lot, quantity, when it was taken and when it is sent, in milliseconds.")) }
            pre.log tabindex="0" role="region" aria-label=(request.t("被签名的文本", "The text that is signed")) { "yunlong-sensor/1\n" (d.id) "\n1\ngate\nLT…\n-50000\n1795478400000\n1795478400000\n" }
            p.muted { (request.t("发送时间与服务器相差超过 5 分钟的被拒绝；同一序号重复报送只计一次。", "A sending more than five minutes from now is refused; the same reading sent again counts once.")) }
        }))
        @if actor.is_of(Role::Warehouse, &d.custodian) {
            (card("steps", request.t("办理", "What can be done"), html! {
                div.actions {
                    @if d.active { (confirm(&to("off"), request.t("停用", "Switch off"), &[])) } @else { (confirm(&to("on"), request.t("启用", "Switch on"), &[])) }
                    @if d.method == Method::HmacSha256 { (confirm(&to("renew"), request.t("换发密钥（旧密钥立即失效）", "Renew the secret (the old one is void at once)"), &[])) }
                }
            }))
        }
    };
    LAYOUT.page(request, &Text::new(format!("传感器 {}", d.id), format!("Sensor {}", d.id)), body)
}

/// `POST /devices/{device}/{step}`.
pub(super) fn step(request: &Request) -> Shown {
    let (actor, id) = (who()?, request.param("device"));
    match request.param("step") {
        "on" | "off" => {
            sensors::switch(&actor, id, request.param("step") == "on")?;
            Ok(Response::see_other(&format!("/devices/{id}")))
        }
        "renew" => {
            let Registered { device, secret } = sensors::renew_secret(&actor, id)?;
            Ok(page(request, &actor, &device, secret.as_deref()).header("cache-control", "no-store"))
        }
        _ => Err(Refusal::NotFound),
    }
}

/// `GET /warehouses/{warehouse}/device`.
pub(super) fn new(request: &Request) -> Shown {
    Ok(first(request, &form(request)?, &Form::new().with("method", "hmac-sha256")))
}

fn form(request: &Request) -> Result<Ask, Refusal> {
    let (actor, lang) = (who()?, request.lang());
    let w = warehouses::get(&actor, request.param("warehouse"))?;
    actor.needs_of(Role::Warehouse, &w.custodian)?;
    let methods = [("hmac-sha256", Method::HmacSha256), ("ecdsa-p256", Method::EcdsaP256)];
    let methods = methods.map(|(code, m)| (code.to_owned(), method_name(m).get(lang).to_owned())).to_vec();
    Ok(Ask {
        title: t("登记传感器", "Register a sensor"),
        action: format!("/warehouses/{}/device", w.id),
        back: format!("/warehouses/{}", w.id),
        intro: html! { p { (w.name.get(lang)) } },
        fields: vec![
            Field::text("place", t("安装位置", "Where it stands"))
                .hint(t("如 东门地磅", "Such as: the scale at the east gate")),
            Field::new("method", t("签名方式", "How it signs"), Kind::Choice(methods)),
            Field::new("public_key", t("设备公钥（仅 ECDSA）", "The device's public key (ECDSA alone)"), Kind::Area(3))
                .hint(t(
                    "未压缩的 P-256 公钥，十六进制，04 开头",
                    "An uncompressed P-256 point in hexadecimal, beginning with 04",
                )),
        ],
        submit: t("登记", "Register"),
    })
}

/// `POST /warehouses/{warehouse}/device`: the page with the secret is the answer, since it is told this once.
pub(super) fn register(request: &Request) -> Shown {
    let mut told = None;
    let answer = submit(
        request,
        || form(request),
        |typed| {
            let mut read = Read::of(typed);
            let method = read.choice("method", |code| match code {
                "hmac-sha256" => Some(Some(Method::HmacSha256)),
                "ecdsa-p256" => Some(Some(Method::EcdsaP256)),
                _ => None,
            });
            let (place, public_key) = (read.text("place"), read.text("public_key"));
            read.done()?;
            let Some(method) = method else { return Err(Refusal::NotFound) };
            let new = NewDevice { warehouse: request.param("warehouse").to_owned(), place, method, public_key };
            let registered = sensors::register(&who()?, &new)?;
            let location = format!("/devices/{}", registered.device.id);
            told = Some(registered);
            Ok(location)
        },
    )?;
    match told {
        Some(Registered { device, secret: Some(secret) }) => {
            Ok(page(request, &who()?, &device, Some(&secret)).header("cache-control", "no-store"))
        }
        _ => Ok(answer),
    }
}
