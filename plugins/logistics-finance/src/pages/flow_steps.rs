//! What is done with a link of three flows, step by step.

use super::flows::unit_of;
use super::forms::{Ask, Field, Kind, first, key, submit};
use super::read::{Read, quantity_hint};
use super::steps::Step as _;
use super::{Shown, borrowers, steps};
use crate::domain::actor::{Actor, Role};
use crate::domain::flow::{Flow, State};
use crate::domain::warehouse::Unit;
use crate::service::flows::{NewFlow, NewPayment};
use crate::service::refusal::state_name;
use crate::service::{Refusal, flows, quotes, who};
use crate::views::{self, Part, gather};
use maud::{Markup, html};
use yunlong_sdk::money::yuan;
use yunlong_sdk::{Form, Request, Text, t};

/// What is done with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Waybill,
    Receipt,
    Payment,
    Release,
    Settle,
}

impl steps::Step for Step {
    const ALL: &'static [Self] = &[Self::Waybill, Self::Receipt, Self::Payment, Self::Release, Self::Settle];

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
}

impl Step {
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

/// The card of steps on a link's page.
pub(super) fn offered_steps(request: &Request, actor: &Actor, f: &Flow) -> Markup {
    steps::offered(request, &format!("/flows/{}", f.id), |s: Step| s.is_for(actor, f))
}

/// `GET /flows/{flow}/{step}`.
pub(super) fn ask(request: &Request) -> Shown {
    let step = steps::named(request)?;
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
    let step = steps::named(request)?;
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
