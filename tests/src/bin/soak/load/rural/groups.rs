//! People who buy together: groups of three with a deadline of seconds, which enough people pay for in time or not.

use super::{Shopper, purchase};
use crate::load::{Actor, id, next, now, posted};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// So many must have paid.
const MINIMUM: u32 = 3;
/// Milliseconds from the opening to the deadline.
const TIME: u64 = 5_000;

/// A few people, each with an account of their own.
pub(crate) struct Together {
    people: Vec<Shopper>,
}

impl Together {
    pub(crate) fn start(people: Vec<Shopper>) -> Self {
        Self { people }
    }

    async fn join(shopper: &Shopper, what: &Value) -> Result<Option<String>> {
        let order = shopper.bought(next().0, what).await?;
        if order.is_some() && shopper.place(next().0, what).await?.is_some() {
            shopper.book.breach(format!("one person is in a group twice: {what}"));
        }
        Ok(order)
    }
}

impl Actor for Together {
    async fn act(&mut self) -> Result<()> {
        let Some(first) = self.people.first_mut() else { return Ok(()) };
        let come = usize::try_from(1 + first.dice.below(5))?;
        let (market, book) = (first.market.clone(), first.book.clone());
        let (goods, seller) = (&market.goods[1], &market.sellers[0]);
        let new = json!({
            "listing": goods.listing, "sku": "a", "price": 3_000, "minimum": MINIMUM, "deadline": now() + TIME,
        });
        let opened = posted(&book, seller, "/api/store/groups", &new).await?;
        ensure!((200..300).contains(&opened.status), "openGroup: {} {}", opened.status, opened.text);
        let group = id(&opened.json()?)?;
        book.note("group", group.clone());
        let mut what = purchase(&goods.listing, 1);
        what["group"] = json!(group);
        let joined = futures::future::join_all(self.people.iter().take(come).map(|p| Self::join(p, &what))).await;
        let orders: Vec<String> = joined.into_iter().filter_map(|order| order.ok().flatten()).collect();
        let path = |order: &str| format!("/api/store/orders/{order}/accept");
        if let Some(order) = orders.first()
            && u32::try_from(come)? < MINIMUM
        {
            // Too few people came, so it cannot have formed.
            let refused = posted(&book, seller, &path(order), &json!({})).await?;
            if refused.status != 409 {
                book.breach(format!("accepted before its group formed: {} {}", refused.status, refused.text));
            }
        }
        // Of a group that has formed the store accepts one.
        if let (Some(shopper), Some(order)) = (self.people.first(), orders.get(usize::try_from(MINIMUM)? - 1)) {
            shopper.step(seller, order, "/api/store/orders", "accept", &json!({})).await?;
        }
        Ok(())
    }
}
