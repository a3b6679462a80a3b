//! What is denied after something was taken back has an entry of its own: it is the one that people look for.

use crate::city::{ASKED, City, TOURISM, Who, a_use, name};
use yunlong_hub::{Denial, Hub, ReadError};
use yunlong_model::manifest::DatasetUse;

#[tokio::test]
async fn the_denial_after_a_withdrawal_repeats_none_from_before_the_consent() {
    let city = City::new().await;
    let own = "basis = \"consent\"\nrows = \"own\"\naccess = [\"get\"]";
    let tickets = city.install("tickets", TOURISM, &a_use(ASKED, "check", &["name"], own)).await;
    city.grant("tickets", ASKED, "check").await;
    let declared: DatasetUse = city.manifest_of("tickets").datasets[0].clone();
    let open = city.open("tickets", Who::Citizen("wang", &city.residents.wang), ASKED, "check").await.unwrap();
    let denied = Err(ReadError::Denied(Denial::Consent("check".into())));
    assert_eq!(open.me(&[]).await, denied);
    assert_eq!(open.me(&[]).await, denied);
    assert_eq!(city.log("data.denied").await.len(), 1, "the second is counted");

    city.identity.consent_to_use("wang", &tickets, &declared).await.unwrap();
    assert!(open.me(&[]).await.unwrap().is_some());
    city.clock.advance(1_000);
    city.identity.withdraw("wang", &tickets, "check").await.unwrap();
    let persons = city.identity.persons_of_account("wang").await.unwrap();
    city.hub.denies_anew(&name("tickets"), Some(&persons)).await;
    city.clock.advance(1_000);
    assert_eq!(open.me(&[]).await, denied);
    let log = city.log("data.denied").await;
    let more: Vec<_> = log.iter().map(Hub::repetitions).collect();
    assert_eq!(more, [None, Some(1), None], "the refusal, what was counted before, and the first one");
    assert!(log.iter().all(|e| e.about == Some(city.person(&city.residents.wang))));

    assert_eq!(open.me(&[]).await, denied);
    assert_eq!(city.log("data.denied").await.len(), 3, "from then on the same share it again");
}
