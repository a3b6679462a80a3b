//! What the app promises, looked at after every step of a history.

use super::city::{City, STOCK};
use crate::domain::group;
use crate::domain::listing;
use crate::domain::order::{Order, RefundState, Release, State};
use crate::domain::shipment::ClaimState;
use crate::domain::statistics::Figures;

pub(super) fn check(city: &City) {
    for (key, left) in &city.stock {
        assert!(*left >= 0, "{key}: stock below zero");
        assert_eq!(*left + city.in_orders(key), STOCK, "{key}: units appear or vanish");
    }
    for (id, o) in &city.orders {
        check_order(o);
        let m = city.money.get(id).cloned().unwrap_or_default();
        // Money that was taken is known here once its message has come.
        if m.captured == o.escrow.captured() {
            assert_eq!(m.held, o.escrow.held(), "{id}: ledger and account agree on what is held");
        }
        assert_eq!(m.released, o.escrow.released(), "{id}: and on what is released");
        let back: u64 = m.refunds.values().filter(|(_, done)| *done != Some(false)).map(|(a, _)| a).sum();
        assert!(back <= m.captured, "{id}: refunds over the original");
        assert!(city.counted.get(id).copied().unwrap_or(0) <= 1, "{id}: counted twice");
    }
    check_figures(city);
    for b in city.batches.values().filter(|b| b.is_bad()) {
        for l in city.listings.iter().filter(|l| l.batch.as_deref() == Some(b.id.as_str())) {
            let p = city.products.iter().find(|p| p.id == l.product).unwrap();
            assert!(l.buyable(p, Some(b), super::city::START).is_err(), "a bad batch is on sale");
        }
    }
}

fn check_order(o: &Order) {
    let id = &o.id;
    assert!(o.escrow.is_whole(), "{id}: in = released + refunded + held");
    let captured = o.escrow.captured();
    assert!(captured == 0 || captured == o.total, "{id}");
    assert_eq!(o.lines.iter().map(|l| l.paid()).sum::<u64>(), o.total, "{id}: lines sum to the total");
    for (i, l) in o.lines.iter().enumerate() {
        assert!(l.given_back <= l.paid(), "{id}: more returns than a line is worth");
        assert!(l.cancelled + l.returned <= l.quantity, "{id}: more units return than were sold");
        assert!(o.shipped(i) + l.cancelled <= l.quantity, "{id}: more units are sent than were sold");
        assert!(l.returned <= o.shipped(i), "{id}: what was not sent comes back");
    }
    let failed: u64 = o.refunds.iter().filter(|r| r.state == RefundState::Failed).map(|r| r.amount).sum();
    if captured > 0 && o.release.is_none() {
        let left: u64 = o.lines.iter().map(|l| l.left()).sum();
        assert_eq!(o.escrow.held(), left + failed, "{id}: what is held is what the lines are worth");
    }
    if let Some(r) = &o.release {
        let d = r.division;
        assert_eq!(d.platform + d.station + d.seller, o.escrow.released(), "{id}: a release is whole");
        assert_eq!(r.commission_by_line.iter().sum::<u64>(), d.platform + d.station, "{id}: commission by line");
        check_commission(o, r);
        assert!(o.claims.iter().all(|c| c.state != ClaimState::Open), "{id}: paid out with an open claim");
        // A refund that was under way then and that the provider refused since: held until somebody asks again.
        assert_eq!(o.escrow.held(), failed, "{id}: all else is paid out");
    }
    assert_eq!(o.state == State::Settled, o.release.is_some(), "{id}");
    let open = o.claims.iter().filter(|c| c.state == ClaimState::Open).map(|c| c.at).min();
    assert_eq!(o.open_claim, open, "{id}: the department's list of claims");
    if let (Some(r), Some(delivered)) = (&o.release, o.delivered_at) {
        assert!(r.at >= delivered + 7 * crate::domain::time::DAY, "{id}: settled while it may be returned");
    }
    if matches!(o.state, State::Confirmed | State::Settled) {
        assert!(o.history.iter().any(|p| p.state == State::Accepted), "{id}: never accepted");
    }
}

/// Platform and station get their rates of what is paid out, to the fen, and no line bears more than its part of them.
fn check_commission(o: &Order, r: &Release) {
    let (id, d) = (&o.id, r.division);
    let (platform, station) = (u64::from(o.rates.platform), u64::from(o.rates.station));
    let whole = d.platform + d.station + d.seller;
    for (part, rate, of) in [(d.platform, platform, "the platform"), (d.station, station, "the station")] {
        let exact = whole * rate;
        assert!((part * 10_000).abs_diff(exact) < 10_000, "{id}: {of} gets {part} of {whole} at {rate}");
    }
    assert!(o.station.is_some() || d.station == 0, "{id}: a commission of no station");
    for (c, l) in r.commission_by_line.iter().zip(&o.lines) {
        assert!(*c <= l.left(), "{id}: a commission over its line");
        // Each of the two, and the line, may be rounded up.
        assert!(c * 10_000 < l.left() * (platform + station) + 30_000, "{id}: {c} on a line of {}", l.left());
    }
}

fn check_figures(city: &City) {
    let periods: std::collections::BTreeSet<&str> = city.figures.keys().filter_map(|k| k.split('/').next()).collect();
    for p in &periods {
        let level = |len: usize, city_itself: bool| {
            let mut sum = Figures::default();
            for (k, f) in &city.figures {
                let Some((period, code)) = k.split_once('/') else { continue };
                if period == *p && code.len() == len && (code == "320300") == city_itself {
                    sum += *f;
                }
            }
            sum
        };
        let whole = level(6, true);
        for below in [level(6, false), level(9, false), level(12, false)] {
            assert_eq!(whole, below, "{p}: a level does not add up");
        }
        if p.len() == 4 && periods.iter().filter(|q| q.len() == 4).count() == 1 {
            assert_eq!(whole, city.expected("3203"), "the figures are those of the orders");
            let village = city.figures.get(&format!("{p}/320324109002")).copied().unwrap_or_default();
            assert_eq!(village, city.expected("320324109002"));
        }
    }
}

/// When every message has arrived nobody's money is without goods or on its way back, unless somebody
/// has to decide.
pub(super) fn check_settled(city: &City) {
    for (id, o) in &city.orders {
        let m = city.money.get(id).cloned().unwrap_or_default();
        assert_eq!(m.captured, o.escrow.captured(), "{id}: the order knows its money");
        let waits = o.block().is_some();
        match o.state {
            State::Placed | State::Paid | State::Accepted | State::PartShipped => panic!("{id} rests in {:?}", o.state),
            State::Cancelled => assert_eq!(m.captured, 0, "{id}: money taken for a cancelled order"),
            State::Refunding => assert!(waits, "{id}: a refund that nobody waits for"),
            State::Shipped | State::Delivered | State::Confirmed => assert!(waits, "{id}: held without a reason"),
            State::Refunded => assert_eq!(o.escrow.held() + o.escrow.released(), 0, "{id}"),
            State::Settled => {}
        }
        if let Some(r) = o.open_return.as_ref().map(|r| &city.returns[r]) {
            assert_eq!(r.state, crate::domain::returns::State::Disputed, "{}: held by one party's silence", r.id);
        }
        if o.group.is_some() && city.group.state == group::State::Failed {
            let gone = matches!(o.state, State::Cancelled | State::Refunded | State::Refunding);
            assert!(gone, "{id}: in a group that failed");
        }
        for b in city.batches.values().filter(|b| b.is_bad()) {
            let left = o.lines.iter().enumerate().filter(|(_, l)| l.batch.as_deref() == Some(b.id.as_str()));
            let unsent: u32 = left.map(|(i, _)| o.to_ship(i)).sum();
            // What a carrier gave back after the sweep cannot be sent again; the store refunds it.
            let given_back = o.shipments.iter().any(|s| s.refused.is_some());
            let over = given_back || matches!(o.state, State::Cancelled | State::Settled);
            assert!(over || unsent == 0, "{id}: unsent goods of a bad batch");
        }
    }
    for b in city.batches.values().filter(|b| b.is_bad()) {
        let on = city
            .listings
            .iter()
            .any(|l| l.batch.as_deref() == Some(b.id.as_str()) && l.state != listing::State::Recalled);
        assert!(!on, "a listing of a bad batch was left");
    }
}
