//! Histories that go on without being looked up first: the claim of the event that is heard says what was
//! applied before, and passes over those before it that nobody hears.

use std::collections::{BTreeMap, HashMap};

use super::{Courier, attempt::Job, lane::LaneKey};
use crate::Envelope;

/// Where more histories come at once, one statement looks them all up, which costs each of them little.
const FEW: usize = 16;

/// Whether the listeners of types claim what they hear, as seen so far: one that does not may be called only
/// with what was looked up.
#[derive(Debug, Default)]
pub(super) struct Claims(HashMap<String, bool>);

impl Claims {
    /// Notes what a listener did that was content. One that once did not claim is not trusted again.
    pub(super) fn note(&mut self, kind: &str, claimed: bool) {
        match self.0.get_mut(kind) {
            Some(always) => *always &= claimed,
            None => {
                self.0.insert(kind.to_owned(), claimed);
            }
        }
    }

    fn always(&self, kind: &str) -> bool {
        self.0.get(kind).copied().unwrap_or(false)
    }
}

/// Takes those histories out that need not be looked up, folded.
pub(super) fn take_claimed(
    courier: &Courier,
    histories: &mut BTreeMap<LaneKey, Vec<Job>>,
) -> Vec<(LaneKey, Vec<Job>)> {
    if !courier.ordered || histories.len() > FEW {
        return Vec::new();
    }
    let claims = courier.claims();
    let claimed = histories.extract_if(.., |_, jobs| {
        jobs.iter().all(|job| {
            let envelope = job.envelope.as_ref();
            envelope.is_ok_and(|it| !courier.listeners.hears(&it.kind) || claims.always(&it.kind))
        })
    });
    claimed.map(|(key, jobs)| (key, fold(jobs, |it| courier.listeners.hears(&it.kind)))).collect()
}

/// Puts the run that nobody hears before the first event that is heard, where it leads right up to it.
fn fold(mut jobs: Vec<Job>, is_heard: impl Fn(&Envelope) -> bool) -> Vec<Job> {
    jobs.sort_by_key(|job| (job.seq(), job.place.offset));
    let first = jobs.iter().position(|job| job.envelope.as_deref().is_ok_and(&is_heard));
    let Some(first) = first.filter(|&first| leads_up(jobs.iter().take(first + 1))) else {
        return jobs;
    };
    let mut rest = jobs.split_off(first);
    if let Some(heard) = rest.first_mut() {
        heard.before = jobs;
    }
    rest
}

/// Whether each event follows the one before it, in one epoch.
fn leads_up<'a>(jobs: impl Iterator<Item = &'a Job>) -> bool {
    let envelopes: Vec<&Envelope> = jobs.filter_map(|job| job.envelope.as_deref().ok()).collect();
    let mut pairs = envelopes.iter().zip(envelopes.iter().skip(1));
    pairs.all(|(one, next)| next.seq == one.seq + 1 && next.epoch == one.epoch)
}

#[cfg(test)]
mod tests {
    use common::types::{Clock, SystemClock};
    use uuid::Uuid;

    use super::*;
    use crate::{Delivery, Record};

    fn job(seq: i64, epoch: i64, kind: &str) -> Job {
        let envelope = Envelope {
            id: Uuid::from_u128(seq.unsigned_abs().into()),
            kind: kind.to_owned(),
            source: "bakery".to_owned(),
            region: "eu-west-1".to_owned(),
            key: "loaf".to_owned(),
            seq,
            epoch,
            at: SystemClock.now(),
            order: None,
            cause: None,
            cell: None,
            trace: None,
        };
        let (topic, key) = ("cloudeats.bakery".to_owned(), "loaf".to_owned());
        let (id, headers) = (envelope.id, envelope.to_headers());
        let record = Record { topic, part: 3, id, key, headers, body: Vec::new() };
        Job::read(Delivery { record, offset: seq + 10, lease: 1 })
    }

    /// The history folded: of each event its number, and those of the ones before it.
    fn folded(jobs: Vec<Job>) -> Vec<(i64, Vec<i64>)> {
        let jobs = fold(jobs, |it| it.kind == "heard");
        jobs.iter().map(|job| (job.seq(), job.before.iter().map(Job::seq).collect())).collect()
    }

    #[test]
    fn what_nobody_hears_goes_with_the_first_that_is_heard() {
        let jobs =
            vec![job(6, 0, "heard"), job(5, 0, "other"), job(4, 0, "other"), job(7, 0, "other")];
        assert_eq!(folded(jobs), [(6, vec![4, 5]), (7, vec![])]);

        assert_eq!(
            folded(vec![job(2, 0, "heard"), job(3, 0, "heard")]),
            [(2, vec![]), (3, vec![])]
        );
    }

    #[test]
    fn over_a_gap_or_into_a_new_epoch_nothing_is_folded() {
        let gap = vec![job(1, 0, "other"), job(3, 0, "heard")];
        assert_eq!(folded(gap), [(1, vec![]), (3, vec![])]);

        let epochs = vec![job(1, 0, "other"), job(2, 1, "heard")];
        assert_eq!(folded(epochs), [(1, vec![]), (2, vec![])]);

        let twice = vec![job(1, 0, "other"), job(1, 0, "other"), job(2, 0, "heard")];
        assert_eq!(folded(twice), [(1, vec![]), (1, vec![]), (2, vec![])]);
    }

    #[test]
    fn a_listener_that_once_did_not_claim_is_not_trusted_again() {
        let mut claims = Claims::default();
        assert!(!claims.always("baked"));

        claims.note("baked", true);
        assert!(claims.always("baked"));
        claims.note("baked", false);
        claims.note("baked", true);
        assert!(!claims.always("baked"));
    }
}
