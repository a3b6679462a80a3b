//! Random histories: whatever is written in whatever order, the invariants of records hold.

use crate::city::{City, PERSON, id, person};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yunlong_formats::Date;
use yunlong_hub::{Find, Found, Fresh, HubError, Record};
use yunlong_store::{Direction, Key};

#[derive(Clone, Debug)]
enum Step {
    Put { who: u16, day: u8, to: Option<u8>, field: u8, value: u8 },
    Correct { who: u16, day: u8, field: u8, value: u8 },
    Close { who: u16, day: u8 },
    Erase { who: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1_u16..4;
    prop_oneof![
        6 => (who.clone(), 0_u8..40, prop::option::weighted(0.2, 0_u8..60), 0_u8..4, 0_u8..3)
            .prop_map(|(who, day, to, field, value)| Step::Put { who, day, to, field, value }),
        3 => (who.clone(), 0_u8..40, 0_u8..4, 0_u8..3)
            .prop_map(|(who, day, field, value)| Step::Correct { who, day, field, value }),
        1 => (who.clone(), 0_u8..60).prop_map(|(who, day)| Step::Close { who, day }),
        1 => who.prop_map(|who| Step::Erase { who }),
    ]
}

/// Days of October and November 2026; day 25 of them is today.
fn day(n: u8) -> String {
    if n < 31 { format!("2026-10-{:02}", n + 1) } else { format!("2026-11-{:02}", n - 30) }
}

fn fields(who: u16, field: u8, value: u8) -> Value {
    let mut all = person(who);
    match field {
        0 => all["division"] = json!(["320321", "320322", "320324"][usize::from(value)]),
        1 => all["household"] = json!(format!("H{value}")),
        2 => all["name"] = json!(format!("示例{value}")),
        _ => all["household"] = Value::Null,
    }
    all
}

async fn apply(city: &City, step: &Step) -> Result<(), HubError> {
    match step {
        Step::Put { who, day: from, to, field, value } => {
            let fresh = city.fresh(&id(*who), fields(*who, *field, *value), &day(*from));
            let valid_to = to.map(|to| day(to).parse::<Date>().unwrap());
            city.put(PERSON, Fresh { valid_to, ..fresh }).await.map(drop)
        }
        Step::Correct { who, day: from, field, value } => {
            let fresh = city.fresh(&id(*who), fields(*who, *field, *value), &day(*from));
            city.correct(PERSON, fresh).await.map(drop)
        }
        Step::Close { who, day: to } => city.close(PERSON, &id(*who), &day(*to)).await.map(drop),
        Step::Erase { who } => city.erase(PERSON, &id(*who)).await,
    }
}

async fn check(city: &City) {
    let records = city.records(PERSON);
    let mut filled: BTreeMap<String, i64> = BTreeMap::new();
    for who in 1..4 {
        let key = records.id(&id(who));
        let all = records.history(&key).await.unwrap();
        // The newest first, none overlaps with the one before it.
        for pair in all.windows(2) {
            assert!(pair[1].valid_from < pair[0].valid_from);
            let to = pair[1].valid_to.as_deref().expect("a former version has an end");
            assert!(to <= pair[0].valid_from.as_str(), "{pair:?}");
        }
        assert!(all.iter().all(|r| r.valid_to.as_ref().is_none_or(|to| *to > r.valid_from)), "{all:?}");
        // What holds today is what held as of today.
        let today: Date = "2026-11-26".parse().unwrap();
        assert_eq!(records.current(&key).await.unwrap(), records.as_of(&key, today).await.unwrap());
        // As of any day: the only version that covers it.
        for n in 0..60 {
            let on = day(n);
            let covers = |r: &&Record| r.valid_from <= on && r.valid_to.as_ref().is_none_or(|to| on < *to);
            let wanted = all.iter().find(covers).cloned();
            assert_eq!(records.as_of(&key, on.parse().unwrap()).await.unwrap(), wanted, "{on}");
        }
        // Numbers are given out once, and only grow.
        let mut versions: Vec<u64> = all.iter().map(|r| r.version).collect();
        versions.sort_unstable();
        let given = versions.len();
        versions.dedup();
        assert_eq!(versions.len(), given, "{all:?}");
        // Since when it is there without a gap, as the newest version alone tells it.
        let mut since = all.first().map(|r| r.valid_from.clone());
        for former in all.iter().skip(1) {
            if former.valid_to != since {
                break;
            }
            since = Some(former.valid_from.clone());
        }
        assert_eq!(all.first().map(|r| r.since.clone().unwrap_or(r.valid_from.clone())), since, "{all:?}");
        let newest = all.first().cloned();
        if let Some(newest) = newest {
            *filled.entry(String::new()).or_default() += 1;
            for field in newest.body.keys() {
                *filled.entry(field.clone()).or_default() += 1;
            }
        }
    }
    // Every index finds exactly what a scan of all records finds.
    let whole = records.find(&Find { limit: 500, ..Find::default() }).await.unwrap().records;
    for index in &records.dataset().indexes {
        let mut found =
            records.find(&Find { index: index.clone(), limit: 500, ..Find::default() }).await.unwrap().records;
        let mut wanted: Vec<Found> =
            whole.iter().filter(|f| index.iter().all(|i| f.record.body.contains_key(i))).cloned().collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        wanted.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(found, wanted, "{index:?}");
        for one in &wanted {
            let equals = vec![one.record.body[&index[0]].clone()];
            let find = Find { index: index.clone(), equals, limit: 500, ..Find::default() };
            assert!(records.find(&find).await.unwrap().records.contains(one));
        }
    }
    // The counters count what is there.
    let counted: BTreeMap<String, i64> = {
        let range = Key::space("@hub").text("n").text(PERSON).children();
        let all = city.store.counters(&range, 100).await.unwrap();
        let name = |k: &Key| k.parts().nth(3).map_or(String::new(), |p| format!("{p:?}"));
        all.into_iter().filter(|(_, n)| *n != 0).map(|(k, n)| (name(&k), n)).collect()
    };
    let filled: BTreeMap<String, i64> = filled
        .into_iter()
        .map(|(f, n)| (if f.is_empty() { f } else { format!("{:?}", yunlong_store::key::Part::Text(f)) }, n))
        .collect();
    assert_eq!(counted, filled);
    // Rows of indexes belong to records that are there.
    let range = Key::space("@hub").text("x").text(PERSON).children();
    let rows = city.store.scan(&range, Direction::Ascending, 1_000).await.unwrap().len();
    let most = records.dataset().indexes.len() * usize::try_from(counted.get("").copied().unwrap_or(0)).unwrap();
    assert!(rows <= most, "{rows} index rows for {most}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_versions_never_overlap_and_indexes_find_what_is_there(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let city = City::new().await;
            for step in &steps {
                match apply(&city, step).await {
                    Ok(()) | Err(HubError::Record(_) | HubError::NoSuchRecord(_)) => {}
                    Err(other) => panic!("{step:?}: {other}"),
                }
            }
            check(&city).await;
        });
    }
}
