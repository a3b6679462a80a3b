//! What waits for somebody: the first thing that they see. Each list is read by an index over what waits, so that it takes
//! as long as there is to do, however much was done before.

use super::{AT_A_TIME, MOST, gather};
use crate::domain::actor::{Actor, Role};
use crate::domain::alert::Alert;
use crate::domain::flow::{self, Flow};
use crate::domain::freight;
use crate::domain::loan::{DisbursementState, Loan, MarginState, State};
use crate::domain::receipt::{self, Receipt};
use crate::domain::time::{DAY, Date};
use crate::service::{Refusal, now, quotes};
use crate::store::{ALERTS, FLOWS, FREIGHT_ORDERS, LOANS, LOTS, RECEIPTS, WAYBILLS, by};
use yunlong_sdk::{Collection, Document, Query, Text, t};

/// How soon a due day counts as near, in days.
const SOON: i64 = 7;

/// One thing that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// What it is called: its number, and a word about it.
    pub name: Text,
    /// The page where it is dealt with.
    pub path: String,
}

/// Things that wait for the same step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// For which role.
    pub role: Role,
    /// What is to be done.
    pub what: Text,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// The things, the newest first.
    pub things: Vec<Thing>,
    /// Whether there are more than are read here.
    pub more: bool,
}

/// How many things of one kind are read at the most.
const SHOWN: usize = 200;

/// What a query finds, as far as it is read.
#[derive(Default)]
struct Few {
    things: Vec<Thing>,
    more: bool,
}

impl Few {
    /// Reads what a query finds and keeps what fits, until there is enough of it.
    fn of<T: Document>(
        of: Collection<T>,
        query: Query<T>,
        fits: impl Fn(&T) -> bool,
        name: impl Fn(&T) -> Thing,
    ) -> Result<Self, Refusal> {
        let (mut few, mut read, mut after) = (Self::default(), 0, None);
        loop {
            let page = of.find(query.clone().limit(AT_A_TIME).after(after))?;
            read += page.items.len();
            few.things.extend(page.items.iter().filter(|t| fits(&t.value)).map(|t| name(&t.value)));
            let enough = few.things.len() >= SHOWN || read >= MOST;
            match page.next {
                Some(_) if enough => return Ok(Self { more: true, ..few }),
                Some(next) => after = Some(next),
                None => return Ok(few),
            }
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.things.extend(other.things);
        Self { more: self.more || other.more, ..self }
    }
}

struct Found {
    role: Role,
    list: Vec<Waiting>,
}

impl Found {
    fn put(&mut self, urgent: bool, what: Text, few: Few) {
        if !few.things.is_empty() {
            self.list.push(Waiting { role: self.role, what, urgent, things: few.things, more: few.more });
        }
    }
}

fn thing(path: &str, id: &str, about: &Text) -> Thing {
    let named = |about: &str| format!("{id} · {about}");
    Thing { name: Text::new(named(&about.zh), named(&about.en)), path: format!("/{path}/{id}") }
}

/// A word that is the same in both languages: a name, a number.
fn same(word: &str) -> Text {
    Text::same(word.to_owned())
}

/// Everything that waits for the actor, role by role, what is urgent first.
///
/// # Errors
/// [`Refusal`].
pub fn of(actor: &Actor) -> Result<Vec<Waiting>, Refusal> {
    let mut all = Vec::new();
    for role in Role::ALL.into_iter().filter(|r| actor.is(*r)) {
        let mut found = Found { role, list: Vec::new() };
        match role {
            Role::Manufacturer => manufacturer(actor, &mut found)?,
            Role::Warehouse => warehouse(actor, &mut found)?,
            Role::Bank => bank(actor, &mut found)?,
            Role::Carrier => carrier(actor, &mut found)?,
            Role::Regulator => regulator(actor, &mut found)?,
        }
        all.extend(found.list);
    }
    all.sort_by_key(|w| !w.urgent);
    Ok(all)
}

/// Every one.
fn any<T>(_: &T) -> bool {
    true
}

fn loans(query: Query<Loan>, fits: impl Fn(&Loan) -> bool) -> Result<Few, Refusal> {
    Few::of(LOANS, query.descending(), fits, |l| thing("loans", &l.id, &same(&l.borrower_name)))
}

/// Whether a margin call stands.
fn is_called(loan: &Loan) -> bool {
    loan.state.is_out()
}

fn flows(query: Query<Flow>, fits: impl Fn(&Flow) -> bool) -> Result<Few, Refusal> {
    Few::of(FLOWS, query.descending(), fits, |f| thing("flows", &f.id, &same(&f.order.number)))
}

fn manufacturer(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let mine = actor.organization.as_str();
    let of = |state: State| by::LOAN_BORROWER_STATE.equals(mine).equals(state.code());
    let called = by::LOAN_BORROWER_MARGIN.equals(mine).equals(MarginState::Open.code());
    found.put(
        true,
        t("追加要求待满足：还款或补充质物", "A margin call to meet: repay, or pledge more"),
        loans(called, is_called)?,
    );
    found.put(true, t("贷款已逾期，请尽快还款", "Overdue: repay"), loans(of(State::Overdue), any)?);
    let today = Date::at(now());
    let near = |l: &Loan| l.due.is_some_and(|d| (0..=SOON).contains(&today.days_until(d)));
    let near = loans(of(State::Disbursed), near)?.and(loans(of(State::Repaying), near)?);
    found.put(false, t("贷款七日内到期", "Due within seven days"), near);
    let unsigned = loans(of(State::Approved), |l| l.borrower_signed_at.is_none())?;
    found.put(false, t("合同待企业签署", "A contract to sign"), unsigned);
    let sold = |state: flow::State| by::FLOW_SELLER_STATE.equals(mine).equals(state.code());
    found.put(
        false,
        t("资金已释放，发票待结清", "Funds are released: settle the invoice"),
        flows(sold(flow::State::Released), any)?,
    );
    let unlinked = flows(sold(flow::State::Open), |f| f.carried.is_none() || f.stored.is_none())?;
    found.put(false, t("三流缺少运单或仓单", "A waybill or a receipt is not linked"), unlinked);
    Ok(())
}

fn receipts(query: Query<Receipt>) -> Result<Few, Refusal> {
    Few::of(RECEIPTS, query.descending(), any, |r| thing("receipts", &r.id, &r.goods_name))
}

fn warehouse(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let mine = actor.organization.as_str();
    let of = |state: receipt::State| receipts(by::RECEIPT_CUSTODIAN_STATE.equals(mine).equals(state.code()));
    let missing = by::LOT_MISSING.equals(mine).above(0).descending();
    found.put(
        true,
        t("批次异常出库，待核查", "Goods of a lot are missing"),
        Few::of(LOTS, missing, any, |l| thing("lots", &l.id, &l.goods_name))?,
    );
    found.put(true, t("仓单已冻结，配合查清", "Frozen receipts to clear up"), of(receipt::State::Frozen)?);
    found.put(false, t("仓单草稿待签发", "Drafts to issue"), of(receipt::State::Drafted)?);
    found.put(
        false,
        t("已提货的仓单，出库后注销", "Goods that leave: cancel the receipt when they have left"),
        of(receipt::State::Withdrawn)?,
    );
    Ok(())
}

fn bank(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let mine = actor.organization.as_str();
    let of = |state: State| by::LOAN_BANK_STATE.equals(mine).equals(state.code());
    let paying = |state: DisbursementState| loans(by::LOAN_BANK_PAYMENT.equals(mine).equals(state.code()), any);
    let unknown = paying(DisbursementState::Unknown)?.and(paying(DisbursementState::Asked)?);
    found.put(true, t("放款结果待确认", "A payment's outcome to confirm"), unknown);
    found.put(true, t("逾期，待处置或催收", "Overdue: collect or sell"), loans(of(State::Overdue), any)?);
    let to_confirm = loans(of(State::Disposal), |l| !l.pending_sales.is_empty())?;
    found.put(true, t("出售待另一人复核", "Sales that another officer confirms"), to_confirm);
    let to_sell = loans(of(State::Disposal), |l| l.pending_sales.is_empty())?;
    found.put(true, t("处置中的质物待出售", "In disposal: goods to sell"), to_sell);
    let called = by::LOAN_BANK_MARGIN.equals(mine).equals(MarginState::Open.code());
    found.put(true, t("追加要求待企业满足", "Margin calls that stand"), loans(called, is_called)?);
    found.put(true, t("已冻结，待核实", "Frozen: to look into"), loans(by::LOAN_BANK_FROZEN.equals(mine), any)?);
    found.put(false, t("待征信查询", "To check the credit record"), loans(of(State::Applied), any)?);
    found.put(false, t("待审批", "To decide"), loans(of(State::CreditChecked), any)?);
    let unsigned = loans(of(State::Approved), |l| l.bank_signed_at.is_none())?;
    found.put(false, t("合同待银行签署", "A contract to sign for the bank"), unsigned);
    found.put(
        false,
        t("待登记质押或申请放款", "To register pledges, or to ask for the payment"),
        loans(of(State::Signed), |l| l.disbursement.is_none())?,
    );
    found.put(false, t("已结束，质物待释放", "Over: goods to let go of"), loans(by::LOAN_BANK_HELD.equals(mine), any)?);
    let open = by::FLOW_BANK_STATE.equals(mine).equals(flow::State::Open.code());
    let ready = flows(open, |f| f.disagreements().is_empty())?;
    found.put(false, t("三流一致，资金待释放", "Flows agree: funds to release"), ready);
    unseen(by::ALERT_UNSEEN.equals(mine), found)
}

fn unseen(query: Query<Alert>, found: &mut Found) -> Result<(), Refusal> {
    let named = |a: &Alert| thing("loans", &a.loan, &crate::notes::kind_name(a.kind));
    found.put(true, t("未查看的预警", "Alerts that nobody has seen"), Few::of(ALERTS, query.descending(), any, named)?);
    Ok(())
}

fn carrier(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let mine = actor.organization.as_str();
    found.put(
        false,
        t("运输委托待承运", "Freight orders to take"),
        Few::of(FREIGHT_ORDERS, by::FREIGHT_OPEN.equals(mine).descending(), any, |f| {
            thing("freight", &f.id, &same(&f.goods))
        })?,
    );
    // By when they must be there, the soonest first.
    let of = |state: freight::State| by::WAYBILL_CARRIER_STATE.equals(mine).equals(state.code());
    let all = |states: &[freight::State], late: Option<i64>| {
        states.iter().try_fold(Few::default(), |few, state| {
            let query = late.map_or_else(|| of(*state), |now| of(*state).below(now));
            Ok::<_, Refusal>(few.and(Few::of(WAYBILLS, query, any, |w| thing("waybills", &w.id, &same(&w.goods)))?))
        })
    };
    use freight::State::{Booked, Delivered, InTransit, Loaded};
    found.put(true, t("已超过送达期限", "Later than agreed"), all(&[Booked, Loaded, InTransit], Some(now()))?);
    found.put(false, t("待装车", "To load"), all(&[Booked], None)?);
    found.put(false, t("在途", "On the way"), all(&[Loaded, InTransit], None)?);
    found.put(false, t("已送达，待签收", "Delivered: to be signed for"), all(&[Delivered], None)?);
    Ok(())
}

fn regulator(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    found.put(
        true,
        t("已冻结的仓单，待核查", "Frozen receipts to look into"),
        receipts(by::RECEIPT_STATE.equals(receipt::State::Frozen.code()))?,
    );
    if !actor.is(Role::Bank) {
        unseen(by::ALERT_UNSEEN.all(), found)?;
    }
    let oldest = now() - i64::from(crate::policy::limits()?.price_days) * DAY;
    let old = gather(|limit, after| quotes::list(actor, limit, after))?.only(|q| q.at < oldest);
    let things = old.items.iter().map(|q| thing("quotes", &q.goods, &q.name)).collect();
    found.put(false, t("价格已过有效期", "Prices that are too old"), Few { things, more: old.more });
    Ok(())
}
