//! The manufacturers of the demo: they are in the register of legal entities, where lenders look them up, and a citizen
//! is the legal representative of each and may act for it.

use super::{BY, hub, people};
use crate::city::City;
use anyhow::{Context, Result};
use serde_json::json;
use yunlong_identity::CompanyMandate;
use yunlong_samples::Row;

/// The app whose sample tells of them.
pub(super) const APP: &str = "logistics-finance";

/// Code, name, and which citizen represents it. As in the app's sample.
const COMPANIES: [(&str, &str, u32); 6] = [
    ("91320300MA000TX14G", "徐州示例制造一号有限公司", 11),
    ("91320300MA000TXF9E", "徐州示例制造二号有限公司", 12),
    ("91320300MA000TXG79", "徐州示例制造三号有限公司", 13),
    ("91320300MA000TXH54", "徐州示例制造四号有限公司", 14),
    ("91320300MA000TXJ1Q", "徐州示例制造五号有限公司", 16),
    ("91320300MA000TXKXG", "徐州示例制造六号有限公司", 17),
];

/// The longest that a mandate lasts: three years.
const DAYS: u32 = 1_098;

/// Enters what is missing; a company whose representative has no account in this demo is entered all the same.
pub(super) async fn seed(city: &City, citizens: u32) -> Result<()> {
    let registered = hub::marker("companies");
    if city.store.get(&registered).await?.is_none() {
        let rows = COMPANIES.iter().map(row).collect::<Result<Vec<_>>>()?;
        hub::load(city, "legal-entities.entity", "companies", rows.len() as u64, rows.into_iter()).await?;
        hub::remember(city, registered).await?;
    }
    for (code, name, representative) in COMPANIES.into_iter().filter(|c| c.2 <= citizens) {
        let given = hub::marker(&format!("mandate/{code}"));
        if city.store.get(&given).await?.is_none() {
            let papers = "营业执照、法定代表人身份证（示例）".to_owned();
            let new = CompanyMandate { code: code.to_owned(), name: name.to_owned(), papers, days: DAYS };
            let (_, invitation) = city.identity.record_company(new, BY).await?;
            let account = people::account(representative);
            city.identity.take_mandate(&account, invitation.as_str()).await.with_context(|| account)?;
            hub::remember(city, given).await?;
        }
    }
    Ok(())
}

/// What the register says of one.
fn row((code, name, representative): &(&str, &str, u32)) -> Result<Row> {
    let person = people::person(*representative).and_then(|p| p.real_name);
    let person = person.with_context(|| format!("there is no citizen {representative}"))?;
    let row = json!({
        "uscc": code,
        "name": name,
        "kind": "company",
        "representative": person,
        "industry": "C",
        "division": "320303",
        "address": "江苏省徐州市云龙区示例路1号",
        "capital": 1_000_000_000_i64,
        "founded": "2015-03-02",
        "status": "active",
    });
    row.as_object().cloned().context("a record is an object")
}
