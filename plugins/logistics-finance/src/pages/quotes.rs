//! Prices of goods, and how they went.

use super::forms::{Ask, Field, Kind, first, submit};
use super::lists::{Col, Key, List, filed_fen, filed_time, links, no_states};
use super::read::Read;
use super::{LAYOUT, Shown, facts, priced_by};
use crate::domain::actor::Role;
use crate::domain::quote::Quote;
use crate::domain::time::{DAY, Date, local};
use crate::domain::warehouse::Unit;
use crate::policy;
use crate::service::quotes::NewQuote;
use crate::service::refusal::unit_name;
use crate::service::{Refusal, now, quotes, who};
use crate::store::PastQuote;
use crate::views::gather;
use maud::{Markup, html};
use yunlong_sdk::page::{Chart, Quantity, amount, badge, card, chart, notice};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Lang, Request, Tone, t};

/// How many prices a chart goes back.
const DRAWN: usize = 60;
/// How many prices stand on a page; its files have all.
const TABLED: usize = 200;

static LIST: List<Quote> = List {
    path: "/quotes",
    title: t("价格", "Prices"),
    sort: "name",
    states: no_states,
    state: |_| "",
    words: |q| vec![&q.goods, &q.name.zh, &q.name.en, &q.source],
    empty: t("还没有发布价格。由监管人员发布。", "No price is published yet. A regulator publishes them."),
    beside: &[],
    columns: &[
        Col {
            key: "name",
            title: t("货物", "Goods"),
            numeric: false,
            show: |q, lang| html! { a href={ "/quotes/" (q.goods) } { (q.name.get(lang)) } },
            file: |q, lang| Cell::from(q.name.get(lang)),
            order: |q| Key::from(&*q.name.zh),
        },
        Col {
            key: "goods",
            title: t("代码", "Code"),
            numeric: false,
            show: |q, _| super::code(&q.goods),
            file: |q, _| Cell::from(q.goods.as_str()),
            order: |q| Key::from(q.goods.as_str()),
        },
        Col {
            key: "price",
            title: t("价格", "Price"),
            numeric: true,
            show: |q, lang| html! { (amount(q.price)) " " span.muted { (priced_by(q.unit).get(lang)) } },
            file: |q, _| filed_fen(q.price),
            order: |q| Key::from(q.price),
        },
        Col {
            key: "source",
            title: t("来源", "Source"),
            numeric: false,
            show: |q, _| html! { (q.source) },
            file: |q, _| Cell::from(q.source.as_str()),
            order: |q| Key::from(q.source.as_str()),
        },
        Col {
            key: "at",
            title: t("发布时间", "Since"),
            numeric: true,
            show: |q, lang| html! { (local(q.at)) (too_old(lang, q)) },
            file: |q, _| filed_time(Some(q.at)),
            order: |q| Key::from(q.at),
        },
    ],
};

/// How the price of goods went.
static PAST: List<PastQuote> = List {
    path: "/prices",
    title: t("历次价格", "All prices"),
    sort: "-at",
    states: no_states,
    state: |_| "",
    words: |p| vec![&p.source],
    empty: t("还没有价格。", "There are no prices yet."),
    beside: &[],
    columns: &[
        Col {
            key: "at",
            title: t("发布时间", "Since"),
            numeric: false,
            show: |p, _| html! { (local(p.at)) },
            file: |p, _| filed_time(Some(p.at)),
            order: |p| Key::from(p.at),
        },
        Col {
            key: "price",
            title: t("价格", "Price"),
            numeric: true,
            show: |p, _| amount(p.price),
            file: |p, _| filed_fen(p.price),
            order: |p| Key::from(p.price),
        },
        Col {
            key: "source",
            title: t("来源", "Source"),
            numeric: false,
            show: |p, _| html! { (p.source) },
            file: |p, _| Cell::from(p.source.as_str()),
            order: |p| Key::from(p.source.as_str()),
        },
    ],
};

/// A word where a price is too old to lend on.
fn too_old(lang: Lang, q: &Quote) -> Markup {
    let days = policy::limits().map(|l| i64::from(l.price_days)).unwrap_or(i64::from(u16::MAX));
    html! { @if now() - q.at > days * DAY { " " (badge(Tone::Warn, lang.pick("已过有效期", "too old"))) } }
}

/// `/quotes`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    let head = html! { @if actor.is(Role::Regulator) { div.actions.no-print { a role="button" href="/quotes/new" { (request.t("发布价格", "Publish a price")) } } } };
    LIST.page(request, gather(|limit, after| quotes::list(&actor, limit, after))?, &head, None)
}

/// `/quotes/file`.
pub(super) fn file(request: &Request) -> Shown {
    let actor = who()?;
    LIST.file(request, gather(|limit, after| quotes::list(&actor, limit, after))?)
}

/// `/quotes/{goods}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let q = quotes::get(&actor, request.param("goods"))?;
    let past = gather(|limit, after| quotes::history(&actor, &q.goods, limit, after))?.items;
    let mut drawn = Chart::line(request.t("价格走势", "How the price went"), request.t("日期", "Day"))
        .unit(request.t("元", "yuan"))
        .series(priced_by(q.unit).get(lang));
    for p in past.iter().take(DRAWN).rev() {
        drawn = drawn.row(Date::at(p.at).to_string(), [Quantity::fen(i64::try_from(p.price).unwrap_or(i64::MAX))]);
    }
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已发布；有关贷款会按新价格重新估值。", "Published; loans on these goods are valued anew."))) }
        (card("now", request.t("现价", "The price now"), facts(&[
            (request.t("价格", "Price"), html! { strong { (amount(q.price)) } " " (priced_by(q.unit).get(lang)) (too_old(lang, &q)) }),
            (request.t("来源", "Source"), html! { (q.source) }),
            (request.t("发布时间", "Since"), html! { (local(q.at)) }),
        ])))
        (chart(lang, &drawn.source(request.t("本应用发布的价格", "Prices published here"))))
        (PAST.table(lang, PAST.title.get(lang), &past[..past.len().min(TABLED)]))
        (links(lang, &format!("/quotes/{}/file", q.goods)))
    };
    Ok(LAYOUT.page(request, &q.name, body))
}

/// `/quotes/{goods}/file`: all prices of the goods.
pub(super) fn past_file(request: &Request) -> Shown {
    let actor = who()?;
    let q = quotes::get(&actor, request.param("goods"))?;
    PAST.file(request, gather(|limit, after| quotes::history(&actor, &q.goods, limit, after))?)
}

/// `GET /quotes/new`.
pub(super) fn new(request: &Request) -> Shown {
    let form = match request.query_value("goods") {
        Some(goods) => {
            let q = quotes::get(&who()?, &goods)?;
            Form::new()
                .with("goods", q.goods)
                .with("name", q.name.zh)
                .with("name_en", q.name.en)
                .with("unit", q.unit.code())
                .with("source", q.source)
        }
        None => Form::new().with("unit", Unit::Kilogram.code()),
    };
    Ok(first(request, &ask(request)?, &form))
}

fn ask(request: &Request) -> Result<Ask, Refusal> {
    who()?.needs(Role::Regulator)?;
    let lang = request.lang();
    let units = Unit::ALL
        .map(|u| (u.code().to_owned(), format!("{} · {}", unit_name(u).get(lang), priced_by(u).get(lang))))
        .to_vec();
    Ok(Ask {
        title: t("发布价格", "Publish a price"),
        action: "/quotes/new".into(),
        back: "/quotes".into(),
        intro: html! { p { (request.t("发布后立即用于估值；质物价值不足的贷款会收到追加要求。", "It holds at once: loans whose goods are worth too little get a margin call.")) } },
        fields: vec![
            Field::text("goods", t("货物代码", "Goods by their code")).hint(t("如 coal-5500", "Such as coal-5500")),
            Field::text("name", t("货物名称", "What they are called")),
            Field::text("name_en", t("英文名称（选填）", "In English (optional)")),
            Field::new("unit", t("计价单位", "Unit"), Kind::Choice(units)),
            Field::text("price", t("价格（元）", "Price (yuan)")),
            Field::text("source", t("来源", "Source"))
                .hint(t("如 煤炭交易中心周度均价", "Such as: weekly mean of the coal exchange")),
        ],
        submit: t("发布", "Publish"),
    })
}

/// `POST /quotes/new`.
pub(super) fn publish(request: &Request) -> Shown {
    submit(
        request,
        || ask(request),
        |typed| {
            let mut read = Read::of(typed);
            let new = NewQuote {
                goods: read.text("goods"),
                name: read.text("name"),
                name_en: read.text("name_en"),
                unit: read.choice("unit", |code| Unit::ALL.into_iter().find(|u| u.code() == code)),
                price: read.fen("price"),
                source: read.text("source"),
            };
            read.done()?;
            Ok(format!("/quotes/{}?done=1", quotes::publish(&who()?, &new)?.goods))
        },
    )
}
