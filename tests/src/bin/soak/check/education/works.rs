//! Works: what anybody sees is what was published by two reviewers, and nothing else.

use super::{Class, Map, all_of, kept, pages, text};
use crate::book::Book;
use crate::load::education::WORK;
use anyhow::{Result, ensure};
use std::collections::BTreeSet;

/// The way to the catalogue.
const WAY: [&str; 4] = ["submitted", "school-reviewed", "county-reviewed", "published"];

pub(super) async fn everything(book: &Book, class: &Class) -> Result<()> {
    let works = all_of(&class.teacher, "/api/works").await?;
    kept(book, WORK, &works)?;
    let seen = pages(&class.anybody, "/api/resources", "items").await?;
    catalogue(&works, &seen.iter().map(|r| text(r, "id")).collect())
}

fn catalogue(works: &Map, seen: &BTreeSet<String>) -> Result<()> {
    for id in seen {
        ensure!(works.contains_key(id), "nobody wrote the resource {id}");
    }
    for (id, work) in works {
        let published = work["state"] == "published";
        ensure!(published == seen.contains(id), "anybody sees it: {}: {work}", seen.contains(id));
        let passed: Vec<String> = work["history"].as_array().into_iter().flatten().map(|h| text(h, "state")).collect();
        let at = passed.iter().position(|state| state == "published");
        let way = at.is_none_or(|at| at + 1 >= WAY.len() && passed[at + 1 - WAY.len()..=at] == WAY);
        ensure!(way && published <= at.is_some(), "published on another way: {work}");
        ensure!(work["state"] == passed.last().map_or("", |s| s), "{work}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_visible_and_not_reviewed_twice_is_found() {
        let works = |states: &[&str]| {
            let history: Vec<Value> = states.iter().map(|s| json!({ "state": s })).collect();
            let work = json!({"id": "w", "state": states.last().unwrap(), "history": history});
            Map::from([("w".to_owned(), work)])
        };
        let (seen, nothing) = (BTreeSet::from(["w".to_owned()]), BTreeSet::new());
        let way = ["draft", "submitted", "school-reviewed", "county-reviewed", "published"];
        catalogue(&works(&way), &seen).unwrap();
        catalogue(&works(&["draft"]), &nothing).unwrap();
        let withdrawn: Vec<&str> = way.into_iter().chain(["withdrawn"]).collect();
        catalogue(&works(&withdrawn), &nothing).unwrap();
        assert!(catalogue(&works(&way), &nothing).is_err(), "lost");
        assert!(catalogue(&works(&withdrawn), &seen).is_err(), "seen still");
        assert!(catalogue(&works(&["draft", "submitted"]), &seen).is_err());
        let short = ["draft", "submitted", "school-reviewed", "published"];
        assert!(catalogue(&works(&short), &seen).is_err(), "one reviewer");
        assert!(catalogue(&Map::new(), &seen).is_err(), "nobody's");
    }
}
