//! Looking for places and tickets: by words, by district, free or paid, in an order.

use super::catalogue::{Attraction, Product};
use std::cmp::Reverse;
use yunlong_sdk::Text;

/// Whether the ticket costs something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fee {
    /// Free, with a booking.
    Free,
    /// For money.
    Paid,
}

impl Fee {
    /// Reads what a filter says; what it does not know is no filter.
    #[must_use]
    pub fn read(code: &str) -> Option<Self> {
        match code {
            "free" => Some(Self::Free),
            "paid" => Some(Self::Paid),
            _ => None,
        }
    }

    fn takes(self, price: u64) -> bool {
        (price == 0) == (self == Self::Free)
    }
}

/// What somebody looks for; the empty one takes everything.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    words: Vec<String>,
    district: Option<String>,
    fee: Option<Fee>,
}

impl Wanted {
    /// From what was typed and chosen. Each word must be found, in either language, large letters as small ones.
    #[must_use]
    pub fn new(words: &str, district: &str, fee: Option<Fee>) -> Self {
        Self {
            words: words.to_lowercase().split_whitespace().map(ToOwned::to_owned).collect(),
            district: Some(district.to_owned()).filter(|d| !d.is_empty()),
            fee,
        }
    }

    /// Whether a place is looked for. One that is sold in joint tickets alone has no price of its own.
    #[must_use]
    pub fn takes_place(&self, place: &Attraction, price: Option<u64>) -> bool {
        self.takes_words(&texts(place))
            && self.district.as_ref().is_none_or(|d| *d == place.district)
            && self.fee.is_none_or(|f| price.is_some_and(|p| f.takes(p)))
    }

    /// Whether a ticket of several places is looked for: its own name counts and its places' texts; one of them
    /// in the district is enough.
    #[must_use]
    pub fn takes_product(&self, product: &Product, places: &[&Attraction]) -> bool {
        let all: Vec<&Text> = std::iter::once(&product.name).chain(places.iter().copied().flat_map(texts)).collect();
        self.takes_words(&all)
            && self.district.as_ref().is_none_or(|d| places.iter().any(|a| *d == a.district))
            && self.fee.is_none_or(|f| f.takes(product.price))
    }

    fn takes_words(&self, texts: &[&Text]) -> bool {
        let has = |text: &str, word: &str| text.to_lowercase().contains(word);
        self.words.iter().all(|w| texts.iter().any(|t| has(&t.zh, w) || has(&t.en, w)))
    }
}

fn texts(place: &Attraction) -> [&Text; 3] {
    [&place.name, &place.about, &place.address]
}

/// How a list is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the department lists them.
    Listed,
    /// The cheapest first; places without a price of their own at the end.
    Cheapest,
    /// The dearest first; places without a price of their own at the end.
    Dearest,
    /// District by district.
    District,
}

/// Orders places that are in the department's order; what is equal stays in it.
pub fn sort(places: &mut [Attraction], order: Order, price: impl Fn(&Attraction) -> Option<u64>) {
    match order {
        Order::Listed => {}
        Order::Cheapest => places.sort_by_key(|a| price(a).map_or((true, 0), |p| (false, p))),
        Order::Dearest => places.sort_by_key(|a| Reverse(price(a).map_or((false, 0), |p| (true, p)))),
        Order::District => places.sort_by(|a, b| a.district.cmp(&b.district)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::{attraction, product};

    fn words(text: &str) -> Wanted {
        Wanted::new(text, "", None)
    }

    #[test]
    fn every_word_must_be_found_in_one_language_or_the_other() {
        let tomb = attraction("guishan");
        for found in ["", "  ", "龟山", "汉墓 鼓楼区", "guishan", "GULOU tomb", "龟山　Han"] {
            assert!(words(found).takes_place(&tomb, Some(6_000)), "{found}");
        }
        assert!(!words("龟山 云龙区").takes_place(&tomb, Some(6_000)), "one word of two is not enough");
    }

    #[test]
    fn free_and_paid_are_two_halves_of_what_has_a_price() {
        let place = attraction("museum");
        for (price, free, paid) in [(Some(0), true, false), (Some(1), false, true), (None, false, false)] {
            let takes = |fee| Wanted::new("", "", Some(fee)).takes_place(&place, price);
            assert_eq!((takes(Fee::Free), takes(Fee::Paid)), (free, paid), "{price:?}");
        }
        assert_eq!((Fee::read("free"), Fee::read(""), Fee::read("cheap")), (Some(Fee::Free), None, None));
    }

    #[test]
    fn a_joint_ticket_is_found_by_its_name_and_by_any_of_its_places() {
        let (joint, tomb, army) = (product("lianghan-joint"), attraction("guishan"), attraction("bingmayong"));
        let takes = |w: &Wanted| w.takes_product(&joint, &[&tomb, &army]);
        assert!(takes(&words("两汉")) && takes(&words("兵马俑")) && takes(&words("guishan terracotta")));
        assert!(!takes(&words("窑湾")));
        let district = |d: &str| Wanted::new("", d, None);
        assert!(takes(&district("320302")) && takes(&district("320303")) && !takes(&district("320381")));
        assert!(!takes(&Wanted::new("", "", Some(Fee::Free))));
    }

    #[test]
    fn an_order_keeps_the_departments_where_it_says_nothing() {
        let price = |a: &Attraction| match a.id.as_str() {
            "guishan" => Some(6_000),
            "bingmayong" => Some(8_000),
            "museum" => Some(0),
            "hanwenhua" => Some(8_000),
            _ => None,
        };
        let ordered = |order: Order| {
            let mut places = ["hubushan", "guishan", "bingmayong", "museum", "hanwenhua"].map(attraction);
            sort(&mut places, order, price);
            places.map(|a| a.id)
        };
        assert_eq!(ordered(Order::Listed), ["hubushan", "guishan", "bingmayong", "museum", "hanwenhua"]);
        assert_eq!(ordered(Order::Cheapest), ["museum", "guishan", "bingmayong", "hanwenhua", "hubushan"]);
        assert_eq!(ordered(Order::Dearest), ["bingmayong", "hanwenhua", "guishan", "museum", "hubushan"]);
        assert_eq!(ordered(Order::District), ["guishan", "hubushan", "bingmayong", "museum", "hanwenhua"]);
    }
}
