//! Readiness.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;

use crate::Db;

/// How long one answer speaks for the database.
const GRACE: Duration = Duration::from_secs(15);
/// A process that has just come up waits so long for its first connection: it is ready as soon as it has one,
/// and not when somebody asks next.
const FIRST: Duration = Duration::from_millis(1500);
/// How long nobody asks again.
const FRESH: Duration = Duration::from_secs(1);

/// A condition of readiness: the database answered a read within the last 15 s. Asks at most once a
/// second, however often it is asked.
pub fn probe(
    db: Db,
) -> impl Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync + 'static {
    let answered: Arc<Mutex<Option<Instant>>> = Arc::default();
    move || {
        let (db, answered) = (db.clone(), Arc::clone(&answered));
        Box::pin(async move {
            if within(&answered, FRESH) {
                return Ok(());
            }
            match ask(&db, &answered).await {
                Ok(()) => {
                    *answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                    Ok(())
                }
                Err(_) if within(&answered, GRACE) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
    }
}

async fn ask(db: &Db, answered: &Mutex<Option<Instant>>) -> Result<(), sqlx::Error> {
    let first = answered.lock().unwrap_or_else(PoisonError::into_inner).is_none();
    let began = Instant::now();
    loop {
        match sqlx::query("SELECT 1").execute(db.pool()).await {
            Err(sqlx::Error::PoolTimedOut) if first && began.elapsed() < FIRST => {}
            outcome => return outcome.map(drop),
        }
    }
}

fn within(answered: &Mutex<Option<Instant>>, span: Duration) -> bool {
    let answered = *answered.lock().unwrap_or_else(PoisonError::into_inner);
    answered.is_some_and(|at| at.elapsed() < span)
}
