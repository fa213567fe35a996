//! A message by one channel: queued, sending, sent or failed.

/// Where a send stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    Sending,
    Sent,
    Failed,
}

/// What an attempt showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The channel took it.
    Sent,
    /// Somebody was away; another attempt may do.
    Away(&'static str),
    /// No attempt will do.
    Refused(&'static str),
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    pub(crate) cause: &'static str,
    /// How long to wait before the next attempt; jitter comes on top.
    pub(crate) wait_s: i32,
}

const ATTEMPTS_MAX: i32 = 5;
const WAIT_FIRST_S: i32 = 5;
const WAIT_FACTOR: i32 = 4;

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Sending => "SENDING",
            Self::Sent => "SENT",
            Self::Failed => "FAILED",
        }
    }

    /// Whether it stays so, and others are told.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Sent | Self::Failed)
    }
}

impl Outcome {
    /// What follows after attempt number `attempt`, counted from 1: waits of 5, 20, 80 and 320 s.
    pub(crate) fn verdict(self, attempt: i32) -> Verdict {
        match self {
            Self::Sent => Verdict { state: State::Sent, cause: "sent", wait_s: 0 },
            Self::Refused(cause) => Verdict { state: State::Failed, cause, wait_s: 0 },
            Self::Away(cause) if attempt >= ATTEMPTS_MAX => {
                Verdict { state: State::Failed, cause, wait_s: 0 }
            }
            Self::Away(cause) => {
                let power = u32::try_from(attempt - 1).unwrap_or_default();
                let wait_s = WAIT_FIRST_S.saturating_mul(WAIT_FACTOR.saturating_pow(power));
                Verdict { state: State::Queued, cause, wait_s }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_attempts_are_made_with_growing_waits_and_then_none() {
        let waits: Vec<_> = (1..=5).map(|attempt| Outcome::Away("smtp").verdict(attempt)).collect();

        let seconds: Vec<_> = waits.iter().map(|verdict| verdict.wait_s).collect();
        assert_eq!(seconds, [5, 20, 80, 320, 0]);
        assert!(waits[..4].iter().all(|verdict| verdict.state == State::Queued));
        assert_eq!(waits[4].state, State::Failed);
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        assert_eq!(Outcome::Refused("no-contact").verdict(1).state, State::Failed);
    }
}
