//! What an app declares as sealed cannot be read by whoever holds the disk.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::path::Path;
use yunlong_tests::{Plan, day, resident_id};

/// The files below `dir` that hold `text`.
fn holding(dir: &Path, text: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(holding(&path, text)?);
        } else if path.is_file() {
            let bytes = std::fs::read(&path)?;
            if bytes.windows(text.len()).any(|w| w == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_visitor_can_be_read_from_the_data_folder() -> Result<()> {
    let mut city = Plan::with(&["tourism-ticketing", "guestbook"]).citizens(1).start().await?;
    let app = city.signed_in("tourism-ticketing", "citizen-001").await?;
    let (name, id, phone) = ("上官测试甲", resident_id(4_321), "19912345678");
    let visitor = json!({"name": name, "id_type": "resident-id", "id_number": id, "phone": phone});
    let body = json!({"product": "yunlonghu-single", "date": day(2), "slot": "09:00", "visitors": [visitor]});
    let made = app.post("/api/orders", &body).await?;
    ensure!(made.status == 201, "{} {}", made.status, made.text);
    let order = made.json()?["id"].as_str().context("no id")?.to_owned();
    let paid = app.post(&format!("/api/orders/{order}/pay"), &json!({})).await?;
    ensure!(paid.status == 202, "{} {}", paid.status, paid.text);
    // Not sealed, so that the search is known to find what is plain.
    let written = city.signed_in("guestbook", "citizen-001").await?;
    let written = written.post("/api/entries", &json!({"name": "访客", "text": "明文留言可以读到"})).await?;
    ensure!(written.status < 300, "{} {}", written.status, written.text);
    city.stop().await?;
    ensure!(!holding(city.data(), "明文留言可以读到")?.is_empty(), "the search finds nothing at all");
    for secret in [name, &id, phone] {
        let found = holding(city.data(), secret)?;
        ensure!(found.is_empty(), "`{secret}` can be read in {found:?}");
    }
    // It serves what it wrote, after a restart too.
    city.restart().await?;
    let shown = city.signed_in("tourism-ticketing", "citizen-001").await?.get(&format!("/api/orders/{order}")).await?;
    ensure!(shown.text.contains(name), "{}", shown.text);
    Ok(())
}
