//! The typed base databases over the records that a test put in.
//!
//! Places are found by their points: a record with another geometry is met by its code alone.

use super::State;
use super::shared::{Opened, open};
use crate::Text;
use crate::base::{Page, Standing, credit, economy, geospatial, legal_entities, population};
use crate::shared::{Index, RawQuery, Released, SharedError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Answer<T> = Result<T, SharedError>;

/// Records of a page, as the host has it.
const PAGE: u32 = 200;

fn dataset(city: &State, id: &str, purpose: &str) -> Answer<Opened> {
    open(&city.manifest, id, purpose)
}

/// Takes released fields apart.
struct Fields<'a> {
    released: &'a Released,
    present: Vec<String>,
}

impl<'a> Fields<'a> {
    fn of(released: &'a Released) -> Self {
        Self { released, present: Vec::new() }
    }

    fn value<T>(&mut self, item: &str, f: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let taken = f(self.released.body.get(item)?);
        if taken.is_none() {
            self.present.push(item.to_owned());
        }
        taken
    }

    fn text(&mut self, item: &str) -> Option<String> {
        self.value(item, |v| v.as_str().map(ToOwned::to_owned))
    }

    fn standing(self) -> Standing {
        let r = self.released;
        let released: BTreeSet<String> = r.body.keys().chain(&r.unrecorded).cloned().collect();
        Standing {
            reference: r.reference.clone(),
            version: r.version,
            valid_from: r.valid_from.clone(),
            valid_to: r.valid_to.clone(),
            released: released.into_iter().collect(),
            present: self.present,
        }
    }
}

fn person(r: &Released) -> population::Person {
    let mut f = Fields::of(r);
    let age = r.integer("birth_date").and_then(|a| u16::try_from(a).ok());
    population::Person {
        birth_date: if age.is_some() { None } else { f.text("birth_date") },
        age,
        resident_id: f.text("resident_id"),
        name: f.text("name"),
        sex: f.text("sex"),
        ethnicity: f.text("ethnicity"),
        division: f.text("division"),
        address: f.text("address"),
        household: f.text("household"),
        relation: f.text("relation"),
        mobile: f.text("mobile"),
        status: f.text("status"),
        standing: f.standing(),
    }
}

pub(super) fn get_person(
    city: &mut State,
    purpose: &str,
    id: &str,
    items: &[&str],
) -> Answer<Option<population::Person>> {
    Ok(dataset(city, "population.person", purpose)?.get(city, id, items, None)?.as_ref().map(person))
}

pub(super) fn own_person(city: &mut State, purpose: &str, items: &[&str]) -> Answer<Option<population::Person>> {
    Ok(dataset(city, "population.person", purpose)?.me(city, items)?.as_ref().map(person))
}

pub(super) fn household(
    city: &mut State,
    purpose: &str,
    number: &str,
    items: &[&str],
) -> Answer<Option<population::Household>> {
    let found = dataset(city, "population.household", purpose)?.get(city, number, items, None)?;
    Ok(found.as_ref().map(|r| {
        let mut f = Fields::of(r);
        population::Household {
            number: f.text("household"),
            head: f.text("head"),
            division: f.text("division"),
            address: f.text("address"),
            size: f.value("size", |v| v.as_u64().and_then(|n| u32::try_from(n).ok())),
            standing: f.standing(),
        }
    }))
}

fn entity(r: &Released) -> legal_entities::Entity {
    let mut f = Fields::of(r);
    legal_entities::Entity {
        uscc: f.text("uscc"),
        name: f.text("name"),
        kind: f.text("kind"),
        representative: f.text("representative"),
        industry: f.text("industry"),
        division: f.text("division"),
        address: f.text("address"),
        capital: f.value("capital", Value::as_i64),
        founded: f.text("founded"),
        status: f.text("status"),
        standing: f.standing(),
    }
}

pub(super) fn get_entity(city: &mut State, purpose: &str, uscc: &str) -> Answer<Option<legal_entities::Entity>> {
    Ok(dataset(city, "legal-entities.entity", purpose)?.get(city, uscc, &[], None)?.as_ref().map(entity))
}

/// A query of a page; `division` limits the item that follows to a division and what lies in it.
fn over(index: &[&str], equals: &[&str], division: Option<&str>, cursor: Option<&str>) -> RawQuery {
    let mut query = Index(index).all().limit(PAGE).after(cursor);
    for value in equals {
        query = query.equals(*value);
    }
    if let Some(code) = division {
        // The digits that count; `:` is the character behind `9`.
        let digits = significant(code);
        query = query.at_least(digits).below(format!("{digits}:"));
    }
    query.raw
}

/// A division's code without the zeros that stand for all of it: two digits, four, six, nine or twelve.
fn significant(code: &str) -> &str {
    let ends = [2, 4, 6, 9, 12];
    let end = ends.into_iter().find(|end| code.get(*end..).is_none_or(|rest| rest.bytes().all(|b| b == b'0')));
    code.get(..end.unwrap_or(code.len())).unwrap_or(code)
}

pub(super) fn entities(
    city: &mut State,
    purpose: &str,
    which: legal_entities::Which<'_>,
    cursor: Option<&str>,
) -> Answer<Page<legal_entities::Entity>> {
    use legal_entities::Which;
    let query = match which {
        Which::Named(name) => over(&["name"], &[name], None, cursor),
        Which::Division(code) => over(&["division"], &[], Some(code), cursor),
        Which::Industry { section, division } => over(&["industry", "division"], &[section], Some(division), cursor),
    };
    let page = dataset(city, "legal-entities.entity", purpose)?.query(city, &query, &[])?;
    Ok(Page { items: page.records.iter().map(entity).collect(), next: page.next })
}

fn event(r: &Released) -> credit::Event {
    let mut f = Fields::of(r);
    credit::Event {
        number: f.text("event"),
        uscc: f.text("uscc"),
        kind: f.text("kind"),
        date: f.text("date"),
        until: f.text("until"),
        authority: f.text("authority"),
        content: f.text("content"),
        amount: f.value("amount", Value::as_i64),
        division: f.text("division"),
        standing: f.standing(),
    }
}

pub(super) fn events(
    city: &mut State,
    purpose: &str,
    uscc: &str,
    kinds: &[&str],
    cursor: Option<&str>,
) -> Answer<Page<credit::Event>> {
    let query = over(&["uscc", "date"], &[uscc], None, cursor);
    let page = dataset(city, "credit.event", purpose)?.query(city, &query, &[])?;
    let events: Vec<credit::Event> = page.records.iter().map(event).collect();
    if !kinds.is_empty() && events.iter().any(|e| e.kind.is_none()) {
        return Err(SharedError::FieldsNotGranted(vec!["kind".into()]));
    }
    let wanted = |e: &credit::Event| kinds.is_empty() || e.kind.as_deref().is_some_and(|k| kinds.contains(&k));
    Ok(Page { items: events.into_iter().filter(wanted).collect(), next: page.next })
}

pub(super) fn summary(city: &mut State, purpose: &str, uscc: &str) -> Answer<BTreeMap<String, u32>> {
    let today = crate::clock::Date::at(city.now).to_string();
    let (mut counts, mut cursor) = (BTreeMap::new(), None);
    loop {
        let page = events(city, purpose, uscc, &[], cursor.as_deref())?;
        for e in page.items {
            let kind = e.kind.ok_or_else(|| SharedError::FieldsNotGranted(vec!["kind".into()]))?;
            if e.until.is_none_or(|until| until >= today) {
                *counts.entry(kind).or_default() += 1;
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(counts),
        }
    }
}

fn place(r: &Released) -> geospatial::Place {
    let mut f = Fields::of(r);
    geospatial::Place {
        code: f.text("place"),
        name: f.text("name"),
        kind: f.text("kind"),
        address: f.text("address"),
        division: f.text("division"),
        geometry: f.value("geometry", |v| v.is_object().then(|| v.to_string())),
        distance: None,
        standing: f.standing(),
    }
}

pub(super) fn get_place(city: &mut State, purpose: &str, code: &str) -> Answer<Option<geospatial::Place>> {
    Ok(dataset(city, "geospatial.place", purpose)?.get(city, code, &[], None)?.as_ref().map(place))
}

type Point = (f64, f64);

fn point(v: &Value) -> Option<Point> {
    Some((v.get(0)?.as_f64()?, v.get(1)?.as_f64()?))
}

fn point_of(place: &geospatial::Place) -> Option<Point> {
    let geometry: Value = serde_json::from_str(place.geometry.as_deref()?).ok()?;
    if geometry["type"] == "Point" { point(&geometry["coordinates"]) } else { None }
}

/// Whether a point lies in an area: within an odd number of its rings.
fn lies_in(at: Point, area: &Value) -> bool {
    let geometry = if area["type"] == "Feature" { &area["geometry"] } else { area };
    let polygons: Vec<&Value> = match geometry["type"].as_str() {
        Some("Polygon") => vec![&geometry["coordinates"]],
        _ => geometry["coordinates"].as_array().into_iter().flatten().collect(),
    };
    let crosses = |ring: &Value| {
        let ring: Vec<Point> = ring.as_array().into_iter().flatten().filter_map(point).collect();
        let over = |w: &&[Point]| {
            let ((x1, y1), (x2, y2)) = (w[0], w[1]);
            (y1 > at.1) != (y2 > at.1) && at.0 < (x2 - x1) * (at.1 - y1) / (y2 - y1) + x1
        };
        ring.windows(2).filter(over).count() % 2 == 1
    };
    let inside = |p: &&&Value| p.as_array().into_iter().flatten().filter(|ring| crosses(ring)).count() % 2 == 1;
    polygons.iter().any(|p| inside(&p))
}

/// Metres between two positions on a sphere: near enough for tests.
fn metres(a: Point, b: Point) -> f64 {
    let (lat1, lat2) = (a.1.to_radians(), b.1.to_radians());
    let (dlat, dlon) = (lat2 - lat1, (b.0 - a.0).to_radians());
    let h = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
    2.0 * 6_371_008.8 * h.sqrt().asin()
}

pub(super) fn places(
    city: &mut State,
    purpose: &str,
    at: geospatial::Where<'_>,
    limit: u32,
    cursor: Option<&str>,
) -> Answer<Page<geospatial::Place>> {
    use geospatial::Where;
    let area = match at {
        Where::Within(text) | Where::Touching(text) => {
            serde_json::from_str(text).map_err(|e| SharedError::Invalid(format!("the area is no GeoJSON: {e}")))?
        }
        Where::InBox { .. } | Where::Nearest { .. } => Value::Null,
    };
    let all = Index(&["geometry"]).all().limit(500);
    let page = dataset(city, "geospatial.place", purpose)?.query(city, &all.raw, &[])?;
    let mut found: Vec<geospatial::Place> = Vec::new();
    for mut place in page.records.iter().map(place) {
        let Some(is) = point_of(&place) else { continue };
        let fits = match at {
            Where::Within(_) | Where::Touching(_) => lies_in(is, &area),
            Where::InBox { west, south, east, north } => {
                (west..=east).contains(&is.0) && (south..=north).contains(&is.1)
            }
            Where::Nearest { longitude, latitude, max_distance } => {
                place.distance = Some(metres((longitude, latitude), is));
                place.distance.is_some_and(|d| d <= max_distance)
            }
        };
        if fits {
            found.push(place);
        }
    }
    found.sort_by(|a, b| a.distance.partial_cmp(&b.distance).unwrap_or(std::cmp::Ordering::Equal));
    let from: usize = cursor.map_or(Ok(0), str::parse).map_err(|_| SharedError::Invalid("the cursor".into()))?;
    let (limit, count) = (limit as usize, found.len());
    let items: Vec<_> = found.into_iter().skip(from).take(limit).collect();
    Ok(Page { items, next: (count > from + limit).then(|| (from + limit).to_string()) })
}

fn observation(r: &Released) -> economy::Observation {
    let mut f = Fields::of(r);
    economy::Observation {
        number: f.text("observation"),
        indicator: f.text("indicator"),
        division: f.text("division"),
        period: f.text("period"),
        value: f.value("value", Value::as_f64),
        unit: f.text("unit"),
        state: f.text("state"),
        standing: f.standing(),
    }
}

pub(super) fn get_observation(city: &mut State, purpose: &str, number: &str) -> Answer<Option<economy::Observation>> {
    Ok(dataset(city, "economy.observation", purpose)?.get(city, number, &[], None)?.as_ref().map(observation))
}

/// Those that the records name.
pub(super) fn indicators(city: &mut State, purpose: &str) -> Answer<Vec<economy::Indicator>> {
    dataset(city, "economy.observation", purpose)?.fields(city)?;
    let records = city.hub.records.get("economy.observation").into_iter().flat_map(BTreeMap::values);
    let code = |r: &super::shared::Kept| r.body.get("indicator")?.as_str().map(ToOwned::to_owned);
    let codes: BTreeSet<String> = records.filter_map(code).collect();
    Ok(codes.into_iter().map(|code| economy::Indicator { name: Text::same(code.clone()), code }).collect())
}

pub(super) fn series(
    city: &mut State,
    purpose: &str,
    indicator: &str,
    divisions: economy::Divisions<'_>,
    (from, to): (&str, &str),
) -> Answer<Vec<economy::Series>> {
    let opened = dataset(city, "economy.observation", purpose)?;
    let index = ["indicator", "division", "period"];
    let queries: Vec<RawQuery> = match divisions {
        economy::Divisions::Codes(codes) => {
            codes.iter().map(|code| over(&index, &[indicator, code], None, None)).collect()
        }
        economy::Divisions::Level { within, .. } => vec![over(&index, &[indicator], Some(within), None)],
    };
    let mut found: BTreeMap<(String, String), BTreeMap<String, economy::Point>> = BTreeMap::new();
    for query in queries {
        for o in opened.query(city, &query, &[])?.records.iter().map(observation) {
            let lacks = |item: &str| SharedError::FieldsNotGranted(vec![item.to_owned()]);
            let division = o.division.ok_or_else(|| lacks("division"))?;
            let period = o.period.ok_or_else(|| lacks("period"))?;
            let at_level = match divisions {
                economy::Divisions::Codes(_) => true,
                economy::Divisions::Level { level, .. } => is_of_level(&division, level),
            };
            // One frequency has texts of one length, in the order of their periods.
            if at_level && period.len() == from.len() && (from..=to).contains(&period.as_str()) {
                let value = o.value.ok_or_else(|| lacks("value"))?;
                let point = economy::Point { period: period.clone(), value, state: o.state, growth: None };
                let unit = o.unit.ok_or_else(|| lacks("unit"))?;
                found.entry((division, unit)).or_default().insert(period, point);
            }
        }
    }
    let series = |((division, unit), points): ((String, String), BTreeMap<String, economy::Point>)| {
        let grown = points.values().map(|p| economy::Point { growth: growth(&points, p), ..p.clone() }).collect();
        economy::Series { indicator: indicator.to_owned(), division, unit, points: grown }
    };
    Ok(found.into_iter().map(series).collect())
}

fn is_of_level(division: &str, level: &str) -> bool {
    let digits = match level {
        "city" => 4,
        "county" => 6,
        "town" => 9,
        _ => 12,
    };
    significant(division).len() == digits
}

/// In percent against the same period of the year before, to two places.
fn growth(points: &BTreeMap<String, economy::Point>, point: &economy::Point) -> Option<f64> {
    let (year, rest) = point.period.split_at_checked(4)?;
    let before = points.get(&format!("{}{rest}", year.parse::<u32>().ok()?.checked_sub(1)?))?.value;
    (before > 0.0).then(|| ((point.value - before) / before * 10_000.0).round() / 100.0)
}
