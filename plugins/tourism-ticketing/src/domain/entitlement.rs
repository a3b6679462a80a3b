//! Entitlements: one visitor's right to enter one attraction in one slot.

use super::order::Order;
use super::slot::SlotId;
use serde::{Deserialize, Serialize};

/// Where an entitlement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// May enter, once the order is issued.
    Unused,
    /// Has entered.
    Used,
    /// Its slot is over and nobody entered. Never stored: the clock says so
    /// ([`Entitlement::state_at`]).
    Expired,
    /// Void; its money is on its way back.
    Suspended,
    /// Given back.
    Refunded,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Unused, Self::Used, Self::Expired, Self::Suspended, Self::Refunded];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Refunded => "refunded",
        }
    }
}

/// What the one-ID rule's unique index is over: `id`, `attraction` and `slot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The keyed hash of the visitor's ID.
    pub id: String,
    /// The attraction.
    pub attraction: String,
    /// Date and start, `2026-10-01/0900`.
    pub slot: String,
}

/// An entitlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// `order.visitor.part`, so that a refused claim names the first order by itself.
    pub id: String,
    /// The order.
    pub order: String,
    /// The visitor's place in the order, from 0.
    pub visitor: usize,
    /// The attraction's place in the order, from 0.
    pub part: usize,
    /// The slot.
    pub slot: SlotId,
    /// Fen of the price that belong to it.
    pub share: u64,
    /// Admissions that it gives.
    pub uses: u32,
    /// Where it stands.
    pub state: State,
    /// The one-ID rule's claim. Absent once the ticket is given back, or where the product has
    /// no such rule: then the unique index does not hold the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The keyed hash of the visitor's document, by which a gate finds the ticket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// When it was used: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<i64>,
    /// The gate at which it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
}

/// The id of an order's entitlement.
#[must_use]
pub fn id(order: &str, visitor: usize, part: usize) -> String {
    format!("{order}.{visitor}.{part}")
}

/// The order that an entitlement's id names.
#[must_use]
pub fn order_of(id: &str) -> &str {
    id.split('.').next().unwrap_or(id)
}

/// The entitlement of a visitor at a part of an order, as it is when it is sold.
#[must_use]
pub fn of(order: &Order, visitor: usize, part: usize) -> Option<Entitlement> {
    let (v, p) = (order.visitors.get(visitor)?, order.parts.get(part)?);
    let slot = p.slot.id.clone();
    let claim = order.one_id.then(|| Claim {
        id: v.id_hash.clone(),
        attraction: slot.attraction.clone(),
        slot: format!("{}/{}", slot.date, slot.start.compact()),
    });
    Some(Entitlement {
        id: id(&order.id, visitor, part),
        order: order.id.clone(),
        visitor,
        part,
        slot,
        share: v.shares.get(part).copied().unwrap_or(0),
        uses: 1,
        state: State::Unused,
        claim,
        document: v.id_hash.clone(),
        used_at: None,
        gate: None,
    })
}

impl Entitlement {
    /// Where it stands at a time, when its slot ends at `ends_at`.
    #[must_use]
    pub fn state_at(&self, ends_at: i64, now: i64) -> State {
        if self.state == State::Unused && now > ends_at { State::Expired } else { self.state }
    }

    /// Void until its money is back; the ID keeps its claim until then.
    #[must_use]
    pub fn suspended(self) -> Self {
        Self { state: State::Suspended, ..self }
    }

    /// Given back: the ID may book the slot again.
    #[must_use]
    pub fn refunded(self) -> Self {
        Self { state: State::Refunded, claim: None, ..self }
    }

    /// Used.
    #[must_use]
    pub fn used(self, at: i64, gate: &str) -> Self {
        Self { state: State::Used, used_at: Some(at), gate: Some(gate.to_owned()), ..self }
    }
}
