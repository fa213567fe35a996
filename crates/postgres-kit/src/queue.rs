//! Who may wait for a connection.

use std::{sync::Arc, time::Duration};

use common::telemetry::trace;
use sqlx::{Postgres, pool::PoolOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::StoreError;

/// For each connection that requests may have, so many more may wait: who comes later would wait in vain.
const WAITING_EACH: usize = 8;

/// A queue of requests before the pool, shorter than the pool: what a service does of itself (the saga, the
/// relay, listeners) was begun, and does not stand in it.
#[derive(Debug)]
pub(crate) struct Queue {
    for_requests: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    wait_max: Duration,
}

/// The right to ask the pool; dropped, it is the next one's.
#[derive(Debug)]
pub(crate) struct Turn(Option<OwnedSemaphorePermit>);

impl Queue {
    pub(crate) fn before(pool: &PoolOptions<Postgres>) -> Self {
        let all = usize::try_from(pool.get_max_connections()).unwrap_or(usize::MAX >> 8);
        let for_requests = all - all / 4;
        Self {
            for_requests: Arc::new(Semaphore::new(for_requests)),
            waiting: Arc::new(Semaphore::new(for_requests * WAITING_EACH)),
            wait_max: pool.get_acquire_timeout(),
        }
    }

    /// Waits as long as the pool would.
    #[expect(clippy::disallowed_methods, reason = "cuts off the wait for a turn, no work")]
    pub(crate) async fn turn(&self) -> Result<Turn, StoreError> {
        if trace::request_id().is_none() {
            return Ok(Turn(None));
        }
        let at_once = Arc::clone(&self.for_requests).try_acquire_owned();
        if let Ok(turn) = at_once {
            return Ok(Turn(Some(turn)));
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| StoreError::Crowded)?;
        let turn = Arc::clone(&self.for_requests).acquire_owned();
        let turn = tokio::time::timeout(self.wait_max, turn).await;
        turn.ok().and_then(Result::ok).map(|turn| Turn(Some(turn))).ok_or(StoreError::Crowded)
    }
}

impl Turn {
    pub(crate) const fn of_request(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use common::{
        telemetry::trace::{Doing, TraceParent},
        types::{Class, Fault},
    };
    use futures::future::join_all;
    use sqlx::postgres::PgPoolOptions;

    use super::*;

    fn queue(connections: u32) -> Queue {
        let pool = PgPoolOptions::new().max_connections(connections);
        Queue::before(&pool.acquire_timeout(Duration::from_millis(250)))
    }

    async fn in_a_request<F: Future>(work: F) -> F::Output {
        let doing = Doing { trace: TraceParent::fresh(), request_id: Some("r-1".into()) };
        trace::within(doing, work).await
    }

    #[tokio::test(start_paused = true)]
    async fn requests_leave_a_quarter_of_the_connections_to_what_was_begun() {
        let queue = queue(8);
        let began = tokio::time::Instant::now();
        let turns = in_a_request(join_all((0..6).map(|_| queue.turn()))).await;
        assert!(turns.iter().all(Result::is_ok));

        let fault = in_a_request(queue.turn()).await.unwrap_err();

        assert_eq!((fault.class(), fault.code()), (Class::Unavailable, "overloaded"));
        assert_eq!(began.elapsed(), Duration::from_millis(250));
        assert!(queue.turn().await.is_ok());
        drop(turns);
        assert!(in_a_request(queue.turn()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn where_too_many_wait_nobody_waits_any_more() {
        let queue = queue(1);
        let _held = in_a_request(queue.turn()).await;
        let began = tokio::time::Instant::now();

        let waits = (0..=WAITING_EACH).map(|_| async {
            let outcome = queue.turn().await;
            (outcome.is_err(), began.elapsed())
        });
        let waited = in_a_request(join_all(waits)).await;

        let (last, first) = waited.split_last().unwrap();
        assert_eq!(*last, (true, Duration::ZERO));
        assert!(first.iter().all(|it| *it == (true, Duration::from_millis(250))));
    }
}
