//! Packages on their way through the registry of a city.

use crate::{Answer, Client};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// The demo vendor's developer, who publishes, and the city's reviewer, who approves: they are never one person.
#[derive(Clone)]
pub struct Publishing {
    pub(crate) vendor: Client,
    pub(crate) reviewer: Client,
}

impl Publishing {
    /// Submits a package's tar; answers the submission.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn publish(&self, tar: Vec<u8>) -> Result<Value> {
        let upload = self.vendor.request(reqwest::Method::POST, "/api/v1/packages").body(tar);
        let answer = Answer::read(upload.send().await?).await?;
        // 200: these bytes were submitted before.
        ensure!(matches!(answer.status, 200 | 201), "publish: {} {}", answer.status, answer.text);
        answer.json()
    }

    /// Waits for the checks of a submission to end; answers it with its findings.
    ///
    /// # Errors
    /// When they do not end.
    pub async fn checked(&self, number: u64) -> Result<Value> {
        // Written out: the future of an async closure is not known to be `Send`.
        for _ in 0..2_400 {
            let submission = self.reviewer.get(&format!("/api/v1/submissions/{number}")).await?.json()?;
            if !matches!(submission["state"].as_str(), Some("submitted" | "checking")) {
                return Ok(submission);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the checks of submission {number} did not end within four minutes")
    }

    /// Waits for the checks of a submission and approves it: from then on it can be installed.
    ///
    /// # Errors
    /// When a check failed; then the error has the findings.
    pub async fn approve(&self, number: u64) -> Result<()> {
        let checked = self.checked(number).await?;
        if checked["state"] == "approved" {
            return Ok(());
        }
        ensure!(checked["state"] == "waiting", "submission {number} cannot be reviewed: {checked}");
        let yes = json!({"remark": "looked at by the tests", "findings": checked["checked"]["findings"]});
        for (step, body) in [("assign", json!({})), ("approve", yes)] {
            let taken = self.reviewer.post(&format!("/api/v1/submissions/{number}/{step}"), &body).await?;
            ensure!(taken.status == 200, "{step}: {} {}", taken.status, taken.text);
        }
        Ok(())
    }

    /// Submits a package's tar and approves it; answers its digest.
    ///
    /// # Errors
    /// When it is refused, or a check failed.
    pub async fn publish_and_approve(&self, tar: Vec<u8>) -> Result<String> {
        let submission = self.publish(tar).await?;
        self.approve(submission["number"].as_u64().context("no number")?).await?;
        Ok(submission["digest"].as_str().context("no digest")?.to_owned())
    }
}
