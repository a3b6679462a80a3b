//! The sample data of a new installation: sixty stores and stations in real villages, three hundred
//! products, a year of figures. The same at each installation of one month.
//!
//! Villages and what grows or is made there are the real ones; farmers are numbers, their documents
//! are synthetic with right check digits, prices and figures are invented.

use super::batch::{self, Batch, Test};
use super::commission::MAX_STATION;
use super::coupon::{Coupon, Off};
use super::division::Table;
use super::farmer::{Farmer, Kind, Status};
use super::keys::Keys;
use super::listing::{self, Listing};
use super::picture::Picture;
use super::product::{Category, Licence, Product, Sku};
use super::station::{Service, Span, Station};
use super::statistics::{Figures, Place};
use super::store::Store;
use super::time::{DAY, Date, Month};
use yunlong_sdk::Text;

/// Stores and stations.
pub const STORES: usize = 60;
/// Products of each store.
pub const PRODUCTS_EACH: usize = 5;
/// Months of figures before the one of the installation.
pub const MONTHS: usize = 12;

/// How many villages of each town have a store and a station, in the order of their codes.
const TOWNS: [(&str, usize); 8] = [
    ("320324109", 12), // 睢宁 沙集
    ("320321111", 6),  // 丰县 宋楼
    ("320321112", 6),  // 丰县 大沙河
    ("320322101", 8),  // 沛县 龙固
    ("320382106", 8),  // 邳州 八义集
    ("320381106", 8),  // 新沂 草桥
    ("320312109", 6),  // 铜山 汉王
    ("320305102", 6),  // 贾汪 青山泉
];

/// Goods: Chinese, English, category, fen, grams, parcels of one unit.
type Goods = (&'static str, &'static str, Category, u64, u32, u8);

use Category::{Craft, Farming, Food, FreshFood, Furniture};

const SUINING: [Goods; 5] = [
    ("实木床 1.8 米", "solid wood bed, 1.8 m", Furniture, 108_000, 62_000, 3),
    ("书桌书架组合", "desk with shelves", Furniture, 46_800, 38_000, 2),
    ("儿童衣柜", "children's wardrobe", Furniture, 59_900, 45_000, 2),
    ("折叠餐桌", "folding table", Furniture, 32_900, 24_000, 1),
    ("换鞋凳", "shoe bench", Furniture, 12_900, 8_500, 1),
];
const FENGXIAN: [Goods; 5] = [
    ("红富士苹果 5 千克", "Fuji apples, 5 kg", FreshFood, 4_980, 5_600, 1),
    ("牛蒡 2.5 千克", "burdock, 2.5 kg", FreshFood, 3_280, 2_800, 1),
    ("白酥梨 5 千克", "white pears, 5 kg", FreshFood, 4_580, 5_600, 1),
    ("牛蒡茶 250 克", "burdock tea, 250 g", Food, 3_900, 400, 1),
    ("苹果脆片 6 袋", "apple crisps, 6 bags", Food, 2_990, 700, 1),
];
const PEIXIAN: [Goods; 5] = [
    ("微山湖咸鸭蛋 20 枚", "salted duck eggs, 20", Food, 3_680, 1_800, 1),
    ("鲜莲藕 3 千克", "lotus root, 3 kg", FreshFood, 3_580, 3_500, 1),
    ("冬瓜 5 千克", "winter melon, 5 kg", FreshFood, 2_380, 5_400, 1),
    ("芦苇编收纳筐", "reed basket", Craft, 4_500, 900, 1),
    ("大米 10 千克", "rice, 10 kg", Food, 6_980, 10_300, 1),
];
const PIZHOU: [Goods; 5] = [
    ("白蒜 5 千克", "white garlic, 5 kg", FreshFood, 3_980, 5_300, 1),
    ("黑蒜 500 克", "black garlic, 500 g", Food, 5_680, 700, 1),
    ("蒜米 2 千克", "peeled garlic, 2 kg", FreshFood, 3_380, 2_300, 1),
    ("银杏果 1 千克", "ginkgo nuts, 1 kg", Food, 4_880, 1_200, 1),
    ("蒜种 5 千克", "seed garlic, 5 kg", Farming, 5_500, 5_300, 1),
];
const XINYI: [Goods; 5] = [
    ("水蜜桃 12 枚", "peaches, 12", FreshFood, 6_980, 3_600, 1),
    ("板栗 2 千克", "chestnuts, 2 kg", FreshFood, 4_580, 2_200, 1),
    ("桃干 500 克", "dried peaches, 500 g", Food, 2_980, 650, 1),
    ("草编坐垫", "straw cushion", Craft, 2_600, 600, 1),
    ("花生油 5 升", "peanut oil, 5 l", Food, 12_800, 5_200, 1),
];
const TONGSHAN: [Goods; 5] = [
    ("葡萄 2.5 千克", "grapes, 2.5 kg", FreshFood, 5_980, 2_900, 1),
    ("草莓 1.5 千克", "strawberries, 1.5 kg", FreshFood, 6_600, 1_900, 1),
    ("石榴 8 枚", "pomegranates, 8", FreshFood, 5_280, 3_300, 1),
    ("蜂蜜 1 千克", "honey, 1 kg", Food, 7_800, 1_400, 1),
    ("香包", "sachet", Craft, 1_980, 120, 1),
];
const JIAWANG: [Goods; 5] = [
    ("大洞山石榴 8 枚", "Dadongshan pomegranates, 8", FreshFood, 5_580, 3_300, 1),
    ("樱桃番茄 2.5 千克", "cherry tomatoes, 2.5 kg", FreshFood, 3_980, 2_800, 1),
    ("石榴汁 12 瓶", "pomegranate juice, 12 bottles", Food, 9_900, 6_500, 1),
    ("煎饼 20 张", "pancakes, 20", Food, 2_580, 1_700, 1),
    ("修枝剪", "pruning shears", Farming, 3_800, 350, 1),
];

fn goods(county: &str) -> &'static [Goods; 5] {
    match county {
        "320321" => &FENGXIAN,
        "320322" => &PEIXIAN,
        "320382" => &PIZHOU,
        "320381" => &XINYI,
        "320312" => &TONGSHAN,
        "320305" => &JIAWANG,
        _ => &SUINING,
    }
}

/// The villages of the sample, by their codes.
#[must_use]
pub fn villages(table: &Table) -> Vec<String> {
    let first = Date::new(2026, 1, 1).unwrap_or_else(|| Date::at(0));
    let of = |(town, n): (&str, usize)| -> Vec<String> {
        table.children(town, first, first).take(n).map(|r| r.code.clone()).collect()
    };
    TOWNS.into_iter().flat_map(of).collect()
}

/// A number that looks random, the same for the same text (FNV-1a).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// A synthetic USCC of an area, with both check digits (GB 32100, GB 11714).
#[must_use]
pub fn uscc(kind: &str, area: &str, serial: usize) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |c: u8| match c {
        b'0'..=b'9' => u64::from(c - b'0'),
        c => u64::from(c.saturating_sub(b'A')) + 10,
    };
    let inner = format!("MA{:06}", serial % 1_000_000);
    let sum: u64 = inner.bytes().zip([3, 7, 9, 10, 5, 8, 4, 2]).map(|(c, w)| value(c) * w).sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        n => char::from(b'0' + (n % 10) as u8),
    };
    let body = format!("{kind}{area}{inner}{check}");
    let place = |c: u8| ALPHABET.iter().position(|a| *a == c).unwrap_or(0) as u64;
    let weight = |i: usize| (0..i).fold(1_u64, |w, _| w * 3 % 31);
    let sum: u64 = body.bytes().enumerate().map(|(i, c)| place(c) * weight(i)).sum();
    let last = ALPHABET[((31 - sum % 31) % 31) as usize];
    format!("{body}{}", char::from(last))
}

/// A synthetic resident ID of an area, with its check digit (GB 11643).
#[must_use]
pub fn resident_id(area: &str, serial: usize) -> String {
    let body = format!("{area}19900101{:03}", serial % 1_000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(c, w)| usize::from(c - b'0') * w).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

/// A store of the sample with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Its farmer.
    pub farmer: Farmer,
    /// The store.
    pub store: Store,
    /// The station of the village.
    pub station: Station,
    /// What it sells: product, listing, batch, and units of each variant.
    pub goods: Vec<(Product, Listing, Option<Batch>, u32)>,
    /// Its coupon: every tenth store has one.
    pub coupon: Option<Coupon>,
}

/// What the sample is made for.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The table of divisions.
    pub table: &'a Table,
    /// The installation's keys.
    pub keys: Keys,
    /// Who collects for farmers without a USCC.
    pub agent: &'a str,
    /// When it is made: milliseconds of UTC.
    pub now: i64,
}

/// The n-th store of the sample, from 0, in its village.
#[must_use]
pub fn shop(n: usize, village: &str, frame: &Frame<'_>) -> Shop {
    let (county, now) = (&village[..6], frame.now);
    let number = n + 1;
    // Every second farmer is a sole trader.
    let (kind, document) = if n.is_multiple_of(2) {
        (Kind::Trader, uscc("92", county, 700 + n))
    } else {
        (Kind::Resident, resident_id(county, 100 + n))
    };
    let word = if kind == Kind::Trader { "trader" } else { "resident" };
    let payee = if kind == Kind::Trader { document.clone() } else { frame.agent.to_owned() };
    let owner = format!("sample-farmer-{number:02}");
    let farmer = Farmer {
        id: format!("SAMPLE{number:04}"),
        owner: owner.clone(),
        kind,
        document_hash: frame.keys.document_hash(word, &document),
        document,
        name: format!("农户 {number} 号"),
        phone: format!("1990000{number:04}"),
        village: village.to_owned(),
        payee: payee.clone(),
        status: Status::Active,
        reason: None,
        created_at: now,
    };
    let place = frame.table.name(village);
    let place = place.trim_end_matches("居委会").trim_end_matches("委会");
    let store = Store {
        id: farmer.id.clone(),
        owner,
        name: Text::new(format!("{place}农家店"), format!("Village store {number}")),
        intro: Text::new(
            format!("{}的农家店，自产自销。", frame.table.address(village)),
            format!("A farmer's own store in village {village}."),
        ),
        village: village.to_owned(),
        address: "村部旁".to_owned(),
        payee,
        open: true,
        created_at: now,
    };
    let goods = goods(county).iter().enumerate().map(|(i, g)| article(n, i, g, &store, place, now)).collect();
    Shop { station: station(n, village, place, now), coupon: coupon(n, &store, now), farmer, store, goods }
}

fn station(n: usize, village: &str, place: &str, now: i64) -> Station {
    let from = Date::at(now).plus(-400 + i64::try_from(n).unwrap_or(0));
    Station {
        id: format!("STATION{:03}", n + 1),
        name: Text::new(format!("{place}服务站"), format!("Station {}", n + 1)),
        village: village.to_owned(),
        address: "村部".to_owned(),
        keeper: format!("sample-keeper-{:02}", n + 1),
        services: Service::ALL.to_vec(),
        commission_bps: (100 + (n % 3) as u16 * 50).min(MAX_STATION),
        payee: uscc("93", &village[..6], 900 + n),
        active: vec![Span { from, to: None }],
        created_at: now,
    }
}

fn coupon(n: usize, store: &Store, now: i64) -> Option<Coupon> {
    let today = Date::at(now);
    n.is_multiple_of(10).then(|| Coupon {
        id: format!("YUN{:03}", n + 1),
        store: store.id.clone(),
        title: Text::new("满 50 减 5", "5 off from 50"),
        off: Off::Amount { fen: 500 },
        from_amount: 5_000,
        from: today,
        until: today.plus(90),
        uses: 200,
        active: true,
    })
}

fn article(
    n: usize,
    i: usize,
    (zh, en, category, price, grams, parcels): &Goods,
    store: &Store,
    place: &str,
    now: i64,
) -> (Product, Listing, Option<Batch>, u32) {
    let (number, today) = (n * PRODUCTS_EACH + i + 1, Date::at(now));
    // Villages differ a little in their prices.
    let price = price + hash(&format!("{}/{zh}", store.village)) % 10 * 10;
    let title = Text::new(format!("{place} {zh}"), format!("{en}, store {}", n + 1));
    let sku = |id: &str, zh: &'static str, en: &'static str, times: u64| Sku {
        id: id.to_owned(),
        name: Text::new(zh, en),
        price: price * times,
        grams: grams * u32::try_from(times).unwrap_or(1),
        parcels: *parcels,
    };
    let licences = category.licence().map(|kind| Licence {
        kind: kind.to_owned(),
        number: format!("JY1{}{number:04}", &store.village[..9]),
        until: today.plus(730),
    });
    let mut skus = vec![sku("single", "单件", "single", 1)];
    if *parcels == 1 {
        skus.push(sku("double", "两件装", "pair", 2));
    }
    let product = Product {
        id: format!("PRODUCT{number:03}"),
        store: store.id.clone(),
        title: title.clone(),
        description: Text::new(
            format!("{zh}，{place}出产，支持追溯与售后。"),
            format!("{en}, from village {}, with after-sales service.", store.village),
        ),
        category: *category,
        skus,
        licences: licences.into_iter().collect(),
        picture: Some(Picture::drawn(&drawing(en), Text::new(*zh, *en))),
        created_at: now,
    };
    let batch = category.is_food().then(|| batch_of(number, (*zh, *en), store, today, now));
    let listing = Listing {
        id: format!("LISTING{number:03}"),
        product: product.id.clone(),
        store: store.id.clone(),
        title,
        category: *category,
        price_from: product.price_from(),
        village: store.village.clone(),
        batch: batch.as_ref().map(|b| b.id.clone()),
        state: listing::State::OnSale,
        reason: None,
        reviewer: Some("sample".to_owned()),
        created_at: now,
        changed_at: now - i64::try_from(number).unwrap_or(0) * 1_000,
    };
    (product, listing, batch, 50 + (hash(&format!("stock-{number}")) % 200) as u32)
}

/// The name of the drawing of some goods: `children's wardrobe` is `childrens-wardrobe`, whatever its size.
fn drawing(en: &str) -> String {
    let name = en.split(',').next().unwrap_or(en);
    name.to_lowercase().replace('\'', "").replace(' ', "-")
}

fn batch_of(number: usize, (zh, en): (&'static str, &'static str), store: &Store, today: Date, now: i64) -> Batch {
    Batch {
        id: format!("XZ{}{number:05}", &store.village[..6]),
        store: store.id.clone(),
        goods: Text::new(zh, en),
        origin: store.village.clone(),
        harvest: today.plus(-10),
        best_before: Some(today.plus(180)),
        kilograms: 2_000,
        state: batch::State::Passed,
        tests: vec![Test {
            report: format!("JC{number:06}"),
            item: Text::new("农药残留", "residues of pesticides"),
            laboratory: "县农产品质量检测中心".to_owned(),
            day: today.plus(-8),
            passed: true,
            by: "sample-inspector".to_owned(),
            at: now - 7 * DAY,
        }],
        reason: None,
        failed_at: None,
        created_at: now,
    }
}

/// The figures of a village in a month before the installation's: more each month, and most in November.
#[must_use]
pub fn figures(village: &str, month: Month) -> (Place, Figures) {
    let dice = |what: &str, sides: u64| hash(&format!("{what}/{village}/{month}")) % sides;
    let season = if month.to_string().ends_with("-11") { 3 } else { 1 };
    let orders = (12 + dice("orders", 40)) * season;
    let price = goods(&village[..6]).iter().map(|g| g.3).sum::<u64>() / 5;
    let amount = orders * (price + dice("price", 1_000));
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let figures = Figures {
        orders: signed(orders),
        amount: signed(amount),
        refunded: signed(amount * (1 + dice("refunded", 4)) / 100),
        station: signed(orders * dice("station", 25) / 100),
    };
    (Place { village: village.to_owned(), month }, figures)
}

#[cfg(test)]
mod tests;
