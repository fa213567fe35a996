//! Transactions that `PostgreSQL` asks to run again.

use std::time::Duration;

use common::types::Fault;

use crate::StoreError;

const ATTEMPTS_MAX: u32 = 3;
const PAUSE_MS: u64 = 50;

/// Repeats `work` while `PostgreSQL` asks for it (deadlock, serialization failure): three attempts at
/// most, with a random pause between them. `work` is one whole transaction.
///
/// # Errors
/// Whatever the last attempt said.
pub async fn repeat<T, E: Fault, F>(work: impl Fn() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut attempt = 1;
    loop {
        match work().await {
            Err(error) if attempt < ATTEMPTS_MAX && wants_repeat(&error) => {
                tokio::time::sleep(pause(attempt)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

fn pause(attempt: u32) -> Duration {
    Duration::from_millis(rand::random_range(0..=PAUSE_MS << attempt))
}

/// Looks at the code and down the chain: a use case may answer with the store's code or hide it.
fn wants_repeat<E: Fault>(error: &E) -> bool {
    let chain = std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| {
        error.source()
    });
    error.code() == StoreError::REPEAT
        || chain
            .filter_map(|error| error.downcast_ref::<StoreError>())
            .any(|error| error.code() == StoreError::REPEAT)
}

#[cfg(test)]
mod live {
    use std::sync::{Arc, atomic::AtomicU32, atomic::Ordering};

    use common::types::{Class, Fault};
    use sqlx::PgPool;
    use tokio::sync::Barrier;

    use crate::{Db, StoreError, repeat};

    #[derive(Debug, thiserror::Error)]
    #[error("the notes could not be swapped")]
    struct SwapError(#[from] StoreError);

    impl Fault for SwapError {
        fn class(&self) -> Class {
            self.0.class()
        }

        fn code(&self) -> &'static str {
            "swap-failed"
        }
    }

    async fn swap(
        db: &Db,
        first: i32,
        second: i32,
        meet: Option<&Barrier>,
    ) -> Result<(), SwapError> {
        let mut tx = db.begin().await?;
        for id in [first, second] {
            let update = sqlx::query("UPDATE note SET n = n + 1 WHERE id = $1").bind(id);
            update.execute(&mut *tx).await.map_err(StoreError::from)?;
            if let Some(meet) = meet.filter(|_| id == first) {
                meet.wait().await;
            }
        }
        Ok(tx.commit().await?)
    }

    #[sqlx::test]
    async fn two_transactions_that_lock_each_other_out_both_succeed(pool: PgPool) {
        sqlx::raw_sql("CREATE TABLE note (id int, n int); INSERT INTO note VALUES (1, 0), (2, 0)")
            .execute(&pool)
            .await
            .unwrap();
        let db = Db::from_pool(pool.clone());
        let (meet, attempts) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
        let (db, attempts, meet) = (&db, &attempts, &meet);
        let one = |first, second| {
            repeat(move || {
                let meet = (attempts.fetch_add(1, Ordering::Relaxed) < 2).then_some(&**meet);
                swap(db, first, second, meet)
            })
        };

        let (a, b) = futures::future::join(one(1, 2), one(2, 1)).await;

        a.unwrap();
        b.unwrap();
        assert_eq!(attempts.load(Ordering::Relaxed), 3);
        let sum: i64 =
            sqlx::query_scalar("SELECT sum(n) FROM note").fetch_one(&pool).await.unwrap();
        assert_eq!(sum, 4);
    }
}
