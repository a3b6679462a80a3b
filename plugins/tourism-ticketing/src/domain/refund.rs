//! Giving tickets back: what returns at which time, and how it is divided.

use super::time::MINUTE;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_sdk::money;

/// One visitor at one attraction of an order, both by their place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// The visitor's place, from 0.
    pub visitor: usize,
    /// The attraction's place, from 0.
    pub part: usize,
}

impl Ticket {
    /// The id of its entitlement.
    #[must_use]
    pub fn id(self, order: &str) -> String {
        super::entitlement::id(order, self.visitor, self.part)
    }
}

/// A step of what returns: given back at least so long before the slot begins, so much of the
/// price returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundTier {
    /// Minutes before the slot begins.
    pub before_minutes: u32,
    /// Per cent of the ticket's price.
    pub percent: u8,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefundState {
    /// The provider was asked.
    Asked,
    /// The money is back.
    Settled,
    /// The provider refused; it can be asked again.
    Failed,
}

impl RefundState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Asked, Self::Settled, Self::Failed];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Settled => "settled",
            Self::Failed => "failed",
        }
    }
}

/// A ticket that is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Which.
    pub ticket: Ticket,
    /// Fen that return for it.
    pub amount: u64,
}

/// A refund of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The number that the ledger knows it by, another one each time it is asked for again.
    pub reference: String,
    /// 1, and one more each time it is asked for again.
    pub attempt: u32,
    /// The tickets.
    pub items: Vec<Returned>,
    /// Fen: the sum of the tickets'.
    pub amount: u64,
    /// Why.
    pub reason: String,
    /// The closure that it is for, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure: Option<String>,
    /// When the provider was asked last: milliseconds of UTC.
    pub asked_at: i64,
    /// Where it stands.
    pub state: RefundState,
    /// Why the provider refused, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// The number of an order's refund at the ledger.
#[must_use]
pub(crate) fn reference(order: &str, number: usize, attempt: u32) -> String {
    if attempt == 1 { format!("{order}-r{number}") } else { format!("{order}-r{number}-{attempt}") }
}

/// The tiers of a product that names none: everything returns until the slot begins.
#[must_use]
pub fn until_the_start() -> Vec<RefundTier> {
    vec![RefundTier { before_minutes: 0, percent: 100 }]
}

/// Per cent of the price that returns now for a slot that begins then; `None` when it is too late
/// to give the ticket back.
#[must_use]
pub fn percent(tiers: &[RefundTier], starts_at: i64, now: i64) -> Option<u8> {
    let met = tiers.iter().filter(|t| now <= starts_at - i64::from(t.before_minutes) * MINUTE);
    met.map(|t| t.percent.min(100)).max().filter(|p| *p > 0)
}

/// What returns for tickets with their price and per cent. A part of a fen of all tickets at one
/// rate together is dropped, and what returns is divided among them by the largest remainder.
#[must_use]
pub fn quote(tickets: impl IntoIterator<Item = (Ticket, u64, u8)>) -> Vec<Returned> {
    let mut by_rate: BTreeMap<u8, Vec<(Ticket, u64)>> = BTreeMap::new();
    for (ticket, share, percent) in tickets {
        by_rate.entry(percent).or_default().push((ticket, share));
    }
    let mut items = Vec::new();
    for (percent, tickets) in by_rate {
        let shares: Vec<u64> = tickets.iter().map(|(_, s)| *s).collect();
        let whole: u128 = shares.iter().map(|s| u128::from(*s)).sum::<u128>() * u128::from(percent) / 100;
        let whole = u64::try_from(whole).unwrap_or(u64::MAX);
        // All of them free: there is nothing to divide.
        let parts = money::split(whole, &shares).unwrap_or_else(|_| vec![0; shares.len()]);
        items.extend(tickets.into_iter().zip(parts).map(|((ticket, _), amount)| Returned { ticket, amount }));
    }
    items.sort_by_key(|i| i.ticket);
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIERS: [RefundTier; 2] =
        [RefundTier { before_minutes: 1_440, percent: 100 }, RefundTier { before_minutes: 120, percent: 50 }];

    #[test]
    fn the_best_tier_whose_time_has_not_passed_applies() {
        let starts = 1_000 * 60 * MINUTE;
        for (minutes_before, want) in
            [(1_441, Some(100)), (1_440, Some(100)), (1_439, Some(50)), (120, Some(50)), (119, None)]
        {
            assert_eq!(percent(&TIERS, starts, starts - minutes_before * MINUTE), want, "{minutes_before}");
        }
        assert_eq!(percent(&[], starts, 0), None);
        assert_eq!(percent(&until_the_start(), starts, starts), Some(100));
        assert_eq!(percent(&until_the_start(), starts, starts + 1), None);
    }

    #[test]
    fn half_of_a_joint_ticket_is_divided_by_its_shares() {
        let t = |part| Ticket { visitor: 0, part };
        let items = quote([(t(0), 5_487, 50), (t(1), 7_314, 50)]);
        assert_eq!(items.iter().map(|i| i.amount).collect::<Vec<_>>(), [2_743, 3_657]);
    }

    proptest! {
        #[test]
        fn what_returns_never_passes_a_tickets_price(shares in prop::collection::vec((0_u64..100_000, 0_u8..=100), 1..12)) {
            let tickets: Vec<_> = shares.iter().enumerate().map(|(i, (s, p))| (Ticket { visitor: i, part: 0 }, *s, *p)).collect();
            for item in quote(tickets) {
                prop_assert!(item.amount <= shares[item.ticket.visitor].0);
            }
        }
    }
}
