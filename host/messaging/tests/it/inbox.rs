use crate::support::{City, name};
use yunlong_messaging::{MessagingError, Notice};
use yunlong_model::Text;
use yunlong_store::Txn;

fn text(s: &str) -> Text {
    Text { zh: s.into(), en: s.into() }
}

fn notice(s: &str) -> Notice {
    Notice { title: text(s), body: text("body"), path: Some("/orders/7".into()) }
}

async fn notify(city: &City, account: &str, notice: Notice) -> Result<(), MessagingError> {
    let mut txn = Txn::new(city.store.clone());
    city.messaging.notify(&mut txn, account, &name("shop"), notice)?;
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn notes_come_newest_first_in_pages() {
    let city = City::new();
    for n in 0..5 {
        notify(&city, "ann", notice(&n.to_string())).await.unwrap();
    }
    notify(&city, "bob", notice("other")).await.unwrap();
    let mut titles = Vec::new();
    let mut before = None;
    loop {
        let page = city.messaging.inbox("ann", before.as_deref(), 2).await.unwrap();
        titles.extend(page.notes.into_iter().map(|n| n.title.en));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(titles, ["4", "3", "2", "1", "0"]);
}

#[tokio::test]
async fn reading_a_note_lowers_the_count_once() {
    let city = City::new();
    notify(&city, "ann", notice("a")).await.unwrap();
    notify(&city, "ann", notice("b")).await.unwrap();
    assert_eq!(city.messaging.unread_count("ann").await.unwrap(), 2);
    let id = city.messaging.inbox("ann", None, 10).await.unwrap().notes[0].id.clone();
    for _ in 0..2 {
        city.messaging.mark_read("ann", &id).await.unwrap();
        assert_eq!(city.messaging.unread_count("ann").await.unwrap(), 1);
    }
    let page = city.messaging.inbox("ann", None, 10).await.unwrap();
    assert_eq!(page.notes.iter().map(|n| n.read).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn nobody_reads_anothers_note() {
    let city = City::new();
    notify(&city, "ann", notice("a")).await.unwrap();
    let id = city.messaging.inbox("ann", None, 10).await.unwrap().notes[0].id.clone();
    for (account, id) in [("bob", id.as_str()), ("ann", ""), ("ann", "zz"), ("ann", "00"), ("ann", &"0".repeat(400))] {
        assert_eq!(city.messaging.mark_read(account, id).await, Err(MessagingError::UnknownNote), "{account} {id}");
    }
    assert_eq!(city.messaging.inbox("ann", Some("zz"), 10).await, Err(MessagingError::UnknownNote));
    assert_eq!(city.messaging.unread_count("ann").await.unwrap(), 1);
}

#[tokio::test]
async fn a_note_that_is_empty_too_long_or_leads_elsewhere_is_refused_without_a_trace() {
    let city = City::new();
    let path = |p: &str| Notice { path: Some(p.into()), ..notice("a") };
    for bad in [
        notice(" "),
        notice(&"字".repeat(201)),
        Notice { body: text(&"字".repeat(4_001)), ..notice("a") },
        path("orders"),
        path("//evil.example"),
        path("/\\evil.example"),
        path("/a\nb"),
        path(&format!("/{}", "x".repeat(1_024))),
    ] {
        assert!(matches!(notify(&city, "ann", bad.clone()).await, Err(MessagingError::Invalid(_))), "{bad:?}");
    }
    assert!(city.messaging.inbox("ann", None, 10).await.unwrap().notes.is_empty());
    assert_eq!(city.messaging.unread_count("ann").await.unwrap(), 0);
}
