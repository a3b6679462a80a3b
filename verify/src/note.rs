//! Signed notes, checkpoints and cosignatures, as C2SP signed-note, tlog-checkpoint and
//! tlog-cosignature write them.

use crate::tree::Hash;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The longest note that is read, with its signatures.
pub const LONGEST: usize = 64 * 1024;
const DASH: &str = "— ";

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// Notes: type 0x01, the key of a log.
    Ed25519,
    /// Checkpoints with a time: type 0x04, the key of a witness.
    Cosignature,
}

impl KeyType {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// Why something is no note, checkpoint or key, or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("不是签名文本（{0}）/ this is no signed note ({0})")]
    Note(&'static str),
    /// Not a checkpoint.
    #[error("不是检查点（{0}）/ this is no checkpoint ({0})")]
    Checkpoint(&'static str),
    /// Not a verifier key.
    #[error("“{0}”不是验证公钥（{1}）/ `{0}` is no verifier key ({1})")]
    Key(String, &'static str),
    /// Nothing that is known signed it.
    #[error("没有 {0} 的签名 / it bears no signature of {0}")]
    Unsigned(String),
    /// A signature of a known key does not hold.
    #[error("{0} 的签名不成立 / the signature of {0} does not hold")]
    Forged(String),
}

/// A verifier key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VKey {
    /// The key's name: a log's origin, a witness's name.
    pub name: String,
    /// The first bytes of the hash of name, type and key.
    pub id: [u8; 4],
    /// What it signs.
    pub kind: KeyType,
    key: VerifyingKey,
}

/// These keys without those that are the same key, under whatever name: one witness counts once.
#[must_use]
pub fn distinct(keys: &[VKey]) -> Vec<VKey> {
    let mut out: Vec<VKey> = Vec::new();
    for key in keys {
        if !out.iter().any(|known| known.key == key.key) {
            out.push(key.clone());
        }
    }
    out
}

fn id_of(name: &str, kind: KeyType, key: &VerifyingKey) -> [u8; 4] {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update(b"\n");
    hash.update([kind.byte()]);
    hash.update(key.as_bytes());
    let digest = hash.finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// Names have neither spaces nor plus signs nor control characters.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl VKey {
    /// Reads `<name>+<id>+<key>`.
    ///
    /// # Errors
    /// [`NoteError::Key`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let bad = |why| NoteError::Key(text.to_owned(), why);
        let (name, rest) = text.split_once('+').ok_or_else(|| bad("<name>+<id>+<key>"))?;
        let (id, material) = rest.split_once('+').ok_or_else(|| bad("<name>+<id>+<key>"))?;
        if !is_name(name) {
            return Err(bad("name"));
        }
        let material = BASE64.decode(material.as_bytes()).map_err(|_| bad("base64"))?;
        let kind = match material.first() {
            Some(1) => KeyType::Ed25519,
            Some(4) => KeyType::Cosignature,
            _ => return Err(bad("signature type 1 or 4")),
        };
        let key: [u8; 32] = material[1..].try_into().map_err(|_| bad("32 bytes"))?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| bad("Ed25519"))?;
        let expected = id_of(name, kind, &key);
        if HEXLOWER.encode(&expected) != id {
            return Err(bad("id"));
        }
        Ok(Self { name: name.to_owned(), id: expected, kind, key })
    }

    /// The key of a signer.
    #[must_use]
    pub fn of(name: &str, kind: KeyType, key: &SigningKey) -> Option<Self> {
        let key = key.verifying_key();
        is_name(name).then(|| Self { name: name.to_owned(), id: id_of(name, kind, &key), kind, key })
    }

    /// `<name>+<id>+<key>`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut material = vec![self.kind.byte()];
        material.extend_from_slice(self.key.as_bytes());
        format!("{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&material))
    }

    fn holds(&self, text: &str, signature: &[u8]) -> bool {
        let (message, signature) = match self.kind {
            KeyType::Ed25519 => (text.to_owned(), signature),
            KeyType::Cosignature => match signature.split_first_chunk::<8>() {
                Some((time, signature)) => (cosigned_message(u64::from_be_bytes(*time), text), signature),
                None => return false,
            },
        };
        Signature::from_slice(signature).is_ok_and(|s| self.key.verify_strict(message.as_bytes(), &s).is_ok())
    }
}

fn cosigned_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A cosignature's line over a note's text, by a witness, at a POSIX time.
#[must_use]
pub fn cosign(name: &VKey, key: &SigningKey, time: u64, text: &str) -> String {
    let signature = key.sign(cosigned_message(time, text).as_bytes());
    let mut bytes = name.id.to_vec();
    bytes.extend_from_slice(&time.to_be_bytes());
    bytes.extend_from_slice(&signature.to_bytes());
    format!("{DASH}{} {}\n", name.name, BASE64.encode(&bytes))
}

/// A signed note that was read, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What was signed, with its last line's end.
    pub text: String,
    signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::Note`].
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > LONGEST {
            return Err(NoteError::Note("too long"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Note("control characters"));
        }
        let split = note.rfind("\n\n").ok_or(NoteError::Note("no empty line"))?;
        let (text, lines) = (&note[..=split], &note[split + 2..]);
        if !lines.ends_with('\n') {
            return Err(NoteError::Note("no signature line"));
        }
        let signatures: Option<Vec<_>> = lines.lines().map(signature_line).collect();
        let signatures = signatures.ok_or(NoteError::Note("signature line"))?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// How often this key has signed. Signatures of other keys do not matter.
    ///
    /// # Errors
    /// [`NoteError::Forged`] when a signature of this key does not hold.
    pub fn signed_by(&self, key: &VKey) -> Result<bool, NoteError> {
        let mut signed = false;
        for (name, id, signature) in &self.signatures {
            if *name == key.name && *id == key.id {
                if !key.holds(&self.text, signature) {
                    return Err(NoteError::Forged(key.name.clone()));
                }
                signed = true;
            }
        }
        Ok(signed)
    }

    /// When a witness cosigned it, in POSIX seconds: the latest time, if there are several.
    ///
    /// # Errors
    /// [`NoteError::Forged`] when a signature of this key does not hold.
    pub fn cosigned_by(&self, witness: &VKey) -> Result<Option<u64>, NoteError> {
        if witness.kind != KeyType::Cosignature || !self.signed_by(witness)? {
            return Ok(None);
        }
        let own = self.signatures.iter().filter(|(name, id, _)| *name == witness.name && *id == witness.id);
        let times = own.filter_map(|(_, _, signature)| signature.split_first_chunk::<8>());
        Ok(times.map(|(time, _)| u64::from_be_bytes(*time)).max())
    }

    /// When each of these witnesses cosigned it, the latest first. They must be distinct.
    pub(crate) fn cosignatures(&self, witnesses: &[VKey]) -> Result<Vec<u64>, NoteError> {
        let times: Result<Vec<_>, NoteError> = witnesses.iter().map(|w| self.cosigned_by(w)).collect();
        let mut times: Vec<u64> = times?.into_iter().flatten().collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        Ok(times)
    }

    /// The checkpoint in it, signed by its log.
    ///
    /// # Errors
    /// [`NoteError`]: it is none, another's, or not signed.
    pub fn checkpoint(&self, log: &VKey) -> Result<Checkpoint, NoteError> {
        let checkpoint = Checkpoint::parse(&self.text)?;
        if checkpoint.origin != log.name || !self.signed_by(log)? {
            return Err(NoteError::Unsigned(log.name.clone()));
        }
        Ok(checkpoint)
    }
}

fn signature_line(line: &str) -> Option<(String, [u8; 4], Vec<u8>)> {
    let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = BASE64.decode(signature.as_bytes()).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (is_name(name) && !signature.is_empty()).then(|| (name.to_owned(), *id, signature.to_vec()))
}

/// A tree's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads a note's text.
    ///
    /// # Errors
    /// [`NoteError::Checkpoint`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Checkpoint;
        let body = text.strip_suffix('\n').ok_or_else(|| bad("end of line"))?;
        let mut lines = body.split('\n');
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let origin = origin.filter(|o| !o.is_empty()).ok_or_else(|| bad("origin"))?;
        let size = decimal(size.unwrap_or_default()).ok_or_else(|| bad("size"))?;
        let root = BASE64.decode(root.unwrap_or_default().as_bytes()).ok().and_then(|r| Hash::try_from(r).ok());
        let root = root.ok_or_else(|| bad("root"))?;
        if lines.any(str::is_empty) {
            return Err(bad("extension"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A number in decimal without signs or leading zeroes.
#[must_use]
pub fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP signed-note.
    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_example_of_signed_note_holds() {
        let key = VKey::parse(KEY).unwrap();
        assert_eq!(key.text(), KEY);
        let note = Note::parse(NOTE).unwrap();
        assert_eq!(note.text, "This is an example message.\n");
        assert_eq!(note.signed_by(&key), Ok(true));
        let other = Note::parse(&NOTE.replace("an example", "no example")).unwrap();
        assert_eq!(other.signed_by(&key), Err(NoteError::Forged("example.com/foo".into())));
    }

    #[test]
    fn signatures_of_others_do_not_matter_and_text_may_hold_empty_lines() {
        let key = VKey::parse(KEY).unwrap();
        let note = Note::parse("a\n\nb\n\n— example.com/foo AAAAAAAA\n").unwrap();
        assert_eq!(note.text, "a\n\nb\n");
        assert_eq!(note.signed_by(&key), Ok(false), "same name, another id");
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for bad in ["", "a\n", "a\n\n", "a\n\nb\n", "a\n\n— x AAAA\n", "a\n\n— x +AAAAAAA=", "a\t\n\n— x AAAAAAAA\n"]
        {
            assert!(Note::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Note::parse(&"a\n".repeat(LONGEST)).is_err());
    }

    #[test]
    fn keys_that_do_not_fit_together_are_refused() {
        for bad in
            ["", "a+b", "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", &KEY.replace("530d", "530e")]
        {
            assert!(VKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    /// The example of C2SP tlog-checkpoint.
    #[test]
    fn checkpoints_are_read_strictly() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
        for (from, to) in
            [("2085", "02085"), ("2085", "+2085"), ("CsUY", "Cs!Y"), ("q2I=\n", "q2I=\n\n"), ("2I=\n", "2I=")]
        {
            assert!(Checkpoint::parse(&text.replace(from, to)).is_err(), "{from} -> {to}");
        }
        assert!(Checkpoint::parse(&format!("{text}extension\n")).is_ok());
    }

    #[test]
    fn a_cosignature_holds_for_its_text_and_time_alone() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let vkey = VKey::of("witness.example/w1", KeyType::Cosignature, &key).unwrap();
        let text = "example.com/behind-the-sofa\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let line = cosign(&vkey, &key, 1_679_315_147, text);
        assert_eq!(Note::parse(&format!("{text}\n{line}")).unwrap().signed_by(&vkey), Ok(true));
        let other = text.replace("\n1\n", "\n2\n");
        assert!(Note::parse(&format!("{other}\n{line}")).unwrap().signed_by(&vkey).is_err());
    }
}
