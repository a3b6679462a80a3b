//! What lies on the disk.

use crate::city::{City, LI_HUA, picture};
use std::path::Path;
use std::sync::Arc;
use yunlong_files::{Files, TicketKey, Who};
use yunlong_sealing::{Algorithm, DataKey, Keyring};
use yunlong_store::{Direction, Key, Txn};

fn on_disk(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { all.extend(std::fs::read(path).unwrap()) }
        }
    }
    all
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}

#[tokio::test]
async fn personal_files_are_sealed_on_the_disk_and_others_lie_as_they_are() {
    for (area, sealed) in [("papers", true), ("photos", false)] {
        let folder = tempfile::tempdir().unwrap();
        let city = City::in_folder(folder.path());
        let mut bytes = picture(100_000);
        bytes[50_000..50_006].copy_from_slice("云小龙".as_bytes().get(..6).unwrap());
        let marker = bytes[49_990..50_020].to_vec();
        let file = city.upload(area, &bytes).await.unwrap();
        let disk = on_disk(folder.path());
        assert_eq!(holds(&disk, &marker), !sealed, "{area}");
        assert!(!sealed || !holds(&disk, file.sha256.as_bytes()));
        assert!(city.read(file.id).await == bytes);
        assert_eq!(&city.files.read(&city.name, file.id, 49_990, 30).await.unwrap()[..], marker);
        assert!(city.files.read(&city.name, file.id, 100_000, 30).await.unwrap().is_empty());
        assert!(city.files.read(&city.name, file.id, 0, yunlong_files::MAX_READ + 1).await.is_err());
    }
}

#[tokio::test]
async fn names_and_digests_stand_in_no_row_in_the_plain() {
    let city = City::in_memory();
    let file = city.upload("photos", &picture(1_000)).await.unwrap();
    let rows = city.store.scan(&Key::space("potholes").children(), Direction::Ascending, 100).await.unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        for told in ["坑洼".as_bytes(), file.sha256.as_bytes(), b"image/png"] {
            assert!(!holds(&row.value, told) && !holds(row.key.as_bytes(), told), "{:?}", row.key);
        }
    }
}

#[tokio::test]
async fn a_changed_key_seals_rows_anew_and_leaves_every_byte_where_it_is() {
    let city = City::in_memory();
    let file = city.upload("papers", &picture(70_000)).await.unwrap();
    let mut txn = Txn::new(city.store.clone());
    city.files.attach(&mut txn, &city.name, Who::Person(Some(LI_HUA)), file.id, "r/1").await.unwrap();
    txn.commit().await.unwrap();
    let before = city.stored().await;
    let text = DataKey::generate(Algorithm::Sm4Gcm).unwrap();
    let (new, former) = (|| DataKey::from_file(&text).unwrap(), DataKey::from_file(&city.key).unwrap());
    let with = |keys: Keyring| {
        let (store, blobs, clock) = (city.store.clone(), city.blobs.clone(), Arc::new(city.clock.clone()));
        Files::new(store, blobs, clock, Arc::new(keys), TicketKey::new([5; 32]))
    };
    let alone = with(Keyring::new(new(), vec![]));
    assert!(alone.stat(&city.name, file.id).await.is_err(), "the former key is needed until then");
    let both = with(Keyring::new(new(), vec![former]));
    assert_eq!(both.seal_anew(&city.name).await.unwrap(), 1);
    assert_eq!(both.seal_anew(&city.name).await.unwrap(), 0);
    assert_eq!(city.stored().await, before);
    let read = alone.read(&city.name, file.id, 0, 70_000).await.unwrap();
    assert!(read == picture(70_000), "the new key alone is enough");
}
