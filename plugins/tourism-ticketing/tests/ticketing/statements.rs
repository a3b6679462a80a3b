//! Statements of days with more tickets than one file holds.

use crate::support::*;
use serde_json::json;
use tourism_ticketing::Ticketing;
use tourism_ticketing::domain::entitlement::Entitlement;
use tourism_ticketing::domain::order::Order;
use tourism_ticketing::store::{ENTITLEMENTS, ORDERS};
use yunlong_sdk::{DataError, Query, transact};

/// Writes more orders like the first, as a busy day leaves them.
fn more(first: &str, orders: usize) {
    let order = ORDERS.get(first).unwrap().unwrap().into_value();
    let tickets: Vec<Entitlement> =
        ENTITLEMENTS.find(Query::by_id().limit(500)).unwrap().into_iter().map(|e| e.value).collect();
    for n in 0..orders {
        let id = format!("BUSY{n:08}");
        transact(|tx| {
            tx.put(&Order { id: id.clone(), ..order.clone() })?;
            for e in &tickets {
                let (id, order) = (e.id.replace(first, &id), id.clone());
                tx.put(&Entitlement { id, order, claim: None, ..e.clone() })?;
            }
            Ok::<(), DataError>(())
        })
        .unwrap();
    }
}

#[test]
fn a_day_of_eight_thousand_tickets_and_more_is_summed_whole_and_filed_in_parts() {
    let x = Xuzhou::new();
    x.configure("max_visitors", 30);
    let mut order = guishan(0);
    order["visitors"] = (0..30).map(visitor).collect();
    more(&x.bought(&order), 270);
    x.as_manager(|| {
        let s = x.api(&format!("/api/statement?from={}&attraction=guishan", day(1))).body_json();
        assert_eq!((s["lines"][0]["tickets"].clone(), s["kept"].clone()), (json!(8_130), json!(48_780_000)));
        let page = x.get::<Ticketing>(&format!("/sales/statement?from={}", day(1))).body_text();
        assert!(page.contains("487,800.00") && page.contains("file=2") && !page.contains("file=3"), "two files");
        let file = |format: &str, n: &str| {
            x.get::<Ticketing>(&format!("/sales/statement/file?format={format}&file={n}&from={}", day(1)))
        };
        let (one, two) = (file("tickets", "1"), file("tickets", "2"));
        let rows =
            |file: &yunlong_sdk::Response| file.body_text().lines().skip(1).map(ToOwned::to_owned).collect::<Vec<_>>();
        let (first, second) = (rows(&one), rows(&two));
        assert_eq!((first.len(), second.len()), (8_000, 130));
        let all: std::collections::BTreeSet<&String> = first.iter().chain(&second).collect();
        assert_eq!(all.len(), 8_130, "each ticket stands in one file");
        assert!(two.header_value("content-disposition").unwrap().contains("-2-of-2"));
        assert!(file("xlsx", "2").body().starts_with(b"PK"));
        for none in ["3", "0", "x"] {
            assert_eq!(file("tickets", none).code().as_u16(), 404, "{none}");
        }
    });
}
