//! Warehouse receipts: what state one is in and which steps that allows.
//!
//! ```text
//! drafted ─Issue→ issued ─RequestPledge→ pledge-pending ─RegisterPledge→ pledged ─Release→ released ─Withdraw→ withdrawn ─Cancel→ cancelled
//!                  │ Transfer, Split, Merge            └DropPledge→ issued              └Reissue→ issued
//!                  └ Withdraw, Cancel                                     every state but cancelled ─Freeze→ frozen ─Unfreeze→ where it was
//! ```
//! A receipt that was split or merged is cancelled and names those that took its place. Of the letter of the trade we
//! keep that a receipt changes hands while it is issued alone: one that a bank released is reissued first.

mod canonical;
mod parts;
mod state;

pub use canonical::{Signed, canonical};
pub use parts::MAX_PARTS;
pub use state::{State, Step};

use super::refused::{Refused, Thing, WrongState};
use super::warehouse::{Lot, Unit};
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

/// A state with the time at which it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The state.
    pub state: State,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// Why and since when a receipt is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// The state to which it returns.
    pub from: State,
    /// Why, by a code such as `goods-missing` or in words.
    pub reason: String,
    /// Who froze it: a subject, or `sensor` and the device.
    pub by: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// To whom a receipt is pledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PledgedTo {
    /// The bank's organization.
    pub bank: String,
    /// The loan.
    pub loan: String,
}

/// A warehouse receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its number.
    pub id: String,
    /// The lot.
    pub lot: String,
    /// The warehouse.
    pub warehouse: String,
    /// The custodian that issued it: a USCC.
    pub custodian: String,
    /// The goods by their code.
    pub goods: String,
    /// What they are called.
    pub goods_name: Text,
    /// Grade, size, packing.
    pub spec: String,
    /// In what they are counted.
    pub unit: Unit,
    /// How much of the lot it promises.
    pub quantity: u64,
    /// Who holds it: a USCC.
    pub holder: String,
    /// Where it stands.
    pub state: State,
    /// Set while it is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Freeze>,
    /// Set while a pledge is asked for or registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pledged_to: Option<PledgedTo>,
    /// The receipts in whose place it came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// The receipts that took its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
    /// Grows with every change of what is signed.
    pub revision: u32,
    /// When it was issued: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
    /// The issuer's signature over [`canonical`] of this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signed>,
    /// When it was drafted: milliseconds of UTC.
    pub created_at: i64,
    /// Who drafted it.
    pub by: String,
    /// A digest of what was asked for.
    #[serde(default)]
    pub request: String,
    /// Every state that it passed.
    pub history: Vec<Passage>,
}

impl Receipt {
    /// A draft, which promises nothing yet.
    ///
    /// # Errors
    /// [`Refused::Nothing`].
    pub fn draft(id: String, lot: &Lot, quantity: u64, holder: &str, by: &str, now: i64) -> Result<Self, Refused> {
        if quantity == 0 {
            return Err(Refused::Nothing("quantity"));
        }
        Ok(Self {
            id,
            lot: lot.id.clone(),
            warehouse: lot.warehouse.clone(),
            custodian: lot.custodian.clone(),
            goods: lot.goods.clone(),
            goods_name: lot.goods_name.clone(),
            spec: lot.spec.clone(),
            unit: lot.unit,
            quantity,
            holder: holder.to_owned(),
            state: State::Drafted,
            frozen: None,
            pledged_to: None,
            parents: Vec::new(),
            children: Vec::new(),
            revision: 0,
            issued_at: None,
            signature: None,
            created_at: now,
            by: by.to_owned(),
            request: String::new(),
            history: vec![Passage { state: State::Drafted, at: now }],
        })
    }

    /// Whether it promises a part of its lot.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.frozen.as_ref().map_or(self.state, |f| f.from).is_live()
    }

    /// # Errors
    /// [`Refused::ReceiptFrozen`], [`Refused::Pledged`] or [`WrongState`], whichever tells most.
    pub fn check(&self, step: Step) -> Result<(), Refused> {
        if self.state.allows().contains(&step) {
            return Ok(());
        }
        match (&self.frozen, &self.pledged_to) {
            (Some(f), _) => Err(Refused::ReceiptFrozen { receipt: self.id.clone(), reason: f.reason.clone() }),
            (_, Some(to)) if step != Step::RegisterPledge => {
                Err(Refused::Pledged { receipt: self.id.clone(), bank: to.bank.clone() })
            }
            _ => Err(self.wrong(step).into()),
        }
    }

    fn wrong(&self, step: Step) -> WrongState {
        WrongState {
            thing: Thing::Receipt,
            id: self.id.clone(),
            state: self.state.code(),
            step: step.code(),
            allowed: self.state.allows().iter().map(|s| s.code()).collect(),
        }
    }

    fn pass(&mut self, state: State, now: i64) {
        self.state = state;
        self.history.push(Passage { state, at: now });
    }

    /// What is signed has changed: the old signature is void, and the caller signs anew.
    fn revise(&mut self) {
        self.revision += 1;
        self.signature = None;
    }

    /// Puts it into the world: from now on it promises its part of the lot.
    ///
    /// # Errors
    /// As [`Receipt::check`]; [`Refused::LotShort`].
    pub fn issue(&mut self, lot: &mut Lot, now: i64) -> Result<(), Refused> {
        self.check(Step::Issue)?;
        lot.promise(self.quantity)?;
        self.issued_at = Some(now);
        self.revise();
        self.pass(State::Issued, now);
        Ok(())
    }

    /// Gives it to another holder.
    ///
    /// # Errors
    /// As [`Receipt::check`].
    pub fn transfer(&mut self, to: &str, now: i64) -> Result<(), Refused> {
        self.check(Step::Transfer)?;
        to.clone_into(&mut self.holder);
        self.revise();
        self.pass(State::Issued, now);
        Ok(())
    }

    /// A bank is asked to take it in pledge.
    ///
    /// # Errors
    /// As [`Receipt::check`].
    pub fn request_pledge(&mut self, to: PledgedTo, now: i64) -> Result<(), Refused> {
        self.check(Step::RequestPledge)?;
        self.pledged_to = Some(to);
        self.pass(State::PledgePending, now);
        Ok(())
    }

    /// The bank has it registered.
    ///
    /// # Errors
    /// As [`Receipt::check`].
    pub fn register_pledge(&mut self, now: i64) -> Result<(), Refused> {
        self.check(Step::RegisterPledge)?;
        self.revise();
        self.pass(State::Pledged, now);
        Ok(())
    }

    /// The pledge comes to nothing: the application was refused or given up.
    ///
    /// # Errors
    /// As [`Receipt::check`].
    pub fn drop_pledge(&mut self, now: i64) -> Result<(), Refused> {
        if let Some(freeze) = self.frozen.as_mut().filter(|f| f.from == State::PledgePending) {
            // It stays frozen, and nobody's pledge.
            freeze.from = State::Issued;
            self.pledged_to = None;
            return Ok(());
        }
        if !self.state.allows().contains(&Step::DropPledge) {
            return Err(self.wrong(Step::DropPledge).into());
        }
        self.pledged_to = None;
        self.pass(State::Issued, now);
        Ok(())
    }

    /// The bank lets go of it.
    ///
    /// # Errors
    /// [`Refused::ReceiptFrozen`], [`WrongState`].
    pub fn release(&mut self, now: i64) -> Result<(), Refused> {
        if !self.state.allows().contains(&Step::Release) {
            return match &self.frozen {
                Some(f) => Err(Refused::ReceiptFrozen { receipt: self.id.clone(), reason: f.reason.clone() }),
                None => Err(self.wrong(Step::Release).into()),
            };
        }
        self.pledged_to = None;
        self.revise();
        self.pass(State::Released, now);
        Ok(())
    }

    /// The bank sells it: it belongs to the buyer, free of the pledge.
    ///
    /// # Errors
    /// As [`Receipt::release`].
    pub fn enforce(&mut self, buyer: &str, now: i64) -> Result<(), Refused> {
        self.release(now)?;
        buyer.clone_into(&mut self.holder);
        Ok(())
    }

    /// The warehouse has seen that the pledge is gone: the receipt changes hands again.
    ///
    /// # Errors
    /// As [`Receipt::check`].
    pub fn reissue(&mut self, now: i64) -> Result<(), Refused> {
        self.check(Step::Reissue)?;
        self.revise();
        self.pass(State::Issued, now);
        Ok(())
    }

    /// Its goods may leave the warehouse.
    ///
    /// # Errors
    /// As [`Receipt::check`]: pledged goods do not leave.
    pub fn withdraw(&mut self, lot: &mut Lot, now: i64) -> Result<(), Refused> {
        self.check(Step::Withdraw)?;
        lot.let_go(self.quantity);
        self.revise();
        self.pass(State::Withdrawn, now);
        Ok(())
    }

    /// Ends it: a draft, a receipt whose goods stay, or one whose goods have left.
    ///
    /// # Errors
    /// As [`Receipt::check`].
    pub fn cancel(&mut self, lot: &mut Lot, now: i64) -> Result<(), Refused> {
        self.check(Step::Cancel)?;
        if self.is_live() {
            lot.unpromise(self.quantity);
        }
        self.revise();
        self.pass(State::Cancelled, now);
        Ok(())
    }

    /// Stops everything. One that is frozen already stays so, for its first reason.
    ///
    /// # Errors
    /// [`WrongState`] once it has ended.
    pub fn freeze(&mut self, reason: &str, by: &str, now: i64) -> Result<(), Refused> {
        if self.state == State::Frozen {
            return Ok(());
        }
        if !self.state.allows().contains(&Step::Freeze) {
            return Err(self.wrong(Step::Freeze).into());
        }
        self.frozen = Some(Freeze { from: self.state, reason: reason.to_owned(), by: by.to_owned(), at: now });
        self.pass(State::Frozen, now);
        Ok(())
    }

    /// Lets it go on where it was, once all that receipts of its lot promise is there: a count says so. Whoever froze it
    /// does not decide it.
    ///
    /// # Errors
    /// [`WrongState`] when it is not frozen; [`Refused::SameHands`], [`Refused::LotMissing`].
    pub fn unfreeze(&mut self, by: &str, lot: &Lot, now: i64) -> Result<(), Refused> {
        let Some(freeze) = self.frozen.as_ref() else { return Err(self.wrong(Step::Unfreeze).into()) };
        if freeze.by == by {
            return Err(Refused::SameHands { step: "unfreeze", first: "freeze" });
        }
        let from = freeze.from;
        // A draft promises nothing yet, and goods that may leave are off the books.
        if from.is_live() && lot.short() > 0 {
            return Err(Refused::LotMissing { lot: lot.id.clone(), short: lot.short(), unit: lot.unit });
        }
        self.frozen = None;
        self.pass(from, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
