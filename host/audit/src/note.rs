//! Signed notes (C2SP signed-note), checkpoints (tlog-checkpoint) and cosignatures (tlog-cosignature).

use crate::error::AuditError;
use crate::tree::Hash;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Signature types of C2SP signed-note.
const ED25519: u8 = 1;
const COSIGNATURE: u8 = 4;

/// Whether this can be a key's name.
fn check_name(name: &str) -> Result<(), AuditError> {
    let bad = name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
    if bad {
        let why = format!("`{name}` is no name of a key: neither empty, nor with spaces or plus signs");
        return Err(AuditError::Config(why));
    }
    Ok(())
}

fn key_id(name: &str, kind: u8, key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(key.as_bytes()).finalize();
    let mut id = [0; 4];
    id.copy_from_slice(&hash[..4]);
    id
}

fn line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    format!("— {name} {}\n", BASE64.encode(&[&id[..], signature].concat()))
}

/// What signs the checkpoints of a log.
pub(crate) struct LogKey {
    origin: String,
    key: SigningKey,
    id: [u8; 4],
}

impl LogKey {
    pub(crate) fn new(origin: &str, seed: &Zeroizing<[u8; 32]>) -> Result<Self, AuditError> {
        check_name(origin)?;
        let key = SigningKey::from_bytes(seed);
        let id = key_id(origin, ED25519, &key.verifying_key());
        Ok(Self { origin: origin.to_owned(), key, id })
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// `<name>+<id>+<type and key>`.
    pub(crate) fn vkey(&self) -> String {
        let public = [&[ED25519][..], self.key.verifying_key().as_bytes()].concat();
        format!("{}+{}+{}", self.origin, HEXLOWER.encode(&self.id), BASE64.encode(&public))
    }

    /// Whether a checkpoint is one of this log's, under its own signature.
    pub(crate) fn signed(&self, note: &str) -> bool {
        let Some((text, lines)) = text_of(note).map(|text| (text, &note[text.len()..])) else { return false };
        let own = |line: &str| {
            let rest = line.strip_prefix("— ")?.strip_prefix(self.origin.as_str())?.strip_prefix(' ')?;
            let bytes = BASE64.decode(rest.as_bytes()).ok()?;
            let (id, signature) = bytes.split_first_chunk::<4>()?;
            let signature = Signature::from_slice(signature).ok()?;
            Some(*id == self.id && self.key.verifying_key().verify_strict(text.as_bytes(), &signature).is_ok())
        };
        text.lines().next() == Some(self.origin.as_str()) && lines.lines().any(|line| own(line) == Some(true))
    }

    /// A signed checkpoint.
    pub(crate) fn checkpoint(&self, size: u64, root: &Hash) -> String {
        let text = format!("{}\n{size}\n{}\n", self.origin, BASE64.encode(root));
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        format!("{text}\n{}", line(&self.origin, self.id, &signature))
    }
}

/// A checkpoint's size and root, without a look at its signatures.
pub(crate) fn head(note: &str) -> Option<(u64, Hash)> {
    let mut lines = note.lines().skip(1);
    let size = lines.next()?.parse().ok()?;
    let root = BASE64.decode(lines.next()?.as_bytes()).ok()?;
    Some((size, root.try_into().ok()?))
}

/// The text that signatures are over: up to the last empty line, without it.
fn text_of(note: &str) -> Option<&str> {
    note.rfind("\n\n").map(|end| &note[..=end])
}

/// A witness's key.
#[derive(Clone, Debug)]
pub(crate) struct WitnessKey {
    pub(crate) name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl WitnessKey {
    pub(crate) fn parse(vkey: &str) -> Result<Self, AuditError> {
        let bad = |why: &str| AuditError::Config(format!("`{vkey}` is no verifier key of a witness: {why}"));
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("it is not `<name>+<id>+<key>`"));
        };
        check_name(name)?;
        let key = BASE64.decode(key.as_bytes()).map_err(|_| bad("its key is not base64"))?;
        let Some((&COSIGNATURE, key)) = key.split_first() else {
            return Err(bad("its signature type is not 4, the one of cosignatures"));
        };
        let key: [u8; 32] = key.try_into().map_err(|_| bad("its key has not 32 bytes"))?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| bad("its key is no point of Ed25519"))?;
        let expected = key_id(name, COSIGNATURE, &key);
        if id != HEXLOWER.encode(&expected) {
            return Err(bad("its id does not belong to its name and key"));
        }
        Ok(Self { name: name.to_owned(), id: expected, key })
    }

    /// The line among `lines` that is this witness's, if its signature holds for the checkpoint.
    pub(crate) fn cosignature(&self, note: &str, lines: &str) -> Option<String> {
        let text = text_of(note)?;
        lines.lines().find_map(|candidate| {
            let rest = candidate.strip_prefix("— ")?.strip_prefix(self.name.as_str())?.strip_prefix(' ')?;
            let bytes = BASE64.decode(rest.as_bytes()).ok()?;
            let (id, rest) = bytes.split_first_chunk::<4>()?;
            let (time, signature) = rest.split_first_chunk::<8>()?;
            let signature = Signature::from_slice(signature).ok()?;
            let message = format!("cosignature/v1\ntime {}\n{text}", u64::from_be_bytes(*time));
            let holds = *id == self.id && self.key.verify_strict(message.as_bytes(), &signature).is_ok();
            holds.then(|| format!("{candidate}\n"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP tlog-checkpoint.
    #[test]
    fn the_head_of_a_checkpoint_is_read() {
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
        let (size, root) = head(note).unwrap();
        assert_eq!((size, root[0]), (20_852_163, 0x0a));
        assert_eq!(head("x\n"), None);
    }

    /// The key of the test vectors of RFC 8032 7.1, first one.
    #[test]
    fn a_checkpoint_is_a_signed_note() {
        let seed = HEXLOWER.decode(b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let key = LogKey::new("city.example/audit", &Zeroizing::new(seed.try_into().unwrap())).unwrap();
        let note = key.checkpoint(3, &[7; 32]);
        assert!(note.starts_with(
            "city.example/audit\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n— city.example/audit "
        ));
        assert_eq!(head(&note), Some((3, [7; 32])));
        // The key may hold plus signs: it is base64.
        let vkey = key.vkey();
        let parts: Vec<&str> = vkey.splitn(3, '+').collect();
        assert_eq!((parts[0], parts[1].len()), ("city.example/audit", 8));
        let material = BASE64.decode(parts[2].as_bytes()).unwrap();
        assert_eq!(HEXLOWER.encode(&material), "01d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert!(key.signed(&note));
        assert!(!key.signed(&note.replacen('3', "4", 1)) && !key.signed("") && !key.signed("city.example/audit\n"));
        assert!(LogKey::new("with space", &Zeroizing::new([0; 32])).is_err());
    }

    #[test]
    fn a_key_that_is_not_a_witness_s_says_why() {
        for (vkey, why) in [
            ("w", "`<name>+<id>+<key>`"),
            ("w+00000000+!!!!", "base64"),
            ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "type is not 4"),
            ("w+00000000+BAAA", "32 bytes"),
            ("example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "its id does not"),
        ] {
            let error = WitnessKey::parse(vkey).unwrap_err().to_string();
            assert!(error.contains(why), "{vkey}: {error}");
        }
    }
}
