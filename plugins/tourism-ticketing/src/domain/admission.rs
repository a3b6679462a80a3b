//! Admission at a gate: which entitlement a ticket opens now, or why none.

use super::entitlement::{Entitlement, State};
use super::order::{Order, Step, WrongState};
use super::refund::Ticket;
use super::slot::Slot;
use super::time::MINUTE;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

/// When a slot's tickets open the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowRule {
    /// From some minutes before the slot until some minutes after it.
    Slot,
    /// At any time: demonstrations and the training of gate staff.
    AnyTime,
}

/// The admission window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The rule.
    pub rule: WindowRule,
    /// Minutes before the slot's start.
    pub early_minutes: u32,
    /// Minutes after the slot's end.
    pub late_minutes: u32,
}

/// A place that a ticket opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub attraction: String,
    /// Its name.
    pub name: Text,
}

/// Why nobody is let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The order's tickets are not valid.
    #[error(transparent)]
    WrongState(#[from] WrongState),
    /// The ticket is for other attractions.
    #[error("the ticket is not for this attraction")]
    OtherAttraction(Vec<Place>),
    /// The ticket is for several attractions and the gate did not say which it is.
    #[error("the ticket is for several attractions: say at which the gate is")]
    WhichAttraction(Vec<Place>),
    /// It has opened a gate before.
    #[error("the ticket was used")]
    AlreadyUsed {
        /// When: milliseconds of UTC.
        at: i64,
        /// Where.
        gate: String,
    },
    /// It was given back, or is about to be.
    #[error("the ticket was refunded")]
    Refunded,
    /// The slot has not begun.
    #[error("too early")]
    TooEarly {
        /// From when: milliseconds of UTC.
        from: i64,
    },
    /// The slot is over.
    #[error("too late")]
    TooLate {
        /// Until when it was: milliseconds of UTC.
        until: i64,
    },
}

impl Window {
    /// The same window, so many minutes longer at both ends.
    #[must_use]
    pub fn widened(self, minutes: u32) -> Self {
        Self { early_minutes: self.early_minutes + minutes, late_minutes: self.late_minutes + minutes, ..self }
    }

    /// From when until when a slot's tickets open the gate: milliseconds of UTC.
    #[must_use]
    pub fn bounds(&self, slot: &Slot) -> (i64, i64) {
        match self.rule {
            WindowRule::AnyTime => (0, i64::MAX / 1_000),
            WindowRule::Slot => (
                slot.starts_at - i64::from(self.early_minutes) * MINUTE,
                slot.ends_at + i64::from(self.late_minutes) * MINUTE,
            ),
        }
    }

    fn check(&self, order: &Order, part: usize, now: i64) -> Result<(), Refused> {
        let Some(slot) = order.parts.get(part).map(|p| &p.slot).filter(|_| self.rule == WindowRule::Slot) else {
            return Ok(());
        };
        let (from, until) = self.bounds(slot);
        if now < from {
            Err(Refused::TooEarly { from })
        } else if now > until {
            Err(Refused::TooLate { until })
        } else {
            Ok(())
        }
    }
}

/// Which part of the order the gate is for: the attraction's, the one whose window is open
/// first; without an attraction the order's only part.
///
/// # Errors
/// [`Refused`] when the order is not for the attraction, or for several and none was named.
pub fn part_for(order: &Order, attraction: Option<&str>, window: &Window, now: i64) -> Result<usize, Refused> {
    let place = |p: &super::order::Part| Place { attraction: p.slot.id.attraction.clone(), name: p.name.clone() };
    let slots = || order.parts.iter().map(place).collect();
    let Some(attraction) = attraction else {
        return if order.parts.len() == 1 { Ok(0) } else { Err(Refused::WhichAttraction(slots())) };
    };
    let mut parts = order.parts.iter().enumerate().filter(|(_, p)| p.slot.id.attraction == attraction).map(|(i, _)| i);
    let first = parts.next().ok_or_else(|| Refused::OtherAttraction(slots()))?;
    Ok(std::iter::once(first).chain(parts).find(|p| window.check(order, *p, now).is_ok()).unwrap_or(first))
}

/// Lets the visitor in: the entitlement as it must be written, and the order counted on.
///
/// # Errors
/// [`Refused`] says why not; the order is unchanged.
pub fn admit(
    order: &mut Order,
    entitlement: Entitlement,
    gate: &str,
    window: &Window,
    now: i64,
) -> Result<Entitlement, Refused> {
    match entitlement.state {
        State::Used => {
            return Err(Refused::AlreadyUsed {
                at: entitlement.used_at.unwrap_or(0),
                gate: entitlement.gate.unwrap_or_default(),
            });
        }
        State::Suspended | State::Refunded => return Err(Refused::Refunded),
        State::Unused | State::Expired => {}
    }
    order.check(Step::Admit)?;
    window.check(order, entitlement.part, now)?;
    order.count_admission(Ticket { visitor: entitlement.visitor, part: entitlement.part }, now)?;
    Ok(entitlement.used(now, gate))
}
