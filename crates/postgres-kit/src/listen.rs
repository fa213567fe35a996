//! Wake-ups by NOTIFY, a hint beside a poll that is the truth.

use std::{sync::Arc, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::Db;

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Wakes on NOTIFY and whenever the connection had to be made anew, when notifications may have been
/// missed. Dropped, it stops listening.
#[derive(Debug)]
pub struct Listener {
    woken: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

/// Listens to channels of the database on one connection of its own, outside the pool.
#[must_use]
pub fn listen(db: &Db, channels: impl IntoIterator<Item: Into<String>>) -> Listener {
    let woken = Arc::new(Notify::new());
    let options = PgConnectOptions::clone(&db.pool().connect_options());
    let channels = channels.into_iter().map(Into::into).collect();
    let work = keep_listening(options, channels, Arc::clone(&woken));
    #[expect(clippy::disallowed_methods, reason = "it only listens; dropping the handle ends it")]
    let task = tokio::spawn(work);
    Listener { woken, _task: AbortOnDropHandle::new(task) }
}

impl Listener {
    /// Waits for the next wake-up. One that came while nobody waited is not lost; many are one.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Waits for the next wake-up or until it is time to look anyway; which of them, is not said.
    /// May be dropped at any time.
    #[expect(clippy::disallowed_methods, reason = "drops a wait, no work")]
    pub async fn woken_within(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.woken()).await;
    }

    /// Wakes the one who waits from within the process.
    #[must_use]
    pub fn handle(&self) -> Arc<Notify> {
        Arc::clone(&self.woken)
    }
}

async fn keep_listening(options: PgConnectOptions, channels: Vec<String>, woken: Arc<Notify>) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(options);
    let mut pause = PAUSE_MIN;
    loop {
        let ended = listen_until_lost(&pool, &channels, &woken, &mut pause).await;
        tracing::debug!(db.channels = ?channels, error = %ended, "listening again");
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

async fn listen_until_lost(
    pool: &PgPool,
    channels: &[String],
    woken: &Notify,
    pause: &mut Duration,
) -> sqlx::Error {
    let mut listener = match PgListener::connect_with(pool).await {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    if let Err(error) = listener.listen_all(channels.iter().map(String::as_str)).await {
        return error;
    }
    *pause = PAUSE_MIN;
    loop {
        woken.notify_one();
        // `Ok(None)`: lost and found again.
        if let Err(error) = listener.try_recv().await {
            return error;
        }
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use super::*;

    async fn woken_soon(listener: &Listener) -> bool {
        #[expect(clippy::disallowed_methods, reason = "drops a wait, no work")]
        tokio::time::timeout(Duration::from_secs(5), listener.woken()).await.is_ok()
    }

    #[sqlx::test]
    async fn a_notification_wakes_and_so_does_a_connection_made_anew(pool: PgPool) {
        let listener = listen(&Db::from_pool(pool.clone()), ["bell", "knocker"]);
        assert!(woken_soon(&listener).await, "the first connection");

        sqlx::query("NOTIFY bell").execute(&pool).await.unwrap();
        assert!(woken_soon(&listener).await, "a notification");

        let cut = "SELECT pg_terminate_backend(pid, 2000)
                     FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        assert_eq!(sqlx::query(cut).execute(&pool).await.unwrap().rows_affected(), 1);
        assert!(woken_soon(&listener).await, "the second connection");

        sqlx::query("NOTIFY knocker").execute(&pool).await.unwrap();
        assert!(woken_soon(&listener).await, "a notification on it");
    }

    #[sqlx::test]
    async fn it_takes_no_slot_of_the_pool(pool: PgPool) {
        let listener = listen(&Db::from_pool(pool.clone()), ["bell"]);
        assert!(woken_soon(&listener).await);
        assert_eq!(pool.size() as usize, pool.num_idle());
    }
}
