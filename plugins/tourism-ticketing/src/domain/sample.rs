//! The sample catalogue of Xuzhou that a new installation begins with.
//!
//! Names, districts and closed days are the real ones; caps, prices and operators' codes are
//! samples that the department replaces.

use super::catalogue::{Attraction, Product};
use serde::Deserialize;

/// Attractions and the products over them.
#[derive(Debug, Deserialize)]
pub struct Catalogue {
    /// Attractions.
    pub attractions: Vec<Attraction>,
    /// Products.
    pub products: Vec<Product>,
}

/// Reads the sample.
///
/// # Errors
/// Never for the text that is compiled in; a test holds that.
pub fn catalogue() -> Result<Catalogue, serde_json::Error> {
    serde_json::from_str(include_str!("../../data/sample.json"))
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

    #[test]
    fn the_sample_is_whole() {
        let c = catalogue().unwrap();
        assert_eq!(c.attractions.len(), 7, "six attractions and a coach line");
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
}
