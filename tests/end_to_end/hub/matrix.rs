//! Every cell of {unconditional, conditional, not shared} × {granted, expired, revoked, other purpose,
//! other field, other row} × {citizen, official, job}: what the app is told, and what the log says.

use super::*;
use std::collections::BTreeMap;

/// The purposes of the reader for each dataset.
const PURPOSES: [&str; 4] = ["daily", "expired", "revoked", "waiting"];
const CLASSES: [&str; 3] = ["open", "conditional", "closed"];
const SITUATIONS: [&str; 6] = ["granted", "expired", "revoked", "other purpose", "other field", "other row"];
const LAW: &str = "测试条例第九条";

/// A dataset about residents, as its provider describes it.
fn description(class: &str) -> Value {
    let item = |name: &str, kind: &str| json!({"name": name, "title": {"zh": "项", "en": "Item"}, "type": kind, "required": true, "sensitivity": "personal"});
    json!({
        "id": format!("test.{class}"), "title": {"zh": "测试", "en": "Test"}, "summary": {"zh": "测试", "en": "Test"},
        "category": "department", "provider": POLICE, "key": "resident_id", "person": "resident_id", "division": "division",
        "items": [item("resident_id", "resident-id"), item("name", "text"), item("birth_date", "date"), item("mobile", "mobile"), item("division", "division")],
        "indexes": [["division"]], "update_cycle": "daily", "level": "important",
        "sharing": {"class": "conditional", "condition": {"zh": "测试", "en": "For tests"}},
    })
}

fn resident((_, id): (&str, &str), division: &str) -> Value {
    json!({"resident_id": id, "name": "测试", "birth_date": "1990-01-01", "mobile": "19900000001", "division": division})
}

/// The three datasets with their records, the grants as the purposes' names say, and last their classes.
async fn prepare(city: &City) -> Result<()> {
    let (provider, asking) =
        (city.signed_in("console", PROVIDER).await?, city.signed_in("console", "city-admin").await?);
    for class in CLASSES {
        let dataset = format!("test.{class}");
        done(&provider, "/api/v1/hub/catalogue", &description(class)).await?;
        done(&provider, &format!("/api/v1/hub/catalogue/{dataset}/publish"), &json!({})).await?;
        import(&provider, &dataset, &[resident(FIRST, "320302"), resident(FIFTH, "320303")]).await?;
        for purpose in PURPOSES {
            let ask = json!({"installation": READER, "dataset": dataset, "purpose": purpose});
            done(&asking, "/api/v1/hub/requests", &ask).await?;
        }
        let of = |purpose| (READER, dataset.as_str(), purpose);
        let fields = ["name", "birth_date"];
        let clerks = json!({"roles": ["clerk"]});
        grant(&provider, of("daily"), &fields, &clerks).await?;
        grant(&provider, of("expired"), &fields, &json!({"roles": ["clerk"], "until": in_seconds(2)?})).await?;
        grant(&provider, of("revoked"), &fields, &clerks).await?;
        let revoke = json!({"installation": READER, "dataset": dataset, "purpose": "revoked", "reason": "测试撤销"});
        done(&provider, "/api/v1/hub/grants/revoke", &revoke).await?;
    }
    let class = |class: &str, body: Value| (format!("/api/v1/hub/catalogue/test.{class}/sharing"), body);
    for (path, body) in [
        class("open", json!({"sharing": "unconditional"})),
        class("closed", json!({"sharing": "not-shared", "law": LAW})),
    ] {
        done(&provider, &path, &body).await?;
    }
    let role = json!({"account": "city-security", "roles": ["clerk"]});
    let given = asking.send(reqwest::Method::PUT, "/api/v1/installations/reader/roles", Some(&role)).await?;
    ensure!(given.status == 200, "{} {}", given.status, given.text);
    Ok(())
}

fn what(class: &str, situation: &str) -> Value {
    let purpose = match situation {
        "expired" | "revoked" => situation,
        "other purpose" => "waiting",
        _ => "daily",
    };
    let field = if situation == "other field" { "mobile" } else { "name" };
    let key = if situation == "other row" { FIFTH.1 } else { FIRST.1 };
    json!({"dataset": format!("test.{class}"), "purpose": purpose, "fields": [field], "key": key})
}

fn expected(class: &str, situation: &str) -> &'static str {
    match (class, situation) {
        ("closed", _) => "not-shared",
        (_, "granted") => "ok",
        (_, "expired") => "expired",
        (_, "revoked") => "revoked",
        (_, "other purpose") => "other-purpose",
        (_, "other field") => "fields-not-granted",
        _ => "row-not-granted",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_answered_or_denied_by_its_code_and_stands_in_the_log() -> Result<()> {
    let city = city().await?;
    prepare(&city).await?;
    let auditor = city.signed_in("console", AUDITOR).await?;
    let citizen = city.signed_in(READER, FIRST.0).await?;
    let official = city.signed_in(READER, "city-security").await?;
    // A grant's last second.
    eventually("the short grants are over", Duration::from_secs(10), async || {
        Ok((outcome(&read(&citizen, &what("conditional", "expired")).await?) == "expired").then_some(()))
    })
    .await?;
    let cells: Vec<(&str, &str)> = CLASSES.iter().flat_map(|c| SITUATIONS.iter().map(move |s| (*c, *s))).collect();
    for (class, situation) in &cells {
        for (who, account, client) in [("citizen", FIRST.0, &citizen), ("official", "city-security", &official)] {
            let cell = format!("{class} × {situation} × {who}");
            let answer = read(client, &what(class, situation)).await?;
            ensure!(outcome(&answer) == expected(class, situation), "{cell}: {answer}");
            check_answer(&cell, &answer)?;
            logged(&auditor, &cell, account, class, &answer).await?;
        }
    }
    job(&city, &auditor, &cells).await
}

/// What is answered holds the field that was asked for, and nothing else.
fn check_answer(cell: &str, answer: &Value) -> Result<()> {
    if outcome(answer) == "ok" {
        ensure!(answer["records"][0]["body"] == json!({"name": "测试"}), "{cell}: {answer}");
        ensure!(answer["records"][0]["reference"].as_str().is_some_and(|r| !r.contains(FIRST.1)), "{cell}: {answer}");
    }
    Ok(())
}

/// A read by its request's id; a denial as well, unless one that is the same stands there since less than
/// a minute: then by its kind.
async fn logged(auditor: &Client, cell: &str, actor: &str, class: &str, answer: &Value) -> Result<()> {
    let code = outcome(answer).to_owned();
    let action = if code == "ok" { "data.read" } else { "data.denied" };
    let query =
        format!("/api/v1/audit/entries?installation={READER}&dataset=test.{class}&actor={actor}&action={action}");
    eventually(&format!("the log has {cell}"), Duration::from_secs(10), async || {
        let page = auditor.get(&query).await?.json()?;
        let entries = page["entries"].as_array().with_context(|| format!("no entries: {page}"))?;
        let is = |e: &&Value| match code.as_str() {
            "ok" => e["entry"]["request_id"] == answer["request"] && e["entry"]["outcome"] == "answered",
            code => e["entry"]["outcome"]["denied"] == code,
        };
        Ok(entries.iter().find(is).map(|_| ()))
    })
    .await
}

/// The same cells, tried by the installation itself.
async fn job(city: &City, auditor: &Client, cells: &[(&str, &str)]) -> Result<()> {
    let (console, app) = (city.signed_in("console", "city-admin").await?, city.signed_in(READER, FIRST.0).await?);
    let tries: Vec<Value> = cells.iter().map(|(class, situation)| what(class, situation)).collect();
    let kept = app.post("/tries", &json!(tries)).await?;
    ensure!(kept.status == 204, "{} {}", kept.status, kept.text);
    done(&console, "/api/v1/installations/reader/jobs/sweep/run", &json!({})).await?;
    let done = eventually("the job has run", Duration::from_secs(30), async || {
        let all = app.get("/tries").await?.json()?["tries"].as_array().context("no tries")?.clone();
        Ok(all.iter().all(|t| !t["answer"].is_null()).then_some(all))
    })
    .await?;
    ensure!(done.len() == cells.len(), "{} of {} were tried", done.len(), cells.len());
    let mut denied: BTreeMap<&str, u32> = BTreeMap::new();
    for ((class, situation), kept) in cells.iter().zip(&done) {
        let (cell, answer) = (format!("{class} × {situation} × job"), &kept["answer"]);
        ensure!(outcome(answer) == expected(class, situation), "{cell}: {answer}");
        check_answer(&cell, answer)?;
        *denied.entry(expected(class, situation)).or_default() += 1;
    }
    let service = format!("service:{READER}");
    for code in denied.keys() {
        let action = if *code == "ok" { "data.read" } else { "data.denied" };
        let query = format!("/api/v1/audit/entries?actor={service}&action={action}");
        eventually(&format!("the log has the job's {code}"), Duration::from_secs(10), async || {
            let page = auditor.get(&query).await?.json()?;
            let entries = page["entries"].as_array().with_context(|| format!("no entries: {page}"))?;
            let is = |e: &&Value| *code == "ok" || e["entry"]["outcome"]["denied"] == *code;
            Ok(entries.iter().find(is).map(|_| ()))
        })
        .await?;
    }
    Ok(())
}
