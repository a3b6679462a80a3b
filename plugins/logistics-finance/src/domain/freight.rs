//! Freight: who wants what carried, the waybill that a carrier makes of it, and its parcels.
//!
//! ```text
//! booked → loaded → in-transit → delivered → signed          every state before signed → exception
//!                     exception → in-transit, or loaded if it never was (it was only late)
//! ```

use super::refused::{Refused, Thing, WrongState};
use serde::{Deserialize, Serialize};

/// The most parcels of a waybill.
pub const MAX_PARCELS: usize = 200;

/// Where a waybill or a parcel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The carrier has taken the order.
    Booked,
    /// It is on the vehicle.
    Loaded,
    /// It is on its way.
    InTransit,
    /// It is there.
    Delivered,
    /// The receiver has signed for it.
    Signed,
    /// Something went wrong.
    Exception,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is gone.
    Lost,
    /// It is broken.
    Damaged,
    /// It is late.
    Delayed,
    /// The receiver does not want it.
    Refused,
}

impl State {
    /// Every state, in the order of a waybill's life.
    pub const ALL: [Self; 6] =
        [Self::Booked, Self::Loaded, Self::InTransit, Self::Delivered, Self::Signed, Self::Exception];

    /// The states that may follow. What is lost, damaged or refused stays so; what was late goes on, from where it was:
    /// nothing is on its way that was never `loaded`.
    fn may_become(self, reason: Option<Reason>, loaded: bool) -> &'static [Self] {
        match (self, reason) {
            (Self::Booked, _) => &[Self::Loaded, Self::Exception],
            (Self::Loaded, _) => &[Self::InTransit, Self::Exception],
            (Self::InTransit, _) => &[Self::Delivered, Self::Exception],
            (Self::Delivered, _) => &[Self::Signed, Self::Exception],
            (Self::Exception, Some(Reason::Delayed)) if loaded => &[Self::InTransit, Self::Exception],
            (Self::Exception, Some(Reason::Delayed)) => &[Self::Loaded, Self::Exception],
            (Self::Signed | Self::Exception, _) => &[],
        }
    }

    /// As documents, messages and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Loaded => "loaded",
            Self::InTransit => "in-transit",
            Self::Delivered => "delivered",
            Self::Signed => "signed",
            Self::Exception => "exception",
        }
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Lost, Self::Damaged, Self::Delayed, Self::Refused];

    /// As documents, messages and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Damaged => "damaged",
            Self::Delayed => "delayed",
            Self::Refused => "refused",
        }
    }
}

/// An end of a way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The division's code.
    pub division: String,
    /// The address, without a person's name.
    #[serde(default)]
    pub address: String,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Its number in the order.
    pub parcel: String,
    /// What is in it.
    pub goods: String,
    /// Grams.
    pub grams: u64,
    /// Where it stands.
    pub state: State,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// That something arrived: what the receiver signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// In which office it was received, without a person's name.
    pub received_by: String,
    /// The number of the paper or of the electronic receipt.
    pub document: String,
    /// What was received, in the unit of the goods; of parcels how many.
    pub quantity: u64,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// A state with the time at which it was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The state.
    pub state: State,
    /// The parcel, if it is one parcel's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// Who wants what carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreightOrder {
    /// Its number.
    pub id: String,
    /// Who sends: a USCC, or the installation that asked by a message.
    pub shipper: String,
    /// Who is asked to carry: a carrier's organization.
    pub carrier: String,
    /// The order of a trade, whose own number it is.
    pub order: String,
    /// The request of another app that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What is carried: a lot's goods by their code, or words.
    pub goods: String,
    /// How much, in the unit of the goods.
    pub quantity: u64,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// Fen that it is worth.
    pub value: u64,
    /// By when it must be there: milliseconds of UTC.
    pub not_after: i64,
    /// Its parcels, if it is in parcels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parcels: Vec<Parcel>,
    /// The carrier again while the order waits for a waybill: what the list of those is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// The waybill, once a carrier has taken it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waybill: Option<String>,
    /// Milliseconds of UTC.
    pub created_at: i64,
    /// A digest of what was asked for.
    #[serde(default)]
    pub digest: String,
}

/// A waybill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waybill {
    /// Its number.
    pub id: String,
    /// The freight order.
    pub freight: String,
    /// The order of the trade.
    pub order: String,
    /// The request of another app that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Who sends.
    pub shipper: String,
    /// The carrier's organization.
    pub carrier: String,
    /// The vehicle's plate, once it is loaded.
    #[serde(default)]
    pub vehicle: String,
    /// The driver's number at the carrier: no name.
    #[serde(default)]
    pub driver: String,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// What is carried.
    pub goods: String,
    /// How much.
    pub quantity: u64,
    /// Fen that it is worth.
    pub value: u64,
    /// By when it must be there: milliseconds of UTC.
    pub not_after: i64,
    /// Where it stands.
    pub state: State,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Its parcels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parcels: Vec<Parcel>,
    /// That it arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Milliseconds of UTC.
    pub created_at: i64,
    /// Everything that it passed.
    pub history: Vec<Passage>,
}

impl FreightOrder {
    /// The carrier takes it.
    ///
    /// # Errors
    /// [`WrongState`] when there is a waybill for it already.
    pub fn book(&mut self, id: String, now: i64) -> Result<Waybill, Refused> {
        if let Some(first) = &self.waybill {
            return Err(WrongState {
                thing: Thing::Waybill,
                id: first.clone(),
                state: State::Booked.code(),
                step: State::Booked.code(),
                allowed: State::Booked.may_become(None, false).iter().map(|s| s.code()).collect(),
            }
            .into());
        }
        self.open = None;
        self.waybill = Some(id.clone());
        Ok(Waybill {
            id,
            freight: self.id.clone(),
            order: self.order.clone(),
            request: self.request.clone(),
            shipper: self.shipper.clone(),
            carrier: self.carrier.clone(),
            vehicle: String::new(),
            driver: String::new(),
            from: self.from.clone(),
            to: self.to.clone(),
            goods: self.goods.clone(),
            quantity: self.quantity,
            value: self.value,
            not_after: self.not_after,
            state: State::Booked,
            reason: None,
            parcels: self.parcels.clone(),
            proof: None,
            created_at: now,
            history: vec![Passage { state: State::Booked, parcel: None, reason: None, at: now }],
        })
    }
}

impl Waybill {
    /// Whether it was on a vehicle.
    fn was_loaded(&self) -> bool {
        self.history.iter().any(|p| p.state == State::Loaded && p.parcel.is_none())
    }

    /// The states that may follow now.
    #[must_use]
    pub fn next(&self) -> &'static [State] {
        self.state.may_become(self.reason, self.was_loaded())
    }

    /// The states of a parcel that may follow now.
    #[must_use]
    pub fn next_of(&self, parcel: &Parcel) -> &'static [State] {
        parcel.state.may_become(parcel.reason, self.was_loaded())
    }

    fn wrong(&self, thing: Thing, id: &str, from: (State, Option<Reason>), to: State) -> Refused {
        WrongState {
            thing,
            id: id.to_owned(),
            state: from.0.code(),
            step: to.code(),
            allowed: from.0.may_become(from.1, self.was_loaded()).iter().map(|s| s.code()).collect(),
        }
        .into()
    }

    /// The whole waybill goes on, and with it the parcels with which nothing is wrong. Going where it is already changes
    /// nothing.
    ///
    /// # Errors
    /// [`WrongState`]; [`Refused::NoProof`] for a signature without a proof; [`Refused::Nothing`] for an exception
    /// without a reason.
    pub fn advance(&mut self, to: State, reason: Option<Reason>, now: i64) -> Result<bool, Refused> {
        if self.state == to && self.reason == reason {
            return Ok(false);
        }
        if !self.next().contains(&to) {
            return Err(self.wrong(Thing::Waybill, &self.id, (self.state, self.reason), to));
        }
        if to == State::Signed && self.proof.is_none() {
            return Err(Refused::NoProof);
        }
        if to == State::Exception && reason.is_none() {
            return Err(Refused::Nothing("reason"));
        }
        let reason = reason.filter(|_| to == State::Exception);
        for parcel in &mut self.parcels {
            let stuck = parcel.state == State::Exception && parcel.reason != Some(Reason::Delayed);
            if !stuck {
                parcel.state = to;
                parcel.reason = reason;
            }
        }
        self.state = to;
        self.reason = reason;
        self.history.push(Passage { state: to, parcel: None, reason, at: now });
        Ok(true)
    }

    /// Something is wrong with one parcel: the others go on.
    ///
    /// # Errors
    /// [`Refused::NoParcel`], [`WrongState`].
    pub fn parcel_exception(&mut self, parcel: &str, reason: Reason, now: i64) -> Result<bool, Refused> {
        let Some(found) = self.parcels.iter().find(|p| p.parcel == parcel) else {
            return Err(Refused::NoParcel(parcel.to_owned()));
        };
        let (state, before) = (found.state, found.reason);
        if state == State::Exception && before == Some(reason) {
            return Ok(false);
        }
        if !self.next_of(found).contains(&State::Exception) {
            return Err(self.wrong(Thing::Parcel, parcel, (state, before), State::Exception));
        }
        for p in self.parcels.iter_mut().filter(|p| p.parcel == parcel) {
            p.state = State::Exception;
            p.reason = Some(reason);
        }
        let parcel = Some(parcel.to_owned());
        self.history.push(Passage { state: State::Exception, parcel, reason: Some(reason), at: now });
        // When nothing is left that could arrive, neither does the waybill.
        let all_gone = self.parcels.iter().all(|p| p.state == State::Exception);
        if all_gone && self.next().contains(&State::Exception) {
            self.state = State::Exception;
            self.reason = Some(reason);
            self.history.push(Passage { state: State::Exception, parcel: None, reason: Some(reason), at: now });
        }
        Ok(true)
    }

    /// The receiver signs: the proof is kept, and never replaced.
    ///
    /// # Errors
    /// [`WrongState`], [`Refused::ReferenceReused`] for another proof.
    pub fn sign(&mut self, proof: Proof, now: i64) -> Result<bool, Refused> {
        if let Some(first) = &self.proof {
            let same = (&first.document, first.quantity) == (&proof.document, proof.quantity);
            return if same { Ok(false) } else { Err(Refused::ReferenceReused { reference: first.document.clone() }) };
        }
        if self.state != State::Delivered {
            return Err(self.wrong(Thing::Waybill, &self.id, (self.state, self.reason), State::Signed));
        }
        self.proof = Some(proof);
        self.advance(State::Signed, None, now)
    }
}

#[cfg(test)]
pub(crate) mod tests;
