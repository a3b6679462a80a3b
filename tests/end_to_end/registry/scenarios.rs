//! The review plays an app's scenarios: what fails, and what a fault breaks, reviewer and vendor read.

use super::*;
use std::path::Path;

/// The app with the bug, in a folder of its own, and its package.
fn careless(version: &str) -> Result<(tempfile::TempDir, Package)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/careless");
    let dir = tempfile::tempdir()?;
    let manifest = std::fs::read_to_string(folder.join("app.toml"))?.replace("0.1.0", version);
    std::fs::write(dir.path().join("app.toml"), manifest)?;
    std::fs::create_dir(dir.path().join("scenarios"))?;
    for file in ["buy.toml", "invariants.toml"] {
        std::fs::copy(folder.join("scenarios").join(file), dir.path().join("scenarios").join(file))?;
    }
    let component = std::fs::read(yunlong_tests::component("careless")?)?;
    let package = Package::from_folder(dir.path(), &component)?;
    Ok((dir, package))
}

fn scenarios_of(checked: &Value) -> Result<Value> {
    let checks = checked["findings"]["checks"].as_array().context("no checks")?;
    checks.iter().find(|c| c["check"] == "scenarios").cloned().context("no check of scenarios")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_sold_outside_of_the_transaction_is_found_by_the_review() -> Result<()> {
    let city = Plan::with(&[]).citizens(1).args(&["--option", "registry.fault_seconds=60"]).start().await?;
    let publishing = city.publishing().await?;
    let (dir, package) = careless("0.2.0")?;
    let submission = publishing.publish(signed(package, &vendor_key()?)?.to_tar()?).await?;
    let number = submission["number"].as_u64().context("no number")?;
    let checked = publishing.checked(number).await?;
    ensure!(checked["state"] == "checks-failed", "{checked}");
    let check = scenarios_of(&checked)?;
    ensure!(check["outcome"] == "fail" && check["data"]["results"][0]["outcome"] == "broken-by-faults", "{check}");
    let said = check.to_string();
    for wanted in ["buy.toml", "each-seat-has-its-ticket", "city:data/collections.transaction.", "1 = 0"] {
        ensure!(said.contains(wanted), "`{wanted}`: {check}");
    }

    // The vendor's commands, and the page of the review, in both languages.
    let token = city.token("vendor").await?;
    let (number_arg, folder) = (number.to_string(), dir.path().display().to_string());
    for command in [["review", "show", &number_arg].as_slice(), &["status", &folder]] {
        let shown = city.cli(&[command, &["--token", &token]].concat())?;
        let shown = format!("{}{}", String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        for wanted in ["✗ buy.toml", "each-seat-has-its-ticket", "1 = 0"] {
            ensure!(shown.contains(wanted), "{command:?}: `{wanted}` is not in: {shown}");
        }
    }
    let reviewer = city.signed_in("console", "city-reviewer").await?;
    for (lang, title, seat) in [
        ("zh", "场景与不变量", "每个被占的座位都有一张票"),
        ("en", "Scenarios and invariants", "Each seat that is taken has its ticket"),
    ] {
        let page = reviewer.page(&format!("/reviews/{number}"), lang).await?;
        ensure!(page.text.contains(title) && page.text.contains(seat), "{}", page.text);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_scenarios_pass_or_that_has_none_waits_for_its_reviewer() -> Result<()> {
    // Without faults nothing is wrong with it; and that there were none is said.
    let city = Plan::with(&[]).citizens(1).start().await?;
    let publishing = city.publishing().await?;
    let (_dir, tried) = careless("0.3.0")?;
    let submission = publishing.publish(signed(tried, &vendor_key()?)?.to_tar()?).await?;
    let checked = publishing.checked(submission["number"].as_u64().context("no number")?).await?;
    ensure!(checked["state"] == "waiting", "{checked}");
    let check = scenarios_of(&checked)?;
    ensure!(check["outcome"] == "pass" && check["data"]["scenarios"] == 1, "{check}");

    let submission =
        publishing.publish(signed(package("untried", "1.0.0", &hello()?)?, &vendor_key()?)?.to_tar()?).await?;
    let checked = publishing.checked(submission["number"].as_u64().context("no number")?).await?;
    ensure!(checked["state"] == "waiting", "{checked}");
    let check = scenarios_of(&checked)?;
    ensure!(check["outcome"] == "warn" && check["data"]["ran"] == false, "{check}");
    Ok(())
}
