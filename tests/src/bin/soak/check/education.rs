//! Education: every use that was acknowledged is kept, and counted once however often it is sent.

mod families;
mod works;

use super::{Map, Value, all_of, fen, kept, pages, text};
use crate::book::{Book, Use};
use crate::load::education::Class;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// Uses that are sent at once.
const BATCH: usize = 100;
/// Acknowledged uses that are sent once more, the newest.
const AGAIN: usize = 500;
/// What is counted of a pupil in an hour, by the department's published rule.
const AN_HOUR: u64 = 60;
const HOUR: u64 = 3_600_000;

pub(super) async fn everything(book: &Book, class: &Class) -> Result<()> {
    let uses = book.all_uses();
    // What a device has not heard of it sends until it does; and again what it has heard of.
    let open = uses.values().filter(|u| !u.acknowledged);
    let mut newest: Vec<&Use> = uses.values().filter(|u| u.acknowledged).collect();
    newest.sort_unstable_by_key(|u| std::cmp::Reverse(u.sent["at"].as_u64()));
    let all: Vec<Value> = open.chain(newest.into_iter().take(AGAIN)).map(|u| u.sent.clone()).collect();
    for batch in all.chunks(BATCH) {
        for (id, result) in class.send(book, batch).await? {
            let known = uses.get(&id).with_context(|| format!("nobody sent the use {id}"))?;
            ensure!(!known.acknowledged || result == "again", "the acknowledged use {id} is lost: {result}");
            ensure!(result != "refused", "the use {id} is refused: {}", known.sent);
            book.used(&id);
        }
    }
    let resource = class.anybody.get(&format!("/api/resources/{}", class.resource)).await?.json()?;
    let counted = counted(uses.values().map(|u| &u.sent));
    ensure!(resource["uses"] == counted, "{counted} uses count, and it says {resource}");
    families::everything(book, class, counted).await?;
    works::everything(book, class).await
}

/// How many count: all but what a pupil does too often within an hour.
fn counted<'a>(uses: impl Iterator<Item = &'a Value>) -> u64 {
    let mut hours: BTreeMap<(Option<u64>, Option<u64>), u64> = BTreeMap::new();
    for sent in uses {
        *hours.entry((sent["seat"].as_u64(), sent["at"].as_u64().map(|at| at / HOUR))).or_default() += 1;
    }
    hours.values().map(|n| (*n).min(AN_HOUR)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sixty_of_a_pupil_count_within_an_hour() {
        let of = |seat: u64, hour: u64, n: usize| std::iter::repeat_n(json!({"seat": seat, "at": hour * HOUR + 5}), n);
        let all: Vec<Value> = of(1, 1, 61).chain(of(1, 2, 60)).chain(of(2, 1, 3)).collect();
        assert_eq!(counted(all.iter()), 60 + 60 + 3);
    }
}
