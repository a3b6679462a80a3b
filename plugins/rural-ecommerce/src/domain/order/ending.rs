//! The end of an order: confirmed, settled, or what comes due.

use super::paying::PAY_GRACE;
use super::{Due, Effect, Note, Order, OrderError, Release, State, Step, To};
use crate::domain::commission;
use crate::domain::shipment::{Carrier, ParcelState};
use crate::domain::time::{DAY, HOUR};
use yunlong_sdk::t;

/// Days that a buyer has after a return or a claim was decided, before the order goes on by itself.
pub(super) const RESPITE_DAYS: i64 = 3;

impl Order {
    /// The buyer has the goods.
    ///
    /// # Errors
    /// [`OrderError`], also while a return or a claim is open.
    pub fn confirm(&mut self, now: i64) -> Result<Vec<Effect>, OrderError> {
        self.check(Step::Confirm)?;
        self.unblocked()?;
        self.pass(State::Confirmed, now);
        self.confirmed_at = Some(now);
        if self.delivered_at.is_none() {
            // Here before any carrier's word.
            self.delivered_at = Some(now);
            self.confirm_at = now;
        }
        // A confirmation takes nobody's right to return the goods.
        let returnable = self.delivered_at.unwrap_or(now) + i64::from(self.terms.return_days) * DAY;
        self.settle_at = returnable.max(now + i64::from(self.settle_days) * DAY);
        Ok(vec![Effect::Remind(Due::Settle, self.settle_at)])
    }

    /// Pays out what is held: the commission to the platform and the station, the rest to the seller.
    ///
    /// # Errors
    /// [`OrderError`].
    pub fn settle(&mut self, now: i64) -> Result<Vec<Effect>, OrderError> {
        self.check(Step::Settle)?;
        self.unblocked()?;
        let held = self.escrow.held();
        let reference = format!("{}-s", self.id);
        let division = self.rates.divide(held);
        let left: Vec<u64> = self.lines.iter().map(super::Line::left).collect();
        // Where nothing is left there is no commission to divide.
        let by_line = commission::by_line(division.platform + division.station, &left)
            .unwrap_or_else(|_| vec![0; self.lines.len()]);
        self.escrow.release(held, &reference, now)?;
        self.pass(State::Settled, now);
        let release = Release { reference, division, commission_by_line: by_line, at: now };
        self.release = Some(release.clone());
        let mut effects = Vec::new();
        if held > 0 {
            effects.push(Effect::Release(release));
        }
        effects.push(Effect::Notify(To::Seller, Note::Settled { amount: division.seller }));
        Ok(effects)
    }

    /// What comes due by the clock. Delivered early, late or twice it does nothing.
    ///
    /// # Errors
    /// Never for an order that was built by these steps.
    pub fn due(&mut self, what: Due, now: i64) -> Result<Vec<Effect>, OrderError> {
        match what {
            Due::Pay if self.state == State::Placed && now >= self.pay_until + PAY_GRACE => self.cancel(now),
            Due::Accept if self.state == State::Paid && now >= self.accept_by => self.withdraw("not-accepted", now),
            Due::Ship => self.ship_due(now),
            Due::Carrier => Ok(self.carrier_due(now)),
            Due::Arrive => Ok(self.arrive_due(now)),
            Due::Confirm if self.state == State::Delivered && now >= self.confirm_at && self.block().is_none() => {
                self.confirm(now)
            }
            Due::Settle if self.state == State::Confirmed && now >= self.settle_at && self.block().is_none() => {
                self.settle(now)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The store has not sent what it accepted: what was not sent goes back.
    fn ship_due(&mut self, now: i64) -> Result<Vec<Effect>, OrderError> {
        let unsent = (0..self.lines.len()).any(|i| self.to_ship(i) > 0);
        if matches!(self.state, State::Accepted | State::PartShipped) && now >= self.ship_by && unsent {
            self.refund_all("not-shipped", now)
        } else {
            Ok(Vec::new())
        }
    }

    /// The city's carrier has not answered: what it was asked for is to be sent again.
    fn carrier_due(&mut self, now: i64) -> Vec<Effect> {
        let over = now - i64::from(self.terms.carrier_hours) * HOUR;
        let silent = self.shipments.iter().filter(|s| s.carrier == Carrier::City && s.at <= over);
        let requests: Vec<String> = silent.map(|s| s.request.clone()).collect();
        let why = t("物流未按时答复", "The carrier did not answer in time");
        requests.iter().flat_map(|r| self.carrier_refused(r, why.clone(), now)).collect()
    }

    /// Parcels should have arrived of which nobody says anything: each opens a claim.
    fn arrive_due(&mut self, now: i64) -> Vec<Effect> {
        if !matches!(self.state, State::PartShipped | State::Shipped) {
            return Vec::new();
        }
        let over = now - i64::from(self.terms.arrive_days) * DAY;
        let live = self.shipments.iter_mut().filter(|s| s.refused.is_none() && s.at <= over);
        let mut missing = Vec::new();
        for s in live {
            for p in s.parcels.iter_mut().filter(|p| !p.state.arrived() && !p.state.is_exception()) {
                p.delayed = true;
                missing.push((s.request.clone(), p.id.clone()));
            }
        }
        missing.iter().flat_map(|(s, p)| self.claim(s, p, ParcelState::Overdue, now)).collect()
    }

    /// Comes back to an order whose money was held, once nothing is open: its clock had run out
    /// without effect meanwhile.
    pub(crate) fn rearm(&mut self, now: i64) -> Vec<Effect> {
        if self.block().is_some() {
            return Vec::new();
        }
        match self.state {
            State::Delivered => {
                self.confirm_at = self.confirm_at.max(now + RESPITE_DAYS * DAY);
                vec![Effect::Remind(Due::Confirm, self.confirm_at)]
            }
            State::Confirmed => {
                self.settle_at = self.settle_at.max(now + RESPITE_DAYS * DAY);
                vec![Effect::Remind(Due::Settle, self.settle_at)]
            }
            _ => Vec::new(),
        }
    }

    /// A return of it is open: its money is held.
    pub fn open_return(&mut self, id: &str) {
        self.open_return = Some(id.to_owned());
    }

    /// The return is decided.
    pub fn close_return(&mut self, now: i64) -> Vec<Effect> {
        self.open_return = None;
        self.rearm(now)
    }
}
