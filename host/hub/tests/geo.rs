//! Records by place: what the index answers is what every record says by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use yunlong_formats::Explain;
use yunlong_hub::geo::{
    self, Area, BoundingBox, GeoError, Geometry, Hits, MAX_POSITIONS, Page, Position, cells_of, cover, distance_m,
};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Direction, Key, SharedStore, Txn};

const DATASET: &str = "geospatial.place";

fn point(longitude: f64, latitude: f64) -> Value {
    json!({ "type": "Point", "coordinates": [longitude, latitude] })
}

/// A polygon of one ring that is closed here.
fn polygon(corners: &[[f64; 2]]) -> Value {
    let ring: Vec<_> = corners.iter().chain(corners.first()).collect();
    json!({ "type": "Polygon", "coordinates": [ring] })
}

fn page(limit: usize) -> Page {
    Page { limit, cursor: None }
}

/// A store in memory with records, and a runtime to ask it.
struct City {
    store: SharedStore,
    records: BTreeMap<String, Value>,
    runtime: tokio::runtime::Runtime,
}

impl City {
    fn of(records: impl IntoIterator<Item = (String, Value)>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut city = Self { store: Arc::new(MemoryStore::new()), records: BTreeMap::new(), runtime };
        for (id, value) in records {
            city.write(&id, Some(value));
        }
        city
    }

    /// Writes a record as the hub's writer does: one commit, from the geometry before to the new one.
    fn write(&mut self, id: &str, new: Option<Value>) {
        let mut txn = Txn::new(self.store.clone());
        geo::stage(&mut txn, DATASET, id, self.records.get(id), new.as_ref()).unwrap();
        self.runtime.block_on(txn.commit()).unwrap();
        match new {
            Some(new) => self.records.insert(id.to_owned(), new),
            None => self.records.remove(id),
        };
    }

    /// All pages, which must not tell a record twice.
    fn all(&self, limit: usize, ask: impl AsyncFn(Page) -> Result<Hits, GeoError>) -> Vec<(String, Option<f64>)> {
        let mut told = Vec::new();
        let mut next = Some(page(limit));
        while let Some(page) = next.take() {
            let hits = self.runtime.block_on(ask(page)).unwrap();
            assert!(hits.hits.len() <= limit);
            told.extend(hits.hits.into_iter().map(|h| (h.id, h.distance_m)));
            next = hits.next.map(|cursor| Page { limit, cursor: Some(cursor) });
        }
        let distinct: BTreeSet<_> = told.iter().map(|(id, _)| id).collect();
        assert_eq!(distinct.len(), told.len(), "a record was told twice");
        told
    }

    fn within(&self, area: &Area, limit: usize) -> BTreeSet<String> {
        let told = self.all(limit, async |page| geo::within(&*self.store, DATASET, area, &page).await);
        told.into_iter().map(|(id, _)| id).collect()
    }

    fn touching(&self, area: &Area, limit: usize) -> BTreeSet<String> {
        let told = self.all(limit, async |page| geo::touching(&*self.store, DATASET, area, &page).await);
        told.into_iter().map(|(id, _)| id).collect()
    }

    fn in_box(&self, bounds: &BoundingBox, limit: usize) -> BTreeSet<String> {
        let told = self.all(limit, async |page| geo::in_box(&*self.store, DATASET, bounds, &page).await);
        told.into_iter().map(|(id, _)| id).collect()
    }

    fn nearest(&self, from: Position, max_m: f64, limit: usize) -> Vec<(String, f64)> {
        let told = self.all(limit, async |page| geo::nearest(&*self.store, DATASET, from, max_m, &page).await);
        told.into_iter().map(|(id, metres)| (id, metres.unwrap())).collect()
    }

    fn by_hand(&self, f: impl Fn(&Geometry) -> bool) -> BTreeSet<String> {
        let geometries = self.records.iter().map(|(id, v)| (id, Geometry::from_value(v).unwrap()));
        geometries.filter(|(_, g)| f(g)).map(|(id, _)| id.clone()).collect()
    }

    fn rows(&self) -> usize {
        let space = Key::space("@hub").children();
        self.runtime.block_on(self.store.scan(&space, Direction::Ascending, 10_000)).unwrap().len()
    }
}

// ——— Geometries ———

fn refusal(value: Value) -> GeoError {
    Geometry::from_value(&value).unwrap_err()
}

#[test]
fn every_kind_of_geometry_comes_in_and_goes_out() {
    for value in [
        point(117.18, 34.26),
        json!({ "type": "MultiPoint", "coordinates": [[117.1, 34.2], [117.2, 34.3]] }),
        json!({ "type": "LineString", "coordinates": [[117.1, 34.2], [117.2, 34.3]] }),
        json!({ "type": "MultiLineString", "coordinates": [[[117.1, 34.2], [117.2, 34.3]]] }),
        polygon(&[[117.0, 34.0], [117.1, 34.0], [117.1, 34.1]]),
        json!({ "type": "MultiPolygon", "coordinates": [[[[117.0, 34.0], [117.1, 34.0], [117.1, 34.1], [117.0, 34.0]]]] }),
    ] {
        assert_eq!(Geometry::from_value(&value).unwrap().to_value(), value);
    }
    let collection = json!({ "type": "GeometryCollection", "geometries": [point(117.18, 34.26)] });
    assert_eq!(Geometry::from_value(&collection).unwrap().positions(), 1);
}

#[test]
fn a_ring_that_runs_the_wrong_way_is_taken_and_goes_out_by_the_right_hand_rule() {
    let clockwise = polygon(&[[117.0, 34.0], [117.1, 34.1], [117.1, 34.0]]);
    let out = Geometry::from_value(&clockwise).unwrap().to_value();
    assert_eq!(out["coordinates"][0][1], json!([117.1, 34.0]));
}

#[test]
fn a_height_is_taken() {
    let value = json!({ "type": "Point", "coordinates": [117.18, 34.26, 31.5] });
    assert_eq!(Geometry::from_value(&value).unwrap().as_point(), Some(Position::new(117.18, 34.26).unwrap()));
}

#[test]
fn what_is_no_geojson_geometry_is_refused() {
    for value in [
        json!(null),
        json!("POINT (117 34)"),
        json!({ "type": "Circle", "coordinates": [117.0, 34.0] }),
        json!({ "type": "Point" }),
        json!({ "type": "Point", "coordinates": ["117", "34"] }),
        json!({ "type": "Feature", "geometry": point(117.0, 34.0), "properties": {} }),
    ] {
        assert!(matches!(refusal(value.clone()), GeoError::Malformed(_)), "{value}");
    }
    assert!(matches!(Geometry::from_text("{\"type\":\"Point\","), Err(GeoError::Malformed(_))));
}

#[test]
fn longitude_and_latitude_that_were_exchanged_are_suspected() {
    let error = refusal(point(34.26, 117.18));
    assert_eq!(error, GeoError::Exchanged { position: 1, latitude: 117.18 });
    assert!(error.zh().contains("经度在前") && error.en().contains("longitude comes first"));
}

#[test]
fn places_that_are_nowhere_are_refused_with_their_number() {
    let line = json!({ "type": "LineString", "coordinates": [[117.0, 34.0], [217.0, 34.0]] });
    assert_eq!(refusal(line), GeoError::Bounds { position: 2, longitude: 217.0, latitude: 34.0 });
    assert!(matches!(Position::new(f64::NAN, 34.0), Err(GeoError::Bounds { .. })));
    assert!(matches!(Position::new(117.0, f64::INFINITY), Err(GeoError::Bounds { .. })));
}

#[test]
fn other_coordinate_systems_are_refused_and_cgcs2000_is_taken() {
    let with = |crs: Value| json!({ "type": "Point", "coordinates": [117.18, 34.26], "crs": crs });
    let named = |name: &str| with(json!({ "type": "name", "properties": { "name": name } }));
    for known in ["EPSG:4490", "urn:ogc:def:crs:EPSG::4490", "CGCS2000"] {
        assert!(Geometry::from_value(&named(known)).is_ok(), "{known}");
    }
    assert!(Geometry::from_value(&with(Value::Null)).is_ok());
    for other in ["GCJ-02", "BD-09", "EPSG:3857", "urn:ogc:def:crs:EPSG::44900"] {
        let error = refusal(named(other));
        assert_eq!(error, GeoError::System(other.into()));
        assert!(error.zh().contains("GCJ-02") && error.en().contains("convert them to CGCS2000"), "{error}");
    }
    assert!(matches!(refusal(with(json!(4326))), GeoError::System(_)));
}

#[test]
fn lines_and_rings_must_be_whole() {
    let of = |kind: &str, coordinates: Value| json!({ "type": kind, "coordinates": coordinates });
    assert!(matches!(refusal(of("Point", json!([117.0]))), GeoError::Malformed(_)));
    assert!(matches!(refusal(of("Point", json!([]))), GeoError::Malformed(_)));
    assert_eq!(refusal(of("LineString", json!([[117.0, 34.0]]))), GeoError::ShortLine);
    assert_eq!(refusal(of("MultiPoint", json!([]))), GeoError::Empty);
    assert_eq!(refusal(of("Polygon", json!([]))), GeoError::Empty);
    assert_eq!(refusal(of("MultiPolygon", json!([]))), GeoError::Empty);
    assert_eq!(refusal(json!({ "type": "GeometryCollection", "geometries": [] })), GeoError::Empty);
    let open = json!([[[117.0, 34.0], [117.1, 34.0], [117.1, 34.1], [117.0, 34.1]]]);
    assert_eq!(refusal(of("Polygon", open)), GeoError::OpenRing(1));
    let short = json!([[[117.0, 34.0], [117.1, 34.0], [117.0, 34.0]]]);
    assert_eq!(refusal(of("Polygon", short)), GeoError::OpenRing(1));
    let inner = json!({ "type": "GeometryCollection", "geometries": [point(117.0, 34.0)] });
    assert_eq!(refusal(json!({ "type": "GeometryCollection", "geometries": [inner] })), GeoError::Nested);
}

#[test]
fn sizes_are_limited() {
    let line = |n: usize| {
        let positions: Vec<_> = (0..n).map(|i| [117.0 + i as f64 * 1e-5, 34.0]).collect();
        json!({ "type": "LineString", "coordinates": positions })
    };
    assert!(Geometry::from_value(&line(MAX_POSITIONS)).is_ok());
    let most = MAX_POSITIONS;
    assert_eq!(refusal(line(most + 1)), GeoError::TooLarge { found: most + 1, unit: "positions", most });
    let text = format!("{}{}", point(117.0, 34.0), " ".repeat(geo::MAX_BYTES));
    assert!(matches!(Geometry::from_text(&text), Err(GeoError::TooLarge { unit: "bytes", .. })));
}

#[test]
fn what_leads_over_the_date_line_is_refused() {
    let over = json!({ "type": "LineString", "coordinates": [[170.0, 34.0], [-170.0, 34.0]] });
    assert_eq!(refusal(over), GeoError::DateLine { west: -170.0, east: 170.0 });
    assert_eq!(BoundingBox::new(170.0, 34.0, -170.0, 35.0), Err(GeoError::DateLine { west: 170.0, east: -170.0 }));
    assert_eq!(BoundingBox::new(117.0, 35.0, 118.0, 34.0), Err(GeoError::UpsideDown { south: 35.0, north: 34.0 }));
    assert_eq!(BoundingBox::new(34.0, 117.0, 35.0, 118.0), Err(GeoError::Exchanged { position: 1, latitude: 117.0 }));
}

#[test]
fn an_area_is_a_polygon_or_a_feature_of_one() {
    let square = polygon(&[[117.0, 34.0], [117.1, 34.0], [117.1, 34.1]]);
    let area = Area::from_value(&square).unwrap();
    let feature = json!({ "type": "Feature", "properties": null, "geometry": square });
    assert_eq!(Area::from_text(&feature.to_string()), Ok(area));
    assert_eq!(Area::from_value(&point(117.0, 34.0)), Err(GeoError::NotAnArea));
    assert_eq!(Area::from_value(&json!({ "type": "Feature" })), Err(GeoError::NotAnArea));
}

// ——— Cells ———

#[test]
fn a_point_has_one_cell_and_a_shape_has_few() {
    assert_eq!(cells_of(&Geometry::from_value(&point(117.18, 34.26)).unwrap()).len(), 1);
    let river: Vec<_> = (0..5_000).map(|i| [116.3 + i as f64 * 4e-4, 34.2 + (i as f64 / 9.0).sin() / 5.0]).collect();
    let river = Geometry::from_value(&json!({ "type": "LineString", "coordinates": river })).unwrap();
    assert!((2..=8).contains(&cells_of(&river).len()));
    let city = BoundingBox::new(116.3, 33.7, 118.7, 35.0).unwrap();
    assert!(cover(&Area::from(&city)).len() <= 200);
    assert!(cover(&Area::from(&city)).is_sorted());
}

// ——— Queries ———

#[test]
fn a_record_is_found_where_it_is_now_and_nowhere_once_it_is_gone() {
    let mut city = City::of([("p".into(), point(117.18, 34.26))]);
    let old = Area::from(&BoundingBox::new(117.0, 34.0, 117.3, 34.3).unwrap());
    let new = Area::from(&BoundingBox::new(118.0, 34.0, 118.3, 34.3).unwrap());
    let only = BTreeSet::from(["p".to_owned()]);
    assert_eq!(city.within(&old, 10), only);
    city.write("p", Some(point(118.1, 34.1)));
    assert!(city.within(&old, 10).is_empty());
    assert_eq!(city.within(&new, 10), only);
    city.write("p", Some(polygon(&[[117.1, 34.1], [117.2, 34.1], [117.2, 34.2]])));
    assert_eq!(city.within(&old, 10), only);
    assert!(city.within(&new, 10).is_empty());
    city.write("p", None);
    assert!(city.within(&old, 10).is_empty());
    assert_eq!(city.rows(), 0, "rows were left behind");
}

#[test]
fn a_refused_geometry_stages_nothing() {
    let city = City::of([]);
    let mut txn = Txn::new(city.store.clone());
    let refused = geo::stage(&mut txn, DATASET, "p", None, Some(&point(34.26, 117.18)));
    assert!(matches!(refused, Err(GeoError::Exchanged { .. })));
    assert!(txn.is_empty());
}

#[test]
fn what_lies_in_a_hole_is_not_within_and_the_edge_belongs_to_the_area() {
    let ring = json!({ "type": "Polygon", "coordinates": [
        [[117.0, 34.0], [118.0, 34.0], [118.0, 35.0], [117.0, 35.0], [117.0, 34.0]],
        [[117.4, 34.4], [117.4, 34.6], [117.6, 34.6], [117.6, 34.4], [117.4, 34.4]],
    ] });
    let hole = polygon(&[[117.4, 34.4], [117.6, 34.4], [117.6, 34.6], [117.4, 34.6]]);
    let around_hole = polygon(&[[117.3, 34.3], [117.7, 34.3], [117.7, 34.7], [117.3, 34.7]]);
    let city = City::of([
        ("in".into(), point(117.2, 34.2)),
        ("in the hole".into(), point(117.5, 34.5)),
        ("on the edge".into(), point(117.0, 34.5)),
        ("on the hole's edge".into(), point(117.4, 34.5)),
        ("out".into(), point(118.2, 34.2)),
        ("beside the hole".into(), polygon(&[[117.1, 34.1], [117.3, 34.1], [117.3, 34.3]])),
        ("the hole".into(), hole),
        ("around the hole".into(), around_hole),
        ("over the edge".into(), polygon(&[[117.9, 34.1], [118.1, 34.1], [118.1, 34.3]])),
        ("itself".into(), ring.clone()),
    ]);
    let area = Area::from_value(&ring).unwrap();
    let within = ["beside the hole", "in", "itself", "on the edge", "on the hole's edge"];
    assert_eq!(city.within(&area, 3), within.map(str::to_owned).into());
    let touching = ["around the hole", "over the edge", "the hole"].into_iter().chain(within);
    assert_eq!(city.touching(&area, 3), touching.map(str::to_owned).collect());
}

#[test]
fn a_line_over_the_open_side_of_a_concave_area_is_not_within() {
    let u = Area::from_value(&polygon(&[
        [0.0, 0.0],
        [3.0, 0.0],
        [3.0, 3.0],
        [2.0, 3.0],
        [2.0, 1.0],
        [1.0, 1.0],
        [1.0, 3.0],
        [0.0, 3.0],
    ]))
    .unwrap();
    let line = |a: [f64; 2], b: [f64; 2]| {
        Geometry::from_value(&json!({ "type": "LineString", "coordinates": [a, b] })).unwrap()
    };
    assert!(!geo::inside(&line([0.0, 3.0], [3.0, 3.0]), &u), "its ends and corners are, what is between is not");
    assert!(geo::inside(&line([0.0, 1.0], [3.0, 1.0]), &u), "along the bottom of the gap");
    assert!(geo::touches(&line([1.5, 1.0], [1.5, 2.0]), &u));
    assert!(!geo::touches(&line([1.5, 1.5], [1.5, 2.0]), &u));
}

#[test]
fn of_many_records_at_one_place_each_is_told_once() {
    let city = City::of((0..700).map(|i| (format!("{i:04}"), point(117.18, 34.26))));
    let near = city.nearest(Position::new(117.18, 34.26).unwrap(), 10.0, 90);
    assert_eq!(near.len(), 700);
    assert!(near.is_sorted_by(|a, b| a.0 < b.0), "of what is equally far, the smaller key first");
    let bounds = BoundingBox::new(117.18, 34.26, 117.18, 34.26).unwrap();
    assert_eq!(city.in_box(&bounds, 90).len(), 700);
}

#[test]
fn a_page_ends_when_it_has_cost_enough() {
    // Two thousand shapes whose rectangles meet the area, while they do not.
    let hook = |i: usize| {
        let (x, y) = (117.0 + (i % 40) as f64 * 0.001, 34.0 + (i / 40) as f64 * 0.001);
        let bow: Vec<_> = (0..200).map(|k| [x + k as f64 * 1e-6, y + 0.01 * (k as f64 / 199.0)]).collect();
        (format!("{i:05}"), json!({ "type": "LineString", "coordinates": bow }))
    };
    let city = City::of((0..2_000).map(hook));
    let area = Area::from(&BoundingBox::new(117.000_3, 34.0, 117.000_9, 34.1).unwrap());
    let first = city.runtime.block_on(geo::touching(&*city.store, DATASET, &area, &page(500))).unwrap();
    assert!(first.hits.is_empty() && first.next.is_some());
    assert!(city.touching(&area, 500).is_empty());
}

#[test]
fn limits_distances_and_cursors_that_cannot_be_are_refused() {
    let city = City::of([]);
    let area = Area::from(&BoundingBox::new(117.0, 34.0, 118.0, 35.0).unwrap());
    let from = Position::new(117.18, 34.26).unwrap();
    let within = |page: Page| city.runtime.block_on(geo::within(&*city.store, DATASET, &area, &page)).unwrap_err();
    let near =
        |m: f64, page: Page| city.runtime.block_on(geo::nearest(&*city.store, DATASET, from, m, &page)).unwrap_err();
    for limit in [0, 501] {
        assert!(matches!(within(page(limit)), GeoError::Range { what: "limit", .. }));
        assert!(matches!(near(1.0, page(limit)), GeoError::Range { what: "limit", .. }));
    }
    for metres in [-1.0, 200_001.0, f64::NAN] {
        assert!(matches!(near(metres, page(1)), GeoError::Range { what: "distance", .. }));
    }
    for cursor in ["?", "AA", "________________"] {
        let page = Page { limit: 1, cursor: Some(cursor.into()) };
        assert_eq!(within(page.clone()), GeoError::Cursor, "{cursor}");
        assert_eq!(near(1.0, page), GeoError::Cursor, "{cursor}");
    }
}

#[test]
fn datasets_do_not_see_each_other() {
    let city = City::of([("p".into(), point(117.18, 34.26))]);
    let area = Area::from(&BoundingBox::new(117.0, 34.0, 118.0, 35.0).unwrap());
    for other in ["geospatial", "geospatial.plac", "geospatial.place.x"] {
        let hits = city.runtime.block_on(geo::within(&*city.store, other, &area, &page(10))).unwrap();
        assert_eq!(hits, Hits::default(), "{other}");
    }
}

#[test]
fn too_many_records_at_one_place_are_told_apart_from_no_answer() {
    let city = City::of([]);
    for first in (0..=50_000).step_by(10_000) {
        let mut txn = Txn::new(city.store.clone());
        for i in first..(first + 10_000).min(50_001) {
            geo::stage(&mut txn, DATASET, &i.to_string(), None, Some(&point(117.18, 34.26))).unwrap();
        }
        city.runtime.block_on(txn.commit()).unwrap();
    }
    let (from, one) = (Position::new(117.18, 34.26).unwrap(), page(1));
    let near = geo::nearest(&*city.store, DATASET, from, 10.0, &one);
    assert_eq!(city.runtime.block_on(near), Err(GeoError::Crowded(50_000)));
}

#[test]
fn a_line_that_stays_at_one_place_is_found_there_and_nowhere_else() {
    let still = json!([[117.18, 34.26], [117.18, 34.26]]);
    for line in [
        json!({ "type": "LineString", "coordinates": still }),
        json!({ "type": "MultiLineString", "coordinates": [still] }),
        json!({ "type": "GeometryCollection", "geometries": [{ "type": "LineString", "coordinates": still }] }),
    ] {
        let city = City::of([("a".to_owned(), line.clone())]);
        let around = BoundingBox::new(117.0, 34.0, 118.0, 35.0).unwrap();
        assert_eq!(city.in_box(&around, 5), ["a".to_owned()].into(), "{line}");
        let elsewhere = BoundingBox::new(116.0, 34.0, 117.0, 35.0).unwrap();
        assert!(city.in_box(&elsewhere, 5).is_empty(), "{line}");
        let from = Position::new(117.18, 34.36).unwrap();
        let metres = distance_m(from, &Geometry::from_value(&line).unwrap());
        assert!((11_000.0..11_200.0).contains(&metres), "{metres} m to {line}");
        assert_eq!(city.nearest(from, 20_000.0, 5), [("a".to_owned(), metres)]);
    }
}

// ——— The index against every record by itself ———

/// Coordinates with many coincidences (a grid that cells share edges with) and without.
fn place() -> impl Strategy<Value = [f64; 2]> {
    prop_oneof![
        (0..=16_u32, 0..=16_u32)
            .prop_map(|(x, y)| [112.5 + f64::from(x) * 0.703_125, 33.75 + f64::from(y) * 0.351_562_5]),
        (112.0..124.0_f64, 33.0..40.0_f64).prop_map(|(x, y)| [x, y]),
        (117.1..117.3_f64, 34.2..34.3_f64).prop_map(|(x, y)| [x, y]),
    ]
}

/// A ring around a centre: the corners by angle, at any distance. Concave, and it never crosses itself.
fn star(centre: [f64; 2], size: f64, radii: &[f64]) -> Vec<[f64; 2]> {
    let corner = |(i, r): (usize, &f64)| {
        let angle = i as f64 / radii.len() as f64 * std::f64::consts::TAU;
        [centre[0] + size * r * angle.cos(), centre[1] + size * r * angle.sin()]
    };
    let mut ring: Vec<_> = radii.iter().enumerate().map(corner).collect();
    ring.push(ring[0]);
    ring
}

/// A concave polygon, half of them with a hole.
fn shape() -> impl Strategy<Value = Value> {
    let radii = prop::collection::vec(0.3..1.0_f64, 3..12);
    (place(), prop_oneof![0.0005..0.01_f64, 0.05..0.5, 0.5..4.0], radii, any::<bool>()).prop_map(
        |(centre, size, radii, hole)| {
            let mut rings = vec![star(centre, size, &radii)];
            // With five corners or more the middle of the star is clear of its rim.
            if hole && radii.len() >= 5 {
                rings.push(star(centre, size * 0.2, &radii));
            }
            json!({ "type": "Polygon", "coordinates": rings })
        },
    )
}

fn geometry() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => place().prop_map(|[x, y]| point(x, y)),
        1 => prop::collection::vec(place(), 1..4).prop_map(|p| json!({ "type": "MultiPoint", "coordinates": p })),
        1 => prop::collection::vec(place(), 2..5).prop_map(|p| json!({ "type": "LineString", "coordinates": p })),
        1 => shape(),
        // Whatever corners: rings that cross themselves, without extent, over the grid.
        1 => prop::collection::vec(place(), 3..8).prop_map(|p| polygon(&p)),
        1 => (shape(), place()).prop_map(|(s, [x, y])| json!({ "type": "GeometryCollection", "geometries": [s, point(x, y)] })),
    ]
}

fn area() -> impl Strategy<Value = Value> {
    prop_oneof![
        shape(),
        prop::collection::vec(place(), 3..8).prop_map(|p| polygon(&p)),
        (shape(), shape()).prop_map(|(a, b)| {
            json!({ "type": "MultiPolygon", "coordinates": [a["coordinates"], b["coordinates"]] })
        })
    ]
}

fn city() -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map("[a-z]{1,4}", geometry(), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_lies_in_an_area_and_what_touches_it(
        records in city(), area in area(), limit in 1..60_usize,
    ) {
        let city = City::of(records);
        let area = Area::from_value(&area).unwrap();
        prop_assert_eq!(city.within(&area, limit), city.by_hand(|g| geo::inside(g, &area)));
        prop_assert_eq!(city.touching(&area, limit), city.by_hand(|g| geo::touches(g, &area)));
    }

    #[test]
    fn the_index_finds_what_is_in_a_box(records in city(), a in place(), b in place(), limit in 1..60_usize) {
        let city = City::of(records);
        let bounds = BoundingBox::new(a[0].min(b[0]), a[1].min(b[1]), a[0].max(b[0]), a[1].max(b[1])).unwrap();
        let area = Area::from(&bounds);
        prop_assert_eq!(city.in_box(&bounds, limit), city.by_hand(|g| geo::touches(g, &area)));
    }

    #[test]
    fn the_nearest_come_first_and_none_is_missing(
        records in city(), from in place(), max_m in prop_oneof![0.0..500.0_f64, 0.0..200_000.0], limit in 1..60_usize,
    ) {
        let city = City::of(records);
        let from = Position::new(from[0], from[1]).unwrap();
        let by_hand = city.records.iter().map(|(id, v)| (id.clone(), distance_m(from, &Geometry::from_value(v).unwrap())));
        let mut by_hand: Vec<_> = by_hand.filter(|(_, m)| *m <= max_m).collect();
        by_hand.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        prop_assert_eq!(city.nearest(from, max_m, limit), by_hand);
    }

    #[test]
    fn the_index_follows_every_change(
        records in city(), changes in prop::collection::vec(("[a-z]{1,2}", prop::option::of(geometry())), 0..60),
    ) {
        let mut city = City::of(records);
        for (id, new) in changes {
            city.write(&id, new);
        }
        let all = BoundingBox::new(100.0, 20.0, 130.0, 50.0).unwrap();
        prop_assert_eq!(city.in_box(&all, 50), city.records.keys().cloned().collect());
        for id in city.records.keys().cloned().collect::<Vec<_>>() {
            city.write(&id, None);
        }
        prop_assert_eq!(city.rows(), 0);
    }

    /// The relation of the crate `geo` is the judge, of polygons that it calls valid.
    #[test]
    fn inside_and_touching_agree_with_the_general_relation(area in shape(), other in geometry()) {
        use ::geo::{Relate, Validation};
        let oracle = |v: &Value| {
            let parsed: geojson::Geometry = serde_json::from_value(v.clone()).unwrap();
            ::geo::Geometry::<f64>::try_from(&parsed.value).unwrap()
        };
        let (a, g) = (oracle(&area), oracle(&other));
        prop_assume!(a.is_valid() && g.is_valid());
        let relation = a.relate(&g);
        let (area, geometry) = (Area::from_value(&area).unwrap(), Geometry::from_value(&other).unwrap());
        prop_assert_eq!(geo::inside(&geometry, &area), relation.is_covers());
        prop_assert_eq!(geo::touches(&geometry, &area), relation.is_intersects());
    }

    #[test]
    fn whatever_json_is_given_is_taken_or_refused(kind in "(Point|MultiPoint|LineString|Polygon|MultiPolygon)", numbers in prop::collection::vec(prop::collection::vec(any::<f64>(), 0..4), 0..6), depth in 0..4_usize) {
        let nested = (0..depth).fold(json!(numbers), |v, _| json!([v]));
        if let Ok(geometry) = Geometry::from_value(&json!({ "type": kind, "coordinates": nested })) {
            prop_assert!(!cells_of(&geometry).is_empty());
        }
    }
}
