//! Places on Earth.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A WGS 84 position in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Degrees", into = "Degrees")]
pub struct GeoPoint {
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, example = 42.5)]
    lat: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, example = 1.5)]
    lon: f64,
}

/// A position that is not on Earth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("latitude is -90 to 90 and longitude -180 to 180 degrees")]
pub struct GeoError;

/// Latitude and longitude as they are written on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Degrees {
    lat: f64,
    lon: f64,
}

impl GeoPoint {
    /// Degrees north and east.
    ///
    /// # Errors
    /// [`GeoError`] outside the ranges, or where a number is none.
    pub fn new(lat: f64, lon: f64) -> Result<Self, GeoError> {
        if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) {
            Ok(Self { lat, lon })
        } else {
            Err(GeoError)
        }
    }

    /// Degrees north.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }

    /// Degrees east.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Great-circle distance in metres (haversine, mean Earth radius 6 371 008.8 m, IUGG).
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        const EARTH_RADIUS_M: f64 = 6_371_008.8;
        let (lat_a, lat_b) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = ((lat_b - lat_a) / 2.0).sin();
        let half_lon = ((other.lon - self.lon).to_radians() / 2.0).sin();
        let h = half_lat.mul_add(half_lat, lat_a.cos() * lat_b.cos() * half_lon * half_lon);
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }
}

impl TryFrom<Degrees> for GeoPoint {
    type Error = GeoError;

    fn try_from(degrees: Degrees) -> Result<Self, GeoError> {
        Self::new(degrees.lat, degrees.lon)
    }
}

impl From<GeoPoint> for Degrees {
    fn from(point: GeoPoint) -> Self {
        Self { lat: point.lat, lon: point.lon }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude_is_about_111_kilometres() {
        let (a, b) = (GeoPoint::new(42.0, 1.5).unwrap(), GeoPoint::new(43.0, 1.5).unwrap());
        assert!((a.distance_m(b) - 111_195.0).abs() < 10.0);
    }

    #[test]
    fn nothing_off_the_globe_is_a_place() {
        assert_eq!(GeoPoint::new(91.0, 0.0), Err(GeoError));
        assert_eq!(GeoPoint::new(0.0, 181.0), Err(GeoError));
        assert_eq!(GeoPoint::new(f64::NAN, 0.0), Err(GeoError));
    }
}
