//! SIGKILL between a read and its answer: whatever was answered stands in the log, and the log is whole.

use super::*;
use std::collections::BTreeSet;
use std::io::{BufRead as _, Cursor};
use std::sync::atomic::{AtomicU32, Ordering};
use yunlong_verify::log::{Expectations, verify};
use yunlong_verify::note::VKey;

/// How often the power goes.
const KILLS: u32 = 20;
/// Readers at once.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_without_its_entry_however_often_the_power_goes() -> Result<()> {
    let mut city = city().await?;
    let asking = city.signed_in("console", "city-admin").await?;
    let provider = city.signed_in("console", PROVIDER).await?;
    grant(
        &provider,
        (READER, "population.person", "desk"),
        &["name", "birth_date"],
        &json!({"mask.birth_date": "year", "roles": ["clerk"]}),
    )
    .await?;
    let role = json!({"account": "city-security", "roles": ["clerk"]});
    asking.send(reqwest::Method::PUT, "/api/v1/installations/reader/roles", Some(&role)).await?;
    let token = city.token("city-security").await?;
    let mut answered = BTreeSet::new();
    for round in 0..KILLS {
        // From the first answers on to well into the load.
        let enough = 1 + round * 7;
        answered.extend(round_of(&city, &token, enough).await?);
        city.restart().await?;
    }
    ensure!(answered.len() > KILLS as usize * 20, "hardly anything was answered: {}", answered.len());
    let auditor = city.signed_in("console", AUDITOR).await?;
    let key = auditor.get("/api/v1/audit/checkpoint").await?.json()?["key"].as_str().context("no key")?.to_owned();
    let export = eventually("the export has everything", Duration::from_secs(30), async || {
        let text = auditor.get("/api/v1/audit/export?opened=true").await?.text;
        let logged = requests_in(&text)?;
        Ok(answered.iter().all(|a| logged.contains(a)).then_some(text))
    })
    .await?;
    let key = VKey::parse(&key).map_err(|e| anyhow::anyhow!("{e}"))?;
    let expected = Expectations::of(key);
    let report = verify(&mut Cursor::new(export.as_bytes()), &expected).map_err(|e| anyhow::anyhow!("{e}"))?;
    ensure!(report.leaves >= answered.len() as u64, "{report:?}");
    Ok(())
}

/// Reads until so many are answered, then kills the server in the middle of the others: the ids of the
/// requests that were answered.
async fn round_of(city: &City, token: &str, enough: u32) -> Result<Vec<String>> {
    let client = city.client(READER)?.with_token(token.to_owned());
    let count = AtomicU32::new(0);
    let reader = async || {
        let mut own = Vec::new();
        // Ends when the server is gone.
        while let Ok(answer) = client.get(&format!("/desk/{}", FIRST.1)).await {
            ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
            ensure!(answer.json()?["body"]["birth_date"] == "1971", "the mask: {}", answer.text);
            own.push(answer.header("x-request-id").to_owned());
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(own)
    };
    let kill = async {
        eventually("enough answers", Duration::from_secs(60), async || {
            Ok((count.load(Ordering::Relaxed) >= enough).then_some(()))
        })
        .await?;
        let pid = city.pid().context("the server is gone")?;
        ensure!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status()?.success());
        anyhow::Ok(())
    };
    let readers = futures::future::join_all((0..AT_ONCE).map(|_| reader()));
    let (done, killed) = tokio::join!(readers, kill);
    killed?;
    let mut all = Vec::new();
    for own in done {
        all.extend(own?);
    }
    Ok(all)
}

/// The ids of requests whose reads stand in an export that was opened.
fn requests_in(export: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for line in export.as_bytes().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let Some(record) = line["opened"]["record"].as_str() else { continue };
        let record: Value = serde_json::from_slice(&data_encoding::BASE64.decode(record.as_bytes())?)?;
        let entry = &record["entry"];
        if entry["action"] == "data.read"
            && let Some(id) = entry["request_id"].as_str()
        {
            found.insert(id.to_owned());
        }
    }
    Ok(found)
}
