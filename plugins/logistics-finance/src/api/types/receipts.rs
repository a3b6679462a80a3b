//! Receipts, and what anybody may know of one.

use super::{PassageItem, api, maybe_time, time, unit, words};
use crate::domain::receipt::{Freeze, Receipt, State, Step};
use crate::service::receipts::Verification;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

words! {
    receipt_state: State::ALL;
}

api! {
    /// A receipt by its number.
    Deserialize ReceiptPath {
        /// Its number.
        receipt: String,
    }
    /// A warehouse receipt.
    Serialize ReceiptItem {
        /// Its number.
        id: String,
        /// The lot.
        lot: String,
        /// The warehouse.
        warehouse: String,
        /// Who issued it: a unified social credit code.
        custodian: String,
        /// The goods by their code.
        goods: String,
        /// What they are called.
        goods_name: Text,
        /// Grade, size, packing.
        spec: String,
        /// In what they are counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// How much it promises.
        quantity: u64,
        /// Who holds it.
        holder: String,
        /// Where it stands.
        #[schemars(schema_with = "receipt_state")]
        state: String,
        /// The steps that this state allows.
        allowed: Vec<String>,
        /// Why it is frozen.
        frozen: Option<FrozenItem>,
        /// To whom it is pledged.
        pledged_to: Option<PledgedToItem>,
        /// The receipts in whose place it came.
        parents: Vec<String>,
        /// The receipts that took its place.
        children: Vec<String>,
        /// Grows with every change of what is signed.
        revision: u32,
        /// When it was issued (RFC 3339).
        issued_at: Option<String>,
        /// The issuer's signature.
        signature: Option<SignatureItem>,
        /// When it was drafted (RFC 3339).
        created_at: String,
        /// Every state that it passed.
        history: Vec<PassageItem>,
    }
    /// Why something is frozen.
    Serialize FrozenItem {
        /// Why, by a code such as `goods-missing` or in words.
        reason: String,
        /// Since when (RFC 3339).
        at: String,
    }
    /// To whom a receipt is pledged.
    Serialize PledgedToItem {
        /// The bank.
        bank: String,
        /// The loan.
        loan: String,
    }
    /// A signature.
    Serialize SignatureItem {
        /// `ES256` or `SM2-SM3`.
        algorithm: String,
        /// The key's id (RFC 7638), as in `/api/keys`.
        kid: String,
        /// r and s in base64url without padding.
        value: String,
    }
    /// Several receipts.
    Serialize ReceiptsBody {
        /// The receipts.
        receipts: Vec<ReceiptItem>,
    }
    /// A receipt that is to be made.
    Deserialize NewReceiptBody {
        /// The lot.
        lot: String,
        /// How much of it.
        quantity: u64,
        /// For whom: a unified social credit code; the lot's owner when it is not said.
        holder: Option<String>,
        /// Whether it is kept as a draft, to be issued later.
        #[serde(default)]
        draft: bool,
    }
    /// To whom a receipt goes.
    Deserialize TransferBody {
        /// A unified social credit code.
        to: String,
    }
    /// Into what a receipt is divided.
    Deserialize SplitBody {
        /// The quantities, which sum to the receipt's.
        quantities: Vec<u64>,
    }
    /// What becomes one receipt.
    Deserialize MergeBody {
        /// Two receipts or more of one lot and holder.
        receipts: Vec<String>,
    }
    /// What anybody may know of a receipt.
    Serialize VerificationItem {
        /// The number.
        number: String,
        /// Whether the signature is this register's over `text`.
        genuine: bool,
        /// Where it stands.
        #[schemars(schema_with = "receipt_state")]
        state: String,
        /// What the goods are called.
        goods_name: Text,
        /// Grade, size, packing.
        spec: String,
        /// How much.
        quantity: u64,
        /// In what it is counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// The warehouse's name.
        warehouse: Text,
        /// Who issued it.
        issuer: String,
        /// Since when (RFC 3339).
        issued_at: Option<String>,
        /// The text that is signed (RFC 8785).
        text: String,
        /// The signature.
        signature: Option<SignatureItem>,
        /// The receipts that took its place.
        replaced_by: Vec<String>,
    }
    /// The public keys (RFC 7517).
    Serialize KeysBody {
        /// The keys.
        keys: Vec<serde_json::Map<String, serde_json::Value>>,
    }
}

impl From<crate::domain::receipt::Signed> for SignatureItem {
    fn from(s: crate::domain::receipt::Signed) -> Self {
        Self { algorithm: s.algorithm.code().to_owned(), kid: s.kid, value: s.value }
    }
}

impl From<Receipt> for ReceiptItem {
    fn from(r: Receipt) -> Self {
        let frozen = |f: Freeze| FrozenItem { reason: f.reason, at: time(f.at) };
        let passage =
            |p: &crate::domain::receipt::Passage| PassageItem { state: p.state.code().to_owned(), at: time(p.at) };
        Self {
            allowed: r.state.allows().iter().map(|s: &Step| s.code().to_owned()).collect(),
            history: r.history.iter().map(passage).collect(),
            id: r.id,
            lot: r.lot,
            warehouse: r.warehouse,
            custodian: r.custodian,
            goods: r.goods,
            goods_name: r.goods_name,
            spec: r.spec,
            unit: r.unit.code().to_owned(),
            quantity: r.quantity,
            holder: r.holder,
            state: r.state.code().to_owned(),
            frozen: r.frozen.map(frozen),
            pledged_to: r.pledged_to.map(|p| PledgedToItem { bank: p.bank, loan: p.loan }),
            parents: r.parents,
            children: r.children,
            revision: r.revision,
            issued_at: maybe_time(r.issued_at),
            signature: r.signature.map(SignatureItem::from),
            created_at: time(r.created_at),
        }
    }
}

impl From<Verification> for VerificationItem {
    fn from(v: Verification) -> Self {
        Self {
            number: v.number,
            genuine: v.genuine,
            state: v.state.code().to_owned(),
            goods_name: v.goods_name,
            spec: v.spec,
            quantity: v.quantity,
            unit: v.unit.code().to_owned(),
            warehouse: v.warehouse,
            issuer: v.issuer,
            issued_at: maybe_time(v.issued_at),
            text: v.text,
            signature: v.signature.map(SignatureItem::from),
            replaced_by: v.replaced_by,
        }
    }
}
