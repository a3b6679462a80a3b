//! Signatures on receipts, which anybody checks with the public key alone: ECDSA over P-256 with SHA-256 (FIPS 186-5),
//! deterministic (RFC 6979), or SM2 with SM3 (GB/T 32918). The private key is derived by the platform from the
//! installation's secret whenever it is needed, and stands nowhere.

use super::keys::{Keys, sha256_hex};
use super::receipt::{Receipt, Signed, canonical};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use p256::ecdsa::signature::{Signer, Verifier};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The identity that goes into an SM2 signature where none was agreed on (GM/T 0009).
const SM2_ID: &str = "1234567812345678";
/// How often another seed is tried: one is no key once in four thousand million times.
const ATTEMPTS: u32 = 8;

/// How a receipt is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256, as JOSE names it (RFC 7518).
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// SM2 with SM3, the national algorithm.
    #[serde(rename = "SM2-SM3")]
    Sm2Sm3,
}

/// Why a signature cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The derived bytes are no key, eight times in a row; that does not happen by chance.
    #[error("no signing key can be derived")]
    NoKey,
    /// The algorithm gave no signature for this text.
    #[error("the text cannot be signed")]
    NotSigned,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 2] = [Self::Es256, Self::Sm2Sm3];

    /// As receipts and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Sm2Sm3 => "SM2-SM3",
        }
    }

    fn curve(self) -> &'static str {
        match self {
            Self::Es256 => "P-256",
            Self::Sm2Sm3 => "SM2",
        }
    }
}

fn p256_key(keys: &Keys) -> Result<p256::ecdsa::SigningKey, SignatureError> {
    (0..ATTEMPTS)
        .find_map(|n| p256::ecdsa::SigningKey::from_slice(&keys.signing_seed("p256", n)).ok())
        .ok_or(SignatureError::NoKey)
}

fn sm2_key(keys: &Keys) -> Result<sm2::SecretKey, SignatureError> {
    (0..ATTEMPTS)
        .find_map(|n| sm2::SecretKey::from_slice(&keys.signing_seed("sm2", n)).ok())
        .ok_or(SignatureError::NoKey)
}

/// The public key's uncompressed point: 04, x, y.
fn point(keys: &Keys, algorithm: Algorithm) -> Result<Vec<u8>, SignatureError> {
    Ok(match algorithm {
        Algorithm::Es256 => p256_key(keys)?.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        Algorithm::Sm2Sm3 => {
            use sm2::elliptic_curve::sec1::ToSec1Point as _;
            sm2_key(keys)?.public_key().to_sec1_point(false).as_bytes().to_vec()
        }
    })
}

/// The public key as a JWK (RFC 7517). For SM2, which has no registered name there, `crv` is `SM2`.
///
/// # Errors
/// [`SignatureError::NoKey`].
pub fn jwk(keys: &Keys, algorithm: Algorithm) -> Result<Value, SignatureError> {
    let point = point(keys, algorithm)?;
    let (x, y) = (BASE64URL_NOPAD.encode(&point[1..33]), BASE64URL_NOPAD.encode(&point[33..65]));
    let crv = algorithm.curve();
    let kid = thumbprint(crv, &x, &y);
    Ok(json!({"kty": "EC", "crv": crv, "x": x, "y": y, "use": "sig", "alg": algorithm.code(), "kid": kid}))
}

/// The id of a key: SHA-256 over its required members in order (RFC 7638).
fn thumbprint(crv: &str, x: &str, y: &str) -> String {
    let members = format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#);
    HEXLOWER
        .decode(sha256_hex(members.as_bytes()).as_bytes())
        .map(|digest| BASE64URL_NOPAD.encode(&digest))
        .unwrap_or_default()
}

/// Signs a text: r and s, 32 bytes each.
fn sign_text(keys: &Keys, algorithm: Algorithm, text: &str) -> Result<Vec<u8>, SignatureError> {
    match algorithm {
        Algorithm::Es256 => {
            let signature: p256::ecdsa::Signature =
                p256_key(keys)?.try_sign(text.as_bytes()).map_err(|_| SignatureError::NotSigned)?;
            Ok(signature.to_bytes().to_vec())
        }
        Algorithm::Sm2Sm3 => {
            let key = sm2::dsa::SigningKey::new(SM2_ID, &sm2_key(keys)?).map_err(|_| SignatureError::NoKey)?;
            let signature: sm2::dsa::Signature =
                key.try_sign(text.as_bytes()).map_err(|_| SignatureError::NotSigned)?;
            Ok(signature.to_bytes().to_vec())
        }
    }
}

/// Puts the issuer's signature on a receipt as it stands.
///
/// # Errors
/// [`SignatureError`].
pub fn sign(keys: &Keys, algorithm: Algorithm, receipt: &mut Receipt) -> Result<(), SignatureError> {
    let value = BASE64URL_NOPAD.encode(&sign_text(keys, algorithm, &canonical(receipt))?);
    let jwk = jwk(keys, algorithm)?;
    let kid = jwk["kid"].as_str().unwrap_or_default().to_owned();
    receipt.signature = Some(Signed { algorithm, kid, value });
    Ok(())
}

/// Whether a signature is that of a public key (an uncompressed point of 65 bytes) over a text. Nothing of it is
/// secret: this is what a third party runs.
#[must_use]
pub fn verifies(algorithm: Algorithm, point: &[u8], text: &str, signature: &[u8]) -> bool {
    match algorithm {
        Algorithm::Es256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok_and(|key| {
            p256::ecdsa::Signature::from_slice(signature).is_ok_and(|s| key.verify(text.as_bytes(), &s).is_ok())
        }),
        Algorithm::Sm2Sm3 => sm2::PublicKey::from_sec1_bytes(point)
            .ok()
            .and_then(|key| sm2::dsa::VerifyingKey::new(SM2_ID, key).ok())
            .is_some_and(|key| {
                sm2::dsa::Signature::from_slice(signature).is_ok_and(|s| key.verify(text.as_bytes(), &s).is_ok())
            }),
    }
}

/// Whether a receipt carries the signature of this installation over what it says now.
#[must_use]
pub fn is_genuine(keys: &Keys, receipt: &Receipt) -> bool {
    let Some(signed) = &receipt.signature else { return false };
    let (Ok(point), Ok(value)) = (point(keys, signed.algorithm), BASE64URL_NOPAD.decode(signed.value.as_bytes()))
    else {
        return false;
    };
    verifies(signed.algorithm, &point, &canonical(receipt), &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::for_tests;
    use crate::domain::warehouse::coal;

    fn issued() -> Receipt {
        let mut lot = coal(1_000_000);
        let mut receipt = Receipt::draft("WR1".into(), &lot, 600_000, "91320300MA000TX14G", "p-1", 0).unwrap();
        receipt.issue(&mut lot, 1_795_478_400_000).unwrap();
        receipt
    }

    #[test]
    fn the_text_that_is_signed_is_written_in_one_way() {
        assert_eq!(
            canonical(&issued()),
            r#"{"format":"yunlong-warehouse-receipt/1","goods":"coal-5500","goods_name":"动力煤","holder":"91320300MA000TX14G","issued_at":"2026-11-24T08:00:00+08:00","issuer":"91320300MA000TX9X6","lot":"LT1","number":"WR1","quantity":600000,"revision":1,"spec":"Q5500","unit":"kilogram","warehouse":"WH1"}"#
        );
    }

    #[test]
    fn a_third_party_checks_a_receipt_with_the_published_key_alone() {
        let keys = for_tests();
        for algorithm in Algorithm::ALL {
            let mut receipt = issued();
            sign(&keys, algorithm, &mut receipt).unwrap();
            let signed = receipt.signature.clone().unwrap();
            let jwk = jwk(&keys, algorithm).unwrap();
            let coordinate = |name: &str| BASE64URL_NOPAD.decode(jwk[name].as_str().unwrap().as_bytes()).unwrap();
            let point = [vec![4], coordinate("x"), coordinate("y")].concat();
            let value = BASE64URL_NOPAD.decode(signed.value.as_bytes()).unwrap();
            assert_eq!((value.len(), jwk["kid"].as_str()), (64, Some(signed.kid.as_str())));
            assert!(verifies(algorithm, &point, &canonical(&receipt), &value), "{algorithm:?}");
            assert!(is_genuine(&keys, &receipt));
            // A tonne more, another holder: forged.
            let more = Receipt { quantity: 601_000, ..receipt.clone() };
            let other = Receipt { holder: "91320300MA000TX9X6".into(), ..receipt.clone() };
            assert!(!is_genuine(&keys, &more) && !is_genuine(&keys, &other));
            assert!(!verifies(algorithm, &point, &canonical(&receipt), &value[..63]));
            assert!(!verifies(algorithm, &point[..64], &canonical(&receipt), &value));
        }
    }

    #[test]
    fn another_installation_has_another_key() {
        let other = Keys(|purpose| crate::domain::keys::hmac_sha256(b"other", purpose.as_bytes()));
        let mut receipt = issued();
        sign(&other, Algorithm::Es256, &mut receipt).unwrap();
        assert!(!is_genuine(&for_tests(), &receipt));
    }
}
