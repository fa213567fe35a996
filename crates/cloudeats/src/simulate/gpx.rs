//! A recorded way: GPX 1.1 (topografix.com/GPX/1/1).

use std::path::Path;

use anyhow::{Context, bail, ensure};
use common::types::GeoPoint;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The points of all tracks of a file, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Track(Vec<GeoPoint>);

impl Track {
    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::metadata(path).with_context(|| format!("no {}", path.display()))?;
        ensure!(bytes.len() <= BYTES_MAX, "{} is too large", path.display());
        let text = std::fs::read_to_string(path)?;
        Self::parse(&text).with_context(|| format!("{} is no track", path.display()))
    }

    /// Reads the `trkpt` elements; everything else is passed over.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (mut reader, mut points) = (Reader::from_str(text), Vec::new());
        let mut is_gpx = false;
        loop {
            let event = reader.read_event();
            let at = reader.buffer_position();
            match event.with_context(|| format!("no XML at byte {at}"))? {
                Event::Start(element) | Event::Empty(element) => {
                    match element.local_name().as_ref() {
                        b"gpx" => is_gpx = true,
                        b"trkpt" => {
                            let point = point(&element).with_context(|| format!("at byte {at}"))?;
                            points.push(point);
                        }
                        _ => {}
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        ensure!(is_gpx, "there is no element `gpx`");
        points.dedup();
        ensure!(points.len() >= 2, "a track has at least two points");
        Ok(Self(points))
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[GeoPoint] {
        &self.0
    }

    /// Where it begins.
    #[must_use]
    pub fn first(&self) -> Option<GeoPoint> {
        self.0.first().copied()
    }

    /// Where it ends.
    #[must_use]
    pub fn last(&self) -> Option<GeoPoint> {
        self.0.last().copied()
    }

    /// How far `place` is from the nearest point, in metres.
    #[must_use]
    pub fn distance_m(&self, place: GeoPoint) -> f64 {
        self.0.iter().map(|point| point.distance_m(place)).fold(f64::INFINITY, f64::min)
    }
}

fn point(element: &BytesStart<'_>) -> anyhow::Result<GeoPoint> {
    let (mut lat, mut lon) = (None, None);
    for attribute in element.attributes() {
        let attribute = attribute?;
        let degrees = || -> anyhow::Result<f64> {
            Ok(std::str::from_utf8(&attribute.value)?.trim().parse()?)
        };
        match attribute.key.as_ref() {
            b"lat" => lat = Some(degrees()?),
            b"lon" => lon = Some(degrees()?),
            _ => {}
        }
    }
    match (lat, lon) {
        (Some(lat), Some(lon)) => Ok(GeoPoint::new(lat, lon)?),
        _ => bail!("a point without lat or lon"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="x">"#;

    #[test]
    fn the_points_of_all_segments_come_in_their_order() {
        let text = format!(
            r#"{HEAD}<wpt lat="1" lon="1"/><trk><trkseg>
            <trkpt lat="42.623636" lon="1.532909"><ele>1695.5</ele><extensions><x:y xmlns:x="z"/></extensions></trkpt>
            <trkpt lon='1.53312' lat='42.623543'/></trkseg>
            <trkseg><trkpt lat="-0.5" lon="180"/></trkseg></trk></gpx>"#
        );
        let track = Track::parse(&text).unwrap();
        let point = |lat, lon| GeoPoint::new(lat, lon).unwrap();

        assert_eq!(
            track.points(),
            [point(42.623_636, 1.532_909), point(42.623_543, 1.533_12), point(-0.5, 180.0)]
        );
        assert!(track.distance_m(point(42.623_636, 1.532_909)) < 0.001);
    }

    #[test]
    fn what_is_no_track_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "no element `gpx`"),
            ("<kml/>", "no element `gpx`"),
            ("<gpx><trk>", "two points"),
            (r#"<gpx><trkpt lat="1" lon="1"/></gpx>"#, "two points"),
            (r#"<gpx><trkpt lat="1" lon="1"/><trkpt lat="1" lon="1"/></gpx>"#, "two points"),
            (r#"<gpx><trkpt lat="91" lon="1"/></gpx>"#, "latitude"),
            (r#"<gpx><trkpt lat="north" lon="1"/></gpx>"#, "float"),
            (r#"<gpx><trkpt lat="1"/></gpx>"#, "without lat or lon"),
            ("<gpx><trk></gpx>", "no XML"),
        ] {
            let error = format!("{:#}", Track::parse(text).unwrap_err());
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
