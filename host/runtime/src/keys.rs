//! Keys that are derived from the platform's secret (HKDF-SHA-256, RFC 5869).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The most bytes that one purpose gets.
pub(crate) const MAX_DERIVED: usize = 64;

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length: the error cannot happen.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return [0; 32] };
    for p in parts {
        mac.update(p);
    }
    mac.finalize().into_bytes().into()
}

/// The pseudo-random key of one installation; it never leaves the host.
#[derive(Clone)]
pub(crate) struct InstallationKey([u8; 32]);

impl InstallationKey {
    pub(crate) fn new(secret: &[u8; 32], installation: &str) -> Self {
        Self(extract(format!("yunlong/installation/{installation}").as_bytes(), secret))
    }

    /// `n` bytes for a purpose.
    pub(crate) fn derive(&self, purpose: &str, n: usize) -> Vec<u8> {
        expand(&self.0, purpose.as_bytes(), n.min(MAX_DERIVED))
    }
}

/// The key of the cache's tags.
pub(crate) fn cache_key(secret: &[u8; 32]) -> [u8; 32] {
    extract(b"yunlong/cache", secret)
}

fn extract(salt: &[u8], secret: &[u8]) -> [u8; 32] {
    mac(salt, &[secret])
}

fn expand(key: &[u8; 32], info: &[u8], n: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(n + 32);
    let mut block: Vec<u8> = Vec::new();
    let mut i = 1_u8;
    while out.len() < n {
        block = mac(key, &[&block, info, &[i]]).to_vec();
        out.extend_from_slice(&block);
        i = i.wrapping_add(1);
    }
    out.truncate(n);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER_PERMISSIVE as HEX;

    #[test]
    fn rfc_5869_test_case_1() {
        let prk = extract(&HEX.decode(b"000102030405060708090a0b0c").unwrap(), &[0x0b; 22]);
        assert_eq!(HEX.encode(&prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
        let okm = expand(&prk, &HEX.decode(b"f0f1f2f3f4f5f6f7f8f9").unwrap(), 42);
        assert_eq!(
            HEX.encode(&okm),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
    }

    #[test]
    fn no_two_installations_or_purposes_share_a_key() {
        let [a, b] = ["a", "b"].map(|n| InstallationKey::new(&[7; 32], n));
        assert_ne!(a.derive("x", 32), b.derive("x", 32));
        assert_ne!(a.derive("x", 32), a.derive("y", 32));
        assert_eq!(a.derive("x", 64)[..16], a.derive("x", 16)[..]);
        assert_eq!(a.derive("x", 1_000).len(), MAX_DERIVED);
    }
}
