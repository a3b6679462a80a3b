//! The index in the store: a row for each cell of a record, and the shape of those that are no points.
//!
//! | key | value |
//! |---|---|
//! | `@hub/geo/<dataset>/<cell>/<record>` | of a point its longitude and latitude, 8 bytes each; of a shape nothing |
//! | `@hub/geo-shape/<dataset>/<record>` | of a shape its GeoJSON |

use super::{Cell, GeoError, Geometry, Position, cells_of};
use bytes::Bytes;
use serde_json::Value;
use yunlong_store::key::Part;
use yunlong_store::{Entry, Key, Store, StoreError, Txn};

/// Brings the index up to date with a record's geometry in the commit that writes the record: from `old`
/// (as it was indexed, `None` when it was not) to `new`.
///
/// # Errors
/// What is wrong with the new geometry, see [`Geometry::from_value`]. Then nothing is staged.
pub fn stage(txn: &mut Txn, dataset: &str, id: &str, old: Option<&Value>, new: Option<&Value>) -> Result<(), GeoError> {
    if old == new {
        return Ok(());
    }
    let new = new.map(Geometry::from_value).transpose()?;
    let old = old.map(Geometry::from_value).transpose()?;
    stage_index(txn, dataset, id, old.as_ref(), new.as_ref());
    Ok(())
}

/// As [`stage`], of geometries that were checked.
pub fn stage_index(txn: &mut Txn, dataset: &str, id: &str, old: Option<&Geometry>, new: Option<&Geometry>) {
    let after = new.map(cells_of).unwrap_or_default();
    for cell in old.map(cells_of).unwrap_or_default() {
        if !after.contains(&cell) {
            txn.delete(row(dataset, cell).text(id));
        }
    }
    let value = new.map(row_value).unwrap_or_default();
    for cell in after {
        txn.put(row(dataset, cell).text(id), value.clone());
    }
    match new {
        Some(shape) if shape.as_point().is_none() => txn.put_as(shape_key(dataset, id), &shape.to_stored()),
        _ if old.is_some_and(|o| o.as_point().is_none()) => txn.delete(shape_key(dataset, id)),
        _ => {}
    }
}

/// What the rows of a cell begin with.
pub(super) fn row(dataset: &str, cell: Cell) -> Key {
    Key::space("@hub").text("geo").text(dataset).u64(cell.number())
}

fn shape_key(dataset: &str, id: &str) -> Key {
    Key::space("@hub").text("geo-shape").text(dataset).text(id)
}

fn row_value(geometry: &Geometry) -> Bytes {
    geometry
        .as_point()
        .map_or_else(Bytes::new, |p| Bytes::from([p.longitude.to_be_bytes(), p.latitude.to_be_bytes()].concat()))
}

/// A row of the index.
pub(super) struct Row {
    pub(super) cell: Cell,
    pub(super) id: String,
    /// Where it is, when it is a point.
    pub(super) point: Option<Position>,
}

impl Row {
    pub(super) fn parse(entry: &Entry) -> Result<Self, StoreError> {
        let damaged = || StoreError::Corrupt(format!("{:?} is no row of the geospatial index", entry.key));
        let mut parts = entry.key.parts().skip(3);
        let (Some(Part::U64(cell)), Some(Part::Text(id))) = (parts.next(), parts.next()) else { return Err(damaged()) };
        let cell = Cell::from_number(cell).ok_or_else(damaged)?;
        let point = match entry.value.split_first_chunk() {
            None if entry.value.is_empty() => None,
            Some((longitude, latitude)) => {
                let latitude = latitude.try_into().map_err(|_| damaged())?;
                let (longitude, latitude) = (f64::from_be_bytes(*longitude), f64::from_be_bytes(latitude));
                Some(Position::new(longitude, latitude).map_err(|_| damaged())?)
            }
            None => return Err(damaged()),
        };
        Ok(Self { cell, id, point })
    }

    /// Its geometry; `None` when the record went away since the row was read.
    pub(super) async fn geometry(&self, store: &dyn Store, dataset: &str) -> Result<Option<Geometry>, GeoError> {
        if let Some(point) = self.point {
            return Ok(Some(Geometry::point(point)));
        }
        let key = shape_key(dataset, &self.id);
        let Some(found) = store.get(&key).await? else { return Ok(None) };
        let value: Value = yunlong_store::txn::from_json(&key, &found.value)?;
        Geometry::from_stored(value)
            .map(Some)
            .map_err(|e| StoreError::Corrupt(format!("the value of {key:?}: {e}")).into())
    }
}
