//! Every cell of {unconditional, conditional, not shared} × {granted, expired, revoked, other purpose,
//! other field, other row} × {citizen, official, job}: what the app is told, and what the log says of that
//! very request. What is shared unconditionally is about nobody; what is not shared is asked for by an app of
//! its provider, which alone can be granted it.

use super::*;

/// The purposes of the reader for each dataset.
const PURPOSES: [&str; 4] = ["daily", "expired", "revoked", "waiting"];
const CLASSES: [&str; 3] = ["open", "conditional", "closed"];
const SITUATIONS: [&str; 6] = ["granted", "expired", "revoked", "other purpose", "other field", "other row"];
const LAW: &str = "测试条例第九条";
/// The reader once more, installed by the provider.
const OWN: &str = "reader-own";

/// The app that asks for a dataset of this class.
fn app(class: &str) -> &'static str {
    if class == "closed" { OWN } else { READER }
}

/// The key of a record: a resident's number, or what a place has in its stead.
fn key(class: &str, (account, id): (&str, &str)) -> String {
    if class == "open" { format!("place-{account}") } else { id.to_owned() }
}

/// A dataset about residents or, to be shared unconditionally, about places, as its provider describes it.
fn description(class: &str) -> Value {
    let open = class == "open";
    let sensitivity = if open { "general" } else { "personal" };
    let item = |name: &str, kind: &str| json!({"name": name, "title": {"zh": "项", "en": "Item"}, "type": kind, "required": true, "sensitivity": sensitivity});
    let (key, kind) = if open { ("code", "text") } else { ("resident_id", "resident-id") };
    let mut described = json!({
        "id": format!("test.{class}"), "title": {"zh": "测试", "en": "Test"}, "summary": {"zh": "测试", "en": "Test"},
        "category": "department", "provider": POLICE, "key": key, "division": "division",
        "items": [item(key, kind), item("name", "text"), item("birth_date", "date"), item("mobile", "mobile"), item("division", "division")],
        "indexes": [["division"]], "update_cycle": "daily", "level": if open { "general" } else { "important" },
        "sharing": {"class": "conditional", "condition": {"zh": "测试", "en": "For tests"}},
    });
    if !open {
        described["person"] = "resident_id".into();
    }
    described
}

fn record(class: &str, who: (&str, &str), division: &str) -> Value {
    let item = if class == "open" { "code" } else { "resident_id" };
    // A number tells the day of birth.
    let born = format!("{}-{}-{}", &who.1[6..10], &who.1[10..12], &who.1[12..14]);
    json!({item: key(class, who), "name": "测试", "birth_date": born, "mobile": "19900000001", "division": division})
}

/// The three datasets with their records, the grants as the purposes' names say, and last their classes.
async fn prepare(city: &City) -> Result<()> {
    let (provider, asking) =
        (city.signed_in("console", PROVIDER).await?, city.signed_in("console", "city-admin").await?);
    let token = city.token("city-admin").await?;
    let file = yunlong_tests::package(READER)?.display().to_string();
    let out = city.cli(&["install", &file, "--org", POLICE, "--name", OWN, "--yes", "--token", &token])?;
    ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for class in CLASSES {
        let (app, asking) = (app(class), if class == "closed" { &provider } else { &asking });
        let dataset = format!("test.{class}");
        done(&provider, "/api/v1/hub/catalogue", &description(class)).await?;
        done(&provider, &format!("/api/v1/hub/catalogue/{dataset}/publish"), &json!({})).await?;
        import(&provider, &dataset, &[record(class, FIRST, "320302"), record(class, FIFTH, "320303")]).await?;
        for purpose in PURPOSES {
            let ask = json!({"installation": app, "dataset": dataset, "purpose": purpose});
            done(asking, "/api/v1/hub/requests", &ask).await?;
        }
        let of = |purpose| (app, dataset.as_str(), purpose);
        let fields = ["name", "birth_date"];
        let clerks = json!({"roles": ["clerk"]});
        grant(&provider, of("daily"), &fields, &clerks).await?;
        grant(&provider, of("expired"), &fields, &json!({"roles": ["clerk"], "until": in_seconds(6)?})).await?;
        grant(&provider, of("revoked"), &fields, &clerks).await?;
        let revoke = json!({"installation": app, "dataset": dataset, "purpose": "revoked", "reason": "测试撤销"});
        done(&provider, "/api/v1/hub/grants/revoke", &revoke).await?;
    }
    let class = |class: &str, body: Value| (format!("/api/v1/hub/catalogue/test.{class}/sharing"), body);
    for (path, body) in [
        class("open", json!({"sharing": "unconditional"})),
        class("closed", json!({"sharing": "not-shared", "law": LAW})),
    ] {
        done(&provider, &path, &body).await?;
    }
    for (app, by, account) in [(READER, &asking, "city-security"), (OWN, &provider, PROVIDER)] {
        let (path, role) =
            (format!("/api/v1/installations/{app}/roles"), json!({"account": account, "roles": ["clerk"]}));
        let given = by.send(reqwest::Method::PUT, &path, Some(&role)).await?;
        ensure!(given.status == 200, "{app}: {} {}", given.status, given.text);
    }
    Ok(())
}

fn what(class: &str, situation: &str) -> Value {
    let purpose = match situation {
        "expired" | "revoked" => situation,
        "other purpose" => "waiting",
        _ => "daily",
    };
    let field = if situation == "other field" { "mobile" } else { "name" };
    let key = key(class, if situation == "other row" { FIFTH } else { FIRST });
    json!({"dataset": format!("test.{class}"), "purpose": purpose, "fields": [field], "key": key})
}

fn expected(situation: &str) -> &'static str {
    match situation {
        "granted" => "ok",
        "expired" => "expired",
        "revoked" => "revoked",
        "other purpose" => "other-purpose",
        "other field" => "fields-not-granted",
        _ => "row-not-granted",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_answered_or_denied_by_its_code_and_stands_in_the_log() -> Result<()> {
    let city = city().await?;
    prepare(&city).await?;
    let auditor = city.signed_in("console", AUDITOR).await?;
    // A grant's last second. Of somebody else, so that each denial below is the first of its kind.
    let other = city.signed_in(OWN, FIFTH.0).await?;
    eventually("the short grants are over", Duration::from_secs(20), async || {
        Ok((outcome(&read(&other, &what("closed", "expired")).await?) == "expired").then_some(()))
    })
    .await?;
    for class in CLASSES {
        let clerk = if class == "closed" { PROVIDER } else { "city-security" };
        for account in [FIRST.0, clerk] {
            let client = city.signed_in(app(class), account).await?;
            for situation in SITUATIONS {
                let cell = format!("{class} × {situation} × {account}");
                let answer = read(&client, &what(class, situation)).await?;
                ensure!(outcome(&answer) == expected(situation), "{cell}: {answer}");
                check_answer(&cell, &answer)?;
                logged(&auditor, &cell, account, class, &answer).await?;
            }
        }
    }
    // To an app of another organization it is not shared, whatever it asks for.
    let citizen = city.signed_in(READER, FIRST.0).await?;
    for situation in SITUATIONS {
        let answer = read(&citizen, &what("closed", situation)).await?;
        ensure!(outcome(&answer) == "not-shared", "closed × {situation}, of another organization: {answer}");
    }
    let consoles = [("console", PROVIDER), ("console", "city-admin")];
    for (app, (site, by)) in [OWN, READER].into_iter().zip(consoles) {
        job(&city, &auditor, app, &city.signed_in(site, by).await?).await?;
    }
    Ok(())
}

/// What is answered holds the field that was asked for, and nothing else.
fn check_answer(cell: &str, answer: &Value) -> Result<()> {
    if outcome(answer) == "ok" {
        ensure!(answer["records"][0]["body"] == json!({"name": "测试"}), "{cell}: {answer}");
        ensure!(answer["records"][0]["reference"].as_str().is_some_and(|r| !r.contains(FIRST.1)), "{cell}: {answer}");
    }
    Ok(())
}

/// What the log has of this request, and of no other. A read that is about nobody is not in it.
async fn logged(auditor: &Client, cell: &str, actor: &str, class: &str, answer: &Value) -> Result<()> {
    let code = outcome(answer);
    if code == "ok" && class == "open" {
        return Ok(());
    }
    let request = answer["request"].as_str().with_context(|| format!("{cell}: no request"))?;
    let entries = entries_of(auditor, request).await?;
    let is = |e: &Value| {
        let ended = match code {
            "ok" => e["action"] == "data.read" && e["outcome"] == "answered",
            code => e["action"] == "data.denied" && e["outcome"]["denied"] == code,
        };
        ended && e["actor"] == actor && e["dataset"] == format!("test.{class}")
    };
    ensure!(entries.len() == 1 && is(&entries[0]), "{cell}: {entries:?}");
    Ok(())
}

/// The same cells, tried by the installation itself.
async fn job(city: &City, auditor: &Client, name: &str, console: &Client) -> Result<()> {
    let visitor = city.signed_in(name, FIRST.0).await?;
    let classes = CLASSES.into_iter().filter(|class| app(class) == name);
    let cells: Vec<(&str, &str)> = classes.flat_map(|c| SITUATIONS.iter().map(move |s| (c, *s))).collect();
    let tries: Vec<Value> = cells.iter().map(|(class, situation)| what(class, situation)).collect();
    let kept = visitor.post("/tries", &json!(tries)).await?;
    ensure!(kept.status == 204, "{} {}", kept.status, kept.text);
    done(console, &format!("/api/v1/installations/{name}/jobs/sweep/run"), &json!({})).await?;
    let done = eventually("the job has run", Duration::from_secs(30), async || {
        let all = visitor.get("/tries").await?.json()?["tries"].as_array().context("no tries")?.clone();
        Ok(all.iter().all(|t| !t["answer"].is_null()).then_some(all))
    })
    .await?;
    ensure!(done.len() == cells.len(), "{} of {} were tried", done.len(), cells.len());
    let service = format!("service:{name}");
    for ((class, situation), kept) in cells.iter().zip(&done) {
        let (cell, answer) = (format!("{class} × {situation} × job"), &kept["answer"]);
        let code = expected(situation);
        ensure!(outcome(answer) == code, "{cell}: {answer}");
        check_answer(&cell, answer)?;
        if code == "ok" && *class == "open" {
            continue;
        }
        // The installation itself has asked for nothing else: there is one of each.
        let action = if code == "ok" { "data.read" } else { "data.denied" };
        let query = format!("/api/v1/audit/entries?actor={service}&dataset=test.{class}&action={action}");
        eventually(&format!("the log has {cell}"), Duration::from_secs(10), async || {
            let page = auditor.get(&query).await?.json()?;
            let entries = page["entries"].as_array().with_context(|| format!("no entries: {page}"))?;
            let purpose = what(class, situation)["purpose"].clone();
            let is = |e: &&Value| {
                e["entry"]["purpose"] == purpose && (code == "ok" || e["entry"]["outcome"]["denied"] == code)
            };
            Ok(entries.iter().find(is).map(|_| ()))
        })
        .await?;
    }
    Ok(())
}
