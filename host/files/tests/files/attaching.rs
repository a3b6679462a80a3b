//! Files and documents.

use crate::city::{City, LI_HUA, WANG, picture};
use yunlong_blobs::UploadId;
use yunlong_files::{FileError, Who};
use yunlong_store::Txn;

async fn attach(city: &City, who: Who<'_>, id: UploadId, to: &str) -> Result<(), FileError> {
    let mut txn = Txn::new(city.store.clone());
    city.files.attach(&mut txn, &city.name, who, id, to).await?;
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn a_file_stays_from_the_commit_on_that_attaches_it_and_goes_without() {
    let city = City::in_memory();
    let kept = city.upload("photos", &picture(1_000)).await.unwrap();
    let dropped = city.upload("photos", &picture(2_000)).await.unwrap();
    let li = Who::Person(Some(LI_HUA));
    attach(&city, li, kept.id, "reports/1").await.unwrap();
    // A transaction that is not committed attaches nothing.
    let mut txn = Txn::new(city.store.clone());
    city.files.attach(&mut txn, &city.name, li, dropped.id, "reports/1").await.unwrap();
    drop(txn);
    let listed = city.files.attached(&city.name, "reports/1").await.unwrap();
    assert_eq!(listed.iter().map(|f| f.id).collect::<Vec<_>>(), [kept.id]);
    assert_eq!(listed[0].expires, None);
    city.clock.advance(yunlong_files::EXPIRES_MILLIS);
    assert!(matches!(city.files.stat(&city.name, dropped.id).await, Err(FileError::NotFound)), "also before a sweep");
    assert_eq!(city.files.sweep().await.unwrap().expired, 1);
    assert!(city.read(kept.id).await == picture(1_000));
    assert_eq!(city.stored().await.len(), 1);
}

#[tokio::test]
async fn an_upload_is_attached_by_its_person_or_by_the_installation_itself() {
    let city = City::in_memory();
    let file = city.upload("photos", &picture(1_000)).await.unwrap();
    for who in [Who::Person(Some(WANG)), Who::Person(None)] {
        assert!(matches!(attach(&city, who, file.id, "r/1").await, Err(FileError::NotYours)), "{who:?}");
    }
    attach(&city, Who::Installation, file.id, "r/1").await.unwrap();
    // Attached, it is the document's: anybody may do so again, and nobody may move it.
    attach(&city, Who::Person(Some(WANG)), file.id, "r/1").await.unwrap();
    let moved = attach(&city, Who::Person(Some(LI_HUA)), file.id, "r/2").await;
    assert!(matches!(&moved, Err(FileError::Attached(to)) if to == "r/1"), "{moved:?}");
    let (mut txn, another) = (Txn::new(city.store.clone()), "other".parse().unwrap());
    let elsewhere = city.files.attach(&mut txn, &another, Who::Installation, file.id, "r").await;
    assert!(matches!(elsewhere, Err(FileError::NotFound)));
}

#[tokio::test]
async fn what_is_not_whole_is_not_attached() {
    let city = City::in_memory();
    let id = city.begin("photos", Some(50_000)).await.unwrap();
    city.cut(id, 0, &picture(20_000)).await;
    assert!(matches!(attach(&city, Who::Person(Some(LI_HUA)), id, "r/1").await, Err(FileError::NotFound)));
    assert!(matches!(city.files.stat(&city.name, id).await, Err(FileError::NotFound)));
}

#[tokio::test]
async fn a_sweep_that_meets_an_attachment_loses_nothing() {
    let city = City::in_memory();
    let file = city.upload("photos", &picture(1_000)).await.unwrap();
    let mut txn = Txn::new(city.store.clone());
    city.files.attach(&mut txn, &city.name, Who::Person(Some(LI_HUA)), file.id, "r/1").await.unwrap();
    city.clock.advance(yunlong_files::EXPIRES_MILLIS);
    city.files.sweep().await.unwrap();
    // The file went first: the transaction that wanted it does not commit.
    assert!(txn.commit().await.is_err());
    assert!(city.files.attached(&city.name, "r/1").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_file_is_gone_with_the_commit_and_its_bytes_with_the_next_sweep() {
    let city = City::in_memory();
    let file = city.upload("papers", &picture(1_000)).await.unwrap();
    attach(&city, Who::Person(Some(LI_HUA)), file.id, "r/1").await.unwrap();
    let mut txn = Txn::new(city.store.clone());
    city.files.delete(&mut txn, &city.name, file.id).await.unwrap();
    assert!(city.read(file.id).await == picture(1_000), "not before the commit");
    txn.commit().await.unwrap();
    assert!(matches!(city.files.stat(&city.name, file.id).await, Err(FileError::NotFound)));
    assert!(city.files.attached(&city.name, "r/1").await.unwrap().is_empty());
    assert_eq!(city.files.sweep().await.unwrap().removed, 1);
    assert!(city.stored().await.is_empty());
    assert_eq!(city.files.usage(&city.name).await.unwrap(), 0);
    let mut txn = Txn::new(city.store.clone());
    city.files.delete(&mut txn, &city.name, file.id).await.expect("deleting what is absent is no error");
}
