//! Cells: a quadtree over longitude and latitude, numbered in Z-order.

use super::relation::{Outline, Sketch};
use super::{Area, Geometry, Position};
use geo::{Intersects, Rect};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// The level of the smallest cells: 2.4 m by 1.2 m at the equator.
const LEVELS: u32 = 24;
/// The most cells of a geometry: a handful follows most shapes well, and each is a row to write.
const OF_GEOMETRY: usize = 8;
/// The most cells of an area's cover: each is a range to read.
const OF_AREA: usize = 24;

/// A cell: a rectangle of longitude and latitude.
///
/// Its number is its path from the whole earth down (two bits a level: north, east), then a one bit, then
/// zeros. All cells in a cell have numbers next to its own: see [`Cell::range`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(u64);

/// Cells from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellRange {
    /// The first cell.
    pub first: Cell,
    /// The last cell.
    pub last: Cell,
    /// Whether everything in these cells lies in the area that they cover.
    pub inside: bool,
}

impl Cell {
    /// The whole earth.
    pub const EARTH: Self = Self(1 << (2 * LEVELS));

    /// The smallest cell that a position lies in. Its south and west edges belong to a cell.
    #[must_use]
    pub fn at(position: Position) -> Self {
        let x = step(position.longitude, 360.0);
        let y = step(position.latitude, 180.0);
        Self(((spread(y) << 1 | spread(x)) << 1) | 1)
    }

    /// The cell of a number that [`Cell::number`] gave.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        let possible = number != 0 && number < 2 << (2 * LEVELS) && number.trailing_zeros().is_multiple_of(2);
        possible.then_some(Self(number))
    }

    /// Its number, for keys of the store.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// Its lowest bit that is set.
    fn low(self) -> u64 {
        self.0 & self.0.wrapping_neg()
    }

    /// Its distance from the whole earth, 0 to 24.
    #[must_use]
    pub fn level(self) -> u32 {
        LEVELS - self.0.trailing_zeros() / 2
    }

    /// The numbers of all cells in it, its own among them.
    #[must_use]
    pub fn range(self) -> CellRange {
        let below = self.low() - 1;
        CellRange { first: Self(self.0 - below), last: Self(self.0 + below), inside: false }
    }

    /// Its quarters; none of the smallest cells.
    pub(super) fn quarters(self) -> impl Iterator<Item = Self> {
        let step = self.low() >> 2;
        (0..4).filter(move |_| step > 0).map(move |quarter| Self(self.0 - 3 * step + quarter * 2 * step))
    }

    /// The cell that it is a quarter of.
    fn parent(self) -> Option<Self> {
        let low = self.low() << 2;
        (self != Self::EARTH).then(|| Self((self.0 & low.wrapping_neg()) | low))
    }

    /// Its rectangle. The corners are exact: 24 bits of a multiple of 45 fit a float.
    #[must_use]
    pub fn rect(self) -> Rect<f64> {
        let path = self.range().first.0 >> 1;
        let (x, y) = (gather(path), gather(path >> 1));
        let side = 1_u64 << (LEVELS - self.level());
        Rect::new((edge(x, 360.0), edge(y, 180.0)), (edge(x + side, 360.0), edge(y + side, 180.0)))
    }
}

/// Where the `n`th step of an axis begins, whose length in degrees is `span`.
fn edge(n: u64, span: f64) -> f64 {
    n as f64 * span / (1_u64 << LEVELS) as f64 - span / 2.0
}

/// The step that a coordinate is in: the last one that does not begin behind it. The first guess may be
/// one off by rounding, the edges are exact.
fn step(degrees: f64, span: f64) -> u64 {
    let steps = 1_u64 << LEVELS;
    let guess = ((degrees + span / 2.0) / span * steps as f64) as u64;
    let mut n = guess.min(steps - 1);
    while n > 0 && edge(n, span) > degrees {
        n -= 1;
    }
    while n + 1 < steps && edge(n + 1, span) <= degrees {
        n += 1;
    }
    n
}

/// Puts a zero before each of the 24 bits of `n`.
fn spread(n: u64) -> u64 {
    (0..LEVELS).fold(0, |z, bit| z | (n >> bit & 1) << (2 * bit))
}

/// Takes every second bit.
fn gather(z: u64) -> u64 {
    (0..LEVELS).fold(0, |n, bit| n | (z >> (2 * bit) & 1) << bit)
}

/// The cells under which a geometry is found: together they hold every point of it. For a point the one
/// smallest cell, for shapes at most eight, the larger the shape the larger.
#[must_use]
pub fn cells_of(geometry: &Geometry) -> Vec<Cell> {
    if let Some(position) = geometry.as_point() {
        return vec![Cell::at(position)];
    }
    let (bounds, sketch) = (geometry.bounds(), Sketch::new(geometry));
    cover_of(bounds, OF_GEOMETRY, |rect| rect.intersects(&bounds) && sketch.touches_rect(rect))
}

/// Where the records stand that can have a point in common with an area: ranges in their order, without
/// overlap. Those of the cells in the cover, and the larger cells around them, under which large shapes stand.
#[must_use]
pub fn cover(area: &Area) -> Vec<CellRange> {
    cover_outline(area, &Outline::new(area))
}

pub(super) fn cover_outline(area: &Area, outline: &Outline<'_>) -> Vec<CellRange> {
    let cells = cover_of(area.bounds, OF_AREA, |rect| outline.touches_rect(rect));
    let mut around = BTreeSet::new();
    for cell in &cells {
        around.extend(std::iter::successors(cell.parent(), |c| c.parent()));
    }
    let within = |cell: &Cell| outline.holds(&Geometry(geo::Geometry::Polygon(cell.rect().to_polygon())));
    let mut ranges: Vec<_> = cells.iter().map(|cell| CellRange { inside: within(cell), ..cell.range() }).collect();
    ranges.extend(around.into_iter().map(|cell| CellRange { first: cell, last: cell, inside: false }));
    ranges.sort_unstable();
    ranges
}

/// At most `most` cells which together hold every point of a shape.
///
/// Beginning with the smallest cell around it, the largest one is taken apart again and again, and the
/// quarters that the shape touches are kept. So whatever point of the shape is asked about, the cell that
/// it lies in, or one around that, is among them.
fn cover_of(bounds: Rect<f64>, most: usize, touches: impl Fn(&Rect<f64>) -> bool) -> Vec<Cell> {
    let corner = |c: geo::Coord<f64>| Cell::at(Position { longitude: c.x, latitude: c.y });
    let mut whole = vec![common(corner(bounds.min()), corner(bounds.max()))];
    // A heap by size: of equal ones the smaller number first, so that the answer is always the same.
    let mut open = BinaryHeap::from([(whole[0].low(), Reverse(whole[0]))]);
    whole.clear();
    while let Some((_, Reverse(cell))) = open.pop() {
        let quarters: Vec<Cell> = cell.quarters().filter(|c| touches(&c.rect())).collect();
        if quarters.is_empty() || whole.len() + open.len() + quarters.len() > most {
            whole.push(cell);
        } else {
            open.extend(quarters.into_iter().map(|c| (c.low(), Reverse(c))));
        }
    }
    whole.sort_unstable();
    whole
}

/// The smallest cell around two.
fn common(a: Cell, b: Cell) -> Cell {
    let holds = |cell: &Cell, other: Cell| cell.range().first <= other && other <= cell.range().last;
    std::iter::successors(Some(a), |c| c.parent()).find(|c| holds(c, b)).unwrap_or(Cell::EARTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(longitude: f64, latitude: f64) -> Cell {
        Cell::at(Position::new(longitude, latitude).unwrap())
    }

    #[test]
    fn the_earth_has_four_quarters_in_the_order_of_their_numbers() {
        let quarters: Vec<_> = Cell::EARTH.quarters().collect();
        let corners: Vec<_> = quarters.iter().map(|c| (c.rect().min().x, c.rect().min().y)).collect();
        assert_eq!(corners, [(-180.0, -90.0), (0.0, -90.0), (-180.0, 0.0), (0.0, 0.0)]);
        assert!(quarters.is_sorted());
        assert!(quarters.iter().all(|c| c.parent() == Some(Cell::EARTH) && c.level() == 1));
        assert_eq!(at(117.18, 34.26).quarters().count(), 0);
    }

    #[test]
    fn the_ends_of_the_earth_lie_in_cells() {
        for (longitude, latitude) in [(-180.0, -90.0), (180.0, 90.0), (180.0, -90.0), (0.0, 0.0)] {
            let rect = at(longitude, latitude).rect();
            assert!(rect.intersects(&geo::Coord { x: longitude, y: latitude }), "{rect:?}");
        }
    }

    #[test]
    fn numbers_that_are_no_cells_are_refused() {
        for number in [0, 2, 8, 2 << 48, u64::MAX] {
            assert_eq!(Cell::from_number(number), None, "{number}");
        }
        assert_eq!(Cell::from_number(Cell::EARTH.number()), Some(Cell::EARTH));
    }

    proptest! {
        #[test]
        fn a_position_lies_in_its_cell_and_in_all_around_it(x in -180.0..=180.0_f64, y in -90.0..=90.0_f64) {
            let cell = at(x, y);
            prop_assert_eq!(cell.level(), LEVELS);
            prop_assert_eq!(Cell::from_number(cell.number()), Some(cell));
            for around in std::iter::successors(Some(cell), |c| c.parent()) {
                prop_assert!(around.rect().intersects(&geo::Coord::from((x, y))));
                prop_assert!(around.range().first <= cell && cell <= around.range().last);
                prop_assert!(around == cell || around.quarters().any(|c| c.range().first <= cell && cell <= c.range().last));
            }
        }

        #[test]
        fn a_position_on_an_edge_lies_in_the_cell_behind_it(n in 1..(1_u64 << LEVELS)) {
            prop_assert_eq!(step(edge(n, 360.0), 360.0), n);
            prop_assert_eq!(step(edge(n, 360.0).next_down(), 360.0), n - 1);
            prop_assert_eq!(step(edge(n, 180.0), 180.0), n);
            prop_assert_eq!(step(edge(n, 180.0).next_down(), 180.0), n - 1);
        }
    }
}
