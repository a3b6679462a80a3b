use crate::support::{City, name};
use yunlong_messaging::{MessagingError, Notice};
use yunlong_model::Text;
use yunlong_sealing::{Algorithm, DataKey, Keyring};
use yunlong_store::{Direction, Key, Txn};

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
async fn a_note_of_the_platform_names_no_app() {
    let city = City::new();
    notify(&city, "ann", notice("app")).await.unwrap();
    let mut txn = Txn::new(city.store.clone());
    city.messaging.notify_from_platform(&mut txn, "ann", notice("platform")).unwrap();
    txn.commit().await.unwrap();
    let page = city.messaging.inbox("ann", None, 10).await.unwrap();
    let senders: Vec<_> = page.notes.into_iter().map(|n| n.installation).collect();
    assert_eq!(senders, [None, Some(name("shop"))]);
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

fn keyring(text: &str, former: &[&str]) -> std::sync::Arc<Keyring> {
    let key = |t: &str| DataKey::from_file(t).unwrap();
    std::sync::Arc::new(Keyring::new(key(text), former.iter().map(|t| key(t)).collect()))
}

#[tokio::test]
async fn a_note_at_rest_tells_nothing() {
    let mut city = City::new();
    // One from before there was a seal.
    notify(&city, "ann", notice("诊断结果")).await.unwrap();
    let (a, b) = (DataKey::generate(Algorithm::Aes256Gcm).unwrap(), DataKey::generate(Algorithm::Sm4Gcm).unwrap());
    city.seal(keyring(&a, &[]));
    notify(&city, "ann", notice("复诊时间")).await.unwrap();
    let stored = async |city: &City| {
        let range = Key::space("@messaging").text("inbox").children();
        let rows = city.store.scan(&range, Direction::Ascending, 100).await.unwrap();
        rows.iter().map(|e| String::from_utf8_lossy(&e.value).into_owned()).collect::<Vec<_>>()
    };
    let titles = async |city: &City| {
        let page = city.messaging.inbox("ann", None, 10).await.unwrap();
        page.notes.into_iter().map(|n| n.title.zh).collect::<Vec<_>>()
    };
    assert!(!stored(&city).await[1].contains("复诊") && !stored(&city).await[1].contains("/orders/7"));
    assert_eq!(titles(&city).await, ["复诊时间", "诊断结果"]);
    assert_eq!(city.messaging.seal_anew().await.unwrap(), 1);
    assert!(stored(&city).await.iter().all(|row| !row.contains("诊")));
    // Marked as read it stays sealed; another key takes over.
    let page = city.messaging.inbox("ann", None, 10).await.unwrap();
    city.messaging.mark_read("ann", &page.notes[0].id).await.unwrap();
    city.seal(keyring(&b, &[&a]));
    assert_eq!(city.messaging.seal_anew().await.unwrap(), 2);
    city.seal(keyring(&b, &[]));
    assert_eq!(titles(&city).await, ["复诊时间", "诊断结果"]);
    assert!(city.messaging.inbox("ann", None, 10).await.unwrap().notes[0].read);
    // Moved into another inbox it does not open.
    let row =
        city.store.scan(&Key::space("@messaging").text("inbox").children(), Direction::Ascending, 1).await.unwrap();
    let mut txn = Txn::new(city.store.clone());
    txn.append(Key::space("@messaging").text("inbox").text("eve"), row[0].value.clone());
    txn.commit().await.unwrap();
    assert!(matches!(city.messaging.inbox("eve", None, 10).await, Err(MessagingError::Sealing(_))));
}
