//! What comes in, sorted by topic.

use bytes::Bytes;
use common::types::VehicleId;
use rumqttc::Publish;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Where the vehicle is.
    Telemetry,
    /// What its courier did.
    Event,
    /// Whether it is there.
    Status,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Telemetry, Self::Event, Self::Status];

    /// The last part of the topic.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Telemetry => "tel",
            Self::Event => "evt",
            Self::Status => "sta",
        }
    }

    /// The topics of all vehicles.
    pub(super) fn filters() -> [String; 3] {
        Self::ALL.map(|kind| format!("v1/fleet/+/{}", kind.name()))
    }
}

/// A message of a device, and how to tell the broker that it was taken.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) vehicle: VehicleId,
    pub(super) kind: Kind,
    pub(super) payload: Bytes,
    /// Whether it is an old word that the broker kept.
    pub(super) retained: bool,
    pub(super) receipt: Receipt,
}

/// Tells the broker that a message was taken.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    pub(super) publish: Publish,
    /// On which connection it came. Numbers of messages mean nothing on another one.
    pub(super) connection: u64,
}

/// The vehicle and what its message is about. The topic decides whose message it is, as the broker's rules
/// decide who may use the topic.
pub(super) fn address_of(topic: &str) -> Option<(VehicleId, Kind)> {
    let (vehicle, kind) = topic.strip_prefix("v1/fleet/")?.split_once('/')?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
    Some((vehicle.parse().ok()?, kind))
}

#[cfg(test)]
mod tests {
    use fleet_contract::mqtt::topic;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_our_own_topics_are_read() {
        let vehicle = VehicleId::from_uuid(Uuid::from_u128(7));
        assert_eq!(address_of(&topic(vehicle, "tel")), Some((vehicle, Kind::Telemetry)));
        assert_eq!(address_of(&topic(vehicle, "evt")), Some((vehicle, Kind::Event)));
        assert_eq!(address_of(&topic(vehicle, "sta")), Some((vehicle, Kind::Status)));
        for strange in [
            topic(vehicle, "ack"),
            topic(vehicle, "tel/x"),
            "v1/fleet/7/tel".to_owned(),
            "v2/fleet".to_owned(),
            String::new(),
        ] {
            assert_eq!(address_of(&strange), None, "{strange}");
        }
    }
}
