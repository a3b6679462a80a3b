//! What was sold, returned and kept, ticket by ticket and by receiver: the department's statement.

use super::entitlement::State;
use super::order::Order;
use super::refund::{RefundState, Ticket};
use super::slot::SlotId;
use std::collections::BTreeMap;
use yunlong_sdk::Text;

/// One ticket of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The order.
    pub order: String,
    /// The ticket's number in it.
    pub visitor: usize,
    /// What was bought.
    pub product: Text,
    /// The slot.
    pub slot: SlotId,
    /// The attraction's name.
    pub attraction: Text,
    /// Who receives the money: a USCC.
    pub operator: String,
    /// Fen that were paid for it.
    pub paid: u64,
    /// Fen that returned.
    pub returned: u64,
    /// Where the ticket stands.
    pub state: State,
    /// When it was used: milliseconds of UTC.
    pub used_at: Option<i64>,
    /// Where it was used.
    pub gate: Option<String>,
}

impl Row {
    /// Fen that are kept.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.paid.saturating_sub(self.returned)
    }
}

/// The row of a ticket of an order that was issued; `None` for one that never was.
#[must_use]
pub fn row(order: &Order, ticket: Ticket, now: i64, used: Option<(i64, String)>) -> Option<Row> {
    let part = order.parts.get(ticket.part).filter(|_| order.was_issued())?;
    let refund = order.refunds.iter().find(|r| r.items.iter().any(|i| i.ticket == ticket));
    let settled = refund.filter(|r| r.state == RefundState::Settled);
    let returned = settled.map_or(0, |r| r.items.iter().filter(|i| i.ticket == ticket).map(|i| i.amount).sum());
    let state = match refund {
        _ if order.used.contains(&ticket) => State::Used,
        Some(_) if settled.is_some() => State::Refunded,
        Some(_) => State::Suspended,
        None if now > part.slot.ends_at => State::Expired,
        None => State::Unused,
    };
    let (used_at, gate) = used.map_or((None, None), |(at, gate)| (Some(at), Some(gate)));
    Some(Row {
        order: order.id.clone(),
        visitor: ticket.visitor,
        product: order.product_name.clone(),
        slot: part.slot.id.clone(),
        attraction: part.name.clone(),
        operator: part.operator.clone(),
        paid: order.share(ticket),
        returned,
        state,
        used_at,
        gate,
    })
}

/// What one receiver has of one attraction on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The receiver's USCC.
    pub operator: String,
    /// The attraction's id.
    pub attraction: String,
    /// The attraction's name.
    pub name: Text,
    /// The day of the visit, `YYYY-MM-DD`.
    pub date: String,
    /// Tickets that were sold.
    pub tickets: u32,
    /// Tickets that were given back.
    pub given_back: u32,
    /// Visitors who entered.
    pub admitted: u32,
    /// Fen that were paid.
    pub paid: u64,
    /// Fen that returned.
    pub returned: u64,
}

impl Line {
    /// Fen that are kept.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.paid.saturating_sub(self.returned)
    }
}

/// The lines of a statement as they add up, by receiver, attraction and day. They sum to what was paid
/// less what was returned: every ticket stands in one line. However many tickets there are, no more is
/// kept than the lines.
#[derive(Clone, Debug, Default)]
pub struct Sums(BTreeMap<(String, String, String), Line>);

impl Sums {
    /// Adds a ticket.
    pub fn add(&mut self, r: &Row) {
        let key = (r.operator.clone(), r.slot.attraction.clone(), r.slot.date.to_string());
        let line = self.0.entry(key.clone()).or_insert_with(|| Line {
            operator: key.0,
            attraction: key.1,
            name: r.attraction.clone(),
            date: key.2,
            tickets: 0,
            given_back: 0,
            admitted: 0,
            paid: 0,
            returned: 0,
        });
        line.tickets += 1;
        line.given_back += u32::from(r.state == State::Refunded);
        line.admitted += u32::from(r.state == State::Used);
        line.paid += r.paid;
        line.returned += r.returned;
    }

    /// The lines, in the order of receivers, attractions and days.
    #[must_use]
    pub fn into_lines(self) -> Vec<Line> {
        self.0.into_values().collect()
    }
}
