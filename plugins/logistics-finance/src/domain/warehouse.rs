//! Warehouses and the lots that lie in them.
//!
//! A lot's `quantity` is what the books say lies there. Receipts promise parts of it: `receipted` never passes
//! `quantity`. What a gate saw leave without an order is `missing`, beside the books, until a count says how much lies
//! there: what it does not find is written off the books.

use super::refused::Refused;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

/// In what goods are counted. Quantities are whole numbers of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Kilograms; prices are for a tonne.
    #[default]
    Kilogram,
    /// Litres; prices are for a cubic metre.
    Litre,
    /// Pieces; prices are for one.
    Piece,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 3] = [Self::Kilogram, Self::Litre, Self::Piece];

    /// As the API writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Kilogram => "kilogram",
            Self::Litre => "litre",
            Self::Piece => "piece",
        }
    }

    /// How many of it a price is for.
    #[must_use]
    pub fn priced_by(self) -> u64 {
        match self {
            Self::Kilogram | Self::Litre => 1_000,
            Self::Piece => 1,
        }
    }
}

/// A warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warehouse {
    /// Its number.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The organization that keeps the goods and issues the receipts: a USCC.
    pub custodian: String,
    /// The custodian's name.
    pub custodian_name: String,
    /// The division, down to the village.
    pub division: String,
    /// The address, without a person's name.
    pub address: String,
    /// Companies that own the custodian, that it owns, or that share its owner: they may not borrow on goods here.
    #[serde(default)]
    pub affiliates: Vec<String>,
    /// Whether it takes goods and issues receipts.
    pub active: bool,
    /// When it was registered: milliseconds of UTC.
    pub created_at: i64,
    /// A digest of what was asked for.
    #[serde(default)]
    pub request: String,
}

impl Warehouse {
    /// # Errors
    /// [`Refused::Affiliate`] when goods here may not secure a loan of this company.
    pub fn is_independent_of(&self, borrower: &str) -> Result<(), Refused> {
        if self.custodian == borrower || self.affiliates.iter().any(|a| a == borrower) {
            return Err(Refused::Affiliate { warehouse: self.id.clone(), borrower: borrower.to_owned() });
        }
        Ok(())
    }
}

/// Goods of one kind in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Its number.
    pub id: String,
    /// The warehouse.
    pub warehouse: String,
    /// The warehouse's custodian: whose office works on it.
    pub custodian: String,
    /// Who brought the goods: a USCC.
    pub owner: String,
    /// The goods by their code, under which prices are quoted, such as `coal-5500`.
    pub goods: String,
    /// What they are called.
    pub goods_name: Text,
    /// Grade, size, packing.
    pub spec: String,
    /// In what they are counted.
    pub unit: Unit,
    /// What the books say lies there.
    pub quantity: u64,
    /// What live receipts promise of it.
    pub receipted: u64,
    /// What may leave and has not passed the gate yet.
    pub leaving: u64,
    /// What a gate saw leave without an order.
    pub missing: u64,
    /// What counts did not find: it is off the books, until somebody has made it good.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub written_off: u64,
    /// Where: yard, bay, tank.
    pub location: String,
    /// When the goods came: milliseconds of UTC.
    pub created_at: i64,
    /// A digest of what was asked for.
    #[serde(default)]
    pub request: String,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Lot {
    /// What no receipt promises yet. Nothing while goods are missing.
    #[must_use]
    pub fn free(&self) -> u64 {
        if self.missing > 0 { 0 } else { self.quantity.saturating_sub(self.receipted) }
    }

    /// A receipt promises a part of it from now on.
    ///
    /// # Errors
    /// [`Refused::LotShort`] when there is not so much.
    pub fn promise(&mut self, quantity: u64) -> Result<(), Refused> {
        if quantity > self.free() {
            return Err(Refused::LotShort {
                lot: self.id.clone(),
                free: self.free(),
                asked: quantity,
                unit: self.unit,
            });
        }
        self.receipted += quantity;
        Ok(())
    }

    /// A receipt promises it no more, and the goods stay.
    pub fn unpromise(&mut self, quantity: u64) {
        self.receipted = self.receipted.saturating_sub(quantity);
    }

    /// Goods of a receipt may leave: they are off the books, and expected at the gate.
    pub fn let_go(&mut self, quantity: u64) {
        self.receipted = self.receipted.saturating_sub(quantity);
        self.quantity = self.quantity.saturating_sub(quantity);
        self.leaving += quantity;
    }

    /// A gate saw goods leave. Answers how much of it nobody had allowed.
    pub fn left(&mut self, quantity: u64) -> u64 {
        let allowed = quantity.min(self.leaving);
        self.leaving -= allowed;
        let unexplained = quantity - allowed;
        self.missing = self.missing.saturating_add(unexplained);
        unexplained
    }

    /// A gate saw goods come back: they are not missing.
    pub fn found(&mut self, quantity: u64) {
        self.missing = self.missing.saturating_sub(quantity);
    }

    /// Somebody has counted all that lies there, what may leave among it. What is not found is written off, and what was
    /// made good since an earlier count is on the books again; nothing is missing any more.
    ///
    /// # Errors
    /// [`Refused::OverBooks`] for more than ever came in and did not leave by order: goods come in as lots.
    pub fn counted(&mut self, quantity: u64) -> Result<(), Refused> {
        let leaving = self.leaving.min(quantity);
        let (stays, most) = (quantity - leaving, self.quantity + self.written_off);
        if stays > most {
            return Err(Refused::OverBooks { lot: self.id.clone(), counted: quantity, most: most + leaving });
        }
        (self.leaving, self.quantity, self.written_off, self.missing) = (leaving, stays, most - stays, 0);
        Ok(())
    }

    /// How much its receipts lack: what is missing, or what they promise over what the books hold.
    #[must_use]
    pub fn short(&self) -> u64 {
        self.missing.max(self.receipted.saturating_sub(self.quantity))
    }
}

#[cfg(test)]
pub(crate) fn coal(quantity: u64) -> Lot {
    Lot {
        id: "LT1".into(),
        warehouse: "WH1".into(),
        custodian: "91320300MA000TX9X6".into(),
        owner: "91320300MA000TX14G".into(),
        goods: "coal-5500".into(),
        goods_name: yunlong_sdk::t("动力煤", "Steam coal"),
        spec: "Q5500".into(),
        unit: Unit::Kilogram,
        quantity,
        receipted: 0,
        leaving: 0,
        missing: 0,
        written_off: 0,
        location: "A-01".into(),
        created_at: 0,
        request: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_tonnes_take_six_hundred_and_four_hundred_and_not_five() {
        let mut lot = coal(1_000_000);
        lot.promise(600_000).unwrap();
        let e = lot.promise(500_000).unwrap_err();
        assert_eq!(e, Refused::LotShort { lot: "LT1".into(), free: 400_000, asked: 500_000, unit: Unit::Kilogram });
        lot.promise(400_000).unwrap();
        assert_eq!(lot.free(), 0);
    }

    #[test]
    fn what_leaves_by_order_is_not_missing_and_the_rest_is() {
        let mut lot = coal(1_000);
        lot.promise(600).unwrap();
        lot.let_go(600);
        assert_eq!((lot.quantity, lot.receipted, lot.left(400), lot.missing), (400, 0, 0, 0));
        assert_eq!((lot.left(250), lot.missing, lot.leaving), (50, 50, 0));
        assert_eq!(lot.free(), 0, "no receipt is issued while goods are missing");
        lot.found(50);
        assert_eq!(lot.free(), 400);
    }

    #[test]
    fn a_count_writes_off_what_is_not_there_and_takes_back_what_was_made_good() {
        let mut lot = coal(1_000);
        lot.promise(900).unwrap();
        lot.let_go(100);
        lot.left(250);
        assert_eq!((lot.missing, lot.leaving, lot.short()), (150, 0, 150));
        lot.counted(750).unwrap();
        assert_eq!((lot.quantity, lot.written_off, lot.missing, lot.short()), (750, 150, 0, 50));
        let over = Refused::OverBooks { lot: "LT1".into(), counted: 901, most: 900 };
        assert_eq!(lot.counted(901), Err(over));
        lot.counted(900).unwrap();
        assert_eq!((lot.quantity, lot.written_off, lot.short()), (900, 0, 0));
    }

    #[test]
    fn what_may_leave_is_counted_and_is_not_on_the_books() {
        let mut lot = coal(1_000);
        lot.promise(100).unwrap();
        lot.let_go(100);
        lot.counted(1_000).unwrap();
        assert_eq!((lot.quantity, lot.leaving, lot.written_off), (900, 100, 0));
        lot.counted(40).unwrap();
        assert_eq!((lot.quantity, lot.leaving, lot.written_off), (0, 40, 900));
    }

    #[test]
    fn goods_of_an_affiliate_secure_nothing() {
        let warehouse = Warehouse {
            id: "WH1".into(),
            name: Text::same("仓"),
            custodian: "A".into(),
            custodian_name: String::new(),
            division: "320305".into(),
            address: String::new(),
            affiliates: vec!["B".into()],
            active: true,
            created_at: 0,
            request: String::new(),
        };
        assert!(warehouse.is_independent_of("A").is_err() && warehouse.is_independent_of("B").is_err());
        assert_eq!(warehouse.is_independent_of("C"), Ok(()));
    }
}
