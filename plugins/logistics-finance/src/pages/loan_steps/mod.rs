//! What is done with loans, step by step.

mod step;

use self::step::{Step, may};
use super::forms::{Ask, Field, Kind, first, key, submit};
use super::read::{Read, quantity_hint, typed};
use super::steps::Step as _;
use super::{Shown, borrowers, code, facts, quantity, receipt_steps::free_receipts, steps};
use crate::domain::actor::{Actor, Role};
use crate::domain::loan::{Loan, Outcome, Sale};
use crate::domain::pledge;
use crate::policy;
use crate::service::loans::{Freed, NewLoan, NewSale, Overview};
use crate::service::{Refusal, loans, parties, who};
use maud::{Markup, html};
use yunlong_sdk::money::yuan;
use yunlong_sdk::page::amount;
use yunlong_sdk::{Form, Request, Text, t};

/// The card of steps on a loan's page.
pub(super) fn offered_steps(request: &Request, actor: &Actor, o: &Overview) -> Markup {
    steps::offered(request, &format!("/loans/{}", o.loan.id), |s| may(actor, o, s))
}

/// `GET /loans/new`.
pub(super) fn new(request: &Request) -> Shown {
    let mut form = Form::new().with("term_days", "90");
    if let Some(receipt) = request.query_value("receipt") {
        form = form.with("receipts", receipt);
    }
    Ok(first(request, &application(request)?, &form))
}

fn application(request: &Request) -> Result<Ask, Refusal> {
    let actor = who()?;
    actor.needs(Role::Manufacturer)?;
    let (files, _) = borrowers::banks(&actor)?;
    let names = parties::names(files.iter().map(|b| b.bank.as_str()));
    let called = |bank: &str| names.get(bank).map_or_else(|| bank.to_owned(), |name| format!("{name} · {bank}"));
    let banks = files.iter().map(|b| (b.bank.clone(), called(&b.bank))).collect();
    let terms = policy::terms(1)?;
    Ok(Ask {
        title: t("申请仓单质押贷款", "Apply for a loan on receipts"),
        action: "/loans/new".into(),
        back: "/loans".into(),
        intro: html! {
            @if files.is_empty() { p { (request.t("还没有银行为贵企业建档。请先联系贷款银行。", "No bank has a file of your company yet: ask the bank first.")) } }
            p { (request.t("年利率 ", "Interest a year ")) (crate::domain::money::percent(terms.rate.bps)) " · " (request.t("质押率上限 ", "most that is lent ")) (crate::domain::money::percent(terms.ltv_bps)) (request.t("。审批以最新价格为准。", ". The latest prices count.")) }
            p { a href="/consents" { (request.t("审批前需要贵企业授权银行查询征信", "Before it decides, the bank needs your consent to look at the credit record")) } }
        },
        fields: vec![
            Field::new("bank", t("银行", "Bank"), Kind::Choice(banks)),
            Field::text("purpose", t("用途", "Purpose")).hint(t("如 采购动力煤", "Such as: to buy coal")),
            Field::text("principal", t("金额（元）", "Amount (yuan)")),
            Field::text("term_days", t("期限（天）", "Term (days)"))
                .hint(t("1 至 1080 天；到期日遇节假日顺延", "1 to 1,080; the due day moves over holidays")),
            Field::new("receipts", t("质押的仓单", "Receipts to pledge"), Kind::Ticks(free_receipts(request, &actor)?))
                .hint(t("提交后只等所选银行，不能再向他行质押", "They wait for this bank alone from then on")),
        ],
        submit: t("提交申请", "Apply"),
    })
}

/// `POST /loans/new`.
pub(super) fn apply(request: &Request) -> Shown {
    submit(
        request,
        || application(request),
        |form| {
            let mut read = Read::of(form);
            let new = NewLoan {
                bank: read.text("bank"),
                purpose: read.text("purpose"),
                principal: read.fen("principal"),
                term_days: read.number("term_days"),
                receipts: read.words("receipts"),
            };
            read.done()?;
            Ok(format!("/loans/{}?done=1", loans::apply(&who()?, key(form), &new)?.id))
        },
    )
}

/// `GET /loans/{loan}/{step}`.
pub(super) fn ask(request: &Request) -> Shown {
    let step = steps::named(request)?;
    let o = loans::overview(&who()?, request.param("loan"))?;
    let mut form = Form::new();
    match step {
        Step::Approve => form = form.with("principal", yuan(o.loan.principal)),
        Step::Repay => form = form.with("amount", yuan(o.owed)),
        Step::ConfirmDisbursement => {
            let payment = o.loan.disbursement.as_ref().map(|d| d.reference.as_str()).unwrap_or_default();
            form = form.with("outcome", "paid").with("reference", payment);
        }
        Step::ConfirmSale => form = form.with("outcome", "confirmed"),
        Step::Release | Step::EnterSale => {
            if let Some(p) = o.pledges.iter().find(|p| p.state == pledge::State::Registered) {
                form = form.with("receipt", &*p.receipt).with("quantity", typed(p.quantity, p.unit));
            }
        }
        _ => {}
    }
    Ok(first(request, &form_of(request, step)?, &form))
}

fn form_of(request: &Request, step: Step) -> Result<Ask, Refusal> {
    let (actor, lang) = (who()?, request.lang());
    let o = loans::overview(&actor, request.param("loan"))?;
    let l = &o.loan;
    let name = step.name();
    Ok(Ask {
        title: Text::new(format!("{} {}", name.zh, l.id), format!("{}: {}", name.en, l.id)),
        action: format!("/loans/{}/{}", l.id, step.code()),
        back: format!("/loans/{}", l.id),
        intro: html! {
            p { (step.told().get(lang)) }
            (facts(&[
                (request.t("借款企业", "Borrower"), html! { (l.borrower_name) " " (code(&l.borrower)) }),
                (request.t("本金", "Principal"), amount(l.principal)),
                (request.t("今日欠款", "Owed today"), amount(o.owed)),
                (request.t("状态", "State"), super::state_badge(lang, l.state.code())),
            ]))
        },
        fields: fields(request, &actor, &o, step)?,
        submit: name,
    })
}

fn fields(request: &Request, actor: &Actor, o: &Overview, step: Step) -> Result<Vec<Field>, Refusal> {
    let lang = request.lang();
    let reason = || {
        Field::new("reason", t("原因", "Reason"), Kind::Area(2))
            .hint(t("最多 200 个字，不写个人信息", "At most 200 characters, without anybody's data"))
    };
    let reference = || Field::text("bank_reference", t("银行流水号", "The bank's number"));
    let registered = || {
        let standing = o.pledges.iter().filter(|p| p.state == pledge::State::Registered);
        let choice = standing.map(|p| {
            (p.receipt.clone(), format!("{} · {} · {}", p.receipt, p.goods, quantity(lang, p.quantity, p.unit)))
        });
        Field::new("receipt", t("仓单", "Receipt"), Kind::Choice(choice.collect()))
    };
    let unit = o.pledges.first().map(|p| p.unit).unwrap_or_default();
    Ok(match step {
        Step::AddCollateral => {
            vec![Field::new("receipts", t("补充的仓单", "Receipts"), Kind::Ticks(free_receipts(request, actor)?))]
        }
        Step::Approve => vec![
            Field::text("principal", t("批准金额（元）", "Amount (yuan)"))
                .hint(t("不超过申请金额", "At most what was asked for")),
        ],
        Step::Reject | Step::WriteOff | Step::Unfreeze => vec![reason()],
        Step::ConfirmDisbursement => vec![
            Field::text("reference", t("放款编号", "The payment's number"))
                .hint(t("须与回执上的编号一致", "As the bank's answer has it")),
            Field::new(
                "outcome",
                t("结果", "Outcome"),
                Kind::Choice(vec![
                    ("paid".into(), request.t("已付款", "Paid").into()),
                    ("refused".into(), request.t("未付款，且不会再付", "Not paid, and it will not be").into()),
                ]),
            ),
            reference().hint(t("已付款时填写", "When it is paid")),
            reason().hint(t("未付款时填写", "When it is not")),
        ],
        Step::Repay => vec![Field::text("amount", t("金额（元）", "Amount (yuan)")), reference()],
        // Nothing is owed: all that is left goes at once.
        Step::Release if o.owed == 0 => Vec::new(),
        Step::Release => {
            vec![registered(), Field::text("quantity", t("释放数量", "How much comes free")).hint(quantity_hint(unit))]
        }
        Step::ConfirmSale => {
            let offered = |s: &Sale| {
                let told = format!("{} · {} · {} · {}", s.number, s.receipt, s.buyer, yuan(s.proceeds));
                (s.number.clone(), told)
            };
            let outcomes = [("confirmed", t("同意，入账", "Confirmed")), ("refused", t("退回", "Refused"))];
            let outcomes = outcomes.map(|(code, name)| (code.to_owned(), name.get(lang).to_owned()));
            vec![
                Field::new("sale", t("出售", "Sale"), Kind::Choice(o.loan.pending_sales.iter().map(offered).collect())),
                Field::new("outcome", t("结果", "Outcome"), Kind::Choice(outcomes.into())),
            ]
        }
        Step::EnterSale => vec![
            registered(),
            Field::text("buyer", t("买受人（统一社会信用代码）", "Buyer (unified social credit code)")),
            Field::text("proceeds", t("价款（元）", "Proceeds (yuan)")),
            reference(),
        ],
        Step::CheckCredit
        | Step::Sign
        | Step::RegisterPledges
        | Step::AskDisbursement
        | Step::Revalue
        | Step::Dispose => Vec::new(),
    })
}

/// `POST /loans/{loan}/{step}`.
pub(super) fn take(request: &Request) -> Shown {
    let step = steps::named(request)?;
    submit(
        request,
        || form_of(request, step),
        |form| {
            let done = taken(&who()?, request.param("loan"), step, form)?;
            Ok(format!("/loans/{}?done=1", done.id))
        },
    )
}

/// Everything that is still pledged, but for what is frozen; where all of it is, the refusal says so.
fn left(o: &Overview) -> Vec<Freed> {
    let freed = |frozen: bool| {
        let of = o.receipts.iter().filter(move |r| frozen || r.frozen.is_none());
        of.map(|r| Freed { receipt: r.id.clone(), quantity: None }).collect::<Vec<_>>()
    };
    let free = freed(false);
    if free.is_empty() { freed(true) } else { free }
}

fn outcome_missing(mut read: Read<'_>) -> Refusal {
    read.wrong("outcome", t("请选择结果", "Choose what became of it"));
    read.done().err().unwrap_or(Refusal::NotFound)
}

fn taken(actor: &Actor, id: &str, step: Step, form: &Form) -> Result<Loan, Refusal> {
    let mut read = Read::of(form);
    match step {
        Step::AddCollateral => loans::add_collateral(actor, id, &read.words("receipts")),
        Step::CheckCredit => loans::check_credit(actor, id),
        Step::Approve => {
            let principal = read.fen("principal");
            read.done()?;
            loans::approve(actor, id, Some(principal))
        }
        Step::Reject => loans::reject(actor, id, &read.text("reason")),
        Step::Sign => loans::sign(actor, id),
        Step::RegisterPledges => loans::register_pledges(actor, id),
        Step::AskDisbursement => loans::ask_disbursement(actor, id),
        Step::ConfirmDisbursement => {
            let outcome = match read.text("outcome").as_str() {
                "paid" => Outcome::Paid { bank_reference: read.text("bank_reference") },
                "refused" => Outcome::Refused { reason: read.text("reason") },
                _ => return Err(outcome_missing(read)),
            };
            let payment = Some(read.text("reference")).filter(|r| !r.is_empty());
            loans::confirm_disbursement(actor, id, payment.as_deref(), &outcome)
        }
        Step::Repay => {
            let fen = read.fen("amount");
            let reference = read.text("bank_reference");
            read.done()?;
            loans::repay(actor, id, &reference, fen)
        }
        Step::Release => {
            let receipt = read.text("receipt");
            let o = loans::overview(actor, id)?;
            if o.owed == 0 {
                return loans::release(actor, id, &left(&o));
            }
            let whole = o.pledges.iter().find(|p| p.receipt == receipt && p.state == pledge::State::Registered);
            let quantity = read.quantity("quantity", whole.map(|p| p.unit).unwrap_or_default());
            read.done()?;
            let quantity = Some(quantity).filter(|q| whole.is_none_or(|p| p.quantity != *q));
            loans::release(actor, id, &[Freed { receipt, quantity }])
        }
        Step::Revalue => loans::revalue(actor, id),
        Step::Dispose => loans::dispose(actor, id),
        Step::ConfirmSale => {
            let agreed = match read.text("outcome").as_str() {
                "confirmed" => true,
                "refused" => false,
                _ => return Err(outcome_missing(read)),
            };
            loans::confirm_sale(actor, id, &read.text("sale"), agreed)
        }
        Step::EnterSale => {
            let new = NewSale {
                receipt: read.text("receipt"),
                buyer: read.text("buyer"),
                proceeds: read.fen("proceeds"),
                bank_reference: read.text("bank_reference"),
            };
            read.done()?;
            loans::enter_sale(actor, id, &new)
        }
        Step::WriteOff => loans::write_off(actor, id, &read.text("reason")),
        Step::Unfreeze => loans::unfreeze(actor, id, &read.text("reason")),
    }
}
