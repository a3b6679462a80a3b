//! Shipments: units of an order that travel together, in one or several parcels.

use serde::{Deserialize, Serialize};
use yunlong_sdk::{Text, t};

/// Who carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Carrier {
    /// The city's logistics, asked by message.
    City,
    /// Another carrier, which the store chose.
    Own {
        /// Its name.
        name: String,
        /// Its number for the shipment.
        number: String,
    },
    /// The store brings it.
    Store,
}

/// Where a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParcelState {
    /// The carrier was asked, or the store has it ready.
    Ready,
    /// The carrier has it in its books.
    Booked,
    /// It is on the vehicle.
    Loaded,
    /// It is on its way.
    InTransit,
    /// It is at the receiver's.
    Delivered,
    /// The receiver signed for it.
    Signed,
    /// It is lost.
    Lost,
    /// It is damaged.
    Damaged,
    /// The receiver refused it, and it goes back.
    Refused,
    /// It should have arrived. No carrier says so: it stands in claims alone.
    Overdue,
}

impl ParcelState {
    /// As documents write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Booked => "booked",
            Self::Loaded => "loaded",
            Self::InTransit => "in-transit",
            Self::Delivered => "delivered",
            Self::Signed => "signed",
            Self::Lost => "lost",
            Self::Damaged => "damaged",
            Self::Refused => "refused",
            Self::Overdue => "overdue",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::Ready => t("待揽收", "to be fetched"),
            Self::Booked => t("已受理", "booked"),
            Self::Loaded => t("已装车", "loaded"),
            Self::InTransit => t("运输中", "on its way"),
            Self::Delivered => t("已送达", "delivered"),
            Self::Signed => t("已签收", "signed for"),
            Self::Lost => t("已丢失", "lost"),
            Self::Damaged => t("已损坏", "damaged"),
            Self::Refused => t("被拒收", "refused"),
            Self::Overdue => t("逾期未送达", "overdue"),
        }
    }

    /// Whether it has arrived.
    #[must_use]
    pub fn arrived(self) -> bool {
        matches!(self, Self::Delivered | Self::Signed)
    }

    /// Whether something is wrong with it.
    #[must_use]
    pub fn is_exception(self) -> bool {
        matches!(self, Self::Lost | Self::Damaged | Self::Refused | Self::Overdue)
    }

    /// Whether the carrier's word may bring it there: on, never back, and nothing moves what has
    /// arrived. What was lost may be found and delivered.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Signed => false,
            Self::Delivered => next == Self::Signed || next == Self::Damaged,
            s if s.is_exception() => next.arrived(),
            s => next > s,
        }
    }
}

/// What a carrier says of a waybill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaybillState {
    /// It is in the carrier's books.
    Booked,
    /// It is on the vehicle.
    Loaded,
    /// It is on its way.
    InTransit,
    /// It is delivered.
    Delivered,
    /// It was signed for.
    Signed,
    /// Something went wrong; the reason says what.
    Exception,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionReason {
    /// Lost.
    Lost,
    /// Damaged.
    Damaged,
    /// Late, and still on its way.
    Delayed,
    /// Refused by the receiver.
    Refused,
}

impl WaybillState {
    /// Where that leaves a parcel; `None` when it stays where it is.
    #[must_use]
    pub fn parcel(self, reason: Option<ExceptionReason>) -> Option<ParcelState> {
        match (self, reason) {
            (Self::Booked, _) => Some(ParcelState::Booked),
            (Self::Loaded, _) => Some(ParcelState::Loaded),
            (Self::InTransit, _) => Some(ParcelState::InTransit),
            (Self::Delivered, _) => Some(ParcelState::Delivered),
            (Self::Signed, _) => Some(ParcelState::Signed),
            (Self::Exception, Some(ExceptionReason::Lost)) => Some(ParcelState::Lost),
            (Self::Exception, Some(ExceptionReason::Damaged)) => Some(ParcelState::Damaged),
            (Self::Exception, Some(ExceptionReason::Refused)) => Some(ParcelState::Refused),
            (Self::Exception, Some(ExceptionReason::Delayed) | None) => None,
        }
    }
}

/// Units of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// The line's place in the order, from 0.
    pub line: usize,
    /// How many.
    pub units: u32,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Its number within the shipment: `1`, `2`.
    pub id: String,
    /// What is in it, without a person's name.
    pub goods: String,
    /// Grams.
    pub grams: u32,
    /// Where it is.
    pub state: ParcelState,
    /// When the carrier said so last: milliseconds of UTC.
    #[serde(default)]
    pub at: i64,
    /// Whether it is late.
    #[serde(default)]
    pub delayed: bool,
}

/// A shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// The number of the request to the carrier.
    pub request: String,
    /// What is in it.
    pub units: Vec<Units>,
    /// Its parcels: together they hold the units, and one unit may need several.
    pub parcels: Vec<Parcel>,
    /// Who carries it.
    pub carrier: Carrier,
    /// The carrier's waybill, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waybill: Option<String>,
    /// Why the carrier does not take it: its units are to be shipped again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Text>,
    /// Milliseconds of UTC.
    pub at: i64,
}

impl Shipment {
    /// Units of a line in it; none once the carrier has refused it.
    #[must_use]
    pub fn of_line(&self, line: usize) -> u32 {
        if self.refused.is_some() {
            return 0;
        }
        self.units.iter().filter(|u| u.line == line).map(|u| u.units).sum()
    }
}

/// A parcel that did not arrive as it should, or in time: the order's money is held until a manager has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// `request/parcel`.
    pub id: String,
    /// The shipment's request.
    pub request: String,
    /// The parcel.
    pub parcel: String,
    /// What happened.
    pub reason: ParcelState,
    /// Where it stands.
    pub state: ClaimState,
    /// What the manager said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Fen that were refunded for it.
    #[serde(default)]
    pub amount: u64,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimState {
    /// Nobody has decided.
    Open,
    /// The buyer is refunded.
    Refunded,
    /// The goods have arrived after all, or nothing is due.
    Dismissed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_message_moves_no_parcel_back() {
        use ParcelState as P;
        assert!(P::Ready.may_become(P::Delivered) && P::InTransit.may_become(P::Lost));
        assert!(!P::InTransit.may_become(P::Booked) && !P::Delivered.may_become(P::InTransit));
        assert!(!P::Delivered.may_become(P::Lost), "it has arrived");
        assert!(P::Lost.may_become(P::Delivered), "it was found");
        assert!(!P::Lost.may_become(P::InTransit) && !P::Signed.may_become(P::Damaged));
    }
}
