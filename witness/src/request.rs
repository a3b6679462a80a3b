//! The body of `add-checkpoint`.

use data_encoding::BASE64;
use yunlong_verify::note::{Checkpoint, Note, NoteError, decimal};
use yunlong_verify::tree::Hash;

/// A tree of 2^63 leaves needs no more.
const HASHES: usize = 63;

/// A checkpoint that is to be cosigned, and the proof that it continues another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The size that the proof begins with.
    pub old: u64,
    /// The proof.
    pub proof: Vec<Hash>,
    /// The signed note, as it came.
    pub note: String,
    /// What it says; not verified.
    pub signed: Note,
    /// The head in it.
    pub checkpoint: Checkpoint,
}

/// The body is not one of `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not UTF-8, or lines are missing.
    #[error("the body is not `old SIZE`, at most 63 hashes, an empty line, and a checkpoint: {0}")]
    Form(&'static str),
    /// The checkpoint is none.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Request {
    /// Reads a body.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let bad = RequestError::Form;
        let body = std::str::from_utf8(body).map_err(|_| bad("not UTF-8"))?;
        let (head, note) = body.split_once("\n\n").ok_or_else(|| bad("no empty line"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|l| l.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or_else(|| bad("no old size"))?;
        let proof: Option<Vec<Hash>> =
            lines.map(|l| BASE64.decode(l.as_bytes()).ok().and_then(|h| h.try_into().ok())).collect();
        let proof = proof.ok_or_else(|| bad("a line of the proof is no hash"))?;
        if proof.len() > HASHES {
            return Err(bad("too many hashes"));
        }
        let signed = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(&signed.text)?;
        Ok(Self { old, proof, note: note.to_owned(), signed, checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP tlog-witness, with its first signature.
    const BODY: &str = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn the_example_of_the_specification_is_read() {
        let request = Request::parse(BODY.as_bytes()).unwrap();
        assert_eq!((request.old, request.proof.len(), request.checkpoint.size), (20_852_014, 4, 20_852_163));
        assert_eq!(request.checkpoint.origin, "example.com/behind-the-sofa");
        assert!(request.note.starts_with("example.com/") && request.note.ends_with("=\n"));
    }

    #[test]
    fn anything_else_is_refused() {
        for (from, to) in [
            ("old 2", "new 2"),
            ("old 2", "old 02"),
            ("old 2", "old -2"),
            ("kaw=", "kaw"),
            ("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", "AAAA"),
            ("— ", "- "),
            ("20852163\n", "20852163 \n"),
        ] {
            assert!(Request::parse(BODY.replace(from, to).as_bytes()).is_err(), "{from} -> {to}");
        }
        let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
        assert!(Request::parse(BODY.replace(hash, &hash.repeat(61)).as_bytes()).is_err(), "64 hashes");
        assert!(Request::parse(BODY.replace(hash, &hash.repeat(60)).as_bytes()).is_ok(), "63 hashes");
        assert!(Request::parse(b"\xff").is_err());
    }
}
