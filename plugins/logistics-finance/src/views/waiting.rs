//! What waits for somebody: the first thing that they see.

use super::{Part, freight_orders, gather, lots, receipts, waybills};
use crate::domain::actor::{Actor, Role};
use crate::domain::flow;
use crate::domain::freight::{self, Waybill};
use crate::domain::loan::{Disbursement, Loan, MarginCall, MarginState, State};
use crate::domain::receipt::{self, Receipt};
use crate::domain::time::{DAY, Date};
use crate::service::{Refusal, alerts, flows, loans, now, quotes};
use yunlong_sdk::{Text, t};

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
}

struct Found {
    role: Role,
    list: Vec<Waiting>,
}

impl Found {
    fn put(&mut self, urgent: bool, what: Text, things: impl Iterator<Item = Thing>) {
        let things: Vec<Thing> = things.collect();
        if !things.is_empty() {
            self.list.push(Waiting { role: self.role, what, urgent, things });
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

fn loan_things<'a>(loans: &'a [Loan], fits: impl Fn(&Loan) -> bool + 'a) -> impl Iterator<Item = Thing> + 'a {
    loans.iter().filter(move |l| fits(l)).map(|l| thing("loans", &l.id, &same(&l.borrower_name)))
}

fn has_call(loan: &Loan, state: MarginState) -> bool {
    loan.state.is_out() && loan.margin.as_ref().is_some_and(|m: &MarginCall| m.state == state)
}

fn manufacturer(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    // A person may act for a company and hold a bank's office: here the company's loans alone.
    let company = Actor { roles: vec![Role::Manufacturer], ..actor.clone() };
    let loans = gather(|limit, after| loans::list(&company, None, limit, after))?.items;
    let today = Date::at(now());
    let near = |l: &Loan| l.state.is_out() && l.due.is_some_and(|d| (0..=SOON).contains(&today.days_until(d)));
    found.put(
        true,
        t("追加要求待满足：还款或补充质物", "A margin call to meet: repay, or pledge more"),
        loan_things(&loans, |l| has_call(l, MarginState::Open)),
    );
    found.put(true, t("贷款已逾期，请尽快还款", "Overdue: repay"), loan_things(&loans, |l| l.state == State::Overdue));
    found.put(false, t("贷款七日内到期", "Due within seven days"), loan_things(&loans, near));
    let unsigned = |l: &Loan| l.state == State::Approved && l.borrower_signed_at.is_none();
    found.put(false, t("合同待企业签署", "A contract to sign"), loan_things(&loans, unsigned));
    let flows = gather(|limit, after| flows::list(&company, flows::Side::Seller, limit, after))?.items;
    let of = |released: bool| {
        let fits = move |f: &&flow::Flow| {
            if released {
                f.state == flow::State::Released
            } else {
                f.state == flow::State::Open && (f.carried.is_none() || f.stored.is_none())
            }
        };
        flows.iter().filter(fits).map(|f| thing("flows", &f.id, &same(&f.order.number))).collect::<Vec<_>>()
    };
    found.put(false, t("资金已释放，发票待结清", "Funds are released: settle the invoice"), of(true).into_iter());
    found.put(false, t("三流缺少运单或仓单", "A waybill or a receipt is not linked"), of(false).into_iter());
    Ok(())
}

fn warehouse(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let receipts = receipts(actor, Part::ForOthers)?.items;
    let of = |state: receipt::State| {
        let fits = move |r: &&Receipt| r.state == state;
        receipts.iter().filter(fits).map(|r| thing("receipts", &r.id, &r.goods_name)).collect::<Vec<_>>()
    };
    let missing = lots(actor, Part::ForOthers)?.only(|l| l.missing > 0).items;
    found.put(
        true,
        t("批次异常出库，待核查", "Goods of a lot are missing"),
        missing.iter().map(|l| thing("lots", &l.id, &l.goods_name)),
    );
    found.put(true, t("仓单已冻结，配合查清", "Frozen receipts to clear up"), of(receipt::State::Frozen).into_iter());
    found.put(false, t("仓单草稿待签发", "Drafts to issue"), of(receipt::State::Drafted).into_iter());
    found.put(
        false,
        t("已提货的仓单，出库后注销", "Goods that leave: cancel the receipt when they have left"),
        of(receipt::State::Withdrawn).into_iter(),
    );
    Ok(())
}

fn bank(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let loans = gather(|limit, after| loans::list(actor, None, limit, after))?.items;
    let put = |found: &mut Found, urgent, what, state: State| {
        found.put(urgent, what, loan_things(&loans, move |l| l.state == state))
    };
    let unknown = |l: &Loan| l.disbursement.as_ref().is_some_and(Disbursement::is_open);
    found.put(true, t("放款结果待确认", "A payment's outcome to confirm"), loan_things(&loans, unknown));
    put(found, true, t("逾期，待处置或催收", "Overdue: collect or sell"), State::Overdue);
    put(found, true, t("处置中的质物待出售", "In disposal: goods to sell"), State::Disposal);
    found.put(
        true,
        t("追加要求待企业满足", "Margin calls that stand"),
        loan_things(&loans, |l| has_call(l, MarginState::Open)),
    );
    found.put(true, t("已冻结，待核实", "Frozen: to look into"), loan_things(&loans, |l| l.frozen.is_some()));
    put(found, false, t("待征信查询", "To check the credit record"), State::Applied);
    put(found, false, t("待审批", "To decide"), State::CreditChecked);
    found.put(
        false,
        t("合同待银行签署", "A contract to sign for the bank"),
        loan_things(&loans, |l| l.state == State::Approved && l.bank_signed_at.is_none()),
    );
    found.put(
        false,
        t("待登记质押或申请放款", "To register pledges, or to ask for the payment"),
        loan_things(&loans, |l| l.state == State::Signed && l.disbursement.is_none()),
    );
    let flows = gather(|limit, after| flows::list(actor, flows::Side::Seller, limit, after))?.items;
    let ready = flows.iter().filter(|f| f.state == flow::State::Open && f.disagreements().is_empty());
    found.put(
        false,
        t("三流一致，资金待释放", "Flows agree: funds to release"),
        ready.map(|f| thing("flows", &f.id, &same(&f.order.number))),
    );
    unseen(actor, found)
}

fn unseen(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let alerts = gather(|limit, after| alerts::list(actor, limit, after))?.only(|a| a.seen_by.is_none()).items;
    let named = alerts.iter().map(|a| thing("loans", &a.loan, &crate::notes::kind_name(a.kind)));
    found.put(true, t("未查看的预警", "Alerts that nobody has seen"), named);
    Ok(())
}

fn carrier(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let orders = freight_orders(actor, Part::ForOthers)?.only(|f| f.waybill.is_none()).items;
    found.put(
        false,
        t("运输委托待承运", "Freight orders to take"),
        orders.iter().map(|f| thing("freight", &f.id, &same(&f.goods))),
    );
    let waybills = waybills(actor, Part::ForOthers)?.items;
    let now = now();
    let of = |fits: &dyn Fn(&Waybill) -> bool| {
        waybills
            .iter()
            .filter(|w| fits(w))
            .map(|w| thing("waybills", &w.id, &same(&w.goods)))
            .collect::<Vec<_>>()
            .into_iter()
    };
    let under_way =
        |w: &Waybill| matches!(w.state, freight::State::Booked | freight::State::Loaded | freight::State::InTransit);
    found.put(true, t("已超过送达期限", "Later than agreed"), of(&|w| under_way(w) && w.not_after < now));
    found.put(false, t("待装车", "To load"), of(&|w| w.state == freight::State::Booked));
    found.put(
        false,
        t("在途", "On the way"),
        of(&|w| matches!(w.state, freight::State::Loaded | freight::State::InTransit)),
    );
    found.put(false, t("已送达，待签收", "Delivered: to be signed for"), of(&|w| w.state == freight::State::Delivered));
    Ok(())
}

fn regulator(actor: &Actor, found: &mut Found) -> Result<(), Refusal> {
    let frozen =
        gather(|limit, after| crate::service::receipts::list(actor, limit, after))?.only(|r| r.frozen.is_some()).items;
    found.put(
        true,
        t("已冻结的仓单，待核查", "Frozen receipts to look into"),
        frozen.iter().map(|r| thing("receipts", &r.id, &r.goods_name)),
    );
    if !actor.is(Role::Bank) {
        unseen(actor, found)?;
    }
    let oldest = now() - i64::from(crate::policy::limits()?.price_days) * DAY;
    let old = gather(|limit, after| quotes::list(actor, limit, after))?.only(|q| q.at < oldest).items;
    found.put(
        false,
        t("价格已过有效期", "Prices that are too old"),
        old.iter().map(|q| thing("quotes", &q.goods, &q.name)),
    );
    Ok(())
}
