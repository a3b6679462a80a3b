//! `city:base/geospatial`.

use super::super::bindings::city::base::geospatial as wit;
use super::{Answer, Error, attempt};
use crate::state::State;
use yunlong_hub::base::geospatial::{self, Place, Where};

const PLACE: &str = "geospatial.place";

impl From<Place> for wit::Place {
    fn from(p: Place) -> Self {
        Self {
            standing: p.about.into(),
            code: p.place,
            name: p.name,
            kind: p.kind,
            address: p.address,
            division: p.division,
            geometry: p.geometry,
            distance: p.distance_m,
        }
    }
}

impl State {
    async fn places(
        &mut self,
        function: &'static str,
        purpose: &str,
        at: &Where,
        limit: u32,
        cursor: Option<String>,
    ) -> Answer<wit::Page> {
        let asking = self.base(function)?;
        let (hub, caller) = attempt!(asking.of(PLACE, purpose).await);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = attempt!(geospatial::find(hub, caller, purpose, at, limit, cursor.as_deref()).await);
        Ok(Ok(wit::Page { places: page.records.into_iter().map(Into::into).collect(), next: page.next }))
    }
}

impl wit::Host for State {
    async fn get(&mut self, purpose: String, code: String) -> Answer<Option<wit::Place>> {
        let asking = self.base("geospatial.get")?;
        let (hub, caller) = attempt!(asking.of(PLACE, &purpose).await);
        Ok(Ok(attempt!(geospatial::get(hub, caller, &purpose, &code).await).map(Into::into)))
    }

    async fn within(&mut self, purpose: String, area: String, limit: u32, cursor: Option<String>) -> Answer<wit::Page> {
        self.places("geospatial.within", &purpose, &Where::Within(area), limit, cursor).await
    }

    async fn touching(
        &mut self,
        purpose: String,
        area: String,
        limit: u32,
        cursor: Option<String>,
    ) -> Answer<wit::Page> {
        self.places("geospatial.touching", &purpose, &Where::Touching(area), limit, cursor).await
    }

    async fn in_box(
        &mut self,
        purpose: String,
        b: wit::Bounds,
        limit: u32,
        cursor: Option<String>,
    ) -> Answer<wit::Page> {
        let at = Where::InBox([b.west, b.south, b.east, b.north]);
        self.places("geospatial.in-box", &purpose, &at, limit, cursor).await
    }

    async fn nearest(
        &mut self,
        purpose: String,
        from: wit::Position,
        max_m: f64,
        limit: u32,
        cursor: Option<String>,
    ) -> Answer<wit::Page> {
        let at = Where::Nearest { longitude: from.longitude, latitude: from.latitude, max_m };
        self.places("geospatial.nearest", &purpose, &at, limit, cursor).await
    }
}
