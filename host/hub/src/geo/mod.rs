//! Records by place: geometries, an ordered cell index, and the queries over it.
//!
//! Geometries come and go as GeoJSON (RFC 7946) with longitude and latitude in CGCS2000 (EPSG:4490).
//! Edges are straight lines in longitude and latitude, as section 3.1.1 of the RFC says. Distances are
//! geodesics on the ellipsoid, in metres.
//!
//! # The index
//!
//! A [`Cell`] is a rectangle of a quadtree over longitude and latitude, numbered so that all cells in it
//! stand next to each other: whatever lies in a cell is one range of keys. Since edges are straight in
//! longitude and latitude, and cells are rectangles there whose corners are exact in floating point,
//! whether a geometry touches a cell is decided without any rounding. Hexagons or cells of a sphere would
//! bring a second kind of edge, and with it places that an index misses. The predicates are those of the
//! crate `geo`, which evaluates orientations exactly.
//!
//! # Invariants
//!
//! - A record's rows are written in the commit that writes the record ([`stage`]), and nowhere else.
//! - Every point of a geometry lies in one of its cells, and every point of an area in one of the cells
//!   of its cover. So two that have a point in common have nested cells, and a query meets the record.
//! - The index proposes, the exact predicates decide: no answer depends on how coarse a cell is.
//! - A page examines a bounded number of rows; only `next` says that there is no more.
//!
//! An index row tells the place of its record in the plain, as indexed values of collections do.

mod area;
mod cell;
mod distance;
mod error;
pub mod gcj02;
mod geometry;
mod index;
mod nearest;
mod query;
mod relation;

pub use area::{Area, BoundingBox};
pub use cell::{Cell, CellRange, cells_of, cover};
pub use distance::distance_m;
pub use error::GeoError;
pub use geometry::{Geometry, MAX_BYTES, MAX_POSITIONS, Position};
pub use index::{stage, stage_index};
pub use nearest::{MAX_DISTANCE_M, nearest};
pub use query::{Hit, Hits, MAX_LIMIT, Page, in_box, touching, within};
pub use relation::{inside, touches};
