//! What became of requests, second by second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use common::types::{Clock, SystemClock};
use tokio::time::Instant;

use crate::client::{Failure, Reply};
use crate::figures::{number, per, three_digits};

const STATUS_BUSY: u16 = 503;

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Done or taken on.
    Accepted,
    /// Turned away before anything was begun, and told when to come again.
    Refused,
    /// Anything else; what happened may be unknown.
    Failed,
}

/// Requests by the second for which they were meant.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) began: Instant,
    /// The same moment by the clock on the wall, in seconds since 1970.
    pub(super) began_s: f64,
    seconds: Mutex<Vec<Second>>,
}

/// One second; waits count from when a request was meant to be sent, in µs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Second {
    pub(super) accepted_us: Vec<u32>,
    pub(super) refused_us: Vec<u32>,
    pub(super) failed: u64,
    /// The most that a request was sent later than it was meant to be.
    pub(super) late_us: u32,
}

impl Fate {
    pub(super) fn of(answer: &Result<Reply, Failure>) -> Self {
        match answer {
            Ok(reply) if (200..300).contains(&reply.status) => Self::Accepted,
            Ok(Reply {
                status: STATUS_BUSY, begun_nothing: true, again_after: Some(_), ..
            }) => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl Timeline {
    #[expect(clippy::cast_precision_loss, reason = "exact to the microsecond until the year 2255")]
    pub(super) fn begin() -> Self {
        let began_s = SystemClock.now().as_microsecond() as f64 / 1e6;
        Self { began: Instant::now(), began_s, seconds: Mutex::default() }
    }

    /// Notes a request that was answered now.
    pub(super) fn note(&self, meant: Instant, sent: Instant, fate: Fate) {
        let at = usize::try_from(meant.saturating_duration_since(self.began).as_secs());
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let at = at.unwrap_or(usize::MAX - 1);
        if seconds.len() <= at {
            seconds.resize(at + 1, Second::default());
        }
        let Some(second) = seconds.get_mut(at) else { return };
        second.late_us = second.late_us.max(us(sent.saturating_duration_since(meant)));
        let took_us = us(meant.elapsed());
        match fate {
            Fate::Accepted => second.accepted_us.push(took_us),
            Fate::Refused => second.refused_us.push(took_us),
            Fate::Failed => second.failed += 1,
        }
    }

    /// The first seconds; empty ones where nothing was sent.
    pub(super) fn first(&self, count: u64) -> Vec<Second> {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        seconds.resize(usize::try_from(count).unwrap_or(0), Second::default());
        seconds
    }
}

impl Second {
    /// Waits for an accepted request that the share `quantile` did not exceed; nothing without any.
    pub(super) fn wait_ms(&self, quantile: f64) -> Option<f64> {
        wait_ms(self.accepted_us.clone(), quantile)
    }

    /// Whether nearly all that was sent was accepted, and in time.
    fn is_normal(&self, p99_max_ms: f64) -> bool {
        let others = self.refused_us.len() as u64 + self.failed;
        let all = self.accepted_us.len() as u64 + others;
        per(number(others), all) <= NOT_ACCEPTED_MAX
            && self.wait_ms(0.99).is_some_and(|p99_ms| p99_ms <= p99_max_ms)
    }
}

/// More that is not accepted, and a second is not normal.
const NOT_ACCEPTED_MAX: f64 = 0.01;
/// So many normal seconds in a row are an end of the trouble.
const IN_A_ROW: usize = 3;

/// How many seconds pass until all is normal; nothing where that is never.
pub(super) fn seconds_until_normal(seconds: &[Second], p99_max_ms: f64) -> Option<usize> {
    let normal: Vec<bool> = seconds.iter().map(|second| second.is_normal(p99_max_ms)).collect();
    normal.windows(IN_A_ROW).position(|some| some.iter().all(|normal| *normal))
}

/// The wait for what was accepted in all of these seconds.
pub(super) fn accepted_wait_ms(seconds: &[Second], quantile: f64) -> Option<f64> {
    wait_ms(seconds.iter().flat_map(|it| it.accepted_us.iter().copied()).collect(), quantile)
}

/// The wait for a refusal in all of these seconds.
pub(super) fn refused_wait_ms(seconds: &[Second], quantile: f64) -> Option<f64> {
    wait_ms(seconds.iter().flat_map(|it| it.refused_us.iter().copied()).collect(), quantile)
}

pub(super) fn accepted(seconds: &[Second]) -> u64 {
    seconds.iter().map(|second| second.accepted_us.len() as u64).sum()
}

pub(super) fn refused(seconds: &[Second]) -> u64 {
    seconds.iter().map(|second| second.refused_us.len() as u64).sum()
}

pub(super) fn failed(seconds: &[Second]) -> u64 {
    seconds.iter().map(|second| second.failed).sum()
}

/// The most that a request was sent late, in ms.
pub(super) fn late_ms(seconds: &[Second]) -> f64 {
    let late_us = seconds.iter().map(|second| second.late_us).max();
    three_digits(f64::from(late_us.unwrap_or(0)) / 1e3)
}

/// By the nearest rank.
fn wait_ms(mut waits_us: Vec<u32>, quantile: f64) -> Option<f64> {
    waits_us.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
    let rank = (number(waits_us.len() as u64) * quantile).ceil() as usize;
    let reached = waits_us.get(rank.saturating_sub(1))?;
    Some(three_digits(f64::from(*reached) / 1e3))
}

fn us(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A second in which so many were accepted after so many ms each, and so many refused at once.
    pub(in crate::axis::overload) fn second(accepted: usize, ms: u32, refused: usize) -> Second {
        let (accepted_us, refused_us) = (vec![ms * 1_000; accepted], vec![500; refused]);
        Second { accepted_us, refused_us, ..Second::default() }
    }

    fn reply(status: u16, begun_nothing: bool, again_after: Option<Duration>) -> Fate {
        Fate::of(&Ok(Reply {
            status,
            begun_nothing,
            again_after,
            session: None,
            body: bytes::Bytes::new(),
        }))
    }

    #[test]
    fn only_what_was_not_begun_and_may_come_again_is_refused() {
        let later = Some(Duration::from_secs(2));

        assert_eq!(reply(201, false, None), Fate::Accepted);
        assert_eq!(reply(503, true, later), Fate::Refused);
        assert_eq!(reply(503, false, later), Fate::Failed);
        assert_eq!(reply(503, true, None), Fate::Failed);
        assert_eq!(reply(409, false, None), Fate::Failed);
        assert_eq!(Fate::of(&Err(Failure("no answer".to_owned()))), Fate::Failed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_counts_in_the_second_for_which_it_was_meant() {
        let timeline = Timeline::begin();
        let meant = timeline.began + Duration::from_millis(1_200);
        tokio::time::sleep(Duration::from_millis(3_200)).await;
        let sent = meant + Duration::from_millis(300);

        timeline.note(meant, sent, Fate::Accepted);
        timeline.note(meant, sent, Fate::Failed);

        let seconds = timeline.first(4);
        assert_eq!(seconds.len(), 4);
        assert_eq!((seconds[1].wait_ms(0.99), seconds[1].failed), (Some(2_000.0), 1));
        assert!((late_ms(&seconds) - 300.0).abs() < 1e-9);
        assert_eq!((accepted(&seconds), refused(&seconds), failed(&seconds)), (1, 0, 1));
        assert_eq!(seconds[0].wait_ms(0.99), None);
    }

    #[test]
    fn all_is_normal_after_three_seconds_in_a_row_that_are() {
        let (good, slow, busy) = (second(100, 20, 1), second(100, 41, 0), second(100, 20, 2));
        let seconds = [&slow, &good, &good, &busy, &good, &good, &good, &slow].map(Clone::clone);

        assert_eq!(seconds_until_normal(&seconds, 40.0), Some(4));
        assert_eq!(seconds_until_normal(&seconds[..6], 40.0), None);
        assert_eq!(seconds_until_normal(&vec![Second::default(); 9], 40.0), None);
        assert_eq!(seconds_until_normal(&vec![good; 3], 40.0), Some(0));
    }

    #[test]
    fn waits_are_of_the_nearest_rank() {
        let waits = || (1..=200).map(|ms| ms * 1_000).collect::<Vec<u32>>();

        assert_eq!(wait_ms(waits(), 0.5), Some(100.0));
        assert_eq!(wait_ms(waits(), 0.99), Some(198.0));
        assert_eq!(wait_ms(waits(), 1.0), Some(200.0));
        assert_eq!(wait_ms(Vec::new(), 0.5), None);
    }
}
