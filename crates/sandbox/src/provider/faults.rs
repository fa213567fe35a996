//! What goes wrong on purpose, by chance and by name.

use std::sync::{Mutex, PoisonError};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Faults that can be set while the provider runs. Probabilities lie between 0 and 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// The work is done and the connection is closed without an answer.
    pub lose_reply: f64,
    /// Every answer of an operation waits this long.
    pub delay_ms: u64,
    /// 503 and nothing was done.
    pub fail_before: f64,
    /// 500 although the work was done.
    pub fail_after: f64,
    /// Methods and references that are declined whatever else they are, refunds included.
    pub decline_list: Vec<String>,
    /// A webhook is sent twice.
    pub dup_webhook: f64,
    /// A webhook waits while later ones overtake it.
    pub reorder_webhook: f64,
    /// Every webhook waits this long.
    pub delay_webhook_ms: u64,
}

/// Seeded dice: one seed, one sequence of throws.
#[derive(Debug)]
pub struct Chance(Mutex<SmallRng>);

impl Faults {
    /// Names the first setting that makes no sense.
    pub fn check(&self) -> Result<(), &'static str> {
        let probabilities = [
            ("lose_reply", self.lose_reply),
            ("fail_before", self.fail_before),
            ("fail_after", self.fail_after),
            ("dup_webhook", self.dup_webhook),
            ("reorder_webhook", self.reorder_webhook),
        ];
        match probabilities.into_iter().find(|(_, p)| !(0.0..=1.0).contains(p)) {
            Some((name, _)) => Err(name),
            None => Ok(()),
        }
    }

    pub(crate) fn declines(&self, method: &str, reference: &str) -> bool {
        self.decline_list.iter().any(|entry| entry == method || entry == reference)
    }
}

impl Chance {
    /// Dice with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(SmallRng::seed_from_u64(seed)))
    }

    /// Throws, unless the outcome is certain.
    #[must_use]
    pub fn happens(&self, probability: f64) -> bool {
        probability > 0.0
            && self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .random_bool(probability.min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_sequence() {
        let throws = |seed| {
            let chance = Chance::new(seed);
            (0..64).map(|_| chance.happens(0.5)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn a_probability_lies_between_0_and_1() {
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(
                Faults { fail_after: wrong, ..Faults::default() }.check(),
                Err("fail_after")
            );
        }
        assert_eq!(Faults { lose_reply: 1.0, ..Faults::default() }.check(), Ok(()));
    }
}
