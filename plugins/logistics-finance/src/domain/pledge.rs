//! The register of pledges. A receipt has at most one entry that stands: the field `standing` holds the receipt's
//! number while it does, and a unique index over it makes two banks in one millisecond one winner.

use super::refused::{Refused, Thing, WrongState};
use super::warehouse::Unit;
use serde::{Deserialize, Serialize};

/// Where a pledge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Asked for with an application.
    Requested,
    /// In the register: it secures the loan.
    Registered,
    /// The bank has let go of it.
    Released,
    /// The application came to nothing.
    Dropped,
    /// The goods were sold for the loan.
    Enforced,
    /// The receipt was divided, and others took its place.
    Divided,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Requested, Self::Registered, Self::Released, Self::Dropped, Self::Enforced, Self::Divided];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Registered => "registered",
            Self::Released => "released",
            Self::Dropped => "dropped",
            Self::Enforced => "enforced",
            Self::Divided => "divided",
        }
    }

    /// Whether the receipt is taken by it.
    #[must_use]
    pub fn stands(self) -> bool {
        matches!(self, Self::Requested | Self::Registered)
    }
}

/// An entry of the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pledge {
    /// The loan and the receipt, with a slash between them.
    pub id: String,
    /// The receipt.
    pub receipt: String,
    /// The receipt again while the pledge stands: what the unique index is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
    /// The bank's organization.
    pub bank: String,
    /// The loan.
    pub loan: String,
    /// The lot, for what sensors see.
    pub lot: String,
    /// The warehouse, for what becomes of its sensors.
    #[serde(default)]
    pub warehouse: String,
    /// The goods, for what prices do.
    pub goods: String,
    /// How much.
    pub quantity: u64,
    /// In what it is counted.
    pub unit: Unit,
    /// Where it stands.
    pub state: State,
    /// When it was asked for: milliseconds of UTC.
    pub requested_at: i64,
    /// When it was registered: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<i64>,
    /// When it ended: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

impl Pledge {
    /// The id of a loan's pledge of a receipt.
    #[must_use]
    pub fn key(loan: &str, receipt: &str) -> String {
        format!("{loan}/{receipt}")
    }

    /// A pledge that is asked for.
    #[must_use]
    pub fn request(receipt: &super::receipt::Receipt, bank: &str, loan: &str, now: i64) -> Self {
        Self {
            id: Self::key(loan, &receipt.id),
            receipt: receipt.id.clone(),
            standing: Some(receipt.id.clone()),
            bank: bank.to_owned(),
            loan: loan.to_owned(),
            lot: receipt.lot.clone(),
            warehouse: receipt.warehouse.clone(),
            goods: receipt.goods.clone(),
            quantity: receipt.quantity,
            unit: receipt.unit,
            state: State::Requested,
            requested_at: now,
            registered_at: None,
            ended_at: None,
        }
    }

    fn wrong(&self, step: &'static str, allowed: &[&'static str]) -> Refused {
        WrongState {
            thing: Thing::Pledge,
            id: self.id.clone(),
            state: self.state.code(),
            step,
            allowed: allowed.to_vec(),
        }
        .into()
    }

    /// It secures the loan from now on.
    ///
    /// # Errors
    /// [`WrongState`] unless it was asked for and nothing more.
    pub fn register(&mut self, now: i64) -> Result<(), Refused> {
        if self.state != State::Requested {
            return Err(self.wrong("register", &[]));
        }
        self.state = State::Registered;
        self.registered_at = Some(now);
        Ok(())
    }

    /// It stands no more.
    ///
    /// # Errors
    /// [`WrongState`] when it did not, or does not end in that way.
    pub fn end(&mut self, state: State, now: i64) -> Result<(), Refused> {
        let allowed: &[State] = match self.state {
            State::Requested => &[State::Dropped],
            State::Registered => &[State::Released, State::Enforced, State::Divided],
            _ => &[],
        };
        if !allowed.contains(&state) {
            let codes: Vec<_> = allowed.iter().map(|s| s.code()).collect();
            return Err(self.wrong(state.code(), &codes));
        }
        self.state = state;
        self.standing = None;
        self.ended_at = Some(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::receipt::Receipt;
    use crate::domain::warehouse::coal;

    #[test]
    fn a_pledge_ends_in_the_ways_that_its_state_allows() {
        let receipt = Receipt::draft("WR1".into(), &coal(10), 10, "A", "p", 0).unwrap();
        let mut pledge = Pledge::request(&receipt, "B", "LN1", 1);
        assert_eq!((pledge.id.as_str(), pledge.standing.as_deref()), ("LN1/WR1", Some("WR1")));
        assert!(pledge.end(State::Released, 2).is_err(), "it secures nothing yet");
        pledge.register(2).unwrap();
        assert!(pledge.register(3).is_err() && pledge.end(State::Dropped, 3).is_err());
        pledge.end(State::Released, 4).unwrap();
        assert_eq!((pledge.standing.clone(), pledge.ended_at), (None, Some(4)));
        let e = pledge.end(State::Enforced, 5).unwrap_err();
        assert_eq!(e.to_string(), "the Pledge is released, which does not allow `enforced`; allowed: nothing");
    }
}
