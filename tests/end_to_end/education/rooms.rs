//! A class with its teacher and pupils.

use super::*;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use yunlong_tests::eventually;

/// A class of a school. Its pupils are children: each has a guardian's consent.
pub(super) struct Room {
    pub(super) teacher: Client,
    pub(super) id: String,
}

/// Now, as a device's clock says it.
pub(super) fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// A pupil's session, as a device queues it.
pub(super) fn session(id: &str, seat: usize, resource: &str, at: i64) -> Value {
    json!({"id": id, "seat": seat, "resource": resource, "at": at, "seconds": 20})
}

/// Somebody consents for a child by the seat's code; the child's number.
pub(super) async fn consent(guardian: &Client, code: &str) -> Result<String> {
    let child = json!({"code": code, "name": "学生", "birth": "2016-09-01", "agrees": true});
    text(&made(guardian, "/api/children", &child).await?, "id")
}

impl Room {
    /// Makes a class at a school and gives it to this account, which leaves whatever it taught at another one.
    pub(super) async fn open(all: &Schools, n: u32, account: &str) -> Result<Self> {
        let teacher = all.posted(account, "teacher", &school(n)).await?;
        let new = json!({"name": "三（1）班", "grade": 3, "year": 2025});
        let id = text(&made(&all.bureau, &format!("/api/schools/{}/classes", school(n)), &new).await?, "id")?;
        let posts = seen(&teacher, "/api/posts").await?;
        let mut posts = posts["items"].as_array().into_iter().flatten();
        let post = posts.find(|p| p["kind"] == "teacher" && p["at"] == school(n)).context("no post")?;
        let given = json!({"post": post["id"]});
        answered(&all.bureau, Method::PUT, &format!("/api/classes/{id}/teacher"), Some(&given)).await?;
        Ok(Self { teacher, id })
    }

    /// Codes for these seats.
    pub(super) async fn codes(&self, from: u32, to: u32) -> Result<Vec<String>> {
        let path = format!("/api/classes/{}/seat-codes", self.id);
        let codes = made(&self.teacher, &path, &json!({"from": from, "to": to})).await?;
        codes["items"].as_array().context("no codes")?.iter().map(|c| text(c, "code")).collect()
    }

    /// Children of one guardian on these seats; their numbers.
    pub(super) async fn seats(&self, guardian: &Client, from: u32, to: u32) -> Result<Vec<String>> {
        let mut children = Vec::new();
        for code in self.codes(from, to).await? {
            children.push(consent(guardian, &code).await?);
        }
        Ok(children)
    }

    /// What became of each session. What the city was too busy for is sent again, as a device does.
    pub(super) async fn send_as(&self, client: &str, sessions: &[Value]) -> Result<Vec<String>> {
        let (path, body) = (format!("/api/classes/{}/uses", self.id), json!({"client": client, "uses": sessions}));
        let answer = eventually("the uses are taken", Duration::from_secs(60), async || {
            let a = self.teacher.post(&path, &body).await?;
            ensure!(a.status == 200 || a.status == 503, "{} {}", a.status, a.text);
            Ok((a.status == 200).then_some(a))
        })
        .await?;
        answer.json()?["items"].as_array().context("no items")?.iter().map(|i| text(i, "result")).collect()
    }

    /// As [`Room::send_as`], from the app's own page.
    pub(super) async fn send(&self, sessions: &[Value]) -> Result<Vec<String>> {
        self.send_as("Mozilla/5.0", sessions).await
    }
}

/// How often a resource was used.
pub(super) async fn uses_of(all: &Schools, resource: &str) -> Result<u64> {
    let shown = seen(&all.city.client(APP)?, &format!("/api/resources/{resource}")).await?;
    shown["uses"].as_u64().with_context(|| format!("no uses: {shown}"))
}
