//! Areas that are asked about: polygons and boxes.

use super::geometry::json;
use super::{GeoError, Geometry};
use geo::{HasDimensions, MultiPolygon, Rect};
use serde_json::Value;

/// A box of longitudes and latitudes, its edges included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl BoundingBox {
    /// A box, in the order of RFC 7946: west, south, east, north.
    ///
    /// # Errors
    /// [`GeoError::DateLine`] when it leads over the date line, [`GeoError::UpsideDown`],
    /// [`GeoError::Bounds`], [`GeoError::Exchanged`].
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, GeoError> {
        super::Position::new(west, south)?;
        super::Position::new(east, north)?;
        if west > east || east - west > 180.0 {
            return Err(GeoError::DateLine { west, east });
        }
        if south > north {
            return Err(GeoError::UpsideDown { south, north });
        }
        Ok(Self { west, south, east, north })
    }

    pub(super) fn rect(&self) -> Rect<f64> {
        Rect::new((self.west, self.south), (self.east, self.north))
    }
}

/// An area: a polygon, several ones, or a box. Its edge belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// A box is one polygon here.
    pub(super) shape: MultiPolygon<f64>,
    pub(super) bounds: Rect<f64>,
}

impl Area {
    /// Checks a GeoJSON Polygon or MultiPolygon, or a Feature of one.
    ///
    /// # Errors
    /// [`GeoError::NotAnArea`], and what is wrong with the geometry.
    pub fn from_value(value: &Value) -> Result<Self, GeoError> {
        let feature = value.get("type").and_then(Value::as_str) == Some("Feature");
        let geometry = if feature { value.get("geometry").ok_or(GeoError::NotAnArea)? } else { value };
        Self::from_geometry(&Geometry::from_value(geometry)?)
    }

    /// Checks text as [`Area::from_value`] does.
    ///
    /// # Errors
    /// As there.
    pub fn from_text(text: &str) -> Result<Self, GeoError> {
        Self::from_value(&json(text)?)
    }

    /// The area of a geometry, such as a district's record.
    ///
    /// # Errors
    /// [`GeoError::NotAnArea`] when it is a point or a line.
    pub fn from_geometry(geometry: &Geometry) -> Result<Self, GeoError> {
        let shape = match &geometry.0 {
            geo::Geometry::Polygon(p) => MultiPolygon(vec![p.clone()]),
            geo::Geometry::MultiPolygon(m) => m.clone(),
            _ => return Err(GeoError::NotAnArea),
        };
        if shape.is_empty() {
            return Err(GeoError::NotAnArea);
        }
        Ok(Self { shape, bounds: geometry.bounds() })
    }
}

impl From<&BoundingBox> for Area {
    fn from(around: &BoundingBox) -> Self {
        let bounds = around.rect();
        Self { shape: MultiPolygon(vec![bounds.to_polygon()]), bounds }
    }
}
