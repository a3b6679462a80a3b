//! An upload grows: hashed, recognized, sealed and made durable as its bytes arrive.
//!
//! The order of things is what a crash leaves whole: bytes are synced before a row counts them; a row says what the
//! bytes are (`Placing`) before they get their place; the place is made before the row says that it is a file. Whoever
//! finds a row at the second step takes the third again.

use crate::content::{FileKey, PIECE, hash_of, text_of};
use crate::limits::{CHECKPOINT, SNIFFED};
use crate::row::{self, File, Growing, Row, State, Whole};
use crate::service::Files;
use crate::sniff::recognize;
use crate::source::Source;
use crate::{FileError, keys};
use bytes::{Bytes, BytesMut};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};
use yunlong_blobs::digest::Algorithm;
use yunlong_blobs::{Append, UploadId};
use yunlong_model::InstallationName;
use yunlong_model::files::matches;
use yunlong_store::{StoreError, transact};

/// What the bytes of a piece are to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-1, which every client of tus knows: it finds what a line has damaged, and protects from nobody.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

/// What arrives at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Where the client goes on.
    pub at: u64,
    /// The checksum of what arrives. Then nothing of it counts before all of it is there.
    pub checksum: Option<Checksum>,
    /// Whether the file ends with it, for an upload whose length was not said.
    pub last: bool,
}

/// How far it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The bytes that are durable.
    pub at: u64,
    /// The file, once it is whole.
    pub file: Option<File>,
}

enum Check {
    None,
    Sha1(sha1::Sha1, [u8; 20]),
    Sha256(Sha256, [u8; 32]),
}

impl Check {
    fn new(wanted: Option<&Checksum>) -> Self {
        match wanted {
            None => Self::None,
            Some(Checksum::Sha1(sum)) => Self::Sha1(sha1::Sha1::default(), *sum),
            Some(Checksum::Sha256(sum)) => Self::Sha256(Sha256::new(), *sum),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Sha1(hash, _) => sha1::Digest::update(hash, bytes),
            Self::Sha256(hash, _) => hash.update(bytes),
        }
    }

    fn holds(self) -> bool {
        match self {
            Self::None => true,
            Self::Sha1(hash, sum) => sha1::Digest::finalize(hash)[..] == sum,
            Self::Sha256(hash, sum) => hash.finalize()[..] == sum,
        }
    }
}

/// An upload in hand.
struct Writing<'a> {
    files: &'a Files,
    installation: &'a InstallationName,
    id: UploadId,
    row: Row,
    growing: Growing,
    append: Box<dyn Append>,
    key: Option<FileKey>,
    plain: Sha256,
    sealed: Sha256,
    head: Vec<u8>,
    tail: BytesMut,
    /// Bytes that the committed row counts.
    committed: u64,
}

impl Files {
    /// Takes in what arrives, from `piece.at` on. When the source is cut off, what arrived is kept. An upload of which
    /// all bytes are there becomes a file; one that the area does not take is forgotten.
    ///
    /// # Errors
    /// [`FileError::Offset`] when the client goes on elsewhere; [`FileError::TooLarge`] and [`FileError::WrongType`],
    /// with which the upload is forgotten; [`FileError::Checksum`] and [`FileError::Cut`], behind which it goes on;
    /// [`FileError::Busy`], [`FileError::NotFound`].
    pub async fn receive(
        &self,
        installation: &InstallationName,
        id: UploadId,
        piece: Piece,
        source: &mut dyn Source,
    ) -> Result<Received, FileError> {
        let _turn = self.turn(id)?;
        let row = self.row(installation, id).await?.ok_or(FileError::NotFound)?;
        if row.has_expired(self.clock.now()) {
            return Err(FileError::NotFound);
        }
        let State::Growing(growing) = row.state.clone() else {
            // All of it is there: a client that did not hear so asks again, with nothing to send.
            let file = self.placed(installation, id, row).await?;
            return if piece.at == file.size { Ok(received(file)) } else { Err(FileError::Offset { at: file.size }) };
        };
        if piece.at != growing.received {
            return Err(FileError::Offset { at: growing.received });
        }
        let taken = self.grow(installation, id, row, growing, piece, source).await;
        if let Err(FileError::TooLarge { .. } | FileError::WrongType { .. }) = &taken {
            // Nothing can come of it: its room is free again at once.
            self.forget(installation, id).await?;
        }
        taken
    }

    async fn grow(
        &self,
        installation: &InstallationName,
        id: UploadId,
        row: Row,
        growing: Growing,
        piece: Piece,
        source: &mut dyn Source,
    ) -> Result<Received, FileError> {
        let damaged = |_| StoreError::Corrupt(format!("the upload {id}"));
        let mut writing = Writing {
            files: self,
            installation,
            id,
            append: self.blobs.append(id, growing.stored, Algorithm::Sha256).await?,
            key: row.key.as_deref().map(FileKey::of).transpose()?,
            plain: hash_of(&growing.plain)?,
            sealed: hash_of(&growing.sealed)?,
            head: BASE64.decode(growing.head.as_bytes()).map_err(damaged)?,
            tail: BytesMut::from(&BASE64.decode(growing.tail.as_bytes()).map_err(damaged)?[..]),
            committed: growing.received,
            row,
            growing,
        };
        let mut check = Check::new(piece.checksum.as_ref());
        let checked = piece.checksum.is_some();
        loop {
            match source.next().await {
                Ok(Some(bytes)) => {
                    check.update(&bytes);
                    writing.take(bytes).await?;
                    if !checked && writing.growing.received - writing.committed >= CHECKPOINT {
                        writing.save().await?;
                    }
                }
                Ok(None) => break,
                Err(crate::Cut) if checked => return Err(FileError::Cut),
                Err(crate::Cut) => {
                    writing.save().await?;
                    return Err(FileError::Cut);
                }
            }
        }
        if !check.holds() {
            return Err(FileError::Checksum);
        }
        let at = writing.growing.received;
        if writing.growing.length.map_or(piece.last, |length| length == at) {
            return Ok(received(writing.finish().await?));
        }
        writing.save().await?;
        Ok(Received { at, file: None })
    }

    /// A file whose bytes are all durable, with their place made if a crash came before.
    pub(crate) async fn placed(
        &self,
        installation: &InstallationName,
        id: UploadId,
        row: Row,
    ) -> Result<File, FileError> {
        if let State::Placing(whole) = &row.state {
            self.blobs.place(id, whole.stored, &whole.digest).await?;
            transact!(&self.store, |txn| {
                let Some(mut row) = row::get(txn, &self.keys, installation, id).await? else {
                    return Err(FileError::NotFound);
                };
                if let State::Placing(whole) = row.state {
                    // What was reserved and is not needed is free again.
                    let more = i64::try_from(row.reserved.saturating_sub(whole.stored)).unwrap_or(0);
                    let less = i64::try_from(whole.stored.saturating_sub(row.reserved)).unwrap_or(0);
                    if more != less {
                        txn.adjust(keys::bytes(installation), less - more, i64::MIN, i64::MAX);
                    }
                    row.reserved = whole.stored;
                    row.state = State::Placed(whole);
                    row::put(txn, &self.keys, installation, id, &row)?;
                }
                Ok(())
            })?;
            // An object store copied its segments. Whatever goes wrong here, the collector comes by.
            if let Err(error) = self.blobs.discard(id).await {
                tracing::warn!(%error, %id, "what an upload left is not gone yet");
            }
        }
        let row = self.row(installation, id).await?.ok_or(FileError::NotFound)?;
        row.file(id, self.clock.now()).map(|(file, _)| file).ok_or(FileError::NotFound)
    }
}

fn received(file: File) -> Received {
    Received { at: file.size, file: Some(file) }
}

impl Writing<'_> {
    async fn take(&mut self, bytes: Bytes) -> Result<(), FileError> {
        let limit = self.growing.length.unwrap_or(self.growing.max);
        if self.growing.received + bytes.len() as u64 > limit {
            return Err(FileError::TooLarge { limit });
        }
        self.growing.received += bytes.len() as u64;
        self.plain.update(&bytes);
        if self.growing.media_type.is_none() {
            let wanted = SNIFFED.saturating_sub(self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..wanted]);
            if self.head.len() >= SNIFFED {
                self.look()?;
            }
        }
        if self.key.is_none() {
            return self.store(bytes).await;
        }
        self.tail.extend_from_slice(&bytes);
        while self.tail.len() >= PIECE {
            let piece = self.tail.split_to(PIECE);
            self.seal(&piece).await?;
        }
        Ok(())
    }

    /// Says what the file is, and refuses what is not wanted.
    fn look(&mut self) -> Result<(), FileError> {
        let found = recognize(&self.head, &self.row.name);
        self.head = Vec::new();
        if !self.growing.accept.iter().any(|pattern| matches(pattern, &found)) {
            return Err(FileError::WrongType { found, wanted: self.growing.accept.clone() });
        }
        self.growing.media_type = Some(found);
        Ok(())
    }

    async fn seal(&mut self, piece: &[u8]) -> Result<(), FileError> {
        let Some(key) = &self.key else { return Ok(()) };
        // All pieces before are whole ones.
        let number = self.growing.stored / (PIECE + yunlong_sealing::OVERHEAD) as u64;
        let sealed = key.seal(number, piece)?;
        self.store(sealed).await
    }

    async fn store(&mut self, bytes: Bytes) -> Result<(), FileError> {
        self.sealed.update(&bytes);
        self.growing.stored += bytes.len() as u64;
        Ok(self.append.write(bytes).await?)
    }

    /// Makes what arrived durable, and then counts it.
    async fn save(&mut self) -> Result<(), FileError> {
        self.synced().await?;
        self.growing.plain = text_of(&self.plain);
        self.growing.sealed = text_of(&self.sealed);
        self.growing.head = BASE64.encode(&self.head);
        self.growing.tail = BASE64.encode(&self.tail);
        let row = Row { state: State::Growing(self.growing.clone()), ..self.row.clone() };
        self.write(&row).await?;
        self.committed = self.growing.received;
        Ok(())
    }

    async fn synced(&mut self) -> Result<(), FileError> {
        let stored = self.append.sync().await?;
        if stored == self.growing.stored {
            return Ok(());
        }
        Err(StoreError::Io(format!("of {} bytes of the upload {}, {stored} were stored", self.growing.stored, self.id))
            .into())
    }

    async fn finish(mut self) -> Result<File, FileError> {
        if self.growing.media_type.is_none() {
            self.look()?;
        }
        let tail = self.tail.split();
        if !tail.is_empty() {
            self.seal(&tail).await?;
        }
        self.synced().await?;
        let hex = HEXLOWER.encode(&self.sealed.clone().finalize());
        let digest = format!("sha256:{hex}").parse().map_err(|e| StoreError::Corrupt(format!("{e}")))?;
        let whole = Whole {
            media_type: self.growing.media_type.clone().unwrap_or_default(),
            size: self.growing.received,
            sha256: HEXLOWER.encode(&self.plain.clone().finalize()),
            digest,
            stored: self.growing.stored,
            at: self.files.clock.now(),
        };
        let row = Row { state: State::Placing(whole), ..self.row.clone() };
        self.write(&row).await?;
        let Self { files, installation, id, append, .. } = self;
        // It holds the upload, which is renamed now.
        drop(append);
        files.placed(installation, id, row).await
    }

    /// Writes the row if it still is the one that this began from: on another machine, too, nobody else went on.
    async fn write(&mut self, row: &Row) -> Result<(), FileError> {
        let (files, installation, id, committed) = (self.files, self.installation, self.id, self.committed);
        transact!(&files.store, |txn| {
            let found = row::get(txn, &files.keys, installation, id).await?.ok_or(FileError::NotFound)?;
            match &found.state {
                State::Growing(g) if g.received == committed => {}
                _ => return Err(FileError::Busy),
            }
            row::put(txn, &files.keys, installation, id, row)
        })
    }
}
