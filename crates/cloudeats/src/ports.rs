//! The ports of a stack.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

/// Something that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the processes say it")]
pub enum Door {
    Gateway,
    Identity,
    Inventory,
    Orders,
    Payment,
    Fleet,
    Notification,
    Postgres,
    Redis,
    Mosquitto,
    Dynamo,
    Provider,
    Smtp,
    Mailbox,
    Prometheus,
}

/// How far above the public port the admin port of a service lies.
pub const ADMIN_ABOVE: u16 = 1000;

/// Ports that Linux lends to nobody by itself (`ip_local_port_range` begins at 32768); their admin ports
/// neither.
const UNLENT: Range<u16> = 20_000..31_000;

/// The port of each door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ports(BTreeMap<Door, u16>);

impl Door {
    /// Every door, with the port it has unless told otherwise.
    pub const ALL: [(Self, u16); 15] = [
        (Self::Gateway, 8080),
        (Self::Identity, 8001),
        (Self::Inventory, 8002),
        (Self::Orders, 8003),
        (Self::Payment, 8004),
        (Self::Fleet, 8005),
        (Self::Notification, 8006),
        (Self::Postgres, 15432),
        (Self::Redis, 16379),
        (Self::Mosquitto, 11883),
        (Self::Dynamo, 18000),
        (Self::Provider, 18101),
        (Self::Smtp, 18125),
        (Self::Mailbox, 18126),
        (Self::Prometheus, 9099),
    ];

    /// Whether an admin port lies above it.
    #[must_use]
    pub fn is_service(self) -> bool {
        self <= Self::Notification
    }
}

impl Ports {
    /// The usual ports, all moved by `offset`.
    pub fn fixed(offset: u16) -> anyhow::Result<Self> {
        let moved = |(door, port): (Door, u16)| {
            let highest = if door.is_service() { port + ADMIN_ABOVE } else { port };
            ensure!(highest.checked_add(offset).is_some(), "the offset {offset} leaves no ports");
            Ok((door, port + offset))
        };
        Door::ALL.into_iter().map(moved).collect::<anyhow::Result<_>>().map(Self)
    }

    /// Ports that are free now. Nobody keeps them free: use them soon. They lie below those that the
    /// kernel lends to outgoing connections, else one of these may take a port before its owner listens.
    pub fn free() -> anyhow::Result<Self> {
        // All listeners are held until the end, so that no port is given twice.
        let (mut held, mut ports, mut tries) = (Vec::new(), BTreeMap::new(), 1_000);
        for (door, _) in Door::ALL {
            let port = loop {
                ensure!(tries > 0, "no port from {} to {} is free", UNLENT.start, UNLENT.end);
                tries -= 1;
                let port = rand::random_range(UNLENT);
                let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) else { continue };
                held.push(listener);
                if !door.is_service() {
                    break port;
                }
                let admin = port.checked_add(ADMIN_ABOVE);
                if let Some(Ok(listener)) = admin.map(|port| TcpListener::bind(("127.0.0.1", port)))
                {
                    held.push(listener);
                    break port;
                }
            };
            ports.insert(door, port);
        }
        Ok(Self(ports))
    }

    /// Reads `{"gateway": 8080, …}`; what it does not name is usual.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let named: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no list of ports", file.display()))?;
        let mut ports = Self::fixed(0)?;
        ports.0.extend(named.0);
        Ok(ports)
    }

    /// Writes what [`Ports::read`] reads.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        std::fs::write(file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// The same, some of them replaced.
    #[must_use]
    pub fn with(&self, others: &BTreeMap<Door, u16>) -> Self {
        let mut ports = self.clone();
        ports.0.extend(others);
        ports
    }

    /// The port of a door.
    #[must_use]
    pub fn of(&self, door: Door) -> u16 {
        self.0.get(&door).copied().unwrap_or_default()
    }

    /// The ports that a door needs: its own, and a service's admin port.
    #[must_use]
    pub fn needed_by(&self, door: Door) -> Vec<u16> {
        let port = self.of(door);
        if door.is_service() { vec![port, port.saturating_add(ADMIN_ABOVE)] } else { vec![port] }
    }

    /// The first port that something else listens on; Prometheus needs one only where somebody observes.
    #[must_use]
    pub fn taken(&self, observed: bool) -> Option<(Door, u16)> {
        self.needed(observed).find(|(_, port)| TcpListener::bind(("127.0.0.1", *port)).is_err())
    }

    fn needed(&self, observed: bool) -> impl Iterator<Item = (Door, u16)> {
        Door::ALL
            .into_iter()
            .filter(move |(door, _)| observed || *door != Door::Prometheus)
            .flat_map(|(door, _)| self.needed_by(door).into_iter().map(move |port| (door, port)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_usual_ports_differ_and_move_together() {
        let ports = Ports::fixed(100).unwrap();
        let mut all: Vec<u16> =
            Door::ALL.into_iter().flat_map(|(door, _)| ports.needed_by(door)).collect();
        all.sort_unstable();
        all.dedup();

        assert_eq!(all.len(), Door::ALL.len() + 7);
        assert_eq!(ports.of(Door::Gateway), 8180);
        assert!(Ports::fixed(60_000).is_err());
    }

    #[test]
    fn a_taken_port_is_named() {
        // Tests beside this one take ports, too: what was free a moment ago may not be.
        let named = || {
            let ports = Ports::free().unwrap();
            let admin = ports.of(Door::Orders) + ADMIN_ABOVE;
            let _listener = TcpListener::bind(("127.0.0.1", admin));
            ports.taken(false) == Some((Door::Orders, admin))
        };
        assert!((0..20).any(|_| named()));
    }

    #[test]
    fn the_port_of_prometheus_is_needed_only_where_somebody_observes() {
        let ports = Ports::free().unwrap();
        let port = (Door::Prometheus, ports.of(Door::Prometheus));
        assert!(ports.needed(false).all(|it| it != port));
        assert!(ports.needed(true).any(|it| it == port));
    }

    #[test]
    fn a_file_may_name_some_ports() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ports.json");
        std::fs::write(&file, r#"{"gateway": 9999}"#).unwrap();
        let ports = Ports::read(&file).unwrap();
        assert_eq!((ports.of(Door::Gateway), ports.of(Door::Orders)), (9999, 8003));

        std::fs::write(&file, r#"{"gate": 9999}"#).unwrap();
        assert!(Ports::read(&file).is_err());
    }
}
