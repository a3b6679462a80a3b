//! Warehouses, lots and prices.

use super::{api, time, unit};
use crate::domain::quote::Quote;
use crate::domain::warehouse::{Lot, Unit, Warehouse};
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;
use yunlong_sdk::schemars::JsonSchema;

api! {
    /// A warehouse by its number.
    Deserialize WarehousePath {
        /// Its number.
        warehouse: String,
    }
    /// A lot by its number.
    Deserialize LotPath {
        /// Its number.
        lot: String,
    }
    /// Goods by their code.
    Deserialize GoodsPath {
        /// The code.
        goods: String,
    }
    /// Which lots are wanted.
    Deserialize LotsQuery {
        /// A warehouse's: for its custodian and regulators. Without it the caller's own.
        warehouse: Option<String>,
        /// How many at most, 1 to 100; 20 when not said.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A warehouse.
    Serialize WarehouseItem {
        /// Its number.
        id: String,
        /// Its name.
        name: Text,
        /// Who keeps the goods: a unified social credit code.
        custodian: String,
        /// The custodian's name.
        custodian_name: String,
        /// The division's code.
        division: String,
        /// The address.
        address: String,
        /// Companies that may not borrow on goods here.
        affiliates: Vec<String>,
        /// Whether it takes goods.
        active: bool,
        /// When it was registered (RFC 3339).
        created_at: String,
    }
    /// A warehouse that is to be registered.
    Deserialize NewWarehouseBody {
        /// Its name.
        name: String,
        /// Its name in English.
        name_en: Option<String>,
        /// The custodian's unified social credit code.
        custodian: String,
        /// The custodian's name.
        custodian_name: String,
        /// The division's code.
        division: String,
        /// The address, without anybody's name.
        address: String,
        /// Companies that may not borrow on goods here: unified social credit codes.
        #[serde(default)]
        affiliates: Vec<String>,
    }
    /// Goods of one kind in one place.
    Serialize LotItem {
        /// Its number.
        id: String,
        /// The warehouse.
        warehouse: String,
        /// Who keeps it.
        custodian: String,
        /// Who brought it.
        owner: String,
        /// The goods by their code.
        goods: String,
        /// What they are called.
        goods_name: Text,
        /// Grade, size, packing.
        spec: String,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// What lies there by the books.
        quantity: u64,
        /// What live receipts promise of it.
        receipted: u64,
        /// What no receipt promises yet; nothing while goods are missing.
        free: u64,
        /// What may leave and has not passed the gate yet.
        leaving: u64,
        /// What left without an order.
        missing: u64,
        /// What counts did not find; it is not in `quantity`.
        written_off: u64,
        /// Where: yard, bay, tank.
        location: String,
        /// When it came (RFC 3339).
        created_at: String,
    }
    /// Goods that come in.
    Deserialize NewLotBody {
        /// The warehouse.
        warehouse: String,
        /// Who brings them: a unified social credit code.
        owner: String,
        /// The goods by their code, such as `coal-5500`.
        goods: String,
        /// What they are called.
        goods_name: String,
        /// What they are called in English.
        goods_name_en: Option<String>,
        /// Grade, size, packing.
        spec: String,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: Unit,
        /// How much.
        quantity: u64,
        /// Where they lie.
        location: String,
    }
    /// What was counted in a lot.
    Deserialize CountBody {
        /// All that lies there, in the lot's unit: what may leave and has not left yet is among it.
        quantity: u64,
        /// What was found, in words, without anybody's data.
        reason: String,
    }
    /// A price.
    Serialize QuoteItem {
        /// The goods by their code.
        goods: String,
        /// What they are called.
        name: Text,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// Fen for a tonne, a cubic metre or a piece.
        price: u64,
        /// Where it comes from.
        source: String,
        /// Since when it holds (RFC 3339).
        at: String,
    }
    /// A price that is to be published.
    Deserialize NewQuoteBody {
        /// The goods by their code.
        goods: String,
        /// What they are called.
        name: String,
        /// What they are called in English.
        name_en: Option<String>,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: Unit,
        /// Fen for a tonne, a cubic metre or a piece.
        price: u64,
        /// Where it comes from.
        source: String,
    }
}

impl From<Warehouse> for WarehouseItem {
    fn from(w: Warehouse) -> Self {
        Self {
            id: w.id,
            name: w.name,
            custodian: w.custodian,
            custodian_name: w.custodian_name,
            division: w.division,
            address: w.address,
            affiliates: w.affiliates,
            active: w.active,
            created_at: time(w.created_at),
        }
    }
}

impl From<Lot> for LotItem {
    fn from(l: Lot) -> Self {
        Self {
            free: l.free(),
            id: l.id,
            warehouse: l.warehouse,
            custodian: l.custodian,
            owner: l.owner,
            goods: l.goods,
            goods_name: l.goods_name,
            spec: l.spec,
            unit: l.unit.code().to_owned(),
            quantity: l.quantity,
            receipted: l.receipted,
            leaving: l.leaving,
            missing: l.missing,
            written_off: l.written_off,
            location: l.location,
            created_at: time(l.created_at),
        }
    }
}

impl From<Quote> for QuoteItem {
    fn from(q: Quote) -> Self {
        let unit = q.unit.code().to_owned();
        Self { goods: q.goods, name: q.name, unit, price: q.price, source: q.source, at: time(q.at) }
    }
}
