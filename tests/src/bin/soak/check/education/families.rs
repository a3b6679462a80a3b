//! Children: whoever was erased is on no list any more, whoever was not is; and what they did stays counted, in their
//! resource's figures and in their school's.

use super::{Class, Value, fen, text};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;

/// Seconds of a use, by the class's device and by a child who comes and goes.
const SECONDS: [i64; 2] = [5, 7];

pub(super) async fn everything(book: &Book, class: &Class, counted: u64) -> Result<()> {
    let shown = class.teacher.get(&format!("/api/classes/{}/students", class.id)).await?.json()?;
    let there = ids(&shown["items"])?;
    let (children, leaving) = (book.noted("child"), book.noted("child who may be erased"));
    for child in children.difference(&leaving) {
        ensure!(there.contains(child), "the child {child} is gone, and nobody wished it");
    }
    for erased in book.noted("erased child") {
        let (child, guardian) = erased.split_once(' ').context("no guardian")?;
        ensure!(!there.contains(child), "the erased child {child} is on the list of the class");
        let me = class.guardians[guardian.parse::<usize>()?].get("/api/me").await?.json()?;
        ensure!(!ids(&me["children"])?.contains(child), "the guardian of the erased child {child} sees it: {me}");
    }
    let resource = class.anybody.get(&format!("/api/resources/{}", class.other)).await?.json()?;
    let many = |kind| i64::try_from(book.noted(kind).len());
    let (known, sent) = (many("child's use")?, many("child's use that was sent")?);
    let uses = fen(&resource, "uses");
    ensure!((known..=sent).contains(&uses), "{known} to {sent} uses were counted: {resource}");
    let figures = class.anybody.get("/api/figures/equity").await?.json()?;
    // A run that goes over into another month has two figures, and each is a part.
    if figures["month"] == class.month.as_str() && yunlong_tests::day(0).starts_with(&class.month) {
        school(&figures, [i64::try_from(counted)?, uses])?;
    }
    Ok(())
}

fn ids(list: &Value) -> Result<BTreeSet<String>> {
    Ok(list.as_array().with_context(|| format!("no list: {list}"))?.iter().map(|s| text(s, "id")).collect())
}

/// The school's figures are the sum of both resources' uses.
fn school(figures: &Value, uses: [i64; 2]) -> Result<()> {
    let figure = &figures["schools"][0]["figure"];
    if figure["hidden"] == true {
        return Ok(());
    }
    let (n, seconds) = (uses[0] + uses[1], uses[0] * SECONDS[0] + uses[1] * SECONDS[1]);
    let same = fen(figure, "uses") == n && fen(figure, "seconds") == seconds;
    ensure!(same, "{n} uses of {seconds} seconds were counted: {figures}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_use_that_went_with_its_child_is_found() {
        let figures = |uses: i64, seconds: i64| {
            let figure = json!({"hidden": false, "uses": uses, "seconds": seconds});
            json!({"schools": [{"figure": figure}]})
        };
        school(&figures(5, 29), [3, 2]).unwrap();
        assert!(school(&figures(4, 22), [3, 2]).is_err(), "a use is gone");
        assert!(school(&figures(5, 25), [3, 2]).is_err(), "its seconds are");
        school(&json!({"schools": [{"figure": {"hidden": true}}]}), [3, 2]).unwrap();
    }
}
