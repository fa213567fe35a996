//! Which faults strike, in which order and when: all of it from one seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use super::act::Act;
use super::acts::database::End;
use super::acts::engines::Engine;
use super::acts::links::{Harm, How, Way};
use super::acts::provider::Fault;

const SERVICES: [&str; 7] =
    ["gateway", "identity", "inventory", "orders", "payment", "fleet", "notification"];
const PAUSE_MS: std::ops::Range<u64> = 800..2_000;

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Gate {
    /// For every pull request: F1, F2a, F7, F9, F12 and F21, about three minutes
    Short,
    /// Every fault, as often as it takes; crash points where the binaries have them
    Full,
}

/// A fault and the peace before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) pause: Duration,
    pub(crate) act: Act,
}

/// The faults of a gate in the order of a seed; `only` these, where some are named.
pub(super) fn plan(gate: Gate, seed: u64, only: &[String]) -> Vec<Planned> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut acts = short();
    acts.shuffle(&mut random);
    if gate == Gate::Full {
        let mut more = [short(), full()].concat();
        more.shuffle(&mut random);
        acts.extend(more);
        // Last: which points there are is seen while all else goes on.
        acts.extend(SERVICES.map(Act::Crash));
    }
    let wanted = |act: &Act| only.is_empty() || only.iter().any(|fault| fault == act.fault());
    let acts = acts.into_iter().filter(wanted);
    acts.map(|act| Planned { pause: Duration::from_millis(random.random_range(PAUSE_MS)), act })
        .collect()
}

fn short() -> Vec<Act> {
    let kills = SERVICES.map(Act::Kill);
    let ends = [End::Fast, End::OneBackend, End::Immediate, End::Postmaster].map(Act::Database);
    let providers = [Fault::LosesReplies, Fault::Slow].map(Act::Provider);
    let harms = [
        (Way::Payment, How::LoseReplies),
        (Way::Inventory, How::LoseReplies),
        (Way::Inventory, How::Flap),
        (Way::Payment, How::Hang),
        (Way::Databases, How::CutAtCommit),
    ];
    let harms = harms.map(|(way, how)| Act::Link(Harm { way, how }));
    let others = [Act::Events, Act::HangUps];
    [kills.to_vec(), ends.to_vec(), providers.to_vec(), harms.to_vec(), others.to_vec()].concat()
}

fn full() -> Vec<Act> {
    let engines = [
        Engine::LogAway,
        Engine::RedisKilled,
        Engine::RedisSlow,
        Engine::RedisFlushed,
        Engine::BrokerKilled,
    ];
    let harms = [
        (Way::Provider, How::LoseReplies),
        (Way::Provider, How::Flap),
        (Way::Payment, How::Flap),
        (Way::Inventory, How::Hang),
        (Way::Databases, How::Flap),
        (Way::Databases, How::Hang),
    ];
    let harms = harms.map(|(way, how)| Act::Link(Harm { way, how }));
    let others = [
        Act::FrozenDatabase,
        Act::Idle,
        Act::Return,
        Act::Frozen("orders"),
        Act::Frozen("payment"),
        Act::Lossy,
        Act::Full,
        Act::Clock,
    ];
    let redeploys = SERVICES.map(Act::Redeploy);
    let engines = engines.map(Act::Engine);
    [harms.to_vec(), engines.to_vec(), others.to_vec(), redeploys.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_plans_the_same_faults_at_the_same_times() {
        assert_eq!(plan(Gate::Short, 7, &[]), plan(Gate::Short, 7, &[]));
        assert_ne!(plan(Gate::Short, 7, &[]), plan(Gate::Short, 8, &[]));
    }

    #[test]
    fn the_short_gate_has_each_of_its_faults() {
        let planned = plan(Gate::Short, 1, &[]);
        for fault in ["F1", "F2a", "F7", "F9", "F12", "F21"] {
            assert!(planned.iter().any(|planned| planned.act.fault() == fault), "{fault}");
        }
    }

    #[test]
    fn the_full_gate_has_every_fault_of_its_design() {
        let planned = plan(Gate::Full, 1, &[]);
        let designed = [
            "F1", "F2a", "F2b", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12",
            "F13", "F17", "F18", "F21",
        ];
        for fault in designed {
            assert!(planned.iter().any(|planned| planned.act.fault() == fault), "{fault}");
        }
    }

    #[test]
    fn the_short_gate_needs_no_ground_of_its_own() {
        let special = |planned: &Planned| planned.act.needs_ground();
        assert!(!plan(Gate::Short, 1, &[]).iter().any(special));
        assert!(plan(Gate::Full, 1, &[]).iter().any(special));
    }

    #[test]
    fn who_names_faults_gets_no_others() {
        let planned = plan(Gate::Full, 1, &["F2a".to_owned()]);
        assert!(!planned.is_empty());
        assert!(planned.iter().all(|planned| planned.act.fault() == "F2a"));
    }
}
