//! GCJ-02, for the edge to map tiles only.
//!
//! Tiles of Chinese map services are drawn in GCJ-02, which shifts places by some hundred metres. The
//! platform stores CGCS2000 and nothing else: a page that puts a place on such tiles converts it last,
//! and the type says so wherever it goes. There is no way back here, so that no shifted place is stored.

use super::Position;
use std::f64::consts::PI;

/// A position in GCJ-02: to be drawn on a tile, never to be stored or measured with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gcj02 {
    /// Degrees.
    pub longitude: f64,
    /// Degrees.
    pub latitude: f64,
}

/// What a page or an answer with such a position says beside it.
pub const LABEL: &str = "GCJ-02";

/// The system's own ellipsoid (Krasovsky 1940): semi-major axis in metres, square of the eccentricity.
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY_2: f64 = 0.006_693_421_622_965_943;

/// Where the shift is applied; elsewhere tiles are not shifted.
const WEST_EAST: std::ops::RangeInclusive<f64> = 72.004..=137.8347;
const SOUTH_NORTH: std::ops::RangeInclusive<f64> = 0.8293..=55.8271;

/// Where a place is drawn on a tile in GCJ-02. CGCS2000 and WGS 84 are taken alike: they differ by
/// centimetres, the shift by hundreds of metres.
#[must_use]
pub fn for_tile(at: Position) -> Gcj02 {
    let Position { longitude, latitude } = at;
    if !WEST_EAST.contains(&longitude) || !SOUTH_NORTH.contains(&latitude) {
        return Gcj02 { longitude, latitude };
    }
    let (x, y) = (longitude - 105.0, latitude - 35.0);
    let phi = latitude.to_radians();
    let w2 = 1.0 - ECCENTRICITY_2 * phi.sin().powi(2);
    let meridian = AXIS * (1.0 - ECCENTRICITY_2) / w2.powf(1.5);
    let parallel = AXIS / w2.sqrt() * phi.cos();
    Gcj02 {
        longitude: longitude + (east(x, y) / parallel).to_degrees(),
        latitude: latitude + (north(x, y) / meridian).to_degrees(),
    }
}

/// Two waves along one axis: amplitude in metres and half-waves in a degree, each.
fn waves(of: f64, first: [f64; 2], second: [f64; 2]) -> f64 {
    let wave = |[amplitude, halves]: [f64; 2]| amplitude * (halves * of * PI).sin();
    (wave(first) + wave(second)) * 2.0 / 3.0
}

/// The shift to the east in metres.
fn east(x: f64, y: f64) -> f64 {
    300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + waves(x, [20.0, 6.0], [20.0, 2.0])
        + waves(x, [20.0, 1.0], [40.0, 1.0 / 3.0])
        + waves(x, [150.0, 1.0 / 12.0], [300.0, 1.0 / 30.0])
}

/// The shift to the north in metres.
fn north(x: f64, y: f64) -> f64 {
    -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + waves(x, [20.0, 6.0], [20.0, 2.0])
        + waves(y, [20.0, 1.0], [40.0, 1.0 / 3.0])
        + waves(y, [160.0, 1.0 / 12.0], [320.0, 1.0 / 30.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_vector_is_met() {
        let tile = for_tile(Position { longitude: 116.404, latitude: 39.915 });
        assert!((tile.longitude - 116.410_244_5).abs() < 1e-7, "{tile:?}");
        assert!((tile.latitude - 39.916_404_3).abs() < 1e-7, "{tile:?}");
    }

    #[test]
    fn places_abroad_are_not_shifted() {
        let tile = for_tile(Position { longitude: 2.35, latitude: 48.85 });
        assert_eq!((tile.longitude, tile.latitude), (2.35, 48.85));
    }
}
