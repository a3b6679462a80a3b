//! A village that merges or changes its code: what was counted stays, and every level is the sum of those below.

use super::*;

const LEVELS: [&str; 3] = ["320300", "320324", "320324109"];

#[tokio::test]
async fn a_village_that_merges_and_one_that_changes_its_code_keep_their_figures_in_sum() -> Result<()> {
    let market = Market::open(20).await?;
    let (maker, bed) = market.bed(10).await?;
    let buyer = market.citizen(11).await?;
    let (today, month) = (yunlong_tests::day(0), yunlong_tests::day(0)[..7].to_owned());
    let of = async |code: &str, period: &str| {
        let figures = seen(&buyer, &format!("/api/figures?division={code}&period={period}")).await?;
        let sum: i64 =
            figures["below"].as_array().context("none below")?.iter().filter_map(|b| b["orders"].as_i64()).sum();
        let village = code.len() == 12;
        ensure!(
            figures["adds_up"] == true && (village || figures["of"]["orders"] == sum),
            "{code} {period}: {figures}"
        );
        figures["of"]["orders"].as_i64().context("no figure")
    };
    let sell = async || {
        let order = market.bought(&buyer, &purchase(&bed, 1)).await?;
        made(&maker, &format!("/api/store/orders/{order}/accept"), &json!({})).await.map(drop)
    };
    let change = async |village: &str, into: &str, name: Option<&str>| {
        let what = json!({"village": village, "into": into, "name": name, "on": today});
        made(&market.manager, "/api/manage/divisions", &what).await
    };
    let mut before = Vec::new();
    for level in LEVELS {
        before.push(of(level, &month).await?);
    }
    let (merged, renamed) = ("320324109001", "320324109901");
    let already = (of(DONGFENG, &month).await?, of(merged, &month).await?);
    sell().await?;
    // 东风 goes into its neighbour, and that one has another code from today on, too.
    change(DONGFENG, merged, None).await?;
    sell().await?;
    change(merged, renamed, Some("新东风村")).await?;
    sell().await?;
    let late = json!({"village": DONGFENG, "into": renamed, "on": today});
    ensure!(refused(&market.manager, "/api/manage/divisions", &late, 422).await? == "invalid-fields", "it is no more");
    let past = json!({"village": PEIXIAN, "into": "320322101202", "on": yunlong_tests::day(-1)});
    ensure!(refused(&market.manager, "/api/manage/divisions", &past, 422).await? == "invalid-fields");

    let counted = of(DONGFENG, &month).await? + of(merged, &month).await? + of(renamed, &month).await?;
    ensure!(of(DONGFENG, &month).await? == already.0 + 1, "what was counted stays where it was counted");
    ensure!(counted == already.0 + already.1 + 3, "each order is counted once: {counted}");
    for (level, before) in LEVELS.iter().zip(before) {
        ensure!(of(level, &month).await? == before + 3, "{level}: {before}");
        of(level, &month[..4]).await?;
    }
    // Two villages of yesterday are one of today.
    let coverage = seen(&buyer, "/api/coverage?division=320300").await?;
    ensure!(coverage["of"]["villages"] == 2_811, "{coverage}");
    ledger_is_sound(&market.city).await?;
    Ok(())
}
