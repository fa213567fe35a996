//! The time of the database, for whatever is judged by it.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use common::types::{Clock, Timestamp};
use jiff_sqlx::Timestamp as Told;
use tokio_util::sync::CancellationToken;

use crate::Db;

/// How often the database is asked.
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// What is written with a time of ours and judged by the database's may be wrong by so much.
const TOLERATED: Duration = Duration::from_millis(50);
/// An answer that was so long on its way says little.
const TRUSTED: Duration = Duration::from_secs(1);

/// A clock that goes as the database's does. The machine's own may stand wrong, or jump: its time is used only
/// until the database has told the time, and from then on its monotonic clock counts. A difference that the way
/// of the question explains moves nothing, so that time does not go back and forth.
pub struct DatabaseClock {
    own: Arc<dyn Clock>,
    told: RwLock<Option<(Timestamp, Instant)>>,
}

/// A clock that shows the time of `own` until [`DatabaseClock::follow`] has heard the database's.
#[must_use]
pub fn clock(own: Arc<dyn Clock>) -> Arc<DatabaseClock> {
    Arc::new(DatabaseClock { own, told: RwLock::default() })
}

impl DatabaseClock {
    /// Keeps the clock to the time of `db`. While that is away, the clock goes on by itself.
    pub fn follow(
        self: &Arc<Self>,
        db: Db,
    ) -> impl FnOnce(CancellationToken) -> futures::future::BoxFuture<'static, anyhow::Result<()>> + use<>
    {
        let clock = Arc::clone(self);
        move |stop| {
            Box::pin(async move {
                while !stop.is_cancelled() {
                    if let Err(error) = clock.ask(&db).await {
                        tracing::debug!(%error, "the database does not tell the time");
                    }
                    let rest = if clock.is_told() { ASKED_EVERY } else { TOLERATED };
                    let _stopped = stop.run_until_cancelled(tokio::time::sleep(rest)).await;
                }
                Ok(())
            })
        }
    }

    async fn ask(&self, db: &Db) -> Result<(), sqlx::Error> {
        // The wait for a connection is no part of the way.
        let mut connection = db.pool().acquire().await?;
        let asked = Instant::now();
        let told: Told =
            sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *connection).await?;
        let took = asked.elapsed();
        if took > TRUSTED {
            return Ok(());
        }
        // It was told somewhere on the way: half of it is the best guess.
        self.hear(told.to_jiff() + took / 2, took);
        Ok(())
    }

    /// `told` is the database's time now, give or take half of `took`.
    fn hear(&self, told: Timestamp, took: Duration) {
        let apart = self.now().duration_since(told).unsigned_abs();
        if self.is_told() && apart <= TOLERATED + took {
            return;
        }
        *self.told.write().unwrap_or_else(PoisonError::into_inner) = Some((told, Instant::now()));
        if apart > TOLERATED + took {
            let apart_ms = u64::try_from(apart.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(apart_ms, "the clock was set by the database's");
        }
    }

    fn is_told(&self) -> bool {
        self.told.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        match *self.told.read().unwrap_or_else(PoisonError::into_inner) {
            Some((told, at)) => {
                let now = told.saturating_add(at.elapsed()).unwrap_or(told);
                Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
            }
            None => self.own.now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Wrong;

    impl Clock for Wrong {
        fn now(&self) -> Timestamp {
            "2001-09-09T01:46:40Z".parse().unwrap()
        }
    }

    fn noon() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn until_the_database_is_heard_the_machines_own_time_is_shown() {
        assert_eq!(clock(Arc::new(Wrong)).now(), Wrong.now());
    }

    #[test]
    fn what_the_way_of_the_question_explains_moves_nothing() {
        let clock = clock(Arc::new(Wrong));
        clock.hear(noon(), Duration::ZERO);
        let before = clock.told.read().unwrap().unwrap();

        clock.hear(clock.now() - Duration::from_mins(2), Duration::from_mins(5));
        assert_eq!(clock.told.read().unwrap().unwrap(), before);

        clock.hear(noon() - Duration::from_hours(1), Duration::from_millis(1));
        assert!(clock.now() < noon());
    }
}

#[cfg(test)]
mod live {
    use common::types::SystemClock;
    use sqlx::PgPool;

    use super::*;

    #[sqlx::test]
    async fn the_databases_time_is_followed_while_the_machines_own_is_wrong(pool: PgPool) {
        struct Behind;
        impl Clock for Behind {
            fn now(&self) -> Timestamp {
                SystemClock.now() - Duration::from_hours(1)
            }
        }
        let clock = clock(Arc::new(Behind));
        let db = Db::from_pool(pool);

        clock.ask(&db).await.unwrap();

        // Of the hour, at least the half is gone however slow the machine is.
        let apart = SystemClock.now().duration_since(clock.now()).unsigned_abs();
        assert!(apart < Duration::from_mins(30), "{apart:?}");
    }
}
