//! Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a
//! change, and change nothing here.
#![allow(dead_code)]

use serde::{Deserialize, Serialize};

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
/// The dataset `population.person`, opened for `community-roster`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationPersonCommunityRoster {
    /// 姓名 Name
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Released<String>>,
    /// 出生日期 Date of birth
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<ReleasedDate>,
    /// 户籍地行政区划 Division of registration
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<Released<String>>,
}

/// 人口基本信息 Residents
/// The dataset `population.person`, opened for `own-entry`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationPersonOwnEntry {
    /// 姓名 Name
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Released<String>>,
    /// 户籍地址 Registered address
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Released<String>>,
}
