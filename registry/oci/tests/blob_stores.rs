//! What every blob store promises, for each of them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use futures::TryStreamExt as _;
use object_store::memory::InMemory;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use support::noise;
use yunlong_oci::blobs::{BlobError, BlobStore, FolderBlobs, ObjectBlobs, Place, Stored, UploadId};
use yunlong_oci::digest::Algorithm;

/// Runs a check on a folder and on an object store, each of which can be opened again.
async fn on_each(check: impl AsyncFn(&dyn Fn() -> Arc<dyn BlobStore>)) {
    let folder = tempfile::tempdir().unwrap();
    check(&|| Arc::new(FolderBlobs::open(folder.path()).unwrap())).await;
    let objects = Arc::new(InMemory::new());
    check(&|| Arc::new(ObjectBlobs::new(objects.clone(), "registry"))).await;
    let objects = Arc::new(InMemory::new());
    check(&|| Arc::new(ObjectBlobs::new(objects.clone(), ""))).await;
}

async fn write(blobs: &dyn BlobStore, upload: UploadId, at: u64, bytes: &[u8]) -> u64 {
    let mut append = blobs.append(upload, at, Algorithm::Sha256).await.unwrap();
    for piece in bytes.chunks(100_000) {
        append.write(piece.to_vec().into()).await.unwrap();
    }
    append.sync().await.unwrap()
}

async fn read(blobs: &dyn BlobStore, place: &Place, size: u64, range: std::ops::Range<u64>) -> Vec<u8> {
    let stream = blobs.read(place, size, range).await.unwrap();
    stream.try_collect::<Vec<_>>().await.unwrap().concat()
}

async fn list(blobs: &dyn BlobStore) -> BTreeSet<Stored> {
    blobs.list().try_collect().await.unwrap()
}

#[tokio::test]
async fn what_was_uploaded_in_pieces_is_one_blob_and_can_be_read_in_parts() {
    on_each(async |open| {
        let blobs = open();
        let bytes = noise(20_000_003, 1);
        let place = Place { digest: Algorithm::Sha256.digest(&bytes), upload: UploadId::random() };
        let at = write(&*blobs, place.upload, 0, &bytes[..9_000_000]).await;
        assert_eq!(at, 9_000_000);
        let at = write(&*blobs, place.upload, at, &bytes[9_000_000..]).await;
        assert_eq!(list(&*blobs).await, [Stored::Upload(place.upload)].into());
        blobs.place(place.upload, at, &place.digest).await.unwrap();
        blobs.discard(place.upload).await.unwrap();
        assert_eq!(list(&*blobs).await, [Stored::Blob(place.clone())].into());
        assert!(read(&*blobs, &place, at, 0..at).await == bytes);
        assert!(read(&*blobs, &place, at, 8_388_600..8_388_620).await == bytes[8_388_600..8_388_620]);
        assert!(read(&*blobs, &place, at, 5..5).await.is_empty());
        blobs.place(place.upload, at, &place.digest).await.expect("placing twice is placing");
        blobs.remove(&place).await.unwrap();
        blobs.remove(&place).await.expect("removing twice is removing");
        assert!(matches!(blobs.read(&place, at, 0..at).await, Err(BlobError::Missing)));
    })
    .await;
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart_where_it_was_synced() {
    on_each(async |open| {
        let bytes = noise(3_000_000, 2);
        let upload = UploadId::random();
        let at = write(&*open(), upload, 0, &bytes[..1_000_000]).await;
        {
            // More arrived, but was never synced.
            let blobs = open();
            let mut append = blobs.append(upload, at, Algorithm::Sha256).await.unwrap();
            append.write(noise(2_000_000, 3).into()).await.unwrap();
        }
        let blobs = open();
        let end = write(&*blobs, upload, at, &bytes[1_000_000..]).await;
        let digest = Algorithm::Sha256.digest(&bytes);
        blobs.place(upload, end, &digest).await.unwrap();
        assert!(read(&*blobs, &Place { digest, upload }, end, 0..end).await == bytes);
    })
    .await;
}

#[tokio::test]
async fn other_bytes_than_the_digest_says_become_no_blob() {
    on_each(async |open| {
        let blobs = open();
        let upload = UploadId::random();
        let at = write(&*blobs, upload, 0, &noise(9_000_000, 4)).await;
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let wrong = algorithm.digest(b"something else");
            assert!(matches!(blobs.place(upload, at, &wrong).await, Err(BlobError::Digest { .. })));
            assert!(matches!(blobs.read(&Place { digest: wrong, upload }, at, 0..at).await, Err(BlobError::Missing)));
        }
        assert_eq!(list(&*blobs).await, [Stored::Upload(upload)].into());
        let right = Algorithm::Sha512.digest(&noise(9_000_000, 4));
        blobs.place(upload, at, &right).await.expect("computed along the way or not");
    })
    .await;
}

#[tokio::test]
async fn an_empty_upload_is_the_empty_blob() {
    on_each(async |open| {
        let blobs = open();
        let place = Place { digest: Algorithm::Sha256.digest(b""), upload: UploadId::random() };
        blobs.place(place.upload, 0, &place.digest).await.unwrap();
        assert!(read(&*blobs, &place, 0, 0..0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn bytes_that_were_promised_and_are_not_there_are_noticed() {
    on_each(async |open| {
        let blobs = open();
        let upload = UploadId::random();
        assert!(matches!(blobs.append(upload, 5, Algorithm::Sha256).await, Err(BlobError::Lost { wanted: 5, .. })));
        let at = write(&*blobs, upload, 0, b"abc").await;
        assert!(matches!(blobs.append(upload, at + 1, Algorithm::Sha256).await, Err(BlobError::Lost { .. })));
        let digest = Algorithm::Sha256.digest(b"abcd");
        assert!(matches!(blobs.place(upload, 4, &digest).await, Err(BlobError::Lost { .. })));
        blobs.discard(upload).await.unwrap();
        assert!(list(&*blobs).await.is_empty());
        blobs.discard(upload).await.expect("discarding twice is discarding");
    })
    .await;
}

#[tokio::test]
async fn a_blob_of_another_size_is_damaged() {
    on_each(async |open| {
        let blobs = open();
        let place = Place { digest: Algorithm::Sha256.digest(b"abc"), upload: UploadId::random() };
        write(&*blobs, place.upload, 0, b"abc").await;
        blobs.place(place.upload, 3, &place.digest).await.unwrap();
        assert!(matches!(blobs.read(&place, 4, 0..4).await, Err(BlobError::Damaged(_))));
    })
    .await;
}

#[tokio::test]
async fn the_same_content_twice_has_two_places_and_losing_one_leaves_the_other() {
    on_each(async |open| {
        let blobs = open();
        let digest = Algorithm::Sha256.digest(b"same");
        let places = [(); 2].map(|()| Place { digest: digest.clone(), upload: UploadId::random() });
        for place in &places {
            write(&*blobs, place.upload, 0, b"same").await;
            blobs.place(place.upload, 4, &digest).await.unwrap();
        }
        blobs.remove(&places[0]).await.unwrap();
        assert_eq!(read(&*blobs, &places[1], 4, 0..4).await, b"same");
    })
    .await;
}

#[tokio::test]
async fn two_requests_never_write_to_one_upload_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = FolderBlobs::open(folder.path()).unwrap();
    let upload = UploadId::random();
    let append = blobs.append(upload, 0, Algorithm::Sha256).await.unwrap();
    assert!(matches!(blobs.append(upload, 0, Algorithm::Sha256).await, Err(BlobError::Busy)));
    let digest = Algorithm::Sha256.digest(b"");
    assert!(matches!(blobs.place(upload, 0, &digest).await, Err(BlobError::Busy)));
    assert!(matches!(blobs.discard(upload).await, Err(BlobError::Busy)));
    drop(append);
    blobs.append(upload, 0, Algorithm::Sha256).await.map(|_| ()).unwrap();
}

#[tokio::test]
async fn a_folder_holds_each_blob_under_its_digest_and_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = FolderBlobs::open(folder.path()).unwrap();
    let place = Place { digest: Algorithm::Sha256.digest(b"abc"), upload: UploadId::random() };
    write(&blobs, place.upload, 0, b"abc").await;
    let shelf = folder.path().join("blobs/sha256/ba");
    assert!(!shelf.exists());
    blobs.place(place.upload, 3, &place.digest).await.unwrap();
    let file = shelf.join(format!("{}.{}", place.digest.hex(), place.upload));
    assert_eq!(std::fs::read(file).unwrap(), b"abc");
    assert!(is_empty(&folder.path().join("uploads")));
}

fn is_empty(path: &Path) -> bool {
    std::fs::read_dir(path).unwrap().next().is_none()
}
