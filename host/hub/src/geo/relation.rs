//! Whether a geometry touches an area, or lies in it.
//!
//! Written out of exact orientations, because the general relation of `geo` presumes valid polygons, and
//! the rings of generalized maps cross themselves. What is said here agrees with that relation where it
//! applies (a property test says so) and is defined everywhere. The edges of the area stand in an R-tree,
//! so that a detailed outline is not walked for each record.

use super::{Area, Geometry};
use geo::coordinate_position::CoordPos;
use geo::kernels::{Kernel, RobustKernel};
use geo::{Coord, CoordinatePosition, CoordsIter, Geometry as Geo, InteriorPoint, Intersects, Line, LinesIter};
use geo::{Orientation, Polygon, Rect};
use rstar::{AABB, RTree, RTreeObject};

/// Whether all of a geometry lies in an area, its edge included.
///
/// Edges that only touch leave a geometry inside. For an area whose polygons overlap each other, a shape
/// over the place where they do is not found to be inside.
#[must_use]
pub fn inside(geometry: &Geometry, area: &Area) -> bool {
    Outline::new(area).holds(geometry)
}

/// Whether a geometry has a point in an area or on its edge.
#[must_use]
pub fn touches(geometry: &Geometry, area: &Area) -> bool {
    Outline::new(area).touches(geometry)
}

/// An edge in a tree.
struct Edge(Line<f64>);

impl RTreeObject for Edge {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        around(&self.0)
    }
}

fn around(line: &Line<f64>) -> AABB<[f64; 2]> {
    AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y])
}

/// The edges of a shape, found by place.
struct Edges(RTree<Edge>);

impl Edges {
    fn new(lines: impl Iterator<Item = Line<f64>>) -> Self {
        Self(RTree::bulk_load(lines.map(Edge).collect()))
    }

    /// Those whose rectangles meet the line's.
    fn near(&self, line: &Line<f64>) -> impl Iterator<Item = &Line<f64>> {
        self.0.locate_in_envelope_intersecting(&around(line)).map(|edge| &edge.0)
    }

    fn near_rect(&self, rect: &Rect<f64>) -> impl Iterator<Item = &Line<f64>> {
        let rect = AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
        self.0.locate_in_envelope_intersecting(&rect).map(|edge| &edge.0)
    }
}

/// An area that is asked often.
pub(super) struct Outline<'a> {
    area: &'a Area,
    edges: Edges,
    positions: usize,
}

impl<'a> Outline<'a> {
    pub(super) fn new(area: &'a Area) -> Self {
        let edges = Edges::new(area.shape.lines_iter());
        Self { area, edges, positions: area.shape.coords_count() }
    }

    /// How many positions the area has.
    pub(super) fn positions(&self) -> usize {
        self.positions
    }

    fn has(&self, c: Coord<f64>) -> bool {
        self.area.bounds.intersects(&c) && self.area.shape.intersects(&c)
    }

    /// Whether a rectangle has a point in the area.
    pub(super) fn touches_rect(&self, rect: &Rect<f64>) -> bool {
        self.area.bounds.intersects(rect)
            && (self.has(rect.min()) || self.edges.near_rect(rect).any(|edge| edge.intersects(rect)))
    }

    /// Whether a geometry has a point in the area.
    ///
    /// When no edges meet, one lies in the other as a whole or they are apart: then one position of each
    /// part tells.
    pub(super) fn touches(&self, geometry: &Geometry) -> bool {
        if let Geo::Point(p) = &geometry.0 {
            return self.has(p.0);
        }
        self.area.bounds.intersects(&geometry.bounds())
            && (each_part(&geometry.0, &mut |part| self.part_touches(part))
                || self.area.shape.iter().any(|p| p.exterior().0.first().is_some_and(|c| geometry.0.intersects(c))))
    }

    fn part_touches(&self, part: Part<'_>) -> bool {
        let meets = |line: Line<f64>| self.edges.near(&line).any(|edge| edge.intersects(&line));
        match part {
            Part::Point(c) => self.has(c),
            Part::Line(line) => self.has(line.start) || meets(line),
            Part::Polygon(p) => p.exterior().0.first().is_some_and(|c| self.has(*c)) || p.lines_iter().any(meets),
        }
    }

    /// Whether all of a geometry lies in the area.
    pub(super) fn holds(&self, geometry: &Geometry) -> bool {
        let (outer, inner) = (self.area.bounds, geometry.bounds());
        let fits = outer.min().x <= inner.min().x
            && outer.min().y <= inner.min().y
            && inner.max().x <= outer.max().x
            && inner.max().y <= outer.max().y;
        fits && !each_part(&geometry.0, &mut |part| !self.holds_part(part))
    }

    fn holds_part(&self, part: Part<'_>) -> bool {
        match part {
            Part::Point(c) => self.has(c),
            Part::Line(line) => self.holds_line(&line),
            Part::Polygon(p) => self.holds_polygon(p),
        }
    }

    /// A polygon lies in the area when its rings do and the area has no edge within it: such an edge would
    /// have the outside on one of its sides. What fills a hole exactly has its rings in the area and no
    /// edge of it within; there a point from within tells.
    fn holds_polygon(&self, polygon: &Polygon<f64>) -> bool {
        let own = Edges::new(polygon.lines_iter());
        let within = |c: Coord<f64>| polygon.coordinate_position(&c) == CoordPos::Inside;
        let splits =
            |edge: &Line<f64>| pieces(edge, &own).any(|piece| !runs_along(&piece, &own) && within(middle(&piece)));
        polygon.lines_iter().all(|l| self.holds_line(&l))
            && polygon.interior_point().is_none_or(|p| self.has(p.0))
            && !self.edges.near_rect(&Geometry(Geo::Polygon(polygon.clone())).bounds()).any(splits)
    }

    /// An edge lies in the area when its ends do, it crosses no edge, and what lies between the places where
    /// it meets corners does, too.
    fn holds_line(&self, line: &Line<f64>) -> bool {
        self.has(line.start)
            && self.has(line.end)
            && !self.edges.near(line).any(|edge| crosses(line, edge))
            && pieces(line, &self.edges).all(|piece| runs_along(&piece, &self.edges) || self.has(middle(&piece)))
    }
}

/// A geometry whose cells are looked for.
pub(super) struct Sketch<'a> {
    geometry: &'a Geometry,
    edges: Edges,
}

impl<'a> Sketch<'a> {
    pub(super) fn new(geometry: &'a Geometry) -> Self {
        let mut edges = Vec::new();
        each_part(&geometry.0, &mut |part| {
            match part {
                // An edge without length, so that points are found by place, too.
                Part::Point(c) => edges.push(Line::new(c, c)),
                Part::Line(line) => edges.push(line),
                Part::Polygon(p) => edges.extend(p.lines_iter()),
            }
            false
        });
        Self { geometry, edges: Edges::new(edges.into_iter()) }
    }

    /// Whether a rectangle has a point in the geometry.
    pub(super) fn touches_rect(&self, rect: &Rect<f64>) -> bool {
        self.edges.near_rect(rect).any(|edge| edge.intersects(rect)) || self.geometry.0.intersects(&rect.min())
    }
}

/// What geometries consist of.
enum Part<'a> {
    Point(Coord<f64>),
    Line(Line<f64>),
    Polygon(&'a Polygon<f64>),
}

/// Whether `f` is true of any part.
fn each_part(geometry: &Geo<f64>, f: &mut dyn FnMut(Part<'_>) -> bool) -> bool {
    match geometry {
        Geo::Point(p) => f(Part::Point(p.0)),
        Geo::MultiPoint(points) => points.iter().any(|p| f(Part::Point(p.0))),
        Geo::Line(l) => f(Part::Line(*l)),
        Geo::LineString(l) => l.lines().any(|l| f(Part::Line(l))),
        Geo::MultiLineString(m) => m.lines_iter().any(|l| f(Part::Line(l))),
        Geo::Polygon(p) => f(Part::Polygon(p)),
        Geo::MultiPolygon(m) => m.iter().any(|p| f(Part::Polygon(p))),
        Geo::Rect(r) => f(Part::Polygon(&r.to_polygon())),
        Geo::Triangle(t) => f(Part::Polygon(&t.to_polygon())),
        Geo::GeometryCollection(all) => all.iter().any(|g| each_part(g, f)),
    }
}

/// Whether two edges go through each other at a place that is an end of neither.
fn crosses(a: &Line<f64>, b: &Line<f64>) -> bool {
    let side = |l: &Line<f64>, c: Coord<f64>| RobustKernel::orient2d(l.start, l.end, c);
    let opposite =
        |p: Orientation, q: Orientation| p != q && p != Orientation::Collinear && q != Orientation::Collinear;
    opposite(side(a, b.start), side(a, b.end)) && opposite(side(b, a.start), side(b, a.end))
}

/// An edge, divided where it meets ends of the others.
fn pieces(line: &Line<f64>, others: &Edges) -> impl Iterator<Item = Line<f64>> + use<> {
    let d = line.delta();
    let along = |c: &Coord<f64>| (c.x - line.start.x) * d.x + (c.y - line.start.y) * d.y;
    let ends = others.near(line).flat_map(|o| [o.start, o.end]);
    let mut at: Vec<Coord<f64>> = ends.filter(|c| line.intersects(c)).collect();
    at.extend([line.start, line.end]);
    at.sort_by(|a, b| along(a).total_cmp(&along(b)));
    at.dedup();
    (1..at.len()).map(move |i| Line::new(at[i - 1], at[i]))
}

/// Whether a piece lies on one of the edges.
fn runs_along(piece: &Line<f64>, edges: &Edges) -> bool {
    edges.near(piece).any(|edge| edge.intersects(&piece.start) && edge.intersects(&piece.end))
}

fn middle(line: &Line<f64>) -> Coord<f64> {
    (line.start + line.end) / 2.0
}
