//! Prices that fall: goods of their own for each loan, so that a price is nobody else's. A call is met with money, or the
//! price comes back, or it stays open; meanwhile nobody sells the goods.

use super::{Finance, LOAN, Trader, YUAN, quote};
use crate::book::Book;
use crate::load::{Actor, Dice, id, key, next, posted};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What is left of a price that fell: within the margin line, hardly within it (a day's interest more is still), and not.
const FALLEN: [u64; 3] = [900, 880, 800];

/// The market in which they fall, and a loan at a time.
pub(crate) struct Market {
    trader: Trader,
}

impl Market {
    pub(crate) fn start(book: &Arc<Book>, finance: &Arc<Finance>, dice: Dice) -> Self {
        Self { trader: Trader::start(book, finance, dice) }
    }

    async fn price(&self, goods: &str, yuan: u64) -> Result<()> {
        let told =
            posted(&self.trader.book, &self.trader.finance.regulator, "/api/quotes", &quote(goods, yuan)).await?;
        ensure!((200..300).contains(&told.status), "publishQuote: {} {}", told.status, told.text);
        Ok(())
    }

    /// Waits for a call; none, where it does not come soon or is none.
    async fn called(&self, path: &str, shown: &Value) -> Result<Option<Value>> {
        for _ in 0..20 {
            let shown = self.trader.seen(&shown["loan"], path).await?;
            if shown["loan"]["margin"]["state"] == "open" {
                return Ok(Some(shown));
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(None)
    }
}

impl Actor for Market {
    async fn act(&mut self) -> Result<()> {
        let n = next().0;
        let goods = format!("coal-{n}");
        self.price(&goods, YUAN).await?;
        let receipt = self.trader.whole(n, &goods).await?;
        let out = |shown: &Value| shown["loan"]["state"] == "disbursed";
        let Some(shown) = self.trader.lent(n, &receipt, out).await? else { return Ok(()) };
        let (loan, path) = (&shown["loan"], format!("/api/loans/{}", id(&shown["loan"])?));
        let fallen = self.trader.dice.of(&FALLEN);
        self.price(&goods, fallen).await?;
        self.trader.book.count("prices that fell under a loan");
        let Some(called) = self.called(&path, &shown).await? else { return Ok(()) };
        self.trader.book.note("margin call", id(loan)?);
        let (bank, book) = (self.trader.finance.bank(loan), &self.trader.book);
        // The company has its days.
        let early = posted(book, &bank.checker, &format!("{path}/dispose"), &json!({})).await?;
        if early.status != 409 {
            book.breach(format!("{path} may be sold before its day: {} {}", early.status, early.text));
        }
        match self.trader.dice.below(3) {
            0 => self.price(&goods, YUAN).await?,
            1 => {
                let owed = called["loan"]["owed"].as_u64().context("no owed")?;
                let body = json!({"bank_reference": key(n, "MC"), "amount": owed / 4});
                let paid = posted(book, &bank.maker, &format!("{path}/repayments"), &body).await?;
                ensure!(paid.status == 200, "repayments: {} {}", paid.status, paid.text);
                book.saw(LOAN, &paid.json()?);
                book.note("repayment", format!("{}/{}", id(loan)?, key(n, "MC")));
            }
            _ => {}
        }
        book.count("margin calls");
        Ok(())
    }
}
