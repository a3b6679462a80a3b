//! Secrets: types that never print what they hold and wipe it when they go.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;
use yunlong_sealing::{DataKey, Keyring};
use zeroize::{Zeroize as _, Zeroizing};

type HmacSha256 = Hmac<Sha256>;

/// The platform's key of 32 bytes, from which everything else that must stay secret is derived, and
/// the keys that personal fields are sealed with.
#[derive(Clone)]
pub struct Secrets {
    key: Zeroizing<[u8; 32]>,
    fields: Arc<Keyring>,
}

impl Secrets {
    /// Takes the platform's key. It must come from a random source and never change: pairwise
    /// subjects hang on it. Personal fields are sealed with a key that is derived from it, until
    /// [`Secrets::with_fields`] gives others.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        let key = Zeroizing::new(key);
        let derived = Zeroizing::new(derive(&key, "data-key", &[]));
        Self { key, fields: Arc::new(Keyring::new(DataKey::derived(&derived), Vec::new())) }
    }

    /// The same, with these keys for personal fields.
    #[must_use]
    pub fn with_fields(self, fields: Keyring) -> Self {
        Self { fields: Arc::new(fields), ..self }
    }

    /// The keys that personal fields are sealed with.
    #[must_use]
    pub fn fields(&self) -> &Arc<Keyring> {
        &self.fields
    }

    /// 32 bytes for one use: HMAC-SHA-256 under the platform's key over `purpose`, each of
    /// `context` behind a zero byte. The parts may not hold zero bytes themselves.
    #[must_use]
    pub fn derive(&self, purpose: &str, context: &[&str]) -> [u8; 32] {
        derive(&self.key, purpose, context)
    }

    /// The keyed hash of a resident ID: the row of its account, and the person across datasets.
    pub(crate) fn resident_id_tag(&self, id: &str) -> String {
        data_encoding::HEXLOWER.encode(&self.derive("resident-id", &[id]))
    }
}

fn derive(key: &[u8; 32], purpose: &str, context: &[&str]) -> [u8; 32] {
    // RFC 2104 fills a short key with zeros to the block's 64 bytes: done here, the key has a
    // length that the type knows, and nothing can fail.
    let mut block = Zeroizing::new([0_u8; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = HmacSha256::new(&(*block).into());
    mac.update(purpose.as_bytes());
    for part in context {
        mac.update(&[0]);
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// A password on its way to be hashed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The token of a session or a one-time code: 32 random bytes as base64url without padding, 43
/// characters. Whoever has it has the session.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new one, from the operating system's random source; `None` when that fails.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = [0_u8; 32];
        SysRng.try_fill_bytes(&mut bytes).ok()?;
        let token = Self(Zeroizing::new(BASE64URL_NOPAD.encode(&bytes)));
        bytes.zeroize();
        Some(token)
    }

    /// The text, for the cookie or the answer that carries it to its owner.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A code that people copy by hand: groups of five characters of base32, 25 bits each.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// A new one of so many groups.
    pub(crate) fn random(groups: usize) -> Result<Self, crate::IdentityError> {
        // Five bits a character, and 40 bits are eight: cut to length.
        let mut bytes = Zeroizing::new(vec![0_u8; groups * 5]);
        SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(|_| crate::IdentityError::Crypto("the operating system gave no random bytes".into()))?;
        let letters = Zeroizing::new(BASE32_NOPAD.encode(&bytes));
        let mut text = Zeroizing::new(String::with_capacity(groups * 6));
        for (n, letter) in letters.chars().take(groups * 5).enumerate() {
            if n > 0 && n.is_multiple_of(5) {
                text.push('-');
            }
            text.push(letter);
        }
        Ok(Self(text))
    }

    /// The text, for its owner: `ABCDE-FGHIJ-…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored of a code: HMAC-SHA-256 under the platform's key, in hexadecimal, of what was
    /// typed without the signs and spaces between the groups. Whoever has the store alone cannot
    /// try codes against it.
    pub(crate) fn tag(secrets: &Secrets, purpose: &str, typed: &str) -> String {
        let plain: Zeroizing<String> = Zeroizing::new(
            typed
                .chars()
                .take(200)
                .filter(char::is_ascii_alphanumeric)
                // These three stand in no code, and are what people read in it.
                .map(|c| match c.to_ascii_uppercase() {
                    '0' => 'O',
                    '1' => 'I',
                    '8' => 'B',
                    c => c,
                })
                .collect(),
        );
        HEXLOWER.encode(&secrets.derive("code", &[purpose, &plain]))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// What is stored of a token: SHA-256 in hexadecimal. A token has 256 bits of entropy, so that no
/// salt and no slow hash is called for.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct TokenHash(String);

impl TokenHash {
    /// Of the text that somebody presented; `None` for what cannot be a token.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let ok = token.len() == 43 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        ok.then(|| Self(HEXLOWER.encode(&Sha256::digest(token.as_bytes()))))
    }

    pub(crate) fn from_hex(hex: String) -> Self {
        Self(hex)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_what_it_holds() {
        let token = Token::random().unwrap();
        let shown = format!(
            "{:?}{:?}{:?}{:?}",
            token,
            Password::from("yunlong-demo"),
            Secrets::new([7; 32]),
            TokenHash::of(token.as_str())
        );
        assert!(!shown.contains(token.as_str()) && !shown.contains("demo") && !shown.contains('7'), "{shown}");
    }

    #[test]
    fn tokens_are_distinct_and_only_tokens_are_looked_up() {
        let (a, b) = (Token::random().unwrap(), Token::random().unwrap());
        assert!(a.as_str() != b.as_str() && a.as_str().len() == 43);
        for bad in ["", "a", &"a".repeat(42), &format!("{}=", "a".repeat(42)), &"景".repeat(15)] {
            assert_eq!(TokenHash::of(bad), None);
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let s = Secrets::new([1; 32]);
        let code = Code::random(4).unwrap();
        assert_eq!((code.as_str().len(), code.as_str().matches('-').count()), (23, 3));
        let typed = format!(" {} ", code.as_str().to_lowercase().replace('-', " ").replace('o', "0").replace('i', "1"));
        assert_eq!(Code::tag(&s, "reset", code.as_str()), Code::tag(&s, "reset", &typed));
        assert_ne!(Code::tag(&s, "reset", code.as_str()), Code::tag(&s, "mandate", code.as_str()));
        assert!(!format!("{code:?}").contains(&code.as_str()[..5]));
    }

    #[test]
    fn every_purpose_and_context_has_a_key_of_its_own() {
        let s = Secrets::new([1; 32]);
        assert_ne!(s.derive("a", &["b"]), s.derive("a", &["b", ""]));
        assert_ne!(s.derive("a", &["bc"]), s.derive("a", &["b", "c"]));
        assert_ne!(s.derive("a", &[]), Secrets::new([2; 32]).derive("a", &[]));
    }
}
