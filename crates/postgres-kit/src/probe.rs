//! Readiness.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;

use crate::Db;

/// How long one answer speaks for the database.
const GRACE: Duration = Duration::from_secs(15);
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
            match sqlx::query("SELECT 1").execute(db.pool()).await {
                Ok(_) => {
                    *answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                    Ok(())
                }
                Err(_) if within(&answered, GRACE) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
    }
}

fn within(answered: &Mutex<Option<Instant>>, span: Duration) -> bool {
    let answered = *answered.lock().unwrap_or_else(PoisonError::into_inner);
    answered.is_some_and(|at| at.elapsed() < span)
}
