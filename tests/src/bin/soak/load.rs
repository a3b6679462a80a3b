//! The load: citizens who browse, sign in, buy, pay in every way that the sandbox knows, give back, and
//! go through the gate; and entries in the guest book.

use crate::APP;
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use yunlong_tests::{Answer, City, Client, PASSWORD, day, resident_id};

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

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap_or(0)]
    }
}

/// Products with their slots: one that hardly fills up, small ones that do, and one of two parts.
const SLOTS: &[(&str, &[&str])] = &[
    ("yunlonghu-single", &["06:00", "09:00", "12:00", "18:00"]),
    ("yunlonghu-single", &["06:00", "09:00", "12:00", "18:00"]),
    ("guishan-single", &["09:00", "11:00"]),
    ("lianghan-joint", &["09:00", "11:00"]),
    ("hanwenhua-single", &["08:30", "11:00", "14:00"]),
];
/// Days ahead on which tickets are bought.
const DAYS: u64 = 5;
/// A person is somebody new until the numbers run out; then the slots differ.
const PEOPLE: u32 = 9_999;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Load that runs.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

/// One citizen at work.
struct Buyer {
    who: usize,
    app: Client,
    portal: Client,
    gate: Client,
    guests: Client,
    book: Arc<Book>,
    dice: Dice,
}

impl Load {
    pub(crate) fn start(city: &City, book: &Arc<Book>, tokens: &[String], buyers: usize, seed: u64) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for n in 0..buyers {
            let who = n % tokens.len();
            let token = &tokens[who];
            let mut buyer = Buyer {
                who,
                app: city.client(APP)?.with_token(token.clone()),
                portal: city.client("")?.with_token(token.clone()),
                gate: city.client(APP)?,
                guests: city.client("guestbook")?.with_token(token.clone()),
                book: book.clone(),
                dice: Dice::new(seed.wrapping_add(n as u64)),
            };
            let stop = stop.clone();
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    if let Err(error) = buyer.act().await {
                        // Killed servers break connections off: that is no finding, losing what was
                        // acknowledged is.
                        buyer.book.count("requests that were cut off or refused");
                        if std::env::var_os("SOAK_VERBOSE").is_some() {
                            eprintln!("{error:#}");
                        }
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
            });
        }
        Ok(Self { stop, tasks })
    }

    /// Lets everybody finish what they are at.
    pub(crate) async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Buyer {
    async fn act(&mut self) -> Result<()> {
        match self.dice.below(10) {
            0..=1 => self.browse().await,
            2 => self.sign_in().await,
            3 => self.write().await,
            _ => self.purchase().await,
        }
    }

    /// Measures; an answer of the platform's own failure is an error.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let asked = Instant::now();
        let answer = Answer::read(request.send().await?).await?;
        self.book.answered(asked.elapsed());
        if answer.status >= 500 {
            self.book.count("answers of 5xx");
            anyhow::bail!("{} {}", answer.status, answer.text);
        }
        Ok(answer)
    }

    async fn browse(&mut self) -> Result<()> {
        let page =
            |client: &Client, path: &str| client.request(reqwest::Method::GET, path).header("accept", "text/html");
        for (client, path) in [
            (&self.portal, "/"),
            (&self.app, "/"),
            (&self.app, "/attractions/guishan"),
            (&self.portal, "/orders"),
            (&self.portal, "/inbox"),
        ] {
            let answer = self.answer(page(client, path)).await?;
            ensure!(answer.status == 200, "{path}: {}", answer.status);
        }
        self.book.count("browsings of five pages");
        Ok(())
    }

    async fn sign_in(&mut self) -> Result<()> {
        let account = format!("citizen-{:03}", self.who + 1);
        let right = self.dice.below(50) != 0;
        let password = if right { PASSWORD } else { "not the password" };
        let body = json!({"account": account, "password": password});
        let answer = self.answer(self.portal.request(reqwest::Method::POST, "/api/v1/sessions").json(&body)).await?;
        match (right, answer.status) {
            (true, 201) => {
                let token = answer.json()?["token"].as_str().context("no token")?.to_owned();
                let session = self.portal.with_token(token);
                let gone = self.answer(session.request(reqwest::Method::DELETE, "/api/v1/sessions/current")).await?;
                ensure!(gone.status == 204, "sign-out: {}", gone.status);
                let after = self.answer(session.request(reqwest::Method::GET, "/api/v1/sessions/current")).await?;
                if after.status != 401 {
                    self.book.breach(format!("a session that was ended still works: {}", after.status));
                }
                self.book.count("sign-ins and sign-outs");
            }
            // Locked, or asked to wait, after failures.
            (_, 401 | 423 | 429) => self.book.count("sign-ins that were refused"),
            (_, status) => anyhow::bail!("sign-in: {status} {}", answer.text),
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<()> {
        let body = json!({"name": "访客", "text": format!("留言 {}", self.dice.below(1_000_000))});
        let answer = self.answer(self.guests.request(reqwest::Method::POST, "/api/entries").json(&body)).await?;
        if answer.status == 201 || answer.status == 200 {
            self.book.wrote(answer.json()?["id"].as_str().context("no id")?.to_owned());
            self.book.count("guest book entries");
        }
        Ok(())
    }

    async fn purchase(&mut self) -> Result<()> {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let (product, slots) = self.dice.of(SLOTS);
        let slot = self.dice.of(slots);
        let date = day(1 + i64::try_from(self.dice.below(DAYS)).unwrap_or(0));
        let visitor = json!({"name": "游客", "id_type": "resident-id", "id_number": resident_id(n % PEOPLE), "phone": "19900000001"});
        let body = json!({"product": product, "date": date, "slot": slot, "visitors": [visitor]});
        let key = format!("soak-{}-{n}", std::process::id());
        let made = self.repeated(|b| {
            b.app.request(reqwest::Method::POST, "/api/orders").header("idempotency-key", &key).json(&body)
        });
        let made = made.await?;
        if made.status == 409 {
            self.book.count("orders that were refused: sold out, or one ID twice");
            return Ok(());
        }
        ensure!(made.status == 201 || made.status == 200, "createOrder: {} {}", made.status, made.text);
        let order = made.json()?;
        let id = order["id"].as_str().context("no id")?.to_owned();
        self.book.know(&id, self.who, |_| {});
        self.book.count("orders");
        if self.dice.below(12) == 0 {
            self.book.count("orders that were left to expire");
            return Ok(());
        }
        self.pay(&id, &order).await?;
        if !self.issued(&id).await? {
            return Ok(());
        }
        self.book.know(&id, self.who, |k| k.issued = true);
        self.book.count("issued");
        match self.dice.below(6) {
            0 => self.give_back(&id).await,
            1 | 2 => self.enter(&id, product).await,
            _ => Ok(()),
        }
    }

    /// The same request until it is answered: what an idempotency key is for.
    async fn repeated(&self, request: impl Fn(&Self) -> reqwest::RequestBuilder) -> Result<Answer> {
        let mut last = None;
        for _ in 0..40 {
            match self.answer(request(self)).await {
                Ok(answer) => return Ok(answer),
                Err(e) => last = Some(e),
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Err(last.context("never asked")?)
    }

    /// By the API, or at the cashier with one of its moods.
    async fn pay(&mut self, id: &str, order: &Value) -> Result<()> {
        let mood = self.dice.of(&["api", "api", "succeed", "delay", "fail", "repeat", "lose"]);
        let url = order["cashier_url"].as_str().unwrap_or_default();
        let path = url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| format!("/{path}"));
        match path {
            Some(path) if mood != "api" => {
                let fields = [("behaviour", mood), ("millis", "2500"), ("times", "3")];
                let paid = self.portal.form(&path, &fields).await?;
                ensure!(paid.status < 500, "cashier: {} {}", paid.status, paid.text);
                if mood == "fail" {
                    // People try again.
                    self.portal.form(&path, &[("behaviour", "succeed")]).await?;
                }
            }
            _ => {
                let paid = self.app.post(&format!("/api/orders/{id}/pay"), &json!({})).await?;
                ensure!(paid.status < 500, "payOrder: {} {}", paid.status, paid.text);
            }
        }
        self.book.count(match mood {
            "delay" => "payments whose result came late",
            "fail" => "payments that failed first",
            "repeat" => "payments that were told three times",
            "lose" => "payments that were never told",
            _ => "payments without trouble",
        });
        Ok(())
    }

    /// Waits for a while; what takes longer is found by the check.
    async fn issued(&self, id: &str) -> Result<bool> {
        for _ in 0..60 {
            let order = self.answer(self.app.request(reqwest::Method::GET, &format!("/api/orders/{id}"))).await?;
            if order.status == 404 {
                self.book.breach(format!("the acknowledged order {id} is not there"));
            }
            ensure!(order.status == 200, "getOrder: {}", order.status);
            match order.json()?["state"].as_str() {
                Some("issued") => return Ok(true),
                Some("held" | "paid") => tokio::time::sleep(Duration::from_millis(100)).await,
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    async fn give_back(&mut self, id: &str) -> Result<()> {
        self.book.know(id, self.who, |k| k.refund_asked = true);
        let answer = self.app.post(&format!("/api/orders/{id}/refund"), &json!({})).await?;
        if answer.status == 202 {
            self.book.know(id, self.who, |k| k.refund_accepted = true);
            self.book.count("refunds");
        }
        Ok(())
    }

    async fn enter(&mut self, id: &str, product: &str) -> Result<()> {
        let shown =
            self.answer(self.app.request(reqwest::Method::GET, &format!("/api/orders/{id}/tickets/0/code"))).await?;
        let Some(code) = shown.json()?["code"].as_str().map(str::to_owned) else { return Ok(()) };
        let attraction = if product == "lianghan-joint" { "guishan" } else { product.trim_end_matches("-single") };
        let officer = json!({"account": "tourism-gate", "password": PASSWORD});
        let token = self.answer(self.portal.request(reqwest::Method::POST, "/api/v1/sessions").json(&officer)).await?;
        let gate = self.gate.with_token(token.json()?["token"].as_str().context("no gate")?.to_owned());
        let scan = json!({"code": code, "attraction": attraction, "gate": "东门"});
        // Two scanners at once, as at a busy gate.
        let (a, b) = tokio::join!(gate.post("/api/admissions", &scan), gate.post("/api/admissions", &scan));
        for answer in [a, b].into_iter().flatten() {
            if answer.status == 200 {
                self.book.know(id, self.who, |k| k.admitted += 1);
                self.book.count("admissions");
            }
        }
        Ok(())
    }
}
