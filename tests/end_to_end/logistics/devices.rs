//! Sensors with a key of their own: readings signed by ECDSA over P-256, as a device's maker would program it.

use super::sensors::{WEBHOOK, WITHIN, missing, now, signed_text, text};
use super::*;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sha2::Sha256;

/// A gate whose key never leaves it.
struct Gate {
    device: String,
    key: SigningKey,
    http: Client,
}

/// A key, and its public point as a warehouse's clerk types it.
fn key(seed: u8) -> Result<(SigningKey, String)> {
    let key = SigningKey::from_slice(&[seed; 32])?;
    let point = HEXLOWER.encode(key.verifying_key().to_sec1_point(false).as_bytes());
    Ok((key, point))
}

impl Gate {
    async fn at(x: &Xuzhou, warehouse: &Value) -> Result<Self> {
        let (key, public_key) = key(7)?;
        let path = format!("/api/warehouses/{}/devices", warehouse.as_str().context("no warehouse")?);
        let new = json!({"place": "西门地磅", "method": "ecdsa-p256", "public_key": public_key});
        let made = done(&x.clerk, &path, &new).await?;
        ensure!(made["method"] == "ecdsa-p256" && made["secret"].is_null(), "it needs no secret: {made}");
        Ok(Self { device: id(&made)?, key, http: x.city.client(APP)? })
    }

    /// The reading that so many kilograms passed the gate at a time, sent at another.
    fn signed(&self, sequence: u64, lot: &str, kilograms: i64, at: i64, sent_at: i64) -> Value {
        let signature: Signature =
            self.key.sign(signed_text(&self.device, sequence, lot, kilograms, at, sent_at).as_bytes());
        json!({
            "device": self.device, "sequence": sequence, "kind": "gate", "lot": lot, "quantity": kilograms, "at": at,
            "sent_at": sent_at, "signature": BASE64URL_NOPAD.encode(&signature.to_bytes()),
        })
    }

    fn reading(&self, sequence: u64, lot: &str, kilograms: i64) -> Value {
        self.signed(sequence, lot, kilograms, now(), now())
    }

    async fn send(&self, reading: &Value) -> Result<Value> {
        let answer = self.http.post(WEBHOOK, reading).await?;
        ensure!(answer.status == 202, "{reading}: {} {}", answer.status, answer.text);
        answer.json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_a_devices_own_key_signs_counts_once() -> Result<()> {
    let x = Xuzhou::start().await?;
    let (loan, receipt) = x.out().await?;
    let (lot, number) = (text(&receipt, "lot")?, text(&receipt, "id")?);
    let gate = Gate::at(&x, &receipt["warehouse"]).await?;
    let reading = gate.reading(1, lot, -50_000);
    let taken = gate.send(&reading).await?;
    ensure!(taken["event"]["unexplained"] == 50_000 && taken["frozen"] == json!([number]), "{taken}");
    let alert = x.alerted("goods-missing", 5).await?;
    ensure!(alert["loan"] == loan.as_str() && alert["amount"] == 50_000, "{alert}");
    // Recorded and sent again, and signed anew as after an answer that was lost, it is the same reading.
    let at = reading["at"].as_i64().context("no time")?;
    for again in [&reading, &reading, &gate.signed(1, lot, -50_000, at, now() + 1)] {
        let taken = gate.send(again).await?;
        ensure!(taken["repeated"] == true && taken["frozen"] == json!([]), "{taken}");
    }
    // So is what anybody can make of a signature (r, s) without the key: (r, n - s).
    let signature = BASE64URL_NOPAD.decode(text(&reading, "signature")?.as_bytes())?;
    let (r, s) = Signature::from_slice(&signature)?.split_scalars();
    let turned = Signature::from_scalars(r, -s)?;
    let mut twin = reading.clone();
    twin["signature"] = json!(BASE64URL_NOPAD.encode(&turned.to_bytes()));
    ensure!(twin != reading && gate.send(&twin).await?["repeated"] == true, "{twin}");
    ensure!(missing(&x, lot).await? == 50_000);
    ensure!(listed(&x.regulator, &format!("/api/lots/{lot}/events")).await?.len() == 1);
    ensure!(x.alerts("goods-missing").await?.len() == 1, "the bank was told more than once");
    // Other goods under the same number are no repetition.
    refused(&gate.http, WEBHOOK, &gate.reading(1, lot, -1), 409, "sequence-reused").await?;
    Ok(())
}

#[tokio::test]
async fn what_a_devices_own_key_did_not_sign_leaves_no_trace() -> Result<()> {
    let x = Xuzhou::start().await?;
    let receipt = x.receipt(1_000).await?;
    let lot = text(&receipt, "lot")?;
    let gate = Gate::at(&x, &receipt["warehouse"]).await?;
    let thief = Gate { device: gate.device.clone(), key: key(8)?.0, http: x.city.client(APP)? };
    let with = |member: &str, value: Value| {
        let mut reading = gate.reading(1, lot, -50_000);
        reading[member] = value;
        reading
    };
    // An HMAC under the public key, which everybody may know, is no signature of a device that has a key.
    let at = now();
    let by_public_key = Hmac::<Sha256>::new_from_slice(gate.key.verifying_key().to_sec1_point(false).as_bytes())?
        .chain_update(signed_text(&gate.device, 1, lot, -50_000, at, at))
        .finalize();
    let mut cheap = gate.signed(1, lot, -50_000, at, at);
    cheap["signature"] = json!(HEXLOWER.encode(&by_public_key.into_bytes()));
    for reading in [
        thief.reading(1, lot, -50_000),
        with("quantity", json!(-49_999)),
        with("sequence", json!(2)),
        with("kind", json!("stock")),
        with("sent_at", json!(now() + 1_000)),
        with("signature", json!("")),
        with("signature", json!("A".repeat(86))),
        cheap,
    ] {
        refused(&gate.http, WEBHOOK, &reading, 401, "not-signed-by-device").await?;
    }
    let old = now() - WITHIN - 2_000;
    refused(&gate.http, WEBHOOK, &gate.signed(1, lot, -50_000, old, old), 401, "sent-at-another-time").await?;
    ensure!(missing(&x, lot).await? == 0 && listed(&x.regulator, &format!("/api/lots/{lot}/events")).await?.is_empty());
    // The number is still free for the device itself; switched off, it is believed no more.
    gate.send(&gate.reading(1, lot, 0)).await?;
    done(&x.clerk, &format!("/api/devices/{}/switch", gate.device), &json!({"active": false})).await?;
    refused(&gate.http, WEBHOOK, &gate.reading(2, lot, 0), 401, "not-signed-by-device").await?;
    Ok(())
}

#[tokio::test]
async fn a_device_is_registered_with_a_point_of_the_curve_alone() -> Result<()> {
    let x = Xuzhou::start().await?;
    let warehouse = x.warehouse(&[]).await?;
    let path = format!("/api/warehouses/{warehouse}/devices");
    let (key, point) = key(7)?;
    let compressed = HEXLOWER.encode(key.verifying_key().to_sec1_point(true).as_bytes());
    let beside = format!("{}{}", &point[..128], if point.ends_with("00") { "01" } else { "00" });
    for public_key in [json!(null), json!(""), json!(compressed), json!(beside), json!("04".repeat(65)), json!("04zz")]
    {
        let new = json!({"place": "西门地磅", "method": "ecdsa-p256", "public_key": public_key});
        let problem = refused(&x.clerk, &path, &new, 422, "invalid-fields").await?;
        ensure!(problem["errors"][0]["pointer"] == "/public_key", "{public_key}: {problem}");
    }
    ensure!(listed(&x.clerk, &path).await?.is_empty(), "what was refused is registered");
    Ok(())
}
