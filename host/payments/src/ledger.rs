//! The double-entry ledger: entries whose postings sum to zero, by construction.

use crate::{Intent, Line};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::Timestamp;

/// One side of an entry: fen, positive for a debit, negative for a credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// `clearing:<provider>` (what a provider owes the platform), `surplus:<provider>` (what arrived twice and is owed
    /// back to those who paid it), `payee:<installation>:<uscc>` (what the platform
    /// owes a payee), `escrow:<installation>` (what it holds for an installation's payers) or
    /// `returning:<installation>` (what of that is on its way back).
    pub account: String,
    /// Fen.
    pub amount: i64,
}

/// An entry. There is no way to make one whose postings do not sum to zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawEntry")]
pub struct Entry {
    intent: String,
    memo: String,
    at: Timestamp,
    postings: Vec<Posting>,
}

#[derive(Deserialize)]
struct RawEntry {
    intent: String,
    memo: String,
    at: Timestamp,
    postings: Vec<Posting>,
}

impl TryFrom<RawEntry> for Entry {
    type Error = LedgerError;

    fn try_from(raw: RawEntry) -> Result<Self, LedgerError> {
        Self::new(raw.intent, raw.memo, raw.at, raw.postings)
    }
}

/// An entry that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Debits and credits differ.
    #[error("the postings sum to {0} fen instead of 0")]
    Unbalanced(i128),
    /// An entry moves something between at least two accounts.
    #[error("an entry has at least two postings")]
    TooFew,
    /// An amount is over what the ledger holds.
    #[error("{0} fen is over what the ledger can hold")]
    TooLarge(u64),
}

impl Entry {
    /// An entry.
    ///
    /// # Errors
    /// [`LedgerError`] when the postings do not sum to zero or are fewer than two.
    pub fn new(intent: String, memo: String, at: Timestamp, postings: Vec<Posting>) -> Result<Self, LedgerError> {
        if postings.len() < 2 {
            return Err(LedgerError::TooFew);
        }
        let sum: i128 = postings.iter().map(|p| i128::from(p.amount)).sum();
        if sum != 0 {
            return Err(LedgerError::Unbalanced(sum));
        }
        Ok(Self { intent, memo, at, postings })
    }

    /// The money of a payment: the provider owes it to us, we owe it to the payees.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] for amounts beyond 63 bits.
    pub fn capture(
        intent: &str,
        installation: &str,
        provider: &str,
        lines: &[Line],
        at: Timestamp,
    ) -> Result<Self, LedgerError> {
        Self::new(intent.to_owned(), "capture".to_owned(), at, postings(installation, provider, lines, 1)?)
    }

    /// The reverse.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] for amounts beyond 63 bits.
    pub fn refund(
        intent: &str,
        installation: &str,
        provider: &str,
        reference: &str,
        lines: &[Line],
        at: Timestamp,
    ) -> Result<Self, LedgerError> {
        Self::new(intent.to_owned(), format!("refund {reference}"), at, postings(installation, provider, lines, -1)?)
    }

    /// The money of an escrow: the provider owes it to us, we hold it.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] for amounts beyond 63 bits.
    pub fn hold(intent: &Intent, at: Timestamp) -> Result<Self, LedgerError> {
        let to = escrow_account(intent.installation.as_str());
        Self::transfer(intent, "hold".to_owned(), clearing_account(&intent.provider), to, intent.captured, at)
    }

    /// Money that arrived for what was paid before: the provider owes it to us, we owe it back.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] for amounts beyond 63 bits.
    pub fn surplus(intent: &Intent, attempt: u32, at: Timestamp) -> Result<Self, LedgerError> {
        let (from, to) = (clearing_account(&intent.provider), format!("surplus:{}", intent.provider));
        Self::transfer(intent, format!("surplus of attempt {attempt}"), from, to, intent.amount, at)
    }

    /// Held money for payees.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] for amounts beyond 63 bits.
    pub fn release(intent: &Intent, reference: &str, lines: &[Line], at: Timestamp) -> Result<Self, LedgerError> {
        let installation = intent.installation.as_str();
        let from = escrow_account(installation);
        Self::new(intent.id.clone(), format!("release {reference}"), at, split(installation, from, lines, 1)?)
    }

    /// Held money that sets out for its payer.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] for amounts beyond 63 bits.
    pub fn set_out(intent: &Intent, reference: &str, amount: u64, at: Timestamp) -> Result<Self, LedgerError> {
        let installation = intent.installation.as_str();
        let (from, to) = (escrow_account(installation), returning_account(installation));
        Self::transfer(intent, format!("return {reference}"), from, to, amount, at)
    }

    /// Held money that arrived at its payer or, where that failed, is held again.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] for amounts beyond 63 bits.
    pub fn arrived(
        intent: &Intent,
        reference: &str,
        amount: u64,
        done: bool,
        at: Timestamp,
    ) -> Result<Self, LedgerError> {
        let from = returning_account(intent.installation.as_str());
        let (memo, to) = if done {
            (format!("refund {reference}"), clearing_account(&intent.provider))
        } else {
            (format!("refund {reference} failed"), escrow_account(intent.installation.as_str()))
        };
        Self::transfer(intent, memo, from, to, amount, at)
    }

    /// One amount from one account, which is debited, to another.
    fn transfer(
        intent: &Intent,
        memo: String,
        from: String,
        to: String,
        amount: u64,
        at: Timestamp,
    ) -> Result<Self, LedgerError> {
        let amount = i64::try_from(amount).map_err(|_| LedgerError::TooLarge(amount))?;
        let postings = vec![Posting { account: from, amount }, Posting { account: to, amount: -amount }];
        Self::new(intent.id.clone(), memo, at, postings)
    }

    /// The postings.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// The intent that it belongs to.
    #[must_use]
    pub fn intent(&self) -> &str {
        &self.intent
    }
}

/// What a provider owes the platform: a debit balance.
fn clearing_account(provider: &str) -> String {
    format!("clearing:{provider}")
}

/// What is held for an installation's payers: a credit balance, of which an intent's entries are its part.
pub(crate) fn escrow_account(installation: &str) -> String {
    format!("{ESCROW}{installation}")
}

/// What of that set out for its payers and has not arrived: a credit balance.
pub(crate) fn returning_account(installation: &str) -> String {
    format!("{RETURNING}{installation}")
}

const ESCROW: &str = "escrow:";
const RETURNING: &str = "returning:";

/// The highest balance of an account: what is held or on its way is a debt of the platform, and nothing is paid
/// out of it that is not in it.
pub(crate) fn ceiling(account: &str) -> i64 {
    if account.starts_with(ESCROW) || account.starts_with(RETURNING) { 0 } else { i64::MAX }
}

fn postings(installation: &str, provider: &str, lines: &[Line], sign: i64) -> Result<Vec<Posting>, LedgerError> {
    split(installation, clearing_account(provider), lines, sign)
}

/// Lines to payees out of one account; the reverse for a sign of −1.
fn split(installation: &str, from: String, lines: &[Line], sign: i64) -> Result<Vec<Posting>, LedgerError> {
    let mut all = Vec::with_capacity(lines.len() + 1);
    let mut sum: i64 = 0;
    for line in lines {
        let amount = i64::try_from(line.amount).map_err(|_| LedgerError::TooLarge(line.amount))?;
        sum = sum.checked_add(amount).ok_or(LedgerError::TooLarge(line.amount))?;
        all.push(Posting { account: format!("payee:{installation}:{}", line.payee), amount: -sign * amount });
    }
    all.push(Posting { account: from, amount: sign * sum });
    Ok(all)
}

/// What [`Payments::verify_ledger`](crate::Payments::verify_ledger) found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerReport {
    /// Entries read.
    pub entries: u64,
    /// The sum of all balances; anything but 0 is damage.
    pub total: i128,
    /// Balances recomputed from the entries, in fen.
    pub balances: BTreeMap<String, i64>,
    /// Accounts whose stored balance is wrong or missing: stored, recomputed.
    pub differences: BTreeMap<String, (i64, i64)>,
    /// Of the escrows that hold something, by intent: what is held and what is on its way back, in fen,
    /// recomputed from the entries.
    pub escrows: BTreeMap<String, Part>,
}

/// An escrow's part of its installation's accounts, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Held.
    pub held: i64,
    /// On its way back to the payer.
    pub refunding: i64,
}

impl LedgerReport {
    /// Adds an entry behind those that were read.
    pub(crate) fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        for p in entry.postings() {
            *self.balances.entry(p.account.clone()).or_default() += p.amount;
            self.total += i128::from(p.amount);
        }
        self.add_to_escrow(entry);
    }

    fn add_to_escrow(&mut self, entry: &Entry) {
        for p in entry.postings() {
            let part = if p.account.starts_with(ESCROW) {
                &mut self.escrows.entry(entry.intent.clone()).or_default().held
            } else if p.account.starts_with(RETURNING) {
                &mut self.escrows.entry(entry.intent.clone()).or_default().refunding
            } else {
                continue;
            };
            // A debt of the platform is a credit.
            *part -= p.amount;
        }
        // What holds nothing any more is told no more: it would be every sale that ever was.
        if self.escrows.get(&entry.intent).is_some_and(|e| *e == Part::default()) {
            self.escrows.remove(&entry.intent);
        }
    }

    /// Whether the ledger is sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.total == 0 && self.differences.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(account: &str, amount: i64) -> Posting {
        Posting { account: account.into(), amount }
    }

    #[test]
    fn an_unbalanced_entry_cannot_be_made_or_read() {
        let make = |p| Entry::new("i".into(), "m".into(), Timestamp(0), p);
        assert_eq!(make(vec![posting("a", 5), posting("b", -4)]), Err(LedgerError::Unbalanced(1)));
        assert_eq!(make(vec![posting("a", 0)]), Err(LedgerError::TooFew));
        let json =
            r#"{"intent":"i","memo":"m","at":0,"postings":[{"account":"a","amount":1},{"account":"b","amount":1}]}"#;
        assert!(serde_json::from_str::<Entry>(json).is_err());
    }

    #[test]
    fn a_refund_mirrors_its_capture() {
        let lines = [
            Line { payee: "A".into(), amount: 5_486, description: String::new() },
            Line { payee: "B".into(), amount: 7_314, description: String::new() },
        ];
        let there = Entry::capture("i", "tickets", "sandbox", &lines, Timestamp(0)).unwrap();
        let back = Entry::refund("i", "tickets", "sandbox", "r", &lines, Timestamp(1)).unwrap();
        for (a, b) in there.postings().iter().zip(back.postings()) {
            assert_eq!((&a.account, a.amount), (&b.account, -b.amount));
        }
        assert_eq!(there.postings()[2], posting("clearing:sandbox", 12_800));
    }
}
