//! The loan's money in double entry: every entry sums to zero, or it is no entry.

use serde::{Deserialize, Serialize};

/// An account. Balances are in fen; what somebody owes the bank is positive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Account {
    /// What is owed of a loan's principal.
    Principal(String),
    /// What is owed of a loan's interest.
    Interest(String),
    /// A bank's money.
    Cash(String),
    /// What a bank earns.
    Income(String),
    /// What a bank gave up.
    Losses(String),
    /// What goods brought over what was owed on a loan: the borrower's, so it is negative.
    Surplus(String),
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, of) = match self {
            Self::Principal(loan) => ("principal", loan),
            Self::Interest(loan) => ("interest", loan),
            Self::Cash(bank) => ("cash", bank),
            Self::Income(bank) => ("income", bank),
            Self::Losses(bank) => ("losses", bank),
            Self::Surplus(loan) => ("surplus", loan),
        };
        write!(f, "{kind}:{of}")
    }
}

impl From<Account> for String {
    fn from(a: Account) -> Self {
        a.to_string()
    }
}

/// A text that names no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no account: write a kind, a colon and whose it is")]
pub struct NoAccount(String);

impl TryFrom<String> for Account {
    type Error = NoAccount;
    fn try_from(text: String) -> Result<Self, NoAccount> {
        let Some((kind, of)) = text.split_once(':') else { return Err(NoAccount(text)) };
        let of = of.to_owned();
        Ok(match kind {
            "principal" => Self::Principal(of),
            "interest" => Self::Interest(of),
            "cash" => Self::Cash(of),
            "income" => Self::Income(of),
            "losses" => Self::Losses(of),
            "surplus" => Self::Surplus(of),
            _ => return Err(NoAccount(text)),
        })
    }
}

/// What an entry does to one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// Fen: more, or less when negative.
    pub amount: i64,
}

/// What happened to the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The bank paid the loan out.
    Disbursement,
    /// Interest fell due.
    Accrual,
    /// The borrower paid.
    Repayment,
    /// Goods were sold for the loan.
    Proceeds,
    /// The bank gave up the rest.
    WriteOff,
}

impl Kind {
    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Disbursement => "disbursement",
            Self::Accrual => "accrual",
            Self::Repayment => "repayment",
            Self::Proceeds => "proceeds",
            Self::WriteOff => "write-off",
        }
    }
}

/// An entry whose postings do not sum to zero, or that has fewer than two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the postings sum to {0} fen instead of 0")]
pub struct Unbalanced(i128);

/// An entry: it exists only balanced, when it is made as well as when it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Entry {
    id: String,
    loan: String,
    bank: String,
    kind: Kind,
    reference: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    postings: Vec<Posting>,
    at: i64,
}

/// An entry as it is read, before it is believed.
#[derive(Deserialize)]
struct Written {
    loan: String,
    bank: String,
    kind: Kind,
    reference: String,
    #[serde(default)]
    number: Option<String>,
    postings: Vec<Posting>,
    at: i64,
}

impl TryFrom<Written> for Entry {
    type Error = Unbalanced;
    fn try_from(w: Written) -> Result<Self, Unbalanced> {
        let head = Head { loan: &w.loan, bank: &w.bank, at: w.at };
        Ok(Self { number: w.number, ..Self::new(&head, w.kind, &w.reference, w.postings)? })
    }
}

/// Of which loan an entry is, and when.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The loan.
    pub loan: &'a str,
    /// The bank's organization.
    pub bank: &'a str,
    /// Milliseconds of UTC.
    pub at: i64,
}

impl Entry {
    /// An entry. Its id follows from loan, kind and reference: booking the same thing twice meets the first entry.
    /// Postings of nothing are left out.
    ///
    /// # Errors
    /// [`Unbalanced`].
    pub fn new(head: &Head<'_>, kind: Kind, reference: &str, postings: Vec<Posting>) -> Result<Self, Unbalanced> {
        let sum: i128 = postings.iter().map(|p| i128::from(p.amount)).sum();
        let postings: Vec<Posting> = postings.into_iter().filter(|p| p.amount != 0).collect();
        if sum != 0 || postings.len() < 2 {
            return Err(Unbalanced(sum));
        }
        Ok(Self {
            id: format!("{}/{}/{reference}", head.loan, kind.code()),
            loan: head.loan.to_owned(),
            bank: head.bank.to_owned(),
            kind,
            reference: reference.to_owned(),
            number: None,
            postings,
            at: head.at,
        })
    }

    /// With the bank's own number of the movement of its money: under one number a bank moves money once, for one loan.
    #[must_use]
    pub fn numbered(self, number: &str) -> Self {
        Self { number: Some(number.to_owned()), ..self }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The loan.
    #[must_use]
    pub fn loan(&self) -> &str {
        &self.loan
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The bank's own number, where its money moved.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        self.number.as_deref()
    }

    /// The bank's organization.
    #[must_use]
    pub fn bank(&self) -> &str {
        &self.bank
    }

    /// The number under which it happened.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What it does to the accounts.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// When: milliseconds of UTC.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.at
    }
}

/// A posting.
#[must_use]
pub fn post(account: Account, amount: i64) -> Posting {
    Posting { account, amount }
}

/// Fen as a posting has them.
#[must_use]
pub fn fen(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: Head<'_> = Head { loan: "LN1", bank: "B", at: 7 };

    #[test]
    fn what_does_not_balance_is_no_entry_also_when_it_is_read() {
        let postings = vec![post(Account::Principal("LN1".into()), 100), post(Account::Cash("B".into()), -99)];
        assert_eq!(Entry::new(&HEAD, Kind::Disbursement, "r", postings), Err(Unbalanced(1)));
        let good = vec![post(Account::Principal("LN1".into()), 100), post(Account::Cash("B".into()), -100)];
        let entry = Entry::new(&HEAD, Kind::Disbursement, "r", good).unwrap().numbered("BK-1");
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        assert!(serde_json::from_str::<Entry>(&text.replace("-100", "-101")).is_err());
        assert_eq!(entry.id(), "LN1/disbursement/r");
    }

    proptest! {
        #[test]
        fn every_entry_sums_to_zero(amounts in prop::collection::vec(-1_000_000_i64..1_000_000, 0..6), close in any::<bool>()) {
            let mut postings: Vec<Posting> = amounts.iter().map(|a| post(Account::Cash("B".into()), *a)).collect();
            if close {
                postings.push(post(Account::Income("B".into()), -amounts.iter().sum::<i64>()));
            }
            if let Ok(entry) = Entry::new(&HEAD, Kind::Accrual, "r", postings) {
                prop_assert_eq!(entry.postings().iter().map(|p| p.amount).sum::<i64>(), 0);
                prop_assert!(entry.postings().len() >= 2);
            }
        }
    }
}
