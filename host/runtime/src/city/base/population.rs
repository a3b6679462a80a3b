//! `city:base/population`.

use super::super::bindings::city::base::population as wit;
use super::{Answer, Error, attempt};
use crate::state::State;
use yunlong_hub::base::population::{self, Household, Person};

const PERSON: &str = "population.person";
const HOUSEHOLD: &str = "population.household";

impl From<Person> for wit::Person {
    fn from(p: Person) -> Self {
        Self {
            standing: p.about.into(),
            resident_id: p.resident_id,
            name: p.name,
            sex: p.sex,
            birth_date: p.birth_date,
            age: p.age,
            ethnicity: p.ethnicity,
            division: p.division,
            address: p.address,
            household: p.household,
            relation: p.relation,
            mobile: p.mobile,
            status: p.status,
        }
    }
}

impl From<Household> for wit::Household {
    fn from(h: Household) -> Self {
        Self {
            standing: h.about.into(),
            number: h.household,
            head: h.head,
            division: h.division,
            address: h.address,
            size: h.size,
        }
    }
}

impl wit::Host for State {
    async fn get(&mut self, purpose: String, resident_id: String, items: Vec<String>) -> Answer<Option<wit::Person>> {
        let asking = self.base("population.get")?;
        let (hub, caller) = attempt!(asking.of(PERSON, &purpose).await);
        Ok(Ok(attempt!(population::get(hub, caller, &purpose, &resident_id, &items).await).map(Into::into)))
    }

    async fn me(&mut self, purpose: String, items: Vec<String>) -> Answer<Option<wit::Person>> {
        let asking = self.base("population.me")?;
        let (hub, caller) = attempt!(asking.of(PERSON, &purpose).await);
        Ok(Ok(attempt!(population::me(hub, caller, &purpose, &items).await).map(Into::into)))
    }

    async fn get_household(
        &mut self,
        purpose: String,
        number: String,
        items: Vec<String>,
    ) -> Answer<Option<wit::Household>> {
        let asking = self.base("population.get-household")?;
        let (hub, caller) = attempt!(asking.of(HOUSEHOLD, &purpose).await);
        Ok(Ok(attempt!(population::household(hub, caller, &purpose, &number, &items).await).map(Into::into)))
    }
}
