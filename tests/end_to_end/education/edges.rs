//! Edges of the domain, each as the people and programs meet it.

use super::rooms::{Room, now, session, uses_of};
use super::schools::Probe;
use super::*;
use yunlong_tests::day;

async fn access(all: &Schools) -> Result<Value> {
    Ok(seen(&all.city.client(APP)?, "/api/figures/access").await?["total"].clone())
}

async fn verify(all: &Schools, n: u32) -> Result<()> {
    let probe = Probe::of(all, n).await?;
    let a = probe.send(&probe.signed(&format!("probe-{n}-0001"), now()?)?).await?;
    ensure!(a.status == 200 && a.json()?["state"] == "verified", "{} {}", a.status, a.text);
    Ok(())
}

/// Counted anew from its events, the month says the same.
async fn counts_reproduce(all: &Schools) -> Result<()> {
    let recounted = all.bureau.form("/figures/recount", &[("month", &day(0)[..7])]).await?;
    ensure!(recounted.status == 200 && recounted.text.contains("完全一致"), "{} {}", recounted.status, recounted.text);
    Ok(())
}

#[tokio::test]
async fn a_nine_year_school_counts_once_and_a_kindergarten_not_at_all() -> Result<()> {
    let all = Schools::open(1).await?;
    all.enter(2, &json!({"kind": "nine-year"})).await?;
    all.enter(3, &json!({"kind": "kindergarten"})).await?;
    verify(&all, 2).await?;
    verify(&all, 3).await?;
    let rate = access(&all).await?;
    ensure!(rate["verified"] == 1 && rate["inService"] == 2 && rate["basisPoints"] == 5_000, "{rate}");
    Ok(())
}

#[tokio::test]
async fn a_school_that_closes_in_mid_term_leaves_the_rate_and_what_it_used_stays() -> Result<()> {
    let all = Schools::open(2).await?;
    all.curriculum().await?;
    verify(&all, 2).await?;
    let room = Room::open(&all, 1, "teacher-1").await?;
    let resource = works::published(&all, &room.teacher).await?;
    room.seats(&all.city.signed_in(APP, "citizen-001").await?, 1, 1).await?;
    // From five on it is told how many there are.
    let sessions = (1..=5).map(|n| anyhow::Ok(session(&format!("before-the-end-{n}"), 1, &resource, now()?)));
    let sent = room.send(&sessions.collect::<Result<Vec<_>>>()?).await?;
    ensure!(sent.iter().all(|r| r == "counted"), "{sent:?}");
    ensure!(access(&all).await?["basisPoints"] == 5_000);
    let end = format!("/api/schools/{}/end", school(1));
    let closed = made(&all.bureau, &end, &json!({"how": "closed", "day": day(0)})).await?;
    ensure!(closed["ending"]["how"] == "closed", "{closed}");
    let rate = access(&all).await?;
    ensure!(rate["inService"] == 1 && rate["basisPoints"] == 10_000, "{rate}");
    ensure!(uses_of(&all, &resource).await? == 5, "its works and what was counted are still there");
    let problem = all.bureau.post(&end, &json!({"how": "closed", "day": day(1)})).await?.problem(409)?;
    ensure!(problem["state"] == "closed" && problem["allowed"] == json!([]), "it ends once: {problem}");
    counts_reproduce(&all).await
}

/// What a pupil used before the move belongs to the school before, also when it comes late and from the new class.
#[tokio::test]
async fn a_merger_in_mid_term_leaves_each_use_with_the_school_where_it_happened() -> Result<()> {
    let all = Schools::open(0).await?;
    for n in [1, 2] {
        all.enter(n, &json!({"pupils": 5})).await?;
    }
    all.curriculum().await?;
    let old = Room::open(&all, 1, "teacher-1").await?;
    let resource = works::published(&all, &old.teacher).await?;
    let pupils = old.seats(&all.city.signed_in(APP, "citizen-001").await?, 1, 5).await?;
    let before = now()?;
    let queued: Vec<Value> = (1..=5).map(|s| session(&format!("queued-{s}-before"), s, &resource, before)).collect();

    // From tomorrow: today it still counts in its last month, whichever day of the month this is.
    let end = json!({"how": "merged", "into": school(2), "day": day(1)});
    made(&all.bureau, &format!("/api/schools/{}/end", school(1)), &end).await?;
    let new = Room::open(&all, 2, "teacher-2").await?;
    for (pupil, seat) in pupils.iter().zip(1..) {
        made(&all.bureau, &format!("/api/classes/{}/students", new.id), &json!({"student": pupil, "seat": seat}))
            .await?;
    }
    ensure!(old.send(&queued).await?.iter().all(|r| r == "refused"), "nobody sits in the old class any more");
    ensure!(new.send(&queued).await?.iter().all(|r| r == "counted"), "and nothing of the queue is lost");
    let (first, second) = (now()?, now()?);
    for (id, at) in [("a", first), ("b", second)] {
        let after: Vec<Value> = (1..=5).map(|s| session(&format!("after-{id}-{s}"), s, &resource, at)).collect();
        ensure!(new.send(&after).await?.iter().all(|r| r == "counted"));
    }
    let equity = seen(&all.city.client(APP)?, "/api/figures/equity").await?;
    let uses: Vec<&Value> = equity["schools"].as_array().into_iter().flatten().map(|s| &s["figure"]["uses"]).collect();
    ensure!(uses == [&json!(5), &json!(10)], "{equity}");
    counts_reproduce(&all).await
}

/// A class without a network comes back: its queue is sent, the server dies, and the device sends all of it again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_class_queued_offline_counts_once_though_the_server_dies_while_it_is_sent() -> Result<()> {
    let mut all = Schools::open(1).await?;
    all.curriculum().await?;
    let room = Room::open(&all, 1, "teacher-1").await?;
    let resource = works::published(&all, &room.teacher).await?;
    room.seats(&all.city.signed_in(APP, "citizen-001").await?, 1, 6).await?;
    let at = now()?;
    let queue: Vec<Value> = (0..200).map(|i| session(&format!("queued-{i:05}"), i % 6 + 1, &resource, at)).collect();
    let sending = {
        let (teacher, path) = (room.teacher.clone(), format!("/api/classes/{}/uses", room.id));
        let body = json!({"uses": queue});
        tokio::spawn(async move { teacher.post(&path, &body).await })
    };
    // Some of its chunks are committed by then, and some not; which is up to the machine.
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    all.city.kill();
    let _ = sending.await?;
    all.city.restart().await?;
    all.bureau = all.city.signed_in(APP, "education-admin").await?;
    let room = Room { teacher: all.city.signed_in(APP, "teacher-1").await?, ..room };
    let again = room.send(&queue).await?;
    ensure!(again.iter().all(|r| r == "counted" || r == "again"), "{again:?}");
    ensure!(uses_of(&all, &resource).await? == 200);
    counts_reproduce(&all).await?;

    // One that cannot be holds up no other: a clock that is ahead, one of last winter, a seat without a consent.
    let odd = [
        session("of-tomorrow", 1, &resource, at + 86_400_000),
        session("of-last-winter", 1, &resource, at - 61 * 86_400_000),
        session("of-nobody", 7, &resource, at),
        session("of-no-work", 1, "nowhere.1", at),
        session("a-good-one", 1, &resource, at),
    ];
    ensure!(room.send(&odd).await? == ["refused", "refused", "refused", "refused", "counted"]);
    ensure!(uses_of(&all, &resource).await? == 201);
    Ok(())
}

#[tokio::test]
async fn programs_are_kept_apart_from_pupils_by_stated_rules() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let room = Room::open(&all, 1, "teacher-1").await?;
    let resource = works::published(&all, &room.teacher).await?;
    room.seats(&all.city.signed_in(APP, "citizen-001").await?, 1, 1).await?;
    let at = now()?;
    for (n, program) in ["Googlebot/2.1", "curl/8.5", "python-requests/2", "HeadlessChrome/120"].iter().enumerate() {
        let sent = [session(&format!("program-{n}"), 1, &resource, at)];
        ensure!(room.send_as(program, &sent).await? == ["machine"], "{program}");
    }
    let lasting = |id: &str, seconds: u32| {
        let mut of = session(id, 1, &resource, at);
        of["seconds"] = json!(seconds);
        of
    };
    let odd = [lasting("too-short", 2), lasting("too-long-1", 4 * 3600 + 1)];
    ensure!(room.send(&odd).await? == ["too-short", "too-long"]);
    let many: Vec<Value> = (0..62).map(|i| session(&format!("many-{i:04}"), 1, &resource, at)).collect();
    let taken = room.send(&many).await?;
    ensure!(taken[..60].iter().all(|r| r == "counted") && taken[60..] == ["too-many", "too-many"], "{taken:?}");
    ensure!(uses_of(&all, &resource).await? == 60, "what is not counted is kept and moves no figure");
    counts_reproduce(&all).await?;
    let page = all.city.client(APP)?.page("/help", "en").await?;
    ensure!(
        page.text.contains("More than 60 sessions of one pupil within an hour"),
        "the rules are stated: {}",
        page.text
    );
    Ok(())
}

#[tokio::test]
async fn the_same_file_under_another_licence_is_refused_and_the_first_one_is_named() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let first = works::published(&all, &teacher).await?;
    let second = works::draft(&teacher, UNIT, ("另一份.txt", "一半和四分之一".as_bytes())).await?;
    let mut other = metadata(UNIT);
    other["licence"] = json!("cc0");
    answered(&teacher, Method::PUT, &format!("/api/works/{second}"), Some(&other)).await?;
    let problem = teacher.post(&format!("/api/works/{second}/submit"), &json!({})).await?.problem(409)?;
    ensure!(text(&problem, "type")?.ends_with(":same-file") && problem["resource"] == first, "{problem}");
    let kept = seen(&teacher, &format!("/api/works/{second}")).await?;
    ensure!(kept["state"] == "draft" && kept["input"]["licence"] == "cc0", "the draft is not lost: {kept}");
    // The way that the problem names: revised by its own school, the work has the other licence.
    let revised = made(&teacher, &format!("/api/works/{first}/revise"), &json!({})).await?;
    let revised = text(&revised, "id")?;
    answered(&teacher, Method::PUT, &format!("/api/works/{revised}"), Some(&other)).await?;
    works::publish(&all, &teacher, &revised).await?;
    let found = seen(&all.city.client(APP)?, "/api/resources").await?;
    let found = found["items"].as_array().context("no items")?;
    ensure!(found.len() == 1 && found[0]["id"] == revised && found[0]["metadata"]["licence"] == "cc0", "{found:?}");
    Ok(())
}

#[tokio::test]
async fn a_teacher_who_moves_leaves_the_class_and_keeps_what_is_theirs() -> Result<()> {
    let all = Schools::open(2).await?;
    all.curriculum().await?;
    let room = Room::open(&all, 1, "teacher-1").await?;
    let work = works::published(&all, &room.teacher).await?;
    room.seats(&all.city.signed_in(APP, "citizen-001").await?, 1, 1).await?;
    made(&room.teacher, "/api/space/shelf", &json!({ "resource": work })).await?;
    let moved = all.posted("teacher-1", "teacher", &school(2)).await?;

    let posts = seen(&moved, "/api/posts").await?;
    ensure!(posts["items"].as_array().is_some_and(|p| p.len() == 1 && p[0]["at"] == school(2)), "{posts}");
    ensure!(seen(&moved, "/api/classes").await?["items"] == json!([]));
    moved.get(&format!("/api/classes/{}/students", room.id)).await?.problem(403)?;
    let late = json!({"uses": [session("of-the-old-class", 1, &work, now()?)]});
    moved.post(&format!("/api/classes/{}/uses", room.id), &late).await?.problem(403)?;
    ensure!(refused(&moved, &format!("/api/works/{work}/revise"), &json!({})).await? == "not-permitted");

    ensure!(seen(&moved, "/api/space").await?["shelf"][0]["id"] == work, "the own space moves along");
    let shown = seen(&all.city.client(APP)?, &format!("/api/resources/{work}")).await?;
    ensure!(shown["school"] == school(1), "what was published stays with its school: {shown}");
    let next = works::draft(&moved, UNIT, ("新.txt", "新的".as_bytes())).await?;
    ensure!(seen(&moved, &format!("/api/works/{next}")).await?["school"] == school(2));
    Ok(())
}

/// A browser and an offline class have copies: neither shows them once the resource is withdrawn.
#[tokio::test]
async fn a_withdrawal_reaches_the_copies_that_were_made() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let work = works::published(&all, &teacher).await?;
    let anybody = all.city.client(APP)?;
    let path = format!("/resources/{work}/file");
    let copy = Answer::read(anybody.request(Method::GET, &path).send().await?).await?;
    ensure!(copy.status == 200 && copy.header("cache-control") == "private, no-cache", "{:?}", copy.headers);
    let asked = |tag: &str| anybody.request(Method::GET, &path).header("if-none-match", tag.to_owned()).send();
    ensure!(asked(copy.header("etag")).await?.status() == 304, "a copy that is asked about serves");

    let withdraw = format!("/api/works/{work}/withdraw");
    let county = all.posted("education-county-1", "county", "320312").await?;
    let problem = county.post(&withdraw, &json!({})).await?.problem(422)?;
    ensure!(problem["errors"][0]["pointer"] == "/reason", "{problem}");
    made(&county, &withdraw, &json!({"reason": "授权有争议"})).await?;

    let ended = Answer::read(asked(copy.header("etag")).await?).await?.problem(410)?;
    ensure!(text(&ended, "type")?.ends_with(":withdrawn"), "{ended}");
    for path in [format!("/api/resources/{work}"), format!("/api/resources/{work}/delivery?school={}", school(1))] {
        anybody.get(&path).await?.problem(410)?;
    }
    let told = seen(&anybody, "/api/withdrawals").await?;
    ensure!(told["items"][0]["resource"] == work, "what an offline class asks: {told}");
    ensure!(told["items"][0]["sha256"].as_str().is_some_and(|h| copy.header("etag").contains(h)), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_textbook_edition_that_changes_keeps_its_resources_and_takes_no_new_ones() -> Result<()> {
    let all = Schools::open(1).await?;
    all.curriculum().await?;
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let work = works::published(&all, &teacher).await?;
    let edition = "primary.math.3.1";
    for (parent, code) in [(edition, "e2"), ("primary.math.3.1.e2", "1")] {
        let node = json!({"parent": parent, "code": code, "zh": "新版", "en": "New edition", "order": 2});
        made(&all.bureau, "/api/curriculum", &node).await?;
    }
    let change = format!("/api/curriculum/{edition}.e1/change");
    all.bureau.post(&change, &json!({"to": "primary.math"})).await?.problem(422)?;
    made(&all.bureau, &change, &json!({"to": "primary.math.3.1.e2"})).await?;

    let anybody = all.city.client(APP)?;
    let found = seen(&anybody, &format!("/api/resources?node={UNIT}")).await?;
    ensure!(found["items"][0]["id"] == work, "it stands where it stood: {found}");
    let new = anybody.get("/curriculum/primary.math.3.1.e2.1").await?;
    ensure!(new.status == 200 && new.text.contains(&work), "it is found from the new edition, too: {}", new.text);
    let old = seen(&anybody, &format!("/api/curriculum/{UNIT}")).await?;
    ensure!(old["active"] == false && old["replacedBy"] == "primary.math.3.1.e2.1", "{old}");
    let late = works::draft(&teacher, UNIT, ("新.txt", "新的".as_bytes())).await?;
    let problem = teacher.post(&format!("/api/works/{late}/submit"), &json!({})).await?.problem(422)?;
    ensure!(problem["errors"][0]["pointer"] == "/node", "nothing new stands in the old one: {problem}");
    Ok(())
}

/// A child who types an older birth is a child still; who is grown takes a seat by the date of birth that the city has.
#[tokio::test]
async fn the_age_of_who_takes_a_seat_alone_is_the_citys_and_asked_of_its_owner() -> Result<()> {
    let all = Schools::open(1).await?;
    let room = Room::open(&all, 1, "teacher-1").await?;
    let codes = room.codes(1, 2).await?;
    // Citizen 19 of the demonstration was born in 2016.
    for (account, code, status) in [("citizen-019", &codes[0], 403), ("citizen-001", &codes[1], 201)] {
        let who = all.city.signed_in(APP, account).await?;
        let seat = json!({"code": code, "name": "学生", "birth": "1990-01-01"});
        let asked = who.post("/api/me/seat", &seat).await?.problem(403)?;
        ensure!(asked["scope"] == "student-birth", "{asked}");
        let portal = all.city.signed_in("", account).await?;
        let given = [("installation", APP), ("scope", "student-birth"), ("decision", "give")];
        let given = portal.form("/consent", &given).await?;
        ensure!(given.status == 204, "{} {}", given.status, given.text);
        let taken = who.post("/api/me/seat", &seat).await?;
        ensure!(taken.status == status, "{account}: {} {}", taken.status, taken.text);
        ensure!(status == 201 || taken.text.contains("guardian-needed"), "{}", taken.text);
    }
    Ok(())
}
