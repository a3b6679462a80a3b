//! Distances from a position to geometries and to cells.

use super::{Cell, Geometry, Position};
use geo::{Coord, Distance, Geodesic, Geometry as Geo, Haversine, Intersects, Line, LinesIter, Point};

/// The distance in metres from a position to the nearest point of a geometry, on the ellipsoid; 0 within
/// a polygon.
///
/// Which point of an edge is the nearest is found on a plane that touches the earth at the position; up to
/// 200 km that changes a distance by less than a thousandth.
#[must_use]
pub fn distance_m(from: Position, geometry: &Geometry) -> f64 {
    let from = from.coord();
    if geometry.0.intersects(&from) {
        return 0.0;
    }
    let mut nearest = (f64::INFINITY, from);
    each_candidate(from, &geometry.0, &mut |c| {
        let apart = apart(from, c);
        let square = apart.x * apart.x + apart.y * apart.y;
        if square < nearest.0 {
            nearest = (square, c);
        }
    });
    geodesic(from, nearest.1)
}

/// On the ellipsoid of WGS 84, which differs from that of CGCS2000 by a tenth of a millimetre.
fn geodesic(a: Coord<f64>, b: Coord<f64>) -> f64 {
    Geodesic.distance(Point::from(a), Point::from(b))
}

/// Calls `f` with the nearest point of each part.
fn each_candidate(from: Coord<f64>, geometry: &Geo<f64>, f: &mut dyn FnMut(Coord<f64>)) {
    let mut lines = |lines: &mut dyn Iterator<Item = Line<f64>>| lines.for_each(|l| f(on_line(from, &l)));
    match geometry {
        Geo::Point(p) => f(p.0),
        Geo::MultiPoint(points) => points.iter().for_each(|p| f(p.0)),
        Geo::GeometryCollection(all) => all.iter().for_each(|g| each_candidate(from, g, f)),
        Geo::Line(l) => f(on_line(from, l)),
        Geo::LineString(l) => lines(&mut l.lines()),
        Geo::MultiLineString(m) => lines(&mut m.lines_iter()),
        Geo::Polygon(p) => lines(&mut p.lines_iter()),
        Geo::MultiPolygon(m) => lines(&mut m.lines_iter()),
        Geo::Rect(r) => lines(&mut r.lines_iter()),
        Geo::Triangle(t) => lines(&mut t.lines_iter()),
    }
}

/// The point of an edge that is the nearest on the plane.
fn on_line(from: Coord<f64>, line: &Line<f64>) -> Coord<f64> {
    let start = apart(from, line.start);
    let shrink = from.y.to_radians().cos();
    let d = Coord { x: line.dx() * shrink, y: line.dy() };
    let length = d.x * d.x + d.y * d.y;
    let t = if length > 0.0 { (-(start.x * d.x + start.y * d.y) / length).clamp(0.0, 1.0) } else { 0.0 };
    line.start + line.delta() * t
}

/// From one position to another on the plane, in degrees of latitude, the short way round the earth.
fn apart(from: Coord<f64>, to: Coord<f64>) -> Coord<f64> {
    Coord { x: turn(to.x - from.x) * from.y.to_radians().cos(), y: to.y - from.y }
}

/// An angle between -180 and 180 degrees.
fn turn(degrees: f64) -> f64 {
    if degrees > 180.0 {
        degrees - 360.0
    } else if degrees < -180.0 {
        degrees + 360.0
    } else {
        degrees
    }
}

/// No distance on the ellipsoid is shorter than this part of the one on the sphere that `Haversine` has:
/// the smallest radius of curvature (6,335,439 m, at the equator along the meridian) over the sphere's.
const SHORTEST: f64 = 0.9944;
/// What rounding can do, in metres.
const ROUNDING: f64 = 1e-5;

/// A distance in metres that no point of a cell is nearer than.
///
/// On a sphere the distance to a point at a given latitude grows with the difference in longitude. So the
/// nearest point of a rectangle is straight to the north or south, or on the nearer of its two meridians;
/// there the distance is a cosine of the latitude, whose least value is at its crest or at an end.
pub(super) fn at_least_m(from: Position, cell: Cell) -> f64 {
    let rect = cell.rect();
    let (south, north) = (rect.min().y, rect.max().y);
    let mut least = f64::INFINITY;
    let mut to = |longitude: f64, latitude: f64| {
        let sphere = Haversine.distance(Point::from(from.coord()), Point::new(longitude, latitude.clamp(south, north)));
        least = least.min(sphere);
    };
    if rect.min().x <= from.longitude && from.longitude <= rect.max().x {
        to(from.longitude, from.latitude);
    }
    for longitude in [rect.min().x, rect.max().x] {
        let turned = turn(longitude - from.longitude).to_radians().cos();
        let phi = from.latitude.to_radians();
        to(longitude, phi.sin().atan2(phi.cos() * turned).to_degrees());
        to(longitude, south);
        to(longitude, north);
    }
    (least * SHORTEST - ROUNDING).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn position(longitude: f64, latitude: f64) -> Position {
        Position::new(longitude, latitude).unwrap()
    }

    #[test]
    fn distances_are_those_of_the_ellipsoid() {
        // A degree of the meridian from 34° to 35° on the ellipsoid of WGS 84 is 110.93 km.
        let north = Geometry::point(position(117.0, 35.0));
        let metres = distance_m(position(117.0, 34.0), &north);
        assert!((metres - 110_931.0).abs() < 10.0, "{metres}");
    }

    #[test]
    fn a_shape_is_as_far_as_its_nearest_edge_and_nothing_from_within() {
        let square = serde_json::json!({
            "type": "Polygon", "coordinates": [[[117.0, 34.0], [117.1, 34.0], [117.1, 34.1], [117.0, 34.1], [117.0, 34.0]]]
        });
        let square = Geometry::from_value(&square).unwrap();
        assert_eq!(distance_m(position(117.05, 34.05), &square), 0.0);
        let metres = distance_m(position(117.05, 34.11), &square);
        assert!((metres - 1_109.3).abs() < 0.5, "{metres}");
    }

    proptest! {
        #[test]
        fn no_point_of_a_cell_is_nearer_than_the_cell(
            x in -180.0..=180.0_f64, y in -90.0..=90.0_f64,
            px in -180.0..=180.0_f64, py in -90.0..=90.0_f64,
            near in any::<bool>(),
        ) {
            let from = position(x, y);
            let place = if near { position((x + px / 1e4).clamp(-180.0, 180.0), (y + py / 1e4).clamp(-90.0, 90.0)) } else { position(px, py) };
            let metres = distance_m(from, &Geometry::point(place));
            let mut cell = Cell::EARTH;
            loop {
                prop_assert!(at_least_m(from, cell) <= metres, "level {}", cell.level());
                let leaf = Cell::at(place);
                let Some(next) = cell.quarters().find(|c| c.range().first <= leaf && leaf <= c.range().last) else { break };
                cell = next;
            }
        }
    }
}
