//! The faults, each as something that can be done to a stack (RELIABILITY, 4).

use std::fmt;
use std::time::Duration;

use anyhow::bail;

use super::acts::{
    clients, clock, crash, crowds, database, disk, engines, events, freeze, links, lossy, provider,
};
use super::rig::Rig;

/// How long nothing happens.
const PEACE: Duration = Duration::from_secs(6);

/// One injection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// F1: a service is killed.
    Kill(&'static str),
    /// F1: a service is made to crash at each of its points, one after the other.
    Crash(&'static str),
    /// F2a: the database ends and comes back.
    Database(database::End),
    /// F2b: the database stands still.
    FrozenDatabase,
    /// F3: many connect and do nothing.
    Idle,
    /// F4, F5, F6: an engine that no order needs is away.
    Engine(engines::Engine),
    /// F7: the provider misbehaves.
    Provider(provider::Fault),
    /// F8: packets are lost, late, doubled and overtaken.
    Lossy,
    /// F9: a way between processes is harmed.
    Link(links::Harm),
    /// F10: the database's disk is full.
    Full,
    /// F11: the clock of the services jumps.
    Clock,
    /// F12: events come again, out of order, and some are poison.
    Events,
    /// F13: everybody comes back at once.
    Return,
    /// F17: a service stands still until its leases are over.
    Frozen(&'static str),
    /// F18: a service is replaced in order.
    Redeploy(&'static str),
    /// F21: clients drop connections.
    HangUps,
    /// What was told becomes older than it is kept.
    Age,
    /// Nothing, for a while.
    Peace,
    /// What cannot be done here, and why.
    Unable(&'static str, String),
}

/// What is seen of a fault that hit work in progress; nothing where it hit none.
pub(super) type Landed = Option<String>;

impl Act {
    /// The fault's number.
    pub(super) const fn fault(&self) -> &'static str {
        match self {
            Self::Kill(_) | Self::Crash(_) => "F1",
            Self::Database(_) => "F2a",
            Self::FrozenDatabase => "F2b",
            Self::Idle => "F3",
            Self::Engine(engine) => engine.fault(),
            Self::Provider(_) => "F7",
            Self::Lossy => "F8",
            Self::Link(_) => "F9",
            Self::Full => "F10",
            Self::Clock => "F11",
            Self::Events => "F12",
            Self::Return => "F13",
            Self::Frozen(_) => "F17",
            Self::Redeploy(_) => "F18",
            Self::HangUps => "F21",
            Self::Peace | Self::Age => "",
            Self::Unable(fault, _) => fault,
        }
    }

    /// Whether no other try would help.
    pub(super) const fn is_unable(&self) -> bool {
        matches!(self, Self::Unable(..))
    }

    /// Whether it needs file systems or networks that nobody else is in.
    pub(super) const fn needs_ground(&self) -> bool {
        matches!(self, Self::Lossy | Self::Full)
    }

    /// Injects, heals, and waits until everything serves again.
    pub(super) async fn play(&self, rig: &Rig<'_>) -> anyhow::Result<Landed> {
        let landed = match self {
            Self::Kill(service) => crash::kill(rig, service).await,
            Self::Crash(service) => crash::sweep(rig, service).await,
            Self::Database(end) => database::play(rig, *end).await,
            Self::FrozenDatabase => freeze::database(rig).await,
            Self::Idle => crowds::idle(rig).await,
            Self::Engine(engine) => engines::play(rig, *engine).await,
            Self::Provider(fault) => provider::play(rig, *fault).await,
            Self::Link(harm) => links::play(rig, *harm).await,
            Self::Lossy => lossy::play(rig).await,
            Self::Full => disk::play(rig).await,
            Self::Clock => clock::play(rig).await,
            Self::Events => events::play(rig).await,
            Self::Return => crowds::return_at_once(rig).await,
            Self::Frozen(service) => freeze::service(rig, service).await,
            Self::Redeploy(service) => crash::redeploy(rig, service).await,
            Self::HangUps => clients::hang_up(rig).await,
            Self::Age => events::age(rig).await,
            Self::Peace => {
                tokio::time::sleep(PEACE).await;
                Ok(Some("nothing".to_owned()))
            }
            Self::Unable(_, why) => bail!("{why}"),
        };
        rig.links.heal();
        rig.all_ready().await?;
        landed
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(service) => write!(f, "kill -9 {service}"),
            Self::Crash(service) => write!(f, "crash points of {service}"),
            Self::Database(end) => write!(f, "{end}"),
            Self::FrozenDatabase => f.write_str("PostgreSQL stands still for 6 s"),
            Self::Idle => f.write_str("500 idle connections"),
            Self::Engine(engine) => write!(f, "{engine}"),
            Self::Provider(fault) => write!(f, "{fault}"),
            Self::Link(harm) => write!(f, "{harm}"),
            Self::Lossy => f.write_str("2, 5 and 10 % of packets lost, some doubled or late"),
            Self::Full => f.write_str("the disk of PostgreSQL is full for 10 s"),
            Self::Clock => f.write_str("clocks jump: +5 min, -5 min, -1 h, and back"),
            Self::Events => f.write_str("events again, shuffled, and poison"),
            Self::Return => f.write_str("500 clients come back at once after 15 s"),
            Self::Frozen(service) => write!(f, "{service} stands still for 20 s"),
            Self::Redeploy(service) => write!(f, "{service} is replaced in order"),
            Self::Age => f.write_str("what was told becomes old"),
            Self::Peace => f.write_str("nothing"),
            Self::Unable(..) => f.write_str("not here"),
            Self::HangUps => f.write_str("30 % of connections dropped"),
        }
    }
}

/// For people.
pub(super) fn ms(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
