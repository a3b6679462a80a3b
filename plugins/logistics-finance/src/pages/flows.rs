//! Three flows side by side: goods, information, money, with what agrees and what is missing.

use super::forms::{Ask, Field, Kind, first, key, submit};
use super::lists::{Code, Col, Key, List, STATE, filed_fen, filed_state, filed_time, shown_state};
use super::party::{Named, party};
use super::read::{Read, quantity_hint};
use super::{LAYOUT, Shown, borrowers, code, facts, goods_and_quantity, quantity, receipts::link, state_badge, when};
use crate::domain::actor::{Actor, Role};
use crate::domain::flow::{Disagreement, Flow, State};
use crate::domain::money::yuan;
use crate::domain::time::local;
use crate::domain::warehouse::Unit;
use crate::service::flows::{NewFlow, NewPayment, Side};
use crate::service::refusal::{disagreement, state_name};
use crate::service::{Refusal, flows, quotes, who};
use crate::views::{self, Gathered, Part, gather};
use maud::{Markup, html};
use yunlong_sdk::page::{amount, badge, card, notice};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Form, Lang, Request, Text, Tone, t};

static LIST: List<Named<Flow>> = List {
    path: "/flows",
    title: t("三流", "Three flows"),
    sort: "-created",
    states: || State::ALL.map(State::code).to_vec(),
    state: |f| f.state.code(),
    words: |f| {
        vec![&f.id, &f.order.number, &f.buyer, f.word(&f.buyer), &f.seller, f.word(&f.seller), &f.bank, &f.order.goods]
    },
    empty: t(
        "还没有三流关联。卖方以订单建立。",
        "There are no links yet. The company that sells opens one for an order.",
    ),
    codes: &[
        Code { behind: "seller", title: t("卖方代码", "Seller's code"), of: |f| &f.seller },
        Code { behind: "buyer", title: t("买方代码", "Buyer's code"), of: |f| &f.buyer },
    ],
    columns: &[
        Col {
            key: "order",
            title: t("订单", "Order"),
            numeric: false,
            show: |f, _| html! { a href={ "/flows/" (f.id) } { (f.order.number) } },
            file: |f, _| Cell::from(f.order.number.as_str()),
            order: |f| Key::from(f.order.number.as_str()),
        },
        Col {
            key: "seller",
            title: t("卖方", "Seller"),
            numeric: false,
            show: |f, _| f.party(&f.seller),
            file: |f, _| f.filed(&f.seller),
            order: |f| Key::from(f.word(&f.seller)),
        },
        Col {
            key: "buyer",
            title: t("买方", "Buyer"),
            numeric: false,
            show: |f, _| f.party(&f.buyer),
            file: |f, _| f.filed(&f.buyer),
            order: |f| Key::from(f.word(&f.buyer)),
        },
        Col {
            key: "amount",
            title: t("金额", "Amount"),
            numeric: true,
            show: |f, _| amount(f.order.amount),
            file: |f, _| filed_fen(f.order.amount),
            order: |f| Key::from(f.order.amount),
        },
        Col {
            key: "missing",
            title: t("不一致", "Disagreements"),
            numeric: true,
            show: |f, lang| points(lang, f),
            file: |f, _| Cell::from(u32::try_from(f.disagreements().len()).unwrap_or(u32::MAX)),
            order: |f| Key::Number(f.disagreements().len() as i128),
        },
        Col {
            key: "state",
            title: STATE,
            numeric: false,
            show: |f, lang| shown_state(lang, f.state.code()),
            file: |f, lang| filed_state(lang, f.state.code()),
            order: |f| Key::from(f.state.code()),
        },
        Col {
            key: "created",
            title: t("建立时间", "Opened"),
            numeric: true,
            show: |f, _| html! { (local(f.created_at)) },
            file: |f, _| filed_time(Some(f.created_at)),
            order: |f| Key::from(f.created_at),
        },
    ],
};

fn points(lang: Lang, f: &Flow) -> Markup {
    match f.disagreements().len() {
        0 => badge(Tone::Ok, lang.pick("一致", "agree")),
        n => html! { (n) },
    }
}

fn rows(request: &Request, actor: &Actor) -> Result<Gathered<Named<Flow>>, Refusal> {
    let side = if request.query_value("part").as_deref() == Some("others") { Side::Buyer } else { Side::Seller };
    Ok(Named::all(gather(|limit, after| flows::list(actor, side, limit, after))?, |f| [&f.seller, &f.buyer]))
}

/// `/flows`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    let company = actor.is(Role::Manufacturer);
    let head = html! { @if company { div.actions.no-print { a role="button" href="/flows/new" { (request.t("建立三流关联", "Link an order's flows")) } } } };
    let parts = company.then(|| (t("本企业卖出", "Sold by us"), t("本企业买入", "Bought by us")));
    LIST.page(request, rows(request, &actor)?, &head, parts)
}

/// `/flows/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows(request, &who()?)?)
}

/// Which of the three flows a disagreement is about.
fn is_money(d: Disagreement) -> bool {
    matches!(d, Disagreement::NoPayment | Disagreement::OtherAmount | Disagreement::OtherParties)
}

/// The unit of goods by their price; kilograms where nobody has quoted one.
fn unit_of(actor: &Actor, goods: &str) -> Unit {
    quotes::get(actor, goods).map(|q| q.unit).unwrap_or_default()
}

/// `/flows/{flow}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let f = flows::get(&actor, request.param("flow"))?;
    let (of_money, of_goods): (Vec<_>, Vec<_>) = f.disagreements().into_iter().partition(|d| is_money(*d));
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已办理。", "Done."))) }
        p { (state_badge(lang, f.state.code())) }
        @if of_goods.is_empty() && of_money.is_empty() { (notice(Tone::Ok, request.t("货物、信息、资金三流一致。", "Goods, order and money agree."))) }
        @else { (notice(Tone::Warn, html! { strong { (request.t("三流不一致，资金不能释放，发票不能结清：", "The flows do not agree: no funds are released and no invoice settles.")) } ul { @for d in of_goods.iter().chain(&of_money) { li { (disagreement(*d).get(lang)) } } } })) }
        div.grid-wide {
            (card("information", request.t("信息流：订单", "Information: the order"), information(request, &actor, &f)))
            (card("goods", request.t("货物流：运单与仓单", "Goods: waybill and receipt"), goods(request, &actor, &f, &of_goods)))
            (card("money", request.t("资金流：付款", "Money: the payment"), money(request, &f, &of_money)))
        }
        (steps(request, &actor, &f))
    };
    Ok(LAYOUT.page(
        request,
        &Text::new(format!("三流 {}", f.order.number), format!("Flows of {}", f.order.number)),
        body,
    ))
}

fn information(request: &Request, actor: &Actor, f: &Flow) -> Markup {
    let lang = request.lang();
    facts(&[
        (request.t("订单号", "Number"), html! { strong { (f.order.number) } }),
        (request.t("卖方", "Seller"), party(&f.seller)),
        (request.t("买方", "Buyer"), party(&f.buyer)),
        (request.t("货物", "Goods"), goods_and_quantity(actor, lang, &f.order.goods, f.order.quantity)),
        (request.t("金额", "Amount"), amount(f.order.amount)),
        (request.t("资金银行", "The bank"), party(&f.bank)),
        (
            request.t("发票", "Invoice"),
            html! { @match &f.invoice { Some(n) => (n), None => (request.t("未结清", "not settled")) } },
        ),
    ])
}

fn goods(request: &Request, actor: &Actor, f: &Flow, open: &[Disagreement]) -> Markup {
    let (lang, unit) = (request.lang(), unit_of(actor, &f.order.goods));
    html! {
        h3 { (request.t("运单", "Waybill")) }
        @match &f.carried {
            Some(c) => (facts(&[
                (request.t("编号", "Number"), html! { a href={ "/waybills/" (c.waybill) } { (c.waybill) } }),
                (request.t("订单号", "Order"), html! { (c.order) }),
                (request.t("货物", "Goods"), html! { (c.goods) }),
                (request.t("签收数量", "Arrived"), html! { @match c.delivered { Some(n) => (quantity(lang, n, unit)), None => (request.t("未签收", "not signed for")) } }),
            ])),
            None => p.muted { (request.t("未关联", "not linked")) }
        }
        h3 { (request.t("仓单", "Receipt")) }
        @match &f.stored {
            Some(s) => (facts(&[
                (request.t("编号", "Number"), link(&s.receipt)),
                (request.t("持有人", "Holder"), party(&s.holder)),
                (request.t("货物", "Goods"), goods_and_quantity(actor, lang, &s.goods, s.quantity)),
            ])),
            None => p.muted { (request.t("未关联", "not linked")) }
        }
        (verdict(lang, open))
    }
}

fn money(request: &Request, f: &Flow, open: &[Disagreement]) -> Markup {
    html! {
        @match &f.paid {
            Some(p) => (facts(&[
                (request.t("银行流水号", "The bank's number"), code(&p.reference)),
                (request.t("付款方", "Who paid"), party(&p.payer)),
                (request.t("收款方", "Who was paid"), party(&p.payee)),
                (request.t("金额", "Amount"), amount(p.amount)),
                (request.t("时间", "When"), html! { (local(p.at)) }),
            ])),
            None => p.muted { (request.t("没有付款", "Nothing is paid")) }
        }
        p { (request.t("资金释放：", "Funds released: ")) (when(f.released_at)) }
        (verdict(request.lang(), open))
    }
}

/// What agrees with the order, or does not, in words.
fn verdict(lang: Lang, open: &[Disagreement]) -> Markup {
    html! {
        @if open.is_empty() { p { (badge(Tone::Ok, lang.pick("与订单一致", "agrees with the order"))) } }
        @else {
            p { (badge(Tone::Bad, lang.pick("不一致", "does not agree"))) }
            ul { @for d in open { li { (disagreement(*d).get(lang)) } } }
        }
    }
}

/// What is done with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Waybill,
    Receipt,
    Payment,
    Release,
    Settle,
}

impl Step {
    const ALL: [Self; 5] = [Self::Waybill, Self::Receipt, Self::Payment, Self::Release, Self::Settle];

    fn code(self) -> &'static str {
        match self {
            Self::Waybill => "waybill",
            Self::Receipt => "receipt",
            Self::Payment => "payment",
            Self::Release => "release",
            Self::Settle => "settle",
        }
    }

    fn name(self) -> Text {
        match self {
            Self::Waybill => t("关联运单", "Link a waybill"),
            Self::Receipt => t("关联仓单", "Link a receipt"),
            Self::Payment => t("确认付款", "Confirm the payment"),
            Self::Release => t("释放资金", "Release the funds"),
            Self::Settle => t("结清发票", "Settle the invoice"),
        }
    }

    fn told(self) -> Text {
        match self {
            Self::Waybill => {
                t("本企业托运的运单；签收后数量自动更新。", "A waybill of your own; what arrives is kept up to date.")
            }
            Self::Receipt => t(
                "本企业持有的仓单；已转让给买方的由买方关联。",
                "A receipt that your company holds; the buyer links one that is the buyer's already.",
            ),
            Self::Payment => t(
                "按银行流水确认付款。确认人不能释放资金。",
                "Under the bank's own number. Whoever confirms it does not release the funds.",
            ),
            Self::Release => t(
                "三流一致时释放资金。此后关联的内容不再变动。",
                "When all flows agree. What they rest on stays as it is from then on.",
            ),
            Self::Settle => t("资金释放后结清发票。", "Once the funds are released."),
        }
    }

    fn is_for(self, actor: &Actor, f: &Flow) -> bool {
        let (seller, bank) = (actor.is_of(Role::Manufacturer, &f.seller), actor.is_of(Role::Bank, &f.bank));
        match self {
            Self::Waybill => seller && f.state == State::Open,
            Self::Receipt => (seller || actor.is_of(Role::Manufacturer, &f.buyer)) && f.state == State::Open,
            Self::Payment | Self::Release => bank && f.state == State::Open,
            Self::Settle => seller && f.state != State::Settled,
        }
    }
}

fn steps(request: &Request, actor: &Actor, f: &Flow) -> Markup {
    let offered: Vec<Step> = Step::ALL.into_iter().filter(|s| s.is_for(actor, f)).collect();
    card(
        "steps",
        request.t("办理", "What can be done"),
        html! {
            @if offered.is_empty() { p.muted { (request.t("现在没有您可以办理的。", "There is nothing for you to do now.")) } }
            div.actions { @for s in offered { a.outline role="button" href={ "/flows/" (f.id) "/" (s.code()) } { (s.name().get(request.lang())) } } }
        },
    )
}

fn step_of(request: &Request) -> Result<Step, Refusal> {
    Step::ALL.into_iter().find(|s| s.code() == request.param("step")).ok_or(Refusal::NotFound)
}

/// `GET /flows/{flow}/{step}`.
pub(super) fn ask(request: &Request) -> Shown {
    let step = step_of(request)?;
    let f = flows::get(&who()?, request.param("flow"))?;
    let form = match step {
        Step::Payment => {
            Form::new().with("payer", &*f.buyer).with("payee", &*f.seller).with("amount", yuan(f.order.amount))
        }
        _ => Form::new(),
    };
    Ok(first(request, &form_of(request, step)?, &form))
}

fn form_of(request: &Request, step: Step) -> Result<Ask, Refusal> {
    let (actor, lang) = (who()?, request.lang());
    let f = flows::get(&actor, request.param("flow"))?;
    let fields = match step {
        Step::Waybill => {
            let own = views::waybills(&actor, Part::First)?.items;
            let words = |w: &crate::domain::freight::Waybill| {
                format!("{} · {} · {}", w.id, w.order, state_name(w.state.code()).get(lang))
            };
            vec![Field::new(
                "waybill",
                t("运单", "Waybill"),
                Kind::Choice(own.iter().map(|w| (w.id.clone(), words(w))).collect()),
            )]
        }
        Step::Receipt => vec![Field::text("receipt", t("仓单编号", "The receipt's number"))],
        Step::Payment => vec![
            Field::text("bank_reference", t("银行流水号", "The bank's number")),
            Field::text("payer", t("付款方（统一社会信用代码）", "Who paid (unified social credit code)")),
            Field::text("payee", t("收款方（统一社会信用代码）", "Who was paid (unified social credit code)")),
            Field::text("amount", t("金额（元）", "Amount (yuan)")),
        ],
        Step::Release => Vec::new(),
        Step::Settle => vec![Field::text("invoice", t("发票号码", "The invoice's number"))],
    };
    let (name, number) = (step.name(), &f.order.number);
    Ok(Ask {
        title: Text::new(format!("{} {number}", name.zh), format!("{}: {number}", name.en)),
        action: format!("/flows/{}/{}", f.id, step.code()),
        back: format!("/flows/{}", f.id),
        intro: html! { p { (step.told().get(lang)) } },
        fields,
        submit: name,
    })
}

/// `POST /flows/{flow}/{step}`.
pub(super) fn take(request: &Request) -> Shown {
    let step = step_of(request)?;
    submit(
        request,
        || form_of(request, step),
        |form| {
            let (actor, id) = (who()?, request.param("flow"));
            let mut read = Read::of(form);
            match step {
                Step::Waybill => flows::link_waybill(&actor, id, read.text("waybill").trim()).map(drop)?,
                Step::Receipt => flows::link_receipt(&actor, id, read.text("receipt").trim()).map(drop)?,
                Step::Payment => {
                    let new = NewPayment {
                        bank_reference: read.text("bank_reference"),
                        payer: read.text("payer"),
                        payee: read.text("payee"),
                        amount: read.fen("amount"),
                    };
                    read.done()?;
                    flows::confirm_payment(&actor, id, &new)?;
                }
                Step::Release => flows::release_funds(&actor, id).map(drop)?,
                Step::Settle => flows::settle(&actor, id, &read.text("invoice")).map(drop)?,
            }
            Ok(format!("/flows/{id}?done=1"))
        },
    )
}

/// `GET /flows/new`.
pub(super) fn new(request: &Request) -> Shown {
    Ok(first(request, &new_form(request)?, &Form::new()))
}

fn new_form(request: &Request) -> Result<Ask, Refusal> {
    let (actor, lang) = (who()?, request.lang());
    actor.needs(Role::Manufacturer)?;
    let goods = gather(|limit, after| quotes::list(&actor, limit, after))?.items;
    let goods = goods.iter().map(|q| (q.goods.clone(), format!("{} · {}", q.name.get(lang), q.goods))).collect();
    let banks: Vec<String> = borrowers::banks(&actor)?.0.into_iter().map(|b| b.bank).collect();
    Ok(Ask {
        title: t("建立三流关联", "Link an order's flows"),
        action: "/flows/new".into(),
        back: "/flows".into(),
        intro: html! { p { (request.t("以本企业卖出的订单建立，再关联运单、仓单；银行确认付款，三流一致后释放资金。", "For an order that your company sells. Then link the waybill and the receipt; the bank confirms the payment, and releases the funds when all agree.")) } },
        fields: vec![
            Field::text("number", t("订单号", "The order's number")),
            Field::text("buyer", t("买方（统一社会信用代码）", "Buyer (unified social credit code)")),
            Field::text("bank", t("资金银行（组织代码）", "The bank (organization)")).hint(Text::new(
                format!("为贵企业建档的银行：{}", banks.join("、")),
                format!("Banks with a file of your company: {}", banks.join(", ")),
            )),
            Field::new("goods", t("货物", "Goods"), Kind::Choice(goods)),
            Field::text("quantity", t("数量", "Quantity")).hint(quantity_hint(Unit::Kilogram)),
            Field::text("amount", t("金额（元）", "Amount (yuan)")),
        ],
        submit: t("建立", "Open"),
    })
}

/// `POST /flows/new`.
pub(super) fn open(request: &Request) -> Shown {
    submit(
        request,
        || new_form(request),
        |form| {
            let actor = who()?;
            let mut read = Read::of(form);
            let goods = read.text("goods");
            let unit = unit_of(&actor, goods.trim());
            let new = NewFlow {
                number: read.text("number"),
                buyer: read.text("buyer"),
                bank: read.text("bank"),
                quantity: read.quantity("quantity", unit),
                goods,
                amount: read.fen("amount"),
            };
            read.done()?;
            Ok(format!("/flows/{}?done=1", flows::open(&actor, key(form), &new)?.id))
        },
    )
}
