//! Buys tickets on a running demo city, for `cargo xtask bench`: `purchases PORT COUNT CONCURRENCY`.
//! Prints one JSON line: purchases, seconds, HTTP requests.

use anyhow::{Context, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

struct Shop {
    http: reqwest::Client,
    port: u16,
    requests: AtomicU64,
}

impl Shop {
    async fn call(
        &self,
        method: reqwest::Method,
        host: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<(u16, Value)> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut r = self
            .http
            .request(method, format!("http://{host}:{}{path}", self.port))
            .header("accept", "application/json");
        if let Some(t) = token {
            r = r.bearer_auth(t);
        }
        if let Some(b) = body {
            r = r.json(&b);
        }
        let a = r.send().await?;
        let status = a.status().as_u16();
        Ok((status, a.json().await?))
    }

    async fn buy(&self, token: &str, n: u32, slot: &Value) -> Result<()> {
        let app = "tourism-ticketing.localhost";
        let visitor = json!({"name": "测试", "id_type": "resident-id", "id_number": yunlong_tests::resident_id(n), "phone": "19900000001"});
        let order =
            json!({"product": slot["product"], "date": slot["date"], "slot": slot["slot"], "visitors": [visitor]});
        let (status, order) = self.call(reqwest::Method::POST, app, "/api/orders", Some(token), Some(order)).await?;
        if status != 201 {
            bail!("createOrder: {status} {order}");
        }
        let id = order["id"].as_str().context("an order without id")?.to_owned();
        let (status, paid) = self
            .call(reqwest::Method::POST, app, &format!("/api/orders/{id}/pay"), Some(token), Some(json!({})))
            .await?;
        if status != 202 {
            bail!("payOrder: {status} {paid}");
        }
        for _ in 0..600 {
            let (_, order) =
                self.call(reqwest::Method::GET, app, &format!("/api/orders/{id}"), Some(token), None).await?;
            if order["state"] == "issued" {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("order {id} was not issued within 30 s")
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [port, count, concurrency, slot] = &args[..] else {
        bail!("usage: purchases PORT COUNT CONCURRENCY SLOT-JSON")
    };
    let (port, count, concurrency): (u16, u32, usize) = (port.parse()?, count.parse()?, concurrency.parse()?);
    let slot: Value = serde_json::from_str(slot)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let http = reqwest::Client::builder()
        .resolve("tourism-ticketing.localhost", address)
        .resolve("localhost", address)
        .build()?;
    let shop = Shop { http, port, requests: AtomicU64::new(0) };
    let sign_in = json!({"account": "citizen-001", "password": yunlong_tests::PASSWORD});
    let (_, session) = shop.call(reqwest::Method::POST, "localhost", "/api/v1/sessions", None, Some(sign_in)).await?;
    let token = session["token"].as_str().context("no token")?;
    let (shop, slot) = (&shop, &slot);
    let start = Instant::now();
    futures::stream::iter(0..count)
        .map(|n| shop.buy(token, n, slot))
        .buffer_unordered(concurrency)
        .try_collect::<Vec<_>>()
        .await?;
    println!(
        "{}",
        json!({"purchases": count, "seconds": start.elapsed().as_secs_f64(), "requests": shop.requests.load(Ordering::Relaxed)})
    );
    Ok(())
}
