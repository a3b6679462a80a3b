//! Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a
//! change, and change nothing here.
#![allow(dead_code)]

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A value behind whatever mask its provider chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Released<T> {
    /// The value, whole or in part.
    Value(T),
    /// It is on record; what it is is not told.
    OnRecord(bool),
}

/// A date behind whatever mask its provider chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReleasedDate {
    /// `YYYY-MM-DD`, or the year alone.
    Date(String),
    /// Whole years since then: an age.
    Age(i64),
    /// It is on record; what it is is not told.
    OnRecord(bool),
}

/// 人口基本信息 Residents
/// The dataset `population.person`, opened for `concession-check`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationPersonConcessionCheck {
    /// 姓名 Name
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Released<String>>,
    /// 性别 Sex
    /// `0`: 未知的性别 Unknown
    /// `1`: 男 Male
    /// `2`: 女 Female
    /// `9`: 未说明的性别 Not stated
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Released<String>>,
    /// 出生日期 Date of birth
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<ReleasedDate>,
    /// 户籍地行政区划 Division of registration
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<Released<String>>,
}

/// 地名地址 Places and addresses
/// The dataset `geospatial.place`, opened for `map`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeospatialPlaceMap {
    /// 名称 Name
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Released<String>>,
    /// 位置 Geometry
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geometry: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderPaidType {
    #[serde(rename = "single")]
    Single,
    #[serde(rename = "joint-ticket")]
    JointTicket,
    #[serde(rename = "双人")]
    Item,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderPaidVisitsItem {
    pub date: String,
    pub gate: Gate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
}

/// The payload of the topic `order.paid`.
/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderPaid {
    #[serde(rename = "discount-rate", default, skip_serializing_if = "Option::is_none")]
    pub discount_rate: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<BTreeMap<String, String>>,
    pub number: String,
    /// What was paid, in fen.
    pub total: i64,
    #[serde(rename = "type")]
    pub type_: OrderPaidType,
    pub visits: Vec<OrderPaidVisitsItem>,
}

/// The payload of the topic `numbers.drawn`.
pub type NumbersDrawn = Vec<i64>;
