//! Two hundred clients at the same moment: one of them does it, and the others are told that it was done.

use super::rooms::Room;
use super::*;
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::HashMap;

const CLIENTS: usize = 200;

/// What each of the clients was answered in the end.
async fn at_once(clients: &[Client], path: &str, body: impl Fn(usize) -> Value) -> Result<Vec<Answer>> {
    let one = |n: usize| {
        let (client, body) = (&clients[n % clients.len()], body(n));
        async move { client.insist(path, &body).await }
    };
    futures::stream::iter((0..CLIENTS).map(one)).buffer_unordered(CLIENTS).try_collect().await
}

/// One answer is this status, all others are this problem.
fn one_of_all(answers: &[Answer], status: u16, others: &str) -> Result<()> {
    let won = answers.iter().filter(|a| a.status == status).count();
    ensure!(won == 1 && answers.len() == CLIENTS, "{won} won");
    for a in answers.iter().filter(|a| a.status != status) {
        let problem = a.problem(409)?;
        ensure!(text(&problem, "type")?.ends_with(others), "{problem}");
    }
    Ok(())
}

/// Two reviewers pass and reject the same work a hundred times each: one verdict stands, as whoever gave it said.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_reviewers_at_once_one_reviews_and_one_review_is_kept() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let id = works::draft(&teacher, UNIT, ("练习.txt", "一半".as_bytes())).await?;
    made(&teacher, &format!("/api/works/{id}/submit"), &json!({})).await?;
    let mut reviewers = Vec::new();
    for account in ["school-1", "school-2"] {
        reviewers.push(all.posted(account, "reviewer", &school(1)).await?);
    }
    let verdict = |n: usize| json!({"level": "school", "passed": n.is_multiple_of(2), "note": if n.is_multiple_of(2) { "" } else { "请补充" }});
    let answers = at_once(&reviewers, &format!("/api/works/{id}/reviews"), verdict).await?;
    one_of_all(&answers, 200, ":wrong-state")?;
    let work = seen(&teacher, &format!("/api/works/{id}")).await?;
    let reviews = work["reviews"].as_array().context("no reviews")?;
    ensure!(reviews.len() == 1, "{work}");
    let state = if reviews[0]["passed"] == true { "school-reviewed" } else { "rejected" };
    ensure!(work["state"] == state && reviews[0]["level"] == "school", "{work}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_that_all_publish_at_once_is_published_once() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let id = works::draft(&teacher, UNIT, ("练习.txt", "一半".as_bytes())).await?;
    let first = works::reviewed(&all, &teacher, &id).await?;
    let county = [first, all.posted("education-county-2", "county", "320312").await?, all.bureau.clone()];
    let answers = at_once(&county, &format!("/api/works/{id}/publish"), |_| json!({})).await?;
    one_of_all(&answers, 200, ":wrong-state")?;
    let work = seen(&teacher, &format!("/api/works/{id}")).await?;
    let published = work["history"].as_array().into_iter().flatten().filter(|h| h["state"] == "published").count();
    ensure!(published == 1, "{work}");
    Ok(())
}

/// Each command that makes something has a key; a client that never heard the answer sends it again.
#[tokio::test(flavor = "multi_thread")]
async fn one_key_makes_one_thing_however_many_send_it_at_once() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let schools = format!("/api/schools/{}/classes", school(1));
    let places = format!("/api/places/{}/invitations", school(1));
    let class = Room::open(&all, 1, "teacher-1").await?;
    let seats = format!("/api/classes/{}/seat-codes", class.id);
    let guardian = all.city.signed_in(APP, "citizen-001").await?;
    let child = class.seats(&guardian, 9, 9).await?.remove(0);
    let account = format!("/api/children/{child}/account-code");
    let mut work = metadata(UNIT);
    work["key"] = json!("one-work-1");
    for (client, path, body, what) in [
        (&teacher, "/api/works", work, "id"),
        (&all.bureau, &schools, json!({"name": "三（2）班", "grade": 3, "year": 2025, "key": "one-class-1"}), "id"),
        (&all.bureau, &places, json!({"kind": "reviewer", "key": "one-code-1"}), "code"),
        (&teacher, &seats, json!({"from": 1, "to": 3, "key": "seat-codes-1"}), "items"),
        (&guardian, &account, json!({"key": "account-1"}), "code"),
    ] {
        let answers = at_once(std::slice::from_ref(client), path, |_| body.clone()).await?;
        let mut made = HashMap::new();
        for a in &answers {
            ensure!(a.status == 201, "{path}: {} {}", a.status, a.text);
            *made.entry(a.json()?[what].to_string()).or_insert(0) += 1;
        }
        ensure!(made.len() == 1, "{path}: {} things of one key", made.len());
    }
    ensure!(seen(&all.bureau, &schools).await?["items"].as_array().is_some_and(|c| c.len() == 2), "and one class more");
    Ok(())
}

/// A seat's code was copied: twenty guardians, ten times each. One child sits there, with one guardian.
#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_many_guardians_claim_at_once_is_one_childs() -> Result<()> {
    let all = Schools::open(1).await?;
    let room = Room::open(&all, 1, "teacher-1").await?;
    let code = room.codes(1, 1).await?.remove(0);
    let tokens = all.city.tokens((1..=20).map(|n| format!("citizen-{n:03}"))).await?;
    let mut guardians = Vec::new();
    for token in tokens {
        guardians.push(all.city.client(APP)?.with_token(token));
    }
    let child = json!({"code": code, "name": "学生", "birth": "2016-09-01", "agrees": true});
    let answers = at_once(&guardians, "/api/children", |_| child.clone()).await?;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    ensure!(won.len() == CLIENTS / 20, "all ten of one guardian, and nobody else's: {}", won.len());
    ensure!(won.iter().all(|a| a.text == won[0].text), "the same again is the same child");
    // Who read the code before it was used and looked at the seat after it was taken hears of the seat.
    for a in lost {
        let kind = text(&a.problem(409)?, "type")?;
        ensure!(kind.ends_with(":code") || kind.ends_with(":exists"), "{}", a.text);
    }
    let students = seen(&room.teacher, &format!("/api/classes/{}/students", room.id)).await?;
    ensure!(students["items"].as_array().is_some_and(|s| s.len() == 1), "{students}");
    Ok(())
}
