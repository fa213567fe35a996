//! Work that goes on after its answer: no more of it is begun than can be brought to its end in time.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{extract::FromRequestParts, http::request::Parts};
use common::types::Class;
use tokio::time::Instant;

use super::{limit::Limit, plan::Rank};
use crate::{
    Problem, context,
    metrics::{SERIES, Shed},
};

/// How much work may be begun that goes on after its answer.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct IntakeConfig {
    /// So much new work may always be under way; above, as much as is done in time
    #[arg(long, env = "CE_INTAKE_MIN", default_value_t = 16)]
    pub intake_min: usize,
    /// Most new work that may be under way, however quickly it is done
    #[arg(long, env = "CE_INTAKE_MAX", default_value_t = 256)]
    pub intake_max: usize,
    /// Most work that may be undecided: under way, or waiting for an answer that stays away
    #[arg(long, env = "CE_UNDECIDED_MAX", default_value_t = 512)]
    pub undecided_max: usize,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self { intake_min: 16, intake_max: 256, undecided_max: 512 }
    }
}

/// The door for new work. What finds it shut is refused at once: nothing is read, begun, or waited for.
///
/// A handler takes it as an extractor and begins when all has been read, so that whoever sends slowly keeps
/// no place from others. Where the [`Plan`](super::Plan) names none for a route, it is always open.
#[derive(Debug, Clone, Default)]
pub struct Intake(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    undecided_max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: Limit,
    under_way: usize,
    undecided: usize,
}

/// New work that was let in, from its request to its decision. Dropped, it is over, and nothing is learned
/// of it.
#[derive(Debug, Default)]
pub struct Undertaking(Option<Held>);

#[derive(Debug)]
struct Held {
    intake: Arc<Inner>,
    since: Instant,
    under_way: Mutex<bool>,
}

/// Why work is no longer under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Decided,
    Rests,
    /// It was refused, say, or it had been done before.
    Dropped,
}

impl Intake {
    /// Lets in as much as is decided well within `in_time`.
    #[must_use]
    pub fn new(config: IntakeConfig, in_time: Duration) -> Self {
        let IntakeConfig { intake_min, intake_max, undecided_max } = config;
        let limit = Limit::new(intake_min, intake_max, in_time / 2);
        SERIES.intake_limit(limit.now());
        for why in [Shed::Limit, Shed::Undecided] {
            SERIES.may_shed(Rank::Deed, why);
        }
        let state = Mutex::new(State { limit, under_way: 0, undecided: 0 });
        Self(Some(Arc::new(Inner { undecided_max: undecided_max.max(1), state })))
    }

    /// Begins something.
    ///
    /// # Errors
    /// 503 `overloaded`: it would not be decided in time.
    pub fn begin(&self) -> Result<Undertaking, Problem> {
        let Some(intake) = &self.0 else { return Ok(Undertaking::default()) };
        intake.begin().map(|held| Undertaking(Some(held))).map_err(|why| {
            SERIES.shed(context::rank(), why);
            Problem::new(Class::Unavailable, "overloaded")
        })
    }

    /// Why nothing can be begun now, if so.
    pub(super) fn shut(&self) -> Option<Shed> {
        let intake = self.0.as_ref()?;
        intake.shut(&intake.state())
    }
}

impl Inner {
    fn begin(self: &Arc<Self>) -> Result<Held, Shed> {
        let mut state = self.state();
        if let Some(why) = self.shut(&state) {
            return Err(why);
        }
        state.under_way += 1;
        state.undecided += 1;
        drop(state);
        SERIES.under_way(1);
        SERIES.undecided(1);
        Ok(Held { intake: Arc::clone(self), since: Instant::now(), under_way: Mutex::new(true) })
    }

    fn shut(&self, state: &State) -> Option<Shed> {
        if state.under_way >= state.limit.now() {
            return Some(Shed::Limit);
        }
        (state.undecided >= self.undecided_max).then_some(Shed::Undecided)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Undertaking {
    /// It was decided; how long that took is learned from.
    pub fn decided(self) {
        if let Some(held) = &self.0 {
            held.stop(End::Decided);
        }
    }

    /// It waits for an answer that stays away: it gives its place to others, and is still not decided.
    pub fn rests(&self) {
        if let Some(held) = &self.0 {
            held.stop(End::Rests);
        }
    }
}

impl Held {
    /// Gives the place back, once, and learns from how long it was taken.
    fn stop(&self, end: End) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *under_way, false) {
            return;
        }
        let mut state = self.intake.state();
        let (at_once, before) = (state.under_way, state.limit.now());
        state.under_way = state.under_way.saturating_sub(1);
        if end != End::Dropped {
            let took = (end == End::Decided).then(|| self.since.elapsed());
            state.limit.learn(Instant::now(), took, at_once);
        }
        let limit = state.limit.now();
        drop(state);
        SERIES.under_way(-1);
        if limit != before {
            SERIES.intake_limit(limit);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stop(End::Dropped);
        let mut state = self.intake.state();
        state.undecided = state.undecided.saturating_sub(1);
        drop(state);
        SERIES.undecided(-1);
    }
}

/// The door that the request came by.
impl<S: Sync> FromRequestParts<S> for Intake {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.remove().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(intake_min: usize, intake_max: usize, undecided_max: usize) -> Intake {
        let config = IntakeConfig { intake_min, intake_max, undecided_max };
        Intake::new(config, Duration::from_millis(800))
    }

    fn fill(intake: &Intake) -> Vec<Undertaking> {
        std::iter::from_fn(|| intake.begin().ok()).collect()
    }

    #[test]
    fn a_place_is_free_again_whatever_became_of_the_work() {
        let intake = intake(2, 2, 9);
        let mut all = fill(&intake);
        assert_eq!((all.len(), intake.shut()), (2, Some(Shed::Limit)));

        all.pop().unwrap().decided();
        all.pop();

        assert_eq!(fill(&intake).len(), 2);
    }

    #[test]
    fn what_waits_for_an_answer_makes_room_until_too_much_waits() {
        let intake = intake(2, 2, 5);
        let mut resting = Vec::new();
        while let Ok(undertaking) = intake.begin() {
            undertaking.rests();
            undertaking.rests();
            resting.push(undertaking);
        }
        assert_eq!((resting.len(), intake.shut()), (5, Some(Shed::Undecided)));
        assert_eq!(intake.begin().unwrap_err().code(), "overloaded");

        resting.pop().unwrap().decided();

        assert!(intake.begin().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_decided_late_lowers_the_limit_and_never_below_its_least() {
        let intake = intake(4, 64, 99);
        assert_eq!(fill(&intake).len(), 8);
        for _ in 0..60 {
            let all = fill(&intake);
            tokio::time::advance(Duration::from_secs(2)).await;
            all.into_iter().for_each(Undertaking::decided);
        }

        assert_eq!(fill(&intake).len(), 4);
    }
}
