//! A person's own record: consent before anything is read, and no longer than it stands; and two
//! installations that cannot compare what they hold.

use super::*;

const RESIDENTS: &str = "population.person";
const BIRTHDAY: &str = "own-birthday";

fn own() -> Value {
    json!({"dataset": RESIDENTS, "purpose": BIRTHDAY, "fields": ["birth_date"]})
}

async fn consent(city: &City, account: &str, installation: &str, decision: &str) -> Result<()> {
    consent_to(city, account, installation, BIRTHDAY, decision).await
}

async fn consent_to(city: &City, account: &str, installation: &str, scope: &str, decision: &str) -> Result<()> {
    let portal = city.signed_in("", account).await?;
    let fields = [("installation", installation), ("scope", scope), ("decision", decision)];
    let given = portal.form("/consent", &fields).await?;
    ensure!(given.status == 204, "{} {}", given.status, given.text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_comes_before_the_first_read_and_its_withdrawal_before_the_next() -> Result<()> {
    let city = city().await?;
    let provider = city.signed_in("console", PROVIDER).await?;
    let auditor = city.signed_in("console", AUDITOR).await?;
    let citizen = city.signed_in(READER, FIRST.0).await?;
    ensure!(outcome(&read(&citizen, &own()).await?) == "not-granted");
    grant(&provider, (READER, RESIDENTS, BIRTHDAY), &["birth_date"], &json!({})).await?;
    ensure!(outcome(&read(&citizen, &own()).await?) == "consent-required");
    consent(&city, FIRST.0, READER, "refuse").await?;
    ensure!(outcome(&read(&citizen, &own()).await?) == "consent-required");
    consent(&city, FIRST.0, READER, "give").await?;
    let answer = read(&citizen, &own()).await?;
    ensure!(answer["records"][0]["body"] == json!({"birth_date": "1971-06-12"}), "{answer}");
    let request = answer["request"].as_str().context("no request id")?;
    let entries = entries_of(&auditor, request).await?;
    let read_of = |e: &Value| {
        e["action"] == "data.read"
            && e["actor"] == FIRST.0
            && e["purpose"] == BIRTHDAY
            && e["fields"] == json!(["birth_date"])
    };
    ensure!(entries.len() == 1 && read_of(&entries[0]), "{entries:?}");
    // The typed interface is the same machinery.
    let typed = citizen.get("/typed").await?.json()?["person"].clone();
    ensure!(
        typed == json!({"birth_date": "1971-06-12", "age": null, "name": null, "released": ["birth_date"]}),
        "{typed}"
    );
    ensure!(city.client(READER)?.get("/typed").await?.json()?["denied"] == "not-signed-in");
    // Another person's consent is their own.
    ensure!(outcome(&read(&city.signed_in(READER, FIFTH.0).await?, &own()).await?) == "consent-required");
    let portal = city.signed_in("", FIRST.0).await?;
    let withdrawn = portal.form("/consents/withdraw", &[("installation", READER), ("scope", BIRTHDAY)]).await?;
    ensure!(withdrawn.status == 204, "{} {}", withdrawn.status, withdrawn.text);
    ensure!(outcome(&read(&citizen, &own()).await?) == "consent-required");
    // A grant that is revoked ends at the next call, too, and says so to the app.
    consent(&city, FIRST.0, READER, "give").await?;
    ensure!(outcome(&read(&citizen, &own()).await?) == "ok");
    let revoke = json!({"installation": READER, "dataset": RESIDENTS, "purpose": BIRTHDAY, "reason": "不再需要"});
    done(&provider, "/api/v1/hub/grants/revoke", &revoke).await?;
    ensure!(outcome(&read(&citizen, &own()).await?) == "revoked");
    Ok(())
}

/// The same person, the same record, two apps: neither subjects nor references can be compared.
#[tokio::test(flavor = "multi_thread")]
async fn two_installations_cannot_link_a_person() -> Result<()> {
    let city = city().await?;
    let token = city.token("city-admin").await?;
    let file = yunlong_tests::package(READER)?.display().to_string();
    let out = city.cli(&["install", &file, "--org", "320303", "--name", "reader-two", "--yes", "--token", &token])?;
    ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let provider = city.signed_in("console", PROVIDER).await?;
    let (mut seen, mut answers) = (Vec::new(), Vec::new());
    for installation in [READER, "reader-two"] {
        grant(&provider, (installation, RESIDENTS, BIRTHDAY), &["birth_date"], &json!({})).await?;
        consent(&city, FIRST.0, installation, "give").await?;
        let answer = read(&city.signed_in(installation, FIRST.0).await?, &own()).await?;
        let reference = answer["records"][0]["reference"].as_str().with_context(|| format!("{answer}"))?.to_owned();
        ensure!(!answer.to_string().contains(FIRST.1), "the number is in it: {answer}");
        // The same for the same installation, so that it knows the record again.
        let again = read(&city.signed_in(installation, FIRST.0).await?, &own()).await?;
        ensure!(again["records"][0]["reference"] == reference.as_str(), "{again}");
        let record = &answer["records"][0];
        ensure!(record == &again["records"][0], "read twice: {again}");
        seen.push(reference);
        answers.push(record.clone());
    }
    // Beside the value that both were given nothing is the same: no version, no day, no moment.
    ensure!(answers[0]["version"] != answers[1]["version"], "{answers:?}");
    for record in &answers {
        ensure!(record["body"] == json!({"birth_date": "1971-06-12"}), "{record}");
        ensure!(record["valid_from"] == "" && record["recorded"] == json!([""]), "{record}");
    }
    let common = |a: &str, b: &str| a.as_bytes().windows(8).any(|w| b.as_bytes().windows(8).any(|v| v == w));
    ensure!(!common(&seen[0], &seen[1]), "the references have something in common: {seen:?}");
    // Nor does one learn that the other reads: a consent to one opens nothing to the other.
    let citizen = city.signed_in("reader-two", FIFTH.0).await?;
    consent(&city, FIFTH.0, READER, "give").await?;
    ensure!(outcome(&read(&citizen, &own()).await?) == "consent-required");
    Ok(())
}

/// An attribute of the account is a read like any other: the person sees it, and that it was denied.
#[tokio::test(flavor = "multi_thread")]
async fn an_attribute_stands_in_my_data_with_the_app_its_purpose_and_the_request() -> Result<()> {
    let city = city().await?;
    let (auditor, citizen) = (city.signed_in("console", AUDITOR).await?, city.signed_in(READER, FIRST.0).await?);
    let portal = city.signed_in("", FIRST.0).await?;
    let ask = async |attribute: &str| {
        let answer = citizen.get(&format!("/attribute/{attribute}")).await?;
        let request = answer.header("x-request-id").to_owned();
        anyhow::Ok((answer.json()?, request))
    };
    let entry_of = async |request: &str| {
        let entries = entries_of(&auditor, request).await?;
        ensure!(entries.len() == 1, "{entries:?}");
        Ok(entries[0].clone())
    };
    let (denied, request) = ask("birth-date").await?;
    ensure!(denied["denied"].as_str().is_some_and(|d| d.contains("greeting")), "{denied}");
    ensure!(entry_of(&request).await?["outcome"]["denied"] == "consent-required");
    consent_to(&city, FIRST.0, READER, "greeting", "give").await?;
    let (answer, request) = ask("birth-date").await?;
    ensure!(answer["value"] == "1971-06-12", "{answer}");
    let entry = entry_of(&request).await?;
    let is = entry["action"] == "data.read"
        && entry["installation"] == READER
        && entry["purpose"] == "greeting"
        && entry["fields"] == json!(["birth-date"])
        && entry["actor"] == FIRST.0;
    ensure!(is, "{entry}");
    let shown = portal.get("/my-data/reads").await?;
    ensure!(shown.status == 200 && shown.text.contains(&request), "{} {}", shown.status, shown.text);
    ensure!(shown.text.contains("出生日期") || shown.text.contains("date of birth"), "in words: {}", shown.text);
    // Visitors are told to sign in, which is in the log as well; there is nobody whom it is about.
    let visitor = city.client(READER)?.get("/attribute/birth-date").await?;
    ensure!(entry_of(visitor.header("x-request-id")).await?["outcome"]["denied"] == "not-signed-in");
    portal.form("/consents/withdraw", &[("installation", READER), ("scope", "greeting")]).await?;
    let (denied, _) = ask("birth-date").await?;
    ensure!(denied["value"].is_null(), "{denied}");
    Ok(())
}

/// The reader has no consumer: that a job has ended is told to nobody, and the app asks. It is no dead letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_job_of_an_app_without_a_consumer_ends_and_leaves_no_dead_letter() -> Result<()> {
    let city = city().await?;
    let console = city.signed_in("console", "city-admin").await?;
    // Shared unconditionally: granted when it was asked for.
    let visitor = city.signed_in(READER, FIRST.0).await?;
    let mut read = json!({"dataset": "legal-entities.entity", "purpose": "directory", "division": "320302"});
    let started = visitor.post("/count", &read).await?.json()?;
    read["key"] = started["job"].as_str().with_context(|| format!("no job: {started}"))?.into();
    let ended = eventually("the job has ended", Duration::from_secs(30), async || {
        let state = visitor.post("/counted", &read).await?.json()?;
        ensure!(state["denied"].is_null() && state["failure"].is_null(), "{state}");
        Ok((state["ready"] == true).then_some(state))
    })
    .await?;
    ensure!(ended["page"].as_array().map_or(0, Vec::len) as u64 == ended["records"].as_u64().unwrap_or(0), "{ended}");
    // The event is behind the commit that ended the job: give it the time that a delivery takes.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let letters = console.get(&format!("/api/v1/installations/{READER}/dead-letters")).await?.json()?;
    ensure!(letters["dead_letters"] == json!([]), "{letters}");
    Ok(())
}
