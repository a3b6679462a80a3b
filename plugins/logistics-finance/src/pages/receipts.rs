//! Receipts: the list, the page of one, and the paper.

use super::lists::{Beside, Col, Key, List, STATE, UNIT, filed_number, filed_state, filed_time, shown_state};
use super::party::{Named, party};
use super::{LAYOUT, Shown, facts, quantity, state_badge, timeline, when};
use crate::domain::actor::{Actor, Role};
use crate::domain::receipt::{Receipt, State, Step, canonical};
use crate::domain::time::local;
use crate::notes::reason_name;
use crate::service::refusal::{step_name, unit_name};
use crate::service::{Refusal, receipts, warehouses, who};
use crate::views::{self, Gathered, Part};
use maud::{Markup, html};
use yunlong_sdk::page::{Paper, card, notice, print_view};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Lang, Request, Text, Tone, context, qr, t};

/// The list of receipts.
static LIST: List<Named<Receipt>> = List {
    path: "/receipts",
    title: t("仓单", "Receipts"),
    sort: "-created",
    states: || State::ALL.map(State::code).to_vec(),
    state: |r| r.state.code(),
    words: |r| {
        vec![
            &r.id,
            &r.goods,
            &r.goods_name.zh,
            &r.goods_name.en,
            &r.spec,
            &r.holder,
            r.word(&r.holder),
            &r.custodian,
            &r.lot,
        ]
    },
    empty: t(
        "还没有仓单。货物入库后由仓储企业签发。",
        "There are no receipts yet. A warehouse issues them for goods that came in.",
    ),
    beside: &[
        Beside { behind: "quantity", title: UNIT, of: |r, lang| Cell::from(unit_name(r.unit).get(lang)) },
        Beside {
            behind: "holder", title: t("持有人代码", "Holder's code"), of: |r, _| Cell::from(r.holder.as_str())
        },
    ],
    columns: &[
        Col {
            key: "number",
            title: t("编号", "Number"),
            numeric: false,
            show: |r, _| link(&r.id),
            file: |r, _| Cell::from(r.id.as_str()),
            order: |r| Key::from(r.id.as_str()),
        },
        Col {
            key: "goods",
            title: t("货物", "Goods"),
            numeric: false,
            show: |r, lang| html! { (r.goods_name.get(lang)) " " span.muted { (r.spec) } },
            file: |r, lang| Cell::from(format!("{} {}", r.goods_name.get(lang), r.spec)),
            order: |r| Key::from(&*r.goods_name.zh),
        },
        Col {
            key: "quantity",
            title: t("数量", "Quantity"),
            numeric: true,
            show: |r, lang| html! { (quantity(lang, r.quantity, r.unit)) },
            file: |r, _| filed_number(r.quantity),
            order: |r| Key::from(r.quantity),
        },
        Col {
            key: "holder",
            title: t("持有人", "Holder"),
            numeric: false,
            show: |r, _| r.party(&r.holder),
            file: |r, _| r.filed(&r.holder),
            order: |r| Key::from(r.word(&r.holder)),
        },
        Col {
            key: "state",
            title: STATE,
            numeric: false,
            show: |r, lang| shown_state(lang, r.state.code()),
            file: |r, lang| filed_state(lang, r.state.code()),
            order: |r| Key::from(r.state.code()),
        },
        Col {
            key: "created",
            title: t("制单时间", "Drafted"),
            numeric: true,
            show: |r, _| html! { (local(r.created_at)) },
            file: |r, _| filed_time(Some(r.created_at)),
            order: |r| Key::from(r.created_at),
        },
    ],
};

/// A link to a receipt.
pub(super) fn link(id: &str) -> Markup {
    html! { a href={ "/receipts/" (id) } { (id) } }
}

/// The two parts of a company's lists of goods.
pub(super) fn parts(actor: &Actor) -> Option<(Text, Text)> {
    Part::applies(actor, Role::Warehouse).then(|| (t("本企业所有", "Owned by us"), t("为他人保管", "Kept for others")))
}

/// Receipts on a lot, on its page.
pub(super) fn on_lot(request: &Request, receipts: Vec<Receipt>) -> Markup {
    let caption = request.t("这一批次的仓单", "Receipts on the lot");
    LIST.table(request.lang(), caption, &Named::rows(receipts, |r| [&r.holder]))
}

fn rows(request: &Request, actor: &Actor) -> Result<Gathered<Named<Receipt>>, Refusal> {
    may_list(actor)?;
    let found = views::receipts(actor, Part::of(&request.query_value("part").unwrap_or_default()))?;
    Ok(Named::all(found, |r| [&r.holder]))
}

/// Receipts are listed to those who hold or keep goods, and to regulators; a bank finds its own in the register.
fn may_list(actor: &Actor) -> Result<(), Refusal> {
    if actor.is(Role::Warehouse) || actor.is(Role::Regulator) { Ok(()) } else { Ok(actor.needs(Role::Manufacturer)?) }
}

/// `/receipts`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    let head = html! {
        @if actor.is(Role::Manufacturer) { div.actions.no-print { a role="button" href="/receipts/merge" { (request.t("合并仓单", "Merge receipts")) } } }
    };
    LIST.page(request, rows(request, &actor)?, &head, parts(&actor))
}

/// `/receipts/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows(request, &who()?)?)
}

/// The address at which anybody verifies a receipt.
fn verification(id: &str) -> String {
    format!("{}/verify/{id}", context::installation().origin)
}

fn code_of(lang: Lang, id: &str) -> Markup {
    let label = lang.pick("仓单核验二维码", "Code to verify the receipt");
    qr::svg(&verification(id), label).unwrap_or_default()
}

/// `/receipts/{receipt}`.
pub(super) fn detail(request: &Request) -> Shown {
    let actor = who()?;
    let lang = request.lang();
    let r = receipts::get(&actor, request.param("receipt"))?;
    let history = r.history.iter().map(|p| (p.state.code(), p.at, None));
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已办理。", "Done."))) }
        @if let Some(f) = &r.frozen {
            (notice(Tone::Bad, html! {
                strong { (request.t("已冻结", "Frozen")) }
                p { (request.t("原因：", "Reason: ")) (reason_name(&f.reason).get(lang)) " · " (local(f.at)) }
                p { (request.t("查清后由监管人员或质权银行解冻；冻结期间不能转让、质押、提货、注销。", "A regulator or the bank unfreezes it once it is cleared up; until then it is not transferred, pledged, withdrawn or cancelled.")) }
            }))
        }
        p { (state_badge(lang, r.state.code())) }
        (card("facts", request.t("仓单", "The receipt"), about(request, &r)?))
        (steps(request, &actor, &r))
        (card("history", request.t("经过", "History"), html! {
            (timeline(lang, request.t("仓单的经过", "What the receipt passed"), history))
            (family(request, &r))
        }))
        (card("verify", request.t("核验", "Verification"), html! {
            p { (request.t("任何人都可以用编号或二维码核验，不显示个人信息。", "Anybody can verify it by its number or this code; no person is shown.")) }
            (code_of(lang, &r.id))
            p { a href={ "/verify/" (r.id) } { (request.t("打开核验页", "Open the public page")) } " · " a href={ "/receipts/" (r.id) "/print" } { (request.t("打印仓单", "Print the receipt")) } }
        }))
    };
    Ok(LAYOUT.page(request, &Text::new(format!("仓单 {}", r.id), format!("Receipt {}", r.id)), body))
}

fn about(request: &Request, r: &Receipt) -> Result<Markup, Refusal> {
    let lang = request.lang();
    let warehouse = warehouses::get(&who()?, &r.warehouse)?;
    let mut pairs = vec![
        (
            request.t("货物", "Goods"),
            html! { (r.goods_name.get(lang)) " · " (r.spec) " · " a href={ "/quotes/" (r.goods) } { (r.goods) } },
        ),
        (request.t("数量", "Quantity"), html! { (quantity(lang, r.quantity, r.unit)) }),
        (request.t("持有人", "Holder"), party(&r.holder)),
        (
            request.t("仓库", "Warehouse"),
            html! { (warehouse.name.get(lang)) " · " (warehouse.custodian_name) " " small.muted { code { (r.custodian) } } },
        ),
        (request.t("批次", "Lot"), html! { a href={ "/lots/" (r.lot) } { (r.lot) } }),
        (request.t("签发时间", "Issued"), html! { (when(r.issued_at)) }),
    ];
    if let Some(to) = &r.pledged_to {
        pairs.push((request.t("质押", "Pledge"), html! { (request.t("质权银行 ", "to the bank ")) (party(&to.bank)) " · " a href={ "/loans/" (to.loan) } { (to.loan) } }));
    }
    if let Some(s) = &r.signature {
        pairs.push((request.t("签名", "Signature"), html! { (s.algorithm.code()) " · " code { (s.kid) } }));
    }
    Ok(facts(&pairs))
}

fn family(request: &Request, r: &Receipt) -> Markup {
    html! {
        @if !r.parents.is_empty() { p { (request.t("由这些仓单而来：", "It came in place of: ")) @for id in &r.parents { (link(id)) " " } } }
        @if !r.children.is_empty() { p { (request.t("由这些仓单取代：", "In its place came: ")) @for id in &r.children { (link(id)) " " } } }
    }
}

/// The steps that the actor may take now. A step that needs another person is not offered.
pub(super) fn offered(actor: &Actor, r: &Receipt) -> Vec<Step> {
    let holder = actor.is_of(Role::Manufacturer, &r.holder);
    let custodian = actor.is_of(Role::Warehouse, &r.custodian);
    let pledgee = r.pledged_to.as_ref().is_some_and(|p| actor.is_of(Role::Bank, &p.bank));
    let regulator = actor.is(Role::Regulator);
    let may = |step: &Step| match step {
        Step::Issue | Step::Reissue => custodian,
        Step::Transfer | Step::Split | Step::Merge | Step::Withdraw | Step::RequestPledge => holder,
        Step::Cancel if r.state == State::Issued => holder,
        Step::Cancel => custodian,
        Step::Freeze => regulator || custodian || pledgee,
        Step::Unfreeze => regulator || pledgee,
        // The bank does it on the loan's page.
        Step::RegisterPledge | Step::DropPledge | Step::Release => false,
    };
    r.state.allows().iter().copied().filter(may).collect()
}

fn steps(request: &Request, actor: &Actor, r: &Receipt) -> Markup {
    let lang = request.lang();
    let offered = offered(actor, r);
    let address = |step: Step| match step {
        Step::RequestPledge => format!("/loans/new?receipt={}", r.id),
        Step::Merge => format!("/receipts/merge?receipt={}", r.id),
        step => format!("/receipts/{}/{}", r.id, step.code()),
    };
    card(
        "steps",
        request.t("办理", "What can be done"),
        html! {
            @if offered.is_empty() {
                p.muted { (request.t("现在没有您可以办理的。", "There is nothing for you to do now.")) }
                @let next: Vec<&str> = r.state.allows().iter().map(|s| s.code()).collect();
                @if !next.is_empty() { p.muted { (request.t("这一状态允许：", "This state allows: ")) @for s in next { (step_name(s).get(lang)) " " } } }
            } @else {
                div.actions { @for step in offered { a.outline role="button" href=(address(step)) { (step_name(step.code()).get(lang)) } } }
            }
        },
    )
}

/// `/receipts/{receipt}/print`: the paper, with the code that leads to the public page.
pub(super) fn print(request: &Request) -> Shown {
    let lang = request.lang();
    let r = receipts::get(&who()?, request.param("receipt"))?;
    let title = request.t("仓单", "Warehouse receipt");
    let body = html! {
        p { strong { (r.id) } " " (state_badge(lang, r.state.code())) }
        (about(request, &r)?)
        @if let Some(s) = &r.signature {
            p { (request.t("签发人的签名，base64url：", "The issuer's signature, in base64url:")) }
            p.mono { (s.value) }
            p { (request.t("被签名的文本：", "The text that is signed:")) }
            p.mono { (canonical(&r)) }
        } @else { p { (request.t("草稿，未签发，不作凭证。", "A draft that was not issued: it proves nothing.")) } }
        (code_of(lang, &r.id))
        p { (request.t("仓单的状态以核验页为准：", "Where it stands is on the public page: ")) (verification(&r.id)) }
    };
    let page = html! {
        p.no-print { a href={ "/receipts/" (r.id) } { (request.t("返回仓单", "Back to the receipt")) } }
        (print_view(lang, Paper::A4, title, body))
    };
    Ok(LAYOUT.page(request, &Text::new(format!("打印仓单 {}", r.id), format!("Receipt {} for print", r.id)), page))
}
