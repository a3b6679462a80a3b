//! Geometries: GeoJSON in and out, checked.

use super::GeoError;
use geo::{BoundingRect, Coord, CoordsIter, Rect, RemoveRepeatedPoints};
use geojson::GeometryValue;
use serde_json::Value;

/// The most positions of a geometry.
pub const MAX_POSITIONS: usize = 10_000;
/// The most bytes of a geometry as text.
pub const MAX_BYTES: usize = 512 * 1024;

/// A position: degrees in CGCS2000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// East of Greenwich, -180 to 180.
    pub longitude: f64,
    /// North of the equator, -90 to 90.
    pub latitude: f64,
}

impl Position {
    /// A position on the earth.
    ///
    /// # Errors
    /// [`GeoError::Bounds`], [`GeoError::Exchanged`].
    pub fn new(longitude: f64, latitude: f64) -> Result<Self, GeoError> {
        on_earth(longitude, latitude, 1)?;
        Ok(Self { longitude, latitude })
    }

    pub(super) fn coord(self) -> Coord<f64> {
        Coord { x: self.longitude, y: self.latitude }
    }
}

fn on_earth(longitude: f64, latitude: f64, position: usize) -> Result<(), GeoError> {
    // Not-a-number is in no range, so it ends here, too.
    match ((-180.0..=180.0).contains(&longitude), (-90.0..=90.0).contains(&latitude)) {
        (true, true) => Ok(()),
        (true, false) if longitude.abs() <= 90.0 && latitude.abs() <= 180.0 => {
            Err(GeoError::Exchanged { position, latitude })
        }
        _ => Err(GeoError::Bounds { position, longitude, latitude }),
    }
}

/// A geometry that was checked: every position is on the earth, rings are closed, its size is bounded.
///
/// A third number of a position (the height) is kept in the record and not looked at here. Rings may
/// run either way round and may touch or cross themselves, as rings of generalized maps do; what a ring
/// winds around is inside.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry(pub(super) geo::Geometry<f64>);

impl Geometry {
    /// Checks a GeoJSON geometry.
    ///
    /// # Errors
    /// [`GeoError`], but no [`GeoError::Store`].
    pub fn from_value(value: &Value) -> Result<Self, GeoError> {
        system(value)?;
        let parsed: geojson::Geometry =
            serde_json::from_value(value.clone()).map_err(|e| GeoError::Malformed(e.to_string()))?;
        Check::default().geometry(&parsed.value, false)?;
        let geometry = geo::Geometry::<f64>::try_from(&parsed.value).map_err(|e| GeoError::Malformed(e.to_string()))?;
        // Rounded maps repeat positions; an edge without length would only be in the way.
        let mut geometry = geometry.remove_repeated_points();
        keep_edges(&mut geometry);
        let geometry = Self(geometry);
        let around = geometry.bounds();
        if around.width() > 180.0 {
            return Err(GeoError::DateLine { west: around.min().x, east: around.max().x });
        }
        Ok(geometry)
    }

    /// Checks a GeoJSON geometry that is text.
    ///
    /// # Errors
    /// As [`Geometry::from_value`].
    pub fn from_text(text: &str) -> Result<Self, GeoError> {
        Self::from_value(&json(text)?)
    }

    /// A point.
    #[must_use]
    pub fn point(at: Position) -> Self {
        Self(geo::Geometry::Point(at.coord().into()))
    }

    /// As GeoJSON: rings run as the right-hand rule of RFC 7946 wants it, whatever way they came.
    #[must_use]
    pub fn to_value(&self) -> Value {
        use geo::orient::{Direction, Orient};
        let oriented = match &self.0 {
            geo::Geometry::Polygon(p) => geo::Geometry::Polygon(p.orient(Direction::Default)),
            geo::Geometry::MultiPolygon(m) => geo::Geometry::MultiPolygon(m.orient(Direction::Default)),
            other => other.clone(),
        };
        Value::from(&GeometryValue::from(&oriented))
    }

    /// As it stands in the index: as [`Geometry::from_stored`] reads it again, bit by bit.
    pub(super) fn to_stored(&self) -> Value {
        Value::from(&GeometryValue::from(&self.0))
    }

    /// What [`Geometry::to_stored`] gave. It was checked before, so only its form is looked at.
    pub(super) fn from_stored(value: Value) -> Result<Self, GeoError> {
        let malformed = |e: &dyn std::fmt::Display| GeoError::Malformed(e.to_string());
        let parsed: geojson::Geometry = serde_json::from_value(value).map_err(|e| malformed(&e))?;
        geo::Geometry::try_from(&parsed.value).map(Self).map_err(|e| malformed(&e))
    }

    /// How many positions it has.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.0.coords_count()
    }

    /// The position, when it is a single point.
    #[must_use]
    pub fn as_point(&self) -> Option<Position> {
        match &self.0 {
            geo::Geometry::Point(p) => Some(Position { longitude: p.x(), latitude: p.y() }),
            _ => None,
        }
    }

    /// The smallest rectangle around it.
    pub(super) fn bounds(&self) -> Rect<f64> {
        // The checks leave no geometry without a position; the whole earth is true of any.
        self.0.bounding_rect().unwrap_or_else(|| Rect::new((-180.0, -90.0), (180.0, 90.0)))
    }
}

/// Gives a line that stays at one position its edge without length back: what looks for a line looks at
/// its edges.
fn keep_edges(geometry: &mut geo::Geometry<f64>) {
    let keep = |line: &mut geo::LineString<f64>| {
        if let [only] = line.0[..] {
            line.0.push(only);
        }
    };
    match geometry {
        geo::Geometry::LineString(line) => keep(line),
        geo::Geometry::MultiLineString(lines) => lines.0.iter_mut().for_each(keep),
        geo::Geometry::GeometryCollection(all) => all.0.iter_mut().for_each(keep_edges),
        _ => {}
    }
}

/// Parses text, of bounded size.
pub(super) fn json(text: &str) -> Result<Value, GeoError> {
    if text.len() > MAX_BYTES {
        return Err(GeoError::TooLarge { found: text.len(), unit: "bytes", most: MAX_BYTES });
    }
    serde_json::from_str(text).map_err(|e| GeoError::Malformed(e.to_string()))
}

/// Refuses a `crs` of another system. RFC 7946 has no such member any more, but files with one are about,
/// and to ignore it would put places hundreds of metres away.
fn system(value: &Value) -> Result<(), GeoError> {
    let Some(crs) = value.get("crs").filter(|c| !c.is_null()) else { return Ok(()) };
    let name = crs.pointer("/properties/name").or_else(|| crs.get("name")).unwrap_or(crs);
    let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
    let plain: String = name.to_ascii_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let known = plain.ends_with("EPSG4490") || plain == "CGCS2000" || plain == "4490";
    if known { Ok(()) } else { Err(GeoError::System(name.chars().take(80).collect())) }
}

/// Walks a geometry once and counts.
#[derive(Default)]
struct Check {
    positions: usize,
    rings: usize,
}

impl Check {
    fn geometry(&mut self, value: &GeometryValue, nested: bool) -> Result<(), GeoError> {
        let before = self.positions;
        match value {
            GeometryValue::Point { coordinates } => self.position(coordinates.as_slice())?,
            GeometryValue::MultiPoint { coordinates } => self.line(coordinates, 1)?,
            GeometryValue::LineString { coordinates } => self.line(coordinates, 2)?,
            GeometryValue::MultiLineString { coordinates } => {
                coordinates.iter().try_for_each(|line| self.line(line, 2))?;
            }
            GeometryValue::Polygon { coordinates } => self.polygon(coordinates)?,
            GeometryValue::MultiPolygon { coordinates } => {
                coordinates.iter().try_for_each(|polygon| self.polygon(polygon))?;
            }
            GeometryValue::GeometryCollection { .. } if nested => return Err(GeoError::Nested),
            GeometryValue::GeometryCollection { geometries } => {
                geometries.iter().try_for_each(|g| self.geometry(&g.value, true))?;
            }
        }
        if self.positions == before { Err(GeoError::Empty) } else { Ok(()) }
    }

    fn polygon(&mut self, rings: &[Vec<geojson::Position>]) -> Result<(), GeoError> {
        if rings.is_empty() {
            return Err(GeoError::Empty);
        }
        for ring in rings {
            self.rings += 1;
            let ends =
                |p: Option<&geojson::Position>| p.and_then(|p| Some((*p.as_slice().first()?, *p.as_slice().get(1)?)));
            if ring.len() < 4 || ends(ring.first()) != ends(ring.last()) {
                return Err(GeoError::OpenRing(self.rings));
            }
            self.line(ring, 4)?;
        }
        Ok(())
    }

    fn line(&mut self, positions: &[geojson::Position], least: usize) -> Result<(), GeoError> {
        if positions.is_empty() {
            return Err(GeoError::Empty);
        }
        if positions.len() < least {
            return Err(GeoError::ShortLine);
        }
        positions.iter().try_for_each(|p| self.position(p.as_slice()))
    }

    fn position(&mut self, numbers: &[f64]) -> Result<(), GeoError> {
        self.positions += 1;
        if self.positions > MAX_POSITIONS {
            return Err(GeoError::TooLarge { found: self.positions, unit: "positions", most: MAX_POSITIONS });
        }
        match numbers {
            [longitude, latitude, ..] => on_earth(*longitude, *latitude, self.positions),
            _ => Err(GeoError::Malformed(format!("position {} has not two numbers", self.positions))),
        }
    }
}
