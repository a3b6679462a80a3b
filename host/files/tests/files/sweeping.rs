//! What goes, what a crash leaves, and what a removal takes along.

use crate::city::{City, LI_HUA, WANG, picture};
use futures::FutureExt as _;
use yunlong_blobs::digest::Algorithm;
use yunlong_blobs::{Stored, UploadId};
use yunlong_files::{FileError, Swept, Who};
use yunlong_store::{Direction, Key, Txn};

#[tokio::test]
async fn bytes_of_nobody_are_collected_and_all_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::in_folder(folder.path());
    let file = city.upload("photos", &picture(5_000)).await.unwrap();
    let growing = city.begin("photos", Some(9_000)).await.unwrap();
    city.cut(growing, 0, &picture(4_000)).await;
    // A process that died before it wrote anything down, or behind the commit that forgot a file.
    let stray = UploadId::random();
    let mut append = city.blobs.append(stray, 0, Algorithm::Sha256).await.unwrap();
    append.write(picture(100).into()).await.unwrap();
    append.sync().await.unwrap();
    drop(append);
    let placed = UploadId::random();
    let mut append = city.blobs.append(placed, 0, Algorithm::Sha256).await.unwrap();
    append.write(picture(100).into()).await.unwrap();
    append.sync().await.unwrap();
    drop(append);
    city.blobs.place(placed, 100, &Algorithm::Sha256.digest(&picture(100))).await.unwrap();
    assert_eq!(city.stored().await.len(), 4);
    assert_eq!(city.files.collect().await.unwrap(), Swept { strays: 2, ..Swept::default() });
    let left = city.stored().await;
    assert!(left.contains(&Stored::Upload(growing)) && left.len() == 2, "{left:?}");
    assert!(city.read(file.id).await == picture(5_000));
    city.send(growing, 4_000, &picture(9_000)[4_000..]).await.unwrap();
}

#[tokio::test]
async fn what_a_placed_file_was_copied_from_goes_at_once_or_with_the_collector() {
    let city = City::in_memory();
    let file = city.upload("photos", &picture(5_000)).await.unwrap();
    assert_eq!(city.stored().await.len(), 1);
    // As if the process had died behind the commit.
    let mut append = city.blobs.append(file.id, 0, Algorithm::Sha256).await.unwrap();
    append.write(picture(5_000).into()).await.unwrap();
    append.sync().await.unwrap();
    drop(append);
    assert_eq!(city.stored().await.len(), 2);
    assert_eq!(city.files.collect().await.unwrap(), Swept { strays: 1, ..Swept::default() });
    assert!(city.read(file.id).await == picture(5_000));
}

#[tokio::test]
async fn nothing_is_removed_while_somebody_holds_the_bytes() {
    let city = City::in_memory();
    let file = city.upload("photos", &picture(5_000)).await.unwrap();
    let files = city.files.clone();
    let (held, release) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let holder = std::thread::spawn(move || {
        let hold = files.hold();
        held.0.send(()).unwrap();
        release.1.recv().unwrap();
        drop(hold);
    });
    held.1.recv().unwrap();
    city.files.cancel(&city.name, file.id, LI_HUA).await.unwrap();
    assert_eq!(city.stored().await.len(), 1, "forgotten, and still there");
    assert!(city.files.sweep().now_or_never().is_none());
    release.0.send(()).unwrap();
    holder.join().unwrap();
    assert_eq!(city.files.sweep().await.unwrap().removed, 1);
    assert!(city.stored().await.is_empty());
}

#[tokio::test]
async fn a_removed_installation_leaves_no_file_and_takes_none() {
    let city = City::in_memory();
    city.upload("photos", &picture(5_000)).await.unwrap();
    let growing = city.begin("papers", Some(9_000)).await.unwrap();
    city.cut(growing, 0, &picture(4_000)).await;
    city.files.close(&city.name).await.unwrap();
    city.files.close(&city.name).await.expect("closing twice is closing");
    assert!(city.stored().await.is_empty());
    assert_eq!(city.files.usage(&city.name).await.unwrap(), 0);
    let rows = city.store.scan(&Key::space("potholes").children(), Direction::Ascending, 100).await.unwrap();
    assert!(rows.is_empty(), "{rows:?}");
    assert!(matches!(city.begin("photos", Some(1)).await, Err(FileError::Closed)));
}

#[tokio::test]
async fn an_erasure_takes_what_a_person_uploaded_and_nobody_elses() {
    let city = City::in_memory();
    let mine = city.upload("papers", &picture(1_000)).await.unwrap();
    let photo = city.upload("photos", &picture(2_000)).await.unwrap();
    let theirs = city.upload_as(WANG, "papers", &picture(3_000)).await.unwrap();
    let mut txn = Txn::new(city.store.clone());
    city.files.attach(&mut txn, &city.name, Who::Person(Some(LI_HUA)), mine.id, "r/1").await.unwrap();
    txn.commit().await.unwrap();
    let of = async |who, areas: &[&str]| {
        let (found, _) = city.files.of_person(&city.name, who, areas, None, 10).await.unwrap();
        found.into_iter().map(|f| f.id).collect::<Vec<_>>()
    };
    assert_eq!(of(LI_HUA, &["papers"]).await, [mine.id]);
    assert_eq!(city.files.erase(&city.name, LI_HUA, &["papers"]).await.unwrap(), 1);
    assert_eq!(city.files.erase(&city.name, LI_HUA, &["papers"]).await.unwrap(), 0);
    assert!(of(LI_HUA, &["papers"]).await.is_empty());
    assert_eq!((of(LI_HUA, &["photos"]).await, of(WANG, &["papers"]).await), (vec![photo.id], vec![theirs.id]));
    assert_eq!(city.stored().await.len(), 2);
}

#[tokio::test]
async fn what_a_person_uploaded_is_told_page_by_page() {
    let city = City::in_memory();
    let mut all = Vec::new();
    for n in 0..5 {
        all.push(city.upload("papers", &picture(100 + n)).await.unwrap().id);
        city.upload("photos", &picture(100 + n)).await.unwrap();
    }
    all.sort_by_key(ToString::to_string);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = city.files.of_person(&city.name, LI_HUA, &["papers"], after, 2).await.unwrap();
        found.extend(page.into_iter().map(|f| f.id));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, all);
}
