//! What happens by itself when nobody acts: the city's clock is moved on while it is restarted.

use super::rooms::now;
use super::schools::Probe;
use super::*;
use std::time::Duration;
use yunlong_tests::eventually;

const DAY_MS: i64 = 86_400_000;

/// Days pass.
async fn days(all: &mut Schools, days: u64) -> Result<()> {
    all.city.restart_after(Duration::from_secs(days * 86_400)).await
}

/// Acceptance line 2: of two verified schools one goes on sending. Thirty days after its last probe the other's link is
/// lost, and the rate drops; a new probe brings both back.
#[tokio::test]
async fn a_probe_that_is_silent_for_thirty_days_is_a_lost_link_and_the_rate_drops() -> Result<()> {
    let mut all = Schools::open(2).await?;
    let anybody = all.city.client(APP)?;
    let rate = async || Ok::<_, anyhow::Error>(seen(&anybody, "/api/figures/access").await?["total"].clone());
    let (goes_on, falls_silent) = (Probe::of(&all, 1).await?, Probe::of(&all, 2).await?);
    let probed = async |probe: &Probe, id: &str, after: i64| -> Result<Value> {
        let a = probe.send(&probe.signed(id, now()? + after * DAY_MS)?).await?;
        ensure!(a.status == 200, "{id}: {} {}", a.status, a.text);
        a.json()
    };
    for (probe, id) in [(&goes_on, "probe-1-0001"), (&falls_silent, "probe-2-0001")] {
        ensure!(probed(probe, id, 0).await?["state"] == "verified");
    }
    days(&mut all, 20).await?;
    probed(&goes_on, "probe-1-0002", 20).await?;
    ensure!(rate().await?["basisPoints"] == 10_000, "twenty days are none to be lost by: {}", rate().await?);
    days(&mut all, 11).await?;
    let dropped = eventually("the nightly job finds the silent link", Duration::from_secs(60), async || {
        Ok(Some(rate().await?).filter(|r| r["basisPoints"] == 5_000))
    })
    .await?;
    ensure!(dropped["missing"].as_array().is_some_and(|m| m.len() == 1 && m[0]["school"] == school(2)), "{dropped}");
    let lost = seen(&anybody, &format!("/api/schools/{}", school(2))).await?;
    ensure!(lost["link"]["state"] == "lost", "{lost}");
    ensure!(probed(&falls_silent, "probe-2-0002", 31).await?["state"] == "verified", "it speaks again");
    ensure!(rate().await?["basisPoints"] == 10_000);
    Ok(())
}

/// As a city runs it: one good day is none to be verified by, nor are three probes of one day.
#[tokio::test]
async fn a_link_is_verified_by_probes_of_three_days() -> Result<()> {
    let mut all = Schools::verified_after(3, 1).await?;
    let anybody = all.city.client(APP)?;
    let probe = Probe::of(&all, 1).await?;
    for (day, probes, state) in [(0, 3, "connected"), (1, 1, "connected"), (2, 1, "verified")] {
        if day > 0 {
            days(&mut all, 1).await?;
        }
        for n in 0..probes {
            let a = probe.send(&probe.signed(&format!("probe-{day}-000{n}"), now()? + day * DAY_MS)?).await?;
            ensure!(a.status == 200 && a.json()?["state"] == state, "day {day}, {n}: {} {}", a.status, a.text);
        }
        let rate = seen(&anybody, "/api/figures/access").await?["total"]["basisPoints"].clone();
        ensure!(rate == if state == "verified" { 10_000 } else { 0 }, "day {day}: {rate}");
    }
    Ok(())
}
