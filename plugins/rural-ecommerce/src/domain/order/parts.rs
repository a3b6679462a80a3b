//! What an order is made of: its lines, where it goes, what was paid out, and how long things take.

use super::State;
use crate::domain::commission::Division;
use crate::domain::money;
use crate::domain::product::Category;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

/// What comes due for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Due {
    /// The time to pay is over.
    Pay,
    /// The store's time to accept is over.
    Accept,
    /// The store's time to send it is over.
    Ship,
    /// The city's carrier has not answered.
    Carrier,
    /// Its parcels should have arrived.
    Arrive,
    /// It is confirmed by itself.
    Confirm,
    /// It is settled.
    Settle,
    /// Somebody should have taken the next step of its return.
    Return,
}

/// One variant in an order, with all that is needed later, so that a change of the catalogue leaves
/// what was sold as it was sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The listing.
    pub listing: String,
    /// The product.
    pub product: String,
    /// The variant.
    pub sku: String,
    /// The product's name.
    pub title: Text,
    /// The variant's name.
    pub sku_name: Text,
    /// What kind of goods.
    pub category: Category,
    /// The batch, for what is traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Fen for one unit.
    pub price: u64,
    /// Units.
    pub quantity: u32,
    /// Fen that a coupon takes off the line.
    pub discount: u64,
    /// Grams of one unit.
    pub grams: u32,
    /// Parcels of one unit.
    pub parcels: u8,
    /// Units given back before they were shipped.
    #[serde(default)]
    pub cancelled: u32,
    /// Units given back after they were shipped.
    #[serde(default)]
    pub returned: u32,
    /// Fen given back, or asked to be.
    #[serde(default)]
    pub given_back: u64,
}

impl Line {
    /// Fen before the coupon.
    #[must_use]
    pub fn gross(&self) -> u64 {
        self.price * u64::from(self.quantity)
    }

    /// Fen that the buyer pays for it.
    #[must_use]
    pub fn paid(&self) -> u64 {
        self.gross() - self.discount.min(self.gross())
    }

    /// Fen of it that were not given back.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.paid().saturating_sub(self.given_back)
    }

    /// Units of it that were not given back.
    #[must_use]
    pub fn units_left(&self) -> u32 {
        self.quantity.saturating_sub(self.cancelled).saturating_sub(self.returned)
    }

    /// What so many of its remaining units are worth: a part of a fen is dropped, and the last unit
    /// takes what is left.
    #[must_use]
    pub fn value(&self, units: u32) -> u64 {
        money::part(self.left(), u64::from(units), u64::from(self.units_left()))
    }
}

/// Where goods go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The name.
    pub name: String,
    /// The mobile number; empty for who has none.
    #[serde(default)]
    pub phone: String,
    /// The village's code.
    pub division: String,
    /// The address in it, without a name.
    pub address: String,
}

/// A state with the time at which it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The state.
    pub state: State,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// The payment's intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The platform's id.
    pub id: String,
    /// Where the payer goes.
    pub cashier_url: String,
}

/// What was paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The number that the ledger knows it by.
    pub reference: String,
    /// How it was divided.
    pub division: Division,
    /// What of the commission each of the order's lines bears.
    pub commission_by_line: Vec<u64>,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// How long things take, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Minutes to pay.
    pub pay_minutes: u32,
    /// Days for the store to accept.
    pub accept_days: u32,
    /// Days until it is confirmed by itself.
    pub confirm_days: u32,
    /// Days from there to the settlement.
    pub settle_days: u32,
    /// What an order takes with it.
    pub terms: Terms,
}

/// How long things take once an order is paid, as configured when it was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Days for the store to send what it accepted.
    pub ship_days: u32,
    /// Hours for the city's carrier to answer.
    pub carrier_hours: u32,
    /// Days for a parcel to arrive.
    pub arrive_days: u32,
    /// Days after the delivery in which the goods may be returned: nothing is settled before.
    pub return_days: u32,
}

impl Default for Terms {
    /// What an order has that was placed before there were any.
    fn default() -> Self {
        Self { ship_days: 7, carrier_hours: 48, arrive_days: 15, return_days: 0 }
    }
}
