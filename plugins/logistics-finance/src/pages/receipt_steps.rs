//! What is done with receipts, step by step.

use super::forms::{Ask, Field, Kind, first, key, submit};
use super::read::{Read, quantity_hint, typed};
use super::{Shown, facts, quantity};
use crate::domain::actor::{Actor, Role};
use crate::domain::receipt::{Receipt, State, Step};
use crate::domain::warehouse::Lot;
use crate::service::receipts::NewReceipt;
use crate::service::refusal::step_name;
use crate::service::{Refusal, receipts, warehouses, who};
use crate::views::{self, Part};
use maud::html;
use yunlong_sdk::{Form, Request, Text, t};

/// `GET /lots/{lot}/issue`.
pub(super) fn new(request: &Request) -> Shown {
    let (ask, lot) = new_form(request)?;
    let form =
        Form::new().with("quantity", typed(lot.free(), lot.unit)).with("holder", &*lot.owner).with("how", "issue");
    Ok(first(request, &ask, &form))
}

fn new_form(request: &Request) -> Result<(Ask, Lot), Refusal> {
    let (actor, lang) = (who()?, request.lang());
    let lot = warehouses::lot(&actor, request.param("lot"))?;
    actor.needs_of(Role::Warehouse, &lot.custodian)?;
    let how = vec![
        ("issue".to_owned(), request.t("直接签发", "Issue at once").to_owned()),
        ("draft".to_owned(), request.t("先存为草稿", "Keep as a draft").to_owned()),
    ];
    let ask = Ask {
        title: t("签发仓单", "Issue a receipt"),
        action: format!("/lots/{}/issue", lot.id),
        back: format!("/lots/{}", lot.id),
        intro: facts(&[
            (request.t("批次", "Lot"), html! { (lot.id) " · " (lot.goods_name.get(lang)) " · " (lot.spec) }),
            (request.t("在库", "In store"), html! { (quantity(lang, lot.quantity, lot.unit)) }),
            (request.t("还可开具", "Left for receipts"), html! { strong { (quantity(lang, lot.free(), lot.unit)) } }),
        ]),
        fields: vec![
            Field::text("quantity", t("数量", "Quantity")).hint(quantity_hint(lot.unit)),
            Field::text("holder", t("持有人（统一社会信用代码）", "Holder (unified social credit code)")),
            Field::new("how", t("方式", "How"), Kind::Choice(how)),
        ],
        submit: t("提交", "Submit"),
    };
    Ok((ask, lot))
}

/// `POST /lots/{lot}/issue`.
pub(super) fn issue_new(request: &Request) -> Shown {
    submit(
        request,
        || Ok(new_form(request)?.0),
        |form| {
            let actor = who()?;
            let lot = warehouses::lot(&actor, request.param("lot"))?;
            let mut read = Read::of(form);
            let new = NewReceipt {
                lot: lot.id.clone(),
                quantity: read.quantity("quantity", lot.unit),
                holder: read.optional("holder"),
            };
            read.done()?;
            let made = if form.value("how") == "draft" {
                receipts::draft(&actor, key(form), &new)
            } else {
                receipts::issue_new(&actor, key(form), &new)
            };
            Ok(format!("/receipts/{}?done=1", made?.id))
        },
    )
}

/// `GET /receipts/merge`.
pub(super) fn ask_merge(request: &Request) -> Shown {
    let chosen = request.query_value("receipt").unwrap_or_default();
    Ok(first(request, &merge_form(request)?, &Form::new().with("receipts", chosen)))
}

/// The receipts that a company may pledge or merge, to tick.
pub(super) fn free_receipts(request: &Request, actor: &Actor) -> Result<Vec<(String, String)>, Refusal> {
    let lang = request.lang();
    let free =
        views::receipts(actor, Part::First)?.only(|r| r.state == State::Issued && r.holder == actor.organization);
    let words = |r: &Receipt| {
        format!(
            "{} · {} {} · {} · {} {}",
            r.id,
            r.goods_name.get(lang),
            r.spec,
            quantity(lang, r.quantity, r.unit),
            lang.pick("批次", "lot"),
            r.lot
        )
    };
    Ok(free.items.iter().map(|r| (r.id.clone(), words(r))).collect())
}

fn merge_form(request: &Request) -> Result<Ask, Refusal> {
    let actor = who()?;
    actor.needs(Role::Manufacturer)?;
    Ok(Ask {
        title: t("合并仓单", "Merge receipts"),
        action: "/receipts/merge".into(),
        back: "/receipts".into(),
        intro: html! { p { (request.t("同一批次、同一持有人的仓单可以合并为一张，数量相加；原仓单注销。", "Receipts of one lot and holder become one, of their sum; the old ones end.")) } },
        fields: vec![Field::new(
            "receipts",
            t("要合并的仓单（至少两张）", "Receipts to merge (two at least)"),
            Kind::Ticks(free_receipts(request, &actor)?),
        )],
        submit: t("合并", "Merge"),
    })
}

/// `POST /receipts/merge`.
pub(super) fn merge(request: &Request) -> Shown {
    submit(
        request,
        || merge_form(request),
        |form| {
            let ids = Read::of(form).words("receipts");
            Ok(format!("/receipts/{}?done=1", receipts::merge(&who()?, key(form), &ids)?.id))
        },
    )
}

/// The step of an address; one that no form takes is no page.
fn step_of(request: &Request) -> Result<Step, Refusal> {
    let steps = [
        Step::Issue,
        Step::Reissue,
        Step::Transfer,
        Step::Split,
        Step::Withdraw,
        Step::Cancel,
        Step::Freeze,
        Step::Unfreeze,
    ];
    steps.into_iter().find(|s| s.code() == request.param("step")).ok_or(Refusal::NotFound)
}

/// `GET /receipts/{receipt}/{step}`.
pub(super) fn ask(request: &Request) -> Shown {
    let form = form_of(request)?;
    Ok(first(request, &form, &Form::new()))
}

fn form_of(request: &Request) -> Result<Ask, Refusal> {
    let (actor, step, lang) = (who()?, step_of(request)?, request.lang());
    let r = receipts::get(&actor, request.param("receipt"))?;
    let reason = || {
        Field::new("reason", t("原因", "Reason"), Kind::Area(2))
            .hint(t("最多 100 个字，不写个人信息", "At most 100 characters, without anybody's data"))
    };
    let fields = match step {
        Step::Transfer => {
            vec![Field::text("to", t("受让企业（统一社会信用代码）", "To whom (unified social credit code)"))]
        }
        Step::Split => {
            vec![Field::new("quantities", t("各份数量", "Quantities of the parts"), Kind::Area(4)).hint(split_hint(&r))]
        }
        Step::Freeze | Step::Unfreeze => vec![reason()],
        _ => Vec::new(),
    };
    Ok(Ask {
        title: Text::new(
            format!("{} {}", step_name(step.code()).zh, r.id),
            format!("Receipt {}: {}", r.id, step_name(step.code()).en),
        ),
        action: format!("/receipts/{}/{}", r.id, step.code()),
        back: format!("/receipts/{}", r.id),
        intro: html! {
            p { (told(step).get(lang)) }
            (facts(&[
                (request.t("货物", "Goods"), html! { (r.goods_name.get(lang)) " · " (r.spec) }),
                (request.t("数量", "Quantity"), html! { (quantity(lang, r.quantity, r.unit)) }),
                (request.t("状态", "State"), super::state_badge(lang, r.state.code())),
            ]))
        },
        fields,
        submit: step_name(step.code()),
    })
}

fn split_hint(r: &Receipt) -> Text {
    let all =
        (quantity(yunlong_sdk::Lang::Zh, r.quantity, r.unit), quantity(yunlong_sdk::Lang::En, r.quantity, r.unit));
    let how = quantity_hint(r.unit);
    Text::new(
        format!("每行一份，至少两份，合计须为 {}。{}。", all.0, how.zh),
        format!("One a line, two at least, {} in all. {}.", all.1, how.en),
    )
}

/// What a step does.
fn told(step: Step) -> Text {
    match step {
        Step::Issue => t(
            "签发后，批次中相应数量由此仓单占用，仓单带签发人签名。",
            "From now on it promises its part of the lot, and carries the issuer's signature.",
        ),
        Step::Reissue => t(
            "银行已释放的仓单恢复流通，可以转让、拆分、再质押。",
            "A receipt that the bank let go of may change hands again.",
        ),
        Step::Transfer => t(
            "仓单转给另一家企业。转出后您不再持有，不能撤回。",
            "It becomes another company's. You hold it no more, and cannot take it back.",
        ),
        Step::Split => {
            t("分为几张仓单，数量之和不变；原仓单注销。", "It becomes several, of the same sum; the old one ends.")
        }
        Step::Withdraw => t(
            "货物可以出库，仓单不再有效。请在出库后由仓储企业注销。",
            "Its goods may leave, and it promises nothing any more. The warehouse cancels it when they have left.",
        ),
        Step::Cancel => {
            t("仓单终止，货物不因此出库。不能撤回。", "It ends, and no goods leave by that. This cannot be taken back.")
        }
        Step::Freeze => t(
            "冻结后停止一切办理，并通知质权银行。由他人解冻。",
            "Everything stops, and the bank that it is pledged to is told. Somebody else unfreezes it.",
        ),
        Step::Unfreeze => {
            t("仓单回到冻结前的状态。冻结人本人不能解冻。", "It goes on where it was. Whoever froze it cannot do this.")
        }
        _ => Text::default(),
    }
}

/// `POST /receipts/{receipt}/{step}`.
pub(super) fn take(request: &Request) -> Shown {
    let step = step_of(request)?;
    submit(
        request,
        || form_of(request),
        |form| {
            let (actor, id) = (who()?, request.param("receipt"));
            let mut read = Read::of(form);
            match step {
                Step::Issue => receipts::issue(&actor, id).map(drop)?,
                Step::Reissue => receipts::reissue(&actor, id).map(drop)?,
                Step::Transfer => {
                    receipts::transfer(&actor, id, &read.text("to"))?;
                    // It is the other company's now: its page is no longer ours to see.
                    return Ok("/receipts?done=1".to_owned());
                }
                Step::Split => {
                    let unit = receipts::get(&actor, id)?.unit;
                    let quantities = read.quantities("quantities", unit);
                    read.done()?;
                    receipts::split(&actor, key(form), id, &quantities)?;
                }
                Step::Withdraw => receipts::withdraw(&actor, id).map(drop)?,
                Step::Cancel => receipts::cancel(&actor, id).map(drop)?,
                Step::Freeze => receipts::freeze(&actor, id, &read.text("reason")).map(drop)?,
                Step::Unfreeze => receipts::unfreeze(&actor, id, &read.text("reason")).map(drop)?,
                _ => return Err(Refusal::NotFound),
            }
            Ok(format!("/receipts/{id}?done=1"))
        },
    )
}
