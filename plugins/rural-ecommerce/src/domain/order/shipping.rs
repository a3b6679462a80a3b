//! Goods on their way: shipments in parcels, what carriers say, claims for what does not arrive.

use super::ending::RESPITE_DAYS;
use super::{Back, Due, Effect, Note, Order, OrderError, State, Step, To};
use crate::domain::shipment::{
    Carrier, Claim, ClaimState, ExceptionReason, Parcel, ParcelState, Shipment, Units, WaybillState,
};
use crate::domain::time::{DAY, HOUR};
use yunlong_sdk::Text;

/// What is to be shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShipment {
    /// The number of the request.
    pub request: String,
    /// Which units.
    pub units: Vec<Units>,
    /// The parcels as goods and grams; made from the units when empty.
    pub parcels: Vec<(String, u32)>,
    /// Who carries it.
    pub carrier: Carrier,
}

/// The most parcels of one shipment.
pub(super) const MAX_PARCELS: usize = 200;

impl Order {
    /// Sends units of it. Furniture travels in as many parcels as its variant says.
    ///
    /// # Errors
    /// [`OrderError`].
    pub fn ship(&mut self, new: NewShipment, now: i64) -> Result<Vec<Effect>, OrderError> {
        self.check(Step::Ship)?;
        let mut units: Vec<Units> = Vec::new();
        for u in new.units.iter().filter(|u| u.units > 0) {
            match units.iter_mut().find(|k| k.line == u.line) {
                Some(k) => k.units = k.units.saturating_add(u.units),
                None => units.push(*u),
            }
        }
        if units.is_empty() {
            return Err(OrderError::Nothing);
        }
        if let Some(u) = units.iter().find(|u| u.units > self.to_ship(u.line)) {
            return Err(OrderError::Units { line: u.line, left: self.to_ship(u.line) });
        }
        let contents = if new.parcels.is_empty() { self.packed(&units) } else { new.parcels };
        if contents.len() > MAX_PARCELS {
            return Err(OrderError::Parcels(contents.len()));
        }
        let parcel = |(i, (goods, grams)): (usize, (String, u32))| Parcel {
            id: (i + 1).to_string(),
            goods,
            grams: grams.max(1),
            state: ParcelState::Ready,
            at: now,
            delayed: false,
        };
        let parcels: Vec<Parcel> = contents.into_iter().enumerate().map(parcel).collect();
        let mut effects = Vec::new();
        if new.carrier == Carrier::City {
            effects.push(Effect::Request(new.request.clone()));
            effects.push(Effect::Remind(Due::Carrier, now + i64::from(self.terms.carrier_hours) * HOUR));
        }
        effects.push(Effect::Remind(Due::Arrive, now + i64::from(self.terms.arrive_days) * DAY));
        let request = new.request;
        self.shipments.push(Shipment {
            request,
            units,
            parcels,
            carrier: new.carrier,
            waybill: None,
            refused: None,
            at: now,
        });
        self.follow(now);
        effects.push(Effect::Notify(To::Buyer, Note::Shipped));
        Ok(effects)
    }

    /// The parcels that units make: as many for each as its variant says, goods of one parcel together.
    fn packed(&self, units: &[Units]) -> Vec<(String, u32)> {
        let mut parcels = Vec::new();
        let (mut small, mut grams): (Vec<String>, u32) = (Vec::new(), 0);
        for u in units {
            let Some(l) = self.lines.get(u.line) else { continue };
            if l.parcels <= 1 {
                small.push(format!("{} × {}", l.title.zh, u.units));
                grams = grams.saturating_add(l.grams.saturating_mul(u.units));
                continue;
            }
            let each = l.grams.div_ceil(u32::from(l.parcels));
            for _ in 0..u.units {
                let name = |k: u8| format!("{} {k}/{}", l.title.zh, l.parcels);
                parcels.extend((1..=l.parcels).map(|k| (name(k), each)));
            }
        }
        if !small.is_empty() {
            parcels.push((small.join("，"), grams));
        }
        parcels
    }

    /// What its goods in a shipment are worth, in fen: for the carrier.
    #[must_use]
    pub fn value_of(&self, s: &Shipment) -> u64 {
        s.units.iter().filter_map(|u| Some(self.lines.get(u.line)?.value(u.units))).sum()
    }

    fn shipment(&mut self, request: &str) -> Option<&mut Shipment> {
        self.shipments.iter_mut().find(|s| s.request == request)
    }

    /// The carrier took a shipment on, under this waybill. A repetition does nothing.
    pub fn booked(&mut self, request: &str, waybill: &str) {
        if let Some(s) = self.shipment(request).filter(|s| s.waybill.is_none() && s.refused.is_none()) {
            s.waybill = Some(waybill.to_owned());
            for p in s.parcels.iter_mut().filter(|p| p.state == ParcelState::Ready) {
                p.state = ParcelState::Booked;
            }
        }
    }

    /// The carrier does not take a shipment: its units are to be shipped again. A repetition, or a
    /// refusal of what is under way, does nothing; nor does one of what the buyer has confirmed to have: unsent, it
    /// could not be given back any more.
    pub fn carrier_refused(&mut self, request: &str, why: Text, now: i64) -> Vec<Effect> {
        if !matches!(self.state, State::PartShipped | State::Shipped) {
            return Vec::new();
        }
        let waits = |s: &Shipment| {
            let still = s.parcels.iter().all(|p| p.state == ParcelState::Ready);
            // Units that were given back as sent cannot be unsent any more.
            let free = s.units.iter().all(|u| u.units <= self.returnable(u.line));
            s.request == request && still && free && s.waybill.is_none() && s.refused.is_none()
        };
        let Some(i) = self.shipments.iter().position(|s| waits(s) && s.carrier == Carrier::City) else {
            return Vec::new();
        };
        if let Some(s) = self.shipments.get_mut(i) {
            s.refused = Some(why);
        }
        self.follow(now);
        // The store has some days more to send it otherwise, once: asking a carrier again and again who
        // does not take it would hold the buyer's money for ever.
        if self.shipments.iter().filter(|s| s.refused.is_some()).count() == 1 {
            self.ship_by = self.ship_by.max(now + RESPITE_DAYS * DAY);
        }
        vec![Effect::Remind(Due::Ship, self.ship_by), Effect::Notify(To::Seller, Note::CarrierRefused)]
    }

    /// The carrier says where a parcel is, or all of them when `parcel` is absent. What comes late or
    /// twice does nothing. A parcel that is lost or damaged opens a claim, and the money is held.
    pub fn waybill_changed(
        &mut self,
        (request, parcel): (&str, Option<&str>),
        (state, reason): (WaybillState, Option<ExceptionReason>),
        at: i64,
        now: i64,
    ) -> Vec<Effect> {
        let late = reason == Some(ExceptionReason::Delayed);
        let Some(s) = self.shipment(request).filter(|s| s.refused.is_none()) else { return Vec::new() };
        let mut wrong = Vec::new();
        for p in s.parcels.iter_mut().filter(|p| parcel.is_none_or(|id| id == p.id)) {
            p.delayed |= late && !p.state.arrived();
            let Some(next) = state.parcel(reason) else { continue };
            if p.state.may_become(next) {
                p.state = next;
                p.at = p.at.max(at);
                if next.is_exception() {
                    wrong.push((p.id.clone(), next));
                }
            }
        }
        let claims: Vec<Effect> = wrong.into_iter().flat_map(|(id, why)| self.claim(request, &id, why, now)).collect();
        self.follow(now);
        claims.into_iter().chain(self.arrived(now)).collect()
    }

    /// A parcel of the store's own carrier, or brought by the store, has arrived: by the seller's word.
    ///
    /// # Errors
    /// [`OrderError::Unknown`] for the city's carrier, who says so itself.
    pub fn brought(&mut self, request: &str, now: i64) -> Result<Vec<Effect>, OrderError> {
        let s = self.shipment(request).filter(|s| s.carrier != Carrier::City).ok_or(OrderError::Unknown)?;
        for p in s.parcels.iter_mut().filter(|p| p.state.may_become(ParcelState::Delivered)) {
            p.state = ParcelState::Delivered;
            p.at = now;
        }
        self.follow(now);
        Ok(self.arrived(now))
    }

    pub(super) fn claim(&mut self, request: &str, parcel: &str, reason: ParcelState, now: i64) -> Vec<Effect> {
        let id = format!("{request}/{parcel}");
        if self.claims.iter().any(|c| c.id == id) || matches!(self.state, State::Settled | State::Refunded) {
            return Vec::new();
        }
        self.claims.push(Claim {
            id,
            request: request.to_owned(),
            parcel: parcel.to_owned(),
            reason,
            state: ClaimState::Open,
            decision: None,
            amount: 0,
            at: now,
        });
        self.count_claims();
        [To::Buyer, To::Seller, To::Managers].map(|to| Effect::Notify(to, Note::Claim)).into()
    }

    fn count_claims(&mut self) {
        self.open_claim = self.claims.iter().filter(|c| c.state == ClaimState::Open).map(|c| c.at).min();
    }

    /// A manager decides a claim: units and money that go back for it, or nothing.
    ///
    /// # Errors
    /// [`OrderError`].
    pub fn decide_claim(
        &mut self,
        id: &str,
        backs: &[Back],
        decision: &str,
        now: i64,
    ) -> Result<Vec<Effect>, OrderError> {
        let open = |c: &Claim| c.id == id && c.state == ClaimState::Open;
        let i = self.claims.iter().position(open).ok_or(OrderError::Unknown)?;
        let mut effects = Vec::new();
        let mut amount = 0;
        if !backs.is_empty() {
            effects = self.give_back(backs, "parcel-claim", now)?;
            amount = self.refunds.last().map_or(0, |r| r.amount);
        }
        if let Some(c) = self.claims.get_mut(i) {
            c.state = if backs.is_empty() { ClaimState::Dismissed } else { ClaimState::Refunded };
            c.decision = Some(decision.to_owned());
            c.amount = amount;
        }
        self.count_claims();
        self.follow(now);
        effects.extend(self.arrived(now));
        effects.extend(self.rearm(now));
        Ok(effects)
    }

    /// Whether every parcel has arrived, or a manager has decided what is due for it.
    pub(super) fn all_arrived(&self) -> bool {
        let decided = |s: &Shipment, p: &Parcel| {
            let of = |c: &&Claim| c.request == s.request && c.parcel == p.id;
            self.claims.iter().find(of).is_some_and(|c| c.state != ClaimState::Open)
        };
        let live = self.shipments.iter().filter(|s| s.refused.is_none());
        live.flat_map(|s| s.parcels.iter().map(move |p| (s, p))).all(|(s, p)| p.state.arrived() || decided(s, p))
    }

    /// What follows when the last parcel has arrived: the time to confirm begins, once.
    pub(super) fn arrived(&mut self, now: i64) -> Vec<Effect> {
        if self.state != State::Delivered || self.delivered_at.is_some() {
            return Vec::new();
        }
        self.delivered_at = Some(now);
        self.confirm_at = now + i64::from(self.confirm_days) * DAY;
        vec![Effect::Remind(Due::Confirm, self.confirm_at), Effect::Notify(To::Buyer, Note::Delivered)]
    }
}
