//! Attributes of the visitor: released under a consent, and in the log before they are.

use crate::city::{City, TOURISM, Who, name, strings};
use crate::resting::change;
use serde_json::json;
use yunlong_audit::{Entry, Outcome};
use yunlong_hub::{Denial, ReadError};
use yunlong_model::manifest::{Attribute, Scope};

const SCOPES: &str = r#"
    [[scopes]]
    name = "concession"
    attributes = ["birth-date", "mobile"]
    reason = { zh = "核对优惠", en = "To check the concession" }
"#;

struct Tickets {
    city: City,
    scopes: Vec<Scope>,
}

impl Tickets {
    async fn new() -> Self {
        let city = City::new().await;
        city.install("tickets", TOURISM, SCOPES).await;
        let scopes = city.manifest_of("tickets").scopes.clone();
        Self { city, scopes }
    }

    async fn get(&self, who: Who<'_>, attribute: Attribute) -> Result<String, ReadError> {
        self.city.hub.attribute(&self.city.caller("tickets", who), &self.scopes, attribute).await
    }

    fn wang(&self) -> Who<'_> {
        Who::Citizen("wang", &self.city.residents.wang)
    }

    /// What Wang is shown, the newest first.
    async fn shown(&self) -> Vec<Entry> {
        let person = self.city.person(&self.city.residents.wang);
        let page = self.city.audit.entries_about(&person, &[], None, 100).await.unwrap();
        page.entries.into_iter().map(|s| s.entry).collect()
    }
}

#[tokio::test]
async fn an_attribute_is_shown_to_its_person_as_every_read_and_so_is_its_denial() {
    let tickets = Tickets::new().await;
    let denied = tickets.get(tickets.wang(), Attribute::BirthDate).await;
    assert_eq!(denied, Err(ReadError::Denied(Denial::Consent("concession".into()))));
    let [entry] = tickets.shown().await.try_into().unwrap();
    assert_eq!((entry.action.as_str(), &entry.outcome), ("data.denied", &Outcome::Denied("consent-required".into())));
    tickets.city.identity.consent("wang", &name("tickets"), &tickets.scopes[0]).await.unwrap();
    assert_eq!(tickets.get(tickets.wang(), Attribute::BirthDate).await, Ok("1960-03-01".into()));
    let entry = tickets.shown().await.swap_remove(0);
    assert_eq!((entry.action.as_str(), &entry.outcome), ("data.read", &Outcome::Answered));
    assert_eq!((entry.actor.as_str(), entry.installation), ("wang", Some(name("tickets"))));
    assert_eq!((entry.purpose.as_deref(), entry.fields), (Some("concession"), strings(&["birth-date"])));
    assert_eq!(
        (entry.basis.as_deref(), entry.reason.unwrap().en.as_str()),
        (Some("consent"), "To check the concession")
    );
    assert_eq!((entry.request_id.as_str(), entry.organization.as_deref()), ("request-1", Some(TOURISM)));
    // That the record holds none is told, too, and so it is shown.
    assert_eq!(tickets.get(tickets.wang(), Attribute::Mobile).await, Err(ReadError::NotFound));
    let entry = tickets.shown().await.swap_remove(0);
    assert_eq!((entry.fields, entry.detail.ends_with("; nothing found")), (strings(&["mobile"]), true));
    let refused = tickets.get(tickets.wang(), Attribute::RealName).await;
    assert_eq!(refused, Err(ReadError::Denied(Denial::NotGranted("real-name".into()))));
    assert_eq!(tickets.shown().await[0].outcome, Outcome::Denied("not-granted".into()));
    for who in [Who::Nobody, Who::Job] {
        assert_eq!(tickets.get(who, Attribute::BirthDate).await, Err(ReadError::Denied(Denial::NotSignedIn)));
        let (code, entry) = tickets.city.last_denial().await;
        assert_eq!((code.as_str(), entry.about), ("not-signed-in", None));
    }
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_before_the_entry_is_written_stops_the_attribute() {
    let tickets = Tickets::new().await;
    tickets.city.identity.consent("wang", &name("tickets"), &tickets.scopes[0]).await.unwrap();
    assert!(tickets.get(tickets.wang(), Attribute::BirthDate).await.is_ok());
    // As between the commit of the withdrawal and the moment at which memory follows it.
    let withdrawn = change(&tickets.city, "@identity", |row| {
        let is_consent = row["scope"] == "concession" && row["given_at"].is_number();
        if is_consent {
            row["withdrawn_at"] = json!(1_795_658_400_000_i64);
        }
        is_consent
    });
    assert_eq!(withdrawn.await, 1);
    let refused = tickets.get(tickets.wang(), Attribute::BirthDate).await;
    assert_eq!(refused, Err(ReadError::Denied(Denial::Consent("concession".into()))));
    assert_eq!(tickets.city.log("data.read").await.len(), 1);
}
