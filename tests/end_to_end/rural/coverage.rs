//! The service coverage: acceptance line 7.

use super::*;
use std::collections::BTreeSet;

/// Every village in force, by walking down from the city.
async fn villages(client: &Client) -> Result<Vec<String>> {
    let mut level = vec!["320300".to_owned()];
    for _ in 0..3 {
        let mut below = Vec::new();
        for code in level {
            let answer = seen(client, &format!("/api/divisions?below={code}")).await?;
            let items = answer["divisions"].as_array().context("no divisions")?.clone();
            below.extend(items.iter().filter_map(|d| d["code"].as_str().map(str::to_owned)));
        }
        level = below;
    }
    Ok(level)
}

/// Acceptance line 7: what the sample's stations do not serve, visits do. So many are a manager's word: a keeper records a
/// few a day, in the station's own county.
#[tokio::test(flavor = "multi_thread")]
async fn of_2812_villages_2755_are_red_and_one_more_is_green() -> Result<()> {
    let market = Market::open(5).await?;
    let (keeper, station) = market.station().await?;
    let (today, month) = (yunlong_tests::day(0), yunlong_tests::day(0)[..7].to_owned());
    let coverage = async || seen(&keeper, &format!("/api/coverage?division=320300&month={month}")).await;
    let all = villages(&keeper).await?;
    ensure!(all.len() == 2_812, "{}", all.len());
    let mut served = BTreeSet::new();
    let stations = async |after: &str| seen(&keeper, &format!("/api/stations?limit=100{after}")).await;
    let page = stations("").await?;
    for s in page["stations"].as_array().context("no stations")? {
        served.extend(s["village"].as_str().map(str::to_owned));
    }
    let before = coverage().await?["of"]["served"].as_u64().context("no figure")?;
    ensure!(before == served.len() as u64, "{before} served, {} have a station", served.len());
    let missing: Vec<String> = all.into_iter().filter(|v| !served.contains(v)).collect();
    let wanted = usize::try_from(2_755 - before)?;
    let path = format!("/api/stations/{station}/visits");
    let far = json!({"village": DONGFENG, "day": today});
    ensure!(refused(&keeper, &path, &far, 422).await? == "invalid-fields", "another county");
    let visit = |village: &str| {
        let (manager, path) = (market.manager.clone(), path.clone());
        let body = json!({"village": village, "day": today});
        async move { made(&manager, &path, &body).await }
    };
    futures::stream::iter(missing[..wanted].iter().map(|v| visit(v)))
        .buffer_unordered(8)
        .try_collect::<Vec<_>>()
        .await?;
    let red = coverage().await?;
    ensure!((&red["of"]["served"], &red["of"]["villages"]) == (&json!(2_755), &json!(2_812)), "{red}");
    ensure!(red["of"]["hundredths"] == 9_797 && red["of"]["reached"] == false, "{red}");
    visit(&missing[wanted]).await?;
    visit(&missing[wanted]).await?;
    let green = coverage().await?;
    ensure!(green["of"]["hundredths"] == 9_801 && green["of"]["reached"] == true, "{green}");
    ensure!(green["formula"].to_string().contains("2756"), "the formula is shown with its numbers: {green}");
    Ok(())
}
