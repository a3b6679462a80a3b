//! Files of frames: journals and snapshots.
//!
//! A file starts with a magic of 8 bytes, a random salt of 8 and a CRC of both. A frame is a header
//! of 20 bytes (length, number, CRC of the payload, CRC of the header) and its payload. The salt is
//! part of every CRC, so neither bytes that an app stored nor blocks of a former file can pass for a
//! frame of this one.
//!
//! A frame is written by one append and synced before the next one is, so a power cut can
//! tear the last frame only. That is how a torn tail (nothing follows: cut it off) and damage (a
//! frame follows: refuse) are told apart.

use super::files::LogFile;
use crate::StoreError;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader, Read};

const FILE_HEADER: usize = 20;
const FRAME_HEADER: usize = 20;

/// Which file it is.
pub(super) type Magic = [u8; 8];
/// A journal, format 1.
pub(super) const JOURNAL: Magic = *b"YLJRNL01";
/// A snapshot, format 1.
pub(super) const SNAPSHOT: Magic = *b"YLSNAP01";

/// Writes a file of frames.
pub(super) struct FrameWriter {
    file: Box<dyn LogFile>,
    salt: u64,
    /// Bytes written.
    pub(super) bytes: u64,
}

impl FrameWriter {
    pub(super) fn new(mut file: Box<dyn LogFile>, magic: Magic) -> io::Result<Self> {
        // Each RandomState has its own random keys.
        let salt = RandomState::new().hash_one(magic);
        let mut header = [magic, salt.to_be_bytes()].concat();
        header.extend_from_slice(&crc32fast::hash(&header).to_be_bytes());
        file.append(&header)?;
        Ok(Self { file, salt, bytes: header.len() as u64 })
    }

    /// Appends a frame. It is not durable yet.
    pub(super) fn append(&mut self, number: u64, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut frame = Vec::with_capacity(FRAME_HEADER + payload.len());
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&number.to_be_bytes());
        frame.extend_from_slice(&crc(self.salt, payload).to_be_bytes());
        frame.extend_from_slice(&crc(self.salt, &frame).to_be_bytes());
        frame.extend_from_slice(payload);
        self.file.append(&frame)?;
        self.bytes += frame.len() as u64;
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

/// Reads a file of frames.
pub(super) struct FrameReader {
    name: String,
    file: BufReader<Box<dyn Read + Send>>,
    salt: u64,
    /// Bytes of the file's header and whole frames so far.
    pub(super) bytes: u64,
    /// The number of the last frame that was read.
    last: u64,
    /// Nothing more can be read: the file ended or its tail is torn.
    done: bool,
}

/// A frame that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) number: u64,
    pub(super) payload: Vec<u8>,
}

impl FrameReader {
    /// Starts reading. A file whose header is not whole has no frames: the header is synced
    /// before the first frame is written.
    pub(super) fn new(name: &str, file: Box<dyn Read + Send>, magic: Magic) -> Result<Self, StoreError> {
        let mut file = BufReader::with_capacity(1 << 16, file);
        let header = read_up_to(&mut file, FILE_HEADER)?;
        let mut reader = Self { name: name.to_owned(), file, salt: 0, bytes: header.len() as u64, last: 0, done: true };
        let whole = header.len() == FILE_HEADER && crc32fast::hash(&header[..16]).to_be_bytes() == header[16..];
        if whole {
            if header[..8] != magic {
                return Err(StoreError::Corrupt(format!("{name} is not of a format that this program reads")));
            }
            reader.salt = u64_at(&header, 8);
            reader.done = false;
        } else if !read_up_to(&mut reader.file, 1)?.is_empty() {
            return Err(StoreError::Corrupt(format!("{name}: its header is damaged")));
        }
        Ok(reader)
    }

    /// The next frame; `None` at the end, be it clean or torn.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let header = read_up_to(&mut self.file, FRAME_HEADER)?;
        if header.is_empty() {
            self.done = true;
            return Ok(None);
        }
        let Some((length, number, payload_crc)) = parse_header(self.salt, &header) else {
            return self.torn(header);
        };
        let payload = read_up_to(&mut self.file, length)?;
        if payload.len() < length || crc(self.salt, &payload) != payload_crc {
            return self.torn([header, payload].concat());
        }
        self.bytes += (FRAME_HEADER + length) as u64;
        self.last = number;
        Ok(Some(Frame { number, payload }))
    }

    /// Decides whether what follows is a torn tail.
    fn torn(&mut self, mut rest: Vec<u8>) -> Result<Option<Frame>, StoreError> {
        self.done = true;
        self.file.read_to_end(&mut rest).map_err(|e| StoreError::Io(format!("{}: {e}", self.name)))?;
        // A checksum of 32 bits fits by chance once in a tail of gigabytes; together with a number
        // that could be the next ones', never.
        let plausible = |number: u64| number > self.last && number - self.last <= u64::from(u32::MAX);
        let another = (1..rest.len())
            .filter_map(|at| parse_header(self.salt, &rest[at..]))
            .any(|(_, number, _)| plausible(number));
        if another {
            return Err(StoreError::Corrupt(format!(
                "{}: the frame at byte {} is damaged, and others follow it",
                self.name, self.bytes
            )));
        }
        tracing::warn!(
            file = self.name,
            at = self.bytes,
            bytes = rest.len(),
            "cut off an unfinished commit that was never acknowledged"
        );
        Ok(None)
    }
}

/// Length, number and the payload's CRC, when these bytes start with a frame's header.
fn parse_header(salt: u64, bytes: &[u8]) -> Option<(usize, u64, u32)> {
    let header = bytes.get(..FRAME_HEADER)?;
    let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    (crc(salt, &header[..16]) == word(16)).then(|| (word(0) as usize, u64_at(header, 4), word(12)))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().fold(0, |n, b| n << 8 | u64::from(*b))
}

fn crc(salt: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_be_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// Reads `n` bytes, fewer at the end of the file. Memory grows with what is really there.
fn read_up_to(file: &mut impl Read, n: usize) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    file.take(n as u64).read_to_end(&mut out).map_err(|e| StoreError::Io(e.to_string()))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl LogFile for Shared {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.lock().extend_from_slice(bytes);
            Ok(())
        }
        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(payloads: &[&[u8]]) -> Vec<u8> {
        let file = Shared::default();
        let mut w = FrameWriter::new(Box::new(file.clone()), JOURNAL).unwrap();
        for (i, p) in payloads.iter().enumerate() {
            w.append(i as u64, p).unwrap();
        }
        let bytes = file.0.lock().clone();
        assert_eq!(w.bytes, bytes.len() as u64);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut r = FrameReader::new("test", Box::new(io::Cursor::new(bytes.to_vec())), JOURNAL)?;
        let mut out = Vec::new();
        while let Some(f) = r.next()? {
            assert_eq!(f.number, out.len() as u64);
            out.push(f.payload);
        }
        Ok(out)
    }

    #[test]
    fn frames_come_back() {
        assert_eq!(read(&written(&[b"one", b"", b"three"])), Ok(vec![b"one".to_vec(), vec![], b"three".to_vec()]));
    }

    #[test]
    fn a_file_cut_anywhere_loses_only_what_is_behind_the_cut() {
        let bytes = written(&[b"one", b"two", b"three"]);
        for cut in 0..bytes.len() {
            let left = read(&bytes[..cut]).unwrap();
            let whole = [20 + 23, 20 + 46, 20 + 71].iter().filter(|end| cut >= **end).count();
            assert_eq!(left.len(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn any_flipped_byte_before_the_last_frame_is_damage() {
        let bytes = written(&[b"one", b"two", b"three"]);
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            match read(&bad) {
                Err(StoreError::Corrupt(_)) => assert!(at < 20 + 46, "byte {at}"),
                Ok(left) => assert!(left.len() == 2 && at >= 20 + 46, "byte {at}"),
                Err(e) => panic!("{e}"),
            }
        }
    }

    #[test]
    fn a_stored_copy_of_another_journal_does_not_pass_for_a_frame() {
        let inner = written(&[b"stored by an app"]);
        let bytes = written(&[b"one", &inner]);
        assert_eq!(read(&bytes[..bytes.len() - 1]), Ok(vec![b"one".to_vec()]));
    }
}
