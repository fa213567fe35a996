//! What devices and the fleet service say to each other, under `v1/fleet/{vehicle}/`.

use common::types::{DeliveryId, GeoPoint, Timestamp, VehicleId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::http::DeliveryEventKind;

/// Largest payload in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 16_384;

/// The topic of `vehicle` with the last part `kind`: `tel`, `evt`, `sta`, `ack` or `cmd`.
#[must_use]
pub fn topic(vehicle: VehicleId, kind: &str) -> String {
    format!("v1/fleet/{vehicle}/{kind}")
}

/// `tel`: a position with what the sensors say. May be lost; QoS 0 or 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Telemetry {
    /// Drawn when the device starts.
    pub boot_id: Uuid,
    /// Counts up from 1 since the start.
    pub seq: i64,
    /// When, by the device's clock.
    pub device_time: Timestamp,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Metres per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f64>,
    /// Degrees from north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course_deg: Option<f64>,
    /// Radius of uncertainty in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
    /// Charge of the battery in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_pct: Option<f64>,
}

/// `evt`: a business fact. Stays on the device until it is acknowledged; QoS 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VehicleEvent {
    /// Drawn by the device; the same event counts once.
    pub event_id: Uuid,
    /// As in [`Telemetry`].
    pub boot_id: Uuid,
    /// Counts the device's events.
    pub seq: i64,
    /// When, by the device's clock.
    pub device_time: Timestamp,
    /// What was done.
    pub kind: DeliveryEventKind,
    /// With which delivery.
    pub delivery_id: DeliveryId,
    /// Where.
    pub position: GeoPoint,
    /// Code or name of who took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// `sta`: presence, retained, and the device's will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether the device is there.
    pub online: bool,
    /// As in [`Telemetry`].
    pub boot_id: Uuid,
    /// What runs on it.
    pub firmware: String,
}

/// `ack`: the fact is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The fact.
    pub event_id: Uuid,
    /// Absent: taken. Else the stable code of why it was refused. Sending it again changes nothing,
    /// but for `not-ready`, which may be asked until the kitchen has finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps<T: serde::de::DeserializeOwned + Serialize>(on_the_wire: &str) {
        let read: T = serde_json::from_str(on_the_wire).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), on_the_wire);
    }

    #[test]
    fn the_shape_on_the_wire_is_the_shape_we_promised() {
        keeps::<Telemetry>(concat!(
            r#"{"boot_id":"0191e4b0-0000-7000-8000-000000000001","seq":7,"#,
            r#""device_time":"2026-11-20T12:00:00Z","lat":42.5,"lon":1.5,"accuracy_m":4.0}"#,
        ));
        keeps::<VehicleEvent>(concat!(
            r#"{"event_id":"0191e4b0-0000-7000-8000-000000000002","#,
            r#""boot_id":"0191e4b0-0000-7000-8000-000000000001","seq":1,"#,
            r#""device_time":"2026-11-20T12:00:00Z","kind":"arrive_pickup","#,
            r#""delivery_id":"0191e4b0-0000-7000-8000-000000000003","#,
            r#""position":{"lat":42.5,"lon":1.5}}"#,
        ));
        keeps::<Status>(
            r#"{"online":true,"boot_id":"0191e4b0-0000-7000-8000-000000000001","firmware":"1.0"}"#,
        );
        keeps::<Ack>(r#"{"event_id":"0191e4b0-0000-7000-8000-000000000002"}"#);
        keeps::<Ack>(
            r#"{"event_id":"0191e4b0-0000-7000-8000-000000000002","refused":"not-ready"}"#,
        );
    }

    #[test]
    fn a_topic_names_its_vehicle() {
        let vehicle = VehicleId::from_uuid(Uuid::nil());
        assert_eq!(topic(vehicle, "tel"), "v1/fleet/00000000-0000-0000-0000-000000000000/tel");
    }
}
