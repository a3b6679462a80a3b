//! Rural e-commerce: citizens who buy of two stores, and the stores that accept, send, bring and give back. Whatever is
//! answered of an order goes into the book with every state that it shows.

mod groups;
mod parcels;
mod recall;
mod returns;

pub(crate) use groups::Together;
pub(crate) use parcels::Dispatcher;
pub(crate) use recall::Grower;
pub(crate) use returns::Customer;

use super::{Actor, Dice, answer, id, key, keyed, made, next, pay, posted};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_tests::{Answer, City, Client};

pub(crate) const APP: &str = "rural-ecommerce";
/// How the book calls an order here.
pub(crate) const ORDER: &str = "order of goods";
/// 睢宁 沙集 东风, and a village of 邳州: with who sells there.
const STORES: [(&str, &str); 2] = [("320324109002", "92320324MA000TX221"), ("320382106001", "93320382MA000TX30Q")];

/// What is sold: the first is soon sold out, the second is not.
pub(crate) struct Goods {
    pub(crate) listing: String,
    pub(crate) stock: i64,
    store: usize,
}

#[cfg(test)]
impl Goods {
    pub(crate) fn of(listing: &str, stock: i64) -> Self {
        Self { listing: listing.to_owned(), stock, store: 0 }
    }
}

/// The stores with their goods.
pub(crate) struct Market {
    pub(crate) sellers: Vec<Client>,
    pub(crate) manager: Client,
    inspector: Client,
    arbiter: Client,
    pub(crate) goods: Vec<Goods>,
    /// The month in which it opened, `YYYY-MM`.
    pub(crate) month: String,
}

fn words(zh: &str) -> Value {
    json!({"zh": zh, "en": zh})
}

impl Market {
    /// The last citizens are the sellers.
    pub(crate) async fn open(city: &City, tokens: &[String]) -> Result<Self> {
        let manager = city.signed_in(APP, "commerce-admin").await?;
        let month = yunlong_tests::day(0).get(..7).context("no month")?.to_owned();
        let at = async |account: &str| city.signed_in(APP, account).await;
        let (inspector, arbiter) = (at("commerce-inspector").await?, at("commerce-arbiter").await?);
        let mut market = Self { sellers: Vec::new(), manager, inspector, arbiter, goods: Vec::new(), month };
        for (store, (village, document)) in STORES.into_iter().enumerate() {
            let seller = city.client(APP)?.with_token(tokens[tokens.len() - 1 - store].clone());
            let new = json!({"document": document, "name": "农户", "phone": "19900000002", "village": village});
            let farmer = id(&made(&seller, Method::PUT, "/api/farmer", &new).await?)?;
            let step = |step: &str| json!({ "step": step });
            let path = format!("/api/manage/farmers/{farmer}/steps");
            made(&market.manager, Method::POST, &path, &step("approve")).await?;
            let new = json!({"name": words("农家店"), "intro": words("自产自销"), "address": "村部旁"});
            made(&seller, Method::PUT, "/api/store", &new).await?;
            for (category, price, stock) in [("furniture", 108_000, 60), ("craft", 3_333, 20_000)] {
                let listing = market.on_sale(&seller, category, price, stock, None).await?;
                market.goods.push(Goods { listing, stock, store });
            }
            market.sellers.push(seller);
        }
        Ok(market)
    }

    /// A new listing of a store, reviewed and published.
    async fn on_sale(
        &self,
        seller: &Client,
        category: &str,
        price: u64,
        stock: i64,
        batch: Option<&str>,
    ) -> Result<String> {
        let sku = json!({"id": "a", "name": words("标准"), "price": price, "grams": 20_000, "parcels": 2});
        let new = json!({"title": words("货品"), "description": words("说明"), "category": category, "skus": [sku]});
        let product = id(&made(seller, Method::POST, "/api/store/products", &new).await?)?;
        let draft = json!({"product": product, "batch": batch, "stock": [{"sku": "a", "units": stock}]});
        let listing = id(&made(seller, Method::POST, "/api/store/listings", &draft).await?)?;
        made(seller, Method::POST, &format!("/api/store/listings/{listing}/steps"), &json!({"step": "submit"})).await?;
        let seen = self.manager.get(&format!("/api/listings/{listing}")).await?.json()?;
        let publish = json!({"step": "publish", "version": seen["version"]});
        made(&self.manager, Method::POST, &format!("/api/manage/listings/{listing}/steps"), &publish).await?;
        Ok(listing)
    }

    /// What a store has so much of that it does not run out: of the first store, or of any.
    fn plenty(&self, dice: &mut Dice) -> &Goods {
        &self.goods[if dice.below(2) == 0 { 1 } else { 3 }]
    }
}

/// What somebody buys of a listing.
fn purchase(listing: &str, quantity: u64) -> Value {
    json!({
        "items": [{"listing": listing, "sku": "a", "quantity": quantity}],
        "recipient": {"name": "买家", "phone": "19900000001", "division": STORES[0].0, "address": "一组 1 号"},
    })
}

/// One citizen at work, with the store that is bought of.
pub(crate) struct Shopper {
    app: Client,
    portal: Client,
    market: Arc<Market>,
    book: Arc<Book>,
    dice: Dice,
}

impl Actor for Shopper {
    async fn act(&mut self) -> Result<()> {
        let n = next().0;
        let market = self.market.clone();
        let goods = &market.goods[usize::try_from(self.dice.below(market.goods.len() as u64))?];
        let quantity = 1 + self.dice.below(2);
        let Some(order) = self.place(n, &purchase(&goods.listing, quantity)).await? else { return Ok(()) };
        match self.dice.below(8) {
            0 => return Ok(()),
            1 => return self.step(&self.app, &id(&order)?, "/api/orders", "cancel", &json!({})).await.map(drop),
            _ => pay(&self.book, &mut self.dice, (&self.app, &self.portal), &order, &json!({"confirm": true})).await?,
        }
        if !self.paid(&id(&order)?).await? {
            return Ok(());
        }
        self.book.count("goods that were paid for");
        self.handle(&market.sellers[goods.store], &id(&order)?, quantity, n).await
    }
}

impl Shopper {
    pub(crate) fn start(city: &City, book: &Arc<Book>, token: &str, market: &Arc<Market>, dice: Dice) -> Result<Self> {
        let signed_in = |label: &str| Ok::<_, anyhow::Error>(city.client(label)?.with_token(token.to_owned()));
        Ok(Self { app: signed_in(APP)?, portal: signed_in("")?, market: market.clone(), book: book.clone(), dice })
    }

    /// The same request under one key, twice at once: one order, or nothing where it is sold out.
    async fn place(&self, n: u32, body: &Value) -> Result<Option<Value>> {
        let key = key(n, "goods");
        let place = || keyed(&self.book, &self.app, "/api/orders", &key, body);
        let (first, second) = tokio::join!(place(), place());
        let mut seen: Option<Value> = None;
        for answer in [first?, second?] {
            if answer.status == 409 {
                continue;
            }
            ensure!((200..300).contains(&answer.status), "placeOrders: {} {}", answer.status, answer.text);
            let order = answer.json()?["orders"][0].clone();
            self.book.saw(ORDER, &order);
            if let Some(first) = seen.replace(order.clone())
                && first["id"] != order["id"]
            {
                self.book.breach(format!("one key made two orders: {first} {order}"));
            }
        }
        self.book.count(if seen.is_some() { "orders of goods" } else { "orders of goods that were refused" });
        Ok(seen)
    }

    /// Ordered, and paid for without detours: the order's number.
    async fn bought(&self, n: u32, what: &Value) -> Result<Option<String>> {
        let Some(order) = self.place(n, what).await? else { return Ok(None) };
        let order = id(&order)?;
        posted(&self.book, &self.app, &format!("/api/orders/{order}/pay"), &json!({"confirm": true})).await?;
        Ok(self.paid(&order).await?.then_some(order))
    }

    /// Accepted by the store, which brings it itself.
    async fn delivered(&self, seller: &Client, order: &str, quantity: u64) -> Result<()> {
        self.step(seller, order, "/api/store/orders", "accept", &json!({})).await?;
        self.brought(seller, order, &json!([{"line": 0, "units": quantity}])).await
    }

    async fn brought(&self, seller: &Client, order: &str, units: &Value) -> Result<()> {
        let store = "/api/store/orders";
        let sent = self.step(seller, order, store, "ship", &json!({"units": units, "brings": true})).await?;
        let request = json!({"request": sent["shipments"][0]["request"]});
        self.step(seller, order, store, "brought", &request).await.map(drop)
    }

    /// While its money is held for a reason, nobody ends the order.
    async fn not_confirmed(&self, order: &str, why: &str) -> Result<()> {
        let path = format!("/api/orders/{order}/confirm");
        let refused = posted(&self.book, &self.app, &path, &json!({})).await?;
        if refused.status != 409 {
            self.book.breach(format!("{path} with an open {why}: {} {}", refused.status, refused.text));
        }
        Ok(())
    }

    /// Waits for a while; what takes longer is found by the check.
    async fn paid(&self, order: &str) -> Result<bool> {
        for _ in 0..60 {
            let shown = self.seen(order).await?;
            match shown["state"].as_str() {
                Some("placed") => tokio::time::sleep(Duration::from_millis(100)).await,
                state => return Ok(state == Some("paid")),
            }
        }
        Ok(false)
    }

    async fn seen(&self, order: &str) -> Result<Value> {
        let shown = answer(&self.book, self.app.request(Method::GET, &format!("/api/orders/{order}"))).await?;
        if shown.status == 404 {
            self.book.breach(format!("the acknowledged order {order} is not there"));
        }
        ensure!(shown.status == 200, "getOrder: {}", shown.status);
        let shown = shown.json()?;
        self.book.saw(ORDER, &shown);
        Ok(shown)
    }

    /// A step with an order, written down when it is acknowledged.
    async fn step(&self, who: &Client, order: &str, under: &str, step: &str, body: &Value) -> Result<Value> {
        let path = format!("{under}/{order}/{step}");
        let taken = answer(&self.book, who.request(Method::POST, &path).json(body)).await?;
        self.acknowledged(&taken, &path)
    }

    fn acknowledged(&self, taken: &Answer, path: &str) -> Result<Value> {
        ensure!((200..300).contains(&taken.status), "{path}: {} {}", taken.status, taken.text);
        let order = taken.json()?;
        self.book.saw(ORDER, &order);
        Ok(order)
    }

    /// What the store does with a paid order, as far as this time.
    async fn handle(&mut self, seller: &Client, order: &str, quantity: u64, n: u32) -> Result<()> {
        let store = "/api/store/orders";
        if self.dice.below(6) == 0 {
            let all = json!({"reason": "缺货", "backs": [{"line": 0, "units": quantity}]});
            self.step(seller, order, store, "refund", &all).await?;
            self.book.count("paid goods that were refunded whole");
            return Ok(());
        }
        // Two people of the store at once: one of them accepts.
        let path = format!("{store}/{order}/accept");
        let nothing = json!({});
        let (a, b) = tokio::join!(seller.post(&path, &nothing), seller.post(&path, &nothing));
        let taken: Vec<Answer> = [a, b].into_iter().flatten().filter(|a| a.status == 200).collect();
        if taken.len() == 2 {
            self.book.breach(format!("order {order} was accepted twice"));
        }
        for answer in &taken {
            self.acknowledged(answer, &path)?;
        }
        let units = json!([{"line": 0, "units": quantity}]);
        match self.dice.below(4) {
            0 => Ok(()),
            1 => {
                // By the city's carrier, under a number of the store's own: asked twice it is one shipment.
                let ship = json!({"units": units, "key": format!("S-{n}")});
                for _ in 0..2 {
                    let sent = posted(&self.book, seller, &format!("{store}/{order}/ship"), &ship).await?;
                    self.acknowledged(&sent, "ship")?;
                }
                self.book.count("goods that went to the city's carrier");
                Ok(())
            }
            _ => self.bring(seller, order, &units).await,
        }
    }

    /// Brought by the store, perhaps reduced in price, and confirmed.
    async fn bring(&mut self, seller: &Client, order: &str, units: &Value) -> Result<()> {
        let store = "/api/store/orders";
        self.brought(seller, order, units).await?;
        if self.dice.below(3) == 0 {
            let less =
                json!({"reason": "划痕", "backs": [{"line": 0, "units": 0, "amount": 1 + self.dice.below(999)}]});
            self.step(seller, order, store, "refund", &less).await?;
            self.book.count("goods whose price was reduced");
        }
        // The buyer presses twice.
        for _ in 0..2 {
            self.step(&self.app, order, "/api/orders", "confirm", &json!({})).await?;
        }
        self.book.count("goods that were confirmed");
        Ok(())
    }
}
