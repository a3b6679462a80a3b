//! The outlines of the districts, and points inside them.

use crate::random::Random;
use serde_json::Value;
use std::sync::LazyLock;

/// See `data/README.md` for where it comes from and what its datum is taken to be.
const GEOJSON: &str = include_str!("../data/districts.geojson");

/// Positions have four decimals, as the outlines do: about ten metres.
const SCALE: f64 = 10_000.0;

/// A district with its outline.
#[derive(Debug)]
pub(crate) struct District {
    pub(crate) code: String,
    pub(crate) name: String,
    /// The GeoJSON geometry.
    pub(crate) geometry: Value,
    /// All rings, holes among them, in ten-thousandths of a degree.
    rings: Vec<Vec<(i64, i64)>>,
    /// West, south, east, north.
    bounds: (i64, i64, i64, i64),
}

static DISTRICTS: LazyLock<Vec<District>> = LazyLock::new(|| {
    let collection: Value = serde_json::from_str(GEOJSON).unwrap_or_default();
    collection["features"].as_array().into_iter().flatten().map(district).collect()
});

/// The ten districts and counties that have an outline.
pub(crate) fn districts() -> &'static [District] {
    &DISTRICTS
}

fn district(feature: &Value) -> District {
    let text = |key: &str| feature["properties"][key].as_str().unwrap_or("").to_owned();
    let position = |p: &Value| {
        let whole = |i: usize| (p[i].as_f64().unwrap_or(0.0) * SCALE).round() as i64;
        (whole(0), whole(1))
    };
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let rings: Vec<Vec<(i64, i64)>> = list(&feature["geometry"]["coordinates"])
        .iter()
        .flat_map(list)
        .map(|ring| list(&ring).iter().map(position).collect())
        .collect();
    let all = || rings.iter().flatten().copied();
    let bounds = (
        all().map(|p| p.0).min().unwrap_or(0),
        all().map(|p| p.1).min().unwrap_or(0),
        all().map(|p| p.0).max().unwrap_or(0),
        all().map(|p| p.1).max().unwrap_or(0),
    );
    District { code: text("code"), name: text("name"), geometry: feature["geometry"].clone(), rings, bounds }
}

impl District {
    /// Whether a position is inside: a line from it to the east crosses the rings an odd number of times.
    fn contains(&self, (x, y): (i64, i64)) -> bool {
        let mut inside = false;
        for ring in &self.rings {
            for pair in ring.windows(2) {
                let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
                if (y1 > y) != (y2 > y) {
                    // Where the edge is at this height, without a division: both sides times (y2 - y1).
                    let (left, right) = ((x - x1) * (y2 - y1), (x2 - x1) * (y - y1));
                    inside ^= if y2 > y1 { left < right } else { left > right };
                }
            }
        }
        inside
    }

    /// A position inside.
    pub(crate) fn point(&self, random: &mut Random) -> Value {
        let (west, south, east, north) = self.bounds;
        // No district fills less than a fifth of its rectangle: the loop ends.
        let (x, y) = loop {
            let at = (random.between(west, east), random.between(south, north));
            if self.contains(at) {
                break at;
            }
        };
        serde_json::json!({ "type": "Point", "coordinates": [x as f64 / SCALE, y as f64 / SCALE] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_place_is_in_its_district_only() {
        // Beside the lake of Yunlong, and in the middle of the town of Suining.
        for (at, code) in [((1_171_500, 342_400), "320311"), ((1_179_400, 339_100), "320324")] {
            let found: Vec<&str> = districts().iter().filter(|d| d.contains(at)).map(|d| d.code.as_str()).collect();
            assert_eq!(found, [code]);
        }
    }

    #[test]
    fn districts_do_not_overlap() {
        let mut random = Random::new(0, "overlap", 0);
        let mut inside = 0;
        for _ in 0..20_000 {
            let at = (random.between(1_163_000, 1_187_000), random.between(337_000, 350_000));
            let found = districts().iter().filter(|d| d.contains(at)).count();
            assert!(found <= 1, "{at:?}");
            inside += found;
        }
        assert!(inside > 5_000, "{inside}");
        for d in districts() {
            let (west, south, east, north) = d.bounds;
            let at = |random: &mut Random| (random.between(west, east), random.between(south, north));
            let share = (0..1_000).filter(|_| d.contains(at(&mut random))).count();
            assert!(share > 200, "{}: {share}", d.code);
        }
    }
}
