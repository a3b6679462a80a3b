//! The sample catalogue of Xuzhou that a new installation begins with.
//!
//! Names and districts are the real ones; hours, closed days, caps, prices, coach lines and operators
//! are illustrative, and the department replaces them.

use super::catalogue::{Attraction, Concession, Product};
use serde::Deserialize;

/// Attractions and the products over them.
#[derive(Debug)]
pub struct Catalogue {
    /// Attractions.
    pub attractions: Vec<Attraction>,
    /// Products.
    pub products: Vec<Product>,
}

/// The file: the concessions by age stand in it once.
#[derive(Deserialize)]
struct Written {
    age_concessions: Vec<Concession>,
    attractions: Vec<Attraction>,
    products: Vec<WrittenProduct>,
}

#[derive(Deserialize)]
struct WrittenProduct {
    #[serde(flatten)]
    product: Product,
    /// Whether it has the concessions by age.
    #[serde(default)]
    by_age: bool,
}

/// Reads the sample.
///
/// # Errors
/// Never for the text that is compiled in; a test holds that.
pub fn catalogue() -> Result<Catalogue, serde_json::Error> {
    let written: Written = serde_json::from_str(include_str!("../../data/sample.json"))?;
    let concessions = written.age_concessions;
    let whole = |p: WrittenProduct| {
        if p.by_age { Product { concessions: concessions.clone(), ..p.product } } else { p.product }
    };
    Ok(Catalogue { attractions: written.attractions, products: written.products.into_iter().map(whole).collect() })
}

/// One attraction of the sample.
#[cfg(test)]
pub(crate) fn attraction(id: &str) -> Attraction {
    catalogue().unwrap().attractions.into_iter().find(|a| a.id == id).unwrap()
}

/// One product of the sample.
#[cfg(test)]
pub(crate) fn product(id: &str) -> Product {
    catalogue().unwrap().products.into_iter().find(|p| p.id == id).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::{PlaceKind, ProductKind};
    use crate::domain::district;
    use std::collections::BTreeSet;

    #[test]
    fn the_sample_is_whole() {
        let c = catalogue().unwrap();
        for a in &c.attractions {
            a.operator.parse::<yunlong_formats::Uscc>().unwrap();
            a.district.parse::<yunlong_formats::DivisionCode>().unwrap();
            assert!(c.products.iter().any(|p| p.id == Product::single_id(&a.id)), "{}", a.id);
        }
        for p in &c.products {
            for part in &p.components {
                assert!(part.weight > 0 && c.attractions.iter().any(|a| a.id == part.attraction), "{}", p.id);
            }
        }
    }

    #[test]
    fn the_sample_is_as_large_as_a_city_and_has_every_district() {
        let c = catalogue().unwrap();
        let of = |kind: PlaceKind| c.attractions.iter().filter(move |a| a.kind == kind);
        assert!(of(PlaceKind::Site).count() >= 40 && of(PlaceKind::Coach).count() >= 4);
        for (code, name) in &district::ALL {
            assert!(of(PlaceKind::Site).filter(|a| a.district == *code).count() >= 4, "{name:?}");
        }
        let sold = |kind: ProductKind| c.products.iter().filter(move |p| p.kind == kind);
        assert!(sold(ProductKind::Joint).count() >= 5 && sold(ProductKind::Package).count() >= 4);
        let free = sold(ProductKind::Single).filter(|p| p.price == 0).count();
        assert!(free >= 10 && sold(ProductKind::Single).count() - free >= 20, "{free} free tickets");
    }

    #[test]
    fn ids_are_distinct_and_a_day_takes_no_more_than_its_slots() {
        let c = catalogue().unwrap();
        let distinct = |ids: Vec<&String>| ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
        assert!(distinct(c.attractions.iter().map(|a| &a.id).collect()));
        assert!(distinct(c.products.iter().map(|p| &p.id).collect()));
        for a in &c.attractions {
            assert!(a.daily_cap <= a.sessions.iter().map(|s| s.cap).sum(), "{}", a.id);
        }
    }

    #[test]
    fn a_joint_ticket_costs_less_than_its_single_ones() {
        let c = catalogue().unwrap();
        for p in c.products.iter().filter(|p| p.kind != ProductKind::Single) {
            let singles: u64 =
                p.components.iter().map(|part| product(&Product::single_id(&part.attraction)).price).sum();
            assert!(p.price > 0 && p.price < singles, "{}: {} of {singles}", p.id, p.price);
        }
    }
}
