//! Links, probes and what a line carries: acceptance lines 1 and 5. The thirty days of line 2 pass in
//! `lapses`.

use super::rooms::now;
use super::*;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::io::Read as _;

/// A school's probe: a program that signs what it found, and signs in nowhere.
pub(super) struct Probe {
    program: Client,
    school: String,
    key: Vec<u8>,
}

impl Probe {
    /// The bureau installs it.
    pub(super) async fn of(all: &Schools, n: u32) -> Result<Self> {
        made(&all.bureau, &format!("/api/schools/{}/link", school(n)), &json!({})).await?;
        Self::with_key(all, n, "key").await
    }

    async fn with_key(all: &Schools, n: u32, page: &str) -> Result<Self> {
        let school = school(n);
        let page = all.bureau.form(&format!("/schools/{school}/{page}"), &[]).await?;
        let (_, rest) = page.text.split_once("class=\"digest\">").with_context(|| page.text.clone())?;
        let key = HEXLOWER.decode(rest.split('<').next().unwrap_or_default().trim().as_bytes())?;
        Ok(Self { program: all.city.client(APP)?, school, key })
    }

    pub(super) fn signed(&self, id: &str, at: i64) -> Result<Value> {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&self.key)?;
        mac.update(format!("{id}\n{}\n{at}\ntrue\n20\n30", self.school).as_bytes());
        let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
        Ok(
            json!({"id": id, "school": self.school, "at": at, "ok": true, "mbps": 20, "latency": 30, "signature": signature}),
        )
    }

    pub(super) async fn send(&self, probe: &Value) -> Result<Answer> {
        self.program.post("/api/probes", probe).await
    }
}

/// Acceptance line 1: signed probes and nothing else move the rate.
#[tokio::test]
async fn four_of_five_verified_schools_are_80_percent_and_the_fifth_makes_it_whole() -> Result<()> {
    let all = Schools::open(5).await?;
    let anybody = all.city.client(APP)?;
    let rate = async || seen(&anybody, "/api/figures/access").await;
    for n in 1..=4 {
        let probe = Probe::of(&all, n).await?;
        let reading = probe.signed(&format!("probe-{n}-0001"), now()?)?;
        let a = probe.send(&reading).await?;
        ensure!(a.status == 200, "{} {}", a.status, a.text);
        ensure!(a.json()?["state"] == "verified", "{}", a.text);
        ensure!(probe.send(&reading).await?.status == 200, "the same again changes nothing");
    }
    let four = rate().await?;
    ensure!(four["total"]["basisPoints"] == 8_000, "{four}");
    let missing = four["total"]["missing"].as_array().context("no list")?;
    ensure!(missing.len() == 1 && missing[0]["school"] == school(5), "{four}");
    let page = anybody.page("/figures", "zh").await?;
    ensure!(page.text.contains("80.00"), "{}", page.text);
    ensure!(mapped(&page, "320324")?.contains("第 5 所小学"), "the map names it: {}", page.text);
    ensure!(!mapped(&page, "320312")?.contains("所小学"), "and nobody in 铜山: {}", page.text);

    let fifth = Probe::of(&all, 5).await?;
    let mut forged = fifth.signed("probe-5-forged", now()?)?;
    forged["mbps"] = json!(1_000);
    fifth.send(&forged).await?.problem(403)?;
    let old = fifth.signed("probe-5-old", now()? - 31 * 86_400_000)?;
    let a = fifth.send(&old).await?;
    ensure!([403, 422].contains(&a.status), "a probe of last month tells nothing: {} {}", a.status, a.text);
    ensure!(rate().await?["total"]["basisPoints"] == 8_000, "what is refused moves nothing");
    ensure!(fifth.send(&fifth.signed("probe-5-0001", now()?)?).await?.status == 200);
    ensure!(rate().await?["total"]["basisPoints"] == 10_000);
    let page = anybody.page("/figures", "zh").await?;
    ensure!(!mapped(&page, "320324")?.contains("所小学"), "nobody is missing any more: {}", page.text);
    Ok(())
}

/// A county's row of the table that the map is drawn from.
fn mapped<'a>(page: &'a Answer, county: &str) -> Result<&'a str> {
    let (_, map) = page.text.split_once("data-chart=\"map\"").with_context(|| page.text.clone())?;
    let (_, row) = map.split_once(&format!("data-code=\"{county}\"")).with_context(|| page.text.clone())?;
    Ok(row.split("</tr>").next().unwrap_or_default())
}

/// What a school could sign by itself would be a report of its own.
#[tokio::test]
async fn a_probes_key_is_the_bureaus_alone_and_one_that_leaked_signs_no_more() -> Result<()> {
    let all = Schools::open(1).await?;
    let admin = all.posted("school-1", "admin", &school(1)).await?;
    let leaked = Probe::of(&all, 1).await?;
    for page in ["key", "key/renew"] {
        let refused = admin.form(&format!("/schools/{}/{page}", school(1)), &[]).await?;
        ensure!(refused.status == 403, "{page}: {} {}", refused.status, refused.text);
    }
    let renewed = Probe::with_key(&all, 1, "key/renew").await?;
    ensure!(renewed.key != leaked.key);
    let problem = leaked.send(&leaked.signed("probe-leaked", now()?)?).await?.problem(403)?;
    ensure!(text(&problem, "type")?.ends_with("untrusted"), "{problem}");
    let a = renewed.send(&renewed.signed("probe-renewed", now()?)?).await?;
    ensure!(a.status == 200 && a.json()?["state"] == "verified", "{} {}", a.status, a.text);
    Ok(())
}

/// Acceptance line 5, as far as the class: which film the line carries, the film itself, and the pack that is taken
/// along on a stick, with the film in it as it was brought.
#[tokio::test]
async fn a_village_school_at_20_mbps_gets_the_720p_film_and_the_offline_pack() -> Result<()> {
    let all = Schools::open(1).await?;
    all.add(2, "320381102").await?;
    all.enter(3, &json!({"bandwidth": 100})).await?;
    all.curriculum().await?;
    let anybody = all.city.client(APP)?;
    let village = seen(&anybody, &format!("/api/schools/{}", school(2))).await?;
    ensure!(village["delivery"] == json!({"quality": "720p", "offline": true}), "{village}");

    let (large, small) = (film(300_000), film(100_000));
    let teacher = all.posted("teacher-1", "teacher", &school(1)).await?;
    let first = works::draft(&teacher, UNIT, ("分数.mp4", &large)).await?;
    for (quality, content) in [("1080p", &large), ("720p", &small)] {
        works::add_film(&teacher, &first, quality, content).await?;
    }
    works::publish(&all, &teacher, &first).await?;

    for (to, wanted) in [(2, &small), (3, &large)] {
        let line = seen(&anybody, &format!("/api/resources/{first}/delivery?school={}", school(to))).await?;
        ensure!(line["file"]["sha256"] == HEXLOWER.encode(&Sha256::digest(wanted)), "school {to}: {line}");
        let got = anybody.request(Method::GET, &text(&line["file"], "path")?).send().await?;
        ensure!(got.status() == 200 && got.bytes().await? == *wanted, "school {to} got another film");
        ensure!(line["pack"] == if to == 2 { json!(format!("/packs/{UNIT}")) } else { Value::Null }, "{line}");
    }

    // A line that carries not even the smallest film gets none, but the pack.
    all.enter(4, &json!({"bandwidth": 3})).await?;
    let line = seen(&anybody, &format!("/api/resources/{first}/delivery?school={}", school(4))).await?;
    ensure!(line["quality"].is_null() && line["file"].is_null() && line["pack"] == format!("/packs/{UNIT}"), "{line}");
    let none = anybody.page(&format!("/resources/{first}/file?school={}", school(4)), "zh").await?;
    ensure!(none.status == 409 && none.text.contains("离线资源包"), "{} {}", none.status, none.text);

    let path = format!("/api/packs/{UNIT}");
    made(&teacher, &path, &json!({})).await?;
    let volume = yunlong_tests::eventually("the pack is made", std::time::Duration::from_secs(20), async || {
        let pack = seen(&anybody, &path).await?;
        (pack["state"] == "ready").then(|| text(&pack["volumes"][0], "path")).transpose()
    })
    .await?;
    let archive = anybody.request(Method::GET, &volume).send().await?.error_for_status()?.bytes().await?;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive))?;
    let index: Value = serde_json::from_reader(archive.by_name("index.json")?)?;
    let listed = &index["resources"][0];
    ensure!(listed["resource"] == json!(first) && listed["licence"] == "cc-by-4.0", "{index}");
    let mut inside = Vec::new();
    archive.by_name(&text(listed, "name")?)?.read_to_end(&mut inside)?;
    ensure!(inside == small, "the pack has another film, or a broken one");
    Ok(())
}

/// The head of an MP4 file, and nothing that moves: types are told by heads.
fn film(size: usize) -> Vec<u8> {
    let mut film = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41".to_vec();
    film.extend((film.len()..size).map(|n| (n % 251) as u8));
    film
}
