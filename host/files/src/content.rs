//! Content on its way into the store and out of it: as it is, or sealed in pieces.
//!
//! A sealed file is a row of pieces of [`PIECE`] bytes, the last one shorter, each sealed under the file's own key and
//! bound to its place in the file. That there are no fewer pieces than there were is known by the size, which stands
//! in the row.

use crate::FileError;
use bytes::{Bytes, BytesMut};
use data_encoding::BASE64;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use std::sync::Arc;
use yunlong_blobs::{BlobError, ByteStream};
use yunlong_sealing::{DataKey, Keyring, OVERHEAD, SealError};
use yunlong_store::StoreError;
use zeroize::Zeroizing;

/// Bytes of a piece: small enough that what is left of one fits into a row, large enough that what sealing adds is a
/// thousandth.
pub(crate) const PIECE: usize = 32 << 10;
const SEALED: u64 = (PIECE + OVERHEAD) as u64;

/// The key of one file.
#[derive(Clone)]
pub(crate) struct FileKey(Arc<Keyring>);

impl FileKey {
    /// A new key, and its text for the row.
    pub(crate) fn generate() -> Result<(Self, String), FileError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, bytes.as_mut_slice())
            .map_err(|_| unsealed(&SealError::Random))?;
        let text = BASE64.encode(bytes.as_slice());
        Ok((Self(Arc::new(Keyring::new(DataKey::derived(&bytes), Vec::new()))), text))
    }

    /// The key of a row.
    pub(crate) fn of(text: &str) -> Result<Self, FileError> {
        let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).unwrap_or_default());
        let bytes: [u8; 32] =
            bytes.as_slice().try_into().map_err(|_| StoreError::Corrupt("the key of a file is none".into()))?;
        Ok(Self(Arc::new(Keyring::new(DataKey::derived(&Zeroizing::new(bytes)), Vec::new()))))
    }

    pub(crate) fn seal(&self, piece: u64, plain: &[u8]) -> Result<Bytes, FileError> {
        self.0.seal(&piece.to_be_bytes(), plain).map(Bytes::from).map_err(|e| unsealed(&e))
    }

    fn open(&self, piece: u64, sealed: &[u8]) -> Result<Bytes, BlobError> {
        let plain = self.0.open(&piece.to_be_bytes(), sealed);
        plain.map(|p| Bytes::copy_from_slice(&p)).map_err(|e| BlobError::Io(format!("a sealed file: {e}")))
    }
}

fn unsealed(e: &SealError) -> FileError {
    StoreError::Sealed(format!("a file: {e}")).into()
}

/// A hash that goes on behind a restart.
pub(crate) fn hash_of(text: &str) -> Result<Sha256, FileError> {
    if text.is_empty() {
        return Ok(Sha256::new());
    }
    let bytes = BASE64.decode(text.as_bytes()).unwrap_or_default();
    let damaged = || StoreError::Corrupt("the hash of an upload is none".into());
    let state: &SerializedState<Sha256> = bytes.as_slice().try_into().map_err(|_| damaged())?;
    Ok(Sha256::deserialize(state).map_err(|_| damaged())?)
}

/// The text of a hash that is to go on.
pub(crate) fn text_of(hash: &Sha256) -> String {
    BASE64.encode(&hash.serialize())
}

/// The stored bytes that hold a part of a sealed file of `size` bytes.
pub(crate) fn stored_range(size: u64, part: &Range<u64>) -> Range<u64> {
    let piece = PIECE as u64;
    let first = part.start / piece;
    let behind = part.end.div_ceil(piece);
    first * SEALED..(behind * SEALED).min(stored_size(size))
}

/// The stored bytes of a sealed file of `size` bytes.
pub(crate) fn stored_size(size: u64) -> u64 {
    size + size.div_ceil(PIECE as u64) * OVERHEAD as u64
}

/// Opens a part of a sealed file, of which `stored` brings the bytes of [`stored_range`].
pub(crate) fn opened(key: FileKey, stored: ByteStream, part: Range<u64>) -> ByteStream {
    struct At {
        key: FileKey,
        stored: ByteStream,
        gathered: BytesMut,
        piece: u64,
        part: Range<u64>,
        ended: bool,
    }
    let piece = part.start / PIECE as u64;
    let at = At { key, stored, gathered: BytesMut::new(), piece, part, ended: false };
    let pieces = stream::try_unfold(at, |mut at| async move {
        while !at.ended && at.gathered.len() < SEALED as usize {
            match at.stored.try_next().await? {
                Some(bytes) => at.gathered.extend_from_slice(&bytes),
                None => at.ended = true,
            }
        }
        if at.gathered.is_empty() {
            return Ok::<_, BlobError>(None);
        }
        let sealed = at.gathered.split_to(at.gathered.len().min(SEALED as usize));
        let plain = at.key.open(at.piece, &sealed)?;
        let begin = at.piece * PIECE as u64;
        at.piece += 1;
        // Of the first and the last piece, what was asked for.
        let from = usize::try_from(at.part.start.saturating_sub(begin)).unwrap_or(usize::MAX).min(plain.len());
        let to = usize::try_from(at.part.end.saturating_sub(begin)).unwrap_or(usize::MAX).min(plain.len());
        Ok(Some((plain.slice(from..to.max(from)), at)))
    });
    let boxed: BoxStream<'static, Result<Bytes, BlobError>> = pieces.boxed();
    boxed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealed(key: &FileKey, plain: &[u8]) -> Vec<Bytes> {
        plain.chunks(PIECE).enumerate().map(|(i, p)| key.seal(i as u64, p).unwrap()).collect()
    }

    async fn read(key: &FileKey, stored: &[u8], size: u64, part: Range<u64>) -> Result<Vec<u8>, BlobError> {
        let range = stored_range(size, &part);
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        // In pieces of another size than those that were sealed.
        let bytes: Vec<_> = stored[range].chunks(10_007).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let pieces: Vec<Bytes> = opened(key.clone(), stream::iter(bytes).boxed(), part).try_collect().await?;
        Ok(pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_part_of_a_sealed_file_is_that_part_of_the_file(size in 0_usize..120_000, a in 0.0..1.0, b in 0.0..1.0) {
            let plain: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            let (key, text) = FileKey::generate().unwrap();
            let stored = sealed(&FileKey::of(&text).unwrap(), &plain).concat();
            prop_assert_eq!(stored.len() as u64, stored_size(size as u64));
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let at = |x: f64| (x * size as f64) as u64;
            let (from, to) = (at(a).min(at(b)), at(a).max(at(b)));
            let read = futures::executor::block_on(read(&key, &stored, size as u64, from..to)).unwrap();
            prop_assert_eq!(&read[..], &plain[from as usize..to as usize]);
        }
    }

    #[test]
    fn a_piece_opens_at_its_own_place_alone() {
        let (key, _) = FileKey::generate().unwrap();
        let mut pieces = sealed(&key, &vec![7; 3 * PIECE]);
        pieces.swap(0, 1);
        let stored = pieces.concat();
        let size = 3 * PIECE as u64;
        assert!(futures::executor::block_on(read(&key, &stored, size, 0..10)).is_err());
        assert!(futures::executor::block_on(read(&key, &stored, size, 2 * PIECE as u64..size)).is_ok());
        let (other, _) = FileKey::generate().unwrap();
        assert!(futures::executor::block_on(read(&other, &stored, size, 2 * PIECE as u64..size)).is_err());
    }

    #[test]
    fn a_hash_goes_on_where_it_was() {
        let whole = Sha256::digest(b"abcdefgh");
        let first = Sha256::new().chain_update(b"abc");
        let second = hash_of(&text_of(&first)).unwrap().chain_update(b"defgh");
        assert_eq!(second.finalize(), whole);
        assert!(hash_of("AAAA").is_err());
    }
}
