//! Freight orders and waybills.

use super::{api, time, words};
use crate::domain::freight::{FreightOrder, Parcel, Passage, Place, Proof, Reason, State, Waybill};
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

words! {
    waybill_state: State::ALL;
    reason: Reason::ALL;
}

fn maybe_reason(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<Option<&str>> = Reason::ALL.iter().map(|r| Some(r.code())).chain([None]).collect();
    json_schema!({ "type": ["string", "null"], "enum": words })
}

api! {
    /// A freight order by its number.
    Deserialize FreightPath {
        /// Its number.
        freight: String,
    }
    /// A waybill by its number.
    Deserialize WaybillPath {
        /// Its number.
        waybill: String,
    }
    /// An end of the way.
    Deserialize PlaceBody {
        /// The division's code.
        division: String,
        /// The address, without anybody's name.
        #[serde(default)]
        address: String,
    }
    /// An end of the way.
    Serialize PlaceItem {
        /// The division's code.
        division: String,
        /// The address.
        address: String,
    }
    /// A parcel that is to be carried.
    Deserialize ParcelBody {
        /// Its number in the order.
        parcel: String,
        /// What is in it.
        goods: String,
        /// Grams.
        grams: u64,
    }
    /// What somebody wants carried.
    Deserialize NewFreightBody {
        /// The carrier's organization.
        carrier: String,
        /// The number of the trade's order.
        order: String,
        /// The goods by their code, or in words.
        goods: String,
        /// How much, in the unit of the goods.
        quantity: u64,
        /// From where.
        from: PlaceBody,
        /// To where.
        to: PlaceBody,
        /// Fen that it is worth.
        value: u64,
        /// By when it must be there: milliseconds of UTC.
        not_after: i64,
        /// The parcels, if it is in parcels.
        #[serde(default)]
        parcels: Vec<ParcelBody>,
    }
    /// A freight order.
    Serialize FreightItem {
        /// Its number.
        id: String,
        /// Who sends.
        shipper: String,
        /// Who is asked to carry.
        carrier: String,
        /// The trade's order.
        order: String,
        /// The request of another app that it answers.
        request: Option<String>,
        /// What is carried.
        goods: String,
        /// How much.
        quantity: u64,
        /// From where.
        from: PlaceItem,
        /// To where.
        to: PlaceItem,
        /// Fen that it is worth.
        value: u64,
        /// By when it must be there (RFC 3339).
        not_after: String,
        /// Its parcels.
        parcels: Vec<ParcelItem>,
        /// The waybill, once a carrier has taken it.
        waybill: Option<String>,
        /// When it was asked for (RFC 3339).
        created_at: String,
    }
    /// A parcel.
    Serialize ParcelItem {
        /// Its number in the order.
        parcel: String,
        /// What is in it.
        goods: String,
        /// Grams.
        grams: u64,
        /// Where it stands.
        #[schemars(schema_with = "waybill_state")]
        state: String,
        /// What went wrong.
        #[schemars(schema_with = "maybe_reason")]
        reason: Option<String>,
    }
    /// A waybill.
    Serialize WaybillItem {
        /// Its number.
        id: String,
        /// The freight order.
        freight: String,
        /// The trade's order.
        order: String,
        /// The request of another app that it answers.
        request: Option<String>,
        /// Who sends.
        shipper: String,
        /// Who carries.
        carrier: String,
        /// The vehicle's plate; empty before it is loaded.
        vehicle: String,
        /// The driver's number at the carrier; empty before it is loaded.
        driver: String,
        /// What is carried.
        goods: String,
        /// How much.
        quantity: u64,
        /// From where.
        from: PlaceItem,
        /// To where.
        to: PlaceItem,
        /// Fen that it is worth.
        value: u64,
        /// By when it must be there (RFC 3339).
        not_after: String,
        /// Where it stands.
        #[schemars(schema_with = "waybill_state")]
        state: String,
        /// What went wrong.
        #[schemars(schema_with = "maybe_reason")]
        reason: Option<String>,
        /// The states that may follow.
        allowed: Vec<String>,
        /// Its parcels.
        parcels: Vec<ParcelItem>,
        /// That it arrived.
        proof: Option<ProofItem>,
        /// When it was booked (RFC 3339).
        created_at: String,
        /// Everything that it passed.
        history: Vec<WaybillPassage>,
    }
    /// Something that a waybill passed.
    Serialize WaybillPassage {
        /// The state.
        #[schemars(schema_with = "waybill_state")]
        state: String,
        /// The parcel, if it is one parcel's alone.
        parcel: Option<String>,
        /// What went wrong.
        #[schemars(schema_with = "maybe_reason")]
        reason: Option<String>,
        /// When (RFC 3339).
        at: String,
    }
    /// That something arrived.
    Serialize ProofItem {
        /// In which office.
        received_by: String,
        /// The paper's number.
        document: String,
        /// What arrived.
        quantity: u64,
        /// When (RFC 3339).
        at: String,
    }
    /// On which vehicle the goods are.
    Deserialize LoadBody {
        /// Its plate.
        vehicle: String,
        /// The driver's number at the carrier: no name.
        driver: String,
    }
    /// Where a waybill goes.
    Deserialize AdvanceBody {
        /// The next state: `in-transit`, `delivered` or `exception`.
        #[schemars(schema_with = "waybill_state")]
        state: State,
        /// What went wrong: with `exception`.
        #[schemars(schema_with = "maybe_reason")]
        #[serde(default)]
        reason: Option<Reason>,
    }
    /// What is wrong with one parcel.
    Deserialize ParcelExceptionBody {
        /// The parcel.
        parcel: String,
        /// What went wrong.
        #[schemars(schema_with = "reason")]
        reason: Reason,
    }
    /// What the receiver signed.
    Deserialize ProofBody {
        /// In which office, without anybody's name.
        received_by: String,
        /// The paper's number.
        document: String,
        /// What arrived, in the unit of the goods; of parcels how many.
        quantity: u64,
    }
}

impl From<PlaceBody> for Place {
    fn from(p: PlaceBody) -> Self {
        Self { division: p.division, address: p.address }
    }
}

impl From<Place> for PlaceItem {
    fn from(p: Place) -> Self {
        Self { division: p.division, address: p.address }
    }
}

fn said(reason: Option<Reason>) -> Option<String> {
    reason.map(|r| r.code().to_owned())
}

impl From<Parcel> for ParcelItem {
    fn from(p: Parcel) -> Self {
        let (state, reason) = (p.state.code().to_owned(), said(p.reason));
        Self { parcel: p.parcel, goods: p.goods, grams: p.grams, state, reason }
    }
}

impl From<FreightOrder> for FreightItem {
    fn from(f: FreightOrder) -> Self {
        Self {
            id: f.id,
            shipper: f.shipper,
            carrier: f.carrier,
            order: f.order,
            request: f.request,
            goods: f.goods,
            quantity: f.quantity,
            from: f.from.into(),
            to: f.to.into(),
            value: f.value,
            not_after: time(f.not_after),
            parcels: f.parcels.into_iter().map(ParcelItem::from).collect(),
            waybill: f.waybill,
            created_at: time(f.created_at),
        }
    }
}

impl From<Waybill> for WaybillItem {
    fn from(w: Waybill) -> Self {
        let passage = |p: Passage| WaybillPassage {
            state: p.state.code().to_owned(),
            parcel: p.parcel,
            reason: said(p.reason),
            at: time(p.at),
        };
        let proof = |p: Proof| ProofItem {
            received_by: p.received_by,
            document: p.document,
            quantity: p.quantity,
            at: time(p.at),
        };
        Self {
            allowed: w.next().iter().map(|s| s.code().to_owned()).collect(),
            id: w.id,
            freight: w.freight,
            order: w.order,
            request: w.request,
            shipper: w.shipper,
            carrier: w.carrier,
            vehicle: w.vehicle,
            driver: w.driver,
            goods: w.goods,
            quantity: w.quantity,
            from: w.from.into(),
            to: w.to.into(),
            value: w.value,
            not_after: time(w.not_after),
            state: w.state.code().to_owned(),
            reason: said(w.reason),
            parcels: w.parcels.into_iter().map(ParcelItem::from).collect(),
            proof: w.proof.map(proof),
            created_at: time(w.created_at),
            history: w.history.into_iter().map(passage).collect(),
        }
    }
}
