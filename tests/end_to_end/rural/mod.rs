//! Rural e-commerce: farmers, buyers, inspectors and stations as programs that speak HTTP to the real server.

mod batches;
mod between;
mod buying;
mod coverage;
mod divisions;
mod groups;
mod lapses;
mod parcels;
mod payments;
mod pictures;
mod returns;
mod stations;

use crate::ticketing::ledger_is_sound;
use anyhow::{Context, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_tests::{Answer, City, Client, Plan, eventually};

const APP: &str = "rural-ecommerce";
/// 睢宁 沙集 东风.
const DONGFENG: &str = "320324109002";
/// 丰县 凤城, 邳州 八义集 and 沛县 龙固: a village of each.
const FENGXIAN: &str = "320321111201";
const PIZHOU: &str = "320382106001";
const PEIXIAN: &str = "320322101201";
/// The farmer of acceptance line 1, and another.
const BED_MAKER: &str = "92320324MA000TX221";
const GARLIC_GROWER: &str = "93320382MA000TX30Q";

/// What a store means to sell, in one variant, `a`.
#[derive(Clone, Copy)]
struct Goods<'a> {
    category: &'a str,
    /// Fen of one.
    price: u64,
    stock: i64,
    /// The trace code, for food.
    batch: Option<&'a str>,
    /// In how many parcels one travels.
    parcels: u8,
}

impl<'a> Goods<'a> {
    /// Goods without a batch that travel in one parcel.
    fn of(category: &'a str, price: u64, stock: i64) -> Self {
        Self { category, price, stock, batch: None, parcels: 1 }
    }

    fn food(batch: &'a str, price: u64, stock: i64) -> Self {
        Self { batch: Some(batch), ..Self::of("fresh-food", price, stock) }
    }
}

/// The app in a city of its own, with what the tests' people say again and again.
struct Market {
    city: City,
    manager: Client,
    /// The installation.
    app: &'static str,
}

fn words(zh: &str) -> Value {
    json!({"zh": zh, "en": zh})
}

/// A call that must succeed; what it answers.
async fn made(client: &Client, path: &str, body: &Value) -> Result<Value> {
    let a = client.post(path, body).await?;
    ensure!((200..300).contains(&a.status), "POST {path}: {} {}", a.status, a.text);
    a.json()
}

/// A call that must succeed, where many call at once.
async fn insisting(client: &Client, path: &str, body: &Value) -> Result<Value> {
    let a = client.insist(path, body).await?;
    ensure!((200..300).contains(&a.status), "POST {path}: {} {}", a.status, a.text);
    a.json()
}

async fn put(client: &Client, path: &str, body: &Value) -> Result<Value> {
    let a = client.send(Method::PUT, path, Some(body)).await?;
    ensure!((200..300).contains(&a.status), "PUT {path}: {} {}", a.status, a.text);
    a.json()
}

async fn seen(client: &Client, path: &str) -> Result<Value> {
    let a = client.get(path).await?;
    ensure!(a.status == 200, "GET {path}: {} {}", a.status, a.text);
    a.json()
}

/// A call that must be refused with this status; the kind of its problem.
async fn refused(client: &Client, path: &str, body: &Value, status: u16) -> Result<String> {
    let problem = client.post(path, body).await?.problem(status)?;
    let kind = problem["type"].as_str().context("no type")?;
    Ok(kind.rsplit(':').next().unwrap_or_default().to_owned())
}

/// Where the tests of a batch are recorded.
fn tests_of(code: &str) -> String {
    format!("/api/manage/batches/{code}/tests")
}

fn report(number: &str, passed: bool) -> Value {
    let day = yunlong_tests::day(0);
    json!({"report": number, "item": words("农药残留"), "laboratory": "检测中心", "day": day, "passed": passed})
}

fn id(of: &Value) -> Result<String> {
    Ok(of["id"].as_str().with_context(|| format!("no id: {of}"))?.to_owned())
}

/// Who buys what, sent to the village of 东风.
fn purchase(listing: &str, quantity: u32) -> Value {
    json!({
        "items": [{"listing": listing, "sku": "a", "quantity": quantity}],
        "recipient": {"name": "买家", "phone": "19900000001", "division": DONGFENG, "address": "一组 1 号"},
    })
}

impl Market {
    async fn open(citizens: u32) -> Result<Self> {
        Self::of(Plan::with(&[APP]).citizens(citizens)).await
    }

    async fn of(plan: Plan) -> Result<Self> {
        let city = plan.start_copied().await?;
        let manager = city.signed_in(APP, "commerce-admin").await?;
        Ok(Self { city, manager, app: APP })
    }

    async fn citizen(&self, n: u32) -> Result<Client> {
        self.city.signed_in(self.app, &format!("citizen-{n:03}")).await
    }

    /// So many citizens, from `citizen-011` on: the first ten sell.
    async fn buyers(&self, n: u32) -> Result<Vec<Client>> {
        let tokens = self.city.tokens((11..11 + n).map(|n| format!("citizen-{n:03}"))).await?;
        let app = self.city.client(self.app)?;
        Ok(tokens.into_iter().map(|t| app.with_token(t)).collect())
    }

    /// A citizen who registers as a farmer, is approved, and opens a store.
    async fn seller(&self, citizen: u32, document: &str, village: &str) -> Result<Client> {
        let seller = self.citizen(citizen).await?;
        let registration = json!({"document": document, "name": "农户", "phone": "19900000002", "village": village});
        let farmer = id(&put(&seller, "/api/farmer", &registration).await?)?;
        made(&self.manager, &format!("/api/manage/farmers/{farmer}/steps"), &json!({"step": "approve"})).await?;
        let store = json!({"name": words("农家店"), "intro": words("自产自销"), "address": "村部旁"});
        put(&seller, "/api/store", &store).await?;
        Ok(seller)
    }

    /// A draft of what a store means to sell.
    async fn draft(&self, seller: &Client, goods: Goods<'_>) -> Result<String> {
        let Goods { category, price, stock, batch, parcels } = goods;
        let sku = json!({"id": "a", "name": words("标准"), "price": price, "grams": 20_000, "parcels": parcels});
        let product =
            json!({"title": words("货品"), "description": words("说明"), "category": category, "skus": [sku]});
        let product = id(&made(seller, "/api/store/products", &product).await?)?;
        let draft = json!({"product": product, "batch": batch, "stock": [{"sku": "a", "units": stock}]});
        id(&made(seller, "/api/store/listings", &draft).await?)
    }

    /// The same, submitted and published.
    async fn on_sale(&self, seller: &Client, goods: Goods<'_>) -> Result<String> {
        let listing = self.draft(seller, goods).await?;
        made(seller, &format!("/api/store/listings/{listing}/steps"), &json!({"step": "submit"})).await?;
        self.approve(&listing).await?;
        Ok(listing)
    }

    /// A manager looks at a listing, and lets it on sale as it was seen.
    async fn approve(&self, listing: &str) -> Result<()> {
        let looked_at = seen(&self.manager, &format!("/api/listings/{listing}")).await?;
        let publish = json!({"step": "publish", "version": looked_at["version"]});
        made(&self.manager, &format!("/api/manage/listings/{listing}/steps"), &publish).await?;
        Ok(())
    }

    /// The bed of acceptance lines 1 and 5, at 1,080.00 yuan.
    async fn bed(&self, stock: i64) -> Result<(Client, String)> {
        let maker = self.seller(1, BED_MAKER, DONGFENG).await?;
        let bed = self.on_sale(&maker, Goods { parcels: 2, ..Goods::of("furniture", 108_000, stock) }).await?;
        Ok((maker, bed))
    }

    async fn inspector(&self) -> Result<Client> {
        self.city.signed_in(self.app, "commerce-inspector").await
    }

    /// A batch of garlic of the store's, that has passed its test: its trace code. With a code that the goods bear
    /// already it is another department's batch.
    async fn batch(&self, grower: &Client, origin: &str, known_as: Option<&str>) -> Result<String> {
        let harvest = json!({
            "goods": words("大蒜"), "origin": origin, "harvest": yunlong_tests::day(-20), "kilograms": 500,
            "trace_code": known_as,
        });
        let batch = made(grower, "/api/store/batches", &harvest).await?;
        let code = batch["code"].as_str().context("no code")?.to_owned();
        made(&self.inspector().await?, &tests_of(&code), &report("JC0001", true)).await?;
        Ok(code)
    }

    /// A station in 沛县 with `station-1` as its keeper, who is known by the number on the stations' page.
    async fn station(&self) -> Result<(Client, String)> {
        let keeper = self.city.signed_in(self.app, "station-1").await?;
        let page = keeper.page("/station", "en").await?.text;
        let subject = page.split("<code>").nth(1).and_then(|t| t.split("</code>").next()).context("no number")?;
        let new = json!({
            "name": words("龙固服务站"), "village": PEIXIAN, "address": "村部", "keeper": subject,
            "services": ["order", "parcels"], "payee": GARLIC_GROWER,
        });
        let station = id(&made(&self.manager, "/api/manage/stations", &new).await?)?;
        Ok((keeper, station))
    }

    /// Ordered and paid.
    async fn bought(&self, buyer: &Client, what: &Value) -> Result<String> {
        let placed = insisting(buyer, "/api/orders", what).await?;
        let order = id(&placed["orders"][0])?;
        pay(buyer, &order).await?;
        Ok(order)
    }

    /// Accepted by its store, which brings all that is left of it itself.
    async fn delivered(&self, seller: &Client, order: &str) -> Result<()> {
        let accepted = made(seller, &format!("/api/store/orders/{order}/accept"), &json!({})).await?;
        let lines = accepted["lines"].as_array().context("no lines")?;
        let units: Vec<Value> =
            lines.iter().enumerate().map(|(n, l)| json!({"line": n, "units": l["to_ship"]})).collect();
        bring(seller, order, json!(units)).await
    }
}

/// The store sends units of an order and brings them.
async fn bring(seller: &Client, order: &str, units: Value) -> Result<()> {
    let sent =
        made(seller, &format!("/api/store/orders/{order}/ship"), &json!({"units": units, "brings": true})).await?;
    let last = sent["shipments"].as_array().and_then(|s| s.last()).context("no shipment")?;
    let request = json!({"request": last["request"]});
    made(seller, &format!("/api/store/orders/{order}/brought"), &request).await.map(drop)
}

async fn pay(buyer: &Client, order: &str) -> Result<Value> {
    insisting(buyer, &format!("/api/orders/{order}/pay"), &json!({"confirm": true})).await?;
    until(buyer, order, &["paid"]).await
}

/// Waits until an order has one of the states.
async fn until(buyer: &Client, order: &str, states: &[&str]) -> Result<Value> {
    eventually(&format!("order {order} is {states:?}"), Duration::from_secs(120), async || {
        let a = buyer.get(&format!("/api/orders/{order}")).await?;
        if a.status == 503 {
            // Hundreds at once: who is told that the city is busy asks again.
            return Ok(None);
        }
        ensure!(a.status == 200, "order {order}: {} {}", a.status, a.text);
        let order: Value = a.json()?;
        Ok(states.iter().any(|s| order["state"] == *s).then_some(order))
    })
    .await
}

/// Every order of a store.
async fn orders_of(seller: &Client) -> Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = seen(seller, &format!("/api/store/orders?limit=100{after}")).await?;
        all.extend(page["orders"].as_array().context("no orders")?.iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(all),
        }
    }
}

/// What a store's orders have in escrow, and that each account is whole.
async fn escrows_are_whole(seller: &Client) -> Result<(usize, i64)> {
    let orders = orders_of(seller).await?;
    let mut held = 0;
    for order in &orders {
        let fen = |what: &str| order["escrow"][what].as_i64().context("no escrow");
        ensure!(fen("captured")? == fen("released")? + fen("refunded")? + fen("held")?, "{order}");
        held += fen("held")?;
    }
    Ok((orders.len(), held))
}

/// Does the same for many at once; in the order of the clients.
async fn all_at_once<T, F>(clients: &[Client], each: impl Fn(usize, Client) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    let calls = clients.iter().cloned().enumerate().map(|(n, c)| each(n, c));
    futures::stream::iter(calls).buffered(clients.len().max(1)).try_collect().await
}
