//! A regulator's figures: how much is stored, pledged, lent and on its way.

use super::gather;
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
    let receipts = gather(|limit, after| receipts::list(actor, limit, after))?;
    o.cut |= receipts.more;
    receipts.items.iter().for_each(|r| count_receipt(&mut o, r, &place, &prices));
    let loans = gather(|limit, after| loans::list(actor, None, limit, after))?;
    o.cut |= loans.more;
    count_loans(&mut o, &loans.items);
    let waybills = gather(|limit, after| crate::service::freight::waybills(actor, limit, after))?;
    let flows = gather(|limit, after| flows::list(actor, flows::Side::Seller, limit, after))?;
    o.cut |= waybills.more || flows.more;
    o.waybills = tally(freight::State::ALL.map(freight::State::code), waybills.items.iter().map(|w| w.state.code()));
    o.flows = tally(flow::State::ALL.map(flow::State::code), flows.items.iter().map(|f| f.state.code()));
    o.unseen = gather(|limit, after| alerts::list(actor, limit, after))?.only(|a| a.seen_by.is_none()).items.len();
    o.receipts = tally(receipt::State::ALL.map(receipt::State::code), receipts.items.iter().map(|r| r.state.code()));
    Ok(o)
}

/// How many there are of each state, those with none among them.
fn tally(
    all: impl IntoIterator<Item = &'static str>,
    found: impl Iterator<Item = &'static str>,
) -> BTreeMap<&'static str, usize> {
    let mut counts: BTreeMap<&'static str, usize> = all.into_iter().map(|c| (c, 0)).collect();
    for code in found {
        *counts.entry(code).or_default() += 1;
    }
    counts
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

fn count_loans(o: &mut Overview, loans: &[Loan]) {
    o.loans = tally(loan::State::ALL.map(loan::State::code), loans.iter().map(|l| l.state.code()));
    let mut by_month: BTreeMap<String, Month> = months(o.at).into_iter().map(|m| (m, Month::default())).collect();
    for l in loans {
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
    o.months = by_month.into_iter().collect();
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
        let counts = tally(["a", "b"], ["b", "b"].into_iter());
        assert_eq!(counts, BTreeMap::from([("a", 0), ("b", 2)]));
    }
}
