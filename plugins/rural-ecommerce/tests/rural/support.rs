//! A city with the app, and short words for what the tests do.

use rural_ecommerce::Rural;
use rural_ecommerce::domain::batch::Batch;
use rural_ecommerce::domain::farmer::{Registration, Step};
use rural_ecommerce::domain::listing::Listing;
use rural_ecommerce::domain::order::{Order, Recipient};
use rural_ecommerce::domain::product::{Category, Licence, Product, Sku};
use rural_ecommerce::domain::store::Store;
use rural_ecommerce::domain::time::Date;
use rural_ecommerce::service::batches::{BatchInput, TestInput};
use rural_ecommerce::service::checkout::{Item, Purchase};
use rural_ecommerce::service::stores::StoreInput;
use rural_ecommerce::service::{Refusal, batches, checkout, farmers, listings, orders, shipping, stores};
use rural_ecommerce::store::{ORDERS, STOCK};
use yunlong_sdk::payments::{self, EscrowState};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{Principal, Query, Text, data, identity};

pub(crate) const APP: &str = include_str!("../../app.toml");
/// Tuesday 2026-11-24, 08:00 in Shanghai.
pub(crate) const TUESDAY: u64 = 1_795_478_400_000;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
/// 睢宁 沙集 东风.
pub(crate) const DONGFENG: &str = "320324109002";
/// 邳州 八义集, its first village.
pub(crate) const PIZHOU: &str = "320382106001";

pub(crate) struct Xuzhou {
    pub(crate) city: TestCity,
}

impl std::ops::Deref for Xuzhou {
    type Target = TestCity;
    fn deref(&self) -> &TestCity {
        &self.city
    }
}

pub(crate) fn text(zh: &'static str) -> Text {
    Text::new(zh, zh)
}

pub(crate) fn sku(price: u64, parcels: u8) -> Sku {
    Sku { id: "a".into(), name: text("标准"), price, grams: 1_000, parcels }
}

pub(crate) fn product(category: Category, price: u64) -> Product {
    let licence = |kind: &str| Licence {
        kind: kind.into(),
        number: "JY13203240001".into(),
        until: "2030-12-31".parse().unwrap(),
    };
    let parcels = if category == Category::Furniture { 3 } else { 1 };
    Product {
        id: String::new(),
        store: String::new(),
        title: text("货品"),
        description: text("说明"),
        category,
        skus: vec![sku(price, parcels)],
        licences: category.licence().map(licence).into_iter().collect(),
        picture: None,
        created_at: 0,
    }
}

pub(crate) fn recipient() -> Recipient {
    Recipient {
        name: "买家 1 号".into(),
        phone: "19900000001".into(),
        division: DONGFENG.into(),
        address: "一组 1 号".into(),
    }
}

pub(crate) fn purchase(listing: &str, quantity: u32) -> Purchase {
    Purchase {
        items: vec![Item { listing: listing.into(), sku: "a".into(), quantity }],
        recipient: recipient(),
        coupon: None,
        group: None,
        expected_total: None,
    }
}

impl Xuzhou {
    pub(crate) fn new() -> Self {
        let city = TestCity::new(APP);
        city.set_now(TUESDAY);
        city.sign_in("anna");
        Self { city }
    }

    /// Whoever is signed in.
    pub(crate) fn who(&self) -> Principal {
        identity::current()
    }

    /// Runs something as a citizen.
    pub(crate) fn by<T>(&self, subject: &str, f: impl FnOnce(&Principal) -> T) -> T {
        self.sign_in(subject);
        f(&self.who())
    }

    /// Runs something as an official with a role.
    pub(crate) fn role<T>(&self, role: &str, f: impl FnOnce(&Principal) -> T) -> T {
        self.sign_in_official(&format!("the-{role}"), &[role]);
        f(&self.who())
    }

    /// A farmer who was approved, with a store.
    pub(crate) fn store(&self, owner: &str, document: &str, village: &str) -> Store {
        let r = Registration {
            document: document.into(),
            name: "农户".into(),
            phone: "19900000002".into(),
            village: village.into(),
        };
        let f = self.by(owner, |w| farmers::register(w, &r)).unwrap();
        self.role("manager", |w| farmers::decide(w, &f.id, Step::Approve, "")).unwrap();
        let input = StoreInput { name: text("农家店"), intro: text("自产自销"), address: "村部旁".into() };
        self.by(owner, |w| stores::open_or_edit(w, &input)).unwrap()
    }

    /// The store of acceptance line 1, in 东风.
    pub(crate) fn furniture_store(&self) -> Store {
        self.store("bed-maker", "92320324MA000TX221", DONGFENG)
    }

    /// A store in 邳州 that grows garlic, by resident ID.
    pub(crate) fn garlic_store(&self) -> Store {
        self.store("garlic-grower", "320324199001019997", PIZHOU)
    }

    /// A batch that passed its test.
    pub(crate) fn batch(&self, owner: &str, origin: &str) -> Batch {
        let b = self.by(owner, |w| batches::register(w, &batch_input(origin))).unwrap();
        self.test(&b.id, "JC0001", true).unwrap()
    }

    pub(crate) fn test(&self, code: &str, report: &str, passed: bool) -> Result<Batch, Refusal> {
        let input = TestInput {
            report: report.into(),
            item: text("农药残留"),
            laboratory: "检测中心".into(),
            day: Date::at(TUESDAY as i64),
            passed,
        };
        self.role("inspector", |w| batches::record_test(w, code, &input))
    }

    /// A listing on sale.
    pub(crate) fn listed(&self, owner: &str, p: &Product, batch: Option<&str>, stock: i64) -> Listing {
        let p = self.by(owner, |w| stores::put_product(w, None, p)).unwrap();
        let l = self.by(owner, |w| listings::draft(w, &p.id, batch, &[("a".into(), stock)])).unwrap();
        self.by(owner, |w| listings::submit(w, &l.id)).unwrap();
        self.approved(&l.id).unwrap()
    }

    /// A manager looks at a listing, and lets it on sale.
    pub(crate) fn approved(&self, listing: &str) -> Result<Listing, Refusal> {
        self.role("manager", |w| {
            let version = listings::offer(w, listing)?.version;
            listings::publish(w, listing, &version)
        })
    }

    /// The bed of acceptance lines 1 and 5: 1,080.00 yuan.
    pub(crate) fn bed(&self, stock: i64) -> Listing {
        self.furniture_store();
        self.listed("bed-maker", &product(Category::Furniture, 108_000), None, stock)
    }

    pub(crate) fn buy(&self, buyer: &str, p: &Purchase) -> Result<Order, Refusal> {
        self.by(buyer, |w| checkout::place(w, None, p)).map(|mut o| o.remove(0))
    }

    /// Placed and paid.
    pub(crate) fn bought(&self, buyer: &str, listing: &str, quantity: u32) -> Order {
        let o = self.buy(buyer, &purchase(listing, quantity)).unwrap();
        self.paid(&o.id)
    }

    pub(crate) fn paid(&self, id: &str) -> Order {
        self.city.pay(&format!("intent-{id}"));
        self.run();
        self.order(id)
    }

    /// Bought, accepted by its store, sent by the store and brought.
    pub(crate) fn delivered(&self, listing: &Listing, seller: &str, buyer: &str, quantity: u32) -> Order {
        let o = self.bought(buyer, &listing.id, quantity);
        self.by(seller, |w| orders::accept(w, &o.id)).unwrap();
        let what = whole(&o, rural_ecommerce::domain::shipment::Carrier::Store);
        let o = self.by(seller, |w| shipping::ship(w, &o.id, &what)).unwrap();
        let request = o.shipments[0].request.clone();
        self.by(seller, |w| shipping::brought(w, &o.id, &request)).unwrap()
    }

    pub(crate) fn order(&self, id: &str) -> Order {
        ORDERS.get(id).unwrap().unwrap().into_value()
    }

    pub(crate) fn all_orders(&self) -> Vec<Order> {
        ORDERS.find(Query::by_id().limit(500)).unwrap().into_iter().map(|o| o.value).collect()
    }

    pub(crate) fn stock(&self, listing: &str) -> i64 {
        data::counter(STOCK, &format!("{listing}/a")).unwrap()
    }

    pub(crate) fn escrow(&self, o: &Order) -> EscrowState {
        payments::escrow(&o.intent.as_ref().unwrap().id).unwrap()
    }

    /// Delivers what is due.
    pub(crate) fn run(&self) {
        self.deliver::<Rural>();
        assert!(self.dead_letters().is_empty(), "{:?}", self.dead_letters());
    }

    /// Delivers everything that is due, and pays out what is to be refunded.
    pub(crate) fn settle(&self) {
        for _ in 0..3 {
            self.run();
            self.pay_refunds();
        }
        self.run();
    }

    /// Moves the clock and delivers what came due.
    pub(crate) fn later(&self, ms: u64) {
        self.advance(ms);
        self.run();
    }
}

pub(crate) fn batch_input(origin: &str) -> BatchInput {
    BatchInput {
        trace_code: None,
        goods: text("大蒜"),
        origin: origin.into(),
        harvest: "2026-11-01".parse().unwrap(),
        best_before: None,
        kilograms: 500,
    }
}

/// All of an order in one shipment.
pub(crate) fn whole(o: &Order, carrier: rural_ecommerce::domain::shipment::Carrier) -> shipping::Shipping {
    use rural_ecommerce::domain::shipment::Units;
    let units = o.lines.iter().enumerate().map(|(line, l)| Units { line, units: l.quantity }).collect();
    shipping::Shipping { units, parcels: Vec::new(), carrier, key: None }
}

/// The word of a refusal.
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
    result.expect_err("it must be refused").kind()
}
