//! What a result may be another for tomorrow.

use crate::figures::{least, median, most, three_digits};

/// More of the processors for somebody else, and the result is noisy.
const FOREIGN_SHARE_MAX: f64 = 0.1;
/// More for the client, and it is the client that was measured.
const CLIENT_SHARE_MAX: f64 = 0.4;
/// Limits further apart, and the machine was not the same throughout.
const DRIFT_MAX: f64 = 0.25;

/// How the machine was while something was measured.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// Whether it was quiet at the start.
    pub(super) quiet: bool,
    pub(super) load_before: f64,
    /// The most that others used of the CPU time.
    pub(super) foreign_share: f64,
    /// The most that the client used.
    pub(super) client_share: f64,
    /// The limits, round by round.
    pub(super) limits: Vec<f64>,
}

impl Surroundings {
    /// What was not as it should be, in words.
    pub(super) fn noise(&self) -> Vec<String> {
        let limits = || self.limits.iter().copied();
        let drift = (most(limits()) - least(limits())) / median(limits());
        let mut noise = Vec::new();
        if !self.quiet {
            noise.push(format!("the machine was not quiet, load {}", self.load_before));
        }
        if self.foreign_share > FOREIGN_SHARE_MAX {
            noise.push(format!("others used up to {} of the CPU time", self.foreign_share));
        }
        if self.client_share > CLIENT_SHARE_MAX {
            noise.push(format!("the client used up to {} of the CPU time", self.client_share));
        }
        if drift > DRIFT_MAX {
            noise.push(format!("the limit moved by {} between rounds", three_digits(drift)));
        }
        noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_noise_is_named() {
        let calm =
            Surroundings { quiet: true, limits: vec![100.0, 110.0], ..Surroundings::default() };
        assert_eq!(calm.noise(), Vec::<String>::new());

        let restless = Surroundings {
            quiet: false,
            foreign_share: 0.2,
            client_share: 0.5,
            limits: vec![100.0, 140.0],
            ..calm
        };
        assert_eq!(restless.noise().len(), 4);
    }
}
