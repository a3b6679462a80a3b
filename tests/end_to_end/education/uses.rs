//! Uses and students: acceptance lines 7 and 8.

use super::*;
use futures::{StreamExt as _, TryStreamExt as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use yunlong_tests::eventually;

/// A class of six with consents, its teacher, and a resource that it used.
struct Class {
    all: Schools,
    teacher: Client,
    id: String,
    resource: String,
    guardians: Vec<(Client, String)>,
}

impl Class {
    async fn open() -> Result<Self> {
        let all = Schools::open(1).await?;
        all.curriculum().await?;
        let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
        let resource = works::published(&all, &teacher).await?;
        let path = format!("/api/schools/{}/classes", school(1));
        let class =
            text(&made(&all.bureau, &path, &json!({"name": "三（1）班", "grade": 3, "year": 2025})).await?, "id")?;
        let post = seen(&teacher, "/api/posts").await?;
        let post = json!({"post": post["items"][0]["id"]});
        answered(&all.bureau, Method::PUT, &format!("/api/classes/{class}/teacher"), Some(&post)).await?;
        let codes = made(&teacher, &format!("/api/classes/{class}/seat-codes"), &json!({"from": 1, "to": 7})).await?;
        let codes = codes["items"].as_array().context("no codes")?.clone();
        let mut guardians = Vec::new();
        for (n, code) in codes.iter().take(6).enumerate() {
            let guardian = all.city.signed_in(APP, &format!("citizen-{:03}", n + 1)).await?;
            let mut child = json!({"code": code["code"], "name": format!("学生 {n}"), "birth": "2016-09-01"});
            let problem = guardian.post("/api/children", &child).await?.problem(422)?;
            ensure!(problem["errors"][0]["pointer"] == "/agrees", "no data without consent: {problem}");
            child["agrees"] = json!(true);
            let child = text(&made(&guardian, "/api/children", &child).await?, "id")?;
            guardians.push((guardian, child));
        }
        Ok(Self { all, teacher, id: class, resource, guardians })
    }

    fn events(&self, n: usize) -> Result<Vec<Value>> {
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let event = |i| json!({"id": format!("event-{i:05}"), "seat": i % 6 + 1, "resource": self.resource, "at": now, "seconds": 20});
        Ok((0..n).map(event).collect())
    }

    /// Sends again what the city was too busy for, as a device does.
    async fn send(&self, events: &[Value]) -> Result<Vec<String>> {
        let (path, body) = (format!("/api/classes/{}/uses", self.id), json!({"client": "Mozilla/5.0", "uses": events}));
        let answer = eventually("the uses are taken", Duration::from_secs(60), async || {
            let a = self.teacher.post(&path, &body).await?;
            ensure!(a.status == 200 || a.status == 503, "{} {}", a.status, a.text);
            Ok((a.status == 200).then_some(a))
        })
        .await?;
        let answer = answer.json()?;
        let items = answer["items"].as_array().context("no items")?;
        items.iter().map(|i| text(i, "result")).collect()
    }

    async fn uses(&self) -> Result<Value> {
        let shown = seen(&self.all.city.client(APP)?, &format!("/api/resources/{}", self.resource)).await?;
        Ok(shown["uses"].clone())
    }
}

/// Acceptance line 7: a thousand replays, two hundred of them at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_events_that_come_again_leave_the_counts_as_they_are() -> Result<()> {
    let class = Class::open().await?;
    let events = class.events(200)?;
    let first = class.send(&events).await?;
    ensure!(first.iter().all(|r| r == "counted"), "{first:?}");
    ensure!(class.uses().await? == 200);
    for _ in 0..4 {
        let again = class.send(&events).await?;
        ensure!(again.iter().all(|r| r == "again"), "{again:?}");
    }
    let singles = events.iter().map(|e| class.send(std::slice::from_ref(e)));
    let at_once: Vec<Vec<String>> = futures::stream::iter(singles).buffer_unordered(200).try_collect().await?;
    ensure!(at_once.iter().flatten().all(|r| r == "again"), "{at_once:?}");
    ensure!(class.uses().await? == 200, "{}", class.uses().await?);
    Ok(())
}

/// Acceptance line 8.
#[tokio::test]
async fn an_erased_student_leaves_no_identity_and_the_sums_as_they_were() -> Result<()> {
    let class = Class::open().await?;
    ensure!(class.send(&class.events(12)?).await?.iter().all(|r| r == "counted"));
    let students = format!("/api/classes/{}/students", class.id);
    let before = seen(&class.teacher, &students).await?;
    ensure!(before["items"].as_array().is_some_and(|s| s.len() == 6), "{before}");
    let (guardian, child) = &class.guardians[0];
    let stranger = &class.guardians[1].0;
    ensure!(stranger.send(Method::DELETE, &format!("/api/children/{child}"), None).await?.status == 404);
    answered(guardian, Method::DELETE, &format!("/api/children/{child}"), None).await?;
    let after = seen(&class.teacher, &students).await?;
    ensure!(
        after["items"].as_array().is_some_and(|s| s.len() == 5) && !after.to_string().contains(child.as_str()),
        "{after}"
    );
    ensure!(seen(guardian, "/api/me").await? == json!({"student": null, "children": []}));
    ensure!(class.uses().await? == 12, "what was counted stays");
    let mut later = class.events(1)?;
    later[0]["id"] = json!("event-later");
    ensure!(class.send(&later).await? == ["refused"], "nothing more of the child is taken");
    Ok(())
}
