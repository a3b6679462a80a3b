//! Somebody outside checks a receipt with what anybody may fetch: its text, its signature and the published keys. Nothing
//! of the app's code takes part, and none of the city's answers is believed but these.

use super::*;
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256};

/// The identity of SM2 signatures for which nothing else was agreed on (GM/T 0009).
const SM2_ID: &str = "1234567812345678";

/// A receipt as a third party has it.
struct Paper {
    text: String,
    signature: Vec<u8>,
    key: Value,
}

fn bytes(of: &Value, member: &str) -> Result<Vec<u8>> {
    let text = of[member].as_str().with_context(|| format!("no {member}: {of}"))?;
    Ok(BASE64URL_NOPAD.decode(text.as_bytes())?)
}

impl Paper {
    /// What a client that never signed in fetches of a receipt, with the key that the signature names.
    async fn of(x: &Xuzhou, receipt: &str) -> Result<Self> {
        let nobody = x.city.client(APP)?;
        let seen = read(&nobody, &format!("/api/receipts/{receipt}/verification")).await?;
        let keys = read(&nobody, "/api/keys").await?;
        let kid = &seen["signature"]["kid"];
        let named = keys["keys"].as_array().into_iter().flatten().filter(|k| k["kid"] == *kid).collect::<Vec<_>>();
        ensure!(named.len() == 1 && named[0]["alg"] == seen["signature"]["algorithm"], "{kid} in {keys}");
        ensure!(named[0]["d"].is_null(), "a private key is published");
        let text = seen["text"].as_str().context("no text")?.to_owned();
        Ok(Self { text, signature: bytes(&seen["signature"], "value")?, key: named[0].clone() })
    }

    /// What the text says.
    fn says(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.text)?)
    }

    /// The same paper with something else in its text.
    fn altered(&self, from: &str, to: &str) -> Result<Self> {
        ensure!(self.text.matches(from).count() == 1, "{from} is not once in {}", self.text);
        Ok(Self { text: self.text.replace(from, to), signature: self.signature.clone(), key: self.key.clone() })
    }

    /// The key's id follows from the key (RFC 7638).
    fn key_is_named_by_its_thumbprint(&self) -> bool {
        let [crv, x, y] = ["crv", "x", "y"].map(|member| self.key[member].to_string());
        let members = format!(r#"{{"crv":{crv},"kty":"EC","x":{x},"y":{y}}}"#);
        self.key["kid"] == BASE64URL_NOPAD.encode(&Sha256::digest(members))
    }

    /// Whether the signature is the key's over the text.
    fn is_genuine(&self) -> Result<bool> {
        let point = [vec![4], bytes(&self.key, "x")?, bytes(&self.key, "y")?].concat();
        let text = self.text.as_bytes();
        Ok(match self.key["crv"].as_str() {
            Some("P-256") => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point)?;
                let signature = p256::ecdsa::Signature::from_slice(&self.signature)?;
                key.verify(text, &signature).is_ok()
            }
            Some("SM2") => {
                let key = sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_ID, &point)?;
                let signature = sm2::dsa::Signature::from_slice(&self.signature)?;
                key.verify(text, &signature).is_ok()
            }
            other => anyhow::bail!("an unknown curve: {other:?}"),
        })
    }

    /// The paper is genuine, and no other number, holder or key makes it so.
    fn holds_alone(&self, receipt: &str) -> Result<()> {
        let says = self.says()?;
        ensure!(says["number"] == receipt && says["quantity"] == 1_000_000 && says["issuer"] == CUSTODIAN, "{says}");
        ensure!(self.key_is_named_by_its_thumbprint(), "{}", self.key);
        ensure!(self.is_genuine()?, "not genuine: {}", self.text);
        for (from, to) in [
            ("\"quantity\":1000000", "\"quantity\":1000001"),
            ("\"unit\":\"kilogram\"", "\"unit\":\"piece\""),
            ("\"revision\":1", "\"revision\":2"),
            (MANUFACTURER, BUYER),
            (receipt, "WR000000000000"),
        ] {
            ensure!(!self.altered(from, to)?.is_genuine()?, "{to} passes for {from}");
        }
        let mut signature = self.signature.clone();
        signature[63] ^= 1;
        ensure!(!Self { text: self.text.clone(), signature, key: self.key.clone() }.is_genuine()?, "another signature");
        Ok(())
    }
}

#[tokio::test]
async fn a_third_party_checks_a_receipt_by_ecdsa_and_a_kilogram_more_is_forged() -> Result<()> {
    let x = Xuzhou::start().await?;
    let receipt = id(&x.receipt(1_000).await?)?;
    let paper = Paper::of(&x, &receipt).await?;
    ensure!(paper.key["alg"] == "ES256" && paper.says()?["holder"] == MANUFACTURER, "{}", paper.text);
    paper.holds_alone(&receipt)?;
    // Sold, the receipt is another text under another signature; the old paper is told by its revision.
    done(&x.company, &format!("/api/receipts/{receipt}/transfer"), &json!({ "to": BUYER })).await?;
    let after = Paper::of(&x, &receipt).await?;
    ensure!(after.is_genuine()? && after.signature != paper.signature, "{}", after.text);
    let (was, is) = (paper.says()?, after.says()?);
    ensure!(is["holder"] == BUYER && (&was["revision"], &is["revision"]) == (&json!(1), &json!(2)), "{is}");
    let mixed = Paper { text: after.text, ..paper };
    ensure!(!mixed.is_genuine()?, "the old signature passes for the new holder");
    Ok(())
}

/// The department changes the setting in the console; what was signed before stays genuine.
#[tokio::test]
async fn a_third_party_checks_a_receipt_by_sm2_once_the_department_chose_it() -> Result<()> {
    let x = Xuzhou::start().await?;
    let before = id(&x.receipt(1_000).await?)?;
    let console = x.city.signed_in("console", "finance-admin").await?;
    let config = json!({"sample": false, "receipt_algorithm": "SM2-SM3"});
    let path = format!("/api/v1/installations/{APP}/config");
    let set = console.send(reqwest::Method::PUT, &path, Some(&config)).await?;
    ensure!(set.status == 200, "{} {}", set.status, set.text);
    let receipt = id(&x.receipt(1_000).await?)?;
    let paper = Paper::of(&x, &receipt).await?;
    ensure!((&paper.key["alg"], &paper.key["crv"]) == (&json!("SM2-SM3"), &json!("SM2")), "{}", paper.key);
    paper.holds_alone(&receipt)?;
    let older = Paper::of(&x, &before).await?;
    ensure!(older.key["alg"] == "ES256" && older.is_genuine()?, "{}", older.text);
    // Neither key is the other's.
    let mixed = Paper { key: older.key, ..paper };
    ensure!(!mixed.is_genuine().unwrap_or(false), "a key of the other algorithm passes");
    Ok(())
}
