//! `city:base/legal-entities`.

use super::super::bindings::city::base::legal_entities as wit;
use super::{Answer, Error, attempt};
use crate::state::State;
use yunlong_hub::base::legal_entities::{self, Entity, Which};

const ENTITY: &str = "legal-entities.entity";

impl From<Entity> for wit::Entity {
    fn from(e: Entity) -> Self {
        Self {
            standing: e.about.into(),
            uscc: e.uscc,
            name: e.name,
            kind: e.kind,
            representative: e.representative,
            industry: e.industry,
            division: e.division,
            address: e.address,
            capital: e.capital,
            founded: e.founded,
            status: e.status,
        }
    }
}

impl From<wit::Which> for Which {
    fn from(w: wit::Which) -> Self {
        match w {
            wit::Which::Named(name) => Self::Named(name),
            wit::Which::Division(code) => Self::In(code),
            wit::Which::Industry(i) => Self::Industry { section: i.section, division: i.division },
        }
    }
}

impl wit::Host for State {
    async fn get(&mut self, purpose: String, uscc: String) -> Answer<Option<wit::Entity>> {
        let asking = self.base("legal-entities.get")?;
        let (hub, caller) = attempt!(asking.of(ENTITY, &purpose).await);
        Ok(Ok(attempt!(legal_entities::get(hub, caller, &purpose, &uscc).await).map(Into::into)))
    }

    async fn find(&mut self, purpose: String, which: wit::Which, cursor: Option<String>) -> Answer<wit::Page> {
        let asking = self.base("legal-entities.find")?;
        let (hub, caller) = attempt!(asking.of(ENTITY, &purpose).await);
        let page = attempt!(legal_entities::find(hub, caller, &purpose, &which.into(), cursor).await);
        Ok(Ok(wit::Page { entities: page.records.into_iter().map(Into::into).collect(), next: page.next }))
    }
}
