//! The base datasets that come with the platform, and what becomes of them in a newer release.

use super::{CatalogueEntry, Publication};
use crate::days::day;
use crate::{Actor, Dataset, Hub, HubError, Item};
use yunlong_model::Text;

const BASE: [&str; 6] = [
    include_str!("../../data/datasets/population.person.toml"),
    include_str!("../../data/datasets/population.household.toml"),
    include_str!("../../data/datasets/legal-entities.entity.toml"),
    include_str!("../../data/datasets/credit.event.toml"),
    include_str!("../../data/datasets/geospatial.place.toml"),
    include_str!("../../data/datasets/economy.observation.toml"),
];

/// The descriptions of the base datasets as this release brings them.
///
/// # Errors
/// When one cannot be read, which a test of this crate would show.
pub(crate) fn base_datasets() -> Result<Vec<Dataset>, HubError> {
    BASE.iter()
        .map(|text| {
            toml::from_str(text).map_err(|e| HubError::invalid("data/datasets", "内置数据集描述有误", e.to_string()))
        })
        .collect()
}

impl Hub {
    pub(crate) async fn seed_base_datasets(&self) -> Result<(), HubError> {
        for built_in in base_datasets()? {
            let id = built_in.id.clone();
            let kept = self.catalogue_entry(&id);
            if kept.as_ref().is_some_and(|k| brought_up_to_date(&k.dataset, &built_in) == *k.dataset) {
                continue;
            }
            self.change_entry(&id, &Actor::platform(), "catalogue.seeded", "", move |now, moment| {
                let Some(now) = now else {
                    let dataset = Dataset { released: Some(day(moment.at).to_string()), ..built_in.clone() };
                    let new = CatalogueEntry::new(dataset, moment.at);
                    return Ok(CatalogueEntry { publication: Publication::Published, base: true, ..new });
                };
                let mut next = now.next(moment.at);
                next.describe(brought_up_to_date(&now.dataset, &built_in), moment.has_records);
                Ok(next)
            })
            .await?;
        }
        Ok(())
    }
}

/// The description that stands, with what a newer release says better or adds. What people decide
/// (provider, authorities, sharing, openness, level, cycle) stays, and so does what records rely on:
/// key, person, division, geometry, the items' types and the codes that were possible.
fn brought_up_to_date(standing: &Dataset, built_in: &Dataset) -> Dataset {
    let mut dataset = standing.clone();
    dataset.title.clone_from(&built_in.title);
    dataset.summary.clone_from(&built_in.summary);
    for item in &built_in.items {
        match dataset.items.iter_mut().find(|i| i.name == item.name) {
            Some(known) => refresh(known, item),
            // A record that is there already cannot have it.
            None => dataset.items.push(Item { required: false, ..item.clone() }),
        }
    }
    for index in &built_in.indexes {
        if !dataset.indexes.contains(index) {
            dataset.indexes.push(index.clone());
        }
    }
    dataset
}

fn refresh(known: &mut Item, built_in: &Item) {
    known.title.clone_from(&built_in.title);
    if known.codes.is_empty() {
        return;
    }
    for (code, text) in &built_in.codes {
        known.codes.insert(code.clone(), Text::clone(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sharing;

    fn base(id: &str) -> Dataset {
        base_datasets().unwrap().into_iter().find(|d| d.id == id).unwrap()
    }

    #[test]
    fn every_base_dataset_passes_the_checks_of_the_catalogue() {
        for dataset in base_datasets().unwrap() {
            super::super::check::check(&dataset).unwrap();
        }
    }

    #[test]
    fn a_newer_release_adds_items_and_keeps_what_people_decided() {
        let mut standing = base("population.person");
        standing.provider = "11320300014051234X".into();
        standing.sharing = Sharing::NotShared { law: "a law".into() };
        standing.items[1].authority = Some("another".into());
        let mut newer = base("population.person");
        newer.items.push(Item { name: "email".into(), required: true, ..newer.items[1].clone() });
        newer.items[1].title.zh = "姓名（全名）".into();
        newer.indexes.push(vec!["name".into()]);
        newer.items.remove(4);
        let now = brought_up_to_date(&standing, &newer);
        assert_eq!((&now.provider, &now.sharing), (&standing.provider, &standing.sharing));
        assert_eq!(now.items[1].authority.as_deref(), Some("another"));
        assert_eq!(now.items[1].title.zh, "姓名（全名）");
        assert!(now.item("email").is_some_and(|i| !i.required));
        assert!(now.item("ethnicity").is_some(), "an item that records have does not go away");
        assert!(now.indexes.contains(&vec!["name".to_owned()]));
        assert_eq!(brought_up_to_date(&now, &newer), now, "a second time changes nothing");
    }
}
