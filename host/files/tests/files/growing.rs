//! Uploads: cut off, gone on with, refused.

use crate::city::{City, LI_HUA, PNG, WANG, picture};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use yunlong_files::{Checksum, FileError, Piece, Whole};
use yunlong_model::Clock as _;

#[tokio::test]
async fn an_upload_goes_on_where_it_was_cut_off_also_behind_a_restart() {
    for area in ["photos", "papers"] {
        let folder = tempfile::tempdir().unwrap();
        let mut city = City::in_folder(folder.path());
        let bytes = picture(3_000_000);
        let id = city.begin(area, Some(bytes.len() as u64)).await.unwrap();
        city.cut(id, 0, &bytes[..1_000_003]).await;
        for end in [1_700_000, 1_700_001, 2_999_999] {
            city = city.restarted(folder.path());
            let at = city.files.progress(&city.name, id, LI_HUA).await.unwrap().at;
            assert!(at > 0 && at < end, "what arrived is kept: {at}");
            city.cut(id, at, &bytes[usize::try_from(at).unwrap()..usize::try_from(end).unwrap()]).await;
        }
        city = city.restarted(folder.path());
        let at = city.files.progress(&city.name, id, LI_HUA).await.unwrap().at;
        assert_eq!(at, 2_999_999);
        let file = city.send(id, at, &bytes[2_999_999..]).await.unwrap().file.unwrap();
        assert_eq!((file.size, file.media_type.as_str(), file.name.as_str()), (3_000_000, "image/png", "坑洼.png"));
        assert_eq!(file.sha256, data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)));
        assert!(city.read(id).await == bytes, "{area}");
        // A client that did not hear that it is whole asks again.
        assert_eq!(city.send(id, 3_000_000, b"").await.unwrap().file, Some(file));
    }
}

#[tokio::test]
async fn who_goes_on_elsewhere_is_told_where_it_is() {
    let city = City::in_memory();
    let id = city.begin("photos", Some(100_000)).await.unwrap();
    city.cut(id, 0, &picture(40_000)).await;
    for at in [0, 39_999, 40_001] {
        let refused = city.send(id, at, &[0; 10]).await;
        assert!(matches!(refused, Err(FileError::Offset { at: 40_000 })), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent_and_while_it_is() {
    let city = City::in_memory();
    let over = (20 << 20) + 1;
    assert!(matches!(city.begin("photos", Some(over)).await, Err(FileError::TooLarge { limit }) if limit == over - 1));
    let id = city.begin("photos", Some(1_000)).await.unwrap();
    assert!(matches!(city.send(id, 0, &picture(1_001)).await, Err(FileError::TooLarge { limit: 1_000 })));
    assert!(matches!(city.files.progress(&city.name, id, LI_HUA).await, Err(FileError::NotFound)));
    assert_eq!(city.files.usage(&city.name).await.unwrap(), 0, "its room is free again");
    assert!(city.stored().await.is_empty());
}

#[tokio::test]
async fn what_it_is_is_said_by_its_bytes_and_a_wrong_type_is_refused_at_the_beginning() {
    let city = City::in_memory();
    let mut program = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec();
    program.resize(5_000_000, 0);
    let id = city.begin("photos", Some(5_000_000)).await.unwrap();
    // The first megabyte is enough to see it.
    let refused = city.send(id, 0, &program[..1_000_000]).await;
    assert!(matches!(refused, Err(FileError::WrongType { .. })), "{refused:?}");
    assert!(city.stored().await.is_empty());
    for markup in [&b"<svg onload='x'/>"[..], b"<html>", b""] {
        let refused = city.upload("photos", markup).await;
        assert!(matches!(refused, Err(FileError::WrongType { .. })), "{refused:?}");
    }
    assert_eq!(city.upload("photos", PNG).await.unwrap().media_type, "image/png");
}

#[tokio::test]
async fn bytes_that_do_not_have_their_checksum_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    for city in [City::in_memory(), City::in_folder(folder.path())] {
        let bytes = picture(200_000);
        let id = city.begin("papers", Some(200_000)).await.unwrap();
        let send = async |at: usize, part: &[u8], sum: [u8; 32]| {
            let piece = Piece { at: at as u64, checksum: Some(Checksum::Sha256(sum)), last: false };
            city.files.receive(&city.name, id, piece, &mut Whole::new(Bytes::copy_from_slice(part))).await
        };
        let sum = |part: &[u8]| Sha256::digest(part).into();
        assert_eq!(send(0, &bytes[..90_000], sum(&bytes[..90_000])).await.unwrap().at, 90_000);
        let wrong = send(90_000, &bytes[90_001..], sum(&bytes[90_000..])).await;
        assert!(matches!(wrong, Err(FileError::Checksum)), "{wrong:?}");
        assert_eq!(city.files.progress(&city.name, id, LI_HUA).await.unwrap().at, 90_000);
        assert!(send(90_000, &bytes[90_000..], sum(&bytes[90_000..])).await.unwrap().file.is_some());
        assert!(city.read(id).await == bytes);
    }
}

#[tokio::test]
async fn an_upload_is_its_persons_alone() {
    let city = City::in_memory();
    let id = city.begin("photos", Some(100)).await.unwrap();
    assert!(matches!(city.files.progress(&city.name, id, WANG).await, Err(FileError::NotFound)));
    assert!(matches!(city.files.cancel(&city.name, id, WANG).await, Err(FileError::NotFound)));
    let other = "other".parse().unwrap();
    assert!(matches!(city.files.progress(&other, id, LI_HUA).await, Err(FileError::NotFound)));
    let piece = Piece::default();
    let refused = city.files.receive(&other, id, piece, &mut Whole::new(Bytes::from_static(PNG))).await;
    assert!(matches!(refused, Err(FileError::NotFound)), "{refused:?}");
    city.files.cancel(&city.name, id, LI_HUA).await.unwrap();
    assert!(matches!(city.files.progress(&city.name, id, LI_HUA).await, Err(FileError::NotFound)));
}

#[tokio::test]
async fn a_person_has_so_many_uploads_that_are_not_attached_and_others_theirs() {
    let city = City::in_memory();
    for _ in 0..yunlong_files::MAX_OPEN {
        city.begin("photos", Some(100)).await.unwrap();
    }
    assert!(matches!(city.begin("photos", Some(100)).await, Err(FileError::TooManyOpen)));
    city.begin_as(WANG, "photos", Some(100)).await.unwrap();
    city.clock.advance(yunlong_files::EXPIRES_MILLIS);
    city.files.sweep().await.unwrap();
    city.begin("photos", Some(100)).await.unwrap();
}

#[tokio::test]
async fn the_quota_counts_what_uploads_may_bring_and_then_what_they_did() {
    let mut city = City::in_memory();
    city.quota = 30 << 20;
    // Of one whose length is not said, all that it may have.
    let id = city.begin("photos", None).await.unwrap();
    assert_eq!(city.files.usage(&city.name).await.unwrap(), 20 << 20);
    assert!(matches!(city.begin("photos", None).await, Err(FileError::OverQuota { .. })));
    let piece = Piece { at: 0, checksum: None, last: true };
    let bytes = Bytes::from(picture(1_000));
    let received = city.files.receive(&city.name, id, piece, &mut Whole::new(bytes)).await.unwrap();
    assert_eq!(received.file.unwrap().size, 1_000);
    assert_eq!(city.files.usage(&city.name).await.unwrap(), 1_000);
    assert!(city.begin("photos", None).await.is_ok());
}

#[tokio::test]
async fn two_who_go_on_at_once_do_not_mix() {
    let city = City::in_memory();
    let bytes = picture(2_000_000);
    let id = city.begin("photos", Some(2_000_000)).await.unwrap();
    let (one, other) = tokio::join!(city.send(id, 0, &bytes), city.send(id, 0, &bytes));
    let refused = |r: &Result<_, FileError>| matches!(r, Err(FileError::Busy | FileError::Offset { .. }));
    assert!(one.is_ok() != other.is_ok() || refused(&one) || refused(&other), "{one:?} {other:?}");
    assert!(city.read(id).await == bytes);
}

#[tokio::test]
async fn an_area_that_is_not_declared_takes_nothing_and_an_app_writes_within_its_own() {
    let city = City::in_memory();
    assert!(matches!(city.begin("videos", Some(1)).await, Err(FileError::Undeclared(a)) if a == "videos"));
    let file = city.files.write(city.owner(), "photos", "证明.pdf", Bytes::from_static(b"%PDF-1.7\n")).await.unwrap();
    assert_eq!((file.media_type.as_str(), file.uploader), ("application/pdf", None));
    let at = city.clock.now().plus_millis(yunlong_files::EXPIRES_MILLIS);
    assert_eq!(file.expires, Some(at));
    for (name, bytes) in [("../x.pdf", &b"%PDF-1.7\n"[..]), ("", b"%PDF-1.7\n"), ("a.pdf", b"<html>")] {
        let refused = city.files.write(city.owner(), "photos", name, Bytes::copy_from_slice(bytes)).await;
        assert!(matches!(refused, Err(FileError::Invalid(_) | FileError::WrongType { .. })), "{name}: {refused:?}");
    }
}
