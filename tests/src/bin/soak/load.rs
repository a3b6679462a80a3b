//! The load: people at work in all four apps at once, and beside them the [department](crate::department) and the
//! [operator](crate::operator).

pub(crate) mod education;
pub(crate) mod logistics;
pub(crate) mod rural;
pub(crate) mod ticketing;

use crate::APP;
use crate::book::Book;
use crate::department::Department;
use crate::operator::Operator;
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use yunlong_tests::{Answer, City, Client};

/// A source of choices that a seed repeats (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0 to `n` - 1.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 3) % n.max(1)
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap_or(0)]
    }
}

/// A visitor is somebody new until the numbers run out; then the slots differ.
const PEOPLE: u32 = 9_999;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The number of a purchase, and of its visitor.
pub(crate) fn next() -> (u32, u32) {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    (n, n % PEOPLE)
}

/// A request until it is answered: what an idempotency key is for.
pub(crate) async fn repeated(book: &Book, request: impl Fn() -> reqwest::RequestBuilder + Send) -> Result<Answer> {
    let mut last = None;
    for _ in 0..40 {
        match answer(book, request()).await {
            Ok(answer) => return Ok(answer),
            Err(e) => last = Some(e),
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Err(last.context("never asked")?)
}

/// Measures; an answer of the platform's own failure is an error.
pub(crate) async fn answer(book: &Book, request: reqwest::RequestBuilder) -> Result<Answer> {
    let asked = Instant::now();
    let answer = Answer::read(request.send().await?).await?;
    book.answered(asked.elapsed());
    if answer.status >= 500 {
        book.failed(answer.status, &answer.text);
        anyhow::bail!("{} {}", answer.status, answer.text);
    }
    Ok(answer)
}

/// A key of this run's own for the `n`th thing that is done, of which there may be several.
pub(crate) fn key(n: u32, what: &str) -> String {
    format!("soak-{}-{n}-{what}", std::process::id())
}

/// A POST until it is answered.
pub(crate) async fn posted(book: &Book, client: &Client, path: &str, body: &Value) -> Result<Answer> {
    repeated(book, || client.request(Method::POST, path).json(body)).await
}

/// The same under an idempotency key.
pub(crate) async fn keyed(book: &Book, client: &Client, path: &str, key: &str, body: &Value) -> Result<Answer> {
    repeated(book, || client.request(Method::POST, path).header("idempotency-key", key).json(body)).await
}

/// What a call at the beginning makes, before anything is killed.
pub(crate) async fn made(client: &Client, method: Method, path: &str, body: &Value) -> Result<Value> {
    let a = client.send(method.clone(), path, Some(body)).await?;
    ensure!((200..300).contains(&a.status), "{method} {path}: {} {}", a.status, a.text);
    if a.text.is_empty() { Ok(Value::Null) } else { a.json() }
}

pub(crate) fn id(of: &Value) -> Result<String> {
    Ok(of["id"].as_str().with_context(|| format!("no id: {of}"))?.to_owned())
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// Pays an order by its app's API with `body`, or at the cashier with one of its moods.
pub(crate) async fn pay(
    book: &Book,
    dice: &mut Dice,
    by: (&Client, &Client),
    order: &Value,
    body: &Value,
) -> Result<()> {
    let (app, portal) = by;
    let mood = dice.of(&["api", "api", "succeed", "delay", "fail", "repeat", "lose"]);
    let url = order["cashier_url"].as_str().unwrap_or_default();
    let path = url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| format!("/{path}"));
    match path {
        Some(path) if mood != "api" => {
            let fields = [("behaviour", mood), ("millis", "2500"), ("times", "3")];
            let paid = portal.form(&path, &fields).await?;
            ensure!(paid.status < 500, "cashier: {} {}", paid.status, paid.text);
            if mood == "fail" {
                // People try again.
                portal.form(&path, &[("behaviour", "succeed")]).await?;
            }
        }
        _ => {
            let paid = app.post(&format!("/api/orders/{}/pay", id(order)?), body).await?;
            ensure!(paid.status < 500, "payOrder: {} {}", paid.status, paid.text);
        }
    }
    book.count(match mood {
        "delay" => "payments whose result came late",
        "fail" => "payments that failed first",
        "repeat" => "payments that were told three times",
        "lose" => "payments that were never told",
        _ => "payments without trouble",
    });
    Ok(())
}

/// Somebody at work.
pub(crate) trait Actor: Send + 'static {
    /// One thing that they do.
    fn act(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// Those who are there from the beginning to the end of the run: stores, banks and a class.
pub(crate) struct Stage {
    pub(crate) market: Arc<rural::Market>,
    pub(crate) finance: Arc<logistics::Finance>,
    pub(crate) class: Arc<education::Class>,
}

impl Stage {
    pub(crate) async fn set(city: &City, tokens: &[String]) -> Result<Self> {
        Ok(Self {
            market: Arc::new(rural::Market::open(city, tokens).await?),
            finance: Arc::new(logistics::Finance::open(city).await?),
            class: Arc::new(education::Class::open(city, tokens).await?),
        })
    }
}

/// Load that runs.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Everybody at work; the operator only where `upgrades` says so.
    pub(crate) async fn start(
        city: &City,
        book: &Arc<Book>,
        people: (&Stage, &[String]),
        buyers: usize,
        upgrades: bool,
        seed: u64,
    ) -> Result<Self> {
        let (stage, tokens) = people;
        let mut load = Self { stop: Arc::new(AtomicBool::new(false)), tasks: JoinSet::new() };
        for n in 0..buyers {
            let who = n % tokens.len();
            let token = &tokens[who];
            load.spawn(
                book,
                ticketing::Buyer::start(city, book, (who, token), Dice::new(seed.wrapping_add(n as u64)))?,
            );
        }
        for n in 0..buyers.div_ceil(4) {
            let dice = || Dice::new(seed.wrapping_add(1_000 + n as u64));
            let token = &tokens[n % tokens.len()];
            load.spawn(book, rural::Shopper::start(city, book, token, &stage.market, dice())?);
            load.spawn(book, logistics::Trader::start(book, &stage.finance, dice()));
        }
        let shopper = |n: u64| {
            let token = &tokens[usize::try_from(n)? % tokens.len()];
            rural::Shopper::start(city, book, token, &stage.market, Dice::new(seed ^ (n << 8)))
        };
        load.spawn(book, rural::Customer::start(shopper(1)?));
        load.spawn(book, rural::Grower::start(shopper(2)?));
        load.spawn(book, rural::Dispatcher::start(shopper(3)?, &stage.finance.carrier));
        load.spawn(book, rural::Together::start((4..10).map(shopper).collect::<Result<_>>()?));
        load.spawn(book, logistics::Gate::start(book, &stage.finance, Dice::new(seed ^ 4)));
        load.spawn(book, logistics::Market::start(book, &stage.finance, Dice::new(seed ^ 5)));
        load.spawn(book, logistics::Seller::start(book, &stage.finance, Dice::new(seed ^ 6)));
        load.spawn(book, education::Device::start(book, &stage.class, Dice::new(seed ^ 3)));
        load.spawn(book, education::Family::start(book, &stage.class, Dice::new(seed ^ 7)));
        load.spawn(book, education::Author::start(book, &stage.class, Dice::new(seed ^ 8)));
        let buyer = city.client(APP)?.with_token(tokens[0].clone());
        load.spawn(book, Department::start(city, book, buyer, Dice::new(seed ^ 1)).await?);
        if upgrades {
            load.spawn(book, Operator::start(city, book, Dice::new(seed ^ 2)).await?);
        }
        Ok(load)
    }

    fn spawn(&mut self, book: &Arc<Book>, mut actor: impl Actor) {
        let (stop, book) = (self.stop.clone(), book.clone());
        self.tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if let Err(error) = actor.act().await {
                    // Killed servers break connections off: that is no finding, losing what was
                    // acknowledged is.
                    book.count("requests that were cut off or refused");
                    if std::env::var_os("SOAK_VERBOSE").is_some() {
                        eprintln!("{error:#}");
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        });
    }

    /// Lets everybody finish what they are at.
    pub(crate) async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
    }
}
