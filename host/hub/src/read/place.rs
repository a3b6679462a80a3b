//! Finding records by place.

use super::call::{Call, Want};
use super::query::check_limit;
use super::walk::SCANNED;
use super::{Open, ReadError, decided_anew};
use crate::geo::{self, Area, BoundingBox, GeoError, Hits, Page, Position};
use crate::records::Found;
use crate::{Access, Denial, LegalBasis, Released};
use serde_json::Map;

/// Where records are looked for. The dataset's geometry must be granted without a mask.
#[derive(Clone, Debug, PartialEq)]
pub enum PlaceQuery {
    /// Those that lie in an area with all of their geometry.
    Within(Area),
    /// Those that have a point in an area or on its edge.
    Touching(Area),
    /// Those that have a point in a box or on its edge.
    InBox(BoundingBox),
    /// Those that are nearest to a position, the nearest first.
    Nearest {
        /// The position.
        from: Position,
        /// Not farther than this, in metres.
        max_m: f64,
    },
}

/// A page of records that were found by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Near {
    /// The records; with the distance in metres when the query is about distance.
    pub records: Vec<(Released, Option<f64>)>,
    /// Where to go on; `None` when there is no more. A page may be short and have a next one.
    pub next: Option<String>,
}

impl Open {
    /// Finds records by place: at most `limit` (1 to 500), from where the page before ended.
    ///
    /// # Errors
    /// As [`Open::query`].
    pub async fn places(
        &self,
        query: &PlaceQuery,
        limit: usize,
        cursor: Option<&str>,
        fields: &[String],
    ) -> Result<Near, ReadError> {
        check_limit(limit)?;
        decided_anew!(self.places_once(query, limit, cursor, fields))
    }

    async fn places_once(
        &self,
        query: &PlaceQuery,
        limit: usize,
        cursor: Option<&str>,
        fields: &[String],
    ) -> Result<Near, ReadError> {
        let call = self.begin(&Want::new(Access::Query, "places", fields)).await?;
        let Some(item) = call.dataset().geometry.clone() else {
            return Err(ReadError::Invalid(format!("the dataset `{}` has no geometry", self.dataset)));
        };
        if !call.is_searchable(&item) {
            return Err(self.deny_call(&call, None, Denial::Fields(vec![item])).await);
        }
        let keeps = call.allowed.is_limited() || call.allowed.basis == LegalBasis::Consent;
        let (mut kept, mut distances, mut cursor) = (Vec::new(), Vec::new(), self.open_cursor(cursor)?);
        let mut scanned = 0;
        loop {
            let hits = self.hits(query, &Page { limit: limit - kept.len(), cursor }).await?;
            scanned += limit - kept.len();
            for hit in hits.hits {
                if let Some(found) = self.shown(&call, &hit.id).await? {
                    kept.push(found);
                    distances.push(hit.distance_m);
                }
            }
            cursor = hits.next;
            // A short page that goes on would tell how many are kept back: see `walk`.
            if !keeps || cursor.is_none() || kept.len() >= limit {
                break;
            }
            if scanned >= SCANNED {
                let why = format!(
                    "more than {SCANNED} places lie there of which some are outside of what is granted, and pages would tell how many: ask for a smaller area"
                );
                return Err(ReadError::TooLarge(why));
            }
        }
        let next = cursor.map(|c| self.seal_cursor(&c)).transpose()?;
        let records = self.release_all(&call, &kept, &[]).await?.into_iter().zip(distances).collect();
        Ok(Near { records, next })
    }

    async fn hits(&self, query: &PlaceQuery, page: &Page) -> Result<Hits, ReadError> {
        let (store, dataset) = (&*self.hub.inner.store, self.dataset.as_str());
        let hits = match query {
            PlaceQuery::Within(area) => geo::within(store, dataset, area, page).await,
            PlaceQuery::Touching(area) => geo::touching(store, dataset, area, page).await,
            PlaceQuery::InBox(bounds) => geo::in_box(store, dataset, bounds, page).await,
            PlaceQuery::Nearest { from, max_m } => geo::nearest(store, dataset, *from, *max_m, page).await,
        };
        hits.map_err(|e| match e {
            GeoError::Store(e) => e.into(),
            other => ReadError::Invalid(other.to_string()),
        })
    }

    async fn shown(&self, call: &Call, id: &str) -> Result<Option<Found>, ReadError> {
        let Some(record) = call.records().current(id).await? else { return Ok(None) };
        let found = Found { id: id.to_owned(), record };
        Ok(self.shows(call, &found, &Map::new()).await?.then_some(found))
    }
}
