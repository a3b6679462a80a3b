//! A regulator's figures: how much is stored, pledged, lent and on its way.

use super::{each, gather};
use crate::domain::actor::{Actor, Role};
use crate::domain::loan::{self, Loan};
use crate::domain::quote::Quote;
use crate::domain::receipt::{self, Receipt};
use crate::domain::time::Date;
use crate::domain::{flow, freight};
use crate::service::{Refusal, alerts, flows, loans, now, quotes, receipts, warehouses};
use std::collections::BTreeMap;

/// How many months the trend goes back, this one included.
const MONTHS: usize = 12;

/// A district's part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct District {
    /// Warehouses there.
    pub warehouses: usize,
    /// Live receipts on goods there.
    pub receipts: usize,
    /// Fen that these goods are worth at the latest prices; goods without a price count as nothing.
    pub value: u64,
    /// Fen of it that are pledged.
    pub pledged: u64,
}

/// A month's part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// Fen that were paid out.
    pub lent: u64,
    /// Fen that came back, interest included.
    pub repaid: u64,
}

/// The figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Receipts by their state.
    pub receipts: BTreeMap<&'static str, usize>,
    /// Loans by their state.
    pub loans: BTreeMap<&'static str, usize>,
    /// Waybills by their state.
    pub waybills: BTreeMap<&'static str, usize>,
    /// Flow links by their state.
    pub flows: BTreeMap<&'static str, usize>,
    /// By the code of the district (GB/T 2260).
    pub districts: BTreeMap<String, District>,
    /// By month, `2026-11`, the oldest first.
    pub months: Vec<(String, Month)>,
    /// Fen that are owed on loans that are out, interest included.
    pub owed: u64,
    /// Fen of it that are overdue or in disposal.
    pub overdue: u64,
    /// Fen that live receipts are worth.
    pub value: u64,
    /// Fen of it that are pledged.
    pub pledged: u64,
    /// Alerts that nobody has seen.
    pub unseen: usize,
    /// When: milliseconds of UTC.
    pub at: i64,
    /// Whether some list was longer than lists go, so that figures are of the newest alone.
    pub cut: bool,
}

/// The figures, for regulators.
///
/// # Errors
/// [`Refusal`].
pub fn of(actor: &Actor) -> Result<Overview, Refusal> {
    actor.needs(Role::Regulator)?;
    // All of it, whatever other role the person holds.
    let actor = &Actor { roles: vec![Role::Regulator], ..actor.clone() };
    let mut o = Overview { at: now(), ..Overview::default() };
    let prices = gather(|limit, after| quotes::list(actor, limit, after))?.items;
    let prices: BTreeMap<String, Quote> = prices.into_iter().map(|q| (q.goods.clone(), q)).collect();
    let warehouses = gather(|limit, after| warehouses::list(actor, limit, after))?;
    o.cut |= warehouses.more;
    let mut place = BTreeMap::new();
    for w in &warehouses.items {
        let district: String = w.division.chars().take(6).collect();
        o.districts.entry(district.clone()).or_default().warehouses += 1;
        place.insert(w.id.clone(), district);
    }
    // Counted as they are read: thousands of them are not held at once.
    o.receipts = none_of(receipt::State::ALL.map(receipt::State::code));
    let more = each(
        |limit, after| receipts::list(actor, limit, after),
        |r| {
            *o.receipts.entry(r.state.code()).or_default() += 1;
            count_receipt(&mut o, r, &place, &prices);
        },
    )?;
    o.cut |= more;
    o.loans = none_of(loan::State::ALL.map(loan::State::code));
    let mut by_month: BTreeMap<String, Month> = months(o.at).into_iter().map(|m| (m, Month::default())).collect();
    let more = each(
        |limit, after| loans::list(actor, None, limit, after),
        |l| {
            *o.loans.entry(l.state.code()).or_default() += 1;
            count_loan(&mut o, l, &mut by_month);
        },
    )?;
    o.cut |= more;
    o.months = by_month.into_iter().collect();
    o.waybills = none_of(freight::State::ALL.map(freight::State::code));
    o.cut |= each(
        |limit, after| crate::service::freight::waybills(actor, limit, after),
        |w| *o.waybills.entry(w.state.code()).or_default() += 1,
    )?;
    o.flows = none_of(flow::State::ALL.map(flow::State::code));
    o.cut |= each(
        |limit, after| flows::list(actor, flows::Side::Seller, limit, after),
        |f| *o.flows.entry(f.state.code()).or_default() += 1,
    )?;
    o.cut |= each(|limit, after| alerts::unseen(actor, limit, after), |_| o.unseen += 1)?;
    Ok(o)
}

/// None of any state.
fn none_of(all: impl IntoIterator<Item = &'static str>) -> BTreeMap<&'static str, usize> {
    all.into_iter().map(|code| (code, 0)).collect()
}

fn count_receipt(o: &mut Overview, r: &Receipt, place: &BTreeMap<String, String>, prices: &BTreeMap<String, Quote>) {
    if !r.is_live() {
        return;
    }
    let value = prices.get(&r.goods).filter(|q| q.unit == r.unit).map_or(0, |q| q.value(r.quantity));
    let pledged = if r.pledged_to.is_some() { value } else { 0 };
    o.value = o.value.saturating_add(value);
    o.pledged = o.pledged.saturating_add(pledged);
    if let Some(d) = place.get(&r.warehouse).and_then(|code| o.districts.get_mut(code)) {
        d.receipts += 1;
        d.value = d.value.saturating_add(value);
        d.pledged = d.pledged.saturating_add(pledged);
    }
}

fn month(at: i64) -> String {
    Date::at(at).to_string().chars().take(7).collect()
}

/// The last months by name, the oldest first.
fn months(now: i64) -> Vec<String> {
    let mut day = Date::at(now);
    let mut names = vec![month(now)];
    while names.len() < MONTHS {
        day = day.plus(-1);
        let name = day.to_string().chars().take(7).collect();
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    names.reverse();
    names
}

fn count_loan(o: &mut Overview, l: &Loan, by_month: &mut BTreeMap<String, Month>) {
    if l.state.is_out() {
        let owed = l.owed_at(o.at);
        o.owed = o.owed.saturating_add(owed);
        if matches!(l.state, loan::State::Overdue | loan::State::Disposal) {
            o.overdue = o.overdue.saturating_add(owed);
        }
    }
    let paid_out = l.history.iter().find(|p| p.state == loan::State::Disbursed).map(|p| month(p.at));
    if let Some(m) = paid_out.and_then(|m| by_month.get_mut(&m)) {
        m.lent = m.lent.saturating_add(l.principal);
    }
    for r in &l.repayments {
        if let Some(m) = by_month.get_mut(&month(r.at)) {
            m.repaid = m.repaid.saturating_add(r.amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_twelve_months_and_ends_with_this_one() {
        // 2026-11-24 08:00 in Shanghai.
        let names = months(1_795_478_400_000);
        assert_eq!((names.len(), names[0].as_str(), names[11].as_str()), (12, "2025-12", "2026-11"));
    }

    #[test]
    fn states_without_anything_are_counted_as_none() {
        assert_eq!(none_of(["a", "b"]), BTreeMap::from([("a", 0), ("b", 0)]));
    }
}
