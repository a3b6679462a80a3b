//! Three flows side by side: goods, information, money. Funds are released and an invoice settles only when all of
//! them say the same.
//!
//! Information is the order of the trade; goods are the receipt and the waybill with its proof of delivery; money is
//! the payment. What is known of each is put into the link when it comes; what is missing is a disagreement, too.

use super::freight::Waybill;
use super::receipt::{self, Receipt};
use super::refused::{Refused, Thing, WrongState};
use serde::{Deserialize, Serialize};

/// The order of a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub number: String,
    /// Who buys: a USCC.
    pub buyer: String,
    /// Who sells: a USCC.
    pub seller: String,
    /// The goods by their code.
    pub goods: String,
    /// How much, in the unit of the goods.
    pub quantity: u64,
    /// Fen.
    pub amount: u64,
}

/// What a waybill says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The waybill.
    pub waybill: String,
    /// The order that it names.
    pub order: String,
    /// The goods.
    pub goods: String,
    /// What the proof of delivery says arrived; absent without a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<u64>,
}

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The receipt.
    pub receipt: String,
    /// Who held it when it was linked.
    pub holder: String,
    /// The goods.
    pub goods: String,
    /// How much.
    pub quantity: u64,
    /// Whether it is frozen or pledged.
    pub encumbered: bool,
}

/// What a payment says, as the bank has booked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// The bank's own number.
    pub reference: String,
    /// Who paid: a USCC.
    pub payer: String,
    /// Who was paid: a USCC.
    pub payee: String,
    /// Fen.
    pub amount: u64,
    /// The bank's organization.
    pub bank: String,
    /// Who confirmed it.
    pub by: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

impl Carried {
    /// What a waybill says as it stands.
    #[must_use]
    pub fn of(waybill: &Waybill) -> Self {
        Self {
            waybill: waybill.id.clone(),
            order: waybill.order.clone(),
            goods: waybill.goods.clone(),
            delivered: waybill.proof.as_ref().map(|p| p.quantity),
        }
    }
}

impl Stored {
    /// What a receipt says as it stands.
    #[must_use]
    pub fn of(receipt: &Receipt) -> Self {
        use receipt::State::{Issued, Released, Withdrawn};
        Self {
            receipt: receipt.id.clone(),
            holder: receipt.holder.clone(),
            goods: receipt.goods.clone(),
            quantity: receipt.quantity,
            encumbered: !matches!(receipt.state, Issued | Released | Withdrawn),
        }
    }
}

/// One point in which the flows do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disagreement {
    /// No waybill is linked.
    NoWaybill,
    /// The waybill has no proof of delivery.
    NoProof,
    /// The waybill is of another order.
    OtherOrder,
    /// The waybill carries other goods.
    OtherGoodsCarried,
    /// Another quantity arrived.
    OtherQuantityDelivered,
    /// No receipt is linked.
    NoReceipt,
    /// The receipt is for other goods.
    OtherGoodsStored,
    /// The receipt is for another quantity.
    OtherQuantityStored,
    /// The seller does not hold the receipt, and the buyer does not either.
    OtherHolder,
    /// The receipt is frozen or pledged.
    Encumbered,
    /// Nothing is paid.
    NoPayment,
    /// Another amount is paid.
    OtherAmount,
    /// Others than buyer and seller paid or were paid.
    OtherParties,
}

impl Disagreement {
    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoWaybill => "no-waybill",
            Self::NoProof => "no-proof",
            Self::OtherOrder => "other-order",
            Self::OtherGoodsCarried => "other-goods-carried",
            Self::OtherQuantityDelivered => "other-quantity-delivered",
            Self::NoReceipt => "no-receipt",
            Self::OtherGoodsStored => "other-goods-stored",
            Self::OtherQuantityStored => "other-quantity-stored",
            Self::OtherHolder => "other-holder",
            Self::Encumbered => "encumbered",
            Self::NoPayment => "no-payment",
            Self::OtherAmount => "other-amount",
            Self::OtherParties => "other-parties",
        }
    }
}

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Something is missing, or does not agree, or nobody has released the funds.
    Open,
    /// The funds are released.
    Released,
    /// The invoice is settled.
    Settled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Released, Self::Settled];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Released => "released",
            Self::Settled => "settled",
        }
    }
}

/// A flow link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Its number.
    pub id: String,
    /// The order.
    pub order: Order,
    /// The order's buyer, whose list it is in.
    pub buyer: String,
    /// The order's seller, whose list it is in.
    pub seller: String,
    /// The bank that releases the funds.
    pub bank: String,
    /// What was carried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// What was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Stored>,
    /// What was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Paid>,
    /// Where it stands.
    pub state: State,
    /// Who released the funds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<String>,
    /// When: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<i64>,
    /// The invoice's number, once it is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
    /// Milliseconds of UTC.
    pub created_at: i64,
    /// A digest of what was asked for.
    #[serde(default)]
    pub request: String,
}

impl Flow {
    /// The points in which the flows do not agree; none: they do.
    #[must_use]
    pub fn disagreements(&self) -> Vec<Disagreement> {
        let order = &self.order;
        let mut found = Vec::new();
        let mut unless = |agrees: bool, what: Disagreement| {
            if !agrees {
                found.push(what);
            }
        };
        match &self.carried {
            None => unless(false, Disagreement::NoWaybill),
            Some(c) => {
                unless(c.order == order.number, Disagreement::OtherOrder);
                unless(c.goods == order.goods, Disagreement::OtherGoodsCarried);
                match c.delivered {
                    None => unless(false, Disagreement::NoProof),
                    Some(n) => unless(n == order.quantity, Disagreement::OtherQuantityDelivered),
                }
            }
        }
        match &self.stored {
            None => unless(false, Disagreement::NoReceipt),
            Some(s) => {
                unless(s.goods == order.goods, Disagreement::OtherGoodsStored);
                unless(s.quantity == order.quantity, Disagreement::OtherQuantityStored);
                unless(s.holder == order.seller || s.holder == order.buyer, Disagreement::OtherHolder);
                unless(!s.encumbered, Disagreement::Encumbered);
            }
        }
        match &self.paid {
            None => unless(false, Disagreement::NoPayment),
            Some(p) => {
                unless(p.amount == order.amount, Disagreement::OtherAmount);
                unless(p.payer == order.buyer && p.payee == order.seller, Disagreement::OtherParties);
            }
        }
        found
    }

    fn wrong(&self, step: &'static str, allowed: &[&'static str]) -> Refused {
        WrongState {
            thing: Thing::Flow,
            id: self.id.clone(),
            state: self.state.code(),
            step,
            allowed: allowed.to_vec(),
        }
        .into()
    }

    /// # Errors
    /// [`WrongState`] once the funds are released: what they rested on stays as it was.
    pub fn may_change(&self) -> Result<(), Refused> {
        match self.state {
            State::Open => Ok(()),
            State::Released => Err(self.wrong("link", &["settle"])),
            State::Settled => Err(self.wrong("link", &[])),
        }
    }

    /// Looks at what is linked as it stands at this moment: a receipt may have been pledged, a waybill signed since. After
    /// the funds are released nothing is looked at any more.
    pub fn refresh(&mut self, waybill: Option<&Waybill>, receipt: Option<&Receipt>) {
        if self.may_change().is_err() {
            return;
        }
        if let Some(waybill) = waybill {
            self.carried = Some(Carried::of(waybill));
        }
        if let Some(receipt) = receipt {
            let mut now = Stored::of(receipt);
            if now.holder != self.seller && now.holder != self.buyer {
                // To whom it went on is not the business of this trade.
                now.holder = String::new();
            }
            self.stored = Some(now);
        }
    }

    /// The bank releases the funds. Whoever confirmed the payment does not decide it. Again, it changes nothing.
    ///
    /// # Errors
    /// [`Refused::Disagree`] with every point, [`Refused::SameHands`].
    pub fn release(&mut self, by: &str, now: i64) -> Result<bool, Refused> {
        if self.state != State::Open {
            return Ok(false);
        }
        let disagreements = self.disagreements();
        if !disagreements.is_empty() {
            return Err(Refused::Disagree(disagreements));
        }
        if self.paid.as_ref().is_some_and(|p| p.by == by) {
            return Err(Refused::SameHands { step: "release-funds", first: "confirm-payment" });
        }
        self.state = State::Released;
        self.released_by = Some(by.to_owned());
        self.released_at = Some(now);
        Ok(true)
    }

    /// The invoice settles, after the funds were released. The same invoice again changes nothing.
    ///
    /// # Errors
    /// [`Refused::Disagree`] while the flows do not agree, [`WrongState`] before the funds are released,
    /// [`Refused::ReferenceReused`] for another invoice.
    pub fn settle(&mut self, invoice: &str) -> Result<bool, Refused> {
        match self.state {
            State::Open => {
                let disagreements = self.disagreements();
                if disagreements.is_empty() {
                    Err(self.wrong("settle", &["release-funds"]))
                } else {
                    Err(Refused::Disagree(disagreements))
                }
            }
            State::Settled if self.invoice.as_deref() == Some(invoice) => Ok(false),
            State::Settled => Err(Refused::ReferenceReused { reference: self.invoice.clone().unwrap_or_default() }),
            State::Released => {
                self.invoice = Some(invoice.to_owned());
                self.state = State::Settled;
                Ok(true)
            }
        }
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
pub(crate) mod tests;
