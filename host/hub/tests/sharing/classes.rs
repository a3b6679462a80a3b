//! What a sharing class decides on, and who decides on the class.

use crate::city::{ASKED, City, LAW, OPEN, POLICE, TOURISM, Who, a_use, name, official, strings};
use yunlong_hub::{
    Actor, Denial, GrantFilter, HubError, Level, Openness, Publication, ReadError, RequestState, Sensitivity, Sharing,
};
use yunlong_model::Text;

fn admin() -> Actor {
    official("police-admin", POLICE)
}

fn conditional() -> Sharing {
    Sharing::Conditional { condition: Text { zh: "说明用途".into(), en: "State the purpose".into() } }
}

#[tokio::test]
async fn the_class_and_what_else_decides_on_the_data_is_for_an_administrator_of_the_provider() {
    let city = City::new().await;
    let hub = &city.hub;
    let others =
        [official("police-clerk", POLICE), official("tourism-admin", TOURISM), official("tourism-admin", POLICE)];
    for by in &others {
        let version = hub.catalogue_entry(ASKED).unwrap().version;
        let dataset = (*hub.dataset(ASKED).unwrap()).clone();
        let general = yunlong_hub::Dataset { openness: Openness::Conditional, ..dataset };
        for refused in [
            hub.set_sharing(ASKED, conditional(), by).await,
            hub.set_authority(ASKED, "mobile", Some(TOURISM), by).await,
            hub.withdraw_dataset(ASKED, "测试", by).await,
            hub.edit_dataset(general, version, by).await,
        ] {
            assert!(matches!(refused, Err(HubError::Forbidden(_))), "{}: {refused:?}", by.account);
        }
        assert_eq!(hub.catalogue_entry(ASKED).unwrap().version, version, "nothing has changed");
    }
    // A word about the data is any clerk's of the provider.
    let entry = hub.catalogue_entry(ASKED).unwrap();
    let words = yunlong_hub::Dataset {
        summary: Text { zh: "居民（示例）。".into(), en: "Residents.".into() },
        ..(*entry.dataset).clone()
    };
    let edited = hub.edit_dataset(words.clone(), entry.version, &others[0]).await.unwrap();
    for change in [
        (|d| d.level = Level::General) as fn(&mut yunlong_hub::Dataset),
        |d| d.openness = Openness::Conditional,
        |d| d.division = None,
        |d| d.items[1].sensitivity = Sensitivity::General,
    ] {
        let mut other = words.clone();
        change(&mut other);
        assert!(edited.decides(&other));
    }
    assert!(!edited.decides(&words));
    hub.withdraw_dataset(ASKED, "测试", &admin()).await.unwrap();
    let back = hub.publish_dataset(ASKED, &others[0]).await;
    assert!(matches!(back, Err(HubError::Forbidden(_))), "a clerk does not bring it back: {back:?}");
    assert_eq!(hub.publish_dataset(ASKED, &admin()).await.unwrap().publication, Publication::Published);
    city.identity.set_disabled("police-admin", true, "-").await.unwrap();
    let refused = hub.set_sharing(ASKED, conditional(), &admin()).await;
    assert!(matches!(refused, Err(HubError::Forbidden(_))), "as they stand now: {refused:?}");
}

#[tokio::test]
async fn what_is_about_persons_is_neither_shared_unconditionally_nor_public() {
    let city = City::new().await;
    match city.hub.set_sharing(ASKED, Sharing::Unconditional, &admin()).await {
        Err(HubError::Invalid { field, problem }) => {
            assert_eq!(field, "sharing");
            assert!(problem.zh.contains("个人信息") && problem.en.contains("persons"), "{problem:?}");
        }
        other => panic!("{other:?}"),
    }
    let public = "basis = \"public-data\"\nrows = \"all\"";
    let uses = a_use(ASKED, "people", &["name"], public) + &a_use(OPEN, "places", &["name"], public);
    city.install("tickets", TOURISM, &uses).await;
    let refused = city.ask("tickets", ASKED, "people").await;
    let RequestState::Refused { reason } = &refused.state else { panic!("{:?}", refused.state) };
    assert!(reason.contains("法律依据") && reason.contains("cites the law"), "{reason}");
    assert!(matches!(city.ask("tickets", OPEN, "places").await.state, RequestState::Approved { .. }));
}

#[tokio::test]
async fn grants_that_nobody_decided_on_end_with_the_class_that_gave_them() {
    let city = City::new().await;
    let uses = a_use(OPEN, "check", &["name"], "rows = \"all\"");
    city.install("tickets", TOURISM, &uses).await;
    city.grant("tickets", OPEN, "check").await;
    let open = city.open("tickets", Who::Job, OPEN, "check").await.unwrap();
    let key = city.key(OPEN, &city.residents.wang);
    assert!(open.get(&key, &[], None).await.unwrap().is_some());
    city.hub.set_sharing(OPEN, conditional(), &admin()).await.unwrap();
    let refused = open.get(&key, &[], None).await;
    assert!(matches!(refused, Err(ReadError::Denied(Denial::Revoked(_)))), "{refused:?}");
    let told = city.messaging.inbox("tourism-admin", None, 10).await.unwrap();
    assert!(told.notes.iter().any(|n| n.body.zh.contains("不再无条件共享")), "{:?}", told.notes);
    assert_eq!(city.log("grant.revoked").await.len(), 1);
    // Asking anew, a person decides; and what a person decided stands when the class changes again.
    let asked = city.ask("tickets", OPEN, "check").await;
    assert!(asked.state.is_open(), "{:?}", asked.state);
    city.hub.approve_request(&asked.id, asked.everything(city.now()), &admin()).await.unwrap();
    assert!(open.get(&key, &strings(&["name"]), None).await.unwrap().is_some());
    city.hub.set_sharing(OPEN, Sharing::Unconditional, &admin()).await.unwrap();
    city.hub.set_sharing(OPEN, conditional(), &admin()).await.unwrap();
    city.hub.tick().await.unwrap();
    assert!(open.get(&key, &[], None).await.unwrap().is_some());
    city.hub.set_sharing(OPEN, Sharing::NotShared { law: LAW.into() }, &admin()).await.unwrap();
    assert_eq!(open.get(&key, &[], None).await, Err(ReadError::Denied(Denial::NotShared(LAW.into()))));
    let standing = GrantFilter { standing: true, installation: Some(name("tickets")), ..GrantFilter::default() };
    assert_eq!(city.hub.grants(&standing).await.unwrap().len(), 1, "it was a person's, and is kept out by the class");
}
