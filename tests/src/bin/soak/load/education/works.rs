//! A teacher's works on their way to the catalogue: two reviewers, none of whom is the author or reviews twice, and steps
//! that nobody may skip.

use super::{Class, draft, text};
use crate::book::Book;
use crate::load::{Actor, Dice, answer, key, next, posted};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_tests::Client;

/// How the book calls a work here.
pub(crate) const WORK: &str = "work";

/// A teacher with a work at a time.
pub(crate) struct Author {
    class: Arc<Class>,
    book: Arc<Book>,
    dice: Dice,
}

impl Actor for Author {
    async fn act(&mut self) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(500 + self.dice.below(1_500))).await;
        // The words of each file are new: one file is published once.
        let work = draft(&self.class.teacher, &key(next().0, "练习")).await?;
        let class = self.class.clone();
        let [school, county] = &class.reviewers;
        let passed = |level: &str| json!({"level": level, "passed": true});
        self.refused(county, &work, "publish", &json!({})).await?;
        self.take(&class.teacher, &work, "submit", &json!({})).await?;
        self.refused(&class.teacher, &work, "reviews", &passed("school")).await?;
        self.refused(county, &work, "reviews", &passed("county")).await?;
        if self.dice.below(4) == 0 {
            let no = json!({"level": "school", "passed": false, "note": "缺少答案"});
            self.take(school, &work, "reviews", &no).await?;
            self.book.count("works that were rejected");
            return self.visible(&work, 404).await;
        }
        self.take(school, &work, "reviews", &passed("school")).await?;
        self.refused(school, &work, "reviews", &passed("county")).await?;
        self.refused(county, &work, "publish", &json!({})).await?;
        self.take(county, &work, "reviews", &passed("county")).await?;
        self.visible(&work, 404).await?;
        self.take(county, &work, "publish", &json!({})).await?;
        self.visible(&work, 200).await?;
        self.book.count("works that were published");
        if self.dice.below(3) == 0 {
            self.take(county, &work, "withdraw", &json!({"reason": "有错误"})).await?;
            self.visible(&work, 410).await?;
            self.book.count("works that were withdrawn");
        }
        Ok(())
    }
}

impl Author {
    pub(crate) fn start(book: &Arc<Book>, class: &Arc<Class>, dice: Dice) -> Self {
        Self { class: class.clone(), book: book.clone(), dice }
    }

    /// A step, which is refused when it was taken and its answer was lost.
    async fn take(&self, who: &Client, work: &str, step: &str, body: &Value) -> Result<()> {
        let path = format!("/api/works/{work}/{step}");
        let taken = posted(&self.book, who, &path, body).await?;
        ensure!([200, 409].contains(&taken.status), "{path} {body}: {} {}", taken.status, taken.text);
        let shown = if taken.status == 200 {
            taken
        } else {
            let path = format!("/api/works/{work}");
            answer(&self.book, self.class.teacher.request(Method::GET, &path)).await?
        };
        let shown = shown.json()?;
        ensure!(text(&shown, "id")? == work, "another work: {shown}");
        self.book.saw(WORK, &shown);
        Ok(())
    }

    async fn refused(&self, who: &Client, work: &str, step: &str, body: &Value) -> Result<()> {
        let path = format!("/api/works/{work}/{step}");
        let refused = posted(&self.book, who, &path, body).await?;
        if ![403, 404, 409].contains(&refused.status) {
            self.book.breach(format!("{path} {body} was taken: {} {}", refused.status, refused.text));
        }
        Ok(())
    }

    /// What anybody sees of it.
    async fn visible(&self, work: &str, status: u16) -> Result<()> {
        let path = format!("/api/resources/{work}");
        let shown = answer(&self.book, self.class.anybody.request(Method::GET, &path)).await?;
        if shown.status != status {
            self.book.breach(format!("{path} should be {status}: {} {}", shown.status, shown.text));
        }
        Ok(())
    }
}
