//! Geospatial 空间地理: `geospatial.place`, places and addresses.
//!
//! Geometries are GeoJSON (RFC 7946), longitude first, in CGCS2000 (EPSG:4490). Coordinates of map
//! services in China (GCJ-02, BD-09) must be converted first.

use super::{Page, Standing};
use crate::backend::{Active, Backend};
use crate::shared::SharedError;

/// A place or an address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// What was released.
    pub standing: Standing,
    /// Its code.
    pub code: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Such as `school`, `hospital` or `attraction`.
    pub kind: Option<String>,
    /// The standard address.
    pub address: Option<String>,
    /// The division that it lies in.
    pub division: Option<String>,
    /// GeoJSON as text.
    pub geometry: Option<String>,
    /// How far it is, in metres; of [`Where::Nearest`] only.
    pub distance: Option<f64>,
}

/// Where places are looked for. The geometry must be granted without a mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Where<'a> {
    /// Wholly within an area: the text of a GeoJSON Polygon or MultiPolygon, or a Feature of one.
    Within(&'a str),
    /// With a point in such an area or on its edge.
    Touching(&'a str),
    /// With a point in a box of degrees.
    InBox {
        /// The western edge.
        west: f64,
        /// The southern edge.
        south: f64,
        /// The eastern edge.
        east: f64,
        /// The northern edge.
        north: f64,
    },
    /// By their distance from a position, the nearest first.
    Nearest {
        /// Degrees.
        longitude: f64,
        /// Degrees.
        latitude: f64,
        /// Metres, at most 200,000.
        max_distance: f64,
    },
}

/// The place of a code; `None` when there is none.
///
/// # Errors
/// [`SharedError`].
pub fn get(purpose: &str, code: &str) -> Result<Option<Place>, SharedError> {
    Active::place(purpose, code)
}

/// Finds places: `limit`, 1 to 500, a page.
///
/// # Errors
/// [`SharedError`].
pub fn find(purpose: &str, at: Where<'_>, limit: u32, cursor: Option<&str>) -> Result<Page<Place>, SharedError> {
    Active::places(purpose, at, limit, cursor)
}
