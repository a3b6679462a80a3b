//! Between the contract's records of the base databases and the SDK's.

use super::bindings::app::city::base as wit;
use crate::Text;
use crate::base::{Standing, credit, economy, geospatial, legal_entities, population};

fn standing(s: wit::types::Standing) -> Standing {
    Standing {
        reference: s.reference,
        version: s.version,
        valid_from: s.valid_from,
        valid_to: s.valid_to,
        released: s.released,
        present: s.present,
    }
}

/// A record whose items have the same names on both sides.
macro_rules! record {
    ($name:ident, $module:ident::$type:ident, $($item:ident),*) => {
        pub(super) fn $name(r: wit::$module::$type) -> $module::$type {
            $module::$type { standing: standing(r.standing), $($item: r.$item),* }
        }
    };
}

record!(
    person,
    population::Person,
    resident_id,
    name,
    sex,
    birth_date,
    age,
    ethnicity,
    division,
    address,
    household,
    relation,
    mobile,
    status
);
record!(household, population::Household, number, head, division, address, size);
record!(
    entity,
    legal_entities::Entity,
    uscc,
    name,
    kind,
    representative,
    industry,
    division,
    address,
    capital,
    founded,
    status
);
record!(event, credit::Event, number, uscc, kind, date, until, authority, content, amount, division);
record!(place, geospatial::Place, code, name, kind, address, division, geometry, distance);
record!(observation, economy::Observation, number, indicator, division, period, value, unit, state);

pub(super) fn which(w: legal_entities::Which<'_>) -> wit::legal_entities::Which {
    use legal_entities::Which;
    use wit::legal_entities::{IndustryIn, Which as W};
    match w {
        Which::Named(name) => W::Named(name.to_owned()),
        Which::Division(code) => W::Division(code.to_owned()),
        Which::Industry { section, division } => {
            W::Industry(IndustryIn { section: section.to_owned(), division: division.to_owned() })
        }
    }
}

pub(super) fn divisions(d: economy::Divisions<'_>) -> wit::economy::Divisions {
    use economy::Divisions;
    use wit::economy::{Divisions as W, LevelWithin};
    match d {
        Divisions::Codes(codes) => W::Codes(codes.iter().map(|c| (*c).to_owned()).collect()),
        Divisions::Level { within, level } => {
            W::Level(LevelWithin { within: within.to_owned(), level: level.to_owned() })
        }
    }
}

pub(super) fn indicator(i: wit::economy::Indicator) -> economy::Indicator {
    economy::Indicator { code: i.code, name: Text::new(i.zh, i.en) }
}

pub(super) fn series(s: wit::economy::Series) -> economy::Series {
    let point =
        |p: wit::economy::Point| economy::Point { period: p.period, value: p.value, state: p.state, growth: p.growth };
    economy::Series {
        indicator: s.indicator,
        division: s.division,
        unit: s.unit,
        points: s.points.into_iter().map(point).collect(),
    }
}
