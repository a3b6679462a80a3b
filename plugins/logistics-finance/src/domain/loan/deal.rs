//! A loan with its pledges and receipts.

use super::super::pledge::{self, Pledge};
use super::super::quote::{Prices, Valuation, valuation};
use super::super::receipt::Receipt;
use super::super::refused::Refused;
use super::Loan;

/// A loan, its pledges that stand, and their receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The loan.
    pub loan: Loan,
    /// Its pledges; those that ended in this step are among them until it is written.
    pub pledges: Vec<Pledge>,
    /// The receipts of the pledges, and those that took the place of one in this step.
    pub receipts: Vec<Receipt>,
}

impl Deal {
    /// The pledges that stand.
    pub fn standing(&self) -> impl Iterator<Item = &Pledge> {
        self.pledges.iter().filter(|p| p.state.stands())
    }

    /// What the standing pledges are worth.
    ///
    /// # Errors
    /// [`Refused::NoQuote`].
    pub fn value(&self, prices: &Prices, oldest_days: u32, now: i64) -> Result<Valuation, Refused> {
        valuation(&self.pledges, prices, oldest_days, now)
    }

    /// What the registered pledges alone are worth: one that was only asked for secures nothing.
    ///
    /// # Errors
    /// [`Refused::NoQuote`].
    pub fn secured(&self, prices: &Prices, oldest_days: u32, now: i64) -> Result<Valuation, Refused> {
        let registered: Vec<Pledge> =
            self.pledges.iter().filter(|p| p.state == pledge::State::Registered).cloned().collect();
        valuation(&registered, prices, oldest_days, now)
    }

    /// The receipt of a pledge that stands.
    ///
    /// # Errors
    /// [`Refused::NotRegistered`] when the loan has no pledge of it.
    pub(crate) fn pair(&mut self, receipt: &str) -> Result<(&mut Pledge, &mut Receipt), Refused> {
        let pledge = self.pledges.iter_mut().find(|p| p.state.stands() && p.receipt == receipt);
        let found = self.receipts.iter_mut().find(|r| r.id == receipt);
        pledge.zip(found).ok_or_else(|| Refused::NotRegistered { receipt: receipt.to_owned() })
    }

    /// Ends the pledges that were only asked for.
    pub(crate) fn drop_requests(&mut self, now: i64) -> Result<(), Refused> {
        for pledge in self.pledges.iter_mut().filter(|p| p.state == pledge::State::Requested) {
            pledge.end(pledge::State::Dropped, now)?;
            if let Some(receipt) = self.receipts.iter_mut().find(|r| r.id == pledge.receipt) {
                receipt.drop_pledge(now)?;
            }
        }
        Ok(())
    }

    /// Lets go of every receipt that is not frozen: a frozen one waits until it is unfrozen.
    pub(crate) fn release_all(&mut self, now: i64) -> Result<(), Refused> {
        self.drop_requests(now)?;
        for pledge in self.pledges.iter_mut().filter(|p| p.state == pledge::State::Registered) {
            let Some(receipt) = self.receipts.iter_mut().find(|r| r.id == pledge.receipt) else { continue };
            if receipt.frozen.is_none() {
                receipt.release(now)?;
                pledge.end(pledge::State::Released, now)?;
            }
        }
        Ok(())
    }
}
