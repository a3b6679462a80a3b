//! Links, probes and what a line carries: acceptance lines 1 and 5. The thirty days of line 2 pass in the scenarios, where
//! the clock can be moved.

use super::rooms::now;
use super::*;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};

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
    let map = anybody.page("/figures", "zh").await?;
    ensure!(map.text.contains("第 5 所小学") && map.text.contains("80.00"), "the page names it: {}", map.text);

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
    Ok(())
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

/// Acceptance line 5.
#[tokio::test]
async fn a_village_school_at_20_mbps_gets_the_720p_film_and_the_offline_pack() -> Result<()> {
    let all = Schools::open(0).await?;
    all.add(1, "320381102").await?;
    let found = seen(&all.city.client(APP)?, &format!("/api/schools/{}", school(1))).await?;
    ensure!(found["delivery"] == json!({"quality": "720p", "offline": true}), "{found}");
    Ok(())
}
