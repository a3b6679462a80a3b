//! What the demo has in the information hub: departments that provide the base datasets, and a small
//! synthetic city in them, with the demo's citizens among its people.

use super::{BY, CITY, PASSWORD, people};
use crate::city::City;
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use yunlong_hub::{Actor, ImportRow, Mask, NewImport, RequestFilter};
use yunlong_identity::{AccountKind, Attributes, NewAccount, Organization, OrganizationLevel, PlatformRole};
use yunlong_model::{Clock as _, Kind, SystemClock};
use yunlong_samples::{Citizen, DATASETS, Row, citizen_rows};
use yunlong_store::{Key, Txn};

/// What the city is drawn from: the same as `yunlong hub generate` takes by default.
const SEED: u64 = 320_300;
/// Requests of the demo's apps to one provider: a handful.
const MOST_REQUESTS: usize = 100;
/// Rows of a batch.
const BATCH: usize = 1_000;
/// The day from which the samples hold: long ago enough for whatever is asked of the past.
const SINCE: &str = "2015-01-01";

/// A department that provides base datasets, with a synthetic code.
struct Provider {
    code: &'static str,
    name: &'static str,
    account: &'static str,
    official: &'static str,
    datasets: &'static [&'static str],
}

const PROVIDERS: [Provider; 5] = [
    Provider {
        code: "11320300MB000YL23J",
        name: "徐州市公安局（示例）",
        account: "police-data",
        official: "人口数据管理员",
        datasets: &["population.person", "population.household"],
    },
    Provider {
        code: "11320300MB000YL31D",
        name: "徐州市市场监督管理局（示例）",
        account: "market-data",
        official: "法人数据管理员",
        datasets: &["legal-entities.entity"],
    },
    Provider {
        code: "11320300MB000YL4X5",
        name: "徐州市发展和改革委员会（示例）",
        account: "credit-data",
        official: "信用数据管理员",
        datasets: &["credit.event"],
    },
    Provider {
        code: "11320300MB000YL585",
        name: "徐州市自然资源和规划局（示例）",
        account: "land-data",
        official: "空间数据管理员",
        datasets: &["geospatial.place"],
    },
    Provider {
        code: "11320300MB000YL660",
        name: "徐州市统计局（示例）",
        account: "statistics-data",
        official: "统计数据管理员",
        datasets: &["economy.observation"],
    },
];

/// Seeds what is missing.
pub(crate) async fn seed(city: &City, people: u64, citizens: u32) -> Result<()> {
    providers(city).await.context("the departments that provide data")?;
    let samples = yunlong_samples::City::new(SEED, people).context("--demo-people")?;
    for dataset in DATASETS {
        let marker = marker(dataset);
        if city.store.get(&marker).await?.is_some() {
            continue;
        }
        let rows = samples.rows(dataset).unwrap_or_else(|| Box::new(std::iter::empty()));
        let file = format!("samples-{SEED}-{people}");
        load(city, dataset, &file, samples.count(dataset), rows)
            .await
            .with_context(|| format!("samples of {dataset}"))?;
        remember(city, marker).await?;
    }
    citizens_of(city, citizens).await.context("the citizens' records")
}

/// The providers approve once what the demo's apps ask for, as their officials would at the console, so
/// that the apps' pages can be seen at work. What is refused or revoked afterwards stays so.
pub(crate) async fn approve(city: &City) -> Result<()> {
    for p in &PROVIDERS {
        let by = Actor {
            account: p.account.into(),
            kind: Kind::Official,
            organization: Some(p.code.into()),
            system_admin: false,
            ..Actor::platform()
        };
        let filter = RequestFilter { provider: p.code.into(), open: true, ..RequestFilter::default() };
        for request in city.hub.requests(&filter, None, MOST_REQUESTS).await?.requests {
            let asked = format!("approved/{}/{}/{}", request.installation, request.dataset(), request.purpose());
            let marker = marker(&asked);
            if city.store.get(&marker).await?.is_none() {
                let mut decision = request.everything(SystemClock.now());
                // Nobody in the demo needs the day: an age is enough.
                if let Some(mask) = decision.terms.fields.get_mut("birth_date") {
                    *mask = Mask::Age;
                }
                city.hub.approve_request(&request.id, decision, &by).await.with_context(|| asked)?;
                remember(city, marker).await?;
            }
        }
    }
    Ok(())
}

/// Remembers what was seeded, so that what people change since stays changed.
pub(super) fn marker(what: &str) -> Key {
    Key::space("@demo").text("hub").text(what)
}

pub(super) async fn remember(city: &City, marker: Key) -> Result<()> {
    let mut txn = Txn::new(city.store.clone());
    txn.put_as(marker, &true);
    txn.commit().await?;
    Ok(())
}

async fn providers(city: &City) -> Result<()> {
    for p in &PROVIDERS {
        if city.identity.organization(p.code).await?.is_none() {
            let (code, name, parent) = (p.code.into(), p.name.into(), Some(CITY.into()));
            let level = OrganizationLevel::Department;
            let organization = Organization { code, level, name, parent, valid_from: None, valid_to: None };
            city.identity.add_organization(organization, BY).await?;
        }
    }
    let officials = PROVIDERS.iter().map(|p| NewAccount {
        name: p.account.into(),
        kind: AccountKind::Official,
        password: PASSWORD.into(),
        organization: Some(p.code.into()),
        attributes: Attributes { real_name: Some(p.official.into()), ..Attributes::default() },
        platform_roles: vec![PlatformRole::DepartmentAdmin],
    });
    city.identity.create_accounts(officials.collect()).await?;
    for p in &PROVIDERS {
        for dataset in p.datasets {
            let marker = marker(&format!("provider/{dataset}"));
            if city.store.get(&marker).await?.is_none() {
                city.hub.set_provider(dataset, p.code, &Actor::platform()).await?;
                remember(city, marker).await?;
            }
        }
    }
    Ok(())
}

/// The demo's citizens are residents: each lives alone, in a household of their own.
async fn citizens_of(city: &City, citizens: u32) -> Result<()> {
    let mut rows: HashMap<&str, Vec<Row>> = HashMap::new();
    for n in 1..=citizens {
        let Some(Attributes { real_name: Some(name), resident_id: Some(resident_id), mobile }) = people::person(n)
        else {
            bail!("there is no citizen {n}: at most 999");
        };
        let mobile = mobile.map(|m| m.to_string());
        let (person, home) = citizen_rows(SEED, &Citizen { resident_id, name, mobile });
        rows.entry("population.person").or_default().push(person);
        rows.entry("population.household").or_default().push(home);
    }
    for (dataset, rows) in rows {
        let marker = marker(&format!("citizens/{dataset}/{citizens}"));
        if city.store.get(&marker).await?.is_none() {
            load(city, dataset, &format!("citizens-{citizens}"), rows.len() as u64, rows.into_iter()).await?;
            remember(city, marker).await?;
        }
    }
    Ok(())
}

/// Loads rows as an import does; one that a killed start began goes on.
pub(super) async fn load(
    city: &City,
    dataset: &'static str,
    file: &str,
    size: u64,
    mut rows: impl Iterator<Item = Row>,
) -> Result<()> {
    let by = Actor::platform();
    let new = NewImport {
        dataset: dataset.to_owned(),
        file: file.to_owned(),
        size,
        fingerprint: format!("demo/{}/{BATCH}", env!("CARGO_PKG_VERSION")),
        valid_from: Some(SINCE.to_owned()),
    };
    let import = city.hub.start_import(new, &by).await?;
    let mut progress = Progress::new(dataset, usize::try_from(size)?);
    let mut line = 0;
    for n in 0.. {
        let batch: Vec<ImportRow> = rows
            .by_ref()
            .take(BATCH)
            .map(|record| {
                line += 1;
                ImportRow { line, record, valid_from: None, valid_to: None }
            })
            .collect();
        if batch.is_empty() {
            break;
        }
        let length = batch.len();
        if n >= import.next_batch {
            let report = city.hub.import_batch(&import.id, n, batch, &by).await?;
            if let Some(error) = report.refused.first() {
                let field = error.field.as_deref().unwrap_or("record");
                bail!("row {} is refused: {field}: {}", error.line, error.reason.en);
            }
        }
        progress.advance(length);
    }
    city.hub.finish_import(&import.id, &by).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use yunlong_formats::Uscc;

    #[test]
    fn every_dataset_of_the_samples_has_one_provider_with_a_valid_code() {
        let provided: Vec<&str> = PROVIDERS.iter().flat_map(|p| p.datasets).copied().collect();
        assert_eq!(provided.iter().collect::<BTreeSet<_>>(), DATASETS.iter().collect::<BTreeSet<_>>());
        assert_eq!(provided.len(), DATASETS.len());
        for p in &PROVIDERS {
            assert!(Uscc::parse(p.code).is_ok_and(|code| code.as_str() == p.code), "{}", p.code);
            assert!(p.name.ends_with("（示例）"));
        }
    }

    #[test]
    fn no_citizen_is_a_synthetic_person_too() {
        let city = yunlong_samples::City::new(SEED, 20_000).unwrap();
        let people: BTreeSet<String> =
            city.rows(DATASETS[0]).unwrap().map(|row| row["resident_id"].as_str().unwrap().to_owned()).collect();
        for n in 1..=999 {
            let id = people::person(n).and_then(|p| p.resident_id).unwrap();
            assert!(!people.contains(id.as_str()), "citizen {n}: {id}");
        }
    }
}
