//! 空间地理: places and addresses.

use super::{About, Fields, TypedPage, open};
use crate::geo::{Area, BoundingBox, Position};
use crate::{Caller, Hub, PlaceQuery, ReadError, Released};
use serde_json::Value;

const PLACE: &str = "geospatial.place";

/// A place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// What was released.
    pub about: About,
    /// Its code.
    pub place: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Such as `school`, `hospital` or `station`.
    pub kind: Option<String>,
    /// The standard address.
    pub address: Option<String>,
    /// The division that it lies in.
    pub division: Option<String>,
    /// GeoJSON, CGCS2000.
    pub geometry: Option<String>,
    /// How far it is, in metres, when that was asked.
    pub distance_m: Option<f64>,
}

impl From<&Released> for Place {
    fn from(released: &Released) -> Self {
        let mut f = Fields::of(released);
        Self {
            place: f.text("place"),
            name: f.text("name"),
            kind: f.text("kind"),
            address: f.text("address"),
            division: f.text("division"),
            geometry: f.value("geometry", |v| v.is_object().then(|| Value::to_string(v))),
            distance_m: None,
            about: f.about(),
        }
    }
}

/// Where places are looked for, as an app writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Where {
    /// Wholly within an area: the text of a GeoJSON Polygon or MultiPolygon, or a Feature of one.
    Within(String),
    /// With a point in such an area or on its edge.
    Touching(String),
    /// With a point in a box: west, south, east, north.
    InBox([f64; 4]),
    /// Nearest to a longitude and latitude, within so many metres.
    Nearest {
        /// Degrees.
        longitude: f64,
        /// Degrees.
        latitude: f64,
        /// Metres, up to 200,000.
        max_m: f64,
    },
}

impl Where {
    fn query(&self) -> Result<PlaceQuery, ReadError> {
        let query = match self {
            Self::Within(area) => Area::from_text(area).map(PlaceQuery::Within),
            Self::Touching(area) => Area::from_text(area).map(PlaceQuery::Touching),
            Self::InBox([west, south, east, north]) => {
                BoundingBox::new(*west, *south, *east, *north).map(PlaceQuery::InBox)
            }
            Self::Nearest { longitude, latitude, max_m } => {
                Position::new(*longitude, *latitude).map(|from| PlaceQuery::Nearest { from, max_m: *max_m })
            }
        };
        query.map_err(|e| ReadError::Invalid(e.to_string()))
    }
}

/// The place of a code.
///
/// # Errors
/// As [`crate::Open::get`].
pub async fn get(hub: &Hub, caller: Caller, purpose: &str, place: &str) -> Result<Option<Place>, ReadError> {
    let found = open(hub, caller, PLACE, purpose).await?.get(place, &[], None).await?;
    Ok(found.as_ref().map(Place::from))
}

/// A page of the places somewhere.
///
/// # Errors
/// As [`crate::Open::places`]; [`ReadError::Invalid`] says what is wrong with the area, box or position.
pub async fn find(
    hub: &Hub,
    caller: Caller,
    purpose: &str,
    at: &Where,
    limit: usize,
    cursor: Option<&str>,
) -> Result<TypedPage<Place>, ReadError> {
    let query = at.query()?;
    let page = open(hub, caller, PLACE, purpose).await?.places(&query, limit, cursor, &[]).await?;
    let place = |(r, distance_m): &(Released, Option<f64>)| Place { distance_m: *distance_m, ..Place::from(r) };
    Ok(TypedPage { records: page.records.iter().map(place).collect(), next: page.next })
}
