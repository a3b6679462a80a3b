//! What a carrier does with a waybill.

use super::forms::{Ask, Field, Kind, first, submit};
use super::read::Read;
use super::steps::Step as _;
use super::waybills::reason_name;
use super::{Shown, facts, grouped, state_badge, steps};
use crate::domain::actor::{Actor, Role};
use crate::domain::freight::{Reason, State, Waybill};
use crate::service::{Refusal, freight, who};
use maud::{Markup, html};
use yunlong_sdk::{Form, Request, Text, t};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Load,
    Depart,
    Deliver,
    Sign,
    Exception,
    Parcel,
}

impl steps::Step for Step {
    const ALL: &'static [Self] = &[Self::Load, Self::Depart, Self::Deliver, Self::Sign, Self::Parcel, Self::Exception];

    fn code(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Depart => "depart",
            Self::Deliver => "deliver",
            Self::Sign => "sign",
            Self::Exception => "exception",
            Self::Parcel => "parcel",
        }
    }

    fn name(self) -> Text {
        match self {
            Self::Load => t("装车", "Load"),
            Self::Depart => t("发车", "Depart"),
            Self::Deliver => t("送达", "Deliver"),
            Self::Sign => t("登记签收", "Enter the proof of delivery"),
            Self::Exception => t("报告整单异常", "Report the whole as gone wrong"),
            Self::Parcel => t("报告包裹异常", "Report a parcel"),
        }
    }
}

impl Step {
    fn may(self, actor: &Actor, w: &Waybill) -> bool {
        let next = |s: State| w.next().contains(&s);
        actor.is_of(Role::Carrier, &w.carrier)
            && match self {
                Self::Load => next(State::Loaded),
                Self::Depart => next(State::InTransit),
                Self::Deliver => next(State::Delivered),
                Self::Sign => w.state == State::Delivered,
                Self::Exception => next(State::Exception),
                Self::Parcel => w.parcels.iter().any(|p| w.next_of(p).contains(&State::Exception)),
            }
    }
}

/// The card of steps on a waybill's page.
pub(super) fn offered(request: &Request, actor: &Actor, w: &Waybill) -> Markup {
    steps::offered(request, &format!("/waybills/{}", w.id), |s: Step| s.may(actor, w))
}

/// `GET /waybills/{waybill}/{step}`.
pub(super) fn ask(request: &Request) -> Shown {
    let step = steps::named(request)?;
    let w = freight::waybill(&who()?, request.param("waybill"))?;
    let form = if step == Step::Sign { Form::new().with("quantity", w.quantity.to_string()) } else { Form::new() };
    Ok(first(request, &form_of(request, step)?, &form))
}

fn form_of(request: &Request, step: Step) -> Result<Ask, Refusal> {
    let lang = request.lang();
    let w = freight::waybill(&who()?, request.param("waybill"))?;
    let reasons = Reason::ALL.map(|r| (r.code().to_owned(), reason_name(r).get(lang).to_owned())).to_vec();
    let reason = Field::new("reason", t("原因", "What went wrong"), Kind::Choice(reasons));
    let fields = match step {
        Step::Load => vec![
            Field::text("vehicle", t("车牌", "Vehicle's plate")),
            Field::text("driver", t("驾驶员工号", "Driver's number"))
                .hint(t("承运人内部工号，不写姓名", "The carrier's own number, no name")),
        ],
        Step::Sign => vec![
            Field::text("received_by", t("签收单位或部门", "Received at"))
                .hint(t("不写人名", "Without anybody's name")),
            Field::text("document", t("凭证编号", "The paper's number")),
            Field::text("quantity", t("签收数量", "What arrived"))
                .hint(t("货物的最小单位；包裹填件数", "In the smallest unit of the goods; of parcels how many")),
        ],
        Step::Exception => vec![reason],
        Step::Parcel => {
            let parcels = w.parcels.iter().map(|p| (p.parcel.clone(), format!("{} · {}", p.parcel, p.goods))).collect();
            vec![Field::new("parcel", t("包裹", "Parcel"), Kind::Choice(parcels)), reason]
        }
        Step::Depart | Step::Deliver => Vec::new(),
    };
    let name = step.name();
    Ok(Ask {
        title: Text::new(format!("{} {}", name.zh, w.id), format!("{}: {}", name.en, w.id)),
        action: format!("/waybills/{}/{}", w.id, step.code()),
        back: format!("/waybills/{}", w.id),
        intro: html! {
            @if matches!(step, Step::Exception | Step::Parcel) { p { (request.t("丢失、破损和拒收不能撤回；委托方会立即得知。延误的可以继续运输。", "Lost, damaged and refused stay so, and whoever sent it is told at once. What is late goes on.")) } }
            (facts(&[(request.t("货物", "Goods"), html! { (w.goods) " · " (grouped(w.quantity)) }), (request.t("状态", "State"), state_badge(lang, w.state.code()))]))
        },
        fields,
        submit: name,
    })
}

fn reason_of(code: &str) -> Option<Option<Reason>> {
    Reason::ALL.into_iter().find(|r| r.code() == code).map(Some)
}

/// `POST /waybills/{waybill}/{step}`.
pub(super) fn take(request: &Request) -> Shown {
    let step = steps::named(request)?;
    submit(
        request,
        || form_of(request, step),
        |form| {
            let (actor, id) = (who()?, request.param("waybill"));
            let mut read = Read::of(form);
            match step {
                Step::Load => freight::load(&actor, id, &read.text("vehicle"), &read.text("driver"))?,
                Step::Depart => freight::advance(&actor, id, State::InTransit, None)?,
                Step::Deliver => freight::advance(&actor, id, State::Delivered, None)?,
                Step::Sign => {
                    let quantity = read.number("quantity");
                    let (received_by, document) = (read.text("received_by"), read.text("document"));
                    read.done()?;
                    freight::sign(&actor, id, &received_by, &document, quantity)?
                }
                Step::Exception => {
                    let reason = read.choice("reason", reason_of);
                    read.done()?;
                    freight::advance(&actor, id, State::Exception, reason)?
                }
                Step::Parcel => {
                    let (parcel, reason) = (read.text("parcel"), read.choice("reason", reason_of));
                    read.done()?;
                    let Some(reason) = reason else { return Err(Refusal::NotFound) };
                    freight::parcel_exception(&actor, id, &parcel, reason)?
                }
            };
            Ok(format!("/waybills/{id}?done=1"))
        },
    )
}
