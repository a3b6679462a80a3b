//! Uses and students: acceptance lines 7 and 8.

use super::rooms::{Room, now, session, uses_of};
use super::*;
use futures::{StreamExt as _, TryStreamExt as _};

/// A class of six with consents, its teacher, and a resource that it used.
struct Class {
    all: Schools,
    room: Room,
    resource: String,
    guardians: Vec<(Client, String)>,
}

impl Class {
    async fn open() -> Result<Self> {
        let all = Schools::open(1).await?;
        all.curriculum().await?;
        let room = Room::open(&all, 1, "teacher-1").await?;
        let resource = works::published(&all, &room.teacher).await?;
        let mut guardians = Vec::new();
        for (n, code) in room.codes(1, 6).await?.iter().enumerate() {
            let guardian = all.city.signed_in(APP, &format!("citizen-{:03}", n + 1)).await?;
            let alone = json!({"code": code, "name": format!("学生 {n}"), "birth": "2016-09-01"});
            let problem = guardian.post("/api/children", &alone).await?.problem(422)?;
            ensure!(problem["errors"][0]["pointer"] == "/agrees", "no data without consent: {problem}");
            let child = rooms::consent(&guardian, code).await?;
            guardians.push((guardian, child));
        }
        Ok(Self { all, room, resource, guardians })
    }

    fn events(&self, n: usize) -> Result<Vec<Value>> {
        let now = now()?;
        Ok((0..n).map(|i| session(&format!("event-{i:05}"), i % 6 + 1, &self.resource, now)).collect())
    }

    async fn send(&self, events: &[Value]) -> Result<Vec<String>> {
        self.room.send(events).await
    }

    async fn uses(&self) -> Result<u64> {
        uses_of(&self.all, &self.resource).await
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
    // A new one, that two hundred send at the same moment.
    let new = [session("event-of-all", 1, &class.resource, now()?)];
    let race: Vec<Vec<String>> =
        futures::stream::iter((0..200).map(|_| class.send(&new))).buffer_unordered(200).try_collect().await?;
    let counted = race.iter().flatten().filter(|r| *r == "counted").count();
    ensure!(counted == 1 && race.iter().flatten().all(|r| r == "counted" || r == "again"), "{counted} counted");
    ensure!(class.uses().await? == 201);
    Ok(())
}

/// Acceptance line 8.
#[tokio::test]
async fn an_erased_student_leaves_no_identity_and_the_sums_as_they_were() -> Result<()> {
    let class = Class::open().await?;
    ensure!(class.send(&class.events(12)?).await?.iter().all(|r| r == "counted"));
    let students = format!("/api/classes/{}/students", class.room.id);
    let before = seen(&class.room.teacher, &students).await?;
    let anybody = class.all.city.client(APP)?;
    let figures = seen(&anybody, "/api/figures/equity").await?;
    ensure!(figures["city"]["uses"] == 12 && figures["schools"].as_array().is_some_and(|s| s.len() == 1), "{figures}");
    ensure!(before["items"].as_array().is_some_and(|s| s.len() == 6), "{before}");
    let (guardian, child) = &class.guardians[0];
    let stranger = &class.guardians[1].0;
    ensure!(stranger.send(Method::DELETE, &format!("/api/children/{child}"), None).await?.status == 404);
    answered(guardian, Method::DELETE, &format!("/api/children/{child}"), None).await?;
    let after = seen(&class.room.teacher, &students).await?;
    ensure!(
        after["items"].as_array().is_some_and(|s| s.len() == 5) && !after.to_string().contains(child.as_str()),
        "{after}"
    );
    ensure!(seen(guardian, "/api/me").await? == json!({"student": null, "children": []}));
    ensure!(class.uses().await? == 12, "what was counted stays");
    let kept = seen(&anybody, "/api/figures/equity").await?;
    ensure!(kept == figures, "of the city and of its school, of rural and urban: {figures} became {kept}");
    let mut later = class.events(1)?;
    later[0]["id"] = json!("event-later");
    ensure!(class.send(&later).await? == ["refused"], "nothing more of the child is taken");
    Ok(())
}
