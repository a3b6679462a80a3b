//! An app in Python on the real host: its own tests run on a double and on another interpreter.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Duration;
use yunlong_tests::{Plan, eventually};

const APP: &str = "parking";
const CAR: [(&str, &str); 2] = [("zone", "pengcheng"), ("plate", "苏C12345")];

#[tokio::test]
async fn a_permit_in_python_is_paid_for_checked_and_never_given_twice() -> Result<()> {
    let city = Plan::with(&[APP]).citizens(2).start().await?;
    let (anybody, citizen) = (city.client(APP)?, city.signed_in(APP, "citizen-001").await?);

    // A page with what every page has, in the language that is asked for.
    let page = anybody.page("/help", "en").await?;
    ensure!(page.status == 200 && page.text.contains("Sign in, choose a zone"), "{} {}", page.status, page.text);
    ensure!(page.header("content-security-policy").contains("default-src"), "{:?}", page.headers);
    anybody.get("/nowhere").await?.problem(404)?;
    let nobody = anybody.form("/apply", &CAR).await?.status;
    ensure!(matches!(nobody, 401 | 403), "nobody applied: {nobody}");

    // What is wrong is said beside the field, and what was typed comes back.
    let wrong = citizen.form("/apply", &[("zone", "moon"), ("plate", "<1>")]).await?;
    ensure!(wrong.status == 422 && wrong.text.contains("value=\"&lt;1&gt;\""), "{} {}", wrong.status, wrong.text);

    // One transaction takes the place, asks for the fee and sends itself a message.
    let applied = citizen.form("/apply", &CAR).await?;
    ensure!(applied.status == 303, "apply: {} {}", applied.status, applied.text);
    let path = applied.header("location").to_owned();
    let other = city.signed_in(APP, "citizen-002").await?;
    let taken = other.form("/apply", &CAR).await?.problem(409)?;
    ensure!(taken["type"] == "urn:yunlong:problem:plate-taken", "{taken}");
    other.get(&path).await?.problem(404)?;

    // The payment's outcome comes as an event to the consumer.
    let detail = citizen.page(&path, "zh").await?;
    let port = format!(":{}", city.port());
    let (_, cashier) = detail.text.split_once("role=\"button\" href=\"").context("no way to the cashier")?;
    let (cashier, _) = cashier.split_once('"').context("no address")?;
    let cashier = cashier.split_once(&port).context("elsewhere")?.1.to_owned();
    let portal = city.signed_in("", "citizen-001").await?;
    let paid = portal.form(&cashier, &[("behaviour", "succeed")]).await?;
    ensure!((200..400).contains(&paid.status), "{} {}", paid.status, paid.text);
    eventually("the permit is valid", Duration::from_secs(30), async || {
        Ok(citizen.page(&path, "zh").await?.text.contains("有效</span>").then_some(()))
    })
    .await?;

    let console = city.signed_in("console", "city-admin").await?;
    let letters = console.get(&format!("/api/v1/installations/{APP}/dead-letters")).await?.json()?;
    ensure!(letters["dead_letters"] == json!([]), "{letters}");
    Ok(())
}
