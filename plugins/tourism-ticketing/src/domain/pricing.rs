//! What a visitor pays, and who receives which part of it.

use super::catalogue::{Product, Proof};
use serde::{Deserialize, Serialize};
use yunlong_sdk::money::{SplitError, split};

/// What one visitor pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Fen.
    pub price: u64,
    /// The parts of the product's components, in their order; they sum to the price.
    pub shares: Vec<u64>,
    /// The code of the concession that applies.
    pub concession: Option<String>,
}

/// The price for a visitor; the age on the day of the visit with its proof, where a concession
/// was claimed and the age is proven.
///
/// # Errors
/// [`SplitError`] when the product's weights are unusable.
pub fn quote(product: &Product, age: Option<(i32, Proof)>) -> Result<Quote, SplitError> {
    let concession = age.and_then(|(age, proof)| product.concession_for(age, proof));
    let price = concession.map_or(product.price, |c| {
        product.price / 100 * u64::from(c.percent) + product.price % 100 * u64::from(c.percent) / 100
    });
    let weights: Vec<u64> = product.components.iter().map(|c| c.weight).collect();
    Ok(Quote { price, shares: split(price, &weights)?, concession: concession.map(|c| c.code.clone()) })
}

/// A receiver's part of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The receiver's USCC.
    pub payee: String,
    /// Fen, above 0.
    pub amount: u64,
    /// What for: names of attractions in Chinese, as statements show them.
    pub description: String,
}

/// One line for each receiver, in the order of their first part; receivers of nothing have none.
#[must_use]
pub fn lines<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str, u64)>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (payee, description, amount) in parts {
        if amount == 0 {
            continue;
        }
        match lines.iter_mut().find(|l| l.payee == payee) {
            Some(line) => {
                line.amount += amount;
                if !line.description.split('、').any(|d| d == description) {
                    line.description = format!("{}、{description}", line.description);
                }
            }
            None => lines.push(Line { payee: payee.to_owned(), amount, description: description.to_owned() }),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;
    use proptest::prelude::*;

    #[test]
    fn the_joint_ticket_of_two_han_sites_divides_54_86_and_73_14() {
        let q = quote(&sample::product("lianghan-joint"), None).unwrap();
        assert_eq!((q.price, q.shares), (12_800, vec![5_486, 7_314]));
    }

    #[test]
    fn half_from_sixty_and_free_from_sixty_five() {
        let p = sample::product("guishan-single");
        for (age, price) in
            [(None, 6_000), (Some(59), 6_000), (Some(60), 3_000), (Some(64), 3_000), (Some(65), 0), (Some(101), 0)]
        {
            assert_eq!(quote(&p, age.map(|a| (a, Proof::Account))).unwrap().price, price, "{age:?}");
        }
    }

    #[test]
    fn a_child_pays_less_by_its_document_and_not_by_its_parents_record() {
        let p = sample::product("guishan-single");
        for (age, proof, price) in [
            (5, Proof::Document, 0),
            (6, Proof::Document, 3_000),
            (17, Proof::Document, 3_000),
            (18, Proof::Document, 6_000),
            (70, Proof::Document, 6_000),
            (5, Proof::Account, 6_000),
        ] {
            assert_eq!(quote(&p, Some((age, proof))).unwrap().price, price, "{age} {proof:?}");
        }
    }

    #[test]
    fn receivers_get_one_line_each() {
        let l = lines([("A", "龟山汉墓", 5_486), ("B", "汉兵马俑", 7_314), ("A", "龟山汉墓", 100), ("C", "云龙湖", 0)]);
        assert_eq!(
            l.iter().map(|l| (l.payee.as_str(), l.amount, l.description.as_str())).collect::<Vec<_>>(),
            [("A", 5_586, "龟山汉墓"), ("B", 7_314, "汉兵马俑")]
        );
    }

    proptest! {
        #[test]
        fn shares_of_a_quote_sum_to_its_price(price in 0_u64..1_000_000, a in 1_u64..500, b in 1_u64..500, age in prop::option::of(0_i32..110)) {
            let mut p = sample::product("lianghan-joint");
            p.price = price;
            p.concessions = sample::product("guishan-single").concessions;
            p.components[0].weight = a;
            p.components[1].weight = b;
            let q = quote(&p, age.map(|a| (a, Proof::Account))).unwrap();
            prop_assert_eq!(q.shares.iter().sum::<u64>(), q.price);
            prop_assert!(q.price <= price);
        }
    }
}
