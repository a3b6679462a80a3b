//! From a draft to an accepted order: placing, paying, giving up, accepting.

use super::{Due, Effect, Line, Note, Order, OrderError, Passage, Recipient, State, Step, Times, To};
use crate::domain::commission::Rates;
use crate::domain::escrow::Escrow;
use crate::domain::group::GroupBuy;
use crate::domain::listing::Listing;
use crate::domain::money;
use crate::domain::station::StationSale;
use crate::domain::statistics::{Figures, Place};
use crate::domain::store::Store;
use crate::domain::time::{DAY, MINUTE};

/// How long the outcome of a payment in the last moment may take, in milliseconds: an order is given up
/// so long after its time to pay is over.
pub(super) const PAY_GRACE: i64 = MINUTE;

/// What a new order needs.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Its number.
    pub id: String,
    /// The buyer's subject; none where a station orders for somebody.
    pub owner: Option<String>,
    /// Whoever places it.
    pub placed_by: String,
    /// Digest of the request.
    pub request: String,
    /// What is bought, discounts included.
    pub lines: Vec<Line>,
    /// The coupon.
    pub coupon: Option<String>,
    /// The group buy.
    pub group: Option<String>,
    /// Ids of its claims on the coupon and the group.
    pub claims_held: Vec<String>,
    /// The station.
    pub station: Option<StationSale>,
    /// Where it goes.
    pub recipient: Recipient,
    /// The commission.
    pub rates: Rates,
    /// Who keeps it.
    pub commission_payee: String,
}

impl Order {
    /// Places an order with a store: its goods are taken from the stock, and wait for the payment.
    #[must_use]
    pub fn place(new: NewOrder, store: &Store, times: Times, now: i64) -> (Self, Vec<Effect>) {
        let total = new.lines.iter().map(Line::paid).sum();
        let mut order = Self {
            id: new.id,
            owner: new.owner,
            placed_by: new.placed_by,
            request: new.request,
            store: store.id.clone(),
            store_name: store.name.clone(),
            seller: store.owner.clone(),
            payee: store.payee.clone(),
            commission_payee: new.commission_payee,
            village: store.village.clone(),
            address: store.address.clone(),
            state: State::Placed,
            lines: new.lines,
            total,
            coupon: new.coupon,
            group: new.group,
            claims_held: new.claims_held,
            station: new.station,
            recipient: new.recipient,
            rates: new.rates,
            placed_at: now,
            pay_until: now + i64::from(times.pay_minutes) * MINUTE,
            accept_by: 0,
            ship_by: 0,
            terms: times.terms,
            confirm_days: times.confirm_days,
            settle_days: times.settle_days,
            delivered_at: None,
            confirm_at: 0,
            confirmed_at: None,
            settle_at: 0,
            intent: None,
            reserved: true,
            escrow: Escrow::default(),
            refunds: Vec::new(),
            shipments: Vec::new(),
            claims: Vec::new(),
            open_claim: None,
            recalled: Vec::new(),
            open_return: None,
            counted: None,
            release: None,
            history: vec![Passage { state: State::Placed, at: now }],
        };
        let mut effects: Vec<Effect> = order.lines.iter().map(reserve).collect();
        if order.total == 0 {
            effects.extend(order.paid(times, now));
        } else {
            effects.extend([
                Effect::OpenHold,
                Effect::OpenPayment,
                Effect::Remind(Due::Pay, order.pay_until + PAY_GRACE),
            ]);
        }
        (order, effects)
    }

    /// A group buy takes payments before its deadline alone.
    pub(crate) fn pay_before(&mut self, deadline: i64, effects: &mut [Effect]) {
        self.pay_until = self.pay_until.min(deadline);
        for e in effects {
            if let Effect::Remind(Due::Pay, at) = e {
                *at = self.pay_until + PAY_GRACE;
            }
        }
    }

    fn paid(&mut self, times: Times, now: i64) -> Vec<Effect> {
        self.pass(State::Paid, now);
        self.accept_by = now + i64::from(times.accept_days) * DAY;
        vec![Effect::Remind(Due::Accept, self.accept_by), Effect::Notify(To::Seller, Note::Paid)]
    }

    /// Gives up an unpaid order.
    ///
    /// # Errors
    /// [`OrderError::WrongState`].
    pub fn cancel(&mut self, now: i64) -> Result<Vec<Effect>, OrderError> {
        self.check(Step::Cancel)?;
        self.pass(State::Cancelled, now);
        self.reserved = false;
        let mut effects: Vec<Effect> = self.lines.iter().map(|l| restock(l, l.quantity)).collect();
        effects.extend([Effect::CloseHold, Effect::CancelPayment, Effect::FreeClaims]);
        Ok(effects)
    }

    /// The order's total was taken at `captured_at`. For a placed order that makes it paid, and counts
    /// in its group; a payment that is too late for its group, or for an order that was given up, goes
    /// back by itself. In any other state the event is a repetition and does nothing.
    ///
    /// # Errors
    /// Never for an order that was built by these steps.
    pub fn captured(
        &mut self,
        group: Option<&mut GroupBuy>,
        captured_at: i64,
        times: Times,
        now: i64,
    ) -> Result<Vec<Effect>, OrderError> {
        let late = match self.state {
            State::Placed => false,
            State::Cancelled if self.escrow.captured() == 0 => true,
            _ => return Ok(Vec::new()),
        };
        let reference = self.id.clone();
        self.escrow.take_in(self.total, &reference, now);
        if late {
            return self.refund_all("late-payment", now);
        }
        let deadline = group.as_ref().map(|g| g.deadline);
        let in_time = group.is_none_or(|g| g.pay(captured_at));
        let mut effects = self.paid(times, now);
        effects.push(Effect::CloseHold);
        if !in_time {
            // What the seller would be told is of no interest.
            effects.retain(|e| !matches!(e, Effect::Notify(To::Seller, _) | Effect::Remind(..)));
            effects.extend(self.refund_all("group-over", now)?);
            effects.push(Effect::FreeClaims);
        } else if let Some(deadline) = deadline {
            // The store can accept it once the group has formed, at the latest at its deadline.
            self.accept_by = self.accept_by.max(deadline + i64::from(times.accept_days) * DAY);
            effects.push(Effect::Remind(Due::Accept, self.accept_by));
        }
        Ok(effects)
    }

    /// The store takes the order on: it is counted in the statistics, once.
    ///
    /// # Errors
    /// [`OrderError`], also while its group has not formed.
    pub fn accept(&mut self, group: Option<&GroupBuy>, place: Place, now: i64) -> Result<Vec<Effect>, OrderError> {
        self.check(Step::Accept)?;
        // What a refused refund leaves open would stand in no figure.
        self.unblocked()?;
        if let Some(g) = group {
            g.ready()?;
        }
        self.pass(State::Accepted, now);
        let figures = Figures {
            orders: 1,
            amount: money::signed(self.escrow.held()),
            refunded: 0,
            station: i64::from(self.station.is_some()),
        };
        self.counted = Some(place.clone());
        self.ship_by = now + i64::from(self.terms.ship_days) * DAY;
        Ok(vec![
            Effect::Count(place, figures),
            Effect::Remind(Due::Ship, self.ship_by),
            Effect::Notify(To::Buyer, Note::Accepted),
        ])
    }
}

fn reserve(line: &Line) -> Effect {
    Effect::Reserve { key: Listing::stock_key(&line.listing, &line.sku), units: line.quantity }
}

/// Puts units of a line back.
pub(super) fn restock(line: &Line, units: u32) -> Effect {
    Effect::Restock { key: Listing::stock_key(&line.listing, &line.sku), units }
}
