//! What a store sells: products with their variants (SKUs) and what the trade asks of them.

use super::picture::Picture;
use super::time::Date;
use serde::{Deserialize, Serialize};
use yunlong_sdk::{Text, t};

/// What kind of goods it is; the rules of the trade hang on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Fruit, vegetables, eggs, meat: food that perishes.
    FreshFood,
    /// Other food.
    Food,
    /// Furniture.
    Furniture,
    /// Crafts and household goods.
    Craft,
    /// Seeds, tools and what a farm needs.
    Farming,
}

impl Category {
    /// Every category, in the order of lists.
    pub const ALL: [Self; 5] = [Self::FreshFood, Self::Food, Self::Furniture, Self::Craft, Self::Farming];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::FreshFood => "fresh-food",
            Self::Food => "food",
            Self::Furniture => "furniture",
            Self::Craft => "craft",
            Self::Farming => "farming",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::FreshFood => t("生鲜农产品", "Fresh food"),
            Self::Food => t("食品", "Food"),
            Self::Furniture => t("家具", "Furniture"),
            Self::Craft => t("手工与日用", "Crafts and household"),
            Self::Farming => t("农资农具", "Farming"),
        }
    }

    /// Whether it is food, which needs a batch that can be traced.
    #[must_use]
    pub fn is_food(self) -> bool {
        matches!(self, Self::FreshFood | Self::Food)
    }

    /// Whether it perishes, and so is not returned without a reason.
    #[must_use]
    pub fn perishes(self) -> bool {
        self == Self::FreshFood
    }

    /// The licence that selling it needs, if any: processed food needs that of food businesses.
    #[must_use]
    pub fn licence(self) -> Option<&'static str> {
        (self == Self::Food).then_some("food-business")
    }
}

/// A variant that has a price and a stock of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sku {
    /// Its code within the product.
    pub id: String,
    /// Its name, such as `1.8 m`.
    pub name: Text,
    /// Fen.
    pub price: u64,
    /// The weight of one unit with its packing, in grams.
    pub grams: u32,
    /// Parcels of one unit: furniture has several.
    pub parcels: u8,
}

/// A licence of the seller for this kind of goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Which, such as `food-business`.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// The last day of its validity.
    pub until: Date,
}

/// A product of a store. It is sold by listings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Ten characters.
    pub id: String,
    /// The store.
    pub store: String,
    /// Its name.
    pub title: Text,
    /// What it is.
    pub description: Text,
    /// What kind of goods.
    pub category: Category,
    /// Its variants.
    pub skus: Vec<Sku>,
    /// The seller's licences for it.
    #[serde(default)]
    pub licences: Vec<Licence>,
    /// What it looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// Milliseconds of UTC.
    pub created_at: i64,
}

impl Product {
    /// A variant.
    #[must_use]
    pub fn sku(&self, id: &str) -> Option<&Sku> {
        self.skus.iter().find(|s| s.id == id)
    }

    /// Whether it is what another version of it was, whatever it costs: a reviewer need not look again.
    #[must_use]
    pub fn sells_as(&self, before: &Self) -> bool {
        let priced = |p: &Self| {
            let mut p = p.clone();
            p.skus.iter_mut().for_each(|s| s.price = 0);
            p
        };
        priced(self) == priced(before)
    }

    /// The lowest price, in fen.
    #[must_use]
    pub fn price_from(&self) -> u64 {
        self.skus.iter().map(|s| s.price).min().unwrap_or(0)
    }
}
