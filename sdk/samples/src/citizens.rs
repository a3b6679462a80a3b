//! Rows for people who exist elsewhere already, such as the accounts of a demo.

use crate::divisions::{COUNTIES, VILLAGES};
use crate::random::Random;
use crate::{Row, names, row};
use yunlong_formats::ResidentId;

/// Somebody who has an account.
#[derive(Clone, Debug)]
pub struct Citizen {
    /// The number; sex and date of birth follow from it.
    pub resident_id: ResidentId,
    /// The name.
    pub name: String,
    /// The mobile number.
    pub mobile: Option<String>,
}

/// The rows of a citizen, who lives alone: of `population.person` and of `population.household`. They
/// live in the county of their number, where that is one today.
#[must_use]
pub fn citizen_rows(seed: u64, citizen: &Citizen) -> (Row, Row) {
    let id = citizen.resident_id.as_str();
    let index = id.bytes().fold(0_u64, |n, b| n.wrapping_mul(31).wrapping_add(b.into()));
    let mut random = Random::new(seed, "citizen", index);
    let area = if citizen.resident_id.area_code() == "320323" { "320312" } else { citizen.resident_id.area_code() };
    let county = COUNTIES.iter().find(|c| c.code == area).unwrap_or(&COUNTIES[0]);
    let village = random.pick(&VILLAGES[county.code]);
    let address = format!("{}{}", village.address, names::street(&mut random));
    // The last digit of the order number.
    let man = id.as_bytes()[16] % 2 == 1;
    let household = format!("{}C{index:016x}", county.code);
    let person = row! {
        "resident_id": id,
        "name": citizen.name.as_str(),
        "sex": if man { "1" } else { "2" },
        "birth_date": citizen.resident_id.birth_date(),
        "ethnicity": "01",
        "division": village.code,
        "address": address.as_str(),
        "household": household.as_str(),
        "relation": "0",
        "mobile": citizen.mobile.clone(),
        "status": "normal",
    };
    let home = row! {
        "household": household.as_str(),
        "head": id,
        "division": village.code,
        "address": address.as_str(),
        "size": 1_i64,
    };
    (person, home)
}
