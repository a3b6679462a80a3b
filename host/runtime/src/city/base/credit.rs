//! `city:base/credit`.

use super::super::bindings::city::base::credit as wit;
use super::{Answer, Error, attempt};
use crate::state::State;
use yunlong_hub::base::credit::{self, Event};

const EVENT: &str = "credit.event";

impl From<Event> for wit::Event {
    fn from(e: Event) -> Self {
        Self {
            standing: e.about.into(),
            number: e.event,
            uscc: e.uscc,
            kind: e.kind,
            date: e.date,
            until: e.until,
            authority: e.authority,
            content: e.content,
            amount: e.amount,
            division: e.division,
        }
    }
}

impl wit::Host for State {
    async fn events(
        &mut self,
        purpose: String,
        uscc: String,
        kinds: Vec<String>,
        cursor: Option<String>,
    ) -> Answer<wit::Page> {
        let asking = self.base("credit.events")?;
        let (hub, caller) = attempt!(asking.of(EVENT, &purpose).await);
        let page = attempt!(credit::events(hub, caller, &purpose, &uscc, &kinds, cursor).await);
        Ok(Ok(wit::Page { events: page.records.into_iter().map(Into::into).collect(), next: page.next }))
    }

    async fn summary(&mut self, purpose: String, uscc: String) -> Answer<Vec<wit::KindCount>> {
        let asking = self.base("credit.summary")?;
        let (hub, caller) = attempt!(asking.of(EVENT, &purpose).await);
        let mut meter = asking.meter("credit.summary");
        let counts = attempt!(credit::summary(hub, caller, &purpose, &uscc, &mut meter).await);
        Ok(Ok(counts.into_iter().map(|c| wit::KindCount { kind: c.kind, count: c.count }).collect()))
    }
}
