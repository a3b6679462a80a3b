//! Equity between rural and urban schools: acceptance line 6, from sessions that pupils really had. None is older than the
//! pupil's seat: a trend comes about as the city's clock is moved on. The sample's year is played by the app's
//! `scenarios/silence.toml`.

use super::rooms::{Room, now, session};
use super::*;
use std::time::Duration;

const DAY_SECONDS: u32 = 86_400;

/// A resource, and schools of five pupils on the roll, all of which are known.
struct Rolls {
    all: Schools,
    resource: String,
    guardian: Client,
    /// How far the city's clock is ahead.
    days: u32,
}

impl Rolls {
    /// Schools 1 and 2 are rural, 3 and 4 urban; all in one county.
    async fn open() -> Result<Self> {
        let all = Schools::open(0).await?;
        for n in 1..=4 {
            all.enter(n, &json!({"pupils": 5, "setting": if n < 3 { "rural" } else { "urban" }})).await?;
        }
        all.curriculum().await?;
        let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
        let resource = works::published(&all, &teacher).await?;
        let guardian = all.city.signed_in(APP, "citizen-001").await?;
        Ok(Self { all, resource, guardian, days: 0 })
    }

    /// Days pass, and everybody signs in anew.
    async fn pass(&mut self, days: u32) -> Result<()> {
        self.all.city.restart_after(Duration::from_secs(u64::from(days * DAY_SECONDS))).await?;
        self.days += days;
        self.all.bureau = self.all.city.signed_in(APP, "education-admin").await?;
        self.guardian = self.all.city.signed_in(APP, "citizen-001").await?;
        Ok(())
    }

    /// So many sessions of so many pupils of a school, in a class of its own. `teacher-1` goes from school to school for it.
    async fn use_at(&self, n: u32, pupils: u32, sessions: usize) -> Result<Room> {
        let room = Room::open(&self.all, n, "teacher-1").await?;
        room.seats(&self.guardian, 1, pupils).await?;
        let at = now()? + i64::from(self.days * DAY_SECONDS) * 1_000;
        let (days, pupils) = (self.days, usize::try_from(pupils)?);
        let each = |i: usize| session(&format!("session-{days}-{n}-{i:04}"), i % pupils + 1, &self.resource, at);
        let taken = room.send(&(0..sessions).map(each).collect::<Vec<_>>()).await?;
        ensure!(taken.len() == sessions && taken.iter().all(|r| r == "counted"), "{taken:?}");
        Ok(room)
    }

    async fn equity(&self) -> Result<Value> {
        seen(&self.all.city.client(APP)?, "/api/figures/equity").await
    }

    fn figure(equity: &Value, n: u32) -> Result<&Value> {
        let mut schools = equity["schools"].as_array().context("no schools")?.iter();
        Ok(&schools.find(|s| s["school"] == school(n)).with_context(|| format!("no school {n}: {equity}"))?["figure"])
    }
}

/// Acceptance line 6: (10 + 22) ÷ 10 rural pupils are 3.2, (35 + 45) ÷ 10 urban ones 8.0.
#[tokio::test]
async fn rural_3_2_against_urban_8_0_uses_a_pupil_are_a_ratio_of_0_40() -> Result<()> {
    let rolls = Rolls::open().await?;
    ensure!(rolls.equity().await?["ratio"].is_null(), "nothing was used: there is no ratio");
    for (n, sessions) in [(1, 10), (2, 22), (3, 35), (4, 45)] {
        rolls.use_at(n, 5, sessions).await?;
    }
    let equity = rolls.equity().await?;
    ensure!(equity["rural"]["perPupil"] == 320 && equity["urban"]["perPupil"] == 800, "{equity}");
    ensure!(equity["ratio"] == 40, "{equity}");
    ensure!(equity["city"]["uses"] == 112 && equity["city"]["people"] == 20, "{equity}");

    let anybody = rolls.all.city.client(APP)?;
    let trend = seen(&anybody, "/api/figures/trend?months=3").await?;
    let used = json!({"month": equity["month"], "ratio": 40, "rural": 320, "urban": 800});
    ensure!(points(&trend)?.last().is_some_and(|p| **p == used), "{trend}");
    let before: Vec<&Value> = points(&trend)?.into_iter().filter(|p| p["month"] != equity["month"]).collect();
    ensure!(before.len() == 2, "three months, of which one had uses: {trend}");
    for p in before {
        // Nobody used anything: fewer than five are not shown.
        let none = p["ratio"].is_null() && p["rural"].is_null() && p["urban"].is_null();
        ensure!(none, "months without a use have no ratio: {trend}");
    }
    let behind: Vec<&Value> = trend["behind"].as_array().into_iter().flatten().map(|s| &s["school"]).collect();
    ensure!(behind == [school(1).as_str(), school(2).as_str()], "rural ones, the furthest behind first: {trend}");
    ensure!(trend["behind"][0]["figure"]["perPupil"] == 200, "{trend}");

    let month = text(&equity, "month")?;
    let page = anybody.page(&format!("/figures?month={month}"), "zh").await?;
    ensure!(page.status == 200 && page.text.contains("0.40"), "{} {}", page.status, page.text);
    ensure!(page.text.contains("3.20") && page.text.contains("8.00"), "{}", page.text);
    for name in ["第 1 所小学", "第 2 所小学"] {
        ensure!(page.text.contains(name), "{name} is not on the page: {}", page.text);
    }
    Ok(())
}

/// The points of a trend, which come in the order of their months.
fn points(trend: &Value) -> Result<Vec<&Value>> {
    let points: Vec<&Value> = trend["points"].as_array().context("no points")?.iter().collect();
    ensure!(points.is_sorted_by_key(|p| p["month"].as_str()), "{trend}");
    Ok(points)
}

/// Acceptance line 6, its trend: 3.2 against 8.0 in one month, 3.0 against 6.0 in a later one, each with its own value.
/// What the later month counts moves nothing of the one before.
#[tokio::test]
async fn the_trend_has_each_months_own_ratio_and_the_schools_behind_are_those_of_the_last_month() -> Result<()> {
    let mut rolls = Rolls::open().await?;
    for (n, sessions) in [(1, 10), (2, 22), (3, 35), (4, 45)] {
        rolls.use_at(n, 5, sessions).await?;
    }
    let first = text(&rolls.equity().await?, "month")?;
    // Longer than any month: another one it is, or, at the end of January, the one after that.
    rolls.pass(32).await?;
    for (n, sessions) in [(1, 18), (2, 12), (3, 30), (4, 30)] {
        rolls.use_at(n, 5, sessions).await?;
    }
    let equity = rolls.equity().await?;
    let last = text(&equity, "month")?;
    ensure!(last > first, "{first}, then {last}");
    ensure!(equity["ratio"] == 50 && equity["city"]["uses"] == 90, "{equity}");

    let anybody = rolls.all.city.client(APP)?;
    let trend = seen(&anybody, "/api/figures/trend?months=4").await?;
    let used: Vec<&Value> = points(&trend)?.into_iter().filter(|p| !p["ratio"].is_null()).collect();
    let wanted = [
        json!({"month": first, "ratio": 40, "rural": 320, "urban": 800}),
        json!({"month": last, "ratio": 50, "rural": 300, "urban": 600}),
    ];
    ensure!(used == wanted.iter().collect::<Vec<_>>(), "{trend}");
    ensure!(
        points(&trend)?.len() == 4 && points(&trend)?.last() == used.last(),
        "four months, this one the last: {trend}"
    );
    let behind = |trend: &Value| -> Vec<Value> {
        let schools = trend["behind"].as_array().into_iter().flatten();
        schools.map(|s| json!([s["school"], s["figure"]["perPupil"]])).collect()
    };
    ensure!(behind(&trend) == [json!([school(2), 240]), json!([school(1), 360])], "those of this month: {trend}");

    let until = seen(&anybody, &format!("/api/figures/trend?months=1&until={first}")).await?;
    ensure!(points(&until)? == [&wanted[0]], "{until}");
    ensure!(behind(&until) == [json!([school(1), 200]), json!([school(2), 440])], "those of then: {until}");
    let page = anybody.page(&format!("/figures?month={last}"), "zh").await?;
    for (month, values) in [(&first, ["0.40", "3.20", "8.00"]), (&last, ["0.50", "3.00", "6.00"])] {
        let rows: String = page.text.split("<tr>").filter(|row| row.contains(&format!(">{month}<"))).collect();
        for value in values {
            ensure!(rows.contains(&format!(">{value}<")), "{month} has no {value}: {rows}");
        }
    }
    Ok(())
}

/// Four pupils of a school are four children whom somebody could name. Nor do the school beside it and the sums tell them.
#[tokio::test]
async fn fewer_than_five_pupils_are_not_shown_nor_told_by_the_others() -> Result<()> {
    let rolls = Rolls::open().await?;
    for (n, pupils, sessions) in [(1, 5, 10), (3, 5, 10), (4, 5, 10)] {
        rolls.use_at(n, pupils, sessions).await?;
    }
    let few = rolls.use_at(2, 4, 37).await?;
    let equity = rolls.equity().await?;
    let hidden = json!({"hidden": true, "uses": null, "seconds": null, "people": null, "perPupil": null});
    ensure!(*Rolls::figure(&equity, 2)? == hidden, "{equity}");
    let shown = |of: &Value| of["hidden"] == false;
    let urban = shown(&equity["urban"]) || (shown(Rolls::figure(&equity, 3)?) && shown(Rolls::figure(&equity, 4)?));
    let all = shown(&equity["city"]) || shown(&equity["counties"][0]["figure"]);
    let rural = shown(&equity["rural"]) || (urban && all);
    ensure!(!(rural && shown(Rolls::figure(&equity, 1)?)), "the rural sum less school 1 is school 2: {equity}");
    ensure!(!equity.to_string().contains("37"), "{equity}");
    let trend = seen(&rolls.all.city.client(APP)?, "/api/figures/trend?months=1").await?;
    ensure!(trend["hidden"].to_string().contains(&school(2)), "{trend}");
    ensure!(!trend["behind"].to_string().contains(&school(2)), "{trend}");

    few.seats(&rolls.guardian, 5, 5).await?;
    ensure!(few.send(&[session("session-of-the-fifth", 5, &rolls.resource, now()?)]).await? == ["counted"]);
    let equity = rolls.equity().await?;
    let shown = Rolls::figure(&equity, 2)?;
    ensure!(shown["hidden"] == false && shown["people"] == 5 && shown["uses"] == 38, "five are shown: {equity}");
    ensure!(equity["city"]["uses"] == 68, "and nothing is hidden any more: {equity}");
    Ok(())
}
