//! A cart: what somebody means to buy. It reserves nothing.

use serde::{Deserialize, Serialize};

/// The most lines of a cart or an order.
pub const MAX_LINES: usize = 30;
/// The most units of one line.
pub const MAX_UNITS: u32 = 999;

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The listing.
    pub listing: String,
    /// The variant.
    pub sku: String,
    /// Units.
    pub quantity: u32,
}

/// A cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The person's subject.
    pub id: String,
    /// The same, under the name that the declaration of personal data has for it.
    pub owner: String,
    /// Its lines.
    pub lines: Vec<CartLine>,
    /// Milliseconds of UTC.
    pub changed_at: i64,
}

impl Cart {
    /// An empty cart.
    #[must_use]
    pub fn of(owner: &str) -> Self {
        Self { id: owner.to_owned(), owner: owner.to_owned(), lines: Vec::new(), changed_at: 0 }
    }

    /// Sets how many units of something are in it; 0 takes it out. Answers whether there is room.
    pub fn set(&mut self, line: CartLine) -> bool {
        let same = |l: &CartLine| l.listing == line.listing && l.sku == line.sku;
        match self.lines.iter().position(same) {
            Some(i) if line.quantity == 0 => {
                self.lines.remove(i);
            }
            Some(i) => self.lines[i].quantity = line.quantity.min(MAX_UNITS),
            None if line.quantity == 0 => {}
            None if self.lines.len() >= MAX_LINES => return false,
            None => self.lines.push(CartLine { quantity: line.quantity.min(MAX_UNITS), ..line }),
        }
        true
    }
}
