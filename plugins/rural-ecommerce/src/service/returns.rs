//! Returns, from the buyer's wish to the refund or the arbiter's word.

use super::access::{self, ARBITER, MANAGER, known, need};
use super::orders::is_buyer;
use super::{Refusal, Wanted, now, stores};
use crate::domain::edit::Check;
use crate::domain::machine::Machine;
use crate::domain::order::{Effect, Order};
use crate::domain::returns::{Asked, Return, ReturnError, State, Step};
use crate::policy;
use crate::store::{RETURNS, RETURNS_BY_ORDER, RETURNS_BY_OWNER, RETURNS_BY_STATE, RETURNS_BY_STORE, stage};
use serde_json::json;
use yunlong_sdk::{Page, Principal, Tx, transact};

/// The most returns of one order that are read.
const OF_ORDER: u32 = 100;

fn speaks_for_buyer(r: &Return, who: &Principal) -> bool {
    who.subject.as_deref() == Some(r.owner.as_deref().unwrap_or(&r.placed_by))
}

fn sells(r: &Return, who: &Principal) -> bool {
    who.subject.as_deref() == Some(r.seller.as_str())
}

fn arbitrates(r: &Return, who: &Principal) -> bool {
    who.has_role(ARBITER) && matches!(r.state, State::Disputed | State::Arbitrated)
}

/// A return, for its buyer and seller, managers, and arbiters once it is disputed.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(who: &Principal, id: &str) -> Result<Return, Refusal> {
    let may = |r: &Return| speaks_for_buyer(r, who) || sells(r, who) || who.has_role(MANAGER) || arbitrates(r, who);
    known(RETURNS.get(id))?.map(|r| r.value).filter(may).ok_or(Refusal::NotFound)
}

/// The returns of whoever asks, the newest first.
///
/// # Errors
/// Nobody is signed in, or an error of the data service.
pub fn mine(who: &Principal, limit: u32, after: Option<String>) -> Result<Page<Return>, Refusal> {
    let me = access::subject(who)?;
    Ok(RETURNS.find(RETURNS_BY_OWNER.equals(me).descending().limit(limit).after(after))?)
}

/// The returns of the store of whoever asks, the newest first.
///
/// # Errors
/// [`Refusal::NotSelling`].
pub fn of_store(who: &Principal, limit: u32, after: Option<String>) -> Result<Page<Return>, Refusal> {
    let store = stores::my_store(who)?;
    Ok(RETURNS.find(RETURNS_BY_STORE.equals(store.id.as_str()).descending().limit(limit).after(after))?)
}

/// The returns of an order that whoever asks may see, the oldest first.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn of_order(who: &Principal, order: &str) -> Result<Vec<Return>, Refusal> {
    super::orders::get(who, order)?;
    Ok(RETURNS.find(RETURNS_BY_ORDER.equals(order).limit(50))?.into_iter().map(|r| r.value).collect())
}

/// Where what arbiters see stands: it waits for one, or one has decided.
pub const DISPUTES: &[State] = &[State::Disputed, State::Arbitrated];

/// Disputes: those that wait for an arbiter, unless a state of [`DISPUTES`] is asked for. The number is the return's, or
/// its order's.
///
/// # Errors
/// [`Refusal::RoleRequired`].
pub fn disputed(
    who: &Principal,
    wanted: &Wanted<State>,
    limit: u32,
    after: Option<String>,
) -> Result<Page<Return>, Refusal> {
    access::role(who, ARBITER)?;
    let stands = |r: &Return| DISPUTES.contains(&r.state).then_some(r.state);
    if let Some(order) = wanted.number.as_ref().filter(|n| !n.contains('.')) {
        let number = order.trim().to_uppercase();
        let query = wanted.turned(RETURNS_BY_ORDER.equals(number)).limit(OF_ORDER);
        let fits = |r: &Return| stands(r).is_some_and(|s| wanted.state.is_none_or(|w| s == w));
        let items = RETURNS.find(query)?.into_iter().filter(|r| fits(r)).collect();
        return Ok(Page { items, next: None });
    }
    let state = wanted.state.filter(|s| DISPUTES.contains(s));
    let state = state.or_else(|| wanted.number.is_none().then_some(State::Disputed));
    let queries = (RETURNS_BY_STATE.all(), RETURNS_BY_STATE.all());
    Wanted { state, ..wanted.clone() }.read(RETURNS, queries, stands, limit, after)
}

/// The buyer asks to return units. The order's money is held until it is decided.
///
/// # Errors
/// The rule that it breaks, such as fresh food without a reason; what the order's state does not allow.
pub fn ask(who: &Principal, order: &str, asked: &Asked) -> Result<Return, Refusal> {
    access::subject(who)?;
    let mut c = Check::default();
    c.text(&asked.text, 0..=500, "/text");
    c.end()?;
    let (now, rules) = (now(), policy::returns()?);
    transact(|tx| {
        let mut o: Order = need(tx, order)?;
        if !is_buyer(&o, who) {
            return Err(Refusal::NotFound);
        }
        let number = tx.find(RETURNS_BY_ORDER.equals(order).limit(OF_ORDER))?.items.len() + 1;
        let mut made = Return::ask(&mut o, format!("{order}.{number}"), asked.clone(), rules, now)?;
        let effects = made.hurry(now);
        tx.insert(&made)?;
        stage(tx, &mut o, effects, false, now)?;
        tx.audit("return.ask", &made.id, &json!({"reason": asked.reason.code()}))?;
        Ok(made)
    })
}

/// Takes a step of a return, and with it what follows for the order, in one transaction.
fn change(
    who: &Principal,
    id: &str,
    step: Step,
    may: fn(&Return, &Principal) -> bool,
    mut f: impl FnMut(&Tx<'_>, &mut Return, &mut Order, i64) -> Result<Vec<Effect>, Refusal>,
) -> Result<Return, Refusal> {
    access::subject(who)?;
    let now = now();
    transact(|tx| {
        let mut r: Return = need(tx, id)?;
        if !may(&r, who) {
            return Err(Refusal::NotFound);
        }
        let mut order: Order = need(tx, &r.order)?;
        r.step(step, now)?;
        let mut effects = f(tx, &mut r, &mut order, now)?;
        effects.extend(r.hurry(now));
        tx.put(&r)?;
        stage(tx, &mut order, effects, false, now)?;
        tx.audit(&format!("return.{}", State::step_code(step)), id, &json!({"refunded": r.refunded}))?;
        Ok(r)
    })
}

fn said(text: &str, at: &str) -> Result<String, Refusal> {
    let mut c = Check::default();
    c.text(text, 1..=500, at);
    c.end()?;
    Ok(text.trim().to_owned())
}

/// The buyer takes it back.
///
/// # Errors
/// What the state does not allow; so with all steps here. [`Refusal::NotFound`] for whom it is none of.
pub fn withdraw(who: &Principal, id: &str) -> Result<Return, Refusal> {
    change(who, id, Step::Withdraw, speaks_for_buyer, |_, _, o, now| Ok(o.close_return(now)))
}

/// The seller agrees.
///
/// # Errors
/// As [`withdraw`].
pub fn approve(who: &Principal, id: &str, answer: &str) -> Result<Return, Refusal> {
    let mut c = Check::default();
    c.text(answer, 0..=500, "/answer");
    c.end()?;
    change(who, id, Step::Approve, sells, |_, r, _, _| {
        r.answer = Some(answer.trim().to_owned()).filter(|a| !a.is_empty());
        Ok(Vec::new())
    })
}

/// The seller says no, and why. The buyer may go to the arbiter.
///
/// # Errors
/// As [`withdraw`], [`Refusal::Fields`].
pub fn reject(who: &Principal, id: &str, answer: &str) -> Result<Return, Refusal> {
    let answer = said(answer, "/answer")?;
    change(who, id, Step::Reject, sells, |_, r, o, now| {
        r.answer = Some(answer.clone());
        Ok(o.close_return(now))
    })
}

/// The buyer sends the goods back, by this carrier and number.
///
/// # Errors
/// As [`withdraw`], [`Refusal::Fields`].
pub fn send(who: &Principal, id: &str, tracking: &str) -> Result<Return, Refusal> {
    let tracking = said(tracking, "/tracking")?;
    change(who, id, Step::Send, speaks_for_buyer, |_, r, _, _| {
        r.tracking = Some(tracking.clone());
        Ok(Vec::new())
    })
}

/// The seller has looked at the goods.
///
/// # Errors
/// As [`withdraw`].
pub fn inspect(who: &Principal, id: &str) -> Result<Return, Refusal> {
    change(who, id, Step::Inspect, sells, |_, _, _, _| Ok(Vec::new()))
}

/// The seller refunds what came back.
///
/// # Errors
/// As [`withdraw`].
pub fn refund(who: &Principal, id: &str) -> Result<Return, Refusal> {
    change(who, id, Step::Refund, sells, |_, r, o, now| give_back(r, o, None, "return", now))
}

fn give_back(
    r: &mut Return,
    order: &mut Order,
    amount: Option<u64>,
    reason: &str,
    now: i64,
) -> Result<Vec<Effect>, Refusal> {
    let backs = r.backs(order, amount);
    let mut effects = order.give_back(&backs, reason, now).map_err(ReturnError::from)?;
    r.refunded = order.refunds.last().map_or(0, |x| x.amount);
    effects.extend(order.close_return(now));
    Ok(effects)
}

/// The buyer goes to the arbiter. The order's money is held again.
///
/// # Errors
/// As [`withdraw`]; once the order is settled there is no money to hold.
pub fn appeal(who: &Principal, id: &str) -> Result<Return, Refusal> {
    change(who, id, Step::Appeal, speaks_for_buyer, |_, r, o, _| {
        o.check(crate::domain::order::Step::Return)?;
        if let Some(open) = &o.open_return {
            return Err(ReturnError::OneOpen(open.clone()).into());
        }
        o.open_return(&r.id);
        Ok(Vec::new())
    })
}

/// The arbiter decides: so many fen go back to the buyer, at most what the units are worth; 0 for none.
/// That is final.
///
/// # Errors
/// [`Refusal::RoleRequired`], a party of the trade, [`Refusal::Fields`], what the state does not allow.
pub fn arbitrate(who: &Principal, id: &str, amount: u64, decision: &str) -> Result<Return, Refusal> {
    let me = access::role(who, ARBITER)?.to_owned();
    let decision = said(decision, "/decision")?;
    change(
        who,
        id,
        Step::Arbitrate,
        |r, w| w.has_role(ARBITER) && r.state != State::Withdrawn,
        |_, r, o, now| {
            r.impartial(&me)?;
            r.decision = Some(decision.clone());
            let worth: u64 = r.worth(o).iter().sum();
            if amount > worth {
                let yuan = yunlong_sdk::money::yuan(worth);
                let text = yunlong_sdk::Text::new(format!("最多 {yuan} 元"), format!("At most {yuan} yuan"));
                return Err(Refusal::field("/amount", text));
            }
            if amount == 0 { Ok(o.close_return(now)) } else { give_back(r, o, Some(amount), "arbitration", now) }
        },
    )
}
